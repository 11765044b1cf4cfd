//! The questions of an organisation: its tree, its control policies and what they are attached to. A part that was
//! interrupted is begun anew, but for the list of accounts.

use super::collection::{Collection, Page};
use super::permissions::{
    ACCOUNTS, CHILDREN, ORGANIZATION, POLICY, RESOURCE_CONTROL, ROOTS, SERVICE_CONTROL, TARGETS,
    UNITS,
};
use super::signed::Service;
use super::trouble::Trouble;
use serde_json::{Value, json};
use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::path::Path;

/// Organisations nest five units deep; more folders than this are not one.
const PARENTS: usize = 20_000;
/// The state of accounts that can be asked.
const ACTIVE: &str = "ACTIVE";

/// Asks everything.
pub(super) async fn organization(
    collection: &mut Collection,
    service: &Service,
) -> Result<(), Trouble> {
    if !collection.has(ORGANIZATION) {
        let answer = service.ask("DescribeOrganization", &json!({})).await;
        collection.whole(ORGANIZATION, answer.map(|answer| vec![answer]))?;
    }
    collection
        .pages(ACCOUNTS, async |token| {
            let mut answer = service.ask("ListAccounts", &with(json!({}), token)).await?;
            let next = token_of(&mut answer);
            Ok(Page { answer, next })
        })
        .await?;
    if !(collection.has(ROOTS) && collection.has(UNITS) && collection.has(CHILDREN)) {
        tree(collection, service).await?;
    }
    if !(collection.has(SERVICE_CONTROL)
        && collection.has(RESOURCE_CONTROL)
        && collection.has(POLICY)
        && collection.has(TARGETS))
    {
        policies(collection, service).await?;
    }
    Ok(())
}

/// Every page of a list, each with the question's own fields beside the answer's.
async fn list(service: &Service, operation: &str, input: &Value) -> Result<Vec<Value>, Trouble> {
    let mut pages = Vec::new();
    let mut token = None;
    loop {
        let mut answer = service
            .ask(operation, &with(input.clone(), token.clone()))
            .await?;
        let next = token_of(&mut answer);
        if let (Value::Object(answer), Value::Object(input)) = (&mut answer, input) {
            answer.extend(input.clone());
        }
        pages.push(answer);
        if next.is_some() && next == token {
            let why =
                format!("organizations:{operation}: the next page is said to be the one just had");
            return Err(Trouble::Failed(why));
        }
        if next.is_none() {
            return Ok(pages);
        }
        token = next;
    }
}

fn with(mut input: Value, token: Option<String>) -> Value {
    if let (Value::Object(fields), Some(token)) = (&mut input, token) {
        fields.insert("NextToken".to_owned(), Value::from(token));
    }
    input
}

/// Where the answer goes on. It says nothing to whoever reads the file.
fn token_of(answer: &mut Value) -> Option<String> {
    match answer.as_object_mut()?.remove("NextToken")? {
        Value::String(token) if !token.is_empty() => Some(token),
        _ => None,
    }
}

/// A field of the elements of a list, in all pages.
fn values(pages: &[Value], list: &str, field: &str) -> Vec<String> {
    let elements = pages
        .iter()
        .filter_map(|page| page.get(list)?.as_array())
        .flatten();
    let values = elements.filter_map(|element| element.get(field)?.as_str());
    values.map(str::to_owned).collect()
}

async fn tree(collection: &mut Collection, service: &Service) -> Result<(), Trouble> {
    let roots = list(service, "ListRoots", &json!({})).await;
    let mut parents: VecDeque<String> = match &roots {
        Ok(pages) => values(pages, "Roots", "Id").into(),
        Err(_) => VecDeque::new(),
    };
    let known = roots.is_ok();
    collection.whole(ROOTS, roots)?;
    let unknown = |part| {
        Err(Trouble::Failed(format!(
            "{part}: which parents there are is not known"
        )))
    };
    let (mut units, mut children) = if known {
        (Ok(Vec::new()), Ok(Vec::new()))
    } else {
        (unknown(UNITS), unknown(CHILDREN))
    };
    let mut seen: BTreeSet<String> = parents.iter().cloned().collect();
    while let Some(parent) = parents.pop_front() {
        collection.say(UNITS, &parent);
        let input = json!({"ParentId": parent});
        if let Ok(all) = &mut units {
            match list(service, "ListOrganizationalUnitsForParent", &input).await {
                Ok(pages) => {
                    for unit in values(&pages, "OrganizationalUnits", "Id") {
                        if seen.len() < PARENTS && seen.insert(unit.clone()) {
                            parents.push_back(unit);
                        }
                    }
                    all.extend(pages);
                }
                Err(trouble) => units = Err(trouble),
            }
        }
        if let Ok(all) = &mut children {
            match list(service, "ListAccountsForParent", &input).await {
                Ok(pages) => all.extend(pages),
                Err(trouble) => children = Err(trouble),
            }
        }
    }
    collection.whole(UNITS, units)?;
    collection.whole(CHILDREN, children)
}

async fn policies(collection: &mut Collection, service: &Service) -> Result<(), Trouble> {
    let mut ids = BTreeSet::new();
    let mut known = true;
    for (part, filter) in [
        (SERVICE_CONTROL, "SERVICE_CONTROL_POLICY"),
        (RESOURCE_CONTROL, "RESOURCE_CONTROL_POLICY"),
    ] {
        let listed = list(service, "ListPolicies", &json!({"Filter": filter})).await;
        match &listed {
            Ok(pages) => ids.extend(values(pages, "Policies", "Id")),
            Err(_) => known = false,
        }
        collection.whole(part, listed)?;
    }
    if ids.is_empty() && !known {
        for part in [POLICY, TARGETS] {
            let why = format!("{part}: which policies there are is not known");
            collection.give_up(part, Trouble::Failed(why))?;
        }
        return Ok(());
    }
    let (mut documents, mut targets) = (Ok(Vec::new()), Ok(Vec::new()));
    for id in ids {
        collection.say(POLICY, &id);
        let input = json!({"PolicyId": id});
        if let Ok(all) = &mut documents {
            match service.ask("DescribePolicy", &input).await {
                Ok(answer) => all.push(answer),
                Err(trouble) => documents = Err(trouble),
            }
        }
        if let Ok(all) = &mut targets {
            match list(service, "ListTargetsForPolicy", &input).await {
                Ok(pages) => all.extend(pages),
                Err(trouble) => targets = Err(trouble),
            }
        }
    }
    collection.whole(POLICY, documents)?;
    collection.whole(TARGETS, targets)
}

/// The active accounts that a list of accounts names, sorted: pages one after the other, or in an array.
pub(super) fn active(path: &Path) -> io::Result<Vec<String>> {
    let (file, _) = crate::source::open::regular(path)?;
    let reader = io::BufReader::new(file);
    let mut accounts = BTreeSet::new();
    for value in serde_json::Deserializer::from_reader(reader).into_iter::<Value>() {
        let pages = match value? {
            Value::Array(pages) => pages,
            page => vec![page],
        };
        for account in pages
            .iter()
            .filter_map(|page| page.get("Accounts")?.as_array())
            .flatten()
        {
            let text = |key: &str| account.get(key).and_then(Value::as_str);
            let state = text("State").or_else(|| text("Status")).unwrap_or(ACTIVE);
            let is_id = |id: &&str| id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit());
            if let Some(id) = text("Id").filter(is_id)
                && state == ACTIVE
            {
                accounts.insert(id.to_owned());
            }
        }
    }
    Ok(accounts.into_iter().collect())
}
