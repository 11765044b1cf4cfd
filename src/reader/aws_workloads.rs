//! Resources that run as roles, as common commands print them: functions, instances, tasks, jobs, projects,
//! notebooks, stacks, state machines, Pod Identity associations, …
//!
//! Only names and roles are read. What else such answers hold, above all variables and code, is left to the
//! secret detector.

use super::Reader;
use super::aws_answer::{Head, Keep, Place, Reading, text};
use crate::model::{Document, Facts, IdentityId, Probe, Problem, Str, Workload};
use crate::platform::aws::arn::{Arn, is_account, is_name};
use crate::platform::aws::compute::{self, Compute};
use serde_json::{Map, Value};

const NAME: &str = "aws-workloads";

/// Prefix of ids of roles of which only the name is known, in an account that may be known.
pub(super) const ROLE_NAME: &str = "aws:role-name:";

const KEEP: Keep = Keep {
    keys: &[
        "AccountId",
        "AdministrationRoleARN",
        "Arn",
        "AvailabilityZone",
        "Command",
        "Configuration",
        "DevEndpoint",
        "DevEndpoints",
        "EndpointName",
        "ExecutionRoleArn",
        "FunctionArn",
        "FunctionName",
        "Functions",
        "GroupName",
        "IamInstanceProfile",
        "IamInstanceProfileAssociation",
        "IamInstanceProfileAssociations",
        "InstanceConfiguration",
        "InstanceId",
        "InstanceRoleArn",
        "Instances",
        "Job",
        "Jobs",
        "ModelArn",
        "ModelName",
        "Name",
        "NotebookInstanceArn",
        "NotebookInstanceName",
        "OwnerId",
        "Placement",
        "ProcessingJobArn",
        "ProcessingJobName",
        "Region",
        "Reservations",
        "Role",
        "RoleARN",
        "RoleArn",
        "Service",
        "ServiceArn",
        "ServiceName",
        "StackId",
        "StackName",
        "StackSet",
        "StackSetARN",
        "StackSetName",
        "Stacks",
        "State",
        "Target",
        "TrainingJobArn",
        "TrainingJobName",
        "agentRuntimeArn",
        "agentRuntimeName",
        "arn",
        "association",
        "associationArn",
        "associationId",
        "associations",
        "clusterName",
        "codeInterpreterArn",
        "containerProperties",
        "executionRoleArn",
        "family",
        "jobDefinitionArn",
        "jobDefinitionName",
        "jobDefinitions",
        "jobRoleArn",
        "name",
        "namespace",
        "nodeRole",
        "nodegroup",
        "nodegroupArn",
        "nodegroupName",
        "project",
        "projects",
        "roleArn",
        "serviceAccount",
        "serviceRole",
        "stateMachineArn",
        "targetRoleArn",
        "taskDefinition",
        "taskDefinitionArn",
        "taskDefinitions",
        "taskRoleArn",
    ],
    whole: &[],
};

/// How one kind of resource is printed.
struct Form {
    compute: Compute,
    /// The members that it, or a list of it, is the value of; with `""` it may be an answer by itself.
    under: &'static [&'static str],
    /// Members that it always has, by which it is known.
    known_by: &'static [&'static str],
    /// Where its ARN, or what one can be made of, stands.
    id: &'static str,
    /// Where its name stands.
    name: &'static str,
    /// Where the role stands: member names, the inner ones behind a dot.
    role: &'static str,
}

const FORMS: [Form; 22] = [
    Form {
        compute: compute::LAMBDA_FUNCTION,
        under: &["Functions", "Configuration", ""],
        known_by: &["FunctionName", "FunctionArn", "Role"],
        id: "FunctionArn",
        name: "FunctionName",
        role: "Role",
    },
    Form {
        compute: compute::EC2_INSTANCE,
        under: &[
            "IamInstanceProfileAssociations",
            "IamInstanceProfileAssociation",
        ],
        known_by: &["AssociationId", "InstanceId", "IamInstanceProfile"],
        id: "InstanceId",
        name: "InstanceId",
        role: "IamInstanceProfile.Arn",
    },
    Form {
        compute: compute::EC2_INSTANCE,
        under: &["Instances"],
        known_by: &["InstanceId", "ImageId"],
        id: "InstanceId",
        name: "InstanceId",
        role: "IamInstanceProfile.Arn",
    },
    Form {
        compute: compute::ECS_TASK_DEFINITION,
        under: &["taskDefinition", "taskDefinitions"],
        known_by: &["taskDefinitionArn", "family"],
        id: "taskDefinitionArn",
        name: "family",
        role: "taskRoleArn",
    },
    Form {
        compute: compute::ECS_TASK_DEFINITION,
        under: &["taskDefinition", "taskDefinitions"],
        known_by: &["taskDefinitionArn", "family"],
        id: "taskDefinitionArn",
        name: "family",
        role: "executionRoleArn",
    },
    Form {
        compute: compute::GLUE_JOB,
        under: &["Jobs", "Job"],
        known_by: &["Name", "Role", "Command"],
        id: "Name",
        name: "Name",
        role: "Role",
    },
    Form {
        compute: compute::GLUE_DEV_ENDPOINT,
        under: &["DevEndpoints", "DevEndpoint"],
        known_by: &["EndpointName", "RoleArn"],
        id: "EndpointName",
        name: "EndpointName",
        role: "RoleArn",
    },
    Form {
        compute: compute::CODEBUILD_PROJECT,
        under: &["projects", "project"],
        known_by: &["arn", "name", "serviceRole"],
        id: "arn",
        name: "name",
        role: "serviceRole",
    },
    Form {
        compute: compute::SAGEMAKER_NOTEBOOK,
        under: &[""],
        known_by: &["NotebookInstanceArn", "NotebookInstanceName", "RoleArn"],
        id: "NotebookInstanceArn",
        name: "NotebookInstanceName",
        role: "RoleArn",
    },
    Form {
        compute: compute::SAGEMAKER_TRAINING,
        under: &[""],
        known_by: &["TrainingJobArn", "TrainingJobName", "RoleArn"],
        id: "TrainingJobArn",
        name: "TrainingJobName",
        role: "RoleArn",
    },
    Form {
        compute: compute::SAGEMAKER_PROCESSING,
        under: &[""],
        known_by: &["ProcessingJobArn", "ProcessingJobName", "RoleArn"],
        id: "ProcessingJobArn",
        name: "ProcessingJobName",
        role: "RoleArn",
    },
    Form {
        compute: compute::SAGEMAKER_MODEL,
        under: &[""],
        known_by: &["ModelArn", "ModelName", "ExecutionRoleArn"],
        id: "ModelArn",
        name: "ModelName",
        role: "ExecutionRoleArn",
    },
    Form {
        compute: compute::CLOUDFORMATION_STACK,
        under: &["Stacks"],
        known_by: &["StackId", "StackName", "StackStatus"],
        id: "StackId",
        name: "StackName",
        role: "RoleARN",
    },
    Form {
        compute: compute::CLOUDFORMATION_STACK_SET,
        under: &["StackSet"],
        known_by: &["StackSetARN", "StackSetName"],
        id: "StackSetARN",
        name: "StackSetName",
        role: "AdministrationRoleARN",
    },
    Form {
        compute: compute::STATE_MACHINE,
        under: &[""],
        known_by: &["stateMachineArn", "name", "roleArn"],
        id: "stateMachineArn",
        name: "name",
        role: "roleArn",
    },
    Form {
        compute: compute::EKS_POD_IDENTITY,
        under: &["association", "associations"],
        known_by: &["associationArn", "serviceAccount", "roleArn"],
        id: "associationArn",
        name: "serviceAccount",
        role: "roleArn",
    },
    Form {
        compute: compute::EKS_NODE_GROUP,
        under: &["nodegroup"],
        known_by: &["nodegroupArn", "nodegroupName", "nodeRole"],
        id: "nodegroupArn",
        name: "nodegroupName",
        role: "nodeRole",
    },
    Form {
        compute: compute::APPRUNNER_SERVICE,
        under: &["Service"],
        known_by: &["ServiceArn", "ServiceName", "InstanceConfiguration"],
        id: "ServiceArn",
        name: "ServiceName",
        role: "InstanceConfiguration.InstanceRoleArn",
    },
    Form {
        compute: compute::BATCH_JOB_DEFINITION,
        under: &["jobDefinitions"],
        known_by: &["jobDefinitionArn", "jobDefinitionName"],
        id: "jobDefinitionArn",
        name: "jobDefinitionName",
        role: "containerProperties.jobRoleArn",
    },
    Form {
        compute: compute::SCHEDULE,
        under: &[""],
        known_by: &["Arn", "Name", "ScheduleExpression", "Target"],
        id: "Arn",
        name: "Name",
        role: "Target.RoleArn",
    },
    Form {
        compute: compute::BEDROCK_CODE_INTERPRETER,
        under: &[""],
        known_by: &["codeInterpreterArn", "name", "executionRoleArn"],
        id: "codeInterpreterArn",
        name: "name",
        role: "executionRoleArn",
    },
    Form {
        compute: compute::BEDROCK_RUNTIME,
        under: &[""],
        known_by: &["agentRuntimeArn", "agentRuntimeName", "roleArn"],
        id: "agentRuntimeArn",
        name: "agentRuntimeName",
        role: "roleArn",
    },
];

/// An answer by itself stands in no more wrappers than this; deeper, it is somebody's documentation.
const BY_ITSELF: usize = 3;

/// Reads resources that run as roles.
pub struct AwsWorkloads;

impl Reader for AwsWorkloads {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        let telling = ["arn:aws", "\"EndpointName\"", "\"InstanceId\"", "\"Role\""];
        Head::of(probe, &telling).is_some_and(|head| {
            FORMS.iter().any(|form| {
                let listed: Vec<&str> = form
                    .under
                    .iter()
                    .copied()
                    .filter(|u| !u.is_empty())
                    .collect();
                !listed.is_empty() && head.under(Some(&listed), form.known_by, deepest(form))
                    || form.under.contains(&"") && head.together(form.known_by, BY_ITSELF)
            })
        })
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut reading = Reading::new(document, NAME);
        reading.walk(&KEEP, &mut |reading, place| {
            let mut claimed = false;
            for form in FORMS.iter().filter(|form| fits(form, place)) {
                claimed = true;
                one(reading, place, form);
            }
            claimed
        });
        reading.done()
    }
}

/// Pages, in an array, in a wrapper: five objects and lists; instances stand in reservations.
fn deepest(form: &Form) -> usize {
    if form.under == ["Instances"] { 6 } else { 5 }
}

fn fits(form: &Form, place: &Place<'_>) -> bool {
    let kept = |key: &&&str| KEEP.keys.contains(key);
    let listed = form
        .under
        .iter()
        .any(|under| !under.is_empty() && *under == place.key());
    let alone = form.under.contains(&"") && place.around.len() < BY_ITSELF;
    (listed || alone)
        && form
            .known_by
            .iter()
            .filter(kept)
            .all(|key| place.map.contains_key(*key))
}

fn one(reading: &mut Reading<'_>, place: &Place<'_>, form: &Form) {
    let mut map: &Map<String, Value> = place.map;
    let mut steps = form.role.split('.').peekable();
    let mut role = None;
    while let Some(step) = steps.next() {
        if steps.peek().is_none() {
            role = text(map, step);
        } else if let Some(inner) = map.get(step).and_then(Value::as_object) {
            map = inner;
        } else {
            break;
        }
    }
    // A stack without a role uses its caller's; an instance without a profile has none.
    let Some(role) = role else {
        return;
    };
    let Some(id) = place.text(form.id) else {
        return reading.malformed(place.pointer, "a resource without its id; left out");
    };
    let name = place.text(form.name).unwrap_or(id);
    let account = Arn::parse(id)
        .and_then(|arn| arn.customer())
        .or_else(|| {
            place
                .named(&["OwnerId", "AccountId"])
                .filter(|a| is_account(a))
        })
        .or_else(|| Arn::parse(role).and_then(|arn| arn.customer()))
        .map(str::to_owned);
    let Some(runs_as) = runs_as(role, account.as_deref()) else {
        return reading.malformed(
            place.pointer,
            "a role that is neither an ARN nor a name; left out",
        );
    };
    let id = match Arn::parse(id) {
        Some(_) => id.to_owned(),
        None => made(form, place, id, account.as_deref().unwrap_or_default()),
    };
    let (id, name) = match form.role {
        "executionRoleArn" if form.compute == compute::ECS_TASK_DEFINITION => {
            (format!("{id}#execution"), format!("{name} (execution)"))
        }
        _ if form.compute == compute::EKS_POD_IDENTITY => {
            let part = |key: &str| place.text(key).unwrap_or("?");
            (
                id,
                format!("{}/{}/{name}", part("clusterName"), part("namespace")),
            )
        }
        _ => (id, name.to_owned()),
    };
    let evidence = reading.at(place.pointer);
    reading.facts.workloads.push(Workload {
        id: id.into(),
        kind: form.compute.kind.into(),
        name: name.into(),
        runs_as,
        automount: None,
        traits: crate::model::Set::new(),
        evidence,
    });
    if let Some(account) = account {
        reading.facts.sources.push((NAME.into(), account.into()));
    }
}

/// Whom it runs as: the role or, for now, the instance profile; the join knows the profile's role.
fn runs_as(role: &str, account: Option<&str>) -> Option<IdentityId> {
    if Arn::parse(role).is_some() {
        return Some(role.into());
    }
    // `service-role/name` is a name with its path.
    let name = role.rsplit('/').next().filter(|name| is_name(name))?;
    Some(match account {
        Some(account) => format!("{ROLE_NAME}{account}/{name}").into(),
        None => format!("{ROLE_NAME}{name}").into(),
    })
}

/// The ARN of a resource that the answer names by its name only.
fn made(form: &Form, place: &Place<'_>, id: &str, account: &str) -> String {
    let zone = place
        .map
        .get("Placement")
        .and_then(Value::as_object)
        .and_then(|placement| text(placement, "AvailabilityZone"))
        .or_else(|| place.text("AvailabilityZone"));
    let region = zone
        .map(region)
        .or_else(|| place.named(&["Region"]).map(str::to_owned));
    let region: Str = region.unwrap_or_default().into();
    let kind = match form.compute {
        compute::EC2_INSTANCE => "instance",
        compute::GLUE_JOB => "job",
        compute::GLUE_DEV_ENDPOINT => "devEndpoint",
        _ => "resource",
    };
    format!(
        "arn:aws:{}:{region}:{account}:{kind}/{id}",
        form.compute.prefix
    )
}

/// The region of a zone: `eu-west-1` of `eu-west-1a` and of `us-west-2-lax-1a`.
fn region(zone: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in zone.split('-') {
        let digits = part.trim_end_matches(|c: char| c.is_ascii_lowercase());
        if part.starts_with(|c: char| c.is_ascii_digit()) {
            parts.push(digits);
            break;
        }
        parts.push(part);
    }
    parts.join("-")
}

#[cfg(test)]
mod tests {
    #[test]
    fn regions_of_zones() {
        for (zone, region) in [
            ("eu-west-1a", "eu-west-1"),
            ("us-west-2-lax-1a", "us-west-2"),
            ("us-gov-west-1b", "us-gov-west-1"),
        ] {
            assert_eq!(super::region(zone), region);
        }
    }
}
