//! Which names are one party's, in the whole estate: every spelling of every claim, the roster, and what people
//! say about names (`aliases:`, `domains:`, `.mailmap`).
//!
//! Two names are tied where a source says so, where they differ in nothing but how they are written, or where the
//! estate binds one to exactly one other. What could be read in two ways ties nothing: two parties taken for one
//! hide a leaver and lend somebody's identities to somebody else, one taken for two only costs a line.

pub(super) mod names;
mod ties;

use super::OwnershipOptions;
use super::roster::{Roster, named};
use crate::model::{Inventory, Owner, Party, Sameness, Spelling, Str};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use ties::Ties;

/// How many spellings of one party are listed.
const MAX_SPELLINGS: usize = 1_000;
/// The reader whose alias maps do not outweigh a roster.
const MAILMAP: &str = "mailmap";

/// The parties of an estate.
#[derive(Debug, Default)]
pub(super) struct Parties {
    /// The party of each name, as a position in `sets`.
    by_name: HashMap<Owner, usize>,
    sets: Vec<Set>,
}

/// A party.
#[derive(Debug)]
struct Set {
    owner: Owner,
    name: Option<Str>,
    names: Vec<Owner>,
    spellings: Vec<(Str, u64)>,
    ties: Vec<Sameness>,
    /// Whether any claim names it.
    claimed: bool,
}

/// How often each spelling of each owner occurs in claims.
#[derive(Debug, Default)]
pub(super) struct Spellings {
    counts: BTreeMap<(Owner, Str), u64>,
}

impl Spellings {
    /// Counts a claim.
    pub(super) fn add(&mut self, owner: &Owner, raw: &Str) {
        *self.counts.entry((owner.clone(), raw.clone())).or_default() += 1;
    }
}

impl Parties {
    pub(super) fn new<'a>(
        spellings: Spellings,
        inventory: &'a Inventory,
        options: &'a OwnershipOptions,
        roster: &Roster<'a>,
    ) -> Self {
        let mut building = Building {
            ties: Ties::default(),
            counts: HashMap::new(),
            beside: BTreeSet::new(),
            stated: BTreeMap::new(),
            encoded: BTreeSet::new(),
            guesses: BTreeSet::new(),
            claimed: BTreeSet::new(),
            listed: BTreeSet::new(),
            preferred: BTreeSet::new(),
        };
        building.claims(&spellings);
        building.roster(roster);
        building.aliases(inventory, options);
        building.alike_teams();
        building.logins();
        building.second_domains(&options.domains);
        building.undo_encoding();
        building.display_names(roster);
        building.finish(spellings)
    }

    /// The name that stands for all names of a party; `None` for a name that no claim, roster or alias has.
    pub(super) fn canonical(&self, owner: &Owner) -> Option<Owner> {
        let at = self.by_name.get(owner)?;
        self.sets.get(*at).map(|set| set.owner.clone())
    }

    /// All names of the party that has this one.
    pub(super) fn names(&self, owner: &Owner) -> Option<&[Owner]> {
        let at = self.by_name.get(owner)?;
        self.sets.get(*at).map(|set| set.names.as_slice())
    }

    /// The parties that are named in claims, as reports show them.
    pub(super) fn list(roster: &mut Roster<'_>) -> Vec<Party> {
        let owners: Vec<(usize, Owner)> = (roster.parties().sets.iter().enumerate())
            .filter(|(_, set)| set.claimed)
            .map(|(at, set)| (at, set.owner.clone()))
            .collect();
        let standings: Vec<_> = owners
            .iter()
            .map(|(_, owner)| (roster.standing(owner), roster.members(owner)))
            .collect();
        let sets = &roster.parties().sets;
        let mut parties: Vec<Party> = owners
            .iter()
            .zip(standings)
            .filter_map(|((at, _), (standing, members))| {
                let set = sets.get(*at)?;
                let reason = match standing.absence() {
                    Some(gone) => gone,
                    None => match (standing.doubt(), standing.evidence()) {
                        (Some(doubt), _) => doubt.to_owned(),
                        (None, Some(evidence)) => format!("listed in the roster ({evidence})"),
                        (None, None) => "no roster that was read says anything of it".to_owned(),
                    },
                };
                Some(Party {
                    owner: set.owner.clone(),
                    name: set.name.clone(),
                    names: set.names.clone(),
                    spellings: set.spellings.clone(),
                    ties: set.ties.clone(),
                    standing: standing.word(),
                    reason: reason.into(),
                    evidence: standing.evidence().cloned(),
                    members,
                })
            })
            .collect();
        parties.sort_by(|a, b| a.owner.cmp(&b.owner));
        parties
    }
}

/// A name beside another in one text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Beside {
    party: usize,
    name: usize,
    /// As mail programs write it.
    formal: bool,
}

struct Building<'a> {
    ties: Ties<'a>,
    /// How many claims name each name.
    counts: HashMap<usize, u64>,
    beside: BTreeSet<Beside>,
    /// What a record says an id is called: by the id.
    stated: BTreeMap<usize, BTreeSet<usize>>,
    /// Addresses that were written without `@` and dots.
    encoded: BTreeSet<usize>,
    /// Those of them that nobody writes in full.
    guesses: BTreeSet<usize>,
    claimed: BTreeSet<usize>,
    /// Addresses that a roster lists.
    listed: BTreeSet<usize>,
    /// Names that stand for others, as the user says.
    preferred: BTreeSet<usize>,
}

impl<'a> Building<'a> {
    fn claims(&mut self, spellings: &Spellings) {
        let mut read: HashMap<&str, Option<Spelling>> = HashMap::new();
        let mut plainly = BTreeSet::new();
        for ((owner, raw), count) in &spellings.counts {
            let number = self.ties.number(owner);
            *self.counts.entry(number).or_default() += count;
            self.claimed.insert(number);
            let spelling = read.entry(raw).or_insert_with(|| Spelling::read(raw));
            let Some(spelling) = spelling else { continue };
            if spelling.owner == *owner {
                match spelling.encoded {
                    true => self.encoded.insert(number),
                    false => plainly.insert(number),
                };
            } else if spelling.more.is_empty() && id_and_name(owner, &spelling.owner) {
                let other = self.ties.number(&spelling.owner);
                self.stated.entry(number).or_default().insert(other);
            } else {
                continue;
            }
            for name in &spelling.also {
                let name = self.ties.number(name);
                self.beside.insert(Beside {
                    party: number,
                    name,
                    formal: spelling.formal,
                });
            }
        }
        self.guesses = self.encoded.difference(&plainly).copied().collect();
    }

    /// The names of a person are one party's, and so are those of a team.
    fn roster(&mut self, roster: &Roster<'a>) {
        for (at, human) in roster.people().iter().enumerate() {
            let numbers: Vec<usize> = human
                .names
                .iter()
                .map(|name| self.ties.number(&named(name)))
                .collect();
            self.listed.extend(&numbers);
            let why = "the roster lists both as one person";
            self.all(&numbers, why, Some(human.evidence));
            if let Some(number) = numbers.first() {
                self.ties.mark(*number, Some(at), None);
            }
        }
        for (at, team) in roster.teams().iter().enumerate() {
            let numbers: Vec<usize> = team
                .names
                .iter()
                .map(|name| match name.contains('@') {
                    true => self.ties.number(&Owner::Mail((*name).into())),
                    false => self.ties.number(&Owner::Team((*name).into())),
                })
                .collect();
            self.listed.extend(&numbers);
            let why = "the roster lists both as one team";
            self.all(&numbers, why, Some(team.evidence));
            if let Some(number) = numbers.first() {
                self.ties.mark(*number, None, Some(at));
            }
        }
        // A bare word may be a login, and `@word` may be a team. The roster tells.
        for owner in self.ties.owners().to_vec() {
            let (person, team) = (roster.person(owner.name()), roster.team(owner.name()));
            let other = match (&owner, person, team) {
                (Owner::Team(name), Some(_), None) => Owner::User(name.clone()),
                (Owner::User(name), None, Some(_)) => Owner::Team(name.clone()),
                _ => continue,
            };
            let (one, other) = (self.ties.number(&owner), self.ties.number(&other));
            let why = match person {
                Some(_) => "the roster lists a person of this login, and no team",
                None => "the roster lists a team of this name, and no person",
            };
            self.ties.liken(one, other, why, None);
        }
        for owner in self.ties.owners().to_vec() {
            if let (Owner::Team(name), None) = (&owner, roster.person(owner.name()))
                && let Some(at) = roster.team(name)
                && let Some(team) = roster.teams().get(at)
                && let Some(known) = team.names.iter().find(|n| !n.contains('@'))
            {
                let one = self.ties.number(&owner);
                let other = self.ties.number(&Owner::Team((*known).into()));
                let why = "the roster lists the team";
                self.ties.liken(one, other, why, Some(team.evidence));
            }
        }
    }

    fn all(
        &mut self,
        numbers: &[usize],
        why: &'static str,
        evidence: Option<&'a crate::model::Evidence>,
    ) {
        for pair in numbers.windows(2) {
            if let [one, other] = pair {
                self.ties.tie(*one, *other, why, evidence);
            }
        }
    }

    /// What the configuration and alias maps say.
    fn aliases(&mut self, inventory: &'a Inventory, options: &'a OwnershipOptions) {
        let own = options.aliases.iter().map(|alias| (alias, true));
        let read = inventory.aliases.iter().map(|alias| (alias, false));
        for (alias, own) in own.chain(read) {
            let sure = alias.evidence.reader != MAILMAP;
            let why = match sure {
                true => "the alias map lists both as one",
                false => "the mailmap says that both are one person's",
            };
            let firsts: Vec<usize> = meanings(&alias.name)
                .iter()
                .map(|owner| self.ties.number(owner))
                .collect();
            let Some(&first) = firsts.first() else {
                continue;
            };
            if own {
                self.preferred.extend(&firsts);
            }
            let others = alias.names.iter().flat_map(|name| meanings(name));
            let others: Vec<usize> = others.map(|owner| self.ties.number(&owner)).collect();
            for other in firsts.into_iter().skip(1).chain(others) {
                match sure {
                    true => self.ties.tie(first, other, why, Some(&alias.evidence)),
                    false => self.ties.liken(first, other, why, Some(&alias.evidence)),
                }
            }
        }
    }

    /// Names of teams that differ in case, punctuation and the word "team", and those with and without their
    /// organisation, where there is one such team only.
    fn alike_teams(&mut self) {
        let mut by_key: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (number, owner) in self.ties.owners().iter().enumerate() {
            if let Owner::Team(name) = owner {
                let (full, _) = names::team_key(name);
                by_key.entry(full).or_default().push(number);
            }
        }
        let why = "the names differ only in case, punctuation and the word team";
        for numbers in by_key.values() {
            for pair in numbers.windows(2) {
                if let [one, other] = pair {
                    self.ties.liken(*one, *other, why, None);
                }
            }
        }
        // `cloudplatform` and `cloud-platform`, but not `cloud-plat-form`.
        let mut apart: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (key, numbers) in &by_key {
            if let (Some(whole), Some(first)) = (names::run_together(key), numbers.first()) {
                apart.entry(whole).or_default().push(*first);
            }
        }
        for (whole, forms) in &apart {
            if let ([only], Some(bare)) = (forms.as_slice(), by_key.get(whole))
                && let Some(bare) = bare.first()
            {
                let why = "the names differ only in the blanks between their words";
                self.ties.liken(*only, *bare, why, None);
            }
        }
        let mut by_tail: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (key, numbers) in &by_key {
            if let (Some((_, tail)), Some(first)) = (key.rsplit_once('/'), numbers.first()) {
                by_tail.entry(tail).or_default().push(*first);
            }
        }
        for (tail, teams) in by_tail {
            if let ([only], Some(bare)) = (teams.as_slice(), by_key.get(tail))
                && let Some(bare) = bare.first()
            {
                let why = "there is only one team of this name, whatever its organisation";
                self.ties.liken(*only, *bare, why, None);
            }
        }
    }

    /// Ids that records give an address to, and logins within addresses.
    fn logins(&mut self) {
        for (id, called) in std::mem::take(&mut self.stated) {
            if let [_] = self.ties.sets(called.iter().copied()).as_slice()
                && let Some(other) = called.first()
            {
                let why = "one record names both as the same owner";
                self.ties.liken(id, *other, why, None);
            }
        }
        let beside = std::mem::take(&mut self.beside);
        for at in beside {
            let owners = self.ties.owners();
            match (owners.get(at.party), owners.get(at.name)) {
                (Some(Owner::Mail(address)), Some(Owner::User(_))) if standing_in(address) => {
                    let why = "the hosting service puts the login into the address";
                    self.ties.liken(at.party, at.name, why, None);
                }
                _ => {
                    self.beside.insert(at);
                }
            }
        }
    }

    /// One local part in two domains of one organisation.
    fn second_domains(&mut self, one_organisation: &[Str]) {
        let ours: BTreeSet<&str> = one_organisation
            .iter()
            .map(|domain| &**domain)
            .filter(|domain| names::organisational(domain))
            .collect();
        let mut by_local: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
        for (number, owner) in self.ties.owners().iter().enumerate() {
            if let Owner::Mail(address) = owner
                && let Some((local, domain)) = address.split_once('@')
            {
                let domains = by_local.entry(local.to_owned()).or_default();
                domains.insert(domain.to_owned(), number);
            }
        }
        for domains in by_local.values().filter(|domains| domains.len() > 1) {
            let why = "the configuration says that both domains are one organisation's";
            let mut known = domains
                .iter()
                .filter(|(domain, _)| ours.contains(domain.as_str()));
            if let Some((_, &first)) = known.next() {
                for (_, &other) in known {
                    self.ties.liken(first, other, why, None);
                }
            }
            // Below one domain there may be several, and whose address the one above is can then not be told.
            let mut below: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
            for (domain, number) in domains {
                if !names::organisational(domain) {
                    continue;
                }
                if let Some((above, _)) =
                    names::above(domain).find_map(|up| domains.get_key_value(up))
                {
                    below.entry(above).or_default().push(*number);
                }
            }
            for (above, lower) in below {
                if let ([_], Some(first), Some(&upper)) = (
                    self.ties.sets(lower.iter().copied()).as_slice(),
                    lower.first(),
                    domains.get(above),
                ) {
                    let why = "the same address in a domain and below it";
                    self.ties.liken(upper, *first, why, None);
                }
            }
        }
    }

    /// `cloud-platform_at_example-com` is the one known address that would be written so.
    fn undo_encoding(&mut self) {
        if self.encoded.is_empty() {
            return;
        }
        let mut by_form: HashMap<String, Vec<usize>> = HashMap::new();
        let mut wanted = Vec::new();
        for (number, owner) in self.ties.owners().iter().enumerate() {
            if let Owner::Mail(address) = owner {
                let form = names::encoded(address);
                match self.guesses.contains(&number) {
                    true => wanted.push((number, form)),
                    false => by_form.entry(form).or_default().push(number),
                }
            }
        }
        for (number, form) in wanted {
            let written = by_form.get(&form).cloned().unwrap_or_default();
            if let [_] = self.ties.sets(written.iter().copied()).as_slice()
                && let Some(other) = written.first()
            {
                let why = "the one known address that is encoded so";
                self.ties.liken(number, *other, why, None);
            }
        }
    }

    /// Names beside addresses and logins, where each is bound to exactly one of the other.
    fn display_names(&mut self, roster: &Roster<'a>) {
        // The roster's own: what exactly one person is called.
        let mut called: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        let mut told: BTreeMap<usize, (usize, bool)> = BTreeMap::new();
        for (at, human) in roster.people().iter().enumerate() {
            let Some(number) = human.names.first().map(|name| named(name)) else {
                continue;
            };
            let number = self.ties.number(&number);
            for name in &human.display {
                let Some(Owner::Team(name)) = Owner::parse(name) else {
                    continue;
                };
                // A field for users may hold what they are called: `Li Wei`.
                let meant = [Owner::User(name.clone()), Owner::Team(name)];
                for name in meant.iter().filter_map(|name| self.ties.get(name)) {
                    called.entry(name).or_default().insert(at);
                    told.insert(name, (number, true));
                }
            }
            for address in human.names.iter().filter_map(|name| name.split_once('@')) {
                let local: Vec<&str> = address
                    .0
                    .split(['.', '_', '-'])
                    .map(|word| word.trim_end_matches(|c: char| c.is_ascii_digit()))
                    .collect();
                let spoken = Owner::Team(local.join("-").into());
                if local.len() > 1
                    && roster.team(spoken.name()).is_none()
                    && let Some(name) = self.ties.get(&spoken)
                {
                    called.entry(name).or_default().insert(at);
                    told.entry(name).or_insert((number, false));
                }
            }
        }
        let shared: BTreeSet<usize> = (called.iter())
            .filter(|(_, people)| people.len() > 1)
            .map(|(name, _)| *name)
            .collect();
        for (name, people) in called {
            if let (1, Some((number, listed))) = (people.len(), told.get(&name)) {
                let why = match listed {
                    true => "the roster calls only this person so",
                    false => "the roster has one person with such an address",
                };
                self.ties.liken(*number, name, why, None);
            }
        }
        let beside: Vec<Beside> = self.beside.iter().copied().collect();
        let mut parties_of: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        let mut names_of: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for Beside { party, name, .. } in &beside {
            let (party, name) = (self.ties.root(*party), self.ties.root(*name));
            parties_of.entry(name).or_default().insert(party);
            names_of.entry(party).or_default().insert(name);
        }
        for Beside {
            party,
            name,
            formal,
        } in beside
        {
            let (party_set, name_set) = (self.ties.root(party), self.ties.root(name));
            let one = |of: &BTreeMap<usize, BTreeSet<usize>>, set| {
                of.get(set).is_some_and(|others| others.len() == 1)
            };
            let owners = self.ties.owners();
            let (Some(party_owner), Some(name_owner)) = (owners.get(party), owners.get(name))
            else {
                continue;
            };
            let local = party_owner.name().split('@').next().unwrap_or_default();
            let contact =
                !formal && names::personal(local) && !names::akin(name_owner.name(), local);
            // What several people of the roster are called is nobody's by standing beside one's address.
            if party_set != name_set
                && !shared.contains(&name)
                && !contact
                && one(&parties_of, &name_set)
                && one(&names_of, &party_set)
            {
                let why =
                    "the estate writes this name beside this address, and neither beside another";
                self.ties.liken(party, name, why, None);
            }
        }
    }

    fn finish(mut self, spellings: Spellings) -> Parties {
        let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for number in 0..self.ties.owners().len() {
            let root = self.ties.root(number);
            members.entry(root).or_default().push(number);
        }
        let mut of_root: HashMap<usize, usize> = HashMap::new();
        let mut parties = Parties::default();
        for (root, numbers) in members {
            let known = self.ties.known(root);
            let owners = self.ties.owners();
            let person = known.person.is_some();
            let best = numbers.iter().min_by_key(|number| {
                let count = self.counts.get(number).copied().unwrap_or_default();
                let owner = owners.get(**number);
                let guess = self.guesses.contains(number);
                let listed = self.listed.contains(number);
                let rank = owner.map_or(u8::MAX, |owner| rank(owner, person, guess, listed));
                let preferred = self.preferred.contains(number);
                (!preferred, rank, std::cmp::Reverse(count), owner)
            });
            let Some(owner) = best.and_then(|number| owners.get(*number)).cloned() else {
                continue;
            };
            let mut names: Vec<Owner> = numbers
                .iter()
                .filter_map(|number| owners.get(*number).cloned())
                .collect();
            names.sort();
            let at = parties.sets.len();
            of_root.insert(root, at);
            for name in &names {
                parties.by_name.insert(name.clone(), at);
            }
            parties.sets.push(Set {
                owner,
                name: None,
                names,
                spellings: Vec::new(),
                ties: Vec::new(),
                claimed: numbers.iter().any(|number| self.claimed.contains(number)),
            });
        }
        for edge in std::mem::take(&mut self.ties.edges) {
            let root = self.ties.root(edge.one);
            let owners = self.ties.owners();
            if let (Some(at), Some(one), Some(other)) = (
                of_root.get(&root),
                owners.get(edge.one),
                owners.get(edge.other),
            ) && let Some(set) = parties.sets.get_mut(*at)
            {
                set.ties.push(Sameness {
                    one: one.clone(),
                    other: other.clone(),
                    why: edge.why.into(),
                    evidence: edge.evidence.cloned(),
                });
            }
        }
        let mut written: BTreeMap<usize, BTreeMap<Str, u64>> = BTreeMap::new();
        for ((owner, raw), count) in spellings.counts {
            if let Some(at) = parties.by_name.get(&owner) {
                *written.entry(*at).or_default().entry(raw).or_default() += count;
            }
        }
        for (at, spellings) in written {
            if let Some(set) = parties.sets.get_mut(at) {
                set.spellings = spellings.into_iter().collect();
                set.spellings
                    .sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
                set.name = set.spellings.iter().find_map(|(raw, _)| display(raw));
                set.spellings.truncate(MAX_SPELLINGS);
            }
        }
        parties
    }
}

/// Which names stand for a party: an address that is read before a team's name before a login.
fn rank(owner: &Owner, person: bool, guess: bool, listed: bool) -> u8 {
    match owner {
        Owner::Mail(address) if standing_in(address) || address.contains("#ext#") => 6,
        Owner::Mail(_) if listed => 0,
        Owner::Mail(_) if guess => 2,
        Owner::Mail(_) => 1,
        // A directory's own number says nothing to whom reads it.
        Owner::Team(id) | Owner::User(id) if directory_id(id) => 7,
        // What a person is called is not the name of a team.
        Owner::Team(_) if person => 5,
        Owner::Team(_) => 3,
        Owner::User(_) => 4,
    }
}

/// Whether a name is an id that a directory gave: a GUID, or Okta's (`00g1emakyztwryyrrtsk`) of users and groups.
fn directory_id(name: &str) -> bool {
    let guid = name.len() == 36
        && name.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    let okta = name.len() == 20
        && (name.starts_with("00g") || name.starts_with("00u"))
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    guid || okta
}

/// Whether an address only stands in for the real one.
fn standing_in(address: &str) -> bool {
    let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
    matches!(
        domain,
        "users.noreply.github.com" | "users.noreply.gitlab.com"
    )
}

/// Whether one is an id or a login and the other an address.
fn id_and_name(owner: &Owner, spelled: &Owner) -> bool {
    matches!(
        (owner, spelled),
        (Owner::User(_), Owner::Mail(_)) | (Owner::Mail(_), Owner::User(_))
    )
}

/// What a name in an alias map can mean: a bare word is a team's or a login.
fn meanings(name: &str) -> Vec<Owner> {
    let Some(Spelling { owner, also, .. }) = Spelling::read(name) else {
        return Vec::new();
    };
    let bare = !name.contains([':', '@', '/']) && !name.trim().contains(char::is_whitespace);
    match owner {
        Owner::Team(word) if bare => vec![Owner::Team(word.clone()), Owner::User(word)],
        Owner::Mail(address) if standing_in(&address) => {
            also.into_iter().chain([Owner::Mail(address)]).collect()
        }
        other => vec![other],
    }
}

/// The name in a spelling as it was written, without the address.
fn display(raw: &str) -> Option<Str> {
    let before = raw.split(['<', '(']).next().unwrap_or_default();
    let text = match before.contains('@') {
        true => before
            .rsplit_once([':', '-', '|', ','])
            .map_or("", |(name, _)| name),
        false => before,
    };
    let text = text.trim_matches(|c: char| {
        c.is_whitespace() || matches!(c, ':' | '-' | '|' | ',' | '"' | '\'' | '`')
    });
    let text = [
        "team:", "group:", "user:", "owner:", "Team:", "Group:", "User:", "Owner:",
    ]
    .iter()
    .find_map(|kind| text.strip_prefix(kind))
    .unwrap_or(text)
    .trim();
    let named = text.contains(|c: char| c.is_whitespace() || c.is_uppercase());
    (named && !text.contains(['@', '/', '\\', '=']) && Owner::parse(text).is_some())
        .then(|| text.into())
}
