//! Waivers: which findings they cover. A covered finding stays in the list and says by what.

use super::evaluate::EvaluateOptions;
use super::set::CheckSet;
use super::subject::waiver::expired;
use crate::model::{Finding, Str, Waiver};
use crate::platform::glob;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The waivers, each with the checks it speaks of.
pub(super) struct Waivers<'w> {
    waivers: Vec<(&'w Waiver, BTreeSet<Str>, bool)>,
}

impl<'w> Waivers<'w> {
    pub(super) fn new(checks: &CheckSet, options: &EvaluateOptions<'w>) -> Self {
        let waivers = options.waivers.iter().map(|waiver| {
            // A waiver that names a check by an earlier id still holds.
            let speaks = |id: &Str| glob::matches(&waiver.check, id);
            let checks = checks
                .iter()
                .filter(|c| speaks(&c.id) || c.aliases.iter().any(speaks))
                .map(|c| c.id.clone())
                .collect();
            (waiver, checks, expired(waiver, options.now))
        });
        Self {
            waivers: waivers.collect(),
        }
    }

    /// Gives each finding the waiver that covers it: of several, the one that lasts longest. Returns how many findings
    /// each waiver matches, whether it is still in force or not.
    pub(super) fn cover(&self, findings: &mut [Finding]) -> Vec<usize> {
        let counts: Vec<AtomicUsize> = self.waivers.iter().map(|_| AtomicUsize::new(0)).collect();
        if self.waivers.is_empty() {
            return Vec::new();
        }
        findings.par_iter_mut().for_each(|finding| {
            let mut best: Option<&Waiver> = None;
            for ((waiver, checks, expired), count) in self.waivers.iter().zip(&counts) {
                if !checks.contains(&finding.check)
                    || !glob::matches(&waiver.subject, finding.subject.id())
                {
                    continue;
                }
                count.fetch_add(1, Ordering::Relaxed);
                if !expired && best.is_none_or(|b| b.expires < waiver.expires) {
                    best = Some(waiver);
                }
            }
            finding.waiver = best.cloned();
        });
        counts.into_iter().map(AtomicUsize::into_inner).collect()
    }
}
