//! Person or machine by name alone, where nothing better tells.

use crate::model::{Humanity, Str};

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

/// By the name of a user.
pub(super) fn of_user(name: &str) -> (Humanity, Str) {
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

/// By the name of a role.
pub(super) fn of_role(name: &str) -> (Humanity, Str) {
    match service_word(name) {
        Some(word) => (Humanity::NonHuman, format!("name contains `{word}`").into()),
        None => (Humanity::Undetermined, "".into()),
    }
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
            assert_eq!(of_user(name).0, expected, "{name}");
        }
    }
}
