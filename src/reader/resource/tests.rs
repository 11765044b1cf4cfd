//! What resources mean, on small configurations written as YAML: address to arguments.

use super::*;
use crate::model::{Document, Inventory, Origin};

/// Resources of a text: `aws_iam_user.bot: {name: bot}`; an address that begins with `state:` is of a state.
pub(super) fn resources(text: &str) -> Vec<Resource> {
    let origin = Origin::file("infra/main.tf");
    let document = Document {
        origin: &origin,
        bytes: b"",
    };
    let node = crate::platform::tree::yaml(text).remove(0).unwrap();
    let mut found = Vec::new();
    for (address, attributes) in node.entries() {
        let state = address.starts_with("state:");
        let address = address.trim_start_matches("state:");
        let data = address.contains("data.");
        let parts: Vec<&str> = address.trim_start_matches("data.").split('.').collect();
        let kind = parts[parts.len().saturating_sub(2)];
        found.push(Resource {
            kind: if address.starts_with("module.") && parts.len() == 2 {
                "module".to_owned()
            } else {
                kind.to_owned()
            },
            address: address.to_owned(),
            estate: "envs/prod".into(),
            account: None,
            attributes: attributes.clone(),
            presence: if state {
                Presence::Observed
            } else {
                Presence::Declared
            },
            data,
            defaults: Vec::new(),
            modules: Vec::new(),
            evidence: document.at_line("terraform", attributes.line),
        });
    }
    found
}

pub(super) fn inventory(text: &str) -> Inventory {
    let (facts, problems) = facts(&resources(text));
    assert!(problems.is_empty(), "{problems:?}");
    let mut inventory = Inventory::default();
    inventory.absorb(facts);
    inventory
}

#[test]
fn roles_hold_what_is_attached_however_it_is() {
    let inventory = inventory(
        r#"
aws_iam_role.deploy:
  name: deploy
  assume_role_policy: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}'
aws_iam_role_policy_attachment.admin:
  role: "${aws_iam_role.deploy.name}"
  policy_arn: arn:aws:iam::aws:policy/AdministratorAccess
aws_iam_user.bot: {name: bot, path: /ci/}
aws_iam_user_policy.all:
  user: bot
  name: all
  policy: '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'
aws_iam_user.reader: {name: reader}
aws_iam_group.readers: {name: readers}
aws_iam_user_group_membership.m: {user: reader, groups: [readers]}
aws_iam_policy.look:
  name: look
  policy: '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*"}}'
aws_iam_group_policy_attachment.look: {group: "${aws_iam_group.readers.name}", policy_arn: "${aws_iam_policy.look.arn}"}
aws_lambda_function.f: {function_name: f, role: "${aws_iam_role.deploy.arn}"}
"#,
    );
    let held = |id: &str| {
        let of = inventory
            .entitlements
            .iter()
            .filter(|e| &*e.principal.0 == id);
        of.map(|e| e.policy.0.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(
        held("arn:aws:iam::envs/prod:role/deploy"),
        ["arn:aws:iam::aws:policy/AdministratorAccess"]
    );
    let bot = "arn:aws:iam::envs/prod:user/ci/bot";
    assert_eq!(held(bot), [format!("{bot}#inline/all")]);
    assert_eq!(
        held("arn:aws:iam::envs/prod:group/readers"),
        ["arn:aws:iam::envs/prod:policy/look"]
    );
    assert_eq!(inventory.policies.len(), 2);
    assert_eq!(inventory.memberships.len(), 1);
    assert_eq!(inventory.workloads.len(), 1);
    assert_eq!(inventory.trusts.len(), 1);
}
