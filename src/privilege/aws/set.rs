//! A set of policies that principals hold together, and the question it answers: is this action allowed,
//! on what, and how firmly?
//!
//! Allowed is what some statement allows, no statement denies and the boundary, if there is one, and every
//! level of service control policies allow too. A denial under a condition that files cannot decide does not protect, but the answer says so.

use super::condition::{Asked, Condition, Context, Known, Verdict, depend, told_tags};
use super::control::Caps;
use super::scope::{blankets, loosened, open_expressions, own_only, speaks_of, substituted};
use super::statement::{CORE, Compiled, GIVING, Patterns, Probe, Statement, probe, spelling};
use crate::model::{Breadth, Certainty};
use crate::platform::aws::actions::resource_controlled;
use crate::platform::aws::arn::Arn;
use crate::platform::aws::pattern::{covers, is_everything, overlaps};
use crate::platform::glob;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What caps a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Boundary {
    None,
    /// The policy at this position.
    Policy(usize),
    /// One whose document was not read.
    Unread,
}

/// Policies held together. Principals that hold the same ones share a set.
#[derive(Clone, Debug)]
pub(super) struct PolicySet<'w> {
    pub policies: &'w [Compiled],
    /// Positions of those that give.
    pub grants: Vec<usize>,
    pub boundary: Boundary,
    /// Values of policy variables, for a set that belongs to one principal because it uses them.
    pub variables: BTreeMap<String, String>,
    /// What the organisation lets the members' account do.
    pub caps: Arc<Caps>,
    /// A number that sets share whose caps say the same to all their members.
    pub class: usize,
    /// What is known of one of the members, for the conditions of caps: they say the same to all.
    pub caller: BTreeMap<String, String>,
}

/// On what an action is asked about.
#[derive(Clone, Copy, Debug)]
pub(super) enum On<'a> {
    /// Anything at all.
    Any,
    /// Every resource.
    Everything,
    /// This one.
    Arn(&'a str),
    /// Any user but this one.
    OtherUser(&'a str),
}

/// That an action is allowed, and by what.
#[derive(Clone, Debug)]
pub(super) struct Allowed {
    /// Position of the policy.
    pub policy: usize,
    /// Position of the statement in it.
    pub statement: usize,
    /// What is allowed on what: `iam:CreateAccessKey on *`.
    pub claim: String,
    /// The resource pattern it is allowed on.
    pub scope: String,
    pub certainty: Certainty,
    /// Condition keys it depends on.
    pub keys: BTreeSet<String>,
}

/// In the variables of a set: that all tags of its member are among them, and no session brings others.
pub(super) const ALL_TAGS: &str = "aws:principaltag";

/// A request by the one member of a set.
pub(super) struct Member<'a> {
    pub own: &'a BTreeMap<String, String>,
    pub context: Context<'a>,
}

impl Asked for Member<'_> {
    fn key(&self, key: &str) -> Known<'_> {
        if let Some((_, value)) = self.context.iter().find(|(name, _)| *name == key) {
            return match *value {
                "" => Known::Absent,
                value => Known::One(value.into()),
            };
        }
        let own = self.own.get(key);
        if !key.starts_with("aws:principaltag/") {
            let told = || told_tags(self.context, key);
            return own.map_or_else(told, |value| Known::One(value.into()));
        }
        match own {
            _ if !self.own.contains_key(ALL_TAGS) => Known::Unknown,
            Some(value) => Known::One(value.into()),
            None => Known::Absent,
        }
    }
}

impl<'w> PolicySet<'w> {
    /// Whether the action is allowed: the firmest answer.
    pub(super) fn allowed(
        &self,
        probe: Probe,
        on: On<'_>,
        context: Context<'_>,
    ) -> Option<Allowed> {
        let mut best: Option<Allowed> = None;
        if !self.mentions(probe) {
            return None;
        }
        let whole = self.placed(on, context);
        let context = whole.as_slice();
        for &index in &self.grants {
            let Some(policy) = self.policies.get(index) else {
                continue;
            };
            for number in policy.allow.of(probe) {
                let Some(statement) = policy.statements.get(number) else {
                    continue;
                };
                for pattern in self.scopes(statement) {
                    let Some((scope, certainty, keys)) =
                        self.holds(probe, on, context, statement, &pattern)
                    else {
                        continue;
                    };
                    let rank = |certainty, scope: &str| (certainty, Breadth::of(scope));
                    if best
                        .as_ref()
                        .is_some_and(|b| rank(b.certainty, &b.scope) <= rank(certainty, &scope))
                    {
                        continue;
                    }
                    let widest = !matches!(on, On::Any) || is_everything(&scope);
                    best = Some(Allowed {
                        policy: index,
                        statement: number,
                        claim: match on {
                            On::Arn(arn) => format!("{} on {arn}", spelling(probe)),
                            _ => format!("{} on {scope}", spelling(probe)),
                        },
                        scope,
                        certainty,
                        keys,
                    });
                    if certainty == Certainty::Certain && widest {
                        return best;
                    }
                }
            }
        }
        best
    }

    /// Judges a condition by what is known of the request and, for a set of one principal's, of its caller.
    pub(super) fn decide(&self, condition: &Condition, context: Context<'_>) -> Verdict {
        if self.variables.is_empty() || !condition.asks_who() {
            return condition.judge(context);
        }
        let own = &self.variables;
        condition.ask(&Member { own, context })
    }

    /// Judges a condition of a policy of the set, or of one that caps it.
    fn decide_in(&self, policy: usize, condition: &Condition, context: Context<'_>) -> Verdict {
        if self.caller.is_empty() || !self.caps.has(policy) {
            return self.decide(condition, context);
        }
        let own = &self.caller;
        condition.ask(&Member { own, context })
    }

    /// Judges a condition where nothing in particular is asked: of a policy of the set, or of one that caps.
    pub(super) fn weigh(&self, condition: &Condition, capping: bool) -> Verdict {
        let context = self.placed(On::Any, &[]);
        match capping && !self.caller.is_empty() {
            true => condition.ask(&Member {
                own: &self.caller,
                context: &context,
            }),
            false => self.decide(condition, &context),
        }
    }

    /// What is known of a request, and of the resource's place: where no one resource is asked about, it is
    /// one of the account's own.
    fn placed<'c>(&'c self, on: On<'c>, context: Context<'c>) -> Vec<(&'c str, &'c str)> {
        let mut all = context.to_vec();
        let known = self.caps.known.iter();
        all.extend(known.map(|(key, value)| (*key, value.as_str())));
        let named = match on {
            On::Arn(arn) => Arn::parse(arn).and_then(|arn| arn.customer()),
            _ => None,
        };
        // Only sets of one account know whose resources they work on.
        let of = |values: &'c BTreeMap<String, String>| {
            values.get("aws:principalaccount").map(String::as_str)
        };
        let shared = self.caps.local.then(|| of(&self.caller)).flatten();
        let account = named.or(of(&self.variables)).or(shared);
        all.extend(account.map(|account| ("aws:resourceaccount", account)));
        let organization = match named {
            Some(account) => self.caps.estate.organizations.get(account),
            None => self.caps.organization.as_ref(),
        };
        all.extend(organization.map(|id| ("aws:resourceorgid", &**id)));
        if !self.caps.known.is_empty() {
            all.push(("aws:principalisawsservice", "false"));
        }
        all
    }

    /// The policies that guard the resource asked about against this action.
    fn guards(&self, probe: Probe, on: On<'_>) -> &[usize] {
        if !resource_controlled(spelling(probe)) {
            return &[];
        }
        let named = match on {
            On::Arn(arn) => Arn::parse(arn).and_then(|arn| arn.customer()),
            _ => None,
        };
        match named {
            Some(account) => {
                let guards = self.caps.estate.guards.get(account);
                guards.map_or(&[], Vec::as_slice)
            }
            None => &self.caps.guards,
        }
    }

    /// Whether some condition asks for tags of what is acted on.
    pub(super) fn asks_tags(&self) -> bool {
        let boundary = match self.boundary {
            Boundary::Policy(index) => Some(index),
            _ => None,
        };
        let own = self.grants.iter().copied().chain(boundary);
        let mut all = own.chain(self.caps.capping.iter().copied());
        all.any(|index| self.policies.get(index).is_some_and(|policy| policy.tags))
    }

    /// Whether control policies that speak of the action were not read.
    pub(super) fn uncertain(&self, probe: Probe, on: On<'_>) -> bool {
        let named = match on {
            On::Arn(arn) => Arn::parse(arn).and_then(|arn| arn.customer()),
            _ => None,
        };
        let guarded = || match named {
            Some(account) => self.caps.estate.unread.contains(account),
            None => self.caps.unread_guards,
        };
        self.caps.unread || resource_controlled(spelling(probe)) && guarded()
    }

    /// For a grant that comes from elsewhere (a role's trust): `None` when a denial, or for a role the
    /// boundary, stands against it, else the condition keys of denials that may apply.
    pub(super) fn barred(&self, probe: Probe, on: On<'_>, role: bool) -> Option<BTreeSet<String>> {
        let mut keys = BTreeSet::new();
        let context = self.placed(on, &[]);
        if self.denied(probe, on, &context, "*", &mut keys) {
            return None;
        }
        if let (true, Boundary::Policy(index)) = (role, self.boundary) {
            self.within(&[index], probe, on, &context, "*", &mut keys)?;
        }
        self.leveled(probe, on, &context, "*".to_owned(), &mut keys)?;
        Some(keys)
    }

    /// The part of a pattern that every level of control policies lets through.
    fn leveled(
        &self,
        probe: Probe,
        on: On<'_>,
        context: Context<'_>,
        mut pattern: String,
        keys: &mut BTreeSet<String>,
    ) -> Option<String> {
        for level in &self.caps.levels {
            match self.within(&level.policies, probe, on, context, &pattern, keys) {
                Some(left) => pattern = left,
                None if level.unread => {}
                None => return None,
            }
        }
        Some(pattern)
    }

    /// Whether its answers are but those of its policies, each under the same caps, put together: none of
    /// them denies, and no boundary caps.
    pub(super) fn plain(&self) -> bool {
        let mut policies = self.grants.iter().filter_map(|&i| self.policies.get(i));
        self.boundary == Boundary::None && !policies.any(|policy| policy.denies)
    }

    /// One of its policies as a set of its own.
    pub(super) fn only(&self, policy: usize) -> Self {
        Self {
            policies: self.policies,
            grants: vec![policy],
            boundary: Boundary::None,
            variables: self.variables.clone(),
            caps: Arc::clone(&self.caps),
            class: self.class,
            caller: self.caller.clone(),
        }
    }

    /// Whether some statement may allow the action at all; a quick first question.
    pub(super) fn mentions(&self, probe: Probe) -> bool {
        let mut policies = self.grants.iter().filter_map(|&i| self.policies.get(i));
        policies.any(|policy| policy.allow.has(probe))
    }

    /// The resource patterns of the statements that allow the action, before denials and boundary.
    pub(super) fn patterns(&self, probe: Probe) -> BTreeSet<String> {
        let policies = self.grants.iter().filter_map(|&i| self.policies.get(i));
        policies
            .flat_map(|policy| {
                let numbers = policy.allow.of(probe);
                numbers.filter_map(|n| policy.statements.get(n))
            })
            .flat_map(|statement| self.scopes(statement))
            .map(Cow::into_owned)
            .collect()
    }

    /// Whether some statement names the action, rather than every action, and allows it on the resource if
    /// one is given; before denials and boundary.
    pub(super) fn names(&self, probe: Probe, arn: Option<&str>) -> bool {
        let mut policies = self.grants.iter().filter_map(|&i| self.policies.get(i));
        policies.any(|policy| {
            let numbers = policy.allow.of(probe);
            let mut statements = numbers.filter_map(|n| policy.statements.get(n));
            statements.any(|statement| {
                let on = |arn| self.scopes(statement).iter().any(|p| glob::matches(p, arn));
                !statement.broad && arn.is_none_or(on)
            })
        })
    }

    fn holds(
        &self,
        probe: Probe,
        on: On<'_>,
        context: Context<'_>,
        statement: &Statement,
        pattern: &str,
    ) -> Option<(String, Certainty, BTreeSet<String>)> {
        let mut keys = match &statement.condition {
            None => BTreeSet::new(),
            Some(condition) => match self.decide(condition, context) {
                Verdict::Holds => BTreeSet::new(),
                Verdict::Fails => return None,
                Verdict::Depends(keys) => keys,
            },
        };
        let open = |keys: &mut BTreeSet<String>, meets: &dyn Fn(&str) -> bool| {
            let may = loosened(pattern).is_some_and(|loose| meets(&loose));
            if may {
                keys.extend(open_expressions(pattern).map(str::to_owned));
            }
            may
        };
        let fits = match on {
            On::Any => speaks_of(probe, pattern) && !self.pares(statement, probe),
            On::Everything => is_everything(pattern) && !self.pares(statement, probe),
            On::Arn(arn) => {
                let meets = |p: &str| glob::matches(p, arn) && !self.excluded(statement, arn);
                meets(pattern) || open(&mut keys, &meets)
            }
            On::OtherUser(own) if loosened(pattern).is_some() => {
                let meets = |p: &str| {
                    overlaps(p, "arn:*:iam::*:user/*")
                        && speaks_of(probe, p)
                        && !own_only(p, own)
                        && !self.pares(statement, probe)
                };
                open(&mut keys, &meets)
            }
            On::OtherUser(own) => {
                overlaps(pattern, "arn:*:iam::*:user/*")
                    && speaks_of(probe, pattern)
                    && !own_only(pattern, own)
                    && !self.pares(statement, probe)
            }
        };
        if !fits || self.denied(probe, on, context, pattern, &mut keys) {
            return None;
        }
        let mut unread = false;
        let scope = match self.boundary {
            Boundary::None => pattern.to_owned(),
            Boundary::Unread => {
                unread = true;
                pattern.to_owned()
            }
            Boundary::Policy(index) => {
                self.within(&[index], probe, on, context, pattern, &mut keys)?
            }
        };
        let scope = self.leveled(probe, on, context, scope, &mut keys)?;
        let certainty = if unread || self.uncertain(probe, on) {
            Certainty::Unresolved
        } else if keys.is_empty() {
            Certainty::Certain
        } else {
            Certainty::Conditional
        };
        Some((scope, certainty, keys))
    }

    /// Whether a denial shuts the pattern (or the one resource asked about) out. Keys of denials that
    /// may or may not apply are added.
    fn denied(
        &self,
        probe: Probe,
        on: On<'_>,
        context: Context<'_>,
        pattern: &str,
        keys: &mut BTreeSet<String>,
    ) -> bool {
        let boundary = match self.boundary {
            Boundary::Policy(index) => Some(index),
            _ => None,
        };
        let own = self.grants.iter().copied().chain(boundary);
        self.denied_by(own, probe, on, context, pattern, keys)
            || self.denied_by(self.controls(probe, on), probe, on, context, pattern, keys)
    }

    /// The control policies that may deny.
    fn controls(&self, probe: Probe, on: On<'_>) -> impl Iterator<Item = usize> {
        let guards = self.guards(probe, on).iter();
        self.caps.denials.iter().chain(guards).copied()
    }

    fn denied_by(
        &self,
        policies: impl Iterator<Item = usize>,
        probe: Probe,
        on: On<'_>,
        context: Context<'_>,
        pattern: &str,
        keys: &mut BTreeSet<String>,
    ) -> bool {
        for index in policies {
            let Some(policy) = self.policies.get(index) else {
                continue;
            };
            for number in policy.deny.of(probe) {
                let Some(statement) = policy.statements.get(number) else {
                    continue;
                };
                if !self.shuts_out(
                    statement,
                    on,
                    pattern,
                    Some((probe, self.home(index, policy))),
                ) {
                    continue;
                }
                match statement
                    .condition
                    .as_ref()
                    .map(|c| self.decide_in(index, c, context))
                {
                    None | Some(Verdict::Holds) => return true,
                    Some(Verdict::Fails) => {}
                    Some(Verdict::Depends(open)) => depend(keys, open),
                }
            }
        }
        false
    }

    /// The account that a policy of the set, or one that caps it, speaks to the principals of.
    fn home<'s>(&'s self, index: usize, policy: &'s Compiled) -> Option<&'s str> {
        match self.caps.has(index) {
            true if self.caps.local => self.caller.get("aws:principalaccount").map(String::as_str),
            true => None,
            false => policy.home.as_deref(),
        }
    }

    /// Whether a denial speaks of all that the pattern (or the one resource asked about) can mean, for
    /// this action, denied by a policy of this account, if it is about one.
    pub(super) fn shuts_out(
        &self,
        statement: &Statement,
        on: On<'_>,
        pattern: &str,
        about: Option<(Probe, Option<&str>)>,
    ) -> bool {
        let list = || self.expanded(&statement.resources, statement.variables);
        let all = |p: &str| about.is_some_and(|(probe, home)| blankets(p, probe, home));
        match (on, statement.resources.negated) {
            (On::Arn(arn), negated) => list().any(|p| glob::matches(&p, arn)) != negated,
            (On::OtherUser(own), true) => {
                !list().any(|p| overlaps(&p, pattern) && !own_only(&p, own))
            }
            // What is left must be worth the name of everything.
            (On::Everything, true) => !list().any(|p| all(&p)),
            (_, true) => !list().any(|p| overlaps(&p, pattern)),
            (_, false) => list().any(|p| covers(&p, pattern) || all(&p)),
        }
    }

    /// The part of the pattern that some of these policies let through.
    fn within(
        &self,
        caps: &[usize],
        probe: Probe,
        on: On<'_>,
        context: Context<'_>,
        pattern: &str,
        keys: &mut BTreeSet<String>,
    ) -> Option<String> {
        let mut conditional: Option<(String, BTreeSet<String>)> = None;
        let mut narrow: Option<String> = None;
        let statements = caps.iter().flat_map(|&index| {
            let policy = self.policies.get(index);
            let numbers = policy.map(|policy| policy.allow.of(probe));
            let numbers = numbers.into_iter().flatten();
            numbers.filter_map(move |n| Some((index, policy?.statements.get(n)?)))
        });
        for (index, statement) in statements {
            let open = match statement
                .condition
                .as_ref()
                .map(|c| self.decide_in(index, c, context))
            {
                None | Some(Verdict::Holds) => BTreeSet::new(),
                Some(Verdict::Fails) => continue,
                Some(Verdict::Depends(open)) => open,
            };
            for cap in self.scopes(statement) {
                let fits = match on {
                    On::Any => overlaps(&cap, pattern) && speaks_of(probe, &cap),
                    On::Everything => is_everything(&cap) && !self.pares(statement, probe),
                    On::Arn(arn) => glob::matches(&cap, arn) && !self.excluded(statement, arn),
                    On::OtherUser(own) => overlaps(&cap, pattern) && !own_only(&cap, own),
                };
                if !fits {
                    continue;
                }
                let whole = covers(&cap, pattern);
                let scope = if whole {
                    pattern.to_owned()
                } else {
                    cap.into_owned()
                };
                if !open.is_empty() {
                    conditional.get_or_insert((scope, open.clone()));
                } else if whole {
                    return Some(scope);
                } else {
                    narrow.get_or_insert(scope);
                }
            }
        }
        if narrow.is_some() {
            return narrow;
        }
        let (scope, open) = conditional?;
        depend(keys, open);
        Some(scope)
    }

    /// What a statement speaks of: its patterns, or everything where it says what it does not speak of.
    pub(super) fn scopes<'s>(&'s self, statement: &'s Statement) -> Vec<Cow<'s, str>> {
        if statement.resources.negated {
            let none = self.expanded(&statement.resources, statement.variables);
            if none.into_iter().any(|p| is_everything(&p)) {
                return Vec::new();
            }
            vec![Cow::Borrowed("*")]
        } else {
            self.expanded(&statement.resources, statement.variables)
                .collect()
        }
    }

    /// Whether a statement by `NotResource` leaves the action nothing to work on.
    fn pares(&self, statement: &Statement, probe: Probe) -> bool {
        statement.resources.negated
            && self
                .expanded(&statement.resources, statement.variables)
                .any(|p| blankets(&p, probe, None))
    }

    fn excluded(&self, statement: &Statement, arn: &str) -> bool {
        statement.resources.negated
            && self
                .expanded(&statement.resources, statement.variables)
                .any(|p| glob::matches(&p, arn))
    }

    fn expanded<'s>(
        &'s self,
        patterns: &'s Patterns,
        variables: bool,
    ) -> impl Iterator<Item = Cow<'s, str>> {
        patterns.list.iter().filter_map(move |pattern| {
            if variables && pattern.contains("${") {
                let own = !self.variables.is_empty();
                let values = if own { &self.variables } else { &self.caller };
                substituted(pattern, values).map(Cow::Owned)
            } else {
                Some(Cow::Borrowed(&**pattern))
            }
        })
    }

    /// Whether the set amounts to doing anything: every action by wildcard, and nothing that matters
    /// taken away again.
    ///
    /// What the organisation takes away it takes from everybody in the account; who may do all the rest is
    /// an admin there as long as the rest has a way to give rights.
    pub(super) fn admin(&self) -> Option<Allowed> {
        let (policy, statement) = self.broad()?;
        let mut answer: Option<Allowed> = None;
        let mut gives: Option<BTreeSet<String>> = None;
        for action in CORE {
            let probe = probe(action)?;
            let Some(open) = self.left_over(probe) else {
                continue;
            };
            let mut allowed = self.allowed(probe, On::Everything, &[])?;
            allowed.keys.retain(|key| !open.contains(key));
            if allowed.keys.is_empty() && allowed.certainty == Certainty::Conditional {
                allowed.certainty = Certainty::Certain;
            }
            if GIVING.contains(&action) && gives.as_ref().is_none_or(|g| open.len() < g.len()) {
                gives = Some(open);
            }
            match &mut answer {
                None => answer = Some(allowed),
                Some(worst) => {
                    worst.certainty = worst.certainty.max(allowed.certainty);
                    worst.keys.extend(allowed.keys);
                }
            }
        }
        let (mut answer, gives) = (answer?, gives?);
        if !gives.is_empty() {
            answer.certainty = answer.certainty.max(Certainty::Conditional);
            answer.keys.extend(gives);
        }
        answer.policy = policy;
        answer.statement = statement;
        answer.claim = "every action on every resource".to_owned();
        Some(answer)
    }

    /// Whether control policies leave an action to anybody in the account: `None` when they do not, else the
    /// condition keys that it depends on.
    fn left_over(&self, probe: Probe) -> Option<BTreeSet<String>> {
        let mut keys = BTreeSet::new();
        if self.caps.open() {
            return Some(keys);
        }
        let on = On::Everything;
        let context = self.placed(on, &[]);
        let controls = self.controls(probe, on);
        if self.denied_by(controls, probe, on, &context, "*", &mut keys) {
            return None;
        }
        self.leveled(probe, on, &context, "*".to_owned(), &mut keys)?;
        Some(keys)
    }

    /// A statement that allows every action on every resource; one without a condition first.
    fn broad(&self) -> Option<(usize, usize)> {
        let mut found = None;
        for &index in &self.grants {
            let Some(policy) = self.policies.get(index) else {
                continue;
            };
            for (number, statement) in policy.statements.iter().enumerate() {
                if !statement.allow || !statement.broad {
                    continue;
                }
                if self.scopes(statement).iter().any(|p| is_everything(p)) {
                    if statement.condition.is_none() {
                        return Some((index, number));
                    }
                    found.get_or_insert((index, number));
                }
            }
        }
        found
    }

    /// A statement that grants by wildcard: every action, or all of a service's, on every resource.
    pub(super) fn wildcard(&self) -> Option<Allowed> {
        let mut best: Option<Allowed> = None;
        for &index in &self.grants {
            let Some(policy) = self.policies.get(index) else {
                continue;
            };
            for (number, statement) in policy.statements.iter().enumerate() {
                let everything = self.scopes(statement).iter().any(|p| is_everything(p));
                if !statement.allow || !everything || statement.actions.negated {
                    continue;
                }
                let wild = statement.actions.list.iter().find(|p| {
                    matches!(&***p, "*" | "*:*")
                        || p.strip_suffix(":*")
                            .is_some_and(|s| !s.contains(['*', '?']))
                });
                let Some(wild) = wild.filter(|wild| self.lets_through(wild)) else {
                    continue;
                };
                let keys: BTreeSet<String> = match &statement.condition {
                    None => BTreeSet::new(),
                    Some(condition) => match self.weigh(condition, false) {
                        Verdict::Depends(keys) => keys,
                        Verdict::Holds => BTreeSet::new(),
                        Verdict::Fails => continue,
                    },
                };
                let certainty = if self.caps.unread {
                    Certainty::Unresolved
                } else if keys.is_empty() {
                    Certainty::Certain
                } else {
                    Certainty::Conditional
                };
                let all = matches!(&**wild, "*" | "*:*");
                let better = match &best {
                    None => true,
                    Some(b) => (certainty, !all) < (b.certainty, !b.claim.starts_with('*')),
                };
                if better {
                    best = Some(Allowed {
                        policy: index,
                        statement: number,
                        claim: format!("{} on *", statement.spelt(wild)),
                        scope: "*".to_owned(),
                        certainty,
                        keys,
                    });
                }
            }
        }
        best
    }

    /// Whether no denial, boundary or control policy makes less of an action pattern granted on everything.
    fn lets_through(&self, wild: &str) -> bool {
        let whole = |s: &&Statement| self.scopes(s).iter().any(|p| is_everything(p));
        let spoken = |s: &Statement| s.actions.list.iter().any(|p| covers(p, wild));
        let boundary = match self.boundary {
            Boundary::Policy(index) => self.policies.get(index),
            _ => None,
        };
        let policies = self.grants.iter().filter_map(|&i| self.policies.get(i));
        let capping = self.caps.denials.iter();
        let capping = capping.filter_map(|&i| self.policies.get(i));
        let capping = capping.flat_map(|policy| &policy.statements).filter(|s| {
            let holds = |c| self.weigh(c, true) == Verdict::Holds;
            !s.allow && s.condition.as_ref().is_none_or(holds)
        });
        let mut denials = policies
            .chain(boundary)
            .flat_map(|policy| &policy.statements)
            .filter(|s| !s.allow && s.condition.is_none())
            .chain(capping)
            .filter(whole);
        if denials.any(|s| spoken(s) != s.actions.negated) {
            return false;
        }
        let opens = |cap: &Compiled| {
            let mut allows = cap.statements.iter().filter(|s| s.allow).filter(whole);
            allows.any(|s| spoken(s) != s.actions.negated)
        };
        let through = self.caps.levels.iter().all(|level| {
            let mut policies = level.policies.iter().filter_map(|&i| self.policies.get(i));
            level.unread || policies.any(opens)
        });
        through && boundary.is_none_or(opens)
    }
}
