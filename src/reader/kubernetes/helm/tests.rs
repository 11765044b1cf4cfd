//! The interpreter against what Go's `text/template` with Sprig gives for the same text.

use super::*;
use crate::model::Origin;
use engine::{Budget, Engine};
use std::sync::Arc;

fn budget() -> Budget {
    Budget {
        steps: 100_000,
        bytes: 1 << 20,
    }
}

fn document<'d>(origin: &'d Arc<Origin>, text: &'d str) -> Document<'d> {
    Document {
        origin,
        bytes: text.as_bytes(),
    }
}

/// What a chart's one template prints.
fn printed(values: &str, template: &str) -> String {
    let meta = Origin::file("bat/Chart.yaml");
    let own = Origin::file("bat/values.yaml");
    let one = Origin::file("bat/templates/e.yaml");
    let text = "apiVersion: v2\nname: bat\nversion: 1.2.3+build\nappVersion: 2\n";
    let documents = [
        document(&meta, text),
        document(&own, values),
        document(&one, template),
    ];
    let (charts, _) = charts(&documents);
    let loaded = values::load(&charts[0].estate, 0).unwrap();
    let scope = values::scope(&loaded, &Value::map(BTreeMap::new()));
    let release = Release {
        name: "bat".to_owned(),
        namespace: None,
        said_by: String::new(),
        values: Vec::new(),
        parameters: Vec::new(),
    };
    Renderer::new(&loaded).print(&scope, &release)
}

#[test]
fn expressions_give_what_go_gives() {
    #[derive(serde::Deserialize)]
    struct Case {
        template: String,
        gives: String,
    }
    let cases = include_str!("../../../../fixtures/helm/expressions.json");
    let cases: Vec<Case> = serde_json::from_str(cases).unwrap();
    let values = include_str!("../../../../fixtures/helm/expressions-values.txt");
    let mut wrong = Vec::new();
    for case in &cases {
        let gives = printed(values, &case.template);
        if gives != case.gives {
            wrong.push(format!(
                "{}\n  go:   {:?}\n  here: {gives:?}",
                case.template, case.gives
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

#[test]
fn hostile_templates_end() {
    for template in [
        "{{ define \"a\" }}{{ include \"a\" . }}{{ include \"a\" . }}{{ end }}{{ include \"a\" . }}",
        "{{ define \"a\" }}{{ template \"a\" . }}{{ end }}{{ template \"a\" . }}",
        "{{ define \"a\" }}{{ tpl \"{{ include \\\"a\\\" . }}\" . }}{{ end }}{{ include \"a\" . }}",
        "{{ range until 1000000000 }}x{{ end }}",
        "{{ range until 99999 }}{{ range until 99999 }}x{{ end }}{{ end }}",
        "{{ repeat 1000000000 \"x\" }}",
        "{{ $x := \"xxxxxxxxxxxxxxxx\" }}{{ range until 60 }}{{ $x = printf \"%s%s\" $x $x }}{{ end }}{{ $x }}",
        "{{ $x := list 1 }}{{ range until 60 }}{{ $x = concat $x $x }}{{ end }}{{ $x }}",
        "{{ $x := list 1 }}{{ range until 60 }}{{ $x = list $x $x }}{{ end }}{{ toYaml $x }}",
        "{{ $x := list 1 }}{{ range until 60 }}{{ $x = list $x $x }}{{ end }}{{ $x }}",
        "{{ $x := list 1 }}{{ range until 99999 }}{{ $x = list $x }}{{ end }}",
        "{{ $x := dict }}{{ range until 99999 }}{{ $x = dict \"a\" $x }}{{ end }}{{ $x }}",
        "{{ $x := list 1 }}{{ range until 60 }}{{ $x = list $x $x }}{{ end }}{{ deepCopy $x | eq $x }}{{ quote $x }}{{ merge (dict \"a\" 1) (dict \"b\" $x) }}",
        "{{ $x := dict }}{{ $_ := set $x \"x\" $x }}{{ range until 9999 }}{{ toYaml $x }}{{ toJson $x }}{{ deepCopy $x }}{{ merge $x $x }}{{ end }}",
        "{{ range until 99999 }}{{ replace \"\" (repeat 9999 \"y\") (repeat 9999 \"z\") }}{{ end }}",
        "{{ regexReplaceAll \"\" (repeat 9999 \"y\") (repeat 9999 \"z\") }}",
        "{{ indent 100000000 \"x\" }}",
        "{{ printf \"%1000000000d\" 1 }}{{ printf \"%.1000000000f\" 1.0 }}",
        "{{ untilStep 0 9223372036854775807 1 }}{{ untilStep 0 5 0 }}{{ seq 1 1 99999999999 }}",
        "{{ div 1 0 }}{{ mod 1 0 }}{{ div -9223372036854775807 -1 }}{{ index \"abc\" -1 }}{{ slice \"é\" 1 }}{{ trunc -9223372036854775807 \"x\" }}{{ substr -5 -9 \"x\" }}",
        "{{ $x := \"{{ tpl .t . }}\" }}{{ tpl $x (dict \"t\" $x) }}",
    ] {
        let run = move || {
            let parsed = syntax::parse(template).unwrap();
            let mut engine = Engine::new(budget());
            engine.defines = parsed.defines;
            if let Ok(out) = engine.run(&parsed.body, &Value::map(BTreeMap::new())) {
                assert!(out.text.len() < 4 << 20, "{} bytes", out.text.len());
            }
        };
        let start = std::time::Instant::now();
        std::thread::Builder::new()
            .stack_size(STACK)
            .spawn(run)
            .unwrap()
            .join()
            .unwrap();
        assert!(
            start.elapsed().as_secs() < 20,
            "{template}: {:?}",
            start.elapsed()
        );
    }
}
