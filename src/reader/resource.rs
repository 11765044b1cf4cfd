//! Resources of infrastructure code, whatever language declares them: what they state about identities,
//! credentials and grants.
//!
//! Readers of code (Terraform) and of what was made of it (state, plans, Pulumi stacks) bring their resources into
//! one form, in Terraform's words; what a type of resource means stands in one place.

use super::tree::Node;
use crate::model::{Evidence, Facts, Label, Presence, Problem, Str};

mod eks;

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
    /// Tags that its provider gives everything.
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
    let _ = (resource, attribute);
    None
}

/// What resources state together.
pub(super) fn facts(resources: &[Resource]) -> (Facts, Vec<Problem>) {
    let mut found = Facts::default();
    for resource in resources {
        eks::facts(resource, &mut found);
    }
    (found, Vec::new())
}
