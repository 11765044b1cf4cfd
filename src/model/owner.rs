//! Owners, and the spellings that name them.

use super::Str;
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
