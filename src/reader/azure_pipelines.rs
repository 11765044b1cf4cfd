//! Placeholder.
use super::Reader;
use crate::model::{Document, Facts, Probe, Problem};
/// Reads.
pub struct AzurePipelines;
impl Reader for AzurePipelines {
    fn name(&self) -> &'static str { "azure-pipelines" }
    fn accepts(&self, _: &Probe<'_>) -> bool { false }
    fn read(&self, _: &Document<'_>) -> (Facts, Vec<Problem>) { (Facts::default(), Vec::new()) }
}
