//! Granted and used: which of the services and actions that an identity is granted a record of its use
//! shows as never used, and a smaller policy.
//!
//! Granted is what is left after denials, boundary and control policies. Nothing is called unused that
//! the record does not follow: services that it does not list, actions of services whose single actions
//! it does not track, and `iam:PassRole`, which is a right and never a call (IAM user guide, "Refine
//! permissions using last accessed information").

mod proposal;

use super::condition::Verdict;
use super::set::PolicySet;
use super::statement::Statement;
use super::world::{Kind, World};
use crate::model::{
    Granularity, IdentityId, Inventory, Moment, Privilege, ServiceUse, Str, Unused, Usage,
    UsageWindow,
};
use crate::platform::aws::actions;
use crate::platform::aws::pattern::{covers, overlaps};
use crate::platform::aws::tables::{ESCALATIONS, MEANINGS};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, LazyLock};

/// The right that is never a call, in lower case.
const PASS_ROLE: &str = "iam:passrole";

/// What the record says of one service.
#[derive(Debug, Default)]
struct Record<'i> {
    last: Moment,
    /// The actions that it follows, in lower case, with their names.
    actions: BTreeMap<String, (&'i str, Moment)>,
}

type Records<'i> = BTreeMap<&'i str, Record<'i>>;

/// Compares, for every identity of which a record of use was read.
pub(super) fn assess(
    inventory: &Inventory,
    world: &World<'_, '_>,
    out: &mut BTreeMap<IdentityId, Privilege>,
) {
    if inventory.usage_windows.is_empty() {
        return;
    }
    let mut windows: BTreeMap<&IdentityId, Vec<&UsageWindow>> = BTreeMap::new();
    for window in &inventory.usage_windows {
        windows.entry(&window.identity).or_default().push(window);
    }
    let mut usage: HashMap<&IdentityId, Vec<&Usage>> = HashMap::new();
    for record in &inventory.usage {
        usage.entry(&record.identity).or_default().push(record);
    }
    let held = proposal::Held::new(inventory);
    // What a set grants of a service is asked once, however many hold it.
    let mut known: HashMap<(usize, String), Vec<&'static actions::Action>> = HashMap::new();
    for (id, windows) in windows {
        let node = world.by_arn.get(&*id.0).and_then(|&at| world.nodes.get(at));
        let Some(node) = node.filter(|node| node.kind != Kind::Group && node.known) else {
            continue;
        };
        let (Some(set), Some(privilege)) = (world.sets.get(node.set), out.get_mut(id)) else {
            continue;
        };
        let records = records(usage.get(id).map_or(&[][..], Vec::as_slice));
        let Some(window) = chosen(&windows) else {
            continue;
        };
        let mut unused = Unused {
            from: window.from,
            until: window.until,
            granularity: granularity(&records),
            evidence: window.evidence.clone(),
            everything: false,
            services: Vec::new(),
            untold: BTreeSet::new(),
            proposal: None,
        };
        let (named, everything) = services(set);
        unused.everything = everything;
        for service in named {
            if !records.contains_key(&*service) {
                unused.untold.insert(service);
            }
        }
        for (service, record) in &records {
            let granted = known
                .entry((node.set, (*service).to_owned()))
                .or_insert_with(|| granted(set, service));
            if let Some(found) = compare(set, service, record, granted) {
                unused.services.push(found);
            }
        }
        unused.proposal = held.proposal(id, &records, &node.unresolved);
        privilege.unused = Some(Arc::new(unused));
    }
}

/// The window that is spoken of: the newest; of two that end together the one that begins earlier.
fn chosen<'i>(windows: &[&'i UsageWindow]) -> Option<&'i UsageWindow> {
    let key = |w: &&&UsageWindow| (w.until, w.from.is_some(), std::cmp::Reverse(w.from));
    windows.iter().max_by_key(key).copied()
}

fn records<'i>(usage: &[&'i Usage]) -> Records<'i> {
    let mut records = Records::new();
    for usage in usage {
        let record = records.entry(&*usage.service).or_default();
        match &usage.action {
            None => record.last.merge(usage.last),
            Some(action) => {
                let name = action.to_ascii_lowercase();
                let slot = record
                    .actions
                    .entry(name)
                    .or_insert((action, Moment::Unknown));
                slot.1.merge(usage.last);
                // An action that was used is use of its service; one that was not says nothing of it.
                if usage.last.at().is_some() {
                    record.last.merge(usage.last);
                }
            }
        }
    }
    records
}

fn granularity(records: &Records<'_>) -> Granularity {
    if records.values().any(|record| !record.actions.is_empty()) {
        Granularity::Action
    } else {
        Granularity::Service
    }
}

/// The statements of a set that give something, as far as that can be told.
fn giving<'s>(set: &'s PolicySet<'_>) -> impl Iterator<Item = &'s Statement> {
    let policies = set.grants.iter().filter_map(|&i| set.policies.get(i));
    let statements = policies.flat_map(|policy| &policy.statements);
    statements.filter(|statement| {
        let fails = |c| matches!(set.decide(c, &[]), Verdict::Fails);
        statement.allow
            && !set.scopes(statement).is_empty()
            && !statement.condition.as_ref().is_some_and(fails)
    })
}

/// The services that are granted by name, and whether all are granted.
fn services(set: &PolicySet<'_>) -> (BTreeSet<Str>, bool) {
    let mut named = BTreeSet::new();
    let mut everything = false;
    for statement in giving(set) {
        if statement.actions.negated {
            everything = true;
            continue;
        }
        for pattern in &statement.actions.list {
            match pattern.split_once(':') {
                Some((service, _)) if !service.contains(['*', '?']) => {
                    // What is taken away again is not granted.
                    if **pattern != *PASS_ROLE
                        && !set.left_of(statement, vec![pattern.clone()]).is_empty()
                    {
                        named.insert(service.into());
                    }
                }
                _ => everything = true,
            }
        }
    }
    (named, everything)
}

/// The actions of a service that a set grants, after all that takes away.
fn granted(set: &PolicySet<'_>, service: &str) -> Vec<&'static actions::Action> {
    let whole = format!("{service}:*");
    let all = actions::matching(&whole);
    let mut found: BTreeMap<String, &'static actions::Action> = BTreeMap::new();
    for statement in giving(set) {
        let mut start: BTreeMap<String, &'static actions::Action> = BTreeMap::new();
        let lower = |a: &actions::Action| format!("{service}:{}", a.name.to_ascii_lowercase());
        if statement.actions.negated {
            let list = &statement.actions.list;
            let left = all.iter().filter(|a| {
                let name = lower(a);
                !list.iter().any(|p| covers(p, &name))
            });
            start.extend(left.map(|a| (lower(a), *a)));
        } else {
            for pattern in statement
                .actions
                .list
                .iter()
                .filter(|p| overlaps(p, &whole))
            {
                let matched = actions::matching(pattern).into_iter();
                let matched = matched.filter(|a| a.service() == service);
                start.extend(matched.map(|a| (lower(a), a)));
            }
        }
        start.retain(|name, _| !found.contains_key(name));
        let names = start.keys().map(|name| Str::from(name.as_str())).collect();
        for (name, ..) in set.left_of(statement, names) {
            if let Some(action) = start.get(&*name) {
                found.insert(name.to_string(), action);
            }
        }
    }
    found.into_values().collect()
}

/// Whether a service that the table of actions does not know is granted.
fn unknown_granted(set: &PolicySet<'_>, service: &str) -> bool {
    let whole = format!("{service}:*");
    actions::matching(&whole).is_empty()
        && giving(set).any(|statement| {
            let list = &statement.actions.list;
            let speaks = match statement.actions.negated {
                true => !list.iter().any(|p| covers(p, &whole)),
                false => list.iter().any(|p| overlaps(p, &whole)),
            };
            speaks
                && !set
                    .left_of(statement, vec![whole.as_str().into()])
                    .is_empty()
        })
}

fn compare(
    set: &PolicySet<'_>,
    service: &str,
    record: &Record<'_>,
    granted: &[&'static actions::Action],
) -> Option<ServiceUse> {
    let followed =
        |a: &&&actions::Action| service != "iam" || !a.name.eq_ignore_ascii_case("PassRole");
    let calls: Vec<_> = granted.iter().filter(followed).collect();
    if calls.is_empty() && !unknown_granted(set, service) {
        return None;
    }
    let mut unused_actions: Vec<Str> = Vec::new();
    if record.last != Moment::Never {
        for action in &calls {
            let known = record.actions.get(&action.name.to_ascii_lowercase());
            if let Some((_, Moment::Never)) = known {
                unused_actions.push(action.name.into());
            }
        }
    }
    unused_actions.sort();
    Some(ServiceUse {
        service: service.into(),
        last: record.last,
        granted: calls.len(),
        privileged: privileged(service, &calls),
        unused_actions,
        tracked: !record.actions.is_empty(),
    })
}

/// Actions that give rights or credentials, become others, read secrets, run code or blind the watch, in
/// lower case: those of the tables of escalations, and of these capabilities.
static PRIVILEGED: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    const MIGHTY: [&str; 7] = [
        "disable-logging",
        "execute-code",
        "impersonate",
        "issue-credentials",
        "manage-access",
        "read-secrets",
        "recover-accounts",
    ];
    let meanings = MEANINGS.iter().filter(|m| MIGHTY.contains(&&*m.capability));
    let meant = meanings.flat_map(|meaning| &meaning.actions);
    // An action that is only a step of a longer way gives nothing by itself; those that come first do.
    let rising = ESCALATIONS.iter().filter(|rule| rule.actions.len() == 1);
    let rising = rising.flat_map(|rule| &rule.actions);
    meant
        .chain(rising)
        .map(|a| a.to_ascii_lowercase())
        .collect()
});

fn privileged(service: &str, granted: &[&&'static actions::Action]) -> Option<Str> {
    let mut mighty: Vec<&&&actions::Action> = granted
        .iter()
        .filter(|a| PRIVILEGED.contains(&format!("{service}:{}", a.name.to_ascii_lowercase())))
        .collect();
    mighty.sort_by_key(|a| (std::cmp::Reverse(a.level), a.name));
    mighty
        .first()
        .map(|a| format!("{service}:{}", a.name).into())
}
