//! What one role meets of the needs of the primitives, judged once however often it is bound.

use super::roles::{RoleIndex, Roles};
use crate::model::{Capability, Hop, RbacRule, Str, Tier};
use crate::platform::kubernetes::primitives::{Becomes, Named, Permission, primitives};
use crate::platform::kubernetes::rbac::{Request, Rule, allows, can_be_named, literal_or_all};
use crate::platform::kubernetes::resources::{
    effective_in_namespace, is_inert, is_public_url, is_review, is_self_review,
};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::LazyLock;

/// Something to look for in a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Need {
    /// Every verb on every resource of every group.
    Everything,
    /// Every resource, and either every verb or every group.
    Wildcard,
    /// Reading some resource.
    Read,
    /// Creating or changing some resource.
    Write,
    /// Deleting some resource.
    Delete,
    /// Looking at something that is no resource, or asking about others' permissions.
    Look,
    /// A verb that the platform does not define.
    Custom,
    /// A need of a primitive: its number, and the need's in it.
    Of(usize, usize),
}

/// A rule meets a need.
#[derive(Clone, Debug)]
pub(super) struct Hit<'a> {
    pub(super) need: Need,
    /// `create pods/exec`.
    pub(super) what: Str,
    /// The object names it is limited to; `None` for all.
    pub(super) names: Option<Vec<&'a Str>>,
    /// The role that has the rule; another than the one bound when that one aggregates.
    pub(super) role: RoleIndex,
    /// The rule, as a step of a proof.
    pub(super) hop: Hop,
}

/// Where a role is bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Span {
    /// By a ClusterRoleBinding.
    Cluster,
    /// By a RoleBinding.
    Namespace,
}

/// A primitive with the model's words for the file's.
pub(super) struct Compiled {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) needs: usize,
    /// The names that its first need is limited to are part of what it is, not a limit to it.
    pub(super) explicit: bool,
    pub(super) tier: Tier,
    pub(super) at_large: Option<Tier>,
    pub(super) becomes: Option<Becomes>,
    pub(super) named: Option<Named>,
    pub(super) capabilities: Vec<Capability>,
}

/// The primitives, in the order of the file.
pub(super) static PRIMITIVES: LazyLock<Vec<Compiled>> = LazyLock::new(|| {
    let tier = |name: &str| Tier::ALL.into_iter().find(|tier| tier.as_str() == name);
    let capability = |name: &String| Capability::ALL.into_iter().find(|c| c.as_str() == name);
    primitives()
        .iter()
        .map(|primitive| Compiled {
            id: &primitive.id,
            title: &primitive.title,
            needs: primitive.needs.len(),
            explicit: (primitive.needs.first())
                .is_some_and(|need| need.iter().all(|permission| permission.explicit)),
            tier: tier(&primitive.tier).unwrap_or_default(),
            at_large: primitive.at_large.as_deref().and_then(tier),
            becomes: primitive.becomes,
            named: primitive.named,
            capabilities: primitive
                .capabilities
                .iter()
                .filter_map(capability)
                .collect(),
        })
        .collect()
});

/// Judges roles and remembers.
pub(super) struct Judge<'a, 'r> {
    roles: &'r Roles<'a>,
    /// What each role's own rules meet.
    own: BTreeMap<(RoleIndex, Span), Vec<Hit<'a>>>,
    /// The same with what aggregation adds; `None` when that could not be followed to its end.
    whole: BTreeMap<(RoleIndex, Span), Option<Rc<Vec<Hit<'a>>>>>,
    budget: usize,
}

impl<'a, 'r> Judge<'a, 'r> {
    pub(super) fn new(roles: &'r Roles<'a>) -> Self {
        Self {
            roles,
            own: BTreeMap::new(),
            whole: BTreeMap::new(),
            budget: Roles::budget(),
        }
    }

    /// What a role meets, bound this way: for each need one rule without limit to names, if there is
    /// one, else all rules that meet it for some names.
    pub(super) fn judge(&mut self, role: RoleIndex, span: Span) -> Option<Rc<Vec<Hit<'a>>>> {
        if let Some(known) = self.whole.get(&(role, span)) {
            return known.clone();
        }
        let judged = self.roles.closure(role, &mut self.budget).map(|members| {
            let mut free: BTreeMap<Need, Hit<'a>> = BTreeMap::new();
            let mut named: Vec<Hit<'a>> = Vec::new();
            for member in members {
                for hit in self.own(member, span) {
                    if hit.names.is_some() {
                        named.push(hit.clone());
                    } else {
                        free.entry(hit.need).or_insert_with(|| hit.clone());
                    }
                }
            }
            named.retain(|hit| !free.contains_key(&hit.need));
            free.into_values().chain(named).collect()
        });
        let judged = judged.map(Rc::new);
        self.whole.insert((role, span), judged.clone());
        judged
    }

    fn own(&mut self, index: RoleIndex, span: Span) -> &[Hit<'a>] {
        let roles = self.roles;
        self.own.entry((index, span)).or_insert_with(|| {
            let mut hits = Vec::new();
            for rule in roles.get(index).iter().flat_map(|role| &role.rules) {
                let hop = rule.hop();
                each_need(rule.rule, span, &mut |need, what, names| {
                    hits.push(Hit {
                        need,
                        what: what.into(),
                        names,
                        role: index,
                        hop: hop.clone(),
                    });
                });
            }
            hits
        })
    }
}

/// Called with a need, what meets it, and the names it is limited to.
type Found<'f, 'a> = &'f mut dyn FnMut(Need, String, Option<Vec<&'a Str>>);

/// Every need that a rule meets.
fn each_need<'a>(rule: &'a RbacRule, span: Span, found: Found<'_, 'a>) {
    general(rule, span, found);
    for (p, primitive) in primitives().iter().enumerate() {
        for (n, need) in primitive.needs.iter().enumerate() {
            let mut limited = None;
            for permission in need {
                match meets(rule, permission, span) {
                    Some((what, None)) => {
                        limited = None;
                        found(Need::Of(p, n), what, None);
                        break;
                    }
                    Some(named) if limited.is_none() => limited = Some(named),
                    _ => {}
                }
            }
            if let Some((what, names)) = limited {
                found(Need::Of(p, n), what, names);
            }
        }
    }
}

/// Whether a rule gives one of the requests that a permission speaks of: which, and for which names.
fn meets<'a>(
    rule: &'a RbacRule,
    permission: &Permission,
    span: Span,
) -> Option<(String, Option<Vec<&'a Str>>)> {
    let mut limited = None;
    if permission.explicit && rule.resource_names.is_empty() {
        return None;
    }
    for verb in &permission.verbs {
        if !literal_or_all(&rule.verbs, verb) {
            continue;
        }
        for resource in &permission.resources {
            for group in &permission.groups {
                if span == Span::Namespace && !effective_in_namespace(verb, group, resource) {
                    continue;
                }
                let allowed = |name| {
                    let request = Request::Resource {
                        verb,
                        group,
                        resource,
                        name,
                    };
                    allows(&view(rule), &request)
                };
                if rule.resource_names.is_empty() || !can_be_named(verb, resource) {
                    if allowed("") {
                        return Some((format!("{verb} {resource}"), None));
                    }
                } else if limited.is_none() {
                    let names: Vec<&Str> = rule
                        .resource_names
                        .iter()
                        .filter(|name| {
                            permission.names.is_empty()
                                || permission.names.iter().any(|n| **n == ***name)
                        })
                        .collect();
                    if names.first().is_some_and(|name| allowed(name)) {
                        limited = Some((format!("{verb} {resource}"), Some(names)));
                    }
                }
            }
        }
    }
    limited
}

/// The needs that belong to no primitive.
fn general<'a>(rule: &'a RbacRule, span: Span, found: Found<'_, 'a>) {
    let star = |list: &[Str]| list.iter().any(|entry| &**entry == "*");
    let (verbs, groups) = (star(&rule.verbs), star(&rule.api_groups));
    if star(&rule.resources) && rule.resource_names.is_empty() {
        if verbs && groups {
            found(
                Need::Everything,
                "every verb on every resource".to_owned(),
                None,
            );
        }
        if verbs {
            found(
                Need::Wildcard,
                "every verb (*) on resources *".to_owned(),
                None,
            );
        } else if groups {
            found(
                Need::Wildcard,
                "resources * of API groups *".to_owned(),
                None,
            );
        }
    }
    let names = || (!rule.resource_names.is_empty()).then(|| rule.resource_names.iter().collect());
    for (need, wanted) in [
        (Need::Read, &["get", "list", "watch"][..]),
        (Need::Write, &["create", "update", "patch"]),
        (Need::Delete, &["delete", "deletecollection"]),
    ] {
        let met = wanted.iter().find_map(|verb| {
            let resource = literal_or_all(&rule.verbs, verb)
                .then(|| touched(rule, verb, span))
                .flatten()?;
            Some(format!("{verb} {resource}"))
        });
        if let Some(what) = met {
            found(need, what, names());
        }
    }
    let asks = rule.resources.iter().find(|resource| is_review(resource));
    if let Some(resource) = asks
        && literal_or_all(&rule.verbs, "create")
        && effective(rule, "create", resource, span)
    {
        found(Need::Look, format!("create {resource}"), None);
    }
    let url = rule
        .non_resource_urls
        .iter()
        .find(|url| !is_public_url(url));
    if let (Some(url), Span::Cluster, false) = (url, span, rule.verbs.is_empty()) {
        found(Need::Look, format!("reach {url}"), None);
    }
    let known = |verb: &str| {
        matches!(
            verb,
            "*" | "get"
                | "list"
                | "watch"
                | "create"
                | "update"
                | "patch"
                | "delete"
                | "deletecollection"
        )
    };
    let custom = rule
        .verbs
        .iter()
        .find(|verb| !known(verb) && !is_inert(verb));
    if let Some(verb) = custom
        && let Some(resource) = touched(rule, verb, span)
    {
        found(Need::Custom, format!("{verb} {resource}"), names());
    }
}

/// A resource on which a verb of the rule has an effect of its own: within reach of the binding, allowed
/// with or without a name, and neither a mere question nor a door that a primitive speaks of.
fn touched<'a>(rule: &'a RbacRule, verb: &str, span: Span) -> Option<&'a Str> {
    rule.resources.iter().find(|resource| {
        let sub = resource.split_once('/').map(|(_, sub)| sub);
        let door = matches!(
            sub,
            Some("exec" | "attach" | "portforward" | "proxy" | "token")
        );
        !door
            && !is_self_review(resource)
            && !is_review(resource)
            && !resource.ends_with("/*")
            && (rule.resource_names.is_empty()
                || can_be_named(verb, resource)
                || rule.resource_names.iter().any(|name| name.is_empty()))
            && effective(rule, verb, resource, span)
    })
}

fn effective(rule: &RbacRule, verb: &str, resource: &str, span: Span) -> bool {
    match span {
        Span::Cluster => !rule.api_groups.is_empty(),
        Span::Namespace => rule
            .api_groups
            .iter()
            .any(|group| effective_in_namespace(verb, group, resource)),
    }
}

fn view(rule: &RbacRule) -> Rule<'_, Str> {
    Rule {
        api_groups: &rule.api_groups,
        resources: &rule.resources,
        verbs: &rule.verbs,
        resource_names: &rule.resource_names,
        non_resource_urls: &rule.non_resource_urls,
    }
}
