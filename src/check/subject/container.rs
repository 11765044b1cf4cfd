//! Namespaces, accounts, projects and stacks as conditions see them.

use super::columns;
use super::identity::owner_state_of;
use crate::check::schema::{
    Basis, CLAIM_METHOD, CONFIDENCE, CONTAINER_KIND, Column, OWNER_STATE, REVIEW_STATE, Subject,
    SubjectKind, Type, word,
};
use crate::check::value::Value;
use crate::model::{
    Assessed, Confidence, Container, ContainerKind, DateField, Evidence, Ownership, OwnershipState,
    Review, Str, SubjectId, Timestamp,
};
use std::collections::{BTreeMap, HashMap};

/// Label keys that tell the environment, without case, dashes, dots and underscores.
const ENVIRONMENT: [&str; 5] = ["environment", "environmentname", "env", "stage", "envname"];

/// A container with what is known of it.
pub(in crate::check) struct ContainerView<'a> {
    pub id: &'a str,
    pub kind: ContainerKind,
    pub records: Vec<&'a Container>,
    pub ownership: Option<&'a Ownership>,
    pub review: Option<&'a Review>,
    /// How many identities live in it directly.
    pub identities: usize,
    /// How many others of its kind have an owner.
    pub peers_owned: usize,
    pub now: Timestamp,
}

impl<'a> ContainerView<'a> {
    /// All containers, by id.
    pub(in crate::check) fn all(assessed: &'a Assessed, now: Timestamp) -> Vec<Self> {
        let inventory = &assessed.inventory;
        let mut records: BTreeMap<&str, Vec<&Container>> = BTreeMap::new();
        for container in &inventory.containers {
            records.entry(&container.id).or_default().push(container);
        }
        if records.is_empty() {
            return Vec::new();
        }
        let mut inside: HashMap<Str, usize> = HashMap::new();
        for identity in inventory.identities.values() {
            let mut around = identity.containers().into_iter();
            if let Some(nearest) = around.find(|id| records.contains_key(&**id)) {
                *inside.entry(nearest).or_default() += 1;
            }
        }
        let mut views: Vec<Self> = records
            .into_iter()
            .filter_map(|(id, records)| {
                let subject = SubjectId::Container(id.into());
                Some(Self {
                    id,
                    kind: records.first()?.kind,
                    ownership: assessed.ownership.get(&subject),
                    review: assessed.reviews.get(&subject),
                    identities: inside.get(id).copied().unwrap_or_default(),
                    peers_owned: 0,
                    records,
                    now,
                })
            })
            .collect();
        let mut owned: BTreeMap<ContainerKind, usize> = BTreeMap::new();
        for view in views.iter().filter(|view| view.owned()) {
            *owned.entry(view.kind).or_default() += 1;
        }
        for view in &mut views {
            let peers = owned.get(&view.kind).copied().unwrap_or_default();
            view.peers_owned = peers.saturating_sub(usize::from(view.owned()));
        }
        views
    }

    fn owned(&self) -> bool {
        self.ownership
            .is_some_and(|o| o.state == OwnershipState::Owned)
    }
}

/// The kind.
pub(in crate::check) struct OfContainer;

impl Subject for OfContainer {
    type View<'a> = ContainerView<'a>;

    const KIND: SubjectKind = SubjectKind::Container;

    fn table() -> &'static [Column<Self>] {
        TABLE
    }

    fn id(view: &ContainerView<'_>) -> SubjectId {
        SubjectId::Container(view.id.into())
    }

    fn name(view: &ContainerView<'_>) -> Str {
        let name = view.records.first().map_or(view.id, |record| &*record.name);
        format!("{} {name}", view.kind.as_str()).into()
    }

    fn evidence<'a>(view: &'a ContainerView<'a>, basis: Basis) -> Vec<&'a Evidence> {
        let records = view.records.iter().map(|record| &record.evidence);
        match basis {
            Basis::Ownership => view
                .ownership
                .map_or(&[][..], |o| &o.claims)
                .iter()
                .map(|claim| &claim.evidence)
                .collect(),
            Basis::Declaration => view.review.iter().map(|r| &r.evidence).collect(),
            _ => records.collect(),
        }
    }

    fn confidence(_: &ContainerView<'_>, _: Basis) -> Confidence {
        Confidence::High
    }
}

fn environment<'v>(view: &'v ContainerView<'_>) -> Value<'v> {
    let mut labels = view.records.iter().flat_map(|record| &record.labels);
    let found = labels.find(|label| {
        let name = label.key.rsplit(['/', ':']).next().unwrap_or(&label.key);
        let name: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
        ENVIRONMENT.contains(&name.to_lowercase().as_str())
    });
    Value::text(found.map(|label| &*label.value))
}

fn claimants<'v>(view: &'v ContainerView<'_>) -> Value<'v> {
    let claims = view.ownership.map_or(&[][..], |o| &o.claims);
    let declared = claims.iter().filter(|claim| claim.method.declared());
    let mut all: Vec<String> = Vec::new();
    for claim in declared {
        let text = format!("{} ({})", claim.owner, claim.method.as_str());
        if !all.contains(&text) {
            all.push(text);
        }
    }
    Value::owned_list(all)
}

/// What decides about the owner.
pub(super) fn method<'v>(ownership: Option<&Ownership>) -> Value<'v> {
    let claim = ownership.and_then(Ownership::deciding);
    claim.map_or(Value::Unknown, |c| word(&CLAIM_METHOD, c.method.as_str()))
}

/// How much what decides is worth.
pub(super) fn worth<'v>(ownership: Option<&Ownership>) -> Value<'v> {
    let confidence = ownership.and_then(|o| o.confidence);
    confidence.map_or(Value::Unknown, |c| word(&CONFIDENCE, c.as_str()))
}

/// Where the owner is named.
pub(super) fn place<'v>(ownership: Option<&Ownership>) -> Value<'v> {
    let claim = ownership.and_then(Ownership::deciding);
    Value::owned(claim.map(|c| c.evidence.to_string()).unwrap_or_default())
}

/// The state of a review; `absent` where nothing speaks of one.
pub(super) fn review_state<'v>(review: Option<&Review>, now: Timestamp) -> Value<'v> {
    word(&REVIEW_STATE, review.map_or("absent", |r| r.state(now)))
}

/// Whole days since a review was due.
pub(super) fn review_overdue<'v>(review: Option<&Review>, now: Timestamp) -> Value<'v> {
    match review.map(|r| &r.date) {
        Some(DateField::At(date)) => Value::Int(now.days_since(*date)),
        _ => Value::Unknown,
    }
}

/// What stands where the date of a review should.
pub(super) fn review_text<'v>(review: Option<&'v Review>) -> Value<'v> {
    match review.map(|r| &r.date) {
        Some(DateField::At(date)) => Value::owned(date.date()),
        Some(DateField::Ambiguous(text) | DateField::Malformed(text)) => Value::text(Some(text)),
        _ => Value::Unknown,
    }
}

columns! { OfContainer;
    "id": Type::Text, Record, |v| Value::text(Some(v.id)), "`k8s:<cluster>/<namespace>`, `aws:<account>`, `gcp:<project>`.";
    "name": Type::Text, Record, |v| Value::owned(OfContainer::name(v).to_string()), "What a person calls it.";
    "kind": Type::Enum(&CONTAINER_KIND), Record, |v| word(&CONTAINER_KIND, v.kind.as_str()), "What sort of container.";
    "short_name": Type::Text, Record, |v| Value::text(v.records.first().map(|r| &*r.name)), "Its name alone.";
    "environment": Type::Text, Record, environment, "The environment that its labels state.";
    "identities": Type::Int, Record, |v| Value::count(v.identities), "How many identities live in it directly.";
    "peers_owned": Type::Int, Record, |v| Value::count(v.peers_owned), "How many others of its kind have an owner in this scan.";
    "owner.state": Type::Enum(&OWNER_STATE), Ownership, |v| owner_state_of(v.ownership), "Whose it is; unknown when no source that could name an owner was read.";
    "owner": Type::Text, Ownership, |v| Value::owned(v.ownership.and_then(|o| o.owner.as_ref()).map(ToString::to_string).unwrap_or_default()), "The declared owner; unknown when there is none.";
    "owner.suggestion": Type::Text, Ownership, |v| Value::owned(v.ownership.and_then(|o| o.suggestion.as_ref()).map(ToString::to_string).unwrap_or_default()), "Who could own it, when nobody is declared.";
    "owner.reason": Type::Text, Ownership, |v| Value::text(v.ownership.map(|o| &*o.reason).filter(|r| !r.is_empty())), "How that was concluded.";
    "owner.claimants": Type::Texts, Ownership, claimants, "Everybody a declared source names as owner.";
    "owner.confidence": Type::Enum(&CONFIDENCE), Ownership, |v| worth(v.ownership), "How much the claim that decides is worth.";
    "owner.method": Type::Enum(&CLAIM_METHOD), Ownership, |v| method(v.ownership), "How the claim that decides was made.";
    "owner.evidence": Type::Text, Ownership, |v| place(v.ownership), "Where that claim stands.";
    "review.state": Type::Enum(&REVIEW_STATE), Declaration, |v| review_state(v.review, v.now), "Whether its labels name a review date, and whether that is past.";
    "review.date": Type::Text, Declaration, |v| review_text(v.review), "The review date; as written where it cannot be read.";
    "review.overdue_days": Type::Int, Declaration, |v| review_overdue(v.review, v.now), "Whole days since the review was due; unknown without a date.";
}
