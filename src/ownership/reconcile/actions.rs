//! Actions that an identity is granted beside those that it is meant to do.

use crate::model::{
    Effect, Entitlement, EntitlementRole, Identity, IdentityId, Inventory, Matcher, Platform,
    RbacRule, Rule, RuleBody, Str,
};
use crate::platform::aws::pattern::{covers, normalise_action};
use crate::platform::aws::{actions, managed, policy};
use crate::platform::glob;
use std::collections::{BTreeSet, HashMap};

/// How many excesses are named.
const NAMED: usize = 5;
/// How many patterns of an entry are gone into.
const MOST_PATTERNS: usize = 256;

/// Whether what is granted stays within what is meant.
pub(super) enum Verdict {
    Within,
    /// Not all that is granted is known.
    Open,
    /// What goes beyond, in words.
    Beyond(String),
}

/// Who is granted what.
pub(super) struct Granted<'a> {
    inventory: &'a Inventory,
    held: HashMap<&'a IdentityId, Vec<&'a Entitlement>>,
    groups: HashMap<&'a IdentityId, Vec<&'a IdentityId>>,
}

impl<'a> Granted<'a> {
    /// An empty index when nobody asks.
    pub(super) fn new(inventory: &'a Inventory, asked: bool) -> Self {
        let mut all = Self {
            inventory,
            held: HashMap::new(),
            groups: HashMap::new(),
        };
        if asked {
            for entitlement in &inventory.entitlements {
                let held = all.held.entry(&entitlement.principal).or_default();
                held.push(entitlement);
            }
            for membership in &inventory.memberships {
                let groups = all.groups.entry(&membership.member).or_default();
                groups.push(&membership.group);
            }
        }
        all
    }

    /// Compares; `open` says that not all was read.
    pub(super) fn beyond(&self, identity: &Identity, meant: &[Str], open: bool) -> Verdict {
        let meant: Vec<String> = meant
            .iter()
            .take(MOST_PATTERNS)
            .map(|pattern| {
                normalise_action(pattern)
                    .split_whitespace()
                    .collect::<Vec<_>>()
                    .join(" ")
            })
            .collect();
        let groups = self.groups.get(&identity.id).into_iter().flatten().copied();
        let held: Vec<&Entitlement> = std::iter::once(&identity.id)
            .chain(groups)
            .filter_map(|principal| self.held.get(principal))
            .flatten()
            .copied()
            .collect();
        let mut weighing = Weighing {
            meant,
            open,
            beyond: BTreeSet::new(),
            denied: Vec::new(),
            caps: Vec::new(),
            unread_cap: false,
        };
        if identity.platform == Platform::Aws {
            for entitlement in &held {
                self.limits(entitlement, &mut weighing);
            }
        }
        for entitlement in held {
            if entitlement.role != EntitlementRole::Boundary {
                self.weigh(entitlement, &mut weighing);
            }
        }
        weighing.verdict()
    }

    /// The rules of a policy; `None` when it was not read.
    fn rules(&self, entitlement: &Entitlement) -> Option<Vec<Given>> {
        if let Some(policy) = self.inventory.policies.get(&entitlement.policy) {
            let unread = !policy.aggregation.is_empty();
            let rules = policy.rules.iter().map(Given::of);
            return (!unread).then(|| rules.collect());
        }
        let managed = managed::policy(&entitlement.policy.0)?;
        let rules = managed.document.statements.iter().map(Given::of_managed);
        Some(rules.collect())
    }

    fn limits(&self, entitlement: &Entitlement, weighing: &mut Weighing) {
        let rules = self.rules(entitlement);
        if entitlement.role == EntitlementRole::Boundary {
            match rules {
                Some(rules) => {
                    let allowed = rules.into_iter().filter(|r| r.allow);
                    weighing
                        .caps
                        .push(allowed.map(|r| (r.negated, r.actions)).collect());
                }
                None => weighing.unread_cap = true,
            }
            return;
        }
        for rule in rules.into_iter().flatten() {
            if !rule.allow && rule.always && !rule.negated {
                weighing.denied.extend(rule.actions);
            }
        }
    }

    fn weigh(&self, entitlement: &Entitlement, weighing: &mut Weighing) {
        let Some(rules) = self.rules(entitlement) else {
            weighing.open = true;
            return;
        };
        for rule in rules.iter().filter(|rule| rule.allow) {
            match rule.sort {
                Sort::Iam if rule.negated => weighing.iam("*"),
                Sort::Iam => rule.actions.iter().for_each(|a| weighing.iam(a)),
                Sort::Rbac => rule.actions.iter().for_each(|a| weighing.rbac(a)),
                Sort::Named => {
                    let within = |a: &String| weighing.meant.iter().any(|m| covers(m, a));
                    // What a role amounts to in single actions, the entry may have said instead.
                    weighing.open |= !rule.actions.iter().all(within);
                }
            }
        }
    }
}

/// A rule, as far as it matters here.
struct Given {
    allow: bool,
    /// Of everything, and without a condition.
    always: bool,
    negated: bool,
    sort: Sort,
    actions: Vec<String>,
}

enum Sort {
    Iam,
    Rbac,
    Named,
}

impl Given {
    fn of(rule: &Rule) -> Self {
        let allow = rule.effect == Effect::Allow;
        let given = |sort, always, negated, actions| Self {
            allow,
            always,
            negated,
            sort,
            actions,
        };
        match &rule.body {
            RuleBody::Iam(iam) => {
                let (negated, actions) = match &iam.actions {
                    Matcher::In(list) => (false, list),
                    Matcher::NotIn(list) => (true, list),
                };
                let everything = match &iam.resources {
                    Matcher::In(list) => list.iter().any(|r| &**r == "*"),
                    Matcher::NotIn(_) => false,
                };
                let actions = actions.iter().map(|a| normalise_action(a)).collect();
                given(
                    Sort::Iam,
                    everything && iam.condition.is_none(),
                    negated,
                    actions,
                )
            }
            RuleBody::Rbac(rbac) => given(Sort::Rbac, true, false, verbs(rbac)),
            RuleBody::Named(name) => given(Sort::Named, true, false, vec![normalise_action(name)]),
        }
    }

    fn of_managed(statement: &policy::Statement) -> Self {
        let everything = statement
            .resources
            .as_ref()
            .is_some_and(|r| !r.negated && r.patterns.iter().any(|p| p == "*"));
        Self {
            allow: statement.allow,
            always: everything && statement.condition.is_none(),
            negated: statement.actions.negated,
            sort: Sort::Iam,
            actions: statement
                .actions
                .patterns
                .iter()
                .map(|a| normalise_action(a))
                .collect(),
        }
    }
}

/// `get pods`, `* deployments.apps`.
fn verbs(rule: &RbacRule) -> Vec<String> {
    let mut all = Vec::new();
    let groups: Vec<&str> = match rule.api_groups.is_empty() {
        true => vec![""],
        false => rule.api_groups.iter().map(|g| &**g).collect(),
    };
    for verb in rule.verbs.iter().take(MOST_PATTERNS) {
        for resource in rule.resources.iter().take(MOST_PATTERNS) {
            for group in groups.iter().take(MOST_PATTERNS) {
                let dot = if group.is_empty() { "" } else { "." };
                all.push(format!("{verb} {resource}{dot}{group}").to_lowercase());
                if all.len() > MOST_PATTERNS * MOST_PATTERNS {
                    return all;
                }
            }
        }
    }
    all
}

/// Patterns of a boundary: whether they are what is left out, and which.
type Cap = Vec<(bool, Vec<String>)>;

struct Weighing {
    meant: Vec<String>,
    open: bool,
    beyond: BTreeSet<String>,
    /// Denied everywhere and always.
    denied: Vec<String>,
    /// What each boundary allows.
    caps: Vec<Cap>,
    unread_cap: bool,
}

impl Weighing {
    /// A granted pattern of IAM.
    fn iam(&mut self, granted: &str) {
        let free = self.denied.is_empty() && self.caps.is_empty();
        if self.meant.iter().any(|meant| covers(meant, granted)) {
            return;
        }
        if !granted.contains(['*', '?']) {
            if self.effective(granted) {
                self.beyond.insert(granted.to_owned());
            }
            return;
        }
        // Patterns that differ may still mean the same actions.
        let mut all = actions::matching(granted).into_iter();
        let first = all.find(|action| {
            let action = format!("{}:{}", action.service(), action.name).to_lowercase();
            !self.meant.iter().any(|meant| glob::matches(meant, &action))
                && (free || self.effective(&action))
        });
        if let Some(action) = first {
            let action = format!("{}:{}", action.service(), action.name);
            self.beyond.insert(format!("{granted} (as {action})"));
        }
    }

    /// Whether neither a denial nor a boundary takes an action away.
    fn effective(&self, action: &str) -> bool {
        let any = |patterns: &[String]| patterns.iter().any(|p| glob::matches(p, action));
        let capped = |cap: &Cap| {
            cap.iter()
                .any(|(negated, patterns)| any(patterns) != *negated)
        };
        !any(&self.denied) && self.caps.iter().all(capped)
    }

    /// A verb and a resource of Kubernetes.
    fn rbac(&mut self, granted: &str) {
        // An entry may leave the API group out.
        let short = granted.split_once('.').map_or(granted, |(short, _)| short);
        let within = |meant: &String| covers(meant, granted) || covers(meant, short);
        if !self.meant.iter().any(within) {
            self.beyond.insert(granted.to_owned());
        }
    }

    fn verdict(self) -> Verdict {
        if self.beyond.is_empty() {
            return if self.open {
                Verdict::Open
            } else {
                Verdict::Within
            };
        }
        if self.unread_cap {
            return Verdict::Open;
        }
        let mut named: Vec<&str> = self.beyond.iter().take(NAMED).map(String::as_str).collect();
        let more = self.beyond.len().saturating_sub(NAMED);
        let more = format!("{more} more");
        if self.beyond.len() > NAMED {
            named.push(&more);
        }
        Verdict::Beyond(named.join(", "))
    }
}
