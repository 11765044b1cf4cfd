//! Placeholder.
use super::Reader;
use crate::model::{Document, Facts, Probe, Problem};
/// Reads.
pub struct GitlabCi;
impl Reader for GitlabCi {
    fn name(&self) -> &'static str { "gitlab-ci" }
    fn accepts(&self, _: &Probe<'_>) -> bool { false }
    fn read(&self, _: &Document<'_>) -> (Facts, Vec<Problem>) { (Facts::default(), Vec::new()) }
}
