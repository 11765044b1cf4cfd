//! Whether an owner is still there, and which spellings mean the same party, as the roster tells.

use crate::model::{Evidence, Inventory, Owner, Person, Team, Timestamp};
use std::collections::{BTreeSet, HashMap, HashSet};

/// The roster, indexed by name.
#[derive(Debug)]
pub(super) struct Roster<'a> {
    people: Vec<&'a Person>,
    teams: Vec<&'a Team>,
    person_by_name: HashMap<&'a str, Vec<usize>>,
    team_by_name: HashMap<String, Vec<usize>>,
    /// By the last part of `acme/payments`.
    team_by_tail: HashMap<String, Vec<usize>>,
    /// People by the teams that they say they are in.
    members_by_team: HashMap<String, Vec<usize>>,
    members_by_tail: HashMap<String, Vec<usize>>,
    now: Option<Timestamp>,
    known: HashMap<Owner, Standing>,
    same: HashMap<(Owner, Owner), bool>,
}

/// Whether an owner is still there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// The roster does not say otherwise.
    There,
    /// The person has left.
    Left(Option<Timestamp>, Evidence),
    /// The roster lists teams, and not this one.
    NoSuchTeam,
    /// The team has no members.
    NoMembers(Evidence),
    /// Every member of the team has left.
    AllLeft(Evidence),
}

impl Standing {
    pub(super) fn there(&self) -> bool {
        *self == Self::There
    }
}

impl<'a> Roster<'a> {
    pub(super) fn new(inventory: &'a Inventory, now: Option<Timestamp>) -> Self {
        let mut roster = Self {
            people: inventory.people.iter().collect(),
            teams: inventory.teams.iter().collect(),
            person_by_name: HashMap::new(),
            team_by_name: HashMap::new(),
            team_by_tail: HashMap::new(),
            members_by_team: HashMap::new(),
            members_by_tail: HashMap::new(),
            now,
            known: HashMap::new(),
            same: HashMap::new(),
        };
        for (at, person) in inventory.people.iter().enumerate() {
            for name in &person.names {
                roster.person_by_name.entry(name).or_default().push(at);
            }
            for team in &person.teams {
                let (name, tail) = team_key(team);
                roster.members_by_team.entry(name).or_default().push(at);
                roster.members_by_tail.entry(tail).or_default().push(at);
            }
        }
        for (at, team) in inventory.teams.iter().enumerate() {
            for name in &team.names {
                let (name, tail) = team_key(name);
                roster.team_by_name.entry(name).or_default().push(at);
                roster.team_by_tail.entry(tail).or_default().push(at);
            }
        }
        roster
    }

    /// Whether the owner is still there.
    pub(super) fn standing(&mut self, owner: &Owner) -> Standing {
        if self.people.is_empty() && self.teams.is_empty() {
            return Standing::There;
        }
        if let Some(known) = self.known.get(owner) {
            return known.clone();
        }
        let standing = self.judge(owner);
        self.known.insert(owner.clone(), standing.clone());
        standing
    }

    fn judge(&self, owner: &Owner) -> Standing {
        if self.is_team(owner.name()) {
            return self.team_standing(owner.name());
        }
        let people = self.records(owner.name());
        if !people.is_empty() {
            return self.person_standing(&people);
        }
        let lists_teams = !self.team_by_name.is_empty() || !self.members_by_team.is_empty();
        match owner {
            Owner::Team(_) if lists_teams => Standing::NoSuchTeam,
            _ => Standing::There,
        }
    }

    fn person_standing(&self, records: &BTreeSet<usize>) -> Standing {
        let mut left = None;
        for person in records.iter().filter_map(|&at| self.people.get(at)) {
            let gone = person
                .left
                .zip(self.now)
                .is_some_and(|(left, now)| now.days_since(left) >= 1);
            if gone || person.active == Some(false) {
                let date = person.left.filter(|_| gone);
                left.get_or_insert(Standing::Left(date, person.evidence.clone()));
            } else if person.active == Some(true) {
                // Somebody who left and came back has two rows.
                return Standing::There;
            }
        }
        left.unwrap_or(Standing::There)
    }

    /// Walks a team and the teams inside it until somebody who is there is found.
    fn team_standing(&self, name: &str) -> Standing {
        let mut evidence = None;
        let mut anybody = false;
        let mut listed = false;
        let mut visited = HashSet::new();
        let mut open = vec![name.to_owned()];
        while let Some(name) = open.pop() {
            if !visited.insert(name.clone()) {
                continue;
            }
            let mut people: BTreeSet<usize> = self.members_of(&name);
            for team in self.team_records(&name) {
                let Some(team) = self.teams.get(team) else {
                    continue;
                };
                evidence.get_or_insert_with(|| team.evidence.clone());
                for member in team.members.iter().flatten() {
                    listed = true;
                    let records = self.records(plain_member(member));
                    if !records.is_empty() && !member.starts_with("group:") {
                        people.extend(records);
                    } else if self.is_team(plain_member(member)) {
                        open.push(plain_member(member).to_owned());
                    } else {
                        // A member that the roster does not know further.
                        return Standing::There;
                    }
                }
                if visited.len() == 1 && team.members.is_none() && people.is_empty() {
                    // The roster names the team without saying who is in it.
                    return Standing::There;
                }
                listed |= team.members.is_some();
            }
            for &at in &people {
                anybody = true;
                let Some(person) = self.people.get(at) else {
                    continue;
                };
                evidence.get_or_insert_with(|| person.evidence.clone());
                let name = person.names.first().map_or("", |n| n);
                if self.person_standing(&self.records(name)).there() {
                    return Standing::There;
                }
            }
        }
        match evidence {
            Some(evidence) if anybody => Standing::AllLeft(evidence),
            Some(evidence) if listed => Standing::NoMembers(evidence),
            _ => Standing::There,
        }
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
        let (people_a, people_b) = (self.records(a.name()), self.records(b.name()));
        let (teams_a, teams_b) = (self.team_records(a.name()), self.team_records(b.name()));
        !people_a.is_disjoint(&people_b)
            || !teams_a.is_disjoint(&teams_b)
            || self.is_member(&people_a, b)
            || self.is_member(&people_b, a)
    }

    fn is_member(&self, people: &BTreeSet<usize>, team: &Owner) -> bool {
        if people.is_empty() {
            return false;
        }
        let named = |name: &str| {
            people
                .iter()
                .filter_map(|&at| self.people.get(at))
                .any(|person| person.names.contains(name))
        };
        !people.is_disjoint(&self.members_of(team.name()))
            || self
                .team_records(team.name())
                .into_iter()
                .filter_map(|at| self.teams.get(at))
                .flat_map(|team| team.members.iter().flatten())
                .any(|member| named(plain_member(member)))
    }

    /// Every record of the person of this name, also those that only share another name with it.
    fn records(&self, name: &str) -> BTreeSet<usize> {
        let mut records = BTreeSet::new();
        let mut open: Vec<&str> = vec![name];
        let mut seen: HashSet<&str> = HashSet::new();
        while let Some(name) = open.pop() {
            if !seen.insert(name) {
                continue;
            }
            for &at in self.person_by_name.get(name).into_iter().flatten() {
                if records.insert(at)
                    && let Some(person) = self.people.get(at)
                {
                    open.extend(person.names.iter().map(|name| &**name));
                }
            }
        }
        records
    }

    fn is_team(&self, name: &str) -> bool {
        !self.team_records(name).is_empty() || !self.members_of(name).is_empty()
    }

    fn team_records(&self, name: &str) -> BTreeSet<usize> {
        look_up(name, &self.team_by_name, &self.team_by_tail)
    }

    fn members_of(&self, name: &str) -> BTreeSet<usize> {
        look_up(name, &self.members_by_team, &self.members_by_tail)
    }
}

/// By full name; else one side may leave the organisation out (`acme/payments`, `payments`).
fn look_up(
    name: &str,
    by_name: &HashMap<String, Vec<usize>>,
    by_tail: &HashMap<String, Vec<usize>>,
) -> BTreeSet<usize> {
    let (full, tail) = team_key(name);
    let found = by_name.get(&full).or_else(|| match full == tail {
        true => by_tail.get(&tail),
        false => by_name.get(&tail),
    });
    found.into_iter().flatten().copied().collect()
}

/// A team's name without regard to case, punctuation and the word "team", whole and its last part.
fn team_key(name: &str) -> (String, String) {
    let part = |part: &str| {
        let words: Vec<String> = part
            .split(|c: char| !c.is_alphanumeric() && c != '@')
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect();
        let telling: Vec<&str> = words
            .iter()
            .map(String::as_str)
            .filter(|word| !matches!(*word, "team" | "squad"))
            .collect();
        match telling.is_empty() {
            true => words.join("-"),
            false => telling.join("-"),
        }
    };
    let full = name.split('/').map(part).collect::<Vec<_>>().join("/");
    let tail = part(name.rsplit('/').next().unwrap_or(name));
    (full, tail)
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
