//! How a party is spelled: one text, the parties that it names, and the other names that it gives them.

use super::owner::{MAX_OWNER, PLACEHOLDERS};
use super::typography::plain;
use super::{Owner, Str};

/// Longest text that is looked at: several addresses with their names stand in one annotation.
const MAX_TEXT: usize = 2_048;
/// How many further parties of one text are kept.
const MAX_MORE: usize = 32;

/// Second-level labels below country domains, for undoing the encoding of dots in label values.
const SECOND_LEVEL: [&str; 8] = ["ac", "co", "com", "edu", "gov", "net", "or", "org"];

/// What may stand before a colon: the kind of the party, or that of the field.
const USER_KINDS: [&str; 9] = [
    "user",
    "users",
    "person",
    "login",
    "github",
    "gitlab",
    "username",
    "member",
    "individual",
];
const TEAM_KINDS: [&str; 8] = [
    "team",
    "teams",
    "group",
    "groups",
    "squad",
    "org",
    "tribe",
    "department",
];
const MAIL_KINDS: [&str; 6] = ["mail", "mailto", "email", "e-mail", "mailbox", "dl"];
const FIELDS: [&str; 12] = [
    "owner",
    "owners",
    "owned by",
    "owned-by",
    "contact",
    "maintainer",
    "maintainers",
    "maintained by",
    "lead",
    "responsible",
    "name",
    "primary",
];
const CHANNELS: [&str; 6] = [
    "slack",
    "channel",
    "chat",
    "teams-channel",
    "discord",
    "irc",
];

/// First parts of paths on GitHub that are no login.
const NO_LOGINS: [&str; 14] = [
    "about",
    "apps",
    "collections",
    "enterprise",
    "explore",
    "features",
    "issues",
    "login",
    "marketplace",
    "orgs",
    "pulls",
    "settings",
    "sponsors",
    "topics",
];

/// A text that names a party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spelling {
    /// The party; of several, the first.
    pub owner: Owner,
    /// Other names that the text gives that party: the team's or the person's name beside the address, the login
    /// within GitHub's noreply address.
    pub also: Vec<Owner>,
    /// Whether those names stand as mail programs write them, `Name <address>` or `address (Name)`: such a name is
    /// the mailbox's own, where one before a colon may be a team's beside its contact's address.
    pub formal: bool,
    /// The other parties that the text names.
    pub more: Vec<Owner>,
    /// Whether the address was written without `@` and dots, so that which dashes were dots is a guess.
    pub encoded: bool,
}

impl Spelling {
    /// Reads the spelling of an owner; `None` when it names nobody.
    pub fn read(raw: &str) -> Option<Self> {
        if raw.len() > MAX_TEXT {
            return None;
        }
        let text = plain(raw).to_lowercase();
        let template = ["${", "{{", "$(", "<%", "<!"]
            .iter()
            .any(|open| text.contains(open));
        if template || text.chars().any(char::is_control) {
            return None;
        }
        let mut text = unobfuscated(&text);
        for _ in 0..2 {
            let inner = text.trim();
            let field = inner
                .split_once(':')
                .filter(|(field, rest)| FIELDS.contains(&field.trim()) && !rest.trim().is_empty());
            text = field.map_or(inner, |(_, rest)| rest).to_owned();
        }
        let kinds = [
            &USER_KINDS[..],
            &TEAM_KINDS,
            &MAIL_KINDS,
            &FIELDS,
            &CHANNELS,
        ];
        let unnamed = text.trim_end().ends_with(':');
        let text = bare(&text);
        if PLACEHOLDERS.contains(&text) || (unnamed && kinds.iter().any(|k| k.contains(&text))) {
            return None;
        }
        if let Some(spelling) = guest(text) {
            return Some(spelling);
        }
        let parts = Parts::of(text);
        parts.spelling(text)
    }

    fn of(owner: Owner) -> Self {
        Self {
            owner,
            also: Vec::new(),
            formal: false,
            more: Vec::new(),
            encoded: false,
        }
    }
}

/// Without what stands around a text: quotes, list marks, punctuation.
fn bare(text: &str) -> &str {
    let around = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ',' | ';' | '*');
    let text = text.trim_matches(around);
    let text = text.strip_prefix("- ").unwrap_or(text);
    text.trim_end_matches(|c: char| around(c) || matches!(c, '.' | ':' | '!'))
        .trim_start_matches(around)
}

/// `jane (at) example [dot] com`
fn unobfuscated(text: &str) -> String {
    if !["(at)", "[at]", "{at}"].iter().any(|at| text.contains(at)) {
        return text.to_owned();
    }
    let mut text = text.to_owned();
    for (written, sign) in [
        ("(at)", "@"),
        ("[at]", "@"),
        ("{at}", "@"),
        ("(dot)", "."),
        ("[dot]", "."),
        ("{dot}", "."),
    ] {
        for form in [format!(" {written} "), written.to_owned()] {
            text = text.replace(&form, sign);
        }
    }
    text
}

/// Entra's name for a guest: `jane_example.com#ext#@acme.onmicrosoft.com`.
fn guest(text: &str) -> Option<Spelling> {
    let (home, tenant) = text.split_once("#ext#@")?;
    let (local, domain) = home.rsplit_once('_')?;
    let home = address(&format!("{local}@{domain}"))?;
    let mut spelling = Spelling::of(Owner::Mail(home.as_str().into()));
    if tenant
        .chars()
        .all(|c| c.is_alphanumeric() || "-.".contains(c))
    {
        spelling.also.push(Owner::Mail(text.into()));
        spelling.formal = true;
    }
    Some(spelling)
}

/// The words of a text by what they are.
#[derive(Debug, Default)]
struct Parts {
    addresses: Vec<String>,
    handles: Vec<Owner>,
    links: Vec<String>,
    /// Words that name no party.
    channels: usize,
    /// What is left, in order: a name, a kind in front of one.
    rest: String,
    formal: bool,
}

impl Parts {
    fn of(text: &str) -> Self {
        let mut parts = Self::default();
        for word in text.split_inclusive(|c: char| {
            c.is_whitespace() || matches!(c, '<' | '>' | '(' | ')' | ',' | ';' | '|')
        }) {
            let end = word.trim_end_matches(|c: char| {
                c.is_whitespace() || matches!(c, '<' | '>' | '(' | ')' | ',' | ';' | '|')
            });
            let closing = word.strip_prefix(end).unwrap_or_default();
            parts.word(end);
            parts
                .rest
                .push_str(if closing.is_empty() { " " } else { closing });
        }
        parts
    }

    fn word(&mut self, word: &str) {
        let trimmed = word.trim_matches(['"', '\'', '.', '[', ']', '`']);
        if trimmed.contains("://") || is_link(trimmed) {
            self.links.push(trimmed.to_owned());
            return;
        }
        if trimmed.starts_with('#') {
            self.channels += 1;
            return;
        }
        if trimmed.starts_with('@') {
            match handle(trimmed.trim_start_matches('@')).filter(|_| !trimmed.starts_with("@@")) {
                Some(owner) => {
                    if !self.handles.contains(&owner) {
                        self.handles.push(owner);
                    }
                }
                None => self.channels += 1,
            }
            return;
        }
        if trimmed.contains('@') {
            // `mail:jane@…`, `payments:pay@…`, `arn:…/jane@…`, `mailto:jane@…?subject=…`
            let trimmed = trimmed.split('?').next().unwrap_or_default();
            let (before, written) = match trimmed.rsplit_once([':', '/', '=']) {
                Some((before, written)) if written.contains('@') => (before, written),
                _ => ("", trimmed),
            };
            if let Some(address) = address(written) {
                if !self.addresses.contains(&address) {
                    self.addresses.push(address);
                }
                let machinery = before.starts_with("arn:") || before.contains("://");
                if !before.is_empty() && !machinery {
                    self.rest.push_str(before);
                    self.rest.push(':');
                }
                return;
            }
        }
        self.rest.push_str(word);
    }

    fn spelling(mut self, text: &str) -> Option<Spelling> {
        self.formal = text.contains('<') || text.contains('(');
        let mut addresses = std::mem::take(&mut self.addresses).into_iter();
        if let Some(first) = addresses.next() {
            let mut spelling = Spelling::of(Owner::Mail(first.as_str().into()));
            spelling.more = addresses
                .take(MAX_MORE)
                .map(|a| Owner::Mail(a.into()))
                .collect();
            spelling.formal = self.formal;
            if spelling.more.is_empty() {
                spelling.also.extend(self.name());
                if let [only] = self.handles.as_slice() {
                    spelling.also.push(only.clone());
                }
                spelling.also.extend(noreply_login(&first).map(Owner::User));
            }
            return Some(spelling);
        }
        let mut handles = std::mem::take(&mut self.handles).into_iter();
        if let Some(first) = handles.next() {
            let explicit = self.rest.trim().trim_end_matches(':').trim().to_owned();
            let first = match first {
                // `team:@payments`
                Owner::User(name) if TEAM_KINDS.contains(&explicit.as_str()) => Owner::Team(name),
                other => other,
            };
            let mut spelling = Spelling::of(first);
            spelling.more = handles.take(MAX_MORE).collect();
            spelling.formal = self.formal;
            if spelling.more.is_empty() {
                spelling.also.extend(self.name());
            }
            return Some(spelling);
        }
        if let Some(address) = decoded_address(text) {
            let mut spelling = Spelling::of(Owner::Mail(address.into()));
            spelling.encoded = true;
            return Some(spelling);
        }
        if let [only] = self.links.as_slice()
            && let Some(owner) = linked(only)
        {
            let mut spelling = Spelling::of(owner);
            spelling.also.extend(self.name());
            spelling.formal = self.formal;
            return Some(spelling);
        }
        let rest = match self.links.is_empty() && self.channels == 0 {
            true => text.to_owned(),
            false => {
                let rest = self.rest.replace(['<', '>', '(', ')', '|'], " ");
                bare(&rest).trim_end_matches(['-', '/']).to_owned()
            }
        };
        named(bare(&rest)).map(Spelling::of)
    }

    /// The name that stands beside an address or a login.
    fn name(&self) -> Option<Owner> {
        let outside = outside_brackets(&self.rest);
        let inside = self.rest.replace(['<', '>', '(', ')'], " ");
        let name = [outside.as_str(), inside.as_str()]
            .into_iter()
            .map(|name| name.trim_matches(|c: char| !c.is_alphanumeric()).to_owned())
            .find(|name| !name.is_empty())?;
        let mut name = name.as_str();
        while let Some((kind, rest)) = name.split_once(':') {
            let kind = kind.trim();
            let known = USER_KINDS.contains(&kind)
                || TEAM_KINDS.contains(&kind)
                || MAIL_KINDS.contains(&kind)
                || FIELDS.contains(&kind);
            match known {
                true => name = rest.trim(),
                false => break,
            }
        }
        let name = name
            .trim_end_matches(|c: char| !c.is_alphanumeric())
            .trim_matches(['"', '\'', '[', ']']);
        let words_only = USER_KINDS.contains(&name)
            || TEAM_KINDS.contains(&name)
            || MAIL_KINDS.contains(&name)
            || FIELDS.contains(&name)
            || CHANNELS.contains(&name);
        let lists = name.contains([';', '|', ':', '=', '\\']) || name.len() > 128;
        (!words_only && !lists).then_some(())?;
        slug(&in_order(name)).map(Owner::Team)
    }
}

/// `Doe, Jane` is Jane Doe.
fn in_order(name: &str) -> String {
    let words = |part: &str, most: usize| {
        let count = part.split_whitespace().count();
        (1..=most).contains(&count)
            && part
                .chars()
                .all(|c| c.is_alphabetic() || matches!(c, ' ' | '-' | '\'' | '.'))
    };
    match name.split_once(',') {
        Some((last, first)) if words(last, 3) && words(first, 2) => {
            format!("{} {}", first.trim(), last.trim())
        }
        _ => name.replace(',', " "),
    }
}

/// The text without what stands in brackets.
fn outside_brackets(text: &str) -> String {
    let mut depth = 0usize;
    let mut kept = String::new();
    for c in text.chars() {
        match c {
            '(' | '<' => depth += 1,
            ')' | '>' => depth = depth.saturating_sub(1),
            _ if depth == 0 => kept.push(c),
            _ => {}
        }
    }
    kept
}

fn is_link(word: &str) -> bool {
    ["github.com/", "www.", "gitlab.com/"]
        .iter()
        .any(|host| word.starts_with(host))
}

/// The team or user whose page a link is.
fn linked(link: &str) -> Option<Owner> {
    let path = link.split_once("://").map_or(link, |(_, path)| path);
    let path = path.strip_prefix("www.").unwrap_or(path);
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let host = parts.next()?;
    let parts: Vec<&str> = parts.collect();
    match (host, parts.as_slice()) {
        ("github.com", ["orgs", org, "teams", team, ..]) => handle(&format!("{org}/{team}")),
        ("github.com", [login]) if !NO_LOGINS.contains(login) => handle(login),
        ("gitlab.com", ["groups", group @ ..]) => {
            let group: Vec<&str> = group.iter().copied().take_while(|p| *p != "-").collect();
            (!group.is_empty()).then(|| Owner::Team(group.join("/").into()))
        }
        _ => None,
    }
}

/// `@org/team` or `@login`; GitLab's `@@role` names no party.
fn handle(handle: &str) -> Option<Owner> {
    let handle = handle.trim().trim_end_matches([':', '.']);
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    if handle.is_empty() || !handle.chars().all(plain) || handle.starts_with('/') {
        return None;
    }
    Some(if handle.contains('/') {
        Owner::Team(handle.into())
    } else {
        Owner::User(handle.into())
    })
}

/// A text without addresses, logins and links.
fn named(text: &str) -> Option<Owner> {
    if text.len() > MAX_OWNER || PLACEHOLDERS.contains(&text) {
        return None;
    }
    if let Some((_, user)) = text
        .strip_prefix("arn:")
        .and_then(|arn| arn.rsplit_once('/'))
    {
        return slug(user).map(Owner::User);
    }
    if let Some(owner) = distinguished(text) {
        return Some(owner);
    }
    // A Windows account: `ACME\jdoe`.
    if let Some((domain, user)) = text.split_once('\\') {
        let plain =
            |s: &str| !s.is_empty() && s.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c));
        return (plain(domain) && plain(user)).then(|| Owner::User(user.into()));
    }
    if let Some((prefix, rest)) = text.split_once(':') {
        // `default` is the namespace that a catalog reference means when it names none.
        let name = rest.trim().trim_start_matches('@');
        let name = slug(name.strip_prefix("default/").unwrap_or(name));
        let prefix = prefix.trim();
        if USER_KINDS.contains(&prefix) {
            return name.map(Owner::User);
        }
        if TEAM_KINDS.contains(&prefix) {
            return name.map(Owner::Team);
        }
        if MAIL_KINDS.contains(&prefix) || CHANNELS.contains(&prefix) {
            return None;
        }
    }
    let name = text.strip_prefix("default/").unwrap_or(text);
    match name.split_once('/') {
        Some(("user" | "users", user)) if !user.contains('/') => slug(user).map(Owner::User),
        Some(("team" | "teams" | "group" | "groups" | "squad", team)) => {
            slug(team).map(Owner::Team)
        }
        _ => slug(&in_order(name)).map(Owner::Team),
    }
}

/// A distinguished name of a directory: `cn=jane doe,ou=people,dc=example,dc=com`.
fn distinguished(text: &str) -> Option<Owner> {
    let first = text.split(',').next()?;
    let (kind, name) = first.split_once('=')?;
    let directory = text.contains("dc=") || text.contains("ou=") || text.contains("o=");
    match kind.trim() {
        "uid" if directory => slug(name).map(Owner::User),
        "cn" if directory => slug(name).map(Owner::Team),
        _ => None,
    }
}

/// An e-mail address, if the word is one.
fn address(word: &str) -> Option<String> {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '_');
    let (local, domain) = word.split_once('@')?;
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    let valid = !local.is_empty()
        && !domain.is_empty()
        && word.len() <= MAX_OWNER
        && domain.chars().all(plain)
        && local
            .chars()
            .all(|c| !c.is_whitespace() && !matches!(c, '"' | '\'' | '\\'));
    valid.then(|| format!("{local}@{domain}"))
}

/// The login within an address that a hosting service puts in place of the real one:
/// `1234+jdoe@users.noreply.github.com`, `1234-jdoe@users.noreply.gitlab.com`.
fn noreply_login(address: &str) -> Option<Str> {
    let (local, domain) = address.split_once('@')?;
    let separator = match domain {
        "users.noreply.github.com" => '+',
        "users.noreply.gitlab.com" => '-',
        _ => return None,
    };
    let login = match local.split_once(separator) {
        Some((number, login)) if number.bytes().all(|b| b.is_ascii_digit()) => login,
        _ => local,
    };
    (!login.is_empty() && !login.contains('[')).then(|| login.into())
}

/// Undoes `jane-doe_at_example-com`. The encoding loses which dashes were dots; dots are what it exists
/// for, so all of the local part's are, and in the domain those that set off the public suffix.
fn decoded_address(text: &str) -> Option<String> {
    let (local, domain) = text.split_once("_at_")?;
    let plain = |s: &str| s.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c));
    if local.is_empty() || domain.contains("_at_") || !plain(local) || !plain(domain) {
        return None;
    }
    // Where dots survived, nothing else was lost.
    if domain.contains('.') {
        return Some(format!("{local}@{domain}"));
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
    let name = name.trim_matches(['"', '\'', '`', ',', ';', '.', ':']);
    let names_something = name.chars().any(char::is_alphanumeric) && name.len() <= MAX_OWNER;
    let spaced = name.replace(['-', '_'], " ");
    let nobody = PLACEHOLDERS.contains(&name) || PLACEHOLDERS.contains(&spaced.as_str());
    (names_something && !nobody && !name.contains(['<', '>'])).then(|| name.into())
}

#[cfg(test)]
mod tests {
    use super::Spelling;

    #[test]
    fn other_names_of_the_same_party() {
        for (raw, owner, also) in [
            (
                "Cloud Platform: platforms@example.com",
                "mail:platforms@example.com",
                "team:cloud-platform",
            ),
            (
                "Jane Doe <jane@example.com>",
                "mail:jane@example.com",
                "team:jane-doe",
            ),
            (
                "\"Doe, Jane\" <jane@example.com>",
                "mail:jane@example.com",
                "team:jane-doe",
            ),
            (
                "Doe, Jane (External) <jane@example.com>",
                "mail:jane@example.com",
                "team:jane-doe",
            ),
            (
                "jane@example.com (Jane Doe)",
                "mail:jane@example.com",
                "team:jane-doe",
            ),
            (
                "Payments - pay@example.com",
                "mail:pay@example.com",
                "team:payments",
            ),
            (
                "Payments | pay@example.com",
                "mail:pay@example.com",
                "team:payments",
            ),
            (
                "pay@example.com, Payments",
                "mail:pay@example.com",
                "team:payments",
            ),
            (
                "team: Payments <pay@example.com>",
                "mail:pay@example.com",
                "team:payments",
            ),
            (
                "Payments:pay@example.com",
                "mail:pay@example.com",
                "team:payments",
            ),
            (
                "Owner: Payments: pay@example.com",
                "mail:pay@example.com",
                "team:payments",
            ),
            ("Jane Doe (@jdoe)", "user:jdoe", "team:jane-doe"),
            (
                "Jane Doe (https://github.com/jdoe)",
                "user:jdoe",
                "team:jane-doe",
            ),
            (
                "123+jdoe@users.noreply.github.com",
                "mail:123+jdoe@users.noreply.github.com",
                "user:jdoe",
            ),
            (
                "jdoe@users.noreply.github.com",
                "mail:jdoe@users.noreply.github.com",
                "user:jdoe",
            ),
            (
                "Payments: a@example.com, b@example.com",
                "mail:a@example.com",
                "",
            ),
            ("pay@example.com", "mail:pay@example.com", ""),
            ("user:jane@example.com", "mail:jane@example.com", ""),
            ("mailto:pay@example.com", "mail:pay@example.com", ""),
            ("Email: pay@example.com", "mail:pay@example.com", ""),
            ("Team: pay@example.com", "mail:pay@example.com", ""),
            ("TBD <pay@example.com>", "mail:pay@example.com", ""),
        ] {
            let spelling = Spelling::read(raw).unwrap();
            let names: Vec<String> = spelling.also.iter().map(ToString::to_string).collect();
            assert_eq!(spelling.owner.to_string(), owner, "{raw}");
            assert_eq!(names.join(" "), also, "{raw}");
        }
    }

    #[test]
    fn several_parties() {
        let spelling = Spelling::read("a@example.com; B@example.com and c@example.com").unwrap();
        assert_eq!(spelling.owner.to_string(), "mail:a@example.com");
        let more: Vec<String> = spelling.more.iter().map(ToString::to_string).collect();
        assert_eq!(more, ["mail:b@example.com", "mail:c@example.com"]);
    }
}
