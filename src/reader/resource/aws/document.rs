//! Policy documents in resources: rules, trusts, and documents that data sources compose.

use super::super::super::aws_statement::{crosses, effect, matcher, principal};
use super::super::super::tree::Node;
use super::super::value::{blocks, document, texts_at};
use crate::model::{
    Evidence, IamRule, IdentityId, Matcher, ResourceStatement, Rule, RuleBody, Str, Trust,
    TrustPrincipal,
};
use crate::platform::aws::policy::{self, Selection};
use serde_json::{Map, Value as Json, json};

/// The rules of a document; `None` where files do not tell what it says.
pub(super) fn rules(
    node: &Node,
    evidence: &Evidence,
    trouble: &mut dyn FnMut(String),
) -> Option<Vec<Rule>> {
    let value = document(node)?;
    let (document, problems) = policy::document(&value);
    for (place, message) in problems {
        trouble(format!("{place}: {message}"));
    }
    if !policy::is_of_size(&value) {
        return None;
    }
    let version: Option<Str> = document.version.map(Str::from);
    let rules = document.statements.iter().filter_map(|statement| {
        Some(Rule {
            effect: effect(statement),
            body: RuleBody::Iam(IamRule {
                actions: matcher(&statement.actions),
                resources: matcher(statement.resources.as_ref()?),
                condition: statement.condition.as_deref().map(Str::from),
                version: version.clone(),
            }),
            label: statement.label().into(),
            evidence: evidence.clone(),
        })
    });
    Some(rules.collect())
}

/// Whom a trust policy lets in; `None` where files do not tell.
pub(super) fn trusts(
    target: &IdentityId,
    account: &str,
    node: &Node,
    evidence: &Evidence,
    trouble: &mut dyn FnMut(String),
) -> Option<Vec<Trust>> {
    let value = document(node)?;
    let (document, problems) = policy::document(&value);
    for (place, message) in problems {
        trouble(format!("{place}: {message}"));
    }
    let mut trusts = Vec::new();
    for statement in &document.statements {
        let actions = statement.actions.patterns.iter();
        let actions: Vec<Str> = if statement.actions.negated {
            actions.map(|a| format!("not {a}").into()).collect()
        } else {
            actions.map(|a| a.as_str().into()).collect()
        };
        let condition: Option<Str> = statement.condition.as_deref().map(Str::from);
        let keys = statement.condition_keys.iter();
        let condition_keys: Vec<Str> = keys.map(|k| k.as_str().into()).collect();
        let outsiders = statement.not_principals.iter();
        let outsiders =
            outsiders.map(|p| TrustPrincipal::Other(format!("not {}:{}", p.kind, p.value).into()));
        for principal in statement.principals.iter().map(principal).chain(outsiders) {
            let crosses = match &principal {
                // An account that files do not tell may be this one or another.
                TrustPrincipal::Account(_) | TrustPrincipal::Principal(_)
                    if !crate::platform::aws::arn::is_account(account) =>
                {
                    None
                }
                principal => crosses(principal, account),
            };
            trusts.push(Trust {
                target: target.clone(),
                cross_account: crosses,
                inside_organization: None,
                grade: None,
                principal,
                effect: effect(statement),
                actions: actions.clone(),
                condition: condition.clone(),
                condition_keys: condition_keys.clone(),
                label: statement.label().into(),
                evidence: evidence.clone(),
            });
        }
    }
    Some(trusts)
}

/// The statements of a resource's policy; `None` where files do not tell.
pub(super) fn resource_statements(
    arn: &str,
    account: &str,
    node: &Node,
    evidence: &Evidence,
    trouble: &mut dyn FnMut(String),
) -> Option<Vec<ResourceStatement>> {
    let value = document(node)?;
    let (document, problems) = policy::document(&value);
    for (place, message) in problems {
        trouble(format!("{place}: {message}"));
    }
    let version: Option<Str> = document.version.as_deref().map(Str::from);
    let all: fn(&Selection) -> Matcher = matcher;
    let statements = document.statements.iter().filter_map(|statement| {
        let others = statement.principals.is_empty() && !statement.not_principals.is_empty();
        let principals = if others {
            &statement.not_principals
        } else {
            &statement.principals
        };
        (!principals.is_empty()).then(|| ResourceStatement {
            resource: arn.into(),
            account: Some(account.into()),
            effect: effect(statement),
            principals: principals.iter().map(principal).collect(),
            others,
            actions: all(&statement.actions),
            resources: match &statement.resources {
                Some(resources) => all(resources),
                None => Matcher::In(vec![arn.into()]),
            },
            condition: statement.condition.as_deref().map(Str::from),
            version: version.clone(),
            label: statement.label().into(),
            evidence: evidence.clone(),
        })
    });
    Some(statements.collect())
}

/// The document that a data source `aws_iam_policy_document` composes (provider documentation): the statements of
/// its sources, then its own, then those that override, by `Sid`. `None` where a source is not resolved.
pub(super) fn compose(attributes: &Node) -> Option<String> {
    let mut statements: Vec<Json> = Vec::new();
    for member in ["source_policy_documents", "source_json"] {
        for text in texts_at(attributes, member) {
            statements.extend(statements_of(text)?);
        }
    }
    let put = |statements: &mut Vec<Json>, statement: Json| {
        let sid = statement.get("Sid").and_then(Json::as_str);
        let same = sid.filter(|sid| !sid.is_empty()).and_then(|sid| {
            statements
                .iter_mut()
                .find(|s| s.get("Sid").and_then(Json::as_str) == Some(sid))
        });
        match same {
            Some(known) => *known = statement,
            None => statements.push(statement),
        }
    };
    for block in blocks(attributes, "statement") {
        put(&mut statements, statement(block));
    }
    for member in ["override_policy_documents", "override_json"] {
        for text in texts_at(attributes, member) {
            for statement in statements_of(text)? {
                put(&mut statements, statement);
            }
        }
    }
    let version = attributes.str("version").unwrap_or("2012-10-17");
    Some(json!({ "Version": version, "Statement": statements }).to_string())
}

fn statements_of(text: &str) -> Option<Vec<Json>> {
    let value: Json = serde_json::from_str(text).ok()?;
    match value.get("Statement")? {
        Json::Array(items) => Some(items.clone()),
        one => Some(vec![one.clone()]),
    }
}

fn statement(block: &Node) -> Json {
    let mut map = Map::new();
    if let Some(sid) = block.str("sid").filter(|sid| !sid.is_empty()) {
        map.insert("Sid".to_owned(), sid.into());
    }
    map.insert(
        "Effect".to_owned(),
        block.str("effect").unwrap_or("Allow").into(),
    );
    for (name, member) in [
        ("actions", "Action"),
        ("not_actions", "NotAction"),
        ("resources", "Resource"),
        ("not_resources", "NotResource"),
    ] {
        let texts = texts_at(block, name);
        if !texts.is_empty() {
            let texts = texts.into_iter().map(|text| Json::from(variables(text)));
            map.insert(member.to_owned(), Json::Array(texts.collect()));
        }
    }
    for (name, member) in [
        ("principals", "Principal"),
        ("not_principals", "NotPrincipal"),
    ] {
        let mut kinds: Map<String, Json> = Map::new();
        for principal in blocks(block, name) {
            let kind = principal.str("type").unwrap_or("AWS");
            let list = kinds.entry(kind).or_insert_with(|| Json::Array(Vec::new()));
            if let Json::Array(list) = list {
                let ids = texts_at(principal, "identifiers").into_iter();
                list.extend(ids.map(|id| Json::from(variables(id))));
            }
        }
        if !kinds.is_empty() {
            map.insert(member.to_owned(), Json::Object(kinds));
        }
    }
    let mut conditions: Map<String, Json> = Map::new();
    for condition in blocks(block, "condition") {
        let (Some(test), Some(variable)) = (condition.str("test"), condition.str("variable"))
        else {
            continue;
        };
        let operator = conditions
            .entry(test)
            .or_insert_with(|| Json::Object(Map::new()));
        if let Json::Object(operator) = operator {
            let values = operator
                .entry(variable)
                .or_insert_with(|| Json::Array(Vec::new()));
            if let Json::Array(values) = values {
                let texts = texts_at(condition, "values").into_iter();
                values.extend(texts.map(|text| Json::from(variables(text))));
            }
        }
    }
    if !conditions.is_empty() {
        map.insert("Condition".to_owned(), Json::Object(conditions));
    }
    Json::Object(map)
}

/// The data source writes IAM's own variables as `&{aws:username}`.
fn variables(text: &str) -> String {
    text.replace("&{", "${")
}
