//! Who a configuration says that what it makes belongs to: arguments of calls of modules, tags that providers give
//! everything, variables and locals of the root. The evidence is where the value stands: a variable's default or
//! file of values, a local, not each place that hands it on.

use super::config::{Module, Placed};
use super::eval::Scope;
use super::instance::Instance;
use super::syntax::{Block, Expr, ExprKind, Step};
use super::value::V;
use super::world::World;
use crate::model::{Container, ContainerKind, Label, LabelSource, Set, Str};
use std::rc::Rc;

/// How many references from a value to where it stands are followed.
const MAX_STEPS: usize = 24;
/// Longest value that is kept: longer ones are data.
const MAX_VALUE: usize = 256;
/// How many calls of modules around something are asked.
const MAX_CALLS: usize = 16;

/// Parts of names that speak of an owner, of what a thing is part of, or of its code.
const PARTS: [&str; 15] = [
    "owner",
    "owned",
    "team",
    "squad",
    "tribe",
    "support",
    "contact",
    "maintain",
    "responsible",
    "accountable",
    "businessunit",
    "servicearea",
    "department",
    "sourcecode",
    "createdby",
];
/// Whole names that do.
const WHOLE: [&str; 3] = ["application", "creator", "addedby"];
/// Names that hold one of those parts and speak of something else: who owns a repository or a table, at what
/// hours there is support, what a service is billed for.
const OTHERS: [&str; 14] = [
    "githubowner",
    "gitowner",
    "repositoryowner",
    "repoowner",
    "objectowner",
    "ownership",
    "ownerid",
    "schemaowner",
    "databaseowner",
    "supportlevel",
    "supportplan",
    "supporthours",
    "teams",
    "steam",
];

/// Whether a name speaks of an owner, of what a thing is part of, or of its code.
fn telling(name: &str) -> bool {
    let name: String = name
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    let other = OTHERS.iter().any(|other| name.contains(other));
    !other && (WHOLE.contains(&&*name) || PARTS.iter().any(|part| name.contains(part)))
}

/// Adds labels whose keys are not there.
pub(super) fn add(known: &mut Vec<Label>, more: impl IntoIterator<Item = Label>) {
    for label in more {
        if !known.iter().any(|k| k.key == label.key) {
            known.push(label);
        }
    }
}

impl<'a> World<'a> {
    /// The label that an argument is.
    fn label(&self, source: LabelSource, key: &str, value: &V, place: (u32, u32)) -> Option<Label> {
        let text = value.scalar().filter(|_| value.decided())?;
        let text = text.trim();
        if text.is_empty() || text.len() > MAX_VALUE {
            return None;
        }
        Some(Label {
            source,
            key: key.into(),
            value: text.into(),
            evidence: self.evidence(place.0, place.1),
        })
    }

    /// What the calls of modules around something say whose it is, the nearest first.
    pub(super) fn call_labels(&self, instance: &Rc<Instance<'a>>) -> Vec<Label> {
        let mut found: Vec<Label> = Vec::new();
        let mut inner = Rc::clone(instance);
        for _ in 0..MAX_CALLS {
            let Some((parent, call)) = inner.parent() else {
                break;
            };
            if let Some(scope) = inner.call_scope().filter(|_| call.it.kind == "module") {
                add(&mut found, self.argument_labels(call, scope));
            }
            inner = parent;
        }
        found
    }

    /// What the arguments of a call of a module say whose it is.
    pub(super) fn argument_labels(
        &self,
        call: Placed<&'a Block<'a>>,
        scope: Scope<'_, 'a>,
    ) -> Vec<Label> {
        let arguments = call.it.body.attributes.iter();
        arguments
            .filter(|argument| telling(&argument.name))
            .filter_map(|argument| {
                let value = self.eval(&argument.value, scope).v;
                let place = self.stands(&argument.value, &[], scope, 0);
                let place = place.unwrap_or((call.file, argument.line));
                self.label(LabelSource::ModuleInput, &argument.name, &value, place)
            })
            .collect()
    }

    /// Where an entry of a map of tags stands.
    pub(super) fn tag_place(
        &self,
        tags: &'a Expr<'a>,
        key: &str,
        scope: Scope<'_, 'a>,
    ) -> Option<(u32, u32)> {
        self.stands(tags, &[key], scope, 0)
    }

    /// The file and line where a value stands that an expression comes to, or a member of it.
    fn stands(
        &self,
        expr: &'a Expr<'a>,
        path: &[&str],
        scope: Scope<'_, 'a>,
        depth: usize,
    ) -> Option<(u32, u32)> {
        if depth > MAX_STEPS {
            return None;
        }
        let here = (scope.file, expr.line);
        match &expr.kind {
            ExprKind::Group(inner) => self.stands(inner, path, scope, depth + 1),
            ExprKind::Object(entries) => {
                let Some((first, rest)) = path.split_first() else {
                    return Some(here);
                };
                let mut entries = entries.iter().rev();
                let (_, value) = entries.find(|(key, _)| match &key.kind {
                    ExprKind::Text(text) | ExprKind::Name(text) => text == first,
                    _ => false,
                })?;
                self.stands(value, rest, scope, depth + 1)
            }
            // What comes later takes the place of what comes before.
            ExprKind::Call(name, arguments, false) if name == "merge" => {
                let mut arguments = arguments.iter().rev();
                arguments.find_map(|argument| self.stands(argument, path, scope, depth + 1))
            }
            ExprKind::Call(name, arguments, false)
                if matches!(
                    &**name,
                    "tomap" | "try" | "coalesce" | "lower" | "trimspace"
                ) =>
            {
                let first = arguments.first()?;
                self.stands(first, path, scope, depth + 1)
            }
            ExprKind::Template(parts) => match parts.as_slice() {
                [super::syntax::Part::Value(only)] => self.stands(only, path, scope, depth + 1),
                _ => path.is_empty().then_some(here),
            },
            ExprKind::Steps(base, steps) => {
                let ExprKind::Name(name) = &base.kind else {
                    return path.is_empty().then_some(here);
                };
                let mut members: Vec<&str> = Vec::with_capacity(steps.len());
                for step in steps {
                    match step {
                        Step::Member(name) => members.push(name),
                        Step::Index(Expr {
                            kind: ExprKind::Text(name),
                            ..
                        }) => members.push(name),
                        _ => return path.is_empty().then_some(here),
                    }
                }
                let (first, inside) = members.split_first()?;
                let path: Vec<&str> = inside.iter().chain(path).copied().collect();
                let found = match &**name {
                    "var" => self.variable_stands(scope.instance, first, &path, depth),
                    "local" => self.local_stands(scope.instance, first, &path, depth),
                    _ => None,
                };
                found.or_else(|| path.is_empty().then_some(here))
            }
            _ => path.is_empty().then_some(here),
        }
    }

    fn local_stands(
        &self,
        instance: &Rc<Instance<'a>>,
        name: &str,
        path: &[&str],
        depth: usize,
    ) -> Option<(u32, u32)> {
        let local = instance.module.locals.get(name)?;
        self.stands(local.it, path, Scope::of(instance, local.file), depth + 1)
    }

    fn variable_stands(
        &self,
        instance: &Rc<Instance<'a>>,
        name: &str,
        path: &[&str],
        depth: usize,
    ) -> Option<(u32, u32)> {
        if let Some((_, call)) = instance.parent()
            && call.it.kind == "module"
            && let Some(value) = call.it.body.attribute(name)
        {
            let scope = instance.call_scope()?;
            return self.stands(value, path, scope, depth + 1);
        }
        let module = instance.module;
        let given = module.values.iter().rev();
        let mut given = given.filter_map(|file| Some((file.file, file.it.attribute(name)?)));
        if let Some((file, value)) = given.next() {
            return self.stands(value, path, Scope::of(instance, file), depth + 1);
        }
        let declared = module.variables.get(name)?;
        let scope = Scope::of(instance, declared.file);
        self.stands(declared.it.default?, path, scope, depth + 1)
    }

    /// Whose everything is that a root makes, as its variables and locals say.
    pub(super) fn estate(&self, root: &Rc<Instance<'a>>) -> Option<Container> {
        let module: &'a Module<'a> = root.module;
        let mut labels: Set<Label> = Set::new();
        let source = LabelSource::ModuleInput;
        for name in module.variables.keys() {
            if telling(name) || *name == "namespace" {
                let value = self.variable(root, name).v;
                let place = self.variable_stands(root, name, &[], 0);
                let known = place.filter(|_| value.decided());
                labels.extend(known.and_then(|place| self.label(source, name, &value, place)));
            }
        }
        let mut locals: Vec<(&&str, &Placed<&'a Expr<'a>>)> = module.locals.iter().collect();
        locals.sort_by_key(|(name, local)| (local.file, local.it.line, **name));
        for (name, local) in locals {
            let scope = Scope::of(root, local.file);
            let mut add = |key: &str, value: &V, place: Option<(u32, u32)>| {
                let known = place.filter(|_| value.decided() && telling(key));
                let new = known.filter(|_| !labels.iter().any(|l| &*l.key == key));
                labels.extend(new.and_then(|place| self.label(source, key, value, place)));
            };
            let tags = name.contains("tags") || name.contains("labels");
            match &local.it.kind {
                ExprKind::Object(_) | ExprKind::Call(..) if tags => {
                    let value = self.eval(local.it, scope).v;
                    for (key, value) in value.entries().into_iter().flat_map(|map| map.iter()) {
                        add(key, &value.v, self.stands(local.it, &[key], scope, 0));
                    }
                }
                _ if telling(name) => {
                    let value = self.eval(local.it, scope).v;
                    add(name, &value, self.stands(local.it, &[], scope, 0));
                }
                _ => {}
            }
        }
        let inputs = module
            .terragrunt
            .and_then(|file| Some((file.file, file.it.attribute("inputs")?)));
        if let Some((file, inputs)) = inputs {
            let scope = Scope::of(root, file);
            let value = self.eval(inputs, scope).v;
            for (key, value) in value.entries().into_iter().flat_map(|map| map.iter()) {
                let place = self.stands(inputs, &[key], scope, 0);
                let known = place.filter(|_| telling(key) || **key == *"namespace");
                labels.extend(known.and_then(|place| self.label(source, key, &value.v, place)));
            }
        }
        let evidence = labels
            .iter()
            .filter(|label| &*label.key != "namespace")
            .map(|label| label.evidence.clone())
            .min()?;
        let name = match &*self.estate {
            "" => Str::from("."),
            _ => self.estate.clone(),
        };
        Some(Container {
            id: format!("terraform:{}", self.estate).into(),
            kind: ContainerKind::Estate,
            name,
            parent: None,
            labels,
            evidence,
        })
    }
}
