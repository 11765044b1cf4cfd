//! What templates print, with the line of the template that each line of it comes from.

use super::engine::{CLOSE, OPEN};

/// Text with the origin of its lines.
#[derive(Debug, Default)]
pub(super) struct Out {
    pub(super) text: String,
    /// For each line the line of the source at which its first visible character was written; 0 where there is none.
    lines: Vec<u32>,
    /// Whether something visible stands on the last line.
    visible: bool,
}

impl Out {
    /// Writes text of the source, which moves on through its lines.
    pub(super) fn source(&mut self, text: &str, line: u32) {
        let mut line = line;
        for part in text.split_inclusive('\n') {
            self.piece(part, line);
            line = line.saturating_add(1);
        }
    }

    /// Writes what an action gave: all of it comes from the action's line.
    pub(super) fn value(&mut self, text: &str, line: u32) {
        for part in text.split_inclusive('\n') {
            self.piece(part, line);
        }
    }

    fn piece(&mut self, part: &str, line: u32) {
        if self.lines.is_empty() {
            self.lines.push(0);
        }
        if !self.visible && !part.trim().is_empty() {
            self.visible = true;
            if let Some(last) = self.lines.last_mut() {
                *last = line;
            }
        }
        self.text.push_str(part);
        if part.ends_with('\n') {
            self.lines.push(0);
            self.visible = false;
        }
    }

    /// The source's line of a (1-based) line of the text.
    pub(super) fn line(&self, line: u32) -> u32 {
        usize::try_from(line)
            .ok()
            .and_then(|line| self.lines.get(line.checked_sub(1)?))
            .copied()
            .filter(|line| *line > 0)
            .unwrap_or(1)
    }
}

/// A text with its symbols spelled out between `before` and `after`. Halves of symbols (`trunc`) go.
pub(super) fn spelled(text: &str, symbols: &[String], before: &str, after: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((plain, more)) = rest.split_once(OPEN) {
        out.push_str(plain);
        let end = more
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(more.len());
        let (digits, tail) = more.split_at(end);
        rest = tail.strip_prefix(CLOSE).unwrap_or(tail);
        let symbol = digits.parse().ok().and_then(|n: usize| symbols.get(n));
        if let Some(symbol) = symbol {
            out.push_str(before);
            out.push_str(symbol);
            out.push_str(after);
        }
    }
    out.push_str(rest);
    out.replace(CLOSE, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_lead_back() {
        let mut out = Out::default();
        out.source("a:\n  b: ", 3);
        out.value("x", 4);
        out.source("\n", 4);
        out.value("c: 1\nd: 2\n", 9);
        assert_eq!([1, 2, 3, 4].map(|line| out.line(line)), [3, 4, 9, 9]);
    }

    #[test]
    fn symbols_are_spelled() {
        let symbols = [".Values.name".to_owned()];
        let text = format!("a-{OPEN}0{CLOSE}-b{OPEN}0");
        assert_eq!(
            spelled(&text, &symbols, "{{ ", " }}"),
            "a-{{ .Values.name }}-b{{ .Values.name }}"
        );
    }
}
