//! The journal and the store beside it are the same, whatever happens to either.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::format::{FRAME_HEAD_BYTES, HEADER_BYTES};
use super::*;
use crate::limits::{JOURNAL_FRAME_BYTES_MAX, JOURNAL_GROUP_BYTES_MAX};
use crate::store::{CommitError, Condition, open_engine};

type Entries = BTreeMap<Vec<u8>, Vec<u8>>;

/// A store and its journal in a folder.
struct Both {
    engine: Box<dyn Engine>,
    journal: Journal,
}

fn paths(folder: &Path) -> (PathBuf, PathBuf) {
    (folder.join("store"), folder.join("journal"))
}

impl Both {
    fn open(folder: &Path, backend: &str) -> Result<Self, JournalError> {
        let (store, journal) = paths(folder);
        let mut engine = open_engine(&format!("{backend}:").parse().unwrap(), &store).unwrap();
        let journal = Journal::open(&journal, "id", &mut *engine)?;
        Ok(Self { engine, journal })
    }

    fn commit(&mut self, batches: &[Batch]) -> Vec<Result<(), CommitError>> {
        let results = self.engine.commit_group(batches, Some(&mut self.journal)).unwrap();
        self.journal.settle(&mut *self.engine).unwrap();
        results
    }

    fn primary(&self) -> Entries {
        let all = self.engine.scan(&layout::everything_after(None, usize::MAX)).unwrap();
        all.into_iter().filter(|(key, _)| layout::is_primary(key)).collect()
    }
}

/// What a journal says.
fn journaled(path: &Path) -> Entries {
    let (mut reader, mut entries) = (JournalReader::open(path).unwrap(), Entries::new());
    while let Some(group) = reader.next_group().unwrap() {
        for (key, value) in group.writes {
            match value {
                Some(value) => drop(entries.insert(key, value)),
                None => drop(entries.remove(&key)),
            }
        }
    }
    entries
}

fn backends() -> Vec<&'static str> {
    if cfg!(feature = "sled") { vec!["redb", "sled"] } else { vec!["redb"] }
}

fn set(key: &str, value: &str) -> Batch {
    let mut batch = Batch::default();
    batch.set(key.as_bytes().to_vec(), value.as_bytes().to_vec());
    batch
}

/// Numbers that look random and are the same every time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn batch(&mut self) -> Batch {
        let kinds = ["blob/", "tag/", "manifest/", "other/", "holder/", "tagged/"];
        let mut batch = Batch::default();
        let key = |random: &mut Self| {
            let kind = kinds[usize::try_from(random.below(6)).unwrap()];
            format!("{kind}{}", random.below(20)).into_bytes()
        };
        for _ in 0..self.below(3) {
            let condition =
                [Condition::Exists, Condition::Absent][usize::try_from(self.below(2)).unwrap()].clone();
            let key = key(self);
            batch.require(key, condition);
        }
        for _ in 0..self.below(5) {
            let key = key(self);
            if self.below(3) == 0 {
                batch.remove(key);
            } else {
                let value = vec![b'x'; usize::try_from(self.below(2_000)).unwrap()];
                batch.set(key, value);
            }
        }
        batch
    }
}

#[test]
fn after_any_batches_both_are_the_same() {
    for backend in backends() {
        let folder = tempfile::tempdir().unwrap();
        let (_, path) = paths(folder.path());
        let mut random = Random(7);
        let (mut applied, mut refused) = (0, 0);
        for _ in 0..15 {
            let mut both = Both::open(folder.path(), backend).unwrap();
            for _ in 0..10 {
                let batches: Vec<Batch> = (0..=random.below(4)).map(|_| random.batch()).collect();
                for result in both.commit(&batches) {
                    *(if result.is_ok() { &mut applied } else { &mut refused }) += 1;
                }
                assert!(journaled(&path) == both.primary(), "{backend}: journal and store differ");
            }
        }
        assert!(applied > 50 && refused > 50, "{backend}: {applied} batches applied, {refused} refused");
    }
}

#[test]
fn a_torn_end_is_cut_off_at_every_byte() {
    let folder = tempfile::tempdir().unwrap();
    let (store, path) = paths(folder.path());
    let mut both = Both::open(folder.path(), "redb").unwrap();
    both.commit(&[set("tag/a", "1")]);
    let before = std::fs::read(&path).unwrap();
    std::fs::copy(&store, folder.path().join("store-before")).unwrap();
    both.commit(&[set("tag/b", "22"), set("tag/c", "333")]);
    drop(both);
    let after = std::fs::read(&path).unwrap();
    assert!(before.len() >= HEADER_BYTES && after.starts_with(&before));
    for length in before.len()..=after.len() {
        std::fs::write(&path, &after[..length]).unwrap();
        std::fs::copy(folder.path().join("store-before"), &store).unwrap();
        let mut both = Both::open(folder.path(), "redb").unwrap();
        let whole = length == after.len();
        assert_eq!(both.primary().len(), if whole { 3 } else { 1 }, "{length} bytes");
        assert_eq!(journaled(&path), both.primary(), "{length} bytes");
        let kept = if whole { after.len() } else { before.len() };
        assert_eq!(std::fs::metadata(&path).unwrap().len(), kept as u64, "{length} bytes");
        both.commit(&[set("tag/d", "4")]);
        assert_eq!(journaled(&path), both.primary(), "{length} bytes, then another commit");
    }
    // Every byte of the last group is covered by its checksum, or gives it away in another way.
    for place in before.len()..after.len() {
        let mut damaged = after.clone();
        damaged[place] ^= 0x40;
        std::fs::write(&path, damaged).unwrap();
        let mut reader = JournalReader::open(&path).unwrap();
        let groups = std::iter::from_fn(|| reader.next_group().unwrap()).count();
        assert_eq!(groups, 1, "byte {place}");
    }
}

/// A journal that is damaged anywhere, in any way, is read up to the damage.
#[test]
fn damage_anywhere_ends_the_reading_there() {
    let folder = tempfile::tempdir().unwrap();
    let (_, path) = paths(folder.path());
    let mut random = Random(5);
    let mut both = Both::open(folder.path(), "redb").unwrap();
    let mut whole = vec![std::fs::metadata(&path).unwrap().len()];
    for _ in 0..20 {
        both.commit(&[random.batch(), set("tag/x", "y")]);
        whole.push(std::fs::metadata(&path).unwrap().len());
    }
    drop(both);
    let good = std::fs::read(&path).unwrap();
    for round in 0..500 {
        let mut bytes = good.clone();
        let room = bytes.len() as u64 - HEADER_BYTES as u64;
        let place = HEADER_BYTES + usize::try_from(random.below(room)).unwrap();
        match round % 3 {
            0 => bytes[place] ^= 1 << random.below(8),
            1 => bytes.truncate(place),
            _ => bytes.splice(place..place, (0..=random.below(40)).map(|_| 0xff)).for_each(drop),
        }
        std::fs::write(&path, &bytes).unwrap();
        let mut reader = JournalReader::open(&path).unwrap();
        while reader.next_group().unwrap().is_some() {}
        let expected = whole.iter().rev().find(|end| **end <= place as u64).unwrap();
        assert_eq!(reader.end(), *expected, "round {round}, byte {place}");
        assert_eq!(reader.rest().unwrap(), bytes.len() as u64 - expected);
    }
}

#[test]
fn whoever_is_behind_after_a_crash_catches_up() {
    for backend in backends() {
        let folder = tempfile::tempdir().unwrap();
        let (_, path) = paths(folder.path());
        let mut both = Both::open(folder.path(), backend).unwrap();
        both.commit(&[set("tag/a", "1")]);
        let behind = std::fs::read(&path).unwrap();
        both.commit(&[set("tag/a", "2"), set("tag/b", "2")]);
        let mut removal = Batch::default();
        removal.remove(b"tag/b".to_vec());
        both.commit(&[removal]);
        drop(both);
        // The machine stopped when the store had been synced and the journal had not.
        std::fs::write(&path, behind).unwrap();
        let both = Both::open(folder.path(), backend).unwrap();
        assert_eq!(both.primary(), Entries::from([(b"tag/a".to_vec(), b"2".to_vec())]));
        assert_eq!(journaled(&path), both.primary());
        drop(both);
        // One that is too short, or gone.
        let header = std::fs::read(&path).unwrap()[..HEADER_BYTES].to_vec();
        std::fs::write(&path, header).unwrap();
        let both = Both::open(folder.path(), backend).unwrap();
        assert_eq!((journaled(&path), both.primary().len()), (both.primary(), 1));
        drop(both);
        std::fs::remove_file(&path).unwrap();
        let mut both = Both::open(folder.path(), backend).unwrap();
        assert_eq!(journaled(&path), both.primary());
        both.commit(&[set("tag/c", "3")]);
        assert_eq!((journaled(&path), both.primary().len()), (both.primary(), 2));
    }
}

#[test]
fn a_group_that_fails_leaves_nothing_in_the_journal() {
    for backend in backends() {
        let folder = tempfile::tempdir().unwrap();
        let (_, path) = paths(folder.path());
        let mut both = Both::open(folder.path(), backend).unwrap();
        both.commit(&[set("tag/a", "1")]);
        let length = std::fs::metadata(&path).unwrap().len();
        // As when the store fails after the journal was written.
        let appended = both.journal.append([&set("tag/b", "2")], 0).unwrap();
        assert!(appended.is_some() && std::fs::metadata(&path).unwrap().len() > length);
        both.journal.settle(&mut *both.engine).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().len(), length);
        // As when the sync fails: what is in the file is not known.
        both.journal.append([&set("tag/b", "2")], 0).unwrap();
        both.journal.state = State::Broken;
        both.journal.settle(&mut *both.engine).unwrap();
        assert_eq!((journaled(&path), both.journal.position.generation), (both.primary(), 2));
        both.commit(&[set("tag/c", "3")]);
        drop(both);
        let both = Both::open(folder.path(), backend).unwrap();
        assert_eq!((journaled(&path), both.primary().len()), (both.primary(), 2));
    }
}

impl Both {
    /// Waits for the journal to be written anew, if it is.
    fn compacted(&mut self) {
        self.journal.compact(&mut *self.engine).unwrap();
        while self.journal.compaction.as_ref().is_some_and(|compaction| !compaction.is_finished()) {
            std::thread::yield_now();
        }
        self.journal.compact(&mut *self.engine).unwrap();
    }
}

#[test]
fn a_journal_that_is_mostly_useless_is_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (_, path) = paths(folder.path());
    let mut both = Both::open(folder.path(), "redb").unwrap();
    both.commit(&[set("tag/kept", "1")]);
    let large = "x".repeat(4 * 1024 * 1024);
    let mut lengths = Vec::new();
    for number in 0..10 {
        both.commit(&[set("manifest/large", &format!("{number}{large}"))]);
        both.compacted();
        lengths.push(std::fs::metadata(&path).unwrap().len());
        assert_eq!(journaled(&path), both.primary());
    }
    assert!(lengths.iter().all(|length| *length <= JOURNAL_COMPACT_MIN_BYTES + large.len() as u64 * 2));
    assert!(both.journal.position.generation > 1, "{lengths:?}");
    assert!(!layout::new_file(&path).exists());
    // What only grows is left alone.
    let generation = both.journal.position.generation;
    for number in 0..10 {
        both.commit(&[set(&format!("manifest/{number}"), &large)]);
        both.compacted();
    }
    assert!(both.journal.position.generation <= generation + 1);
    drop(both);
    // A crash between the new journal and the store's knowing of it.
    let mut both = Both::open(folder.path(), "redb").unwrap();
    let position = both.journal.position;
    both.journal.write_anew(&mut *both.engine).unwrap();
    store_position(&mut *both.engine, position).unwrap();
    drop(both);
    let mut both = Both::open(folder.path(), "redb").unwrap();
    assert_eq!(journaled(&path), both.primary());
    both.commit(&[set("tag/after", "1")]);
    assert_eq!(journaled(&path), both.primary());
}

#[test]
fn commits_go_on_while_the_journal_is_written_anew() {
    for backend in backends() {
        let folder = tempfile::tempdir().unwrap();
        let (_, path) = paths(folder.path());
        let mut random = Random(3);
        for round in 0..6 {
            let mut both = Both::open(folder.path(), backend).unwrap();
            for _ in 0..10 {
                both.commit(&[random.batch()]);
            }
            let position = both.journal.position;
            let compaction = Compaction::begin(&path, "id", position, both.engine.share()).unwrap();
            both.journal.compaction = Some(compaction);
            for _ in 0..random.below(20) {
                both.commit(&[random.batch()]);
            }
            if round == 5 {
                // A commit fails: nobody knows what the thread has seen.
                both.journal.append([&set("tag/never", "1")], 0).unwrap();
                both.journal.settle(&mut *both.engine).unwrap();
                assert!(both.journal.compaction.is_none());
            } else {
                both.compacted();
                assert_eq!(both.journal.position.generation, position.generation + 1);
            }
            assert_eq!(journaled(&path), both.primary(), "{backend}");
            for _ in 0..3 {
                both.commit(&[random.batch()]);
            }
            assert_eq!(journaled(&path), both.primary(), "{backend}");
            let position = both.journal.position;
            drop(both);
            let both = Both::open(folder.path(), backend).unwrap();
            assert_eq!((journaled(&path), both.journal.position), (both.primary(), position), "{backend}");
        }
    }
}

#[test]
fn what_is_no_journal_of_the_store_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (_, path) = paths(folder.path());
    drop(Both::open(folder.path(), "redb").unwrap());
    let good = std::fs::read(&path).unwrap();
    let refused = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        Both::open(folder.path(), "redb").err().map(|error| error.to_string()).unwrap_or_default()
    };
    for length in 0..HEADER_BYTES {
        assert!(refused(&good[..length]).contains("it is damaged\nhint: "), "{length} bytes");
    }
    for place in 0..HEADER_BYTES {
        let mut bytes = good.clone();
        bytes[place] ^= 1;
        assert!(!refused(&bytes).is_empty(), "byte {place}");
    }
    let header = Header { identity: "other".to_owned(), generation: 1, sequence: 0 };
    assert!(refused(&header.encode()).contains("belongs to another registry"));
    let header = Header { identity: "id".to_owned(), generation: 9, sequence: 9 };
    assert!(refused(&header.encode()).contains("the metadata store is older than the journal"));
    assert_eq!(refused(&good), "");
}

#[test]
fn the_limits_of_frames_and_groups_at_and_one_past() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let header = Header { identity: "id".to_owned(), generation: 1, sequence: 0 }.encode();
    let frame = |length: usize| {
        let mut group = GroupWriter::new(1);
        // A frame's head, kind, sequence and the write's lengths.
        group.write(b"k", Some(&vec![0; length - 1 - 8 - 8 - 1]));
        let mut bytes = group.finish();
        // Without the empty frame that ends the group.
        bytes.truncate(FRAME_HEAD_BYTES + length);
        bytes[FRAME_HEAD_BYTES] = super::format::Kind::End as u8;
        let sum = crc32fast::hash(&bytes[FRAME_HEAD_BYTES..]);
        bytes[4..FRAME_HEAD_BYTES].copy_from_slice(&sum.to_le_bytes());
        bytes
    };
    for (length, groups) in [(JOURNAL_FRAME_BYTES_MAX, 1), (JOURNAL_FRAME_BYTES_MAX + 1, 0)] {
        std::fs::write(&path, [header.clone(), frame(length)].concat()).unwrap();
        let mut reader = JournalReader::open(&path).unwrap();
        assert_eq!(std::iter::from_fn(|| reader.next_group().unwrap()).count(), groups, "{length}");
    }

    let mut both = Both::open(&tempdir(folder.path()), "redb").unwrap();
    // Writes of a quarter of a frame each, and one that fills the group to the last byte.
    let value = vec![0; JOURNAL_FRAME_BYTES_MAX / 4];
    let mut batch = Batch::default();
    let each = (FRAME_HEAD_BYTES + 9 + 8 + 5 + value.len()) as u64;
    let count = JOURNAL_GROUP_BYTES_MAX as u64 / each;
    for number in 0..count {
        batch.set(format!("k{number:04}").into_bytes(), value.clone());
    }
    let left = JOURNAL_GROUP_BYTES_MAX as u64 - count * each - (FRAME_HEAD_BYTES + 9 + 8 + 5) as u64;
    for (more, fits) in [(1, false), (0, true)] {
        let mut batch = batch.clone();
        batch.set(b"k9999".to_vec(), vec![0; usize::try_from(left + more).unwrap()]);
        let appended = both.journal.append([&batch], 0);
        assert_eq!(appended.is_ok(), fits, "{appended:?}");
        let mut reader = JournalReader::open(&both.journal.path).unwrap();
        assert_eq!(reader.next_group().unwrap().is_some(), fits);
    }
}

fn tempdir(parent: &Path) -> PathBuf {
    let folder = parent.join("limits");
    std::fs::create_dir(&folder).unwrap();
    folder
}
