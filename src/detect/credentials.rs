//! From candidates to the facts that leave the detector: overlaps resolved, one credential for each
//! distinct secret, values redacted.

use super::checksum;
use super::describe::armoured;
use super::kind::Kind;
use super::place::Place;
use super::rule::{Lifetime, Structure};
use super::search::Candidate;
use super::text::{Lines, string};
use super::{Detector, READER, judge};
use crate::model::{
    Confidence, Credential, CredentialId, CredentialLink, Document, Exposure, Moment, Problem,
    ProblemKind, Secret, Str,
};
use std::collections::BTreeMap;
use std::ops::Range;

/// More places of one secret in one document tell nothing new.
pub(super) const EXPOSURES: usize = 100;

/// The bytes that were given to a candidate: start to end, disjoint.
#[derive(Default)]
struct Claims(BTreeMap<usize, usize>);

impl Claims {
    fn free(&self, span: &Range<usize>) -> bool {
        let before = self.0.range(..span.end).next_back();
        before.is_none_or(|(_, end)| *end <= span.start)
    }

    fn claim(&mut self, span: &Range<usize>) {
        self.0.insert(span.start, span.end);
    }
}

impl Detector {
    /// Turns candidates into credentials, in the order of their ids.
    pub(super) fn credentials(
        &self,
        document: &Document<'_>,
        text: &[u8],
        place: &Place,
        candidates: Vec<Candidate>,
        limited: &[usize],
    ) -> (Vec<Credential>, Vec<Problem>) {
        let mut problems: Vec<Problem> = limited
            .iter()
            .filter_map(|index| self.kinds.get(*index))
            .map(|kind| {
                let message = format!(
                    "too many places look like a {}: not all were examined",
                    kind.title
                );
                problem(document, ProblemKind::Limited, message)
            })
            .collect();
        let mut lines = Lines::new(text);
        let mut credentials: BTreeMap<CredentialId, Credential> = BTreeMap::new();
        for candidate in self.resolve(candidates) {
            let Some(kind) = self.kinds.get(candidate.kind) else {
                continue;
            };
            let Some(credential) =
                self.credential(document, text, place, kind, candidate, &mut lines)
            else {
                continue;
            };
            let Some(known) = credentials.get_mut(&credential.id) else {
                credentials.insert(credential.id.clone(), credential);
                continue;
            };
            if known.exposures.len() < EXPOSURES {
                known.merge(credential);
                continue;
            }
            let message = format!(
                "more than {EXPOSURES} places hold {}: the first are listed",
                known.id
            );
            let note = problem(document, ProblemKind::Note, message);
            if !problems.contains(&note) {
                problems.push(note);
            }
        }
        (credentials.into_values().collect(), problems)
    }

    /// Where two candidates claim the same bytes the more specific kind gets them, then the longer match.
    /// What is left is in the order of the text.
    fn resolve(&self, mut candidates: Vec<Candidate>) -> Vec<Candidate> {
        let kind = |candidate: &Candidate| self.kinds.get(candidate.kind);
        candidates.sort_by_cached_key(|candidate| {
            let span = main(candidate);
            let rank = kind(candidate).map_or(0, |kind| kind.rank);
            let id = kind(candidate).map(|kind| kind.id.clone());
            (u8::MAX - rank, usize::MAX - span.len(), span.start, id)
        });
        let mut claims = Claims::default();
        candidates.retain_mut(|candidate| {
            let main = main(candidate);
            if !claims.free(&main) {
                return false;
            }
            claims.claim(&main);
            let second = candidate.found.secret.clone().filter(|span| *span != main);
            if let Some(second) = second {
                if claims.free(&second) {
                    claims.claim(&second);
                } else {
                    // The secret between two key ids belongs to one of them.
                    candidate.found.secret = None;
                    let reason = "the secret near the key id belongs to another one";
                    candidate.weight.at_most(Confidence::Medium, reason);
                }
            }
            true
        });
        candidates.sort_by_key(|candidate| main(candidate).start);
        candidates
    }

    fn credential(
        &self,
        document: &Document<'_>,
        text: &[u8],
        place: &Place,
        kind: &Kind,
        candidate: Candidate,
        lines: &mut Lines<'_>,
    ) -> Option<Credential> {
        let (line, column) = lines.locate(main(&candidate).start);
        let Candidate {
            found,
            decoded,
            weight,
            ..
        } = candidate;
        let bytes = found.secret.clone().and_then(|span| text.get(span));
        let genuine = bytes.and_then(|bytes| checksum::verify(kind.rule.checksum, bytes));
        let secret = bytes.map(|bytes| match (&decoded.canonical, kind.rule.structure) {
            (Some(canonical), _) => Secret::new(canonical),
            (None, Structure::Pem | Structure::GcpServiceAccount) => Secret::new(&armoured(bytes)),
            _ => Secret::new(bytes),
        });
        let fingerprint = secret
            .as_ref()
            .map(|secret| self.fingerprinter.secret(secret));
        let public = found.id.map(|span| string(text, span).into_owned());
        let id = match (&public, fingerprint) {
            (Some(id), _) if kind.rule.structure == Structure::AwsKeyId => {
                format!("aws:access-key:{id}")
            }
            (_, Some(fingerprint)) => format!("secret:{fingerprint}"),
            _ => return None,
        };
        let armour = matches!(
            kind.rule.structure,
            Structure::Pem
                | Structure::GcpServiceAccount
                | Structure::KubeconfigKey
                | Structure::Putty
        );
        let display = public.or_else(|| {
            let secret = secret.as_ref()?;
            // Four characters of a word are a hint, four of a random text are none.
            let formatted = kind.rule.generic.is_none()
                && !matches!(kind.rule.structure, Structure::Password | Structure::Given);
            let tail = formatted && judge::entropy(secret.expose()) >= 3.0;
            // Of a key in armour nothing tells more than its title.
            (!armour && kind.rule.file.is_none()).then(|| match self.reveal {
                Some(more) => secret.revealed(kind.rule.prefix_len, if tail { more } else { 0 }),
                None => secret.redacted(kind.rule.prefix_len, tail),
            })
        });
        let mut evidence = document.at_line(READER, line);
        evidence.column = Some(column);
        let mut credential = Credential::new(
            CredentialId::from(id),
            kind.id.clone(),
            kind.issuer.clone(),
            kind.title.clone(),
        );
        let account = found.account.map(|span| string(text, span).into_owned());
        credential.account = decoded.account.clone().or(account).map(Str::from);
        credential.created = decoded.created;
        credential.expires = match (decoded.expires, kind.rule.expires) {
            (Moment::Unknown, Lifetime::Never) => Moment::Never,
            (decoded, _) => decoded,
        };
        if let Some((identity, basis)) = decoded.holder.clone() {
            credential.links.insert(CredentialLink {
                identity,
                basis: basis.into(),
                evidence: evidence.clone(),
            });
        }
        decoded.tell(kind, genuine, &mut credential);
        credential.display = display.map(Str::from);
        credential.fingerprint = fingerprint;
        credential.revocation = kind.revocation.clone();
        credential.exposures.insert(Exposure::in_tree(
            evidence,
            weight.confidence,
            weight.reasons.into_iter().map(Str::from).collect(),
            place.environment.map(Str::from),
        ));
        Some(credential)
    }
}

/// The part that stands for the candidate: a pair's id, else the secret.
pub(super) fn main(candidate: &Candidate) -> Range<usize> {
    let found = &candidate.found;
    let part = match (&found.id, &found.secret) {
        // An id inside the secret is part of it.
        (Some(id), Some(secret)) if secret.start <= id.start && id.end <= secret.end => {
            Some(secret)
        }
        (id, secret) => id.as_ref().or(secret.as_ref()),
    };
    part.cloned().unwrap_or(found.at..found.at)
}

fn problem(document: &Document<'_>, kind: ProblemKind, message: String) -> Problem {
    Problem {
        path: document.origin.path.clone(),
        line: None,
        column: None,
        kind,
        reader: READER,
        message: message.into(),
    }
}
