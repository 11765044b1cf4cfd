//! Templates read without running them: comments and lines that only hold an action go, what an action prints within
//! a line becomes a symbol with the action's text. Lines stay where they are.

use super::engine::{CLOSE, OPEN};

/// A text that is YAML, if all goes well, with the symbols in it.
pub(super) struct Lenient {
    pub(super) text: String,
    pub(super) symbols: Vec<String>,
}

/// Most symbols that one text may have.
const MAX_SYMBOLS: usize = 100_000;

/// Takes the actions out of a text. `known` may tell what one prints.
pub(super) fn read(source: &str, mut known: impl FnMut(&str, u32) -> Option<String>) -> Lenient {
    let mut found = Lenient {
        text: String::with_capacity(source.len()),
        symbols: Vec::new(),
    };
    let mut rest = source;
    let mut line = 1u32;
    while !rest.is_empty() {
        let Some((at, open, close)) = next(rest) else {
            found.text.push_str(rest);
            break;
        };
        let (before, action) = rest.split_at(at);
        line = line.saturating_add(lines(before));
        let inside = action.get(open.len()..).unwrap_or_default();
        let Some(end) = inside.find(close) else {
            found.text.push_str(rest);
            break;
        };
        let (body, after) = inside.split_at(end);
        let after = after.get(close.len()..).unwrap_or_default();
        found.text.push_str(before);
        let begins = found
            .text
            .rsplit('\n')
            .next()
            .is_some_and(|head| head.trim().is_empty());
        let ends = after.split('\n').next().is_some_and(|tail| {
            tail.trim().is_empty() || next(tail).is_some_and(|(at, ..)| at == 0)
        });
        let body_lines = lines(body);
        let words = body.trim_matches(['-', '+', '~']).trim();
        let prints = open == "{{" && !words.starts_with("/*") && !controls(words);
        if prints && !(begins && ends) {
            match known(words, line) {
                Some(text) if !text.contains('\n') => found.text.push_str(&text),
                _ if found.symbols.len() < MAX_SYMBOLS => {
                    let number = found.symbols.len();
                    let words: Vec<_> = words.split_whitespace().collect();
                    found
                        .symbols
                        .push(words.join(" ").chars().take(200).collect());
                    found.text.push_str(&format!("{OPEN}{number}{CLOSE}"));
                }
                _ => {}
            }
        }
        found.text.extend(std::iter::repeat_n(
            '\n',
            usize::try_from(body_lines).unwrap_or(0),
        ));
        line = line.saturating_add(body_lines);
        rest = after;
    }
    found
}

/// Where the next action begins, of Go's templates or Jinja's.
fn next(text: &str) -> Option<(usize, &'static str, &'static str)> {
    let mut from = 0;
    while let Some(at) = text.get(from..)?.find('{') {
        let at = from + at;
        let tail = text.get(at..)?;
        for (open, close) in [("{{", "}}"), ("{%", "%}"), ("{#", "#}")] {
            if tail.starts_with(open) {
                return Some((at, open, close));
            }
        }
        from = at + 1;
    }
    None
}

fn lines(text: &str) -> u32 {
    u32::try_from(memchr::memchr_iter(b'\n', text.as_bytes()).count()).unwrap_or(u32::MAX)
}

/// Whether an action prints nothing: a control structure, a declaration.
fn controls(words: &str) -> bool {
    let end = words
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(words.len());
    let word = words.get(..end).unwrap_or_default();
    matches!(
        word,
        "if" | "else" | "end" | "range" | "with" | "define" | "block" | "break" | "continue"
    ) || words.starts_with('$') && (words.contains(":=") || words.contains(" = "))
}

#[cfg(test)]
mod tests {
    use super::super::output::spelled;
    use super::*;

    #[test]
    fn lines_stay_and_names_stay_distinct() {
        let source = "{{- if .x }}\nname: a-{{ .Values.n }}\n{{- end }}\n{{/* c\nd */}}\nb: {{ .y | quote }}\n  {{- toYaml .z | nindent 2 }}\nc: 1\n";
        let read = read(source, |_, _| None);
        let lines: Vec<_> = read.text.lines().collect();
        assert_eq!(lines.len(), source.lines().count());
        assert_eq!(
            spelled(lines[1], &read.symbols, "{{ ", " }}"),
            "name: a-{{ .Values.n }}"
        );
        assert_eq!(lines[7], "c: 1");
        assert_eq!(lines[6].trim(), "");
    }

    #[test]
    fn jinja_is_read_too() {
        let read = read("{% if x %}\na: {{ b }}\n{% endif %}\n", |_, _| None);
        assert_eq!(read.symbols, ["b"]);
        assert_eq!(read.text.lines().filter(|line| !line.is_empty()).count(), 1);
    }
}
