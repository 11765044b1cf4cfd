//! Who asks.

use crate::platform::aws::arn::{Arn, is_account};

/// What sort of principal asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallerKind {
    Root,
    User,
    /// Some session of a role.
    Role,
    /// One session of a role.
    Session,
    /// A session of a user, from `GetFederationToken`.
    FederatedUser,
    Service,
    /// The bearer of a token of an identity provider.
    Federated,
    /// Nobody who says who it is.
    Anonymous,
}

/// In which way a resource's policy names whom it lets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Grant {
    /// A user, a session, or everybody: neither boundary nor session policy limit it by what they leave out.
    Direct,
    /// A role: they do.
    Role,
    /// An account, which may let its principals do it.
    Account,
}

/// A principal that asks.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub kind: CallerKind,
    /// As given: an ARN, a service's or a provider's name.
    pub arn: String,
    pub account: Option<String>,
    /// The user's or role's name.
    pub name: String,
    pub session: Option<String>,
    /// Unique ids: `AIDA…`, `AROA…`, with a session's name behind a colon, or a canonical id.
    pub unique: Vec<String>,
    /// The role's ARN, for a session of a role whose path is known.
    pub role: Option<String>,
    /// Whether all is known of it that there is.
    pub settled: bool,
}

impl Caller {
    /// From how it is named; `None` for a name that says nothing.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let caller = |kind, account: Option<&str>, name: &str| Self {
            kind,
            arn: text.to_owned(),
            account: account.map(str::to_owned),
            name: name.to_owned(),
            session: None,
            unique: Vec::new(),
            role: None,
            settled: false,
        };
        use CallerKind as Kind;
        if text == "*" || text.eq_ignore_ascii_case("anonymous") {
            return Some(caller(Kind::Anonymous, None, ""));
        }
        if is_account(text) {
            let mut root = caller(Kind::Root, Some(text), "root");
            root.arn = format!("arn:aws:iam::{text}:root");
            return Some(root);
        }
        if let Some(arn) = Arn::parse(text) {
            let account = arn.customer();
            let last = arn.name();
            return Some(match (arn.service, arn.kind()) {
                ("iam", "root") => caller(Kind::Root, account, "root"),
                ("iam", "user") => caller(Kind::User, account, last),
                ("iam", "role") => caller(Kind::Role, account, last),
                ("iam", "oidc-provider" | "saml-provider") => {
                    caller(Kind::Federated, account, last)
                }
                ("sts", "federated-user") => caller(Kind::FederatedUser, account, last),
                ("sts", "assumed-role") => {
                    let mut parts = arn.resource.splitn(3, '/').skip(1);
                    let role = parts.next().unwrap_or_default();
                    let mut session = caller(Kind::Session, account, role);
                    session.session = parts.next().map(str::to_owned);
                    session
                }
                _ => return None,
            });
        }
        let unique = |kind| {
            let mut caller = caller(kind, None, "");
            let (id, session) = text.split_once(':').unwrap_or((text, ""));
            caller.unique = vec![text.to_owned()];
            caller.unique.extend((id != text).then(|| id.to_owned()));
            caller.session = (!session.is_empty()).then(|| session.to_owned());
            caller
        };
        if text.starts_with("AIDA") {
            return Some(unique(Kind::User));
        }
        if text.starts_with("AROA") {
            let session = text.contains(':');
            return Some(unique(if session { Kind::Session } else { Kind::Role }));
        }
        if text.ends_with(".amazonaws.com") || text.ends_with(".amazonaws.com.cn") {
            return Some(caller(Kind::Service, None, text));
        }
        if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Some(unique(Kind::User));
        }
        None
    }

    /// A bearer of a provider's token.
    pub(super) fn federated(provider: &str) -> Self {
        Self {
            kind: CallerKind::Federated,
            arn: provider.to_owned(),
            account: None,
            name: String::new(),
            session: None,
            unique: Vec::new(),
            role: None,
            settled: false,
        }
    }

    /// Some principal of an account, of which no more is said.
    pub(super) fn unnamed(account: Option<String>) -> Self {
        Self {
            kind: CallerKind::User,
            account,
            ..Self::federated("")
        }
    }

    /// A service of the platform.
    pub(super) fn service(name: &str) -> Self {
        Self {
            kind: CallerKind::Service,
            ..Self::federated(name)
        }
    }

    /// Whether policies of its own say what it may do.
    pub(super) fn has_policies(&self) -> bool {
        !matches!(
            self.kind,
            CallerKind::Service | CallerKind::Federated | CallerKind::Anonymous
        )
    }

    /// Whether it is a role that a service made for itself, which control policies leave alone.
    pub(super) fn is_service_linked(&self) -> bool {
        self.kind == CallerKind::Role && self.arn.contains(":role/aws-service-role/")
            || self.kind == CallerKind::Session && self.name.starts_with("AWSServiceRoleFor")
    }

    /// The ARN that `aws:PrincipalArn` has: a session's is its role's.
    pub(super) fn principal_arn(&self) -> String {
        if let Some(role) = &self.role {
            return role.clone();
        }
        match (self.kind, &self.account) {
            (CallerKind::Session, Some(account)) => {
                let partition = self.arn.split(':').nth(1).unwrap_or("aws");
                format!("arn:{partition}:iam::{account}:role/{}", self.name)
            }
            _ => self.arn.clone(),
        }
    }
}
