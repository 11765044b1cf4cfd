//! Waivers: which findings they cover. A covered finding stays in the list and says by what.

use super::evaluate::EvaluateOptions;
use super::schema::Basis;
use super::set::CheckSet;
use super::subject::waiver::expired;
use crate::model::{
    Allow, Assessed, Evidence, Finding, Inventory, Origin, Str, SubjectId, Waiver, WaiverScope,
};
use crate::platform::glob;
use crate::platform::paths::PathPattern;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A waiver, with the checks it speaks of.
struct Entry<'w> {
    waiver: &'w Waiver,
    checks: BTreeSet<Str>,
    /// Whether all checks that it speaks of are part of the scan, so that "matches nothing" can be said.
    whole: bool,
    expired: bool,
    matched: AtomicUsize,
}

/// The waivers, by what they go by.
pub(super) struct Waivers<'w> {
    entries: Vec<Entry<'w>>,
    /// Those that go by the subject.
    anywhere: Vec<usize>,
    /// Those that go by the path.
    paths: Vec<(PathPattern, usize)>,
    /// Those that go by the line, by document and line.
    lines: BTreeMap<(&'w Origin, u32), Vec<usize>>,
}

impl<'w> Waivers<'w> {
    pub(super) fn new(
        checks: &CheckSet,
        waivers: &'w [Waiver],
        options: &EvaluateOptions<'_>,
    ) -> Self {
        let mut all = Self {
            entries: Vec::with_capacity(waivers.len()),
            anywhere: Vec::new(),
            paths: Vec::new(),
            lines: BTreeMap::new(),
        };
        for (at, waiver) in waivers.iter().enumerate() {
            match &waiver.scope {
                WaiverScope::Anywhere => all.anywhere.push(at),
                WaiverScope::Line(line) => {
                    let place = (&*waiver.evidence.origin, *line);
                    all.lines.entry(place).or_default().push(at);
                }
                // What is no pattern was refused where it was written.
                WaiverScope::Paths(pattern) => all
                    .paths
                    .extend(PathPattern::new(pattern).map(|pattern| (pattern, at))),
            }
            // A waiver that names a check by an earlier id still holds.
            let speaks = |id: &Str| glob::matches(&waiver.check, id);
            all.entries.push(Entry {
                waiver,
                checks: checks
                    .iter()
                    .filter(|c| speaks(&c.id) || c.aliases.iter().any(speaks))
                    .map(|c| c.id.clone())
                    .collect(),
                whole: !checks.aside().any(speaks),
                expired: expired(waiver, options.now),
                matched: AtomicUsize::new(0),
            });
        }
        all
    }

    /// Gives each finding the waiver that covers it: of several, the one that lasts longest. Returns how many findings
    /// each waiver matches, whether it is still in force or not; nothing where that cannot be told.
    pub(super) fn cover(
        &self,
        findings: &mut [Finding],
        checks: &CheckSet,
        assessed: &Assessed,
    ) -> Vec<Option<usize>> {
        if !self.entries.is_empty() {
            let exposed: BTreeSet<&Str> = checks
                .iter()
                .filter(|check| check.compiled.bases.contains(&Basis::Exposure))
                .map(|check| &check.id)
                .collect();
            findings.par_iter_mut().for_each(|finding| {
                let by_exposure = exposed.contains(&finding.check);
                finding.waiver = self.covering(finding, by_exposure, &assessed.inventory);
            });
        }
        let counts = self.entries.iter();
        counts
            .map(|entry| match entry.matched.load(Ordering::Relaxed) {
                0 if !entry.whole => None,
                matched => Some(matched),
            })
            .collect()
    }

    fn covering(
        &self,
        finding: &Finding,
        by_exposure: bool,
        inventory: &Inventory,
    ) -> Option<Waiver> {
        let mut matching: Vec<usize> = Vec::new();
        let mut best: Option<&Waiver> = None;
        for at in &self.anywhere {
            let Some(entry) = self.speaking(*at, finding) else {
                continue;
            };
            if glob::matches(&entry.waiver.subject, finding.subject.id()) {
                matching.push(*at);
                if !entry.expired {
                    best = longest(best, entry.waiver);
                }
            }
        }
        // One secret in two files is waived by place only when both places are accepted.
        let mut by_place = None;
        let mut accepted: BTreeSet<&Origin> = BTreeSet::new();
        let mut open: Vec<&Evidence> = Vec::new();
        for place in places(finding, by_exposure, inventory) {
            let mut here = None;
            for at in self.at(place) {
                if let Some(entry) = self.speaking(at, finding) {
                    matching.push(at);
                    if !entry.expired {
                        here = longest(here, entry.waiver);
                    }
                }
            }
            match here {
                Some(_) => accepted.insert(&place.origin),
                None => {
                    open.push(place);
                    false
                }
            };
            by_place = by_place.or(here);
        }
        // An earlier version of a file cannot be given a comment: that of the file as it is speaks for it.
        open.retain(|place| !(earlier(place) && accepted.contains(&*place.origin)));
        if let (true, Some(waiver)) = (open.is_empty(), by_place) {
            best = longest(best, waiver);
        }
        matching.sort_unstable();
        matching.dedup();
        for entry in matching.iter().filter_map(|at| self.entries.get(*at)) {
            entry.matched.fetch_add(1, Ordering::Relaxed);
        }
        best.cloned()
    }

    fn speaking(&self, at: usize, finding: &Finding) -> Option<&Entry<'w>> {
        let entry = self.entries.get(at)?;
        entry.checks.contains(&finding.check).then_some(entry)
    }

    /// The waivers that speak of a place.
    fn at(&self, place: &Evidence) -> Vec<usize> {
        let origin = &*place.origin;
        let by_line = place
            .line
            .and_then(|line| self.lines.get(&(origin, line)))
            .into_iter()
            .flatten()
            .copied();
        let by_path = self
            .paths
            .iter()
            .filter(|(pattern, _)| lies_in(pattern, origin))
            .map(|(_, at)| *at);
        by_line.chain(by_path).collect()
    }
}

/// Whether a document's path matches: from the root that the user named, or from its repository's root.
fn lies_in(pattern: &PathPattern, origin: &Origin) -> bool {
    pattern.matches(origin.below_root())
        || origin
            .below_repository()
            .is_some_and(|path| pattern.matches(path))
}

/// The places that a waiver must accept: every one where the credential stands in the open, where the finding is
/// about that; else the primary one.
fn places<'f>(
    finding: &'f Finding,
    by_exposure: bool,
    inventory: &'f Inventory,
) -> Vec<&'f Evidence> {
    if let (true, SubjectId::Credential(id)) = (by_exposure, &finding.subject)
        && let Some(credential) = inventory.credentials.get(id)
        && !credential.exposures.is_empty()
    {
        return credential.exposures.iter().map(|e| &e.evidence).collect();
    }
    finding.evidence.first().into_iter().collect()
}

/// Whether a place lies in the history of a file.
fn earlier(place: &Evidence) -> bool {
    place
        .pointer_text()
        .is_some_and(|pointer| pointer.starts_with("commit "))
}

fn longest<'w>(best: Option<&'w Waiver>, other: &'w Waiver) -> Option<&'w Waiver> {
    // Without an end it lasts longest of all.
    let lasts = |w: &Waiver| (w.expires.is_none(), w.expires);
    match best {
        Some(best) if lasts(best) >= lasts(other) => Some(best),
        _ => Some(other),
    }
}

/// The comments that accept findings, as waivers; and those that name no check there is.
pub(super) fn comments<'i>(
    checks: &CheckSet,
    inventory: &'i Inventory,
) -> (Vec<Waiver>, Vec<&'i Allow>) {
    let mut waivers = Vec::new();
    let mut unknown = Vec::new();
    let mut named: BTreeMap<String, usize> = BTreeMap::new();
    for allow in &inventory.allows {
        let speaks = |id: &Str| glob::matches(&allow.check, id);
        let known = checks
            .iter()
            .any(|c| speaks(&c.id) || c.aliases.iter().any(speaks));
        if !known && !checks.aside().any(speaks) {
            unknown.push(allow);
            continue;
        }
        // Without the line, so that the waiver stays the same one when lines move.
        let mut id = format!("{} {}", allow.check, allow.evidence.origin.path);
        let count = named.entry(id.clone()).or_default();
        *count += 1;
        if *count > 1 {
            id.push_str(&format!(" #{count}"));
        }
        waivers.push(Waiver {
            id: id.into(),
            check: allow.check.clone(),
            subject: "*".into(),
            scope: WaiverScope::Line(allow.line),
            owner: "".into(),
            approver: "".into(),
            reason: allow.reason.clone(),
            expires: None,
            evidence: allow.evidence.clone(),
        });
    }
    (waivers, unknown)
}
