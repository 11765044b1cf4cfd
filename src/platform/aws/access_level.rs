//! Whether an action changes anything.
//!
//! The table of actions says so of what AWS has today. Of what it does not know (an action newer than the
//! table, or a withdrawn one) the first word of the name tells, for AWS names actions by verb.

use super::actions::{self, Known, Level};

/// What an action, or the mightiest action that a pattern matches, does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccessLevel {
    /// It looks.
    Read,
    /// It changes something.
    Write,
}

/// First words of names of actions that only look.
const READS: [&str; 21] = [
    "batchdescribe",
    "batchget",
    "batchlist",
    "calculate",
    "check",
    "count",
    "describe",
    "detect",
    "discover",
    "download",
    "get",
    "head",
    "list",
    "lookup",
    "preview",
    "query",
    "read",
    "scan",
    "search",
    "select",
    "view",
];

/// Actions that AWS counts as writes although they reveal and change nothing.
const REVEAL: [&str; 1] = ["kms:decrypt"];

impl From<Level> for AccessLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::List | Level::Read => Self::Read,
            Level::Tagging | Level::Write | Level::Permissions => Self::Write,
        }
    }
}

/// The level of a lower-case action pattern: `write` unless everything it can match only looks.
pub fn of_pattern(pattern: &str) -> AccessLevel {
    on(pattern, |_| true).unwrap_or_else(|| by_verb(pattern))
}

/// The level of what a lower-case action pattern matches that can work on something; `None` when there is nothing
/// of the kind, and so the pattern gives nothing.
pub fn on(pattern: &str, works: impl Fn(&actions::Action) -> bool) -> Option<AccessLevel> {
    if REVEAL.contains(&pattern) {
        return Some(AccessLevel::Read);
    }
    if !pattern.contains(['*', '?']) {
        return match actions::known(pattern) {
            Known::Current(action) => works(action).then(|| level(action)),
            // What is not known is kept: it may well be new.
            Known::Withdrawn | Known::Unknown => Some(by_verb(pattern)),
        };
    }
    let found = actions::matching(pattern);
    if found.is_empty() {
        return Some(by_verb(pattern));
    }
    let mut working = found.into_iter().filter(|action| works(action)).map(level);
    let first = working.next()?;
    // Patterns such as `s3:get*` are judged by their verb even where the table knows of a write among
    // what they match: they are meant as reads, and the writes in the table mint no more than tokens.
    if by_verb(pattern) == AccessLevel::Read {
        return Some(AccessLevel::Read);
    }
    let write = first == AccessLevel::Write || working.any(|l| l == AccessLevel::Write);
    Some(if write {
        AccessLevel::Write
    } else {
        AccessLevel::Read
    })
}

fn level(action: &actions::Action) -> AccessLevel {
    action.level.map_or(AccessLevel::Write, AccessLevel::from)
}

fn by_verb(pattern: &str) -> AccessLevel {
    let Some((_, name)) = pattern.split_once(':') else {
        return AccessLevel::Write;
    };
    if READS.iter().any(|read| name.starts_with(read)) {
        AccessLevel::Read
    } else {
        AccessLevel::Write
    }
}

#[cfg(test)]
mod tests {
    use super::{AccessLevel::*, of_pattern, on};

    #[test]
    fn levels() {
        for (pattern, level) in [
            ("s3:getobject", Read),
            ("s3:get*", Read),
            ("s3:g*", Read),
            ("s3:*", Write),
            ("*", Write),
            ("*:*", Write),
            ("kms:decrypt", Read),
            ("logs:filterlogevents", Read),
            ("iam:generate*", Read),
            ("redshift:getclustercredentials", Write),
            ("ec2:terminateinstances", Write),
            ("s3:putobjecttagging", Write),
            ("newservice:describething", Read),
            ("newservice:makething", Write),
            ("newservice:*", Write),
            ("codestar:describeproject", Read),
            ("codestar:*", Write),
        ] {
            assert_eq!(of_pattern(pattern), level, "{pattern}");
        }
    }

    #[test]
    fn what_cannot_work_gives_nothing() {
        let bucket = |a: &crate::platform::aws::actions::Action| a.works_on("arn:aws:s3:::bucket");
        assert_eq!(on("s3:getobject", bucket), None);
        assert_eq!(on("s3:listallmybuckets", bucket), None);
        assert_eq!(on("s3:listbucket", bucket), Some(Read));
        assert_eq!(on("iam:*", bucket), None);
        assert_eq!(on("s3:*", bucket), Some(Write));
    }
}
