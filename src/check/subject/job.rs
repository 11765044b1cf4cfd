//! Jobs of CI systems as conditions see them.

use super::columns;
use super::identity::{self, IdentityView};
use crate::check::accounts::Accounts;
use crate::check::schema::{
    Basis, Column, EXPOSURE, OWNER_STATE, PLATFORM, Subject, SubjectKind, TIER, Type, word,
};
use crate::check::value::Value;
use crate::model::{
    Confidence, Evidence, IdentityId, Inventory, Job, SecretUse, Str, SubjectId, Used,
};
use std::collections::{BTreeMap, BTreeSet};

/// A job with the identity that it acts as and the secrets that it is handed.
pub(in crate::check) struct JobView<'a> {
    pub job: &'a Job,
    pub identity: Option<&'a IdentityView<'a>>,
    pub secrets: Vec<&'a SecretUse>,
    pub accounts: &'a Accounts<'a>,
}

impl<'a> JobView<'a> {
    /// All jobs.
    pub(in crate::check) fn all(
        inventory: &'a Inventory,
        find: &dyn Fn(&IdentityId) -> Option<&'a IdentityView<'a>>,
        accounts: &'a Accounts<'a>,
    ) -> Vec<Self> {
        let mut secrets: BTreeMap<&str, Vec<&SecretUse>> = BTreeMap::new();
        for used in &inventory.secret_uses {
            secrets.entry(&used.workload).or_default().push(used);
        }
        let views = inventory.jobs.iter().map(|job| JobView {
            job,
            identity: find(&job.runs_as),
            secrets: secrets.get(&*job.id).cloned().unwrap_or_default(),
            accounts,
        });
        views.collect()
    }
}

/// The kind.
pub(in crate::check) struct OfJob;

impl Subject for OfJob {
    type View<'a> = JobView<'a>;

    const KIND: SubjectKind = SubjectKind::Job;

    fn table() -> &'static [Column<Self>] {
        TABLE
    }

    fn id(view: &JobView<'_>) -> SubjectId {
        SubjectId::Job(view.job.id.clone())
    }

    fn name(view: &JobView<'_>) -> Str {
        let file = view.job.workflow.rsplit('/').next().unwrap_or_default();
        format!("job {} of {file}", view.job.name).into()
    }

    fn evidence<'a>(view: &'a JobView<'a>, basis: Basis) -> Vec<&'a Evidence> {
        let job = view.job;
        match (basis, view.identity) {
            (Basis::Privilege | Basis::Identity | Basis::Declaration, Some(identity)) => {
                identity::OfIdentity::evidence(identity, basis)
            }
            (Basis::Code, _) => {
                let mut open: Vec<&Used> = open(job).collect();
                open.sort_by_key(|used| used.secrets.is_empty());
                let places = open.into_iter().map(|used| &used.evidence);
                places.chain([&job.evidence]).collect()
            }
            (Basis::Secrets, _) => {
                let places = view.secrets.iter().map(|used| &used.evidence);
                places.chain([&job.evidence]).collect()
            }
            (Basis::Becomes, _) => {
                let places = job.assumes.iter().map(|assumed| &assumed.evidence);
                places.chain([&job.evidence]).collect()
            }
            _ => vec![&job.evidence],
        }
    }

    fn confidence(view: &JobView<'_>, basis: Basis) -> Confidence {
        match (basis, view.identity) {
            (Basis::Privilege, Some(identity)) => identity::OfIdentity::confidence(identity, basis),
            // Whose an action is, is not known where the repository's own owner is not.
            (Basis::Code, _) if open(view.job).all(|used| used.third_party.is_none()) => {
                Confidence::Medium
            }
            _ => Confidence::High,
        }
    }
}

/// Code of others by a version that they can replace.
fn open(job: &Job) -> impl Iterator<Item = &Used> {
    let uses = job.uses.iter();
    uses.filter(|used| !used.pinned && used.third_party != Some(false))
}

fn label(used: &Used) -> String {
    match &used.version {
        Some(version) if &*used.kind == "image" => format!("{}:{version}", used.name),
        Some(version) => format!("{}@{version}", used.name),
        None => used.name.to_string(),
    }
}

fn with_secrets(used: &Used, ambient: bool) -> String {
    let mut names: Vec<&str> = used.secrets.iter().map(|name| &**name).collect();
    if ambient {
        names.extend(used.ambient.iter().map(|name| &**name));
    }
    let names: Vec<&str> = names
        .into_iter()
        .map(|name| if name == "*" { "every secret" } else { name })
        .collect();
    format!("{} ({})", label(used), names.join(", "))
}

fn listed<'a>(items: impl Iterator<Item = String>) -> Value<'a> {
    let set: BTreeSet<String> = items.collect();
    Value::List(set.into_iter().map(Into::into).collect())
}

fn is_image(used: &Used) -> bool {
    &*used.kind == "image"
}

fn levels<'a>(view: &JobView<'a>, level: &str) -> Value<'a> {
    if view.job.permissions.is_empty() && &*view.job.permissions_from == "default" {
        return Value::Unknown;
    }
    let all = view.job.permissions.iter();
    Value::list(all.filter(|(_, l)| &***l == level).map(|(name, _)| &**name))
}

/// What follows a prefix in the notable things of a job.
fn marked<'a>(view: &JobView<'a>, prefix: &str) -> Value<'a> {
    let all = view.job.traits.iter();
    Value::list(all.filter_map(|it| it.strip_prefix(prefix)))
}

fn names<'a>(view: &JobView<'a>) -> BTreeSet<&'a str> {
    view.secrets.iter().map(|used| &*used.name).collect()
}

fn grades<'a>(view: &JobView<'a>) -> impl Iterator<Item = (&'a IdentityId, i64)> {
    let targets = view.job.assumes.iter().filter_map(|a| a.identity.as_ref());
    let accounts = view.accounts;
    targets.flat_map(move |id| {
        let trusts = accounts.trusts(id).iter();
        trusts.filter_map(move |trust| {
            let rank = EXPOSURE.rank(trust.grade.as_ref()?.exposure)?;
            Some((id, rank))
        })
    })
}

/// Roles that it assumes and that others than one workload get into.
fn open_roles<'a>(view: &JobView<'a>) -> Value<'a> {
    let wide = EXPOSURE.rank("organization").unwrap_or_default();
    let found = grades(view).filter(|(_, rank)| *rank >= wide);
    listed(found.map(|(id, rank)| {
        let name = id.0.rsplit('/').next().unwrap_or(&id.0);
        format!("{name} ({})", EXPOSURE.word(rank))
    }))
}

fn of<'a>(view: &JobView<'a>, read: fn(&IdentityView<'a>) -> Value<'a>) -> Value<'a> {
    view.identity.map_or(Value::Unknown, read)
}

/// Whether what its token may do is a setting that was not read.
fn by_default(job: &Job) -> bool {
    matches!(&*job.permissions_from, "default" | "repository")
}

/// Events that let whoever has an account start it with the repository's power.
const OUTSIDE: [&str; 12] = [
    "pull_request_target",
    "workflow_run",
    "issue_comment",
    "issues",
    "discussion",
    "discussion_comment",
    "fork",
    "watch",
    "gollum",
    "commit_comment",
    "fork-pipeline",
    "fork-build",
];

fn outside<'a>(view: &JobView<'a>) -> Value<'a> {
    let all = view.job.triggers.iter().map(|it| &**it);
    Value::list(all.filter(|it| OUTSIDE.contains(it)))
}

columns! { OfJob;
    "id": Type::Text, Record, |v| Value::text(Some(&v.job.id)), "The natural id: `github:acme/app/job/ci.yml/build`.";
    "name": Type::Text, Record, |v| Value::owned(OfJob::name(v).to_string()), "What a person calls it.";
    "platform": Type::Enum(&PLATFORM), Record, |v| word(&PLATFORM, v.job.platform.as_str()), "The CI system.";
    "workflow": Type::Text, Record, |v| Value::text(Some(&v.job.workflow)), "The file, below the repository.";
    "triggers": Type::Texts, Record, |v| Value::list(v.job.triggers.iter().map(|t| &**t)), "What starts it, also by way of workflows that call it.";
    "triggers.outside": Type::Texts, Record, outside, "Those of them by which whoever has an account starts it with the repository's own power: `pull_request_target`, `issue_comment`, …";
    "runners": Type::Texts, Record, |v| Value::list(v.job.runners.iter().map(|t| &**t)), "Labels of the machines that it runs on.";
    "self_hosted": Type::Bool, Record, |v| Value::bool(v.job.self_hosted), "It runs on a machine of one's own; unknown where labels do not tell.";
    "environment": Type::Text, Record, |v| Value::text(v.job.environment.as_deref()), "The environment that it deploys to.";
    "permissions.stated": Type::Bool, Record, |v| Value::Bool(v.job.permissions_stated), "The file says what its token may do.";
    "permissions.by_default": Type::Bool, Record, |v| Value::Bool(by_default(v.job)), "A setting of the repository decides that.";
    "permissions.known": Type::Bool, Record, |v| Value::Bool(&*v.job.permissions_from != "default" && (&*v.job.permissions_from != "caller" || !v.job.permissions.is_empty())), "What its token may do is known: stated, or the setting was read.";
    "permissions.write": Type::Texts, Record, |v| levels(v, "write"), "What its token may change: `contents`, `id-token`; unknown where a setting decides that was not read.";
    "permissions.read": Type::Texts, Record, |v| levels(v, "read"), "What its token may only look at; unknown likewise.";
    "permissions.all": Type::Texts, Record, |v| marked(v, "permissions:"), "`write-all` or `read-all`, where that is stated.";
    "secrets": Type::Texts, Secrets, |v| Value::list(names(v)), "Names of the secrets that it is handed, without its own token.";
    "secrets.all": Type::Bool, Secrets, |v| Value::Bool(v.job.all_secrets), "It is handed every secret there is.";
    "secrets.all_by": Type::Texts, Secrets, |v| marked(v, "all-secrets:"), "By what: `json` (the whole context), `dynamic` (a name that only a run decides).";
    "secrets.inherited_by": Type::Texts, Secrets, |v| marked(v, "secrets-inherit:"), "To whom `secrets: inherit` hands them: `local`, `remote`, `third-party`.";
    "foreign_code": Type::Bool, Record, |v| Value::bool(v.job.runs_foreign_code), "It fetches the code of a proposed change although it is started with the repository's power; unknown where a run decides what it fetches.";
    "injections": Type::Texts, Record, |v| marked(v, "injection:"), "Expressions in its scripts that hold what strangers write: `github.event.issue.title`.";
    "static_keys": Type::Texts, Secrets, |v| marked(v, "static-cloud-key:"), "Clouds whose lasting keys it is handed, where tokens that end would serve: `aws`, `gcp`, `azure`.";
    "personal_tokens": Type::Texts, Secrets, |v| marked(v, "personal-token:"), "Secrets that stand where the job's own token would.";
    "marks": Type::Texts, Record, |v| Value::list(v.job.traits.iter().map(|t| &**t)), "Everything notable, by name.";
    "uses": Type::Texts, Code, |v| listed(v.job.uses.iter().map(label)), "Code of others that it runs: `acme/deploy@v1`.";
    "uses.unpinned": Type::Texts, Code, |v| listed(open(v.job).filter(|u| !is_image(u)).map(label)), "Third parties' code by a version that they can replace.";
    "uses.unpinned_with_secrets": Type::Texts, Code, |v| listed(open(v.job).filter(|u| !is_image(u) && !u.secrets.is_empty()).map(|u| with_secrets(u, false))), "Those of them that are handed secrets, with the names.";
    "uses.unpinned_near_secrets": Type::Texts, Code, |v| listed(open(v.job).filter(|u| !is_image(u) && u.secrets.is_empty() && !u.ambient.is_empty()).map(|u| with_secrets(u, true))), "Those of them that find secrets in the environment of the whole job.";
    "images.unpinned": Type::Texts, Code, |v| listed(open(v.job).filter(|u| is_image(u)).map(label)), "Others' images by a tag.";
    "images.unpinned_with_secrets": Type::Texts, Code, |v| listed(open(v.job).filter(|u| is_image(u) && !u.secrets.is_empty()).map(|u| with_secrets(u, false))), "Those of them that are handed secrets, with the names.";
    "assumes": Type::Texts, Becomes, |v| Value::list(v.job.assumes.iter().map(|a| &*a.target).collect::<BTreeSet<_>>()), "Whom it signs in as elsewhere, as far as the file tells.";
    "assumes.by": Type::Texts, Becomes, |v| listed(v.job.assumes.iter().map(|a| format!("{}:{}", a.cloud, a.by))), "By what it signs in where: `aws:oidc`, `gcp:key`.";
    "assumes.open": Type::Texts, Becomes, open_roles, "Roles that it assumes and that tokens of others than its own project get into, with how far: `deploy (organization)`.";
    "identity.known": Type::Bool, Record, |v| Value::Bool(v.identity.is_some()), "A record of the identity that it acts as was read.";
    "identity.owner": Type::Text, Identity, |v| of(v, identity::owner), "Its declared owner.";
    "identity.owner.state": Type::Enum(&OWNER_STATE), Identity, |v| of(v, identity::owner_state), "Whose it is.";
    "identity.tier": Type::Enum(&TIER), Privilege, |v| of(v, identity::tier), "The highest privilege of the identity that it acts as, with what it signs in as.";
    "identity.own_tier": Type::Enum(&TIER), Privilege, |v| of(v, identity::own_tier), "The same without what everybody is given.";
    "identity.tier.proof": Type::Text, Privilege, |v| of(v, identity::tier_proof), "What gives it that privilege, in words.";
}
