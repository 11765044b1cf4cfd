//! Annotations by which a ServiceAccount becomes an identity of a cloud: EKS, GKE, Azure.

use super::naming::{name_of, symbolic};
use super::object::{Object, escaped};
use super::{Node, Sink};
use crate::model::{Evidence, IdentityId, IdentityKind, Platform, Str, Token};
use crate::platform::kubernetes::names;

const AWS_ROLE: &str = "eks.amazonaws.com/role-arn";
const AWS_AUDIENCE: &str = "eks.amazonaws.com/audience";
const GCP_ACCOUNT: &str = "iam.gke.io/gcp-service-account";
const AZURE_CLIENT: &str = "azure.workload.identity/client-id";
const AZURE_TENANT: &str = "azure.workload.identity/tenant-id";

/// What annotations say.
#[derive(Default)]
pub(super) struct Clouds {
    pub(super) becomes: Vec<(IdentityId, Evidence)>,
    pub(super) tokens: Vec<Token>,
    /// What files do not decide.
    pub(super) open: Vec<Str>,
}

fn declared_role(text: &str) -> bool {
    let rest = text
        .strip_prefix("arn:")
        .and_then(|rest| rest.split_once(":iam::"));
    rest.is_some_and(|(_, rest)| rest.contains(":role/"))
}

impl Sink<'_> {
    /// The identities of clouds that a ServiceAccount's annotations name.
    pub(super) fn clouds(&mut self, object: &Object<'_>) -> Clouds {
        let mut clouds = Clouds::default();
        self.aws(object, &mut clouds);
        self.gcp(object, &mut clouds);
        self.azure(object, &mut clouds);
        for (target, _) in &clouds.becomes {
            if symbolic(&target.0) {
                clouds.open.push(format!("not resolved: {target}").into());
            }
        }
        clouds
    }

    fn annotated<'n>(&self, object: &Object<'n>, key: &str) -> Option<(&'n Node, Evidence)> {
        let value = object.annotation(key)?;
        let pointer = format!("{}/metadata/annotations/{}", object.pointer, escaped(key));
        Some((value, self.evidence(value, pointer)))
    }

    fn given(&self, object: &Object<'_>, audience: &str, evidence: Evidence) -> Token {
        Token {
            issuer: None,
            subject: format!("system:serviceaccount:{}:{}", object.namespace, object.name).into(),
            audience: Some(audience.into()),
            claims: std::collections::BTreeMap::new(),
            evidence,
        }
    }

    fn aws(&mut self, object: &Object<'_>, clouds: &mut Clouds) {
        let Some((value, evidence)) = self.annotated(object, AWS_ROLE) else {
            return;
        };
        let text = value.text().unwrap_or_default();
        let open = symbolic(text) && text.contains(":role/");
        // Infrastructure code names a role that it declares by where that stands, if not by an account.
        let open = open || self.document.bytes.is_empty() && declared_role(text);
        if names::iam_role(text).is_some() || open && name_of(Some(value)).is_some() {
            clouds.becomes.push((text.into(), evidence.clone()));
            let audience = name_of(object.annotation(AWS_AUDIENCE)).unwrap_or("sts.amazonaws.com");
            clouds.tokens.push(self.given(object, audience, evidence));
        } else if !text.is_empty() || value.text().is_none() && value.is_map() {
            let message = format!("annotation {AWS_ROLE} is not the ARN of an IAM role");
            self.note(value.line, message);
        }
    }

    fn gcp(&mut self, object: &Object<'_>, clouds: &mut Clouds) {
        let Some((value, evidence)) = self.annotated(object, GCP_ACCOUNT) else {
            return;
        };
        let Some(address) = name_of(Some(value)) else {
            return;
        };
        if !address.ends_with(".gserviceaccount.com") && !symbolic(address) {
            let message =
                format!("annotation {GCP_ACCOUNT} is not the address of a service account");
            self.note(value.line, message);
            return;
        }
        let (platform, kind) = (Platform::Gcp, IdentityKind::GcpServiceAccount);
        let why = "a Kubernetes ServiceAccount becomes it";
        let id = self.refer_identity(
            format!("gcp:{address}"),
            platform,
            kind,
            address,
            why,
            &evidence,
        );
        let project = address
            .split_once('@')
            .and_then(|(_, domain)| domain.strip_suffix(".iam.gserviceaccount.com"));
        if let Some(last) = self.facts.identities.last_mut() {
            last.account = project.map(Into::into);
        }
        clouds.becomes.push((id, evidence));
    }

    fn azure(&mut self, object: &Object<'_>, clouds: &mut Clouds) {
        let Some((value, evidence)) = self.annotated(object, AZURE_CLIENT) else {
            return;
        };
        let Some(client) = name_of(Some(value)) else {
            return;
        };
        // Without the annotation it is the tenant of the cluster, which no manifest names.
        let tenant = name_of(object.annotation(AZURE_TENANT)).unwrap_or("unknown");
        let (platform, kind) = (Platform::Entra, IdentityKind::EntraManagedIdentity);
        let why = "a Kubernetes ServiceAccount becomes it";
        let id = format!("entra:{tenant}/{client}");
        let id = self.refer_identity(id, platform, kind, client, why, &evidence);
        if let Some(last) = self.facts.identities.last_mut() {
            last.account = Some(tenant.into());
        }
        clouds.becomes.push((id, evidence.clone()));
        let audience = "api://AzureADTokenExchange";
        clouds.tokens.push(self.given(object, audience, evidence));
    }
}
