//! An estate of configuration: how long a scan of it takes with every reader on, and what it finds of what is there.
//!
//! Modelled on how a platform for many teams keeps its namespaces in one repository: a folder for each, with
//! manifests, and Terraform that calls modules and tells the team only in a variable's default.
//!
//! - `cargo bench --bench config`: wall time of a scan of 21,700 files.
//! - `cargo bench --bench config -- write DIRECTORY NAMESPACES`: the estate, and `truth.json` beside.
//! - `cargo bench --bench config -- accuracy [NAMESPACES]`: what was declared against what was found, and how many
//!   have an owner.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    unreachable_pub,
    reason = "a measurement that fails shall say so"
)]

use divan::Bencher;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Folders that together hold about 21,700 files.
const NAMESPACES: usize = 1_596;
const NOW: &str = "2026-11-02T00:00:00Z";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words = arguments.iter().map(String::as_str);
    let words: Vec<&str> = words.filter(|a| !a.starts_with("--")).collect();
    match *words {
        ["write", directory, namespaces] => {
            let directory = Path::new(directory);
            let truth = write(directory, namespaces.parse().unwrap());
            let accounts: Vec<_> = truth.accounts.iter().collect();
            let roles: Vec<_> = truth.roles.iter().collect();
            let text =
                serde_json::json!({ "files": truth.files, "accounts": accounts, "roles": roles });
            fs::write(directory.with_extension("truth.json"), text.to_string()).unwrap();
            println!("{} files", truth.files);
        }
        ["accuracy"] => accuracy(200),
        ["accuracy", namespaces] => accuracy(namespaces.parse().unwrap()),
        _ => divan::main(),
    }
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn scan(bencher: Bencher<'_, '_>) {
    let room = tempfile::tempdir().unwrap();
    let estate = room.path().join("estate");
    write(&estate, NAMESPACES);
    bencher.bench_local(|| {
        let mut command = tenure(&estate, "csv");
        assert!(command.stdout(Stdio::null()).status().unwrap().success());
    });
}

fn tenure(estate: &Path, format: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenure"));
    command
        .args(["scan", "--no-config", "--now", NOW, "--format", format])
        .arg(estate);
    command
}

/// What the estate declares.
#[derive(Default)]
struct Truth {
    files: usize,
    /// Ids of ServiceAccounts that manifests and modules declare.
    accounts: BTreeSet<String>,
    /// Names of modules' roles, users and the like, as `<namespace>/<module>`.
    roles: BTreeSet<String>,
}

/// Writes an estate.
fn write(directory: &Path, namespaces: usize) -> Truth {
    let mut truth = Truth::default();
    for number in 0..namespaces {
        namespace(directory, number, &mut truth);
    }
    truth
}

fn namespace(directory: &Path, number: usize, truth: &mut Truth) {
    let environment = ["dev", "staging", "prod"][number % 3];
    let application = format!("{}-{}", WORDS[number % 16], WORDS[(number / 16) % 16]);
    let name = format!("{application}-{number}-{environment}");
    let team = format!("team-{}", WORDS[(number / 3) % 16]);
    let folder = directory.join("namespaces").join(&name);
    let resources = folder.join("resources");
    fs::create_dir_all(&resources).unwrap();
    let mut put = |file: &str, text: String| {
        fs::write(folder.join(file), text).unwrap();
        truth.files += 1;
    };
    put(
        "00-namespace.yaml",
        format!(
            "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n  labels:\n    cloud-platform.example.org/is-production: \"{}\"\n    cloud-platform.example.org/environment-name: \"{environment}\"\n  annotations:\n    cloud-platform.example.org/business-unit: \"HQ\"\n    cloud-platform.example.org/slack-channel: \"{team}\"\n    cloud-platform.example.org/application: \"{application}\"\n    cloud-platform.example.org/owner: \"{team}: {team}@example.org\"\n    cloud-platform.example.org/source-code: \"https://github.com/example/{application}\"\n    cloud-platform.example.org/team-name: \"{team}\"\n",
            environment == "prod",
        ),
    );
    put(
        "01-rbac.yaml",
        format!(
            "kind: RoleBinding\napiVersion: rbac.authorization.k8s.io/v1\nmetadata:\n  name: {name}-admin\n  namespace: {name}\nsubjects:\n  - kind: Group\n    name: \"github:{team}\"\n    apiGroup: rbac.authorization.k8s.io\nroleRef:\n  kind: ClusterRole\n  name: admin\n  apiGroup: rbac.authorization.k8s.io\n"
        ),
    );
    put(
        "02-limitrange.yaml",
        format!(
            "apiVersion: v1\nkind: LimitRange\nmetadata:\n  name: limitrange\n  namespace: {name}\nspec:\n  limits:\n  - default:\n      cpu: 1000m\n      memory: 1000Mi\n    defaultRequest:\n      cpu: 10m\n      memory: 100Mi\n    type: Container\n"
        ),
    );
    put(
        "03-resourcequota.yaml",
        format!(
            "apiVersion: v1\nkind: ResourceQuota\nmetadata:\n  name: namespace-quota\n  namespace: {name}\nspec:\n  hard:\n    pods: \"50\"\n"
        ),
    );
    put(
        "04-networkpolicy.yaml",
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: default\n  namespace: {name}\nspec:\n  podSelector: {{}}\n  policyTypes:\n  - Ingress\n  ingress:\n  - from:\n    - podSelector: {{}}\n---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: allow-ingress-controllers\n  namespace: {name}\nspec:\n  podSelector: {{}}\n  policyTypes:\n  - Ingress\n  ingress:\n  - from:\n    - namespaceSelector:\n        matchLabels:\n          component: ingress-controllers\n"
        ),
    );
    if number.is_multiple_of(2) {
        put(
            "05-serviceaccount.yaml",
            format!(
                "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: circleci\n  namespace: {name}\n---\nkind: Role\napiVersion: rbac.authorization.k8s.io/v1\nmetadata:\n  name: circleci\n  namespace: {name}\nrules:\n- apiGroups: [\"\"]\n  resources: [\"pods/portforward\", \"deployments\", \"services\", \"pods\"]\n  verbs: [\"patch\", \"get\", \"create\", \"delete\", \"list\"]\n- apiGroups: [\"extensions\", \"apps\"]\n  resources: [\"deployments\", \"ingresses\"]\n  verbs: [\"get\", \"update\", \"delete\", \"create\", \"patch\"]\n---\nkind: RoleBinding\napiVersion: rbac.authorization.k8s.io/v1\nmetadata:\n  name: circleci\n  namespace: {name}\nsubjects:\n- kind: ServiceAccount\n  name: circleci\n  namespace: {name}\nroleRef:\n  kind: Role\n  name: circleci\n  apiGroup: rbac.authorization.k8s.io\n"
            ),
        );
        truth
            .accounts
            .insert(format!("k8s:cluster/{name}/circleci"));
    }
    put("resources/main.tf", MAIN.to_owned());
    put(
        "resources/variables.tf",
        variables(&name, &application, &team, environment),
    );
    put("resources/versions.tf", "terraform {\n  required_version = \">= 1.2.5\"\n  required_providers {\n    aws = {\n      source  = \"hashicorp/aws\"\n      version = \"~> 4.27.0\"\n    }\n    kubernetes = {\n      source  = \"hashicorp/kubernetes\"\n      version = \"~> 2.12.1\"\n    }\n  }\n}\n".to_owned());
    put(
        "resources/ecr.tf",
        module(
            "ecr",
            "ecr-credentials?ref=7.1.0",
            "  repo_name = \"${var.namespace}-ecr\"\n  oidc_providers = [\"github\"]\n  github_repositories = [var.application]\n",
        ),
    );
    put(
        "resources/rds.tf",
        format!(
            "{}\nresource \"kubernetes_secret\" \"rds\" {{\n  metadata {{\n    name      = \"rds-output\"\n    namespace = var.namespace\n  }}\n\n  data = {{\n    database_name     = module.rds.database_name\n    database_password = module.rds.database_password\n    url = \"postgres://${{module.rds.database_username}}:${{module.rds.database_password}}@${{module.rds.rds_instance_endpoint}}/${{module.rds.database_name}}\"\n  }}\n}}\n",
            module(
                "rds",
                "rds-instance?ref=6.0.1",
                "  db_engine = \"postgres\"\n  db_engine_version = \"15\"\n  rds_family = \"postgres15\"\n  allow_major_version_upgrade = \"false\"\n"
            )
        ),
    );
    put(
        "resources/s3.tf",
        module(
            "s3_bucket",
            "s3-bucket?ref=5.1.0",
            "  lifecycle_rule = [\n    {\n      enabled = true\n      id      = \"retire\"\n      prefix  = \"surveys/\"\n      expiration = [{ days = 2555 }]\n    },\n  ]\n",
        ),
    );
    put(
        "resources/serviceaccount.tf",
        format!(
            "module \"serviceaccount\" {{\n  source = \"github.com/example/cloud-platform-terraform-serviceaccount?ref=1.0.0\"\n\n  namespace          = var.namespace\n  kubernetes_cluster = var.kubernetes_cluster\n  serviceaccount_name = \"{application}-deploy\"\n\n  github_repositories = [var.application]\n}}\n"
        ),
    );
    truth
        .accounts
        .insert(format!("k8s:cluster/{name}/{application}-deploy"));
    put(
        "resources/irsa.tf",
        format!(
            "{}\nresource \"aws_iam_policy\" \"app\" {{\n  name   = \"${{var.namespace}}-app\"\n  policy = data.aws_iam_policy_document.app.json\n}}\n\ndata \"aws_iam_policy_document\" \"app\" {{\n  statement {{\n    effect    = \"Allow\"\n    actions   = [\"s3:GetObject\", \"s3:PutObject\"]\n    resources = [\"${{module.s3_bucket.bucket_arn}}/*\"]\n  }}\n}}\n",
            module(
                "irsa",
                "irsa?ref=2.0.0",
                &format!(
                    "  eks_cluster_name = var.eks_cluster_name\n  service_account_name = \"{application}-app\"\n  role_policy_arns = {{\n    s3  = module.s3_bucket.irsa_policy_arn\n    own = aws_iam_policy.app.arn\n  }}\n"
                )
            )
        ),
    );
    truth.roles.insert(format!("{name}/irsa"));
    truth
        .accounts
        .insert(format!("k8s:cluster/{name}/{application}-app"));
    if number.is_multiple_of(10) {
        put("resources/user.tf", "resource \"random_id\" \"id\" {\n  byte_length = 16\n}\n\nresource \"aws_iam_user\" \"upload\" {\n  name = \"${var.namespace}-upload-${random_id.id.hex}\"\n  path = \"/system/upload/\"\n}\n\nresource \"aws_iam_access_key\" \"upload\" {\n  user = aws_iam_user.upload.name\n}\n\nresource \"aws_iam_user_policy\" \"upload\" {\n  name   = \"upload\"\n  user   = aws_iam_user.upload.name\n  policy = data.aws_iam_policy_document.app.json\n}\n".to_owned());
        truth.roles.insert(format!("{name}/upload"));
    }
}

fn module(name: &str, source: &str, own: &str) -> String {
    let mut text = String::new();
    let _ = write!(
        text,
        "module \"{name}\" {{\n  source = \"github.com/example/cloud-platform-terraform-{source}\"\n\n{own}\n  # Tags\n  business_unit          = var.business_unit\n  application            = var.application\n  is_production          = var.is_production\n  team_name              = var.team_name\n  namespace              = var.namespace\n  environment_name       = var.environment\n  infrastructure_support = var.infrastructure_support\n}}\n"
    );
    text
}

fn variables(name: &str, application: &str, team: &str, environment: &str) -> String {
    let mut text = String::new();
    for open in [
        "vpc_name",
        "kubernetes_cluster",
        "eks_cluster_name",
        "github_token",
    ] {
        let _ = write!(text, "variable \"{open}\" {{\n}}\n\n");
    }
    for (variable, description, default) in [
        ("application", "Name of the application", application),
        ("namespace", "Name of the namespace", name),
        ("business_unit", "Area responsible for the service", "HQ"),
        ("team_name", "Name of the development team", team),
        ("environment", "Name of the environment type", environment),
        (
            "infrastructure_support",
            "Who is to be asked",
            "platform@example.org",
        ),
        ("is_production", "Whether this is production", "false"),
        ("slack_channel", "Channel of the team", team),
    ] {
        let _ = write!(
            text,
            "variable \"{variable}\" {{\n  description = \"{description}\"\n  type        = string\n  default     = \"{default}\"\n}}\n\n"
        );
    }
    text
}

const MAIN: &str = r#"terraform {
  backend "s3" {
  }
}

locals {
  default_tags = {
    business-unit = var.business_unit
    application   = var.application
    is-production = var.is_production
    owner         = var.team_name
    namespace     = var.namespace
  }
}

provider "aws" {
  region = "eu-west-2"

  default_tags {
    tags = local.default_tags
  }
}

provider "aws" {
  alias  = "london"
  region = "eu-west-2"

  default_tags {
    tags = local.default_tags
  }
}

provider "github" {
  token = var.github_token
  owner = "example"
}
"#;

const WORDS: [&str; 16] = [
    "court", "prison", "visits", "claims", "orders", "ledger", "search", "notify", "portal",
    "case", "appeal", "refund", "intake", "survey", "letter", "roster",
];

/// Prints how much of what an estate declares is found, and how much of it has an owner.
fn accuracy(namespaces: usize) {
    let room = tempfile::tempdir().unwrap();
    let estate = room.path().join("estate");
    let truth = write(&estate, namespaces);
    let output = tenure(&estate, "json").output().unwrap();
    let snapshot: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let identities = snapshot["identities"].as_array().unwrap();
    let machines = || {
        identities
            .iter()
            .filter(|i| i["kind"] != "kubernetes-group")
    };
    let ids: BTreeSet<&str> = identities
        .iter()
        .map(|i| i["id"].as_str().unwrap())
        .collect();
    let found = truth
        .accounts
        .iter()
        .filter(|id| ids.contains(id.as_str()))
        .count();
    let owned = machines()
        .filter(|i| i["ownership"]["state"] == "owned")
        .count();
    println!("files                 {:>8}", truth.files);
    println!("identities            {:>8}", machines().count());
    println!(
        "ServiceAccounts found {found:>8} of {}",
        truth.accounts.len()
    );
    println!("owned                 {owned:>8} of {}", machines().count());
    for sort in ["gcp", "aws", "kubernetes"] {
        let of = machines().filter(|i| i["platform"] == sort).count();
        println!("  {sort:<20}{of:>8}");
    }
    println!("roles and users       {:>8} declared", truth.roles.len());
}
