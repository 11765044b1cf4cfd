//! Dates that people write into the names of files and folders.

use crate::model::Timestamp;

/// The folder that an export belongs to, and the date that its path states: `aws/2026-11-01/details.json`,
/// `details-20261101T0930Z.json`, `exports/2026/11/01/details.json`. The innermost name decides.
pub(super) fn dated(path: &str) -> (&str, Option<Timestamp>) {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut rest = path;
    loop {
        let (around, name) = rest.rsplit_once('/').unwrap_or(("", rest));
        let date = in_name(name).or_else(|| nested(around, name));
        if date.is_some() {
            let root = if rest.len() == path.len() {
                folder
            } else {
                rest
            };
            return (root, date);
        }
        if around.is_empty() {
            return (folder, None);
        }
        rest = around;
    }
}

/// `2026/11/01`, of which the last name is a day.
fn nested(around: &str, day: &str) -> Option<Timestamp> {
    let mut names = around.rsplit('/');
    let (month, year) = (names.next()?, names.next()?);
    let digits = |text: &str, len| text.len() == len && text.bytes().all(|b| b.is_ascii_digit());
    if !(digits(year, 4) && digits(month, 2) && digits(day, 2)) {
        return None;
    }
    sensible(&format!("{year}-{month}-{day}"))
}

fn sensible(text: &str) -> Option<Timestamp> {
    // 2000-01-01 to 2100-01-01: what lies outside is a number that looks like a date.
    Timestamp::parse(text).filter(|at| (946_684_800..4_102_444_800).contains(&at.seconds()))
}

/// The last date in a name, with the time of day if it follows.
fn in_name(name: &str) -> Option<Timestamp> {
    let bytes = name.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let starts = (0..bytes.len()).filter(|&at| digit(at) && (at == 0 || !digit(at - 1)));
    starts
        .filter_map(|at| date_at(bytes.get(at..)?))
        .next_back()
}

/// A date at the beginning of a text: `2026-11-01`, `2026_11_01`, `20261101`, `2026-11`, with `T093000Z` or
/// `_09-30` behind.
fn date_at(text: &[u8]) -> Option<Timestamp> {
    let (year, rest) = number(text, 4)?;
    let separated = |rest: &[u8]| matches!(rest.first(), Some(b'-' | b'_' | b'.'));
    let apart = separated(rest);
    let skip = usize::from(apart);
    let (month, rest) = number(rest.get(skip..)?, 2)?;
    let ends = |rest: &[u8]| !rest.first().is_some_and(u8::is_ascii_digit);
    let day = (!apart || separated(rest))
        .then(|| number(rest.get(skip..)?, 2))
        .flatten()
        .filter(|(_, rest)| ends(rest));
    let Some((day, rest)) = day else {
        // A month alone, written so that it cannot be another number.
        let whole = apart && text.get(4) == Some(&b'-') && ends(rest);
        return whole
            .then(|| sensible(&format!("{year}-{month}-01")))
            .flatten();
    };
    let date = sensible(&format!("{year}-{month}-{day}"))?;
    Some(Timestamp::from_seconds(date.seconds() + time_of_day(rest)))
}

/// Seconds since midnight; 0 when no time of day follows.
fn time_of_day(rest: &[u8]) -> i64 {
    let read = || {
        let rest = match rest {
            [b'T' | b't' | b'_' | b'-', rest @ ..] => rest,
            _ => return None,
        };
        let step = |rest: &'_ [u8]| usize::from(matches!(rest.first(), Some(b':' | b'-' | b'_')));
        let (hours, rest) = number(rest, 2)?;
        let (minutes, rest) = number(rest.get(step(rest)..)?, 2)?;
        let seconds = number(rest.get(step(rest)..)?, 2).map_or(Some(0), |(s, _)| s.parse().ok());
        let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
        let seconds: i64 = seconds?;
        (hours < 24 && minutes < 60 && seconds < 60)
            .then_some(hours * 3_600 + minutes * 60 + seconds)
    };
    read().unwrap_or(0)
}

/// So many digits, and what follows.
fn number(text: &[u8], len: usize) -> Option<(&str, &[u8])> {
    let (digits, rest) = text.split_at_checked(len)?;
    let all = digits.iter().all(u8::is_ascii_digit);
    Some((std::str::from_utf8(digits).ok().filter(|_| all)?, rest))
}

#[cfg(test)]
mod tests {
    use super::dated;

    #[test]
    fn dates_of_names() {
        for (path, root, date) in [
            ("2026-11-01/a.json", "2026-11-01", "2026-11-01T00:00:00Z"),
            (
                "x/2026-11-01/iam/a.json",
                "x/2026-11-01",
                "2026-11-01T00:00:00Z",
            ),
            ("x/a-20261101.json", "x", "2026-11-01T00:00:00Z"),
            ("x/a-20261101T093015Z.json", "x", "2026-11-01T09:30:15Z"),
            ("x/a_2026-11-01_09-30.json", "x", "2026-11-01T09:30:00Z"),
            (
                "x/2026/11/01/a.json",
                "x/2026/11/01",
                "2026-11-01T00:00:00Z",
            ),
            ("2026-10/a.json", "2026-10", "2026-10-01T00:00:00Z"),
            (
                "b.zip!/2026-10-02/a.json",
                "b.zip!/2026-10-02",
                "2026-10-02T00:00:00Z",
            ),
            (
                "2026-10-02.zip!/a.json",
                "2026-10-02.zip!",
                "2026-10-02T00:00:00Z",
            ),
        ] {
            let (found, at) = dated(path);
            assert_eq!(found, root, "{path}");
            assert_eq!(at.map(|at| at.to_string()).as_deref(), Some(date), "{path}");
        }
        for path in [
            "x/111122223333.json",
            "x/20261301.json",
            "x/202611010.json",
            "a-1999-01-01.json",
            "v2.2026.json",
            "é/ü",
            "",
        ] {
            assert_eq!(dated(path).1, None, "{path}");
        }
    }
}
