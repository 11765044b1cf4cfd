//! The published schema of the registry accepts what the reader accepts, and rejects what it rejects.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed; clippy knows only functions marked as tests"
)]

use serde_json::Value;
use tenure::model::{DateField, Document, Origin, ProblemKind, Timestamp};
use tenure::reader::{Reader, registry::Registry};

const SCHEMA: &str = include_str!("../rules/nhi-registry.schema.json");
const EXAMPLE: &str =
    include_str!("../fixtures/ownership/registry-beats-pattern/nhi-registry.yaml");
const BROKEN: &str = include_str!("../fixtures/ownership/registry-broken/nhi-registry.yaml");

/// What a value breaks of the schema: the keywords that this schema uses, each as JSON Schema has it.
fn faults(root: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let Some(schema) = schema.as_object() else {
        return;
    };
    let mut fault = |what: &str| found.push(format!("{at}: {what}"));
    for (keyword, wanted) in schema {
        let holds = match keyword.as_str() {
            "const" => value == wanted,
            "enum" => wanted.as_array().unwrap().contains(value),
            "pattern" => value.as_str().is_none_or(|text| {
                regex::Regex::new(wanted.as_str().unwrap())
                    .unwrap()
                    .is_match(text)
            }),
            "minProperties" => value
                .as_object()
                .is_none_or(|o| o.len() as u64 >= wanted.as_u64().unwrap()),
            "required" => value.as_object().is_none_or(|object| {
                let names = wanted.as_array().unwrap();
                names
                    .iter()
                    .all(|name| object.contains_key(name.as_str().unwrap()))
            }),
            "type" => match wanted {
                Value::Array(types) => types.iter().any(|t| is(value, t)),
                one => is(value, one),
            },
            "oneOf" => {
                let matching = wanted.as_array().unwrap().iter().filter(|option| {
                    let mut inner = Vec::new();
                    faults(root, option, value, at, &mut inner);
                    inner.is_empty()
                });
                matching.count() == 1
            }
            "$ref" | "items" | "properties" | "additionalProperties" | "patternProperties" => true,
            "$schema" | "$id" | "$defs" | "title" | "description" | "examples" => true,
            other => panic!("the schema uses {other}, which this test does not know"),
        };
        if !holds {
            fault(keyword);
        }
    }
    if let Some(reference) = schema.get("$ref") {
        let pointer = reference.as_str().unwrap().strip_prefix('#').unwrap();
        faults(root, root.pointer(pointer).unwrap(), value, at, found);
    }
    if let (Some(items), Some(list)) = (schema.get("items"), value.as_array()) {
        for (index, item) in list.iter().enumerate() {
            faults(root, items, item, &format!("{at}/{index}"), found);
        }
    }
    for (name, member) in value.as_object().into_iter().flatten() {
        let at = format!("{at}/{name}");
        let own = schema.get("properties").and_then(|p| p.get(name));
        let extra = schema.contains_key("patternProperties") && name.starts_with("x-");
        match (own, schema.get("additionalProperties")) {
            (Some(own), _) => faults(root, own, member, &at, found),
            (None, Some(Value::Bool(false))) if !extra => found.push(format!("{at}: unknown")),
            (None, Some(rest)) => faults(root, rest, member, &at, found),
            (None, None) => {}
        }
    }
}

fn is(value: &Value, kind: &Value) -> bool {
    match kind.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "null" => value.is_null(),
        other => panic!("unknown type {other}"),
    }
}

fn validate(text: &str) -> Vec<String> {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let value: Value = serde_yaml::from_str(text).unwrap();
    let mut found = Vec::new();
    faults(&schema, &schema, &value, "", &mut found);
    found
}

#[test]
fn the_example_is_valid_and_read_whole() {
    assert_eq!(validate(EXAMPLE), Vec::<String>::new());
    let origin = Origin::file("nhi-registry.yaml");
    let document = Document {
        origin: &origin,
        bytes: EXAMPLE.as_bytes(),
    };
    let (facts, problems) = Registry.read(&document);
    assert_eq!(problems, []);
    let entry = &facts.registry[0];
    let date = |text| DateField::At(Timestamp::parse(text).unwrap());
    assert_eq!(
        entry.purpose.as_deref(),
        Some("deploys the payments API from CI")
    );
    assert_eq!(
        (entry.role.as_deref(), entry.human),
        (Some("ci"), Some(false))
    );
    assert_eq!(entry.tenants, ["acme".into()]);
    assert_eq!(entry.data_categories, ["payment".into()]);
    assert_eq!(entry.approved_tier.as_deref(), Some("write"));
    assert_eq!(entry.review_by, date("2026-09-30"));
    assert_eq!(entry.expires, date("2027-03-31"));
    assert_eq!(
        entry.revocation.as_deref(),
        Some("docs/revoke-ci-deploy.md")
    );
    assert_eq!(entry.revocation_tested, date("2026-02-01"));
    assert_eq!(
        entry.backup_owner.as_ref().unwrap().0.to_string(),
        "mail:ops@example.com"
    );
    assert!(facts.sources.contains(&("registry".into(), "*".into())));
}

#[test]
fn what_the_reader_calls_malformed_is_invalid() {
    let found = validate(BROKEN);
    for at in [
        "/identites: unknown",
        "/version: const",
        "/identities/0/purpos: unknown",
        "/identities/0/review_by: pattern",
        "/identities/1: oneOf",
        "/identities/2: type",
        "/identities/3/role: enum",
        "/identities/3/approved_tier: enum",
        "/identities/3/human: type",
        "/identities/3/revocation: oneOf",
        "/identities/3/tenants: oneOf",
        "/identities/4/match/provider: enum",
        "/identities/5/match: minProperties",
        "/identities/6: oneOf",
        "/identities/7/allow/action: unknown",
    ] {
        assert!(
            found.iter().any(|f| f == at),
            "{at} is not among {found:#?}"
        );
    }
    let origin = Origin::file("nhi-registry.yaml");
    let document = Document {
        origin: &origin,
        bytes: BROKEN.as_bytes(),
    };
    let (facts, problems) = Registry.read(&document);
    assert_eq!(facts.registry.len(), 4);
    assert_eq!(
        facts.registry[0].review_by,
        DateField::Malformed("end of summer".into())
    );
    let notes = problems.iter().filter(|p| p.kind == ProblemKind::Note);
    assert_eq!(notes.count(), 3);
}
