//! Natural ids of Kubernetes identities, policies and containers.

/// The cluster's name where nothing tells it: manifests and dumps do not.
pub const CLUSTER: &str = "cluster";

/// The namespace of a namespaced object that names none.
pub const DEFAULT_NAMESPACE: &str = "default";

/// Group of every ServiceAccount.
pub const ALL_ACCOUNTS: &str = "system:serviceaccounts";

/// Group of everybody who has authenticated.
pub const AUTHENTICATED: &str = "system:authenticated";

/// Group of everybody who has not.
pub const UNAUTHENTICATED: &str = "system:unauthenticated";

/// Group whose members the API server asks no questions.
pub const MASTERS: &str = "system:masters";

/// A ServiceAccount's id.
pub fn account(cluster: &str, namespace: &str, name: &str) -> String {
    format!("k8s:{cluster}/{namespace}/{name}")
}

/// A user's id.
pub fn user(cluster: &str, name: &str) -> String {
    format!("k8s:{cluster}#user:{name}")
}

/// A group's id.
pub fn group(cluster: &str, name: &str) -> String {
    format!("k8s:{cluster}#group:{name}")
}

/// A ClusterRole's id.
pub fn cluster_role(cluster: &str, name: &str) -> String {
    format!("k8s:{cluster}/clusterrole/{name}")
}

/// A Role's id.
pub fn role(cluster: &str, namespace: &str, name: &str) -> String {
    format!("k8s:{cluster}/{namespace}/role/{name}")
}

/// A Secret's credential id.
pub fn secret(cluster: &str, namespace: &str, name: &str) -> String {
    format!("k8s:secret:{cluster}/{namespace}/{name}")
}

/// A namespace's container id.
pub fn container(cluster: &str, namespace: &str) -> String {
    format!("k8s:{cluster}/{namespace}")
}

/// The groups that the API server puts a ServiceAccount in.
pub fn account_groups(namespace: &str) -> [String; 3] {
    [
        format!("{ALL_ACCOUNTS}:{namespace}"),
        ALL_ACCOUNTS.to_owned(),
        AUTHENTICATED.to_owned(),
    ]
}

/// The namespace and name of the ServiceAccount that a user name means: `system:serviceaccount:<ns>:<name>`.
pub fn account_of_user(user: &str) -> Option<(&str, &str)> {
    let (namespace, name) = user
        .strip_prefix("system:serviceaccount:")?
        .split_once(':')?;
    (!namespace.is_empty() && !name.is_empty() && !name.contains(':')).then_some((namespace, name))
}

/// The account id and path of an IAM role's ARN, in any partition; `None` when the text is not one.
pub fn iam_role(arn: &str) -> Option<(&str, &str)> {
    let mut parts = arn.splitn(6, ':');
    let (arn, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
    let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
    let path = resource.strip_prefix("role/")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-/".contains(c);
    (arn == "arn"
        && partition.starts_with("aws")
        && service == "iam"
        && region.is_empty()
        && account.len() == 12
        && account.bytes().all(|b| b.is_ascii_digit())
        && !path.is_empty()
        && path.chars().all(plain))
    .then_some((account, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_role_arns_count() {
        let arn = "arn:aws:iam::111122223333:role/apps/deploy";
        assert_eq!(iam_role(arn), Some(("111122223333", "apps/deploy")));
        for no in [
            "arn:aws:iam::${ACCOUNT}:role/deploy",
            "arn:aws:iam::111122223333:user/deploy",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam::111122223333:role/{{ x }}",
            "deploy",
        ] {
            assert_eq!(iam_role(no), None, "{no}");
        }
    }

    #[test]
    fn a_user_name_may_mean_an_account() {
        let it = account_of_user("system:serviceaccount:ci:deployer");
        assert_eq!(it, Some(("ci", "deployer")));
        assert_eq!(account_of_user("system:serviceaccount:ci"), None);
        assert_eq!(account_of_user("jane"), None);
    }
}
