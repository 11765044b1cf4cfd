//! The forms that places in authorization details have.

use crate::model::{Place, Pointer};

/// What stands behind a record's number, with `#` for numbers; a record itself has nothing there.
macro_rules! forms {
    ($($text:literal),* $(,)?) => {
        static FORMS: &[Place] = &[$(Place($text)),*];
    };
}

forms! {
    "/UserDetailList/#",
    "/UserDetailList/#/GroupList",
    "/UserDetailList/#/UserPolicyList/#",
    "/UserDetailList/#/UserPolicyList/#/PolicyDocument/Statement/#",
    "/UserDetailList/#/AttachedManagedPolicies/#",
    "/UserDetailList/#/PermissionsBoundary",
    "/GroupDetailList/#",
    "/GroupDetailList/#/GroupPolicyList/#",
    "/GroupDetailList/#/GroupPolicyList/#/PolicyDocument/Statement/#",
    "/GroupDetailList/#/AttachedManagedPolicies/#",
    "/RoleDetailList/#",
    "/RoleDetailList/#/RolePolicyList/#",
    "/RoleDetailList/#/RolePolicyList/#/PolicyDocument/Statement/#",
    "/RoleDetailList/#/AttachedManagedPolicies/#",
    "/RoleDetailList/#/PermissionsBoundary",
    "/RoleDetailList/#/AssumeRolePolicyDocument/Statement/#",
    "/Policies/#",
    "/Policies/#/PolicyVersionList/#/Document/Statement/#",
}

/// The pointer, by its form where it has one of them.
pub(super) fn of(pointer: &str) -> Pointer {
    let found = FORMS
        .iter()
        .find_map(|form| Some((form, numbers(form, pointer)?)));
    match found {
        Some((form, numbers)) => Pointer::At(form, numbers),
        None => pointer.into(),
    }
}

fn numbers(form: &Place, pointer: &str) -> Option<[u32; 3]> {
    let mut found = [0; 3];
    let mut slots = found.iter_mut();
    let mut rest = pointer;
    let mut parts = form.0.split('#');
    rest = rest.strip_prefix(parts.next()?)?;
    for part in parts {
        let end = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let (digits, behind) = rest.split_at_checked(end)?;
        // Numbers are written without leading zeros, so the text can be made again.
        if digits.len() > 1 && digits.starts_with('0') {
            return None;
        }
        *slots.next()? = digits.parse().ok()?;
        rest = behind.strip_prefix(part)?;
    }
    rest.is_empty().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_gives_the_text_back() {
        for form in FORMS {
            let text = form
                .0
                .replacen('#', "17", 1)
                .replacen('#', "0", 1)
                .replace('#', "4");
            assert!(matches!(of(&text), Pointer::At(..)), "{text}");
            assert_eq!(of(&text).to_string(), text);
        }
        for text in [
            "/RoleDetailList/07",
            "document 2: /RoleDetailList/7",
            "/Policies/",
            "/Policies/99999999999",
        ] {
            assert!(matches!(of(text), Pointer::Text(_)), "{text}");
        }
    }
}
