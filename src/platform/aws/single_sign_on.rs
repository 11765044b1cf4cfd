//! Names that Identity Center gives to what it makes.

/// Prefix of the roles that permission sets are provisioned as.
const RESERVED: &str = "AWSReservedSSO_";

/// The path of those roles, after `role`; a region may follow.
const PATH: &str = ":role/aws-reserved/sso.amazonaws.com/";

/// The name of the permission set that a role, by its ARN, is provisioned as:
/// `arn:aws:iam::…:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_ReadOnly_0123456789abcdef`.
/// Nobody else can make a role on that path.
pub fn permission_set_of(arn: &str) -> Option<&str> {
    let (_, rest) = arn.split_once(PATH)?;
    let name = rest.rsplit('/').next()?;
    let (name, suffix) = name.strip_prefix(RESERVED)?.rsplit_once('_')?;
    let hex = suffix.bytes().all(|b| b.is_ascii_hexdigit());
    (!name.is_empty() && !suffix.is_empty() && hex).then_some(name)
}

/// The permission set's own id at the end of its ARN: `ps-0123456789abcdef`.
pub fn permission_set_id(arn: &str) -> Option<&str> {
    let id = arn.rsplit('/').next()?;
    is_permission_set(id).then_some(id)
}

/// Whether a text is the id of a permission set: `ps-` and letters and digits.
pub fn is_permission_set(id: &str) -> bool {
    id.strip_prefix("ps-").is_some_and(|id| {
        (8..=32).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_roles_tell_their_permission_set() {
        let of = |rest: &str| {
            let arn = format!("arn:aws:iam::111122223333:role/{rest}");
            permission_set_of(&arn).map(str::to_owned)
        };
        assert_eq!(
            of(
                "aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Read_Only_0123456789abcdef"
            ),
            Some("Read_Only".to_owned())
        );
        assert_eq!(
            of("aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef"),
            Some("Admin".to_owned())
        );
        assert_eq!(of("AWSReservedSSO_Admin_0123456789abcdef"), None);
        assert_eq!(
            of("aws-reserved/sso.amazonaws.com/AWSReservedSSO_0123"),
            None
        );
        assert_eq!(
            permission_set_id("arn:aws:sso:::permissionSet/ssoins-1/ps-0123456789abcdef"),
            Some("ps-0123456789abcdef")
        );
    }
}
