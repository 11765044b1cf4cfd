//! Terragrunt: a file beside, or instead of, a root module that gives it inputs and writes parts of it.

use super::super::resource::Resource;
use super::Document;
use super::config::{File, Placed};
use super::eval::Scope;
use super::instance::{Instance, Provider};
use super::parse::Trouble;
use super::syntax::{Block, Body, Expr, ExprKind, Part, Step};
use super::value::{V, Val};
use super::world::World;
use std::rc::Rc;

/// How far up files are included from.
const MAX_INCLUDES: u32 = 8;

/// The texts that `generate` blocks write, with the number of the file that does: its own, and what it includes.
pub(super) fn generated(
    documents: &[Document<'_>],
    files: &[(File<'_>, Vec<Trouble>)],
) -> Vec<(u32, String)> {
    let mut by_directory = std::collections::BTreeMap::new();
    for (file, _) in files {
        if file.name == "terragrunt.hcl"
            && let Some(document) = documents.get(file.number as usize)
        {
            let directory = super::modules::directory(&document.origin.path);
            by_directory.insert(directory, file);
        }
    }
    let mut out = Vec::new();
    for (&directory, &file) in &by_directory {
        let mut bodies = vec![&file.body];
        if includes(&file.body) {
            let above = parents(directory).take(MAX_INCLUDES as usize);
            let found = above.filter_map(|directory| by_directory.get(directory));
            bodies.extend(found.map(|file| &file.body).next());
        }
        for body in bodies {
            for block in body.blocks("generate") {
                let text = block.body.attribute("contents").and_then(text);
                out.extend(text.map(|text| (file.number, text)));
            }
        }
    }
    out
}

/// The directory of the module that a terragrunt.hcl works with, where it is a local one.
pub(super) fn target(module: &super::config::Module<'_>) -> Option<String> {
    let block = module.terragrunt?.it.blocks("terraform").next()?;
    super::modules::local_path(module.directory, super::modules::source(block)?)
}

fn includes(body: &Body<'_>) -> bool {
    body.blocks("include").next().is_some()
}

/// The directories around a directory, innermost first.
pub(super) fn parents(directory: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(directory), |directory| {
        match directory.rsplit_once('/') {
            Some((above, _)) => Some(above),
            None if *directory != "." => Some("."),
            None => None,
        }
    })
    .skip(1)
}

/// The text of a template, references in it as they were written: they mean the same where it ends up.
fn text(expr: &Expr<'_>) -> Option<String> {
    match &expr.kind {
        ExprKind::Text(text) => Some((**text).to_owned()),
        ExprKind::Template(parts) => {
            let mut out = String::new();
            for part in parts {
                match part {
                    Part::Text(text) => out.push_str(text),
                    Part::Value(value) => {
                        let reference = reference(value).unwrap_or_else(|| "terragrunt".to_owned());
                        out.push_str("${");
                        out.push_str(&reference);
                        out.push('}');
                    }
                    Part::If(..) | Part::For(_) => {}
                }
            }
            Some(out)
        }
        _ => None,
    }
}

fn reference(expr: &Expr<'_>) -> Option<String> {
    match &expr.kind {
        ExprKind::Name(name) => Some((**name).to_owned()),
        ExprKind::Steps(base, steps) => {
            let mut out = reference(base)?;
            for step in steps {
                let Step::Member(name) = step else {
                    return None;
                };
                out.push('.');
                out.push_str(name);
            }
            Some(out)
        }
        _ => None,
    }
}

impl<'a> World<'a> {
    /// What a terragrunt.hcl, or one that it includes, gives a variable.
    pub(super) fn input(&self, root: &Rc<Instance<'a>>, name: &str) -> Option<Val> {
        let file = root.module.terragrunt?;
        let own = self.input_of(root, file, name);
        if own.is_some() || !includes(file.it) {
            return own;
        }
        let mut above = parents(root.module.directory).take(MAX_INCLUDES as usize);
        let file = above.find_map(|directory| self.modules.get(directory)?.terragrunt)?;
        self.input_of(root, file, name)
    }

    fn input_of(
        &self,
        root: &Rc<Instance<'a>>,
        file: Placed<&'a Body<'a>>,
        name: &str,
    ) -> Option<Val> {
        let inputs = file.it.attribute("inputs")?;
        let scope = Scope::of(root, file.file);
        if let ExprKind::Object(entries) = &inputs.kind {
            let mut entries = entries.iter().rev();
            let is = |key: &Expr<'_>| matches!(&key.kind, ExprKind::Text(text) if text == name);
            let (_, value) = entries.find(|(key, _)| is(key))?;
            return Some(self.eval(value, scope));
        }
        match self.eval(inputs, scope).v {
            V::Map(map) => map.get(name).cloned(),
            _ => None,
        }
    }

    /// What a terragrunt.hcl calls that is not here, as the call of a module.
    pub(super) fn terragrunt_module(&self, root: &Rc<Instance<'a>>) -> Option<Resource> {
        let file = root.module.terragrunt?;
        let block: &'a Block<'a> = file.it.blocks("terraform").next()?;
        let source = super::modules::source(block)?;
        if super::modules::local_path(root.module.directory, source).is_some() {
            return None;
        }
        let block = Placed {
            file: file.file,
            it: block,
        };
        let scope = Scope::of(root, file.file);
        let mut values = match file.it.attribute("inputs").map(|it| self.eval(it, scope).v) {
            Some(V::Map(map)) => (*map).clone(),
            _ => super::value::Map::new(),
        };
        values.insert("source".into(), V::text(source).val());
        let address = "terragrunt".to_owned();
        let provider: Rc<Provider> = self.provider_for(root, "aws");
        let made = self.made(root, block, "module".to_owned(), address, values, &provider);
        Some(Resource {
            data: false,
            ..made.resource
        })
    }
}
