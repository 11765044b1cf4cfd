//! Namespaces, accounts and stacks, and what was said about reviews and vendors, in the wire form.

use super::{Evidence, Ownership, Word};
use crate::model::{self, Str};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A namespace, account, project or stack that a file declares or an export lists.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Container {
    /// `k8s:<cluster>/<namespace>`, `aws:<account>`, …
    pub id: Str,
    /// `namespace`, `account`, `project`, `stack`, …
    pub kind: Word,
    /// Its name.
    pub name: Str,
    /// The id of the container that it lies in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Str>,
    /// Whose it is.
    pub ownership: Ownership,
    /// When the need for it is to be reviewed, where anything was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<Review>,
    /// Where it was read.
    pub evidence: Vec<Evidence>,
}

/// When the need for something is to be reviewed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Review {
    /// `overdue`, `due` (the date is to come), `empty`, `ambiguous` or `malformed`.
    pub state: Word,
    /// The date, `YYYY-MM-DD`, where it can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// What states it.
    pub source: Str,
    /// Where.
    pub evidence: Evidence,
}

/// A vendor that holds an identity.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VendorTie {
    /// The vendor: its id in the register, or its name where no register has it.
    pub vendor: Str,
    /// Whether a register has it.
    pub registered: bool,
    /// How that is known.
    pub why: Str,
    /// Where.
    pub evidence: Evidence,
}

impl From<model::VendorTie> for VendorTie {
    fn from(tie: model::VendorTie) -> Self {
        Self {
            vendor: tie.vendor,
            registered: tie.registered,
            why: tie.why,
            evidence: (&tie.evidence).into(),
        }
    }
}

/// The wire form of a review as of `now`.
pub(super) fn review(review: &model::Review, now: model::Timestamp) -> Review {
    Review {
        state: review.state(now).into(),
        date: review.date.at().map(model::Timestamp::date),
        source: review.source.clone(),
        evidence: (&review.evidence).into(),
    }
}

/// Containers, one for each id, with whose they are.
pub(super) fn convert(
    containers: std::collections::BTreeSet<model::Container>,
    ownership: &mut BTreeMap<model::SubjectId, model::Ownership>,
    reviews: &mut BTreeMap<model::SubjectId, model::Review>,
    now: model::Timestamp,
) -> Vec<Container> {
    let mut all: BTreeMap<Str, Container> = BTreeMap::new();
    for container in containers {
        let subject = model::SubjectId::Container(container.id.clone());
        let known = all.entry(container.id).or_insert_with_key(|id| Container {
            id: id.clone(),
            kind: container.kind.as_str().into(),
            name: container.name,
            parent: None,
            ownership: ownership
                .remove(&subject)
                .map(Into::into)
                .unwrap_or_default(),
            review: reviews.remove(&subject).map(|r| review(&r, now)),
            evidence: Vec::new(),
        });
        known.parent = known.parent.take().or(container.parent);
        known.evidence.push((&container.evidence).into());
    }
    all.into_values().collect()
}
