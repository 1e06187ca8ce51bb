//! Damage of each kind, found by `check` and mended by its repair.

use super::*;
use crate::limits::{BLOB_READERS_MAX, ORPHAN_AGE_MIN};

/// What is found in a folder with the sample after it was damaged, what is done about it, and what is left.
async fn damaged(
    mending: RepairOptions,
    damage: impl FnOnce(&Path),
) -> (tempfile::TempDir, Vec<Finding>, Vec<String>, Vec<Finding>) {
    let folder = tempfile::tempdir().unwrap();
    sample(folder.path(), "redb").await;
    assert_eq!(look(folder.path(), "redb").findings, []);
    damage(folder.path());
    let found = look(folder.path(), "redb").findings;
    let (again, actions) = mend(folder.path(), "redb", mending);
    // Looking changes nothing.
    let kinds = |findings: &[Finding]| findings.iter().map(std::mem::discriminant).collect::<Vec<_>>();
    assert_eq!(kinds(&again.findings)[..kinds(&found).len()], kinds(&found)[..]);
    let left = look(folder.path(), "redb").findings;
    (folder, found, actions, left)
}

fn one() -> Digest {
    Digest::sha256(b"one")
}

fn of_one() -> Digest {
    Digest::sha256(&manifest(&one(), Some(&Digest::sha256(b"subject"))))
}

fn incomplete(findings: &[Finding]) -> bool {
    findings.len() == 2 && findings.iter().all(|it| matches!(it, Finding::ManifestIncomplete { .. }))
}

#[tokio::test]
async fn content_that_is_damaged() {
    for keep_links in [false, true] {
        let mending = RepairOptions { keep_links, ..RepairOptions::default() };
        let damage = |data: &Path| std::fs::write(layout::blob_file(data, &one()), b"eno").unwrap();
        let (folder, found, actions, left) = damaged(mending, damage).await;
        let expected = Finding::ContentDamaged {
            digest: one().to_string(),
            found: Digest::sha256(b"eno").to_string(),
            repositories: vec!["a".into(), "b/c".into()],
        };
        assert_eq!(found, [expected]);
        let quarantined = layout::quarantine(folder.path(), one().algorithm()).join(one().hex());
        assert_eq!(std::fs::read(quarantined).unwrap(), b"eno");
        assert!(!actions.is_empty());
        if keep_links {
            assert!(matches!(&left[..], [Finding::ContentMissing { .. }]), "{left:?}");
        } else {
            assert!(incomplete(&left), "{left:?}");
        }
        // A push mends the rest.
        let registry = open(folder.path(), "redb").await;
        for repository in ["a", "b/c"] {
            push_blob(&registry, repository, b"one").await;
        }
        drop(registry);
        assert_eq!(look(folder.path(), "redb").findings, []);
    }
}

#[tokio::test]
async fn content_that_is_missing() {
    let damage = |data: &Path| std::fs::remove_file(layout::blob_file(data, &one())).unwrap();
    let (_folder, found, _, left) = damaged(RepairOptions::default(), damage).await;
    let repositories = vec!["a".into(), "b/c".into()];
    assert_eq!(found, [Finding::ContentMissing { digest: one().to_string(), repositories }]);
    assert!(incomplete(&left), "{left:?}");
}

#[tokio::test]
async fn content_that_nobody_holds() {
    let orphan = Digest::sha256(b"orphan");
    let damage = |data: &Path| {
        let path = layout::blob_file(data, &Digest::sha256(b"orphan"));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, b"orphan").unwrap();
    };
    let expected = [Finding::ContentOrphaned { digest: orphan.to_string(), size_bytes: 6 }];
    let (_folder, found, _, left) = damaged(RepairOptions::default(), damage).await;
    assert_eq!((&found[..], &left[..]), (&expected[..], &expected[..]));
    let mending = RepairOptions { remove_orphans: true, ..RepairOptions::default() };
    let (folder, found, _, left) = damaged(mending, damage).await;
    assert_eq!((&found[..], &left[..]), (&expected[..], &[][..]));
    assert!(!layout::blob_file(folder.path(), &orphan).exists());
    assert!(found.iter().all(Finding::is_orphan));
}

#[tokio::test]
async fn entries_that_disagree() {
    let index = |data: &Path| {
        change(data, "redb", |batch| {
            batch.remove(layout::holder(&one(), &name("a")));
            batch.set(layout::tagged(&name("x"), &one(), &"v9".parse().unwrap()), Vec::new());
            batch.set(layout::referrer(&name("a"), &Digest::sha256(b"subject"), &of_one()), b"{}".to_vec());
        });
    };
    let (_folder, found, _, left) = damaged(RepairOptions::default(), index).await;
    assert!(found.len() == 3 && found.iter().all(|it| matches!(it, Finding::IndexWrong { .. })), "{found:?}");
    assert_eq!(left, []);

    // The store is what is served, so the journal follows it.
    let tag = |data: &Path| {
        change(data, "redb", |batch| {
            batch.remove(layout::tag(&name("a"), &"v2".parse().unwrap()));
            batch.set(layout::blob(&name("a"), &one()), layout::blob_value(7));
        });
    };
    let (folder, found, _, left) = damaged(RepairOptions::default(), tag).await;
    let differs = found.iter().filter(|it| matches!(it, Finding::JournalDiffers { .. })).count();
    let size = found.iter().any(|it| matches!(it, Finding::LinkSize { expected: Some(7), found: 3, .. }));
    assert!(differs == 2 && size, "{found:?}");
    assert_eq!(left, []);
    let registry = open(folder.path(), "redb").await;
    assert_eq!(registry.blob_size(&name("a"), &one()).await.unwrap(), 3);
}

#[tokio::test]
async fn manifests_and_tags_that_are_damaged() {
    let damage = |data: &Path| {
        change(data, "redb", |batch| {
            batch.set(layout::manifest(&name("a"), &of_one()), layout::manifest_value("a/b", b"{}"));
            batch.set(layout::tag(&name("b/c"), &"v9".parse().unwrap()), layout::tag_value(&one()));
        });
    };
    let (folder, found, _, left) = damaged(RepairOptions::default(), damage).await;
    let (repository, digest) = ("a".to_owned(), of_one().to_string());
    assert!(found.contains(&Finding::ManifestDamaged { repository, digest }), "{found:?}");
    assert!(
        found.contains(&Finding::TagDangling { repository: "b/c".into(), tag: "v9".into() }),
        "{found:?}"
    );
    assert_eq!(left, []);
    let registry = open(folder.path(), "redb").await;
    assert_eq!(registry.tags(&name("a"), None, None).await.unwrap().tags, ["v2"]);
    assert_eq!(registry.tags(&name("b/c"), None, None).await.unwrap().tags, ["v1"]);
}

#[tokio::test]
async fn a_journal_that_is_damaged() {
    // The header, something in the middle, the end.
    for place in [20, 200, usize::MAX] {
        let damage = |data: &Path| {
            let path = layout::journal_file(data);
            let mut bytes = std::fs::read(&path).unwrap();
            let place = place.min(bytes.len() - 1);
            bytes[place] ^= 0xff;
            std::fs::write(&path, bytes).unwrap();
        };
        let folder = tempfile::tempdir().unwrap();
        sample(folder.path(), "redb").await;
        let before = dump(folder.path(), "redb");
        damage(folder.path());
        let found = look(folder.path(), "redb").findings;
        if place == usize::MAX {
            // As after a crash: opening the folder has mended it from the store.
            assert_eq!(found, []);
        } else {
            assert!(matches!(&found[..], [Finding::JournalDamaged { .. }]), "{place}: {found:?}");
        }
        mend(folder.path(), "redb", RepairOptions::default());
        assert_eq!(look(folder.path(), "redb").findings, []);
        same(&dump(folder.path(), "redb"), &before, "redb");
    }
}

#[tokio::test]
async fn a_metadata_store_that_cannot_be_used() {
    for backend in backends() {
        for gone in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            sample(folder.path(), backend).await;
            let before = dump(folder.path(), backend);
            let store = layout::metadata(folder.path(), backend);
            let file = if store.is_dir() { store.join("db") } else { store.clone() };
            if gone && store.is_dir() {
                std::fs::remove_dir_all(&store).unwrap();
            } else if gone {
                std::fs::remove_file(&store).unwrap();
            } else {
                std::fs::write(&file, vec![0x5a; 64 * 1024]).unwrap();
            }
            let found = look(folder.path(), backend).findings;
            assert!(matches!(&found[..], [Finding::MetadataUnusable { .. }]), "{backend} {gone}: {found:?}");
            mend(folder.path(), backend, RepairOptions::default());
            assert_eq!(look(folder.path(), backend).findings, []);
            same(&dump(folder.path(), backend), &before, backend);
        }
    }
}

#[tokio::test]
async fn beside_a_running_server() {
    let folder = tempfile::tempdir().unwrap();
    sample(folder.path(), "redb").await;
    let registry = open(folder.path(), "redb").await;
    let report = look(folder.path(), "redb");
    assert!(report.beside_a_server && report.findings.is_empty(), "{report:?}");
    assert_eq!((report.blobs, report.links, report.manifests, report.tags), (2, 3, 3, 3));
    std::fs::write(layout::blob_file(folder.path(), &one()), b"eno").unwrap();
    let found = look(folder.path(), "redb").findings;
    assert!(matches!(&found[..], [Finding::ContentDamaged { .. }]), "{found:?}");
    let temporary = std::env::temp_dir();
    let refused = repair(folder.path(), &url("redb"), options(&temporary), RepairOptions::default(), &Quiet);
    assert!(matches!(refused, Err(UpkeepError::Running { .. })));
    drop(registry);
}

#[tokio::test]
async fn the_age_of_orphans_at_its_limit_and_below() {
    let folder = tempfile::tempdir().unwrap();
    sample(folder.path(), "redb").await;
    let registry = open(folder.path(), "redb").await;
    let path = layout::blob_file(folder.path(), &Digest::sha256(b"orphan"));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, b"orphan").unwrap();
    let minute = std::time::Duration::from_secs(60);
    for (age, found) in [(ORPHAN_AGE_MIN - minute, false), (ORPHAN_AGE_MIN, true)] {
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(std::time::SystemTime::now() - age).unwrap();
        let findings = look(folder.path(), "redb").findings;
        assert_eq!(
            findings.iter().any(|it| matches!(it, Finding::ContentOrphaned { .. })),
            found,
            "{findings:?}"
        );
    }
    drop(registry);
}

#[test]
fn the_limit_of_readers_at_and_one_past() {
    for readers in [1, BLOB_READERS_MAX, BLOB_READERS_MAX + 1] {
        let threads = std::sync::Mutex::new(std::collections::HashSet::new());
        let shards = std::sync::atomic::AtomicUsize::new(0);
        let work = |_, _| {
            threads.lock().unwrap().insert(std::thread::current().id());
            shards.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            std::thread::yield_now();
            Ok(())
        };
        files::each_shard(readers, &Quiet, work).unwrap();
        let threads = threads.into_inner().unwrap().len();
        assert!(threads >= 1 && threads <= readers.min(BLOB_READERS_MAX), "{threads} of {readers}");
        assert_eq!(shards.into_inner(), files::SHARDS);
    }
}

#[test]
fn the_limit_of_findings_at_and_one_past() {
    let (mut report, finding) = (Report::default(), Finding::IndexWrong { key: "x".to_owned() });
    for _ in 0..crate::limits::FINDINGS_MAX {
        report.add(finding.clone());
    }
    assert_eq!((report.findings.len(), report.more_findings), (crate::limits::FINDINGS_MAX, 0));
    report.add(finding);
    assert_eq!((report.findings.len(), report.more_findings), (crate::limits::FINDINGS_MAX, 1));
    assert_eq!((report.wrong(), report.orphans), (crate::limits::FINDINGS_MAX as u64 + 1, 0));
    // Orphans are counted, and are nothing wrong.
    report.add(Finding::ContentOrphaned { digest: "sha256:0".to_owned(), size_bytes: 1 });
    assert_eq!((report.wrong(), report.orphans), (crate::limits::FINDINGS_MAX as u64 + 1, 1));
}
