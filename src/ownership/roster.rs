//! Whether an owner is still there, and which spellings mean the same party, as the roster tells.

use crate::model::{Evidence, Inventory, Owner, Person, Str, Timestamp};
use std::collections::{BTreeSet, HashMap, HashSet};

/// How many teams may share the last part of their names before it tells nothing.
const MAX_NAMESAKES: usize = 8;

/// The roster, indexed by name.
#[derive(Debug, Default)]
pub(super) struct Roster<'a> {
    /// The person of each name, as a position in `people`.
    person_by_name: HashMap<&'a str, usize>,
    people: Vec<Standing>,
    teams: Vec<KnownTeam<'a>>,
    team_by_name: HashMap<String, usize>,
    /// By the last part of `acme/payments`.
    team_by_tail: HashMap<String, Vec<usize>>,
    known: HashMap<Owner, Standing>,
    same: HashMap<(Owner, Owner), bool>,
    /// Whether some list of the roster goes on where its export ends: that a team is not in it says nothing.
    partial: bool,
}

/// A team, and who is in it by its own word or by theirs.
#[derive(Debug)]
struct KnownTeam<'a> {
    evidence: &'a Evidence,
    /// Whether the roster says who is in it.
    listed: bool,
    people: BTreeSet<usize>,
    teams: Vec<usize>,
    /// Whether it has members that the roster does not know further.
    strangers: bool,
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
            partial: inventory
                .sources
                .iter()
                .any(|(kind, _)| &**kind == "roster-partial"),
            ..Self::default()
        };
        let people: Vec<&Person> = inventory.people.iter().collect();
        let persons = roster.add_people(&people, now);
        let teams: Vec<usize> = inventory
            .teams
            .iter()
            .map(|team| roster.add_team(&team.evidence, team.members.is_some(), &team.names))
            .collect();
        for (person, &at) in people.iter().zip(&persons) {
            for name in &person.teams {
                if roster.teams_of(name).is_empty() {
                    roster.add_team(&person.evidence, false, [name]);
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
                known.strangers |= team.partial;
            }
        }
        roster
    }

    /// Brings the records of each person together: several that share a name or an address are one
    /// person. Says which person each record is.
    fn add_people(&mut self, records: &[&'a Person], now: Option<Timestamp>) -> Vec<usize> {
        let mut by_name: HashMap<&'a str, Vec<usize>> = HashMap::new();
        for (at, record) in records.iter().enumerate() {
            for name in &record.names {
                by_name.entry(name).or_default().push(at);
            }
        }
        let mut persons: Vec<Option<usize>> = vec![None; records.len()];
        for start in 0..records.len() {
            if persons.get(start).is_none_or(Option::is_some) {
                continue;
            }
            let person = self.people.len();
            let mut mine: BTreeSet<usize> = BTreeSet::new();
            let mut open = vec![start];
            while let Some(at) = open.pop() {
                let (Some(slot @ None), Some(record)) = (persons.get_mut(at), records.get(at))
                else {
                    continue;
                };
                *slot = Some(person);
                mine.insert(at);
                for name in &record.names {
                    // Taken out: a name leads to its records once.
                    open.extend(by_name.remove(&**name).unwrap_or_default());
                    self.person_by_name.insert(name, person);
                }
            }
            let records = mine.iter().filter_map(|&at| records.get(at).copied());
            self.people.push(person_standing(records, now));
        }
        persons.into_iter().flatten().collect()
    }

    /// Adds a team or takes it for the one that has one of its names.
    fn add_team<'n>(
        &mut self,
        evidence: &'a Evidence,
        listed: bool,
        names: impl IntoIterator<Item = &'n Str>,
    ) -> usize {
        let keys: Vec<(String, String)> = names.into_iter().map(|name| team_key(name)).collect();
        let known = keys
            .iter()
            .find_map(|(name, _)| self.team_by_name.get(name).copied());
        let at = known.unwrap_or(self.teams.len());
        match self.teams.get_mut(at) {
            Some(team) => team.listed |= listed,
            None => self.teams.push(KnownTeam {
                evidence,
                listed,
                people: BTreeSet::new(),
                teams: Vec::new(),
                strangers: false,
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

    fn add_member(&mut self, team: usize, member: &str) {
        let name = plain_member(member);
        let person = match member.starts_with("group:") {
            true => None,
            false => self.person_by_name.get(name).copied(),
        };
        let teams = match person {
            Some(_) => Vec::new(),
            None => self.teams_of(name),
        };
        if let Some(team) = self.teams.get_mut(team) {
            team.strangers |= person.is_none() && teams.is_empty();
            team.people.extend(person);
            team.teams.extend(teams);
        }
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
        let teams = self.teams_of(owner.name());
        if !teams.is_empty() {
            return self.team_standing(&teams);
        }
        let person = self.person_by_name.get(owner.name());
        match (owner, person.and_then(|&at| self.people.get(at))) {
            (_, Some(standing)) => standing.clone(),
            (Owner::Team(_), None) if !self.teams.is_empty() && !self.partial => {
                Standing::NoSuchTeam
            }
            _ => Standing::There,
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
            if team.strangers || !team.listed {
                return Standing::There;
            }
            let mut people = team.people.iter().filter_map(|&at| self.people.get(at));
            if people.any(Standing::there) {
                return Standing::There;
            }
            left |= !team.people.is_empty();
            open.extend(&team.teams);
        }
        match first {
            Some(team) if left => Standing::AllLeft(team.evidence.clone()),
            Some(team) => Standing::NoMembers(team.evidence.clone()),
            None => Standing::There,
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
        let person = |owner: &Owner| self.person_by_name.get(owner.name());
        let (person_a, person_b) = (person(a), person(b));
        let (teams_a, teams_b) = (self.teams_of(a.name()), self.teams_of(b.name()));
        let member = |person: Option<&usize>, teams: &[usize]| {
            let mut teams = teams.iter().filter_map(|&at| self.teams.get(at));
            person.is_some_and(|person| teams.any(|team| team.people.contains(person)))
        };
        (person_a.is_some() && person_a == person_b)
            || teams_a.iter().any(|team| teams_b.contains(team))
            || member(person_a, &teams_b)
            || member(person_b, &teams_a)
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

fn person_standing<'p>(
    records: impl Iterator<Item = &'p Person>,
    now: Option<Timestamp>,
) -> Standing {
    let mut left = None;
    for record in records {
        let gone = record
            .left
            .zip(now)
            .is_some_and(|(left, now)| now.days_since(left) >= 1);
        if gone || record.active == Some(false) {
            let date = record.left.filter(|_| gone);
            left.get_or_insert(Standing::Left(date, record.evidence.clone()));
        } else if record.active == Some(true) {
            // Somebody who left and came back has two rows.
            return Standing::There;
        }
    }
    left.unwrap_or(Standing::There)
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
