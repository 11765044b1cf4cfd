//! Rule files as they are written: one issuer per file, refused with the field named when wrong.

use crate::model::{Confidence, Severity, Tier};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fmt;

/// A rule file that cannot be used: where, what is wrong, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    /// The file's name, as it was given.
    pub file: String,
    /// Line, 1-based, where it is known.
    pub line: Option<u32>,
    /// The field at fault: `pattern`, `examples.negative`.
    pub field: String,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub hint: String,
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}: {}; {}", self.field, self.problem, self.hint)
    }
}

impl std::error::Error for RuleError {}

/// One file: what one issuer hands out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IssuerFile {
    /// `aws`, `github`; `unknown` where anyone may have issued it.
    pub(super) issuer: String,
    /// What the issuer is called.
    pub(super) title: String,
    /// The issuer's own page on its credentials.
    pub(super) docs: String,
    /// What variables, hosts and texts call the issuer, in snake case: distinctive names of four letters or
    /// more, which lead to a credential even where nothing else does (`algolia: 0123…`).
    #[serde(default)]
    pub(super) names: Vec<String>,
    /// Everyday words by which the issuer goes, too (`box`, `front`, `linear`): they count only as whole
    /// words, in or right before the name of an assignment that is telling anyway.
    #[serde(default)]
    pub(super) words: Vec<String>,
    /// The kinds of credential.
    pub(super) kinds: Vec<KindRule>,
}

/// One kind of credential.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KindRule {
    /// Unique over all files.
    pub(super) id: String,
    /// What to call it in a sentence.
    pub(super) title: String,
    /// The issuer's page on this kind, where it is another than the file's.
    pub(super) docs: Option<String>,
    /// Where to look at all: texts of three bytes or more, one of which every match contains.
    #[serde(default)]
    pub(super) literals: Vec<String>,
    /// Look for the literals in lower, upper and capitalised spelling, too.
    #[serde(default)]
    pub(super) ignore_case: bool,
    /// Instead of literals: the value of an assignment to a name.
    pub(super) assignment: Option<AssignmentRule>,
    /// Instead of literals and pattern: any assignment to a telling name, judged by its value.
    pub(super) generic: Option<GenericRule>,
    /// Instead of literals and pattern: what stands at certain places of a file with a known name.
    pub(super) file: Option<super::files::Format>,
    /// What it looks like, with the named group `secret`; `id` and `account` are optional. It must match
    /// at the literal, or with `before` anywhere from that many bytes before it; with `assignment` it
    /// must match the whole value.
    pub(super) pattern: Option<String>,
    /// How many bytes before the literal the match may begin.
    #[serde(default)]
    pub(super) before: usize,
    /// How many bytes from the literal on are looked at; longer matches are none.
    #[serde(default = "default_window")]
    pub(super) window: usize,
    /// The least Shannon entropy, in bits per byte, of what follows the prefix; less is a placeholder.
    #[serde(default)]
    pub(super) entropy: f64,
    /// The checksum that genuine values carry.
    #[serde(default)]
    pub(super) checksum: Checksum,
    /// What can be decoded from the value or its surroundings.
    #[serde(default)]
    pub(super) structure: Structure,
    /// A second part that stands near and makes the credential whole; holds the group `secret`.
    pub(super) companion: Option<Companion>,
    /// How sure a match is before checksum, path and surroundings are weighed.
    #[serde(default)]
    pub(super) confidence: Level,
    /// How bad a leak is, going by what such a credential usually may do.
    pub(super) severity: Grade,
    /// What the issuer says about its end.
    #[serde(default)]
    pub(super) expires: Lifetime,
    /// What every credential of the kind may do, where the issuer says so; what a value says about itself
    /// overrides it.
    pub(super) privilege: Option<Right>,
    /// For how many hours at most the issuer gives such credentials out.
    pub(super) valid_for: Option<u32>,
    /// Where to revoke it: a page or a command.
    pub(super) revocation: Option<String>,
    /// How many leading characters say nothing but the kind and may be shown.
    #[serde(default)]
    pub(super) prefix_len: usize,
    /// Values from the issuer's documentation; a match that is or contains one is an example.
    #[serde(default)]
    pub(super) documented: Vec<String>,
    /// Proof that the rule fires and that it holds its tongue.
    pub(super) examples: Examples,
}

/// The value of an assignment whose name holds one of these words or the file's `names` and `words`, or near
/// which one stands.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AssignmentRule {
    /// Words in the name, in snake case; other styles of spelling count as well.
    pub(super) names: Vec<String>,
    /// Words that may instead stand near: just before the name, in the same line, or in the path.
    pub(super) near: Vec<String>,
    /// One of these must be in the name as well, where kinds of one issuer look alike: `admin`, `secret`.
    #[serde(rename = "with")]
    pub(super) needs: Vec<String>,
}

impl AssignmentRule {
    /// Whether the name holds one of the words that tell this kind from its siblings.
    pub(super) fn admits(&self, name: &[u8]) -> bool {
        let name: Vec<u8> = name
            .iter()
            .filter(|b| b.is_ascii_alphanumeric())
            .map(u8::to_ascii_lowercase)
            .collect();
        let contains = |word: &String| {
            let word = word.replace('_', "").to_ascii_lowercase();
            memchr::memmem::find(&name, word.as_bytes()).is_some()
        };
        self.needs.is_empty() || self.needs.iter().any(contains)
    }
}

/// What makes the value of an assignment a secret when no issuer's format does.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GenericRule {
    /// Words that a telling name contains, in snake case; other styles of spelling are derived.
    pub(super) words: Vec<String>,
    /// Words in a name behind the telling word that make it harmless: `token_type`.
    pub(super) not_after: BTreeSet<String>,
    /// Words in a name before the telling word that make it harmless: `next_token`.
    pub(super) not_before: BTreeSet<String>,
    /// Texts in a value that mark a placeholder, compared without case.
    pub(super) placeholders: Vec<String>,
    /// Texts in a value that mark a reference to where the secret really is.
    pub(super) references: Vec<String>,
    /// Shorter values are none.
    pub(super) min_length: usize,
    /// Longer values are none.
    pub(super) max_length: usize,
    /// The least Shannon entropy of values from 16 characters on.
    pub(super) entropy: f64,
}

/// A second part near the first.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Companion {
    /// What it looks like, with the group `secret`.
    pub(super) pattern: String,
    /// How far away it may be, in bytes, to either side.
    pub(super) within: usize,
    /// Its least entropy.
    pub(super) entropy: f64,
}

/// Texts with and without the credential. `{{base62:30}}`, `{{hex:32}}` and the like stand for random
/// characters and `{{checksum}}` for the right checksum, so that no file holds what looks live.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Examples {
    /// Each must be found.
    pub(super) positive: Vec<String>,
    /// None must be found.
    pub(super) negative: Vec<String>,
}

/// Checksums of issuers that publish how theirs is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Checksum {
    #[default]
    None,
    GithubCrc32,
    NpmCrc32,
    GitlabRoutableCrc32,
    GrafanaCrc32,
    AtlassianCrc32,
    ConfluentCrc32,
    ZuploCrc32,
}

/// What dedicated code reads out of a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Structure {
    #[default]
    None,
    /// The account in an access key id.
    AwsKeyId,
    /// Key, region and end of a URL that is signed for a while.
    AwsPresigned,
    /// Expiry and policy of a shared access signature.
    AzureSas,
    /// The month in which a key of Microsoft's common annotated format was allocated.
    AzureCask,
    /// User and password in base64, as HTTP's basic scheme has them.
    Basic,
    /// The hint by which the directory lists a client secret.
    EntraSecret,
    /// Project, address and key of a service account file.
    GcpServiceAccount,
    /// The user in a fine-grained token.
    GithubFineGrained,
    /// Organisation in a Grafana Cloud token.
    GrafanaCloud,
    /// Expiry in a reference token.
    JfrogReference,
    /// A JSON web token: expiry, tenant.
    Jwt,
    /// A JSON web token of a Kubernetes service account.
    JwtKubernetes,
    /// The key of a user in a kubeconfig, with the certificate beside it.
    KubeconfigKey,
    /// User and id in a Mapbox token.
    Mapbox,
    /// A password in a URL.
    Password,
    /// A password that the text around it proves to be one, even if it is a word.
    Given,
    /// The end of a GitHub App's installation token.
    GithubInstallation,
    /// A private key in armour.
    Pem,
    /// A PuTTY private key file.
    Putty,
    /// Scope, projects and end of a PyPI token.
    Pypi,
    /// Organisation and time in a Sentry token.
    Sentry,
    /// The account in a Stripe key.
    Stripe,
}

/// Confidence as rules spell it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Level {
    Low,
    Medium,
    #[default]
    High,
}

impl From<Level> for Confidence {
    fn from(level: Level) -> Self {
        match level {
            Level::Low => Self::Low,
            Level::Medium => Self::Medium,
            Level::High => Self::High,
        }
    }
}

/// Privilege as rules spell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Right {
    None,
    Read,
    Write,
    Issue,
    Escalate,
    Admin,
}

impl From<Right> for Tier {
    fn from(right: Right) -> Self {
        match right {
            Right::None => Self::None,
            Right::Read => Self::Read,
            Right::Write => Self::Write,
            Right::Issue => Self::Issue,
            Right::Escalate => Self::Escalate,
            Right::Admin => Self::Admin,
        }
    }
}

/// Severity as rules spell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Grade {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

impl From<Grade> for Severity {
    fn from(grade: Grade) -> Self {
        match grade {
            Grade::Info => Self::Info,
            Grade::Low => Self::Low,
            Grade::Medium => Self::Medium,
            Grade::High => Self::High,
            Grade::Critical => Self::Critical,
        }
    }
}

/// What the issuer says about the end of such credentials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Lifetime {
    /// It depends, and the value does not tell.
    #[default]
    Unknown,
    /// They work until someone revokes them.
    Never,
}

const fn default_window() -> usize {
    256
}

/// Reads a file and refuses what is incomplete.
pub(super) fn parse(name: &str, text: &str) -> Result<IssuerFile, RuleError> {
    let file: IssuerFile = serde_yaml::from_str(text).map_err(|error| from_yaml(name, &error))?;
    let place = Place { name, text };
    if file.kinds.is_empty() {
        return Err(place.error(None, "kinds", "is empty", "describe at least one kind"));
    }
    for (field, value) in [("issuer", &file.issuer), ("title", &file.title)] {
        if value.trim().is_empty() {
            return Err(place.error(None, field, "is empty", "say who issues the credentials"));
        }
    }
    if !file.docs.starts_with("https://") {
        let hint = "give the https address of the issuer's own page";
        return Err(place.error(None, "docs", "is not a page", hint));
    }
    for (field, list) in [("names", &file.names), ("words", &file.words)] {
        let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let least = if field == "names" { 4 } else { 2 };
        if let Some(word) = list
            .iter()
            .find(|w| w.len() < least || !w.chars().all(fine))
        {
            let problem =
                format!("`{word}` is not a name of at least {least} characters in snake case");
            return Err(place.error(None, field, problem, "write `some_name`"));
        }
    }
    let unnamed = file.names.is_empty() && file.words.is_empty();
    for kind in &file.kinds {
        validate(&place, kind, unnamed)?;
    }
    Ok(file)
}

fn validate(place: &Place<'_>, kind: &KindRule, unnamed: bool) -> Result<(), RuleError> {
    let fail = |field: &str, problem: &str, hint: &str| {
        Err(place.error(Some(&kind.id), field, problem, hint))
    };
    let is_id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if kind.id.is_empty() || !kind.id.chars().all(is_id) {
        return fail(
            "id",
            "is not a name",
            "use lower-case letters, digits and -",
        );
    }
    if kind.title.trim().is_empty() {
        return fail("title", "is empty", "say what the credential is called");
    }
    let ways = [
        !kind.literals.is_empty(),
        kind.assignment.is_some(),
        kind.generic.is_some(),
        kind.file.is_some(),
    ];
    if ways.iter().filter(|way| **way).count() != 1 {
        let problem = "the rule does not say where to look, or says it twice";
        return fail(
            "literals",
            problem,
            "give one of literals, assignment, generic, file",
        );
    }
    if kind.literals.iter().any(|literal| literal.len() < 3) {
        let problem = "a literal is shorter than three bytes and would stop at every other word";
        return fail("literals", problem, "give a longer part of the format");
    }
    if kind.pattern.is_none() != (kind.generic.is_some() || kind.file.is_some()) {
        let hint = "give a pattern with the named group `secret`, or `generic`";
        return fail("pattern", "is missing or superfluous", hint);
    }
    if kind.window > 1 << 16 || kind.before > 1024 {
        let hint = "keep window up to 65536 and before up to 1024";
        return fail("window", "is larger than a credential can be", hint);
    }
    if !kind.entropy.is_finite() || !(0.0..=8.0).contains(&kind.entropy) {
        return fail(
            "entropy",
            "is not between 0 and 8",
            "give bits per byte, such as 3.0",
        );
    }
    if kind
        .valid_for
        .is_some_and(|hours| hours == 0 || hours > 24 * 3660)
    {
        let hint = "give whole hours, up to ten years";
        return fail("valid_for", "is no lifetime", hint);
    }
    if let Some(assignment) = &kind.assignment
        && assignment.names.is_empty()
        && assignment.near.is_empty()
        && unnamed
    {
        let hint = "give the file `names`, or the assignment `names` or `near`";
        return fail("assignment", "names nothing", hint);
    }
    if kind.examples.positive.is_empty() {
        let hint =
            "add a text in which the rule must find it; {{base62:30}} makes random characters";
        return fail("examples", "there is no positive example", hint);
    }
    if kind.examples.negative.is_empty() {
        let hint = "add a text that looks alike and must not be found";
        return fail("examples", "there is no negative example", hint);
    }
    Ok(())
}

/// A file under validation.
pub(super) struct Place<'a> {
    pub(super) name: &'a str,
    pub(super) text: &'a str,
}

impl Place<'_> {
    /// An error in a field of a kind, or of the file.
    pub(super) fn error(
        &self,
        kind: Option<&str>,
        field: &str,
        problem: impl Into<String>,
        hint: impl Into<String>,
    ) -> RuleError {
        let field = match kind {
            Some(kind) => format!("{kind}.{field}"),
            None => field.to_owned(),
        };
        RuleError {
            file: self.name.to_owned(),
            line: self.line(kind, &field),
            field,
            problem: problem.into(),
            hint: hint.into(),
        }
    }

    /// The line of a field: the first line with its name behind the line with the kind's id. The file is
    /// known to be well-formed here, and the tree reader's marks are not worth a second parse.
    fn line(&self, kind: Option<&str>, field: &str) -> Option<u32> {
        let key = field.rsplit('.').next().unwrap_or(field);
        let starts = |line: &str, key: &str| {
            let line = line.trim_start().trim_start_matches("- ").trim_start();
            line.strip_prefix(key)
                .is_some_and(|rest| rest.trim_start().starts_with(':'))
        };
        let of_kind = |line: &str| {
            kind.is_none_or(|kind| starts(line, "id") && line.trim_end().ends_with(kind))
        };
        let first = self.text.lines().position(of_kind)?;
        let below = self.text.lines().skip(first);
        let offset = below.take(60).position(|l| starts(l, key)).unwrap_or(0);
        u32::try_from(first + offset + 1).ok()
    }
}

/// The YAML library says what is wrong and where; the field is the part it puts between backticks.
fn from_yaml(name: &str, error: &serde_yaml::Error) -> RuleError {
    let problem = error.to_string();
    let field = problem.split('`').nth(1).unwrap_or("file").to_owned();
    let hint = if problem.contains("unknown field") {
        "correct its spelling or remove it"
    } else if problem.contains("missing field") {
        "add it"
    } else {
        "correct the YAML at this place"
    };
    RuleError {
        file: name.to_owned(),
        line: error
            .location()
            .and_then(|place| u32::try_from(place.line()).ok()),
        field,
        problem,
        hint: hint.to_owned(),
    }
}
