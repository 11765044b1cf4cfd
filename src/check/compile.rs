//! Conditions are type-checked against the attributes of their subject and lowered to a predicate, when
//! they are loaded: a misspelt attribute or a word outside its set never waits for a scan to be noticed.

mod operation;

use super::error::{Fault, did_you_mean};
use super::predicate::{Bool, Int, List, Relation, Text};
use super::schema::{Attribute, Enumeration, Type};
use super::syntax::{Syntax, parse};
use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};
use operation::relation;

/// How many `exists` and `all` may stand inside one another.
const MAX_ITEMS: usize = 2;
/// How large a compiled regular expression may be, in bytes.
const MAX_REGEX: usize = 1 << 20;

/// What a condition may name.
pub(super) struct Names<'n> {
    /// The subject's attributes, in table order.
    pub attributes: &'n [Attribute],
    /// The check's parameters.
    pub parameters: &'n [(String, Type)],
}

/// A condition that is ready to be evaluated.
#[derive(Debug)]
pub(super) struct Condition {
    /// What is evaluated.
    pub predicate: Bool,
    /// The attributes it reads, by position, in the order of their first mention.
    pub attributes: Vec<usize>,
    /// The parameters it reads, by position.
    pub parameters: Vec<usize>,
}

/// Compiles the text of a condition, which must be a truth value.
pub(super) fn compile(source: &str, names: &Names<'_>) -> Result<Condition, Fault> {
    let syntax = parse(source)?;
    let mut compiler = Compiler {
        syntax: &syntax,
        names,
        items: Vec::new(),
        attributes: Vec::new(),
        parameters: Vec::new(),
    };
    let predicate = compiler.bool(&syntax.expression)?;
    Ok(Condition {
        predicate,
        attributes: compiler.attributes,
        parameters: compiler.parameters,
    })
}

/// An expression with its type.
enum Typed {
    Bool(Bool),
    Int(Int),
    Time(Int),
    Rank(&'static Enumeration, Int),
    Text(Text),
    /// Text that is known to be a word of a set.
    Word(&'static Enumeration, Text),
    /// A string as written: text, or a word where one is asked for.
    Literal(String),
    List(Option<&'static Enumeration>, List),
    Literals(Vec<Literal>),
}

enum Literal {
    Int(i64),
    Text(String),
}

impl Typed {
    fn describe(&self) -> String {
        match self {
            Self::Bool(_) => "a truth value".to_owned(),
            Self::Int(_) => "a number".to_owned(),
            Self::Time(_) => "an instant".to_owned(),
            Self::Rank(set, _) | Self::Word(set, _) => format!("a {}", set.name),
            Self::Text(_) | Self::Literal(_) => "text".to_owned(),
            Self::List(..) | Self::Literals(_) => "a list".to_owned(),
        }
    }
}

struct Compiler<'c> {
    syntax: &'c Syntax,
    names: &'c Names<'c>,
    items: Vec<(String, Option<&'static Enumeration>)>,
    attributes: Vec<usize>,
    parameters: Vec<usize>,
}

type Lowered<T> = Result<T, Fault>;

impl Compiler<'_> {
    fn fault(&self, at: &IdedExpr, message: impl Into<String>) -> Fault {
        Fault::new(self.syntax.offset(at), message)
    }

    fn bool(&mut self, e: &IdedExpr) -> Lowered<Bool> {
        match self.typed(e)? {
            Typed::Bool(b) => Ok(b),
            other => Err(self.fault(
                e,
                format!(
                    "a truth value is needed here, and this is {}",
                    other.describe()
                ),
            )),
        }
    }

    fn typed(&mut self, e: &IdedExpr) -> Lowered<Typed> {
        match &e.expr {
            Expr::Literal(literal) => self.literal(e, literal),
            Expr::Ident(_) | Expr::Select(_) => self.name(e),
            Expr::List(list) => self.list(&list.elements),
            Expr::Call(call) => self.call(e, call),
            Expr::Map(_) => Err(self.fault(e, "maps are not part of conditions")),
            Expr::Struct(_) => Err(self.fault(e, "messages are not part of conditions")),
            Expr::Comprehension(_) | Expr::Unspecified => {
                Err(self.fault(e, "this is not part of conditions"))
            }
        }
    }

    fn literal(&self, e: &IdedExpr, literal: &LiteralValue) -> Lowered<Typed> {
        match literal {
            LiteralValue::Boolean(b) => Ok(Typed::Bool(Bool::Const(*b.inner()))),
            LiteralValue::Int(i) => Ok(Typed::Int(Int::Const(*i.inner()))),
            LiteralValue::String(s) => Ok(Typed::Literal(s.inner().to_owned())),
            LiteralValue::Null => Err(self
                .fault(e, "there is no null: an attribute is known or not")
                .hint("write `has(attribute)`".to_owned())),
            LiteralValue::Double(_) | LiteralValue::UInt(_) => {
                Err(self.fault(e, "numbers are whole, without a suffix"))
            }
            LiteralValue::Bytes(_) => Err(self.fault(e, "bytes are not part of conditions")),
        }
    }

    fn list(&mut self, elements: &[IdedExpr]) -> Lowered<Typed> {
        let mut literals = Vec::with_capacity(elements.len());
        for element in elements {
            literals.push(match self.typed(element)? {
                Typed::Literal(text) => Literal::Text(text),
                Typed::Int(Int::Const(number)) => Literal::Int(number),
                _ => {
                    return Err(self.fault(element, "lists hold strings or numbers as written"));
                }
            });
        }
        Ok(Typed::Literals(literals))
    }

    fn name(&mut self, e: &IdedExpr) -> Lowered<Typed> {
        let Some(name) = dotted(e) else {
            return Err(self.fault(e, "only names have members here"));
        };
        let bound = self.items.iter().rev().position(|(item, _)| *item == name);
        if let Some(levels) = bound {
            let set = self
                .items
                .iter()
                .rev()
                .nth(levels)
                .and_then(|(_, set)| *set);
            let text = Text::Item(levels);
            return Ok(set.map_or(Typed::Text(Text::Item(levels)), |s| Typed::Word(s, text)));
        }
        if name == "now" {
            return Ok(Typed::Time(Int::Now));
        }
        if let Some(parameter) = name.strip_prefix("parameters.") {
            return self.parameter(e, parameter);
        }
        let at = self.attribute(e, &name)?;
        let kind = self.names.attributes.get(at).map(|a| a.kind);
        Ok(match kind {
            Some(Type::Bool) => Typed::Bool(Bool::Attribute(at)),
            Some(Type::Int) => Typed::Int(Int::Attribute(at)),
            Some(Type::Time) => Typed::Time(Int::Attribute(at)),
            Some(Type::Enum(set)) => Typed::Rank(set, Int::Attribute(at)),
            Some(Type::Texts) => Typed::List(None, List::Attribute(at)),
            Some(Type::Words(set)) => Typed::List(Some(set), List::Attribute(at)),
            Some(Type::Text) | None => Typed::Text(Text::Attribute(at)),
        })
    }

    fn attribute(&mut self, e: &IdedExpr, name: &str) -> Lowered<usize> {
        let attributes = self.names.attributes;
        let Some(at) = attributes.iter().position(|a| a.name == name) else {
            let parameters = self.names.parameters.iter().map(|(p, _)| p);
            let hint = if parameters.into_iter().any(|p| p == name) {
                Some(format!("write `parameters.{name}`"))
            } else {
                did_you_mean(name, attributes.iter().map(|a| a.name))
            };
            return Err(self
                .fault(e, format!("unknown attribute `{}`", clipped(name)))
                .hint(hint));
        };
        if !self.attributes.contains(&at) {
            self.attributes.push(at);
        }
        Ok(at)
    }

    fn parameter(&mut self, e: &IdedExpr, name: &str) -> Lowered<Typed> {
        let found = self.names.parameters.iter().enumerate();
        let mut found = found.filter(|(_, (n, _))| n == name);
        let Some((at, (_, kind))) = found.next() else {
            let known = self.names.parameters.iter().map(|(n, _)| n.as_str());
            return Err(self
                .fault(
                    e,
                    format!("the check declares no parameter `{}`", clipped(name)),
                )
                .hint(did_you_mean(name, known)));
        };
        if !self.parameters.contains(&at) {
            self.parameters.push(at);
        }
        Ok(match kind {
            Type::Bool => Typed::Bool(Bool::Parameter(at)),
            Type::Int => Typed::Int(Int::Parameter(at)),
            Type::Time => Typed::Time(Int::Parameter(at)),
            Type::Enum(set) => Typed::Rank(set, Int::Parameter(at)),
            Type::Text => Typed::Text(Text::Parameter(at)),
            Type::Texts => Typed::List(None, List::Parameter(at)),
            Type::Words(set) => Typed::List(Some(set), List::Parameter(at)),
        })
    }

    fn call(&mut self, e: &IdedExpr, call: &CallExpr) -> Lowered<Typed> {
        match (call.target.as_deref(), &*call.func_name, &*call.args) {
            (None, operators::LOGICAL_AND | operators::LOGICAL_OR, _) => {
                let mut parts = Vec::new();
                self.flatten(e, &call.func_name, &mut parts)?;
                let parts = parts.into_boxed_slice();
                Ok(Typed::Bool(if call.func_name == operators::LOGICAL_AND {
                    Bool::All(parts)
                } else {
                    Bool::Any(parts)
                }))
            }
            (None, operators::LOGICAL_NOT, [a]) => {
                Ok(Typed::Bool(Bool::Not(Box::new(self.bool(a)?))))
            }
            (None, operators::CONDITIONAL, [condition, yes, no]) => {
                self.ternary(e, condition, yes, no)
            }
            (None, operators::ADD | operators::SUBSTRACT, [a, b]) => {
                self.arithmetic(e, call.func_name == operators::ADD, a, b)
            }
            (None, operators::NEGATE, [a]) => match self.typed(a)? {
                Typed::Int(Int::Const(n)) => Ok(Typed::Int(Int::Const(n.saturating_neg()))),
                Typed::Int(n) => Ok(Typed::Int(Int::Subtract(Box::new((Int::Const(0), n))))),
                other => Err(self.fault(a, format!("{} cannot be negated", other.describe()))),
            },
            (None, operators::IN, [a, b]) => self.membership(a, b),
            (None, name, [a, b]) if relation(name).is_some() => {
                let relation = relation(name).unwrap_or(Relation::Equal);
                self.compare(e, relation, a, b)
            }
            (None, operators::HAS, [a]) => self.has(a),
            (None, "size", [a]) | (Some(a), "size", []) => self.size(a),
            (None, "timestamp", [a]) => self.timestamp(a),
            (Some(a), operators::EXISTS | operators::ALL, [item, inner]) => {
                self.quantifier(a, call.func_name == operators::EXISTS, item, inner)
            }
            (Some(a), "startsWith" | "endsWith" | "contains" | "matches", [b]) => {
                self.text_test(&call.func_name, a, b)
            }
            (_, name, _) => Err(self.unknown_function(e, name)),
        }
    }

    fn unknown_function(&self, e: &IdedExpr, name: &str) -> Fault {
        const FUNCTIONS: [&str; 9] = [
            "has",
            "size",
            "timestamp",
            "exists",
            "all",
            "startsWith",
            "endsWith",
            "contains",
            "matches",
        ];
        if FUNCTIONS.contains(&name) {
            return self.fault(e, format!("`{name}` is called with the wrong arguments"));
        }
        let operator = match name {
            operators::MULTIPLY => Some("*"),
            operators::DIVIDE => Some("/"),
            operators::MODULO => Some("%"),
            operators::INDEX => Some("[ ]"),
            _ => None,
        };
        match operator {
            Some(operator) => self.fault(e, format!("`{operator}` is not part of conditions")),
            None => self
                .fault(e, format!("`{name}` is not part of conditions"))
                .hint(did_you_mean(name, FUNCTIONS)),
        }
    }

    /// The operands of a chain of one logical operator, which the parser hands over as a balanced tree.
    fn flatten(&mut self, e: &IdedExpr, operator: &str, parts: &mut Vec<Bool>) -> Lowered<()> {
        match &e.expr {
            Expr::Call(call) if call.func_name == operator && call.target.is_none() => call
                .args
                .iter()
                .try_for_each(|a| self.flatten(a, operator, parts)),
            _ => {
                parts.push(self.bool(e)?);
                Ok(())
            }
        }
    }
}

/// A name short enough to be shown.
fn clipped(name: &str) -> String {
    let mut clipped: String = name.chars().take(60).collect();
    if clipped.len() < name.len() {
        clipped.push('…');
    }
    clipped
}

/// `a.b.c`, where an expression is nothing but names.
fn dotted(e: &IdedExpr) -> Option<String> {
    let mut names = Vec::new();
    let mut e = e;
    loop {
        match &e.expr {
            Expr::Select(select) if !select.test => {
                names.push(select.field.as_str());
                e = &select.operand;
            }
            Expr::Ident(name) => {
                names.push(name);
                break;
            }
            _ => return None,
        }
    }
    names.reverse();
    Some(names.join("."))
}
