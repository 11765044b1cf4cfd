//! Values of templates: what `values.yaml`, `dict` and every function hand around.

use super::super::tree::{self, Node};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::rc::Rc;

/// Deepest nesting that is copied or written out: `set` can put a dictionary into itself.
const MAX_DEPTH: usize = 64;

/// Longest text that a list or a dictionary is printed as: templates print such for no purpose of ours.
const MAX_PRINT: usize = 16 << 10;
/// Most values that are copied or compared at once: a list of itself, twice, often enough, has no end.
const MAX_VALUES: usize = 200_000;

/// A dictionary. Shared, as `set` changes it for all that hold it.
pub(super) type Map = Rc<RefCell<BTreeMap<String, Value>>>;

/// A value of a template.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(Rc<str>),
    List(Rc<Vec<Value>>),
    Map(Map),
    /// `.Files`, whose members are functions.
    Files(Rc<BTreeMap<String, Rc<str>>>),
    /// `.Capabilities.APIVersions`.
    ApiVersions,
}

impl Value {
    pub(super) fn str(text: impl Into<Rc<str>>) -> Self {
        Self::Str(text.into())
    }

    pub(super) fn list(items: Vec<Self>) -> Self {
        Self::List(Rc::new(items))
    }

    pub(super) fn map(entries: BTreeMap<String, Self>) -> Self {
        Self::Map(Rc::new(RefCell::new(entries)))
    }

    /// Whether `if` takes it for true.
    pub(super) fn truth(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(value) => *value,
            Self::Int(value) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::Str(text) => !text.is_empty(),
            Self::List(items) => !items.is_empty(),
            Self::Map(map) => !map.borrow().is_empty(),
            Self::Files(files) => !files.is_empty(),
            Self::ApiVersions => true,
        }
    }

    /// The member of a dictionary.
    pub(super) fn get(&self, key: &str) -> Option<Self> {
        match self {
            Self::Map(map) => map.borrow().get(key).cloned(),
            _ => None,
        }
    }

    pub(super) fn at(&self, path: &[&str]) -> Option<Self> {
        path.iter()
            .try_fold(self.clone(), |value, key| value.get(key))
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The kind, as Go's `reflect` calls it.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "invalid",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float64",
            Self::Str(_) => "string",
            Self::List(_) | Self::ApiVersions => "slice",
            Self::Map(_) | Self::Files(_) => "map",
        }
    }

    /// The type, as Go's `%T` writes it.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "<nil>",
            Self::List(_) => "[]interface {}",
            Self::Map(_) => "map[string]interface {}",
            Self::Files(_) => "engine.files",
            Self::ApiVersions => "chartutil.VersionSet",
            other => other.kind(),
        }
    }

    /// How many values it is made of, for the budget; gives up counting at `most`.
    pub(super) fn weight(&self, most: usize) -> usize {
        fn count(value: &Value, left: &mut usize, depth: usize) {
            *left = left.saturating_sub(1);
            if *left == 0 || depth > MAX_DEPTH {
                return;
            }
            match value {
                Value::Str(text) => *left = left.saturating_sub(text.len() / 16),
                Value::List(items) => items.iter().for_each(|item| count(item, left, depth + 1)),
                Value::Map(map) => {
                    for item in map.borrow().values() {
                        count(item, left, depth + 1);
                    }
                }
                _ => {}
            }
        }
        let mut left = most;
        count(self, &mut left, 0);
        most - left
    }

    /// A copy that shares no dictionary with this.
    pub(super) fn deep_copy(&self) -> Self {
        self.copy(0, &mut { MAX_VALUES })
    }

    fn copy(&self, depth: usize, left: &mut usize) -> Self {
        if depth > MAX_DEPTH || *left == 0 {
            return Self::Null;
        }
        *left -= 1;
        match self {
            Self::List(items) => Self::list(
                items
                    .iter()
                    .map(|item| item.copy(depth + 1, left))
                    .collect(),
            ),
            Self::Map(map) => Self::map(
                map.borrow()
                    .iter()
                    .map(|(key, item)| (key.clone(), item.copy(depth + 1, left)))
                    .collect(),
            ),
            other => other.clone(),
        }
    }

    /// As Go's `%v` prints it, but for nothing, which prints nothing as Helm takes `<no value>` out.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Str(text) => text.to_string(),
            other => {
                let mut out = String::new();
                other.print(&mut out, 0);
                out
            }
        }
    }

    fn print(&self, out: &mut String, depth: usize) {
        if depth > MAX_DEPTH || out.len() > MAX_PRINT {
            return;
        }
        match self {
            Self::Null => out.push_str("<nil>"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Int(value) => drop(write!(out, "{value}")),
            Self::Float(value) => out.push_str(&float(*value)),
            Self::Str(text) => out.push_str(text),
            Self::List(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(' ');
                    }
                    item.print(out, depth + 1);
                }
                out.push(']');
            }
            Self::Map(map) => {
                out.push_str("map[");
                for (i, (key, item)) in map.borrow().iter().enumerate() {
                    if i > 0 {
                        out.push(' ');
                    }
                    out.push_str(key);
                    out.push(':');
                    item.print(out, depth + 1);
                }
                out.push(']');
            }
            Self::Files(_) | Self::ApiVersions => {}
        }
    }

    /// The number it is or says.
    pub(super) fn number(&self) -> f64 {
        match self {
            Self::Int(value) => *value as f64,
            Self::Float(value) => *value,
            Self::Bool(value) => f64::from(u8::from(*value)),
            Self::Str(text) => text.trim().parse().unwrap_or(0.0),
            _ => 0.0,
        }
    }

    pub(super) fn int(&self) -> i64 {
        match self {
            Self::Int(value) => *value,
            Self::Str(text) => text.trim().parse().unwrap_or_else(|_| self.number() as i64),
            _ => self.number() as i64,
        }
    }

    /// The items of a list; of a string nothing.
    pub(super) fn items(&self) -> Vec<Self> {
        match self {
            Self::List(items) => items.to_vec(),
            _ => Vec::new(),
        }
    }

    /// Whether two are equal as `reflect.DeepEqual` has it, but that numbers are compared as numbers.
    pub(super) fn same(&self, other: &Self) -> bool {
        self.same_at(other, 0, &mut { MAX_VALUES })
    }

    fn same_at(&self, other: &Self, depth: usize, left: &mut usize) -> bool {
        if depth > MAX_DEPTH || *left == 0 {
            return false;
        }
        *left -= 1;
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(_) | Self::Float(_), Self::Int(_) | Self::Float(_)) => {
                self.number() == other.number()
            }
            (Self::Str(a), Self::Str(b)) => a == b,
            (Self::List(a), Self::List(b)) => {
                a.len() == b.len()
                    && a.iter()
                        .zip(&**b)
                        .all(|(a, b)| a.same_at(b, depth + 1, left))
            }
            (Self::Map(a), Self::Map(b)) => {
                let (a, b) = (a.borrow(), b.borrow());
                a.len() == b.len()
                    && a.iter()
                        .zip(b.iter())
                        .all(|((key, a), (other, b))| key == other && a.same_at(b, depth + 1, left))
            }
            _ => false,
        }
    }

    /// What a YAML or JSON tree says, as Helm reads values: numbers are floating.
    pub(super) fn of(node: &Node) -> Self {
        match &node.value {
            tree::Value::Null => Self::Null,
            tree::Value::Scalar { text, plain } => scalar(text, *plain),
            tree::Value::List(items) => Self::list(items.iter().map(Self::of).collect()),
            tree::Value::Map(entries) => Self::map(
                entries
                    .iter()
                    .map(|(key, item)| (key.clone(), Self::of(item)))
                    .collect(),
            ),
        }
    }
}

/// A YAML scalar, typed as Helm's parser does (YAML 1.1).
fn scalar(text: &str, plain: bool) -> Value {
    if !plain {
        return Value::str(text);
    }
    match text {
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "y" | "Y" | "on" | "On" | "ON" => {
            Value::Bool(true)
        }
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "n" | "N" | "off" | "Off" | "OFF" => {
            Value::Bool(false)
        }
        _ => {
            let digits = text.trim_start_matches(['-', '+']);
            let numeric = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
                && digits
                    .chars()
                    .all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '-' | '+'));
            if let Some(hex) = digits.strip_prefix("0x")
                && let Ok(value) = i64::from_str_radix(hex, 16)
            {
                return Value::Float(value as f64);
            }
            let octal = digits.strip_prefix("0o").or_else(|| {
                digits
                    .strip_prefix('0')
                    .filter(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
            });
            if let Some(octal) = octal
                && let Ok(value) = i64::from_str_radix(octal, 8)
            {
                return Value::Float(value as f64);
            }
            match text.parse::<f64>() {
                Ok(value) if numeric && value.is_finite() => Value::Float(value),
                _ => Value::str(text),
            }
        }
    }
}

/// A floating number as Go's `%v` writes it.
fn float(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let exponent = value.abs().log10().floor();
    // The shortest form has an exponent from a million on.
    if !(-4.0..6.0).contains(&exponent) {
        let text = format!("{value:e}");
        let Some((digits, exponent)) = text.split_once('e') else {
            return text;
        };
        let (sign, number) = match exponent.strip_prefix('-') {
            Some(number) => ('-', number),
            None => ('+', exponent),
        };
        return format!("{digits}e{sign}{number:0>2}");
    }
    format!("{value}")
}

/// A number as JSON and YAML write it: whole ones without exponent.
fn written(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e21 {
        format!("{value:.0}")
    } else {
        format!("{value}")
    }
}

/// As `toJson` writes it.
pub(super) fn to_json(value: &Value) -> String {
    let mut out = String::new();
    json(value, &mut out, 0);
    out
}

fn json(value: &Value, out: &mut String, depth: usize) {
    if depth > MAX_DEPTH {
        out.push_str("null");
        return;
    }
    match value {
        Value::Null | Value::Files(_) | Value::ApiVersions => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Int(value) => drop(write!(out, "{value}")),
        Value::Float(value) => out.push_str(&written(*value)),
        Value::Str(text) => out.push_str(&go_json_string(text)),
        Value::List(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                json(item, out, depth + 1);
            }
            out.push(']');
        }
        Value::Map(map) => {
            out.push('{');
            for (i, (key, item)) in map.borrow().iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                out.push_str(&go_json_string(key));
                out.push(':');
                json(item, out, depth + 1);
            }
            out.push('}');
        }
    }
}

/// A string with quotes, as JSON and Go write it.
pub(super) fn json_string(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// A string as Go writes it in JSON: with what HTML would read as markup escaped.
fn go_json_string(text: &str) -> String {
    json_string(text)
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
}

/// As `toYaml` writes it, without the line break at the end.
pub(super) fn to_yaml(value: &Value) -> String {
    let mut out = String::new();
    yaml(value, &mut out, 0, false, 0);
    while out.ends_with('\n') {
        out.pop();
    }
    out
}

/// Writes a value and ends the line. `inline` says that something stands on the line already.
fn yaml(value: &Value, out: &mut String, indent: usize, inline: bool, depth: usize) {
    if depth > MAX_DEPTH {
        out.push_str("null\n");
        return;
    }
    match value {
        Value::Map(map) if !map.borrow().is_empty() => {
            let mut first = inline;
            for (key, item) in map.borrow().iter() {
                if !std::mem::take(&mut first) {
                    out.extend(std::iter::repeat_n(' ', indent));
                }
                out.push_str(&yaml_string(key));
                out.push(':');
                member(item, out, indent, depth);
            }
        }
        Value::List(items) if !items.is_empty() => {
            let mut first = inline;
            for item in items.iter() {
                if !std::mem::take(&mut first) {
                    out.extend(std::iter::repeat_n(' ', indent));
                }
                out.push_str("- ");
                yaml(item, out, indent + 2, true, depth + 1);
            }
        }
        Value::Map(_) => out.push_str("{}\n"),
        Value::List(_) => out.push_str("[]\n"),
        Value::Str(text) if text.contains('\n') => block(text, out, indent),
        Value::Str(text) => {
            out.push_str(&yaml_string(text));
            out.push('\n');
        }
        scalar => {
            json(scalar, out, depth);
            out.push('\n');
        }
    }
}

/// What follows a key.
fn member(item: &Value, out: &mut String, indent: usize, depth: usize) {
    match item {
        Value::Map(map) if !map.borrow().is_empty() => {
            out.push('\n');
            yaml(item, out, indent + 2, false, depth + 1);
        }
        Value::List(items) if !items.is_empty() => {
            out.push('\n');
            yaml(item, out, indent, false, depth + 1);
        }
        _ => {
            out.push(' ');
            yaml(item, out, indent + 2, true, depth + 1);
        }
    }
}

/// A text of several lines.
fn block(text: &str, out: &mut String, indent: usize) {
    let plain = text
        .chars()
        .all(|c| c == '\n' || c == '\t' || !c.is_control());
    if !plain || text.starts_with([' ', '\n', '\t']) {
        out.push_str(&json_string(text));
        out.push('\n');
        return;
    }
    let body = text.trim_end_matches('\n');
    out.push_str(match text.len() - body.len() {
        0 => "|-\n",
        1 => "|\n",
        _ => "|+\n",
    });
    let lines = text.strip_suffix('\n').unwrap_or(text);
    for line in lines.split('\n') {
        if !line.is_empty() {
            out.extend(std::iter::repeat_n(' ', indent.max(2)));
            out.push_str(line);
        }
        out.push('\n');
    }
}

/// A one-line string, quoted where plain YAML would read it as something else.
fn yaml_string(text: &str) -> String {
    let special = text.is_empty()
        || text.starts_with(|c: char| c.is_whitespace() || "-?:,[]{}#&*!|>'\"%@`~=<".contains(c))
        || text.ends_with([' ', ':'])
        || text.contains(": ")
        || text.contains(" #")
        || text.chars().any(char::is_control)
        || matches!(text, "null" | "Null" | "NULL" | "~" | "y" | "n" | "Y" | "N")
        || text.starts_with(|c: char| c.is_ascii_digit() || c == '.' || c == '+')
        || !matches!(scalar(text, true), Value::Str(_));
    // Everything in single quotes stands for itself, but control characters.
    if !special {
        text.to_owned()
    } else if text.is_empty()
        || matches!(text, "null" | "Null" | "NULL" | "~")
        || !matches!(scalar(text, true), Value::Str(_))
    {
        format!("\"{text}\"")
    } else if text.chars().any(char::is_control) {
        json_string(text)
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Value {
        Value::of(tree::yaml(text).remove(0).as_ref().unwrap())
    }

    #[test]
    fn yaml_goes_out_as_it_came_in() {
        for text in [
            "a: 1\nb:\n- x\n- y: 2\n  z: ''\nc: {}\nd: []\ne: 'true'\nf: null",
            "- - 1\n  - 2\n- a: |\n    x\n    y\n",
            "a: '*'\nb: 1.5\nc: 'a: b'",
        ] {
            let value = read(text);
            assert!(value.same(&read(&to_yaml(&value))), "{}", to_yaml(&value));
        }
    }

    #[test]
    fn numbers_print_as_in_go() {
        let printed = |text| read(text).at(&["a"]).unwrap().text();
        assert_eq!(printed("a: 8080"), "8080");
        assert_eq!(printed("a: 1000000"), "1e+06");
        assert_eq!(printed("a: 0.5"), "0.5");
        assert_eq!(printed("a: 'x'"), "x");
        assert_eq!(printed("a: [1, b]"), "[1 b]");
        assert_eq!(printed("a: {b: c}"), "map[b:c]");
    }

    #[test]
    fn dictionaries_in_themselves_end() {
        let value = Value::map(BTreeMap::new());
        if let Value::Map(map) = &value {
            map.borrow_mut().insert("self".to_owned(), value.clone());
        }
        assert!(to_yaml(&value).len() < 20_000);
        assert!(!value.same(&value.deep_copy()));
    }
}
