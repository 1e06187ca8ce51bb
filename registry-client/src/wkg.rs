//! The configuration file of wkg, so that who has one need not write it again.

use std::collections::BTreeMap;

use serde::Deserialize;
use wkit_artifact::{PackageName, RegistryHost};

use crate::config::ConfigError;
use crate::credentials::{Credentials, Secret, basic_from_base64};
use crate::limits::WKG_CONFIG_BYTES_MAX;
use crate::metadata::{Metadata, MetadataError, RawMetadata};

/// What wkg has when nothing is configured.
const FALLBACK_NAMESPACES: [(&str, &str); 2] = [("wasi", "wasi.dev"), ("ba", "bytecodealliance.org")];

/// wkg's configuration (`~/.config/wasm-pkg/config.toml`): registries of namespaces and packages, and how each
/// registry is reached. Keys it does not know are passed over, because the file is wkg's.
#[derive(Clone, Debug)]
pub struct WkgConfig {
    path: String,
    default_registry: Option<RegistryHost>,
    namespaces: BTreeMap<String, WkgMapping>,
    packages: BTreeMap<PackageName, WkgMapping>,
    registries: BTreeMap<RegistryHost, WkgRegistry>,
}

/// Where wkg looks for a namespace or a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WkgMapping {
    pub(crate) registry: RegistryHost,
    /// Given in the file: then the host is not asked for it.
    pub(crate) metadata: Option<Metadata>,
}

/// How wkg reaches a registry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WkgRegistry {
    pub(crate) plain_http: Option<bool>,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) accept_invalid_certificates: bool,
    pub(crate) extra_root_certificates: Vec<RootCertificate>,
}

/// A certificate to be trusted besides those of the system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RootCertificate {
    pub(crate) encoding: CertificateEncoding,
    pub(crate) bytes: Vec<u8>,
}

/// How a certificate is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CertificateEncoding {
    /// Binary.
    Der,
    /// Text.
    Pem,
}

impl WkgConfig {
    /// Reads the file's text.
    ///
    /// # Errors
    ///
    /// When the text is too long, is no TOML, or has a value that is not valid. Passwords are not repeated.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        Self::parse_named(text, "wkg configuration")
    }

    /// Reads the file's text; `path` names the file in messages.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn parse_named(text: &str, path: impl Into<String>) -> Result<Self, ConfigError> {
        let path = path.into();
        if text.len() > WKG_CONFIG_BYTES_MAX {
            return Err(ConfigError::Size { path, max_bytes: WKG_CONFIG_BYTES_MAX, found: text.len() });
        }
        let raw: RawConfig = toml::from_str(text).map_err(|error| toml_error(&path, text, &error))?;
        let mut namespaces = BTreeMap::new();
        for (namespace, mapping) in raw.namespace_registries {
            let key = format!("namespace_registries.{namespace}");
            namespaces.insert(namespace, read_mapping(mapping, &path, &key)?);
        }
        let mut packages = BTreeMap::new();
        for (package, mapping) in raw.package_registry_overrides {
            let key = format!("package_registry_overrides.\"{package}\"");
            let package = package.parse().map_err(|source| ConfigError::Package {
                path: path.clone(),
                key: key.clone(),
                source,
            })?;
            packages.insert(package, read_mapping(mapping, &path, &key)?);
        }
        let mut registries = BTreeMap::new();
        for (host, registry) in raw.registry {
            let key = format!("registry.\"{host}\"");
            let host = read_host(&host, &path, &key)?;
            registries.insert(host, read_registry(registry.oci.unwrap_or_default(), &path, &key)?);
        }
        let default_registry =
            raw.default_registry.map(|host| read_host(&host, &path, "default_registry")).transpose()?;
        Ok(Self { path, default_registry, namespaces, packages, registries })
    }

    /// How messages call the file.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The mapping for `package`, and the key it was found under.
    pub(crate) fn mapping(&self, package: &PackageName) -> Option<(WkgMapping, String)> {
        if let Some(mapping) = self.packages.get(package) {
            return Some((mapping.clone(), format!("package_registry_overrides.\"{package}\"")));
        }
        if let Some(mapping) = self.namespaces.get(package.namespace()) {
            return Some((mapping.clone(), format!("namespace_registries.{}", package.namespace())));
        }
        let registry = self.default_registry.clone()?;
        Some((WkgMapping { registry, metadata: None }, "default_registry".to_owned()))
    }

    /// How `registry` is reached.
    pub(crate) fn registry(&self, registry: &RegistryHost) -> Option<&WkgRegistry> {
        self.registries.get(registry)
    }
}

/// Where wkg looks for well-known namespaces when nothing is configured.
pub(crate) fn fallback(package: &PackageName) -> Option<RegistryHost> {
    FALLBACK_NAMESPACES
        .iter()
        .find(|(namespace, _)| *namespace == package.namespace())
        .map(|(_, host)| host.parse().expect("the built-in hosts are valid"))
}

/// The variable in which wkg expects a token for `registry`: everything but letters and digits becomes `_`.
pub(crate) fn bearer_variable(registry: &RegistryHost) -> String {
    let host: String = registry
        .to_string()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
        .collect();
    format!("WKG_REGISTRY_{host}_AUTH_BEARER")
}

#[derive(Deserialize)]
struct RawConfig {
    default_registry: Option<String>,
    #[serde(default)]
    namespace_registries: BTreeMap<String, RawMapping>,
    #[serde(default)]
    package_registry_overrides: BTreeMap<String, RawMapping>,
    #[serde(default)]
    registry: BTreeMap<String, RawRegistry>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a registry, or a table with `registry` and `metadata`")]
enum RawMapping {
    Host(String),
    Table { registry: String, metadata: Option<RawMetadata> },
}

#[derive(Deserialize)]
struct RawRegistry {
    oci: Option<RawOci>,
}

#[derive(Default, Deserialize)]
struct RawOci {
    auth: Option<RawAuth>,
    protocol: Option<String>,
    #[serde(default)]
    accept_invalid_certificates: bool,
    #[serde(default)]
    extra_root_certificates: Vec<RawCertificate>,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected base64 of `user:password`, or a table with `username` and `password`"
)]
enum RawAuth {
    Base64(String),
    Table { username: String, password: String },
}

#[derive(Deserialize)]
struct RawCertificate {
    encoding: CertificateEncoding,
    data: String,
}

fn read_mapping(raw: RawMapping, path: &str, key: &str) -> Result<WkgMapping, ConfigError> {
    match raw {
        RawMapping::Host(host) => Ok(WkgMapping { registry: read_host(&host, path, key)?, metadata: None }),
        RawMapping::Table { registry, metadata } => {
            let registry = read_host(&registry, path, &format!("{key}.registry"))?;
            let metadata = metadata.map(Metadata::try_from).transpose().map_err(|error| match error {
                MetadataError::Protocol { found } => ConfigError::Value {
                    path: path.to_owned(),
                    key: format!("{key}.metadata.preferredProtocol"),
                    expected: "`oci`",
                    found,
                },
                MetadataError::Host(source) => ConfigError::Host {
                    path: path.to_owned(),
                    key: format!("{key}.metadata.oci.registry"),
                    source,
                },
                MetadataError::Json { message } => ConfigError::Value {
                    path: path.to_owned(),
                    key: format!("{key}.metadata"),
                    expected: "a table as in `registry.json`",
                    found: message,
                },
            })?;
            Ok(WkgMapping { registry, metadata })
        }
    }
}

fn read_registry(raw: RawOci, path: &str, key: &str) -> Result<WkgRegistry, ConfigError> {
    let plain_http = match raw.protocol.as_deref() {
        None => None,
        Some("http") => Some(true),
        Some("https") => Some(false),
        Some(other) => {
            return Err(ConfigError::Value {
                path: path.to_owned(),
                key: format!("{key}.oci.protocol"),
                expected: "`http` or `https`",
                found: other.chars().take(40).collect(),
            });
        }
    };
    let credentials = match raw.auth {
        None => None,
        Some(RawAuth::Table { username, password }) => {
            Some(Credentials::Basic { username, password: Secret::new(password) })
        }
        Some(RawAuth::Base64(text)) => Some(
            basic_from_base64(&text)
                .ok_or_else(|| ConfigError::Auth { path: path.to_owned(), key: format!("{key}.oci.auth") })?,
        ),
    };
    let extra_root_certificates = raw
        .extra_root_certificates
        .into_iter()
        .map(|raw| RootCertificate { encoding: raw.encoding, bytes: raw.data.into_bytes() })
        .collect();
    Ok(WkgRegistry {
        plain_http,
        credentials,
        accept_invalid_certificates: raw.accept_invalid_certificates,
        extra_root_certificates,
    })
}

fn read_host(text: &str, path: &str, key: &str) -> Result<RegistryHost, ConfigError> {
    text.parse().map_err(|source| ConfigError::Host { path: path.to_owned(), key: key.to_owned(), source })
}

/// The place and the message of an error, without the line itself: it may hold a password.
fn toml_error(path: &str, text: &str, error: &toml::de::Error) -> ConfigError {
    let offset = error.span().map_or(0, |span| span.start).min(text.len());
    let before = text.get(..offset).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    ConfigError::Toml {
        path: path.to_owned(),
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        message: error.message().to_owned(),
    }
}

#[cfg(test)]
#[path = "wkg_tests.rs"]
mod tests;
