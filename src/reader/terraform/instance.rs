//! Modules as they are called, and the instances of resources in them.

use super::super::resource::{self, Resource};
use super::super::tree::Node;
use super::config::{Module, Placed};
use super::eval::{Scope, written};
use super::syntax::{Block, Body};
use super::value::{Map, Object, Text, V, Val, What};
use super::world::World;
use crate::model::{Label, Presence, Str};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// Most instances that `count` or `for_each` makes of one thing.
const MAX_INSTANCES: usize = 1000;
/// Most instances of modules in one root.
const MAX_MODULES: usize = 5000;
/// Most instances of resources in one root.
const MAX_RESOURCES: usize = 50_000;
const TOO_MANY: &str = "more than 50,000 resources of one root module; the rest was left out";
/// Deepest nesting of modules.
const MAX_MODULE_DEPTH: usize = 16;

/// A resource of a module and one of its instances.
type Place = (usize, usize);

/// Something that is worked out once.
pub(super) enum State<T> {
    Doing,
    Done(T),
}

/// What `each` and `count` are.
#[derive(Clone)]
pub(super) struct Iteration {
    /// Null where there is no `for_each`.
    pub(super) key: Val,
    pub(super) value: Val,
    pub(super) count: Option<u32>,
}

/// The instances of something.
pub(super) struct Expansion {
    pub(super) mode: Mode,
    /// At least one: what is switched off is still told of.
    pub(super) iterations: Vec<Iteration>,
    /// Count 0, or nothing to go over.
    pub(super) off: bool,
    /// What `count` is, where it is written.
    pub(super) count: Option<V>,
}

/// How something is repeated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Not at all.
    One,
    /// By `count`.
    Count,
    /// By `for_each`.
    Each,
    /// As files do not tell.
    Undecided,
}

impl Expansion {
    fn single(mode: Mode, off: bool, count: Option<V>) -> Self {
        Self {
            mode,
            iterations: vec![Iteration {
                key: Val::NULL,
                value: Val::NULL,
                count: None,
            }],
            off,
            count,
        }
    }

    /// What stands behind the address of an instance.
    pub(super) fn suffix(&self, at: usize) -> String {
        match (self.mode, self.iterations.get(at)) {
            (Mode::Count, Some(it)) if !self.off => format!("[{}]", it.count.unwrap_or(0)),
            (Mode::Each, Some(it)) if !self.off => {
                let key = it.key.v.interpolated().unwrap_or_default();
                format!("[{}]", serde_json::Value::from(&*key))
            }
            _ => String::new(),
        }
    }
}

/// A provider as it is configured.
#[derive(Default)]
pub(super) struct Provider {
    pub(super) account: Option<Str>,
    pub(super) region: Option<Str>,
    pub(super) defaults: Vec<crate::model::Label>,
}

/// A module as it is called.
pub(super) struct Instance<'a> {
    pub(super) id: usize,
    pub(super) module: &'a Module<'a>,
    /// What stands before addresses: `module.ci.`.
    pub(super) prefix: Text,
    /// The call; none of a root.
    call: Option<Call<'a>>,
    /// Calls around it.
    chain: Vec<Str>,
    /// Switched off with a module around it.
    off: bool,
    pub(super) variables: RefCell<HashMap<&'a str, State<Val>>>,
    pub(super) locals: RefCell<HashMap<&'a str, State<Val>>>,
    pub(super) outputs: RefCell<HashMap<&'a str, State<Val>>>,
    resources: RefCell<HashMap<usize, State<Rc<Expansion>>>>,
    made: RefCell<HashMap<Place, State<Rc<Made>>>>,
    calls: RefCell<HashMap<usize, State<Rc<Calls>>>>,
    pub(super) providers: RefCell<HashMap<String, State<Rc<Provider>>>>,
}

struct Call<'a> {
    parent: Rc<Instance<'a>>,
    block: Placed<&'a Block<'a>>,
    iteration: Iteration,
}

/// A resource that was worked out.
pub(super) struct Made {
    pub(super) values: Map,
    pub(super) resource: Resource,
}

/// A call of a module that was worked out.
pub(super) struct Calls {
    pub(super) expansion: Expansion,
    /// Instances of the module, by number, where it is here.
    pub(super) children: Vec<usize>,
    /// Where it is not: what the calls say.
    pub(super) foreign: Vec<Rc<Made>>,
}

/// Arguments of a block that are not the resource's own.
const META: [&str; 5] = ["count", "for_each", "provider", "depends_on", "providers"];

impl<'a> Instance<'a> {
    fn new(
        world: &World<'a>,
        module: &'a Module<'a>,
        prefix: Text,
        call: Option<Call<'a>>,
        chain: Vec<Str>,
        off: bool,
    ) -> Rc<Self> {
        let id = world.instances.borrow().len();
        world.reached.borrow_mut().insert(module.directory);
        let instance = Rc::new(Self {
            id,
            module,
            prefix,
            call,
            chain,
            off,
            variables: RefCell::default(),
            locals: RefCell::default(),
            outputs: RefCell::default(),
            resources: RefCell::default(),
            made: RefCell::default(),
            calls: RefCell::default(),
            providers: RefCell::default(),
        });
        world.instances.borrow_mut().push(Rc::clone(&instance));
        instance
    }

    /// A module that nobody calls.
    pub(super) fn root(world: &World<'a>, module: &'a Module<'a>) -> Rc<Self> {
        Self::new(world, module, "".into(), None, Vec::new(), false)
    }

    /// The module that a terragrunt.hcl works with, given the file's inputs.
    fn wrapped(&self, world: &World<'a>) -> Option<Rc<Self>> {
        let root = world.instance(self.id)?;
        let placed = self.module.terragrunt?;
        let block = placed.it.blocks("terraform").next()?;
        let source = super::modules::source(block)?;
        let block = Placed {
            file: placed.file,
            it: block,
        };
        // A double slash parts what is fetched from the directory in it.
        let source = source.replacen("//", "/", usize::from(!source.contains("://")));
        let module = world.local_module(&root, block, &source)?;
        let call = Call {
            parent: root,
            block,
            iteration: Expansion::single(Mode::One, false, None).iterations.pop()?,
        };
        let chain = vec![format!("terragrunt ({source})").into()];
        Some(Self::new(
            world,
            module,
            "".into(),
            Some(call),
            chain,
            false,
        ))
    }

    /// The module around, and the call in it.
    pub(super) fn parent(&self) -> Option<(Rc<Self>, Placed<&'a Block<'a>>)> {
        let call = self.call.as_ref()?;
        Some((Rc::clone(&call.parent), call.block))
    }

    /// What names mean in the arguments of the call.
    pub(super) fn call_scope(&self) -> Option<Scope<'_, 'a>> {
        let call = self.call.as_ref()?;
        Some(Scope {
            iteration: Some(&call.iteration),
            ..Scope::of(&call.parent, call.block.file)
        })
    }

    /// The value that a variable is given.
    pub(super) fn argument(&self, world: &World<'a>, name: &str) -> Option<Val> {
        let Some(call) = &self.call else {
            return self.root_value(world, name);
        };
        if call.block.it.kind == "terraform" {
            return call.parent.root_value(world, name);
        }
        let value = call.block.it.body.attribute(name)?;
        let scope = Scope {
            iteration: Some(&call.iteration),
            ..Scope::of(&call.parent, call.block.file)
        };
        Some(world.eval(value, scope))
    }

    /// The value that files of variables give. Those that are only loaded on request count where the variable has
    /// no other value and they agree.
    fn root_value(&self, world: &World<'a>, name: &str) -> Option<Val> {
        let root = world.instance(self.id)?;
        let module = self.module;
        let values = module.values.iter().rev();
        let found = values
            .filter_map(|file| Some((file.file, file.it.attribute(name)?)))
            .next();
        if let Some((file, value)) = found {
            return Some(world.eval(value, Scope::of(&root, file)));
        }
        if let Some(input) = world.input(&root, name) {
            return Some(input);
        }
        let declared = module.variables.get(name);
        if declared.is_some_and(|declared| declared.it.default.is_some()) {
            return None;
        }
        let mut agreed: Option<Val> = None;
        for file in &module.optional_values {
            let Some(value) = file.it.attribute(name) else {
                continue;
            };
            let value = world.eval(value, Scope::of(&root, file.file));
            match &agreed {
                Some(first) if first.v.equal(&value.v) != Some(true) => return None,
                Some(_) => {}
                None => agreed = Some(value),
            }
        }
        agreed
    }
}

impl<'a> World<'a> {
    /// Everything of a root, in order.
    pub(super) fn run(&self, module: &'a Module<'a>) -> Vec<Resource> {
        let root = Instance::root(self, module);
        root.wrapped(self);
        let mut out = Vec::new();
        out.extend(self.terragrunt_module(&root));
        let mut at = 0;
        // Where in the list the calls of each instance begin whose modules are not here, and where they end.
        let mut foreign: Vec<(usize, std::ops::Range<usize>)> = Vec::new();
        // Calls add instances behind this one.
        let mut next = Some(Rc::clone(&root));
        while let Some(instance) = next {
            for resource in 0..instance.module.resources.len() {
                let expansion = self.expand_resource(&instance, resource);
                for at in 0..expansion.iterations.len() {
                    self.make(&instance, resource, at);
                }
            }
            for call in 0..instance.module.calls.len() {
                let calls = self.call_module(&instance, call);
                let first = out.len();
                out.extend(calls.foreign.iter().map(|made| made.resource.clone()));
                foreign.push((instance.id, first..out.len()));
            }
            out.extend(self.configured(&instance));
            at += 1;
            next = self.instance(at);
        }
        // While everything is remembered: what the calls around say.
        let many = self.instances.borrow().len();
        let instances = (0..many).filter_map(|at| self.instance(at));
        let inputs: Vec<Vec<Label>> = instances.map(|it| self.call_labels(&it)).collect();
        *self.container.borrow_mut() = self.estate(&root);
        for (instance, range) in foreign {
            let inputs = inputs.get(instance).map_or(&[][..], Vec::as_slice);
            for resource in out.get_mut(range).into_iter().flatten() {
                resource.belongs(inputs);
            }
        }
        for instance in self.instances.borrow().iter() {
            let inputs = inputs.get(instance.id).map_or(&[][..], Vec::as_slice);
            let mut made: Vec<_> = instance.made.borrow_mut().drain().collect();
            made.sort_by_key(|(place, _)| *place);
            for (_, state) in made {
                if let State::Done(made) = state {
                    let mut resource = match Rc::try_unwrap(made) {
                        Ok(made) => made.resource,
                        Err(shared) => shared.resource.clone(),
                    };
                    resource.belongs(inputs);
                    out.push(resource);
                }
            }
            // Parents hold what children were given, and the other way round: let go of it all.
            instance.calls.borrow_mut().clear();
        }
        out
    }

    fn expand(&self, instance: &Rc<Instance<'a>>, block: Placed<&'a Block<'a>>) -> Expansion {
        let scope = Scope::of(instance, block.file);
        if let Some(count) = block.it.body.attribute("count") {
            let count = self.eval(count, scope).v;
            let Some(number) = count.number() else {
                // A condition that is not decided counts as such.
                return Expansion::single(Mode::Undecided, false, Some(count));
            };
            if number < 1.0 {
                return Expansion::single(Mode::Count, true, Some(V::Number(0.0)));
            }
            // At least 1, and cut at the bound.
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let many = number.min(1e6) as u32;
            let iterations = (0..many)
                .take(self.cut(many as usize))
                .map(|index| Iteration {
                    key: Val::NULL,
                    value: Val::NULL,
                    count: Some(index),
                });
            return Expansion {
                mode: Mode::Count,
                iterations: iterations.collect(),
                off: false,
                count: Some(count),
            };
        }
        let Some(each) = block.it.body.attribute("for_each") else {
            return Expansion::single(Mode::One, false, None);
        };
        let each = self.eval(each, scope).v;
        // A list is what Terraform wants a set of.
        let each = match self.settled(each) {
            V::List(items) => V::Set(items),
            other => other,
        };
        match self.pairs(&each) {
            Some(pairs) if pairs.is_empty() => {
                Expansion::single(Mode::Each, true, Some(V::Number(0.0)))
            }
            Some(pairs) => {
                let cut = self.cut(pairs.len());
                let iterations = pairs.into_iter().take(cut).map(|(key, value)| Iteration {
                    key: match key.v.interpolated() {
                        Some(text) => V::Text(text).at(key.file, key.line),
                        None => V::unknown(written(&key.v)).val(),
                    },
                    value,
                    count: None,
                });
                Expansion {
                    mode: Mode::Each,
                    iterations: iterations.collect(),
                    off: false,
                    count: None,
                }
            }
            None => {
                let each = written(&each);
                let mut one = Expansion::single(Mode::Undecided, false, None);
                for it in &mut one.iterations {
                    it.key = V::unknown(format!("keys({each})[*]")).val();
                    it.value = V::unknown(format!("{each}[*]")).val();
                }
                one
            }
        }
    }

    fn cut(&self, many: usize) -> usize {
        if many > MAX_INSTANCES {
            self.limit("more than 1,000 instances of one block; the rest was left out");
        }
        many.min(MAX_INSTANCES)
    }

    pub(super) fn expand_resource(
        &self,
        instance: &Rc<Instance<'a>>,
        resource: usize,
    ) -> Rc<Expansion> {
        let undecided = || Rc::new(Expansion::single(Mode::Undecided, false, None));
        if let Some(state) = instance.resources.borrow().get(&resource) {
            return match state {
                State::Done(expansion) => Rc::clone(expansion),
                State::Doing => undecided(),
            };
        }
        let Some(&block) = instance.module.resources.get(resource) else {
            return undecided();
        };
        let states = &instance.resources;
        states.borrow_mut().insert(resource, State::Doing);
        let expansion = Rc::new(self.expand(instance, block));
        let done = State::Done(Rc::clone(&expansion));
        states.borrow_mut().insert(resource, done);
        expansion
    }

    /// Works out an instance of a resource; `None` while that is being done, and beyond the bound.
    pub(super) fn make(
        &self,
        instance: &Rc<Instance<'a>>,
        resource: usize,
        at: usize,
    ) -> Option<Rc<Made>> {
        let place = (resource, at);
        if let Some(state) = instance.made.borrow().get(&place) {
            return match state {
                State::Done(made) => Some(Rc::clone(made)),
                State::Doing => None,
            };
        }
        let expansion = self.expand_resource(instance, resource);
        let block = *instance.module.resources.get(resource)?;
        let iteration = expansion.iterations.get(at)?;
        if self.resources.get() >= MAX_RESOURCES {
            self.limit(TOO_MANY);
            return None;
        }
        self.resources.set(self.resources.get() + 1);
        instance.made.borrow_mut().insert(place, State::Doing);
        let data = block.it.kind != "resource";
        let kind = block.it.label(0);
        let prefix = if data { "data." } else { "" };
        let address = format!(
            "{}{prefix}{kind}.{}{}",
            instance.prefix,
            block.it.label(1),
            expansion.suffix(at)
        );
        let scope = Scope {
            iteration: Some(iteration),
            ..Scope::of(instance, block.file)
        };
        let mut values = self.body(&block.it.body, scope, 0);
        if expansion.off || instance.off {
            values.insert("count".into(), V::Number(0.0).val());
        } else if let Some(count) = &expansion.count {
            values.insert("count".into(), count.clone().val());
        }
        self.history(instance, block, &address, &mut values);
        let provider = self.provider_of(instance, block);
        if data && kind == "aws_iam_policy_document" {
            super::policy_document::complete(&mut values);
        }
        let made = Rc::new(self.made(instance, block, kind.to_owned(), address, values, &provider));
        let done = State::Done(Rc::clone(&made));
        instance.made.borrow_mut().insert(place, done);
        Some(made)
    }

    pub(super) fn made(
        &self,
        instance: &Rc<Instance<'a>>,
        block: Placed<&'a Block<'a>>,
        kind: String,
        address: String,
        values: Map,
        provider: &Provider,
    ) -> Made {
        let line = block.it.line;
        self.charge(values.values().map(|v| v.v.size(100_000)).sum::<usize>());
        let attributes = if self.spent() {
            Node {
                line,
                file: 0,
                value: super::super::tree::Value::Map(Vec::new()),
            }
        } else {
            V::map(values.clone())
                .at(block.file, line)
                .node(block.file, line)
        };
        let resource = Resource {
            kind,
            address,
            estate: self.estate.clone(),
            account: provider.account.clone(),
            attributes,
            presence: Presence::Declared,
            data: block.it.kind != "resource",
            defaults: provider.defaults.clone(),
            modules: instance.chain.clone(),
            evidence: self.evidence(block.file, line),
        };
        Made { values, resource }
    }

    pub(super) fn evidence(&self, file: u32, line: u32) -> crate::model::Evidence {
        match self.documents.get(file as usize) {
            Some(document) => document.at_line(super::NAME, line),
            None => crate::model::Evidence {
                origin: crate::model::Origin::file(""),
                line: None,
                column: None,
                pointer: None,
                reader: super::NAME,
            },
        }
    }

    /// Arguments and blocks. Blocks of a kind are a list, also where there is one.
    pub(super) fn body(&self, body: &'a Body<'a>, scope: Scope<'_, 'a>, depth: u32) -> Map {
        let mut values = Map::new();
        for attribute in &body.attributes {
            if depth == 0 && META.contains(&&*attribute.name) {
                continue;
            }
            let mut value = self.eval(&attribute.value, scope);
            (value.file, value.line) = (scope.file, attribute.line);
            values.insert((*attribute.name).into(), value);
        }
        for block in &body.blocks {
            let Some(_deeper) = self.enter() else {
                break;
            };
            let kind = &*block.kind;
            if depth == 0 && matches!(kind, "provisioner" | "connection" | "lifecycle") {
                continue;
            }
            if kind == "dynamic" && !block.labels.is_empty() {
                let items = self.dynamic(block, scope, depth);
                add(&mut values, block.label(0), items, scope.file, block.line);
                continue;
            }
            let mut inner = self.body(&block.body, scope, depth + 1);
            if let Some(label) = block.labels.first() {
                inner.insert("label".into(), V::text(label).val());
            }
            let item = V::map(inner).at(scope.file, block.line);
            add(&mut values, kind, vec![item], scope.file, block.line);
        }
        values
    }

    fn dynamic(&self, block: &'a Block<'a>, scope: Scope<'_, 'a>, depth: u32) -> Vec<Val> {
        let Some(content) = block.body.blocks("content").next() else {
            return Vec::new();
        };
        let iterator = match block.body.attribute("iterator").map(|it| &it.kind) {
            Some(super::syntax::ExprKind::Name(name) | super::syntax::ExprKind::Text(name)) => {
                &**name
            }
            _ => block.label(0),
        };
        let each = block.body.attribute("for_each");
        let each = each.map_or(V::Null, |each| self.eval(each, scope).v);
        let pairs = self.pairs(&each).unwrap_or_else(|| {
            // Not known how often: once, with what is not known in it.
            let each = written(&each);
            let key = V::unknown(format!("keys({each})[*]")).val();
            vec![(key, V::unknown(format!("{each}[*]")).val())]
        });
        let cut = self.cut(pairs.len());
        let mut items = Vec::new();
        for (key, value) in pairs.into_iter().take(cut) {
            if self.spent() {
                break;
            }
            let item = Map::from([("key".into(), key), ("value".into(), value)]);
            let bound = super::eval::Binding {
                name: iterator,
                value: V::map(item).val(),
                next: scope.bound,
            };
            let inner = self.body(&content.body, scope.with(&bound), depth + 1);
            items.push(V::map(inner).at(scope.file, block.line));
        }
        items
    }

    /// Works out a call of a module.
    pub(super) fn call_module(&self, instance: &Rc<Instance<'a>>, call: usize) -> Rc<Calls> {
        let nothing = || {
            Rc::new(Calls {
                expansion: Expansion::single(Mode::Undecided, false, None),
                children: Vec::new(),
                foreign: Vec::new(),
            })
        };
        if let Some(state) = instance.calls.borrow().get(&call) {
            return match state {
                State::Done(calls) => Rc::clone(calls),
                State::Doing => nothing(),
            };
        }
        let Some(&block) = instance.module.calls.get(call) else {
            return nothing();
        };
        instance.calls.borrow_mut().insert(call, State::Doing);
        let calls = Rc::new(self.work_out_call(instance, block));
        let done = State::Done(Rc::clone(&calls));
        instance.calls.borrow_mut().insert(call, done);
        calls
    }

    fn work_out_call(&self, instance: &Rc<Instance<'a>>, block: Placed<&'a Block<'a>>) -> Calls {
        let expansion = self.expand(instance, block);
        let name = block.it.label(0);
        let source = super::modules::source(block.it).unwrap_or_default();
        let target = self.local_module(instance, block, source);
        let off = instance.off || expansion.off;
        let mut children = Vec::new();
        let mut foreign = Vec::new();
        for (at, iteration) in expansion.iterations.iter().enumerate() {
            let address = format!("{}module.{name}{}", instance.prefix, expansion.suffix(at));
            let room = self.instances.borrow().len() < MAX_MODULES;
            if !room {
                self.limit(
                    "more than 5,000 instances of modules in one root; the rest was not followed",
                );
            }
            if let Some(module) = target.filter(|_| room) {
                let mut chain = instance.chain.clone();
                chain.push(format!("{address} ({source})").into());
                let call = Call {
                    parent: Rc::clone(instance),
                    block,
                    iteration: iteration.clone(),
                };
                let prefix = format!("{address}.").into();
                let child = Instance::new(self, module, prefix, Some(call), chain, off);
                children.push(child.id);
                continue;
            }
            if self.resources.get() >= MAX_RESOURCES {
                self.limit(TOO_MANY);
                break;
            }
            self.resources.set(self.resources.get() + 1);
            let scope = Scope {
                iteration: Some(iteration),
                ..Scope::of(instance, block.file)
            };
            let mut values = self.body(&block.it.body, scope, 0);
            if off {
                values.insert("count".into(), V::Number(0.0).val());
            } else if let Some(count) = &expansion.count {
                values.insert("count".into(), count.clone().val());
            }
            let provider = self.provider_for(instance, "aws");
            let mut made = self.made(
                instance,
                block,
                "module".to_owned(),
                address,
                values,
                &provider,
            );
            made.resource.data = false;
            let mut said = self.argument_labels(block, scope);
            super::owners::add(&mut said, std::mem::take(&mut made.resource.defaults));
            made.resource.defaults = said;
            foreign.push(Rc::new(made));
        }
        Calls {
            expansion,
            children,
            foreign,
        }
    }

    /// The directory that a call means, where it is here.
    pub(super) fn local_module(
        &self,
        instance: &Rc<Instance<'a>>,
        block: Placed<&'a Block<'a>>,
        source: &str,
    ) -> Option<&'a Module<'a>> {
        let path = super::modules::local_path(instance.module.directory, source)?;
        let Some(module) = self.modules.get(&*path) else {
            self.note(
                block.file,
                block.it.line,
                "the local module is not in the scan",
            );
            return None;
        };
        let mut around = Some(Rc::clone(instance));
        let mut depth = 0;
        while let Some(outer) = around {
            depth += 1;
            if std::ptr::eq(outer.module, module) {
                self.note(
                    block.file,
                    block.it.line,
                    "the module calls itself: not followed",
                );
                return None;
            }
            around = outer.call.as_ref().map(|call| Rc::clone(&call.parent));
        }
        if depth > MAX_MODULE_DEPTH {
            self.limit("modules nested more than 16 levels deep were not followed");
            return None;
        }
        Some(module)
    }

    fn note(&self, file: u32, line: u32, what: &'static str) {
        self.notes.borrow_mut().insert((file, line, what));
    }

    /// The module instance that an object is.
    pub(super) fn child(&self, object: &Object) -> Option<Rc<Instance<'a>>> {
        let What::ModuleInstance(call, at) = object.what else {
            return None;
        };
        let instance = self.instance(object.instance)?;
        let calls = self.call_module(&instance, call);
        self.instance(*calls.children.get(at)?)
    }

    /// The instances of an object as a list or map; `None` where it is one, or where it is not known.
    pub(super) fn members(&self, object: &Object) -> Option<V> {
        let instance = self.instance(object.instance)?;
        let collect = |expansion: &Expansion, what: &dyn Fn(usize) -> What| {
            let member = |at: usize| {
                V::Object(Rc::new(Object {
                    instance: object.instance,
                    what: what(at),
                    address: format!("{}{}", object.address, expansion.suffix(at)).into(),
                }))
                .val()
            };
            let many = if expansion.off {
                0
            } else {
                expansion.iterations.len()
            };
            match expansion.mode {
                Mode::Count => Some(V::list((0..many).map(member).collect())),
                Mode::Each => {
                    let keys = expansion.iterations.iter().take(many);
                    let entry = |(at, it): (usize, &Iteration)| {
                        (it.key.v.interpolated().unwrap_or_default(), member(at))
                    };
                    Some(V::map(keys.enumerate().map(entry).collect()))
                }
                Mode::One | Mode::Undecided => None,
            }
        };
        match object.what {
            What::Resource(resource) => {
                let expansion = self.expand_resource(&instance, resource);
                collect(&expansion, &|at| What::ResourceInstance(resource, at))
            }
            What::Module(call) => {
                let calls = self.call_module(&instance, call);
                let several = collect(&calls.expansion, &|at| What::ModuleInstance(call, at));
                match calls.expansion.mode {
                    Mode::One if !calls.children.is_empty() => {
                        let single = Object {
                            what: What::ModuleInstance(call, 0),
                            ..object.clone()
                        };
                        Some(V::Object(Rc::new(single)))
                    }
                    _ => several,
                }
            }
            _ => None,
        }
    }

    pub(super) fn object_member(&self, object: &Rc<Object>, name: &str) -> V {
        let symbol = || V::unknown(format!("{}.{name}", object.address));
        let Some(_deeper) = self.enter() else {
            return symbol();
        };
        let Some(instance) = self.instance(object.instance) else {
            return symbol();
        };
        match object.what {
            What::Resource(resource) => {
                let expansion = self.expand_resource(&instance, resource);
                match expansion.mode {
                    Mode::Each | Mode::Count
                        if expansion.mode == Mode::Each || name.parse::<u32>().is_ok() =>
                    {
                        self.object_index(object, &V::text(name))
                    }
                    _ => self.attribute(&instance, resource, 0, object, name),
                }
            }
            What::ResourceInstance(resource, at) => {
                self.attribute(&instance, resource, at, object, name)
            }
            What::Module(call) => {
                let calls = self.call_module(&instance, call);
                match calls.expansion.mode {
                    Mode::Each => self.object_index(object, &V::text(name)),
                    _ => self.module_member(&calls, 0, object, name),
                }
            }
            What::ModuleInstance(call, at) => {
                let calls = self.call_module(&instance, call);
                self.module_member(&calls, at, object, name)
            }
        }
    }

    fn module_member(&self, calls: &Calls, at: usize, object: &Object, name: &str) -> V {
        if let Some(child) = calls.children.get(at).and_then(|id| self.instance(*id)) {
            return self.output(&child, name).v;
        }
        let foreign = calls.foreign.get(at);
        match foreign.and_then(|made| resource::computed(&made.resource, name)) {
            Some(value) => V::text(value),
            None => V::unknown(format!("{}.{name}", object.address)),
        }
    }

    fn attribute(
        &self,
        instance: &Rc<Instance<'a>>,
        resource: usize,
        at: usize,
        object: &Object,
        name: &str,
    ) -> V {
        let symbol = || V::unknown(format!("{}.{name}", object.address));
        let Some(made) = self.make(instance, resource, at) else {
            return symbol();
        };
        if made.resource.data
            && let Some(known) = self.known(instance, resource, &made, name)
        {
            return known;
        }
        match made.values.get(name) {
            Some(value) if !value.v.is_null() && name != "count" => return value.v.clone(),
            _ => {}
        }
        match resource::computed(&made.resource, name) {
            Some(value) => V::text(value),
            None => symbol(),
        }
    }

    pub(super) fn object_index(&self, object: &Rc<Object>, index: &V) -> V {
        let symbol = || V::unknown(format!("{}[{}]", object.address, written(index)));
        let Some(_deeper) = self.enter() else {
            return symbol();
        };
        let Some(instance) = self.instance(object.instance) else {
            return symbol();
        };
        let find = |expansion: &Expansion| -> Result<usize, bool> {
            if expansion.off {
                // What is switched off together refers to each other; `try` takes its alternative.
                self.fault();
                return Ok(0);
            }
            match expansion.mode {
                // `x[0]` of what may or may not be there means the one.
                Mode::One | Mode::Undecided => Ok(0),
                Mode::Count => {
                    let at = index.number().ok_or(false)?;
                    let found = expansion.iterations.iter().position(|it| {
                        it.count
                            .is_some_and(|count| (f64::from(count) - at).abs() < 0.5)
                    });
                    found.ok_or(true)
                }
                Mode::Each => {
                    let key = index.scalar().ok_or(false)?;
                    let found = expansion
                        .iterations
                        .iter()
                        .position(|it| it.key.v.scalar().as_deref() == Some(&*key));
                    found.ok_or(true)
                }
            }
        };
        let address = |expansion: &Expansion, at: usize| {
            Text::from(format!("{}{}", object.address, expansion.suffix(at)))
        };
        let (found, address) = match object.what {
            What::Resource(resource) => {
                let expansion = self.expand_resource(&instance, resource);
                let found = find(&expansion);
                let at = *found.as_ref().unwrap_or(&0);
                let what = found.map(|at| What::ResourceInstance(resource, at));
                (what, address(&expansion, at))
            }
            What::Module(call) => {
                let calls = self.call_module(&instance, call);
                let found = find(&calls.expansion);
                let at = *found.as_ref().unwrap_or(&0);
                let what = found.map(|at| What::ModuleInstance(call, at));
                (what, address(&calls.expansion, at))
            }
            _ => match index.scalar() {
                Some(name) => return self.object_member(object, &name),
                None => return symbol(),
            },
        };
        match found {
            Ok(what) => V::Object(Rc::new(Object {
                instance: object.instance,
                what,
                address,
            })),
            Err(fault) => {
                if fault {
                    self.fault();
                }
                symbol()
            }
        }
    }
}

fn add(values: &mut Map, kind: &str, items: Vec<Val>, file: u32, line: u32) {
    let list = values
        .entry(kind.into())
        .or_insert_with(|| V::list(Vec::new()).at(file, line));
    match &mut list.v {
        V::List(list) => Rc::make_mut(list).extend(items),
        // An argument and blocks of one name: the blocks count.
        other => *other = V::list(items),
    }
}
