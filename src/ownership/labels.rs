//! Which label keys name an owner.

use crate::model::Set;
use crate::model::{Label, LabelSource, Owner, Str};
use std::collections::HashMap;

/// Keys that name whoever owns, the plainest first, without case, dashes, dots and underscores.
const OWNER: [&str; 14] = [
    "owner",
    "ownedby",
    "owners",
    "serviceowner",
    "assetowner",
    "accountable",
    "accountableowner",
    "responsible",
    "responsibleparty",
    "maintainedby",
    "owneremail",
    "ownermail",
    "ownername",
    "businessowner",
];
/// Keys that name the team it belongs to.
const TEAM: [&str; 10] = [
    "team",
    "teamname",
    "owningteam",
    "ownerteam",
    "teamowner",
    "responsibleteam",
    "squad",
    "serviceteam",
    "devteam",
    "teamemail",
];
/// Keys that name whom to turn to.
const CONTACT: [&str; 9] = [
    "contact",
    "contactemail",
    "technicalcontact",
    "techcontact",
    "ownercontact",
    "supportcontact",
    "maintainer",
    "maintainers",
    "maintaineremail",
];

/// The owner keys, the user's own included.
#[derive(Debug)]
pub(super) struct OwnerKeys {
    own: Vec<String>,
    known: HashMap<Str, Option<u32>>,
}

/// What one label says.
#[derive(Clone, Debug)]
pub(super) struct LabelClaim<'a> {
    /// How directly its key speaks of an owner; 0 is most. Different keys have different ranks: an owner
    /// beside an owner's address or a business owner is no contradiction, two values for one key are.
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
    pub(super) fn claims<'a>(&mut self, labels: &'a Set<Label>) -> Vec<LabelClaim<'a>> {
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
        let mut own = self.own.iter();
        if let Some(at) = own.position(|own| *own == key || own == name) {
            return u32::try_from(at).ok();
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
        let known = OWNER.iter().chain(&TEAM).chain(&CONTACT);
        let at = known.copied().position(|known| known == name)?;
        u32::try_from(self.own.len() + at).ok()
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

/// `tag`, `label`, `annotation` or `field`.
pub(super) fn sort(label: &Label) -> &'static str {
    match label.source {
        LabelSource::Tag => "tag",
        LabelSource::Label => "label",
        LabelSource::Annotation => "annotation",
        LabelSource::Field => "field",
        LabelSource::DefaultTag => "default tag",
        LabelSource::ModuleInput => "module input",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_by_how_directly_they_speak() {
        let keys = OwnerKeys::new(&["kostenstelle".into()]);
        let ordered = [
            "Kostenstelle",
            "Owner",
            "Owned_By",
            "service-owner",
            "OwnerEmail",
            "team",
            "Team-Name",
            "squad",
            "contact",
            "technical-contact",
            "maintainer",
        ];
        let ranks: Vec<Option<u32>> = ordered.iter().map(|key| keys.classify(key)).collect();
        assert!(ranks.iter().all(Option::is_some), "{ranks:?}");
        assert!(ranks.is_sorted(), "{ranks:?}");
        for (key, same) in [
            ("a8r.io/owner", "owner"),
            ("acme.example.com/owner", "owner"),
            ("acme:owner", "owner"),
            ("backstage.io/owner", "owner"),
            ("acme.io/team-name", "TeamName"),
            ("acme.io/kostenstelle", "kostenstelle"),
        ] {
            assert_eq!(keys.classify(key), keys.classify(same), "{key}");
        }
        for key in [
            "app.kubernetes.io/owner",
            "aws:cloudformation:stack-name",
            "aws:owner",
            "name",
            "ownership-model",
        ] {
            assert_eq!(keys.classify(key), None, "{key}");
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
        assert_eq!(names("Doe, Jane"), ["team:jane-doe"]);
        assert!(names("n/a").is_empty());
    }
}
