//! Subjects of forges: repositories of owners, at refs, in environments.

use super::super::claim::{Limit, name};
use super::super::issuer::Issuer;
use super::super::test::{ANY, matches, wild};
use super::super::{Exposure, Flaw};
use super::{foreign, open_refs, pairs};

/// Claims that organisations can make GitHub write into subjects, beside `repo` and what depends on the event.
const GITHUB: &[&str] = &[
    "repo",
    "ref",
    "environment",
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "repository_visibility",
    "enterprise",
    "enterprise_id",
    "job_workflow_ref",
    "job_workflow_sha",
    "workflow",
    "workflow_ref",
    "workflow_sha",
    "actor",
    "actor_id",
    "base_ref",
    "head_ref",
    "event_name",
    "ref_type",
    "ref_protected",
    "run_attempt",
    "run_id",
    "run_number",
    "runner_environment",
    "sha",
    "check_run_id",
];

/// `OWNER/REPO` or `OWNER@1/REPO@2`, and whether the ids are there.
struct Repository<'p> {
    owner: &'p str,
    name: Option<&'p str>,
    immutable: bool,
}

fn repository(value: &str) -> Repository<'_> {
    let (owner, name) = match value.split_once('/') {
        Some((owner, name)) => (owner, Some(name)),
        None => (value, None),
    };
    let id = |part: &str| {
        let id = part.rsplit_once('@').map(|(_, id)| id);
        id.is_some_and(|id| !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit()))
    };
    Repository {
        owner,
        name,
        immutable: id(owner) && name.is_none_or(|n| wild(n) || id(n)),
    }
}

/// The name without the id.
fn plain(part: &str) -> &str {
    part.split('@').next().unwrap_or(part)
}

/// Who is let in by the value of a repository claim.
fn repositories(issuer: &Issuer, value: &str) -> Limit {
    let found = repository(value);
    if wild(found.owner) {
        return Limit::to(issuer, issuer.open()).flaw(Flaw::AnyOwner);
    }
    let limit = match found.name {
        _ if found.owner.is_empty() => return Limit::nobody(Flaw::OtherSubject),
        None | Some("") => return Limit::nobody(Flaw::OtherSubject),
        Some(name_) if wild(name_) => Limit::to(issuer, Exposure::Organization)
            .serving(name(issuer, plain(found.owner)))
            .flaw(Flaw::AnyProject),
        Some(repo) if repo.contains('/') => return Limit::nobody(Flaw::OtherSubject),
        Some(repo) => Limit::to(issuer, Exposure::Project).serving(name(
            issuer,
            &format!("{}/{}", plain(found.owner), plain(repo)),
        )),
    };
    match found.immutable {
        true => limit,
        false => limit.flaw(Flaw::MutableSubject),
    }
}

/// What a pattern of GitHub's subject leaves.
pub(in super::super) fn github(issuer: &Issuer, pattern: &str) -> Limit {
    let first = pattern.split(':').next().unwrap_or_default();
    if foreign(pattern, &["repo:"]) || (!wild(first) && !GITHUB.contains(&first)) {
        return Limit::nobody(Flaw::OtherSubject);
    }
    let mut limit = Limit::to(issuer, issuer.open());
    let mut repo = None;
    for (key, value) in pairs(pattern, &|key| GITHUB.contains(&key)) {
        if key == "repo" {
            repo.get_or_insert(value);
        }
        limit.and(github_value(issuer, key, value));
    }
    limit.asked = true;
    if limit.who == Exposure::Nobody {
        return limit;
    }
    if limit.who >= Exposure::Platform {
        limit.flaws.insert(Flaw::AnyOwner);
        limit.flaws.remove(&Flaw::MutableSubject);
    }
    let Some(repo) = repo else {
        return limit;
    };
    if !wild(pattern) && !well_formed(pattern) {
        return Limit::nobody(Flaw::OtherSubject);
    }
    if pattern.split(':').count() == 2 && !wild(pattern) {
        // Somebody made it write the repository alone.
        return limit.flaw(Flaw::AnyBranch);
    }
    let sample = |tail: &str| format!("repo:{}:{tail}", repo.replace(ANY, "any"));
    let branch = |flaw, tail: &str| (flaw, sample(tail));
    open_refs(
        limit,
        pattern,
        &[
            branch(Flaw::AnyBranch, "ref:refs/heads/zz-unlikely"),
            branch(Flaw::AnyTag, "ref:refs/tags/zz-unlikely"),
            branch(Flaw::AnyEnvironment, "environment:zz-unlikely"),
            branch(Flaw::PullRequests, "pull_request"),
        ],
    )
}

/// Whether what follows a repository is something that GitHub writes.
fn well_formed(pattern: &str) -> bool {
    let Some((_, tail)) = pattern
        .strip_prefix("repo:")
        .and_then(|rest| rest.split_once(':'))
    else {
        return true;
    };
    let mut parts = tail.split(':');
    match (parts.next(), parts.next()) {
        (Some("pull_request"), _) => true,
        (Some("ref"), Some(reference)) => reference.starts_with("refs/"),
        (Some(key), Some(value)) => GITHUB.contains(&key) && !value.is_empty(),
        _ => false,
    }
}

/// What one key and value of a GitHub subject, or a claim of its own, leaves.
fn github_value(issuer: &Issuer, key: &str, value: &str) -> Limit {
    let bound = !wild(value) && !value.is_empty();
    let none = || Limit::none(issuer);
    match key {
        "repo" | "repository" => repositories(issuer, value),
        "repository_id" if bound => {
            Limit::to(issuer, Exposure::Project).serving(name(issuer, &format!("id:{value}")))
        }
        "repository_owner" if bound => Limit::to(issuer, Exposure::Organization)
            .serving(name(issuer, value))
            .flaw(Flaw::AnyProject)
            .flaw(Flaw::MutableSubject),
        "repository_owner_id" if bound => Limit::to(issuer, Exposure::Organization)
            .serving(name(issuer, &format!("owner-id:{value}")))
            .flaw(Flaw::AnyProject),
        "enterprise" | "enterprise_id" if bound => Limit::to(issuer, Exposure::Organization)
            .serving(name(issuer, &format!("enterprise:{value}")))
            .flaw(Flaw::AnyProject),
        "job_workflow_ref" => workflow(issuer, value),
        "ref" if bound && value.starts_with("refs/") && !value.starts_with("refs/pull/") => {
            none().pin()
        }
        "ref" if value.starts_with("refs/pull/") => none().flaw(Flaw::PullRequests),
        "ref" if value.starts_with("refs/tags/") => none().flaw(Flaw::AnyTag),
        "ref" if value.starts_with("refs/heads/") => none().flaw(Flaw::AnyBranch),
        "environment" if value.len() > 1 && !bound => none().flaw(Flaw::AnyEnvironment),
        "environment" | "job_workflow_sha" | "workflow_ref" | "workflow_sha" | "sha"
        | "actor_id" | "actor"
            if bound =>
        {
            none().pin()
        }
        _ => none(),
    }
}

/// `OWNER/REPO/.github/workflows/FILE@REF`: the workflow that runs, called from wherever.
fn workflow(issuer: &Issuer, value: &str) -> Limit {
    let mut parts = value.splitn(3, '/');
    let owner = parts.next().unwrap_or_default();
    let repo = parts.next().unwrap_or_default();
    let file = parts.next().unwrap_or_default();
    if wild(owner) || owner.is_empty() {
        return Limit::to(issuer, issuer.open()).flaw(Flaw::AnyOwner);
    }
    let limit = Limit::to(issuer, Exposure::Organization).serving(name(issuer, owner));
    if wild(repo) || repo.is_empty() || file.is_empty() {
        return limit.flaw(Flaw::WorkflowOnly).flaw(Flaw::AnyProject);
    }
    // Its code is fixed, whoever calls it; at any ref it is as good as its repository.
    let limit = Limit::to(issuer, Exposure::Project)
        .serving(name(issuer, &format!("{owner}/{repo}")))
        .flaw(Flaw::WorkflowOnly);
    match wild(file) {
        true => limit,
        false => limit.pin(),
    }
}

/// A claim of GitHub's tokens beside the subject.
pub(in super::super) fn github_claim(issuer: &Issuer, claim: &str, pattern: &str) -> Limit {
    github_value(issuer, claim, pattern)
}

/// Claims that GitLab projects can have written into subjects.
const GITLAB: &[&str] = &[
    "project_path",
    "project_id",
    "namespace_path",
    "namespace_id",
    "ref_type",
    "ref",
    "ref_path",
    "ref_protected",
    "environment",
    "environment_protected",
    "deployment_tier",
    "environment_action",
    "pipeline_source",
    "pipeline_id",
    "user_id",
    "user_login",
    "user_email",
    "sha",
    "job_id",
    "runner_id",
    "runner_environment",
    "ci_config_ref_uri",
    "ci_config_sha",
    "project_visibility",
    "groups_direct",
];

/// What a pattern of GitLab's subject leaves.
pub(in super::super) fn gitlab(issuer: &Issuer, pattern: &str) -> Limit {
    let first = pattern.split(':').next().unwrap_or_default();
    if foreign(pattern, &["project_path:", "project_id:"])
        || (!wild(first) && !GITLAB.contains(&first))
    {
        return Limit::nobody(Flaw::OtherSubject);
    }
    let found = pairs(pattern, &|key| GITLAB.contains(&key));
    let mut limit = Limit::to(issuer, issuer.open());
    let mut tag = false;
    for (key, value) in &found {
        tag |= *key == "ref_type" && *value == "tag";
        limit.and(gitlab_value(issuer, key, value));
    }
    if limit.who == Exposure::Nobody {
        return limit;
    }
    if limit.who >= Exposure::Platform {
        limit.flaws.insert(Flaw::AnyOwner);
        limit.flaws.remove(&Flaw::MutableSubject);
    }
    let path = found.iter().find(|(key, _)| *key == "project_path");
    let Some((_, path)) = path else {
        return limit;
    };
    let sample = |tail: &str| format!("project_path:{}:{tail}", path.replace(ANY, "any"));
    let branches = sample("ref_type:branch:ref:zz-unlikely");
    let tags = sample("ref_type:tag:ref:zz-unlikely");
    if tag && matches(pattern, &tags) {
        limit.flaws.insert(Flaw::AnyTag);
    }
    open_refs(
        limit,
        pattern,
        &[(Flaw::AnyBranch, branches), (Flaw::AnyTag, tags)],
    )
}

fn gitlab_value(issuer: &Issuer, key: &str, value: &str) -> Limit {
    let bound = !wild(value) && !value.is_empty();
    let none = || Limit::none(issuer);
    match key {
        "project_path" | "namespace_path" => {
            let project = key == "project_path";
            if bound && project && !value.contains('/') {
                return Limit::nobody(Flaw::OtherSubject);
            }
            if bound && project {
                return Limit::to(issuer, Exposure::Project)
                    .serving(name(issuer, value))
                    .flaw(Flaw::MutableSubject);
            }
            let start: String = value
                .chars()
                .take_while(|c| !wild(&c.to_string()))
                .collect();
            let group = match bound {
                true => Some(value),
                false => start.rsplit_once('/').map(|(group, _)| group),
            };
            match group.filter(|group| !group.is_empty()) {
                Some(group) => Limit::to(issuer, Exposure::Organization)
                    .serving(name(issuer, group))
                    .flaw(Flaw::AnyProject)
                    .flaw(Flaw::MutableSubject),
                None => Limit::to(issuer, issuer.open()).flaw(Flaw::AnyOwner),
            }
        }
        "project_id" if bound => {
            Limit::to(issuer, Exposure::Project).serving(name(issuer, &format!("id:{value}")))
        }
        "namespace_id" if bound => Limit::to(issuer, Exposure::Organization)
            .serving(name(issuer, &format!("namespace-id:{value}")))
            .flaw(Flaw::AnyProject),
        "ref" | "ref_path" | "environment" | "user_id" | "user_login" | "user_email" | "sha"
        | "ci_config_ref_uri" | "ci_config_sha"
            if bound =>
        {
            none().pin()
        }
        "ref_protected" | "environment_protected" if value == "true" => none().pin(),
        _ => none(),
    }
}

/// A claim of GitLab's tokens beside the subject.
pub(in super::super) fn gitlab_claim(issuer: &Issuer, claim: &str, pattern: &str) -> Limit {
    gitlab_value(issuer, claim, pattern)
}
