//! Expressions to values, as far as files tell.

use super::instance::{Instance, Iteration};
use super::syntax::{Expr, ExprKind, For, Operator, Part, Step, TemplateFor};
use super::value::{Map, Text, V, Val, wrapped};
use super::world::World;
use std::rc::Rc;

/// A name that a `for` binds.
pub(super) struct Binding<'s> {
    pub(super) name: &'s str,
    pub(super) value: Val,
    pub(super) next: Option<&'s Binding<'s>>,
}

/// What names mean where an expression stands.
#[derive(Clone, Copy)]
pub(super) struct Scope<'s, 'a> {
    pub(super) instance: &'s Rc<Instance<'a>>,
    pub(super) iteration: Option<&'s Iteration>,
    pub(super) bound: Option<&'s Binding<'s>>,
    /// Names that a template is given.
    pub(super) given: Option<&'s Map>,
    pub(super) file: u32,
}

impl<'s, 'a> Scope<'s, 'a> {
    /// The scope of a module's own expressions.
    pub(super) const fn of(instance: &'s Rc<Instance<'a>>, file: u32) -> Self {
        Self {
            instance,
            iteration: None,
            bound: None,
            given: None,
            file,
        }
    }

    pub(super) const fn with<'t>(&self, bound: &'t Binding<'t>) -> Scope<'t, 'a>
    where
        's: 't,
    {
        Scope {
            instance: self.instance,
            iteration: self.iteration,
            bound: Some(bound),
            given: self.given,
            file: self.file,
        }
    }

    fn lookup(&self, name: &str) -> Option<&'s Val> {
        let mut next = self.bound;
        while let Some(binding) = next {
            if binding.name == name {
                return Some(&binding.value);
            }
            next = binding.next;
        }
        self.given?.get(name)
    }
}

/// Longest text that is put together.
const MAX_TEXT: usize = 1 << 20;

impl<'a> World<'a> {
    pub(super) fn eval(&self, expr: &'a Expr<'a>, scope: Scope<'_, 'a>) -> Val {
        let Some(_deeper) = self.enter() else {
            return V::unknown("…").val();
        };
        self.eval_kind(expr, scope).at(scope.file, expr.line)
    }

    fn eval_kind(&self, expr: &'a Expr<'a>, scope: Scope<'_, 'a>) -> V {
        match &expr.kind {
            ExprKind::Null => V::Null,
            ExprKind::Bool(value) => V::Bool(*value),
            ExprKind::Number(text) => text.parse().map_or(V::Null, V::Number),
            ExprKind::Text(text) => V::text(text),
            ExprKind::Template(parts) => self.template(parts, scope),
            ExprKind::List(items) => V::list(items.iter().map(|i| self.eval(i, scope)).collect()),
            ExprKind::Object(entries) => self.object(entries, scope),
            ExprKind::Name(name) => match scope.lookup(name) {
                Some(value) => value.v.clone(),
                None => self.reference(name, &[], scope).0,
            },
            ExprKind::Steps(base, steps) => self.steps_of(base, steps, scope),
            ExprKind::Call(name, arguments, spread) => self.call(name, arguments, *spread, scope),
            ExprKind::Not(inner) => {
                let value = self.eval(inner, scope).v;
                match value.bool() {
                    Some(value) => V::Bool(!value),
                    None => V::unknown(format!("!{}", written(&value))),
                }
            }
            ExprKind::Minus(inner) => {
                let value = self.eval(inner, scope).v;
                match value.number() {
                    Some(value) => V::Number(-value),
                    None => V::unknown(format!("-{}", written(&value))),
                }
            }
            ExprKind::Binary(operator, sides) => self.binary(*operator, &sides.0, &sides.1, scope),
            ExprKind::Choice(choice) => {
                let condition = self.eval(&choice.0, scope).v;
                match condition.bool() {
                    Some(true) => self.eval(&choice.1, scope).v,
                    Some(false) => self.eval(&choice.2, scope).v,
                    None => {
                        let yes = self.eval(&choice.1, scope).v;
                        let no = self.eval(&choice.2, scope).v;
                        if yes.equal(&no) == Some(true) {
                            return yes;
                        }
                        V::unknown(format!(
                            "{} ? {} : {}",
                            written(&condition),
                            written(&yes),
                            written(&no)
                        ))
                    }
                }
            }
            ExprKind::For(it) => self.comprehension(it, scope),
            ExprKind::Group(inner) => self.eval(inner, scope).v,
        }
    }

    fn object(&self, entries: &'a [(Expr<'a>, Expr<'a>)], scope: Scope<'_, 'a>) -> V {
        let mut map = Map::new();
        for (key, value) in entries {
            let name = match &key.kind {
                ExprKind::Text(text) => Text::from(&**text),
                _ => {
                    let key = self.eval(key, scope).v;
                    key.interpolated()
                        .unwrap_or_else(|| wrapped(&written(&key)))
                }
            };
            map.insert(name, self.eval(value, scope));
        }
        V::map(map)
    }

    fn steps_of(&self, base: &'a Expr<'a>, steps: &'a [Step<'a>], scope: Scope<'_, 'a>) -> V {
        let (value, taken) = match &base.kind {
            ExprKind::Name(name) => match scope.lookup(name) {
                Some(value) => (value.v.clone(), 0),
                None => self.reference(name, steps, scope),
            },
            _ => (self.eval(base, scope).v, 0),
        };
        self.follow(value, steps.get(taken..).unwrap_or_default(), scope)
    }

    /// Goes from a value to its members.
    fn follow(&self, mut value: V, steps: &'a [Step<'a>], scope: Scope<'_, 'a>) -> V {
        self.charge(steps.len());
        for (at, step) in steps.iter().enumerate() {
            if self.spent() {
                return V::unknown("…");
            }
            value = match step {
                Step::Member(name) => self.member(&value, name),
                Step::Index(index) => {
                    let index = self.eval(index, scope).v;
                    self.index(&value, &index)
                }
                Step::Splat(full) => {
                    let rest = steps.get(at + 1..).unwrap_or_default();
                    let end = rest
                        .iter()
                        .position(|step| !matches!(step, Step::Member(_)));
                    let end = end.filter(|_| !full).unwrap_or(rest.len());
                    let (inner, outer) = rest.split_at_checked(end).unwrap_or((rest, &[]));
                    let list = self.splat(value, inner, scope);
                    return self.follow(list, outer, scope);
                }
            };
        }
        value
    }

    fn splat(&self, value: V, rest: &'a [Step<'a>], scope: Scope<'_, 'a>) -> V {
        let Some(_deeper) = self.enter() else {
            return V::unknown("…");
        };
        let items: Vec<Val> = match self.settled(value) {
            V::Null => Vec::new(),
            V::List(items) | V::Set(items) => items.to_vec(),
            V::Unknown(symbol) => {
                let symbol = V::unknown(format!("{symbol}[*]"));
                return self.follow(symbol, rest, scope);
            }
            single => vec![single.val()],
        };
        let each = items.into_iter().map(|item| Val {
            v: self.follow(item.v, rest, scope),
            ..Val::NULL
        });
        V::list(each.collect())
    }

    pub(super) fn template(&self, parts: &'a [Part<'a>], scope: Scope<'_, 'a>) -> V {
        // A template that is one expression is that expression's value.
        if let [Part::Value(only)] = parts {
            return self.eval(only, scope).v;
        }
        let mut out = String::new();
        self.parts(parts, scope, &mut out);
        if out.len() > MAX_TEXT {
            self.limit("a text longer than 1 MiB was not put together");
            return V::unknown("…");
        }
        self.charge(out.len() / 64);
        V::text(out)
    }

    fn parts(&self, parts: &'a [Part<'a>], scope: Scope<'_, 'a>, out: &mut String) {
        let Some(_deeper) = self.enter() else {
            return;
        };
        for part in parts {
            if out.len() > MAX_TEXT {
                return;
            }
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Value(value) => {
                    let value = self.eval(value, scope).v;
                    match value.interpolated() {
                        Some(text) => out.push_str(&text),
                        None if value.is_null() => {}
                        None => out.push_str(&wrapped(&written(&value))),
                    }
                }
                Part::If(condition, yes, no) => {
                    let condition = self.eval(condition, scope).v;
                    match condition.bool() {
                        Some(true) => self.parts(yes, scope, out),
                        Some(false) => self.parts(no, scope, out),
                        None => {
                            let mut sides = [String::new(), String::new()];
                            for (side, parts) in sides.iter_mut().zip([yes, no]) {
                                self.parts(parts, scope, side);
                            }
                            let [yes, no] = sides;
                            let condition = written(&condition);
                            let choice = V::unknown(format!("{condition} ? {yes:?} : {no:?}"));
                            out.push_str(&choice.interpolated().unwrap_or_default());
                        }
                    }
                }
                Part::For(it) => self.template_for(it, scope, out),
            }
        }
    }

    fn template_for(&self, it: &'a TemplateFor<'a>, scope: Scope<'_, 'a>, out: &mut String) {
        let collection = self.eval(&it.collection, scope).v;
        match self.pairs(&collection) {
            Some(pairs) => {
                for (key, value) in pairs {
                    if self.spent() || out.len() > MAX_TEXT {
                        return;
                    }
                    let outer = Binding {
                        name: it.key.as_deref().unwrap_or_default(),
                        value: key,
                        next: scope.bound,
                    };
                    let inner = Binding {
                        name: &it.value,
                        value,
                        next: Some(&outer),
                    };
                    self.parts(&it.body, scope.with(&inner), out);
                }
            }
            None => out.push_str(&wrapped(&format!("for {}", written(&collection)))),
        }
    }

    /// Keys and values of a collection; `None` where it is not known or is none.
    pub(super) fn pairs(&self, collection: &V) -> Option<Vec<(Val, Val)>> {
        match self.settled(collection.clone()) {
            V::List(items) => {
                let numbered = (0u32..).zip(items.iter());
                let pair = |(at, item): (u32, &Val)| (V::Number(at.into()).val(), item.clone());
                Some(numbered.map(pair).collect())
            }
            V::Set(items) => Some(items.iter().map(|i| (i.clone(), i.clone())).collect()),
            V::Map(map) => {
                let pair =
                    |(key, value): (&Text, &Val)| (V::Text(key.clone()).val(), value.clone());
                Some(map.iter().map(pair).collect())
            }
            V::Null => Some(Vec::new()),
            _ => None,
        }
    }

    fn comprehension(&self, it: &'a For<'a>, scope: Scope<'_, 'a>) -> V {
        let collection = self.eval(&it.collection, scope).v;
        let Some(pairs) = self.pairs(&collection) else {
            return V::unknown(format!("[for {}]", written(&collection)));
        };
        let mut list = Vec::new();
        let mut map = Map::new();
        for (key, value) in pairs {
            if self.spent() {
                break;
            }
            let outer = Binding {
                name: it.key.as_deref().unwrap_or_default(),
                value: key,
                next: scope.bound,
            };
            let inner = Binding {
                name: &it.value,
                value,
                next: Some(&outer),
            };
            let scope = scope.with(&inner);
            if let Some(condition) = &it.condition {
                // An undecided entry stays: what may be there is not left out.
                if self.eval(condition, scope).v.bool() == Some(false) {
                    continue;
                }
            }
            let result = self.eval(&it.result, scope);
            let Some(entry) = &it.entry else {
                list.push(result);
                continue;
            };
            let entry = self.eval(entry, scope).v;
            let name = entry
                .interpolated()
                .unwrap_or_else(|| wrapped(&written(&entry)));
            if !it.grouped {
                map.insert(name, result);
                continue;
            }
            let group = map.entry(name).or_insert_with(|| V::list(Vec::new()).val());
            if let V::List(items) = &mut group.v {
                Rc::make_mut(items).push(result);
            }
        }
        if it.entry.is_some() {
            V::map(map)
        } else {
            V::list(list)
        }
    }

    fn binary(
        &self,
        operator: Operator,
        left: &'a Expr<'a>,
        right: &'a Expr<'a>,
        scope: Scope<'_, 'a>,
    ) -> V {
        let a = self.eval(left, scope).v;
        // What one side decides needs no other.
        match (operator, a.bool()) {
            (Operator::And, Some(false)) => return V::Bool(false),
            (Operator::Or, Some(true)) => return V::Bool(true),
            _ => {}
        }
        let b = self.eval(right, scope).v;
        let numbers = || a.number().zip(b.number());
        let known = match operator {
            Operator::And if b.bool() == Some(false) => Some(V::Bool(false)),
            Operator::Or if b.bool() == Some(true) => Some(V::Bool(true)),
            Operator::And | Operator::Or => a.bool().and(b.bool()).map(V::Bool),
            Operator::Equal => self.compared(&a, &b).map(V::Bool),
            Operator::Unequal => self.compared(&a, &b).map(|equal| V::Bool(!equal)),
            Operator::Less => numbers().map(|(a, b)| V::Bool(a < b)),
            Operator::LessEqual => numbers().map(|(a, b)| V::Bool(a <= b)),
            Operator::Greater => numbers().map(|(a, b)| V::Bool(a > b)),
            Operator::GreaterEqual => numbers().map(|(a, b)| V::Bool(a >= b)),
            Operator::Plus => numbers().map(|(a, b)| V::Number(a + b)),
            Operator::Minus => numbers().map(|(a, b)| V::Number(a - b)),
            Operator::Times => numbers().map(|(a, b)| V::Number(a * b)),
            Operator::Divide => numbers()
                .filter(|(_, b)| *b != 0.0)
                .map(|(a, b)| V::Number(a / b)),
            Operator::Modulo => numbers()
                .filter(|(_, b)| *b != 0.0)
                .map(|(a, b)| V::Number(a % b)),
        };
        known.unwrap_or_else(|| {
            V::unknown(format!(
                "{} {} {}",
                written(&a),
                operator.as_str(),
                written(&b)
            ))
        })
    }

    /// Equality. A resource or module that is there is not null.
    fn compared(&self, a: &V, b: &V) -> Option<bool> {
        match (a, b) {
            (V::Object(_), V::Null) | (V::Null, V::Object(_)) => Some(false),
            _ => {
                self.charge(a.size(100_000));
                a.equal(b)
            }
        }
    }
}

/// A value as it is written in an expression.
pub(super) fn written(value: &V) -> String {
    let mut out = String::new();
    value.written(&mut out);
    out
}
