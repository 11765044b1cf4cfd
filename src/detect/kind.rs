//! A kind of credential, ready to be looked for.

use super::rule::{IssuerFile, KindRule, Place, RuleError, Structure};
use crate::model::{Severity, Str};
use regex::bytes::{Regex, RegexBuilder};
use std::sync::{Arc, OnceLock};

/// A kind of credential that the detector knows.
#[derive(Debug)]
pub struct Kind {
    pub(super) rule: KindRule,
    pub(super) id: Str,
    pub(super) title: Str,
    pub(super) issuer: Str,
    pub(super) revocation: Option<Str>,
    pub(super) pattern: Option<Pattern>,
    pub(super) companion: Option<Pattern>,
    /// What the issuer is called: distinctive names, and everyday words.
    pub(super) names: Arc<[String]>,
    pub(super) words: Arc<[String]>,
    /// Which of two kinds that claim the same bytes gets them: the higher, the more specific.
    pub(super) rank: u8,
    docs: String,
}

impl Kind {
    /// The kind's id: `aws-access-key`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What to call it in a sentence.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Who issues it; `unknown` where anyone may.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The issuer's own page on it.
    pub fn docs(&self) -> &str {
        &self.docs
    }

    /// How bad a leak is, going by what such a credential usually may do.
    pub fn severity(&self) -> Severity {
        self.rule.severity.into()
    }

    /// Where to revoke it: a page or a command.
    pub fn revocation(&self) -> Option<&str> {
        self.revocation.as_deref()
    }
}

/// A pattern that is compiled when it is first needed: most never are.
#[derive(Debug)]
pub(super) struct Pattern {
    source: String,
    cell: OnceLock<Option<Regex>>,
}

impl Pattern {
    const fn new(source: String) -> Self {
        Self {
            source,
            cell: OnceLock::new(),
        }
    }

    fn compile(&self) -> Result<Regex, regex::Error> {
        // Bytes, not characters: documents come in every encoding, and tokens are ASCII.
        RegexBuilder::new(&self.source)
            .unicode(false)
            .size_limit(4 << 20)
            .build()
    }

    /// The compiled pattern. `None` only for one of the built-in patterns that does not compile, which a
    /// test forbids; users' patterns are compiled when they are read.
    pub(super) fn regex(&self) -> Option<&Regex> {
        self.cell.get_or_init(|| self.compile().ok()).as_ref()
    }
}

/// The kinds of one file. With `strict` every pattern is compiled now, so that a bad one is refused.
pub(super) fn kinds(
    place: &Place<'_>,
    file: IssuerFile,
    strict: bool,
) -> Result<Vec<Kind>, RuleError> {
    let issuer: Str = file.issuer.into();
    let docs = file.docs;
    let (names, words): (Arc<[String]>, Arc<[String]>) = (file.names.into(), file.words.into());
    file.kinds
        .into_iter()
        .map(|mut rule| {
            let pattern = rule.pattern.take().map(|source| {
                Pattern::new(if rule.assignment.is_some() {
                    format!(r"\A(?:{source})\z")
                } else if rule.before > 0 {
                    source
                } else {
                    format!(r"\A(?:{source})")
                })
            });
            let companion = rule
                .companion
                .as_ref()
                .map(|companion| Pattern::new(companion.pattern.clone()));
            let kind = Kind {
                id: rule.id.as_str().into(),
                title: rule.title.as_str().into(),
                issuer: issuer.clone(),
                revocation: rule.revocation.take().map(Into::into),
                rank: rank(&rule),
                docs: rule.docs.take().unwrap_or_else(|| docs.clone()),
                pattern,
                companion,
                names: Arc::clone(&names),
                words: Arc::clone(&words),
                rule,
            };
            if strict {
                compile(place, &kind)?;
            }
            Ok(kind)
        })
        .collect()
}

fn compile(place: &Place<'_>, kind: &Kind) -> Result<(), RuleError> {
    let parts = [
        ("pattern", &kind.pattern),
        ("companion.pattern", &kind.companion),
    ];
    for (field, pattern) in parts {
        let Some(pattern) = pattern else { continue };
        let regex = pattern.compile().map_err(|error| {
            let problem = format!("is not a regular expression: {error}");
            let hint =
                "see https://docs.rs/regex for the syntax (no look-around, no back-references)";
            place.error(Some(&kind.id), field, problem, hint)
        })?;
        // The id of a pair, and the fields of a file, are enough to go by.
        let elsewhere = field == "pattern"
            && (kind.companion.is_some() || kind.rule.structure == Structure::GcpServiceAccount);
        let needed = if elsewhere { "id" } else { "secret" };
        if !regex.capture_names().flatten().any(|name| name == needed) {
            let problem = format!("has no group `{needed}`");
            let hint = format!("put (?P<{needed}>…) around that part");
            return Err(place.error(Some(&kind.id), field, problem, hint));
        }
        if regex.is_match(b"") {
            let hint = "require at least the part that tells the credential from other text";
            return Err(place.error(Some(&kind.id), field, "matches the empty text", hint));
        }
    }
    Ok(())
}

const fn rank(rule: &KindRule) -> u8 {
    match rule.structure {
        _ if rule.generic.is_some() => 0,
        _ if rule.assignment.is_some() => 1,
        Structure::Jwt | Structure::Pem | Structure::Password => 2,
        Structure::GcpServiceAccount => 4,
        _ => 3,
    }
}
