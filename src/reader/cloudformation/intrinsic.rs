//! Intrinsic functions and conditions, evaluated as far as the template itself decides them.

use super::Template;
use crate::platform::tree::{Node, Value};
use std::cell::Cell;

/// Deepest nesting of functions that is evaluated.
const MAX_DEPTH: usize = 64;
/// How many nodes one resource may evaluate to: joins of joins must not fill the memory.
const MAX_NODES: usize = 200_000;
/// Longest text that is put together.
const MAX_TEXT: usize = 64 << 10;
/// How many bytes of text weigh as much as a node.
const NODE_BYTES: usize = 64;

/// The value of an argument whose property is to be left out: `AWS::NoValue`.
const NO_VALUE: &str = "AWS::NoValue";

/// Evaluates nodes of one template within a budget.
pub(super) struct Evaluator<'t> {
    template: &'t Template<'t>,
    left: Cell<usize>,
}

impl<'t> Evaluator<'t> {
    pub(super) fn new(template: &'t Template<'t>) -> Self {
        Self {
            template,
            left: Cell::new(MAX_NODES),
        }
    }

    /// The node with its functions evaluated; `None` where it is to be left out.
    pub(super) fn value(&self, node: &Node) -> Option<Node> {
        self.eval(node, 0)
    }

    /// What a condition of the template decides; `None` where a deployment does.
    pub(super) fn condition(&self, name: &str) -> Option<bool> {
        self.named_condition(name, 0)
    }

    fn eval(&self, node: &Node, depth: usize) -> Option<Node> {
        let left = self.left.get();
        if depth > MAX_DEPTH || left == 0 {
            return Some(text(node.line, "${too deeply nested}"));
        }
        self.left.set(left - 1);
        if let Some((name, argument)) = node.only()
            && let Some(function) = function(name)
        {
            return self.call(function, argument, node.line, depth + 1);
        }
        let value = match &node.value {
            Value::List(items) => {
                let items = items.iter();
                Value::List(items.filter_map(|i| self.eval(i, depth + 1)).collect())
            }
            Value::Map(entries) => Value::Map(
                entries
                    .iter()
                    .filter_map(|(key, value)| Some((key.clone(), self.eval(value, depth + 1)?)))
                    .collect(),
            ),
            Value::Scalar { text: long, .. } if long.len() > MAX_TEXT => {
                self.spend(MAX_TEXT / NODE_BYTES);
                return Some(text(node.line, bounded(long.clone())));
            }
            other => other.clone(),
        };
        if let Value::Scalar { text, .. } = &value {
            self.spend(text.len() / NODE_BYTES);
        }
        Some(Node {
            line: node.line,
            file: 0,
            value,
        })
    }

    fn spend(&self, nodes: usize) {
        self.left.set(self.left.get().saturating_sub(nodes));
    }

    fn call(&self, function: &str, argument: &Node, line: u32, depth: usize) -> Option<Node> {
        let parts = || -> Vec<Node> {
            let items = argument.items().iter();
            items.filter_map(|item| self.eval(item, depth)).collect()
        };
        let out = match function {
            "Ref" => return self.reference(argument.text()?, line, depth),
            "GetAtt" => {
                let path = match argument.text() {
                    Some(path) => path.to_owned(),
                    None => texts(&parts()).join("."),
                };
                text(line, format!("${{{path}}}"))
            }
            "Sub" => self.substitute(argument, line, depth),
            "Join" => {
                let parts = parts();
                let [separator, list] = parts.as_slice() else {
                    return Some(unknown(function, line));
                };
                match &list.value {
                    Value::List(items) => {
                        let texts = texts(items);
                        text(
                            line,
                            bounded(texts.join(separator.text().unwrap_or_default())),
                        )
                    }
                    _ => unknown(function, line),
                }
            }
            "If" => {
                let [name, yes, no] = argument.items() else {
                    return Some(unknown(function, line));
                };
                let name = name.text().unwrap_or_default();
                return match self.named_condition(name, depth) {
                    Some(true) => self.eval(yes, depth),
                    Some(false) => self.eval(no, depth),
                    // Neither branch is certain; what one of them says is better than nothing.
                    None => self.eval(yes, depth).or_else(|| self.eval(no, depth)),
                };
            }
            "Select" => {
                let parts = parts();
                let at = parts
                    .first()
                    .and_then(Node::text)
                    .and_then(|n| n.parse().ok());
                let list = parts.get(1).map_or(&[][..], Node::items);
                let chosen = at.and_then(|at: usize| list.get(at)).cloned();
                chosen.unwrap_or_else(|| unknown(function, line))
            }
            "Split" => {
                let parts = parts();
                match parts.as_slice() {
                    [separator, whole] if separator.text().is_some_and(|s| !s.is_empty()) => {
                        let separator = separator.text().unwrap_or_default();
                        let whole = whole.text().unwrap_or_default();
                        let items = whole.split(separator).take(1000);
                        Node {
                            line,
                            file: 0,
                            value: Value::List(items.map(|item| text(line, item)).collect()),
                        }
                    }
                    _ => unknown(function, line),
                }
            }
            "FindInMap" => {
                let parts = parts();
                let keys: Vec<&str> = parts.iter().filter_map(Node::text).collect();
                let maps = self.template.root.get("Mappings");
                let found = match keys.as_slice() {
                    [map, first, second, ..] => maps.and_then(|m| m.at(&[map, first, second])),
                    _ => None,
                };
                match found {
                    Some(found) => return self.eval(found, depth),
                    None => unknown(function, line),
                }
            }
            "ToJsonString" => {
                let value = self.eval(argument, depth)?;
                text(line, super::policies::json(&value))
            }
            "ImportValue" => {
                let name = self.eval(argument, depth)?;
                let name = name.text().unwrap_or("?");
                text(line, format!("${{import {}}}", plain(name)))
            }
            // What follows is text for machines, or lists of zones and addresses.
            _ => unknown(function, line),
        };
        Some(out)
    }

    /// A parameter's value, a pseudo parameter, or a resource's name.
    fn reference(&self, name: &str, line: u32, depth: usize) -> Option<Node> {
        if name == NO_VALUE {
            return None;
        }
        if let Some(known) = self.pseudo(name) {
            return Some(text(line, known));
        }
        if let Some(parameter) = self.template.parameters.get(name) {
            let default = parameter.get("Default").filter(|d| d.text() != Some(""));
            let secret = parameter.bool("NoEcho") == Some(true);
            let listed = parameter
                .str("Type")
                .is_some_and(|kind| kind.starts_with("List<") || kind == "CommaDelimitedList");
            return Some(match default {
                Some(default) if !secret && listed => {
                    let items = default.text().unwrap_or_default().split(',');
                    Node {
                        line,
                        file: 0,
                        value: Value::List(items.map(|item| text(line, item.trim())).collect()),
                    }
                }
                // The name of a parameter of the store is not the value.
                Some(default) if !secret && !is_stored(parameter) => self.eval(default, depth)?,
                _ => text(line, format!("${{{name}}}")),
            });
        }
        Some(text(line, format!("${{{name}}}")))
    }

    fn pseudo(&self, name: &str) -> Option<String> {
        let template = self.template;
        match name {
            "AWS::AccountId" => Some(template.account.to_string()),
            "AWS::Partition" => Some("aws".to_owned()),
            "AWS::URLSuffix" => Some("amazonaws.com".to_owned()),
            _ => None,
        }
    }

    fn substitute(&self, argument: &Node, line: u32, depth: usize) -> Node {
        let (pattern, own) = match argument.items() {
            [pattern, own, ..] => (pattern.text(), Some(own)),
            _ => (argument.text(), None),
        };
        let mut rest = pattern.unwrap_or_default();
        let mut out = String::new();
        while let Some((before, after)) = rest.split_once("${") {
            out.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                out.push_str("${");
                rest = after;
                break;
            };
            rest = after;
            if let Some(literal) = name.strip_prefix('!') {
                out.push_str(&format!("${{{literal}}}"));
                continue;
            }
            let name = name.trim();
            let own = own.and_then(|own| own.get(name));
            let value = match own {
                Some(own) => self.eval(own, depth),
                None if name.contains('.') => None,
                None => self.reference(name, line, depth),
            };
            match value.as_ref().and_then(Node::text) {
                Some(value) => {
                    self.spend(value.len() / NODE_BYTES);
                    out.push_str(value);
                }
                None => out.push_str(&format!("${{{name}}}")),
            }
            if out.len() > MAX_TEXT {
                break;
            }
        }
        out.push_str(rest);
        text(line, bounded(out))
    }

    fn named_condition(&self, name: &str, depth: usize) -> Option<bool> {
        let left = self.left.get();
        if depth > MAX_DEPTH || left == 0 {
            return None;
        }
        self.left.set(left - 1);
        self.decide(self.template.conditions.get(name)?, depth + 1)
    }

    fn decide(&self, node: &Node, depth: usize) -> Option<bool> {
        let left = self.left.get();
        if depth > MAX_DEPTH || left == 0 {
            return None;
        }
        self.left.set(left - 1);
        let (name, argument) = node.only()?;
        let each = || argument.items().iter().map(|i| self.decide(i, depth + 1));
        match function(name).unwrap_or(name) {
            "Condition" => self.named_condition(argument.text()?, depth + 1),
            "And" => each().try_fold(true, |all, one| one.map(|one| all && one)),
            "Or" => each().try_fold(false, |any, one| one.map(|one| any || one)),
            "Not" => each().next().flatten().map(|one| !one),
            "Equals" => {
                let parts: Vec<Node> = argument
                    .items()
                    .iter()
                    .filter_map(|item| self.eval(item, depth + 1))
                    .collect();
                match texts(&parts).as_slice() {
                    [one, other] if !open(one) && !open(other) => Some(one == other),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

/// The name of an intrinsic function without the mark of its form: `Ref`, `Fn::Sub`, `!Sub`.
fn function(name: &str) -> Option<&str> {
    if name == "Ref" {
        return Some(name);
    }
    name.strip_prefix("Fn::").or_else(|| name.strip_prefix('!'))
}

/// Whether a parameter's value is the name of one in the parameter store.
fn is_stored(parameter: &Node) -> bool {
    let kind = parameter.str("Type").unwrap_or_default();
    kind.starts_with("AWS::SSM::Parameter")
}

/// Whether a deployment decides something in the text.
fn open(text: &str) -> bool {
    text.contains("${")
}

fn text(line: u32, text: impl Into<String>) -> Node {
    Node {
        line,
        file: 0,
        value: Value::Scalar {
            text: text.into(),
            plain: false,
        },
    }
}

fn unknown(function: &str, line: u32) -> Node {
    text(line, format!("${{{}}}", plain(function)))
}

/// A name for use inside a symbol.
fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| !matches!(c, '$' | '{' | '}'))
        .take(200)
        .collect()
}

fn bounded(mut text: String) -> String {
    if text.len() > MAX_TEXT {
        let end = (0..=MAX_TEXT).rev().find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or(0));
    }
    text
}

fn texts(nodes: &[Node]) -> Vec<&str> {
    nodes.iter().map(|n| n.text().unwrap_or("${?}")).collect()
}
