//! The registry without HTTP.

mod content;
mod garbage;
mod interleaved;
mod lists;
mod manifests;
mod memory;
mod quota;
mod retention;

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use wkit_artifact::{Algorithm, Digest, RepositoryName, Tag, TagOrDigest, media_type};

use super::garbage::Tally;
use super::{BlobError, GarbageRules, ListError, ManifestError, Registry, Rules, UploadError};
use crate::limits::{
    CATALOG_PAGE_MAX, MANIFEST_DESCRIPTORS_MAX, REFERRERS_PAGE_MAX, TAGS_PAGE_MAX, UPLOAD_IDLE_MAX,
};
use crate::store::{
    self, AppendError, BeginError, Chunk, Incoming, IncomingError, SealError, UploadKey, layout,
};

async fn open_with(data: &Path, blob_bytes_max: u64, sessions_max: usize, idle_max: Duration) -> Registry {
    let url = crate::MetadataUrl::default();
    let stores = store::open(data, &url, blob_bytes_max, sessions_max, idle_max).await.unwrap();
    Registry::new(stores, Rules::default())
}

async fn open_with_rules(data: &Path, rules: Rules) -> Registry {
    let url = crate::MetadataUrl::default();
    let stores = store::open(data, &url, 1 << 30, 100, UPLOAD_IDLE_MAX).await.unwrap();
    Registry::new(stores, rules)
}

/// Rules by which garbage goes at once.
fn without_grace() -> Rules {
    Rules { garbage: GarbageRules { grace_seconds: 0, ..GarbageRules::default() }, ..Rules::default() }
}

async fn open(data: &Path) -> Registry {
    open_with(data, 1 << 30, 100, UPLOAD_IDLE_MAX).await
}

fn body(parts: &[&[u8]]) -> Incoming {
    let parts: Vec<_> = parts.iter().map(|part| Ok(Bytes::copy_from_slice(part))).collect();
    stream::iter(parts).boxed()
}

fn name(text: &str) -> RepositoryName {
    text.parse().unwrap()
}

fn tag(text: &str) -> TagOrDigest {
    TagOrDigest::Tag(text.parse().unwrap())
}

async fn push_blob(registry: &Registry, repository: &str, content: &[u8]) -> Digest {
    let digest = Digest::sha256(content);
    registry.put_blob(name(repository), digest.clone(), body(&[content])).await.unwrap();
    digest
}

async fn read_blob(registry: &Registry, repository: &str, digest: &Digest) -> Result<Vec<u8>, BlobError> {
    let size_bytes = registry.blob_size(&name(repository), digest).await?;
    let content = registry.read_blob(&name(repository), digest, size_bytes, 0, size_bytes).await?;
    Ok(content.bytes.try_collect::<Vec<Bytes>>().await.unwrap().concat())
}

fn manifest(config: &Digest, subject: Option<&Digest>) -> Bytes {
    let descriptor = |digest: &Digest| serde_json::json!({ "mediaType": "application/x", "digest": digest.to_string(), "size": 1 });
    let mut manifest = serde_json::json!({
        "schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST, "config": descriptor(config), "layers": [],
    });
    if let Some(subject) = subject {
        manifest["subject"] = descriptor(subject);
    }
    manifest.to_string().into()
}

async fn push(registry: &Registry, repository: &str, reference: TagOrDigest, bytes: &Bytes) -> Digest {
    let pushed = registry.put_manifest(name(repository), reference, Vec::new(), None, bytes.clone()).await;
    pushed.unwrap().digest
}

fn content_files(data: &Path) -> usize {
    let count = |algorithm| {
        let folder = layout::blobs(data, algorithm);
        let shards = std::fs::read_dir(folder).unwrap();
        shards.map(|shard| std::fs::read_dir(shard.unwrap().path()).unwrap().count()).sum::<usize>()
    };
    count(Algorithm::Sha256) + count(Algorithm::Sha512)
}

fn upload_files(data: &Path) -> usize {
    std::fs::read_dir(layout::uploads(data)).unwrap().count()
}
