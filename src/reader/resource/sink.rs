//! Collects what resources state, in the model's words.

use super::index::Index;
use super::value::{seconds, texts_at};
use super::{Resource, Value, symbolic};
use crate::model::Effect;
use crate::model::{
    Confidence, Credential, CredentialId, CredentialLink, CredentialStatus, Entitlement,
    EntitlementRole, Exposure, Facts, Humanity, Identity, IdentityId, IdentityKind, Label,
    LabelSource, Moment, Platform, Policy, PolicyId, PolicyKind, Presence, Problem, Rule, RuleBody,
    Scope, Set, Str, Timestamp,
};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Longest label value that is kept: longer ones are data.
const MAX_VALUE: usize = 256;

/// Collects.
pub(super) struct Sink<'r> {
    pub(super) facts: Facts,
    pub(super) problems: Vec<Problem>,
    pub(super) index: Index,
    pub(super) resources: &'r [Resource],
    /// Named policies that were stated.
    stated: HashSet<PolicyId>,
    /// Identities that were only referred to.
    referred: HashSet<IdentityId>,
    /// Providers of workload identity pools, by the pool's id.
    pub(super) pools: HashMap<String, &'r Resource>,
}

/// What a credential is called.
#[derive(Clone, Copy)]
pub(super) struct Sort<'s> {
    pub(super) kind: &'s str,
    pub(super) issuer: &'s str,
    pub(super) title: &'s str,
}

impl<'r> Sink<'r> {
    pub(super) fn new(resources: &'r [Resource]) -> Self {
        Self {
            facts: Facts::default(),
            problems: Vec::new(),
            index: Index::new(resources),
            resources,
            stated: resources.iter().filter_map(super::vault::states).collect(),
            referred: HashSet::new(),
            pools: super::google::pools(resources),
        }
    }

    pub(super) fn done(self) -> (Facts, Vec<Problem>) {
        (self.facts, self.problems)
    }

    /// All resources.
    pub(super) fn resources(&self) -> &'r [Resource] {
        self.resources
    }

    /// The resource that a text refers to.
    pub(super) fn resource(&self, from: &Resource, text: &str) -> Option<&'r Resource> {
        let position = self.index.position(&from.estate, text)?;
        self.resources.get(position)
    }

    /// An identity that a resource makes, with everything that all resources tell alike.
    pub(super) fn identity(
        &self,
        resource: &Resource,
        id: IdentityId,
        platform: Platform,
        kind: IdentityKind,
        name: &str,
    ) -> Identity {
        let mut identity = Identity::new(id, platform, kind, name);
        identity.account = Some(resource.account().into());
        identity.presence.insert(if resource.data {
            Presence::Referenced
        } else {
            resource.presence
        });
        identity.humanity = (Humanity::NonHuman, "declared by infrastructure code".into());
        identity.aliases.insert(resource.alias().into());
        identity.labels.extend(labels(resource));
        identity.derivation.extend(resource.modules.iter().cloned());
        if symbolic(name) {
            identity
                .derivation
                .insert(format!("not resolved: {}", inside(name)).into());
        }
        if let Some(reason) = resource.switched_off() {
            if resource.presence == Presence::Declared && !resource.data {
                identity.presence = Set::from_iter([Presence::SwitchedOff]);
            }
            identity.derivation.insert(reason.into());
        }
        let created = [
            "create_date",
            "created_at",
            "creation_timestamp",
            "created_date",
            "create_time",
        ];
        identity.created = resource.first(&created).and_then(Timestamp::parse);
        identity.evidence.insert(resource.evidence.clone());
        identity
    }

    /// An identity that is only spoken of. Once each.
    pub(super) fn refer(
        &mut self,
        id: &IdentityId,
        platform: Platform,
        kind: IdentityKind,
        name: &str,
        account: Option<&str>,
    ) {
        if !self.referred.insert(id.clone()) {
            return;
        }
        let mut identity = Identity::new(id.clone(), platform, kind, name);
        identity.account = account.map(Str::from);
        identity.presence.insert(Presence::Referenced);
        if kind == IdentityKind::AwsUser {
            identity.humanity = (Humanity::Undetermined, "".into());
        }
        self.facts.identities.push(identity);
    }

    /// A role that its platform knows by name is given to somebody.
    pub(super) fn grant(
        &mut self,
        resource: &Resource,
        principal: IdentityId,
        platform: Platform,
        role: &str,
        scope: &str,
    ) {
        let policy = match self.index.policy(&resource.estate, role) {
            Some(policy) => policy,
            None => self.named(resource, platform, role),
        };
        self.hold(resource, principal, policy, Scope::Resource(scope.into()));
    }

    /// Somebody holds a policy.
    pub(super) fn hold(
        &mut self,
        resource: &Resource,
        principal: IdentityId,
        policy: PolicyId,
        scope: Scope,
    ) {
        let condition = condition(resource);
        let role = match condition {
            Some(_) => EntitlementRole::Conditional,
            None => EntitlementRole::Grant,
        };
        let via = match condition {
            Some(title) => format!("{} (condition {title})", resource.address).into(),
            None => resource.address.as_str().into(),
        };
        self.facts.entitlements.push(Entitlement {
            principal,
            policy,
            scope,
            role,
            via,
            evidence: resource.evidence.clone(),
        });
    }

    /// The policy of a role that its platform knows by name: one for each estate, so that the rules of one do not
    /// grow with the estates.
    pub(super) fn named(
        &mut self,
        resource: &Resource,
        platform: Platform,
        role: &str,
    ) -> PolicyId {
        let id = PolicyId::from(format!(
            "{}:{}/role/{role}",
            platform.as_str(),
            resource.place()
        ));
        if self.stated.insert(id.clone()) {
            self.state(resource, id.clone(), platform, role, &[role]);
        }
        id
    }

    /// A policy of permissions that the platform knows by name.
    pub(super) fn state(
        &mut self,
        resource: &Resource,
        id: PolicyId,
        platform: Platform,
        name: &str,
        permissions: &[&str],
    ) {
        let mut policy = Policy::new(id, platform, PolicyKind::Named, name);
        policy.account = Some(resource.account().into());
        let rules = permissions.iter().map(|permission| Rule {
            effect: Effect::Allow,
            body: RuleBody::Named((*permission).into()),
            label: (*permission).into(),
            evidence: resource.evidence.clone(),
        });
        policy.rules.extend(rules);
        policy.evidence.insert(resource.evidence.clone());
        self.facts.policies.push(policy);
    }

    /// A credential that a resource makes. Without the issuer's id its address stands for it.
    pub(super) fn credential(
        &self,
        resource: &Resource,
        id: Option<String>,
        sort: Sort<'_>,
        holder: Option<IdentityId>,
    ) -> Credential {
        let id = id.unwrap_or_else(|| resource.alias());
        let mut credential =
            Credential::new(CredentialId::from(id), sort.kind, sort.issuer, sort.title);
        credential.account = Some(resource.account().into());
        credential.display = Some(resource.address.as_str().into());
        credential.rotation = rotation(resource);
        credential.lifetime = lifetime(resource);
        if let Some(identity) = holder {
            credential.links.insert(CredentialLink {
                identity,
                basis: format!("{} names it", resource.kind).into(),
                evidence: resource.evidence.clone(),
            });
        }
        if resource.presence == Presence::Observed {
            credential.status = CredentialStatus::Active;
        }
        credential.records.insert(resource.evidence.clone());
        credential
    }

    /// Notes where the value of a credential stands in the open: a literal argument in code, any attribute in a
    /// state. What is symbolic stands somewhere else.
    pub(super) fn expose(&self, resource: &Resource, paths: &[&str], credential: &mut Credential) {
        let mut found = None;
        for path in paths {
            for node in super::value::walk(&resource.attributes, path) {
                let literal = match &node.value {
                    Value::Scalar { text, .. } => {
                        !text.is_empty() && !symbolic(text) && !placeholder(text)
                    }
                    Value::Map(entries) => entries.iter().any(|(_, value)| {
                        value.text().is_some_and(|text| {
                            !text.is_empty() && !symbolic(text) && !placeholder(text)
                        })
                    }),
                    _ => false,
                };
                if literal && found.is_none() {
                    found = Some((node.line, *path));
                }
            }
        }
        let Some((line, path)) = found else {
            return;
        };
        let mut evidence = resource.evidence.clone();
        if line > 0 {
            evidence.line = Some(line);
            evidence.column = None;
        }
        let what = match resource.presence {
            Presence::Observed => format!("attribute {path} in a state"),
            _ => format!("argument {path} in code"),
        };
        credential.exposures.insert(Exposure::in_tree(
            evidence,
            Confidence::High,
            BTreeSet::from([Str::from(what)]),
            None,
        ));
    }
}

/// The title of the condition under which a role is given, or its expression's first words.
fn condition(resource: &Resource) -> Option<&str> {
    let node = resource.attributes.get("condition")?;
    let told = match &node.value {
        Value::Scalar { text, .. } => (!text.is_empty()).then_some("of the assignment"),
        _ => texts_at(&resource.attributes, "condition.title")
            .first()
            .copied()
            .or_else(|| (!node.items().is_empty() || node.is_map()).then_some("of the binding")),
    };
    told.filter(|_| node.text() != Some("null"))
}

/// What stands for a value that is kept elsewhere.
fn placeholder(text: &str) -> bool {
    text.starts_with("(sensitive")
        || text.starts_with("{{")
        || text == "<sensitive>"
        || text == "null"
}

/// The expressions of a symbolic text.
fn inside(text: &str) -> String {
    let parts = text.split("${").skip(1);
    let parts: Vec<&str> = parts.filter_map(|part| part.split('}').next()).collect();
    parts.join(", ")
}

/// What replaces a credential on a schedule, as its keepers tell.
fn rotation(resource: &Resource) -> Option<Str> {
    let keepers = ["keepers", "rotate_when_changed", "triggers"];
    let told = keepers.iter().find_map(|name| {
        let node = resource.attributes.get(name)?;
        node.entries()
            .iter()
            .filter_map(|(_, value)| value.text())
            .find(|text| text.contains("time_rotating") || text.contains("time_static"))
            .map(|_| format!("{name} follow time_rotating"))
    });
    let own = ["rotation_configuration", "auto_rotate", "rotation_period"];
    let own = own.iter().find(|name| {
        let node = resource.attributes.get(name);
        node.is_some_and(|node| node.text() != Some("false"))
    });
    told.or_else(|| own.map(|name| (*name).to_owned()))
        .map(Str::from)
}

/// Attributes that say for how long something is good.
const LIFETIMES: [&str; 9] = [
    "end_date_relative",
    "credential_age_days",
    "validity_period_hours",
    "days_to_expiry",
    "lifetime_seconds",
    "seconds_to_live",
    "expires_in",
    "token_lifetime",
    "ttl",
];

/// For how long it is good, as far as that is said.
fn lifetime(resource: &Resource) -> Option<i64> {
    let told = LIFETIMES.iter().find_map(|name| {
        let length = seconds(resource.text(name)?)?;
        Some(match *name {
            "credential_age_days" | "days_to_expiry" => length.checked_mul(Timestamp::DAY)?,
            "validity_period_hours" => length.checked_mul(3600)?,
            _ => length,
        })
    });
    told.or_else(|| {
        let start =
            Timestamp::parse(resource.first(&["start_date", "valid_after", "created_at"])?)?;
        let end = Timestamp::parse(resource.first(&["end_date", "valid_before", "expires_at"])?)?;
        Some(end.seconds() - start.seconds())
    })
    .filter(|length| *length > 0)
}

/// When something ends: an attribute that says so, a length of time, or the absence of both.
pub(super) fn ends(resource: &Resource, at: &[&str], after: &[&str]) -> Moment {
    for path in at {
        if let Some(text) = texts_at(&resource.attributes, path).first() {
            if let Some(time) = Timestamp::parse(text) {
                return Moment::At(time);
            }
            if let Ok(epoch) = text.parse::<i64>() {
                // Epoch seconds, or milliseconds.
                let epoch = if epoch > 100_000_000_000 {
                    epoch / 1000
                } else {
                    epoch
                };
                return if epoch > 0 {
                    Moment::At(Timestamp::from_seconds(epoch))
                } else {
                    Moment::Never
                };
            }
            return Moment::Unknown;
        }
    }
    for path in after {
        if let Some(text) = texts_at(&resource.attributes, path).first() {
            // A length of time begins when it is applied, which code does not tell.
            return match seconds(text) {
                Some(0) => Moment::Never,
                _ => Moment::Unknown,
            };
        }
    }
    Moment::Never
}

/// Tags, labels, and what else names owners.
pub(super) fn labels(resource: &Resource) -> Vec<Label> {
    let mut found: Vec<Label> = Vec::new();
    let mut add = |source: LabelSource, key: &str, value: &str, line: u32| {
        if key.is_empty() || value.len() > MAX_VALUE || found.iter().any(|l| &*l.key == key) {
            return;
        }
        let mut evidence = resource.evidence.clone();
        if line > 0 {
            evidence.line = Some(line);
        }
        found.push(Label {
            source,
            key: key.into(),
            value: value.into(),
            evidence,
        });
    };
    let maps = [
        ("tags", LabelSource::Tag),
        ("tags_all", LabelSource::Tag),
        ("labels", LabelSource::Label),
        ("effective_labels", LabelSource::Label),
        ("terraform_labels", LabelSource::Label),
        ("custom_metadata", LabelSource::Tag),
        ("metadata", LabelSource::Tag),
    ];
    for (name, source) in maps {
        let Some(node) = resource.attributes.get(name) else {
            continue;
        };
        for (key, value) in node.entries() {
            if let Some(text) = value.text() {
                add(source, key, text, value.line);
            }
        }
        for item in node.items() {
            // `team:payments`, or `{key: …, value: …}`.
            if let Some((key, value)) = item.text().and_then(|text| text.split_once(':')) {
                add(source, key, value.trim(), item.line);
            } else if let (Some(key), Some(value)) = (item.str("key"), item.str("value")) {
                add(source, key, value, item.line);
            }
        }
    }
    let fields = [
        "owner",
        "owners",
        "contact",
        "contact_email",
        "notification_email",
    ];
    // Arguments of a module are among what is known beside; a provider's owner is an organisation.
    let own = !matches!(&*resource.kind, "module" | "provider" | "backend");
    for key in fields.into_iter().filter(|_| own) {
        for text in texts_at(&resource.attributes, key) {
            add(LabelSource::Field, key, text, 0);
        }
    }
    let texts = [
        "description",
        "display_name",
        "displayName",
        "comment",
        "notes",
    ];
    for name in texts {
        if let Some((key, value)) = resource.text(name).and_then(told) {
            let line = resource.attributes.get(name).map_or(0, |node| node.line);
            add(LabelSource::Field, key, value, line);
        }
    }
    // IAM and Azure tell tags apart without case, and Google's labels have one: `Owner` takes the place of `owner`.
    for label in &resource.defaults {
        let same = |known: &Label| known.key.eq_ignore_ascii_case(&label.key);
        if !found.iter().any(same) {
            found.push(label.clone());
        }
    }
    found
}

/// `Owner: payments`, `owned by team payments` in a description.
pub(in crate::reader) fn told(text: &str) -> Option<(&str, &str)> {
    const KEYS: [&str; 12] = [
        "owner",
        "owners",
        "owned by",
        "team",
        "squad",
        "contact",
        "maintainer",
        "maintained by",
        "managed by team",
        "responsible",
        "technical owner",
        "service owner",
    ];
    let last = |key| str::rsplit(key, ['.', '|']).next().unwrap_or(key).trim();
    const WORDS: [&str; 3] = ["owned by", "maintained by", "managed by team"];
    text.split([',', ';', '\n', '(', ')', '|'])
        .find_map(|part| {
            let (key, value) = match part.split_once([':', '=']) {
                // `Deploys from CI. Owner: payments. See the runbook.`
                Some((key, value)) if KEYS.iter().any(|k| last(key).eq_ignore_ascii_case(k)) => {
                    (last(key), value.split(". ").next().unwrap_or(value))
                }
                // `used by the CI; owned by team payments.`
                _ => WORDS.iter().find_map(|words| {
                    let at = part.to_ascii_lowercase().find(words)?;
                    let key = part.get(at..at + words.len())?;
                    let rest = part.get(at + words.len()..)?;
                    let rest = rest.split(". ").next().unwrap_or(rest);
                    rest.starts_with(' ').then_some((key, rest))
                })?,
            };
            let value = value.trim().trim_end_matches('.');
            let value = ["the team ", "team ", "the "]
                .iter()
                .find_map(|word| {
                    let start = value.get(..word.len())?;
                    start
                        .eq_ignore_ascii_case(word)
                        .then(|| value.get(word.len()..))?
                })
                .unwrap_or(value);
            // A name, not a sentence.
            let words = value.split_whitespace().count();
            (!value.is_empty() && words <= 6).then_some((key, value))
        })
}

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn owners_in_descriptions() {
        for (text, expected) in [
            (
                "Owner: jane@example.com",
                Some(("Owner", "jane@example.com")),
            ),
            (
                "deploys things; owned by team payments.",
                Some(("owned by", "payments")),
            ),
            (
                "CI account (Team: Payments API)",
                Some(("Team", "Payments API")),
            ),
            (
                "Owned by the platform team",
                Some(("Owned by", "platform team")),
            ),
            ("used for the bucket that nobody owns", None),
            (
                "owned by whoever happens to be on call that week, really",
                None,
            ),
            ("", None),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }
}
