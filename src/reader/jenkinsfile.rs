//! Jenkinsfiles, declarative and scripted: what their text names of credentials, agents, libraries and roles.
//!
//! They are programs; nothing is run. What is written out is read, the rest stays unknown.

use super::Reader;
use super::pipeline::{self, Build, Project, of_script};
use crate::model::{
    Assumed, Document, Evidence, Facts, Platform, Probe, Problem, ProblemKind, Set, Str, Used,
};

/// Reads Jenkinsfiles.
pub struct Jenkinsfile;

/// The name in evidence and coverage.
const NAME: &str = "jenkinsfile";
/// As many calls of one kind are looked at.
const MANY: usize = 2_000;

impl Reader for Jenkinsfile {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        let name = probe.origin.file_name().to_ascii_lowercase();
        let text = ["md", "rst", "txt", "xml", "html", "yaml", "yml", "json"];
        if probe.binary || probe.has_extension(&text) {
            return false;
        }
        name.starts_with("jenkinsfile")
            || name.ends_with(".jenkinsfile")
            || name.ends_with(".groovy")
                && (probe.head_contains("pipeline {") || probe.head_contains("withCredentials("))
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut facts = Facts::default();
        let Ok(text) = std::str::from_utf8(document.bytes) else {
            let problem = Problem {
                path: document.origin.path.clone(),
                line: None,
                column: None,
                kind: ProblemKind::Malformed,
                reader: NAME,
                message: "not valid UTF-8".into(),
            };
            return (facts, vec![problem]);
        };
        let text = without_comments(text);
        job(document, &text, &mut facts);
        (facts, Vec::new())
    }
}

/// Replaces comments by blanks, so that lines stay. Quoted texts are kept.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut quote: Option<char> = None;
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(_), '\\') => {
                out.push(c);
                if let Some(next) = chars.next() {
                    out.push(next);
                }
            }
            (Some(open), c) => {
                if c == open {
                    quote = None;
                }
                out.push(c);
            }
            (None, '"' | '\'') => {
                quote = Some(c);
                out.push(c);
            }
            (None, '/') if chars.peek() == Some(&'/') && !out.ends_with(':') => {
                while chars.next_if(|c| *c != '\n').is_some() {}
            }
            (None, '/') if chars.peek() == Some(&'*') => {
                let mut before = ' ';
                for c in chars.by_ref() {
                    if c == '\n' {
                        out.push(c);
                    }
                    if before == '*' && c == '/' {
                        break;
                    }
                    before = c;
                }
            }
            (None, c) => out.push(c),
        }
    }
    out
}

/// The quoted text at the start of a text, after blanks and an opening bracket.
fn quoted(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches([' ', '(', '\t', '\n', ':', '=']);
    let open = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let triple: String = std::iter::repeat_n(open, 3).collect();
    let (inside, end) = match rest.strip_prefix(triple.as_str()) {
        Some(inside) => (inside, triple),
        None => (rest.get(1..)?, open.to_string()),
    };
    inside.get(..inside.find(end.as_str())?)
}

/// Every quoted text that follows a word, with where it stands.
fn following<'t>(text: &'t str, word: &str) -> Vec<(usize, &'t str)> {
    let mut out = Vec::new();
    for (at, _) in text.match_indices(word).take(MANY) {
        let before = text.get(..at).and_then(|t| t.chars().next_back());
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        if let Some(found) = text.get(at + word.len()..).and_then(quoted) {
            out.push((at, found));
        }
    }
    out
}

/// Lines of places in a text, asked for in any order.
struct Lines(Vec<usize>);

impl Lines {
    fn new(text: &str) -> Self {
        Self(memchr::memchr_iter(b'\n', text.as_bytes()).collect())
    }

    fn at(&self, document: &Document<'_>, offset: usize) -> Evidence {
        let line = self.0.partition_point(|end| *end < offset) + 1;
        document.at_line(NAME, u32::try_from(line).unwrap_or(u32::MAX))
    }
}

fn job(document: &Document<'_>, text: &str, facts: &mut Facts) {
    let file = document.origin.file_name();
    let project = Project::of(document.origin, file.len());
    let id = format!("jenkins:{}/job/{file}", project.path);
    let lines = Lines::new(text);
    let evidence = document.whole(NAME);
    let mut build = Build::new(Platform::Jenkins, &id, file, &project, evidence);
    build.derive("a program: what it works out when it runs is not known");
    facts
        .sources
        .push((NAME.into(), project.path.as_str().into()));

    let bound = [
        "credentialsId",
        "credentials",
        "withAWS(credentials",
        "sshagent",
        "usernameColonPassword",
    ];
    let place = "jenkins:credential/";
    for word in bound {
        for (at, name) in following(text, word) {
            let binding = binding(text, at);
            let how = match binding {
                Some(kind) => format!("{kind} binding"),
                None => word.trim_start_matches("withAWS(").to_owned(),
            };
            build.secret(place, name, &how, None, &lines.at(document, at));
            let aws = matches!(binding, Some("aws" | "AmazonWebServicesCredentialsBinding"))
                || binding.is_some_and(|kind| kind.contains("AmazonWebServices"))
                || word.starts_with("withAWS");
            if aws {
                build.mark("static-cloud-key:aws");
            }
            if binding == Some("azureServicePrincipal") {
                build.mark("static-cloud-key:azure");
            }
        }
    }
    // `sshagent(['id'])`, `sshagent(credentials: ['id'])`.
    for (at, _) in text.match_indices("sshagent").take(MANY) {
        let rest = text.get(at..).unwrap_or_default();
        let end = rest.find([')', '{']).unwrap_or(0);
        let inside = rest.get(..end).unwrap_or_default();
        if let Some(open) = inside.find('[')
            && let Some(name) = inside.get(open + 1..).and_then(quoted)
        {
            build.secret(place, name, "sshagent", None, &lines.at(document, at));
        }
    }
    // Variables whose names say what they hold: `AWS_SECRET_ACCESS_KEY = credentials('…')`.
    for (at, _) in following(text, "credentials") {
        let line = text.get(..at).unwrap_or_default();
        let line = line.rsplit('\n').next().unwrap_or_default();
        let name = line.trim().trim_end_matches(['=', ' ']);
        if let Some(cloud) = pipeline::cloud_key(name) {
            build.mark(format!("static-cloud-key:{cloud}"));
        }
    }
    for (at, name) in following(text, "variable")
        .into_iter()
        .chain(following(text, "secretKeyVariable"))
    {
        if let Some(cloud) = pipeline::cloud_key(name) {
            build.mark(format!("static-cloud-key:{cloud}"));
            let _ = at;
        }
    }
    roles(&mut build, document, text, &lines);
    agents(&mut build, document, text, &lines, &project);
    for (at, library) in following(text, "@Library") {
        let (name, version) = match library.split_once('@') {
            Some((name, version)) => (name, Some(version)),
            None => (library, None),
        };
        build.uses(Used {
            kind: "library".into(),
            name: name.into(),
            version: version.map(Into::into),
            pinned: version.is_some_and(pipeline::commit_like),
            // Which repository it is, the server's configuration says.
            third_party: Some(false),
            secrets: Set::new(),
            ambient: Set::new(),
            evidence: lines.at(document, at),
        });
    }
    for (word, trigger) in [
        ("changeRequest", "pull_request"),
        ("CHANGE_ID", "pull_request"),
        ("pollSCM", "push"),
        ("cron(", "schedule"),
        ("githubPush", "push"),
        ("issueCommentTrigger", "issue_comment"),
        ("upstream(", "upstream"),
    ] {
        if text.contains(word) {
            build.job.triggers.insert(trigger.into());
        }
    }
    build.finish(facts);
}

/// The kind of binding that a place stands in: the word before the bracket around it, on the same line.
fn binding(text: &str, at: usize) -> Option<&str> {
    let start = text.get(..at)?.rfind('\n').map_or(0, |at| at + 1);
    let line = text.get(start..at)?;
    let open = line.rfind(['(', '['])?;
    let before = line.get(..open)?.trim_end();
    let word = before
        .rfind(|c: char| !(c.is_alphanumeric() || c == '_'))
        .map_or(before, |at| before.get(at + 1..).unwrap_or_default());
    if word.is_empty() {
        let class = line
            .find("$class:")
            .and_then(|at| line.get(at + 7..))
            .and_then(quoted);
        return class;
    }
    Some(word).filter(|word| *word != "withCredentials")
}

fn roles(build: &mut Build, document: &Document<'_>, text: &str, lines: &Lines) {
    for (at, _) in text.match_indices("withAWS").take(MANY) {
        let rest = text.get(at..).unwrap_or_default();
        let end = rest.find('{').unwrap_or(rest.len().min(500));
        let inside = rest.get(..end).unwrap_or_default();
        let Some((_, role)) = following(inside, "role").into_iter().next() else {
            continue;
        };
        let account = following(inside, "roleAccount").into_iter().next();
        let whole = match account {
            Some((_, account)) if !role.starts_with("arn:") => {
                format!("arn:aws:iam::{account}:role/{role}")
            }
            _ => role.to_owned(),
        };
        build.assume(Assumed {
            cloud: "aws".into(),
            identity: pipeline::role_arn(&whole),
            target: whole.into(),
            by: "role".into(),
            audience: None,
            seconds: None,
            evidence: lines.at(document, at),
        });
    }
    for assumed in of_script(
        text,
        &|text| [text.to_owned()].into(),
        &document.whole(NAME),
    ) {
        build.assume(assumed);
    }
}

fn agents(
    build: &mut Build,
    document: &Document<'_>,
    text: &str,
    lines: &Lines,
    project: &Project,
) {
    for word in ["label", "node"] {
        for (_, label) in following(text, word) {
            build.job.runners.insert(Str::from(label));
        }
    }
    if text.contains("agent any") {
        build.job.runners.insert("any".into());
    }
    // A controller's agents are always one's own.
    build.job.self_hosted = Some(true);
    for word in ["image", "docker.image"] {
        for (at, image) in following(text, word) {
            let clean = !image.is_empty() && !image.contains([' ', '\n']);
            if clean {
                build.uses(pipeline::image(
                    image,
                    project.owner(),
                    lines.at(document, at),
                ));
            }
        }
    }
}
