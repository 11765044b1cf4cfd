//! What a person calls the subject of a row, and what sort of thing it is.

use super::subject::Subject;

/// Its name alone: of a registry entry, a trust or a waiver the name of what that speaks of.
pub(super) fn title(s: &Subject<'_>) -> String {
    match (s.kind, s.identity) {
        ("declaration" | "trust", Some(identity)) => identity.name.to_string(),
        ("declaration", None) => short(s.id).to_owned(),
        ("waiver", _) => short(waived(s.id).1).to_owned(),
        _ => s.name.clone(),
    }
}

/// What it is, in a few words: `user in 111122223333`, `registry entry`, `waiver of identity-admin`.
pub(super) fn what(s: &Subject<'_>) -> String {
    match (s.kind, s.identity) {
        ("identity", Some(i)) => {
            let whose = if i.humanity == "human" {
                "person's "
            } else {
                ""
            };
            let home = match (&i.namespace, i.account.as_deref()) {
                // What manifests belong to is not said in them; the default says nothing.
                (Some(namespace), None | Some("cluster")) => format!(" in {namespace}"),
                (Some(namespace), Some(cluster)) => format!(" in {cluster}/{namespace}"),
                (None, Some(account)) => format!(" in {account}"),
                (None, None) => String::new(),
            };
            format!("{whose}{}{home}", sort(s.platform, &i.kind))
        }
        ("credential", Some(i)) => format!("of {}", i.name),
        ("credential", None) => match s.credential.and_then(|c| c.identity.as_deref()) {
            Some(id) => format!("of {}", short(id)),
            None => "of nobody known".to_owned(),
        },
        ("declaration", _) => "registry entry".to_owned(),
        ("trust", Some(i)) => {
            let prefix = format!("trust of {} in ", i.name);
            match s.name.strip_prefix(&prefix) {
                Some(trusted) => format!("its trust in {trusted}"),
                None => "a trust of it".to_owned(),
            }
        }
        ("job", _) => format!("job of {}", s.platform),
        ("workload", Some(i)) => format!("runs as {}", i.name),
        ("waiver", _) => match waived(s.id) {
            ("", _) => "waiver".to_owned(),
            (check, _) => format!("waiver of {check}"),
        },
        (kind, Some(i)) => format!("{kind} of {}", i.name),
        (kind, None) => kind.to_owned(),
    }
}

/// A kind without its platform, in words: `service account`.
fn sort(platform: &str, kind: &str) -> String {
    let of_platform = kind
        .strip_prefix(platform)
        .and_then(|rest| rest.strip_prefix('-'));
    of_platform.unwrap_or(kind).replace('-', " ")
}

/// An id without what says only where it belongs: `user/ci-deploy` of an ARN, `ci/deployer` of a cluster.
fn short(id: &str) -> &str {
    if let Some(arn) = id.strip_prefix("arn:") {
        // partition, service, region, account, resource
        return arn
            .splitn(5, ':')
            .nth(4)
            .filter(|r| !r.is_empty())
            .unwrap_or(id);
    }
    let of_cluster = id
        .strip_prefix("k8s:cluster/")
        .or_else(|| id.strip_prefix("k8s:cluster#"));
    of_cluster.unwrap_or(id)
}

/// The check and the subject that a waiver's id joins with a space.
fn waived(id: &str) -> (&str, &str) {
    id.split_once(' ').unwrap_or(("", id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_shortened_to_what_tells_them_apart() {
        assert_eq!(short("arn:aws:iam::111122223333:user/ci"), "user/ci");
        assert_eq!(short("arn:aws:iam"), "arn:aws:iam");
        assert_eq!(short("k8s:cluster/ci/deployer"), "ci/deployer");
        assert_eq!(short("k8s:prod/ci/deployer"), "k8s:prod/ci/deployer");
        assert_eq!(waived("identity-admin k8s:x"), ("identity-admin", "k8s:x"));
        assert_eq!(
            sort("kubernetes", "kubernetes-service-account"),
            "service account"
        );
        assert_eq!(sort("other", "declared"), "declared");
    }
}
