//! Owners and sponsors: who they are, and what is said of them.

use crate::model::{Evidence, Owner, Person, Str};
use crate::reader::records::{Record, flag, guid, text, texts, time};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// What sort of object an owner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PartySort {
    /// A user.
    User,
    /// A group.
    Group,
    /// A service principal, or an application: a machine.
    Machine,
    /// The export has the id alone.
    Unknown,
}

/// An owner or sponsor.
#[derive(Clone, Debug)]
pub(super) struct Party {
    pub sort: PartySort,
    pub id: Option<Str>,
    pub name: Option<Str>,
    /// Addresses, the mailbox first.
    pub addresses: Vec<Str>,
    pub enabled: Option<bool>,
    pub left: Option<crate::model::Timestamp>,
    pub evidence: Evidence,
}

/// The owners in a list of a record; `None` where it has no such list. A table's cell is none.
pub(super) fn list(record: &Record<'_>, key: &str, evidence: &Evidence) -> Option<Vec<Party>> {
    let items = match record.map.get(key)? {
        Value::Array(items) => items.as_slice(),
        one @ Value::Object(_) => std::slice::from_ref(one),
        _ => return None,
    };
    let ids = texts(record.map, key).into_iter().filter(|id| guid(id));
    let bare = ids.map(|id| Party {
        sort: PartySort::Unknown,
        id: Some(id.to_ascii_lowercase().into()),
        name: None,
        addresses: Vec::new(),
        enabled: None,
        left: None,
        evidence: evidence.clone(),
    });
    let objects = items.iter().filter_map(Value::as_object);
    Some(
        objects
            .filter_map(|item| party(item, evidence))
            .chain(bare)
            .collect(),
    )
}

/// A party by its own record.
pub(super) fn party(map: &Map<String, Value>, evidence: &Evidence) -> Option<Party> {
    let id = text(map, "id").or_else(|| text(map, "objectId"));
    let upn = text(map, "userPrincipalName");
    let mail = text(map, "mail");
    let kind = text(map, "@odata.type").and_then(|kind| kind.rsplit('.').next());
    let sort = match kind {
        Some("user") => PartySort::User,
        Some("group") => PartySort::Group,
        Some(_) => PartySort::Machine,
        None if upn.is_some() => PartySort::User,
        None if text(map, "appId").is_some() => PartySort::Machine,
        None if map.contains_key("groupTypes") || map.contains_key("securityEnabled") => {
            PartySort::Group
        }
        None => PartySort::Unknown,
    };
    let mut addresses: Vec<Str> = Vec::new();
    // A guest's sign-in name has the address of home in it: `jane_example.com#EXT#@acme.onmicrosoft.com`.
    let home = upn.and_then(|upn| upn.split_once("#EXT#"));
    let home = home.and_then(|(home, _)| home.rsplit_once('_'));
    let home = home.map(|(local, domain)| format!("{local}@{domain}"));
    let plain = upn.filter(|upn| !upn.contains("#EXT#"));
    let others = texts(map, "otherMails");
    let all = mail
        .into_iter()
        .chain(plain)
        .map(str::to_owned)
        .chain(home)
        .chain(others.into_iter().map(str::to_owned));
    for address in all {
        let address = address.to_lowercase();
        if address.contains('@') && !addresses.iter().any(|known| **known == *address) {
            addresses.push(address.into());
        }
    }
    let told = Party {
        sort,
        id: id.map(|id| id.to_ascii_lowercase().into()),
        name: text(map, "displayName").map(Str::from),
        addresses,
        enabled: flag(map, "accountEnabled"),
        left: time(map, "employeeLeaveDateTime"),
        evidence: evidence.clone(),
    };
    (told.id.is_some() || !told.addresses.is_empty() || told.name.is_some()).then_some(told)
}

impl Party {
    /// The party that it is as an owner, and how the export writes it.
    pub(super) fn owner(&self) -> Option<(Owner, Str)> {
        let id = self.id.as_ref();
        match self.sort {
            PartySort::Machine => None,
            PartySort::Group => {
                let named = self.name.as_deref().and_then(|name| {
                    match Owner::parse(&format!("team:{name}"))? {
                        Owner::Team(team) => Some((Owner::Team(team), name.into())),
                        _ => None,
                    }
                });
                named.or_else(|| id.map(|id| (Owner::Team(id.clone()), id.clone())))
            }
            PartySort::User | PartySort::Unknown => {
                let mail = self.addresses.first();
                let mail = mail.map(|mail| (Owner::Mail(mail.clone()), mail.clone()));
                mail.or_else(|| id.map(|id| (Owner::User(id.clone()), id.clone())))
            }
        }
    }

    /// The person, for what the directory knows beside: other names, and whether the account is still open.
    pub(super) fn person(&self) -> Option<Person> {
        let names: BTreeSet<Str> = self.id.iter().chain(&self.addresses).cloned().collect();
        let tells = names.len() > 1 || self.enabled.is_some() || self.left.is_some();
        (self.sort == PartySort::User && tells && !names.is_empty()).then(|| Person {
            names,
            active: self.enabled,
            left: self.left,
            ..Person::new(self.evidence.clone())
        })
    }
}
