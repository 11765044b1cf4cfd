//! Policies of resources, as common commands print them: buckets, keys, queues, topics, functions, secrets,
//! repositories, file systems, domains, vaults, buses, tables, streams, access points, log groups, APIs.
//!
//! Many of these answers do not say which resource they are about. It is taken from the answer, from a
//! wrapper around it, from the resources that the statements name, or from the file's name if that is an
//! ARN or the name of a bucket; what stays nameless is a problem, never a guess.

mod naming;

use super::Reader;
use super::aws_answer::{Head, Keep, Place, Reading};
use super::aws_statement::{effect, matcher, principal};
use crate::model::{Document, Facts, Probe, Problem, ResourceStatement, Str};
use crate::platform::aws::arn::Arn;
use crate::platform::aws::policy;
use naming::{Owner, resource};
use serde_json::Value;

const NAME: &str = "aws-resource-policies";

const KEEP: Keep = Keep {
    keys: &[
        "ARN",
        "AccountId",
        "Account",
        "AccessPointArn",
        "Arn",
        "Attributes",
        "BackupVaultArn",
        "Bucket",
        "BucketName",
        "DomainArn",
        "DomainStatus",
        "FileSystemArn",
        "FileSystemId",
        "FunctionArn",
        "FunctionName",
        "GetResourcePoliciesResponseList",
        "Identifier",
        "KeyArn",
        "KeyId",
        "Name",
        "OwnerAccountId",
        "PolicyName",
        "QueueArn",
        "QueueUrl",
        "Region",
        "ResourceARN",
        "ResourceArn",
        "ResourceDescription",
        "SecretArn",
        "SecretId",
        "StreamARN",
        "StreamArn",
        "TableArn",
        "TopicArn",
        "TypeName",
        "accountId",
        "arn",
        "awsRegion",
        "id",
        "policyName",
        "region",
        "registryId",
        "repositoryArn",
        "repositoryName",
        "resourceArn",
        "resourceId",
        "resourceName",
        "resourcePolicies",
        "resourceType",
        "supplementaryConfiguration",
    ],
    whole: &[
        "AccessPolicies",
        "BucketPolicy",
        "Policy",
        "PolicyInJson",
        "Properties",
        "ResourcePolicy",
        "document",
        "policy",
        "policyDocument",
        "policyText",
        "resourcePolicy",
    ],
};

/// Members whose value is a policy of a resource, in an object with one of these beside it, if any are
/// named. `Policy` stands alone: bucket, key, function, table, stream, access point.
const MEMBERS: [(&str, &[&str]); 10] = [
    ("Policy", &[]),
    (
        "ResourcePolicy",
        &["ARN", "ResourceArn", "SecretArn", "Name"],
    ),
    ("resourcePolicy", &[]),
    ("policyText", &["repositoryName", "registryId"]),
    ("PolicyInJson", &["PolicyHash"]),
    ("AccessPolicies", &["ARN", "DomainName"]),
    ("policyDocument", &["policyName"]),
    ("document", &["resourceArn"]),
    (
        "policy",
        &["apiKeySource", "endpointConfiguration", "resourceArn"],
    ),
    ("BucketPolicy", &[]),
];

/// Objects of wrappers may lie this deep; deeper, it is somebody's documentation.
const DEEPEST: usize = 4;

/// Reads policies of resources.
pub struct AwsResourcePolicies;

impl Reader for AwsResourcePolicies {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        let telling = [
            "olicy\"",
            "olicies\"",
            "olicyText\"",
            "PolicyInJson\"",
            "olicyDocument\"",
            "\"document\"",
            "\"TypeName\"",
        ];
        // A policy has both of these words, within a text or not.
        if !(probe.head_contains("Statement") && probe.head_contains("Effect")) {
            return false;
        }
        Head::of(probe, &telling).is_some_and(|head| {
            let deepest = |name: &str| match name {
                // Inside of `Attributes`, `DomainStatus`, `baseConfigurationItems` and the like.
                "AccessPolicies" | "BucketPolicy" => DEEPEST + 2,
                _ => DEEPEST,
            };
            MEMBERS.iter().any(|(name, beside)| {
                let near = |other: &&str| head.together(&[name, other], deepest(name));
                head.begins(name, deepest(name), &opens)
                    && (beside.is_empty() || beside.iter().any(near))
            }) || head.under(Some(&["BucketPolicy"]), &["policyText"], DEEPEST + 2)
                || head.together(&["TypeName", "ResourceDescription"], 3)
                    && head.under(
                        Some(&["ResourceDescription"]),
                        &["Identifier", "Properties"],
                        4,
                    )
        })
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut reading = Reading::new(document, NAME);
        reading.walk(&KEEP, &mut |reading, place| {
            if place.has("TypeName") && place.has("ResourceDescription") {
                cloud_control(reading, place);
                return true;
            }
            // With the keys that stood beside it dropped, what is left of the answer decides.
            let mut found = false;
            for (name, _) in MEMBERS {
                let value = match place.map.get(name) {
                    // AWS Config has the text one further in.
                    Some(Value::Object(inner)) if name == "BucketPolicy" => inner.get("policyText"),
                    other => other,
                };
                let Some(value) = value else {
                    continue;
                };
                if let Some(value) = looks_like_one(value) {
                    statements(reading, place, name, &value, None);
                    found = true;
                }
            }
            found
        });
        reading.done()
    }
}

/// Whether a value begins as a policy does: an object with the members of one, or a text that holds one.
fn opens(value: &[u8]) -> bool {
    let plain = |byte: &u8| !matches!(byte, b'\\' | b' ' | b'\t' | b'\n' | b'\r') && *byte != b'n';
    // White space goes, and so do the escapes of quotes and line ends within texts.
    let text: Vec<u8> = value.iter().copied().filter(|b| plain(b)).collect();
    let body = match text.as_slice() {
        [b'"', b'%', b'7', b'B' | b'b', ..] => return true,
        [b'"', b'{', rest @ ..] | [b'{', rest @ ..] => rest,
        _ => return false,
    };
    // `n` is gone from the words, too.
    let words: [&[u8]; 4] = [b"\"Versio", b"\"Stateme", b"\"Id\"", b"\"ID\""];
    body.is_empty() || words.iter().any(|word| body.starts_with(word))
}

/// The policy in a value, if there is one.
fn looks_like_one(value: &Value) -> Option<Value> {
    let parsed = match value {
        // API Gateway escapes the text once more.
        Value::String(text) if text.trim_start().starts_with("{\\\"") => {
            let text = format!("\"{}\"", text.trim());
            let inner: String = serde_json::from_str(&text).ok()?;
            policy::embedded(&Value::String(inner))?.into_owned()
        }
        other => policy::embedded(other)?.into_owned(),
    };
    let has = |key: &str| parsed.as_object().is_some_and(|map| map.contains_key(key));
    (has("Statement")).then_some(parsed)
}

/// CloudControl's form: a type, an identifier, and all properties as text.
fn cloud_control(reading: &mut Reading<'_>, place: &Place<'_>) {
    let kind = place.text("TypeName").unwrap_or_default().to_owned();
    let description = place
        .map
        .get("ResourceDescription")
        .and_then(Value::as_object);
    let properties = description
        .and_then(|d| d.get("Properties"))
        .and_then(policy::embedded)
        .map(std::borrow::Cow::into_owned);
    let Some(Value::Object(properties)) = properties else {
        return;
    };
    let members: &[&str] = match kind.as_str() {
        "AWS::S3::BucketPolicy" => &["PolicyDocument"],
        "AWS::KMS::Key" => &["KeyPolicy"],
        "AWS::SQS::QueuePolicy" | "AWS::SNS::TopicPolicy" => &["PolicyDocument"],
        "AWS::SecretsManager::ResourcePolicy" => &["ResourcePolicy"],
        "AWS::ECR::Repository" => &["RepositoryPolicyText"],
        "AWS::EFS::FileSystem" => &["FileSystemPolicy"],
        "AWS::Backup::BackupVault" => &["AccessPolicy"],
        _ => &[],
    };
    let text = |key: &str| properties.get(key).and_then(Value::as_str);
    let named = match kind.as_str() {
        "AWS::S3::BucketPolicy" => text("Bucket").map(|b| format!("arn:aws:s3:::{b}")),
        _ => ["Arn", "SecretId", "BackupVaultArn"]
            .iter()
            .find_map(|key| text(key))
            .filter(|arn| Arn::parse(arn).is_some())
            .map(str::to_owned),
    };
    for member in members {
        if let Some(value) = properties.get(*member).and_then(looks_like_one) {
            let pointer = "ResourceDescription/Properties";
            statements(reading, place, pointer, &value, named.clone());
        }
    }
}

/// The statements of one policy.
fn statements(
    reading: &mut Reading<'_>,
    place: &Place<'_>,
    member: &str,
    value: &Value,
    named: Option<String>,
) {
    let pointer = format!("{}/{member}", place.pointer);
    let (document, problems) = policy::document(value);
    for (at, message) in problems {
        reading.malformed(&format!("{pointer}{at}"), message);
    }
    if document.statements.is_empty() {
        return;
    }
    let owner = match named {
        Some(arn) => Some(Owner::of(&arn)),
        None => resource(place, member, &document, &reading.document.origin.path),
    };
    let Some(Owner { arn, account }) = owner else {
        return reading.malformed(
            &pointer,
            "nothing names the resource that this policy is of; add a member `ResourceArn`, or name the file after its ARN",
        );
    };
    let version: Option<Str> = document.version.as_deref().map(Str::from);
    for statement in &document.statements {
        let others = statement.principals.is_empty() && !statement.not_principals.is_empty();
        let principals = if others {
            &statement.not_principals
        } else {
            &statement.principals
        };
        let at = format!("{pointer}/Statement/{}", statement.index);
        if principals.is_empty() {
            reading.malformed(&at, "statement has no Principal; left out");
            continue;
        }
        let evidence = reading.at(&at);
        reading.facts.resource_statements.push(ResourceStatement {
            resource: arn.clone(),
            account: account.clone(),
            effect: effect(statement),
            principals: principals.iter().map(principal).collect(),
            others,
            actions: matcher(&statement.actions),
            resources: match &statement.resources {
                Some(resources) => matcher(resources),
                // Policies of repositories and vaults need not repeat what they are of.
                None => crate::model::Matcher::In(vec![arn.clone()]),
            },
            condition: statement.condition.as_deref().map(Str::from),
            version: version.clone(),
            label: statement.label().into(),
            evidence,
        });
    }
    if let Some(account) = account {
        reading.facts.sources.push((NAME.into(), account));
    }
}
