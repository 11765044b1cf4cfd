//! What readers of files in which programs keep whom they sign in as have in common: identities, and the
//! credentials that stand beside them, which are the detector's own.

use super::tree::{self, Node};
use crate::detect::{Detector, Stored, illustrates};
use crate::model::{
    Credential, CredentialId, CredentialLink, Document, Evidence, Facts, Identity, IdentityId,
    IdentityKind, Label, LabelSource, Platform, Presence, Problem, ProblemKind, STORED, Str,
};
use std::cell::OnceCell;

/// The longest text of a file that becomes part of an id or a name.
const LONGEST: usize = 200;
/// More in one file is a list of something else.
pub(super) const MOST: usize = 10_000;

/// Collects what one file states.
pub(super) struct Keeping<'d> {
    /// The file.
    pub(super) document: &'d Document<'d>,
    /// What it states.
    pub(super) facts: Facts,
    /// What could not be understood.
    pub(super) problems: Vec<Problem>,
    /// The file is an example, a test or documentation.
    pub(super) illustrates: bool,
    reader: &'static str,
    detector: &'d Detector,
    /// What the detector finds in the file; asked only when a secret stands in it.
    found: OnceCell<Vec<Credential>>,
}

impl<'d> Keeping<'d> {
    pub(super) fn new(
        document: &'d Document<'d>,
        reader: &'static str,
        detector: &'d Detector,
    ) -> Self {
        Self {
            document,
            facts: Facts::default(),
            problems: Vec::new(),
            illustrates: illustrates(document.origin.below_root()),
            reader,
            detector,
            found: OnceCell::new(),
        }
    }

    /// The document as text; what is not UTF-8 is a problem, and nothing.
    pub(super) fn text(&mut self) -> &'d str {
        let bytes = self.document.bytes;
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        std::str::from_utf8(bytes).unwrap_or_else(|_| {
            self.malformed(0, "not valid UTF-8");
            ""
        })
    }

    /// Every document of a YAML or JSON file that could be read, with lines also in JSON.
    pub(super) fn trees(&mut self) -> Vec<Node> {
        let bytes = self.document.bytes;
        let json = tree::looks_like_json(bytes);
        // YAML's parser tells lines, and reads most of JSON, but takes no tabs before a value.
        let lined = json.then(|| std::str::from_utf8(bytes).ok().map(tree::yaml));
        let read = match lined.flatten() {
            Some(read) if read.iter().all(Result::is_ok) => read,
            _ => tree::documents(bytes),
        };
        let mut trees = Vec::new();
        for part in read {
            match part {
                Ok(node) => trees.push(node),
                Err(error) => self
                    .problems
                    .push(error.problem(self.document, self.reader)),
            }
        }
        trees
    }

    /// Where a line is.
    pub(super) fn at(&self, line: u32) -> Evidence {
        if line > 0 {
            self.document.at_line(self.reader, line)
        } else {
            self.document.whole(self.reader)
        }
    }

    /// What stands where a secret belongs.
    pub(super) fn judge(&self, value: &str) -> Stored {
        self.detector.stored(value)
    }

    /// A new identity that this file names or declares at a line.
    pub(super) fn identity(
        &self,
        id: impl Into<IdentityId>,
        platform: Platform,
        kind: IdentityKind,
        name: &str,
        presence: Presence,
        line: u32,
    ) -> Identity {
        let mut identity = Identity::new(id.into(), platform, kind, short(name));
        identity.presence.insert(presence);
        identity.evidence.insert(self.at(line));
        if self.illustrates {
            identity.traits.insert("example".into());
        }
        if self.document.origin.repository.is_some() {
            identity.traits.insert("in-repository".into());
        }
        identity
    }

    /// A label with the field that it was read from.
    pub(super) fn field(&self, key: &str, value: &str, line: u32) -> Label {
        Label {
            source: LabelSource::Field,
            key: key.into(),
            value: short(value),
            evidence: self.at(line),
        }
    }

    /// The credential with this value, by which `identity` signs in: the detector's, where it finds one in
    /// the line, else one that only the place tells to be one. Returns its id.
    pub(super) fn secret(
        &mut self,
        value: &str,
        line: u32,
        what: &Secret<'_>,
        identity: &IdentityId,
    ) -> CredentialId {
        let value = value.trim();
        let mut credential = self.find(value, line).unwrap_or_else(|| {
            let (id, fingerprint) = self.detector.unnamed(value);
            let kind = format!("{STORED}{}", what.kind);
            let mut credential = Credential::new(id, kind, what.issuer, what.title);
            credential.fingerprint = Some(fingerprint);
            credential.display = Some("…".into());
            credential
        });
        credential.links.insert(CredentialLink {
            identity: identity.clone(),
            basis: what.basis.into(),
            evidence: self.at(line),
        });
        self.mark(&mut credential, what);
        let id = credential.id.clone();
        self.facts.credentials.push(credential);
        id
    }

    /// A credential that is kept encrypted: nobody reads it here.
    pub(super) fn encrypted(
        &mut self,
        value: &str,
        line: u32,
        what: &Secret<'_>,
        identity: &IdentityId,
    ) {
        // The detector may know it as what it looks like.
        let mut credential = self.find(value.trim(), line).unwrap_or_else(|| {
            let id = format!("{identity}#{}", what.kind);
            let kind = format!("{STORED}{}", what.kind);
            Credential::new(id.into(), kind, what.issuer, what.title)
        });
        if credential.exposures.is_empty() {
            credential.records.insert(self.at(line));
        }
        credential.links.insert(CredentialLink {
            identity: identity.clone(),
            basis: what.basis.into(),
            evidence: self.at(line),
        });
        credential.traits.insert("encrypted".into());
        self.mark(&mut credential, what);
        self.facts.credentials.push(credential);
    }

    /// The credential with a public id, as the detector or its issuer calls it.
    pub(super) fn named(
        &mut self,
        id: String,
        line: u32,
        what: &Secret<'_>,
        display: &str,
        identity: &IdentityId,
    ) {
        let id = CredentialId::from(id);
        let found = self.found().iter().find(|found| found.id == id).cloned();
        let mut credential = found.unwrap_or_else(|| {
            let mut credential = Credential::new(id, what.kind, what.issuer, what.title);
            credential.display = Some(short(display));
            credential
        });
        credential.links.insert(CredentialLink {
            identity: identity.clone(),
            basis: what.basis.into(),
            evidence: self.at(line),
        });
        self.mark(&mut credential, what);
        self.facts.credentials.push(credential);
    }

    /// Notes how a credential is kept.
    fn mark(&self, credential: &mut Credential, what: &Secret<'_>) {
        let traits = what.traits.iter().map(|name| Str::from(*name));
        credential.traits.extend(traits);
        if self.illustrates {
            credential.traits.insert("example".into());
        }
    }

    /// What the detector finds with this value, or alone in this line.
    pub(super) fn find(&self, value: &str, line: u32) -> Option<Credential> {
        let (id, _) = self.detector.unnamed(value);
        let found = self.found();
        if let Some(same) = found.iter().find(|found| found.id == id) {
            return Some(same.clone());
        }
        // What is encoded or armoured is known by what is inside, which is the detector's business.
        let lines = u32::try_from(value.lines().count()).unwrap_or(u32::MAX);
        let end = line.saturating_add(lines.max(1));
        let here = |found: &&Credential| {
            let mut exposures = found.exposures.iter();
            line > 0 && exposures.any(|e| e.evidence.line.is_some_and(|at| line <= at && at < end))
        };
        let mut here = found.iter().filter(here);
        here.next().filter(|_| here.next().is_none()).cloned()
    }

    /// What the detector finds in the file.
    pub(super) fn found(&self) -> &[Credential] {
        self.found
            .get_or_init(|| self.detector.scan(self.document).0)
    }

    /// Whether the detector takes what stands in this line for a secret.
    pub(super) fn found_at(&self, line: u32) -> bool {
        let mut exposures = self.found().iter().flat_map(|found| &found.exposures);
        exposures.any(|e| e.evidence.line == Some(line))
    }

    /// The start of a value's digest: tells two apart, and gives nothing away.
    pub(super) fn digest(&self, value: &str) -> String {
        let (_, fingerprint) = self.detector.unnamed(value.trim());
        fingerprint.to_string().chars().take(8).collect()
    }

    pub(super) fn malformed(&mut self, line: u32, message: &str) {
        self.problem(line, ProblemKind::Malformed, message);
    }

    pub(super) fn note(&mut self, line: u32, message: &str) {
        self.problem(line, ProblemKind::Note, message);
    }

    fn problem(&mut self, line: u32, kind: ProblemKind, message: &str) {
        self.problems.push(Problem {
            path: self.document.origin.path.clone(),
            line: (line > 0).then_some(line),
            column: None,
            kind,
            reader: self.reader,
            message: message.into(),
        });
    }

    /// The folder of the file, as it stands in ids.
    pub(super) fn folder(&self) -> String {
        folder(&self.document.origin.path)
    }

    pub(super) fn finish(mut self) -> (Facts, Vec<Problem>) {
        if !self.facts.is_empty() {
            self.facts.sources.push((self.reader.into(), "".into()));
        }
        (self.facts, self.problems)
    }
}

/// What sort of secret a place holds.
pub(super) struct Secret<'a> {
    /// `password`, `token`: names the kind where the value does not tell.
    pub(super) kind: &'a str,
    /// What to call it.
    pub(super) title: &'a str,
    /// Who accepts it.
    pub(super) issuer: &'a str,
    /// How it is known whose it is: `user of the entry in .netrc`.
    pub(super) basis: &'a str,
    /// What is notable about how it is kept.
    pub(super) traits: &'a [&'a str],
}

/// The folder of a path, as it stands in ids: without the colons that part them.
pub(super) fn folder(path: &str) -> String {
    let folder = path.rsplit_once('/').map_or(".", |(folder, _)| folder);
    let folder = if folder.is_empty() { "/" } else { folder };
    part(folder)
}

/// A text as part of an id: without the colons that part them, and short.
pub(super) fn part(text: &str) -> String {
    short(text).replace(':', "_")
}

/// A text that a file says, cut to what names are long, on one line.
pub(super) fn short(text: &str) -> Str {
    let fine = |c: char| if c.is_control() { ' ' } else { c };
    let text = text.trim().chars().map(fine);
    text.take(LONGEST).collect::<String>().into()
}

/// Whom a comment names as the one to ask: `owner: team payments`, `owned by jane@acme.test`.
pub(super) fn owner(comment: &str) -> Option<&str> {
    const SAYS: [&str; 8] = [
        "owner:",
        "owner =",
        "owned by",
        "contact:",
        "maintainer:",
        "maintained by",
        "responsible:",
        "team:",
    ];
    let lower = comment.to_ascii_lowercase();
    let at = SAYS
        .iter()
        .find_map(|says| lower.find(says).map(|at| at + says.len()))?;
    let rest = comment.get(at..)?.trim();
    let end = rest.find([',', ';', '(', '|']).unwrap_or(rest.len());
    let named = rest.get(..end)?.trim().trim_end_matches('.');
    (!named.is_empty() && named.len() <= 80).then_some(named)
}

/// Scheme, user, password and host (with port) of a URL.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Url<'a> {
    pub(super) scheme: &'a str,
    pub(super) user: Option<&'a str>,
    pub(super) password: Option<&'a str>,
    pub(super) host: &'a str,
    pub(super) path: &'a str,
}

impl<'a> Url<'a> {
    /// `scheme://[user[:password]@]host[:port][/path]`; `None` where it is no such thing.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (scheme, rest) = text.trim().split_once("://")?;
        let authority = |rest: &'a str| match rest.find(['/', '?', '#']) {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        // A password may hold a slash where somebody forgot to encode it.
        let (login, rest) = match rest.rsplit_once('@') {
            Some((login, rest)) if !login.contains(['/', ' ']) || login.contains(':') => {
                (Some(login), rest)
            }
            _ => (None, rest),
        };
        let (host, path) = authority(rest);
        let (user, password) = match login.map(|l| l.split_once(':').unwrap_or((l, ""))) {
            Some((user, password)) => (Some(user), (!password.is_empty()).then_some(password)),
            None => (None, None),
        };
        let fine = !scheme.is_empty()
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
            && !host.is_empty();
        fine.then_some(Self {
            scheme,
            user: user.filter(|u| !u.is_empty()),
            password,
            host,
            path,
        })
    }
}

/// One `key = value` of a file with sections.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting<'a> {
    /// The section's name, as it stands between the brackets.
    pub(super) section: &'a str,
    pub(super) key: &'a str,
    pub(super) value: &'a str,
    pub(super) line: u32,
    /// The comment right above.
    pub(super) comment: Option<&'a str>,
}

/// The settings of a file with `[sections]` and `key = value` lines, in order. Lines that are indented
/// belong to the key above and are left out where `indented` says that they mean something else.
pub(super) fn settings(text: &str, indented: bool) -> Vec<Setting<'_>> {
    let mut section = "";
    let mut comment = None;
    let mut settings = Vec::new();
    for (line, raw) in (1u32..).zip(text.lines()) {
        let trimmed = raw.trim();
        if trimmed.is_empty() {
            comment = None;
            continue;
        }
        if let Some(note) = trimmed.strip_prefix(['#', ';']) {
            comment = Some(note.trim_start_matches(['#', ';']).trim());
            continue;
        }
        if let Some(name) = trimmed.strip_prefix('[') {
            section = name.split(']').next().unwrap_or_default().trim();
            comment = None;
            continue;
        }
        if !indented && raw.starts_with([' ', '\t']) {
            continue;
        }
        if let Some((key, value)) = trimmed.split_once('=') {
            settings.push(Setting {
                section,
                key: key.trim(),
                value: value.trim(),
                line,
                comment: comment.take(),
            });
        }
        if settings.len() >= MOST {
            break;
        }
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        let url = Url::parse("postgres://app:pw@db.acme.internal:5432/ledger").unwrap();
        assert_eq!(
            (url.scheme, url.user, url.password, url.host, url.path),
            (
                "postgres",
                Some("app"),
                Some("pw"),
                "db.acme.internal:5432",
                "/ledger"
            )
        );
        assert_eq!(
            Url::parse("https://registry.acme.internal/npm/")
                .unwrap()
                .user,
            None
        );
        assert_eq!(Url::parse("no url"), None);
    }

    #[test]
    fn settings_keep_their_section_and_the_comment_above() {
        let text = "[a]\n# of team x\nk = v\n\n; b\n\n[b c]\n  n = 1\nk=w = x\n";
        let found: Vec<_> = settings(text, false)
            .into_iter()
            .map(|s| (s.section, s.key, s.value, s.line, s.comment))
            .collect();
        assert_eq!(
            found,
            [
                ("a", "k", "v", 3, Some("of team x")),
                ("b c", "k", "w = x", 9, None)
            ]
        );
    }
}
