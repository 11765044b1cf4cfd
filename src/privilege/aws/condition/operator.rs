//! The names of condition operators, and what each compares.

use super::compare;
use super::variables::Filled;
use std::cmp::Ordering;

/// An operator with what is written around its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Operator {
    pub family: Family,
    /// `…Not…`: none of the policy's values may match.
    pub negated: bool,
    /// `…IfExists`: holds where the key is absent.
    pub optional: bool,
    /// `ForAllValues:`, `ForAnyValue:`.
    pub quantifier: Option<Quantifier>,
}

/// How many of the request's values must pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quantifier {
    All,
    Any,
}

/// What is compared, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Text,
    TextAnyCase,
    TextLike,
    Number(Order),
    Date(Order),
    Bool,
    Binary,
    Address,
    Arn,
    Null,
}

/// An order that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Equal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Order {
    fn admits(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::AtMost => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::AtLeast => ordering.is_ge(),
        }
    }

    pub(super) const fn is_before(self) -> bool {
        matches!(self, Self::Less | Self::AtMost)
    }

    pub(super) const fn is_after(self) -> bool {
        matches!(self, Self::Greater | Self::AtLeast)
    }

    fn parse(name: &str) -> Option<(Self, bool)> {
        Some(match name {
            "equals" => (Self::Equal, false),
            "notequals" => (Self::Equal, true),
            "lessthan" => (Self::Less, false),
            "lessthanequals" => (Self::AtMost, false),
            "greaterthan" => (Self::Greater, false),
            "greaterthanequals" => (Self::AtLeast, false),
            _ => return None,
        })
    }
}

impl Operator {
    /// From the name as written, in any case.
    pub(super) fn parse(written: &str) -> Option<Self> {
        let name = written.trim().to_ascii_lowercase();
        let (quantifier, name) = match name.split_once(':') {
            Some(("forallvalues", name)) => (Some(Quantifier::All), name),
            Some(("foranyvalue", name)) => (Some(Quantifier::Any), name),
            Some(_) => return None,
            None => (None, &*name),
        };
        let (name, optional) = match name.strip_suffix("ifexists") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let (family, negated) = match name {
            "stringequals" => (Family::Text, false),
            "stringnotequals" => (Family::Text, true),
            "stringequalsignorecase" => (Family::TextAnyCase, false),
            "stringnotequalsignorecase" => (Family::TextAnyCase, true),
            "stringlike" => (Family::TextLike, false),
            "stringnotlike" => (Family::TextLike, true),
            "bool" => (Family::Bool, false),
            "binaryequals" => (Family::Binary, false),
            "ipaddress" => (Family::Address, false),
            "notipaddress" => (Family::Address, true),
            "arnequals" | "arnlike" => (Family::Arn, false),
            "arnnotequals" | "arnnotlike" => (Family::Arn, true),
            "null" if !optional => (Family::Null, false),
            _ => match (name.strip_prefix("numeric"), name.strip_prefix("date")) {
                (Some(rest), _) => {
                    let (order, negated) = Order::parse(rest)?;
                    (Family::Number(order), negated)
                }
                (_, Some(rest)) => {
                    let (order, negated) = Order::parse(rest)?;
                    (Family::Date(order), negated)
                }
                _ => return None,
            },
        };
        Some(Self {
            family,
            negated,
            optional,
            quantifier,
        })
    }

    /// Whether it holds for a key that the request does not carry.
    pub(super) const fn on_absent(self) -> bool {
        match self.quantifier {
            _ if self.optional => true,
            Some(Quantifier::All) => true,
            Some(Quantifier::Any) => false,
            None => self.negated,
        }
    }
}

impl Family {
    /// Whether policy variables stand for something in its values.
    pub(super) const fn takes_variables(self) -> bool {
        matches!(
            self,
            Self::Text | Self::TextAnyCase | Self::TextLike | Self::Arn
        )
    }

    /// Whether a value of a request matches one of a policy, before any negation.
    pub(super) fn matches(self, wanted: &Filled<'_>, value: &str) -> bool {
        match self {
            Self::Text => wanted.equals(value),
            Self::TextAnyCase => wanted.equals_in_any_case(value),
            Self::TextLike => wanted.matches(value),
            Self::Arn => compare::arn(wanted, value),
            Self::Number(order) => {
                compare::numbers(value, wanted.text()).is_some_and(|o| order.admits(o))
            }
            Self::Date(order) => {
                compare::dates(value, wanted.text()).is_some_and(|o| order.admits(o))
            }
            Self::Bool => value.eq_ignore_ascii_case(wanted.text()),
            Self::Binary => compare::binary(wanted.text(), value),
            Self::Address => compare::address(wanted.text(), value),
            Self::Null => false,
        }
    }
}
