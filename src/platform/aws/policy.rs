//! Policy documents: the JSON that says who may do what, read leniently.
//!
//! What the language allows to be one or many is a list here; what cannot be understood is left out and
//! named, so that one odd statement does not lose the policy.

use serde_json::{Map, Value};
use std::borrow::Cow;

/// Largest document that is read, in bytes of its texts. What AWS stores of a customer is at most 32 KiB; its own
/// policies are larger.
const LARGEST: usize = 256 << 10;
/// Most combinations of a principal with an action or condition key that a statement may spell out.
const MOST_COMBINED: usize = 100_000;

/// A policy document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// `2012-10-17` or `2008-10-17`, as written.
    pub version: Option<String>,
    /// The statements that could be understood.
    pub statements: Vec<Statement>,
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Its position in the document.
    pub index: usize,
    /// Its `Sid`.
    pub sid: Option<String>,
    /// `true` for `Allow`, `false` for `Deny`.
    pub allow: bool,
    /// `Action` or `NotAction`, as written.
    pub actions: Selection,
    /// `Resource` or `NotResource`, as written; trust policies have none.
    pub resources: Option<Selection>,
    /// `Principal`, for resource policies.
    pub principals: Vec<Principal>,
    /// `NotPrincipal`, for resource policies.
    pub not_principals: Vec<Principal>,
    /// The `Condition` block as canonical JSON: keys sorted, no white space.
    pub condition: Option<String>,
    /// The condition keys, lower case, sorted.
    pub condition_keys: Vec<String>,
}

/// A list that selects what it holds, or all but that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// `NotAction`, `NotResource`.
    pub negated: bool,
    /// Patterns.
    pub patterns: Vec<String>,
}

/// One principal of a resource policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Principal {
    /// `AWS`, `Service`, `Federated`, `CanonicalUser`; `*` where the document says just `*`.
    pub kind: String,
    /// The value.
    pub value: String,
}

/// A policy document in the forms that exports have: an object, or a string that holds the JSON, URL-encoded
/// (RFC 3986) or plain. `None` when it is neither.
pub fn embedded(value: &Value) -> Option<Cow<'_, Value>> {
    match value {
        Value::Object(_) => Some(Cow::Borrowed(value)),
        Value::String(text) => {
            let text = text.trim();
            if text.starts_with('{') {
                serde_json::from_str(text).ok().map(Cow::Owned)
            } else {
                let text = percent_decoded(text)?;
                serde_json::from_str(&text).ok().map(Cow::Owned)
            }
        }
        _ => None,
    }
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |b: u8| char::from(b).to_digit(16);
            let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// Whether a document is no larger than policies are. One that is larger is not judged, for the work grows with
/// what is compared with what; it counts as one that was not read.
pub fn is_of_size(value: &Value) -> bool {
    weight(value, LARGEST) <= LARGEST
}

/// Bytes of texts and keys, a few for anything else; counted no further than just beyond the limit.
fn weight(value: &Value, limit: usize) -> usize {
    let mut sum = 2_usize;
    let mut add = |value: &Value, key: usize| {
        sum = sum.saturating_add(key);
        if sum <= limit {
            sum = sum.saturating_add(weight(value, limit));
        }
    };
    match value {
        Value::String(text) => return text.len().saturating_add(2),
        Value::Array(items) => items.iter().for_each(|item| add(item, 0)),
        Value::Object(map) => map.iter().for_each(|(key, v)| add(v, key.len())),
        _ => {}
    }
    sum
}

/// Reads a document. The second part names what could not be understood, as JSON pointer and sentence.
pub fn document(value: &Value) -> (Document, Vec<(String, &'static str)>) {
    let mut problems = Vec::new();
    let Value::Object(map) = value else {
        return (
            Document::default(),
            vec![(String::new(), "policy document is not an object")],
        );
    };
    if !is_of_size(value) {
        let message = "policy document is larger than any that AWS stores; not judged";
        return (Document::default(), vec![(String::new(), message)]);
    }
    let version = text(map, "Version").map(str::to_owned);
    let mut statements = Vec::new();
    match field(map, "Statement") {
        Some(Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                match statement(index, item) {
                    Ok(statement) => statements.push(statement),
                    Err(message) => problems.push((format!("/Statement/{index}"), message)),
                }
            }
        }
        Some(item @ Value::Object(_)) => match statement(0, item) {
            Ok(statement) => statements.push(statement),
            Err(message) => problems.push(("/Statement".to_owned(), message)),
        },
        Some(_) => problems.push(("/Statement".to_owned(), "Statement is not a list")),
        None => problems.push((String::new(), "policy document has no Statement")),
    }
    (
        Document {
            version,
            statements,
        },
        problems,
    )
}

fn statement(index: usize, value: &Value) -> Result<Statement, &'static str> {
    let Value::Object(map) = value else {
        return Err("statement is not an object");
    };
    let allow = match text(map, "Effect") {
        Some(effect) if effect.eq_ignore_ascii_case("allow") => true,
        Some(effect) if effect.eq_ignore_ascii_case("deny") => false,
        _ => return Err("statement has no Effect of Allow or Deny"),
    };
    let actions = selection(map, "Action", "NotAction")?.ok_or("statement has no Action")?;
    let resources = selection(map, "Resource", "NotResource")?;
    let (condition, condition_keys) = match field(map, "Condition") {
        None | Some(Value::Null) => (None, Vec::new()),
        Some(Value::Object(block)) if block.is_empty() => (None, Vec::new()),
        Some(block) => (Some(canonical(block)), condition_keys(block)),
    };
    let (principals, not_principals) = (
        principals(field(map, "Principal")),
        principals(field(map, "NotPrincipal")),
    );
    let named = principals.len().saturating_add(not_principals.len());
    let asked = actions.patterns.len().saturating_add(condition_keys.len());
    if named.saturating_mul(asked) > MOST_COMBINED {
        return Err("statement combines more principals and actions than any that AWS stores");
    }
    Ok(Statement {
        index,
        sid: text(map, "Sid")
            .filter(|sid| !sid.is_empty())
            .map(str::to_owned),
        allow,
        actions,
        resources,
        principals,
        not_principals,
        condition,
        condition_keys,
    })
}

impl Statement {
    /// What a person would call it: the `Sid`, or `Statement[2]`.
    pub fn label(&self) -> String {
        match &self.sid {
            Some(sid) => sid.clone(),
            None => format!("Statement[{}]", self.index),
        }
    }
}

/// A member by name without regard to case, for IAM accepts element names in any.
fn field<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    map.get(name).or_else(|| {
        map.iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    })
}

fn text<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    field(map, name)?.as_str()
}

fn selection(
    map: &Map<String, Value>,
    name: &str,
    not_name: &str,
) -> Result<Option<Selection>, &'static str> {
    let (negated, value) = match (field(map, name), field(map, not_name)) {
        (Some(value), None) => (false, value),
        (None, Some(value)) => (true, value),
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => return Err("statement has an element and its negation"),
    };
    let patterns = strings(value).ok_or("statement has an element that is not text")?;
    Ok(Some(Selection { negated, patterns }))
}

fn strings(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(one) => Some(vec![one.trim().to_owned()]),
        Value::Array(items) => items
            .iter()
            .map(|item| item.as_str().map(|text| text.trim().to_owned()))
            .collect(),
        _ => None,
    }
}

fn principals(value: Option<&Value>) -> Vec<Principal> {
    let mut found = Vec::new();
    match value {
        Some(Value::String(text)) => found.push(Principal {
            kind: text.clone(),
            value: text.clone(),
        }),
        Some(Value::Object(kinds)) => {
            for (kind, value) in kinds {
                for value in strings(value).unwrap_or_default() {
                    let kind = kind.clone();
                    found.push(Principal { kind, value });
                }
            }
        }
        _ => {}
    }
    found
}

/// JSON with sorted keys and no white space. Recursion is bounded by the parser's own limit on nesting.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| key.as_str());
            let entries: Vec<_> = entries
                .into_iter()
                .map(|(key, value)| format!("{}:{}", Value::from(key.as_str()), canonical(value)))
                .collect();
            format!("{{{}}}", entries.join(","))
        }
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        other => other.to_string(),
    }
}

fn condition_keys(block: &Value) -> Vec<String> {
    let mut keys: Vec<_> = block
        .as_object()
        .into_iter()
        .flat_map(Map::values)
        .filter_map(Value::as_object)
        .flat_map(Map::keys)
        .map(|key| key.to_ascii_lowercase())
        .collect();
    keys.sort();
    keys.dedup();
    keys
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn one_or_many_encoded_or_not() {
        let plain = json!({"Version": "2012-10-17", "Statement":
            {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}});
        let encoded = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%5B%22s3%3A%2A%22%5D%2C%22Resource%22%3A%22%2A%22%7D%5D%7D";
        let read = |v: &Value| document(&embedded(v).unwrap()).0;
        assert_eq!(read(&plain), read(&json!(encoded)));
        assert_eq!(read(&plain), read(&json!(plain.to_string())));
        assert_eq!(embedded(&json!("%7")), None);
        assert_eq!(embedded(&json!(3)), None);
    }

    #[test]
    fn an_odd_statement_does_not_lose_the_others() {
        let (read, problems) = document(&json!({"Statement": [
            {"Effect": "Maybe", "Action": "*", "Resource": "*"},
            {"effect": "deny", "notaction": ["a:b"], "resource": "*", "Sid": "x"},
            7,
        ]}));
        assert_eq!(read.statements.len(), 1);
        assert!(read.statements[0].actions.negated && !read.statements[0].allow);
        assert_eq!(problems.len(), 2);
    }

    #[test]
    fn conditions_are_canonical() {
        let (read, _) = document(
            &json!({"Statement": {"Effect": "Allow", "Action": "*", "Condition":
            {"StringLike": {"b:X": ["2", "1"]}, "Bool": {"A:y": "true"}}}}),
        );
        let statement = &read.statements[0];
        assert_eq!(
            statement.condition.as_deref(),
            Some(r#"{"Bool":{"A:y":"true"},"StringLike":{"b:X":["2","1"]}}"#)
        );
        assert_eq!(statement.condition_keys, ["a:y", "b:x"]);
    }
}
