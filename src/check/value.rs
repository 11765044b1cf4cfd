//! Values of attributes and parameters at evaluation time.

use super::schema::Type;
use crate::model::{Moment, Timestamp};
use std::borrow::Cow;

/// The value of an attribute for one subject. Words of ordered and unordered sets are their position,
/// instants are seconds since the Unix epoch, so that comparing is comparing numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// No source says.
    #[default]
    Unknown,
    /// A truth value.
    Bool(bool),
    /// A number, an instant or the position of a word.
    Int(i64),
    /// Text.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<Cow<'a, str>>),
}

impl<'a> Value<'a> {
    /// Text that is borrowed; unknown when there is none.
    pub(super) fn text(text: Option<&'a str>) -> Self {
        text.map_or(Self::Unknown, |t| Self::Text(Cow::Borrowed(t)))
    }

    /// Text that was put together; unknown when it is empty.
    pub(super) fn owned(text: String) -> Self {
        if text.is_empty() {
            Self::Unknown
        } else {
            Self::Text(Cow::Owned(text))
        }
    }

    /// A truth value that may be unknown.
    pub(super) fn bool(value: impl Into<Option<bool>>) -> Self {
        value.into().map_or(Self::Unknown, Self::Bool)
    }

    /// A number that may be unknown.
    pub(super) fn int(value: impl Into<Option<i64>>) -> Self {
        value.into().map_or(Self::Unknown, Self::Int)
    }

    /// A count.
    pub(super) fn count(value: usize) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }

    /// An instant that may be unknown.
    pub(super) fn time(value: Option<Timestamp>) -> Self {
        Self::int(value.map(Timestamp::seconds))
    }

    /// A list of borrowed texts.
    pub(super) fn list(items: impl IntoIterator<Item = &'a str>) -> Self {
        Self::List(items.into_iter().map(Cow::Borrowed).collect())
    }

    /// Texts that were made for the question.
    pub(super) fn owned_list(items: impl IntoIterator<Item = String>) -> Self {
        Self::List(items.into_iter().map(Cow::Owned).collect())
    }

    /// Whether a moment never comes; unknown when no source says.
    pub(super) fn never(moment: Moment) -> Self {
        match moment {
            Moment::Unknown => Self::Unknown,
            Moment::Never => Self::Bool(true),
            Moment::At(_) => Self::Bool(false),
        }
    }

    /// Whether the value is of a type (an unknown value is of every type).
    pub(super) fn is(&self, kind: Type) -> bool {
        match (self, kind) {
            (Self::Unknown, _)
            | (Self::Bool(_), Type::Bool)
            | (Self::Int(_), Type::Int | Type::Time)
            | (Self::Text(_), Type::Text)
            | (Self::List(_), Type::Texts) => true,
            (Self::Int(rank), Type::Enum(set)) => {
                usize::try_from(*rank).is_ok_and(|rank| rank < set.values.len())
            }
            (Self::List(items), Type::Words(set)) => items.iter().all(|i| set.rank(i).is_some()),
            _ => false,
        }
    }
}
