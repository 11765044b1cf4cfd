//! Secrets that are encoded, packed or split: found all the same, at the place where they stand, as the same
//! credential; and what is hostile about containers costs a bounded amount.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

mod pack;
mod support;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use pack::{Collected, collect, gzip, tar, tar_lying, zip, zip_with};
use std::sync::OnceLock;
use support::{NOW, put, room, run, status, stdout};
use tenure::detect::Detector;
use tenure::model::{Confidence, Credential, Document, Fingerprinter, Origin, ProblemKind};
use tenure::platform::embedded::DETECTORS;

fn detector() -> &'static Detector {
    static DETECTOR: OnceLock<Detector> = OnceLock::new();
    DETECTOR.get_or_init(|| Detector::new(DETECTORS, Fingerprinter::new(None)).unwrap())
}

fn scan(path: &str, text: impl AsRef<[u8]>) -> Vec<Credential> {
    let origin = Origin::file(path);
    let document = Document {
        origin: &origin,
        bytes: text.as_ref(),
    };
    detector().scan(&document).0
}

/// A token that is made here and nowhere else.
fn token() -> String {
    format!("{}{}", "ghp_", "q8Zt3Lk9Xw2Vb7Nm4Rp6Ty1Us5HdGjFcKa0Q")
}

/// A password likewise.
fn password() -> String {
    ["xK9#mQ2$", "vL7pZt"].concat()
}

/// The one credential in a text: its id, line, column, reasons and pointer.
fn only(path: &str, text: &str) -> (String, u32, u32, Vec<String>, Option<String>) {
    let found = scan(path, text);
    assert_eq!(found.len(), 1, "{path}: {text}\n{found:#?}");
    let exposure = found[0].exposures.first().unwrap();
    assert_eq!(found[0].exposures.len(), 1, "{text}\n{found:#?}");
    (
        found[0].id.to_string(),
        exposure.evidence.line.unwrap(),
        exposure.evidence.column.unwrap(),
        exposure.reasons.iter().map(ToString::to_string).collect(),
        exposure.evidence.pointer.as_ref().map(ToString::to_string),
    )
}

fn plain() -> String {
    only("a.txt", &token()).0
}

fn each(text: &str, write: impl Fn(u8) -> String) -> String {
    text.bytes().map(write).collect()
}

/// An encoding, what it is called, and the file it would stand in.
type Encoding = (&'static str, fn(&str) -> String);

const ENCODINGS: [Encoding; 8] = [
    ("base64", |text| STANDARD.encode(text)),
    ("base64", |text| URL_SAFE_NO_PAD.encode(text)),
    ("hex", |text| each(text, |b| format!("{b:02x}"))),
    ("hex", |text| each(text, |b| format!("{b:02X}"))),
    ("percent-encoding", |text| {
        each(text, |b| format!("%{b:02X}"))
    }),
    ("escape sequences", |text| {
        each(text, |b| format!("\\x{b:02x}"))
    }),
    ("escape sequences", |text| {
        each(text, |b| format!("\\u{b:04x}"))
    }),
    ("character references", |text| {
        each(text, |b| format!("&#{b};"))
    }),
];

#[test]
fn every_encoding_in_every_place_and_in_every_other() {
    let id = plain();
    for (outer, encode) in ENCODINGS {
        for (inner, wrap) in
            std::iter::once(("", (|t| t.to_owned()) as fn(&str) -> String)).chain(ENCODINGS)
        {
            let encoded = encode(&wrap(&token()));
            for (before, after) in [
                ("", ""),
                ("first line\nkey: \"", "\"\nlast line\n"),
                ("{\"a\": 1, \"value\": \"", "\", \"b\": [2]}"),
                ("x=", ""),
            ] {
                let text = format!("{before}{encoded}{after}");
                let (found, line, column, reasons, _) = only("config.txt", &text);
                assert_eq!(found, id, "{text}");
                assert_eq!(line as usize, before.matches('\n').count() + 1, "{text}");
                let from = before.len() - before.rfind('\n').map_or(0, |at| at + 1) + 1;
                assert_eq!(column as usize, from, "{text}");
                let expected = match inner {
                    "" => format!("decoded from {outer}"),
                    _ if inner == outer && inner == "escape sequences" => {
                        format!("decoded from {outer}")
                    }
                    _ => format!("decoded from {inner} in {outer}"),
                };
                assert!(reasons.contains(&expected), "{text}: {reasons:?}");
            }
        }
    }
}

#[test]
fn encoded_and_plain_are_one_credential() {
    let text = format!("{}\n{}\n", token(), STANDARD.encode(token()));
    let found = scan("a.txt", text);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].exposures.len(), 2);
}

#[test]
fn encoded_text_that_is_wrapped_or_compressed_or_wide() {
    let long = format!(
        "{}{}{}",
        "some words that go on. ".repeat(9),
        token(),
        " and more".repeat(9)
    );
    let encoded = STANDARD.encode(&long);
    let lines: Vec<&str> = encoded
        .as_bytes()
        .chunks(64)
        .map(|c| std::str::from_utf8(c).unwrap())
        .collect();
    let wide: Vec<u8> = format!("$t = '{}'", token())
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for text in [
        format!("blob: |\n  {}\n", lines.join("\n  ")),
        format!("{{\"blob\": \"{}\"}}", lines.join("\\n")),
        format!("{{\"blob\": \"{}\"}}", lines.join("\\r\\n")),
        format!("release: {}\n", STANDARD.encode(gzip(long.as_bytes()))),
        format!(
            "release: {}\n",
            STANDARD.encode(STANDARD.encode(gzip(long.as_bytes())))
        ),
        format!("powershell -enc {}\n", STANDARD.encode(wide)),
    ] {
        assert_eq!(only("a.yaml", &text).0, plain(), "{text}");
    }
}

#[test]
fn what_is_encoded_but_no_text_is_left_alone() {
    let random: Vec<u8> = (0..3000_u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    for text in [
        STANDARD.encode(&random),
        format!(
            "<img src=\"data:image/png;base64,{}\">",
            STANDARD.encode([&b"\x89PNG\r\n\x1a\n"[..], &random].concat())
        ),
        format!(
            "\"integrity\": \"sha512-{}\"",
            STANDARD.encode(&random[..64])
        ),
        STANDARD.encode("nothing of interest is written here, only words"),
        "https://example.com/?q=%20%20a%3Db%26c%3Dd".to_owned(),
    ] {
        assert_eq!(scan("a.txt", &text).len(), 0, "{text}");
    }
}

#[test]
fn a_web_token_is_one_credential() {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let claims = format!(
        "{{\"sub\":\"app\",\"note\":\"{}\",\"exp\":1900000000}}",
        "x".repeat(30)
    );
    let signature =
        URL_SAFE_NO_PAD.encode((7..39_u8).map(|i| i.wrapping_mul(89)).collect::<Vec<u8>>());
    let jwt = format!(
        "{}.{}.{signature}",
        part("{\"alg\":\"HS256\",\"typ\":\"JWT\"}"),
        part(&claims)
    );
    let found = scan("a.txt", format!("t: {jwt}\n"));
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].kind.contains("jwt") || found[0].kind.contains("json-web-token"));
}

#[test]
fn values_of_kubernetes_secrets_are_judged_decoded_and_by_their_keys() {
    let secret = password();
    let id = only("a.env", &format!("DB_PASSWORD='{secret}'\n")).0;
    let value = STANDARD.encode(&secret);
    let json = format!(
        "{{\"apiVersion\":\"v1\",\"data\":{{\"DB_PASSWORD\":\"{value}\",\"user\":\"YWRtaW4=\"}},\"kind\":\"Secret\"}}"
    );
    let quoted = serde_json::to_string(&json).unwrap();
    let list = format!(
        "{{\"items\":[{{\"kind\":\"Secret\",\"metadata\":{{\"annotations\":{{\"kubectl.kubernetes.io/last-applied-configuration\":{quoted}}}}}}}]}}"
    );
    for (path, text, line) in [
        (
            "a.yaml",
            format!(
                "apiVersion: v1\nkind: Secret\ndata:\n  user: YWRtaW4=\n  DB_PASSWORD: {value}\n"
            ),
            5,
        ),
        (
            "a.yaml",
            format!("data:\n  DB_PASSWORD: \"{value}\" # now\nkind: Secret\n"),
            2,
        ),
        (
            "a.yaml",
            format!("- kind: Secret\n  data:\n    DB_PASSWORD: >-\n      {value}\n"),
            4,
        ),
        (
            "a.yaml",
            format!("kind: \"Secret\"\r\ndata:\r\n  DB_PASSWORD: {value}\r\n"),
            3,
        ),
        ("a.json", json, 1),
        ("a.json", list, 1),
        (
            "a.yaml",
            format!(
                "kind: Secret\nmetadata:\n  annotations:\n    last: |\n      {{\"data\":{{\"DB_PASSWORD\":\"{value}\"}}}}\n"
            ),
            5,
        ),
    ] {
        let (found, at, _, reasons, _) = only(path, &text);
        assert_eq!(found, id, "{text}");
        assert_eq!(at, line, "{text}");
        assert!(
            reasons.contains(&"decoded from base64".to_owned()),
            "{reasons:?}"
        );
    }
    // A file as a value, and words.
    let file = STANDARD.encode(format!("[db]\nhost = db\npassword = {secret}\n"));
    assert_eq!(
        only(
            "a.yaml",
            &format!("kind: Secret\ndata:\n  app.ini: {file}\n")
        )
        .0,
        id
    );
    for word in ["changeme", "password", "${DB_PASSWORD}"] {
        let text = format!(
            "kind: Secret\ndata:\n  password: {}\n",
            STANDARD.encode(word)
        );
        // At most a candidate: somebody may really have left the default.
        let sure = |c: &Credential| c.confidence() > Some(Confidence::Low);
        assert!(!scan("a.yaml", &text).iter().any(sure), "{text}");
    }
}

#[test]
fn split_tokens_are_put_together() {
    let token = token();
    let (a, rest) = token.split_at(11);
    let (b, c) = rest.split_at(13);
    for (path, text) in [
        ("a.js", format!("x = \"{a}\" + \"{b}\" +\n  '{c}';")),
        (
            "a.py",
            format!("x = (\"{a}\"\n     \"{b}\"\n     \"{c}\")\n"),
        ),
        ("a.py", format!("x = '{a}' \\\n    '{b}{c}'\n")),
        (
            "a.c",
            format!("const char *x = \"{a}\"\n  \"{b}\"\n  \"{c}\";"),
        ),
        ("a.php", format!("$x = '{a}' . '{b}{c}';")),
        ("a.lua", format!("x = \"{a}\" .. \"{b}{c}\"")),
        ("a.vb", format!("x = \"{a}\" & _\n    \"{b}{c}\"")),
        ("a.ex", format!("x = \"{a}\" <> \"{b}{c}\"")),
        ("a.pl", format!("x = \"{a}\" ~ \"{b}{c}\"")),
        ("a.sql", format!("x = '{a}' || '{b}{c}'")),
        (
            "a.js",
            format!("x = [\"{a}\", \"{b}\", \"{c}\"].join(\"\")"),
        ),
        ("a.py", format!("x = ''.join(['{a}', '{b}{c}'])")),
        ("a.sh", format!("export X={a}\\\n{b}{c}\n")),
        ("a.yaml", format!("x: >-\n  {a}\n  {b}\n  {c}\ny: 1\n")),
        ("a.yaml", format!("x: |\n    {a}\n    {b}{c}")),
        (
            "a.eml",
            format!("Content-Transfer-Encoding: quoted-printable\n\nit is {a}=\n{b}{c} for now\n"),
        ),
    ] {
        assert_eq!(only(path, &text).0, plain(), "{text}");
    }
    for (path, text) in [
        ("a.js", format!("x = [\"{a}\", \"{b}{c}\"]")),
        ("a.sql", format!("x = '{a}''{b}{c}'")),
        ("a.txt", format!("{a}\n{b}{c}\n")),
        ("a.yaml", format!("- {a}\n- {b}{c}\n")),
    ] {
        assert_eq!(scan(path, &text).len(), 0, "{text}");
    }
}

#[test]
fn split_passwords_are_put_together_and_parts_are_not_told_of() {
    let secret = password();
    let id = only("a.env", &format!("password='{secret}'\n")).0;
    let (a, b) = secret.split_at(6);
    for (path, text) in [
        ("a.js", format!("const password = \"{a}\" + \"{b}\";")),
        ("a.py", format!("password = ('{a}'\n            '{b}')\n")),
        ("a.yaml", format!("password: >-\n  {secret}\n")),
        (
            "a.yaml",
            format!("db:\n  password: |\n    {secret}\n  host: x\n"),
        ),
    ] {
        assert_eq!(only(path, &text).0, id, "{text}");
    }
}

#[test]
fn notebooks_are_read_as_cells() {
    let secret = password();
    let notebook = serde_json::json!({
        "cells": [
            {"cell_type": "markdown", "source": ["# Title\n"]},
            {"cell_type": "code",
             "source": ["import os\n", format!("password = \"{secret}\"\n"), "x = 1"],
             "outputs": [{"output_type": "stream", "text": ["fine\n", format!("got {}\n", token())]},
                         {"data": {"image/png": STANDARD.encode([200_u8; 90])}}]},
            {"cell_type": "code", "source": format!("a = 1\nb = '{}'\n", STANDARD.encode(token()))},
        ],
        "nbformat": 4,
    });
    let text = serde_json::to_string_pretty(&notebook).unwrap();
    let found = scan("a.ipynb", &text);
    assert_eq!(found.len(), 2, "{found:#?}");
    let places: Vec<(String, usize)> = found
        .iter()
        .flat_map(|c| &c.exposures)
        .map(|e| {
            (
                e.evidence.pointer.as_ref().unwrap().to_string(),
                e.evidence.line.unwrap() as usize,
            )
        })
        .collect();
    let line = |what: &str| text.lines().position(|l| l.contains(what)).unwrap() + 1;
    for expected in [
        ("cell 2 line 2".to_owned(), line("password = ")),
        ("cell 2 output line 2".to_owned(), line("got ")),
        ("cell 3 line 2".to_owned(), line("a = 1")),
    ] {
        assert!(places.contains(&expected), "{expected:?} in {places:?}");
    }
    assert_eq!(places.len(), 3);
}

#[test]
fn utf_16_with_and_without_mark() {
    let text = format!("# settings\r\ntoken = {}\r\n", token());
    for little in [true, false] {
        for mark in [true, false] {
            let mut bytes = Vec::new();
            let units = mark
                .then_some(0xfeff)
                .into_iter()
                .chain(text.encode_utf16());
            for unit in units {
                bytes.extend(if little {
                    unit.to_le_bytes()
                } else {
                    unit.to_be_bytes()
                });
            }
            let found = scan("a.reg", &bytes);
            assert_eq!(found.len(), 1, "{little} {mark}");
            assert_eq!(found[0].exposures.first().unwrap().evidence.line, Some(2));
        }
    }
}

#[test]
fn encodings_beyond_the_limits_end() {
    let mut deep = token();
    for _ in 0..8 {
        deep = STANDARD.encode(deep);
    }
    assert_eq!(scan("a.txt", &deep).len(), 0);
    let mut json = token();
    for _ in 0..12 {
        json = serde_json::to_string(&serde_json::json!({ "a": json })).unwrap();
    }
    scan("a.json", &json);
    // Text that decodes to text that decodes to text, much of it.
    let wide = STANDARD.encode(STANDARD.encode(STANDARD.encode("harmless words ".repeat(30_000))));
    let bomb = STANDARD.encode(gzip(&vec![b'a'; 8_000_000]));
    for text in [
        wide,
        bomb,
        "%41".repeat(60_000),
        "\\\\\\\"".repeat(40_000),
        "&#65;".repeat(40_000),
        "[".repeat(1 << 17),
    ] {
        scan("a.txt", &text);
        scan("a.ipynb", format!("{{\"cells\": {text}"));
    }
}

// --- archives --------------------------------------------------------------------------------------

fn names(collected: &Collected) -> Vec<&str> {
    collected
        .members
        .iter()
        .map(|(name, _)| name.as_str())
        .collect()
}

fn kinds(collected: &Collected) -> Vec<ProblemKind> {
    collected.problems.iter().map(|p| p.kind).collect()
}

#[test]
fn every_format_is_opened_by_its_first_bytes() {
    let text = b"inside\n".repeat(50);
    let inner = tar(&[("a/b.txt", &text)]);
    let zstd = |bytes: &[u8]| {
        ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
    };
    let bzip2 = |bytes: &[u8]| {
        use std::io::Write as _;
        let mut writer = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap()
    };
    for (archive, name) in [
        (zip(&[("a/b.txt", &text)]), "x!/a/b.txt"),
        (inner.clone(), "x!/a/b.txt"),
        (gzip(&inner), "x!/a/b.txt"),
        (zstd(&inner), "x!/a/b.txt"),
        (bzip2(&inner), "x!/a/b.txt"),
        (gzip(&text), "x!/x"),
        ([gzip(&text[..100]), gzip(&text[100..])].concat(), "x!/x"),
        ([zstd(&text[..100]), zstd(&text[100..])].concat(), "x!/x"),
        (zip(&[("t.tgz", &gzip(&inner))]), "x!/t.tgz!/a/b.txt"),
        (tar(&[("l/layer.tar", &inner)]), "x!/l/layer.tar!/a/b.txt"),
        (
            [&b"#!/bin/sh\n"[..], &zip(&[("a/b.txt", &text)])].concat(),
            "",
        ),
    ] {
        let collected = collect("x", &archive);
        let expected: Vec<&str> = [name].into_iter().filter(|n| !n.is_empty()).collect();
        assert_eq!(names(&collected), expected);
        assert!(collected.members.iter().all(|(_, bytes)| *bytes == text));
        assert_eq!(kinds(&collected), []);
    }
    // xz, written by its own tool.
    let xz = [
        253, 55, 122, 88, 90, 0, 0, 4, 230, 214, 180, 70, 2, 0, 33, 1, 22, 0, 0, 0, 116, 47, 229,
        163, 224, 0, 29, 0, 17, 93, 0, 52, 155, 138, 205, 54, 3, 129, 30, 218, 109, 190, 185, 248,
        73, 112, 0, 0, 0, 0, 0, 0, 123, 194, 114, 67, 131, 251, 207, 55, 0, 1, 45, 30, 167, 210,
        163, 250, 31, 182, 243, 125, 1, 0, 0, 0, 0, 4, 89, 90,
    ];
    let collected = collect("notes.txt.xz", &xz);
    assert_eq!(
        collected.members,
        [(
            "notes.txt.xz!/notes.txt".to_owned(),
            b"inside xz\n".repeat(3)
        )]
    );
}

#[test]
fn nesting_ends_at_its_depth_and_says_so() {
    let mut archive = zip(&[("text.txt", b"deep")]);
    for level in 0..6 {
        archive = zip(&[(&format!("{level}.zip"), &archive)]);
    }
    let collected = collect("x.zip", &archive);
    assert_eq!(collected.members, []);
    assert_eq!(kinds(&collected), [ProblemKind::Limited]);
    assert_eq!(collected.problems[0].path.matches("!/").count(), 4);
}

#[test]
fn bombs_end_and_the_rest_goes_on() {
    let zeros = gzip(&vec![b'0'; 300 << 20]);
    let collected = collect("x.gz", &zeros);
    assert_eq!(kinds(&collected), [ProblemKind::Limited]);
    assert!(
        collected
            .members
            .iter()
            .map(|(_, b)| b.len())
            .sum::<usize>()
            <= (64 << 20) + 65 * zeros.len()
    );
    // A bomb inside takes the share of the archive around it, and no other's.
    let room = room();
    put(room.path(), "a.zip", zip(&[("bomb.gz", &zeros)]));
    put(room.path(), "b.env", format!("TOKEN={}\n", token()));
    let output = run(
        room.path(),
        &["scan", ".", "--no-config", "--now", NOW, "--format", "json"],
    );
    assert_eq!(status(&output), 0);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["credentials"].as_array().unwrap().len(), 1);
    assert_eq!(report["coverage"]["problems"][0]["kind"], "limited");
}

#[test]
fn members_that_overlap_are_read_within_the_budget() {
    // Ten thousand lines of the directory, all of the same content.
    let content = vec![b'x'; 1 << 20];
    let archive = zip_with(&[("a.txt", &content)], 10_000);
    let collected = collect("x.zip", &archive);
    assert_eq!(kinds(&collected), [ProblemKind::Limited]);
    assert!(collected.members.len() < 200, "{}", collected.members.len());
}

#[test]
fn archives_that_are_cut_damaged_or_lie() {
    let text = b"some text that is inside ".repeat(40);
    let members: [(&str, &[u8]); 2] = [("a.txt", &text), ("b.txt", &text)];
    // Cut: what is before the end is read.
    let whole = zip(&members);
    let collected = collect("x.zip", &whole[..whole.len() - 30]);
    assert_eq!(names(&collected), ["x.zip!/a.txt", "x.zip!/b.txt"]);
    assert_eq!(kinds(&collected), [ProblemKind::Malformed]);
    let whole = tar(&members);
    let collected = collect("x.tar", &whole[..512 + 1024 + 512 + 100]);
    assert_eq!(names(&collected), ["x.tar!/a.txt", "x.tar!/b.txt"]);
    assert_eq!(kinds(&collected), [ProblemKind::Malformed]);
    let whole = gzip(&tar(&members));
    let collected = collect("x.tgz", &whole[..whole.len() - 8]);
    assert_eq!(names(&collected), ["x.tgz!/a.txt", "x.tgz!/b.txt"]);
    // A wrong checksum: read, and said.
    let mut whole = zip(&members);
    whole[14] ^= 1;
    let directory = memchr::memmem::find(&whole, b"PK\x01\x02").unwrap();
    whole[directory + 16] ^= 1;
    let collected = collect("x.zip", &whole);
    assert_eq!(collected.members.len(), 2);
    assert_eq!(kinds(&collected), [ProblemKind::Malformed]);
    // A size that is not there, and one that no file has.
    for size in [5_000, 0o77777777777] {
        let collected = collect("x.tar", &tar_lying("a.txt", b"short", size));
        assert_eq!(names(&collected), ["x.tar!/a.txt"]);
        assert_eq!(kinds(&collected), [ProblemKind::Malformed]);
    }
    // Encrypted members are counted.
    let mut whole = zip(&members);
    let directory = memchr::memmem::find(&whole, b"PK\x01\x02").unwrap();
    whole[directory + 8] |= 1;
    let collected = collect("x.zip", &whole);
    assert_eq!(names(&collected), ["x.zip!/b.txt"]);
    assert_eq!(kinds(&collected), [ProblemKind::Limited]);
    assert!(
        collected.problems[0]
            .message
            .contains("1 member is encrypted")
    );
}

#[test]
fn names_of_members_are_only_names() {
    let long = "n/".repeat(3000);
    for name in [
        "/etc/passwd",
        "../../outside",
        "C:\\x\\y",
        "a\0b",
        "\u{1b}[31m",
        &long[..99],
    ] {
        for archive in [zip(&[(name, b"text")]), tar(&[(name, b"text")])] {
            let collected = collect("x", &archive);
            for (found, _) in &collected.members {
                assert!(
                    found.starts_with("x!/") && !found.starts_with("x!//"),
                    "{found}"
                );
            }
        }
    }
    let collected = collect("x", &zip(&[(&format!("{long}end"), b"text")]));
    assert!(collected.members[0].0.len() < 600);
}

#[test]
fn members_are_documents_like_files() {
    let secret = password();
    let conf = format!("password = {secret}\n");
    let manifest =
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: robot, namespace: prod}\n";
    let layer = tar(&[("etc/app.ini", conf.as_bytes())]);
    let image = tar(&[("blobs/1", &gzip(&layer)), ("manifest.json", b"[]")]);
    let room = room();
    put(
        room.path(),
        "backup/home.zip",
        zip(&[
            ("k8s/sa.yaml", manifest.as_bytes()),
            ("conf/a.ini", conf.as_bytes()),
        ]),
    );
    put(room.path(), "backup/image.tar", image);
    let wide: Vec<u8> = std::iter::once(0xfeff)
        .chain(manifest.replace("robot", "wide").encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    put(room.path(), "wide.yaml", wide);
    put(room.path(), "CODEOWNERS", "/backup/ @acme/keepers\n");
    let scan = |threads: &str, more: &[&str]| {
        let mut arguments = vec![
            "scan",
            ".",
            "--no-config",
            "--now",
            NOW,
            "--format",
            "json",
            "-j",
            threads,
        ];
        arguments.extend(more);
        let output = run(room.path(), &arguments);
        assert_eq!(status(&output), 0);
        stdout(&output)
    };
    let one = scan("1", &[]);
    assert_eq!(one, scan("8", &[]));
    let report: serde_json::Value = serde_json::from_str(&one).unwrap();
    let credentials = report["credentials"].as_array().unwrap();
    assert_eq!(credentials.len(), 1, "{credentials:#?}");
    let mut paths: Vec<&str> = credentials[0]["exposures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["evidence"]["path"].as_str().unwrap())
        .collect();
    paths.sort_unstable();
    assert_eq!(
        paths,
        [
            "backup/home.zip!/conf/a.ini",
            "backup/image.tar!/blobs/1!/etc/app.ini"
        ]
    );
    let identities: Vec<&str> = report["identities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|i| i["id"].as_str().unwrap())
        .collect();
    assert!(
        identities.iter().any(|id| id.ends_with("prod/robot")),
        "{identities:?}"
    );
    assert!(
        identities.iter().any(|id| id.ends_with("prod/wide")),
        "{identities:?}"
    );
    assert!(
        one.contains("acme/keepers"),
        "the file on disk decides whose a member is"
    );
    let closed: serde_json::Value = serde_json::from_str(&scan("2", &["--no-archives"])).unwrap();
    assert_eq!(closed["credentials"].as_array().map_or(0, Vec::len), 0);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_bytes_do_no_harm(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..600), which in 0_usize..6) {
        let marks: [&[u8]; 6] = [b"PK\x03\x04", &[0x1f, 0x8b, 8, 0], b"BZh91AY&", &[0xfd, b'7', b'z', b'X', b'Z', 0], &[0x28, 0xb5, 0x2f, 0xfd], b""];
        collect("x", &[marks[which], &bytes].concat());
        let tail = [marks[which], &bytes, b"PK\x05\x06", &bytes].concat();
        collect("x", &tail);
    }

    #[test]
    fn damaged_archives_do_no_harm(at in 0_usize..2000, byte in proptest::num::u8::ANY, which in 0_usize..4) {
        let text = b"text inside ".repeat(30);
        let mut archive = match which {
            0 => zip(&[("a.txt", &text), ("b.tgz", &gzip(&tar(&[("c", &text)])))]),
            1 => tar(&[("a.txt", &text), ("b.txt", &text)]),
            2 => gzip(&tar(&[("a.txt", &text)])),
            _ => zip(&[("a.zip", &zip(&[("b", &text)]))]),
        };
        let length = archive.len();
        archive[at % length] = byte;
        collect("x", &archive);
    }

    #[test]
    fn arbitrary_text_does_no_harm(text in "[a-zA-Z0-9+/=\\\\\"'%&;#xu{}:>| \n-]{0,400}", which in 0_usize..5) {
        let path = ["a.yaml", "a.ipynb", "a.py", "a.json", "a.eml"][which];
        scan(path, &text);
        scan(path, format!("kind: Secret\ndata:\n{text}"));
        scan(path, format!("{{\"cells\": [{{\"source\": [{text}"));
        scan(path, format!("quoted-printable\npassword: {text}"));
    }
}
