//! Readers: one file per input format. A reader says whether a document is its own and what it states.

pub use family::Family;

use crate::detect::Detector;
use crate::model::{Document, Facts, Probe, Problem};
use std::io::Read;
use std::sync::Arc;

pub mod allow;
pub mod ansible;
pub mod aws_access_analyzer;
pub mod aws_access_keys;
mod aws_answer;
pub mod aws_authorization_details;
pub mod aws_collection;
pub mod aws_credential_report;
pub mod aws_eks;
pub mod aws_identity_center;
pub mod aws_identity_providers;
pub mod aws_instance_profiles;
mod aws_json;
pub mod aws_last_accessed;
pub mod aws_organizations;
mod aws_policy_rules;
pub mod aws_principals;
pub mod aws_resource_policies;
mod aws_statement;
pub mod aws_user_credentials;
pub mod aws_workloads;
pub mod azure_pipelines;
pub mod backstage;
pub mod bitbucket;
mod catalog_entry;
pub mod certificates;
pub mod circleci;
pub mod cloud_containers;
pub mod cloudformation;
pub mod codeowners;
mod columns;
pub mod compose;
pub mod cortex;
mod declared;
pub mod dotfiles;
mod eks;
pub mod entra;
pub mod environments;
mod family;
pub mod github_access;
pub mod github_actions;
pub mod gitlab_ci;
pub mod google_cloud;
pub mod jenkins_credentials;
pub mod jenkinsfile;
mod keeping;
pub mod kubernetes;
pub mod kubernetes_config;
pub mod mailmap;
mod markup;
pub mod okta;
pub mod opslevel;
pub mod packages;
pub mod pagerduty;
mod pipeline;
pub mod profiles;
pub mod pulumi;
mod records;
pub mod registry;
mod resource;
pub mod roster;
pub mod sailpoint;
pub mod secrets;
mod selector;
pub mod servicenow;
pub mod terraform;
pub mod terraform_backend;
pub mod terraform_state;
mod tree;
pub mod vendors;

/// One input format.
///
/// A reader is a question and an answer, pure and without I/O, so that the scan can run all readers on
/// all documents in parallel and merge in canonical order. Walking, opening, size limits and panics
/// belong to the scan. The alternative, readers that pull what they need from a file system, was turned
/// down: it hides which files were looked at, and coverage could no longer be stated.
pub trait Reader: Sync + Send {
    /// The name used in evidence and coverage: `kubernetes`, `aws-credential-report`.
    fn name(&self) -> &'static str;

    /// Whether the document is of this format, as its name and first bytes tell. Must be cheap: it is
    /// asked of every file.
    fn accepts(&self, probe: &Probe<'_>) -> bool;

    /// Whether documents of this format are read whole whatever their size. The text detector says no.
    fn unlimited(&self) -> bool {
        true
    }

    /// What the document states, and what in it could not be understood.
    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>);

    /// Whether a document of this format says what it says only together with others of its tree: a file of a
    /// Terraform module, a template of a chart. It is then kept, and read by [`Reader::read_together`] when
    /// all inputs have been met, rather than by [`Reader::read`].
    fn gathers(&self, document: &Document<'_>) -> bool {
        let _ = document;
        false
    }

    /// What documents that were kept state together, and what in them could not be understood. They are in
    /// the order of their paths; of several with one path (standard input) all are here.
    fn read_together(&self, documents: &[Document<'_>]) -> (Facts, Vec<Problem>) {
        let mut facts = Facts::default();
        let mut problems = Vec::new();
        for document in documents {
            let (read, trouble) = self.read(document);
            facts.append(read);
            problems.extend(trouble);
        }
        (facts, problems)
    }

    /// Whether [`Reader::read_in_parts`] does more than [`Reader::read`]: documents of such a format need
    /// not lie in memory whole.
    fn streams(&self) -> bool {
        false
    }

    /// As [`Reader::read`], but facts are handed over as they are read. `rest` is what follows the bytes of
    /// the document, where they are only its beginning.
    fn read_in_parts(
        &self,
        document: &Document<'_>,
        rest: Option<&mut dyn Read>,
        facts: &mut dyn FnMut(Facts),
    ) -> Vec<Problem> {
        let _ = rest;
        let (read, problems) = self.read(document);
        facts(read);
        problems
    }
}

/// Every reader, sorted by name (the secret detector, which claims every text, is last).
pub fn readers(detector: Arc<Detector>) -> Vec<Box<dyn Reader>> {
    vec![
        Box::new(ansible::Ansible::new(Arc::clone(&detector))),
        Box::new(aws_access_analyzer::AwsAccessAnalyzer),
        Box::new(aws_access_keys::AwsAccessKeys),
        Box::new(aws_authorization_details::AwsAuthorizationDetails),
        Box::new(aws_collection::AwsCollection),
        Box::new(aws_credential_report::AwsCredentialReport),
        Box::new(aws_eks::AwsEks),
        Box::new(aws_identity_center::AwsIdentityCenter),
        Box::new(aws_identity_providers::AwsIdentityProviders),
        Box::new(aws_instance_profiles::AwsInstanceProfiles),
        Box::new(aws_last_accessed::AwsLastAccessed),
        Box::new(aws_organizations::AwsOrganizations),
        Box::new(aws_principals::AwsPrincipals),
        Box::new(aws_resource_policies::AwsResourcePolicies),
        Box::new(aws_user_credentials::AwsUserCredentials),
        Box::new(aws_workloads::AwsWorkloads),
        Box::new(azure_pipelines::AzurePipelines),
        Box::new(backstage::Backstage),
        Box::new(bitbucket::Bitbucket),
        Box::new(certificates::Certificates),
        Box::new(circleci::CircleCi),
        Box::new(cloud_containers::CloudContainers),
        Box::new(cloudformation::CloudFormation),
        Box::new(codeowners::Codeowners),
        Box::new(compose::Compose::new(Arc::clone(&detector))),
        Box::new(cortex::Cortex),
        Box::new(dotfiles::Dotfiles::new(Arc::clone(&detector))),
        Box::new(entra::Entra),
        Box::new(roster::EntraDirectory),
        Box::new(environments::Environments),
        Box::new(github_access::GitHubAccess),
        Box::new(github_actions::GithubActions),
        Box::new(roster::GithubTeams),
        Box::new(gitlab_ci::GitlabCi),
        Box::new(roster::GitlabMembers),
        Box::new(google_cloud::GoogleCloud),
        Box::new(roster::GoogleDirectory),
        Box::new(jenkins_credentials::JenkinsCredentials::new(Arc::clone(
            &detector,
        ))),
        Box::new(jenkinsfile::Jenkinsfile),
        Box::new(kubernetes::Kubernetes),
        Box::new(kubernetes_config::KubernetesConfig),
        Box::new(mailmap::Mailmap),
        Box::new(okta::Okta),
        Box::new(roster::OktaDirectory),
        Box::new(opslevel::OpsLevel),
        Box::new(packages::Packages),
        Box::new(pagerduty::PagerDuty),
        Box::new(profiles::Profiles::new(Arc::clone(&detector))),
        Box::new(pulumi::Pulumi),
        Box::new(registry::Registry),
        Box::new(roster::Roster),
        Box::new(sailpoint::SailPoint),
        Box::new(roster::Scim),
        Box::new(servicenow::ServiceNow),
        Box::new(terraform::Terraform),
        Box::new(terraform_backend::TerraformBackend),
        Box::new(terraform_state::TerraformState),
        Box::new(vendors::Vendors),
        Box::new(secrets::Secrets::new(detector)),
    ]
}
