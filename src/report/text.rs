//! Text from inputs, made safe to show, and fitted into columns.

use super::subject::Subject;
use crate::snapshot::{Claim, Commit, Evidence, Exposure, Ownership, Waiver, When};
use unicode_width::UnicodeWidthChar;

/// The text on one line without anything that a terminal or a reader's eye could be fooled by: control
/// characters, escape sequences, and the invisible characters that reorder or hide text.
pub(super) fn clean(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' | '\u{85}' => {
                if !safe.ends_with(' ') {
                    safe.push(' ');
                }
            }
            c if c.is_control() || deceptive(c) => safe.push('\u{FFFD}'),
            c => safe.push(c),
        }
    }
    safe
}

/// The same for a message, whose lines stay lines.
pub fn safe(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(clean).collect();
    lines.join("\n")
}

/// Characters that have no width of their own but change what others look like or what order they have.
fn deceptive(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
        | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
        | '\u{FFF0}'..='\u{FFFB}'
        | '\u{E0000}'..='\u{E0FFF}')
}

/// How many columns a text takes.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(column).sum()
}

fn column(c: char) -> usize {
    c.width().unwrap_or_default()
}

/// The text cut to a width, `…` for what is left out at its end.
pub(super) fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut room = width.saturating_sub(1);
    let kept = text.chars().take_while(|c| {
        let fits = column(*c) <= room;
        room = room.saturating_sub(column(*c));
        fits
    });
    kept.chain(['…']).collect()
}

/// The text cut to a width, `…` for what is left out at its start: of a path the end tells most.
pub(super) fn cut_start(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let reversed: String = text.chars().rev().collect();
    cut(&reversed, width).chars().rev().collect()
}

/// A path cut to a width: of its directories the last ones are kept whole, and a file name that is too
/// long by itself keeps its two ends.
pub(super) fn cut_path(path: &str, width: usize) -> String {
    if columns(path) <= width {
        return path.to_owned();
    }
    let mut name = path;
    while let Some((_, below)) = name.split_once('/') {
        if columns(below) + 2 <= width {
            return format!("…/{below}");
        }
        name = below;
    }
    if columns(name) <= width {
        return name.to_owned();
    }
    // One column is for the mark.
    let start = width.saturating_sub(1) / 2;
    let end = width.saturating_sub(1) - start;
    let head = cut(name, start + 1);
    format!("{head}{}", cut_start(name, end + 1).trim_start_matches('…'))
}

/// The text in lines of at most this width, broken between words where that is possible.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in text.split(' ').filter(|w| !w.is_empty()) {
        let needed = columns(word);
        if used > 0 && used + 1 + needed > width {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        for part in parts(word, width) {
            let needed = columns(&part);
            if used > 0 && used + needed > width {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push_str(&part);
            used += needed;
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// A word in parts that each fit: whole if it does, else broken where paths, ids and addresses are read.
fn parts(word: &str, width: usize) -> Vec<String> {
    if columns(word) <= width {
        return vec![word.to_owned()];
    }
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut used = 0;
    for c in word.chars() {
        if used + column(c) > width {
            parts.push(std::mem::take(&mut part));
            used = 0;
        }
        part.push(c);
        used += column(c);
        if matches!(c, '/' | '@' | ':' | '#' | '-' | '_' | ',') {
            parts.push(std::mem::take(&mut part));
            used = 0;
        }
    }
    parts.push(part);
    parts
}

/// [`wrap`], with at most so many lines; `…` for the rest.
pub(super) fn wrap_to(text: &str, width: usize, most: usize) -> Vec<String> {
    // No more than this can be shown, and a hostile text may be long.
    let bounded = cut(text, width.saturating_mul(most + 1));
    let mut lines = wrap(&bounded, width);
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            *last = cut(&format!("{last}……"), columns(last).min(width - 1) + 1);
        }
    }
    lines
}

/// `1 finding`, `2 findings`, `1,204 files`.
pub fn count(n: usize, one: &str, many: &str) -> String {
    format!("{} {}", number(n as u64), if n == 1 { one } else { many })
}

/// `1,204`.
pub(super) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `38.2 MB`.
pub(super) fn bytes(n: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    for (unit, name) in UNITS {
        if n >= unit {
            let tenths = n / (unit / 10);
            return format!("{}.{} {name}", number(tenths / 10), tenths % 10);
        }
    }
    count(n as usize, "byte", "bytes")
}

/// The day of an instant.
pub(super) fn day(instant: &str) -> &str {
    instant.split('T').next().unwrap_or_default()
}

/// A day, `never` or `unknown`.
pub(super) fn when(when: &When) -> &str {
    match when {
        When::Unknown => "unknown",
        When::Never => "never",
        When::At { at } => day(at),
    }
}

/// Where, for a person: safe, in one line.
pub(super) fn place(evidence: &Evidence) -> String {
    clean(&evidence.to_string())
}

/// Where a credential stands or stood, and by whom, for a person: `app/.env:3`, `old/config.py:12 (removed by
/// John Roe, 2023-05-01; commit 1a2b3c4d by Jane Doe, 2023-04-01)`.
pub(super) fn exposed(exposure: &Exposure) -> String {
    let evidence = &exposure.evidence;
    let mut parts = Vec::new();
    let mut pointer = evidence.pointer_text().map(|p| clean(&p));
    // In a file of today it may say where in the line's cell or record; in history it names the commit.
    if exposure.in_tree && !names_commit(exposure) {
        parts.extend(pointer.take());
    }
    match &exposure.removed {
        Some(commit) => parts.push(format!("removed by {}", signed(commit))),
        None if elsewhere(exposure) => parts.push(ELSEWHERE.to_owned()),
        None => {}
    }
    match &exposure.introduced {
        Some(commit) => {
            let what = pointer.unwrap_or_else(|| format!("commit {}", clean(commit.short())));
            parts.push(format!("{what} by {}", signed(commit)));
        }
        None => parts.extend(pointer),
    }
    let bare = Evidence {
        pointer: None,
        ..evidence.clone()
    };
    if parts.is_empty() {
        return place(&bare);
    }
    format!("{} ({})", place(&bare), parts.join("; "))
}

/// Who brought a credential in, and whether it is gone, in few words: `by Jane Doe, 2023-04-01; removed
/// 2023-05-01`. `None` where no history is known.
pub(super) fn lineage(exposure: &Exposure) -> Option<String> {
    let by = exposure.introduced.as_ref();
    let by = by.map(|commit| format!("by {}", signed(commit)));
    let gone = match &exposure.removed {
        Some(commit) => Some(format!("removed {}", clean(day(&commit.date)))),
        None => elsewhere(exposure).then(|| ELSEWHERE.to_owned()),
    };
    let parts: Vec<_> = by.into_iter().chain(gone).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// Of what stands in no file of today but was not removed either.
const ELSEWHERE: &str = "in a branch or tag";

fn elsewhere(exposure: &Exposure) -> bool {
    !exposure.in_tree && exposure.removed.is_none() && names_commit(exposure)
}

fn names_commit(exposure: &Exposure) -> bool {
    let pointer = exposure.evidence.pointer_text();
    pointer.is_some_and(|p| p.starts_with("commit "))
}

fn signed(commit: &Commit) -> String {
    format!("{}, {}", clean(&commit.author), clean(day(&commit.date)))
}

/// Whose, for a person: safe, in one line.
pub(super) fn owner(ownership: Option<&Ownership>) -> String {
    let Some(ownership) = ownership else {
        return "unknown".to_owned();
    };
    let named = ownership.owner.as_deref().map(party);
    let guess = ownership.suggestion.as_deref().map(party);
    let text = match (&*ownership.state, named, guess) {
        ("owned", Some(owner), _) => owner.to_owned(),
        ("orphaned", Some(owner), _) => format!("{owner} (gone)"),
        ("orphaned", None, _) => "gone".to_owned(),
        ("disputed", ..) => disputed(ownership),
        ("suggested" | "unowned", _, Some(guess)) => format!("nobody; maybe {guess}"),
        ("suggested" | "unowned", ..) => "nobody".to_owned(),
        (_, _, Some(guess)) => format!("unknown; maybe {guess}"),
        _ => "unknown".to_owned(),
    };
    clean(&text)
}

/// Whose a row's subject is. A registry entry that no identity matches has an owner all the same; what no
/// owner is ever concluded for has none to show.
pub(super) fn owner_of(subject: &Subject<'_>) -> String {
    match (subject.ownership, subject.named_owner, subject.kind) {
        (None, Some(owner), _) => clean(party(owner)),
        (None, None, "waiver") => "–".to_owned(),
        (None, None, "vendor") => "nobody named".to_owned(),
        (ownership, ..) => owner(ownership),
    }
}

/// The claim that the owner or suggestion that is shown is taken from.
pub(super) fn best_claim(ownership: Option<&Ownership>) -> Option<&Claim> {
    let ownership = ownership?;
    let shown = ownership.owner.as_ref().or(ownership.suggestion.as_ref());
    match shown {
        Some(shown) => super::owners::claims_of(ownership, shown)
            .into_iter()
            .next(),
        None => ownership.claims.first(),
    }
}

/// How it is known whose a row's subject is, in few words: `label k8s/sa.yaml:7`; of what is disputed, both sides.
pub(super) fn how_known(subject: &Subject<'_>) -> Option<String> {
    let told = |claim: &Claim| format!("{} {}", clean(&claim.method), place(&claim.evidence));
    let Some(ownership) = subject.ownership else {
        subject.named_owner?;
        return subject
            .evidence
            .first()
            .map(|e| format!("{} {}", named_by(subject), place(e)));
    };
    if ownership.state == "disputed" {
        let sides = super::owners::sides(ownership);
        let sides: Vec<_> = sides.into_iter().take(2).map(told).collect();
        return (!sides.is_empty()).then(|| sides.join(" / "));
    }
    best_claim(Some(ownership)).map(told)
}

/// What names an owner where none was concluded: the registry, or of a vendor the register of vendors.
pub(super) fn named_by(subject: &Subject<'_>) -> &'static str {
    match subject.kind {
        "vendor" => "vendor register",
        _ => "registry",
    }
}

/// An address tells by itself that it is one; a team or a user does not.
fn party(owner: &str) -> &str {
    owner.strip_prefix("mail:").unwrap_or(owner)
}

fn disputed(ownership: &Ownership) -> String {
    let sides = super::owners::sides(ownership).into_iter();
    let parties: Vec<&str> = sides.map(|claim| party(&claim.owner)).collect();
    match &*parties {
        [only] => format!("disputed: {only}"),
        [first, second] => format!("disputed: {first} or {second}"),
        [first, _, ..] => format!("disputed: {first} or {} others", parties.len() - 1),
        _ => "disputed".to_owned(),
    }
}

/// By what a finding is accepted, in words: who and until when, or which comment.
pub(super) fn accepted(waiver: &Waiver) -> String {
    let place = &waiver.evidence;
    let line = place.line.map(|l| format!(":{l}")).unwrap_or_default();
    let how = match &*waiver.source {
        "comment" => format!("by a comment in {}{line}", clean(&place.path)),
        "path-rule" => match &*waiver.expires {
            "" => format!("by the path rule in {}{line}", clean(&place.path)),
            end => format!(
                "until {} by the path rule in {}{line}",
                clean(end),
                clean(&place.path)
            ),
        },
        _ => format!(
            "until {} by {} (approved by {})",
            clean(&waiver.expires),
            clean(&waiver.owner),
            clean(&waiver.approver)
        ),
    };
    format!("{how}: {}", clean(&waiver.reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_is_made_harmless() {
        assert_eq!(clean("a\u{1b}[31mb\r\nc"), "a\u{FFFD}[31mb c");
        assert_eq!(
            clean("x\u{202E}y\u{200B}z\u{9b}"),
            "x\u{FFFD}y\u{FFFD}z\u{FFFD}"
        );
    }

    #[test]
    fn text_fits_its_column() {
        assert_eq!(cut("deploy-bot", 6), "deplo…");
        assert_eq!(cut_start("iam/export.json#/3", 9), "….json#/3");
        assert_eq!(cut_path("iam/1/export.json", 15), "…/1/export.json");
        assert_eq!(
            cut_path("iam/authorization-details.json", 15),
            "authori…ls.json"
        );
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("", 3), [""]);
        assert_eq!(wrap_to("one two three four", 7, 2), ["one two", "three…"]);
        assert_eq!(columns("日本"), 4);
        assert_eq!(cut("日本語", 5), "日本…");
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(number(1_204_000), "1,204,000");
        assert_eq!(bytes(38_250_000), "38.2 MB");
        assert_eq!(bytes(1), "1 byte");
    }
}
