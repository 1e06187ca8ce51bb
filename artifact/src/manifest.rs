//! Manifests, indexes and descriptors of the OCI image specification 1.1.
//!
//! Fields stand in alphabetical order of their JSON names, which is the order they are written in: the same content
//! gives the same bytes. Fields not named here are tolerated and not kept; who must keep a manifest keeps its bytes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::limits::MANIFEST_BYTES_MAX;
use crate::media_type;
use crate::text::shown;

/// Annotations: free text by key, sorted so that it is always written alike.
pub type Annotations = BTreeMap<String, String>;

/// Keys of annotations that the OCI image specification defines ("Annotations").
pub mod annotation {
    /// The version of the packaged software.
    pub const VERSION: &str = "org.opencontainers.image.version";
    /// What the software is, for people.
    pub const DESCRIPTION: &str = "org.opencontainers.image.description";
    /// The licences as an SPDX expression.
    pub const LICENSES: &str = "org.opencontainers.image.licenses";
    /// Where the source is.
    pub const SOURCE: &str = "org.opencontainers.image.source";
    /// Where to find out more.
    pub const URL: &str = "org.opencontainers.image.url";
    /// Who is responsible for the artifact.
    pub const AUTHORS: &str = "org.opencontainers.image.authors";
    /// A title for people; on a layer, the name of its file.
    pub const TITLE: &str = "org.opencontainers.image.title";
    /// When the artifact was made, RFC 3339.
    pub const CREATED: &str = "org.opencontainers.image.created";
}

/// A pointer to content: what it is, its digest and its size (OCI image specification, "Content Descriptors").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// Free text about the content.
    #[serde(default, skip_serializing_if = "Annotations::is_empty", deserialize_with = "null_is_default")]
    pub annotations: Annotations,
    /// What kind of artifact the content is, when it is a manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The content itself in base64, when it is carried along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// The digest of the content.
    pub digest: Digest,
    /// The media type of the content.
    pub media_type: String,
    /// What the content runs on, in the entries of an index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// The length of the content in bytes.
    #[serde(rename = "size")]
    pub size_bytes: u64,
    /// Where else the content may be fetched.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub urls: Vec<String>,
}

impl Descriptor {
    /// A descriptor with nothing optional.
    pub fn new(media_type: impl Into<String>, digest: Digest, size_bytes: u64) -> Self {
        Self {
            annotations: Annotations::new(),
            artifact_type: None,
            data: None,
            digest,
            media_type: media_type.into(),
            platform: None,
            size_bytes,
            urls: Vec::new(),
        }
    }
}

/// What an entry of an index runs on (OCI image specification, "Image Index").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Platform {
    /// The processor: `wasm` for Wasm.
    pub architecture: String,
    /// The system: `wasip1`, `wasip2` or, in older indexes, `wasi`.
    pub os: String,
}

/// The manifest of one artifact (OCI image specification, "Image Manifest").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageManifest {
    /// Free text about the artifact.
    #[serde(default, skip_serializing_if = "Annotations::is_empty", deserialize_with = "null_is_default")]
    pub annotations: Annotations,
    /// The kind of artifact, when the config's media type does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The config. Required in 1.1; the next version of the specification lets it out, so it may be missing here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<Descriptor>,
    /// The content, in order.
    #[serde(default, deserialize_with = "null_is_default")]
    pub layers: Vec<Descriptor>,
    /// The media type of the manifest itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// Always 2.
    pub schema_version: u32,
    /// The manifest this one is about: it makes this a referrer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
}

impl ImageManifest {
    /// The kind of artifact as a list of referrers shows it: `artifactType`, else the config's media type
    /// (OCI distribution specification, "Listing Referrers").
    pub fn effective_artifact_type(&self) -> Option<&str> {
        self.artifact_type
            .as_deref()
            .filter(|kind| !kind.is_empty())
            .or_else(|| self.config.as_ref().map(|config| config.media_type.as_str()))
    }
}

/// A list of manifests (OCI image specification, "Image Index").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageIndex {
    /// Free text about the index.
    #[serde(default, skip_serializing_if = "Annotations::is_empty", deserialize_with = "null_is_default")]
    pub annotations: Annotations,
    /// The kind of artifact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The manifests, in order.
    #[serde(default, deserialize_with = "null_is_default")]
    pub manifests: Vec<Descriptor>,
    /// The media type of the index itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// Always 2.
    pub schema_version: u32,
    /// The manifest this index is about: it makes it a referrer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
}

impl ImageIndex {
    /// An index of these manifests and nothing else.
    pub fn new(manifests: Vec<Descriptor>) -> Self {
        Self {
            annotations: Annotations::new(),
            artifact_type: None,
            manifests,
            media_type: Some(media_type::OCI_INDEX.to_owned()),
            schema_version: 2,
            subject: None,
        }
    }
}

/// What is served under a tag: a manifest or an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Manifest {
    /// One artifact.
    Image(Box<ImageManifest>),
    /// A list of manifests.
    Index(Box<ImageIndex>),
}

impl Manifest {
    /// Reads `bytes` as a manifest or an index. `content_type` is what the transport said about them; the
    /// `mediaType` inside wins when there is no `content_type`, and the two must agree when there are both.
    ///
    /// # Errors
    ///
    /// When the bytes are too many, are no JSON of this shape, or are of a kind this crate does not know.
    pub fn parse(bytes: &[u8], content_type: Option<&str>) -> Result<Self, ParseManifestError> {
        if bytes.len() > MANIFEST_BYTES_MAX {
            return Err(ParseManifestError::Size { found: bytes.len() });
        }
        let probe: Probe = serde_json::from_slice(bytes)?;
        if probe.schema_version != 2 {
            return Err(ParseManifestError::SchemaVersion { found: probe.schema_version });
        }
        let inside = probe.media_type.as_deref().filter(|kind| !kind.is_empty());
        let outside = content_type.map(media_type::essence).filter(|kind| is_known(kind));
        if let (Some(inside), Some(outside)) = (inside, outside)
            && !inside.eq_ignore_ascii_case(outside)
        {
            return Err(ParseManifestError::Disagree { content_type: shown(outside), found: shown(inside) });
        }
        match inside.or(outside) {
            Some(kind) if media_type::is_index(kind) => Ok(Manifest::Index(Box::new(parse_as(bytes)?))),
            Some(kind) if media_type::is_manifest(kind) => Ok(Manifest::Image(Box::new(parse_as(bytes)?))),
            Some(kind) => Err(ParseManifestError::MediaType { found: shown(kind) }),
            // `mediaType` may be missing inside; the shape decides then.
            None if probe.manifests.is_some() => Ok(Manifest::Index(Box::new(parse_as(bytes)?))),
            None => Ok(Manifest::Image(Box::new(parse_as(bytes)?))),
        }
    }

    /// The manifest this one is about, if it is a referrer.
    pub fn subject(&self) -> Option<&Descriptor> {
        match self {
            Manifest::Image(manifest) => manifest.subject.as_ref(),
            Manifest::Index(index) => index.subject.as_ref(),
        }
    }
}

/// Why bytes are not a manifest or an index.
#[derive(Debug, thiserror::Error)]
pub enum ParseManifestError {
    /// Too many bytes.
    #[error("expected at most {MANIFEST_BYTES_MAX} bytes in a manifest, found {found}")]
    Size {
        /// How many there are.
        found: usize,
    },
    /// No JSON, or of another shape.
    #[error("the manifest is not valid: {0}")]
    Json(#[from] serde_json::Error),
    /// Not version 2, which OCI and Docker share.
    #[error("expected `schemaVersion` 2 in the manifest, found {found}")]
    SchemaVersion {
        /// The version found.
        found: u32,
    },
    /// A manifest of another kind.
    #[error("expected the media type of an OCI manifest or index, found `{found}`")]
    MediaType {
        /// The media type found, shortened.
        found: String,
    },
    /// The transport and the manifest name different media types.
    #[error(
        "expected the manifest to have the media type it was sent with, `{content_type}`, found `{found}`"
    )]
    Disagree {
        /// The media type it was sent with.
        content_type: String,
        /// The media type inside, shortened.
        found: String,
    },
}

/// The fields that tell a manifest from an index.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Probe {
    schema_version: u32,
    #[serde(default)]
    media_type: Option<String>,
    #[serde(default)]
    manifests: Option<serde::de::IgnoredAny>,
}

fn is_known(kind: &str) -> bool {
    media_type::is_index(kind) || media_type::is_manifest(kind)
}

fn parse_as<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, ParseManifestError> {
    Ok(serde_json::from_slice(bytes)?)
}

/// Tools written in Go put `null` where there is an empty list or map.
pub(crate) fn null_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
#[path = "manifest_tests.rs"]
mod tests;
