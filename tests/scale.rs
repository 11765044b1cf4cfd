//! Generated estates: what was planted is found, what is closed is not, and an export that is streamed says what one
//! that is read whole says.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

#[path = "../benches/estate/mod.rs"]
mod estate;
mod support;

use estate::{Options, Planted};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use support::{NOW, room, run, status, stderr};

fn write(directory: &Path, options: &Options) -> Vec<Planted> {
    let mut truth = Vec::new();
    for (index, account) in estate::accounts(options).iter().enumerate() {
        let mut bytes = Vec::new();
        truth.extend(estate::write_account(options, index, &mut bytes).unwrap());
        fs::write(directory.join(format!("{account}.json")), bytes).unwrap();
    }
    truth
}

fn report(directory: &Path, more: &[&str]) -> serde_json::Value {
    let mut arguments = vec!["scan", ".", "--now", NOW, "--format", "json"];
    arguments.extend(more);
    let output = run(directory, &arguments);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_same_options_give_the_same_bytes() {
    let options = Options::of(200, 2);
    let bytes = |options| {
        let mut bytes = Vec::new();
        estate::write_account(options, 1, &mut bytes).unwrap();
        bytes
    };
    assert_eq!(bytes(&options), bytes(&options));
    let other = Options { seed: 2, ..options };
    assert_ne!(bytes(&options), bytes(&other));
}

/// Ways to admin rights; who reads what, the paths to data tell.
#[test]
fn what_is_planted_is_found_and_what_is_closed_is_not() {
    let room = room();
    let options = Options {
        encoded: true,
        ..Options::of(1_600, 2)
    };
    let truth = write(room.path(), &options);
    let report = report(room.path(), &[]);
    let identities = report["identities"].as_array().unwrap();
    let found: BTreeMap<&str, &serde_json::Value> = identities
        .iter()
        .map(|i| (i["id"].as_str().unwrap(), &i["privilege"]))
        .collect();
    let wrong: Vec<_> = truth
        .iter()
        .filter(|p| p.goal == "admin")
        .filter(|p| estate::reached(p, found[p.principal.as_str()]) != p.closed.is_none())
        .collect();
    assert!(truth.len() > 40 && wrong.is_empty(), "{wrong:#?}");
    let planted: Vec<&str> = truth.iter().map(|p| p.principal.as_str()).collect();
    let others = found.iter().filter(|(id, privilege)| {
        let tier = privilege["tier"].as_str().unwrap();
        !planted.contains(*id) && ["admin", "escalate"].contains(&tier)
    });
    assert_eq!(others.count(), 0);
}

/// What exceeds the limit for text is streamed, also out of an archive.
#[test]
fn a_streamed_export_says_the_same() {
    let room = room();
    let options = Options::of(150, 1);
    write(room.path(), &options);
    let whole = report(room.path(), &[]);
    let streamed = report(room.path(), &["--max-file-size", "20000"]);
    for part in ["identities", "trusts", "findings"] {
        assert_eq!(whole[part], streamed[part], "{part}");
    }
    assert_eq!(whole["coverage"]["bytes"], streamed["coverage"]["bytes"]);
    assert_eq!(
        whole["coverage"]["readers"],
        streamed["coverage"]["readers"]
    );

    let packed = support::room();
    for entry in fs::read_dir(room.path()).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{}.gz", entry.file_name().to_str().unwrap());
        let file = fs::File::create(packed.path().join(name)).unwrap();
        let mut file = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        file.write_all(&fs::read(entry.path()).unwrap()).unwrap();
        file.finish().unwrap();
    }
    let unpacked = report(packed.path(), &["--max-file-size", "20000"]);
    let ids = |report: &serde_json::Value| -> Vec<String> {
        let identities = report["identities"].as_array().unwrap();
        identities
            .iter()
            .map(|i| format!("{} {}", i["id"], i["privilege"]["tier"]))
            .collect()
    };
    assert_eq!(ids(&whole), ids(&unpacked));
}

#[test]
fn a_streamed_export_that_is_cut_off_keeps_what_stands_before() {
    let room = room();
    write(room.path(), &Options::of(150, 1));
    let file = fs::read_dir(room.path())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    let report = |more: &[&str]| -> serde_json::Value {
        let mut arguments = vec![
            "scan",
            ".",
            "--now",
            NOW,
            "--format",
            "json",
            "--allow-incomplete",
        ];
        arguments.extend(more);
        serde_json::from_slice(&run(room.path(), &arguments).stdout).unwrap()
    };
    let (whole, streamed) = (report(&[]), report(&["--max-file-size", "20000"]));
    assert!(whole["identities"].as_array().unwrap().len() > 20);
    assert_eq!(whole["identities"], streamed["identities"]);
    assert_eq!(streamed["coverage"]["complete"], false);
}
