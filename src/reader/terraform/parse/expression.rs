//! Expressions.

use super::super::syntax::{Expr, ExprKind, For, Operator, Step};
use super::{MAX_DEPTH, Parsed, Parser, Stop};

/// Longest chain of operators without brackets: it is as deep as it is long.
const MAX_CHAIN: usize = 200;

impl<'d> Parser<'d> {
    pub(super) fn expression(&mut self) -> Parsed<Expr<'d>> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Stop {
                at: self.at,
                limit: true,
                message: "nested more than 64 levels deep; what is inside was not read",
            });
        }
        let condition = self.binary(0)?;
        self.space();
        let result = if self.peek() == b'?' {
            self.at += 1;
            self.skip(true);
            let yes = self.expression()?;
            // A choice may be broken before its colon.
            self.skip(true);
            if self.peek() != b':' {
                return self.stop("a condition without an alternative");
            }
            self.at += 1;
            self.skip(true);
            let no = self.expression()?;
            Expr {
                line: condition.line,
                kind: ExprKind::Choice(Box::new((condition, yes, no))),
            }
        } else {
            condition
        };
        self.depth -= 1;
        Ok(result)
    }

    /// The operator here and how tightly it binds.
    fn operator(&self) -> Option<(Operator, u8, usize)> {
        let two = (self.peek(), self.peek_at(1));
        Some(match two {
            (b'|', b'|') => (Operator::Or, 1, 2),
            (b'&', b'&') => (Operator::And, 2, 2),
            (b'=', b'=') => (Operator::Equal, 3, 2),
            (b'!', b'=') => (Operator::Unequal, 3, 2),
            (b'<', b'=') => (Operator::LessEqual, 4, 2),
            (b'>', b'=') => (Operator::GreaterEqual, 4, 2),
            (b'<', b'<') => return None,
            (b'<', _) => (Operator::Less, 4, 1),
            (b'>', _) => (Operator::Greater, 4, 1),
            (b'+', _) => (Operator::Plus, 5, 1),
            (b'-', _) => (Operator::Minus, 5, 1),
            (b'*', _) => (Operator::Times, 6, 1),
            (b'/', _) => (Operator::Divide, 6, 1),
            // `%{` opens a directive.
            (b'%', next) if next != b'{' => (Operator::Modulo, 6, 1),
            _ => return None,
        })
    }

    fn binary(&mut self, least: u8) -> Parsed<Expr<'d>> {
        let mut left = self.unary()?;
        let mut chain = 0;
        loop {
            self.space();
            let Some((operator, binds, length)) = self.operator() else {
                return Ok(left);
            };
            if binds <= least {
                return Ok(left);
            }
            chain += 1;
            if chain > MAX_CHAIN {
                return Err(Stop {
                    at: self.at,
                    limit: true,
                    message: "more than 200 operators in a row; the expression was not read",
                });
            }
            self.at += length;
            self.skip(true);
            let right = self.binary(binds)?;
            left = Expr {
                line: left.line,
                kind: ExprKind::Binary(operator, Box::new((left, right))),
            };
        }
    }

    fn unary(&mut self) -> Parsed<Expr<'d>> {
        self.space();
        let sign = self.peek();
        if !matches!(sign, b'!' | b'-') {
            return self.postfix();
        }
        let line = self.line_of(self.at);
        self.at += 1;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Stop {
                at: self.at,
                limit: true,
                message: "nested more than 64 levels deep; what is inside was not read",
            });
        }
        let inner = Box::new(self.unary()?);
        self.depth -= 1;
        let kind = if sign == b'!' {
            ExprKind::Not(inner)
        } else {
            ExprKind::Minus(inner)
        };
        Ok(Expr { line, kind })
    }

    fn postfix(&mut self) -> Parsed<Expr<'d>> {
        let base = self.primary()?;
        let mut steps = Vec::new();
        loop {
            // Inside brackets a chain may go on in the next line.
            let before = self.at;
            self.space();
            match self.peek() {
                b'.' if self.starts(b"...") => {
                    self.at = before;
                    break;
                }
                b'.' => {
                    self.at += 1;
                    self.space();
                    if self.peek() == b'*' {
                        self.at += 1;
                        steps.push(Step::Splat(false));
                    } else if self.peek().is_ascii_digit() {
                        let start = self.at;
                        while self.peek().is_ascii_digit() {
                            self.at += 1;
                        }
                        steps.push(Step::Member(self.slice(start, self.at).into()));
                    } else if let Some(word) = self.word() {
                        steps.push(Step::Member(word.into()));
                    } else {
                        return self.stop("a dot without a name behind it");
                    }
                }
                b'[' => {
                    self.at += 1;
                    let bracketed = std::mem::replace(&mut self.bracketed, true);
                    self.space();
                    if self.peek() == b'*' {
                        self.at += 1;
                        steps.push(Step::Splat(true));
                    } else {
                        steps.push(Step::Index(self.expression()?));
                    }
                    self.space();
                    if self.peek() != b']' {
                        return self.stop("an index is not closed");
                    }
                    self.at += 1;
                    self.bracketed = bracketed;
                }
                _ => {
                    self.at = before;
                    break;
                }
            }
        }
        if steps.is_empty() {
            return Ok(base);
        }
        Ok(Expr {
            line: base.line,
            kind: ExprKind::Steps(Box::new(base), steps),
        })
    }

    fn primary(&mut self) -> Parsed<Expr<'d>> {
        self.space();
        let start = self.at;
        let line = self.line_of(start);
        let kind = match self.peek() {
            b'"' => self.quoted()?,
            b'<' if self.peek_at(1) == b'<' => self.heredoc()?,
            b'[' => self.list()?,
            b'{' => self.object()?,
            b'(' => {
                self.at += 1;
                let bracketed = std::mem::replace(&mut self.bracketed, true);
                let inner = self.expression()?;
                self.space();
                if self.peek() != b')' {
                    return self.stop("a bracket is not closed");
                }
                self.at += 1;
                self.bracketed = bracketed;
                ExprKind::Group(Box::new(inner))
            }
            b'0'..=b'9' => self.number(),
            _ => match self.word() {
                Some("true") => ExprKind::Bool(true),
                Some("false") => ExprKind::Bool(false),
                Some("null") => ExprKind::Null,
                Some(name) => self.name_or_call(name)?,
                None => return self.stop("an expression is missing or invalid"),
            },
        };
        Ok(Expr { line, kind })
    }

    fn number(&mut self) -> ExprKind<'d> {
        let start = self.at;
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        if self.peek() == b'.' && self.peek_at(1).is_ascii_digit() {
            self.at += 1;
            while self.peek().is_ascii_digit() {
                self.at += 1;
            }
        }
        if matches!(self.peek(), b'e' | b'E') {
            let sign = usize::from(matches!(self.peek_at(1), b'+' | b'-'));
            if self.peek_at(1 + sign).is_ascii_digit() {
                self.at += 1 + sign;
                while self.peek().is_ascii_digit() {
                    self.at += 1;
                }
            }
        }
        ExprKind::Number(self.slice(start, self.at).into())
    }

    fn name_or_call(&mut self, name: &'d str) -> Parsed<ExprKind<'d>> {
        let start = self.at - name.len();
        // Functions of providers: `provider::aws::arn_parse`.
        while self.starts(b"::") {
            self.at += 2;
            if self.word().is_none() {
                return self.stop("a function without a name");
            }
        }
        let name = self.slice(start, self.at);
        if self.peek() != b'(' {
            let before = self.at;
            self.skip(false);
            if self.peek() != b'(' {
                self.at = before;
                return Ok(ExprKind::Name(name.into()));
            }
        }
        self.at += 1;
        let bracketed = std::mem::replace(&mut self.bracketed, true);
        let mut arguments = Vec::new();
        let mut spread = false;
        loop {
            self.space();
            match self.peek() {
                b')' => break,
                b',' if !arguments.is_empty() => {
                    self.at += 1;
                    continue;
                }
                _ => {}
            }
            arguments.push(self.expression()?);
            self.space();
            if self.starts(b"...") {
                self.at += 3;
                spread = true;
                self.space();
            }
            if !matches!(self.peek(), b',' | b')') {
                return self.stop("the arguments of a function are not closed");
            }
        }
        self.at += 1;
        self.bracketed = bracketed;
        Ok(ExprKind::Call(name.into(), arguments, spread))
    }

    /// Whether `for` stands here as a word of its own.
    fn at_for(&self) -> bool {
        self.starts(b"for") && matches!(self.peek_at(3), b' ' | b'\t' | b'\n' | b'\r')
    }

    fn list(&mut self) -> Parsed<ExprKind<'d>> {
        self.at += 1;
        let bracketed = std::mem::replace(&mut self.bracketed, true);
        self.space();
        if self.at_for() {
            let kind = self.comprehension(b']')?;
            self.bracketed = bracketed;
            return Ok(kind);
        }
        let mut items = Vec::new();
        loop {
            self.space();
            if self.peek() == b']' {
                break;
            }
            items.push(self.expression()?);
            self.space();
            match self.peek() {
                b',' => self.at += 1,
                b']' => break,
                _ => return self.stop("a list is not closed"),
            }
        }
        self.at += 1;
        self.bracketed = bracketed;
        Ok(ExprKind::List(items))
    }

    fn object(&mut self) -> Parsed<ExprKind<'d>> {
        self.at += 1;
        let bracketed = self.bracketed;
        self.skip(true);
        if self.at_for() {
            self.bracketed = true;
            let (before, depth) = (self.at, self.depth);
            let kind = self.comprehension(b'}');
            self.bracketed = bracketed;
            match kind {
                Ok(kind) => return Ok(kind),
                // `for` may be a key.
                Err(stop) if stop.at > before + 4 => return Err(stop),
                Err(_) => (self.at, self.depth) = (before, depth),
            }
        }
        self.bracketed = false;
        let mut entries = Vec::new();
        loop {
            self.skip(true);
            match self.peek() {
                b'}' => break,
                b',' => {
                    self.at += 1;
                    continue;
                }
                _ => {}
            }
            let key = self.key()?;
            self.skip(false);
            match self.peek() {
                b'=' if self.peek_at(1) != b'=' => self.at += 1,
                b':' => self.at += 1,
                _ => return self.stop("an entry of an object has no value"),
            }
            self.skip(true);
            let value = self.expression()?;
            self.skip(false);
            if !matches!(self.peek(), b',' | b'\n' | b'}') {
                return self.stop("an object is not closed");
            }
            entries.push((key, value));
        }
        self.at += 1;
        self.bracketed = bracketed;
        Ok(ExprKind::Object(entries))
    }

    /// A key of an object: a word alone is its own name.
    fn key(&mut self) -> Parsed<Expr<'d>> {
        let start = self.at;
        if let Some(word) = self.word() {
            let end = self.at;
            self.skip(false);
            if matches!(self.peek(), b'=' | b':') && self.peek_at(1) != b'=' {
                let line = self.line_of(start);
                self.at = end;
                let kind = ExprKind::Text(word.into());
                return Ok(Expr { line, kind });
            }
            self.at = start;
        }
        self.expression()
    }

    fn comprehension(&mut self, close: u8) -> Parsed<ExprKind<'d>> {
        self.at += 3;
        self.space();
        let (key, value, collection) = self.for_head()?;
        self.space();
        if self.peek() != b':' {
            return self.stop("a `for` without a result");
        }
        self.at += 1;
        self.space();
        let mut result = self.expression()?;
        let mut entry = None;
        self.space();
        if close == b'}' && self.starts(b"=>") {
            self.at += 2;
            entry = Some(std::mem::replace(&mut result, self.expression()?));
            self.space();
        }
        let grouped = self.starts(b"...");
        if grouped {
            self.at += 3;
            self.space();
        }
        let mut condition = None;
        if self.starts(b"if") && !self.peek_at(2).is_ascii_alphanumeric() {
            self.at += 2;
            condition = Some(self.expression()?);
            self.space();
        }
        if self.peek() != close {
            return self.stop("a `for` is not closed");
        }
        self.at += 1;
        Ok(ExprKind::For(Box::new(For {
            key,
            value,
            collection,
            entry,
            result,
            grouped,
            condition,
        })))
    }

    /// `key, value in collection`.
    pub(super) fn for_head(
        &mut self,
    ) -> Parsed<(
        Option<std::borrow::Cow<'d, str>>,
        std::borrow::Cow<'d, str>,
        Expr<'d>,
    )> {
        let Some(first) = self.word() else {
            return self.stop("a `for` without a name");
        };
        self.space();
        let mut second = None;
        if self.peek() == b',' {
            self.at += 1;
            self.space();
            second = self.word();
            if second.is_none() {
                return self.stop("a `for` without a name");
            }
            self.space();
        }
        if self.word() != Some("in") {
            return self.stop("a `for` without `in`");
        }
        let collection = self.expression()?;
        Ok(match second {
            Some(second) => (Some(first.into()), second.into(), collection),
            None => (None, first.into(), collection),
        })
    }
}
