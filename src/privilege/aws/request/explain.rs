//! Answers in words.

use super::caller::CallerKind;
use super::decide::Layers;
use super::tally::{Open, Tally, Tri};
use super::{Question, takes_part};
use crate::model::{Answer, DecidingStatement, Effect, Layer, Str};
use std::collections::BTreeSet;

/// What an explanation is made of.
pub(super) struct Reasons<'r, 'a> {
    pub question: &'r Question<'r>,
    pub layers: &'r Layers<'a>,
    /// Whether the caller and the resource are in one account, as far as that is known.
    pub same: bool,
    pub rooted: bool,
    pub identity: &'r Tri,
    pub boundary: &'r Tri,
    pub session: &'r Tri,
    pub endpoint: &'r Tri,
    /// What grants amount to, before control policies and the endpoint.
    pub granted: &'r Tri,
    /// Whether the resource's policy lets the caller in in any way.
    pub let_in: &'r Tri,
}

impl Reasons<'_, '_> {
    /// A sentence or two.
    pub(super) fn explain(
        &self,
        outcome: Answer,
        open: &Open,
        deciding: &[DecidingStatement],
    ) -> String {
        match outcome {
            Answer::ExplicitlyDenied => match deciding.first() {
                Some(first) => format!("{} denies it.", capital(&told(first))),
                None => "A statement denies it.".to_owned(),
            },
            Answer::ImplicitlyDenied => self.lacking(),
            Answer::Allowed => {
                let mut text = self.granting(deciding);
                text.push_str(" Nothing denies it.");
                text
            }
            Answer::Conditional => format!(
                "{} It depends on {}.",
                self.granting(deciding),
                list(&open.keys)
            ),
            Answer::Unresolved => {
                let mut text = format!(
                    "{} It cannot be told without {}.",
                    self.granting(deciding),
                    list(&open.missing)
                );
                if !open.keys.is_empty() {
                    text.push_str(&format!(" It also depends on {}.", list(&open.keys)));
                }
                text
            }
        }
    }

    fn granting(&self, deciding: &[DecidingStatement]) -> String {
        let mut parts: Vec<String> = Vec::new();
        if self.rooted {
            parts.push("the root user needs no identity policy".to_owned());
        }
        let mut denials = Vec::new();
        for statement in deciding {
            if statement.effect == Effect::Deny {
                denials.push(told(statement));
                continue;
            }
            let verb = match (statement.layer, statement.conditions.is_empty()) {
                (Layer::Identity | Layer::Resource | Layer::Trust, true) => "allows it",
                (Layer::Identity | Layer::Resource | Layer::Trust, false) => "may allow it",
                (_, true) => "lets it through",
                (_, false) => "may let it through",
            };
            parts.push(format!("{} {verb}", told(statement)));
        }
        for denial in denials {
            parts.push(format!("{denial} may deny it"));
        }
        match parts.is_empty() {
            true => "What was read does not decide it.".to_owned(),
            false => format!("{}.", capital(&parts.join("; "))),
        }
    }

    /// What stands in the way although nothing denies.
    fn lacking(&self) -> String {
        let no = |tri: &Tri| *tri == Tri::No;
        let layers = self.layers;
        for (level, tally) in layers.service_control.iter().enumerate() {
            if no(&tally.allowed()) {
                let many = layers.service_control.len();
                return self.failing(
                    format!("No service control policy of level {} of {many} (from the root down) allows it.", level + 1),
                    tally,
                );
            }
        }
        if let (true, Some(tally)) = (no(self.endpoint), &layers.endpoint) {
            return self.failing("The endpoint policy does not allow it.".to_owned(), tally);
        }
        let question = self.question;
        let caller = question.caller;
        if !caller.has_policies() {
            let who = match caller.kind {
                CallerKind::Service => "the service",
                CallerKind::Federated => "bearers of the provider's tokens",
                _ => "everybody",
            };
            let policy = policy_name(question.action, question.resource);
            return self.failing(format!("{policy} does not let in {who}."), &layers.resource);
        }
        if self.rooted && self.same && question.action == "sts:assumerole" {
            return "Root users cannot assume roles.".to_owned();
        }
        let capped = no(self.boundary) && no(self.granted) && !no(self.identity);
        if let (true, Some(tally)) = (capped, &layers.boundary) {
            return self.failing(
                "The permissions boundary does not allow what the identity policies give."
                    .to_owned(),
                tally,
            );
        }
        if let (true, Some(tally)) = (no(self.session) && !no(self.identity), &layers.session) {
            return self.failing("The session policy does not allow it.".to_owned(), tally);
        }
        let resource = policy_name(question.action, question.resource);
        let mut text = if takes_part(question.action, question.resource) && no(self.let_in) {
            return self.failing(
                format!("{resource} does not let the caller in."),
                &layers.resource,
            );
        } else if !self.same && no(self.let_in) {
            return self.failing(
                format!(
                    "The resource is another account's, and {} does not let the caller in.",
                    lower(&resource)
                ),
                &layers.resource,
            );
        } else if !self.same {
            "The resource is another account's, and no identity policy of the caller's allows it."
                .to_owned()
        } else {
            "No policy allows it.".to_owned()
        };
        if let Some(note) = note(&layers.identity).or_else(|| note(&layers.resource)) {
            text.push_str(&note);
        }
        text
    }

    fn failing(&self, mut text: String, tally: &Tally<'_>) -> String {
        if let Some(note) = note(tally) {
            text.push_str(&note);
        }
        text
    }
}

/// A statement that came close.
fn note(tally: &Tally<'_>) -> Option<String> {
    let failed = tally.failed.as_ref()?;
    Some(format!(
        " The condition of {} is not met.",
        told(&failed.deciding())
    ))
}

fn policy_name(action: &str, resource: Option<&str>) -> String {
    if super::assumes(action) {
        "The role's trust policy".to_owned()
    } else if takes_part(action, resource) {
        "The key policy".to_owned()
    } else {
        "The resource's policy".to_owned()
    }
}

fn told(statement: &DecidingStatement) -> String {
    let name = statement.policy.rsplit('/').next().unwrap_or_default();
    let layer = statement.layer.as_str();
    let label = match statement.statement.starts_with("Statement[") {
        true => statement.statement.to_string(),
        false => format!("statement {}", statement.statement),
    };
    if name.is_empty() {
        format!("{label} of the {layer}")
    } else {
        format!("{label} of {layer} {name}")
    }
}

fn list(names: &BTreeSet<Str>) -> String {
    let names: Vec<&str> = names.iter().map(|n| &**n).collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

fn lower(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => String::new(),
    }
}
