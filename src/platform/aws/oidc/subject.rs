//! The forms in which providers write subjects, and what a pattern of one leaves open.

use super::claim::{Limit, name};
use super::issuer::Issuer;
use super::test::{ANY, all, matches, wild};
use super::{Exposure, Flaw};

/// How a provider writes subjects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grammar {
    /// `repo:OWNER/REPO:ref:refs/heads/BRANCH`, or what an organisation makes of it.
    GitHub,
    /// `project_path:GROUP/PROJECT:ref_type:branch:ref:BRANCH`.
    GitLab,
    /// `{REPOSITORY}:{ENVIRONMENT}:{STEP}`, all UUIDs.
    Bitbucket,
    /// `org/ORG/project/PROJECT/user/USER`.
    CircleCi,
    /// `sc://ORG/PROJECT/CONNECTION`.
    AzureDevOps,
    /// `ORG:APP:MACHINE`.
    Fly,
    /// `system:serviceaccount:NAMESPACE:NAME`.
    Kubernetes,
    /// Keys and values: `organization:ORG:pipeline:PIPELINE`.
    Pairs(&'static Pairs),
    /// The subject is an account's number; the audience is whom the token was issued to.
    Google,
    /// Identity pools: audience is the pool.
    CognitoPool,
    /// Users of an app.
    App,
    /// Ids without parts.
    Opaque,
    /// Parts between slashes or colons, the owner first.
    Path,
    /// Nothing is known of it.
    Unknown,
}

/// What a part of a subject tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// Customers of the provider.
    Owner,
    /// Groups of projects of one owner.
    Group,
    /// Projects.
    Project,
    /// Branches and tags.
    Ref,
    /// Deployment environments.
    Environment,
    /// Something else of one project.
    Pin,
    /// Nothing that matters here.
    Other,
}

/// A subject made of keys and values between colons.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pairs {
    /// What stands before the first key.
    pub prefix: &'static [&'static str],
    pub keys: &'static [(&'static str, Field)],
    /// The keys that every subject has.
    pub required: &'static [&'static str],
}

/// What a pattern of the subject leaves.
pub(super) fn limit(issuer: &Issuer, pattern: &str) -> Limit {
    if all(pattern) {
        return Limit {
            asked: true,
            ..Limit::flawed(issuer, Flaw::AnySubject)
        };
    }
    if pattern.is_empty() {
        return Limit::nobody(Flaw::OtherSubject);
    }
    match issuer.grammar {
        Grammar::GitHub => github(issuer, pattern),
        Grammar::GitLab => gitlab(issuer, pattern),
        Grammar::Bitbucket => bitbucket(issuer, pattern),
        Grammar::CircleCi => circle_ci(issuer, pattern),
        Grammar::AzureDevOps => azure_devops(issuer, pattern),
        Grammar::Fly => fly(issuer, pattern),
        Grammar::Kubernetes => kubernetes(issuer, pattern),
        Grammar::Pairs(pairs) => in_pairs(issuer, pairs, pattern),
        Grammar::Google | Grammar::CognitoPool | Grammar::App | Grammar::Opaque => {
            opaque(issuer, pattern)
        }
        // Clusters run anywhere.
        Grammar::Unknown if pattern.starts_with("system:serviceaccount:") => {
            kubernetes(issuer, pattern)
        }
        Grammar::Path | Grammar::Unknown => parts(issuer, pattern),
    }
}

/// Whether a subject begins as another provider writes it.
fn foreign(pattern: &str, own: &[&str]) -> bool {
    const STARTS: [&str; 11] = [
        "repo:",
        "project_path:",
        "organization:",
        "org/",
        "sc://",
        "system:serviceaccount:",
        "owner:",
        "pulumi:",
        "project_id:",
        "account:",
        "space:",
    ];
    STARTS
        .iter()
        .any(|start| !own.contains(start) && pattern.starts_with(start))
}

/// An id: one account, or nothing that could be told.
pub(super) fn opaque(issuer: &Issuer, pattern: &str) -> Limit {
    if wild(pattern) {
        return Limit {
            asked: true,
            ..Limit::flawed(issuer, Flaw::AnySubject)
        };
    }
    Limit::to(issuer, Exposure::Project)
        .pin()
        .serving(name(issuer, pattern))
}

/// Keys and values in order; after a wildcard only what stands between separators counts.
fn pairs<'p>(pattern: &'p str, known: &dyn Fn(&str) -> bool) -> Vec<(&'p str, &'p str)> {
    let mut segments = pattern.split(':').peekable();
    let mut found = Vec::new();
    while let Some(key) = segments.next() {
        if known(key)
            && let Some(value) = segments.next()
        {
            found.push((key, value));
        }
    }
    found
}

/// Whether every key before the first wildcard is one that the provider writes.
fn keys_known(pattern: &str, known: &dyn Fn(&str) -> bool) -> bool {
    let mut segments = pattern.split(':');
    while let Some(key) = segments.next() {
        if wild(key) {
            return true;
        }
        if !known(key) {
            return false;
        }
        if segments.next().is_some_and(wild) {
            return true;
        }
    }
    true
}

fn in_pairs(issuer: &Issuer, form: &Pairs, pattern: &str) -> Limit {
    let mut rest = pattern;
    for part in form.prefix {
        match rest.strip_prefix(part).and_then(|r| r.strip_prefix(':')) {
            Some(after) => rest = after,
            None if wild(rest) && rest.starts_with(ANY) => {
                return Limit::to(issuer, issuer.open()).flaw(Flaw::AnyOwner);
            }
            None => return Limit::nobody(Flaw::OtherSubject),
        }
    }
    let field = |key: &str| form.keys.iter().find(|(k, _)| *k == key).map(|(_, f)| *f);
    let first = rest.split(':').next().unwrap_or_default();
    if !wild(first) && field(first).is_none() {
        return Limit::nobody(Flaw::OtherSubject);
    }
    if !keys_known(rest, &|key| field(key).is_some()) {
        return Limit::nobody(Flaw::OtherSubject);
    }
    let found = pairs(rest, &|key| field(key).is_some());
    if !wild(pattern) {
        let missing = |key: &str| !found.iter().any(|(k, _)| *k == key);
        if form.required.iter().any(|key| missing(key)) {
            return Limit::nobody(Flaw::OtherSubject);
        }
    }
    let bound = |wanted: Field| {
        let mut all = found.iter().filter(|(k, _)| field(k) == Some(wanted));
        all.find(|(_, v)| !wild(v) && !v.is_empty())
            .map(|(_, v)| *v)
    };
    let owner = bound(Field::Owner).or(issuer.owner.as_deref());
    let has_owner = form.keys.iter().any(|(_, f)| *f == Field::Owner);
    if has_owner && issuer.shared && bound(Field::Owner).is_none() {
        return Limit::to(issuer, issuer.open()).flaw(Flaw::AnyOwner);
    }
    let label = |project: &str| match owner {
        Some(owner) => name(issuer, &format!("{owner}/{project}")),
        None => name(issuer, project),
    };
    let Some(project) = bound(Field::Project) else {
        return match bound(Field::Group) {
            Some(group) => Limit::to(issuer, Exposure::Project)
                .serving(label(group))
                .flaw(Flaw::AnyProject),
            None => Limit::to(issuer, Exposure::Organization)
                .serving(name(issuer, owner.unwrap_or("*")))
                .flaw(Flaw::AnyProject),
        };
    };
    let mut limit = Limit::to(issuer, Exposure::Project).serving(label(project));
    let fixed =
        |wanted: Field| form.keys.iter().all(|(_, f)| *f != wanted) || bound(wanted).is_some();
    let (refs, environments) = (fixed(Field::Ref), fixed(Field::Environment));
    if !refs {
        limit.flaws.insert(Flaw::AnyBranch);
    }
    if !environments {
        limit.flaws.insert(Flaw::AnyEnvironment);
    }
    let pins = form.keys.iter().any(|(_, f)| *f == Field::Pin);
    let refers = form
        .keys
        .iter()
        .any(|(_, f)| matches!(f, Field::Ref | Field::Environment));
    limit.pinned = if refers {
        refs && environments
    } else {
        !pins || bound(Field::Pin).is_some()
    };
    limit
}

/// `system:serviceaccount:NAMESPACE:NAME`.
fn kubernetes(issuer: &Issuer, pattern: &str) -> Limit {
    let Some(rest) = pattern.strip_prefix("system:serviceaccount:") else {
        let literal: String = pattern
            .chars()
            .take_while(|c| !wild(&c.to_string()))
            .collect();
        return if "system:serviceaccount:".starts_with(literal.as_str()) && wild(pattern) {
            Limit::to(issuer, issuer.open()).flaw(Flaw::AnyProject)
        } else {
            Limit::nobody(Flaw::OtherSubject)
        };
    };
    let (namespace, account) = match rest.split_once(':') {
        Some((namespace, account)) => (namespace, Some(account)),
        None => (rest, None),
    };
    if wild(namespace) || namespace.is_empty() {
        return match namespace.is_empty() {
            true => Limit::nobody(Flaw::OtherSubject),
            false => Limit::to(issuer, Exposure::Organization).flaw(Flaw::AnyProject),
        };
    }
    match account {
        None | Some("") => Limit::nobody(Flaw::OtherSubject),
        Some(account) if wild(account) => {
            Limit::to(issuer, Exposure::Project).serving(name(issuer, &format!("{namespace}/*")))
        }
        Some(account) if account.contains(':') => Limit::nobody(Flaw::OtherSubject),
        Some(account) => Limit::to(issuer, Exposure::Project)
            .pin()
            .serving(name(issuer, &format!("{namespace}/{account}"))),
    }
}

/// `{REPOSITORY}:{STEP}` or `{REPOSITORY}:{ENVIRONMENT}:{STEP}`.
fn bitbucket(issuer: &Issuer, pattern: &str) -> Limit {
    let mut parts = pattern.split(':');
    let repository = parts.next().unwrap_or_default();
    let uuid = |part: &str| part.starts_with('{') && part.ends_with('}');
    if wild(repository) {
        return Limit::to(issuer, Exposure::Organization).flaw(Flaw::AnyProject);
    }
    let rest: Vec<&str> = parts.collect();
    if !uuid(repository) || rest.is_empty() {
        return Limit::nobody(Flaw::OtherSubject);
    }
    let whose = repository.trim_matches(|c| c == '{' || c == '}');
    let mut limit = Limit::to(issuer, Exposure::Project).serving(name(issuer, whose));
    limit.pinned = rest.first().is_some_and(|part| uuid(part) && !wild(part));
    if !limit.pinned {
        limit.flaws.insert(Flaw::AnyBranch);
        limit.flaws.insert(Flaw::AnyEnvironment);
    }
    limit
}

/// `org/ORG/project/PROJECT/user/USER`, perhaps with `vcs-origin/…/vcs-ref/REF`.
fn circle_ci(issuer: &Issuer, pattern: &str) -> Limit {
    let Some(rest) = pattern.strip_prefix("org/") else {
        return match pattern.starts_with(ANY) {
            true => inner_project(issuer, pattern),
            false => Limit::nobody(Flaw::OtherSubject),
        };
    };
    let (organization, rest) = rest.split_once('/').unwrap_or((rest, ""));
    if let Some(own) = issuer.owner.as_deref()
        && !wild(organization)
        && organization != own
    {
        return Limit::nobody(Flaw::OtherSubject);
    }
    if issuer.shared && wild(organization) {
        return Limit::to(issuer, issuer.open()).flaw(Flaw::AnyOwner);
    }
    let Some(rest) = rest.strip_prefix("project/") else {
        return match wild(pattern) {
            true => inner_project(issuer, pattern),
            false => Limit::nobody(Flaw::OtherSubject),
        };
    };
    let (project, rest) = rest.split_once('/').unwrap_or((rest, ""));
    if wild(project) {
        return Limit::to(issuer, Exposure::Organization).flaw(Flaw::AnyProject);
    }
    if rest.is_empty() {
        return Limit::nobody(Flaw::OtherSubject);
    }
    let mut limit = Limit::to(issuer, Exposure::Project).serving(name(issuer, project));
    let after = |key: &str| rest.split_once(key).map(|(_, value)| value);
    let user = after("user/").map(|v| v.split('/').next().unwrap_or_default());
    let reference = after("vcs-ref/");
    limit.pinned = user.is_some_and(|u| !wild(u)) || reference.is_some_and(|r| !wild(r));
    if !limit.pinned {
        limit.flaws.insert(Flaw::AnyBranch);
    }
    limit
}

/// A pattern that leaves the owner to the issuer's address but may name the project.
fn inner_project(issuer: &Issuer, pattern: &str) -> Limit {
    let project = pattern.split_once("/project/").map(|(_, rest)| rest);
    match project.and_then(|rest| rest.split_once('/')) {
        Some((project, _)) if !wild(project) && !issuer.shared => {
            Limit::to(issuer, Exposure::Project).serving(name(issuer, project))
        }
        _ => Limit::to(issuer, issuer.open()).flaw(Flaw::AnyProject),
    }
}

/// `sc://ORG/PROJECT/CONNECTION`.
fn azure_devops(issuer: &Issuer, pattern: &str) -> Limit {
    let Some(rest) = pattern.strip_prefix("sc://") else {
        return match pattern.starts_with(ANY) {
            true => Limit::to(issuer, issuer.open()).flaw(Flaw::AnyProject),
            false => Limit::nobody(Flaw::OtherSubject),
        };
    };
    let parts: Vec<&str> = rest.split('/').collect();
    match parts.as_slice() {
        [organization, ..] if wild(organization) => {
            Limit::to(issuer, issuer.open()).flaw(Flaw::AnyOwner)
        }
        [organization, project, ..] if wild(project) => Limit::to(issuer, Exposure::Organization)
            .serving(name(issuer, organization))
            .flaw(Flaw::AnyProject),
        [organization, project, connection, ..] => {
            let limit = Limit::to(issuer, Exposure::Project)
                .serving(name(issuer, &format!("{organization}/{project}")));
            match wild(connection) {
                true => limit,
                false => limit.pin(),
            }
        }
        _ => Limit::nobody(Flaw::OtherSubject),
    }
}

/// `ORG:APP:MACHINE`.
fn fly(issuer: &Issuer, pattern: &str) -> Limit {
    let parts: Vec<&str> = pattern.split(':').collect();
    match parts.as_slice() {
        [organization, ..] if wild(organization) => {
            Limit::to(issuer, issuer.open()).flaw(Flaw::AnyProject)
        }
        [organization, ..]
            if issuer
                .owner
                .as_deref()
                .is_some_and(|own| own != organization.to_ascii_lowercase()) =>
        {
            Limit::nobody(Flaw::OtherSubject)
        }
        [_, app, ..] if wild(app) => {
            Limit::to(issuer, Exposure::Organization).flaw(Flaw::AnyProject)
        }
        [organization, app, _, ..] => Limit::to(issuer, Exposure::Project)
            .pin()
            .serving(name(issuer, &format!("{organization}/{app}"))),
        _ => Limit::nobody(Flaw::OtherSubject),
    }
}

/// Of an unknown form: the more of its start is fixed, the narrower.
fn parts(issuer: &Issuer, pattern: &str) -> Limit {
    if !wild(pattern) {
        return Limit::to(issuer, Exposure::Project)
            .pin()
            .serving(name(issuer, pattern));
    }
    let start: String = pattern
        .chars()
        .take_while(|c| !wild(&c.to_string()))
        .collect();
    let fixed = start.split([':', '/']).count().saturating_sub(1);
    match fixed {
        0 => Limit::to(issuer, issuer.open()).flaw(Flaw::AnyOwner),
        1 | 2 => Limit::to(issuer, Exposure::Organization).flaw(Flaw::AnyProject),
        _ => Limit::to(issuer, Exposure::Project),
    }
}

mod forge;
pub(super) use forge::{github, github_claim, gitlab, gitlab_claim};

/// Adds what a pattern that leaves the ref open lets in.
fn open_refs(mut limit: Limit, pattern: &str, samples: &[(Flaw, String)]) -> Limit {
    for (flaw, sample) in samples {
        if matches(pattern, sample) {
            limit.flaws.insert(*flaw);
        }
    }
    limit
}
