//! What two names have in common.

/// Words that say what a name is of rather than which.
const MARKERS: [&str; 5] = ["and", "squad", "team", "teams", "the"];

/// Providers whose addresses say nothing of an organisation.
pub(crate) const FREE_MAIL: [&str; 26] = [
    "126.com",
    "163.com",
    "aol.com",
    "fastmail.com",
    "gmail.com",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hey.com",
    "hotmail.com",
    "icloud.com",
    "live.com",
    "mac.com",
    "mail.com",
    "mail.ru",
    "me.com",
    "msn.com",
    "outlook.com",
    "pm.me",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "web.de",
    "yahoo.com",
    "yandex.ru",
];

/// Domains below which everybody can have one.
const SHARED: [&str; 6] = [
    "gserviceaccount.com",
    "herokuapp.com",
    "noreply.github.com",
    "noreply.gitlab.com",
    "onmicrosoft.com",
    "privaterelay.appleid.com",
];

/// Second-level labels below country domains.
const SECOND_LEVEL: [&str; 22] = [
    "ac", "asn", "co", "com", "edu", "go", "gob", "gov", "govt", "id", "ltd", "me", "mil", "mod",
    "ne", "net", "nhs", "or", "org", "plc", "police", "sch",
];

/// The telling words of a name: without case, punctuation and what only says that it is a team.
pub(super) fn words(name: &str) -> Vec<String> {
    let name: String = name.chars().filter(|c| *c != '\'').collect();
    let all: Vec<String> = name
        .split(|c: char| !c.is_alphanumeric() && c != '@')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let telling: Vec<String> = all
        .iter()
        .filter(|word| !MARKERS.contains(&word.as_str()))
        .cloned()
        .collect();
    match telling.is_empty() {
        true => all,
        false => telling,
    }
}

/// A team's name without regard to case, punctuation and the word "team", whole and its last part.
pub(crate) fn team_key(name: &str) -> (String, String) {
    let full: Vec<String> = name.split('/').map(|part| words(part).join("-")).collect();
    let tail = full.last().cloned().unwrap_or_default();
    (full.join("/"), tail)
}

/// A key without its dashes, but for those that keep numbers apart; `None` for one without any.
pub(super) fn run_together(key: &str) -> Option<String> {
    let mut words = key.split('-');
    let mut whole = words.next()?.to_owned();
    let mut several = false;
    for word in words {
        let digits = whole.ends_with(|c: char| c.is_ascii_digit())
            && word.starts_with(|c: char| c.is_ascii_digit());
        if digits {
            whole.push('-');
        }
        whole.push_str(word);
        several = true;
    }
    several.then_some(whole)
}

/// The domains above this one that belong to the same organisation, nearest first.
pub(super) fn above(domain: &str) -> impl Iterator<Item = &str> {
    let mut rest = domain;
    std::iter::from_fn(move || {
        let (_, up) = rest.split_once('.')?;
        rest = up;
        organisational(up).then_some(up)
    })
}

/// Whether a domain is one that an organisation has for itself.
pub(super) fn organisational(domain: &str) -> bool {
    let suffix = match domain.split_once('.') {
        None => true,
        Some((second, top)) => {
            !top.contains('.') && top.len() == 2 && SECOND_LEVEL.contains(&second)
        }
    };
    !suffix && !FREE_MAIL.contains(&domain) && !SHARED.contains(&domain)
}

/// An address as it looks when neither `@` nor dots can be written.
pub(super) fn encoded(address: &str) -> String {
    address.replace(['.', '_'], "-").replace('@', "_at_")
}

/// Whether the local part of an address is that of a person by its form: `jane.doe`, `j.doe2`.
pub(super) fn personal(local: &str) -> bool {
    let parts: Vec<&str> = local.split('.').collect();
    let name = |part: &&str| {
        let name = part.trim_end_matches(|c: char| c.is_ascii_digit());
        !name.is_empty() && name.chars().all(char::is_alphabetic)
    };
    const ROLES: [&str; 16] = [
        "admin", "alerts", "contact", "data", "dev", "devops", "group", "help", "info", "it",
        "ops", "platform", "security", "service", "support", "team",
    ];
    (2..=3).contains(&parts.len())
        && parts.iter().all(name)
        && !parts.iter().any(|part| ROLES.contains(part))
}

/// Whether a display name and the local part of an address have a part in common.
pub(super) fn akin(name: &str, local: &str) -> bool {
    let whole: String = local.chars().filter(|c| c.is_alphanumeric()).collect();
    let names = words(name);
    let initials: String = names.iter().filter_map(|w| w.chars().next()).collect();
    let shared = |word: &String| word.chars().count() >= 3 && whole.contains(word.as_str());
    names.iter().any(shared) || (initials.len() >= 2 && whole.starts_with(&initials))
}

#[cfg(test)]
mod tests {
    use super::{above, akin, organisational, personal, run_together, team_key, words};

    #[test]
    fn keys() {
        for name in [
            "Payments",
            "payments-team",
            "Team Payments",
            "The_Payments Team",
            "PAYMENTS squad",
        ] {
            assert_eq!(team_key(name).0, "payments", "{name}");
        }
        assert_eq!(team_key("acme/Team-Payments").0, "acme/payments");
        assert_eq!(team_key("team").0, "team");
        assert_eq!(words("Search & Discovery"), words("search and discovery"));
        assert_eq!(
            run_together("cloud-platform").as_deref(),
            Some("cloudplatform")
        );
        assert_eq!(run_together("line-1-2").as_deref(), Some("line1-2"));
        assert_eq!(run_together("platform"), None);
    }

    #[test]
    fn domains() {
        let up: Vec<&str> = above("digital.justice.gov.uk").collect();
        assert_eq!(up, ["justice.gov.uk"]);
        let up: Vec<&str> = above("a.eu.example.com").collect();
        assert_eq!(up, ["eu.example.com", "example.com"]);
        assert_eq!(above("acme.onmicrosoft.com").count(), 0);
        assert_eq!(above("example.com").count(), 0);
        assert!(!organisational("gmail.com"));
        assert!(!organisational("co.uk"));
    }

    #[test]
    fn people() {
        assert!(personal("jane.doe"));
        assert!(!personal("platforms"));
        assert!(!personal("data.platform"));
        assert!(!personal("apply-team"));
        assert!(akin("jane-doe", "jdoe"));
        assert!(akin("jane-doe", "jane.doe"));
        assert!(!akin("payments", "jane.doe"));
    }
}
