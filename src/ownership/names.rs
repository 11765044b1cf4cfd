//! Parties whose names identities begin with: `payments-ci` of a team that is called payments. A suggestion, and only of
//! parties that a declared source knows: any other word is just a word.

use super::labels::{KeyClass, OwnerKeys};
use crate::model::{Identity, Inventory, Owner, Str};
use std::collections::HashMap;

/// How many words at the beginning of a name are compared.
const MAX_WORDS: usize = 4;

/// Words that names begin with whatever team made them, though some team may be called so.
const COMMON: [&str; 36] = [
    "admin",
    "api",
    "app",
    "application",
    "aws",
    "azure",
    "backend",
    "bot",
    "build",
    "ci",
    "cicd",
    "cluster",
    "data",
    "default",
    "deploy",
    "dev",
    "eks",
    "frontend",
    "gcp",
    "github",
    "gitlab",
    "iam",
    "infra",
    "k8s",
    "kube",
    "lambda",
    "prod",
    "production",
    "role",
    "service",
    "staging",
    "svc",
    "system",
    "terraform",
    "test",
    "user",
];

/// The parties that declared sources name, by the words of their names.
#[derive(Debug, Default)]
pub(super) struct Names {
    by_words: HashMap<String, Option<Owner>>,
}

impl Names {
    pub(super) fn new(inventory: &Inventory, keys: &mut OwnerKeys) -> Self {
        let mut names = Self::default();
        for team in &inventory.teams {
            for name in &team.names {
                names.add(Owner::parse(&format!("team:{name}")));
            }
        }
        for person in &inventory.people {
            for name in person.names.iter().filter(|name| !name.contains('@')) {
                names.add(Some(Owner::User(name.clone())));
            }
        }
        for entry in &inventory.registry {
            names.add(entry.owner.as_ref().map(|(owner, _)| owner.clone()));
        }
        for raw in inventory.catalog.iter().flat_map(|entity| &entity.owners) {
            names.add(Owner::parse(raw));
        }
        for container in &inventory.containers {
            for claim in keys.claims(&container.labels) {
                let named = claim.class <= KeyClass::Team;
                let owners = claim.owners.into_iter().filter(|_| named);
                owners.for_each(|(owner, _)| names.add(Some(owner)));
            }
        }
        names
    }

    fn add(&mut self, owner: Option<Owner>) {
        let Some(owner @ (Owner::Team(_) | Owner::User(_))) = owner else {
            return;
        };
        let last = owner.name().rsplit('/').next().unwrap_or_default();
        let mut words = words(last);
        if let Owner::Team(_) = owner {
            words.retain(|word| !matches!(word.as_str(), "team" | "squad"));
        }
        let key = words.join("-");
        let telling = key.len() >= 3 && words.len() <= MAX_WORDS && !COMMON.contains(&&*key);
        if !telling || key.chars().all(|c| c.is_ascii_digit()) {
            return;
        }
        let known = self.by_words.entry(key);
        // A name that two parties share names neither.
        known
            .and_modify(|known| {
                if known.as_ref().is_some_and(|known| *known != owner) {
                    *known = None;
                }
            })
            .or_insert(Some(owner));
    }

    /// The party whose name the identity's begins with, the longest.
    pub(super) fn of(&self, identity: &Identity) -> Option<(Owner, Str)> {
        if self.by_words.is_empty() {
            return None;
        }
        let words = words(&identity.name);
        (1..=words.len().min(MAX_WORDS)).rev().find_map(|many| {
            let key = words.get(..many)?.join("-");
            let owner = self.by_words.get(&key)?.clone()?;
            Some((owner, Str::from(key)))
        })
    }
}

fn words(name: &str) -> Vec<String> {
    name.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(MAX_WORDS + 1)
        .map(str::to_lowercase)
        .collect()
}
