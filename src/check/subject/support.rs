//! Whether an identity serves support work: acting in other people's accounts on their behalf.

use crate::model::{Identity, RegistryEntry};

/// Words that name support work or the tools it is done with.
const WORDS: &[&str] = &[
    "beyondtrust",
    "bomgar",
    "freshdesk",
    "helpdesk",
    "intercom",
    "screenconnect",
    "servicedesk",
    "servicenow",
    "support",
    "teamviewer",
    "zendesk",
];

/// Keys of labels whose value says what the identity is for.
const KEYS: &[&str] = &[
    "app",
    "application",
    "component",
    "function",
    "name",
    "purpose",
    "role",
    "service",
    "team",
    "usage",
];

/// Why an identity is taken to serve support; `None` when nothing says so.
pub(super) fn reason(identity: &Identity, entries: &[RegistryEntry]) -> Option<String> {
    if entries
        .iter()
        .any(|e| e.role.as_deref().is_some_and(|r| word(r).is_some()))
    {
        return Some("the registry gives it a support role".to_owned());
    }
    if let Some(found) = word(&identity.name) {
        return Some(format!("its name says `{found}`"));
    }
    identity.labels.iter().find_map(|label| {
        let key = label.key.rsplit('/').next().unwrap_or_default();
        if !KEYS.iter().any(|k| k.eq_ignore_ascii_case(key)) {
            return None;
        }
        let found = word(&label.value)?;
        Some(format!("its label `{}` says `{found}`", label.key))
    })
}

/// The first support word in a text: whole words only, split at punctuation and at capitals, so that
/// `SupportBot` is one and `supporting-role` is not.
fn word(text: &str) -> Option<&'static str> {
    let mut current = String::new();
    let mut previous_lower = false;
    let mut pair = String::new();
    for c in text.chars().chain(std::iter::once(' ')) {
        let boundary = !c.is_alphanumeric() || (c.is_uppercase() && previous_lower);
        if boundary && !current.is_empty() {
            // `help-desk` and `ServiceDesk` are the same word as `helpdesk` and `servicedesk`.
            let joined = format!("{pair}{current}");
            let found = WORDS.iter().find(|w| **w == current || **w == joined);
            if let Some(found) = found {
                return Some(found);
            }
            pair = std::mem::take(&mut current);
        }
        if c.is_alphanumeric() {
            current.extend(c.to_lowercase());
        }
        previous_lower = c.is_lowercase() || c.is_ascii_digit();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn whole_words_only() {
        for (text, expected) in [
            ("support-bot", Some("support")),
            ("SupportBot", Some("support")),
            ("acme_help-desk", Some("helpdesk")),
            ("ServiceDeskSync", Some("servicedesk")),
            ("zendesk", Some("zendesk")),
            ("supporting", None),
            ("unsupported-thing", None),
            ("", None),
        ] {
            assert_eq!(word(text), expected, "{text}");
        }
    }
}
