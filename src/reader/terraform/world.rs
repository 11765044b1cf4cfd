//! One root module with everything below it, while it is worked out.
//!
//! Everything is worked out when it is first asked for and then remembered. What asks for itself is not known.
//! Work is bounded: expressions nest and refer on to 120 levels, one root may take so many steps (as many more as there
//! is more configuration) and make so many instances; beyond that things stay symbolic, and a problem says so.

use super::config::Module;
use super::eval::{Scope, written};
use super::instance::{Instance, State};
use super::syntax::{Expr, Step};
use super::value::{Map, Object, Text, V, Val, What};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// How deep expressions and what they refer to are followed, together.
const MAX_DEPTH: u32 = 120;
/// Largest value of a local, a variable or an output.
const MAX_SIZE: usize = 100_000;

/// The state of an evaluation.
pub(super) struct World<'a> {
    /// All directories with configuration, by path.
    pub(super) modules: &'a BTreeMap<&'a str, Module<'a>>,
    /// Texts of files that `file()` may read, by path.
    pub(super) texts: &'a BTreeMap<&'a str, &'a str>,
    /// Templates that `templatefile()` may render, by path.
    pub(super) templates: &'a BTreeMap<&'a str, Expr<'a>>,
    pub(super) instances: RefCell<Vec<Rc<Instance<'a>>>>,
    pub(super) resources: Cell<usize>,
    /// The estate's name where an account should stand that no file tells.
    pub(super) estate: super::Str,
    pub(super) documents: &'a [super::Document<'a>],
    /// Steps that are left.
    steps: Cell<usize>,
    depth: Cell<u32>,
    /// How many expressions could not be worked out though everything in them was known.
    pub(super) faults: Cell<usize>,
    limits: RefCell<BTreeSet<&'static str>>,
    /// Directories that calls reached.
    pub(super) reached: RefCell<BTreeSet<&'a str>>,
    pub(super) notes: RefCell<BTreeSet<(u32, u32, &'static str)>>,
    /// Whose everything of the root is, once that is worked out.
    pub(super) container: RefCell<Option<crate::model::Container>>,
}

/// One level deeper; dropped on the way back.
pub(super) struct Deeper<'w>(&'w Cell<u32>);

impl Drop for Deeper<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

impl<'a> World<'a> {
    pub(super) fn new(
        modules: &'a BTreeMap<&'a str, Module<'a>>,
        texts: &'a BTreeMap<&'a str, &'a str>,
        templates: &'a BTreeMap<&'a str, Expr<'a>>,
        documents: &'a [super::Document<'a>],
        estate: super::Str,
        steps: usize,
    ) -> Self {
        Self {
            modules,
            texts,
            templates,
            instances: RefCell::default(),
            resources: Cell::new(0),
            estate,
            documents,
            steps: Cell::new(steps),
            depth: Cell::new(0),
            faults: Cell::new(0),
            limits: RefCell::default(),
            reached: RefCell::default(),
            notes: RefCell::default(),
            container: RefCell::default(),
        }
    }

    /// Goes a level deeper; `None` where that is too deep or too much was done.
    pub(super) fn enter(&self) -> Option<Deeper<'_>> {
        self.charge(1);
        if self.spent() {
            return None;
        }
        if self.depth.get() >= MAX_DEPTH {
            self.limit("references and expressions deeper than 120 levels stay symbolic");
            return None;
        }
        self.depth.set(self.depth.get() + 1);
        Some(Deeper(&self.depth))
    }

    /// Counts work that is not an expression.
    pub(super) fn charge(&self, steps: usize) {
        self.steps.set(self.steps.get().saturating_sub(steps));
    }

    /// Whether too much was done.
    pub(super) fn spent(&self) -> bool {
        let spent = self.steps.get() == 0;
        if spent {
            self.limit("too many steps of evaluation; the rest stays symbolic");
        }
        spent
    }

    pub(super) fn limit(&self, what: &'static str) {
        if !self.limits.borrow().contains(what) {
            self.limits.borrow_mut().insert(what);
        }
    }

    pub(super) fn limits(&self) -> Vec<&'static str> {
        self.limits.borrow().iter().copied().collect()
    }

    /// An expression that Terraform itself would refuse.
    pub(super) fn fault(&self) {
        self.faults.set(self.faults.get() + 1);
    }

    pub(super) fn instance(&self, id: usize) -> Option<Rc<Instance<'a>>> {
        self.instances.borrow().get(id).cloned()
    }

    /// A value that many may refer to: not too large.
    fn bounded(&self, value: Val, symbol: impl FnOnce() -> String) -> Val {
        let size = value.v.size(MAX_SIZE);
        self.charge(size / 8);
        if size > MAX_SIZE {
            self.limit("a value of more than 100,000 parts stays symbolic");
            return V::unknown(symbol()).val();
        }
        value
    }

    /// What a reference names, and how many of the steps after its first name it takes.
    pub(super) fn reference(
        &self,
        name: &'a str,
        steps: &'a [Step<'a>],
        scope: Scope<'_, 'a>,
    ) -> (V, usize) {
        let member = |at: usize| match steps.get(at) {
            Some(Step::Member(name)) => Some(&**name),
            Some(Step::Index(Expr {
                kind: super::syntax::ExprKind::Text(name),
                ..
            })) => Some(&**name),
            _ => None,
        };
        let instance = scope.instance;
        let unknown = |tail: &str| V::unknown(format!("{}{name}{tail}", instance.prefix));
        let Some(first) = member(0) else {
            return (unknown(""), 0);
        };
        let value = match name {
            "var" => self.variable(instance, first).v,
            "local" => self.local(instance, first).v,
            "each" => match (first, scope.iteration) {
                ("key", Some(it)) if !it.key.v.is_null() => it.key.v.clone(),
                ("value", Some(it)) if !it.key.v.is_null() => it.value.v.clone(),
                _ => V::unknown(format!("each.{first}")),
            },
            "count" => match scope.iteration.and_then(|it| it.count) {
                Some(index) => V::Number(f64::from(index)),
                None => V::unknown("count.index"),
            },
            "path" => match first {
                "module" => V::text(instance.module.directory),
                "root" => match self.instance(0) {
                    Some(root) => V::text(root.module.directory),
                    None => unknown(".root"),
                },
                "cwd" => V::text("."),
                _ => unknown(""),
            },
            "terraform" | "self" | "ephemeral" => V::unknown(format!("{name}.{first}")),
            "module" => {
                let address = format!("{}module.{first}", instance.prefix);
                match instance.module.calls_by_name.get(first) {
                    Some(&call) => V::Object(Rc::new(Object {
                        instance: instance.id,
                        what: What::Module(call),
                        address: address.into(),
                    })),
                    None => V::unknown(address),
                }
            }
            _ => {
                let data = name == "data";
                let skip = usize::from(data);
                let kind = if data { first } else { name };
                let Some(label) = member(skip) else {
                    return (unknown(""), 0);
                };
                let prefix = if data { "data." } else { "" };
                let address = format!("{}{prefix}{kind}.{label}", instance.prefix);
                let found = instance.module.by_name.get(&(data, kind, label));
                let value = match found {
                    Some(&resource) => V::Object(Rc::new(Object {
                        instance: instance.id,
                        what: What::Resource(resource),
                        address: address.into(),
                    })),
                    None => V::unknown(address),
                };
                return (value, skip + 1);
            }
        };
        (value, 1)
    }

    pub(super) fn variable(&self, instance: &Rc<Instance<'a>>, name: &str) -> Val {
        let symbol = || format!("{}var.{name}", instance.prefix);
        let Some((&name, declared)) = instance.module.variables.get_key_value(name) else {
            return V::unknown(symbol()).val();
        };
        self.once(&instance.variables, name, symbol, || {
            let value = instance.argument(self, name).filter(|value| {
                // An argument that is null means the default, but where null is what the default is anyway.
                !value.v.is_null()
            });
            let kind = declared.it.kind;
            let scope = Scope::of(instance, declared.file);
            let value = match (value, declared.it.default) {
                (Some(value), _) => value,
                (None, Some(default)) => self.eval(default, scope),
                (None, None) => return V::unknown(symbol()).val(),
            };
            match kind {
                Some(kind) => super::types::convert(self, value, kind, scope),
                None => value,
            }
        })
    }

    fn local(&self, instance: &Rc<Instance<'a>>, name: &str) -> Val {
        let symbol = || format!("{}local.{name}", instance.prefix);
        let Some((&name, declared)) = instance.module.locals.get_key_value(name) else {
            return V::unknown(symbol()).val();
        };
        self.once(&instance.locals, name, symbol, || {
            self.eval(declared.it, Scope::of(instance, declared.file))
        })
    }

    pub(super) fn output(&self, instance: &Rc<Instance<'a>>, name: &str) -> Val {
        let symbol = || format!("{}{name}", instance.prefix);
        let Some((&name, declared)) = instance.module.outputs.get_key_value(name) else {
            return V::unknown(symbol()).val();
        };
        self.once(&instance.outputs, name, symbol, || {
            self.eval(declared.it, Scope::of(instance, declared.file))
        })
    }

    /// Works a value out once; what asks for itself meanwhile is told that it is not known.
    fn once(
        &self,
        memo: &RefCell<std::collections::HashMap<&'a str, State<Val>>>,
        name: &'a str,
        symbol: impl Fn() -> String,
        work: impl FnOnce() -> Val,
    ) -> Val {
        if let Some(state) = memo.borrow().get(name) {
            return match state {
                State::Done(value) => value.clone(),
                State::Doing => V::unknown(symbol()).val(),
            };
        }
        memo.borrow_mut().insert(name, State::Doing);
        let value = self.bounded(work(), &symbol);
        memo.borrow_mut().insert(name, State::Done(value.clone()));
        value
    }

    /// A member of a value.
    pub(super) fn member(&self, value: &V, name: &str) -> V {
        match value {
            V::Map(map) => match map.get(name) {
                Some(value) => value.v.clone(),
                None => self.absent(value, &format!(".{name}")),
            },
            V::List(items) | V::Set(items) => match name.parse::<usize>() {
                Ok(at) => items
                    .get(at)
                    .map_or_else(|| self.absent(value, &format!("[{at}]")), |v| v.v.clone()),
                Err(_) => self.absent(value, &format!(".{name}")),
            },
            V::Object(object) => self.object_member(object, name),
            V::Unknown(symbol) => V::unknown(format!("{symbol}.{name}")),
            V::Text(text) if super::super::resource::symbolic(text) => {
                V::unknown(format!("{}.{name}", written(value)))
            }
            _ => self.absent(value, &format!(".{name}")),
        }
    }

    /// A member that is not there: not known where others of the value are not, else a fault.
    fn absent(&self, value: &V, step: &str) -> V {
        self.charge(value.size(1000));
        let open = match value {
            V::Map(map) => map.keys().any(|k| super::super::resource::symbolic(k)),
            V::List(items) | V::Set(items) => items.iter().any(|i| matches!(i.v, V::Unknown(_))),
            _ => false,
        };
        if !open {
            self.fault();
        }
        V::unknown(format!("{}{step}", written(value)))
    }

    pub(super) fn index(&self, value: &V, index: &V) -> V {
        match (value, index) {
            (V::List(items) | V::Set(items), index) => {
                let Some(number) = index.number().filter(|n| *n >= 0.0) else {
                    return V::unknown(format!("{}[{}]", written(value), written(index)));
                };
                // A non-negative number that a list is that long for fits.
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                let at = number as usize;
                match items.get(at) {
                    Some(item) => item.v.clone(),
                    None => self.absent(value, &format!("[{at}]")),
                }
            }
            (V::Map(_), index) => match index.scalar() {
                Some(name) => self.member(value, &name),
                None => V::unknown(format!("{}[{}]", written(value), written(index))),
            },
            (V::Object(object), index) => self.object_index(object, index),
            (_, index) => {
                let symbol = format!("{}[{}]", written(value), written(index));
                if matches!(value, V::Unknown(_)) || !value.decided() {
                    return V::unknown(symbol);
                }
                self.fault();
                V::unknown(symbol)
            }
        }
    }

    /// An object with several instances as the list or map of them; other values as they are.
    pub(super) fn settled(&self, value: V) -> V {
        let V::Object(object) = &value else {
            return value;
        };
        match object.what {
            What::Resource(_) | What::Module(_) => match self.members(object) {
                Some(members) => members,
                None => value,
            },
            What::ModuleInstance(..) => self.outputs_of(object).unwrap_or(value),
            What::ResourceInstance(..) => value,
        }
    }

    /// Outputs of a module's instance as a map.
    fn outputs_of(&self, object: &Object) -> Option<V> {
        let child = self.child(object)?;
        let names = child.module.outputs.keys();
        let output = |name: &&'a str| (Text::from(*name), self.output(&child, name));
        Some(V::map(names.map(output).collect::<Map>()))
    }
}
