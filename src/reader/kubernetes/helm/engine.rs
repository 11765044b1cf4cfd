//! Runs templates, within bounds.
//!
//! Where Helm would give up (an unknown function, a value that is required and not given), what cannot be known becomes
//! a symbol with the expression's text and the rest goes on: what is asked here is which objects there are, not whether a
//! release would succeed.

use super::output::Out;
use super::syntax::{self, Branch, Part, Pipe, Term};
use super::value::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// How deep templates may include each other.
const MAX_INCLUDES: usize = 120;
/// How deep control structures and pipelines of all templates that run together may be nested.
const MAX_NESTING: usize = 1200;
/// Longest list of troubles that is kept.
const MAX_TROUBLES: usize = 5;

/// Marks of a symbol in text: between them stands its number. Both are from the area for private use.
pub(super) const OPEN: char = '\u{E000}';
pub(super) const CLOSE: char = '\u{E001}';

/// Why a template, or a part of it, ended.
#[derive(Debug)]
pub(super) enum Stop {
    /// A limit was hit; nothing more of the template is run.
    Limit,
    /// The expression has no value.
    Error(String),
}

/// Shorthand for an expression without a value.
pub(super) fn error<T>(message: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Error(message.into()))
}

/// How a list of parts ended.
#[derive(PartialEq)]
pub(super) enum Flow {
    Next,
    Break,
    Continue,
}

/// What is left to spend.
pub(super) struct Budget {
    pub(super) steps: u64,
    pub(super) bytes: u64,
}

/// A condition that kept objects out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Condition {
    /// As written; `not (…)` of the condition where the objects stand behind its `else`.
    pub(super) text: String,
    /// The values that would make it hold, by path, as far as that can be told.
    pub(super) wants: Vec<(Vec<String>, Want)>,
}

/// What a value would have to be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Want {
    True,
    False,
    Text(String),
}

/// Variables of the template that runs; the first is `$`.
struct Frame {
    variables: Vec<(String, Value)>,
}

/// Runs templates of one chart and those inside it.
pub(super) struct Engine {
    pub(super) defines: BTreeMap<String, Rc<Vec<Part>>>,
    /// Definitions in texts that `tpl` runs, innermost last.
    local: Vec<BTreeMap<String, Rc<Vec<Part>>>>,
    pub(super) budget: Budget,
    includes: usize,
    nesting: usize,
    /// Texts of symbols; a symbol's number is its place.
    pub(super) symbols: Vec<String>,
    /// What could not be worked out.
    pub(super) troubles: BTreeSet<String>,
    /// Conditions that kept objects out.
    pub(super) off: BTreeSet<Condition>,
    /// Whether objects that conditions keep out are written as well.
    pub(super) force: bool,
    /// The text of the pipeline that is worked out.
    current: Rc<str>,
}

impl Engine {
    pub(super) fn new(budget: Budget) -> Self {
        Self {
            defines: BTreeMap::new(),
            local: Vec::new(),
            budget,
            includes: 0,
            nesting: 0,
            symbols: Vec::new(),
            troubles: BTreeSet::new(),
            off: BTreeSet::new(),
            force: false,
            current: "".into(),
        }
    }

    /// Runs a file's own text.
    pub(super) fn run(&mut self, body: &[Part], root: &Value) -> Result<Out, Stop> {
        let mut out = Out::default();
        let mut frame = Frame {
            variables: vec![(String::new(), root.clone())],
        };
        self.includes = 0;
        self.nesting = 0;
        self.local.clear();
        self.parts(body, root, &mut frame, &mut out)?;
        Ok(out)
    }

    /// Works out one action by itself, for files that are not run as a whole.
    pub(super) fn alone(&mut self, pipe: &Pipe, root: &Value) -> Result<Value, Stop> {
        let mut frame = Frame {
            variables: vec![(String::new(), root.clone())],
        };
        self.pipe(pipe, root, &mut frame)
    }

    /// A symbol for what the current expression would give.
    pub(super) fn symbol(&mut self, text: &str) -> Value {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let text: String = text.chars().take(200).collect();
        let number = match self.symbols.iter().position(|known| *known == text) {
            Some(number) => number,
            None if self.symbols.len() < 1000 => {
                self.symbols.push(text);
                self.symbols.len() - 1
            }
            None => 999,
        };
        Value::str(format!("{OPEN}{number}{CLOSE}"))
    }

    /// A symbol for the expression that is worked out.
    pub(super) fn unknown(&mut self) -> Value {
        let text = Rc::clone(&self.current);
        self.symbol(&text)
    }

    pub(super) fn trouble(&mut self, text: impl Into<String>) {
        if self.troubles.len() < MAX_TROUBLES {
            self.troubles.insert(text.into());
        }
    }

    /// Takes from the budget.
    pub(super) fn spend(&mut self, bytes: usize) -> Result<(), Stop> {
        let bytes = bytes as u64;
        if self.budget.bytes < bytes || self.budget.steps == 0 {
            self.budget.steps = 0;
            return Err(Stop::Limit);
        }
        self.budget.bytes -= bytes;
        Ok(())
    }

    pub(super) fn step(&mut self) -> Result<(), Stop> {
        match self.budget.steps.checked_sub(1) {
            Some(left) => {
                self.budget.steps = left;
                Ok(())
            }
            None => Err(Stop::Limit),
        }
    }

    fn nested<T>(&mut self, run: impl FnOnce(&mut Self) -> Result<T, Stop>) -> Result<T, Stop> {
        self.step()?;
        if self.nesting > MAX_NESTING {
            return Err(Stop::Limit);
        }
        self.nesting += 1;
        let done = run(self);
        self.nesting -= 1;
        done
    }

    fn parts(
        &mut self,
        parts: &[Part],
        dot: &Value,
        frame: &mut Frame,
        out: &mut Out,
    ) -> Result<Flow, Stop> {
        let variables = frame.variables.len();
        let mut flow = Flow::Next;
        for part in parts {
            flow = self.part(part, dot, frame, out)?;
            if flow != Flow::Next {
                break;
            }
        }
        frame.variables.truncate(variables);
        Ok(flow)
    }

    fn part(
        &mut self,
        part: &Part,
        dot: &Value,
        frame: &mut Frame,
        out: &mut Out,
    ) -> Result<Flow, Stop> {
        self.step()?;
        match part {
            Part::Text { text, line } => {
                self.spend(text.len())?;
                out.source(text, *line);
            }
            Part::Action(pipe) => self.action(pipe, dot, frame, out)?,
            Part::Template { name, with, line } => {
                let dot = match with {
                    Some(pipe) => self.known(pipe, dot, frame)?,
                    None => Value::Null,
                };
                match self.include(name, &dot) {
                    Ok(text) => out.value(&text, *line),
                    Err(Stop::Error(message)) => {
                        self.trouble(message);
                        let alone = with.as_ref().is_some_and(|pipe| pipe.alone);
                        if !alone {
                            let text = format!("template \"{name}\"");
                            out.value(&self.symbol(&text).text(), *line);
                        }
                    }
                    Err(limit) => return Err(limit),
                }
            }
            Part::If(branch) => return self.branch(branch, dot, false, frame, out),
            Part::With(branch) => return self.branch(branch, dot, true, frame, out),
            Part::Range(branch) => return self.range(branch, dot, frame, out),
            Part::Break => return Ok(Flow::Break),
            Part::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::Next)
    }

    fn action(
        &mut self,
        pipe: &Pipe,
        dot: &Value,
        frame: &mut Frame,
        out: &mut Out,
    ) -> Result<(), Stop> {
        let value = match self.pipe(pipe, dot, frame) {
            Ok(value) => value,
            Err(Stop::Limit) => return Err(Stop::Limit),
            Err(Stop::Error(message)) => {
                self.trouble(message);
                let symbol = self.symbol(&pipe.text);
                if pipe.variables.is_empty() {
                    // What stands alone on its line is a whole part of the document, and better left out.
                    if !pipe.alone {
                        out.value(&symbol.text(), pipe.line);
                    }
                } else {
                    self.assign(pipe, symbol, frame);
                }
                return Ok(());
            }
        };
        if pipe.variables.is_empty() {
            let text = value.text();
            self.spend(text.len())?;
            out.value(&text, pipe.line);
        }
        Ok(())
    }

    /// A pipeline's value, or a symbol for it.
    fn known(&mut self, pipe: &Pipe, dot: &Value, frame: &mut Frame) -> Result<Value, Stop> {
        match self.pipe(pipe, dot, frame) {
            Err(Stop::Error(message)) => {
                self.trouble(message);
                Ok(self.symbol(&pipe.text))
            }
            other => other,
        }
    }

    /// `if` and `with`.
    fn branch(
        &mut self,
        branch: &Branch,
        dot: &Value,
        with: bool,
        frame: &mut Frame,
        out: &mut Out,
    ) -> Result<Flow, Stop> {
        let variables = frame.variables.len();
        let value = match self.pipe(&branch.pipe, dot, frame) {
            Ok(value) => value,
            Err(Stop::Error(message)) => {
                self.trouble(message);
                // Objects that may be there are said to be there; a dictionary that is unknown has no members.
                Value::Bool(!with)
            }
            Err(limit) => return Err(limit),
        };
        let holds = value.truth();
        let inner = if with && holds { &value } else { dot };
        let (taken, left) = if holds {
            (
                (&branch.body, branch.objects.0),
                (&branch.otherwise, branch.objects.1),
            )
        } else {
            (
                (&branch.otherwise, branch.objects.1),
                (&branch.body, branch.objects.0),
            )
        };
        if left.1 && self.off.len() < 32 {
            self.off.insert(condition(&branch.pipe, !holds));
        }
        let mut flow = self.nested(|engine| engine.parts(taken.0, inner, frame, out))?;
        if left.1 && self.force && flow == Flow::Next {
            if taken.1 {
                out.value("\n---\n", branch.pipe.line);
            }
            flow = self.nested(|engine| engine.parts(left.0, dot, frame, out))?;
        }
        frame.variables.truncate(variables);
        Ok(flow)
    }

    fn range(
        &mut self,
        branch: &Branch,
        dot: &Value,
        frame: &mut Frame,
        out: &mut Out,
    ) -> Result<Flow, Stop> {
        let depth = frame.variables.len();
        let pipe = &branch.pipe;
        let value = match self.commands(pipe, dot, frame) {
            Ok(value) => value,
            Err(Stop::Error(message)) => {
                self.trouble(message);
                Value::Null
            }
            Err(limit) => return Err(limit),
        };
        let pairs: Vec<(Value, Value)> = match &value {
            Value::List(items) => {
                self.spend(items.len() * 8)?;
                let numbers = (0i64..).map(Value::Int);
                numbers.zip(items.iter().cloned()).collect()
            }
            Value::Map(map) => {
                self.spend(map.borrow().len() * 16)?;
                map.borrow()
                    .iter()
                    .map(|(key, item)| (Value::str(key.as_str()), item.clone()))
                    .collect()
            }
            Value::Files(files) => files
                .iter()
                .map(|(key, text)| (Value::str(key.as_str()), Value::Str(Rc::clone(text))))
                .collect(),
            Value::Int(_) | Value::Float(_) => {
                let count = usize::try_from(value.int()).unwrap_or(0);
                self.spend(count.saturating_mul(8))?;
                (0..value.int())
                    .map(|i| (Value::Int(i), Value::Int(i)))
                    .collect()
            }
            _ => Vec::new(),
        };
        if pairs.is_empty() {
            return self.nested(|engine| engine.parts(&branch.otherwise, dot, frame, out));
        }
        for (key, item) in pairs {
            match &pipe.variables[..] {
                [one] => self.set(one, item.clone(), pipe.assigns, frame),
                [first, second] => {
                    self.set(first, key, pipe.assigns, frame);
                    self.set(second, item.clone(), pipe.assigns, frame);
                }
                _ => {}
            }
            let flow = self.nested(|engine| engine.parts(&branch.body, &item, frame, out))?;
            frame.variables.truncate(depth);
            if flow == Flow::Break {
                break;
            }
        }
        Ok(Flow::Next)
    }

    fn set(&mut self, name: &str, value: Value, assigns: bool, frame: &mut Frame) {
        if assigns {
            let mut variables = frame.variables.iter_mut().rev();
            if let Some((_, slot)) = variables.find(|(known, _)| known == name) {
                *slot = value;
            }
        } else {
            frame.variables.push((name.to_owned(), value));
        }
    }

    fn assign(&mut self, pipe: &Pipe, value: Value, frame: &mut Frame) {
        if let Some(name) = pipe.variables.last() {
            self.set(name, value, pipe.assigns, frame);
        }
    }

    /// A pipeline's value, which its variables are set to.
    fn pipe(&mut self, pipe: &Pipe, dot: &Value, frame: &mut Frame) -> Result<Value, Stop> {
        let value = self.commands(pipe, dot, frame)?;
        if !pipe.variables.is_empty() {
            self.assign(pipe, value.clone(), frame);
        }
        Ok(value)
    }

    fn commands(&mut self, pipe: &Pipe, dot: &Value, frame: &mut Frame) -> Result<Value, Stop> {
        let outer = std::mem::replace(&mut self.current, Rc::clone(&pipe.text));
        let done = self.nested(|engine| {
            let mut value = None;
            for command in &pipe.commands {
                value = Some(engine.command(command, value, dot, frame)?);
            }
            Ok(value.unwrap_or(Value::Null))
        });
        self.current = outer;
        done
    }

    fn command(
        &mut self,
        terms: &[Term],
        piped: Option<Value>,
        dot: &Value,
        frame: &mut Frame,
    ) -> Result<Value, Stop> {
        self.step()?;
        let Some((first, rest)) = terms.split_first() else {
            return Ok(Value::Null);
        };
        if let Term::Function(name) = first {
            if matches!(name.as_str(), "and" | "or") {
                let stops = name == "or";
                let mut last = Value::Null;
                for term in rest {
                    last = self.term(term, dot, frame)?;
                    if last.truth() == stops {
                        return Ok(last);
                    }
                }
                return Ok(piped.unwrap_or(last));
            }
            let mut arguments = Vec::with_capacity(rest.len() + 1);
            for term in rest {
                arguments.push(self.term(term, dot, frame)?);
            }
            arguments.extend(piped);
            return self.call(name, arguments);
        }
        let (base, path) = match first {
            Term::Field(path) => (dot.clone(), path),
            Term::Variable(name, path) => (variable(name, frame)?, path),
            Term::Paren(pipe, path) => (self.pipe(pipe, dot, frame)?, path),
            other if rest.is_empty() && piped.is_none() => return self.term(other, dot, frame),
            _ => return error("argument to what is no function"),
        };
        let mut arguments = Vec::new();
        for term in rest {
            arguments.push(self.term(term, dot, frame)?);
        }
        arguments.extend(piped);
        self.field(base, path, arguments)
    }

    fn term(&mut self, term: &Term, dot: &Value, frame: &mut Frame) -> Result<Value, Stop> {
        Ok(match term {
            Term::Dot => dot.clone(),
            Term::Nil => Value::Null,
            Term::Bool(value) => Value::Bool(*value),
            Term::Int(value) => Value::Int(*value),
            Term::Float(value) => Value::Float(*value),
            Term::Text(text) => Value::Str(Rc::clone(text)),
            Term::Field(path) => self.field(dot.clone(), path, Vec::new())?,
            Term::Variable(name, path) => {
                let base = variable(name, frame)?;
                self.field(base, path, Vec::new())?
            }
            Term::Paren(pipe, path) => {
                let base = self.pipe(pipe, dot, frame)?;
                self.field(base, path, Vec::new())?
            }
            Term::Function(name) => self.call(name, Vec::new())?,
        })
    }

    /// A member, and members of that; the last may be a function.
    fn field(
        &mut self,
        base: Value,
        path: &[String],
        arguments: Vec<Value>,
    ) -> Result<Value, Stop> {
        let mut value = base;
        let mut arguments = Some(arguments);
        for (i, name) in path.iter().enumerate() {
            self.step()?;
            let last = i + 1 == path.len();
            let given = if last {
                arguments.take().unwrap_or_default()
            } else {
                Vec::new()
            };
            value = match &value {
                // Where Helm gives up, as a member of nothing is asked for, nothing is what it is taken for.
                Value::Null => Value::Null,
                Value::Map(map) => {
                    let found = map.borrow().get(name).cloned();
                    match (found, name.as_str()) {
                        (Some(found), _) => found,
                        (None, "AsMap") => value.clone(),
                        (None, "Compare") => match given.first() {
                            Some(other) => self.compare_versions(&value, other)?,
                            None => return error("version compared with nothing"),
                        },
                        (None, _) => Value::Null,
                    }
                }
                Value::Files(files) => {
                    let files = Rc::clone(files);
                    self.file_member(&files, name, &given)?
                }
                Value::ApiVersions if name == "Has" => Value::Bool(
                    given
                        .first()
                        .and_then(Value::as_str)
                        .is_some_and(super::capabilities::has),
                ),
                Value::Str(text) if text.contains(OPEN) => {
                    let text = format!("{}.{name}", self.spell(text));
                    self.symbol(&text)
                }
                other => {
                    return error(format!("{} has no member {name}", other.kind()));
                }
            };
        }
        if let Some(extra) = arguments
            && !extra.is_empty()
        {
            return error("argument to what is no function");
        }
        Ok(value)
    }

    /// A text with its symbols written as the expressions that they stand for, without braces.
    fn spell(&self, text: &str) -> String {
        super::output::spelled(text, &self.symbols, "", "")
    }

    /// The text that a definition gives.
    pub(super) fn include(&mut self, name: &str, dot: &Value) -> Result<String, Stop> {
        let local = self.local.iter().rev().find_map(|local| local.get(name));
        let Some(body) = local.or_else(|| self.defines.get(name)).cloned() else {
            return error(format!("template {name} is not there"));
        };
        if self.includes >= MAX_INCLUDES {
            return Err(Stop::Limit);
        }
        self.includes += 1;
        let mut out = Out::default();
        let mut frame = Frame {
            variables: vec![(String::new(), dot.clone())],
        };
        let done = self.nested(|engine| engine.parts(&body, dot, &mut frame, &mut out));
        self.includes -= 1;
        done?;
        self.spend(out.text.len())?;
        Ok(out.text)
    }

    /// Runs a text as a template.
    pub(super) fn tpl(&mut self, text: &str, dot: &Value) -> Result<String, Stop> {
        self.spend(text.len())?;
        if !text.contains("{{") {
            return Ok(text.to_owned());
        }
        let parsed = syntax::parse(text)
            .map_err(|failed| Stop::Error(format!("text given to tpl: {}", failed.message)))?;
        if self.includes >= MAX_INCLUDES {
            return Err(Stop::Limit);
        }
        self.includes += 1;
        self.local.push(parsed.defines);
        let mut out = Out::default();
        let mut frame = Frame {
            variables: vec![(String::new(), dot.clone())],
        };
        let done = self.nested(|engine| engine.parts(&parsed.body, dot, &mut frame, &mut out));
        self.local.pop();
        self.includes -= 1;
        done?;
        self.spend(out.text.len())?;
        Ok(out.text)
    }
}

fn variable(name: &str, frame: &Frame) -> Result<Value, Stop> {
    let mut variables = frame.variables.iter().rev();
    match variables.find(|(known, _)| known == name) {
        Some((_, value)) => Ok(value.clone()),
        None => error(format!("variable ${name} is not there")),
    }
}

/// A condition that would have to be `truth` for objects to be there.
fn condition(pipe: &Pipe, truth: bool) -> Condition {
    let text = pipe.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut wants = Vec::new();
    want(pipe, truth, &mut wants);
    Condition {
        text: if truth { text } else { format!("not ({text})") },
        wants,
    }
}

/// The values that would make a condition `truth`, as far as it is made of values.
fn want(pipe: &Pipe, truth: bool, wants: &mut Vec<(Vec<String>, Want)>) {
    let [command] = &pipe.commands[..] else {
        return;
    };
    let term = |term: &Term, truth: bool, wants: &mut Vec<_>| match term {
        Term::Paren(inner, path) if path.is_empty() => want(inner, truth, wants),
        other => wants.extend(path_of(other).map(|path| {
            let wanted = if truth { Want::True } else { Want::False };
            (path, wanted)
        })),
    };
    match &command[..] {
        [one] => term(one, truth, wants),
        [Term::Function(name), rest @ ..] => match (name.as_str(), truth, rest) {
            ("not", _, [one]) => term(one, !truth, wants),
            ("and", true, all) | ("or", false, all) => {
                all.iter().for_each(|one| term(one, truth, wants));
            }
            ("and", false, [first, ..]) | ("or", true, [first, ..]) => term(first, truth, wants),
            ("eq", true, [one, Term::Text(text)] | [Term::Text(text), one])
            | ("ne", false, [one, Term::Text(text)] | [Term::Text(text), one]) => {
                wants.extend(path_of(one).map(|path| (path, Want::Text(text.to_string()))));
            }
            ("eq", _, [one, Term::Bool(flag)] | [Term::Bool(flag), one]) => {
                term(one, *flag == truth, wants);
            }
            _ => {}
        },
        _ => {}
    }
}

/// The path of a value below `.Values`.
fn path_of(term: &Term) -> Option<Vec<String>> {
    let (Term::Field(path) | Term::Variable(_, path)) = term else {
        return None;
    };
    let at = path.iter().position(|name| name == "Values")?;
    path.get(at + 1..)
        .filter(|path| !path.is_empty())
        .map(<[String]>::to_vec)
}
