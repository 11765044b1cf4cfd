//! Manifests that are neither YAML nor JSON.

use super::{Named, spelled};
use quick_xml::events::Event;
use serde::Deserialize;
use toml::Spanned;

#[derive(Deserialize, Default)]
#[serde(default)]
struct Project {
    name: Option<Loose>,
    authors: Vec<Spanned<Loose>>,
    maintainers: Vec<Spanned<Loose>>,
}

/// A person as a text or a table; anything else is nobody.
#[derive(Deserialize)]
#[serde(untagged)]
enum Loose {
    Text(String),
    Table {
        name: Option<String>,
        email: Option<String>,
    },
    Other(serde::de::IgnoredAny),
}

impl Loose {
    fn person(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Table { name, email } => spelled(name.as_deref(), email.as_deref(), None),
            Self::Other(_) => None,
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Cargo {
    package: Option<Project>,
    workspace: Option<Workspace>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Workspace {
    package: Option<Project>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Pyproject {
    project: Option<Project>,
    tool: Tool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Tool {
    poetry: Option<Project>,
}

pub(super) fn cargo(bytes: &[u8]) -> Named {
    // `authors.workspace = true` is no list: such a crate is left to its workspace's manifest.
    let text = String::from_utf8_lossy(bytes);
    let text = text.replace("authors.workspace", "authors-of");
    let cargo: Cargo = toml::from_str(&text).unwrap_or_default();
    let workspace = cargo.workspace.and_then(|workspace| workspace.package);
    projects([cargo.package, workspace], &text)
}

pub(super) fn pyproject(bytes: &[u8]) -> Named {
    let text = String::from_utf8_lossy(bytes);
    let pyproject: Pyproject = toml::from_str(&text).unwrap_or_default();
    projects([pyproject.project, pyproject.tool.poetry], &text)
}

fn projects(projects: [Option<Project>; 2], text: &str) -> Named {
    let mut named = Named::default();
    for project in projects.into_iter().flatten() {
        if let (None, Some(Loose::Text(name))) = (&named.name, &project.name) {
            named.name = Some(name.clone());
        }
        for person in project.maintainers.iter().chain(&project.authors) {
            named.add(person.get_ref().person(), line(text, person.span().start));
        }
    }
    named
}

fn line(text: &str, at: usize) -> u32 {
    let before = text.as_bytes().get(..at).unwrap_or_default();
    u32::try_from(memchr::memchr_iter(b'\n', before).count() + 1).unwrap_or(u32::MAX)
}

/// The section `[metadata]`, where each key stands on a line.
pub(super) fn setup_cfg(bytes: &[u8]) -> Named {
    let text = String::from_utf8_lossy(bytes);
    let mut named = Named::default();
    let mut inside = false;
    let mut people: [(Option<&str>, Option<&str>, u32); 2] = [(None, None, 1); 2];
    for (number, line) in (1u32..).zip(text.lines()) {
        if let Some(section) = line.strip_prefix('[') {
            inside = section.trim_end() == "metadata]";
            continue;
        }
        let Some((key, value)) = line.split_once(['=', ':']).filter(|_| inside) else {
            continue;
        };
        let value = Some(value.trim()).filter(|value| !value.is_empty());
        let [maintainer, author] = &mut people;
        match key.trim().replace('-', "_").as_str() {
            "name" => named.name = value.map(str::to_owned),
            "maintainer" => (maintainer.0, maintainer.2) = (value, number),
            "maintainer_email" => (maintainer.1, maintainer.2) = (value, number),
            "author" => (author.0, author.2) = (value, number),
            "author_email" => (author.1, author.2) = (value, number),
            _ => {}
        }
    }
    for (name, mail, line) in people {
        named.add(spelled(name, mail, None), line);
    }
    named
}

/// `project/developers/developer`, and the project's own name.
pub(super) fn maven(bytes: &[u8]) -> Named {
    let text = String::from_utf8_lossy(bytes);
    let mut named = Named::default();
    let mut reader = quick_xml::Reader::from_str(&text);
    let mut path: Vec<String> = Vec::new();
    let mut person: [Option<String>; 3] = [None, None, None];
    let mut line_of = 1;
    loop {
        let event = reader.read_event();
        match event {
            Ok(Event::Start(tag)) => {
                path.push(tag.local_name().as_ref().to_owned());
                if path.len() > 64 {
                    return named;
                }
                if is(&path, &["project", "developers", "developer"]) {
                    person = [None, None, None];
                    let at = usize::try_from(reader.buffer_position()).unwrap_or_default();
                    line_of = line(&text, at);
                }
            }
            Ok(Event::Text(text)) => {
                let text = text.as_ref().trim().to_owned();
                if is(&path, &["project", "artifactId"]) {
                    named.name = Some(text);
                } else if let Some((field, around)) = path.split_last()
                    && is(around, &["project", "developers", "developer"])
                {
                    let [name, mail, organization] = &mut person;
                    match field.as_str() {
                        "name" => *name = Some(text),
                        "email" => *mail = Some(text),
                        "organization" => *organization = Some(text),
                        _ => {}
                    }
                }
            }
            Ok(Event::End(_)) => {
                if is(&path, &["project", "developers", "developer"]) {
                    let [name, mail, organization] = &person;
                    let name = name.as_deref().or(organization.as_deref());
                    named.add(spelled(name, mail.as_deref(), None), line_of);
                }
                path.pop();
            }
            Ok(Event::Eof) | Err(_) => return named,
            Ok(_) => {}
        }
    }
}

fn is(path: &[String], wanted: &[&str]) -> bool {
    path.len() == wanted.len() && path.iter().zip(wanted).all(|(part, wanted)| part == wanted)
}
