//! A small account, told in a few lines, as an authorization-details export; and what is said of it.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use tenure::model::{
    Certainty, ControlTarget, Credential, CredentialId, CredentialLink, Document, Evidence, Facts,
    Federation, Goal, IdentityId, IdentityProvider, Inventory, Moment, OrgNode, OrgNodeKind,
    Origin, Path, Policy, PolicyId, PolicyKind, Privilege, Tier, Workload,
};
use tenure::reader::Reader;
use tenure::reader::aws_authorization_details::AwsAuthorizationDetails;

/// Principals (`user/a`, `role/t`, `group/g`; `2/role/t` for one of another account) and policies, each with
/// what it holds. `actor` says who is asked about, `user/a` unless said.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    what: Value,
    names: Option<&'static str>,
}

/// What is said of the actor.
pub(crate) struct Verdict {
    pub(crate) tier: Tier,
    pub(crate) certainty: Certainty,
    pub(crate) paths: Vec<Arc<Path>>,
}

impl Account {
    pub(crate) fn new(what: Value) -> Self {
        assert!(what.is_object(), "an account is a table: {what}");
        Self { what, names: None }
    }

    /// The same account with other names and numbers.
    pub(crate) fn renamed(&self) -> Self {
        Self {
            names: Some("zz9-"),
            ..self.clone()
        }
    }

    pub(crate) fn actor(&self) -> &str {
        self.what["actor"].as_str().unwrap_or("user/a")
    }

    pub(crate) fn value(&self) -> &Value {
        &self.what
    }

    /// The account with something changed.
    pub(crate) fn with(&self, change: impl FnOnce(&mut Map<String, Value>)) -> Self {
        let mut other = self.clone();
        change(other.what.as_object_mut().unwrap());
        other
    }

    pub(crate) fn judge(&self) -> Verdict {
        let inventory = self.inventory();
        let answers = tenure::privilege::assess(&inventory);
        let id = IdentityId::from(self.arn(self.actor()));
        let answer: &Privilege = answers.get(&id).unwrap_or_else(|| panic!("no {id}"));
        Verdict {
            tier: answer.tier,
            certainty: answer.certainty,
            paths: answer.paths.clone(),
        }
    }

    fn inventory(&self) -> Inventory {
        let origin = Origin::file("details.json");
        let bytes = self.details().to_string();
        let (mut facts, problems) = AwsAuthorizationDetails.read(&Document {
            origin: &origin,
            bytes: bytes.as_bytes(),
        });
        assert_eq!(problems, [], "{bytes}");
        self.beside(&mut facts, &origin);
        let mut inventory = Inventory::default();
        inventory.absorb(facts);
        tenure::link::link(&mut inventory);
        inventory
    }

    /// What stands in other exports: providers, what runs, keys, control policies.
    fn beside(&self, facts: &mut Facts, origin: &Origin) {
        let evidence = Evidence {
            origin: Arc::new(origin.clone()),
            line: None,
            column: None,
            pointer: None,
            reader: "test",
        };
        for provider in self.what["providers"].as_array().into_iter().flatten() {
            facts.identity_providers.push(IdentityProvider {
                id: self.text(provider).into(),
                account: Some(self.number("1").into()),
                federation: Federation::Saml,
                issuer: None,
                audiences: None,
                created: None,
                expires: Moment::Unknown,
                evidence: evidence.clone(),
            });
        }
        for (thing, role) in self.what["runs"].as_object().into_iter().flatten() {
            facts.workloads.push(Workload {
                id: self.renumbered(thing).into(),
                kind: "function".into(),
                name: "sync".into(),
                runs_as: self.arn(role.as_str().unwrap()).into(),
                automount: None,
                traits: tenure::model::Set::new(),
                evidence: evidence.clone(),
            });
        }
        for (who, what) in self.principals() {
            for n in 0..what["keys"].as_u64().unwrap_or_default() {
                let id = CredentialId::from(format!("aws:access-key:key-{who}-{n}"));
                let mut key = Credential::new(id, "aws-access-key", "aws", "AWS access key");
                key.links.insert(CredentialLink {
                    identity: self.arn(who).into(),
                    basis: "listed".into(),
                    evidence: evidence.clone(),
                });
                key.records.insert(evidence.clone());
                facts.credentials.push(key);
            }
        }
        if let Some(statements) = self.what.get("control") {
            self.control(facts, statements, &evidence);
        }
    }

    /// An organisation in which a control policy is attached to the account.
    fn control(&self, facts: &mut Facts, statements: &Value, evidence: &Evidence) {
        let node = |id: String, kind, parent: Option<&str>| OrgNode {
            id: id.into(),
            kind,
            name: None,
            parent: parent.map(Into::into),
            organization: Some("o-example".into()),
            management: Some(false),
            status: None,
            evidence: evidence.clone(),
        };
        facts
            .org_nodes
            .push(node("r-root".into(), OrgNodeKind::Root, None));
        facts
            .org_nodes
            .push(node(self.number("1"), OrgNodeKind::Account, Some("r-root")));
        let scp = |id: &str, document: Value| {
            // Control policies have the form of IAM policies; the reader of those turns them into rules.
            let origin = Origin::file("control.json");
            let arn = format!("arn:aws:iam::{}:policy/control", self.number("1"));
            let details = json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [],
                "Policies": [{"PolicyName": "control", "Arn": arn, "DefaultVersionId": "v1",
                    "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": true, "Document": document}]}]});
            let bytes = details.to_string();
            let (read, _) = AwsAuthorizationDetails.read(&Document {
                origin: &origin,
                bytes: bytes.as_bytes(),
            });
            let kind = PolicyKind::ServiceControl;
            let mut policy =
                Policy::new(PolicyId::from(id), tenure::model::Platform::Aws, kind, id);
            policy.rules = read.policies[0].rules.clone();
            policy.evidence.insert(evidence.clone());
            policy
        };
        let everything = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
        let full = "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess";
        let own =
            "arn:aws:organizations::999999999999:policy/o-example/service_control_policy/p-own";
        facts.policies.push(scp(full, everything));
        facts.policies.push(scp(own, self.document(statements)));
        let account = self.number("1");
        for (policy, target) in [(full, "r-root"), (full, &*account), (own, &*account)] {
            facts.control_targets.push(ControlTarget {
                policy: policy.into(),
                target: target.into(),
                evidence: evidence.clone(),
            });
        }
    }

    fn principals(&self) -> impl Iterator<Item = (&String, &Value)> {
        let all = self.what.as_object().unwrap().iter();
        all.filter(|(name, _)| name.contains('/'))
    }

    fn details(&self) -> Value {
        let mut lists: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        for (who, what) in self.principals() {
            let local = who
                .trim_start_matches(|c: char| c.is_ascii_digit())
                .trim_start_matches('/');
            let arn = self.arn(who);
            let name = arn.rsplit('/').next().unwrap().to_owned();
            let mut record = Map::new();
            record.insert("Arn".into(), arn.into());
            record.insert("Path".into(), "/".into());
            record.insert("CreateDate".into(), "2024-01-01T00:00:00Z".into());
            let (list, kind) = match local.split('/').next().unwrap() {
                "user" => ("UserDetailList", "User"),
                "role" => ("RoleDetailList", "Role"),
                "group" => ("GroupDetailList", "Group"),
                _ => {
                    self.policy(name, what, &mut record);
                    lists.entry("Policies").or_default().push(record.into());
                    continue;
                }
            };
            record.insert(
                format!("{kind}Id"),
                format!("ID{}", who.replace('/', "")).into(),
            );
            record.insert(format!("{kind}Name"), name.into());
            if what.get("allow").is_some() || what.get("deny").is_some() {
                let inline = json!([{"PolicyName": "own", "PolicyDocument": self.document(what)}]);
                record.insert(format!("{kind}PolicyList"), inline);
            }
            let mut attached: Vec<Value> = what["attached"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|p| json!({"PolicyName": "p", "PolicyArn": self.text(p)}))
                .collect();
            if what["admin"] == true {
                attached.push(json!({"PolicyName": "AdministratorAccess", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}));
            }
            record.insert("AttachedManagedPolicies".into(), attached.into());
            if let Some(groups) = what["groups"].as_array() {
                let names = groups
                    .iter()
                    .map(|g| self.name(g.as_str().unwrap()).into())
                    .collect();
                record.insert("GroupList".into(), Value::Array(names));
            }
            if let Some(tags) = what["tags"].as_object() {
                let tags = tags.iter().map(|(k, v)| json!({"Key": k, "Value": v}));
                record.insert("Tags".into(), tags.collect());
            }
            if let Some(cap) = what.get("boundary") {
                record.insert("PermissionsBoundary".into(), json!({"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": self.text(cap)}));
            }
            if let Some(trusts) = what["trusts"].as_array() {
                let statements: Vec<Value> = trusts.iter().map(|t| self.trust(who, t)).collect();
                record.insert(
                    "AssumeRolePolicyDocument".into(),
                    json!({"Version": "2012-10-17", "Statement": statements}),
                );
            }
            lists.entry(list).or_default().push(record.into());
        }
        let mut details = Map::new();
        for list in [
            "UserDetailList",
            "GroupDetailList",
            "RoleDetailList",
            "Policies",
        ] {
            details.insert(list.into(), lists.remove(list).unwrap_or_default().into());
        }
        details.insert("IsTruncated".into(), false.into());
        details.into()
    }

    fn policy(&self, name: String, what: &Value, record: &mut Map<String, Value>) {
        let version = |id: &str, document: Value, default: bool| json!({"VersionId": id, "IsDefaultVersion": default, "Document": document, "CreateDate": "2024-01-01T00:00:00Z"});
        let mut versions = vec![version("v9", self.document(what), true)];
        for (id, old) in what["versions"].as_object().into_iter().flatten() {
            versions.push(version(id, self.document(old), false));
        }
        record.insert("PolicyName".into(), name.into());
        record.insert("DefaultVersionId".into(), "v9".into());
        record.insert("PolicyVersionList".into(), versions.into());
    }

    fn document(&self, what: &Value) -> Value {
        let mut statements = Vec::new();
        for (effect, list) in [("Allow", "allow"), ("Deny", "deny")] {
            for (index, s) in what[list].as_array().into_iter().flatten().enumerate() {
                let mut statement = Map::new();
                statement.insert("Sid".into(), format!("{effect}{index}").into());
                statement.insert("Effect".into(), effect.into());
                for (from, to) in [("do", "Action"), ("not_do", "NotAction")] {
                    if let Some(actions) = s.get(from) {
                        statement.insert(to.into(), actions.clone());
                    }
                }
                match s.get("not_on") {
                    Some(not) => statement.insert("NotResource".into(), self.text(not).into()),
                    None => {
                        let on = s
                            .get("on")
                            .map_or_else(|| "*".to_owned(), |on| self.text(on));
                        statement.insert("Resource".into(), on.into())
                    }
                };
                if let Some(condition) = s.get("if") {
                    statement.insert("Condition".into(), condition.clone());
                }
                statements.push(Value::Object(statement));
            }
        }
        json!({"Version": "2012-10-17", "Statement": statements})
    }

    fn trust(&self, role: &str, trust: &Value) -> Value {
        let who = trust.as_str().or_else(|| trust["who"].as_str());
        let home = role
            .split('/')
            .next()
            .filter(|n| n.chars().all(|c| c.is_ascii_digit()));
        let home = home.unwrap_or("1");
        let action = trust["action"].as_str().unwrap_or("sts:AssumeRole");
        let principal = match (who, trust["provider"].as_str()) {
            (_, Some(provider)) => json!({"Federated": self.renumbered(provider)}),
            (Some(service), _) if service.ends_with(".amazonaws.com") => {
                json!({"Service": service})
            }
            (Some("account"), _) => {
                json!({"AWS": format!("arn:aws:iam::{}:root", self.number(home))})
            }
            (Some(other), _) if other.ends_with("/account") => {
                json!({"AWS": format!("arn:aws:iam::{}:root", self.number(other.split('/').next().unwrap()))})
            }
            (Some(other), _) => json!({"AWS": self.arn(other)}),
            _ => panic!("no trust: {trust}"),
        };
        let mut statement = json!({"Effect": "Allow", "Principal": principal, "Action": action});
        if let Some(condition) = trust.get("if") {
            statement["Condition"] = condition.clone();
        }
        statement
    }

    fn number(&self, account: &str) -> String {
        let digit = if self.names.is_some() {
            (account.parse::<u8>().unwrap() + 5).to_string()
        } else {
            account.to_owned()
        };
        digit.repeat(12)
    }

    fn name(&self, name: &str) -> String {
        match self.names {
            Some(prefix) if !name.starts_with("AWS") => format!("{prefix}{name}"),
            _ => name.to_owned(),
        }
    }

    fn renumbered(&self, arn: &str) -> String {
        arn.replace("111111111111", &self.number("1"))
    }

    fn text(&self, value: &Value) -> String {
        self.arn(value.as_str().unwrap())
    }

    /// The ARN of `role/t`, `2/role/t`; anything else as it is.
    pub(crate) fn arn(&self, who: &str) -> String {
        let (account, local) = match who.split_once('/') {
            Some((n, rest)) if !n.is_empty() && n.chars().all(|c| c.is_ascii_digit()) => (n, rest),
            _ => ("1", who),
        };
        let kinds = ["user/", "role/", "group/", "policy/"];
        if !kinds.iter().any(|kind| local.starts_with(kind)) {
            return self.renumbered(who);
        }
        let (path, name) = local.rsplit_once('/').unwrap();
        format!(
            "arn:aws:iam::{}:{path}/{}",
            self.number(account),
            self.name(name)
        )
    }
}

impl Verdict {
    /// Whether a path is listed under this number.
    pub(crate) fn names(&self, id: &str) -> bool {
        let mut paths = self.paths.iter();
        paths.any(|p| &*p.rule == id || p.also.iter().any(|a| &**a == id))
    }

    /// Whether it is said to get further than its own rights.
    pub(crate) fn flagged(&self) -> bool {
        self.tier >= Tier::Escalate || !self.paths.is_empty()
    }

    /// All of it that names have no part in.
    #[allow(
        clippy::type_complexity,
        reason = "a shape is compared, never taken apart"
    )]
    pub(crate) fn shape(&self) -> (Tier, Certainty, Vec<(Goal, Certainty, String, usize)>) {
        let paths = self.paths.iter().map(|p| {
            (
                p.goal,
                p.certainty,
                format!("{} {:?}", p.rule, p.also),
                p.hops.len(),
            )
        });
        (self.tier, self.certainty, paths.collect())
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.tier.as_str(), self.certainty.as_str())?;
        for p in &self.paths {
            let hops: Vec<&str> = p.hops.iter().map(|h| &*h.what).collect();
            write!(
                f,
                "\n    {} {:?} to {} {} on {}: {} | {:?} {:?}",
                p.rule,
                p.also,
                p.goal.as_str(),
                p.certainty.as_str(),
                p.subject,
                hops.join(" → "),
                p.conditions,
                p.missing
            )?;
        }
        Ok(())
    }
}
