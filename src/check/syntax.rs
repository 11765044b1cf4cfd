//! From the text of a condition to CEL's syntax tree, within limits.
//!
//! CEL is the expression language that security engineers meet elsewhere, so its own parser reads it.
//! That parser recurses, and the check may come from anywhere: what could exhaust the stack is refused
//! before it is parsed. The counts ignore quotes, so that nothing can hide behind one.

use super::error::Fault;
use cel::common::ast::{Expr, IdedExpr, SourceInfo};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Longest condition, in bytes.
const MAX_LENGTH: usize = 4_000;
/// How many brackets may be opened.
const MAX_BRACKETS: usize = 40;
/// How many characters of operators (and `in`) may stand in a condition.
const MAX_OPERATORS: usize = 300;
/// How deep expressions may nest, as the parser counts.
const MAX_DEPTH: u16 = 24;

/// A parsed condition and where its parts stand.
pub(super) struct Syntax {
    pub expression: IdedExpr,
    info: SourceInfo,
}

impl Syntax {
    /// Characters before a part of the condition.
    pub(super) fn offset(&self, part: &IdedExpr) -> usize {
        // A member access is placed at its dot; people look for the name's beginning.
        let mut part = part;
        while let Expr::Select(select) = &part.expr {
            part = &select.operand;
        }
        let offset = self.info.offset_for(part.id).map_or(0, |(start, _)| start);
        usize::try_from(offset).unwrap_or_default()
    }
}

/// Parses a condition. No macro is expanded: `has`, `exists` and `all` stay the calls they are written as.
pub(super) fn parse(source: &str) -> Result<Syntax, Fault> {
    limits(source)?;
    let parser = cel::Env::default()
        .with_optional_support(false)
        .parser()
        .max_recursion_depth(MAX_DEPTH)
        .error_recovery_limit(4);
    // The generated parser has places that panic on input its grammar did not foresee.
    let parsed = catch_unwind(AssertUnwindSafe(|| parser.parse_with_source_info(source)));
    match parsed {
        Ok(Ok((expression, info))) => Ok(Syntax { expression, info }),
        Ok(Err(errors)) => Err(errors.errors.first().map_or_else(
            || Fault::new(0, "not a CEL expression"),
            |error| Fault::new(offset(source, error.pos), describe(&error.msg)),
        )),
        Err(_) => Err(Fault::new(0, "not a CEL expression")),
    }
}

/// The parser's message without its inner workings.
fn describe(message: &str) -> String {
    if message.contains("Recursion limit") {
        return format!("nests more than {MAX_DEPTH} deep; split it into several checks");
    }
    let message = message.strip_prefix("Syntax error: ").unwrap_or(message);
    // Where it does not know how to go on, the parser lists every token of the language.
    let message = message.split(" expecting ").next().unwrap_or(message);
    let short: String = message
        .chars()
        .filter(|c| !c.is_control())
        .take(120)
        .collect();
    format!("not a CEL expression: {short}")
}

fn limits(source: &str) -> Result<(), Fault> {
    if source.len() > MAX_LENGTH {
        return Err(Fault::new(
            0,
            format!("longer than {MAX_LENGTH} bytes; split it into several checks"),
        ));
    }
    let brackets = source.matches(['(', '[', '{']).count();
    if brackets > MAX_BRACKETS {
        return Err(Fault::new(
            0,
            format!("opens more than {MAX_BRACKETS} brackets; split it into several checks"),
        ));
    }
    let symbols = source
        .matches([
            '.', '+', '-', '*', '/', '%', '<', '>', '=', '!', '?', '&', '|',
        ])
        .count();
    let words = source.matches("in").count();
    if symbols + words > MAX_OPERATORS {
        return Err(Fault::new(
            0,
            "has too many operators; split it into several checks",
        ));
    }
    Ok(())
}

/// Characters before a line and column, both 1-based.
fn offset(source: &str, (line, column): (isize, isize)) -> usize {
    let line = usize::try_from(line).unwrap_or(1).max(1) - 1;
    let column = usize::try_from(column).unwrap_or(1).max(1) - 1;
    let before: usize = source
        .split_inclusive('\n')
        .take(line)
        .map(|l| l.chars().count())
        .sum();
    (before + column).min(source.chars().count())
}
