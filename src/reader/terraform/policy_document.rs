//! `data "aws_iam_policy_document"`: blocks to the JSON text that the provider makes of them.

use super::value::{Map, Text, V, Val};
use serde_json::{Map as Object, Value};

/// Works out `json` and `minified_json`.
pub(super) fn complete(values: &mut Map) {
    let json = render(values);
    for (name, pretty) in [("minified_json", false), ("json", true)] {
        let mut out = String::new();
        write(&json, pretty.then_some(0), &mut out, 0);
        values.insert(name.into(), V::text(out).val());
    }
}

/// The order in which the provider writes members; others come behind, by name.
const ORDER: [&str; 12] = [
    "Version",
    "Id",
    "Statement",
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Principal",
    "NotPrincipal",
    "Condition",
];

/// Writes JSON as the provider does: members in its order, two spaces of indentation, `<`, `>` and `&` escaped.
fn write(value: &Value, indent: Option<usize>, out: &mut String, depth: u32) {
    let line = |out: &mut String, indent: Option<usize>| {
        if let Some(indent) = indent {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
        }
    };
    let inner = indent.map(|indent| indent + 2);
    match value {
        Value::Array(items) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                out.push(if at == 0 { '[' } else { ',' });
                line(out, inner);
                write(item, inner, out, depth + 1);
            }
            line(out, indent);
            out.push(']');
        }
        Value::Object(entries) if !entries.is_empty() => {
            let mut entries: Vec<_> = entries.iter().collect();
            // Only the document and its statements have an order of their own.
            if depth == 0 || depth == 2 {
                let rank = |name: &str| ORDER.iter().position(|it| *it == name);
                entries.sort_by_key(|(name, _)| rank(name).unwrap_or(ORDER.len()));
            }
            for (at, (name, item)) in entries.iter().enumerate() {
                out.push(if at == 0 { '{' } else { ',' });
                line(out, inner);
                out.push_str(&quoted(name));
                out.push(':');
                if indent.is_some() {
                    out.push(' ');
                }
                write(item, inner, out, depth + 1);
            }
            line(out, indent);
            out.push('}');
        }
        Value::String(text) => out.push_str(&quoted(text)),
        other => out.push_str(&other.to_string()),
    }
}

fn quoted(text: &str) -> String {
    let text = Value::from(text).to_string();
    if !text.contains(['<', '>', '&']) {
        return text;
    }
    text.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
}

fn render(values: &Map) -> Value {
    let text = |name: &str| values.get(name).and_then(|v| v.v.interpolated());
    let mut document = Parts {
        version: text("version")
            .unwrap_or_else(|| "2012-10-17".into())
            .to_string(),
        id: text("policy_id").map(|id| id.to_string()),
        statements: Vec::new(),
    };
    let listed = |name: &str| -> Vec<Text> {
        let items = values.get(name).and_then(|v| v.v.items());
        let texts = items.map(|items| items.iter().filter_map(|i| i.v.interpolated()).collect());
        // A list that is not known as such is one document that is not known.
        let single = values.get(name).and_then(|v| v.v.interpolated());
        texts.unwrap_or_else(|| single.into_iter().collect())
    };
    let mut base = Parts::default();
    for source in listed("source_policy_documents")
        .into_iter()
        .chain(text("source_json"))
    {
        base.merge(Parts::parse(&source));
    }
    let statements = values.get("statement").and_then(|v| v.v.items());
    for block in statements.map(|items| items.iter()).into_iter().flatten() {
        if let Some(block) = block.v.entries() {
            document.statements.push(statement(block));
        }
    }
    base.merge(document);
    for over in listed("override_policy_documents")
        .into_iter()
        .chain(text("override_json"))
    {
        base.merge(Parts::parse(&over));
    }
    let mut out = Object::new();
    out.insert("Version".into(), base.version.into());
    if let Some(id) = base.id {
        out.insert("Id".into(), id.into());
    }
    out.insert("Statement".into(), Value::Array(base.statements));
    Value::Object(out)
}

/// A policy document while it is put together.
#[derive(Default)]
struct Parts {
    version: String,
    id: Option<String>,
    statements: Vec<Value>,
}

impl Parts {
    fn parse(text: &str) -> Self {
        let Ok(Value::Object(mut object)) = serde_json::from_str(text) else {
            // Not known, or no document: its statement stands for it, so that it is not taken for none.
            let statement = serde_json::json!({ "Sid": text });
            return Self {
                statements: if text.trim().is_empty() {
                    Vec::new()
                } else {
                    vec![statement]
                },
                ..Self::default()
            };
        };
        let text = |value: Option<Value>| match value {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        Self {
            version: text(object.remove("Version")).unwrap_or_default(),
            id: text(object.remove("Id")),
            statements: match object.remove("Statement") {
                Some(Value::Array(statements)) => statements,
                Some(statement @ Value::Object(_)) => vec![statement],
                _ => Vec::new(),
            },
        }
    }

    /// What comes later wins: its version and id, and its statements over those of the same Sid.
    fn merge(&mut self, other: Self) {
        if !other.version.is_empty() {
            self.version = other.version;
        }
        if other.id.is_some() {
            self.id = other.id;
        }
        let sid = |statement: &Value| {
            let sid = statement.get("Sid").and_then(Value::as_str);
            sid.filter(|sid| !sid.is_empty()).map(str::to_owned)
        };
        let mut places: std::collections::HashMap<String, usize> = self
            .statements
            .iter()
            .enumerate()
            .filter_map(|(at, statement)| Some((sid(statement)?, at)))
            .collect();
        for statement in other.statements {
            let name = sid(&statement);
            let place = name.as_ref().and_then(|name| places.get(name));
            match place.and_then(|&at| self.statements.get_mut(at)) {
                Some(slot) => *slot = statement,
                None => {
                    if let Some(name) = name {
                        places.insert(name, self.statements.len());
                    }
                    self.statements.push(statement);
                }
            }
        }
    }
}

fn statement(block: &Map) -> Value {
    let mut out = Object::new();
    let text = |name: &str| block.get(name).and_then(|v| v.v.interpolated());
    if let Some(sid) = text("sid").filter(|sid| !sid.is_empty()) {
        out.insert("Sid".into(), (*sid).into());
    }
    let effect = text("effect").unwrap_or_else(|| "Allow".into());
    out.insert("Effect".into(), (*effect).into());
    let lists = [
        ("actions", "Action"),
        ("not_actions", "NotAction"),
        ("resources", "Resource"),
        ("not_resources", "NotResource"),
    ];
    for (from, to) in lists {
        if let Some(value) = block.get(from).and_then(|value| strings(&value.v)) {
            out.insert(to.into(), value);
        }
    }
    for (from, to) in [
        ("principals", "Principal"),
        ("not_principals", "NotPrincipal"),
    ] {
        if let Some(value) = principals(block.get(from)) {
            out.insert(to.into(), value);
        }
    }
    if let Some(conditions) = conditions(block.get("condition")) {
        out.insert("Condition".into(), conditions);
    }
    Value::Object(out)
}

/// Texts as the provider writes them: sorted backwards, each once, and one alone is no list.
fn strings(value: &V) -> Option<Value> {
    let items: Vec<Text> = match value {
        V::List(items) | V::Set(items) => items.iter().filter_map(|item| symbol(&item.v)).collect(),
        V::Null => return None,
        other => symbol(other).into_iter().collect(),
    };
    one_or_many(items)
}

fn one_or_many(mut items: Vec<Text>) -> Option<Value> {
    items.sort_unstable_by(|a, b| b.cmp(a));
    items.dedup();
    match items.as_slice() {
        [] => None,
        [only] => Some(Value::from(&**only)),
        many => Some(Value::Array(
            many.iter().map(|item| Value::from(&**item)).collect(),
        )),
    }
}

/// The provider writes `&{…}` for IAM's own variables, which would else be the language's.
fn symbol(value: &V) -> Option<Text> {
    let text = value.interpolated()?;
    Some(if text.contains("&{") {
        text.replace("&{", "${").into()
    } else {
        text
    })
}

fn principals(blocks: Option<&Val>) -> Option<Value> {
    let blocks = blocks?.v.items()?;
    let mut kinds: std::collections::BTreeMap<Text, Vec<Text>> = std::collections::BTreeMap::new();
    for block in blocks.iter().filter_map(|block| block.v.entries()) {
        let kind = block.get("type").and_then(|v| v.v.interpolated())?;
        let identifiers = block.get("identifiers").map(|v| &v.v);
        let group = kinds.entry(kind).or_default();
        match identifiers {
            Some(V::List(items) | V::Set(items)) => {
                group.extend(items.iter().filter_map(|item| symbol(&item.v)));
            }
            Some(other) => group.extend(symbol(other)),
            None => {}
        }
    }
    if kinds.is_empty() {
        return None;
    }
    // Everybody, as the provider writes it.
    if kinds.len() == 1
        && let Some((kind, names)) = kinds.first_key_value()
        && &**kind == "*"
        && names.iter().any(|name| &**name == "*")
    {
        return Some("*".into());
    }
    let mut out = Object::new();
    for (kind, names) in kinds {
        if let Some(value) = one_or_many(names) {
            out.insert((*kind).to_owned(), value);
        }
    }
    Some(Value::Object(out))
}

fn conditions(blocks: Option<&Val>) -> Option<Value> {
    let blocks = blocks?.v.items()?;
    let mut out = Object::new();
    for block in blocks.iter().filter_map(|block| block.v.entries()) {
        let text = |name: &str| block.get(name).and_then(|v| v.v.interpolated());
        let (Some(test), Some(variable)) = (text("test"), text("variable")) else {
            continue;
        };
        let values: Vec<Value> = match block.get("values").map(|v| &v.v) {
            Some(V::List(items) | V::Set(items)) => items
                .iter()
                .filter_map(|item| symbol(&item.v))
                .map(|text| Value::from(&*text))
                .collect(),
            Some(other) => symbol(other)
                .iter()
                .map(|text| Value::from(&**text))
                .collect(),
            None => Vec::new(),
        };
        let tests = out.entry((*test).to_owned());
        let tests = tests.or_insert_with(|| Value::Object(Object::new()));
        let Some(tests) = tests.as_object_mut() else {
            continue;
        };
        // Values of one test and key are put together.
        let mut all = match tests.remove(&*variable) {
            Some(Value::Array(before)) => before,
            Some(before) => vec![before],
            None => Vec::new(),
        };
        all.extend(values);
        let value = match <[Value; 1]>::try_from(all) {
            Ok([only]) => only,
            Err(many) => Value::Array(many),
        };
        tests.insert((*variable).to_owned(), value);
    }
    (!out.is_empty()).then_some(Value::Object(out))
}
