//! What the documentation says: that its links, paths, commands, numbers and examples are true.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use support::{put, room, run, status, stderr, stdout};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every page, with its text.
fn pages() -> Vec<(PathBuf, String)> {
    let mut pages: Vec<_> = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"]
        .map(|name| root().join(name))
        .into();
    let docs = fs::read_dir(root().join("docs")).unwrap();
    pages.extend(docs.map(|entry| entry.unwrap().path()));
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        (path, text)
    };
    pages.into_iter().map(read).collect()
}

/// What stands between two marks, each time.
fn between<'t>(text: &'t str, open: &str, close: &str) -> Vec<&'t str> {
    let parts = text.split(open).skip(1);
    parts
        .filter_map(|p| p.split_once(close))
        .map(|p| p.0)
        .collect()
}

/// What stands in backticks.
fn spans(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines();
    lines.flat_map(|line| line.split('`').skip(1).step_by(2))
}

#[test]
fn links_and_paths_lead_somewhere() {
    for (page, text) in pages() {
        let folder = page.parent().unwrap();
        for link in between(&text, "](", ")") {
            let path = link.split('#').next().unwrap();
            if !link.starts_with("https://") && !path.is_empty() {
                assert!(folder.join(path).exists(), "{}: {link}", page.display());
            }
        }
        for code in spans(&text) {
            let roots = ["src/", "tests/", "rules/", "fixtures/", "benches/", "ci/"];
            let plain = !code.contains(['<', '*', ' ', '\n', ':']);
            if plain && roots.iter().any(|root| code.starts_with(root)) {
                // Parts of an example's path look alike.
                let known = root().join(code).exists() || page.ends_with("credentials.md");
                assert!(known, "{}: {code}", page.display());
            }
        }
    }
}

#[test]
fn commands_use_flags_that_there_are() {
    let room = room();
    let mut help: BTreeMap<String, String> = BTreeMap::new();
    let mut seen = 0;
    for (page, text) in pages() {
        for block in between(&text, "```sh\n", "```") {
            for line in block.lines() {
                let line = line.trim_start_matches("exec ");
                let Some(command) = line.strip_prefix("tenure ") else {
                    continue;
                };
                let command = command.split(" #").next().unwrap();
                let mut words = command.split_whitespace();
                let mut name = words.next().unwrap().to_owned();
                if name == "collect" {
                    name = format!("{name} {}", words.next().unwrap());
                }
                let help = help.entry(name.clone()).or_insert_with(|| {
                    let asked: Vec<&str> = name.split(' ').chain(["--help"]).collect();
                    let output = run(room.path(), &asked);
                    assert_eq!(status(&output), 0, "{}: {line}", page.display());
                    stdout(&output)
                });
                if name == "checks" {
                    let action = words.next().unwrap();
                    assert!(help.contains(&format!("\n  {action} ")), "{line}");
                }
                for flag in words.filter(|word| word.starts_with("--")) {
                    assert!(help.contains(flag), "{}: {line}", page.display());
                    seen += 1;
                }
            }
        }
    }
    assert!(seen > 15, "{seen}");
}

#[test]
fn as_many_issuers_are_known_as_is_said() {
    let text = fs::read_to_string(root().join("README.md")).unwrap();
    let said = text.split("credentials of more than ").nth(1).unwrap();
    let said = said.split(' ').next().unwrap().replace(',', "");
    let files = fs::read_dir(root().join("rules/detectors")).unwrap();
    assert!(files.count() > said.parse().unwrap(), "{said}");
}

#[test]
fn the_example_of_a_rule_file_is_one() {
    let text = fs::read_to_string(root().join("docs/rules.md")).unwrap();
    let example = between(&text, "```yaml\n", "```")[0];
    let room = room();
    put(room.path(), "rules/hooli.yaml", example);
    let tested = run(room.path(), &["checks", "test", "--rules", "rules"]);
    assert_eq!(stderr(&tested), "");
    assert!(!stdout(&tested).contains("hooli"), "{}", stdout(&tested));
    let listed = run(
        room.path(),
        &["checks", "kinds", "hooli", "--rules", "rules"],
    );
    assert_eq!(
        stdout(&listed),
        "hooli-admin-key  critical  hooli  Hooli administration key\n\
         hooli-token      high      hooli  Hooli access token\n"
    );
}

#[test]
fn every_field_of_a_rule_file_is_explained() {
    let text = fs::read_to_string(root().join("docs/rules.md")).unwrap();
    let example = between(&text, "```yaml\n", "```")[0];
    let room = room();
    let wrong = [
        example.replace("names:", "unheard_of:"),
        example.replace("literals:", "unheard_of:"),
        example.replace("{with:", "{unheard_of:"),
    ];
    let mut fields = 0;
    for example in wrong {
        put(room.path(), "rules/hooli.yaml", example);
        let refused = run(room.path(), &["checks", "test", "--rules", "rules"]);
        assert_eq!(status(&refused), 2);
        let error = stderr(&refused);
        let known = error.split("expected one of ").nth(1).expect(&error);
        for field in spans(known.split(" at line").next().unwrap()) {
            let explained = spans(&text).any(|span| span.split(':').next() == Some(field));
            assert!(explained, "{field}");
            fields += 1;
        }
    }
    assert!(fields > 20, "{fields}");
}

/// The table of paths that `docs/aws.md` has, from the rules.
fn table_of_paths() -> String {
    let text = fs::read_to_string(root().join("rules/aws/escalation.yaml")).unwrap();
    let rows: Vec<serde_json::Value> = serde_yaml::from_str(&text).unwrap();
    let mut table = String::from("\n| id | what it does | actions |\n|---|---|---|\n");
    for row in &rows {
        let actions = row["actions"].as_array().unwrap().iter();
        let actions: Vec<String> = actions
            .map(|a| format!("`{}`", a.as_str().unwrap()))
            .collect();
        let retired = if row["retired"].is_null() {
            ""
        } else {
            " (the service is no more)"
        };
        table.push_str(&format!(
            "| {} | {}{retired} | {} |\n",
            row["id"].as_str().unwrap(),
            row["title"].as_str().unwrap(),
            actions.join(", ")
        ));
    }
    table
}

#[test]
fn the_table_of_paths_is_that_of_the_rules() {
    const BEGIN: &str = "<!-- paths: written by `UPDATE=1 cargo test --test documentation` -->\n";
    const END: &str = "<!-- end of paths -->";
    let page = root().join("docs/aws.md");
    let text = fs::read_to_string(&page).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (table, after) = rest.split_once(END).unwrap();
    let wanted = table_of_paths() + "\n";
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&page, format!("{before}{BEGIN}{wanted}{END}{after}")).unwrap();
    } else {
        assert!(table == wanted, "run this test with UPDATE=1");
    }
}

#[test]
fn every_reader_of_aws_is_in_the_page_about_it() {
    let text = fs::read_to_string(root().join("docs/aws.md")).unwrap();
    let readers = fs::read_to_string(root().join("src/reader/mod.rs")).unwrap();
    let files = fs::read_dir(root().join("src/reader")).unwrap();
    let mut seen = 0;
    for file in files {
        let name = file.unwrap().file_name().into_string().unwrap();
        let Some(name) = name.strip_suffix(".rs") else {
            continue;
        };
        if name.starts_with("aws_") && readers.contains(&format!("{name}::")) {
            let id = format!("`{}`", name.replace('_', "-"));
            assert!(text.contains(&id), "{id}");
            seen += 1;
        }
    }
    assert!(seen > 8, "{seen}");
}
