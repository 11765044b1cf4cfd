//! What a configuration says, before anything of it is worked out.

use std::borrow::Cow;

/// What stands at the top of a file or between a block's braces.
#[derive(Debug, Default)]
pub(super) struct Body<'d> {
    /// `name = value`.
    pub(super) attributes: Vec<Attribute<'d>>,
    /// `kind "label" { … }`.
    pub(super) blocks: Vec<Block<'d>>,
}

impl<'d> Body<'d> {
    /// The value of an attribute; the last one counts.
    pub(super) fn attribute(&self, name: &str) -> Option<&Expr<'d>> {
        let mut found = self.attributes.iter().rev();
        found.find(|a| a.name == name).map(|a| &a.value)
    }

    /// The blocks of a kind.
    pub(super) fn blocks<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Block<'d>> {
        self.blocks.iter().filter(move |block| block.kind == kind)
    }
}

/// An argument.
#[derive(Debug)]
pub(super) struct Attribute<'d> {
    pub(super) name: Cow<'d, str>,
    pub(super) line: u32,
    pub(super) value: Expr<'d>,
}

/// A block with its labels.
#[derive(Debug)]
pub(super) struct Block<'d> {
    pub(super) kind: Cow<'d, str>,
    pub(super) labels: Vec<Cow<'d, str>>,
    pub(super) line: u32,
    pub(super) body: Body<'d>,
}

impl Block<'_> {
    /// A label by its place; empty where there is none.
    pub(super) fn label(&self, at: usize) -> &str {
        self.labels.get(at).map_or("", |label| label)
    }
}

/// An expression and the line that it begins on.
#[derive(Debug)]
pub(super) struct Expr<'d> {
    pub(super) line: u32,
    pub(super) kind: ExprKind<'d>,
}

/// What an expression is.
#[derive(Debug)]
pub(super) enum ExprKind<'d> {
    Null,
    Bool(bool),
    Number(Cow<'d, str>),
    Text(Cow<'d, str>),
    Template(Vec<Part<'d>>),
    List(Vec<Expr<'d>>),
    /// Keys are words or expressions; a word is its own name.
    Object(Vec<(Expr<'d>, Expr<'d>)>),
    /// The first name of a reference, and what follows.
    Name(Cow<'d, str>),
    Steps(Box<Expr<'d>>, Vec<Step<'d>>),
    /// Name, arguments, and whether the last is followed by `...`.
    Call(Cow<'d, str>, Vec<Expr<'d>>, bool),
    Not(Box<Expr<'d>>),
    Minus(Box<Expr<'d>>),
    Binary(Operator, Box<(Expr<'d>, Expr<'d>)>),
    /// Condition, then, else.
    Choice(Box<(Expr<'d>, Expr<'d>, Expr<'d>)>),
    For(Box<For<'d>>),
    Group(Box<Expr<'d>>),
}

/// What follows a value.
#[derive(Debug)]
pub(super) enum Step<'d> {
    /// `.name` and `.0`.
    Member(Cow<'d, str>),
    /// `[expression]`.
    Index(Expr<'d>),
    /// `[*]` (true) applies to all that follows, `.*` to the members that follow.
    Splat(bool),
}

/// A part of a text with expressions in it.
#[derive(Debug)]
pub(super) enum Part<'d> {
    Text(Cow<'d, str>),
    Value(Expr<'d>),
    If(Expr<'d>, Vec<Part<'d>>, Vec<Part<'d>>),
    For(Box<TemplateFor<'d>>),
}

/// `%{ for key, value in collection } … %{ endfor }`.
#[derive(Debug)]
pub(super) struct TemplateFor<'d> {
    pub(super) key: Option<Cow<'d, str>>,
    pub(super) value: Cow<'d, str>,
    pub(super) collection: Expr<'d>,
    pub(super) body: Vec<Part<'d>>,
}

/// `[for …]` and `{for …}`.
#[derive(Debug)]
pub(super) struct For<'d> {
    pub(super) key: Option<Cow<'d, str>>,
    pub(super) value: Cow<'d, str>,
    pub(super) collection: Expr<'d>,
    /// The key of an entry, where an object is made.
    pub(super) entry: Option<Expr<'d>>,
    pub(super) result: Expr<'d>,
    /// `...`: values of one key are gathered.
    pub(super) grouped: bool,
    pub(super) condition: Option<Expr<'d>>,
}

/// Operators with two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Or,
    And,
    Equal,
    Unequal,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Plus,
    Minus,
    Times,
    Divide,
    Modulo,
}

impl Operator {
    /// How it is written.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Or => "||",
            Self::And => "&&",
            Self::Equal => "==",
            Self::Unequal => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::Plus => "+",
            Self::Minus => "-",
            Self::Times => "*",
            Self::Divide => "/",
            Self::Modulo => "%",
        }
    }
}

fn owned(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}

impl Expr<'_> {
    /// The expression without what it borrows: texts in JSON do not stand in the file as they are read.
    pub(super) fn into_owned<'o>(self) -> Expr<'o> {
        let all = |items: Vec<Self>| items.into_iter().map(Expr::into_owned).collect();
        let one = |inner: Box<Self>| Box::new((*inner).into_owned());
        let kind = match self.kind {
            ExprKind::Null => ExprKind::Null,
            ExprKind::Bool(value) => ExprKind::Bool(value),
            ExprKind::Number(text) => ExprKind::Number(owned(text)),
            ExprKind::Text(text) => ExprKind::Text(owned(text)),
            ExprKind::Template(parts) => ExprKind::Template(own_parts(parts)),
            ExprKind::List(items) => ExprKind::List(all(items)),
            ExprKind::Object(entries) => {
                let entry = |(key, value): (Self, Self)| (key.into_owned(), value.into_owned());
                ExprKind::Object(entries.into_iter().map(entry).collect())
            }
            ExprKind::Name(name) => ExprKind::Name(owned(name)),
            ExprKind::Steps(base, steps) => {
                let step = |step| match step {
                    Step::Member(name) => Step::Member(owned(name)),
                    Step::Index(index) => Step::Index(index.into_owned()),
                    Step::Splat(full) => Step::Splat(full),
                };
                ExprKind::Steps(one(base), steps.into_iter().map(step).collect())
            }
            ExprKind::Call(name, arguments, spread) => {
                ExprKind::Call(owned(name), all(arguments), spread)
            }
            ExprKind::Not(inner) => ExprKind::Not(one(inner)),
            ExprKind::Minus(inner) => ExprKind::Minus(one(inner)),
            ExprKind::Group(inner) => ExprKind::Group(one(inner)),
            ExprKind::Binary(operator, sides) => {
                let sides = (sides.0.into_owned(), sides.1.into_owned());
                ExprKind::Binary(operator, Box::new(sides))
            }
            ExprKind::Choice(it) => ExprKind::Choice(Box::new((
                it.0.into_owned(),
                it.1.into_owned(),
                it.2.into_owned(),
            ))),
            ExprKind::For(it) => ExprKind::For(Box::new(For {
                key: it.key.map(owned),
                value: owned(it.value),
                collection: it.collection.into_owned(),
                entry: it.entry.map(Expr::into_owned),
                result: it.result.into_owned(),
                grouped: it.grouped,
                condition: it.condition.map(Expr::into_owned),
            })),
        };
        Expr {
            line: self.line,
            kind,
        }
    }
}

fn own_parts<'o>(parts: Vec<Part<'_>>) -> Vec<Part<'o>> {
    let part = |part| match part {
        Part::Text(text) => Part::Text(owned(text)),
        Part::Value(value) => Part::Value(value.into_owned()),
        Part::If(condition, yes, no) => {
            Part::If(condition.into_owned(), own_parts(yes), own_parts(no))
        }
        Part::For(it) => Part::For(Box::new(TemplateFor {
            key: it.key.map(owned),
            value: owned(it.value),
            collection: it.collection.into_owned(),
            body: own_parts(it.body),
        })),
    };
    parts.into_iter().map(part).collect()
}
