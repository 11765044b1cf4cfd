//! Embeds the rule files, so that adding a detector or a check is adding a file.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Table name and folder of each kind of embedded file.
const TABLES: [(&str, &str, &str); 3] = [
    ("DETECTORS", "rules/detectors", "yaml"),
    ("CHECKS", "rules/checks", "yaml"),
    ("KUBERNETES", "rules/kubernetes", "yaml"),
];

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let mut code = String::new();
    for (table, folder, extension) in TABLES {
        println!("cargo::rerun-if-changed={folder}");
        let files = files(&root.join(folder), extension)?;
        let _ = writeln!(
            code,
            "/// Every `{folder}/*.{extension}`, as file name and text, sorted by name."
        );
        let _ = writeln!(code, "pub static {table}: &[(&str, &str)] = &[");
        for file in files {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let _ = writeln!(
                code,
                "    ({name:?}, include_str!({:?})),",
                file.to_string_lossy()
            );
        }
        let _ = writeln!(code, "];");
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("embedded.rs"), code)
}

fn files(folder: &Path, extension: &str) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if folder.is_dir() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|e| e == extension) {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}
