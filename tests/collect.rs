//! `tenure collect aws` against a small AWS on loopback: pages, faults, interruptions, organisations, and what is never
//! written.

#![cfg(feature = "live")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

mod cloud;
mod support;

use cloud::{ACCOUNT, CLOSED, Cloud, Fault, MEMBER};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Output;
use support::{report, room, run, status, stderr, stdout, tenure};

const SECRET: &str = "wJalrXUtnFEMIK7MDENGbPxRfiCYHERESECRET";
const TOKEN: &str = "FwoGZXIvYXdzEHERETOKEN";

/// Runs `tenure collect aws` with credentials of its own and nothing of this machine's.
fn collect(directory: &Path, url: &str, arguments: &[&str]) -> Output {
    tenure(directory)
        .args(["collect", "aws", "--attempts", "3"])
        .args(arguments)
        .env("HOME", directory)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_ACCESS_KEY_ID", "ASIACALLEREXAMPLE000")
        .env("AWS_SECRET_ACCESS_KEY", SECRET)
        .env("AWS_SESSION_TOKEN", TOKEN)
        .env("AWS_ENDPOINT_URL", url)
        .output()
        .unwrap()
}

/// Every file below a folder but manifests, by its path.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for entry in walkdir::WalkDir::new(folder) {
        let entry = entry.unwrap();
        let path = entry.path().strip_prefix(folder).unwrap();
        if entry.file_type().is_file() && !path.ends_with("tenure-collection.json") {
            let text = fs::read_to_string(entry.path()).unwrap();
            files.insert(path.to_string_lossy().into_owned(), text);
        }
    }
    files
}

/// State by part.
fn states(folder: &Path) -> BTreeMap<String, String> {
    let manifest = fs::read(folder.join("tenure-collection.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    let parts = manifest["Parts"].as_object().unwrap().iter();
    let state = |part: &Value| part["State"].as_str().unwrap().to_owned();
    parts
        .map(|(name, part)| (name.clone(), state(part)))
        .collect()
}

fn documents(text: &str) -> Vec<Value> {
    let values = serde_json::Deserializer::from_str(text).into_iter();
    values.map(Result::unwrap).collect()
}

/// Neither the folder nor what was said holds anything of the credentials.
fn holds_no_credentials(directory: &Path, output: &Output) {
    let said = format!("{}{}", stdout(output), stderr(output));
    let mut texts: Vec<String> = walkdir::WalkDir::new(directory)
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| String::from_utf8_lossy(&fs::read(entry.path()).unwrap()).into_owned())
        .collect();
    texts.push(said);
    for text in texts {
        for secret in [
            SECRET,
            TOKEN,
            "ASIACALLER",
            "MEMBERSECRET",
            "MEMBERTOKEN",
            "ASIAMEMBER",
            "QUOTEDTOKEN",
        ] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

/// What an uninterrupted collection writes.
fn uninterrupted(arguments: &[&str]) -> BTreeMap<String, String> {
    let room = room();
    let cloud = Cloud::start(&[]);
    let output = collect(
        room.path(),
        &cloud.url,
        &[&["--output", "out"], arguments].concat(),
    );
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    files(&room.path().join("out"))
}

#[test]
fn busy_services_are_asked_again_and_everything_is_written() {
    let room = room();
    let busy: &[Fault] = &[
        Fault::None,
        Fault::Error(400, "Throttling"),
        Fault::Error(503, "ServiceUnavailable"),
    ];
    let cloud = Cloud::start(&[
        ("GetAccountAuthorizationDetails", busy),
        (
            "GetAccountSummary",
            &[Fault::Error(503, "ServiceUnavailable")],
        ),
        ("ListAccountAliases", &[Fault::Cut]),
    ]);
    let output = collect(room.path(), &cloud.url, &[]);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert!(
        stderr(&output).contains("next: tenure scan aws-export-111122223333"),
        "{}",
        stderr(&output)
    );
    holds_no_credentials(room.path(), &output);

    let folder = room.path().join(format!("aws-export-{ACCOUNT}"));
    assert_eq!(
        states(&folder).values().collect::<BTreeSet<_>>(),
        BTreeSet::from([&"complete".to_owned()])
    );
    let files = files(&folder);
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "get-account-authorization-details.json",
            "get-account-summary.json",
            "get-credential-report.json",
            "get-open-id-connect-provider.json",
            "get-saml-provider.json",
            "list-access-keys.json",
            "list-account-aliases.json",
            "list-open-id-connect-providers.json",
            "list-saml-providers.json",
            "list-service-specific-credentials.json",
            "list-virtual-mfa-devices.json",
        ]
    );
    let pages = documents(&files["get-account-authorization-details.json"]);
    assert_eq!(pages.len(), 3);
    assert_eq!(
        pages[0]["UserDetailList"][0]["CreateDate"],
        "2026-01-02T03:04:05+00:00"
    );
    assert_eq!(
        pages[0]["UserDetailList"][0]["Tags"][0]["Value"],
        "build & release"
    );
    let role = &pages[1]["RoleDetailList"][0];
    assert_eq!(
        role["AssumeRolePolicyDocument"]["Statement"][0]["Effect"],
        "Allow"
    );
    assert_eq!(
        role["InstanceProfileList"][0]["InstanceProfileName"],
        "machine"
    );
    assert_eq!(
        pages[2]["Policies"][0]["PolicyVersionList"][0]["Document"]["Statement"][0]["Action"],
        "*"
    );
    assert_eq!(pages[2]["IsTruncated"], false);
    // The report tells who has no keys, and when the keys of the others were last used.
    let calls = cloud.calls();
    let asked = |action: &str| calls.iter().filter(|call| call.starts_with(action)).count();
    assert_eq!(asked("ListAccessKeys"), 2, "{calls:?}");
    assert_eq!(asked("GetAccessKeyLastUsed"), 0);
    assert_eq!(asked("GetAccountAuthorizationDetails"), 5);
    let provider = &documents(&files["get-open-id-connect-provider.json"])[0];
    assert_eq!(
        provider["Arn"],
        format!("arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com")
    );
    assert_eq!(
        documents(&files["get-account-summary.json"])[0]["SummaryMap"]["Users"],
        3
    );
    assert_eq!(
        documents(&files["list-service-specific-credentials.json"])[0]["AccountId"],
        ACCOUNT
    );

    #[cfg(unix)]
    for entry in walkdir::WalkDir::new(&folder) {
        use std::os::unix::fs::PermissionsExt;
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        let wanted = if entry.file_type().is_dir() {
            0o700
        } else {
            0o600
        };
        assert_eq!(mode, wanted, "{}", entry.path().display());
    }

    let report = report(room.path(), &["."]);
    let ids: Vec<&str> = report["identities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|i| i["id"].as_str().unwrap())
        .collect();
    for name in ["user/ci", "user/deploy", "user/idle", "role/machine"] {
        assert!(
            ids.contains(&format!("arn:aws:iam::{ACCOUNT}:{name}").as_str()),
            "{ids:?}"
        );
    }
    let ci = report["identities"]
        .as_array()
        .unwrap()
        .iter()
        .find(|i| i["name"] == "ci")
        .unwrap();
    assert_eq!(ci["privilege"]["tier"], "admin", "{ci}");
    assert_eq!(report["coverage"]["complete"], true);
    // Of one account alone nobody knows what its organisation takes away.
    let problems = report["coverage"]["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0]["kind"], "note");
}

#[test]
fn a_collection_goes_on_where_the_connection_was_cut() {
    let room = room();
    let folder = room.path().join("out");
    let cloud = Cloud::start(&[(
        "GetAccountAuthorizationDetails",
        &[Fault::None, Fault::None, Fault::Cut, Fault::Cut, Fault::Cut],
    )]);
    let output = collect(room.path(), &cloud.url, &["--output", "out"]);
    assert_eq!(status(&output), 3, "{}", stderr(&output));
    assert!(stderr(&output).contains("cut"), "{}", stderr(&output));
    assert_eq!(
        states(&folder)["get-account-authorization-details"],
        "partial"
    );
    assert_eq!(states(&folder)["list-access-keys"], "pending");
    // What is there can be read already, and says that it is not all.
    let partial = report(room.path(), &["out"]);
    assert!(
        partial["coverage"]["problems"]
            .to_string()
            .contains("did not end"),
        "{}",
        partial["coverage"]
    );
    cloud.calls();

    // A run without --resume leaves it alone.
    let again = collect(room.path(), &cloud.url, &["--output", "out"]);
    assert_eq!(status(&again), 2);
    assert!(stderr(&again).contains("--resume"), "{}", stderr(&again));
    // Neither does one of another account go on.
    cloud.is_account(MEMBER);
    let other = collect(room.path(), &cloud.url, &["--output", "out", "--resume"]);
    assert_eq!(status(&other), 2);
    assert!(
        stderr(&other).contains(MEMBER) && stderr(&other).contains(ACCOUNT),
        "{}",
        stderr(&other)
    );
    cloud.is_account(ACCOUNT);
    cloud.calls();

    // Cut in the list of keys, after the first of two.
    cloud.break_down(&[(
        "ListAccessKeys",
        &[Fault::None, Fault::Cut, Fault::Cut, Fault::Cut],
    )]);
    let second = collect(
        room.path(),
        &cloud.url,
        &["--output", "out", "--resume", "--concurrency", "1"],
    );
    assert_eq!(status(&second), 3, "{}", stderr(&second));
    assert_eq!(states(&folder)["list-access-keys"], "partial");
    let calls = cloud.calls();
    let details: Vec<&String> = calls
        .iter()
        .filter(|c| c.starts_with("GetAccountAuthorizationDetails"))
        .collect();
    assert_eq!(details, ["GetAccountAuthorizationDetails third"]);
    // A crash in the middle of writing leaves a tail that does not count.
    let unfinished = folder.join("list-access-keys.json.part");
    let mut text = fs::read_to_string(&unfinished).unwrap();
    text.push_str("{\"AccessKeyMetadata\":[{\"UserName\":\"dep");
    fs::write(&unfinished, text).unwrap();

    let third = collect(room.path(), &cloud.url, &["--output", "out", "--resume"]);
    assert_eq!(status(&third), 0, "{}", stderr(&third));
    let calls = cloud.calls();
    let keys: Vec<&String> = calls
        .iter()
        .filter(|c| c.starts_with("ListAccessKeys"))
        .collect();
    assert_eq!(keys, ["ListAccessKeys deploy"]);
    assert_eq!(files(&folder), uninterrupted(&[]));
    holds_no_credentials(room.path(), &third);

    // Once complete, nothing but the caller's name is asked.
    let nothing = collect(room.path(), &cloud.url, &["--output", "out", "--resume"]);
    assert_eq!(status(&nothing), 0);
    assert_eq!(cloud.calls(), ["GetCallerIdentity"]);
}

#[test]
fn expired_credentials_end_a_collection_with_a_hint() {
    let room = room();
    let expired = Fault::Error(403, "ExpiredToken");
    let cloud = Cloud::start(&[("GetCallerIdentity", &[expired])]);
    let output = collect(room.path(), &cloud.url, &["--output", "out"]);
    assert_eq!(status(&output), 2);
    assert!(stderr(&output).contains("expired"), "{}", stderr(&output));
    assert!(!room.path().join("out").exists());
    holds_no_credentials(room.path(), &output);

    cloud.break_down(&[("GetAccountAuthorizationDetails", &[Fault::None, expired])]);
    let output = collect(room.path(), &cloud.url, &["--output", "out"]);
    assert_eq!(status(&output), 3);
    assert!(
        stderr(&output).contains("have expired") && stderr(&output).contains("--resume"),
        "{}",
        stderr(&output)
    );
    // Nothing else was tried with them.
    assert_eq!(cloud.calls().len(), 4);
    holds_no_credentials(room.path(), &output);
    let output = collect(room.path(), &cloud.url, &["--output", "out", "--resume"]);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert_eq!(files(&room.path().join("out")), uninterrupted(&[]));

    for code in ["SignatureDoesNotMatch", "InvalidClientTokenId"] {
        cloud.break_down(&[("GetCallerIdentity", &[Fault::Error(403, code)])]);
        let output = collect(room.path(), &cloud.url, &["--output", "other"]);
        assert_eq!(status(&output), 2);
        assert!(stderr(&output).contains(code), "{}", stderr(&output));
        holds_no_credentials(room.path(), &output);
    }
}

#[test]
fn what_is_denied_is_named_and_the_rest_goes_on() {
    let room = room();
    let folder = room.path().join("out");
    let denied: &[Fault] = &[Fault::Error(403, "AccessDenied")];
    let cloud = Cloud::start(&[
        ("GenerateCredentialReport", denied),
        ("ListSAMLProviders", denied),
    ]);
    let refused: &[Fault] = &[Fault::Error(410, "ReportNotPresent")];
    cloud.break_down(&[
        ("GenerateCredentialReport", denied),
        ("GetCredentialReport", refused),
        ("ListSAMLProviders", denied),
        (
            "ListServiceSpecificCredentials",
            &[Fault::Error(400, "ValidationError")],
        ),
    ]);
    let output = collect(room.path(), &cloud.url, &["--output", "out"]);
    assert_eq!(status(&output), 3, "{}", stderr(&output));
    let said = stderr(&output);
    for part in [
        "get-credential-report",
        "list-saml-providers",
        "get-saml-provider",
    ] {
        assert!(
            said.contains(&format!("missing: {ACCOUNT} {part}: ")),
            "{said}"
        );
    }
    assert!(
        said.contains("iam:ListSAMLProviders: AccessDenied"),
        "{said}"
    );
    let states = states(&folder);
    assert_eq!(states["get-credential-report"], "denied");
    assert_eq!(states["list-saml-providers"], "denied");
    assert_eq!(states["list-service-specific-credentials"], "complete");
    // Without the report everybody is asked for keys, and every key for its use.
    let calls = cloud.calls();
    let asked = |action: &str| calls.iter().filter(|call| call.starts_with(action)).count();
    assert_eq!(asked("ListAccessKeys"), 3);
    assert_eq!(asked("GetAccessKeyLastUsed"), 3);
    assert_eq!(
        asked("ListServiceSpecificCredentials"),
        4,
        "all at once was refused"
    );

    let notes = report(room.path(), &["out"])["coverage"]["problems"].to_string();
    assert!(
        notes.contains("get-credential-report") && notes.contains("list-saml-providers"),
        "{notes}"
    );

    let output = collect(room.path(), &cloud.url, &["--output", "out", "--resume"]);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
}

#[test]
fn use_is_asked_for_users_and_roles() {
    let files = uninterrupted(&["--last-accessed", "--concurrency", "2"]);
    let answers = documents(&files["get-service-last-accessed-details.json"]);
    let about: Vec<&str> = answers.iter().map(|a| a["Arn"].as_str().unwrap()).collect();
    let wanted = ["role/machine", "user/ci", "user/deploy", "user/idle"]
        .map(|n| format!("arn:aws:iam::{ACCOUNT}:{n}"));
    assert_eq!(about, wanted);
    assert_eq!(
        answers[0]["ServicesLastAccessed"][0]["ServiceNamespace"],
        "s3"
    );
}

#[test]
fn an_organisation_is_asked_account_by_account() {
    let room = room();
    let folder = room.path().join("out");
    let busy: &[Fault] = &[
        Fault::Error(400, "TooManyRequestsException"),
        Fault::Error(503, "ServiceException"),
        Fault::None,
    ];
    let cloud = Cloud::start(&[("ListAccounts", busy)]);
    let arguments = [
        "--organization",
        "--external-id",
        "our-deal",
        "--output",
        "out",
    ];
    let output = collect(room.path(), &cloud.url, &arguments);
    assert_eq!(status(&output), 3, "{}", stderr(&output));
    let said = stderr(&output);
    assert!(said.contains(&format!("missing: {CLOSED} account: sts:AssumeRole on arn:aws:iam::{CLOSED}:role/OrganizationAccountAccessRole: AccessDenied")), "{said}");
    assert_eq!(said.matches("missing: ").count(), 1, "{said}");
    holds_no_credentials(room.path(), &output);

    let files = files(&folder);
    let units = documents(&files["organization/list-organizational-units-for-parent.json"]);
    assert_eq!(units[0]["ParentId"], "r-root");
    assert_eq!(units[0]["OrganizationalUnits"][0]["Id"], "ou-root-work");
    let children = documents(&files["organization/list-accounts-for-parent.json"]);
    assert_eq!(children[1]["ParentId"], "ou-root-work");
    assert_eq!(children[1]["Accounts"].as_array().unwrap().len(), 2);
    assert_eq!(
        documents(&files["organization/list-accounts.json"]).len(),
        2
    );
    assert_eq!(
        documents(&files["organization/list-targets-for-policy.json"])[0]["PolicyId"],
        "p-guard"
    );
    assert_eq!(
        documents(&files["organization/describe-policy.json"])[0]["Policy"]["PolicySummary"]["Id"],
        "p-guard"
    );
    for account in [ACCOUNT, MEMBER] {
        let details = &files[&format!("{account}/get-account-authorization-details.json")];
        assert!(details.contains(&format!("arn:aws:iam::{account}:user/ci")));
    }
    assert!(
        states(&folder.join(CLOSED))
            .values()
            .all(|state| state == "denied")
    );

    let report = report(room.path(), &["out"]);
    let ids = report["identities"].to_string();
    assert!(ids.contains(&format!("arn:aws:iam::{MEMBER}:role/machine")));

    // Only what is missing is asked again.
    cloud.calls();
    let output = collect(
        room.path(),
        &cloud.url,
        &[&arguments[..], &["--resume"]].concat(),
    );
    assert_eq!(status(&output), 3);
    let calls = cloud.calls();
    let expected = [
        "GetCallerIdentity".to_owned(),
        format!("AssumeRole arn:aws:iam::{CLOSED}:role/OrganizationAccountAccessRole"),
    ];
    for call in &expected {
        assert!(calls.contains(call), "{calls:?}");
    }
    assert!(
        !calls.iter().any(|call| call.starts_with("List")
            || call.starts_with("Get") && call != "GetCallerIdentity"),
        "{calls:?}"
    );
}

#[test]
fn the_printed_policy_allows_what_is_asked_and_nothing_more() {
    let room = room();
    let cloud = Cloud::start(&[
        (
            "GenerateCredentialReport",
            &[Fault::Error(403, "AccessDenied")],
        ),
        ("GetCredentialReport", &[Fault::Error(403, "AccessDenied")]),
    ]);
    let options = [
        "--organization",
        "--external-id",
        "our-deal",
        "--last-accessed",
    ];
    collect(
        room.path(),
        &cloud.url,
        &[&options[..], &["--output", "out"]].concat(),
    );
    let services = |call: &str| {
        let organizations = [
            "Organization",
            "Accounts",
            "ListRoots",
            "AccountsForParent",
            "UnitsForParent",
            "Polic",
        ];
        match call {
            "AssumeRole" => "sts",
            call if organizations.iter().any(|part| call.contains(part)) => "organizations",
            _ => "iam",
        }
    };
    let mut asked: BTreeSet<String> = cloud
        .calls()
        .iter()
        .map(|call| {
            let action = call.split(' ').next().unwrap();
            format!("{}:{action}", services(action))
        })
        .collect();
    assert!(asked.remove("iam:GetCallerIdentity"));
    let output = run(
        room.path(),
        &[&["collect", "aws", "--print-policy"][..], &options].concat(),
    );
    assert_eq!((status(&output), stderr(&output).as_str()), (0, ""));
    let policy: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    let allowed: BTreeSet<String> = statements
        .iter()
        .flat_map(|s| s["Action"].as_array().unwrap())
        .map(|a| a.as_str().unwrap().to_owned())
        .collect();
    assert_eq!(allowed, asked);
    assert_eq!(
        statements[2]["Resource"],
        "arn:aws:iam::*:role/OrganizationAccountAccessRole"
    );
}

#[test]
fn nothing_goes_over_plain_http_to_elsewhere() {
    let room = room();
    for arguments in [
        &["--endpoint-url", "http://192.0.2.1:8000"][..],
        &["--endpoint-url", "http://127.0.0.1.example.com"],
    ] {
        let output = collect(
            room.path(),
            "http://127.0.0.1:1",
            &[arguments, &["--output", "out"]].concat(),
        );
        assert_eq!(status(&output), 2);
        assert!(
            stderr(&output).contains("https only"),
            "{}",
            stderr(&output)
        );
    }
    // However it is said: in the environment, for one service only.
    let cloud = Cloud::start(&[]);
    for (name, options, code) in [
        ("AWS_ENDPOINT_URL_STS", &[][..], 2),
        ("AWS_ENDPOINT_URL_IAM", &[], 3),
        ("AWS_ENDPOINT_URL_ORGANIZATIONS", &["--organization"], 3),
    ] {
        let output = tenure(room.path())
            .args(["collect", "aws", "--output", name])
            .args(options)
            .env("HOME", room.path())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ACCESS_KEY_ID", "ASIACALLEREXAMPLE000")
            .env("AWS_SECRET_ACCESS_KEY", SECRET)
            .env("AWS_ENDPOINT_URL", &cloud.url)
            .env(name, "http://192.0.2.1:8000")
            .output()
            .unwrap();
        assert_eq!(status(&output), code, "{name}: {}", stderr(&output));
        assert!(
            stderr(&output).contains("https only"),
            "{name}: {}",
            stderr(&output)
        );
    }
}

#[test]
fn without_credentials_nothing_begins() {
    let room = room();
    let output = tenure(room.path())
        .args(["collect", "aws", "--profile", "nobody"])
        .env("HOME", room.path())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .output()
        .unwrap();
    assert_eq!(status(&output), 2);
    assert!(
        stderr(&output).contains("no AWS credentials"),
        "{}",
        stderr(&output)
    );
    assert_eq!(fs::read_dir(room.path()).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    use std::os::unix::fs::symlink;
    let room = room();
    let cloud = Cloud::start(&[]);
    fs::create_dir(room.path().join("real")).unwrap();
    symlink("real", room.path().join("link")).unwrap();
    let output = collect(room.path(), &cloud.url, &["--output", "link"]);
    assert_eq!(status(&output), 2, "{}", stderr(&output));

    // Somebody puts links where files will be written.
    let cut = [Fault::None, Fault::Cut, Fault::Cut, Fault::Cut];
    cloud.break_down(&[("GetAccountAuthorizationDetails", &cut)]);
    collect(room.path(), &cloud.url, &["--output", "out"]);
    let victim = room.path().join("victim");
    fs::write(&victim, "precious").unwrap();
    for name in ["get-credential-report.json", "list-access-keys.json.part"] {
        symlink(&victim, room.path().join("out").join(name)).unwrap();
    }
    let begun = room
        .path()
        .join("out/get-account-authorization-details.json.part");
    assert!(begun.exists());
    let output = collect(room.path(), &cloud.url, &["--output", "out", "--resume"]);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
    // And one in the place of what is to be continued.
    cloud.break_down(&[("GetAccountAuthorizationDetails", &cut)]);
    collect(room.path(), &cloud.url, &["--output", "third"]);
    let part = room
        .path()
        .join("third/get-account-authorization-details.json.part");
    fs::remove_file(&part).unwrap();
    symlink(&victim, &part).unwrap();
    let output = collect(room.path(), &cloud.url, &["--output", "third", "--resume"]);
    assert_eq!(status(&output), 2, "{}", stderr(&output));
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
}

#[test]
fn answers_of_two_days_are_not_mixed() {
    let room = room();
    let cloud = Cloud::start(&[("ListAccountAliases", &[Fault::Error(403, "AccessDenied")])]);
    collect(room.path(), &cloud.url, &["--output", "out"]);
    let path = room.path().join("out/tenure-collection.json");
    let mut manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    manifest["Started"] = "2026-01-02T03:04:05Z".into();
    fs::write(&path, manifest.to_string()).unwrap();
    let output = collect(room.path(), &cloud.url, &["--output", "out", "--resume"]);
    assert_eq!(status(&output), 2);
    assert!(
        stderr(&output).contains("more than a day ago"),
        "{}",
        stderr(&output)
    );
    // And what is no collection is left alone: its mode, and files that only look like one's own.
    let theirs = room.path().join("theirs");
    fs::create_dir(&theirs).unwrap();
    fs::write(theirs.join(".tenure-notes"), "precious").unwrap();
    let mode = fs::metadata(&theirs).unwrap().permissions();
    let output = collect(room.path(), &cloud.url, &["--output", "theirs", "--resume"]);
    assert_eq!(status(&output), 2);
    assert_eq!(fs::metadata(&theirs).unwrap().permissions(), mode);
    assert!(theirs.join(".tenure-notes").exists());
    let output = collect(room.path(), &cloud.url, &["--output", ".", "--resume"]);
    assert_eq!(status(&output), 2);
    assert!(
        stderr(&output).contains("no collection"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn odd_answers_are_not_believed() {
    let room = room();
    let more = "<R><ListAccountAliasesResult><IsTruncated>true</IsTruncated><AccountAliases/></ListAccountAliasesResult></R>";
    let same = "<R><ListVirtualMFADevicesResult><IsTruncated>true</IsTruncated><Marker>again</Marker><VirtualMFADevices/></ListVirtualMFADevicesResult></R>";
    let cloud = Cloud::start(&[
        ("ListAccountAliases", &[Fault::Text(more)]),
        (
            "ListVirtualMFADevices",
            &[Fault::Text(same), Fault::Text(same)],
        ),
        (
            "GetAccountSummary",
            &[Fault::Text("<html>Log in to the hotel's network</html>")],
        ),
        (
            "GetCallerIdentity",
            &[Fault::Text(
                "<R><GetCallerIdentityResult><Account>../..</Account><Arn>a</Arn></GetCallerIdentityResult></R>",
            )],
        ),
    ]);
    let output = collect(room.path(), &cloud.url, &[]);
    assert_eq!(status(&output), 2, "{}", stderr(&output));
    assert_eq!(fs::read_dir(room.path()).unwrap().count(), 0);
    let output = collect(room.path(), &cloud.url, &["--output", "out"]);
    assert_eq!(status(&output), 3, "{}", stderr(&output));
    let states = states(&room.path().join("out"));
    let failed: Vec<&str> = states
        .iter()
        .filter(|s| s.1 != "complete")
        .map(|s| s.0.as_str())
        .collect();
    assert_eq!(
        failed,
        [
            "get-account-summary",
            "list-account-aliases",
            "list-virtual-mfa-devices"
        ]
    );
}

#[test]
fn the_accounts_can_be_given() {
    let room = room();
    let denied = [Fault::Error(400, "AccessDeniedException")];
    let cloud = Cloud::start(&[
        ("ListAccounts", &denied),
        ("DescribeOrganization", &[Fault::Text("[]")]),
    ]);
    let options = [
        "--organization",
        "--external-id",
        "our-deal",
        "--output",
        "out",
        "--accounts",
        "accounts.json",
    ];
    let output = collect(room.path(), &cloud.url, &options);
    assert_eq!(status(&output), 2);
    fs::write(room.path().join("accounts.json"), "{\"Accounts\": []}").unwrap();
    let output = collect(room.path(), &cloud.url, &options);
    assert_eq!(status(&output), 2);
    assert!(
        stderr(&output).contains("names no active account"),
        "{}",
        stderr(&output)
    );
    let accounts = format!(
        "[{{\"Accounts\": [{{\"Id\": \"{MEMBER}\", \"Status\": \"ACTIVE\"}}, {{\"Id\": \"{CLOSED}\", \"Status\": \"SUSPENDED\"}}]}}]"
    );
    fs::write(room.path().join("accounts.json"), accounts).unwrap();
    let output = collect(room.path(), &cloud.url, &options);
    assert_eq!(status(&output), 3, "{}", stderr(&output));
    let folders: BTreeSet<_> = fs::read_dir(room.path().join("out"))
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    let folders: Vec<&str> = folders.iter().map(String::as_str).collect();
    assert_eq!(folders, [ACCOUNT, MEMBER, "organization"]);
    assert!(
        stderr(&output)
            .contains("list-accounts: organizations:ListAccounts: AccessDeniedException"),
        "{}",
        stderr(&output)
    );
    let output = collect(
        room.path(),
        &cloud.url,
        &[&options[..], &["--resume"]].concat(),
    );
    assert_eq!(status(&output), 0, "{}", stderr(&output));
}
