//! An estate with ownership data as dirty as real ones: how many have an owner, how many spellings become how many
//! parties, and whether a roster's leavers take exactly their identities with them.
//!
//! - `cargo bench --bench owners -- accuracy [NAMESPACES]`: what is true against what a scan says.
//! - `cargo bench --bench owners -- write DIRECTORY [NAMESPACES]`: the estate, and `truth.json` beside.
//! - `cargo bench --bench owners`: wall time of a scan of it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    unreachable_pub,
    reason = "a measurement that fails shall say so"
)]

use divan::Bencher;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

const NAMESPACES: usize = 1_470;
const NOW: &str = "2026-11-02T00:00:00Z";
const TEAMS: usize = 170;
const PEOPLE: usize = 80;
/// How many of the people have left, by the roster.
const LEFT: usize = 10;
const DOMAIN: &str = "digital.harbour.example";
const SECOND: &str = "harbour.example";
const PREFIX: &str = "platform.harbour.example";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words = arguments.iter().map(String::as_str);
    let words: Vec<&str> = words.filter(|a| !a.starts_with("--")).collect();
    match *words {
        ["accuracy"] => accuracy(NAMESPACES),
        ["accuracy", namespaces] => accuracy(namespaces.parse().unwrap()),
        ["write", directory] => save(Path::new(directory), NAMESPACES),
        ["write", directory, namespaces] => {
            save(Path::new(directory), namespaces.parse().unwrap());
        }
        _ => divan::main(),
    }
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn scan(bencher: Bencher<'_, '_>) {
    let room = tempfile::tempdir().unwrap();
    write(room.path(), NAMESPACES);
    bencher.bench_local(|| {
        let mut command = tenure(room.path(), "csv");
        assert!(command.stdout(Stdio::null()).status().unwrap().success());
    });
}

fn tenure(estate: &Path, format: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenure"));
    command
        .args(["scan", "--no-config", "--now", NOW, "--format", format])
        .arg(estate);
    command
}

/// What is true of a namespace.
struct Truth {
    name: String,
    party: usize,
    left: bool,
    review: &'static str,
}

fn save(directory: &Path, namespaces: usize) {
    let truth = write(directory, namespaces);
    let truth: Vec<Value> = truth
        .iter()
        .map(|t| serde_json::json!({"name": t.name, "party": t.party, "left": t.left, "review": t.review}))
        .collect();
    fs::write(
        directory.with_extension("truth.json"),
        Value::from(truth).to_string(),
    )
    .unwrap();
}

/// Parties are numbered: teams first, then people. Names repeat where they would in life: two people of one name, and
/// teams whose names differ by a letter.
fn team(number: usize) -> String {
    let area = AREAS[number % AREAS.len()];
    match number / AREAS.len() {
        0 => area.to_owned(),
        round => format!("{area} {}", KINDS[(round - 1) % KINDS.len()]),
    }
}

fn person(number: usize) -> (String, String, String) {
    // The last five bear the names of the first five, and have addresses of their own.
    let (named, twin) = match number {
        n if n >= PEOPLE - 5 => (n - (PEOPLE - 5), true),
        n => (n, false),
    };
    let (first, last) = (FIRST[named % FIRST.len()], LAST[(named / 2) % LAST.len()]);
    let first_of = first.chars().next().unwrap().to_lowercase();
    let mail = match twin {
        true => format!("{first_of}.{}2@{SECOND}", last.to_lowercase()),
        false => format!("{}.{}@{SECOND}", first.to_lowercase(), last.to_lowercase()),
    };
    (first.to_owned(), last.to_owned(), mail)
}

/// The spellings of a party, the plainest first. A label's value holds neither `@` nor blanks.
fn spellings(party: usize) -> Vec<(&'static str, String)> {
    if party < TEAMS {
        let name = team(party);
        let box_ = name.to_lowercase().replace(' ', "-");
        let title: Vec<String> = name
            .split(' ')
            .map(|w| w[..1].to_uppercase() + &w[1..])
            .collect();
        let title = title.join(" ");
        let all = [
            ("annotation", format!("{title}: {box_}@{DOMAIN}")),
            ("annotation", format!("{title} team: {box_}@{DOMAIN}")),
            (
                "annotation",
                format!("{name}:{}@{DOMAIN}", box_.to_uppercase()),
            ),
            ("annotation", format!("{box_}@{SECOND}")),
            ("annotation", format!("{title} <{box_}@{DOMAIN}>")),
            ("annotation", format!("{name} Team")),
        ];
        rotated(&all, party, 1 + party % 3)
    } else {
        let (first, last, mail) = person(party - TEAMS);
        let encoded = mail.replace('.', "-").replace('@', "_at_");
        let all = [
            ("annotation", format!("{first} {last}: {mail}")),
            (
                "annotation",
                format!("{last}, {first} <{}>", mail.to_uppercase()),
            ),
            ("label", encoded),
            ("annotation", mail.clone()),
        ];
        rotated(&all, party, 1 + party % 4)
    }
}

/// Some of all spellings, and always the first, which ties a name to its address.
fn rotated<T: Clone>(all: &[T], from: usize, count: usize) -> Vec<T> {
    let others = all.iter().skip(1).cycle().skip(from / 3);
    all.iter()
        .take(1)
        .chain(others)
        .take(count)
        .cloned()
        .collect()
}

/// A date as written, and what is to be said of it.
fn review(number: usize) -> (Option<String>, &'static str) {
    let (day, year) = (13 + number % 15, 2025 + number % 3);
    let state = match year {
        2025 => "overdue",
        2026 => "overdue",
        _ => "due",
    };
    match number % 12 {
        0..=4 => (Some(format!("{year}-05-{day}")), state),
        5 | 6 => (Some(format!("{day}/05/{year}")), state),
        7 => (Some(format!("{day} May {year}")), state),
        8 => (Some(String::new()), "empty"),
        9 => (Some(format!("03/04/{year}")), "ambiguous"),
        10 => (Some("2026-13-45".to_owned()), "malformed"),
        _ => (None, "absent"),
    }
}

fn write(directory: &Path, namespaces: usize) -> Vec<Truth> {
    let mut truth = Vec::new();
    for number in 0..namespaces {
        let party = number % (TEAMS + PEOPLE);
        let spellings = spellings(party);
        let (place, owner) = &spellings[(number / (TEAMS + PEOPLE)) % spellings.len()];
        let name = format!(
            "{}-{number}-{}",
            AREAS[number % AREAS.len()],
            ["dev", "prod"][number % 2]
        );
        let (date, state) = review(number);
        let mut annotations = vec![format!("{PREFIX}/business-unit: \"Harbour\"")];
        let mut labels = vec![format!("{PREFIX}/is-production: \"{}\"", number % 2 == 1)];
        match *place {
            "label" => labels.push(format!("owner: {owner}")),
            _ => annotations.push(format!("{PREFIX}/owner: \"{owner}\"")),
        }
        annotations.extend(date.map(|date| format!("{PREFIX}/review-after: \"{date}\"")));
        let folder = directory.join("namespaces/live").join(&name);
        fs::create_dir_all(folder.join("resources")).unwrap();
        let lines = |of: &[String]| of.iter().map(|l| format!("    {l}\n")).collect::<String>();
        let text = format!(
            "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n  labels:\n{}  annotations:\n{}",
            lines(&labels),
            lines(&annotations)
        );
        fs::write(folder.join("00-namespace.yaml"), text).unwrap();
        let text = format!(
            "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: deployer\n  namespace: {name}\n"
        );
        fs::write(folder.join("01-account.yaml"), text).unwrap();
        let text = format!(
            "module \"bucket\" {{\n  source    = \"github.com/example/terraform-s3?ref=1.0\"\n  namespace = \"{name}\"\n}}\n\nresource \"aws_iam_user\" \"upload\" {{\n  name = \"{name}-upload\"\n}}\n"
        );
        fs::write(folder.join("resources/main.tf"), text).unwrap();
        let left = party >= TEAMS && party - TEAMS < LEFT;
        truth.push(Truth {
            name,
            party,
            left,
            review: state,
        });
    }
    let mut roster = "email,name,status,end_date\n".to_owned();
    for number in 0..PEOPLE {
        let (first, last, mail) = person(number);
        let state = if number < LEFT {
            "left,2026-03-31"
        } else {
            "active,"
        };
        roster.push_str(&format!("{mail},{first} {last},{state}\n"));
    }
    fs::write(directory.join("roster.csv"), roster).unwrap();
    truth
}

fn accuracy(namespaces: usize) {
    let room = tempfile::tempdir().unwrap();
    let truth = write(room.path(), namespaces);
    let output = tenure(room.path(), "json").output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let by_name: BTreeMap<&str, &Truth> = truth.iter().map(|t| (&*t.name, t)).collect();
    let list = |key: &str| report[key].as_array().cloned().unwrap_or_default();

    let (mut owned, mut placed) = (0, 0);
    let mut raw = BTreeSet::new();
    let mut parties: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    let mut split: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    let mut reviews: BTreeMap<(&str, String), usize> = BTreeMap::new();
    let mut wrong = 0;
    let containers = list("containers");
    for container in &containers {
        let Some(truth) = by_name.get(container["name"].as_str().unwrap()) else {
            continue;
        };
        let ownership = &container["ownership"];
        let state = ownership["state"].as_str().unwrap();
        wrong += usize::from((state == "orphaned") != truth.left);
        let state = container["review"]["state"].as_str().unwrap_or("absent");
        *reviews.entry((truth.review, state.to_owned())).or_default() += 1;
        let Some(owner) = ownership["owner"].as_str() else {
            continue;
        };
        owned += 1;
        placed += usize::from(ownership["claims"][0]["evidence"]["line"].is_u64());
        raw.insert(ownership["claims"][0]["raw"].as_str().unwrap().to_owned());
        parties
            .entry(owner.to_owned())
            .or_default()
            .insert(truth.party);
        split
            .entry(truth.party)
            .or_default()
            .insert(owner.to_owned());
    }
    println!("namespaces {namespaces}: {owned} with an owner, {placed} of them with a line");
    let merged: Vec<_> = parties.iter().filter(|(_, of)| of.len() > 1).collect();
    println!(
        "spellings {}: {} parties, {} true ones; {} wrongly merged, {} left apart",
        raw.len(),
        parties.len(),
        truth.iter().map(|t| t.party).collect::<BTreeSet<_>>().len(),
        merged.len(),
        split.values().filter(|names| names.len() > 1).count()
    );
    for (owner, of) in merged.iter().take(10) {
        println!("  merged: {owner} {of:?}");
    }
    for names in split.values().filter(|names| names.len() > 1).take(10) {
        println!("  apart: {names:?}");
    }
    println!("reviews (as it is, as said): {reviews:?}");
    println!("namespaces whose being orphaned or not is wrong: {wrong}");

    let (mut all, mut owned, mut placed, mut wrong) = (0, 0, 0, 0);
    for identity in list("identities") {
        let known = |t: &&Truth| {
            identity["namespace"] == t.name.as_str()
                || identity["name"]
                    .as_str()
                    .unwrap()
                    .starts_with(&format!("{}-", t.name))
        };
        let Some(truth) = truth.iter().find(known) else {
            println!("  not placed: {}", identity["id"]);
            continue;
        };
        all += 1;
        let ownership = &identity["ownership"];
        let claim = &ownership["claims"][0];
        let sure = matches!(claim["confidence"].as_str(), Some("high" | "medium"));
        owned += usize::from(ownership["owner"].is_string() && sure);
        placed += usize::from(ownership["owner"].is_string() && claim["evidence"]["line"].is_u64());
        wrong += usize::from((ownership["state"] == "orphaned") != truth.left);
    }
    println!(
        "identities {all}: {owned} with an owner at medium or better, {placed} with a line; orphaned or not, wrongly: {wrong}"
    );
}

const AREAS: [&str; 34] = [
    "payments",
    "payment",
    "claims",
    "claim",
    "licensing",
    "appeals",
    "courts",
    "probation",
    "visits",
    "parking",
    "housing",
    "waste",
    "libraries",
    "archives",
    "census",
    "elections",
    "grants",
    "fees",
    "fines",
    "records",
    "identity",
    "notify",
    "forms",
    "search",
    "maps",
    "transport",
    "schools",
    "nurseries",
    "benefits",
    "tax",
    "procurement",
    "contracts",
    "estates",
    "fleet",
];
const KINDS: [&str; 4] = ["support", "data", "platform", "services"];
const FIRST: [&str; 40] = [
    "Jane", "Omar", "Li", "Sam", "Kofi", "Rosa", "Petra", "Ivo", "Ada", "Bela", "Carl", "Dora",
    "Emil", "Fay", "Gita", "Hugo", "Ines", "Jon", "Kira", "Lars", "Mina", "Nils", "Olga", "Paul",
    "Quin", "Rolf", "Sara", "Theo", "Uma", "Vera", "Walt", "Xena", "Yara", "Zeno", "Anna", "Ben",
    "Cleo", "Dirk", "Eva", "Finn",
];
const LAST: [&str; 40] = [
    "Doe", "Aziz", "Wei", "Smith", "Mensah", "Diaz", "Klein", "Novak", "Berg", "Costa", "Dale",
    "Egan", "Ford", "Grant", "Hale", "Iqbal", "Jensen", "Khan", "Lund", "Moor", "Nash", "Owen",
    "Park", "Quist", "Reed", "Shaw", "Todd", "Unger", "Vance", "West", "Young", "Zander", "Abbas",
    "Boyd", "Crane", "Duff", "Ellis", "Frost", "Gale", "Hart",
];
