//! Composed components, each in a file named after what it was made of.
//!
//! The first line of a file is the digest of the rest. A file that does not fit it, after a power cut for example, is
//! removed and counts as missing. A file gets its name by a rename, so other processes see all of it or nothing.

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use wkit_artifact::Digest;

use crate::limits::{COMPOSED_BYTES_MAX, COMPOSED_FILES_MAX};

/// What a file is called while it has no name yet.
const PARTIAL: &str = ".partial-";

/// Such files that are older were left by a process that was ended.
const PARTIAL_AGE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// The cache in one folder, which need not exist.
pub(super) struct Cache {
    folder: PathBuf,
}

impl Cache {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The component that was kept under `key`. It counts as used now.
    pub(super) fn get(&self, key: &Digest) -> Option<Vec<u8>> {
        let path = self.path(key);
        let mut file = std::fs::File::open(&path).ok()?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).ok()?;
        let Some(start) = checked(&bytes) else {
            drop(std::fs::remove_file(&path));
            return None;
        };
        // A cache that cannot be written is still good to read.
        drop(file.set_modified(SystemTime::now()));
        bytes.drain(..start);
        Some(bytes)
    }

    /// Keeps a component; of too many, those that were used longest ago go.
    pub(super) fn put(&self, key: &Digest, component: &[u8]) -> io::Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        let mut file = tempfile::Builder::new().prefix(PARTIAL).tempfile_in(&self.folder)?;
        writeln!(file, "{}", Digest::sha256(component))?;
        file.write_all(component)?;
        file.persist(self.path(key)).map_err(|error| error.error)?;
        self.prune(COMPOSED_FILES_MAX, COMPOSED_BYTES_MAX)
    }

    fn path(&self, key: &Digest) -> PathBuf {
        self.folder.join(key.hex())
    }

    fn prune(&self, files_max: usize, bytes_max: u64) -> io::Result<()> {
        let mut kept: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let entry = entry?;
            // Another process may have removed it.
            let Ok(metadata) = entry.metadata() else { continue };
            let modified = metadata.modified()?;
            if entry.file_name().to_string_lossy().starts_with(PARTIAL) {
                let age = SystemTime::now().duration_since(modified).unwrap_or_default();
                remove_if(age > PARTIAL_AGE_MAX, &entry.path());
            } else {
                kept.push((modified, metadata.len(), entry.path()));
            }
        }
        kept.sort();
        let mut bytes: u64 = kept.iter().map(|(_, bytes, _)| bytes).sum();
        let mut files = kept.len();
        // The newest stays, however large it is: it was put there a moment ago.
        for (_, size_bytes, path) in kept.iter().take(kept.len().saturating_sub(1)) {
            if files <= files_max && bytes <= bytes_max {
                break;
            }
            remove_if(true, path);
            files -= 1;
            bytes -= size_bytes;
        }
        Ok(())
    }
}

/// Best effort: what cannot be removed now is removed the next time.
fn remove_if(condition: bool, path: &Path) {
    if condition {
        drop(std::fs::remove_file(path));
    }
}

/// Where the component begins, when it fits its digest.
fn checked(bytes: &[u8]) -> Option<usize> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let stated: Digest = std::str::from_utf8(&bytes[..end]).ok()?.parse().ok()?;
    (Digest::sha256(&bytes[end + 1..]) == stated).then_some(end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache() -> (tempfile::TempDir, Cache) {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().join("composed"));
        (folder, cache)
    }

    fn key(text: &str) -> Digest {
        Digest::sha256(text.as_bytes())
    }

    #[test]
    fn what_is_kept_is_whole_or_missing() {
        let (_folder, cache) = cache();
        assert_eq!(cache.get(&key("a")), None);
        cache.put(&key("a"), b"component").unwrap();
        assert_eq!(cache.get(&key("a")).unwrap(), b"component");
        let whole = std::fs::read(cache.path(&key("a"))).unwrap();
        for end in 0..whole.len() {
            std::fs::write(cache.path(&key("a")), &whole[..end]).unwrap();
            assert_eq!(cache.get(&key("a")), None, "{end}");
            assert!(!cache.path(&key("a")).exists(), "what is damaged is removed");
        }
    }

    #[test]
    fn what_was_used_longest_ago_goes_first() {
        let (_folder, cache) = cache();
        let long_ago = SystemTime::now() - Duration::from_secs(3600);
        for (age, name) in ["a", "b", "c", "d"].iter().enumerate() {
            cache.put(&key(name), &[0; 100]).unwrap();
            let file = std::fs::File::open(cache.path(&key(name))).unwrap();
            file.set_modified(long_ago + Duration::from_secs(age as u64)).unwrap();
        }
        let there = || ["a", "b", "c", "d"].map(|name| cache.path(&key(name)).exists());
        cache.prune(4, 4 * 172).unwrap();
        assert_eq!(there(), [true; 4], "at the limits");
        assert!(cache.get(&key("a")).is_some());
        cache.prune(3, u64::MAX).unwrap();
        assert_eq!(there(), [true, false, true, true], "one file past the limit, and `a` was just used");
        cache.prune(4, 3 * 172 - 1).unwrap();
        assert_eq!(there(), [true, false, false, true], "one byte past the limit");
        cache.prune(4, 0).unwrap();
        assert_eq!(there(), [true, false, false, false], "the newest stays");
    }

    #[test]
    fn a_process_that_was_ended_leaves_nothing_for_long() {
        let (_folder, cache) = cache();
        cache.put(&key("a"), b"component").unwrap();
        let left = |name: &str, age: Duration| {
            let path = cache.folder.join(name);
            std::fs::write(&path, b"half").unwrap();
            std::fs::File::open(&path).unwrap().set_modified(SystemTime::now() - age).unwrap();
            path
        };
        let old = left(".partial-old", PARTIAL_AGE_MAX + Duration::from_secs(60));
        let young = left(".partial-young", Duration::ZERO);
        cache.put(&key("b"), b"component").unwrap();
        assert_eq!((old.exists(), young.exists()), (false, true));
    }
}
