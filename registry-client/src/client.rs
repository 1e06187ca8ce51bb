//! The client: its configuration, its cache, and the registries it has spoken to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use wkit_artifact::RegistryHost;

use crate::cache::Cache;
use crate::config::{ClientConfig, ConfigError};
use crate::remote::{HttpClients, Remote, Sources, Tls};

/// Finds, pulls and pushes artifacts. Cheap to clone; clones share connections and what was agreed with registries.
#[derive(Clone)]
pub struct Client {
    pub(crate) config: Arc<ClientConfig>,
    pub(crate) cache: Cache,
    remotes: Arc<Mutex<Remotes>>,
}

/// The registries by host, and whether they are reached by plain HTTP.
type Remotes = HashMap<(RegistryHost, bool), Arc<Remote>>;

impl Client {
    /// A client with this configuration. Nothing is sent and nothing is written yet.
    ///
    /// The HTTP library below honours the usual variables for proxies, and the system's store of certificates.
    ///
    /// The first client of a process chooses ring as rustls' process-wide provider of cryptography, unless the process
    /// has chosen one.
    ///
    /// # Errors
    ///
    /// When no HTTP client can be made, as on a system without certificates. Offline there is nothing to fail.
    pub fn new(config: ClientConfig) -> Result<Self, ConfigError> {
        if !config.offline {
            // Made here only to learn early that it can be made.
            let probe: RegistryHost = "localhost".parse().expect("`localhost` is a host");
            HttpClients::new(&probe, &Tls::default(), config.timeouts)?;
        }
        let cache = Cache::new(config.cache_folder.clone());
        Ok(Self { config: Arc::new(config), cache, remotes: Arc::default() })
    }

    /// The registry, reached by plain HTTP or not.
    pub(crate) fn remote(&self, host: &RegistryHost, plain_http: bool) -> Result<Arc<Remote>, ConfigError> {
        let key = (host.clone(), plain_http);
        let mut remotes = self.remotes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(remote) = remotes.get(&key) {
            return Ok(Arc::clone(remote));
        }
        let wkg = self.config.wkg_config.as_ref();
        let wkg_registry = wkg.and_then(|wkg| wkg.registry(host));
        let tls = wkg_registry.map_or_else(Tls::default, |registry| Tls {
            accept_invalid_certificates: registry.accept_invalid_certificates,
            extra_root_certificates: registry.extra_root_certificates.clone(),
        });
        let sources = Sources {
            registry: host.clone(),
            given: self.config.credentials.get(host).cloned(),
            variables: self.config.variables.clone(),
            wkg: wkg.map(|wkg| {
                (wkg.path().to_owned(), wkg_registry.and_then(|registry| registry.credentials.clone()))
            }),
            docker: self.config.docker_config.clone(),
        };
        let remote = Arc::new(Remote::new(
            host.clone(),
            plain_http,
            &tls,
            sources,
            self.config.retry,
            self.config.timeouts,
        )?);
        remotes.insert(key, Arc::clone(&remote));
        Ok(remote)
    }

    /// Whether `host` is reached by plain HTTP when the reference itself says nothing: it is listed, wkg's
    /// configuration says so, or it is this machine.
    pub(crate) fn is_plain_http(&self, host: &RegistryHost) -> bool {
        if self.config.plain_http.contains(host) {
            return true;
        }
        let said = self.config.wkg_config.as_ref().and_then(|wkg| wkg.registry(host)?.plain_http);
        said.unwrap_or_else(|| host.is_loopback())
    }

    /// Runs something that blocks on the file system.
    pub(crate) async fn with_cache<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Cache) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T, CacheError> {
        let cache = self.cache.clone();
        let folder = cache.folder().display().to_string();
        let outcome = tokio::task::spawn_blocking(move || act(&cache)).await;
        match outcome {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(source)) => Err(CacheError { folder, source }),
            // The closures do not panic, and nobody cancels them but a runtime that ends.
            Err(error) => Err(CacheError { folder, source: std::io::Error::other(error) }),
        }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Client").field("config", &self.config).finish_non_exhaustive()
    }
}

/// The local cache cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the cache folder `{folder}` cannot be used: {source}")]
pub struct CacheError {
    /// The folder.
    pub folder: String,
    /// Why.
    pub source: std::io::Error,
}

#[cfg(test)]
mod tests {
    use super::*;
    use wkit_artifact::{Locator, PackageReference, Packed};

    #[test]
    fn futures_can_move_between_threads() {
        fn is_send<T: Send>(_: T) {}
        #[expect(dead_code, reason = "it is enough that it compiles")]
        fn check(client: &Client, locator: &Locator, package: &PackageReference, packed: &Packed) {
            is_send(client.resolve(package));
            is_send(client.list_versions(package.name()));
            is_send(client.pull(locator, &crate::Silent));
            is_send(client.push(
                locator,
                packed,
                bytes::Bytes::new(),
                crate::PushOptions::default(),
                &crate::Silent,
            ));
        }
    }
}
