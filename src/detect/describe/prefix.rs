//! What the start of a value says, and the parts of a value that its issuer lists in the open. This is one
//! table, so that every rule has it whatever else it asks for.

use super::encoding::base64;
use super::{Decoded, github, gitlab, mapbox, pypi};
use crate::model::{ClaimName, JoinForm, Tier};

/// What a prefix says.
struct Row {
    /// Who issues it: another issuer's values may begin alike.
    issuer: &'static str,
    prefix: &'static str,
    /// Which sort.
    kind: &'static str,
    /// What such a value may do by its kind alone; unknown where that depends.
    tier: Tier,
}

const fn row(issuer: &'static str, prefix: &'static str, kind: &'static str, tier: Tier) -> Row {
    Row {
        issuer,
        prefix,
        kind,
        tier,
    }
}

/// From the issuers' own pages on their credentials; the longest prefix that fits counts.
const ROWS: &[Row] = &[
    // https://platform.openai.com/docs/api-reference/admin-api-keys
    row("openai", "sk-admin-", "admin", Tier::Admin),
    row("openai", "sk-svcacct-", "service-account", Tier::Write),
    row("openai", "sk-proj-", "project", Tier::Write),
    // https://docs.anthropic.com/en/api/admin-api/apikeys/get-api-key
    row("anthropic", "sk-ant-admin01-", "admin", Tier::Admin),
    row("anthropic", "sk-ant-api03-", "api", Tier::Write),
    row("anthropic", "sk-ant-oat01-", "oauth-access", Tier::Write),
    row("anthropic", "sk-ant-ort01-", "oauth-refresh", Tier::Write),
    // https://developer.hashicorp.com/vault/docs/concepts/tokens
    row("hashicorp", "hvs.", "service", Tier::Unknown),
    row("hashicorp", "hvb.", "batch", Tier::Unknown),
    row("hashicorp", "hvr.", "recovery", Tier::Admin),
    // https://docs.github.com/authentication/keeping-your-account-and-data-secure/about-authentication-to-github
    row("github", "ghp_", "personal-classic", Tier::Unknown),
    row("github", "gho_", "oauth-app", Tier::Unknown),
    row("github", "ghu_", "app-user", Tier::Unknown),
    row("github", "ghs_", "app-installation", Tier::Unknown),
    row("github", "ghr_", "refresh", Tier::Unknown),
    row(
        "github",
        "github_pat_",
        "personal-fine-grained",
        Tier::Unknown,
    ),
    // https://docs.gitlab.com/security/tokens/
    row("gitlab", "glpat-", "access", Tier::Unknown),
    row("gitlab", "gldt-", "deploy", Tier::Read),
    row("gitlab", "glrt-", "runner", Tier::Unknown),
    row("gitlab", "glcbt-", "job", Tier::Unknown),
    row("gitlab", "glptt-", "trigger", Tier::Write),
    row("gitlab", "glsoat-", "scim", Tier::Issue),
    row("gitlab", "glft-", "feed", Tier::Read),
    row("gitlab", "glimt-", "incoming-mail", Tier::Write),
    row("gitlab", "glffct-", "feature-flags", Tier::Read),
    // https://docs.slack.dev/authentication/tokens
    row("slack", "xoxb-", "bot", Tier::Unknown),
    row("slack", "xoxp-", "user", Tier::Unknown),
    row("slack", "xapp-", "app-level", Tier::Unknown),
    row("slack", "xoxe.xoxb-", "rotating-bot", Tier::Unknown),
    row("slack", "xoxe.xoxp-", "rotating-user", Tier::Unknown),
    row("slack", "xoxe-", "refresh", Tier::Unknown),
    row("slack", "xoxc-", "browser-session", Tier::Unknown),
    // https://docs.stripe.com/keys: a secret key may make any request.
    row("stripe", "sk_live_", "live secret", Tier::Admin),
    row("stripe", "rk_live_", "live restricted", Tier::Unknown),
    row("stripe", "pk_live_", "live publishable", Tier::Read),
    row("stripe", "sk_test_", "test secret", Tier::None),
    row("stripe", "rk_test_", "test restricted", Tier::None),
    row("stripe", "pk_test_", "test publishable", Tier::None),
    // https://docs.doppler.com/docs/service-tokens and the pages beside it
    row("doppler", "dp.st.", "service", Tier::Read),
    row("doppler", "dp.ct.", "cli", Tier::Unknown),
    row("doppler", "dp.pt.", "personal", Tier::Unknown),
    row("doppler", "dp.sa.", "service-account", Tier::Unknown),
    row(
        "doppler",
        "dp.said.",
        "service-account-identity",
        Tier::Unknown,
    ),
    row("doppler", "dp.audit.", "audit", Tier::Read),
    row("doppler", "dp.scim.", "scim", Tier::Issue),
    // https://tailscale.com/kb/1277/key-prefixes
    row("tailscale", "tskey-auth-", "auth", Tier::Write),
    row("tailscale", "tskey-api-", "api", Tier::Admin),
    row("tailscale", "tskey-client-", "oauth-client", Tier::Unknown),
    row("tailscale", "tskey-scim-", "scim", Tier::Issue),
    row("tailscale", "tskey-webhook-", "webhook", Tier::Read),
    // https://supabase.com/docs/guides/api/api-keys
    row("supabase", "sb_secret_", "secret", Tier::Admin),
    row("supabase", "sb_publishable_", "publishable", Tier::Read),
    row("supabase", "sbp_", "personal", Tier::Unknown),
    // https://docs.docker.com/security/access-tokens/
    row("docker", "dckr_pat_", "personal", Tier::Unknown),
    row("docker", "dckr_oat_", "organization", Tier::Unknown),
    // https://support.atlassian.com/bitbucket-cloud/docs/access-tokens/
    row("atlassian", "ATATT3", "user", Tier::Unknown),
    row(
        "atlassian",
        "ATCTT3",
        "repository, project or workspace",
        Tier::Unknown,
    ),
    row("atlassian", "ATBB", "app-password", Tier::Unknown),
    row("databricks", "dapi", "personal", Tier::Unknown),
    row("databricks", "dose", "service-principal", Tier::Unknown),
    row("datadog", "ddpat_", "personal", Tier::Unknown),
    row("datadog", "ddsat_", "service-account", Tier::Unknown),
    row("datadog", "ddap_", "application", Tier::Unknown),
    row("grafana", "glsa_", "service-account", Tier::Unknown),
    row("grafana", "glc_", "cloud-access-policy", Tier::Unknown),
    row("sentry", "sntrys_", "organization", Tier::Unknown),
    row("sentry", "sntryu_", "user", Tier::Unknown),
    row("twilio", "SK", "api-key", Tier::Unknown),
];

/// Adds what the value itself says, whatever structure its rule asked for.
pub(super) fn describe(issuer: &str, secret: &[u8], decoded: &mut Decoded) {
    let fits = |row: &&Row| row.issuer == issuer && secret.starts_with(row.prefix.as_bytes());
    let row = ROWS.iter().filter(fits).max_by_key(|row| row.prefix.len());
    if let Some(row) = row {
        decoded.claims.add(ClaimName::Kind, row.kind);
        decoded.implies(row.tier, "its prefix says what it is for");
    }
    // What does not begin with text of its own begins with its id.
    let Ok(text) = std::str::from_utf8(secret) else {
        return;
    };
    let rest = row.and_then(|row| text.strip_prefix(row.prefix));
    match issuer {
        "github" => github::token(secret, decoded),
        "gitlab" => {
            gitlab::routable(secret, decoded);
        }
        "pypi" => {
            pypi::macaroon(secret, decoded);
        }
        "mapbox" => {
            mapbox::token(secret, decoded);
        }
        "slack" => slack(text, decoded),
        "openai" | "anthropic" => partial(text, decoded),
        "hashicorp" => hashicorp(text, decoded),
        "doppler" => {
            let slug = rest.and_then(|rest| rest.split_once('.'));
            if let Some((config, _)) = slug {
                decoded.claims.add(ClaimName::Project, config);
            }
        }
        // tskey-<kind>-<id>-<secret>
        "tailscale" => id(rest.and_then(|rest| rest.split('-').next()), decoded),
        // PMAK-<id>-<secret>
        "postman" => id(text.strip_prefix("PMAK-").and_then(before('-')), decoded),
        // pat<14 characters>.<secret>
        "airtable" => id(
            Some(text)
                .filter(|t| t.starts_with("pat"))
                .and_then(before('.')),
            decoded,
        ),
        // SG.<id>.<secret>
        "sendgrid" => id(text.strip_prefix("SG.").and_then(before('.')), decoded),
        "twilio" if text.len() == 34 => id(row.map(|_| text), decoded),
        "discord" => {
            // The first part is the bot's user id in base64.
            let user = text
                .split('.')
                .next()
                .and_then(|part| base64(part.as_bytes()));
            let user = user.and_then(|user| String::from_utf8(user).ok());
            if let Some(user) = user.filter(|user| number(user, 15..=20)) {
                decoded.claims.add(ClaimName::User, &user);
                decoded.account.get_or_insert(user);
            }
        }
        "telegram" => {
            if let Some((bot, _)) = text.split_once(':').filter(|(bot, _)| number(bot, 6..=12)) {
                decoded.claims.add(ClaimName::User, bot);
                decoded.account.get_or_insert_with(|| bot.to_owned());
            }
        }
        "datadog" => {
            last_four(text, decoded);
            let public = rest.and_then(|rest| rest.split_once('_'));
            if let Some((public, _)) = public {
                decoded.join(JoinForm::PublicPortion, "", public);
            }
        }
        "okta" | "databricks" => hash(secret, decoded),
        _ => {}
    }
}

fn before(sign: char) -> impl Fn(&str) -> Option<&str> {
    move |text| text.split_once(sign).map(|(id, _)| id)
}

fn number(text: &str, lengths: std::ops::RangeInclusive<usize>) -> bool {
    lengths.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

/// An id that the issuer lists.
fn id(id: Option<&str>, decoded: &mut Decoded) {
    if let Some(id) = id.filter(|id| (4..=64).contains(&id.len())) {
        decoded.claims.add(ClaimName::TokenId, id);
        decoded.join(JoinForm::CredentialId, "", id);
    }
}

/// `xoxb-<number>-<number>-…`, `xapp-1-A<app>-…`
fn slack(text: &str, decoded: &mut Decoded) {
    let mut parts = text.split('-');
    match parts.next() {
        Some("xapp") => {
            if let Some(app) = parts.nth(1).filter(|app| app.starts_with('A')) {
                decoded.claims.add(ClaimName::App, app);
            }
        }
        Some("xoxb" | "xoxp") => {
            let ids: Vec<&str> = parts.take(2).filter(|id| number(id, 8..=14)).collect();
            if ids.len() == 2 {
                decoded.claims.add(ClaimName::TokenId, &ids.join("-"));
            }
        }
        _ => {}
    }
}

fn hashicorp(text: &str, decoded: &mut Decoded) {
    if let Some((id, _)) = text.split_once(".atlasv1.") {
        decoded.claims.add(ClaimName::TokenId, id);
        decoded.join(JoinForm::CredentialId, "", id);
        return;
    }
    // hvs.<random>.<namespace>
    if let Some(namespace) = text
        .split('.')
        .nth(2)
        .filter(|n| (4..=8).contains(&n.len()))
    {
        decoded.claims.add(ClaimName::Namespace, namespace);
    }
}

/// What listings show of a key: its start with a few characters more, and its last ones.
fn partial(text: &str, decoded: &mut Decoded) {
    let start = text
        .char_indices()
        .filter(|(_, c)| *c == '-')
        .map(|(at, _)| at + 1);
    // `sk-proj-`, `sk-ant-api03-`: the dashes behind the kind belong to the value.
    for start in start.take(3) {
        for (more, end) in [(0, 3), (0, 4), (3, 3), (3, 4), (4, 4)] {
            let tail = text.len().checked_sub(end).and_then(|at| text.get(at..));
            if let (Some(head), Some(tail)) = (text.get(..start + more), tail) {
                decoded.join(JoinForm::PartialHint, "", &format!("{head}…{tail}"));
            }
        }
    }
}

fn last_four(text: &str, decoded: &mut Decoded) {
    if let Some(last) = text.len().checked_sub(4).and_then(|at| text.get(at..)) {
        decoded.join(JoinForm::LastFour, "", last);
    }
}

/// Okta and Databricks list a hash of 16 bytes without naming the algorithm: the two usual cuts of SHA-256.
fn hash(secret: &[u8], decoded: &mut Decoded) {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use sha2::{Digest as _, Sha256};
    let digest = Sha256::digest(secret);
    let short = digest.get(..16).unwrap_or_default();
    for value in [
        URL_SAFE_NO_PAD.encode(short),
        super::encoding::hex(&digest).to_ascii_lowercase(),
    ] {
        decoded.join(JoinForm::SecretHash, "", &value);
    }
}
