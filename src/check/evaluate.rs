//! Evaluation: every check on every subject of its kind, in parallel, with the same result in any order.

use super::accounts::Accounts;
use super::estate;
use super::parameter::Parameters;
use super::predicate::Scope;
use super::schema::{Basis, Subject, SubjectKind};
use super::set::{Check, CheckSet, Compiled};
use super::subject::account::OfAccount;
use super::subject::analyzer_finding::OfAnalyzerFinding;
use super::subject::container::{ContainerView, OfContainer};
use super::subject::credential::OfCredential;
use super::subject::declaration::OfDeclaration;
use super::subject::identity::OfIdentity;
use super::subject::job::OfJob;
use super::subject::permission_set::OfPermissionSet;
use super::subject::provider::OfProvider;
use super::subject::trust::OfTrust;
use super::subject::vendor::OfVendor;
use super::subject::waiver::{OfWaiver, WaiverView};
use super::subject::workload::OfWorkload;
use super::value::Value;
use super::waiver::{self, Waivers};
use crate::model::{
    Allow, Assessed, CheckSummary, Evidence, Finding, Fingerprinter, Origin, Outcome, Timestamp,
    Waiver,
};
use rayon::prelude::*;
use std::collections::BTreeSet;

/// Subjects that one task takes.
const CHUNK: usize = 256;

/// What the evaluation depends on beside the checks and the inventory.
#[derive(Clone, Copy, Debug)]
pub struct EvaluateOptions<'o> {
    /// The time of the scan.
    pub now: Timestamp,
    /// Accepted findings.
    pub waivers: &'o [Waiver],
    /// Settings of parameters, from [`CheckSet::bind`].
    pub parameters: &'o Parameters,
    /// Makes the findings' ids.
    pub fingerprinter: &'o Fingerprinter,
}

/// What the checks say.
#[derive(Clone, Debug, Default)]
pub struct Evaluation {
    /// The worst first, then by check and subject. Waived ones stay, with their waiver.
    pub findings: Vec<Finding>,
    /// How each check went, by id.
    pub summaries: Vec<CheckSummary>,
    /// Comments that accept findings of checks that there are not.
    pub unknown_allows: Vec<Allow>,
}

/// Evaluates every check on every subject.
pub fn evaluate(
    checks: &CheckSet,
    assessed: &Assessed,
    options: &EvaluateOptions<'_>,
) -> Evaluation {
    let mut evaluator = Evaluator::new(checks, options);
    let accounts = Accounts::new(&assessed.inventory);
    let identities = estate::identities(assessed, &accounts, options.now);
    let others = estate::others(assessed, &identities, &accounts, options.now);
    evaluator.run::<OfIdentity>(&identities);
    evaluator.run::<OfCredential>(&others.credentials);
    evaluator.run::<OfDeclaration>(&others.declarations);
    evaluator.run::<OfTrust>(&others.trusts);
    evaluator.run::<OfWorkload>(&others.workloads);
    evaluator.run::<OfJob>(&others.jobs);
    evaluator.run::<OfAccount>(&others.accounts);
    evaluator.run::<OfProvider>(&others.providers);
    evaluator.run::<OfPermissionSet>(&others.permission_sets);
    evaluator.run::<OfAnalyzerFinding>(&others.analyzer_findings);
    evaluator.run::<OfContainer>(&ContainerView::all(assessed, options.now));
    evaluator.run::<OfVendor>(&others.vendors);
    // Waivers come last: only now is it known which of them cover something.
    let (comments, unknown) = waiver::comments(checks, &assessed.inventory);
    let all: Vec<Waiver> = options.waivers.iter().cloned().chain(comments).collect();
    let matched =
        Waivers::new(checks, &all, options).cover(&mut evaluator.findings, checks, assessed);
    let waivers: Vec<WaiverView<'_>> = all
        .iter()
        .zip(matched)
        .map(|(waiver, matched)| WaiverView {
            waiver,
            matched,
            now: options.now,
        })
        .collect();
    evaluator.run::<OfWaiver>(&waivers);
    Evaluation {
        unknown_allows: unknown.into_iter().cloned().collect(),
        ..evaluator.finish()
    }
}

/// The outcome of a check for a subject.
pub(super) fn outcome(check: &Compiled, scope: &Scope<'_, '_>) -> Outcome {
    let applies = check
        .when
        .as_ref()
        .map_or(Some(true), |w| w.predicate.eval(scope));
    match applies {
        Some(false) => Outcome::NotApplicable,
        None => Outcome::NotEvaluable,
        Some(true) => match check.condition.predicate.eval(scope) {
            Some(true) => Outcome::Fail,
            Some(false) => Outcome::Pass,
            None => Outcome::NotEvaluable,
        },
    }
}

/// Subjects by outcome: fail, pass, not applicable, not evaluable.
type Counts = [u64; 4];

struct Evaluator<'e> {
    checks: Vec<(&'e Check, &'e [Value<'static>])>,
    counts: Vec<Counts>,
    findings: Vec<Finding>,
    options: &'e EvaluateOptions<'e>,
}

impl<'e> Evaluator<'e> {
    fn new(checks: &'e CheckSet, options: &'e EvaluateOptions<'e>) -> Self {
        let checks: Vec<_> = checks
            .iter()
            .map(|check| {
                let bound = options.parameters.0.get(&check.id);
                let parameters = bound.unwrap_or(&check.compiled.defaults);
                (check, parameters.as_slice())
            })
            .collect();
        Self {
            counts: vec![Counts::default(); checks.len()],
            findings: Vec::new(),
            checks,
            options,
        }
    }

    /// Evaluates the checks of one kind on its subjects.
    fn run<'v, S: Subject>(&mut self, subjects: &'v [S::View<'v>]) {
        let mine: Vec<usize> = self.of_kind(S::KIND);
        let used = self.attributes(&mine);
        let this = &*self;
        let parts: Vec<(Vec<Counts>, Vec<Finding>)> = subjects
            .par_chunks(CHUNK)
            .map(|chunk| this.chunk::<S>(chunk, &mine, &used))
            .collect();
        for (counts, findings) in parts {
            for (at, counts) in mine.iter().zip(counts) {
                if let Some(total) = self.counts.get_mut(*at) {
                    total.iter_mut().zip(counts).for_each(|(t, n)| *t += n);
                }
            }
            self.findings.extend(findings);
        }
    }

    fn of_kind(&self, kind: SubjectKind) -> Vec<usize> {
        let all = self.checks.iter().enumerate();
        all.filter(|(_, (check, _))| check.applies_to == kind)
            .map(|(at, _)| at)
            .collect()
    }

    /// The attributes that any of these checks reads; only they are put into rows.
    fn attributes(&self, checks: &[usize]) -> Vec<usize> {
        let mut used = BTreeSet::new();
        for (check, _) in checks.iter().filter_map(|at| self.checks.get(*at)) {
            let when = check.compiled.when.iter();
            for condition in when.chain([&check.compiled.condition]) {
                used.extend(&condition.attributes);
            }
        }
        used.into_iter().collect()
    }

    fn chunk<'v, S: Subject>(
        &self,
        subjects: &'v [S::View<'v>],
        mine: &[usize],
        used: &[usize],
    ) -> (Vec<Counts>, Vec<Finding>) {
        let mut counts = vec![Counts::default(); mine.len()];
        let mut findings = Vec::new();
        let table = S::table();
        let mut row = vec![Value::Unknown; table.len()];
        for subject in subjects {
            for at in used {
                if let (Some(slot), Some(column)) = (row.get_mut(*at), table.get(*at)) {
                    *slot = (column.read)(subject);
                    debug_assert!(slot.is(column.attribute.kind), "{}", column.attribute.name);
                }
            }
            for (at, counts) in mine.iter().zip(&mut counts) {
                let Some((check, parameters)) = self.checks.get(*at) else {
                    continue;
                };
                let scope = Scope {
                    row: &row,
                    parameters,
                    now: self.options.now,
                };
                let outcome = outcome(&check.compiled, &scope);
                let [fail, pass, not_applicable, not_evaluable] = counts;
                match outcome {
                    Outcome::Fail => {
                        *fail += 1;
                        findings.push(self.finding::<S>(check, parameters, subject));
                    }
                    Outcome::Pass => *pass += 1,
                    Outcome::NotApplicable => *not_applicable += 1,
                    Outcome::NotEvaluable => *not_evaluable += 1,
                }
            }
        }
        (counts, findings)
    }

    fn finding<'v, S: Subject>(
        &self,
        check: &Check,
        parameters: &[Value<'static>],
        subject: &'v S::View<'v>,
    ) -> Finding {
        let id = S::id(subject);
        let attribute = |at: usize| {
            let column = S::table().get(at);
            column.map_or(Value::Unknown, |c| (c.read)(subject))
        };
        let bases = &check.compiled.bases;
        let confidence = bases
            .iter()
            .map(|basis| S::confidence(subject, *basis))
            .min();
        Finding {
            fingerprint: self.options.fingerprinter.bytes(&[
                check.id.as_bytes(),
                id.kind().as_bytes(),
                id.id().as_bytes(),
            ]),
            check: check.id.clone(),
            title: check.title.clone(),
            severity: check.severity,
            confidence: confidence.map_or(check.confidence, |c| c.min(check.confidence)),
            subject_name: S::name(subject),
            subject: id,
            message: check.compiled.message.render(&attribute, parameters).into(),
            evidence: evidence::<S>(subject, bases),
            remediation: check.remediation.clone(),
            controls: check.controls.clone(),
            waiver: None,
        }
    }

    fn finish(self) -> Evaluation {
        let mut findings = self.findings;
        findings.par_sort_by(|a, b| {
            let order = b.severity.cmp(&a.severity);
            let order = order.then_with(|| a.check.cmp(&b.check));
            order.then_with(|| a.subject.cmp(&b.subject))
        });
        let summaries = self.checks.iter().zip(self.counts);
        Evaluation {
            unknown_allows: Vec::new(),
            findings,
            summaries: summaries
                .map(
                    |((check, _), [fail, pass, not_applicable, not_evaluable])| CheckSummary {
                        id: check.id.clone(),
                        title: check.title.clone(),
                        description: check.description.clone(),
                        severity: check.severity,
                        remediation: check.remediation.clone(),
                        controls: check.controls.clone(),
                        fail,
                        pass,
                        not_applicable,
                        not_evaluable,
                    },
                )
                .collect(),
        }
    }
}

/// Where the condition was read, the primary place first, then the subject's own record. Never empty.
fn evidence<'v, S: Subject>(subject: &'v S::View<'v>, bases: &[Basis]) -> Vec<Evidence> {
    let mut places: Vec<&Evidence> = Vec::new();
    // What the subject's record says is seldom what is wrong when something else is named as well.
    let telling = bases.iter().filter(|b| **b != Basis::Record);
    let mut seen = BTreeSet::new();
    for basis in telling.chain([&Basis::Record]) {
        for place in S::evidence(subject, *basis) {
            if seen.insert(place) {
                places.push(place);
            }
        }
    }
    if places.is_empty() {
        // Every fact carries its place; should one not, the finding still says that it has none.
        return vec![Evidence {
            origin: Origin::file("(unknown)"),
            line: None,
            column: None,
            pointer: None,
            reader: "check",
        }];
    }
    places.into_iter().cloned().collect()
}
