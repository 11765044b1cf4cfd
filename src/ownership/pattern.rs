//! One CODEOWNERS pattern, compiled. Matching never backtracks exponentially: neither characters within
//! a path segment nor segments within a path cost more than pattern × text.

use crate::model::CodeownersDialect;

/// A compiled pattern over paths relative to the repository's root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    segments: Vec<Segment>,
}

/// What one segment of a path must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    /// `**`: any number of segments, also none.
    Many,
    /// `*`: any one segment.
    One,
    /// Exactly this.
    Literal(Box<str>),
    /// A glob within the segment.
    Glob(Vec<Token>),
}

/// A piece of a glob within a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Char(char),
    /// `?`
    Any,
    /// `*`
    Run,
    /// `[a-z]`, `[!a-z]`
    Set(Vec<(char, char)>, bool),
}

impl Pattern {
    /// Compiles a pattern as the host reads it; `None` for one that can match nothing.
    ///
    /// GitHub: without a slash (but at the end) it matches at any depth, else from the root; a name also
    /// owns everything below a directory of that name; a last segment `*` owns direct children only; a
    /// final slash owns what is inside. GitLab: without a leading slash it matches at any depth, a final
    /// slash owns what is inside, and anything else means exactly the file.
    pub fn compile(pattern: &str, dialect: CodeownersDialect) -> Option<Self> {
        if dialect == CodeownersDialect::Gitea {
            // A regular expression: see `super::codeowners`.
            return None;
        }
        let mut segments = Vec::new();
        let (body, rooted) = match pattern.strip_prefix('/') {
            Some(body) => (body, true),
            None => (pattern, false),
        };
        let (body, inside) = match body.strip_suffix('/') {
            Some(body) => (body, true),
            None => (body, false),
        };
        if body.is_empty() {
            return None;
        }
        let gitlab = dialect == CodeownersDialect::GitLab;
        let floating = !rooted && (gitlab || !body.contains('/'));
        if floating && (gitlab || body != "**") {
            segments.push(Segment::Many);
        }
        let last = body.split('/').count() - 1;
        for (at, part) in body.split('/').enumerate() {
            let ends = at == last && !inside;
            match part {
                // In GitLab only `**/` spans directories; elsewhere it is a `*`.
                "**" if !(gitlab && ends) => {
                    if segments.last() != Some(&Segment::Many) {
                        segments.push(Segment::Many);
                    }
                    // `a/**` is what is inside; `a/**/` is what is inside a directory inside.
                    if at == last && !gitlab {
                        segments.push(Segment::One);
                    }
                }
                "*" | "**" => segments.push(Segment::One),
                _ => {
                    segments.push(segment(part, gitlab));
                    if ends && !gitlab {
                        segments.push(Segment::Many);
                    }
                }
            }
        }
        if inside {
            segments.extend([Segment::Many, Segment::One]);
        }
        Some(Self { segments })
    }

    /// Whether a path (relative, `/`-separated) is meant.
    pub fn matches(&self, path: &str) -> bool {
        let path: Vec<&str> = path.split('/').collect();
        self.matches_segments(&path)
    }

    pub(super) fn matches_segments(&self, path: &[&str]) -> bool {
        let (mut p, mut t) = (0, 0);
        let mut resume: Option<(usize, usize)> = None;
        loop {
            let text = path.get(t);
            let matched = match (self.segments.get(p), text) {
                (Some(Segment::Many), _) => {
                    p += 1;
                    resume = Some((p, t));
                    continue;
                }
                (None, None) => return true,
                (Some(segment), Some(text)) => segment.matches(text),
                _ => false,
            };
            if matched {
                p += 1;
                t += 1;
                continue;
            }
            match resume {
                Some((many, from)) if from < path.len() => {
                    p = many;
                    t = from + 1;
                    resume = Some((many, t));
                }
                _ => return false,
            }
        }
    }

    pub(super) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The longest text within a segment that stands in every path it matches; empty when there is none.
    pub(super) fn literal(&self) -> String {
        let mut longest = String::new();
        let mut run = String::new();
        let mut end = |run: &mut String| {
            if run.len() > longest.len() {
                longest.clone_from(run);
            }
            run.clear();
        };
        for segment in &self.segments {
            match segment {
                Segment::Many | Segment::One => {}
                Segment::Literal(text) => run.push_str(text),
                Segment::Glob(tokens) => {
                    for token in tokens {
                        match token {
                            Token::Char(c) => run.push(*c),
                            _ => end(&mut run),
                        }
                    }
                }
            }
            end(&mut run);
        }
        longest
    }

    /// Whether it means every file: a default rather than a statement about a file.
    pub(super) fn catches_all(&self) -> bool {
        self.segments
            .iter()
            .all(|s| matches!(s, Segment::Many | Segment::One))
            && self.segments.contains(&Segment::Many)
            && self.segments.iter().filter(|s| **s == Segment::One).count() <= 1
    }
}

impl Segment {
    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Many | Self::One => !text.is_empty(),
            Self::Literal(literal) => **literal == *text,
            Self::Glob(tokens) => glob(tokens, text),
        }
    }
}

fn segment(part: &str, sets: bool) -> Segment {
    let mut tokens = Vec::new();
    let mut rest = part.chars();
    while let Some(c) = rest.next() {
        tokens.push(match c {
            '\\' => Token::Char(rest.next().unwrap_or('\\')),
            '*' if tokens.last() == Some(&Token::Run) => continue,
            '*' => Token::Run,
            '?' => Token::Any,
            '[' if sets => {
                let (token, after) = set(rest.as_str());
                rest = after.chars();
                token
            }
            c => Token::Char(c),
        });
    }
    let literal: Option<String> = tokens
        .iter()
        .map(|token| match token {
            Token::Char(c) => Some(*c),
            _ => None,
        })
        .collect();
    match literal {
        Some(literal) => Segment::Literal(literal.into()),
        None => Segment::Glob(tokens),
    }
}

/// What follows a `[`, up to and with the `]`, as Ruby's `fnmatch` reads it: a backslash escapes, an empty set
/// is none of any, and one without end matches nothing.
fn set(text: &str) -> (Token, &str) {
    let negated = text.starts_with(['!', '^']);
    let mut chars = text.strip_prefix(['!', '^']).unwrap_or(text).chars();
    let mut ranges = Vec::new();
    let literal = |chars: &mut std::str::Chars<'_>| match chars.next() {
        Some('\\') => chars.next(),
        c => c,
    };
    loop {
        let mut ahead = chars.clone();
        if ahead.next() == Some(']') {
            return (Token::Set(ranges, negated), ahead.as_str());
        }
        let Some(from) = literal(&mut chars) else {
            return (Token::Set(Vec::new(), false), "");
        };
        let mut ahead = chars.clone();
        if ahead.next() == Some('-') && !ahead.as_str().starts_with(']') {
            let Some(to) = literal(&mut ahead) else {
                return (Token::Set(Vec::new(), false), "");
            };
            ranges.push((from, to));
            chars = ahead;
        } else {
            ranges.push((from, from));
        }
    }
}

fn glob(tokens: &[Token], text: &str) -> bool {
    let mut rest = text.chars();
    let mut p = 0;
    let mut resume: Option<(usize, std::str::Chars<'_>)> = None;
    loop {
        if tokens.get(p) == Some(&Token::Run) {
            p += 1;
            resume = Some((p, rest.clone()));
            continue;
        }
        let mut ahead = rest.clone();
        let matched = match (tokens.get(p), ahead.next()) {
            (None, None) => return true,
            (Some(Token::Char(expected)), Some(c)) => *expected == c,
            (Some(Token::Any), Some(_)) => true,
            (Some(Token::Set(ranges, negated)), Some(c)) => {
                ranges.iter().any(|(from, to)| (*from..=*to).contains(&c)) != *negated
            }
            _ => false,
        };
        if matched {
            p += 1;
            rest = ahead;
            continue;
        }
        match &mut resume {
            Some((run, from)) => {
                if from.next().is_none() {
                    return false;
                }
                p = *run;
                rest = from.clone();
            }
            None => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;
    use crate::model::CodeownersDialect::{GitHub, GitLab};

    #[test]
    fn hostile_patterns_are_not_exponential() {
        let path = format!("{}x", "a/".repeat(2000));
        let pattern = format!("/{}b", "**/a/".repeat(200));
        assert!(!Pattern::compile(&pattern, GitHub).unwrap().matches(&path));
        let pattern = format!("{}b", "a*".repeat(2000));
        assert!(
            !Pattern::compile(&pattern, GitHub)
                .unwrap()
                .matches(&"a".repeat(4000))
        );
    }

    #[test]
    fn catch_alls() {
        for (pattern, dialect, expected) in [
            ("*", GitHub, true),
            ("**", GitHub, true),
            ("/**", GitHub, true),
            ("*", GitLab, true),
            ("/*", GitHub, false),
            ("/*/*", GitHub, false),
            ("*.js", GitHub, false),
            ("docs/", GitHub, false),
        ] {
            let compiled = Pattern::compile(pattern, dialect).unwrap();
            assert_eq!(compiled.catches_all(), expected, "{pattern}");
        }
    }
}
