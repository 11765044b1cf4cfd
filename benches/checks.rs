//! How long checks take: loading the built-in ones, and evaluating 200 on 100,000 identities.
//!
//! `cargo bench --bench checks`. Time is wall time; for CPU time run it under `time` with
//! `RAYON_NUM_THREADS=1`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use divan::Bencher;
use std::sync::Arc;
use tenure::check::{CheckSet, EvaluateOptions, Parameters, evaluate};
use tenure::model::*;
use tenure::platform::embedded;

const IDENTITIES: usize = 100_000;
const CHECKS: usize = 200;

fn main() {
    divan::main();
}

#[divan::bench]
fn load_built_in() -> CheckSet {
    CheckSet::builtin().unwrap()
}

/// One identity in a hundred has findings, as in an estate that is looked after.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn evaluate_200_checks_on_100_000_identities(bencher: Bencher<'_, '_>) {
    run(bencher, 100);
}

/// Every third identity is an administrator, unowned and unused.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn evaluate_200_checks_on_100_000_neglected_identities(bencher: Bencher<'_, '_>) {
    run(bencher, 3);
}

fn run(bencher: Bencher<'_, '_>, bad: usize) {
    let (checks, assessed) = (checks(), estate(bad));
    let fingerprinter = Fingerprinter::new(None);
    let parameters = Parameters::default();
    let options = EvaluateOptions {
        now: Timestamp::from_seconds(1_790_000_000),
        waivers: &[],
        parameters: &parameters,
        fingerprinter: &fingerprinter,
    };
    bencher.bench(|| evaluate(&checks, &assessed, &options));
}

/// The built-in checks of identities, under other names, until there are enough.
fn checks() -> CheckSet {
    let own: Vec<(&str, &str)> = embedded::CHECKS
        .iter()
        .copied()
        .filter(|(_, text)| text.contains("\napplies_to: identity\n"))
        .collect();
    let files: Vec<(String, String)> = (0..CHECKS)
        .map(|n| {
            let (name, text) = own[n % own.len()];
            let id = name.trim_end_matches(".yaml");
            let text = text.replacen(id, &format!("{id}-{n}"), 1);
            (format!("{n}-{name}"), text)
        })
        .collect();
    CheckSet::only(&files).unwrap()
}

fn estate(bad: usize) -> Assessed {
    let mut assessed = Assessed::default();
    let now = Timestamp::from_seconds(1_790_000_000);
    let ago = |days: i64| Timestamp::from_seconds(now.seconds() - days * Timestamp::DAY);
    let evidence = Evidence {
        origin: Origin::file("iam.json"),
        line: None,
        column: None,
        pointer: Some("/RoleDetailList/1".into()),
        reader: "bench",
    };
    for n in 0..IDENTITIES {
        let id = IdentityId::from(format!("arn:aws:iam::111122223333:role/service-{n:06}"));
        let mut identity = Identity::new(
            id.clone(),
            Platform::Aws,
            IdentityKind::AwsRole,
            format!("service-{n:06}"),
        );
        let neglected = n % bad == 0;
        identity.account = Some("111122223333".into());
        identity.presence.insert(Presence::Observed);
        identity.humanity = (Humanity::NonHuman, "a role of a service".into());
        identity.created = Some(ago(700));
        identity.last_used = Moment::At(ago(if neglected { 400 } else { 3 }));
        identity.evidence.insert(evidence.clone());
        assessed.inventory.identities.insert(id.clone(), identity);
        let proof = Arc::new(Proof {
            claim: "* on *".into(),
            hops: vec![Arc::new(Hop {
                what: "attached policy Service".into(),
                evidence: Some(evidence.clone()),
            })],
            certainty: Certainty::Certain,
            scope: None,
        });
        let mut privilege = Privilege {
            tier: if neglected { Tier::Admin } else { Tier::Write },
            proof: Some(proof.clone()),
            ..Privilege::default()
        };
        privilege.add(Capability::WriteData, proof);
        assessed.privilege.insert(id.clone(), privilege);
        let ownership = Ownership {
            state: if neglected {
                OwnershipState::Unowned
            } else {
                OwnershipState::Owned
            },
            ..Ownership::default()
        };
        assessed
            .ownership
            .insert(SubjectId::Identity(id), ownership);
    }
    assessed
}
