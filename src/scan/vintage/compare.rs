//! The second reading, and the comparison of what there is with what there was.

use super::plan::{Plan, plan};
use crate::detect::Detector;
use crate::model::{Assessed, Coverage, Inventory, Timestamp};
use crate::ownership::{self, OwnershipOptions};
use crate::reader::Family;
use crate::scan::intake::{self, Intake, Part, joined};
use crate::scan::{Input, Observer, ScanError, gate};
use crate::snapshot::{Baseline, Snapshot};
use crate::source::tree::TreeOptions;
use crate::{drift, link, privilege};
use std::collections::BTreeMap;

/// What exports of AWS say of two times.
pub(in crate::scan) struct Older {
    now: Inventory,
    before: Inventory,
    plan: Plan,
}

/// What there was, with everything that is not dated.
pub(in crate::scan) struct Before {
    inventory: Inventory,
    plan: Plan,
}

/// What there was, judged.
pub(in crate::scan) struct Judged {
    snapshot: Snapshot,
    now: BTreeMap<String, u64>,
}

/// Nobody watches the second reading: it counts nothing twice.
struct Unwatched;

impl Observer for Unwatched {
    fn file(&self, _: u64) {}

    fn stage(&self, _: &'static str) {}
}

/// Puts what exports of AWS say where it belongs: to the rest when no account has two snapshots, and else apart.
///
/// # Errors
/// As the first reading.
pub(in crate::scan) fn apart(
    read: &mut Part,
    inputs: &[Input],
    tree: &TreeOptions,
    intake: &Intake<'_>,
) -> Result<Option<Older>, ScanError> {
    let aws = std::mem::take(&mut read.aws);
    let (plan, problems) = plan(std::mem::take(&mut read.records));
    read.coverage.problems.extend(problems);
    let Some(plan) = plan else {
        read.inventory = joined(std::mem::take(&mut read.inventory), aws);
        return Ok(None);
    };
    drop(aws);
    let again = Intake {
        cache: None,
        allows: false,
        plan: Some(&plan),
        observer: &Unwatched,
        ..*intake
    };
    let again = intake::read_all(inputs, tree, &again)?;
    Ok(Some(Older {
        now: again.inventory,
        before: again.aws,
        plan,
    }))
}

impl Older {
    /// What there is alone.
    pub(in crate::scan) fn newest(self) -> Inventory {
        self.now
    }

    /// Adds what there is to what is known besides, and what there was to a copy of that.
    pub(in crate::scan) fn join(self, inventory: &mut Inventory) -> Before {
        let before = joined(inventory.clone(), self.before);
        *inventory = joined(std::mem::take(inventory), self.now);
        Before {
            inventory: before,
            plan: self.plan,
        }
    }
}

impl Before {
    /// Links and judges what there was, as of today: what only time has changed is no change of the account.
    pub(in crate::scan) fn assess(
        mut self,
        options: &OwnershipOptions,
        now: Timestamp,
        coverage: &Coverage,
        detector: &Detector,
    ) -> Judged {
        link::link(&mut self.inventory);
        let privilege = privilege::assess_at(&self.inventory, now);
        let resolved = ownership::resolve(&self.inventory, options);
        let mut assessed = Assessed {
            inventory: self.inventory,
            privilege,
            ownership: resolved.ownership,
            registered: resolved.registered,
            vendors: resolved.vendors,
            reviews: resolved.reviews,
            parties: resolved.parties,
            ..Assessed::default()
        };
        ownership::settle(&mut assessed, Some(now));
        let snapshot = Snapshot::new(assessed, coverage, &[], Vec::new(), self.plan.since);
        let mut snapshot = gate::without_secrets(snapshot, detector);
        replace(&mut snapshot.coverage.readers, self.plan.before);
        Judged {
            snapshot,
            now: self.plan.now,
        }
    }
}

impl Judged {
    /// Writes into the present snapshot what has changed. Findings get no status: what was not checked then is
    /// neither new nor old.
    pub(in crate::scan) fn compare(self, now: &mut Snapshot) {
        let readers = now.coverage.readers.clone();
        replace(&mut now.coverage.readers, self.now);
        let changes = drift::compare(&self.snapshot, now);
        now.coverage.readers = readers;
        now.baseline = Some(Baseline {
            scanned_at: self.snapshot.scanned_at,
            changes,
            gone: Vec::new(),
        });
    }
}

/// The documents of one side by reader: a source that only the other side has was not read here.
fn replace(readers: &mut BTreeMap<String, u64>, side: BTreeMap<String, u64>) {
    readers.retain(|name, _| Family::of(name) != Family::Aws);
    readers.extend(side);
}
