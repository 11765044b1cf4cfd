//! Which resource of Terraform a type of CloudFormation is, and how its properties are called there.
//!
//! Properties that are not listed keep their name in snake case (AWS CloudFormation template reference, "AWS resource
//! and property types reference").

/// One type of resource.
pub(super) struct Type {
    /// `AWS::IAM::Role`.
    pub(super) name: &'static str,
    /// `aws_iam_role`.
    pub(super) kind: &'static str,
    /// The property that names the resource. Without it, CloudFormation makes a name up from the logical id.
    pub(super) named_by: &'static str,
    /// Where Terraform's argument has another name than the property's in snake case.
    pub(super) renamed: &'static [(&'static str, &'static str)],
    /// Properties that are policy documents.
    pub(super) policies: &'static [&'static str],
}

const fn plain(name: &'static str, kind: &'static str, named_by: &'static str) -> Type {
    Type {
        name,
        kind,
        named_by,
        renamed: &[],
        policies: &[],
    }
}

const fn called(
    name: &'static str,
    kind: &'static str,
    named_by: &'static str,
    renamed: &'static [(&'static str, &'static str)],
) -> Type {
    Type {
        renamed,
        ..plain(name, kind, named_by)
    }
}

const fn policy(
    name: &'static str,
    kind: &'static str,
    renamed: &'static [(&'static str, &'static str)],
    policies: &'static [&'static str],
) -> Type {
    Type {
        renamed,
        policies,
        ..plain(name, kind, "")
    }
}

/// The type of this name.
pub(super) fn named(name: &str) -> Option<&'static Type> {
    TYPES.iter().find(|it| it.name == name)
}

const NAME: &[(&str, &str)] = &[("Name", "name")];
const DOCUMENT: &[(&str, &str)] = &[("PolicyDocument", "policy")];

static TYPES: [Type; 62] = [
    // Identities. What they hold is taken apart in `declared`.
    Type {
        name: "AWS::IAM::Role",
        kind: "aws_iam_role",
        named_by: "RoleName",
        renamed: &[
            ("AssumeRolePolicyDocument", "assume_role_policy"),
            ("RoleName", "name"),
        ],
        policies: &["AssumeRolePolicyDocument"],
    },
    called(
        "AWS::IAM::User",
        "aws_iam_user",
        "UserName",
        &[("UserName", "name")],
    ),
    called(
        "AWS::IAM::Group",
        "aws_iam_group",
        "GroupName",
        &[("GroupName", "name")],
    ),
    Type {
        name: "AWS::IAM::ManagedPolicy",
        kind: "aws_iam_policy",
        named_by: "ManagedPolicyName",
        renamed: &[("ManagedPolicyName", "name"), ("PolicyDocument", "policy")],
        policies: &["PolicyDocument"],
    },
    Type {
        name: "AWS::IAM::RolePolicy",
        kind: "aws_iam_role_policy",
        named_by: "PolicyName",
        renamed: &[
            ("RoleName", "role"),
            ("PolicyName", "name"),
            ("PolicyDocument", "policy"),
        ],
        policies: &["PolicyDocument"],
    },
    Type {
        name: "AWS::IAM::UserPolicy",
        kind: "aws_iam_user_policy",
        named_by: "PolicyName",
        renamed: &[
            ("UserName", "user"),
            ("PolicyName", "name"),
            ("PolicyDocument", "policy"),
        ],
        policies: &["PolicyDocument"],
    },
    Type {
        name: "AWS::IAM::GroupPolicy",
        kind: "aws_iam_group_policy",
        named_by: "PolicyName",
        renamed: &[
            ("GroupName", "group"),
            ("PolicyName", "name"),
            ("PolicyDocument", "policy"),
        ],
        policies: &["PolicyDocument"],
    },
    called(
        "AWS::IAM::AccessKey",
        "aws_iam_access_key",
        "",
        &[("UserName", "user")],
    ),
    called(
        "AWS::IAM::InstanceProfile",
        "aws_iam_instance_profile",
        "InstanceProfileName",
        &[("InstanceProfileName", "name")],
    ),
    plain(
        "AWS::IAM::OIDCProvider",
        "aws_iam_openid_connect_provider",
        "",
    ),
    plain("AWS::IAM::SAMLProvider", "aws_iam_saml_provider", "Name"),
    called(
        "AWS::IAM::ServiceLinkedRole",
        "aws_iam_service_linked_role",
        "",
        &[("AWSServiceName", "aws_service_name")],
    ),
    called(
        "AWS::IAM::UserToGroupAddition",
        "aws_iam_group_membership",
        "",
        &[("GroupName", "group")],
    ),
    // What runs as a role.
    plain(
        "AWS::Lambda::Function",
        "aws_lambda_function",
        "FunctionName",
    ),
    called(
        "AWS::ECS::TaskDefinition",
        "aws_ecs_task_definition",
        "Family",
        &[],
    ),
    plain("AWS::EC2::Instance", "aws_instance", ""),
    called(
        "AWS::EC2::LaunchTemplate",
        "aws_launch_template",
        "LaunchTemplateName",
        &[("LaunchTemplateName", "name")],
    ),
    called(
        "AWS::AutoScaling::LaunchConfiguration",
        "aws_launch_configuration",
        "LaunchConfigurationName",
        &[("LaunchConfigurationName", "name")],
    ),
    plain("AWS::CodeBuild::Project", "aws_codebuild_project", "Name"),
    plain("AWS::CodePipeline::Pipeline", "aws_codepipeline", "Name"),
    called(
        "AWS::CodeDeploy::DeploymentGroup",
        "aws_codedeploy_deployment_group",
        "DeploymentGroupName",
        &[],
    ),
    called(
        "AWS::StepFunctions::StateMachine",
        "aws_sfn_state_machine",
        "StateMachineName",
        &[("StateMachineName", "name")],
    ),
    called(
        "AWS::Glue::Job",
        "aws_glue_job",
        "Name",
        &[("Role", "role_arn")],
    ),
    plain("AWS::Glue::Crawler", "aws_glue_crawler", "Name"),
    called(
        "AWS::Glue::DevEndpoint",
        "aws_glue_dev_endpoint",
        "EndpointName",
        &[("EndpointName", "name")],
    ),
    called(
        "AWS::SageMaker::NotebookInstance",
        "aws_sagemaker_notebook_instance",
        "NotebookInstanceName",
        &[("NotebookInstanceName", "name")],
    ),
    called(
        "AWS::SageMaker::Model",
        "aws_sagemaker_model",
        "ModelName",
        &[("ModelName", "name")],
    ),
    called(
        "AWS::Batch::JobDefinition",
        "aws_batch_job_definition",
        "JobDefinitionName",
        &[("JobDefinitionName", "name")],
    ),
    called(
        "AWS::Batch::ComputeEnvironment",
        "aws_batch_compute_environment",
        "ComputeEnvironmentName",
        &[],
    ),
    plain("AWS::EKS::Cluster", "aws_eks_cluster", "Name"),
    called(
        "AWS::EKS::Nodegroup",
        "aws_eks_node_group",
        "NodegroupName",
        &[
            ("NodegroupName", "node_group_name"),
            ("NodeRole", "node_role_arn"),
        ],
    ),
    called(
        "AWS::EKS::FargateProfile",
        "aws_eks_fargate_profile",
        "FargateProfileName",
        &[],
    ),
    plain(
        "AWS::EKS::PodIdentityAssociation",
        "aws_eks_pod_identity_association",
        "",
    ),
    plain("AWS::EKS::AccessEntry", "aws_eks_access_entry", ""),
    called("AWS::EMR::Cluster", "aws_emr_cluster", "Name", NAME),
    plain(
        "AWS::AppRunner::Service",
        "aws_apprunner_service",
        "ServiceName",
    ),
    plain("AWS::Bedrock::Agent", "aws_bedrockagent_agent", "AgentName"),
    plain(
        "AWS::BedrockAgentCore::Runtime",
        "aws_bedrockagentcore_agent_runtime",
        "AgentRuntimeName",
    ),
    plain("AWS::Scheduler::Schedule", "aws_scheduler_schedule", "Name"),
    plain("AWS::Events::Rule", "aws_cloudwatch_event_rule", "Name"),
    plain("AWS::Transfer::User", "aws_transfer_user", "UserName"),
    plain(
        "AWS::Cognito::IdentityPool",
        "aws_cognito_identity_pool",
        "IdentityPoolName",
    ),
    plain(
        "AWS::Cognito::IdentityPoolRoleAttachment",
        "aws_cognito_identity_pool_roles_attachment",
        "",
    ),
    plain(
        "AWS::Cognito::UserPoolClient",
        "aws_cognito_user_pool_client",
        "ClientName",
    ),
    plain(
        "AWS::RolesAnywhere::Profile",
        "aws_rolesanywhere_profile",
        "Name",
    ),
    plain(
        "AWS::RolesAnywhere::TrustAnchor",
        "aws_rolesanywhere_trust_anchor",
        "Name",
    ),
    // Who may use a resource.
    policy(
        "AWS::S3::BucketPolicy",
        "aws_s3_bucket_policy",
        DOCUMENT,
        &["PolicyDocument"],
    ),
    policy(
        "AWS::SQS::QueuePolicy",
        "aws_sqs_queue_policy",
        DOCUMENT,
        &["PolicyDocument"],
    ),
    policy(
        "AWS::SNS::TopicPolicy",
        "aws_sns_topic_policy",
        DOCUMENT,
        &["PolicyDocument"],
    ),
    policy(
        "AWS::KMS::Key",
        "aws_kms_key",
        &[("KeyPolicy", "policy")],
        &["KeyPolicy"],
    ),
    policy(
        "AWS::SecretsManager::ResourcePolicy",
        "aws_secretsmanager_secret_policy",
        &[("ResourcePolicy", "policy"), ("SecretId", "secret_arn")],
        &["ResourcePolicy"],
    ),
    called(
        "AWS::SecretsManager::Secret",
        "aws_secretsmanager_secret",
        "Name",
        NAME,
    ),
    called(
        "AWS::SecretsManager::RotationSchedule",
        "aws_secretsmanager_secret_rotation",
        "",
        &[],
    ),
    policy(
        "AWS::ECR::Repository",
        "aws_ecr_repository_policy",
        &[
            ("RepositoryPolicyText", "policy"),
            ("RepositoryName", "repository"),
        ],
        &["RepositoryPolicyText"],
    ),
    plain("AWS::Lambda::Permission", "aws_lambda_permission", ""),
    // Organisations and single sign-on.
    Type {
        name: "AWS::Organizations::Policy",
        kind: "aws_organizations_policy",
        named_by: "Name",
        renamed: &[],
        policies: &["Content"],
    },
    Type {
        name: "AWS::SSO::PermissionSet",
        kind: "aws_ssoadmin_permission_set",
        named_by: "Name",
        renamed: &[],
        policies: &["InlinePolicy"],
    },
    plain(
        "AWS::SSO::Assignment",
        "aws_ssoadmin_account_assignment",
        "",
    ),
    // Credentials beside IAM's.
    plain("AWS::ApiGateway::ApiKey", "aws_api_gateway_api_key", "Name"),
    plain("AWS::EC2::KeyPair", "aws_key_pair", "KeyName"),
    called(
        "AWS::RDS::DBInstance",
        "aws_db_instance",
        "DBInstanceIdentifier",
        &[
            ("DBInstanceIdentifier", "identifier"),
            ("MasterUsername", "username"),
            ("MasterUserPassword", "password"),
        ],
    ),
    called(
        "AWS::RDS::DBCluster",
        "aws_rds_cluster",
        "DBClusterIdentifier",
        &[("DBClusterIdentifier", "cluster_identifier")],
    ),
];

/// A property's name as Terraform writes names: `FunctionName` is `function_name`, `IAMRole` is `iam_role`.
pub(super) fn snake(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 4);
    for (at, c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|i| chars.get(i));
        let after = chars.get(at + 1);
        let begins = c.is_ascii_uppercase()
            && before.is_some_and(|b| {
                b.is_ascii_lowercase()
                    || b.is_ascii_digit()
                    || b.is_ascii_uppercase() && after.is_some_and(char::is_ascii_lowercase)
            });
        if begins {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_what_terraform_calls_them() {
        for (name, expected) in [
            ("FunctionName", "function_name"),
            ("IAMRole", "iam_role"),
            ("TaskRoleArn", "task_role_arn"),
            ("RoleARN", "role_arn"),
            ("Path", "path"),
            ("S3Bucket", "s3_bucket"),
        ] {
            assert_eq!(snake(name), expected);
        }
    }

    #[test]
    fn no_type_stands_twice() {
        let mut names: Vec<_> = TYPES.iter().map(|it| it.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), TYPES.len());
    }
}
