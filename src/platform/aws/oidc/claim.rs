//! What one test of a condition leaves of the tokens that get in.

use super::issuer::{Issuer, MICROSOFT_SERVICES};
use super::subject::{self, Grammar};
use super::test::{Comparison, Test, all, wild};
use super::{Exposure, Flaw, Grade};
use std::collections::BTreeSet;

/// Who is let in by some tests.
#[derive(Clone, Debug)]
pub(super) struct Limit {
    /// How wide, without regard to refs: never [`Exposure::Pinned`].
    pub who: Exposure,
    /// Something else than the project is fixed, too: a ref, an environment, a workflow.
    pub pinned: bool,
    /// By name.
    pub serves: BTreeSet<String>,
    pub flaws: BTreeSet<Flaw>,
    /// A claim that says whose token it is was asked for.
    pub asked: bool,
}

impl Limit {
    /// Nothing is asked.
    pub(super) fn none(issuer: &Issuer) -> Self {
        Self {
            who: issuer.open(),
            pinned: false,
            serves: BTreeSet::new(),
            flaws: BTreeSet::new(),
            asked: false,
        }
    }

    /// Nothing is asked, and that is a mistake.
    pub(super) fn flawed(issuer: &Issuer, flaw: Flaw) -> Self {
        let mut limit = Self::none(issuer);
        limit.flaws.insert(flaw);
        limit
    }

    /// No token satisfies it.
    pub(super) fn nobody(flaw: Flaw) -> Self {
        Self {
            who: Exposure::Nobody,
            pinned: false,
            serves: BTreeSet::new(),
            flaws: BTreeSet::from([flaw]),
            asked: true,
        }
    }

    /// This wide.
    pub(super) fn to(issuer: &Issuer, who: Exposure) -> Self {
        Self {
            who: who.min(issuer.open()),
            asked: true,
            ..Self::none(issuer)
        }
    }

    pub(super) fn flaw(mut self, flaw: Flaw) -> Self {
        self.flaws.insert(flaw);
        self
    }

    pub(super) fn serving(mut self, whom: String) -> Self {
        self.serves.insert(whom);
        self
    }

    pub(super) fn pin(mut self) -> Self {
        self.pinned = true;
        self
    }

    /// Both must hold.
    pub(super) fn and(&mut self, other: Self) {
        let better = other.who < self.who || self.serves.is_empty();
        if better && !other.serves.is_empty() {
            self.serves = other.serves;
        }
        self.who = self.who.min(other.who);
        self.pinned |= other.pinned;
        self.flaws.extend(other.flaws);
        self.asked |= other.asked;
    }

    /// Either suffices.
    pub(super) fn or(&mut self, other: Self) {
        self.asked |= other.asked;
        if other.who == Exposure::Nobody {
            self.flaws.extend(other.flaws);
        } else if self.who == Exposure::Nobody {
            let flaws = std::mem::take(&mut self.flaws);
            *self = other;
            self.flaws.extend(flaws);
        } else {
            self.pinned &= other.pinned;
            self.who = self.who.max(other.who);
            self.serves.extend(other.serves);
            self.flaws.extend(other.flaws);
        }
    }

    /// Writes the conclusion into the grade.
    pub(super) fn conclude(self, issuer: &Issuer, grade: &mut Grade) {
        let Self {
            mut who,
            pinned,
            serves,
            mut flaws,
            asked,
        } = self;
        if who == Exposure::Project && pinned {
            who = Exposure::Pinned;
        }
        if issuer.grammar == Grammar::CognitoPool && who == Exposure::Platform && grade.audience {
            // Whoever signs in to the one pool.
            who = Exposure::Organization;
        }
        if !asked && who > Exposure::Nobody {
            flaws.insert(Flaw::NoSubject);
        }
        if who < Exposure::Organization || who == Exposure::Nobody {
            flaws.remove(&Flaw::AnyProject);
            flaws.remove(&Flaw::AnyOwner);
            flaws.remove(&Flaw::AnySubject);
        }
        if who == Exposure::Pinned {
            for any in [
                Flaw::AnyBranch,
                Flaw::AnyTag,
                Flaw::AnyEnvironment,
                Flaw::PullRequests,
            ] {
                flaws.remove(&any);
            }
        }
        // A name that can change hands matters only where a name keeps strangers out.
        if who == Exposure::Nobody || who >= Exposure::Platform {
            flaws.remove(&Flaw::MutableSubject);
        }
        if !grade.audience && who > Exposure::Nobody && issuer.grammar != Grammar::App {
            flaws.insert(Flaw::NoAudience);
        }
        if issuer.grammar == Grammar::CognitoPool && who == Exposure::Anyone {
            flaws.remove(&Flaw::NoSubject);
            flaws.insert(Flaw::Unauthenticated);
        }
        grade.exposure = who;
        grade.flaws.extend(flaws);
        if who > Exposure::Nobody && who < Exposure::Platform {
            grade.serves.extend(serves);
        }
    }
}

/// Judges one test. What it asks of the audience is noted in the grade.
pub(super) fn judge(issuer: &Issuer, test: &Test, grade: &mut Grade) -> Limit {
    match test.claim(issuer) {
        Some(claim) => of_token(issuer, claim, test, grade),
        None => elsewhere(issuer, test, grade),
    }
}

/// A test of one of the token's claims.
fn of_token(issuer: &Issuer, claim: &str, test: &Test, grade: &mut Grade) -> Limit {
    match test.comparison {
        Comparison::Unknown => return Limit::flawed(issuer, Flaw::Unreadable),
        Comparison::Null => {
            let absent = test.values.iter().any(|v| v.eq_ignore_ascii_case("true"));
            // Subject and audience are in every token.
            return if absent && matches!(claim, "sub" | "aud") {
                Limit::nobody(Flaw::OtherSubject)
            } else {
                Limit::none(issuer)
            };
        }
        _ if test.for_all => return Limit::flawed(issuer, Flaw::ForAllValues),
        _ if test.if_exists => return Limit::flawed(issuer, Flaw::IfExists),
        Comparison::Other if test.negated => {
            return Limit::flawed(issuer, Flaw::WrongOperator);
        }
        Comparison::Other => return Limit::nobody(Flaw::WrongOperator),
        _ => {}
    }
    let patterns = test.patterns();
    if test.negated {
        return if patterns.iter().any(|p| all(p)) {
            Limit::nobody(Flaw::Denied)
        } else {
            Limit::flawed(issuer, Flaw::OnlyNegated)
        };
    }
    let literal = test.comparison != Comparison::Like;
    let mut union: Option<Limit> = None;
    for pattern in &patterns {
        let lower = pattern.to_lowercase();
        let pattern = match test.comparison {
            Comparison::EqualIgnoreCase => &lower,
            _ => pattern,
        };
        // What a variable stands for is not a wildcard of the author's.
        let mut limit = if literal && pattern.contains(['*', '?']) {
            Limit::nobody(Flaw::LiteralWildcard)
        } else {
            claimed(issuer, claim, pattern, grade)
        };
        if test.comparison == Comparison::EqualIgnoreCase {
            limit.flaws.insert(Flaw::IgnoresCase);
        }
        match &mut union {
            Some(union) => union.or(limit),
            None => union = Some(limit),
        }
    }
    // An empty list matches nothing.
    union.unwrap_or_else(|| Limit::nobody(Flaw::OtherSubject))
}

/// One value of one claim.
fn claimed(issuer: &Issuer, claim: &str, pattern: &str, grade: &mut Grade) -> Limit {
    match (&issuer.grammar, claim) {
        (Grammar::CognitoPool, "aud") | (Grammar::Google, "aud" | "oaud") | (_, "aud") => {
            audience(issuer, claim, pattern, grade)
        }
        (Grammar::CognitoPool, "amr") => amr(issuer, pattern),
        (Grammar::Google, "email") => email(issuer, pattern),
        (Grammar::Google, "hd") => match wild(pattern) {
            true => Limit::none(issuer),
            false => Limit::to(issuer, Exposure::Organization).serving(name(issuer, pattern)),
        },
        (Grammar::App, "app_id") => {
            grade.audience = true;
            Limit::none(issuer)
        }
        (Grammar::App, "user_id" | "id") => subject::opaque(issuer, pattern),
        (_, "sub") => subject::limit(issuer, pattern),
        (Grammar::GitHub, claim) => subject::github_claim(issuer, claim, pattern),
        (Grammar::GitLab, claim) => subject::gitlab_claim(issuer, claim, pattern),
        (Grammar::CircleCi, claim) if !wild(pattern) => {
            if claim.ends_with("project-id") {
                Limit::to(issuer, Exposure::Project).serving(name(issuer, pattern))
            } else if claim.ends_with("vcs-ref") || claim.ends_with("context-ids") {
                Limit::none(issuer).pin()
            } else {
                Limit::none(issuer)
            }
        }
        (Grammar::Kubernetes | Grammar::Opaque, _) => Limit::none(issuer),
        _ => Limit::none(issuer),
    }
}

pub(super) fn name(issuer: &Issuer, whom: &str) -> String {
    format!("{}:{whom}", issuer.serves)
}

fn audience(issuer: &Issuer, claim: &str, pattern: &str, grade: &mut Grade) -> Limit {
    if all(pattern) {
        return Limit::flawed(issuer, Flaw::AnyAudience);
    }
    match issuer.grammar {
        Grammar::CognitoPool => {
            grade.audience = true;
            if wild(pattern) {
                return Limit::flawed(issuer, Flaw::AnyAudience);
            }
            // The pool; whether its guests get in is said elsewhere.
            let mut limit = Limit::none(issuer);
            limit.serves.insert(name(issuer, pattern));
            limit.asked = true;
            limit
        }
        Grammar::Google => {
            // Whoever asks Google for a token names the audience; who the token was issued to is `aud` here.
            grade.audience = true;
            let number = !pattern.is_empty() && pattern.bytes().all(|b| b.is_ascii_digit());
            if claim == "aud" && number {
                Limit::to(issuer, Exposure::Project)
                    .pin()
                    .serving(name(issuer, pattern))
            } else {
                Limit::none(issuer)
            }
        }
        _ if issuer.by_audience => {
            grade.audience = true;
            if wild(pattern) {
                return Limit::flawed(issuer, Flaw::AnyAudience);
            }
            let owner = pattern.rsplit('/').next().unwrap_or(pattern);
            // The audience that everybody asks for tells nobody apart.
            if pattern.ends_with("amazonaws.com") || owner.is_empty() {
                return Limit::none(issuer);
            }
            Limit::to(issuer, Exposure::Organization).serving(name(issuer, owner))
        }
        _ => {
            grade.audience = true;
            if wild(pattern) {
                return Limit::flawed(issuer, Flaw::AnyAudience);
            }
            Limit::none(issuer)
        }
    }
}

/// How somebody signed in to a Cognito identity pool.
fn amr(issuer: &Issuer, pattern: &str) -> Limit {
    if super::test::matches(pattern, "unauthenticated") {
        return Limit::flawed(issuer, Flaw::Unauthenticated);
    }
    Limit {
        // Of whichever pool: that is for the audience to say.
        who: Exposure::Platform,
        asked: true,
        ..Limit::none(issuer)
    }
}

fn email(issuer: &Issuer, pattern: &str) -> Limit {
    if !wild(pattern) {
        return Limit::to(issuer, Exposure::Project)
            .pin()
            .serving(name(issuer, pattern));
    }
    match pattern.rsplit_once('@') {
        Some((_, domain)) if !wild(domain) && !domain.is_empty() => {
            Limit::to(issuer, Exposure::Organization).serving(name(issuer, domain))
        }
        _ => Limit::flawed(issuer, Flaw::AnySubject),
    }
}

/// A test of something that is no claim of the provider's.
fn elsewhere(issuer: &Issuer, test: &Test, grade: &mut Grade) -> Limit {
    let key = test.key.as_str();
    let holds_when_absent = test.negated
        || test.if_exists
        || test.for_all
        || (test.comparison == Comparison::Null
            && test.values.iter().any(|v| v.eq_ignore_ascii_case("true")));
    // Asked beside the token by another platform than AWS; files do not decide it.
    if ["gcp:", "vault:", "entra:"]
        .iter()
        .any(|p| key.starts_with(p))
    {
        grade.depends.insert(key.to_owned());
        return Limit::none(issuer);
    }
    if let Some(rest) = key
        .strip_prefix("aws:")
        .or_else(|| key.strip_prefix("sts:"))
    {
        let nobody_yet = rest.starts_with("principal") || matches!(rest, "username" | "externalid");
        return match rest {
            // Nobody has signed in yet: there is no principal to ask for.
            _ if nobody_yet && holds_when_absent => Limit::none(issuer),
            _ if nobody_yet => Limit::nobody(Flaw::AbsentKey),
            "rolesessionname" => session_name(issuer, test),
            // The caller chooses them, or everybody has them.
            "userid" | "federatedprovider" | "durationseconds" | "securetransport" | "tagkeys"
            | "transitivetagkeys" => Limit::none(issuer),
            _ => {
                grade.depends.insert(key.to_owned());
                Limit::none(issuer)
            }
        };
    }
    if key.ends_with(":sub") || key.ends_with(":aud") || key.contains('/') || key.contains('.') {
        return if holds_when_absent {
            Limit::flawed(issuer, Flaw::OtherProvider)
        } else {
            Limit::nobody(Flaw::OtherProvider)
        };
    }
    if holds_when_absent {
        Limit::none(issuer)
    } else {
        Limit::nobody(Flaw::AbsentKey)
    }
}

/// Callers choose their session's name, but Microsoft's services do so by the customer.
fn session_name(issuer: &Issuer, test: &Test) -> Limit {
    let theirs = issuer.owner.as_deref() == Some(MICROSOFT_SERVICES);
    let text = !test.negated
        && !test.if_exists
        && !test.for_all
        && matches!(test.comparison, Comparison::Equal | Comparison::Like);
    let prefixes = ["microsoftsentinel_", "microsoftdefenderforclouds_"];
    let one = |value: &String| {
        let lower = value.to_ascii_lowercase();
        let rest = prefixes.iter().find_map(|p| lower.strip_prefix(p));
        rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(['*', '?']))
    };
    if theirs && text && !test.values.is_empty() && test.values.iter().all(one) {
        let mut limit = Limit::to(issuer, Exposure::Organization);
        limit.serves = test.values.iter().map(|v| name(issuer, v)).collect();
        return limit;
    }
    Limit::none(issuer)
}
