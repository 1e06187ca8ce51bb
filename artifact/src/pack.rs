//! Packing: from a Wasm binary's digest and names to the config and the manifest that make it an artifact.

use crate::config::{ARCHITECTURE, CREATED_UNKNOWN, ComponentInfo, OS_COMPONENT, OS_CORE_MODULE, WasmConfig};
use crate::digest::Digest;
use crate::limits::{CONFIG_BYTES_MAX, MANIFEST_BYTES_MAX};
use crate::manifest::{Annotations, Descriptor, ImageManifest, annotation};
use crate::media_type;
use crate::text::shown;

/// Builds the config and the manifest of one Wasm binary.
///
/// The same calls give the same bytes: nothing is taken from the clock or the machine.
#[derive(Clone, Debug)]
pub struct Pack {
    layer: Descriptor,
    os: &'static str,
    component: Option<ComponentInfo>,
    created: Option<String>,
    author: Option<String>,
    annotations: Annotations,
}

/// A Wasm binary's config and manifest, ready to be pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// The bytes of the config.
    pub config: Vec<u8>,
    /// The descriptor of the config.
    pub config_descriptor: Descriptor,
    /// The descriptor of the one layer, the Wasm binary.
    pub layer_descriptor: Descriptor,
    /// The bytes of the manifest.
    pub manifest: Vec<u8>,
    /// The digest of the manifest: the artifact's identity.
    pub manifest_digest: Digest,
}

impl Pack {
    /// Begins with a component or WIT package of this digest and size in bytes.
    pub fn component(digest: Digest, size_bytes: u64) -> Self {
        Self::new(digest, size_bytes, OS_COMPONENT, Some(ComponentInfo::default()))
    }

    /// Begins with a core module of this digest and size in bytes. It has no imports and exports in the config.
    pub fn core_module(digest: Digest, size_bytes: u64) -> Self {
        Self::new(digest, size_bytes, OS_CORE_MODULE, None)
    }

    fn new(digest: Digest, size_bytes: u64, os: &'static str, component: Option<ComponentInfo>) -> Self {
        Self {
            layer: Descriptor::new(media_type::WASM, digest, size_bytes),
            os,
            component,
            created: None,
            author: None,
            annotations: Annotations::new(),
        }
    }

    /// The names of the component's exports, in the order of the component. No effect on a core module.
    #[must_use]
    pub fn exports(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        if let Some(component) = &mut self.component {
            component.exports = names.into_iter().map(Into::into).collect();
        }
        self
    }

    /// The names of the component's imports, in the order of the component. No effect on a core module.
    #[must_use]
    pub fn imports(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        if let Some(component) = &mut self.component {
            component.imports = names.into_iter().map(Into::into).collect();
        }
        self
    }

    /// The world the component targets. No effect on a core module.
    #[must_use]
    pub fn target(mut self, world: impl Into<String>) -> Self {
        if let Some(component) = &mut self.component {
            component.target = Some(world.into());
        }
        self
    }

    /// When the artifact was made, RFC 3339. Without it [`CREATED_UNKNOWN`] is written.
    #[must_use]
    pub fn created(mut self, instant: impl Into<String>) -> Self {
        self.created = Some(instant.into());
        self
    }

    /// Who made the artifact.
    #[must_use]
    pub fn author(mut self, author: impl Into<String>) -> Self {
        self.author = Some(author.into());
        self
    }

    /// Adds an annotation to the manifest; the last value for a key wins. Keys are in [`annotation`].
    #[must_use]
    pub fn annotation(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.annotations.insert(key.into(), value.into());
        self
    }

    /// The file name of the layer, which tools like oras write to when they pull.
    #[must_use]
    pub fn title(mut self, file_name: impl Into<String>) -> Self {
        self.layer.annotations.insert(annotation::TITLE.to_owned(), file_name.into());
        self
    }

    /// Makes the config and the manifest.
    ///
    /// # Errors
    ///
    /// When the binary is empty, `created` is no instant, or the config or the manifest would exceed its limit.
    pub fn finish(self) -> Result<Packed, PackError> {
        if self.layer.size_bytes == 0 {
            return Err(PackError::Empty);
        }
        let created = self.created.unwrap_or_else(|| CREATED_UNKNOWN.to_owned());
        if !is_rfc3339(&created) {
            return Err(PackError::Created { found: shown(&created) });
        }
        let config = WasmConfig {
            created: Some(created),
            author: self.author,
            architecture: ARCHITECTURE.to_owned(),
            os: self.os.to_owned(),
            layer_digests: vec![self.layer.digest.clone()],
            component: self.component,
        };
        let config = serde_json::to_vec(&config).expect("a config of strings can be written as JSON");
        if config.len() > CONFIG_BYTES_MAX {
            return Err(PackError::ConfigSize { found: config.len() });
        }
        let config_descriptor =
            Descriptor::new(media_type::WASM_CONFIG_V0, Digest::sha256(&config), config.len() as u64);
        let manifest = ImageManifest {
            annotations: self.annotations,
            artifact_type: None,
            config: Some(config_descriptor.clone()),
            layers: vec![self.layer.clone()],
            media_type: Some(media_type::OCI_MANIFEST.to_owned()),
            schema_version: 2,
            subject: None,
        };
        let manifest = serde_json::to_vec(&manifest).expect("a manifest of strings can be written as JSON");
        if manifest.len() > MANIFEST_BYTES_MAX {
            return Err(PackError::ManifestSize { found: manifest.len() });
        }
        let manifest_digest = Digest::sha256(&manifest);
        Ok(Packed { config, config_descriptor, layer_descriptor: self.layer, manifest, manifest_digest })
    }
}

/// Why something cannot be packed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// The binary has no bytes.
    #[error("expected a Wasm binary, found an empty file")]
    Empty,
    /// `created` is no instant.
    #[error("expected an instant such as `2026-01-31T12:00:00Z` as the time of creation, found `{found}`")]
    Created {
        /// The text, shortened.
        found: String,
    },
    /// Imports and exports make the config too large.
    #[error("expected at most {CONFIG_BYTES_MAX} bytes in the Wasm config, found {found}")]
    ConfigSize {
        /// How many there would be.
        found: usize,
    },
    /// Annotations make the manifest too large.
    #[error("expected at most {MANIFEST_BYTES_MAX} bytes in the manifest, found {found}")]
    ManifestSize {
        /// How many there would be.
        found: usize,
    },
}

/// Whether `text` has the form of RFC 3339, section 5.6, with numbers in their ranges.
fn is_rfc3339(text: &str) -> bool {
    let (Some(head), Some(tail)) = (text.get(..19), text.get(19..)) else { return false };
    let two = |from: usize| -> Option<u8> {
        let digits = head.get(from..from + 2)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let marks = head.bytes().enumerate().all(|(index, byte)| match index {
        4 | 7 => byte == b'-',
        10 => byte == b'T' || byte == b't',
        13 | 16 => byte == b':',
        _ => byte.is_ascii_digit(),
    });
    let ranges = two(5).is_some_and(|month| (1..=12).contains(&month))
        && two(8).is_some_and(|day| (1..=31).contains(&day))
        && two(11).is_some_and(|hour| hour < 24)
        && two(14).is_some_and(|minute| minute < 60)
        && two(17).is_some_and(|second| second <= 60);
    let zone = match tail.strip_prefix('.') {
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            if zone.len() == fraction.len() {
                return false;
            }
            zone
        }
        None => tail,
    };
    let zone = match zone.as_bytes() {
        b"Z" | b"z" => true,
        [b'+' | b'-', hour @ .., b':', minute_tens, minute_ones] => {
            hour.len() == 2
                && hour.iter().chain([minute_tens, minute_ones]).all(u8::is_ascii_digit)
                && hour <= b"23"
                && *minute_tens < b'6'
        }
        _ => false,
    };
    marks && ranges && zone
}

#[cfg(test)]
#[path = "pack_tests.rs"]
mod tests;
