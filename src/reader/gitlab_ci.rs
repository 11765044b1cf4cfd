//! GitLab CI: each job an identity with its variables, tokens, images and the code of others that it includes.
//!
//! A pipeline is the file with what it includes from the same project; `extends`, `default` and `!reference` are
//! followed as GitLab does.

use super::Reader;
use super::pipeline::{self, Build, Project, of_script, secret_like, shell_variables, texts};
use super::tree::Node;
use crate::model::{
    Assumed, Document, Evidence, Facts, Platform, Probe, Problem, ProblemKind, Set, Str, Token,
    Used,
};
use std::collections::{BTreeMap, BTreeSet};

mod compose;

use compose::Pipeline;

/// Reads GitLab CI.
pub struct GitlabCi;

/// The name in evidence and coverage.
const NAME: &str = "gitlab-ci";
/// The file that a project's pipeline is.
const FILE: &str = ".gitlab-ci.yml";

impl Reader for GitlabCi {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        let path = &probe.origin.path;
        !probe.binary
            && probe.has_extension(&["yml", "yaml"])
            && (named(path) || includable(path, probe.head))
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        self.read_together(std::slice::from_ref(document))
    }

    fn gathers(&self, _: &Document<'_>) -> bool {
        true
    }

    fn read_together(&self, documents: &[Document<'_>]) -> (Facts, Vec<Problem>) {
        let mut facts = Facts::default();
        let mut problems = Vec::new();
        let mut files: BTreeMap<&str, (Node, &Document<'_>)> = BTreeMap::new();
        // Files of any name can be included, but only where there is a pipeline to include them.
        let any = documents
            .iter()
            .any(|document| named(&document.origin.path));
        let documents = documents
            .iter()
            .filter(|document| any || named(&document.origin.path));
        for document in documents {
            for part in compose::parse(document.bytes) {
                match part {
                    Ok(node) if node.is_map() => {
                        // A component's file has a header of its own before the pipeline.
                        files.insert(&document.origin.path, (node, document));
                    }
                    Ok(_) => {}
                    Err(_) if !named(&document.origin.path) => {}
                    Err(error) => problems.push(error.problem(document, NAME)),
                }
            }
        }
        let entries: Vec<&str> = files
            .keys()
            .copied()
            .filter(|path| {
                let name = path.rsplit('/').next().unwrap_or_default();
                name == FILE || name.ends_with(".gitlab-ci.yml")
            })
            .collect();
        let mut included = BTreeSet::new();
        for entry in &entries {
            if let Some((_, document)) = files.get(entry) {
                let project = Project::of(document.origin, document.origin.file_name().len());
                let pipeline = Pipeline::compose(entry, &project.root, &files, document);
                included.extend(pipeline.files.iter().skip(1).map(|path| (*path).to_owned()));
                read(&pipeline, &project, &mut facts, &mut problems);
            }
        }
        // What no pipeline here includes is included from elsewhere: its jobs run there.
        for (path, (node, document)) in &files {
            let alone = !entries.contains(path) && !included.contains(*path);
            if alone && named(path) && compose::has_jobs(node) {
                let project = Project::of(document.origin, document.origin.file_name().len());
                let pipeline = Pipeline::compose(path, &project.root, &files, document);
                read(&pipeline, &project, &mut facts, &mut problems);
            }
        }
        (facts, problems)
    }
}

/// Whether a path says that the file is a pipeline, or a part of one.
fn named(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.contains("gitlab-ci")
        || path.contains("/.gitlab/")
        || path.contains("gitlab-ci/")
        || path.starts_with(".gitlab/")
}

/// Whether a file of any name looks like a part of a pipeline: jobs at the left, with their scripts below.
fn includable(path: &str, head: &[u8]) -> bool {
    let foreign = [
        ".github/",
        ".circleci/",
        "bitbucket-pipelines",
        "azure-pipelines",
        ".travis",
    ];
    if foreign.iter().any(|part| path.contains(part)) {
        return false;
    }
    let below = |key: &[u8]| {
        let mut lines = head.split(|byte| *byte == b'\n');
        lines.any(|line| {
            let found = line.trim_ascii_start();
            (1..=4).contains(&(line.len() - found.len())) && found.starts_with(key)
        })
    };
    let other: [&[u8]; 11] = [
        b"stage:",
        b"extends:",
        b"rules:",
        b"image:",
        b"before_script:",
        b"needs:",
        b"environment:",
        b"variables:",
        b"tags:",
        b"only:",
        b"artifacts:",
    ];
    (below(b"script:") || below(b"trigger:"))
        && other.iter().any(|key| below(key))
        && ![
            "runs-on:",
            "apiVersion:",
            "- task:",
            "- step:",
            "services:\n  ",
        ]
        .iter()
        .any(|word| memchr::memmem::find(head, word.as_bytes()).is_some())
}

fn read(
    pipeline: &Pipeline<'_>,
    project: &Project,
    facts: &mut Facts,
    problems: &mut Vec<Problem>,
) {
    facts
        .sources
        .push((NAME.into(), project.path.as_str().into()));
    if let Some(line) = pipeline.limited {
        problems.push(Problem {
            path: pipeline.document.origin.path.clone(),
            line: (line > 0).then_some(line),
            column: None,
            kind: ProblemKind::Limited,
            reader: NAME,
            message: "includes or `extends` that go round in a circle, or too deep: not followed"
                .into(),
        });
    }
    for job in pipeline.jobs() {
        job_facts(pipeline, project, &job, facts);
    }
}

/// Variables that GitLab itself sets, which hold no secret of the project's.
fn predefined(name: &str) -> bool {
    (name.starts_with("CI_") || name.starts_with("GITLAB_") || name == "CI")
        && !name.ends_with("_PAT")
        && name != "GITLAB_TOKEN"
        && name != "GITLAB_API_TOKEN"
}

fn job_facts(
    pipeline: &Pipeline<'_>,
    project: &Project,
    job: &compose::Job<'_>,
    facts: &mut Facts,
) {
    let document = job.document;
    let evidence = pipeline::at(document, NAME, &job.node);
    let id = format!("gitlab:{}/job/{}", project.path, job.name);
    let mut build = Build::new(Platform::GitLab, &id, job.name, project, evidence.clone());
    build.job.permissions_from = "default".into();
    build.derive("what its job token may do is a setting of the projects that it is used on");
    let node = &job.node;
    let get = |key: &str| job.get(key, pipeline);
    {
        let tags = texts(get("tags"));
        build.job.runners = tags.iter().map(|tag| Str::from(tag.as_str())).collect();
        let saas = |tag: &String| tag.starts_with("saas-") || tag.starts_with("gitlab-org");
        build.job.self_hosted = if tags.is_empty() {
            None
        } else if tags.iter().all(saas) {
            Some(false)
        } else {
            Some(true)
        };
    }
    build.job.triggers = triggers(pipeline, node)
        .into_iter()
        .map(Str::from)
        .collect();
    let environment = node.get("environment");
    let environment = environment.and_then(|e| e.text().or_else(|| e.str("name")));
    build.job.environment = environment.map(Into::into);

    let place = format!("gitlab:{}/variable/", project.path);
    // Variables that the files set themselves are no secrets of the project's; those that they read are.
    let own: BTreeSet<&str> = pipeline
        .variables()
        .chain(node.get("variables").map_or(&[][..], Node::entries))
        .map(|(name, _)| name.as_str())
        .collect();
    let mut handed: BTreeSet<String> = BTreeSet::new();
    let tokens: Vec<&str> = node
        .get("id_tokens")
        .map_or(&[][..], Node::entries)
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    let stored: Vec<&str> = node
        .get("secrets")
        .map_or(&[][..], Node::entries)
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    // `fills` is the variable that the text is given to: `SECRET: $SECRET` passes on the project's, and what fills
    // a secret is one, whatever its name.
    let mut take =
        |build: &mut Build, text: &str, how: &str, at: &Evidence, fills: Option<&str>| {
            for name in shell_variables(text) {
                let known = predefined(&name)
                    || tokens.contains(&name.as_str())
                    || stored.contains(&name.as_str())
                    || own.contains(name.as_str()) && fills != Some(name.as_str());
                let whole = text.trim().trim_matches(['$', '{', '}']) == name;
                let fills = fills.filter(|fills| whole && secret_like(fills));
                if name == "CI_JOB_TOKEN" {
                    build.mark("job-token");
                }
                if known || !secret_like(&name) && fills.is_none() {
                    continue;
                }
                build.secret(&place, &name, how, None, at);
                let cloud =
                    pipeline::cloud_key(&name).or_else(|| fills.and_then(pipeline::cloud_key));
                if let Some(cloud) = cloud {
                    build.mark(format!("static-cloud-key:{cloud}"));
                }
                let upper = name.to_ascii_uppercase();
                if [
                    "GITLAB_TOKEN",
                    "GITLAB_API_TOKEN",
                    "GITLAB_PAT",
                    "GL_TOKEN",
                    "PRIVATE_TOKEN",
                ]
                .iter()
                .any(|it| upper.ends_with(it))
                {
                    build.mark(format!("personal-token:{name}"));
                }
                handed.insert(name);
            }
        };
    for key in ["before_script", "script", "after_script"] {
        let mut found = Vec::new();
        if let Some(part) = get(key) {
            pipeline::scalars(part, key, &mut found);
        }
        for (_, scalar) in found {
            let at = pipeline::at(document, NAME, scalar);
            let text = scalar.text().unwrap_or_default();
            take(&mut build, text, key, &at, None);
            for mut assumed in of_script(text, &|asked| filled(pipeline, node, asked), &at) {
                if &*assumed.by == "oidc" {
                    assumed.audience = audience(node, text);
                }
                build.assume(assumed);
            }
        }
    }
    for (name, value) in pipeline
        .variables()
        .chain(node.get("variables").map_or(&[][..], Node::entries))
    {
        let text = value
            .text()
            .or_else(|| value.str("value"))
            .unwrap_or_default();
        let at = pipeline::at(document, NAME, value);
        take(
            &mut build,
            text,
            &format!("variable {name}"),
            &at,
            Some(name),
        );
        if matches!(name.as_str(), "AWS_ROLE_ARN" | "ROLE_ARN" | "AWS_ROLE")
            && !build.job.assumes.iter().any(|it| &*it.target == text)
            && let Some(identity) = pipeline::role_arn(text)
        {
            build.assume(Assumed {
                cloud: "aws".into(),
                target: text.into(),
                identity: Some(identity),
                by: "oidc".into(),
                audience: audience(node, ""),
                seconds: None,
                evidence: at,
            });
        }
    }
    stores(&mut build, document, node);
    id_tokens(&mut build, document, node, project);
    let services = get("services").map_or(&[][..], Node::items);
    let images = get("image").into_iter().chain(services);
    // A job that starts another pipeline runs nothing itself.
    for node in images.filter(|_| node.get("trigger").is_none()) {
        let text = node.text().or_else(|| node.str("name"));
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            let at = pipeline::at(document, NAME, node);
            let mut used = pipeline::image(text, project.owner(), at);
            if used.name.starts_with('$') {
                used.third_party = if used.name.contains("CI_REGISTRY") {
                    Some(false)
                } else {
                    None
                };
            }
            used.secrets = handed.iter().map(|name| Str::from(name.as_str())).collect();
            build.uses(used);
        }
    }
    for used in &pipeline.remote {
        build.uses(used.clone());
    }
    if let Some(trigger) = node.get("trigger") {
        let target = trigger.text().or_else(|| trigger.str("project"));
        if let Some(target) = target {
            build.mark(format!("triggers:{target}"));
        }
    }
    build.finish(facts);
}

/// What a variable of the job comes to, nearest first; the question itself where no file says.
fn filled(pipeline: &Pipeline<'_>, node: &Node, asked: &str) -> BTreeSet<String> {
    let name = asked
        .strip_prefix("${{ env.")
        .and_then(|rest| rest.strip_suffix(" }}"));
    let own = node.get("variables").map_or(&[][..], Node::entries);
    let known = name.and_then(|name| {
        let mut all = own.iter().chain(pipeline.variables());
        let (_, value) = all.find(|(key, _)| key.as_str() == name)?;
        value.text().or_else(|| value.str("value"))
    });
    let plain = known.filter(|text| !text.is_empty() && !text.contains('$'));
    [plain.unwrap_or(asked).to_owned()].into()
}

/// The audience of the token that a command shows: of the one that it names, or the only one there is.
fn audience(node: &Node, command: &str) -> Option<Str> {
    let tokens = node.get("id_tokens").map_or(&[][..], Node::entries);
    let named = shell_variables(command);
    let mut mentioned = tokens.iter().filter(|(name, _)| named.contains(name));
    let (_, token) = match (mentioned.next(), mentioned.next(), tokens) {
        (Some(one), None, _) | (None, _, [one]) => one,
        _ => return None,
    };
    match texts(token.get("aud")).as_slice() {
        [one] => Some(one.as_str().into()),
        _ => None,
    }
}

/// What starts a job: `merge_request_event` where its rules or those of the workflow say so.
fn triggers(pipeline: &Pipeline<'_>, node: &Node) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let only = texts(node.get("only"));
    let refs = node
        .get("only")
        .map(|only| texts(only.get("refs")))
        .unwrap_or_default();
    for word in only.iter().chain(&refs) {
        out.insert(match word.as_str() {
            "merge_requests" => "merge_request_event".to_owned(),
            other => other.to_owned(),
        });
    }
    let workflow = pipeline.top("workflow");
    let rules = [
        node.list("rules"),
        workflow.map_or(&[][..], |w| w.list("rules")),
    ];
    for rule in rules.into_iter().flatten() {
        let condition = rule.str("if").unwrap_or_default();
        for source in [
            "merge_request_event",
            "schedule",
            "push",
            "web",
            "trigger",
            "pipeline",
            "api",
            "external_pull_request_event",
        ] {
            if condition.contains("CI_PIPELINE_SOURCE") && condition.contains(source) {
                out.insert(source.to_owned());
            }
        }
        if condition.contains("CI_MERGE_REQUEST") {
            out.insert("merge_request_event".to_owned());
        }
        if condition.contains("CI_COMMIT_TAG") {
            out.insert("tags".to_owned());
        }
    }
    if out.is_empty() {
        out.insert("push".to_owned());
    }
    out
}

/// `secrets`: what a job is handed from stores.
fn stores(build: &mut Build, document: &Document<'_>, node: &Node) {
    for (name, secret) in node.get("secrets").map_or(&[][..], Node::entries) {
        let at = pipeline::at(document, NAME, secret);
        for (store, value) in secret.entries() {
            let path = match store.as_str() {
                "vault" => value.text().map(str::to_owned).or_else(|| {
                    let engine = value.at(&["engine", "path"]).and_then(Node::text);
                    let path = value.str("path").unwrap_or_default();
                    Some(format!("{}/{path}", engine.unwrap_or("secret")))
                }),
                "gcp_secret_manager" | "azure_key_vault" | "aws_secrets_manager" => value
                    .text()
                    .or_else(|| value.str("name"))
                    .or_else(|| value.str("secret_id"))
                    .map(str::to_owned),
                _ => None,
            };
            if let Some(path) = path {
                let how = format!("{name} of {store}");
                build.secret(&format!("{store}:"), &path, &how, None, &at);
            }
        }
    }
}

/// `id_tokens`, with the subject that GitLab gives them.
fn id_tokens(build: &mut Build, document: &Document<'_>, node: &Node, project: &Project) {
    let path = if project.path.starts_with("./") {
        "*"
    } else {
        &project.path
    };
    let host = "gitlab.com";
    let merge = build.job.triggers.iter().all(|t| &**t == "tags");
    let kind = if merge { "tag" } else { "branch" };
    let subject = format!("project_path:{path}:ref_type:{kind}:ref:*");
    let mut claims: BTreeMap<Str, Str> = BTreeMap::new();
    claims.insert("project_path".into(), path.into());
    if let Some(environment) = &build.job.environment {
        let whole = !environment.contains('$');
        let text = if whole {
            environment.clone()
        } else {
            "*".into()
        };
        claims.insert("environment".into(), text);
    }
    let make = |audience: Option<Str>, evidence: Evidence| Token {
        issuer: Some(host.into()),
        subject: subject.as_str().into(),
        audience,
        claims: claims.clone(),
        evidence,
    };
    let mut all = Vec::new();
    for (_, token) in node.get("id_tokens").map_or(&[][..], Node::entries) {
        let at = pipeline::at(document, NAME, token);
        let mut audiences = texts(token.get("aud"));
        if audiences.is_empty() {
            build.mark("id-token-without-audience");
            audiences.push(String::new());
        }
        for audience in audiences {
            let audience = Some(audience)
                .filter(|a| !a.is_empty())
                .map(|a| Str::from(a.as_str()));
            all.push(make(audience, at.clone()));
        }
    }
    for token in all {
        build.token(token);
    }
}

/// An include from elsewhere, as code that every job of the pipeline runs.
pub(super) fn include(
    name: &str,
    version: Option<&str>,
    third_party: Option<bool>,
    evidence: Evidence,
) -> Used {
    Used {
        kind: "template".into(),
        name: name.into(),
        version: version.map(Into::into),
        pinned: version.is_some_and(pipeline::commit_like),
        third_party,
        secrets: Set::new(),
        ambient: Set::new(),
        evidence,
    }
}
