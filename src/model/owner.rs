//! Owners and the claims that name them.

use super::{Confidence, Evidence, Str, SubjectId, Timestamp};
use std::collections::BTreeSet;
use std::fmt;

/// Who answers for an identity, normalised so that every spelling of a party is one value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// `team:payments`, `team:acme/payments`.
    Team(Str),
    /// `user:jdoe`.
    User(Str),
    /// `mail:jane@example.com`.
    Mail(Str),
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Team(name) => write!(f, "team:{name}"),
            Self::User(name) => write!(f, "user:{name}"),
            Self::Mail(address) => write!(f, "mail:{address}"),
        }
    }
}

/// Longest text that is taken for an owner: an e-mail address has at most 320 characters.
const MAX_OWNER: usize = 320;

/// What people write where nobody is meant.
const PLACEHOLDERS: [&str; 24] = [
    "",
    "-",
    "--",
    "?",
    "n/a",
    "na",
    "nil",
    "no one",
    "no-one",
    "no-owner",
    "nobody",
    "none",
    "not set",
    "null",
    "placeholder",
    "tba",
    "tbc",
    "tbd",
    "todo",
    "fixme",
    "unassigned",
    "undefined",
    "unknown",
    "unowned",
];

/// Second-level labels below country domains, for undoing the encoding of dots in label values.
const SECOND_LEVEL: [&str; 8] = ["ac", "co", "com", "edu", "gov", "net", "or", "org"];

impl Owner {
    /// Reads an owner in any of the spellings that tags, catalogs and CODEOWNERS files use.
    ///
    /// | written | means |
    /// |---|---|
    /// | `@acme/payments` | `team:acme/payments` |
    /// | `@jdoe` | `user:jdoe` |
    /// | `Jane@Example.com`, `Jane Doe <jane@example.com>`, `Payments: pay@example.com` | `mail:…`, lower case |
    /// | `jane-doe_at_example-com` (a Google Cloud label holds neither `@` nor `.`) | `mail:jane.doe@example.com` |
    /// | `team:payments`, `group:payments`, `group:default/payments`, `squad:payments` | `team:payments` |
    /// | `user:default/jdoe`, `arn:aws:iam::111122223333:user/jdoe` | `user:jdoe` |
    /// | `Payments Team` | `team:payments-team` |
    ///
    /// Placeholders (`none`, `TBD`, `n/a`), unfilled templates (`${var.owner}`), pages and chat channels
    /// are `None`: they name no party.
    pub fn parse(raw: &str) -> Option<Self> {
        let text = raw
            .trim()
            .trim_matches(['"', '\'', '`', ',', ';'])
            .trim()
            .to_lowercase();
        let place = text.contains("://") || text.starts_with('#');
        let template = ["${", "{{", "$("].iter().any(|open| text.contains(open));
        if text.len() > MAX_OWNER || place || template || text.chars().any(char::is_control) {
            return None;
        }
        if PLACEHOLDERS.contains(&text.as_str()) {
            return None;
        }
        if let Some(handle) = text.strip_prefix('@') {
            return Self::handle(handle);
        }
        let encoded = || decoded_address(&text);
        if let Some(address) = address(&text).map(str::to_owned).or_else(encoded) {
            return Some(Self::Mail(address.into()));
        }
        if let Some((_, user)) = text
            .strip_prefix("arn:")
            .and_then(|arn| arn.rsplit_once('/'))
        {
            return Some(Self::User(slug(user)?));
        }
        if let Some((prefix, rest)) = text.split_once(':') {
            // `default` is the namespace that a catalog reference means when it names none.
            let name = rest.trim().trim_start_matches('@');
            let name = slug(name.strip_prefix("default/").unwrap_or(name));
            match prefix.trim() {
                "user" | "person" | "login" | "github" => return name.map(Self::User),
                "team" | "group" | "squad" | "org" => return name.map(Self::Team),
                "mail" | "mailto" | "email" => return None,
                _ => {}
            }
        }
        slug(&text).map(Self::Team)
    }

    /// `@org/team` or `@login`; GitLab's `@@role` names no party.
    fn handle(handle: &str) -> Option<Self> {
        let handle = handle.trim();
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
        if handle.is_empty() || !handle.chars().all(plain) || handle.starts_with('/') {
            return None;
        }
        Some(if handle.contains('/') {
            Self::Team(handle.into())
        } else {
            Self::User(handle.into())
        })
    }

    /// The name or address without its kind.
    pub fn name(&self) -> &str {
        match self {
            Self::Team(name) | Self::User(name) | Self::Mail(name) => name,
        }
    }
}

/// The first e-mail address in a text.
fn address(text: &str) -> Option<&str> {
    text.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '(' | ')' | ',' | ';' | '|'))
        .map(|word| {
            // `mail:jane@…`, `payments:pay@…`
            let word = word.rsplit_once(':').map_or(word, |(_, rest)| rest);
            word.trim_matches(['"', '\'', '.', '[', ']'])
        })
        .find(|word| {
            word.split_once('@').is_some_and(|(local, domain)| {
                !local.is_empty()
                    && !domain.is_empty()
                    && domain
                        .chars()
                        .all(|c| c.is_alphanumeric() || matches!(c, '.' | '-'))
            })
        })
}

/// Undoes `jane-doe_at_example-com`. The encoding loses which dashes were dots; dots are what it exists
/// for, so all of the local part's are, and in the domain those that set off the public suffix.
fn decoded_address(text: &str) -> Option<String> {
    let (local, domain) = text.split_once("_at_")?;
    let plain = |s: &str| s.chars().all(|c| c.is_alphanumeric() || "-_".contains(c));
    if local.is_empty() || domain.contains("_at_") || !plain(local) || !plain(domain) {
        return None;
    }
    let (host, top) = domain.rsplit_once(['-', '_'])?;
    let host = match host.rsplit_once(['-', '_']) {
        Some((name, second)) if top.len() == 2 && SECOND_LEVEL.contains(&second) => {
            format!("{name}.{second}")
        }
        _ => host.to_owned(),
    };
    Some(format!("{}@{host}.{top}", local.replace('-', ".")))
}

/// A name as one word: runs of white space become `-`.
fn slug(name: &str) -> Option<Str> {
    let name = name.split_whitespace().collect::<Vec<_>>().join("-");
    let names_something = name.chars().any(char::is_alphanumeric);
    (names_something && !PLACEHOLDERS.contains(&name.as_str()) && !name.contains(['<', '>']))
        .then(|| name.into())
}

/// How a claim of ownership was made, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// An entry of the identity registry.
    Registry,
    /// A tag, label or annotation on the identity itself.
    Label,
    /// The owner of its namespace or account.
    Container,
    /// A service catalog.
    Catalog,
    /// The CODEOWNERS entry for the file that declares it.
    Codeowners,
    /// The author of the commit that brought it in.
    CommitAuthor,
}

impl Method {
    /// The name used in reports and checks.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Registry => "registry",
            Self::Label => "label",
            Self::Container => "container",
            Self::Catalog => "catalog",
            Self::Codeowners => "codeowners",
            Self::CommitAuthor => "commit-author",
        }
    }

    /// Whether somebody declared the ownership, rather than it being inferred.
    pub const fn declared(self) -> bool {
        !matches!(self, Self::CommitAuthor)
    }

    /// How much such a claim is worth.
    pub const fn confidence(self) -> Confidence {
        match self {
            Self::Registry | Self::Label => Confidence::High,
            Self::Container | Self::Catalog | Self::Codeowners => Confidence::Medium,
            Self::CommitAuthor => Confidence::Low,
        }
    }
}

/// A claim that a party owns a subject. The order puts the strongest claim first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attribution {
    /// How the claim was made.
    pub method: Method,
    /// Whose.
    pub subject: SubjectId,
    /// Who.
    pub owner: Owner,
    /// The spelling in the source.
    pub raw: Str,
    /// When the claim was made, where the source says.
    pub as_of: Option<Timestamp>,
    /// Where it was read.
    pub evidence: Evidence,
}

/// A namespace or an account, whose labels speak for what is inside.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Container {
    /// `k8s:<cluster>/<namespace>` or `aws:<account>`.
    pub id: Str,
    /// Its labels.
    pub labels: super::Set<super::Label>,
    /// Where it was read.
    pub evidence: Evidence,
}

/// Whose rules a CODEOWNERS file follows: the hosts read the same patterns differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CodeownersDialect {
    /// GitHub: like gitignore, without negation and character ranges.
    GitHub,
    /// GitLab: shell globs, sections, exclusions.
    GitLab,
}

/// One line of a CODEOWNERS file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CodeownersRule {
    /// The pattern as written.
    pub pattern: Str,
    /// The owners as written; none means explicitly unowned.
    pub owners: Vec<Str>,
    /// The GitLab section it stands in, lower case. In each section the last match wins on its own.
    pub section: Option<Str>,
    /// Line, 1-based.
    pub line: u32,
}

/// A CODEOWNERS file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Codeowners {
    /// The directory its patterns are relative to, written as the paths of this scan are; `""` for the
    /// scan's working directory. Ends in `/` otherwise.
    pub root: Str,
    /// Which of the host's places it was found in; the lowest is the one that counts.
    pub rank: u8,
    /// Whose rules it follows.
    pub dialect: CodeownersDialect,
    /// The lines, in order: the last match wins.
    pub rules: Vec<CodeownersRule>,
    /// The file.
    pub evidence: Evidence,
}

/// A Backstage entity that owns or is owned.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CatalogEntity {
    /// `component:default/payments-api`, lower case.
    pub reference: Str,
    /// `Component`, `Resource`, `System`, …
    pub kind: Str,
    /// `metadata.name`.
    pub name: Str,
    /// `spec.owner` as written.
    pub owner: Option<Str>,
    /// Reference of the entity whose owner is inherited (`spec.system`, then `spec.domain`).
    pub parent: Option<Str>,
    /// Annotations and other keys that tie the entity to what it runs as: an ARN, a Kubernetes
    /// namespace or id, a repository slug.
    pub annotations: BTreeSet<(Str, Str)>,
    /// The directory of the file, ending in `/` unless empty; what is declared below it belongs to it.
    pub directory: Str,
    /// Where it was read.
    pub evidence: Evidence,
}

/// A person in a roster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Person {
    /// Every login and address that means this person, lower case.
    pub names: BTreeSet<Str>,
    /// Teams, lower case.
    pub teams: BTreeSet<Str>,
    /// Whether the person is still there; `None` when the roster does not say.
    pub active: Option<bool>,
    /// When the person left or will leave.
    pub left: Option<Timestamp>,
    /// Where it was read.
    pub evidence: Evidence,
}

/// A team in a roster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Team {
    /// Its name and aliases, lower case.
    pub names: BTreeSet<Str>,
    /// Members as written, lower case; `None` when the roster does not list members.
    pub members: Option<BTreeSet<Str>>,
    /// Where it was read.
    pub evidence: Evidence,
}

#[cfg(test)]
mod tests {
    use super::Owner;

    #[test]
    fn every_spelling_of_a_party_is_one_value() {
        for (raw, expected) in [
            ("@acme/Payments", "team:acme/payments"),
            ("@acme/platform/sre", "team:acme/platform/sre"),
            ("@JDoe", "user:jdoe"),
            ("Jane@Example.COM", "mail:jane@example.com"),
            ("Jane Doe <jane@example.com>", "mail:jane@example.com"),
            ("Payments: pay@example.com", "mail:pay@example.com"),
            ("payments:pay@example.com", "mail:pay@example.com"),
            ("mail:ops@example.com", "mail:ops@example.com"),
            ("mailto:ops@example.com", "mail:ops@example.com"),
            ("user:jane@example.com", "mail:jane@example.com"),
            ("a@example.com, b@example.com", "mail:a@example.com"),
            ("jane-doe_at_example-com", "mail:jane.doe@example.com"),
            ("ops_at_my-company-com", "mail:ops@my-company.com"),
            ("ops_at_example-co-uk", "mail:ops@example.co.uk"),
            ("team:payments", "team:payments"),
            ("Team: Payments API", "team:payments-api"),
            ("group:payments", "team:payments"),
            ("group:default/payments", "team:payments"),
            ("group:infra/dba", "team:infra/dba"),
            ("user:default/jdoe", "user:jdoe"),
            ("user:@jdoe", "user:jdoe"),
            ("arn:aws:iam::111122223333:user/ops/jdoe", "user:jdoe"),
            ("Payments  Team", "team:payments-team"),
            ("\"payments\"", "team:payments"),
            ("Équipe Réseau", "team:équipe-réseau"),
        ] {
            let owner = Owner::parse(raw).map(|o| o.to_string());
            assert_eq!(owner.as_deref(), Some(expected), "{raw}");
        }
    }

    #[test]
    fn what_names_nobody_is_nobody() {
        for raw in [
            "",
            "  ",
            "-",
            "none",
            "None",
            "N/A",
            "TBD",
            "todo",
            "unknown",
            "nobody",
            "team:",
            "team:tbd",
            "user: none",
            "@",
            "@@maintainer",
            "@/x",
            "mail:",
            "mail:none",
            "<owner>",
            "${var.owner}",
            "{{ .Values.owner }}",
            "https://chat.example.com/payments",
            "#payments-alerts",
            "***",
            "a\u{0}b",
            "💥",
        ] {
            assert_eq!(Owner::parse(raw), None, "{raw:?}");
        }
        assert_eq!(Owner::parse(&"x".repeat(10_000)), None);
    }
}
