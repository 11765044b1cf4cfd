//! Which resource a policy is of, and whose.

use crate::model::Str;
use crate::platform::aws::arn::{Arn, is_account};
use crate::platform::aws::hint;
use crate::platform::aws::policy::Document;
use crate::reader::aws_answer::Place;
use std::collections::BTreeSet;

/// A resource and the account that owns it.
pub(super) struct Owner {
    pub arn: Str,
    pub account: Option<Str>,
}

impl Owner {
    pub(super) fn of(arn: &str) -> Self {
        let account = Arn::parse(arn)
            .and_then(|arn| arn.customer())
            .map(Str::from);
        Self {
            arn: arn.into(),
            account,
        }
    }
}

/// Members that hold the ARN of the resource, in the answer or around it.
const ARNS: [&str; 18] = [
    "QueueArn",
    "TopicArn",
    "BackupVaultArn",
    "ResourceArn",
    "resourceArn",
    "ResourceARN",
    "SecretArn",
    "TableArn",
    "StreamARN",
    "StreamArn",
    "FileSystemArn",
    "FunctionArn",
    "KeyArn",
    "AccessPointArn",
    "DomainArn",
    "repositoryArn",
    "ARN",
    "arn",
];

/// Finds the resource of a policy.
pub(super) fn resource(
    place: &Place<'_>,
    member: &str,
    document: &Document,
    path: &str,
) -> Option<Owner> {
    let is_arn = |text: &&str| Arn::parse(text).is_some();
    let account = place
        .named(&[
            "AccountId",
            "accountId",
            "Account",
            "OwnerAccountId",
            "registryId",
        ])
        .filter(|account| is_account(account));
    let region = place
        .named(&["Region", "region", "awsRegion"])
        .unwrap_or_default();
    let near = ARNS.iter().chain(&["Arn"]);
    let mut said = near.filter_map(|key| place.named(&[key]));
    let keyed = || {
        place
            .keys
            .iter()
            .rev()
            .copied()
            .find(|key| Arn::parse(key).is_some())
    };
    // Names that are ARNs: `FunctionName`, `SecretId`, `TableName` take either.
    let either = || {
        let names = [
            "FunctionName",
            "SecretId",
            "KeyId",
            "Identifier",
            "resourceId",
            "Name",
            "Bucket",
        ];
        names
            .iter()
            .find_map(|key| place.named(&[key]).filter(is_arn))
    };
    let own = said
        .find(|text| is_arn(text))
        .or_else(keyed)
        .or_else(either);
    if let Some(arn) = own {
        let mut owner = Owner::of(arn);
        if owner.account.is_none() {
            owner.account = account.map(Str::from);
        }
        return Some(owner);
    }
    let made = made(place, member, region, account).or_else(|| stated(document));
    let named = made
        .or_else(|| by_file(document, path))
        .or_else(|| of_account(place, member, document, region, account));
    named.map(|arn| {
        let mut owner = Owner::of(&arn);
        if owner.account.is_none() {
            owner.account = account.map(Str::from).or_else(|| folder(path));
        }
        owner
    })
}

/// ARNs that are put together from what the answer says.
fn made(place: &Place<'_>, member: &str, region: &str, account: Option<&str>) -> Option<String> {
    if let Some(bucket) = place.named(&["Bucket", "BucketName"]) {
        return Some(format!("arn:aws:s3:::{bucket}"));
    }
    if member == "BucketPolicy" {
        return place
            .named(&["resourceName", "resourceId"])
            .map(|b| format!("arn:aws:s3:::{b}"));
    }
    let account = account?;
    // Within a region that nobody tells.
    let region = if region.is_empty() { "*" } else { region };
    if let (Some(name), "policyText") = (place.text("repositoryName"), member) {
        return Some(format!("arn:aws:ecr:{region}:{account}:repository/{name}"));
    }
    if let (Some(id), "Policy") = (place.named(&["FileSystemId"]), member) {
        return Some(format!(
            "arn:aws:elasticfilesystem:{region}:{account}:file-system/{id}"
        ));
    }
    if let Some(id) = place.named(&["KeyId"]) {
        return Some(format!("arn:aws:kms:{region}:{account}:key/{id}"));
    }
    None
}

/// The one resource that all statements name.
fn stated(document: &Document) -> Option<String> {
    let mut found = BTreeSet::new();
    for statement in &document.statements {
        let resources = statement.resources.as_ref()?;
        if resources.negated {
            return None;
        }
        for pattern in &resources.patterns {
            found.insert(whole(pattern)?);
        }
    }
    // A lone bucket is named both by itself and by what is in it.
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some(one), None) => Some(one),
        _ => None,
    }
}

/// The resource that a pattern is a part of: the bucket of objects, the function of a version.
fn whole(pattern: &str) -> Option<String> {
    let arn = Arn::parse(pattern)?;
    let head = format!(
        "arn:{}:{}:{}:{}",
        arn.partition, arn.service, arn.region, arn.account
    );
    let resource = match arn.service {
        "s3" if arn.account.is_empty() => arn.resource.split('/').next()?.to_owned(),
        // `accesspoint/name/object/*`, `function:name:version`, `log-group:name:*`, `table/name/index/*`
        "s3" => first(arn.resource, '/', 2),
        "lambda" | "logs" => first(arn.resource, ':', 2),
        "dynamodb" | "kinesis" | "es" => first(arn.resource, '/', 2),
        "execute-api" => arn.resource.split('/').next()?.to_owned(),
        _ => arn.resource.to_owned(),
    };
    let arn = format!("{head}:{resource}");
    (!resource.is_empty() && !arn.contains(['*', '?'])).then_some(arn)
}

/// Policies that are not of one resource but of what an account has of a service: log groups, the data
/// catalog. And APIs, of which an answer tells the id only.
fn of_account(
    place: &Place<'_>,
    member: &str,
    document: &Document,
    region: &str,
    account: Option<&str>,
) -> Option<String> {
    if member == "policy" {
        let id = place
            .text("id")
            .filter(|id| id.bytes().all(|b| b.is_ascii_alphanumeric()))?;
        let region = Some(region)
            .filter(|region| !region.is_empty())
            .unwrap_or("*");
        let account = account.unwrap_or("*");
        return Some(format!("arn:aws:execute-api:{region}:{account}:{id}"));
    }
    if !matches!(member, "policyDocument" | "PolicyInJson") {
        return None;
    }
    let statements = document.statements.iter();
    let patterns = statements
        .filter_map(|s| s.resources.as_ref())
        .flat_map(|r| &r.patterns);
    let mut found = BTreeSet::new();
    for pattern in patterns {
        let arn = Arn::parse(pattern)?;
        let rest = if arn.service == "glue" {
            "catalog"
        } else {
            "*"
        };
        arn.customer()?;
        found.insert(format!(
            "arn:{}:{}:{}:{}:{rest}",
            arn.partition, arn.service, arn.region, arn.account
        ));
    }
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some(one), None) => Some(one),
        _ => None,
    }
}

fn first(text: &str, separator: char, parts: usize) -> String {
    let parts: Vec<&str> = text.split(separator).take(parts).collect();
    parts.join(&separator.to_string())
}

/// From the file's name: an ARN with other separators; for keys, their id.
fn by_file(document: &Document, path: &str) -> Option<String> {
    let stem = hint::stem(path);
    if let Some(arn) = respelt(stem) {
        return Some(arn);
    }
    // Keys: the policy's statements speak of `*`, and the root user that every key policy names tells the
    // account. The region stays open.
    let uuid = stem.len() == 36
        && stem.bytes().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        });
    let principals = document.statements.iter().flat_map(|s| &s.principals);
    let roots: BTreeSet<&str> = principals
        .filter_map(|p| Arn::parse(&p.value))
        .filter(|arn| arn.resource == "root")
        .filter_map(|arn| arn.customer())
        .collect();
    match (uuid, roots.first(), roots.len()) {
        (true, Some(account), 1) => Some(format!("arn:aws:kms:*:{account}:key/{stem}")),
        _ => None,
    }
}

/// An ARN in which somebody replaced the separators to make a name of a file of it.
fn respelt(stem: &str) -> Option<String> {
    if Arn::parse(stem).is_some() {
        return Some(stem.to_owned());
    }
    let separator = stem.strip_prefix("arn")?.chars().next()?;
    if !matches!(separator, '_' | '.' | '+' | ' ' | '=' | '%' | '-') {
        return None;
    }
    let mut parts = stem.splitn(6, separator);
    let (_, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
    let (region, account, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let regional = region.is_empty() || region.split('-').count() >= 3;
    let numbered = account.is_empty() || is_account(account);
    if !partition.starts_with("aws") || !regional || !numbered || rest.is_empty() {
        return None;
    }
    // Behind the kind of resource stands the separator that the service uses.
    let (kinds, mark): (&[&str], char) = match service {
        "kms" => (&["key", "alias"], '/'),
        "dynamodb" => (&["table"], '/'),
        "kinesis" => (&["stream"], '/'),
        "ecr" => (&["repository"], '/'),
        "es" => (&["domain"], '/'),
        "elasticfilesystem" => (&["file-system"], '/'),
        "events" => (&["event-bus"], '/'),
        "iam" => (&["role", "user", "group", "policy"], '/'),
        "s3" => (&["accesspoint"], '/'),
        "lambda" => (&["function", "layer"], ':'),
        "secretsmanager" => (&["secret"], ':'),
        "backup" => (&["backup-vault"], ':'),
        "logs" => (&["log-group"], ':'),
        _ => (&[], '/'),
    };
    let kind = kinds.iter().find_map(|kind| {
        let name = rest.strip_prefix(kind)?.strip_prefix(separator)?;
        Some(format!("{kind}{mark}{name}"))
    });
    let resource = kind.unwrap_or_else(|| rest.to_owned());
    Some(format!(
        "arn:{partition}:{service}:{region}:{account}:{resource}"
    ))
}

/// The account whose number a folder around the file has.
fn folder(path: &str) -> Option<Str> {
    let folders = path.rsplit_once('/')?.0;
    let mut names = folders.rsplit('/');
    names.find(|name| is_account(name)).map(Str::from)
}

#[cfg(test)]
mod tests {
    use super::{respelt, whole};

    #[test]
    fn arns_in_names_of_files() {
        for (stem, arn) in [
            (
                "arn_aws_kms_eu-west-1_111122223333_key_1234abcd-12ab",
                "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab",
            ),
            ("arn.aws.s3...acme-logs", "arn:aws:s3:::acme-logs"),
            (
                "arn_aws_lambda_eu-west-1_111122223333_function_a_b",
                "arn:aws:lambda:eu-west-1:111122223333:function:a_b",
            ),
            (
                "arn:aws:sns:eu-west-1:111122223333:t",
                "arn:aws:sns:eu-west-1:111122223333:t",
            ),
        ] {
            assert_eq!(respelt(stem).as_deref(), Some(arn), "{stem}");
        }
        for other in [
            "arnold",
            "arn_",
            "arn_aws_kms",
            "arn_x_kms_eu-west-1_111122223333_key_a",
            "policy",
        ] {
            assert_eq!(respelt(other), None, "{other}");
        }
    }

    #[test]
    fn parts_belong_to_the_whole() {
        for (part, expected) in [
            ("arn:aws:s3:::b/*", Some("arn:aws:s3:::b")),
            ("arn:aws:s3:::b*", None),
            ("*", None),
            (
                "arn:aws:lambda:r:111122223333:function:f:live",
                Some("arn:aws:lambda:r:111122223333:function:f"),
            ),
            (
                "arn:aws:s3:r:111122223333:accesspoint/p/object/*",
                Some("arn:aws:s3:r:111122223333:accesspoint/p"),
            ),
        ] {
            assert_eq!(whole(part).as_deref(), expected, "{part}");
        }
    }
}
