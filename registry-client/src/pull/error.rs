//! What goes wrong in a pull.

use semver::Version;
use wkit_artifact::{
    Digest, ParseConfigError, ParseManifestError, Reference, RegistryHost, RepositoryName, UnpackError,
};

use crate::client::CacheError;
use crate::config::ConfigError;
use crate::limits::{CONFIG_BYTES_MAX, LAYER_BYTES_MAX};
use crate::remote::RequestError;
use crate::resolve::{ResolveError, shown};

/// Why a component cannot be pulled.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// The package's reference cannot be found.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// The registry has no such repository, or does not show it.
    #[error("the registry `{registry}` has no repository `{repository}`")]
    UnknownRepository {
        /// The registry.
        registry: RegistryHost,
        /// The repository.
        repository: RepositoryName,
    },
    /// The repository has no such tag.
    #[error("there is no `{reference}` in this repository, {}", shown(available))]
    UnknownTag {
        /// The reference.
        reference: Reference,
        /// The versions there are, oldest first.
        available: Vec<Version>,
    },
    /// The repository has no such manifest.
    #[error("there is no `{reference}` in this repository")]
    UnknownManifest {
        /// The reference.
        reference: Reference,
    },
    /// The registry has the manifest and not what it refers to.
    #[error("the registry has the manifest of `{reference}` and not its blob `{digest}`")]
    MissingBlob {
        /// The reference.
        reference: Reference,
        /// The blob.
        digest: Digest,
    },
    /// The registry did not answer, or not as it should.
    #[error("cannot pull `{reference}`: {source}")]
    Request {
        /// The reference.
        reference: Reference,
        /// Why.
        source: RequestError,
    },
    /// What is there is no manifest.
    #[error("cannot pull `{reference}`: {source}")]
    Manifest {
        /// The reference.
        reference: Reference,
        /// Why.
        source: ParseManifestError,
    },
    /// What is there is not one Wasm binary.
    #[error("`{reference}` is not a component: {source}")]
    NotWasm {
        /// The reference.
        reference: Reference,
        /// What it is.
        source: UnpackError,
    },
    /// An index without exactly one manifest for Wasm.
    #[error("expected one Wasm manifest in the index `{reference}`, found {}", list(entries))]
    Index {
        /// The reference.
        reference: Reference,
        /// What the entries are for.
        entries: Vec<String>,
    },
    /// The bytes do not fit their digest. They are not kept.
    #[error("the {what} of `{reference}` is not what it should be: expected `{expected}`, found `{found}`")]
    WrongDigest {
        /// The reference.
        reference: Reference,
        /// `manifest` or `layer`.
        what: &'static str,
        /// The digest that was asked for, or that the registry stated.
        expected: Digest,
        /// The digest of what was received.
        found: Digest,
    },
    /// The bytes are not as many as the manifest says. They are not kept.
    #[error("the blob `{digest}` of `{reference}`: expected {expected_bytes} bytes, found {found_bytes}")]
    WrongSize {
        /// The reference.
        reference: Reference,
        /// The blob.
        digest: Digest,
        /// What the manifest says.
        expected_bytes: u64,
        /// What was received; the transfer is ended at the first byte too many.
        found_bytes: u64,
    },
    /// The component is too large. Nothing of it was fetched.
    #[error("expected at most {LAYER_BYTES_MAX} bytes in the layer of `{reference}`, found {found_bytes}")]
    LayerSize {
        /// The reference.
        reference: Reference,
        /// What the manifest says.
        found_bytes: u64,
    },
    /// The config is too large. Nothing of it was fetched.
    #[error("expected at most {CONFIG_BYTES_MAX} bytes in the config of `{reference}`, found {found_bytes}")]
    ConfigSize {
        /// The reference.
        reference: Reference,
        /// What the manifest says.
        found_bytes: u64,
    },
    /// The config is not valid.
    #[error("the config of `{reference}`: {source}")]
    Config {
        /// The reference.
        reference: Reference,
        /// What is wrong.
        source: ParseConfigError,
    },
    /// Offline, and it is not in the cache.
    #[error("`{reference}` is not in the cache, and wkit is offline")]
    Offline {
        /// The reference.
        reference: Reference,
    },
    /// The client's configuration cannot be used.
    #[error(transparent)]
    Configuration(#[from] ConfigError),
    /// The local cache cannot be used.
    #[error(transparent)]
    Cache(#[from] CacheError),
}

impl PullError {
    /// What to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            PullError::Resolve(error) => error.hint(),
            PullError::UnknownRepository { .. } => {
                Some("check the name; a registry may also hide what you have no access to".to_owned())
            }
            PullError::UnknownTag { reference, available } => {
                let wanted = reference.tag()?.to_version()?;
                nearest(&wanted, available).map(|version| format!("the nearest version is {version}"))
            }
            PullError::Request { source, .. } => source.hint(),
            PullError::Index { .. } => Some("name the manifest that you mean by its digest".to_owned()),
            PullError::WrongDigest { .. } => Some(
                "the registry, or something between here and there, has changed the bytes; they were not kept"
                    .to_owned(),
            ),
            PullError::Offline { .. } => Some("pull it once without `--offline`".to_owned()),
            PullError::Configuration(error) => error.hint(),
            _ => None,
        }
    }

    /// Whether the same transfer may have another outcome soon.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            PullError::Request { source, .. } => {
                source.is_transient() || matches!(source.status(), Some(429 | 500 | 502 | 503 | 504))
            }
            _ => false,
        }
    }
}

/// The version that agrees with `wanted` in most places: the newest of the same minor, else of the same major, else of all.
fn nearest<'a>(wanted: &Version, available: &'a [Version]) -> Option<&'a Version> {
    let minor = |version: &&Version| (version.major, version.minor) == (wanted.major, wanted.minor);
    let major = |version: &&Version| version.major == wanted.major;
    available.iter().rfind(minor).or_else(|| available.iter().rfind(major)).or_else(|| available.last())
}

fn list(entries: &[String]) -> String {
    if entries.is_empty() { "none".to_owned() } else { entries.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_version() {
        let versions: Vec<Version> =
            ["0.1.0", "1.0.0", "1.2.0", "1.2.5", "2.0.0"].iter().map(|v| v.parse().unwrap()).collect();
        let nearest = |wanted: &str| nearest(&wanted.parse().unwrap(), &versions).unwrap().to_string();
        assert_eq!(nearest("1.2.9"), "1.2.5");
        assert_eq!(nearest("1.9.0"), "1.2.5");
        assert_eq!(nearest("0.9.0"), "0.1.0");
        assert_eq!(nearest("7.0.0"), "2.0.0");
    }
}
