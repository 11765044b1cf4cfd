//! Resources of Vault: who may become a role, and what its policies give.

use super::Resource;
use super::sink::Sink;
use super::value::texts_at;
use crate::model::{Effect, Str, Trust, TrustPrincipal};
use crate::platform::federation::{self, Form};
use std::collections::BTreeMap;

/// Longest policy that is read, in bytes.
const LONGEST: usize = 256 << 10;

/// Reads what is particular to Vault.
pub(super) fn read(sink: &mut Sink<'_>, resource: &Resource) {
    if resource.data {
        return;
    }
    let form = match resource.kind.as_str() {
        "vault_policy" => return policy(sink, resource),
        "vault_kubernetes_auth_backend_role" => kubernetes(resource),
        "vault_jwt_auth_backend_role" => jwt(sink, resource),
        "vault_aws_auth_backend_role" => return aws(sink, resource),
        _ => return,
    };
    let Some(target) = super::identity(resource) else {
        return;
    };
    sink.facts.trusts.push(Trust {
        target,
        principal: TrustPrincipal::Federated(form.issuer.as_str().into()),
        effect: Effect::Allow,
        actions: vec!["login".into()],
        condition: form.condition.as_deref().map(Str::from),
        condition_keys: form.keys.iter().map(|key| key.as_str().into()).collect(),
        cross_account: None,
        inside_organization: None,
        grade: None,
        label: "role".into(),
        evidence: resource.evidence.clone(),
    });
}

fn kubernetes(resource: &Resource) -> Form {
    let names = texts_at(&resource.attributes, "bound_service_account_names");
    let namespaces = texts_at(&resource.attributes, "bound_service_account_namespaces");
    federation::vault_kubernetes(
        &names,
        &namespaces,
        resource.text("bound_service_account_namespace_selector"),
        resource.text("audience"),
    )
}

fn jwt(sink: &Sink<'_>, resource: &Resource) -> Form {
    let backend = resource.first(&["backend", "path"]);
    let declared = backend.and_then(|backend| {
        let of = |r: &&Resource| {
            r.kind == "vault_jwt_auth_backend"
                && r.estate == resource.estate
                && (r.text("path") == Some(backend) || backend.contains(r.address.as_str()))
        };
        sink.resources.iter().find(of)
    });
    let issuer = declared.and_then(|r| r.first(&["bound_issuer", "oidc_discovery_url"]));
    let audiences = texts_at(&resource.attributes, "bound_audiences");
    let mut claims: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in resource
        .attributes
        .get("bound_claims")
        .map_or(&[][..], |claims| claims.entries())
    {
        // Several values are written with commas between them.
        let values = super::value::texts(value);
        let values = values.iter().flat_map(|text| text.split(','));
        claims
            .entry(name.clone())
            .or_default()
            .extend(values.map(|text| text.trim().to_owned()));
    }
    federation::vault_jwt(
        issuer,
        resource.text("bound_subject"),
        &audiences,
        &claims,
        resource.text("bound_claims_type") == Some("glob"),
    )
}

/// Which principals of AWS may sign in as a role.
fn aws(sink: &mut Sink<'_>, resource: &Resource) {
    let Some(target) = super::identity(resource) else {
        return;
    };
    for arn in texts_at(&resource.attributes, "bound_iam_principal_arns") {
        let principal = match arn {
            "*" => TrustPrincipal::Anyone,
            arn => TrustPrincipal::Principal(arn.into()),
        };
        sink.facts.trusts.push(Trust {
            target: target.clone(),
            principal,
            effect: Effect::Allow,
            actions: vec!["login".into()],
            condition: None,
            condition_keys: Vec::new(),
            cross_account: None,
            inside_organization: None,
            grade: None,
            label: "role".into(),
            evidence: resource.evidence.clone(),
        });
    }
}

/// The id of the policy that a resource states, which roles name.
pub(super) fn states(resource: &Resource) -> Option<crate::model::PolicyId> {
    let name = resource.text("name")?;
    let told = resource.kind == "vault_policy" && resource.text("policy").is_some();
    told.then(|| format!("vault:{}/role/{name}", resource.place()).into())
}

/// A policy: for each path its capabilities, as `<capability>:<path>`, with `everything` for `*`.
fn policy(sink: &mut Sink<'_>, resource: &Resource) {
    let (Some(name), Some(text)) = (resource.text("name"), resource.text("policy")) else {
        return;
    };
    if text.len() > LONGEST {
        return sink
            .problems
            .push(super::note(resource, "policy is too long".to_owned()));
    }
    let permissions = permissions(text);
    let permissions: Vec<&str> = permissions.iter().map(String::as_str).collect();
    let id = format!("vault:{}/role/{name}", resource.place());
    let name = name.to_owned();
    sink.state(
        resource,
        id.into(),
        crate::model::Platform::Vault,
        &name,
        &permissions,
    );
}

/// The capabilities of a policy's paths.
fn permissions(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for part in text.split("path").skip(1) {
        let Some((path, rest)) = part
            .trim_start()
            .strip_prefix('"')
            .and_then(|rest| rest.split_once('"'))
        else {
            continue;
        };
        let Some(list) = rest.split_once("capabilities").and_then(|(_, rest)| {
            let (_, list) = rest.split_once('[')?;
            Some(list.split_once(']')?.0)
        }) else {
            continue;
        };
        let path = match path {
            "*" | "+/*" => "everything",
            path => path,
        };
        for capability in list.split(',') {
            let capability = capability.trim().trim_matches('"');
            if !capability.is_empty() {
                found.push(format!("{capability}:{path}"));
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::permissions;

    #[test]
    fn paths_and_capabilities() {
        let text = "path \"*\" { capabilities = [\"sudo\", \"read\"] }\npath \"secret/data/ci/*\" {\n  capabilities = [\"read\"]\n}\npath x";
        assert_eq!(
            permissions(text),
            [
                "read:everything",
                "read:secret/data/ci/*",
                "sudo:everything"
            ]
        );
    }
}
