//! Terraform through the library's public surface: which files are its own, and that no input breaks it. What
//! configuration says is tested next to the reader, against `fixtures/terraform/*/expected.txt`.

#![allow(
    clippy::unwrap_used,
    reason = "a test's helpers may fail as a test does"
)]

use tenure::model::{Document, Origin, Probe, Problem};
use tenure::reader::{Reader, terraform::Terraform};

fn accepts(path: &str, head: &str) -> bool {
    let origin = Origin::file(path);
    Terraform.accepts(&Probe {
        origin: &origin,
        head: head.as_bytes(),
        complete: true,
        binary: false,
    })
}

fn problems(path: &str, bytes: &[u8]) -> Vec<Problem> {
    let origin = Origin::file(path);
    let document = Document {
        origin: &origin,
        bytes,
    };
    Terraform.read_together(&[document]).1
}

#[test]
fn its_own_files_are_known_by_their_names() {
    for path in [
        "a/main.tf",
        "main.tofu",
        "main.tf.json",
        "prod.tfvars",
        "x.auto.tfvars.json",
        "live/terragrunt.hcl",
        "policy.tftpl",
    ] {
        assert!(accepts(path, "{}"), "{path}");
    }
    let policy = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]}"#;
    assert!(accepts("policy.json", policy));
    for (path, head) in [
        ("package.json", "{\"version\": \"1\"}"),
        (
            "answer.json",
            "{\"PolicyVersion\": {\"Statement\": [{\"Effect\": \"Allow\"}]}}",
        ),
        ("terraform.tfstate", "{\"version\": 4}"),
        ("main.go", "package main"),
        ("values.hcl", "a = 1"),
        (".terraform.lock.hcl", "provider \"x\" {}"),
    ] {
        assert!(!accepts(path, head), "{path}");
    }
}

#[test]
fn what_cannot_be_read_is_said() {
    for (bytes, message) in [
        (
            &b"a = \"\xFF\xFE\"\n"[..],
            "not valid UTF-8: what is not was replaced",
        ),
        (b"resource \"a\" \"b\" {\n", "a block is not closed"),
        (b"a = <<EOT\nx\n", "a heredoc is not closed"),
        (b"a = [1, 2\n", "a list is not closed"),
        (b"\0\0\0", "neither an argument nor a block"),
    ] {
        let found = problems("main.tf", bytes);
        assert!(found.iter().any(|p| &*p.message == message), "{found:?}");
    }
    assert!(!problems("main.tf.json", b"{\"resource\": ").is_empty());
    assert!(problems("main.tf", b"").is_empty());
    assert!(problems("main.tf", b"\xEF\xBB\xBF# nothing\r\n").is_empty());
}
