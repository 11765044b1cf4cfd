//! Findings: a check that failed for a subject.

use super::{CredentialId, Evidence, Fingerprint, IdentityId, Str, Waiver};
use std::fmt;

/// How bad, lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
    /// Critical.
    Critical,
}

impl Severity {
    /// All severities, lowest first.
    pub const ALL: [Self; 5] = [
        Self::Info,
        Self::Low,
        Self::Medium,
        Self::High,
        Self::Critical,
    ];

    /// The name used everywhere.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// How sure, lowest first. Never mixed with severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// Probably not, but worth a look in an audit.
    Low,
    /// More likely than not.
    Medium,
    /// As good as certain.
    High,
}

impl Confidence {
    /// The name used everywhere.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// What a check or a claim speaks of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SubjectId {
    /// An identity.
    Identity(IdentityId),
    /// A credential.
    Credential(CredentialId),
    /// A registry entry, by its id.
    Declaration(Str),
    /// A trust, by its id.
    Trust(Str),
    /// A workload, by its id.
    Workload(Str),
    /// A job of a CI system, by its id.
    Job(Str),
    /// A namespace, account or stack, by its id.
    Container(Str),
    /// A vendor, by the register's id.
    Vendor(Str),
    /// An account of an organisation, by its number.
    Account(Str),
    /// An identity provider, by its id.
    Provider(Str),
    /// A permission set of single sign-on, by its ARN.
    PermissionSet(Str),
    /// A finding of the platform's own analyser, by its id.
    AnalyzerFinding(Str),
    /// A waiver, by its id.
    Waiver(Str),
}

impl SubjectId {
    /// `identity`, `credential`, …
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Identity(_) => "identity",
            Self::Credential(_) => "credential",
            Self::Declaration(_) => "declaration",
            Self::Trust(_) => "trust",
            Self::Workload(_) => "workload",
            Self::Job(_) => "job",
            Self::Container(_) => "container",
            Self::Vendor(_) => "vendor",
            Self::Account(_) => "account",
            Self::Provider(_) => "provider",
            Self::PermissionSet(_) => "permission-set",
            Self::AnalyzerFinding(_) => "analyzer-finding",
            Self::Waiver(_) => "waiver",
        }
    }

    /// The id without its kind.
    pub fn id(&self) -> &str {
        match self {
            Self::Identity(id) => &id.0,
            Self::Credential(id) => &id.0,
            Self::Declaration(id)
            | Self::Trust(id)
            | Self::Workload(id)
            | Self::Job(id)
            | Self::Container(id)
            | Self::Vendor(id)
            | Self::Account(id)
            | Self::Provider(id)
            | Self::PermissionSet(id)
            | Self::AnalyzerFinding(id)
            | Self::Waiver(id) => id,
        }
    }
}

impl fmt::Display for SubjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// What a check says of a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The condition holds: a finding.
    Fail,
    /// It does not.
    Pass,
    /// The check does not speak of this subject.
    NotApplicable,
    /// No source carries what the condition asks for.
    NotEvaluable,
}

/// A check that failed for a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Stable id of check × subject; survives moved lines and repeated scans.
    pub fingerprint: Fingerprint,
    /// The check's id.
    pub check: Str,
    /// The check's title.
    pub title: Str,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// Of what.
    pub subject: SubjectId,
    /// What a person calls the subject.
    pub subject_name: Str,
    /// One sentence with the facts.
    pub message: Str,
    /// Where it was read, the primary place first. Never empty.
    pub evidence: Vec<Evidence>,
    /// What to do.
    pub remediation: Str,
    /// Control ids, most telling first.
    pub controls: Vec<Str>,
    /// The waiver that covers it.
    pub waiver: Option<Waiver>,
}

/// How a check went over the whole estate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckSummary {
    /// The check's id.
    pub id: Str,
    /// Its title.
    pub title: Str,
    /// What it says about itself: why the condition matters.
    pub description: Str,
    /// How bad a failure is.
    pub severity: Severity,
    /// What to do.
    pub remediation: Str,
    /// Control ids.
    pub controls: Vec<Str>,
    /// Subjects that failed.
    pub fail: u64,
    /// Subjects that passed.
    pub pass: u64,
    /// Subjects it does not speak of.
    pub not_applicable: u64,
    /// Subjects for which no source carries what it asks.
    pub not_evaluable: u64,
}
