//! Identities: principals that can act.

use super::id::natural_id;
use super::{Evidence, Moment, Set, Str, Timestamp};

natural_id! {
    /// The natural id of an identity, the platform's own where it has one: an ARN,
    /// `k8s:<cluster>/<namespace>/<name>`.
    IdentityId
}

/// The line of an identity's derivation that says that a module makes it whose files were not there.
pub const UNREAD_MODULE: &str = "its module was not read";

/// The tag that CloudFormation gives what a stack makes.
const STACK_NAME: &str = "aws:cloudformation:stack-name";

/// The platform that authenticates an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Platform {
    /// Amazon Web Services.
    Aws,
    /// Kubernetes.
    Kubernetes,
    /// Google Cloud.
    Gcp,
    /// Microsoft Entra and Azure.
    Entra,
    /// GitHub.
    GitHub,
    /// GitLab.
    GitLab,
    /// Bitbucket.
    Bitbucket,
    /// Azure DevOps.
    AzureDevOps,
    /// CircleCI.
    CircleCi,
    /// Jenkins.
    Jenkins,
    /// HashiCorp Vault, or OpenBao.
    Vault,
    /// Okta.
    Okta,
    /// Snowflake.
    Snowflake,
    /// Databricks.
    Databricks,
    /// Datadog.
    Datadog,
    /// Grafana.
    Grafana,
    /// Argo CD.
    ArgoCd,
    /// A registry of container images or packages.
    Registry,
    /// A host or what is run on one: Compose, Ansible.
    Host,
    /// Any other, or not known.
    Other,
}

impl Platform {
    /// All, in the order of declaration.
    pub const ALL: [Self; 20] = [
        Self::Aws,
        Self::Kubernetes,
        Self::Gcp,
        Self::Entra,
        Self::GitHub,
        Self::GitLab,
        Self::Bitbucket,
        Self::AzureDevOps,
        Self::CircleCi,
        Self::Jenkins,
        Self::Vault,
        Self::Okta,
        Self::Snowflake,
        Self::Databricks,
        Self::Datadog,
        Self::Grafana,
        Self::ArgoCd,
        Self::Registry,
        Self::Host,
        Self::Other,
    ];

    /// The name used in reports, checks and the registry.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Kubernetes => "kubernetes",
            Self::Gcp => "gcp",
            Self::Entra => "entra",
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
            Self::Bitbucket => "bitbucket",
            Self::AzureDevOps => "azure-devops",
            Self::CircleCi => "circleci",
            Self::Jenkins => "jenkins",
            Self::Vault => "vault",
            Self::Okta => "okta",
            Self::Snowflake => "snowflake",
            Self::Databricks => "databricks",
            Self::Datadog => "datadog",
            Self::Grafana => "grafana",
            Self::ArgoCd => "argocd",
            Self::Registry => "registry",
            Self::Host => "host",
            Self::Other => "other",
        }
    }
}

/// What sort of principal an identity is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdentityKind {
    /// The owner of an AWS account.
    AwsRoot,
    /// An IAM user.
    AwsUser,
    /// An IAM role.
    AwsRole,
    /// A Kubernetes ServiceAccount.
    KubernetesServiceAccount,
    /// A user name that a Kubernetes binding names.
    KubernetesUser,
    /// A group that a Kubernetes binding names; everyone in it acts with its grants.
    KubernetesGroup,
    /// A Google Cloud service account.
    GcpServiceAccount,
    /// Another principal that a Google Cloud binding names: a user, a group, a domain, a set of federated principals.
    GcpPrincipal,
    /// An application registered in Entra, or its service principal: they share the application id.
    EntraApplication,
    /// A managed identity of Azure.
    EntraManagedIdentity,
    /// An agent that the directory knows as such, made by a blueprint.
    EntraAgentIdentity,
    /// Another principal that an Azure role assignment names.
    EntraPrincipal,
    /// A job of a CI system: what acts with the token that the system gives each run.
    CiJob,
    /// A key that is let into one repository.
    DeployKey,
    /// An app or OAuth client of a platform: a GitHub App, an Okta application.
    App,
    /// An account that a service keeps for machines: of Grafana, Datadog, GitLab, Databricks, Argo CD.
    ServiceAccount,
    /// A user of a database or warehouse.
    DatabaseUser,
    /// A role of an auth method of Vault: whoever meets it is given a token with its policies.
    VaultRole,
    /// An account at a registry of images or packages.
    RegistryAccount,
    /// A profile of a command line program: who it signs in as.
    Profile,
    /// A connection that a CI system keeps to another platform.
    ServiceConnection,
    /// A user of a host, or of what is run on one.
    HostUser,
    /// An identity that a module of infrastructure code makes; its kind is not known.
    ModuleDeclared,
}

impl IdentityKind {
    /// All, in the order of declaration.
    pub const ALL: [Self; 23] = [
        Self::AwsRoot,
        Self::AwsUser,
        Self::AwsRole,
        Self::KubernetesServiceAccount,
        Self::KubernetesUser,
        Self::KubernetesGroup,
        Self::GcpServiceAccount,
        Self::GcpPrincipal,
        Self::EntraApplication,
        Self::EntraManagedIdentity,
        Self::EntraAgentIdentity,
        Self::EntraPrincipal,
        Self::CiJob,
        Self::DeployKey,
        Self::App,
        Self::ServiceAccount,
        Self::DatabaseUser,
        Self::VaultRole,
        Self::RegistryAccount,
        Self::Profile,
        Self::ServiceConnection,
        Self::HostUser,
        Self::ModuleDeclared,
    ];

    /// The name used in reports and checks.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AwsRoot => "aws-root",
            Self::AwsUser => "aws-user",
            Self::AwsRole => "aws-role",
            Self::KubernetesServiceAccount => "kubernetes-service-account",
            Self::KubernetesUser => "kubernetes-user",
            Self::KubernetesGroup => "kubernetes-group",
            Self::GcpServiceAccount => "gcp-service-account",
            Self::GcpPrincipal => "gcp-principal",
            Self::EntraApplication => "entra-application",
            Self::EntraManagedIdentity => "entra-managed-identity",
            Self::EntraAgentIdentity => "entra-agent-identity",
            Self::EntraPrincipal => "entra-principal",
            Self::CiJob => "ci-job",
            Self::DeployKey => "deploy-key",
            Self::App => "app",
            Self::ServiceAccount => "service-account",
            Self::DatabaseUser => "database-user",
            Self::VaultRole => "vault-role",
            Self::RegistryAccount => "registry-account",
            Self::Profile => "profile",
            Self::ServiceConnection => "service-connection",
            Self::HostUser => "host-user",
            Self::ModuleDeclared => "module-declared",
        }
    }
}

/// Whether a person acts through the identity. The order is that of merging: a stated answer
/// outranks none, and evidence of a person outranks evidence of a machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Humanity {
    /// Nothing says either way.
    #[default]
    Undetermined,
    /// A machine identity.
    NonHuman,
    /// A person.
    Human,
}

impl Humanity {
    /// The name used in reports and checks.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Undetermined => "undetermined",
            Self::NonHuman => "non-human",
            Self::Human => "human",
        }
    }
}

/// How the identity is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Presence {
    /// A binding, trust or leaked key names it; no record of the identity itself was read.
    Referenced,
    /// A declaration of it is switched off: a count of 0, a chart's value. Joining turns this into `Declared` and
    /// disabled, unless another source declares or lists it.
    SwitchedOff,
    /// A manifest or infrastructure code declares it.
    Declared,
    /// An export of the running system lists it.
    Observed,
}

/// Where a label was attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LabelSource {
    /// A cloud tag.
    Tag,
    /// A Kubernetes label.
    Label,
    /// A Kubernetes annotation.
    Annotation,
    /// A field of its own for who owns or is to be asked: `contactEmail`, `owners`.
    Field,
    /// A tag that its provider's configuration gives everything (`default_tags`).
    DefaultTag,
    /// An argument of the call of the module that makes it.
    ModuleInput,
}

/// A key and value attached to an identity or to its container.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label {
    /// What sort of label.
    pub source: LabelSource,
    /// The key, as written.
    pub key: Str,
    /// The value, as written.
    pub value: Str,
    /// Where it was read.
    pub evidence: Evidence,
}

/// A token that an identity is given by its own platform, and that others may accept: what it says of the
/// bearer. Claims are as the issuer would write them; `*` stands for what only a run decides.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token {
    /// The issuer without scheme (`token.actions.githubusercontent.com`); `None` where no file tells, as of a
    /// cluster that only manifests were read of.
    pub issuer: Option<Str>,
    /// The subject: `repo:acme/app:ref:refs/heads/main`, `system:serviceaccount:ci:deployer`.
    pub subject: Str,
    /// The audience that is asked for, where it is said.
    pub audience: Option<Str>,
    /// Other claims, by name: `repository`, `job_workflow_ref`, `environment`.
    pub claims: std::collections::BTreeMap<Str, Str>,
    /// Where it is asked for.
    pub evidence: Evidence,
}

/// A principal that can act. Every field is what the sources say; absent is unknown.
///
/// Records of the same identity from several sources are merged field by field; merging is
/// commutative, associative and idempotent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Natural id.
    pub id: IdentityId,
    /// Platform.
    pub platform: Platform,
    /// What sort of principal.
    pub kind: IdentityKind,
    /// The name people use.
    pub name: Str,
    /// The account, cluster or tenant: `111122223333`, `prod-eu`.
    pub account: Option<Str>,
    /// The namespace inside it, for Kubernetes.
    pub namespace: Option<Str>,
    /// How it is known.
    pub presence: Set<Presence>,
    /// Person or machine, with the reason.
    pub humanity: (Humanity, Str),
    /// Why it belongs to the platform's provider and cannot be changed by the customer, if so
    /// (service-linked role, `system:` controller).
    pub provider_managed: Option<Str>,
    /// Whether it can act at all; `Some(false)` when disabled.
    pub enabled: Option<bool>,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// When it last acted, by whatever credential.
    pub last_used: Moment,
    /// When the identity itself ends.
    pub expires: Moment,
    /// Whether a password lets somebody sign in interactively.
    pub console_access: Option<bool>,
    /// Whether a second factor is enrolled.
    pub mfa: Option<bool>,
    /// Kubernetes `automountServiceAccountToken` of the ServiceAccount.
    pub automount: Option<bool>,
    /// Tags, labels and annotations.
    pub labels: Set<Label>,
    /// Other natural ids that mean this identity (an IAM unique id `AROA…`).
    pub aliases: Set<Str>,
    /// Ids of identities of other platforms that this one becomes by design (the IAM role that a
    /// ServiceAccount's annotation names), with where that is said.
    pub becomes: Set<(IdentityId, Evidence)>,
    /// The tokens of its own platform that it can show to others.
    pub tokens: Set<Token>,
    /// What had to be worked out to know of it, and what could not be: `chart payments with its default
    /// values`, `module.ci (terraform-aws-modules/iam/aws//modules/iam-user)`, `not resolved: var.name`.
    pub derivation: Set<Str>,
    /// What acts through it, as far as its trust, path and name tell: `ec2`, `lambda`,
    /// `github-actions:acme/payments`, `single-sign-on:ReadOnly`, `vendor:Datadog`.
    pub serves: Set<Str>,
    /// The users and groups of a directory that single sign-on lets act as it: `group platform`,
    /// `user jane@example.com`.
    pub assigned: Set<Str>,
    /// What else is notable about how it is kept or set up, by the name that checks ask for: `docker-socket`,
    /// `static-keys`.
    pub traits: Set<Str>,
    /// Where it was read.
    pub evidence: Set<Evidence>,
}

impl Identity {
    /// A new identity of which only id, kind and name are known.
    pub fn new(
        id: IdentityId,
        platform: Platform,
        kind: IdentityKind,
        name: impl Into<Str>,
    ) -> Self {
        Self {
            id,
            platform,
            kind,
            name: name.into(),
            account: None,
            namespace: None,
            presence: Set::new(),
            humanity: (Humanity::Undetermined, "".into()),
            provider_managed: None,
            enabled: None,
            created: None,
            last_used: Moment::Unknown,
            expires: Moment::Unknown,
            console_access: None,
            mfa: None,
            automount: None,
            labels: Set::new(),
            aliases: Set::new(),
            becomes: Set::new(),
            tokens: Set::new(),
            derivation: Set::new(),
            serves: Set::new(),
            assigned: Set::new(),
            traits: Set::new(),
            evidence: Set::new(),
        }
    }

    /// The containers whose owner it inherits, the nearest first: `k8s:<cluster>/<namespace>`, the root module of the
    /// code that declares it (`terraform:<directory>`), and `k8s:<cluster>`; `aws:<account>/stack/<name>` by its
    /// tag, the root module, and `<platform>:<account>`.
    pub fn containers(&self) -> Vec<Str> {
        let mut containers: Vec<Str> = Vec::new();
        let estates = self.aliases.iter().filter_map(|alias| {
            let (estate, _) = alias.split_once('#')?;
            estate.starts_with("terraform:").then(|| Str::from(estate))
        });
        let Some(account) = self.account.as_deref() else {
            containers.extend(estates);
            return containers;
        };
        match (self.platform, self.namespace.as_deref()) {
            (Platform::Kubernetes, namespace) => {
                containers.extend(namespace.map(|n| Str::from(format!("k8s:{account}/{n}"))));
                containers.extend(estates);
                containers.push(format!("k8s:{account}").into());
            }
            (Platform::Other, _) => containers.extend(estates),
            (platform, _) => {
                let platform = platform.as_str();
                let mut stacks = self.labels.iter().filter(|l| &*l.key == STACK_NAME);
                let stack = stacks.next().map(|l| &l.value);
                containers.extend(
                    stack.map(|stack| Str::from(format!("{platform}:{account}/stack/{stack}"))),
                );
                containers.extend(estates);
                containers.push(format!("{platform}:{account}").into());
            }
        }
        containers
    }

    /// Whether a module makes it whose files were not there, which may give it more than its call tells.
    pub fn is_of_unread_module(&self) -> bool {
        self.derivation.iter().any(|line| **line == *UNREAD_MODULE)
    }

    /// Takes over what another record of the same identity knows.
    pub fn merge(&mut self, other: Self) {
        debug_assert_eq!(self.id, other.id, "only records of one identity are merged");
        self.platform = self.platform.min(other.platform);
        self.kind = self.kind.min(other.kind);
        if self.name > other.name {
            self.name = other.name;
        }
        merge_option(&mut self.account, other.account, std::cmp::min);
        merge_option(&mut self.namespace, other.namespace, std::cmp::min);
        self.presence.extend(other.presence);
        if self.humanity < other.humanity {
            self.humanity = other.humanity;
        }
        merge_option(
            &mut self.provider_managed,
            other.provider_managed,
            std::cmp::min,
        );
        merge_option(&mut self.enabled, other.enabled, std::cmp::min);
        merge_option(&mut self.created, other.created, std::cmp::min);
        self.last_used.merge(other.last_used);
        self.expires.merge(other.expires);
        merge_option(
            &mut self.console_access,
            other.console_access,
            std::cmp::max,
        );
        merge_option(&mut self.mfa, other.mfa, std::cmp::max);
        merge_option(&mut self.automount, other.automount, std::cmp::max);
        self.labels.extend(other.labels);
        self.aliases.extend(other.aliases);
        self.becomes.extend(other.becomes);
        self.tokens.extend(other.tokens);
        self.derivation.extend(other.derivation);
        self.serves.extend(other.serves);
        self.assigned.extend(other.assigned);
        self.traits.extend(other.traits);
        self.evidence.extend(other.evidence);
    }
}

/// Merges two optional answers: a known one outranks an unknown one, two known ones are decided by `pick`.
pub(super) fn merge_option<T>(mine: &mut Option<T>, other: Option<T>, pick: fn(T, T) -> T) {
    *mine = match (mine.take(), other) {
        (Some(a), Some(b)) => Some(pick(a, b)),
        (a, b) => a.or(b),
    };
}
