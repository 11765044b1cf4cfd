//! The cases of checks: each check's own proof that it fires and that it holds its tongue.

use super::evaluate::outcome;
use super::predicate::Scope;
use super::{load::outcome_name, set::CheckSet};
use std::fmt;

/// A case whose outcome is not the one it states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseFailure {
    /// The check's file.
    pub file: String,
    /// Where the case stands in it.
    pub line: u32,
    /// The check's id.
    pub check: String,
    /// The case's name.
    pub case: String,
    /// The outcome it states.
    pub expected: &'static str,
    /// The outcome it has.
    pub actual: &'static str,
}

impl fmt::Display for CaseFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}: check `{}`, case `{}`: expected {}, got {}",
            self.file, self.line, self.check, self.case, self.expected, self.actual
        )
    }
}

impl CheckSet {
    /// How many cases the checks have.
    pub fn case_count(&self) -> usize {
        self.iter().map(|c| c.compiled.cases.len()).sum()
    }

    /// Runs every case of every check; those that do not come out as stated are returned.
    pub fn run_cases(&self) -> Vec<CaseFailure> {
        let mut failures = Vec::new();
        for check in self.iter() {
            for case in &check.compiled.cases {
                let scope = Scope {
                    row: &case.row,
                    parameters: &case.parameters,
                    now: case.now,
                };
                let actual = outcome(&check.compiled, &scope);
                if actual != case.outcome {
                    failures.push(CaseFailure {
                        file: check.file.to_string(),
                        line: case.line,
                        check: check.id.to_string(),
                        case: case.name.clone(),
                        expected: outcome_name(case.outcome),
                        actual: outcome_name(actual),
                    });
                }
            }
        }
        failures
    }
}
