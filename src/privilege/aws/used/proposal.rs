//! A smaller policy: the statements that an identity holds, without the services and actions that the
//! record of its use shows as not used. Resources, conditions and denials stay as they are.

use super::{PASS_ROLE, Record, Records};
use crate::model::{
    Effect, Entitlement, EntitlementRole, IdentityId, Inventory, Matcher, Moment, Proposal,
    RuleBody, Str,
};
use crate::platform::aws::pattern::{covers, normalise_action, overlaps};
use crate::platform::aws::policy::Selection;
use crate::platform::aws::{actions, managed};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The longest managed policy that IAM takes, in characters without white space.
const LONGEST: usize = 6_144;

/// How many services a note names.
const NAMED: usize = 12;

/// Who holds what, indexed.
pub(super) struct Held<'i> {
    inventory: &'i Inventory,
    policies: HashMap<&'i str, Vec<&'i Entitlement>>,
    groups: HashMap<&'i str, Vec<&'i str>>,
}

/// A statement as it is to be written.
#[derive(Clone)]
struct Written {
    allow: bool,
    sid: Option<String>,
    actions: Matcher,
    resources: Matcher,
    condition: Option<Str>,
    version: Option<Str>,
}

impl<'i> Held<'i> {
    pub(super) fn new(inventory: &'i Inventory) -> Self {
        let mut held = Self {
            inventory,
            policies: HashMap::new(),
            groups: HashMap::new(),
        };
        for entitlement in &inventory.entitlements {
            if entitlement.role == EntitlementRole::Grant {
                let of = held.policies.entry(&entitlement.principal.0).or_default();
                of.push(entitlement);
            }
        }
        for membership in &inventory.memberships {
            let of = held.groups.entry(&membership.member.0).or_default();
            of.push(&membership.group.0);
        }
        held
    }

    /// The policy that would do; `None` where it would be no smaller.
    pub(super) fn proposal(
        &self,
        id: &IdentityId,
        records: &Records<'_>,
        unread: &BTreeSet<Str>,
    ) -> Option<Proposal> {
        let (statements, grouped) = self.statements(id);
        let mut notes: Vec<Str> = Vec::new();
        let mut narrowing = Narrowing {
            records,
            smaller: false,
            passes: false,
            left_out: BTreeSet::new(),
        };
        let mut kept: Vec<Value> = Vec::new();
        let mut sids = BTreeSet::new();
        let mut gives = false;
        for statement in statements {
            let narrowed = match statement.allow {
                true => narrowing.actions(&statement.actions),
                false => Some(statement.actions.clone()),
            };
            let Some(actions) = narrowed else {
                narrowing.smaller = true;
                continue;
            };
            gives |= statement.allow;
            let json = Written {
                actions,
                ..statement
            }
            .json(&mut sids);
            if !kept.contains(&json) {
                kept.push(json);
            }
        }
        if !narrowing.smaller {
            return None;
        }
        if !gives {
            notes.push("nothing that it is granted was used; take its policies away".into());
        }
        if narrowing.passes {
            notes.push(
                "iam:PassRole is kept: its use is not recorded; take it out if it passes no roles"
                    .into(),
            );
        }
        if !narrowing.left_out.is_empty() {
            let named = narrowing.left_out.iter().take(NAMED).copied();
            let services: Vec<&str> = named.collect();
            let more = match narrowing.left_out.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let text = format!(
                "granted by a wildcard, and not spoken of by the record, so left out: {}{more}",
                services.join(", ")
            );
            notes.push(text.into());
        }
        if grouped {
            notes.push(
                "some of it is held through groups; whoever else is in them may need more".into(),
            );
        }
        for missing in unread {
            notes.push(format!("{missing} was not read and is not in this policy").into());
        }
        let mut document = Map::new();
        document.insert("Version".into(), "2012-10-17".into());
        document.insert("Statement".into(), Value::Array(kept));
        let document = Value::Object(document).to_string();
        let length = document.chars().filter(|c| !c.is_whitespace()).count();
        if length > LONGEST {
            let text = format!(
                "{length} characters are more than the {LONGEST} of one managed policy; split it"
            );
            notes.push(text.into());
        }
        Some(Proposal {
            document: document.into(),
            notes,
        })
    }

    /// All statements of the policies that it holds, and whether some are held through groups.
    fn statements(&self, id: &IdentityId) -> (Vec<Written>, bool) {
        let groups = self.groups.get(&*id.0).map_or(&[][..], Vec::as_slice);
        let of = |id: &str| self.policies.get(id).into_iter().flatten();
        let own = of(&id.0);
        let through: Vec<_> = groups.iter().flat_map(|group| of(group)).collect();
        let grouped = !through.is_empty();
        let mut seen = BTreeSet::new();
        let mut written = Vec::new();
        for entitlement in own.chain(through) {
            let id = &entitlement.policy;
            if !seen.insert(id) {
                continue;
            }
            if let Some(policy) = self.inventory.policies.get(id) {
                for rule in &policy.rules {
                    let RuleBody::Iam(body) = &rule.body else {
                        continue;
                    };
                    written.push(Written {
                        allow: rule.effect == Effect::Allow,
                        sid: Some(rule.label.to_string()),
                        actions: body.actions.clone(),
                        resources: body.resources.clone(),
                        condition: body.condition.clone(),
                        version: body.version.clone(),
                    });
                }
            } else if let Some(policy) = managed::policy(&id.0) {
                let version = policy.document.version.as_deref().map(Str::from);
                for statement in &policy.document.statements {
                    let everything = || Matcher::In(vec!["*".into()]);
                    let resources = statement.resources.as_ref();
                    written.push(Written {
                        allow: statement.allow,
                        sid: statement.sid.clone(),
                        actions: matcher(&statement.actions),
                        resources: resources.map_or_else(everything, matcher),
                        condition: statement.condition.as_deref().map(Str::from),
                        version: version.clone(),
                    });
                }
            }
        }
        (written, grouped)
    }
}

fn matcher(selection: &Selection) -> Matcher {
    let patterns = selection.patterns.iter();
    let patterns = patterns.map(|p| p.as_str().into()).collect();
    match selection.negated {
        true => Matcher::NotIn(patterns),
        false => Matcher::In(patterns),
    }
}

impl Written {
    fn json(self, sids: &mut BTreeSet<String>) -> Value {
        // In the older language `${` is just text; in the newer one it has to be spelt so.
        let literal = self.version.as_deref() != Some("2012-10-17");
        let spelt = |text: &str| match literal {
            true => text.replace("${", "${$}{"),
            false => text.to_owned(),
        };
        let mut map = Map::new();
        let valid =
            |sid: &String| sid.bytes().all(|b| b.is_ascii_alphanumeric()) && !sid.is_empty();
        if let Some(sid) = self.sid.filter(valid) {
            // Unique within a policy.
            let mut numbers = 2..;
            let mut unique = sid.clone();
            while !sids.insert(unique.clone()) {
                unique = format!("{sid}{}", numbers.next().unwrap_or(0));
            }
            map.insert("Sid".into(), unique.into());
        }
        map.insert(
            "Effect".into(),
            if self.allow { "Allow" } else { "Deny" }.into(),
        );
        let list = |list: &[Str], spell: bool| -> Value {
            let texts = list.iter().map(|text| match spell {
                true => Value::String(spelt(text)),
                false => Value::String(text.to_string()),
            });
            texts.collect::<Vec<_>>().into()
        };
        let (name, actions) = match &self.actions {
            Matcher::In(actions) => ("Action", actions),
            Matcher::NotIn(actions) => ("NotAction", actions),
        };
        map.insert(name.into(), list(actions, false));
        let (name, resources) = match &self.resources {
            Matcher::In(resources) => ("Resource", resources),
            Matcher::NotIn(resources) => ("NotResource", resources),
        };
        map.insert(name.into(), list(resources, true));
        if let Some(condition) = &self.condition
            && let Ok(condition) = serde_json::from_str(&spelt(condition))
        {
            map.insert("Condition".into(), condition);
        }
        Value::Object(map)
    }
}

/// Takes from the actions of statements what was not used.
struct Narrowing<'r, 'i> {
    records: &'r Records<'i>,
    /// Whether anything was taken away so far.
    smaller: bool,
    /// Whether the passing of roles was kept only because its use is not recorded.
    passes: bool,
    /// Services that a wildcard grants and the record does not know.
    left_out: BTreeSet<&'static str>,
}

impl Narrowing<'_, '_> {
    /// What is left; `None` for nothing.
    fn actions(&mut self, actions: &Matcher) -> Option<Matcher> {
        let mut left: Vec<Str> = Vec::new();
        match actions {
            Matcher::In(list) => {
                for pattern in list {
                    let lower = normalise_action(pattern);
                    match lower.split_once(':') {
                        Some((service, _)) if !service.contains(['*', '?']) => {
                            self.pattern(pattern, &lower, service, &mut left);
                        }
                        _ => self.wide(&lower, &[], &mut left),
                    }
                }
            }
            Matcher::NotIn(list) => {
                let list: Vec<String> = list.iter().map(|p| normalise_action(p)).collect();
                self.wide("*", &list, &mut left);
            }
        }
        let mut seen = BTreeSet::new();
        left.retain(|pattern| seen.insert(pattern.clone()));
        (!left.is_empty()).then_some(Matcher::In(left))
    }

    /// A pattern of one service.
    fn pattern(&mut self, written: &Str, lower: &str, service: &str, left: &mut Vec<Str>) {
        // What the record does not speak of is kept.
        let Some(record) = self.records.get(service) else {
            left.push(written.clone());
            return;
        };
        if record.last == Moment::Never {
            if covers(lower, PASS_ROLE) {
                self.passes = true;
                left.push("iam:PassRole".into());
                self.smaller |= lower != PASS_ROLE;
            } else {
                self.smaller = true;
            }
            return;
        }
        if !lower.contains(['*', '?']) {
            let name = lower.split_once(':').map_or("", |(_, name)| name);
            match record.actions.get(name) {
                Some((_, Moment::Never)) if lower != PASS_ROLE => self.smaller = true,
                _ => left.push(written.clone()),
            }
            return;
        }
        let all = actions::matching(lower);
        let unused = |a: &&actions::Action| unused(record, service, a);
        if !all.iter().any(&unused) {
            left.push(written.clone());
            return;
        }
        self.smaller = true;
        let kept: Vec<_> = all.into_iter().filter(|a| !unused(a)).collect();
        left.extend(compressed(service, &kept, &|verb| covers(lower, verb)));
    }

    /// A pattern over services, without what is excepted from it: only services that were used stay.
    fn wide(&mut self, lower: &str, except: &[String], left: &mut Vec<Str>) {
        self.smaller = true;
        let mut known: BTreeMap<&str, &Record<'_>> = BTreeMap::new();
        known.extend(
            self.records
                .iter()
                .map(|(service, record)| (*service, record)),
        );
        // `*` as a whole service's pattern; `*:Describe*` keeps its second half.
        let verb = lower
            .split_once(':')
            .map_or("*", |(_, verb)| verb)
            .to_owned();
        let services = lower.split_once(':').map_or("*", |(services, _)| services);
        for action in actions::matching(lower) {
            let service = action.service();
            let excepted = || {
                let name = format!("{service}:{}", action.name.to_ascii_lowercase());
                except.iter().any(|p| covers(p, &name))
            };
            if !known.contains_key(service) && !self.left_out.contains(service) && !excepted() {
                self.left_out.insert(service);
            }
        }
        for (service, record) in known {
            if !crate::platform::glob::matches(services, service) {
                continue;
            }
            let whole = format!("{service}:{verb}");
            if record.last == Moment::Never {
                let passes =
                    covers(&whole, PASS_ROLE) && !except.iter().any(|p| covers(p, PASS_ROLE));
                if passes {
                    self.passes = true;
                    left.push("iam:PassRole".into());
                }
                continue;
            }
            let touched = except.iter().any(|p| overlaps(p, &whole));
            let all = actions::matching(&whole);
            if !touched && !all.iter().any(|a| unused(record, service, a)) {
                left.push(whole.into());
                continue;
            }
            let kept = all.into_iter().filter(|a| {
                let name = format!("{service}:{}", a.name.to_ascii_lowercase());
                !unused(record, service, a) && !except.iter().any(|p| covers(p, &name))
            });
            let kept: Vec<_> = kept.collect();
            let free = |pattern: &str| {
                covers(&whole, pattern) && !except.iter().any(|p| overlaps(p, pattern))
            };
            left.extend(compressed(service, &kept, &free));
        }
    }
}

fn unused(record: &Record<'_>, service: &str, action: &actions::Action) -> bool {
    let name = action.name.to_ascii_lowercase();
    let passes = service == "iam" && name == "passrole";
    !passes && matches!(record.actions.get(&name), Some((_, Moment::Never)))
}

/// A list of actions, with `Words*` for those of which all that begin with the words are in it. Only where
/// that pattern is no wider than what was granted.
fn compressed(service: &str, kept: &[&actions::Action], free: &dyn Fn(&str) -> bool) -> Vec<Str> {
    let names: BTreeSet<&str> = kept.iter().map(|a| a.name).collect();
    let whole = |start: &str| {
        let lower = format!("{service}:{start}*").to_ascii_lowercase();
        let all = actions::matching(&lower);
        free(&lower) && all.iter().all(|a| names.contains(a.name))
    };
    let sorted: Vec<&str> = names.iter().copied().collect();
    let mut out = Vec::new();
    group(&sorted, 0, &whole, &mut out);
    out.iter()
        .map(|name| format!("{service}:{name}").into())
        .collect()
}

/// Goes through sorted names that are the same up to a place, by what their next words are.
fn group(names: &[&str], from: usize, whole: &dyn Fn(&str) -> bool, out: &mut Vec<String>) {
    let end = |name: &str| word_end(name, from);
    for part in names.chunk_by(|a, b| a.get(..end(a)) == b.get(..end(b))) {
        let Some(first) = part.first() else {
            continue;
        };
        let reach = end(first);
        match (part, first.get(..reach)) {
            ([only], _) => out.push((*only).to_owned()),
            (_, Some(start)) if whole(start) => out.push(format!("{start}*")),
            // Each step ends in a longer start, until names end.
            _ if reach > from => group(part, reach, whole, out),
            _ => out.extend(part.iter().map(|name| (*name).to_owned())),
        }
    }
}

/// Where the word that begins at a place of a name ends: before the next capital behind a small letter.
fn word_end(name: &str, from: usize) -> usize {
    let rest = name.bytes().enumerate().skip(from + 1);
    let small = |at: usize| {
        name.as_bytes()
            .get(at - 1)
            .is_some_and(u8::is_ascii_lowercase)
    };
    let mut ends = rest.filter(|(at, b)| b.is_ascii_uppercase() && small(*at));
    ends.next().map_or(name.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_shortened_only_where_nothing_is_added() {
        let all = actions::matching("s3:get*");
        let kept: Vec<_> = all
            .into_iter()
            .filter(|a| a.name != "GetBucketAcl")
            .collect();
        let short = compressed("s3", &kept, &|_| true);
        let matched: BTreeSet<_> = short
            .iter()
            .flat_map(|p| actions::matching(&p.to_ascii_lowercase()))
            .map(|a| a.name)
            .collect();
        assert_eq!(matched, kept.iter().map(|a| a.name).collect());
        assert!(short.len() * 2 < kept.len(), "{short:?}");
        assert_eq!(compressed("s3", &kept, &|_| false).len(), kept.len());
        assert!(compressed("s3", &[], &|_| true).is_empty());
    }
}
