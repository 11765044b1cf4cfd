//! Bad input: a clear problem each, the rest of the scan unharmed, and an exit status that says so.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;
use support::{NOW, fixture, put, room, run, status, stderr, stdout};

fn scan(directory: &Path) -> (i32, serde_json::Value) {
    let output = run(
        directory,
        &["scan", ".", "--no-config", "--now", NOW, "--format", "json"],
    );
    let code = status(&output);
    assert!(code == 0 || code == 3, "{code}: {}", stderr(&output));
    (
        code,
        serde_json::from_slice(&output.stdout).expect("a report in spite of everything"),
    )
}

fn problems(report: &serde_json::Value) -> Vec<(String, String, Option<u64>)> {
    let list = report["coverage"]["problems"].as_array().unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    list.iter()
        .map(|p| (text(&p["path"]), text(&p["kind"]), p["line"].as_u64()))
        .collect()
}

#[test]
fn every_hostile_fixture_is_a_problem_with_its_place() {
    let text = fs::read_to_string(fixture("hostile/expected.yaml")).unwrap();
    let expected: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
    let (code, report) = scan(&fixture("hostile"));
    assert_eq!(code, 3);
    let list = report["coverage"]["problems"].as_array().unwrap();
    let identities: Vec<&str> = report["identities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|i| i["id"].as_str().unwrap())
        .collect();
    let declarations: Vec<&str> = report["declarations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d["id"].as_str().unwrap())
        .collect();
    let mut wrong = Vec::new();
    let mut spoken_of = 0;
    for case in expected["cases"].as_sequence().unwrap() {
        let path = case["path"].as_str().unwrap();
        let here = |p: &&serde_json::Value| {
            let found = p["path"].as_str().unwrap();
            found == path
                || found
                    .strip_prefix(path)
                    .is_some_and(|rest| rest.starts_with('/'))
        };
        let found: Vec<&serde_json::Value> = list.iter().filter(here).collect();
        spoken_of += found.len();
        let wanted = case["problems"].as_sequence().unwrap();
        let matches = wanted.iter().all(|w| {
            found.iter().any(|f| {
                f["reader"].as_str() == w["reader"].as_str()
                    && f["kind"].as_str() == w["kind"].as_str()
                    && (w["line"].is_null() || w["line"].as_u64() == f["line"].as_u64())
            })
        });
        if !matches || found.len() != wanted.len() {
            wrong.push(format!("{path}: wanted {wanted:?}, found {found:#?}"));
        }
        for (key, ids) in [("still", &identities), ("entries", &declarations)] {
            for id in case[key].as_sequence().into_iter().flatten() {
                if !ids.contains(&id.as_str().unwrap()) {
                    wrong.push(format!("{path}: {id:?} is lost"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(
        spoken_of,
        list.len(),
        "a problem that no case speaks of: {list:#?}"
    );
}

#[test]
fn what_is_not_a_regular_file_is_counted_and_never_opened() {
    let room = room();
    put(
        room.path(),
        "sa.yaml",
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a, namespace: b}\n",
    );
    for pipe in [
        "pipe.yaml",
        "CODEOWNERS",
        "nhi-registry.yaml",
        ".tenureignore",
        ".gitignore",
    ] {
        assert!(
            Command::new("mkfifo")
                .arg(room.path().join(pipe))
                .status()
                .unwrap()
                .success()
        );
    }
    std::os::unix::fs::symlink("/dev/zero", room.path().join("zero.env")).unwrap();
    std::os::unix::fs::symlink(".", room.path().join("loop")).unwrap();
    std::os::unix::fs::symlink("/etc", room.path().join("outside")).unwrap();
    std::os::unix::fs::symlink("nowhere", room.path().join("dangling")).unwrap();
    let (code, report) = scan(room.path());
    assert_eq!(code, 0, "{:?}", problems(&report));
    assert_eq!(report["coverage"]["files"], 1);
    assert_eq!(report["coverage"]["special"], 9);
    assert_eq!(report["identities"].as_array().unwrap().len(), 1);
}

#[test]
fn a_named_link_is_followed_because_the_user_chose_it() {
    let room = room();
    put(
        room.path(),
        "real/sa.yaml",
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a, namespace: b}\n",
    );
    std::os::unix::fs::symlink("real", room.path().join("link")).unwrap();
    std::os::unix::fs::symlink("real/sa.yaml", room.path().join("link.yaml")).unwrap();
    for path in ["link", "link.yaml"] {
        let output = run(
            room.path(),
            &["scan", path, "--now", NOW, "--format", "json"],
        );
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["coverage"]["files"], 1, "{path}");
    }
}

#[test]
fn an_enormous_line_is_searched_up_to_the_limit_and_said_to_be() {
    let room = room();
    let mut line = vec![b'x'; 40 << 20];
    let token = format!("ghp_{}", "aB3dE5gH7jK9mN1pQ3rS5tU7vW9xY1zA3bC5");
    line.splice(1000..1000, format!(" token = \"{token}\" ").into_bytes());
    put(room.path(), "big.txt", &line);
    let (code, report) = scan(room.path());
    assert_eq!(code, 0);
    assert_eq!(
        problems(&report),
        [("big.txt".to_owned(), "limited".to_owned(), None)]
    );
    assert_eq!(report["credentials"].as_array().unwrap().len(), 1);
}

#[test]
fn unreadable_files_are_named() {
    let room = room();
    put(room.path(), "closed.yaml", "kind: x\n");
    put(room.path(), "open.yaml", "kind: x\n");
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(
        room.path().join("closed.yaml"),
        fs::Permissions::from_mode(0o000),
    )
    .unwrap();
    let (code, report) = scan(room.path());
    if fs::read(room.path().join("closed.yaml")).is_ok() {
        // The superuser can read everything; there is nothing to test then.
        assert_eq!(code, 0);
        return;
    }
    assert_eq!(
        problems(&report),
        [("closed.yaml".to_owned(), "unreadable".to_owned(), None)]
    );
    assert_eq!(code, 3);
    let output = run(room.path(), &["scan", "closed.yaml"]);
    assert_eq!(
        status(&output),
        2,
        "an input that was named must be readable"
    );
}

#[test]
fn a_repository_that_includes_other_files_is_not_opened() {
    let room = room();
    put(room.path(), ".git/HEAD", "ref: refs/heads/main\n");
    put(
        room.path(),
        ".git/config",
        "[core]\n\trepositoryformatversion = 0\n[include]\n\tpath = /dev/zero\n",
    );
    fs::create_dir_all(room.path().join(".git/objects")).unwrap();
    fs::create_dir_all(room.path().join(".git/refs")).unwrap();
    let (code, report) = scan(room.path());
    assert_eq!(code, 0);
    assert_eq!(
        problems(&report),
        [(".".to_owned(), "note".to_owned(), None)]
    );
}

#[test]
fn names_cannot_write_to_the_terminal() {
    let room = room();
    let name = "evil\u{1b}[2J\u{202e}name";
    let yaml = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: \"evil\\e[2J\\u202Ename\", namespace: b}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: x}\nroleRef: {kind: ClusterRole, name: cluster-admin, apiGroup: rbac.authorization.k8s.io}\nsubjects: [{kind: ServiceAccount, name: \"evil\\e[2J\\u202Ename\", namespace: b}]\n";
    put(room.path(), &format!("{name}/sa.yaml"), yaml);
    for format in ["terminal", "markdown"] {
        let output = run(
            room.path(),
            &[
                "scan", ".", "--now", NOW, "--color", "never", "--format", format,
            ],
        );
        let text = stdout(&output);
        assert!(text.contains("evil"), "{text}");
        assert!(
            !text.contains('\u{1b}') && !text.contains('\u{202e}'),
            "{format}"
        );
    }
    let output = run(room.path(), &["show", "evil", "."]);
    assert!(!stdout(&output).contains('\u{1b}') && !stderr(&output).contains('\u{1b}'));
}

#[test]
fn waivers_without_an_end_are_refused_with_their_lines() {
    let config = fixture("hostile/waivers-without-end/tenure.yaml");
    let output = run(
        &fixture("hostile/empty-files"),
        &["scan", ".", "--config", config.to_str().unwrap()],
    );
    assert_eq!(status(&output), 2);
    let message = stderr(&output);
    assert!(message.contains("tenure.yaml:"), "{message}");
    assert!(message.matches("expires").count() >= 2, "{message}");
}

#[test]
fn a_bomb_in_the_history_is_not_expanded() {
    let room = room();
    put(
        room.path(),
        "sa.yaml",
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a, namespace: b}\n",
    );
    put(
        room.path(),
        ".mailmap",
        "<real@acme.example> <x@y.example>\n",
    );
    let git = git2::Repository::init(room.path()).unwrap();
    let mut index = git.index().unwrap();
    index.add_path(Path::new("sa.yaml")).unwrap();
    let good = index.write_tree().unwrap();
    // Ten entries on each of ten levels: ten thousand million files in eleven small objects.
    let (mut id, mut mode) = (git.blob(b"x").unwrap(), 0o100_644);
    for _ in 0..10 {
        let mut tree = git.treebuilder(None).unwrap();
        for n in 0..10 {
            tree.insert(format!("d{n}"), id, mode).unwrap();
        }
        (id, mode) = (tree.write().unwrap(), 0o040_000);
    }
    let mut parent = None;
    for (n, tree) in [good, id, good].into_iter().enumerate() {
        let time = git2::Time::new(1_700_000_000 + i64::try_from(n).unwrap(), 0);
        let who = git2::Signature::new("Mona", "x@y.example", &time).unwrap();
        let parents: Vec<git2::Commit<'_>> = parent
            .into_iter()
            .map(|id| git.find_commit(id).unwrap())
            .collect();
        let parents: Vec<&git2::Commit<'_>> = parents.iter().collect();
        let tree = git.find_tree(tree).unwrap();
        let id = git
            .commit(Some("HEAD"), &who, &who, "m", &tree, &parents)
            .unwrap();
        parent = Some(id);
    }
    let (code, report) = scan(room.path());
    assert_eq!(code, 0, "{:?}", problems(&report));
    let claim = &report["identities"][0]["ownership"]["claims"][0];
    assert_eq!(claim["owner"], "mail:real@acme.example");
    let commit = format!("commit {}", parent.unwrap());
    assert_eq!(claim["evidence"]["pointer"], commit.as_str());
}

#[test]
fn a_registry_and_a_codeowners_file_of_very_many_wildcards_stay_small() {
    let room = room();
    let mut registry = "version: 1\nidentities:\n".to_owned();
    let mut accounts = String::new();
    for n in 0..300 {
        registry.push_str(&format!(
            "  - match: {{name: '*'}}\n    owner: team-{n}\n    purpose: p\n"
        ));
        accounts.push_str(&format!(
            "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: a{n}, namespace: b}}\n"
        ));
    }
    put(room.path(), "nhi-registry.yaml", registry);
    put(room.path(), "sa.yaml", accounts);
    put(
        room.path(),
        "CODEOWNERS",
        "*a* @acme/first\n".repeat(20_000) + "*s*a* @acme/last\n",
    );
    let (_, report) = scan(room.path());
    let identities = report["identities"].as_array().unwrap();
    assert!(identities.len() >= 300);
    for identity in identities {
        let claims = identity["ownership"]["claims"].as_array().unwrap();
        assert!(claims.len() <= 40, "{}", claims.len());
        if identity["id"] == "k8s:cluster/b/a7" {
            let owners: Vec<&str> = claims.iter().map(|c| c["raw"].as_str().unwrap()).collect();
            assert!(owners.contains(&"@acme/last"), "{owners:?}");
            assert!(!owners.contains(&"@acme/first"), "{owners:?}");
        }
    }
}

#[test]
fn an_enormous_unknown_field_is_not_compared_with_the_known_ones() {
    let room = room();
    let key = "k".repeat(20_000_000);
    put(
        room.path(),
        "nhi-registry.yaml",
        format!("{{\"version\": 1, \"identities\": [{{\"id\": \"x\", \"{key}\": 1}}]}}"),
    );
    let (code, report) = scan(room.path());
    assert_eq!(code, 3);
    let message = report["coverage"]["problems"][0]["message"].to_string();
    assert!(message.contains("unknown field;"), "{}", message.len());
}

#[test]
fn a_format_that_matches_everywhere_in_vain_is_given_up() {
    let room = room();
    let token = format!("ghp_{}", "aB3dE5gH7jK9mN1pQ3rS5tU7vW9xY1zA3bC5");
    // Letters that are a short text of some formats at every place, and the same encoded.
    let letters = "A".repeat(200_000);
    let encoded = "QUFB".repeat(60_000);
    put(
        room.path(),
        "plain.txt",
        format!("{letters}\ntoken = {token}\n"),
    );
    put(
        room.path(),
        "encoded.txt",
        format!("{encoded}\ntoken = {token}\n"),
    );
    let (code, report) = scan(room.path());
    assert_eq!(code, 0);
    let found: Vec<(String, String)> = problems(&report)
        .into_iter()
        .map(|(path, kind, _)| (path, kind))
        .collect();
    for path in ["encoded.txt", "plain.txt"] {
        assert!(
            found.contains(&(path.to_owned(), "limited".to_owned())),
            "{path}: {found:?}"
        );
    }
    let credentials = report["credentials"].as_array().unwrap();
    assert_eq!(credentials.len(), 1, "{credentials:#?}");
    assert_eq!(credentials[0]["exposures"].as_array().unwrap().len(), 2);
}

/// Authorization details of one user with these statements, and one role with this trust policy.
fn details(statements: &[serde_json::Value], trust: &serde_json::Value) -> String {
    let arn = "arn:aws:iam::111122223333";
    serde_json::json!({
        "UserDetailList": [{
            "UserName": "u", "UserId": "AIDAEXAMPLE0000000001", "Arn": format!("{arn}:user/u"),
            "CreateDate": "2026-01-01T00:00:00Z", "GroupList": [], "AttachedManagedPolicies": [],
            "UserPolicyList": statements.chunks(1000).enumerate().map(|(n, some)| serde_json::json!({
                "PolicyName": format!("p{n}"),
                "PolicyDocument": {"Version": "2012-10-17", "Statement": some},
            })).collect::<Vec<_>>(),
        }],
        "GroupDetailList": [],
        "RoleDetailList": [{
            "RoleName": "r", "RoleId": "AROAEXAMPLE0000000001", "Arn": format!("{arn}:role/r"),
            "CreateDate": "2026-01-01T00:00:00Z", "RolePolicyList": [], "InstanceProfileList": [],
            "AttachedManagedPolicies": [],
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
        }],
        "Policies": [],
    })
    .to_string()
}

#[test]
fn policies_beyond_what_aws_stores_are_not_judged_and_said_not_to_be() {
    let allow = serde_json::json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    let service = serde_json::json!({"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"Service": "ec2.amazonaws.com"}});
    // Each names what it depends on, and each would be compared with each.
    let mut denials = vec![allow.clone()];
    denials.extend((0..6000).map(|n| {
        serde_json::json!({"Effect": "Deny", "Action": "*", "Resource": format!("arn:aws:s3:::{n}*"),
            "Condition": {"StringEquals": {format!("aws:k{n}"): "v"}}})
    }));
    // One statement of which every verdict would name twenty thousand keys.
    let keys: serde_json::Map<_, _> = (0..20_000)
        .map(|n| (format!("aws:key{n}"), "v".into()))
        .collect();
    let keyed = serde_json::json!({"Effect": "Allow", "Action": "*", "Resource": "*",
        "Condition": {"StringEquals": keys}});
    for (name, statements) in [("denials", denials), ("keys", vec![keyed])] {
        let room = room();
        put(room.path(), "d.json", details(&statements, &service));
        let (_, report) = scan(room.path());
        let user = report["identities"]
            .as_array()
            .unwrap()
            .iter()
            .find(|i| i["id"] == "arn:aws:iam::111122223333:user/u")
            .unwrap();
        let unresolved = user["privilege"]["unresolved"].as_array().unwrap();
        assert!(!unresolved.is_empty(), "{name}: {}", user["privilege"]);
    }
    // Many principals times many actions.
    let many = |what: &str| (0..3000).map(|n| format!("{what}{n}")).collect::<Vec<_>>();
    let trust = serde_json::json!({"Effect": "Allow", "Action": many("sts:A"),
        "Principal": {"AWS": many("arn:aws:iam::111122223333:user/u")}});
    let room = room();
    put(room.path(), "d.json", details(&[allow], &trust));
    let (code, report) = scan(room.path());
    assert_eq!(code, 3);
    let mut found = problems(&report);
    found.retain(|(_, kind, _)| kind == "malformed");
    assert_eq!(found.len(), 1, "{:?}", problems(&report));
    assert!(report["trusts"].as_array().unwrap().is_empty());
}

#[test]
fn models_of_services_are_not_their_answers() {
    let room = room();
    let shape = serde_json::json!({"shape": "x"});
    let members: serde_json::Map<_, _> = [
        "AccountAssignments",
        "CustomerManagedPolicyReferences",
        "GroupMemberships",
        "InlinePolicy",
        "PermissionSetArn",
    ]
    .into_iter()
    .map(|key| (key.to_owned(), shape.clone()))
    .collect();
    let model = serde_json::json!({"version": "2.0", "shapes": {"A": {"members": members}}});
    put(room.path(), "service-2.json", model.to_string());
    let (code, report) = scan(room.path());
    assert_eq!(code, 0);
    let readers = &report["coverage"]["readers"];
    assert!(readers.get("aws-identity-center").is_none(), "{readers}");
    put(
        room.path(),
        "ps.json",
        r#"{"InlinePolicy": "{\"Version\": \"2012-10-17\", \"Statement\": []}"}"#,
    );
    let (_, report) = scan(room.path());
    let readers = &report["coverage"]["readers"];
    assert_eq!(readers["aws-identity-center"], 1, "{readers}");
}

#[test]
fn names_in_messages_cannot_write_to_the_terminal() {
    let room = room();
    let user = |path: &str| {
        serde_json::json!({"UserName": "twin", "UserId": "x", "CreateDate": "2026-01-01T00:00:00Z",
            "Arn": format!("arn:aws:iam::111122223333:user/{path}/twin"), "Path": path})
    };
    let list = serde_json::json!({"UserDetailList": [user("a\u{202e}\u{9b}2J"), user("b\u{1b}[2J")],
        "GroupDetailList": [], "RoleDetailList": [], "Policies": []});
    put(room.path(), "d.json", list.to_string());
    for arguments in [
        &["can", "--color", "always", "twin", "iam:CreateUser"][..],
        &["can", "--color", "always", "--who-can", "iam:CreateUser"],
        &["show", "--color", "always", "twin", "."],
    ] {
        let output = run(room.path(), arguments);
        let shown = stdout(&output) + &stderr(&output);
        for evil in ["\u{1b}[2J", "\u{202e}", "\u{9b}"] {
            assert!(!shown.contains(evil), "{arguments:?}: {shown:?}");
        }
    }
}

#[test]
fn requests_that_would_fill_the_memory_are_answered() {
    let room = room();
    let base = serde_json::json!({
        "principal": "arn:aws:iam::111122223333:user/u", "action": "s3:GetObject",
        "resource": "arn:aws:s3:::b/k", "context": {"aws:b": "b".repeat(4000)},
        "identity_policies": [{"Version": "2012-10-17", "Statement": {"Effect": "Allow",
            "Action": "s3:*", "Resource": "${aws:b}".repeat(30_000)}}],
    });
    let mut values = base.clone();
    values["context"] = serde_json::json!({"aws:b": vec!["b".repeat(4000); 1000]});
    let mut large = base.clone();
    large["identity_policies"][0]["Statement"]["Resource"] = "x".repeat(1 << 20).into();
    let deep = format!(
        "{{\"action\": \"a:b\", \"context\": {}",
        "[".repeat(100_000)
    );
    put(
        room.path(),
        "requests",
        format!("{base}\n{values}\n{large}\n{deep}\n\u{1b}\n"),
    );
    let output = run(room.path(), &["can", "--requests", "requests"]);
    assert_eq!(status(&output), 3);
    let answers: Vec<serde_json::Value> = stdout(&output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(answers.len(), 5);
    assert_eq!(answers[0]["decision"], "implicitly-denied");
    for answer in &answers[1..] {
        assert!(answer["error"].is_string(), "{answer}");
    }
}

#[test]
fn times_beyond_all_calendars_are_no_times() {
    let room = room();
    for (number, time) in [
        "-9223372036854775808",
        "9223372036854775807",
        "18446744073709551615",
        "-1e308",
        "\"999999-01-01T00:00:00Z\"",
        "\"/Date(-9223372036854775808)/\"",
        "{\"dateTime\": -9223372036854775808}",
    ]
    .iter()
    .enumerate()
    {
        put(
            room.path(),
            &format!("{number}/applications.json"),
            format!(
                r#"{{"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#applications", "value": [{{"id": "a0000000-0000-4000-8000-00000000000{number}", "appId": "b0000000-0000-4000-8000-00000000000{number}", "displayName": "app", "createdDateTime": {time}, "passwordCredentials": [{{"keyId": "c0000000-0000-4000-8000-00000000000{number}", "startDateTime": {time}, "endDateTime": {time}}}]}}]}}"#
            ),
        );
    }
    let (_, report) = scan(room.path());
    assert_eq!(problems(&report), []);
    assert_eq!(report["identities"].as_array().unwrap().len(), 7);
}

#[test]
fn a_sheet_is_read_once_however_many_names_lead_to_it() {
    use tenure::model::{Document, Origin};
    use tenure::reader::{Reader, vendors::Vendors};
    let names: String = (0..2_000)
        .map(|n| format!("<sheet name=\"s{n}\" sheetId=\"{n}\" r:id=\"r1\"/>"))
        .collect();
    let row = |cells: &[&str]| -> String {
        let cells = cells
            .iter()
            .map(|cell| format!("<c t=\"inlineStr\"><is><t>{cell}</t></is></c>"));
        format!("<row>{}</row>", cells.collect::<String>())
    };
    let parts = [
        (
            "workbook.xml",
            format!("<workbook><sheets>{names}</sheets></workbook>"),
        ),
        (
            "_rels/workbook.xml.rels",
            "<Relationships><Relationship Id=\"r1\" Target=\"worksheets/sheet1.xml\"/></Relationships>"
                .to_owned(),
        ),
        (
            "worksheets/sheet1.xml",
            format!(
                "<worksheet><sheetData>{}{}</sheetData></worksheet>",
                row(&["vendor_id", "vendor_name", "contract_end", "owner"]),
                row(&["v1", "Acme Support", "2026-01-01", "team:a"])
            ),
        ),
    ];
    let origins = parts
        .each_ref()
        .map(|(name, _)| Origin::file(format!("vendors.xlsx!/xl/{name}")));
    let documents: Vec<Document<'_>> = origins
        .iter()
        .zip(&parts)
        .map(|(origin, (_, text))| Document {
            origin,
            bytes: text.as_bytes(),
        })
        .collect();
    let (facts, problems) = Vendors.read_together(&documents);
    assert_eq!(problems, []);
    assert_eq!(facts.vendors.len(), 1);
}

#[test]
fn a_snapshot_leads_adopt_to_no_file_but_a_registry() {
    let room = room();
    put(
        room.path(),
        "estate/nhi-registry.yaml",
        "version: 1\nidentities:\n  - id: k8s:b/a\n    owner: team:a\n",
    );
    put(
        room.path(),
        "estate/sa.yaml",
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: other, namespace: b}\n",
    );
    let mut report: serde_json::Value = serde_json::from_slice(
        &run(
            room.path(),
            &["scan", "estate", "--now", NOW, "--format", "json"],
        )
        .stdout,
    )
    .unwrap();
    let settings = "version: 1\nidentities: []\n";
    put(room.path(), "settings.yaml", settings);
    report["declarations"][0]["evidence"]["path"] = "settings.yaml".into();
    put(room.path(), "before.json", report.to_string());
    let output = run(room.path(), &["adopt", "--snapshot", "before.json"]);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let after = fs::read_to_string(room.path().join("settings.yaml")).unwrap();
    assert_eq!(after, settings);
    assert!(room.path().join("nhi-registry.yaml").exists());
}
