//! Which label keys name an owner.

use crate::model::Set;
use crate::model::{Label, LabelSource, Owner, Str};
use crate::platform::glob;
use std::collections::HashMap;

/// Keys that name whoever owns, the plainest first, without case, dashes, dots and underscores.
const OWNER: [&str; 34] = [
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
    "technicalowner",
    "techowner",
    "productowner",
    "applicationowner",
    "appowner",
    "systemowner",
    "resourceowner",
    "accountowner",
    "projectowner",
    "platformowner",
    "primaryowner",
    "owneremail",
    "ownermail",
    "owneraddress",
    "ownername",
    "ownerid",
    "ownerprimary",
    "serviceowneremail",
    "businessowner",
    "businessowneremail",
    "costcenterowner",
    "costcentreowner",
    "budgetowner",
    "custodian",
];
/// Keys that name the team it belongs to.
const TEAM: [&str; 26] = [
    "team",
    "teamname",
    "owningteam",
    "ownerteam",
    "teamowner",
    "responsibleteam",
    "squad",
    "squadname",
    "tribe",
    "serviceteam",
    "devteam",
    "developmentteam",
    "deliveryteam",
    "engineeringteam",
    "productteam",
    "managedbyteam",
    "ownedbyteam",
    "githubteam",
    "ghteam",
    "gitlabgroup",
    "owninggroup",
    "ownergroup",
    "teamslug",
    "teamemail",
    "operationsteam",
    "opsteam",
];
/// Keys that name whom to turn to.
const CONTACT: [&str; 23] = [
    "contact",
    "contacts",
    "contactemail",
    "technicalcontact",
    "techcontact",
    "ownercontact",
    "primarycontact",
    "pointofcontact",
    "contactperson",
    "maintainer",
    "maintainers",
    "maintaineremail",
    "steward",
    "supportteam",
    "infrastructuresupport",
    "supportcontact",
    "supportgroup",
    "supportemail",
    "supportedby",
    "teamcontact",
    "teamlead",
    "notificationemail",
    "sponsor",
];
/// Keys that name a part of the organisation: large, and asked only where nothing else names anybody.
const UNIT: [&str; 9] = [
    "businessunit",
    "businessarea",
    "servicearea",
    "department",
    "division",
    "directorate",
    "businessgroup",
    "lineofbusiness",
    // The mailbox of an account's root user.
    "accountemail",
];
/// Keys that name whoever made it, who need not be whose it is.
const CREATOR: [&str; 12] = [
    "createdby",
    "createdbyuser",
    "creator",
    "creatoremail",
    "creatorid",
    "addedby",
    "author",
    "requestedby",
    "requester",
    "requestor",
    "provisionedby",
    "launchedby",
];

/// What makes and applies things, and is named where people were asked for.
const TOOLS: [&str; 24] = [
    "ansible",
    "argo-cd",
    "argocd",
    "atlantis",
    "aws-cdk",
    "cdk",
    "cloudformation",
    "console",
    "crossplane",
    "eksctl",
    "flux",
    "fluxcd",
    "github-actions",
    "gitlab-ci",
    "helm",
    "kubectl",
    "kubernetes",
    "kustomize",
    "opentofu",
    "pulumi",
    "root",
    "spacelift",
    "terraform",
    "terragrunt",
];

/// First parts of domains written the other way round: `com.example.owner`.
const TOP_LEVEL: [&str; 12] = [
    "com", "org", "net", "io", "dev", "uk", "de", "eu", "gov", "edu", "co", "cloud",
];

/// How many parties the labels of one object name, those of the most direct keys first. Each of them is a claim
/// of everything that lies in the object, and may contradict each other one.
const MAX_PARTIES: usize = 100;

/// How directly a key speaks of an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum KeyClass {
    /// Whoever owns: built-in keys and the user's own.
    Owner,
    /// The team.
    Team,
    /// Whom to turn to.
    Contact,
    /// A part of the organisation.
    Unit,
    /// Who made it: inferred.
    Creator,
}

/// The owner keys, the user's own included.
#[derive(Debug)]
pub(super) struct OwnerKeys {
    own: Vec<String>,
    known: HashMap<Str, Option<(u32, KeyClass)>>,
}

/// What one label says.
#[derive(Clone, Debug)]
pub(super) struct LabelClaim<'a> {
    /// How directly its key speaks of an owner; 0 is most. Different keys have different ranks: an owner
    /// beside an owner's address or a business owner is no contradiction, two values for one key are.
    pub rank: u32,
    /// What sort of key it is.
    pub class: KeyClass,
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
        let mut claims: Vec<LabelClaim<'a>> = labels
            .iter()
            .filter_map(|label| {
                let (rank, class) = self.rank(label)?;
                let owners = owners(&label.value);
                (!owners.is_empty()).then_some(LabelClaim {
                    rank,
                    class,
                    label,
                    owners,
                })
            })
            .collect();
        let named: usize = claims.iter().map(|claim| claim.owners.len()).sum();
        if named > MAX_PARTIES {
            claims.sort_by_key(|claim| claim.rank);
            let mut left = MAX_PARTIES;
            for claim in &mut claims {
                claim.owners.truncate(left);
                left = left.saturating_sub(claim.owners.len());
            }
            claims.retain(|claim| !claim.owners.is_empty());
        }
        claims
    }

    fn rank(&mut self, label: &Label) -> Option<(u32, KeyClass)> {
        if let Some(known) = self.known.get(&label.key) {
            return *known;
        }
        let rank = self.classify(&label.key);
        self.known.insert(label.key.clone(), rank);
        rank
    }

    fn classify(&self, key: &str) -> Option<(u32, KeyClass)> {
        let key = key.to_lowercase();
        let (prefix, name) = match key.rsplit_once(['/', ':']) {
            Some((prefix, name)) => (prefix, name),
            None => ("", key.as_str()),
        };
        let mut own = self.own.iter();
        let means = |own: &String| match own.contains(['*', '?']) {
            true => glob::matches(own, &key) || glob::matches(own, name),
            // `example.com/` means every key below that prefix.
            false => {
                *own == key || own == name || own.ends_with('/') && key.starts_with(own.as_str())
            }
        };
        if let Some(at) = own.position(means) {
            return Some((u32::try_from(at).ok()?, KeyClass::Owner));
        }
        // What platforms and deployment tools write there is not a statement about owners.
        let machinery = ["kubernetes.io", "k8s.io", "helm.sh", "aws", "aks", "eks"]
            .iter()
            .any(|p| prefix == *p || prefix.ends_with(&format!(".{p}")));
        if machinery {
            return None;
        }
        // Elsewhere `support` says at what hours, or whether at all.
        let name = match (prefix, name) {
            ("a8r.io", "support") => "supportedby",
            _ => name,
        };
        built_in(name)
            .or_else(|| built_in(backwards(name)?))
            .and_then(|(at, class)| Some((u32::try_from(self.own.len() + at).ok()?, class)))
    }
}

/// The name in a key that begins with a domain the other way round: `owner` of `com.example.owner`.
fn backwards(key: &str) -> Option<&str> {
    let (domain, name) = key.rsplit_once('.')?;
    let (first, rest) = domain.split_once('.')?;
    (TOP_LEVEL.contains(&first) && !rest.is_empty()).then_some(name)
}

fn built_in(name: &str) -> Option<(usize, KeyClass)> {
    let name: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
    let lists: [(&[&str], KeyClass); 5] = [
        (&OWNER, KeyClass::Owner),
        (&TEAM, KeyClass::Team),
        (&CONTACT, KeyClass::Contact),
        (&UNIT, KeyClass::Unit),
        (&CREATOR, KeyClass::Creator),
    ];
    let all = lists
        .iter()
        .flat_map(|(names, class)| names.iter().map(|name| (*name, *class)));
    let mut all = all.enumerate();
    let (at, (_, class)) = all.find(|(_, (known, _))| *known == name)?;
    Some((at, class))
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
        .filter(|item| !is_no_party(item))
        .filter_map(|item| Some((Owner::parse(item)?, item.trim().into())))
        .collect()
}

/// Whether a value answers another question: the name of what makes things (`created-by: terraform`), yes or no.
fn is_no_party(value: &str) -> bool {
    let plain = value.trim();
    if ["true", "false", "yes", "no"]
        .iter()
        .any(|no| plain.eq_ignore_ascii_case(no))
    {
        return true;
    }
    let words: Vec<String> = value
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    TOOLS.contains(&words.join("-").as_str())
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
            "infrastructure_support",
            "business-unit",
            "created-by",
        ];
        let ranks: Vec<Option<u32>> = ordered
            .iter()
            .map(|key| keys.classify(key).map(|(rank, _)| rank))
            .collect();
        assert!(ranks.iter().all(Option::is_some), "{ranks:?}");
        assert!(ranks.is_sorted(), "{ranks:?}");
        for (key, same) in [
            ("a8r.io/owner", "owner"),
            ("acme.example.com/owner", "owner"),
            ("acme:owner", "owner"),
            ("backstage.io/owner", "owner"),
            ("acme.io/team-name", "TeamName"),
            ("com.example.team", "team"),
            ("OwnerEmail", "owner-email"),
            ("CostCenterOwner", "cost_center_owner"),
            ("infrastructure-support", "infrastructure_support"),
            ("GithubTeam", "github-team"),
            ("acme.io/managed-by-team", "ManagedByTeam"),
            ("added_by", "AddedBy"),
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
            "app.kubernetes.io/part-of",
            "app.kubernetes.io/managed-by",
            "acme.io/slack-channel",
            "a8r.io/chat",
            "olm.owner",
            "managed-by",
            "github_owner",
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
        assert!(names("Terraform").is_empty());
        assert!(names("AWS CDK").is_empty());
        assert_eq!(names("terraform-team"), ["team:terraform-team"]);
    }

    #[test]
    fn own_keys_may_be_patterns_and_prefixes() {
        let keys = OwnerKeys::new(&["acme-*-lead".into(), "owners.example.com/".into()]);
        let class = |key| keys.classify(key).map(|(_, class)| class);
        assert_eq!(class("acme-payments-lead"), Some(KeyClass::Owner));
        assert_eq!(class("owners.example.com/any"), Some(KeyClass::Owner));
        assert_eq!(class("other.example.com/any"), None);
        assert_eq!(class("acme-lead"), None);
    }
}
