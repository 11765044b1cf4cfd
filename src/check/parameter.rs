//! Parameters: the thresholds of checks, with defaults in the check and settings from the user.

use super::error::did_you_mean;
use super::schema::{PARAMETER_ENUMERATIONS, Type};
use super::value::Value;
use crate::model::{Str, Timestamp};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;

/// A value as a user writes it, in a check, a case or a setting.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(untagged)]
pub enum Setting {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Text.
    Text(String),
    /// A list of texts.
    Texts(Vec<String>),
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Text(value) => f.write_str(value),
            Self::Texts(values) => write!(f, "[{}]", values.join(", ")),
        }
    }
}

/// Settings of parameters as a user writes them: check id, parameter, value.
pub type Settings = BTreeMap<String, BTreeMap<String, Setting>>;

/// A parameter of a check.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: Str,
    /// Its type.
    pub kind: Type,
    /// Its value unless set.
    pub default: Setting,
    /// What it does.
    pub description: Str,
}

/// Settings that fit the checks they are for; made by [`super::CheckSet::bind`].
#[derive(Clone, Debug, Default)]
pub struct Parameters(pub(super) BTreeMap<Str, Vec<Value<'static>>>);

/// The type that a parameter's declaration names.
pub(super) fn kind(name: &str) -> Result<Type, Option<String>> {
    let plain = match name {
        "bool" => Some(Type::Bool),
        "int" => Some(Type::Int),
        "string" => Some(Type::Text),
        "strings" => Some(Type::Texts),
        _ => None,
    };
    let set = PARAMETER_ENUMERATIONS.iter().find(|set| set.name == name);
    plain.or(set.map(|set| Type::Enum(set))).ok_or_else(|| {
        let sets = PARAMETER_ENUMERATIONS.iter().map(|set| set.name);
        did_you_mean(
            name,
            ["bool", "int", "string", "strings"].into_iter().chain(sets),
        )
    })
}

/// A written value as one of a type, or what is wrong with it.
pub(super) fn value(
    kind: Type,
    written: &Setting,
) -> Result<Value<'static>, (String, Option<String>)> {
    let refused = || {
        (
            format!("`{written}` is not of type {}", kind.describe()),
            None,
        )
    };
    Ok(match (kind, written) {
        (Type::Bool, Setting::Bool(value)) => Value::Bool(*value),
        (Type::Int, Setting::Int(value)) => Value::Int(*value),
        (Type::Time, Setting::Text(text)) => {
            let time = Timestamp::parse(text).ok_or_else(refused)?;
            Value::Int(time.seconds())
        }
        (Type::Text, Setting::Text(text)) => Value::Text(text.clone().into()),
        // YAML reads an unquoted account id as a number.
        (Type::Text, Setting::Int(number)) => Value::Text(number.to_string().into()),
        (Type::Enum(set), Setting::Text(text)) => match set.rank(text) {
            Some(rank) => Value::Int(rank),
            None => {
                let hint = did_you_mean(text, set.values.iter().copied());
                return Err((
                    format!("`{text}` is no {}; there are {}", set.name, set.listed()),
                    hint,
                ));
            }
        },
        (Type::Texts, Setting::Texts(items)) => {
            Value::List(items.iter().map(|i| i.clone().into()).collect())
        }
        (Type::Words(set), Setting::Texts(items)) => {
            if let Some(wrong) = items.iter().find(|i| set.rank(i).is_none()) {
                return Err((
                    format!("`{wrong}` is no {}; there are {}", set.name, set.listed()),
                    did_you_mean(wrong, set.values.iter().copied()),
                ));
            }
            Value::List(items.iter().map(|i| i.clone().into()).collect())
        }
        _ => return Err(refused()),
    })
}
