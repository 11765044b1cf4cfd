//! Leaks find their entry in the issuer's listing, and whom they stand for: one test for each row of the
//! join table. Where no reader reads the listing, its entry is made here.

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
use sha2::{Digest as _, Sha256};
use tenure::detect::Detector;
use tenure::link::link;
use tenure::model::{
    Claim, ClaimName, Claims, Confidence, Credential, CredentialId, Document, Evidence, Facts,
    Fingerprinter, Identity, IdentityId, IdentityKind, ImpliedTier, Inventory, JoinForm, JoinKey,
    Moment, Origin, Platform, Presence, Tier, Timestamp,
};
use tenure::platform::embedded::DETECTORS;

const RANDOM: &str = "q8Zt3Lk9Xw2Vb7Nm4Rp6Ty1Us5HdGjFcKa0QeWoIuYxBvMnPzSlDrE";

fn random(length: usize) -> String {
    RANDOM.chars().cycle().take(length).collect()
}

fn leaks(text: &str) -> Inventory {
    let detector = Detector::new(DETECTORS, Fingerprinter::new(None)).unwrap();
    let origin = Origin::file("app.env");
    let (credentials, _) = detector.scan(&Document {
        origin: &origin,
        bytes: text.as_bytes(),
    });
    let mut inventory = Inventory::default();
    inventory.absorb(Facts {
        credentials,
        ..Facts::default()
    });
    inventory
}

fn evidence(path: &str) -> Evidence {
    let origin = Origin::file(path);
    let document = Document {
        origin: &origin,
        bytes: b"",
    };
    document.at_line("export", 1)
}

/// An entry of an issuer's listing.
fn entry(id: &str, issuer: &str, keys: &[JoinKey]) -> Credential {
    let mut credential = Credential::new(CredentialId::from(id), "listed", issuer, "listed one");
    credential.records.insert(evidence("export.json"));
    credential.join_keys.extend(keys.iter().cloned());
    credential
}

fn person(id: &str, alias: &str) -> Identity {
    let mut identity = Identity::new(
        IdentityId::from(id),
        Platform::Other,
        IdentityKind::KubernetesUser,
        id,
    );
    identity.presence.insert(Presence::Observed);
    identity.aliases.insert(alias.into());
    identity
}

fn pem(label: &str, der: &[u8]) -> String {
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        STANDARD.encode(der)
    )
}

fn ssh(parts: &[&[u8]]) -> Vec<u8> {
    let with_length = |part: &&[u8]| [&(part.len() as u32).to_be_bytes(), *part].concat();
    parts.iter().flat_map(with_length).collect()
}

fn ssh_key() -> (String, Vec<u8>) {
    let public = ssh(&[b"ssh-ed25519", &[0x42; 32]]);
    let secret: Vec<u8> = (0..64_u8).map(|i| i.wrapping_mul(31) ^ 0x57).collect();
    let mut fields = vec![9; 8];
    fields.extend(ssh(&[b"ssh-ed25519", &[0x42; 32], &secret, b"a@b"]));
    let mut out = b"openssh-key-v1\0".to_vec();
    out.extend(ssh(&[b"none", b"none", b""]));
    out.extend(1_u32.to_be_bytes());
    out.extend(ssh(&[&public, &fields]));
    (pem(&["OPENSSH", "PRIVATE", "KEY"].join(" "), &out), public)
}

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

/// PKCS #1 of no real key, and its public half.
fn rsa_key() -> (String, Vec<u8>) {
    let mut modulus = vec![0, 0xc3];
    modulus.extend((0..255_u32).map(|i| (i * i + 7 * i + 13) as u8));
    let (modulus, exponent) = (der(2, &[&modulus]), der(2, &[&[1, 0, 1]]));
    let rest: Vec<u8> = (0..120_u8).map(|i| i.wrapping_mul(73) ^ 0x39).collect();
    let private = der(
        0x30,
        &[&der(2, &[&[0]]), &modulus, &exponent, &der(2, &[&rest])],
    );
    let algorithm = [
        0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0,
    ];
    let key = der(0x30, &[&modulus, &exponent]);
    let public = der(0x30, &[&algorithm, &der(3, &[&[0], &key])]);
    (pem(&["RSA", "PRIVATE", "KEY"].join(" "), &private), public)
}

fn jwt(claims: &str) -> String {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256"}"#);
    format!("{header}.{}.{}", URL_SAFE_NO_PAD.encode(claims), random(43))
}

#[test]
fn leaks_find_their_entry() {
    use JoinForm as F;
    let key = JoinKey::new;
    let (ssh_private, ssh_public) = ssh_key();
    let (rsa_private, rsa_public) = rsa_key();
    let ssh_print = format!(
        "SHA256:{}",
        STANDARD_NO_PAD.encode(Sha256::digest(&ssh_public))
    );
    let rsa_print = format!("SHA256:{}", STANDARD.encode(Sha256::digest(&rsa_public)));
    let github = format!("ghp_{}", random(36));
    let hashed = STANDARD.encode(Sha256::digest(&github));
    let okta_like = format!("dose{}", "0f1e2d3c4b5a69788796a5b4c3d2e1f0");
    let short = Sha256::digest(&okta_like)[..16].to_vec();
    let google = format!(
        r#"{{"project_id":"acme","private_key_id":"0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c","private_key":"-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n","client_email":"ci@acme.iam.gserviceaccount.com"}}"#,
        random(800)
    );
    let legacy = r#"{"iss":"kubernetes/serviceaccount","kubernetes.io/serviceaccount/secret.name":"bot-token","sub":"system:serviceaccount:ci:bot"}"#;
    let rows: Vec<(&str, String, Credential, bool)> = vec![
        (
            "GitHub's last eight",
            github.clone(),
            entry(
                "github:1",
                "github",
                &[key(F::GithubLastEight, "github", &github[32..])],
            ),
            false,
        ),
        (
            "GitHub's hash in the audit log",
            github.clone(),
            entry(
                "github:1",
                "github",
                &[key(F::GithubHashedToken, "github", &hashed)],
            ),
            true,
        ),
        (
            "a deploy key's fingerprint",
            ssh_private,
            entry(
                "github:key:1",
                "github",
                &[key(F::SshFingerprint, "github", &ssh_print)],
            ),
            true,
        ),
        (
            "Snowflake's fingerprint of a public key",
            rsa_private,
            entry(
                "snowflake:1",
                "snowflake",
                &[key(F::PublicKeyFingerprint, "snowflake", &rsa_print)],
            ),
            true,
        ),
        (
            "a hint of Entra's",
            format!("S=aB38Q~{}", random(34)),
            entry("entra:1", "azure", &[key(F::EntraHint, "azure", "aB3")]),
            false,
        ),
        (
            "a key id of Google's",
            google,
            entry(
                "gcp:key:1",
                "gcp",
                &[key(
                    F::CredentialId,
                    "gcp",
                    "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c",
                )],
            ),
            true,
        ),
        (
            "a hash of Databricks'",
            format!("t={okta_like}"),
            entry(
                "databricks:1",
                "databricks",
                &[key(
                    F::SecretHash,
                    "databricks",
                    &URL_SAFE_NO_PAD.encode(short),
                )],
            ),
            true,
        ),
        (
            "Datadog's last four",
            format!("DD=ddapp_ ddap_{}", random(40)),
            entry(
                "datadog:1",
                "datadog",
                &[key(F::LastFour, "datadog", &random(40)[36..])],
            ),
            false,
        ),
        (
            "OpenAI's redacted value",
            format!("k=sk-proj-{}T3BlbkFJ{}", random(74), random(74)),
            entry(
                "openai:1",
                "openai",
                &[
                    JoinKey::partial("openai", &format!("sk-proj-q8Z...{}", &random(74)[71..]))
                        .unwrap(),
                ],
            ),
            false,
        ),
        (
            "Anthropic's hint",
            format!("k=sk-ant-api03-{}AA", random(93)),
            entry(
                "anthropic:1",
                "anthropic",
                &[JoinKey::partial(
                    "anthropic",
                    &format!("sk-ant-api03-q8Z...{}AA", &random(93)[91..]),
                )
                .unwrap()],
            ),
            false,
        ),
        (
            "the Secret that keeps a legacy token",
            jwt(legacy),
            entry("k8s:secret:cluster/ci/bot-token", "kubernetes", &[]),
            true,
        ),
        (
            "SendGrid's id",
            format!("SG.{}.{}", random(22), random(43)),
            entry(
                "sendgrid:1",
                "sendgrid",
                &[key(F::CredentialId, "sendgrid", &random(22))],
            ),
            true,
        ),
    ];
    for (name, text, entry, exact) in rows {
        let mut inventory = leaks(&text);
        assert_eq!(
            inventory.credentials.len(),
            1,
            "{name}: {:?}",
            inventory.credentials.keys()
        );
        let id = entry.id.clone();
        inventory.add_credential(entry.clone());
        link(&mut inventory);
        assert_eq!(inventory.credentials.len(), 1, "{name}");
        let joined = &inventory.credentials[&id];
        assert_eq!(
            (joined.exposures.len(), joined.records.len()),
            (1, 1),
            "{name}"
        );
        let exposure = joined.exposures.first().unwrap();
        let told = exposure
            .reasons
            .iter()
            .any(|r| r.contains("listing holds it"));
        assert!(told, "{name}: {:?}", exposure.reasons);
        if exact {
            assert_eq!(exposure.confidence, Confidence::High, "{name}");
        }
        let once = inventory.clone();
        link(&mut inventory);
        assert_eq!(inventory, once, "{name}: linking twice is linking once");

        // The same field of another issuer's, or twice, joins nothing.
        let mut inventory = leaks(&text);
        let mut twin = entry.clone();
        twin.id = CredentialId::from("twin");
        if !entry.join_keys.is_empty() {
            inventory.add_credential(twin);
            inventory.add_credential(entry.clone());
            link(&mut inventory);
            assert_eq!(inventory.credentials.len(), 3, "{name}");
            let leak = inventory
                .credentials
                .values()
                .find(|c| !c.exposures.is_empty())
                .unwrap();
            let reasons = &leak.exposures.first().unwrap().reasons;
            assert!(
                reasons.iter().any(|r| r.contains("2 entries")),
                "{name}: {reasons:?}"
            );
            let mut inventory = leaks(&text);
            let mut foreign = entry;
            foreign.join_keys = foreign
                .join_keys
                .into_iter()
                .map(|k| JoinKey {
                    issuer: "elsewhere".into(),
                    ..k
                })
                .collect();
            inventory.add_credential(foreign);
            link(&mut inventory);
            assert_eq!(inventory.credentials.len(), 2, "{name}");
        }
    }
}

#[test]
fn two_leaks_with_one_hint_are_told_apart_by_nothing() {
    let (a, b) = (
        format!("aB38Q~{}", random(34)),
        format!("aB38Q~{}", &random(50)[10..44]),
    );
    let mut inventory = leaks(&format!("A={a}\nB={b}\n"));
    inventory.add_credential(entry(
        "entra:1",
        "azure",
        &[JoinKey::new(JoinForm::EntraHint, "azure", "aB3")],
    ));
    link(&mut inventory);
    assert_eq!(inventory.credentials.len(), 3);
}

#[test]
fn hints_of_another_account_are_none() {
    let mut inventory = leaks(&format!("A=aB38Q~{}", random(34)));
    for credential in inventory.credentials.values_mut() {
        credential.account = Some("tenant-a".into());
    }
    let mut listed = entry(
        "entra:1",
        "azure",
        &[JoinKey::new(JoinForm::EntraHint, "azure", "aB3")],
    );
    listed.account = Some("tenant-b".into());
    inventory.add_credential(listed);
    link(&mut inventory);
    assert_eq!(inventory.credentials.len(), 2);
}

#[test]
fn leaks_find_whom_they_stand_for() {
    let rows = [
        (
            format!("github_pat_11AALOGYA0{}_{}", random(12), random(59)),
            person("github:user:octo", "github:owner.id:1500000"),
        ),
        (
            format!("sk_live_51{}", random(97)),
            person("stripe:acme", "stripe:account:acct_1q8Zt3Lk9Xw2Vb7N"),
        ),
        (
            jwt(
                r#"{"iss":"https://sts.windows.net/t/","oid":"99999999-2222-4333-8444-555555555555","exp":1767225600}"#,
            ),
            person("entra:sp", "99999999-2222-4333-8444-555555555555"),
        ),
        (
            jwt(
                r#"{"iss":"https://accounts.google.com","email":"ci@acme.iam.gserviceaccount.com","exp":1767225600}"#,
            ),
            person("gcp:sa:1", "ci@acme.iam.gserviceaccount.com"),
        ),
    ];
    for (text, identity) in rows {
        let mut inventory = leaks(&text);
        inventory.add_identity(identity.clone());
        link(&mut inventory);
        let credential = inventory.credentials.values().next().unwrap();
        assert_eq!(credential.identity(), Some(&identity.id), "{text}");
        let once = inventory.clone();
        link(&mut inventory);
        assert_eq!(inventory, once);
        // Two of the same name are no answer.
        let mut inventory = leaks(&text);
        let mut twin = identity.clone();
        twin.id = IdentityId::from("twin");
        inventory.add_identity(identity);
        inventory.add_identity(twin);
        link(&mut inventory);
        let credential = inventory.credentials.values().next().unwrap();
        assert_eq!(credential.identity(), None, "{text}");
    }
}

#[test]
fn a_key_file_leads_to_the_account_by_its_other_name() {
    let text = format!(
        r#"{{"project_id":"acme","private_key_id":"0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c","private_key":"-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n","client_email":"ci@acme.iam.gserviceaccount.com"}}"#,
        random(800)
    );
    let mut inventory = leaks(&text);
    inventory.add_identity(person("gcp:sa:117", "ci@acme.iam.gserviceaccount.com"));
    link(&mut inventory);
    let credential = inventory.credentials.values().next().unwrap();
    let linked: Vec<String> = credential
        .links
        .iter()
        .map(|l| l.identity.to_string())
        .collect();
    assert!(linked.iter().all(|id| id == "gcp:sa:117"), "{linked:?}");
}

#[test]
fn a_signed_url_stands_for_the_holder_of_the_key() {
    let id = concat!("AKIA", "Y34FZKBOKMUTVV7A");
    let text = format!(
        "https://a.s3.amazonaws.com/x?X-Amz-Credential={id}%2F20260101%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Date=20260101T120000Z&X-Amz-Expires=60&X-Amz-Signature={}",
        "0f1e2d3c4b5a6978".repeat(4)
    );
    let mut inventory = leaks(&text);
    let mut key = entry(&format!("aws:access-key:{id}"), "aws", &[]);
    key.links.insert(tenure::model::CredentialLink {
        identity: IdentityId::from("arn:aws:iam::609629065308:user/ci"),
        basis: "listing".into(),
        evidence: evidence("keys.json"),
    });
    inventory.add_credential(key);
    link(&mut inventory);
    let url = inventory
        .credentials
        .values()
        .find(|c| &*c.kind == "aws-presigned-url")
        .unwrap();
    assert_eq!(
        url.identity().unwrap().to_string(),
        "arn:aws:iam::609629065308:user/ci"
    );
}

#[test]
fn hints_are_written_in_many_ways() {
    let same = [
        "sk-abc...def",
        "sk-abc***def",
        "sk-abc…def",
        "sk-abc•••••def",
    ];
    let keys: Vec<_> = same
        .iter()
        .map(|s| JoinKey::partial("openai", s).unwrap())
        .collect();
    assert!(keys.windows(2).all(|pair| pair[0] == pair[1]));
    // Nothing of the value is in the key.
    assert!(!format!("{keys:?}").contains("abc"));
    for none in ["", "sk-abc", "...", "sk-...a", "...def", "a...b...cdef"] {
        assert_eq!(JoinKey::partial("openai", none), None, "{none}");
    }
}

#[test]
fn the_table_has_every_form_once() {
    let mut names: Vec<&str> = JoinForm::TABLE.iter().map(|rule| rule.name).collect();
    assert!(
        JoinForm::TABLE
            .iter()
            .all(|r| r.form.rule().unwrap().name == r.name)
    );
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all);
}

fn any_credential() -> impl Strategy<Value = Credential> {
    let claim = (0..3_usize, "[a-z]{1,2}");
    (
        prop::collection::vec(claim, 0..90),
        0..4_usize,
        "[ab]",
        prop::collection::vec("[a-z0-9]{1,2}", 0..40),
    )
        .prop_map(|(claims, tier, basis, keys)| {
            let mut credential = Credential::new(CredentialId::from("c"), "k", "i", "t");
            for (name, value) in claims {
                let names = [ClaimName::User, ClaimName::Scope, ClaimName::Project];
                credential.claims.add(names[name], &value);
            }
            let tiers = [Tier::Unknown, Tier::None, Tier::Write, Tier::Admin];
            credential.implied_tier = ImpliedTier {
                tier: tiers[tier],
                basis: basis.into(),
            };
            let mut other = Credential::new(CredentialId::from("c"), "k", "i", "t");
            for key in keys {
                other
                    .join_keys
                    .insert(JoinKey::new(JoinForm::CredentialId, "i", &key));
            }
            credential.merge(other);
            credential
        })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn merging_is_a_semilattice(a in any_credential(), b in any_credential(), c in any_credential()) {
        let merged = |mut x: Credential, y: &Credential| { x.merge(y.clone()); x };
        let ab = merged(a.clone(), &b);
        prop_assert_eq!(&merged(b.clone(), &a), &ab);
        prop_assert_eq!(merged(ab.clone(), &c), merged(a.clone(), &merged(b.clone(), &c)));
        prop_assert_eq!(merged(ab.clone(), &b), ab);
    }

    #[test]
    fn claims_are_short_and_harmless(value in any::<String>()) {
        if let Some(claim) = Claim::new(ClaimName::Comment, &value) {
            prop_assert!(claim.value.len() <= 160);
            prop_assert!(claim.value.bytes().all(|b| (b' '..=b'~').contains(&b)));
        }
    }
}

#[test]
fn claims_are_few() {
    let mut claims = Claims::default();
    for n in 0..1000 {
        claims.add(ClaimName::Project, &n.to_string());
    }
    assert_eq!(claims.iter().count(), Claims::MOST);
    assert_eq!(Moment::Unknown.at(), None::<Timestamp>);
}
