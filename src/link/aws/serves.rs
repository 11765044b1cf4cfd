//! What acts through a role: the services, build jobs, clusters and accounts that its trust lets in, and what
//! its path says.

use super::subject;
use crate::model::{
    Effect, Identity, IdentityId, IdentityKind, Inventory, LabelSource, Platform, Str, Trust,
    TrustPrincipal,
};
use crate::platform::aws::arn::Arn;
use crate::platform::aws::requirement::required;
use crate::platform::glob;
use crate::platform::kubernetes::names;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Tells of every role what acts through it.
pub(super) fn tell(inventory: &mut Inventory) {
    let mut trusts: HashMap<&IdentityId, Vec<&Trust>> = HashMap::new();
    for trust in inventory
        .trusts
        .iter()
        .filter(|t| t.effect == Effect::Allow)
    {
        trusts.entry(&trust.target).or_default().push(trust);
    }
    let accounts = service_accounts(inventory);
    // What Systems Manager's agent needs, on a role that only Systems Manager may assume, is for machines
    // outside of AWS: instances have roles that EC2 may assume.
    let agents = inventory.entitlements.iter().filter(|e| {
        e.policy
            .0
            .ends_with(":aws:policy/AmazonSSMManagedInstanceCore")
    });
    let hybrid: BTreeSet<&IdentityId> = agents.map(|e| &e.principal).collect();
    let mut found: BTreeMap<IdentityId, BTreeSet<Str>> = BTreeMap::new();
    for identity in inventory.identities.values() {
        if identity.kind != IdentityKind::AwsRole {
            continue;
        }
        let trusts = trusts.get(&identity.id).map_or(&[][..], Vec::as_slice);
        let mut known = accounts.get(&identity.id).cloned().unwrap_or_default();
        known.extend(tagged(identity));
        let mut serves = of_role(identity, trusts);
        clusters(&mut serves, &known, trusts.is_empty());
        if hybrid.contains(&identity.id) && serves.remove("ssm") {
            serves.insert("ssm-hybrid".into());
        }
        found.insert(identity.id.clone(), serves);
    }
    for (id, serves) in found {
        if let Some(identity) = inventory.identities.get_mut(&id) {
            identity.serves.extend(serves);
            // The profile says more than the service that it is for.
            if identity.serves.iter().any(|s| s.starts_with("ec2:")) {
                identity.serves.remove("ec2");
            }
        }
    }
}

/// By role, the cluster and `<namespace>/<name>` of the ServiceAccounts that are to become it.
fn service_accounts(inventory: &Inventory) -> BTreeMap<IdentityId, Vec<(Str, String)>> {
    let mut found: BTreeMap<IdentityId, Vec<(Str, String)>> = BTreeMap::new();
    for account in inventory.identities.values() {
        if account.platform != Platform::Kubernetes {
            continue;
        }
        let (Some(cluster), Some(namespace)) = (&account.account, &account.namespace) else {
            continue;
        };
        for (role, _) in &account.becomes {
            let name = format!("{namespace}/{}", account.name);
            found
                .entry(role.clone())
                .or_default()
                .push((cluster.clone(), name));
        }
    }
    found
}

/// Puts in the ServiceAccounts that manifests and tags tell of, if the trust lets them in. Clusters get the names
/// that those give them, where the trust only has their provider's number.
fn clusters(serves: &mut BTreeSet<Str>, accounts: &[(Str, String)], unread: bool) {
    let mut told = BTreeSet::new();
    for (cluster, name) in accounts {
        let mut admitted = unread;
        let mut number = None;
        serves.retain(|served| {
            let named = served.strip_prefix("eks:").and_then(|s| s.split_once('/'));
            let Some((provider, pattern)) = named.filter(|(_, p)| glob::matches(p, name)) else {
                return true;
            };
            admitted = true;
            number.get_or_insert_with(|| provider.to_owned());
            pattern != name
        });
        if admitted {
            let cluster = match number {
                Some(number) if &**cluster == names::CLUSTER => number,
                _ => cluster.to_string(),
            };
            told.insert(format!("eks:{cluster}/{name}").into());
        }
    }
    serves.extend(told);
}

fn of_role(role: &Identity, trusts: &[&Trust]) -> BTreeSet<Str> {
    let mut serves = BTreeSet::new();
    let Some(arn) = Arn::parse(&role.id.0) else {
        return serves;
    };
    if let Some(set) = permission_set(arn.resource) {
        serves.insert(format!("single-sign-on:{set}").into());
        return serves;
    }
    if let Some(service) = linked_service(arn.resource) {
        serves.insert(format!("service-linked:{service}").into());
        return serves;
    }
    for trust in trusts {
        let demanded = trust.condition.as_deref().map(required).unwrap_or_default();
        match &trust.principal {
            TrustPrincipal::Service(name) => serves.extend(service(name, &demanded)),
            TrustPrincipal::Federated(provider) => serves.extend(federated(provider, &demanded)),
            TrustPrincipal::Account(_) | TrustPrincipal::Principal(_) => {
                if let (Some(true), Some(account)) =
                    (trust.cross_account, account(&trust.principal))
                {
                    serves.insert(format!("account:{account}").into());
                }
            }
            TrustPrincipal::Anyone | TrustPrincipal::Other(_) => {}
        }
    }
    serves.extend(landing(role, trusts));
    serves
}

fn account(principal: &TrustPrincipal) -> Option<&str> {
    match principal {
        TrustPrincipal::Account(id) => Some(id),
        TrustPrincipal::Principal(id) => Arn::parse(id)?.customer(),
        _ => None,
    }
}

/// The permission set of a role that IAM Identity Center made: `AWSReservedSSO_<set>_<16 hex digits>`, on the path
/// that IAM keeps for it.
pub(super) fn permission_set(resource: &str) -> Option<&str> {
    let rest = resource.strip_prefix("role/aws-reserved/sso.amazonaws.com/")?;
    let name = rest.rsplit('/').next()?.strip_prefix("AWSReservedSSO_")?;
    Some(name.rsplit_once('_').map_or(name, |(set, _)| set))
}

/// The service of a service-linked role, by the path that IAM keeps for them.
pub(super) fn linked_service(resource: &str) -> Option<&str> {
    let rest = resource.strip_prefix("role/aws-service-role/")?;
    Some(short(rest.split('/').next()?))
}

/// A service principal without what all have in common: `lambda` of `lambda.amazonaws.com`.
fn short(service: &str) -> &str {
    let service = service.strip_suffix(".cn").unwrap_or(service);
    let service = service.strip_suffix(".amazonaws.com").unwrap_or(service);
    let service = service.strip_suffix(".aws.internal").unwrap_or(service);
    // `logs.eu-west-1`
    match service.rsplit_once('.') {
        Some((name, region)) if is_region(region) => name,
        _ => service,
    }
}

fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    parts.len() >= 3
        && parts.first().is_some_and(|p| (2..=4).contains(&p.len()))
        && parts
            .last()
            .is_some_and(|p| p.len() == 1 && p.bytes().all(|b| b.is_ascii_digit()))
}

fn service(name: &str, demanded: &BTreeMap<String, Vec<String>>) -> Vec<Str> {
    let values = |key: &str| demanded.get(key).map_or(&[][..], Vec::as_slice);
    let first = |keys: &[&str]| keys.iter().find_map(|key| values(key).first().cloned());
    let service = short(name);
    let all = || "*".to_owned();
    match service {
        "pods.eks" => {
            let cluster = first(&[
                "aws:requesttag/eks-cluster-name",
                "aws:requesttag/eks-cluster-arn",
                "aws:sourcearn",
            ]);
            let cluster = cluster.unwrap_or_else(all);
            let cluster = cluster.rsplit('/').next().unwrap_or_default();
            let namespace = first(&["aws:requesttag/kubernetes-namespace"]).unwrap_or_else(all);
            let account = first(&["aws:requesttag/kubernetes-service-account"]).unwrap_or_else(all);
            vec![format!("eks:{cluster}/{namespace}/{account}").into()]
        }
        "rolesanywhere" => {
            let names = values("aws:principaltag/x509subject/cn").iter();
            let mut found: Vec<Str> = names
                .map(|cn| format!("rolesanywhere:{cn}").into())
                .collect();
            if found.is_empty() {
                found.push("rolesanywhere".into());
            }
            found
        }
        other => vec![other.into()],
    }
}

fn federated(provider: &str, demanded: &BTreeMap<String, Vec<String>>) -> Vec<Str> {
    if let Some((_, name)) = provider.split_once(":saml-provider/") {
        return vec![format!("saml:{name}").into()];
    }
    if provider.eq_ignore_ascii_case("cognito-identity.amazonaws.com") {
        let get = |key: &str| demanded.get(&format!("cognito-identity.amazonaws.com:{key}"));
        let kind = get("amr")
            .and_then(|v| v.first())
            .map_or("*", String::as_str);
        let pools = get("aud").cloned().unwrap_or_else(|| vec!["*".to_owned()]);
        return pools
            .iter()
            .map(|pool| format!("cognito:{pool}/{kind}").into())
            .collect();
    }
    let host = provider
        .split_once(":oidc-provider/")
        .map_or(provider, |(_, host)| host);
    let found = subject::workloads(host, demanded).into_iter();
    found.map(Str::from).collect()
}

/// Cluster and ServiceAccount, as `eksctl` writes them into the tags of the roles that it makes.
fn tagged(role: &Identity) -> Option<(Str, String)> {
    let tag = |key: &str| {
        let mut labels = role.labels.iter();
        labels
            .find(|l| l.source == LabelSource::Tag && &*l.key == key)
            .map(|l| &*l.value)
    };
    let cluster = tag("alpha.eksctl.io/cluster-name")?;
    let account = tag("alpha.eksctl.io/iamserviceaccount-name")?;
    Some((cluster.into(), account.to_owned()))
}

/// Roles that AWS's own tooling puts into every account: the name counts only with the trust that goes with it.
fn landing(role: &Identity, trusts: &[&Trust]) -> Option<Str> {
    let name = &*role.name;
    let across = trusts.iter().any(|t| t.cross_account == Some(true));
    let own = trusts.iter().any(|t| {
        t.cross_account == Some(false) && !matches!(t.principal, TrustPrincipal::Service(_))
    });
    let by = |service: &str| {
        let named =
            |t: &&Trust| matches!(&t.principal, TrustPrincipal::Service(s) if short(s) == service);
        trusts.iter().any(named)
    };
    let cdk = || {
        let rest = name.strip_prefix("cdk-")?;
        let kinds = [
            "deploy",
            "file-publishing",
            "image-publishing",
            "lookup",
            "cfn-exec",
        ];
        let kind = kinds
            .into_iter()
            .find(|k| rest.contains(&format!("-{k}-role-")))?;
        let (qualifier, _) = rest.split_once(&format!("-{kind}-role-"))?;
        let fits = if kind == "cfn-exec" {
            by("cloudformation")
        } else {
            own || across
        };
        fits.then(|| format!("cdk:{qualifier}/{kind}"))
    };
    let said = match name {
        "AWSControlTowerExecution" if across => "control-tower:execution".to_owned(),
        "OrganizationAccountAccessRole" if across => "organizations:account-access".to_owned(),
        "AWSCloudFormationStackSetExecutionRole" if across || own => {
            "stacksets:execution".to_owned()
        }
        "AWSCloudFormationStackSetAdministrationRole" if by("cloudformation") => {
            "stacksets:administration".to_owned()
        }
        _ if name.starts_with("stacksets-exec-") && across => "stacksets:execution".to_owned(),
        _ if name.starts_with("aws-controltower-") && (own || across || !trusts.is_empty()) => {
            "control-tower".to_owned()
        }
        _ => cdk()?,
    };
    Some(said.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_services() {
        for (principal, expected) in [
            ("lambda.amazonaws.com", "lambda"),
            ("ec2.amazonaws.com.cn", "ec2"),
            ("ecs-tasks.amazonaws.com", "ecs-tasks"),
            ("logs.eu-west-1.amazonaws.com", "logs"),
            ("logs.us-gov-west-1.amazonaws.com", "logs"),
            ("build.apprunner.amazonaws.com", "build.apprunner"),
        ] {
            assert_eq!(short(principal), expected);
        }
        assert_eq!(
            permission_set(
                "role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Read_Only_0123456789abcdef"
            ),
            Some("Read_Only")
        );
        assert_eq!(
            permission_set("role/x/aws-reserved/sso.amazonaws.com/AWSReservedSSO_A_0"),
            None
        );
        assert_eq!(
            linked_service("role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"),
            Some("ecs")
        );
        assert_eq!(
            linked_service("role/a/aws-service-role/ecs.amazonaws.com/X"),
            None
        );
    }
}
