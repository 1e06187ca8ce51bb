//! The registry without HTTP.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use wkit_artifact::{Algorithm, Digest, RepositoryName, Tag, TagOrDigest, media_type};

use super::{BlobError, ListError, ManifestError, Registry, UploadError};
use crate::limits::{
    CATALOG_PAGE_MAX, MANIFEST_DESCRIPTORS_MAX, REFERRERS_PAGE_MAX, TAGS_PAGE_MAX, UPLOAD_IDLE_MAX,
};
use crate::store::{
    self, AppendError, BeginError, Chunk, Incoming, IncomingError, SealError, UploadKey, layout,
};

async fn open_with(data: &Path, blob_bytes_max: u64, sessions_max: usize, idle_max: Duration) -> Registry {
    let url = crate::MetadataUrl::default();
    let stores = store::open(data, &url, blob_bytes_max, sessions_max, idle_max).await.unwrap();
    Registry::new(stores, false)
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

#[tokio::test]
async fn content_is_held_once_and_seen_where_it_was_pushed() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    let digest = push_blob(&registry, "a", b"content").await;
    assert!(matches!(registry.blob_size(&name("b"), &digest).await, Err(BlobError::Unknown { .. })));
    assert!(registry.mount_blob(name("b"), digest.clone(), Some(name("a"))).await.unwrap());
    assert!(registry.mount_blob(name("c"), digest.clone(), None).await.unwrap());
    assert!(!registry.mount_blob(name("d"), digest.clone(), Some(name("x"))).await.unwrap());
    assert!(!registry.mount_blob(name("d"), Digest::sha256(b"other"), None).await.unwrap());
    push_blob(&registry, "d", b"content").await;
    assert_eq!(content_files(folder.path()), 1);

    for (deleted, left) in [("a", "b"), ("b", "c"), ("c", "d")] {
        registry.delete_blob(name(deleted), digest.clone()).await.unwrap();
        assert!(matches!(read_blob(&registry, deleted, &digest).await, Err(BlobError::Unknown { .. })));
        assert_eq!(read_blob(&registry, left, &digest).await.unwrap(), b"content");
    }
    registry.delete_blob(name("d"), digest.clone()).await.unwrap();
    assert_eq!(content_files(folder.path()), 0);
    assert!(matches!(registry.delete_blob(name("d"), digest).await, Err(BlobError::Unknown { .. })));
}

#[tokio::test]
async fn a_wrong_digest_stores_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    for digest in [Digest::sha256(b"other"), Digest::of(Algorithm::Sha512, b"other")] {
        let refused = registry.put_blob(name("a"), digest.clone(), body(&[b"content"])).await;
        assert!(matches!(refused, Err(UploadError::Seal(SealError::Digest { .. }))));
        assert!(registry.blob_size(&name("a"), &digest).await.is_err());
    }
    assert_eq!((content_files(folder.path()), upload_files(folder.path())), (0, 0));
}

#[tokio::test]
async fn both_algorithms_work_whatever_the_upload_began_with() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    for (begun, ended) in [(Algorithm::Sha256, Algorithm::Sha512), (Algorithm::Sha512, Algorithm::Sha256)] {
        let upload = registry.begin_upload(name("a"), begun).await.unwrap();
        registry.append_upload(upload.clone(), None, body(&[b"con", b"tent"])).await.unwrap();
        let digest = Digest::of(ended, b"content");
        registry.finish_upload(upload, digest.clone()).await.unwrap();
        assert_eq!(read_blob(&registry, "a", &digest).await.unwrap(), b"content");
    }
}

#[tokio::test]
async fn chunks_must_follow_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    let upload = registry.begin_upload(name("a"), Algorithm::Sha256).await.unwrap();
    let chunk = |start, size_bytes| Some(Chunk { start, size_bytes });
    let append = |chunk, bytes: &'static [u8]| registry.append_upload(upload.clone(), chunk, body(&[bytes]));
    assert_eq!(append(chunk(0, 4), b"0123").await.unwrap(), 4);
    for start in [0, 3, 5] {
        let refused = append(chunk(start, 4), b"4567").await;
        let expected = AppendError::OutOfOrder { expected: 4, found: start };
        assert_eq!(refused.unwrap_err().to_string(), expected.to_string());
    }
    assert_eq!(append(chunk(4, 2), b"45").await.unwrap(), 6);
    assert!(matches!(
        append(chunk(6, 2), b"678").await,
        Err(UploadError::Append(AppendError::ChunkSize { expected: 2, found: 3 }))
    ));
    assert!(matches!(
        append(chunk(6, 3), b"67").await,
        Err(UploadError::Append(AppendError::ChunkSize { expected: 3, found: 2 }))
    ));
    assert_eq!(registry.upload_size(&upload).unwrap(), 8);
    assert_eq!(append(None, b"89").await.unwrap(), 10);
    registry.finish_upload(upload, Digest::sha256(b"0123456789")).await.unwrap();
}

#[tokio::test]
async fn an_upload_belongs_to_its_repository_and_ends_once() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    let upload = registry.begin_upload(name("a"), Algorithm::Sha256).await.unwrap();
    let elsewhere = UploadKey { repository: name("b"), ..upload.clone() };
    assert!(matches!(registry.upload_size(&elsewhere), Err(UploadError::Unknown)));
    assert!(matches!(registry.cancel_upload(elsewhere).await, Err(UploadError::Unknown)));
    registry.cancel_upload(upload.clone()).await.unwrap();
    assert!(matches!(registry.cancel_upload(upload.clone()).await, Err(UploadError::Unknown)));
    let late = registry.append_upload(upload.clone(), None, body(&[b"x"])).await;
    assert!(matches!(late, Err(UploadError::Append(AppendError::Unknown))));
    let late = registry.finish_upload(upload, Digest::sha256(b"")).await;
    assert!(matches!(late, Err(UploadError::Seal(SealError::Unknown))));
    assert_eq!(upload_files(folder.path()), 0);
}

#[tokio::test]
async fn a_broken_body_leaves_what_arrived_and_the_upload_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    let broken = || {
        let broken = IncomingError::Broken { message: "gone".to_owned() };
        stream::iter([Ok(Bytes::from_static(b"01234")), Err(broken)]).boxed()
    };
    let refused = registry.put_blob(name("a"), Digest::sha256(b"01234"), broken()).await;
    assert!(matches!(refused, Err(UploadError::Append(AppendError::Body(_)))));
    assert_eq!((content_files(folder.path()), upload_files(folder.path())), (0, 0));

    let upload = registry.begin_upload(name("a"), Algorithm::Sha256).await.unwrap();
    let refused = registry.append_upload(upload.clone(), None, broken()).await;
    assert!(matches!(refused, Err(UploadError::Append(AppendError::Body(_)))));
    assert_eq!(registry.upload_size(&upload).unwrap(), 5);
    let chunk = Chunk { start: 5, size_bytes: 5 };
    registry.append_upload(upload.clone(), Some(chunk), body(&[b"56789"])).await.unwrap();
    registry.finish_upload(upload, Digest::sha256(b"0123456789")).await.unwrap();
}

#[tokio::test]
async fn an_upload_goes_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let content = vec![7_u8; 3 * 1024 * 1024];
    let (first, second) = content.split_at(1_500_000);
    let registry = open(folder.path()).await;
    let upload = registry.begin_upload(name("a"), Algorithm::Sha256).await.unwrap();
    registry.append_upload(upload.clone(), None, body(&[first])).await.unwrap();
    drop(registry);

    let registry = open(folder.path()).await;
    assert_eq!(registry.upload_size(&upload).unwrap(), first.len() as u64);
    registry.append_upload(upload.clone(), None, body(&[second])).await.unwrap();
    let digest = Digest::sha256(&content);
    registry.finish_upload(upload, digest.clone()).await.unwrap();
    assert!(read_blob(&registry, "a", &digest).await.unwrap() == content);
}

#[tokio::test]
async fn limits_of_uploads_at_and_one_past() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open_with(folder.path(), 10, 2, UPLOAD_IDLE_MAX).await;
    push_blob(&registry, "a", b"0123456789").await;
    for parts in [[b"0123456789".as_slice(), b"x"], [b"0123456789x", b""]] {
        let refused = registry.put_blob(name("a"), Digest::sha256(b"0123456789x"), body(&parts)).await;
        assert!(matches!(refused, Err(UploadError::Append(AppendError::TooLarge { maximum: 10 }))));
    }
    assert_eq!(upload_files(folder.path()), 0);

    let first = registry.begin_upload(name("a"), Algorithm::Sha256).await.unwrap();
    registry.begin_upload(name("a"), Algorithm::Sha256).await.unwrap();
    let refused = registry.begin_upload(name("a"), Algorithm::Sha256).await;
    assert!(matches!(refused, Err(UploadError::Begin(BeginError::TooMany { maximum: 2 }))));
    registry.cancel_upload(first).await.unwrap();
    registry.begin_upload(name("a"), Algorithm::Sha256).await.unwrap();
}

#[tokio::test]
async fn uploads_that_rest_expire_now_or_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    let upload = registry.begin_upload(name("a"), Algorithm::Sha256).await.unwrap();
    assert_eq!(registry.collect_garbage().await.unwrap().uploads, 0);
    drop(registry);

    let registry = open_with(folder.path(), 10, 10, UPLOAD_IDLE_MAX).await;
    assert_eq!(registry.upload_size(&upload).unwrap(), 0);
    drop(registry);

    let registry = open_with(folder.path(), 10, 10, Duration::ZERO).await;
    assert!(registry.upload_size(&upload).is_err());
    assert_eq!(upload_files(folder.path()), 0);
    registry.begin_upload(name("a"), Algorithm::Sha256).await.unwrap();
    assert_eq!(registry.collect_garbage().await.unwrap().uploads, 1);
    assert_eq!(upload_files(folder.path()), 0);
}

#[tokio::test]
async fn content_without_a_link_is_garbage_and_other_content_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    let kept = push_blob(&registry, "a", b"kept").await;
    let lost = Digest::sha256(b"lost");
    let path = layout::blob_file(folder.path(), &lost);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, b"lost").unwrap();
    assert_eq!(content_files(folder.path()), 2);
    assert_eq!(registry.collect_garbage().await.unwrap().blobs, 1);
    assert_eq!(content_files(folder.path()), 1);
    assert_eq!(read_blob(&registry, "a", &kept).await.unwrap(), b"kept");
}

/// Pushes, mounts and deletions of the same content at once: whatever is linked afterwards can be read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_never_takes_what_is_pushed_at_the_same_time() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    let digest = Digest::sha256(b"contended");
    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let (registry, digest) = (registry.clone(), digest.clone());
            tokio::spawn(async move {
                let repository = name(&format!("r{number}"));
                for round in 0..25 {
                    if (round + number) % 3 == 0 {
                        // No other repository may hold it at this moment.
                        let _ = registry.mount_blob(repository.clone(), digest.clone(), None).await.unwrap();
                    } else {
                        let content = body(&[b"contended"]);
                        registry.put_blob(repository.clone(), digest.clone(), content).await.unwrap();
                        let read = read_blob(&registry, repository.as_str(), &digest).await.unwrap();
                        assert_eq!(read, b"contended");
                    }
                    if number == 0 {
                        registry.collect_garbage().await.unwrap();
                    }
                    let deleted = registry.delete_blob(repository.clone(), digest.clone()).await;
                    assert!(matches!(deleted, Ok(()) | Err(BlobError::Unknown { .. })), "{deleted:?}");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(content_files(folder.path()), 0);
    assert_eq!(push_blob(&registry, "a", b"contended").await, digest);
    assert_eq!(read_blob(&registry, "a", &digest).await.unwrap(), b"contended");
}

#[tokio::test]
async fn damaged_content_is_never_served() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    let digest = push_blob(&registry, "a", b"content").await;
    let path = layout::blob_file(folder.path(), &digest);
    std::fs::write(&path, b"cont").unwrap();
    assert!(matches!(read_blob(&registry, "a", &digest).await, Err(BlobError::Blobs(_))));
    // A push of the same content repairs it.
    push_blob(&registry, "a", b"content").await;
    assert_eq!(read_blob(&registry, "a", &digest).await.unwrap(), b"content");
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(read_blob(&registry, "a", &digest).await, Err(BlobError::Blobs(_))));
}

#[tokio::test]
async fn manifests_and_tags() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    let (one, two) = (push_blob(&registry, "a", b"1").await, push_blob(&registry, "a", b"2").await);
    let (one, two) = (manifest(&one, None), manifest(&two, None));
    let digest = push(&registry, "a", tag("v1"), &one).await;
    assert_eq!(digest, Digest::sha256(&one));
    push(&registry, "a", tag("latest"), &one).await;
    let stored = registry.manifest(&name("a"), &tag("v1")).await.unwrap();
    assert_eq!((stored.digest, stored.media_type.as_str()), (digest.clone(), media_type::OCI_MANIFEST));
    assert_eq!(stored.bytes, one);

    // A moved tag does not go with the manifest it was moved from.
    let moved = push(&registry, "a", tag("latest"), &two).await;
    registry.delete_manifest(name("a"), TagOrDigest::Digest(digest.clone())).await.unwrap();
    for gone in [tag("v1"), TagOrDigest::Digest(digest)] {
        assert!(matches!(registry.manifest(&name("a"), &gone).await, Err(ManifestError::Unknown { .. })));
    }
    assert_eq!(registry.manifest(&name("a"), &tag("latest")).await.unwrap().digest, moved);
    registry.delete_manifest(name("a"), tag("latest")).await.unwrap();
    assert!(registry.manifest(&name("a"), &tag("latest")).await.is_err());
    assert_eq!(registry.manifest(&name("a"), &TagOrDigest::Digest(moved)).await.unwrap().bytes, two);
    let again = registry.delete_manifest(name("a"), tag("latest")).await;
    assert!(matches!(again, Err(ManifestError::Unknown { .. })));
}

#[tokio::test]
async fn a_manifest_needs_what_it_refers_to() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    let config = push_blob(&registry, "a", b"config").await;
    let image = manifest(&config, None);
    let put = |repository, bytes: &Bytes| {
        registry.put_manifest(name(repository), tag("v1"), Vec::new(), None, bytes.clone())
    };
    // Content of another repository does not count.
    let Err(ManifestError::Missing { missing }) = put("b", &image).await else { panic!("accepted") };
    assert_eq!(missing, [config]);
    assert!(matches!(registry.tags(&name("b"), None, None).await, Err(ListError::NameUnknown)));

    let entry = serde_json::json!({
        "mediaType": media_type::OCI_MANIFEST, "digest": Digest::sha256(&image).to_string(), "size": image.len(),
    });
    let index: Bytes = serde_json::json!({ "schemaVersion": 2, "manifests": [entry] }).to_string().into();
    assert!(matches!(put("a", &index).await, Err(ManifestError::Missing { .. })));
    put("a", &image).await.unwrap();
    put("a", &index).await.unwrap();
    let stored = registry.manifest(&name("a"), &tag("v1")).await.unwrap();
    assert_eq!(stored.media_type, media_type::OCI_INDEX);
}

#[tokio::test]
async fn bad_manifests() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    let config = push_blob(&registry, "a", b"config").await;
    let valid = manifest(&config, None);
    let put = |reference, content_type: Option<&'static str>, bytes: Bytes| {
        registry.put_manifest(name("a"), reference, Vec::new(), content_type, bytes)
    };
    let wrong = TagOrDigest::Digest(Digest::sha256(b"other"));
    assert!(matches!(put(wrong, None, valid.clone()).await, Err(ManifestError::Digest { .. })));
    let disagree = put(tag("v1"), Some(media_type::OCI_INDEX), valid).await;
    assert!(matches!(disagree, Err(ManifestError::Invalid(_))));
    for text in
        ["", "[]", "{}", "null", "\u{0}", r#"{"schemaVersion":1}"#, r#"{"schemaVersion":2,"layers":[{}]}"#]
    {
        assert!(matches!(put(tag("v1"), None, text.into()).await, Err(ManifestError::Invalid(_))), "{text}");
    }
    let both = r#"{"schemaVersion":2,"layers":[],"manifests":[]}"#;
    assert!(matches!(put(tag("v1"), None, both.into()).await, Err(ManifestError::Ambiguous)));
    assert!(matches!(registry.tags(&name("a"), None, None).await, Err(ListError::NameUnknown)));
}

#[tokio::test]
async fn the_limit_on_descriptors_at_and_one_past() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    let config = push_blob(&registry, "a", b"config").await;
    let descriptor = serde_json::json!({ "mediaType": "a/b", "digest": config.to_string(), "size": 6 });
    let with = |count| -> Bytes {
        let layers = vec![descriptor.clone(); count];
        serde_json::json!({ "schemaVersion": 2, "config": descriptor, "layers": layers }).to_string().into()
    };
    push(&registry, "a", tag("at"), &with(MANIFEST_DESCRIPTORS_MAX - 1)).await;
    let past = with(MANIFEST_DESCRIPTORS_MAX);
    let refused = registry.put_manifest(name("a"), tag("past"), Vec::new(), None, past).await;
    assert!(
        matches!(refused, Err(ManifestError::Descriptors { found }) if found == MANIFEST_DESCRIPTORS_MAX + 1)
    );
}

/// Pushes and deletions of one manifest under one tag at once: a tag never names a manifest that is not there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tag_never_dangles() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    let config = push_blob(&registry, "a", b"config").await;
    let bytes = manifest(&config, Some(&Digest::sha256(b"subject")));
    let digest = TagOrDigest::Digest(Digest::sha256(&bytes));
    let tasks: Vec<_> = (0..6)
        .map(|number| {
            let (registry, bytes, digest) = (registry.clone(), bytes.clone(), digest.clone());
            tokio::spawn(async move {
                for round in 0..20 {
                    if number < 4 {
                        push(&registry, "a", tag(&format!("v{}", (number + round) % 3)), &bytes).await;
                    } else {
                        let deleted = registry.delete_manifest(name("a"), digest.clone()).await;
                        assert!(
                            matches!(deleted, Ok(()) | Err(ManifestError::Unknown { .. })),
                            "{deleted:?}"
                        );
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    if let Ok(page) = registry.tags(&name("a"), None, None).await {
        for found in page.tags {
            assert_eq!(registry.manifest(&name("a"), &tag(&found)).await.unwrap().bytes, bytes);
        }
    }
    let _ = registry.delete_manifest(name("a"), digest).await;
    assert!(matches!(registry.tags(&name("a"), None, None).await, Err(ListError::NameUnknown)));
    let referrers = registry.referrers(&name("a"), &Digest::sha256(b"subject"), None, None).await.unwrap();
    assert_eq!(referrers.referrers, []);
}

#[tokio::test]
async fn tags_come_in_pages() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    let config = push_blob(&registry, "a", b"config").await;
    let bytes = manifest(&config, None);
    let tags: Vec<Tag> =
        ["v1", "v1.0", "v10", "a", "Z", "_x"].iter().map(|tag| tag.parse().unwrap()).collect();
    let digest = TagOrDigest::Digest(Digest::sha256(&bytes));
    registry.put_manifest(name("a"), digest, tags, None, bytes).await.unwrap();
    let page = async |n, last| registry.tags(&name("a"), n, last).await.unwrap();
    assert_eq!(page(None, None).await.tags, ["Z", "_x", "a", "v1", "v1.0", "v10"]);
    assert!(!page(None, None).await.more && !page(Some(6), None).await.more);
    let first = page(Some(4), None).await;
    assert_eq!((first.tags.last().map(String::as_str), first.more), (Some("v1"), true));
    assert_eq!(page(Some(4), Some("v1")).await.tags, ["v1.0", "v10"]);
    assert_eq!(page(None, Some("zzz")).await.tags, [""; 0]);
    let none = page(Some(0), None).await;
    assert_eq!((none.tags.len(), none.more), (0, false));
}

#[tokio::test]
async fn the_catalog_lists_repositories_with_manifests() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    push_blob(&registry, "only/blobs", b"config").await;
    for repository in ["b", "a/b", "a", "a-b"] {
        let config = push_blob(&registry, repository, b"config").await;
        push(&registry, repository, tag("v1"), &manifest(&config, None)).await;
        push(&registry, repository, tag("v2"), &manifest(&config, Some(&config))).await;
    }
    let page = registry.catalog(None, None).await.unwrap();
    assert_eq!(
        (page.repositories, page.more),
        (vec!["a".into(), "a-b".into(), "a/b".into(), "b".into()], false)
    );
    let page = registry.catalog(Some(2), Some("a")).await.unwrap();
    assert_eq!((page.repositories, page.more), (vec!["a-b".into(), "a/b".into()], true));
    let page = registry.catalog(Some(2), Some("a/b")).await.unwrap();
    assert_eq!((page.repositories, page.more), (vec!["b".into()], false));
}

#[tokio::test]
async fn referrers_come_and_go_with_their_manifests() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    let config = push_blob(&registry, "a", b"config").await;
    let subject = Digest::sha256(b"a subject that is not there");
    let bytes = manifest(&config, Some(&subject));
    let pushed = registry.put_manifest(name("a"), tag("v1"), Vec::new(), None, bytes.clone()).await.unwrap();
    assert_eq!(pushed.subject.as_ref(), Some(&subject));
    let list = async |kind| registry.referrers(&name("a"), &subject, kind, None).await.unwrap().referrers;
    let found = list(None).await;
    assert_eq!(found.len(), 1);
    assert_eq!((&found[0].digest, found[0].size_bytes), (&pushed.digest, bytes.len() as u64));
    assert_eq!(list(Some("application/x")).await, found);
    assert_eq!(list(Some("application/y")).await, []);
    assert_eq!(registry.referrers(&name("b"), &subject, None, None).await.unwrap().referrers, []);
    registry.delete_manifest(name("a"), TagOrDigest::Digest(pushed.digest)).await.unwrap();
    assert_eq!(list(None).await, []);
}

#[tokio::test]
async fn pages_at_their_limit_and_one_past() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    let config = push_blob(&registry, "a", b"config").await;
    let bytes = manifest(&config, None);
    let tags: Vec<Tag> = (0..=TAGS_PAGE_MAX).map(|number| format!("t{number:06}").parse().unwrap()).collect();
    let digest = TagOrDigest::Digest(Digest::sha256(&bytes));
    registry.put_manifest(name("a"), digest, tags, None, bytes).await.unwrap();
    let page = async |n, last| registry.tags(&name("a"), n, last).await.unwrap();
    let past = page(Some(TAGS_PAGE_MAX + 1), None).await;
    assert_eq!((past.tags.len(), past.more), (TAGS_PAGE_MAX, true));
    let at = page(Some(TAGS_PAGE_MAX), Some("t000000")).await;
    assert_eq!((at.tags.len(), at.more), (TAGS_PAGE_MAX, false));
    let all = page(None, None).await;
    assert_eq!((all.tags.len(), all.more), (TAGS_PAGE_MAX + 1, false));
}

#[tokio::test]
async fn the_catalog_page_at_its_limit_and_one_past() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    let mut batch = crate::store::Batch::default();
    for number in 0..=CATALOG_PAGE_MAX {
        let repository = name(&format!("r{number:06}"));
        batch.set(layout::manifest(&repository, &Digest::sha256(b"x")), Vec::new());
    }
    registry.metadata().commit(batch).await.unwrap();
    let past = registry.catalog(None, None).await.unwrap();
    assert_eq!((past.repositories.len(), past.more), (CATALOG_PAGE_MAX, true));
    let at = registry.catalog(Some(usize::MAX), Some("r000000")).await.unwrap();
    assert_eq!((at.repositories.len(), at.more), (CATALOG_PAGE_MAX, false));
}

#[tokio::test]
async fn the_referrers_page_at_its_limit_and_one_past() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    let (repository, subject) = (name("a"), Digest::sha256(b"subject"));
    let add = async |from: usize, to: usize| {
        let mut batch = crate::store::Batch::default();
        for number in from..to {
            let digest = Digest::sha256(&number.to_be_bytes());
            let descriptor = wkit_artifact::Descriptor::new("a/b", digest.clone(), 1);
            let value = serde_json::to_vec(&descriptor).unwrap();
            batch.set(layout::referrer(&repository, &subject, &digest), value);
        }
        registry.metadata().commit(batch).await.unwrap();
    };
    add(0, REFERRERS_PAGE_MAX).await;
    let at = registry.referrers(&repository, &subject, None, None).await.unwrap();
    assert_eq!((at.referrers.len(), at.next), (REFERRERS_PAGE_MAX, None));
    add(REFERRERS_PAGE_MAX, REFERRERS_PAGE_MAX + 1).await;
    let first = registry.referrers(&repository, &subject, None, None).await.unwrap();
    assert_eq!(first.referrers.len(), REFERRERS_PAGE_MAX);
    let second = registry.referrers(&repository, &subject, None, first.next.as_ref()).await.unwrap();
    assert_eq!((second.referrers.len(), second.next), (1, None));
}
