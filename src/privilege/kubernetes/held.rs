//! Roles held in scopes: which rules meet a primitive there, and the proof of it.

use super::judge::{Compiled, Hit, Need};
use super::roles::{RoleIndex, Roles};
use crate::model::{Certainty, Hop, Proof, Str};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// A role held in a scope.
pub(super) struct Held<'a> {
    /// How it is held: the group if it is through one, and the binding.
    pub(super) hops: Vec<Hop>,
    pub(super) role: RoleIndex,
    /// The namespace, or the whole cluster.
    pub(super) namespace: Option<&'a str>,
    pub(super) hits: Rc<Vec<Hit<'a>>>,
}

/// The rules that meet each need within one scope, those without limit to names first.
pub(super) type Table<'h, 'a> = BTreeMap<Need, Vec<(&'h Held<'a>, &'h Hit<'a>)>>;

/// A primitive whose needs are all met.
pub(super) struct Match<'h, 'a> {
    pub(super) met: Vec<(&'h Held<'a>, &'h Hit<'a>)>,
    /// The names that the first need is limited to.
    pub(super) names: Option<&'h [&'a Str]>,
}

/// The ways in which all needs of a primitive are met in a scope, at least one of them by what is given
/// there: what the whole cluster gives alone is the whole cluster's business. One way when nothing limits
/// the first need to names, else one for each rule that meets it.
pub(super) fn matches<'h, 'a>(
    number: usize,
    primitive: &Compiled,
    table: &'h Table<'h, 'a>,
    everywhere: &'h Table<'h, 'a>,
) -> Vec<Match<'h, 'a>> {
    let limited = |met: &&'h Vec<_>| {
        met.first()
            .is_some_and(|(_, hit): &(_, &Hit<'_>)| hit.names.is_some())
    };
    let mut met = Vec::with_capacity(primitive.needs);
    let mut firsts: &[_] = &[];
    let mut local = false;
    for n in 0..primitive.needs {
        let need = Need::Of(number, n);
        let (here, there) = (table.get(&need), everywhere.get(&need));
        let best = match (here, there) {
            (Some(here), Some(there)) if limited(&here) && !limited(&there) => there,
            (Some(here), _) => here,
            (None, Some(there)) => there,
            (None, None) => return Vec::new(),
        };
        local |= here.is_some_and(|here| std::ptr::eq(here, best));
        if n == 0 {
            firsts = best;
        }
        met.extend(best.first().copied());
    }
    if !local {
        return Vec::new();
    }
    let unlimited = firsts.first().is_some_and(|(_, hit)| hit.names.is_none());
    firsts
        .iter()
        .take(if unlimited { 1 } else { firsts.len() })
        .map(|&first| Match {
            met: std::iter::once(first)
                .chain(met.iter().skip(1).copied())
                .collect(),
            names: first.1.names.as_deref(),
        })
        .collect()
}

/// The proof that these rules are held.
pub(super) fn proof(
    roles: &Roles<'_>,
    met: &[(&Held<'_>, &Hit<'_>)],
    namespace: Option<&str>,
) -> Proof {
    let mut claims: Vec<String> = Vec::new();
    let mut hops: Vec<Hop> = Vec::new();
    let mut last: Option<(&Held<'_>, RoleIndex)> = None;
    for &(held, hit) in met {
        let what = match &hit.names {
            Some(names) => format!("{} ({})", hit.what, few(names)),
            None => hit.what.to_string(),
        };
        if !claims.contains(&what) {
            claims.push(what);
        }
        let same_binding = last.is_some_and(|(h, _)| std::ptr::eq(h, held));
        if !same_binding {
            hops.extend(held.hops.iter().cloned());
            hops.extend(role_hop(roles, held.role, ""));
        }
        let from = last.filter(|_| same_binding).map_or(held.role, |(_, r)| r);
        if hit.role != from {
            let prefix = if hit.role == held.role {
                ""
            } else {
                "which takes over "
            };
            hops.extend(role_hop(roles, hit.role, prefix));
        }
        if hops.last() != Some(&hit.hop) {
            hops.push(hit.hop.clone());
        }
        last = Some((held, hit.role));
    }
    let place = match namespace {
        Some(namespace) => format!("in namespace {namespace}"),
        None => "in the whole cluster".to_owned(),
    };
    Proof {
        claim: format!("{} {place}", claims.join(" and ")).into(),
        hops: hops.into_iter().map(Arc::new).collect(),
        certainty: Certainty::Certain,
        scope: Some(scope(met, namespace)),
    }
}

/// What a proof holds on: `*` everything in the cluster, `ci/*` everything in a namespace, `ci/deployer` one object.
fn scope(met: &[(&Held<'_>, &Hit<'_>)], namespace: Option<&str>) -> Str {
    let names = met.first().and_then(|(_, hit)| hit.names.as_deref());
    match (namespace, names) {
        (None, None) => "*".into(),
        (Some(namespace), None) => format!("{namespace}/*").into(),
        (place, Some([name])) => format!("{}/{name}", place.unwrap_or("*")).into(),
        (place, Some(names)) => format!("{}/{{{}}}", place.unwrap_or("*"), few(names)).into(),
    }
}

fn role_hop(roles: &Roles<'_>, role: RoleIndex, prefix: &str) -> Option<Hop> {
    let role = roles.get(role)?;
    Some(Hop {
        what: format!("{prefix}{}", role.title).into(),
        evidence: role.evidence.cloned(),
    })
}
fn few(names: &[&Str]) -> String {
    let shown: Vec<&str> = names.iter().take(3).map(|name| &***name).collect();
    let more = if names.len() > shown.len() {
        ", …"
    } else {
        ""
    };
    format!("{}{more}", shown.join(", "))
}
