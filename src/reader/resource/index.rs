//! What expressions refer to: resources by their addresses, and by the names that others call them by.

use super::{Resource, value};
use crate::model::{IdentityId, PolicyId, Str};
use std::collections::HashMap;

/// Attributes whose values name what is declared.
const NAMES: [&str; 22] = [
    "account_id_email",
    "application_id",
    "arn",
    "client_id",
    "email",
    "id",
    "identifier",
    "key",
    "label",
    "login",
    "member",
    "name",
    "node_id",
    "object_id",
    "principal_id",
    "service_account_id",
    "slug",
    "unique_id",
    "user_id",
    "username",
    "value",
    "uuid",
];

/// Longer references are not followed.
const LONGEST: usize = 512;
/// So many parts of a reference are attributes rather than address.
const DEEPEST: usize = 6;

/// A thing by its name, unless several have it.
type Names<T> = HashMap<(Str, Str, Str), Option<T>>;

/// By what resources are found. Every key begins with the estate.
#[derive(Default)]
pub(super) struct Index {
    identities: HashMap<(Str, Str), IdentityId>,
    identity_names: Names<IdentityId>,
    policies: HashMap<(Str, Str), PolicyId>,
    policy_names: Names<PolicyId>,
    places: HashMap<(Str, Str), usize>,
}

impl Index {
    /// Over all resources.
    pub(super) fn new(resources: &[Resource]) -> Self {
        let mut index = Self::default();
        for (position, resource) in resources.iter().enumerate() {
            let key = |address: &str| (resource.estate.clone(), Str::from(address));
            index.places.insert(key(&resource.address), position);
            index.places.entry(key(resource.base())).or_insert(position);
            if let Some(id) = super::identity(resource) {
                index.identities.insert(key(&resource.address), id.clone());
                index
                    .identities
                    .entry(key(resource.base()))
                    .or_insert_with(|| id.clone());
                let class = class(&resource.kind);
                for name in names(resource, &id.0) {
                    name_it(&mut index.identity_names, resource, class, &name, &id);
                }
            }
            if let Some(id) = super::aws::policy(resource)
                .or_else(|| super::google::policy(resource))
                .or_else(|| super::azure::policy(resource))
            {
                index.policies.insert(key(&resource.address), id.clone());
                index
                    .policies
                    .entry(key(resource.base()))
                    .or_insert_with(|| id.clone());
                for name in names(resource, &id.0) {
                    name_it(&mut index.policy_names, resource, "policy", &name, &id);
                }
            }
        }
        // A service principal is its application by another name.
        for resource in resources {
            let Some(text) = super::azure::stands_for(resource) else {
                continue;
            };
            if let Some(id) = index.identity(&resource.estate, "azuread", text) {
                for address in [resource.address.as_str(), resource.base()] {
                    index
                        .identities
                        .insert((resource.estate.clone(), address.into()), id.clone());
                }
                for name in names(resource, &id.0) {
                    name_it(&mut index.identity_names, resource, "azuread", &name, &id);
                }
            }
        }
        index
    }

    /// The identity that a resource makes or names.
    pub(super) fn own(&self, resource: &Resource) -> Option<IdentityId> {
        let key = (
            resource.estate.clone(),
            Str::from(resource.address.as_str()),
        );
        self.identities.get(&key).cloned()
    }

    /// The identity that a text names: a reference to a resource, or a name or id of one of this class.
    pub(super) fn identity(&self, estate: &Str, class: &str, text: &str) -> Option<IdentityId> {
        let found = referred(text, |address| {
            self.identities
                .get(&(estate.clone(), address.into()))
                .cloned()
        });
        found.or_else(|| {
            let key = (estate.clone(), Str::from(class), Str::from(text));
            self.identity_names.get(&key).cloned().flatten()
        })
    }

    /// The policy that a text names.
    pub(super) fn policy(&self, estate: &Str, text: &str) -> Option<PolicyId> {
        let found = referred(text, |address| {
            self.policies
                .get(&(estate.clone(), address.into()))
                .cloned()
        });
        found.or_else(|| {
            let key = (estate.clone(), Str::from("policy"), Str::from(text));
            self.policy_names.get(&key).cloned().flatten()
        })
    }

    /// The position of the resource that a text refers to.
    pub(super) fn position(&self, estate: &Str, text: &str) -> Option<usize> {
        referred(text, |address| {
            self.places.get(&(estate.clone(), address.into())).copied()
        })
    }
}

/// Names are unique among users of AWS, among roles, and among the principals of any other platform.
fn class(kind: &str) -> &str {
    match kind {
        aws if aws.starts_with("aws_") => aws,
        azure if azure.starts_with("azure") => "azuread",
        other => other.split('_').next().unwrap_or_default(),
    }
}

fn names(resource: &Resource, id: &str) -> Vec<String> {
    let told = NAMES.iter().filter_map(|name| resource.text(name));
    let mut names: Vec<String> = told.map(str::to_owned).collect();
    let worked_out = ["arn", "id", "name", "email", "member"];
    names.extend(
        worked_out
            .iter()
            .filter_map(|name| super::computed(resource, name)),
    );
    names.push(id.to_owned());
    names.extend(value::text_at(&resource.attributes, "metadata.name").map(str::to_owned));
    names
}

fn name_it<T: Clone + PartialEq>(
    names: &mut Names<T>,
    resource: &Resource,
    class: &str,
    name: &str,
    id: &T,
) {
    let key = (resource.estate.clone(), Str::from(class), Str::from(name));
    let known = names.entry(key).or_insert_with(|| Some(id.clone()));
    if known.as_ref().is_some_and(|known| known != id) {
        *known = None;
    }
}

/// Looks up the address in `${module.ci.aws_iam_user.bot.name}`: attributes are taken off its end.
fn referred<T>(text: &str, get: impl Fn(&str) -> Option<T>) -> Option<T> {
    let inside = text.strip_prefix("${")?.strip_suffix('}')?;
    if inside.len() > LONGEST || inside.contains("${") {
        return None;
    }
    let mut address = inside;
    for _ in 0..DEEPEST {
        if let Some(found) = get(address) {
            return Some(found);
        }
        let indexed = address
            .strip_suffix(']')
            .and_then(|rest| rest.rsplit_once('['))
            .map(|(rest, _)| rest);
        address = match indexed {
            Some(rest) => rest,
            None => address.rsplit_once('.')?.0,
        };
    }
    None
}
