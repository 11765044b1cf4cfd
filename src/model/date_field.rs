//! Dates as people write them: in registries, tags and annotations.

use super::date_text::{self, Reading};
use super::{Evidence, Str, Timestamp};

/// A date as a person wrote it. What cannot be read is kept and said, never dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DateField {
    /// There is no such field.
    #[default]
    Absent,
    /// The field is there and empty.
    Empty,
    /// Readable.
    At(Timestamp),
    /// A date that can be read in two ways, such as `03/04/2026`; the text is kept.
    Ambiguous(Str),
    /// Not a date that can be read; the text is kept.
    Malformed(Str),
}

/// What says that there is no date.
const NONE: [&str; 20] = [
    "-",
    "--",
    "---",
    "?",
    "n.a.",
    "n/a",
    "na",
    "never",
    "nil",
    "no",
    "none",
    "not applicable",
    "not set",
    "null",
    "open",
    "tba",
    "tbc",
    "tbd",
    "todo",
    "unknown",
];

impl DateField {
    /// Reads a date that a person wrote. `None` is a field that is not there.
    ///
    /// | written | read as |
    /// |---|---|
    /// | `2026-09-30`, `2026/09/30`, `20260930`, `2026-09-30T10:00:00Z`, epoch seconds or milliseconds | that |
    /// | `30.9.2026` | day first |
    /// | `30/09/2026`, `09/30/2026`, `02/02/2026` | that: the other order is no date, or the same |
    /// | `01/02/2026`, `1-2-2026`, `01/02/26`, `1 Feb` | ambiguous, unless a weekday beside it tells |
    /// | `1 Feb 2026`, `Feb 1st, 2026`, `Sunday, 1 February 2026` | that |
    /// | `February 2026`, `2026-02`, `2026-Q1`, `H1 2026`, `2026-W05`, `2026` | the last day of it |
    /// | `31/02/2026`, `2026-13-01`, `soon` | malformed |
    ///
    /// Which order a file's other dates have is not taken into account: people of one team write both.
    pub fn read(text: Option<&str>) -> Self {
        let Some(text) = text.map(str::trim) else {
            return Self::Absent;
        };
        let bare = super::typography::plain(text).to_lowercase();
        let bare = bare.trim().trim_matches(['"', '\'']).trim();
        if bare.is_empty() || NONE.contains(&bare) {
            return Self::Empty;
        }
        match date_text::read(text) {
            Reading::Nothing => Self::Empty,
            Reading::At(date) => Self::At(date),
            Reading::Ambiguous => Self::Ambiguous(text.into()),
            Reading::Malformed => Self::Malformed(text.into()),
        }
    }

    /// The instant, when there is one.
    pub const fn at(&self) -> Option<Timestamp> {
        match self {
            Self::At(t) => Some(*t),
            Self::Absent | Self::Empty | Self::Ambiguous(_) | Self::Malformed(_) => None,
        }
    }

    /// `absent`, `empty`, `present`, `ambiguous` or `malformed`, as reports and checks say it.
    pub const fn state(&self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Empty => "empty",
            Self::At(_) => "present",
            Self::Ambiguous(_) => "ambiguous",
            Self::Malformed(_) => "malformed",
        }
    }
}

/// When the need for something is to be reviewed, as its registry entry, its labels or those of its container say.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Review {
    /// The date.
    pub date: DateField,
    /// What states it: `registry entry payments-ci`, ``annotation `review-after` of k8s:live/shop``.
    pub source: Str,
    /// Where.
    pub evidence: Evidence,
}

impl Review {
    /// `overdue`, `due`, `empty`, `ambiguous`, `malformed` or `absent`, as of `now`. The day itself is not overdue.
    pub fn state(&self, now: Timestamp) -> &'static str {
        match &self.date {
            DateField::At(date) if now.days_since(*date) > 0 => "overdue",
            DateField::At(_) => "due",
            other => other.state(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::DateField;

    fn said(text: &str) -> String {
        match DateField::read(Some(text)) {
            DateField::At(t) if t.to_string().ends_with("T00:00:00Z") => t.date(),
            DateField::At(t) => t.to_string(),
            other => other.state().to_owned(),
        }
    }

    #[test]
    fn what_can_be_read_is_read() {
        for (text, expected) in [
            ("2026-09-30", "2026-09-30"),
            (" 2026-09-30 ", "2026-09-30"),
            ("\"2026-09-30\"", "2026-09-30"),
            ("2026-09-30T10:00:00Z", "2026-09-30T10:00:00Z"),
            ("2026-09-30t10:00:00z", "2026-09-30T10:00:00Z"),
            ("2026-09-30T10:00:00+02:00", "2026-09-30T08:00:00Z"),
            ("2026-09-30 10:00", "2026-09-30T10:00:00Z"),
            ("2026-09-30 10:00:00 UTC", "2026-09-30T10:00:00Z"),
            ("2026-09-30 10:00:00 +0200", "2026-09-30T08:00:00Z"),
            ("2026/09/30", "2026-09-30"),
            ("2026.09.30", "2026-09-30"),
            ("2026-9-3", "2026-09-03"),
            ("20260930", "2026-09-30"),
            ("30092026", "2026-09-30"),
            ("20260930120000Z", "2026-09-30T12:00:00Z"),
            ("20260930T120000Z", "2026-09-30T12:00:00Z"),
            ("1790726400", "2026-09-30"),
            ("1790726400000", "2026-09-30"),
            ("30/09/2026", "2026-09-30"),
            ("25/12/2026", "2026-12-25"),
            ("12/25/2026", "2026-12-25"),
            ("02/02/2026", "2026-02-02"),
            ("9/30/2026", "2026-09-30"),
            ("30-09-2026", "2026-09-30"),
            ("30/09/2026 14:00", "2026-09-30T14:00:00Z"),
            ("9/30/2026 2:00 PM", "2026-09-30T14:00:00Z"),
            ("9/30/2026 12:00:00 AM", "2026-09-30"),
            ("1.2.2026", "2026-02-01"),
            ("01. 02. 2026", "2026-02-01"),
            ("1 Feb 2026", "2026-02-01"),
            ("01-Feb-2026", "2026-02-01"),
            ("01FEB2026", "2026-02-01"),
            ("Feb 1, 2026", "2026-02-01"),
            ("Feb. 1st, 2026", "2026-02-01"),
            ("1st February 2026", "2026-02-01"),
            ("1st of February, 2026", "2026-02-01"),
            ("the 2nd of March 2026", "2026-03-02"),
            ("2026 Feb 1", "2026-02-01"),
            ("2026-Feb-01", "2026-02-01"),
            ("Sunday, 1 February 2026", "2026-02-01"),
            ("Sun 01/02/2026", "2026-02-01"),
            ("Fri 01/02/2026", "2026-01-02"),
            ("Sun, 1 Feb 2026 10:00:00 GMT", "2026-02-01T10:00:00Z"),
            (
                "Sun Feb 01 2026 10:00:00 GMT+0100 (Central European Time)",
                "2026-02-01T09:00:00Z",
            ),
            ("1. Februar 2026", "2026-02-01"),
            ("1er février 2026", "2026-02-01"),
            ("1 de febrero de 2026", "2026-02-01"),
            ("31 décembre 2026", "2026-12-31"),
            ("2026年9月30日", "2026-09-30"),
            ("２０２６－０９－３０", "2026-09-30"),
            ("30\u{a0}Sep\u{a0}2026", "2026-09-30"),
            ("2026–09–30", "2026-09-30"),
            ("February 2026", "2026-02-28"),
            ("Feb-2028", "2028-02-29"),
            ("end of March 2026", "2026-03-31"),
            ("2026-02", "2026-02-28"),
            ("2026/9", "2026-09-30"),
            ("09/2026", "2026-09-30"),
            ("202609", "2026-09-30"),
            ("2026-Q3", "2026-09-30"),
            ("Q3 2026", "2026-09-30"),
            ("2026Q3", "2026-09-30"),
            ("Q3/2026", "2026-09-30"),
            ("H1 2026", "2026-06-30"),
            ("2026-W05", "2026-02-01"),
            ("2026-W05-1", "2026-01-26"),
            ("2026W051", "2026-01-26"),
            ("week 5 2026", "2026-02-01"),
            ("KW 5/2026", "2026-02-01"),
            ("2026-273", "2026-09-30"),
            ("2026", "2026-12-31"),
            ("2028-02-29", "2028-02-29"),
        ] {
            assert_eq!(said(text), expected, "{text}");
        }
    }

    #[test]
    fn two_readings_are_none() {
        for text in [
            "01/02/2026",
            "1/2/2026",
            "1-2-2026",
            "12/11/2026",
            "03/04/2026 10:00",
            "01/02/26",
            "25/12/26",
            "1.2.26",
            "1 Feb 26",
            "01-Feb-26",
            "Feb '26",
            "Feb 26",
            "1 Feb",
            "09/26",
            "1/2",
            "010226",
            "Q3 26",
            "FY26 Q3",
            "FY 2026",
            "Q3 FY2026",
            "46295",
            "2026093012",
            "10112012",
            "Mon 30 Sep 2026",
            "Tue 01/02/2026",
        ] {
            let read = DateField::read(Some(text));
            assert_eq!(read, DateField::Ambiguous(text.into()), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_kept() {
        for text in [
            "31 Feb 2026",
            "2026-02-30",
            "2026-13-01",
            "2026-30-09",
            "31/02/2026",
            "32/01/2026",
            "13/13/2026",
            "1.13.2026",
            "2027-02-29",
            "20261301",
            "2026-Q5",
            "Q0 2026",
            "H3 2026",
            "2026-W54",
            "2026-366",
            "soon",
            "next quarter",
            "in 6 months",
            "February",
            "Feb Mar 2026",
            "99",
            "123456789012",
            "2026-00-10",
            "2026-09-30T25:00:00Z",
            "2026-09-30 10:00 Somewhere",
            "yearly",
            "every 6 months",
            "${date}",
            "2026-09-30, 2027-09-30",
            "1 2 3 4",
            "decade 2026",
            "junk 1 2026",
            "://",
            "💥",
        ] {
            let read = DateField::read(Some(text));
            assert_eq!(read, DateField::Malformed(text.into()), "{text}");
        }
        let long = "1".repeat(100_000);
        assert_eq!(DateField::read(Some(&long)).state(), "malformed");
    }

    #[test]
    fn absent_is_not_empty() {
        assert_eq!(DateField::read(None), DateField::Absent);
        for text in [
            "",
            "  ",
            "\"\"",
            "-",
            "n/a",
            "None",
            "TBD",
            "0001-01-01T00:00:00Z",
            "0000-00-00",
        ] {
            assert_eq!(DateField::read(Some(text)), DateField::Empty, "{text:?}");
        }
    }
}
