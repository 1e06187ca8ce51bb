//! What a manifest refers to, and how it is listed among the referrers of its subject.

use serde::Deserialize;
use serde::de::IgnoredAny;
use wkit_artifact::{Descriptor, Digest, Manifest, RepositoryName, media_type};

use super::ManifestError;
use crate::limits::{MANIFEST_DEPTH_MAX, MANIFEST_DESCRIPTORS_MAX};
use crate::store::layout;

/// A manifest that was pushed, taken apart as far as the registry cares.
#[derive(Debug)]
pub(crate) struct Parsed {
    /// The media type it is served with.
    pub(crate) media_type: String,
    /// The manifest it is about.
    pub(crate) subject: Option<Digest>,
    /// The keys that must exist in the repository, and the digest each stands for.
    pub(crate) needed: Vec<(Vec<u8>, Digest)>,
    /// The kind of artifact.
    artifact_type: Option<String>,
    annotations: wkit_artifact::Annotations,
}

/// Reads a manifest as it was pushed to `repository`.
///
/// # Errors
///
/// When it is no manifest, has too many descriptors, or is two kinds of manifest at once.
pub(crate) fn parse(
    repository: &RepositoryName,
    bytes: &[u8],
    content_type: Option<&str>,
) -> Result<Parsed, ManifestError> {
    if depth(bytes) > MANIFEST_DEPTH_MAX {
        return Err(ManifestError::Depth);
    }
    let manifest = Manifest::parse(bytes, content_type)?;
    let shape: Shape = serde_json::from_slice(bytes).map_err(wkit_artifact::ParseManifestError::from)?;
    if shape.manifests.is_some() && (shape.layers.is_some() || shape.config.is_some()) {
        return Err(ManifestError::Ambiguous);
    }
    let subject = manifest.subject().map(|subject| subject.digest.clone());
    let sent = content_type.map(media_type::essence);
    match manifest {
        Manifest::Image(image) => {
            check_count(image.layers.len() + 1)?;
            let artifact_type = image.effective_artifact_type().map(str::to_owned);
            let blobs = image.config.iter().chain(image.layers.iter().filter(|layer| is_held_here(layer)));
            let needed =
                blobs.map(|blob| (layout::blob(repository, &blob.digest), blob.digest.clone())).collect();
            let media_type =
                served_as(image.media_type, sent, media_type::is_manifest, media_type::OCI_MANIFEST);
            Ok(Parsed { media_type, subject, needed, artifact_type, annotations: image.annotations })
        }
        Manifest::Index(index) => {
            check_count(index.manifests.len())?;
            let entries = index.manifests.iter();
            let needed = entries
                .map(|entry| (layout::manifest(repository, &entry.digest), entry.digest.clone()))
                .collect();
            let artifact_type = index.artifact_type.filter(|kind| !kind.is_empty());
            let media_type = served_as(index.media_type, sent, media_type::is_index, media_type::OCI_INDEX);
            Ok(Parsed { media_type, subject, needed, artifact_type, annotations: index.annotations })
        }
    }
}

impl Parsed {
    /// How the manifest is listed among the referrers of its subject (OCI distribution specification, "Listing
    /// Referrers").
    pub(crate) fn referrer(&self, digest: &Digest, size_bytes: u64) -> Vec<u8> {
        let mut descriptor = Descriptor::new(&self.media_type, digest.clone(), size_bytes);
        descriptor.artifact_type = self.artifact_type.clone();
        descriptor.annotations = self.annotations.clone();
        serde_json::to_vec(&descriptor).expect("a descriptor is plain data with text keys")
    }
}

/// Every digest that a stored manifest names, in whatever place and whatever it is for: more than a registry has to
/// hold, for what is asked is what must not be removed. `None` when the manifest cannot be read.
pub(super) fn all_digests(value: &[u8]) -> Option<Vec<Digest>> {
    let (_, start) = layout::parse_manifest_value(value)?;
    let mut found = Vec::new();
    let mut reader = serde_json::Deserializer::from_slice(value.get(start..)?);
    let finder = Finder { found: &mut found, is_digest: false };
    serde::de::DeserializeSeed::deserialize(finder, &mut reader).ok()?;
    Some(found)
}

/// The manifests that a stored index lists; none for another manifest, or one that cannot be read.
pub(super) fn children(value: &[u8]) -> Vec<Digest> {
    let index = layout::parse_manifest_value(value)
        .and_then(|(media_type, start)| Manifest::parse(value.get(start..)?, Some(media_type)).ok());
    match index {
        Some(Manifest::Index(index)) => index.manifests.into_iter().map(|entry| entry.digest).collect(),
        _ => Vec::new(),
    }
}

/// Collects the values of all fields `digest`.
struct Finder<'a> {
    found: &'a mut Vec<Digest>,
    /// Whether this is the value of such a field.
    is_digest: bool,
}

impl<'de> serde::de::DeserializeSeed<'de> for Finder<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> serde::de::Visitor<'de> for Finder<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        if self.is_digest
            && let Ok(digest) = text.parse()
        {
            self.found.push(digest);
        }
        Ok(())
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<std::borrow::Cow<'_, str>>()? {
            map.next_value_seed(Finder { found: &mut *self.found, is_digest: key == "digest" })?;
        }
        Ok(())
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Finder { found: &mut *self.found, is_digest: false })?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// Only the fields that tell the kinds of manifest apart.
#[derive(Deserialize)]
struct Shape {
    #[serde(default)]
    layers: Option<IgnoredAny>,
    #[serde(default)]
    config: Option<IgnoredAny>,
    #[serde(default)]
    manifests: Option<IgnoredAny>,
}

/// How deep lists and objects are nested. What is in a field that is not known here is skipped by the reader, however
/// deep it is; programs that read the manifest later may do otherwise.
fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            // A text, up to its end: what is in it is no structure.
            b'"' => loop {
                match bytes.next() {
                    Some(b'\\') => drop(bytes.next()),
                    Some(b'"') | None => break,
                    Some(_) => {}
                }
            },
            _ => {}
        }
    }
    deepest
}

fn check_count(found: usize) -> Result<(), ManifestError> {
    if found > MANIFEST_DESCRIPTORS_MAX { Err(ManifestError::Descriptors { found }) } else { Ok(()) }
}

/// A layer that may be fetched from elsewhere and must not be distributed by registries need not be in this one (OCI
/// image specification, "Non-Distributable Layers"; Docker's foreign layers).
fn is_held_here(layer: &Descriptor) -> bool {
    let kind = media_type::essence(&layer.media_type);
    !(kind.contains(".nondistributable.") || kind.contains(".foreign."))
}

fn served_as(inside: Option<String>, sent: Option<&str>, is_kind: fn(&str) -> bool, default: &str) -> String {
    inside
        .filter(|kind| !kind.is_empty())
        .or_else(|| sent.filter(|kind| is_kind(kind)).map(str::to_owned))
        .unwrap_or_else(|| default.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digests(text: &str) -> Option<Vec<Digest>> {
        all_digests(&layout::manifest_value(media_type::OCI_MANIFEST, text.as_bytes()))
    }

    #[test]
    fn every_digest_is_found_wherever_it_is() {
        let names = ["1", "2", "3", "4", "5"].map(|text| Digest::sha256(text.as_bytes()));
        let [config, layer, foreign, subject, other] = &names;
        let text = format!(
            r#"{{"config":{{"digest":"{config}"}},"layers":[{{"digest":"{layer}","x":1.5,"y":[-1,null,true]}},
            {{"mediaType":"a.foreign.b","digest":"{foreign}"}}],"subject":{{"dig\u0065st":"{subject}"}},
            "unknown":{{"deep":[[{{"digest":"{other}"}}]]}},"digest":["no"],"annotations":{{"digest":"text"}}}}"#
        );
        assert_eq!(digests(&text).unwrap(), names);
    }

    #[test]
    fn what_cannot_be_read_is_not_taken_for_empty() {
        assert_eq!(digests("{"), None);
        assert_eq!(all_digests(b"no line feed"), None);
    }

    #[test]
    fn depths() {
        for (json, expected) in [
            ("", 0),
            ("7", 0),
            ("[]", 1),
            ("{\"a\":[{}]}", 3),
            ("[[],[],[[]]]", 3),
            ("\"[[[[\"", 0),
            ("[\"]\\\"[[\", []]", 2),
            ("]]]][", 1),
            ("\"\\", 0),
        ] {
            assert_eq!(depth(json.as_bytes()), expected, "{json}");
        }
    }

    #[test]
    fn a_manifest_at_the_limit_and_past_it() {
        let parse = |depth: usize| {
            let (open, close) = ("[".repeat(depth), "]".repeat(depth));
            let json = format!("{{\"schemaVersion\":2,\"manifests\":[],\"x\":{open}{close}}}");
            super::parse(&"a".parse().unwrap(), json.as_bytes(), Some(media_type::OCI_INDEX))
        };
        assert!(parse(MANIFEST_DEPTH_MAX - 1).is_ok());
        assert!(matches!(parse(MANIFEST_DEPTH_MAX), Err(ManifestError::Depth)));
    }
}
