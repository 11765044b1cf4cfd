//! What objects of clusters beside RBAC state, and kubeconfigs: every fixture as the list of its facts; that no value
//! of a secret is in any of them; and that hostile objects do no harm.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test's helpers may fail as a test does"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use tenure::check::{CheckSet, EvaluateOptions, Settings, evaluate};
use tenure::model::{
    Assessed, Document, Fingerprinter, Inventory, Moment, Origin, Probe, Problem, Timestamp,
};
use tenure::reader::Reader;
use tenure::reader::kubernetes::Kubernetes;
use tenure::reader::kubernetes_config::KubernetesConfig;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/kubernetes-objects")
}

fn read_into(inventory: &mut Inventory, name: &str, bytes: &[u8]) -> Vec<Problem> {
    let origin = Origin::file(name);
    let probe = Probe {
        origin: &origin,
        head: &bytes[..bytes.len().min(8192)],
        complete: bytes.len() <= 8192,
        binary: false,
    };
    let document = Document {
        origin: &origin,
        bytes,
    };
    let readers: [&dyn Reader; 2] = [&Kubernetes, &KubernetesConfig];
    let mut problems = Vec::new();
    for reader in readers.iter().filter(|reader| reader.accepts(&probe)) {
        let (facts, trouble) = reader.read(&document);
        inventory.absorb(facts);
        problems.extend(trouble);
    }
    problems
}

fn load(folder: &Path) -> (Inventory, Vec<Problem>) {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_none_or(|e| e != "txt"))
        .collect();
    files.sort();
    let mut inventory = Inventory::default();
    let mut problems = Vec::new();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        problems.extend(read_into(
            &mut inventory,
            &name,
            &std::fs::read(&file).unwrap(),
        ));
    }
    tenure::link::link(&mut inventory);
    let once = inventory.clone();
    tenure::link::link(&mut inventory);
    assert_eq!(inventory, once, "linking is idempotent");
    (inventory, problems)
}

fn moment(moment: Moment) -> String {
    match moment {
        Moment::Unknown => "unknown".to_owned(),
        Moment::Never => "never".to_owned(),
        Moment::At(at) => at.to_string(),
    }
}

fn list<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    let all: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    all.join(", ")
}

/// The facts of an inventory, one a line.
fn told(inventory: &Inventory, problems: &[Problem]) -> String {
    let mut out = String::new();
    for identity in inventory.identities.values() {
        let presence = list(
            identity
                .presence
                .iter()
                .map(|p| format!("{p:?}").to_lowercase()),
        );
        writeln!(
            out,
            "identity {} ({}; {presence})",
            identity.id,
            identity.kind.as_str()
        )
        .unwrap();
        for (target, evidence) in &identity.becomes {
            writeln!(out, "  becomes {target} @ {evidence}").unwrap();
        }
        for token in &identity.tokens {
            let audience = token.audience.as_deref().unwrap_or("the API server");
            writeln!(
                out,
                "  token {} for {audience} @ {}",
                token.subject, token.evidence
            )
            .unwrap();
        }
        for text in &identity.derivation {
            writeln!(out, "  {text}").unwrap();
        }
    }
    for credential in inventory.credentials.values() {
        writeln!(
            out,
            "credential {} ({}; {}; ends {}; tier {})",
            credential.id,
            credential.kind,
            credential.status.as_str(),
            moment(credential.expires),
            credential.implied_tier.tier.as_str(),
        )
        .unwrap();
        for link in &credential.links {
            writeln!(
                out,
                "  of {} by {} @ {}",
                link.identity, link.basis, link.evidence
            )
            .unwrap();
        }
        let claims = credential.claims.iter();
        let claims = claims.filter(|c| c.name.as_str() != "thumbprint");
        let claims = list(claims.map(|c| format!("{}={}", c.name.as_str(), c.value)));
        if !claims.is_empty() {
            writeln!(out, "  says {claims}").unwrap();
        }
        assert!(credential.fingerprint.is_none(), "no value is looked at");
    }
    for workload in &inventory.workloads {
        let traits = list(workload.traits.iter());
        writeln!(
            out,
            "workload {} as {} [{traits}]",
            workload.id, workload.runs_as
        )
        .unwrap();
    }
    for it in &inventory.secret_uses {
        writeln!(
            out,
            "use {} by {}: {} in {} @ {}",
            it.secret, it.user, it.how, it.workload, it.evidence
        )
        .unwrap();
    }
    for it in &inventory.memberships {
        writeln!(out, "member {} of {}", it.member, it.group).unwrap();
    }
    for it in &inventory.entitlements {
        writeln!(
            out,
            "grant {} to {} via {}",
            it.policy, it.principal, it.via
        )
        .unwrap();
    }
    for it in &inventory.trusts {
        writeln!(
            out,
            "trust {} in {} {:?}",
            it.target,
            it.principal.describe(),
            it.actions
        )
        .unwrap();
    }
    for problem in problems {
        writeln!(out, "problem {problem}").unwrap();
    }
    out
}

fn findings(inventory: &Inventory) -> Vec<String> {
    let now = Timestamp::parse("2026-11-22T00:00:00Z").unwrap();
    let checks = CheckSet::builtin().unwrap();
    let parameters = checks.bind("settings", &Settings::default()).unwrap();
    let assessed = Assessed {
        privilege: tenure::privilege::assess(inventory),
        inventory: inventory.clone(),
        ..Assessed::default()
    };
    let fingerprinter = Fingerprinter::new(None);
    let options = EvaluateOptions {
        now,
        waivers: &[],
        parameters: &parameters,
        fingerprinter: &fingerprinter,
    };
    let evaluation = evaluate(&checks, &assessed, &options);
    let mut lines: Vec<String> = evaluation
        .findings
        .iter()
        .filter(|f| {
            [
                "kubernetes-",
                "kubeconfig-",
                "argocd-",
                "flux-",
                "registry-",
            ]
            .iter()
            .any(|p| f.check.starts_with(p))
        })
        .map(|f| format!("finding {}: {}\n", f.check, f.message))
        .collect();
    lines.sort();
    lines
}

#[test]
fn fixtures() {
    let mut cases: Vec<_> = std::fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    assert!(cases.len() >= 9);
    let mut wrong = Vec::new();
    for case in cases {
        let (inventory, problems) = load(&case);
        let told = told(&inventory, &problems) + &findings(&inventory).concat();
        for secret in [
            "not-a-password",
            "not-a-token",
            "not-a-secret",
            "not a key",
            "f395accd",
            "opaque-token",
        ] {
            assert!(!told.contains(secret), "{}: {secret}", case.display());
            assert!(
                !format!("{inventory:?}").contains(secret),
                "{}: {secret}",
                case.display()
            );
        }
        let path = case.join("expected.txt");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &told).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        if expected != told {
            wrong.push(format!("{}:\n{told}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_clean_cluster_yields_no_finding() {
    let (inventory, problems) = load(&root().join("clean"));
    assert_eq!(problems, []);
    assert_eq!(findings(&inventory), Vec::<String>::new());
}

/// Every member of every object replaced by something of another type, one at a time.
#[test]
fn members_of_wrong_types_do_no_harm() {
    let mut files = Vec::new();
    for case in std::fs::read_dir(root()).unwrap() {
        for file in std::fs::read_dir(case.unwrap().path()).unwrap() {
            files.push(file.unwrap().path());
        }
    }
    files.retain(|file| file.extension().is_none_or(|e| e != "txt"));
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let lines: Vec<&str> = text.lines().collect();
        for (i, line) in lines.iter().enumerate() {
            let Some((key, _)) = line.split_once(": ") else {
                continue;
            };
            for other in [
                "[]",
                "{}",
                "~",
                "-1",
                "[[{}]]",
                "{a: {b: []}}",
                "\u{7}",
                "99999999999999999999",
            ] {
                let changed = format!("{key}: {other}");
                let mut all = lines.clone();
                all[i] = &changed;
                let mut inventory = Inventory::default();
                read_into(&mut inventory, &name, all.join("\n").as_bytes());
            }
        }
    }
}

#[test]
fn large_objects_are_read_in_time() {
    let mut inventory = Inventory::default();
    let mut text = "apiVersion: v1\nkind: Config\nclusters:\n".to_owned();
    for i in 0..5000 {
        writeln!(
            text,
            "- {{name: c{i}, cluster: {{server: 'https://h{i}'}}}}"
        )
        .unwrap();
    }
    text.push_str("users:\n");
    for i in 0..5000 {
        writeln!(text, "- {{name: u{i}, user: {{token: t}}}}").unwrap();
    }
    text.push_str("contexts:\n");
    for i in 0..5000 {
        writeln!(
            text,
            "- {{name: x{i}, context: {{cluster: c{i}, user: u{i}}}}}"
        )
        .unwrap();
    }
    let started = std::time::Instant::now();
    read_into(&mut inventory, "config.yaml", text.as_bytes());
    assert_eq!(inventory.workloads.len(), 5000);
    // Nested kinds that nobody knows, each level with an account.
    let deep: String = (0..90)
        .map(|i| {
            format!(
                "{}a:\n{}serviceAccountName: x\n",
                "  ".repeat(i + 1),
                "  ".repeat(i + 2)
            )
        })
        .collect();
    let unknown =
        format!("apiVersion: x.example/v1\nkind: Deep\nmetadata: {{name: d}}\nspec:\n{deep}");
    read_into(&mut inventory, "deep.yaml", unknown.as_bytes());
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}
