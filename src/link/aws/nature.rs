//! Person or machine, with the reason: first what somebody stated in a tag, then what the exports show (how a
//! user signs in, whom a role lets in), and a name only where they show nothing.

use super::serves::{linked_service, permission_set};
use super::{subject, words};
use crate::model::{
    Credential, CredentialStatus, Effect, Humanity, Identity, IdentityId, IdentityKind, Inventory,
    Label, Platform, Set, Str, Trust, TrustPrincipal,
};
use crate::platform::aws::arn::Arn;
use crate::platform::aws::requirement::required;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How often natures are handed from principals to the roles that only they may assume: chains are short.
const ROUNDS: usize = 3;

/// Tag keys that say what sort of identity it is.
const TYPE_KEYS: [&str; 6] = [
    "type",
    "kind",
    "identity-type",
    "identitytype",
    "identity_type",
    "user-type",
];

type Nature = (Humanity, Str);

/// Says of every AWS identity whether a person or a machine acts through it. `keys` is what users hold.
pub(super) fn tell(inventory: &mut Inventory) {
    let mut natures: BTreeMap<IdentityId, Nature> = BTreeMap::new();
    let mut trusts: HashMap<&IdentityId, Vec<&Trust>> = HashMap::new();
    for trust in inventory
        .trusts
        .iter()
        .filter(|t| t.effect == Effect::Allow)
    {
        trusts.entry(&trust.target).or_default().push(trust);
    }
    let mut becoming: BTreeSet<&IdentityId> = BTreeSet::new();
    for identity in inventory.identities.values() {
        becoming.extend(identity.becomes.iter().map(|(id, _)| id));
    }
    let keys = active_keys(inventory);
    let aws = || {
        inventory
            .identities
            .values()
            .filter(|i| i.platform == Platform::Aws)
    };
    for identity in aws() {
        let nature = match identity.kind {
            IdentityKind::AwsUser => user(identity, keys.contains(&identity.id)),
            IdentityKind::AwsRoot => root(identity, keys.contains(&identity.id)),
            _ => continue,
        };
        natures.insert(identity.id.clone(), nature);
    }
    for _ in 0..ROUNDS {
        let mut next = BTreeMap::new();
        for identity in aws().filter(|i| i.kind == IdentityKind::AwsRole) {
            let trusts = trusts.get(&identity.id).map_or(&[][..], Vec::as_slice);
            let becomes = becoming.contains(&identity.id);
            next.insert(
                identity.id.clone(),
                role(identity, trusts, becomes, &natures),
            );
        }
        let settled = next
            .iter()
            .all(|(id, nature)| natures.get(id) == Some(nature));
        natures.extend(next);
        if settled {
            break;
        }
    }
    for (id, nature) in natures {
        let Some(identity) = inventory.identities.get_mut(&id) else {
            continue;
        };
        // What another source said stands where nothing is found here.
        let told = nature.0 != Humanity::Undetermined;
        let open = identity.humanity.0 == Humanity::Undetermined;
        let reason = !nature.1.is_empty() || identity.humanity.1.is_empty();
        if told || open && reason {
            identity.humanity = nature;
        }
    }
}

/// Users whose exports list an access key that is active.
fn active_keys(inventory: &Inventory) -> BTreeSet<IdentityId> {
    let active =
        |c: &&Credential| c.id.0.starts_with(super::KEY) && c.status == CredentialStatus::Active;
    let credentials = inventory.credentials.values().filter(active);
    credentials
        .flat_map(|c| c.links.iter().map(|link| link.identity.clone()))
        .collect()
}

fn said(humanity: Humanity, reason: impl Into<Str>) -> Nature {
    (humanity, reason.into())
}

fn root(identity: &Identity, keys: bool) -> Nature {
    let reported = reported(identity);
    match (reported, keys) {
        (true, false) => said(Humanity::Human, "root user without access keys"),
        (true, true) => said(Humanity::Undetermined, "root user with access keys"),
        (false, _) => said(Humanity::Undetermined, "root user of the account"),
    }
}

/// Whether an export tells how somebody signs in.
fn reported(identity: &Identity) -> bool {
    let mut evidence = identity.evidence.iter();
    evidence.any(|e| e.reader == "aws-credential-report")
}

fn user(identity: &Identity, keys: bool) -> Nature {
    if let Some(stated) = tagged(&identity.labels) {
        return stated;
    }
    let name = words::of_user(&identity.name);
    if !reported(identity) {
        return name;
    }
    let mfa = identity.mfa == Some(true);
    match (identity.console_access, keys) {
        (Some(true), false) if mfa => said(
            Humanity::Human,
            "console password with MFA and no access keys",
        ),
        (Some(true), false) => said(Humanity::Human, "console password and no access keys"),
        (Some(false), true) => said(Humanity::NonHuman, "access keys and no console password"),
        (Some(true), true) => match name.0 {
            Humanity::Undetermined => {
                said(Humanity::Undetermined, "console password and access keys")
            }
            _ => name,
        },
        _ => name,
    }
}

fn role(
    identity: &Identity,
    trusts: &[&Trust],
    becomes: bool,
    natures: &BTreeMap<IdentityId, Nature>,
) -> Nature {
    if let Some(stated) = tagged(&identity.labels) {
        return stated;
    }
    let resource = Arn::parse(&identity.id.0).map_or("", |arn| arn.resource);
    if permission_set(resource).is_some() {
        return said(Humanity::Human, "Identity Center permission-set role");
    }
    if let Some(service) = linked_service(resource) {
        return said(
            Humanity::NonHuman,
            format!("service-linked role of {service}"),
        );
    }
    let mut machines: BTreeSet<(u8, String)> = BTreeSet::new();
    let mut people: BTreeSet<String> = BTreeSet::new();
    let mut others = false;
    for trust in trusts {
        match admitted(trust, natures) {
            Some((Humanity::NonHuman, reason, rank)) => {
                machines.insert((rank, reason));
            }
            Some((Humanity::Human, reason, _)) => {
                people.insert(reason);
            }
            _ => others = true,
        }
    }
    if becomes && machines.is_empty() {
        machines.insert((1, "a Kubernetes ServiceAccount becomes it".to_owned()));
    }
    match (machines.first(), people.first()) {
        (Some((_, machine)), Some(person)) => {
            return said(Humanity::Undetermined, format!("{machine}, and {person}"));
        }
        (None, Some(person)) if !others => return said(Humanity::Human, person.as_str()),
        (Some((rank, machine)), None) if !others || *rank < 3 => {
            return said(Humanity::NonHuman, machine.as_str());
        }
        _ => {}
    }
    words::of_role(&identity.name)
}

/// Who comes by one statement's principal, why one thinks so, and how much that is worth: the less the better.
fn admitted(
    trust: &Trust,
    natures: &BTreeMap<IdentityId, Nature>,
) -> Option<(Humanity, String, u8)> {
    let (person, machine) = (Humanity::Human, Humanity::NonHuman);
    match &trust.principal {
        TrustPrincipal::Service(name) => {
            return Some((machine, format!("trusted by service {name}"), 2));
        }
        TrustPrincipal::Federated(provider) if provider.contains(":saml-provider/") => {
            return Some((person, "assumed through a SAML provider".to_owned(), 1));
        }
        TrustPrincipal::Federated(provider)
            if provider.eq_ignore_ascii_case("cognito-identity.amazonaws.com") =>
        {
            let reason = "assumed by an application for users of a Cognito identity pool";
            return Some((machine, reason.to_owned(), 1));
        }
        TrustPrincipal::Federated(provider) => {
            let host = provider.split_once(":oidc-provider/");
            let host = host.map_or(&**provider, |(_, host)| host);
            let workloads = subject::only_workloads(host)
                || trust.condition.as_deref().is_some_and(|c| {
                    let sub = format!("{}:sub", host.to_ascii_lowercase());
                    let subjects = required(c).remove(&sub).unwrap_or_default();
                    let account = |s: &String| s.starts_with("system:serviceaccount:");
                    !subjects.is_empty() && subjects.iter().all(account)
                });
            return workloads
                .then(|| (machine, format!("assumed through OIDC provider {host}"), 1));
        }
        TrustPrincipal::Principal(id) => {
            let resource = Arn::parse(id).map_or("", |arn| arn.resource);
            if permission_set(resource).is_some() {
                let reason = "assumed from an Identity Center permission set";
                return Some((person, reason.to_owned(), 1));
            }
            match natures.get(&IdentityId(id.clone())) {
                Some((Humanity::NonHuman, _)) => {
                    return Some((machine, format!("assumed by the machine identity {id}"), 3));
                }
                Some((Humanity::Human, _)) => {
                    return Some((person, format!("assumed by the person {id}"), 3));
                }
                _ => {}
            }
        }
        TrustPrincipal::Account(_) | TrustPrincipal::Anyone | TrustPrincipal::Other(_) => {}
    }
    let demanded = trust.condition.as_deref().map(required)?;
    let has = |key: &str| demanded.get(key).map_or(&[][..], Vec::as_slice);
    let truth = |v: &String| v.eq_ignore_ascii_case("true");
    if has("aws:multifactorauthpresent").iter().any(truth) {
        return Some((person, "its trust demands MFA".to_owned(), 1));
    }
    let sets = has("aws:principalarn");
    let set = |arn: &String| arn.contains(":role/aws-reserved/sso.amazonaws.com/");
    if !sets.is_empty() && sets.iter().all(set) {
        let reason = "its trust demands an Identity Center permission set";
        return Some((person, reason.to_owned(), 1));
    }
    if !has("sts:externalid").is_empty() {
        let reason = "its trust demands an external id, as other parties' software brings";
        return Some((machine, reason.to_owned(), 2));
    }
    None
}

fn tagged(labels: &Set<Label>) -> Option<Nature> {
    labels.iter().find_map(|label| {
        let key = label.key.to_ascii_lowercase();
        if !TYPE_KEYS.contains(&key.as_str()) {
            return None;
        }
        let humanity = match label.value.trim().to_ascii_lowercase().as_str() {
            "service" | "machine" | "bot" | "system" | "application" | "automation"
            | "service-account" | "nhi" | "non-human" => Humanity::NonHuman,
            "human" | "person" | "user" | "employee" | "staff" => Humanity::Human,
            _ => return None,
        };
        let reason = format!("tag `{}` says `{}`", label.key, label.value.trim());
        Some(said(humanity, reason))
    })
}
