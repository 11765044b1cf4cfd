//! Who can become an admin, or make another one: the paths of `rules/aws/escalation.yaml`, followed over
//! groups, users, and the roles that can be assumed, rewritten or passed to a service.
//!
//! *Wide* principals are admins and those who can escalate. Paths to a wide target are found from the
//! target outwards, through an index of who may do what to whom, so the work grows with the paths and not
//! with the square of the principals. Certain paths are followed to their end before conditional ones
//! are looked at, and short ones before long ones, so that a principal gets its firmest proof.
//!
//! Principals of one kind and account that hold the same policies form a cohort and are asked once.

mod alone;
mod assume;
mod climb;
mod cohort;
mod data;
mod holder;
mod made;
mod onto;
mod paths;
mod rest;
mod rules;
mod write;

pub(super) use climb::climb;
pub(super) use data::reach_data;
pub(super) use onto::{Asked, Who};
pub(super) use paths::listed;

use super::set::Allowed;
use super::world::World;
use crate::model::{Certainty, Goal, IdentityId, Inventory, Trust};
use crate::platform::aws::tables::Escalation;
use cohort::Cohorts;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

/// Why a principal is wide.
#[derive(Clone, Debug)]
pub(super) enum Rise<'i> {
    /// It is the account's root user.
    Root,
    /// Its policies allow everything.
    Admin(Allowed),
    /// It can take a path.
    Way(Rc<Way<'i>>),
}

/// One step of a path.
#[derive(Clone, Debug)]
pub(super) struct Way<'i> {
    /// The row of the table.
    pub rule: &'static Escalation,
    /// The position of that row.
    pub number: usize,
    /// On whom or what.
    pub subject: String,
    /// The position of the principal that it acts on, if it is one.
    pub on: Option<usize>,
    /// The position of that principal, where its own power is what makes the path one.
    pub target: Option<usize>,
    /// What allows it, action by action.
    pub allowed: Vec<Allowed>,
    /// The trust that lets it in, or the service.
    pub trust: Option<&'i Trust>,
    /// Condition keys it depends on.
    pub keys: BTreeSet<String>,
    /// What must exist and was not read.
    pub missing: BTreeSet<String>,
    pub certainty: Certainty,
}

impl<'i> Way<'i> {
    fn new(number: usize, rule: &'static Escalation, subject: &str) -> Self {
        let mut way = Self {
            rule,
            number,
            subject: subject.to_owned(),
            on: None,
            target: None,
            allowed: Vec::new(),
            trust: None,
            keys: BTreeSet::new(),
            missing: BTreeSet::new(),
            certainty: Certainty::Certain,
        };
        if let Some(date) = &rule.retired {
            way.lacks(format!("access to a service that was withdrawn on {date}"));
        }
        if let Some(needs) = &rule.needs {
            way.lacks(needs.clone());
        }
        way
    }

    fn take(&mut self, allowed: Allowed) {
        self.certainty = self.certainty.max(allowed.certainty);
        self.keys.extend(allowed.keys.iter().cloned());
        self.allowed.push(allowed);
    }

    fn depends(&mut self, keys: impl IntoIterator<Item = String>) {
        let before = self.keys.len();
        self.keys.extend(keys);
        if self.keys.len() > before {
            self.certainty = self.certainty.max(Certainty::Conditional);
        }
    }

    fn lacks(&mut self, what: String) {
        self.missing.insert(what);
        self.certainty = self.certainty.max(Certainty::Conditional);
    }
}

/// A way that a principal, or everybody of a cohort, can go to the end.
#[derive(Clone, Debug)]
pub(super) struct Entry<'i> {
    pub goal: Goal,
    pub way: Rc<Way<'i>>,
    /// Of the whole chain.
    pub certainty: Certainty,
    /// The length of the chain.
    pub depth: u32,
}

/// All that was found: why principals are wide, what data they come to, and every way there.
pub(super) struct Found<'i> {
    /// Why each principal is wide, by position; `None` for those that are not.
    pub wide: Vec<Option<Rise<'i>>>,
    /// How long the chain is, for those that are.
    pub depth: Vec<u32>,
    /// The ways that all of a cohort can go.
    pub shared: Vec<Vec<Entry<'i>>>,
    /// The ways that one principal can go.
    pub own: HashMap<usize, Vec<Entry<'i>>>,
    /// The step towards data that its own rights do not reach, by position.
    pub data: Vec<Option<Rc<Way<'i>>>>,
}

/// What is allowed of a row's actions that speak of no principal; `None` unless all of it.
type Rest = Option<Rc<[Allowed]>>;

/// What questions about steps from one principal to another are asked of.
pub(super) struct Engine<'x, 'i, 'w> {
    pub world: &'x World<'i, 'w>,
    pub cohorts: Cohorts,
    /// How many access keys listings show, by position of the user.
    keys: HashMap<usize, usize>,
    /// Identity providers that listings show.
    providers: BTreeSet<&'i str>,
    /// Accounts whose identity providers were listed.
    provided: BTreeSet<&'i str>,
    /// What is seen to run as an identity.
    runs: BTreeMap<&'i IdentityId, Vec<&'i str>>,
    /// What a cohort may do anywhere towards a rule, by cohort and rule.
    rest: RefCell<HashMap<(usize, usize), Rest>>,
    /// What each set reads.
    reads: RefCell<HashMap<usize, Rc<data::Reads>>>,
}

impl<'x, 'i, 'w> Engine<'x, 'i, 'w> {
    /// That all rows are asked for, or only the one by which roles are assumed: the rows that are not, by
    /// cohort.
    pub(super) fn asked_for(&self, all: bool) -> Vec<rules::RuleSet> {
        let done = if all {
            rules::RuleSet::default()
        } else {
            rules::RuleSet::all_but(*rules::STS)
        };
        vec![done; self.cohorts.all.len()]
    }

    pub(super) fn new(world: &'x World<'i, 'w>, inventory: &'i Inventory) -> Self {
        let mut keys = HashMap::new();
        for credential in inventory.credentials.values() {
            // Slots of a report that no listing filled are keys, too.
            if !credential.id.0.starts_with("aws:access-key:") || credential.records.is_empty() {
                continue;
            }
            let holders: BTreeSet<&IdentityId> =
                credential.links.iter().map(|link| &link.identity).collect();
            for holder in holders {
                if let Some(&position) = world.by_arn.get(&*holder.0) {
                    *keys.entry(position).or_default() += 1;
                }
            }
        }
        let providers = inventory.identity_providers.iter();
        let mut runs: BTreeMap<_, Vec<&str>> = BTreeMap::new();
        for workload in &inventory.workloads {
            if workload.id.starts_with("arn:") {
                runs.entry(&workload.runs_as)
                    .or_default()
                    .push(&workload.id);
            }
        }
        Self {
            world,
            cohorts: Cohorts::new(world),
            keys,
            providers: providers.clone().map(|p| &*p.id).collect(),
            provided: providers.filter_map(|p| p.account.as_deref()).collect(),
            runs,
            rest: RefCell::new(HashMap::new()),
            reads: RefCell::new(HashMap::new()),
        }
    }
}
