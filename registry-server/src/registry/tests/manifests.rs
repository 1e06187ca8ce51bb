//! Manifests and tags, and what they refer to.

use super::*;
use crate::limits::REMOVAL_TAGS_MAX;

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
async fn the_tags_removed_with_one_commit_at_the_limit_and_one_past() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    let config = push_blob(&registry, "a", b"config").await;
    let bytes = manifest(&config, None);
    let digest = Digest::sha256(&bytes);
    for count in [REMOVAL_TAGS_MAX, REMOVAL_TAGS_MAX + 1] {
        let tags = (0..count).map(|number| format!("t{number}").parse().unwrap()).collect();
        let reference = TagOrDigest::Digest(digest.clone());
        registry.put_manifest(name("a"), reference.clone(), tags, None, bytes.clone()).await.unwrap();
        let removal = registry.removal(&name("a"), &digest).await.unwrap().unwrap();
        assert_eq!(
            (removal.whole, removal.change.tags),
            (count == REMOVAL_TAGS_MAX, REMOVAL_TAGS_MAX as u64)
        );
        registry.delete_manifest(name("a"), reference.clone()).await.unwrap();
        assert!(matches!(
            registry.manifest(&name("a"), &reference).await,
            Err(ManifestError::Unknown { .. })
        ));
        assert!(matches!(registry.tags(&name("a"), None, None).await, Err(ListError::NameUnknown)));
        assert_eq!(registry.metadata().scan(layout::tagged_with(&name("a"), &digest, 1)).await.unwrap(), []);
    }
}
