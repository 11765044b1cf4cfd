//! Whom commit history suggests as an owner, through the binary, on repositories that are made here.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

mod support;

use serde_json::Value;
use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::{NOW, put, room, run, status, stderr};

/// 2026-06-01, some months before [`NOW`].
const START: i64 = 1_780_272_000;
const DAY: i64 = 86_400;

/// A repository that is committed to day by day, by whom the test says.
struct Repo {
    root: PathBuf,
    clock: Cell<i64>,
}

impl Repo {
    fn new(root: &Path) -> Self {
        fs::create_dir_all(root).unwrap();
        let repo = Self {
            root: root.to_path_buf(),
            clock: Cell::new(START),
        };
        repo.git("nobody", "nobody", &["init", "-q", "-b", "main"]);
        repo
    }

    fn git(&self, name: &str, mail: &str, arguments: &[&str]) -> String {
        let date = format!("{} +0000", self.clock.get());
        let output = Command::new("git")
            .current_dir(&self.root)
            .args(["-c", "gc.auto=0", "-c", "protocol.file.allow=always"])
            .args(arguments)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_AUTHOR_NAME", name)
            .env("GIT_AUTHOR_EMAIL", mail)
            .env("GIT_COMMITTER_NAME", "GitHub")
            .env("GIT_COMMITTER_EMAIL", "noreply@github.com")
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {text}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn put(&self, path: &str, content: &str) -> &Self {
        put(&self.root, path, content);
        self
    }

    /// Commits everything, a day after the commit before, as `Name <mail>`.
    fn commit(&self, who: &str, message: &str) -> String {
        self.clock.set(self.clock.get() + DAY);
        let (name, mail) = who.split_once(" <").unwrap();
        let mail = mail.trim_end_matches('>');
        self.git(name, mail, &["add", "-A"]);
        self.git(
            name,
            mail,
            &["commit", "-q", "--allow-empty", "-m", message],
        );
        self.git(name, mail, &["rev-parse", "HEAD"])
    }

    fn scan(&self, more: &[&str]) -> Value {
        scan(&self.root, more)
    }
}

fn scan(directory: &Path, more: &[&str]) -> Value {
    let mut all = vec!["scan", "--now", NOW, "--format", "json"];
    all.extend(more);
    let output = run(directory, &all);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn account(name: &str) -> String {
    format!("apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: {name}\n  namespace: build\n")
}

/// Who is suggested for an identity, best first: `owner commit-of-eight: why`.
fn suggested(report: &Value, name: &str) -> Vec<String> {
    let identities = report["identities"].as_array().unwrap();
    let found = identities.iter().find(|i| i["name"] == name);
    told(&found.unwrap_or_else(|| panic!("no {name}"))["ownership"])
}

fn told(ownership: &Value) -> Vec<String> {
    let claims = ownership["claims"].as_array().unwrap().iter();
    let claims = claims.filter(|claim| claim["method"] == "commit-author");
    claims
        .map(|claim| {
            format!(
                "{} {}",
                claim["owner"].as_str().unwrap(),
                claim["why"].as_str().unwrap()
            )
        })
        .collect()
}

fn owners(claims: &[String]) -> Vec<&str> {
    claims
        .iter()
        .map(|claim| claim.split(' ').next().unwrap())
        .collect()
}

const JANE: &str = "Jane Doe <Jane@acme.test>";
const JOHN: &str = "John Roe <john@acme.test>";
const MONA: &str = "Mona Lisa <mona@acme.test>";

#[test]
fn who_brought_it_in_comes_before_who_began_the_file() {
    let room = room();
    let repo = Repo::new(room.path());
    let file = "k8s/accounts.yaml";
    repo.put(file, &account("first")).commit(JANE, "accounts");
    let both = format!("{}---\n{}", account("first"), account("second"));
    repo.put(file, &both).commit(JOHN, "another");
    // Longer words that hold the name are not it, nor is the name in another sort of line.
    let noted = format!("# third comes next\n{both}---\n{}", account("third-party"));
    repo.put(file, &noted).commit(MONA, "note");
    let last = format!("{noted}---\n{}", account("third"));
    let commit = repo.put(file, &last).commit(JANE, "third");
    let report = repo.scan(&[]);
    assert_eq!(
        suggested(&report, "second")[0],
        "mail:john@acme.test brought it in on 2026-06-03 and wrote 1 of the 4 commits to its file since \
         2026-06-02, on 2026-06-03"
    );
    let first = suggested(&report, "first");
    assert!(
        first[0]
            .starts_with("mail:jane@acme.test brought it in on 2026-06-02 and wrote 2 of the 4")
    );
    assert!(suggested(&report, "third")[0].contains("brought it in on 2026-06-05"));
    assert!(suggested(&report, "third-party")[0].starts_with("mail:mona"));
    // The claim says which commit, and the sentence why.
    let identities = report["identities"].as_array().unwrap();
    let third = identities.iter().find(|i| i["name"] == "third").unwrap();
    let claim = &third["ownership"]["claims"][0];
    assert_eq!(claim["evidence"]["pointer"], format!("commit {commit}"));
    assert_eq!(claim["raw"], "Jane Doe <jane@acme.test>");
    assert_eq!(claim["as_of"], "2026-06-05");
    let reason = third["ownership"]["reason"].as_str().unwrap();
    assert!(
        reason.contains(
            "commit-author suggests mail:jane@acme.test, who brought it in on 2026-06-05"
        ),
        "{reason}"
    );
}

#[test]
fn what_is_recent_counts_more_than_what_is_long_ago() {
    let room = room();
    let repo = Repo::new(room.path());
    repo.clock.set(START - 3 * 365 * DAY);
    for n in 0..6 {
        repo.put("a.yaml", &format!("# {n}\n{}", account("a")));
        repo.commit(JANE, "long ago");
    }
    repo.clock.set(START);
    for n in 0..2 {
        repo.put("a.yaml", &format!("# late {n}\n{}", account("a")));
        repo.commit(JOHN, "lately");
    }
    let found = suggested(&repo.scan(&[]), "a");
    assert_eq!(
        owners(&found),
        ["mail:john@acme.test", "mail:jane@acme.test"]
    );
    assert!(
        found[0].ends_with(
            "wrote 2 of the 8 commits to its file since 2023-06-03, the last on 2026-06-03"
        ),
        "{found:?}"
    );
}

#[test]
fn who_brought_it_in_keeps_a_place_beside_those_who_came_since() {
    let room = room();
    let repo = Repo::new(room.path());
    repo.clock.set(START - 3 * 365 * DAY);
    repo.put("a.yaml", &account("a"));
    repo.commit(JANE, "the account");
    repo.clock.set(START);
    for n in 0..7 {
        repo.put("a.yaml", &format!("# {n}\n{}", account("a")));
        repo.commit(&format!("Late {n} <late{n}@acme.test>"), "since");
    }
    let found = suggested(&repo.scan(&[]), "a");
    assert_eq!(found.len(), 5, "{found:?}");
    assert!(
        found[4].starts_with("mail:jane@acme.test brought it in on"),
        "{found:?}"
    );
}

#[test]
fn what_says_little_counts_for_nothing() {
    let room = room();
    let repo = Repo::new(room.path());
    let text = |n: &str| format!("# {n}\n{}", account("a"));
    repo.put("a.yaml", &account("a")).commit(JANE, "a");
    // A sweep over very many files.
    for n in 0..120 {
        repo.put(&format!("many/{n}.txt"), "x");
    }
    repo.put("a.yaml", &text("swept")).commit(MONA, "sweep");
    // A change that is taken back, and the commit that does so.
    let bad = repo.put("a.yaml", &text("bad")).commit(JOHN, "mistake");
    let message = format!("Revert \"mistake\"\n\nThis reverts commit {bad}.");
    repo.put("a.yaml", &text("swept")).commit(MONA, &message);
    // A change of form, said so or listed.
    repo.put("a.yaml", &text(" swept"))
        .commit(MONA, "Run prettier");
    let listed = repo.put("a.yaml", &text("  swept")).commit(JOHN, "tabs");
    repo.put(
        ".git-blame-ignore-revs",
        &format!("# form\n{listed}  # tabs\n"),
    );
    // A machine.
    repo.put("a.yaml", &text("bumped"));
    repo.commit(
        "renovate[bot] <29139614+renovate[bot]@users.noreply.github.com>",
        "bump",
    );
    let found = suggested(&repo.scan(&[]), "a");
    assert_eq!(
        found,
        ["mail:jane@acme.test brought it in on 2026-06-02 and nobody has changed its file since"]
    );
}

#[test]
fn sweeping_commits_are_better_than_nobody() {
    let room = room();
    let repo = Repo::new(room.path());
    for n in 0..120 {
        repo.put(&format!("many/{n}.txt"), "x");
    }
    repo.put("a.yaml", &account("a")).commit(MONA, "import");
    let found = suggested(&repo.scan(&[]), "a");
    assert_eq!(owners(&found), ["mail:mona@acme.test"]);
    assert!(found[0].contains("brought it in on"), "{found:?}");
}

#[test]
fn files_are_followed_through_moves() {
    let room = room();
    let repo = Repo::new(room.path());
    let long: String = (0..30).map(|n| format!("# line {n}\n")).collect();
    repo.put("old/a.yaml", &format!("{long}{}", account("a")))
        .commit(JANE, "a");
    repo.git("x", "x@y.test", &["mv", "old", "between"]);
    repo.commit(MONA, "move the folder");
    repo.git("x", "x@y.test", &["mv", "between/a.yaml", "new.yaml"]);
    repo.put("new.yaml", &format!("# more\n{long}{}", account("a")));
    repo.commit(JOHN, "move and change");
    let found = suggested(&repo.scan(&[]), "a");
    // Who merely moved it is nobody to ask.
    assert_eq!(
        owners(&found),
        ["mail:jane@acme.test", "mail:john@acme.test"]
    );
    assert!(
        found[0].contains("brought it in on 2026-06-02"),
        "{found:?}"
    );
    assert!(found[1].contains("wrote 1 of the 2 commits"), "{found:?}");
}

#[test]
fn a_new_file_at_the_path_of_an_old_one_is_new() {
    let room = room();
    let repo = Repo::new(room.path());
    repo.put("a.yaml", &account("a")).commit(MONA, "an older a");
    fs::remove_file(repo.root.join("a.yaml")).unwrap();
    repo.commit(MONA, "gone");
    repo.put("a.yaml", &account("a")).commit(JANE, "a");
    assert_eq!(
        owners(&suggested(&repo.scan(&[]), "a")),
        ["mail:jane@acme.test"]
    );
}

#[test]
fn merges_suggest_nobody_and_side_branches_do() {
    let room = room();
    let repo = Repo::new(room.path());
    repo.put("README", "x").commit(MONA, "begin");
    repo.git("x", "x@y.test", &["checkout", "-q", "-b", "side"]);
    repo.put("a.yaml", &account("a")).commit(JANE, "a");
    repo.git("x", "x@y.test", &["checkout", "-q", "main"]);
    repo.put("README", "y").commit(MONA, "meanwhile");
    repo.git(
        "Mona Lisa",
        "mona@acme.test",
        &["merge", "-q", "--no-ff", "side", "-m", "merge"],
    );
    assert_eq!(
        owners(&suggested(&repo.scan(&[]), "a")),
        ["mail:jane@acme.test"]
    );
}

#[test]
fn names_are_those_of_the_mailmap_and_logins_those_of_hidden_addresses() {
    let room = room();
    let repo = Repo::new(room.path());
    repo.put("a.yaml", &account("a"));
    repo.commit("jane <jd@old.test>", "a");
    repo.put("b.yaml", &account("b"));
    repo.commit("Jane <12345+JaneD@users.noreply.github.com>", "b");
    repo.put("c.yaml", &account("c"));
    repo.commit("Jane <7-jane.d@users.noreply.gitlab.com>", "c");
    repo.put("d.yaml", &account("d"));
    repo.commit(
        "dependabot[bot] <49699333+dependabot[bot]@users.noreply.github.com>",
        "d\n\nSigned-off-by: dependabot[bot] <support@github.com>\nCo-authored-by: John Roe <john@acme.test>\n",
    );
    repo.put("e.yaml", &account("e"))
        .commit("GitHub <noreply@github.com>", "e");
    repo.put(".mailmap", "Jane Doe <jane@acme.test> <jd@old.test>\n");
    let report = repo.scan(&[]);
    for (name, expected) in [
        ("a", Some("mail:jane@acme.test")),
        ("b", Some("user:janed")),
        ("c", Some("user:jane.d")),
        ("d", Some("mail:john@acme.test")),
        ("e", None),
    ] {
        let found = suggested(&report, name);
        assert_eq!(owners(&found).first().copied(), expected, "{name}");
    }
    // As checked in, where the work tree has none.
    repo.commit(MONA, "map");
    fs::remove_file(repo.root.join(".mailmap")).unwrap();
    let found = suggested(&repo.scan(&[]), "a");
    assert_eq!(owners(&found), ["mail:jane@acme.test"]);
}

#[test]
fn of_a_history_that_is_cut_off_the_first_commit_brought_nothing_in() {
    let room = room();
    let repo = Repo::new(&room.path().join("whole"));
    repo.put("a.yaml", &account("a")).commit(JANE, "a");
    repo.put("b.yaml", &account("b")).commit(MONA, "b");
    let changed = format!("# changed\n{}", account("a"));
    repo.put("a.yaml", &changed).commit(JOHN, "change");
    let whole = format!("file://{}", room.path().join("whole").display());
    repo.git(
        "x",
        "x@y.test",
        &["clone", "-q", "--depth", "2", &whole, "../cut"],
    );
    let report = scan(&room.path().join("cut"), &["--no-history"]);
    let found = suggested(&report, "a");
    assert_eq!(owners(&found), ["mail:john@acme.test"]);
    assert!(!found[0].contains("brought"), "{found:?}");
    assert_eq!(suggested(&report, "b"), [""; 0]);
    let problems = report["coverage"]["problems"].to_string();
    assert!(problems.contains("history is shallow"), "{problems}");
}

#[test]
fn a_secret_is_whose_commit_brought_it_in() {
    let room = room();
    let repo = Repo::new(room.path());
    repo.put("app/.env", "# settings\nNAME=payments\n")
        .commit(JANE, "settings");
    let key = "AKIAQ3EGXJ5LZ7RTNVPD";
    let secret = "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";
    let text = format!(
        "# settings\nNAME=payments\nAWS_ACCESS_KEY_ID={key}\nAWS_SECRET_ACCESS_KEY={secret}\n"
    );
    repo.put("app/.env", &text).commit(JOHN, "key");
    repo.put("app/.env", &format!("{text}MORE=1\n"))
        .commit(MONA, "more");
    for more in [&[][..], &["--no-history"]] {
        let report = repo.scan(more);
        let credentials = report["credentials"].as_array().unwrap();
        let found = credentials
            .iter()
            .find(|c| c["id"].as_str().unwrap().ends_with(key))
            .unwrap();
        let claims = told(&found["ownership"]);
        assert!(
            claims[0].starts_with("mail:john@acme.test brought it in on 2026-06-03"),
            "{more:?}: {claims:?}"
        );
    }
}

#[test]
fn who_commits_an_export_is_not_suggested_for_what_it_lists() {
    let room = room();
    let repo = Repo::new(room.path());
    let export = r#"[{"projectId": "pay-prod", "projectNumber": "123456789012", "name": "pay-prod",
        "lifecycleState": "ACTIVE", "parent": {"type": "folder", "id": "1"}}]"#;
    repo.put("projects.json", export)
        .commit(JANE, "gcloud projects list");
    let report = repo.scan(&[]);
    let containers = report["containers"].as_array().unwrap();
    assert_eq!(containers.len(), 1, "{report}");
    let claims = told(&containers[0]["ownership"]);
    assert_eq!(claims, Vec::<String>::new(), "{report}");
}

#[test]
fn suggestions_are_compared_with_what_is_declared() {
    let room = room();
    let repo = Repo::new(room.path());
    let owned = |name: &str, owner: &str| {
        let labels = format!("metadata:\n  annotations: {{owner: \"{owner}\"}}\n");
        account(name).replace("metadata:\n", &labels)
    };
    repo.put("a.yaml", &owned("a", "jane@acme.test"))
        .commit(JANE, "a");
    repo.put("b.yaml", &owned("b", "jane@acme.test"))
        .commit(JOHN, "b");
    repo.put("c.yaml", &owned("c", "Payments"))
        .commit(JANE, "c");
    repo.put("d.yaml", &account("d")).commit(JANE, "d");
    let counted = |more: &[&str]| repo.scan(more)["coverage"]["owner_history"].clone();
    let all = counted(&["--owner-history", "all"]);
    let told = |all: &Value, key: &str| all[key].as_u64().unwrap();
    let five =
        ["asked", "answered", "agree", "differ", "not_comparable"].map(|key| told(&all, key));
    assert_eq!(five, [4, 4, 1, 1, 1]);
    assert_eq!(told(&counted(&[]), "asked"), 1);
    assert_eq!(counted(&["--owner-history", "none"]), Value::Null);
    // Whoever is in the team agrees with it.
    repo.put(
        "roster.csv",
        "email,status,team\njane@acme.test,active,payments\n",
    );
    let all = counted(&["--owner-history", "all"]);
    assert_eq!(told(&all, "agree"), 2, "{all}");
    assert_eq!(told(&all, "not_comparable"), 0, "{all}");
    // A declared owner stays the owner.
    let report = repo.scan(&["--owner-history", "all"]);
    let b = report["identities"]
        .as_array()
        .unwrap()
        .iter()
        .find(|i| i["name"] == "b");
    assert_eq!(b.unwrap()["ownership"]["owner"], "mail:jane@acme.test");
}

#[test]
fn the_answer_does_not_depend_on_threads_or_packs() {
    let room = room();
    let repo = Repo::new(room.path());
    for n in 0..40 {
        let who = [JANE, JOHN, MONA][n % 3];
        let text = format!("# {n}\n{}", account(&format!("n{}", n % 7)));
        repo.put(&format!("k8s/{}/a.yaml", n % 7), &text)
            .commit(who, "change");
    }
    let before = repo.scan(&["-j", "1"]);
    assert_eq!(before, repo.scan(&["-j", "4"]));
    repo.git("x", "x@y.test", &["repack", "-a", "-d", "-q", "-f"]);
    let after = repo.scan(&["-j", "3"]);
    assert_eq!(before["identities"], after["identities"]);
}

/// Makes a commit object as no git would, and checks it out as the branch.
fn literal(repo: &Repo, author: &[u8], parent: &str) -> String {
    let tree = repo.git("x", "x@y.test", &["write-tree"]);
    let mut object = format!("tree {tree}\n").into_bytes();
    if !parent.is_empty() {
        object.extend_from_slice(format!("parent {parent}\n").as_bytes());
    }
    object.extend_from_slice(b"author ");
    object.extend_from_slice(author);
    object.extend_from_slice(b"\ncommitter ");
    object.extend_from_slice(author);
    object.extend_from_slice(b"\n\nchange\n");
    fs::write(repo.root.join(".git/made"), object).unwrap();
    let made = [
        "hash-object",
        "-t",
        "commit",
        "-w",
        "--literally",
        ".git/made",
    ];
    let id = repo.git("x", "x@y.test", &made);
    fs::write(repo.root.join(".git/refs/heads/main"), format!("{id}\n")).unwrap();
    id
}

#[test]
fn names_and_dates_that_no_git_would_write_do_no_harm() {
    let room = room();
    let repo = Repo::new(room.path());
    let mut parent = String::new();
    for (name, author) in [
        (
            "control",
            &b"Ja\x1b[2Jne <jane@acme.test> 1780358400 +0000"[..],
        ),
        ("bytes", b"J\xff\xfehn <j\xf6hn@acme.test> 1780358400 +0000"),
        ("future", b"Mona <mona@acme.test> 99999999999999 +0000"),
        ("past", b"Paul <paul@acme.test> -99999999999999 +0000"),
        (
            "overflow",
            b"Olga <olga@acme.test> 99999999999999999999999999 +0000",
        ),
        ("nameless", b" <nameless@acme.test> 1780358400 +0000"),
        ("open", b"Open <open@acme.test 1780358400 +0000"),
        ("none", b""),
    ] {
        repo.put(&format!("{name}.yaml"), &account(name));
        repo.git("x", "x@y.test", &["add", "-A"]);
        parent = literal(&repo, author, &parent);
    }
    // An author without end.
    let long = [
        &b"Long "[..],
        &vec![b'x'; 500_000],
        b" <long@acme.test> 1780358400 +0000",
    ]
    .concat();
    repo.put("long.yaml", &account("long"));
    repo.git("x", "x@y.test", &["add", "-A"]);
    literal(&repo, &long, &parent);
    let report = repo.scan(&["--no-history"]);
    for (name, expected) in [
        ("control", Some("mail:jane@acme.test")),
        ("future", Some("mail:mona@acme.test")),
        ("past", Some("mail:paul@acme.test")),
        ("overflow", Some("mail:olga@acme.test")),
        ("nameless", Some("mail:nameless@acme.test")),
        ("none", None),
        ("long", Some("mail:long@acme.test")),
    ] {
        let found = suggested(&report, name);
        assert_eq!(owners(&found).first().copied(), expected, "{name}");
    }
    let text = report.to_string();
    assert!(!text.contains("\\u001b") && text.len() < 200_000);
    let identities = report["identities"].as_array().unwrap();
    let future = identities.iter().find(|i| i["name"] == "future").unwrap();
    assert_eq!(future["ownership"]["claims"][0]["as_of"], NOW[..10]);
}

#[test]
fn replaced_objects_and_grafts_are_not_followed() {
    let room = room();
    let repo = Repo::new(room.path());
    repo.put("a.yaml", &account("a"));
    let real = repo.commit(JANE, "a");
    repo.put("README", "x").commit(MONA, "more");
    let tree = repo.git("x", "x@y.test", &["rev-parse", &format!("{real}^{{tree}}")]);
    let other = repo.git(
        "Mallory",
        "mallory@acme.test",
        &["commit-tree", &tree, "-m", "a"],
    );
    repo.git("x", "x@y.test", &["replace", &real, &other]);
    fs::create_dir_all(repo.root.join(".git/info")).unwrap();
    let head = repo.git("x", "x@y.test", &["rev-parse", "HEAD"]);
    fs::write(
        repo.root.join(".git/info/grafts"),
        format!("{head} {other}\n"),
    )
    .unwrap();
    assert_eq!(
        owners(&suggested(&repo.scan(&[]), "a")),
        ["mail:jane@acme.test"]
    );
}

#[test]
fn trees_that_hold_themselves_many_times_over_are_not_expanded() {
    let room = room();
    let repo = Repo::new(room.path());
    repo.put("a.yaml", &account("a")).commit(JANE, "a");
    let git = git2::Repository::open(&repo.root).unwrap();
    let mut parent = git.head().unwrap().peel_to_commit().unwrap();
    // Beside a file that is wanted, and different in each of many commits.
    for round in 0..60 {
        let text = format!("# {round}\n{}", account("a"));
        let file = git.blob(text.as_bytes()).unwrap();
        let (mut id, mut mode) = (git.blob(format!("{round}").as_bytes()).unwrap(), 0o100_644);
        for _ in 0..10 {
            let mut tree = git.treebuilder(None).unwrap();
            for n in 0..10 {
                tree.insert(format!("d{n}"), id, mode).unwrap();
            }
            (id, mode) = (tree.write().unwrap(), 0o040_000);
        }
        let mut tree = git.treebuilder(None).unwrap();
        tree.insert("a.yaml", file, 0o100_644).unwrap();
        tree.insert("bomb", id, 0o040_000).unwrap();
        let tree = git.find_tree(tree.write().unwrap()).unwrap();
        let time = git2::Time::new(START + (round + 2) * DAY, 0);
        let who = git2::Signature::new("John Roe", "john@acme.test", &time).unwrap();
        let id = git
            .commit(Some("HEAD"), &who, &who, "m", &tree, &[&parent])
            .unwrap();
        parent = git.find_commit(id).unwrap();
    }
    let report = repo.scan(&["--no-history"]);
    // What sweeps over so much says nothing about the one file.
    assert_eq!(owners(&suggested(&report, "a")), ["mail:jane@acme.test"]);
}
