//! Quoted texts and heredocs, with the expressions and directives in them.

use super::super::syntax::{Expr, ExprKind, Part, TemplateFor};
use super::{MAX_DEPTH, Parsed, Parser, Stop};
use std::borrow::Cow;

/// Where a heredoc lies.
pub(super) struct Bounds {
    start: usize,
    end: usize,
    /// Behind its closing line's marker.
    pub(super) after: usize,
    /// Written `<<-`: indentation is taken off.
    indented: bool,
}

/// A piece of a template before directives are matched.
enum Piece<'d> {
    Text(Cow<'d, str>),
    Value(Expr<'d>),
    If(Expr<'d>),
    Else,
    EndIf,
    For(Option<Cow<'d, str>>, Cow<'d, str>, Expr<'d>),
    EndFor,
}

impl<'d> Parser<'d> {
    pub(super) fn quoted(&mut self) -> Parsed<ExprKind<'d>> {
        self.at += 1;
        // Nearly all texts are plain.
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let special = |byte: &u8| matches!(byte, b'"' | b'\\' | b'$' | b'%' | b'\n');
        if let Some(end) = rest.iter().position(special)
            && rest.get(end) == Some(&b'"')
        {
            let text = self.slice(self.at, self.at + end);
            self.at += end + 1;
            return Ok(ExprKind::Text(text.into()));
        }
        let pieces = self.pieces(None, 0)?;
        self.assemble(pieces)
    }

    /// A template that is a whole text (a heredoc's inside, a string of JSON).
    pub(super) fn raw_template(&mut self, end: usize, indent: usize) -> Parsed<ExprKind<'d>> {
        let pieces = self.pieces(Some(end), indent)?;
        self.assemble(pieces)
    }

    pub(super) fn heredoc(&mut self) -> Parsed<ExprKind<'d>> {
        let start = self.at;
        let Some(bounds) = self.heredoc_bounds() else {
            self.at = start;
            self.broken = true;
            return self.stop("a heredoc is not closed");
        };
        let text = self.slice(bounds.start, bounds.end);
        let indent = if bounds.indented {
            let lines = text.lines().filter(|line| !line.trim().is_empty());
            lines
                .map(|line| line.len() - line.trim_start_matches([' ', '\t']).len())
                .min()
                .unwrap_or(0)
        } else {
            0
        };
        let kind = if indent == 0 && memchr::memchr3(b'$', b'%', b'\r', text.as_bytes()).is_none() {
            ExprKind::Text(text.into())
        } else {
            self.at = bounds.start;
            self.raw_template(bounds.end, indent)?
        };
        self.at = bounds.after;
        Ok(kind)
    }

    pub(super) fn heredoc_bounds(&mut self) -> Option<Bounds> {
        self.at += 2;
        let indented = self.peek() == b'-';
        self.at += usize::from(indented);
        let start = self.at;
        while self.peek().is_ascii_alphanumeric() || matches!(self.peek(), b'_' | b'-' | 0x80..) {
            self.at += 1;
        }
        let marker = self.slice(start, self.at);
        let opening = self.at;
        self.over_line();
        if marker.is_empty() || !self.slice(opening, self.at).trim().is_empty() || self.ended() {
            return None;
        }
        let start = self.at + 1;
        let mut at = start;
        while let Some(rest) = self.bytes.get(at..).filter(|rest| !rest.is_empty()) {
            if self.ahead == 0 {
                return None;
            }
            let end = at + memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            let line = self.slice(at, end);
            if line.trim() == marker {
                return Some(Bounds {
                    start,
                    end: at,
                    after: at + line.trim_end().len(),
                    indented,
                });
            }
            self.ahead = self.ahead.saturating_sub(end + 1 - at);
            at = end + 1;
        }
        None
    }

    /// Splits a template. `end` is its end, or it ends at a quotation mark.
    fn pieces(&mut self, end: Option<usize>, indent: usize) -> Parsed<Vec<Piece<'d>>> {
        let quoted = end.is_none();
        let end = end.unwrap_or(self.bytes.len());
        let mut pieces = Vec::new();
        let mut text = String::new();
        let mut trim = false;
        let mut line_start = indent > 0;
        loop {
            if line_start {
                line_start = false;
                let mut left = indent;
                while left > 0 && matches!(self.peek(), b' ' | b'\t') && self.at < end {
                    self.at += 1;
                    left -= 1;
                }
            }
            if self.at >= end {
                if quoted {
                    return self.stop("a text is not closed");
                }
                break;
            }
            let byte = self.peek();
            match byte {
                b'"' if quoted => {
                    self.at += 1;
                    break;
                }
                b'\n' if quoted => return self.stop("a text is not closed"),
                b'\r' if !quoted && self.peek_at(1) == b'\n' => self.at += 1,
                b'\\' if quoted => self.escape(&mut text),
                b'$' | b'%' if self.peek_at(1) == byte && self.peek_at(2) == b'{' => {
                    text.push(byte.into());
                    text.push('{');
                    self.at += 3;
                }
                b'$' | b'%' if self.peek_at(1) == b'{' => {
                    self.at += 2;
                    let before = self.peek() == b'~';
                    self.at += usize::from(before);
                    if before {
                        text.truncate(text.trim_end().len());
                    }
                    if !text.is_empty() {
                        let literal = std::mem::take(&mut text);
                        let literal = if trim {
                            literal.trim_start().to_owned()
                        } else {
                            literal
                        };
                        pieces.push(Piece::Text(literal.into()));
                    }
                    let bracketed = std::mem::replace(&mut self.bracketed, true);
                    let piece = if byte == b'$' {
                        Piece::Value(self.expression()?)
                    } else {
                        self.directive()?
                    };
                    self.space();
                    trim = self.peek() == b'~';
                    self.at += usize::from(trim);
                    if self.peek() != b'}' || self.at >= end {
                        return self.stop("an expression in a text is not closed");
                    }
                    self.at += 1;
                    self.bracketed = bracketed;
                    pieces.push(piece);
                }
                _ => {
                    let rest = self.bytes.get(self.at + 1..end).unwrap_or_default();
                    let special = |b: &u8| matches!(b, b'"' | b'\\' | b'$' | b'%' | b'\n' | b'\r');
                    let run = 1 + rest.iter().position(special).unwrap_or(rest.len());
                    text.push_str(self.slice(self.at, self.at + run));
                    self.at += run;
                    line_start = indent > 0 && byte == b'\n' && run == 1;
                    if indent > 0 && byte == b'\n' && run > 1 {
                        // Taken too far: the line's indentation went in with it.
                        self.at -= run - 1;
                        text.truncate(text.len() - (run - 1));
                        line_start = true;
                    }
                }
            }
        }
        if trim {
            text = text.trim_start().to_owned();
        }
        if !text.is_empty() || pieces.is_empty() {
            pieces.push(Piece::Text(text.into()));
        }
        Ok(pieces)
    }

    fn escape(&mut self, text: &mut String) {
        let code = self.peek_at(1);
        self.at += 2;
        match code {
            b'n' => text.push('\n'),
            b'r' => text.push('\r'),
            b't' => text.push('\t'),
            b'u' | b'U' => {
                let length = if code == b'u' { 4 } else { 8 };
                let digits = self.slice(self.at, self.at + length);
                match u32::from_str_radix(digits, 16)
                    .ok()
                    .and_then(char::from_u32)
                {
                    Some(c) => {
                        text.push(c);
                        self.at += length;
                    }
                    None => text.push(char::from(code)),
                }
            }
            // Not an escape: taken as it stands.
            _ => {
                self.at -= 1;
                let rest = self.text.get(self.at..).unwrap_or_default();
                if let Some(c) = rest.chars().next().filter(|c| *c != '\n') {
                    text.push(c);
                    self.at += c.len_utf8();
                }
            }
        }
    }

    fn directive(&mut self) -> Parsed<Piece<'d>> {
        self.space();
        Ok(match self.word() {
            Some("if") => Piece::If(self.expression()?),
            Some("else") => Piece::Else,
            Some("endif") => Piece::EndIf,
            Some("for") => {
                self.space();
                let (key, value, collection) = self.for_head()?;
                Piece::For(key, value, collection)
            }
            Some("endfor") => Piece::EndFor,
            _ => return self.stop("an unknown directive in a text"),
        })
    }

    fn assemble(&mut self, mut pieces: Vec<Piece<'d>>) -> Parsed<ExprKind<'d>> {
        if let [Piece::Text(_)] = pieces.as_slice()
            && let Some(Piece::Text(text)) = pieces.pop()
        {
            return Ok(ExprKind::Text(text));
        }
        let mut pieces = pieces.into_iter();
        let (parts, closed) = self.parts(&mut pieces, 0)?;
        match closed {
            Closed::End => Ok(ExprKind::Template(parts)),
            _ => self.stop("directives in a text do not match"),
        }
    }

    fn parts(
        &mut self,
        pieces: &mut std::vec::IntoIter<Piece<'d>>,
        depth: u32,
    ) -> Parsed<(Vec<Part<'d>>, Closed)> {
        if self.depth + depth > MAX_DEPTH {
            return Err(Stop {
                at: self.at,
                limit: true,
                message: "nested more than 64 levels deep; what is inside was not read",
            });
        }
        let mut parts = Vec::new();
        while let Some(piece) = pieces.next() {
            match piece {
                Piece::Text(text) => parts.push(Part::Text(text)),
                Piece::Value(value) => parts.push(Part::Value(value)),
                Piece::If(condition) => {
                    let (yes, mut closed) = self.parts(pieces, depth + 1)?;
                    let mut no = Vec::new();
                    if closed == Closed::Else {
                        (no, closed) = self.parts(pieces, depth + 1)?;
                    }
                    if closed != Closed::If {
                        return self.stop("directives in a text do not match");
                    }
                    parts.push(Part::If(condition, yes, no));
                }
                Piece::For(key, value, collection) => {
                    let (body, closed) = self.parts(pieces, depth + 1)?;
                    if closed != Closed::For {
                        return self.stop("directives in a text do not match");
                    }
                    parts.push(Part::For(Box::new(TemplateFor {
                        key,
                        value,
                        collection,
                        body,
                    })));
                }
                Piece::Else => return Ok((parts, Closed::Else)),
                Piece::EndIf => return Ok((parts, Closed::If)),
                Piece::EndFor => return Ok((parts, Closed::For)),
            }
        }
        Ok((parts, Closed::End))
    }
}

/// What ended a run of parts.
#[derive(PartialEq, Eq)]
enum Closed {
    End,
    Else,
    If,
    For,
}
