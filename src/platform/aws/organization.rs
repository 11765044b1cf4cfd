//! Ids of an organisation: of itself, its root, units, accounts and policies, and where they stand in names of
//! files, in ARNs and in paths of the tree.

use super::arn::{Arn, is_account};

/// The service control policy that AWS defines and attaches everywhere: it allows everything.
pub const FULL_ACCESS: &str = "p-FullAWSAccess";

/// The resource control policy that AWS defines and attaches everywhere: it allows everything.
pub const FULL_RESOURCE_ACCESS: &str = "p-RCPFullAWSAccess";

/// Longest component of a path that is looked through for ids.
const MAX_COMPONENT: usize = 512;

/// Whether a text is the id of an organisation: `o-…`.
pub fn is_organization(id: &str) -> bool {
    id.strip_prefix("o-").is_some_and(|id| small(id, 4, 32))
}

/// Whether a text is the id of a root: `r-ab12`.
pub fn is_root(id: &str) -> bool {
    id.strip_prefix("r-").is_some_and(|id| small(id, 4, 32))
}

/// Whether a text is the id of an organisational unit: `ou-ab12-cdefghij`.
pub fn is_unit(id: &str) -> bool {
    let parts = id.strip_prefix("ou-").and_then(|id| id.split_once('-'));
    parts.is_some_and(|(root, unit)| small(root, 4, 32) && small(unit, 8, 32))
}

/// Whether a text is the id of a policy: `p-…`.
pub fn is_policy(id: &str) -> bool {
    id.strip_prefix("p-").is_some_and(|id| {
        (3..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    })
}

/// Whether a text is the id of something that has children: a root or a unit.
pub fn is_parent(id: &str) -> bool {
    is_root(id) || is_unit(id)
}

/// Whether a text is the id of something that has a parent: a unit or an account.
pub fn is_child(id: &str) -> bool {
    is_unit(id) || is_account(id)
}

/// Whether a text is the id of something that policies are attached to.
pub fn is_target(id: &str) -> bool {
    is_parent(id) || is_account(id)
}

fn small(text: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

/// What an organisation's ARN tells: `arn:aws:organizations::<management>:ou/o-…/ou-…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The management account; `None` for what AWS itself defines.
    pub management: Option<&'a str>,
    /// The organisation.
    pub organization: Option<&'a str>,
    /// The last part: the id of the root, unit, account or policy.
    pub id: &'a str,
}

/// Takes an organisation's ARN apart.
pub fn place(arn: &str) -> Option<Place<'_>> {
    let arn = Arn::parse(arn).filter(|arn| arn.service == "organizations")?;
    Some(Place {
        management: arn.customer(),
        organization: arn.resource.split('/').find(|part| is_organization(part)),
        id: arn.name(),
    })
}

/// The id that a file's path names, of those that pass: in the file's own name first, then in the folders'
/// from the inside out.
pub fn named(path: &str, wanted: fn(&str) -> bool) -> Option<&str> {
    path.rsplit(['/', '\\'])
        .find_map(|component| in_name(component, wanted))
}

/// The first id in a name, of those that pass.
pub fn in_name(name: &str, wanted: fn(&str) -> bool) -> Option<&str> {
    let name = name.get(..MAX_COMPONENT).unwrap_or(name);
    if name.len() > MAX_COMPONENT {
        return None;
    }
    let word = |b: &u8| b.is_ascii_alphanumeric();
    let bytes = name.as_bytes();
    let before = |i: usize| i.checked_sub(1).and_then(|i| bytes.get(i));
    let starts = (0..bytes.len())
        .filter(|&i| bytes.get(i).is_some_and(word) && !before(i).is_some_and(word));
    let starts: Vec<usize> = starts.collect();
    let ends = (1..=bytes.len())
        .filter(|&i| !bytes.get(i).is_some_and(word) && before(i).is_some_and(word));
    let ends: Vec<usize> = ends.collect();
    // An id has at most three words.
    starts.iter().enumerate().find_map(|(at, &start)| {
        let near = ends.iter().skip(at).take(3);
        near.filter_map(|&end| name.get(start..end))
            .find(|id| !id.contains('_') && wanted(id))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_in_names() {
        for (path, id) in [
            ("org/list-targets-for-policy_p-abc.json", "p-abc"),
            (
                "org/list-targets-for-policy-p-FullAWSAccess.json",
                "p-FullAWSAccess",
            ),
            ("p-1a2b3c4d/targets.json", "p-1a2b3c4d"),
        ] {
            assert_eq!(named(path, is_policy), Some(id), "{path}");
        }
        for (path, id) in [
            ("ou-ab12-cdefghij.json", Some("ou-ab12-cdefghij")),
            (
                "x/ou-ab12-cdefghij_children.json.gz",
                Some("ou-ab12-cdefghij"),
            ),
            ("r-ab12/list-children.json", Some("r-ab12")),
            (
                "list-policies-for-target-111122223333.json",
                Some("111122223333"),
            ),
            ("list-policies-for-target.json", None),
        ] {
            assert_eq!(named(path, is_target), id, "{path}");
        }
    }

    #[test]
    fn arns_tell_organisation_and_management_account() {
        let place =
            place("arn:aws:organizations::999988887777:ou/o-abcdefghij/ou-ab12-cdefghij").unwrap();
        assert_eq!(
            (place.management, place.organization, place.id),
            (
                Some("999988887777"),
                Some("o-abcdefghij"),
                "ou-ab12-cdefghij"
            )
        );
        assert!(super::place("arn:aws:iam::999988887777:user/x").is_none());
        let own = super::place(
            "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess",
        );
        assert_eq!(own.unwrap().management, None);
    }
}
