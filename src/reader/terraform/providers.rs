//! Providers: which account, project or tenant resources are in, and the tags that everything is given.

use super::super::resource::Resource;
use super::config::Placed;
use super::eval::Scope;
use super::instance::{Instance, Provider, State};
use super::syntax::{Block, Expr, ExprKind, Step};
use super::value::{Map, V, Val};
use super::world::World;
use crate::model::{Label, LabelSource};
use std::rc::Rc;

impl<'a> World<'a> {
    /// The provider of a resource: the one it names, else the one its type's name begins with.
    pub(super) fn provider_of(
        &self,
        instance: &Rc<Instance<'a>>,
        block: Placed<&'a Block<'a>>,
    ) -> Rc<Provider> {
        let named = block.it.body.attribute("provider").and_then(written);
        let name = named.unwrap_or_else(|| {
            let kind = block.it.label(0);
            let name = kind.split('_').next().unwrap_or(kind);
            // Both providers of Google's configure the same.
            name.to_owned()
        });
        self.provider_for(instance, &name)
    }

    /// A provider by its name and alias as a module knows them.
    pub(super) fn provider_for(&self, instance: &Rc<Instance<'a>>, name: &str) -> Rc<Provider> {
        if let Some(State::Done(known)) = instance.providers.borrow().get(name) {
            return Rc::clone(known);
        }
        if let Some(State::Doing) = instance.providers.borrow().get(name) {
            return Rc::default();
        }
        let states = &instance.providers;
        states.borrow_mut().insert(name.to_owned(), State::Doing);
        let provider = self.find_provider(instance, name);
        let done = State::Done(Rc::clone(&provider));
        states.borrow_mut().insert(name.to_owned(), done);
        provider
    }

    fn find_provider(&self, instance: &Rc<Instance<'a>>, name: &str) -> Rc<Provider> {
        let (kind, alias) = match name.split_once('.') {
            Some((kind, alias)) => (kind, Some(alias)),
            None => (name, None),
        };
        let own = instance.module.providers.iter().find(|block| {
            let its = block.it.body.attribute("alias").and_then(written);
            block.it.label(0) == kind && its.as_deref() == alias
        });
        if let Some(&block) = own {
            return Rc::new(self.configure(instance, block));
        }
        match instance.parent() {
            // What the call passes on under this name, else the same one of the module around.
            Some((parent, call)) => {
                let passed = call.it.body.attribute("providers").and_then(|passed| {
                    let ExprKind::Object(entries) = &passed.kind else {
                        return None;
                    };
                    let mut entries = entries.iter();
                    let entry = entries.find(|(key, _)| written(key).as_deref() == Some(name));
                    entry.and_then(|(_, value)| written(value))
                });
                match (passed, alias) {
                    (Some(passed), _) => self.provider_for(&parent, &passed),
                    (None, None) => self.provider_for(&parent, name),
                    (None, Some(_)) => Rc::default(),
                }
            }
            None if kind == "google-beta" => self.provider_for(instance, "google"),
            None => Rc::default(),
        }
    }

    fn configure(&self, instance: &Rc<Instance<'a>>, block: Placed<&'a Block<'a>>) -> Provider {
        let scope = Scope::of(instance, block.file);
        let values = self.body(&block.it.body, scope, 0);
        let text = |name: &str| {
            let value = values.get(name)?;
            value.v.scalar().filter(|text| !text.is_empty())
        };
        let known = |text: &super::value::Text| V::Text(text.clone()).decided();
        let account = match block.it.label(0) {
            "aws" => account(&values),
            "google" | "google-beta" => text("project"),
            "azurerm" => text("subscription_id").or_else(|| text("tenant_id")),
            "azuread" => text("tenant_id"),
            "github" => text("owner").or_else(|| text("organization")),
            "okta" => text("org_name"),
            "snowflake" => text("account_name").or_else(|| text("account")),
            "gitlab" => text("base_url"),
            "databricks" => text("account_id").or_else(|| text("host")),
            "vault" => text("address"),
            "grafana" => text("url"),
            _ => None,
        };
        let defaults = match values.get("default_tags").map(|v| &v.v) {
            Some(V::List(blocks)) => blocks
                .first()
                .and_then(|block| block.v.entries())
                .and_then(|block| block.get("tags").cloned()),
            Some(V::Map(map)) => map.get("tags").cloned(),
            _ => values.get("default_labels").cloned(),
        };
        let inside = block.it.body.blocks.iter();
        let mut inside = inside.filter(|inner| inner.kind == "default_tags");
        let written_tags = match inside.next() {
            Some(tags) => tags.body.attribute("tags"),
            None => block.it.body.attribute("default_labels"),
        };
        let mut labels = Vec::new();
        let tags = defaults.as_ref().and_then(|tags| tags.v.entries());
        for (key, value) in tags.map(|tags| tags.iter()).into_iter().flatten() {
            let Some(text) = value.v.interpolated() else {
                continue;
            };
            let own = value.line > 0 && value.file == block.file;
            let line = if own { value.line } else { block.it.line };
            let place = written_tags.and_then(|tags| self.tag_place(tags, key, scope));
            let (file, line) = place.unwrap_or((block.file, line));
            labels.push(Label {
                source: LabelSource::DefaultTag,
                key: (**key).into(),
                value: (*text).into(),
                evidence: self.evidence(file, line),
            });
        }
        Provider {
            account: account.filter(known).map(|account| (*account).into()),
            region: text("region").filter(known).map(|region| (*region).into()),
            defaults: labels,
        }
    }

    /// Providers and backends of a module, as resources of their own: they may hold credentials.
    pub(super) fn configured(&self, instance: &Rc<Instance<'a>>) -> Vec<Resource> {
        let mut out = Vec::new();
        for &block in &instance.module.providers {
            let alias = block.it.body.attribute("alias").and_then(written);
            let name = block.it.label(0);
            let address = match &alias {
                Some(alias) => format!("{}provider.{name}.{alias}", instance.prefix),
                None => format!("{}provider.{name}", instance.prefix),
            };
            let key = alias.map_or_else(|| name.to_owned(), |alias| format!("{name}.{alias}"));
            let provider = self.provider_for(instance, &key);
            out.push(self.plain(instance, block, "provider", address, name, &provider));
        }
        for &block in &instance.module.backends {
            let name = match &*block.it.kind {
                "cloud" => "cloud",
                _ => block.it.label(0),
            };
            let address = format!("{}backend.{name}", instance.prefix);
            out.push(self.plain(
                instance,
                block,
                "backend",
                address,
                name,
                &Provider::default(),
            ));
        }
        out
    }

    fn plain(
        &self,
        instance: &Rc<Instance<'a>>,
        block: Placed<&'a Block<'a>>,
        kind: &str,
        address: String,
        name: &str,
        provider: &Provider,
    ) -> Resource {
        let mut values = self.body(&block.it.body, Scope::of(instance, block.file), 0);
        values.insert("label".into(), V::text(name).val());
        let made = self.made(instance, block, kind.to_owned(), address, values, provider);
        Resource {
            data: false,
            ..made.resource
        }
    }

    /// Addresses that a resource had, and the id by which it was taken over: `moved_from` and `import`.
    pub(super) fn history(
        &self,
        instance: &Rc<Instance<'a>>,
        block: Placed<&'a Block<'a>>,
        address: &str,
        values: &mut Map,
    ) {
        if block.it.kind != "resource" {
            return;
        }
        let bare = address.split('[').next().unwrap_or(address);
        let means = |to: &str| {
            let to = format!("{}{to}", instance.prefix);
            to == address || to == bare
        };
        let mut from = Vec::new();
        for moved in &instance.module.moved {
            let sides = ["to", "from"].map(|side| moved.it.body.attribute(side).and_then(written));
            if let [Some(to), Some(old)] = sides
                && means(&to)
            {
                from.push(V::text(format!("{}{old}", instance.prefix)).val());
            }
        }
        if !from.is_empty() {
            values.insert("moved_from".into(), V::list(from).val());
        }
        // Imports stand in the root, also for what is in modules.
        let Some(root) = self.instance(0) else {
            return;
        };
        for import in &root.module.imports {
            let to = import.it.body.attribute("to").and_then(written);
            if !to.is_some_and(|to| to == address || to == bare) {
                continue;
            }
            let many = import.it.body.attribute("for_each").is_some();
            if let Some(id) = import.it.body.attribute("id").filter(|_| !many) {
                let id = self.eval(id, Scope::of(&root, import.file));
                values.insert("import".into(), id);
            }
        }
    }
}

/// The account that an AWS provider may work in, or whose role it takes.
fn account(values: &Map) -> Option<super::value::Text> {
    let allowed = values.get("allowed_account_ids").and_then(|v| v.v.items());
    if let Some([only]) = allowed.map(|ids| ids.as_slice()) {
        return only.v.scalar();
    }
    let roles = values.get("assume_role").and_then(|v| v.v.items())?;
    let role = |block: &Val| block.v.entries()?.get("role_arn")?.v.scalar();
    // Roles are taken one after the other: the last is the one that works.
    let arn = roles.iter().rev().find_map(role)?;
    let account = arn.split(':').nth(4)?;
    let digits = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| account.into())
}

/// A reference as it is written: `aws.prod`, `aws_iam_role.x["a"]`.
fn written(expr: &Expr<'_>) -> Option<String> {
    match &expr.kind {
        ExprKind::Name(name) | ExprKind::Text(name) => Some((**name).to_owned()),
        ExprKind::Template(parts) => match parts.as_slice() {
            [super::syntax::Part::Value(only)] => written(only),
            _ => None,
        },
        ExprKind::Group(inner) => written(inner),
        ExprKind::Steps(base, steps) => {
            let mut out = written(base)?;
            for step in steps {
                match step {
                    Step::Member(name) => {
                        out.push('.');
                        out.push_str(name);
                    }
                    Step::Index(index) => match &index.kind {
                        ExprKind::Text(key) => {
                            out.push_str(&format!("[{}]", serde_json::Value::from(&**key)));
                        }
                        ExprKind::Number(at) => out.push_str(&format!("[{at}]")),
                        _ => return None,
                    },
                    Step::Splat(_) => return None,
                }
            }
            Some(out)
        }
        _ => None,
    }
}
