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
    super::resources(&documents)
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
