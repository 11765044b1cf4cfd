//! Secrets without an issuer's format: what must be found where it stands in real files, and what must
//! not. The tables are `fixtures/detect/secrets.txt` and `look-alikes.txt`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

use std::ops::Range;
use std::sync::LazyLock;
use tenure::detect::Detector;
use tenure::model::{Confidence, Document, Fingerprinter, Origin};
use tenure::platform::embedded::DETECTORS;

static DETECTOR: LazyLock<Detector> =
    LazyLock::new(|| Detector::new(DETECTORS, Fingerprinter::new(None)).unwrap());

const SECRETS: &str = include_str!("../fixtures/detect/secrets.txt");
const LOOK_ALIKES: &str = include_str!("../fixtures/detect/look-alikes.txt");

/// One file of a table: its path, its text, and where the secrets stand in it (line from 1, columns from 1).
struct File {
    path: String,
    text: String,
    secrets: Vec<(u32, Range<u32>)>,
}

/// Random characters, the same on every run.
struct Random(u64);

impl Random {
    fn of(&mut self, alphabet: &[u8], length: usize) -> String {
        let mut next = || {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 >> 33).unwrap()
        };
        (0..length)
            .map(|_| char::from(alphabet[next() % alphabet.len()]))
            .collect()
    }

    /// `~24`, `#32`, or the text itself.
    fn fill(&mut self, content: &str) -> String {
        let number = content.get(1..).and_then(|n| n.parse().ok());
        match (content.chars().next(), number) {
            (Some('~'), Some(length)) => self.of(
                b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
                length,
            ),
            (Some('#'), Some(length)) => self.of(b"0123456789abcdef", length),
            _ => content.to_owned(),
        }
    }
}

fn files(table: &str) -> Vec<File> {
    let mut files: Vec<File> = Vec::new();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for line in table.lines() {
        if let Some(path) = line.strip_prefix("=== ") {
            files.push(File {
                path: path.to_owned(),
                text: String::new(),
                secrets: Vec::new(),
            });
            continue;
        }
        let Some(file) = files.last_mut() else {
            continue;
        };
        let number = u32::try_from(file.text.lines().count()).unwrap() + 1;
        let start = file.text.len();
        let mut rest = line;
        while let Some((before, behind)) = rest.split_once('«') {
            let (content, behind) = behind.split_once('»').unwrap();
            file.text.push_str(before);
            let from = u32::try_from(file.text.len() - start).unwrap() + 1;
            file.text.push_str(&random.fill(content));
            let to = u32::try_from(file.text.len() - start).unwrap() + 1;
            file.secrets.push((number, from..to));
            rest = behind;
        }
        file.text.push_str(rest);
        file.text.push('\n');
    }
    files
}

/// Where something of medium confidence or more was found.
fn found(file: &File) -> Vec<(u32, u32, String)> {
    let origin = Origin::file(file.path.clone());
    let (credentials, _) = DETECTOR.scan(&Document {
        origin: &origin,
        bytes: file.text.as_bytes(),
    });
    let mut places: Vec<_> = credentials
        .iter()
        .flat_map(|credential| {
            credential
                .exposures
                .iter()
                .filter(|exposure| exposure.confidence >= Confidence::Medium)
                .map(|exposure| {
                    let evidence = &exposure.evidence;
                    let what = format!("{} {:?}", credential.kind, exposure.reasons);
                    (evidence.line.unwrap(), evidence.column.unwrap(), what)
                })
        })
        .collect();
    places.sort();
    places
}

#[test]
fn every_secret_is_found() {
    let (mut all, mut missed) = (0, Vec::new());
    for file in files(SECRETS) {
        let places = found(&file);
        for (line, columns) in &file.secrets {
            all += 1;
            // A rule may count a quote or the scheme to the secret.
            let near = columns.start.saturating_sub(8)..columns.end;
            if !places.iter().any(|(l, c, _)| l == line && near.contains(c)) {
                let text = file.text.lines().nth(*line as usize - 1).unwrap();
                missed.push(format!("{}: {text}", file.path));
            }
        }
    }
    assert!(all >= 300, "{all}");
    assert!(
        missed.is_empty(),
        "{} of {all} missed:\n{}",
        missed.len(),
        missed.join("\n")
    );
}

#[test]
fn look_alikes_are_left_alone() {
    let (mut all, mut wrong) = (0, Vec::new());
    for file in files(LOOK_ALIKES) {
        all += file
            .text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .count();
        for (line, _, what) in found(&file) {
            let text = file.text.lines().nth(line as usize - 1).unwrap();
            wrong.push(format!("{}: {text}\n    {what}", file.path));
        }
    }
    assert!(all >= 400, "{all}");
    assert!(
        wrong.is_empty(),
        "{} of {all} found:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn binary_stores_are_named() {
    for (path, bytes) in [
        ("a.jks", b"\xfe\xed\xfe\xed\0\0\0\x02\0\0\0\x01".as_slice()),
        ("a.kdbx", b"\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5\x01\0\x03\0"),
        ("a.p12", b"\x30\x82\x0a\x10\x02\x01\x03\x30\x82\x09\xd6\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\0"),
        ("krb5.keytab", b"\x05\x02\0\0\0\x3c\0\x02\0\x0bEXAMPLE.COM"),
    ] {
        let origin = Origin::file(path);
        let (found, _) = DETECTOR.scan(&Document { origin: &origin, bytes });
        assert_eq!(found.len(), 1, "{path}");
        assert_eq!(&*found[0].kind, "credential-store");
        assert_eq!(found[0].display, None);
        assert_eq!(found[0].confidence(), Some(Confidence::Medium));
    }
}

#[test]
fn every_verdict_says_why() {
    for file in files(SECRETS) {
        let origin = Origin::file(file.path.clone());
        let (credentials, _) = DETECTOR.scan(&Document {
            origin: &origin,
            bytes: file.text.as_bytes(),
        });
        for exposure in credentials.iter().flat_map(|c| &c.exposures) {
            assert!(!exposure.reasons.is_empty(), "{}", file.path);
        }
    }
}
