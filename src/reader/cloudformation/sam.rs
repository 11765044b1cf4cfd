//! Resources of the Serverless Application Model: a function or state machine brings its role with it.

use super::declared::{Declared, list, map, scalar};
use super::intrinsic::Evaluator;
use super::{Template, policies, types};
use crate::platform::aws::managed;
use crate::platform::tree::{self, Node, Value};
use crate::reader::resource::Resource;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The policy templates that SAM expands, by name: see `rules/aws/sam-policies.py`.
static TEMPLATES: LazyLock<BTreeMap<String, Node>> = LazyLock::new(|| {
    let text = include_bytes!("../../../rules/aws/sam-policies.json");
    let parsed = tree::json(text).into_iter().next().and_then(Result::ok);
    match parsed.map(|node| node.value) {
        Some(Value::Map(entries)) => entries.into_iter().collect(),
        _ => BTreeMap::new(),
    }
});

/// What a kind of SAM's runs as when it names no role.
struct Runs {
    name: &'static str,
    like: &'static str,
    service: &'static str,
    /// The managed policy that its role always has.
    always: Option<&'static str>,
}

const RUNS: [Runs; 2] = [
    Runs {
        name: "AWS::Serverless::Function",
        like: "AWS::Lambda::Function",
        service: "lambda.amazonaws.com",
        always: Some("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"),
    },
    Runs {
        name: "AWS::Serverless::StateMachine",
        like: "AWS::StepFunctions::StateMachine",
        service: "states.amazonaws.com",
        always: None,
    },
];

/// The function with the role that SAM makes for it.
pub(super) fn resources(declared: &Declared<'_>, name: &str, properties: &Node) -> Vec<Resource> {
    let Some(runs) = RUNS.iter().find(|runs| runs.name == name) else {
        return Vec::new();
    };
    let Some(kind) = types::named(runs.like) else {
        return Vec::new();
    };
    let line = declared.line();
    if properties.get("Role").is_some() {
        return declared.typed(kind, properties);
    }
    let role = format!("{}Role", declared.id());
    let mut with_role = properties.clone();
    let field = if runs.like == "AWS::Lambda::Function" {
        "Role"
    } else {
        "RoleArn"
    };
    if let Value::Map(entries) = &mut with_role.value {
        entries.retain(|(key, _)| key != "Policies");
        entries.push((field.to_owned(), scalar(line, format!("${{{role}.Arn}}"))));
    }
    let mut out = declared.typed(kind, &with_role);
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"{}"}},"Action":"sts:AssumeRole"}}]}}"#,
        runs.service
    );
    let mut attributes = vec![
        ("name".to_owned(), scalar(line, role.as_str())),
        ("assume_role_policy".to_owned(), scalar(line, trust)),
    ];
    let boundary = properties.get("PermissionsBoundary").cloned();
    attributes.extend(boundary.map(|arn| ("permissions_boundary".to_owned(), arn)));
    let mut made = declared.resource("aws_iam_role", "", attributes);
    made.address = role.clone();
    made.modules
        .push("role that SAM makes for the function".into());
    out.push(made);

    let mut managed = Vec::new();
    let mut inline = Vec::new();
    managed.extend(runs.always.map(|arn| scalar(line, arn)));
    let listed = properties.get("Policies");
    let single = listed.filter(|node| node.items().is_empty()).into_iter();
    for (at, policy) in single.chain(properties.list("Policies")).enumerate() {
        match policy.text() {
            Some(arn) if arn.starts_with("arn:") || arn.contains("${") => {
                managed.push(policy.clone())
            }
            Some(name) => managed.push(scalar(policy.line, arn_of(name))),
            None => inline.extend(expanded(declared, policy, at)),
        }
    }
    let holdings = map(
        line,
        vec![
            ("Policies".to_owned(), list(line, inline)),
            ("ManagedPolicyArns".to_owned(), list(line, managed)),
        ],
    );
    declared.hangings(&holdings, "role", &role, &mut out);
    out
}

/// A policy document, or a template of SAM's with its parameters, as an inline policy.
fn expanded(declared: &Declared<'_>, policy: &Node, at: usize) -> Option<Node> {
    let (name, document) = if policy.get("Statement").is_some() {
        (format!("{}Policy{at}", declared.id()), policy.clone())
    } else {
        let (name, parameters) = policy.only()?;
        (name.to_owned(), filled(declared, name, parameters)?)
    };
    let entries = vec![
        ("PolicyName".to_owned(), scalar(policy.line, name)),
        (
            "PolicyDocument".to_owned(),
            scalar(policy.line, policies::json(&document)),
        ),
    ];
    Some(map(policy.line, entries))
}

fn filled(declared: &Declared<'_>, name: &str, parameters: &Node) -> Option<Node> {
    let document = TEMPLATES.get(name)?;
    let defaults: Vec<(&str, Node)> = parameters
        .entries()
        .iter()
        .map(|(key, value)| {
            (
                key.as_str(),
                map(value.line, vec![("Default".to_owned(), value.clone())]),
            )
        })
        .collect();
    let around = declared.template();
    let template = Template {
        document: around.document,
        root: document,
        estate: around.estate.clone(),
        account: around.account.clone(),
        parameters: defaults.iter().map(|(key, node)| (*key, node)).collect(),
        conditions: BTreeMap::new(),
        resources: BTreeMap::new(),
    };
    Evaluator::new(&template).value(document)
}

/// The ARN of a policy of AWS that is named without; of one that is not known, that of the root path.
fn arn_of(name: &str) -> String {
    static ARNS: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
        let named = |arn: String| Some((arn.rsplit('/').next()?.to_owned(), arn));
        managed::arns().filter_map(named).collect()
    });
    let known = ARNS.get(name).cloned();
    known.unwrap_or_else(|| format!("arn:aws:iam::aws:policy/{name}"))
}
