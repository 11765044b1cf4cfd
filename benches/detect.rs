//! How fast the detector is: on text without credentials, on text full of telling words, and at start-up.

#![allow(clippy::expect_used, reason = "nothing to measure without rules")]

use divan::Bencher;
use divan::counter::BytesCount;
use std::sync::LazyLock;
use tenure::detect::Detector;
use tenure::model::{Document, Fingerprinter, Origin};
use tenure::platform::embedded::DETECTORS;

fn main() {
    divan::main();
}

fn detector() -> Detector {
    Detector::new(DETECTORS, Fingerprinter::new(None)).expect("the built-in rules are right")
}

static DETECTOR: LazyLock<Detector> = LazyLock::new(detector);

/// Eight megabytes made of one line with its number.
fn text(line: impl Fn(usize) -> String) -> Vec<u8> {
    let mut text = String::new();
    for number in 0.. {
        text.push_str(&line(number));
        text.push('\n');
        if text.len() >= 8 << 20 {
            break;
        }
    }
    text.into_bytes()
}

fn scan(bencher: Bencher<'_, '_>, path: &str, text: &[u8]) {
    let origin = Origin::file(path);
    let document = Document {
        origin: &origin,
        bytes: text,
    };
    bencher
        .counter(BytesCount::of_slice(text))
        .bench(|| DETECTOR.scan(divan::black_box(&document)));
}

#[divan::bench]
fn start_up() -> Detector {
    detector()
}

#[divan::bench]
fn program_text(bencher: Bencher<'_, '_>) {
    let text = text(|n| format!("\tif (device->state[{n}] != READY) return -EINVAL; /* wait */"));
    scan(bencher, "drivers/device.c", &text);
}

#[divan::bench]
fn telling_words(bencher: Bencher<'_, '_>) {
    let text = text(|n| format!("  token{n}: parse_token(input.token, secret_name, \"password\")"));
    scan(bencher, "settings.yaml", &text);
}

#[divan::bench]
fn links(bencher: Bencher<'_, '_>) {
    let text = text(|n| format!("see https://docs.internal/page/{n}?view=full for more"));
    scan(bencher, "notes.md", &text);
}

#[divan::bench]
fn tokens(bencher: Bencher<'_, '_>) {
    let text = text(|n| format!("GITHUB=ghp_{n:036x}"));
    scan(bencher, "dump.env", &text);
}

#[divan::bench]
fn one_line(bencher: Bencher<'_, '_>) {
    let mut text = text(|n| format!("{{\"id\":{n},\"href\":\"/a/b\"}},"));
    text.retain(|b| *b != b'\n');
    scan(bencher, "data.json", &text);
}
