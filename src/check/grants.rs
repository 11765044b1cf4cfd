//! Statements of customers' own policies that give more than anybody needs, by how they are written. What is
//! surely taken away again, by a denial or a boundary, does not count.

use crate::model::{
    Effect, EntitlementRole, Evidence, IamRule, IdentityId, Inventory, Matcher, Policy, PolicyId,
    PolicyKind, Rule, RuleBody, Set,
};
use crate::platform::glob;
use std::collections::{BTreeSet, HashMap};

/// What a statement gives too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Excess {
    /// Everything, in a policy that is embedded in one principal.
    InlineAdmin,
    /// Everything but some actions, also those that there will be.
    NotAction,
    /// Any role may be passed to any service.
    PassRole,
    /// Everything of IAM.
    Iam,
    /// Any role may be assumed.
    Assume,
    /// Anything may be decrypted with any key.
    Decrypt,
    /// Any secret may be read.
    Secrets,
    /// Data may be shared with other accounts.
    Share,
    /// Every action of a service that holds data.
    Service,
}

/// Actions whose every use, on whatever resource, an excess is about.
const fn actions(excess: Excess) -> &'static [&'static str] {
    match excess {
        Excess::PassRole => &["iam:passrole"],
        Excess::Assume => &["sts:assumerole"],
        Excess::Decrypt => &["kms:decrypt"],
        Excess::Secrets => &[
            "secretsmanager:getsecretvalue",
            "ssm:getparameter",
            "ssm:getparametersbypath",
        ],
        Excess::Share => &[
            "ec2:modifysnapshotattribute",
            "rds:modifydbsnapshotattribute",
            "rds:modifydbclustersnapshotattribute",
            "s3:putbucketpolicy",
            "ec2:modifyimageattribute",
        ],
        Excess::Iam => &["iam:putuserpolicy"],
        Excess::InlineAdmin | Excess::NotAction | Excess::Service => &[],
    }
}

/// Services whose every action includes reading, changing and destroying data.
const SERVICES: [&str; 12] = [
    "s3",
    "dynamodb",
    "rds",
    "secretsmanager",
    "kms",
    "sqs",
    "lambda",
    "ec2",
    "redshift",
    "elasticfilesystem",
    "backup",
    "ssm",
];

/// What the policies hold, by policy and by holder.
pub(super) struct Grants<'a> {
    policies: HashMap<&'a PolicyId, Found<'a>>,
    holders: HashMap<&'a IdentityId, Vec<&'a PolicyId>>,
    boundaries: HashMap<&'a IdentityId, &'a Policy>,
    groups: HashMap<&'a IdentityId, Vec<&'a IdentityId>>,
    inventory: &'a Inventory,
}

struct Found<'a> {
    excesses: Vec<(Excess, &'a Rule, String)>,
    /// Action patterns that are denied everywhere and always.
    denied: BTreeSet<String>,
    /// Versions without effect that allow everything.
    dormant: Option<&'a str>,
}

/// A statement that gives too much.
pub(super) struct Given<'a> {
    pub policy: &'a Policy,
    pub rule: &'a Rule,
    /// What it gives: the action, or the service.
    pub what: &'a str,
}

impl<'a> Grants<'a> {
    pub(super) fn new(inventory: &'a Inventory) -> Self {
        let mut all = Self {
            policies: HashMap::new(),
            holders: HashMap::new(),
            boundaries: HashMap::new(),
            groups: HashMap::new(),
            inventory,
        };
        for policy in inventory.policies.values() {
            let own = matches!(policy.kind, PolicyKind::IamManaged | PolicyKind::IamInline)
                && !policy.id.0.contains("::aws:policy/");
            if own {
                all.policies.insert(&policy.id, Found::of(policy));
            }
        }
        for entitlement in &inventory.entitlements {
            match entitlement.role {
                EntitlementRole::Boundary => {
                    if let Some(policy) = inventory.policies.get(&entitlement.policy) {
                        all.boundaries.insert(&entitlement.principal, policy);
                    }
                }
                EntitlementRole::Grant | EntitlementRole::Conditional => {
                    if all.policies.contains_key(&entitlement.policy) {
                        let held = all.holders.entry(&entitlement.principal).or_default();
                        held.push(&entitlement.policy);
                    }
                }
            }
        }
        for membership in &inventory.memberships {
            let groups = all.groups.entry(&membership.member).or_default();
            groups.push(&membership.group);
        }
        all
    }

    fn held<'s>(&'s self, who: &IdentityId) -> impl Iterator<Item = (&'a PolicyId, &'s Found<'a>)> {
        let groups = self.groups.get(who).into_iter().flatten().copied();
        let own = self.holders.get(who);
        let ids = own
            .into_iter()
            .chain(groups.filter_map(|group| self.holders.get(group)));
        ids.flatten()
            .filter_map(|id| self.policies.get(id).map(|found| (*id, found)))
    }

    /// What the principal is given too much of, of one sort: the first statement.
    pub(super) fn of<'s>(&'s self, who: &IdentityId, excess: Excess) -> Option<Given<'s>> {
        self.all(who, excess).next()
    }

    /// All statements of one sort.
    pub(super) fn all<'s>(
        &'s self,
        who: &IdentityId,
        excess: Excess,
    ) -> impl Iterator<Item = Given<'s>> {
        let denied: Vec<&str> = self
            .held(who)
            .flat_map(|(_, found)| found.denied.iter().map(String::as_str))
            .collect();
        let boundary = self.boundaries.get(who).copied();
        self.held(who).flat_map(move |(id, found)| {
            let denied = denied.clone();
            let given = found.excesses.iter().filter(move |(sort, _, what)| {
                *sort == excess
                    && !denied.iter().any(|pattern| glob::matches(pattern, what))
                    && boundary.is_none_or(|policy| admits(policy, what))
            });
            given.filter_map(move |(_, rule, what)| {
                let policy = self.inventory.policies.get(id)?;
                Some(Given { policy, rule, what })
            })
        })
    }

    /// The places of all that the principal is given too much of.
    pub(super) fn evidence(&self, who: &IdentityId) -> Vec<&'a Evidence> {
        let all = self.held(who).flat_map(|(_, found)| &found.excesses);
        all.map(|(_, rule, _)| &rule.evidence).collect()
    }

    /// A policy of the principal with a version without effect that allows everything: name and version.
    pub(super) fn dormant(&self, who: &IdentityId) -> Option<(&'a str, &'a str)> {
        self.held(who).find_map(|(id, found)| {
            let policy = self.inventory.policies.get(id)?;
            Some((&*policy.name, found.dormant?))
        })
    }
}

/// Whether a boundary allows the action at all, or everything, where no one action is meant.
fn admits(boundary: &Policy, what: &str) -> bool {
    boundary.rules.iter().any(|rule| {
        let RuleBody::Iam(body) = &rule.body else {
            return false;
        };
        rule.effect == Effect::Allow
            && match &body.actions {
                Matcher::In(_) if what == "*" => allows_all(body),
                Matcher::In(patterns) => patterns
                    .iter()
                    .any(|p| glob::matches(&p.to_ascii_lowercase(), what)),
                Matcher::NotIn(patterns) => !patterns
                    .iter()
                    .any(|p| glob::matches(&p.to_ascii_lowercase(), what)),
            }
    })
}

/// Every action on every resource, always.
fn allows_all(rule: &IamRule) -> bool {
    let all = |matcher: &Matcher, whole: &[&str]| match matcher {
        Matcher::In(patterns) => patterns.iter().any(|p| whole.contains(&&**p)),
        Matcher::NotIn(_) => false,
    };
    rule.condition.is_none() && all(&rule.actions, &["*", "*:*"]) && all(&rule.resources, &["*"])
}

impl<'a> Found<'a> {
    fn of(policy: &'a Policy) -> Self {
        let mut found = Self {
            excesses: Vec::new(),
            denied: BTreeSet::new(),
            dormant: None,
        };
        let mut whole = false;
        for rule in &policy.rules {
            let RuleBody::Iam(body) = &rule.body else {
                continue;
            };
            whole |= rule.effect == Effect::Allow && allows_all(body);
            match rule.effect {
                Effect::Deny => found.deny(body),
                Effect::Allow => found.allow(policy, rule, body),
            }
        }
        let wider = |rules: &Set<Rule>| {
            rules.iter().any(|rule| {
                rule.effect == Effect::Allow
                    && matches!(&rule.body, RuleBody::Iam(body) if allows_all(body))
            })
        };
        if !whole {
            let versions = policy.dormant.iter();
            found.dormant = versions
                .filter(|(_, rules)| wider(rules))
                .map(|(version, _)| &**version)
                .next();
        }
        found
    }

    fn deny(&mut self, body: &IamRule) {
        let everywhere =
            matches!(&body.resources, Matcher::In(all) if all.iter().any(|r| &**r == "*"));
        if let (None, true, Matcher::In(patterns)) = (&body.condition, everywhere, &body.actions) {
            let lower = patterns.iter().map(|p| p.to_ascii_lowercase());
            self.denied.extend(lower);
        }
    }

    fn allow(&mut self, policy: &Policy, rule: &'a Rule, body: &IamRule) {
        let mut add = |excess, what: &str| self.excesses.push((excess, rule, what.to_owned()));
        let everywhere = match &body.resources {
            Matcher::In(all) => all.iter().any(|r| &**r == "*"),
            Matcher::NotIn(_) => true,
        };
        let patterns = match &body.actions {
            Matcher::NotIn(_) => {
                if everywhere {
                    add(Excess::NotAction, "*");
                }
                return;
            }
            Matcher::In(patterns) => patterns,
        };
        if allows_all(body) {
            if policy.kind == PolicyKind::IamInline {
                add(Excess::InlineAdmin, "*");
            }
            return;
        }
        let conditions = body.condition.as_deref().unwrap_or_default();
        let lower: Vec<String> = patterns.iter().map(|p| p.to_ascii_lowercase()).collect();
        if everywhere && conditions.is_empty() {
            if lower.iter().any(|p| p == "iam:*") {
                add(Excess::Iam, "iam:putuserpolicy");
            }
            for service in SERVICES {
                let whole = format!("{service}:*");
                if lower.contains(&whole) {
                    add(Excess::Service, &whole);
                }
            }
        }
        let single = [
            Excess::PassRole,
            Excess::Assume,
            Excess::Decrypt,
            Excess::Secrets,
            Excess::Share,
        ];
        for excess in single {
            let bound = match excess {
                Excess::PassRole => {
                    let lower = conditions.to_ascii_lowercase();
                    lower.contains("iam:passedtoservice")
                        || lower.contains("iam:associatedresourcearn")
                }
                _ => !conditions.is_empty(),
            };
            let named = actions(excess)
                .iter()
                .find(|action| lower.iter().any(|p| glob::matches(p, action)));
            if let (false, Some(action)) = (bound, named)
                && any_resource(&body.resources, excess)
            {
                add(excess, action);
            }
        }
    }
}

/// Whether the resources are all of those that the action can be taken on.
fn any_resource(resources: &Matcher, excess: Excess) -> bool {
    let Matcher::In(patterns) = resources else {
        return true;
    };
    let ends: &[&str] = match excess {
        Excess::PassRole | Excess::Assume => &[":role/*"],
        Excess::Decrypt => &[":key/*"],
        Excess::Secrets => &[":secret:*", ":parameter/*", ":parameter*"],
        Excess::Share => &[":snapshot/*", ":::*", ":image/*"],
        _ => &[],
    };
    let whole = |pattern: &str| {
        pattern.chars().all(|c| c == '*') || ends.iter().any(|end| pattern.ends_with(end))
    };
    patterns.iter().any(|pattern| whole(pattern))
}

/// What is given, and by which statement of which policy, in words.
pub(super) fn describe(given: &Given<'_>) -> String {
    format!(
        "statement {} of {} {}",
        given.rule.label,
        given.policy.kind.as_str(),
        given.policy.name
    )
}
