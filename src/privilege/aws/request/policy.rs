//! Policies compiled for requests: every element of the language, nothing left out.

use super::caller::{Caller, CallerKind, Grant};
use crate::model::{
    Effect, Evidence, IamRule, Matcher, ResourceStatement, Rule, RuleBody, Str, Trust,
    TrustPrincipal,
};
use crate::platform::aws::arn::{Arn, is_account};
use crate::platform::aws::pattern::{is_everything, normalise_action};
use crate::platform::aws::policy::{Document, Principal, Selection, Statement};
use crate::platform::glob;
use crate::privilege::aws::condition::{Asked, Condition, Template};
use std::collections::BTreeSet;

/// A policy.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    pub id: Str,
    pub version: Option<Str>,
    pub clauses: Vec<Clause>,
}

/// One statement.
#[derive(Clone, Debug)]
pub(super) struct Clause {
    pub allow: bool,
    not_actions: bool,
    /// Lower case.
    actions: Vec<Box<str>>,
    /// `None` where the document names none, as trust policies do.
    resources: Option<Resources>,
    /// `None` in policies that belong to whoever asks.
    who: Option<Who>,
    pub condition: Option<Condition>,
    pub label: Str,
    pub evidence: Option<Evidence>,
}

#[derive(Clone, Debug)]
struct Resources {
    negated: bool,
    patterns: Vec<Template>,
}

/// `Principal` or `NotPrincipal`.
#[derive(Clone, Debug)]
struct Who {
    negated: bool,
    list: Vec<Named>,
}

/// Whom a policy lets in beyond those that it names.
#[derive(Debug, Default)]
pub(super) struct Opening {
    /// Everybody, or everybody but some.
    pub anyone: bool,
    pub accounts: BTreeSet<String>,
}

/// A principal as policies name it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Named {
    Anyone,
    Account(Box<str>),
    Role {
        account: Box<str>,
        name: Box<str>,
    },
    Session {
        account: Box<str>,
        role: Box<str>,
        session: Box<str>,
    },
    /// A user or another principal that has an ARN.
    Exactly(Box<str>),
    /// `AIDA…`, `AROA…`.
    Unique(Box<str>),
    Service(Box<str>),
    Federated(Box<str>),
    Canonical(Box<str>),
    Unknown,
}

/// Whether something matches, as far as the request tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    No,
    Yes,
    /// It depends on this.
    Depends(String),
}

impl Policy {
    /// From a document. Policies that belong to whoever asks have no principals.
    pub(super) fn of_document(id: Str, document: &Document, principals: bool) -> Self {
        let variables = document.version.as_deref() == Some("2012-10-17");
        let clauses = document.statements.iter();
        Self {
            id,
            version: None,
            clauses: clauses
                .map(|statement| Clause::of_statement(statement, variables, principals))
                .collect(),
        }
    }

    /// From a policy that an export holds.
    pub(super) fn of_rules<'r>(
        id: Str,
        version: Option<Str>,
        rules: impl Iterator<Item = &'r Rule>,
    ) -> Self {
        let clauses = rules.filter_map(|rule| match &rule.body {
            RuleBody::Iam(body) => Some(Clause::of_rule(rule, body)),
            RuleBody::Rbac(_) | RuleBody::Named(_) => None,
        });
        Self {
            id,
            version,
            clauses: clauses.collect(),
        }
    }

    /// A policy that allows everything.
    pub(super) fn everything(id: Str) -> Self {
        Self {
            id,
            version: None,
            clauses: vec![Clause {
                allow: true,
                not_actions: false,
                actions: vec!["*".into()],
                resources: None,
                who: None,
                condition: None,
                label: "Statement[0]".into(),
                evidence: None,
            }],
        }
    }

    /// Whether some statement speaks of the action.
    pub(super) fn mentions(&self, action: &str) -> bool {
        self.clauses.iter().any(|c| c.does(action))
    }
}

impl Clause {
    fn of_statement(statement: &Statement, variables: bool, principals: bool) -> Self {
        let named = |list: &[Principal]| list.iter().map(|p| named(&p.kind, &p.value)).collect();
        let who = match (
            statement.principals.as_slice(),
            statement.not_principals.as_slice(),
        ) {
            _ if !principals => None,
            (list, []) => Some(Who {
                negated: false,
                list: named(list),
            }),
            (_, list) => Some(Who {
                negated: true,
                list: named(list),
            }),
        };
        let resources = statement.resources.as_ref();
        let resources = resources.map(|Selection { negated, patterns }| Resources {
            negated: *negated,
            patterns: patterns.iter().map(|p| resource(p, variables)).collect(),
        });
        // What belongs to an identity must say on what.
        let nothing = || Resources {
            negated: false,
            patterns: Vec::new(),
        };
        let condition = statement.condition.as_deref();
        let actions = statement.actions.patterns.iter();
        Self {
            allow: statement.allow,
            not_actions: statement.actions.negated,
            actions: actions.map(|a| normalise_action(a).into()).collect(),
            resources: if principals {
                resources
            } else {
                Some(resources.unwrap_or_else(nothing))
            },
            who,
            condition: condition.map(|json| Condition::versioned(json, variables)),
            label: statement.label().into(),
            evidence: None,
        }
    }

    fn of_rule(rule: &Rule, body: &IamRule) -> Self {
        let variables = body.version.as_deref() == Some("2012-10-17");
        let (not_actions, actions) = actions(&body.actions);
        Self {
            allow: rule.effect == Effect::Allow,
            not_actions,
            actions,
            resources: Some(resources(&body.resources, variables)),
            who: None,
            condition: body
                .condition
                .as_deref()
                .map(|json| Condition::versioned(json, variables)),
            label: rule.label.clone(),
            evidence: Some(rule.evidence.clone()),
        }
    }

    /// From a statement of a resource's policy.
    pub(super) fn of_resource(statement: &ResourceStatement) -> Self {
        let variables = statement.version.as_deref() == Some("2012-10-17");
        let (not_actions, actions) = actions(&statement.actions);
        Self {
            allow: statement.effect == Effect::Allow,
            not_actions,
            actions,
            resources: Some(resources(&statement.resources, variables)),
            who: Some(Who {
                negated: statement.others,
                list: statement.principals.iter().map(trusted).collect(),
            }),
            condition: statement
                .condition
                .as_deref()
                .map(|json| Condition::versioned(json, variables)),
            label: statement.label.clone(),
            evidence: Some(statement.evidence.clone()),
        }
    }

    /// From the records of one statement of a trust policy: one for each principal that it lets in, or
    /// one for all that it excepts.
    pub(super) fn of_trusts(trusts: &[&Trust]) -> Option<Self> {
        let first = trusts.first()?;
        let excepted = |t: &&Trust| match &t.principal {
            TrustPrincipal::Other(text) => text.strip_prefix("not ").map(str::to_owned),
            _ => None,
        };
        let others: Vec<Named> = trusts
            .iter()
            .filter_map(excepted)
            .map(|text| {
                let (kind, value) = text.split_once(':').unwrap_or_default();
                named(kind, value)
            })
            .collect();
        let written = first.actions.iter();
        let not_actions = written.clone().any(|a| a.starts_with("not "));
        Some(Self {
            allow: first.effect == Effect::Allow,
            not_actions,
            actions: written
                .map(|a| normalise_action(a.strip_prefix("not ").unwrap_or(a)).into())
                .collect(),
            resources: None,
            who: Some(if others.is_empty() {
                Who {
                    negated: false,
                    list: trusts.iter().map(|t| trusted(&t.principal)).collect(),
                }
            } else {
                Who {
                    negated: true,
                    list: others,
                }
            }),
            condition: first.condition.as_deref().map(Condition::new),
            label: first.label.clone(),
            evidence: Some(first.evidence.clone()),
        })
    }

    /// The principals that it names one by one: ARNs, unique ids, `<account>/<role name>`. Accounts are added
    /// to the opening.
    pub(super) fn names(&self, opening: &mut Opening) -> Vec<String> {
        let Some(who) = self.who.as_ref().filter(|who| !who.negated) else {
            opening.anyone = true;
            return Vec::new();
        };
        let names = who.list.iter().filter_map(|named| match named {
            Named::Exactly(name) | Named::Unique(name) => Some(name.to_string()),
            Named::Role { account, name } => Some(format!("{account}/{name}")),
            Named::Session { account, role, .. } => Some(format!("{account}/{role}")),
            Named::Account(account) => {
                opening.accounts.insert(account.to_string());
                None
            }
            Named::Anyone => {
                opening.anyone = true;
                None
            }
            _ => None,
        });
        names.collect()
    }

    /// Whether it speaks of an action, in lower case.
    pub(super) fn does(&self, action: &str) -> bool {
        self.actions.iter().any(|p| glob::matches(p, action)) != self.not_actions
    }

    /// Whether it speaks of a resource; of none in particular where the request names none.
    pub(super) fn on(&self, resource: Option<&str>, request: &dyn Asked) -> Fit {
        let Some(resources) = &self.resources else {
            return Fit::Yes;
        };
        let Some(resource) = resource else {
            let mut patterns = resources.patterns.iter();
            return match (patterns.any(|p| is_everything(p.text())), resources.negated) {
                (true, false) => Fit::Yes,
                (true, true) => Fit::No,
                (false, _) if resources.patterns.is_empty() => Fit::No,
                (false, _) => Fit::Depends("resource".to_owned()),
            };
        };
        let mut open = None;
        for pattern in &resources.patterns {
            match pattern.fill(request) {
                Ok(Some(pattern)) if pattern.matches(resource) => {
                    return if resources.negated { Fit::No } else { Fit::Yes };
                }
                // A variable without a value matches nothing.
                Ok(_) => {}
                // Whatever stands for it, the rest must match.
                Err(_) if !pattern.could_match(resource) => {}
                Err(key) => open = Some(key),
            }
        }
        match open {
            Some(key) => Fit::Depends(key),
            None if resources.negated => Fit::Yes,
            None => Fit::No,
        }
    }

    /// Whether it speaks of a caller, and in which way it names it.
    pub(super) fn about(&self, caller: &Caller, capped: bool) -> (Fit, Grant) {
        let Some(who) = &self.who else {
            return (Fit::Yes, Grant::Direct);
        };
        let mut best = (Fit::No, Grant::Account);
        for named in &who.list {
            let (fit, grant) = named.is(caller);
            let firmer = match (&best.0, &fit) {
                (_, Fit::No) => false,
                (Fit::No, _) | (Fit::Depends(_), Fit::Yes) => true,
                (Fit::Yes, Fit::Yes) | (Fit::Depends(_), Fit::Depends(_)) => grant < best.1,
                (Fit::Yes, Fit::Depends(_)) => false,
            };
            if firmer {
                best = (fit, grant);
            }
        }
        if !who.negated {
            return best;
        }
        // Whoever has a permissions boundary is denied by `NotPrincipal` whatever it lists (IAM user guide,
        // "NotPrincipal").
        let fit = match best.0 {
            _ if capped && !self.allow => Fit::Yes,
            Fit::No => Fit::Yes,
            Fit::Yes => Fit::No,
            Fit::Depends(key) => Fit::Depends(key),
        };
        (fit, Grant::Direct)
    }
}

impl Named {
    fn is(&self, caller: &Caller) -> (Fit, Grant) {
        use CallerKind as Kind;
        let yes = |holds: bool| if holds { Fit::Yes } else { Fit::No };
        let of = |account: &str| caller.account.as_deref() == Some(account);
        match self {
            Self::Anyone => (Fit::Yes, Grant::Direct),
            Self::Account(account) => {
                let grant = if caller.kind == Kind::Root {
                    Grant::Direct
                } else {
                    Grant::Account
                };
                (yes(of(account)), grant)
            }
            Self::Role { account, name } => {
                let role = matches!(caller.kind, Kind::Role | Kind::Session);
                (
                    yes(role && of(account) && *caller.name == **name),
                    Grant::Role,
                )
            }
            Self::Session {
                account,
                role,
                session,
            } => {
                let fit = if !of(account) || *caller.name != **role {
                    Fit::No
                } else if caller.kind == Kind::Session {
                    yes(caller.session.as_deref() == Some(session))
                } else if caller.kind == Kind::Role && !caller.settled {
                    Fit::Depends("sts:rolesessionname".to_owned())
                } else {
                    Fit::No
                };
                (fit, Grant::Direct)
            }
            Self::Exactly(arn) => (yes(*caller.arn == **arn), Grant::Direct),
            Self::Unique(id) => {
                let grant = if id.starts_with("AROA") && !id.contains(':') {
                    Grant::Role
                } else {
                    Grant::Direct
                };
                let own = &caller.unique;
                let known = own.iter().any(|own| {
                    own == &**id || own.split(':').next().is_some_and(|own| own == &**id)
                });
                let person = matches!(caller.kind, Kind::User | Kind::Role | Kind::Session);
                let fit = if known {
                    Fit::Yes
                } else if own.is_empty() && person && !caller.settled {
                    Fit::Depends("aws:userid".to_owned())
                } else {
                    Fit::No
                };
                (fit, grant)
            }
            Self::Service(name) => {
                let service = caller.kind == Kind::Service;
                (
                    yes(service && (**name == *caller.arn || **name == *"*")),
                    Grant::Direct,
                )
            }
            Self::Federated(name) => {
                let federated = caller.kind == Kind::Federated;
                let arns = name.starts_with("arn:") && caller.arn.starts_with("arn:");
                let same = **name == *caller.arn
                    || **name == *"*"
                    || !arns && provider(name) == provider(&caller.arn);
                (yes(federated && same), Grant::Direct)
            }
            Self::Canonical(id) => (
                yes(caller.unique.iter().any(|own| **own == **id)),
                Grant::Direct,
            ),
            Self::Unknown => (Fit::No, Grant::Account),
        }
    }
}

/// The host (and path) of an OIDC provider, whether it is named by ARN, URL or host.
fn provider(name: &str) -> &str {
    match name.split_once(":oidc-provider/") {
        Some((_, host)) => host,
        None => name
            .strip_prefix("https://")
            .unwrap_or(name)
            .trim_end_matches('/'),
    }
}

fn named(kind: &str, value: &str) -> Named {
    match kind {
        "*" => Named::Anyone,
        "AWS" => aws(value),
        "Service" => Named::Service(value.into()),
        "Federated" => Named::Federated(value.into()),
        "CanonicalUser" => Named::Canonical(value.into()),
        _ => Named::Unknown,
    }
}

fn aws(value: &str) -> Named {
    if value == "*" {
        return Named::Anyone;
    }
    if is_account(value) {
        return Named::Account(value.into());
    }
    let Some(arn) = Arn::parse(value) else {
        return Named::Unique(value.into());
    };
    let account = arn.account;
    match arn.kind() {
        "root" if arn.resource == "root" => Named::Account(account.into()),
        "role" => Named::Role {
            account: account.into(),
            name: arn.name().into(),
        },
        "assumed-role" => {
            let mut parts = arn.resource.splitn(3, '/').skip(1);
            Named::Session {
                account: account.into(),
                role: parts.next().unwrap_or_default().into(),
                session: parts.next().unwrap_or_default().into(),
            }
        }
        _ => Named::Exactly(value.into()),
    }
}

fn trusted(principal: &TrustPrincipal) -> Named {
    match principal {
        TrustPrincipal::Anyone => Named::Anyone,
        TrustPrincipal::Account(id) => Named::Account((**id).into()),
        TrustPrincipal::Principal(id) => aws(id),
        TrustPrincipal::Service(name) => Named::Service((**name).into()),
        TrustPrincipal::Federated(name) => Named::Federated((**name).into()),
        TrustPrincipal::Other(text) => match text.split_once(':') {
            Some((kind, value)) => named(kind, value),
            None => Named::Unknown,
        },
    }
}

fn actions(matcher: &Matcher) -> (bool, Vec<Box<str>>) {
    let (negated, list) = match matcher {
        Matcher::In(list) => (false, list),
        Matcher::NotIn(list) => (true, list),
    };
    let list = list.iter().map(|a| normalise_action(a).into());
    (negated, list.collect())
}

fn resources(matcher: &Matcher, variables: bool) -> Resources {
    let (negated, list) = match matcher {
        Matcher::In(list) => (false, list),
        Matcher::NotIn(list) => (true, list),
    };
    Resources {
        negated,
        patterns: list.iter().map(|p| resource(p, variables)).collect(),
    }
}

/// A resource pattern. An ARN of fewer than six parts stands for one whose others are wildcards.
fn resource(pattern: &str, variables: bool) -> Template {
    let parts = pattern.split(':').count();
    if pattern.starts_with("arn:") && parts < 6 {
        let whole = format!("{pattern}{}", ":*".repeat(6 - parts));
        return Template::new(&whole, variables);
    }
    Template::new(pattern, variables)
}
