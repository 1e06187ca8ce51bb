//! The HTTP clients under a registry.

use std::sync::Once;

use reqwest::redirect;
use wkit_artifact::RegistryHost;

use crate::config::{ConfigError, Timeouts};
use crate::limits::REDIRECTS_MAX;
use crate::wkg::{CertificateEncoding, RootCertificate};

/// How this program names itself to registries.
pub(crate) const USER_AGENT: &str = concat!("wkit/", env!("CARGO_PKG_VERSION"));

/// What is trusted besides the certificates of the system.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tls {
    pub(crate) accept_invalid_certificates: bool,
    pub(crate) extra_root_certificates: Vec<RootCertificate>,
}

/// The clients for a registry and for the hosts it sends us to.
pub(crate) struct HttpClients {
    /// Trusts what the configuration says for this registry.
    pub(crate) registry: reqwest::Client,
    /// Trusts only the system: for token servers on other hosts.
    pub(crate) others: reqwest::Client,
    /// For uploads, which have clients of their own.
    pub(crate) tls: Tls,
}

impl HttpClients {
    /// The clients for `host`. They need the system's certificates, even for plain HTTP: `oci-client` panics without.
    pub(crate) fn new(host: &RegistryHost, tls: &Tls, timeouts: Timeouts) -> Result<Self, ConfigError> {
        let others = build(builder(timeouts))?;
        let is_default = !tls.accept_invalid_certificates && tls.extra_root_certificates.is_empty();
        let registry = if is_default {
            others.clone()
        } else {
            let mut roots = Vec::new();
            for certificate in &tls.extra_root_certificates {
                roots.push(read_certificate(certificate).map_err(|error| ConfigError::Certificate {
                    registry: host.clone(),
                    message: message(&error),
                })?);
            }
            build(
                builder(timeouts)
                    .tls_certs_merge(roots)
                    .tls_danger_accept_invalid_certs(tls.accept_invalid_certificates),
            )?
        };
        Ok(Self { registry, others, tls: tls.clone() })
    }
}

/// Chooses ring as the process-wide TLS provider of rustls, unless one is chosen already.
///
/// The HTTP client looks for a process-wide provider and has no other way to be told. Called by every constructor of a
/// client; calling it again does nothing.
pub(crate) fn install_tls_provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // It fails only if another part of the program has installed one, which then is used.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

fn builder(timeouts: Timeouts) -> reqwest::ClientBuilder {
    install_tls_provider();
    reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(timeouts.connect)
        .redirect(redirect::Policy::custom(follow))
}

fn build(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, ConfigError> {
    builder.build().map_err(|error| ConfigError::Http { message: message(&error) })
}

/// The innermost reason: "builder error" alone helps nobody.
fn message(error: &reqwest::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// Follows few redirects, and none from HTTPS to plain HTTP. Credentials are dropped on the way to another host.
fn follow(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let downgrade = attempt.url().scheme() == "http"
        && attempt.previous().last().is_some_and(|previous| previous.scheme() == "https");
    if downgrade {
        attempt.error("redirected from https to http")
    } else if attempt.previous().len() > REDIRECTS_MAX {
        attempt.error("redirected too often")
    } else {
        attempt.follow()
    }
}

fn read_certificate(certificate: &RootCertificate) -> Result<reqwest::Certificate, reqwest::Error> {
    match certificate.encoding {
        CertificateEncoding::Der => reqwest::Certificate::from_der(&certificate.bytes),
        CertificateEncoding::Pem => reqwest::Certificate::from_pem(&certificate.bytes),
    }
}
