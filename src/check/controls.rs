//! The control frameworks that checks refer to: ids, titles, versions, earlier ids.

use super::error::did_you_mean;
use serde::Deserialize;
use std::collections::BTreeMap;

static TEXT: &str = include_str!("../../rules/controls.yaml");

/// The file as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ControlsFile {
    frameworks: Vec<FrameworkFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FrameworkFile {
    name: String,
    version: String,
    /// What all ids of the framework begin with.
    prefix: String,
    controls: BTreeMap<String, String>,
    /// Ids of earlier versions, and those that replaced them.
    #[serde(default)]
    aliases: BTreeMap<String, Vec<String>>,
    /// Ids that are no more, and why.
    #[serde(default)]
    withdrawn: BTreeMap<String, String>,
}

/// One control.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// Its id with the framework's prefix: `CSF:PR.AA-05`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The framework's name and version: `NIST Cybersecurity Framework 2.0`.
    pub framework: String,
}

/// Every control that ships with the program.
#[derive(Clone, Debug, Default)]
pub struct Controls {
    controls: BTreeMap<String, Control>,
    aliases: BTreeMap<String, Vec<String>>,
    withdrawn: BTreeMap<String, String>,
    prefixes: Vec<String>,
}

impl Controls {
    /// Reads the table that ships with the program; the error says why it cannot be.
    pub fn builtin() -> Result<Self, String> {
        let file: ControlsFile = serde_yaml::from_str(TEXT).map_err(|e| e.to_string())?;
        let mut all = Self::default();
        for framework in file.frameworks {
            let name = format!("{} {}", framework.name, framework.version);
            for (id, title) in framework.controls {
                let control = Control {
                    id: id.clone(),
                    title,
                    framework: name.clone(),
                };
                if !id.starts_with(&framework.prefix)
                    || all.controls.insert(id.clone(), control).is_some()
                {
                    return Err(format!("control `{id}` is misplaced or given twice"));
                }
            }
            all.aliases.extend(framework.aliases);
            all.withdrawn.extend(framework.withdrawn);
            all.prefixes.push(framework.prefix);
        }
        Ok(all)
    }

    /// A control by its id.
    pub fn get(&self, id: &str) -> Option<&Control> {
        self.controls.get(id)
    }

    /// All controls, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Control> {
        self.controls.values()
    }

    /// The current ids that an id means: itself, or what replaced it; none when it is unknown.
    pub fn resolve(&self, id: &str) -> Vec<&str> {
        if let Some(control) = self.controls.get(id) {
            return vec![&control.id];
        }
        let replaced = self.aliases.get(id).map_or(&[][..], Vec::as_slice);
        replaced.iter().map(String::as_str).collect()
    }

    /// What is wrong with an id in a check, with a hint. Ids of frameworks that are not in the table
    /// (an organisation's own) are let through.
    pub(super) fn refuse(&self, id: &str) -> Option<(String, Option<String>)> {
        if self.controls.contains_key(id) {
            return None;
        }
        if let Some(now) = self.aliases.get(id) {
            let hint = format!("write {}", now.join(" or "));
            return Some((
                format!("control `{id}` is of an earlier version"),
                Some(hint),
            ));
        }
        if let Some(why) = self.withdrawn.get(id) {
            return Some((format!("control `{id}` is withdrawn: {why}"), None));
        }
        let known = self.prefixes.iter().any(|p| id.starts_with(p.as_str()));
        let hint = did_you_mean(id, self.controls.keys().map(String::as_str));
        (known || !id.contains(':')).then(|| (format!("unknown control `{id}`"), hint))
    }
}
