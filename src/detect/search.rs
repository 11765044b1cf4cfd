//! From hits of the prefilter to weighed candidates.

use super::assignment::{self, Assignment};
use super::describe::{self, Decoded, Match};
use super::judge::{Case, entropy, name_of_code, repetitive, says_example};
use super::kind::Kind;
use super::layers::{self, Broken};
use super::place::{Class, Place};
use super::prefilter::Action;
use super::rule::{Checksum, GenericRule, Structure};
use super::text::{after, before};
use super::{Detector, checksum, issuer, runs};
use crate::model::{Confidence, ONLY_PUBLIC_HALF};
use std::collections::{BTreeSet, HashSet};
use std::ops::Range;

/// No document holds more; a hostile one could otherwise fill the memory with findings.
const CANDIDATES: usize = 50_000;

/// Bytes that each kind's pattern may be run over in vain in one text, whatever its length …
const BASE: usize = 16 << 20;
/// … in a text that was unfolded from another one, of which there may be thousands …
const INNER_BASE: usize = 16 << 10;
/// … and for each byte of the text.
const RATIO: usize = 16;
/// Telling where the groups of a pattern stand costs this many times what finding out whether it matches does.
const GROUPS: usize = 64;

/// Something that matched, weighed.
#[derive(Debug)]
pub(super) struct Candidate {
    /// Index of the kind.
    pub(super) kind: usize,
    /// Where in the text what is.
    pub(super) found: Match,
    /// What it says about itself.
    pub(super) decoded: Decoded,
    pub(super) weight: Weight,
}

/// How sure, and why.
#[derive(Clone, Debug)]
pub(super) struct Weight {
    pub(super) confidence: Confidence,
    pub(super) reasons: Vec<&'static str>,
}

impl Weight {
    pub(super) fn new(confidence: Confidence, reason: &'static str) -> Self {
        Self {
            confidence,
            reasons: vec![reason],
        }
    }

    /// At most this sure, for this reason.
    pub(super) fn at_most(&mut self, most: Confidence, reason: &'static str) {
        self.confidence = self.confidence.min(most);
        self.reasons.push(reason);
    }

    pub(super) fn step_down(&mut self, reason: &'static str) {
        self.confidence = match self.confidence {
            Confidence::High => Confidence::Medium,
            Confidence::Medium | Confidence::Low => Confidence::Low,
        };
        self.reasons.push(reason);
    }
}

/// What a search has done so far.
pub(super) struct Work {
    /// Bytes that each kind's pattern was run over; made at the first hit.
    spent: Vec<usize>,
    /// How many each may spend.
    budget: usize,
    /// The name read last: further telling words inside it are not new.
    pub(super) name: Range<usize>,
    /// Where the value ends that a run led to last.
    pub(super) run: usize,
    /// Where what was found before the runs begins.
    pub(super) known: HashSet<usize>,
    pub(super) candidates: Vec<Candidate>,
    /// Kinds that were cut short.
    pub(super) limited: Vec<usize>,
    /// Places where what was found goes on elsewhere.
    pub(super) broken: Vec<Broken>,
}

/// What a search found.
pub(super) struct Found {
    /// Everything that matches.
    pub(super) candidates: Vec<Candidate>,
    /// The kinds of which not every place was examined.
    pub(super) limited: Vec<usize>,
    /// Places where what was found goes on elsewhere.
    pub(super) broken: Vec<Broken>,
}

impl Work {
    /// Nothing yet, in a text of this length.
    pub(super) fn new(length: usize) -> Self {
        Self::bounded(BASE, length)
    }

    fn bounded(base: usize, length: usize) -> Self {
        Self {
            spent: Vec::new(),
            budget: length.saturating_mul(RATIO).saturating_add(base),
            name: 0..0,
            run: 0,
            known: HashSet::new(),
            candidates: Vec::new(),
            limited: Vec::new(),
            broken: Vec::new(),
        }
    }

    /// Whether anything was found, or something was left out.
    pub(super) const fn something(&self) -> bool {
        !self.candidates.is_empty() || !self.limited.is_empty()
    }

    /// Whether a kind may look at another window. Windows overlap, so that a hostile text of literals
    /// alone would cost its length times the window.
    pub(super) fn afford(&mut self, kind: usize, window: usize, kinds: usize) -> bool {
        if self.spent.is_empty() {
            self.spent.resize(kinds, 0);
        }
        let Some(spent) = self.spent.get_mut(kind) else {
            return false;
        };
        *spent = spent.saturating_add(window);
        let fine = *spent <= self.budget && self.candidates.len() < CANDIDATES;
        if !fine && !self.limited.contains(&kind) {
            self.limited.push(kind);
        }
        fine
    }

    /// A pattern matched, and what it matched is nothing.
    fn in_vain(&mut self, kind: usize, window: usize) {
        if let Some(spent) = self.spent.get_mut(kind) {
            *spent = spent.saturating_add(window.saturating_mul(GROUPS));
        }
    }

    fn broken(&mut self, text: &[u8], at: usize) {
        if self.broken.len() < layers::PLACES {
            self.broken.extend(Broken::at(text, at));
        }
    }

    pub(super) fn refund(&mut self, kind: usize, window: usize) {
        if let Some(spent) = self.spent.get_mut(kind) {
            *spent = spent.saturating_sub(window);
        }
    }
}

/// The reason for taking a value for the issuer's that its name speaks of.
pub(super) const NAMED: &str = "name says what it is";

impl Detector {
    /// Everything that matches, the kinds of which not every place was examined, and where what was found goes
    /// on elsewhere.
    pub(super) fn find(&self, text: &[u8], path: &str, place: &Place) -> Found {
        self.find_within(Work::new(text.len()), text, path, place)
    }

    /// The same, in a text that was unfolded from another one.
    pub(super) fn find_inside(&self, text: &[u8], path: &str, place: &Place) -> Found {
        self.find_within(Work::bounded(INNER_BASE, text.len()), text, path, place)
    }

    fn find_within(&self, mut work: Work, text: &[u8], path: &str, place: &Place) -> Found {
        self.prefilter.each_hit(text, |at, action| match action {
            Action::Kind(index) => self.try_kind(text, at, index, place, &mut work),
            Action::Word(length) => {
                let word = at..at + length;
                if !(work.name.start <= at && at < work.name.end) {
                    self.try_assignment(text, word, path, place, &mut work);
                }
            }
        });
        work.known = work.candidates.iter().map(|c| c.found.at).collect();
        runs::each(text, |run| self.try_run(text, run, place, &mut work));
        Found {
            candidates: work.candidates,
            limited: work.limited,
            broken: work.broken,
        }
    }

    pub(super) fn try_kind(
        &self,
        text: &[u8],
        at: usize,
        index: usize,
        place: &Place,
        work: &mut Work,
    ) {
        let Some(kind) = self.kinds.get(index) else {
            return;
        };
        let window = kind.rule.before + kind.rule.window;
        let inside = kind.rule.before == 0 && !bounded_before(text, at);
        if inside || !work.afford(index, window, self.kinds.len()) {
            return;
        }
        work.broken(text, at);
        let start = at.saturating_sub(kind.rule.before);
        let end = at.saturating_add(kind.rule.window).min(text.len());
        let around = text.get(start..end).unwrap_or_default();
        let Some(regex) = kind.pattern.as_ref().and_then(|pattern| pattern.regex()) else {
            return;
        };
        // Most hits of short literals end here; finding out is cheaper than capturing.
        if !regex.is_match(around) {
            return;
        }
        if let Some(candidate) = self.examine(kind, index, regex, text, start..end, at, place) {
            work.refund(index, window);
            work.candidates.push(candidate);
        } else {
            work.in_vain(index, around.len());
        }
    }

    #[expect(clippy::too_many_arguments, reason = "each is one consideration")]
    fn examine(
        &self,
        kind: &Kind,
        index: usize,
        regex: &regex::bytes::Regex,
        text: &[u8],
        window: Range<usize>,
        at: usize,
        place: &Place,
    ) -> Option<Candidate> {
        let start = window.start;
        let window = text.get(window)?;
        let captures = regex.captures_iter(window).find(|captures| {
            captures
                .get(0)
                .is_some_and(|whole| (whole.start()..whole.end()).contains(&(at - start)))
        })?;
        let group = |name| {
            let found = captures.name(name)?;
            Some(start + found.start()..start + found.end())
        };
        let mut found = Match {
            at,
            secret: group("secret"),
            id: group("id"),
            account: group("account"),
            user: group("user"),
            host: group("host"),
        };
        let main = found.secret.clone().or_else(|| found.id.clone())?;
        let whole = start + captures.get(0)?.start();
        if !bounded_before(text, whole) || !bounded_behind(text, &main) || digest(text, whole) {
            return None;
        }
        let mut weight = Weight::new(kind.rule.confidence.into(), "format is the issuer's");
        if kind.companion.is_some() {
            found.secret = companion(kind, text, &main);
            if found.secret.is_some() {
                weight.reasons.push("key id and secret stand together");
            } else {
                weight.at_most(Confidence::Medium, ONLY_PUBLIC_HALF);
            }
        }
        let value = text.get(main)?;
        let body = value.get(kind.rule.prefix_len..).unwrap_or(value);
        if kind.rule.entropy > 0.0 && entropy(body) < kind.rule.entropy {
            return None;
        }
        let password = matches!(kind.rule.structure, Structure::Password | Structure::Given);
        if password && (self.judge.reference(value) || self.judge.placeholder(value)) {
            return None;
        }
        let decoded = describe::decode(kind, text, &mut found)?;
        self.weigh(kind, text, &found, body, &decoded, place, &mut weight);
        Some(Candidate {
            kind: index,
            found,
            decoded,
            weight,
        })
    }

    /// Weighs what speaks for and against a match.
    #[expect(clippy::too_many_arguments, reason = "each is one consideration")]
    pub(super) fn weigh(
        &self,
        kind: &Kind,
        text: &[u8],
        found: &Match,
        body: &[u8],
        decoded: &Decoded,
        place: &Place,
        weight: &mut Weight,
    ) {
        let value = |span: &Option<Range<usize>>| {
            span.clone()
                .and_then(|span| text.get(span))
                .unwrap_or_default()
        };
        let secret = value(&found.secret);
        for (most, reason) in &decoded.doubts {
            // In a file that is there to hold passwords, a word is one all the same.
            if place.kept && *reason == describe::WORD {
                continue;
            }
            weight.at_most(*most, reason);
        }
        let is = |documented: &String| {
            let documented = documented.as_bytes();
            value(&found.id) == documented || memchr::memmem::find(secret, documented).is_some()
        };
        let armour = matches!(
            kind.rule.structure,
            Structure::Pem | Structure::GcpServiceAccount | Structure::KubeconfigKey
        );
        if kind.rule.documented.iter().any(is) {
            weight.at_most(Confidence::Low, "value is from the issuer's documentation");
        } else if !armour && body.len() <= 200 && (repetitive(body) || self.judge.placeholder(body))
        {
            weight.at_most(Confidence::Low, "value looks made up");
        } else if body.len() > 200 && says_example(secret) {
            weight.at_most(Confidence::Low, "value says that it is an example");
        } else if !armour && kind.rule.prefix_len > 0 && name_of_code(body) {
            weight.at_most(Confidence::Low, "value is made of words");
        }
        if place.class == Class::Program && kind.rule.structure == Structure::Given {
            weight.step_down("such lines work in other files than programs");
        }
        if place.class == Class::Translation && kind.rule.structure == Structure::Password {
            weight.at_most(Confidence::Low, "file holds translated texts");
        }
        match checksum::verify(kind.rule.checksum, secret) {
            Some(true) => {
                // Nobody makes up a right checksum, wherever it stands.
                weight.confidence = Confidence::High;
                weight.reasons.push("checksum valid");
                weight.reasons.extend(place.lowers);
                return;
            }
            Some(false) => weight.step_down("checksum wrong"),
            None if kind.rule.checksum == Checksum::None => {}
            None => weight.reasons.push("format without checksum"),
        }
        if let Some(reason) = place.lowers {
            weight.step_down(reason);
        }
    }

    pub(super) fn try_assignment(
        &self,
        text: &[u8],
        word: Range<usize>,
        path: &str,
        place: &Place,
        work: &mut Work,
    ) {
        let name = assignment::name(text, word.clone());
        work.name = name.clone();
        // The budget of assignments is that of the generic kind, or of whichever is there.
        let first = self.generic.unwrap_or_default();
        if continues(text, &word, name.end) {
            // `tokenizer_token`: what is behind the word may be telling.
            work.name = 0..0;
            return;
        }
        if !work.afford(first, 64, self.kinds.len()) {
            return;
        }
        let (left, right) = (name.start..word.start, word.end..name.end);
        let part = |span: Range<usize>| text.get(span).unwrap_or_default();
        let generic = self
            .generic_kind()
            .and_then(|kind| kind.rule.generic.as_ref());
        let called = text.get(name.end) == Some(&b'(') || after(text, name.end, 3) == b":@\"";
        if generic.is_some_and(|rule| harmless(rule, part(left), part(right), called)) {
            // `LASTPASS_PASSWORD`: a later word may be the telling one.
            work.name.end = word.end;
            return;
        }
        let end = name.end;
        let Some(found) = assignment::read(text, name, place) else {
            if work.broken.len() < layers::PLACES {
                work.broken.extend(Broken::group(text, end));
            }
            return;
        };
        work.broken(text, found.value.start);
        let found = without_scheme(text, found);
        work.refund(first, 64);
        work.name.end = work.name.end.max(found.name.end);
        match self.assigned_to(text, word.clone(), &found, path, place) {
            Some(candidate) => work.candidates.push(candidate),
            // `privateKeyPassword`: a later word may tell more.
            None => work.name.end = work.name.end.min(word.end),
        }
    }

    /// The kind of an assignment's value: by the name, by what stands near, or by the value alone.
    fn assigned_to(
        &self,
        text: &[u8],
        word: Range<usize>,
        found: &Assignment,
        path: &str,
        place: &Place,
    ) -> Option<Candidate> {
        let value = text.get(found.value.clone())?;
        // What no issuer hands out.
        let none = value.len() < 6
            || value.iter().any(u8::is_ascii_whitespace)
            || self.judge.reference(value)
            || self.placeholder(value);
        let issued = (!none)
            .then(|| self.of_issuer(text, found, path, place))
            .flatten();
        let candidate = issued.or_else(|| self.generic(text, word, found, place));
        // The path could name an issuer whose form the value has.
        let maybe = place.unknown && !none && issuer::random(value);
        candidate.or_else(|| {
            Some(Candidate {
                kind: self.generic.filter(|_| maybe)?,
                found: Match {
                    at: found.value.start,
                    secret: Some(found.value.clone()),
                    ..Match::default()
                },
                decoded: Decoded::default(),
                weight: Weight::new(Confidence::Low, "the path is not known"),
            })
        })
    }

    pub(super) fn generic_kind(&self) -> Option<&Kind> {
        self.kinds.get(self.generic?)
    }

    fn generic(
        &self,
        text: &[u8],
        word: Range<usize>,
        found: &Assignment,
        place: &Place,
    ) -> Option<Candidate> {
        let index = self.generic?;
        let kind = self.kinds.get(index)?;
        let value = text.get(found.value.clone())?;
        let verdict = self.judge.assigned(&Case {
            text,
            name: text.get(found.name.clone())?,
            word: text.get(word)?,
            start: found.value.start,
            value,
            quoted: found.quoted,
            place,
        })?;
        let mut weight = Weight::new(verdict.confidence, "assigned to a telling name");
        weight.reasons.extend(verdict.reasons);
        if kind.rule.documented.iter().any(|d| d.as_bytes() == value) {
            weight.at_most(Confidence::Low, "value is an example of a standard");
        }
        Some(Candidate {
            kind: index,
            found: Match {
                at: found.value.start,
                secret: Some(found.value.clone()),
                ..Match::default()
            },
            decoded: Decoded::default(),
            weight,
        })
    }
}

/// The second part of a pair: the first behind the id, else the last before it, and none beyond another id.
fn companion(kind: &Kind, text: &[u8], id: &Range<usize>) -> Option<Range<usize>> {
    let rule = kind.rule.companion.as_ref()?;
    let regex = kind.companion.as_ref()?.regex()?;
    let next_id = |window: &[u8], last: bool| {
        kind.rule
            .literals
            .iter()
            .filter_map(|literal| {
                let literal = literal.as_bytes();
                if last {
                    memchr::memmem::rfind(window, literal)
                } else {
                    memchr::memmem::find(window, literal)
                }
            })
            .reduce(if last { usize::max } else { usize::min })
    };
    let search = |from: usize, window: &[u8], last: bool| {
        let fits = |span: &Range<usize>| {
            let value = text.get(span.clone()).unwrap_or_default();
            entropy(value) >= rule.entropy
                && value.iter().any(u8::is_ascii_lowercase)
                && value.iter().any(u8::is_ascii_uppercase)
                && bounded_behind(text, span)
                && !super::judge::wordy(value)
        };
        let mut spans = regex.captures_iter(window).filter_map(|captures| {
            let secret = captures.name("secret")?;
            Some(from + secret.start()..from + secret.end()).filter(fits)
        });
        if last { spans.last() } else { spans.next() }
    };
    let behind = after(text, id.end, rule.within);
    let behind = behind.get(..next_id(behind, false).unwrap_or(behind.len()))?;
    search(id.end, behind, false).or_else(|| {
        let ahead = before(text, id.start, rule.within);
        let ahead = ahead.get(next_id(ahead, true).unwrap_or(0)..)?;
        search(id.start - ahead.len(), ahead, true)
    })
}

/// Whether a secret ends where its match does: the word does not go on.
fn bounded_behind(text: &[u8], span: &Range<usize>) -> bool {
    let word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    let value = text.get(span.clone()).unwrap_or_default();
    !(value.last().is_some_and(word) && text.get(span.end).is_some_and(word))
}

/// Whether a word may begin here: at a boundary, or behind an escape that ends in a letter or digit
/// (`\n`, `%3D`, `\u003d`).
fn bounded_before(text: &[u8], at: usize) -> bool {
    let word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    if !text.get(at).is_some_and(word) {
        return true;
    }
    match before(text, at, 6) {
        [] => true,
        [.., last] if !word(last) => true,
        [.., b'\\', b'n' | b'r' | b't'] => true,
        [.., b'%', a, b] => a.is_ascii_hexdigit() && b.is_ascii_hexdigit(),
        [b'\\', b'u', rest @ ..] => rest.iter().all(u8::is_ascii_hexdigit),
        _ => false,
    }
}

/// Whether what begins here is the digest of something: `sha256=…`, `sha512-…`.
fn digest(text: &[u8], at: usize) -> bool {
    let lead = before(text, at, 7).to_ascii_lowercase();
    let [name @ .., b'=' | b'-' | b':'] = lead.as_slice() else {
        return false;
    };
    [b"sha256".as_slice(), b"sha384", b"sha512", b"sha1", b"md5"]
        .iter()
        .any(|digest| name.ends_with(digest))
}

/// Whether the telling word is only the beginning of another one: `tokenizer`, `passwordless`, `TOKENS`.
fn continues(text: &[u8], word: &Range<usize>, end: usize) -> bool {
    let last = text
        .get(word.end.saturating_sub(1))
        .copied()
        .unwrap_or(b' ');
    let rest = text.get(word.end..end).unwrap_or_default();
    let same_case = |b: u8| {
        if last.is_ascii_uppercase() {
            b.is_ascii_uppercase()
        } else {
            b.is_ascii_lowercase()
        }
    };
    rest.first().is_some_and(|b| same_case(*b))
}

/// Whether the words around the telling one say that no secret is given here. To set one by a call is to
/// give it.
fn harmless(rule: &GenericRule, left: &[u8], right: &[u8], called: bool) -> bool {
    let listed = |list: &BTreeSet<String>, word: &[u8]| {
        std::str::from_utf8(word).is_ok_and(|word| list.contains(word))
    };
    words(right)
        .iter()
        .any(|word| listed(&rule.not_after, word))
        || words(left)
            .iter()
            .any(|word| listed(&rule.not_before, word) && !(called && word == b"set"))
}

/// The words of a name in snake, kebab, dotted or camel case, in lower case.
pub(super) fn words(name: &[u8]) -> Vec<Vec<u8>> {
    let mut words = vec![Vec::new()];
    let mut previous = b'_';
    for &byte in name {
        let camel = previous.is_ascii_lowercase() && byte.is_ascii_uppercase();
        if camel || !byte.is_ascii_alphanumeric() {
            words.push(Vec::new());
        }
        if byte.is_ascii_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.push(byte.to_ascii_lowercase());
        }
        previous = byte;
    }
    words
}

/// `Authorization: Bearer value`: the scheme is not part of the secret.
fn without_scheme(text: &[u8], mut found: Assignment) -> Assignment {
    let value = text.get(found.value.clone()).unwrap_or_default();
    if scheme(value) {
        found.value.start += 1 + value.iter().take_while(|b| **b != b' ').count();
    }
    found
}

fn scheme(value: &[u8]) -> bool {
    assignment::SCHEMES.iter().any(|s| value.starts_with(s))
}
