//! What goes wrong between here and a registry.

use std::fmt;
use std::io;

use oci_client::errors::OciDistributionError;
use serde::Deserialize;
use wkit_artifact::RegistryHost;

use crate::limits::ERROR_MESSAGE_MAX;

/// Why a registry did not answer, or not as it should.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// No connection can be made: the host is unknown, nothing listens there, or TLS fails.
    #[error("cannot reach the registry `{registry}`: {reason}")]
    Unreachable {
        /// The registry.
        registry: RegistryHost,
        /// Why, in the words of the system.
        reason: String,
    },
    /// The connection broke before the answer was complete, each time it was tried.
    #[error("the connection to the registry `{registry}` broke: {reason}")]
    Interrupted {
        /// The registry.
        registry: RegistryHost,
        /// Why, in the words of the system.
        reason: String,
    },
    /// There was no answer, or no next part of it, in time.
    #[error("the registry `{registry}` did not answer within {limit_ms} ms")]
    Timeout {
        /// The registry.
        registry: RegistryHost,
        /// How long was waited, in milliseconds.
        limit_ms: u64,
    },
    /// Access was refused with every credential there is.
    #[error(transparent)]
    Denied(Box<Denied>),
    /// An answer with a status that is an error.
    #[error(
        "the registry `{registry}` answered with status {status} to a request for {what}{}",
        suffix(message)
    )]
    Status {
        /// The registry.
        registry: RegistryHost,
        /// What was asked for.
        what: String,
        /// The HTTP status.
        status: u16,
        /// What the registry says about it.
        message: Option<String>,
    },
    /// An answer that is longer than it may be.
    #[error("expected at most {max_bytes} bytes of {what} from the registry `{registry}`, found more")]
    TooLarge {
        /// The registry.
        registry: RegistryHost,
        /// What was asked for.
        what: String,
        /// How many bytes it may have.
        max_bytes: u64,
    },
    /// An answer that the OCI distribution specification does not allow.
    #[error("expected the registry `{registry}` to follow the OCI distribution specification, found {found}")]
    Protocol {
        /// The registry.
        registry: RegistryHost,
        /// What it did.
        found: String,
    },
}

/// Refused access: what was asked for and what was tried.
#[derive(Debug)]
pub struct Denied {
    /// The registry.
    pub registry: RegistryHost,
    /// The scope that was asked for, as in `repository:demo/greet:pull`.
    pub scope: String,
    /// The last HTTP status.
    pub status: u16,
    /// What the registry says about it.
    pub message: Option<String>,
    /// Every source of credentials in the order it was tried. No secrets.
    pub tried: Vec<Attempt>,
}

/// One source of credentials and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The source: "docker configuration `.docker/config.json`".
    pub source: String,
    /// What became of it: "refused with status 401".
    pub outcome: String,
}

impl std::error::Error for Denied {}

impl fmt::Display for Denied {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { registry, scope, status, message, tried } = self;
        write!(
            formatter,
            "the registry `{registry}` refused access with status {status}{}; asked for `{scope}`; tried ",
            suffix(message)
        )?;
        for (index, Attempt { source, outcome }) in tried.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(formatter, "{separator}{source}: {outcome}")?;
        }
        Ok(())
    }
}

impl RequestError {
    /// What to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            RequestError::Unreachable { registry, reason } if is_plain_http_answer(reason) => Some(format!(
                "`{registry}` seems to speak plain HTTP; say `plain-http = true` for it if it is in a network you trust"
            )),
            RequestError::Unreachable { registry, reason } if reason.contains("certificate") => {
                Some(format!(
                    "add the certificate of `{registry}`'s authority to the system's, or to `extra_root_certificates` in wkg's configuration"
                ))
            }
            RequestError::Unreachable { registry, reason } if reason.contains("refused") => {
                Some(format!("check that a registry listens at `{registry}`"))
            }
            RequestError::Denied(denied) => Some(format!(
                "log in with `docker login {0}` or `oras login {0}`, or check that the account may use this repository",
                denied.registry
            )),
            _ => None,
        }
    }

    /// The same error of another host: a token server's.
    pub(super) fn at(mut self, host: &RegistryHost) -> Self {
        match &mut self {
            RequestError::Unreachable { registry, .. }
            | RequestError::Interrupted { registry, .. }
            | RequestError::Timeout { registry, .. }
            | RequestError::Status { registry, .. }
            | RequestError::TooLarge { registry, .. }
            | RequestError::Protocol { registry, .. } => *registry = host.clone(),
            RequestError::Denied(_) => {}
        }
        self
    }

    /// Whether the same request may have another outcome soon.
    pub(crate) fn is_transient(&self) -> bool {
        matches!(self, RequestError::Interrupted { .. })
    }

    /// The status of the answer, when there was one.
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            RequestError::Status { status, .. } => Some(*status),
            _ => None,
        }
    }

    pub(crate) fn from_reqwest(registry: &RegistryHost, error: &reqwest::Error) -> Self {
        let registry = registry.clone();
        let reason = reason(error);
        if error.is_redirect() {
            return RequestError::Protocol { registry, found: reason };
        }
        if error.is_connect() || error.is_builder() {
            return RequestError::Unreachable { registry, reason };
        }
        RequestError::Interrupted { registry, reason }
    }

    pub(crate) fn from_oci(registry: &RegistryHost, what: &str, error: &OciDistributionError) -> Self {
        let (registry, what) = (registry.clone(), what.to_owned());
        match error {
            OciDistributionError::RequestError(error) => match error.status() {
                Some(status) => {
                    RequestError::Status { registry, what, status: status.as_u16(), message: None }
                }
                None => RequestError::from_reqwest(&registry, error),
            },
            OciDistributionError::ServerError { code, message: text, .. } => {
                RequestError::Status { registry, what, status: *code, message: message(text.as_bytes()) }
            }
            OciDistributionError::UnauthorizedError { .. } => {
                RequestError::Status { registry, what, status: 401, message: None }
            }
            // Only statuses from 400 to 499 are given so; which one it was is not kept.
            OciDistributionError::RegistryError { envelope, .. } => {
                let text =
                    envelope.errors.iter().map(|error| error.message.as_str()).collect::<Vec<_>>().join("; ");
                let code = envelope.errors.first().map(|error| &error.code);
                RequestError::Status { registry, what, status: status_of(code), message: printable(&text) }
            }
            OciDistributionError::IoError(error) => {
                RequestError::Interrupted { registry, reason: reason(error) }
            }
            other => RequestError::Protocol { registry, found: other.to_string() },
        }
    }
}

/// The status that goes with an error code of the distribution specification.
fn status_of(code: Option<&oci_client::errors::OciErrorCode>) -> u16 {
    use oci_client::errors::OciErrorCode as Code;
    match code {
        Some(Code::Unauthorized) => 401,
        Some(Code::Denied) => 403,
        Some(Code::Toomanyrequests) => 429,
        Some(Code::BlobUnknown | Code::NameUnknown | Code::ManifestUnknown | Code::NotFound) => 404,
        _ => 400,
    }
}

/// The innermost reason of an error, which is the one a person can act on.
fn reason(error: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = error;
    let mut kind = None;
    loop {
        if let Some(error) = innermost.downcast_ref::<io::Error>() {
            kind = Some(error.kind());
        }
        match innermost.source() {
            Some(source) => innermost = source,
            None => break,
        }
    }
    match kind {
        Some(io::ErrorKind::ConnectionRefused) => "connection refused".to_owned(),
        Some(io::ErrorKind::ConnectionReset) => "connection reset".to_owned(),
        Some(io::ErrorKind::TimedOut) => "no connection in time".to_owned(),
        _ => {
            let text = innermost.to_string();
            // The pool says `operation timed out` for a connection that is not made in time.
            if text == "operation timed out" { "no connection in time".to_owned() } else { text }
        }
    }
}

fn is_plain_http_answer(reason: &str) -> bool {
    reason.contains("InvalidContentType") || reason.contains("corrupt message")
}

fn suffix(message: &Option<String>) -> String {
    message.as_ref().map(|message| format!(": {message}")).unwrap_or_default()
}

#[derive(Deserialize)]
struct Envelope {
    errors: Vec<EnvelopeError>,
}

#[derive(Deserialize)]
struct EnvelopeError {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

/// What an error's body says: the errors of the distribution specification, or a short text.
pub(super) fn message(body: &[u8]) -> Option<String> {
    if let Ok(envelope) = serde_json::from_slice::<Envelope>(body) {
        let errors: Vec<String> = envelope
            .errors
            .iter()
            .map(|EnvelopeError { code, message }| match (code.is_empty(), message.is_empty()) {
                (false, false) => format!("{code}: {message}"),
                (false, true) => code.clone(),
                (true, _) => message.clone(),
            })
            .collect();
        return printable(&errors.join("; "));
    }
    let text = std::str::from_utf8(body).ok()?.trim();
    // A page of HTML says nothing to a person at a terminal.
    if text.starts_with('<') { None } else { printable(text) }
}

/// One line without control characters, so that a registry cannot write to the terminal as it likes.
fn printable(text: &str) -> Option<String> {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut out: String = line.chars().filter(|c| !c.is_control()).take(ERROR_MESSAGE_MAX).collect();
    if line.chars().count() > ERROR_MESSAGE_MAX {
        out.push('…');
    }
    (!out.is_empty()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages() {
        let body = br#"{"errors":[{"code":"DENIED","message":"no"},{"code":"X"},{"message":"y"}]}"#;
        assert_eq!(message(body).unwrap(), "DENIED: no; X; y");
        assert_eq!(message(b" plain\n text ").unwrap(), "plain text");
        assert_eq!(message(b"<html>"), None);
        assert_eq!(message(b""), None);
        assert_eq!(message(b"\xff"), None);
        assert_eq!(message("a\u{1b}[31mred".as_bytes()).unwrap(), "a[31mred");
    }

    #[test]
    fn message_limit() {
        let at = "x".repeat(ERROR_MESSAGE_MAX);
        assert_eq!(message(at.as_bytes()).unwrap(), at);
        assert_eq!(message(format!("{at}y").as_bytes()).unwrap(), format!("{at}…"));
    }
}
