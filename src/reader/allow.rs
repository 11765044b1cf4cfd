//! Comments that accept findings where they stand: `tenure:allow <check> reason`, in any comment syntax.
//!
//! Not a reader of a format: a comment stands in files of every format, and speaks of what all readers of the
//! file found.

use crate::model::{Allow, Document, Problem, ProblemKind};
use memchr::memmem;

/// The name under which comments are evidence.
const READER: &str = "allow-comment";
/// What is looked for.
const MARK: &[u8] = b"tenure:allow";
/// Longer check patterns are none.
const CHECK: usize = 80;
/// Longer reasons are cut.
const REASON: usize = 300;
/// No document holds more that count; a hostile one could otherwise fill the memory.
const ALLOWS: usize = 10_000;
/// What ends a comment or a text in the language around it.
const ENDS: [&str; 11] = [
    "*/", "-->", "--%>", "%>", "#}", "}}", "*)", "-}", "\"\"\"", "\",", "\"",
];

/// What a document's comments accept, and which of them say no reason.
pub fn allows(document: &Document<'_>) -> (Vec<Allow>, Vec<Problem>) {
    let decoded = utf16(document.bytes);
    let text = decoded.as_deref().unwrap_or(document.bytes);
    let (mut allows, mut problems) = (Vec::new(), Vec::new());
    let (mut line, mut counted) = (1_u32, 0);
    // Only the first of a line: a line cannot be gone through again for each of its marks.
    let mut done = 0;
    for at in memmem::find_iter(text, MARK) {
        if at < done || allows.len() + problems.len() >= ALLOWS {
            continue;
        }
        let between = text.get(counted..at).unwrap_or_default();
        let newlines = memchr::memchr_iter(b'\n', between).count();
        line = line.saturating_add(u32::try_from(newlines).unwrap_or(u32::MAX));
        counted = at;
        let before = text.get(done..at).unwrap_or_default();
        let before = memchr::memrchr(b'\n', before)
            .map_or(before, |n| before.get(n + 1..).unwrap_or_default());
        let rest = text.get(at + MARK.len()..).unwrap_or_default();
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        done = at + MARK.len() + end;
        let Some((check, reason)) = rest.get(..end).and_then(read) else {
            continue;
        };
        if reason.is_empty() {
            problems.push(Problem {
                path: document.origin.path.clone(),
                line: Some(line),
                column: None,
                kind: ProblemKind::Note,
                reader: READER,
                message: "gives no reason and accepts nothing: write `tenure:allow <check> reason`"
                    .into(),
            });
            continue;
        }
        let below = match only_a_comment(before) {
            true => 1 + stacked(rest.get(end..).unwrap_or_default()),
            false => 0,
        };
        allows.push(Allow {
            check: check.into(),
            reason: reason.into(),
            line: line.saturating_add(below),
            evidence: document.at_line(READER, line),
        });
    }
    (allows, problems)
}

/// The check and the reason behind the mark; `None` for what is no such comment, as in a text about them.
fn read(rest: &[u8]) -> Option<(String, String)> {
    let rest = rest.get(..rest.len().min(4 * REASON)).unwrap_or(rest);
    let rest = String::from_utf8_lossy(rest);
    if !rest.starts_with([' ', '\t']) {
        return None;
    }
    let rest = rest.trim_start();
    let id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-*?".contains(c);
    let (check, reason) = rest.split_at_checked(rest.find(|c| !id(c)).unwrap_or(rest.len()))?;
    // `*/` and `-->` end a comment that names no check.
    let ended = ENDS.iter().any(|end| rest.starts_with(end));
    let apart = reason.is_empty() || reason.starts_with([' ', '\t', '\r', ':', ',', '"', '*', '-']);
    if check.is_empty() || check.len() > CHECK || ended || !apart {
        return None;
    }
    let mut reason = reason.trim();
    for end in ENDS {
        reason = reason.strip_suffix(end).map_or(reason, str::trim_end);
    }
    let reason = reason.trim_start_matches([':', ',', '-', '–', '—', ' ']);
    if !reason.chars().any(char::is_alphanumeric) {
        return Some((check.to_owned(), String::new()));
    }
    let clean = reason.chars().map(|c| if c.is_control() { ' ' } else { c });
    Some((check.to_owned(), clean.take(REASON).collect()))
}

/// Whether what stands before the mark in its line only begins a comment, which then speaks of the next line.
fn only_a_comment(before: &[u8]) -> bool {
    let before = before.trim_ascii();
    let sign = |b: &u8| b.is_ascii() && !b.is_ascii_alphanumeric();
    let begins: [&[u8]; 4] = [b"rem", b"dnl", b"\"_comment\": \"", b"\"comment\": \""];
    before.len() <= 16
        && (before.iter().all(sign) || begins.iter().any(|b| before.eq_ignore_ascii_case(b)))
}

/// How many of the following lines are such comments, too: they all speak of the line below them.
fn stacked(rest: &[u8]) -> u32 {
    let lines = rest.get(1..).unwrap_or_default().split(|b| *b == b'\n');
    let comments = lines.take(20).take_while(|line| {
        let start = line.get(..line.len().min(512)).unwrap_or(line);
        memmem::find(start, MARK)
            .and_then(|at| line.get(..at))
            .is_some_and(only_a_comment)
    });
    u32::try_from(comments.count()).unwrap_or(u32::MAX)
}

/// The text of a document in UTF-16, which its mark tells.
fn utf16(bytes: &[u8]) -> Option<Vec<u8>> {
    let unit: fn([u8; 2]) -> u16 = match bytes {
        [0xFF, 0xFE, ..] => u16::from_le_bytes,
        [0xFE, 0xFF, ..] => u16::from_be_bytes,
        _ => return None,
    };
    let (pairs, _) = bytes.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
    Some(String::from_utf16_lossy(&units).into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Origin;

    fn of(text: &[u8]) -> (Vec<(String, String, u32)>, usize) {
        let origin = Origin::file("a");
        let (allows, problems) = allows(&Document {
            origin: &origin,
            bytes: text,
        });
        let allows = allows
            .iter()
            .map(|a| (a.check.to_string(), a.reason.to_string(), a.line))
            .collect();
        (allows, problems.len())
    }

    #[test]
    fn any_comment_syntax_same_line_or_above() {
        for (text, line) in [
            ("x = 1 # tenure:allow some-check test fixture", 1),
            ("# tenure:allow some-check test fixture\nx = 1", 2),
            ("  // tenure:allow some-check: test fixture\n", 2),
            ("x; /* tenure:allow some-check test fixture */", 1),
            ("<!-- tenure:allow some-check test fixture -->\n<a/>", 2),
            ("REM tenure:allow some-check test fixture", 2),
            ("-- tenure:allow some-check — test fixture\r\nselect", 2),
            ("{# tenure:allow some-check test fixture #}", 2),
            ("\n\n; tenure:allow some-check, test fixture", 4),
            (
                "\"_comment\": \"tenure:allow some-check test fixture\",\n\"k\": 1",
                2,
            ),
            (
                "# tenure:allow some-check test fixture\n# tenure:allow *-leaked why\nx",
                3,
            ),
        ] {
            let (found, problems) = of(text.as_bytes());
            let expected = ("some-check".to_owned(), "test fixture".to_owned(), line);
            assert_eq!((found.first(), problems), (Some(&expected), 0), "{text}");
        }
        let wide: Vec<u8> = [0xFF, 0xFE]
            .into_iter()
            .chain(
                "x # tenure:allow a b"
                    .encode_utf16()
                    .flat_map(u16::to_le_bytes),
            )
            .collect();
        assert_eq!(of(&wide).0.len(), 1);
    }

    #[test]
    fn without_a_reason_it_counts_for_nothing() {
        for text in [
            "# tenure:allow some-check",
            "# tenure:allow some-check   -->",
            "/* tenure:allow * */",
            "x # tenure:allow some-check: \"",
        ] {
            assert_eq!(of(text.as_bytes()), (Vec::new(), 1), "{text}");
        }
        for text in [
            "write `tenure:allow <check> reason`",
            "tenure:allowed some-check reason",
            "tenure:allow",
            "/* tenure:allow */",
            "tenure:allow\nsome-check reason",
            "tenure:allow Some sentence",
        ] {
            assert_eq!(of(text.as_bytes()), (Vec::new(), 0), "{text}");
        }
    }
}
