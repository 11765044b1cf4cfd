//! Whether an action changes anything, by its name.
//!
//! AWS names actions by verb, so the first word tells a read from a write for all but a few hundred of
//! some twenty thousand; those are listed in `rules/aws/access-levels.txt`. New actions need no table.

use std::collections::HashMap;
use std::sync::LazyLock;

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

/// Per service, the lower-case names whose level the first word does not tell.
static EXCEPTIONS: LazyLock<HashMap<&'static str, HashMap<String, AccessLevel>>> =
    LazyLock::new(|| {
        let mut table: HashMap<_, HashMap<_, _>> = HashMap::new();
        for line in include_str!("../../../rules/aws/access-levels.txt").lines() {
            let mut words = line.split(' ');
            let level = match words.next() {
                Some("+") => AccessLevel::Write,
                Some("-") => AccessLevel::Read,
                _ => continue,
            };
            let names = table.entry(words.next().unwrap_or_default()).or_default();
            names.extend(words.map(|name| (name.to_ascii_lowercase(), level)));
        }
        table
    });

/// The level of a lower-case action pattern: `write` unless everything it can match only looks.
pub fn of_pattern(pattern: &str) -> AccessLevel {
    let Some((service, name)) = pattern.split_once(':') else {
        return AccessLevel::Write;
    };
    if let Some(&level) = EXCEPTIONS.get(service).and_then(|names| names.get(name)) {
        return level;
    }
    // Patterns such as `s3:get*` are judged by their verb even where the table knows of a write among
    // what they match: they are meant as reads, and the writes in the table mint no more than tokens.
    if READS.iter().any(|read| name.starts_with(read)) {
        AccessLevel::Read
    } else {
        AccessLevel::Write
    }
}

#[cfg(test)]
mod tests {
    use super::{AccessLevel::*, of_pattern};

    #[test]
    fn levels() {
        for (pattern, level) in [
            ("s3:getobject", Read),
            ("s3:get*", Read),
            ("s3:g*", Write),
            ("s3:*", Write),
            ("*", Write),
            ("kms:decrypt", Read),
            ("logs:filterlogevents", Read),
            ("redshift:getclustercredentials", Write),
            ("ec2:terminateinstances", Write),
        ] {
            assert_eq!(of_pattern(pattern), level, "{pattern}");
        }
    }
}
