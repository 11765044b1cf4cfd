//! When the need for something is to be reviewed: what its registry entry says, else its own labels, else those of
//! its nearest container.

use crate::model::{Container, DateField, Label, RegistryEntry, Review, Set};

/// Label keys that hold a review date, without case, dashes, dots and underscores, the plainest first. Whatever is to
/// end is to be looked at by then.
const REVIEW: [&str; 33] = [
    "reviewby",
    "reviewafter",
    "reviewon",
    "reviewdate",
    "reviewdue",
    "reviewduedate",
    "reviewbefore",
    "reviewat",
    "nextreview",
    "nextreviewdate",
    "nextreviewon",
    "nextreviewby",
    "accessreviewdate",
    "ownerreviewdate",
    "recertifyby",
    "recertifyon",
    "recertificationdate",
    "recertificationdue",
    "nextrecertification",
    "attestby",
    "nextattestation",
    "revalidateby",
    "revalidationdate",
    "reviseby",
    "expires",
    "expireson",
    "expiresat",
    "expiry",
    "expirydate",
    "expiration",
    "expirationdate",
    "validuntil",
    "endoflife",
];

/// Whose keys platforms and their tools write: no statement of people.
const MACHINERY: [&str; 8] = [
    "amazonaws.com",
    "argoproj.io",
    "aws",
    "cert-manager.io",
    "helm.sh",
    "k8s.io",
    "kubernetes.io",
    "openshift.io",
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
    // An empty field says less than a filled one, whatever its key.
    let (_, label) = labels
        .iter()
        .filter_map(|label| Some((rank(&label.key)?, label)))
        .min_by_key(|(rank, label)| (label.value.trim().is_empty(), *rank, *label))?;
    let sort = super::labels::sort(label);
    let of = container.map_or_else(String::new, |id| format!(" of {id}"));
    Some(Review {
        date: DateField::read(Some(&label.value)),
        source: format!("{sort} `{}`{of}", label.key).into(),
        evidence: label.evidence.clone(),
    })
}

/// How plainly a key speaks of a review; 0 is most.
fn rank(key: &str) -> Option<usize> {
    let (prefix, name) = key.rsplit_once(['/', ':']).unwrap_or(("", key));
    let name: String = name
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    let rank = REVIEW.iter().position(|known| *known == name)?;
    let prefix = prefix.to_lowercase();
    let below = |owner: &&str| {
        let above = prefix.strip_suffix(owner);
        above.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    (!MACHINERY.iter().any(below)).then_some(rank)
}

#[cfg(test)]
mod tests {
    use super::rank;

    #[test]
    fn keys_of_people_not_of_machines() {
        for key in [
            "review-after",
            "example.com/review-after",
            "Review_By",
            "NextReviewDate",
            "Expiry Date",
            "platform:expires",
        ] {
            assert!(rank(key).is_some(), "{key}");
        }
        for key in [
            "review",
            "preview-by",
            "cert-manager.io/expiry",
            "service.beta.openshift.io/expiry",
            "aws:expires",
        ] {
            assert_eq!(rank(key), None, "{key}");
        }
        assert!(rank("expires") > rank("review-by"));
    }
}
