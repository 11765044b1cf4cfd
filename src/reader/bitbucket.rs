//! Placeholder.
use super::Reader;
use crate::model::{Document, Facts, Probe, Problem};
/// Reads.
pub struct Bitbucket;
impl Reader for Bitbucket {
    fn name(&self) -> &'static str { "bitbucket" }
    fn accepts(&self, _: &Probe<'_>) -> bool { false }
    fn read(&self, _: &Document<'_>) -> (Facts, Vec<Problem>) { (Facts::default(), Vec::new()) }
}
