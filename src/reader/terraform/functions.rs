//! Functions of the language.
//!
//! A function whose arguments are known in part gives what can be told (a list with one unknown member is still a
//! list); where nothing can be told the call itself stands for its value.

use super::eval::{Scope, written};
use super::syntax::Expr;
use super::value::{Text, V, Val};
use super::world::World;
use std::rc::Rc;

mod collection;
mod encoding;
mod files;
mod text;

/// Largest collection that a function makes.
const MAX_ITEMS: usize = 100_000;

/// What a function made of its arguments.
pub(super) enum Outcome {
    /// A value.
    Known(V),
    /// Its arguments are not known.
    Open,
    /// Terraform would refuse this.
    Fault,
}

impl From<Option<V>> for Outcome {
    fn from(value: Option<V>) -> Self {
        value.map_or(Self::Fault, Self::Known)
    }
}

impl<'a> World<'a> {
    pub(super) fn call(
        &self,
        name: &'a str,
        arguments: &'a [Expr<'a>],
        spread: bool,
        scope: Scope<'_, 'a>,
    ) -> V {
        match name {
            "try" => return self.first_that_works(arguments, scope),
            "can" => {
                let before = self.faults.get();
                for argument in arguments {
                    self.eval(argument, scope);
                }
                return V::Bool(self.faults.replace(before) == before);
            }
            _ => {}
        }
        let mut values: Vec<V> = Vec::with_capacity(arguments.len());
        for argument in arguments {
            let value = self.eval(argument, scope).v;
            values.push(self.settled(value));
        }
        if spread && let Some(last) = values.pop() {
            match last {
                V::List(items) | V::Set(items) => {
                    values.extend(items.iter().map(|item| self.settled(item.v.clone())));
                }
                other => values.push(other),
            }
        }
        let size: usize = values.iter().map(|v| v.size(MAX_ITEMS)).sum();
        self.charge(size);
        let outcome = if size > MAX_ITEMS * 4 {
            self.limit("a value of more than 100,000 parts stays symbolic");
            Outcome::Open
        } else {
            self.apply(name, &values, scope)
        };
        match outcome {
            Outcome::Known(value) => value,
            Outcome::Open => call_text(name, &values),
            Outcome::Fault => {
                if !values.iter().any(V::partial) {
                    self.fault();
                }
                call_text(name, &values)
            }
        }
    }

    fn apply(&self, name: &str, values: &[V], scope: Scope<'_, 'a>) -> Outcome {
        let name = name.strip_prefix("core::").unwrap_or(name);
        collection::apply(self, name, values)
            .or_else(|| text::apply(name, values))
            .or_else(|| encoding::apply(self, name, values))
            .or_else(|| files::apply(self, name, values, scope))
            .unwrap_or(Outcome::Open)
    }

    fn first_that_works(&self, arguments: &'a [Expr<'a>], scope: Scope<'_, 'a>) -> V {
        let mut last = V::Null;
        for argument in arguments {
            let before = self.faults.get();
            last = self.eval(argument, scope).v;
            if self.faults.replace(before) == before {
                return last;
            }
        }
        self.fault();
        last
    }
}

/// A call as it is written.
fn call_text(name: &str, values: &[V]) -> V {
    let arguments: Vec<String> = values.iter().map(written).collect();
    V::unknown(format!("{name}({})", arguments.join(", ")))
}

/// A set: sorted, each once. What is not known stays apart.
pub(super) fn set(items: Vec<Val>) -> V {
    let mut sorted: std::collections::BTreeMap<String, Val> = std::collections::BTreeMap::new();
    for item in items {
        let key = match item.v.scalar() {
            Some(text) => (*text).to_owned(),
            None => written(&item.v),
        };
        sorted.entry(key).or_insert(item);
    }
    V::Set(Rc::new(sorted.into_values().collect()))
}

/// The members of a list or set.
fn items(value: &V) -> Option<&Rc<Vec<Val>>> {
    value.items()
}

fn text_of(values: &[V], at: usize) -> Option<Text> {
    values.get(at)?.scalar()
}

fn number_of(values: &[V], at: usize) -> Option<f64> {
    values.get(at)?.number()
}

/// A number as an index.
#[expect(clippy::cast_possible_truncation)]
fn whole(number: f64) -> i64 {
    number as i64
}
