//! Identity Center (`aws sso-admin …`) and its directory (`aws identitystore …`): permission sets, what they
//! hold, who is assigned them where, and the names of users and groups.
//!
//! Some answers do not say which permission set was asked about; it is then taken from a member beside the
//! answer (`PermissionSetArn`) or from the file's or folder's name (`ps-…`).

use super::Reader;
use super::aws_answer::Head;
use super::aws_json::{Item, pages, utf8};
use super::aws_policy_rules::Context;
use crate::model::{
    Assignment, DirectoryEntry, Document, Entitlement, EntitlementRole, Evidence, Facts,
    IdentityId, Membership, Owner, PermissionSet, Person, Platform, Policy, PolicyId, PolicyKind,
    Probe, Problem, ProblemKind, Scope, Str,
};
use crate::platform::aws::arn::is_account;
use crate::platform::aws::organization::named;
use crate::platform::aws::single_sign_on::{is_permission_set, permission_set_id};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

const NAME: &str = "aws-identity-center";
const LISTS: [&str; 8] = [
    "Instances",
    "PermissionSets",
    "AttachedManagedPolicies",
    "CustomerManagedPolicyReferences",
    "AccountAssignments",
    "Users",
    "Groups",
    "GroupMemberships",
];

/// Reads what the APIs of Identity Center and its directory answer.
pub struct AwsIdentityCenter;

impl Reader for AwsIdentityCenter {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        let head = utf8(probe.head);
        if !matches!(head.trim_ascii_start().first(), Some(b'{' | b'[')) {
            return false;
        }
        let has = |text: &str| memchr::memmem::find(&head, text.as_bytes()).is_some();
        if has("DetailList\"") {
            return false;
        }
        let any = |texts: &[&str]| texts.iter().any(|text| has(text));
        let telling = [
            "\"AccountAssignments\"",
            "\"CustomerManagedPolicyReferences\"",
            "\"PermissionSetArn\"",
            "\"InlinePolicy\"",
            "\"GroupMemberships\"",
        ];
        // Schemas and models of the service have the same keys, with an object as the value.
        let told = || {
            Head::of(probe, &telling).is_some_and(|keys| {
                let begins = |name: &str, with: &'static [u8]| {
                    keys.begins(name, 7, &|value| value.starts_with(with))
                };
                begins("AccountAssignments", b"[")
                    || begins("CustomerManagedPolicyReferences", b"[")
                    || begins("PermissionSetArn", b"\"arn:")
                    || begins("InlinePolicy", b"\"")
                    || keys.under(Some(&["InlinePolicy"]), &["Statement"], 7)
                    || begins("GroupMemberships", b"[")
            })
        };
        told()
            || has("\"PermissionSets\"") && has(":sso:::")
            || any(&["\"Instances\"", "\"InstanceArn\""]) && has(":sso:::instance/")
            || has("\"IdentityStoreId\"")
                && any(&["\"Users\"", "\"Groups\"", "\"UserId\"", "\"GroupId\""])
            || has("\"AttachedManagedPolicies\"") && !has("\"PolicyArn\"")
            || has("\"PermissionsBoundary\"")
                && any(&["\"ManagedPolicyArn\"", "\"CustomerManagedPolicyReference\""])
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut export = Export {
            at: Context {
                document,
                reader: NAME,
            },
            facts: Facts::default(),
            problems: Vec::new(),
        };
        let bytes = utf8(document.bytes);
        let mut page = Page::default();
        let end = pages(&bytes, &LISTS, &mut |item| match item {
            Item::Element { list, raw, pointer } => export.element(&mut page, list, raw, pointer),
            Item::NotAList { pointer } => export.malformed(&pointer, "not a list"),
            Item::Member { key, raw } => export.member(&mut page, key, raw),
            Item::PageEnd => export.page(std::mem::take(&mut page)),
        });
        if let Err(stop) = end {
            export.page(page);
            let message = format!("{}; what stands before it was kept", stop.message);
            export.problems.push(Problem {
                line: Some(stop.line),
                column: Some(stop.column),
                ..export.at.problem(ProblemKind::Malformed, message)
            });
        }
        (export.facts, export.problems)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Described {
    permission_set_arn: String,
    name: Option<String>,
    session_duration: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Managed {
    arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Reference {
    name: String,
    path: Option<String>,
}

impl Reference {
    /// The policy of that name in each account that the permission set is provisioned to.
    fn policy(&self) -> PolicyId {
        let path = self.path.as_deref().unwrap_or("/");
        format!("arn:aws:iam::*:policy{path}{}", self.name).into()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Boundary {
    managed_policy_arn: Option<String>,
    customer_managed_policy_reference: Option<Reference>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Assigned {
    account_id: Option<String>,
    permission_set_arn: Option<String>,
    principal_type: Option<String>,
    principal_id: Option<String>,
}

/// A user or group; IAM's own lists have records of the same names, with ARNs.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Entry {
    user_id: Option<String>,
    group_id: Option<String>,
    user_name: Option<String>,
    display_name: Option<String>,
    user_status: Option<String>,
    emails: Value,
    arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Member {
    group_id: String,
    member_id: MemberId,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MemberId {
    user_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Instance {
    owner_account_id: Option<String>,
}

/// What a permission set holds.
enum Holding {
    Attached(PolicyId),
    Boundary(PolicyId),
    Inline(Value),
}

/// A page while it is being read: what was asked may stand behind the answer.
#[derive(Default)]
struct Page {
    permission_set: Option<String>,
    account: Option<String>,
    principal: Option<String>,
    principal_type: Option<String>,
    holdings: Vec<(Holding, String)>,
    assigned: Vec<(Assigned, String)>,
    /// The members of a page that is one user or group itself.
    flat: Entry,
    store: bool,
}

struct Export<'a> {
    at: Context<'a>,
    facts: Facts,
    problems: Vec<Problem>,
}

impl Export<'_> {
    fn malformed(&mut self, pointer: &str, message: &str) {
        let problem = self
            .at
            .problem(ProblemKind::Malformed, format!("{pointer}: {message}"));
        self.problems.push(problem);
    }

    fn parsed<T: DeserializeOwned>(&mut self, raw: &RawValue, pointer: &str) -> Option<T> {
        let parsed = serde_json::from_str(raw.get()).ok();
        if parsed.is_none() {
            self.malformed(pointer, "not a record of Identity Center; left out");
        }
        parsed
    }

    fn element(&mut self, page: &mut Page, list: &str, raw: &RawValue, pointer: String) {
        match list {
            "Instances" => {
                let instance = self.parsed::<Instance>(raw, &pointer);
                if let Some(account) = instance.and_then(|i| i.owner_account_id) {
                    self.facts.sources.push((NAME.into(), account.into()));
                }
            }
            "PermissionSets" => match serde_json::from_str::<String>(raw.get()) {
                Ok(arn) if permission_set_id(&arn).is_some() => {
                    self.permission_set(&arn, None, None, &pointer);
                }
                // Dumps put the descriptions here.
                _ => {
                    if let Some(found) = self.parsed::<Described>(raw, &pointer) {
                        self.described(page, found, &pointer);
                    }
                }
            },
            "AttachedManagedPolicies" => {
                if let Some(found) = self.parsed::<Managed>(raw, &pointer) {
                    let policy = PolicyId::from(found.arn);
                    page.holdings.push((Holding::Attached(policy), pointer));
                }
            }
            "CustomerManagedPolicyReferences" => {
                if let Some(found) = self.parsed::<Reference>(raw, &pointer) {
                    page.holdings
                        .push((Holding::Attached(found.policy()), pointer));
                }
            }
            "AccountAssignments" => {
                if let Some(found) = self.parsed(raw, &pointer) {
                    page.assigned.push((found, pointer));
                }
            }
            "Users" | "Groups" => {
                if let Some(found) = self.parsed::<Entry>(raw, &pointer) {
                    self.entry(&found, &pointer);
                }
            }
            _ => {
                if let Some(found) = self.parsed::<Member>(raw, &pointer)
                    && let Some(user) = found.member_id.user_id
                {
                    self.facts.memberships.push(Membership {
                        member: IdentityId::from(user),
                        group: IdentityId::from(found.group_id),
                        evidence: self.at.document.at_record(NAME, pointer),
                    });
                }
            }
        }
    }

    fn member(&mut self, page: &mut Page, key: &str, raw: &RawValue) {
        let text = || serde_json::from_str::<String>(raw.get()).ok();
        match key {
            "PermissionSetArn" => page.permission_set = text(),
            "AccountId" => page.account = text(),
            "PrincipalId" => page.principal = text(),
            "PrincipalType" => page.principal_type = text(),
            "IdentityStoreId" => page.store = true,
            "UserId" => page.flat.user_id = text(),
            "GroupId" => page.flat.group_id = text(),
            "UserName" => page.flat.user_name = text(),
            "DisplayName" => page.flat.display_name = text(),
            "UserStatus" => page.flat.user_status = text(),
            "Emails" => page.flat.emails = serde_json::from_str(raw.get()).unwrap_or_default(),
            "PermissionSet" => {
                if let Some(found) = self.parsed::<Described>(raw, "/PermissionSet") {
                    page.permission_set = Some(found.permission_set_arn.clone());
                    self.described(page, found, "/PermissionSet");
                }
            }
            // Without an inline policy the answer is an empty text.
            "InlinePolicy" => {
                let value: Value = serde_json::from_str(raw.get()).unwrap_or_default();
                let empty = value.as_str().is_some_and(|text| text.trim().is_empty());
                if !empty && !value.is_null() {
                    let pointer = "/InlinePolicy".to_owned();
                    page.holdings.push((Holding::Inline(value), pointer));
                }
            }
            "PermissionsBoundary" => {
                let pointer = "/PermissionsBoundary".to_owned();
                if let Some(found) = self.parsed::<Boundary>(raw, &pointer) {
                    let reference = found.customer_managed_policy_reference;
                    let policy = found.managed_policy_arn.map(PolicyId::from);
                    let policy = policy.or_else(|| reference.map(|r| r.policy()));
                    let holding = policy.map(Holding::Boundary);
                    page.holdings
                        .extend(holding.map(|holding| (holding, pointer)));
                }
            }
            _ => {}
        }
    }

    fn described(&mut self, _: &mut Page, found: Described, pointer: &str) {
        let arn = found.permission_set_arn;
        if permission_set_id(&arn).is_none() {
            return self.malformed(pointer, "permission set without a usable ARN; left out");
        }
        let name = found.name.map(Str::from);
        let session = found.session_duration.map(Str::from);
        self.permission_set(&arn, name, session, pointer);
    }

    fn permission_set(
        &mut self,
        arn: &str,
        name: Option<Str>,
        session: Option<Str>,
        pointer: &str,
    ) {
        self.facts.permission_sets.push(PermissionSet {
            arn: arn.into(),
            name,
            session,
            evidence: self.at.document.at_record(NAME, pointer),
        });
    }

    fn page(&mut self, page: Page) {
        let Page {
            permission_set,
            account,
            principal,
            principal_type,
            holdings,
            assigned,
            flat,
            store,
        } = page;
        let path = &self.at.document.origin.path;
        let given = permission_set.filter(|arn| permission_set_id(arn).is_some());
        let subject = given.or_else(|| named(path, is_permission_set).map(str::to_owned));
        if let (Some(subject), false) = (&subject, holdings.is_empty()) {
            for (holding, pointer) in holdings {
                self.holding(subject, holding, &pointer);
            }
        } else if let Some((_, pointer)) = holdings.first() {
            let pointer = pointer.clone();
            self.malformed(
                &pointer,
                "the answer does not say which permission set was asked about: add PermissionSetArn \
                 beside it, or name the file by it (ps-…)",
            );
        }
        for (found, pointer) in assigned {
            let kind = found.principal_type.or_else(|| principal_type.clone());
            let set = found.permission_set_arn.or_else(|| subject.clone());
            let account = found.account_id.or_else(|| account.clone());
            let principal = found.principal_id.or_else(|| principal.clone());
            let account = account.filter(|id| is_account(id));
            let (Some(set), Some(account), Some(principal)) = (set, account, principal) else {
                self.malformed(
                    &pointer,
                    "assignment without permission set, account or principal; left out",
                );
                continue;
            };
            self.facts.assignments.push(Assignment {
                permission_set: set.into(),
                account: account.into(),
                group: kind.as_deref() == Some("GROUP"),
                principal: principal.into(),
                evidence: self.at.document.at_record(NAME, pointer),
            });
        }
        if store {
            self.entry(&flat, "");
        }
    }

    fn holding(&mut self, set: &str, holding: Holding, pointer: &str) {
        let evidence = self.at.document.at_record(NAME, pointer);
        let (policy, role, via) = match holding {
            Holding::Attached(policy) => (policy, EntitlementRole::Grant, "attached"),
            Holding::Boundary(policy) => {
                (policy, EntitlementRole::Boundary, "permissions boundary")
            }
            Holding::Inline(value) => {
                let Some(rules) = self.at.rules(&value, pointer, &mut self.problems) else {
                    return;
                };
                let id = PolicyId::from(format!("{set}#inline"));
                let kind = PolicyKind::PermissionSet;
                let mut policy = Policy::new(id.clone(), Platform::Aws, kind, "inline policy");
                policy.rules = rules.into_iter().collect();
                policy.evidence.insert(evidence.clone());
                self.facts.policies.push(policy);
                (id, EntitlementRole::Grant, "inline")
            }
        };
        self.facts.entitlements.push(Entitlement {
            principal: IdentityId::from(set),
            policy,
            // It holds wherever the permission set is assigned.
            scope: Scope::Account("*".into()),
            role,
            via: via.into(),
            evidence,
        });
    }

    fn entry(&mut self, found: &Entry, pointer: &str) {
        if found.arn.is_some() {
            return;
        }
        let (id, group) = match (&found.user_id, &found.group_id) {
            (Some(id), _) => (id, false),
            (None, Some(id)) => (id, true),
            (None, None) => return,
        };
        let name = match group {
            true => found.display_name.as_ref(),
            false => found.user_name.as_ref().or(found.display_name.as_ref()),
        };
        let Some(name) = name else {
            return;
        };
        if !group {
            let evidence = self.at.document.at_record(NAME, pointer);
            self.facts.people.extend(person(found, evidence));
        }
        self.facts.directory.push(DirectoryEntry {
            id: id.as_str().into(),
            group,
            name: name.as_str().into(),
            enabled: found
                .user_status
                .as_deref()
                .map(|status| status == "ENABLED"),
            evidence: self.at.document.at_record(NAME, pointer),
        });
    }
}

/// A user as a person of a roster. The directory's groups are made for access, and are no teams: that a team is not
/// among them says nothing.
fn person(found: &Entry, evidence: Evidence) -> Option<Person> {
    let mails = found.emails.as_array().into_iter().flatten();
    let mut mails: Vec<(bool, Str)> = mails
        .filter_map(|mail| {
            let Owner::Mail(address) = Owner::parse(mail.get("Value")?.as_str()?)? else {
                return None;
            };
            let primary = mail.get("Primary").and_then(Value::as_bool);
            Some((primary != Some(true), address))
        })
        .collect();
    mails.sort();
    let login = found.user_name.as_deref().and_then(Owner::parse)?;
    let mut person = Person::new(evidence);
    person.mail = mails.first().map(|(_, mail)| mail.clone());
    if let (None, Owner::Mail(mail)) = (&person.mail, &login) {
        person.mail = Some(mail.clone());
    }
    person.names.extend(mails.into_iter().map(|(_, mail)| mail));
    person.names.insert(login.name().into());
    let id = found.user_id.as_deref().map(str::to_lowercase);
    person.names.extend(id.map(Str::from));
    person
        .display
        .extend(found.display_name.as_deref().map(Str::from));
    person.active = found
        .user_status
        .as_deref()
        .map(|status| status == "ENABLED");
    Some(person)
}
