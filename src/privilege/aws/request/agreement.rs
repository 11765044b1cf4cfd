//! The fast engine of scans and the evaluator of requests agree on what both can answer.

use super::{Estate, Inquiry, Terms, decide};
use crate::model::{
    Answer, Certainty, Effect, Entitlement, EntitlementRole, Evidence, IamRule, Identity,
    IdentityId, IdentityKind, Inventory, Matcher, Origin, Platform, Policy, PolicyId, PolicyKind,
    Rule, RuleBody, Scope,
};
use crate::privilege::aws::set::On;
use crate::privilege::aws::statement::probe;
use crate::privilege::aws::world::{World, compile};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

const ANN: &str = "arn:aws:iam::111122223333:user/ann";

fn evidence() -> Evidence {
    Evidence {
        origin: Origin::file("details.json"),
        line: None,
        column: None,
        pointer: None,
        reader: "aws-authorization-details",
    }
}

/// A user with one policy of its own and perhaps a boundary.
fn inventory(rules: Vec<Rule>, boundary: Option<Vec<Rule>>) -> Inventory {
    let mut inventory = Inventory::default();
    let id = IdentityId::from(ANN);
    let mut ann = Identity::new(id.clone(), Platform::Aws, IdentityKind::AwsUser, "ann");
    ann.account = Some("111122223333".into());
    ann.evidence.insert(evidence());
    inventory.add_identity(ann);
    let roles = [
        (EntitlementRole::Grant, Some(rules), "grant"),
        (EntitlementRole::Boundary, boundary, "boundary"),
    ];
    for (role, rules, name) in roles {
        let Some(rules) = rules else { continue };
        let policy = PolicyId::from(format!("arn:aws:iam::111122223333:policy/{name}"));
        let kind = PolicyKind::IamManaged;
        let mut held = Policy::new(policy.clone(), Platform::Aws, kind, name);
        held.rules = rules.into_iter().collect();
        inventory.policies.insert(policy.clone(), held);
        inventory.entitlements.insert(Entitlement {
            principal: id.clone(),
            policy,
            scope: Scope::Account("111122223333".into()),
            role,
            via: "attached".into(),
            evidence: evidence(),
        });
    }
    inventory
}

fn rule() -> impl Strategy<Value = Rule> {
    let list = |all: Vec<&'static str>| {
        (proptest::bool::weighted(0.8), subsequence(all, 1..3)).prop_map(|(positive, list)| {
            let list = list.into_iter().map(Into::into).collect();
            if positive {
                Matcher::In(list)
            } else {
                Matcher::NotIn(list)
            }
        })
    };
    let condition = proptest::option::weighted(
        0.3,
        select(vec![
            r#"{"StringEquals":{"aws:username":"ann"}}"#,
            r#"{"StringNotEquals":{"aws:username":"ann"}}"#,
            r#"{"StringEquals":{"aws:PrincipalTag/team":"web"}}"#,
            r#"{"StringNotEquals":{"aws:PrincipalTag/team":"${aws:username}"}}"#,
            r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#,
            r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/a*"}}"#,
            r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#,
            r#"{"StringLike":{"iam:PolicyARN":"${aws:username}"}}"#,
        ]),
    );
    (
        proptest::bool::weighted(0.7),
        list(vec![
            "*",
            "s3:Get*",
            "iam:*",
            "iam:?reateAccessKey",
            "ec2:*",
        ]),
        list(vec![
            "*",
            "arn:aws:iam::*:user/*",
            "arn:aws:iam::111122223333:user/${aws:username}",
            "arn:aws:s3:::b/*",
        ]),
        condition,
        0..4u8,
    )
        .prop_map(|(allow, actions, resources, condition, label)| Rule {
            effect: if allow { Effect::Allow } else { Effect::Deny },
            body: RuleBody::Iam(IamRule {
                actions,
                resources,
                condition: condition.map(Into::into),
                version: Some("2012-10-17".into()),
            }),
            label: format!("Statement[{label}]").into(),
            evidence: evidence(),
        })
}

proptest! {
    #[test]
    fn both_say_the_same(
        rules in proptest::collection::vec(rule(), 1..5),
        boundary in proptest::option::weighted(0.4, proptest::collection::vec(rule(), 1..4)),
        (action, resource) in select(vec![
            ("iam:CreateAccessKey", ANN),
            ("iam:CreateAccessKey", "arn:aws:iam::111122223333:user/bob"),
            ("s3:GetObject", "arn:aws:s3:::b/k"),
        ]),
    ) {
        let inventory = inventory(rules, boundary);
        let (policies, positions) = compile(&inventory, None);
        let world = World::new(&inventory, &policies, &positions, None);
        let node = world.nodes.iter().find(|n| n.id.0 == ANN.into()).unwrap();
        let allowed = world.sets[node.set].allowed(probe(action).unwrap(), On::Arn(resource), &[]);
        let fast = match allowed.map(|a| a.certainty) {
            Some(Certainty::Certain) => "allowed",
            Some(Certainty::Conditional) => "conditional",
            Some(Certainty::Unresolved) => "unresolved",
            None => "denied",
        };
        let estate = Estate::new(&inventory);
        let inquiry = Inquiry::new(Some(ANN), action, Some(resource), Terms::default()).unwrap();
        let decision = decide(&inquiry, Some(&estate)).unwrap();
        let exact = match decision.outcome {
            Answer::ImplicitlyDenied | Answer::ExplicitlyDenied => "denied",
            other => other.as_str(),
        };
        prop_assert_eq!(fast, exact, "{:?} {}", inventory.policies, decision.explanation);
    }
}
