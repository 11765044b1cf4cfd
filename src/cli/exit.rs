//! The exit status: a view on the results, whatever format they were printed in.

use crate::model::Severity;
use crate::snapshot::Snapshot;
use std::process::ExitCode;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// Done, nothing at or above the threshold.
    Clean,
    /// Findings at or above the threshold.
    Findings,
    /// Could not run.
    Failed,
    /// Done, but some input was unreadable or malformed.
    Incomplete,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(match status {
            Status::Clean => 0,
            Status::Findings => 1,
            Status::Failed => 2,
            Status::Incomplete => 3,
        })
    }
}

/// What counts against a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Policy {
    /// Severity from which findings count.
    pub fail_on: Option<Severity>,
    /// Whether only findings absent from the baseline count.
    pub new_only: bool,
    /// Whether incomplete coverage is accepted.
    pub allow_incomplete: bool,
}

impl Policy {
    /// The status of a finished scan. Findings outrank incomplete coverage.
    pub(super) fn status(self, snapshot: &Snapshot) -> Status {
        let counts = |finding: &&crate::snapshot::Finding| {
            finding.waiver.is_none()
                && (!self.new_only || finding.status.as_deref() != Some("persisting"))
        };
        let rank = |name: &str| Severity::ALL.iter().position(|s| s.as_str() == name);
        let failing = self.fail_on.is_some_and(|threshold| {
            let threshold = rank(threshold.as_str());
            snapshot
                .findings
                .iter()
                .filter(counts)
                .any(|f| rank(&f.severity) >= threshold)
        });
        if failing {
            Status::Findings
        } else if !snapshot.coverage.complete && !self.allow_incomplete {
            Status::Incomplete
        } else {
            Status::Clean
        }
    }
}
