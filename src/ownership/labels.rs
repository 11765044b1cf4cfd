//! Which label keys name an owner.

use crate::model::{Label, LabelSource, Owner, Str};
use std::collections::{BTreeSet, HashMap};

/// Keys that name whoever owns, without case, dashes, dots and underscores.
const OWNER: [&str; 14] = [
    "accountable",
    "accountableowner",
    "assetowner",
    "businessowner",
    "maintainedby",
    "owner",
    "ownedby",
    "owneremail",
    "ownermail",
    "ownername",
    "owners",
    "responsible",
    "responsibleparty",
    "serviceowner",
];
/// Keys that name the team it belongs to.
const TEAM: [&str; 10] = [
    "devteam",
    "owningteam",
    "ownerteam",
    "responsibleteam",
    "squad",
    "team",
    "teamemail",
    "teamname",
    "teamowner",
    "serviceteam",
];
/// Keys that name whom to turn to.
const CONTACT: [&str; 9] = [
    "contact",
    "contactemail",
    "maintainer",
    "maintaineremail",
    "maintainers",
    "ownercontact",
    "supportcontact",
    "techcontact",
    "technicalcontact",
];

/// The owner keys, the user's own included.
#[derive(Debug)]
pub(super) struct OwnerKeys {
    own: BTreeSet<String>,
    known: HashMap<Str, Option<u32>>,
}

/// What one label says.
#[derive(Clone, Debug)]
pub(super) struct LabelClaim<'a> {
    /// How directly its key speaks of an owner; 0 is most.
    pub rank: u32,
    /// The label.
    pub label: &'a Label,
    /// The owners it names with their spellings; several are owners together.
    pub owners: Vec<(Owner, Str)>,
}

impl OwnerKeys {
    pub(super) fn new(own: &[Str]) -> Self {
        Self {
            own: own.iter().map(|key| key.to_lowercase()).collect(),
            known: HashMap::new(),
        }
    }

    /// What the labels say of an owner.
    pub(super) fn claims<'a>(&mut self, labels: &'a BTreeSet<Label>) -> Vec<LabelClaim<'a>> {
        labels
            .iter()
            .filter_map(|label| {
                let rank = self.rank(label)?;
                let owners = owners(&label.value);
                (!owners.is_empty()).then_some(LabelClaim {
                    rank,
                    label,
                    owners,
                })
            })
            .collect()
    }

    fn rank(&mut self, label: &Label) -> Option<u32> {
        if let Some(known) = self.known.get(&label.key) {
            return *known;
        }
        let rank = self.classify(&label.key);
        self.known.insert(label.key.clone(), rank);
        rank
    }

    fn classify(&self, key: &str) -> Option<u32> {
        let key = key.to_lowercase();
        let (prefix, name) = match key.rsplit_once(['/', ':']) {
            Some((prefix, name)) => (prefix, name),
            None => ("", key.as_str()),
        };
        if self.own.contains(&key) || self.own.contains(name) {
            return Some(0);
        }
        // What platforms and deployment tools write there is not a statement about owners.
        let machinery = ["kubernetes.io", "k8s.io", "helm.sh", "aws", "aks", "eks"]
            .iter()
            .any(|p| prefix == *p || prefix.ends_with(&format!(".{p}")));
        if machinery {
            return None;
        }
        let name: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
        let name = name.as_str();
        [(&OWNER[..], 1), (&TEAM[..], 2), (&CONTACT[..], 3)]
            .into_iter()
            .find(|(names, _)| names.contains(&name))
            .map(|(_, rank)| rank)
    }
}

/// The parties that a value names. A list is taken apart only where each item is plainly a party:
/// `Doe, Jane` is one name.
fn owners(value: &str) -> Vec<(Owner, Str)> {
    let items: Vec<&str> = value
        .split([',', ';'])
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .collect();
    let plainly = |item: &&str| item.contains('@') || item.contains(':');
    let items = if items.len() > 1 && items.iter().all(plainly) {
        items
    } else {
        vec![value]
    };
    items
        .into_iter()
        .filter_map(|item| Some((Owner::parse(item)?, item.trim().into())))
        .collect()
}

/// `tag`, `label` or `annotation`.
pub(super) fn sort(label: &Label) -> &'static str {
    match label.source {
        LabelSource::Tag => "tag",
        LabelSource::Label => "label",
        LabelSource::Annotation => "annotation",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_by_how_directly_they_speak() {
        let keys = OwnerKeys::new(&["kostenstelle".into()]);
        for (key, rank) in [
            ("Owner", Some(1)),
            ("owner-email", Some(1)),
            ("Owned_By", Some(1)),
            ("OwnerEmail", Some(1)),
            ("a8r.io/owner", Some(1)),
            ("acme.example.com/owner", Some(1)),
            ("acme:owner", Some(1)),
            ("backstage.io/owner", Some(1)),
            ("team", Some(2)),
            ("Team-Name", Some(2)),
            ("acme.io/team-name", Some(2)),
            ("squad", Some(2)),
            ("technical-contact", Some(3)),
            ("Kostenstelle", Some(0)),
            ("acme.io/kostenstelle", Some(0)),
            ("app.kubernetes.io/owner", None),
            ("aws:cloudformation:stack-name", None),
            ("aws:owner", None),
            ("name", None),
            ("ownership-model", None),
        ] {
            assert_eq!(keys.classify(key), rank, "{key}");
        }
    }

    #[test]
    fn lists_are_taken_apart_only_when_plain() {
        let names =
            |value| -> Vec<String> { owners(value).iter().map(|(o, _)| o.to_string()).collect() };
        assert_eq!(
            names("a@example.com; Jane <b@example.com>"),
            ["mail:a@example.com", "mail:b@example.com"]
        );
        assert_eq!(names("Doe, Jane"), ["team:doe,-jane"]);
        assert!(names("n/a").is_empty());
    }
}
