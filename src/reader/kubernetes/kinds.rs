//! Which kinds of objects are read, by API group, and by what.

use super::Sink;
use super::object::Object;

/// Reads an object.
type Read<S> = fn(&mut S, &Object<'_>);

impl Sink<'_> {
    /// How objects of a kind outside the core are read; `None` for kinds that say nothing of identities.
    pub(super) fn reads(group: &str, kind: &str) -> Option<Read<Self>> {
        Some(match (group, kind) {
            ("apps.openshift.io" | "", "DeploymentConfig") | ("argoproj.io", "Rollout") => {
                Self::workload
            }
            ("", "PodTemplate") => Self::workload,
            ("serving.knative.dev", "Service" | "Configuration" | "Revision") => Self::unknown,
            (
                "argoproj.io",
                "Workflow" | "CronWorkflow" | "WorkflowTemplate" | "ClusterWorkflowTemplate",
            ) => Self::workflow,
            ("argoproj.io", "AppProject") => Self::app_project,
            ("argoproj.io", "Application") => Self::application,
            ("tekton.dev", "TaskRun" | "PipelineRun") => Self::tekton,
            ("triggers.tekton.dev" | "tekton.dev", "TriggerTemplate") => Self::trigger_template,
            ("kustomize.toolkit.fluxcd.io", "Kustomization")
            | ("helm.toolkit.fluxcd.io", "HelmRelease") => Self::flux,
            (
                "source.toolkit.fluxcd.io",
                "GitRepository" | "HelmRepository" | "OCIRepository" | "Bucket",
            )
            | ("image.toolkit.fluxcd.io", "ImageRepository")
            | ("notification.toolkit.fluxcd.io", "Provider" | "Receiver") => Self::flux_source,
            ("external-secrets.io", "SecretStore" | "ClusterSecretStore") => Self::secret_store,
            ("external-secrets.io", "ExternalSecret" | "ClusterExternalSecret" | "PushSecret") => {
                Self::external_secret
            }
            ("secrets-store.csi.x-k8s.io", "SecretProviderClass") => Self::secret_provider,
            ("bitnami.com", "SealedSecret") => Self::sealed_secret,
            ("secrets.hashicorp.com", "VaultAuth") => Self::vault_auth,
            ("cert-manager.io", "Certificate") => Self::certificate_object,
            ("cert-manager.io", "Issuer" | "ClusterIssuer") => Self::issuer,
            ("certificates.k8s.io", "CertificateSigningRequest") => Self::signing_request,
            (
                "admissionregistration.k8s.io",
                "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration",
            ) => Self::webhooks,
            (
                "admissionregistration.k8s.io",
                "ValidatingAdmissionPolicyBinding" | "MutatingAdmissionPolicyBinding",
            ) => Self::admission_binding,
            ("apiregistration.k8s.io", "APIService") => Self::api_service,
            ("apiextensions.k8s.io", "CustomResourceDefinition") => Self::conversion,
            ("eks.services.k8s.aws" | "eks.aws.upbound.io", "PodIdentityAssociation") => {
                Self::pod_identity
            }
            ("iam.services.k8s.aws" | "iam.aws.upbound.io" | "iam.aws.crossplane.io", "Role") => {
                Self::aws_role_object
            }
            ("iam.services.k8s.aws" | "iam.aws.upbound.io" | "iam.aws.crossplane.io", "User") => {
                Self::aws_user_object
            }
            ("iam.aws.upbound.io" | "iam.aws.crossplane.io", "AccessKey") => Self::aws_key_object,
            ("iam.cnrm.cloud.google.com", "IAMServiceAccount") => Self::gcp_account,
            ("iam.cnrm.cloud.google.com", "IAMServiceAccountKey") => Self::gcp_key,
            ("iam.cnrm.cloud.google.com", "IAMPolicyMember" | "IAMPolicy" | "IAMPartialPolicy") => {
                Self::gcp_member
            }
            ("aadpodidentity.k8s.io", "AzureIdentity") => Self::azure_identity,
            ("managedidentity.azure.com", "FederatedIdentityCredential") => Self::azure_federation,
            _ => return Self::elsewhere(group, kind),
        })
    }

    /// Kinds that nobody here knows. What belongs to the platform itself is known, and says nothing.
    fn elsewhere(group: &str, kind: &str) -> Option<Read<Self>> {
        // Groups of the platform have no dot, or are listed; `*.k8s.io` is anybody's who keeps to the rules.
        let own = !group.contains('.') || OWN.contains(&group);
        (!own && !kind.is_empty()).then_some(Self::unknown)
    }
}

/// Groups of the platform and of its tools in which no kind but those above runs as anybody.
const OWN: &[&str] = &[
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "flowcontrol.apiserver.k8s.io",
    "gateway.networking.k8s.io",
    "kubeadm.k8s.io",
    "kubelet.config.k8s.io",
    "kustomize.config.k8s.io",
    "metrics.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "snapshot.storage.k8s.io",
    "storage.k8s.io",
];
