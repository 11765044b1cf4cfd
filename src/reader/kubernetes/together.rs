//! What manifests state together: charts with their values, overlays with their bases, and the rest as it stands.

use super::{helm, kustomize, read_alone};
use crate::model::{Document, Facts, Problem};
use rayon::prelude::*;

/// Manifests larger than this are dumps, and read where they are met.
const LARGEST: usize = 1 << 20;

/// Whether a document may be a part of a chart or of an overlay.
pub(super) fn concerns(document: &Document<'_>) -> bool {
    document.bytes.len() <= LARGEST
        && (!super::tree::looks_like_json(document.bytes) || document.bytes.starts_with(b"{{"))
}

/// Reads all that were kept. A file of a chart is no manifest of its own; nor is one that an overlay takes in.
pub(super) fn read(documents: &[Document<'_>]) -> (Facts, Vec<Problem>) {
    let (charts, rest) = helm::charts(documents);
    let (overlays, rest) = kustomize::overlays(rest);
    let charts = charts.par_iter().map(helm::read);
    let overlays = overlays.par_iter().map(kustomize::read);
    let plain = rest.par_iter().map(|document| read_alone(document));
    let mut facts = Facts::default();
    let mut problems = Vec::new();
    let parts: Vec<_> = charts.chain(overlays).chain(plain).collect();
    for (part, trouble) in parts {
        facts.append(part);
        problems.extend(trouble);
    }
    (facts, problems)
}
