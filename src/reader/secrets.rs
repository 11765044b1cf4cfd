//! The secret detector as a reader: it claims every text, and the binary stores that it knows.

use super::Reader;
use crate::detect::{Detector, READER};
use crate::model::{Document, Facts, Probe, Problem};
use std::sync::Arc;

/// Reads credentials out of any text.
pub struct Secrets(Arc<Detector>);

impl Secrets {
    /// With these rules.
    pub fn new(detector: Arc<Detector>) -> Self {
        Self(detector)
    }
}

impl Reader for Secrets {
    fn name(&self) -> &'static str {
        READER
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        !probe.binary || Detector::knows_store(probe.head)
    }

    fn unlimited(&self) -> bool {
        false
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let (credentials, problems) = self.0.scan(document);
        let facts = Facts {
            credentials,
            ..Facts::default()
        };
        (facts, problems)
    }
}
