//! Identity providers as conditions see them.

use super::{columns, days_until, past};
use crate::check::accounts::Accounts;
use crate::check::schema::{Basis, Column, FEDERATION, Subject, SubjectKind, Type, word};
use crate::check::value::Value;
use crate::model::{
    Confidence, Evidence, Federation, IdentityProvider, Inventory, Moment, Str, SubjectId,
    Timestamp,
};
use std::collections::BTreeMap;

/// A provider, with all that its records say together.
pub(in crate::check) struct ProviderView<'a> {
    pub id: &'a str,
    pub records: Vec<&'a IdentityProvider>,
    pub expires: Moment,
    pub accounts: &'a Accounts<'a>,
    pub now: Timestamp,
}

impl<'a> ProviderView<'a> {
    /// All providers.
    pub(in crate::check) fn all(
        inventory: &'a Inventory,
        accounts: &'a Accounts<'a>,
        now: Timestamp,
    ) -> Vec<Self> {
        let mut views: BTreeMap<&str, Self> = BTreeMap::new();
        for record in &inventory.identity_providers {
            let view = views.entry(&record.id).or_insert_with(|| Self {
                id: &record.id,
                records: Vec::new(),
                expires: Moment::Unknown,
                accounts,
                now,
            });
            view.expires.merge(record.expires);
            view.records.push(record);
        }
        views.into_values().collect()
    }

    fn account(&self) -> Option<&'a str> {
        self.records.iter().find_map(|r| r.account.as_deref())
    }
}

/// The kind.
pub(in crate::check) struct OfProvider;

impl Subject for OfProvider {
    type View<'a> = ProviderView<'a>;

    const KIND: SubjectKind = SubjectKind::Provider;

    fn table() -> &'static [Column<Self>] {
        TABLE
    }

    fn id(view: &ProviderView<'_>) -> SubjectId {
        SubjectId::Provider(view.id.into())
    }

    fn name(view: &ProviderView<'_>) -> Str {
        let last = view
            .id
            .split_once("-provider/")
            .map_or(view.id, |(_, name)| name);
        format!("identity provider {last}").into()
    }

    fn evidence<'a>(view: &'a ProviderView<'a>, _: Basis) -> Vec<&'a Evidence> {
        view.records.iter().map(|r| &r.evidence).collect()
    }

    fn confidence(_: &ProviderView<'_>, _: Basis) -> Confidence {
        Confidence::High
    }
}

fn federation<'a>(view: &ProviderView<'a>) -> Value<'a> {
    let name = view.records.first().map(|r| match r.federation {
        Federation::Oidc => "oidc",
        Federation::Saml => "saml",
    });
    name.map_or(Value::Unknown, |name| word(&FEDERATION, name))
}

/// How many roles trust it; unknown where the account's roles were not listed.
fn roles<'a>(view: &ProviderView<'a>) -> Value<'a> {
    let count = view.accounts.trusting(view.id);
    let listed = view
        .account()
        .is_some_and(|account| view.accounts.read(account));
    if count > 0 || listed {
        Value::count(count)
    } else {
        Value::Unknown
    }
}

fn audiences<'a>(view: &ProviderView<'a>) -> Value<'a> {
    let known: Vec<_> = view
        .records
        .iter()
        .filter_map(|r| r.audiences.as_ref())
        .collect();
    if known.is_empty() {
        return Value::Unknown;
    }
    let all: std::collections::BTreeSet<&str> = known.into_iter().flatten().map(|a| &**a).collect();
    Value::list(all)
}

columns! { OfProvider;
    "id": Type::Text, Record, |v| Value::text(Some(v.id)), "Its ARN.";
    "name": Type::Text, Record, |v| Value::owned(OfProvider::name(v).to_string()), "What a person calls it.";
    "federation": Type::Enum(&FEDERATION), Record, federation, "The protocol.";
    "account": Type::Text, Record, |v| Value::text(v.account()), "The account that accepts it.";
    "issuer": Type::Text, Record, |v| Value::text(v.records.iter().find_map(|r| r.issuer.as_deref())), "The issuer, without scheme.";
    "audiences": Type::Texts, Record, audiences, "The audiences it is registered for.";
    "age_days": Type::Int, Record, |v| Value::int(v.records.iter().filter_map(|r| r.created).min().map(|t| v.now.days_since(t))), "Whole days since it was created.";
    "expires_in_days": Type::Int, Record, |v| Value::int(days_until(v.expires, v.now)), "Whole days until its metadata ends; negative when past.";
    "expired": Type::Bool, Record, |v| Value::bool(past(v.expires, v.now)), "Its metadata's end is past.";
    "roles": Type::Int, Record, roles, "How many roles trust it; unknown where the account's roles were not listed.";
}
