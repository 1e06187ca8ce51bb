//! What a host says about its packages at `/.well-known/wasm-pkg/registry.json`.

use serde::Deserialize;
use wkit_artifact::{ParseHostError, RegistryHost};

/// The path below a host.
pub(crate) const METADATA_PATH: &str = "/.well-known/wasm-pkg/registry.json";

/// Where packages are: what is left of the metadata once it is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Metadata {
    /// The registry; the host that was asked when there is none.
    pub(crate) registry: Option<RegistryHost>,
    /// What stands before `namespace/name`.
    pub(crate) prefix: Option<String>,
}

/// Why metadata cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MetadataError {
    /// It is no JSON, or of another shape.
    #[error("it is not valid: {message}")]
    Json {
        /// What is wrong.
        message: String,
    },
    /// It prefers a protocol that wkit does not speak.
    #[error("expected the protocol `oci`, found `{found}`")]
    Protocol {
        /// The protocol.
        found: String,
    },
    /// The registry it names is none.
    #[error(transparent)]
    Host(#[from] ParseHostError),
}

/// The JSON, which is also the `metadata` table of wkg's configuration.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RawMetadata {
    preferred_protocol: Option<String>,
    oci: Option<RawOci>,
    // The names from before there were several protocols.
    oci_registry: Option<String>,
    oci_namespace_prefix: Option<String>,
    // Other protocols: only that they are there counts.
    warg: Option<serde::de::IgnoredAny>,
    local: Option<serde::de::IgnoredAny>,
    warg_url: Option<serde::de::IgnoredAny>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawOci {
    registry: Option<String>,
    namespace_prefix: Option<String>,
}

impl Metadata {
    /// Reads the JSON.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, MetadataError> {
        let raw: RawMetadata = serde_json::from_slice(bytes)
            .map_err(|error| MetadataError::Json { message: error.to_string() })?;
        raw.try_into()
    }
}

impl TryFrom<RawMetadata> for Metadata {
    type Error = MetadataError;

    fn try_from(raw: RawMetadata) -> Result<Self, MetadataError> {
        let has_oci = raw.oci.is_some() || raw.oci_registry.is_some();
        let protocol = match &raw.preferred_protocol {
            Some(protocol) => protocol.as_str(),
            None if has_oci => "oci",
            None if raw.warg.is_some() || raw.warg_url.is_some() => "warg",
            None if raw.local.is_some() => "local",
            None => "oci",
        };
        if protocol != "oci" {
            let found = protocol.chars().take(40).collect();
            return Err(MetadataError::Protocol { found });
        }
        let oci = raw.oci.unwrap_or_default();
        // wkg lets the old names win when both are there.
        let registry = raw.oci_registry.or(oci.registry);
        Ok(Self {
            registry: registry.map(|host| host.parse()).transpose()?,
            prefix: raw.oci_namespace_prefix.or(oci.namespace_prefix),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<(Option<String>, Option<String>), MetadataError> {
        Metadata::parse(text.as_bytes()).map(|m| (m.registry.map(|host| host.to_string()), m.prefix))
    }

    #[test]
    fn forms() {
        let both = (Some("ghcr.io".to_owned()), Some("webassembly/".to_owned()));
        for text in [
            r#"{"preferredProtocol":"oci","oci":{"registry":"ghcr.io","namespacePrefix":"webassembly/"}}"#,
            r#"{"oci":{"registry":"ghcr.io","namespacePrefix":"webassembly/"},"other":{"x":1}}"#,
            r#"{"ociRegistry":"ghcr.io","ociNamespacePrefix":"webassembly/"}"#,
            r#"{"oci":{"registry":"old.example"},"ociRegistry":"ghcr.io","ociNamespacePrefix":"webassembly/"}"#,
        ] {
            assert_eq!(parse(text).unwrap(), both, "{text}");
        }
        assert_eq!(parse("{}").unwrap(), (None, None));
        assert_eq!(parse(r#"{"preferredProtocol":"oci"}"#).unwrap(), (None, None));
    }

    #[test]
    fn refusals() {
        let error = |text| parse(text).unwrap_err().to_string();
        assert_eq!(error(r#"{"preferredProtocol":"local"}"#), "expected the protocol `oci`, found `local`");
        assert_eq!(error(r#"{"wargUrl":"https://x"}"#), "expected the protocol `oci`, found `warg`");
        assert!(error(r#"{"oci":{"registry":"https://ghcr.io"}}"#).contains("without a scheme"));
        assert!(error("[]").contains("not valid"));
        assert!(error("<html>").contains("not valid"));
    }
}
