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
    let properties = &with_globals(declared, name, properties);
    if properties.get("Role").is_some() {
        let mut out = declared.typed(kind, properties);
        started(declared, runs, properties, &mut out);
        return out;
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
    let trust = match properties.get("AssumeRolePolicyDocument") {
        Some(own) => scalar(own.line, policies::json(own)),
        None => scalar(line, trust),
    };
    let mut attributes = vec![
        ("name".to_owned(), scalar(line, role.as_str())),
        ("assume_role_policy".to_owned(), trust),
    ];
    for (from, to) in [
        ("PermissionsBoundary", "permissions_boundary"),
        ("RolePath", "path"),
    ] {
        let given = properties.get(from).cloned();
        attributes.extend(given.map(|node| (to.to_owned(), node)));
    }
    out.push(made(declared, &role, attributes));

    let mut managed = Vec::new();
    let mut inline = Vec::new();
    managed.extend(runs.always.map(|arn| scalar(line, arn)));
    managed.extend(implied(properties).into_iter().map(|arn| scalar(line, arn)));
    inline.extend(sent(properties));
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
    started(declared, runs, properties, &mut out);
    out
}

/// A role that SAM makes.
fn made(declared: &Declared<'_>, role: &str, attributes: Vec<(String, Node)>) -> Resource {
    let mut made = declared.resource("aws_iam_role", "", attributes);
    role.clone_into(&mut made.address);
    made.modules
        .push("role that SAM makes for the function".into());
    made
}

/// The properties with those of `Globals` that the resource does not set itself.
fn with_globals(declared: &Declared<'_>, name: &str, properties: &Node) -> Node {
    let section = name.rsplit("::").next().unwrap_or_default();
    let globals = declared.template().root.at(&["Globals", section]);
    let mut all = properties.clone();
    let (Some(globals), Value::Map(entries)) = (globals, &mut all.value) else {
        return all;
    };
    for (key, value) in globals.entries() {
        if entries.iter().any(|(own, _)| own == key) {
            continue;
        }
        let value = declared.value(value);
        entries.extend(value.map(|value| (key.clone(), value)));
    }
    all
}

/// Managed policies that properties bring with them (SAM specification, "Tracing", "VpcConfig", "Events").
fn implied(properties: &Node) -> Vec<String> {
    let mut names: Vec<&str> = Vec::new();
    let traced = match properties.get("Tracing") {
        Some(tracing) if tracing.is_map() => tracing.bool("Enabled") == Some(true),
        Some(tracing) => matches!(tracing.text(), Some("Active" | "PassThrough")),
        None => false,
    };
    if traced {
        names.push("AWSXrayWriteOnlyAccess");
    }
    if properties.get("VpcConfig").is_some() {
        names.push("service-role/AWSLambdaVPCAccessExecutionRole");
    }
    for (_, event) in properties.get("Events").map_or(&[][..], Node::entries) {
        names.extend(match event.str("Type") {
            Some("SQS") => Some("service-role/AWSLambdaSQSQueueExecutionRole"),
            Some("Kinesis") => Some("service-role/AWSLambdaKinesisExecutionRole"),
            Some("DynamoDB") => Some("service-role/AWSLambdaDynamoDBExecutionRole"),
            Some("MSK") => Some("service-role/AWSLambdaMSKExecutionRole"),
            _ => None,
        });
    }
    names.sort_unstable();
    names.dedup();
    let arn = |name: &str| format!("arn:aws:iam::aws:policy/{name}");
    names.into_iter().map(arn).collect()
}

/// Inline policies for where a function sends what failed or what came of it.
fn sent(properties: &Node) -> Vec<Node> {
    let mut found = Vec::new();
    let mut add = |name: String, action: Option<&str>, target: Option<&Node>| {
        let (Some(action), Some(target)) = (action, target) else {
            return;
        };
        let statement = map(
            target.line,
            vec![
                ("Effect".to_owned(), scalar(target.line, "Allow")),
                ("Action".to_owned(), scalar(target.line, action)),
                ("Resource".to_owned(), target.clone()),
            ],
        );
        found.push(policy(&name, target.line, statement));
    };
    if let Some(queue) = properties.get("DeadLetterQueue") {
        let action = match queue.str("Type") {
            Some("SQS") => Some("sqs:SendMessage"),
            Some("SNS") => Some("sns:Publish"),
            _ => None,
        };
        add(
            "DeadLetterQueuePolicy".to_owned(),
            action,
            queue.get("TargetArn"),
        );
    }
    for when in ["OnSuccess", "OnFailure"] {
        let Some(to) = properties.at(&["EventInvokeConfig", "DestinationConfig", when]) else {
            continue;
        };
        let action = match to.str("Type") {
            Some("SQS") => Some("sqs:SendMessage"),
            Some("SNS") => Some("sns:Publish"),
            Some("Lambda") => Some("lambda:InvokeFunction"),
            Some("EventBridge") => Some("events:PutEvents"),
            _ => None,
        };
        add(
            format!("EventInvokeConfig{when}Policy"),
            action,
            to.get("Destination"),
        );
    }
    found
}

/// An inline policy of one statement.
fn policy(name: &str, line: u32, statement: Node) -> Node {
    let document = map(
        line,
        vec![
            ("Version".to_owned(), scalar(line, "2012-10-17")),
            ("Statement".to_owned(), list(line, vec![statement])),
        ],
    );
    let entries = vec![
        ("PolicyName".to_owned(), scalar(line, name)),
        (
            "PolicyDocument".to_owned(),
            scalar(line, policies::json(&document)),
        ),
    ];
    map(line, entries)
}

/// The roles by which events start a function or state machine, where SAM makes one.
fn started(declared: &Declared<'_>, runs: &Runs, properties: &Node, out: &mut Vec<Resource>) {
    let machine = runs.like == "AWS::StepFunctions::StateMachine";
    for (name, event) in properties.get("Events").map_or(&[][..], Node::entries) {
        let service = match (event.str("Type"), machine) {
            (Some("ScheduleV2"), _) => "scheduler.amazonaws.com",
            (Some("Schedule" | "EventBridgeRule" | "CloudWatchEvent"), true) => {
                "events.amazonaws.com"
            }
            (Some("Api"), true) => "apigateway.amazonaws.com",
            _ => continue,
        };
        let given = ["RoleArn", "Role"].map(|field| event.at(&["Properties", field]));
        if given.iter().any(Option::is_some) {
            continue;
        }
        let line = declared.line();
        let role = format!("{}{name}Role", declared.id());
        let trust = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"{service}"}},"Action":"sts:AssumeRole"}}]}}"#
        );
        let attributes = vec![
            ("name".to_owned(), scalar(line, role.as_str())),
            ("assume_role_policy".to_owned(), scalar(line, trust)),
        ];
        out.push(made(declared, &role, attributes));
        let (action, of) = match machine {
            true => ("states:StartExecution", ""),
            false => ("lambda:InvokeFunction", ".Arn"),
        };
        let target = format!("${{{}{of}}}", declared.id());
        let statement = map(
            line,
            vec![
                ("Effect".to_owned(), scalar(line, "Allow")),
                ("Action".to_owned(), scalar(line, action)),
                ("Resource".to_owned(), scalar(line, target)),
            ],
        );
        let inline = vec![policy(&format!("{role}Policy"), line, statement)];
        let holdings = map(line, vec![("Policies".to_owned(), list(line, inline))]);
        declared.hangings(&holdings, "role", &role, out);
    }
}

/// A policy document, or a template of SAM's with its parameters, as an inline policy.
fn expanded(declared: &Declared<'_>, policy: &Node, at: usize) -> Option<Node> {
    let document = if policy.get("Statement").is_some() {
        policy.clone()
    } else {
        let (name, parameters) = policy.only()?;
        filled(declared, name, parameters)?
    };
    let name = format!("{}RolePolicy{at}", declared.id());
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
