//! AWS exports of growing size: how long a scan takes, how much memory, and how often it is right.
//!
//! - `cargo bench --bench aws`: wall time of a scan of 1,000, 10,000 and 100,000 principals.
//! - `cargo bench --bench aws -- growth`: CPU time on one core and peak memory for each size and form of output, and
//!   the exponent of growth. On Linux.
//! - `cargo bench --bench aws -- accuracy [PRINCIPALS]`: what was planted against what was found.
//! - `cargo bench --bench aws -- write DIRECTORY PRINCIPALS ACCOUNTS [encoded]`: the exports, and `truth.json` beside.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a measurement that fails shall say so"
)]

mod estate;

use divan::Bencher;
use estate::{Options, Planted};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Principals and accounts.
const SIZES: [(usize, usize); 3] = [(1_000, 1), (10_000, 1), (100_000, 50)];
const NOW: &str = "2026-11-02T00:00:00Z";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments
        .iter()
        .map(String::as_str)
        .filter(|a| !a.starts_with("--"))
        .collect();
    match *words {
        ["growth"] => growth(),
        ["accuracy"] => accuracy(2_000),
        ["accuracy", principals] => accuracy(principals.parse().unwrap()),
        ["write", directory, principals, accounts, ref more @ ..] => {
            let mut options = Options::of(principals.parse().unwrap(), accounts.parse().unwrap());
            options.encoded = more.contains(&"encoded");
            let directory = Path::new(directory);
            let truth = write(directory, &options);
            fs::write(
                directory.with_extension("truth.json"),
                estate::truth_json(&truth),
            )
            .unwrap();
        }
        _ => divan::main(),
    }
}

#[divan::bench(args = SIZES, sample_count = 3, sample_size = 1)]
fn scan(bencher: Bencher<'_, '_>, (principals, accounts): (usize, usize)) {
    let room = tempfile::tempdir().unwrap();
    write(room.path(), &Options::of(principals, accounts));
    bencher.bench_local(|| assert!(command(room.path(), "terminal").status().unwrap().success()));
}

/// Writes an estate, a file for each account, and returns what is true of it.
fn write(directory: &Path, options: &Options) -> Vec<Planted> {
    fs::create_dir_all(directory).unwrap();
    let mut truth = Vec::new();
    for (index, account) in estate::accounts(options).iter().enumerate() {
        let file = fs::File::create(directory.join(format!("{account}.json"))).unwrap();
        let mut file = BufWriter::new(file);
        truth.extend(estate::write_account(options, index, &mut file).unwrap());
        file.flush().unwrap();
    }
    truth
}

fn command(directory: &Path, format: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenure"));
    command.args(["scan", "--no-config", "--now", NOW, "--format", format]);
    command.arg(directory).env("RAYON_NUM_THREADS", "1");
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// CPU seconds that all finished children took, in steps of a hundredth.
fn spent() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let (_, fields) = stat.rsplit_once(')').unwrap_or_default();
    let fields: Vec<f64> = fields
        .split_whitespace()
        .map(|f| f.parse().unwrap_or(0.0))
        .collect();
    (fields[13] + fields[14]) / 100.0
}

/// CPU seconds and peak megabytes of one scan.
fn measure(directory: &Path, format: &str) -> (f64, f64) {
    let before = spent();
    let mut child = command(directory, format).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak: f64 = 0.0;
    while child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|l| l.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|l| l.split_whitespace().next()?.parse().ok());
        peak = peak.max(kilobytes.unwrap_or(0.0));
        std::thread::sleep(Duration::from_millis(2));
    }
    (spent() - before, peak / 1024.0)
}

fn growth() {
    println!("principals  output    CPU s  s/1000  peak MB");
    let mut times: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
    for (principals, accounts) in SIZES {
        let room = tempfile::tempdir().unwrap();
        write(room.path(), &Options::of(principals, accounts));
        for format in ["terminal", "json", "csv"] {
            let (seconds, peak) = measure(room.path(), format);
            let thousands = principals as f64 / 1000.0;
            println!(
                "{principals:>10}  {format:8} {seconds:>6.2}  {:.4}  {peak:>7.0}  {}",
                seconds / thousands,
                "#".repeat((seconds / thousands * 100.0) as usize)
            );
            times
                .entry(format)
                .or_default()
                .push((principals as f64, seconds));
        }
    }
    for (format, points) in times {
        let (from, to) = (points[0], points[points.len() - 1]);
        let exponent = (to.1 / from.1).ln() / (to.0 / from.0).ln();
        println!("{format}: time grows with principals to the power of {exponent:.2}");
    }
}

/// Of each technique: planted open and found, planted closed and found all the same.
fn accuracy(principals: usize) {
    let room = tempfile::tempdir().unwrap();
    let truth = write(
        room.path(),
        &Options::of(principals, 4.min(principals / 100).max(1)),
    );
    let start = Instant::now();
    let output = command(room.path(), "json")
        .stdout(Stdio::piped())
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let identities = report["identities"].as_array().unwrap();
    let found: BTreeMap<&str, &serde_json::Value> = identities
        .iter()
        .map(|i| (i["id"].as_str().unwrap(), &i["privilege"]))
        .collect();
    let mut rows: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
    for planted in &truth {
        let row = rows.entry(planted.technique).or_default();
        let hit = estate::reached(planted, found[planted.principal.as_str()]);
        let at = if planted.closed.is_some() { 2 } else { 0 };
        row[at] += 1;
        row[at + 1] += usize::from(hit);
    }
    println!("technique                 open found closed false");
    let mut sum = [0; 4];
    for (technique, row) in &rows {
        println!(
            "{technique:24} {:>5} {:>5} {:>6} {:>5}",
            row[0], row[1], row[2], row[3]
        );
        for (total, count) in sum.iter_mut().zip(row) {
            *total += count;
        }
    }
    println!(
        "{:24} {:>5} {:>5} {:>6} {:>5}",
        "all", sum[0], sum[1], sum[2], sum[3]
    );
    let planted: std::collections::BTreeSet<&str> =
        truth.iter().map(|p| p.principal.as_str()).collect();
    let wide = found.iter().filter(|(id, privilege)| {
        let tier = privilege["tier"].as_str().unwrap_or_default();
        !planted.contains(*id) && ["admin", "escalate"].contains(&tier)
    });
    println!("others found wide: {}; {:?}", wide.count(), start.elapsed());
}
