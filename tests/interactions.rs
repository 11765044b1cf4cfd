//! Objects of a cluster that several kinds of files speak of: charts, manifests, infrastructure code, and the clouds
//! that their accounts become identities of.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop"
)]

mod support;

use serde_json::{Value, json};
use support::{put, room, run, stdout};

fn scanned(files: &[(&str, &str)]) -> Value {
    let room = room();
    for (name, text) in files {
        let path = room.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        put(room.path(), name, text);
    }
    let output = run(room.path(), &["scan", ".", "--format", "json"]);
    serde_json::from_str(&stdout(&output)).unwrap()
}

fn identity<'r>(report: &'r Value, id: &str) -> &'r Value {
    let mut all = report["identities"].as_array().unwrap().iter();
    all.find(|i| i["id"] == id).unwrap_or(&Value::Null)
}

fn tier<'r>(report: &'r Value, id: &str) -> &'r str {
    identity(report, id)["privilege"]["tier"]
        .as_str()
        .unwrap_or("-")
}

fn checks(report: &Value, subject: &str) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap().iter();
    let mine = findings.filter(|f| f["subject"]["id"].as_str().unwrap().starts_with(subject));
    mine.map(|f| f["check"].as_str().unwrap().to_owned())
        .collect()
}

const CHART: [(&str, &str); 3] = [
    (
        "chart/Chart.yaml",
        "apiVersion: v2\nname: ops\nversion: 1.0.0\n",
    ),
    (
        "chart/values.yaml",
        "serviceAccount: {create: false, name: runner}\n",
    ),
    (
        "chart/templates/account.yaml",
        "{{- if .Values.serviceAccount.create }}\napiVersion: v1\nkind: ServiceAccount\nmetadata:\n  \
         name: {{ .Values.serviceAccount.name }}\n  namespace: ops\n{{- end }}\n",
    ),
];

const RUNNER: &str =
    "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: runner, namespace: ops}\n";

#[test]
fn what_a_chart_switches_off_and_a_manifest_declares_exists() {
    let id = "k8s:cluster/ops/runner";
    let alone = scanned(&CHART);
    assert_eq!(identity(&alone, id)["enabled"], json!(false));
    assert_eq!(identity(&alone, id)["presence"], json!(["declared"]));
    let mut both = CHART.to_vec();
    both.push(("runner.yaml", RUNNER));
    let both = scanned(&both);
    assert_eq!(identity(&both, id)["enabled"], Value::Null);
    assert_eq!(identity(&both, id)["presence"], json!(["declared"]));
}

#[test]
fn what_is_not_made_grants_nothing() {
    let binding = |count| {
        format!(
            "resource \"kubernetes_cluster_role_binding\" \"off\" {{\n  count = {count}\n  metadata {{\n    name = \
             \"off\"\n  }}\n  role_ref {{\n    api_group = \"rbac.authorization.k8s.io\"\n    kind = \
             \"ClusterRole\"\n    name = \"cluster-admin\"\n  }}\n  subject {{\n    kind = \"ServiceAccount\"\n    \
             name = \"runner\"\n    namespace = \"ops\"\n  }}\n}}\n"
        )
    };
    for (count, expected) in [(1, "admin"), (0, "none")] {
        let report = scanned(&[("main.tf", &binding(count)), ("runner.yaml", RUNNER)]);
        assert_eq!(tier(&report, "k8s:cluster/ops/runner"), expected, "{count}");
    }
}

#[test]
fn config_connector_lets_accounts_in_as_infrastructure_code_does() {
    let owner = "apiVersion: iam.cnrm.cloud.google.com/v1beta1\nkind: IAMServiceAccount\nmetadata: {name: loader, \
         namespace: acme}\n---\napiVersion: iam.cnrm.cloud.google.com/v1beta1\nkind: IAMPolicyMember\nmetadata: \
         {name: own, namespace: acme}\nspec:\n  memberFrom: {serviceAccountRef: {name: loader}}\n  role: \
         roles/owner\n  resourceRef: {kind: Project, external: projects/acme}\n";
    let account = "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: loader\n  namespace: etl\n  annotations: \
         {iam.gke.io/gcp-service-account: loader@acme.iam.gserviceaccount.com}\n";
    let head =
        "apiVersion: iam.cnrm.cloud.google.com/v1beta1\nmetadata: {name: wi, namespace: acme}\n";
    let member = |of: &str| {
        format!(
            "{head}kind: IAMPolicyMember\nspec:\n  member: serviceAccount:acme.svc.id.goog[etl/{of}]\n  role: \
             roles/iam.workloadIdentityUser\n  resourceRef: {{kind: IAMServiceAccount, name: loader}}\n"
        )
    };
    let policy = |kind: &str, member: &str| {
        format!(
            "{head}kind: {kind}\nspec:\n  resourceRef: {{kind: IAMServiceAccount, name: loader}}\n  bindings:\n  - \
             role: roles/iam.workloadIdentityUser\n    members: [{member}]\n"
        )
    };
    let text = "\"serviceAccount:acme.svc.id.goog[etl/loader]\"";
    let id = "k8s:cluster/etl/loader";
    for (grant, expected) in [
        (member("loader"), "admin"),
        (policy("IAMPolicy", text), "admin"),
        (
            policy("IAMPartialPolicy", &format!("{{member: {text}}}")),
            "admin",
        ),
        (member("other"), "none"),
    ] {
        let files = [
            ("owner.yaml", owner),
            ("account.yaml", account),
            ("grant.yaml", grant.as_str()),
        ];
        let report = scanned(&files);
        assert_eq!(tier(&report, id), expected, "{grant}");
        let unresolved = checks(&report, id).contains(&"workload-identity-unresolved".to_owned());
        assert_eq!(unresolved, expected == "none", "{grant}");
    }
}

const AZURE: &str = r#"
resource "azurerm_user_assigned_identity" "loader" {
  name                = "loader"
  resource_group_name = "data"
  location            = "westeurope"
}
resource "azurerm_role_assignment" "owner" {
  scope                = "/subscriptions/s1"
  role_definition_name = "Owner"
  principal_id         = azurerm_user_assigned_identity.loader.principal_id
}
resource "azurerm_federated_identity_credential" "loader" {
  name                = "loader"
  resource_group_name = "data"
  parent_id           = azurerm_user_assigned_identity.loader.id
  issuer              = "https://westeurope.oic.prod-aks.azure.com/t/i/"
  subject             = "system:serviceaccount:etl:loader"
  audience            = ["api://AzureADTokenExchange"]
}
resource "kubernetes_service_account" "loader" {
  metadata {
    name        = "loader"
    namespace   = "etl"
    annotations = { "azure.workload.identity/client-id" = azurerm_user_assigned_identity.loader.client_id }
  }
}
"#;

#[test]
fn an_annotation_that_refers_to_a_resource_means_its_identity() {
    let report = scanned(&[("azure/main.tf", AZURE)]);
    let account = identity(&report, "k8s:cluster/etl/loader");
    assert_eq!(account["becomes"], json!(["entra:azure/loader"]));
    assert_eq!(tier(&report, "k8s:cluster/etl/loader"), "admin");
    let entra = report["identities"].as_array().unwrap().iter();
    let entra: Vec<_> = entra.filter(|i| i["platform"] == "entra").collect();
    assert_eq!(entra.len(), 1, "{entra:?}");
}

#[test]
fn a_client_id_alone_means_the_identity_that_has_it() {
    let (client, tenant) = (
        "aaaaaaaa-1111-2222-3333-444444444444",
        "cccccccc-1111-2222-3333-444444444444",
    );
    let attributes = json!({"id": "/subscriptions/s1/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/mi",
        "name": "mi", "client_id": client, "principal_id": "bbbbbbbb-1111-2222-3333-444444444444",
        "tenant_id": tenant, "resource_group_name": "rg", "location": "we"});
    let state = json!({"version": 4, "terraform_version": "1.5.0", "serial": 1, "lineage": "x", "outputs": {},
        "resources": [{"mode": "managed", "type": "azurerm_user_assigned_identity", "name": "mi",
            "provider": "provider[\"registry.terraform.io/hashicorp/azurerm\"]",
            "instances": [{"schema_version": 0, "attributes": attributes}]}]});
    let account = format!(
        "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: mi\n  namespace: etl\n  annotations: \
         {{azure.workload.identity/client-id: {client}}}\n"
    );
    let report = scanned(&[
        ("terraform.tfstate", &state.to_string()),
        ("account.yaml", &account),
    ]);
    let account = identity(&report, "k8s:cluster/etl/mi");
    let id = format!("entra:{tenant}/{client}");
    assert_eq!(account["becomes"], json!([id]));
    assert_eq!(identity(&report, &id)["kind"], "entra-managed-identity");
}

#[test]
fn a_role_of_the_same_code_is_an_arn() {
    let code = "resource \"aws_iam_role\" \"ci\" {\n  name = \"ci\"\n  assume_role_policy = jsonencode({Statement = []})\n}\n\
         resource \"kubernetes_service_account\" \"ci\" {\n  metadata {\n    name = \"ci\"\n    annotations = { \
         \"eks.amazonaws.com/role-arn\" = aws_iam_role.ci.arn }\n  }\n}\n";
    let report = scanned(&[("envs/main.tf", code)]);
    let account = identity(&report, "k8s:cluster/default/ci");
    assert_eq!(account["becomes"], json!(["arn:aws:iam::envs:role/ci"]));
    assert_eq!(report["coverage"]["problems"], json!([]));
}

#[test]
fn a_role_of_vault_for_every_account_is_said_once() {
    let code = "resource \"vault_kubernetes_auth_backend_role\" \"all\" {\n  backend = \"kubernetes\"\n  role_name = \
         \"all\"\n  bound_service_account_names = [\"*\"]\n  bound_service_account_namespaces = [\"*\"]\n}\n";
    let report = scanned(&[("main.tf", code)]);
    let mut found = checks(&report, "vault:kubernetes/role/all<-");
    found.sort();
    assert_eq!(
        found,
        ["federation-without-audience", "vault-role-any-account"]
    );
}

#[test]
fn a_chart_of_a_kustomization_has_its_values() {
    let mut files = CHART.to_vec();
    files.push((
        "prod/kustomization.yaml",
        "namespace: prod\nhelmGlobals: {chartHome: ..}\nhelmCharts:\n- name: chart\n  releaseName: rel\n  \
         valuesInline: {serviceAccount: {create: true, name: inline}}\n",
    ));
    let report = scanned(&files);
    let id = "k8s:cluster/ops/inline";
    assert_eq!(identity(&report, id)["presence"], json!(["declared"]));
    assert_eq!(identity(&report, id)["enabled"], Value::Null);
}

#[test]
fn what_everybody_is_given_is_no_fault_of_each() {
    let all = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: all}\nroleRef: \
         {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}\nsubjects:\n- {kind: Group, \
         name: \"system:authenticated\", apiGroup: rbac.authorization.k8s.io}\n";
    let report = scanned(&[("all.yaml", all), ("runner.yaml", RUNNER)]);
    let id = "k8s:cluster/ops/runner";
    assert_eq!(tier(&report, id), "admin");
    let found = checks(&report, id);
    assert!(
        found.iter().all(|check| check == "owner-missing"),
        "{found:?}"
    );
    let group = checks(&report, "k8s:cluster#group:system:authenticated");
    assert!(group.contains(&"anonymous-grant".to_owned()), "{group:?}");
}

#[test]
fn a_token_made_for_vault_is_one() {
    let auth = |audience: &str| {
        format!(
            "apiVersion: secrets.hashicorp.com/v1beta1\nkind: VaultAuth\nmetadata: {{name: app, namespace: \
             app}}\nspec:\n  method: kubernetes\n  mount: kubernetes\n  kubernetes: {{role: app, serviceAccount: app, \
             audiences: [{audience}]}}\n"
        )
    };
    let code = "resource \"vault_kubernetes_auth_backend_role\" \"app\" {\n  backend = \"kubernetes\"\n  role_name = \
         \"app\"\n  bound_service_account_names = [\"app\"]\n  bound_service_account_namespaces = [\"app\"]\n  audience \
         = \"vault\"\n  token_policies = [\"root\"]\n}\n";
    for (audience, expected) in [("vault", "certain"), ("other", "conditional")] {
        let auth = auth(audience);
        let report = scanned(&[("auth.yaml", &auth), ("main.tf", code)]);
        let privilege = &identity(&report, "k8s:cluster/app/app")["privilege"];
        assert_eq!(privilege["tier"], "admin");
        assert_eq!(privilege["certainty"], expected, "{audience}");
    }
}

#[test]
fn what_a_module_does_not_attach_gives_nothing() {
    let module = r#"
variable "name" {}
variable "admin" { default = false }
resource "aws_iam_role" "this" {
  name               = var.name
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }]
  })
}
resource "aws_iam_role_policy_attachment" "admin" {
  count      = var.admin ? 1 : 0
  role       = aws_iam_role.this.name
  policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"
}
"#;
    let root = r#"
provider "aws" {
  allowed_account_ids = ["111122223333"]
}
module "deploy" {
  source = "../svc"
  name   = "deploy"
  admin  = true
}
module "read" {
  source = "../svc"
  name   = "read"
}
"#;
    let report = scanned(&[("svc/main.tf", module), ("prod/main.tf", root)]);
    let tier = |name: &str| {
        let id = format!("arn:aws:iam::111122223333:role/{name}");
        let identities = report["identities"].as_array().unwrap();
        let found = identities.iter().find(|i| i["id"] == *id).unwrap();
        found["privilege"]["tier"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        (tier("deploy").as_str(), tier("read").as_str()),
        ("admin", "none")
    );
}
