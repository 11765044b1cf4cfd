//! Conditions, as far as files decide them.

use crate::platform::glob;
use serde_json::Value;
use std::collections::BTreeSet;

/// A `Condition` block.
#[derive(Debug)]
pub(super) struct Condition {
    /// Operator and key in lower case, and the values, for each test; all must hold.
    tests: Vec<Test>,
}

#[derive(Debug)]
struct Test {
    operator: String,
    key: String,
    values: Vec<String>,
}

/// Whether a condition holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Holds,
    Fails,
    /// It depends on these keys, of which files say nothing.
    Depends(BTreeSet<String>),
}

/// What is known of a request: lower-case keys with their value; an empty one for a key that is known to be
/// absent.
pub(super) type Context<'a> = &'a [(&'a str, &'a str)];

impl Condition {
    /// From canonical JSON.
    pub(super) fn new(json: &str) -> Self {
        let mut tests = Vec::new();
        let block: Value = serde_json::from_str(json).unwrap_or_default();
        for (operator, keys) in block.as_object().into_iter().flatten() {
            for (key, values) in keys.as_object().into_iter().flatten() {
                let text = |value: &Value| match value {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                let values = match values {
                    Value::Array(values) => values.iter().map(text).collect(),
                    one => vec![text(one)],
                };
                tests.push(Test {
                    operator: operator.to_ascii_lowercase(),
                    key: key.to_ascii_lowercase(),
                    values,
                });
            }
        }
        Self { tests }
    }

    /// Whether it asks who the caller is, which an export tells.
    pub(super) fn asks_who(&self) -> bool {
        self.tests.iter().any(|test| {
            matches!(
                &*test.key,
                "aws:username" | "aws:principalarn" | "aws:principalaccount" | "aws:principaltype"
            )
        })
    }

    /// Judges it for a request of which this much is known.
    pub(super) fn judge(&self, context: Context<'_>) -> Verdict {
        let mut open = BTreeSet::new();
        for test in &self.tests {
            match test.judge(context) {
                Some(true) => {}
                Some(false) => return Verdict::Fails,
                None => {
                    open.insert(test.key.clone());
                }
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

impl Test {
    fn judge(&self, context: Context<'_>) -> Option<bool> {
        // Sessions before a moment, as revoking them writes it: whoever comes now is not among them.
        if self.key == "aws:tokenissuetime" && self.operator.starts_with("dateless") {
            return Some(false);
        }
        let (_, known) = context.iter().find(|(key, _)| *key == self.key)?;
        let optional = self.operator.ends_with("ifexists") || self.operator.starts_with("forall");
        if known.is_empty() && optional {
            return Some(true);
        }
        let operator = self
            .operator
            .trim_start_matches("foranyvalue:")
            .trim_start_matches("forallvalues:")
            .trim_end_matches("ifexists");
        let any = |test: &dyn Fn(&str) -> bool| self.values.iter().any(|value| test(value));
        // Policy variables in values are not substituted here.
        if any(&|value| value.contains("${")) {
            return None;
        }
        Some(match operator {
            "stringequals" => any(&|v| v == *known),
            "stringequalsignorecase" => any(&|v| v.eq_ignore_ascii_case(known)),
            "stringlike" | "arnlike" | "arnequals" => any(&|v| glob::matches(v, known)),
            "stringnotequals" => !any(&|v| v == *known),
            "stringnotequalsignorecase" => !any(&|v| v.eq_ignore_ascii_case(known)),
            "stringnotlike" | "arnnotlike" | "arnnotequals" => !any(&|v| glob::matches(v, known)),
            "null" => any(&|v| v.eq_ignore_ascii_case("true")) == known.is_empty(),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_decides() {
        let context: Context<'_> = &[("iam:passedtoservice", "lambda.amazonaws.com")];
        let judge = |json: &str| Condition::new(json).judge(context);
        let passed = |op: &str, v: &str| format!(r#"{{"{op}":{{"iam:PassedToService":"{v}"}}}}"#);
        assert_eq!(
            judge(&passed("StringEquals", "lambda.amazonaws.com")),
            Verdict::Holds
        );
        assert_eq!(
            judge(&passed("StringLikeIfExists", "ec2.*")),
            Verdict::Fails
        );
        assert_eq!(
            judge(&passed("StringNotEquals", "lambda.amazonaws.com")),
            Verdict::Fails
        );
        assert!(matches!(
            judge(r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#),
            Verdict::Depends(keys) if keys.contains("aws:multifactorauthpresent")
        ));
        assert!(matches!(judge("7"), Verdict::Depends(_)));
        let revoked = r#"{"DateLessThan":{"aws:TokenIssueTime":"2024-01-01T00:00:00Z"}}"#;
        assert_eq!(judge(revoked), Verdict::Fails);
        let absent = |op: &str| {
            let json = format!(r#"{{"{op}":{{"aws:username":"ann"}}}}"#);
            Condition::new(&json).judge(&[("aws:username", "")])
        };
        assert_eq!(absent("StringEquals"), Verdict::Fails);
        assert_eq!(absent("StringEqualsIfExists"), Verdict::Holds);
        assert_eq!(absent("StringNotEquals"), Verdict::Holds);
        assert_eq!(absent("ForAllValues:StringEquals"), Verdict::Holds);
    }
}
