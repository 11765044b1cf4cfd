//! Names of people and teams as exports write them, brought into the form in which the roster compares them.

use crate::model::{Document, Owner, Str};

/// Longest name that is kept.
const MAX_NAME: usize = 320;

/// An e-mail address, lower case: `SMTP:Jane@Example.com`, `Jane Doe <jane@example.com>`.
pub(super) fn address(text: &str) -> Option<Str> {
    let text = text.trim();
    let plain = match text.split_once(':') {
        // Addresses of Exchange: only these are mail.
        Some((kind, rest)) if kind.eq_ignore_ascii_case("smtp") => rest,
        Some((kind, _)) if kind.chars().all(char::is_alphanumeric) && kind.len() <= 4 => {
            return None;
        }
        _ => text,
    };
    if let Some(guest) = guest(plain) {
        return Some(guest);
    }
    match Owner::parse(plain)? {
        Owner::Mail(mail) => Some(mail),
        _ => None,
    }
}

/// A login or an address, lower case, without `@` or the kind in front.
pub(super) fn login(text: &str) -> Option<Str> {
    let text = text.trim();
    let text = text.strip_prefix('@').unwrap_or(text);
    if let Some(guest) = guest(text) {
        return Some(guest);
    }
    // A domain in front says where the login holds: `ACME\jdoe`.
    let text = text.rsplit_once('\\').map_or(text, |(_, login)| login);
    match Owner::parse(text)? {
        Owner::Mail(name) => Some(name),
        // Logins have no blanks; what has is a display name in the wrong column.
        Owner::User(name) | Owner::Team(name) => {
            (!text.trim().contains(char::is_whitespace)).then_some(name)
        }
    }
}

/// The address that a guest's name of Entra encodes: `jane_example.com#EXT#@acme.onmicrosoft.com`.
pub(super) fn guest(text: &str) -> Option<Str> {
    let lower = text.trim().to_lowercase();
    let (name, _) = lower.split_once("#ext#")?;
    let (local, domain) = name.rsplit_once('_')?;
    address(&format!("{local}@{domain}"))
}

/// Logins and addresses in one cell.
pub(super) fn people(cell: &str) -> Vec<Str> {
    cell.split([';', '|', ',', '\n'])
        .filter_map(|name| {
            let name = name.trim();
            let name = name.strip_prefix("user:").unwrap_or(name);
            if name.contains('@') && name.contains(' ') {
                return address(name);
            }
            login(name)
        })
        .collect()
}

/// A team's name as owners are written: one word, lower case, `acme/payments`.
pub(super) fn team(name: &str) -> Option<Str> {
    let name = name.trim().chars().take(MAX_NAME).collect::<String>();
    Owner::parse(&name).map(|owner| Str::from(owner.name()))
}

/// Teams in one cell.
pub(super) fn teams(cell: &str) -> Vec<Str> {
    cell.split([';', '|', ',', '\n']).filter_map(team).collect()
}

/// A name as people write it, with single blanks.
pub(super) fn display(name: &str) -> Option<Str> {
    let words: Vec<&str> = name.split_whitespace().collect();
    let name = words.join(" ");
    let tells = name.chars().any(char::is_alphabetic) && name.len() <= MAX_NAME;
    (tells && !name.chars().any(char::is_control)).then(|| name.into())
}

/// A directory's id of somebody or of a group. Ids that are short numbers are those of one export only: they hold
/// within its folder.
pub(super) fn id(document: &Document<'_>, id: &str) -> Option<Str> {
    let id = id.trim().to_lowercase();
    if id.is_empty() || id.len() > MAX_NAME || id.contains(char::is_whitespace) {
        return None;
    }
    let telling = id.len() >= 16 || id.len() >= 8 && id.bytes().any(|b| !b.is_ascii_digit());
    if telling {
        return Some(id.into());
    }
    let path = &document.origin.path;
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    Some(format!("{}#{id}", folder.replace('/', "|")).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Origin;

    #[test]
    fn addresses_and_logins() {
        assert_eq!(
            address("SMTP:Jane@Example.com").as_deref(),
            Some("jane@example.com")
        );
        assert_eq!(address("SIP:jane@example.com"), None);
        assert_eq!(
            address("Jane <jane@example.com>").as_deref(),
            Some("jane@example.com")
        );
        assert_eq!(address("jane"), None);
        assert_eq!(login("@JDoe").as_deref(), Some("jdoe"));
        assert_eq!(login("ACME\\jdoe").as_deref(), Some("jdoe"));
        assert_eq!(login("Jane Doe"), None);
        assert_eq!(login("n/a"), None);
        assert_eq!(
            login("jane_smith_example.com#EXT#@acme.onmicrosoft.com").as_deref(),
            Some("jane_smith@example.com")
        );
    }

    #[test]
    fn short_numbers_hold_within_a_folder() {
        let origin = Origin::file("scim/users.json");
        let document = Document {
            origin: &origin,
            bytes: b"",
        };
        assert_eq!(id(&document, "42").as_deref(), Some("scim#42"));
        let uuid = "2819C223-7F76-453A-919D-413861904646";
        assert_eq!(id(&document, uuid).as_deref(), Some(&*uuid.to_lowercase()));
        assert_eq!(id(&document, " "), None);
    }
}
