//! Principals and permissions that are made, not found.

use super::super::set::On;
use super::super::world::{Kind, Node};
use super::alone::root;
use super::rules::{ASSUME, Rule};
use super::{Engine, Way};
use crate::platform::glob;
use std::collections::BTreeSet;
use std::ops::Bound;

impl<'i> Engine<'_, 'i, '_> {
    /// A principal that does not exist yet: all actions must hold on one and the same name.
    pub(super) fn made(&self, node: &Node<'i>, rule: &'static Rule, kind: &str) -> Option<Way<'i>> {
        let set = self.world.sets.get(node.set)?;
        let patterns: BTreeSet<String> = rule.others().flat_map(|p| set.patterns(p)).collect();
        let ways = patterns.iter().filter_map(|pattern| {
            let arn = sample(pattern, root(&node.id.0), kind)?;
            if !self.world.leaves_everything(node, &arn) {
                return None;
            }
            let mut way = self.all_on(node, rule, &arn)?;
            if kind == "role" {
                way.depends(set.barred(*ASSUME, On::Arn(&arn), node.kind == Kind::Role)?);
            }
            way.subject.clone_from(pattern);
            Some(way)
        });
        ways.min_by_key(|way| way.certainty)
    }

    /// What Identity Center gives in the account, as the roles show that it keeps there.
    pub(super) fn permission_set(
        &self,
        position: usize,
        node: &Node<'i>,
        rule: &'static Rule,
    ) -> Option<Way<'i>> {
        let base = format!("{}role/aws-reserved/sso.amazonaws.com/", root(&node.id.0));
        let from = (Bound::Included(&*base), Bound::Unbounded);
        let (arn, _) = self.world.by_arn.range::<str, _>(from).next()?;
        if !arn.starts_with(&base) {
            return None;
        }
        let cohort = *self.cohorts.of.get(position)?;
        let rest = self.rest(cohort, rule)?;
        let mut way = Way::new(rule.number, rule.row, arn);
        rest.iter().for_each(|allowed| way.take(allowed.clone()));
        way.lacks(format!(
            "that Identity Center is administered from account {}",
            node.account
        ));
        let creates = rule
            .row
            .actions
            .iter()
            .any(|a| a.contains("CreateAccountAssignment"));
        way.lacks(if creates {
            "a user of Identity Center that the principal can act as".to_owned()
        } else {
            "a permission set that is assigned to whom the principal can act as".to_owned()
        });
        Some(way)
    }
}

/// The ARN of a user, role or group of the account that a pattern matches, with any name; `None` when it
/// matches none.
fn sample(pattern: &str, root: &str, kind: &str) -> Option<String> {
    let plain = format!("{root}{kind}/new-{kind}");
    if glob::matches(pattern, &plain) {
        return Some(plain);
    }
    let named = pattern.split_once(&format!(":{kind}/"))?.1;
    let name = named.replace(['*', '?'], "x");
    let arn = format!("{root}{kind}/{name}");
    (!name.is_empty() && glob::matches(pattern, &arn)).then_some(arn)
}
