//! What cannot be reached from outside: the word sets agree with the model, and limits hold.

use super::compile::{Names, compile};
use super::schema::{CAPABILITY, Enumeration, OWNER_STATE, SubjectKind, TIER};
use crate::model::{Capability, OwnershipState, Tier};

#[test]
fn word_sets_are_the_models() {
    fn same<'n>(set: &Enumeration, names: impl Iterator<Item = &'n str>) {
        let names: Vec<&str> = names.filter(|n| *n != "unknown").collect();
        assert_eq!(set.values, names, "{}", set.name);
    }
    same(&CAPABILITY, Capability::ALL.iter().map(|c| c.as_str()));
    same(&OWNER_STATE, OwnershipState::ALL.iter().map(|s| s.as_str()));
    same(&TIER, Tier::ALL.iter().rev().map(|t| t.as_str()));
}

#[test]
fn attributes_are_unique_and_documented() {
    for kind in SubjectKind::ALL {
        let mut names: Vec<&str> = kind.attributes().iter().map(|a| a.name).collect();
        let count = names.len();
        assert!(
            kind.attributes()
                .iter()
                .all(|a| a.doc.ends_with(['.', '…']))
        );
        assert!(names.contains(&"id") && names.contains(&"name"), "{kind:?}");
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "{kind:?}");
    }
}

/// Conditions from hostile files are refused or compiled, on a small stack, and quickly.
#[test]
fn deep_and_long_conditions_do_not_exhaust_the_stack() {
    let conditions = vec![
        "(".repeat(5_000),
        format!("{}true{}", "(".repeat(40), ")".repeat(40)),
        format!("{}true{}", "(".repeat(20), ")".repeat(20)),
        format!("{}enabled", "!".repeat(299)),
        format!("age_days == {}1", "-".repeat(290)),
        format!("age_days == 1{}", "+1".repeat(290)),
        format!("age_days == {}1", "1-".repeat(290)),
        format!("a{}", ".a".repeat(295)),
        format!("a{}", ".a()".repeat(39)),
        format!("true{}", " in true".repeat(140)),
        format!("true{}", " == true".repeat(140)),
        format!("enabled{}", " && enabled".repeat(145)),
        format!("enabled{}", " ? enabled : enabled".repeat(280)),
        format!("enabled{}", " ? enabled : enabled".repeat(20)),
        format!("{}enabled", "enabled ? ".repeat(280)),
        format!("a{}", "[0]".repeat(39)),
        "[".repeat(39),
        "{".repeat(39),
        "\"".repeat(3_999),
        "'''".repeat(1_000),
        "name in ['a', 'b'".to_owned() + &", 'c'".repeat(700) + "]",
        "\u{0}\u{1}é♥".repeat(100),
        "ma[[[[[[[[[[[[[[[[[[[\x0c\0\0\0\0\0\0\0[[[[[[[putTo?[[[[[[[[[[ep".to_owned(),
        String::new(),
        "name.matches('(a{1000}){1000}')".to_owned(),
        "policies.exists(a, policies.exists(b, policies.exists(c, a == b)))".to_owned(),
    ];
    std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(move || {
            let attributes = SubjectKind::Identity.attributes();
            let names = Names {
                attributes: &attributes,
                parameters: &[],
            };
            for condition in conditions {
                let start: String = condition.chars().take(40).collect();
                let result = compile(&condition, &names);
                if let Err(fault) = result {
                    assert!(fault.message.len() < 200, "{start}: {}", fault.message);
                }
            }
        })
        .unwrap()
        .join()
        .unwrap();
}
