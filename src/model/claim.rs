//! What a credential says about itself, and by what a leaked one is found in its issuer's listing.

use super::{Fingerprinter, Secret, Str, Tier};
use std::collections::BTreeSet;

/// What a claim speaks of. The names are fixed: reports and conditions go by them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClaimName {
    /// The application or client it was issued to.
    App,
    /// For whom it is meant.
    Audience,
    /// The cluster that issued it.
    Cluster,
    /// A note that its holder left in it: `deploy@build-1`.
    Comment,
    /// An address of its holder.
    Email,
    /// `yes` where a checksum proves that the issuer made it, `no` where one is wrong.
    Genuine,
    /// A group that it makes its holder a member of.
    Group,
    /// The host it is good for.
    Host,
    /// Who says so: the issuer inside a token or certificate.
    Issuer,
    /// By which fields of its issuer's listing it can be found there.
    JoinsBy,
    /// The sort, where one format serves several: `service-account`, `restricted`, `live`.
    Kind,
    /// The Kubernetes namespace, or what else is called so.
    Namespace,
    /// The pod it is bound to.
    Pod,
    /// A project, repository, or what else it is limited to.
    Project,
    /// The region it is good for.
    Region,
    /// A right that it says it has.
    Scope,
    /// The fingerprint of its public half, as OpenSSH prints it.
    SshFingerprint,
    /// Whom it stands for.
    Subject,
    /// The organisation or tenant.
    Tenant,
    /// The SHA-1 digest of the certificate that belongs to it, in upper-case hexadecimal.
    Thumbprint,
    /// The issuer's public id of it.
    TokenId,
    /// The user it belongs to: an id or a name.
    User,
    /// How long such a credential lives at most: `1 h`.
    ValidFor,
    /// Not valid earlier.
    ValidFrom,
    /// The cluster warns of its use from then on.
    WarnAfter,
}

impl ClaimName {
    /// The name used in reports and conditions.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Audience => "audience",
            Self::Cluster => "cluster",
            Self::Comment => "comment",
            Self::Email => "email",
            Self::Genuine => "genuine",
            Self::Group => "group",
            Self::Host => "host",
            Self::Issuer => "issuer",
            Self::JoinsBy => "joins-by",
            Self::Kind => "kind",
            Self::Namespace => "namespace",
            Self::Pod => "pod",
            Self::Project => "project",
            Self::Region => "region",
            Self::Scope => "scope",
            Self::SshFingerprint => "ssh-fingerprint",
            Self::Subject => "subject",
            Self::Tenant => "tenant",
            Self::Thumbprint => "thumbprint",
            Self::TokenId => "token-id",
            Self::User => "user",
            Self::ValidFor => "valid-for",
            Self::ValidFrom => "valid-from",
            Self::WarnAfter => "warn-after",
        }
    }
}

/// One thing that a credential says about itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Claim {
    /// What it speaks of.
    pub name: ClaimName,
    /// What it says: short, and only of characters that are harmless wherever they are shown.
    pub value: Str,
}

impl Claim {
    /// The longest value, in bytes.
    pub const LONGEST: usize = 160;

    /// A claim; `None` when its value is empty, long or holds anything that a terminal or a table could
    /// stumble over.
    pub fn new(name: ClaimName, value: &str) -> Option<Self> {
        let fine = |c: char| c.is_ascii_alphanumeric() || " .-_@:/+=,*#|~".contains(c);
        let value = value.trim();
        (!value.is_empty() && value.len() <= Self::LONGEST && value.chars().all(fine)).then(|| {
            Self {
                name,
                value: value.into(),
            }
        })
    }
}

/// What credentials say about themselves: ordered, and no more than [`Claims::MOST`].
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claims(BTreeSet<Claim>);

impl Claims {
    /// More claims than this tell nothing. The first in order are kept, so that merging in any order comes
    /// to the same.
    pub const MOST: usize = 64;

    /// Adds a claim unless its value is not fit to be shown.
    pub fn add(&mut self, name: ClaimName, value: &str) {
        self.0.extend(Claim::new(name, value));
        self.bound();
    }

    /// Takes over the claims of another record of the same credential.
    pub fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
        self.bound();
    }

    fn bound(&mut self) {
        while self.0.len() > Self::MOST {
            self.0.pop_last();
        }
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Claim> {
        self.0.iter()
    }

    /// The values of one name, in order.
    pub fn of(&self, name: ClaimName) -> impl Iterator<Item = &str> {
        let of = self.0.iter().filter(move |claim| claim.name == name);
        of.map(|claim| &*claim.value)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What a credential may do by its own account or by its kind, and what says so.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ImpliedTier {
    /// The tier; unknown where nothing says.
    pub tier: Tier,
    /// What says so: `scope admin in the token`.
    pub basis: Str,
}

/// A field of an issuer's listing by which a leaked credential can be found there.
///
/// Fields that hold the credential's own end or start (`last4`) are compared as keyed digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JoinForm {
    /// The issuer's id of the credential itself: `private_key_id`, `token_id`, an access key id.
    CredentialId,
    /// GitHub's `token_last_eight` of credential authorizations.
    GithubLastEight,
    /// GitHub's `hashed_token` of the audit log: SHA-256 in base64.
    GithubHashedToken,
    /// GitHub's `owner.id` of fine-grained tokens.
    GithubUser,
    /// GitLab's `user_id`.
    GitlabUser,
    /// GitLab's project id.
    GitlabProject,
    /// GitLab's group id.
    GitlabGroup,
    /// Graph's `passwordCredentials[].hint`: the first three characters.
    EntraHint,
    /// Graph's `keyCredentials[].customKeyIdentifier`: the certificate's SHA-1.
    CertificateThumbprint,
    /// The SHA-256 of the public key's blob, as OpenSSH, GitHub and GitLab show it.
    SshFingerprint,
    /// Snowflake's `RSA_PUBLIC_KEY_FP`: SHA-256 of the public key in DER.
    PublicKeyFingerprint,
    /// Okta's and Databricks' `secret_hash`.
    SecretHash,
    /// Datadog's `last4`.
    LastFour,
    /// Datadog's `public_portion`.
    PublicPortion,
    /// OpenAI's `redacted_value`, Anthropic's `partial_key_hint`: start and end.
    PartialHint,
    /// Stripe's account id.
    StripeAccount,
    /// The address of a service account.
    ServiceAccount,
    /// A tenant's own name or id, where the issuer lists credentials by tenant only.
    Tenant,
    /// The `oid` of an Entra token or the `skoid` of a signature: an object of the directory.
    EntraObject,
    /// The `appid` of an Entra token.
    EntraApp,
    /// The user name that Kubernetes knows the holder by: `CN`, or a token's `sub`.
    KubernetesUser,
    /// A group that Kubernetes takes the holder for: `O` of a client certificate.
    KubernetesGroup,
    /// The id of the access key that signed a URL.
    SignedBy,
}

/// How a join form is used: one row of [`JoinForm::TABLE`].
#[derive(Debug)]
pub struct JoinRule {
    /// The form.
    pub form: JoinForm,
    /// What reports call it: the name of the field in the export.
    pub name: &'static str,
    /// Whether what the form compares is a part of the secret, which is kept as a keyed digest only.
    pub hidden: bool,
    /// Whether the value alone names one credential; hints do not.
    pub exact: bool,
    /// Whether it names the holder rather than the credential.
    pub holder: bool,
}

const fn row(
    form: JoinForm,
    name: &'static str,
    hidden: bool,
    exact: bool,
    holder: bool,
) -> JoinRule {
    JoinRule {
        form,
        name,
        hidden,
        exact,
        holder,
    }
}

impl JoinForm {
    /// Every form and how it is used.
    pub const TABLE: &[JoinRule] = &[
        row(Self::CredentialId, "id", false, true, false),
        row(
            Self::GithubLastEight,
            "token_last_eight",
            true,
            false,
            false,
        ),
        row(Self::GithubHashedToken, "hashed_token", true, true, false),
        row(Self::GithubUser, "owner.id", false, true, true),
        row(Self::GitlabUser, "user_id", false, true, true),
        row(Self::GitlabProject, "project_id", false, true, true),
        row(Self::GitlabGroup, "group_id", false, true, true),
        row(Self::EntraHint, "hint", true, false, false),
        row(
            Self::CertificateThumbprint,
            "customKeyIdentifier",
            false,
            true,
            false,
        ),
        row(Self::SshFingerprint, "fingerprint", false, true, false),
        row(
            Self::PublicKeyFingerprint,
            "RSA_PUBLIC_KEY_FP",
            false,
            true,
            false,
        ),
        row(Self::SecretHash, "secret_hash", true, true, false),
        row(Self::LastFour, "last4", true, false, false),
        row(Self::PublicPortion, "public_portion", false, true, false),
        row(Self::PartialHint, "redacted_value", true, false, false),
        row(Self::StripeAccount, "account", false, true, true),
        row(Self::ServiceAccount, "client_email", false, true, true),
        row(Self::Tenant, "tenant", false, true, true),
        row(Self::EntraObject, "oid", false, true, true),
        row(Self::EntraApp, "appid", false, true, true),
        row(Self::KubernetesUser, "user", false, true, true),
        row(Self::KubernetesGroup, "group", false, true, true),
        row(Self::SignedBy, "X-Amz-Credential", false, true, true),
    ];

    /// The form's row.
    pub fn rule(self) -> Option<&'static JoinRule> {
        Self::TABLE.iter().find(|rule| rule.form == self)
    }

    /// The name of the field in the export.
    pub fn name(self) -> &'static str {
        self.rule().map_or("", |rule| rule.name)
    }
}

/// One value by which a credential in the open and the same credential in a listing are brought together.
/// Never part of a report.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JoinKey {
    /// What is compared.
    pub form: JoinForm,
    /// Who issued the credential: the same end of another issuer's token is no match. Empty for digests of
    /// keys, which mean the same everywhere.
    pub issuer: Str,
    /// The value, or its keyed digest where it is a part of the secret.
    pub value: Str,
}

impl JoinKey {
    /// The key for a value as the issuer's listing states it, or as it is cut from the secret.
    pub fn new(form: JoinForm, issuer: &str, value: &str) -> Self {
        // The digest of a key is that key's, whoever lists it.
        let issuer = match form {
            JoinForm::CertificateThumbprint
            | JoinForm::SshFingerprint
            | JoinForm::PublicKeyFingerprint => "",
            _ => issuer,
        };
        let value: Str = if form.rule().is_none_or(|rule| rule.hidden) {
            // Both sides must come to the same digest, and only one of them knows the user's key.
            let secret = Secret::new(value.as_bytes());
            let parts: [&[u8]; 3] = [b"tenure:join:v1", form.name().as_bytes(), secret.expose()];
            Fingerprinter::new(None).bytes(&parts).to_string().into()
        } else {
            value.into()
        };
        Self {
            form,
            issuer: issuer.into(),
            value,
        }
    }

    /// The key for a value that a listing shows with its middle left out, however it does so:
    /// `sk-abc...def`, `sk-ant-api03-R2D***igAA`. `None` where nothing was left out.
    pub fn partial(issuer: &str, shown: &str) -> Option<Self> {
        let masked = |c: char| matches!(c, '.' | '*' | '…' | '•');
        let (head, rest) = shown.split_once(masked)?;
        let tail = rest.trim_start_matches(masked);
        (!head.is_empty() && tail.len() >= 3 && !tail.contains(masked))
            .then(|| Self::new(JoinForm::PartialHint, issuer, &format!("{head}…{tail}")))
    }

    /// How an identity that the key names carries it among its aliases: `github:owner.id:1500000`.
    pub fn alias(&self) -> Str {
        format!("{}:{}:{}", self.issuer, self.form.name(), self.value).into()
    }

    /// The most that a credential has.
    pub const MOST: usize = 32;
}
