//! `tenure.yaml`: settings and waivers. Every error names the line, and what to write instead.

use super::error::Error;
use crate::model::{
    Alias, Confidence, Evidence, Origin, Owner, PathRule, Severity, Str, Timestamp, Waiver,
    WaiverScope,
};
use crate::platform::paths::PathPattern;
use crate::platform::tree::{self, Node, Value};
use crate::scan::{self, Setting, Settings};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// The name that is looked for.
pub(super) const FILE_NAME: &str = "tenure.yaml";
/// Largest configuration file that is read.
const LIMIT: u64 = 4 << 20;
/// The name under which waivers are evidence.
const READER: &str = "configuration";

/// What a configuration file says.
#[derive(Debug, Default)]
pub(super) struct Config {
    /// Globs that leave files out.
    pub exclude: Vec<String>,
    /// Label keys that name an owner, beside the built-in ones.
    pub owner_keys: Vec<Str>,
    /// Names that are one party's.
    pub aliases: Vec<Alias>,
    /// Mail domains that are one organisation's.
    pub domains: Vec<Str>,
    /// Severity from which findings fail the run.
    pub fail_on: Option<Severity>,
    /// Directories or files with the user's own checks and detectors, relative to the configuration.
    pub rules: Vec<String>,
    /// Parameters of checks.
    pub parameters: Settings,
    /// Accepted findings.
    pub waivers: Vec<Waiver>,
    /// What leaks in some files are taken for.
    pub path_rules: Vec<PathRule>,
    /// Which Kubernetes cluster files are of, by their paths.
    pub clusters: Vec<(PathPattern, Str)>,
}

const KEYS: &[&str] = &[
    "version",
    "exclude",
    "owner_keys",
    "aliases",
    "domains",
    "fail_on",
    "rules",
    "parameters",
    "waivers",
    "paths",
    "clusters",
];
const CLUSTER_KEYS: &[&str] = &["match", "name"];
const PATH_KEYS: &[&str] = &["match", "ignore", "confidence", "reason", "expires"];
const WAIVER_KEYS: &[&str] = &["check", "subject", "owner", "approver", "reason", "expires"];

/// Reads a configuration file.
///
/// # Errors
/// When it cannot be read, or says something that is not understood: nothing in it is ever ignored.
pub(super) fn load(path: &Path) -> Result<Config, Error> {
    let bytes = crate::source::open::small(path, LIMIT)
        .map_err(|e| Error::Input(path.to_path_buf(), e.to_string()))?;
    parse(&path.to_string_lossy(), &bytes).map_err(Error::Configuration)
}

/// Reads a configuration from text.
///
/// # Errors
/// Every mistake, each with file and line.
fn parse(name: &str, bytes: &[u8]) -> Result<Config, Vec<String>> {
    let mut documents = tree::documents(bytes);
    let root = match (documents.pop(), documents.is_empty()) {
        (None, _) => return Ok(Config::default()),
        (Some(Ok(node)), true) => node,
        (Some(Err(error)), _) => {
            return Err(vec![format!(
                "{name}:{}:{}: {}",
                error.line, error.column, error.message
            )]);
        }
        (Some(_), false) => return Err(vec![format!("{name}: one YAML document is wanted")]),
    };
    let mut reader = Reader {
        name,
        errors: Vec::new(),
    };
    let config = reader.config(&root);
    if reader.errors.is_empty() {
        Ok(config)
    } else {
        Err(reader.errors)
    }
}

struct Reader<'a> {
    name: &'a str,
    errors: Vec<String>,
}

impl Reader<'_> {
    fn error(&mut self, node: &Node, message: impl AsRef<str>) {
        self.errors.push(format!(
            "{}:{}: {}",
            self.name,
            node.line.max(1),
            message.as_ref()
        ));
    }

    fn known_keys(&mut self, node: &Node, keys: &[&str]) {
        if !node.is_map() {
            self.error(
                node,
                format!("a mapping is wanted, with: {}", keys.join(", ")),
            );
        }
        for (key, value) in node.entries() {
            if !keys.contains(&key.as_str()) {
                let near = keys
                    .iter()
                    .max_by(|a, b| strsim::jaro(key, a).total_cmp(&strsim::jaro(key, b)));
                let near = near.filter(|k| strsim::jaro(key, k) > 0.7);
                let hint = near.map_or_else(
                    || format!("known are: {}", keys.join(", ")),
                    |k| format!("did you mean `{k}`?"),
                );
                self.error(value, format!("unknown key `{key}`; {hint}"));
            }
        }
    }

    fn config(&mut self, root: &Node) -> Config {
        self.known_keys(root, KEYS);
        if root.str("version").is_none_or(|v| v != "1") {
            self.error(root, "`version: 1` is wanted");
        }
        let fail_on = root.get("fail_on").and_then(|node| {
            let found = Severity::ALL
                .into_iter()
                .find(|s| node.text() == Some(s.as_str()));
            if found.is_none() {
                self.error(
                    node,
                    "`fail_on` is one of info, low, medium, high, critical",
                );
            }
            found
        });
        let mut config = Config {
            exclude: self.texts(root, "exclude"),
            owner_keys: self
                .texts(root, "owner_keys")
                .into_iter()
                .map(Into::into)
                .collect(),
            aliases: self.aliases(root),
            domains: self.domains(root),
            fail_on,
            rules: self.texts(root, "rules"),
            parameters: self.parameters(root),
            waivers: self.waivers(root),
            path_rules: Vec::new(),
            clusters: self.clusters(root),
        };
        config.path_rules = self.paths(root, &mut config.waivers);
        config
    }

    /// Other names of owners, by the name that stands for all.
    fn aliases(&mut self, root: &Node) -> Vec<Alias> {
        let Some(node) = root.get("aliases") else {
            return Vec::new();
        };
        if !matches!(node.value, Value::Map(_) | Value::Null) {
            self.error(node, "`aliases` holds owners, as `owner: [other names]`");
        }
        let origin = Origin::file(self.name);
        let mut aliases = Vec::new();
        let mut owners: BTreeMap<Owner, String> = BTreeMap::new();
        for (name, others) in node.entries() {
            let names: Vec<&str> = others.items().iter().filter_map(Node::text).collect();
            if names.is_empty() || names.len() != others.items().len() {
                let why = format!("`{name}` is a list of texts: the other names of this owner");
                self.error(others, why);
                continue;
            }
            for text in std::iter::once(name.as_str()).chain(names.iter().copied()) {
                let Some(owner) = Owner::parse(text) else {
                    let why =
                        format!("`{text}` names no owner: team:…, user:…, an address or a name");
                    self.error(others, why);
                    continue;
                };
                let known = owners.entry(owner).or_insert_with(|| name.clone());
                if known != name {
                    let why =
                        format!("`{text}` is `{known}` above, and cannot be `{name}` as well");
                    self.error(others, why);
                }
            }
            aliases.push(Alias {
                name: name.as_str().into(),
                names: names
                    .iter()
                    .map(|text| text.to_lowercase().into())
                    .collect(),
                evidence: Evidence {
                    origin: Arc::clone(&origin),
                    line: Some(others.line),
                    column: None,
                    pointer: None,
                    reader: READER,
                },
            });
        }
        aliases
    }

    /// Mail domains of one organisation.
    fn domains(&mut self, root: &Node) -> Vec<Str> {
        let texts = self.texts(root, "domains");
        let mut domains = Vec::new();
        for text in texts {
            let domain = text.trim().trim_start_matches('@').to_lowercase();
            let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-');
            let why = if !domain.contains('.') || !domain.chars().all(plain) {
                "is not a domain"
            } else if scan::everybodys_domain(&domain) {
                "is not one organisation's: everybody can have an address there"
            } else {
                domains.push(domain.into());
                continue;
            };
            if let Some(node) = root.get("domains") {
                self.error(node, format!("`domains`: `{text}` {why}"));
            }
        }
        domains
    }

    fn clusters(&mut self, root: &Node) -> Vec<(PathPattern, Str)> {
        if let Some(node) = root.get("clusters")
            && !matches!(node.value, Value::List(_) | Value::Null)
        {
            self.error(node, "`clusters` is a list");
        }
        let rules = root.list("clusters").iter();
        rules.filter_map(|node| self.cluster(node)).collect()
    }

    fn cluster(&mut self, node: &Node) -> Option<(PathPattern, Str)> {
        self.known_keys(node, CLUSTER_KEYS);
        let name = node.str("name").map(str::trim).unwrap_or_default();
        // The name becomes a part of ids, where these stand for something.
        let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"/#".contains(c);
        let named = !name.is_empty() && name.len() <= 253 && name.chars().all(plain);
        if !named {
            let why = "a cluster needs `name`: text without spaces, `/` and `#`";
            self.error(node.get("name").unwrap_or(node), why);
        }
        match node.str("match").map(PathPattern::new) {
            None => {
                self.error(node, "a cluster needs `match`");
                None
            }
            Some(Err(why)) => {
                let why = format!("`match` is a pattern in gitignore syntax: {why}");
                self.error(node.get("match").unwrap_or(node), why);
                None
            }
            Some(Ok(pattern)) => named.then(|| (pattern, name.into())),
        }
    }

    fn texts(&mut self, root: &Node, key: &str) -> Vec<String> {
        let Some(node) = root.get(key) else {
            return Vec::new();
        };
        let texts: Vec<String> = node
            .items()
            .iter()
            .filter_map(|item| item.text().map(str::to_owned))
            .collect();
        if texts.is_empty() || texts.len() != node.items().len() {
            self.error(node, format!("`{key}` is a list of texts"));
        }
        texts
    }

    fn parameters(&mut self, root: &Node) -> Settings {
        let mut all = Settings::new();
        let Some(node) = root.get("parameters") else {
            return all;
        };
        if !matches!(node.value, Value::Map(_) | Value::Null) {
            self.error(node, "`parameters` holds checks, as `id: {name: value}`");
        }
        for (check, values) in node.entries() {
            let mut of_check = BTreeMap::new();
            for (name, value) in values.entries() {
                match setting(value) {
                    Some(setting) => {
                        of_check.insert(name.clone(), setting);
                    }
                    None => self.error(
                        value,
                        format!(
                            "`{check}.{name}` is a number, a text, true, false or a list of texts"
                        ),
                    ),
                }
            }
            if of_check.is_empty() {
                self.error(
                    values,
                    format!("`{check}` holds parameters, as `name: value`"),
                );
            }
            all.insert(check.clone(), of_check);
        }
        all
    }

    fn waivers(&mut self, root: &Node) -> Vec<Waiver> {
        let origin = Origin::file(self.name);
        // A waiver that is not read would be taken for one that is not there.
        if let Some(node) = root.get("waivers")
            && !matches!(node.value, Value::List(_) | Value::Null)
        {
            self.error(node, "`waivers` is a list");
        }
        root.list("waivers")
            .iter()
            .filter_map(|node| self.waiver(node, &origin))
            .collect()
    }

    /// Every part is required: an exception without an owner, a reason and an end is not an exception.
    fn waiver(&mut self, node: &Node, origin: &Arc<Origin>) -> Option<Waiver> {
        self.known_keys(node, WAIVER_KEYS);
        let before = self.errors.len();
        let mut field = |key: &str| -> Str {
            let text = node.str(key).map(str::trim).filter(|t| !t.is_empty());
            if text.is_none() {
                self.errors.push(format!(
                    "{}:{}: a waiver needs `{key}`",
                    self.name,
                    node.line.max(1)
                ));
            }
            text.unwrap_or_default().into()
        };
        let (check, subject) = (field("check"), field("subject"));
        let (owner, approver, reason, expires) = (
            field("owner"),
            field("approver"),
            field("reason"),
            field("expires"),
        );
        let end = Timestamp::parse(&expires);
        if end.is_none() && !expires.is_empty() {
            self.error(
                node.get("expires").unwrap_or(node),
                "`expires` is a date: YYYY-MM-DD",
            );
        }
        if self.errors.len() > before {
            return None;
        }
        Some(Waiver {
            id: format!("{check} {subject}").into(),
            check,
            subject,
            scope: WaiverScope::Anywhere,
            owner,
            approver,
            reason,
            expires: Some(end?),
            evidence: Evidence {
                origin: Arc::clone(origin),
                line: Some(node.line),
                column: None,
                pointer: None,
                reader: READER,
            },
        })
    }
}

impl Reader<'_> {
    /// Rules by path: those that accept findings become waivers, those that doubt them are returned.
    fn paths(&mut self, root: &Node, waivers: &mut Vec<Waiver>) -> Vec<PathRule> {
        if let Some(node) = root.get("paths")
            && !matches!(node.value, Value::List(_) | Value::Null)
        {
            self.error(node, "`paths` is a list");
        }
        let origin = Origin::file(self.name);
        let rules = root.list("paths").iter();
        rules
            .filter_map(|node| self.path(node, &origin, waivers))
            .collect()
    }

    fn path(
        &mut self,
        node: &Node,
        origin: &Arc<Origin>,
        waivers: &mut Vec<Waiver>,
    ) -> Option<PathRule> {
        self.known_keys(node, PATH_KEYS);
        let before = self.errors.len();
        let text = |key: &str| node.str(key).map(str::trim).filter(|t| !t.is_empty());
        let (paths, reason) = (text("match"), text("reason"));
        match paths.map(PathPattern::new) {
            None => self.error(node, "a path rule needs `match`"),
            Some(Err(why)) => {
                let why = format!("`match` is a pattern in gitignore syntax: {why}");
                self.error(node.get("match").unwrap_or(node), why);
            }
            Some(Ok(_)) => {}
        }
        if reason.is_none() {
            self.error(node, "a path rule needs `reason`");
        }
        let expires = node.get("expires").and_then(|at| {
            let end = at.text().and_then(Timestamp::parse);
            if end.is_none() {
                self.error(at, "`expires` is a date: YYYY-MM-DD");
            }
            end
        });
        let ignore = self.texts(node, "ignore");
        let confidence = node.get("confidence").and_then(|at| {
            let known = [Confidence::Low, Confidence::Medium];
            let found = known.into_iter().find(|c| at.text() == Some(c.as_str()));
            if found.is_none() {
                self.error(at, "`confidence` is low or medium: at most this sure");
            }
            found
        });
        if node.get("ignore").is_some() == node.get("confidence").is_some() {
            let message = "a path rule needs one of `ignore: [checks]` and `confidence: low`";
            self.error(node, message);
        }
        if self.errors.len() > before {
            return None;
        }
        let (paths, reason) = (Str::from(paths?), Str::from(reason?));
        waivers.extend(ignore.into_iter().map(|check| Waiver {
            id: format!("{check} {paths}").into(),
            check: check.into(),
            subject: "*".into(),
            scope: WaiverScope::Paths(paths.clone()),
            owner: "".into(),
            approver: "".into(),
            reason: reason.clone(),
            expires,
            evidence: Evidence {
                origin: Arc::clone(origin),
                line: Some(node.line),
                column: None,
                pointer: None,
                reader: READER,
            },
        }));
        Some(PathRule {
            paths,
            confidence: confidence?,
            expires,
        })
    }
}

/// A parameter's value as YAML writes it.
fn setting(node: &Node) -> Option<Setting> {
    Some(match &node.value {
        Value::Scalar { text, plain: true } if text == "true" => Setting::Bool(true),
        Value::Scalar { text, plain: true } if text == "false" => Setting::Bool(false),
        Value::Scalar { text, plain } => match text.parse() {
            Ok(number) if *plain => Setting::Int(number),
            _ => Setting::Text(text.clone()),
        },
        Value::List(items) => Setting::Texts(
            items
                .iter()
                .map(|i| i.text().map(str::to_owned))
                .collect::<Option<_>>()?,
        ),
        Value::Null | Value::Map(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::scan::Setting;

    #[test]
    fn every_mistake_is_named_with_its_line() {
        let text = "version: 1\nexcludes: [a]\nwaivers:\n  - check: x\n    subject: y\n    owner: o\n    expires: soon\n";
        let errors = parse("tenure.yaml", text.as_bytes()).unwrap_err();
        assert_eq!(
            errors,
            [
                "tenure.yaml:2: unknown key `excludes`; did you mean `exclude`?",
                "tenure.yaml:4: a waiver needs `approver`",
                "tenure.yaml:4: a waiver needs `reason`",
                "tenure.yaml:7: `expires` is a date: YYYY-MM-DD",
            ]
        );
    }

    #[test]
    fn what_is_not_of_the_right_shape_is_not_passed_over() {
        let errors =
            parse("tenure.yaml", b"version: 1\nwaivers: 3\nparameters: [a]\n").unwrap_err();
        assert_eq!(
            errors,
            [
                "tenure.yaml:3: `parameters` holds checks, as `id: {name: value}`",
                "tenure.yaml:2: `waivers` is a list",
            ]
        );
        assert!(parse("tenure.yaml", b"version: 1\nwaivers:\nparameters:\n").is_ok());
    }

    #[test]
    fn names_of_one_party() {
        let text = "version: 1\ndomains: [example.com, '@EU.example.com']\naliases:\n  mail:jane@example.com: [JDoe, jane@old.example.com]\n  team:payments: [\"Payments Guild\"]\n";
        let config = parse("tenure.yaml", text.as_bytes()).unwrap();
        assert_eq!(
            config.domains,
            ["example.com".into(), "eu.example.com".into()]
        );
        assert_eq!(&*config.aliases[0].name, "mail:jane@example.com");
        assert!(config.aliases[0].names.contains("jdoe"));
        assert_eq!(config.aliases[1].evidence.line, Some(5));
        let text = "version: 1\ndomains: [gmail.com, localhost]\naliases:\n  a@example.com: [none]\n  b@example.com: [A@example.com]\n  c@example.com: d\n  e@example.com: []\n";
        let errors = parse("tenure.yaml", text.as_bytes()).unwrap_err();
        assert_eq!(
            errors,
            [
                "tenure.yaml:4: `none` names no owner: team:…, user:…, an address or a name",
                "tenure.yaml:5: `A@example.com` is `a@example.com` above, and cannot be `b@example.com` as well",
                "tenure.yaml:6: `c@example.com` is a list of texts: the other names of this owner",
                "tenure.yaml:7: `e@example.com` is a list of texts: the other names of this owner",
                "tenure.yaml:2: `domains`: `gmail.com` is not one organisation's: everybody can have an address there",
                "tenure.yaml:2: `domains`: `localhost` is not a domain",
            ]
        );
        let errors = parse("tenure.yaml", b"version: 1\naliases: [a]\n").unwrap_err();
        assert_eq!(
            errors,
            ["tenure.yaml:2: `aliases` holds owners, as `owner: [other names]`"]
        );
    }

    #[test]
    fn a_whole_configuration() {
        let text = "version: 1\nfail_on: high\nparameters:\n  credential-unused: {max_idle_days: 30}\nwaivers:\n  - {check: x, subject: y, owner: o, approver: a, reason: r, expires: 2026-12-31}\n";
        let config = parse("tenure.yaml", text.as_bytes()).unwrap();
        assert_eq!(config.waivers[0].expires.unwrap().date(), "2026-12-31");
        assert_eq!(config.waivers[0].evidence.line, Some(6));
        assert_eq!(
            config.parameters["credential-unused"]["max_idle_days"],
            Setting::Int(30)
        );
    }
}
