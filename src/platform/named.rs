//! What roles, scopes and permissions amount to that their platforms know by name: tables in `rules/roles`,
//! one file a platform.

use super::glob;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What a named role gives.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedRole {
    /// Names, in which `*` stands for any text; case does not count.
    pub names: Vec<String>,
    /// The tier, as the model spells it.
    pub tier: String,
    /// Capabilities, as the model spells them.
    #[serde(default)]
    pub capabilities: Vec<String>,
}

/// The first row of a platform's table that a name meets; `None` when it meets none, and nobody here knows what the
/// role gives.
pub fn role(platform: &str, name: &str) -> Option<&'static NamedRole> {
    let name = name.to_ascii_lowercase();
    let table = TABLES.get(platform)?;
    if let Some(row) = table.literal.get(&name) {
        return table.rows.get(*row);
    }
    let pattern = table
        .patterns
        .iter()
        .find(|(pattern, _)| glob::matches(pattern, &name));
    table.rows.get(pattern?.1)
}

/// One file; names in lower case.
#[derive(Default)]
struct Table {
    rows: Vec<NamedRole>,
    literal: BTreeMap<String, usize>,
    patterns: Vec<(String, usize)>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    roles: Vec<NamedRole>,
}

static TABLES: LazyLock<BTreeMap<&'static str, Table>> = LazyLock::new(|| {
    let files = super::embedded::ROLES.iter();
    files
        .map(|(file, text)| {
            let platform = file.strip_suffix(".yaml").unwrap_or(file);
            let rows: File = serde_yaml::from_str(text).unwrap_or_default();
            (platform, table(rows.roles))
        })
        .collect()
});

fn table(rows: Vec<NamedRole>) -> Table {
    let mut table = Table::default();
    for (row, role) in rows.iter().enumerate() {
        for name in &role.names {
            let name = name.to_ascii_lowercase();
            if name.contains('*') {
                table.patterns.push((name, row));
            } else {
                table.literal.entry(name).or_insert(row);
            }
        }
    }
    table.rows = rows;
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embedded_files_have_the_form_they_should() {
        for (name, text) in crate::platform::embedded::ROLES {
            let read = serde_yaml::from_str::<File>(text);
            let file = read.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(!file.roles.is_empty(), "{name}");
        }
    }

    #[test]
    fn a_literal_name_goes_before_a_pattern() {
        let gives = |name| role("github", name).map(|role| role.tier.as_str());
        assert_eq!(gives("contents:write"), Some("write"));
        assert_eq!(gives("Issues:READ"), Some("read"));
        assert_eq!(gives("issues"), None);
        assert!(role("nowhere", "contents:write").is_none());
    }
}
