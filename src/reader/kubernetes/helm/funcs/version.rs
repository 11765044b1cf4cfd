//! Semantic versions and their constraints, as the Masterminds library reads them.

use super::super::engine::{Engine, Stop, error};
use super::super::value::Value;
use super::{Answer, Arguments};
use std::cmp::Ordering;
use std::collections::BTreeMap;

pub(super) fn call(_: &mut Engine, name: &str, a: &Arguments) -> Answer {
    Some(match name {
        "semver" => match Version::parse(&a.text(0)) {
            Some(version) => Ok(version.value(&a.text(0))),
            None => error("not a semantic version"),
        },
        "semverCompare" => match Version::parse(&a.text(1)) {
            Some(version) => match satisfies(&a.text(0), &version) {
                Some(answer) => Ok(Value::Bool(answer)),
                None => error("not a constraint on versions"),
            },
            None => error("not a semantic version"),
        },
        _ => return None,
    })
}

impl Engine {
    /// `(semver "1.2.3").Compare`.
    pub(in super::super) fn compare_versions(
        &mut self,
        one: &Value,
        other: &Value,
    ) -> Result<Value, Stop> {
        let read = |value: &Value| {
            Version::parse(
                &value
                    .get("Original")
                    .unwrap_or_else(|| value.clone())
                    .text(),
            )
        };
        match (read(one), read(other)) {
            (Some(one), Some(other)) => Ok(Value::Int(one.compare(&other) as i64)),
            _ => error("not a semantic version"),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Version {
    numbers: [u64; 3],
    before: String,
    build: String,
}

impl Version {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix('v').unwrap_or(text);
        let (text, build) = text.split_once('+').unwrap_or((text, ""));
        let (core, before) = text.split_once('-').unwrap_or((text, ""));
        let mut numbers = [0; 3];
        let mut parts = core.split('.');
        for (i, slot) in numbers.iter_mut().enumerate() {
            match parts.next() {
                Some(part) => *slot = part.parse().ok()?,
                None if i > 0 => {}
                None => return None,
            }
        }
        parts.next().is_none().then(|| Self {
            numbers,
            before: before.to_owned(),
            build: build.to_owned(),
        })
    }

    fn value(&self, original: &str) -> Value {
        let [major, minor, patch] = self
            .numbers
            .map(|number| Value::Int(i64::try_from(number).unwrap_or(i64::MAX)));
        let entries = [
            ("Major", major),
            ("Minor", minor),
            ("Patch", patch),
            ("Prerelease", Value::str(self.before.as_str())),
            ("Metadata", Value::str(self.build.as_str())),
            ("Original", Value::str(original)),
        ];
        let entries = entries.map(|(key, value)| (key.to_owned(), value));
        Value::map(BTreeMap::from(entries))
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers).then_with(|| {
            match (self.before.is_empty(), other.before.is_empty()) {
                (true, true) => Ordering::Equal,
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                (false, false) => prerelease(&self.before, &other.before),
            }
        })
    }
}

fn prerelease(one: &str, other: &str) -> Ordering {
    let (mut a, mut b) = (one.split('.'), other.split('.'));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(a), Some(b)) => match (a.parse::<u64>(), b.parse::<u64>()) {
                (Ok(a), Ok(b)) => a.cmp(&b),
                (Ok(_), Err(_)) => Ordering::Less,
                (Err(_), Ok(_)) => Ordering::Greater,
                (Err(_), Err(_)) => a.cmp(b),
            },
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// Whether a version satisfies a constraint: alternatives of `||`, each a list of terms; `None` when it is none.
fn satisfies(constraint: &str, version: &Version) -> Option<bool> {
    let mut any = false;
    for alternative in constraint.split("||") {
        let mut all = true;
        for term in terms(alternative) {
            all &= holds(&term, version)?;
        }
        any |= all;
    }
    Some(any)
}

/// The terms of an alternative: separated by commas or spaces, an operator may stand apart; `1 - 2` is a range.
fn terms(text: &str) -> Vec<String> {
    if let Some((low, high)) = text.split_once(" - ") {
        return vec![format!(">={}", low.trim()), format!("<={}", high.trim())];
    }
    let mut found: Vec<String> = Vec::new();
    for word in text.split([',', ' ']).filter(|word| !word.is_empty()) {
        match found.last_mut() {
            Some(last) if last.chars().all(|c| "<>=!~^".contains(c)) => last.push_str(word),
            _ => found.push(word.to_owned()),
        }
    }
    found
}

fn holds(term: &str, version: &Version) -> Option<bool> {
    let at = term
        .find(|c: char| !"<>=!~^".contains(c))
        .unwrap_or(term.len());
    let (operator, text) = term.split_at(at);
    let text = text.trim().trim_start_matches('v');
    if matches!(text, "*" | "x" | "X" | "") {
        return Some(!version_is_before(version));
    }
    let (core, rest) = match text.find(['-', '+']) {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let parts: Vec<&str> = core.split('.').collect();
    let known = parts
        .iter()
        .take_while(|part| !matches!(**part, "*" | "x" | "X"))
        .count();
    let filled: Vec<&str> = parts.iter().take(known).copied().collect();
    let bound = Version::parse(&format!("{}{rest}", filled.join(".")))?;
    // Versions before a release only satisfy constraints that name such ones.
    if version_is_before(version) && bound.before.is_empty() {
        return Some(false);
    }
    let order = version.compare(&bound);
    let within = |places: usize| {
        version
            .numbers
            .iter()
            .take(places)
            .eq(bound.numbers.iter().take(places))
    };
    let partial = known < 3;
    Some(match operator {
        "" | "=" | "==" if partial => within(known),
        "" | "=" | "==" => order == Ordering::Equal,
        "!=" if partial => !within(known),
        "!=" => order != Ordering::Equal,
        ">" if partial => order == Ordering::Greater && !within(known),
        ">" => order == Ordering::Greater,
        "<" => order == Ordering::Less,
        ">=" | "=>" => order != Ordering::Less,
        "<=" | "=<" if partial => order == Ordering::Less || within(known),
        "<=" | "=<" => order != Ordering::Greater,
        "~" | "~>" => order != Ordering::Less && within(known.clamp(1, 2)),
        "^" => {
            let significant = bound.numbers.iter().position(|n| *n != 0);
            let places = significant.unwrap_or(known.saturating_sub(1)) + 1;
            order != Ordering::Less && within(places.min(known))
        }
        _ => return None,
    })
}

fn version_is_before(version: &Version) -> bool {
    !version.before.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints() {
        for (constraint, version, expected) in [
            (">=1.19-0", "v1.34.0", true),
            (">=1.19-0", "v1.34.0-gke.1", true),
            (">=1.19", "v1.34.0-gke.1", false),
            ("<1.25-0", "1.34.0", false),
            (">= 1.16.0, < 1.20.0", "1.19.5", true),
            ("^1.2", "1.9.9", true),
            ("^1.2", "2.0.0", false),
            ("~1.2.3", "1.2.9", true),
            ("~1.2.3", "1.3.0", false),
            ("1.x", "1.5.0", true),
            ("=1.2.3", "1.2.3", true),
            ("<1.2 || >1.4", "1.5.0", true),
            ("1 - 2", "1.5.0", true),
            ("*", "1.0.0", true),
        ] {
            let version = Version::parse(version).unwrap();
            assert_eq!(
                satisfies(constraint, &version),
                Some(expected),
                "{constraint} {version:?}"
            );
        }
    }
}
