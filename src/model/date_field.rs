//! Dates as people write them: in registries, tags and annotations.

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
const NONE: [&str; 12] = [
    "-", "--", "n/a", "na", "nil", "never", "none", "null", "tbc", "tbd", "todo", "unknown",
];

impl DateField {
    /// Reads a date that a person wrote. `None` is a field that is not there.
    pub fn read(text: Option<&str>) -> Self {
        let Some(text) = text.map(str::trim) else {
            return Self::Absent;
        };
        if text.is_empty() || NONE.contains(&text.to_ascii_lowercase().as_str()) {
            return Self::Empty;
        }
        match Timestamp::parse(text) {
            Some(date) => Self::At(date),
            None => Self::Malformed(text.into()),
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
