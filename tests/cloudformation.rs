//! What templates of CloudFormation, of SAM and of the CDK declare, by `fixtures/cloudformation`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop"
)]

use std::fs;
use tenure::link;
use tenure::model::{
    Document, Inventory, Moment, Origin, Presence, Probe, Problem, Tier, Timestamp, TrustPrincipal,
};
use tenure::privilege;
use tenure::reader::{Reader, cloudformation::CloudFormation, terraform::Terraform};

fn now() -> Timestamp {
    Timestamp::parse("2026-11-22T00:00:00Z").unwrap()
}

fn together(reader: &dyn Reader, files: &[(&str, &str)]) -> (Inventory, Vec<Problem>) {
    let origins: Vec<std::sync::Arc<Origin>> =
        files.iter().map(|(name, _)| Origin::file(*name)).collect();
    let mut documents = Vec::new();
    for (origin, (name, text)) in origins.iter().zip(files) {
        let probe = Probe {
            origin,
            head: text.as_bytes(),
            complete: true,
            binary: false,
        };
        assert!(reader.accepts(&probe), "{name}");
        documents.push(Document {
            origin,
            bytes: text.as_bytes(),
        });
    }
    let (facts, problems) = reader.read_together(&documents);
    let mut inventory = Inventory::default();
    inventory.absorb(facts);
    link::link(&mut inventory);
    (inventory, problems)
}

fn fixture(names: &[&str]) -> Inventory {
    let read = |name: &&str| fs::read_to_string(format!("fixtures/cloudformation/{name}")).unwrap();
    let texts: Vec<String> = names.iter().map(read).collect();
    let files: Vec<(&str, &str)> = names
        .iter()
        .zip(&texts)
        .map(|(name, text)| (*name, text.as_str()))
        .collect();
    let (inventory, problems) = together(&CloudFormation, &files);
    assert!(problems.is_empty(), "{problems:?}");
    inventory
}

fn tier(inventory: &Inventory, id: &str) -> Tier {
    privilege::assess_at(inventory, now())[&id.into()].tier
}

/// The ids of the policies that somebody holds, without what stands before `#inline/` or the account.
fn held(inventory: &Inventory, id: &str) -> Vec<String> {
    let own = inventory
        .entitlements
        .iter()
        .filter(|e| &*e.principal.0 == id);
    let short = |id: &str| match id.split_once("#inline/") {
        Some((_, name)) => name.to_owned(),
        None => id
            .split_once(":policy/")
            .map_or(id, |(_, name)| name)
            .to_owned(),
    };
    let mut all: Vec<String> = own.map(|e| short(&e.policy.0)).collect();
    all.sort();
    all
}

#[test]
fn a_template_is_worked_out() {
    let inventory = fixture(&["service.yaml"]);
    let deploy = "arn:aws:iam::service.yaml:role/deploy-prod";
    let role = &inventory.identities[&deploy.into()];
    assert!(role.presence.contains(&Presence::Declared));
    assert!(
        role.aliases
            .iter()
            .any(|a| **a == *"cloudformation:service.yaml#Deploy")
    );
    assert_eq!(role.evidence.iter().next().unwrap().line, Some(21));
    assert_eq!(
        role.labels.iter().map(|l| &*l.value).collect::<Vec<_>>(),
        ["team-payments"]
    );
    assert_eq!(tier(&inventory, deploy), Tier::Admin);
    let trust = inventory
        .trusts
        .iter()
        .find(|t| &*t.target.0 == deploy)
        .unwrap();
    assert_eq!(
        trust.principal,
        TrustPrincipal::Account("444455556666".into())
    );

    let bot = "arn:aws:iam::service.yaml:user/Bot";
    assert_eq!(held(&inventory, bot), ["Reader", "write"]);
    assert_eq!(tier(&inventory, bot), Tier::Write);
    let key = &inventory.credentials[&"cloudformation:service.yaml#BotKey".into()];
    assert_eq!(key.expires, Moment::Never);
    assert_eq!(key.identity().map(|id| &*id.0), Some(bot));
    let shown: Vec<&str> = key
        .exposures
        .iter()
        .flat_map(|e| e.reasons.iter().map(|r| &**r))
        .collect();
    assert_eq!(shown, ["output Secret shows it"]);

    let sandbox = &inventory.identities[&"arn:aws:iam::service.yaml:role/sandbox".into()];
    assert_eq!(sandbox.enabled, Some(false));
    assert!(!sandbox.derivation.is_empty());
    assert!(!format!("{inventory:?}").contains("swordfish"));
}

#[test]
fn an_assembly_names_the_account() {
    let inventory = fixture(&["cdk.out/manifest.json", "cdk.out/Payments.template.json"]);
    let id = "arn:aws:iam::111122223333:role/payments-handler";
    let role = &inventory.identities[&id.into()];
    assert_eq!(role.account.as_deref(), Some("111122223333"));
    assert!(
        role.derivation
            .iter()
            .any(|d| d.contains("Payments/Handler/ServiceRole"))
    );
    assert_eq!(tier(&inventory, id), Tier::Read);
}

#[test]
fn a_function_brings_its_role() {
    let inventory = fixture(&["sam.yaml"]);
    let id = "arn:aws:iam::sam.yaml:role/WorkerRole";
    assert_eq!(
        held(&inventory, id),
        [
            "AmazonDynamoDBReadOnlyAccess",
            "WorkerRolePolicy1",
            "WorkerRolePolicy2",
            "service-role/AWSLambdaBasicExecutionRole",
        ]
    );
}

/// Compared with what aws-sam-translator 1.110.0 makes of the same template.
#[test]
fn what_properties_of_a_function_imply_is_its_roles() {
    let text = r#"
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Tracing: Active
    PermissionsBoundary: arn:aws:iam::111122223333:policy/bound
Resources:
  Queue: {Type: AWS::SQS::Queue}
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      VpcConfig: {SubnetIds: [subnet-1]}
      DeadLetterQueue: {Type: SQS, TargetArn: !GetAtt Queue.Arn}
      Policies:
        - AWSLambdaExecute
        - Statement: [{Effect: Allow, Action: "s3:*", Resource: "*"}]
      Events:
        Q: {Type: SQS, Properties: {Queue: !GetAtt Queue.Arn}}
        K: {Type: Kinesis, Properties: {Stream: x}}
        V: {Type: ScheduleV2, Properties: {ScheduleExpression: "rate(1 hour)"}}
      EventInvokeConfig: {DestinationConfig: {OnFailure: {Type: SNS, Destination: !Ref Topic}}}
  Own:
    Type: AWS::Serverless::Function
    Properties:
      Policies: AmazonS3FullAccess
      Tracing: Disabled
      RolePath: /svc/
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {AWS: "arn:aws:iam::444455556666:root"}, Action: "sts:AssumeRole"}]
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      Tracing: {Enabled: true}
      Events:
        T: {Type: Schedule, Properties: {Schedule: "rate(1 hour)"}}
"#;
    let (inventory, problems) = together(&CloudFormation, &[("t.yaml", text)]);
    assert!(problems.is_empty(), "{problems:?}");
    for (role, expected) in [
        (
            "FnRole",
            &[
                "AWSLambdaExecute",
                "AWSXrayWriteOnlyAccess",
                "DeadLetterQueuePolicy",
                "EventInvokeConfigOnFailurePolicy",
                "FnRolePolicy1",
                "bound",
                "service-role/AWSLambdaBasicExecutionRole",
                "service-role/AWSLambdaKinesisExecutionRole",
                "service-role/AWSLambdaSQSQueueExecutionRole",
                "service-role/AWSLambdaVPCAccessExecutionRole",
            ][..],
        ),
        ("FnVRole", &["FnVRolePolicy"]),
        (
            "svc/OwnRole",
            &[
                "AmazonS3FullAccess",
                "bound",
                "service-role/AWSLambdaBasicExecutionRole",
            ],
        ),
        ("MachineRole", &["AWSXrayWriteOnlyAccess"]),
        ("MachineTRole", &["MachineTRolePolicy"]),
    ] {
        let id = format!("arn:aws:iam::t.yaml:role/{role}");
        assert!(
            inventory.identities.contains_key(&id.as_str().into()),
            "{id}"
        );
        assert_eq!(held(&inventory, &id), expected, "{role}");
    }
    let own = "arn:aws:iam::t.yaml:role/svc/OwnRole";
    let trust = inventory
        .trusts
        .iter()
        .find(|t| &*t.target.0 == own)
        .unwrap();
    assert_eq!(
        trust.principal,
        TrustPrincipal::Account("444455556666".into())
    );
}

const CODE: &str = r#"
terraform {
  backend "s3" {
    access_key = "AKIAQWERTYUIOPASDFGH"
    secret_key = "notareallysecretvalue0000000000000000000"
  }
}
provider "datadog" {
  api_key = var.key
  app_key = "thirtytwocharactersofnothing0000"
}
variable "key" {}
variable "action" {}
resource "aws_iam_role" "symbolic" {
  name = "symbolic"
  assume_role_policy = "{}"
}
resource "aws_iam_role_policy" "symbolic" {
  name = "symbolic"
  role = aws_iam_role.symbolic.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:PutObject", Resource = "${module.data.bucket_arn}/*" }] })
}
resource "aws_iam_role" "passes" {
  name = "passes"
  assume_role_policy = "{}"
}
resource "aws_iam_role_policy" "passes" {
  name = "passes"
  role = aws_iam_role.passes.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [
    { Effect = "Allow", Action = "iam:AttachRolePolicy", Resource = module.data.role_arn },
    { Effect = "Allow", Action = var.action, Resource = "*" }] })
}
resource "aws_iam_role" "nothing" {
  name = "nothing"
  assume_role_policy = "{}"
}
module "data" { source = "terraform-aws-modules/s3-bucket/aws" }
module "irsa" {
  source               = "github.com/example/cloud-platform-terraform-irsa?ref=2.0.0"
  service_account_name = "app"
  namespace            = "payments"
}
"#;

#[test]
fn what_code_does_not_decide_is_neither_everything_nor_nothing() {
    let (inventory, _) = together(&Terraform, &[("live/main.tf", CODE)]);
    let answers = privilege::assess_at(&inventory, now());
    let answer = |name: &str| &answers[&format!("arn:aws:iam::live:role/{name}").as_str().into()];
    let symbolic = answer("symbolic");
    assert_eq!(symbolic.tier, Tier::Write);
    let proof = symbolic.proof.as_ref().unwrap();
    assert_eq!(proof.scope.as_deref(), Some("${module.data.bucket_arn}/*"));
    // What is declared is judged as it is declared.
    let nothing = answer("nothing");
    assert_eq!(nothing.tier, Tier::None);
    assert!(nothing.unresolved.is_empty());
    let passes = answer("passes");
    assert!(
        passes.unresolved.iter().any(|u| u.contains("var.action")),
        "{passes:?}"
    );
}

#[test]
fn credentials_of_providers_and_backends_are_seen() {
    let (inventory, _) = together(&Terraform, &[("live/main.tf", CODE)]);
    let key = &inventory.credentials[&"aws:access-key:AKIAQWERTYUIOPASDFGH".into()];
    assert_eq!(key.expires, Moment::Never);
    assert_eq!(key.exposures.len(), 1);
    let ids: Vec<&str> = inventory.credentials.keys().map(|id| &*id.0).collect();
    assert!(
        ids.contains(&"terraform:live#provider.datadog#app_key"),
        "{ids:?}"
    );
    assert_eq!(ids.len(), 2, "{ids:?}");
    assert!(!format!("{inventory:?}").contains("notareallysecret"));
}

#[test]
fn a_module_for_a_role_of_a_service_account_makes_both() {
    let (inventory, _) = together(&Terraform, &[("live/main.tf", CODE)]);
    let account = &inventory.identities[&"k8s:cluster/payments/app".into()];
    let role = "arn:aws:iam::live:role/${module.irsa}";
    assert!(account.becomes.iter().any(|(id, _)| &*id.0 == role));
    let role = &inventory.identities[&role.into()];
    assert!(role.is_of_unread_module());
    let answers = privilege::assess_at(&inventory, now());
    assert_eq!(
        answers[&role.id]
            .unresolved
            .iter()
            .map(|u| &**u)
            .collect::<Vec<_>>(),
        ["the files of the module that makes it"]
    );
}
