//! SARIF 2.1.0, within the limits of GitHub code scanning: a physical location for every result, at
//! most 5,000 results in a run (of more, it keeps no stated 5,000) and at most 20 runs in a file.

use super::text::{accepted, clean};
use super::view::{FindingRow, severity};
use super::{Report, text};
use crate::model::{Severity, Timestamp};
use crate::snapshot::{Check, Commit, Evidence, Finding, Problem};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io;

const RESULTS: usize = 5_000;
const RUNS: usize = 20;
/// Of these 100 are shown.
const RELATED: usize = 100;
const TAGS: usize = 20;
/// Coverage problems told in a run.
const NOTIFICATIONS: usize = 1_000;
const MESSAGE: usize = 1_000;

pub(super) fn write(report: &Report<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let rules = Rules::new(report);
    let mut rows: Vec<_> = report.findings.iter().chain(&report.waived).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.severity));
    let left_out = rows.len().saturating_sub(RESULTS * RUNS);
    rows.truncate(RESULTS * RUNS);
    let paths = Paths::new(report);
    let mut runs: Vec<_> = rows
        .chunks(RESULTS)
        .enumerate()
        .map(|(index, rows)| run(report, &rules, &paths, index, rows))
        .collect();
    if runs.is_empty() {
        runs.push(run(report, &rules, &paths, 0, &[]));
    }
    if left_out > 0
        && let Some(invocation) = runs.first_mut().and_then(|r| r.invocations.first_mut())
    {
        let text = format!(
            "{} of lower severity do not fit into a SARIF file; the other formats hold them",
            text::count(left_out, "result", "results")
        );
        let notifications = &mut invocation.tool_execution_notifications;
        notifications.insert(0, Notification::new("warning", text, "results-left-out"));
    }
    let log = Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs,
    };
    serde_json::to_writer_pretty(&mut *out, &log)?;
    out.write_all(b"\n")
}

fn run<'r>(
    report: &'r Report<'_>,
    rules: &Rules<'r>,
    paths: &Paths<'_>,
    index: usize,
    rows: &[&'r FindingRow<'_>],
) -> Run<'r> {
    let coverage = &report.snapshot.coverage;
    let told = report.problems.iter().take(NOTIFICATIONS);
    let notifications = told.map(|p| notification(p, paths)).collect();
    Run {
        tool: Tool {
            driver: Driver {
                name: &report.snapshot.tool.name,
                semantic_version: &report.snapshot.tool.version,
                rules: rules.list.clone(),
            },
        },
        // The first run has no id, so that the category of the upload applies to it. Further runs need
        // one of their own, or they would replace each other.
        automation_details: (index > 0).then(|| AutomationDetails {
            id: format!("tenure-{}/", index + 1),
        }),
        invocations: vec![Invocation {
            execution_successful: coverage.complete && report.totals.unread == 0,
            end_time_utc: Timestamp::parse(&report.snapshot.scanned_at).map(|t| t.to_string()),
            tool_execution_notifications: notifications,
        }],
        results: rows.iter().map(|row| result(row, rules, paths)).collect(),
        column_kind: "unicodeCodePoints",
    }
}

fn result<'r>(row: &'r FindingRow<'_>, rules: &Rules<'r>, paths: &Paths<'_>) -> Result<'r> {
    let f: &'r Finding = row.finding;
    let mut places = f
        .evidence
        .iter()
        .chain(row.subject.evidence.iter().copied());
    // A finding without evidence does not exist; a file that is there is better than no alert at all.
    let primary = places.next().map_or_else(
        || Location::of("nhi-registry.yaml".to_owned(), 1, None),
        |e| paths.location(e),
    );
    let exposure = f.evidence.first().and_then(|e| row.subject.exposure(e));
    let related = f.evidence.iter().skip(1).take(RELATED);
    let related = related.enumerate().map(|(index, e)| Location {
        id: Some(index + 1),
        message: Some(Message::new(&e.to_string())),
        ..paths.location(e)
    });
    let suppressions = f.waiver.iter().map(|w| Suppression {
        kind: match &*w.source {
            "comment" => "inSource",
            _ => "external",
        },
        status: "accepted",
        justification: match &*w.owner {
            "" => accepted(w),
            owner => clean(&format!(
                "{} (owner {owner}, approved by {}, until {})",
                w.reason, w.approver, w.expires
            )),
        },
    });
    let mut fingerprints = BTreeMap::new();
    fingerprints.insert("tenure/v1", f.fingerprint.to_string());
    // The only one that GitHub matches by; without it, it would hash the line, and a moved or renamed
    // line in an export would be a new alert.
    fingerprints.insert("primaryLocationLineHash", format!("{}:1", f.fingerprint));
    Result {
        rule_id: &f.check,
        rule_index: rules.index(&f.check),
        level: level(row.severity),
        rank: f32::from(row.severity as u8) * 25.0,
        message: Message::new(&message(row)),
        locations: vec![primary],
        related_locations: related.collect(),
        partial_fingerprints: fingerprints,
        baseline_state: match f.status.as_deref() {
            Some("new") => Some("new"),
            Some("persisting") => Some("unchanged"),
            _ => None,
        },
        suppressions: suppressions.collect(),
        properties: ResultProperties {
            severity: &f.severity,
            confidence: &f.confidence,
            subject_kind: &f.subject.kind,
            subject_id: &f.subject.id,
            owner: row.subject.ownership.and_then(|o| o.owner.as_deref()),
            owner_state: row.subject.owner_state().to_owned(),
            owner_evidence: text::how_known(&row.subject),
            privilege_tier: row.subject.tier().to_owned(),
            first_seen: &f.first_seen,
            in_tree: exposure.map(|e| e.in_tree),
            introduced: exposure.and_then(|e| e.introduced.as_ref()),
            removed: exposure.and_then(|e| e.removed.as_ref()),
            confidence_reasons: exposure.map_or(&[], |e| &e.reasons),
        },
    }
}

/// The finding's sentence, after the subject's name where it does not hold that.
fn message(row: &FindingRow<'_>) -> String {
    let (name, said) = (&row.subject.name, &row.finding.message);
    match said.contains(name.as_str()) {
        true => said.to_string(),
        false => format!("{name}: {said}"),
    }
}

fn notification(problem: &Problem, paths: &Paths<'_>) -> Notification {
    let level = match &*problem.kind {
        "unreadable" | "malformed" => "error",
        "limited" => "warning",
        _ => "note",
    };
    let uri = paths.uri(&problem.path);
    Notification {
        locations: vec![Location::of(uri, problem.line.unwrap_or(1), problem.column)],
        ..Notification::new(level, problem.message.clone(), &problem.kind)
    }
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// GitHub's bands: over 9.0 critical, from 7.0 high, from 4.0 medium, below low.
const fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
        Severity::Info => "0.0",
    }
}

/// The rules of all runs, in one order, so that an index means the same everywhere.
struct Rules<'r> {
    list: Vec<Rule>,
    index: BTreeMap<&'r str, usize>,
}

impl<'r> Rules<'r> {
    fn new(report: &'r Report<'_>) -> Self {
        let mut by_id: BTreeMap<&'r str, Rule> = BTreeMap::new();
        for check in &report.snapshot.checks {
            by_id.entry(&check.id).or_insert_with(|| Rule::of(check));
        }
        for row in report.findings.iter().chain(&report.waived) {
            let f = row.finding;
            by_id.entry(&f.check).or_insert_with(|| {
                Rule::of(&Check {
                    id: f.check.to_string(),
                    title: f.title.to_string(),
                    severity: f.severity.to_string(),
                    remediation: f.remediation.to_string(),
                    controls: f.controls.iter().map(ToString::to_string).collect(),
                    ..Check::default()
                })
            });
        }
        let mut counts: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
        for row in report.findings.iter().chain(&report.waived) {
            let [high, medium, low] = counts.entry(&row.finding.check).or_default();
            match &*row.finding.confidence {
                "low" => *low += 1,
                "medium" => *medium += 1,
                _ => *high += 1,
            }
        }
        for (id, rule) in &mut by_id {
            rule.properties.precision = precision(counts.get(id).copied().unwrap_or_default());
        }
        let index = by_id.keys().enumerate().map(|(i, id)| (*id, i)).collect();
        Self {
            list: by_id.into_values().collect(),
            index,
        }
    }

    fn index(&self, id: &str) -> usize {
        self.index.get(id).copied().unwrap_or_default()
    }
}

impl Rule {
    fn of(check: &Check) -> Self {
        let severity = severity(&check.severity);
        let title = if check.title.is_empty() {
            &check.id
        } else {
            &check.title
        };
        let about = if check.description.is_empty() {
            title
        } else {
            &check.description
        };
        let mut tags = vec!["security".to_owned(), "identity".to_owned()];
        tags.extend(check.controls.iter().map(|c| clean(c)));
        tags.truncate(TAGS);
        let mut markdown = format!("{}\n", clean(about));
        let mut plain = clean(about);
        if !check.remediation.is_empty() {
            let remedy = clean(&check.remediation);
            markdown.push_str(&format!("\n**What to do.** {remedy}\n"));
            plain.push_str(&format!("\n\nWhat to do: {remedy}"));
        }
        if !check.controls.is_empty() {
            let controls: Vec<_> = check.controls.iter().map(|c| clean(c)).collect();
            markdown.push_str(&format!("\n**Controls.** {}\n", controls.join(", ")));
        }
        Self {
            id: check.id.clone(),
            name: pascal(&check.id),
            short_description: Message::new(title),
            full_description: Message::new(about),
            default_configuration: Configuration {
                level: level(severity),
            },
            help: Help {
                text: plain,
                markdown,
            },
            properties: RuleProperties {
                security_severity: score(severity),
                precision: "high",
                problem_severity: match level(severity) {
                    "note" => "recommendation",
                    level => level,
                },
                tags,
            },
        }
    }
}

/// How precise a rule is here: as most of its findings are, the lower of two that are as frequent. `high`
/// without any.
fn precision([high, medium, low]: [usize; 3]) -> &'static str {
    match () {
        () if low > 0 && low >= medium.max(high) => "low",
        () if medium > 0 && medium >= high => "medium",
        () => "high",
    }
}

/// `owner-missing` → `OwnerMissing`, as SARIF wants names of rules.
fn pascal(id: &str) -> String {
    let words = id.split(|c: char| !c.is_alphanumeric());
    words
        .flat_map(|word| {
            let mut chars = word.chars();
            let first = chars.next().into_iter().flat_map(char::to_uppercase);
            first.chain(chars).collect::<Vec<_>>()
        })
        .collect()
}

/// How paths become URIs.
struct Paths<'a> {
    /// The root of the one repository scanned: GitHub wants paths from there. With several, the paths
    /// as typed keep them apart.
    root: Option<&'a str>,
}

impl<'a> Paths<'a> {
    fn new(report: &Report<'a>) -> Self {
        let root = match &*report.snapshot.coverage.repositories {
            [only] => Some(&*only.root),
            _ => None,
        };
        Self { root }
    }

    fn location(&self, evidence: &Evidence) -> Location {
        let uri = self.uri(&evidence.path);
        Location {
            logical_locations: evidence
                .pointer_text()
                .iter()
                .map(|pointer| LogicalLocation {
                    fully_qualified_name: clean(pointer),
                })
                .collect(),
            ..Location::of(uri, evidence.line.unwrap_or(1), evidence.column)
        }
    }

    fn uri(&self, path: &str) -> String {
        if path == "-" {
            return "stdin".to_owned();
        }
        let mut path = path;
        if let Some(root) = self.root {
            let root = root.trim_end_matches('/');
            let below = path.strip_prefix(root).and_then(|p| p.strip_prefix('/'));
            if !root.is_empty() {
                path = below.unwrap_or(path);
            }
        }
        while let Some(below) = path.strip_prefix("./") {
            path = below;
        }
        let encoded = percent(path);
        match encoded.starts_with('/') {
            true => format!("file://{encoded}"),
            false if encoded.is_empty() => ".".to_owned(),
            false => encoded,
        }
    }
}

/// Percent-encodes everything that has a meaning in a URI but the slash.
fn percent(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[derive(Serialize)]
struct Log<'r> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: Vec<Run<'r>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'r> {
    tool: Tool<'r>,
    #[serde(skip_serializing_if = "Option::is_none")]
    automation_details: Option<AutomationDetails>,
    invocations: Vec<Invocation>,
    column_kind: &'static str,
    results: Vec<Result<'r>>,
}

#[derive(Serialize)]
struct Tool<'r> {
    driver: Driver<'r>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver<'r> {
    name: &'r str,
    semantic_version: &'r str,
    rules: Vec<Rule>,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: String,
    name: String,
    short_description: Message,
    full_description: Message,
    default_configuration: Configuration,
    help: Help,
    properties: RuleProperties,
}

#[derive(Clone, Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Clone, Serialize)]
struct Help {
    text: String,
    markdown: String,
}

#[derive(Clone, Serialize)]
struct RuleProperties {
    #[serde(rename = "security-severity")]
    security_severity: &'static str,
    precision: &'static str,
    #[serde(rename = "problem.severity")]
    problem_severity: &'static str,
    tags: Vec<String>,
}

#[derive(Serialize)]
struct AutomationDetails {
    id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time_utc: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    level: &'static str,
    descriptor: Descriptor,
    message: Message,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locations: Vec<Location>,
}

impl Notification {
    fn new(level: &'static str, text: String, id: &str) -> Self {
        Self {
            level,
            descriptor: Descriptor { id: clean(id) },
            message: Message::new(&text),
            locations: Vec::new(),
        }
    }
}

#[derive(Serialize)]
struct Descriptor {
    id: String,
}

#[derive(Clone, Serialize)]
struct Message {
    text: String,
}

impl Message {
    fn new(text: &str) -> Self {
        let mut text = text::cut(&clean(text), MESSAGE);
        // `[text](target)` is a link in a SARIF message, and names come from strangers.
        if text.contains("](") {
            text = text.replace('[', "\\[").replace(']', "\\]");
        }
        Self { text }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Result<'r> {
    rule_id: &'r str,
    rule_index: usize,
    level: &'static str,
    rank: f32,
    message: Message,
    locations: Vec<Location>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location>,
    partial_fingerprints: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline_state: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressions: Vec<Suppression>,
    properties: ResultProperties<'r>,
}

#[derive(Serialize)]
struct Suppression {
    kind: &'static str,
    status: &'static str,
    justification: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultProperties<'r> {
    severity: &'r str,
    confidence: &'r str,
    subject_kind: &'r str,
    subject_id: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<&'r str>,
    owner_state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner_evidence: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    privilege_tier: String,
    first_seen: &'r str,
    /// Of a credential at the first place: whether it stands there still, who brought it in and took it
    /// out, and what speaks for and against it.
    #[serde(skip_serializing_if = "Option::is_none")]
    in_tree: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    introduced: Option<&'r Commit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    removed: Option<&'r Commit>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    confidence_reasons: &'r [String],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<LogicalLocation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message>,
}

impl Location {
    fn of(uri: String, line: u32, column: Option<u32>) -> Self {
        Self {
            id: None,
            physical_location: PhysicalLocation {
                artifact_location: ArtifactLocation { uri },
                region: Region {
                    start_line: line.max(1),
                    start_column: column.filter(|c| *c > 0),
                },
            },
            logical_locations: Vec::new(),
            message: None,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation {
    fully_qualified_name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_column: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::precision;

    #[test]
    fn a_rule_is_as_precise_as_most_of_its_findings() {
        assert_eq!(precision([0, 0, 0]), "high");
        assert_eq!(precision([3, 1, 1]), "high");
        assert_eq!(precision([1, 1, 0]), "medium");
        assert_eq!(precision([0, 1, 1]), "low");
    }
}
