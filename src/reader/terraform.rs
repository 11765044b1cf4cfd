//! Terraform and OpenTofu configuration.
//!
//! The files of a directory are one module; modules that nobody calls are roots, and are worked out with everything
//! that they call. Expressions are resolved as far as files tell: literals, variables (default, `terraform.tfvars`,
//! `*.auto.tfvars`, arguments of the call), locals, functions, references to other resources and modules, to a depth
//! of 120 nested expressions and references. What is not known stays as `${…}` with the full address.
//!
//! What resources mean is said by [`super::resource`]. Beside what is written, the attributes of a resource hold
//! - `count`: what `count` comes to, `0` where the resource, or a module around it, is switched off;
//! - `moved_from`: the addresses that it had; `import`: the id by which it was taken over;
//! - `label`: the first label of a block that has one, and the name of a provider or backend.

use super::Reader;
use super::resource::{self, Resource};
use crate::model::{Container, Document, Facts, Probe, Problem, ProblemKind, Str};
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

mod config;
mod eval;
mod functions;
mod instance;
mod json;
mod known;
mod modules;
mod owners;
mod parse;
mod policy_document;
mod providers;
mod syntax;
mod terragrunt;
mod types;
mod value;
mod world;

#[cfg(test)]
mod tests;

use config::{File, Module};
use world::World;

/// Reads configuration.
pub struct Terraform;

/// The name in evidence and coverage, and the kind of source.
const NAME: &str = "terraform";
/// Files larger than this are no configuration that somebody wrote.
const LARGEST: usize = 32 << 20;
/// Steps of evaluation that one root may take, whatever the size of the configuration.
const MIN_STEPS: usize = 500_000;
/// Steps that one root may take at most.
const MAX_STEPS: usize = 10_000_000;

impl Reader for Terraform {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        let name = probe.origin.file_name();
        !probe.binary
            && (is_configuration(name) || is_template(name) || is_policy(name, probe.head))
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        self.read_together(std::slice::from_ref(document))
    }

    fn gathers(&self, document: &Document<'_>) -> bool {
        document.bytes.len() <= LARGEST
    }

    fn read_together(&self, documents: &[Document<'_>]) -> (Facts, Vec<Problem>) {
        let (resources, containers, mut problems) = resources(documents);
        let (mut facts, more) = resource::facts(&resources);
        problems.extend(more);
        facts.containers.extend(containers);
        let estates: BTreeSet<Str> = resources.iter().map(|r| r.estate.clone()).collect();
        let sources = estates.into_iter().map(|estate| (NAME.into(), estate));
        facts.sources.extend(sources);
        (facts, problems)
    }
}

/// Whether a file's name is one of configuration or of values for it.
fn is_configuration(name: &str) -> bool {
    const ENDINGS: [&str; 6] = [
        ".tf",
        ".tofu",
        ".tf.json",
        ".tofu.json",
        ".tfvars",
        ".tfvars.json",
    ];
    ENDINGS.iter().any(|ending| name.ends_with(ending)) || name == "terragrunt.hcl"
}

/// Whether a file is a template by its name.
fn is_template(name: &str) -> bool {
    const ENDINGS: [&str; 4] = [".tftpl", ".json.tpl", ".json.tmpl", ".json.template"];
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Whether a file is a policy document alone, which says something once configuration reads it: `file("x.json")`.
fn is_policy(name: &str, head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    let Some(inside) = head.trim_ascii_start().strip_prefix(b"{") else {
        return false;
    };
    let inside = inside.trim_ascii_start();
    let first = [&b"\"Version\""[..], b"\"Id\"", b"\"Statement\""];
    let has = |what: &[u8]| memchr::memmem::find(head, what).is_some();
    name.ends_with(".json")
        && first.iter().any(|first| inside.starts_with(first))
        && has(b"\"Statement\"")
        && has(b"\"Effect\"")
}

/// Everything that the files declare, root after root in the order of their directories.
fn resources(documents: &[Document<'_>]) -> (Vec<Resource>, Vec<Container>, Vec<Problem>) {
    let mut problems = Vec::new();
    let texts: Vec<(Cow<'_, str>, Option<u32>)> = documents
        .par_iter()
        .map(|document| match std::str::from_utf8(document.bytes) {
            Ok(text) => (Cow::Borrowed(text), None),
            Err(error) => {
                let before = document
                    .bytes
                    .get(..error.valid_up_to())
                    .unwrap_or_default();
                let line = memchr::memchr_iter(b'\n', before).count() + 1;
                let text = String::from_utf8_lossy(document.bytes);
                (text, Some(u32::try_from(line).unwrap_or(u32::MAX)))
            }
        })
        .collect();
    let read: Vec<(File<'_>, Vec<parse::Trouble>)> = (documents, &texts)
        .into_par_iter()
        .enumerate()
        .map(|(number, (document, (text, _)))| {
            let name = document.origin.file_name();
            let (body, trouble) = if !is_configuration(name) {
                Default::default()
            } else if name.ends_with(".json") {
                json::body(text, name)
            } else {
                parse::body(text)
            };
            let file = File {
                number: u32::try_from(number).unwrap_or(u32::MAX),
                name,
                body,
            };
            (file, trouble)
        })
        .collect();
    for ((document, (_, invalid)), (_, trouble)) in documents.iter().zip(&texts).zip(&read) {
        if let Some(line) = invalid {
            let message = "not valid UTF-8: what is not was replaced";
            problems.push(problem(
                document,
                Some(*line),
                ProblemKind::Malformed,
                message,
            ));
        }
        for trouble in trouble {
            let kind = if trouble.limit {
                ProblemKind::Limited
            } else {
                ProblemKind::Malformed
            };
            problems.push(problem(document, Some(trouble.line), kind, trouble.message));
        }
    }
    let written = terragrunt::generated(documents, &read);
    let generated: Vec<File<'_>> = written
        .iter()
        .map(|(number, text)| File {
            number: *number,
            name: "generated.tf",
            body: parse::body(text).0,
        })
        .collect();
    let mut directories: BTreeMap<&str, Vec<&File<'_>>> = BTreeMap::new();
    let files = read.iter().map(|(file, _)| file).chain(&generated);
    for file in files.filter(|file| is_configuration(file.name)) {
        let Some(document) = documents.get(file.number as usize) else {
            continue;
        };
        let directory = modules::directory(&document.origin.path);
        directories.entry(directory).or_default().push(file);
    }
    let values = values_of_roots(&directories);
    let modules: BTreeMap<&str, Module<'_>> = directories
        .par_iter()
        .filter(|(directory, _)| !values.is_moved(directory))
        .map(|(directory, files)| {
            (
                *directory,
                Module::new(directory, files, values.of(directory)),
            )
        })
        .collect();
    let by_path: BTreeMap<&str, &str> = documents
        .iter()
        .zip(&texts)
        .map(|(document, (text, _))| {
            let path = &*document.origin.path;
            (path.strip_prefix("./").unwrap_or(path), &**text)
        })
        .collect();
    let templates: BTreeMap<&str, syntax::Expr<'_>> = documents
        .par_iter()
        .zip(&texts)
        .filter(|(document, _)| !is_configuration(document.origin.file_name()))
        .filter_map(|(document, (text, _))| {
            let path = &*document.origin.path;
            let path = path.strip_prefix("./").unwrap_or(path);
            Some((path, parse::template(text, 1)?))
        })
        .collect();
    let all = Configuration {
        templates: &templates,
        documents,
        modules: &modules,
        texts: &by_path,
        estates: estates(documents, &directories),
    };
    let (resources, containers, more) = all.roots();
    problems.extend(more);
    (resources, containers, problems)
}

/// Values for variables in directories of their own (`envs/prod.tfvars`), which belong to the configuration above.
#[derive(Default)]
struct Values<'a> {
    moved: BTreeSet<&'a str>,
    by_root: BTreeMap<&'a str, Vec<&'a File<'a>>>,
}

impl<'a> Values<'a> {
    fn is_moved(&self, directory: &str) -> bool {
        self.moved.contains(directory)
    }

    fn of(&self, directory: &str) -> &[&'a File<'a>] {
        self.by_root.get(directory).map_or(&[], Vec::as_slice)
    }
}

fn values_of_roots<'a>(directories: &BTreeMap<&'a str, Vec<&'a File<'a>>>) -> Values<'a> {
    let mut values = Values::default();
    let only_values = |files: &Vec<&File<'_>>| files.iter().all(|f| config::is_values(f.name));
    for (&directory, files) in directories {
        if !only_values(files) {
            continue;
        }
        let mut above = terragrunt::parents(directory).take(3);
        let root = above.find(|above| {
            let files = directories.get(above);
            files.is_some_and(|files| !only_values(files))
        });
        if let Some(root) = root {
            values.moved.insert(directory);
            values.by_root.entry(root).or_default().extend(files);
        }
    }
    values
}

/// The names of directories as estates: their paths below what the user named, unless two have the same.
fn estates<'d>(
    documents: &'d [Document<'_>],
    directories: &BTreeMap<&'d str, Vec<&File<'d>>>,
) -> BTreeMap<&'d str, Str> {
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    let mut taken: BTreeMap<&str, usize> = BTreeMap::new();
    for (directory, files) in directories {
        let document = files
            .first()
            .and_then(|file| documents.get(file.number as usize));
        let below = document.map_or(*directory, |document| {
            match document.origin.below_root().rsplit_once('/') {
                Some((below, _)) => below,
                // Of what lies at the top the root's own name tells most.
                None => directory.rsplit('/').next().unwrap_or(directory),
            }
        });
        names.insert(directory, below);
        *taken.entry(below).or_default() += 1;
    }
    let unique = |(directory, below): (&'d str, &str)| {
        let several = taken.get(below).is_some_and(|count| *count > 1);
        let name = if several { directory } else { below };
        (directory, Str::from(name))
    };
    names.into_iter().map(unique).collect()
}

/// All that was parsed.
struct Configuration<'a> {
    documents: &'a [Document<'a>],
    modules: &'a BTreeMap<&'a str, Module<'a>>,
    texts: &'a BTreeMap<&'a str, &'a str>,
    templates: &'a BTreeMap<&'a str, syntax::Expr<'a>>,
    estates: BTreeMap<&'a str, Str>,
}

/// What came of one root.
struct Root<'a> {
    directory: &'a str,
    resources: Vec<Resource>,
    container: Option<Container>,
    limits: Vec<&'static str>,
    notes: BTreeSet<(u32, u32, &'static str)>,
    reached: BTreeSet<&'a str>,
}

impl<'a> Configuration<'a> {
    /// Works out every root. A directory is one if nobody calls it, or if it is made to be applied by itself; what
    /// only calls itself in a circle is entered somewhere.
    fn roots(&self) -> (Vec<Resource>, Vec<Container>, Vec<Problem>) {
        let mut called: BTreeSet<String> = BTreeSet::new();
        for module in self.modules.values() {
            for call in &module.calls {
                let source = modules::source(call.it).unwrap_or_default();
                called.extend(modules::local_path(module.directory, source));
            }
            called.extend(terragrunt::target(module));
        }
        let mut roots: Vec<&Module<'a>> = self
            .modules
            .values()
            .filter(|module| !called.contains(module.directory) || module.is_applied())
            .collect();
        let mut done: Vec<Root<'a>> = Vec::new();
        let mut reached: BTreeSet<&str> = BTreeSet::new();
        let bytes: usize = self.documents.iter().map(|d| d.bytes.len()).sum();
        let steps = bytes.saturating_mul(50) / roots.len().max(1);
        let steps = steps.clamp(MIN_STEPS, MAX_STEPS);
        loop {
            let read = roots.par_iter().map(|module| self.root(module, steps));
            let read: Vec<Root<'a>> = read.collect();
            for root in read {
                reached.extend(root.reached.iter().copied());
                done.push(root);
            }
            let rest = self.modules.values();
            roots = rest
                .filter(|module| !reached.contains(module.directory))
                .take(1)
                .collect();
            if roots.is_empty() {
                break;
            }
        }
        done.sort_by_key(|root| root.directory);
        let mut resources = Vec::new();
        let mut containers = Vec::new();
        let mut problems = BTreeSet::new();
        for root in done {
            resources.extend(root.resources);
            containers.extend(root.container);
            for limit in root.limits {
                let path = Str::from(root.directory);
                problems.insert(Problem {
                    path,
                    line: None,
                    column: None,
                    kind: ProblemKind::Limited,
                    reader: NAME,
                    message: limit.into(),
                });
            }
            for (file, line, note) in root.notes {
                if let Some(document) = self.documents.get(file as usize) {
                    problems.insert(problem(document, Some(line), ProblemKind::Note, note));
                }
            }
        }
        (resources, containers, problems.into_iter().collect())
    }

    fn root(&self, module: &'a Module<'a>, steps: usize) -> Root<'a> {
        let estate = self.estates.get(module.directory);
        let estate = estate.map_or_else(|| module.directory.into(), Str::clone);
        let world = World::new(
            self.modules,
            self.texts,
            self.templates,
            self.documents,
            estate,
            steps,
        );
        let resources = world.run(module);
        Root {
            directory: module.directory,
            resources,
            container: world.container.take(),
            limits: world.limits(),
            notes: world.notes.take(),
            reached: world.reached.take(),
        }
    }
}

fn problem(
    document: &Document<'_>,
    line: Option<u32>,
    kind: ProblemKind,
    message: &str,
) -> Problem {
    Problem {
        path: document.origin.path.clone(),
        line,
        column: None,
        kind,
        reader: NAME,
        message: message.into(),
    }
}
