//! Backups, older ones brought up to date, and what is restored from them.

use super::*;
use crate::upkeep::backup::{Backup, Taken, backup};
use crate::upkeep::restore::restore;

fn take(data: &Path, to: &Path) -> Taken {
    backup(data, to, true, 2, &Quiet).unwrap()
}

fn counts(taken: &Taken) -> (u64, u64, u64, u64) {
    (taken.kept, taken.linked + taken.copied, taken.removed, taken.backup.blobs)
}

#[tokio::test]
async fn a_backup_comes_back_as_it_was() {
    for backend in backends() {
        let folder = tempfile::tempdir().unwrap();
        let (data, to, new) =
            (folder.path().join("data"), folder.path().join("backup"), folder.path().join("new"));
        sample(&data, backend).await;
        let before = dump(&data, backend);
        let running = open(&data, backend).await;
        let taken = take(&data, &to);
        assert_eq!(counts(&taken), (0, 2, 0, 2));
        assert_eq!((taken.backup.links, taken.backup.manifests, taken.backup.tags), (3, 3, 3));
        drop(running);
        let restored = restore(&to, &new, None, 2, &Quiet).unwrap();
        assert_eq!((restored.blobs, restored.missing), (2, Vec::new()));
        assert_eq!(dump(&new, backend), before, "{backend}");
        assert_eq!(look(&new, backend).findings, []);
        // What is done to the copy does not reach the backup or the original.
        let digest = Digest::sha256(b"one");
        std::fs::write(layout::blob_file(&new, &digest), b"xxx").unwrap();
        for whole in [&data, &to] {
            assert_eq!(std::fs::read(layout::blob_file(whole, &digest)).unwrap(), b"one");
        }
        let refused = restore(&to, &new, None, 2, &Quiet).unwrap_err().to_string();
        assert!(refused.starts_with("expected an empty folder or none"), "{refused}");
        // Into another backend, and another place.
        for other in backends() {
            let again = folder.path().join(format!("in-{other}"));
            restore(&to, &again, Some(&url(other)), 2, &Quiet).unwrap();
            assert_eq!(dump(&again, other), before);
        }
    }
}

#[tokio::test]
async fn a_backup_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let (data, to) = (folder.path().join("data"), folder.path().join("backup"));
    sample(&data, "redb").await;
    let first = take(&data, &to);
    let registry = open(&data, "redb").await;
    push(&registry, "a", "v3", b"three").await;
    registry.delete_blob(name("a"), Digest::sha256(b"two")).await.unwrap();
    let second = take(&data, &to);
    assert_eq!(counts(&second), (1, 1, 1, 2));
    assert!(second.backup.sequence > first.backup.sequence);
    assert!(!to.join(&first.backup.journal).exists());
    // The journal is written anew in between.
    drop(registry);
    let mut held = Folder::open(&data, &url("redb")).unwrap();
    let journal = layout::journal_file(&data);
    drop(crate::store::journal::Journal::make_again(&journal, &held.identity, &mut *held.engine).unwrap());
    drop(held);
    let before = dump(&data, "redb");
    let third = take(&data, &to);
    assert_eq!(counts(&third), (2, 0, 0, 2));
    // Damage of an older backup is mended, with `verify` also when the size is right.
    std::fs::remove_file(layout::blob_file(&to, &Digest::sha256(b"one"))).unwrap();
    let copy = layout::blob_file(&to, &Digest::sha256(b"three"));
    std::fs::remove_file(&copy).unwrap();
    std::fs::write(&copy, b"eerht").unwrap();
    assert_eq!(counts(&take(&data, &to)), (0, 2, 0, 2));
    let new = folder.path().join("new");
    restore(&to, &new, None, 2, &Quiet).unwrap();
    assert_eq!(dump(&new, "redb"), before);
}

#[tokio::test]
async fn what_is_damaged_is_not_backed_up_as_if_it_were_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (data, to) = (folder.path().join("data"), folder.path().join("backup"));
    sample(&data, "redb").await;
    std::fs::write(layout::blob_file(&data, &Digest::sha256(b"one")), b"eno").unwrap();
    std::fs::remove_file(layout::blob_file(&data, &Digest::sha256(b"two"))).unwrap();
    let taken = take(&data, &to);
    let mut expected = [Digest::sha256(b"one").to_string(), Digest::sha256(b"two").to_string()];
    expected.sort();
    assert_eq!(taken.backup.missing, expected);
    let restored = restore(&to, &folder.path().join("new"), None, 2, &Quiet).unwrap();
    assert_eq!((restored.blobs, &restored.missing[..]), (0, &expected[..]));
}

#[tokio::test]
async fn what_is_no_backup_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (data, to, new) =
        (folder.path().join("data"), folder.path().join("backup"), folder.path().join("new"));
    sample(&data, "redb").await;
    let refused = |to: &Path| backup(&data, to, false, 2, &Quiet).unwrap_err().to_string();
    assert!(refused(&data).contains("it holds something else"));
    let other = folder.path().join("other");
    sample(&other, "redb").await;
    take(&other, &to);
    assert!(refused(&to).contains("a backup of another registry"));
    let restored = |from: &Path| restore(from, &new, None, 2, &Quiet).unwrap_err().to_string();
    assert!(restored(folder.path()).contains("none was finished"));
    let description = Backup::read(&to).unwrap().unwrap();
    let journal = to.join(&description.journal);
    let bytes = std::fs::read(&journal).unwrap();
    std::fs::write(&journal, &bytes[..bytes.len() - 1]).unwrap();
    assert!(restored(&to).contains("is missing or damaged"));
    let text = std::fs::read_to_string(layout::backup_file(&to)).unwrap();
    for (good, bad) in [("\"version\": 1", "\"version\": 2"), ("journal-", "../journal-"), ("{", "[")] {
        std::fs::write(layout::backup_file(&to), text.replacen(good, bad, 1)).unwrap();
        assert!(restored(&to).contains("`backup.json`"), "{bad}");
    }
    // One that was not finished: everything but its description.
    std::fs::remove_file(layout::backup_file(&to)).unwrap();
    assert!(restored(&to).contains("none was finished"));
    assert!(!new.exists());
    assert_eq!(counts(&take(&data, &to)).3, 2);
}
