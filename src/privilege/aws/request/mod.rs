//! Requests: may this principal do this to that, and which statements decide?
//!
//! Everything that can have a say is put into one [`Stack`]: the principal's own policies, its boundary and
//! session policies, the resource's policy (a role's trust among them), the control policies of the
//! organisation and the endpoint's policy. The answer follows AWS's evaluation logic, three-valued: what a
//! request does not tell and what was not read is named, never guessed.

#[cfg(test)]
mod agreement;
mod caller;
mod decide;
mod estate;
mod explain;
mod policy;
mod tally;
mod who;
mod wire;

pub use estate::Estate;
pub use wire::{BadRequest, Inquiry};

use super::condition::{Asked, Known};
use crate::model::{Decision, PrincipalDecision, Str, Timestamp};
use crate::platform::aws::actions;
use crate::platform::aws::arn::Arn;
use caller::{Caller, CallerKind};
use policy::Policy;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Answers an inquiry from what it brings itself and, for the rest, from an estate.
///
/// # Errors
/// When the inquiry names a principal that can be no principal.
pub fn decide(inquiry: &Inquiry, estate: Option<&Estate<'_>>) -> Result<Decision, BadRequest> {
    inquiry.decide(estate)
}

/// What every principal of an estate may do: one verdict for each that is not simply denied, and how many
/// others there are. Who could only do it as a role that it may assume is told with the roles in between.
pub fn who_can(inquiry: &Inquiry, estate: &Estate<'_>) -> (Vec<PrincipalDecision>, usize) {
    who::who_can(inquiry, estate)
}

/// How conditions are asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terms {
    /// Keys that are not given are absent rather than unknown.
    pub complete: bool,
    /// The time of the question.
    pub now: Option<Timestamp>,
}

/// One request, as policies see it.
#[derive(Clone, Debug)]
struct Question<'q> {
    caller: &'q Caller,
    /// In lower case.
    action: &'q str,
    /// `None` where none is named although the action may take one.
    resource: Option<&'q str>,
    /// The account that owns the resource, where known.
    owner: Option<&'q str>,
    /// Whether the caller has a permissions boundary.
    capped: bool,
    /// Keys in lower case.
    context: &'q BTreeMap<String, Vec<String>>,
    /// What an estate tells of the caller and the resource.
    told: Told<'q>,
    terms: Terms,
}

/// What an estate knows about the two parties of a request.
#[derive(Clone, Debug, Default)]
struct Told<'q> {
    caller_tags: Tags<'q>,
    resource_tags: Tags<'q>,
    caller_org: Option<(&'q str, String)>,
    resource_org: Option<(&'q str, String)>,
}

/// Tags of a principal.
#[derive(Clone, Debug, Default)]
enum Tags<'q> {
    /// Nothing is known of them.
    #[default]
    Unknown,
    /// These are all.
    Known(&'q crate::model::Set<crate::model::Label>),
}

impl Tags<'_> {
    /// Keys of tags are compared without regard to case, as condition keys are.
    fn get(&self, key: &str) -> Known<'_> {
        match self {
            Self::Unknown => Known::Unknown,
            Self::Known(labels) => {
                let mut labels = labels.iter();
                match labels.find(|label| label.key.eq_ignore_ascii_case(key)) {
                    Some(label) => Known::One(Cow::Borrowed(&label.value)),
                    None => Known::Absent,
                }
            }
        }
    }
}

impl Asked for Question<'_> {
    fn key(&self, key: &str) -> Known<'_> {
        if let Some(values) = self.context.get(key) {
            return match values.as_slice() {
                [only] => Known::One(Cow::Borrowed(only)),
                several => Known::Many(several),
            };
        }
        match self.derived(key) {
            Known::Unknown if self.terms.complete => Known::Absent,
            known => known,
        }
    }
}

impl Question<'_> {
    /// Keys that follow from who asks, what about and when.
    fn derived(&self, key: &str) -> Known<'_> {
        use CallerKind as Kind;
        let text = |text: &'static str| Known::One(Cow::Borrowed(text));
        let of = |text: &Option<String>| match text {
            Some(text) => Known::One(Cow::Owned(text.clone())),
            None => Known::Unknown,
        };
        let caller = self.caller;
        let own = caller.has_policies();
        if let Some(tag) = key.strip_prefix("aws:principaltag/") {
            return match caller.kind {
                Kind::Root | Kind::Service | Kind::Anonymous => Known::Absent,
                _ => self.told.caller_tags.get(tag),
            };
        }
        let tag = key.strip_prefix("aws:resourcetag/");
        if let Some(tag) = tag.or_else(|| key.strip_prefix("iam:resourcetag/")) {
            return self.told.resource_tags.get(tag);
        }
        match key {
            "aws:principalarn" if own && !caller.arn.is_empty() && caller.account.is_some() => {
                Known::One(Cow::Owned(caller.principal_arn()))
            }
            "aws:principalaccount" if own => of(&caller.account),
            "aws:principaltype" => match caller.kind {
                Kind::Root => text("Account"),
                Kind::User => text("User"),
                Kind::FederatedUser => text("FederatedUser"),
                Kind::Role | Kind::Session => text("AssumedRole"),
                Kind::Anonymous => text("Anonymous"),
                Kind::Service | Kind::Federated => Known::Unknown,
            },
            "aws:principalisawsservice" => text(match caller.kind {
                Kind::Service => "true",
                _ => "false",
            }),
            "aws:principalservicename" if caller.kind == Kind::Service => {
                Known::One(Cow::Borrowed(&caller.arn))
            }
            "aws:principalservicename" | "aws:principalservicenameslist" => Known::Absent,
            "aws:federatedprovider" if caller.kind == Kind::Federated => {
                Known::One(Cow::Borrowed(&caller.arn))
            }
            "aws:username" => match caller.kind {
                Kind::User if !caller.name.is_empty() => Known::One(Cow::Borrowed(&caller.name)),
                Kind::User => Known::Unknown,
                _ => Known::Absent,
            },
            "aws:userid" => match (caller.kind, caller.unique.as_slice()) {
                (Kind::Root, _) => of(&caller.account),
                (Kind::User, [id, ..]) => Known::One(Cow::Borrowed(id)),
                (Kind::Session, [id, ..]) if id.contains(':') => Known::One(Cow::Borrowed(id)),
                (Kind::Session, [id, ..]) => match &caller.session {
                    Some(session) => Known::One(Cow::Owned(format!("{id}:{session}"))),
                    None => Known::Unknown,
                },
                (Kind::Anonymous, _) => text("anonymous"),
                _ => Known::Unknown,
            },
            // Only requests that a service makes for somebody carry these.
            "aws:sourcearn" | "aws:sourceaccount" | "aws:sourceorgid" | "aws:sourceorgpaths"
                if own =>
            {
                Known::Absent
            }
            "aws:resourceaccount" => match self.owner {
                Some(owner) => Known::One(Cow::Borrowed(owner)),
                None => Known::Unknown,
            },
            "aws:principalorgid" if own => member(self.told.caller_org.as_ref(), false),
            "aws:principalorgpaths" if own => member(self.told.caller_org.as_ref(), true),
            "aws:resourceorgid" => member(self.told.resource_org.as_ref(), false),
            "aws:resourceorgpaths" => member(self.told.resource_org.as_ref(), true),
            "aws:currenttime" if !self.terms.complete => match self.terms.now {
                Some(now) => Known::One(Cow::Owned(now.to_string())),
                None => Known::Unknown,
            },
            "aws:epochtime" if !self.terms.complete => match self.terms.now {
                Some(now) => Known::One(Cow::Owned(now.seconds().to_string())),
                None => Known::Unknown,
            },
            _ => Known::Unknown,
        }
    }
}

fn member<'q>(org: Option<&'q (&'q str, String)>, path: bool) -> Known<'q> {
    match org {
        Some((_, way)) if path => Known::One(Cow::Borrowed(way)),
        Some((id, _)) => Known::One(Cow::Borrowed(id)),
        None => Known::Unknown,
    }
}

/// What caps a principal.
#[derive(Clone, Debug)]
enum Cap<'a> {
    None,
    Policies(Vec<&'a Policy>),
    /// A document that was not read.
    Unread(Str),
}

/// Everything that has a say about one request.
#[derive(Clone, Debug)]
struct Stack<'a> {
    identity: Vec<&'a Policy>,
    /// Policies that the principal holds and that were not read.
    unread: Vec<Str>,
    /// Policies that cap it and were not read.
    uncapped: Vec<Str>,
    boundary: Cap<'a>,
    session: Cap<'a>,
    endpoint: Cap<'a>,
    /// Service control policies, a list for each level from the root down.
    service_control: Vec<Vec<&'a Policy>>,
    /// Resource control policies of the resource's account, which only take away.
    resource_control: Vec<&'a Policy>,
    resource: Cap<'a>,
    assumptions: BTreeSet<Str>,
}

/// Whether a role's trust takes part: who asks becomes it, or says something of the session to be.
fn assumes(action: &str) -> bool {
    action.starts_with("sts:assumerole")
        || matches!(action, "sts:tagsession" | "sts:setsourceidentity")
}

/// Whether the resource's own policy must take part even inside its account.
fn takes_part(action: &str, resource: Option<&str>) -> bool {
    let arn = resource.and_then(Arn::parse);
    assumes(action) && arn.is_none_or(|arn| arn.service == "iam")
        || action.starts_with("kms:") && arn.is_some_and(|arn| arn.kind() == "key")
}

/// Whether resource control policies reach what the action works on.
fn is_controlled(action: &str) -> bool {
    actions::resource_controlled(action)
}
