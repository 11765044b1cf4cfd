//! Git history as a source: what stood in a repository once, who brought it in and who took it out.

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

/// A work tree that is committed to with a clock of its own.
struct Repo {
    root: PathBuf,
    clock: Cell<u64>,
}

impl Repo {
    fn new(root: PathBuf) -> Self {
        fs::create_dir_all(&root).unwrap();
        let repo = Self {
            root,
            clock: Cell::new(1_700_000_000),
        };
        repo.git(&["init", "-q", "-b", "main"]);
        repo
    }

    fn git(&self, arguments: &[&str]) -> String {
        git(&self.root, self.clock.get(), arguments)
    }

    fn put(&self, path: &str, content: &str) {
        put(&self.root, path, content);
    }

    /// Commits everything and returns the id.
    fn commit(&self, message: &str) -> String {
        self.clock.set(self.clock.get() + 86_400);
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }
}

fn git(root: &Path, time: u64, arguments: &[&str]) -> String {
    let date = format!("{time} +0000");
    let output = Command::new("git")
        .current_dir(root)
        .args(["-c", "protocol.file.allow=always", "-c", "gc.auto=0"])
        .args(arguments)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_AUTHOR_NAME", "Jane Doe")
        .env("GIT_AUTHOR_EMAIL", "Jane@acme.test")
        .env("GIT_COMMITTER_NAME", "Jane Doe")
        .env("GIT_COMMITTER_EMAIL", "jane@acme.test")
        .env("GIT_AUTHOR_DATE", &date)
        .env("GIT_COMMITTER_DATE", &date)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {text}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Characters that no one could guess, the same on every run.
fn random(seed: u64, alphabet: &[u8], length: usize) -> String {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            char::from(alphabet[(state >> 33) as usize % alphabet.len()])
        })
        .collect()
}

/// An AWS key that never was, as settings; its id, and the text.
fn key(seed: u64) -> (String, String) {
    let id = format!(
        "AKIA{}",
        random(seed, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)
    );
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let secret = random(seed + 1000, letters, 40);
    let text = format!("AWS_ACCESS_KEY_ID={id}\nAWS_SECRET_ACCESS_KEY={secret}\n");
    (format!("aws:access-key:{id}"), text)
}

fn scan_with(directory: &Path, arguments: &[&str]) -> (i32, Value) {
    let mut all = vec!["scan", "--now", NOW, "--format", "json"];
    all.extend(arguments);
    let output = run(directory, &all);
    let code = status(&output);
    assert!(code == 0 || code == 3, "{code}: {}", stderr(&output));
    (code, serde_json::from_slice(&output.stdout).unwrap())
}

fn scan(directory: &Path, arguments: &[&str]) -> Value {
    let (code, report) = scan_with(directory, arguments);
    assert_eq!(code, 0, "{:?}", report["coverage"]["problems"]);
    report
}

/// Where a credential stands: `path:line in=<commit> out=<commit> tree`, ids cut to eight.
fn places(report: &Value, id: &str) -> Vec<String> {
    let credentials = report["credentials"].as_array().unwrap();
    let Some(found) = credentials.iter().find(|c| c["id"] == id) else {
        return Vec::new();
    };
    let short = |commit: &Value| commit["id"].as_str().map_or("-", |id| &id[..8]).to_owned();
    let place = |e: &Value| {
        format!(
            "{}:{} in={} out={}{}",
            e["evidence"]["path"].as_str().unwrap(),
            e["evidence"]["line"],
            short(&e["introduced"]),
            short(&e["removed"]),
            if e["in_tree"] == true { " tree" } else { "" },
        )
    };
    found["exposures"]
        .as_array()
        .unwrap()
        .iter()
        .map(place)
        .collect()
}

fn pointers(report: &Value, id: &str) -> Vec<String> {
    let credentials = report["credentials"].as_array().unwrap();
    let found = credentials.iter().find(|c| c["id"] == id);
    let exposures = found.and_then(|c| c["exposures"].as_array());
    let pointer = |e: &Value| e["evidence"]["pointer"].as_str().unwrap_or("-").to_owned();
    exposures.into_iter().flatten().map(pointer).collect()
}

fn messages(report: &Value) -> String {
    let problems = report["coverage"]["problems"].as_array().unwrap();
    let texts = problems.iter().map(|p| p["message"].as_str().unwrap());
    texts.collect::<Vec<_>>().join("\n")
}

fn is(path: &str, line: u32, introduced: &str, removed: &str, tree: bool) -> String {
    let short = |id: &str| {
        if id == "-" {
            id.to_owned()
        } else {
            id[..8].to_owned()
        }
    };
    let tree = if tree { " tree" } else { "" };
    format!(
        "{path}:{line} in={} out={}{tree}",
        short(introduced),
        short(removed)
    )
}

#[test]
fn a_secret_has_one_place_a_path_with_the_commits_that_made_and_ended_it() {
    let room = room();
    let repo = Repo::new(room.path().join("repo"));
    let (one, text) = key(1);
    let (two, other) = key(2);
    repo.put("app/settings.txt", "a=1\n");
    repo.commit("start");
    repo.put("app/settings.txt", &format!("a=1\n{text}"));
    let came = repo.commit("settings");
    repo.put("app/settings.txt", &format!("a=1\nb=2\n{text}"));
    repo.commit("another line above");
    repo.git(&["mv", "app/settings.txt", "app/moved.txt"]);
    let moved = repo.commit("rename");
    repo.put("app/moved.txt", "a=1\n");
    let gone = repo.commit("remove");
    repo.put("app/kept.txt", &other);
    let kept = repo.commit("another");
    repo.put("app/moved.txt", &format!("c=1\n{text}"));
    repo.commit("again");
    repo.put("app/moved.txt", "c=1\n");
    let again = repo.commit("and gone again");
    repo.put("app/kept.txt", &format!("# moved down\n\n{other}"));
    repo.commit("lines move");

    let expected_one = [
        is("repo/app/moved.txt", 3, &moved, &again, false),
        is("repo/app/settings.txt", 2, &came, &moved, false),
    ];
    let expected_two = [is("repo/app/kept.txt", 3, &kept, "-", true)];
    let loose = scan(room.path(), &["repo"]);
    assert_eq!(places(&loose, &one), expected_one, "first gone with {gone}");
    assert_eq!(places(&loose, &two), expected_two);
    let commit = &loose["credentials"][0]["exposures"][0]["introduced"];
    assert_eq!(commit["author"], "Jane Doe");
    assert_eq!(commit["mail"], "jane@acme.test");
    assert_eq!(loose["coverage"]["history"]["commits"], 9);

    repo.git(&["repack", "-adq", "--depth=50"]);
    repo.git(&["prune-packed"]);
    let packed = scan(room.path(), &["repo"]);
    assert_eq!(packed["credentials"], loose["credentials"]);
    for threads in ["1", "2", "5", "8"] {
        let report = scan(room.path(), &["repo", "-j", threads]);
        assert_eq!(report, packed, "{threads} threads");
    }

    let without = scan(room.path(), &["repo", "--no-history"]);
    assert_eq!(places(&without, &one), [""; 0]);
    assert_eq!(
        places(&without, &two),
        [is("repo/app/kept.txt", 3, "-", "-", true)]
    );
    assert!(without["coverage"]["history"].is_null());
    let excluded = scan(room.path(), &["repo", "--exclude", "moved.txt"]);
    assert_eq!(places(&excluded, &one).len(), 1);

    let text = support::stdout(&run(room.path(), &["show", &one, "repo", "--now", NOW]));
    let place = format!("; commit {} by Jane Doe, 2023-11-", &moved[..8]);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("app/moved.txt:3 (removed by "), "{text}");
    assert!(text.contains(&place), "{text}");
}

/// What is asked of a version of a file before its path is known must never miss what is found at any.
#[test]
fn what_is_not_suspected_holds_nothing_at_any_path() {
    let detector = tenure::scan::detector(&[], tenure::model::Fingerprinter::new(None)).unwrap();
    let origins = [
        "-",
        "a.py",
        "home/.netrc",
        "etc/datadog/conf.yaml",
        "src/twilio.c",
        "tests/x.json",
    ]
    .map(tenure::model::Origin::file);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = 0;
    for folder in ["fixtures", "rules", "tests", "src"] {
        for entry in walkdir::WalkDir::new(root.join(folder)) {
            let entry = entry.unwrap();
            if !entry.file_type().is_file() {
                continue;
            }
            let bytes = fs::read(entry.path()).unwrap();
            // Also piece by piece, since one hit hides that others would be missed.
            for piece in std::iter::once(&bytes[..]).chain(bytes.chunks(400)) {
                let holds = origins.iter().any(|origin| {
                    let document = tenure::model::Document {
                        origin,
                        bytes: piece,
                    };
                    !detector.scan(&document).0.is_empty()
                });
                found += u32::from(holds);
                assert!(
                    !holds || detector.suspects(piece),
                    "{}",
                    entry.path().display()
                );
            }
        }
    }
    assert!(found > 100, "{found}");
}

#[test]
fn merges_bring_in_nothing_that_a_parent_has() {
    let room = room();
    let repo = Repo::new(room.path().join("repo"));
    let (side, on_side) = key(3);
    let (both, on_both) = key(4);
    let (dropped, on_dropped) = key(5);
    repo.put("base.txt", "x\n");
    repo.commit("start");
    repo.git(&["checkout", "-q", "-b", "side"]);
    repo.put("side.txt", &on_side);
    repo.put("both.txt", &on_both);
    let first = repo.commit("on the side");
    repo.put("dropped.txt", &on_dropped);
    let doomed = repo.commit("will be dropped by the merge");
    repo.git(&["checkout", "-q", "main"]);
    repo.put("main.txt", "y\n");
    repo.put("both.txt", &on_both);
    repo.commit("on main");
    repo.clock.set(repo.clock.get() + 86_400);
    repo.git(&["merge", "-q", "--no-commit", "side"]);
    repo.git(&["rm", "-qf", "dropped.txt"]);
    let merge = repo.commit("merge");
    repo.git(&["branch", "-q", "-D", "side"]);
    let report = scan(room.path(), &["repo"]);
    assert_eq!(
        places(&report, &side),
        [is("repo/side.txt", 1, &first, "-", true)]
    );
    assert_eq!(
        places(&report, &both),
        [is("repo/both.txt", 1, &first, "-", true)]
    );
    let expected = [is("repo/dropped.txt", 1, &doomed, &merge, false)];
    assert_eq!(places(&report, &dropped), expected);
}

#[test]
fn a_secret_that_another_branch_still_holds_is_not_removed() {
    let room = room();
    let repo = Repo::new(room.path().join("repo"));
    let (id, text) = key(6);
    repo.put("a.txt", &text);
    let came = repo.commit("in");
    repo.git(&["tag", "v1"]);
    repo.put("a.txt", "");
    let gone = repo.commit("out");
    let expected = [is("repo/a.txt", 1, &came, "-", false)];
    assert_eq!(places(&scan(room.path(), &["repo"]), &id), expected);
    repo.git(&["tag", "-d", "v1"]);
    let expected = [is("repo/a.txt", 1, &came, &gone, false)];
    assert_eq!(places(&scan(room.path(), &["repo"]), &id), expected);
}

#[test]
fn messages_tags_notes_and_what_nothing_leads_to_are_read() {
    let room = room();
    let repo = Repo::new(room.path().join("repo"));
    let keys: Vec<(String, String)> = (10..16).map(key).collect();
    repo.put("a.txt", "x\n");
    let commit = repo.commit(&format!("message\n\n{}", keys[0].1));
    repo.git(&["tag", "-a", "v2", "-m", &format!("tagged\n\n{}", keys[1].1)]);
    repo.git(&["notes", "add", "-m", &keys[2].1]);
    repo.put("stashed.txt", &keys[3].1);
    repo.git(&["add", "-A"]);
    repo.git(&["stash", "-q"]);
    repo.git(&["stash", "drop", "-q"]);
    repo.put("loose.txt", &keys[4].1);
    let dangling = repo.git(&["hash-object", "-w", "loose.txt"]);
    fs::remove_file(repo.root.join("loose.txt")).unwrap();
    repo.put("stashed.txt", &keys[5].1);
    repo.git(&["add", "-A"]);
    repo.git(&["stash", "-q"]);
    let report = scan(room.path(), &["repo"]);
    let short = &commit[..8];
    assert_eq!(
        pointers(&report, &keys[0].0),
        [format!("message of commit {short}")]
    );
    assert_eq!(pointers(&report, &keys[1].0), ["message of tag v2"]);
    assert_eq!(pointers(&report, &keys[2].0), [format!("note on {short}")]);
    assert!(pointers(&report, &keys[3].0)[0].starts_with("unreachable commit "));
    let expected = format!("unreachable object {dangling}");
    assert_eq!(pointers(&report, &keys[4].0), [expected]);
    assert!(pointers(&report, &keys[5].0)[0].starts_with("commit "));
    assert!(places(&report, &keys[3].0)[0].starts_with("repo/stashed.txt:1 "));
}

#[test]
fn bare_shallow_and_linked_repositories() {
    let room = room();
    let repo = Repo::new(room.path().join("repo"));
    let (id, text) = key(20);
    repo.put("a.txt", &text);
    let came = repo.commit("in");
    repo.put("b.txt", "x\n");
    let second = repo.commit("more");
    repo.put("c.txt", "x\n");
    repo.commit("most");
    git(
        room.path(),
        1_700_000_000,
        &["clone", "-q", "--bare", "repo", "named/bare.git"],
    );
    let report = scan(room.path(), &["named"]);
    assert_eq!(
        places(&report, &id),
        [is("named/bare.git/a.txt", 1, &came, "-", false)]
    );
    let ownership = &report["credentials"][0]["ownership"];
    assert_eq!(ownership["suggestion"], "mail:jane@acme.test");
    let report = scan(room.path(), &["named/bare.git"]);
    assert_eq!(
        places(&report, &id),
        [is("named/bare.git/a.txt", 1, &came, "-", false)]
    );

    repo.git(&["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{}", repo.root.display());
    git(
        room.path(),
        1_700_000_000,
        &["clone", "-q", "--depth", "2", &url, "shallow"],
    );
    let report = scan(room.path(), &["shallow"]);
    assert_eq!(
        places(&report, &id),
        [is("shallow/a.txt", 1, &second, "-", true)]
    );
    assert!(messages(&report).contains("history is shallow"));
    let reasons = &report["credentials"][0]["exposures"][0]["reasons"];
    assert!(
        reasons
            .to_string()
            .contains("history is cut off at this commit")
    );
    git(
        room.path(),
        1_700_000_000,
        &[
            "clone",
            "-q",
            "--bare",
            "--filter=blob:none",
            &url,
            "partial",
        ],
    );
    let report = scan(room.path(), &["partial"]);
    assert!(
        messages(&report).contains("2 objects are not there"),
        "{}",
        messages(&report)
    );

    // A work tree elsewhere, whose git directory names it.
    let linked = room.path().join("elsewhere/linked");
    repo.git(&[
        "worktree",
        "add",
        "-q",
        linked.to_str().unwrap(),
        "-b",
        "other",
    ]);
    let report = scan(room.path(), &["elsewhere"]);
    assert_eq!(
        places(&report, &id),
        [is("elsewhere/linked/a.txt", 1, &came, "-", true)]
    );
    // Both work trees of one repository: its history once.
    let report = scan(room.path(), &["repo", "elsewhere"]);
    assert_eq!(report["coverage"]["history"]["repositories"], 1);
    // One that only claims to belong there.
    fs::create_dir_all(room.path().join("forged")).unwrap();
    fs::copy(linked.join(".git"), room.path().join("forged/.git")).unwrap();
    let (code, report) = scan_with(room.path(), &["forged"]);
    assert_eq!((code, places(&report, &id).len()), (3, 0));
    assert!(
        messages(&report).contains("does not point back"),
        "{}",
        messages(&report)
    );
}

#[test]
fn submodules_have_their_own_history() {
    let room = room();
    let inner = Repo::new(room.path().join("inner"));
    let (id, text) = key(21);
    inner.put("a.txt", &text);
    let came = inner.commit("in");
    inner.put("a.txt", "x\n");
    let gone = inner.commit("out");
    let outer = Repo::new(room.path().join("outer"));
    outer.git(&[
        "submodule",
        "add",
        "-q",
        inner.root.to_str().unwrap(),
        "sub",
    ]);
    outer.commit("submodule");
    let expected = [is("outer/sub/a.txt", 1, &came, &gone, false)];
    assert_eq!(places(&scan(room.path(), &["outer"]), &id), expected);
    // The submodule alone: its git directory is elsewhere and points back.
    assert_eq!(places(&scan(room.path(), &["outer/sub"]), &id), expected);
}

#[test]
fn alternates_are_used_inside_of_what_was_named_only() {
    let room = room();
    let repo = Repo::new(room.path().join("all/repo"));
    let (id, text) = key(22);
    repo.put("a.txt", &text);
    let came = repo.commit("in");
    let all = room.path().join("all");
    git(
        &all,
        1_700_000_000,
        &["clone", "-q", "--shared", "--bare", "repo", "borrower.git"],
    );
    fs::remove_dir_all(repo.root.join(".git/refs/heads")).unwrap();
    let report = scan(room.path(), &["all"]);
    assert!(places(&report, &id).contains(&is("all/borrower.git/a.txt", 1, &came, "-", false)));
    let (code, report) = scan_with(room.path(), &["all/borrower.git"]);
    assert_eq!((code, places(&report, &id).len()), (3, 0));
    assert!(
        messages(&report).contains("borrows objects"),
        "{}",
        messages(&report)
    );
}

fn pack_of(root: &Path, extension: &str) -> PathBuf {
    let folder = root.join(".git/objects/pack");
    let mut names = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    let found = names
        .find(|p| p.extension().is_some_and(|e| e == extension))
        .unwrap();
    // Git writes them read-only.
    let mut rights = fs::metadata(&found).unwrap().permissions();
    #[expect(clippy::permissions_set_readonly_false, reason = "a file of this test")]
    rights.set_readonly(false);
    fs::set_permissions(&found, rights).unwrap();
    found
}

#[test]
fn damage_is_said_and_the_rest_is_read() {
    let room = room();
    let repo = Repo::new(room.path().join("repo"));
    let (id, text) = key(23);
    for number in 0..40 {
        repo.put(
            &format!("f{number}.txt"),
            &random(number, b"abcdefgh \n", 3000),
        );
    }
    repo.put("a.txt", &text);
    repo.commit("in");
    repo.put("a.txt", "");
    repo.commit("out");
    repo.git(&["repack", "-adq"]);
    let pack = pack_of(&repo.root, "pack");
    let index = pack_of(&repo.root, "idx");
    let (whole, names) = (fs::read(&pack).unwrap(), fs::read(&index).unwrap());
    assert_eq!(places(&scan(room.path(), &["repo"]), &id).len(), 1);
    let mut said = 0;
    for seed in 0..12u64 {
        let mut bytes = whole.clone();
        let at = 12 + (seed as usize * 7919) % (bytes.len() - 40);
        bytes[at] ^= 0x5a;
        fs::write(&pack, &bytes).unwrap();
        said += i32::from(scan_with(room.path(), &["repo"]).0 == 3);
    }
    assert!(said > 6, "{said} of 12");
    fs::write(&pack, &whole[..whole.len() / 2]).unwrap();
    assert_eq!(scan_with(room.path(), &["repo"]).0, 3);
    fs::write(&pack, &whole).unwrap();
    // An index that lies: about offsets, ids, counts and its own length.
    for seed in 0..40u64 {
        let mut bytes = names.clone();
        let at = (seed as usize * 104_729) % bytes.len();
        bytes[at] ^= 1 << (seed % 8);
        fs::write(&index, &bytes).unwrap();
        scan_with(room.path(), &["repo"]);
    }
    for length in [0, 7, 1000, 1032, names.len() - 50] {
        fs::write(&index, &names[..length]).unwrap();
        assert_eq!(scan_with(room.path(), &["repo"]).0, 3, "{length}");
    }
}

/// A pack entry's start: kind and size.
fn entry(kind: u8, mut size: usize) -> Vec<u8> {
    let mut bytes = vec![(kind << 4) | (size & 15) as u8];
    size >>= 4;
    while size > 0 {
        *bytes.last_mut().unwrap() |= 0x80;
        bytes.push((size & 0x7f) as u8);
        size >>= 7;
    }
    bytes
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::best());
    let mut out = vec![0; compressor.zlib_compress_bound(bytes.len())];
    let length = compressor.zlib_compress(bytes, &mut out).unwrap();
    out.truncate(length);
    out
}

#[test]
fn bombs_are_bounded() {
    let room = room();
    let repo = Repo::new(room.path().join("repo"));
    let (id, text) = key(24);
    repo.put("a.txt", &text);
    repo.commit("in");
    // A base of 16 MB, and deltas that repeat it; an object that claims a size it does not have.
    let base = vec![b'x'; 16 << 20];
    let mut pack = b"PACK\0\0\0\x02".to_vec();
    let count = 4_000u32;
    pack.extend((count + 2).to_be_bytes());
    let mut offsets = vec![pack.len()];
    pack.extend(entry(3, base.len()));
    pack.extend(zlib(&base));
    let varint = |mut n: usize| {
        let mut bytes = vec![(n & 0x7f) as u8];
        n >>= 7;
        while n > 0 {
            *bytes.last_mut().unwrap() |= 0x80;
            bytes.push((n & 0x7f) as u8);
            n >>= 7;
        }
        bytes
    };
    let mut delta = varint(base.len());
    delta.extend(varint(base.len()));
    // Two copies: 0xff0000 bytes, then 0x10000.
    delta.extend([0x80 | 0x40, 0xff, 0x80]);
    let packed = zlib(&delta);
    for _ in 0..count {
        let back = pack.len() - offsets[0];
        offsets.push(pack.len());
        pack.extend(entry(6, delta.len()));
        let mut distance = vec![(back & 0x7f) as u8];
        let mut rest = back >> 7;
        while rest > 0 {
            rest -= 1;
            distance.insert(0, 0x80 | (rest & 0x7f) as u8);
            rest >>= 7;
        }
        pack.extend(distance);
        pack.extend(&packed);
    }
    offsets.push(pack.len());
    pack.extend(entry(3, 20_000_000));
    pack.extend(zlib(b"tiny"));
    pack.extend([0; 20]);
    let mut index = vec![0xff, b't', b'O', b'c', 0, 0, 0, 2];
    let total = offsets.len() as u32;
    let ids: Vec<[u8; 20]> = (0..total)
        .map(|n| {
            let mut id = [7; 20];
            id[1..5].copy_from_slice(&n.to_be_bytes());
            id
        })
        .collect();
    for byte in 0..256u32 {
        index.extend(if byte < 7 { 0 } else { total }.to_be_bytes());
    }
    ids.iter().for_each(|id| index.extend(id));
    index.extend(vec![0; offsets.len() * 4]);
    offsets
        .iter()
        .for_each(|at| index.extend((*at as u32).to_be_bytes()));
    index.extend([0; 40]);
    let folder = repo.root.join(".git/objects/pack");
    fs::write(folder.join("pack-bomb.pack"), pack).unwrap();
    fs::write(folder.join("pack-bomb.idx"), index).unwrap();
    let start = std::time::Instant::now();
    let (_, report) = scan_with(room.path(), &["repo"]);
    assert!(start.elapsed().as_secs() < 120);
    assert_eq!(places(&report, &id).len(), 1);
    assert!(
        messages(&report).contains("unpack to far more"),
        "{}",
        messages(&report)
    );
    assert!(
        messages(&report).contains("are corrupt"),
        "{}",
        messages(&report)
    );
}

#[test]
fn foreign_forms_are_refused_and_includes_are_not_followed() {
    let room = room();
    let other = room.path().join("sha256");
    fs::create_dir(&other).unwrap();
    git(
        &other,
        1_700_000_000,
        &["init", "-q", "--object-format=sha256"],
    );
    let (code, report) = scan_with(room.path(), &["sha256"]);
    assert_eq!(code, 3);
    assert!(
        messages(&report).contains("SHA-256"),
        "{}",
        messages(&report)
    );

    let repo = Repo::new(room.path().join("repo"));
    let (id, text) = key(25);
    repo.put("a.txt", &text);
    let came = repo.commit("in");
    repo.put("a.txt", "");
    let gone = repo.commit("out");
    let config = repo.root.join(".git/config");
    let mut own = fs::read_to_string(&config).unwrap();
    own.push_str("[include]\n\tpath = /dev/zero\n");
    fs::write(&config, own).unwrap();
    // History is read without the configuration; what needs it is refused.
    let report = scan(room.path(), &["repo"]);
    assert_eq!(
        places(&report, &id),
        [is("repo/a.txt", 1, &came, &gone, false)]
    );
    let (code, report) = scan_with(room.path(), &["repo", "--commits", "HEAD~1..HEAD"]);
    assert_eq!(code, 3);
    assert!(messages(&report).contains("includes other files"));
}

#[test]
fn ranges_speak_of_their_own_commits_only() {
    let room = room();
    let repo = Repo::new(room.path().join("repo"));
    let keys: Vec<(String, String)> = (30..35).map(key).collect();
    repo.put("old.txt", &keys[0].1);
    let start = repo.commit("old");
    repo.git(&["checkout", "-q", "-b", "feature"]);
    repo.put("new.txt", &keys[1].1);
    let new = repo.commit("new");
    repo.put("brief.txt", &keys[2].1);
    let brief = repo.commit("brief");
    repo.put("brief.txt", "");
    // The old one again, in a line that moved.
    repo.put("old.txt", &format!("\n{}", keys[0].1));
    let gone = repo.commit("brief no more");
    repo.git(&["checkout", "-q", "main"]);
    repo.put("main.txt", &keys[3].1);
    let main = repo.commit("main");
    repo.put("untracked.txt", &keys[4].1);

    let of = |arguments: &[&str]| {
        let report = scan(&repo.root, arguments);
        let all: Vec<Vec<String>> = keys.iter().map(|(id, _)| places(&report, id)).collect();
        all
    };
    let on_feature = [
        vec![],
        vec![is("new.txt", 1, &new, "-", false)],
        vec![is("brief.txt", 1, &brief, &gone, false)],
        vec![],
        vec![],
    ];
    assert_eq!(of(&["--commits", "main..feature"]), on_feature);
    let mut both = on_feature.clone();
    both[3] = vec![is("main.txt", 1, &main, "-", false)];
    let symmetric = of(&["--commits", "main...feature"]);
    assert_eq!(symmetric[1..3], both[1..3]);
    assert_eq!(symmetric[3].len(), 1);
    let one = of(&["--commits", &brief]);
    assert_eq!(one.iter().flatten().count(), 1);
    assert_eq!(
        of(&["--commits", &start])[0],
        [is("old.txt", 1, &start, "-", false)]
    );

    let narrowed = of(&[".", "--branch", "main"]);
    assert_eq!(narrowed[0], [is("old.txt", 1, &start, "-", true)]);
    assert_eq!(narrowed[1], [""; 0]);
    assert_eq!(narrowed[4], [is("untracked.txt", 1, "-", "-", true)]);
    let since = of(&[".", "--since", "2023-11-18T00:00:00Z"]);
    assert_eq!(since[0], [is("old.txt", 1, "-", "-", true)]);
    assert_eq!(since[3], [is("main.txt", 1, &main, "-", true)]);

    for wrong in [
        "nonsense..HEAD",
        "HEAD..nonsense",
        "nonsense",
        "HEAD~99",
        "--upload-pack=x",
    ] {
        let argument = format!("--commits={wrong}");
        let output = run(&repo.root, &["scan", &argument]);
        assert_eq!(status(&output), 2, "{wrong}: {}", stderr(&output));
    }
    assert_eq!(
        status(&run(&repo.root, &["scan", "--branch", "nonsense"])),
        2
    );
    assert_eq!(
        status(&run(&repo.root, &["scan", "--since", "yesterday"])),
        2
    );
    assert_eq!(
        status(&run(Path::new("/"), &["scan", "--staged", "/usr"])),
        2
    );
}

#[test]
fn what_is_staged_is_what_counts_for_a_hook() {
    let room = room();
    let repo = Repo::new(room.path().join("repo"));
    let keys: Vec<(String, String)> = (40..44).map(key).collect();
    repo.put("old.txt", &keys[0].1);
    repo.commit("old");
    repo.put("old.txt", &format!("\n{}{}", keys[0].1, keys[1].1));
    repo.put("sub/new.txt", &keys[2].1);
    repo.git(&["add", "-A"]);
    repo.put("sub/new.txt", "changed after staging\n");
    repo.put("unstaged.txt", &keys[3].1);
    let report = scan(&repo.root, &["--staged"]);
    assert_eq!(places(&report, &keys[0].0), [""; 0]);
    assert_eq!(
        places(&report, &keys[1].0),
        [is("old.txt", 4, "-", "-", true)]
    );
    assert_eq!(
        places(&report, &keys[2].0),
        [is("sub/new.txt", 1, "-", "-", true)]
    );
    assert_eq!(places(&report, &keys[3].0), [""; 0]);
    assert_eq!(report["coverage"]["files"], 0);
    // Only below what was named.
    let report = scan(&repo.root, &["--staged", "sub"]);
    assert_eq!(places(&report, &keys[1].0), [""; 0]);
    assert_eq!(
        places(&report, &keys[2].0),
        [is("sub/new.txt", 1, "-", "-", true)]
    );
    let output = run(
        &repo.root,
        &["scan", "--staged", "--fail-on", "high", "-f", "json"],
    );
    assert_eq!(status(&output), 1);
}

#[test]
fn comments_accept_what_is_staged_and_what_commits_bring() {
    let room = room();
    let repo = Repo::new(room.path().join("repo"));
    let line = |n: u64, more: &str| format!("token = \"{}\"{more}\n", support::token(n));
    let accepted = |n| line(n, "  # tenure:allow credential-leaked the sandbox's");
    repo.put("kept.py", &accepted(1));
    let base = repo.commit("base");
    // The comment beside what stood there before is not unused, although nothing new is beside it.
    repo.put("kept.py", &format!("\n{}{}", accepted(1), accepted(2)));
    repo.git(&["add", "-A"]);
    let tell = |arguments: &[&str]| {
        let report = scan(&repo.root, arguments);
        let findings = report["findings"].as_array().unwrap();
        let told = findings.iter().map(|f| {
            let check = f["check"].as_str().unwrap().to_owned();
            (
                check,
                f["waiver"]["reason"].as_str() == Some("the sandbox's"),
            )
        });
        told.filter(|(check, _)| check.contains("leaked") || check.contains("waiver"))
            .collect::<Vec<_>>()
    };
    let one = [("credential-leaked".to_owned(), true)];
    assert_eq!(tell(&["--staged"]), one);
    assert_eq!(
        tell(&["--staged", "--no-config"]),
        [("credential-leaked".to_owned(), false)]
    );
    repo.commit("more");
    assert_eq!(tell(&["--commits", &format!("{base}..HEAD")]), one);
    let range = format!("{base}..HEAD");
    let output = run(
        &repo.root,
        &["scan", "--only", "secrets", "--commits", &range],
    );
    let said = support::stdout(&output);
    assert!(said.contains("1 waived"), "{said}");
    assert!(!said.contains("NO OWNER"), "{said}");
}

#[test]
fn trees_that_hold_themselves_many_times_over_are_bounded() {
    let room = room();
    let repo = Repo::new(room.path().join("repo"));
    let (id, text) = key(50);
    repo.put("a.txt", &text);
    let blob = repo.git(&["hash-object", "-w", "a.txt"]);
    let line = |kind: &str, id: &str, name: &str| {
        let mode = if kind == "tree" { "040000" } else { "100644" };
        format!("{mode} {kind} {id}\t{name}\n")
    };
    let mktree = |text: &str| {
        put(&repo.root, "input", text);
        let input = fs::File::open(repo.root.join("input")).unwrap();
        let output = Command::new("git")
            .current_dir(&repo.root)
            .arg("mktree")
            .stdin(input)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let mut tree = mktree(&line("blob", &blob, "a.txt"));
    for _ in 0..12 {
        let lines: String = (0..10)
            .map(|n| line("tree", &tree, &format!("d{n}")))
            .collect();
        tree = mktree(&lines);
    }
    let commit = repo.git(&["commit-tree", &tree, "-m", "bomb"]);
    repo.git(&["update-ref", "refs/heads/bomb", &commit]);
    fs::remove_file(repo.root.join("input")).unwrap();
    fs::remove_file(repo.root.join("a.txt")).unwrap();
    let (_, report) = scan_with(room.path(), &["repo"]);
    assert!(!places(&report, &id).is_empty());
    assert!(
        messages(&report).contains("expand without bound"),
        "{}",
        messages(&report)
    );
}

#[test]
fn what_limits_leave_out_does_not_depend_on_threads() {
    let room = room();
    let repo = Repo::new(room.path().to_path_buf());
    let (id, text) = key(11);
    // One version at more paths than are read, in folders that many threads share among themselves.
    for folder in 0..60 {
        for file in 0..10 {
            let shuffled = (folder * 37 + file * 101) % 600;
            repo.put(&format!("f{}/n{shuffled}.env", folder * 53 % 60), &text);
        }
    }
    repo.commit("many copies");
    let alone = scan(room.path(), &[".", "-j1"]);
    assert!(messages(&alone).contains("more than 256 paths"));
    assert!(!places(&alone, &id).is_empty());
    for _ in 0..3 {
        assert_eq!(alone, scan(room.path(), &[".", "-j8"]));
    }
}

#[test]
fn references_are_not_looked_for_where_a_link_leads() {
    let room = room();
    let repo = Repo::new(room.path().join("repo"));
    let (id, text) = key(12);
    repo.put("a.env", &text);
    repo.commit("a");
    repo.put("a.env", "");
    let last = repo.commit("gone");
    // Behind the link the secret's commits are reachable, in the repository they are not.
    let outside = room.path().join("outside");
    fs::rename(repo.root.join(".git/refs"), &outside).unwrap();
    std::os::unix::fs::symlink(&outside, repo.root.join(".git/refs")).unwrap();
    let report = scan(&repo.root, &["."]);
    assert_eq!(pointers(&report, &id).len(), 1);
    let text = report["credentials"].to_string();
    assert!(!text.contains(&format!("\"removed\":\"{last}\"")), "{text}");
}

#[test]
fn ranges_over_trees_that_expand_and_copies_without_end_are_bounded() {
    let room = room();
    let repo = Repo::new(room.path().to_path_buf());
    let (id, text) = key(13);
    for file in 0..600 {
        repo.put(&format!("n{file}.env"), &text);
    }
    let commit = repo.commit("many copies");
    let (code, report) = scan_with(room.path(), &[".", "--commits", &commit]);
    assert_eq!(code, 0);
    assert!(messages(&report).contains("more than 256 paths"));
    assert!(!places(&report, &id).is_empty());

    let folder = |tree: &str| {
        let list = room.path().join("list");
        let entries: String = ["a", "b", "c"]
            .map(|n| format!("040000 tree {tree}\t{n}\n"))
            .concat();
        fs::write(&list, entries).unwrap();
        let output = Command::new("git")
            .current_dir(room.path())
            .arg("mktree")
            .stdin(fs::File::open(&list).unwrap())
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let mut tree = repo.git(&["rev-parse", "HEAD^{tree}"]);
    for _ in 0..40 {
        tree = folder(&tree);
    }
    let commit = repo.git(&["commit-tree", &tree, "-m", "expands"]);
    let (_, report) = scan_with(room.path(), &[".", "--commits", &commit]);
    assert!(messages(&report).contains("expand without bound"));
}
