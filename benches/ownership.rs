//! A repository with a long history: what it takes to find in it who wrote what, and whether that is right.
//!
//! Modelled on how a platform for many teams keeps its namespaces in one repository: a folder for each, thousands of
//! people and some machines that change a file or two at a time, in branches that are merged; now and then somebody
//! sweeps over very many files, and folders are moved.
//!
//! - `cargo bench --bench ownership -- write DIRECTORY COMMITS NAMESPACES`: the repository, checked out, and
//!   `DIRECTORY.truth.json` with who brought in each namespace. Needs `git`.
//! - `cargo bench --bench ownership -- measure DIRECTORY`: wall time, processor time and memory of a scan with and
//!   without the history of owners, and how many first suggestions are right.
//! - `cargo bench --bench ownership`: all of that on a small one.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    unreachable_pub,
    reason = "a measurement that fails shall say so"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

const NOW: &str = "2026-11-02T00:00:00Z";
/// 2018-01-01, when the repository begins, and 2026-11-01, when it ends.
const BEGIN: i64 = 1_514_764_800;
const END: i64 = 1_793_491_200;
const TEAMS: u64 = 160;
const PEOPLE: u64 = 5;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words = arguments.iter().map(String::as_str);
    let words: Vec<&str> = words.filter(|a| !a.starts_with("--")).collect();
    match *words {
        ["write", directory, commits, namespaces] => {
            let (commits, namespaces) = (commits.parse().unwrap(), namespaces.parse().unwrap());
            write(Path::new(directory), commits, namespaces);
        }
        ["measure", directory] => measure(Path::new(directory)),
        _ => {
            let room = tempfile::tempdir().unwrap();
            let directory = room.path().join("estate");
            write(&directory, 3_000, 100);
            measure(&directory);
        }
    }
}

/// Numbers that look random, the same on every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 20) % sides
    }
}

/// A namespace as it stands.
struct Namespace {
    folder: String,
    name: String,
    team: u64,
    declared: bool,
    version: u64,
    accounts: u64,
}

impl Namespace {
    fn files(&self) -> Vec<(String, String)> {
        let Self {
            folder,
            name,
            team,
            version,
            ..
        } = self;
        let owner = if self.declared {
            format!("    platform.example.org/owner: \"Team {team}: team-{team}@example.org\"\n")
        } else {
            String::new()
        };
        let accounts: String = (0..self.accounts)
            .map(|n| format!("---\napiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: {name}-sa-{n}\n  namespace: {name}\n"))
            .collect();
        let mut files = vec![
            (
                format!("{folder}/00-namespace.yaml"),
                format!(
                    "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n  annotations:\n    platform.example.org/application: \"{name}\"\n    platform.example.org/revision: \"{version}\"\n{owner}"
                ),
            ),
            (
                format!("{folder}/01-rbac.yaml"),
                format!(
                    "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata:\n  name: {name}-admin\n  namespace: {name}\nsubjects:\n  - kind: Group\n    name: \"github:team-{team}\"\n    apiGroup: rbac.authorization.k8s.io\nroleRef:\n  kind: ClusterRole\n  name: admin\n  apiGroup: rbac.authorization.k8s.io\n"
                ),
            ),
            (
                format!("{folder}/02-limitrange.yaml"),
                format!(
                    "apiVersion: v1\nkind: LimitRange\nmetadata:\n  name: limitrange\n  namespace: {name}\nspec:\n  limits:\n  - default: {{cpu: {version}m}}\n    type: Container\n"
                ),
            ),
            (format!("{folder}/03-accounts.yaml"), accounts),
        ];
        for kind in ["s3", "rds", "irsa"] {
            files.push((
                format!("{folder}/resources/{kind}.tf"),
                format!("# revision {version}\nmodule \"{kind}\" {{\n  source = \"example/{kind}\"\n  namespace = \"{name}\"\n}}\n\nresource \"aws_iam_role\" \"{kind}\" {{\n  name = \"{name}-{kind}\"\n  assume_role_policy = \"{{}}\"\n}}\n"),
            ));
        }
        files
    }
}

fn person(team: u64, number: u64) -> String {
    let number = team * PEOPLE + number;
    match number % 9 {
        0 => format!("Person {number} <{number}+person-{number}@users.noreply.github.com>"),
        _ => format!("Person {number} <person.{number}@example.org>"),
    }
}

struct Stream<W: Write> {
    out: W,
    mark: u64,
    tip: u64,
    clock: i64,
}

impl<W: Write> Stream<W> {
    fn commit(
        &mut self,
        who: &str,
        message: &str,
        parents: &[u64],
        files: &[(String, Option<String>)],
    ) -> u64 {
        self.mark += 1;
        let (mark, clock) = (self.mark, self.clock);
        writeln!(self.out, "commit refs/heads/main\nmark :{mark}\nauthor {who} {clock} +0000\ncommitter {who} {clock} +0000\ndata {}\n{message}", message.len()).unwrap();
        for (number, parent) in parents.iter().filter(|parent| **parent > 0).enumerate() {
            let word = if number == 0 { "from" } else { "merge" };
            writeln!(self.out, "{word} :{parent}").unwrap();
        }
        for (path, content) in files {
            match content {
                Some(text) => write!(
                    self.out,
                    "M 100644 inline {path}\ndata {}\n{text}\n",
                    text.len()
                )
                .unwrap(),
                None => writeln!(self.out, "D {path}").unwrap(),
            }
        }
        writeln!(self.out).unwrap();
        mark
    }
}

fn write(directory: &Path, commits: u64, count: u64) {
    fs::create_dir_all(directory).unwrap();
    git(directory, &["init", "-q", "-b", "main"]);
    let mut import = Command::new("git")
        .current_dir(directory)
        .args(["fast-import", "--quiet", "--force"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let mut stream = Stream {
        out: BufWriter::new(import.stdin.take().unwrap()),
        mark: 0,
        tip: 0,
        clock: BEGIN,
    };
    let step = (END - BEGIN) / i64::try_from(commits).unwrap();
    let mut namespaces: Vec<Namespace> = Vec::new();
    let mut truth: BTreeMap<String, String> = BTreeMap::new();
    while stream.mark < commits {
        stream.clock += step;
        let due = (count * stream.mark * 5).div_ceil(commits * 4).min(count);
        let dice_team = dice.roll(TEAMS);
        if (namespaces.len() as u64) < due.max(1) {
            let number = namespaces.len();
            let cluster = if number.is_multiple_of(12) {
                "test"
            } else {
                "live"
            };
            let name = format!(
                "{}-{number}-{}",
                WORDS[number % 16],
                ["dev", "staging", "prod"][number % 3]
            );
            let namespace = Namespace {
                folder: format!("namespaces/{cluster}.example.org/{name}"),
                name,
                team: dice_team,
                declared: number % 10 < 7,
                version: 0,
                accounts: 2,
            };
            let who = person(namespace.team, dice.roll(PEOPLE));
            truth.insert(namespace.name.clone(), who.clone());
            let files = some(namespace.files());
            stream.tip = stream.commit(&who, "Add a namespace", &[stream.tip], &files);
            namespaces.push(namespace);
            continue;
        }
        let at = usize::try_from(dice.roll(namespaces.len() as u64)).unwrap();
        let namespace = &mut namespaces[at];
        namespace.version += 1;
        if dice.roll(40) == 0 && namespace.accounts < 5 {
            namespace.accounts += 1;
        }
        let all = namespace.files();
        let chosen = usize::try_from(dice.roll(all.len() as u64)).unwrap();
        let files: Vec<_> = some(all.into_iter().skip(chosen).take(1).collect());
        let who = match dice.roll(10) {
            0 => "renovate[bot] <29139614+renovate[bot]@users.noreply.github.com>".to_owned(),
            1 => person(dice.roll(TEAMS), dice.roll(PEOPLE)),
            _ => person(namespace.team, dice.roll(PEOPLE)),
        };
        // Most work comes in by branches.
        let base = stream.tip;
        if dice.roll(2) == 0 {
            let side = stream.commit(&who, "Change a namespace", &[base], &files);
            stream.tip = stream.commit(&who, "Merge pull request", &[base, side], &files);
        } else {
            stream.tip = stream.commit(&who, "Change a namespace", &[base], &files);
        }
        if dice.roll(4_000) == 0 {
            let files: Vec<_> = namespaces
                .iter_mut()
                .flat_map(|namespace| {
                    namespace.version += 1;
                    some(namespace.files().into_iter().take(1).collect())
                })
                .collect();
            stream.tip = stream.commit(
                "Sweeper <sweeper@example.org>",
                "Bump all",
                &[stream.tip],
                &files,
            );
        }
    }
    writeln!(stream.out, "done").unwrap();
    stream.out.flush().unwrap();
    drop(stream);
    assert!(import.wait().unwrap().success());
    git(directory, &["repack", "-a", "-d", "-q", "--window=10"]);
    git(directory, &["checkout", "-q", "-f", "main"]);
    let text = serde_json::to_string(&truth).unwrap();
    fs::write(directory.with_extension("truth.json"), text).unwrap();
}

fn some(files: Vec<(String, String)>) -> Vec<(String, Option<String>)> {
    files
        .into_iter()
        .map(|(path, text)| (path, Some(text)))
        .collect()
}

fn git(directory: &Path, arguments: &[&str]) {
    let status = Command::new("git")
        .current_dir(directory)
        .args(arguments)
        .status();
    assert!(status.unwrap().success());
}

/// What a scan took.
struct Took {
    wall: f64,
    processor: f64,
    memory: u64,
    report: serde_json::Value,
}

fn scan(directory: &Path, more: &[&str]) -> Took {
    let began = Instant::now();
    let output = Command::new("/usr/bin/time")
        .args(["-f", "%e %U %S %M", env!("CARGO_BIN_EXE_tenure")])
        .args(["scan", "--no-config", "--now", NOW, "--format", "json"])
        .args(more)
        .arg(directory)
        .output()
        .unwrap();
    let wall = began.elapsed().as_secs_f64();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let last = told.lines().last().unwrap_or_default().to_owned();
    let parts: Vec<f64> = last.split(' ').map(|part| part.parse().unwrap()).collect();
    Took {
        wall,
        processor: parts[1] + parts[2],
        memory: parts[3] as u64,
        report: serde_json::from_slice(&output.stdout).unwrap(),
    }
}

fn measure(directory: &Path) {
    let mut lines = String::new();
    let mut told = None;
    for more in [
        &["--owner-history", "none", "--no-history"][..],
        &["--owner-history", "none"],
        &["--owner-history", "undeclared"],
        &["--owner-history", "all"],
        &["--owner-history", "all", "--no-history"],
    ] {
        let took = scan(directory, more);
        let words = more.join(" ");
        let Took {
            wall,
            processor,
            memory,
            ..
        } = took;
        let owners = took.report["coverage"]["owner_history"].to_string();
        writeln!(
            lines,
            "{wall:7.2} s wall {processor:7.2} s processor {:5} MB  {words}  {owners}",
            memory / 1024
        )
        .unwrap();
        told = Some(took.report);
    }
    print!("{lines}");
    let Ok(truth) = fs::read(directory.with_extension("truth.json")) else {
        return;
    };
    let truth: BTreeMap<String, String> = serde_json::from_slice(&truth).unwrap();
    let report = told.unwrap();
    let (mut right, mut all) = (0, 0);
    for container in report["containers"].as_array().unwrap() {
        let Some(who) = truth.get(container["name"].as_str().unwrap_or_default()) else {
            continue;
        };
        let claims = container["ownership"]["claims"].as_array().unwrap();
        let brought = claims.iter().find(|claim| {
            claim["why"]
                .as_str()
                .is_some_and(|why| why.contains("brought it in"))
        });
        all += 1;
        right += u32::from(brought.is_some_and(|claim| claim["raw"] == who.as_str()));
    }
    println!("{right} of {all} namespaces: the person who brought it in is among those suggested");
}

const WORDS: [&str; 16] = [
    "billing", "claims", "courts", "data", "events", "forms", "grants", "hub", "intake", "jobs",
    "keys", "ledger", "mail", "notify", "orders", "prison",
];
