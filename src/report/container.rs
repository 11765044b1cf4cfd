//! The terminal text for one container: what it is, whose, and when the need for it is to be reviewed.

use super::Style;
use super::details::{findings, heading, places, review, whose};
use super::paint::{BOLD, PLAIN, Pen};
use super::text::{clean, count};
use crate::snapshot::{Change, Container, Finding, Snapshot};
use serde::Serialize;
use std::io;

/// A container with what belongs to it.
#[derive(Clone, Debug, Serialize)]
pub struct ContainerView<'a> {
    /// The time of the scan.
    pub scanned_at: &'a str,
    /// The container.
    pub container: &'a Container,
    /// Ids of the identities that take their owner from it.
    pub inherited_by: Vec<&'a str>,
    /// Its findings, the worst first.
    pub findings: Vec<&'a Finding>,
    /// What changed about it since the baseline.
    pub changes: Vec<&'a Change>,
}

/// The ids of the identities that say of an owner that this container names it: their claim by the method
/// `container` stands where one of its own claims stands.
pub(super) fn inherited_by<'a>(snapshot: &'a Snapshot, container: &Container) -> Vec<&'a str> {
    let own = &container.ownership.claims;
    let inherits = |i: &&crate::snapshot::Identity| {
        i.ownership
            .claims
            .iter()
            .filter(|c| c.method == "container")
            .any(|c| own.iter().any(|o| o.evidence == c.evidence))
    };
    let identities = snapshot.identities.iter().filter(inherits);
    identities.map(|i| &*i.id).collect()
}

/// Writes it for a person.
pub(super) fn write(
    view: &ContainerView<'_>,
    out: &mut dyn io::Write,
    style: &Style,
) -> io::Result<()> {
    let pen = &mut Pen::new(out, style);
    let c = view.container;
    let name = pen.paint(BOLD, &clean(&c.name));
    pen.line(&name)?;
    pen.field("id", PLAIN, &clean(&c.id))?;
    pen.field("kind", PLAIN, &clean(&c.kind))?;
    if let Some(parent) = &c.parent {
        pen.field("in", PLAIN, &clean(parent))?;
    }
    places(&c.evidence, pen)?;
    heading("WHOSE IS IT", pen)?;
    whose(&c.ownership, pen)?;
    if !view.inherited_by.is_empty() {
        let identities = count(view.inherited_by.len(), "identity", "identities");
        pen.field("passes on", PLAIN, &format!("to {identities}"))?;
    }
    if let Some(found) = &c.review {
        heading("WHEN DOES IT END", pen)?;
        review(found, pen)?;
    }
    findings(&view.findings, pen)
}
