//! How far a role's trust in an OpenID Connect provider goes: whose tokens get in, as the provider writes its
//! subjects, and what is wrong with the condition.
//!
//! A pure function over one statement's condition, and the denials beside it. Subjects' forms are those that the
//! providers document; what a wildcard can be made to match by a stranger decides: `repo:acme*` is open to
//! whoever registers `acme-2`, `repo:acme/*` to the organisation only.

mod claim;
mod issuer;
mod subject;
mod test;

use claim::Limit;
use issuer::Issuer;
use std::collections::BTreeSet;
use test::Test;

/// Who gets in, narrowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Exposure {
    /// No token can satisfy the condition.
    Nobody,
    /// One workload as it was meant: a repository at one ref or environment, one service account.
    Pinned,
    /// One repository, project or namespace, at any ref.
    Project,
    /// Everything of one owner: an organisation, a workspace, a cluster, a directory.
    Organization,
    /// Whoever has an account with the provider, anywhere.
    Platform,
    /// Whoever asks, without an account.
    Anyone,
}

impl Exposure {
    /// The name used in reports and checks.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Pinned => "pinned",
            Self::Project => "project",
            Self::Organization => "organization",
            Self::Platform => "platform",
            Self::Anyone => "anyone",
        }
    }
}

/// What is wrong or worth knowing about a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flaw {
    /// The statement does not allow `sts:AssumeRoleWithWebIdentity`.
    NoAction,
    /// A denial shuts everybody out.
    Denied,
    /// Nothing asks for the subject.
    NoSubject,
    /// A pattern that every subject is like.
    AnySubject,
    /// The pattern leaves the owner open: a stranger can register a name that is like it.
    AnyOwner,
    /// The pattern leaves the repository or project open.
    AnyProject,
    /// Any branch will do.
    AnyBranch,
    /// Any tag will do.
    AnyTag,
    /// Any deployment environment will do.
    AnyEnvironment,
    /// Runs for pull requests get in.
    PullRequests,
    /// Nothing asks for the audience.
    NoAudience,
    /// A pattern that every audience is like.
    AnyAudience,
    /// `ForAllValues:` holds for a token without the claim.
    ForAllValues,
    /// `…IfExists` holds for a token without the claim.
    IfExists,
    /// Only says who is kept out.
    OnlyNegated,
    /// A wildcard under an operator that takes it literally.
    LiteralWildcard,
    /// The condition names the claims of another provider, which are never there.
    OtherProvider,
    /// The value is no subject that this provider writes.
    OtherSubject,
    /// The operator does not compare texts.
    WrongOperator,
    /// A condition that could not be read.
    Unreadable,
    /// A key that is not there when nobody has signed in yet.
    AbsentKey,
    /// The subject names repository or project by a name that can change hands.
    MutableSubject,
    /// Case does not matter.
    IgnoresCase,
    /// The pool hands out identities without sign-in, and nothing asks for one.
    Unauthenticated,
    /// Only the workflow is named, which other repositories may call.
    WorkflowOnly,
}

impl Flaw {
    /// The name used in reports and checks.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoAction => "no-action",
            Self::Denied => "denied",
            Self::NoSubject => "no-subject",
            Self::AnySubject => "any-subject",
            Self::AnyOwner => "any-owner",
            Self::AnyProject => "any-project",
            Self::AnyBranch => "any-branch",
            Self::AnyTag => "any-tag",
            Self::AnyEnvironment => "any-environment",
            Self::PullRequests => "pull-requests",
            Self::NoAudience => "no-audience",
            Self::AnyAudience => "any-audience",
            Self::ForAllValues => "for-all-values",
            Self::IfExists => "if-exists",
            Self::OnlyNegated => "only-negated",
            Self::LiteralWildcard => "literal-wildcard",
            Self::OtherProvider => "other-provider",
            Self::OtherSubject => "other-subject",
            Self::WrongOperator => "wrong-operator",
            Self::Unreadable => "unreadable",
            Self::AbsentKey => "absent-key",
            Self::MutableSubject => "mutable-subject",
            Self::IgnoresCase => "ignores-case",
            Self::Unauthenticated => "unauthenticated",
            Self::WorkflowOnly => "workflow-only",
        }
    }

    /// What it means, in words that follow "because" or stand alone.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::NoAction => "the statement does not allow sts:AssumeRoleWithWebIdentity",
            Self::Denied => "a Deny of the same policy shuts everybody out",
            Self::NoSubject => "nothing asks for the token's subject",
            Self::AnySubject => "every subject is like the pattern",
            Self::AnyOwner => "strangers can register an owner that is like the pattern",
            Self::AnyProject => "every repository or project of the owner is like the pattern",
            Self::AnyBranch => "any branch will do",
            Self::AnyTag => "any tag will do",
            Self::AnyEnvironment => "any deployment environment will do",
            Self::PullRequests => "runs for pull requests get in",
            Self::NoAudience => {
                "nothing asks for the audience, so every one that the provider is registered for will do"
            }
            Self::AnyAudience => "every audience is like the pattern",
            Self::ForAllValues => "ForAllValues holds for a token without the claim",
            Self::IfExists => "IfExists holds for a token without the claim",
            Self::OnlyNegated => "it only says who is kept out",
            Self::LiteralWildcard => {
                "the operator takes * and ? literally, and no subject holds them"
            }
            Self::OtherProvider => "it names the claims of another provider",
            Self::OtherSubject => "the provider writes no subject of this form",
            Self::WrongOperator => "the operator does not compare texts and never holds",
            Self::Unreadable => "the condition could not be read",
            Self::AbsentKey => "it asks for a key that is not there before somebody has signed in",
            Self::MutableSubject => "the subject goes by a name that can change hands; ids cannot",
            Self::IgnoresCase => "case does not matter",
            Self::Unauthenticated => "the pool's guests get in without signing in",
            Self::WorkflowOnly => {
                "only the workflow is named, which repositories of others may call"
            }
        }
    }
}

/// How far a trust goes, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grade {
    /// Who gets in.
    pub exposure: Exposure,
    /// What the provider is called: `GitHub Actions`.
    pub platform: &'static str,
    /// What is wrong with the condition.
    pub flaws: BTreeSet<Flaw>,
    /// Who gets in, by name, where it is known: `github-actions:acme/payments`.
    pub serves: BTreeSet<String>,
    /// An audience is asked for.
    pub audience: bool,
    /// Keys outside the token that it depends on and that files do not decide, lower case.
    pub depends: BTreeSet<String>,
}

impl Grade {
    /// Why, in a sentence without its full stop; empty when nothing is wrong.
    pub fn reason(&self) -> String {
        let all: Vec<&str> = self.flaws.iter().map(|flaw| flaw.describe()).collect();
        all.join("; ")
    }

    fn shut(mut self, flaw: Flaw) -> Self {
        self.exposure = Exposure::Nobody;
        self.flaws.insert(flaw);
        self.serves.clear();
        self
    }
}

/// The issuer of an OIDC provider's ARN, or the text itself: without scheme and last slash, in lower case.
pub fn issuer(provider: &str) -> String {
    let text = match provider.split_once(":oidc-provider/") {
        Some((_, issuer)) => issuer,
        None => provider,
    };
    let text = text.trim().to_ascii_lowercase();
    let text = text.strip_prefix("https://").unwrap_or(&text);
    text.trim_end_matches('/').to_owned()
}

/// Grades one statement that lets a provider's tokens in.
///
/// `provider` is its ARN or issuer, `actions` those of the statement as written (`not sts:X` for `NotAction`),
/// `allow` its `Condition` as JSON, `denies` the conditions of the `Deny` statements of the same document that speak
/// of the provider, `None` for one without.
pub fn grade(
    provider: &str,
    actions: &[impl AsRef<str>],
    allow: Option<&str>,
    denies: &[Option<&str>],
) -> Grade {
    let issuer = Issuer::of(&self::issuer(provider));
    let tests = test::tests(allow);
    let mut grade = Grade {
        exposure: issuer.open(),
        platform: issuer.name,
        flaws: BTreeSet::new(),
        serves: BTreeSet::new(),
        audience: false,
        depends: BTreeSet::new(),
    };
    if !allows(actions) {
        return grade.shut(Flaw::NoAction);
    }
    let Some(tests) = tests else {
        grade.flaws.insert(Flaw::Unreadable);
        return grade;
    };
    let mut limit = Limit::none(&issuer);
    for test in &tests {
        limit.and(claim::judge(&issuer, test, &mut grade));
    }
    for deny in denies {
        match denied(&issuer, *deny, &tests, &mut grade) {
            Some(Denial::Everybody) => return grade.shut(Flaw::Denied),
            Some(Denial::But(inverse)) => limit.and(inverse),
            None => {}
        }
    }
    limit.conclude(&issuer, &mut grade);
    grade
}

enum Denial {
    Everybody,
    /// Everybody but those within the limit.
    But(Limit),
}

/// What a denial leaves: one that speaks of all but some lets only those in.
fn denied(
    issuer: &Issuer,
    condition: Option<&str>,
    allowed: &[Test],
    grade: &mut Grade,
) -> Option<Denial> {
    if condition.is_none() {
        return Some(Denial::Everybody);
    }
    // One that cannot be read protects from nothing.
    let tests = test::tests(condition)?;
    let mut union: Option<Limit> = None;
    for test in &tests {
        if let Some(inverse) = test.inverted() {
            let limit = claim::judge(issuer, &inverse, grade);
            match &mut union {
                Some(union) => union.or(limit),
                None => union = Some(limit),
            }
        } else if test.covers(issuer, allowed) {
            // Holds for whoever is let in: the others decide.
        } else {
            // Holds for some only, so that nobody is surely kept out.
            return None;
        }
    }
    Some(match union {
        Some(limit) => Denial::But(limit),
        None => Denial::Everybody,
    })
}

/// Whether the actions, as written, include the one that takes tokens.
fn allows(actions: &[impl AsRef<str>]) -> bool {
    const ACTION: &str = "sts:assumerolewithwebidentity";
    let matches = |pattern: &str| {
        crate::platform::glob::matches(&pattern.trim().to_ascii_lowercase(), ACTION)
    };
    let mut left_out = actions
        .iter()
        .filter_map(|a| a.as_ref().strip_prefix("not "));
    if left_out.clone().next().is_some() {
        return !left_out.any(matches);
    }
    actions.iter().any(|action| matches(action.as_ref()))
}
