//! Tags, repositories and referrers, page by page.

use super::*;
use crate::limits::{CATALOG_HIDDEN_MAX, REFERRERS_READ_BYTES_MAX};
use crate::registry::Next;

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
    let page = registry.catalog(None, None, |_| true).await.unwrap();
    assert_eq!(
        (page.repositories, page.next),
        (vec!["a".into(), "a-b".into(), "a/b".into(), "b".into()], None)
    );
    let page = registry.catalog(Some(2), Some("a"), |_| true).await.unwrap();
    assert_eq!(
        (page.repositories, page.next),
        (vec!["a-b".into(), "a/b".into()], Some(Next::Shown("a/b".into())))
    );
    let page = registry.catalog(Some(2), Some("a/b"), |_| true).await.unwrap();
    assert_eq!((page.repositories, page.next), (vec!["b".into()], None));
    let none = registry.catalog(Some(0), None, |_| true).await.unwrap();
    assert_eq!((none.repositories.len(), none.next), (0, None));
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
    let past = registry.catalog(None, None, |_| true).await.unwrap();
    assert_eq!(past.repositories.len(), CATALOG_PAGE_MAX);
    assert_eq!(past.next, Some(Next::Shown(format!("r{:06}", CATALOG_PAGE_MAX - 1))));
    let at = registry.catalog(Some(usize::MAX), Some("r000000"), |_| true).await.unwrap();
    assert_eq!((at.repositories.len(), at.next), (CATALOG_PAGE_MAX, None));
    // One too many to be passed over for one page, and as many as may be.
    let shown = format!("r{CATALOG_HIDDEN_MAX:06}");
    let first = registry.catalog(None, None, |name| name == shown).await.unwrap();
    let passed = format!("r{:06}", CATALOG_HIDDEN_MAX - 1);
    assert_eq!((first.repositories.len(), first.next), (0, Some(Next::Hidden(passed.clone()))));
    let second = registry.catalog(None, Some(&passed), |name| name == shown).await.unwrap();
    assert_eq!((second.repositories, second.next), (vec![shown.clone()], None));
    let all = registry.catalog(None, None, |name| name == shown || name == passed).await.unwrap();
    assert_eq!((all.repositories, all.next), (vec![passed, shown], None));
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

/// Large referrers that a filter leaves out end a page early, and the next one goes on from there. Their values are
/// never read together.
#[tokio::test]
async fn a_page_of_referrers_reads_only_so_much() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path()).await;
    let (subject, padding) = (Digest::sha256(b"subject"), "x".repeat(1 << 20));
    let count = REFERRERS_READ_BYTES_MAX / padding.len() + 3;
    for number in 0..count {
        let digest = Digest::sha256(&number.to_le_bytes());
        let descriptor = serde_json::json!({
            "mediaType": media_type::OCI_MANIFEST, "digest": digest.to_string(), "size": 1, "annotations": { "a": padding },
        });
        let mut batch = crate::store::Batch::default();
        batch.set(layout::referrer(&name("a"), &subject, &digest), descriptor.to_string().into_bytes());
        registry.metadata().commit(batch).await.unwrap();
    }
    assert!(!layout::referrers_after(&name("a"), &subject, None, 1).values);
    let page = async |kind, last: Option<Digest>| {
        registry.referrers(&name("a"), &subject, kind, last.as_ref()).await
    };
    let first = page(Some("application/other"), None).await.unwrap();
    assert!(first.referrers.is_empty() && first.next.is_some());
    let second = page(Some("application/other"), first.next).await.unwrap();
    assert_eq!((second.referrers.len(), second.next), (0, None));
    let (mut found, mut last) = (std::collections::BTreeSet::new(), None);
    loop {
        let one = page(None, last).await.unwrap();
        found.extend(one.referrers.into_iter().map(|descriptor| descriptor.digest));
        last = one.next;
        if last.is_none() {
            break;
        }
    }
    assert_eq!(found.len(), count);
}
