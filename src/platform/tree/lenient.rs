//! YAML as its oldest parser reads it: what stands in brackets or quotes may go on at the margin.
//!
//! The specification asks that such lines are indented more than what they belong to, and our parser insists.
//! PyYAML, and so Ansible, does not, and people write closing brackets below the key. Blanks before such a line
//! change nothing of what it says, so they are put there.

use super::{Node, Tags, TreeError, one};
use std::borrow::Cow;

/// What is put before a line: more than any nesting that is read.
const MARGIN: &str = "                                                                                                                                ";
/// How many lines of a document are mended.
const LINES: usize = 128;
/// How much is read again at most, in bytes, for all lines together.
const AGAIN: usize = 8 << 20;

/// Reads one document, mending lines that only stand too far left.
pub(super) fn read(text: &str, first_line: u32, tags: Tags) -> Result<Option<Node>, TreeError> {
    let first = match one(text, first_line, tags) {
        Err(error) if mendable(&error).is_some() => error,
        other => return other,
    };
    let mut lines: Vec<Cow<'_, str>> = text.split_inclusive('\n').map(Cow::Borrowed).collect();
    let mut error = first.clone();
    // The line after the one that was mended last.
    let mut next = 0;
    for _ in 0..LINES.min(AGAIN / text.len().max(1)) {
        let Some(quoted) = mendable(&error) else {
            break;
        };
        let at = usize::try_from(error.line.saturating_sub(first_line + 1)).unwrap_or(usize::MAX);
        // A text in quotes is told by where it begins; what goes on at the margin is below.
        let at = if quoted { next.max(at + 1) } else { at };
        let Some(line) = lines.get_mut(at).filter(|_| at >= next) else {
            break;
        };
        *line = Cow::Owned(format!("{MARGIN}{line}"));
        next = at + 1;
        error = match one(&lines.concat(), first_line, tags) {
            Err(error) => error,
            read => return read,
        };
    }
    Err(first)
}

/// Whether an error is of this sort, and then whether it is about a text in quotes.
fn mendable(error: &TreeError) -> Option<bool> {
    match error.message.strip_prefix("invalid YAML: ")? {
        "invalid indentation" | "invalid indentation in flow construct" => Some(false),
        "invalid indentation in quoted scalar" => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::yaml;

    #[test]
    fn what_stands_in_brackets_or_quotes_may_go_on_at_the_margin() {
        let text = "---\na:\n  b: {\n    x: 1\n  }\n  c: [\n1, 2\n]\n  d: \"e\nf\ng\"\n  h: i\n";
        let read = yaml(text);
        let node = read[0].as_ref().unwrap().get("a").unwrap();
        assert_eq!(node.get("b").unwrap().str("x"), Some("1"));
        assert_eq!(node.list("c").len(), 2);
        assert_eq!(node.str("d"), Some("e f g"));
        assert_eq!(
            (node.str("h"), node.get("h").unwrap().line),
            (Some("i"), 12)
        );
    }

    #[test]
    fn what_is_broken_otherwise_stays_so_at_its_own_place() {
        for text in ["a: [\n1, 2\nb: c\n", "a: \"b\nc: d\n", "a:\n  - b\n c: d\n"] {
            assert!(yaml(text)[0].is_err(), "{text}");
        }
        let long = format!("a: [\n{}", "1,\n".repeat(10_000));
        assert!(yaml(&long)[0].is_err());
    }
}
