//! Placeholder.
use super::Reader;
use crate::model::{Document, Facts, Probe, Problem};
/// Reads.
pub struct CircleCi;
impl Reader for CircleCi {
    fn name(&self) -> &'static str { "circleci" }
    fn accepts(&self, _: &Probe<'_>) -> bool { false }
    fn read(&self, _: &Document<'_>) -> (Facts, Vec<Problem>) { (Facts::default(), Vec::new()) }
}
