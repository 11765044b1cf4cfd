//! One resource of a template, as resources of Terraform: what CloudFormation writes into one (a role with its inline
//! policies and attachments) are several there.

use super::intrinsic::Evaluator;
use super::types::{self, Type};
use super::{Template, policies, sam};
use crate::model::{Presence, Str};
use crate::platform::tree::{Node, Value};
use crate::reader::resource::{self, Resource};

/// A resource of a template.
pub(super) struct Declared<'t> {
    template: &'t Template<'t>,
    id: &'t str,
    node: &'t Node,
    evaluator: Evaluator<'t>,
}

impl<'t> Declared<'t> {
    pub(super) fn new(template: &'t Template<'t>, id: &'t str, node: &'t Node) -> Self {
        Self {
            template,
            id,
            node,
            evaluator: Evaluator::new(template),
        }
    }

    /// The resources that it is in Terraform's words; none for types that concern no identity.
    pub(super) fn resources(&self) -> Vec<Resource> {
        let Some(name) = self.node.str("Type") else {
            return Vec::new();
        };
        let properties = self
            .node
            .get("Properties")
            .and_then(|node| self.evaluator.value(node))
            .unwrap_or_else(|| map(self.node.line, Vec::new()));
        if name.starts_with("AWS::Serverless::") {
            return sam::resources(self, name, &properties);
        }
        self.of_type(name, &properties)
    }

    fn of_type(&self, name: &str, properties: &Node) -> Vec<Resource> {
        match name {
            "AWS::IAM::Policy" => self.attached_inline(properties),
            _ => match types::named(name) {
                Some(kind) => self.typed(kind, properties),
                None => Vec::new(),
            },
        }
    }

    /// A resource of the type, and what hangs on it.
    pub(super) fn typed(&self, kind: &Type, properties: &Node) -> Vec<Resource> {
        let line = self.node.line;
        let mut attributes = Vec::new();
        for (key, value) in properties.entries() {
            let to = kind.renamed.iter().find(|(from, _)| from == key);
            let to = to.map_or_else(|| types::snake(key), |(_, to)| (*to).to_owned());
            let value = if kind.policies.contains(&key.as_str()) {
                document(value)
            } else if key == "Tags" {
                tags(value)
            } else {
                snaked(value)
            };
            attributes.push((to, value));
        }
        let naming = kind.renamed.iter().find(|(from, _)| *from == kind.named_by);
        let naming = naming.map_or_else(|| types::snake(kind.named_by), |(_, to)| (*to).to_owned());
        if !naming.is_empty() && !attributes.iter().any(|(key, _)| *key == naming) {
            attributes.push((naming, scalar(line, self.id)));
        }
        let mut out = vec![self.resource(kind.kind, "", attributes)];
        match kind.name {
            "AWS::IAM::Role" => self.hangings(properties, "role", self.id, &mut out),
            "AWS::IAM::User" => self.hangings(properties, "user", self.id, &mut out),
            "AWS::IAM::Group" => self.hangings(properties, "group", self.id, &mut out),
            "AWS::IAM::ManagedPolicy" => self.attachments(properties, &mut out),
            "AWS::IAM::InstanceProfile" => {
                let role = properties.list("Roles").first().cloned();
                if let (Some(role), Some(first)) = (role, out.first_mut())
                    && let Value::Map(entries) = &mut first.attributes.value
                {
                    entries.push(("role".to_owned(), role));
                }
            }
            "AWS::S3::BucketPolicy" | "AWS::SQS::QueuePolicy" | "AWS::SNS::TopicPolicy" => {
                out = self.spread(kind, properties, out);
            }
            _ => {}
        }
        out
    }

    /// What a role, user or group holds that stands in its own block.
    pub(super) fn hangings(
        &self,
        properties: &Node,
        holder: &str,
        id: &str,
        out: &mut Vec<Resource>,
    ) {
        let reference = || scalar(self.node.line, format!("${{{id}}}"));
        for (at, inline) in properties.list("Policies").iter().enumerate() {
            let Some(written) = inline.get("PolicyDocument") else {
                continue;
            };
            let name = inline.str("PolicyName").unwrap_or(self.id);
            let attributes = vec![
                ("name".to_owned(), scalar(inline.line, name)),
                (holder.to_owned(), reference()),
                ("policy".to_owned(), document(written)),
            ];
            let kind = format!("aws_iam_{holder}_policy");
            let mut made = self.resource(&kind, &format!("/Policies/{at}"), attributes);
            made.evidence = self.place(inline, &format!("/Properties/Policies/{at}"));
            out.push(made);
        }
        for (at, arn) in properties.list("ManagedPolicyArns").iter().enumerate() {
            let attributes = vec![
                (holder.to_owned(), reference()),
                ("policy_arn".to_owned(), arn.clone()),
            ];
            let kind = format!("aws_iam_{holder}_policy_attachment");
            let mut made = self.resource(&kind, &format!("/ManagedPolicyArns/{at}"), attributes);
            made.evidence = self.place(arn, &format!("/Properties/ManagedPolicyArns/{at}"));
            out.push(made);
        }
        if holder == "user" && !properties.list("Groups").is_empty() {
            let groups = properties.list("Groups").to_vec();
            let attributes = vec![
                ("user".to_owned(), reference()),
                ("groups".to_owned(), list(self.node.line, groups)),
            ];
            out.push(self.resource("aws_iam_user_group_membership", "/Groups", attributes));
        }
        if holder == "user" && properties.get("LoginProfile").is_some() {
            let attributes = vec![("user".to_owned(), reference())];
            out.push(self.resource("aws_iam_user_login_profile", "/LoginProfile", attributes));
        }
    }

    /// A managed policy names who is given it.
    fn attachments(&self, properties: &Node, out: &mut Vec<Resource>) {
        for (field, holder) in HOLDERS {
            for (at, name) in properties.list(field).iter().enumerate() {
                let attributes = vec![
                    (holder.to_owned(), name.clone()),
                    (
                        "policy_arn".to_owned(),
                        scalar(name.line, format!("${{{}}}", self.id)),
                    ),
                ];
                let kind = format!("aws_iam_{holder}_policy_attachment");
                out.push(self.resource(&kind, &format!("/{field}/{at}"), attributes));
            }
        }
    }

    /// An inline policy of several principals.
    fn attached_inline(&self, properties: &Node) -> Vec<Resource> {
        let mut out = Vec::new();
        let Some(written) = properties.get("PolicyDocument") else {
            return out;
        };
        let name = properties.str("PolicyName").unwrap_or(self.id);
        for (field, holder) in HOLDERS {
            for (at, principal) in properties.list(field).iter().enumerate() {
                let attributes = vec![
                    ("name".to_owned(), scalar(self.node.line, name)),
                    (holder.to_owned(), principal.clone()),
                    ("policy".to_owned(), document(written)),
                ];
                let kind = format!("aws_iam_{holder}_policy");
                out.push(self.resource(&kind, &format!("/{field}/{at}"), attributes));
            }
        }
        out
    }

    /// A policy of several queues or topics is one of each.
    fn spread(&self, kind: &Type, properties: &Node, whole: Vec<Resource>) -> Vec<Resource> {
        let (field, to) = match kind.name {
            "AWS::SQS::QueuePolicy" => ("Queues", "queue_url"),
            "AWS::SNS::TopicPolicy" => ("Topics", "arn"),
            _ => return whole,
        };
        let Some(first) = whole.into_iter().next() else {
            return Vec::new();
        };
        let each = properties.list(field).iter().enumerate();
        each.map(|(at, target)| {
            let mut one = first.clone();
            one.address = format!("{}/{at}", first.address);
            if let Value::Map(entries) = &mut one.attributes.value {
                entries.push((to.to_owned(), target.clone()));
            }
            one
        })
        .collect()
    }

    /// A resource in the common form.
    pub(super) fn resource(
        &self,
        kind: &str,
        part: &str,
        attributes: Vec<(String, Node)>,
    ) -> Resource {
        let off = self
            .node
            .str("Condition")
            .map(|name| self.evaluator.condition(name));
        let mut attributes = attributes;
        if off == Some(Some(false)) {
            attributes.push(("count".to_owned(), plain(self.node.line, "0")));
        }
        let construct = self
            .node
            .at(&["Metadata", "aws:cdk:path"])
            .and_then(Node::text);
        let construct = construct.map(|path| Str::from(format!("construct {path}")));
        Resource {
            kind: kind.to_owned(),
            address: format!("{}{part}", self.id),
            estate: self.template.estate.clone(),
            account: Some(self.template.account.clone()),
            attributes: map(self.node.line, attributes),
            presence: Presence::Declared,
            data: false,
            defaults: Vec::new(),
            modules: construct.into_iter().collect(),
            evidence: self.place(self.node, ""),
        }
    }

    fn place(&self, node: &Node, below: &str) -> crate::model::Evidence {
        let id = self.id.replace('~', "~0").replace('/', "~1");
        self.template.at(node, &format!("/Resources/{id}{below}"))
    }

    pub(super) fn template(&self) -> &'t Template<'t> {
        self.template
    }

    /// A node of the template with its functions worked out.
    pub(super) fn value(&self, node: &'t Node) -> Option<Node> {
        self.evaluator.value(node)
    }

    pub(super) fn id(&self) -> &str {
        self.id
    }

    pub(super) fn line(&self) -> u32 {
        self.node.line
    }
}

const HOLDERS: [(&str, &str); 3] = [("Roles", "role"), ("Users", "user"), ("Groups", "group")];

/// Outputs, and parameters with a default that is not to be shown.
pub(super) fn outputs(template: &Template<'_>) -> Vec<Resource> {
    let evaluator = Evaluator::new(template);
    let outputs = template.root.get("Outputs").map_or(&[][..], Node::entries);
    let mut out = Vec::new();
    for (name, output) in outputs {
        let Some(value) = output.get("Value").and_then(|v| evaluator.value(v)) else {
            continue;
        };
        let pointer = format!("/Outputs/{}", name.replace('~', "~0").replace('/', "~1"));
        out.push(Resource {
            kind: "output".to_owned(),
            address: format!("output.{name}"),
            estate: template.estate.clone(),
            account: Some(template.account.clone()),
            attributes: map(output.line, vec![("value".to_owned(), value)]),
            presence: Presence::Declared,
            data: false,
            defaults: Vec::new(),
            modules: Vec::new(),
            evidence: template.at(output, &pointer),
        });
    }
    out
}

/// Replaces what refers to another resource of the template by that resource's name or ARN, where names tell.
pub(super) fn refer(resources: &mut [Resource]) {
    let known: std::collections::BTreeMap<String, Resource> = resources
        .iter()
        .filter(|it| !it.address.contains('/'))
        .map(|it| (it.address.clone(), it.clone()))
        .collect();
    for resource in resources {
        replace(&mut resource.attributes, &known);
    }
}

fn replace(node: &mut Node, known: &std::collections::BTreeMap<String, Resource>) {
    match &mut node.value {
        Value::Scalar { text, .. } if text.contains("${") => {
            *text = replaced(text, known);
        }
        Value::List(items) => items.iter_mut().for_each(|item| replace(item, known)),
        Value::Map(entries) => entries.iter_mut().for_each(|(_, v)| replace(v, known)),
        _ => {}
    }
}

fn replaced(text: &str, known: &std::collections::BTreeMap<String, Resource>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            out.push_str("${");
            rest = after;
            break;
        };
        rest = after;
        match value_of(name, known) {
            Some(value) => out.push_str(&value),
            None => {
                out.push_str("${");
                out.push_str(name);
                out.push('}');
            }
        }
    }
    out.push_str(rest);
    out
}

/// What `Ref` or `Fn::GetAtt` of a resource gives, where its own arguments tell.
fn value_of(name: &str, known: &std::collections::BTreeMap<String, Resource>) -> Option<String> {
    let (id, attribute) = name.split_once('.').unwrap_or((name, ""));
    let resource = known.get(id)?;
    let attribute = match (attribute, resource.kind.as_str()) {
        (
            "",
            "aws_iam_policy"
            | "aws_sns_topic"
            | "aws_sfn_state_machine"
            | "aws_iam_openid_connect_provider"
            | "aws_iam_saml_provider",
        ) => "arn",
        ("", "aws_lambda_function") => "function_name",
        ("", _) => "name",
        ("Arn", _) => "arn",
        _ => return None,
    };
    let own = resource.attributes.str(attribute);
    own.filter(|text| !text.contains("${"))
        .map(str::to_owned)
        .or_else(|| resource::computed(resource, attribute))
}

/// A list of `{Key, Value}` as a mapping.
fn tags(node: &Node) -> Node {
    let pairs = node.items().iter().filter_map(|tag| {
        let key = tag.str("Key").or_else(|| tag.str("key"))?;
        let value = tag.get("Value").or_else(|| tag.get("value"))?;
        Some((key.to_owned(), value.clone()))
    });
    match &node.value {
        Value::List(_) => map(node.line, pairs.collect()),
        _ => node.clone(),
    }
}

/// A policy document as its JSON text.
fn document(node: &Node) -> Node {
    match &node.value {
        Value::Scalar { .. } => node.clone(),
        _ => scalar(node.line, policies::json(node)),
    }
}

/// The names of nested properties in snake case; what they hold stays.
fn snaked(node: &Node) -> Node {
    let value = match &node.value {
        Value::Map(entries) => Value::Map(
            entries
                .iter()
                .map(|(key, value)| (types::snake(key), snaked(value)))
                .collect(),
        ),
        Value::List(items) => Value::List(items.iter().map(snaked).collect()),
        other => other.clone(),
    };
    Node {
        line: node.line,
        file: 0,
        value,
    }
}

pub(super) fn scalar(line: u32, text: impl Into<String>) -> Node {
    Node {
        line,
        file: 0,
        value: Value::Scalar {
            text: text.into(),
            plain: false,
        },
    }
}

fn plain(line: u32, text: &str) -> Node {
    Node {
        line,
        file: 0,
        value: Value::Scalar {
            text: text.to_owned(),
            plain: true,
        },
    }
}

pub(super) fn map(line: u32, entries: Vec<(String, Node)>) -> Node {
    Node {
        line,
        file: 0,
        value: Value::Map(entries),
    }
}

pub(super) fn list(line: u32, items: Vec<Node>) -> Node {
    Node {
        line,
        file: 0,
        value: Value::List(items),
    }
}
