//! Random registries and random edits: what is asked for changes, and nothing else.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that panics has failed, as it should"
)]

use super::*;
use proptest::prelude::*;

fn stub(id: &str) -> Stub {
    Stub {
        id: id.to_owned(),
        notes: vec!["aws-user · privilege: admin".to_owned()],
        fields: vec![Field {
            key: "owner",
            value: Value::Text(String::new()),
            note: Some("suggested: team:a".to_owned()),
        }],
    }
}

fn changed(text: &str, changes: &[Change]) -> String {
    let registry = Registry::read(text.as_bytes()).unwrap();
    let changed = registry
        .change(changes)
        .unwrap_or_else(|e| panic!("{e:?}\n{text}"));
    String::from_utf8(changed.bytes()).unwrap()
}

fn appended(text: &str) -> String {
    changed(text, &[Change::Append(vec![stub("x")])])
}

fn set(text: &str, fields: &[(&'static str, &str)]) -> String {
    let fields = fields.iter().map(|(k, v)| (*k, (*v).to_owned())).collect();
    changed(text, &[Change::Set(0, fields)])
}

#[test]
fn entries_are_added_in_the_style_of_those_that_are_there() {
    for (old, new) in [
        (
            "",
            "version: 1\nidentities:\n\n  - id: \"x\"\n    # aws-user · privilege: admin\n    owner: \"\"  # suggested: team:a\n",
        ),
        (
            "# mine\n",
            "# mine\nversion: 1\nidentities:\n\n  - id: \"x\"\n    # aws-user · privilege: admin\n    owner: \"\"  # suggested: team:a\n",
        ),
        (
            "version: 1\n",
            "version: 1\nidentities:\n\n  - id: \"x\"\n    # aws-user · privilege: admin\n    owner: \"\"  # suggested: team:a\n",
        ),
        (
            "version: 1\nidentities: []  # none yet\nx-a: b\n",
            "version: 1\nidentities:   # none yet\n\n  - id: \"x\"\n    # aws-user · privilege: admin\n    owner: \"\"  # suggested: team:a\nx-a: b\n",
        ),
        (
            "identities: []",
            "identities:\n\n  - id: \"x\"\n    # aws-user · privilege: admin\n    owner: \"\"  # suggested: team:a",
        ),
        (
            "identities:\n# none\nversion: 1",
            "identities:\n\n  - id: \"x\"\n    # aws-user · privilege: admin\n    owner: \"\"  # suggested: team:a\n# none\nversion: 1",
        ),
        (
            "identities:\r\n-   id: a\r\n    owner: b\r\n-   id: b # c\r\n    # of b\r\n# end\r\n",
            "identities:\r\n-   id: a\r\n    owner: b\r\n-   id: b # c\r\n    # of b\r\n-   id: \"x\"\r\n    # aws-user · privilege: admin\r\n    owner: \"\"  # suggested: team:a\r\n# end\r\n",
        ),
        (
            "identities:\n  - id: a\n    purpose: |\n      t\n\n      # no comment\n\n\nx-b: c\n",
            "identities:\n  - id: a\n    purpose: |\n      t\n\n      # no comment\n\n  - id: \"x\"\n    # aws-user · privilege: admin\n    owner: \"\"  # suggested: team:a\n\n\nx-b: c\n",
        ),
        (
            "identities: [{id: a}]  # all\n",
            "identities: [{id: a},\n    # aws-user · privilege: admin\n    # owner: suggested: team:a\n    {id: \"x\", owner: \"\"}]  # all\n",
        ),
        (
            "{\"version\": 1, \"identities\": [\n  {\"id\": \"a\"}\n]}\n",
            "{\"version\": 1, \"identities\": [\n  {\"id\": \"a\"},\n  {\"id\": \"x\", \"owner\": \"\"}\n]}\n",
        ),
        (
            "{\"identities\": []}\n",
            "{\"identities\": [\n    {\"id\": \"x\", \"owner\": \"\"}\n]}\n",
        ),
        (
            "---\nidentities:\n- id: a\n...\n",
            "---\nidentities:\n- id: a\n\n- id: \"x\"\n  # aws-user · privilege: admin\n  owner: \"\"  # suggested: team:a\n...\n",
        ),
    ] {
        assert_eq!(appended(old), new, "{old}");
    }
    assert_eq!(
        appended("\u{feff}identities:\n- id: a\n")
            .matches('\u{feff}')
            .count(),
        1
    );
}

#[test]
fn fields_are_set_where_they_stand() {
    for (old, fields, new) in [
        (
            "identities:\n- id: a\n  owner: b  # c\n",
            vec![("owner", "team:x")],
            "identities:\n- id: a\n  owner: team:x  # c\n",
        ),
        (
            "identities:\n- id: a\n  owner: 'b'\n",
            vec![("owner", "it's")],
            "identities:\n- id: a\n  owner: 'it''s'\n",
        ),
        (
            "identities:\n- id: a\n  owner:  # c\n",
            vec![("owner", "team:x")],
            "identities:\n- id: a\n  owner: team:x  # c\n",
        ),
        (
            "identities:\n- id: a\n  # why\n  tenants:\n  - t\n",
            vec![
                ("owner", "team:x"),
                ("purpose", "a: b"),
                ("attested_by", "jane"),
                ("attested_on", "2026-11-22"),
            ],
            "identities:\n- id: a\n  owner: team:x\n  purpose: \"a: b\"\n  # why\n  tenants:\n  - t\n  attested_by: jane\n  attested_on: 2026-11-22\n",
        ),
        (
            "identities: [{id: a}, {id: b}]\n",
            vec![("owner", "team:x"), ("attested_by", "j, k")],
            "identities: [{id: a, owner: team:x, attested_by: \"j, k\"}, {id: b}]\n",
        ),
        (
            "{\"identities\": [{\"id\": \"a\", \"owner\": \"\"}]}",
            vec![("owner", "team:x"), ("purpose", "p")],
            "{\"identities\": [{\"id\": \"a\", \"owner\": \"team:x\", \"purpose\": \"p\"}]}",
        ),
        (
            "identities:\n- match: {name: x}\n  purpose: >-\n    long\n    text\n\n  # end\n- id: b",
            vec![("purpose", "short"), ("owner", "user:j")],
            "identities:\n- match: {name: x}\n  owner: user:j\n  purpose: \"short\"\n\n  # end\n- id: b",
        ),
        (
            "identities:\n- id: a",
            vec![("owner", "team:x")],
            "identities:\n- id: a\n  owner: team:x",
        ),
        (
            "identities:\n- id: a\n  owner: ~\n  purpose: x\n   y\n",
            vec![("owner", "team:x"), ("purpose", "z")],
            "identities:\n- id: a\n  owner: team:x\n  purpose: z\n",
        ),
    ] {
        assert_eq!(set(old, &fields), new, "{old}");
    }
}

#[test]
fn what_others_refer_to_is_left_alone() {
    for (text, line) in [
        ("identities:\n- &a\n  id: a\n- *a\n", 2),
        ("x-o: &o team:x\nidentities:\n- id: a\n  owner: *o\n", 4),
        ("identities:\n- id: a\n  owner: &o team:x\n", 3),
        ("x-d: &d {owner: b}\nidentities:\n- id: a\n  <<: *d\n", 3),
        ("identities:\n- id: a\n  owner: [b]\n", 3),
    ] {
        let registry = Registry::read(text.as_bytes()).unwrap();
        let refused = registry.change(&[Change::Set(0, vec![("owner", "team:y".to_owned())])]);
        let lines: Vec<usize> = refused.unwrap_err().iter().map(|(_, r)| r.line).collect();
        assert_eq!(lines.len(), 1);
        assert!(lines[0].abs_diff(line) <= 1, "{text}: {lines:?}");
    }
    for text in [
        "a: [\n",
        "identities: &l\n- id: a\n",
        "identities: text\n",
        "- a\n",
        "a\rb: c\n",
    ] {
        let refused = match Registry::read(text.as_bytes()) {
            Ok(registry) => registry.change(&[Change::Append(vec![stub("x")])]).is_err(),
            Err(_) => true,
        };
        assert!(refused, "{text}");
    }
}

/// A registry of this style, as people write them, with comments everywhere.
#[derive(Clone, Debug)]
struct Style {
    indent: usize,
    gap: usize,
    crlf: bool,
    blank: bool,
    last_break: bool,
    tail: bool,
}

#[derive(Clone, Debug)]
struct Item {
    pattern: bool,
    owner: usize,
    purpose: usize,
    flow: bool,
    comments: bool,
    more: bool,
}

const OWNERS: [&str; 6] = [
    "",
    "owner:",
    "owner: team:a  # who",
    "owner: \"b \\\" c\"",
    "owner: 'it''s'",
    "owner: ~",
];
const PURPOSES: [&str; 5] = [
    "",
    "purpose: deploys things",
    "purpose: |\n  one\n\n  # two\n",
    "purpose: >-\n  one\n  two",
    "purpose: \"x\n  y\"",
];
const TEXTS: [&str; 9] = [
    "team:payments",
    "a: b",
    "x # y",
    "\"'\\",
    "- a",
    "  lead",
    "ünï",
    "2026-11-22",
    "*a {b} [c], d",
];

fn render(style: &Style, items: &[Item]) -> String {
    let dash = " ".repeat(style.indent);
    let keys = " ".repeat(style.indent + 1 + style.gap);
    let mut text =
        String::from("# head\nversion: 1  # one\nx-before: {a: [1, 2]}\nidentities:  # list\n");
    for (n, item) in items.iter().enumerate() {
        if style.blank {
            text.push('\n');
        }
        if item.comments {
            text.push_str(&format!("{dash}# before {n}\n"));
        }
        let name = if item.pattern {
            format!("match: {{name: \"svc-{n}-*\"}}")
        } else {
            format!("id: aws:iam-user:1/u{n}")
        };
        let lead = format!("{dash}-{}", " ".repeat(style.gap));
        if item.flow {
            let owner = if item.owner == 2 {
                ", owner: team:a"
            } else {
                ""
            };
            text.push_str(&format!("{lead}{{{name}{owner}}}  # flow\n"));
            continue;
        }
        text.push_str(&format!("{lead}{name}\n"));
        if item.comments {
            text.push_str(&format!("{keys}# inside {n}\n"));
        }
        for field in [OWNERS[item.owner], PURPOSES[item.purpose]] {
            if !field.is_empty() {
                for line in field.lines() {
                    let line = if line.is_empty() {
                        String::new()
                    } else {
                        format!("{keys}{line}")
                    };
                    text.push_str(&format!("{line}\n"));
                }
            }
        }
        if item.more {
            text.push_str(&format!(
                "{keys}tenants: [a, b]  # t\n{keys}revocation:\n{keys}  runbook: r.md\n"
            ));
        }
    }
    if style.tail {
        text.push_str("# tail\nx-after: b\n");
    }
    if !style.last_break {
        text.truncate(text.trim_end_matches('\n').len());
    }
    if style.crlf {
        text.replace('\n', "\r\n")
    } else {
        text
    }
}

fn item() -> impl Strategy<Value = Item> {
    (
        any::<bool>(),
        0..6usize,
        0..5usize,
        proptest::bool::weighted(0.2),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(pattern, owner, purpose, flow, comments, more)| Item {
            pattern,
            owner,
            purpose,
            flow,
            comments,
            more,
        })
}

fn style() -> impl Strategy<Value = Style> {
    (
        0..5usize,
        1..4usize,
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(indent, gap, crlf, blank, last_break, tail)| Style {
            indent,
            gap,
            crlf,
            blank,
            last_break,
            tail,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn edits_change_what_they_say_and_nothing_else(
        style in style(),
        items in prop::collection::vec(item(), 1..6),
        edits in prop::collection::btree_map(0..6usize, (prop::option::of(0..9usize), prop::option::of(0..9usize), any::<bool>()), 0..5),
        more in 0..3usize,
    ) {
        let old = render(&style, &items);
        let registry = Registry::read(old.as_bytes()).unwrap();
        prop_assert_eq!(registry.entries().len(), items.len());
        let mut changes = Vec::new();
        let mut touched = std::collections::BTreeSet::new();
        for (at, (owner, purpose, attested)) in &edits {
            if *at >= items.len() { continue; }
            let mut fields = Vec::new();
            if let Some(text) = owner { fields.push(("owner", TEXTS[*text].to_owned())); }
            if let Some(text) = purpose { fields.push(("purpose", TEXTS[*text].to_owned())); }
            if *attested {
                fields.push(("attested_by", "mail:jane@example.com".to_owned()));
                fields.push(("attested_on", "2026-11-22".to_owned()));
            }
            touched.insert(*at);
            changes.push(Change::Set(*at, fields));
        }
        changes.push(Change::Append((0..more).map(|n| stub(&format!("new-{n}"))).collect()));
        // `change` itself compares the new text, read again, with what is wanted, entry by entry.
        let changed = registry.change(&changes).unwrap();
        let new = String::from_utf8(changed.bytes()).unwrap();
        // Every comment is still there, in order.
        let comments = |text: &str| -> Vec<String> {
            text.lines().filter_map(|l| l.rsplit_once('#').map(|(_, c)| c.trim_end().to_owned()))
                .filter(|c| !c.contains("privilege: admin") && !c.contains("suggested:") && !c.contains(" two") && c != " y")
                .collect()
        };
        let texts_with_marks = |c: &Vec<String>| c.iter().filter(|c| !c.starts_with(" y")).cloned().collect::<Vec<_>>();
        prop_assert_eq!(texts_with_marks(&comments(&old)), texts_with_marks(&comments(&new)));
        // Entries that no change speaks of are there to the byte.
        let entries = registry.entries();
        let lines: Vec<&str> = old.split_inclusive('\n').collect();
        for (at, entry) in entries.iter().enumerate() {
            if touched.contains(&at) { continue; }
            let end = entries.get(at + 1).map_or(entry.line, |next| next.line - 1);
            let text = lines[entry.line - 1..end].concat();
            prop_assert!(new.contains(text.trim_end()), "{text}\nis not in\n{new}");
        }
        if style.crlf {
            prop_assert_eq!(new.matches('\n').count(), new.matches("\r\n").count());
        }
        // What was added is not added to.
        prop_assert!(Registry::read(new.as_bytes()).unwrap().entries().len() == items.len() + more);
        // The diff makes the one from the other.
        let diff = changed.diff("nhi-registry.yaml", true);
        prop_assert_eq!(patched(&old, &diff), new, "{}", diff);
    }
}

/// What a unified diff makes of a text.
fn patched(old: &str, diff: &str) -> String {
    let old: Vec<&str> = old.split_inclusive('\n').collect();
    let mut at = 0;
    let mut new = String::new();
    let mut lines = diff.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        if line.starts_with("--- ") || line.starts_with("+++ ") {
            continue;
        }
        if let Some(head) = line.strip_prefix("@@ -") {
            let numbers = head.split(' ').next().unwrap();
            let (start, length) = numbers.split_once(',').unwrap();
            let (start, length): (usize, usize) = (start.parse().unwrap(), length.parse().unwrap());
            let start = if length == 0 { start } else { start - 1 };
            new.extend(old[at..start].iter().copied());
            at = start;
            continue;
        }
        let bare = matches!(lines.peek(), Some(next) if next.starts_with('\\'));
        let text = if bare {
            line[1..].trim_end_matches('\n')
        } else {
            &line[1..]
        };
        match &line[..1] {
            " " => {
                assert_eq!(old[at], text);
                new.push_str(text);
                at += 1;
            }
            "-" => {
                assert_eq!(old[at], text);
                at += 1;
            }
            "+" => new.push_str(text),
            "\\" => {}
            other => panic!("{other}"),
        }
    }
    new.extend(old[at..].iter().copied());
    new
}
