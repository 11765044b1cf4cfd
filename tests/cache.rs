//! The cache makes scans faster and never different.

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
use support::{NOW, put, room, run, status, stderr, stdout, token};

fn tree(room: &Path) {
    for n in 0..40 {
        put(
            room,
            &format!("in/src/{n}.txt"),
            format!("nothing in number {n}\n").repeat(50),
        );
    }
    put(room, "in/.env", format!("TOKEN={}\n", token(1)));
    put(
        room,
        "in/a.py",
        "x = 1 # tenure:allow credential-leaked gone\ny # tenure:allow x\n",
    );
}

/// Scans and returns status, results and messages.
fn scan(room: &Path, more: &[&str]) -> (i32, String, String) {
    let all = [&["scan", "in", "--now", NOW, "-f", "json"], more].concat();
    let output = run(room, &all);
    (status(&output), stdout(&output), stderr(&output))
}

#[test]
fn results_with_and_without_it_are_the_same_bytes() {
    let room = room();
    tree(room.path());
    let without = scan(room.path(), &[]);
    for threads in ["1", "4", "2"] {
        let with = scan(room.path(), &["--cache", "c", "-j", threads]);
        assert_eq!(with, without);
    }
    // What changes is read again; what is moved, too, since the path is part of the judgement.
    put(
        room.path(),
        "in/src/3.txt",
        format!("token: {}\n", token(2)),
    );
    fs::rename(
        room.path().join("in/src/4.txt"),
        room.path().join("in/src/token.txt"),
    )
    .unwrap();
    assert_eq!(scan(room.path(), &["--cache", "c"]), scan(room.path(), &[]));
    assert_eq!(
        scan(room.path(), &["--cache", "c", "--only", "secrets"]),
        scan(room.path(), &["--only", "secrets"])
    );
}

#[test]
fn versions_in_history_are_remembered_too() {
    let room = room();
    let inside = room.path().join("in");
    fs::create_dir_all(&inside).unwrap();
    let repository = git2::Repository::init(&inside).unwrap();
    let who = git2::Signature::new("Jane", "jane@acme.io", &git2::Time::new(1_700_000_000, 0));
    let who = who.unwrap();
    let mut parent: Option<git2::Oid> = None;
    for text in [
        "one = 1\n".to_owned(),
        format!("token: {}\n", token(1)),
        "two = 2\n".to_owned(),
    ] {
        put(room.path(), "in/app.conf", text);
        let mut index = repository.index().unwrap();
        index.add_path(Path::new("app.conf")).unwrap();
        let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
        let parents: Vec<_> = parent
            .iter()
            .map(|id| repository.find_commit(*id).unwrap())
            .collect();
        let parents: Vec<&git2::Commit<'_>> = parents.iter().collect();
        parent = Some(
            repository
                .commit(Some("HEAD"), &who, &who, "change", &tree, &parents)
                .unwrap(),
        );
    }
    let without = scan(room.path(), &[]);
    assert!(without.1.contains("\"removed\""), "{}", without.1);
    assert_eq!(scan(room.path(), &["--cache", "c"]), without);
    let first = fs::read(room.path().join("c")).unwrap();
    // The file of today, and of its versions the two that hold nothing, at least.
    assert!(first.len() >= 16 + 32 + 3 * 32 + 32, "{}", first.len());
    assert_eq!(scan(room.path(), &["--cache", "c"]), without);
    assert_eq!(fs::read(room.path().join("c")).unwrap(), first);
}

#[test]
fn it_holds_digests_only_and_only_of_what_is_clean() {
    let room = room();
    tree(room.path());
    scan(room.path(), &["--cache", "c"]);
    let bytes = fs::read(room.path().join("c")).unwrap();
    // Everything but the file with the leak: 40 texts and the comments.
    assert_eq!(bytes.len(), 16 + 32 + 41 * 32 + 32);
    for text in ["nothing", "glpat", "src/", "a.py"] {
        assert!(
            memchr::memmem::find(&bytes, text.as_bytes()).is_none(),
            "{text}"
        );
    }
    scan(room.path(), &["--cache", "c"]);
    assert_eq!(
        fs::read(room.path().join("c")).unwrap(),
        bytes,
        "unchanged, to the byte"
    );
    let left = fs::read_dir(room.path()).unwrap().count();
    assert_eq!(left, 2, "no temporary file stays");
}

#[test]
fn one_that_cannot_be_used_is_said_and_replaced() {
    let room = room();
    tree(room.path());
    let without = scan(room.path(), &[]);
    scan(room.path(), &["--cache", "c"]);
    let good = fs::read(room.path().join("c")).unwrap();
    let mut damaged = good.clone();
    damaged[100] ^= 0x20;
    for (bad, why) in [
        (b"hello".to_vec(), "not a cache"),
        (Vec::new(), "not a cache"),
        (good[..good.len() / 2].to_vec(), "it is"),
        (damaged, "damaged"),
        (vec![0; 1 << 20], "not a cache"),
    ] {
        fs::write(room.path().join("c"), bad).unwrap();
        let (code, out, said) = scan(room.path(), &["--cache", "c"]);
        assert_eq!((code, &out), (without.0, &without.1), "{why}");
        assert!(
            said.contains("cache c is not used") && said.contains(why),
            "{said}"
        );
        assert_eq!(fs::read(room.path().join("c")).unwrap(), good);
    }
}

#[test]
fn other_rules_and_other_keys_do_not_share_one() {
    let room = room();
    tree(room.path());
    put(
        room.path(),
        "rules/acme.yaml",
        "issuer: acme\ntitle: Acme\ndocs: https://docs.acme.test/keys\nkinds:\n  - id: acme-key\n    title: Acme key\n    severity: high\n    literals: ['in number']\n    pattern: '(?P<secret>in number [0-9]+)'\n    examples: {positive: ['in number 12'], negative: ['in a number']}\n",
    );
    scan(room.path(), &["--cache", "c"]);
    let (_, out, said) = scan(room.path(), &["--cache", "c", "--rules", "rules"]);
    assert!(said.contains("made with other rules"), "{said}");
    assert!(out.contains("acme-key"));
    let output = support::tenure(room.path())
        .env("TENURE_FINGERPRINT_KEY", "ours")
        .args(["scan", "in", "--cache", "c", "--rules", "rules"])
        .output()
        .unwrap();
    assert!(
        stderr(&output).contains("another fingerprint key"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn it_is_not_read_through_links_and_must_be_writable() {
    let room = room();
    tree(room.path());
    assert_eq!(scan(room.path(), &["--cache", "no/such/place"]).0, 2);
    #[cfg(unix)]
    {
        fs::write(room.path().join("other"), "precious").unwrap();
        std::os::unix::fs::symlink("other", room.path().join("link")).unwrap();
        let (_, _, said) = scan(room.path(), &["--cache", "link"]);
        assert!(said.contains("is not used"), "{said}");
        assert_eq!(fs::read(room.path().join("other")).unwrap(), b"precious");
    }
}

#[test]
fn runs_at_the_same_time_do_no_harm() {
    let room = room();
    tree(room.path());
    let without = scan(room.path(), &[]);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..3 {
                    assert_eq!(scan(room.path(), &["--cache", "c", "-q"]).1, without.1);
                }
            });
        }
    });
    assert_eq!(scan(room.path(), &["--cache", "c"]), without);
}
