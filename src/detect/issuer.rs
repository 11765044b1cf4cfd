//! Credentials that only their surroundings tell whose they are: the value has a length and an alphabet,
//! and an issuer is named by the variable, a host or a comment nearby.

use super::Detector;
use super::assignment::{self, Assignment};
use super::judge::{entropy, repetitive, wordy};
use super::place::Place;
use super::search::{Candidate, Weight, Work};
use super::structure::{self, Match};
use super::text::after;
use super::vocabulary::begins_word;
use crate::model::Confidence;
use std::ops::Range;

/// How far behind an issuer's name a value is looked for.
const REACH: usize = 80;
/// Shorter texts without an assignment are words.
const SHORTEST: usize = 16;
/// Between an issuer's name and a value, these say that the value is something else.
const OTHERWISE: [&str; 18] = [
    "sha1",
    "sha2",
    "sha5",
    "md5",
    "hash",
    "digest",
    "checksum",
    "integrity",
    "commit",
    "revision",
    "version",
    "etag",
    "branch",
    "tree",
    "blob",
    "://",
    "href",
    "import",
];

impl Detector {
    /// The kind that an issuer near an assignment suggests, where the value is of its form.
    pub(super) fn of_issuer(
        &self,
        text: &[u8],
        found: &Assignment,
        path: &str,
        place: &Place,
    ) -> Option<Candidate> {
        let name = text.get(found.name.clone())?;
        let value = text.get(found.value.clone())?;
        let suggestions = self
            .vocabulary
            .suggestions(text, &found.name, &found.value, path);
        let (index, kind, captures, reason) = suggestions.into_iter().find_map(|suggestion| {
            let kind = self.kinds.get(suggestion.kind)?;
            if !kind.rule.assignment.as_ref()?.admits(name) {
                return None;
            }
            let captures = kind.pattern.as_ref()?.regex()?.captures(value)?;
            let reason = if suggestion.named() {
                "name says what it is"
            } else {
                "issuer is named nearby"
            };
            Some((suggestion.kind, kind, captures, reason))
        })?;
        let group = |name| {
            let part = captures.name(name)?;
            Some(found.value.start + part.start()..found.value.start + part.end())
        };
        let mut matched = Match {
            at: found.value.start,
            secret: group("secret"),
            id: group("id"),
            account: group("account"),
            ..Match::default()
        };
        let body = text.get(matched.secret.clone()?)?;
        if entropy(body) < kind.rule.entropy || repetitive(body) || wordy(body) {
            return None;
        }
        let mut weight = Weight::new(kind.rule.confidence.into(), reason);
        let decoded = structure::decode(kind, text, &mut matched)?;
        self.weigh(kind, text, &matched, body, &decoded, place, &mut weight);
        Some(Candidate {
            kind: index,
            found: matched,
            decoded,
            weight,
        })
    }

    /// An issuer's name, with no telling word: its credential may be assigned to it or stand right behind.
    pub(super) fn try_issuer(
        &self,
        text: &[u8],
        issuer: Range<usize>,
        path: &str,
        place: &Place,
        work: &mut Work,
    ) {
        let known = work.name.start <= issuer.start && issuer.start < work.name.end;
        if known || !begins_word(text, issuer.start) {
            return;
        }
        let budget = self.generic.unwrap_or_default();
        if !work.afford(budget, REACH, self.kinds.len()) {
            return;
        }
        let name = assignment::name(text, issuer.clone());
        let assigned = assignment::read(text, name.clone(), place);
        let (found, bare) = match assigned {
            Some(found) => (Some(found), false),
            None => (behind(text, &issuer, name), true),
        };
        let Some(found) = found else { return };
        let value = text.get(found.value.clone()).unwrap_or_default();
        if value.len() < SHORTEST
            || !random(value)
            || self.judge.reference(value)
            || self.judge.placeholder(value)
        {
            return;
        }
        if let Some(mut candidate) = self.of_issuer(text, &found, path, place) {
            if bare {
                let reason = "stands behind the issuer's name without being assigned";
                candidate.weight.at_most(Confidence::Medium, reason);
            }
            work.refund(budget, REACH);
            work.candidates.push(candidate);
        }
    }
}

/// The first text behind an issuer's name, in its line or the next, that has the form of a token.
fn behind(text: &[u8], issuer: &Range<usize>, name: Range<usize>) -> Option<Assignment> {
    let rest = after(text, issuer.end, REACH + 200);
    let mut start = 0;
    for (number, line) in rest.split(|b| *b == b'\n').take(2).enumerate() {
        let between = rest.get(..start)?;
        match first_token(between, line, number > 0) {
            Run::Value(span) => {
                let quoted = line.get(span.end).is_some_and(|b| b"\"'`".contains(b));
                let from = issuer.end + start;
                return Some(Assignment {
                    name,
                    value: from + span.start..from + span.end,
                    quoted,
                });
            }
            Run::Other => return None,
            Run::None => start += line.len() + 1,
        }
        if start >= REACH {
            return None;
        }
    }
    None
}

/// What the first long run of characters in a line is.
enum Run {
    /// The value of something.
    Value(Range<usize>),
    /// Something else: a digest, part of a path.
    Other,
    /// There is none.
    None,
}

/// In a further line only what is assigned or quoted counts.
fn first_token(between: &[u8], line: &[u8], further: bool) -> Run {
    let of_token = |b: &u8| b.is_ascii_alphanumeric() || b"_-+=.~".contains(b);
    let mut at = 0;
    while at < line.len().min(REACH) {
        let rest = line.get(at..).unwrap_or_default();
        let lead = line.get(..at).unwrap_or_default();
        // What stands in quotes is one value, whatever it is made of.
        let quote = lead.last().filter(|b| b"\"'`".contains(b));
        let whole = quote.and_then(|quote| {
            let end = rest
                .iter()
                .position(|b| b == quote || !b.is_ascii_graphic())?;
            (rest.get(end) == Some(quote)).then_some(end)
        });
        let run = whole.unwrap_or_else(|| rest.iter().take_while(|b| of_token(b)).count());
        if run < SHORTEST {
            at += run + 1;
            continue;
        }
        let opens = match lead.last() {
            Some(b'"' | b'\'' | b'`' | b'=') => true,
            Some(b' ') if further => {
                matches!(lead.trim_ascii_end().last(), Some(b'=' | b':'))
            }
            Some(last) => !further && b":( \t,>|[".contains(last),
            None => false,
        };
        let words = [between, b" ", lead].concat().to_ascii_lowercase();
        let otherwise = OTHERWISE
            .iter()
            .any(|word| memchr::memmem::find(&words, word.as_bytes()).is_some());
        let next = line.get(at + run);
        let ends = next.is_none_or(|b| b"\"'`,;)<|] \t\r}&".contains(b));
        return if opens && ends && !otherwise {
            Run::Value(at..at + run)
        } else {
            Run::Other
        };
    }
    Run::None
}

/// Whether letters and digits are mixed as only generators mix them.
fn random(value: &[u8]) -> bool {
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    let letters = value.iter().filter(|b| b.is_ascii_alphabetic()).count();
    let changes = value
        .windows(2)
        .filter(|pair| match pair {
            [a, b] => {
                a.is_ascii_digit() != b.is_ascii_digit()
                    || a.is_ascii_lowercase() && b.is_ascii_uppercase()
            }
            _ => false,
        })
        .count();
    digits > 0 && letters > 0 && changes * 8 >= value.len()
}
