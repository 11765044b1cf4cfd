//! Accounts in which the way of another one is closed, made mechanically; and chains of any length.

use super::account::Account;
use serde_json::{Map, Value, json};
use tenure::model::Tier;
use tenure::platform::aws::tables::{ESCALATIONS, Escalation, Target};

/// Whether control policies of organisations count at all in what is built.
pub(crate) fn controls_count() -> bool {
    let closed = Account::new(json!({
        "user/a": {"admin": true},
        "control": {"deny": [{"do": ["*"]}]},
    }));
    closed.judge().tier < Tier::Escalate
}

/// Every closed twin of an account in which a row works, with how it is closed.
pub(crate) fn closed(id: &str, hit: &Account, controls: bool) -> Vec<(&'static str, Account)> {
    let row = ESCALATIONS.iter().find(|row| row.id == id).unwrap();
    let actor = hit.actor().to_owned();
    let mut twins = Vec::new();
    let deny = |statement: Value| hit.with(|a| push(a, &actor, "deny", statement));
    for action in row.actions.iter().filter(|a| needed(row, a)) {
        twins.push(("a denial", deny(json!({"do": [action]}))));
        let shouted = action.to_ascii_uppercase();
        twins.push(("a denial in capitals", deny(json!({"do": [shouted]}))));
        let family = format!("{}:*", action.split(':').next().unwrap());
        twins.push(("a denial of the service", deny(json!({"do": [family]}))));
        if let Some(on) = spoken(hit, &actor, action) {
            let target = json!({"do": [action], "on": on});
            twins.push(("a denial on the target", deny(target)));
        }
        let by_group = hit.with(|a| {
            a.insert("group/deny".into(), json!({"deny": [{"do": [action]}]}));
            let own = a.get_mut(&actor).unwrap().as_object_mut().unwrap();
            let groups = own.entry("groups").or_insert_with(|| json!([]));
            groups.as_array_mut().unwrap().push("deny".into());
        });
        if actor.starts_with("user/") {
            twins.push(("a denial of a group", by_group));
        }
        if controls {
            let scp = json!({"deny": [{"do": [action]}]});
            twins.push((
                "a denial of the organisation",
                hit.with(|a| {
                    a.insert("control".into(), scp);
                }),
            ));
        }
    }
    twins.push((
        "a denial of the rest",
        deny(json!({"not_do": ["s3:ListAllMyBuckets"]})),
    ));
    let without = json!({"allow": [{"not_do": row.actions}]});
    let capped = |cap: Value| {
        hit.with(|a| {
            a.insert("policy/without".into(), without.clone());
            let own = a.get_mut(&actor).unwrap().as_object_mut().unwrap();
            own.insert("boundary".into(), cap);
        })
    };
    if hit.value()[&actor].get("boundary").is_none() {
        twins.push(("a boundary", capped("policy/without".into())));
        let reading = "arn:aws:iam::aws:policy/ReadOnlyAccess";
        twins.push(("a boundary of AWS's", capped(reading.into())));
    }
    if controls {
        twins.push((
            "a denial of the organisation of the rest",
            hit.with(|a| {
                a.insert("control".into(), json!({"deny": [{"not_do": ["s3:*"]}]}));
            }),
        ));
    }
    targets(row, hit, &actor, &mut twins);
    twins
}

/// What is closed on the target's side.
fn targets(row: &Escalation, hit: &Account, actor: &str, twins: &mut Vec<(&'static str, Account)>) {
    use Target::*;
    let wide = |t: &Target| {
        matches!(
            t,
            WideUser | WideGroup | WideRole | PassedRole | RunningRole | FederatedRole
        )
    };
    let through = |t: &Target| {
        matches!(
            t,
            AssumableRole | BoundedRole | PassedRole | WrittenRole | RunningRole | FederatedRole
        )
    };
    let assumes = row.actions.iter().any(|a| a == "sts:AssumeRole");
    let others: Vec<String> = hit
        .value()
        .as_object()
        .unwrap()
        .keys()
        .filter(|k| {
            *k != actor
                && ["user/", "role/", "group/"]
                    .iter()
                    .any(|p| k.starts_with(p))
        })
        .cloned()
        .collect();
    let each = |change: &dyn Fn(&mut Map<String, Value>)| {
        hit.with(|a| {
            let narrow = json!({"allow": [{"do": ["s3:ListAllMyBuckets"]}]});
            a.insert("policy/narrow".into(), narrow);
            for other in &others {
                change(a.get_mut(other).unwrap().as_object_mut().unwrap());
            }
        })
    };
    if row.targets.iter().any(wide) {
        twins.push((
            "a target that is no wider",
            each(&|t| {
                t.remove("admin");
            }),
        ));
        twins.push((
            "a target that is denied everything",
            each(&|t| {
                t.insert("deny".into(), json!([{"do": ["*"]}]));
            }),
        ));
        if !row.targets.contains(&WideGroup) {
            twins.push((
                "a target with a boundary",
                each(&|t| {
                    t.insert("boundary".into(), "policy/narrow".into());
                }),
            ));
        }
    }
    let rewritten = |t: &Target| matches!(t, SameUser | AnyRole | AssumableRole | WrittenRole);
    if row.targets.iter().any(rewritten) {
        twins.push((
            "a target with a boundary",
            each(&|t| {
                t.insert("boundary".into(), "policy/narrow".into());
            }),
        ));
    }
    if row.targets.iter().any(through) || assumes && row.id != "x-33" {
        twins.push((
            "a trust taken away",
            each(&|t| {
                t.insert("trusts".into(), json!(["events.amazonaws.com"]));
            }),
        ));
        twins.push((
            "a trust in others",
            each(&|t| {
                t.insert("trusts".into(), json!(["arn:aws:iam::333333333333:root"]));
            }),
        ));
    }
    if !others.is_empty()
        && !row.targets.contains(&PermissionSet)
        && !row.targets.contains(&OwnGroup)
    {
        twins.push((
            "a target in another account",
            hit.with(|a| {
                for other in &others {
                    let what = a.remove(other).unwrap();
                    a.insert(format!("2/{other}"), what);
                }
            }),
        ));
    }
}

/// Whether the row needs the action: not where a smaller row does the same without it.
fn needed(row: &Escalation, action: &str) -> bool {
    let smaller = |other: &Escalation| {
        other.id != row.id
            && other.targets.iter().any(|t| row.targets.contains(t))
            && (row.services.is_empty() || other.services.iter().any(|s| row.services.contains(s)))
            && other
                .actions
                .iter()
                .all(|a| a != action && row.actions.contains(a))
    };
    row.id == "x-33" || !ESCALATIONS.iter().any(smaller)
}

/// On what the actor's own statement allows an action, where that is not everything.
fn spoken(account: &Account, actor: &str, action: &str) -> Option<Value> {
    let own = account.value()[actor]["allow"].as_array()?;
    let mut own = own.iter().filter(|s| {
        s["do"]
            .as_array()
            .is_some_and(|d| d.iter().any(|a| a == action))
    });
    own.find_map(|s| s.get("on").cloned())
        .filter(|on| on != "*")
}

fn push(account: &mut Map<String, Value>, who: &str, list: &str, statement: Value) {
    let who = account.get_mut(who).unwrap().as_object_mut().unwrap();
    let list = who.entry(list).or_insert_with(|| json!([]));
    list.as_array_mut().unwrap().push(statement);
}

/// A chain of principals, each of which can become the next; the last one is an admin.
pub(crate) fn chain(links: &[&str]) -> Option<Account> {
    linked(links, true)
}

/// The same without what makes its end worth reaching.
pub(crate) fn chain_without_end(links: &[&str]) -> Option<Account> {
    linked(links, false)
}

fn linked(links: &[&str], end: bool) -> Option<Account> {
    let mut account = Map::new();
    account.insert("user/a".into(), json!({"allow": []}));
    let mut from = "user/a".to_owned();
    for (index, link) in links.iter().enumerate() {
        let role = format!("role/r{index}");
        let user = format!("user/u{index}");
        let (next, what, statements) = match *link {
            "assume" => (
                role.clone(),
                json!({"trusts": ["account"]}),
                json!([{"do": ["sts:AssumeRole"], "on": role}]),
            ),
            "retrust" => (
                role.clone(),
                json!({"trusts": ["events.amazonaws.com"]}),
                json!([{"do": ["iam:UpdateAssumeRolePolicy"], "on": role}]),
            ),
            "key" => (
                user.clone(),
                json!({}),
                json!([{"do": ["iam:CreateAccessKey"], "on": user}]),
            ),
            "password" => (
                user.clone(),
                json!({}),
                json!([{"do": ["iam:UpdateLoginProfile"], "on": user}]),
            ),
            "pass" => (
                role.clone(),
                json!({"trusts": ["lambda.amazonaws.com"]}),
                json!([
                {"do": ["iam:PassRole"], "on": role}, {"do": ["lambda:CreateFunction", "lambda:InvokeFunction"]}]),
            ),
            "existing" => (
                role.clone(),
                json!({"trusts": ["codebuild.amazonaws.com"]}),
                json!([{"do": ["codebuild:StartBuild"]}]),
            ),
            "group" if from.starts_with("user/") => {
                let group = format!("group/g{index}");
                (
                    group.clone(),
                    json!({}),
                    json!([{"do": ["iam:AddUserToGroup"], "on": group}]),
                )
            }
            _ => return None,
        };
        let holder = account.get_mut(&from).unwrap().as_object_mut().unwrap();
        let list = holder.entry("allow").or_insert_with(|| json!([]));
        list.as_array_mut()
            .unwrap()
            .extend(statements.as_array().unwrap().clone());
        account.insert(next.clone(), what);
        from = next;
    }
    if end {
        account.get_mut(&from).unwrap()["admin"] = true.into();
    }
    Some(Account::new(account.into()))
}
