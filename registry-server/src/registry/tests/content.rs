//! Blobs and the uploads that bring them.

use super::*;

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
    assert_eq!(registry.collect_garbage(false).await.unwrap().uploads, 0);
    drop(registry);

    let registry = open_with(folder.path(), 10, 10, UPLOAD_IDLE_MAX).await;
    assert_eq!(registry.upload_size(&upload).unwrap(), 0);
    drop(registry);

    let registry = open_with(folder.path(), 10, 10, Duration::ZERO).await;
    assert!(registry.upload_size(&upload).is_err());
    assert_eq!(upload_files(folder.path()), 0);
    registry.begin_upload(name("a"), Algorithm::Sha256).await.unwrap();
    assert_eq!(registry.collect_garbage(false).await.unwrap().uploads, 1);
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
    assert_eq!(registry.collect_garbage(false).await.unwrap().orphans.blobs, 1);
    assert_eq!(content_files(folder.path()), 2);
    drop(registry);
    let registry = open_with_rules(folder.path(), without_grace()).await;
    assert_eq!(registry.collect_garbage(true).await.unwrap().freed, Tally { blobs: 1, bytes: 4 });
    assert_eq!(content_files(folder.path()), 2);
    let kept_too = manifest(&kept, None);
    push(&registry, "a", tag("v1"), &kept_too).await;
    assert_eq!(registry.collect_garbage(false).await.unwrap().freed, Tally { blobs: 1, bytes: 4 });
    assert_eq!(content_files(folder.path()), 1);
    assert_eq!(read_blob(&registry, "a", &kept).await.unwrap(), b"kept");
}

/// Pushes, mounts and deletions of the same content at once: whatever is linked afterwards can be read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_never_takes_what_is_pushed_at_the_same_time() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open_with_rules(folder.path(), without_grace()).await;
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
                        // No manifest refers to it: the collector may have been faster.
                        match read_blob(&registry, repository.as_str(), &digest).await {
                            Ok(read) => assert_eq!(read, b"contended"),
                            Err(error) => assert!(matches!(error, BlobError::Unknown { .. }), "{error}"),
                        }
                    }
                    if number == 0 {
                        registry.collect_garbage(false).await.unwrap();
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

/// The data folder may be one that others may look into, such as one that was made by hand.
#[cfg(unix)]
#[tokio::test]
async fn what_is_stored_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    for backend in ["redb", "sled"] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let url: crate::config::MetadataUrl = format!("{backend}:").parse().unwrap();
        let stores = crate::store::open(folder.path(), &url, 1 << 20, 10, std::time::Duration::from_secs(60));
        let registry = Registry::new(stores.await.unwrap(), Rules::default());
        let digest = push_blob(&registry, "a", b"private").await;
        let metadata = url.path(folder.path());
        for path in [layout::blob_file(folder.path(), &digest), layout::journal_file(folder.path()), metadata]
        {
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{}: {mode:o}", path.display());
        }
    }
}
