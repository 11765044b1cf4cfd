//! What the end-to-end tests share: a clean room, and the binary in it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]
#![allow(dead_code, reason = "each test crate uses its own part")]

use assert_cmd::Command;
use std::path::{Path, PathBuf};
use std::process::Output;

/// The time that every test judges ages at.
pub(crate) const NOW: &str = "2026-11-22T00:00:00Z";

/// The binary with nothing of this machine's environment, in `directory`.
pub(crate) fn tenure(directory: &Path) -> Command {
    let mut command = Command::cargo_bin("tenure").expect("the binary is built with the tests");
    command.env_clear().current_dir(directory);
    command
}

/// Runs the binary and returns what came out, whatever the status.
pub(crate) fn run(directory: &Path, arguments: &[&str]) -> Output {
    tenure(directory)
        .args(arguments)
        .output()
        .expect("the binary starts")
}

/// The exit status of a run.
pub(crate) fn status(output: &Output) -> i32 {
    output.status.code().expect("not killed by a signal")
}

/// Standard output as text.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("results are UTF-8")
}

/// Standard error as text.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("messages are UTF-8")
}

/// A folder of the repository's fixtures.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(name)
}

/// An empty directory that goes away with the value.
pub(crate) fn room() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory can be made")
}

/// Writes a file below a directory, making the directories between.
pub(crate) fn put(directory: &Path, path: &str, content: impl AsRef<[u8]>) {
    let path = directory.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

/// Copies a directory tree.
pub(crate) fn copy(from: &Path, to: &Path) {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry.unwrap();
        let target = to.join(entry.path().strip_prefix(from).unwrap());
        if entry.file_type().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// A made-up token of GitLab's format, built here so that no scanner takes a test for a leak.
pub(crate) fn token(seed: u64) -> String {
    let alphabet = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789";
    let mut state = seed;
    let body: String = (0..20)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            char::from(alphabet[(state >> 33) as usize % alphabet.len()])
        })
        .collect();
    format!("glpat-{body}")
}

/// Scans and returns the JSON report.
pub(crate) fn report(directory: &Path, arguments: &[&str]) -> serde_json::Value {
    let all = [&["scan"], arguments, &["--now", NOW, "--format", "json"]].concat();
    let output = run(directory, &all);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", stderr(&output)))
}

/// The findings of a check in a JSON report.
pub(crate) fn findings<'r>(
    report: &'r serde_json::Value,
    check: &str,
) -> Vec<&'r serde_json::Value> {
    let all = report["findings"].as_array().unwrap().iter();
    all.filter(|finding| finding["check"] == check).collect()
}
