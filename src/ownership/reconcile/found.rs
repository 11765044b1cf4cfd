//! What of an identity goes beyond or against its entry: owner, environment, privilege, actions.

use super::actions::{Granted, Verdict};
use crate::model::{
    Assessed, GapKind, Identity, Label, Method, OwnershipState, Registration, RegistryEntry, Set,
    Str, SubjectId, Tier,
};
use crate::ownership::roster::Roster;
use std::collections::HashMap;

/// Keys of labels that name an environment, by the last part of the key without punctuation.
const ENVIRONMENT: [&str; 9] = [
    "env",
    "environment",
    "environmentname",
    "environmenttype",
    "envname",
    "deploymentenvironment",
    "stage",
    "envtype",
    "lifecycleenvironment",
];

/// Spellings of environments that mean the same.
const SAME: [(&str, &str); 15] = [
    ("production", "prod"),
    ("prd", "prod"),
    ("live", "prod"),
    ("p", "prod"),
    ("stage", "staging"),
    ("stg", "staging"),
    ("preproduction", "preprod"),
    ("preprd", "preprod"),
    ("development", "dev"),
    ("develop", "dev"),
    ("devl", "dev"),
    ("testing", "test"),
    ("tst", "test"),
    ("nonprod", "nonprod"),
    ("nonproduction", "nonprod"),
];

/// What was found, indexed for the questions that entries ask.
pub(super) struct Found<'a> {
    assessed: &'a Assessed,
    granted: Granted<'a>,
    /// What the labels of each container say of its environment.
    environments: HashMap<&'a str, Stated>,
}

/// What labels say of an environment: the name, and what says it.
#[derive(Clone, Debug)]
struct Stated {
    name: String,
    by: String,
}

impl<'a> Found<'a> {
    pub(super) fn new(assessed: &'a Assessed) -> Self {
        let inventory = &assessed.inventory;
        let mut environments = HashMap::new();
        for container in &inventory.containers {
            let by = || format!(" of {}", container.id);
            if let Some(stated) = environment(&container.labels, by) {
                environments.entry(&*container.id).or_insert(stated);
            }
        }
        let asked = inventory
            .registry
            .iter()
            .any(|e| !e.allowed_actions.is_empty());
        Self {
            assessed,
            granted: Granted::new(inventory, asked),
            environments,
        }
    }

    /// The gaps between an identity and the entry that speaks of it most closely.
    pub(super) fn gaps(
        &mut self,
        identity: &Identity,
        entry: &RegistryEntry,
        roster: &mut Roster<'_>,
    ) -> Registration {
        let mut found = Registration::default();
        self.owner(identity, entry, roster, &mut found);
        self.environment(identity, entry, &mut found);
        self.privilege(identity, entry, &mut found);
        if !entry.allowed_actions.is_empty() {
            let open = self
                .assessed
                .privilege
                .get(&identity.id)
                .is_none_or(|p| p.tier == Tier::Unknown || !p.unresolved.is_empty());
            match self.granted.beyond(identity, &entry.allowed_actions, open) {
                Verdict::Within => {}
                Verdict::Open => {
                    found.open.insert(GapKind::ActionsBeyondApproval);
                }
                Verdict::Beyond(what) => found.add(GapKind::ActionsBeyondApproval, Some(what)),
            }
        }
        found
    }

    fn owner(
        &self,
        identity: &Identity,
        entry: &RegistryEntry,
        roster: &mut Roster<'_>,
        found: &mut Registration,
    ) {
        let subject = SubjectId::Identity(identity.id.clone());
        let Some((registered, ownership)) = entry
            .owner
            .as_ref()
            .map(|(owner, _)| owner)
            .zip(self.assessed.ownership.get(&subject))
        else {
            return;
        };
        // A party may have been brought to another name since it was read; the claim has it.
        let claims = ownership.claims.iter();
        let own = claims.clone().find(|c| c.method == Method::Registry);
        let registered = own.map_or(registered, |claim| &claim.owner);
        let mut labelled = claims.filter(|c| c.method == Method::Label).peekable();
        let Some(first) = labelled.peek().map(|claim| claim.owner.to_string()) else {
            return;
        };
        // What an object names by several keys is one party by its word, and a default disputes nothing: that was
        // judged when the owner was.
        let settled = ownership.state == OwnershipState::Owned
            && ownership
                .owner
                .as_ref()
                .is_some_and(|owner| roster.same_party(owner, registered));
        if !settled && !labelled.any(|claim| roster.same_party(registered, &claim.owner)) {
            let detail = format!("labels name {first}, the registry {registered}");
            found.add(GapKind::OwnerDiffers, Some(detail));
        }
    }

    fn environment(&self, identity: &Identity, entry: &RegistryEntry, found: &mut Registration) {
        let Some(registered) = entry.environment.as_deref() else {
            return;
        };
        let around = || {
            let mut around = identity.containers().into_iter();
            around.find_map(|id| self.environments.get(&*id).cloned())
        };
        let Some(stated) = environment(&identity.labels, String::new).or_else(around) else {
            return;
        };
        let registered = normal(registered);
        let contrary = match stated.name.as_str() {
            // `is-production: false` leaves open what it is instead.
            "nonprod" => registered == "prod",
            name if registered == "nonprod" => name == "prod",
            name => name != registered,
        };
        if contrary {
            let detail = format!(
                "registered as {registered}; {} says {}",
                stated.by, stated.name
            );
            found.add(GapKind::EnvironmentDiffers, Some(detail));
        }
    }

    fn privilege(&self, identity: &Identity, entry: &RegistryEntry, found: &mut Registration) {
        let Some(approved) = entry.approved_tier.as_deref() else {
            return;
        };
        let mut tiers = Tier::ALL.into_iter();
        let approved = tiers.find(|tier| tier.as_str() == approved);
        let held = self.assessed.privilege.get(&identity.id);
        match (approved, held.map_or(Tier::Unknown, |p| p.own_tier)) {
            (None, _) => {}
            (Some(_), Tier::Unknown) => {
                found.open.insert(GapKind::PrivilegeBeyondApproval);
            }
            (Some(approved), held) if held > approved => {
                let detail = format!(
                    "approved for {}, holds {}",
                    approved.as_str(),
                    held.as_str()
                );
                found.add(GapKind::PrivilegeBeyondApproval, Some(detail));
            }
            _ => {}
        }
    }
}

/// What labels say of an environment; of several, what stands first.
fn environment(labels: &Set<Label>, of: impl Fn() -> String) -> Option<Stated> {
    let named = |label: &Label| {
        let key = plain(last(&label.key));
        let value = label.value.trim();
        let by = || format!("`{}`{}", label.key, of());
        if ENVIRONMENT.contains(&key.as_str()) && !value.is_empty() && value.len() <= 64 {
            return Some(Stated {
                name: normal(value),
                by: by(),
            });
        }
        let production = matches!(key.as_str(), "isproduction" | "production" | "isprod");
        let name = match (production, value.to_lowercase().as_str()) {
            (true, "true" | "yes") => "prod",
            (true, "false" | "no") => "nonprod",
            _ => return None,
        };
        Some(Stated {
            name: name.to_owned(),
            by: by(),
        })
    };
    labels.iter().find_map(named)
}

fn last(key: &str) -> &str {
    key.rsplit(['/', ':']).next().unwrap_or(key)
}

fn plain(text: &str) -> String {
    let kept = text.chars().filter(|c| c.is_alphanumeric());
    kept.flat_map(char::to_lowercase).collect()
}

/// An environment in the spelling that stands for all of its spellings.
fn normal(name: &str) -> String {
    let name = plain(name);
    let same = SAME.iter().find(|(other, _)| *other == name);
    same.map_or(name, |(_, means)| (*means).to_owned())
}

/// The vendor that an entry names.
pub(in crate::ownership) fn vendor_of(entries: &[RegistryEntry]) -> Option<(&Str, &RegistryEntry)> {
    entries
        .iter()
        .find_map(|entry| Some((entry.vendor.as_ref()?, entry)))
}
