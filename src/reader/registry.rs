//! The identity registry, `nhi-registry.yaml`: what people declare about identities.
//!
//! The published schema is `rules/nhi-registry.schema.json`; a test keeps it and this reader in step. A
//! declaration that cannot be understood is reported with its line and does not take others with it.

use super::{Reader, tree};
use crate::model::{
    DateField, Document, Facts, Owner, Probe, Problem, ProblemKind, RegistryEntry, Selector, Str,
    Tier, Timestamp,
};
use std::collections::HashMap;

const NAME: &str = "registry";
/// How many problems are named one by one.
const MAX_PROBLEMS: usize = 1000;
/// The cluster that manifests mean, which do not name one.
const DEFAULT_CLUSTER: &str = "cluster";

const FILE: [&str; 3] = ["$schema", "identities", "version"];
const ENTRY: [&str; 17] = [
    "accountability",
    "allow",
    "approved_tier",
    "approver",
    "backup_owner",
    "data_categories",
    "environment",
    "expires",
    "human",
    "id",
    "match",
    "owner",
    "purpose",
    "review_by",
    "revocation",
    "role",
    "tenants",
];
const MATCH: [&str; 4] = ["account", "name", "namespace", "provider"];
const REVOCATION: [&str; 3] = ["command", "last_tested", "runbook"];
const ALLOW: [&str; 1] = ["actions"];
const ROLES: [&str; 5] = ["agent", "ci", "integration", "support", "workload"];

/// Reads `nhi-registry.yaml`.
#[derive(Debug)]
pub struct Registry;

impl Reader for Registry {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        matches!(
            probe.origin.file_name(),
            "nhi-registry.yaml" | "nhi-registry.yml"
        )
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut reading = Reading {
            document,
            facts: Facts::default(),
            problems: Vec::new(),
            seen: HashMap::new(),
            dropped: 0,
        };
        reading.facts.sources.push((NAME.into(), "*".into()));
        for read in tree::documents(document.bytes) {
            match read {
                Ok(node) => reading.file(&node),
                Err(error) => reading.problems.push(error.problem(document, NAME)),
            }
        }
        if reading.dropped > 0 {
            let message = format!("{} more problems of this sort", reading.dropped);
            reading.problems.push(Problem {
                path: document.origin.path.clone(),
                line: None,
                column: None,
                kind: ProblemKind::Malformed,
                reader: NAME,
                message: message.into(),
            });
        }
        (reading.facts, reading.problems)
    }
}

struct Reading<'a> {
    document: &'a Document<'a>,
    facts: Facts,
    problems: Vec<Problem>,
    /// Line of each entry id.
    seen: HashMap<Str, u32>,
    dropped: usize,
}

impl Reading<'_> {
    fn file(&mut self, node: &tree::Node) {
        if !node.is_map() {
            self.malformed(
                node.line,
                "a registry is a mapping with `version` and `identities`",
            );
            return;
        }
        self.unknown_fields(node, &FILE);
        match node.get("version") {
            Some(version) if version.text() == Some("1") => {}
            Some(version) => self.malformed(
                version.line,
                "`version` is not 1; the file was read as if it were",
            ),
            None => self.note(node.line, "`version: 1` is missing"),
        }
        let Some(identities) = node.get("identities") else {
            self.malformed(node.line, "`identities` is missing");
            return;
        };
        match &identities.value {
            tree::Value::List(items) => items.iter().for_each(|item| self.entry(item)),
            tree::Value::Null => {}
            _ => self.malformed(
                identities.line,
                "`identities` is not a list: each entry starts with `- id:` or `- match:`",
            ),
        }
    }

    fn entry(&mut self, item: &tree::Node) {
        if !item.is_map() {
            self.malformed(item.line, "an entry is a mapping; this one was left out");
            return;
        }
        self.unknown_fields(item, &ENTRY);
        let Some((id, selector)) = self.selector(item) else {
            return;
        };
        if let Some(first) = self.seen.insert(id.clone(), item.line) {
            let message = format!("the entry has the same id as the one in line {first}");
            self.note(item.line, &message);
        }
        let (revocation, revocation_tested) = self.revocation(item);
        let entry = RegistryEntry {
            owner: self.owner(item, "owner"),
            backup_owner: self.owner(item, "backup_owner"),
            purpose: self.text(item, "purpose"),
            role: self.role(item),
            human: self.boolean(item, "human"),
            environment: self.text(item, "environment"),
            tenants: self.texts(item, "tenants"),
            approver: self.text(item, "approver"),
            data_categories: self.texts(item, "data_categories"),
            approved_tier: self.tier(item),
            review_by: self.date(item, "review_by"),
            expires: self.date(item, "expires"),
            revocation,
            revocation_tested,
            ..RegistryEntry::new(id, selector, self.document.at_line(NAME, item.line.max(1)))
        };
        self.check_mapping(item, "accountability", None);
        self.check_mapping(item, "allow", Some(&ALLOW));
        self.facts.registry.push(entry);
    }

    fn selector(&mut self, item: &tree::Node) -> Option<(Str, Selector)> {
        let id = self.text(item, "id");
        let pattern = item.get("match");
        match (id, pattern) {
            (Some(id), pattern) => {
                if let Some(pattern) = pattern {
                    self.malformed(
                        pattern.line,
                        "the entry has both `id` and `match`; `id` counts",
                    );
                }
                let selector = Selector::Exact(natural_id(&id).into());
                Some((id, selector))
            }
            (None, Some(pattern)) => self.pattern(pattern),
            (None, None) => {
                self.malformed(
                    item.line,
                    "the entry has neither `id` nor `match` and was left out",
                );
                None
            }
        }
    }

    fn pattern(&mut self, node: &tree::Node) -> Option<(Str, Selector)> {
        if !node.is_map() || node.entries().is_empty() {
            self.malformed(
                node.line,
                "`match` is a mapping with `name`, `provider`, `account` or `namespace`; the entry was left out",
            );
            return None;
        }
        self.unknown_fields(node, &MATCH);
        let platform = match self.text(node, "provider").map(|p| p.to_lowercase()) {
            None => None,
            Some(name) => match name.as_str() {
                "aws" | "amazon" => Some("aws"),
                "kubernetes" | "k8s" => Some("kubernetes"),
                "other" => Some("other"),
                _ => {
                    let line = node.get("provider").map_or(node.line, |n| n.line);
                    self.malformed(
                        line,
                        "`provider` is none of `aws`, `kubernetes`, `other`; the entry was left out",
                    );
                    return None;
                }
            },
        };
        let name = self.text(node, "name");
        let account = self.text(node, "account");
        let namespace = self.text(node, "namespace");
        if name.is_none() && platform.is_none() && account.is_none() && namespace.is_none() {
            self.malformed(node.line, "`match` states nothing; the entry was left out");
            return None;
        }
        let stated = [
            ("name", name.as_deref()),
            ("provider", platform),
            ("account", account.as_deref()),
            ("namespace", namespace.as_deref()),
        ];
        let id: Vec<String> = stated
            .iter()
            .filter_map(|(key, value)| Some(format!("{key}={}", (*value)?)))
            .collect();
        let selector = Selector::Pattern {
            name: name.unwrap_or_else(|| "*".into()),
            platform: platform.map(Str::from),
            account,
            namespace,
        };
        Some((id.join(",").into(), selector))
    }

    fn owner(&mut self, item: &tree::Node, key: &str) -> Option<(Owner, Str)> {
        let raw = self.text(item, key)?;
        let owner = Owner::parse(&raw);
        if owner.is_none() {
            let message = format!("`{key}` names nobody");
            self.note(item.get(key).map_or(item.line, |n| n.line), &message);
        }
        Some((owner?, raw))
    }

    fn role(&mut self, item: &tree::Node) -> Option<Str> {
        let role = self.text(item, "role")?.to_lowercase();
        if !ROLES.contains(&role.as_str()) {
            let line = item.get("role").map_or(item.line, |n| n.line);
            self.malformed(
                line,
                "`role` is none of `support`, `ci`, `integration`, `agent`, `workload`",
            );
            return None;
        }
        Some(role.into())
    }

    fn tier(&mut self, item: &tree::Node) -> Option<Str> {
        let tier = self.text(item, "approved_tier")?.to_lowercase();
        let known = Tier::ALL
            .iter()
            .any(|t| *t != Tier::Unknown && t.as_str() == tier);
        if !known {
            let line = item.get("approved_tier").map_or(item.line, |n| n.line);
            self.malformed(
                line,
                "`approved_tier` is none of `admin`, `escalate`, `issue`, `write`, `read`, `none`",
            );
            return None;
        }
        Some(tier.into())
    }

    fn revocation(&mut self, item: &tree::Node) -> (Option<Str>, DateField) {
        let Some(node) = item.get("revocation") else {
            return (None, DateField::Absent);
        };
        if !node.is_map() {
            return (self.text(item, "revocation"), DateField::Absent);
        }
        self.unknown_fields(node, &REVOCATION);
        let path = self
            .text(node, "runbook")
            .or_else(|| self.text(node, "command"));
        (path, self.date(node, "last_tested"))
    }

    fn date(&mut self, item: &tree::Node, key: &str) -> DateField {
        let Some(node) = item.get(key) else {
            return DateField::Absent;
        };
        match &node.value {
            tree::Value::Null => DateField::Absent,
            tree::Value::Scalar { text, .. } if text.trim().is_empty() => DateField::Absent,
            tree::Value::Scalar { text, .. } => match Timestamp::parse(text) {
                Some(at) => DateField::At(at),
                None => {
                    let message =
                        format!("`{key}` is not a date that can be read; write it as YYYY-MM-DD");
                    self.note(node.line, &message);
                    DateField::Malformed(text.as_str().into())
                }
            },
            _ => {
                self.wrong_type(node, key, "a date");
                DateField::Malformed("".into())
            }
        }
    }

    fn boolean(&mut self, item: &tree::Node, key: &str) -> Option<bool> {
        let node = item.get(key)?;
        let value = item.bool(key);
        if value.is_none() && !matches!(node.value, tree::Value::Null) {
            self.wrong_type(node, key, "true or false");
        }
        value
    }

    fn text(&mut self, item: &tree::Node, key: &str) -> Option<Str> {
        let node = item.get(key)?;
        match &node.value {
            tree::Value::Null => None,
            tree::Value::Scalar { text, .. } => {
                let text = text.trim();
                (!text.is_empty()).then(|| text.into())
            }
            _ => {
                self.wrong_type(node, key, "a text");
                None
            }
        }
    }

    /// A list of texts; one text stands for a list of one.
    fn texts(&mut self, item: &tree::Node, key: &str) -> Vec<Str> {
        let Some(node) = item.get(key) else {
            return Vec::new();
        };
        match &node.value {
            tree::Value::Null => Vec::new(),
            tree::Value::Scalar { text, .. } => vec![text.trim().into()],
            tree::Value::List(items) => {
                if items.iter().any(|item| item.text().is_none()) {
                    self.wrong_type(node, key, "a list of texts");
                }
                item.strings(key)
            }
            tree::Value::Map(_) => {
                self.wrong_type(node, key, "a list of texts");
                Vec::new()
            }
        }
    }

    fn check_mapping(&mut self, item: &tree::Node, key: &str, known: Option<&[&str]>) {
        let Some(node) = item.get(key) else {
            return;
        };
        if !node.is_map() {
            self.wrong_type(node, key, "a mapping");
        } else if let Some(known) = known {
            self.unknown_fields(node, known);
        }
    }

    /// Says which fields are not known, with the one that was probably meant.
    fn unknown_fields(&mut self, node: &tree::Node, known: &[&str]) {
        for (key, value) in node.entries() {
            if known.contains(&key.as_str()) || key.starts_with("x-") {
                continue;
            }
            let meant = known
                .iter()
                // The distance takes memory for every pair of characters; what is this long is no slip.
                .filter(|_| key.len() <= 64)
                .map(|name| (strsim::damerau_levenshtein(name, &key.to_lowercase()), name))
                .min()
                .filter(|(distance, name)| *distance <= name.len() / 3);
            // A key that does not look like a field's name is not repeated: it could be anything.
            let wordlike =
                key.len() <= 24 && key.chars().all(|c| c.is_ascii_alphabetic() || c == '_');
            let message = match (meant, wordlike) {
                (Some((_, name)), true) => format!("unknown field `{key}`; did you mean `{name}`?"),
                (Some((_, name)), false) => format!("unknown field; did you mean `{name}`?"),
                (None, true) => format!("unknown field `{key}`; known are {}", known.join(", ")),
                (None, false) => format!("unknown field; known are {}", known.join(", ")),
            };
            self.malformed(value.line, &message);
        }
    }

    fn wrong_type(&mut self, node: &tree::Node, key: &str, wanted: &str) {
        let message = format!("`{key}` is not {wanted}");
        self.malformed(node.line, &message);
    }

    fn malformed(&mut self, line: u32, message: &str) {
        self.problem(line, ProblemKind::Malformed, message);
    }

    fn note(&mut self, line: u32, message: &str) {
        self.problem(line, ProblemKind::Note, message);
    }

    fn problem(&mut self, line: u32, kind: ProblemKind, message: &str) {
        if self.problems.len() >= MAX_PROBLEMS {
            self.dropped += 1;
            return;
        }
        self.problems.push(Problem {
            path: self.document.origin.path.clone(),
            line: (line > 0).then_some(line),
            column: None,
            kind,
            reader: NAME,
            message: message.into(),
        });
    }
}

/// The natural id that an id of the registry means: people may write short forms.
///
/// | written | means |
/// |---|---|
/// | `aws:iam-user:<account>/<path and name>` | `arn:aws:iam::<account>:user/<path and name>` |
/// | `aws:iam-role:<account>/<path and name>` | `arn:aws:iam::<account>:role/<path and name>` |
/// | `aws:iam-root:<account>` | `arn:aws:iam::<account>:root` |
/// | `k8s:<namespace>/<name>` | `k8s:cluster/<namespace>/<name>` |
/// | `system:serviceaccount:<namespace>:<name>` | `k8s:cluster/<namespace>/<name>` |
fn natural_id(id: &str) -> String {
    for (prefix, kind) in [("aws:iam-user:", "user"), ("aws:iam-role:", "role")] {
        if let Some((account, name)) = id.strip_prefix(prefix).and_then(|r| r.split_once('/')) {
            return format!("arn:aws:iam::{account}:{kind}/{name}");
        }
    }
    if let Some(account) = id.strip_prefix("aws:iam-root:") {
        return format!("arn:aws:iam::{account}:root");
    }
    if let Some((namespace, name)) = id
        .strip_prefix("system:serviceaccount:")
        .and_then(|r| r.split_once(':'))
    {
        return format!("k8s:{DEFAULT_CLUSTER}/{namespace}/{name}");
    }
    match id.strip_prefix("k8s:") {
        Some(rest) if !rest.contains('#') && rest.matches('/').count() == 1 => {
            format!("k8s:{DEFAULT_CLUSTER}/{rest}")
        }
        _ => id.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_ids_mean_natural_ones() {
        for (written, meant) in [
            (
                "aws:iam-user:111122223333/ci-deploy",
                "arn:aws:iam::111122223333:user/ci-deploy",
            ),
            (
                "aws:iam-role:111122223333/apps/web/runner",
                "arn:aws:iam::111122223333:role/apps/web/runner",
            ),
            (
                "aws:iam-root:111122223333",
                "arn:aws:iam::111122223333:root",
            ),
            ("k8s:shop/checkout", "k8s:cluster/shop/checkout"),
            ("k8s:prod/shop/checkout", "k8s:prod/shop/checkout"),
            ("k8s:cluster#user:jane", "k8s:cluster#user:jane"),
            (
                "system:serviceaccount:shop:checkout",
                "k8s:cluster/shop/checkout",
            ),
            ("arn:aws:iam::1:user/x", "arn:aws:iam::1:user/x"),
            (
                "aws:access-key:AKIAIOSFODNN7EXAMPLE",
                "aws:access-key:AKIAIOSFODNN7EXAMPLE",
            ),
        ] {
            assert_eq!(natural_id(written), meant);
        }
    }

    #[test]
    fn the_published_schema_names_the_same_fields() {
        let schema: serde_json::Value =
            serde_json::from_str(include_str!("../../rules/nhi-registry.schema.json")).unwrap();
        let fields = |pointer: &str| -> Vec<String> {
            let properties = schema.pointer(pointer).and_then(|p| p.as_object());
            let mut names: Vec<String> = properties.unwrap().keys().cloned().collect();
            names.sort();
            names
        };
        let sorted = |known: &[&str]| {
            let mut known: Vec<String> = known.iter().map(|k| (*k).to_owned()).collect();
            known.sort();
            known
        };
        assert_eq!(fields("/properties"), sorted(&FILE));
        assert_eq!(fields("/$defs/entry/properties"), sorted(&ENTRY));
        assert_eq!(fields("/$defs/match/properties"), sorted(&MATCH));
        assert_eq!(fields("/$defs/revocation/properties"), sorted(&REVOCATION));
        assert_eq!(
            fields("/$defs/entry/properties/allow/properties"),
            sorted(&ALLOW)
        );
        let roles = schema.pointer("/$defs/entry/properties/role/enum").unwrap();
        let mut roles: Vec<&str> = roles
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|r| r.as_str())
            .collect();
        roles.sort();
        assert_eq!(roles, ROLES);
    }
}
