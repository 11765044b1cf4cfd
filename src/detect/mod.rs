//! The secret detector.

/// All rules, compiled, and the prefilter over their literals.
#[derive(Debug)]
pub struct Detector;
