//! Identities of clouds that objects of a cluster declare: by ACK, Crossplane, Config Connector, Azure's operators.

use super::naming::{belongs, name_of, named, symbolic};
use super::object::Object;
use super::{Node, Sink};
use crate::model::{
    Credential, Effect, Entitlement, EntitlementRole, Evidence, Humanity, Identity, IdentityId,
    IdentityKind, Moment, Platform, Policy, PolicyId, PolicyKind, Presence, Rule, RuleBody, Scope,
    Str, Trust, TrustPrincipal,
};
use crate::platform::aws::policy;
use crate::platform::federation::{self, Form};

/// Annotation with the project of an object of Config Connector.
const PROJECT: &str = "cnrm.cloud.google.com/project-id";
/// Annotation with the account of an object of ACK.
const OWNER: &str = "services.k8s.aws/owner-account-id";

/// The parameters of an object: Crossplane keeps them one level deeper.
fn parameters<'n>(object: &Object<'n>) -> Option<&'n Node> {
    let spec = object.node.get("spec")?;
    Some(spec.get("forProvider").unwrap_or(spec))
}

impl Sink<'_> {
    /// `PodIdentityAssociation` of EKS: an account becomes a role.
    pub(super) fn pod_identity(&mut self, object: &Object<'_>) {
        let Some(spec) = parameters(object) else {
            return;
        };
        let role = named(spec, "roleARN").or_else(|| named(spec, "roleArn"));
        let (Some(namespace), Some(account), Some(arn)) = (
            named(spec, "namespace"),
            named(spec, "serviceAccount"),
            role,
        ) else {
            return;
        };
        let evidence = self.place(object);
        if let Some(role) = self.aws_role(arn, &evidence) {
            self.becomes(namespace, account, role, evidence);
        }
    }

    /// The account of an object of ACK or Crossplane; else the tree's own name for it.
    fn aws_account(&self, object: &Object<'_>) -> Str {
        let annotated = object.annotation(OWNER).and_then(Node::text);
        let status = object
            .node
            .at(&["status", "ackResourceMetadata", "ownerAccountID"]);
        let known = annotated.or_else(|| status.and_then(Node::text));
        let digits = |text: &&str| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
        match known.filter(digits) {
            Some(account) => account.into(),
            None => format!("kubernetes/{}", object.namespace).into(),
        }
    }

    fn aws_identity(&mut self, object: &Object<'_>, kind: IdentityKind) -> Option<IdentityId> {
        let spec = parameters(object)?;
        let sort = if kind == IdentityKind::AwsRole {
            "role"
        } else {
            "user"
        };
        let external = object.annotation("crossplane.io/external-name");
        let name = named(spec, "name")
            .or_else(|| name_of(external))
            .unwrap_or(&object.name);
        let account = self.aws_account(object);
        let path = named(spec, "path").unwrap_or("/").trim_matches('/');
        let resource = if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}/{name}")
        };
        let arn = object
            .node
            .at(&["status", "ackResourceMetadata", "arn"])
            .or_else(|| object.node.at(&["status", "atProvider", "arn"]));
        let id = match name_of(arn) {
            Some(arn) => arn.to_owned(),
            None => format!("arn:aws:iam::{account}:{sort}/{resource}"),
        };
        let mut identity = Identity::new(id.into(), Platform::Aws, kind, name);
        identity.account = Some(account);
        identity.presence.insert(object.presence());
        identity.created = object.created();
        identity.labels = object.labels(self);
        identity.evidence.insert(self.place(object));
        identity.derivation.insert(
            format!(
                "declared by {} {}/{}",
                object.kind, object.namespace, object.name
            )
            .into(),
        );
        if kind == IdentityKind::AwsRole {
            identity.humanity = (
                Humanity::NonHuman,
                "IAM role that a cluster declares".into(),
            );
        } else {
            identity.humanity = (
                Humanity::NonHuman,
                "IAM user that a cluster declares".into(),
            );
        }
        let id = identity.id.clone();
        self.facts.identities.push(identity);
        for (i, arn) in spec.strings("policies").iter().enumerate() {
            if !arn.starts_with("arn:") {
                continue;
            }
            let place = spec
                .list("policies")
                .get(i)
                .map(|node| self.spot(object, node, ""));
            self.facts.entitlements.push(Entitlement {
                principal: id.clone(),
                policy: PolicyId::from(&**arn),
                scope: Scope::Account(self.aws_account(object)),
                role: EntitlementRole::Grant,
                via: "attached".into(),
                evidence: place.unwrap_or_else(|| self.place(object)),
            });
        }
        for (name, document) in spec.get("inlinePolicies").map_or(&[][..], Node::entries) {
            let Some(text) = document.text() else {
                continue;
            };
            let evidence = self.spot(object, document, "/spec/inlinePolicies");
            self.aws_inline(&id, name, text, &self.aws_account(object), &evidence);
        }
        if let Some(boundary) =
            named(spec, "permissionsBoundary").filter(|arn| arn.starts_with("arn:"))
        {
            let evidence = self.place(object);
            self.facts.entitlements.push(Entitlement {
                principal: id.clone(),
                policy: PolicyId::from(boundary),
                scope: Scope::Account(self.aws_account(object)),
                role: EntitlementRole::Boundary,
                via: "permissions boundary".into(),
                evidence,
            });
        }
        Some(id)
    }

    fn aws_inline(
        &mut self,
        id: &IdentityId,
        name: &str,
        text: &str,
        account: &str,
        evidence: &Evidence,
    ) {
        let context = super::super::aws_policy_rules::Context {
            document: self.document,
            reader: super::NAME,
        };
        let value = serde_json::Value::from(text);
        let mut problems = Vec::new();
        let Some(rules) = context.rules(&value, "inline policy", &mut problems) else {
            self.problems.append(&mut problems);
            return;
        };
        self.problems.append(&mut problems);
        let policy = PolicyId::from(format!("{id}#inline/{name}"));
        let mut record = Policy::new(policy.clone(), Platform::Aws, PolicyKind::IamInline, name);
        record.account = Some(account.into());
        record.evidence.insert(evidence.clone());
        for mut rule in rules {
            rule.evidence = evidence.clone();
            record.rules.insert(rule);
        }
        self.facts.policies.push(record);
        self.facts.entitlements.push(Entitlement {
            principal: id.clone(),
            policy,
            scope: Scope::Account(account.into()),
            role: EntitlementRole::Grant,
            via: "inline".into(),
            evidence: evidence.clone(),
        });
    }

    /// An IAM role that a cluster declares.
    pub(super) fn aws_role_object(&mut self, object: &Object<'_>) {
        let Some(id) = self.aws_identity(object, IdentityKind::AwsRole) else {
            return;
        };
        let Some(spec) = parameters(object) else {
            return;
        };
        let document = spec
            .get("assumeRolePolicyDocument")
            .or_else(|| spec.get("assumeRolePolicy"));
        let Some((node, text)) = document.and_then(|node| Some((node, node.text()?))) else {
            return;
        };
        let evidence = self.spot(object, node, "/spec/assumeRolePolicyDocument");
        let account = self.aws_account(object);
        self.trust_policy(&id, text, &account, &evidence, node.line);
    }

    fn trust_policy(
        &mut self,
        id: &IdentityId,
        text: &str,
        account: &str,
        evidence: &Evidence,
        line: u32,
    ) {
        let value = serde_json::Value::from(text);
        let Some(value) = policy::embedded(&value) else {
            self.note(
                line,
                "trust policy is neither JSON nor URL-encoded JSON".to_owned(),
            );
            return;
        };
        let (document, _) = policy::document(&value);
        for statement in &document.statements {
            for principal in &statement.principals {
                let principal = super::super::aws_statement::principal(principal);
                let label = match &statement.sid {
                    Some(sid) => sid.as_str().into(),
                    None => format!("Statement[{}]", statement.index).into(),
                };
                self.facts.trusts.push(Trust {
                    target: id.clone(),
                    cross_account: super::super::aws_statement::crosses(&principal, account),
                    principal,
                    effect: super::super::aws_statement::effect(statement),
                    actions: statement
                        .actions
                        .patterns
                        .iter()
                        .map(|a| a.as_str().into())
                        .collect(),
                    condition: statement.condition.as_deref().map(Into::into),
                    condition_keys: statement
                        .condition_keys
                        .iter()
                        .map(|k| k.as_str().into())
                        .collect(),
                    inside_organization: None,
                    grade: None,
                    label,
                    evidence: evidence.clone(),
                });
            }
        }
    }

    /// An IAM user that a cluster declares.
    pub(super) fn aws_user_object(&mut self, object: &Object<'_>) {
        let _ = self.aws_identity(object, IdentityKind::AwsUser);
    }

    /// An access key that a cluster makes and keeps in a Secret; access keys have no end.
    pub(super) fn aws_key_object(&mut self, object: &Object<'_>) {
        let Some(spec) = parameters(object) else {
            return;
        };
        let reference = spec.get("userRef").and_then(|r| named(r, "name"));
        let Some(user) = named(spec, "user")
            .or_else(|| named(spec, "userName"))
            .or(reference)
        else {
            return;
        };
        let evidence = self.place(object);
        let account = self.aws_account(object);
        let id = format!(
            "kubernetes:aws-access-key:{}/{}",
            object.namespace, object.name
        );
        let mut credential = Credential::new(id.into(), "aws-access-key", "aws", "AWS access key");
        credential.created = object.created();
        credential.expires = Moment::Never;
        credential.display = Some(Str::clone(&object.name));
        credential.records.insert(evidence.clone());
        let (platform, kind) = (Platform::Aws, IdentityKind::AwsUser);
        let id = format!("arn:aws:iam::{account}:user/{user}");
        let identity = self.refer_identity(
            id,
            platform,
            kind,
            user,
            "a cluster makes keys of it",
            &evidence,
        );
        if let Some(last) = self.facts.identities.last_mut() {
            last.account = Some(account);
        }
        belongs(
            &mut credential,
            identity,
            "the object names the user",
            evidence,
        );
        self.facts.credentials.push(credential);
    }

    /// The project of an object of Config Connector: its annotation, its reference, or its namespace.
    fn gcp_project(object: &Object<'_>) -> Str {
        let annotated = name_of(object.annotation(PROJECT));
        let referred = name_of(object.node.at(&["spec", "projectRef", "external"]));
        let project = annotated.or(referred).unwrap_or(&object.namespace);
        project.rsplit('/').next().unwrap_or(project).into()
    }

    /// `IAMServiceAccount` of Config Connector.
    pub(super) fn gcp_account(&mut self, object: &Object<'_>) {
        let name = name_of(object.node.at(&["spec", "resourceID"])).unwrap_or(&object.name);
        let project = Self::gcp_project(object);
        let address = format!("{name}@{project}.iam.gserviceaccount.com");
        let kind = IdentityKind::GcpServiceAccount;
        let mut identity = Identity::new(
            format!("gcp:{address}").into(),
            Platform::Gcp,
            kind,
            address.as_str(),
        );
        identity.account = Some(project);
        identity.presence.insert(object.presence());
        identity.created = object.created();
        identity.humanity = (Humanity::NonHuman, "Google service account".into());
        identity.labels = object.labels(self);
        identity.enabled = object
            .node
            .get("spec")
            .and_then(|s| s.bool("disabled"))
            .map(|off| !off);
        identity.derivation.insert(
            format!(
                "declared by {} {}/{}",
                object.kind, object.namespace, object.name
            )
            .into(),
        );
        identity.evidence.insert(self.place(object));
        self.facts.identities.push(identity);
    }

    /// `IAMServiceAccountKey`: a key that a cluster makes and keeps in a Secret.
    pub(super) fn gcp_key(&mut self, object: &Object<'_>) {
        let reference = object.node.at(&["spec", "serviceAccountRef"]);
        let Some(account) =
            reference.and_then(|r| named(r, "external").or_else(|| named(r, "name")))
        else {
            return;
        };
        let evidence = self.place(object);
        let id = format!(
            "kubernetes:gcp-service-account-key:{}/{}",
            object.namespace, object.name
        );
        let mut credential = Credential::new(
            id.into(),
            "gcp-service-account-key",
            "gcp",
            "Google service account key",
        );
        credential.created = object.created();
        credential.display = Some(Str::clone(&object.name));
        let until = object
            .node
            .at(&["status", "validBefore"])
            .and_then(Node::text);
        credential.expires = until
            .and_then(crate::model::Timestamp::parse)
            .filter(|at| !at.date().starts_with("9999"))
            .map_or(Moment::Never, Moment::At);
        credential.records.insert(evidence.clone());
        let identity = self.gcp_named(account, object, &evidence);
        belongs(
            &mut credential,
            identity,
            "the object names the account",
            evidence,
        );
        self.facts.credentials.push(credential);
    }

    /// A Google service account by address, or by the name of its object.
    fn gcp_named(&mut self, name: &str, object: &Object<'_>, evidence: &Evidence) -> IdentityId {
        let name = name.rsplit('/').next().unwrap_or(name);
        let address = if name.contains('@') {
            name.to_owned()
        } else {
            format!(
                "{name}@{}.iam.gserviceaccount.com",
                Self::gcp_project(object)
            )
        };
        let (platform, kind) = (Platform::Gcp, IdentityKind::GcpServiceAccount);
        let why = "Google service account";
        self.refer_identity(
            format!("gcp:{address}"),
            platform,
            kind,
            &address,
            why,
            evidence,
        )
    }

    /// `IAMPolicyMember`, `IAMPolicy` and `IAMPartialPolicy` of Config Connector: grants, or who may act as an account.
    pub(super) fn gcp_member(&mut self, object: &Object<'_>) {
        let Some(spec) = object.node.get("spec") else {
            return;
        };
        self.gcp_grant(object, spec, named(spec, "role"), spec);
        for binding in spec.list("bindings") {
            let role = named(binding, "role");
            for member in binding.list("members") {
                self.gcp_grant(object, spec, role, member);
            }
        }
    }

    /// A role for a member: a text, or an object that names it or the account's object.
    fn gcp_grant(&mut self, object: &Object<'_>, spec: &Node, role: Option<&str>, who: &Node) {
        let Some(role) = role else {
            return;
        };
        let evidence = self.place(object);
        let reference = spec.get("resourceRef");
        let kind = reference
            .and_then(|r| named(r, "kind"))
            .unwrap_or("Project");
        let target = reference.and_then(|r| named(r, "external").or_else(|| named(r, "name")));
        let from = who.at(&["memberFrom", "serviceAccountRef"]);
        let from = from.and_then(|r| named(r, "external").or_else(|| named(r, "name")));
        let member = who.text().or_else(|| named(who, "member"));
        let on_account = kind == "IAMServiceAccount";
        if let (true, Some(target), Some(form)) = (
            on_account,
            target,
            member.and_then(federation::google_member),
        ) {
            let account = self.gcp_named(target, object, &evidence);
            let label = member.unwrap_or(&object.name);
            self.lets_in(account, &form, role, label, evidence);
            return;
        }
        let address = member
            .and_then(|m| m.strip_prefix("serviceAccount:"))
            .or(from);
        let Some(address) = address.filter(|a| !a.contains(".svc.id.goog[")) else {
            return;
        };
        let principal = self.gcp_named(address, object, &evidence);
        let project = Self::gcp_project(object);
        let place = match (kind, target) {
            ("Project", Some(name)) => {
                format!("gcp:projects/{}", name.rsplit('/').next().unwrap_or(name))
            }
            ("Project", None) => format!("gcp:projects/{project}"),
            ("Folder" | "Organization", Some(name)) => {
                let last = name.rsplit('/').next().unwrap_or(name);
                format!("gcp:{}s/{last}", kind.to_ascii_lowercase())
            }
            ("IAMServiceAccount", Some(name)) => {
                let account = self.gcp_named(name, object, &evidence);
                format!(
                    "gcp:serviceAccounts/{}",
                    account.0.trim_start_matches("gcp:")
                )
            }
            (_, Some(name)) => format!("gcp:projects/{project}/{kind}/{name}"),
            (_, None) => format!("gcp:projects/{project}/{kind}"),
        };
        let policy = PolicyId::from(format!("gcp:{role}"));
        let mut record = Policy::new(policy.clone(), Platform::Gcp, PolicyKind::Named, role);
        record.rules.insert(Rule {
            effect: Effect::Allow,
            body: RuleBody::Named(role.into()),
            label: role.into(),
            evidence: evidence.clone(),
        });
        self.facts.policies.push(record);
        self.facts.entitlements.push(Entitlement {
            principal,
            policy,
            scope: Scope::Resource(place.into()),
            role: EntitlementRole::Grant,
            via: format!("IAMPolicyMember {}/{}", object.namespace, object.name).into(),
            evidence,
        });
    }

    /// `AzureIdentity` of the retired pod identity: pods with a label become it.
    pub(super) fn azure_identity(&mut self, object: &Object<'_>) {
        let Some(spec) = object.node.get("spec") else {
            return;
        };
        let Some(client) = named(spec, "clientID").or_else(|| named(spec, "clientId")) else {
            return;
        };
        let evidence = self.place(object);
        let tenant = named(spec, "tenantID")
            .or_else(|| named(spec, "tenantId"))
            .unwrap_or("unknown");
        // 0 is a managed identity, 1 and 2 are applications with a secret and with a certificate.
        let sort = named(spec, "type").unwrap_or("0");
        let kind = match sort {
            "0" => IdentityKind::EntraManagedIdentity,
            _ => IdentityKind::EntraApplication,
        };
        let mut identity = Identity::new(
            format!("entra:{tenant}/{client}").into(),
            Platform::Entra,
            kind,
            client,
        );
        identity.account = Some(tenant.into());
        identity.presence.insert(Presence::Referenced);
        identity.humanity = (Humanity::NonHuman, "pods become it".into());
        if symbolic(client) {
            identity
                .derivation
                .insert("not resolved: its client id is filled in elsewhere".into());
        }
        identity.evidence.insert(evidence.clone());
        let id = identity.id.clone();
        self.facts.identities.push(identity);
        let mut traits = vec![
            if sort == "0" {
                "by:managed-identity"
            } else {
                "static-key"
            }
            .to_owned(),
        ];
        traits.push("retired".to_owned());
        let workload = Self::workload_id(object);
        if let Some(secret) = spec.get("clientPassword").and_then(|s| named(s, "name")) {
            let namespace = spec
                .get("clientPassword")
                .and_then(|s| named(s, "namespace"));
            let namespace = namespace.unwrap_or(&object.namespace);
            let how = "client secret".to_owned();
            self.uses_secret(&id, (namespace, secret), &workload, how, evidence);
        }
        self.acts(object, workload, id, traits);
    }

    /// `FederatedIdentityCredential` of Azure Service Operator: whose tokens a managed identity accepts.
    pub(super) fn azure_federation(&mut self, object: &Object<'_>) {
        let Some(spec) = object.node.get("spec") else {
            return;
        };
        let (Some(subject), Some(owner)) = (
            named(spec, "subject"),
            spec.get("owner").and_then(|o| named(o, "name")),
        ) else {
            return;
        };
        let evidence = self.place(object);
        let (platform, kind) = (Platform::Entra, IdentityKind::EntraManagedIdentity);
        let id = format!("entra:{}/{owner}", object.namespace);
        let audiences = spec.strings("audiences");
        let audiences: Vec<&str> = audiences.iter().map(|it| &**it).collect();
        let issuer = named(spec, "issuer").unwrap_or(federation::ANY_ISSUER);
        let form = federation::entra(issuer, Some(subject), None, &audiences);
        let target = self.refer_identity(
            id,
            platform,
            kind,
            owner,
            "Azure managed identity",
            &evidence,
        );
        let how = "federatedIdentityCredential";
        self.lets_in(target, &form, how, &object.name, evidence);
    }

    /// A cloud's identity lets in who shows a token of another platform.
    fn lets_in(
        &mut self,
        target: IdentityId,
        form: &Form,
        how: &str,
        label: &str,
        evidence: Evidence,
    ) {
        self.facts.trusts.push(Trust {
            target,
            principal: TrustPrincipal::Federated(form.issuer.as_str().into()),
            effect: Effect::Allow,
            actions: vec![how.into()],
            condition: form.condition.as_deref().map(Str::from),
            condition_keys: form.keys.iter().map(|key| key.as_str().into()).collect(),
            cross_account: None,
            inside_organization: None,
            grade: None,
            label: label.into(),
            evidence,
        });
    }
}
