//! Text to syntax, without ever giving up on a file: a bad expression loses its argument, a bad line itself.
//!
//! Written for this rather than taken from a library: parsers of the language refuse a file for one bad expression
//! and objects with repeated keys (which Terraform takes), recurse as deep as the input asks, and keep all spaces
//! and comments, which costs several times the time.

use super::syntax::{Attribute, Block, Body};
use std::borrow::Cow;

mod expression;
mod template;

/// Deepest nesting of blocks and expressions that is read.
pub(super) const MAX_DEPTH: u32 = 64;
/// So many lines of a file are named as unreadable; what follows is counted.
const MAX_TROUBLE: usize = 50;

/// A place that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    /// 1-based.
    pub(super) line: u32,
    /// A limit, rather than the syntax.
    pub(super) limit: bool,
    /// What, without quoting the text.
    pub(super) message: &'static str,
}

/// What can stand at the top of a configuration, with the number of labels.
const HEADERS: [(&str, usize); 14] = [
    ("resource", 2),
    ("data", 2),
    ("ephemeral", 2),
    ("module", 1),
    ("variable", 1),
    ("output", 1),
    ("provider", 1),
    ("generate", 1),
    ("check", 1),
    ("locals", 0),
    ("terraform", 0),
    ("moved", 0),
    ("import", 0),
    ("removed", 0),
];

/// Reads a file.
pub(super) fn body(text: &str) -> (Body<'_>, Vec<Trouble>) {
    let mut parser = Parser::new(text, 1);
    let body = parser.body(false);
    if !parser.broken {
        return (body, parser.trouble);
    }
    // Braces do not match: read block by block, so that only the one at fault is lost.
    let mut whole = Body::default();
    let mut trouble = Vec::new();
    for (line, part) in segments(text) {
        let mut parser = Parser::new(part, line);
        let body = parser.body(false);
        whole.attributes.extend(body.attributes);
        whole.blocks.extend(body.blocks);
        trouble.append(&mut parser.trouble);
    }
    trouble.truncate(MAX_TROUBLE);
    (whole, trouble)
}

/// Reads one expression that is all of a text, as JSON configuration holds them.
pub(super) fn template(text: &str, line: u32) -> Option<super::syntax::Expr<'_>> {
    let mut parser = Parser::new(text, line);
    let kind = parser.raw_template(text.len(), 0).ok()?;
    Some(super::syntax::Expr { line, kind })
}

/// Cuts a text where blocks begin at the start of a line, with the line of each part. Heredocs and comments that
/// end somewhere are not looked into.
fn segments(text: &str) -> Vec<(u32, &str)> {
    let mut parts = Vec::new();
    let (mut start, mut start_line) = (0, 1u32);
    let (mut at, mut line) = (0, 1u32);
    // Whether a marker still ends somewhere is asked of the rest, in all for some times the length of the text.
    let mut skipping: Option<Inside<'_>> = None;
    let mut dead: std::collections::HashSet<&str> = std::collections::HashSet::new();
    let mut ahead = text.len().saturating_mul(8);
    for row in text.split_inclusive('\n') {
        match &skipping {
            Some(Inside::Comment) if row.contains("*/") => skipping = None,
            Some(Inside::Heredoc(marker)) if row.trim() == *marker => skipping = None,
            Some(_) => {}
            None => {
                if at > start && header(row) {
                    parts.push((start_line, text.get(start..at).unwrap_or_default()));
                    (start, start_line) = (at, line);
                }
                let rest = text.get(at + row.len()..).unwrap_or_default();
                if let Some(marker) = heredoc_marker(row)
                    && !dead.contains(marker)
                    && ahead > 0
                {
                    let mut lines = rest.lines();
                    let found = lines.any(|line| {
                        ahead = ahead.saturating_sub(line.len() + 1);
                        line.trim() == marker
                    });
                    if found {
                        skipping = Some(Inside::Heredoc(marker));
                    } else {
                        dead.insert(marker);
                    }
                } else if row.trim_start().starts_with("/*")
                    && !row.contains("*/")
                    && !dead.contains("*/")
                {
                    if rest.contains("*/") {
                        skipping = Some(Inside::Comment);
                    } else {
                        dead.insert("*/");
                    }
                }
            }
        }
        at += row.len();
        line = line.saturating_add(1);
    }
    parts.push((start_line, text.get(start..).unwrap_or_default()));
    parts
}

enum Inside<'d> {
    Comment,
    Heredoc(&'d str),
}

/// The marker of a heredoc that a line opens.
fn heredoc_marker(row: &str) -> Option<&str> {
    let at = row.find("<<")?;
    let before = row.get(..at)?;
    if before.contains('#') || before.matches('"').count() % 2 == 1 {
        return None;
    }
    let rest = row.get(at + 2..)?;
    let marker = rest.strip_prefix('-').unwrap_or(rest).trim_end();
    let word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    (!marker.is_empty() && marker.chars().all(word)).then_some(marker)
}

/// Whether a line opens a block that stands at the top of a file.
fn header(row: &str) -> bool {
    let row = row.trim_end();
    let row = row.strip_suffix('}').unwrap_or(row);
    let Some((head, _)) = row.split_once('{') else {
        return false;
    };
    let end = head.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let (word, labels) = head.split_at(end.unwrap_or(head.len()));
    let count = labels.split_whitespace().count();
    HEADERS.contains(&(word, count))
}

struct Parser<'d> {
    text: &'d str,
    bytes: &'d [u8],
    at: usize,
    /// Line of `counted`, from which lines are counted on.
    line: u32,
    counted: usize,
    depth: u32,
    /// Inside brackets line ends mean nothing.
    bracketed: bool,
    trouble: Vec<Trouble>,
    /// Braces do not match.
    broken: bool,
    /// Bytes that may still be looked at more than once, so that broken input costs no more than its length.
    ahead: usize,
    /// No comment that is open ends any more.
    endless: bool,
}

/// Why an item was left.
#[derive(Clone, Copy)]
struct Stop {
    at: usize,
    limit: bool,
    message: &'static str,
}

type Parsed<T> = Result<T, Stop>;

impl<'d> Parser<'d> {
    fn new(text: &'d str, line: u32) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            at: 0,
            line,
            counted: 0,
            depth: 0,
            bracketed: false,
            trouble: Vec::new(),
            broken: false,
            ahead: text.len().saturating_mul(8).max(1 << 16),
            endless: false,
        }
    }

    /// The byte here; 0 at the end.
    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    fn peek_at(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn ended(&self) -> bool {
        self.at >= self.bytes.len()
    }

    fn starts(&self, what: &[u8]) -> bool {
        self.bytes
            .get(self.at..)
            .is_some_and(|rest| rest.starts_with(what))
    }

    fn slice(&self, from: usize, to: usize) -> &'d str {
        self.text.get(from..to).unwrap_or_default()
    }

    /// The line of a place. Places are asked for in about ascending order.
    fn line_of(&mut self, at: usize) -> u32 {
        let (from, to) = (self.counted.min(at), self.counted.max(at));
        let between = self.bytes.get(from..to).unwrap_or_default();
        let count = u32::try_from(memchr::memchr_iter(b'\n', between).count()).unwrap_or(u32::MAX);
        self.line = if at >= self.counted {
            self.line.saturating_add(count)
        } else {
            self.line.saturating_sub(count)
        };
        self.counted = at;
        self.line
    }

    fn stop<T>(&self, message: &'static str) -> Parsed<T> {
        Err(Stop {
            at: self.at,
            limit: false,
            message,
        })
    }

    fn note(&mut self, stop: Stop) {
        let line = self.line_of(stop.at);
        if self.trouble.len() < MAX_TROUBLE {
            self.trouble.push(Trouble {
                line,
                limit: stop.limit,
                message: stop.message,
            });
        }
    }

    /// Steps over spaces and comments, and over line ends where they mean nothing.
    fn space(&mut self) {
        self.skip(self.bracketed);
    }

    fn skip(&mut self, lines: bool) {
        loop {
            match self.peek() {
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'\n' if lines => self.at += 1,
                b'#' => self.over_line(),
                b'/' if self.peek_at(1) == b'/' => self.over_line(),
                b'/' if self.peek_at(1) == b'*' => {
                    let rest = self.bytes.get(self.at + 2..).unwrap_or_default();
                    let rest = if self.endless { &[] } else { rest };
                    match memchr::memmem::find(rest, b"*/") {
                        Some(end) => self.at += end + 4,
                        None => {
                            self.broken = true;
                            if !std::mem::replace(&mut self.endless, true) {
                                let stop = Stop {
                                    at: self.at,
                                    limit: false,
                                    message: "a comment is not closed",
                                };
                                self.note(stop);
                            }
                            self.over_line();
                        }
                    }
                }
                0xEF if self.starts(b"\xEF\xBB\xBF") => self.at += 3,
                _ => return,
            }
        }
    }

    fn over_line(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    }

    /// A word: letters, digits, `_` and `-`, not beginning with a digit.
    fn word(&mut self) -> Option<&'d str> {
        let start = self.at;
        let first = self.peek();
        if !(first.is_ascii_alphabetic() || first == b'_' || first >= 0x80) {
            return None;
        }
        while matches!(self.peek(), b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' | 0x80..)
        {
            self.at += 1;
        }
        Some(self.slice(start, self.at))
    }

    /// Everything up to the end, or to the closing brace of a block.
    fn body(&mut self, inner: bool) -> Body<'d> {
        let mut body = Body::default();
        let bracketed = std::mem::replace(&mut self.bracketed, false);
        self.depth += 1;
        loop {
            self.skip(true);
            if self.ended() {
                if inner && self.ahead > 0 {
                    self.broken = true;
                    let stop = Stop {
                        at: self.at,
                        limit: false,
                        message: "a block is not closed",
                    };
                    self.note(stop);
                }
                break;
            }
            if self.peek() == b'}' {
                self.at += 1;
                if inner {
                    break;
                }
                self.broken = true;
                let stop = Stop {
                    at: self.at,
                    limit: false,
                    message: "a closing brace without an opening one",
                };
                self.note(stop);
                continue;
            }
            if matches!(self.peek(), b',' | b';') && inner {
                self.at += 1;
                continue;
            }
            let start = self.at;
            let depth = self.depth;
            if let Err(stop) = self.item(&mut body) {
                self.depth = depth;
                self.bracketed = false;
                self.note(stop);
                self.ahead = self.ahead.saturating_sub(stop.at.saturating_sub(start));
                if self.ahead == 0 {
                    self.give_up();
                    break;
                }
                self.recover(start, stop.at);
            }
        }
        self.depth -= 1;
        self.bracketed = bracketed;
        body
    }

    /// Stops reading: so much of the text is broken that what is left costs more than it can tell.
    fn give_up(&mut self) {
        let stop = Stop {
            at: self.at,
            limit: true,
            message: "too much is broken; the rest was not read",
        };
        self.trouble.truncate(MAX_TROUBLE - 1);
        self.note(stop);
        self.at = self.bytes.len();
        self.broken = false;
    }

    fn item(&mut self, body: &mut Body<'d>) -> Parsed<()> {
        if self.depth > MAX_DEPTH {
            return Err(Stop {
                at: self.at,
                limit: true,
                message: "nested more than 64 levels deep; what is inside was not read",
            });
        }
        let start = self.at;
        let name: Cow<'d, str> = match self.peek() {
            b'"' => self.label()?,
            _ => match self.word() {
                Some(word) => word.into(),
                None => return self.stop("neither an argument nor a block"),
            },
        };
        let line = self.line_of(start);
        self.space();
        if (self.peek() == b'=' && self.peek_at(1) != b'=') || self.peek() == b':' {
            self.at += 1;
            self.space();
            let value = self.expression()?;
            self.space();
            if !self.ended() && !matches!(self.peek(), b'\n' | b'}' | b',' | b';') {
                return self.stop("an argument is followed by what does not belong to it");
            }
            body.attributes.push(Attribute { name, line, value });
            return Ok(());
        }
        let mut labels = Vec::new();
        loop {
            match self.peek() {
                b'{' => break,
                b'"' => labels.push(self.label()?),
                _ => match self.word() {
                    Some(word) => labels.push(word.into()),
                    None => return self.stop("neither an argument nor a block"),
                },
            }
            self.space();
        }
        self.at += 1;
        let inner = self.body(true);
        body.blocks.push(Block {
            kind: name,
            labels,
            line,
            body: inner,
        });
        Ok(())
    }

    /// A quoted label.
    fn label(&mut self) -> Parsed<Cow<'d, str>> {
        self.at += 1;
        let start = self.at;
        loop {
            match self.peek() {
                b'"' => break,
                b'\\' => self.at += 2,
                b'\n' => return self.stop("a label is not closed"),
                _ if self.ended() => return self.stop("a label is not closed"),
                _ => self.at += 1,
            }
        }
        let label = self.slice(start, self.at);
        self.at += 1;
        Ok(label.into())
    }

    /// Goes on behind an item that could not be read: at the line end where its brackets are closed again, or, where
    /// they are not, in the next line.
    fn recover(&mut self, start: usize, stopped: usize) {
        self.at = start;
        let mut open = Vec::new();
        while !self.ended() && self.ahead > 0 {
            self.ahead -= 1;
            match self.peek() {
                b'"' => self.over_string(),
                b'#' => self.over_line(),
                b'/' if matches!(self.peek_at(1), b'/' | b'*') => self.skip(false),
                b'<' if self.peek_at(1) == b'<' => {
                    if !self.over_heredoc() {
                        self.at += 2;
                    }
                }
                bracket @ (b'{' | b'[' | b'(') => {
                    open.push(bracket);
                    self.at += 1;
                }
                bracket @ (b'}' | b']' | b')') => match (open.pop(), bracket) {
                    (Some(b'{'), b'}') | (Some(b'['), b']') | (Some(b'('), b')') => self.at += 1,
                    (None, b'}') => return,
                    (None, _) => self.at += 1,
                    (Some(_), _) => {
                        open.push(bracket);
                        break;
                    }
                },
                b'\n' if open.is_empty() && self.at >= stopped => return,
                _ => self.at += 1,
            }
        }
        if !open.is_empty() || self.ahead == 0 {
            // Brackets do not match: lose the line only.
            self.at = start;
            self.over_line();
            if self.at == start {
                self.at += 1;
            }
        }
    }

    /// Steps over a quoted text, or to the end of a line that does not close it.
    fn over_string(&mut self) {
        self.at += 1;
        let mut open = 0u32;
        while !self.ended() {
            match self.peek() {
                b'\\' => self.at += 1,
                b'"' if open == 0 => {
                    self.at += 1;
                    return;
                }
                b'$' | b'%' if self.peek_at(1) == b'{' => {
                    open += 1;
                    self.at += 1;
                }
                b'}' => open = open.saturating_sub(1),
                b'\n' => return,
                _ => {}
            }
            self.at += 1;
        }
    }

    /// Steps over a heredoc that is closed; says whether there was one.
    fn over_heredoc(&mut self) -> bool {
        let before = self.at;
        match self.heredoc_bounds() {
            Some(bounds) => {
                self.at = bounds.after;
                true
            }
            None => {
                self.at = before;
                false
            }
        }
    }
}

#[cfg(test)]
mod tests;
