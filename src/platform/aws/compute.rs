//! Resources that run as roles: what AWS calls their kinds, and the service that assumes the role.

/// A kind of resource that runs as a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compute {
    /// The kind, as CloudFormation names it; [`crate::model::Workload::kind`] of such a resource.
    pub kind: &'static str,
    /// The service that the role must trust.
    pub service: &'static str,
    /// The prefix of the actions that change or run it.
    pub prefix: &'static str,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident: $kind:literal, $service:literal, $prefix:literal;)*) => {
        $(
            $(#[$doc])*
            pub const $name: Compute = Compute { kind: $kind, service: $service, prefix: $prefix };
        )*
        /// All of them.
        pub const ALL: &[Compute] = &[$($name),*];
    };
}

kinds! {
    /// A Lambda function and its execution role.
    LAMBDA_FUNCTION: "AWS::Lambda::Function", "lambda.amazonaws.com", "lambda";
    /// An EC2 instance and the role of its instance profile.
    EC2_INSTANCE: "AWS::EC2::Instance", "ec2.amazonaws.com", "ec2";
    /// An ECS task definition: its task role, and under an id that ends in `#execution` its execution role.
    ECS_TASK_DEFINITION: "AWS::ECS::TaskDefinition", "ecs-tasks.amazonaws.com", "ecs";
    /// A Glue job.
    GLUE_JOB: "AWS::Glue::Job", "glue.amazonaws.com", "glue";
    /// A Glue development endpoint.
    GLUE_DEV_ENDPOINT: "AWS::Glue::DevEndpoint", "glue.amazonaws.com", "glue";
    /// A CodeBuild project and its service role.
    CODEBUILD_PROJECT: "AWS::CodeBuild::Project", "codebuild.amazonaws.com", "codebuild";
    /// A SageMaker notebook instance.
    SAGEMAKER_NOTEBOOK: "AWS::SageMaker::NotebookInstance", "sagemaker.amazonaws.com", "sagemaker";
    /// A SageMaker training job.
    SAGEMAKER_TRAINING: "AWS::SageMaker::TrainingJob", "sagemaker.amazonaws.com", "sagemaker";
    /// A SageMaker processing job.
    SAGEMAKER_PROCESSING: "AWS::SageMaker::ProcessingJob", "sagemaker.amazonaws.com", "sagemaker";
    /// A SageMaker model.
    SAGEMAKER_MODEL: "AWS::SageMaker::Model", "sagemaker.amazonaws.com", "sagemaker";
    /// A CloudFormation stack that has a role of its own.
    CLOUDFORMATION_STACK: "AWS::CloudFormation::Stack", "cloudformation.amazonaws.com", "cloudformation";
    /// A CloudFormation stack set and its administration role.
    CLOUDFORMATION_STACK_SET: "AWS::CloudFormation::StackSet", "cloudformation.amazonaws.com", "cloudformation";
    /// A Step Functions state machine.
    STATE_MACHINE: "AWS::StepFunctions::StateMachine", "states.amazonaws.com", "states";
    /// An EKS Pod Identity association: the ServiceAccount that it names runs as the role.
    EKS_POD_IDENTITY: "AWS::EKS::PodIdentityAssociation", "pods.eks.amazonaws.com", "eks";
    /// An EKS node group and its nodes' role.
    EKS_NODE_GROUP: "AWS::EKS::Nodegroup", "ec2.amazonaws.com", "eks";
    /// An App Runner service and its instance role.
    APPRUNNER_SERVICE: "AWS::AppRunner::Service", "tasks.apprunner.amazonaws.com", "apprunner";
    /// A Batch job definition and its job role.
    BATCH_JOB_DEFINITION: "AWS::Batch::JobDefinition", "ecs-tasks.amazonaws.com", "batch";
    /// An EventBridge schedule and the role it calls its target with.
    SCHEDULE: "AWS::Scheduler::Schedule", "scheduler.amazonaws.com", "scheduler";
    /// A Bedrock AgentCore code interpreter.
    BEDROCK_CODE_INTERPRETER: "AWS::BedrockAgentCore::CodeInterpreterCustom", "bedrock-agentcore.amazonaws.com", "bedrock-agentcore";
    /// A Bedrock AgentCore runtime.
    BEDROCK_RUNTIME: "AWS::BedrockAgentCore::Runtime", "bedrock-agentcore.amazonaws.com", "bedrock-agentcore";
}

/// The kind of this name.
pub fn named(kind: &str) -> Option<&'static Compute> {
    ALL.iter().find(|compute| compute.kind == kind)
}
