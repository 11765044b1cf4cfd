//! The JSON form of the language.

use super::super::tree::{self, Node, Value};
use super::config::is_values;
use super::parse::{self, Trouble};
use super::syntax::{Attribute, Block, Body, Expr, ExprKind};
use std::borrow::Cow;

/// Reads a file.
pub(super) fn body<'d>(text: &'d str, name: &str) -> (Body<'d>, Vec<Trouble>) {
    let mut out = Body::default();
    let mut trouble = Vec::new();
    // YAML's reader knows lines, and JSON is YAML but for rare cases.
    let strict = tree::json(text.as_bytes()).iter().all(Result::is_ok);
    let mut read = if strict { tree::yaml(text) } else { Vec::new() };
    let is_map = |node: &Result<Node, _>| node.as_ref().is_ok_and(Node::is_map);
    if read.len() != 1 || !read.iter().all(is_map) {
        read = tree::documents(text.as_bytes());
    }
    for document in read {
        match document {
            Ok(node) => top(&node, is_values(name), &mut out),
            Err(error) => trouble.push(Trouble {
                line: error.line,
                limit: error.limit,
                message: "invalid JSON",
            }),
        }
    }
    (out, trouble)
}

fn top<'d>(node: &Node, values: bool, out: &mut Body<'d>) {
    for (key, value) in node.entries() {
        if values {
            out.attributes.push(attribute(key, value, false));
            continue;
        }
        let labels = match key.as_str() {
            "resource" | "data" | "ephemeral" => 2,
            "module" | "variable" | "output" | "provider" => 1,
            _ => 0,
        };
        blocks(key, value, labels, Vec::new(), out);
    }
}

/// Blocks below their labels.
fn blocks<'d>(
    kind: &str,
    node: &Node,
    labels: usize,
    before: Vec<Cow<'d, str>>,
    out: &mut Body<'d>,
) {
    match &node.value {
        Value::List(items) => {
            for item in items {
                blocks(kind, item, labels, before.clone(), out);
            }
        }
        Value::Map(entries) if labels > 0 => {
            for (label, inner) in entries {
                let mut all = before.clone();
                all.push(Cow::Owned(label.clone()));
                blocks(kind, inner, labels - 1, all, out);
            }
        }
        Value::Map(entries) => {
            let mut body = Body::default();
            for (key, value) in entries {
                let nested = match (kind, key.as_str()) {
                    ("terraform", "backend") => Some(1),
                    ("terraform", "cloud") => Some(0),
                    ("resource" | "data", "dynamic") => Some(1),
                    ("dynamic", "content") => Some(0),
                    _ => None,
                };
                match nested {
                    Some(labels) => blocks(key, value, labels, Vec::new(), &mut body),
                    // What is a list of objects may be blocks or an argument; both come out as that.
                    None => {
                        let variable_type = kind == "variable" && key == "type";
                        body.attributes.push(attribute(key, value, variable_type));
                    }
                }
            }
            out.blocks.push(Block {
                kind: Cow::Owned(kind.to_owned()),
                labels: before,
                line: node.line,
                body,
            });
        }
        _ => {}
    }
}

fn attribute<'d>(key: &str, node: &Node, code: bool) -> Attribute<'d> {
    let value = match node.text() {
        // Types are code in a text.
        Some(text) if code => {
            let wrapped = format!("${{{text}}}");
            expression_of(&wrapped, node.line)
        }
        _ => expression(node),
    };
    Attribute {
        name: Cow::Owned(key.to_owned()),
        line: node.line,
        value,
    }
}

fn expression<'d>(node: &Node) -> Expr<'d> {
    let line = node.line;
    let kind = match &node.value {
        Value::Null => ExprKind::Null,
        Value::Scalar { text, plain: true } => match text.as_str() {
            "true" => ExprKind::Bool(true),
            "false" => ExprKind::Bool(false),
            _ => ExprKind::Number(Cow::Owned(text.clone())),
        },
        Value::Scalar { text, plain: false } => return expression_of(text, line),
        Value::List(items) => ExprKind::List(items.iter().map(expression).collect()),
        Value::Map(entries) => ExprKind::Object(
            entries
                .iter()
                .filter(|(key, _)| key != "//")
                .map(|(key, value)| (expression_of(key, value.line), expression(value)))
                .collect(),
        ),
    };
    Expr { line, kind }
}

/// A text as a template.
fn expression_of<'d>(text: &str, line: u32) -> Expr<'d> {
    let owned = || Expr {
        line,
        kind: ExprKind::Text(Cow::Owned(text.to_owned())),
    };
    if !text.contains("${") && !text.contains("%{") {
        return owned();
    }
    parse::template(text, line).map_or_else(owned, Expr::into_owned)
}
