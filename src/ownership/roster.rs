//! Whether an owner is still there, as the roster tells.

mod people;

use super::parties::{Parties, names::team_key};
use crate::model::{Evidence, Inventory, Owner, PartyStanding, Person, Str, Timestamp};
pub(super) use people::{Human, Stay};
use std::collections::{BTreeSet, HashMap, HashSet};

/// How many teams may share the last part of their names before it tells nothing.
const MAX_NAMESAKES: usize = 8;
/// From how many people with addresses in a domain on the roster is said to cover it.
const COVERED: usize = 10;
/// And from how many mailboxes of teams in it on also those that several people read.
const MAILBOXES: usize = 3;

/// The roster, indexed by name.
#[derive(Debug, Default)]
pub(super) struct Roster<'a> {
    people: Vec<Human<'a>>,
    /// The person of each login and address, as a position in `people`.
    person_by_name: HashMap<&'a str, usize>,
    /// Whom people call so, as an owner's name is written.
    people_by_display: HashMap<Str, BTreeSet<usize>>,
    teams: Vec<KnownTeam<'a>>,
    team_by_name: HashMap<String, usize>,
    /// By the last part of `acme/payments`.
    team_by_tail: HashMap<String, Vec<usize>>,
    /// How many addresses of people and of teams there are in each domain.
    domains: HashMap<&'a str, (usize, usize)>,
    parties: Parties,
    known: HashMap<Owner, Standing>,
    same: HashMap<(Owner, Owner), bool>,
    /// Whether some list of the roster goes on where its export ends: that a team is not in it says nothing.
    partial: bool,
}

/// A team, and who is in it by its own word or by theirs.
#[derive(Debug)]
pub(super) struct KnownTeam<'a> {
    pub(super) names: BTreeSet<&'a str>,
    pub(super) evidence: &'a Evidence,
    /// Whether the roster says who is in it.
    listed: bool,
    people: BTreeSet<usize>,
    teams: BTreeSet<usize>,
    /// Members that the roster does not know further.
    strangers: BTreeSet<&'a str>,
    /// Whether the list of its members goes on where its export ends.
    partial: bool,
}

/// Whether an owner is still there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// The roster says so.
    There(Evidence),
    /// The roster does not say.
    Unsaid,
    /// The roster knows the people of the domain, and nobody of this address.
    UnknownMailbox,
    /// The roster says so, and a source that is believed less says that the person is gone.
    Doubted(Evidence, Evidence),
    /// So many people are called so, and at least one of them is there.
    Namesakes(usize, Evidence),
    /// The person has left; and a source that is believed less does not say so.
    Left(Option<Timestamp>, Evidence, Option<Evidence>),
    /// The roster lists teams, and not this one.
    NoSuchTeam,
    /// The roster lists people and mailboxes of the domain, and not this one.
    NoSuchMailbox,
    /// The team has no members.
    NoMembers(Evidence),
    /// Every member of the team has left.
    AllLeft(Evidence),
}

impl Standing {
    /// Whether nothing says that the owner is gone.
    pub(super) fn there(&self) -> bool {
        self.absence().is_none()
    }

    /// Why an owner is not there, as the end of a sentence; `None` for one who is.
    pub(super) fn absence(&self) -> Option<String> {
        Some(match self {
            Self::There(_)
            | Self::Unsaid
            | Self::UnknownMailbox
            | Self::Doubted(..)
            | Self::Namesakes(..) => return None,
            Self::Left(date, evidence, still) => {
                let still = still
                    .as_ref()
                    .map(|e| format!(", though {e} has them as active"));
                let still = still.unwrap_or_default();
                match date {
                    Some(date) => format!("who left on {} ({evidence}){still}", date.date()),
                    None => format!("who has left ({evidence}){still}"),
                }
            }
            Self::NoSuchTeam => "a team that the roster does not list".to_owned(),
            Self::NoSuchMailbox => "a mailbox that the roster does not list".to_owned(),
            Self::NoMembers(evidence) => format!("a team without members ({evidence})"),
            Self::AllLeft(evidence) => {
                format!("a team whose members have all left ({evidence})")
            }
        })
    }

    /// What is to be said of an owner who is not gone.
    pub(super) fn doubt(&self) -> Option<String> {
        Some(match self {
            Self::UnknownMailbox => "an unknown mailbox: the roster lists other people of its \
                domain and not this address"
                .to_owned(),
            Self::Doubted(here, gone) => {
                format!("who is there ({here}), though {gone} has them as inactive")
            }
            Self::Namesakes(count, first) => format!(
                "which is what {count} people of the roster are called ({first} is one): which of \
                 them is meant cannot be told"
            ),
            _ => return None,
        })
    }

    /// In the words of reports.
    pub(super) fn word(&self) -> PartyStanding {
        match self {
            Self::There(_) | Self::Doubted(..) => PartyStanding::There,
            Self::Left(..) | Self::AllLeft(_) => PartyStanding::Left,
            Self::NoMembers(_) => PartyStanding::Empty,
            Self::Unsaid
            | Self::UnknownMailbox
            | Self::Namesakes(..)
            | Self::NoSuchTeam
            | Self::NoSuchMailbox => PartyStanding::Unknown,
        }
    }

    pub(super) fn evidence(&self) -> Option<&Evidence> {
        match self {
            Self::There(evidence)
            | Self::Doubted(evidence, _)
            | Self::Namesakes(_, evidence)
            | Self::Left(_, evidence, _)
            | Self::NoMembers(evidence)
            | Self::AllLeft(evidence) => Some(evidence),
            Self::Unsaid | Self::UnknownMailbox | Self::NoSuchTeam | Self::NoSuchMailbox => None,
        }
    }
}

impl<'a> Roster<'a> {
    pub(super) fn new(inventory: &'a Inventory, now: Option<Timestamp>) -> Self {
        let mut roster = Self {
            partial: inventory
                .sources
                .iter()
                .any(|(kind, _)| &**kind == "roster-partial"),
            ..Self::default()
        };
        let records: Vec<&Person> = inventory.people.iter().collect();
        let (people, of_record) = people::gather(&records, now);
        for (at, human) in people.iter().enumerate() {
            for name in &human.names {
                roster.person_by_name.insert(name, at);
                if let Some((_, domain)) = name.split_once('@') {
                    roster.domains.entry(domain).or_default().0 += 1;
                }
            }
            for owner in human.display.iter().filter_map(|name| Owner::parse(name)) {
                let (Owner::Team(name) | Owner::User(name) | Owner::Mail(name)) = owner;
                roster.people_by_display.entry(name).or_default().insert(at);
            }
        }
        roster.people = people;
        let teams: Vec<usize> = inventory
            .teams
            .iter()
            .map(|team| roster.add_team(&team.evidence, team.members.is_some(), &team.names))
            .collect();
        for (record, &at) in records.iter().zip(&of_record) {
            for name in &record.teams {
                if roster.teams_of(name).is_empty() {
                    roster.add_team(&record.evidence, false, [name]);
                }
                for team in roster.teams_of(name) {
                    if let Some(team) = roster.teams.get_mut(team) {
                        team.people.insert(at);
                        team.listed = true;
                    }
                }
            }
        }
        for (team, &at) in inventory.teams.iter().zip(&teams) {
            for member in team.members.iter().flatten() {
                roster.add_member(at, member);
            }
            if let Some(known) = roster.teams.get_mut(at) {
                known.partial |= team.partial;
            }
        }
        roster
    }

    /// Takes up which names are one party's. Members of teams whom the roster knows only under another name are
    /// found now.
    pub(super) fn settle(&mut self, parties: Parties) {
        self.parties = parties;
        for at in 0..self.teams.len() {
            let strangers = match self.teams.get_mut(at) {
                Some(team) => std::mem::take(&mut team.strangers),
                None => BTreeSet::new(),
            };
            for stranger in strangers {
                let kinds: [fn(Str) -> Owner; 3] = [Owner::Mail, Owner::User, Owner::Team];
                let person = kinds.iter().find_map(|kind| {
                    let (people, _) = self.entries(&kind(plain_member(stranger).into()));
                    people.first().copied()
                });
                if let Some(team) = self.teams.get_mut(at) {
                    match person {
                        Some(person) => team.people.insert(person),
                        None => team.strangers.insert(stranger),
                    };
                }
            }
        }
    }

    pub(super) fn parties(&self) -> &Parties {
        &self.parties
    }

    pub(super) fn people(&self) -> &[Human<'a>] {
        &self.people
    }

    pub(super) fn teams(&self) -> &[KnownTeam<'a>] {
        &self.teams
    }

    /// Adds a team or takes it for the one that has one of its names.
    fn add_team(
        &mut self,
        evidence: &'a Evidence,
        listed: bool,
        names: impl IntoIterator<Item = &'a Str>,
    ) -> usize {
        let names: BTreeSet<&'a str> = names.into_iter().map(|name| &**name).collect();
        let keys: Vec<(String, String)> = names.iter().map(|name| team_key(name)).collect();
        let known = keys
            .iter()
            .find_map(|(name, _)| self.team_by_name.get(name).copied());
        for name in &names {
            if let Some((_, domain)) = name.split_once('@') {
                self.domains.entry(domain).or_default().1 += 1;
            }
        }
        let at = known.unwrap_or(self.teams.len());
        match self.teams.get_mut(at) {
            Some(team) => {
                team.listed |= listed;
                team.names.extend(names);
            }
            None => self.teams.push(KnownTeam {
                names,
                evidence,
                listed,
                people: BTreeSet::new(),
                teams: BTreeSet::new(),
                strangers: BTreeSet::new(),
                partial: false,
            }),
        }
        for (name, tail) in keys {
            self.team_by_name.entry(name).or_insert(at);
            let namesakes = self.team_by_tail.entry(tail).or_default();
            if namesakes.len() <= MAX_NAMESAKES && !namesakes.contains(&at) {
                namesakes.push(at);
            }
        }
        at
    }

    fn add_member(&mut self, team: usize, member: &'a str) {
        let name = plain_member(member);
        let person = match member.starts_with("group:") {
            true => None,
            false => self.person(name),
        };
        let teams = match person {
            Some(_) => Vec::new(),
            None => self.teams_of(name),
        };
        if let Some(team) = self.teams.get_mut(team) {
            if person.is_none() && teams.is_empty() {
                team.strangers.insert(member);
            }
            team.people.extend(person);
            team.teams.extend(teams);
        }
    }

    /// The person of a login or an address.
    pub(super) fn person(&self, name: &str) -> Option<usize> {
        self.person_by_name.get(name).copied()
    }

    /// The team of exactly this name, but for case and punctuation.
    pub(super) fn team(&self, name: &str) -> Option<usize> {
        self.team_by_name.get(&team_key(name).0).copied()
    }

    /// Whether the owner is still there.
    pub(super) fn standing(&mut self, owner: &Owner) -> Standing {
        if self.people.is_empty() && self.teams.is_empty() {
            return Standing::Unsaid;
        }
        if let Some(known) = self.known.get(owner) {
            return known.clone();
        }
        let standing = self.judge(owner);
        self.known.insert(owner.clone(), standing.clone());
        standing
    }

    /// The people and teams that the names of a party mean.
    fn entries(&self, owner: &Owner) -> (Vec<usize>, Vec<usize>) {
        let one = std::slice::from_ref(owner);
        let names = self.parties.names(owner).unwrap_or(one);
        let people: BTreeSet<usize> = names.iter().filter_map(|n| self.person(n.name())).collect();
        let exact: BTreeSet<usize> = names.iter().filter_map(|n| self.team(n.name())).collect();
        let teams = match exact.is_empty() && people.is_empty() {
            true => names.iter().flat_map(|n| self.teams_of(n.name())).collect(),
            false => exact,
        };
        (people.into_iter().collect(), teams.into_iter().collect())
    }

    fn judge(&self, owner: &Owner) -> Standing {
        let (people, teams) = self.entries(owner);
        let mut gone = None;
        for human in people.iter().filter_map(|&at| self.people.get(at)) {
            match &human.standing {
                Stay::There => return present(human),
                Stay::Left(date, evidence) => {
                    let still = human.otherwise.cloned();
                    gone.get_or_insert(Standing::Left(*date, evidence.clone(), still));
                }
            }
        }
        if !teams.is_empty() {
            let standing = self.team_standing(&teams);
            // A mailbox that a team and somebody read is there as long as one of them is.
            return match gone {
                Some(gone) if !standing.there() => gone,
                _ => standing,
            };
        }
        gone.or_else(|| self.namesakes(owner))
            .unwrap_or_else(|| self.unlisted(owner))
    }

    /// Of a name that several people have: only where all of them have left, whoever is meant has.
    fn namesakes(&self, owner: &Owner) -> Option<Standing> {
        let people = self.people_by_display.get(owner.name())?;
        let people: Vec<&Human<'_>> = people
            .iter()
            .filter_map(|&at| self.people.get(at))
            .collect();
        let there = people.iter().find(|human| human.standing == Stay::There);
        match (there, people.as_slice()) {
            (Some(_), [_]) | (None, []) => None,
            (Some(there), _) => Some(Standing::Namesakes(people.len(), there.evidence.clone())),
            (None, [first, ..]) => match &first.standing {
                Stay::Left(date, at) => Some(Standing::Left(*date, at.clone(), None)),
                Stay::There => None,
            },
        }
    }

    /// What it says that the roster does not know a party.
    fn unlisted(&self, owner: &Owner) -> Standing {
        let one = std::slice::from_ref(owner);
        let names = self.parties.names(owner).unwrap_or(one);
        let teams_only = names.iter().all(|name| matches!(name, Owner::Team(_)));
        if teams_only && !self.teams.is_empty() && !self.partial {
            return Standing::NoSuchTeam;
        }
        let domain = names.iter().find_map(|name| match name {
            Owner::Mail(address) => address.split_once('@').map(|(_, domain)| domain),
            _ => None,
        });
        match domain.and_then(|domain| self.domains.get(domain)) {
            Some((people, teams)) if *people >= COVERED && *teams >= MAILBOXES && !self.partial => {
                Standing::NoSuchMailbox
            }
            Some((people, _)) if *people >= COVERED => Standing::UnknownMailbox,
            _ => Standing::Unsaid,
        }
    }

    /// Walks a team and the teams inside it until somebody who is there is found.
    fn team_standing(&self, teams: &[usize]) -> Standing {
        let mut open = teams.to_vec();
        let mut visited = HashSet::new();
        let mut left = false;
        let first = teams.first().and_then(|&at| self.teams.get(at));
        while let Some(at) = open.pop() {
            let Some(team) = self.teams.get(at).filter(|_| visited.insert(at)) else {
                continue;
            };
            // A team may be named without saying who is in it.
            if !team.strangers.is_empty() || team.partial || !team.listed {
                return Standing::There(team.evidence.clone());
            }
            let mut people = team.people.iter().filter_map(|&at| self.people.get(at));
            if people.any(|human| human.standing == Stay::There) {
                return Standing::There(team.evidence.clone());
            }
            left |= !team.people.is_empty();
            open.extend(&team.teams);
        }
        match first {
            Some(team) if left => Standing::AllLeft(team.evidence.clone()),
            Some(team) => Standing::NoMembers(team.evidence.clone()),
            None => Standing::Unsaid,
        }
    }

    /// Who is in a team, as the roster lists it; `None` for what is no team of the roster, or whose members it does
    /// not list.
    pub(super) fn members(&self, owner: &Owner) -> Option<Vec<Owner>> {
        let (_, teams) = self.entries(owner);
        let teams: Vec<&KnownTeam<'_>> =
            teams.iter().filter_map(|&at| self.teams.get(at)).collect();
        if !teams.iter().any(|team| team.listed) {
            return None;
        }
        let mut members: BTreeSet<Owner> = BTreeSet::new();
        for team in teams {
            let people = team.people.iter().filter_map(|&at| self.people.get(at));
            let names = people.filter_map(|human| {
                let mut names = human.names.iter();
                let mail = names.clone().find(|name| name.contains('@'));
                mail.or_else(|| names.next()).copied()
            });
            let strangers = team.strangers.iter().copied().map(plain_member);
            for name in names.chain(strangers) {
                let owner = named(name);
                members.insert(self.parties.canonical(&owner).unwrap_or(owner));
            }
            let inner = team.teams.iter().filter_map(|&at| self.teams.get(at));
            for name in inner.filter_map(|team| team.names.first()) {
                let owner = Owner::Team((*name).into());
                members.insert(self.parties.canonical(&owner).unwrap_or(owner));
            }
        }
        Some(members.into_iter().collect())
    }

    /// Whether two owners are one party: two spellings, or a team and somebody in it.
    pub(super) fn same_party(&mut self, a: &Owner, b: &Owner) -> bool {
        if a == b {
            return true;
        }
        let key = (a.clone(), b.clone());
        if let Some(&known) = self.same.get(&key) {
            return known;
        }
        let same = self.compare(a, b);
        self.same.insert(key, same);
        same
    }

    fn compare(&self, a: &Owner, b: &Owner) -> bool {
        if same_name(a, b) {
            return true;
        }
        let (people_a, teams_a) = self.entries(a);
        let (people_b, teams_b) = self.entries(b);
        let member = |people: &[usize], teams: &[usize]| {
            let mut teams = teams.iter().filter_map(|&at| self.teams.get(at));
            !people.is_empty()
                && teams.any(|team| people.iter().any(|person| team.people.contains(person)))
        };
        people_a.iter().any(|person| people_b.contains(person))
            || teams_a.iter().any(|team| teams_b.contains(team))
            || member(&people_a, &teams_b)
            || member(&people_b, &teams_a)
    }

    /// By full name; else one side may leave the organisation out (`acme/payments`, `payments`).
    fn teams_of(&self, name: &str) -> Vec<usize> {
        let (full, tail) = team_key(name);
        if let Some(&at) = self.team_by_name.get(&full) {
            return vec![at];
        }
        if full != tail {
            return self.team_by_name.get(&tail).copied().into_iter().collect();
        }
        let namesakes = self.team_by_tail.get(&tail);
        namesakes
            .filter(|namesakes| namesakes.len() <= MAX_NAMESAKES)
            .cloned()
            .unwrap_or_default()
    }
}

/// The standing of somebody who is there.
fn present(human: &Human<'_>) -> Standing {
    let here = human.evidence.clone();
    match human.otherwise {
        Some(gone) => Standing::Doubted(here, gone.clone()),
        None => Standing::There(here),
    }
}

/// A login or an address as an owner.
pub(super) fn named(name: &str) -> Owner {
    match name.contains('@') {
        true => Owner::Mail(name.into()),
        false => Owner::User(name.into()),
    }
}

/// A member without the kind in front.
fn plain_member(member: &str) -> &str {
    let name = ["user:", "group:", "team:", "mail:"]
        .iter()
        .find_map(|kind| member.strip_prefix(kind))
        .unwrap_or(member);
    name.strip_prefix("default/").unwrap_or(name)
}

/// Whether two owners are two spellings of one name, as far as can be told without a roster.
fn same_name(a: &Owner, b: &Owner) -> bool {
    match (a, b) {
        (Owner::Team(a), Owner::Team(b)) => {
            let ((a, a_tail), (b, b_tail)) = (team_key(a), team_key(b));
            a == b || (a_tail == b_tail && (a == a_tail || b == b_tail))
        }
        // A bare word may be a login as well as a team.
        (Owner::Team(team), Owner::User(user)) | (Owner::User(user), Owner::Team(team)) => {
            team == user
        }
        (Owner::Mail(mail), Owner::User(other)) | (Owner::User(other), Owner::Mail(mail)) => {
            mail.split('@').next() == Some(other)
        }
        (Owner::Mail(mail), Owner::Team(other)) | (Owner::Team(other), Owner::Mail(mail)) => {
            let local = mail.split('@').next().unwrap_or_default();
            team_key(local).1 == team_key(other).1
        }
        _ => a == b,
    }
}
