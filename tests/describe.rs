//! What credentials say about themselves, decoder by decoder. Every credential is put together here, by the
//! issuer's own description of its format; none is anybody's.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use proptest::prelude::*;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use std::sync::OnceLock;
use tenure::detect::Detector;
use tenure::link::link;
use tenure::model::{
    Confidence, Credential, CredentialId, Document, Evidence, Facts, Fingerprinter, Identity,
    IdentityId, IdentityKind, Inventory, JoinForm, JoinKey, Moment, Origin, Platform, Tier,
    Timestamp,
};
use tenure::platform::embedded::DETECTORS;

fn detector() -> &'static Detector {
    static DETECTOR: OnceLock<Detector> = OnceLock::new();
    DETECTOR.get_or_init(|| Detector::new(DETECTORS, Fingerprinter::new(None)).unwrap())
}

fn scan(text: &str) -> Vec<Credential> {
    let origin = Origin::file("app.env");
    let document = Document {
        origin: &origin,
        bytes: text.as_bytes(),
    };
    detector().scan(&document).0
}

fn one(kind: &str, text: &str) -> Credential {
    let found = scan(text);
    let kinds: Vec<&str> = found.iter().map(|c| &*c.kind).collect();
    let mut of = found.iter().filter(|c| &*c.kind == kind);
    let first = of.next().cloned();
    first.unwrap_or_else(|| panic!("{kind} is not among {kinds:?} of {text}"))
}

/// `name=value` for every claim.
fn claims(credential: &Credential) -> Vec<String> {
    let pair = |c: &tenure::model::Claim| format!("{}={}", c.name.as_str(), c.value);
    credential.claims.iter().map(pair).collect()
}

fn says(credential: &Credential, expected: &[&str]) {
    let said = claims(credential);
    for claim in expected {
        assert!(
            said.iter().any(|s| s == claim),
            "{}: {claim} is not among {said:?}",
            credential.kind
        );
    }
}

fn evidence() -> Evidence {
    let origin = Origin::file("export.json");
    let document = Document {
        origin: &origin,
        bytes: b"",
    };
    document.at_line("export", 1)
}

fn at(text: &str) -> Moment {
    Moment::At(Timestamp::parse(text).unwrap())
}

const RANDOM: &str = "q8Zt3Lk9Xw2Vb7Nm4Rp6Ty1Us5HdGjFcKa0QeWoIuYxBvMnPzSlDrE";

fn random(length: usize) -> String {
    RANDOM.chars().cycle().take(length).collect()
}

fn in_base(mut number: u64, base: u64, width: usize) -> String {
    let mut digits = Vec::new();
    while digits.len() < width {
        digits.push(b"0123456789abcdefghijklmnopqrstuvwxyz"[(number % base) as usize]);
        number /= base;
    }
    digits.reverse();
    String::from_utf8(digits).unwrap()
}

fn jwt(claims: &str) -> String {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","typ":"JWT"}"#);
    format!("{header}.{}.{}", URL_SAFE_NO_PAD.encode(claims), random(43))
}

// --- tokens by prefix ------------------------------------------------------------------------------

#[test]
fn tokens_say_what_they_are() {
    type Case = (&'static str, String, &'static [&'static str], Tier);
    let r = random;
    let digits = "123456789012";
    let cases: Vec<Case> = vec![
        (
            "openai-admin-key",
            format!("sk-admin-{}T3BlbkFJ{}", r(74), r(74)),
            &["kind=admin", "joins-by=redacted_value"],
            Tier::Admin,
        ),
        (
            "anthropic-admin-key",
            format!("sk-ant-admin01-{}AA", r(93)),
            &["kind=admin", "joins-by=redacted_value"],
            Tier::Admin,
        ),
        (
            "anthropic-api-key",
            format!("sk-ant-api03-{}AA", r(93)),
            &["kind=api"],
            Tier::Write,
        ),
        (
            "vault-service-token",
            format!("hvs.{}.aB3dE", r(24)),
            &["kind=service", "namespace=aB3dE"],
            Tier::Unknown,
        ),
        (
            "terraform-cloud-token",
            format!("{}.atlasv1.{}", "aB3dE5gH7jK9mN", r(67)),
            &["token-id=aB3dE5gH7jK9mN", "joins-by=id"],
            Tier::Unknown,
        ),
        (
            "slack-bot-token",
            format!("xoxb-{digits}-{digits}3-{}", r(24)),
            &["kind=bot", "token-id=123456789012-1234567890123"],
            Tier::Unknown,
        ),
        (
            "slack-app-token",
            format!("xapp-1-A0Q8ZT3LK9X-{digits}3-{}", "a1b2c3d4".repeat(8)),
            &["kind=app-level", "app=A0Q8ZT3LK9X"],
            Tier::Unknown,
        ),
        (
            "stripe-secret-key",
            format!("sk_live_51{}", r(97)),
            &["kind=live secret", "tenant=acct_1q8Zt3Lk9Xw2Vb7N"],
            Tier::Admin,
        ),
        (
            "stripe-test-key",
            format!("rk_test_51{}", r(97)),
            &["kind=test restricted", "joins-by=account"],
            Tier::None,
        ),
        (
            "doppler-token",
            format!("dp.st.prd_eu.{}", r(43)),
            &["kind=service", "project=prd_eu"],
            Tier::Read,
        ),
        (
            "tailscale-key",
            format!("tskey-api-{}CNTRL-{}", "kAbc123DEF4", r(33)),
            &["kind=api", "token-id=kAbc123DEF4CNTRL"],
            Tier::Admin,
        ),
        (
            "sendgrid-api-key",
            format!("SG.{}.{}", r(22), r(43)),
            &["token-id=q8Zt3Lk9Xw2Vb7Nm4Rp6Ty"],
            Tier::Unknown,
        ),
        (
            "airtable-personal-access-token",
            format!("pat{}.{}", r(14), "a1b2c3d4".repeat(8)),
            &["token-id=patq8Zt3Lk9Xw2Vb7"],
            Tier::Unknown,
        ),
        (
            "postman-api-key",
            format!(
                "PMAK-{}-{}",
                "a1b2c3d4e5f6a7b8c9d0e1f2", "0f1e2d3c4b5a69788796a5b4c3d2e1f0ab"
            ),
            &["token-id=a1b2c3d4e5f6a7b8c9d0e1f2"],
            Tier::Unknown,
        ),
        (
            "discord-bot-token",
            format!(
                "DISCORD_TOKEN={}.{}.{}",
                STANDARD_NO_PAD.encode("412345678901234567"),
                "Gq8Zt3",
                r(38)
            ),
            &["user=412345678901234567"],
            Tier::Unknown,
        ),
        (
            "telegram-bot-token",
            format!("TELEGRAM_TOKEN=1234567890:AA{}", r(33)),
            &["user=1234567890"],
            Tier::Write,
        ),
        (
            "supabase-secret-key",
            format!("sb_secret_{}_{}", r(22), "q8Zt3Lk9"),
            &["kind=secret"],
            Tier::Admin,
        ),
    ];
    for (kind, text, expected, tier) in cases {
        let credential = one(kind, &text);
        says(&credential, expected);
        assert_eq!(credential.implied_tier.tier, tier, "{kind}");
        assert_eq!(
            credential.implied_tier.basis.is_empty(),
            tier == Tier::Unknown
        );
    }
}

#[test]
fn github_tokens_name_their_user_and_their_ends() {
    // 1,500,000 in 35 bits, of which the last three are nothing.
    let text = format!("github_pat_11AALOGYA0{}_{}", random(12), random(59));
    let found = one("github-fine-grained-token", &text);
    says(
        &found,
        &[
            "user=1500000",
            "joins-by=owner.id",
            "joins-by=token_last_eight",
        ],
    );
    let text = format!("t=ghs_{}", random(36));
    says(
        &one("github-app-installation-token", &text),
        &["valid-for=1 h", "genuine=no"],
    );
}

#[test]
fn a_life_in_the_rule_and_a_birth_in_the_token_make_an_end() {
    let rule = r#"
issuer: acme
title: Acme
docs: https://acme.example/docs
kinds:
  - id: acme-session
    title: Acme session
    severity: high
    literals: [acme_JQQJ99]
    pattern: '(?P<secret>acme_JQQJ99[A-Z]{2}[0-9a-z]{24})'
    structure: azure-cask
    privilege: issue
    valid_for: 48
    examples: {positive: ['acme_JQQJ99CA{{hex:24}}'], negative: ['acme_']}
"#;
    let detector = Detector::new(&[("a.yaml", rule)], Fingerprinter::new(None)).unwrap();
    let origin = Origin::file("a");
    let text = b"acme_JQQJ99CAq8zt3lk9xw2vb7nm4rp6ty1u";
    let (found, _) = detector.scan(&Document {
        origin: &origin,
        bytes: text,
    });
    assert_eq!(found[0].created, Timestamp::parse("2026-01-01"));
    assert_eq!(found[0].expires, at("2026-01-03"));
    assert_eq!(found[0].implied_tier.tier, Tier::Issue);
    for (from, to) in [
        ("valid_for: 48", "valid_for: 0"),
        ("valid_for: 48", "valid_for: 9999999"),
        ("privilege: issue", "privilege: owner"),
    ] {
        let text = rule.replace(from, to);
        assert!(Detector::new(&[("a.yaml", &text)], Fingerprinter::new(None)).is_err());
    }
}

// --- checksums -------------------------------------------------------------------------------------

#[test]
fn checksums_tell_genuine_from_invented() {
    let crc = |text: &str| crc32fast::hash(text.as_bytes());
    let zuplo = "d67b7e241bb948758f415b79aa8ec822";
    let confluent = random(54);
    let confluent_crc = STANDARD_NO_PAD.encode(crc(&confluent).to_le_bytes());
    for (kind, right) in [
        ("zuplo-api-key", format!("zpka_{zuplo}_{:08x}", crc(zuplo))),
        (
            "confluent-api-secret",
            format!("cflt{confluent}{confluent_crc}"),
        ),
    ] {
        let found = one(kind, &format!("key={right}"));
        says(&found, &["genuine=yes"]);
        assert_eq!(found.confidence(), Some(Confidence::High), "{kind}");
        // The last character is another one; what is wrong stays in sight.
        let (rest, last) = right.split_at(right.len() - 1);
        let wrong = format!("{rest}{}", if last == "0" { "1" } else { "0" });
        let found = one(kind, &format!("key={wrong}"));
        says(&found, &["genuine=no"]);
        assert_eq!(found.confidence(), Some(Confidence::Medium), "{kind}");
        let reasons = &found.exposures.first().unwrap().reasons;
        assert!(reasons.contains("checksum wrong"));
    }
}

// --- tokens with a payload -------------------------------------------------------------------------

fn gitlab(payload: &str) -> String {
    let mut bytes: Vec<u8> = (0..16_u8).map(|i| i.wrapping_mul(37) ^ 0x5b).collect();
    bytes.extend(payload.bytes());
    bytes.push(16);
    let body = URL_SAFE_NO_PAD.encode(bytes);
    let whole = format!("glpat-{body}.01.{}", in_base(body.len() as u64, 36, 2));
    let crc = crc32fast::hash(whole.as_bytes());
    format!("{whole}{}", in_base(u64::from(crc), 36, 7))
}

#[test]
fn gitlab_tokens_are_routed() {
    let token = gitlab("c:1\no:1\nu:1e240\np:ff\ng:a");
    let found = one("gitlab-personal-access-token", &format!("T={token}"));
    says(
        &found,
        &[
            "tenant=1",
            "user=2335536",
            "project=555",
            "group=10",
            "region=1",
            "genuine=yes",
            "joins-by=user_id",
            "joins-by=project_id",
        ],
    );
    let mut inventory = Inventory::default();
    inventory.add_credential(found);
    let id = IdentityId::from("gitlab:user:bot");
    let kind = IdentityKind::KubernetesUser;
    let mut user = Identity::new(id.clone(), Platform::Other, kind, "bot");
    user.aliases.insert("gitlab:user_id:2335536".into());
    inventory.add_identity(user);
    link(&mut inventory);
    let credential = inventory.credentials.values().next().unwrap();
    assert_eq!(credential.identity(), Some(&id));
    // Nonsense in the lines is passed over.
    let token = gitlab("u:!!\n::\nx:1\np:zzzzzzzzzzzzzzzzzzzzz");
    let found = one("gitlab-personal-access-token", &format!("T={token}"));
    assert!(!claims(&found).iter().any(|c| c.starts_with("user=")));
}

#[test]
fn grafana_sentry_jfrog_and_mapbox() {
    let b64 = |text: &str| STANDARD.encode(text);
    let json =
        r#"{"o":"652992","n":"stack-1-writer","k":"q8Zt3Lk9Xw2Vb7Nm4Rp6Ty1U","m":{"r":"eu"}}"#;
    let found = one("grafana-cloud-token", &format!("t=glc_{}", b64(json)));
    says(
        &found,
        &["tenant=652992", "token-id=stack-1-writer", "region=eu"],
    );

    let json = r#"{"iat":1767225600.5,"url":"https://acme.sentry.io","region_url":"https://us.sentry.io","org":"acme"}"#;
    let token = format!("sntrys_{}_{}", b64(json).trim_end_matches('='), random(43));
    let found = one("sentry-organization-token", &token);
    says(
        &found,
        &["tenant=acme", "host=us.sentry.io", "host=acme.sentry.io"],
    );
    assert_eq!(found.created, Timestamp::parse("2026-01-01"));

    let token = b64(&format!("reftkn:01:1767225600:{}", random(27)));
    let found = one("jfrog-reference-token", &format!("t={token}"));
    assert_eq!(found.expires, at("2026-01-01"));
    // A time beyond all times is not believed.
    let token = b64(&format!("reftkn:01:999999999999:{}", random(25)));
    for found in scan(&format!("t={token}")) {
        assert_eq!(found.expires, Moment::Unknown);
    }

    let json = URL_SAFE_NO_PAD.encode(r#"{"u":"acme-maps","a":"clk3n2x9z01"}"#);
    let found = one(
        "mapbox-secret-token",
        &format!("t=sk.{json}.{}", random(22)),
    );
    says(
        &found,
        &["user=acme-maps", "token-id=clk3n2x9z01", "kind=secret"],
    );
    let found = one(
        "mapbox-public-token",
        &format!("t=pk.{json}.{}", random(22)),
    );
    assert_eq!(found.implied_tier.tier, Tier::Read);
    assert_eq!(found.confidence(), Some(Confidence::Low));
}

fn macaroon(caveats: &[&str]) -> String {
    let field = |kind: u8, data: &[u8]| {
        let mut out = vec![kind];
        let mut length = data.len();
        while length >= 0x80 {
            out.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        out.push(length as u8);
        out.extend(data);
        out
    };
    let mut out = vec![2];
    out.extend(field(1, b"pypi.org"));
    out.extend(field(2, b"3b7f0c52-1f0a-4b8e-9d43-0f8f5f0b7a11"));
    out.push(0);
    for caveat in caveats {
        out.extend(field(2, caveat.as_bytes()));
        out.push(0);
    }
    out.push(0);
    let signature: Vec<u8> = (0..32_u8).map(|i| i.wrapping_mul(29) ^ 0x35).collect();
    out.extend(field(6, &signature));
    format!("pypi-{}", URL_SAFE_NO_PAD.encode(out))
}

#[test]
fn pypi_tokens_carry_caveats() {
    let found = one(
        "pypi-api-token",
        &macaroon(&[r#"{"version":1,"permissions":"user"}"#]),
    );
    says(
        &found,
        &[
            "host=pypi.org",
            "token-id=3b7f0c52-1f0a-4b8e-9d43-0f8f5f0b7a11",
            "scope=user",
        ],
    );
    assert_eq!(found.expires, Moment::Never);
    let found = one(
        "pypi-api-token",
        &macaroon(&[
            r#"[1,["acme-sdk","acme-cli"]]"#,
            "[0,1769904000,1767225600]",
        ]),
    );
    says(
        &found,
        &["scope=projects", "project=acme-sdk", "project=acme-cli"],
    );
    assert_eq!(found.expires, at("2026-02-01"));
    assert_eq!(found.created, Timestamp::parse("2026-01-01"));
    assert_eq!(found.implied_tier.tier, Tier::Write);
    // Times and lists that are none, and a caveat that is no JSON.
    let found = one(
        "pypi-api-token",
        &macaroon(&["[0,1e300,-5]", "[1,{\"a\":1}]", "[[[[", "[]", "\u{1}"]),
    );
    assert_eq!(found.expires, Moment::Never);
}

// --- JSON web tokens -------------------------------------------------------------------------------

#[test]
fn service_account_tokens() {
    let bound = r#"{"aud":["https://kubernetes.default.svc"],"exp":1769904000,"iat":1767225600,"iss":"https://oidc.eks.eu-west-1.amazonaws.com/id/0A1B2C3D4E5F","kubernetes.io":{"namespace":"ci","node":{"name":"ip-10-0-0-1"},"pod":{"name":"runner-0","uid":"u"},"serviceaccount":{"name":"deployer","uid":"8a9b0c1d-0000-4000-8000-000000000001"},"warnafter":1767229207},"nbf":1767225600,"sub":"system:serviceaccount:ci:deployer"}"#;
    let found = one("kubernetes-service-account-token", &jwt(bound));
    says(
        &found,
        &[
            "namespace=ci",
            "pod=runner-0",
            "host=ip-10-0-0-1",
            "kind=bound",
            "cluster=0A1B2C3D4E5F",
            "region=eu-west-1",
            "warn-after=2026-01-01T01:00:07Z",
            "audience=https://kubernetes.default.svc",
            "user=8a9b0c1d-0000-4000-8000-000000000001",
        ],
    );
    assert_eq!(found.expires, at("2026-02-01"));
    assert_eq!(found.created, Timestamp::parse("2026-01-01"));
    assert_eq!(
        found.identity().unwrap().to_string(),
        "k8s:cluster/ci/deployer"
    );
    let legacy = r#"{"iss":"kubernetes/serviceaccount","kubernetes.io/serviceaccount/namespace":"ci","kubernetes.io/serviceaccount/secret.name":"deployer-token-x7k2p","kubernetes.io/serviceaccount/service-account.name":"deployer","sub":"system:serviceaccount:ci:deployer"}"#;
    let found = one("kubernetes-service-account-token", &jwt(legacy));
    says(
        &found,
        &[
            "kind=legacy",
            "token-id=deployer-token-x7k2p",
            "joins-by=id",
        ],
    );
    assert_eq!(found.expires, Moment::Never);
}

#[test]
fn web_tokens_of_identity_providers() {
    let cases: [(&str, &[&str], Tier); 6] = [
        (
            r#"{"iss":"supabase","ref":"abcdefghijklmnopqrst","role":"service_role","iat":1767225600,"exp":2082758400}"#,
            &[
                "kind=service_role",
                "project=abcdefghijklmnopqrst",
                "issuer=supabase",
            ],
            Tier::Admin,
        ),
        (
            r#"{"aud":"https://graph.microsoft.com","iss":"https://sts.windows.net/72f988bf-0000-4000-8000-2d7cd011db47/","appid":"11111111-2222-4333-8444-555555555555","oid":"99999999-2222-4333-8444-555555555555","roles":["RoleManagement.ReadWrite.Directory","User.Read.All"],"tid":"72f988bf-0000-4000-8000-2d7cd011db47","exp":1767225600}"#,
            &[
                "tenant=72f988bf-0000-4000-8000-2d7cd011db47",
                "user=99999999-2222-4333-8444-555555555555",
                "app=11111111-2222-4333-8444-555555555555",
                "scope=User.Read.All",
                "joins-by=oid",
                "joins-by=appid",
            ],
            Tier::Escalate,
        ),
        (
            r#"{"iss":"https://accounts.google.com","email":"ci@acme.iam.gserviceaccount.com","sub":"1234","aud":"x","exp":1767225600}"#,
            &[
                "email=ci@acme.iam.gserviceaccount.com",
                "joins-by=client_email",
            ],
            Tier::Unknown,
        ),
        (
            r#"{"iss":"https://acme.okta.com/oauth2/default","cid":"0oa1b2c3","uid":"00u1","scp":["okta.users.read","okta.roles.manage"],"sub":"bot@acme.io","exp":1767225600}"#,
            &[
                "app=0oa1b2c3",
                "user=00u1",
                "scope=okta.users.read",
                "subject=bot@acme.io",
            ],
            Tier::Admin,
        ),
        (
            r#"{"iss":"https://acme.eu.auth0.com/","gty":"client-credentials","azp":"abc","scope":"read:users write:users","sub":"abc@clients","exp":1767225600}"#,
            &["kind=client-credentials", "scope=write:users"],
            Tier::Unknown,
        ),
        (
            r#"{"iss":"https://login.microsoftonline.com/t/v2.0","wids":["62e90394-69f5-4237-9190-012177145e10"],"sub":"s","exp":1767225600}"#,
            &["subject=s"],
            Tier::Admin,
        ),
    ];
    for (payload, expected, tier) in cases {
        let found = one("json-web-token", &jwt(payload));
        says(&found, expected);
        assert_eq!(found.implied_tier.tier, tier, "{payload}");
    }
}

#[test]
fn hostile_web_tokens() {
    let deep = format!(
        r#"{{"sub":"a","exp":{}1{}}}"#,
        "[".repeat(400),
        "]".repeat(400)
    );
    let long = format!(
        r#"{{"sub":"{}","roles":[{}]}}"#,
        "a".repeat(3000),
        "1,".repeat(500) + "2"
    );
    for payload in [
        r#"{"sub":"a","exp":1e400}"#,
        r#"{"sub":"a","exp":-9223372036854775808,"iat":9223372036854775807}"#,
        r#"{"sub":"a","exp":"soon","aud":{"a":1},"roles":{"x":[]}}"#,
        r#"{"sub":"a\u001b[31m","iss":"<script>","exp":99999999999999}"#,
        r#"{"sub":"system:serviceaccount::","exp":1}"#,
        r#"{"sub":"system:serviceaccount:a:b:c","kubernetes.io":[1]}"#,
        r#"{"sub":"system:serviceaccount:a:b","kubernetes.io":{"warnafter":1e99,"pod":7}}"#,
        &deep,
        &long,
    ] {
        for found in scan(&jwt(payload)) {
            for claim in found.claims.iter() {
                assert!(claim.value.len() <= 160, "{claim:?}");
                assert!(!claim.value.contains(['\u{1b}', '<', '\n']), "{claim:?}");
            }
        }
    }
    let ended = one(
        "json-web-token",
        &jwt(r#"{"sub":"a","exp":99999999999999}"#),
    );
    assert_eq!(ended.expires, Moment::Unknown);
}

// --- clouds ----------------------------------------------------------------------------------------

#[test]
fn signatures_with_an_end() {
    let sas = format!(
        "https://acme.blob.core.windows.net/logs?sv=2023-11-03&ss=b&srt=co&sp=rwl&st=2026-01-01T00%3A00%3A00Z&se=2026-02-01T00:00:00Z&spr=https&sip=10.0.0.1&sig={}%3D",
        random(43)
    );
    let found = one("azure-shared-access-signature", &sas);
    says(
        &found,
        &[
            "kind=account",
            "scope=read",
            "scope=write",
            "scope=list",
            "host=acme.blob.core.windows.net",
            "audience=ip 10.0.0.1",
        ],
    );
    assert_eq!(found.expires, at("2026-02-01"));
    assert_eq!(found.created, Timestamp::parse("2026-01-01"));
    assert_eq!(found.implied_tier.tier, Tier::Write);
    let delegated = format!(
        "https://acme.blob.core.windows.net/c?sv=2023-11-03&sr=c&si=readers&skoid=99999999-2222-4333-8444-555555555555&sktid=72f988bf-0000-4000-8000-2d7cd011db47&sp=r&se=nonsense&sig={}%3D",
        random(43)
    );
    let found = one("azure-shared-access-signature", &delegated);
    says(
        &found,
        &[
            "kind=user delegation",
            "token-id=readers",
            "tenant=72f988bf-0000-4000-8000-2d7cd011db47",
            "joins-by=oid",
        ],
    );
    assert_eq!(found.expires, Moment::Unknown);
    assert_eq!(found.implied_tier.tier, Tier::Read);

    let signed = |date: &str, life: &str| {
        format!(
            "https://acme-logs.s3.eu-west-1.amazonaws.com/a.gz?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={}%2F20260101%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Date={date}&X-Amz-Expires={life}&X-Amz-SignedHeaders=host&X-Amz-Signature={}",
            concat!("AKIA", "Y34FZKBOKMUTVV7A"),
            "0f1e2d3c4b5a6978".repeat(4)
        )
    };
    let found = one("aws-presigned-url", &signed("20260101T120000Z", "3600"));
    says(
        &found,
        &[
            "token-id=AKIAY34FZKBOKMUTVV7A",
            "region=eu-west-1",
            "audience=s3",
            "host=acme-logs.s3.eu-west-1.amazonaws.com",
        ],
    );
    assert_eq!(found.expires, at("2026-01-01T13:00:00Z"));
    assert_eq!(found.account.as_deref(), Some("609629065308"));
    for (date, life) in [
        ("20261345T990000Z", "3600"),
        ("2026", "3600"),
        ("20260101T120000Z", "-"),
        ("\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}", "1"),
    ] {
        let found = scan(&signed(date, life));
        assert!(
            found.iter().all(|c| &*c.kind != "aws-presigned-url"),
            "{date}"
        );
    }
    let found = one(
        "aws-presigned-url",
        &signed("20260101T120000Z", "9223372036854775807"),
    );
    assert_eq!(found.expires, at("2026-01-08T12:00:00Z"));
}

#[test]
fn keys_of_azure_and_google() {
    let key = format!("{}JQQJ99BBACYeBjFXJ3w3AAABACOGq8Zt", random(52));
    let found = one("azure-cask-key", &format!("api-key: {key}"));
    says(&found, &["kind=provider ACOG"]);
    assert_eq!(found.created, Timestamp::parse("2025-02-01"));
    let secret = format!("AZURE_CLIENT_SECRET=aB38Q~{}", random(34));
    says(&one("entra-client-secret", &secret), &["joins-by=hint"]);
    let file = format!(
        r#"{{"type":"service_account","project_id":"acme-prod","private_key_id":"{}","private_key":"-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n","client_email":"ci@acme-prod.iam.gserviceaccount.com"}}"#,
        "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c",
        random(800)
    );
    let found = one("gcp-service-account-key", &file);
    says(
        &found,
        &[
            "project=acme-prod",
            "email=ci@acme-prod.iam.gserviceaccount.com",
            "token-id=0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c",
        ],
    );
}

// --- keys and certificates -------------------------------------------------------------------------

fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let mut out = vec![tag];
    match body.len() {
        0..=0x7f => out.push(body.len() as u8),
        length => out.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    out.extend(body);
    out
}

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const COMMON_NAME: u8 = 3;
const ORGANISATION: u8 = 10;

fn modulus() -> Vec<u8> {
    let mut modulus = vec![0, 0xc3];
    modulus.extend((0..255_u32).map(|i| (i * i + 7 * i + 13) as u8));
    modulus
}

/// PKCS #1 of a key that has a modulus and an exponent and otherwise nothing to do with a key.
fn private_rsa() -> Vec<u8> {
    let number = |bytes: &[u8]| der(2, &[bytes]);
    let modulus = number(&modulus());
    let rest = number(&[0x11; 120]);
    der(
        0x30,
        &[
            &number(&[0]),
            &modulus,
            &number(&[1, 0, 1]),
            &rest,
            &rest,
            &rest,
        ],
    )
}

fn public_rsa() -> Vec<u8> {
    let key = der(0x30, &[&der(2, &[&modulus()]), &der(2, &[&[1, 0, 1]])]);
    let algorithm = der(0x30, &[&der(6, &[RSA]), &[5, 0]]);
    der(0x30, &[&algorithm, &der(3, &[&[0], &key])])
}

fn name(parts: &[(u8, &[u8])]) -> Vec<u8> {
    let sets: Vec<Vec<u8>> = parts
        .iter()
        .map(|(kind, text)| {
            let pair = der(0x30, &[&der(6, &[&[0x55, 4, *kind]]), &der(0x0c, &[text])]);
            der(0x31, &[&pair])
        })
        .collect();
    der(0x30, &[&sets.concat()])
}

fn certificate(subject: &[(u8, &[u8])], until: &str, public: &[u8]) -> Vec<u8> {
    let algorithm = der(0x30, &[&der(6, &[RSA]), &[5, 0]]);
    let tag = if until.len() == 13 { 0x17 } else { 0x18 };
    let validity = der(
        0x30,
        &[
            &der(0x17, &[b"260101000000Z"]),
            &der(tag, &[until.as_bytes()]),
        ],
    );
    let names = der(0x30, &[&der(0x82, &[b"api.acme.internal"])]);
    let extension = der(0x30, &[&der(6, &[&[0x55, 0x1d, 0x11]]), &der(4, &[&names])]);
    let extensions = der(0xa3, &[&der(0x30, &[&extension])]);
    let body = der(
        0x30,
        &[
            &der(0xa0, &[&der(2, &[&[2]])]),
            &der(2, &[&[0x11]]),
            &algorithm,
            &name(&[(COMMON_NAME, b"acme-ca")]),
            &validity,
            &name(subject),
            public,
            &extensions,
        ],
    );
    der(0x30, &[&body, &algorithm, &der(3, &[&[0, 1, 2, 3]])])
}

fn armour(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let lines: Vec<&str> = (0..body.len())
        .step_by(64)
        .map(|at| &body[at..body.len().min(at + 64)])
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

fn key_pem() -> String {
    armour(&["RSA", "PRIVATE", "KEY"].join(" "), &private_rsa())
}

#[test]
fn a_key_beside_its_certificate() {
    let subject: &[(u8, &[u8])] = &[(ORGANISATION, b"Acme"), (COMMON_NAME, b"api.acme.internal")];
    let own = certificate(subject, "270101000000Z", &public_rsa());
    let mut other_key = public_rsa();
    let last = other_key.len() - 20;
    other_key[last] ^= 1;
    let other = certificate(&[(COMMON_NAME, b"other")], "990101000000Z", &other_key);
    let text = key_pem() + &armour("CERTIFICATE", &other) + &armour("CERTIFICATE", &own);
    for text in [text.clone(), text.replace('\n', "\\n")] {
        let found = one("private-key", &text);
        let hex: String = Sha1::digest(&own)
            .iter()
            .map(|b| format!("{b:02X}"))
            .collect();
        says(
            &found,
            &[
                "subject=api.acme.internal",
                "tenant=Acme",
                "issuer=acme-ca",
                "host=api.acme.internal",
                &format!("thumbprint={hex}"),
                "joins-by=customKeyIdentifier",
                "joins-by=RSA_PUBLIC_KEY_FP",
            ],
        );
        assert_eq!(found.expires, at("2027-01-01"));
        assert_eq!(found.created, Timestamp::parse("2026-01-01"));
        let print = format!("SHA256:{}", STANDARD.encode(Sha256::digest(public_rsa())));
        assert!(found.join_keys.iter().any(|key| *key.value == *print));
    }
    // The certificate in a file of its own, and the directory that lists it.
    let mut inventory = Inventory::default();
    let mut listed = Credential::new(CredentialId::from("entra:key:1"), "k", "azure", "t");
    listed.records.insert(evidence());
    let hex: String = Sha1::digest(&own)
        .iter()
        .map(|b| format!("{b:02X}"))
        .collect();
    let key = JoinKey::new(JoinForm::CertificateThumbprint, "azure", &hex);
    listed.join_keys.insert(key);
    let origin = Origin::file("tls.crt");
    let (older, newer) = (
        certificate(subject, "260301000000Z", &public_rsa()),
        armour("CERTIFICATE", &own),
    );
    let text = armour("CERTIFICATE", &older) + &newer + "-----BEGIN CERTIFICATE-----\nAAAA";
    let certificates = tenure::detect::certificates(
        &Document {
            origin: &origin,
            bytes: text.as_bytes(),
        },
        "certificates",
    );
    assert_eq!(certificates.len(), 2);
    inventory.absorb(Facts {
        credentials: vec![one("private-key", &key_pem()), listed],
        certificates,
        ..Facts::default()
    });
    link(&mut inventory);
    let once = inventory.clone();
    link(&mut inventory);
    assert_eq!(inventory, once);
    let joined = inventory.credentials.values().next().unwrap();
    assert_eq!(inventory.credentials.len(), 1);
    assert_eq!(joined.expires, at("2027-01-01"));
    says(joined, &["subject=api.acme.internal"]);
    // Somebody else's certificate says nothing of the key, and a certificate alone is no credential.
    let found = one("private-key", &(key_pem() + &armour("CERTIFICATE", &other)));
    assert_eq!(found.expires, Moment::Never);
    assert_eq!(scan(&armour("CERTIFICATE", &own)).len(), 0);
}

#[test]
fn certificates_as_nobody_makes_them() {
    for until in [
        "99991231235959Z",
        "991332256199Z",
        "2026",
        "",
        "20260101000000+0100",
        "\u{e9}60101000000Z",
    ] {
        let subject: &[(u8, &[u8])] = &[(COMMON_NAME, b"\xff\xfe"), (ORGANISATION, &[b'x'; 500])];
        let text = key_pem() + &armour("CERTIFICATE", &certificate(subject, until, &public_rsa()));
        let found = one("private-key", &text);
        assert!(found.expires.at().is_none(), "{until}");
    }
    // Cut anywhere, and with any length in any place.
    let whole = certificate(&[(COMMON_NAME, b"a")], "270101000000Z", &public_rsa());
    for at in 0..whole.len() {
        for value in [0x80, 0x84, 0xff] {
            let mut hostile = whole.clone();
            hostile[at] = value;
            if at % 16 == 0 {
                hostile.truncate(at);
            }
            if at % 5 == 0 {
                one(
                    "private-key",
                    &(key_pem() + &armour("CERTIFICATE", &hostile)),
                );
            }
        }
    }
}

#[test]
fn kubeconfig_keys_name_user_and_group() {
    let subject: &[(u8, &[u8])] = &[
        (ORGANISATION, b"system:masters"),
        (COMMON_NAME, b"kubernetes-admin"),
    ];
    let certificate = certificate(subject, "270101000000Z", &public_rsa());
    let text = format!(
        "users:\n- name: a\n  user:\n    client-certificate-data: {}\n    client-key-data: {}\n",
        STANDARD.encode(armour("CERTIFICATE", &certificate)),
        STANDARD.encode(key_pem())
    );
    let found = one("kubeconfig-client-key", &text);
    says(
        &found,
        &["subject=kubernetes-admin", "group=system:masters"],
    );
    assert_eq!(found.implied_tier.tier, Tier::Admin);
    assert_eq!(found.expires, at("2027-01-01"));
    // Whom the cluster's bindings name by it: the user, or where none is bound the group.
    for (id, kind) in [
        (
            "k8s:cluster#user:kubernetes-admin",
            IdentityKind::KubernetesUser,
        ),
        (
            "k8s:cluster#group:system:masters",
            IdentityKind::KubernetesGroup,
        ),
    ] {
        let id = IdentityId::from(id);
        let mut inventory = Inventory::default();
        inventory.add_credential(found.clone());
        inventory.add_identity(Identity::new(id.clone(), Platform::Kubernetes, kind, "a"));
        link(&mut inventory);
        let credential = inventory.credentials.values().next().unwrap();
        assert_eq!(credential.identity(), Some(&id));
    }
    // The same key in a file of its own is the same credential.
    assert_eq!(found.id, one("private-key", &key_pem()).id);
}

fn ssh(parts: &[&[u8]]) -> Vec<u8> {
    let with_length = |part: &&[u8]| [&(part.len() as u32).to_be_bytes(), *part].concat();
    parts.iter().flat_map(with_length).collect()
}

fn ssh_public() -> Vec<u8> {
    ssh(&[b"ssh-ed25519", &[0x42; 32]])
}

fn ssh_private(cipher: &[u8], comment: &[u8]) -> Vec<u8> {
    let secret: Vec<u8> = (0..64_u8).map(|i| i.wrapping_mul(31) ^ 0x57).collect();
    let mut fields = vec![9; 8];
    fields.extend(ssh(&[b"ssh-ed25519", &[0x42; 32], &secret, comment]));
    fields.extend(1..=(8 - fields.len() % 8) as u8);
    let mut out = b"openssh-key-v1\0".to_vec();
    out.extend(ssh(&[cipher, b"none", b""]));
    out.extend(1_u32.to_be_bytes());
    out.extend(ssh(&[&ssh_public(), &fields]));
    out
}

fn ssh_pem(body: &[u8]) -> String {
    armour(&["OPENSSH", "PRIVATE", "KEY"].join(" "), body)
}

fn ssh_certificate(until: u64) -> String {
    let mut blob = ssh(&[b"ssh-ed25519-cert-v01@openssh.com", &[7; 32], &[0x42; 32]]);
    blob.extend(12_u64.to_be_bytes());
    blob.extend(1_u32.to_be_bytes());
    blob.extend(ssh(&[b"ci-deploy", &ssh(&[b"deploy", b"root"])]));
    blob.extend(1_767_225_600_u64.to_be_bytes());
    blob.extend(until.to_be_bytes());
    blob.extend(ssh(&[b"", b"", b"", &ssh_public(), b"signature"]));
    format!(
        "ssh-ed25519-cert-v01@openssh.com {} x\n",
        STANDARD.encode(blob)
    )
}

#[test]
fn ssh_keys_and_their_certificates() {
    let print = format!(
        "ssh-fingerprint=SHA256:{}",
        STANDARD_NO_PAD.encode(Sha256::digest(ssh_public()))
    );
    let found = one(
        "private-key",
        &ssh_pem(&ssh_private(b"none", b"deploy@build-1")),
    );
    says(
        &found,
        &["comment=deploy@build-1", &print, "joins-by=fingerprint"],
    );
    let found = one(
        "private-key",
        &ssh_pem(&ssh_private(b"aes256-ctr", b"hidden")),
    );
    says(&found, &[&print]);
    assert_eq!(found.confidence(), Some(Confidence::Medium));
    assert!(!claims(&found).iter().any(|c| c.starts_with("comment")));

    let key = ssh_pem(&ssh_private(b"none", b"deploy@build-1"));
    let found = one(
        "private-key",
        &(key.clone() + &ssh_certificate(1_769_904_000)),
    );
    says(
        &found,
        &[
            "subject=ci-deploy",
            "user=deploy",
            "user=root",
            "token-id=12",
        ],
    );
    assert_eq!(found.expires, at("2026-02-01"));
    let found = one("private-key", &(ssh_certificate(u64::MAX) + &key));
    assert_eq!(found.expires, Moment::Never);
    let found = one("private-key", &(ssh_certificate(u64::MAX - 1) + &key));
    assert_eq!(found.expires.at(), None);

    // Cut short, and with lengths that lie.
    let whole = ssh_private(b"none", b"c");
    for cut in (60..whole.len()).step_by(7) {
        scan(&ssh_pem(&whole[..cut]));
        let mut hostile = whole.clone();
        hostile[cut] = 0xff;
        scan(&ssh_pem(&hostile));
    }

    let putty = format!(
        "PuTTY-User-Key-File-3: ssh-ed25519\r\nEncryption: none\r\nComment: deploy@build-1\r\nPublic-Lines: 1\r\n{}\r\nPrivate-Lines: 1\r\n{}\r\nPrivate-MAC: {}\r\n",
        STANDARD.encode(ssh_public()),
        random(48),
        "0f1e2d3c4b5a6978".repeat(4)
    );
    says(
        &one("putty-private-key", &putty),
        &["comment=deploy@build-1", &print],
    );
}

// --- any input -------------------------------------------------------------------------------------

/// A text with bytes of anybody's choice in the place that a decoder reads.
fn around(kind: usize, bytes: &[u8]) -> String {
    let (standard, url) = (STANDARD.encode(bytes), URL_SAFE_NO_PAD.encode(bytes));
    let text = String::from_utf8_lossy(bytes).into_owned();
    match kind {
        0 => jwt(&text),
        1 => format!(
            "{}.{url}.{}",
            URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#),
            random(43)
        ),
        2 => format!("pypi-AgEIcHlwaS5vcmc{url}"),
        3 => format!("glc_{standard}"),
        4 => format!("sntrys_eyJ{standard}_{}", random(43)),
        5 => format!("glpat-{url}.01.0a1234567"),
        6 => format!("sk.eyJ{url}.{}", random(22)),
        7 => key_pem() + &armour("CERTIFICATE", bytes),
        8 => ssh_pem(&[b"openssh-key-v1\0", bytes].concat()),
        9 => armour(&["PRIVATE", "KEY"].join(" "), bytes),
        10 => format!("client-key-data: {}", STANDARD.encode(key_pem() + &text)),
        11 => format!(
            "https://a.b/c?sv=1&se={text}&sp={text}&sig={}%3D",
            random(43)
        ),
        12 => format!(
            "https://a.b/c?X-Amz-Credential={text}&X-Amz-Date={text}&X-Amz-Expires=1&X-Amz-Signature={}",
            "0f1e2d3c4b5a6978".repeat(4)
        ),
        13 => format!(
            "PuTTY-User-Key-File-3: x\nEncryption: none\n{text}\nPrivate-Lines: 1\n{}\n",
            random(48)
        ),
        14 => {
            let key = ssh_pem(&ssh_private(b"none", b"c"));
            let mut blob = ssh(&[b"ssh-ed25519-cert-v01@openssh.com", &[7; 32], &[0x42; 32]]);
            blob.extend(bytes);
            format!(
                "{key}ssh-ed25519-cert-v01@openssh.com {}\n",
                STANDARD.encode(blob)
            )
        }
        _ => format!("cmVmdGtuOjAxOj{standard}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_survived_by_every_decoder(
        kind in 0_usize..16,
        bytes in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        for found in scan(&around(kind, &bytes)) {
            prop_assert!(found.claims.iter().count() <= 64);
            for claim in found.claims.iter() {
                prop_assert!(claim.value.len() <= 160);
                prop_assert!(claim.value.bytes().all(|b| (b' '..=b'~').contains(&b)));
            }
        }
    }

    /// Certificates and payloads with one thing wrong go deeper than noise does.
    #[test]
    fn almost_right_is_survived(at in any::<prop::sample::Index>(), value in any::<u8>(), cut in any::<bool>()) {
        let certificate = certificate(&[(COMMON_NAME, b"a"), (ORGANISATION, b"b")], "270101000000Z", &public_rsa());
        let sources = [
            certificate,
            private_rsa(),
            ssh_private(b"none", b"c"),
            br#"{"u":"a","o":"1","org":"x","iat":1,"sub":"system:serviceaccount:a:b","kubernetes.io":{"pod":{"name":"p"}}}"#.to_vec(),
        ];
        for (index, source) in sources.into_iter().enumerate() {
            let mut bytes = source;
            let place = at.index(bytes.len());
            bytes[place] = value;
            if cut {
                bytes.truncate(place);
            }
            let kinds: &[usize] = match index {
                0 => &[7],
                1 => &[9],
                2 => &[8],
                _ => &[0, 1, 3, 4, 6],
            };
            for kind in kinds {
                scan(&around(*kind, &bytes));
            }
        }
    }
}
