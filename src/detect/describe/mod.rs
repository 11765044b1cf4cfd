//! What credentials say about themselves: whose they are, what they may do, when they end. Decoded offline,
//! by the formats that the issuers document; one file for each family.

mod aws;
mod azure;
mod der;
mod encoding;
mod gcp;
mod github;
mod gitlab;
mod grafana;
mod handed;
mod jfrog;
mod jwt;
mod key;
mod mapbox;
mod password;
mod prefix;
mod pypi;
mod sentry;
mod ssh;
mod stripe;
mod x509;

pub use handed::{Requested, WebToken, certificate, certificate_request, web_token};
pub(super) use key::armoured;
pub(super) use x509::all as certificates;

use super::kind::Kind;
use super::rule::Structure;
use crate::model::{
    ClaimName, Claims, Confidence, Credential, IdentityId, ImpliedTier, JoinForm, JoinKey, Moment,
    Tier, Timestamp,
};
use std::collections::BTreeSet;
use std::ops::Range;
use zeroize::Zeroizing;

/// A match of a kind's pattern, as offsets into the text.
#[derive(Clone, Debug, Default)]
pub(super) struct Match {
    /// The literal that led here.
    pub(super) at: usize,
    /// The secret; `None` where only its public id was seen.
    pub(super) secret: Option<Range<usize>>,
    /// The issuer's public id for it.
    pub(super) id: Option<Range<usize>>,
    /// The account it belongs to.
    pub(super) account: Option<Range<usize>>,
    /// User and host of a URL.
    pub(super) user: Option<Range<usize>>,
    pub(super) host: Option<Range<usize>>,
}

/// Why a password may be none.
pub(super) const WORD: &str = "password is a word";

/// What was decoded.
#[derive(Debug, Default)]
pub(super) struct Decoded {
    pub(super) account: Option<String>,
    pub(super) expires: Moment,
    pub(super) created: Option<Timestamp>,
    /// The identity that the credential names as its holder, and what says so.
    pub(super) holder: Option<(IdentityId, &'static str)>,
    /// What lowers the confidence, and to what at most.
    pub(super) doubts: Vec<(Confidence, &'static str)>,
    /// Everything else that it says.
    pub(super) claims: Claims,
    /// What it may do by its own account.
    tier: ImpliedTier,
    /// By what its issuer's listing holds it: form, issuer where it is another than the rule's, value.
    joins: Vec<(JoinForm, &'static str, Zeroizing<String>)>,
    /// The value in the form that is the same wherever it stands, where that is not what was matched.
    pub(super) canonical: Option<Zeroizing<Vec<u8>>>,
}

impl Decoded {
    fn doubt(mut self, most: Confidence, reason: &'static str) -> Self {
        self.doubts.push((most, reason));
        self
    }

    /// The highest of what it says stands.
    fn implies(&mut self, tier: Tier, basis: &'static str) {
        if tier > self.tier.tier {
            self.tier = ImpliedTier {
                tier,
                basis: basis.into(),
            };
        }
    }

    /// `issuer` is empty where it is the rule's own.
    fn join(&mut self, form: JoinForm, issuer: &'static str, value: &str) {
        self.joins
            .push((form, issuer, Zeroizing::new(value.to_owned())));
    }

    /// Puts everything but expiry and confidence into the credential.
    pub(super) fn tell(self, kind: &Kind, genuine: Option<bool>, credential: &mut Credential) {
        credential.claims = self.claims;
        if let Some(genuine) = genuine {
            let word = if genuine { "yes" } else { "no" };
            credential.claims.add(ClaimName::Genuine, word);
        }
        // What the value itself says overrides what its kind says.
        credential.implied_tier = match (self.tier.tier, kind.rule.privilege) {
            (Tier::Unknown, Some(privilege)) => ImpliedTier {
                tier: privilege.into(),
                basis: "all credentials of its kind may".into(),
            },
            _ => self.tier,
        };
        if let Some(hours) = kind.rule.valid_for {
            credential
                .claims
                .add(ClaimName::ValidFor, &format!("{hours} h"));
            let life = i64::from(hours) * 3600;
            if let (Moment::Unknown, Some(created)) = (credential.expires, credential.created) {
                let end = created.seconds().saturating_add(life);
                credential.expires = Moment::At(Timestamp::from_seconds(end));
            }
        }
        for (form, issuer, value) in self.joins {
            let issuer = if issuer.is_empty() {
                &kind.issuer
            } else {
                issuer
            };
            credential
                .join_keys
                .insert(JoinKey::new(form, issuer, &value));
        }
        let forms: BTreeSet<&str> = credential.join_keys.iter().map(|k| k.form.name()).collect();
        for name in forms {
            credential.claims.add(ClaimName::JoinsBy, name);
        }
    }
}

/// Decodes a match. `None` when the structure shows that it is none.
pub(super) fn decode(kind: &Kind, text: &[u8], found: &mut Match) -> Option<Decoded> {
    let mut decoded = structure(kind, text, found)?;
    let secret = found.secret.clone().and_then(|span| text.get(span));
    if let Some(secret) = secret {
        prefix::describe(&kind.issuer, secret, &mut decoded);
    }
    Some(decoded)
}

fn structure(kind: &Kind, text: &[u8], found: &mut Match) -> Option<Decoded> {
    let secret = found
        .secret
        .clone()
        .and_then(|span| text.get(span))
        .unwrap_or_default();
    match kind.rule.structure {
        Structure::None | Structure::Given => Some(Decoded::default()),
        Structure::AwsKeyId => aws::access_key(text, found),
        Structure::AwsPresigned => aws::presigned(text, found),
        Structure::AzureSas => azure::shared_access(text, found),
        Structure::AzureCask => Some(azure::annotated(secret)),
        Structure::Basic => password::basic(secret),
        Structure::EntraSecret => {
            let mut decoded = Decoded::default();
            azure::client_secret(secret, &mut decoded);
            Some(decoded)
        }
        Structure::GcpServiceAccount => gcp::service_account(text, found),
        Structure::GithubFineGrained => Some(github::fine_grained(secret)),
        Structure::GithubInstallation => Some(github::installation(secret)),
        Structure::GrafanaCloud => grafana::cloud(secret),
        Structure::JfrogReference => jfrog::reference(secret),
        Structure::Jwt => jwt::jwt(secret, false),
        Structure::JwtKubernetes => jwt::jwt(secret, true),
        Structure::KubeconfigKey => key::kubeconfig(text, found),
        Structure::Mapbox => {
            let mut decoded = Decoded::default();
            mapbox::token(secret, &mut decoded)?;
            Some(decoded)
        }
        Structure::Password => password::url(text, found),
        Structure::Pem => {
            let at = found.secret.as_ref().map_or(found.at, |span| span.start);
            key::pem(text, at, secret)
        }
        Structure::Putty => key::putty(text, found),
        Structure::Pypi => {
            let mut decoded = Decoded::default();
            pypi::macaroon(secret, &mut decoded);
            Some(decoded)
        }
        Structure::Sentry => sentry::organisation(secret),
        Structure::Stripe => Some(stripe::key(secret)),
    }
}

/// Whether a text can be a name in Kubernetes.
fn dns_label(name: &str) -> bool {
    let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
    !name.is_empty() && name.len() <= 253 && name.chars().all(fine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_inside_tokens() {
        // Seven base-32 characters of 32 bits: user 1,500,000 is 0x0016E360.
        assert_eq!(
            github::user(b"github_pat_11AALOGYA").as_deref(),
            Some("1500000")
        );
        assert_eq!(github::user(b"github_pat_11AAL8GYA"), None);
        assert_eq!(
            stripe::account(b"sk_live_51Abcdefghijklmnopqrst").as_deref(),
            Some("acct_1Abcdefghijklmno")
        );
        assert_eq!(stripe::account(b"sk_live_4eC39HqLyjWDarjtT1zdp7dc"), None);
        let key = format!("{}JQQJ99BFACAAAAAAA", "a".repeat(52));
        assert_eq!(
            azure::allocated(key.as_bytes())
                .map(Timestamp::date)
                .as_deref(),
            Some("2025-06-01")
        );
    }

    #[test]
    fn armour_is_read_alike_everywhere() {
        let lines = ["MIIabcDEF+/012", "rnXYZ="];
        let file = format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----",
            lines.join("\n")
        );
        let string = file.replace('\n', "\\n");
        let array = format!(
            "-----BEGIN PRIVATE KEY-----\\n\"\n \"{}\\n\"\n -----END PRIVATE KEY-----",
            lines.join("\\n\"\n \"")
        );
        for text in [&file, &string, &array] {
            assert_eq!(
                armoured(text.as_bytes()),
                lines.concat().as_bytes(),
                "{text}"
            );
        }
    }
}
