//! Configuration that no parser likes: each file yields facts or a problem, and none takes the scan with it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

mod support;

use std::collections::BTreeSet;
use support::{put, report, room};

const ACCOUNT: &str =
    "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: sa\n  namespace: ns\n";
const USER: &str = "resource \"aws_iam_user\" \"u\" {\n  name = \"u\"\n}\n";
const KUSTOMIZATION: &str = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";

/// Every path that a report speaks of.
fn spoken_of(value: &serde_json::Value, paths: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Object(fields) => {
            if let Some(path) = fields.get("path").and_then(|path| path.as_str()) {
                paths.insert(path.trim_start_matches("./").to_owned());
            }
            fields.values().for_each(|field| spoken_of(field, paths));
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| spoken_of(item, paths)),
        _ => {}
    }
}

fn wide(text: &str) -> Vec<u8> {
    let units = text.encode_utf16().flat_map(u16::to_le_bytes);
    [0xFF, 0xFE].into_iter().chain(units).collect()
}

/// Files, each alone in a directory of its own.
fn collection() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(5000), close.repeat(5000));
    let after = |text: &str| format!("{ACCOUNT}---\n{text}\n").into_bytes();
    let local = |text: String| format!("locals {{ a = {text} }}\n{USER}").into_bytes();
    let xml = "<com.cloudbees.plugins.credentials.SystemCredentialsProvider>";
    let mut all: Vec<(&str, &str, Vec<u8>)> = vec![
        ("equals", "m.yaml", after("a: =\nb: 2025-25-11")),
        ("broken", "m.yaml", after("a: [")),
        ("windows", "m.yaml", ACCOUNT.replace('\n', "\r\n").into()),
        ("marked", "m.yaml", format!("\u{feff}{ACCOUNT}").into()),
        ("wide", "m.yaml", wide(ACCOUNT)),
        ("wide-tf", "main.tf", wide(USER)),
        ("nul", "m.yaml", format!("{ACCOUNT}# \0\n").into()),
        ("nul-tf", "main.tf", format!("{USER}# \0\n").into()),
        ("tabs", "m.yaml", ACCOUNT.replace("  ", "\t").into()),
        ("comments", "m.json", b"// c\n{\"apiVersion\": \"v1\", /* x */ \"kind\": \"ServiceAccount\", \"metadata\": {\"name\": \"a\", \"namespace\": \"b\",},}".to_vec()),
        ("bare-list", "m.json", br#"[{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "a", "namespace": "b"}}]"#.to_vec()),
        ("cut", "m.json", br#"{"apiVersion": "v1", "kind": "List", "items": ["#.to_vec()),
        ("erb", "m.yaml", b"apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: <%= n %>\n<% if x %>\n".to_vec()),
        ("jinja", "m.yaml", b"apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: {{ n }}\n{% if x %}\n".to_vec()),
        ("alias", "m.yaml", after(&format!("a: &a {}\nb: [{}]", "x".repeat(1 << 20), vec!["*a"; 20_000].join(", ")))),
        ("flow", "m.yaml", after(&deep("[", "]"))),
        ("patch", "main.tf", b"--- a/main.tf\n+++ b/main.tf\n@@ -1 +1 @@\n-resource \"aws_iam_user\" \"a\" {\n".to_vec()),
        ("open", "main.tf", b"resource \"aws_iam_user\" \"a\" {\n".to_vec()),
        ("circle", "main.tf", format!("locals {{\n  a = local.b\n  b = local.a\n}}\nmodule \"me\" {{\n  source = \"./\"\n}}\n{USER}").into()),
        ("many", "main.tf", b"resource \"aws_iam_user\" \"u\" {\n  count = 1e300\n  name = \"u${count.index}\"\n}\n".to_vec()),
        ("outside", "main.tf", b"resource \"aws_iam_user\" \"u\" {\n  name = file(\"/etc/hostname\")\n}\n".to_vec()),
        ("json-tf", "main.tf.json", b"{\"resource\": /* c */ {\"aws_iam_user\": {\"u\": {\"name\": \"u\",}}}}".to_vec()),
        ("each", "t.yaml", b"AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  Fn::ForEach::A: [A, [a, b], {'U${A}': {Type: AWS::IAM::User}}]\n".to_vec()),
        ("join", "t.json", format!(r#"{{"AWSTemplateFormatVersion": "2010-09-09", "Parameters": {{"P": {{"Type": "String", "Default": "{}"}}}}, "Resources": {{"U": {{"Type": "AWS::IAM::User", "Properties": {{"UserName": {{"Fn::Join": ["", [{}]]}}}}}}}}}}"#, "x".repeat(1 << 20), vec![r#"{"Ref": "P"}"#; 2000].join(", ")).into()),
        ("frame", "kustomization.yaml", b"resources: [\n - a\n".to_vec()),
        ("copies", "kustomization.yaml", format!("{KUSTOMIZATION}resources: [sa.yaml]\npatches:\n- target: {{name: .*}}\n  patch: |-\n{}", (0..60).map(|i| format!("    - {{op: copy, from: \"\", path: /metadata/x{i}}}\n")).collect::<String>()).into()),
        ("copies", "sa.yaml", ACCOUNT.into()),
        ("chain", ".aws/config", (0..1500).map(|i| format!("[profile p{i}]\nsource_profile = p{}\nrole_arn = arn:aws:iam::111122223333:role/r{i}\n", i + 1)).collect::<String>().into()),
        ("matrix", ".github/workflows/w.yml", format!("on: push\njobs:\n  a:\n    strategy:\n      matrix: {{{}}}\n    runs-on: x\n    environment: ${{{{ matrix.k0 }}}}${{{{ matrix.k1 }}}}\n", (0..10).map(|k| format!("k{k}: [{}]", (0..50).map(|i| i.to_string()).collect::<Vec<_>>().join(", "))).collect::<Vec<_>>().join(", ")).into()),
        ("circle-ci", ".gitlab-ci.yml", b"include: .gitlab-ci.yml\na: {extends: b, script: x}\nb: {extends: a, script: x}\n".to_vec()),
        ("entities", "credentials.xml", format!("<!DOCTYPE x [<!ENTITY a \"{}\"><!ENTITY b SYSTEM \"file:///etc/hostname\">]>{xml}<id>&a;&b;", "&a;".repeat(100)).into()),
        ("tags", "credentials.xml", format!("{xml}{}", "<a>".repeat(20_000)).into()),
    ];
    for (case, text) in [
        ("parens", deep("(", ")")),
        ("lists", deep("[", "]")),
        ("objects", deep("{a=", "}")),
        ("interpolations", deep("\"${", "}\"")),
        ("calls", deep("upper(", ")")),
        ("conditions", deep("true ? 1 : ", "")),
        ("signs", deep("!", "")),
    ] {
        all.push((case, "main.tf", local(text)));
    }
    for (case, template) in [
        ("loop", "{{ range until 100000000 }}x{{ end }}"),
        (
            "include",
            "{{ define \"a\" }}{{ include \"a\" . }}{{ end }}{{ include \"a\" . }}",
        ),
        ("repeat", "{{ repeat 1000000000 \"x\" }}"),
        ("pad", "{{ printf \"%1000000000d\" 5 }}"),
        (
            "zero",
            "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: z{{ div 1 0 }}{{ mod 1 0 }}\n",
        ),
        ("unclosed", "{{ if true }}"),
    ] {
        all.push((
            case,
            "Chart.yaml",
            b"apiVersion: v2\nname: c\nversion: 1.0.0\n".to_vec(),
        ));
        all.push((case, "templates/x.yaml", template.into()));
        all.push((case, "templates/sa.yaml", ACCOUNT.into()));
    }
    all
}

#[test]
fn every_file_yields_facts_or_a_problem() {
    let room = room();
    let all = collection();
    for (case, path, content) in &all {
        put(room.path(), &format!("{case}/{path}"), content);
    }
    let report = report(room.path(), &[".", "--no-config"]);
    let problems = report["coverage"]["problems"].as_array().unwrap();
    let internal: Vec<_> = problems
        .iter()
        .filter(|p| p["message"].as_str().unwrap().contains("internal error"))
        .collect();
    assert!(internal.is_empty(), "{internal:#?}");
    let mut paths = BTreeSet::new();
    spoken_of(&report, &mut paths);
    let lost: Vec<String> = all
        .iter()
        .filter(|(_, path, _)| *path != "Chart.yaml")
        .map(|(case, path, _)| format!("{case}/{path}"))
        .filter(|path| !paths.contains(path))
        .collect();
    assert!(lost.is_empty(), "neither read nor listed: {lost:#?}");
    // What stands beside the trouble is still read.
    let text = report["identities"].to_string();
    for (case, path, _) in &all {
        let told = ["sa.yaml", "main.tf"].contains(path) || *path == "templates/sa.yaml";
        let lost = ["nul-tf", "patch", "open"];
        assert!(
            !told || lost.contains(case) || text.contains(&format!("{case}/{path}")),
            "{case}/{path} is lost"
        );
    }
}

#[test]
fn any_number_of_threads_says_the_same() {
    let room = room();
    for (case, path, content) in collection() {
        if content.len() < 10_000 {
            put(room.path(), &format!("{case}/{path}"), content);
        }
    }
    let reports: Vec<String> = ["1", "2", "8"]
        .map(|threads| report(room.path(), &[".", "--no-config", "-j", threads]).to_string())
        .into();
    assert!(reports.windows(2).all(|pair| pair[0] == pair[1]));
}
