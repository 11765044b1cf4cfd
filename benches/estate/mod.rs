//! A seeded generator of AWS exports with the truth about them.
//!
//! An estate is so many principals in so many accounts, in the mix that real exports have: users in groups, roles that
//! services, other accounts and OIDC providers are let into, managed and inline policies with a long tail, boundaries,
//! tags, last use. Into it paths are planted that lead to admin rights or to data, and beside each a twin that is
//! closed by a deny or a boundary. Names tell nothing. The same options give the same bytes.
//!
//! What a planted path is, is written down in [`technique`] from the AWS documentation, without a look at the tables
//! of the program that is measured.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing
)]

mod draw;
mod technique;

use draw::Draw;
use std::io::{self, Write};
use technique::{Grant, Technique};

/// What is made.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Users and roles, together.
    pub principals: usize,
    /// Accounts that they are spread over.
    pub accounts: usize,
    /// The same seed gives the same estate.
    pub seed: u64,
    /// Whether policy documents are URL-encoded text, as the API sends them, or objects, as the CLI shows them.
    pub encoded: bool,
    /// Days that the estate is older than the newest one: other principals come and go with time.
    pub age: u64,
}

impl Options {
    /// An estate of a size, as the CLI exports it.
    pub fn of(principals: usize, accounts: usize) -> Self {
        Self {
            principals,
            accounts,
            seed: 1,
            encoded: false,
            age: 0,
        }
    }
}

/// What is true of a planted principal.
#[derive(Clone, Debug)]
pub struct Planted {
    /// Its ARN.
    pub principal: String,
    /// The name of the technique.
    pub technique: &'static str,
    /// `admin` or `data`.
    pub goal: &'static str,
    /// Steps to the goal.
    pub hops: usize,
    /// What closes it: `deny`, `boundary`; `None` when it is open.
    pub closed: Option<&'static str>,
}

/// One in so many principals is planted, half of them closed.
const PLANTED: usize = 40;
/// Principals of an account for each group.
const PER_GROUP: usize = 60;
/// Principals of an account for each customer managed policy.
const PER_POLICY: usize = 8;

/// The accounts of an estate, by id.
pub fn accounts(options: &Options) -> Vec<String> {
    let mut draw = Draw::new(options.seed ^ 0xACC0);
    (0..options.accounts.max(1))
        .map(|_| format!("{:012}", 100_000_000_000 + draw.below(899_999_999_999)))
        .collect()
}

/// Writes the export of one account, and returns what is true of it.
pub fn write_account(
    options: &Options,
    index: usize,
    out: &mut dyn Write,
) -> io::Result<Vec<Planted>> {
    let ids = accounts(options);
    let count = ids.len();
    let size = options.principals / count + usize::from(index < options.principals % count);
    let mut account = Account {
        id: ids[index].clone(),
        other: ids[(index + 1) % count].clone(),
        draw: Draw::new(options.seed.wrapping_mul(7919).wrapping_add(index as u64)),
        encoded: options.encoded,
        age: options.age,
        size,
        policies: Vec::new(),
        groups: Vec::new(),
        truth: Vec::new(),
        roles: Vec::new(),
    };
    account.prepare();
    account.write(out)?;
    Ok(account.truth)
}

/// The truth as JSON.
pub fn truth_json(truth: &[Planted]) -> String {
    let rows: Vec<String> = truth
        .iter()
        .map(|p| {
            let closed = p.closed.map_or("null".to_owned(), |by| format!("\"{by}\""));
            format!(
                "{{\"principal\":\"{}\",\"technique\":\"{}\",\"goal\":\"{}\",\"hops\":{},\"closed\":{closed}}}",
                p.principal, p.technique, p.goal, p.hops
            )
        })
        .collect();
    format!("[\n{}\n]\n", rows.join(",\n"))
}

/// A principal before it is written.
struct Principal {
    user: bool,
    name: String,
    tags: Vec<(&'static str, String)>,
    /// Trust of a role, as JSON.
    trust: String,
    inline: Vec<(String, String)>,
    attached: Vec<String>,
    groups: Vec<String>,
    boundary: Option<String>,
}

struct Account {
    id: String,
    other: String,
    draw: Draw,
    encoded: bool,
    age: u64,
    size: usize,
    /// Customer managed policies: name, document.
    policies: Vec<(String, String)>,
    groups: Vec<(String, Vec<String>)>,
    truth: Vec<Planted>,
    /// Roles that are written after the ordinary ones: admins, links of chains.
    roles: Vec<Principal>,
}

const AWS_MANAGED: [&str; 8] = [
    "ReadOnlyAccess",
    "AmazonS3ReadOnlyAccess",
    "AmazonEC2ReadOnlyAccess",
    "CloudWatchReadOnlyAccess",
    "AmazonDynamoDBReadOnlyAccess",
    "AmazonSQSFullAccess",
    "AWSXRayDaemonWriteAccess",
    "service-role/AWSLambdaBasicExecutionRole",
];
const SERVICES: [&str; 8] = [
    "ec2",
    "lambda",
    "ecs-tasks",
    "states",
    "glue",
    "codebuild",
    "events",
    "firehose",
];
/// Actions that neither lead further nor read secrets; the last ones are rare.
const ACTIONS: [&str; 24] = [
    "s3:GetObject",
    "s3:PutObject",
    "s3:ListBucket",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "sqs:SendMessage",
    "sqs:ReceiveMessage",
    "sns:Publish",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "cloudwatch:PutMetricData",
    "kinesis:PutRecord",
    "kinesis:GetRecords",
    "ec2:DescribeInstances",
    "ec2:DescribeSubnets",
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
    "xray:PutTraceSegments",
    "athena:GetQueryResults",
    "elasticache:DescribeCacheClusters",
    "rds:DescribeDBInstances",
    "route53:ListHostedZones",
    "apigateway:GET",
];

impl Account {
    fn arn(&self, user: bool, name: &str) -> String {
        let kind = if user { "user" } else { "role" };
        format!("arn:aws:iam::{}:{kind}/{name}", self.id)
    }

    fn policy_arn(&self, name: &str) -> String {
        format!("arn:aws:iam::{}:policy/{name}", self.id)
    }

    /// Policies and groups, then what is planted beside the ordinary principals.
    fn prepare(&mut self) {
        for _ in 0..(self.size / PER_POLICY).max(3) {
            let statements = 1 + self.draw.tail(5);
            let document = self.document(statements);
            let name = self.draw.name();
            self.policies.push((name, document));
        }
        for _ in 0..(self.size / PER_GROUP).max(2) {
            let name = self.draw.name();
            let attached = vec![self.some_policy()];
            self.groups.push((name, attached));
        }
    }

    /// A document of ordinary statements.
    fn document(&mut self, statements: usize) -> String {
        let mut parts = Vec::new();
        for _ in 0..statements {
            let first = self.draw.tail(ACTIONS.len() - 1);
            let service = ACTIONS[first].split_once(':').unwrap().0;
            let actions: Vec<String> = ACTIONS
                .iter()
                .filter(|a| a.split_once(':').unwrap().0 == service)
                .take(1 + self.draw.tail(3))
                .map(|a| format!("\"{a}\""))
                .collect();
            let resource = match service {
                "s3" => format!("arn:aws:s3:::{}/*", self.draw.name()),
                "dynamodb" => format!("arn:aws:dynamodb:*:{}:table/{}", self.id, self.draw.name()),
                "sqs" | "sns" => format!(
                    "arn:aws:{service}:eu-west-1:{}:{}",
                    self.id,
                    self.draw.name()
                ),
                _ => "*".to_owned(),
            };
            let condition = if self.draw.below(12) == 0 {
                ",\"Condition\":{\"StringEquals\":{\"aws:RequestedRegion\":\"eu-west-1\"}}"
            } else {
                ""
            };
            parts.push(format!(
                "{{\"Effect\":\"Allow\",\"Action\":[{}],\"Resource\":\"{resource}\"{condition}}}",
                actions.join(",")
            ));
        }
        technique::document(&parts.join(","))
    }

    fn some_policy(&mut self) -> String {
        if self.draw.below(3) == 0 {
            format!(
                "arn:aws:iam::aws:policy/{}",
                AWS_MANAGED[self.draw.tail(AWS_MANAGED.len())]
            )
        } else {
            let index = self.draw.tail(self.policies.len());
            let name = self.policies[index].0.clone();
            self.policy_arn(&name)
        }
    }

    fn trust(&mut self) -> String {
        let (kind, who, action, condition) = match self.draw.below(20) {
            0..=13 => {
                let service = SERVICES[self.draw.tail(SERVICES.len())];
                (
                    "Service",
                    format!("{service}.amazonaws.com"),
                    "sts:AssumeRole",
                    String::new(),
                )
            }
            14..=16 => {
                // Another account that nobody exported.
                let who = format!(
                    "arn:aws:iam::{:012}:root",
                    5_000_000_000 + self.draw.below(999)
                );
                let id = self.draw.name();
                let condition =
                    format!(",\"Condition\":{{\"StringEquals\":{{\"sts:ExternalId\":\"{id}\"}}}}");
                ("AWS", who, "sts:AssumeRole", condition)
            }
            _ => {
                let who = format!(
                    "arn:aws:iam::{}:oidc-provider/token.actions.githubusercontent.com",
                    self.id
                );
                let condition = format!(
                    ",\"Condition\":{{\"StringEquals\":{{\"token.actions.githubusercontent.com:aud\":\"sts.amazonaws.com\",\"token.actions.githubusercontent.com:sub\":\"repo:{}/{}:ref:refs/heads/main\"}}}}",
                    self.draw.name(),
                    self.draw.name()
                );
                ("Federated", who, "sts:AssumeRoleWithWebIdentity", condition)
            }
        };
        technique::trust(kind, &who, action, &condition)
    }

    /// An ordinary principal, whose rights lead nowhere.
    fn ordinary(&mut self, user: bool) -> Principal {
        let name = self.draw.name();
        let mut principal = Principal {
            user,
            name,
            tags: Vec::new(),
            trust: if user { String::new() } else { self.trust() },
            inline: Vec::new(),
            attached: Vec::new(),
            groups: Vec::new(),
            boundary: None,
        };
        for key in ["team", "env", "cost-centre"]
            .into_iter()
            .take(1 + self.draw.below(3) as usize)
        {
            let value = match key {
                "env" => ["prod", "test", "dev"][self.draw.below(3) as usize].to_owned(),
                _ => self.draw.name(),
            };
            principal.tags.push((key, value));
        }
        if user {
            // The first ones: planted groups of admins come behind.
            let index = self.draw.tail((self.size / PER_GROUP).max(2));
            principal.groups.push(self.groups[index].0.clone());
        }
        for _ in 0..1 + self.draw.below(2) {
            let policy = self.some_policy();
            if !principal.attached.contains(&policy) {
                principal.attached.push(policy);
            }
        }
        if !user || self.draw.below(4) == 0 {
            let statements = 1 + self.draw.tail(6);
            let document = self.document(statements);
            principal.inline.push((self.draw.name(), document));
        }
        if self.draw.below(25) == 0 {
            principal.boundary = Some(format!("arn:aws:iam::aws:policy/{}", AWS_MANAGED[0]));
        }
        principal
    }

    /// A planted principal and, after it, the same one closed.
    fn plant(
        &mut self,
        technique: &'static Technique,
        closed: Option<&'static str>,
        out: &mut Vec<Principal>,
    ) {
        let mut principal = self.ordinary(technique.user);
        principal.boundary = None;
        principal.groups.clear();
        let arn = self.arn(principal.user, &principal.name);
        let mut denied = Vec::new();
        for grant in technique.grants {
            self.give(grant, &arn, &mut principal, &mut denied);
        }
        match closed {
            Some("deny") => {
                let actions: Vec<String> =
                    technique.shut.iter().map(|a| format!("\"{a}\"")).collect();
                denied.push(format!(
                    "{{\"Effect\":\"Deny\",\"Action\":[{}],\"Resource\":\"*\"}}",
                    actions.join(",")
                ));
            }
            Some(_) => {
                let name = self.draw.name();
                self.policies.push((
                    name.clone(),
                    technique::document(
                        "{\"Effect\":\"Allow\",\"Action\":[\"s3:ListBucket\",\"sqs:*\",\"sns:Publish\",\"logs:*\"],\"Resource\":\"*\"}",
                    ),
                ));
                principal.boundary = Some(self.policy_arn(&name));
            }
            None => {}
        }
        if !denied.is_empty() {
            let name = self.draw.name();
            principal
                .inline
                .push((name, technique::document(&denied.join(","))));
        }
        self.truth.push(Planted {
            principal: arn,
            technique: technique.name,
            goal: technique.goal,
            hops: technique.hops,
            closed,
        });
        out.push(principal);
    }

    /// Gives a planted principal what its technique needs; what it leads to is made here, too.
    fn give(
        &mut self,
        grant: &Grant,
        arn: &str,
        principal: &mut Principal,
        statements: &mut Vec<String>,
    ) {
        match grant {
            Grant::Actions(actions, on) => {
                let actions: Vec<String> = actions.iter().map(|a| format!("\"{a}\"")).collect();
                let on = match *on {
                    "self" => arn.to_owned(),
                    "*" => "*".to_owned(),
                    "admin-user" => {
                        let mut admin = self.ordinary(true);
                        admin.boundary = None;
                        admin.groups.clear();
                        self.admin(admin, "direct-attached", true)
                    }
                    other => other.to_owned(),
                };
                statements.push(format!(
                    "{{\"Effect\":\"Allow\",\"Action\":[{}],\"Resource\":\"{on}\"}}",
                    actions.join(",")
                ));
            }
            Grant::Attach(policy) => principal
                .attached
                .push(format!("arn:aws:iam::aws:policy/{policy}")),
            Grant::OwnPolicy(actions) => {
                let name = self.draw.name();
                let on = self.policy_arn(&name);
                let document = self.document(1);
                self.policies.push((name, document));
                principal.attached.push(on.clone());
                let actions: Vec<String> = actions.iter().map(|a| format!("\"{a}\"")).collect();
                statements.push(format!(
                    "{{\"Effect\":\"Allow\",\"Action\":[{}],\"Resource\":\"{on}\"}}",
                    actions.join(",")
                ));
            }
            Grant::AdminGroup(actions) => {
                let name = self.draw.name();
                let admin = "arn:aws:iam::aws:policy/AdministratorAccess".to_owned();
                self.groups.push((name.clone(), vec![admin]));
                if actions.is_empty() {
                    principal.groups.push(name);
                } else {
                    let actions: Vec<String> = actions.iter().map(|a| format!("\"{a}\"")).collect();
                    statements.push(format!(
                        "{{\"Effect\":\"Allow\",\"Action\":[{}],\"Resource\":\"arn:aws:iam::{}:group/{name}\"}}",
                        actions.join(","),
                        self.id
                    ));
                }
            }
            Grant::Pass(service, actions) => {
                let mut role = self.ordinary(false);
                role.boundary = None;
                role.trust = technique::trust(
                    "Service",
                    &format!("{service}.amazonaws.com"),
                    "sts:AssumeRole",
                    "",
                );
                let on = self.admin(role, "direct-attached", false);
                let actions: Vec<String> = actions.iter().map(|a| format!("\"{a}\"")).collect();
                statements.push(format!(
                    "{{\"Effect\":\"Allow\",\"Action\":\"iam:PassRole\",\"Resource\":\"{on}\"}},{{\"Effect\":\"Allow\",\"Action\":[{}],\"Resource\":\"*\"}}",
                    actions.join(",")
                ));
            }
            Grant::Chain(links, data) => {
                for link in 0..*links {
                    let mut role = self.ordinary(false);
                    role.boundary = None;
                    // A trust that names a user lets it in whatever its boundary says; one that names the
                    // account leaves it to the rights of who asks.
                    let account = format!("arn:aws:iam::{}:root", self.id);
                    role.trust = technique::trust("AWS", &account, "sts:AssumeRole", "");
                    let to = self.arn(false, &role.name);
                    let step = format!(
                        "{{\"Effect\":\"Allow\",\"Action\":\"sts:AssumeRole\",\"Resource\":\"{to}\"}}"
                    );
                    if link == 0 {
                        statements.push(step);
                    } else {
                        let last = self.roles.last_mut().unwrap();
                        last.inline
                            .push((format!("{}x", last.name), technique::document(&step)));
                    }
                    if link + 1 == *links {
                        if *data {
                            role.inline.push((
                                self.draw.name(),
                                technique::document(
                                    "{\"Effect\":\"Allow\",\"Action\":\"secretsmanager:GetSecretValue\",\"Resource\":\"*\"}",
                                ),
                            ));
                            self.roles.push(role);
                        } else {
                            self.admin(role, "direct-attached", false);
                        }
                    } else {
                        if !*data {
                            self.truth.push(Planted {
                                principal: to.clone(),
                                technique: "link",
                                goal: "admin",
                                hops: links - link - 1,
                                closed: None,
                            });
                        }
                        self.roles.push(role);
                    }
                }
            }
        }
    }

    /// Makes an admin that a path leads to; it is true of it, too.
    fn admin(&mut self, mut principal: Principal, technique: &'static str, user: bool) -> String {
        principal
            .attached
            .push("arn:aws:iam::aws:policy/AdministratorAccess".to_owned());
        let arn = self.arn(user, &principal.name);
        self.truth.push(Planted {
            principal: arn.clone(),
            technique,
            goal: "admin",
            hops: 0,
            closed: None,
        });
        self.roles.push(principal);
        arn
    }

    fn write(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let mut planted = Vec::new();
        // Every technique comes with its closed twins, in turn.
        let turns = [None, Some("deny"), Some("boundary")];
        let wanted = (self.size / PLANTED).max(usize::from(self.size >= 20));
        for number in 0..wanted {
            let start = self.draw.below(u64::MAX / 2) as usize;
            let technique = &technique::ALL[start % technique::ALL.len()];
            self.plant(technique, turns[number % turns.len()], &mut planted);
        }
        planted.append(&mut self.roles);
        let ordinary = self.size.saturating_sub(planted.len());
        let (mut users, mut roles): (Vec<_>, Vec<_>) = planted.into_iter().partition(|p| p.user);
        let more = (self.size / 4).saturating_sub(users.len()).min(ordinary);

        out.write_all(b"{\"UserDetailList\":[")?;
        let mut first = true;
        // Who is older than the newest export has somebody who is not there any more.
        if self.age > 0 {
            let mut gone = self.ordinary(true);
            gone.name = format!("{}-{}", gone.name, self.age);
            users.push(gone);
        }
        for user in users {
            self.principal(user, &mut first, out)?;
        }
        for _ in 0..more {
            let user = self.ordinary(true);
            self.principal(user, &mut first, out)?;
        }
        out.write_all(b"],\"GroupDetailList\":[")?;
        first = true;
        for (name, attached) in std::mem::take(&mut self.groups) {
            comma(&mut first, out)?;
            write!(
                out,
                "{{\"Path\":\"/\",\"GroupName\":\"{name}\",\"GroupId\":\"{}\",\"Arn\":\"arn:aws:iam::{}:group/{name}\",\"CreateDate\":\"{}\",\"GroupPolicyList\":[],\"AttachedManagedPolicies\":[{}]}}",
                self.draw.unique("AGPA"),
                self.id,
                self.draw.date(2000),
                attachments(&attached)
            )?;
        }
        out.write_all(b"],\"RoleDetailList\":[")?;
        first = true;
        for role in std::mem::take(&mut roles) {
            self.principal(role, &mut first, out)?;
        }
        for _ in 0..ordinary - more {
            let role = self.ordinary(false);
            self.principal(role, &mut first, out)?;
        }
        out.write_all(b"],\"Policies\":[")?;
        first = true;
        for (name, document) in std::mem::take(&mut self.policies) {
            comma(&mut first, out)?;
            let versions = 1 + self.draw.tail(4);
            write!(
                out,
                "{{\"PolicyName\":\"{name}\",\"PolicyId\":\"{}\",\"Arn\":\"{}\",\"Path\":\"/\",\"DefaultVersionId\":\"v{versions}\",\"AttachmentCount\":1,\"PermissionsBoundaryUsageCount\":0,\"IsAttachable\":true,\"CreateDate\":\"{}\",\"UpdateDate\":\"{}\",\"PolicyVersionList\":[",
                self.draw.unique("ANPA"),
                self.policy_arn(&name),
                self.draw.date(2000),
                self.draw.date(400),
            )?;
            for version in (1..=versions).rev() {
                if version < versions {
                    out.write_all(b",")?;
                }
                write!(
                    out,
                    "{{\"Document\":{},\"VersionId\":\"v{version}\",\"IsDefaultVersion\":{},\"CreateDate\":\"{}\"}}",
                    self.embedded(&document),
                    version == versions,
                    self.draw.date(2000)
                )?;
            }
            out.write_all(b"]}")?;
        }
        out.write_all(b"],\"IsTruncated\":false}\n")
    }

    fn embedded(&self, document: &str) -> String {
        if !self.encoded {
            return document.to_owned();
        }
        let mut text = String::from("\"");
        for byte in document.bytes() {
            if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
                text.push(char::from(byte));
            } else {
                text.push_str(&format!("%{byte:02X}"));
            }
        }
        text.push('"');
        text
    }

    fn principal(
        &mut self,
        principal: Principal,
        first: &mut bool,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        comma(first, out)?;
        let (kind, prefix) = if principal.user {
            ("User", "AIDA")
        } else {
            ("Role", "AROA")
        };
        write!(
            out,
            "{{\"Path\":\"/\",\"{kind}Name\":\"{name}\",\"{kind}Id\":\"{}\",\"Arn\":\"{}\",\"CreateDate\":\"{}\"",
            self.draw.unique(prefix),
            self.arn(principal.user, &principal.name),
            self.draw.date(2000),
            name = principal.name,
        )?;
        if !principal.user {
            write!(
                out,
                ",\"AssumeRolePolicyDocument\":{},\"InstanceProfileList\":[]",
                self.embedded(&principal.trust)
            )?;
            if self.draw.below(5) == 0 {
                out.write_all(b",\"RoleLastUsed\":{}")?;
            } else {
                write!(
                    out,
                    ",\"RoleLastUsed\":{{\"LastUsedDate\":\"{}\",\"Region\":\"eu-west-1\"}}",
                    self.draw.date(300)
                )?;
            }
        }
        if !principal.inline.is_empty() || !principal.user {
            write!(out, ",\"{kind}PolicyList\":[")?;
            for (index, (name, document)) in principal.inline.iter().enumerate() {
                if index > 0 {
                    out.write_all(b",")?;
                }
                write!(
                    out,
                    "{{\"PolicyName\":\"{name}\",\"PolicyDocument\":{}}}",
                    self.embedded(document)
                )?;
            }
            out.write_all(b"]")?;
        }
        if principal.user {
            let groups: Vec<String> = principal
                .groups
                .iter()
                .map(|g| format!("\"{g}\""))
                .collect();
            write!(out, ",\"GroupList\":[{}]", groups.join(","))?;
        }
        if let Some(boundary) = &principal.boundary {
            write!(
                out,
                ",\"PermissionsBoundary\":{{\"PermissionsBoundaryType\":\"Policy\",\"PermissionsBoundaryArn\":\"{boundary}\"}}"
            )?;
        }
        let tags: Vec<String> = principal
            .tags
            .iter()
            .map(|(key, value)| format!("{{\"Key\":\"{key}\",\"Value\":\"{value}\"}}"))
            .collect();
        write!(
            out,
            ",\"AttachedManagedPolicies\":[{}],\"Tags\":[{}]}}",
            attachments(&principal.attached),
            tags.join(",")
        )
    }
}

fn comma(first: &mut bool, out: &mut dyn Write) -> io::Result<()> {
    if !std::mem::replace(first, false) {
        out.write_all(b",\n")?;
    }
    Ok(())
}

fn attachments(arns: &[String]) -> String {
    let each: Vec<String> = arns
        .iter()
        .map(|arn| {
            let name = arn.rsplit('/').next().unwrap();
            format!("{{\"PolicyName\":\"{name}\",\"PolicyArn\":\"{arn}\"}}")
        })
        .collect();
    each.join(",")
}

/// Whether a report says of a planted principal that it gets to its goal, from its `privilege` there.
pub fn reached(planted: &Planted, privilege: &serde_json::Value) -> bool {
    let has = |list: &str, field: &str, wanted: &str| {
        let items = privilege[list].as_array().into_iter().flatten();
        items.into_iter().any(|item| item[field] == wanted)
    };
    // What runs as another planted role may be there already; that is a guess, and says so.
    let guessed =
        |path: &serde_json::Value| path["missing"].as_array().is_some_and(|m| !m.is_empty());
    let paths = privilege["paths"].as_array();
    let open = |path: &&serde_json::Value| path["goal"] == "admin" && !guessed(path);
    if planted.closed.is_some() && privilege["tier"] == "escalate" {
        return paths.is_none_or(|paths| paths.iter().any(|path| open(&path)));
    }
    match planted.goal {
        "admin" => ["admin", "escalate"].contains(&privilege["tier"].as_str().unwrap_or_default()),
        _ => has("capabilities", "name", "read-secrets") || has("paths", "goal", "data"),
    }
}
