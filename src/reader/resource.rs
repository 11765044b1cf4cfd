//! Resources of infrastructure code, whatever language declares them: what they state about identities,
//! credentials and grants.
//!
//! Readers of code (Terraform) and of what was made of it (state, plans, Pulumi stacks) bring their resources into
//! one form, in Terraform's words; what a type of resource means stands in one place.

use super::tree::{Node, Value};
use crate::model::{Evidence, Facts, IdentityId, Label, LabelSource, Presence, Problem, Str};
use sink::Sink;
pub(super) use sink::told;

mod aws;
mod azure;
mod configured;
mod containers;
mod eks;
mod google;
mod index;
mod kubernetes;
mod modules;
mod sink;
mod table;
#[cfg(test)]
mod tests;
mod value;
mod vault;

/// One instance of a resource, its expressions resolved as far as files tell.
///
/// A text that holds `${…}` is symbolic: what is inside is the expression, with the full address of the resource
/// that it refers to (`${module.ci.aws_iam_user.bot.name}`). IAM's own variables have a colon (`${aws:username}`)
/// and are literal text.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    /// Terraform's type: `aws_iam_role`.
    pub(super) kind: String,
    /// The address inside the configuration: `module.ci.aws_iam_role.deploy["a"]`.
    pub(super) address: String,
    /// What addresses are unique in: the directory of the root module, or the file of the state.
    pub(super) estate: Str,
    /// The AWS account, GCP project, … that its provider works in, where files tell.
    pub(super) account: Option<Str>,
    /// Arguments and attributes. Blocks that may repeat are lists of mappings.
    pub(super) attributes: Node,
    /// Declared in code or a plan, or observed in a state.
    pub(super) presence: Presence,
    /// A data source: something that is there, rather than something to be made.
    pub(super) data: bool,
    /// What else says whose it is, the nearest first: arguments of the calls of modules around it, tags that its
    /// provider gives everything.
    pub(super) defaults: Vec<Label>,
    /// Calls of modules around it, outermost first, as `module.ci (source)`.
    pub(super) modules: Vec<Str>,
    /// Where it stands.
    pub(super) evidence: Evidence,
}

/// Whether a text holds what files do not decide.
pub(super) fn symbolic(text: &str) -> bool {
    text.match_indices("${").any(|(at, _)| {
        let inside = text.get(at + 2..).unwrap_or_default();
        let word = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let rest = inside.trim_start_matches(word);
        // `${aws:username}` is a variable of the policy's own language.
        rest.len() == inside.len() || !rest.starts_with(':')
    })
}

/// The value of an attribute that the platform works out, where names decide it: `arn` of an `aws_iam_role`.
pub(super) fn computed(resource: &Resource, attribute: &str) -> Option<String> {
    match resource.provider() {
        "aws" => aws::computed(resource, attribute),
        "google" => google::computed(resource, attribute),
        "azuread" | "azurerm" => azure::computed(resource, attribute),
        "kubernetes" => kubernetes::computed(resource, attribute),
        _ => table::computed(resource, attribute),
    }
}

/// What resources state together.
pub(super) fn facts(resources: &[Resource]) -> (Facts, Vec<Problem>) {
    let mut sink = Sink::new(resources);
    for resource in resources {
        let off = resource.switched_off().is_some();
        // Objects of clusters and modules see to it themselves.
        let own = matches!(resource.provider(), "kubernetes" | "kubectl" | "module");
        if !off || own {
            read(&mut sink, resource);
        } else if identity(resource).is_some() {
            let before = Grants::of(&sink.facts);
            read(&mut sink, resource);
            before.keep(&mut sink.facts);
        }
    }
    configured::outputs(&mut sink);
    sink.done()
}

fn read(sink: &mut Sink<'_>, resource: &Resource) {
    if eks::read(sink, resource) {
        return;
    }
    match resource.provider() {
        "module" => modules::read(sink, resource),
        "aws" => aws::read(sink, resource),
        "google" => google::read(sink, resource),
        "azuread" | "azurerm" => azure::read(sink, resource),
        "kubernetes" | "kubectl" => kubernetes::read(sink, resource),
        "provider" | "backend" => configured::read(sink, resource),
        _ => {}
    }
    table::read(sink, resource);
    containers::read(sink, resource);
}

/// How many facts there are by which somebody may do something: what is switched off adds none.
struct Grants {
    entitlements: usize,
    trusts: usize,
    memberships: usize,
    workloads: usize,
    credentials: usize,
    statements: usize,
}

impl Grants {
    fn of(facts: &Facts) -> Self {
        Self {
            entitlements: facts.entitlements.len(),
            trusts: facts.trusts.len(),
            memberships: facts.memberships.len(),
            workloads: facts.workloads.len(),
            credentials: facts.credentials.len(),
            statements: facts.resource_statements.len(),
        }
    }

    /// Takes away what has been added since.
    fn keep(&self, facts: &mut Facts) {
        facts.entitlements.truncate(self.entitlements);
        facts.trusts.truncate(self.trusts);
        facts.memberships.truncate(self.memberships);
        facts.workloads.truncate(self.workloads);
        facts.credentials.truncate(self.credentials);
        facts.resource_statements.truncate(self.statements);
    }
}

/// A note about a resource.
fn note(resource: &Resource, message: String) -> Problem {
    Problem {
        path: resource.evidence.origin.path.clone(),
        line: resource.evidence.line,
        column: None,
        kind: crate::model::ProblemKind::Note,
        reader: resource.evidence.reader,
        message: format!("{}: {message}", resource.kind).into(),
    }
}

/// The id of the identity that a resource makes or, as a data source, names.
fn identity(resource: &Resource) -> Option<IdentityId> {
    match resource.provider() {
        "aws" => aws::identity(resource),
        "google" => google::identity(resource),
        "azuread" | "azurerm" => azure::identity(resource),
        "kubernetes" => kubernetes::identity(resource),
        _ => table::identity(resource),
    }
}

impl Resource {
    /// Notes what the calls of modules around it say whose it is: less near than what is there about its own call,
    /// nearer than what its provider gives everything.
    pub(super) fn belongs(&mut self, inputs: &[Label]) {
        let at = self
            .defaults
            .iter()
            .position(|label| label.source != LabelSource::ModuleInput)
            .unwrap_or(self.defaults.len());
        let new: Vec<Label> = inputs
            .iter()
            .filter(|input| !self.defaults.iter().take(at).any(|k| k.key == input.key))
            .cloned()
            .collect();
        self.defaults.splice(at..at, new);
    }

    /// The provider, as the type begins: `aws`; `google` also for its beta.
    fn provider(&self) -> &str {
        self.kind.split('_').next().unwrap_or_default()
    }

    /// The text of an attribute, unless it is empty.
    fn text(&self, name: &str) -> Option<&str> {
        self.attributes.str(name).filter(|text| !text.is_empty())
    }

    /// The first of several attributes that has a text.
    fn first(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.text(name))
    }

    /// The estate as a part of an id.
    fn place(&self) -> String {
        let estate = match &*self.estate {
            "" => ".",
            estate => estate,
        };
        estate.replace(':', "_")
    }

    /// The account or project where files tell, else the estate in its place.
    fn account(&self) -> String {
        match &self.account {
            Some(account) if !symbolic(account) => account.to_string(),
            _ => self.place(),
        }
    }

    /// A name of what is declared: the attribute, or a symbol for what only the platform will know.
    fn named(&self, attribute: &str) -> String {
        match (
            self.text(attribute),
            self.text(&format!("{attribute}_prefix")),
        ) {
            (Some(name), _) => name.to_owned(),
            (None, Some(prefix)) => format!("{prefix}${{{}.{attribute}}}", self.address),
            (None, None) => format!("${{{}.{attribute}}}", self.address),
        }
    }

    /// The alias by which everything that is declared is known.
    fn alias(&self) -> String {
        let language = match self.evidence.reader {
            "cloudformation" => "cloudformation",
            _ => "terraform",
        };
        format!("{language}:{}#{}", self.estate, self.address)
    }

    /// The address without the numbers and keys of instances.
    fn base(&self) -> &str {
        match self.address.rfind('[') {
            Some(at) if self.address.ends_with(']') => {
                self.address.get(..at).unwrap_or(&self.address)
            }
            _ => &self.address,
        }
    }

    /// Why it is declared and still not made, if so.
    fn switched_off(&self) -> Option<String> {
        let count = self.text("count").is_some_and(|count| count == "0");
        let each = self.attributes.get("for_each").is_some_and(|each| {
            matches!(&each.value, Value::List(items) if items.is_empty())
                || matches!(&each.value, Value::Map(entries) if entries.is_empty())
        });
        (count || each).then(|| "declared with a count of 0: not made".to_owned())
    }
}
