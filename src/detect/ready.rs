//! The built-in rules as `build.rs` has read them: a start of the program parses no YAML.

use super::rule::{self, IssuerFile, RuleError};
use crate::platform::embedded::{DETECTION, DETECTORS, DETECTORS_READY};

/// A rule file, as it is given.
pub(super) struct Source<'a> {
    pub(super) name: &'a str,
    pub(super) text: &'a str,
    /// What `build.rs` has made of it, to be read instead.
    prepared: Option<&'static str>,
    /// Whether it is one of the program's own.
    pub(super) builtin: bool,
}

impl<'a> Source<'a> {
    /// A file that is read as it is written.
    pub(super) fn text(&(name, text): &(&'a str, &'a str)) -> Self {
        Self {
            name,
            text,
            prepared: None,
            // By its text: users may give theirs the same name.
            builtin: DETECTORS.iter().any(|(_, known)| *known == text),
        }
    }

    /// The program's own files, in the form that is read fastest.
    pub(super) fn all_builtin() -> impl Iterator<Item = Source<'static>> {
        DETECTORS
            .iter()
            .zip(DETECTORS_READY)
            .map(|((name, text), prepared)| Source {
                name,
                text,
                prepared: Some(prepared),
                builtin: true,
            })
    }

    /// Reads it. What cannot be read from the prepared form is read from the text, so that the two can
    /// differ in speed alone.
    pub(super) fn parse(&self) -> Result<IssuerFile, RuleError> {
        match self.prepared.map(serde_json::from_str) {
            Some(Ok(file)) => Ok(file),
            Some(Err(_)) | None => rule::parse(self.name, self.text),
        }
    }
}

/// A digest of everything that decides what is found in a text: the build knows that of what is built in.
pub(super) fn digest(sources: &[Source<'_>]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("tenure 2026 rules of the detector");
    hasher.update(env!("CARGO_PKG_VERSION").as_bytes());
    hasher.update(&DETECTION.to_le_bytes());
    for source in sources {
        hasher.update(&[u8::from(source.builtin)]);
        if source.builtin {
            hasher.update(source.name.as_bytes());
            continue;
        }
        for part in [source.name, source.text] {
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
        for source in Source::all_builtin() {
            let name = source.name;
            let mut written = rule::parse(name, source.text).unwrap();
            for kind in &mut written.kinds {
                kind.examples.positive.clear();
                kind.examples.negative.clear();
            }
            let ready: Result<IssuerFile, _> = serde_json::from_str(source.prepared.unwrap());
            let ready = ready.unwrap_or_else(|error| {
                panic!(
                    "{name}: {error}: a text that looks like a number or a truth value wants quotes"
                )
            });
            assert_eq!(format!("{ready:?}"), format!("{written:?}"), "{name}");
        }
    }
}
