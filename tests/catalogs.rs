//! Service catalogs, configuration databases, on-call lists and package manifests as claims of ownership,
//! through the public surface: files as teams keep them, identities that stand elsewhere, and whose they are.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed; clippy knows only functions marked as tests"
)]

use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;
use tenure::model::*;
use tenure::ownership::{OwnershipOptions, Resolved, resolve};
use tenure::reader::{self, Reader};

/// Files, what was found elsewhere, and questions about both.
#[derive(Default)]
struct Estate {
    inventory: Inventory,
    problems: Vec<String>,
    remote: Option<&'static str>,
}

fn readers() -> [Box<dyn Reader>; 7] {
    [
        Box::new(reader::backstage::Backstage),
        Box::new(reader::cortex::Cortex),
        Box::new(reader::environments::Environments),
        Box::new(reader::opslevel::OpsLevel),
        Box::new(reader::packages::Packages),
        Box::new(reader::pagerduty::PagerDuty),
        Box::new(reader::servicenow::ServiceNow),
    ]
}

impl Estate {
    fn in_repository(remote: &'static str) -> Self {
        Self {
            remote: Some(remote),
            ..Self::default()
        }
    }

    fn origin(&self, path: &str) -> Arc<Origin> {
        Arc::new(Origin {
            named: 0,
            archive: None,
            path: path.into(),
            repository: self.remote.map(|remote| {
                Arc::new(Repository {
                    root: ".".into(),
                    remote: Some(remote.into()),
                    branch: None,
                    head: None,
                })
            }),
            cluster: None,
        })
    }

    fn file(mut self, path: &str, text: &str) -> Self {
        let origin = self.origin(path);
        let bytes = text.as_bytes();
        let probe = Probe {
            origin: &origin,
            head: &bytes[..bytes.len().min(8192)],
            complete: bytes.len() <= 8192,
            binary: false,
        };
        for reader in readers() {
            if reader.accepts(&probe) {
                let document = Document {
                    origin: &origin,
                    bytes,
                };
                let (facts, problems) = reader.read(&document);
                self.inventory.absorb(facts);
                let problems = problems.iter().map(ToString::to_string);
                self.problems.extend(problems);
            }
        }
        self
    }

    fn add(mut self, id: &str, with: impl FnOnce(&mut Identity)) -> Self {
        let (platform, kind) = match id.split(':').next() {
            Some("arn") => (Platform::Aws, IdentityKind::AwsRole),
            Some("k8s") => (Platform::Kubernetes, IdentityKind::KubernetesServiceAccount),
            Some("gcp") => (Platform::Gcp, IdentityKind::GcpServiceAccount),
            Some("entra") => (Platform::Entra, IdentityKind::EntraApplication),
            Some("github") => (Platform::GitHub, IdentityKind::CiJob),
            _ => (Platform::Other, IdentityKind::ServiceAccount),
        };
        let name = id.rsplit(['/', ':']).next().unwrap();
        let mut identity = Identity::new(id.into(), platform, kind, name);
        if platform == Platform::Aws {
            identity.account = id.split(':').nth(4).map(Into::into);
        } else if let Some(rest) = id.strip_prefix("k8s:") {
            let mut parts = rest.split('/');
            identity.account = parts.next().map(Into::into);
            identity.namespace = parts.next().map(Into::into);
        }
        identity.presence.insert(Presence::Declared);
        with(&mut identity);
        self.inventory.add_identity(identity);
        self
    }

    /// An identity that a file declares.
    fn declared(self, id: &str, path: &str) -> Self {
        let evidence = Evidence {
            origin: self.origin(path),
            line: Some(1),
            column: None,
            pointer: None,
            reader: "kubernetes",
        };
        self.add(id, |identity| {
            identity.evidence.insert(evidence);
        })
    }

    /// An identity that an export lists.
    fn found(self, id: &str) -> Self {
        self.add(id, |identity| {
            identity.presence = [Presence::Observed].into_iter().collect();
        })
    }

    fn container(mut self, id: &str, kind: ContainerKind, name: &str) -> Self {
        let evidence = Document {
            origin: &Origin::file("containers.json"),
            bytes: b"",
        }
        .whole("aws-organizations");
        let mut facts = Facts::default();
        facts.containers.push(Container {
            id: id.into(),
            kind,
            name: name.into(),
            parent: None,
            labels: Set::new(),
            evidence,
        });
        self.inventory.absorb(facts);
        self
    }

    fn resolved(&self) -> Resolved {
        resolve(&self.inventory, &OwnershipOptions::default())
    }

    fn whose(&self, id: &str) -> String {
        self.ownership(id).0
    }

    fn why(&self, id: &str) -> String {
        self.ownership(id).1
    }

    /// `state owner`, and the reason.
    fn ownership(&self, id: &str) -> (String, String) {
        let resolved = self.resolved();
        let subjects = [
            SubjectId::Identity(id.into()),
            SubjectId::Container(id.into()),
        ];
        let found = subjects.iter().find_map(|s| resolved.ownership.get(s));
        let found = found.unwrap_or_else(|| panic!("{id} has no ownership"));
        let owner = found.owner.as_ref().or(found.suggestion.as_ref());
        let owner = owner.map(|owner| format!(" {owner}")).unwrap_or_default();
        let text = format!("{}{owner}", found.state.as_str());
        (text, found.reason.to_string())
    }
}

const ROLE: &str = "arn:aws:iam::111122223333:role/payments-deploy";

#[test]
fn backstage_inherits_through_component_system_and_domain_and_says_so() {
    let estate = Estate::default()
        .file(
            "svc/catalog-info.yaml",
            "apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: web, annotations: {amazonaws.com/arn: 'arn:aws:iam::111122223333:role/payments-deploy'}}
spec: {type: service, lifecycle: production, subcomponentOf: api}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: api}
spec: {type: service, lifecycle: production, system: other/pay}
---
apiVersion: backstage.io/v1alpha1
kind: System
metadata: {name: pay, namespace: other}
spec: {domain: 'domain:default/money'}
---
apiVersion: backstage.io/v1alpha1
kind: Domain
metadata: {name: money}
spec: {subdomainOf: all}
---
apiVersion: backstage.io/v1alpha1
kind: Domain
metadata: {name: all}
spec:
  owner: group:finance
",
        )
        .found(ROLE);
    assert_eq!(estate.whose(ROLE), "owned team:finance");
    assert_eq!(
        estate.why(ROLE),
        "Backstage entity component:default/web, tied by its id, is part of component:default/api, which is part \
         of system:other/pay, which is part of domain:default/money, which is part of domain:default/all, which is \
         team:finance's (svc/catalog-info.yaml:25)"
    );
}

#[test]
fn backstage_knows_every_kind_that_has_an_owner() {
    let estate = Estate::default()
        .file(
            "catalog-info.yaml",
            "apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: tools, annotations: {backstage.io/kubernetes-id: tools}}
spec:
  type: mcp-server
  lifecycle: production
  owner: ai-team
  remotes: [{type: streamable-http, url: 'https://tools.example.com/mcp'}]
---
apiVersion: backstage.io/v1beta1
kind: AiResource
metadata: {name: reviewer, annotations: {backstage.io/kubernetes-namespace: reviewers}}
spec: {type: skill, owner: skills, allowedTools: [Read]}
---
apiVersion: acme.example/v1
kind: DataProduct
metadata: {name: orders, annotations: {acme.example/role: 'arn:aws:iam::111122223333:role/orders'}}
spec: {owner: user:default/jdoe}
---
apiVersion: backstage.io/v1alpha1
kind: Location
metadata: {name: elsewhere}
spec: {targets: [./more.yaml]}
---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata:
  name: prod-account
  annotations: {amazonaws.com/account-id: '111122223333', microsoft.com/application-id: 0aa11bb2-0000-4000-8000-00000000abcd}
spec: {type: aws-account, owner: cloud}
",
        )
        .found("k8s:prod/x/tools")
        .found("k8s:prod/reviewers/any")
        .found("arn:aws:iam::111122223333:role/orders")
        .found("arn:aws:iam::111122223333:role/other")
        .found("entra:tenant/0aa11bb2-0000-4000-8000-00000000abcd")
        .container("aws:111122223333", ContainerKind::Account, "prod");
    for (id, whose) in [
        ("k8s:prod/x/tools", "owned team:ai-team"),
        ("k8s:prod/reviewers/any", "owned team:skills"),
        ("arn:aws:iam::111122223333:role/orders", "owned user:jdoe"),
        ("arn:aws:iam::111122223333:role/other", "owned team:cloud"),
        (
            "entra:tenant/0aa11bb2-0000-4000-8000-00000000abcd",
            "owned team:cloud",
        ),
        ("aws:111122223333", "owned team:cloud"),
    ] {
        assert_eq!(estate.whose(id), whose, "{id}");
    }
}

#[test]
fn a_dump_of_the_catalog_ties_by_annotations_and_not_by_where_it_lies() {
    let dump = r#"[
  {"apiVersion": "backstage.io/v1alpha1", "kind": "Component",
   "metadata": {"name": "search", "namespace": "default", "uid": "1",
     "annotations": {
       "backstage.io/managed-by-location": "url:https://github.com/acme/shop/blob/main/search/catalog-info.yaml",
       "backstage.io/kubernetes-label-selector": "app=finder,tier!=web"}},
   "relations": [
     {"type": "partOf", "targetRef": "system:default/shop"}],
   "spec": {"type": "service", "lifecycle": "production"}},
  {"apiVersion": "backstage.io/v1alpha1", "kind": "System",
   "metadata": {"name": "shop"},
   "relations": [
     {"type": "hasPart", "targetRef": "component:default/search"},
     {"type": "ownedBy", "targetRef": "group:default/shop-team"}],
   "spec": {}}
]"#;
    let estate = Estate::in_repository("github.com/acme/shop")
        .file("exports/entities.json", dump)
        .declared("k8s:a/b/deep", "search/k8s/sa.yaml")
        .declared("k8s:a/b/beside", "other/k8s/sa.yaml")
        .declared("k8s:a/b/export", "exports/sa.yaml")
        .found("k8s:x/y/finder");
    assert_eq!(estate.whose("k8s:a/b/deep"), "owned team:shop-team");
    assert_eq!(
        estate.why("k8s:a/b/deep"),
        "Backstage entity component:default/search, tied by its directory, is part of system:default/shop, which is \
         team:shop-team's (exports/entities.json:10)"
    );
    assert_eq!(estate.whose("k8s:x/y/finder"), "owned team:shop-team");
    assert_eq!(estate.whose("k8s:a/b/beside"), "unowned");
    assert_eq!(estate.whose("k8s:a/b/export"), "unowned");
}

#[test]
fn repositories_tie_what_they_declare_their_jobs_and_what_these_sign_in_as() {
    let catalog = "apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: app, annotations: {github.com/project-slug: Acme/App}}
spec: {type: service, lifecycle: production, owner: app-team}
";
    let estate = Estate::default()
        .file("catalog/app/catalog-info.yaml", catalog)
        .found("github:acme/app/job/ci.yml/deploy")
        .found("github:acme/other/job/ci.yml/deploy")
        .add("arn:aws:iam::111122223333:role/gh", |role| {
            role.serves.insert("github-actions:acme/app".into());
        })
        .add("arn:aws:iam::111122223333:role/two", |role| {
            role.serves.insert("github-actions:acme/app".into());
            role.serves.insert("github-actions:acme/other".into());
        });
    for (id, whose) in [
        ("github:acme/app/job/ci.yml/deploy", "owned team:app-team"),
        ("github:acme/other/job/ci.yml/deploy", "unowned"),
        ("arn:aws:iam::111122223333:role/gh", "owned team:app-team"),
        ("arn:aws:iam::111122223333:role/two", "unowned"),
    ] {
        assert_eq!(estate.whose(id), whose, "{id}");
    }
}

#[test]
fn opslevel_speaks_for_its_directory_and_repositories() {
    let estate = Estate::default()
        .file(
            "shop/opslevel.yml",
            "---
version: 1
component:
  name: Shopping Cart
  owner: order_management
  aliases: [cart-service]
  repositories: [{name: acme/cart, path: deploy, provider: github}]
  tags: [{key: k8s-namespace, value: carts}]
",
        )
        .file(
            "lib/opslevel.yml",
            "version: 1\nrepository: {owner: 'libs'}\n",
        )
        .file("bad/opslevel.yml", "version: 1\nsomething: else\n")
        .file(
            "lib/opslevel.yaml",
            "version: 1\nrepository: {owner: wrong}\n",
        )
        .declared("k8s:c/n/below", "shop/k8s/sa.yaml")
        .declared("k8s:c/n/lib", "lib/sa.yaml")
        .found("k8s:c/carts/other")
        .found("k8s:c/n/cart-service");
    for (id, whose) in [
        ("k8s:c/n/below", "owned team:order_management"),
        ("k8s:c/n/lib", "owned team:libs"),
        ("k8s:c/carts/other", "owned team:order_management"),
        ("k8s:c/n/cart-service", "owned team:order_management"),
    ] {
        assert_eq!(estate.whose(id), whose, "{id}");
    }
    assert_eq!(estate.problems.len(), 1, "{:?}", estate.problems);
}

#[test]
fn opslevel_lets_the_component_speak_before_its_repository() {
    let both = "---
version: 1
repository:
  owner: platform_team
  tier:
service:
  name: Shopping Cart Service
  owner: order_management_team
";
    let estate = (Estate::default().file("cart/opslevel.yml", both))
        .declared("k8s:c/n/worker", "cart/deploy/sa.yaml");
    assert_eq!(
        estate.whose("k8s:c/n/worker"),
        "owned team:order_management_team"
    );
}

#[test]
fn cortex_gives_groups_before_people_and_inherits_from_domains() {
    let estate = Estate::default()
        .file(
            "pay/cortex.yaml",
            "openapi: 3.0.1
info:
  title: Pay
  x-cortex-tag: pay
  x-cortex-owners:
    - {type: slack, channel: pay}
    - {type: email, email: Jane@Example.com}
    - {type: group, name: Payments, provider: OKTA}
  x-cortex-infra: {aws: {ecs: [{serviceArn: 'arn:aws:ecs:eu-west-1:111122223333:service/pay'}]}}
  x-cortex-k8s: {deployment: [{identifier: pay/pay-api, cluster: prod}, {identifier: till, namespace: shop}]}
",
        )
        .file(
            ".cortex/catalog/ledger.yaml",
            "info:
  title: Ledger
  x-cortex-tag: ledger
  x-cortex-git: {github: {repository: acme/ledger}}
",
        )
        .file(
            ".cortex/domains/money.yaml",
            "info:
  title: Money
  x-cortex-tag: money
  x-cortex-type: domain
  x-cortex-children: [{tag: ledger}]
  x-cortex-owners: [{type: group, name: acme/finance, provider: GITHUB}]
",
        )
        .declared("k8s:c/n/below", "pay/k8s/sa.yaml")
        .declared("k8s:c/n/beside", ".cortex/x.yaml")
        .found("k8s:prod/pay/pay-api")
        .found("k8s:any/shop/till")
        .found("github:acme/ledger/job/ci.yml/build");
    for (id, whose) in [
        ("k8s:c/n/below", "owned team:payments"),
        ("k8s:prod/pay/pay-api", "owned team:payments"),
        ("k8s:any/shop/till", "owned team:payments"),
        ("k8s:c/n/beside", "unowned"),
        (
            "github:acme/ledger/job/ci.yml/build",
            "owned team:acme/finance",
        ),
    ] {
        assert_eq!(estate.whose(id), whose, "{id}: {}", estate.why(id));
    }
}

#[test]
fn environments_own_accounts_by_name_folders_and_repositories() {
    let json = r#"{
  "account-type": "member",
  "codeowners": ["apex-admins"],
  "environments": [
    {"name": "production", "access": [{"sso_group_name": "apex", "level": "developer"}]},
    {"name": "test", "tags": {"owner": "apex-test@example.com"}}
  ],
  "tags": {
    "application": "apex",
    "business-unit": "LAA",
    "owner": "Apex Team: apex@example.com"
  },
  "github-oidc-team-repositories": ["acme/apex-db", ""]
}"#;
    let estate = Estate::default()
        .file("environments/apex.json", json)
        .file(
            "environments/plain.json",
            r#"{"environments": [{"name": "production"}], "tags": {"owner": ""}, "codeowners": ["@acme/plain"]}"#,
        )
        .container("aws:111122223333", ContainerKind::Account, "apex-production")
        .container("aws:222233334444", ContainerKind::Account, "apex-test")
        .container("aws:333344445555", ContainerKind::Account, "plain-production")
        .container("aws:444455556666", ContainerKind::Account, "apex-produktion")
        .found(ROLE)
        .found("github:acme/apex-db/job/ci.yml/plan")
        .declared("k8s:c/n/code", "code/terraform/environments/apex/sa.tf");
    for (id, whose) in [
        ("aws:111122223333", "owned mail:apex@example.com"),
        ("aws:222233334444", "owned mail:apex-test@example.com"),
        ("aws:333344445555", "owned team:acme/plain"),
        ("aws:444455556666", "unowned"),
        (ROLE, "owned mail:apex@example.com"),
        (
            "github:acme/apex-db/job/ci.yml/plan",
            "owned mail:apex@example.com",
        ),
        ("k8s:c/n/code", "owned mail:apex@example.com"),
    ] {
        assert_eq!(estate.whose(id), whose, "{id}: {}", estate.why(id));
    }
    let why = estate.why("aws:111122223333");
    assert!(why.contains("(environments/apex.json:11)"), "{why}");
}

#[test]
fn servicenow_goes_by_accountability_and_leaves_out_what_is_retired() {
    let csv = "\u{FEFF}\"name\",\"sys_class_name\",\"operational_status\",\"owned_by\",\"owned_by.email\",\"managed_by\",\"managed_by_group\",\"support_group\",\"assigned_to\",\"u_arn\"
\"svc-billing\",\"Service Account\",\"Operational\",\"Jane Doe\",\"jane@example.com\",\"\",\"\",\"Billing Ops\",\"\",\"\"
\"svc-report\",\"Service Account\",\"1\",\"\",\"\",\"\",\"Reporting\",\"Desk\",\"John Roe\",\"\"
\"svc-old\",\"Service Account\",\"Retired\",\"Jane Doe\",\"\",\"\",\"\",\"\",\"\",\"\"
\"Payments deployer\",\"cmdb_ci_appl\",\"1\",\"John Roe\",\"\",\"\",\"\",\"\",\"\",\"arn:aws:iam::111122223333:role/payments-deploy\"
\"twice\",\"cmdb_ci_appl\",\"1\",\"\",\"\",\"\",\"One\",\"\",\"\",\"\"
\"twice\",\"cmdb_ci_server\",\"1\",\"\",\"\",\"\",\"Other\",\"\",\"\",\"\"
\"many\",\"cmdb_ci_appl\",\"1\",\"\",\"\",\"\",\"One\",\"\",\"\",\"\"
\"bare\",\"cmdb_ci_appl\",\"1\",\"6816f79cc0a8016401c5a33be04be441\",\"\",\"\",\"\",\"\",\"\",\"\"
";
    let estate = Estate::default()
        .file("cmdb_ci_export.csv", csv)
        .found("k8s:c/n/svc-billing")
        .found("k8s:c/n/SVC-Report")
        .found("k8s:c/n/svc-old")
        .found("k8s:c/n/svc-billing-2")
        .found("k8s:c/n/twice")
        .found("k8s:c/a/many")
        .found("k8s:c/b/many")
        .found("k8s:c/n/bare")
        .found(ROLE);
    for (id, whose) in [
        ("k8s:c/n/svc-billing", "owned mail:jane@example.com"),
        ("k8s:c/n/SVC-Report", "owned team:reporting"),
        ("k8s:c/n/svc-old", "unowned"),
        ("k8s:c/n/svc-billing-2", "unowned"),
        ("k8s:c/n/twice", "unowned"),
        ("k8s:c/a/many", "unowned"),
        ("k8s:c/b/many", "unowned"),
        ("k8s:c/n/bare", "unowned"),
        (ROLE, "owned user:john-roe"),
    ] {
        assert_eq!(estate.whose(id), whose, "{id}: {}", estate.why(id));
    }
    assert!(
        estate.problems[0].contains("sys_id"),
        "{:?}",
        estate.problems
    );
    let resolved = estate.resolved();
    let claims = &resolved.ownership[&SubjectId::Identity(ROLE.into())].claims;
    assert_eq!(
        (claims[0].method, &*claims[0].raw),
        (Method::Cmdb, "John Roe")
    );
}

#[test]
fn servicenow_labels_and_json_mean_the_same() {
    let csv =
        "Name;Class;Managed By Group;Operational status\nsvc-a;Application;Team A;Operational\n";
    let json = r#"{"result": [
  {"sys_id": "1", "sys_class_name": "cmdb_ci_appl", "name": "svc-b",
   "owned_by": {"display_value": "Jane Doe", "link": "https://x/1", "value": "6816f79cc0a8016401c5a33be04be441"},
   "install_status": "1"},
  {"sys_id": "2", "sys_class_name": {"display_value": "Application", "value": "cmdb_ci_appl"}, "name": "svc-c",
   "owned_by": "", "support_group": {"display_value": "Desk", "value": "x"}, "operational_status": "6"}
]}"#;
    let estate = Estate::default()
        .file("export.csv", csv)
        .file("cmdb.json", json)
        .found("k8s:c/n/svc-a")
        .found("k8s:c/n/svc-b")
        .found("k8s:c/n/svc-c");
    assert_eq!(estate.whose("k8s:c/n/svc-a"), "owned team:team-a");
    assert_eq!(estate.whose("k8s:c/n/svc-b"), "owned user:jane-doe");
    assert_eq!(estate.whose("k8s:c/n/svc-c"), "unowned");
    let why = estate.why("k8s:c/n/svc-b");
    assert!(
        why.contains("ServiceNow entity") && why.contains("cmdb.json:3"),
        "{why}"
    );
}

#[test]
fn who_is_on_call_is_only_suggested() {
    let json = r#"{"services": [
  {"id": "PABC", "name": "Checkout", "status": "active",
   "escalation_policy": {"id": "P1", "type": "escalation_policy_reference", "summary": "Checkout policy"},
   "teams": [{"id": "T1", "type": "team_reference", "summary": "Checkout Crew"}]},
  {"id": "PDEF", "name": "ledger", "status": "active",
   "escalation_policy": {"id": "P2", "summary": "Ledger nights"}, "teams": []},
  {"id": "POFF", "name": "gone", "status": "disabled", "escalation_policy": {"summary": "x"}}
]}"#;
    let csv = "Service ID,Service Name,Escalation Policy,Teams\nPXYZ,stock,Stock policy,\"Stock, Other\"\n";
    let catalog = "apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: till, annotations: {pagerduty.com/service-id: PABC}}
spec: {type: service, owner: nobody}
";
    let estate = Estate::default()
        .file("pagerduty.json", json)
        .file("services.csv", csv)
        .file("till/catalog-info.yaml", catalog)
        .found("k8s:c/n/checkout")
        .found("k8s:c/n/ledger")
        .found("k8s:c/n/stock")
        .found("k8s:c/n/gone")
        .found("k8s:c/n/other");
    for (id, whose) in [
        ("k8s:c/n/checkout", "suggested team:checkout-crew"),
        ("k8s:c/n/ledger", "suggested team:ledger-nights"),
        ("k8s:c/n/stock", "suggested team:stock"),
        ("k8s:c/n/gone", "unowned"),
    ] {
        assert_eq!(estate.whose(id), whose, "{id}: {}", estate.why(id));
    }
    assert_eq!(
        estate.why("k8s:c/n/checkout"),
        "nobody is declared; PagerDuty entity service:pabc, tied by its name, has on call team:checkout-crew \
         (pagerduty.json:2)"
    );
}

#[test]
fn manifests_suggest_their_maintainers() {
    let estate = Estate::default()
        .file("chart/Chart.yaml", "name: pay\nmaintainers:\n  - {name: Jane, email: jane@example.com}\n")
        .file("chart/charts/redis/Chart.yaml", "name: redis\nmaintainers: [{name: them, email: them@elsewhere.org}]\n")
        .file("npm/package.json", "{\"name\": \"x\",\n \"author\": \"Jo Doe <jo@example.com> (https://x.org)\"}")
        .file("npm/node_modules/y/package.json", r#"{"name": "y", "author": "them@elsewhere.org"}"#)
        .file("rust/Cargo.toml", "[package]\nname = \"r\"\nauthors = [\"Rae Roe <rae@example.com>\"]\n")
        .file("crate/Cargo.toml", "[package]\nname = \"r\"\nauthors.workspace = true\n")
        .file("py/pyproject.toml", "[project]\nname = 'p'\nauthors = [{name = 'A', email = 'a@example.com'}]\nmaintainers = [\n  {email = 'm@example.com'},\n]\n")
        .file("poetry/pyproject.toml", "[tool.poetry]\nname = 'p'\nauthors = ['P <p@example.com>']\n")
        .file("cfg/setup.cfg", "[metadata]\nname = c\nauthor = C. Roe\nauthor_email = c@example.com\n[options]\nauthor = no\n")
        .file("php/composer.json", r#"{"name": "a/b", "authors": [{"name": "Php", "email": "php@example.com"}]}"#)
        .file("java/pom.xml", "<project><parent><artifactId>up</artifactId></parent><artifactId>j</artifactId>\n<developers><developer><id>x</id>\n<name>Jay</name><email>jay@example.com</email></developer></developers></project>")
        .file("helm/Chart.yaml", "name: h\nmaintainers: [{name: octo, url: 'https://github.com/octo-cat'}]\n")
        .file("named/package.json", r#"{"name": "n", "author": "Mae Moe"}"#)
        .file("all/package.json", r#"{"name": "n", "author": "The Widget Authors"}"#);
    let expected = [
        ("chart/templates/sa.yaml", "suggested mail:jane@example.com"),
        (
            "chart/charts/redis/templates/sa.yaml",
            "suggested mail:jane@example.com",
        ),
        ("npm/sa.yaml", "suggested mail:jo@example.com"),
        (
            "npm/node_modules/y/sa.yaml",
            "suggested mail:jo@example.com",
        ),
        ("rust/k8s/sa.yaml", "suggested mail:rae@example.com"),
        ("crate/sa.yaml", "unknown"),
        ("py/sa.yaml", "suggested mail:m@example.com"),
        ("poetry/sa.yaml", "suggested mail:p@example.com"),
        ("cfg/sa.yaml", "suggested mail:c@example.com"),
        ("php/sa.yaml", "suggested mail:php@example.com"),
        ("java/sa.yaml", "suggested mail:jay@example.com"),
        ("helm/sa.yaml", "suggested user:octo-cat"),
        ("named/sa.yaml", "suggested user:mae-moe"),
        ("all/sa.yaml", "unknown"),
    ];
    let mut estate = estate;
    let id = |path: &str| format!("other:{path}");
    for (path, _) in expected {
        estate = estate.declared(&id(path), path);
    }
    for (path, whose) in expected {
        assert_eq!(estate.whose(&id(path)), whose, "{path}");
    }
    let why = estate.why(&id("py/sa.yaml"));
    assert!(why.contains("(py/pyproject.toml:5)"), "{why}");
    assert!(
        why.contains("python:p, tied by its directory, names as author"),
        "{why}"
    );
}

#[test]
fn catalogs_of_equal_closeness_that_disagree_are_a_dispute_with_both_sides() {
    let backstage = "apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: a}
spec: {type: service, owner: one}
";
    let estate = Estate::default()
        .file("svc/catalog-info.yaml", backstage)
        .file(
            "svc/opslevel.yml",
            "version: 1\ncomponent: {name: a, owner: two}\n",
        )
        .file("opslevel.yml", "version: 1\nrepository: {owner: three}\n")
        .declared("k8s:c/n/x", "svc/k8s/sa.yaml")
        .declared("k8s:c/n/y", "k8s/sa.yaml");
    assert_eq!(estate.whose("k8s:c/n/x"), "disputed team:one");
    let why = estate.why("k8s:c/n/x");
    for part in [
        "Backstage entity",
        "team:one's",
        "OpsLevel entity",
        "team:two's",
    ] {
        assert!(why.contains(part), "{why}");
    }
    assert_eq!(estate.whose("k8s:c/n/y"), "owned team:three");
}

#[test]
fn an_identity_of_two_places_with_two_owners_is_disputed_however_deep_they_lie() {
    let entity = |name: &str, owner: &str| {
        format!(
            "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {{name: {name}}}\n\
             spec: {{type: service, owner: {owner}}}\n"
        )
    };
    let estate = Estate::default()
        .file("a/catalog-info.yaml", &entity("a", "one"))
        .file("b/catalog-info.yaml", &entity("b", "two"))
        .declared("k8s:c/n/x", "a/deep/below/sa.yaml")
        .declared("k8s:c/n/x", "b/sa.yaml");
    assert_eq!(estate.whose("k8s:c/n/x"), "disputed team:one");
}

#[test]
fn what_runs_as_an_identity_ties_it_where_one_party_runs_all_of_it() {
    let catalog = "apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: a, annotations: {example.com/function: 'arn:aws:lambda:eu-west-1:111122223333:function:a'}}
spec: {type: service, owner: one}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: b, annotations: {example.com/function: 'arn:aws:lambda:eu-west-1:111122223333:function:b'}}
spec: {type: service, owner: two}
";
    let mut estate = Estate::default()
        .file("catalog/catalog-info.yaml", catalog)
        .found("arn:aws:iam::111122223333:role/only-a")
        .found("arn:aws:iam::111122223333:role/both");
    let evidence = Document {
        origin: &Origin::file("functions.json"),
        bytes: b"",
    };
    for (function, role) in [("a", "only-a"), ("a", "both"), ("b", "both")] {
        let mut facts = Facts::default();
        facts.workloads.push(Workload {
            id: format!("arn:aws:lambda:eu-west-1:111122223333:function:{function}").into(),
            kind: "AWS::Lambda::Function".into(),
            name: function.into(),
            runs_as: format!("arn:aws:iam::111122223333:role/{role}").into(),
            automount: None,
            traits: Set::new(),
            evidence: evidence.whole("aws-workloads"),
        });
        estate.inventory.absorb(facts);
    }
    assert_eq!(
        estate.whose("arn:aws:iam::111122223333:role/only-a"),
        "owned team:one"
    );
    assert_eq!(
        estate.whose("arn:aws:iam::111122223333:role/both"),
        "unowned"
    );
}

#[test]
fn groups_know_their_parents_and_children() {
    let org = "apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: payments}
spec: {type: team, parent: finance, children: [], members: [jdoe]}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: jdoe}
spec: {memberOf: [payments], profile: {email: jane@example.com}}
";
    let estate = Estate::default().file("org.yaml", org);
    let teams: BTreeSet<String> = (estate.inventory.teams.iter())
        .map(|team| format!("{:?} {:?}", team.names, team.members))
        .collect();
    let expected = [
        r#"{"finance"} Some({"group:payments"})"#,
        r#"{"payments"} Some({"user:jdoe"})"#,
    ];
    assert_eq!(teams, expected.map(str::to_owned).into());
}

/// Not a benchmark: it fails when every identity meets every entity, which takes minutes at this size.
#[test]
fn a_large_catalog_resolves_in_linear_time() {
    let mut estate = Estate::default();
    let mut dump = String::from("[");
    let mut cmdb = String::from("name,sys_class_name,sys_id,support_group,operational_status\n");
    for i in 0..20_000 {
        let comma = if i == 0 { "" } else { "," };
        dump.push_str(&format!(
            "{comma}{{\"apiVersion\": \"backstage.io/v1alpha1\", \"kind\": \"Component\", \"metadata\": {{\"name\": \"c{i}\", \
             \"annotations\": {{\"backstage.io/kubernetes-namespace\": \"ns{}\", \"backstage.io/source-location\": \
             \"url:https://github.com/acme/r{}/tree/main/s{i}/\", \"x/arn\": \"arn:aws:iam::111122223333:role/r{i}\"}}}}, \
             \"spec\": {{\"system\": \"s{}\"}}}}\n",
            i % 700,
            i % 50,
            (i + 1) % 20_000
        ));
        dump.push_str(&format!(
            ",{{\"apiVersion\": \"backstage.io/v1alpha1\", \"kind\": \"System\", \"metadata\": {{\"name\": \"s{i}\"}}, \
             \"spec\": {{\"owner\": \"team-{}\"}}}}\n",
            i % 300
        ));
        cmdb.push_str(&format!("svc-{i},cmdb_ci_appl,{i},Group {},1\n", i % 40));
    }
    dump.push(']');
    estate = estate.file("entities.json", &dump).file("cmdb.csv", &cmdb);
    assert_eq!(estate.inventory.catalog.len(), 60_000);
    for i in 0..50_000 {
        estate = match i % 3 {
            0 => estate.found(&format!("arn:aws:iam::111122223333:role/r{i}")),
            1 => estate.found(&format!("k8s:c/ns{}/svc-{i}", i % 900)),
            _ => estate.declared(&format!("k8s:c/n/a{i}"), &format!("a/b/c/d/{i}/sa.yaml")),
        };
    }
    let resolved = estate.resolved();
    assert_eq!(resolved.ownership.len(), 50_000);
    let owned = resolved.ownership.values();
    let owned = owned.filter(|o| o.state == OwnershipState::Owned).count();
    // A third has its ARN in the catalog, as far as that goes, and another a name in the database.
    assert!(owned > 13_000, "{owned}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// No reader falls over hostile bytes.
    #[test]
    fn readers_survive_anything(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in "\\PC{0,200}") {
        for name in [
            "catalog-info.yaml", "entities.json", "opslevel.yml", "cortex.yaml", "environments/a.json", "cmdb.csv",
            "cmdb.json", "services.csv", "services.json", "Chart.yaml", "package.json", "Cargo.toml",
            "pyproject.toml", "setup.cfg", "composer.json", "pom.xml",
        ] {
            let origin = Origin::file(name);
            for bytes in [&bytes[..], text.as_bytes()] {
                for reader in readers() {
                    let _ = reader.read(&Document { origin: &origin, bytes });
                }
            }
        }
    }
}
