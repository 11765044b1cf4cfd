//! Certificates in files of their own. The private key that belongs to one may stand in the next file.

use super::Reader;
use crate::detect;
use crate::model::{Document, Facts, Probe, Problem};

/// Reads certificates in armour.
pub struct Certificates;

impl Reader for Certificates {
    fn name(&self) -> &'static str {
        "certificates"
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        !probe.binary && memchr::memmem::find(probe.head, b"-----BEGIN CERTIFICATE-----").is_some()
    }

    fn unlimited(&self) -> bool {
        false
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let facts = Facts {
            certificates: detect::certificates(document, self.name()),
            ..Facts::default()
        };
        // A certificate that cannot be read is nobody's loss here: it is public.
        (facts, Vec::new())
    }
}
