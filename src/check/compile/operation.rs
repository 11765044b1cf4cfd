//! Operators and functions: what each takes, what it gives, and what it is lowered to.

use super::{Compiler, Literal, Lowered, MAX_ITEMS, MAX_REGEX, Typed, clipped, dotted};
use crate::check::error::did_you_mean;
use crate::check::predicate::{Bool, Int, List, Relation, Text};
use crate::check::schema::Enumeration;
use crate::model::Timestamp;
use cel::common::ast::{Expr, IdedExpr, operators};

impl Compiler<'_> {
    pub(super) fn ternary(
        &mut self,
        e: &IdedExpr,
        condition: &IdedExpr,
        yes: &IdedExpr,
        no: &IdedExpr,
    ) -> Lowered<Typed> {
        let condition = self.bool(condition)?;
        let (yes, no) = (self.typed(yes)?, self.typed(no)?);
        Ok(match (yes, no) {
            (Typed::Bool(a), Typed::Bool(b)) => Typed::Bool(Bool::If(Box::new((condition, a, b)))),
            (Typed::Int(a), Typed::Int(b)) => Typed::Int(Int::If(Box::new((condition, a, b)))),
            (Typed::Time(a), Typed::Time(b)) => Typed::Time(Int::If(Box::new((condition, a, b)))),
            (Typed::Rank(s, a), Typed::Rank(t, b)) if s == t => {
                Typed::Rank(s, Int::If(Box::new((condition, a, b))))
            }
            (Typed::Rank(s, a), Typed::Literal(word)) => {
                let b = Int::Const(self.rank(e, s, &word)?);
                Typed::Rank(s, Int::If(Box::new((condition, a, b))))
            }
            (Typed::Literal(word), Typed::Rank(s, b)) => {
                let a = Int::Const(self.rank(e, s, &word)?);
                Typed::Rank(s, Int::If(Box::new((condition, a, b))))
            }
            (a, b) => {
                let said = (a.describe(), b.describe());
                match (plain_text(a), plain_text(b)) {
                    (Some(a), Some(b)) => Typed::Text(Text::If(Box::new((condition, a, b)))),
                    _ => {
                        return Err(self.fault(
                            e,
                            format!("both answers must be alike: {} and {}", said.0, said.1),
                        ));
                    }
                }
            }
        })
    }

    pub(super) fn arithmetic(
        &mut self,
        e: &IdedExpr,
        add: bool,
        a: &IdedExpr,
        b: &IdedExpr,
    ) -> Lowered<Typed> {
        match (self.typed(a)?, self.typed(b)?) {
            (Typed::Int(a), Typed::Int(b)) => {
                let parts = Box::new((a, b));
                Ok(Typed::Int(if add { Int::Add(parts) } else { Int::Subtract(parts) }))
            }
            (Typed::Time(a), Typed::Time(b)) if !add => {
                Ok(Typed::Int(Int::Days(Box::new((a, b)))))
            }
            (a, b) => Err(self.fault(
                e,
                format!(
                    "only numbers are added and subtracted (and instants subtracted, which gives days), \
                     not {} and {}",
                    a.describe(),
                    b.describe()
                ),
            )),
        }
    }

    pub(super) fn compare(
        &mut self,
        e: &IdedExpr,
        relation: Relation,
        a: &IdedExpr,
        b: &IdedExpr,
    ) -> Lowered<Typed> {
        let (left, right) = (self.typed(a)?, self.typed(b)?);
        let ordering = !matches!(relation, Relation::Equal | Relation::Different);
        let set = match (&left, &right) {
            (Typed::Rank(s, _) | Typed::Word(s, _), _)
            | (_, Typed::Rank(s, _) | Typed::Word(s, _)) => Some(*s),
            _ => None,
        };
        if let Some(set) = set
            && ordering
            && !set.ordered
        {
            return Err(self.fault(e, format!("a {} has no order", set.name)));
        }
        let predicate = match (left, right) {
            (Typed::Bool(x), Typed::Bool(y)) if !ordering => {
                negated(relation, Bool::Same(Box::new((x, y))))
            }
            (Typed::Int(x), Typed::Int(y)) | (Typed::Time(x), Typed::Time(y)) => {
                numbers(relation, x, y)
            }
            (Typed::Rank(s, x), Typed::Rank(t, y)) if s == t => numbers(relation, x, y),
            (Typed::Rank(s, x), Typed::Literal(word)) => {
                numbers(relation, x, Int::Const(self.rank(b, s, &word)?))
            }
            (Typed::Literal(word), Typed::Rank(s, y)) => {
                numbers(relation, Int::Const(self.rank(a, s, &word)?), y)
            }
            (Typed::Word(s, x), Typed::Literal(word)) => {
                self.rank(b, s, &word)?;
                negated(
                    relation,
                    Bool::Equal(Box::new((x, Text::Const(word.into())))),
                )
            }
            (Typed::Literal(word), Typed::Word(s, y)) => {
                self.rank(a, s, &word)?;
                negated(
                    relation,
                    Bool::Equal(Box::new((Text::Const(word.into()), y))),
                )
            }
            (left, right) => {
                let said = (left.describe(), right.describe());
                match (plain_text(left), plain_text(right)) {
                    (Some(x), Some(y)) if ordering => Bool::Less(relation, Box::new((x, y))),
                    (Some(x), Some(y)) => negated(relation, Bool::Equal(Box::new((x, y)))),
                    _ => {
                        return Err(
                            self.fault(e, format!("{} cannot be compared with {}", said.0, said.1))
                        );
                    }
                }
            }
        };
        Ok(Typed::Bool(predicate))
    }

    /// The position of a word in its set.
    pub(super) fn rank(
        &self,
        at: &IdedExpr,
        set: &'static Enumeration,
        word: &str,
    ) -> Lowered<i64> {
        set.rank(word).ok_or_else(|| {
            let hint = if word == "unknown" {
                Some("unknown is not a word: write `!has(attribute)`".to_owned())
            } else {
                did_you_mean(word, set.values.iter().copied())
            };
            self.fault(
                at,
                format!(
                    "`{}` is no {}; there are {}",
                    clipped(word),
                    set.name,
                    set.listed()
                ),
            )
            .hint(hint)
        })
    }

    pub(super) fn membership(&mut self, a: &IdedExpr, b: &IdedExpr) -> Lowered<Typed> {
        let (item, list) = (self.typed(a)?, self.typed(b)?);
        let predicate = match (item, list) {
            (Typed::Rank(set, x), Typed::Literals(words)) => {
                let mut ranks = Vec::with_capacity(words.len());
                for word in texts(words).ok_or_else(|| self.fault(b, "words are needed here"))? {
                    ranks.push(self.rank(b, set, &word)?);
                }
                Bool::OneOf(x, ranks.into())
            }
            (Typed::Word(set, x), Typed::Literals(words)) => {
                let words = texts(words).ok_or_else(|| self.fault(b, "words are needed here"))?;
                for word in &words {
                    self.rank(b, set, word)?;
                }
                Bool::In(x, List::Const(words.into()))
            }
            (Typed::Int(x), Typed::Literals(numbers)) => {
                let numbers: Option<Vec<i64>> = numbers
                    .into_iter()
                    .map(|l| match l {
                        Literal::Int(n) => Some(n),
                        Literal::Text(_) => None,
                    })
                    .collect();
                let numbers = numbers.ok_or_else(|| self.fault(b, "numbers are needed here"))?;
                Bool::OneOf(x, numbers.into())
            }
            (Typed::Literal(word), Typed::List(Some(set), list)) => {
                self.rank(a, set, &word)?;
                Bool::In(Text::Const(word.into()), list)
            }
            (item, list) => {
                let said = (item.describe(), list.describe());
                let list = match list {
                    Typed::List(_, list) => Some(list),
                    Typed::Literals(items) => texts(items).map(|t| List::Const(t.into())),
                    _ => None,
                };
                match (plain_text(item), list) {
                    (Some(x), Some(list)) => Bool::In(x, list),
                    _ => {
                        return Err(
                            self.fault(a, format!("{} cannot be looked for in {}", said.0, said.1))
                        );
                    }
                }
            }
        };
        Ok(Typed::Bool(predicate))
    }

    pub(super) fn has(&mut self, a: &IdedExpr) -> Lowered<Typed> {
        match dotted(a) {
            Some(name) => Ok(Typed::Bool(Bool::Has(self.attribute(a, &name)?))),
            None => Err(self.fault(a, "`has` asks whether an attribute is known: name one")),
        }
    }

    pub(super) fn size(&mut self, a: &IdedExpr) -> Lowered<Typed> {
        Ok(Typed::Int(match self.typed(a)? {
            Typed::List(_, list) => Int::Size(list),
            Typed::Text(text) | Typed::Word(_, text) => Int::Length(text),
            other => {
                return Err(self.fault(a, format!("{} has no size", other.describe())));
            }
        }))
    }

    pub(super) fn timestamp(&mut self, a: &IdedExpr) -> Lowered<Typed> {
        if let Typed::Literal(text) = self.typed(a)?
            && let Some(time) = Timestamp::parse(&text)
        {
            return Ok(Typed::Time(Int::Const(time.seconds())));
        }
        Err(self
            .fault(a, "an instant is written as text")
            .hint("`timestamp('2026-01-31T00:00:00Z')`".to_owned()))
    }

    pub(super) fn quantifier(
        &mut self,
        list: &IdedExpr,
        exists: bool,
        item: &IdedExpr,
        inner: &IdedExpr,
    ) -> Lowered<Typed> {
        let (set, over) = match self.typed(list)? {
            Typed::List(set, over) => (set, over),
            Typed::Literals(items) => match texts(items) {
                Some(items) => (None, List::Const(items.into())),
                None => return Err(self.fault(list, "a list of strings is needed here")),
            },
            other => {
                return Err(self.fault(
                    list,
                    format!("a list is needed here, and this is {}", other.describe()),
                ));
            }
        };
        let Expr::Ident(name) = &item.expr else {
            return Err(self.fault(item, "the item needs a simple name"));
        };
        if self.items.len() >= MAX_ITEMS {
            return Err(self.fault(
                list,
                format!("`exists` and `all` nest at most {MAX_ITEMS} deep"),
            ));
        }
        self.items.push((name.clone(), set));
        let inner = self.bool(inner);
        self.items.pop();
        let inner = Box::new(inner?);
        Ok(Typed::Bool(if exists {
            Bool::Exists(over, inner)
        } else {
            Bool::Every(over, inner)
        }))
    }

    pub(super) fn text_test(&mut self, test: &str, a: &IdedExpr, b: &IdedExpr) -> Lowered<Typed> {
        let left = self.typed(a)?;
        let said = left.describe();
        let Some(left) = plain_text(left) else {
            return Err(self.fault(a, format!("`{test}` asks about text, not {said}")));
        };
        let right = self.typed(b)?;
        if test == "matches" {
            let Typed::Literal(pattern) = right else {
                return Err(self.fault(b, "a regular expression is written out, as a string"));
            };
            let regex = regex::RegexBuilder::new(&pattern)
                .size_limit(MAX_REGEX)
                .dfa_size_limit(MAX_REGEX)
                .build()
                .map_err(|_| self.fault(b, "not a regular expression, or too large a one"))?;
            return Ok(Typed::Bool(Bool::Matches(left, Box::new(regex))));
        }
        let said = right.describe();
        let Some(right) = plain_text(right) else {
            return Err(self.fault(b, format!("`{test}` looks for text, not {said}")));
        };
        let parts = Box::new((left, right));
        Ok(Typed::Bool(match test {
            "startsWith" => Bool::Starts(parts),
            "endsWith" => Bool::Ends(parts),
            _ => Bool::Contains(parts),
        }))
    }
}

pub(super) fn relation(operator: &str) -> Option<Relation> {
    Some(match operator {
        operators::EQUALS => Relation::Equal,
        operators::NOT_EQUALS => Relation::Different,
        operators::LESS => Relation::Less,
        operators::LESS_EQUALS => Relation::LessOrEqual,
        operators::GREATER => Relation::Greater,
        operators::GREATER_EQUALS => Relation::GreaterOrEqual,
        _ => return None,
    })
}

fn negated(relation: Relation, equal: Bool) -> Bool {
    match relation {
        Relation::Different => Bool::Not(Box::new(equal)),
        _ => equal,
    }
}

fn numbers(relation: Relation, a: Int, b: Int) -> Bool {
    match (a, b) {
        (Int::Attribute(at), Int::Const(constant)) => Bool::Against(relation, at, constant),
        (a, b) => Bool::Compare(relation, Box::new((a, b))),
    }
}

/// An expression as text, where it is text or a word.
fn plain_text(typed: Typed) -> Option<Text> {
    match typed {
        Typed::Text(text) | Typed::Word(_, text) => Some(text),
        Typed::Literal(text) => Some(Text::Const(text.into())),
        Typed::Rank(set, rank) => Some(Text::Word(set, Box::new(rank))),
        _ => None,
    }
}

fn texts(literals: Vec<Literal>) -> Option<Vec<String>> {
    literals
        .into_iter()
        .map(|l| match l {
            Literal::Text(text) => Some(text),
            Literal::Int(_) => None,
        })
        .collect()
}
