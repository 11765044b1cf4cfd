//! One job: its identity, what its token may do, where it runs, what its steps are handed.

use super::calls::{Call, Calls, Granted, stated};
use super::expression::{self, Handed};
use super::step::{Place, Walk, label};
use super::trigger::{OUTSIDE, Trigger};
use super::uses::Target;
use super::values::Values;
use super::{File, NAME, Node, calls, foreign, note, permissions};
use crate::model::{
    Effect, Entitlement, EntitlementRole, Evidence, Facts, Identity, IdentityId, IdentityKind,
    Platform, Policy, PolicyId, PolicyKind, Presence, Problem, Rule, RuleBody, Scope, Str, Token,
};
use crate::reader::pipeline::{self, Build, texts};
use std::collections::{BTreeMap, BTreeSet};

/// The issuer of the platform's tokens.
const ISSUER: &str = "token.actions.githubusercontent.com";
/// As many tokens of one job are told apart.
const MAX_TOKENS: usize = 64;

/// Reads a job.
pub(super) fn read<'r>(
    calls: &Calls<'r, '_>,
    path: &'r str,
    file: &'r File<'_>,
    (name, node): (&'r str, &'r Node),
    facts: &mut Facts,
    problems: &mut Vec<Problem>,
) {
    let project = calls.project;
    let evidence = pipeline::at(file.document, NAME, node);
    let short = path.rsplit('/').next().unwrap_or(path);
    let id = format!("github:{}/job/{short}/{name}", project.path);
    let mut build = Build::new(Platform::GitHub, &id, name, &file.project, evidence.clone());
    if !file.placed {
        build.derive("not in .github/workflows: it runs only where it is copied to");
    }
    let started = calls.started(path);
    build.job.triggers = started
        .iter()
        .map(|t| Str::from(t.event.as_str()))
        .collect();
    let mut values = Values::new(&project.path);
    values.env(file.node.get("env"));
    values.env(node.get("env"));
    values.matrix(node.get("strategy").and_then(|s| s.get("matrix")));
    inputs(&mut values, &file.node, calls.of(path));

    let granted = calls.granted(path, name, node);
    grant(&mut build, file, node, &granted, &evidence, facts);
    runners(&mut build, node, &values);
    let environments = environment(&mut build, node, &values);

    let place = format!("github:{}/secret/", project.path);
    let mut walk = Walk {
        repository: calls.repository,
        own: project.owner(),
        place: &place,
        ambient: BTreeSet::new(),
        steps: 0,
        full: false,
        may_ask_token: false,
        assumed: BTreeSet::new(),
        apps: Vec::new(),
        foreign: Some(false),
        guarded: false,
    };
    let here = Place {
        document: file.document,
        values,
        inputs: BTreeMap::new(),
        depth: 0,
        above: Vec::new(),
    };
    for (holder, level) in [(&file.node, " of the workflow"), (node, " of the job")] {
        let handed = walk.environment(&mut build, holder, &here, level, None);
        walk.ambient.extend(handed.secrets);
        if handed.all.is_some() {
            walk.ambient.insert("*".to_owned());
        }
    }
    containers(&mut build, node, &walk, &here);
    elsewhere(&mut build, node, &walk, &here);
    let condition = node.str("if").unwrap_or_default();
    if let Some(uses) = node.get("uses").filter(|uses| uses.text().is_some()) {
        walk.may_ask_token = true;
        call(&mut build, calls, node, uses, &walk, &here);
    }
    walk.steps(&mut build, node.list("steps"), &here);
    if walk.full {
        let message = "a job with more than 5,000 steps, those of composite actions counted as \
                       often as they are used: the rest was not read";
        problems.push(Problem {
            kind: crate::model::ProblemKind::Limited,
            ..note(file.document, node.line, message)
        });
    }
    strangers(&mut build, &walk, &started, condition);
    for assumed in std::mem::take(&mut walk.assumed) {
        build.assume(assumed);
    }
    tokens(
        &mut build,
        calls,
        path,
        &granted,
        &started,
        &environments,
        &evidence,
    );
    let asks = granted.grants.as_ref().is_some_and(|grants| {
        grants
            .get("id-token")
            .is_some_and(|(level, _)| *level == permissions::Level::Write)
    });
    let stated_here =
        stated(&file.node, node).is_some_and(|(s, _)| s.grants.contains_key("id-token"));
    if asks && stated_here && !walk.may_ask_token && build.job.assumes.is_empty() {
        build.mark("id-token-unused");
    }
    for (app, at) in std::mem::take(&mut walk.apps) {
        self::app(&mut build, &project.path, &app, &at, facts);
    }
    build.finish(facts);
}

/// Inputs that callers in the same repository give, and defaults where one gives none.
fn inputs(values: &mut Values, workflow: &Node, callers: &[Call<'_>]) {
    let on = ["on", "true"].iter().find_map(|key| workflow.get(key));
    let declared = on.and_then(|on| on.at(&["workflow_call", "inputs"]));
    for (name, input) in declared.map_or(&[][..], Node::entries) {
        for call in callers {
            let given = call.node.get("with").and_then(|with| with.str(name));
            if let Some(text) = given.or(input.str("default")) {
                // What the caller's own matrix or inputs decide stays as written.
                values.input(name, text);
            }
        }
    }
}

/// What the token may do, as a policy that the job holds on its repository.
fn grant(
    build: &mut Build,
    file: &File<'_>,
    node: &Node,
    granted: &Granted,
    evidence: &Evidence,
    facts: &mut Facts,
) {
    let project = &file.project.path;
    if let Some((stated, _)) = stated(&file.node, node) {
        build.job.permissions_stated = true;
        build.job.stated = Some(permissions::texts(&stated.grants));
        if let Some(all) = stated.all {
            build.mark(format!("permissions:{all}"));
        }
        if stated.unknown {
            build.derive("`permissions` names what GitHub does not have: that part is left out");
        }
    }
    build.job.permissions_from = granted.from.into();
    if granted.capped_unknown {
        build.derive("what callers leave of its permissions is not known");
    }
    let scope = Scope::Resource(format!("github:{project}").into());
    let mut hold = |policy: PolicyId, via: &str| {
        facts.entitlements.push(Entitlement {
            principal: build.identity.id.clone(),
            policy,
            scope: scope.clone(),
            role: EntitlementRole::Grant,
            via: via.into(),
            evidence: evidence.clone(),
        });
    };
    let Some(grants) = &granted.grants else {
        let setting = format!("github:{project}/setting/default-workflow-permissions");
        let via = if granted.from == "caller" {
            "the workflow that calls it"
        } else {
            "no permissions stated: the repository's setting decides"
        };
        return hold(setting.into(), via);
    };
    build.job.permissions = permissions::texts(grants);
    let id = PolicyId::from(format!("{}#token", build.identity.id));
    let mut policy = Policy::new(
        id.clone(),
        Platform::GitHub,
        PolicyKind::Named,
        format!("token of {}", build.identity.name),
    );
    policy.account = Some(project.as_str().into());
    policy.evidence.insert(evidence.clone());
    for (name, (level, line)) in grants {
        let evidence = if *line > 0 && granted.from != "caller" {
            file.document.at_line(NAME, *line)
        } else {
            evidence.clone()
        };
        policy.rules.insert(Rule {
            effect: Effect::Allow,
            body: RuleBody::Named(format!("{name}:{}", level.as_str()).into()),
            label: format!("permissions.{name}").into(),
            evidence,
        });
    }
    facts.policies.push(policy);
    let via = match granted.from {
        "job" => "permissions of the job",
        "workflow" => "permissions of the workflow",
        "caller" => "permissions of its callers",
        _ => "the repository's setting",
    };
    hold(id, via);
}

/// Where it runs.
fn runners(build: &mut Build, node: &Node, values: &Values) {
    let Some(runs_on) = node.get("runs-on") else {
        return;
    };
    let mut labels = BTreeSet::new();
    for text in texts(Some(runs_on))
        .iter()
        .chain(&texts(runs_on.get("labels")))
    {
        for label in values.resolve(text) {
            // `fromJSON('["self-hosted", "gpu"]')`, and alternatives of which a run takes one.
            let inside = expression::expressions(&label).into_iter();
            let literals: Vec<String> = inside.flat_map(expression::literals).collect();
            if literals
                .iter()
                .any(|text| text.to_ascii_lowercase().contains("self-hosted"))
            {
                labels.insert("self-hosted".to_owned());
            }
            labels.insert(label);
        }
    }
    let group = runs_on.get("group").and_then(Node::text);
    if let Some(group) = group {
        labels.insert(format!("group:{group}"));
    }
    let own = labels
        .iter()
        .any(|label| label.eq_ignore_ascii_case("self-hosted"));
    let hosted = |label: &String| {
        let label = label.to_ascii_lowercase();
        ["ubuntu-", "windows-", "macos-"]
            .iter()
            .any(|start| label.starts_with(start))
    };
    build.job.self_hosted = if own {
        Some(true)
    } else if !labels.is_empty() && labels.iter().all(hosted) {
        Some(false)
    } else {
        None
    };
    build.job.runners = labels
        .iter()
        .map(|label| Str::from(label.as_str()))
        .collect();
}

/// The environments that it deploys to: none, one, or as many as its matrix makes.
fn environment(build: &mut Build, node: &Node, values: &Values) -> BTreeSet<String> {
    let named = node.get("environment");
    let text = named.and_then(|n| n.text().or_else(|| n.str("name")));
    let all = text.map(|text| values.resolve(text)).unwrap_or_default();
    if !all.is_empty() {
        let joined: Vec<&str> = all.iter().map(String::as_str).collect();
        build.job.environment = Some(joined.join(", ").into());
    }
    all
}

/// Containers that it runs in and beside, with what they are handed.
fn containers(build: &mut Build, node: &Node, walk: &Walk<'_, '_>, place: &Place<'_>) {
    let services = node.get("services").map_or(&[][..], Node::entries);
    let services = services
        .iter()
        .map(|(name, node)| (format!("service {name}"), node));
    let own = node
        .get("container")
        .map(|node| ("container".to_owned(), node));
    for (what, node) in own.into_iter().chain(services) {
        let image = node.text().map(|text| (text, node));
        let image = image.or_else(|| node.get("image").and_then(|i| Some((i.text()?, i))));
        let mut handed = walk.environment(build, node, place, &format!(" of {what}"), None);
        for (key, value) in node.get("credentials").map_or(&[][..], Node::entries) {
            let given = expression::handed(value.text().unwrap_or_default());
            let evidence = pipeline::at(place.document, NAME, value);
            walk.note(
                build,
                &given,
                &format!("{what} credentials {key}"),
                None,
                &evidence,
            );
        }
        if what == "container" {
            handed.secrets.extend(walk.ambient.iter().cloned());
        }
        for image in image
            .map(|(text, _)| place.values.resolve(text))
            .unwrap_or_default()
        {
            if image.is_empty() {
                continue;
            }
            let evidence = pipeline::at(place.document, NAME, node);
            let mut used = pipeline::image(&image, walk.own, evidence);
            used.secrets = handed
                .secrets
                .iter()
                .map(|s| Str::from(s.as_str()))
                .collect();
            build.uses(used);
        }
    }
}

/// Secrets in every other place of a job: outputs, defaults, the condition.
fn elsewhere(build: &mut Build, node: &Node, walk: &Walk<'_, '_>, place: &Place<'_>) {
    for key in [
        "name",
        "outputs",
        "defaults",
        "environment",
        "strategy",
        "concurrency",
        "runs-on",
    ] {
        let Some(part) = node.get(key) else {
            continue;
        };
        let mut found = Vec::new();
        pipeline::scalars(part, key, &mut found);
        for (_, scalar) in found {
            let handed = expression::handed(scalar.text().unwrap_or_default());
            let evidence = pipeline::at(place.document, NAME, scalar);
            walk.note(build, &handed, key, None, &evidence);
        }
    }
    if let Some(condition) = node.get("if") {
        let text = condition.text().unwrap_or_default();
        let handed = expression::of_references(&expression::references(text));
        let evidence = pipeline::at(place.document, NAME, condition);
        walk.note(build, &handed, "if", None, &evidence);
    }
}

/// A call of a reusable workflow.
fn call(
    build: &mut Build,
    calls: &Calls<'_, '_>,
    node: &Node,
    uses: &Node,
    walk: &Walk<'_, '_>,
    place: &Place<'_>,
) {
    let text = uses.text().unwrap_or_default();
    let target = Target::parse(text);
    let evidence = pipeline::at(place.document, NAME, uses);
    let near = calls::local(calls.repository, calls.project, text).is_some();
    let mut used = target.used(walk.own, evidence.clone());
    let receiver = used
        .as_ref()
        .filter(|used| used.third_party != Some(false) && !near)
        .map(label);
    let mut all = Handed::default();
    for key in ["with", "secrets"] {
        for (name, value) in node.get(key).map_or(&[][..], Node::entries) {
            let handed = expression::handed(value.text().unwrap_or_default());
            let evidence = pipeline::at(place.document, NAME, value);
            let how = format!("{key} {name} of {text}");
            walk.note(build, &handed, &how, receiver.as_deref(), &evidence);
            all.extend(handed);
        }
    }
    let inherits = node.str("secrets") == Some("inherit");
    if inherits {
        build.job.all_secrets = true;
        let remote = matches!(target, Target::Remote { .. }) && !near;
        build.mark(if remote {
            "secrets-inherit:remote"
        } else {
            "secrets-inherit:local"
        });
        let foreign = used
            .as_ref()
            .is_some_and(|used| used.third_party != Some(false));
        if remote && foreign {
            build.mark("secrets-inherit:third-party");
        }
    }
    if let Some(used) = &mut used {
        used.kind = "reusable-workflow".into();
        used.secrets = all
            .secrets
            .iter()
            .map(|name| Str::from(name.as_str()))
            .collect();
        if inherits || all.all.is_some() {
            used.secrets.insert("*".into());
        }
        build.uses(used.clone());
        if !near {
            build.derive(format!("not read: reusable workflow {text}"));
        }
    } else if !near {
        build.derive(format!("not read: reusable workflow {text}"));
    }
}

/// Whether strangers start it with the repository's power, and have their code or words in it.
fn strangers(build: &mut Build, walk: &Walk<'_, '_>, started: &BTreeSet<Trigger>, condition: &str) {
    let outside = started.iter().any(|t| OUTSIDE.contains(&t.event.as_str()));
    build.job.runs_foreign_code = if !outside || foreign::only_own(condition) {
        Some(false)
    } else {
        walk.foreign
    };
    if outside && foreign::only_own(condition) {
        build.mark("only-own-changes");
    }
    if foreign::gated(condition) {
        build.mark("gated");
    }
    if foreign::trusts_actor(condition) {
        build.mark("trusts-actor-name");
    }
}

/// Tokens by which it proves itself elsewhere, as GitHub forms them.
fn tokens(
    build: &mut Build,
    calls: &Calls<'_, '_>,
    path: &str,
    granted: &Granted,
    started: &BTreeSet<Trigger>,
    environments: &BTreeSet<String>,
    evidence: &Evidence,
) {
    let Some((permissions::Level::Write, line)) = granted
        .grants
        .as_ref()
        .and_then(|grants| grants.get("id-token"))
    else {
        return;
    };
    let project = &calls.project.path;
    let repository = project
        .strip_prefix("./")
        .map_or(project.as_str(), |_| "*/*");
    let mut subjects = BTreeSet::new();
    for environment in environments {
        let name = if environment.contains("${{") {
            "*".to_owned()
        } else {
            // A colon would end the part.
            environment.replace(':', "%3A")
        };
        subjects.insert((format!("environment:{name}"), Some(name)));
    }
    if subjects.is_empty() {
        let all = started.iter().flat_map(Trigger::subjects);
        subjects.extend(all.map(|subject| (subject, None)));
    }
    if subjects.is_empty() {
        subjects.insert(("*".to_owned(), None));
    }
    let by_token = build.job.assumes.iter().filter(|a| &*a.by == "oidc");
    let mut audiences: BTreeSet<Option<Str>> = by_token.map(|a| a.audience.clone()).collect();
    if audiences.is_empty() {
        audiences.insert(None);
    }
    let evidence = if *line > 0 && granted.from != "caller" {
        Evidence {
            line: Some(*line),
            ..evidence.clone()
        }
    } else {
        evidence.clone()
    };
    for (subject, environment) in subjects {
        for audience in &audiences {
            if build.identity.tokens.len() >= MAX_TOKENS {
                return;
            }
            let mut claims: BTreeMap<Str, Str> = BTreeMap::new();
            claims.insert("repository".into(), repository.into());
            if let Some(owner) = calls.project.owner() {
                claims.insert("repository_owner".into(), owner.into());
            }
            if let Some(reference) = subject.strip_prefix("ref:") {
                claims.insert("ref".into(), reference.into());
            }
            if let Some(environment) = &environment {
                claims.insert("environment".into(), environment.as_str().into());
            }
            claims.insert(
                "job_workflow_ref".into(),
                format!("{repository}/{path}@*").into(),
            );
            build.token(Token {
                issuer: Some(ISSUER.into()),
                subject: format!("repo:{repository}:{subject}").into(),
                audience: audience.clone(),
                claims,
                evidence: evidence.clone(),
            });
        }
    }
}

/// A GitHub App whose token the job makes.
fn app(
    build: &mut Build,
    project: &str,
    token: &super::sign_in::AppToken,
    evidence: &Evidence,
    facts: &mut Facts,
) {
    let symbolic = token.app.contains("${{");
    let id = if symbolic {
        format!("github:{project}/app/{}", token.app)
    } else {
        format!("github:app/{}", token.app)
    };
    let id = IdentityId::from(id);
    let mut identity = Identity::new(
        id.clone(),
        Platform::GitHub,
        IdentityKind::App,
        format!("GitHub App {}", token.app),
    );
    identity.presence.insert(Presence::Referenced);
    identity.humanity = (crate::model::Humanity::NonHuman, "GitHub App".into());
    if symbolic {
        identity
            .derivation
            .insert(format!("not resolved: {}", token.app).into());
    }
    let hold = |policy: PolicyId, via: &str| Entitlement {
        principal: id.clone(),
        policy,
        scope: Scope::Resource(format!("github:{project}").into()),
        role: EntitlementRole::Grant,
        via: via.into(),
        evidence: evidence.clone(),
    };
    match &token.permissions {
        Some(stated) => {
            let policy_id = PolicyId::from(format!("{}#app-token", build.identity.id));
            let mut policy = Policy::new(
                policy_id.clone(),
                Platform::GitHub,
                PolicyKind::Named,
                format!("app token of {}", build.identity.name),
            );
            policy.evidence.insert(evidence.clone());
            for (name, level, line) in stated {
                policy.rules.insert(Rule {
                    effect: Effect::Allow,
                    body: RuleBody::Named(format!("{name}:{level}").into()),
                    label: format!("permission-{name}").into(),
                    evidence: Evidence {
                        line: (*line > 0).then_some(*line).or(evidence.line),
                        ..evidence.clone()
                    },
                });
            }
            facts.policies.push(policy);
            facts
                .entitlements
                .push(hold(policy_id, "asked for by the step"));
        }
        None => {
            build.mark("app-token:all-permissions");
            let installation = format!("{id}/installation");
            facts
                .entitlements
                .push(hold(installation.into(), "its installation"));
        }
    }
    build.identity.becomes.insert((id, evidence.clone()));
    build.mark("app-token");
    facts.identities.push(identity);
}
