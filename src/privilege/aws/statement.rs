//! Policies compiled: which of the actions that matter each statement speaks of, found once per policy.

use super::condition::Condition;
use super::scope::open_expressions;
use crate::model::{Effect, Evidence, Hop, IamRule, Matcher, Rule, RuleBody, Str};
use crate::platform::aws::access_level::{self, AccessLevel};
use crate::platform::aws::actions::{self, Action, Known};
use crate::platform::aws::arn::Arn;
use crate::platform::aws::pattern::{normalise_action, overlaps};
use crate::platform::aws::policy::{Document, Selection};
use crate::platform::aws::tables::{ESCALATIONS, MEANINGS};
use crate::platform::glob;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, OnceLock};

/// Actions that together stand for "everything": who may do these on every resource can do anything.
pub(super) const CORE: [&str; 12] = [
    "dynamodb:PutItem",
    "ec2:RunInstances",
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:CreateAccessKey",
    "iam:CreatePolicyVersion",
    "iam:PassRole",
    "iam:PutRolePolicy",
    "iam:UpdateAssumeRolePolicy",
    "lambda:UpdateFunctionCode",
    "s3:GetObject",
    "sts:AssumeRole",
];

/// Those of them that give rights to principals of the account.
pub(super) const GIVING: [&str; 5] = [
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:CreatePolicyVersion",
    "iam:PutRolePolicy",
    "iam:UpdateAssumeRolePolicy",
];

/// By which an instance comes under Systems Manager.
pub(super) const REGISTER: &str = "ssm:UpdateInstanceInformation";

/// An action that matters, by its position among all of them.
pub(super) type Probe = usize;

/// Every action that some table names, in lower case with its usual spelling, sorted.
static PROBES: LazyLock<Vec<(String, &'static str)>> = LazyLock::new(|| {
    let escalations = ESCALATIONS.iter().flat_map(|rule| &rule.actions);
    let meanings = MEANINGS.iter().flat_map(|meaning| &meaning.actions);
    let mut probes: Vec<(String, &'static str)> = escalations
        .chain(meanings)
        .map(String::as_str)
        .chain(CORE)
        .chain([REGISTER])
        .map(|action| (action.to_ascii_lowercase(), action))
        .collect();
    probes.sort();
    probes.dedup_by(|a, b| a.0 == b.0);
    probes
});

/// How many probes there are.
pub(super) fn probe_count() -> usize {
    PROBES.len()
}

/// Probes by their usual spelling.
static SPELT: LazyLock<HashMap<&'static str, Probe>> = LazyLock::new(|| {
    let spelt = PROBES.iter().enumerate();
    spelt.map(|(probe, (_, shown))| (*shown, probe)).collect()
});

/// The probe of an action.
pub(super) fn probe(action: &str) -> Option<Probe> {
    if let Some(&probe) = SPELT.get(action) {
        return Some(probe);
    }
    let action = action.to_ascii_lowercase();
    PROBES.binary_search_by(|(name, _)| name.cmp(&action)).ok()
}

/// The usual spelling of a probe's action.
pub(super) fn spelling(probe: Probe) -> &'static str {
    PROBES.get(probe).map_or("", |(_, shown)| shown)
}

/// By probe, what the table of actions says of it.
static KNOWN: LazyLock<Vec<Option<&'static Action>>> = LazyLock::new(|| {
    let probes = PROBES.iter();
    probes
        .map(|(_, shown)| match actions::known(shown) {
            Known::Current(action) => Some(action),
            Known::Withdrawn | Known::Unknown => None,
        })
        .collect()
});

/// What the table of actions says of a probe; `None` for what AWS does not have or has no more.
pub(super) fn known(probe: Probe) -> Option<&'static Action> {
    KNOWN.get(probe).copied().flatten()
}

/// The probes that a lower-case pattern matches: a range for the common `prefix*`, else one by one.
fn matching(pattern: &str) -> Vec<Probe> {
    let prefix = pattern.trim_end_matches('*');
    if prefix.contains(['*', '?']) {
        let all = PROBES.iter().enumerate();
        return all
            .filter(|(_, (name, _))| glob::matches(pattern, name))
            .map(|(index, _)| index)
            .collect();
    }
    if prefix.len() == pattern.len() {
        return probe(pattern).into_iter().collect();
    }
    let start = PROBES.partition_point(|(name, _)| name.as_str() < prefix);
    let rest = PROBES.iter().enumerate().skip(start);
    rest.take_while(|(_, (name, _))| name.starts_with(prefix))
        .map(|(index, _)| index)
        .collect()
}

/// A list of patterns, or all but what they match.
#[derive(Debug)]
pub(super) struct Patterns {
    /// All but these.
    pub negated: bool,
    /// The patterns.
    pub list: Vec<Str>,
    /// Of a long list of actions: the positions of those that can match something of a service.
    services: Option<HashMap<Box<str>, Vec<u32>>>,
    /// Of actions, what each pattern does, once that is asked.
    levels: Vec<OnceLock<Option<AccessLevel>>>,
}

/// Lists of actions longer than this are looked up by service.
const LONG: usize = 24;

impl Patterns {
    fn new(negated: bool, list: Vec<Str>) -> Self {
        Self {
            negated,
            list,
            services: None,
            levels: Vec::new(),
        }
    }

    /// Lists of AWS's own policies name a thousand actions; what concerns one is found by its service.
    fn index(&mut self) {
        self.levels.resize_with(self.list.len(), OnceLock::new);
        if self.list.len() <= LONG {
            return;
        }
        let mut services: HashMap<Box<str>, Vec<u32>> = HashMap::new();
        for pattern in &self.list {
            // What may be of any service makes the table useless; such lists are rare.
            let Some(service) = service(pattern) else {
                return;
            };
            services.entry(service.into()).or_default();
        }
        for (position, pattern) in (0_u32..).zip(&self.list) {
            if let Some(of) = service(pattern).and_then(|s| services.get_mut(s)) {
                of.push(position);
            }
        }
        self.services = Some(services);
    }

    /// The patterns, in order, without some that cannot have an action in common with this one.
    pub(super) fn near<'s>(&'s self, pattern: &str) -> impl Iterator<Item = &'s Str> {
        self.numbered(pattern).map(|(_, near)| near)
    }

    /// The same with their positions.
    pub(super) fn numbered<'s>(&'s self, pattern: &str) -> impl Iterator<Item = (usize, &'s Str)> {
        let found = match (&self.services, service(pattern)) {
            (Some(services), Some(service)) => {
                Some(services.get(service).map_or(&[][..], Vec::as_slice))
            }
            _ => None,
        };
        let all = self.list.iter().enumerate();
        let all = all.filter(move |_| found.is_none());
        let some = found.unwrap_or_default().iter();
        all.chain(some.filter_map(|&i| {
            let position = usize::try_from(i).ok()?;
            Some((position, self.list.get(position)?))
        }))
    }

    /// What the action pattern at a position does at most; a long boundary is asked by everybody below it.
    pub(super) fn level(&self, position: usize) -> Option<AccessLevel> {
        let pattern = self.list.get(position)?;
        let level = || access_level::on(pattern, |_| true);
        let slot = self.levels.get(position);
        slot.map_or_else(level, |slot| *slot.get_or_init(level))
    }
}

/// The service of an action pattern, where it is written out.
fn service(pattern: &str) -> Option<&str> {
    let (service, _) = pattern.split_once(':')?;
    (!service.contains(['*', '?'])).then_some(service)
}

/// One statement, ready to be asked.
#[derive(Debug)]
pub(super) struct Statement {
    pub allow: bool,
    /// Lower case.
    pub actions: Patterns,
    pub resources: Patterns,
    /// Whether resources hold policy variables.
    pub variables: bool,
    pub condition: Option<Condition>,
    /// The last step of what it proves.
    pub hop: Arc<Hop>,
    /// Whether it speaks of every action by wildcard or of all but some.
    pub broad: bool,
    /// The actions as the document spells them.
    pub written: Vec<Str>,
    /// Actions that are expressions of code which files do not decide.
    pub open: Vec<Str>,
}

impl Statement {
    /// An action pattern as the document spells it.
    pub(super) fn spelt(&self, action: &str) -> Str {
        let position = self.actions.list.iter().position(|p| **p == *action);
        match position.and_then(|i| self.written.get(i)) {
            Some(written) => written.clone(),
            None => action.into(),
        }
    }

    /// Whether it speaks of a (lower-case) action pattern: all of it, for a pattern to be shut out.
    pub(super) fn touches(&self, action: &str) -> bool {
        self.actions.near(action).any(|p| overlaps(p, action)) != self.actions.negated
    }
}

/// Which statements speak of which probes: sorted pairs, for there are many small ones.
#[derive(Debug, Default)]
pub(super) struct Table(Box<[(u32, u32)]>);

impl Table {
    fn new(mut pairs: Vec<(u32, u32)>) -> Self {
        pairs.sort_unstable();
        Self(pairs.into_boxed_slice())
    }

    /// The positions of the statements that speak of a probe, in order.
    pub(super) fn of(&self, probe: Probe) -> impl Iterator<Item = usize> + use<'_> {
        let probe = u32::try_from(probe).unwrap_or(u32::MAX);
        let start = self.0.partition_point(|(of, _)| *of < probe);
        let rest = self.0.get(start..).unwrap_or_default().iter();
        rest.take_while(move |(of, _)| *of == probe)
            .filter_map(|(_, statement)| usize::try_from(*statement).ok())
    }

    /// Whether some statement speaks of a probe.
    pub(super) fn has(&self, probe: Probe) -> bool {
        self.of(probe).next().is_some()
    }

    /// The probes that are spoken of, in order, once for each statement.
    pub(super) fn probes(&self) -> impl Iterator<Item = Probe> + use<'_> {
        let probes = self.0.iter();
        probes.filter_map(|(probe, _)| usize::try_from(*probe).ok())
    }
}

/// A policy, ready to be asked.
#[derive(Debug)]
pub(super) struct Compiled {
    pub id: Str,
    pub name: Str,
    /// The version that its statements are of.
    pub version: Option<Str>,
    /// Whether a customer wrote it and it can be changed by a new version.
    pub customer: bool,
    pub statements: Vec<Statement>,
    /// By probe, the positions of the statements that allow it.
    pub allow: Table,
    /// By probe, the positions of the statements that deny it.
    pub deny: Table,
    /// Whether some statement holds policy variables, or a condition that asks who the caller is.
    pub variables: bool,
    /// Whether some statement denies.
    pub denies: bool,
    /// The account whose principals alone can hold it.
    pub home: Option<Str>,
    /// Whether some condition asks for tags of the resource.
    pub tags: bool,
}

impl Compiled {
    /// From a policy that an export holds.
    pub(super) fn of_rules<'r>(
        id: Str,
        name: Str,
        customer: bool,
        rules: impl Iterator<Item = &'r Rule>,
    ) -> Self {
        let statements = rules.filter_map(|rule| match &rule.body {
            RuleBody::Iam(body) => Some(of_rule(rule, body)),
            RuleBody::Rbac(_) | RuleBody::Named(_) => None,
        });
        Self::of_statements(id, name, customer, statements.collect())
    }

    /// Actions that are expressions of code which files do not decide.
    pub(super) fn open_actions(&self) -> impl Iterator<Item = &str> {
        let grants = self.statements.iter().filter(|s| s.allow);
        grants.flat_map(|s| s.open.iter().map(|action| &**action))
    }

    /// From a document that ships with the program.
    pub(super) fn of_document(id: Str, name: Str, document: &Document) -> Self {
        let current = document.version.as_deref() == Some("2012-10-17");
        let varies = |s: &Selection| current && s.patterns.iter().any(|p| p.contains("${"));
        let statements = document.statements.iter().map(|statement| Statement {
            allow: statement.allow,
            broad: broad(&selected(&statement.actions)),
            written: selected(&statement.actions).list,
            open: Vec::new(),
            actions: actions(selected(&statement.actions)),
            resources: statement
                .resources
                .as_ref()
                .map_or_else(|| Patterns::new(false, vec!["*".into()]), selected),
            variables: statement.resources.as_ref().is_some_and(varies),
            condition: statement.condition.as_deref().map(Condition::new),
            hop: hop(&statement.label(), None),
        });
        Self::of_statements(id, name, false, statements.collect())
    }

    fn of_statements(id: Str, name: Str, customer: bool, statements: Vec<Statement>) -> Self {
        let (mut allow, mut deny) = (Vec::new(), Vec::new());
        for (index, statement) in (0_u32..).zip(&statements) {
            let list = statement.actions.list.iter();
            let mut hit: Vec<Probe> = list.flat_map(|p| matching(p)).collect();
            hit.sort_unstable();
            hit.dedup();
            if statement.actions.negated {
                let all = 0..PROBES.len();
                hit = all.filter(|p| hit.binary_search(p).is_err()).collect();
            }
            let table = if statement.allow {
                &mut allow
            } else {
                &mut deny
            };
            let hit = hit.into_iter().filter_map(|p| u32::try_from(p).ok());
            table.extend(hit.map(|probe| (probe, index)));
        }
        let personal = |s: &Statement| s.condition.as_ref().is_some_and(Condition::asks_who);
        let variables = statements.iter().any(|s| s.variables || personal(s));
        let denies = statements.iter().any(|s| !s.allow);
        let arn = Arn::parse(&id).filter(|arn| arn.service == "iam");
        let home = arn.and_then(|arn| arn.customer()).map(Str::from);
        let mut conditions = statements.iter().filter_map(|s| s.condition.as_ref());
        let tags = conditions.any(Condition::asks_tags);
        Self {
            id,
            name,
            version: None,
            customer,
            statements,
            allow: Table::new(allow),
            deny: Table::new(deny),
            variables,
            denies,
            home,
            tags,
        }
    }
}

fn of_rule(rule: &Rule, body: &IamRule) -> Statement {
    let resources = listed(&body.resources);
    let mut named = listed(&body.actions);
    // Which action an expression of code stands for is not known.
    let told = |action: &Str| open_expressions(action).next().is_none();
    let (list, open): (Vec<Str>, Vec<Str>) = named.list.iter().cloned().partition(told);
    if !open.is_empty() {
        named = Patterns::new(named.negated, list);
    }
    // Before 2012-10-17 `${…}` is literal text.
    let variables = body.version.as_deref() == Some("2012-10-17")
        && resources.list.iter().any(|p| p.contains("${"));
    Statement {
        allow: rule.effect == Effect::Allow,
        broad: broad(&named),
        written: named.list.clone(),
        open,
        actions: actions(named),
        resources,
        variables,
        condition: body
            .condition
            .as_deref()
            .map(|json| Condition::versioned(json, body.version.as_deref() == Some("2012-10-17"))),
        hop: hop(&rule.label, Some(&rule.evidence)),
    }
}

fn hop(label: &str, evidence: Option<&Evidence>) -> Arc<Hop> {
    Arc::new(Hop {
        what: format!("statement {label}").into(),
        evidence: evidence.cloned(),
    })
}

fn broad(actions: &Patterns) -> bool {
    actions.negated || actions.list.iter().any(|p| matches!(p.trim(), "*" | "*:*"))
}

fn listed(matcher: &Matcher) -> Patterns {
    let (negated, list) = match matcher {
        Matcher::In(list) => (false, list),
        Matcher::NotIn(list) => (true, list),
    };
    Patterns::new(negated, list.clone())
}

fn selected(selection: &Selection) -> Patterns {
    let list = selection.patterns.iter().map(|p| p.as_str().into());
    Patterns::new(selection.negated, list.collect())
}

fn actions(mut patterns: Patterns) -> Patterns {
    for pattern in &mut patterns.list {
        let normal = normalise_action(pattern);
        if **pattern != *normal {
            *pattern = normal.into();
        }
    }
    patterns.index();
    patterns
}
