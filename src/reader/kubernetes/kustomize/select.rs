//! Selectors: which objects a patch or a replacement is for.

use super::Node;
use super::resource::Resource;
use regex::{Regex, RegexBuilder};

/// Largest program that a pattern may compile to.
const PATTERN_LIMIT: usize = 1 << 18;

/// A `target`, ready to be asked.
pub(super) struct Selector {
    group: Pattern,
    version: Pattern,
    kind: Pattern,
    name: Pattern,
    namespace: Pattern,
    labels: Vec<Term>,
    annotations: Vec<Term>,
}

enum Pattern {
    Any,
    Text(String),
    Regex(Box<Regex>),
}

impl Pattern {
    /// The pattern is held against the whole text. `None` when it is none.
    fn new(text: Option<&str>) -> Option<Self> {
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            return Some(Self::Any);
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '/';
        if text.chars().all(plain) {
            return Some(Self::Text(text.to_owned()));
        }
        RegexBuilder::new(&format!("^(?:{text})$"))
            .size_limit(PATTERN_LIMIT)
            .dfa_size_limit(PATTERN_LIMIT)
            .build()
            .ok()
            .map(|regex| Self::Regex(Box::new(regex)))
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Text(wanted) => wanted == text,
            Self::Regex(regex) => regex.is_match(text),
        }
    }
}

/// One requirement of a label selector.
enum Term {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Missing(String),
}

impl Selector {
    /// `None` when a pattern or a label selector is not one.
    pub(super) fn new(target: &Node) -> Option<Self> {
        let pattern = |key| Pattern::new(target.str(key));
        // `apiVersion` is accepted beside group and version.
        let (group, version) = match target.str("apiVersion") {
            Some(both) => {
                let (group, version) = both.split_once('/').unwrap_or(("", both));
                (
                    Pattern::Text(group.to_owned()),
                    Pattern::new(Some(version))?,
                )
            }
            None => (pattern("group")?, pattern("version")?),
        };
        Some(Self {
            group,
            version,
            kind: pattern("kind")?,
            name: pattern("name")?,
            namespace: pattern("namespace")?,
            labels: terms(target.str("labelSelector").unwrap_or_default())?,
            annotations: terms(target.str("annotationSelector").unwrap_or_default())?,
        })
    }

    /// Whether an object is meant, by what it is or was first known by.
    pub(super) fn selects(&self, resource: &Resource) -> bool {
        let (id, original) = (resource.id(), resource.original());
        self.kind.matches(&id.kind)
            && self.group.matches(&id.group)
            && self.version.matches(&id.version)
            && [&id, &original]
                .iter()
                .any(|id| self.name.matches(&id.name))
            && [&id, &original]
                .iter()
                .any(|id| self.namespace.matches(id.effective_namespace()))
            && holds(&self.labels, resource.node.at(&["metadata", "labels"]))
            && holds(
                &self.annotations,
                resource.node.at(&["metadata", "annotations"]),
            )
    }
}

fn holds(terms: &[Term], labels: Option<&Node>) -> bool {
    let value = |key: &str| labels.and_then(|labels| labels.str(key));
    terms.iter().all(|term| match term {
        Term::In(key, values) => value(key).is_some_and(|v| values.iter().any(|w| w == v)),
        Term::NotIn(key, values) => value(key).is_none_or(|v| values.iter().all(|w| w != v)),
        Term::Exists(key) => value(key).is_some(),
        Term::Missing(key) => value(key).is_none(),
    })
}

/// A label selector as `kubectl -l` takes it: `app=web,tier in (a, b),!legacy`.
fn terms(text: &str) -> Option<Vec<Term>> {
    let mut terms = Vec::new();
    let mut depth = 0usize;
    let mut parts = vec![String::new()];
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1)?,
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut()?.push(c);
    }
    for part in parts
        .iter()
        .map(|part| part.trim())
        .filter(|p| !p.is_empty())
    {
        terms.push(term(part)?);
    }
    Some(terms)
}

fn term(part: &str) -> Option<Term> {
    if let Some(key) = part.strip_prefix('!') {
        return Some(Term::Missing(key.trim().to_owned()));
    }
    if let Some(list) = part.strip_suffix(')') {
        let (head, values) = list.split_once('(')?;
        let values = values.split(',').map(|v| v.trim().to_owned()).collect();
        let mut words = head.split_whitespace();
        let (key, operator) = (words.next()?.to_owned(), words.next()?);
        return match operator {
            "in" => Some(Term::In(key, values)),
            "notin" => Some(Term::NotIn(key, values)),
            _ => None,
        };
    }
    for (operator, negated) in [("!=", true), ("==", false), ("=", false)] {
        if let Some((key, value)) = part.split_once(operator) {
            let (key, values) = (key.trim().to_owned(), vec![value.trim().to_owned()]);
            return Some(if negated {
                Term::NotIn(key, values)
            } else {
                Term::In(key, values)
            });
        }
    }
    (!part.contains(char::is_whitespace)).then(|| Term::Exists(part.to_owned()))
}
