//! Plugins that a kubeconfig runs to sign in, by their documented options: which role, profile or application
//! that is.

use super::super::naming::{name_of, named, symbolic};
use super::{Node, Reading, SignsIn, User};
use crate::model::{Humanity, Identity, IdentityId, IdentityKind, Platform, Presence};
use crate::platform::kubernetes::names;

impl Reading<'_> {
    /// Whom a plugin signs in as.
    pub(super) fn exec(&mut self, user: &User<'_>, exec: &Node) -> SignsIn {
        let command = named(exec, "command").unwrap_or_default();
        let program = command.rsplit(['/', '\\']).next().unwrap_or(command);
        let program = program.strip_suffix(".exe").unwrap_or(program);
        let args: Vec<&str> = exec.list("args").iter().filter_map(Node::text).collect();
        let option = |names: &[&str]| option(&args, names);
        let env = |name: &str| {
            let entries = exec.list("env").iter();
            let mut of = entries.filter(|entry| entry.str("name") == Some(name));
            name_of(of.next()?.get("value"))
        };
        let mut how = vec![format!("exec:{program}")];
        let identity = match program {
            "aws" | "aws-iam-authenticator" | "heptio-authenticator-aws" => {
                let cluster = option(&["--cluster-name", "--cluster-id", "-i"]);
                how.extend(cluster.map(|name| format!("eks-cluster:{name}")));
                let profile = option(&["--profile"]).or_else(|| env("AWS_PROFILE"));
                how.extend(profile.map(|name| format!("aws-profile:{name}")));
                let role = option(&["--role-arn", "--role", "-r"]);
                let role = role.and_then(|arn| self.role(arn, user));
                role.unwrap_or_else(|| {
                    let signs = profile.map(|name| format!("signs in by the AWS profile {name}"));
                    self.profile(user, signs.as_slice())
                })
            }
            "kubelogin" | "kubectl-oidc_login" | "kubectl" | "oc" => {
                let client = option(&["--client-id", "--oidc-client-id"])
                    .or_else(|| env("AAD_SERVICE_PRINCIPAL_CLIENT_ID"))
                    .or_else(|| env("AZURE_CLIENT_ID"));
                let tenant = option(&["--tenant-id", "-t"]).or_else(|| env("AZURE_TENANT_ID"));
                let login = option(&["--login", "-l"]);
                how.extend(login.map(|mode| format!("login:{mode}")));
                let issuer = option(&["--oidc-issuer-url"]);
                how.extend(issuer.map(|url| format!("issuer:{url}")));
                let secret = option(&["--client-secret", "--oidc-client-secret"]).is_some()
                    || env("AAD_SERVICE_PRINCIPAL_CLIENT_SECRET").is_some()
                    || env("AZURE_CLIENT_SECRET").is_some();
                if secret {
                    how.push("client-secret-in-file".to_owned());
                }
                // Only a service principal or a workload identity is the application; a person signs in through it.
                let itself = matches!(login, Some("spn" | "workloadidentity" | "msi")) || secret;
                match client.filter(|_| itself && issuer.is_none()) {
                    Some(client) => self.application(client, tenant, user),
                    None => self.profile(user, &[]),
                }
            }
            _ => self.profile(user, &[]),
        };
        SignsIn { identity, how }
    }

    fn role(&mut self, arn: &str, user: &User<'_>) -> Option<IdentityId> {
        let plain = names::iam_role(arn);
        if plain.is_none() && !(symbolic(arn) && arn.contains(":role/")) {
            return None;
        }
        let name = arn.rsplit('/').next().unwrap_or(arn);
        let kind = IdentityKind::AwsRole;
        let mut role = Identity::new(arn.into(), Platform::Aws, kind, name);
        role.account = plain.map(|(account, _)| account.into());
        Some(self.referred(role, user))
    }

    fn application(&mut self, client: &str, tenant: Option<&str>, user: &User<'_>) -> IdentityId {
        let tenant = tenant.unwrap_or("unknown");
        let id = format!("entra:{tenant}/{client}");
        let kind = IdentityKind::EntraApplication;
        let mut app = Identity::new(id.into(), Platform::Entra, kind, client);
        app.account = Some(tenant.into());
        app.humanity = (
            Humanity::NonHuman,
            "a kubeconfig signs in as the application".into(),
        );
        self.referred(app, user)
    }

    fn referred(&mut self, mut identity: Identity, user: &User<'_>) -> IdentityId {
        identity.presence.insert(Presence::Referenced);
        self.add(identity, &user.place)
    }
}

/// The value of an option: `--role-arn X` or `--role-arn=X`.
fn option<'a>(args: &[&'a str], names: &[&str]) -> Option<&'a str> {
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let (name, value) = match arg.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (*arg, None),
        };
        if !names.contains(&name) {
            continue;
        }
        let value = value.or_else(|| rest.clone().next().copied())?;
        let plain = !value.is_empty() && value.len() <= 512 && !value.chars().any(char::is_control);
        return plain.then_some(value);
    }
    None
}
