//! Condition blocks as tests: operator, key and values.

use super::issuer::Issuer;
use crate::platform::glob;
use serde_json::Value;

/// Stands in a pattern for `*`, so that a literal star stays one.
pub(super) const ANY: char = '\u{e000}';
/// Stands in a pattern for `?`.
pub(super) const ONE: char = '\u{e001}';

/// How a test compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    /// `StringEquals`.
    Equal,
    /// `StringEqualsIgnoreCase`.
    EqualIgnoreCase,
    /// `StringLike`.
    Like,
    /// `Null`.
    Null,
    /// An operator for other types than text.
    Other,
    /// No operator of the language.
    Unknown,
}

/// One test of a condition; all must hold.
#[derive(Clone, Debug)]
pub(super) struct Test {
    pub comparison: Comparison,
    /// `Not…`.
    pub negated: bool,
    /// `…IfExists`.
    pub if_exists: bool,
    /// `ForAllValues:`.
    pub for_all: bool,
    /// In lower case.
    pub key: String,
    /// Any suffices (of negated ones, none may).
    pub values: Vec<String>,
}

/// The tests of a condition as JSON; `None` when it cannot be read. No condition has no tests.
pub(super) fn tests(condition: Option<&str>) -> Option<Vec<Test>> {
    let Some(json) = condition else {
        return Some(Vec::new());
    };
    let block: Value = serde_json::from_str(json).ok()?;
    let mut tests = Vec::new();
    for (operator, keys) in block.as_object()? {
        for (key, values) in keys.as_object()? {
            let text = |value: &Value| match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let values = match values {
                Value::Array(values) => values.iter().map(text).collect(),
                one => vec![text(one)],
            };
            tests.push(Test::new(operator, key, values));
        }
    }
    Some(tests)
}

impl Test {
    fn new(operator: &str, key: &str, values: Vec<String>) -> Self {
        let operator = operator.trim().to_ascii_lowercase();
        let (for_all, operator) = match operator.strip_prefix("forallvalues:") {
            Some(rest) => (true, rest),
            None => (
                false,
                operator.strip_prefix("foranyvalue:").unwrap_or(&operator),
            ),
        };
        let (if_exists, operator) = match operator.strip_suffix("ifexists") {
            Some(rest) => (true, rest),
            None => (false, operator),
        };
        let (comparison, negated) = match operator {
            "stringequals" => (Comparison::Equal, false),
            "stringnotequals" => (Comparison::Equal, true),
            "stringequalsignorecase" => (Comparison::EqualIgnoreCase, false),
            "stringnotequalsignorecase" => (Comparison::EqualIgnoreCase, true),
            "stringlike" => (Comparison::Like, false),
            "stringnotlike" => (Comparison::Like, true),
            "null" => (Comparison::Null, false),
            other => {
                let known = [
                    "numeric",
                    "date",
                    "bool",
                    "binary",
                    "ipaddress",
                    "notipaddress",
                    "arn",
                ];
                if known.iter().any(|family| other.starts_with(family)) {
                    (Comparison::Other, other.contains("not"))
                } else {
                    (Comparison::Unknown, false)
                }
            }
        };
        Self {
            comparison,
            negated,
            if_exists,
            for_all,
            key: key.trim().to_ascii_lowercase(),
            values,
        }
    }

    /// The claim of this provider that is asked for; `None` for other keys.
    pub(super) fn claim<'t>(&'t self, issuer: &Issuer) -> Option<&'t str> {
        let rest = self.key.strip_prefix(&*issuer.host)?;
        rest.strip_prefix('/').unwrap_or(rest).strip_prefix(':')
    }

    /// The values as patterns, with [`ANY`] and [`ONE`] where they have wildcards.
    pub(super) fn patterns(&self) -> Vec<String> {
        let like = self.comparison == Comparison::Like;
        self.values
            .iter()
            .map(|value| pattern(value, like))
            .collect()
    }

    /// As a `Deny` it keeps out whoever does not satisfy this test; `None` when it is not of that sort.
    pub(super) fn inverted(&self) -> Option<Self> {
        let text = matches!(
            self.comparison,
            Comparison::Equal | Comparison::EqualIgnoreCase | Comparison::Like
        );
        (text && self.negated).then(|| Self {
            negated: false,
            if_exists: false,
            for_all: false,
            ..self.clone()
        })
    }

    /// Whether, under a `Deny`, it surely holds for everybody that the tests of the `Allow` let in.
    pub(super) fn covers(&self, issuer: &Issuer, allowed: &[Self]) -> bool {
        let Some(claim) = self.claim(issuer) else {
            return false;
        };
        let always = matches!(claim, "sub" | "aud");
        if self.comparison == Comparison::Null {
            return always && self.values.iter().all(|v| v.eq_ignore_ascii_case("false"));
        }
        if self.negated || !matches!(self.comparison, Comparison::Equal | Comparison::Like) {
            return false;
        }
        let covered = |value: &str| {
            // A pattern that is itself like another one lets in no more than that.
            let covering = |own: &String| match self.comparison {
                Comparison::Like => glob::matches(own, value),
                _ => own == value && !value.contains(['*', '?']),
            };
            self.values.iter().any(covering)
        };
        if always
            && self.values.iter().any(|value| value == "*")
            && self.comparison == Comparison::Like
        {
            return true;
        }
        let named = |test: &&Self| {
            test.key == self.key
                && !test.negated
                && !test.if_exists
                && !test.for_all
                && matches!(test.comparison, Comparison::Equal | Comparison::Like)
        };
        let mut same = allowed.iter().filter(named);
        same.any(|test| !test.values.is_empty() && test.values.iter().all(|v| covered(v)))
    }
}

/// A value with its wildcards marked; policy variables can be anything.
fn pattern(value: &str, like: bool) -> String {
    let mut marked = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(c) = rest.chars().next() {
        if let Some((name, after)) = rest.strip_prefix("${").and_then(|r| r.split_once('}')) {
            match name {
                "*" | "?" | "$" => marked.push_str(name),
                _ => marked.push(ANY),
            }
            rest = after;
            continue;
        }
        marked.push(match c {
            '*' if like => ANY,
            '?' if like => ONE,
            other => other,
        });
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    marked
}

/// Whether a part of a pattern can be more than one text.
pub(super) fn wild(part: &str) -> bool {
    part.contains([ANY, ONE])
}

/// Whether every text is like the pattern.
pub(super) fn all(pattern: &str) -> bool {
    !pattern.is_empty() && pattern.chars().all(|c| c == ANY)
}

/// Whether a text is like a marked pattern.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    // Literal stars match nothing that a provider writes, so they need no escape here.
    let plain: String = pattern
        .chars()
        .map(|c| match c {
            ANY => '*',
            ONE => '?',
            '*' | '?' => '\u{0}',
            other => other,
        })
        .collect();
    glob::matches(&plain, text)
}
