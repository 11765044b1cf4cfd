//! The register of vendors: records of one vendor from several files brought together.

use crate::model::{Contract, DataCategory, Evidence, Owner, RegistryEntry, Str, Vendor};
use std::collections::{BTreeSet, HashMap};

/// Words at the end of a company's name that say only what sort of company it is.
const LEGAL: [&str; 22] = [
    "ab",
    "ag",
    "as",
    "bv",
    "co",
    "company",
    "corp",
    "corporation",
    "gmbh",
    "inc",
    "incorporated",
    "limited",
    "llc",
    "llp",
    "ltd",
    "nv",
    "oy",
    "plc",
    "pty",
    "sa",
    "sarl",
    "se",
];

/// A vendor by all its records.
#[derive(Debug)]
pub(super) struct Known {
    pub id: Str,
    pub name: Str,
    pub owner: Option<Owner>,
    pub approver: Option<Owner>,
    pub accountability: Option<Str>,
    pub data: Option<Vec<DataCategory>>,
    pub contracts: BTreeSet<Contract>,
    pub evidence: Vec<Evidence>,
}

/// All vendors, by everything that means one.
#[derive(Debug, Default)]
pub(super) struct Register {
    vendors: Vec<Known>,
    by_name: HashMap<String, usize>,
    by_account: HashMap<String, usize>,
    by_domain: HashMap<String, usize>,
}

impl Register {
    pub(super) fn new(records: &BTreeSet<Vendor>) -> Self {
        let mut register = Self::default();
        for record in records {
            register.add(record);
        }
        register
    }

    fn add(&mut self, record: &Vendor) {
        let names: Vec<String> = [&record.id, &record.name]
            .into_iter()
            .chain(&record.aliases)
            .map(|name| key(name))
            .filter(|name| !name.is_empty())
            .collect();
        let known = names
            .iter()
            .find_map(|name| self.by_name.get(name).copied());
        let at = known.unwrap_or(self.vendors.len());
        if known.is_none() {
            self.vendors.push(Known {
                id: record.id.clone(),
                name: "".into(),
                owner: None,
                approver: None,
                accountability: None,
                data: None,
                contracts: BTreeSet::new(),
                evidence: Vec::new(),
            });
        }
        for name in names {
            self.by_name.entry(name).or_insert(at);
        }
        for account in &record.accounts {
            let account = account.to_lowercase();
            if let Some((_, plain)) = account
                .split_once(':')
                .filter(|_| !account.starts_with("arn:"))
            {
                self.by_account.entry(plain.to_owned()).or_insert(at);
            }
            self.by_account.entry(account).or_insert(at);
        }
        for domain in &record.domains {
            let domain = domain.trim_start_matches(['@', '*', '.']).to_lowercase();
            if domain.contains('.') {
                self.by_domain.entry(domain).or_insert(at);
            }
        }
        if let Some(vendor) = self.vendors.get_mut(at) {
            vendor.take(record);
        }
    }

    /// Takes domains away that tell of no vendor: these, what they are below, and those where everybody can have an
    /// address.
    pub(super) fn forget_domains(&mut self, own: &BTreeSet<String>) {
        self.by_domain.retain(|domain, _| {
            let below = |own: &String| {
                own == domain || own.strip_suffix(domain).is_some_and(|o| o.ends_with('.'))
            };
            !own.iter().any(below) && !crate::ownership::everybodys_domain(domain)
        });
    }

    /// Every vendor.
    pub(super) fn all(&self) -> &[Known] {
        &self.vendors
    }

    /// The vendor of this id, name or other name.
    pub(super) fn named(&self, name: &str) -> Option<&Known> {
        self.by_name
            .get(&key(name))
            .and_then(|at| self.vendors.get(*at))
    }

    /// The vendor that has this account, tenant or app.
    pub(super) fn of_account(&self, account: &str) -> Option<&Known> {
        if self.by_account.is_empty() {
            return None;
        }
        let at = self.by_account.get(&account.to_lowercase())?;
        self.vendors.get(*at)
    }

    /// Whether any vendor's domain is known.
    pub(super) fn has_domains(&self) -> bool {
        !self.by_domain.is_empty()
    }

    /// The vendor whose domain this is, or is below.
    pub(super) fn of_host(&self, host: &str) -> Option<&Known> {
        if self.by_domain.is_empty() || host.len() > 253 {
            return None;
        }
        let host = host.trim_end_matches('.').to_lowercase();
        let mut rest = host.as_str();
        loop {
            if let Some(at) = self.by_domain.get(rest) {
                return self.vendors.get(*at);
            }
            rest = rest.split_once('.')?.1;
        }
    }

    /// The identities that records say their vendors hold, as entries that are called by the vendors' ids.
    pub(super) fn selectors(&self, records: &BTreeSet<Vendor>) -> BTreeSet<RegistryEntry> {
        let mut all = BTreeSet::new();
        for record in records {
            let id = self.named(&record.id).map_or(&record.id, |v| &v.id);
            for selector in &record.identities {
                all.insert(RegistryEntry::new(
                    id.clone(),
                    selector.clone(),
                    record.evidence.clone(),
                ));
            }
        }
        all
    }
}

impl Known {
    fn take(&mut self, record: &Vendor) {
        let party = |party: &Option<(Owner, Str)>| party.as_ref().map(|(owner, _)| owner.clone());
        if self.name.is_empty() {
            self.name = match record.name.is_empty() {
                true => self.id.clone(),
                false => record.name.clone(),
            };
        } else if *self.name == *self.id && !record.name.is_empty() {
            self.name = record.name.clone();
        }
        self.owner = self.owner.take().or_else(|| party(&record.owner));
        self.approver = self.approver.take().or_else(|| party(&record.approver));
        self.accountability = self
            .accountability
            .take()
            .or_else(|| record.accountability.clone());
        if let Some(more) = &record.data {
            let data = self.data.get_or_insert_default();
            for category in more {
                let same = |known: &&mut DataCategory| key(&known.name) == key(&category.name);
                match data.iter_mut().find(same) {
                    Some(known) => {
                        known.owner = known.owner.take().or_else(|| category.owner.clone())
                    }
                    None => data.push(category.clone()),
                }
            }
        }
        self.contracts.extend(record.contracts.iter().cloned());
        self.evidence.push(record.evidence.clone());
    }
}

/// A name without case, punctuation and the word for the sort of company.
fn key(name: &str) -> String {
    let lower = name.to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let telling = words.iter().rposition(|word| !LEGAL.contains(word));
    let kept = telling.map_or(words.as_slice(), |last| {
        words.get(..=last).unwrap_or(&words)
    });
    kept.concat()
}

#[cfg(test)]
mod tests {
    use super::key;

    #[test]
    fn a_company_has_one_key() {
        for (a, b) in [
            ("Acme Support Ltd.", "acme-support"),
            ("ACME SUPPORT, Inc", "Acme Support"),
            ("Example GmbH & Co", "example"),
        ] {
            assert_eq!(key(a), key(b), "{a} / {b}");
        }
        assert_ne!(key("Acme Support"), key("Acme Sales"));
        assert_eq!(key("SA"), "sa");
    }
}
