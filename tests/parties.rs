//! Which spellings are one party's: a dirty estate with its ground truth, and what must never be tied.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on has failed; clippy knows only functions marked as tests"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tenure::model::*;
use tenure::ownership::{OwnershipOptions, Resolved, resolve};

fn evidence(reader: &'static str, path: &str, line: u32) -> Evidence {
    Evidence {
        origin: Arc::new(Origin {
            named: 0,
            archive: None,
            path: path.into(),
            repository: None,
            cluster: None,
        }),
        line: Some(line),
        column: None,
        pointer: None,
        reader,
    }
}

/// An estate in which the identity `arn:…:user/<n>` has the owner tag `tags[n]`.
fn estate<'a>(tags: impl IntoIterator<Item = &'a str>) -> Inventory {
    let mut facts = Facts::default();
    for (at, tag) in tags.into_iter().enumerate() {
        let id = subject(at);
        let name = format!("user-{at}");
        let mut identity = Identity::new(
            id.as_str().into(),
            Platform::Aws,
            IdentityKind::AwsUser,
            &*name,
        );
        let label = Label {
            source: LabelSource::Tag,
            key: "owner".into(),
            value: tag.into(),
            evidence: evidence("aws-authorization-details", "users.json", 1),
        };
        identity.labels = BTreeSet::from([label]).into();
        facts.identities.push(identity);
    }
    let mut inventory = Inventory::default();
    inventory.absorb(facts);
    inventory
}

fn subject(at: usize) -> String {
    format!("arn:aws:iam::111122223333:user/{at}")
}

/// The owner of each identity, in the order of the tags.
fn owners(resolved: &Resolved) -> Vec<Option<String>> {
    let count = resolved.ownership.len();
    (0..count)
        .map(|at| {
            let id = SubjectId::Identity(subject(at).as_str().into());
            let owner = &resolved.ownership[&id].owner;
            owner.as_ref().map(ToString::to_string)
        })
        .collect()
}

fn parties(tags: &[&str], options: &OwnershipOptions) -> Vec<String> {
    let resolved = resolve(&estate(tags.iter().copied()), options);
    owners(&resolved)
        .into_iter()
        .map(Option::unwrap_or_default)
        .collect()
}

fn person(names: &[&str], teams: &[&str], active: Option<bool>, line: u32) -> Person {
    let set = |all: &[&str]| all.iter().map(|name| Str::from(*name)).collect();
    Person {
        names: set(names),
        teams: set(teams),
        active,
        ..Person::new(evidence("roster", "roster.csv", line))
    }
}

fn alias(name: &str, names: &[&str], reader: &'static str) -> Alias {
    Alias {
        name: name.into(),
        names: names.iter().map(|name| Str::from(*name)).collect(),
        evidence: evidence(reader, "aliases", 1),
    }
}

fn all_one(tags: &[&str], options: &OwnershipOptions) {
    let found: BTreeSet<String> = parties(tags, options).into_iter().collect();
    assert_eq!(found.len(), 1, "{tags:?} are {found:?}");
}

fn all_apart(tags: &[&str], options: &OwnershipOptions) {
    let found: BTreeSet<String> = parties(tags, options).into_iter().collect();
    assert_eq!(found.len(), tags.len(), "{tags:?} are {found:?}");
}

/// Words that names of people and teams are made from, in no order that would matter.
const FIRST: [&str; 20] = [
    "Jane", "John", "Amir", "Priya", "Lucía", "Tom", "Wei", "Olga", "Fatima", "Noah", "Ingrid",
    "Kofi", "Mei", "Ravi", "Sara", "Tariq", "Una", "Viktor", "Yara", "Zoë",
];
const LAST: [&str; 13] = [
    "Smith", "Doe", "Okafor", "Larsson", "Novak", "Haddad", "O'Brien", "Tanaka", "Müller", "Costa",
    "Reyes", "van Dijk", "Ng",
];
const AREA: [&str; 13] = [
    "Payments",
    "Search",
    "Case Notes",
    "Court Data",
    "Data Platform",
    "Digital Identity",
    "Front End",
    "Billing",
    "Prison Visits",
    "Legal Aid",
    "Reporting",
    "Developer Portal",
    "Incident Response",
];
const SORT: [&str; 10] = [
    "API",
    "Operations",
    "Migration",
    "Core",
    "Live",
    "Forms",
    "Gateway",
    "Analytics",
    "Mobile",
    "Tooling",
];

/// A party and its spellings; no spelling is another party's.
struct Truth {
    spellings: Vec<String>,
}

/// Only ASCII letters, as in an address.
fn plain(text: &str) -> String {
    text.to_lowercase()
        .chars()
        .map(|c| match c {
            'í' => 'i',
            'ü' => 'u',
            'ë' => 'e',
            other => other,
        })
        .filter(|c| c.is_ascii_alphanumeric())
        .collect()
}

fn truths() -> Vec<Truth> {
    let mut all = Vec::new();
    // 130 teams: most with a shared mailbox, some known only by name.
    for (a, area) in AREA.iter().enumerate() {
        for (s, sort) in SORT.iter().enumerate() {
            let n = a * SORT.len() + s;
            let name = format!("{area} {sort}");
            let slug = name.to_lowercase().replace(' ', "-");
            let mail = match n % 3 {
                0 => format!("{slug}@example.com"),
                1 => format!("{}@digital.example.com", plain(&name)),
                _ => format!("{}-{}@example.org", plain(area), plain(sort)),
            };
            let mut spellings = vec![format!("{name}: {mail}")];
            match n % 7 {
                0 => spellings.extend([name.clone(), mail.to_uppercase(), format!("@acme/{slug}")]),
                1 => spellings.extend([
                    format!("{name}:{mail}"),
                    format!("{name} Team"),
                    slug.replace('-', "_"),
                    format!("{name} team <{mail}>"),
                ]),
                2 => spellings.extend([
                    format!("{}: {mail} ", name.to_uppercase()),
                    format!("mailto:{mail}"),
                    format!("team:{slug}"),
                ]),
                3 => spellings.extend([
                    format!("\u{a0}{name}\u{3000}: {mail}."),
                    mail.clone(),
                    format!("squad: {name}"),
                    mail.replace('@', "_at_").replace('.', "-"),
                ]),
                // No mailbox.
                4 => {
                    spellings = vec![
                        name.clone(),
                        slug.clone(),
                        format!("Team {name}"),
                        format!("the {name} team"),
                    ]
                }
                5 => spellings.extend([
                    format!("{name} <{}>", mail.to_uppercase()),
                    format!("{mail} ({name})"),
                    format!("\"{name}\" <{mail}>"),
                    slug.replace('-', ""),
                ]),
                _ => spellings.extend([
                    format!("{name} - {mail}"),
                    format!("https://github.com/orgs/acme/teams/{slug}"),
                ]),
            }
            all.push(Truth { spellings });
        }
    }
    // 130 people; some are two of one name.
    for n in 0..130 {
        let twin = n % 13 == 12;
        let of = if twin && n % 2 == 1 { n - 13 } else { n };
        let (first, last) = (FIRST[of % FIRST.len()], LAST[of % LAST.len()]);
        let name = format!("{first} {last}");
        let local = format!("{}.{}", plain(first), plain(last));
        let mail = match n % 4 {
            _ if of != n => format!("{local}{n}@example.com"),
            0 => format!("{local}@example.com"),
            1 => format!("{}{}@example.com", &plain(first)[..1], plain(last)),
            2 => format!("{local}@example.org"),
            _ => format!("{local}@digital.example.com"),
        };
        let mut spellings = vec![format!("{name} <{mail}>")];
        match n % 6 {
            0 => spellings.extend([
                mail.clone(),
                format!("{last}, {first} <{mail}>"),
                mail.to_uppercase(),
            ]),
            1 => spellings.extend([format!("{mail} ({name})"), format!("user:{mail}")]),
            2 => spellings.extend([format!("{name}: {mail}"), mail.clone()]),
            3 => spellings.extend([
                format!("\"{last}, {first}\" <{mail}>"),
                format!("mailto:{mail}"),
            ]),
            4 => spellings.extend([
                format!("{} <{mail}>", name.to_uppercase()),
                mail.replace('@', "_at_").replace('.', "-"),
            ]),
            _ => spellings.extend([
                mail.replace('@', "(at)"),
                format!("<{mail}>"),
                format!("{mail};"),
            ]),
        }
        if !twin && n % 6 == 1 {
            spellings.push(name.clone());
        }
        all.push(Truth { spellings });
    }
    all
}

#[test]
fn a_dirty_estate_comes_down_to_its_parties() {
    let truths = truths();
    let mut tags: Vec<(&str, usize)> = Vec::new();
    for (at, truth) in truths.iter().enumerate() {
        tags.extend(
            truth
                .spellings
                .iter()
                .map(|spelling| (spelling.as_str(), at)),
        );
    }
    // In no order that would help.
    tags.sort_by_key(|(text, _)| {
        text.bytes()
            .map(u64::from)
            .fold(7u64, |h, b| h.wrapping_mul(31).wrapping_add(b))
    });
    let distinct: BTreeSet<&str> = tags.iter().map(|(text, _)| *text).collect();
    assert!(distinct.len() >= 500, "{} spellings", distinct.len());
    assert!(truths.len() <= 260);
    let resolved = resolve(
        &estate(tags.iter().map(|(text, _)| *text)),
        &OwnershipOptions::default(),
    );
    let mut of_owner: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    let mut of_truth: BTreeMap<usize, BTreeMap<String, Vec<&str>>> = BTreeMap::new();
    for (owner, (text, truth)) in owners(&resolved).into_iter().zip(&tags) {
        let owner = owner.unwrap_or_else(|| panic!("{text} names nobody"));
        of_owner.entry(owner.clone()).or_default().insert(*truth);
        let of_owner = of_truth
            .entry(*truth)
            .or_default()
            .entry(owner)
            .or_default();
        of_owner.push(text);
    }
    for (owner, truths) in &of_owner {
        assert_eq!(truths.len(), 1, "{owner} is {truths:?}");
    }
    let apart: Vec<_> = of_truth
        .values()
        .filter(|owners| owners.len() > 1)
        .collect();
    assert!(
        of_owner.len() * 100 <= truths.len() * 105,
        "{} spellings of {} parties came down to {}: {apart:#?}",
        distinct.len(),
        truths.len(),
        of_owner.len()
    );
    assert_eq!(resolved.parties.len(), of_owner.len());
    let written: u64 = resolved
        .parties
        .iter()
        .flat_map(|p| &p.spellings)
        .map(|(_, n)| n)
        .sum();
    assert_eq!(written, tags.len() as u64);
    assert!(resolved.parties.iter().all(|p| p.names.contains(&p.owner)));
}

#[test]
fn one_party() {
    let none = OwnershipOptions::default();
    all_one(
        &[
            "Cloud Platform: platforms@example.com",
            "cloud-platform",
            "Cloud_Platform Team",
        ],
        &none,
    );
    all_one(
        &["Jane Doe <jane@example.com>", "Jane Doe", "Doe, Jane"],
        &none,
    );
    all_one(&["jane@example.com", "JANE@EU.example.com"], &none);
    all_one(&["a@digital.justice.gov.uk", "a@justice.gov.uk"], &none);
    all_one(&["@acme/payments", "payments", "Payments Team"], &none);
    all_one(
        &["cloud-platform@my-org.com", "cloud-platform_at_my-org-com"],
        &none,
    );
    all_one(&["1234+jdoe@users.noreply.github.com", "@jdoe"], &none);
    all_one(
        &["cloudplatform", "Cloud Platform", "cloud-platform"],
        &none,
    );
    let domains = OwnershipOptions {
        domains: vec!["example.com".into(), "example.co.uk".into()],
        ..OwnershipOptions::default()
    };
    all_one(&["jane@example.com", "jane@example.co.uk"], &domains);
    let aliases = OwnershipOptions {
        aliases: vec![alias(
            "user:jdoe",
            &["jane@example.com", "j-d", "the boss"],
            "configuration",
        )],
        ..OwnershipOptions::default()
    };
    all_one(&["jane@example.com", "@jdoe", "j-d", "The Boss"], &aliases);
    assert_eq!(parties(&["jane@example.com"], &aliases), ["user:jdoe"]);
}

#[test]
fn two_parties() {
    let none = OwnershipOptions::default();
    all_apart(
        &[
            "j.smith@example.com",
            "john.smith@example.com",
            "johnsmith@example.com",
        ],
        &none,
    );
    all_apart(&["smith@example.com", "smith@example.org"], &none);
    all_apart(
        &["smith@gmail.com", "smith@yahoo.com", "smith@example.com"],
        &none,
    );
    all_apart(
        &[
            "smith@eu.example.com",
            "smith@us.example.com",
            "smith@example.com",
        ],
        &none,
    );
    all_apart(&["a@one.co.uk", "a@two.co.uk", "a@co.uk"], &none);
    all_apart(&["a@one.onmicrosoft.com", "a@onmicrosoft.com"], &none);
    // Two people of one name, and the name alone.
    all_apart(
        &[
            "Jane Doe <jane@example.com>",
            "Jane Doe <jdoe@example.org>",
            "Jane Doe",
        ],
        &none,
    );
    all_apart(&["acme/payments", "other/payments", "payments"], &none);
    all_apart(&["team-1-2", "team-12", "team-1-3"], &none);
    all_apart(&["Ann Amore", "Anna More"], &none);
    // A team's name beside a person's address says whom to ask.
    all_apart(&["Payments: jane.doe@example.com", "Payments"], &none);
    all_apart(
        &[
            "aws+one@example.com",
            "aws+two@example.com",
            "aws@example.com",
        ],
        &none,
    );
    // A mailmap does not outweigh a roster.
    let mut inventory = estate(["a@example.com", "b@example.com"]);
    inventory.absorb(Facts {
        people: vec![
            person(&["a@example.com"], &[], None, 2),
            person(&["b@example.com"], &[], None, 3),
        ],
        aliases: vec![alias("a@example.com", &["b@example.com"], "mailmap")],
        ..Facts::default()
    });
    let resolved = resolve(&inventory, &none);
    assert_eq!(resolved.parties.len(), 2);
}

#[test]
fn names_on_one_mailbox_are_not_each_other() {
    let tags = [
        "Jane Doe <ops@example.com>",
        "John Roe <ops@example.com>",
        "Jane Doe",
        "John Roe",
    ];
    let found = parties(&tags, &OwnershipOptions::default());
    assert_eq!(
        found,
        [
            "mail:ops@example.com",
            "mail:ops@example.com",
            "team:jane-doe",
            "team:john-roe"
        ]
    );
}

#[test]
fn leavers_are_gone_by_every_name() {
    let tags = [
        "jane@example.com",
        "@jdoe",
        "Jane Doe",
        "jdoe",
        "Jane Doe <jane@old.example.net>",
        "lone",
        "john@example.com",
        "John Roe",
        "pair",
        "Team Pair: pair@example.com",
        "stranger@example.com",
    ];
    let mut inventory = estate(tags);
    inventory.absorb(Facts {
        people: vec![
            person(
                &["jane@example.com", "jdoe", "jane doe"],
                &["lone", "pair"],
                Some(false),
                2,
            ),
            person(
                &["john@example.com", "jroe", "john roe"],
                &["pair"],
                Some(true),
                3,
            ),
        ],
        aliases: vec![alias(
            "jane@example.com",
            &["jane@old.example.net"],
            "aliases",
        )],
        ..Facts::default()
    });
    let resolved = resolve(&inventory, &OwnershipOptions::default());
    let state = |at: usize| {
        let id = SubjectId::Identity(subject(at).as_str().into());
        resolved.ownership[&id].state.as_str()
    };
    let states: Vec<&str> = (0..tags.len()).map(state).collect();
    let gone = "orphaned";
    let here = "owned";
    assert_eq!(
        states,
        [
            gone, gone, gone, gone, gone, gone, here, here, here, here, here
        ]
    );
    let jane = resolved
        .parties
        .iter()
        .find(|p| p.owner.name() == "jane@example.com")
        .unwrap();
    assert_eq!(jane.standing, PartyStanding::Left);
    assert_eq!(jane.evidence.as_ref().unwrap().line, Some(2));
    assert_eq!(jane.spellings.len(), 5);
    let pair = resolved
        .parties
        .iter()
        .find(|p| p.name.as_deref() == Some("Team Pair"))
        .unwrap();
    assert_eq!(pair.standing, PartyStanding::There);
    assert_eq!(pair.members.as_ref().unwrap().len(), 2);
}

#[test]
fn teams_within_each_other_are_walked_once() {
    let team = |name: &str, members: &[&str], line| Team {
        names: BTreeSet::from([Str::from(name)]),
        members: Some(members.iter().map(|m| Str::from(*m)).collect()),
        ..Team::new(evidence("roster", "teams.yaml", line))
    };
    let mut inventory = estate(["a", "b", "c", "vacant"]);
    inventory.absorb(Facts {
        people: vec![person(&["jane@example.com"], &[], Some(false), 1)],
        teams: vec![
            team("a", &["group:b"], 1),
            team("b", &["group:a", "jane@example.com"], 2),
            team("c", &["group:a", "someone@example.com"], 3),
            team("vacant", &[], 4),
        ],
        ..Facts::default()
    });
    let resolved = resolve(&inventory, &OwnershipOptions::default());
    let standing: Vec<&str> = resolved
        .parties
        .iter()
        .map(|p| p.standing.as_str())
        .collect();
    assert_eq!(standing, ["left", "left", "there", "empty"]);
}

#[test]
fn nobody_is_sent_to_somebody_who_left() {
    let suggestion = |mail: &str| Attribution {
        method: Method::CommitAuthor,
        subject: SubjectId::Identity(subject(0).as_str().into()),
        owner: Owner::Mail(mail.into()),
        raw: format!("Somebody <{mail}>").into(),
        as_of: None,
        rank: 0,
        why: None,
        evidence: evidence("git", "users.tf", 1),
    };
    let mut inventory = estate(["none"]);
    inventory.absorb(Facts {
        people: vec![person(&["ann@example.com"], &[], Some(false), 2)],
        ..Facts::default()
    });
    let id = SubjectId::Identity(subject(0).as_str().into());
    let mut options = OwnershipOptions {
        suggestions: vec![suggestion("ann@example.com"), suggestion("bob@example.com")],
        ..OwnershipOptions::default()
    };
    let resolved = resolve(&inventory, &options);
    let suggested = resolved.ownership[&id].suggestion.as_ref().unwrap();
    assert_eq!(suggested.to_string(), "mail:bob@example.com");
    options.suggestions.pop();
    let resolved = resolve(&inventory, &options);
    assert_eq!(resolved.ownership[&id].suggestion, None);
    assert!(resolved.ownership[&id].reason.contains("who has left"));
}

#[test]
fn spellings_of_one_party_are_no_dispute() {
    let mut inventory = estate(["Jane Doe <jane@example.com>", "x"]);
    let id: IdentityId = subject(1).as_str().into();
    let identity = inventory.identities.get_mut(&id).unwrap();
    let label = |key: &str, value: &str| Label {
        source: LabelSource::Tag,
        key: key.into(),
        value: value.into(),
        evidence: evidence("aws-authorization-details", "users.json", 2),
    };
    identity.labels = BTreeSet::from([
        label("owner", "jane doe"),
        label("Owner", "jane@eu.example.com"),
    ])
    .into();
    let resolved = resolve(&inventory, &OwnershipOptions::default());
    let ownership = &resolved.ownership[&SubjectId::Identity(id)];
    assert_eq!(
        ownership.state,
        OwnershipState::Owned,
        "{}",
        ownership.reason
    );
    let raw: BTreeSet<&str> = ownership.claims.iter().map(|c| &*c.raw).collect();
    assert_eq!(raw, BTreeSet::from(["jane doe", "jane@eu.example.com"]));
}

#[test]
fn many_claims_take_time_in_proportion() {
    let tags: Vec<String> = (0..20_000)
        .map(|n| match n % 5 {
            0 => format!("Team {}: team{}@example.com", n / 10, n / 10),
            1 => format!("same@domain{n}.example.com"),
            2 => format!("org{n}/payments"),
            3 => format!("Person {} <shared@example.com>", n),
            _ => format!("{n}+jdoe{n}@users.noreply.github.com"),
        })
        .collect();
    let inventory = estate(tags.iter().map(String::as_str));
    let start = std::time::Instant::now();
    let resolved = resolve(&inventory, &OwnershipOptions::default());
    assert!(resolved.parties.len() > 1_000);
    let seconds = start.elapsed().as_secs();
    assert!(seconds < 60, "{seconds} seconds");
}
