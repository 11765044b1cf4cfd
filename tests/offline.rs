//! That nothing but live collection speaks to a network.

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
use support::{room, run, status, stdout};

/// What code that speaks to a network, or brings in code that does, must name.
const NETWORK: [&str; 12] = [
    "std::net",
    "TcpStream",
    "UdpSocket",
    "UnixStream",
    "ToSocketAddrs",
    "os::unix::net",
    "tokio::",
    "aws_config",
    "aws_sdk",
    "aws_smithy",
    "aws_sigv4",
    "source::live",
];

#[test]
fn only_live_collection_names_a_network() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut seen = 0;
    for entry in walkdir::WalkDir::new(&source) {
        let entry = entry.unwrap();
        let path = entry.path().strip_prefix(&source).unwrap();
        if !entry.file_type().is_file() || path.starts_with("source/live") {
            continue;
        }
        // The command, and how it tells what it does.
        let calls = path == Path::new("cli/collect.rs") || path == Path::new("cli/progress.rs");
        let text = fs::read_to_string(entry.path()).unwrap();
        let code = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        for line in code {
            // An address alone reaches nobody: conditions compare them.
            let line = line.replace("std::net::IpAddr", "");
            for name in NETWORK {
                let allowed = calls && name == "source::live";
                assert!(
                    !line.contains(name) || allowed,
                    "{}: {line}",
                    path.display()
                );
            }
        }
        seen += 1;
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn the_network_is_a_feature() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = fs::read_to_string(root.join("src/source/mod.rs")).unwrap();
    assert!(sources.contains("#[cfg(feature = \"live\")]\npub mod live;"));
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    for line in manifest
        .lines()
        .filter(|line| line.starts_with("aws-") || line.starts_with("tokio"))
    {
        assert!(line.contains("optional = true"), "{line}");
    }
}

#[test]
fn the_command_is_there_in_every_build() {
    let room = room();
    let help = run(room.path(), &["collect", "aws", "--help"]);
    assert_eq!(status(&help), 0);
    assert!(stdout(&help).contains("--print-policy"));
    if !cfg!(feature = "live") {
        let refused = run(room.path(), &["collect", "aws"]);
        assert_eq!(status(&refused), 2);
        assert!(support::stderr(&refused).contains("--features live"));
    }
}
