//! Unpacking: finding the one Wasm binary of an artifact.

use crate::manifest::{Descriptor, ImageManifest, Manifest, ParseManifestError};
use crate::media_type;
use crate::text::shown;

/// An artifact that holds one Wasm binary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unpacked {
    /// The manifest.
    pub manifest: ImageManifest,
    /// Its config. [`media_type::WASM_CONFIG_V0`] when the artifact was packed as the layout says,
    /// [`media_type::OCI_EMPTY`] when it was pushed by a tool that knows nothing of Wasm.
    pub config: Descriptor,
    /// Its one layer, the Wasm binary.
    pub layer: Descriptor,
}

/// Reads `manifest` and finds the Wasm binary in it.
///
/// Accepted are the CNCF layout, a manifest with an empty config and one `application/wasm` layer (what `oras push`
/// makes), and the media types from before the layout. The layout says that a reader should reject more than one layer.
///
/// # Errors
///
/// When the bytes are no manifest, or it holds something else: the error says what was found.
pub fn unpack(manifest: &[u8]) -> Result<Unpacked, UnpackError> {
    let manifest = match Manifest::parse(manifest, None)? {
        Manifest::Image(manifest) => *manifest,
        Manifest::Index(index) => return Err(UnpackError::Index { entries: index.manifests.len() }),
    };
    let Some(config) = manifest.config.clone() else { return Err(UnpackError::NoConfig) };
    if !is_wasm_config(&config.media_type) {
        return Err(UnpackError::Config { found: shown(&config.media_type) });
    }
    let layer = match manifest.layers.as_slice() {
        [layer] => layer.clone(),
        layers => return Err(UnpackError::Layers { found: layers.len() }),
    };
    if !is_wasm_layer(&layer.media_type) {
        return Err(UnpackError::Layer { found: shown(&layer.media_type) });
    }
    Ok(Unpacked { manifest, config, layer })
}

/// Why a manifest holds no Wasm binary that can be used.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// The bytes are no manifest.
    #[error(transparent)]
    Manifest(#[from] ParseManifestError),
    /// An index where a manifest is needed.
    #[error("expected the manifest of one Wasm artifact, found an index of {entries} manifests")]
    Index {
        /// How many manifests it lists.
        entries: usize,
    },
    /// There is no config.
    #[error("expected a config of type `{}`, found none", media_type::WASM_CONFIG_V0)]
    NoConfig,
    /// The config says that it is something else, such as a container image.
    #[error(
        "expected a config of type `{}`, found `{found}`: this is not a Wasm artifact",
        media_type::WASM_CONFIG_V0
    )]
    Config {
        /// The media type found, shortened.
        found: String,
    },
    /// Not exactly one layer.
    #[error("expected exactly one layer in a Wasm artifact, found {found}")]
    Layers {
        /// How many there are.
        found: usize,
    },
    /// The layer is of another type.
    #[error("expected a layer of type `{}`, found `{found}`", media_type::WASM)]
    Layer {
        /// The media type found, shortened.
        found: String,
    },
}

fn is_wasm_config(kind: &str) -> bool {
    [media_type::WASM_CONFIG_V0, media_type::WASM_CONFIG_LEGACY, media_type::OCI_EMPTY]
        .iter()
        .any(|valid| media_type::essence(kind).eq_ignore_ascii_case(valid))
}

fn is_wasm_layer(kind: &str) -> bool {
    [media_type::WASM, media_type::WASM_LAYER_LEGACY]
        .iter()
        .any(|valid| media_type::essence(kind).eq_ignore_ascii_case(valid))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;
    use crate::manifest::{Annotations, ImageIndex};

    fn manifest(config: Option<&str>, layers: &[&str]) -> Vec<u8> {
        let descriptor = |kind: &str| Descriptor::new(kind, Digest::sha256(kind.as_bytes()), 3);
        let manifest = ImageManifest {
            annotations: Annotations::new(),
            artifact_type: Some("application/vnd.unknown.artifact.v1".to_owned()),
            config: config.map(descriptor),
            layers: layers.iter().map(|kind| descriptor(kind)).collect(),
            media_type: Some(media_type::OCI_MANIFEST.to_owned()),
            schema_version: 2,
            subject: None,
        };
        serde_json::to_vec(&manifest).unwrap()
    }

    #[test]
    fn what_is_accepted() {
        for (config, layer) in [
            (media_type::WASM_CONFIG_V0, media_type::WASM),
            (media_type::OCI_EMPTY, media_type::WASM),
            (media_type::WASM_CONFIG_LEGACY, media_type::WASM_LAYER_LEGACY),
        ] {
            let unpacked = unpack(&manifest(Some(config), &[layer])).unwrap();
            assert_eq!(
                (unpacked.config.media_type.as_str(), unpacked.layer.media_type.as_str()),
                (config, layer)
            );
        }
    }

    #[test]
    fn what_is_refused() {
        let error = |config: Option<&str>, layers: &[&str]| {
            unpack(&manifest(config, layers)).unwrap_err().to_string()
        };
        let wasm = Some(media_type::WASM_CONFIG_V0);
        assert_eq!(error(wasm, &[]), "expected exactly one layer in a Wasm artifact, found 0");
        assert_eq!(
            error(wasm, &[media_type::WASM, media_type::WASM]),
            "expected exactly one layer in a Wasm artifact, found 2"
        );
        assert_eq!(
            error(wasm, &["application/vnd.oci.image.layer.v1.tar"]),
            "expected a layer of type `application/wasm`, found `application/vnd.oci.image.layer.v1.tar`"
        );
        assert!(
            error(Some(media_type::OCI_IMAGE_CONFIG), &[media_type::WASM]).contains("not a Wasm artifact")
        );
        assert!(error(None, &[media_type::WASM]).contains("found none"));
    }

    #[test]
    fn an_index_is_named_as_such() {
        let bytes = serde_json::to_vec(&ImageIndex::new(Vec::new())).unwrap();
        let error = unpack(&bytes).unwrap_err().to_string();
        assert_eq!(error, "expected the manifest of one Wasm artifact, found an index of 0 manifests");
    }
}
