//! Registers of vendors, and what vendors hold: `fixtures/vendors`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed; clippy knows only functions marked as tests"
)]

mod support;

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use support::{NOW, copy, fixture, put, room, run, stdout};
use tenure::model::*;
use tenure::ownership::{OwnershipOptions, resolve};
use tenure::reader::{Reader, vendors::Vendors};

fn scan(directory: &Path) -> Value {
    let out = run(directory, &["scan", ".", "--now", NOW, "--format", "json"]);
    serde_json::from_str(&stdout(&out)).unwrap()
}

fn estate(name: &str) -> Value {
    let room = room();
    copy(&fixture(&format!("vendors/{name}")), room.path());
    scan(room.path())
}

fn vendors(snapshot: &Value) -> BTreeMap<&str, &Value> {
    let all = snapshot["vendors"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    all.iter().map(|v| (v["id"].as_str().unwrap(), v)).collect()
}

/// The last part of the id of each identity that a vendor holds, and how the first tie is known.
fn held(vendor: &Value) -> Vec<(&str, &str)> {
    let held = vendor["identities"].as_array().unwrap().iter();
    held.map(|h| {
        let id = h["identity"].as_str().unwrap();
        (
            id.rsplit('/').next().unwrap(),
            h["why"][0]["why"].as_str().unwrap(),
        )
    })
    .collect()
}

#[test]
fn every_tie_leads_to_its_vendor() {
    let snapshot = estate("estate");
    let all = vendors(&snapshot);
    for (id, registered, contract, ties) in [
        (
            "acme-support",
            true,
            "ended",
            &[
                ("acme-support", "its trust lets account 444455556666 in"),
                ("acme-sync", "its trust lets account 444455556666 in"),
                (
                    "named",
                    "registry entry aws:iam-role:111122223333/named names it",
                ),
            ][..],
        ),
        (
            "S-17",
            true,
            "active",
            &[("billing-feed", "`supplier` names it")],
        ),
        // The account is of the table that ships with the program, the vendor is of the register.
        (
            "S-18",
            true,
            "active",
            &[("datadog", "its trust lets account 464622532012 in")],
        ),
        (
            "northwind",
            true,
            "active",
            &[(
                "mailed",
                "its owner has an address of support.northwind.example",
            )],
        ),
        (
            "later",
            true,
            "not-begun",
            &[("future", "the register of vendors says so")],
        ),
        (
            "Nobody Knows Inc",
            false,
            "unknown",
            &[("mystery", "`Vendor` names it")],
        ),
    ] {
        let vendor = all.get(id).unwrap_or_else(|| panic!("no vendor {id}"));
        assert_eq!(vendor["registered"], registered, "{id}");
        assert_eq!(vendor["contract"], contract, "{id}");
        assert_eq!(held(vendor), ties, "{id}");
    }
    assert_eq!(all.len(), 6);
    let acme = all["acme-support"];
    assert_eq!(acme["accountability"], "shared");
    assert_eq!(acme["data"][1], serde_json::json!({"name": "case-notes"}));
    assert_eq!(
        acme["contract_reason"],
        "contract C-2024-7 ended on 2026-06-30 (its status still says active)"
    );
}

#[test]
fn checks_of_vendors() {
    let snapshot = estate("estate");
    let findings = snapshot["findings"].as_array().unwrap();
    let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for finding in findings {
        let check = finding["check"].as_str().unwrap();
        if check.starts_with("vendor-") {
            assert_eq!(finding["subject"]["kind"], "vendor");
            assert!(!finding["evidence"].as_array().unwrap().is_empty());
            found
                .entry(check)
                .or_default()
                .push(finding["subject"]["id"].as_str().unwrap());
        }
    }
    let expected: BTreeMap<&str, Vec<&str>> = [
        (
            "vendor-accountability-model-missing",
            vec!["S-17", "S-18", "northwind"],
        ),
        ("vendor-contract-end-unknown", vec!["S-18", "northwind"]),
        ("vendor-contract-not-begun", vec!["later"]),
        ("vendor-data-unowned", vec!["acme-support"]),
        ("vendor-ended-active", vec!["acme-support"]),
        ("vendor-owner-missing", vec!["S-18", "northwind"]),
        ("vendor-privileged-unapproved", vec!["acme-support"]),
        (
            "vendor-shared-model-no-customer-approval",
            vec!["acme-support"],
        ),
        ("vendor-unregistered", vec!["Nobody Knows Inc"]),
    ]
    .into();
    assert_eq!(found, expected);
}

#[test]
fn without_a_register_no_vendor_is_missing_from_it() {
    let room = room();
    let from = fixture("vendors/estate/exports/authorization-details.json");
    put(
        room.path(),
        "authorization-details.json",
        std::fs::read(from).unwrap(),
    );
    let snapshot = scan(room.path());
    let all = vendors(&snapshot);
    assert_eq!(all["Datadog"]["registered"], false);
    let findings = snapshot["findings"].as_array().unwrap();
    assert!(
        findings
            .iter()
            .all(|f| !f["check"].as_str().unwrap().starts_with("vendor-"))
    );
}

/// CISO Assistant's export, as the workbook and as a file a sheet, says the same.
#[test]
fn a_workbook_and_its_sheets_say_the_same() {
    let seen = |file: &str| {
        let room = room();
        copy(
            &fixture(&format!("vendors/exchange/{file}")),
            &room.path().join("in"),
        );
        let snapshot = scan(room.path());
        assert_eq!(
            snapshot["coverage"]["complete"], true,
            "{}",
            snapshot["coverage"]["problems"]
        );
        let mut all = snapshot["vendors"].clone();
        for vendor in all.as_array_mut().unwrap() {
            let places = vendor.as_object_mut().unwrap().remove("evidence").unwrap();
            assert!(
                places
                    .as_array()
                    .unwrap()
                    .iter()
                    .all(|p| p["pointer"].as_str().unwrap().contains("row "))
            );
        }
        all
    };
    let sheets = seen("csv");
    let room = room();
    let from = fixture("vendors/exchange/tprm_ecosystem_export.xlsx");
    put(
        room.path(),
        "tprm_ecosystem_export.xlsx",
        std::fs::read(from).unwrap(),
    );
    let mut book = scan(room.path())["vendors"].clone();
    for vendor in book.as_array_mut().unwrap() {
        vendor.as_object_mut().unwrap().remove("evidence");
    }
    assert_eq!(book, sheets);
    let acme = &book[0];
    assert_eq!(
        (&acme["id"], &acme["name"]),
        (&"ENT-1".into(), &"Acme Support".into())
    );
    assert_eq!(
        acme["contract_reason"],
        "contract CON-1 ended on 2025-12-31"
    );
    assert_eq!(book[1]["contract_end"], "2027-12-31");
}

#[test]
fn inline_texts_and_the_other_calendar_are_read() {
    let room = room();
    let from = fixture("vendors/exchange/inline-vendors.xlsx");
    put(
        room.path(),
        "inline-vendors.xlsx",
        std::fs::read(from).unwrap(),
    );
    let snapshot = scan(room.path());
    let all = vendors(&snapshot);
    assert_eq!(all["Wide & Open plc"]["contract_end"], "2025-12-31");
    let place = &all["Wide & Open plc"]["evidence"][0];
    assert_eq!(place["pointer"], "Register row 4");
    assert_eq!(
        place["path"],
        "inline-vendors.xlsx!/xl/worksheets/first.xml"
    );
}

#[test]
fn other_tables_and_files_are_none_of_a_register() {
    let room = room();
    put(
        room.path(),
        "vendors.yaml",
        "- vendor: a\n  accounts: ['1']\n",
    );
    put(room.path(), "vendor-prices.csv", "item,price\nscrew,1\n");
    put(room.path(), "people.csv", "name,status\nJane,active\n");
    put(room.path(), "suppliers.csv", "\u{0}\u{1}");
    let snapshot = scan(room.path());
    assert!(snapshot.get("vendors").is_none());
    assert!(snapshot["coverage"]["readers"].get("vendors").is_none());
}

#[test]
fn what_is_wrong_with_a_register_is_said_and_takes_nothing_with_it() {
    let room = room();
    put(
        room.path(),
        "vendors.yaml",
        "version: 2\nvendors:\n  - name: Only Named\n  - {}\n  - text\n  - id: b\n    accountabilty: shared\n    \
         accountability: maybe\n    contract_end: 03/04/2026 or so\n    identities: [{match: {}}]\n    data: [{owner: team:x}]\n    contracts: [x]\n",
    );
    put(
        room.path(),
        "broken-vendors.csv",
        "vendor,contract end\n\"Acme,2026-01-01\n,2026-01-01\n",
    );
    let snapshot = scan(room.path());
    let all = vendors(&snapshot);
    assert!(all.contains_key("Only Named") && all.contains_key("b"));
    let problems = snapshot["coverage"]["problems"].as_array().unwrap();
    let told: Vec<&str> = problems
        .iter()
        .map(|p| p["message"].as_str().unwrap())
        .collect();
    for part in [
        "`version` is not 1",
        "the vendor has no `id`",
        "a vendor is a mapping",
        "did you mean `accountability`",
        "`accountability` is none of",
        "`contract_end` is not a date",
        "`match` is a mapping",
        "has no `category`",
        "a contract is a mapping",
    ] {
        assert!(told.iter().any(|m| m.contains(part)), "{part}: {told:#?}");
    }
}

fn evidence() -> Evidence {
    Evidence {
        origin: Origin::file("export.json"),
        line: None,
        column: None,
        pointer: None,
        reader: "test",
    }
}

/// Ties by what other platforms record: the vendor of each identity, by its name.
fn tied(vendor: Vendor, identities: Vec<Identity>) -> BTreeMap<String, Vec<(String, bool)>> {
    let mut inventory = Inventory::default();
    inventory.vendors.insert(vendor);
    for mut identity in identities {
        identity.presence.insert(Presence::Observed);
        identity.evidence.insert(evidence());
        inventory.add_identity(identity);
    }
    let resolved = resolve(&inventory, &OwnershipOptions::default());
    let of = |ties: Vec<VendorTie>| {
        let ties: BTreeSet<(String, bool)> = ties
            .into_iter()
            .map(|t| (t.vendor.to_string(), t.registered))
            .collect();
        ties.into_iter().collect()
    };
    let ties = resolved.vendors.into_iter();
    ties.map(|(id, ties)| (id.0.to_string(), of(ties)))
        .collect()
}

#[test]
fn tenants_apps_and_addresses_tie() {
    let vendor = Vendor {
        domains: ["acme.example".into()].into(),
        accounts: [
            "entra:11111111-2222-3333-4444-555555555555".into(),
            "github:acme-bot".into(),
        ]
        .into(),
        ..Vendor::new("acme", evidence())
    };
    let entra = |name: &str, tenant: &str, publisher: &str| {
        let id = format!("entra:home/{name}");
        let mut identity = Identity::new(
            id.as_str().into(),
            Platform::Entra,
            IdentityKind::EntraApplication,
            name,
        );
        identity.account = Some("home".into());
        for (key, value) in [
            ("appOwnerOrganizationId", tenant),
            ("publisherName", publisher),
        ] {
            identity.labels.insert(Label {
                source: LabelSource::Field,
                key: key.into(),
                value: value.into(),
                evidence: evidence(),
            });
        }
        identity
    };
    let app = |name: &str| {
        let id = format!("github:us/app/{name}");
        Identity::new(
            id.as_str().into(),
            Platform::GitHub,
            IdentityKind::App,
            name,
        )
    };
    let mut role = Identity::new(
        "arn:aws:iam::1:role/r".into(),
        Platform::Aws,
        IdentityKind::AwsRole,
        "r",
    );
    role.assigned
        .insert("user jo_support.acme.example#EXT#@home.example".into());
    let mut published = entra("published", "77777777-2222-3333-4444-555555555555", "");
    published.serves.insert("vendor:Printed Matter".into());
    let found = tied(
        vendor,
        vec![
            entra("known", "11111111-2222-3333-4444-555555555555", "Whoever"),
            entra(
                "stranger",
                "99999999-2222-3333-4444-555555555555",
                "Strange Ltd",
            ),
            published,
            entra("nameless", "88888888-2222-3333-4444-555555555555", ""),
            entra("own", "HOME", "Us"),
            entra(
                "microsoft",
                "f8cdef31-a31e-4b4a-93e4-5f571e91255a",
                "Microsoft",
            ),
            app("acme-bot"),
            app("other-bot"),
            role,
        ],
    );
    let expected = [
        ("entra:home/known", ("acme", true)),
        ("entra:home/stranger", ("Strange Ltd", false)),
        ("entra:home/published", ("Printed Matter", false)),
        (
            "entra:home/nameless",
            ("tenant 88888888-2222-3333-4444-555555555555", false),
        ),
        ("github:us/app/acme-bot", ("acme", true)),
        ("arn:aws:iam::1:role/r", ("acme", true)),
    ];
    let expected: BTreeMap<String, Vec<(String, bool)>> = expected
        .into_iter()
        .map(|(id, (vendor, registered))| (id.to_owned(), vec![(vendor.to_owned(), registered)]))
        .collect();
    assert_eq!(found, expected);
}

/// Parts of a workbook that nobody's spreadsheet wrote.
#[test]
fn hostile_workbooks_cost_no_more_than_their_length() {
    let long = "x".repeat(30_000);
    let many =
        format!("<sst><si><t>Vendor</t></si><si><t>status</t></si><si><t>{long}</t></si></sst>");
    let row = "<row><c t=\"s\"><v>2</v></c><c t=\"s\"><v>2</v></c></row>";
    let repeated = format!(
        "<worksheet><sheetData><row><c t=\"s\"><v>0</v></c><c t=\"s\"><v>1</v></c></row>{}</sheetData></worksheet>",
        row.repeat(20_000)
    );
    let wide = "<worksheet><sheetData><row r=\"4294967296\"><c r=\"XFDXFD1\"/><c r=\"ZZZZZZZZ9\" t=\"s\"><v>99999999999999999999</v></c><c r=\"A1\" s=\"-1\"><v>1e400</v></c></row></sheetData></worksheet>";
    let deep = format!("{}{}", "<a>".repeat(10_000), "</a>".repeat(10_000));
    let entities = "<!DOCTYPE x [<!ENTITY a \"&b;&b;\"><!ENTITY b \"&a;&a;\">]><worksheet><sheetData><row><c t=\"inlineStr\"><is><t>&a;</t></is></c></row></sheetData></worksheet>";
    for sheet in [
        repeated.as_str(),
        wide,
        &deep,
        entities,
        "",
        "<",
        "\u{feff}<worksheet/>",
        "<worksheet><sheetData>",
    ] {
        let parts = [
            ("vendors.xlsx!/xl/sharedStrings.xml", many.as_str()),
            (
                "vendors.xlsx!/xl/styles.xml",
                "<styleSheet><cellXfs><xf numFmtId=\"14\"/></cellXfs></styleSheet>",
            ),
            (
                "vendors.xlsx!/xl/workbook.xml",
                "<workbook><sheets><sheet name=\"a\" r:id=\"x\"/></sheets></workbook>",
            ),
            (
                "vendors.xlsx!/xl/_rels/workbook.xml.rels",
                "<Relationships><Relationship Id=\"x\" Target=\"../../etc/passwd\"/></Relationships>",
            ),
            ("vendors.xlsx!/xl/worksheets/sheet1.xml", sheet),
        ];
        let origins: Vec<Arc<Origin>> = parts.iter().map(|(path, _)| Origin::file(*path)).collect();
        let documents: Vec<Document<'_>> = parts
            .iter()
            .zip(&origins)
            .map(|((_, text), origin)| Document {
                origin,
                bytes: text.as_bytes(),
            })
            .collect();
        let started = std::time::Instant::now();
        let (facts, problems) = Vendors.read_together(&documents);
        assert!(facts.vendors.len() <= 3_000, "{}", facts.vendors.len());
        assert!(started.elapsed().as_secs() < 60);
        if sheet.len() > 100_000 {
            assert!(
                problems.iter().any(|p| p.message.contains("too long")),
                "{problems:?}"
            );
        }
    }
}

#[test]
fn registers_of_contracts_are_read_by_their_vendors() {
    let room = room();
    put(
        room.path(),
        "contracts.csv",
        "contract_number,title,vendor_name,contract_type,start_date,end_date,total_value,currency\n\
         C-1,Hosting,Acme Corp,service,2025-01-01,2025-12-31,50000,USD\n\
         C-2,Screws,Beta Inc,goods,2025-01-01,2025-12-31,25000,USD\n\
         C-3,Support,ACME Corporation,service,2026-01-01,2027-12-31,25000,USD\n",
    );
    // Contracts of people are none of vendors.
    put(
        room.path(),
        "staff-contracts.csv",
        "name,end date\nJane Roe,2025-12-31\n",
    );
    let snapshot = scan(room.path());
    let all = vendors(&snapshot);
    let of = |id: &str| all[id]["contract_reason"].as_str().unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(of("ACME Corporation"), "contract C-3 runs until 2027-12-31");
    assert_eq!(of("Beta Inc"), "contract C-2 ended on 2025-12-31");
}

#[test]
fn the_organisations_own_domain_is_no_vendors() {
    let vendor = || Vendor {
        domains: [
            "home.example".into(),
            "gmail.com".into(),
            "acme.example".into(),
        ]
        .into(),
        ..Vendor::new("acme", evidence())
    };
    let identity = |name: &str, user: &str| {
        let mut identity = Identity::new(
            format!("arn:aws:iam::1:role/{name}").as_str().into(),
            Platform::Aws,
            IdentityKind::AwsRole,
            name,
        );
        identity.assigned.insert(user.into());
        identity.presence.insert(Presence::Observed);
        identity.evidence.insert(evidence());
        identity
    };
    let mut inventory = Inventory::default();
    inventory.vendors.insert(vendor());
    for (name, user) in [
        ("ours", "jane@home.example"),
        ("anybodys", "kim@gmail.com"),
        ("theirs", "jo@acme.example"),
    ] {
        inventory.add_identity(identity(name, user));
    }
    let options = OwnershipOptions {
        domains: vec!["mail.home.example".into(), "home.example".into()],
        ..OwnershipOptions::default()
    };
    let tied: Vec<String> = resolve(&inventory, &options)
        .vendors
        .into_keys()
        .map(|id| id.0.to_string())
        .collect();
    assert_eq!(tied, ["arn:aws:iam::1:role/theirs"]);
}
