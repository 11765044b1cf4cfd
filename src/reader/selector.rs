//! Which identities an entry of a registry speaks of: one by its id, or all that match a pattern.

use super::declared::Fields;
use super::tree;
use crate::model::{IdentityKind, Platform, Selector, Str};

/// The cluster that manifests mean, which do not name one.
const DEFAULT_CLUSTER: &str = "cluster";
/// How many labels a pattern may ask for.
const MAX_LABELS: usize = 16;

/// The fields of a pattern.
pub(super) const MATCH: [&str; 7] = [
    "account",
    "id",
    "kind",
    "labels",
    "name",
    "namespace",
    "provider",
];

/// Other names of platforms.
const PLATFORMS: [(&str, Platform); 11] = [
    ("amazon", Platform::Aws),
    ("azure", Platform::Entra),
    ("azure-ad", Platform::Entra),
    ("entra-id", Platform::Entra),
    ("google", Platform::Gcp),
    ("google-cloud", Platform::Gcp),
    ("k8s", Platform::Kubernetes),
    ("hashicorp-vault", Platform::Vault),
    ("openbao", Platform::Vault),
    ("ado", Platform::AzureDevOps),
    ("argo-cd", Platform::ArgoCd),
];

/// The platform that people call so.
fn platform(name: &str) -> Option<Platform> {
    let name = name.trim().to_lowercase().replace([' ', '_'], "-");
    let named = Platform::ALL.into_iter().find(|p| p.as_str() == name);
    named.or_else(|| {
        let mut others = PLATFORMS.iter();
        others.find(|(other, _)| *other == name).map(|(_, p)| *p)
    })
}

/// What an entry speaks of, and what a person calls the entry: the id as written, or the pattern. `None` when it
/// does not say, which is reported.
pub(super) fn select(fields: &mut Fields<'_>, item: &tree::Node) -> Option<(Str, Selector)> {
    let id = fields.text(item, "id");
    let asked = item.get("match");
    match (id, asked) {
        (Some(id), asked) => {
            if let Some(asked) = asked {
                fields.malformed(
                    asked.line,
                    "the entry has both `id` and `match`; `id` counts",
                );
            }
            let selector = by_id(&id);
            Some((id, selector))
        }
        (None, Some(asked)) => pattern(fields, asked),
        (None, None) => {
            fields.malformed(
                item.line,
                "the entry has neither `id` nor `match` and was left out",
            );
            None
        }
    }
}

/// The selector of an id as written; one with `*` is a pattern over ids.
pub(super) fn by_id(id: &str) -> Selector {
    let natural: Str = natural_id(id).into();
    match id.contains('*') {
        false => Selector::Exact(natural),
        true => Selector::Pattern {
            name: "*".into(),
            platform: None,
            account: None,
            namespace: None,
            id: Some(natural),
            kind: None,
            labels: Vec::new(),
        },
    }
}

/// The selector of a `match`.
pub(super) fn pattern(fields: &mut Fields<'_>, node: &tree::Node) -> Option<(Str, Selector)> {
    if !node.is_map() || node.entries().is_empty() {
        fields.malformed(
            node.line,
            "`match` is a mapping with `name`, `id`, `provider`, `kind`, `account`, `namespace` or `labels`; the entry was left out",
        );
        return None;
    }
    fields.unknown_fields(node, &MATCH);
    let mut closed = |key: &str, names: &dyn Fn(&str) -> Option<&'static str>| {
        let Some(text) = fields.text(node, key) else {
            return Some(None);
        };
        if let Some(name) = names(&text) {
            return Some(Some(Str::from(name)));
        }
        let line = node.get(key).map_or(node.line, |n| n.line);
        let message = format!(
            "`{key}` is none of those that there are (`tenure schema registry` lists them); the entry was left out"
        );
        fields.malformed(line, &message);
        None
    };
    let platform = closed("provider", &|name| platform(name).map(Platform::as_str))?;
    let kind = closed("kind", &|name| {
        let name = name.to_lowercase();
        let mut all = IdentityKind::ALL.into_iter();
        all.find(|kind| kind.as_str() == name)
            .map(IdentityKind::as_str)
    })?;
    let name = fields.text(node, "name");
    let id = fields.text(node, "id");
    let account = fields.text(node, "account");
    let namespace = fields.text(node, "namespace");
    let labels = labels(fields, node)?;
    let stated = [
        ("name", name.as_deref()),
        ("id", id.as_deref()),
        ("provider", platform.as_deref()),
        ("kind", kind.as_deref()),
        ("account", account.as_deref()),
        ("namespace", namespace.as_deref()),
    ];
    let mut called: Vec<String> = stated
        .iter()
        .filter_map(|(key, value)| Some(format!("{key}={}", (*value)?)))
        .collect();
    called.extend(labels.iter().map(|(key, value)| format!("{key}:{value}")));
    if called.is_empty() {
        fields.malformed(node.line, "`match` states nothing; the entry was left out");
        return None;
    }
    let selector = Selector::Pattern {
        name: name.unwrap_or_else(|| "*".into()),
        platform,
        account,
        namespace,
        id: id.map(|id| natural_id(&id).into()),
        kind,
        labels,
    };
    Some((called.join(",").into(), selector))
}

/// `labels: {team: pay*}`, sorted by key. `None` when they cannot be told, for an entry that asks for less than it
/// says would speak of more than it means.
fn labels(fields: &mut Fields<'_>, node: &tree::Node) -> Option<Vec<(Str, Str)>> {
    let Some(wanted) = node.get("labels") else {
        return Some(Vec::new());
    };
    let entries = wanted.entries();
    let plain = entries.iter().all(|(_, value)| value.text().is_some());
    if !wanted.is_map() || entries.is_empty() || entries.len() > MAX_LABELS || !plain {
        fields.malformed(
            wanted.line,
            "`labels` is not a mapping of a few keys to texts; the entry was left out",
        );
        return None;
    }
    let mut labels: Vec<(Str, Str)> = entries
        .iter()
        .map(|(key, value)| {
            let value = value.text().unwrap_or_default().trim();
            (key.to_lowercase().into(), value.into())
        })
        .collect();
    labels.sort();
    Some(labels)
}

/// The natural id that an id of the registry means: people may write short forms.
///
/// | written | means |
/// |---|---|
/// | `aws:iam-user:<account>/<path and name>` | `arn:aws:iam::<account>:user/<path and name>` |
/// | `aws:iam-role:<account>/<path and name>` | `arn:aws:iam::<account>:role/<path and name>` |
/// | `aws:iam-root:<account>` | `arn:aws:iam::<account>:root` |
/// | `k8s:<namespace>/<name>` | `k8s:cluster/<namespace>/<name>` |
/// | `system:serviceaccount:<namespace>:<name>` | `k8s:cluster/<namespace>/<name>` |
fn natural_id(id: &str) -> String {
    for (prefix, kind) in [("aws:iam-user:", "user"), ("aws:iam-role:", "role")] {
        if let Some((account, name)) = id.strip_prefix(prefix).and_then(|r| r.split_once('/')) {
            return format!("arn:aws:iam::{account}:{kind}/{name}");
        }
    }
    if let Some(account) = id.strip_prefix("aws:iam-root:") {
        return format!("arn:aws:iam::{account}:root");
    }
    if let Some((namespace, name)) = id
        .strip_prefix("system:serviceaccount:")
        .and_then(|r| r.split_once(':'))
    {
        return format!("k8s:{DEFAULT_CLUSTER}/{namespace}/{name}");
    }
    match id.strip_prefix("k8s:") {
        Some(rest) if !rest.contains('#') && rest.matches('/').count() == 1 => {
            format!("k8s:{DEFAULT_CLUSTER}/{rest}")
        }
        _ => id.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_ids_mean_natural_ones() {
        for (written, meant) in [
            (
                "aws:iam-user:111122223333/ci-deploy",
                "arn:aws:iam::111122223333:user/ci-deploy",
            ),
            (
                "aws:iam-role:111122223333/apps/web/runner",
                "arn:aws:iam::111122223333:role/apps/web/runner",
            ),
            (
                "aws:iam-root:111122223333",
                "arn:aws:iam::111122223333:root",
            ),
            ("k8s:shop/checkout", "k8s:cluster/shop/checkout"),
            ("k8s:prod/shop/checkout", "k8s:prod/shop/checkout"),
            ("k8s:cluster#user:jane", "k8s:cluster#user:jane"),
            (
                "system:serviceaccount:shop:checkout",
                "k8s:cluster/shop/checkout",
            ),
            ("arn:aws:iam::1:user/x", "arn:aws:iam::1:user/x"),
            (
                "aws:access-key:AKIAIOSFODNN7EXAMPLE",
                "aws:access-key:AKIAIOSFODNN7EXAMPLE",
            ),
        ] {
            assert_eq!(natural_id(written), meant);
        }
    }
}
