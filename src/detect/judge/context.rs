//! What stands around a value: the words of its name, its line, its neighbours.

use crate::detect::text::{after, before};
use memchr::memmem::find;
use std::ops::Range;

/// What kind of thing a name speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaks {
    /// Something that people make up.
    Password,
    /// Something that programs generate.
    Generated,
}

/// What the name says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name {
    pub(super) speaks: Speaks,
    /// Whether the name is that of the secret itself: nothing stands behind the telling word.
    pub(super) exact: bool,
    /// Whether it says that the secret is there for a test.
    pub(super) made_up: bool,
}

impl Name {
    /// Of a whole name and the telling word in it.
    pub(super) fn of(name: &[u8], word: &[u8]) -> Self {
        let lower = word.to_ascii_lowercase();
        let passwords: [&[u8]; 8] = [
            b"pass",
            b"pwd",
            b"psk",
            b"kennwort",
            b"senha",
            b"parola",
            b"contrase",
            b"mot_de_passe",
        ];
        let speaks = if passwords.iter().any(|p| find(&lower, p).is_some()) {
            Speaks::Password
        } else {
            Speaks::Generated
        };
        let whole = name.to_ascii_lowercase();
        let behind = find(&whole, &lower).map(|at| at + lower.len());
        let behind = behind.and_then(|at| whole.get(at..)).unwrap_or_default();
        let exact = behind
            .iter()
            .all(|b| b.is_ascii_digit() || matches!(b, b'_' | b'-' | b's'))
            || matches!(behind, b"_key" | b"key" | b"-key" | b"word" | b"_string");
        let made_up = whole.split(|b| !b.is_ascii_alphanumeric()).any(|part| {
            made_up(part)
                || [b"test".as_slice(), b"fake", b"mock", b"dummy"]
                    .iter()
                    .any(|w| part.starts_with(w))
        });
        Self {
            speaks,
            exact,
            made_up,
        }
    }
}

fn made_up(word: &[u8]) -> bool {
    matches!(
        word,
        b"test"
            | b"tests"
            | b"testing"
            | b"fake"
            | b"mock"
            | b"mocked"
            | b"dummy"
            | b"example"
            | b"sample"
            | b"demo"
            | b"invalid"
            | b"wrong"
            | b"bad"
            | b"incorrect"
            | b"fixture"
            | b"stub"
            | b"expected"
            | b"bogus"
            | b"placeholder"
    )
}

/// The line that a place in a text stands on, as far as it is near.
pub(super) fn line<'a>(text: &'a [u8], span: &Range<usize>) -> (&'a [u8], &'a [u8]) {
    let left = before(text, span.start, 400);
    let left = left.rsplit(|b| *b == b'\n').next().unwrap_or_default();
    let right = after(text, span.end, 400);
    let right = right.split(|b| *b == b'\n').next().unwrap_or_default();
    (left, right)
}

/// Whether the line says that the value is there to show or to check something.
pub(super) fn shown(left: &[u8]) -> Option<&'static str> {
    let lower = left.to_ascii_lowercase();
    let says = |words: &[&[u8]]| words.iter().any(|word| find(&lower, word).is_some());
    if says(&[
        b"e.g.",
        b"for example",
        b"for instance",
        b"example:",
        b"usage:",
        b">>> ",
        b"i.e.",
    ]) {
        return Some("line shows an example");
    }
    if says(&[
        b"assert",
        b"expect(",
        b"should",
        b".equal",
        b"describe(",
        b"it(",
    ]) {
        return Some("line checks something");
    }
    None
}

/// Whether a user, host or the like is named near by: then this is an account.
pub(super) fn with_account(text: &[u8], span: &Range<usize>) -> bool {
    const KEYS: [&[u8]; 9] = [
        b"user",
        b"login",
        b"email",
        b"host",
        b"server",
        b"account",
        b"uid",
        b"database",
        b"dbname",
    ];
    let mut near = before(text, span.start, 160).to_ascii_lowercase();
    near.push(b'\n');
    near.extend(
        after(text, span.end, 160)
            .iter()
            .map(u8::to_ascii_lowercase),
    );
    KEYS.iter().any(|key| {
        memchr::memmem::find_iter(&near, key).any(|at| {
            let rest = near.get(at + key.len()..).unwrap_or_default();
            let name = rest
                .iter()
                .take(12)
                .take_while(|b| b.is_ascii_alphanumeric() || b"_-\"' ])@.".contains(b))
                .count();
            let behind = rest.get(name..name + 2).unwrap_or_default();
            matches!(behind, [b'=', c] if *c != b'=')
                || matches!(behind, [b':', c] if *c != b':')
                || matches!(behind, [b'>', _])
        })
    })
}

/// Whether the same value stands in many places near by: a constant rather than a secret.
pub(super) fn repeated(text: &[u8], span: &Range<usize>) -> bool {
    const REACH: usize = 4096;
    let Some(value) = text.get(span.clone()) else {
        return false;
    };
    let from = span.start.saturating_sub(REACH);
    let near = after(text, from, 2 * REACH);
    value.len() >= 4 && memchr::memmem::find_iter(near, value).take(6).count() >= 6
}

/// Whether the text around is one long line, as minifiers make.
pub(super) fn minified(left: &[u8], right: &[u8]) -> bool {
    left.len() >= 400 || right.len() >= 400
}

/// Whether the line speaks of a digest rather than of what is digested.
pub(super) fn of_digest(left: &[u8]) -> bool {
    const WORDS: [&[u8]; 8] = [
        b"checksum",
        b"sha1",
        b"sha256",
        b"sha512",
        b"digest",
        b"md5",
        b"fingerprint",
        b"hash",
    ];
    let lower = left.to_ascii_lowercase();
    WORDS.iter().any(|word| find(&lower, word).is_some())
}

/// Whether a word stands a second time close by: `user: zabbix`, `password: zabbix`.
pub(super) fn named_beside(text: &[u8], span: &Range<usize>) -> bool {
    let Some(value) = text.get(span.clone()) else {
        return false;
    };
    let left = before(text, span.start, 300);
    let right = after(text, span.end, 300);
    value.len() >= 3 && (find(left, value).is_some() || find(right, value).is_some())
}

/// Whether the place is in a text about the program: between triple quotes in Python, or in a comment whose
/// lines begin with a star.
pub(super) fn in_docstring(text: &[u8], at: usize, place: &super::Place) -> bool {
    const FAR: usize = 128 << 10;
    let line = before(text, at, 400);
    let line = line.rsplit(|b| *b == b'\n').next().unwrap_or_default();
    let start = line.trim_ascii_start();
    if start.starts_with(b"* ") || start.starts_with(b"/// ") || start.starts_with(b"//! ") {
        return true;
    }
    if !place.python || at > FAR {
        return false;
    }
    let head = text.get(..at).unwrap_or_default();
    [b"\"\"\"".as_slice(), b"'''"]
        .iter()
        .any(|mark| memchr::memmem::find_iter(head, mark).count() % 2 == 1)
}
