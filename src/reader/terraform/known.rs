//! Data sources whose answers files tell: who and where the provider is, policies by name.

use super::instance::{Instance, Made, Provider};
use super::value::V;
use super::world::World;
use std::rc::Rc;

impl<'a> World<'a> {
    /// An attribute of a data source.
    pub(super) fn known(
        &self,
        instance: &Rc<Instance<'a>>,
        resource: usize,
        made: &Made,
        name: &str,
    ) -> Option<V> {
        let block = *instance.module.resources.get(resource)?;
        let provider = || self.provider_of(instance, block);
        let given = |name: &str| made.values.get(name).and_then(|v| v.v.interpolated());
        match (made.resource.kind.as_str(), name) {
            ("aws_caller_identity", "account_id" | "id") => {
                Some(V::text(self.account(&provider())))
            }
            ("aws_partition", "partition" | "id") => Some(V::text(partition(&provider()))),
            ("aws_partition", "dns_suffix") => Some(V::text(suffix(&provider()))),
            ("aws_partition", "reverse_dns_prefix") => {
                let reversed: Vec<_> = suffix(&provider()).rsplit('.').collect();
                Some(V::text(reversed.join(".")))
            }
            ("aws_region", "name" | "id" | "region") => {
                let own = given("name").or_else(|| given("region"));
                own.map(V::Text)
                    .or_else(|| provider().region.as_deref().map(V::text))
            }
            ("aws_iam_policy", "arn" | "id") if !made.values.contains_key("arn") => {
                let name = given("name")?;
                let place = provider();
                let path = given("path_prefix").unwrap_or_else(|| "/".into());
                let account = self.account(&place);
                let partition = partition(&place);
                Some(V::text(format!(
                    "arn:{partition}:iam::{account}:policy{path}{name}"
                )))
            }
            ("aws_iam_role", "arn") => {
                let name = given("name")?;
                let place = provider();
                let (partition, account) = (partition(&place), self.account(&place));
                Some(V::text(format!(
                    "arn:{partition}:iam::{account}:role/{name}"
                )))
            }
            ("aws_iam_user", "arn") => {
                let name = given("user_name")?;
                let place = provider();
                let (partition, account) = (partition(&place), self.account(&place));
                Some(V::text(format!(
                    "arn:{partition}:iam::{account}:user/{name}"
                )))
            }
            ("google_project" | "google_client_config", "project_id" | "project") => {
                given("project_id")
                    .map(V::Text)
                    .or_else(|| provider().account.as_deref().map(V::text))
            }
            ("azuread_client_config" | "azurerm_client_config", "tenant_id") => {
                let name = if made.resource.kind.starts_with("azuread") {
                    "azuread"
                } else {
                    "azurerm"
                };
                let provider = self.provider_for(instance, name);
                provider
                    .account
                    .as_deref()
                    .filter(|_| name == "azuread")
                    .map(V::text)
            }
            _ => None,
        }
    }

    /// The account's number, or the estate in its place.
    fn account(&self, provider: &Provider) -> String {
        match &provider.account {
            Some(account) => account.to_string(),
            None => self.estate.replace(':', "_"),
        }
    }
}

fn partition(provider: &Provider) -> &'static str {
    match provider.region.as_deref() {
        Some(region) if region.starts_with("cn-") => "aws-cn",
        Some(region) if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

fn suffix(provider: &Provider) -> &'static str {
    if partition(provider) == "aws-cn" {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    }
}
