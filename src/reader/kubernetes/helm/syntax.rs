//! The syntax of Go's `text/template`: text, actions and control structures, with lines.

use std::collections::BTreeMap;
use std::rc::Rc;

/// Deepest nesting of control structures and parentheses that is read.
const MAX_DEPTH: usize = 100;

/// A part of a template.
#[derive(Debug)]
pub(super) enum Part {
    Text {
        text: String,
        line: u32,
    },
    /// An action that prints, or only declares.
    Action(Pipe),
    If(Branch),
    With(Branch),
    Range(Branch),
    /// `template` and `block`.
    Template {
        name: String,
        with: Option<Pipe>,
        line: u32,
    },
    Break,
    Continue,
}

/// A control structure.
#[derive(Debug)]
pub(super) struct Branch {
    pub(super) pipe: Pipe,
    pub(super) body: Vec<Part>,
    pub(super) otherwise: Vec<Part>,
    /// Whether the body, or what stands in its place, holds the beginning of an object.
    pub(super) objects: (bool, bool),
}

/// Whether an object begins somewhere in these parts.
fn has_objects(parts: &[Part]) -> bool {
    parts.iter().any(|part| match part {
        Part::Text { text, .. } => text
            .lines()
            .any(|line| line.starts_with("kind:") || line.starts_with("- kind:")),
        Part::If(branch) | Part::With(branch) | Part::Range(branch) => {
            branch.objects.0 || branch.objects.1
        }
        _ => false,
    })
}

/// A pipeline.
#[derive(Debug)]
pub(super) struct Pipe {
    /// The text between the braces.
    pub(super) text: Rc<str>,
    pub(super) line: u32,
    /// Whether nothing else stands on its line.
    pub(super) alone: bool,
    /// Variables that it declares or, with `assigns`, sets.
    pub(super) variables: Vec<String>,
    pub(super) assigns: bool,
    pub(super) commands: Vec<Vec<Term>>,
}

/// An operand.
#[derive(Debug)]
pub(super) enum Term {
    Dot,
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Rc<str>),
    /// `.a.b`
    Field(Vec<String>),
    /// `$x.a`
    Variable(String, Vec<String>),
    /// `(…).a`
    Paren(Box<Pipe>, Vec<String>),
    Function(String),
}

/// A file's own text and the templates that it defines.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) body: Vec<Part>,
    pub(super) defines: BTreeMap<String, Rc<Vec<Part>>>,
}

/// Why a template could not be parsed.
#[derive(Clone, Debug)]
pub(super) struct SyntaxError {
    pub(super) line: u32,
    pub(super) message: &'static str,
}

/// Text or an action's inside.
#[derive(Debug)]
enum Chunk<'t> {
    Text(&'t str, u32),
    Action {
        text: &'t str,
        line: u32,
        alone: bool,
    },
}

/// Reads a template.
pub(super) fn parse(source: &str) -> Result<Parsed, SyntaxError> {
    let chunks = chunks(source)?;
    let mut parser = Parser {
        chunks: chunks.into_iter(),
        defines: BTreeMap::new(),
        blocks: 0,
    };
    let (body, end) = parser.parts(0)?;
    match end {
        End::Eof => Ok(Parsed {
            body,
            defines: parser.defines,
        }),
        End::Closed(line) | End::Else(line, _) => Err(SyntaxError {
            line,
            message: "end or else without a beginning",
        }),
    }
}

/// Splits a template into text and actions; applies trimming and takes comments out.
fn chunks(source: &str) -> Result<Vec<Chunk<'_>>, SyntaxError> {
    let mut found = Vec::new();
    let mut rest = source;
    let mut line = 1u32;
    let mut trim_next = false;
    loop {
        let (text, after) = match rest.find("{{") {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let trims = after
            .strip_prefix("{{-")
            .is_some_and(|more| more.starts_with([' ', '\t', '\r', '\n']));
        let mut shown = text;
        let mut shown_line = line;
        if trim_next {
            let trimmed = shown.trim_start_matches([' ', '\t', '\r', '\n']);
            shown_line += newlines(text.get(..text.len() - trimmed.len()).unwrap_or_default());
            shown = trimmed;
        }
        if trims {
            shown = shown.trim_end_matches([' ', '\t', '\r', '\n']);
        }
        if !shown.is_empty() {
            found.push(Chunk::Text(shown, shown_line));
        }
        line += newlines(text);
        let Some(inside) = after.strip_prefix("{{") else {
            return Ok(found);
        };
        let inside = if trims {
            inside.strip_prefix('-').unwrap_or(inside)
        } else {
            inside
        };
        let start = line;
        let unclosed = SyntaxError {
            line: start,
            message: "action without an end",
        };
        let comment = inside.trim_start();
        if comment.starts_with("/*") {
            let Some(end) = comment.find("*/") else {
                return Err(unclosed);
            };
            let tail = comment.get(end + 2..).unwrap_or_default();
            let close = tail.trim_start_matches([' ', '\t', '\r', '\n']);
            let (next, trim) = match (close.strip_prefix("-}}"), close.strip_prefix("}}")) {
                (Some(next), _) => (next, true),
                (None, Some(next)) => (next, false),
                _ => return Err(unclosed),
            };
            line += newlines(inside.get(..inside.len() - next.len()).unwrap_or_default());
            trim_next = trim;
            rest = next;
            continue;
        }
        let Some(end) = action_end(inside) else {
            return Err(unclosed);
        };
        let (body, next) = inside.split_at(end);
        let next = next.get(2..).unwrap_or_default();
        let trimmed = body
            .strip_suffix('-')
            .filter(|body| body.ends_with([' ', '\t', '\r', '\n']));
        trim_next = trimmed.is_some();
        let before = text.rsplit('\n').next().unwrap_or_default();
        let begins = before.trim().is_empty() && (text.contains('\n') || found.is_empty());
        let ends = next
            .split('\n')
            .next()
            .is_some_and(|tail| tail.trim().is_empty());
        found.push(Chunk::Action {
            text: trimmed.unwrap_or(body).trim(),
            line: start,
            alone: begins && ends,
        });
        line += newlines(body);
        rest = next;
    }
}

fn newlines(text: &str) -> u32 {
    u32::try_from(memchr::memchr_iter(b'\n', text.as_bytes()).count()).unwrap_or(u32::MAX)
}

/// Where an action's closing braces begin: not inside quotes.
fn action_end(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    let bytes = text.as_bytes();
    for (i, &byte) in bytes.iter().enumerate() {
        match quote {
            Some(open) => {
                if escaped {
                    escaped = false;
                } else if byte == b'\\' && open != b'`' {
                    escaped = true;
                } else if byte == open {
                    quote = None;
                } else if byte == b'\n' && open != b'`' {
                    return None;
                }
            }
            None => match byte {
                b'"' | b'\'' | b'`' => quote = Some(byte),
                b'}' if bytes.get(i + 1) == Some(&b'}') => return Some(i),
                _ => {}
            },
        }
    }
    None
}

/// What ended a list of parts.
enum End {
    Eof,
    Closed(u32),
    /// With what follows `else`.
    Else(u32, String),
}

struct Parser<'t> {
    chunks: std::vec::IntoIter<Chunk<'t>>,
    defines: BTreeMap<String, Rc<Vec<Part>>>,
    blocks: usize,
}

impl Parser<'_> {
    fn parts(&mut self, depth: usize) -> Result<(Vec<Part>, End), SyntaxError> {
        let mut parts = Vec::new();
        while let Some(chunk) = self.chunks.next() {
            let (text, line, alone) = match chunk {
                Chunk::Text(text, line) => {
                    let text = text.to_owned();
                    parts.push(Part::Text { text, line });
                    continue;
                }
                Chunk::Action { text, line, alone } => (text, line, alone),
            };
            let fail = |message| SyntaxError { line, message };
            if depth > MAX_DEPTH {
                return Err(fail("nested too deep"));
            }
            let (word, rest) = keyword(text);
            match word {
                "if" | "with" | "range" => {
                    let branch = self.branch(rest, line, alone, word, depth)?;
                    parts.push(match word {
                        "if" => Part::If(branch),
                        "with" => Part::With(branch),
                        _ => Part::Range(branch),
                    });
                }
                "end" if rest.is_empty() => return Ok((parts, End::Closed(line))),
                "else" => return Ok((parts, End::Else(line, rest.to_owned()))),
                "break" if rest.is_empty() => parts.push(Part::Break),
                "continue" if rest.is_empty() => parts.push(Part::Continue),
                "define" | "block" => {
                    let (name, rest) = quoted(rest).ok_or(fail("template without a name"))?;
                    let (body, end) = self.parts(depth + 1)?;
                    if !matches!(end, End::Closed(_)) {
                        return Err(fail("define without an end"));
                    }
                    if word == "block" {
                        self.blocks += 1;
                        self.defines
                            .entry(name.clone())
                            .or_insert_with(|| Rc::new(body));
                        let with = Some(pipe(rest, line, alone)?);
                        parts.push(Part::Template { name, with, line });
                    } else {
                        // An empty definition does not replace one that says something.
                        let empty = body.iter().all(
                            |part| matches!(part, Part::Text { text, .. } if text.trim().is_empty()),
                        );
                        if !empty || !self.defines.contains_key(&name) {
                            self.defines.insert(name, Rc::new(body));
                        }
                    }
                }
                "template" => {
                    let (name, rest) = quoted(rest).ok_or(fail("template without a name"))?;
                    let with = match rest.trim() {
                        "" => None,
                        rest => Some(pipe(rest, line, alone)?),
                    };
                    parts.push(Part::Template { name, with, line });
                }
                _ => parts.push(Part::Action(pipe(text, line, alone)?)),
            }
        }
        Ok((parts, End::Eof))
    }

    fn branch(
        &mut self,
        text: &str,
        line: u32,
        alone: bool,
        word: &str,
        depth: usize,
    ) -> Result<Branch, SyntaxError> {
        let pipe = pipe(text, line, alone)?;
        let (body, end) = self.parts(depth + 1)?;
        let otherwise = match end {
            End::Closed(_) => Vec::new(),
            End::Else(line, rest) if rest.is_empty() => match self.parts(depth + 1)? {
                (otherwise, End::Closed(_)) => otherwise,
                _ => {
                    let message = "else without an end";
                    return Err(SyntaxError { line, message });
                }
            },
            End::Else(line, rest) => {
                let (next, rest) = keyword(&rest);
                if next != "if" && next != "with" || word == "range" || depth > MAX_DEPTH {
                    let message = "else with something else than if or with";
                    return Err(SyntaxError { line, message });
                }
                let branch = self.branch(rest, line, true, next, depth + 1)?;
                vec![if next == "if" {
                    Part::If(branch)
                } else {
                    Part::With(branch)
                }]
            }
            End::Eof => {
                let message = "control structure without an end";
                return Err(SyntaxError { line, message });
            }
        };
        let objects = (has_objects(&body), has_objects(&otherwise));
        Ok(Branch {
            pipe,
            body,
            otherwise,
            objects,
        })
    }
}

/// The first word of an action, and the rest.
fn keyword(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    (word, rest.trim())
}

/// A string at the beginning, and the rest.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut lexer = Lexer { rest: text };
    match lexer.next().ok()?? {
        Token::Text(name) => Some((name, lexer.rest)),
        _ => None,
    }
}

/// Reads one pipeline.
pub(super) fn pipe(text: &str, line: u32, alone: bool) -> Result<Pipe, SyntaxError> {
    let mut lexer = Lexer { rest: text };
    let fail = |message| SyntaxError { line, message };
    let pipe = pipeline(&mut lexer, line, alone, text, 0).map_err(fail)?;
    match lexer.next().map_err(fail)? {
        None => Ok(pipe),
        Some(_) => Err(fail("parenthesis too many")),
    }
}

#[derive(Debug, PartialEq)]
enum Token {
    Dot,
    Field(Vec<String>),
    Variable(String, Vec<String>),
    Word(String),
    Text(String),
    Int(i64),
    Float(f64),
    Open,
    /// With the fields that follow.
    Close(Vec<String>),
    Bar,
    Comma,
    Declare,
    Assign,
}

struct Lexer<'t> {
    rest: &'t str,
}

impl Lexer<'_> {
    fn next(&mut self) -> Result<Option<Token>, &'static str> {
        self.rest = self.rest.trim_start();
        let Some(first) = self.rest.chars().next() else {
            return Ok(None);
        };
        let after = self.rest.get(first.len_utf8()..).unwrap_or_default();
        let simple = |lexer: &mut Self, rest_skip: usize, token| {
            lexer.rest = lexer.rest.get(rest_skip..).unwrap_or_default();
            Ok(Some(token))
        };
        match first {
            '(' => simple(self, 1, Token::Open),
            ')' => {
                self.rest = after;
                Ok(Some(Token::Close(self.fields())))
            }
            '|' => simple(self, 1, Token::Bar),
            ',' => simple(self, 1, Token::Comma),
            ':' if after.starts_with('=') => simple(self, 2, Token::Declare),
            '=' => simple(self, 1, Token::Assign),
            '"' | '`' | '\'' => self.string(first),
            '.' if !after.starts_with(|c: char| c.is_ascii_digit()) => {
                let fields = self.fields();
                if fields.is_empty() {
                    self.rest = after;
                    return Ok(Some(Token::Dot));
                }
                Ok(Some(Token::Field(fields)))
            }
            '$' => {
                self.rest = after;
                let name = self.word();
                Ok(Some(Token::Variable(name, self.fields())))
            }
            c if c.is_ascii_digit() || matches!(c, '-' | '+' | '.') => self.number(),
            c if c.is_alphabetic() || c == '_' => Ok(Some(Token::Word(self.word()))),
            _ => Err("character that no action has"),
        }
    }

    fn word(&mut self) -> String {
        let end = self
            .rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word.to_owned()
    }

    /// `.a.b` as far as it goes.
    fn fields(&mut self) -> Vec<String> {
        let mut fields = Vec::new();
        while let Some(rest) = self.rest.strip_prefix('.') {
            if !rest.starts_with(|c: char| c.is_alphabetic() || c == '_') {
                break;
            }
            self.rest = rest;
            fields.push(self.word());
        }
        fields
    }

    fn number(&mut self) -> Result<Option<Token>, &'static str> {
        let end = self
            .rest
            .char_indices()
            .find(|&(i, c)| {
                !(c.is_ascii_alphanumeric() || c == '.' || c == '_' || (i == 0 && "+-".contains(c)))
            })
            .map_or(self.rest.len(), |(i, _)| i);
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        let plain = text.replace('_', "");
        let magnitude = plain.trim_start_matches(['-', '+']);
        let sign = if plain.starts_with('-') { -1 } else { 1 };
        if let Some(hex) = magnitude.strip_prefix("0x") {
            let value = i64::from_str_radix(hex, 16).map_err(|_| "bad number")?;
            return Ok(Some(Token::Int(sign * value)));
        }
        if magnitude.len() > 1
            && magnitude.starts_with('0')
            && let Ok(value) = i64::from_str_radix(magnitude.trim_start_matches("0o"), 8)
        {
            return Ok(Some(Token::Int(sign * value)));
        }
        if let Ok(value) = plain.parse::<i64>() {
            return Ok(Some(Token::Int(value)));
        }
        let value = plain.parse().map_err(|_| "bad number")?;
        Ok(Some(Token::Float(value)))
    }

    fn string(&mut self, quote: char) -> Result<Option<Token>, &'static str> {
        let mut text = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((i, c)) = chars.next() {
            if c == quote {
                self.rest = self.rest.get(i + 1..).unwrap_or_default();
                if quote == '\'' {
                    let code = text.chars().next().map_or(0, u32::from);
                    return Ok(Some(Token::Int(i64::from(code))));
                }
                return Ok(Some(Token::Text(text)));
            }
            if c != '\\' || quote == '`' {
                text.push(c);
                continue;
            }
            let digits = match chars.next().map(|(_, c)| c) {
                Some('n') => {
                    text.push('\n');
                    continue;
                }
                Some('t') => {
                    text.push('\t');
                    continue;
                }
                Some('r') => {
                    text.push('\r');
                    continue;
                }
                Some('x') => 2,
                Some('u') => 4,
                Some('U') => 8,
                Some(c @ ('\\' | '"' | '\'')) => {
                    text.push(c);
                    continue;
                }
                Some(c) => {
                    text.push('\\');
                    text.push(c);
                    continue;
                }
                None => break,
            };
            let code: String = chars.by_ref().take(digits).map(|(_, c)| c).collect();
            let code = u32::from_str_radix(&code, 16).map_err(|_| "bad escape in a string")?;
            text.push(char::from_u32(code).unwrap_or('\u{FFFD}'));
        }
        Err("string without an end")
    }
}

/// Reads up to the end, or to the parenthesis that closes.
fn pipeline(
    lexer: &mut Lexer<'_>,
    line: u32,
    alone: bool,
    text: &str,
    depth: usize,
) -> Result<Pipe, &'static str> {
    if depth > MAX_DEPTH {
        return Err("nested too deep");
    }
    let mut pipe = Pipe {
        text: text.into(),
        line,
        alone,
        variables: Vec::new(),
        assigns: false,
        commands: Vec::new(),
    };
    let before = lexer.rest;
    declaration(lexer, &mut pipe)?;
    if pipe.variables.is_empty() {
        lexer.rest = before;
    }
    let mut command = Vec::new();
    loop {
        let saved = lexer.rest;
        let term = match lexer.next()? {
            None => break,
            Some(Token::Close(_)) => {
                // The caller reads it again, with the fields behind it.
                lexer.rest = saved;
                break;
            }
            Some(Token::Bar) => {
                if command.is_empty() {
                    return Err("empty command");
                }
                pipe.commands.push(std::mem::take(&mut command));
                continue;
            }
            Some(Token::Open) => {
                let start = lexer.rest;
                let mut inner = pipeline(lexer, line, alone, "", depth + 1)?;
                let used = start.len() - lexer.rest.len();
                inner.text = start.get(..used).unwrap_or_default().trim().into();
                match lexer.next()? {
                    Some(Token::Close(fields)) => Term::Paren(Box::new(inner), fields),
                    _ => return Err("parenthesis without an end"),
                }
            }
            Some(Token::Dot) => Term::Dot,
            Some(Token::Field(fields)) => Term::Field(fields),
            Some(Token::Variable(name, fields)) => Term::Variable(name, fields),
            Some(Token::Text(text)) => Term::Text(text.into()),
            Some(Token::Int(value)) => Term::Int(value),
            Some(Token::Float(value)) => Term::Float(value),
            Some(Token::Word(word)) => match word.as_str() {
                "true" => Term::Bool(true),
                "false" => Term::Bool(false),
                "nil" => Term::Nil,
                _ => Term::Function(word),
            },
            Some(Token::Comma | Token::Declare | Token::Assign) => {
                return Err("declaration in a place that has none");
            }
        };
        command.push(term);
    }
    if command.is_empty() {
        return Err("empty command");
    }
    pipe.commands.push(command);
    Ok(pipe)
}

/// `$x :=`, `$i, $x :=`, `$x =`.
fn declaration(lexer: &mut Lexer<'_>, pipe: &mut Pipe) -> Result<(), &'static str> {
    let mut names = Vec::new();
    loop {
        match lexer.next()? {
            Some(Token::Variable(name, fields)) if fields.is_empty() && names.len() < 2 => {
                names.push(name);
            }
            _ => return Ok(()),
        }
        match lexer.next() {
            Ok(Some(Token::Comma)) => {}
            Ok(Some(Token::Declare)) => break,
            Ok(Some(Token::Assign)) => {
                pipe.assigns = true;
                break;
            }
            _ => return Ok(()),
        }
    }
    pipe.variables = names;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_trimming() {
        let parsed = parse("a\n{{- if .x }}\nb: {{ .y }}\n{{- end }}\nc").unwrap();
        let [
            Part::Text { text, line: 1 },
            Part::If(branch),
            Part::Text { line: 4, .. },
        ] = parsed.body.as_slice()
        else {
            panic!("{parsed:?}");
        };
        assert_eq!(text, "a");
        assert!(branch.pipe.alone);
        assert!(
            matches!(&branch.body[..], [Part::Text { line: 2, .. }, Part::Action(pipe)] if !pipe.alone && pipe.line == 3)
        );
    }

    #[test]
    fn what_is_wrong_is_an_error_and_no_panic() {
        for text in [
            "{{",
            "{{ if }}",
            "{{ end }}",
            "{{ else }}",
            "{{ ( }}",
            "{{ ) }}",
            "{{ \"x }}",
            "{{ .a | }}",
            "{{/* x }}",
            "{{ define }}{{ end }}",
            "{{ 0x }}",
            "{{ $x, }}",
            "{{ range $a, $b, $c := .x }}{{ end }}",
            "{{ € }}",
            "{{ if .x }}",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&"{{ if .x }}".repeat(100_000)).is_err());
        assert!(parse(&format!("{{{{ {} }}}}", "(".repeat(100_000))).is_err());
    }

    #[test]
    fn actions_in_all_their_forms_are_read() {
        for text in [
            "{{ $x := .a.b | default \"c\" }}",
            "{{ $x = (index .a \"b\").c }}",
            "{{ range $i, $v := .list }}{{ break }}{{ else }}{{ end }}",
            "{{- with $.Values.x -}}{{ else with .y }}{{ else }}{{- end -}}",
            "{{ if and (eq .a 1) (not .b) }}{{ else if .c }}{{ else }}{{ end }}",
            "{{ `raw }}` }}",
            "{{- /* a\ncomment */ -}}",
            "{{ define \"x\" }}{{ . }}{{ end }}{{ block \"y\" . }}{{ end }}{{ template \"x\" }}",
            "{{ -1 }}{{ 1.5 }}{{ 0644 }}{{ 0x1F }}{{ 'a' }}",
        ] {
            assert!(parse(text).is_ok(), "{text}: {:?}", parse(text).err());
        }
    }
}
