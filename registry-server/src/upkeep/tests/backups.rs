//! Backups, older ones brought up to date, and what is restored from them.

use super::*;
use crate::limits::{BACKUP_ROUNDS_MAX, BACKUP_TEXT_BYTES_MAX};
use crate::store::journal::Journal;
use crate::upkeep::backup::{Backup, Copy, Followed, Taken, backup, rounds};
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
        same(&dump(&new, backend), &before, backend);
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
            same(&dump(&again, other), &before, other);
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
    drop(Journal::make_again(&journal, &held.identity, &mut *held.engine).unwrap());
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
    same(&dump(&new, "redb"), &before, "redb");
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
    for inside in [data.clone(), data.join("backup"), data.join("a/b")] {
        assert!(refused(&inside).contains("outside of the data folder"), "{}", inside.display());
        assert!(inside == data || !inside.exists());
    }
    assert!(refused(folder.path()).contains("it holds something else"));
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

#[tokio::test]
async fn the_description_of_a_backup_at_its_limit_and_one_past() {
    let folder = tempfile::tempdir().unwrap();
    let (data, to) = (folder.path().join("data"), folder.path().join("backup"));
    sample(&data, "redb").await;
    take(&data, &to);
    let path = layout::backup_file(&to);
    let mut text = std::fs::read(&path).unwrap();
    for (length, fits) in [(BACKUP_TEXT_BYTES_MAX, true), (BACKUP_TEXT_BYTES_MAX + 1, false)] {
        text.resize(usize::try_from(length).unwrap(), b' ');
        std::fs::write(&path, &text).unwrap();
        assert_eq!(Backup::read(&to).is_ok(), fits, "{length}");
    }
}

#[test]
fn the_rounds_of_a_backup_at_their_limit_and_one_past() {
    for (needed, enough) in [(BACKUP_ROUNDS_MAX, true), (BACKUP_ROUNDS_MAX + 1, false)] {
        let mut done = 0;
        let result = rounds(|_| {
            done += 1;
            Ok(done == needed)
        });
        assert_eq!((result.is_ok(), done), (enough, BACKUP_ROUNDS_MAX));
    }
}

/// Commits, and a journal written anew, between two looks at it.
#[tokio::test]
async fn a_journal_is_followed_wherever_it_goes() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    sample(&data, "redb").await;
    let identity = crate::store::read_format(&data).unwrap().unwrap().identity;
    let mut copy = Copy::begin(&data, folder.path(), &identity).unwrap();
    let read = |copy: &mut Copy| std::iter::from_fn(|| copy.reader.next_group().unwrap()).count();
    assert!(read(&mut copy) > 3);
    assert!(matches!(copy.follow().unwrap(), Followed::Nothing));
    let registry = open(&data, "redb").await;
    push_blob(&registry, "a", b"three").await;
    assert!(matches!(copy.follow().unwrap(), Followed::More));
    assert_eq!(read(&mut copy), 1);
    drop(registry);
    let mut held = Folder::open(&data, &url("redb")).unwrap();
    drop(Journal::make_again(&layout::journal_file(&data), &identity, &mut *held.engine).unwrap());
    assert!(matches!(copy.follow().unwrap(), Followed::Anew));
    assert!(read(&mut copy) > 0);
    assert!(matches!(copy.follow().unwrap(), Followed::Nothing));
    let other = Copy::begin(&data, folder.path(), "other").err().unwrap().to_string();
    assert!(other.contains("belongs to another registry"), "{other}");
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_servers_user_may_read_journals() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let (data, to) = (folder.path().join("data"), folder.path().join("backup"));
    sample(&data, "redb").await;
    let taken = take(&data, &to);
    for path in [layout::journal_file(&data), to.join(taken.backup.journal), layout::backup_file(&to)] {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", path.display());
    }
}
