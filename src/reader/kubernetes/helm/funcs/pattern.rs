//! Regular expressions and globs.

use super::super::engine::{Engine, Stop, error};
use super::super::value::Value;
use super::{Answer, Arguments};
use regex::{Regex, RegexBuilder};

/// Most memory that an expression's program may take.
const SIZE: usize = 1 << 18;

pub(super) fn call(engine: &mut Engine, name: &str, a: &Arguments) -> Answer {
    let plain = name.strip_prefix("must").map_or_else(
        || name.to_owned(),
        |rest| {
            let mut chars = rest.chars();
            chars.next().map_or_else(String::new, |first| {
                first.to_lowercase().collect::<String>() + chars.as_str()
            })
        },
    );
    if !plain.starts_with("regex") {
        return None;
    }
    if plain == "regexQuoteMeta" {
        return Some(Ok(Value::str(regex::escape(&a.text(0)))));
    }
    let expression = match compile(&a.text(0)) {
        Ok(expression) => expression,
        Err(stop) => return Some(Err(stop)),
    };
    let subject = a.text(1);
    // Compiling is the dear part.
    if let Err(stop) = engine.spend(1024) {
        return Some(Err(stop));
    }
    let limit = |i: usize| match a.get(i) {
        Value::Null => usize::MAX,
        value => usize::try_from(value.int()).unwrap_or(usize::MAX),
    };
    Some(match plain.as_str() {
        "regexMatch" => Ok(Value::Bool(expression.is_match(&subject))),
        "regexFind" => Ok(Value::str(
            expression.find(&subject).map_or("", |found| found.as_str()),
        )),
        "regexFindAll" => Ok(Value::list(
            expression
                .find_iter(&subject)
                .take(limit(2))
                .map(|found| Value::str(found.as_str()))
                .collect(),
        )),
        "regexReplaceAll" | "regexReplaceAllLiteral" => {
            let by = a.text(2);
            let count = expression.find_iter(&subject).count();
            let size = count.saturating_mul(
                by.len()
                    .saturating_add(subject.len() * by.matches('$').count()),
            );
            match engine.spend(size) {
                Ok(()) if plain.ends_with("Literal") => Ok(Value::str(
                    &*expression.replace_all(&subject, regex::NoExpand(&by)),
                )),
                Ok(()) => Ok(Value::str(&*expression.replace_all(&subject, by.as_str()))),
                Err(stop) => Err(stop),
            }
        }
        "regexSplit" => Ok(Value::list(
            expression
                .splitn(&subject, limit(2).max(1))
                .map(Value::str)
                .collect(),
        )),
        _ => return None,
    })
}

fn compile(text: &str) -> Result<Regex, Stop> {
    match RegexBuilder::new(text).size_limit(SIZE).build() {
        Ok(expression) => Ok(expression),
        Err(_) => error("a regular expression that cannot be read"),
    }
}

/// A pattern of paths: `*` and `?` within a segment, `**` across, `{a,b}`, `[…]`.
pub(super) fn glob(pattern: &str) -> Option<Regex> {
    let mut out = String::from("^(?:");
    let mut chars = pattern.chars().peekable();
    let mut braces = 0u32;
    while let Some(c) = chars.next() {
        match c {
            '*' if chars.peek() == Some(&'*') => {
                chars.next();
                if chars.peek() == Some(&'/') {
                    chars.next();
                    out.push_str("(?:.*/)?");
                } else {
                    out.push_str(".*");
                }
            }
            '*' => out.push_str("[^/]*"),
            '?' => out.push_str("[^/]"),
            '{' => {
                braces += 1;
                out.push_str("(?:");
            }
            '}' if braces > 0 => {
                braces -= 1;
                out.push(')');
            }
            ',' if braces > 0 => out.push('|'),
            '[' | ']' => out.push(c),
            c => out.push_str(&regex::escape(&c.to_string())),
        }
    }
    out.push_str(")$");
    RegexBuilder::new(&out).size_limit(SIZE).build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for (pattern, path, expected) in [
            ("files/*.yaml", "files/a.yaml", true),
            ("files/*.yaml", "files/b/a.yaml", false),
            ("files/**.yaml", "files/b/a.yaml", true),
            ("**/a.yaml", "a.yaml", true),
            ("{a,b}/c", "b/c", true),
        ] {
            assert_eq!(glob(pattern).unwrap().is_match(path), expected, "{pattern}");
        }
    }
}
