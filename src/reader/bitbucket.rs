//! Bitbucket Pipelines: each step an identity with its variables, tokens, pipes and images.

use super::Reader;
use super::pipeline::{self, Build, Project, of_script, secret_like, shell_variables, texts};
use super::tree::{self, Node};
use crate::model::{
    Assumed, Document, Evidence, Facts, Platform, Probe, Problem, Set, Str, Token, Used,
};
use std::collections::{BTreeMap, BTreeSet};

/// Reads Bitbucket Pipelines.
pub struct Bitbucket;

/// The name in evidence and coverage.
const NAME: &str = "bitbucket";

impl Reader for Bitbucket {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        let name = probe.origin.file_name();
        !probe.binary
            && probe.has_extension(&["yml", "yaml"])
            && name.contains("bitbucket-pipelines")
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut facts = Facts::default();
        let mut problems = Vec::new();
        for part in tree::documents(document.bytes) {
            match part {
                Ok(node) => read(document, &node, &mut facts),
                Err(error) => problems.push(error.problem(document, NAME)),
            }
        }
        (facts, problems)
    }
}

fn read(document: &Document<'_>, node: &Node, facts: &mut Facts) {
    let project = Project::of(document.origin, document.origin.file_name().len());
    let Some(pipelines) = node.get("pipelines") else {
        return;
    };
    facts
        .sources
        .push((NAME.into(), project.path.as_str().into()));
    let mut steps: Vec<(String, &str, Option<&str>, &Node)> = Vec::new();
    for (section, body) in pipelines.entries() {
        if body.items().is_empty() {
            for (name, list) in body.entries() {
                collect(
                    list,
                    &format!("{section}/{name}"),
                    section,
                    None,
                    &mut steps,
                    0,
                );
            }
        } else {
            collect(body, section, section, None, &mut steps, 0);
        }
    }
    for (index, (place, section, deployment, step)) in steps.iter().enumerate() {
        let name = step
            .str("name")
            .map_or_else(|| (index + 1).to_string(), str::to_owned);
        let name = format!("{place}/{name}");
        step_facts(
            document,
            node,
            &project,
            &name,
            section,
            *deployment,
            step,
            facts,
        );
    }
}

/// Steps in order; `parallel` and `stage` hold others.
fn collect<'n>(
    list: &'n Node,
    place: &str,
    section: &'n str,
    deployment: Option<&'n str>,
    to: &mut Vec<(String, &'n str, Option<&'n str>, &'n Node)>,
    depth: usize,
) {
    if depth > 8 {
        return;
    }
    for item in list.items() {
        if let Some(step) = item.get("step") {
            to.push((place.to_owned(), section, deployment, step));
        }
        for key in ["parallel", "stage"] {
            if let Some(inner) = item.get(key) {
                let deployment = inner.str("deployment").or(deployment);
                let steps = inner.get("steps").unwrap_or(inner);
                collect(steps, place, section, deployment, to, depth + 1);
            }
        }
    }
}

#[allow(clippy::too_many_arguments)]
fn step_facts(
    document: &Document<'_>,
    root: &Node,
    project: &Project,
    name: &str,
    section: &str,
    deployment: Option<&str>,
    step: &Node,
    facts: &mut Facts,
) {
    let evidence = pipeline::at(document, NAME, step);
    let id = format!("bitbucket:{}/job/{name}", project.path);
    let mut build = Build::new(Platform::Bitbucket, &id, name, project, evidence.clone());
    let trigger = match section {
        "pull-requests" => "pull_request",
        "custom" => "manual",
        "tags" => "tags",
        _ => "push",
    };
    build.job.triggers.insert(trigger.into());
    build.job.environment = step.str("deployment").or(deployment).map(Into::into);
    let labels = texts(step.get("runs-on"));
    let own = labels.iter().any(|label| label == "self.hosted");
    build.job.self_hosted = Some(own);
    build.job.runners = labels
        .iter()
        .map(|label| Str::from(label.as_str()))
        .collect();

    let place = format!("bitbucket:{}/variable/", project.path);
    let mut handed = BTreeSet::new();
    let mut take =
        |build: &mut Build, text: &str, how: &str, receiver: Option<&str>, at: &Evidence| {
            let mut found = BTreeSet::new();
            for name in shell_variables(text) {
                if name.starts_with("BITBUCKET_STEP_OIDC") || !secret_like(&name) {
                    continue;
                }
                if let Some(cloud) = pipeline::cloud_key(&name) {
                    build.mark(format!("static-cloud-key:{cloud}"));
                }
                build.secret(&place, &name, how, receiver, at);
                handed.insert(name.clone());
                found.insert(name);
            }
            found
        };
    for key in ["script", "after-script"] {
        for line in step.list(key) {
            let at = pipeline::at(document, NAME, line);
            if let Some(text) = line.text() {
                take(&mut build, text, "script", None, &at);
                for assumed in of_script(text, &|text| [text.to_owned()].into(), &at) {
                    build.assume(assumed);
                }
                continue;
            }
            let Some(pipe) = line.str("pipe") else {
                continue;
            };
            let mut used = pipe_used(pipe, project, at.clone());
            let label = format!("pipe {pipe}");
            let receiver = (used.third_party != Some(false)).then_some(pipe);
            for (name, value) in line.get("variables").map_or(&[][..], Node::entries) {
                let text = value.text().unwrap_or_default();
                let at = pipeline::at(document, NAME, value);
                let how = format!("{name} of {label}");
                let found = take(&mut build, text, &how, receiver, &at);
                if !found.is_empty()
                    && let Some(cloud) = pipeline::cloud_key(name)
                {
                    build.mark(format!("static-cloud-key:{cloud}"));
                }
                used.secrets
                    .extend(found.iter().map(|n| Str::from(n.as_str())));
                if name == "AWS_OIDC_ROLE_ARN" {
                    build.assume(Assumed {
                        cloud: "aws".into(),
                        identity: pipeline::role_arn(text),
                        target: text.into(),
                        by: "oidc".into(),
                        audience: None,
                        seconds: None,
                        evidence: at,
                    });
                }
            }
            build.uses(used);
        }
    }
    let image = step.get("image").or_else(|| root.get("image"));
    if let Some(node) = image
        && let Some(text) = node.text().or_else(|| node.str("name"))
    {
        let at = pipeline::at(document, NAME, node);
        let mut used = pipeline::image(text, project.owner(), at);
        if used.name.starts_with("atlassian/") {
            used.third_party = Some(false);
        }
        used.secrets = handed.iter().map(|n| Str::from(n.as_str())).collect();
        build.uses(used);
    }
    if step.bool("oidc") == Some(true) {
        let workspace = project.owner().unwrap_or("*");
        build.token(Token {
            issuer: Some(
                format!(
                    "api.bitbucket.org/2.0/workspaces/{workspace}/pipelines-config/identity/oidc"
                )
                .into(),
            ),
            subject: "*:*".into(),
            audience: None,
            claims: BTreeMap::new(),
            evidence,
        });
        if build.job.assumes.is_empty() {
            build.mark("id-token-asked");
        }
    }
    build.finish(facts);
}

/// A pipe: an image that a tag names.
fn pipe_used(text: &str, project: &Project, evidence: Evidence) -> Used {
    let image = text.strip_prefix("docker://").unwrap_or(text);
    let mut used = pipeline::image(image, project.owner(), evidence);
    used.kind = "pipe".into();
    let owner = used.name.split('/').next().unwrap_or_default();
    if matches!(owner, "atlassian" | "bitbucketpipelines") {
        used.third_party = Some(false);
    }
    used.secrets = Set::new();
    used
}
