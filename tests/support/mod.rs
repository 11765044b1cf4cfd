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
