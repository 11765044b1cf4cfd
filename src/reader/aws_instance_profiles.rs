//! Instance profiles (`aws iam list-instance-profiles`, `list-instance-profiles-for-role`,
//! `get-instance-profile`): through them machines act as roles.

use super::Reader;
use super::aws_json::{Item, pages, utf8};
use super::aws_policy_rules::Context;
use crate::model::{Document, Evidence, Facts, IdentityId, Probe, Problem, ProblemKind, Workload};
use crate::platform::aws::arn::Arn;
use serde::Deserialize;
use serde_json::value::RawValue;

const NAME: &str = "aws-instance-profiles";

/// Reads instance profiles.
pub struct AwsInstanceProfiles;

impl Reader for AwsInstanceProfiles {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        let head = utf8(probe.head);
        let has = |text: &str| memchr::memmem::find(&head, text.as_bytes()).is_some();
        matches!(head.trim_ascii_start().first(), Some(b'{' | b'['))
            && (has("\"InstanceProfiles\"") || has("\"InstanceProfile\""))
            && has(":instance-profile/")
            && !has("DetailList\"")
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let at = Context {
            document,
            reader: NAME,
        };
        let mut facts = Facts::default();
        let mut problems = Vec::new();
        let mut one =
            |raw: &RawValue, pointer: &str| match serde_json::from_str::<Profile>(raw.get()) {
                Ok(profile) => facts
                    .workloads
                    .extend(profile.workloads(&document.at_record(NAME, pointer))),
                Err(_) => problems.push(at.problem(
                    ProblemKind::Malformed,
                    format!("{pointer}: not an instance profile; left out"),
                )),
            };
        let mut odd = Vec::new();
        let mut more = false;
        let bytes = utf8(document.bytes);
        let end = pages(&bytes, &["InstanceProfiles"], &mut |item| match item {
            Item::Element { raw, pointer, .. } => one(raw, &pointer),
            Item::Member { key, raw } => match key {
                "InstanceProfile" => one(raw, "/InstanceProfile"),
                "IsTruncated" => more = raw.get() == "true",
                _ => {}
            },
            Item::NotAList { pointer } => odd.push(format!("{pointer}: not a list")),
            Item::PageEnd => {}
        });
        problems.extend(
            odd.into_iter()
                .map(|message| at.problem(ProblemKind::Malformed, message)),
        );
        if let Err(stop) = end {
            let message = format!("{}; what stands before it was kept", stop.message);
            problems.push(Problem {
                line: Some(stop.line),
                column: Some(stop.column),
                ..at.problem(ProblemKind::Malformed, message)
            });
        } else if more {
            let message = "the list says that more pages exist after its last one (IsTruncated)";
            problems.push(at.problem(ProblemKind::Note, message.to_owned()));
        }
        (facts, problems)
    }
}

/// An instance profile, also as records of roles hold it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Profile {
    arn: String,
    pub(super) instance_profile_name: Option<String>,
    roles: Option<Vec<RoleName>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RoleName {
    arn: String,
}

impl Profile {
    /// What acts through it.
    pub(super) fn workloads(&self, evidence: &Evidence) -> Vec<Workload> {
        let usable = |arn: &str, kind: &str| {
            Arn::parse(arn).is_some_and(|arn| arn.customer().is_some() && arn.kind() == kind)
        };
        if !usable(&self.arn, "instance-profile") {
            return Vec::new();
        }
        let name = self.instance_profile_name.clone().unwrap_or_else(|| {
            let name = self.arn.rsplit('/').next();
            name.unwrap_or_default().to_owned()
        });
        let roles = self.roles.iter().flatten();
        let roles = roles.filter(|role| usable(&role.arn, "role"));
        roles
            .map(|role| Workload {
                id: self.arn.as_str().into(),
                kind: "InstanceProfile".into(),
                name: name.as_str().into(),
                runs_as: IdentityId::from(role.arn.as_str()),
                automount: None,
                traits: crate::model::Set::new(),
                evidence: evidence.clone(),
            })
            .collect()
    }
}
