//! `vendors.yaml`.

use super::NAME;
use super::table::{domains, status};
use crate::model::{
    Contract, DataCategory, DateField, Document, Facts, Owner, Problem, Selector, Str, Vendor,
};
use crate::reader::declared::Fields;
use crate::reader::registry::{MEANT, MODELS};
use crate::reader::{selector, tree};

const FILE: [&str; 3] = ["$schema", "vendors", "version"];
const VENDOR: [&str; 14] = [
    "accountability",
    "accounts",
    "aliases",
    "approver",
    "contract_end",
    "contract_start",
    "contracts",
    "data",
    "domains",
    "id",
    "identities",
    "name",
    "owner",
    "status",
];
const CONTRACT: [&str; 4] = ["end", "id", "start", "status"];
const DATA: [&str; 2] = ["category", "owner"];
const SELECTOR: [&str; 2] = ["id", "match"];

pub(super) fn read(document: &Document<'_>) -> (Facts, Vec<Problem>) {
    let mut fields = Fields::new(document, NAME);
    let mut facts = Facts::default();
    facts.sources.push((NAME.into(), "*".into()));
    for read in tree::documents(document.bytes) {
        match read {
            Ok(node) => vendors(&mut fields, &node, &mut facts),
            Err(error) => fields.broken(error),
        }
    }
    (facts, fields.finish())
}

fn vendors(fields: &mut Fields<'_>, node: &tree::Node, facts: &mut Facts) {
    if !node.is_map() {
        fields.malformed(
            node.line,
            "a register is a mapping with `version` and `vendors`",
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
    for item in items(
        fields,
        node,
        "vendors",
        "a list: each vendor starts with `- id:`",
    ) {
        facts.vendors.extend(vendor(fields, item));
    }
}

/// The items of a list; what is none is said.
fn items<'n>(
    fields: &mut Fields<'_>,
    node: &'n tree::Node,
    key: &str,
    wanted: &str,
) -> &'n [tree::Node] {
    match node.get(key).map(|found| (&found.value, found)) {
        None | Some((tree::Value::Null, _)) => &[],
        Some((tree::Value::List(items), _)) => items,
        Some((_, found)) => {
            fields.wrong_type(found, key, wanted);
            &[]
        }
    }
}

fn vendor(fields: &mut Fields<'_>, item: &tree::Node) -> Option<Vendor> {
    if !item.is_map() {
        fields.malformed(item.line, "a vendor is a mapping; this one was left out");
        return None;
    }
    fields.unknown_fields(item, &VENDOR);
    let name = fields.text(item, "name");
    let Some(id) = fields.text(item, "id").or_else(|| name.clone()) else {
        fields.malformed(item.line, "the vendor has no `id` and was left out");
        return None;
    };
    let evidence = fields.document.at_line(NAME, item.line.max(1));
    let mut vendor = Vendor::new(id, evidence);
    vendor.name = name.unwrap_or_default();
    let aliases = fields.texts(item, "aliases");
    vendor.aliases = aliases.iter().map(|a| a.to_lowercase().into()).collect();
    let stated = fields.texts(item, "domains");
    vendor.domains = stated.iter().flat_map(|text| domains(text)).collect();
    vendor.accounts = fields.texts(item, "accounts").into_iter().collect();
    vendor.owner = fields.owner(item, "owner");
    vendor.approver = fields.owner(item, "approver");
    vendor.accountability = fields
        .word(item, "accountability", &MODELS, &MEANT)
        .map(Str::from);
    for held in items(fields, item, "identities", "a list of ids or of `match`") {
        vendor.identities.extend(identity(fields, held));
    }
    if item
        .get("data")
        .is_some_and(|data| !matches!(data.value, tree::Value::Null))
    {
        let listed = items(fields, item, "data", "a list of categories");
        vendor.data = Some(
            listed
                .iter()
                .filter_map(|data| category(fields, data))
                .collect(),
        );
    }
    for listed in items(fields, item, "contracts", "a list") {
        if !listed.is_map() {
            fields.malformed(
                listed.line,
                "a contract is a mapping; this one was left out",
            );
            continue;
        }
        fields.unknown_fields(listed, &CONTRACT);
        let contract = Contract {
            reference: fields.text(listed, "id").unwrap_or_default(),
            status: fields.text(listed, "status").map(|text| status(&text)),
            start: fields.date(listed, "start"),
            end: fields.date(listed, "end"),
            evidence: fields.document.at_line(NAME, listed.line.max(1)),
        };
        vendor.contracts.push(contract);
    }
    let single = Contract {
        reference: "".into(),
        status: fields.text(item, "status").map(|text| status(&text)),
        start: fields.date(item, "contract_start"),
        end: fields.date(item, "contract_end"),
        evidence: vendor.evidence.clone(),
    };
    let stated = single.status.is_some()
        || [&single.start, &single.end]
            .iter()
            .any(|date| !matches!(date, DateField::Absent | DateField::Empty));
    vendor.contracts.extend(stated.then_some(single));
    Some(vendor)
}

fn identity(fields: &mut Fields<'_>, node: &tree::Node) -> Option<Selector> {
    if let Some(id) = node.text() {
        return Some(selector::by_id(id.trim()));
    }
    if node.is_map() {
        fields.unknown_fields(node, &SELECTOR);
    }
    selector::select(fields, node).map(|(_, selector)| selector)
}

fn category(fields: &mut Fields<'_>, node: &tree::Node) -> Option<DataCategory> {
    if let Some(name) = node.text() {
        return Some(DataCategory {
            name: name.trim().into(),
            owner: None,
        });
    }
    if node.is_map() {
        fields.unknown_fields(node, &DATA);
    }
    let Some(name) = fields.text(node, "category") else {
        fields.malformed(
            node.line,
            "the category of data has no `category` and was left out",
        );
        return None;
    };
    let owner: Option<(Owner, Str)> = fields.owner(node, "owner");
    Some(DataCategory { name, owner })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_schema_names_the_same_fields() {
        let schema: serde_json::Value =
            serde_json::from_str(include_str!("../../../rules/vendors.schema.json")).unwrap();
        for (pointer, known) in [
            ("/properties", &FILE[..]),
            ("/$defs/vendor/properties", &VENDOR),
            ("/$defs/contract/properties", &CONTRACT),
            ("/$defs/data/properties", &DATA),
            ("/$defs/selector/properties", &SELECTOR),
        ] {
            let properties = schema.pointer(pointer).and_then(|p| p.as_object());
            let mut names: Vec<&str> = properties.unwrap().keys().map(String::as_str).collect();
            names.sort_unstable();
            assert_eq!(names, known, "{pointer}");
        }
    }
}
