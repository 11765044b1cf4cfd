//! How fast the detector is: on text without credentials, on text full of telling words, and at start-up.

#![allow(clippy::expect_used, reason = "nothing to measure without rules")]

use divan::Bencher;
use divan::counter::BytesCount;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use tenure::detect::Detector;
use tenure::model::{Document, Fingerprinter, Origin};
use tenure::platform::embedded::DETECTORS;

fn main() {
    divan::main();
}

fn detector() -> Detector {
    Detector::ready(&[], Fingerprinter::new(None)).expect("the built-in rules are right")
}

/// With a hundred kinds more, each with a literal of its own: they should cost next to nothing.
static LARGER: LazyLock<Detector> = LazyLock::new(|| {
    let kinds: String = (0..100).map(made_up).collect();
    let file = format!("issuer: made-up\ntitle: Made up\ndocs: https://made.up\nkinds:\n{kinds}");
    Detector::ready(&[("made-up.yaml", &file)], Fingerprinter::new(None))
        .expect("the made-up rules are right")
});

/// A kind with the literal `qa0k-` and the like: letters that no text has more often than others.
fn made_up(number: u32) -> String {
    let letter = |n: u32| char::from_digit(10 + n % 26, 36).unwrap_or('x');
    let literal = format!(
        "{}{}{number}k-",
        letter(number * 7 + 16),
        letter(number * 11)
    );
    format!(
        "  - id: made-up-{number}\n    title: Made up\n    severity: low\n    literals: [{literal}]\n    \
         pattern: '(?P<secret>{literal}[0-9a-f]{{32}})'\n    examples: {{positive: ['{literal}{{{{hex:32}}}}'], \
         negative: ['{literal}']}}\n"
    )
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
    scan_with(&DETECTOR, bencher, path, text);
}

fn scan_with(detector: &Detector, bencher: Bencher<'_, '_>, path: &str, text: &[u8]) {
    let origin = Origin::file(path);
    let document = Document {
        origin: &origin,
        bytes: text,
    };
    bencher
        .counter(BytesCount::of_slice(text))
        .bench(|| detector.scan(divan::black_box(&document)));
}

/// What every start of the program pays for its rules.
#[divan::bench]
fn start_up() -> Detector {
    detector()
}

/// The same from the files as they are written, which only tests and users' rules pay.
#[divan::bench]
fn start_up_from_yaml() -> Detector {
    Detector::new(DETECTORS, Fingerprinter::new(None)).expect("the built-in rules are right")
}

/// The sources, rules and fixtures of this repository, one file after the other as a scan of a tree meets them.
fn tree() -> Vec<(Arc<Origin>, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["src", "rules", "fixtures", "tests", "benches"] {
        for entry in walkdir::WalkDir::new(root.join(folder)).sort_by_file_name() {
            let Ok(entry) = entry else { continue };
            if let (true, Ok(bytes)) = (entry.file_type().is_file(), std::fs::read(entry.path())) {
                let path = entry.path().strip_prefix(root).unwrap_or(entry.path());
                files.push((Origin::file(path.to_string_lossy()), bytes));
            }
        }
    }
    files
}

fn scan_tree(bencher: Bencher<'_, '_>, detector: &Detector) {
    let files = tree();
    let bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    bencher.counter(BytesCount::new(bytes)).bench(|| {
        for (origin, bytes) in &files {
            divan::black_box(detector.scan(&Document { origin, bytes }));
        }
    });
}

#[divan::bench]
fn repository(bencher: Bencher<'_, '_>) {
    scan_tree(bencher, &DETECTOR);
}

#[divan::bench]
fn repository_with_100_rules_more(bencher: Bencher<'_, '_>) {
    scan_tree(bencher, &LARGER);
}

#[divan::bench]
fn program_text_with_100_rules_more(bencher: Bencher<'_, '_>) {
    let text = text(|n| format!("\tif (device->state[{n}] != READY) return -EINVAL; /* wait */"));
    scan_with(&LARGER, bencher, "drivers/device.c", &text);
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
