//! Changes of one kind to one subject, told in one line: a new admin gains ten capabilities at once.

use super::view::ChangeRow;

/// One or more changes.
pub(super) struct Folded<'r, 'a> {
    /// The first of them.
    pub row: &'r ChangeRow<'a>,
    /// How many they are.
    pub count: usize,
    /// What was before, of all of them.
    pub before: Option<String>,
    /// What is now, of all of them.
    pub after: Option<String>,
}

/// Folds neighbours that only add, or only take away.
pub(super) fn fold<'r, 'a>(rows: &'r [ChangeRow<'a>]) -> Vec<Folded<'r, 'a>> {
    let mut folded: Vec<Folded<'r, 'a>> = Vec::new();
    for row in rows {
        let change = row.change;
        if let Some(last) = folded.last_mut()
            && last.row.change.kind == change.kind
            && last.row.change.subject == change.subject
        {
            let sides = (&mut last.before, &mut last.after);
            let (joined, next) = match (sides, &change.before, &change.after) {
                ((None, Some(after)), None, Some(next)) => (after, next),
                ((Some(before), None), Some(next), None) => (before, next),
                _ => {
                    folded.push(Folded::of(row));
                    continue;
                }
            };
            joined.push_str(", ");
            joined.push_str(next);
            last.count += 1;
        } else {
            folded.push(Folded::of(row));
        }
    }
    folded
}

impl<'r, 'a> Folded<'r, 'a> {
    fn of(row: &'r ChangeRow<'a>) -> Self {
        Self {
            row,
            count: 1,
            before: row.change.before.clone(),
            after: row.change.after.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fold;
    use crate::model::Bearing;
    use crate::report::view::ChangeRow;
    use crate::snapshot::{Change, Subject};

    fn change(kind: &str, id: &str, before: Option<&str>, after: Option<&str>) -> Change {
        Change {
            kind: kind.to_owned(),
            subject: Subject {
                id: id.into(),
                ..Subject::default()
            },
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
            ..Change::default()
        }
    }

    #[test]
    fn only_what_one_subject_gains_or_loses_is_told_together() {
        let changes = [
            change("tier-rose", "a", Some("read"), Some("write")),
            change("tier-rose", "a", Some("write"), Some("admin")),
            change("capability-gained", "a", None, Some("x")),
            change("capability-gained", "a", None, Some("y")),
            change("capability-gained", "b", None, Some("z")),
            change("capability-lost", "b", Some("x"), None),
            change("capability-lost", "b", Some("y"), None),
        ];
        let rows: Vec<_> = changes
            .iter()
            .map(|change| ChangeRow {
                change,
                bearing: Bearing::Neutral,
            })
            .collect();
        let told: Vec<_> = fold(&rows)
            .into_iter()
            .map(|f| (f.count, f.before, f.after))
            .collect();
        let text = |s: &str| Some(s.to_owned());
        assert_eq!(
            told,
            [
                (1, text("read"), text("write")),
                (1, text("write"), text("admin")),
                (2, None, text("x, y")),
                (1, None, text("z")),
                (2, text("x, y"), None),
            ]
        );
    }
}
