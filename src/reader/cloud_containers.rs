//! What clouds list of what identities live in, with the tags and labels by which they inherit an owner: accounts and
//! units of an AWS organisation (`organizations list-accounts`, `list-organizational-units-for-parent`,
//! `list-tags-for-resource`), CloudFormation stacks (`cloudformation describe-stacks`), Google Cloud projects and
//! folders (`gcloud projects list`, `resource-manager folders list`, asset inventory), Azure subscriptions and
//! resource groups (`az account subscription list`, `az group list`, Resource Graph).

use super::Reader;
use super::aws_json::utf8;
use crate::model::{
    Container, ContainerKind, Document, Facts, Label, LabelSource, Probe, Problem, ProblemKind,
    Set, Str,
};
use serde_json::{Map, Value};

const NAME: &str = "cloud-containers";

/// Answers larger than this list other things.
const LARGEST: usize = 128 << 20;
/// How deep records stand in answers: page, list, record, `resource.data`.
const MAX_DEPTH: usize = 5;
/// Longest value that is kept: longer ones are data.
const MAX_VALUE: usize = 256;

/// Reads lists of accounts, projects, subscriptions and stacks.
pub struct CloudContainers;

impl Reader for CloudContainers {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        let head = utf8(probe.head);
        if !matches!(head.trim_ascii_start().first(), Some(b'{' | b'[')) {
            return false;
        }
        let has = |text: &str| memchr::memmem::find(&head, text.as_bytes()).is_some();
        (has("\"StackId\"") && has("\"StackName\"") && has("\"Stacks\""))
            || ((has("\"Accounts\"") || has("\"OrganizationalUnits\"") || has("\"Account\""))
                && has(":organizations::"))
            || (has("\"Tags\"") && has("\"Key\"") && tagged(probe.origin.file_name()).is_some())
            || (has("\"Tags\"") && has("\"ResourceId\"") && !has("\"ResourceType\""))
            || (has("\"projectId\"") && has("\"lifecycleState\""))
            || has("cloudresourcemanager.googleapis.com/Project")
            || has("cloudresourcemanager.googleapis.com/Folder")
            || (has("\"folders/") && has("\"displayName\""))
            || has("Microsoft.Resources/resourceGroups")
            || has("microsoft.resources/subscriptions")
            || (has("\"subscriptionId\"") && has("\"displayName\""))
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut found = Found {
            document,
            facts: Facts::default(),
        };
        let problem = |kind, line: Option<u32>, message: &str| Problem {
            path: document.origin.path.clone(),
            line,
            column: None,
            kind,
            reader: NAME,
            message: message.into(),
        };
        if document.bytes.len() > LARGEST {
            let message = "larger than any list of accounts or projects; not read";
            return (
                found.facts,
                vec![problem(ProblemKind::Limited, None, message)],
            );
        }
        let bytes = utf8(document.bytes);
        let mut problems = Vec::new();
        // One document, or one record a line.
        let documents = serde_json::Deserializer::from_slice(&bytes).into_iter::<Value>();
        for (at, value) in documents.enumerate() {
            match value {
                Ok(value) => {
                    let pointer = match at {
                        0 => String::new(),
                        at => format!("/{at}"),
                    };
                    found.visit(&value, &pointer, 0);
                }
                Err(error) => {
                    let line = u32::try_from(error.line()).ok();
                    let message = "not JSON; what stands before it was kept";
                    problems.push(problem(ProblemKind::Malformed, line, message));
                    break;
                }
            }
        }
        (found.facts, problems)
    }
}

/// The account or unit that a file's name says was asked for its tags.
fn tagged(name: &str) -> Option<&str> {
    let plain = name.to_ascii_lowercase().replace('_', "-");
    if !plain.contains("list-tags-for-resource") && !plain.contains("tags") {
        return None;
    }
    let account = |word: &&str| is_account(word);
    let mut numbers = name.split(|c: char| !c.is_ascii_alphanumeric());
    numbers.find(account).or_else(|| {
        let mut words = name.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
        // ou-ab12-cdefghij somewhere in the name
        words.find_map(|word| {
            let at = word.find("ou-")?;
            word.get(at..).filter(|id| id.matches('-').count() == 2)
        })
    })
}

struct Found<'d> {
    document: &'d Document<'d>,
    facts: Facts,
}

impl Found<'_> {
    fn visit(&mut self, value: &Value, pointer: &str, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        match value {
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.visit(item, &format!("{pointer}/{at}"), depth + 1);
                }
            }
            Value::Object(record) => {
                if self.record(record, pointer) {
                    return;
                }
                for member in [
                    "Stacks",
                    "Accounts",
                    "Account",
                    "OrganizationalUnits",
                    "OrganizationalUnit",
                    "projects",
                    "folders",
                    "results",
                    "value",
                    "data",
                ] {
                    if let Some(inner @ (Value::Array(_) | Value::Object(_))) = record.get(member) {
                        self.visit(inner, &format!("{pointer}/{member}"), depth + 1);
                    }
                }
            }
            _ => {}
        }
    }

    /// Reads a record; whether it is one.
    fn record(&mut self, record: &Map<String, Value>, pointer: &str) -> bool {
        let text = |name: &str| record.get(name).and_then(Value::as_str);
        if let (Some(id), Some(name)) = (text("StackId"), text("StackName")) {
            self.stack(record, id, name, pointer);
        } else if let Some(id) = text("Id").filter(|id| is_account(id)) {
            let parent = text("ParentId").filter(|id| id.starts_with("ou-"));
            let parent = parent.map(|id| format!("aws:{id}"));
            let kind = ContainerKind::Account;
            let name = text("Name").unwrap_or(id);
            let mut labels = self.labels(record, pointer);
            // The mailbox of the root user: whom to write to for want of anybody else.
            if let Some(address) = text("Email") {
                let pointer = format!("{pointer}/Email");
                labels.insert(self.label(LabelSource::Field, "account-email", address, &pointer));
            }
            self.add(format!("aws:{id}"), kind, name, parent, labels, pointer);
        } else if let Some(id) = text("Id").filter(|id| id.starts_with("ou-")) {
            let parent = text("ParentId").filter(|id| id.starts_with("ou-"));
            let parent = parent.map(|id| format!("aws:{id}"));
            let labels = self.labels(record, pointer);
            let name = text("Name").unwrap_or(id);
            let kind = ContainerKind::Folder;
            self.add(format!("aws:{id}"), kind, name, parent, labels, pointer);
        } else if record.contains_key("Tags") && !record.contains_key("Id") {
            let asked = text("ResourceId").map(str::to_owned);
            let named = tagged(self.document.origin.file_name()).map(str::to_owned);
            let Some(id) = asked.or(named) else {
                return false;
            };
            let kind = match (is_account(&id), id.starts_with("ou-")) {
                (true, _) => ContainerKind::Account,
                (_, true) => ContainerKind::Folder,
                _ => return false,
            };
            let labels = self.labels(record, pointer);
            self.add(format!("aws:{id}"), kind, &id, None, labels, pointer);
        } else if text("projectId").is_some() && record.contains_key("lifecycleState") {
            self.project(record, pointer);
        } else if let Some(kind) = text("assetType") {
            return self.asset(record, kind, pointer);
        } else if let Some(name) = text("name").filter(|name| name.starts_with("folders/")) {
            self.folder(record, name, pointer);
        } else {
            return self.azure(record, pointer);
        }
        true
    }

    fn stack(&mut self, record: &Map<String, Value>, id: &str, name: &str, pointer: &str) {
        // arn:aws:cloudformation:eu-west-1:111122223333:stack/name/guid
        let Some(account) = id.split(':').nth(4).filter(|a| is_account(a)) else {
            return;
        };
        let mut labels = self.labels(record, pointer);
        let parameters = record.get("Parameters").and_then(Value::as_array);
        for (at, parameter) in parameters.into_iter().flatten().enumerate() {
            let text = |name: &str| parameter.get(name).and_then(Value::as_str);
            if let (Some(key), Some(value)) = (text("ParameterKey"), text("ParameterValue"))
                && speaks_of_owners(key)
                && value.len() <= MAX_VALUE
            {
                let pointer = format!("{pointer}/Parameters/{at}");
                labels.insert(self.label(LabelSource::ModuleInput, key, value, &pointer));
            }
        }
        let kind = ContainerKind::Stack;
        let parent = Some(format!("aws:{account}"));
        let id = format!("aws:{account}/stack/{name}");
        self.add(id, kind, name, parent, labels, pointer);
    }

    fn project(&mut self, record: &Map<String, Value>, pointer: &str) {
        let text = |name: &str| record.get(name).and_then(Value::as_str);
        let Some(id) = text("projectId") else { return };
        let above = record.get("parent");
        let parent = above.and_then(|parent| match parent {
            Value::String(name) => folder_id(name),
            _ => {
                let text = |name: &str| parent.get(name).and_then(Value::as_str);
                let folder = text("type") == Some("folder");
                text("id")
                    .filter(|_| folder)
                    .map(|id| format!("gcp:folders/{id}"))
            }
        });
        let name = text("displayName").or_else(|| text("name")).unwrap_or(id);
        let labels = self.labels(record, pointer);
        let kind = ContainerKind::Project;
        self.add(format!("gcp:{id}"), kind, name, parent, labels, pointer);
    }

    fn folder(&mut self, record: &Map<String, Value>, name: &str, pointer: &str) {
        let text = |name: &str| record.get(name).and_then(Value::as_str);
        let parent = text("parent").and_then(folder_id);
        let shown = text("displayName").unwrap_or(name);
        let labels = self.labels(record, pointer);
        let kind = ContainerKind::Folder;
        self.add(format!("gcp:{name}"), kind, shown, parent, labels, pointer);
    }

    /// A record of Cloud Asset Inventory, as it is exported or searched for.
    fn asset(&mut self, record: &Map<String, Value>, kind: &str, pointer: &str) -> bool {
        let is_project = kind.ends_with("cloudresourcemanager.googleapis.com/Project");
        if !is_project && !kind.ends_with("cloudresourcemanager.googleapis.com/Folder") {
            // Other assets are read by others.
            return true;
        }
        let data = record.get("resource").and_then(|r| r.get("data"));
        if let Some(data) = data.and_then(Value::as_object) {
            let pointer = format!("{pointer}/resource/data");
            let name = data.get("name").and_then(Value::as_str);
            match (is_project, name) {
                (true, _) => self.project(data, &pointer),
                (false, Some(name)) => self.folder(data, name, &pointer),
                (false, None) => {}
            }
            return true;
        }
        let text = |name: &str| record.get(name).and_then(Value::as_str);
        let additional = record.get("additionalAttributes");
        let id = additional
            .and_then(|a| a.get("projectId"))
            .and_then(Value::as_str);
        let last = text("name").and_then(|name| name.rsplit('/').next());
        let above = text("parentFullResourceName").and_then(|name| {
            let (_, folder) = name.split_once("/folders/")?;
            Some(format!("gcp:folders/{folder}"))
        });
        let labels = self.labels(record, pointer);
        let shown = text("displayName");
        match (is_project, id, last) {
            (true, Some(id), _) | (true, None, Some(id)) => {
                let kind = ContainerKind::Project;
                let id = format!("gcp:{id}");
                self.add(
                    id.clone(),
                    kind,
                    shown.unwrap_or(&id),
                    above,
                    labels,
                    pointer,
                );
            }
            (false, _, Some(id)) => {
                let kind = ContainerKind::Folder;
                let id = format!("gcp:folders/{id}");
                self.add(
                    id.clone(),
                    kind,
                    shown.unwrap_or(&id),
                    above,
                    labels,
                    pointer,
                );
            }
            _ => {}
        }
        true
    }

    fn azure(&mut self, record: &Map<String, Value>, pointer: &str) -> bool {
        let text = |name: &str| record.get(name).and_then(Value::as_str);
        let kind = text("type").unwrap_or_default().to_ascii_lowercase();
        let id = text("id").unwrap_or_default();
        let parts: Vec<&str> = id.trim_matches('/').split('/').collect();
        match (kind.as_str(), parts.as_slice()) {
            (
                "microsoft.resources/resourcegroups"
                | "microsoft.resources/subscriptions/resourcegroups",
                [_, subscription, _, group],
            ) => {
                let labels = self.labels(record, pointer);
                let group = group.to_ascii_lowercase();
                let parent = Some(format!("entra:{subscription}"));
                let container = format!("entra:{subscription}/group/{group}");
                let kind = ContainerKind::ResourceGroup;
                let name = text("name").unwrap_or(&group);
                self.add(container, kind, name, parent, labels, pointer);
                true
            }
            ("microsoft.resources/subscriptions", [_, subscription, ..]) => {
                self.subscription(record, subscription, pointer);
                true
            }
            _ => {
                let Some(subscription) = text("subscriptionId") else {
                    return false;
                };
                let about = text("displayName").is_some() && parts.len() <= 2;
                if about {
                    self.subscription(record, subscription, pointer);
                }
                about
            }
        }
    }

    fn subscription(&mut self, record: &Map<String, Value>, id: &str, pointer: &str) {
        let text = |name: &str| record.get(name).and_then(Value::as_str);
        let name = text("displayName").or_else(|| text("name")).unwrap_or(id);
        let labels = self.labels(record, pointer);
        let kind = ContainerKind::Subscription;
        self.add(format!("entra:{id}"), kind, name, None, labels, pointer);
    }

    /// Tags as `[{Key, Value}]`, tags and labels as mappings.
    fn labels(&self, record: &Map<String, Value>, pointer: &str) -> Set<Label> {
        let mut labels = Set::new();
        for (member, source) in [
            ("Tags", LabelSource::Tag),
            ("tags", LabelSource::Tag),
            ("labels", LabelSource::Label),
        ] {
            let mut add = |key: &str, value: &str, pointer: String| {
                if !key.is_empty() && value.len() <= MAX_VALUE {
                    labels.insert(self.label(source, key, value, &pointer));
                }
            };
            match record.get(member) {
                Some(Value::Array(tags)) => {
                    for (at, tag) in tags.iter().enumerate() {
                        let text = |name: &str| tag.get(name).and_then(Value::as_str);
                        let key = text("Key").or_else(|| text("key"));
                        let value = text("Value").or_else(|| text("value"));
                        if let (Some(key), Some(value)) = (key, value) {
                            add(key, value, format!("{pointer}/{member}/{at}"));
                        }
                    }
                }
                Some(Value::Object(tags)) => {
                    for (key, value) in tags {
                        if let Some(value) = value.as_str() {
                            let escaped = key.replace('~', "~0").replace('/', "~1");
                            add(key, value, format!("{pointer}/{member}/{escaped}"));
                        }
                    }
                }
                _ => {}
            }
        }
        labels
    }

    fn label(&self, source: LabelSource, key: &str, value: &str, pointer: &str) -> Label {
        Label {
            source,
            key: key.into(),
            value: value.into(),
            evidence: self.document.at_record(NAME, pointer),
        }
    }

    fn add(
        &mut self,
        id: String,
        kind: ContainerKind,
        name: &str,
        parent: Option<String>,
        labels: Set<Label>,
        pointer: &str,
    ) {
        let evidence = match pointer {
            "" => self.document.whole(NAME),
            pointer => self.document.at_record(NAME, pointer),
        };
        self.facts.containers.push(Container {
            id: id.into(),
            kind,
            name: name.into(),
            parent: parent.map(Str::from),
            labels,
            evidence,
        });
    }
}

fn is_account(id: &str) -> bool {
    id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit())
}

/// `folders/123` as an id.
fn folder_id(name: &str) -> Option<String> {
    name.starts_with("folders/").then(|| format!("gcp:{name}"))
}

/// Whether a parameter's name speaks of an owner: others may hold anything.
fn speaks_of_owners(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    [
        "owner",
        "team",
        "squad",
        "contact",
        "support",
        "maintainer",
        "businessunit",
    ]
    .iter()
    .any(|part| key.contains(part))
        && !["githubowner", "repoowner", "repositoryowner"].contains(&key.as_str())
}
