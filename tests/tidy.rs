//! Habits of this code base that a reviewer should not have to watch for.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Who may import whom: a stage meets other stages only in the data.
fn allowed(module: &str) -> &'static [&'static str] {
    match module {
        "model" | "platform" => &[],
        "snapshot" => &["model"],
        "source" | "detect" | "link" | "ownership" | "privilege" | "check" => {
            &["model", "platform"]
        }
        "reader" => &["model", "platform", "detect"],
        "drift" | "report" => &["model", "platform", "snapshot"],
        "scan" => &[
            "model",
            "platform",
            "snapshot",
            "source",
            "detect",
            "reader",
            "link",
            "privilege",
            "ownership",
            "check",
            "drift",
        ],
        "cli" => &["scan", "source", "report", "model", "snapshot", "platform"],
        "main" => &["cli"],
        "lib" => &[],
        other => panic!("src/{other} is in no line of the import table; say who it may import"),
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|e| e == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The top-level module that a source file belongs to.
fn module_of(path: &Path) -> String {
    let below = path.strip_prefix(root().join("src")).unwrap();
    below
        .components()
        .next()
        .unwrap()
        .as_os_str()
        .to_string_lossy()
        .trim_end_matches(".rs")
        .to_owned()
}

/// A file's text without comments, as far as whole lines go.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Every top-level module that a text names through `crate::`, also inside braces and by nested `super`.
fn imports(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        let names: Vec<&str> = match rest.strip_prefix('{') {
            Some(list) => {
                // Only names at the first level of the braces are modules.
                let mut depth = 0;
                let mut names = vec![];
                let mut start = 0;
                for (i, c) in list.char_indices() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => {
                            names.push(&list[start..i]);
                            break;
                        }
                        '}' => depth -= 1,
                        ',' if depth == 0 => {
                            names.push(&list[start..i]);
                            start = i + 1;
                        }
                        _ => {}
                    }
                }
                names
            }
            None => vec![rest],
        };
        for name in names {
            let name: String = name
                .trim()
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect();
            if !name.is_empty() {
                found.insert(name);
            }
        }
    }
    found
}

#[test]
fn modules_import_only_what_the_table_allows() {
    let mut wrong = Vec::new();
    for path in files(&root().join("src"), "rs") {
        let module = module_of(&path);
        for import in imports(&code(&path)) {
            if import != module && !allowed(&module).contains(&import.as_str()) {
                wrong.push(format!("{}: `{module}` imports `{import}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_import_scanner_sees_every_form() {
    let text = "use crate::{link, check::{self, X}, model};\nlet x = crate::drift::y();\nuse crate::report::Format;";
    let names: Vec<String> = imports(text).into_iter().collect();
    assert_eq!(names, ["check", "drift", "link", "model", "report"]);
}

#[test]
fn every_module_says_what_it_is_for() {
    for path in files(&root().join("src"), "rs") {
        let text = fs::read_to_string(&path).unwrap();
        assert!(
            text.starts_with("//! "),
            "{}: starts without a module doc",
            path.display()
        );
    }
}

#[test]
fn there_are_no_catch_all_modules() {
    for path in files(&root().join("src"), "rs") {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(
            !["utils", "util", "common", "prelude", "helpers", "misc"].contains(&name.as_str()),
            "{}",
            path.display()
        );
    }
}

#[test]
fn readers_are_listed_in_order_of_their_names() {
    let detector = tenure::scan::detector(&[], tenure::model::Fingerprinter::new(None)).unwrap();
    let names: Vec<&str> = tenure::reader::readers(detector.into())
        .iter()
        .map(|reader| reader.name())
        .collect();
    let (last, formats) = names.split_last().unwrap();
    assert_eq!(
        *last, "secrets",
        "the detector claims every text and comes last"
    );
    assert!(formats.is_sorted(), "{formats:?}");
    assert_eq!(
        names.iter().collect::<BTreeSet<_>>().len(),
        names.len(),
        "two readers share a name: {names:?}"
    );
}

#[test]
fn every_dependency_is_justified_in_the_architecture() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let architecture = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let mut section = "";
    let mut missing = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        } else if matches!(section, "[dependencies]" | "[dev-dependencies]")
            && let Some((name, _)) = line.split_once([' ', '='])
            && !name.is_empty()
            && !name.starts_with('#')
            && !architecture.contains(&format!("| `{name}` |"))
        {
            missing.push(name.to_owned());
        }
    }
    assert!(
        missing.is_empty(),
        "no line in ARCHITECTURE.md for: {missing:?}"
    );
}

#[test]
fn rule_files_are_named_after_what_they_hold() {
    let mut seen = BTreeMap::new();
    for path in files(&root().join("rules/checks"), "yaml") {
        let text = fs::read_to_string(&path).unwrap();
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        let id = text
            .lines()
            .find_map(|line| line.strip_prefix("id: "))
            .unwrap_or_default()
            .trim()
            .to_owned();
        assert_eq!(id, stem, "{}", path.display());
        assert!(seen.insert(id, path).is_none());
    }
    assert!(seen.len() >= 25);
}
