//! What `adopt` takes from a sheet and shows of a registry does not come through the scan, nor through its gate.

use super::super::error::Error;
use super::super::inputs::Rules;
use crate::scan::Detector;
use std::borrow::Cow;
use std::io::IsTerminal;

/// Keeps secrets of known formats out of what is written and shown.
pub(super) struct Gate {
    detector: Detector,
}

impl Gate {
    pub(super) fn new() -> Result<Self, Error> {
        Ok(Self {
            detector: Rules::default().detector()?,
        })
    }

    /// Whether a secret stands in the text.
    pub(super) fn stops(&self, text: &str) -> bool {
        self.detector.holds_secret(text.as_bytes())
    }

    /// The text with what it stops redacted.
    pub(super) fn passed<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.detector.redact(text) {
            Some(redacted) => Cow::Owned(redacted),
            None => Cow::Borrowed(text),
        }
    }

    /// A diff as it may be shown: the registry's own lines stand around what changes, comments included. Lines
    /// that nothing is wrong with stay as they are, so that the diff can be applied.
    pub(super) fn shown(&self, diff: &str) -> String {
        shown(&self.passed(diff), std::io::stdout().is_terminal())
    }
}

/// Escapes never go out; what only fools the eye may go to a file, where it belongs to a name or a sign.
fn shown(diff: &str, terminal: bool) -> String {
    let wrong = |c: char| match c {
        '\n' | '\r' | '\t' => false,
        c if terminal => crate::report::safe(c.encode_utf8(&mut [0; 4])) != c.to_string(),
        c => c.is_control(),
    };
    diff.chars()
        .map(|c| if wrong(c) { '\u{FFFD}' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn escapes_are_taken_out_and_the_rest_stays() {
        let text = "+ a: \u{1b}[31m\tb\r\n- 👩\u{200d}💻\n";
        assert_eq!(
            shown(text, false),
            "+ a: \u{FFFD}[31m\tb\r\n- 👩\u{200d}💻\n"
        );
        assert_eq!(
            shown(text, true),
            "+ a: \u{FFFD}[31m\tb\r\n- 👩\u{FFFD}💻\n"
        );
    }
}
