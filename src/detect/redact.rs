//! The last gate: text that was read as a name can be a secret all the same.

use super::Detector;
use super::place::Place;
use crate::model::Secret;
use std::ops::Range;

impl Detector {
    /// Whether a secret of a known format stands in a text. Names and words tell nothing here; only what
    /// looks like an issuer's token counts.
    pub fn holds_secret(&self, text: &[u8]) -> bool {
        !self.secrets(text).is_empty()
    }

    /// The text with every secret of a known format replaced by a mark that is the same for the same
    /// secret; `None` when there is none.
    pub fn redact(&self, text: &str) -> Option<String> {
        let secrets = self.secrets(text.as_bytes());
        if secrets.is_empty() {
            return None;
        }
        let mut redacted = String::with_capacity(text.len());
        let mut done = 0;
        for span in secrets {
            let (Some(before), Some(value)) =
                (text.get(done..span.start.max(done)), text.get(span.clone()))
            else {
                // A match that is not whole characters: nothing of the text is safe to keep.
                return Some("[redacted]".to_owned());
            };
            let fingerprint = self
                .fingerprinter
                .secret(&Secret::new(value.as_bytes()))
                .to_string();
            let short: String = fingerprint.chars().take(8).collect();
            redacted.push_str(before);
            redacted.push_str(&format!("[redacted {short}]"));
            done = done.max(span.end);
        }
        redacted.push_str(text.get(done..).unwrap_or_default());
        Some(redacted)
    }

    /// Where secrets of known formats stand, in order and without overlap.
    fn secrets(&self, text: &[u8]) -> Vec<Range<usize>> {
        let candidates = self.find(text, "", &Place::of("")).candidates;
        let mut spans: Vec<Range<usize>> = candidates
            .into_iter()
            .filter(|candidate| {
                self.kinds.get(candidate.kind).is_some_and(|kind| {
                    kind.rule.generic.is_none() && kind.rule.assignment.is_none()
                })
            })
            .filter_map(|candidate| candidate.found.secret)
            .collect();
        spans.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
        let mut end = 0;
        spans.retain(|span| {
            let apart = span.start >= end;
            end = end.max(span.end);
            apart
        });
        spans
    }
}
