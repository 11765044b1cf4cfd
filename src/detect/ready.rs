//! The built-in rules as `build.rs` has read them: a start of the program parses no YAML.

use super::rule::{self, IssuerFile, RuleError};
use crate::platform::embedded::{DETECTION, DETECTORS, DETECTORS_READY};

/// The prepared form of a built-in file, found by its text: users may give theirs the same name.
pub(super) fn builtin(text: &str) -> Option<&'static str> {
    let at = DETECTORS.iter().position(|(_, known)| *known == text)?;
    DETECTORS_READY.get(at).copied()
}

/// As [`rule::parse`], from the prepared form where there is one. What cannot be read from it is read from
/// the text, so that the two can differ in speed alone.
pub(super) fn parse(name: &str, text: &str) -> Result<IssuerFile, RuleError> {
    match builtin(text).map(serde_json::from_str) {
        Some(Ok(file)) => Ok(file),
        Some(Err(_)) | None => rule::parse(name, text),
    }
}

/// A digest of everything that decides what is found in a text: the build knows that of what is built in.
pub(super) fn digest(files: &[(&str, &str)]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("tenure 2026 rules of the detector");
    hasher.update(env!("CARGO_PKG_VERSION").as_bytes());
    hasher.update(&DETECTION.to_le_bytes());
    for (name, text) in files {
        let known = builtin(text).is_some();
        hasher.update(&[u8::from(known)]);
        if known {
            hasher.update(name.as_bytes());
            continue;
        }
        for part in [name, text] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
    }
    *hasher.finalize().as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prepared_form_says_what_the_files_say() {
        assert_eq!(DETECTORS.len(), DETECTORS_READY.len());
        for (name, text) in DETECTORS {
            let mut written = rule::parse(name, text).unwrap();
            for kind in &mut written.kinds {
                kind.examples.positive.clear();
                kind.examples.negative.clear();
            }
            let ready: Result<IssuerFile, _> = serde_json::from_str(builtin(text).unwrap());
            let ready = ready.unwrap_or_else(|error| {
                panic!(
                    "{name}: {error}: a text that looks like a number or a truth value wants quotes"
                )
            });
            assert_eq!(format!("{ready:?}"), format!("{written:?}"), "{name}");
        }
    }
}
