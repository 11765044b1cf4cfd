//! Checks: YAML files with a CEL condition over the normalised model, evaluated with three-valued logic.
//!
//! A check file is read into a type that mirrors it (`file`), checked and compiled (`load`, `set`): its condition is
//! parsed as CEL (`syntax`), type-checked against the attributes of its subject (`schema`, `subject`) and
//! lowered to a predicate (`compile`, `predicate`). Evaluation (`evaluate`) puts the attributes of each
//! subject into a row and runs the predicates over it; what no source carries is unknown, and a check
//! that depends on it is *not evaluable* rather than passed.
//!
//! Lowering was chosen over CEL's own interpreter because it is some forty times faster, and because an
//! interpreter's "missing" is an error, where ours is an answer.

mod set;

mod schema;

mod subject;

mod parameter;

mod evaluate;

mod waiver;

mod case;

mod controls;

mod error;

mod load;

mod file;

mod place;

mod syntax;

mod compile;

mod predicate;

mod value;

mod message;

mod estate;

mod accounts;

mod grants;

#[cfg(test)]
mod tests;

pub use case::CaseFailure;
pub use controls::{Control, Controls};
pub use error::CheckError;
pub use evaluate::{EvaluateOptions, Evaluation, evaluate};
pub use parameter::{Parameter, Parameters, Setting, Settings};
pub use schema::{Attribute, Basis, Enumeration, SubjectKind, Type, reference};
pub use set::{Check, CheckSet};
