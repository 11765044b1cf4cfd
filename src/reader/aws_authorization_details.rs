//! IAM account authorization details (`aws iam get-account-authorization-details`): users, groups, roles
//! and policies with their documents.

mod place;

use super::Reader;
use super::aws_instance_profiles::Profile;
use super::aws_json::{Date, Item, TRUNCATED, pages, pages_of_stream, utf8};
use crate::model::{
    Document, Effect, Entitlement, EntitlementRole, Evidence, Facts, IamRule, Identity, IdentityId,
    IdentityKind, Label, LabelSource, Matcher, Membership, Moment, Platform, Policy, PolicyId,
    PolicyKind, Presence, Probe, Problem, ProblemKind, Rule, RuleBody, Scope, Str, Trust,
    TrustPrincipal,
};
use crate::platform::aws::arn::{Arn, is_account};
use crate::platform::aws::policy::{self, Principal, Selection, Statement};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::{HashMap, HashSet};
use std::io::Read;

const NAME: &str = "aws-authorization-details";
const LISTS: [&str; 4] = [
    "UserDetailList",
    "GroupDetailList",
    "RoleDetailList",
    "Policies",
];

/// Reads authorization details.
pub struct AwsAuthorizationDetails;

impl Reader for AwsAuthorizationDetails {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        let head = utf8(probe.head);
        let has = |text: &str| memchr::memmem::find(&head, text.as_bytes()).is_some();
        matches!(head.trim_ascii_start().first(), Some(b'{' | b'['))
            && (has("\"UserDetailList\"")
                || has("\"GroupDetailList\"")
                || has("\"RoleDetailList\"")
                || has("\"Policies\"") && has("\"PolicyVersionList\""))
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut facts = Facts::default();
        let problems = self.read_in_parts(document, None, &mut |part| facts.append(part));
        (facts, problems)
    }

    fn streams(&self) -> bool {
        true
    }

    fn read_in_parts(
        &self,
        document: &Document<'_>,
        rest: Option<&mut dyn Read>,
        facts: &mut dyn FnMut(Facts),
    ) -> Vec<Problem> {
        let mut export = Export {
            document,
            facts: Facts::default(),
            problems: Vec::new(),
            groups: HashMap::new(),
            members: Vec::new(),
            truncated: false,
            known: HashSet::new(),
        };
        let bytes = utf8(document.bytes);
        let mut truncated = None;
        let (mut read, mut met) = (0, 0_usize);
        let mut handle = |item: Item<'_>| match item {
            Item::Element { list, raw, pointer } => {
                export.element(list, raw, &pointer);
                met += 1;
                if met.is_multiple_of(PART) {
                    let part = std::mem::take(&mut export.facts);
                    read += part.len();
                    facts(part);
                }
            }
            Item::NotAList { pointer } => export.malformed(&pointer, "not a list"),
            Item::Member { key, raw } => {
                if key == TRUNCATED {
                    truncated = Some(raw.get() == "true");
                }
            }
            Item::PageEnd => export.truncated = truncated.take().unwrap_or_default(),
        };
        let end = match rest {
            None => pages(&bytes, &LISTS, &mut handle),
            Some(rest) => pages_of_stream(&bytes, rest, &LISTS, &mut handle),
        };
        if let Err(stop) = end {
            let read = read + export.facts.len();
            export.problems.push(Problem {
                line: Some(stop.line),
                column: Some(stop.column),
                ..export.problem(
                    ProblemKind::Malformed,
                    format!("{}; {read} facts before it were kept", stop.message),
                )
            });
        } else if export.truncated {
            let problem = export.problem(
                ProblemKind::Note,
                "the export says that more pages exist after its last one (IsTruncated)".to_owned(),
            );
            export.problems.push(problem);
        }
        let (part, problems) = export.finish();
        facts(part);
        problems
    }
}

/// So many texts are shared.
const MAX_KNOWN: usize = 65_536;

/// Facts of so many records are handed over together.
const PART: usize = 512;

/// A file while it is being read.
struct Export<'a> {
    document: &'a Document<'a>,
    facts: Facts,
    problems: Vec<Problem>,
    /// Group ARNs by account and name, for users name their groups only.
    groups: HashMap<(Str, Str), Str>,
    /// User, account prefix of the ARN, group name and evidence.
    members: Vec<(IdentityId, Str, Str, Evidence)>,
    truncated: bool,
    /// Texts that many records have in common.
    known: HashSet<Str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Record {
    arn: String,
    #[serde(alias = "UserName", alias = "RoleName", alias = "GroupName")]
    name: Option<String>,
    #[serde(alias = "UserId", alias = "RoleId", alias = "GroupId")]
    id: Option<String>,
    create_date: Option<Date>,
    #[serde(
        alias = "UserPolicyList",
        alias = "RolePolicyList",
        alias = "GroupPolicyList"
    )]
    inline: Option<Vec<Inline>>,
    group_list: Option<Vec<String>>,
    attached_managed_policies: Option<Vec<Attached>>,
    permissions_boundary: Option<Boundary>,
    tags: Option<Vec<Tag>>,
    assume_role_policy_document: Option<Value>,
    role_last_used: Option<LastUsed>,
    instance_profile_list: Option<Vec<Profile>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inline {
    policy_name: Option<String>,
    policy_document: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attached {
    policy_name: Option<String>,
    policy_arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Boundary {
    permissions_boundary_arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    key: String,
    value: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LastUsed {
    last_used_date: Option<Date>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Managed {
    arn: String,
    policy_name: Option<String>,
    default_version_id: Option<String>,
    create_date: Option<Date>,
    update_date: Option<Date>,
    policy_version_list: Option<Vec<Version>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    document: Option<Value>,
    version_id: Option<String>,
    is_default_version: Option<bool>,
}

impl Export<'_> {
    fn problem(&self, kind: ProblemKind, message: String) -> Problem {
        Problem {
            path: self.document.origin.path.clone(),
            line: None,
            column: None,
            kind,
            reader: NAME,
            message: message.into(),
        }
    }

    fn malformed(&mut self, pointer: &str, message: &str) {
        let problem = self.problem(ProblemKind::Malformed, format!("{pointer}: {message}"));
        self.problems.push(problem);
    }

    fn at(&self, pointer: impl AsRef<str>) -> Evidence {
        self.document.at_record(NAME, place::of(pointer.as_ref()))
    }

    /// The same text for the same words: names of actions, keys of tags, ids of accounts.
    fn shared(&mut self, text: &str) -> Str {
        if let Some(known) = self.known.get(text) {
            return known.clone();
        }
        let text = Str::from(text);
        // What is hostile repeats nothing, and is not to be held twice.
        if self.known.len() < MAX_KNOWN {
            self.known.insert(text.clone());
        }
        text
    }

    fn element(&mut self, list: &str, raw: &RawValue, pointer: &str) {
        if list == "Policies" {
            match serde_json::from_str::<Managed>(raw.get()) {
                Ok(managed) => self.managed(managed, pointer),
                Err(_) => self.malformed(pointer, "not a policy record; left out"),
            }
            return;
        }
        let Ok(record) = serde_json::from_str::<Record>(raw.get()) else {
            return self.malformed(pointer, "not a user, group or role record; left out");
        };
        let Some(account) = Arn::parse(&record.arn).and_then(|arn| arn.customer()) else {
            return self.malformed(pointer, "record without a usable ARN; left out");
        };
        let account: Str = account.into();
        let account = self.shared(&account);
        self.source(&account);
        match list {
            "UserDetailList" => self.user(&record, &account, pointer),
            "RoleDetailList" => {
                self.role(&record, &account, pointer);
                let profiles = record.instance_profile_list.iter().flatten();
                let evidence = self.at(format!("{pointer}/InstanceProfileList"));
                let workloads = profiles.flat_map(|profile| profile.workloads(&evidence));
                self.facts.workloads.extend(workloads);
            }
            _ => {
                let name = record.name();
                self.groups
                    .insert((account.clone(), name), record.arn.as_str().into());
            }
        }
        self.holdings(&record, list, &account, pointer);
    }

    fn source(&mut self, account: &Str) {
        let last = self.facts.sources.last();
        if last.is_none_or(|(_, last)| last != account) {
            let name = self.shared(NAME);
            self.facts.sources.push((name, account.clone()));
        }
    }

    fn user(&mut self, record: &Record, account: &Str, pointer: &str) {
        let identity = self.identity(record, IdentityKind::AwsUser, account, pointer);
        let root = record.arn.split(":user/").next().unwrap_or_default();
        for name in record.group_list.iter().flatten() {
            self.members.push((
                identity.id.clone(),
                root.into(),
                name.as_str().into(),
                self.at(format!("{pointer}/GroupList")),
            ));
        }
        self.facts.identities.push(identity);
    }

    fn role(&mut self, record: &Record, account: &Str, pointer: &str) {
        let mut identity = self.identity(record, IdentityKind::AwsRole, account, pointer);
        if let Some(used) = &record.role_last_used {
            // An empty record says that nobody assumed the role in the 400 days IAM looks back.
            identity.last_used = match used.last_used_date.and_then(|date| date.0) {
                Some(time) => Moment::At(time),
                None if used.last_used_date.is_none() => Moment::Never,
                None => Moment::Unknown,
            };
        }
        // Paths that IAM keeps for itself: nobody else can make a role there.
        if record.arn.contains(":role/aws-service-role/") {
            identity.provider_managed = Some("service-linked role".into());
        } else if record.arn.contains(":role/aws-reserved/") {
            identity.provider_managed = Some("Identity Center permission-set role".into());
        }
        for profile in record.instance_profile_list.iter().flatten() {
            let name = profile.instance_profile_name.as_deref();
            identity
                .serves
                .extend(name.map(|name| format!("ec2:{name}").into()));
        }
        let trusts = match &record.assume_role_policy_document {
            None | Some(Value::Null) => Vec::new(),
            Some(value) => self.trusts(
                &identity.id,
                account,
                value,
                &format!("{pointer}/AssumeRolePolicyDocument"),
            ),
        };
        self.facts.trusts.extend(trusts);
        self.facts.identities.push(identity);
    }

    fn identity(
        &mut self,
        record: &Record,
        kind: IdentityKind,
        account: &Str,
        pointer: &str,
    ) -> Identity {
        let evidence = self.at(pointer);
        let id = IdentityId::from(record.arn.as_str());
        let mut identity = Identity::new(id, Platform::Aws, kind, record.name());
        identity.account = Some(account.clone());
        identity.presence.insert(Presence::Observed);
        identity.created = record.create_date.and_then(|date| date.0);
        identity.aliases.extend(record.id.as_deref().map(Str::from));
        for tag in record.tags.iter().flatten() {
            identity.labels.insert(Label {
                source: LabelSource::Tag,
                key: self.shared(&tag.key),
                value: self.shared(tag.value.as_deref().unwrap_or_default()),
                evidence: evidence.clone(),
            });
        }
        identity.evidence.insert(evidence);
        identity
    }

    /// The policies that a user, group or role holds.
    fn holdings(&mut self, record: &Record, list: &str, account: &Str, pointer: &str) {
        let principal = IdentityId::from(record.arn.as_str());
        let scope = Scope::Account(account.clone());
        let field = list.replace("DetailList", "PolicyList");
        for (index, inline) in record.inline.iter().flatten().enumerate() {
            let pointer = format!("{pointer}/{field}/{index}");
            let name = inline.policy_name.as_deref().unwrap_or_default();
            let Some(value) = &inline.policy_document else {
                self.malformed(&pointer, "inline policy without a document");
                continue;
            };
            let id = PolicyId::from(format!("{principal}#inline/{name}"));
            let mut policy = Policy::new(id.clone(), Platform::Aws, PolicyKind::IamInline, name);
            policy.account = Some(account.clone());
            policy.evidence.insert(self.at(pointer.as_str()));
            // One that could not be read stays unresolved, which is told apart from one without rules.
            if let Some(rules) = self.rules(value, &format!("{pointer}/PolicyDocument")) {
                policy.rules = rules.into_iter().collect();
                self.facts.policies.push(policy);
            }
            let entitlement = Entitlement {
                principal: principal.clone(),
                policy: id,
                scope: scope.clone(),
                role: EntitlementRole::Grant,
                via: self.shared("inline"),
                evidence: self.at(pointer),
            };
            self.facts.entitlements.push(entitlement);
        }
        for (index, attached) in record
            .attached_managed_policies
            .iter()
            .flatten()
            .enumerate()
        {
            let pointer = format!("{pointer}/AttachedManagedPolicies/{index}");
            let Some(arn) = attached.policy_arn.as_deref() else {
                let name = attached.policy_name.is_some();
                self.malformed(
                    &pointer,
                    if name {
                        "attached policy without an ARN"
                    } else {
                        "not an attached policy"
                    },
                );
                continue;
            };
            let entitlement = Entitlement {
                principal: principal.clone(),
                policy: PolicyId(self.shared(arn)),
                scope: scope.clone(),
                role: EntitlementRole::Grant,
                via: self.shared("attached"),
                evidence: self.at(pointer),
            };
            self.facts.entitlements.push(entitlement);
        }
        let boundary = record.permissions_boundary.as_ref();
        if let Some(arn) = boundary.and_then(|b| b.permissions_boundary_arn.as_deref()) {
            let entitlement = Entitlement {
                principal,
                policy: PolicyId(self.shared(arn)),
                scope,
                role: EntitlementRole::Boundary,
                via: self.shared("permissions boundary"),
                evidence: self.at(format!("{pointer}/PermissionsBoundary")),
            };
            self.facts.entitlements.push(entitlement);
        }
    }

    /// A managed policy with its default version's document; other versions have no effect until made the default.
    fn managed(&mut self, managed: Managed, pointer: &str) {
        let account = Arn::parse(&managed.arn).and_then(|arn| arn.customer());
        if let Some(account) = account {
            let account = self.shared(account);
            self.source(&account);
        }
        let name = managed
            .policy_name
            .as_deref()
            .unwrap_or_else(|| managed.arn.rsplit('/').next().unwrap_or_default());
        let mut policy = Policy::new(
            managed.arn.as_str().into(),
            Platform::Aws,
            PolicyKind::IamManaged,
            name,
        );
        policy.account = account.map(Str::from);
        let date = |date: Option<Date>| date.and_then(|date| date.0);
        policy.as_of = date(managed.update_date).max(date(managed.create_date));
        let versions = managed.policy_version_list.unwrap_or_default();
        let default = versions
            .iter()
            .position(|v| v.is_default_version == Some(true))
            .or_else(|| {
                let wanted = managed.default_version_id.as_ref()?;
                versions
                    .iter()
                    .position(|v| v.version_id.as_ref() == Some(wanted))
            });
        let document = default.and_then(|i| Some((i, versions.get(i)?.document.as_ref()?)));
        let Some((index, document)) = document else {
            // Without its document the policy stays unresolved, which is told apart from one without rules.
            return self.malformed(
                pointer,
                "managed policy without its default version's document",
            );
        };
        policy.evidence.insert(self.at(pointer));
        let place = format!("{pointer}/PolicyVersionList/{index}/Document");
        let Some(rules) = self.rules(document, &place) else {
            return;
        };
        policy.rules = rules.into_iter().collect();
        let version = |v: &Version| v.version_id.as_deref().map(Str::from);
        policy.version = versions.get(index).and_then(version);
        // AWS's own policies have one version that its customers can choose.
        let others = versions.iter().enumerate().filter(|(i, _)| *i != index);
        for (index, other) in others.filter(|_| account.is_some()) {
            if let (Some(version), Some(document)) = (version(other), &other.document) {
                let place = format!("{pointer}/PolicyVersionList/{index}/Document");
                if let Some(rules) = self.rules(document, &place) {
                    policy.dormant.insert(version, rules.into_iter().collect());
                }
            }
        }
        self.facts.policies.push(policy);
    }

    /// The statements of a document with its version; `None` when it cannot be read at all.
    fn statements(
        &mut self,
        value: &Value,
        pointer: &str,
    ) -> Option<(Option<Str>, Vec<Statement>)> {
        let Some(value) = policy::embedded(value) else {
            self.malformed(
                pointer,
                "policy document is neither JSON nor URL-encoded JSON",
            );
            return None;
        };
        let (document, problems) = policy::document(&value);
        for (place, message) in problems {
            self.malformed(&format!("{pointer}{place}"), message);
        }
        let version = document.version.map(|v| self.shared(&v));
        policy::is_of_size(&value).then_some((version, document.statements))
    }

    fn rules(&mut self, value: &Value, pointer: &str) -> Option<Vec<Rule>> {
        let (version, statements) = self.statements(value, pointer)?;
        let mut rules = Vec::new();
        for statement in statements {
            let pointer = format!("{pointer}/Statement/{}", statement.index);
            let Some(resources) = &statement.resources else {
                self.malformed(&pointer, "statement has no Resource");
                continue;
            };
            rules.push(Rule {
                effect: effect(&statement),
                body: RuleBody::Iam(IamRule {
                    actions: self.matcher(&statement.actions),
                    resources: self.matcher(resources),
                    condition: statement.condition.as_deref().map(|c| self.shared(c)),
                    version: version.clone(),
                }),
                label: self.shared(&statement.label()),
                evidence: self.at(pointer),
            });
        }
        Some(rules)
    }

    fn matcher(&mut self, selection: &Selection) -> Matcher {
        let patterns = selection.patterns.iter();
        let patterns = patterns.map(|pattern| self.shared(pattern)).collect();
        if selection.negated {
            Matcher::NotIn(patterns)
        } else {
            Matcher::In(patterns)
        }
    }

    fn trusts(
        &mut self,
        target: &IdentityId,
        account: &Str,
        value: &Value,
        pointer: &str,
    ) -> Vec<Trust> {
        let Some((_, statements)) = self.statements(value, pointer) else {
            return Vec::new();
        };
        let mut trusts = Vec::new();
        for statement in statements {
            let evidence = self.at(format!("{pointer}/Statement/{}", statement.index));
            let not = statement.actions.negated;
            let actions = statement.actions.patterns.iter();
            let actions: Vec<Str> = actions
                .map(|a| {
                    if not {
                        self.shared(&format!("not {a}"))
                    } else {
                        self.shared(a)
                    }
                })
                .collect();
            // Once for all principals, of whom there can be many.
            let condition = statement.condition.as_deref().map(|c| self.shared(c));
            let keys = statement.condition_keys.iter();
            let condition_keys: Vec<Str> = keys.map(|key| self.shared(key)).collect();
            let outsiders = statement.not_principals.iter().map(|p| {
                let text = format!("not {}:{}", p.kind, p.value);
                TrustPrincipal::Other(text.into())
            });
            for principal in statement.principals.iter().map(trusted).chain(outsiders) {
                trusts.push(Trust {
                    target: target.clone(),
                    cross_account: crosses(&principal, account),
                    inside_organization: None,
                    grade: None,
                    principal,
                    effect: effect(&statement),
                    actions: actions.clone(),
                    condition: condition.clone(),
                    condition_keys: condition_keys.clone(),
                    label: self.shared(&statement.label()),
                    evidence: evidence.clone(),
                });
            }
        }
        trusts
    }

    fn finish(mut self) -> (Facts, Vec<Problem>) {
        for (member, root, name, evidence) in self.members {
            let account = Arn::parse(&member.0).map(|arn| Str::from(arn.account));
            let group = account
                .and_then(|account| self.groups.get(&(account, name.clone())).cloned())
                .unwrap_or_else(|| format!("{root}:group/{name}").into());
            self.facts.memberships.push(Membership {
                member,
                group: IdentityId(group),
                evidence,
            });
        }
        self.facts.sources.sort();
        self.facts.sources.dedup();
        (self.facts, self.problems)
    }
}

impl Record {
    fn name(&self) -> Str {
        match &self.name {
            Some(name) => name.as_str().into(),
            None => self.arn.rsplit('/').next().unwrap_or_default().into(),
        }
    }
}

fn effect(statement: &Statement) -> Effect {
    if statement.allow {
        Effect::Allow
    } else {
        Effect::Deny
    }
}

/// What a principal of a trust policy means.
fn trusted(principal: &Principal) -> TrustPrincipal {
    let value = principal.value.as_str();
    let text: Str = value.into();
    match principal.kind.as_str() {
        "*" => TrustPrincipal::Anyone,
        "AWS" if value == "*" => TrustPrincipal::Anyone,
        "AWS" if is_account(value) => TrustPrincipal::Account(text),
        "AWS" => match Arn::parse(value) {
            Some(arn) if arn.resource == "root" && arn.customer().is_some() => {
                TrustPrincipal::Account(arn.account.into())
            }
            _ => TrustPrincipal::Principal(text),
        },
        "Service" => TrustPrincipal::Service(text),
        "Federated" => TrustPrincipal::Federated(text),
        kind => TrustPrincipal::Other(format!("{kind}:{value}").into()),
    }
}

/// Whether a principal is of another account than the role it is let into.
fn crosses(principal: &TrustPrincipal, account: &str) -> Option<bool> {
    match principal {
        TrustPrincipal::Anyone => Some(true),
        TrustPrincipal::Account(id) => Some(&**id != account),
        TrustPrincipal::Principal(id) | TrustPrincipal::Federated(id) => {
            Some(Arn::parse(id)?.customer()? != account)
        }
        TrustPrincipal::Service(_) => Some(false),
        TrustPrincipal::Other(_) => None,
    }
}
