//! Organisations of accounts (`aws organizations …`): the tree, the control policies and what they are
//! attached to.
//!
//! There is no single export: `describe-organization`, `list-roots`, `list-accounts(-for-parent)`,
//! `list-organizational-units-for-parent`, `list-children`, `list-parents`, `describe-policy`,
//! `list-policies(-for-target)` and `list-targets-for-policy` each tell a part. Some answers do not say what
//! was asked; it is then taken from a member beside the list (`ParentId`, `ChildId`, `TargetId`, `PolicyId`)
//! or from the file's or folder's name.

use super::Reader;
use super::aws_json::{Item, pages, utf8};
use super::aws_policy_rules::Context;
use crate::model::{
    ControlListing, ControlTarget, Document, Evidence, Facts, OrgNode, OrgNodeKind, Platform,
    Policy, PolicyKind, Probe, Problem, ProblemKind, Str,
};
use crate::platform::aws::arn::is_account;
use crate::platform::aws::organization::{
    FULL_ACCESS, FULL_RESOURCE_ACCESS, in_name, is_child, is_organization, is_parent, is_policy,
    is_root, is_target, is_unit, named, place,
};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeSet;

const NAME: &str = "aws-organizations";
const LISTS: [&str; 7] = [
    "Roots",
    "Accounts",
    "OrganizationalUnits",
    "Children",
    "Parents",
    "Policies",
    "Targets",
];

/// Reads what the Organizations API answers.
pub struct AwsOrganizations;

impl Reader for AwsOrganizations {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        let head = utf8(probe.head);
        if !matches!(head.trim_ascii_start().first(), Some(b'{' | b'[')) {
            return false;
        }
        let has = |text: &str| memchr::memmem::find(&head, text.as_bytes()).is_some();
        if has("DetailList\"") || has("\"PolicyVersionList\"") {
            return false;
        }
        let any = |texts: &[&str]| texts.iter().any(|text| has(text));
        let lists = any(&[
            "\"Roots\"",
            "\"Accounts\"",
            "\"OrganizationalUnits\"",
            "\"Policies\"",
            "\"Targets\"",
            "\"Organization\"",
            "\"OrganizationalUnit\"",
            "\"Account\"",
            "\"Policy\"",
        ]);
        let tree = any(&["\"Children\"", "\"Parents\""]);
        let kinds = any(&["\"ORGANIZATIONAL_UNIT\"", "\"ACCOUNT\"", "\"ROOT\""]);
        lists && any(&[":organizations::", "_CONTROL_POLICY\""])
            || tree && (kinds || any(&["\"ParentId\"", "\"ChildId\""]))
            || has("\"Targets\"") && any(&["\"TargetId\"", "\"PolicyId\""])
            || has("\"Policies\"") && has("\"TargetId\"")
            || any(&["\"Accounts\"", "\"OrganizationalUnits\""]) && has("\"ParentId\"")
            || probe.complete
                && head.len() < 256
                && (lists || tree)
                && asked(probe.origin.file_name())
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut export = Export {
            at: Context {
                document,
                reader: NAME,
            },
            facts: Facts::default(),
            problems: Vec::new(),
        };
        let bytes = utf8(document.bytes);
        let mut page = Page::default();
        let end = pages(&bytes, &LISTS, &mut |item| match item {
            Item::Element { list, raw, pointer } => export.element(&mut page, list, raw, pointer),
            Item::NotAList { pointer } => export.malformed(&pointer, "not a list"),
            Item::Member { key, raw } => export.member(&mut page, key, raw),
            Item::PageEnd => export.page(std::mem::take(&mut page)),
        });
        if let Err(stop) = end {
            // What stands before it in its page is kept, but no list of it is taken for whole.
            page.more = true;
            export.page(page);
            let message = format!("{}; what stands before it was kept", stop.message);
            export.problems.push(Problem {
                line: Some(stop.line),
                column: Some(stop.column),
                ..export.at.problem(ProblemKind::Malformed, message)
            });
        }
        (export.facts, export.problems)
    }
}

/// Whether a file's name says that it is the answer of a call of this API: for answers that are empty.
fn asked(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('_', "-");
    [
        "list-children",
        "list-parents",
        "list-targets-for-policy",
        "list-policies-for-target",
        "list-accounts-for-parent",
        "list-organizational-units-for-parent",
    ]
    .iter()
    .any(|call| name.contains(call))
}

/// A root, account, unit, child, parent, target or policy: the API's records differ in little.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Record {
    id: Option<String>,
    arn: Option<String>,
    name: Option<String>,
    #[serde(rename = "Type")]
    kind: Option<String>,
    status: Option<String>,
    state: Option<String>,
    path: Option<String>,
    paths: Option<Vec<String>>,
    parent_id: Option<String>,
    target_id: Option<String>,
    policy_types: Option<Vec<PolicyType>>,
    policy_summary: Option<Box<Record>>,
    content: Option<Value>,
    targets: Option<Vec<Record>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyType {
    #[serde(rename = "Type")]
    kind: String,
    status: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Organization {
    id: Option<String>,
    master_account_id: Option<String>,
    management_account_id: Option<String>,
    feature_set: Option<String>,
}

/// A page while it is being read: what was asked may stand behind the answer.
#[derive(Default)]
struct Page {
    parent: Option<String>,
    child: Option<String>,
    target: Option<String>,
    policy: Option<String>,
    filter: Option<String>,
    /// The one record that the page describes.
    about: Option<String>,
    /// Another page follows.
    more: bool,
    /// The lists that the page has.
    lists: BTreeSet<&'static str>,
    elements: Vec<(&'static str, Record, String)>,
}

struct Export<'a> {
    at: Context<'a>,
    facts: Facts,
    problems: Vec<Problem>,
}

impl Export<'_> {
    fn malformed(&mut self, pointer: &str, message: &str) {
        let problem = self
            .at
            .problem(ProblemKind::Malformed, format!("{pointer}: {message}"));
        self.problems.push(problem);
    }

    fn evidence(&self, pointer: &str) -> Evidence {
        self.at.document.at_record(NAME, pointer)
    }

    fn element(&mut self, page: &mut Page, list: &str, raw: &RawValue, pointer: String) {
        let Some(list) = LISTS.into_iter().find(|known| *known == list) else {
            return;
        };
        match serde_json::from_str::<Record>(raw.get()) {
            Ok(record) => page.elements.push((list, record, pointer)),
            Err(_) => self.malformed(&pointer, "not a record of an organisation; left out"),
        }
    }

    fn member(&mut self, page: &mut Page, key: &str, raw: &RawValue) {
        let text = || serde_json::from_str::<String>(raw.get()).ok();
        match key {
            "ParentId" => page.parent = text(),
            "ChildId" => page.child = text(),
            "TargetId" => page.target = text(),
            "PolicyId" => page.policy = text(),
            "Filter" => page.filter = text(),
            "NextToken" => page.more = text().is_some_and(|token| !token.is_empty()),
            "Organization" => match serde_json::from_str(raw.get()) {
                Ok(found) => self.organization(&found),
                Err(_) => self.malformed("/Organization", "not an organisation"),
            },
            "OrganizationalUnit" | "Account" | "Policy" => {
                let pointer = format!("/{key}");
                // Other services answer with members of these names that are no records.
                let Ok(record) = serde_json::from_str::<Record>(raw.get()) else {
                    return self.malformed(&pointer, "not a record of an organisation; left out");
                };
                let list = match key {
                    "OrganizationalUnit" => "OrganizationalUnits",
                    "Account" => "Accounts",
                    _ => "Policies",
                };
                // What a wrapper puts beside it speaks of it.
                let summary = record.policy_summary.as_deref().unwrap_or(&record);
                page.about = page.about.take().or_else(|| summary.id.clone());
                page.elements.push((list, record, pointer));
            }
            list => page
                .lists
                .extend(LISTS.into_iter().find(|known| *known == list)),
        }
    }

    fn organization(&mut self, found: &Organization) {
        let Some(id) = found.id.as_deref().filter(|id| is_organization(id)) else {
            return self.malformed("/Organization", "organisation without an id");
        };
        let account = found.master_account_id.as_deref();
        let account = account.or(found.management_account_id.as_deref());
        if let Some(account) = account.filter(|id| is_account(id)) {
            let mut node = self.node(account, OrgNodeKind::Account, "/Organization");
            node.organization = Some(id.into());
            node.management = Some(true);
            self.facts.org_nodes.push(node);
        }
        if found.feature_set.as_deref() == Some("CONSOLIDATED_BILLING") {
            for kind in [PolicyKind::ServiceControl, PolicyKind::ResourceControl] {
                let off = ControlListing::Switch(id.into(), kind, false);
                self.facts.control_listings.push(off);
            }
        }
    }

    fn node(&self, id: &str, kind: OrgNodeKind, pointer: &str) -> OrgNode {
        OrgNode {
            id: id.into(),
            kind,
            name: None,
            parent: None,
            organization: None,
            management: None,
            status: None,
            evidence: self.evidence(pointer),
        }
    }

    fn page(&mut self, page: Page) {
        let path = self.at.document.origin.path.clone();
        let file = self.at.document.origin.file_name().to_owned();
        let asked = |given: &Option<String>, wanted: fn(&str) -> bool| -> Option<String> {
            let given = given.clone().or(page.about.clone());
            let given = given.filter(|id| wanted(id));
            given.or_else(|| named(&path, wanted).map(str::to_owned))
        };
        // `list-accounts` and `list-policies` answer in the same form without having been asked of anything:
        // the names of folders alone do not make their answers those of the other calls.
        let strictly = |given: &Option<String>, wanted: fn(&str) -> bool, call: &str| {
            if given.is_some() || page.about.is_some() || file.replace('_', "-").contains(call) {
                asked(given, wanted)
            } else {
                in_name(&file, wanted).map(str::to_owned)
            }
        };
        let has = |list: &str| page.lists.contains(list);
        let mut parent = None;
        if has("Children") || has("OrganizationalUnits") {
            parent = asked(&page.parent, is_parent);
        } else if has("Accounts") {
            parent = strictly(&page.parent, is_parent, "for-parent");
        }
        let child = has("Parents")
            .then(|| asked(&page.child, is_child))
            .flatten();
        let target = has("Policies").then(|| strictly(&page.target, is_target, "for-target"));
        let target = target.flatten();
        let policy = has("Targets")
            .then(|| asked(&page.policy, is_policy))
            .flatten();
        for (missing, list, field) in [
            (has("Children") && parent.is_none(), "Children", "ParentId"),
            (has("Parents") && child.is_none(), "Parents", "ChildId"),
            (has("Targets") && policy.is_none(), "Targets", "PolicyId"),
            (
                has("Policies")
                    && target.is_none()
                    && file.replace('_', "-").contains("for-target"),
                "Policies",
                "TargetId",
            ),
        ] {
            if missing {
                let message = format!(
                    "the answer does not say what was asked: add {field} beside it, or name the file by it"
                );
                self.malformed(&format!("/{list}"), &message);
            }
        }
        let mut kinds = BTreeSet::new();
        for (list, record, pointer) in &page.elements {
            match *list {
                "Roots" => self.root(record, pointer),
                "Accounts" | "OrganizationalUnits" => {
                    self.placed(record, parent.as_deref(), pointer);
                }
                "Children" if parent.is_some() => self.placed(record, parent.as_deref(), pointer),
                "Parents" => {
                    if let Some(child) = &child {
                        self.parent(record, child, pointer);
                    }
                }
                "Policies" => kinds.extend(self.policy(record, target.as_deref(), pointer)),
                "Targets" => {
                    if let Some(policy) = &policy {
                        self.target(record, policy, pointer);
                    }
                }
                _ => {}
            }
        }
        if page.more {
            return;
        }
        // Who is not on this list is not in the organisation.
        if has("Accounts") && parent.is_none() {
            let all = page
                .elements
                .iter()
                .filter(|(list, ..)| *list == "Accounts");
            let organizations: BTreeSet<Str> = all
                .filter_map(|(_, record, _)| organization_of(record))
                .collect();
            let sources = organizations.into_iter().map(|id| (NAME.into(), id));
            self.facts.sources.extend(sources);
        }
        if let Some(policy) = policy {
            let listing = ControlListing::OfPolicy(policy.as_str().into());
            self.facts.control_listings.push(listing);
        }
        if has("Policies") {
            kinds.extend(page.filter.as_deref().and_then(control));
            for (text, kind) in CONTROLS {
                if path.contains(text) {
                    kinds.insert(kind);
                }
            }
            self.facts
                .control_listings
                .extend(kinds.into_iter().map(|kind| match &target {
                    Some(target) => ControlListing::OfNode(target.as_str().into(), kind),
                    None => ControlListing::OfKind(kind),
                }));
        }
    }

    fn root(&mut self, record: &Record, pointer: &str) {
        let Some(id) = record.id.as_deref().filter(|id| is_root(id)) else {
            return self.malformed(pointer, "root without an id; left out");
        };
        let mut node = self.node(id, OrgNodeKind::Root, pointer);
        node.name = record.name.as_deref().map(Str::from);
        node.organization = organization_of(record);
        self.facts.org_nodes.push(node);
        let Some(types) = &record.policy_types else {
            return;
        };
        for (text, kind) in CONTROLS {
            // A kind that is not listed is not switched on.
            let found = types.iter().find(|found| found.kind == text);
            let on = found.is_some_and(|found| {
                let status = found.status.as_deref();
                matches!(status, None | Some("ENABLED" | "PENDING_DISABLE"))
            });
            let switch = ControlListing::Switch(id.into(), kind, on);
            self.facts.control_listings.push(switch);
        }
    }

    /// An account or a unit, with what is above it.
    fn placed(&mut self, record: &Record, parent: Option<&str>, pointer: &str) {
        let Some(id) = record.id.as_deref().filter(|id| is_child(id)) else {
            return self.malformed(pointer, "account or unit without an id; left out");
        };
        let kind = if is_account(id) {
            OrgNodeKind::Account
        } else {
            OrgNodeKind::Unit
        };
        let mut node = self.node(id, kind, pointer);
        node.name = record.name.as_deref().map(Str::from);
        node.status = record
            .status
            .as_deref()
            .or(record.state.as_deref())
            .map(Str::from);
        node.organization = organization_of(record);
        let management = record
            .arn
            .as_deref()
            .and_then(place)
            .and_then(|p| p.management);
        if kind == OrgNodeKind::Account {
            node.management = management.map(|management| management == id);
        }
        let inline = record.parent_id.as_deref().filter(|id| is_parent(id));
        node.parent = inline
            .or(parent)
            .filter(|above| *above != id)
            .map(Str::from);
        let own = record.paths.iter().flatten().chain(&record.path);
        for path in own {
            let above = self.path(path, id, pointer);
            node.parent = above.or(node.parent);
        }
        if let Some(above) = node.parent.clone() {
            let kind = if is_root(&above) {
                OrgNodeKind::Root
            } else {
                OrgNodeKind::Unit
            };
            let mut above = self.node(&above, kind, pointer);
            above.organization.clone_from(&node.organization);
            self.facts.org_nodes.push(above);
        }
        if let (Some(account), Some(organization)) = (management, &node.organization) {
            let mut top = self.node(account, OrgNodeKind::Account, pointer);
            top.organization = Some(organization.clone());
            top.management = Some(true);
            self.facts.org_nodes.push(top);
        }
        self.facts.org_nodes.push(node);
    }

    /// The nodes on a path of the tree (`o-…/r-…/ou-…/<account>/`), and what is right above the last.
    fn path(&mut self, path: &str, id: &str, pointer: &str) -> Option<Str> {
        let mut above: Option<Str> = None;
        let mut organization = None;
        for part in path.split('/') {
            if part == id {
                return above;
            }
            let kind = if is_root(part) {
                OrgNodeKind::Root
            } else if is_unit(part) {
                OrgNodeKind::Unit
            } else {
                if is_organization(part) {
                    organization = Some(Str::from(part));
                }
                continue;
            };
            let mut node = self.node(part, kind, pointer);
            node.parent = above.replace(part.into());
            node.organization.clone_from(&organization);
            self.facts.org_nodes.push(node);
        }
        above
    }

    fn parent(&mut self, record: &Record, child: &str, pointer: &str) {
        let Some(id) = record.id.as_deref().filter(|id| is_parent(id)) else {
            return self.malformed(pointer, "parent without an id; left out");
        };
        let kind = if is_account(child) {
            OrgNodeKind::Account
        } else {
            OrgNodeKind::Unit
        };
        let mut node = self.node(child, kind, pointer);
        node.parent = Some(id.into());
        self.facts.org_nodes.push(node);
        let kind = if is_root(id) {
            OrgNodeKind::Root
        } else {
            OrgNodeKind::Unit
        };
        let above = self.node(id, kind, pointer);
        self.facts.org_nodes.push(above);
    }

    /// A policy with or without its document; what kind it is, if it controls.
    fn policy(
        &mut self,
        record: &Record,
        target: Option<&str>,
        pointer: &str,
    ) -> Option<PolicyKind> {
        let summary = record.policy_summary.as_deref().unwrap_or(record);
        let of_arn = summary.arn.as_deref().and_then(place).map(|place| place.id);
        let id = summary.id.as_deref().or(of_arn);
        let Some(id) = id.filter(|id| is_policy(id)).map(str::to_owned) else {
            self.malformed(pointer, "policy without an id; left out");
            return None;
        };
        let arn = summary.arn.as_deref().unwrap_or_default();
        let kind = match summary.kind.as_deref() {
            Some(kind) => control(kind)?,
            None if arn.contains("/service_control_policy/") => PolicyKind::ServiceControl,
            None if arn.contains("/resource_control_policy/") => PolicyKind::ResourceControl,
            None if id == FULL_ACCESS => PolicyKind::ServiceControl,
            None if id == FULL_RESOURCE_ACCESS => PolicyKind::ResourceControl,
            None => {
                self.malformed(pointer, "policy of which the type is not said; left out");
                return None;
            }
        };
        let exists = ControlListing::Exists(id.as_str().into(), kind);
        self.facts.control_listings.push(exists);
        if let Some(target) = target {
            self.facts.control_targets.push(ControlTarget {
                policy: id.as_str().into(),
                target: target.into(),
                evidence: self.evidence(pointer),
            });
        }
        for inline in record.targets.iter().flatten() {
            self.target(inline, &id, pointer);
        }
        if record.targets.is_some() {
            let listing = ControlListing::OfPolicy(id.as_str().into());
            self.facts.control_listings.push(listing);
        }
        if let Some(content) = &record.content {
            let place = format!("{pointer}/Content");
            if let Some(rules) = self.at.rules(content, &place, &mut self.problems) {
                let name = summary.name.as_deref().unwrap_or(&id);
                let mut policy = Policy::new(id.as_str().into(), Platform::Aws, kind, name);
                policy.rules = rules.into_iter().collect();
                policy.evidence.insert(self.evidence(pointer));
                self.facts.policies.push(policy);
            }
        }
        Some(kind)
    }

    fn target(&mut self, record: &Record, policy: &str, pointer: &str) {
        let id = record.target_id.as_deref().or(record.id.as_deref());
        let Some(id) = id.filter(|id| is_target(id)) else {
            return self.malformed(pointer, "target without an id; left out");
        };
        self.facts.control_targets.push(ControlTarget {
            policy: policy.into(),
            target: id.into(),
            evidence: self.evidence(pointer),
        });
        let kind = match id {
            id if is_account(id) => OrgNodeKind::Account,
            id if is_root(id) => OrgNodeKind::Root,
            _ => OrgNodeKind::Unit,
        };
        let mut node = self.node(id, kind, pointer);
        node.name = record.name.as_deref().map(Str::from);
        node.organization = organization_of(record);
        let management = record
            .arn
            .as_deref()
            .and_then(place)
            .and_then(|p| p.management);
        if kind == OrgNodeKind::Account {
            node.management = management.map(|management| management == id);
        }
        self.facts.org_nodes.push(node);
    }
}

/// The types of policies that control what may be done, as the API names them.
const CONTROLS: [(&str, PolicyKind); 2] = [
    ("SERVICE_CONTROL_POLICY", PolicyKind::ServiceControl),
    ("RESOURCE_CONTROL_POLICY", PolicyKind::ResourceControl),
];

fn control(text: &str) -> Option<PolicyKind> {
    let mut known = CONTROLS.into_iter();
    known.find(|(name, _)| *name == text).map(|(_, kind)| kind)
}

fn organization_of(record: &Record) -> Option<Str> {
    let place = record.arn.as_deref().and_then(place)?;
    place.organization.map(Str::from)
}
