//! Instants, and the three-valued answer to "when?".

use std::fmt;

/// An instant, in whole seconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Seconds in a day.
    pub const DAY: i64 = 86_400;

    /// From seconds since the Unix epoch.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since the Unix epoch.
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// Reads the unambiguous machine styles: RFC 3339 with `Z` or an offset, the same without a zone
    /// (taken as UTC), and `YYYY-MM-DD` (midnight UTC). Anything else is `None`; it is the caller's
    /// duty to say so rather than to drop the field.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(t) = text.parse::<jiff::Timestamp>() {
            return Some(Self(t.as_second()));
        }
        if let Ok(t) = text.parse::<jiff::civil::DateTime>() {
            return Self::from_civil(t);
        }
        let date = text.parse::<jiff::civil::Date>().ok()?;
        Self::from_civil(date.to_datetime(jiff::civil::Time::midnight()))
    }

    fn from_civil(t: jiff::civil::DateTime) -> Option<Self> {
        let zoned = t.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(Self(zoned.timestamp().as_second()))
    }

    /// Whole days from `earlier` to `self`, rounded towards negative infinity; negative when `self` is first.
    pub const fn days_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0).div_euclid(Self::DAY)
    }

    /// The calendar date in UTC, `YYYY-MM-DD`.
    pub fn date(self) -> String {
        let text = self.to_string();
        text.split('T').next().unwrap_or_default().to_owned()
    }
}

impl fmt::Display for Timestamp {
    /// ISO 8601 in UTC, to the second: `2026-11-22T14:00:00Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_second(self.0) {
            Ok(t) => write!(f, "{t}"),
            Err(_) => write!(f, "{}s", self.0),
        }
    }
}

/// When something happens or happened: unknown is not never.
///
/// The order is that of merging: a source that knows outranks one that does not, and a date outranks
/// "never" (one record of use disproves "never used"; a stated end is more specific than none).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Moment {
    /// No source says.
    #[default]
    Unknown,
    /// A source says that it never does or did.
    Never,
    /// At this instant.
    At(Timestamp),
}

impl Moment {
    /// The instant, when there is one.
    pub const fn at(self) -> Option<Timestamp> {
        match self {
            Self::At(t) => Some(t),
            Self::Unknown | Self::Never => None,
        }
    }

    /// Takes the better-informed of two answers.
    pub fn merge(&mut self, other: Self) {
        *self = (*self).max(other);
    }
}
