//! Embeds the rule files, so that adding a detector or a check is adding a file.
//!
//! Detectors and checks are embedded twice: as they are written, for whoever shows or tests them, and read
//! already, as JSON without their examples, for every start of the program. Reading 650 kinds from YAML would
//! take a tenth of a second each time; a test holds the two forms together.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Table name, folder and extension of each kind of embedded file.
const TABLES: [(&str, &str, &str); 5] = [
    ("DETECTORS", "rules/detectors", "yaml"),
    ("CHECKS", "rules/checks", "yaml"),
    ("KUBERNETES", "rules/kubernetes", "yaml"),
    ("ROLES", "rules/roles", "yaml"),
    ("TERRAFORM", "rules/terraform", "yaml"),
];

/// The tables that are read already, and the field whose lists only tests want.
const READY: [(&str, &str); 2] = [("DETECTORS", "examples"), ("CHECKS", "cases")];

/// What decides what a text holds: what was found before says nothing once it has changed.
const DETECTION: [(&str, &str); 3] = [
    ("src/detect", "rs"),
    ("src/reader/secrets.rs", "rs"),
    ("rules/detectors", "yaml"),
];

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let mut code = String::new();
    for (table, folder, extension) in TABLES {
        println!("cargo::rerun-if-changed={folder}");
        let files = files(&root.join(folder), extension)?;
        let _ = writeln!(
            code,
            "/// Every `{folder}/*.{extension}`, as file name and text, sorted by name."
        );
        let _ = writeln!(code, "pub static {table}: &[(&str, &str)] = &[");
        for file in &files {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let _ = writeln!(
                code,
                "    ({name:?}, include_str!({:?})),",
                file.to_string_lossy()
            );
        }
        let _ = writeln!(code, "];");
        if let Some((_, tests)) = READY.iter().find(|(name, _)| *name == table) {
            ready(&mut code, table, tests, &files)?;
        }
    }
    let _ = writeln!(
        code,
        "/// Changes with the code of the detector and with its built-in rules.\npub const DETECTION: u64 = {};",
        detection(&root)?
    );
    fs::write(out.join("embedded.rs"), code)
}

/// The same files as JSON, in the same order; empty for a file that is not YAML, whose error the program tells.
fn ready(code: &mut String, table: &str, tests: &str, files: &[PathBuf]) -> io::Result<()> {
    let _ = writeln!(
        code,
        "/// [`{table}`] as JSON in the same order, without `{tests}`; empty where the YAML is broken."
    );
    let _ = writeln!(code, "pub static {table}_READY: &[&str] = &[");
    for file in files {
        let text = fs::read_to_string(file)?;
        let json = serde_yaml::from_str(&text)
            .map(|mut value: serde_json::Value| {
                without(&mut value, tests);
                value.to_string()
            })
            .unwrap_or_default();
        let _ = writeln!(code, "    {json:?},");
    }
    let _ = writeln!(code, "];");
    Ok(())
}

/// Empties the lists below a field, wherever it stands.
fn without(value: &mut serde_json::Value, field: &str) {
    match value {
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| without(item, field)),
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    serde_json::Value::Array(items) if name == field => items.clear(),
                    serde_json::Value::Object(lists) if name == field => lists
                        .values_mut()
                        .filter_map(serde_json::Value::as_array_mut)
                        .for_each(Vec::clear),
                    other => without(other, field),
                }
            }
        }
        _ => {}
    }
}

/// A digest of the detector's own code and rules.
fn detection(root: &Path) -> io::Result<u64> {
    let mut hasher = DefaultHasher::new();
    for (place, extension) in DETECTION {
        println!("cargo::rerun-if-changed={place}");
        let place = root.join(place);
        let sources = if place.is_dir() {
            files(&place, extension)?
        } else {
            vec![place]
        };
        for source in sources {
            fs::read(source)?.hash(&mut hasher);
        }
    }
    Ok(hasher.finish())
}

fn files(folder: &Path, extension: &str) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if folder.is_dir() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                files.extend(self::files(&path, extension)?);
            } else if path.extension().is_some_and(|e| e == extension) {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}
