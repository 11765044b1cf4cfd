//! The ways to more rights that are planted, each with what it takes.

/// A way to more rights.
pub struct Technique {
    /// What it is called in the truth.
    pub name: &'static str,
    /// `admin` or `data`.
    pub goal: &'static str,
    /// Whether a user takes it, or a role.
    pub user: bool,
    /// Steps.
    pub hops: usize,
    /// What is given.
    pub grants: &'static [Grant],
    /// The actions without which there is no way: what a closed twin is denied.
    pub shut: &'static [&'static str],
}

/// Something that a technique needs.
pub enum Grant {
    /// Actions on `*`, on the principal (`self`) or on an admin user made for it (`admin-user`).
    Actions(&'static [&'static str], &'static str),
    /// A policy of AWS's own.
    Attach(&'static str),
    /// Actions on a customer managed policy that the principal itself holds.
    OwnPolicy(&'static [&'static str]),
    /// Actions on a group of admins; without actions it is in that group.
    AdminGroup(&'static [&'static str]),
    /// An admin role for a service may be passed to it, and actions make the service act.
    Pass(&'static str, &'static [&'static str]),
    /// Roles to be assumed one after the other; the last one is an admin, or reads secrets.
    Chain(usize, bool),
}

use Grant::{Actions, AdminGroup, Attach, Chain, OwnPolicy, Pass};

/// All of them.
pub const ALL: [Technique; 24] = [
    admin("everything", true, 0, &[Actions(&["*"], "*")], &["*"]),
    admin(
        "attached",
        false,
        0,
        &[Attach("AdministratorAccess")],
        &["*"],
    ),
    admin("group", true, 0, &[AdminGroup(&[])], &["*"]),
    admin(
        "put-user-policy",
        true,
        1,
        &[Actions(&["iam:PutUserPolicy"], "self")],
        &["iam:PutUserPolicy"],
    ),
    admin(
        "attach-user-policy",
        true,
        1,
        &[Actions(&["iam:AttachUserPolicy"], "self")],
        &["iam:AttachUserPolicy"],
    ),
    admin(
        "put-role-policy",
        false,
        1,
        &[Actions(&["iam:PutRolePolicy"], "self")],
        &["iam:PutRolePolicy"],
    ),
    admin(
        "attach-role-policy",
        false,
        1,
        &[Actions(&["iam:AttachRolePolicy"], "self")],
        &["iam:AttachRolePolicy"],
    ),
    admin(
        "policy-version",
        false,
        1,
        &[OwnPolicy(&["iam:CreatePolicyVersion"])],
        &["iam:CreatePolicyVersion"],
    ),
    admin(
        "access-key",
        false,
        1,
        &[Actions(&["iam:CreateAccessKey"], "admin-user")],
        &["iam:CreateAccessKey"],
    ),
    admin(
        "login-profile",
        true,
        1,
        &[Actions(&["iam:CreateLoginProfile"], "admin-user")],
        &["iam:CreateLoginProfile"],
    ),
    admin(
        "reset-password",
        true,
        1,
        &[Actions(&["iam:UpdateLoginProfile"], "admin-user")],
        &["iam:UpdateLoginProfile"],
    ),
    admin(
        "add-to-group",
        true,
        1,
        &[AdminGroup(&["iam:AddUserToGroup"])],
        &["iam:AddUserToGroup"],
    ),
    admin(
        "pass-lambda",
        false,
        1,
        &[Pass(
            "lambda",
            &["lambda:CreateFunction", "lambda:InvokeFunction"],
        )],
        &["iam:PassRole"],
    ),
    admin(
        "pass-ec2",
        true,
        1,
        &[Pass("ec2", &["ec2:RunInstances"])],
        &["iam:PassRole"],
    ),
    admin(
        "pass-cloudformation",
        false,
        1,
        &[Pass("cloudformation", &["cloudformation:CreateStack"])],
        &["cloudformation:CreateStack"],
    ),
    admin(
        "pass-codebuild",
        true,
        1,
        &[Pass(
            "codebuild",
            &["codebuild:CreateProject", "codebuild:StartBuild"],
        )],
        &["iam:PassRole"],
    ),
    admin(
        "pass-glue",
        false,
        1,
        &[Pass("glue", &["glue:CreateDevEndpoint"])],
        &["glue:CreateDevEndpoint"],
    ),
    admin(
        "pass-ecs",
        true,
        1,
        &[Pass(
            "ecs-tasks",
            &[
                "ecs:RegisterTaskDefinition",
                "ecs:RunTask",
                "ecs:CreateCluster",
            ],
        )],
        &["iam:PassRole"],
    ),
    admin("assume", true, 1, &[Chain(1, false)], &["sts:AssumeRole"]),
    admin(
        "assume-twice",
        false,
        2,
        &[Chain(2, false)],
        &["sts:AssumeRole"],
    ),
    admin(
        "assume-four-times",
        true,
        4,
        &[Chain(4, false)],
        &["sts:AssumeRole"],
    ),
    data(
        "secrets",
        false,
        0,
        &[Actions(&["secretsmanager:GetSecretValue"], "*")],
        &["secretsmanager:GetSecretValue"],
    ),
    data(
        "assume-to-secrets",
        true,
        1,
        &[Chain(1, true)],
        &["sts:AssumeRole"],
    ),
    data(
        "assume-twice-to-secrets",
        false,
        2,
        &[Chain(2, true)],
        &["sts:AssumeRole"],
    ),
];

const fn admin(
    name: &'static str,
    user: bool,
    hops: usize,
    grants: &'static [Grant],
    shut: &'static [&'static str],
) -> Technique {
    Technique {
        name,
        goal: "admin",
        user,
        hops,
        grants,
        shut,
    }
}

const fn data(
    name: &'static str,
    user: bool,
    hops: usize,
    grants: &'static [Grant],
    shut: &'static [&'static str],
) -> Technique {
    Technique {
        name,
        goal: "data",
        user,
        hops,
        grants,
        shut,
    }
}

/// A policy document of these statements.
pub fn document(statements: &str) -> String {
    format!("{{\"Version\":\"2012-10-17\",\"Statement\":[{statements}]}}")
}

/// A trust policy.
pub fn trust(kind: &str, who: &str, action: &str, condition: &str) -> String {
    document(&format!(
        "{{\"Effect\":\"Allow\",\"Principal\":{{\"{kind}\":\"{who}\"}},\"Action\":\"{action}\"{condition}}}"
    ))
}
