//! What a client is made with.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use wkit_artifact::{ParseHostError, RegistryHost};

use crate::credentials::{Credentials, DockerConfig};
use crate::limits;
use crate::namespaces::Namespaces;
use crate::wkg::WkgConfig;

/// Looks up a variable of the environment by its name. This crate does not read the environment itself.
pub type Variables = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Everything a [`Client`](crate::Client) is told from outside.
#[derive(Clone)]
pub struct ClientConfig {
    /// The folder of the local cache; it is made when it is first needed. Processes may share it.
    pub cache_folder: PathBuf,
    /// Where packages are, by namespace. Asked before `wkg_config`.
    pub namespaces: Namespaces,
    /// The configuration of wkg, if there is one.
    pub wkg_config: Option<WkgConfig>,
    /// The configuration of docker, if there is one.
    pub docker_config: Option<DockerConfig>,
    /// Credentials given for this run, by registry. They come before all others.
    pub credentials: BTreeMap<RegistryHost, Credentials>,
    /// How a variable is looked up: `WKG_REGISTRY_<HOST>_AUTH_BEARER` is asked for. None: there are no variables.
    pub variables: Option<Variables>,
    /// Registries that are reached by plain HTTP, besides those on this machine.
    pub plain_http: BTreeSet<RegistryHost>,
    /// Uses the cache alone and sends nothing.
    pub offline: bool,
    /// How often and how soon a request is sent again.
    pub retry: Retry,
    /// How long things may take.
    pub timeouts: Timeouts,
}

impl ClientConfig {
    /// A configuration with the cache in `cache_folder` and nothing else: no namespaces, no credentials.
    pub fn new(cache_folder: impl Into<PathBuf>) -> Self {
        Self {
            cache_folder: cache_folder.into(),
            namespaces: Namespaces::default(),
            wkg_config: None,
            docker_config: None,
            credentials: BTreeMap::new(),
            variables: None,
            plain_http: BTreeSet::new(),
            offline: false,
            retry: Retry::default(),
            timeouts: Timeouts::default(),
        }
    }
}

impl fmt::Debug for ClientConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ClientConfig")
            .field("cache_folder", &self.cache_folder)
            .field("namespaces", &self.namespaces)
            .field("offline", &self.offline)
            .finish_non_exhaustive()
    }
}

/// When a request that failed is sent again: after a broken connection, status 429 and most of 5xx.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// How many times a request is sent at most, at least 1 and at most [`limits::ATTEMPTS_MAX`].
    pub attempts: u32,
    /// The pause before the second time; it doubles each time, up to [`limits::RETRY_DELAY_MAX`].
    pub first_delay: Duration,
}

impl Default for Retry {
    /// Four times, after 0.25, 0.5 and 1 seconds.
    fn default() -> Self {
        Self { attempts: 4, first_delay: Duration::from_millis(250) }
    }
}

impl Retry {
    /// How many times a request is sent.
    pub(crate) fn attempts(self) -> u32 {
        self.attempts.clamp(1, limits::ATTEMPTS_MAX)
    }

    /// The pause after the attempt of this number (the first is 1); `asked` is what the registry asks for.
    pub(crate) fn delay(self, attempt: u32, asked: Option<Duration>) -> Duration {
        let doubled = self.first_delay.saturating_mul(1 << attempt.saturating_sub(1).min(16));
        doubled.max(asked.unwrap_or_default()).min(limits::RETRY_DELAY_MAX)
    }
}

/// How long a client waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection: [`limits::CONNECT_TIMEOUT`].
    pub connect: Duration,
    /// For the beginning of an answer: [`limits::RESPONSE_TIMEOUT`].
    pub response: Duration,
    /// For the next bytes of a transfer: [`limits::IDLE_TIMEOUT`].
    pub idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: limits::CONNECT_TIMEOUT,
            response: limits::RESPONSE_TIMEOUT,
            idle: limits::IDLE_TIMEOUT,
        }
    }
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file is too large.
    #[error("expected at most {max_bytes} bytes in `{path}`, found {found}")]
    Size {
        /// The file.
        path: String,
        /// How many bytes it may have.
        max_bytes: usize,
        /// How many it has.
        found: usize,
    },
    /// A file is not valid TOML, or not of the shape expected. No line is repeated, because it may hold a password.
    #[error("`{path}` is not valid at line {line}, column {column}: {message}")]
    Toml {
        /// The file.
        path: String,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// A registry's name in a file is wrong.
    #[error("`{key}` in `{path}`: {source}")]
    Host {
        /// The file.
        path: String,
        /// The key whose value is wrong.
        key: String,
        /// What is wrong.
        source: ParseHostError,
    },
    /// A package's name in a file is wrong.
    #[error("`{key}` in `{path}`: {source}")]
    Package {
        /// The file.
        path: String,
        /// The key that is wrong.
        key: String,
        /// What is wrong.
        source: wkit_artifact::ParsePackageError,
    },
    /// A value in a file is none of those that are valid.
    #[error("`{key}` in `{path}`: expected {expected}, found `{found}`")]
    Value {
        /// The file.
        path: String,
        /// The key whose value is wrong.
        key: String,
        /// What is valid.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// Credentials in a file cannot be read. They are not repeated.
    #[error(
        "`{key}` in `{path}`: expected base64 of `user:password`, or a table with `username` and `password`"
    )]
    Auth {
        /// The file.
        path: String,
        /// The key whose value is wrong.
        key: String,
    },
    /// A certificate for a registry cannot be read.
    #[error("a root certificate for the registry `{registry}` cannot be used: {message}")]
    Certificate {
        /// The registry it was for.
        registry: RegistryHost,
        /// What is wrong.
        message: String,
    },
    /// The HTTP client cannot be made.
    #[error("the HTTP client cannot be made: {message}")]
    Http {
        /// What is wrong.
        message: String,
    },
}

impl ConfigError {
    /// What to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            ConfigError::Certificate { .. } => {
                Some("`data` holds the certificate itself, with `encoding = \"pem\"` or `\"der\"`".to_owned())
            }
            ConfigError::Http { message } if message.contains("certificates") => Some(
                "install the system's certificates (on Debian: the package `ca-certificates`)".to_owned(),
            ),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_limit() {
        let retry = Retry { attempts: 99, first_delay: Duration::from_secs(1) };
        assert_eq!(retry.attempts(), limits::ATTEMPTS_MAX);
        assert_eq!(Retry { attempts: 0, ..retry }.attempts(), 1);
        let seconds = |attempt, asked| retry.delay(attempt, asked).as_secs();
        assert_eq!((seconds(1, None), seconds(2, None), seconds(3, None), seconds(9, None)), (1, 2, 4, 10));
        assert_eq!(seconds(1, Some(Duration::from_secs(5))), 5);
        assert_eq!(seconds(1, Some(Duration::from_secs(3600))), 10);
    }
}
