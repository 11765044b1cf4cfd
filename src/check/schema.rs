//! The vocabulary of conditions: what can be asked of each kind of subject, with type and meaning.
//!
//! An attribute is one line of one table: name, type, what its evidence is, how it is read, and what it
//! means. Type checking, evaluation, cases and the reference text all come from that line.

use super::value::Value;
use crate::model::{Confidence, Evidence};
use std::fmt::Write as _;

/// What a check can speak of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SubjectKind {
    /// An identity.
    Identity,
    /// A credential.
    Credential,
    /// A registry entry.
    Declaration,
    /// One principal of one statement of a trust policy.
    Trust,
    /// A pod or a controller of pods.
    Workload,
    /// A job of a CI system.
    Job,
    /// An account of an organisation.
    Account,
    /// An identity provider.
    Provider,
    /// A permission set of single sign-on.
    PermissionSet,
    /// A finding of the platform's own analyser.
    AnalyzerFinding,
    /// A namespace, account, project or stack.
    Container,
    /// A vendor or other third party.
    Vendor,
    /// A waiver.
    Waiver,
}

impl SubjectKind {
    /// All kinds, in the order in which they are evaluated: waivers last, when it is known which were used.
    pub const ALL: [Self; 13] = [
        Self::Identity,
        Self::Credential,
        Self::Declaration,
        Self::Trust,
        Self::Workload,
        Self::Job,
        Self::Account,
        Self::Provider,
        Self::PermissionSet,
        Self::AnalyzerFinding,
        Self::Container,
        Self::Vendor,
        Self::Waiver,
    ];

    /// The name used in check files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Credential => "credential",
            Self::Declaration => "declaration",
            Self::Trust => "trust",
            Self::Workload => "workload",
            Self::Job => "job",
            Self::Account => "account",
            Self::Provider => "provider",
            Self::PermissionSet => "permission-set",
            Self::AnalyzerFinding => "analyzer-finding",
            Self::Container => "container",
            Self::Vendor => "vendor",
            Self::Waiver => "waiver",
        }
    }

    /// The kind of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// What can be asked of subjects of this kind, in table order.
    pub fn attributes(self) -> Vec<Attribute> {
        fn of<S: Subject>() -> Vec<Attribute> {
            S::table().iter().map(|c| c.attribute).collect()
        }
        use super::subject::{
            account, analyzer_finding, container, credential, declaration, identity, job,
            permission_set, provider, trust, vendor, waiver, workload,
        };
        match self {
            Self::Identity => of::<identity::OfIdentity>(),
            Self::Credential => of::<credential::OfCredential>(),
            Self::Declaration => of::<declaration::OfDeclaration>(),
            Self::Trust => of::<trust::OfTrust>(),
            Self::Workload => of::<workload::OfWorkload>(),
            Self::Job => of::<job::OfJob>(),
            Self::Account => of::<account::OfAccount>(),
            Self::Provider => of::<provider::OfProvider>(),
            Self::PermissionSet => of::<permission_set::OfPermissionSet>(),
            Self::AnalyzerFinding => of::<analyzer_finding::OfAnalyzerFinding>(),
            Self::Container => of::<container::OfContainer>(),
            Self::Vendor => of::<vendor::OfVendor>(),
            Self::Waiver => of::<waiver::OfWaiver>(),
        }
    }
}

/// A closed set of words that an attribute can take.
#[derive(Debug, PartialEq, Eq)]
pub struct Enumeration {
    /// What the set is called, in messages and as the type of a parameter.
    pub name: &'static str,
    /// Its words, lowest first where they are ordered.
    pub values: &'static [&'static str],
    /// Whether `<` and `>=` make sense between its words.
    pub ordered: bool,
}

impl Enumeration {
    /// The position of a word.
    pub(super) fn rank(&self, word: &str) -> Option<i64> {
        let found = self.values.iter().position(|v| *v == word)?;
        i64::try_from(found).ok()
    }

    /// The word at a position.
    pub(super) fn word(&self, rank: i64) -> &'static str {
        let word = usize::try_from(rank).ok().and_then(|r| self.values.get(r));
        word.copied().unwrap_or("unknown")
    }

    /// `a`, `b` or `c`.
    pub(super) fn listed(&self) -> String {
        let quoted: Vec<String> = self.values.iter().map(|v| format!("`{v}`")).collect();
        quoted.join(", ")
    }
}

const fn words(name: &'static str, values: &'static [&'static str]) -> Enumeration {
    Enumeration {
        name,
        values,
        ordered: false,
    }
}

const fn ranks(name: &'static str, values: &'static [&'static str]) -> Enumeration {
    Enumeration {
        name,
        values,
        ordered: true,
    }
}

/// Privilege, lowest first. An unknown tier is no word: the attribute is then unknown.
pub(super) static TIER: Enumeration = ranks(
    "tier",
    &["none", "read", "write", "issue", "escalate", "admin"],
);
pub(super) static CONFIDENCE: Enumeration = ranks("confidence", &["low", "medium", "high"]);
pub(super) static OWNER_STATE: Enumeration = words(
    "owner state",
    &["owned", "disputed", "orphaned", "suggested", "unowned"],
);
pub(super) static PLATFORM: Enumeration = words(
    "platform",
    &[
        "aws",
        "kubernetes",
        "gcp",
        "entra",
        "github",
        "gitlab",
        "bitbucket",
        "azure-devops",
        "circleci",
        "jenkins",
        "vault",
        "okta",
        "snowflake",
        "databricks",
        "datadog",
        "grafana",
        "argocd",
        "registry",
        "host",
        "other",
    ],
);
pub(super) static HUMANITY: Enumeration =
    words("humanity", &["human", "non-human", "undetermined"]);
pub(super) static IDENTITY_KIND: Enumeration = words(
    "identity kind",
    &[
        "aws-root",
        "aws-user",
        "aws-role",
        "kubernetes-service-account",
        "kubernetes-user",
        "kubernetes-group",
        "gcp-service-account",
        "gcp-principal",
        "entra-application",
        "entra-managed-identity",
        "entra-agent-identity",
        "entra-principal",
        "ci-job",
        "deploy-key",
        "app",
        "service-account",
        "database-user",
        "vault-role",
        "registry-account",
        "profile",
        "service-connection",
        "host-user",
        "module-declared",
    ],
);
pub(super) static CAPABILITY: Enumeration = words(
    "capability",
    &[
        "administer",
        "escalate",
        "issue-credentials",
        "recover-accounts",
        "read-secrets",
        "impersonate",
        "manage-access",
        "inspect-environment",
        "execute-code",
        "read-data",
        "write-data",
        "delete-data",
        "disable-logging",
    ],
);
pub(super) static CERTAINTY: Enumeration =
    words("certainty", &["certain", "conditional", "unresolved"]);
pub(super) static STATUS: Enumeration =
    words("credential status", &["active", "inactive", "expired"]);
pub(super) static REVIEW_STATE: Enumeration = words(
    "review state",
    &[
        "absent",
        "empty",
        "due",
        "overdue",
        "ambiguous",
        "malformed",
    ],
);
pub(super) static REVIEW_SOURCE: Enumeration =
    words("review source", &["registry", "own", "container"]);
pub(super) static CLAIM_METHOD: Enumeration = words(
    "claim method",
    &[
        "registry",
        "label",
        "provider",
        "definition",
        "container",
        "catalog",
        "codeowners",
        "deployer",
        "cmdb",
        "creator",
        "on-call",
        "commit-author",
        "package",
        "unit",
        "name-pattern",
    ],
);
pub(super) static CONTAINER_KIND: Enumeration = words(
    "container kind",
    &[
        "namespace",
        "cluster",
        "stack",
        "project",
        "resource-group",
        "subscription",
        "account",
        "folder",
        "estate",
        "repository",
    ],
);
pub(super) static DATE_STATE: Enumeration = words(
    "date state",
    &["absent", "empty", "present", "ambiguous", "malformed"],
);
pub(super) static REGISTRATION: Enumeration = words(
    "registration",
    &["both", "declared-only", "found-only", "not-evaluable"],
);
/// Whether a contract is in force; what no register tells is unknown.
pub(super) static CONTRACT: Enumeration =
    words("contract state", &["active", "not-begun", "ended"]);
pub(super) static PRINCIPAL_KIND: Enumeration = words(
    "principal kind",
    &[
        "anyone",
        "account",
        "principal",
        "service",
        "federated",
        "other",
    ],
);
/// Whose the account of a trusted party is.
pub(super) static STANDING: Enumeration = words(
    "standing",
    &["own", "organization", "aws", "vendor", "unknown-party"],
);
/// Whom a provider's tokens let in, narrowest first.
pub(super) static EXPOSURE: Enumeration = ranks(
    "exposure",
    &[
        "nobody",
        "pinned",
        "project",
        "organization",
        "platform",
        "anyone",
    ],
);
pub(super) static FEDERATION: Enumeration = words("federation", &["oidc", "saml"]);
pub(super) static EFFECT: Enumeration = words("effect", &["allow", "deny"]);

/// Sets that a parameter may be of.
pub(super) static PARAMETER_ENUMERATIONS: [&Enumeration; 2] = [&TIER, &CONFIDENCE];

/// The type of an attribute or parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Int,
    /// An instant.
    Time,
    /// Text.
    Text,
    /// One word of a set.
    Enum(&'static Enumeration),
    /// A list of texts.
    Texts,
    /// A list of words of a set.
    Words(&'static Enumeration),
}

impl Type {
    /// What it is called in messages and documentation.
    pub fn describe(self) -> String {
        match self {
            Self::Bool => "bool".to_owned(),
            Self::Int => "int".to_owned(),
            Self::Time => "time".to_owned(),
            Self::Text => "string".to_owned(),
            Self::Enum(set) => format!("one of {}", set.listed()),
            Self::Texts => "list of strings".to_owned(),
            Self::Words(set) => format!("list of {}", set.listed()),
        }
    }
}

/// Where the value of an attribute comes from: decides which evidence a finding shows first, and
/// what lowers its confidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Basis {
    /// The subject's own record.
    Record,
    /// The grants, and what they were concluded to amount to.
    Privilege,
    /// The rule with the wildcard.
    Wildcard,
    /// The statements that give more than they should.
    Grants,
    /// The ways to go further.
    Paths,
    /// The places where a secret stands in the open.
    Exposure,
    /// The claims of ownership.
    Ownership,
    /// The registry entry.
    Declaration,
    /// The credentials of the identity.
    Credentials,
    /// The workloads that run as the identity.
    Workloads,
    /// The place that says which identity of another platform this one becomes.
    Becomes,
    /// The record of what the identity used.
    Usage,
    /// The places where a job takes in code of others.
    Code,
    /// The places where a job is handed secrets.
    Secrets,
    /// The record of the identity that the subject belongs to.
    Identity,
}

/// One thing that can be asked of a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// The dotted name used in conditions, messages and cases.
    pub name: &'static str,
    /// Its type.
    pub kind: Type,
    /// Where it comes from.
    pub basis: Basis,
    /// What it means and when it is unknown.
    pub doc: &'static str,
}

/// An attribute with the way to read it from a subject.
pub(super) struct Column<S: Subject> {
    /// The attribute.
    pub attribute: Attribute,
    /// Reads it.
    pub read: for<'v> fn(&'v S::View<'v>) -> Value<'v>,
}

/// A kind of subject: its table of attributes, and what a finding says beside them.
pub(super) trait Subject: Sized + 'static {
    /// What attributes are read from.
    type View<'a>: Sync + Send;

    /// The kind.
    const KIND: SubjectKind;

    /// The table.
    fn table() -> &'static [Column<Self>];

    /// The subject's id.
    fn id(view: &Self::View<'_>) -> crate::model::SubjectId;

    /// What a person calls it.
    fn name(view: &Self::View<'_>) -> crate::model::Str;

    /// Where values of this basis were read, the most telling first.
    fn evidence<'v>(view: &'v Self::View<'v>, basis: Basis) -> Vec<&'v Evidence>;

    /// How sure a conclusion on this basis can be at most.
    fn confidence(view: &Self::View<'_>, basis: Basis) -> Confidence;
}

/// The reference of all attributes as text, one section a kind of subject.
pub fn reference() -> String {
    let mut text = String::new();
    for kind in SubjectKind::ALL {
        let _ = writeln!(text, "{}\n", kind.as_str());
        for attribute in kind.attributes() {
            let _ = writeln!(
                text,
                "  {}: {}\n      {}",
                attribute.name,
                attribute.kind.describe(),
                attribute.doc
            );
        }
        text.push('\n');
    }
    text
}

/// The rank of a model enumeration's name in its word list.
pub(super) fn word<'a>(set: &'static Enumeration, name: &str) -> Value<'a> {
    set.rank(name).map_or(Value::Unknown, Value::Int)
}
