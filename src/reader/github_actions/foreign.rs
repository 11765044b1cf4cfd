//! Code and text of strangers in a job: checkouts of proposed changes, artefacts of their runs, expressions that
//! put their words into scripts.

use super::Node;
use super::expression::of_text;
use super::uses::Target;

/// Contexts that hold what whoever opens an issue or a pull request writes (GitHub documentation, "Script
/// injections"; CodeQL's list of contexts is the same).
const UNTRUSTED: [&str; 27] = [
    "github.event.issue.title",
    "github.event.issue.body",
    "github.event.pull_request.title",
    "github.event.pull_request.body",
    "github.event.comment.body",
    "github.event.review.body",
    "github.event.review_comment.body",
    "github.event.discussion.title",
    "github.event.discussion.body",
    "github.event.pages.*.page_name",
    "github.event.commits.*.message",
    "github.event.commits.*.author.email",
    "github.event.commits.*.author.name",
    "github.event.head_commit.message",
    "github.event.head_commit.author.email",
    "github.event.head_commit.author.name",
    "github.event.pull_request.head.ref",
    "github.event.pull_request.head.label",
    "github.event.pull_request.head.repo.default_branch",
    "github.event.pull_request.head.repo.description",
    "github.event.pull_request.head.repo.homepage",
    "github.event.workflow_run.head_branch",
    "github.event.workflow_run.head_commit.message",
    "github.event.workflow_run.head_commit.author.email",
    "github.event.workflow_run.head_commit.author.name",
    "github.event.workflow_run.display_title",
    "github.head_ref",
];

/// The untrusted contexts that a text puts into what is run.
pub(super) fn injections(text: &str) -> Vec<String> {
    let references = of_text(text).into_iter().map(|r| r.text());
    references
        .filter(|found| UNTRUSTED.contains(&found.as_str()))
        .collect()
}

/// Whether a text names the head of a proposed change.
fn names_head(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    [
        "github.event.pull_request.head",
        "github.head_ref",
        "github.event.workflow_run.head_",
        "github.event.workflow_run.pull_requests",
        "github.event.pull_request.merge_commit_sha",
        "github.event.pull_request.number",
        "github.event.issue.number",
        "github.event.number",
        "refs/pull/",
    ]
    .iter()
    .any(|needle| text.contains(needle))
}

/// Whether a step fetches the code of a proposed change; `None` when what it fetches is decided by a run.
pub(super) fn checks_out(step: &Node) -> Option<bool> {
    if let Some(uses) = step.str("uses") {
        if Target::parse(uses).slug() != "actions/checkout" {
            return Some(false);
        }
        let with = step.get("with");
        let of = |key: &str| with.and_then(|with| with.str(key)).unwrap_or_default();
        let (reference, repository) = (of("ref"), of("repository"));
        if names_head(reference) || names_head(repository) {
            return Some(true);
        }
        let decided_by_run = |text: &str| {
            ["steps.", "needs.", "inputs.", "client_payload", "env."]
                .iter()
                .any(|context| text.contains("${{") && text.contains(context))
        };
        if decided_by_run(reference) || decided_by_run(repository) {
            return None;
        }
    }
    let run = step.str("run").unwrap_or_default();
    let fetches = run.contains("gh pr checkout")
        || run.contains("hub pr checkout")
        || (run.contains("git fetch") || run.contains("git checkout") || run.contains("git pull"))
            && (run.contains("pull/")
                || run.contains("github.event.pull_request.head")
                || run.contains("github.head_ref"));
    Some(fetches)
}

/// Whether a step takes in an artefact of another run.
pub(super) fn takes_artefact(step: &Node) -> bool {
    let uses = step.str("uses").map(Target::parse);
    let with = |key: &str| step.get("with").and_then(|with| with.str(key));
    let by_action = match uses.as_ref().map(Target::slug).as_deref() {
        Some("dawidd6/action-download-artifact") => true,
        Some("actions/download-artifact") => with("run-id").is_some(),
        Some("actions/github-script") => {
            with("script").is_some_and(|script| script.contains("downloadArtifact"))
        }
        _ => false,
    };
    let run = step.str("run").unwrap_or_default();
    by_action || run.contains("gh run download") || run.contains("/actions/artifacts/")
}

/// Whether a condition lets only changes from the repository itself in.
pub(super) fn only_own(condition: &str) -> bool {
    let text: String = condition.chars().filter(|c| !c.is_whitespace()).collect();
    let text = text.to_ascii_lowercase();
    let pairs = [
        ("head.repo.full_name", "==github.repository"),
        ("github.repository==", "head.repo.full_name"),
        ("head_repository.full_name", "==github.repository"),
        ("github.repository==", "head_repository.full_name"),
        ("head.repo.owner.login", "==github.repository_owner"),
        ("head.repo.fork", "==false"),
        ("head_repository.fork", "==false"),
        ("workflow_run.event", "=='push'"),
        ("workflow_run.event", "=='schedule'"),
        ("workflow_run.event", "=='workflow_dispatch'"),
    ];
    let met = pairs.iter().any(|(a, b)| {
        let joined = [
            format!("{a}{b}"),
            format!("{b}github.event.pull_request.{a}"),
        ];
        joined.iter().any(|needle| text.contains(needle))
            || (b.starts_with("head")
                && text.contains(&format!("{a}github.event.pull_request.{b}")))
            || (b.starts_with("head")
                && text.contains(&format!("{a}github.event.workflow_run.{b}")))
    });
    let negated = text.contains("!github.event.pull_request.head.repo.fork")
        || text.contains("!github.event.workflow_run.head_repository.fork");
    // With an alternative beside it, it keeps nobody out.
    (met || negated) && !text.contains("||")
}

/// Whether a condition asks a person's standing or a label that only members set.
pub(super) fn gated(condition: &str) -> bool {
    condition.contains("author_association")
        || condition.contains("labels.*.name")
        || condition.contains("label.name")
}

/// Whether a condition trusts the name of a bot as the one who started the run.
pub(super) fn trusts_actor(condition: &str) -> bool {
    let text: String = condition.chars().filter(|c| !c.is_whitespace()).collect();
    text.contains("github.actor=='") && text.contains("[bot]'")
}
