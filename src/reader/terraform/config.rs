//! What the files of a directory declare together.

use super::syntax::{Block, Body, Expr};
use std::collections::{BTreeMap, HashMap};

/// A file that was read.
pub(super) struct File<'d> {
    /// Its place among the documents.
    pub(super) number: u32,
    pub(super) name: &'d str,
    pub(super) body: Body<'d>,
}

/// Something that stands in a file.
#[derive(Clone, Copy)]
pub(super) struct Placed<T> {
    pub(super) file: u32,
    pub(super) it: T,
}

/// A variable's declaration.
#[derive(Clone, Copy)]
pub(super) struct Variable<'a> {
    pub(super) default: Option<&'a Expr<'a>>,
    pub(super) kind: Option<&'a Expr<'a>>,
}

/// A module: the configuration of one directory.
#[derive(Default)]
pub(super) struct Module<'a> {
    /// The directory, as the documents' paths have it.
    pub(super) directory: &'a str,
    pub(super) variables: BTreeMap<&'a str, Placed<Variable<'a>>>,
    pub(super) locals: HashMap<&'a str, Placed<&'a Expr<'a>>>,
    pub(super) outputs: BTreeMap<&'a str, Placed<&'a Expr<'a>>>,
    /// Resources and data sources, in the order of files.
    pub(super) resources: Vec<Placed<&'a Block<'a>>>,
    /// By whether it is a data source, type and name.
    pub(super) by_name: HashMap<(bool, &'a str, &'a str), usize>,
    pub(super) calls: Vec<Placed<&'a Block<'a>>>,
    pub(super) calls_by_name: HashMap<&'a str, usize>,
    pub(super) providers: Vec<Placed<&'a Block<'a>>>,
    pub(super) backends: Vec<Placed<&'a Block<'a>>>,
    pub(super) moved: Vec<Placed<&'a Block<'a>>>,
    pub(super) imports: Vec<Placed<&'a Block<'a>>>,
    /// Values of variables, the weakest first: what is loaded without being asked for.
    pub(super) values: Vec<Placed<&'a Body<'a>>>,
    /// Values of variables that only an option loads.
    pub(super) optional_values: Vec<Placed<&'a Body<'a>>>,
    /// A terragrunt.hcl.
    pub(super) terragrunt: Option<Placed<&'a Body<'a>>>,
}

/// Whether a file holds values of variables.
pub(super) fn is_values(name: &str) -> bool {
    name.ends_with(".tfvars") || name.ends_with(".tfvars.json")
}

/// Whether Terraform loads such a file without being asked.
fn loaded(name: &str) -> bool {
    matches!(name, "terraform.tfvars" | "terraform.tfvars.json")
        || name.ends_with(".auto.tfvars")
        || name.ends_with(".auto.tfvars.json")
}

impl<'a> Module<'a> {
    /// Puts the files of a directory together. They come in the order of their names. `values` are files of values
    /// from elsewhere, which nothing loads without being asked.
    pub(super) fn new(directory: &'a str, files: &[&'a File<'a>], values: &[&'a File<'a>]) -> Self {
        let mut module = Self {
            directory,
            ..Self::default()
        };
        let overriding = |file: &&&File<'_>| {
            let stem = file.name.split('.').next().unwrap_or_default();
            stem == "override" || stem.ends_with("_override")
        };
        for file in files.iter().filter(|file| !overriding(file)) {
            module.file(file);
        }
        // What overrides is looked up last, and its blocks stand for the ones they override.
        for file in files.iter().filter(overriding) {
            module.file(file);
        }
        let optional = values.iter().map(|file| Placed {
            file: file.number,
            it: &file.body,
        });
        module.optional_values.extend(optional);
        // terraform.tfvars is weaker than any *.auto.tfvars.
        let names: HashMap<u32, &str> = files.iter().map(|f| (f.number, f.name)).collect();
        let auto = |placed: &Placed<&Body<'_>>| {
            let name = names.get(&placed.file).copied().unwrap_or_default();
            name.contains(".auto.")
        };
        module.values.sort_by_key(auto);
        module
    }

    fn file(&mut self, file: &'a File<'a>) {
        let placed = |it| Placed {
            file: file.number,
            it,
        };
        if is_values(file.name) {
            let list = if loaded(file.name) {
                &mut self.values
            } else {
                &mut self.optional_values
            };
            list.push(placed(&file.body));
            return;
        }
        if file.name == "terragrunt.hcl" {
            self.terragrunt = Some(placed(&file.body));
            // Its locals are as good as the module's: what it generates is written with them.
            for block in file.body.blocks("locals") {
                self.block(file.number, block);
            }
            return;
        }
        for block in &file.body.blocks {
            self.block(file.number, block);
        }
    }

    fn block(&mut self, file: u32, block: &'a Block<'a>) {
        let placed = Placed { file, it: block };
        match &*block.kind {
            "resource" | "data" | "ephemeral" if block.labels.len() >= 2 => {
                let data = block.kind != "resource";
                let key = (data, block.label(0), block.label(1));
                self.by_name.insert(key, self.resources.len());
                self.resources.push(placed);
            }
            "module" if !block.labels.is_empty() => {
                self.calls_by_name.insert(block.label(0), self.calls.len());
                self.calls.push(placed);
            }
            "variable" => {
                let it = Variable {
                    default: block.body.attribute("default"),
                    kind: block.body.attribute("type"),
                };
                self.variables.insert(block.label(0), Placed { file, it });
            }
            "output" => {
                if let Some(it) = block.body.attribute("value") {
                    self.outputs.insert(block.label(0), Placed { file, it });
                }
            }
            "locals" => {
                for attribute in &block.body.attributes {
                    let it = &attribute.value;
                    self.locals.insert(&attribute.name, Placed { file, it });
                }
            }
            "provider" => self.providers.push(placed),
            "terraform" => {
                let backends = block.body.blocks.iter();
                let backends = backends.filter(|b| matches!(&*b.kind, "backend" | "cloud"));
                self.backends.extend(backends.map(|it| Placed { file, it }));
            }
            "moved" => self.moved.push(placed),
            "import" => self.imports.push(placed),
            // Nested data sources of checks are looked at like others.
            "check" => {
                for inner in block.body.blocks("data") {
                    self.block(file, inner);
                }
            }
            _ => {}
        }
    }

    /// Whether a directory is made to be applied by itself, even if others call it.
    pub(super) fn is_applied(&self) -> bool {
        !self.backends.is_empty() || !self.values.is_empty()
    }
}
