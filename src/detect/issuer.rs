//! Credentials that only their surroundings tell whose they are: the value has a length and an alphabet,
//! and an issuer is named by the variable, a host or a comment nearby.

use super::Detector;
use super::assignment::Assignment;
use super::describe::{self, Match};
use super::judge::{entropy, name_of_code, repetitive, wordy};
use super::kind::Kind;
use super::place::{Class, Place};
use super::rule::{GenericRule, Structure};
use super::search::{Candidate, NAMED, Weight, Work, words};
use super::text::{after, before};
use crate::model::Confidence;
use std::ops::Range;

/// How far before a value an issuer's name is looked for, where nothing is assigned to a telling name.
const REACH: usize = 120;
/// Shorter values without a telling name are words.
const SHORTEST: usize = 16;
/// Longer ones are data.
const LONGEST: usize = 512;
/// Between an issuer's name and a value, these say that the value is something else.
const OTHERWISE: [&str; 29] = [
    "sha1",
    "sha2",
    "sha3",
    "sha5",
    "md5",
    "hash",
    "digest",
    "checksum",
    "integrity",
    "fingerprint",
    "thumbprint",
    "signature",
    "uuid",
    "guid",
    "shape",
    "commit",
    "revision",
    "version",
    "etag",
    "branch",
    "tree",
    "blob",
    "href",
    "import",
    "public",
    "client_id",
    "clientid",
    "project_id",
    "projectid",
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
        self.vocabulary
            .suggestions(text, &found.name, &found.value, path)
            .into_iter()
            .find_map(|suggestion| {
                let kind = self.kinds.get(suggestion.kind)?;
                let reason = if suggestion.named() {
                    NAMED
                } else {
                    "issuer is named nearby"
                };
                let weight = Weight::new(kind.rule.confidence.into(), reason);
                self.as_kind(
                    suggestion.kind,
                    kind,
                    text,
                    name,
                    &found.value,
                    place,
                    weight,
                )
            })
    }

    /// The value as a credential of this kind, if it can be one.
    #[expect(clippy::too_many_arguments, reason = "each is one consideration")]
    fn as_kind(
        &self,
        index: usize,
        kind: &Kind,
        text: &[u8],
        name: &[u8],
        value: &Range<usize>,
        place: &Place,
        mut weight: Weight,
    ) -> Option<Candidate> {
        if !kind.rule.assignment.as_ref()?.admits(name) || place.class == Class::Translation {
            return None;
        }
        if place.class == Class::Derived {
            weight.at_most(Confidence::Low, "file is made by a program");
        }
        let whole = text.get(value.clone())?;
        let captures = kind.pattern.as_ref()?.regex()?.captures(whole)?;
        let group = |name| {
            let part = captures.name(name)?;
            Some(value.start + part.start()..value.start + part.end())
        };
        let mut matched = Match {
            at: value.start,
            secret: group("secret"),
            id: group("id"),
            account: group("account"),
            ..Match::default()
        };
        let secret = text.get(matched.secret.clone()?)?;
        let body = secret.get(kind.rule.prefix_len..).unwrap_or(secret);
        // A kind of one length and alphabet says enough; of others, words are not the value.
        let loose = secret.len() < SHORTEST || !random(body);
        if entropy(body) < kind.rule.entropy
            || repetitive(body)
            || loose && wordy(body)
            || name_of_code(body)
        {
            return None;
        }
        let decoded = describe::decode(kind, text, &mut matched)?;
        self.weigh(kind, text, &matched, body, &decoded, place, &mut weight);
        Some(Candidate {
            kind: index,
            found: matched,
            decoded,
            weight,
        })
    }

    /// A long run of letters and digits: with an issuer's name just before, it may be its credential,
    /// whatever the name it is given to.
    pub(super) fn try_run(&self, text: &[u8], run: Range<usize>, place: &Place, work: &mut Work) {
        if matches!(place.class, Class::Derived | Class::Translation) {
            return;
        }
        let budget = self.generic.unwrap_or_default();
        // Of a value that was looked at, further runs are not new.
        let Some(value) = value_around(text, run).filter(|v| v.start >= work.run) else {
            return;
        };
        work.run = value.end;
        if work.known.contains(&value.start) {
            return;
        }
        let bytes = text.get(value.clone()).unwrap_or_default();
        if !(SHORTEST..=LONGEST).contains(&bytes.len()) || !random(bytes) {
            return;
        }
        let lead = before(text, value.start, REACH);
        // The line of the value, and the one before it.
        let lines = memchr::memrchr_iter(b'\n', lead)
            .nth(1)
            .map_or(0, |at| at + 1);
        let lead = lead.get(lines..).unwrap_or_default();
        let line = memchr::memrchr(b'\n', lead).map_or(0, |at| at + 1);
        let same_line = lead.get(line..).unwrap_or_default();
        if line > 0 && !assigned(same_line) && !same_line.trim_ascii().is_empty() {
            return;
        }
        // Lines of one long block, such as a certificate's.
        let above = lead.get(..line).unwrap_or_default().trim_ascii();
        if same_line.trim_ascii().is_empty() && above.len() >= 40 && !above.contains(&b' ') {
            return;
        }
        if !work.afford(budget, REACH, self.kinds.len()) {
            return;
        }
        let start = value.start - lead.len();
        let Some((name, suggestions)) = self.vocabulary.before(lead) else {
            return;
        };
        let name = start + name.start..start + name.end;
        let between = text.get(name.end..value.start).unwrap_or_default();
        let between = between.to_ascii_lowercase();
        if OTHERWISE
            .iter()
            .any(|word| memchr::memmem::find(&between, word.as_bytes()).is_some())
        {
            return;
        }
        // What the name ends in says what the value is: `_id`, `_url`, `_version`.
        let generic = self
            .generic_kind()
            .and_then(|kind| kind.rule.generic.as_ref());
        let given = assigned(same_line);
        if generic.is_some_and(|rule| given && ends_harmless(rule, text, name.start..value.start)) {
            return;
        }
        if self.judge.reference(bytes) || self.placeholder(bytes) {
            return;
        }
        let said = text.get(name.start..value.start).unwrap_or_default();
        // `exports.PagerDutyApi = PagerDutyApi`
        if memchr::memmem::find(said, bytes).is_some() {
            return;
        }
        let candidate = suggestions.into_iter().find_map(|index| {
            let kind = self.kinds.get(index)?;
            // What people make up has no form that tells it apart.
            if kind.rule.structure == Structure::Password {
                return None;
            }
            let mut weight =
                Weight::new(kind.rule.confidence.into(), "issuer is named just before");
            weight.at_most(Confidence::Medium, "no name says that it is a secret");
            self.as_kind(index, kind, text, said, &value, place, weight)
        });
        if candidate.is_some() {
            work.refund(budget, REACH);
            work.candidates.extend(candidate);
        }
    }

    /// Whether a value of an issuer's form is a placeholder: prefixes such as `test_` are part of many forms.
    pub(super) fn placeholder(&self, value: &[u8]) -> bool {
        let body = value
            .iter()
            .rposition(|b| b"_-.:".contains(b))
            .and_then(|at| value.get(at + 1..))
            .filter(|body| body.len() >= SHORTEST && random(body))
            .unwrap_or(value);
        self.judge.placeholder(body)
    }
}

/// Whether the last word of the name that a value is given to says that it is no secret.
fn ends_harmless(rule: &GenericRule, text: &[u8], said: Range<usize>) -> bool {
    let said = text.get(said).unwrap_or_default();
    let of_name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let end = said.iter().rposition(of_name).map_or(0, |at| at + 1);
    let name = said.get(..end).unwrap_or_default();
    let start = name
        .iter()
        .rposition(|b| !of_name(b))
        .map_or(0, |at| at + 1);
    let last = words(name.get(start..).unwrap_or_default()).pop();
    last.and_then(|word| String::from_utf8(word).ok())
        .is_some_and(|word| rule.not_after.contains(&word))
}

/// Whether a line ends in what gives a value to a name.
fn assigned(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    let line = line
        .strip_suffix(b"\"")
        .or_else(|| line.strip_suffix(b"'"))
        .unwrap_or(line)
        .trim_ascii_end();
    matches!(line.last(), Some(b'=' | b':' | b'>' | b'('))
}

/// The value that a run is part of: what stands between quotes, or as far as characters of tokens go. None
/// inside paths, links and expressions.
fn value_around(text: &[u8], run: Range<usize>) -> Option<Range<usize>> {
    let of_token: fn(&u8) -> bool = |b| b.is_ascii_alphanumeric() || b"_-+=.~".contains(b);
    let left = before(text, run.start, LONGEST);
    let right = after(text, run.end, LONGEST);
    let of_value = |b: &&u8| b.is_ascii_graphic() && !b"\"'`".contains(b);
    let whole = left.iter().rev().take_while(of_value).count();
    let end = right.iter().take_while(of_value).count();
    let open = left
        .len()
        .checked_sub(whole + 1)
        .and_then(|at| left.get(at));
    if open.is_some_and(|b| b"\"'`".contains(b)) && right.get(end) == open {
        return Some(run.start - whole..run.end + end);
    }
    // `name=value`: the value begins behind the last sign, unless that is its padding.
    let beginning = |of: fn(&u8) -> bool| {
        let length = left.iter().rev().take_while(|b| of(b)).count();
        let lead = left.get(left.len() - length..).unwrap_or_default();
        let sign = lead.iter().rposition(|b| *b == b'=');
        sign.map_or(length, |sign| length - sign - 1)
    };
    let of_base64: fn(&u8) -> bool = |b| b.is_ascii_alphanumeric() || b"+/=".contains(b);
    for (of, openers) in [
        (of_token, b"\"'`=:( \t\n\r,>|[".as_slice()),
        (of_base64, b"=:"),
    ] {
        let start = beginning(of);
        let end = right.iter().take_while(|b| of(b)).count();
        let lead = left.get(..left.len() - start).unwrap_or_default();
        // A slash belongs to what is given to a name, elsewhere to a path.
        let lead = if openers.len() > 2 {
            lead
        } else {
            lead.trim_ascii_end()
        };
        let opens = lead.last().is_none_or(|b| openers.contains(b));
        let ends = right.get(end);
        if opens && ends.is_none_or(|b| b"\"'`,;)<|] \t\r\n}&".contains(b)) {
            return Some(run.start - start..run.end + end);
        }
    }
    None
}

/// Whether letters and digits are mixed as only generators mix them.
pub(super) fn random(value: &[u8]) -> bool {
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
