//! An oracle for RBAC: written from the Kubernetes documentation, without the program's matcher, by
//! enumerating every verb on every resource and name of a small cluster.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test's helpers may fail as a test does"
)]

use proptest::prelude::*;
use tenure::model::{Capability, Tier};
use tenure::platform::kubernetes::rbac::{Request, Rule, allows, can_be_named};

const VERBS: &[&str] = &[
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
    "bind",
    "escalate",
    "impersonate",
];
const GROUPS: &[&str] = &["", "apps", "rbac.authorization.k8s.io"];
const RESOURCES: &[&str] = &[
    "pods",
    "pods/exec",
    "pods/log",
    "services",
    "deployments",
    "deployments/scale",
    "secrets",
    "clusterroles",
    "*/other",
    "podsx",
    "execpods",
];
const NAMES: &[&str] = &["", "one", "two"];
const PATHS: &[&str] = &[
    "/",
    "/healthz",
    "/healthz/etcd",
    "/metrics",
    "/metricsx",
    "",
];

#[derive(Clone, Debug)]
struct Given {
    groups: Vec<String>,
    resources: Vec<String>,
    verbs: Vec<String>,
    names: Vec<String>,
    urls: Vec<String>,
}

impl Given {
    /// The documentation's sentences, one after the other.
    fn permits(&self, verb: &str, group: &str, resource: &str, name: &str) -> bool {
        let mut verb_ok = false;
        for v in &self.verbs {
            if v == "*" || v == verb {
                verb_ok = true;
            }
        }
        let mut group_ok = false;
        for g in &self.groups {
            if g == "*" || g == group {
                group_ok = true;
            }
        }
        let mut resource_ok = false;
        let mut halves = resource.splitn(2, '/');
        let base = halves.next().unwrap();
        let sub = halves.next();
        for r in &self.resources {
            match r.as_str() {
                "*" => resource_ok = true,
                written => match (written.find('/'), sub) {
                    (None, None) => resource_ok |= written == base,
                    (Some(at), Some(sub)) => {
                        let (of, what) = (&written[..at], &written[at + 1..]);
                        resource_ok |= (of == "*" || of == base) && what == sub;
                    }
                    _ => {}
                },
            }
        }
        let name_ok = self.names.is_empty() || self.names.iter().any(|n| n == name);
        verb_ok && group_ok && resource_ok && name_ok
    }

    fn permits_path(&self, verb: &str, path: &str) -> bool {
        let verb_ok = self.verbs.iter().any(|v| v == "*" || v == verb);
        let path_ok = self.urls.iter().any(|u| {
            let mut stem = u.as_str();
            let open = stem.ends_with('*');
            while let Some(shorter) = stem.strip_suffix('*') {
                stem = shorter;
            }
            if open {
                path.starts_with(stem)
            } else {
                path == stem
            }
        });
        verb_ok && path_ok
    }
}

fn some_of(from: &'static [&'static str], most: usize) -> impl Strategy<Value = Vec<String>> {
    let one = prop::sample::select(from).prop_map(str::to_owned);
    prop::collection::vec(one, 0..=most)
}

fn given_rule() -> impl Strategy<Value = Given> {
    (
        some_of(
            &["", "apps", "rbac.authorization.k8s.io", "*", "extensions"],
            2,
        ),
        some_of(
            &[
                "pods",
                "pods/exec",
                "pods/*",
                "*",
                "*/exec",
                "*/scale",
                "*/*",
                "*/",
                "/exec",
                "deployments",
                "secrets",
                "clusterroles",
                "podsx",
                "*exec",
            ],
            3,
        ),
        some_of(
            &[
                "get",
                "list",
                "create",
                "patch",
                "*",
                "bind",
                "deletecollection",
            ],
            3,
        ),
        some_of(&["one", "two", "", "*"], 2),
        some_of(&["/healthz", "/healthz/*", "*", "/metrics*", "/**", "/"], 2),
    )
        .prop_map(|(groups, resources, verbs, names, urls)| Given {
            groups,
            resources,
            verbs,
            names,
            urls,
        })
}

proptest! {
    #[test]
    fn matching_agrees_with_enumeration(given in given_rule()) {
        let rule = Rule {
            api_groups: &given.groups,
            resources: &given.resources,
            verbs: &given.verbs,
            resource_names: &given.names,
            non_resource_urls: &given.urls,
        };
        for verb in VERBS {
            for group in GROUPS {
                for resource in RESOURCES {
                    for name in NAMES {
                        let request = Request::Resource { verb, group, resource, name };
                        prop_assert_eq!(
                            allows(&rule, &request),
                            given.permits(verb, group, resource, name),
                            "{:?}", request
                        );
                    }
                }
            }
            for path in PATHS {
                let request = Request::Url { verb, path };
                prop_assert_eq!(
                    allows(&rule, &request),
                    given.permits_path(verb, path),
                    "{:?}", request
                );
            }
        }
    }
}

/// Verbs, groups, resources and names that the primitives below speak of.
fn pointed_rule() -> impl Strategy<Value = Given> {
    (
        some_of(&["", "", "*", "apps"], 2),
        some_of(
            &[
                "secrets",
                "serviceaccounts/token",
                "serviceaccounts",
                "users",
                "groups",
                "*",
                "*/token",
                "nodes/proxy",
                "pods/exec",
                "serviceaccounts/*",
                "pods",
            ],
            3,
        ),
        some_of(&["get", "list", "create", "impersonate", "update", "*"], 2),
        some_of(&["one", "two"], 1),
    )
        .prop_map(|(groups, resources, verbs, names)| Given {
            groups,
            resources,
            verbs,
            names,
            urls: Vec::new(),
        })
}

/// Whether any request of these is permitted: with a name unless the verb cannot have one.
fn permitted(rules: &[Given], verbs: &[&str], resources: &[&str]) -> bool {
    verbs.iter().any(|verb| {
        resources.iter().any(|resource| {
            let nameless = *verb == "create" && !resource.contains('/');
            let names: &[&str] = if nameless {
                &[""]
            } else {
                &["one", "two", "three"]
            };
            names.iter().any(|name| {
                rules
                    .iter()
                    .any(|rule| rule.permits(verb, "", resource, name))
            })
        })
    })
}

fn written(rules: &[Given], in_namespace: bool) -> String {
    let rules: Vec<_> = rules
        .iter()
        .map(|rule| {
            serde_json::json!({
                "apiGroups": rule.groups, "resources": rule.resources,
                "verbs": rule.verbs, "resourceNames": rule.names,
            })
        })
        .collect();
    let (kind, metadata) = if in_namespace {
        (
            "RoleBinding",
            serde_json::json!({"name": "b", "namespace": "shop"}),
        )
    } else {
        ("ClusterRoleBinding", serde_json::json!({"name": "b"}))
    };
    let version = "rbac.authorization.k8s.io/v1";
    serde_json::json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": version, "kind": "ClusterRole", "metadata": {"name": "r"}, "rules": rules},
        {"apiVersion": version, "kind": kind, "metadata": metadata,
         "roleRef": {"kind": "ClusterRole", "name": "r"},
         "subjects": [{"kind": "ServiceAccount", "namespace": "shop", "name": "a"}]},
    ]})
    .to_string()
}

proptest! {
    #[test]
    fn capabilities_agree_with_enumeration(
        rules in prop::collection::vec(pointed_rule(), 1..4),
        in_namespace in any::<bool>(),
    ) {
        let inventory = super::inventory_of(&written(&rules, in_namespace));
        let privileges = tenure::privilege::assess(&inventory);
        let found = &privileges[&"k8s:cluster/shop/a".into()];
        let has = |capability| found.capabilities.contains_key(&capability);
        let everywhere = !in_namespace;
        // Webhooks and certificates, which also give these, need groups that only `*` stands for here.
        let all_groups = rules.iter().any(|r| r.groups.iter().any(|g| g == "*"));

        let reads = permitted(&rules, &["get", "list", "watch"], &["secrets"]);
        if !all_groups || reads {
            prop_assert_eq!(has(Capability::ReadSecrets), reads);
        }
        let mints = permitted(&rules, &["create"], &["serviceaccounts/token"])
            || (reads && permitted(&rules, &["create"], &["secrets"]));
        if !all_groups || mints {
            prop_assert_eq!(has(Capability::IssueCredentials), mints);
        }
        let accounts = permitted(&rules, &["impersonate"], &["serviceaccounts"]);
        let users = everywhere && permitted(&rules, &["impersonate"], &["users"]);
        prop_assert_eq!(has(Capability::Impersonate), accounts || users);
        let runs = permitted(&rules, &["create", "get"], &["pods/exec", "pods/attach"])
            || permitted(&rules, &["update", "patch"], &["pods/ephemeralcontainers", "pods"])
            || permitted(&rules, &["create"], &["pods"])
            || permitted(&rules, &["create", "update", "patch"], &["replicationcontrollers"])
            || (everywhere && permitted(&rules, &["get", "create"], &["nodes/proxy"]));
        let other_groups = rules.iter().any(|r| r.groups.iter().any(|g| !g.is_empty()));
        if !other_groups || runs {
            prop_assert_eq!(has(Capability::ExecuteCode), runs);
        }
        let wild = |list: &[String]| list.iter().any(|entry| entry == "*");
        let admin = rules.iter().any(|rule| {
            wild(&rule.verbs) && wild(&rule.groups) && wild(&rule.resources) && rule.names.is_empty()
        });
        prop_assert_eq!(found.tier == Tier::Admin, admin);
        prop_assert!(found.tier >= Tier::None);
    }
}

#[test]
fn names_never_cover_collections() {
    for (verb, resource, named) in [
        ("create", "pods", false),
        ("create", "pods/exec", true),
        ("create", "serviceaccounts/token", true),
        ("deletecollection", "pods", false),
        ("get", "pods", true),
        ("list", "pods", true),
    ] {
        assert_eq!(can_be_named(verb, resource), named, "{verb} {resource}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is done to a manifest, reading and judging it ends without a panic.
    #[test]
    fn broken_manifests_do_no_harm(
        at in 0usize..3_000,
        cut in 0usize..60,
        put in "[\\[\\]{}:\"'&*!|>\\-#\t\n a-z0-9]{0,12}",
    ) {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/kubernetes/paths/cluster.yaml");
        let mut bytes = std::fs::read(path).unwrap();
        let at = at.min(bytes.len());
        let end = (at + cut).min(bytes.len());
        bytes.splice(at..end, put.bytes());
        let mut inventory = tenure::model::Inventory::default();
        super::read_into(&mut inventory, "broken.yaml", &bytes);
        tenure::link::link(&mut inventory);
        let privileges = tenure::privilege::assess(&inventory);
        prop_assert_eq!(privileges.len(), inventory.identities.len());
    }
}
