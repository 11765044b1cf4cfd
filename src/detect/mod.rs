//! The secret detector.

/// All rules, compiled, and the prefilter over their literals.
#[derive(Debug)]
pub struct Detector;
/// e
#[derive(Debug)]
pub struct RuleError;
impl std::fmt::Display for RuleError { fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { Ok(()) } }
impl Detector {
    /// s
    pub fn new(_: &[(&str, &str)], _: crate::model::Fingerprinter) -> Result<Self, RuleError> { Ok(Self) }
}
