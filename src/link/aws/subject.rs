//! The workload that a subject of an OIDC token names, by the conventions of those who issue such tokens.

use std::collections::BTreeMap;

/// Who comes with tokens of a provider, by its host and path (`token.actions.githubusercontent.com`), of which a
/// trust policy demands this: `github-actions:acme/payments`. Patterns stay patterns.
pub(super) fn workloads(provider: &str, demanded: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let provider = provider.to_ascii_lowercase();
    let (host, path) = provider.split_once('/').unwrap_or((&provider, ""));
    let claim = |name: &str| demanded.get(&format!("{provider}:{name}"));
    let Some(subjects) = claim("sub") else {
        // Without a subject: the claims that some issuers offer beside it, else anybody of theirs.
        let repositories = claim("repository").into_iter().flatten();
        let found: Vec<_> = repositories
            .map(|r| format!("github-actions:{r}"))
            .collect();
        return match found.is_empty() {
            true => vec![named(host, path, "*")],
            false => found,
        };
    };
    subjects.iter().map(|s| named(host, path, s)).collect()
}

/// Whether tokens of a provider are given to workloads only, never to people.
pub(super) fn only_workloads(provider: &str) -> bool {
    let provider = provider.to_ascii_lowercase();
    let (host, path) = provider.split_once('/').unwrap_or((&provider, ""));
    let name = named(host, path, "*");
    !name.starts_with("oidc:") && !name.starts_with("google:")
}

fn named(host: &str, path: &str, subject: &str) -> String {
    let first = path.split('/').next().unwrap_or_default();
    if host == "token.actions.githubusercontent.com" || path.ends_with("_services/token") {
        return format!("github-actions:{}", github(subject));
    }
    if host.starts_with("oidc.eks.") || host.starts_with("oidc-eks.") {
        let cluster = path
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_ascii_uppercase();
        let account = subject.strip_prefix("system:serviceaccount:");
        let account = account.map_or_else(|| "*".to_owned(), |rest| rest.replacen(':', "/", 1));
        return format!("eks:{cluster}/{account}");
    }
    let fields = Fields::of(subject);
    if host.split('.').any(|label| label == "gitlab") {
        return format!("gitlab-ci:{}", fields.after("project_path"));
    }
    if host == "api.bitbucket.org" {
        let workspace = path.split('/').nth(2).unwrap_or_default();
        let repository = subject.split(':').next().unwrap_or_default();
        return format!("bitbucket-pipelines:{workspace}/{repository}");
    }
    if host == "oidc.circleci.com" {
        let mut parts = subject.split('/').skip_while(|part| *part != "project");
        let project = parts.nth(1).unwrap_or("*");
        let organisation = path.rsplit('/').next().unwrap_or_default();
        return format!("circleci:{organisation}/{project}");
    }
    if host == "agent.buildkite.com" {
        let (org, pipeline) = (fields.after("organization"), fields.after("pipeline"));
        return format!("buildkite:{org}/{pipeline}");
    }
    if host == "app.terraform.io" {
        let parts = ["organization", "project", "workspace"].map(|key| fields.after(key));
        return format!("terraform-cloud:{}", parts.join("/"));
    }
    if host == "vstoken.dev.azure.com" {
        let connection = subject.strip_prefix("sc://").unwrap_or(subject);
        return format!("azure-pipelines:{connection}");
    }
    if host == "oidc.vercel.com" {
        return format!(
            "vercel:{}/{}",
            fields.after("owner"),
            fields.after("project")
        );
    }
    if host.ends_with(".app.spacelift.io") {
        return format!("spacelift:{}", fields.after("space"));
    }
    if host == "container.googleapis.com" {
        let account = subject.strip_prefix("system:serviceaccount:");
        let account = account.map_or_else(|| "*".to_owned(), |rest| rest.replacen(':', "/", 1));
        return format!("gke:{path}/{account}");
    }
    if host == "accounts.google.com" {
        return format!("google:{subject}");
    }
    let place = if first.is_empty() {
        host.to_owned()
    } else {
        format!("{host}/{path}")
    };
    match subject.strip_prefix("system:serviceaccount:") {
        // A cluster that somebody runs themselves.
        Some(account) => format!("kubernetes:{place}/{}", account.replacen(':', "/", 1)),
        None => format!("oidc:{place}"),
    }
}

/// Owner and repository of a subject of GitHub, which may carry their numbers (`acme@12/payments@34`).
fn github(subject: &str) -> String {
    let named = match subject.strip_prefix("repo:") {
        Some(rest) => rest.split(':').next().unwrap_or_default().to_owned(),
        None => {
            let fields = Fields::of(subject);
            match (fields.get("repository"), fields.get("repository_owner")) {
                (Some(repository), _) => repository.to_owned(),
                (None, Some(owner)) => format!("{owner}/*"),
                (None, None) => "*".to_owned(),
            }
        }
    };
    let parts = named.split('/');
    let parts: Vec<_> = parts
        .map(|p| p.split('@').next().unwrap_or_default())
        .collect();
    parts.join("/")
}

/// A subject of keys and values by turns: `project_path:group/project:ref_type:branch`.
struct Fields<'a>(Vec<&'a str>);

impl<'a> Fields<'a> {
    fn of(subject: &'a str) -> Self {
        Self(subject.split(':').collect())
    }

    fn get(&self, key: &str) -> Option<&'a str> {
        let mut rest = self.0.iter().skip_while(|field| **field != key);
        rest.nth(1).copied().filter(|value| !value.is_empty())
    }

    fn after(&self, key: &str) -> &'a str {
        self.get(key).unwrap_or("*")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_name_workloads() {
        for (provider, subject, expected) in [
            (
                "token.actions.githubusercontent.com",
                "repo:acme/payments:ref:refs/heads/main",
                "github-actions:acme/payments",
            ),
            (
                "token.actions.githubusercontent.com",
                "repo:acme@12/payments@34:environment:prod",
                "github-actions:acme/payments",
            ),
            (
                "token.actions.githubusercontent.com",
                "repo:acme/*",
                "github-actions:acme/*",
            ),
            (
                "token.actions.githubusercontent.com",
                "repository_owner:acme:job:x",
                "github-actions:acme/*",
            ),
            (
                "token.actions.githubusercontent.com",
                "*",
                "github-actions:*",
            ),
            (
                "ghe.acme.example/_services/token",
                "repo:acme/x:pull_request",
                "github-actions:acme/x",
            ),
            (
                "gitlab.com",
                "project_path:grp/sub/proj:ref_type:branch:ref:main",
                "gitlab-ci:grp/sub/proj",
            ),
            (
                "gitlab.acme.example",
                "project_path:grp/*",
                "gitlab-ci:grp/*",
            ),
            (
                "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc",
                "{r-1}:{s-2}",
                "bitbucket-pipelines:acme/{r-1}",
            ),
            (
                "oidc.circleci.com/org/o-1",
                "org/o-1/project/p-2/user/*",
                "circleci:o-1/p-2",
            ),
            ("oidc.circleci.com/org/o-1", "*", "circleci:o-1/*"),
            (
                "app.terraform.io",
                "organization:acme:project:core:workspace:net:run_phase:*",
                "terraform-cloud:acme/core/net",
            ),
            (
                "agent.buildkite.com",
                "organization:acme:pipeline:deploy:ref:*",
                "buildkite:acme/deploy",
            ),
            (
                "oidc.eks.eu-west-1.amazonaws.com/id/ab12",
                "system:serviceaccount:ci:runner",
                "eks:AB12/ci/runner",
            ),
            (
                "oidc.eks.eu-west-1.amazonaws.com/id/ab12",
                "*",
                "eks:AB12/*",
            ),
            (
                "oidc.example.org/a",
                "system:serviceaccount:ci:runner",
                "kubernetes:oidc.example.org/a/ci/runner",
            ),
            ("idp.example.org", "anna", "oidc:idp.example.org"),
        ] {
            let key = format!("{provider}:sub");
            let demanded = BTreeMap::from([(key, vec![subject.to_owned()])]);
            assert_eq!(workloads(provider, &demanded), [expected]);
        }
        assert_eq!(workloads("gitlab.com", &BTreeMap::new()), ["gitlab-ci:*"]);
        assert!(only_workloads("gitlab.com") && !only_workloads("idp.example.org"));
    }
}
