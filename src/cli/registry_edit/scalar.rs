//! How texts are written as YAML so that they come back as they are, and as nothing else.

use saphyr_parser::ScalarStyle;

/// What a plain scalar is read as when it is not a text.
const WORDS: [&str; 12] = [
    "true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", "inf", "none",
];

/// A text that may be written: on one line, with nothing in it that an editor or a terminal would not show.
pub(in crate::cli) fn writable(text: &str) -> bool {
    crate::report::safe(text) == text && !text.contains('\n')
}

/// The text as a scalar; in the style of the value that it takes the place of, where that can hold it.
pub(super) fn written(text: &str, like: Option<ScalarStyle>) -> String {
    match like {
        Some(ScalarStyle::Plain) if plain(text) => text.to_owned(),
        Some(ScalarStyle::SingleQuoted) if !text.contains(char::is_control) => {
            format!("'{}'", text.replace('\'', "''"))
        }
        _ => quoted(text),
    }
}

/// A double-quoted scalar; JSON's strings are a subset of them.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Whether the text is a plain scalar wherever it stands, in braces too. What is doubtful is quoted.
pub(super) fn plain(text: &str) -> bool {
    let date = text.len() == 10
        && text.bytes().enumerate().all(|(at, b)| match at {
            4 | 7 => b == b'-',
            _ => b.is_ascii_digit(),
        });
    let harmless =
        |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '@' | ':' | ' ');
    date || (text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(harmless)
        && text.ends_with(char::is_alphanumeric)
        && !text.contains(": ")
        && !WORDS.contains(&text.to_ascii_lowercase().as_str()))
}

/// Text that is safe behind a `#`: on one line, with nothing that could end it.
pub(super) fn comment(text: &str) -> String {
    crate::report::safe(&text.replace('\n', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_read_as_anything_else_is_quoted() {
        for text in [
            "team:payments",
            "Deploys the payments API",
            "mail:a@b.example",
            "2026-11-22",
        ] {
            assert!(plain(text), "{text}");
        }
        for text in [
            "", "yes", "NULL", "1e3", "a: b", "a #b", "- a", "*a", "&a", "!t", "a:", "x\ny", "{a",
            "a, b", "%a", "@a", " a",
        ] {
            assert!(!plain(text), "{text}");
            assert!(written(text, Some(ScalarStyle::Plain)).starts_with('"'));
        }
        assert_eq!(written("it's", Some(ScalarStyle::SingleQuoted)), "'it''s'");
    }
}
