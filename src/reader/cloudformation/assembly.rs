//! Cloud assemblies of the CDK: `manifest.json` says which account each template is for.

use crate::model::{Document, Probe, Str};
use crate::reader::tree::{self, Node};
use std::collections::BTreeMap;

/// Whether a file may be the manifest of an assembly.
pub(super) fn is_manifest(probe: &Probe<'_>) -> bool {
    names_manifest(probe.origin.file_name())
        && probe.head_contains("\"artifacts\"")
        && (probe.head_contains("cdk") || probe.head_contains("aws:cloudformation"))
}

/// Whether a file's name is that of a manifest.
pub(super) fn names_manifest(name: &str) -> bool {
    name == "manifest.json"
}

/// The accounts of templates, by the templates' paths, where manifests name them.
pub(super) fn accounts(documents: &[Document<'_>]) -> BTreeMap<String, Str> {
    let mut accounts = BTreeMap::new();
    for document in documents {
        let path = &*document.origin.path;
        if !names_manifest(document.origin.file_name()) {
            continue;
        }
        let folder = path.strip_suffix("manifest.json").unwrap_or_default();
        // One that is broken tells nothing, and is no template either.
        let manifests = tree::documents(document.bytes).into_iter().flatten();
        for manifest in manifests {
            let artifacts = manifest.get("artifacts").map_or(&[][..], Node::entries);
            for (_, artifact) in artifacts {
                let file = artifact.at(&["properties", "templateFile"]);
                let account = artifact.str("environment").and_then(account);
                if let (Some(file), Some(account)) = (file.and_then(Node::text), account) {
                    accounts.insert(format!("{folder}{file}"), account);
                }
            }
        }
    }
    accounts
}

/// The account of `aws://111122223333/eu-west-1`.
fn account(environment: &str) -> Option<Str> {
    let (account, _) = environment.strip_prefix("aws://")?.split_once('/')?;
    let id = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
    id.then(|| account.into())
}
