//! What expressions come to as far as files tell: the matrix, the environment, inputs of local callers.

use super::Node;
use super::expression::{Part, references};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// As many jobs as GitHub makes of one matrix.
const MAX_COMBINATIONS: usize = 256;
/// As many values of one text as are told apart.
const MAX_VALUES: usize = 64;
/// How often values are looked into that hold expressions themselves.
const MAX_DEPTH: usize = 4;

/// What names stand for.
#[derive(Clone, Debug, Default)]
pub(super) struct Values {
    /// Combinations of the matrix, by path: `os`, `target.arch`.
    combinations: Arc<Vec<BTreeMap<String, String>>>,
    /// Environment variables, the innermost last.
    env: BTreeMap<String, String>,
    /// Inputs, each with all it is called with.
    inputs: BTreeMap<String, BTreeSet<String>>,
    /// `github.repository` and its like.
    github: BTreeMap<&'static str, String>,
}

impl Values {
    pub(super) fn new(project: &str) -> Self {
        let mut out = Self::default();
        if let Some((owner, name)) = project.split_once('/').filter(|(o, _)| *o != ".") {
            out.github.insert("repository", format!("{owner}/{name}"));
            out.github.insert("repository_owner", owner.to_owned());
        }
        out
    }

    /// Takes in environment variables; inner ones go before outer ones.
    pub(super) fn env(&mut self, node: Option<&Node>) {
        for (name, value) in node.map_or(&[][..], Node::entries) {
            if let Some(text) = value.text() {
                self.env.insert(name.clone(), text.to_owned());
            }
        }
    }

    /// An input that a caller gives.
    pub(super) fn input(&mut self, name: &str, value: &str) {
        let known = self.inputs.entry(name.to_ascii_lowercase()).or_default();
        if known.len() < MAX_VALUES {
            known.insert(value.to_owned());
        }
    }

    /// An input that the one caller gives.
    pub(super) fn set_input(&mut self, name: &str, value: &str) {
        let only = BTreeSet::from([value.to_owned()]);
        self.inputs.insert(name.to_ascii_lowercase(), only);
    }

    /// Takes in `strategy.matrix`.
    pub(super) fn matrix(&mut self, matrix: Option<&Node>) {
        if let Some(matrix) = matrix {
            self.combinations = Arc::new(combinations(matrix));
        }
    }

    /// Every text that this one comes to; what is not known stays as written.
    pub(super) fn resolve(&self, text: &str) -> BTreeSet<String> {
        if !text.contains("${{") {
            return BTreeSet::from([text.to_owned()]);
        }
        let none = BTreeMap::new();
        let mut out = BTreeSet::new();
        let combinations = self.combinations.iter();
        let any = combinations.len() > 0;
        for combination in combinations.chain((!any).then_some(&none)) {
            for value in self.with(text, combination, 0) {
                if out.len() < MAX_VALUES {
                    out.insert(value);
                }
            }
        }
        out
    }

    /// The one text that this comes to, or the text as written.
    pub(super) fn single(&self, text: &str) -> String {
        let mut all = self.resolve(text);
        match (all.pop_first(), all.is_empty()) {
            (Some(only), true) => only,
            _ => text.to_owned(),
        }
    }

    fn with(
        &self,
        text: &str,
        combination: &BTreeMap<String, String>,
        depth: usize,
    ) -> Vec<String> {
        let mut partial = vec![String::new()];
        let mut rest = text;
        while let Some(at) = rest.find("${{") {
            let (before, inside) = (rest.get(..at), rest.get(at + 3..).unwrap_or_default());
            let Some(end) = inside.find("}}") else {
                break;
            };
            let expression = inside.get(..end).unwrap_or_default();
            let whole = rest.get(at..at + 3 + end + 2).unwrap_or_default();
            let values = self.value(expression, combination, depth);
            let values = values.unwrap_or_else(|| vec![whole.to_owned()]);
            let mut next = Vec::new();
            for start in &partial {
                for value in &values {
                    if next.len() < MAX_VALUES {
                        next.push(format!("{start}{}{value}", before.unwrap_or_default()));
                    }
                }
            }
            partial = next;
            rest = inside.get(end + 2..).unwrap_or_default();
        }
        for value in &mut partial {
            value.push_str(rest);
        }
        partial
    }

    /// What an expression that is one reference comes to.
    fn value(
        &self,
        expression: &str,
        combination: &BTreeMap<String, String>,
        depth: usize,
    ) -> Option<Vec<String>> {
        let trimmed = expression.trim();
        let plain =
            |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '[' | ']' | '\'');
        if depth >= MAX_DEPTH || !trimmed.chars().all(plain) {
            return None;
        }
        let found = references(trimmed);
        let [reference] = found.as_slice() else {
            return None;
        };
        let names: Option<Vec<&str>> = reference
            .parts
            .iter()
            .map(|part| match part {
                Part::Name(name) => Some(name.as_str()),
                Part::Open => None,
            })
            .collect();
        let names = names?;
        let (context, path) = names.split_first()?;
        let raw: Vec<String> = match context.to_ascii_lowercase().as_str() {
            "matrix" => vec![combination.get(&path.join("."))?.clone()],
            "env" => vec![self.env.get(*path.first()?)?.clone()],
            "inputs" => {
                let given = self.inputs.get(&path.first()?.to_ascii_lowercase())?;
                given.iter().cloned().collect()
            }
            "github" => vec![self.github.get(*path.first()?)?.clone()],
            _ => return None,
        };
        let deeper = raw
            .into_iter()
            .flat_map(|text| self.with(&text, combination, depth + 1));
        Some(deeper.take(MAX_VALUES).collect())
    }
}

/// Flattens a value of a matrix: a mapping's members are asked for by path.
fn flatten(path: &str, node: &Node, to: &mut BTreeMap<String, String>) {
    if let Some(text) = node.text() {
        to.insert(path.to_owned(), text.to_owned());
    }
    for (key, value) in node.entries() {
        flatten(&format!("{path}.{key}"), value, to);
    }
}

fn entry(node: &Node) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    for (key, value) in node.entries() {
        flatten(key, value, &mut out);
    }
    out
}

/// The combinations that a matrix comes to, as GitHub documents `include` and `exclude`.
fn combinations(matrix: &Node) -> Vec<BTreeMap<String, String>> {
    let mut all: Vec<BTreeMap<String, String>> = vec![BTreeMap::new()];
    let axes = matrix.entries().iter();
    let axes: Vec<_> = axes
        .filter(|(key, node)| {
            !matches!(key.as_str(), "include" | "exclude") && !node.items().is_empty()
        })
        .collect();
    for (key, axis) in &axes {
        let mut next = Vec::new();
        for known in &all {
            for value in axis.items() {
                if next.len() < MAX_COMBINATIONS {
                    let mut one = known.clone();
                    flatten(key, value, &mut one);
                    next.push(one);
                }
            }
        }
        all = next;
    }
    for excluded in matrix.list("exclude").iter().map(entry) {
        all.retain(|one| {
            excluded.is_empty()
                || !excluded
                    .iter()
                    .all(|(key, value)| one.get(key) == Some(value))
        });
    }
    if axes.is_empty() {
        all.clear();
    }
    let original: BTreeSet<&str> = axes.iter().map(|(key, _)| key.as_str()).collect();
    let first = all.len();
    for included in matrix.list("include").iter().map(entry) {
        let of_axis = |key: &str| original.contains(key.split('.').next().unwrap_or(key));
        let mut met = false;
        for one in all.iter_mut().take(first) {
            let fits = included
                .iter()
                .filter(|(key, _)| of_axis(key))
                .all(|(key, value)| one.get(key) == Some(value));
            if fits {
                met = true;
                one.extend(included.clone());
            }
        }
        if !met && all.len() < MAX_COMBINATIONS {
            all.push(included);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::tree;

    fn values(yaml: &str) -> Values {
        let node = tree::yaml(yaml).remove(0).unwrap();
        let mut out = Values::new("acme/app");
        out.env(node.get("env"));
        out.matrix(node.get("matrix"));
        out
    }

    fn all(values: &Values, text: &str) -> Vec<String> {
        values.resolve(text).into_iter().collect()
    }

    #[test]
    fn matrices_expand_as_documented() {
        let it = values(
            "matrix:\n  os: [a, b]\n  n: [1, 2]\n  exclude: [{os: b, n: 2}]\n  include: [{os: a, extra: x}, {os: c}]\n",
        );
        assert_eq!(
            all(&it, "${{ matrix.os }}-${{ matrix.n }}"),
            [
                "${{ matrix.n }}".replace("${{ matrix.n }}", "a-1"),
                "a-2".into(),
                "b-1".into(),
                "c-${{ matrix.n }}".into()
            ]
        );
        assert_eq!(it.single("${{ github.repository }}"), "acme/app");
    }

    #[test]
    fn variables_may_hold_expressions() {
        let it = values(
            "env: {A: '111122223333', B: 'arn:aws:iam::${{ env.A }}:role/x', C: '${{ env.C }}'}\n",
        );
        assert_eq!(
            it.single("${{ env.B }}"),
            "arn:aws:iam::111122223333:role/x"
        );
        assert_eq!(it.single("${{ env.C }}"), "${{ env.C }}");
        assert_eq!(it.single("${{ vars.X }}"), "${{ vars.X }}");
    }
}
