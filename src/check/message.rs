//! Messages: a sentence with places for attributes, checked when loaded and filled per finding.
//!
//! `{name}` is an attribute, `{parameters.max_age_days}` a parameter; `{age_days:day}` counts
//! (`1 day`, `90 days`), `{n:identity|identities}` with its own plural. What stands in `[ ]` is left out
//! when something in it is unknown or empty. Doubled braces and brackets stand for themselves.

use super::compile::Names;
use super::error::{Fault, did_you_mean};
use super::schema::Type;
use super::subject::identity::list_text;
use super::value::Value;
use crate::model::Timestamp;
use std::borrow::Cow;

/// A compiled message.
#[derive(Debug)]
pub(super) struct Message(Vec<Part>);

#[derive(Debug)]
enum Part {
    Text(String),
    Field(Source, Type, Option<(String, String)>),
    Optional(Vec<Part>),
}

#[derive(Clone, Copy, Debug)]
enum Source {
    Attribute(usize),
    Parameter(usize),
}

/// How many items of a list are named.
const LISTED: usize = 5;

impl Message {
    /// Reads a template.
    pub(super) fn compile(template: &str, names: &Names<'_>) -> Result<Self, Fault> {
        let mut parts = Vec::new();
        let mut optional: Option<(usize, Vec<Part>)> = None;
        let mut chars = template.chars().enumerate().peekable();
        let mut text = String::new();
        while let Some((at, c)) = chars.next() {
            if matches!(c, '{' | '}' | '[' | ']') && chars.next_if(|(_, n)| *n == c).is_some() {
                text.push(c);
                continue;
            }
            let open = optional.as_mut().map_or(&mut parts, |(_, inner)| inner);
            match c {
                '{' => {
                    flush(&mut text, open);
                    let mut field = String::new();
                    let mut closed = false;
                    for (_, c) in chars.by_ref() {
                        if c == '}' {
                            closed = true;
                            break;
                        }
                        field.push(c);
                    }
                    if !closed {
                        return Err(Fault::new(at, "a `{` is not closed"));
                    }
                    open.push(self::field(&field, at + 1, names)?);
                }
                '[' => {
                    if optional.is_some() {
                        return Err(Fault::new(at, "optional parts do not nest"));
                    }
                    flush(&mut text, &mut parts);
                    optional = Some((at, Vec::new()));
                }
                ']' => match optional.take() {
                    Some((_, mut inner)) => {
                        flush(&mut text, &mut inner);
                        parts.push(Part::Optional(inner));
                    }
                    None => return Err(Fault::new(at, "a `]` closes nothing")),
                },
                '}' => return Err(Fault::new(at, "a `}` closes nothing")),
                _ => text.push(c),
            }
        }
        if let Some((at, _)) = optional {
            return Err(Fault::new(at, "a `[` is not closed"));
        }
        flush(&mut text, &mut parts);
        Ok(Self(parts))
    }

    /// Fills in a subject's attributes and the check's parameters.
    pub(super) fn render<'a>(
        &self,
        attribute: &dyn Fn(usize) -> Value<'a>,
        parameters: &[Value<'static>],
    ) -> String {
        let mut out = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Field(..) => {
                    let shown = shown(part, attribute, parameters);
                    out.push_str(shown.as_deref().unwrap_or("unknown"));
                }
                Part::Optional(inner) => {
                    let all: Option<Vec<Cow<'_, str>>> = inner
                        .iter()
                        .map(|p| shown(p, attribute, parameters))
                        .collect();
                    out.extend(all.into_iter().flatten());
                }
            }
        }
        // A name from a hostile file must not write to the reader's terminal.
        out.retain(|c| !c.is_control());
        out
    }
}

fn flush(text: &mut String, parts: &mut Vec<Part>) {
    if !text.is_empty() {
        // A folded template ends its lines with spaces.
        parts.push(Part::Text(std::mem::take(text).replace('\n', " ")));
    }
}

fn field(field: &str, at: usize, names: &Names<'_>) -> Result<Part, Fault> {
    let (name, noun) = match field.split_once(':') {
        Some((name, noun)) => (name.trim(), Some(noun.trim())),
        None => (field.trim(), None),
    };
    let (source, kind) = if let Some(parameter) = name.strip_prefix("parameters.") {
        let found = names.parameters.iter().position(|(n, _)| n == parameter);
        let kind = found.and_then(|p| names.parameters.get(p)).map(|(_, k)| *k);
        match (found, kind) {
            (Some(p), Some(kind)) => (Source::Parameter(p), kind),
            _ => {
                let known = names.parameters.iter().map(|(n, _)| n.as_str());
                return Err(Fault::new(
                    at,
                    format!("the check declares no parameter `{parameter}`"),
                )
                .hint(did_you_mean(parameter, known)));
            }
        }
    } else {
        let found = names.attributes.iter().position(|a| a.name == name);
        let kind = found.and_then(|p| names.attributes.get(p)).map(|a| a.kind);
        match (found, kind) {
            (Some(p), Some(kind)) => (Source::Attribute(p), kind),
            _ => {
                let known = names.attributes.iter().map(|a| a.name);
                return Err(Fault::new(at, format!("unknown attribute `{name}`"))
                    .hint(did_you_mean(name, known)));
            }
        }
    };
    let noun = match noun {
        None => None,
        Some(_) if kind != Type::Int => {
            return Err(Fault::new(at, format!("`{name}` is no number to count")));
        }
        Some(noun) => Some(noun.split_once('|').map_or_else(
            || (noun.to_owned(), format!("{noun}s")),
            |(one, many)| (one.to_owned(), many.to_owned()),
        )),
    };
    Ok(Part::Field(source, kind, noun))
}

/// A part as text; `None` when it is unknown or empty.
fn shown<'p, 'a: 'p>(
    part: &'p Part,
    attribute: &dyn Fn(usize) -> Value<'a>,
    parameters: &'p [Value<'static>],
) -> Option<Cow<'p, str>> {
    let (source, kind, noun) = match part {
        Part::Text(text) => return Some(Cow::Borrowed(text)),
        Part::Optional(_) => return None,
        Part::Field(source, kind, noun) => (source, *kind, noun),
    };
    let value: Value<'p> = match source {
        Source::Attribute(at) => attribute(*at),
        Source::Parameter(at) => parameters.get(*at)?.clone(),
    };
    Some(match (value, kind) {
        (Value::Unknown, _) => return None,
        (Value::Bool(true), _) => "yes".into(),
        (Value::Bool(false), _) => "no".into(),
        (Value::Int(rank), Type::Enum(set)) => set.word(rank).into(),
        (Value::Int(seconds), Type::Time) => Timestamp::from_seconds(seconds).date().into(),
        (Value::Int(number), _) => match noun {
            None => number.to_string().into(),
            Some((one, _)) if number == 1 => format!("1 {one}").into(),
            Some((_, many)) => format!("{number} {many}").into(),
        },
        (Value::Text(text), _) if text.is_empty() => return None,
        (Value::Text(text), _) => text,
        (Value::List(items), _) if items.is_empty() => return None,
        (Value::List(mut items), _) => {
            if items.len() > LISTED + 1 {
                let more = items.len() - LISTED;
                items.truncate(LISTED);
                items.push(format!("{more} more").into());
            }
            list_text(&items).into()
        }
    })
}
