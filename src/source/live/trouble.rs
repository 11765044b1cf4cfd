//! What goes wrong while asking, by what it means for the rest of the collection.
//!
//! Messages are made here from error codes. What a service says in words is repeated for denials only: an
//! answer about a wrong signature quotes the request, session token and all.

use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use std::error::Error;
use std::io;
use std::path::PathBuf;

/// Longest part of a service's own words that is repeated.
const QUOTED: usize = 400;

/// Why the collection could not begin, or could not write.
#[derive(Debug)]
pub enum Failure {
    /// What was asked for cannot be.
    Usage(String),
    /// AWS cannot be asked: no credentials, no connection, expired.
    Start(String),
    /// A file or folder.
    Folder(PathBuf, io::Error),
}

/// Why a call gave no answer.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The caller may not do that; other things it may.
    Denied(String),
    /// The thing asked about is not there (any more).
    Absent(String),
    /// The service refuses or fails in some other way; other calls may go well.
    Failed(String),
    /// Nothing else will go well: credentials that are not accepted (any more), or no connection.
    Stop(String),
    /// A file could not be written.
    Write(PathBuf, io::Error),
}

impl Trouble {
    /// From the code and message of an answer that is an error.
    pub(super) fn from_code(action: &str, code: &str, message: Option<&str>) -> Self {
        match code {
            "AccessDenied"
            | "AccessDeniedException"
            | "UnauthorizedOperation"
            | "AuthorizationError" => {
                let said = message.map(plain).unwrap_or_default();
                let colon = if said.is_empty() { "" } else { ": " };
                Self::Denied(format!("{action}: {code}{colon}{said}"))
            }
            "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" => {
                Self::Stop(format!(
                    "{action}: the credentials have expired ({code}); renew them and go on with --resume"
                ))
            }
            "InvalidClientTokenId"
            | "UnrecognizedClientException"
            | "InvalidAccessKeyId"
            | "SignatureDoesNotMatch"
            | "IncompleteSignature"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException"
            | "AuthFailure"
            | "OptInRequired" => Self::Stop(format!(
                "{action}: the credentials are not accepted ({code})"
            )),
            "RequestExpired" | "RequestTimeTooSkewed" | "InvalidSignatureException" => {
                Self::Stop(format!(
                    "{action}: the signature is not accepted ({code}); is this machine's clock right?"
                ))
            }
            "NoSuchEntity" | "NoSuchEntityException" => Self::Absent(format!("{action}: {code}")),
            code => Self::Failed(format!("{action}: {}", plain(code))),
        }
    }

    /// What it was, in a line.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Denied(why) | Self::Absent(why) | Self::Failed(why) | Self::Stop(why) => {
                why.clone()
            }
            Self::Write(path, error) => format!("{}: {error}", path.display()),
        }
    }
}

/// What a failed call of the SDK means. `action` as in policies: `iam:ListAccessKeys`.
pub(super) fn judge<E>(action: &str, error: &SdkError<E, HttpResponse>) -> Trouble
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match error {
        SdkError::ServiceError(context) => match context.err().code() {
            Some(code) => Trouble::from_code(action, code, context.err().message()),
            None => {
                let status = context.raw().status();
                Trouble::Failed(format!("{action}: HTTP status {}", status.as_u16()))
            }
        },
        SdkError::TimeoutError(_) => Trouble::Stop(format!("{action}: no answer in time")),
        // An answer that has come whole is held in memory.
        SdkError::ResponseError(context) if context.raw().body().bytes().is_some() => {
            Trouble::Failed(format!("{action}: an answer that cannot be understood"))
        }
        other => {
            if let Some(refused) = cause::<super::connection::PlainHttp>(other) {
                return Trouble::Stop(refused.to_string());
            }
            if cause::<aws_credential_types::provider::error::CredentialsError>(other).is_some() {
                return Trouble::Stop(format!("{action}: credentials cannot be had (any more)"));
            }
            Trouble::Stop(format!("{action}: no connection, or one that was cut"))
        }
    }
}

/// The first error of a kind in a chain of causes.
pub(super) fn cause<'e, T: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// Somebody else's words in one line without control characters, cut.
fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(QUOTED)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_denials_repeat_what_the_service_said() {
        let quoted = "canonical request: x-amz-security-token:FwoGZXIvYXdzEXAMPLE";
        for code in ["SignatureDoesNotMatch", "ExpiredToken", "InternalFailure"] {
            let words = Trouble::from_code("iam:GetUser", code, Some(quoted)).words();
            assert!(words.contains(code) && !words.contains("FwoG"), "{words}");
        }
        let denied = Trouble::from_code("iam:X", "AccessDenied", Some("no\nidentity-based policy"));
        assert_eq!(
            denied.words(),
            "iam:X: AccessDenied: no identity-based policy"
        );
    }
}
