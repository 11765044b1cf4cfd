//! Who becomes whom across platforms, by the tokens of its own: judged from both sides, on made inventories and
//! on files.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop"
)]

mod support;

use serde_json::{Value, json};
use std::collections::BTreeMap;
use support::{put, room, run, stdout};
use tenure::model::{
    Effect, Entitlement, EntitlementRole, Evidence, Identity, IdentityKind, Inventory, Origin,
    Platform, Policy, PolicyKind, Presence, Privilege, Rule, RuleBody, Scope, Token, Trust,
    TrustPrincipal,
};
use tenure::platform::federation::{self, Form};

const GITHUB: &str = "token.actions.githubusercontent.com";

fn at(line: u32) -> Evidence {
    Evidence {
        origin: Origin::file("main.tf"),
        line: Some(line),
        column: None,
        pointer: None,
        reader: "terraform",
    }
}

/// A target that may write, and the trusts that let others in.
fn target(inventory: &mut Inventory, id: &str, platform: Platform, forms: &[Form]) {
    let kind = match platform {
        Platform::Gcp => IdentityKind::GcpServiceAccount,
        Platform::Entra => IdentityKind::EntraApplication,
        Platform::Vault => IdentityKind::VaultRole,
        _ => IdentityKind::AwsRole,
    };
    let mut identity = Identity::new(id.into(), platform, kind, id);
    identity.presence.insert(Presence::Declared);
    identity.evidence.insert(at(1));
    inventory.identities.insert(id.into(), identity);
    let mut policy = Policy::new(
        "writer".into(),
        Platform::GitHub,
        PolicyKind::Named,
        "writer",
    );
    policy.rules.insert(Rule {
        effect: Effect::Allow,
        body: RuleBody::Named("contents:write".into()),
        label: "rule".into(),
        evidence: at(2),
    });
    inventory.policies.insert("writer".into(), policy);
    inventory.entitlements.insert(Entitlement {
        principal: id.into(),
        policy: "writer".into(),
        scope: Scope::Resource("somewhere".into()),
        role: EntitlementRole::Grant,
        via: "granted".into(),
        evidence: at(3),
    });
    for (n, form) in forms.iter().enumerate() {
        inventory.trusts.insert(Trust {
            target: id.into(),
            principal: TrustPrincipal::Federated(form.issuer.as_str().into()),
            effect: Effect::Allow,
            actions: vec!["login".into()],
            condition: form.condition.as_deref().map(Into::into),
            condition_keys: form.keys.iter().map(|key| key.as_str().into()).collect(),
            cross_account: None,
            inside_organization: None,
            grade: None,
            label: format!("{n}").as_str().into(),
            evidence: at(10),
        });
    }
}

fn account(inventory: &mut Inventory, annotation: Option<(&str, &str)>) {
    let mut annotations = String::new();
    if let Some((key, value)) = annotation {
        annotations = format!(", annotations: {{{key}: '{value}'}}");
    }
    let text = format!(
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: api, namespace: app{annotations}}}\n"
    );
    read(inventory, &text);
}

fn read(inventory: &mut Inventory, text: &str) {
    use tenure::model::Document;
    use tenure::reader::{Reader, kubernetes::Kubernetes};
    let origin = Origin::file("a.yaml");
    let document = Document {
        origin: &origin,
        bytes: text.as_bytes(),
    };
    inventory.absorb(Kubernetes.read(&document).0);
}

fn job(inventory: &mut Inventory, becomes: &str, subject: &str, audience: &str) {
    let id = "github:acme/app/job/deploy.yml/deploy";
    let mut identity = Identity::new(id.into(), Platform::GitHub, IdentityKind::CiJob, "deploy");
    identity.presence.insert(Presence::Declared);
    identity.evidence.insert(at(20));
    identity.tokens.insert(Token {
        issuer: Some(GITHUB.into()),
        subject: subject.into(),
        audience: Some(audience.into()),
        claims: BTreeMap::from([
            ("repository".into(), "acme/app".into()),
            ("repository_owner".into(), "acme".into()),
        ]),
        evidence: at(21),
    });
    identity.becomes.insert((becomes.into(), at(22)));
    inventory.identities.insert(id.into(), identity);
}

fn judged(inventory: &mut Inventory, id: &str) -> Privilege {
    tenure::link::link(inventory);
    let once = inventory.clone();
    tenure::link::link(inventory);
    assert_eq!(*inventory, once, "linking is idempotent");
    tenure::privilege::assess(inventory)[&id.into()].clone()
}

/// `open`, `depends: keys`, `shut` or `unread`, as the account `app/api` or the job finds the target.
fn outcome(privilege: &Privilege, target: &str) -> String {
    if privilege.shut_out.contains(&target.into()) {
        return "shut".to_owned();
    }
    let proof = privilege.proof.as_ref();
    match proof.map(|proof| proof.claim.split_once(", depending on ")) {
        Some(Some((_, keys))) => format!("depends: {keys}"),
        Some(None) if privilege.unresolved.is_empty() => "open".to_owned(),
        _ => "unread".to_owned(),
    }
}

#[test]
fn accounts_become_identities_of_other_clouds() {
    let gke = |member: &str| federation::google_member(member).unwrap();
    let google = "gcp:deploy@acme.iam.gserviceaccount.com";
    let annotation = (
        "iam.gke.io/gcp-service-account",
        "deploy@acme.iam.gserviceaccount.com",
    );
    let cases = [
        (gke("serviceAccount:acme.svc.id.goog[app/api]"), "open"),
        (gke("serviceAccount:acme.svc.id.goog[app/other]"), "shut"),
        (
            gke(
                "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/*",
            ),
            "depends: gcp:attributemapping",
        ),
    ];
    for (form, expected) in cases {
        let mut inventory = Inventory::default();
        target(
            &mut inventory,
            google,
            Platform::Gcp,
            std::slice::from_ref(&form),
        );
        account(&mut inventory, Some(annotation));
        let found = judged(&mut inventory, "k8s:cluster/app/api");
        assert_eq!(outcome(&found, google), expected, "{form:?}");
    }
    let entra = "entra:t-1/c-1";
    let issuer = "https://oidc.prod-aks.azure.com/x/";
    for (subject, expected) in [
        // The annotation has the cluster hand out a token of the audience that is asked for.
        ("system:serviceaccount:app:api", "open"),
        ("system:serviceaccount:app:web", "shut"),
    ] {
        let mut inventory = Inventory::default();
        let form = federation::entra(issuer, Some(subject), None, &[federation::ENTRA_AUDIENCE]);
        target(&mut inventory, entra, Platform::Entra, &[form]);
        account(
            &mut inventory,
            Some(("azure.workload.identity/client-id", "c-1")),
        );
        let found = judged(&mut inventory, "k8s:cluster/app/api");
        assert_eq!(outcome(&found, entra), expected, "{subject}");
    }
    // Nothing annotates an account for Vault: the role that names it is what it can become.
    let vault = "vault:kubernetes/role/app";
    let form = federation::vault_kubernetes(&["api", "web"], &["app"], None, None);
    let mut inventory = Inventory::default();
    target(&mut inventory, vault, Platform::Vault, &[form]);
    account(&mut inventory, None);
    let found = judged(&mut inventory, "k8s:cluster/app/api");
    assert_eq!(outcome(&found, vault), "open");
    assert_eq!(found.tier.as_str(), "write");
}

#[test]
fn what_was_not_read_is_not_known() {
    let mut inventory = Inventory::default();
    account(
        &mut inventory,
        Some((
            "iam.gke.io/gcp-service-account",
            "x@acme.iam.gserviceaccount.com",
        )),
    );
    let found = judged(&mut inventory, "k8s:cluster/app/api");
    assert_eq!(found.tier.as_str(), "unknown");
    let id = "gcp:x@acme.iam.gserviceaccount.com";
    let named = &inventory.identities[&id.into()];
    assert_eq!(named.account.as_deref(), Some("acme"));
    assert!(named.presence.contains(&Presence::Referenced));
}

#[test]
fn jobs_are_let_in_by_what_their_token_says() {
    let entra = "entra:t-1/c-1";
    let any = "repo:acme/app:ref:refs/heads/*";
    let main = "repo:acme/app:ref:refs/heads/main";
    for (subject, asked, expression, expected) in [
        (main, Some(main), None, "open"),
        (
            any,
            Some(main),
            None,
            "depends: token.actions.githubusercontent.com:sub",
        ),
        (
            main,
            Some("repo:acme/api:ref:refs/heads/main"),
            None,
            "shut",
        ),
        (any, Some("repo:acme/app:environment:prod"), None, "shut"),
        (
            any,
            None,
            Some("claims['sub'] matches 'repo:acme/app:*'"),
            "open",
        ),
        (
            any,
            None,
            Some("claims['sub'] matches 'repo:acme/*:ref:refs/heads/release-*'"),
            "depends: token.actions.githubusercontent.com:sub",
        ),
        (
            any,
            None,
            Some("claims['sub'] matches 'repo:evil/*'"),
            "shut",
        ),
        (
            "repo:acme/app:environment:${{ inputs.env }}",
            Some("repo:acme/app:environment:prod"),
            None,
            "depends: token.actions.githubusercontent.com:sub",
        ),
    ] {
        let mut inventory = Inventory::default();
        let form = federation::entra(
            &format!("https://{GITHUB}"),
            asked,
            expression,
            &[federation::ENTRA_AUDIENCE],
        );
        target(&mut inventory, entra, Platform::Entra, &[form]);
        job(&mut inventory, entra, subject, federation::ENTRA_AUDIENCE);
        let found = judged(&mut inventory, "github:acme/app/job/deploy.yml/deploy");
        assert_eq!(
            outcome(&found, entra),
            expected,
            "{subject} {asked:?} {expression:?}"
        );
    }
    // Another audience than the one asked for, and another issuer.
    for (issuer, audience) in [
        (GITHUB, "another"),
        ("gitlab.com", federation::ENTRA_AUDIENCE),
    ] {
        let mut inventory = Inventory::default();
        let form = federation::entra(issuer, Some(main), None, &[federation::ENTRA_AUDIENCE]);
        target(&mut inventory, entra, Platform::Entra, &[form]);
        job(&mut inventory, entra, main, audience);
        let found = judged(&mut inventory, "github:acme/app/job/deploy.yml/deploy");
        assert_eq!(outcome(&found, entra), "shut");
    }
}

#[test]
fn google_providers_map_claims() {
    let google = "gcp:deploy@acme.iam.gserviceaccount.com";
    let pool = "iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci";
    let mapping = BTreeMap::from([
        ("google.subject".to_owned(), "assertion.sub".to_owned()),
        (
            "attribute.repository".to_owned(),
            "assertion.repository".to_owned(),
        ),
    ]);
    for (member, condition, expected) in [
        ("attribute.repository/acme/app", None, "open"),
        (
            "attribute.repository/acme/app",
            Some("assertion.repository_owner == 'acme'"),
            "open",
        ),
        (
            "attribute.repository/acme/app",
            Some("assertion.repository_owner == 'else'"),
            "shut",
        ),
        ("attribute.repository/acme/api", None, "shut"),
        (
            "attribute.repository/acme/app",
            Some("assertion.ref.startsWith('refs/heads/') && true"),
            "depends: gcp:attributecondition, token.actions.githubusercontent.com:ref",
        ),
    ] {
        let of_pool =
            federation::google_member(&format!("principalSet://{pool}/{member}")).unwrap();
        let issuer = format!("https://{GITHUB}");
        let form = federation::google_provider(&of_pool, &issuer, &[], &mapping, condition);
        let mut inventory = Inventory::default();
        target(&mut inventory, google, Platform::Gcp, &[form]);
        job(
            &mut inventory,
            google,
            "repo:acme/app:ref:refs/heads/main",
            "x",
        );
        let found = judged(&mut inventory, "github:acme/app/job/deploy.yml/deploy");
        assert_eq!(outcome(&found, google), expected, "{member} {condition:?}");
    }
}

/// A scan of files.
fn scanned(files: &[(&str, &str)]) -> Value {
    let room = room();
    for (name, text) in files {
        put(room.path(), name, *text);
    }
    let output = run(room.path(), &["scan", ".", "--format", "json"]);
    serde_json::from_str(&stdout(&output)).unwrap()
}

fn identity<'r>(report: &'r Value, id: &str) -> &'r Value {
    let all = report["identities"].as_array().unwrap();
    all.iter().find(|i| i["id"] == id).unwrap()
}

fn checks(report: &Value, id: &str) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap().iter();
    let findings = findings.filter(|f| f["subject"]["id"] == id);
    findings
        .map(|f| f["check"].as_str().unwrap().to_owned())
        .collect()
}

const AWS_AUTH: &str = "
apiVersion: v1
kind: ConfigMap
metadata: {name: aws-auth, namespace: kube-system}
data:
  mapRoles: |
    - rolearn: arn:aws:iam::111122223333:role/admins
      username: admin
      groups: [system:masters]
    - rolearn: arn:aws:iam::111122223333:role/devs
      username: dev
      groups: [devs]
  mapUsers: |
    - {userarn: 'arn:aws:iam::111122223333:user/bob', username: bob, groups: []}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: devs, namespace: app}
roleRef: {kind: ClusterRole, name: view}
subjects: [{kind: Group, name: devs}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: bob, namespace: app}
roleRef: {kind: ClusterRole, name: edit}
subjects: [{kind: User, name: bob}]
";

#[test]
fn principals_of_iam_are_users_of_a_cluster() {
    let report = scanned(&[("aws-auth.yaml", AWS_AUTH)]);
    let tier = |name: &str| {
        let id = format!("arn:aws:iam::111122223333:{name}");
        identity(&report, &id)["privilege"]["tier"].clone()
    };
    assert_eq!(tier("role/admins"), "admin");
    assert_eq!(tier("role/devs"), "read");
    assert_eq!(tier("user/bob"), "issue");
    let found = checks(&report, "k8s:cluster#user:admin");
    assert!(
        found.contains(&"federation-cloud-principal-cluster-admin".to_owned()),
        "{found:?}"
    );
    assert!(
        found.contains(&"kubernetes-masters-member".to_owned()),
        "{found:?}"
    );
}

#[test]
fn access_entries_and_pod_identities_are_read() {
    let role = "arn:aws:iam::111122223333:role/ops";
    let entry = json!({"accessEntry": {"clusterName": "prod", "principalArn": role,
        "kubernetesGroups": ["devs"], "username": "ops", "type": "STANDARD"}});
    let policies = json!({"clusterName": "prod", "principalArn": role, "associatedAccessPolicies": [{
        "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSAdminPolicy",
        "accessScope": {"type": "namespace", "namespaces": ["app"]}}]});
    let association = json!({"association": {"clusterName": "prod", "namespace": "app",
        "serviceAccount": "api", "roleArn": "arn:aws:iam::111122223333:role/api"}});
    let report = scanned(&[
        ("entry.json", &entry.to_string()),
        ("policies.json", &policies.to_string()),
        ("association.json", &association.to_string()),
    ]);
    let privilege = &identity(&report, role)["privilege"];
    assert_eq!(privilege["tier"], "issue");
    assert_eq!(privilege["reach"], json!(["namespace:prod/app"]));
    // Manifests that name no cluster are of this one.
    let devs = "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: devs}, \
        roleRef: {kind: ClusterRole, name: cluster-admin}, subjects: [{kind: Group, name: devs}]}";
    let more = scanned(&[("entry.json", &entry.to_string()), ("devs.yaml", devs)]);
    assert_eq!(identity(&more, role)["privilege"]["tier"], "admin");
    let account = identity(&report, "k8s:prod/app/api");
    assert_eq!(account["becomes"][0], "arn:aws:iam::111122223333:role/api");
}

#[test]
fn whoever_runs_pods_beside_a_powerful_account_is_as_powerful() {
    let details = json!({"RoleDetailList": [{
        "Path": "/", "RoleName": "api", "RoleId": "AROAEXAMPLEAPI000001",
        "Arn": "arn:aws:iam::111122223333:role/api", "CreateDate": "2025-01-01T00:00:00Z",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/A"},
            "Condition": {"StringEquals": {"oidc.eks.eu-west-1.amazonaws.com/id/A:sub":
                ["system:serviceaccount:app:api", "system:serviceaccount:app:gone"]}}}]},
        "RolePolicyList": [{"PolicyName": "all", "PolicyDocument": {"Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}}],
        "AttachedManagedPolicies": [], "InstanceProfileList": [], "Tags": []}],
        "UserDetailList": [], "GroupDetailList": [], "Policies": [], "IsTruncated": false});
    let manifests = "
apiVersion: v1
kind: ServiceAccount
metadata: {name: api, namespace: app, annotations: {eks.amazonaws.com/role-arn: 'arn:aws:iam::111122223333:role/api'}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: run, namespace: app}
rules: [{apiGroups: [''], resources: [pods], verbs: [create]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: run, namespace: app}
roleRef: {kind: Role, name: run}
subjects: [{kind: ServiceAccount, name: ci, namespace: build}]
";
    let report = scanned(&[
        ("details.json", &details.to_string()),
        ("a.yaml", manifests),
    ]);
    let ci = &identity(&report, "k8s:cluster/build/ci")["privilege"];
    assert_eq!(ci["tier"], "escalate");
    let path = &ci["paths"][0];
    assert_eq!(path["rule"], "run-workloads");
    assert_eq!(path["subject"], "k8s:cluster/app/api");
    let hops = path["hops"].to_string();
    for step in [
        "RoleBinding app/run",
        "rules[0]",
        "ServiceAccount app/api",
        "trust policy",
    ] {
        assert!(hops.contains(step), "{hops}");
    }
    assert_eq!(
        ci["reach"],
        json!(["account:111122223333", "namespace:cluster/app"])
    );
    let trusts = report["findings"].as_array().unwrap();
    let missing = trusts
        .iter()
        .find(|f| f["check"] == "federation-subject-missing");
    assert!(
        missing.unwrap()["message"]
            .as_str()
            .unwrap()
            .contains("app/gone")
    );
}

/// A target of many: each trust is asked of each account, so most must be told apart cheaply, and rightly.
#[test]
fn as_many_trusts_as_accounts_let_in_those_that_they_name() {
    const MANY: usize = 1_000;
    let google = "gcp:deploy@acme.iam.gserviceaccount.com";
    let mut inventory = Inventory::default();
    let member = |n: usize| format!("serviceAccount:acme.svc.id.goog[app/api{n}]");
    let forms: Vec<Form> = (0..MANY)
        .map(|n| federation::google_member(&member(n)).unwrap())
        .collect();
    target(&mut inventory, google, Platform::Gcp, &forms);
    let account = |n: usize| {
        format!(
            "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: api{n}\n  namespace: app\n  annotations:\n    \
             iam.gke.io/gcp-service-account: deploy@acme.iam.gserviceaccount.com\n---\n"
        )
    };
    // The last one is of a name that no trust names, though it begins as others do.
    let all: String = (0..=MANY).map(account).collect();
    read(&mut inventory, &all);
    tenure::link::link(&mut inventory);
    let found = tenure::privilege::assess(&inventory);
    for n in 0..=MANY {
        let id = format!("k8s:cluster/app/api{n}");
        let expected = if n < MANY { "open" } else { "shut" };
        assert_eq!(
            outcome(&found[&id.as_str().into()], google),
            expected,
            "{id}"
        );
    }
}
