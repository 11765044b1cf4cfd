//! OIDC and SAML providers that an account accepts (`aws iam list-open-id-connect-providers`,
//! `get-open-id-connect-provider`, `list-saml-providers`, `get-saml-provider`).
//!
//! The answers about one provider do not name its ARN. Of an OIDC provider it follows from the issuer and the
//! account, which joining finds in the lists; of a SAML provider it is taken from a member beside the answer
//! (`SAMLProviderArn`, `Arn`).

use super::Reader;
use super::aws_json::{Date, Item, pages, utf8};
use super::aws_policy_rules::Context;
use crate::model::{
    Document, Facts, Federation, IdentityProvider, Moment, Probe, Problem, ProblemKind, Str,
};
use crate::platform::aws::arn::{Arn, is_account};
use crate::platform::aws::organization::named;
use serde::Deserialize;
use serde_json::value::RawValue;

const NAME: &str = "aws-identity-providers";
const LISTS: [&str; 2] = ["OpenIDConnectProviderList", "SAMLProviderList"];

/// Reads the identity providers of accounts.
pub struct AwsIdentityProviders;

impl Reader for AwsIdentityProviders {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        let head = utf8(probe.head);
        let has = |text: &str| memchr::memmem::find(&head, text.as_bytes()).is_some();
        matches!(head.trim_ascii_start().first(), Some(b'{' | b'['))
            && (has("\"OpenIDConnectProviderList\"")
                || has("\"SAMLProviderList\"")
                || has("\"SAMLMetadataDocument\"")
                || has("\"ClientIDList\"") && has("\"Url\""))
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut export = Export {
            at: Context {
                document,
                reader: NAME,
            },
            facts: Facts::default(),
            problems: Vec::new(),
        };
        let bytes = utf8(document.bytes);
        let mut page = Page::default();
        let end = pages(&bytes, &LISTS, &mut |item| match item {
            Item::Element { raw, pointer, .. } => match serde_json::from_str(raw.get()) {
                Ok(listed) => export.listed(listed, &pointer),
                Err(_) => export.malformed(&pointer, "not an identity provider; left out"),
            },
            Item::NotAList { pointer } => export.malformed(&pointer, "not a list"),
            Item::Member { key, raw } => page.member(key, raw),
            Item::PageEnd => export.page(std::mem::take(&mut page)),
        });
        if let Err(stop) = end {
            export.page(page);
            let message = format!("{}; what stands before it was kept", stop.message);
            export.problems.push(Problem {
                line: Some(stop.line),
                column: Some(stop.column),
                ..export.at.problem(ProblemKind::Malformed, message)
            });
        }
        (export.facts, export.problems)
    }
}

/// An element of a list. Dumps put what the other calls answer into it.
#[derive(Deserialize)]
struct Listed {
    #[serde(rename = "Arn")]
    arn: String,
    #[serde(rename = "ValidUntil")]
    valid_until: Option<Date>,
    #[serde(rename = "CreateDate")]
    create_date: Option<Date>,
    #[serde(rename = "ClientIDList")]
    audiences: Option<Vec<String>>,
}

/// What a page says outside its lists: the answer about one provider.
#[derive(Default)]
struct Page {
    arn: Option<String>,
    url: Option<String>,
    audiences: Option<Vec<String>>,
    metadata: Option<String>,
    valid_until: Option<Date>,
    created: Option<Date>,
}

impl Page {
    fn member(&mut self, key: &str, raw: &RawValue) {
        let text = || serde_json::from_str::<String>(raw.get()).ok();
        let date = || serde_json::from_str::<Date>(raw.get()).ok();
        match key {
            "Arn" | "OpenIDConnectProviderArn" | "SAMLProviderArn" => self.arn = text(),
            "Url" => self.url = text(),
            "ClientIDList" => self.audiences = serde_json::from_str(raw.get()).ok(),
            "SAMLMetadataDocument" => self.metadata = text(),
            "ValidUntil" => self.valid_until = date(),
            "CreateDate" => self.created = date(),
            _ => {}
        }
    }
}

struct Export<'a> {
    at: Context<'a>,
    facts: Facts,
    problems: Vec<Problem>,
}

impl Export<'_> {
    fn malformed(&mut self, pointer: &str, message: &str) {
        let problem = self
            .at
            .problem(ProblemKind::Malformed, format!("{pointer}: {message}"));
        self.problems.push(problem);
    }

    fn provider(&self, arn: &str, federation: Federation, pointer: &str) -> IdentityProvider {
        let account = Arn::parse(arn).and_then(|arn| arn.customer());
        IdentityProvider {
            id: arn.into(),
            account: account.map(Str::from),
            federation,
            issuer: arn
                .split_once(":oidc-provider/")
                .map(|(_, host)| host.into()),
            audiences: None,
            created: None,
            // OIDC providers do not expire.
            expires: match federation {
                Federation::Oidc => Moment::Never,
                Federation::Saml => Moment::Unknown,
            },
            evidence: self.at.document.at_record(NAME, pointer),
        }
    }

    fn listed(&mut self, listed: Listed, pointer: &str) {
        let Some(federation) = federation(&listed.arn) else {
            return self.malformed(pointer, "identity provider without a usable ARN; left out");
        };
        let mut provider = self.provider(&listed.arn, federation, pointer);
        provider.created = listed.create_date.and_then(|date| date.0);
        if let Some(Date(Some(end))) = listed.valid_until {
            provider.expires = Moment::At(end);
        }
        provider.audiences = listed.audiences.map(sorted);
        if let Some(account) = &provider.account {
            self.facts.sources.push((NAME.into(), account.clone()));
        }
        self.facts.identity_providers.push(provider);
    }

    fn page(&mut self, page: Page) {
        let arn = page.arn.filter(|arn| federation(arn).is_some());
        let provider = if let Some(url) = &page.url {
            let host = url.strip_prefix("https://").unwrap_or(url);
            let host = host.trim_end_matches('/');
            let account = named(&self.at.document.origin.path, is_account);
            let arn =
                arn.or_else(|| Some(format!("arn:aws:iam::{}:oidc-provider/{host}", account?)));
            // Of which account it is, the lists of providers may tell.
            let arn = arn.unwrap_or_else(|| format!("{UNPLACED}{host}"));
            let mut provider = self.provider(&arn, Federation::Oidc, "/Url");
            provider.issuer = Some(host.into());
            provider.audiences = page.audiences.map(sorted);
            provider
        } else if let Some(metadata) = &page.metadata {
            let Some(arn) = arn else {
                return self.malformed(
                    "/SAMLMetadataDocument",
                    "the answer does not say which provider was asked about: add SAMLProviderArn beside it",
                );
            };
            let mut provider = self.provider(&arn, Federation::Saml, "/SAMLMetadataDocument");
            provider.issuer = entity(metadata);
            if let Some(Date(Some(end))) = page.valid_until {
                provider.expires = Moment::At(end);
            }
            provider
        } else {
            return;
        };
        let created = page.created.and_then(|date| date.0);
        self.facts.identity_providers.push(IdentityProvider {
            created,
            ..provider
        });
    }
}

/// Prefix of the ids of OIDC providers of which the account is not known.
const UNPLACED: &str = "oidc-provider/";

fn federation(arn: &str) -> Option<Federation> {
    let arn = Arn::parse(arn).filter(|arn| arn.customer().is_some())?;
    match arn.kind() {
        "oidc-provider" => Some(Federation::Oidc),
        "saml-provider" => Some(Federation::Saml),
        _ => None,
    }
}

fn sorted(mut audiences: Vec<String>) -> Vec<Str> {
    audiences.sort();
    audiences.dedup();
    audiences.into_iter().map(Str::from).collect()
}

/// The name that SAML metadata gives its issuer.
fn entity(metadata: &str) -> Option<Str> {
    let (_, rest) = metadata.split_once("entityID=")?;
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let name = rest.trim_start_matches(quote).split(quote).next()?;
    (!name.is_empty() && name.len() <= 1024).then(|| name.into())
}
