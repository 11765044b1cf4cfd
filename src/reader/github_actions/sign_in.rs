//! Where a step signs in elsewhere, and by what: tokens of its own that end, or keys that last.

use super::Node;
use super::values::Values;
use crate::model::{Assumed, Evidence, IdentityId, Str};
use crate::reader::pipeline::{of_script, role_arn};

/// The audience that AWS's own action asks for.
const AWS_AUDIENCE: &str = "sts.amazonaws.com";
/// The audience that Azure's own action asks for.
const AZURE_AUDIENCE: &str = "api://AzureADTokenExchange";

/// What a step signs in as.
pub(super) fn of_step(
    slug: &str,
    step: &Node,
    values: &Values,
    evidence: &Evidence,
) -> Vec<Assumed> {
    let with = step.get("with");
    let of = |key: &str| -> Option<&str> {
        let entries = with?.entries().iter();
        let mut found = entries.filter(|(name, _)| name.eq_ignore_ascii_case(key));
        found
            .find_map(|(_, v)| v.text())
            .map(str::trim)
            .filter(|text| !text.is_empty())
    };
    let single = |key: &str| of(key).map(|text| values.single(text));
    let make =
        |cloud: &str, target: String, identity, by: &str, audience: Option<String>| Assumed {
            cloud: cloud.into(),
            target: target.into(),
            identity,
            by: by.into(),
            audience: audience.map(Into::into),
            seconds: of("role-duration-seconds").and_then(|text| text.parse().ok()),
            evidence: evidence.clone(),
        };
    let mut out = Vec::new();
    match slug {
        "aws-actions/configure-aws-credentials" => {
            let keys = of("aws-access-key-id").is_some();
            let chained = of("role-chaining").is_some_and(|text| text.eq_ignore_ascii_case("true"));
            let by = match (keys, chained) {
                (true, _) => "key",
                (false, true) => "role",
                (false, false) => "oidc",
            };
            let audience = (by == "oidc")
                .then(|| single("audience").unwrap_or_else(|| AWS_AUDIENCE.to_owned()));
            for role in roles(of("role-to-assume"), values) {
                let identity = role_arn(&role);
                out.push(make("aws", role, identity, by, audience.clone()));
            }
        }
        "google-github-actions/auth" => {
            let provider = single("workload_identity_provider");
            let account = single("service_account");
            let by = if provider.is_some() { "oidc" } else { "key" };
            let audience = provider.as_ref().map(|provider| {
                single("audience")
                    .unwrap_or_else(|| format!("https://iam.googleapis.com/{provider}"))
            });
            for account in account.iter().flat_map(|text| values.resolve(text)) {
                let identity = google_account(&account);
                out.push(make("gcp", account, identity, by, audience.clone()));
            }
            if account.is_none()
                && let Some(provider) = provider
            {
                out.push(make("gcp", provider, None, by, audience));
            }
        }
        "azure/login" => {
            if let Some(client) = single("client-id") {
                let tenant = single("tenant-id").unwrap_or_default();
                let whole = |text: &str| !text.is_empty() && !text.contains('$');
                let identity = (whole(&client) && whole(&tenant))
                    .then(|| IdentityId::from(format!("entra:{tenant}/{client}")));
                let audience = single("audience").unwrap_or_else(|| AZURE_AUDIENCE.to_owned());
                out.push(make("azure", client, identity, "oidc", Some(audience)));
            }
        }
        "hashicorp/vault-action" => {
            let mount = single("path").unwrap_or_else(|| "jwt".to_owned());
            let jwt = of("method").is_some_and(|method| method.eq_ignore_ascii_case("jwt"));
            if let Some(role) = single("role").filter(|_| jwt) {
                let whole = !role.contains('$') && !mount.contains('$');
                let identity =
                    whole.then(|| IdentityId::from(format!("vault:{mount}/role/{role}")));
                let by = if of("jwtPrivateKey").is_some() {
                    "key"
                } else {
                    "oidc"
                };
                out.push(make(
                    "vault",
                    role,
                    identity,
                    by,
                    single("jwtGithubAudience"),
                ));
            }
        }
        _ => {
            // Other people's actions: an input that holds nothing but the ARN of a role.
            for (key, value) in with.map_or(&[][..], Node::entries) {
                let named = key.to_ascii_lowercase().replace('_', "-");
                if named.contains("role") {
                    for role in value.text().map(|t| values.resolve(t)).unwrap_or_default() {
                        if let Some(identity) = role_arn(&role) {
                            out.push(make("aws", role, Some(identity), "oidc", None));
                        }
                    }
                }
            }
        }
    }
    if let Some(run) = step.str("run") {
        out.extend(of_script(run, &|text| values.resolve(text), evidence));
    }
    out
}

fn roles(text: Option<&str>, values: &Values) -> Vec<String> {
    let all = text.map(|text| values.resolve(text)).unwrap_or_default();
    all.into_iter().map(|text| text.trim().to_owned()).collect()
}

/// The service account that a text names whole.
pub(super) fn google_account(text: &str) -> Option<IdentityId> {
    let clean = !text.contains(['$', '{', ' ', '<']);
    (clean && text.ends_with("gserviceaccount.com") && text.contains('@'))
        .then(|| IdentityId::from(format!("gcp:{text}")))
}

/// Whether an action or a script is known to ask for no token of the job's own: those that come with the
/// platform. Any other may.
pub(super) fn asks_no_token(slug: &str, path: &str, step: &Node) -> bool {
    if let Some(run) = step.str("run") {
        return ![
            "ACTIONS_ID_TOKEN_REQUEST",
            "cosign",
            "--provenance",
            "web-identity",
            "oidc",
            "OIDC",
            "id-token",
            "id_token",
            "sigstore",
            "twine",
            "gh attestation",
            "npm publish",
            "uv publish",
            "cargo publish",
            "pnpm publish",
            "yarn npm publish",
            "lerna publish",
            "make ",
            "just ",
            "npx ",
            "npm run",
            "./",
        ]
        .iter()
        .any(|needle| run.contains(needle));
    }
    let script = step.get("with").and_then(|with| with.str("script"));
    let known = matches!(
        slug,
        "actions/checkout"
            | "actions/cache"
            | "actions/upload-artifact"
            | "actions/download-artifact"
            | "actions/setup-node"
            | "actions/setup-python"
            | "actions/setup-go"
            | "actions/setup-java"
            | "actions/setup-dotnet"
            | "actions/labeler"
            | "actions/stale"
            | "dtolnay/rust-toolchain"
            | "swatinem/rust-cache"
            | "docker/setup-buildx-action"
            | "docker/setup-qemu-action"
    ) || slug == "actions/github-script"
        && script.is_some_and(|s| !s.contains("getIDToken"));
    known && path.is_empty()
}

/// An app whose token a step makes: how its id is written, and what permissions are asked for (`None` where
/// all that the app has are).
pub(super) struct AppToken {
    pub(super) app: Str,
    pub(super) permissions: Option<Vec<(Str, Str, u32)>>,
}

/// Reads a step that makes a token of a GitHub App.
pub(super) fn app_token(slug: &str, step: &Node, values: &Values) -> Option<AppToken> {
    let with = step.get("with");
    let of = |key: &str| {
        with.and_then(|with| with.str(key))
            .map(|text| values.single(text))
    };
    let app = of("app-id")
        .or_else(|| of("client-id"))
        .or_else(|| of("app_id"))
        .or_else(|| of("application_id"));
    let mut permissions = Vec::new();
    match slug {
        "actions/create-github-app-token" => {
            for (key, value) in with.map_or(&[][..], Node::entries) {
                if let (Some(name), Some(level)) = (key.strip_prefix("permission-"), value.text()) {
                    permissions.push((name.into(), level.into(), value.line));
                }
            }
        }
        "tibdex/github-app-token" | "peter-murray/workflow-application-token-action" => {
            let stated = with.and_then(|with| with.get("permissions"));
            if let Some(text) = stated.and_then(Node::text) {
                let words: Vec<&str> = text
                    .split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-')))
                    .filter(|word| !word.is_empty())
                    .collect();
                for pair in words.chunks(2) {
                    if let [name, level] = pair {
                        let line = stated.map_or(0, |s| s.line);
                        permissions.push((name.replace('_', "-").into(), (*level).into(), line));
                    }
                }
            }
        }
        _ => return None,
    }
    Some(AppToken {
        app: app?.trim().into(),
        permissions: (!permissions.is_empty()).then_some(permissions),
    })
}
