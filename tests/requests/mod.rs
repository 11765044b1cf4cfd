//! AWS's evaluation logic a second time, in the most literal way: on JSON, with recursive matching, in the order
//! of the documentation's sentences, two-valued.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test's helpers may fail as a test does"
)]

use serde_json::{Value, json};

/// Decides a request whose context is complete.
pub(crate) fn decide(request: &Value) -> &'static str {
    let who = request["principal"].as_str().unwrap();
    let root = who.ends_with(":root");
    let personal = |field: &str| if root { vec![] } else { list(&request[field]) };
    let identity = personal("identity_policies");
    let boundary = personal("permissions_boundary");
    let session = personal("session_policies");
    let resource = list(&request["resource_policy"]);
    let levels: Vec<Vec<Value>> = list(&request["service_control_policies"])
        .iter()
        .map(list)
        .collect();
    let control: Vec<Value> = list(&request["resource_control_policies"])
        .iter()
        .flat_map(list)
        .collect();

    // An explicit denial in any policy that applies wins.
    let controllable = ["s3", "sts", "kms", "sqs"].iter().any(|s| {
        request["action"]
            .as_str()
            .unwrap()
            .to_lowercase()
            .starts_with(&format!("{s}:"))
    });
    let denies = |policies: &[Value], principals| {
        policies
            .iter()
            .any(|p| grants(p, "Deny", request, principals).next().is_some())
    };
    if denies(&identity, false)
        || denies(&boundary, false)
        || denies(&session, false)
        || denies(&resource, true)
        || levels.iter().any(|level| denies(level, false))
        || controllable && denies(&control, false)
    {
        return "explicitly-denied";
    }
    let allows = |policies: &[Value]| {
        policies
            .iter()
            .any(|p| grants(p, "Allow", request, false).next().is_some())
    };
    // Every level of the organisation must allow.
    if !levels.iter().all(|level| allows(level)) {
        return "implicitly-denied";
    }
    let own = root || allows(&identity);
    let within =
        (boundary.is_empty() || allows(&boundary)) && (session.is_empty() || allows(&session));
    let ways: Vec<&str> = resource
        .iter()
        .flat_map(|p| grants(p, "Allow", request, true))
        .collect();
    let has = |way: &str| ways.contains(&way);
    let account = who.split(':').nth(4).unwrap();
    let target = request["resource"].as_str().unwrap();
    let owner = match target.split(':').nth(4) {
        Some("") | None => account,
        Some(owner) => owner,
    };
    let action = request["action"].as_str().unwrap().to_lowercase();
    let allowed = if account != owner {
        own && within && !ways.is_empty()
    } else if action.starts_with("kms:") && target.contains(":key/") {
        has("person") || has("role") && within || has("account") && own && within
    } else if has("person") {
        true
    } else {
        (own || has("role")) && within
    };
    if allowed {
        "allowed"
    } else {
        "implicitly-denied"
    }
}

/// One value or many.
fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Null => vec![],
        Value::Array(items) => items.clone(),
        one => vec![one.clone()],
    }
}

/// The ways in which the statements of one effect that match name the principal.
fn grants<'r>(
    policy: &'r Value,
    effect: &'r str,
    request: &'r Value,
    principals: bool,
) -> impl Iterator<Item = &'static str> + 'r {
    let variables = policy["Version"] == "2012-10-17";
    list(&policy["Statement"])
        .into_iter()
        .filter_map(move |statement| {
            let way = if principals {
                way(&statement, request)?
            } else {
                "person"
            };
            (statement["Effect"] == effect
                && acts(&statement, request)
                && reaches(&statement, request, variables)
                && holds(&statement["Condition"], request, variables))
            .then_some(way)
        })
}

fn way(statement: &Value, request: &Value) -> Option<&'static str> {
    let capped = !request["permissions_boundary"].is_null()
        && !request["principal"].as_str().unwrap().ends_with(":root");
    let not = &statement["NotPrincipal"];
    if !not.is_null() {
        let named = list(&not["AWS"])
            .iter()
            .any(|p| names(p, request).is_some());
        return (!named || capped && statement["Effect"] == "Deny").then_some("person");
    }
    if statement["Principal"] == "*" {
        return Some("person");
    }
    let ways: Vec<&str> = list(&statement["Principal"]["AWS"])
        .iter()
        .filter_map(|p| names(p, request))
        .collect();
    ["person", "role", "account"]
        .into_iter()
        .find(|way| ways.contains(way))
}

fn names(principal: &Value, request: &Value) -> Option<&'static str> {
    let principal = principal.as_str().unwrap();
    let who = request["principal"].as_str().unwrap();
    let account = who.split(':').nth(4).unwrap();
    if principal == "*" {
        return Some("person");
    }
    if principal == account || principal == format!("arn:aws:iam::{account}:root") {
        return Some(if who.ends_with(":root") {
            "person"
        } else {
            "account"
        });
    }
    let role = match who.split(":assumed-role/").nth(1) {
        Some(rest) => format!(
            "arn:aws:iam::{account}:role/{}",
            rest.split('/').next().unwrap()
        ),
        None => who.to_owned(),
    };
    if principal == role && role.contains(":role/") {
        return Some("role");
    }
    (principal == who).then_some("person")
}

fn acts(statement: &Value, request: &Value) -> bool {
    let action = request["action"].as_str().unwrap().to_lowercase();
    let any = |patterns: &Value| {
        list(patterns)
            .iter()
            .any(|p| like(&p.as_str().unwrap().to_lowercase(), &action))
    };
    if statement["Action"].is_null() {
        !any(&statement["NotAction"])
    } else {
        any(&statement["Action"])
    }
}

fn reaches(statement: &Value, request: &Value, variables: bool) -> bool {
    let resource = request["resource"].as_str().unwrap();
    let any = |patterns: &Value| {
        list(patterns)
            .iter()
            .any(|p| match fill(p.as_str().unwrap(), request, variables) {
                Some(pattern) => like(&pattern, resource),
                None => false,
            })
    };
    if !statement["Resource"].is_null() {
        any(&statement["Resource"])
    } else if !statement["NotResource"].is_null() {
        !any(&statement["NotResource"])
    } else {
        !statement["Principal"].is_null()
    }
}

/// Character by character, trying both ways at each star.
pub(crate) fn like(pattern: &str, text: &str) -> bool {
    let mut p = pattern.chars();
    let mut t = text.chars();
    match p.next() {
        None => text.is_empty(),
        Some('*') => like(p.as_str(), text) || t.next().is_some() && like(pattern, t.as_str()),
        Some('?') => t.next().is_some() && like(p.as_str(), t.as_str()),
        Some(c) => t.next() == Some(c) && like(p.as_str(), t.as_str()),
    }
}

/// The values of a key: those given, or what follows from the principal.
fn values(key: &str, request: &Value) -> Vec<String> {
    let context = request["context"].as_object().unwrap();
    if let Some((_, given)) = context
        .iter()
        .find(|(name, _)| name.to_lowercase() == key.to_lowercase())
    {
        return list(given)
            .iter()
            .map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned))
            .collect();
    }
    let who = request["principal"].as_str().unwrap();
    match key.to_lowercase().as_str() {
        "aws:username" if who.contains(":user/") => {
            vec![who.rsplit('/').next().unwrap().to_owned()]
        }
        "aws:principalaccount" => vec![who.split(':').nth(4).unwrap().to_owned()],
        _ => vec![],
    }
}

fn fill(text: &str, request: &Value, variables: bool) -> Option<String> {
    match text.split_once("${aws:username}") {
        Some((before, after)) if variables => {
            let own = values("aws:username", request);
            Some(format!("{before}{}{after}", own.first()?))
        }
        _ => Some(text.to_owned()),
    }
}

fn holds(condition: &Value, request: &Value, variables: bool) -> bool {
    let Some(operators) = condition.as_object() else {
        return true;
    };
    operators.iter().all(|(operator, keys)| {
        keys.as_object().unwrap().iter().all(|(key, wanted)| {
            let wanted: Vec<String> = list(wanted)
                .iter()
                .map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned))
                .collect();
            test(operator, &values(key, request), &wanted, request, variables)
        })
    })
}

fn test(
    operator: &str,
    given: &[String],
    wanted: &[String],
    request: &Value,
    variables: bool,
) -> bool {
    if let Some(operator) = operator.strip_suffix("IfExists") {
        return given.is_empty() || test(operator, given, wanted, request, variables);
    }
    if let Some(operator) = operator.strip_prefix("ForAllValues:") {
        return given.iter().all(|v| {
            test(
                operator,
                std::slice::from_ref(v),
                wanted,
                request,
                variables,
            )
        });
    }
    if let Some(operator) = operator.strip_prefix("ForAnyValue:") {
        return given.iter().any(|v| {
            test(
                operator,
                std::slice::from_ref(v),
                wanted,
                request,
                variables,
            )
        });
    }
    // Variables stand for something in texts and ARNs only.
    let texts = operator.starts_with("String") || operator.starts_with("Arn");
    let filled = |w: &String| fill(w, request, variables && texts);
    let some = |test: &dyn Fn(&str, &str) -> bool| {
        given
            .iter()
            .any(|v| wanted.iter().filter_map(filled).any(|w| test(&w, v)))
    };
    match operator {
        "StringEquals" => some(&|w, v| w == v),
        "StringNotEquals" => !some(&|w, v| w == v),
        "StringLike" => some(&|w, v| like(w, v)),
        "StringNotLike" => !some(&|w, v| like(w, v)),
        "Bool" => some(&|w, v| w.to_lowercase() == v.to_lowercase()),
        "NumericLessThan" => {
            some(&|w, v| matches!((w.parse::<f64>(), v.parse::<f64>()), (Ok(w), Ok(v)) if v < w))
        }
        "ArnLike" => some(&|w, v| {
            let (w, v): (Vec<_>, Vec<_>) = (w.splitn(6, ':').collect(), v.splitn(6, ':').collect());
            if v.len() < 6 {
                // What is no ARN is compared as it stands.
                return w == v;
            }
            w.len() == v.len() && w.iter().zip(&v).all(|(w, v)| like(w, v))
        }),
        "Null" => wanted
            .iter()
            .any(|w| w == if given.is_empty() { "true" } else { "false" }),
        other => panic!("{other}"),
    }
}

/// Random requests over few names, so that things meet.
pub(crate) fn request() -> impl proptest::strategy::Strategy<Value = Value> {
    use proptest::prelude::*;
    use proptest::sample::select;
    let principal = select(vec![
        "arn:aws:iam::111111111111:user/ann",
        "arn:aws:iam::111111111111:role/app",
        "arn:aws:sts::111111111111:assumed-role/app/one",
        "arn:aws:iam::111111111111:root",
    ]);
    let action = select(vec![
        "s3:GetObject",
        "S3:putobject",
        "ec2:RunInstances",
        "kms:Decrypt",
    ]);
    let resource = select(vec![
        "arn:aws:s3:::b/ann/x",
        "arn:aws:s3:::b/y",
        "arn:aws:sqs:eu:111111111111:q",
        "arn:aws:sqs:eu:222222222222:q",
        "arn:aws:kms:eu:111111111111:key/k",
    ]);
    let context = proptest::collection::btree_map(
        select(vec![
            "aws:A",
            "aws:tags",
            "aws:SecureTransport",
            "aws:SourceArn",
            "aws:n",
        ]),
        select(vec![
            json!("x"),
            json!("xy"),
            json!(["x", "z"]),
            json!("true"),
            json!("arn:aws:sns:eu:111111111111:t:u"),
            json!(3),
        ]),
        0..4,
    );
    let opt = |s: BoxedStrategy<Value>| proptest::option::weighted(0.3, s);
    let policies = |principals| {
        proptest::collection::vec(policy(principals), 1..3)
            .prop_map(Value::Array)
            .boxed()
    };
    let levels = || {
        let level = proptest::collection::vec(policy(false), 1..3);
        proptest::collection::vec(level, 1..3)
            .prop_map(|l| json!(l))
            .boxed()
    };
    (
        (principal, action, resource, context),
        policies(false),
        opt(policy(false).boxed()),
        opt(policies(false)),
        proptest::option::of(policy(true)),
        opt(levels()),
        opt(levels()),
    )
        .prop_map(|((principal, action, resource, context), identity, boundary, session, on, scp, rcp)| {
            json!({
                "principal": principal, "action": action, "resource": resource, "context": context,
                "identity_policies": identity, "permissions_boundary": boundary,
                "session_policies": session, "resource_policy": on,
                "service_control_policies": scp, "resource_control_policies": rcp,
            })
        })
}

fn policy(principals: bool) -> impl proptest::strategy::Strategy<Value = Value> {
    use proptest::prelude::*;
    use proptest::sample::select;
    let statements = proptest::collection::vec(statement(principals), 1..4);
    (select(vec!["2012-10-17", "2008-10-17"]), statements)
        .prop_map(|(version, statements)| json!({"Version": version, "Statement": statements}))
}

fn statement(principals: bool) -> impl proptest::strategy::Strategy<Value = Value> {
    use proptest::prelude::*;
    use proptest::sample::{select, subsequence};
    let actions = subsequence(
        vec![
            "*",
            "s3:Get*",
            "S3:*Object",
            "ec2:*",
            "kms:Decrypt",
            "iam:?*",
        ],
        1..3,
    );
    let resources = subsequence(
        vec![
            "*",
            "arn:aws:s3:::b/*",
            "arn:aws:s3:::b/${aws:username}/*",
            "arn:aws:sqs:*",
            "arn:aws:?ms:*",
            "arn:aws:s3:::b/?",
        ],
        1..3,
    );
    let who = subsequence(
        vec![
            "*",
            "111111111111",
            "arn:aws:iam::111111111111:root",
            "arn:aws:iam::111111111111:user/ann",
            "arn:aws:iam::111111111111:role/app",
            "arn:aws:sts::111111111111:assumed-role/app/one",
            "arn:aws:iam::222222222222:user/eve",
        ],
        1..3,
    );
    let condition = (
        select(vec![
            "StringEquals",
            "StringNotEquals",
            "StringLike",
            "StringNotLike",
            "StringEqualsIfExists",
            "ForAllValues:StringEquals",
            "ForAnyValue:StringLike",
            "ForAnyValue:StringNotEquals",
            "Null",
            "Bool",
            "NumericLessThan",
            "ArnLike",
            "ArnLikeIfExists",
        ]),
        select(vec![
            "aws:a",
            "aws:TAGS",
            "aws:securetransport",
            "aws:SourceArn",
            "aws:N",
            "aws:username",
        ]),
        subsequence(
            vec![
                "x",
                "x*",
                "ann",
                "${aws:username}",
                "true",
                "false",
                "5",
                "arn:aws:sns:*:111111111111:*",
            ],
            1..3,
        ),
    )
        .prop_map(|(operator, key, values)| json!({operator: {key: values}}));
    (
        proptest::bool::weighted(0.75),
        (proptest::bool::weighted(0.85), actions),
        (proptest::bool::weighted(0.85), resources),
        (proptest::bool::weighted(0.85), who),
        proptest::option::weighted(0.35, condition),
    )
        .prop_map(
            move |(allow, (act, actions), (on, resources), (named, who), condition)| {
                let mut statement = json!({"Effect": if allow { "Allow" } else { "Deny" }});
                statement[if act { "Action" } else { "NotAction" }] = json!(actions);
                statement[if on { "Resource" } else { "NotResource" }] = json!(resources);
                if principals {
                    // NotPrincipal goes with Deny only.
                    let element = if named || allow {
                        "Principal"
                    } else {
                        "NotPrincipal"
                    };
                    statement[element] = json!({"AWS": who});
                }
                if let Some(condition) = condition {
                    statement["Condition"] = condition;
                }
                statement
            },
        )
}
