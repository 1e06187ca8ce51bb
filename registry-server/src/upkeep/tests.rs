//! Every kind of damage is found and mended; what is made again or restored is what it was.

mod backups;
mod damage;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use wkit_artifact::{Digest, RepositoryName, Tag, TagOrDigest};

use super::check::{CheckOptions, check};
use super::reindex::reindex;
use super::repair::{RepairOptions, repair};
use super::report::{Finding, Report, readable};
use super::scratch::Entries;
use super::*;
use crate::config::MetadataUrl;
use crate::limits::UPLOAD_IDLE_MAX;
use crate::registry::{Registry, Rules};
use crate::store::{self, Batch, Folder, layout};

/// Says nothing.
struct Quiet;

impl Progress for Quiet {
    fn step(&self, _: &'static str, _: u64) {}

    fn done(&self, _: u64) {}
}

fn url(backend: &str) -> MetadataUrl {
    format!("{backend}:").parse().unwrap()
}

fn backends() -> Vec<&'static str> {
    if cfg!(feature = "sled") { vec!["redb", "sled"] } else { vec!["redb"] }
}

async fn open(data: &Path, backend: &str) -> Registry {
    let stores = store::open(data, &url(backend), 1 << 30, 100, UPLOAD_IDLE_MAX).await.unwrap();
    Registry::new(stores, Rules::default())
}

fn name(text: &str) -> RepositoryName {
    text.parse().unwrap()
}

async fn push_blob(registry: &Registry, repository: &str, content: &[u8]) -> Digest {
    let digest = Digest::sha256(content);
    let body = stream::iter([Ok(Bytes::copy_from_slice(content))]).boxed();
    registry.put_blob(name(repository), digest.clone(), body).await.unwrap();
    digest
}

fn manifest(config: &Digest, subject: Option<&Digest>) -> Bytes {
    let descriptor =
        |digest: &Digest| serde_json::json!({ "mediaType": "a/b", "digest": digest.to_string(), "size": 1 });
    let mut manifest = serde_json::json!({ "schemaVersion": 2, "config": descriptor(config), "layers": [descriptor(config)] });
    if let Some(subject) = subject {
        manifest["subject"] = descriptor(subject);
    }
    manifest.to_string().into()
}

/// Pushes an artifact: its content, and a manifest under a tag.
async fn push(registry: &Registry, repository: &str, tag: &str, content: &[u8]) -> (Digest, Digest) {
    let blob = push_blob(registry, repository, content).await;
    let bytes = manifest(&blob, Some(&Digest::sha256(b"subject")));
    let digest = TagOrDigest::Digest(Digest::sha256(&bytes));
    let tags = vec![tag.parse::<Tag>().unwrap()];
    let pushed = registry.put_manifest(name(repository), digest, tags, None, bytes).await.unwrap();
    (blob, pushed.digest)
}

/// Two repositories with three artifacts.
async fn sample(data: &Path, backend: &str) {
    let registry = open(data, backend).await;
    push(&registry, "a", "v1", b"one").await;
    push(&registry, "a", "v2", b"two").await;
    push(&registry, "b/c", "v1", b"one").await;
}

fn options(temporary: &Path) -> CheckOptions<'_> {
    CheckOptions { readers: 2, sparse: false, temporary }
}

fn look(data: &Path, backend: &str) -> Report {
    check(data, &url(backend), options(&std::env::temp_dir()), &Quiet).unwrap()
}

fn mend(data: &Path, backend: &str, mending: RepairOptions) -> (Report, Vec<String>) {
    repair(data, &url(backend), options(&std::env::temp_dir()), mending, &Quiet).unwrap()
}

/// All entries of the store of a folder.
fn dump(data: &Path, backend: &str) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let folder = Folder::open(data, &url(backend)).unwrap();
    Entries::new(&*folder.engine).map(Result::unwrap).collect()
}

/// Two stores have the same entries.
fn same(found: &BTreeMap<Vec<u8>, Vec<u8>>, expected: &BTreeMap<Vec<u8>, Vec<u8>>, what: &str) {
    let differs = |key: &&Vec<u8>| found.get(*key) != expected.get(*key);
    let keys: Vec<_> = found.keys().chain(expected.keys()).filter(differs).map(|key| readable(key)).collect();
    assert!(keys.is_empty(), "{what}: {keys:?}");
}

/// Changes a store behind the journal's back.
fn change(data: &Path, backend: &str, change: impl FnOnce(&mut Batch)) {
    let mut folder = Folder::open(data, &url(backend)).unwrap();
    let mut batch = Batch::default();
    change(&mut batch);
    folder.engine.commit_group(&[batch], None).unwrap();
}

/// Random pushes, mounts and deletions.
async fn use_it(registry: &Registry, random: &mut u64) {
    let mut below = |end: u64| {
        *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*random >> 33) % end
    };
    let repository = ["a", "b", "b/c"][usize::try_from(below(3)).unwrap()];
    let (tag, content) = (format!("v{}", below(4)), format!("content {}", below(6)));
    let digest = Digest::sha256(content.as_bytes());
    match below(6) {
        0 | 1 => drop(push(registry, repository, &tag, content.as_bytes()).await),
        2 => drop(registry.mount_blob(name(repository), digest, None).await),
        3 => drop(registry.delete_blob(name(repository), digest).await),
        4 => drop(registry.delete_manifest(name(repository), TagOrDigest::Tag(tag.parse().unwrap())).await),
        _ => {
            let manifest = Digest::sha256(&manifest(&digest, Some(&Digest::sha256(b"subject"))));
            drop(registry.delete_manifest(name(repository), TagOrDigest::Digest(manifest)).await);
        }
    }
}

#[tokio::test]
async fn however_a_registry_is_used_its_parts_agree() {
    for backend in backends() {
        let folder = tempfile::tempdir().unwrap();
        let mut random = 11;
        for round in 0..12 {
            let registry = open(folder.path(), backend).await;
            for _ in 0..20 {
                use_it(&registry, &mut random).await;
            }
            drop(registry);
            let report = look(folder.path(), backend);
            // A blob can be removed while a manifest refers to it: that is up to the client.
            let wrong: Vec<_> = report
                .findings
                .iter()
                .filter(|it| !matches!(it, Finding::ManifestIncomplete { .. }))
                .collect();
            assert!(wrong.is_empty(), "{backend}, round {round}: {wrong:?}");
            assert!(report.links > 0 && report.blobs > 0, "{report:?}");
        }
    }
}

#[tokio::test]
async fn a_store_that_is_made_again_is_what_it_was() {
    for backend in backends() {
        let folder = tempfile::tempdir().unwrap();
        sample(folder.path(), backend).await;
        let before = dump(folder.path(), backend);
        let store = layout::metadata(folder.path(), backend);
        let remove = |path: &Path| {
            if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) }
        };
        for damage in ["none", "gone", "garbage", "journal", "half a journal", "no journal"] {
            let journal = layout::journal_file(folder.path());
            match damage {
                "gone" => remove(&store).unwrap(),
                "garbage" => {
                    let file = if store.is_dir() { store.join("db") } else { store.clone() };
                    std::fs::write(file, vec![0x5a; 100_000]).unwrap();
                }
                // Opening the folder makes it again.
                "journal" => std::fs::remove_file(&journal).unwrap(),
                "half a journal" => {
                    let mut bytes = std::fs::read(&journal).unwrap();
                    bytes[200] ^= 1;
                    std::fs::write(&journal, bytes).unwrap();
                }
                "no journal" => std::fs::write(&journal, b"nothing").unwrap(),
                _ => {}
            }
            let done = reindex(folder.path(), None, 2, &Quiet).unwrap();
            let source = if damage.ends_with(" journal") { backend } else { "journal" };
            assert_eq!((done.source.as_str(), done.blobs, done.missing), (source, 2, Vec::new()), "{damage}");
            same(&dump(folder.path(), backend), &before, damage);
            assert_eq!(look(folder.path(), backend).findings, []);
            let left: Vec<PathBuf> = [layout::new_file(&store), layout::old_file(&store)].into();
            assert!(left.iter().all(|path| !path.exists()));
        }
        // It goes on.
        push(&open(folder.path(), backend).await, "d", "v1", b"more").await;
        assert_eq!(look(folder.path(), backend).findings, []);
    }
}

#[cfg(feature = "sled")]
#[tokio::test]
async fn a_registry_moves_to_another_backend_and_back() {
    let folder = tempfile::tempdir().unwrap();
    sample(folder.path(), "redb").await;
    for (to, from) in [("sled", "redb"), ("redb", "sled")] {
        let before = dump(folder.path(), from);
        reindex(folder.path(), Some(&url(to)), 2, &Quiet).unwrap();
        same(&dump(folder.path(), to), &before, to);
        assert!(!layout::metadata(folder.path(), from).exists());
        let refused = Folder::open(folder.path(), &url(from)).err().unwrap().to_string();
        assert!(refused.starts_with("expected the metadata store"), "{refused}");
        push(&open(folder.path(), to).await, "a", "v2", b"two").await;
    }
}

#[tokio::test]
async fn what_cannot_be_made_again_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |data: &Path| reindex(data, None, 2, &Quiet).unwrap_err().to_string();
    assert!(refused(folder.path()).starts_with("expected a registry's data folder"));
    sample(folder.path(), "redb").await;
    // Content that is gone is told, and the store is made all the same.
    let blob = layout::blob_file(folder.path(), &Digest::sha256(b"one"));
    std::fs::rename(&blob, folder.path().join("kept")).unwrap();
    let done = reindex(folder.path(), None, 2, &Quiet).unwrap();
    assert_eq!(done.missing, [Digest::sha256(b"one").to_string()]);
    std::fs::rename(folder.path().join("kept"), &blob).unwrap();
    // A journal whose end cannot be read is kept.
    let journal = layout::journal_file(folder.path());
    let mut bytes = std::fs::read(&journal).unwrap();
    bytes.extend_from_slice(b"torn");
    std::fs::write(&journal, bytes).unwrap();
    std::fs::remove_file(layout::metadata(folder.path(), "redb")).unwrap();
    let done = reindex(folder.path(), None, 2, &Quiet).unwrap();
    assert!(done.unreadable.unwrap().exists());
    assert_eq!(look(folder.path(), "redb").findings, []);

    let running = open(folder.path(), "redb").await;
    assert!(refused(folder.path()).starts_with("a registry is running on the data folder"));
    drop(running);
    std::fs::remove_file(&journal).unwrap();
    std::fs::remove_file(layout::metadata(folder.path(), "redb")).unwrap();
    assert!(refused(folder.path()).contains("has no journal and no metadata store"));
}
