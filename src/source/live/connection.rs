//! The connection: who asks, where, and over what.

use super::Options;
use super::trouble::{Failure, Trouble, cause, judge};
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_sts::error::ProvideErrorMetadata;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_smithy_http_client::{Connector, proxy::ProxyConfig, tls};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Where IAM's requests are signed for when nothing else is said; it is one service for all regions.
const REGION: &str = "us-east-1";

/// Nothing was found.
const NOBODY: &str = "no AWS credentials: give --profile, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and \
     AWS_SECRET_ACCESS_KEY";
/// Something was found that gives none.
const UNUSABLE: &str = "no AWS credentials: the profile does not exist, or what it names gives none (single sign-on \
     ends: `aws sso login`); `aws sts get-caller-identity` may tell more";

/// Who the credentials are.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// Twelve digits.
    pub account: String,
    /// The ARN of the user or of the session.
    pub arn: String,
}

impl Caller {
    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub(super) fn partition(&self) -> &str {
        self.arn.split(':').nth(1).unwrap_or("aws")
    }
}

/// Reads the profile and finds credentials, as the AWS command line would.
pub(super) async fn connect(options: &Options) -> Result<(SdkConfig, Guard), Failure> {
    if let Some(url) = &options.endpoint
        && !allowed(url, false)
    {
        return Err(Failure::Usage(PlainHttp.to_string()));
    }
    let guard = Guard::default();
    // Not the adaptive mode: after one refusal it asks once in two seconds for a long while. Here only so many
    // questions are open at a time, and each waits longer after each refusal.
    let retry = RetryConfig::standard()
        .with_max_attempts(options.attempts)
        .with_max_backoff(Duration::from_secs(20));
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(10))
        .read_timeout(Duration::from_secs(60))
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(guard.clone())
        .retry_config(retry)
        .timeout_config(timeouts);
    // The account's own logs say who asked.
    if let Ok(name) = AppName::new("tenure") {
        loader = loader.app_name(name);
    }
    if let Some(profile) = &options.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = &options.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(url) = &options.endpoint {
        loader = loader.endpoint_url(url);
    }
    let mut config = loader.load().await;
    if config.region().is_none() {
        config = config
            .into_builder()
            .region(Region::from_static(REGION))
            .build();
    }
    let provider = config.credentials_provider();
    let provider = provider.ok_or_else(|| Failure::Start(NOBODY.to_owned()))?;
    match provider.provide_credentials().await {
        Ok(_) => {}
        // The reasons may quote what a program printed: they are told by kind.
        Err(CredentialsError::CredentialsNotLoaded(_)) => {
            return Err(Failure::Start(NOBODY.to_owned()));
        }
        Err(_) => return Err(Failure::Start(UNUSABLE.to_owned())),
    }
    Ok((config, guard))
}

/// Asks who the credentials are.
pub(super) async fn caller(config: &SdkConfig) -> Result<Caller, Trouble> {
    let answer = aws_sdk_sts::Client::new(config)
        .get_caller_identity()
        .send()
        .await
        .map_err(|error| judge("sts:GetCallerIdentity", &error))?;
    let (Some(account), Some(arn)) = (answer.account, answer.arn) else {
        let why = "sts:GetCallerIdentity: the answer names no account";
        return Err(Trouble::Stop(why.to_owned()));
    };
    // It becomes the name of a folder.
    if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
        let why = "sts:GetCallerIdentity: the answer's account is not twelve digits";
        return Err(Trouble::Stop(why.to_owned()));
    }
    Ok(Caller { account, arn })
}

/// Whether a role can be assumed. Why not is told by the code of the refusal.
pub(super) async fn assumed(
    provider: &SharedCredentialsProvider,
    role: &str,
) -> Result<(), Trouble> {
    let Err(error) = provider.provide_credentials().await else {
        return Ok(());
    };
    let refused = cause::<AssumeRoleError>(&error);
    Err(
        match refused.and_then(|refused| Some((refused.code()?, refused.message()))) {
            Some((code, message)) => {
                match Trouble::from_code(&format!("sts:AssumeRole on {role}"), code, message) {
                    Trouble::Absent(why) => Trouble::Failed(why),
                    trouble => trouble,
                }
            }
            None if cause::<PlainHttp>(&error).is_some() => Trouble::Stop(PlainHttp.to_string()),
            None => Trouble::Failed(format!("sts:AssumeRole on {role}: no answer")),
        },
    )
}

/// A request that would have gone over plain http.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlainHttp;

impl fmt::Display for PlainHttp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("requests to AWS go over https only: a plain http endpoint must be on this machine's loopback")
    }
}

impl std::error::Error for PlainHttp {}

/// The HTTP client of all calls. Whatever an option, the environment or a profile says, nothing that is signed or
/// asks for credentials leaves the machine over plain http. Only the metadata services of instances and
/// containers, which speak nothing else, are asked without a signature.
#[derive(Clone, Debug, Default)]
pub(super) struct Guard {
    made: Arc<Mutex<BTreeMap<Timeouts, SharedHttpConnector>>>,
}

/// Connecting and reading.
type Timeouts = (Option<Duration>, Option<Duration>);

impl Guard {
    /// A connector with the timeouts of the settings.
    pub(super) fn connector(&self, settings: &HttpConnectorSettings) -> SharedHttpConnector {
        let key = (settings.connect_timeout(), settings.read_timeout());
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.entry(key)
            .or_insert_with(|| {
                let build = |proxy| {
                    Connector::builder()
                        .connector_settings(settings.clone())
                        .proxy_config(proxy)
                        .tls_provider(tls::Provider::Rustls(
                            tls::rustls_provider::CryptoMode::Ring,
                        ))
                        .build()
                };
                SharedHttpConnector::new(Guarded {
                    secure: SharedHttpConnector::new(build(ProxyConfig::from_env())),
                    // What may be plain is on this machine: a proxy is not.
                    plain: SharedHttpConnector::new(build(ProxyConfig::disabled())),
                })
            })
            .clone()
    }
}

impl HttpClient for Guard {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        self.connector(settings)
    }
}

#[derive(Debug)]
struct Guarded {
    secure: SharedHttpConnector,
    plain: SharedHttpConnector,
}

impl HttpConnector for Guarded {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let headers = request.headers();
        let bare = request.method() != "POST"
            && !headers
                .get("authorization")
                .is_some_and(|value| value.starts_with("AWS4"))
            && headers.get("x-amz-security-token").is_none();
        if !allowed(request.uri(), bare) {
            return HttpConnectorFuture::ready(Err(ConnectorError::user(PlainHttp.into())));
        }
        if is_https(request.uri()) {
            self.secure.call(request)
        } else {
            self.plain.call(request)
        }
    }
}

fn is_https(url: &str) -> bool {
    url.get(..8)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"))
}

/// Whether a request may go there: https anywhere, http on loopback, and to metadata services what carries no
/// signature (`bare`).
fn allowed(url: &str, bare: bool) -> bool {
    if is_https(url) {
        return true;
    }
    let Some((scheme, rest)) = url.split_once("://") else {
        return false;
    };
    if !scheme.eq_ignore_ascii_case("http") {
        return false;
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains(['@', '\\']) {
        return false;
    }
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    if host.eq_ignore_ascii_case("localhost") {
        return true;
    }
    let Ok(address) = host.parse::<IpAddr>() else {
        return false;
    };
    let metadata = [
        "169.254.169.254",
        "169.254.170.2",
        "169.254.170.23",
        "fd00:ec2::254",
        "fd00:ec2::23",
    ];
    address.is_loopback()
        || bare
            && metadata
                .iter()
                .any(|known| known.parse::<IpAddr>() == Ok(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_on_the_machine() {
        for url in [
            "https://iam.amazonaws.com/",
            "HTTPS://vpce.example.com",
            "http://127.0.0.1:5000",
            "http://127.9.9.9/",
            "http://localhost:4566/",
            "http://[::1]:4566/",
        ] {
            assert!(allowed(url, false), "{url}");
        }
        for url in [
            "http://iam.amazonaws.com/",
            "http://localhost.example.com/",
            "http://127.0.0.1.example.com/",
            "http://127.0.0.1@example.com/",
            "http://example.com\\@127.0.0.1/",
            "http://10.0.0.1/",
            "http://0.0.0.0/",
            "ftp://127.0.0.1/",
            "127.0.0.1",
            "http://169.254.169.254/",
        ] {
            assert!(!allowed(url, false), "{url}");
        }
        assert!(allowed("http://169.254.169.254/latest/", true));
        assert!(allowed("http://[fd00:ec2::254]/latest/", true));
        assert!(!allowed("http://169.254.1.1/", true));
    }
}
