//! Whether what was read could show what an entry of the registry speaks of.

use super::exists;
use crate::model::{Identity, Inventory, Platform, Presence, RegistryEntry, Selector};
use std::collections::HashSet;

/// Which places were looked at.
pub(super) struct Cover<'a> {
    inventory: &'a Inventory,
    /// Platform and account of existing identities; either may be left out.
    accounts: HashSet<(Option<&'a str>, Option<&'a str>)>,
    /// The same with the namespace, of Kubernetes.
    namespaces: HashSet<(Option<&'a str>, &'a str)>,
    /// Clusters that were listed, and namespaces in them that something was declared in.
    clusters: HashSet<&'a str>,
    declared: HashSet<(&'a str, &'a str)>,
    /// Where ids of identities that exports list stand: what is before the last part.
    places: HashSet<&'a str>,
    aws: Vec<(bool, &'a str)>,
}

impl<'a> Cover<'a> {
    pub(super) fn new(inventory: &'a Inventory) -> Self {
        let mut cover = Self {
            inventory,
            accounts: HashSet::new(),
            namespaces: HashSet::new(),
            clusters: HashSet::new(),
            declared: HashSet::new(),
            places: HashSet::new(),
            aws: Vec::new(),
        };
        for (kind, account) in &inventory.sources {
            match &**kind {
                "aws-authorization-details" => cover.aws.push((true, account)),
                // It lists users only.
                "aws-credential-report" => cover.aws.push((false, account)),
                _ => {}
            }
        }
        for identity in inventory.identities.values().filter(|i| exists(i)) {
            cover.add(identity);
        }
        for workload in &inventory.workloads {
            let mut parts = workload
                .id
                .strip_prefix("k8s:")
                .unwrap_or(&workload.id)
                .splitn(3, '/');
            if let (Some(cluster), Some(namespace)) = (parts.next(), parts.next()) {
                cover.declared.insert((cluster, namespace));
            }
        }
        cover
    }

    fn add(&mut self, identity: &'a Identity) {
        let (platform, account) = (identity.platform.as_str(), identity.account.as_deref());
        let observed = identity.presence.contains(&Presence::Observed);
        if identity.platform == Platform::Kubernetes {
            let (cluster, namespace) = (account, identity.namespace.as_deref());
            self.accounts.extend([
                (Some(platform), None),
                (Some(platform), account),
                (None, account),
                (None, None),
            ]);
            if let Some(namespace) = namespace {
                self.namespaces
                    .extend([(account, namespace), (None, namespace)]);
            }
            if let Some(cluster) = cluster {
                self.clusters.extend(observed.then_some(cluster));
                self.declared
                    .extend(namespace.map(|namespace| (cluster, namespace)));
            }
        } else if observed && identity.platform != Platform::Aws {
            self.accounts.extend([
                (Some(platform), None),
                (Some(platform), account),
                (None, account),
            ]);
            self.places.extend(place(&identity.id.0));
        }
    }

    /// Whether exports or manifests were read that would list what the entry speaks of.
    pub(super) fn covers(&self, entry: &RegistryEntry) -> bool {
        match &entry.selector {
            Selector::Exact(id) => self.covers_id(id),
            Selector::Pattern {
                platform,
                account,
                namespace,
                id,
                ..
            } => {
                if let Some(id) = id
                    .as_deref()
                    .filter(|_| platform.is_none() && account.is_none())
                {
                    return self.covers_id(id);
                }
                let (platform, account) = (platform.as_deref(), account.as_deref());
                if let Some(namespace) = namespace {
                    return self.namespaces.contains(&(account, namespace));
                }
                let aws =
                    platform.is_none_or(|p| p == Platform::Aws.as_str()) && self.aws(account, true);
                aws || self.accounts.contains(&(platform, account))
            }
        }
    }

    fn covers_id(&self, id: &str) -> bool {
        if id.starts_with("k8s:") {
            // Manifests are seldom a whole cluster: a ServiceAccount counts as looked for when its cluster was
            // dumped, or when what was read declares something else in its namespace.
            let mut parts = id.strip_prefix("k8s:").unwrap_or(id).splitn(3, '/');
            let (Some(cluster), namespace) = (parts.next(), parts.next()) else {
                return false;
            };
            return self.clusters.contains(cluster)
                || namespace
                    .is_some_and(|namespace| self.declared.contains(&(cluster, namespace)));
        }
        if id.starts_with("arn:aws") || id.starts_with("aws:") {
            let account = id
                .split([':', '/'])
                .find(|part| part.len() == 12 && part.bytes().all(|b| b.is_ascii_digit()));
            return self.aws(account, id.contains("user"));
        }
        self.inventory.identities.contains_key(&id.into())
            || place(id).is_some_and(|place| self.places.contains(place))
    }

    /// Whether IAM was listed for the account (any account, when none is named).
    fn aws(&self, account: Option<&str>, user: bool) -> bool {
        self.aws.iter().any(|(whole, of)| {
            (*whole || user) && (*of == "*" || account.is_none_or(|account| account == *of))
        })
    }
}

/// What of an id says where it stands: `entra:<tenant>`, `github:acme/payments`; of an address its domain.
fn place(id: &str) -> Option<&str> {
    match id.rsplit_once('@') {
        Some((_, domain)) => Some(domain),
        None => id.rsplit_once('/').map(|(place, _)| place),
    }
}
