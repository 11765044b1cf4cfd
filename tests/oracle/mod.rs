//! An oracle for RBAC: written from the Kubernetes documentation, without the program's matcher, by
//! enumerating every verb on every resource and name of a small cluster.

use proptest::prelude::*;
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
