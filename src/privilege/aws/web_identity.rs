//! Conditions of trusts, asked of a token: for whoever judges who gets in by one, on any platform.

use super::condition::{Condition, Verdict};
use crate::model::Trust;
use std::collections::BTreeSet;

/// Whether a trust's condition holds for a bearer of whom this much is known: lower-case keys with their values;
/// an empty one for a key that is known to be absent. The keys it depends on, or `None` where it does not hold.
pub(in crate::privilege) fn asked(
    trust: &Trust,
    known: &[(&str, &str)],
) -> Option<BTreeSet<String>> {
    let Some(condition) = trust.condition.as_deref() else {
        return Some(BTreeSet::new());
    };
    match Condition::new(condition).judge(known) {
        Verdict::Holds => Some(BTreeSet::new()),
        Verdict::Fails => None,
        Verdict::Depends(keys) => Some(keys),
    }
}
