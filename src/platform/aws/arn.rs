//! Amazon Resource Names.

/// An ARN, taken apart. The parts borrow from the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arn<'a> {
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: &'a str,
    /// `iam`, `s3`.
    pub service: &'a str,
    /// Empty for global services.
    pub region: &'a str,
    /// 12 digits, `aws` for what AWS itself owns, or empty.
    pub account: &'a str,
    /// The rest, which may hold colons and slashes: `user/ci/deploy`.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Takes a text apart; `None` when it is no ARN.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let mut part = || parts.next();
        if part()? != "arn" {
            return None;
        }
        let arn = Self {
            partition: part()?,
            service: part()?,
            region: part()?,
            account: part()?,
            resource: part()?,
        };
        (!arn.partition.is_empty() && !arn.service.is_empty() && !arn.resource.is_empty())
            .then_some(arn)
    }

    /// The account, when it is a customer's.
    pub fn customer(&self) -> Option<&'a str> {
        is_account(self.account).then_some(self.account)
    }

    /// The kind of resource, before the first slash: `user`, `role`; `root` for an account's root user.
    pub fn kind(&self) -> &'a str {
        self.resource.split('/').next().unwrap_or_default()
    }

    /// The name without kind and path: `deploy` of `user/ci/deploy`.
    pub fn name(&self) -> &'a str {
        self.resource.rsplit('/').next().unwrap_or_default()
    }
}

/// Whether a text is an account number: twelve digits.
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether a text can be the name of a user, role, group or policy: the characters that IAM allows, and so
/// safe to put into a command.
pub fn is_name(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::Arn;

    #[test]
    fn arns_are_taken_apart() {
        let arn = Arn::parse("arn:aws:iam::111122223333:user/ci/deploy").unwrap();
        assert_eq!(
            (arn.customer(), arn.kind(), arn.name()),
            (Some("111122223333"), "user", "deploy")
        );
        let managed = Arn::parse("arn:aws:iam::aws:policy/service-role/X").unwrap();
        assert_eq!((managed.customer(), managed.name()), (None, "X"));
        let log = Arn::parse("arn:aws-cn:logs:cn-north-1:111122223333:log-group:a:*").unwrap();
        assert_eq!(log.resource, "log-group:a:*");
        for bad in ["", "arn", "arn:aws:iam", "arn:aws:iam::1:", "111122223333"] {
            assert_eq!(Arn::parse(bad), None, "{bad}");
        }
    }
}
