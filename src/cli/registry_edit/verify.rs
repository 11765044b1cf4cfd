//! The last look before anything is written: does the new text read as the old one with the changes?

use super::append::Value;
use super::{Change, Stub};
use crate::platform::tree;

/// A value without where it stands and how it is quoted.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Plain {
    Null,
    Text(String),
    List(Vec<Plain>),
    Map(Vec<(String, Plain)>),
}

/// Whether the new text reads as the old one with these changes, and as nothing else.
pub(super) fn holds(old: &str, new: &str, changes: &[Change]) -> bool {
    let (Some(mut wanted), Some(found)) = (read(old), read(new)) else {
        return false;
    };
    let places: Vec<(usize, usize)> = wanted
        .iter()
        .enumerate()
        .flat_map(|(document, root)| {
            let many = match member(root, "identities") {
                Some(Plain::List(items)) => items.len(),
                _ => 0,
            };
            (0..many).map(move |item| (document, item))
        })
        .collect();
    for change in changes {
        match change {
            Change::Set(at, fields) => {
                let entry = places.get(*at).and_then(|(document, item)| {
                    match member_mut(wanted.get_mut(*document)?, "identities")? {
                        Plain::List(items) => items.get_mut(*item),
                        _ => None,
                    }
                });
                let Some(Plain::Map(entry)) = entry else {
                    return false;
                };
                for (key, text) in fields {
                    put(entry, key, Plain::Text(text.clone()));
                }
            }
            Change::Append(stubs) => append(&mut wanted, stubs),
        }
    }
    normal(&mut wanted);
    let mut found = found;
    normal(&mut found);
    wanted == found
}

fn append(wanted: &mut Vec<Plain>, stubs: &[Stub]) {
    if stubs.is_empty() {
        return;
    }
    let holds = |root: &Plain| member(root, "identities").is_some();
    let at = wanted.iter().position(holds).unwrap_or(0);
    if wanted.is_empty() {
        let version = ("version".to_owned(), Plain::Text("1".to_owned()));
        wanted.push(Plain::Map(vec![version]));
    }
    let Some(Plain::Map(root)) = wanted.get_mut(at) else {
        return;
    };
    if !root.iter().any(|(key, _)| key == "identities") {
        root.push(("identities".to_owned(), Plain::Null));
    }
    let Some((_, list)) = root.iter_mut().find(|(key, _)| key == "identities") else {
        return;
    };
    if !matches!(list, Plain::List(_)) {
        *list = Plain::List(Vec::new());
    }
    if let Plain::List(items) = list {
        items.extend(stubs.iter().map(entry));
    }
}

fn entry(stub: &Stub) -> Plain {
    let mut fields = vec![("id".to_owned(), Plain::Text(stub.id.clone()))];
    for field in &stub.fields {
        let value = match &field.value {
            Value::Text(text) | Value::Date(text) => Plain::Text(text.clone()),
            Value::Map(inner) => Plain::Map(
                inner
                    .iter()
                    .map(|(key, text)| ((*key).to_owned(), Plain::Text(text.clone())))
                    .collect(),
            ),
        };
        fields.push((field.key.to_owned(), value));
    }
    Plain::Map(fields)
}

fn member<'a>(root: &'a Plain, key: &str) -> Option<&'a Plain> {
    match root {
        Plain::Map(entries) => entries.iter().find(|(k, _)| k == key).map(|(_, v)| v),
        _ => None,
    }
}

fn member_mut<'a>(root: &'a mut Plain, key: &str) -> Option<&'a mut Plain> {
    match root {
        Plain::Map(entries) => entries.iter_mut().find(|(k, _)| k == key).map(|(_, v)| v),
        _ => None,
    }
}

fn put(entry: &mut Vec<(String, Plain)>, key: &str, value: Plain) {
    match entry.iter_mut().find(|(k, _)| k == key) {
        Some((_, old)) => *old = value,
        None => entry.push((key.to_owned(), value)),
    }
}

/// The order of a mapping's members says nothing; that of documents and entries does.
fn normal(values: &mut [Plain]) {
    for value in values {
        match value {
            Plain::Null | Plain::Text(_) => {}
            Plain::List(items) => normal(items),
            Plain::Map(entries) => {
                entries.sort_by(|a, b| a.0.cmp(&b.0));
                for (_, value) in entries {
                    normal(std::slice::from_mut(value));
                }
            }
        }
    }
}

fn read(text: &str) -> Option<Vec<Plain>> {
    let documents = tree::documents(text.as_bytes());
    documents
        .iter()
        .map(|read| read.as_ref().ok().map(plain))
        .collect()
}

fn plain(node: &tree::Node) -> Plain {
    match &node.value {
        tree::Value::Null => Plain::Null,
        tree::Value::Scalar { text, .. } => Plain::Text(text.clone()),
        tree::Value::List(items) => Plain::List(items.iter().map(plain).collect()),
        tree::Value::Map(entries) => Plain::Map(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), plain(value)))
                .collect(),
        ),
    }
}
