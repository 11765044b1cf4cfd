//! What `terraform show -json` prints of a plan or a state.

use super::{Made, State};
use crate::model::Presence;
use crate::platform::tree::{Node, Value};
use std::collections::HashMap;

/// References by address, without numbers and keys, and attribute.
type References<'n> = HashMap<(String, &'n str), &'n str>;

/// Reads `resource_changes`, else `planned_values`, else `values`.
pub(super) fn read(state: &mut State<'_>, root: &Node) {
    let mut references = References::new();
    if let Some(module) = root.at(&["configuration", "root_module"]) {
        refer(&mut references, module, "", 0);
    }
    let changes = root.list("resource_changes");
    if !changes.is_empty() {
        for change in changes {
            changed(state, change, &references);
        }
        return;
    }
    if let Some(module) = root.at(&["planned_values", "root_module"]) {
        values(state, module, None, Presence::Declared, 0);
    } else if let Some(module) = root.at(&["values", "root_module"]) {
        values(state, module, None, Presence::Observed, 0);
    }
}

fn changed(state: &mut State<'_>, change: &Node, references: &References<'_>) {
    let (Some(kind), Some(address)) = (change.str("type"), change.str("address")) else {
        return state.problem(change.line, "a change without type or address; left out");
    };
    let Some(after) = change
        .at(&["change", "after"])
        .filter(|after| after.is_map())
    else {
        // What is about to be destroyed has nothing after.
        return;
    };
    let mut attributes = after.clone();
    let data = change.str("mode") == Some("data");
    let base = without_keys(address);
    if let (Value::Map(entries), Some(unknown)) = (
        &mut attributes.value,
        change.at(&["change", "after_unknown"]),
    ) {
        for (name, value) in unknown.entries() {
            let known = entries
                .iter()
                .any(|(key, value)| key == name && !matches!(value.value, Value::Null));
            if known || value.text() != Some("true") {
                continue;
            }
            let Some(reference) = references.get(&(base.clone(), name.as_str())) else {
                continue;
            };
            let module = change.str("module_address").map(|m| format!("{m}."));
            let module = module.unwrap_or_default();
            entries.retain(|(key, _)| key != name);
            entries.push((
                name.clone(),
                Node {
                    line: change.line,
                    file: 0,
                    value: Value::Scalar {
                        text: format!("${{{module}{reference}}}"),
                        plain: false,
                    },
                },
            ));
        }
    }
    let actions: Vec<&str> = change
        .at(&["change", "actions"])
        .map(|actions| actions.items().iter().filter_map(Node::text).collect())
        .unwrap_or_default();
    // What stays as it is was made before; a plan refreshes what it knows of it.
    let presence = match actions.as_slice() {
        ["no-op"] | ["read"] => Presence::Observed,
        _ => Presence::Declared,
    };
    state.push(Made {
        kind,
        address: address.to_owned(),
        attributes,
        presence,
        data,
        module: change.str("module_address").map(str::to_owned),
        line: change.line,
    });
}

/// An address without `[0]` and `["a"]`.
fn without_keys(address: &str) -> String {
    let mut out = String::with_capacity(address.len());
    let (mut inside, mut quoted) = (false, false);
    for c in address.chars() {
        match c {
            '"' if inside => quoted = !quoted,
            '[' if !inside => inside = true,
            ']' if inside && !quoted => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out
}

/// What expressions of a configuration refer to.
fn refer<'n>(references: &mut References<'n>, module: &'n Node, prefix: &str, depth: usize) {
    if depth > 50 {
        return;
    }
    for resource in module.list("resources") {
        let Some(address) = resource.str("address") else {
            continue;
        };
        let Some(expressions) = resource.get("expressions") else {
            continue;
        };
        for (name, expression) in expressions.entries() {
            if let Some(reference) = expression.list("references").first().and_then(Node::text) {
                references.insert((format!("{prefix}{address}"), name), reference);
            }
        }
    }
    if let Some(calls) = module.get("module_calls") {
        for (name, call) in calls.entries() {
            if let Some(module) = call.get("module") {
                refer(
                    references,
                    module,
                    &format!("{prefix}module.{name}."),
                    depth + 1,
                );
            }
        }
    }
}

fn values(
    state: &mut State<'_>,
    module: &Node,
    of: Option<&str>,
    presence: Presence,
    depth: usize,
) {
    if depth > 50 {
        return;
    }
    for resource in module.list("resources") {
        let (Some(kind), Some(address)) = (resource.str("type"), resource.str("address")) else {
            state.problem(
                resource.line,
                "a resource without type or address; left out",
            );
            continue;
        };
        let Some(values) = resource.get("values").filter(|values| values.is_map()) else {
            continue;
        };
        state.push(Made {
            kind,
            address: address.to_owned(),
            attributes: values.clone(),
            presence,
            data: resource.str("mode") == Some("data"),
            module: of.map(str::to_owned),
            line: resource.line,
        });
    }
    for child in module.list("child_modules") {
        values(state, child, child.str("address"), presence, depth + 1);
    }
}
