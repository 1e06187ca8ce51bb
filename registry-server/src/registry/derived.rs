//! The entries that can be made again from others.

use wkit_artifact::{Digest, RepositoryName};

use super::references;
use crate::store::{Entry, layout};

/// What is derived from one primary entry. Every derived entry comes from exactly one primary entry. A value that
/// cannot be read has less derived from it, and is found by `check`.
pub(crate) fn derived(key: &[u8], value: &[u8]) -> Vec<Entry> {
    if let Some((repository, digest)) = layout::parse_blob(key) {
        return vec![(layout::holder(&digest, &repository), Vec::new())];
    }
    if let Some((repository, tag)) = layout::parse_tag_key(key) {
        let digest = layout::parse_tag_value(value);
        return digest
            .map(|digest| (layout::tagged(&repository, &digest, &tag), Vec::new()))
            .into_iter()
            .collect();
    }
    let Some((repository, digest)) = layout::parse_manifest(key) else { return Vec::new() };
    let parsed = layout::parse_manifest_value(value).and_then(|(media_type, start)| {
        let bytes = value.get(start..)?;
        Some((references::parse(&repository, bytes, Some(media_type)).ok()?, bytes.len() as u64))
    });
    let entry = parsed.and_then(|(parsed, size_bytes)| {
        let key = layout::referrer(&repository, parsed.subject.as_ref()?, &digest);
        Some((key, parsed.referrer(&digest, size_bytes)))
    });
    entry.into_iter().collect()
}

/// The keys that must exist for a stored manifest to be whole, with the digest each stands for. `None` when the
/// manifest cannot be read.
pub(crate) fn needed(repository: &RepositoryName, value: &[u8]) -> Option<Vec<(Vec<u8>, Digest)>> {
    let (media_type, start) = layout::parse_manifest_value(value)?;
    Some(references::parse(repository, value.get(start..)?, Some(media_type)).ok()?.needed)
}
