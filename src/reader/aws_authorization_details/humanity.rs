//! Person or machine, as far as names, tags and trust policies tell.

use crate::model::{Effect, Humanity, Identity, Label, Set, Str, Trust, TrustPrincipal};

/// Words that machines' names are made of.
const SERVICE_WORDS: [&str; 58] = [
    "agent",
    "airflow",
    "ansible",
    "api",
    "app",
    "argocd",
    "automation",
    "backend",
    "backup",
    "bot",
    "build",
    "cd",
    "ci",
    "cicd",
    "circleci",
    "codebuild",
    "cron",
    "daemon",
    "deploy",
    "deployer",
    "deployment",
    "ec2",
    "ecs",
    "eks",
    "etl",
    "exporter",
    "github",
    "gitlab",
    "grafana",
    "ingest",
    "integration",
    "jenkins",
    "job",
    "k8s",
    "kubernetes",
    "lambda",
    "machine",
    "monitoring",
    "node",
    "pipeline",
    "prometheus",
    "robot",
    "runner",
    "scanner",
    "scheduler",
    "scraper",
    "server",
    "service",
    "ses",
    "smtp",
    "svc",
    "sync",
    "system",
    "terraform",
    "tf",
    "uploader",
    "webhook",
    "worker",
];

/// Tag keys that say what sort of identity it is.
const TYPE_KEYS: [&str; 6] = [
    "type",
    "kind",
    "identity-type",
    "identitytype",
    "identity_type",
    "user-type",
];

/// Hosts of OIDC providers that vouch for build jobs and workloads.
const WORKLOAD_PROVIDERS: [&str; 9] = [
    "token.actions.githubusercontent.com",
    "gitlab",
    "bitbucket.org",
    "oidc.circleci.com",
    "agent.buildkite.com",
    "app.terraform.io",
    "oidc.eks.",
    "dev.azure.com",
    "container.googleapis.com",
];

/// Of a user: what its tags say, then its name.
pub(super) fn user(name: &str, labels: &Set<Label>) -> (Humanity, Str) {
    if let Some(said) = tagged(labels) {
        return said;
    }
    if let Some(word) = service_word(name.split('@').next().unwrap_or_default()) {
        return (Humanity::NonHuman, format!("name contains `{word}`").into());
    }
    match name.split_once('@') {
        Some((local, host)) if !local.is_empty() && host.contains('.') => {
            (Humanity::Human, "name is an e-mail address".into())
        }
        _ => (Humanity::Undetermined, "".into()),
    }
}

/// Of a role: what its tags say, then whom it trusts, then its name.
pub(super) fn role(identity: &Identity, trusts: &[Trust]) -> (Humanity, Str) {
    if let Some(said) = tagged(&identity.labels) {
        return said;
    }
    if identity.id.0.contains("/aws-reserved/sso.amazonaws.com/") {
        return (
            Humanity::Human,
            "Identity Center permission-set role".into(),
        );
    }
    let admitted = trusts
        .iter()
        .filter(|trust| trust.effect == Effect::Allow)
        .map(|trust| &trust.principal);
    let mut services = Set::new();
    let mut workloads = Set::new();
    let mut others = false;
    for principal in admitted {
        match principal {
            TrustPrincipal::Service(name) => {
                services.insert(name);
            }
            TrustPrincipal::Federated(name) if name.contains(":saml-provider/") => {
                return (Humanity::Human, "assumed through a SAML provider".into());
            }
            TrustPrincipal::Federated(name)
                if WORKLOAD_PROVIDERS.iter().any(|host| name.contains(host)) =>
            {
                workloads.insert(name);
            }
            _ => others = true,
        }
    }
    if !others {
        if let Some(provider) = workloads.first() {
            let host = provider
                .split_once("oidc-provider/")
                .map_or(&***provider, |(_, host)| host);
            let reason = format!("assumed through OIDC provider {host}");
            return (Humanity::NonHuman, reason.into());
        }
        if let Some(service) = services.first() {
            let reason = format!("trusted by service {service}");
            return (Humanity::NonHuman, reason.into());
        }
    }
    match service_word(&identity.name) {
        Some(word) => (Humanity::NonHuman, format!("name contains `{word}`").into()),
        None => (Humanity::Undetermined, "".into()),
    }
}

fn tagged(labels: &Set<Label>) -> Option<(Humanity, Str)> {
    labels.iter().find_map(|label| {
        let key = label.key.to_ascii_lowercase();
        if !TYPE_KEYS.contains(&key.as_str()) {
            return None;
        }
        let humanity = match label.value.trim().to_ascii_lowercase().as_str() {
            "service" | "machine" | "bot" | "system" | "application" | "automation"
            | "service-account" | "nhi" | "non-human" => Humanity::NonHuman,
            "human" | "person" | "user" | "employee" | "staff" => Humanity::Human,
            _ => return None,
        };
        let reason = format!("tag `{}` says `{}`", label.key, label.value.trim());
        Some((humanity, reason.into()))
    })
}

/// The first word of a name that only machines' names have. Words end at anything that is no letter or
/// digit and where lower case turns upper.
fn service_word(name: &str) -> Option<String> {
    let mut words = vec![String::new()];
    let mut lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || lower && c.is_uppercase() {
            words.push(String::new());
        }
        lower = c.is_lowercase() || c.is_numeric();
        if let (true, Some(word)) = (c.is_alphanumeric(), words.last_mut()) {
            word.extend(c.to_lowercase());
        }
    }
    words.into_iter().find(|word| {
        SERVICE_WORDS.binary_search(&word.as_str()).is_ok()
            // `deploy2`, `worker01`
            || SERVICE_WORDS
                .binary_search(&word.trim_end_matches(|c: char| c.is_ascii_digit()))
                .is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_speak() {
        let mut sorted = SERVICE_WORDS;
        sorted.sort_unstable();
        for (name, word) in [
            ("ci-deploy", Some("ci")),
            ("AppSyncRole", Some("app")),
            ("svc_billing", Some("svc")),
            ("worker01", Some("worker01")),
            ("support-bot", Some("bot")),
            ("alice", None),
            ("maria.lucia", None),
            ("appleton", None),
        ] {
            let found = service_word(name);
            assert_eq!(found.as_deref(), word, "{name}");
        }
        assert!(sorted.windows(2).all(|w| w[0] < w[1]));
    }

    #[test]
    fn users() {
        for (name, expected) in [
            ("jane@example.com", Humanity::Human),
            ("ci-bot@example.com", Humanity::NonHuman),
            ("jane", Humanity::Undetermined),
        ] {
            assert_eq!(user(name, &Set::new()).0, expected, "{name}");
        }
    }
}
