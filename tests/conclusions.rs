//! Whose things are, held against what a person would say who reads the same files: small dirty estates, scanned
//! whole.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed; clippy knows only functions marked as tests"
)]

use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

struct Estate(tempfile::TempDir);

impl Estate {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, path: &str, text: &str) -> &Self {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// Namespaces of these names with these owners, each in a folder of its own, and a ServiceAccount in each.
    fn namespaces(&self, owners: &[(&str, &str)]) -> &Self {
        for (name, owner) in owners {
            let namespace = format!(
                "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n  annotations:\n    example.com/owner: {owner:?}\n"
            );
            self.file(&format!("namespaces/{name}/00.yaml"), &namespace);
            let account = format!(
                "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: sa\n  namespace: {name}\n"
            );
            self.file(&format!("namespaces/{name}/01.yaml"), &account);
        }
        self
    }

    fn scan(&self) -> Value {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tenure"));
        command
            .args([
                "scan",
                "--now",
                "2026-11-22T00:00:00Z",
                "--format",
                "json",
                ".",
            ])
            .current_dir(self.0.path());
        serde_json::from_slice(&command.output().unwrap().stdout).unwrap()
    }

    /// State, owner and reason of each namespace, by name.
    fn said(&self) -> BTreeMap<String, (String, String, String)> {
        let report = self.scan();
        let namespaces = report["containers"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        namespaces
            .filter(|c| c["kind"] == "namespace")
            .map(|c| {
                let o = &c["ownership"];
                let said = (text(&o["state"]), text(&o["owner"]), text(&o["reason"]));
                (text(&c["name"]), said)
            })
            .collect()
    }
}

const HR: &str = "email,name,username,status,end_date
jane.doe@example.com,Jane Doe,jdoe,Active,
omar.aziz@example.com,Omar Aziz,oaziz,Terminated,2026-03-01
li.wei@example.com,Li Wei,lwei,Active,
sam.smith@example.com,Sam Smith,ssmith,Active,
sam.smith2@example.com,Sam Smith,ssmith2,Terminated,2026-02-01
pat.roe@example.com,Pat Roe,proe,Terminated,2026-02-01
pat.roe3@example.com,Pat Roe,proe3,Terminated,2026-02-01
bo.lee@example.com,Bo Lee,blee,Terminated,2026-03-01
bo.lee@example.com,Bo Lee,blee,Active,
z.b@example.com,Zaphod Beeble,zb,Terminated,2026-01-01
";

const SCIM: &str = r#"{
  "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
  "totalResults": 3,
  "Resources": [
    {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "1", "userName": "omar.aziz@example.com",
     "active": true, "emails": [{"value": "omar.aziz@example.com", "primary": true}]},
    {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "2", "userName": "li.wei@example.com",
     "active": false, "emails": [{"value": "li.wei@example.com", "primary": true}]},
    {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "3", "userName": "kim.po@example.com",
     "active": false, "emails": [{"value": "kim.po@example.com", "primary": true}]}
  ]
}"#;

const TEAMS: &str = r#"{"data": {"organization": {"login": "acme", "teams": {"nodes": [
  {"slug": "payments", "name": "Payments", "members": {"nodes": [{"login": "oaziz"}]}},
  {"slug": "web", "name": "Web", "members": {"nodes": [{"login": "jdoe"}, {"login": "oaziz"}]}}
]}}}}"#;

#[test]
fn who_left_by_the_personnel_file_is_gone_whatever_accounts_are_open() {
    let cases = [
        (
            "mail",
            "omar.aziz@example.com",
            "orphaned",
            "who left on 2026-03-01",
        ),
        (
            "both-said",
            "omar.aziz@example.com",
            "orphaned",
            "scim-users.json#/Resources/0 has them as active",
        ),
        ("login", "@oaziz", "orphaned", "who left"),
        ("display", "Omar Aziz", "orphaned", "who left"),
        ("turned", "Aziz, Omar", "orphaned", "who left"),
        (
            "encoded",
            "omar-aziz_at_example-com",
            "orphaned",
            "who left",
        ),
        (
            "display-only",
            "Zaphod Beeble",
            "orphaned",
            "who left on 2026-01-01",
        ),
        (
            "only-member",
            "@acme/payments",
            "orphaned",
            "members have all left",
        ),
        ("one-of-two", "team:web", "owned", ""),
        // A suspended account of somebody who works here.
        (
            "suspended",
            "li.wei@example.com",
            "owned",
            "scim-users.json#/Resources/1 has them as inactive",
        ),
        // Nobody but the directory knows her.
        (
            "deactivated",
            "kim.po@example.com",
            "orphaned",
            "who has left",
        ),
        // Two rows of one file.
        ("came-back", "bo.lee@example.com", "owned", ""),
        // Two people of one name.
        ("namesakes", "Sam Smith", "owned", "2 people of the roster"),
        ("namesakes-gone", "Pat Roe", "orphaned", "who left"),
        ("namesake-there", "sam.smith@example.com", "owned", ""),
        (
            "namesake-gone",
            "sam.smith2@example.com",
            "orphaned",
            "who left on 2026-02-01",
        ),
        // Not his.
        ("free-mail", "omar.aziz@gmail.com", "owned", ""),
        ("elsewhere", "omar.aziz@example.org", "owned", ""),
    ];
    let estate = Estate::new();
    let owners: Vec<(&str, &str)> = cases.iter().map(|c| (c.0, c.1)).collect();
    estate
        .file("a/scim-users.json", SCIM)
        .file("hr.csv", HR)
        .file("github-teams.json", TEAMS)
        .namespaces(&owners);
    let said = estate.said();
    for (name, owner, state, reason) in cases {
        let got = &said[name];
        assert_eq!(got.0, state, "{name} ({owner}): {got:?}");
        assert!(got.2.contains(reason), "{name} ({owner}): {got:?}");
    }
}

#[test]
fn a_name_of_two_people_is_not_tied_by_standing_beside_ones_address() {
    let estate = Estate::new();
    estate.file("hr.csv", HR).namespaces(&[
        ("a", "Sam Smith: sam.smith@example.com"),
        ("b", "Sam Smith"),
    ]);
    let said = estate.said();
    assert_eq!(said["a"].1, "mail:sam.smith@example.com");
    assert_eq!(said["b"].1, "team:sam-smith");
}
