//! AWS exports, from file to verdict: every folder of `fixtures/aws` is a small organisation with the
//! verdicts that are expected of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on should stop"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use tenure::model::{
    Capability, Confidence, Credential, CredentialId, CredentialStatus, Document, Evidence,
    Exposure, Facts, Humanity, IdentityId, Inventory, Moment, Origin, Presence, Privilege, Probe,
    Problem, ProblemKind, Timestamp, TrustPrincipal,
};
use tenure::reader::Reader;
use tenure::reader::aws_access_keys::AwsAccessKeys;
use tenure::reader::aws_authorization_details::AwsAuthorizationDetails;
use tenure::reader::aws_credential_report::AwsCredentialReport;

const ACCOUNT: &str = "111122223333";

/// Reads a document with the one reader that accepts it.
fn read(name: &str, bytes: &[u8]) -> (Facts, Vec<Problem>) {
    let readers: [&dyn Reader; 3] = [
        &AwsAccessKeys,
        &AwsAuthorizationDetails,
        &AwsCredentialReport,
    ];
    let origin = Origin::file(name);
    let head = &bytes[..bytes.len().min(8192)];
    let probe = Probe {
        origin: &origin,
        head,
        complete: head.len() == bytes.len(),
        binary: false,
    };
    let mut accepting = readers.into_iter().filter(|r| r.accepts(&probe));
    let reader = accepting.next().expect("some reader accepts it");
    assert!(accepting.next().is_none(), "{name}: one reader only");
    reader.read(&Document {
        origin: &origin,
        bytes,
    })
}

fn joined(facts: impl IntoIterator<Item = Facts>) -> Inventory {
    let mut inventory = Inventory::default();
    for facts in facts {
        inventory.absorb(facts);
    }
    tenure::link::link(&mut inventory);
    let once = inventory.clone();
    tenure::link::link(&mut inventory);
    assert_eq!(once, inventory, "joining twice changes nothing");
    inventory
}

fn assessed(inventory: &Inventory) -> BTreeMap<IdentityId, Privilege> {
    tenure::privilege::assess(inventory)
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/aws")
        .join(name)
}

#[test]
fn verdicts() {
    let mut failures = String::new();
    let mut cases: Vec<_> = fs::read_dir(fixture(""))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("expected.txt").exists())
        .collect();
    cases.sort();
    assert!(cases.len() >= 6);
    for case in cases {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = fs::read(case.join("details.json")).unwrap();
        let (facts, problems) = read("details.json", &bytes);
        assert_eq!(problems, [], "{name}");
        let answers = assessed(&joined([facts]));
        let expected = fs::read_to_string(case.join("expected.txt")).unwrap();
        let lines = expected.lines().map(str::trim);
        for line in lines.filter(|l| !l.is_empty() && !l.starts_with('#')) {
            if let Err(found) = holds(line, &answers) {
                failures.push_str(&format!("{name}: {line}\n    {found}\n"));
            }
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

/// One line of an `expected.txt`: `<principal>: <tier> <certainty> | claim | +capability -capability`.
fn holds(line: &str, answers: &BTreeMap<IdentityId, Privilege>) -> Result<(), String> {
    let (principal, rest) = line.split_once(": ").ok_or("no verdict")?;
    let id = if principal.starts_with("arn:") {
        IdentityId::from(principal)
    } else {
        IdentityId::from(format!("arn:aws:iam::{ACCOUNT}:{principal}"))
    };
    let answer = answers.get(&id).ok_or("no such identity")?;
    let claim = answer.proof.as_ref().map_or("", |p| &*p.claim);
    let found = format!(
        "{} {} | {claim} | {:?}",
        answer.tier.as_str(),
        answer.certainty.as_str(),
        answer.capabilities.keys().collect::<Vec<_>>()
    );
    let mut parts = rest.split('|').map(str::trim);
    let verdict = parts.next().unwrap_or_default();
    let good = format!("{} {}", answer.tier.as_str(), answer.certainty.as_str()) == verdict
        && claim.contains(parts.next().unwrap_or_default())
        && parts
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .all(|c| {
                let (wanted, name) = (c.starts_with('+'), &c[1..]);
                let mut all = Capability::ALL.into_iter();
                let capability = all.find(|c| c.as_str() == name).expect(name);
                answer.capabilities.contains_key(&capability) == wanted
            });
    let proven = answer.tier <= tenure::model::Tier::None
        || answer.proof.as_ref().is_some_and(|p| !p.hops.is_empty());
    if good && proven { Ok(()) } else { Err(found) }
}

fn key(n: u8) -> String {
    // Not a live key: built here so that no scanner mistakes the fixture for one. Old generation, so
    // that it carries no account.
    format!("{}{}{n}", concat!("AK", "IA"), "FIXTUREFIXTUREX")
}

fn details(users: &str) -> String {
    format!(
        r#"{{"UserDetailList":[{users}],"GroupDetailList":[],"RoleDetailList":[],"Policies":[],"IsTruncated":false}}"#
    )
}

fn user(name: &str, account: &str) -> String {
    format!(
        r#"{{"Path":"/","UserName":"{name}","UserId":"AIDA{account}{name}","Arn":"arn:aws:iam::{account}:user/{name}","CreateDate":"2022-01-02T03:04:05+00:00"}}"#
    )
}

const HEADER: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated";

fn report() -> String {
    let row = |name: &str, rest: &str| {
        let arn = match name {
            "<root_account>" => "root".to_owned(),
            name => format!("user/{name}"),
        };
        format!("{name},arn:aws:iam::{ACCOUNT}:{arn},2022-01-02T03:04:05+00:00,{rest}\n")
    };
    [
        format!("{HEADER}\n"),
        row("<root_account>", "not_supported,2026-02-03T04:05:06+00:00,not_supported,not_supported,TRUE,false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A"),
        row("deploy", "false,N/A,N/A,N/A,false,true,2022-01-02T03:05:00+00:00,2026-06-01T00:00:00+00:00,eu-west-1,s3,true,2023-01-02T03:05:00Z,N/A,N/A,N/A,false,N/A,false,N/A"),
        row("jane", "true,no_information,2022-01-02T03:04:05+00:00,N/A,true,False,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,true,2022-05-05T00:00:00+00:00,false,N/A"),
        row("odd", "true,2026-01-01T00:00:00+00:00,2025-01-01T00:00:00Z,2027-01-01T00:00:00Z,false,true,2022-02-02T00:00:00+00:00,no_information,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A"),
    ]
    .concat()
}

fn credential<'i>(inventory: &'i Inventory, id: &str) -> &'i Credential {
    let id = CredentialId::from(id);
    inventory
        .credentials
        .get(&id)
        .unwrap_or_else(|| panic!("no {id} among {:?}", inventory.credentials.keys()))
}

fn at(text: &str) -> Moment {
    Moment::At(Timestamp::parse(text).unwrap())
}

#[test]
fn a_credential_report_in_each_of_its_wrappings() {
    use base64::Engine as _;
    let csv = report();
    let encoded = base64::engine::general_purpose::STANDARD.encode(&csv);
    let answer = format!(r#"{{"Content":"{encoded}","ReportFormat":"text/csv"}}"#);
    let wide: Vec<u8> = [0xFF, 0xFE]
        .into_iter()
        .chain(csv.encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    let plain = joined([read("report", csv.as_bytes()).0]);
    for other in [encoded.as_bytes(), answer.as_bytes(), &wide] {
        let (facts, problems) = read("report", other);
        assert_eq!(problems, []);
        assert_eq!(joined([facts]), plain);
    }
    assert!(plain.has_source("aws-credential-report", ACCOUNT));

    let users = format!("arn:aws:iam::{ACCOUNT}:user");
    let first = credential(&plain, &format!("aws:access-key:{users}/deploy#1"));
    assert_eq!(first.status, CredentialStatus::Active);
    assert_eq!(first.expires, Moment::Never);
    assert_eq!(first.last_used, at("2026-06-01"));
    let second = credential(&plain, &format!("aws:access-key:{users}/deploy#2"));
    assert_eq!(second.last_used, Moment::Never);
    let unclear = credential(&plain, &format!("aws:access-key:{users}/odd#1"));
    assert_eq!(unclear.last_used, Moment::Unknown);
    let password = credential(&plain, &format!("aws:password:{users}/odd"));
    assert_eq!(password.expires, at("2027-01-01"));
    let password = credential(&plain, &format!("aws:password:{users}/jane"));
    assert_eq!(
        (password.last_used, password.expires),
        (Moment::Never, Moment::Never)
    );
    credential(&plain, &format!("aws:signing-certificate:{users}/jane#1"));
    assert_eq!(plain.credentials.len(), 6);

    let root = &plain.identities[&IdentityId::from(format!("arn:aws:iam::{ACCOUNT}:root"))];
    assert_eq!((root.mfa, root.console_access), (Some(true), None));
    assert_eq!(root.last_used, at("2026-02-03T04:05:06Z"));
    let humanity = |name: &str| {
        let id = IdentityId::from(format!("{users}/{name}"));
        plain.identities[&id].humanity.0
    };
    assert_eq!(humanity("deploy"), Humanity::NonHuman);
    assert_eq!(humanity("jane"), Humanity::Human);
    assert_eq!(humanity("odd"), Humanity::Undetermined);
}

#[test]
fn odd_rows_lose_only_themselves() {
    let csv = format!(
        "{HEADER},additional_credentials_info\nx,not an arn\na,arn:aws:iam::{ACCOUNT}:user/a,2022-01-02T03:04:05+00:00,true\n"
    );
    let (facts, problems) = read("report.csv", csv.as_bytes());
    assert_eq!(facts.identities.len(), 1);
    assert_eq!(facts.identities[0].console_access, Some(true));
    assert_eq!(facts.identities[0].mfa, None);
    assert_eq!(problems.len(), 2, "{problems:?}");
    let (_, problems) = read(
        "report.json",
        br#"{"Content":"dXNlcixhcm4sdXNlcl9jcmVhdGlvbl90aW1l*"#,
    );
    assert!(problems.iter().all(|p| p.kind == ProblemKind::Malformed) && problems.len() == 1);
}

fn listing(keys: &[(&str, String, &str)]) -> String {
    let keys: Vec<_> = keys
        .iter()
        .map(|(user, id, created)| {
            format!(
                r#"{{"UserName":"{user}","AccessKeyId":"{id}","Status":"Active","CreateDate":"{created}"}}"#
            )
        })
        .collect();
    format!(r#"{{"AccessKeyMetadata":[{}]}}"#, keys.join(","))
}

#[test]
fn a_listed_key_is_the_reported_one_of_the_same_user_and_time() {
    let keys = listing(&[
        ("deploy", key(1), "2022-01-02T03:05:00+00:00"),
        ("deploy", key(2), "2023-01-02T03:05:01+00:00"),
    ]);
    let facts = || {
        [
            read("report.csv", report().as_bytes()).0,
            read("keys.json", keys.as_bytes()).0,
            // Another account has a user of the same name; the creation time tells them apart.
            read(
                "other.json",
                details(&user("deploy", "444455556666")).as_bytes(),
            )
            .0,
        ]
    };
    let inventory = joined(facts());
    let mut backwards = facts();
    backwards.reverse();
    assert_eq!(inventory, joined(backwards));

    let deploy = IdentityId::from(format!("arn:aws:iam::{ACCOUNT}:user/deploy"));
    for (n, used) in [(1, at("2026-06-01")), (2, Moment::Never)] {
        let found = credential(&inventory, &format!("aws:access-key:{}", key(n)));
        assert!(found.links.iter().all(|link| link.identity == deploy));
        assert_eq!(found.last_used, used);
        assert_eq!(found.account.as_deref(), Some(ACCOUNT));
    }
    let slots = inventory
        .credentials
        .keys()
        .filter(|id| id.0.contains("deploy#"));
    assert_eq!(slots.count(), 0);
    assert!(
        inventory
            .identities
            .keys()
            .all(|id| !id.0.starts_with("aws:user-name:"))
    );
    assert_eq!(inventory.identities[&deploy].last_used, at("2026-06-01"));
    assert!(inventory.has_source("aws-access-keys", ACCOUNT));
}

#[test]
fn a_user_that_cannot_be_told_apart_stays_referenced() {
    let keys = listing(&[("deploy", key(1), "2022-01-02T03:05:00+00:00")]);
    let both = details(&[user("deploy", ACCOUNT), user("deploy", "444455556666")].join(","));
    let inventory = joined([
        read("keys.json", keys.as_bytes()).0,
        read("details.json", both.as_bytes()).0,
    ]);
    let id = IdentityId::from("aws:user-name:deploy");
    assert!(
        inventory.identities[&id]
            .presence
            .contains(&Presence::Referenced)
    );
    assert_eq!(assessed(&inventory)[&id].tier, tenure::model::Tier::Unknown);

    let alone = joined([
        read("keys.json", keys.as_bytes()).0,
        read("details.json", details(&user("deploy", ACCOUNT)).as_bytes()).0,
    ]);
    let found = credential(&alone, &format!("aws:access-key:{}", key(1)));
    assert_eq!(
        found.identity().map(|id| id.0.to_string()),
        Some(format!("arn:aws:iam::{ACCOUNT}:user/deploy"))
    );
}

#[test]
fn pages_come_one_after_the_other_and_last_uses_beside_them() {
    let text = format!(
        "{}\n{}\n{}\n",
        listing(&[("a", key(1), "2022-01-02T03:05:00+00:00")]),
        listing(&[("b", key(2), "1641092700")]).replace("\"1641092700\"", "1641092700"),
        format_args!(
            r#"{{"UserName":"b","AccessKeyId":"{}","AccessKeyLastUsed":{{"Region":"N/A","ServiceName":"N/A"}}}}"#,
            key(2)
        ),
    );
    let (facts, problems) = read("keys.json", text.as_bytes());
    assert_eq!(problems, []);
    let inventory = joined([facts]);
    let found = credential(&inventory, &format!("aws:access-key:{}", key(2)));
    assert_eq!(found.created, Timestamp::parse("2022-01-02T03:05:00Z"));
    assert_eq!(found.last_used, Moment::Never);
    let array = format!("[{}]", text.trim().replace("}\n{", "},{"));
    let again = joined([read("keys.json", array.as_bytes()).0]);
    assert_eq!(again.credentials.len(), 2);
}

#[test]
fn a_leaked_key_that_a_listing_holds_is_certainly_one() {
    let leak = |id: &str, account: Option<&str>| {
        let id = CredentialId::from(format!("aws:access-key:{id}"));
        let mut found = Credential::new(id, "aws-access-key", "aws", "AWS access key");
        found.account = account.map(Into::into);
        found.exposures.insert(Exposure {
            evidence: Evidence {
                origin: Origin::file(".env"),
                line: Some(3),
                column: None,
                pointer: None,
                reader: "secrets",
            },
            confidence: Confidence::Medium,
            reasons: Default::default(),
            environment: None,
            in_tree: true,
            introduced: None,
            removed: None,
        });
        Facts {
            credentials: vec![found],
            ..Facts::default()
        }
    };
    let keys = listing(&[("deploy", key(1), "2022-01-02T03:05:00+00:00")]);
    let inventory = joined([
        read("keys.json", keys.as_bytes()).0,
        read("report.csv", report().as_bytes()).0,
        leak(&key(1), None),
        leak(&key(7), Some(ACCOUNT)),
        leak(&key(8), None),
    ]);
    let exposure = |n| {
        let id = format!("aws:access-key:{}", key(n));
        let found = credential(&inventory, &id);
        let exposure = found.exposures.first().unwrap();
        let reasons: Vec<_> = exposure.reasons.iter().map(|r| r.to_string()).collect();
        (exposure.confidence, reasons.join(", "), found.status)
    };
    assert_eq!(
        exposure(1),
        (
            Confidence::High,
            "the account's key listing holds this id".to_owned(),
            CredentialStatus::Active
        )
    );
    let (confidence, reasons, status) = exposure(7);
    assert_eq!(
        (confidence, status),
        (Confidence::Medium, CredentialStatus::Unknown)
    );
    assert!(reasons.contains("no key listing"), "{reasons}");
    assert_eq!(exposure(8).1, "");
}

#[test]
fn a_broken_element_and_a_cut_off_file_lose_nothing_before_them() {
    let text = details(&format!(
        "{},{{\"UserName\":7}},{}",
        user("one", ACCOUNT),
        user("two", ACCOUNT)
    ));
    let (facts, problems) = read("details.json", text.as_bytes());
    assert_eq!(facts.identities.len(), 2);
    assert_eq!(problems.len(), 1);
    assert!(
        problems[0].message.starts_with("/UserDetailList/1:"),
        "{}",
        problems[0]
    );

    let cut = text.find("\"two\"").unwrap();
    let (facts, problems) = read("details.json", &text.as_bytes()[..cut]);
    assert_eq!(facts.identities.len(), 1);
    assert_eq!(problems.len(), 2);
    assert!(problems.iter().all(|p| p.kind == ProblemKind::Malformed));
    assert!(problems[1].message.contains("truncated"), "{}", problems[1]);
}

#[test]
fn pages_of_details_in_an_array_or_one_after_the_other() {
    let page = |name: &str, more: bool| {
        details(&user(name, ACCOUNT)).replace("false", if more { "true" } else { "false" })
    };
    let (first, last) = (page("one", true), page("two", false));
    for text in [
        format!("[{first},{last}]"),
        format!("\u{feff}{first}\n{last}"),
    ] {
        let (facts, problems) = read("details.json", text.as_bytes());
        assert_eq!(
            (facts.identities.len(), problems.len()),
            (2, 0),
            "{problems:?}"
        );
    }
    let (_, problems) = read("details.json", first.as_bytes());
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].kind, ProblemKind::Note);
}

#[test]
fn trusts_say_who_and_from_where() {
    let role = format!(
        r#"{{"RoleDetailList":[{{"Path":"/","RoleName":"r","Arn":"arn:aws:iam::{ACCOUNT}:role/r","RoleLastUsed":{{}},
        "AssumeRolePolicyDocument":{{"Version":"2012-10-17","Statement":[
          {{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}},
          {{"Effect":"Allow","Principal":{{"AWS":["444455556666","arn:aws:iam::{ACCOUNT}:user/u","AROAEXAMPLEEXAMPLE"]}},"Action":["sts:AssumeRole"],
            "Condition":{{"StringEquals":{{"sts:ExternalId":"x"}}}}}},
          {{"Effect":"Allow","Principal":{{"Service":"ec2.amazonaws.com","Federated":"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"}},"Action":"sts:AssumeRole"}},
          {{"Effect":"Deny","NotPrincipal":{{"AWS":"arn:aws:iam::{ACCOUNT}:root"}},"Action":"*"}}]}}}}]}}"#
    );
    let (facts, problems) = read("details.json", role.as_bytes());
    assert_eq!(problems, []);
    let found: Vec<_> = facts
        .trusts
        .iter()
        .map(|t| (t.principal.clone(), t.cross_account, t.condition_keys.len()))
        .collect();
    let provider =
        format!("arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com");
    assert_eq!(
        found,
        [
            (TrustPrincipal::Anyone, Some(true), 0),
            (
                TrustPrincipal::Account("444455556666".into()),
                Some(true),
                1
            ),
            (
                TrustPrincipal::Principal(format!("arn:aws:iam::{ACCOUNT}:user/u").into()),
                Some(false),
                1
            ),
            (
                TrustPrincipal::Principal("AROAEXAMPLEEXAMPLE".into()),
                None,
                1
            ),
            (TrustPrincipal::Federated(provider.into()), Some(false), 0),
            (
                TrustPrincipal::Service("ec2.amazonaws.com".into()),
                Some(false),
                0
            ),
            (
                TrustPrincipal::Other(format!("not AWS:arn:aws:iam::{ACCOUNT}:root").into()),
                None,
                0
            ),
        ]
    );
    assert_eq!(facts.identities[0].last_used, Moment::Never);
}

#[test]
fn the_root_user_is_an_admin_and_a_user_without_details_is_unknown() {
    let inventory = joined([read("report.csv", report().as_bytes()).0]);
    let answers = assessed(&inventory);
    let tier = |name: &str| {
        let id = IdentityId::from(format!("arn:aws:iam::{ACCOUNT}:{name}"));
        (answers[&id].tier, answers[&id].unresolved.len())
    };
    assert_eq!(tier("root"), (tenure::model::Tier::Admin, 0));
    assert_eq!(tier("user/deploy"), (tenure::model::Tier::Unknown, 1));
    assert_eq!(answers.len(), inventory.identities.len());
}

mod patterns {
    use proptest::prelude::*;
    use tenure::platform::aws::pattern::{action_matches, covers, overlaps};

    /// The definition, without cleverness.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some(('*', rest)), _) => {
                naive(rest, text) || text.split_first().is_some_and(|(_, t)| naive(pattern, t))
            }
            (Some(('?', rest)), Some((_, t))) => naive(rest, t),
            (Some((p, rest)), Some((c, t))) => p == c && naive(rest, t),
            _ => false,
        }
    }

    fn chars(text: &str) -> Vec<char> {
        text.to_ascii_lowercase().chars().collect()
    }

    proptest! {
        #[test]
        fn actions_match_as_defined(pattern in "[aB:*?]{0,8}", action in "[Ab:]{0,8}") {
            prop_assert_eq!(
                action_matches(&pattern, &action),
                naive(&chars(&pattern), &chars(&action))
            );
        }

        #[test]
        fn what_is_covered_is_matched(outer in "[ab*?]{0,6}", inner in "[ab*?]{0,6}", text in "[ab]{0,6}") {
            let matched = |p: &str| naive(&chars(p), &chars(&text));
            if covers(&outer, &inner) && matched(&inner) {
                prop_assert!(matched(&outer));
            }
            if matched(&outer) && matched(&inner) {
                prop_assert!(overlaps(&outer, &inner));
            }
        }

        #[test]
        fn readers_survive_anything(text in "[\\[\\]{}\",:A-Za-z0-9 ]{0,60}") {
            let text = format!("{{\"UserDetailList\":{text}");
            let _ = super::read("details.json", text.as_bytes());
        }
    }
}
