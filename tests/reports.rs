//! Reports as their readers see them, through the public surface.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail like tests"
)]

use std::collections::BTreeSet;
use std::path::PathBuf;
use tenure::drift::against_baseline;
use tenure::model::Severity;
use tenure::report::show::{self, Lookup};
use tenure::report::{FILES, Format, Report, Style, Table, ViewOptions, write};
use tenure::snapshot::{Evidence, Finding, Identity, Snapshot, Subject, schema};

fn fixture(name: &str) -> Snapshot {
    let path = format!(
        "{}/fixtures/snapshots/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    Snapshot::parse(&std::fs::read(path).unwrap()).unwrap()
}

/// The estate of today, compared with the one of a month ago.
fn estate() -> Snapshot {
    let mut now = fixture("after");
    against_baseline(&mut now, &fixture("before"));
    now
}

fn style(width: usize) -> Style {
    Style {
        width,
        ..Style::default()
    }
}

fn render(snapshot: &Snapshot, format: Format, style: &Style, options: &ViewOptions) -> String {
    let mut out = Vec::new();
    write(format, &Report::new(snapshot, options), &mut out, style).unwrap();
    String::from_utf8(out).unwrap()
}

fn plain(snapshot: &Snapshot, format: Format) -> String {
    render(snapshot, format, &style(100), &ViewOptions::default())
}

fn shown(snapshot: &Snapshot, query: &str, width: usize) -> String {
    let mut out = Vec::new();
    show::write(&show::identity(snapshot, query), &mut out, &style(width)).unwrap();
    String::from_utf8(out).unwrap()
}

/// The text without escape sequences of colour.
fn uncolored(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| {
        all + part.split_once('m').map_or("", |(_, rest)| rest)
    })
}

fn columns(line: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(line)
}

#[test]
fn terminal_at_80_columns() {
    let text = render(
        &estate(),
        Format::Terminal,
        &style(80),
        &ViewOptions::default(),
    );
    insta::assert_snapshot!(text);
}

#[test]
fn terminal_at_120_columns() {
    let text = render(
        &estate(),
        Format::Terminal,
        &style(120),
        &ViewOptions::default(),
    );
    insta::assert_snapshot!(text);
}

#[test]
fn terminal_with_everything_that_is_hidden() {
    let options = ViewOptions {
        include_human: true,
        include_provider_managed: true,
        show_waived: true,
        minimum: Severity::Medium,
        limit: 3,
    };
    let text = render(&fixture("after"), Format::Terminal, &style(100), &options);
    insta::assert_snapshot!(text);
}

#[test]
fn terminal_when_nothing_is_found() {
    let mut snapshot = fixture("before");
    snapshot.findings.clear();
    snapshot.identities.retain(|i| i.ownership.state == "owned");
    let known: BTreeSet<_> = snapshot.identities.iter().map(|i| i.id.clone()).collect();
    let of_known =
        |id: &Option<tenure::model::Str>| id.as_ref().is_some_and(|id| known.contains(id));
    snapshot.credentials.retain(|c| of_known(&c.identity));
    let all = render(
        &snapshot,
        Format::Terminal,
        &style(80),
        &ViewOptions::default(),
    );
    let mut nothing = Snapshot::default();
    nothing.coverage.complete = true;
    nothing.coverage.files = 3;
    let none = render(
        &nothing,
        Format::Terminal,
        &style(80),
        &ViewOptions::default(),
    );
    insta::assert_snapshot!(format!("{all}-----\n{none}"));
}

#[test]
fn colour_changes_nothing_but_colour_and_lines_keep_to_the_width() {
    for width in [60, 80, 99, 100, 120, 132] {
        let snapshot = estate();
        let options = ViewOptions::default();
        let without = render(&snapshot, Format::Terminal, &style(width), &options);
        let color = Style {
            color: true,
            ..style(width)
        };
        let with = render(&snapshot, Format::Terminal, &color, &options);
        assert!(with.contains("\u{1b}[") && !without.contains('\u{1b}'));
        let lines =
            |text: &str| -> Vec<String> { text.lines().map(|l| l.trim_end().to_owned()).collect() };
        assert_eq!(lines(&uncolored(&with)), lines(&without));
        for line in without
            .lines()
            .chain(shown(&snapshot, "ci-deploy", width).lines())
        {
            assert!(columns(line) <= width, "{width}: {line}");
        }
    }
}

#[test]
fn csv_files() {
    for (name, format) in FILES {
        if let Format::Csv(_) = format {
            let text = plain(&estate(), format);
            insta::assert_snapshot!(name, text.replace("\r\n", "\n"));
        }
    }
}

#[test]
fn csv_is_quoted_ended_and_rectangular() {
    for table in [Table::OwnershipGaps, Table::Inventory, Table::Findings] {
        let text = plain(&estate(), Format::Csv(table));
        assert!(text.ends_with("\"\r\n") && text.starts_with('"'));
        assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let names: BTreeSet<_> = reader
            .headers()
            .unwrap()
            .iter()
            .map(str::to_owned)
            .collect();
        assert_eq!(names.len(), reader.headers().unwrap().len());
        let ids: Vec<_> = reader.records().map(|r| r.unwrap()[0].to_owned()).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    }
}

/// An estate in which every text is this one.
fn hostile(text: &str) -> Snapshot {
    let evidence = Evidence {
        path: text.into(),
        pointer: Some(text.into()),
        reader: text.to_owned().into(),
        ..Evidence::default()
    };
    let mut identity = Identity {
        id: text.to_owned().into(),
        platform: text.to_owned().into(),
        kind: text.to_owned().into(),
        name: text.to_owned().into(),
        account: Some(text.to_owned().into()),
        namespace: Some(text.to_owned().into()),
        purpose: Some(text.to_owned().into()),
        evidence: vec![evidence.clone()],
        ..Identity::default()
    };
    identity.ownership.state = "disputed".to_owned().into();
    identity.ownership.owner = Some(text.to_owned().into());
    identity.ownership.reason = text.to_owned().into();
    identity.privilege.tier = text.to_owned().into();
    identity.privilege.reach = vec![text.to_owned().into()];
    let finding = Finding {
        fingerprint: "00".to_owned().into(),
        check: text.to_owned().into(),
        title: text.to_owned().into(),
        severity: "high".to_owned().into(),
        subject: Subject {
            kind: "identity".to_owned().into(),
            id: text.to_owned().into(),
            name: text.to_owned().into(),
        },
        message: text.to_owned().into(),
        evidence: vec![evidence],
        remediation: text.to_owned().into(),
        controls: vec![text.to_owned().into(); 30],
        ..Finding::default()
    };
    let mut snapshot = Snapshot {
        identities: vec![identity],
        findings: vec![finding],
        ..Snapshot::default()
    };
    snapshot.tool.name = text.to_owned();
    snapshot.scanned_at = text.to_owned();
    snapshot.coverage.readers.insert(text.to_owned(), 1);
    snapshot.coverage.problems = vec![tenure::snapshot::Problem {
        path: text.to_owned(),
        kind: "malformed".to_owned(),
        message: text.to_owned(),
        ..Default::default()
    }];
    let before = Snapshot {
        scanned_at: text.to_owned(),
        ..Snapshot::default()
    };
    against_baseline(&mut snapshot, &before);
    snapshot
}

#[test]
fn nothing_from_inputs_reaches_the_terminal_raw() {
    let controls =
        "a\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{8}\r\nb\u{202e}c\u{2066}d\u{200b}\0e\u{e0041}";
    let snapshot = hostile(controls);
    for width in [0, 80, 120, usize::MAX] {
        let report = render(
            &snapshot,
            Format::Terminal,
            &style(width),
            &ViewOptions::default(),
        );
        for text in [
            report,
            shown(&snapshot, controls, width),
            shown(&snapshot, "a", width),
        ] {
            let bad = text.chars().find(|c| {
                (c.is_control() && *c != '\n')
                    || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{e0000}'..='\u{e0fff}')
            });
            assert_eq!(bad, None, "{text}");
        }
    }
}

#[test]
fn enormous_names_are_cut() {
    let snapshot = hostile(&"x/".repeat(40_000));
    let report = render(
        &snapshot,
        Format::Terminal,
        &style(80),
        &ViewOptions::default(),
    );
    assert!(report.lines().all(|line| columns(line) <= 80));
    let markdown = plain(&snapshot, Format::Markdown);
    assert!(markdown.len() < 65_536, "{}", markdown.len());
    for (_, format) in FILES {
        plain(&snapshot, format);
    }
}

#[test]
fn no_cell_is_a_formula() {
    for start in [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1",
        "\u{feff}=1",
        "＝1",
    ] {
        for table in [Table::OwnershipGaps, Table::Inventory, Table::Findings] {
            let snapshot = hostile(start);
            let text = plain(&snapshot, Format::Csv(table));
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            for record in reader.records() {
                for cell in &record.unwrap() {
                    let first = cell.trim_start().chars().next();
                    assert!(!first.is_some_and(|c| "=+-@＝".contains(c)), "{cell:?}");
                    assert!(!cell.contains(['\r', '\n', '\t']), "{cell:?}");
                }
            }
            let raw = Style {
                raw_csv: true,
                ..Style::default()
            };
            let raw = render(&snapshot, Format::Csv(table), &raw, &ViewOptions::default());
            assert!(!raw.contains("\"'"), "{raw}");
        }
    }
}

#[test]
fn markdown() {
    insta::assert_snapshot!(plain(&estate(), Format::Markdown));
}

#[test]
fn markdown_pings_links_and_renders_nothing_from_inputs() {
    let text = plain(
        &hostile("@octocat <img src=x onerror=alert(1)> [a](https://b) | `@team` ``` #1 www.c.d"),
        Format::Markdown,
    );
    insta::assert_snapshot!(text);
    let prose = outside_code(&text);
    for bad in ["<img", "](", "://", "www.", "@o", "@t", "#1"] {
        assert!(!prose.contains(bad), "{bad} in {prose}");
    }
}

/// Markdown without its code spans.
fn outside_code(text: &str) -> String {
    let (mut prose, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('`') {
        let escaped = before.ends_with('\\');
        let inner = after.trim_start_matches('`');
        let fence = "`".repeat(1 + after.len() - inner.len());
        prose.push_str(before);
        rest = if escaped {
            after
        } else {
            inner
                .split_once(&fence)
                .expect("an open code span")
                .1
                .trim_start_matches('`')
        };
    }
    prose + rest
}

#[test]
fn sarif() {
    insta::assert_snapshot!(plain(&estate(), Format::Sarif));
}

fn sarif_of(snapshot: &Snapshot) -> serde_json::Value {
    serde_json::from_str(&plain(snapshot, Format::Sarif)).unwrap()
}

/// What GitHub asks for beyond the schema, for every run and result.
fn assert_sarif(log: &serde_json::Value) {
    assert_eq!(log["version"], "2.1.0");
    let runs = log["runs"].as_array().unwrap();
    assert!((1..=20).contains(&runs.len()));
    let mut categories = BTreeSet::new();
    for run in runs {
        assert!(categories.insert(run["automationDetails"]["id"].as_str()));
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        for rule in rules {
            let tags = rule["properties"]["tags"].as_array().unwrap();
            assert!(tags.len() <= 20 && tags.contains(&"security".into()));
            let score = rule["properties"]["security-severity"].as_str().unwrap();
            assert!((0.0..=10.0).contains(&score.parse::<f64>().unwrap()));
            assert!(rule["help"]["markdown"].is_string() && rule["name"].is_string());
        }
        let results = run["results"].as_array().unwrap();
        assert!(results.len() <= 5_000);
        let ranks: Vec<_> = results
            .iter()
            .map(|r| r["rank"].as_f64().unwrap())
            .collect();
        assert!(ranks.is_sorted_by(|a, b| a >= b));
        for result in results {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"]);
            let place = &result["locations"][0]["physicalLocation"];
            let uri = place["artifactLocation"]["uri"].as_str().unwrap();
            assert!(!uri.is_empty() && uri.is_ascii() && !uri.contains([' ', '\\', '[', '#']));
            assert!(place["region"]["startLine"].as_u64().unwrap() >= 1);
            assert!(place["region"].get("snippet").is_none());
            assert!(result["partialFingerprints"]["tenure/v1"].is_string());
            assert!(result["message"]["text"].as_str().unwrap().chars().count() <= 1_000);
        }
    }
}

#[test]
fn sarif_is_what_github_takes() {
    let log = sarif_of(&estate());
    assert_sarif(&log);
    let run = &log["runs"][0];
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
    let results = run["results"].as_array().unwrap();
    let waived: Vec<_> = results
        .iter()
        .filter(|r| r.get("suppressions").is_some())
        .collect();
    assert_eq!(waived.len(), 1);
    assert_eq!(waived[0]["suppressions"][0]["kind"], "external");
    assert!(results.iter().all(|r| r["baselineState"].is_string()));
    assert!(
        sarif_of(&fixture("after"))["runs"][0]["results"][0]
            .get("baselineState")
            .is_none()
    );
    assert_sarif(&sarif_of(&hostile("a b/ü#?%[x](y)\\ .yaml")));
    assert_sarif(&sarif_of(&Snapshot::default()));
}

#[test]
fn sarif_splits_what_is_too_much_for_one_run() {
    let mut snapshot = fixture("after");
    let finding = snapshot.findings[0].clone();
    snapshot.findings = (0..12_001)
        .map(|n| Finding {
            fingerprint: format!("{n:032x}").into(),
            severity: if n % 2 == 0 { "low" } else { "high" }.into(),
            ..finding.clone()
        })
        .collect();
    let log = sarif_of(&snapshot);
    assert_sarif(&log);
    let runs = log["runs"].as_array().unwrap();
    let sizes: Vec<_> = runs
        .iter()
        .map(|r| r["results"].as_array().unwrap().len())
        .collect();
    assert_eq!(sizes, [5_000, 5_000, 2_001]);
    assert_eq!(runs[0]["results"][0]["level"], "error");
}

#[test]
fn sarif_paths_are_relative_to_the_repository() {
    let uri = |root: &str, path: &str| {
        let mut snapshot = fixture("after");
        snapshot.coverage.repositories[0].root = root.to_owned();
        snapshot.findings.truncate(1);
        snapshot.findings[0].evidence[0].path = path.into();
        let log = sarif_of(&snapshot);
        let place = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
        place["artifactLocation"]["uri"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(uri(".", "./infra/a b.tf"), "infra/a%20b.tf");
    assert_eq!(uri("", "infra/a.tf"), "infra/a.tf");
    assert_eq!(uri("work/repo", "work/repo/a.tf"), "a.tf");
    assert_eq!(uri("/work/repo/", "/work/repo/a.tf"), "a.tf");
    assert_eq!(
        uri("/work/repo", "/work/repository/a.tf"),
        "file:///work/repository/a.tf"
    );
    assert_eq!(uri(".", "-"), "stdin");
}

#[test]
fn json_is_the_snapshot_and_reads_back() {
    let snapshot = estate();
    let text = plain(&snapshot, Format::Json);
    assert!(text.ends_with("}\n"));
    assert_eq!(Snapshot::parse(text.as_bytes()).unwrap(), snapshot);
    let gone = Snapshot::parse(text.as_bytes()).unwrap();
    for (_, format) in FILES {
        assert_eq!(plain(&gone, format), plain(&snapshot, format));
    }
}

#[test]
fn one_identity() {
    let snapshot = estate();
    insta::assert_snapshot!("show_user", shown(&snapshot, "ci-deploy", 80));
    insta::assert_snapshot!("show_agent", shown(&snapshot, "agents/triage-agent", 100));
    insta::assert_snapshot!("show_vendor", shown(&snapshot, "vendor-monitoring", 100));
    insta::assert_snapshot!("show_stray_token", shown(&snapshot, "xoxb-…q7Lk", 80));
}

#[test]
fn one_identity_is_found_by_what_people_call_it() {
    let snapshot = estate();
    let user = "arn:aws:iam::111122223333:user/ci-deploy";
    let found = |query: &str| match show::identity(&snapshot, query) {
        Lookup::Identity(view) => view.identity.id.to_string(),
        Lookup::Credential(view) => view.credential.id.to_string(),
        Lookup::Container(view) => view.container.id.to_string(),
        Lookup::Several(ids, all) => format!("{all}: {}", ids.join(" ")),
        Lookup::Unknown(ids) => format!("none: {}", ids.join(" ")),
    };
    for query in [
        user,
        "ci-deploy",
        " CI-Deploy ",
        "user/ci-deploy",
        "AKIAIOSFODNN7EXAMPLE",
    ] {
        assert_eq!(found(query), user, "{query}");
    }
    assert_eq!(found("payments/api"), "k8s:cluster/payments/api");
    assert_eq!(found("ci-deploi"), format!("none: {user}"));
    assert_eq!(found(""), "none: ");
    assert_eq!(found(&"x".repeat(100_000)), "none: ");
    let mut twins = snapshot.clone();
    twins.identities[0].name = "ci-deploy".to_owned().into();
    let several = match show::identity(&twins, "ci-deploy") {
        Lookup::Several(_, all) => all,
        _ => 0,
    };
    assert_eq!(several, 2);
}

#[test]
fn one_identity_for_programs() {
    let snapshot = estate();
    let mut out = Vec::new();
    show::write_json(&show::identity(&snapshot, "ci-deploy"), &mut out).unwrap();
    let view: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(view["identity"]["name"], "ci-deploy");
    assert_eq!(view["credentials"][0]["display"], "AKIAIOSFODNN7EXAMPLE");
    assert_eq!(view["findings"].as_array().unwrap().len(), 6);
    assert_eq!(view["changes"].as_array().unwrap().len(), 3);
}

#[test]
fn what_is_hidden_is_counted() {
    let snapshot = fixture("after");
    let all = Report::new(
        &snapshot,
        &ViewOptions {
            include_human: true,
            include_provider_managed: true,
            ..ViewOptions::default()
        },
    );
    let some = Report::new(&snapshot, &ViewOptions::default());
    let hidden = some.hidden;
    assert_eq!(
        (hidden.human, hidden.provider_managed, hidden.waived),
        (1, 1, 1)
    );
    assert_eq!(all.inventory.len() - some.inventory.len(), 2);
    assert_eq!(
        all.findings.len() - some.findings.len(),
        hidden.human_findings + hidden.provider_managed_findings
    );
    let high = ViewOptions {
        minimum: Severity::High,
        ..ViewOptions::default()
    };
    let high = Report::new(&snapshot, &high);
    assert!(
        high.gaps
            .iter()
            .all(|gap| gap.severity >= Some(Severity::High))
    );
    let (a, b) = (
        high.findings.len() + high.waived.len(),
        some.findings.len() + some.waived.len(),
    );
    assert_eq!(a + high.hidden.below_minimum, b);
}

#[test]
fn the_order_in_a_snapshot_does_not_matter() {
    let snapshot = estate();
    let mut shuffled = snapshot.clone();
    shuffled.findings.reverse();
    shuffled.identities.reverse();
    shuffled.credentials.reverse();
    shuffled.checks.reverse();
    shuffled.coverage.problems.reverse();
    for (name, format) in FILES {
        if format != Format::Json {
            assert_eq!(plain(&snapshot, format), plain(&shuffled, format), "{name}");
        }
    }
}

#[test]
fn formats_have_names() {
    for (name, format) in Format::ALL {
        assert_eq!(name.parse(), Ok(format));
        assert_eq!(format.to_string(), name);
    }
    assert!("html".parse::<Format>().is_err());
}

#[test]
fn the_published_schema_is_that_of_the_types() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("rules/snapshot.schema.json");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, schema()).unwrap();
    }
    let published = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        published == schema(),
        "rules/snapshot.schema.json is stale: run with UPDATE=1"
    );
}
