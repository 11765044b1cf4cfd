//! The YAML and JSON tree, with its errors as problems of a document.

pub(super) use crate::platform::tree::*;

use crate::model::{Document, Problem, ProblemKind};

impl TreeError {
    /// As a problem of this document.
    pub(super) fn problem(self, document: &Document<'_>, reader: &'static str) -> Problem {
        Problem {
            path: document.origin.path.clone(),
            line: (self.line > 0).then_some(self.line),
            column: (self.column > 0).then_some(self.column),
            kind: ProblemKind::Malformed,
            reader,
            message: self.message.into(),
        }
    }
}
