//! What a condition demands by name: the keys of which it lists the values that it lets through.

use serde_json::Value;
use std::collections::BTreeMap;

/// By lower-case key, the values (patterns, where the operator takes patterns) one of which a request must have.
/// Of operators that negate, compare or test for presence nothing is said. `json` is a `Condition` block.
pub fn required(json: &str) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let block: Value = serde_json::from_str(json).unwrap_or_default();
    for (operator, keys) in block.as_object().into_iter().flatten() {
        let operator = operator.to_ascii_lowercase();
        // `ForAllValues:` holds where the key is absent, and so does `…IfExists`: they demand nothing.
        let plain = operator.trim_start_matches("foranyvalue:");
        let literal = matches!(plain, "stringequals" | "stringequalsignorecase" | "bool");
        let pattern = matches!(plain, "stringlike" | "arnlike" | "arnequals");
        if !literal && !pattern {
            continue;
        }
        for (key, values) in keys.as_object().into_iter().flatten() {
            let text = |value: &Value| match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let values = match values {
                Value::Array(values) => values.iter().map(text).collect(),
                one => vec![text(one)],
            };
            found.entry(key.to_ascii_lowercase()).or_insert(values);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::required;

    #[test]
    fn only_what_is_demanded() {
        let found = required(
            r#"{"StringLike":{"x:Sub":["a*","b"]},"ForAllValues:StringLike":{"y":"1"},
            "StringEqualsIfExists":{"z":"1"},"StringNotEquals":{"n":"1"},"Bool":{"m":"true"}}"#,
        );
        let keys: Vec<_> = found.keys().map(String::as_str).collect();
        assert_eq!(keys, ["m", "x:sub"]);
        assert_eq!(found["x:sub"], ["a*", "b"]);
        assert!(required("7").is_empty());
    }
}
