//! The detector: every rule's own examples, and what must hold whatever the rules are.

use tenure::detect::Detector;
use tenure::model::Fingerprinter;
use tenure::platform::embedded::DETECTORS;

#[test]
fn every_rule_passes_its_own_examples() {
    let detector = Detector::new(DETECTORS, Fingerprinter::new(None)).unwrap();
    let failures = detector.check_examples();
    for failure in &failures {
        eprintln!("{failure:?}");
    }
    assert!(failures.is_empty());
}
