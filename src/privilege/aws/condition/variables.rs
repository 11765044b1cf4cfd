//! Texts with policy variables: `${aws:username}`, `${aws:PrincipalTag/team, 'none'}`, and `${*}`, `${?}`,
//! `${$}` for those characters themselves.

use super::{Asked, Known};
use crate::platform::glob;
use std::borrow::Cow;

/// Most bytes that are filled in for the variables of one text; what is compared with it is far shorter, so that
/// a longer one matches nothing.
const MOST_FILLED: usize = 64 << 10;

/// A text of a policy, taken apart once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::privilege::aws) struct Template {
    /// As written.
    text: String,
    /// Empty where no variable is in it.
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// Text as it stands, whose wildcards are wildcards.
    Text(String),
    /// Text whose wildcards are none.
    Literal(String),
    /// A key in lower case, and what stands for it where it is absent.
    Variable(String, Option<String>),
}

/// A text with its variables filled in.
#[derive(Clone, Debug)]
pub(in crate::privilege::aws) struct Filled<'t> {
    text: Cow<'t, str>,
    /// Where a value was filled in, for each byte whether it is a wildcard if it looks like one.
    wild: Option<Vec<bool>>,
}

impl Template {
    /// Takes a text apart; one whose policy knows no variables holds none.
    pub(in crate::privilege::aws) fn new(text: &str, variables: bool) -> Self {
        let mut parts = Vec::new();
        if variables && text.contains("${") {
            let mut rest = text;
            while let Some((before, after)) = rest.split_once("${") {
                let Some((inside, tail)) = after.split_once('}') else {
                    break;
                };
                if !before.is_empty() {
                    parts.push(Part::Text(before.to_owned()));
                }
                parts.push(variable(inside));
                rest = tail;
            }
            if !rest.is_empty() {
                parts.push(Part::Text(rest.to_owned()));
            }
        }
        Self {
            text: text.to_owned(),
            parts,
        }
    }

    /// As written.
    pub(in crate::privilege::aws) fn text(&self) -> &str {
        &self.text
    }

    /// The keys of the variables in it.
    pub(in crate::privilege::aws) fn keys(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable(key, _) => Some(key.as_str()),
            Part::Text(_) | Part::Literal(_) => None,
        })
    }

    /// Whether it is this text, in any case.
    pub(super) fn is(&self, text: &str) -> bool {
        self.text.eq_ignore_ascii_case(text)
    }

    /// Whether some values of its variables would make it match.
    pub(in crate::privilege::aws) fn could_match(&self, value: &str) -> bool {
        let pieces = self.parts.iter().map(|part| match part {
            Part::Text(text) => text.as_str(),
            Part::Literal(_) => "?",
            Part::Variable(..) => "*",
        });
        glob::matches(&pieces.collect::<String>(), value)
    }

    /// Fills in what a request says. `None` when a variable has no value, so that nothing matches.
    ///
    /// # Errors
    /// The key of a variable of which nothing is known.
    pub(in crate::privilege::aws) fn fill(
        &self,
        request: &dyn Asked,
    ) -> Result<Option<Filled<'_>>, String> {
        if self.parts.is_empty() {
            let text = Cow::Borrowed(&*self.text);
            return Ok(Some(Filled { text, wild: None }));
        }
        let mut text = String::with_capacity(self.text.len());
        let mut wild = Vec::with_capacity(self.text.len());
        let mut open = None;
        let mut filled = 0_usize;
        for part in &self.parts {
            let (piece, counts): (Cow<'_, str>, bool) = match part {
                Part::Text(piece) => (Cow::Borrowed(piece), true),
                Part::Literal(piece) => (Cow::Borrowed(piece), false),
                Part::Variable(key, default) => match (request.key(key), default) {
                    (Known::One(value), _) => (value, false),
                    (Known::Many([value]), _) => (Cow::Borrowed(value), false),
                    (Known::Absent, Some(default)) => (Cow::Borrowed(default), false),
                    // A key of several values is no text.
                    (Known::Absent | Known::Many(_), _) => return Ok(None),
                    (Known::Unknown, _) => {
                        open.get_or_insert_with(|| key.clone());
                        continue;
                    }
                },
            };
            if matches!(part, Part::Variable(..)) {
                filled = filled.saturating_add(piece.len());
                if filled > MOST_FILLED {
                    return Ok(None);
                }
            }
            wild.resize(wild.len() + piece.len(), counts);
            text.push_str(&piece);
        }
        match open {
            Some(key) => Err(key),
            None => Ok(Some(Filled {
                text: Cow::Owned(text),
                wild: Some(wild),
            })),
        }
    }
}

fn variable(inside: &str) -> Part {
    if matches!(inside, "*" | "?" | "$") {
        return Part::Literal(inside.to_owned());
    }
    let (name, default) = match inside.split_once(',') {
        Some((name, default)) => {
            let default = default.trim();
            let quoted = default
                .strip_prefix('\'')
                .and_then(|rest| rest.strip_suffix('\''));
            (name, Some(quoted.unwrap_or(default).to_owned()))
        }
        None => (inside, None),
    };
    Part::Variable(name.trim().to_ascii_lowercase(), default)
}

impl Filled<'_> {
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn equals(&self, value: &str) -> bool {
        self.text == value
    }

    pub(super) fn equals_in_any_case(&self, value: &str) -> bool {
        self.text.eq_ignore_ascii_case(value) || self.text.to_lowercase() == value.to_lowercase()
    }

    /// Whether a value matches, by the wildcards of the policy's own text.
    pub(in crate::privilege::aws) fn matches(&self, value: &str) -> bool {
        match &self.wild {
            None => glob::matches(&self.text, value),
            Some(wild) => {
                let pattern = self.text.bytes().zip(wild.iter().copied());
                matches_partly(&pattern.collect::<Vec<_>>(), value.as_bytes())
            }
        }
    }

    /// Its parts between colons, at most this many.
    pub(super) fn split(&self, most: usize) -> Vec<Filled<'_>> {
        let mut start = 0;
        let pieces = self.text.splitn(most, ':').map(|piece| {
            let wild = self.wild.as_ref().and_then(|wild| {
                let piece = wild.get(start..start + piece.len())?;
                Some(piece.to_vec())
            });
            start += piece.len() + 1;
            Filled {
                text: Cow::Borrowed(piece),
                wild,
            }
        });
        pieces.collect()
    }
}

/// As [`glob::matches`], for a pattern only some of whose characters can be wildcards.
fn matches_partly(pattern: &[(u8, bool)], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut resume: Option<(usize, usize)> = None;
    while let Some(&c) = text.get(t) {
        match pattern.get(p) {
            Some((b'*', true)) => {
                p += 1;
                resume = Some((p, t));
            }
            Some((b'?', true)) => {
                p += 1;
                t += 1;
                while text.get(t).is_some_and(|b| b & 0b1100_0000 == 0b1000_0000) {
                    t += 1;
                }
            }
            Some(&(literal, _)) if literal == c => {
                p += 1;
                t += 1;
            }
            _ => match resume {
                Some((star, from)) => {
                    p = star;
                    t = from + 1;
                    resume = Some((star, t));
                }
                None => return false,
            },
        }
    }
    let rest = pattern.get(p..).unwrap_or_default();
    rest.iter().all(|&unit| unit == (b'*', true))
}
