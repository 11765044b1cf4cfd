//! When the need for something is to be reviewed: what its registry entry says, else its own labels, else those of
//! its nearest container.

use crate::model::{Container, DateField, Label, RegistryEntry, Review, Set};

/// Label keys that hold a review date, without case, dashes, dots and underscores.
const REVIEW: [&str; 9] = [
    "reviewby",
    "reviewafter",
    "reviewon",
    "reviewdate",
    "reviewdue",
    "nextreview",
    "nextreviewdate",
    "recertifyby",
    "recertificationdate",
];

/// The review of an identity with these registry entries, labels and containers (nearest first).
pub(super) fn of<'a>(
    entries: impl Iterator<Item = &'a RegistryEntry>,
    labels: &Set<Label>,
    containers: impl Iterator<Item = &'a Container>,
) -> Option<Review> {
    let registered = entries
        .filter(|entry| entry.review_by != DateField::Absent)
        .map(|entry| Review {
            date: entry.review_by.clone(),
            source: format!("registry entry {}", entry.id).into(),
            evidence: entry.evidence.clone(),
        })
        .next();
    registered
        .or_else(|| labelled(labels, None))
        .or_else(|| containers.into_iter().find_map(of_container))
}

/// The review of a container by its own labels.
pub(super) fn of_container(container: &Container) -> Option<Review> {
    labelled(&container.labels, Some(&container.id))
}

fn labelled(labels: &Set<Label>, container: Option<&str>) -> Option<Review> {
    let mut found = labels.iter().filter(|label| is_review(&label.key));
    let label = found.next()?;
    let sort = super::labels::sort(label);
    let of = container.map_or_else(String::new, |id| format!(" of {id}"));
    Some(Review {
        date: DateField::read(Some(&label.value)),
        source: format!("{sort} `{}`{of}", label.key).into(),
        evidence: label.evidence.clone(),
    })
}

fn is_review(key: &str) -> bool {
    let name = key.rsplit(['/', ':']).next().unwrap_or(key);
    let name: String = name
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    REVIEW.contains(&name.as_str())
}
