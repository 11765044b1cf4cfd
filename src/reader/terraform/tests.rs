//! What configurations come to: values, modules, and what stays a symbol.

use super::super::resource::Resource;
use super::super::tree::{Node, Value};
use crate::model::{Document, Origin, Problem};
use std::fmt::Write;

/// What files say, one line for each value.
pub(super) fn read(files: &[(&str, &str)]) -> (Vec<Resource>, Vec<Problem>) {
    let files: Vec<_> = files
        .iter()
        .map(|(path, text)| (Origin::file(*path), text.as_bytes()))
        .collect();
    let documents: Vec<_> = files
        .iter()
        .map(|(origin, bytes)| Document { origin, bytes })
        .collect();
    let (resources, _, problems) = super::resources(&documents);
    (resources, problems)
}

fn flat(node: &Node, path: &str, out: &mut String) {
    match &node.value {
        Value::Null => {}
        Value::Scalar { text, .. } => {
            let _ = writeln!(out, "  {path} = {text}");
        }
        Value::List(items) => {
            if items.is_empty() {
                let _ = writeln!(out, "  {path} = []");
            }
            for (at, item) in items.iter().enumerate() {
                flat(item, &format!("{path}[{at}]"), out);
            }
        }
        Value::Map(entries) => {
            for (key, value) in entries {
                let dot = if path.is_empty() { "" } else { "." };
                flat(value, &format!("{path}{dot}{key}"), out);
            }
        }
    }
}

/// Everything as text.
pub(super) fn dump(files: &[(&str, &str)]) -> String {
    let (resources, problems) = read(files);
    let mut out = String::new();
    for resource in resources {
        let _ = write!(out, "{}", resource.address);
        if let Some(account) = &resource.account {
            let _ = write!(out, " in {account}");
        }
        for label in &resource.defaults {
            let _ = write!(out, " {}={}", label.key, label.value);
        }
        for module in &resource.modules {
            let _ = write!(out, " < {module}");
        }
        out.push('\n');
        flat(&resource.attributes, "", &mut out);
    }
    for problem in problems {
        let _ = writeln!(out, "{problem}");
    }
    out
}

/// Attributes of one block in a file of its own.
fn values(body: &str) -> String {
    let text = dump(&[("main.tf", &format!("resource \"t\" \"x\" {{\n{body}\n}}\n"))]);
    text.strip_prefix("t.x\n").unwrap_or(&text).to_owned()
}

#[test]
fn expressions() {
    for (expression, expected) in [
        ("1 + 2 * 3", "7"),
        ("\"a-${1 + 1}-b\"", "a-2-b"),
        ("true && !false ? \"y\" : \"n\"", "y"),
        ("upper(\"abc\")", "ABC"),
        ("join(\",\", [for x in [\"a\", \"b\"] : upper(x)])", "A,B"),
        (
            "join(\",\", [{ n = [\"a\"] }, { n = [\"b\"] }][*].n[0])",
            "a,b",
        ),
        ("join(\",\", keys({ b = 1, a = 2 }))", "a,b"),
        ("{ for k, v in { a = 1 } : v => k }[\"1\"]", "a"),
        ("lookup({ a = 1 }, \"b\", \"d\")", "d"),
        ("try({ a = 1 }.b, \"fallback\")", "fallback"),
        ("format(\"%s-%03d\", \"a\", 7)", "a-007"),
        (
            "jsonencode({ b = [1, true, null], a = \"x\" })",
            r#"{"a":"x","b":[1,true,null]}"#,
        ),
        ("substr(\"hello\", 1, 3)", "ell"),
        ("replace(\"a.b.c\", \".\", \"-\")", "a-b-c"),
        ("replace(\"a1b2\", \"/[0-9]/\", \"#\")", "a#b#"),
        ("element([\"a\", \"b\"], 3)", "b"),
        ("[{ n = \"a\" }, { n = \"b\" }].*.n[1]", "b"),
        ("length(setproduct([1, 2], [3, 4]))", "4"),
        ("\"%{ if true }yes%{ else }no%{ endif }\"", "yes"),
        ("\"%{ for x in [1, 2] }${x};%{ endfor }\"", "1;2;"),
        ("\"$${literal}\"", "${literal}"),
        (
            "\"${aws_iam_user.bot.name}-x\"",
            "${aws_iam_user.bot.name}-x",
        ),
        ("lower(\"${var.a}-X\")", "${lower(\"${var.a}-X\")}"),
        ("coalesce(null, \"\", \"z\")", "z"),
        ("one([\"a\"])", "a"),
        ("regex(\"([a-z]+)-([0-9]+)\", \"ab-12\")[1]", "12"),
        ("split(\"/\", \"a/b\")[1]", "b"),
        ("yamldecode(\"a: [1, x]\").a[1]", "x"),
        ("distinct(concat([\"a\"], [\"a\", \"b\"]))[1]", "b"),
        ("merge({ a = 1 }, { b = 2 }).b", "2"),
        ("var.gone == \"x\" ? \"a\" : \"a\"", "a"),
        ("trimprefix(\"arn:x\", \"arn:\")", "x"),
        ("title(\"hello world\")", "Hello World"),
        ("\"\\u00e9\\n\"", "é\n"),
        ("tostring(123456789012)", "123456789012"),
        ("flatten([[\"a\"], [[\"b\"]]])[1]", "b"),
        ("zipmap([\"a\"], [\"v\"]).a", "v"),
        ("-1", "-1"),
        ("(1 > 0 || false) && 3 % 2 == 1", "true"),
    ] {
        let found = values(&format!("v = {expression}"));
        assert_eq!(found, format!("  v = {expected}\n"), "{expression}");
    }
}

#[test]
fn heredocs() {
    let found = values("v = <<-EOT\n    a ${1}\n      b\n    EOT\nw = <<EOT\n x\nEOT");
    assert_eq!(found, "  v = a 1\n  b\n\n  w =  x\n\n");
}

#[test]
fn a_bad_expression_loses_its_argument() {
    let text = "resource \"a\" \"b\" {\n  bad = [1, 2\n  name = \"x\"\n}\nresource \"a\" \"c\" {\n  bad = = 1\n  name = \"y\"\n  bad = foo(]\n}\n";
    insta_like(
        &dump(&[("main.tf", text)]),
        "a.b\n  name = x\na.c\n  name = y\n",
    );
}

fn insta_like(found: &str, start: &str) {
    assert!(found.starts_with(start), "{found}");
}

#[test]
fn modules_are_followed() {
    let main = r#"
provider "aws" {
  region = "eu-west-1"
  allowed_account_ids = ["111122223333"]
  default_tags { tags = { Owner = var.team } }
}
variable "team" { default = "payments" }
module "bots" {
  source   = "./modules/bot"
  for_each = toset(["a", "b"])
  name     = "bot-${each.key}"
}
module "far" {
  source  = "terraform-aws-modules/iam/aws//modules/iam-user"
  version = "5.0.0"
  name    = module.bots["a"].name
}
data "aws_caller_identity" "me" {}
resource "aws_iam_role" "r" {
  count = 0
  name  = "r-${data.aws_caller_identity.me.account_id}"
}
"#;
    let bot = r#"
variable "name" {}
resource "aws_iam_user" "this" { name = var.name }
output "name" { value = aws_iam_user.this.name }
"#;
    let found = dump(&[("p/main.tf", main), ("p/modules/bot/main.tf", bot)]);
    for line in [
        "module.far in 111122223333 Owner=payments\n  name = bot-a\n",
        "module.bots[\"b\"].aws_iam_user.this in 111122223333 Owner=payments < module.bots[\"b\"] (./modules/bot)\n  name = bot-b\n",
        "aws_iam_role.r in 111122223333 Owner=payments\n  count = 0\n  name = r-111122223333\n",
    ] {
        assert!(found.contains(line), "{found}");
    }
}

/// Fixtures: directories of configuration with what they say (`expected.txt`).
#[test]
fn fixtures() {
    let base = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/terraform");
    let mut cases: Vec<_> = std::fs::read_dir(base).unwrap().flatten().collect();
    cases.sort_by_key(std::fs::DirEntry::path);
    let mut wrong = String::new();
    for case in cases {
        let mut files = Vec::new();
        collect(&case.path(), &case.path(), &mut files);
        files.sort();
        let expected_at = case.path().join("expected.txt");
        let views: Vec<_> = files
            .iter()
            .map(|(p, t)| (p.as_str(), t.as_str()))
            .collect();
        let found = dump(&views);
        if std::env::var_os("TENURE_WRITE_FIXTURES").is_some() {
            std::fs::write(&expected_at, &found).unwrap();
        }
        let expected = std::fs::read_to_string(&expected_at).unwrap_or_default();
        if found != expected {
            let _ = writeln!(wrong, "{}:\n{found}", case.path().display());
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

fn collect(base: &std::path::Path, at: &std::path::Path, out: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(at).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(base, &path, out);
        } else if path.file_name().is_some_and(|name| name != "expected.txt") {
            let name = path
                .strip_prefix(base)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            out.push((name, text));
        }
    }
}

/// Hostile input ends soon, with a reason.
#[test]
fn hostile() {
    let big = 1 << 20;
    let deep = |open: &str, close: &str| {
        format!("a = {}1{}\n", open.repeat(100_000), close.repeat(100_000))
    };
    let chain = (0..3000)
        .map(|i| format!("  l{i} = local.l{}\n", i + 1))
        .collect::<String>();
    let doubling = (1..60)
        .map(|i| format!("  l{i} = [local.l{0}, local.l{0}]\n", i - 1))
        .collect::<String>();
    let text_bomb = (1..60)
        .map(|i| format!("  t{i} = \"${{local.t{0}}}${{local.t{0}}}\"\n", i - 1))
        .collect::<String>();
    let tree = (0..9)
        .map(|i| {
            (
                format!("m{i}/main.tf"),
                format!(
                    "{}resource \"r\" \"x\" {{}}\n",
                    (0..10)
                        .map(|j| format!("module \"c{j}\" {{\n source = \"../m{}\"\n}}\n", i + 1))
                        .collect::<String>()
                ),
            )
        })
        .collect::<Vec<_>>();
    let cases: Vec<(&str, Vec<(String, String)>)> = vec![
        ("nested lists", vec![("main.tf".into(), deep("[", "]"))]),
        ("nested brackets", vec![("main.tf".into(), deep("(", ")"))]),
        ("nested objects", vec![("main.tf".into(), deep("{a=", "}"))]),
        ("nested templates", vec![("main.tf".into(), deep("\"${", "}\""))]),
        ("nested calls", vec![("main.tf".into(), deep("f(", ")"))]),
        ("signs", vec![("main.tf".into(), deep("!", ""))]),
        ("choices", vec![("main.tf".into(), deep("true ? 1 : ", ""))]),
        ("blocks", vec![("main.tf".into(), "a {\n".repeat(200_000))]),
        ("closing", vec![("main.tf".into(), "}\n".repeat(200_000))]),
        ("operators", vec![("main.tf".into(), format!("a = {}1\n", "1 + ".repeat(big / 4)))]),
        ("members", vec![("main.tf".into(), format!("resource \"a\" \"b\" {{\n c = x{}\n}}\n", ".b".repeat(big / 8)))]),
        ("long list", vec![("main.tf".into(), format!("resource \"a\" \"b\" {{ c = [{}] }}\n", "1,".repeat(big / 8)))]),
        ("open lists", vec![("main.tf".into(), "a = [\n".repeat(200_000))]),
        ("open objects", vec![("main.tf".into(), "a = {\n".repeat(200_000))]),
        ("open heredocs", vec![("main.tf".into(), (0..100_000).map(|i| format!("a = <<X{i}\n")).collect())]),
        ("open comments", vec![("main.tf".into(), "/* \n".repeat(500_000))]),
        ("open texts", vec![("main.tf".into(), "a = \"${\n".repeat(200_000))]),
        ("chain of locals", vec![("main.tf".into(), format!("locals {{\n{chain}}}\nresource \"a\" \"b\" {{\n c = local.l0\n}}\n"))]),
        ("circle of locals", vec![("main.tf".into(), "locals {\n a = local.b\n b = \"x${local.a}\"\n}\nresource \"a\" \"b\" {\n c = local.a\n}\n".into())]),
        ("circle of resources", vec![("main.tf".into(), "resource \"a\" \"b\" {\n n = a.c.n\n}\nresource \"a\" \"c\" {\n n = a.b.n\n}\n".into())]),
        ("doubling lists", vec![("main.tf".into(), format!("locals {{\n l0 = [1, 2]\n{doubling}}}\nresource \"a\" \"b\" {{\n c = jsonencode(local.l59)\n d = local.l59 == local.l59\n}}\n"))]),
        ("doubling texts", vec![("main.tf".into(), format!("locals {{\n t0 = \"xxxxxxxx\"\n{text_bomb}}}\nresource \"a\" \"b\" {{\n c = local.t59\n}}\n"))]),
        ("ranges", vec![("main.tf".into(), "resource \"a\" \"b\" {\n count = 1000000000\n c = setproduct(range(9999), range(9999), range(9999))\n d = range(0, 1e300)\n e = [for x in range(9999) : [for y in range(9999) : [for z in range(9999) : x]]]\n}\n".into())]),
        ("each of many", vec![("main.tf".into(), "resource \"a\" \"b\" {\n for_each = toset([for x in range(9999) : \"k${x}\"])\n c = join(\",\", range(9999))\n}\n".into())]),
        ("a module that calls itself", vec![("m/main.tf".into(), "module \"a\" {\n source = \"../m\"\n}\nmodule \"b\" {\n source = \"./\"\n}\nresource \"a\" \"b\" {}\n".into())]),
        ("modules that call each other", vec![("m/main.tf".into(), "module \"a\" {\n source = \"../n\"\n}\nresource \"a\" \"m\" {}\n".into()), ("n/main.tf".into(), "module \"a\" {\n source = \"../m\"\n}\nresource \"a\" \"n\" {}\n".into())]),
        ("a tree of modules", tree),
        ("regular expressions", vec![("main.tf".into(), "resource \"a\" \"b\" {\n c = regexall(\"(a{1000}){1000}\", \"aaa\")\n d = replace(join(\"\", range(9999)), \"\", join(\"\", range(9999)))\n}\n".into())]),
    ];
    for (name, files) in cases {
        let start = std::time::Instant::now();
        let views: Vec<_> = files
            .iter()
            .map(|(p, t)| (p.as_str(), t.as_str()))
            .collect();
        let (resources, problems) = read(&views);
        let took = start.elapsed();
        assert!(!resources.is_empty() || !problems.is_empty(), "{name}");
        assert!(took.as_secs() < 100, "{name}: {took:?}");
    }
}
