//! Helm charts, read without Helm.

use crate::model::{Document, Facts, Problem};

/// The files of one chart: `Chart.yaml`, values, templates, helpers; without those of charts inside it.
pub(super) struct Chart<'d> {
    files: Vec<&'d Document<'d>>,
}

/// Takes the files of charts out of the documents.
pub(super) fn charts<'d>(documents: &'d [Document<'d>]) -> (Vec<Chart<'d>>, Vec<&'d Document<'d>>) {
    (Vec::new(), documents.iter().collect())
}

/// What a chart states with its default values.
pub(super) fn read(chart: &Chart<'_>) -> (Facts, Vec<Problem>) {
    let _ = &chart.files;
    (Facts::default(), Vec::new())
}
