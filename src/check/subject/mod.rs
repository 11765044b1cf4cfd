//! The kinds of subject: one file each, with its table of attributes.

pub(super) mod account;
pub(super) mod analyzer_finding;
pub(super) mod container;
pub(super) mod credential;
pub(super) mod declaration;
pub(super) mod identity;
pub(super) mod job;
pub(super) mod party;
pub(super) mod permission_set;
pub(super) mod provider;
mod support;
pub(super) mod trust;
pub(super) mod vendor;
pub(super) mod waiver;
pub(super) mod workload;

/// Declares the table of a kind of subject: name, type, basis, reader, meaning.
macro_rules! columns {
    ($subject:ty; $($name:literal: $kind:expr, $basis:ident, $read:expr, $doc:literal;)*) => {
        static TABLE: &[$crate::check::schema::Column<$subject>] = &[$(
            $crate::check::schema::Column {
                attribute: $crate::check::schema::Attribute {
                    name: $name,
                    kind: $kind,
                    basis: $crate::check::schema::Basis::$basis,
                    doc: $doc,
                },
                read: $read,
            },
        )*];
    };
}
use columns;

use crate::model::{Evidence, Moment, Timestamp};
use std::fmt::Display;

/// Whole days since a moment; unknown when it is not at a time.
fn days_ago(moment: Moment, now: Timestamp) -> Option<i64> {
    moment.at().map(|t| now.days_since(t))
}

/// Whole days until a moment; negative when it is past.
fn days_until(moment: Moment, now: Timestamp) -> Option<i64> {
    moment.at().map(|t| t.days_since(now))
}

/// Whether a moment is past; unknown when no source says when it is.
fn past(moment: Moment, now: Timestamp) -> Option<bool> {
    match moment {
        Moment::Unknown => None,
        Moment::Never => Some(false),
        Moment::At(t) => Some(t <= now),
    }
}

/// `app/.env:3 and 2 more places`.
fn places<'e>(evidence: impl Iterator<Item = &'e Evidence>) -> String {
    let all: Vec<&Evidence> = evidence.collect();
    listed(&all, 2, "place")
}

/// The first few of a list, and how many more there are.
fn listed(items: &[impl Display], shown: usize, noun: &str) -> String {
    let mut text: Vec<String> = items.iter().take(shown).map(ToString::to_string).collect();
    match items.len().saturating_sub(shown) {
        0 => {}
        1 => text.push(format!("1 more {noun}")),
        more => text.push(format!("{more} more {noun}s")),
    }
    join(&text)
}

/// `a, b and c`.
pub(super) fn join<T: AsRef<str>>(items: &[T]) -> String {
    match items {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [most @ .., last] => {
            let most: Vec<&str> = most.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", most.join(", "), last.as_ref())
        }
    }
}
