//! Where in a document a record stands. Estates have millions of these, and all but a few have one of a
//! dozen forms, so that the form is told apart from the numbers in it and the text is made when it is shown.

use super::Str;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

/// A form of pointers, with `#` for each number: `/RoleDetailList/#/RolePolicyList/#`.
#[derive(Debug, PartialEq, Eq)]
pub struct Place(pub &'static str);

/// A record of an export: a JSON pointer (`/UserDetailList/3`) or `row 7`.
#[derive(Clone, Debug)]
pub enum Pointer {
    /// As text.
    Text(Str),
    /// As a form with its numbers.
    At(&'static Place, [u32; 3]),
}

impl Pointer {
    /// The text.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::At(..) => Cow::Owned(self.to_string()),
        }
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::At(place, numbers) => {
                let mut numbers = numbers.iter();
                for (index, part) in place.0.split('#').enumerate() {
                    if index > 0 {
                        write!(f, "{}", numbers.next().copied().unwrap_or_default())?;
                    }
                    f.write_str(part)?;
                }
                Ok(())
            }
        }
    }
}

impl<T: Into<Str>> From<T> for Pointer {
    fn from(text: T) -> Self {
        Self::Text(text.into())
    }
}

/// As the texts compare.
impl Ord for Pointer {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::At(a, m), Self::At(b, n)) if a == b && m == n => Ordering::Equal,
            (a, b) => a.text().cmp(&b.text()),
        }
    }
}

impl PartialOrd for Pointer {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Pointer {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Pointer {}

impl std::hash::Hash for Pointer {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.text().hash(state);
    }
}

impl serde::Serialize for Pointer {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::At(..) => serializer.collect_str(self),
        }
    }
}

impl<'de> serde::Deserialize<'de> for Pointer {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Str::deserialize(deserializer).map(Self::Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_as_good_as_its_text() {
        static FORM: Place = Place("/RoleDetailList/#/RolePolicyList/#");
        let at = |i, j| Pointer::At(&FORM, [i, j, 0]);
        assert_eq!(at(3, 12).to_string(), "/RoleDetailList/3/RolePolicyList/12");
        assert_eq!(at(3, 12), "/RoleDetailList/3/RolePolicyList/12".into());
        assert!(at(10, 0) < at(9, 0), "as texts compare");
    }
}
