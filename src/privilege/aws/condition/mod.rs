//! Conditions: the whole language of the IAM reference, three-valued.
//!
//! Operators are joined by AND, the keys of one operator by AND, the values of one key by OR (by NOR where
//! the operator is a negated one). A key is known with its values, known to be absent, or unknown; what
//! rests on an unknown one is not decided, and the answer names it.

mod compare;
mod operator;
mod variables;

#[cfg(test)]
mod tests;

pub(super) use variables::Template;

use crate::model::Timestamp;
use operator::{Family, Operator, Quantifier};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Most keys that a verdict names.
const MOST_NAMED: usize = 64;
const MORE: &str = "more condition keys";

/// Adds the keys that a verdict depends on, as far as they are named.
pub(super) fn depend(all: &mut BTreeSet<String>, more: impl IntoIterator<Item = String>) {
    for key in more {
        if all.len() >= MOST_NAMED {
            all.insert(MORE.to_owned());
            return;
        }
        all.insert(key);
    }
}

/// A `Condition` block.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    /// Operator, key and values; all must hold.
    tests: Vec<Test>,
    /// The time of the question, against which dates that are over are told.
    now: Option<Timestamp>,
}

#[derive(Clone, Debug)]
struct Test {
    /// `None` for an operator that there is not.
    operator: Option<Operator>,
    /// In lower case.
    key: String,
    values: Vec<Template>,
}

/// Whether a condition holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Holds,
    Fails,
    /// It depends on these keys, of which files say nothing.
    Depends(BTreeSet<String>),
}

/// What is known of a key of a request.
#[derive(Clone, Debug)]
pub(super) enum Known<'a> {
    /// It has this value.
    One(Cow<'a, str>),
    /// It is a key of several values, and has these.
    Many(&'a [String]),
    /// The request does not carry it.
    Absent,
    /// Nobody says.
    Unknown,
}

/// What a condition can ask of a request.
pub(super) trait Asked {
    /// What is known of a key, in lower case.
    fn key(&self, key: &str) -> Known<'_>;
}

/// What is known of a request: lower-case keys with their value; an empty one for a key that is known to be
/// absent.
pub(super) type Context<'a> = &'a [(&'a str, &'a str)];

/// A [`Context`] to be asked.
struct Listed<'a>(Context<'a>);

impl Asked for Listed<'_> {
    fn key(&self, key: &str) -> Known<'_> {
        match self.0.iter().find(|(name, _)| *name == key) {
            Some((_, "")) => Known::Absent,
            Some((_, value)) => Known::One(Cow::Borrowed(value)),
            None => told_tags(self.0, key),
        }
    }
}

/// In a [`Context`]: that all tags of the resource are among the keys `resourcetag/…`.
pub(super) const RESOURCE_TAGS: &str = "resourcetag";

/// The tag of the resource that a key asks for, by either of its names.
fn tag_of_resource(key: &str) -> Option<&str> {
    let key = key.strip_prefix("aws:").or(key.strip_prefix("iam:"))?;
    key.starts_with("resourcetag/").then_some(key)
}

/// What a [`Context`] tells of a tag of the resource, if that is what a key asks for.
pub(super) fn told_tags<'a>(context: Context<'a>, key: &str) -> Known<'a> {
    let Some(tag) = tag_of_resource(key) else {
        return Known::Unknown;
    };
    match context.iter().find(|(name, _)| *name == tag) {
        Some((_, value)) => Known::One(Cow::Borrowed(value)),
        None if context.iter().any(|(name, _)| *name == RESOURCE_TAGS) => Known::Absent,
        None => Known::Unknown,
    }
}

impl Condition {
    /// From canonical JSON, of a policy of the current version.
    pub(super) fn new(json: &str) -> Self {
        Self::versioned(json, true)
    }

    /// From canonical JSON; policy variables are literal text where the policy's version has none.
    pub(super) fn versioned(json: &str, variables: bool) -> Self {
        let mut tests = Vec::new();
        let block: Value = serde_json::from_str(json).unwrap_or_default();
        for (operator, keys) in block.as_object().into_iter().flatten() {
            let operator = Operator::parse(operator);
            let substitutes = variables && operator.is_some_and(|o| o.family.takes_variables());
            for (key, values) in keys.as_object().into_iter().flatten() {
                let template = |value: &Value| match value {
                    Value::String(text) => Template::new(text, substitutes),
                    other => Template::new(&other.to_string(), substitutes),
                };
                let values = match values {
                    Value::Array(values) => values.iter().map(template).collect(),
                    one => vec![template(one)],
                };
                tests.push(Test {
                    operator,
                    key: key.to_ascii_lowercase(),
                    values,
                });
            }
        }
        Self { tests, now: None }
    }

    /// Tells it the time of the question: what a date has ended for good, or has let in for good, is
    /// decided then.
    pub(super) fn at(&mut self, now: Timestamp) {
        self.now = Some(now);
    }

    /// Whether it asks who the caller is, which an export tells.
    pub(super) fn asks_who(&self) -> bool {
        let who = |key: &str| {
            matches!(
                key,
                "aws:username"
                    | "aws:principalarn"
                    | "aws:principalaccount"
                    | "aws:principaltype"
                    | "aws:principalorgid"
            ) || key.starts_with("aws:principaltag/")
        };
        let mut tests = self.tests.iter();
        tests.any(|test| {
            let mut named = test.values.iter().flat_map(Template::keys);
            who(&test.key) || named.any(who)
        })
    }

    /// Whether it asks for tags of the resource.
    pub(super) fn asks_tags(&self) -> bool {
        let mut tests = self.tests.iter();
        tests.any(|test| {
            let mut named = test.values.iter().flat_map(Template::keys);
            tag_of_resource(&test.key).is_some() || named.any(|key| tag_of_resource(key).is_some())
        })
    }

    /// Judges it for a request of which this much is known.
    pub(super) fn judge(&self, context: Context<'_>) -> Verdict {
        self.ask(&Listed(context))
    }

    /// Judges it for a request.
    pub(super) fn ask(&self, request: &dyn Asked) -> Verdict {
        let mut open = BTreeSet::new();
        for test in &self.tests {
            match test.judge(request, self.now) {
                Ok(true) => {}
                Ok(false) => return Verdict::Fails,
                Err(keys) => depend(&mut open, keys),
            }
        }
        // A block that could not be read has no tests, and nothing is known of it.
        if self.tests.is_empty() {
            open.insert("unreadable condition".to_owned());
        }
        if open.is_empty() {
            Verdict::Holds
        } else {
            Verdict::Depends(open)
        }
    }
}

/// Decided, or the keys that it depends on.
type Decided = Result<bool, Vec<String>>;

impl Test {
    fn judge(&self, request: &dyn Asked, now: Option<Timestamp>) -> Decided {
        let Some(operator) = self.operator else {
            // IAM refuses such a policy; what it would do is not known.
            return Err(vec![self.key.clone()]);
        };
        let known = request.key(&self.key);
        if let (Known::Unknown, Some(decided)) = (&known, self.over(operator, now)) {
            return Ok(decided);
        }
        if operator.family == Family::Null {
            let absent = match known {
                Known::Unknown => return Err(vec![self.key.clone()]),
                Known::Absent => true,
                Known::Many(values) => values.is_empty(),
                Known::One(_) => false,
            };
            let wanted = self.values.iter().any(|v| v.is("true"));
            let unwanted = self.values.iter().any(|v| v.is("false"));
            return Ok(if absent { wanted } else { unwanted });
        }
        let one;
        let values: &[Cow<'_, str>] = match known {
            Known::Unknown => return Err(vec![self.key.clone()]),
            Known::Absent => &[],
            Known::One(value) => {
                one = vec![value];
                &one
            }
            Known::Many(values) => {
                one = values.iter().map(|v| Cow::Borrowed(v.as_str())).collect();
                &one
            }
        };
        if values.is_empty() {
            return Ok(operator.on_absent());
        }
        let each = |value: &str| self.matches(operator, value, request);
        match operator.quantifier {
            // The value of a key that holds nothing but an empty text counts as none.
            Some(Quantifier::All) if matches!(values, [only] if only.is_empty()) => Ok(true),
            Some(Quantifier::All) => all(values.iter().map(|v| each(v))),
            Some(Quantifier::Any) => any(values.iter().map(|v| each(v))),
            // A key of several values without a quantifier: any of them may match, and where the operator
            // is a negated one none may.
            None if operator.negated => all(values.iter().map(|v| each(v))),
            None => any(values.iter().map(|v| each(v))),
        }
    }

    /// Whether one value of the request passes: matches one of the policy's, or none for a negated operator.
    fn matches(&self, operator: Operator, value: &str, request: &dyn Asked) -> Decided {
        let compared = self.values.iter().map(|template| {
            let wanted = match template.fill(request) {
                Ok(Some(wanted)) => wanted,
                // A variable without a value matches nothing.
                Ok(None) => return Ok(false),
                Err(key) => return Err(vec![key]),
            };
            Ok(operator.family.matches(&wanted, value))
        });
        let hit = any(compared)?;
        Ok(hit != operator.negated)
    }

    /// What dates decide of themselves. Sessions before a moment, as revoking them writes it: whoever comes
    /// now is not among them. A time that is over does not come again.
    fn over(&self, operator: Operator, now: Option<Timestamp>) -> Option<bool> {
        let Family::Date(order) = operator.family else {
            return None;
        };
        if operator.negated {
            return None;
        }
        let earlier = order.is_before();
        let later = order.is_after();
        if self.key == "aws:tokenissuetime" && earlier {
            let ahead =
                now.is_some_and(|now| self.dates().any(|date| date.is_none_or(|d| d > now)));
            return (!ahead).then_some(false);
        }
        if !matches!(&*self.key, "aws:currenttime" | "aws:epochtime") {
            return None;
        }
        let now = now?;
        let past = |date: Option<Timestamp>| date.is_some_and(|date| date < now);
        if earlier && self.dates().all(past) {
            Some(false)
        } else if later && self.dates().any(past) {
            Some(true)
        } else {
            None
        }
    }

    fn dates(&self) -> impl Iterator<Item = Option<Timestamp>> {
        self.values.iter().map(|v| compare::timestamp(v.text()))
    }
}

/// Whether any holds; a decided yes outweighs what is open.
fn any(each: impl Iterator<Item = Decided>) -> Decided {
    let mut open = Vec::new();
    for one in each {
        match one {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(keys) => open.extend(keys),
        }
    }
    if open.is_empty() {
        Ok(false)
    } else {
        Err(open)
    }
}

/// Whether all hold; a decided no outweighs what is open.
fn all(each: impl Iterator<Item = Decided>) -> Decided {
    any(each.map(|one| one.map(|held| !held))).map(|failed| !failed)
}
