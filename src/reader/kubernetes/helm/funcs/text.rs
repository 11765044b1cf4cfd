//! Functions on text.

use super::super::engine::{Engine, Stop, error};
use super::super::value::{Value, json_string};
use super::{Answer, Arguments};
use std::collections::BTreeMap;

/// Longest indentation or repetition that is done.
const MAX_REPEAT: i64 = 1 << 24;

pub(super) fn call(engine: &mut Engine, name: &str, a: &Arguments) -> Answer {
    let text = |text: String| Ok(Value::str(text));
    let flag = |flag: bool| Ok(Value::Bool(flag));
    Some(match name {
        "print" => text(print(a.all())),
        "println" => {
            let words: Vec<_> = a.all().iter().map(Value::text).collect();
            text(format!("{}\n", words.join(" ")))
        }
        "printf" => printf(engine, &a.text(0), a.all().get(1..).unwrap_or_default()),
        "quote" => text(quoted(a, json_string)),
        "squote" => text(quoted(a, |text| format!("'{text}'"))),
        "toString" => text(a.text(0)),
        "toStrings" => Ok(Value::list(
            a.get(0)
                .items()
                .iter()
                .map(|item| Value::str(item.text()))
                .collect(),
        )),
        "lower" => text(a.text(0).to_lowercase()),
        "upper" => text(a.text(0).to_uppercase()),
        "title" => text(title(&a.text(0))),
        "untitle" => text(
            a.text(0)
                .split_inclusive(' ')
                .map(|word| first_letter(word, |c| c.to_lowercase().collect()))
                .collect(),
        ),
        "trim" => text(a.text(0).trim().to_owned()),
        "trimAll" | "trimall" => {
            let set: Vec<char> = a.text(0).chars().collect();
            text(a.text(1).trim_matches(&set[..]).to_owned())
        }
        "trimPrefix" => {
            let (prefix, whole) = (a.text(0), a.text(1));
            text(whole.strip_prefix(&prefix).unwrap_or(&whole).to_owned())
        }
        "trimSuffix" => {
            let (suffix, whole) = (a.text(0), a.text(1));
            text(whole.strip_suffix(&suffix).unwrap_or(&whole).to_owned())
        }
        "trunc" => text(trunc(a.int(0), &a.text(1))),
        "abbrev" => {
            let (most, whole) = (a.int(0), a.text(1));
            let length = i64::try_from(whole.chars().count()).unwrap_or(i64::MAX);
            if most < 4 || length <= most {
                text(whole)
            } else {
                text(format!("{}...", trunc(most - 3, &whole)))
            }
        }
        "substr" => {
            let (from, to, whole) = (a.int(0), a.int(1), a.text(2));
            let from = usize::try_from(from).unwrap_or(0);
            let to = usize::try_from(to).unwrap_or(usize::MAX);
            let taken = whole.chars().take(to).skip(from);
            text(taken.collect())
        }
        "replace" => {
            let (from, to, whole) = (a.text(0), a.text(1), a.text(2));
            let times = whole.matches(&from).count();
            match engine.spend(times.saturating_mul(to.len())) {
                Ok(()) => text(whole.replace(&from, &to)),
                Err(stop) => Err(stop),
            }
        }
        "contains" => flag(a.text(1).contains(&a.text(0))),
        "hasPrefix" => flag(a.text(1).starts_with(&a.text(0))),
        "hasSuffix" => flag(a.text(1).ends_with(&a.text(0))),
        "indent" => indent(engine, a.int(0), &a.text(1)),
        "nindent" => indent(engine, a.int(0), &a.text(1))
            .map(|value| Value::str(format!("\n{}", value.text()))),
        "repeat" => {
            let times = a.int(0).clamp(0, MAX_REPEAT);
            let times = usize::try_from(times).unwrap_or(0);
            let whole = a.text(1);
            match engine.spend(times.saturating_mul(whole.len())) {
                Ok(()) => text(whole.repeat(times)),
                Err(stop) => Err(stop),
            }
        }
        "cat" => {
            let words: Vec<_> = a.all().iter().map(Value::text).collect();
            text(words.join(" "))
        }
        "nospace" => text(a.text(0).chars().filter(|c| !c.is_whitespace()).collect()),
        "initials" => text(
            a.text(0)
                .split_whitespace()
                .filter_map(|word| word.chars().next())
                .collect(),
        ),
        "swapcase" => text(
            a.text(0)
                .chars()
                .flat_map(|c| -> Vec<char> {
                    if c.is_uppercase() {
                        c.to_lowercase().collect()
                    } else {
                        c.to_uppercase().collect()
                    }
                })
                .collect(),
        ),
        "snakecase" => text(words(&a.text(0)).join("_").to_lowercase()),
        "kebabcase" => text(words(&a.text(0)).join("-").to_lowercase()),
        "camelcase" => text(
            words(&a.text(0))
                .iter()
                .map(|word| title(&word.to_lowercase()))
                .collect(),
        ),
        "wrap" | "wrapWith" => text(a.last().text()),
        "plural" => text(if a.int(2) == 1 { a.text(0) } else { a.text(1) }),
        "join" => {
            let words: Vec<_> = match a.get(1) {
                Value::List(items) => items
                    .iter()
                    .filter(|item| !matches!(item, Value::Null))
                    .map(Value::text)
                    .collect(),
                other => vec![other.text()],
            };
            let glue = a.text(0);
            let size = words.iter().map(|word| word.len() + glue.len()).sum();
            match engine.spend(size) {
                Ok(()) => text(words.join(&glue)),
                Err(stop) => Err(stop),
            }
        }
        "split" | "splitn" => {
            let (separator, whole) = (a.text(0), a.last().text());
            let most = if name == "splitn" {
                usize::try_from(a.int(1)).unwrap_or(usize::MAX)
            } else {
                usize::MAX
            };
            let parts = pieces(&whole, &separator, most);
            Ok(Value::map(
                parts
                    .into_iter()
                    .enumerate()
                    .map(|(i, part)| (format!("_{i}"), Value::str(part)))
                    .collect::<BTreeMap<_, _>>(),
            ))
        }
        "splitList" => Ok(Value::list(
            pieces(&a.text(1), &a.text(0), usize::MAX)
                .into_iter()
                .map(Value::str)
                .collect(),
        )),
        "html" | "js" => text(a.text(0)),
        "urlquery" => text(a.text(0).replace(' ', "+")),
        _ => return None,
    })
}

/// Parts between separators; every character where the separator is empty.
fn pieces(whole: &str, separator: &str, most: usize) -> Vec<String> {
    if separator.is_empty() {
        return whole.chars().map(String::from).collect();
    }
    whole
        .splitn(most.max(1), separator)
        .map(str::to_owned)
        .collect()
}

fn quoted(a: &Arguments, quote: impl Fn(&str) -> String) -> String {
    a.all()
        .iter()
        .filter(|value| !matches!(value, Value::Null))
        .map(|value| quote(&value.text()))
        .collect::<Vec<_>>()
        .join(" ")
}

/// A space stands between operands that are both no text.
fn print(values: &[Value]) -> String {
    let mut out = String::new();
    let mut texts = true;
    for (i, value) in values.iter().enumerate() {
        let is_text = matches!(value, Value::Str(_));
        if i > 0 && !is_text && !texts {
            out.push(' ');
        }
        texts = is_text;
        out.push_str(&value.text());
    }
    out
}

fn indent(engine: &mut Engine, by: i64, text: &str) -> Result<Value, Stop> {
    let by = usize::try_from(by.clamp(0, MAX_REPEAT)).unwrap_or(0);
    let lines = text.matches('\n').count() + 1;
    engine.spend(lines.saturating_mul(by))?;
    let pad = " ".repeat(by);
    Ok(Value::str(format!(
        "{pad}{}",
        text.replace('\n', &format!("\n{pad}"))
    )))
}

/// Cuts to the first or, where negative, the last characters.
fn trunc(most: i64, text: &str) -> String {
    let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    let count = |n: i64| usize::try_from(n).unwrap_or(0);
    if most < 0 && length + most > 0 {
        text.chars().skip(count(length + most)).collect()
    } else if most >= 0 && length > most {
        text.chars().take(count(most)).collect()
    } else {
        text.to_owned()
    }
}

fn first_letter(word: &str, change: impl Fn(char) -> String) -> String {
    let mut chars = word.chars();
    match chars.next() {
        Some(first) => change(first) + chars.as_str(),
        None => String::new(),
    }
}

fn title(text: &str) -> String {
    let mut out = String::new();
    let mut begins = true;
    for c in text.chars() {
        if begins {
            out.extend(c.to_uppercase());
        } else {
            out.push(c);
        }
        begins = !(c.is_alphanumeric() || c == '_' || c == '\'');
    }
    out
}

/// The words of an identifier in any case.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut previous: Option<char> = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if !c.is_alphanumeric() {
            previous = None;
            continue;
        }
        let begins = match previous {
            None => true,
            Some(before) => {
                c.is_uppercase()
                    && (before.is_lowercase()
                        || before.is_ascii_digit()
                        || chars.peek().is_some_and(|next| next.is_lowercase()))
            }
        };
        match words.last_mut() {
            Some(word) if !begins => word.push(c),
            _ => words.push(c.to_string()),
        }
        previous = Some(c);
    }
    words
}

/// Go's formatting verbs, as far as templates use them.
fn printf(engine: &mut Engine, format: &str, values: &[Value]) -> Result<Value, Stop> {
    let mut out = String::new();
    let mut values = values.iter();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let (mut flags, mut width, mut precision) = (String::new(), String::new(), None);
        let verb = loop {
            match chars.next() {
                None => break '%',
                Some(c @ ('+' | '#' | ' ' | '-')) => flags.push(c),
                Some('0') if width.is_empty() && precision.is_none() => flags.push('0'),
                Some('.') => precision = Some(String::new()),
                Some(c) if c.is_ascii_digit() => precision.as_mut().unwrap_or(&mut width).push(c),
                Some('*') => width = values.next().map(Value::text).unwrap_or_default(),
                Some(verb) => break verb,
            }
        };
        if verb == '%' {
            out.push('%');
            continue;
        }
        let Some(value) = values.next() else {
            out.push_str("%!");
            out.push(verb);
            out.push_str("(MISSING)");
            continue;
        };
        let digits = precision
            .as_ref()
            .map(|digits| digits.parse::<usize>().unwrap_or(0));
        if digits.is_some_and(|digits| digits > 1000) {
            return error("a precision beyond use");
        }
        let mut piece = match (verb, value) {
            ('v', Value::Null) => "<nil>".to_owned(),
            (verb, Value::Null) if verb != 'T' => format!("%!{verb}(<nil>)"),
            ('s', Value::Int(_) | Value::Float(_) | Value::Bool(_))
            | ('d', Value::Float(_) | Value::Bool(_) | Value::Str(_)) => {
                format!("%!{verb}({}={})", value.type_name(), value.text())
            }
            ('q', value) => json_string(&value.text()),
            ('d', value) => value.int().to_string(),
            ('f' | 'F', value) => format!("{:.*}", digits.unwrap_or(6), value.number()),
            ('x', Value::Str(text)) => text.bytes().map(|b| format!("{b:02x}")).collect(),
            ('x', value) => format!("{:x}", value.int()),
            ('X', value) => format!("{:X}", value.int()),
            ('o', value) => format!("{:o}", value.int()),
            ('b', value) => format!("{:b}", value.int()),
            ('c', value) => u32::try_from(value.int())
                .ok()
                .and_then(char::from_u32)
                .map(String::from)
                .unwrap_or_default(),
            ('T', value) => value.type_name().to_owned(),
            ('s', value) => match digits {
                Some(most) => value.text().chars().take(most).collect(),
                None => value.text(),
            },
            (_, value) => value.text(),
        };
        let width: usize = width.parse().unwrap_or(0);
        let length = piece.chars().count();
        if width > length {
            engine.spend(width)?;
            if width > 100_000 {
                return error("a width beyond use");
            }
            let fill = width - length;
            piece = if flags.contains('-') {
                piece + &" ".repeat(fill)
            } else if flags.contains('0') {
                "0".repeat(fill) + &piece
            } else {
                " ".repeat(fill) + &piece
            };
        }
        out.push_str(&piece);
    }
    Ok(Value::str(out))
}
