//! Rule tables, read row by row, and the self-test that no row names an action that AWS does not have.
//!
//! A row that cannot be read or that names an unknown action is left out, alone, and said so. An action that
//! was withdrawn is accepted: policies still name it.

use super::actions::{self, Known};
use serde::de::DeserializeOwned;

/// A row of a rule table.
pub trait Row: DeserializeOwned {
    /// What the row is called where something is said of it.
    fn title(&self) -> String;

    /// The actions it names.
    fn actions(&self) -> &[String];

    /// Takes out an action that is not known. Whether something is left that can be used.
    fn without(&mut self, action: &str) -> bool;
}

/// A table as read.
#[derive(Debug)]
pub struct Rows<R> {
    /// The rows that can be used, in order.
    pub rows: Vec<R>,
    /// What was left out and why, a sentence each.
    pub faults: Vec<String>,
    /// Withdrawn actions that rows name, with the rows' titles.
    pub withdrawn: Vec<(String, String)>,
}

/// Reads a table: a YAML list whose rows begin with `- ` at the line's start. `file` is what messages call it.
pub fn read<R: Row>(file: &str, text: &str) -> Rows<R> {
    let mut table = Rows {
        rows: Vec::new(),
        faults: Vec::new(),
        withdrawn: Vec::new(),
    };
    for (line, row) in split(text) {
        match serde_yaml::from_str::<Vec<R>>(&row) {
            Ok(rows) => {
                for row in rows {
                    table.add(file, line, row);
                }
            }
            Err(_) => table.faults.push(format!(
                "{file}:{line}: this row cannot be read and is not used"
            )),
        }
    }
    table
}

impl<R: Row> Rows<R> {
    fn add(&mut self, file: &str, line: usize, mut row: R) {
        let mut usable = true;
        for action in row.actions().to_vec() {
            match known(&action) {
                Known::Current(_) => {}
                Known::Withdrawn => self.withdrawn.push((action, row.title())),
                Known::Unknown => {
                    usable &= row.without(&action);
                    let what = if usable {
                        "is used without it"
                    } else {
                        "is not used"
                    };
                    let title = row.title();
                    self.faults.push(format!(
                        "{file}:{line}: {title} names {action}, which AWS does not have; it {what}"
                    ));
                }
            }
        }
        if usable {
            self.rows.push(row);
        }
    }
}

/// An action of a table, which may be a pattern.
fn known(action: &str) -> Known {
    if !action.contains(['*', '?']) {
        return actions::known(action);
    }
    let found = actions::matching(&action.to_ascii_lowercase());
    found.first().map_or(Known::Unknown, |&a| Known::Current(a))
}

/// The rows of a YAML list, each with the number of its first line.
fn split(text: &str) -> Vec<(usize, String)> {
    let mut rows: Vec<(usize, String)> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.starts_with("- ") {
            rows.push((index + 1, String::new()));
        }
        if let Some((_, row)) = rows.last_mut() {
            row.push_str(line);
            row.push('\n');
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::super::tables::{Escalation, Meaning};
    use super::*;

    #[test]
    fn one_bad_row_is_left_out_alone() {
        let text = "# head\n\
            - {id: a, title: good, actions: [iam:PutUserPolicy], targets: [self-user]}\n\
            - {id: b, title: dead, actions: [iam:PutUserPolicy, iam:PutUserPolicies], targets: [self-user]}\n\
            - {id: c, title: [, actions: }\n\
            - id: d\n  title: withdrawn\n  actions: [codestar:CreateProject]\n  targets: [self-user]\n\
            - {id: e, title: surplus, actions: [s3:*], targets: [self-user], colour: red}\n";
        let table: Rows<Escalation> = read("x.yaml", text);
        let ids: Vec<_> = table.rows.iter().map(|row| &*row.id).collect();
        assert_eq!(ids, ["a", "d"]);
        assert_eq!(table.faults.len(), 3, "{:?}", table.faults);
        assert!(table.faults[0].starts_with("x.yaml:3: b names iam:PutUserPolicies"));
        assert!(table.faults[1].starts_with("x.yaml:4: "));
        assert_eq!(
            table.withdrawn,
            [("codestar:CreateProject".to_owned(), "d".to_owned())]
        );
    }

    #[test]
    fn alternatives_lose_the_dead_one_only() {
        let text = "- {capability: read-data, actions: [s3:GetObject, s3:GetObjects]}\n\
            - {capability: write-data, actions: [s3:PutObjects]}\n";
        let table: Rows<Meaning> = read("y.yaml", text);
        assert_eq!(table.rows.len(), 1);
        assert_eq!(table.rows[0].actions, ["s3:GetObject"]);
        assert_eq!(table.faults.len(), 2);
    }
}
