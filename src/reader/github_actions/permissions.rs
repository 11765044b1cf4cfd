//! What a job's token may do (GitHub documentation, "Workflow syntax: permissions" and "GITHUB_TOKEN").

use super::Node;
use std::collections::BTreeMap;

/// How much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// Nothing.
    None,
    /// Looking.
    Read,
    /// Looking and changing.
    Write,
}

impl Level {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text {
            "none" => Some(Self::None),
            "read" => Some(Self::Read),
            "write" => Some(Self::Write),
            _ => None,
        }
    }
}

/// What a token may do, by permission, with the line that says so. What is not named it may not.
pub(super) type Grants = BTreeMap<String, (Level, u32)>;

/// Every permission of a job's token, and the most that can be given of it.
const ALL: [(&str, Level); 15] = [
    ("actions", Level::Write),
    ("artifact-metadata", Level::Write),
    ("attestations", Level::Write),
    ("checks", Level::Write),
    ("contents", Level::Write),
    ("deployments", Level::Write),
    ("discussions", Level::Write),
    ("id-token", Level::Write),
    ("issues", Level::Write),
    ("models", Level::Read),
    ("packages", Level::Write),
    ("pages", Level::Write),
    ("pull-requests", Level::Write),
    ("security-events", Level::Write),
    ("statuses", Level::Write),
];

/// What `read-all` or `write-all` gives. A token for other systems is never only read.
fn all(level: Level, line: u32) -> Grants {
    let most = ALL.iter().map(|(name, most)| (*name, level.min(*most)));
    let given = most.filter(|(name, level)| *name != "id-token" || *level == Level::Write);
    given
        .map(|(name, level)| (name.to_owned(), (level, line)))
        .collect()
}

/// What the setting of a repository gives where files state nothing: `write` is the permissive one.
pub(super) fn default(write: bool) -> Grants {
    if write {
        let mut given = all(Level::Write, 0);
        given.remove("id-token");
        given
    } else {
        ["contents", "packages"]
            .map(|name| (name.to_owned(), (Level::Read, 0)))
            .into()
    }
}

/// What a `permissions` key states.
pub(super) struct Stated {
    /// What is given.
    pub(super) grants: Grants,
    /// `write-all` or `read-all`, as written.
    pub(super) all: Option<&'static str>,
    /// Names or levels that GitHub does not have.
    pub(super) unknown: bool,
}

/// Reads `permissions`; `None` where it is absent. An empty one gives nothing.
pub(super) fn stated(holder: &Node) -> Option<Stated> {
    let node = holder.get("permissions")?;
    let mut out = Stated {
        grants: Grants::new(),
        all: None,
        unknown: false,
    };
    match node.text().map(str::trim) {
        Some("read-all") => {
            out.grants = all(Level::Read, node.line);
            out.all = Some("read-all");
        }
        Some("write-all") => {
            out.grants = all(Level::Write, node.line);
            out.all = Some("write-all");
        }
        Some(_) => out.unknown = true,
        None => out.unknown = !node.items().is_empty(),
    }
    for (name, value) in node.entries() {
        match value.text().map(str::trim).and_then(Level::parse) {
            Some(Level::None) => {}
            Some(level) => {
                out.grants
                    .insert(name.trim().to_ascii_lowercase(), (level, value.line));
            }
            None => out.unknown = true,
        }
    }
    Some(out)
}

/// What is in both.
pub(super) fn both(stated: &Grants, cap: &Grants) -> Grants {
    let inside = stated.iter().filter_map(|(name, (level, line))| {
        let (most, _) = cap.get(name)?;
        Some((name.clone(), (*level.min(most), *line)))
    });
    inside.collect()
}

/// What is in either.
pub(super) fn either(into: &mut Grants, other: &Grants) {
    for (name, (level, line)) in other {
        let mine = into.entry(name.clone()).or_insert((*level, *line));
        if *level > mine.0 {
            *mine = (*level, *line);
        }
    }
}

/// As texts.
pub(super) fn texts(grants: &Grants) -> BTreeMap<crate::model::Str, crate::model::Str> {
    let pairs = grants.iter();
    pairs
        .map(|(name, (level, _))| (name.as_str().into(), level.as_str().into()))
        .collect()
}
