//! The config of a Wasm OCI artifact (CNCF TAG Runtime, "Wasm OCI Artifact layout").

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::limits::CONFIG_BYTES_MAX;
use crate::manifest::null_is_default;
use crate::text::shown;

/// The value of `architecture`: there is only this one.
pub const ARCHITECTURE: &str = "wasm";

/// The value of `os` for core modules.
pub const OS_CORE_MODULE: &str = "wasip1";

/// The value of `os` for components and WIT packages.
///
/// The layout writes down `wasip1` and `wasip2` only, and defines `wasip2` as "it is a component". A component that
/// imports WASI 0.3 is therefore `wasip2` too: an invented `wasip3` would be refused by readers that know the layout.
/// Which WASI a component needs is said exactly by its imports.
pub const OS_COMPONENT: &str = "wasip2";

/// The instant written as `created` when the caller gives none: the beginning of Unix time.
///
/// A constant keeps packing reproducible. The field cannot be left out, because wkg and other tools built on the
/// same library refuse a config without it.
pub const CREATED_UNKNOWN: &str = "1970-01-01T00:00:00Z";

/// What the config says about the layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WasmConfig {
    /// When the artifact was made, RFC 3339; [`CREATED_UNKNOWN`] when that was not recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// Who made it.
    #[serde(default)]
    pub author: Option<String>,
    /// Always [`ARCHITECTURE`].
    pub architecture: String,
    /// [`OS_COMPONENT`] or [`OS_CORE_MODULE`]; other values are kept as found.
    pub os: String,
    /// The digests of the manifest's layers, in their order.
    #[serde(default, deserialize_with = "null_is_default")]
    pub layer_digests: Vec<Digest>,
    /// The imports and exports; present for components.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<ComponentInfo>,
}

/// What a component imports and exports, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentInfo {
    /// Names of the exports, such as `demo:greet/hello@0.1.0`.
    #[serde(default, deserialize_with = "null_is_default")]
    pub exports: Vec<String>,
    /// Names of the imports.
    #[serde(default, deserialize_with = "null_is_default")]
    pub imports: Vec<String>,
    /// The world the component was made for, such as `wasi:http/proxy@0.2.0`.
    #[serde(default)]
    pub target: Option<String>,
}

impl WasmConfig {
    /// Reads a config.
    ///
    /// # Errors
    ///
    /// When the bytes are too many, are no JSON of this shape, name another architecture, or describe a component
    /// without its imports and exports.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseConfigError> {
        if bytes.len() > CONFIG_BYTES_MAX {
            return Err(ParseConfigError::Size { found: bytes.len() });
        }
        let config: Self = serde_json::from_slice(bytes)?;
        if config.architecture != ARCHITECTURE {
            return Err(ParseConfigError::Architecture { found: shown(&config.architecture) });
        }
        if config.os == OS_COMPONENT && config.component.is_none() {
            return Err(ParseConfigError::NoComponent);
        }
        Ok(config)
    }
}

/// Why bytes are not the config of a Wasm artifact.
#[derive(Debug, thiserror::Error)]
pub enum ParseConfigError {
    /// Too many bytes.
    #[error("expected at most {CONFIG_BYTES_MAX} bytes in a Wasm config, found {found}")]
    Size {
        /// How many there are.
        found: usize,
    },
    /// No JSON, or of another shape.
    #[error("the Wasm config is not valid: {0}")]
    Json(#[from] serde_json::Error),
    /// For another machine.
    #[error("expected `architecture` to be `{ARCHITECTURE}` in the Wasm config, found `{found}`")]
    Architecture {
        /// The architecture found, shortened.
        found: String,
    },
    /// `os` says that it is a component, and `component` is missing.
    #[error("expected `component` in the Wasm config because `os` is `{OS_COMPONENT}`, found none")]
    NoComponent,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_read_and_written_back() {
        let text = format!(
            r#"{{"created":"2026-11-22T16:51:02.093144946Z","author":null,"architecture":"wasm","os":"wasip2","layerDigests":["{}"],"component":{{"exports":["demo:greet/hello@0.1.0"],"imports":["demo:greet/clockish@0.1.0"],"target":null}}}}"#,
            Digest::sha256(b"x")
        );
        let config = WasmConfig::parse(text.as_bytes()).unwrap();
        assert_eq!(config.component.as_ref().unwrap().exports, ["demo:greet/hello@0.1.0"]);
        assert_eq!(serde_json::to_string(&config).unwrap(), text);
    }

    #[test]
    fn refusals() {
        let error = |text: &str| WasmConfig::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(error("{}").contains("architecture"));
        assert_eq!(
            error(r#"{"architecture":"amd64","os":"linux"}"#),
            "expected `architecture` to be `wasm` in the Wasm config, found `amd64`"
        );
        assert!(error(r#"{"architecture":"wasm","os":"wasip2"}"#).contains("expected `component`"));
        assert!(WasmConfig::parse(br#"{"architecture":"wasm","os":"wasip1"}"#).is_ok());
    }

    #[test]
    fn size_limit() {
        let mut text = r#"{"architecture":"wasm","os":"wasip1"}"#.to_owned();
        text.push_str(&" ".repeat(CONFIG_BYTES_MAX - text.len()));
        assert!(WasmConfig::parse(text.as_bytes()).is_ok());
        text.push(' ');
        assert!(matches!(WasmConfig::parse(text.as_bytes()), Err(ParseConfigError::Size { .. })));
    }
}
