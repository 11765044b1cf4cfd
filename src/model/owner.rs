//! Owners, and the spellings that name them.

use super::{Spelling, Str};
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
pub(super) const MAX_OWNER: usize = 320;

/// What people write where nobody is meant.
pub(super) const PLACEHOLDERS: [&str; 45] = [
    "",
    "-",
    "--",
    "?",
    "change me",
    "changeme",
    "empty",
    "fixme",
    "n.a",
    "n.a.",
    "n/a",
    "na",
    "nil",
    "no one",
    "no owner",
    "no team",
    "no-one",
    "no-owner",
    "nobody",
    "none",
    "not applicable",
    "not known",
    "not set",
    "null",
    "owner",
    "placeholder",
    "tba",
    "tbc",
    "tbd",
    "team",
    "team name",
    "to be confirmed",
    "to be decided",
    "to be determined",
    "todo",
    "unassigned",
    "undefined",
    "unknown",
    "unowned",
    "unset",
    "your name",
    "your team",
    "your team name",
    "your-team",
    "xxx",
];

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
    /// | `https://github.com/orgs/acme/teams/payments`, `https://github.com/jdoe` | `team:acme/payments`, `user:jdoe` |
    /// | `uid=jdoe,ou=people,dc=example,dc=com`, `ACME\\jdoe` | `user:jdoe` |
    /// | `Payments Team` | `team:payments-team` |
    /// | `Doe, Jane` | `team:jane-doe`: a bare word or name may be a team's as well as a person's |
    ///
    /// Of several parties it is the first; [`Spelling::read`] has the others, and the other names of this one.
    /// Placeholders (`none`, `TBD`, `n/a`), unfilled templates (`${var.owner}`), other pages and chat channels
    /// are `None`: they name no party.
    pub fn parse(raw: &str) -> Option<Self> {
        Spelling::read(raw).map(|spelling| spelling.owner)
    }

    /// The name or address without its kind.
    pub fn name(&self) -> &str {
        match self {
            Self::Team(name) | Self::User(name) | Self::Mail(name) => name,
        }
    }
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
            ("Payments Team.", "team:payments-team"),
            ("Payments\u{a0}Team", "team:payments-team"),
            ("Ｐａｙｍｅｎｔｓ\u{3000}Team", "team:payments-team"),
            ("\u{feff}payments\u{200b}", "team:payments"),
            ("“Payments”", "team:payments"),
            ("- payments", "team:payments"),
            ("acme/payments", "team:acme/payments"),
            ("team/payments", "team:payments"),
            ("default/payments", "team:payments"),
            ("owner: payments", "team:payments"),
            ("team:@payments", "team:payments"),
            ("Payments Team (#payments-alerts)", "team:payments-team"),
            (
                "Payments https://wiki.example.com/payments",
                "team:payments",
            ),
            (
                "https://github.com/orgs/acme/teams/payments",
                "team:acme/payments",
            ),
            (
                "https://github.com/orgs/acme/teams/payments/members",
                "team:acme/payments",
            ),
            ("github.com/jdoe", "user:jdoe"),
            ("https://www.github.com/JDoe/", "user:jdoe"),
            (
                "https://gitlab.com/groups/acme/payments/-/activity",
                "team:acme/payments",
            ),
            (
                "mailto:Jane@Example.com?subject=hello",
                "mail:jane@example.com",
            ),
            ("<jane@example.com>", "mail:jane@example.com"),
            ("jane@example.com.", "mail:jane@example.com"),
            ("jane (at) example (dot) com", "mail:jane@example.com"),
            ("jane[at]example.com", "mail:jane@example.com"),
            ("jane.doe_at_example.com", "mail:jane.doe@example.com"),
            (
                "jane_example.com#EXT#@acme.onmicrosoft.com",
                "mail:jane@example.com",
            ),
            (
                "arn:aws:sts::111122223333:assumed-role/admin/jane@example.com",
                "mail:jane@example.com",
            ),
            ("uid=jdoe,ou=people,dc=example,dc=com", "user:jdoe"),
            ("CN=Payments,OU=Groups,DC=example,DC=com", "team:payments"),
            ("ACME\\JDoe", "user:jdoe"),
            ("Doe, Jane", "team:jane-doe"),
            ("@jdoe, @acme/payments", "user:jdoe"),
            ("<@jdoe>", "user:jdoe"),
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
            "slack: payments-alerts",
            "slack:#payments",
            "https://github.com/acme/payments",
            "https://github.com/topics",
            "<https://chat.example.com/x>",
            "To be confirmed",
            "no owner",
            "not-set",
            "Your Team Name",
            "***",
            "a\u{0}b",
            "💥",
        ] {
            assert_eq!(Owner::parse(raw), None, "{raw:?}");
        }
        assert_eq!(Owner::parse(&"x".repeat(10_000)), None);
    }
}
