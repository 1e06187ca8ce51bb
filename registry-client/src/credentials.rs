//! Credentials, and the places they may come from.

use std::fmt;
use std::io::Cursor;
use std::sync::Arc;

use docker_credential::{CredentialRetrievalError, DockerCredential};
use wkit_artifact::RegistryHost;

use crate::config::ConfigError;
use crate::limits::{DOCKER_CONFIG_BYTES_MAX, HELPER_TIMEOUT};

/// A text that is never shown: `Debug` writes `…` for it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps `text` from being shown.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the one place that needs it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("…")
    }
}

/// What a registry is convinced with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// A user and a password, or an API key in its place. Sent to the registry (Basic) or to its token server.
    Basic {
        /// The user's name.
        username: String,
        /// The password.
        password: Secret,
    },
    /// A token that is sent to the registry as it is.
    Bearer(Secret),
    /// A refresh token, which the token server exchanges for a token of one scope
    /// (`identitytoken` in docker's configuration).
    IdentityToken(Secret),
}

/// Docker's configuration file, which holds what `docker login`, `oras login` and the like have stored.
#[derive(Clone)]
pub struct DockerConfig {
    bytes: Arc<[u8]>,
    path: String,
}

impl DockerConfig {
    /// Takes the bytes of a `config.json`; `path` names it in messages.
    ///
    /// # Errors
    ///
    /// When there are more bytes than [`DOCKER_CONFIG_BYTES_MAX`].
    pub fn new(bytes: Vec<u8>, path: impl Into<String>) -> Result<Self, ConfigError> {
        let path = path.into();
        if bytes.len() > DOCKER_CONFIG_BYTES_MAX {
            return Err(ConfigError::Size { path, max_bytes: DOCKER_CONFIG_BYTES_MAX, found: bytes.len() });
        }
        Ok(Self { bytes: bytes.into(), path })
    }

    /// How messages call the file.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// What the file, or the credential helper it names, has for `registry`.
    pub(crate) async fn lookup(&self, registry: &RegistryHost) -> Found {
        let bytes = Arc::clone(&self.bytes);
        let keys = keys(registry);
        // A credential helper is a process that is waited for.
        let task = tokio::task::spawn_blocking(move || lookup(&bytes, &keys));
        match tokio::time::timeout(HELPER_TIMEOUT, task).await {
            Ok(Ok(found)) => found,
            Ok(Err(_)) => Found::Problem("the credential helper could not be asked".to_owned()),
            Err(_) => Found::Problem(format!(
                "the credential helper did not answer within {} seconds",
                HELPER_TIMEOUT.as_secs()
            )),
        }
    }
}

impl fmt::Debug for DockerConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("DockerConfig").field("path", &self.path).finish_non_exhaustive()
    }
}

/// What one source of credentials has for a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Credentials(Credentials),
    /// Nothing, in words that follow the source's name.
    Nothing(String),
    /// Something that cannot be used, in words that follow the source's name. No secrets.
    Problem(String),
}

/// Reads base64 of `user:password`, padded or not.
///
/// wkg's `auth` has the form of docker's `auth`, so the same reader takes both.
pub(crate) fn basic_from_base64(text: &str) -> Option<Credentials> {
    let config = serde_json::json!({ "auths": { "r": { "auth": text } } }).to_string();
    match docker_credential::get_credential_from_reader(config.as_bytes(), "r") {
        Ok(DockerCredential::UsernamePassword(username, password)) => {
            Some(Credentials::Basic { username, password: Secret::new(password) })
        }
        _ => None,
    }
}

/// The names under which docker's configuration may know a registry.
fn keys(registry: &RegistryHost) -> Vec<String> {
    if registry.host() == "docker.io" {
        return vec!["https://index.docker.io/v1/".to_owned(), "docker.io".to_owned()];
    }
    vec![registry.to_string(), format!("https://{registry}")]
}

fn lookup(bytes: &[u8], keys: &[String]) -> Found {
    for key in keys {
        match docker_credential::get_credential_from_reader(Cursor::new(bytes), key) {
            Ok(DockerCredential::UsernamePassword(username, password)) => {
                return Found::Credentials(Credentials::Basic { username, password: Secret::new(password) });
            }
            Ok(DockerCredential::IdentityToken(token)) => {
                return Found::Credentials(Credentials::IdentityToken(Secret::new(token)));
            }
            Err(CredentialRetrievalError::NoCredentialConfigured) => {}
            // Helpers say so when they have nothing, each in its words, and exit with 1.
            Err(CredentialRetrievalError::HelperFailure { stdout, .. })
                if stdout.contains("credentials not found") => {}
            Err(CredentialRetrievalError::HelperFailure { helper, .. }) => {
                return Found::Problem(format!("`{helper}` failed"));
            }
            Err(CredentialRetrievalError::HelperCommunicationError) => {
                return Found::Problem("the credential helper it names cannot be started".to_owned());
            }
            Err(CredentialRetrievalError::MalformedHelperResponse) => {
                return Found::Problem("the credential helper it names gave no valid answer".to_owned());
            }
            Err(CredentialRetrievalError::CredentialDecodingError) => {
                return Found::Problem("`auth` is not base64 of `user:password`".to_owned());
            }
            Err(CredentialRetrievalError::CredentialMismatchError) => {
                return Found::Problem("`auth` and `username` with `password` differ".to_owned());
            }
            Err(CredentialRetrievalError::ConfigNotFound | CredentialRetrievalError::ConfigReadError) => {
                return Found::Problem("it is not valid".to_owned());
            }
        }
    }
    Found::Nothing("has nothing for this registry".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, registry: &str) -> Found {
        lookup(text.as_bytes(), &keys(&registry.parse().unwrap()))
    }

    #[test]
    fn stored_logins() {
        let text = r#"{"auths":{"r.example":{"auth":"YWxpY2U6czNjcjp0"},"https://s.example":{"auth":"YTpi"},
            "t.example":{"identitytoken":"refresh"},"u.example":{"auth":"!"}}}"#;
        let basic = |user: &str, password: &str| {
            Found::Credentials(Credentials::Basic {
                username: user.to_owned(),
                password: Secret::new(password),
            })
        };
        assert_eq!(found(text, "r.example"), basic("alice", "s3cr:t"));
        assert_eq!(found(text, "s.example"), basic("a", "b"));
        assert_eq!(
            found(text, "t.example"),
            Found::Credentials(Credentials::IdentityToken(Secret::new("refresh")))
        );
        assert_eq!(
            found(text, "u.example"),
            Found::Problem("`auth` is not base64 of `user:password`".to_owned())
        );
        assert!(matches!(found(text, "v.example"), Found::Nothing(_)));
        assert_eq!(found("not json", "r.example"), Found::Problem("it is not valid".to_owned()));
        assert!(matches!(
            found(r#"{"credHelpers":{"r.example":"of-no-such-name"}}"#, "r.example"),
            Found::Problem(_)
        ));
    }

    #[test]
    fn docker_hub_is_known_by_its_old_name() {
        let text = r#"{"auths":{"https://index.docker.io/v1/":{"auth":"YTpi"}}}"#;
        assert!(matches!(found(text, "docker.io"), Found::Credentials(_)));
    }

    #[test]
    fn secrets_are_not_shown() {
        let credentials =
            Credentials::Basic { username: "alice".to_owned(), password: Secret::new("hunter2") };
        let shown = format!("{credentials:?} {:?}", DockerConfig::new(b"hunter2".to_vec(), "p").unwrap());
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn size_limit() {
        assert!(DockerConfig::new(vec![b' '; DOCKER_CONFIG_BYTES_MAX], "c").is_ok());
        assert!(matches!(
            DockerConfig::new(vec![b' '; DOCKER_CONFIG_BYTES_MAX + 1], "c"),
            Err(ConfigError::Size { .. })
        ));
    }
}
