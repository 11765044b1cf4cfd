//! Providers: whose tokens they sign, and how they write a subject.

use super::Exposure;
use super::subject::{Field, Grammar, Pairs};

/// A provider.
#[derive(Debug)]
pub(super) struct Issuer {
    /// In lower case without scheme: `gitlab.com`.
    pub host: String,
    /// What people call it.
    pub name: &'static str,
    /// How what it serves is called: `github-actions`.
    pub serves: &'static str,
    /// Whether strangers get tokens of it, too.
    pub shared: bool,
    /// How subjects are written.
    pub grammar: Grammar,
    /// Whether the audience, and not the subject, says whose token it is.
    pub by_audience: bool,
    /// The owner that the issuer's address names.
    pub owner: Option<String>,
}

impl Issuer {
    /// Who gets in when nothing is asked.
    pub(super) fn open(&self) -> Exposure {
        if self.grammar == Grammar::CognitoPool {
            Exposure::Anyone
        } else if self.shared {
            Exposure::Platform
        } else {
            Exposure::Organization
        }
    }

    /// The provider of an issuer's address.
    pub(super) fn of(host: &str) -> Self {
        let (name, serves, shared, grammar, owner) = identify(host);
        let by_audience = matches!(
            host,
            "api.pulumi.com/oidc" | "sandboxes.cloud" | "oidc.vercel.com"
        );
        Self {
            host: host.to_owned(),
            name,
            serves,
            shared,
            grammar,
            by_audience,
            owner: owner.map(str::to_owned),
        }
    }
}

type Identified<'h> = (&'static str, &'static str, bool, Grammar, Option<&'h str>);

fn identify(host: &str) -> Identified<'_> {
    let (domain, path) = host.split_once('/').unwrap_or((host, ""));
    let first = Some(path.split('/').next().unwrap_or_default()).filter(|p| !p.is_empty());
    let shared = true;
    let github = |own| {
        (
            "GitHub Actions",
            "github-actions",
            own,
            Grammar::GitHub,
            None,
        )
    };
    match domain {
        // With a path it is one enterprise's own issuer.
        "token.actions.githubusercontent.com" | "vstoken.actions.githubusercontent.com" => {
            github(path.is_empty())
        }
        "oidc-configuration.audit-log.githubusercontent.com" => (
            "GitHub audit log",
            "github-audit-log",
            shared,
            Grammar::Path,
            None,
        ),
        "gitlab.com" => ("GitLab CI", "gitlab-ci", shared, Grammar::GitLab, None),
        "api.bitbucket.org" => (
            "Bitbucket Pipelines",
            "bitbucket-pipelines",
            false,
            Grammar::Bitbucket,
            path.split('/').nth(2),
        ),
        "oidc.circleci.com" => (
            "CircleCI",
            "circleci",
            path.is_empty(),
            Grammar::CircleCi,
            path.strip_prefix("org/"),
        ),
        "app.terraform.io" => (
            "HCP Terraform",
            "terraform-cloud",
            shared,
            Grammar::Pairs(&TERRAFORM),
            None,
        ),
        "agent.buildkite.com" => (
            "Buildkite",
            "buildkite",
            shared,
            Grammar::Pairs(&BUILDKITE),
            None,
        ),
        "oidc.vercel.com" => (
            "Vercel",
            "vercel",
            path.is_empty(),
            Grammar::Pairs(&VERCEL),
            first,
        ),
        "oidc.fly.io" => ("Fly.io", "fly", path.is_empty(), Grammar::Fly, first),
        "api.pulumi.com" => (
            "Pulumi Cloud",
            "pulumi",
            shared,
            Grammar::Pairs(&PULUMI),
            None,
        ),
        "oidc.codefresh.io" => (
            "Codefresh",
            "codefresh",
            shared,
            Grammar::Pairs(&CODEFRESH),
            None,
        ),
        "scalr.io" => ("Scalr", "scalr", shared, Grammar::Pairs(&SCALR), None),
        "proidc.upbound.io" => ("Upbound", "upbound", shared, Grammar::Path, None),
        "tokens.cloud.shisho.dev" => ("Shisho Cloud", "shisho", shared, Grammar::Path, None),
        "studio.datachain.ai" => ("DVC Studio", "dvc-studio", shared, Grammar::Path, None),
        "sandboxes.cloud" => ("Sandboxes", "sandboxes", shared, Grammar::Path, None),
        "oidc.modal.com" => ("Modal", "modal", shared, Grammar::Pairs(&MODAL), None),
        "vstoken.dev.azure.com" => (
            "Azure DevOps",
            "azure-devops",
            path.is_empty(),
            Grammar::AzureDevOps,
            None,
        ),
        "accounts.google.com" => ("Google", "google", shared, Grammar::Google, None),
        "cognito-identity.amazonaws.com" => (
            "Amazon Cognito",
            "cognito",
            shared,
            Grammar::CognitoPool,
            None,
        ),
        "www.amazon.com" => ("Login with Amazon", "amazon", shared, Grammar::App, None),
        "graph.facebook.com" => ("Facebook", "facebook", shared, Grammar::App, None),
        "sts.windows.net" | "login.microsoftonline.com" => {
            // Microsoft's own services sign with a tenant that all their customers share.
            let common = ["common", "organizations", "consumers"];
            let tenant = first.unwrap_or("common");
            let shared = common.contains(&tenant) || tenant == MICROSOFT_SERVICES;
            ("Microsoft Entra", "entra", shared, Grammar::Opaque, first)
        }
        // A cluster of which files tell no issuer.
        "*" => ("Kubernetes", "kubernetes", false, Grammar::Kubernetes, None),
        // A pool of Google's, by its path: what its providers sign is not known.
        "iam.googleapis.com" => (
            "Google workload identity",
            "google-pool",
            false,
            Grammar::Opaque,
            path.rsplit('/').next(),
        ),
        _ if domain.ends_with(".svc.id.goog") => ("GKE", "gke", false, Grammar::Kubernetes, None),
        _ => by_shape(host, domain, path),
    }
}

/// The tenant of Microsoft Sentinel and Defender for Cloud, as Microsoft documents the connectors.
pub(super) const MICROSOFT_SERVICES: &str = "33e01921-4d64-4f8c-a055-5bdaffd5e33d";

/// Providers that are known by the form of their address: one's own instances of a product.
fn by_shape<'h>(host: &'h str, domain: &'h str, path: &'h str) -> Identified<'h> {
    let label = domain.split('.').next();
    if domain.starts_with("oidc.eks") || domain.starts_with("oidc-eks") {
        ("Amazon EKS", "eks", false, Grammar::Kubernetes, None)
    } else if domain.starts_with("cognito-idp.") {
        let pool = Some(path).filter(|p| !p.is_empty());
        (
            "Amazon Cognito",
            "cognito-user-pool",
            false,
            Grammar::Opaque,
            pool,
        )
    } else if path == "_services/token" || domain.starts_with("token.actions.") {
        (
            "GitHub Actions",
            "github-actions",
            false,
            Grammar::GitHub,
            None,
        )
    } else if domain.split('.').any(|part| part == "gitlab") {
        ("GitLab CI", "gitlab-ci", false, Grammar::GitLab, None)
    } else if domain.ends_with(".app.spacelift.io") || domain.ends_with(".app.us.spacelift.io") {
        (
            "Spacelift",
            "spacelift",
            false,
            Grammar::Pairs(&SPACELIFT),
            label,
        )
    } else if domain.ends_with(".semaphoreci.com") {
        (
            "Semaphore",
            "semaphore",
            false,
            Grammar::Pairs(&SEMAPHORE),
            label,
        )
    } else if domain.ends_with(".scalr.io") {
        ("Scalr", "scalr", false, Grammar::Pairs(&SCALR), label)
    } else if domain.ends_with(".okta.com") || domain.ends_with(".auth0.com") {
        (
            "an identity provider",
            "oidc",
            false,
            Grammar::Opaque,
            label,
        )
    } else if host.contains("oidc")
        && (domain.contains("amazonaws.com") || domain.contains("cloudfront.net"))
    {
        // Clusters that publish their keys in a bucket of one's own.
        ("Kubernetes", "kubernetes", false, Grammar::Kubernetes, None)
    } else {
        ("an OIDC provider", "oidc", true, Grammar::Unknown, None)
    }
}

static TERRAFORM: Pairs = Pairs {
    prefix: &[],
    keys: &[
        ("organization", Field::Owner),
        ("project", Field::Group),
        ("workspace", Field::Project),
        ("run_phase", Field::Pin),
    ],
    required: &["organization", "project", "workspace", "run_phase"],
};
static BUILDKITE: Pairs = Pairs {
    prefix: &[],
    keys: &[
        ("organization", Field::Owner),
        ("pipeline", Field::Project),
        ("ref", Field::Ref),
        ("commit", Field::Pin),
        ("step", Field::Other),
    ],
    required: &["organization", "pipeline", "ref", "commit", "step"],
};
static VERCEL: Pairs = Pairs {
    prefix: &[],
    keys: &[
        ("owner", Field::Owner),
        ("project", Field::Project),
        ("environment", Field::Environment),
    ],
    required: &["owner", "project", "environment"],
};
static PULUMI: Pairs = Pairs {
    prefix: &["pulumi", "deploy"],
    keys: &[
        ("org", Field::Owner),
        ("organization", Field::Owner),
        ("project", Field::Group),
        ("stack", Field::Project),
        ("operation", Field::Pin),
        ("scope", Field::Other),
        ("environments", Field::Other),
        ("env", Field::Project),
    ],
    required: &[],
};
static CODEFRESH: Pairs = Pairs {
    prefix: &[],
    keys: &[
        ("account", Field::Owner),
        ("pipeline", Field::Project),
        ("initiator", Field::Pin),
        ("scm_repo_url", Field::Other),
        ("scm_user_name", Field::Other),
        ("scm_ref", Field::Ref),
        ("scm_pull_request_target_branch", Field::Other),
    ],
    required: &[],
};
static SCALR: Pairs = Pairs {
    prefix: &[],
    keys: &[
        ("account", Field::Owner),
        ("environment", Field::Group),
        ("workspace", Field::Project),
        ("phase", Field::Pin),
    ],
    required: &[],
};
static MODAL: Pairs = Pairs {
    prefix: &["modal"],
    keys: &[
        ("workspace_id", Field::Owner),
        ("environment_name", Field::Group),
        ("app_name", Field::Project),
        ("function_name", Field::Pin),
        ("environment_id", Field::Other),
        ("app_id", Field::Other),
        ("function_id", Field::Other),
        ("container_id", Field::Other),
    ],
    required: &[],
};
static SPACELIFT: Pairs = Pairs {
    prefix: &[],
    keys: &[
        ("space", Field::Group),
        ("stack", Field::Project),
        ("module", Field::Project),
        ("run_type", Field::Pin),
        ("scope", Field::Other),
    ],
    required: &[],
};
static SEMAPHORE: Pairs = Pairs {
    prefix: &[],
    keys: &[
        ("org", Field::Owner),
        ("project", Field::Project),
        ("repo", Field::Other),
        ("ref_type", Field::Other),
        ("ref", Field::Ref),
    ],
    required: &[],
};
