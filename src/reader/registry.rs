//! The identity registry, `nhi-registry.yaml`: what people declare about identities. A registry may be kept in
//! several files: `nhi-registry.d/payments.yaml`, `payments.nhi-registry.yaml`.
//!
//! The published schema is `rules/nhi-registry.schema.json`; a test keeps it and this reader in step. A
//! declaration that cannot be understood is reported with its line and does not take others with it.

use super::declared::Fields;
use super::{Reader, selector, tree};
use crate::model::{
    Accountability, DateField, Document, Facts, Probe, Problem, RegistryEntry, Str, Tier,
};
use std::collections::HashMap;

const NAME: &str = "registry";
/// The directory of a registry in several files.
const DIRECTORY: &str = "nhi-registry.d";

const FILE: [&str; 3] = ["$schema", "identities", "version"];
const ENTRY: [&str; 20] = [
    "accountability",
    "allow",
    "approved_tier",
    "approver",
    "attested_by",
    "attested_on",
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
    "vendor",
];
const REVOCATION: [&str; 3] = ["command", "last_tested", "runbook"];
const ALLOW: [&str; 1] = ["actions"];
const ROLES: [&str; 5] = ["agent", "ci", "integration", "support", "workload"];
/// The parts of accountability that every entry should name, and how it is shared.
const ACCOUNTABILITY: [&str; 4] = ["model", "operator", "policy_owner", "workflow_owner"];
/// How accountability is shared with a supplier.
pub(super) const MODELS: [&str; 4] = ["agent", "customer", "shared", "vendor"];
/// What people write for them.
pub(super) const MEANT: [(&str, &str); 8] = [
    ("autonomous", "agent"),
    ("internal", "customer"),
    ("software-only", "customer"),
    ("self-managed", "customer"),
    ("managed-service", "shared"),
    ("joint", "shared"),
    ("supplier", "vendor"),
    ("third-party", "vendor"),
];
/// How many parts of one's own accountability may have.
const MAX_PARTS: usize = 64;

/// Reads `nhi-registry.yaml`.
#[derive(Debug)]
pub struct Registry;

impl Reader for Registry {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        let path = &probe.origin.path;
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let Some((stem, "yaml" | "yml")) = name.rsplit_once('.') else {
            return false;
        };
        let in_directory = folder.rsplit('/').next() == Some(DIRECTORY);
        stem == "nhi-registry" || stem.ends_with(".nhi-registry") || in_directory
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut reading = Reading {
            fields: Fields::new(document, NAME),
            facts: Facts::default(),
            seen: HashMap::new(),
        };
        reading.facts.sources.push((NAME.into(), "*".into()));
        for read in tree::documents(document.bytes) {
            match read {
                Ok(node) => reading.file(&node),
                Err(error) => reading.fields.broken(error),
            }
        }
        (reading.facts, reading.fields.finish())
    }
}

struct Reading<'a> {
    fields: Fields<'a>,
    facts: Facts,
    /// Line of each entry id.
    seen: HashMap<Str, u32>,
}

impl Reading<'_> {
    fn file(&mut self, node: &tree::Node) {
        let fields = &mut self.fields;
        if !node.is_map() {
            fields.malformed(
                node.line,
                "a registry is a mapping with `version` and `identities`",
            );
            return;
        }
        fields.unknown_fields(node, &FILE);
        match node.get("version") {
            Some(version) if version.text() == Some("1") => {}
            Some(version) => fields.malformed(
                version.line,
                "`version` is not 1; the file was read as if it were",
            ),
            None => fields.note(node.line, "`version: 1` is missing"),
        }
        let Some(identities) = node.get("identities") else {
            fields.malformed(node.line, "`identities` is missing");
            return;
        };
        match &identities.value {
            tree::Value::List(items) => items.iter().for_each(|item| self.entry(item)),
            tree::Value::Null => {}
            _ => fields.malformed(
                identities.line,
                "`identities` is not a list: each entry starts with `- id:` or `- match:`",
            ),
        }
    }

    fn entry(&mut self, item: &tree::Node) {
        let fields = &mut self.fields;
        if !item.is_map() {
            fields.malformed(item.line, "an entry is a mapping; this one was left out");
            return;
        }
        fields.unknown_fields(item, &ENTRY);
        let Some((id, selector)) = selector::select(fields, item) else {
            return;
        };
        if let Some(first) = self.seen.insert(id.clone(), item.line) {
            let message = format!("the entry has the same id as the one in line {first}");
            fields.note(item.line, &message);
        }
        let (revocation, revocation_tested) = revocation(fields, item);
        let evidence = fields.document.at_line(NAME, item.line.max(1));
        let entry = RegistryEntry {
            owner: fields.owner(item, "owner"),
            backup_owner: fields.owner(item, "backup_owner"),
            purpose: fields.text(item, "purpose"),
            role: fields.word(item, "role", &ROLES, &[]).map(Str::from),
            human: fields.boolean(item, "human"),
            environment: fields.text(item, "environment"),
            tenants: fields.texts(item, "tenants"),
            approver: fields.text(item, "approver"),
            data_categories: fields.texts(item, "data_categories"),
            approved_tier: tier(fields, item),
            review_by: fields.date(item, "review_by"),
            expires: fields.date(item, "expires"),
            revocation,
            revocation_tested,
            accountability: accountability(fields, item),
            allowed_actions: fields
                .mapping(item, "allow", Some(&ALLOW))
                .map(|allow| fields.texts(allow, "actions"))
                .unwrap_or_default(),
            vendor: fields.text(item, "vendor"),
            attested_by: fields.text(item, "attested_by"),
            attested_on: fields.date(item, "attested_on"),
            ..RegistryEntry::new(id, selector, evidence)
        };
        self.facts.registry.push(entry);
    }
}

fn tier(fields: &mut Fields<'_>, item: &tree::Node) -> Option<Str> {
    let known: Vec<&'static str> = Tier::ALL
        .iter()
        .filter(|tier| **tier != Tier::Unknown)
        .map(|tier| tier.as_str())
        .collect();
    fields
        .word(item, "approved_tier", &known, &[])
        .map(Str::from)
}

fn revocation(fields: &mut Fields<'_>, item: &tree::Node) -> (Option<Str>, DateField) {
    let Some(node) = item.get("revocation") else {
        return (None, DateField::Absent);
    };
    if !node.is_map() {
        return (fields.text(item, "revocation"), DateField::Absent);
    }
    fields.unknown_fields(node, &REVOCATION);
    let path = fields
        .text(node, "runbook")
        .or_else(|| fields.text(node, "command"));
    (path, fields.date(node, "last_tested"))
}

fn accountability(fields: &mut Fields<'_>, item: &tree::Node) -> Accountability {
    let Some(node) = fields.mapping(item, "accountability", None) else {
        return Accountability::default();
    };
    let own = node
        .entries()
        .iter()
        .map(|(key, _)| key.as_str())
        .filter(|key| !ACCOUNTABILITY.contains(key))
        .take(MAX_PARTS);
    Accountability {
        workflow_owner: fields.owner(node, "workflow_owner"),
        policy_owner: fields.owner(node, "policy_owner"),
        operator: fields.owner(node, "operator"),
        model: fields.word(node, "model", &MODELS, &MEANT).map(Str::from),
        others: own
            .filter_map(|key| Some((Str::from(key), fields.text(node, key)?)))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{IdentityKind, Platform};
    use crate::reader::selector::MATCH;

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
        let named = |pointer: &str| -> Vec<&str> {
            let names = schema.pointer(pointer).and_then(|p| p.as_array());
            names
                .unwrap()
                .iter()
                .filter_map(|name| name.as_str())
                .collect()
        };
        let kinds = named("/$defs/match/properties/kind/enum");
        assert_eq!(kinds, IdentityKind::ALL.map(IdentityKind::as_str));
        let platforms = named("/$defs/match/properties/provider/enum");
        for platform in Platform::ALL {
            assert!(
                platforms.contains(&platform.as_str()),
                "{}",
                platform.as_str()
            );
        }
        let model = "/$defs/entry/properties/accountability/properties/model/enum";
        for model in named(model) {
            assert!(MODELS.contains(&model) || MEANT.iter().any(|(name, _)| *name == model));
        }
    }
}
