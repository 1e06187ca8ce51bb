//! TLS: the certificate and the key, read from files and read again when the files change.
//!
//! TLS 1.2 and 1.3, with the algorithms of `rustls` over `ring`. Connections that are open keep what they have agreed
//! on; a new pair is for new ones.

mod pair;

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use serde::Deserialize;

pub use pair::TlsError;
use pair::{PairFiles, check_reader_rights};

use crate::limits::TLS_RELOAD_INTERVAL;

/// The section `[tls]` of the configuration file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// The certificate and what leads from it to an authority, PEM.
    pub certificate: PathBuf,
    /// The key of the certificate, PEM, not encrypted.
    pub key: PathBuf,
}

/// TLS of a running registry.
#[derive(Clone)]
pub(crate) struct Tls {
    settings: Settings,
    current: Arc<Current>,
    config: Arc<ServerConfig>,
    /// What the files held when they were last tried.
    seen: PairFiles,
}

/// The pair that new connections get.
#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// Whether the bytes of two files are a pair that can be used.
pub(crate) fn is_pair(certificate: &[u8], key: &[u8]) -> bool {
    let settings = Settings { certificate: "certificate".into(), key: "key".into() };
    PairFiles::new(certificate, key).check(&settings).is_ok()
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, is not what it should be, or the two do not belong together.
    pub(crate) async fn open(settings: Settings) -> Result<Self, TlsError> {
        let seen = PairFiles::read(&settings).await?;
        let pair = seen.check(&settings)?;
        check_reader_rights(&settings.key);
        let current = Arc::new(Current(RwLock::new(Arc::new(pair))));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .expect("ring has algorithms for both versions")
            .with_no_client_auth()
            .with_cert_resolver(current.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { settings, current, config: Arc::new(config), seen })
    }

    /// What makes a connection one of TLS.
    pub(crate) fn acceptor(&self) -> tokio_rustls::TlsAcceptor {
        self.config.clone().into()
    }

    /// Looks at the files for ever, and takes a new pair when they hold one. A bad one is logged, and the old one kept.
    pub(crate) async fn watch(mut self) {
        let mut before = self.seen.clone();
        loop {
            tokio::time::sleep(TLS_RELOAD_INTERVAL).await;
            let now = match PairFiles::read(&self.settings).await {
                Ok(now) => now,
                // While a file is replaced it may be missing for a moment.
                Err(error) if before.is_empty() => {
                    tracing::debug!(%error, "the certificate cannot be read");
                    continue;
                }
                Err(error) => {
                    tracing::warn!(%error, "the certificate cannot be read again: the one before is used on");
                    before = PairFiles::default();
                    continue;
                }
            };
            // The two files are rarely replaced at once: what is still changing is not tried yet.
            let settled = now == before;
            before = now.clone();
            if settled && now != self.seen {
                self.take(now);
            }
        }
    }

    fn take(&mut self, files: PairFiles) {
        match files.check(&self.settings) {
            Ok(pair) => {
                *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(pair);
                check_reader_rights(&self.settings.key);
                tracing::info!(certificate = %self.settings.certificate.display(), "a new certificate is used");
            }
            Err(error) => {
                tracing::error!(%error, "the new certificate is not used: the one before is used on")
            }
        }
        self.seen = files;
    }
}
