//! Placeholder.
use super::Reader;
use crate::model::{Document, Facts, Probe, Problem};
/// Reads.
pub struct Jenkinsfile;
impl Reader for Jenkinsfile {
    fn name(&self) -> &'static str { "jenkinsfile" }
    fn accepts(&self, _: &Probe<'_>) -> bool { false }
    fn read(&self, _: &Document<'_>) -> (Facts, Vec<Problem>) { (Facts::default(), Vec::new()) }
}
