//! Calls of AWS's JSON protocol, signed here: what the Organizations API speaks. A whole SDK crate for nine questions
//! would take longer to build than everything else of live collection together.

use super::connection::{Guard, PlainHttp};
use super::trouble::Trouble;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use serde_json::Value;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A service that is asked in this way.
pub(super) struct Service {
    connector: SharedHttpConnector,
    credentials: SharedCredentialsProvider,
    /// The credentials had last: some providers ask a network for them.
    had: Mutex<Option<Credentials>>,
    endpoint: String,
    region: &'static str,
    attempts: u32,
}

/// What one attempt came to.
enum Attempt {
    Answer(Value),
    /// Worth another attempt.
    Again(Trouble),
    Over(Trouble),
}

const SERVICE: &str = "organizations";
const TARGET: &str = "AWSOrganizationsV20161128";

impl Service {
    /// Organizations is one service for all regions of a partition.
    pub(super) fn organizations(
        guard: &Guard,
        credentials: SharedCredentialsProvider,
        endpoint: Option<String>,
        partition: &str,
        attempts: u32,
    ) -> Self {
        let (region, domain) = match partition {
            "aws-cn" => ("cn-northwest-1", "amazonaws.com.cn"),
            "aws-us-gov" => ("us-gov-west-1", "amazonaws.com"),
            _ => ("us-east-1", "amazonaws.com"),
        };
        let settings = HttpConnectorSettings::builder()
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(Duration::from_secs(60))
            .build();
        let endpoint = endpoint.unwrap_or_else(|| format!("https://{SERVICE}.{region}.{domain}"));
        Self {
            connector: guard.connector(&settings),
            credentials,
            had: Mutex::new(None),
            endpoint: format!("{}/", endpoint.trim_end_matches('/')),
            region,
            attempts: attempts.max(1),
        }
    }

    /// Asks, again and again while the service is busy or cannot be reached.
    pub(super) async fn ask(&self, operation: &str, input: &Value) -> Result<Value, Trouble> {
        let action = format!("{SERVICE}:{operation}");
        let mut attempt = 1;
        loop {
            match self.attempt(&action, operation, input).await {
                Attempt::Answer(answer) => return Ok(answer),
                Attempt::Again(trouble) if attempt >= self.attempts => return Err(trouble),
                Attempt::Over(trouble) => return Err(trouble),
                Attempt::Again(_) => tokio::time::sleep(backoff(attempt)).await,
            }
            attempt += 1;
        }
    }

    async fn attempt(&self, action: &str, operation: &str, input: &Value) -> Attempt {
        let body = input.to_string();
        let request = match self.request(operation, &body).await {
            Ok(request) => request,
            Err(why) => return Attempt::Over(Trouble::Stop(format!("{action}: {why}"))),
        };
        let response = match self.connector.call(request).await {
            Ok(response) => response,
            Err(error) if error.is_user() => {
                return Attempt::Over(Trouble::Stop(PlainHttp.to_string()));
            }
            Err(_) => {
                let why = format!("{action}: no connection, or one that was cut");
                return Attempt::Again(Trouble::Stop(why));
            }
        };
        let status = response.status().as_u16();
        let kind = response
            .headers()
            .get("x-amzn-errortype")
            .map(str::to_owned);
        let Ok(bytes) = ByteStream::new(response.into_body()).collect().await else {
            let why = format!("{action}: no connection, or one that was cut");
            return Attempt::Again(Trouble::Stop(why));
        };
        let answer = serde_json::from_slice::<Value>(&bytes.into_bytes());
        if status == 200 {
            return match answer {
                Ok(answer @ Value::Object(_)) => Attempt::Answer(answer),
                _ => {
                    let why = format!("{action}: an answer that cannot be understood");
                    Attempt::Over(Trouble::Failed(why))
                }
            };
        }
        let answer = answer.unwrap_or_default();
        let text = |key: &str| answer.get(key).and_then(Value::as_str).map(str::to_owned);
        let code = text("__type").or(kind).or_else(|| text("code"));
        let code = code.unwrap_or_else(|| format!("HTTP status {status}"));
        // `com.amazonaws.organizations#AccessDeniedException`, `AccessDeniedException:http://…`.
        let code = code.rsplit('#').next().unwrap_or_default();
        let code = code.split(':').next().unwrap_or_default();
        let message = text("Message").or_else(|| text("message"));
        let trouble = Trouble::from_code(action, code, message.as_deref());
        let busy = matches!(
            code,
            "TooManyRequestsException"
                | "ThrottlingException"
                | "Throttling"
                | "ThrottledException"
                | "RequestLimitExceeded"
                | "RequestThrottled"
                | "RequestThrottledException"
                | "SlowDown"
        );
        if busy || status == 429 || status >= 500 {
            Attempt::Again(trouble)
        } else {
            Attempt::Over(trouble)
        }
    }

    async fn credentials(&self) -> Result<Credentials, &'static str> {
        let soon = SystemTime::now() + Duration::from_secs(300);
        let fresh = |had: &Credentials| had.expiry().is_none_or(|end| end > soon);
        let had = self
            .had
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(had) = had.filter(fresh) {
            return Ok(had);
        }
        let credentials = self.credentials.provide_credentials().await;
        let credentials = credentials.map_err(|_| "credentials cannot be had (any more)")?;
        let mut had = self.had.lock().unwrap_or_else(PoisonError::into_inner);
        *had = Some(credentials.clone());
        Ok(credentials)
    }

    async fn request(&self, operation: &str, body: &str) -> Result<HttpRequest, &'static str> {
        let identity = Identity::from(self.credentials().await?);
        let target = format!("{TARGET}.{operation}");
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", target.as_str()),
        ];
        let unsigned = "the request cannot be signed";
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(SERVICE)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|_| unsigned)?
            .into();
        let signable = SignableRequest::new(
            "POST",
            &self.endpoint,
            headers.into_iter(),
            SignableBody::Bytes(body.as_bytes()),
        );
        let signed = sign(signable.map_err(|_| unsigned)?, &parameters);
        let (instructions, _) = signed.map_err(|_| unsigned)?.into_parts();
        let mut request = HttpRequest::new(SdkBody::from(body));
        let odd = "the endpoint is not an address";
        request.set_method("POST").map_err(|_| odd)?;
        request.set_uri(self.endpoint.as_str()).map_err(|_| odd)?;
        for (name, value) in headers.into_iter().chain(instructions.headers()) {
            let inserted = request
                .headers_mut()
                .try_insert(name.to_owned(), value.to_owned());
            inserted.map_err(|_| unsigned)?;
        }
        Ok(request)
    }
}

/// Twice as long each time, up to 20 seconds, of which a random part.
fn backoff(attempt: u32) -> Duration {
    let most = (500_u64 << attempt.min(6)).min(20_000);
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let nanoseconds = now.map_or(0, |now| u64::from(now.subsec_nanos()));
    // Clocks of machines that were refused together differ by more than this spreads.
    Duration::from_millis(most / 4 + nanoseconds / 1000 % (most * 3 / 4 + 1))
}
