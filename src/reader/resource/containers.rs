//! Resources that make what identities live in: accounts, projects, folders, subscriptions, resource groups, stacks.

use super::sink::{Sink, labels};
use super::{Resource, symbolic};
use crate::model::{Container, ContainerKind, Str};

/// What a resource makes that identities live in.
pub(super) fn read(sink: &mut Sink<'_>, resource: &Resource) {
    let known = |name: &str| resource.text(name).filter(|text| !symbolic(text));
    let folder = |name: &str| {
        let above = known(name)?;
        let id = above.rsplit('/').next().unwrap_or(above);
        Some(format!("gcp:folders/{id}"))
    };
    let (id, kind, parent) = match resource.kind.as_str() {
        "aws_organizations_account" => {
            let Some(id) = known("id") else { return };
            let unit = known("parent_id").filter(|id| id.starts_with("ou-"));
            let unit = unit.map(|id| format!("aws:{id}"));
            (format!("aws:{id}"), ContainerKind::Account, unit)
        }
        "aws_organizations_organizational_unit" => {
            let Some(id) = known("id") else { return };
            let unit = known("parent_id").filter(|id| id.starts_with("ou-"));
            let unit = unit.map(|id| format!("aws:{id}"));
            (format!("aws:{id}"), ContainerKind::Folder, unit)
        }
        "aws_cloudformation_stack" => {
            let Some(name) = known("name") else { return };
            let account = resource.account();
            let id = format!("aws:{account}/stack/{name}");
            (id, ContainerKind::Stack, Some(format!("aws:{account}")))
        }
        "google_project" => {
            let Some(id) = known("project_id") else {
                return;
            };
            (
                format!("gcp:{id}"),
                ContainerKind::Project,
                folder("folder_id"),
            )
        }
        "google_folder" => {
            let Some(id) = known("folder_id").or_else(|| known("id")) else {
                return;
            };
            let id = id.rsplit('/').next().unwrap_or(id);
            (
                format!("gcp:folders/{id}"),
                ContainerKind::Folder,
                folder("parent")
                    .filter(|_| known("parent").is_some_and(|p| p.contains("folders/"))),
            )
        }
        "azurerm_subscription" => {
            let Some(id) = known("subscription_id") else {
                return;
            };
            (format!("entra:{id}"), ContainerKind::Subscription, None)
        }
        "azurerm_resource_group" => {
            let Some(name) = known("name") else { return };
            let account = resource.account();
            let id = format!("entra:{account}/group/{}", name.to_ascii_lowercase());
            let above = Some(format!("entra:{account}"));
            (id, ContainerKind::ResourceGroup, above)
        }
        _ => return,
    };
    if resource.data || resource.switched_off().is_some() {
        return;
    }
    let shown = ["display_name", "subscription_name", "name"];
    let name = shown.iter().find_map(|name| known(name)).unwrap_or(&id);
    let container = Container {
        name: name.into(),
        kind,
        parent: parent.map(Str::from),
        labels: labels(resource).into_iter().collect(),
        evidence: resource.evidence.clone(),
        id: id.as_str().into(),
    };
    sink.facts.containers.push(container);
}
