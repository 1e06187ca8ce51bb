//! Blobs as files, many at a time.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use wkit_artifact::{Algorithm, Digest};

use super::{Progress, UpkeepError};
use crate::limits::BLOB_READERS_MAX;
use crate::store::layout;
use crate::store::local::{hash_file, list};

/// All algorithms.
pub(super) const ALGORITHMS: [Algorithm; 2] = [Algorithm::Sha256, Algorithm::Sha512];

/// How many shards there are in all.
pub(super) const SHARDS: usize = ALGORITHMS.len() * 256;

/// How many threads read blobs when nobody says how many: more do not make one disk faster.
pub(crate) fn readers_default() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(8)
}

/// Does `work` for every shard, on `readers` threads, up to the first failure.
pub(super) fn each_shard(
    readers: usize,
    progress: &dyn Progress,
    work: impl Fn(Algorithm, u8) -> Result<(), UpkeepError> + Sync,
) -> Result<(), UpkeepError> {
    let (next, finished, stop) = (AtomicUsize::new(0), AtomicU64::new(0), AtomicBool::new(false));
    let failure = Mutex::new(None);
    std::thread::scope(|scope| {
        for _ in 0..readers.clamp(1, BLOB_READERS_MAX) {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(algorithm) = ALGORITHMS.get(number / 256) else { return };
                    let shard = u8::try_from(number % 256).unwrap_or(u8::MAX);
                    if let Err(error) = work(*algorithm, shard) {
                        stop.store(true, Ordering::Relaxed);
                        failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                    }
                    progress.done(finished.fetch_add(1, Ordering::Relaxed) + 1);
                }
            });
        }
    });
    failure.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
}

/// The blobs of one shard.
pub(super) fn blobs(data: &Path, algorithm: Algorithm, shard: u8) -> Result<Vec<Digest>, UpkeepError> {
    let folder = layout::shard(data, algorithm, shard);
    list(&folder, algorithm).map_err(UpkeepError::io("list", &folder))
}

/// The size of a file, `None` when there is none.
pub(super) fn size(path: &Path) -> Result<Option<u64>, UpkeepError> {
    match std::fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata.len())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(UpkeepError::io("look at", path)(error)),
    }
}

/// The digest of a file, `None` when there is none.
pub(super) fn digest(path: &Path, algorithm: Algorithm) -> Result<Option<Digest>, UpkeepError> {
    let hash = || {
        let mut file = File::open(path)?;
        let size_bytes = file.metadata()?.len();
        Ok::<_, io::Error>(hash_file(&mut file, algorithm, size_bytes)?.finish())
    };
    match hash() {
        Ok(digest) => Ok(Some(digest)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(UpkeepError::io("read", path)(error)),
    }
}

/// Copies a file to a new name, durably but for the folder, and returns the digest of what was copied. `None` when
/// there is nothing to copy.
pub(super) fn copy(from: &Path, to: &Path, algorithm: Algorithm) -> Result<Option<Digest>, UpkeepError> {
    let new = layout::new_file(to);
    // The system shares the blocks, or at least does not carry the bytes through this process, where it can.
    match std::fs::copy(from, &new) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound && !from.exists() => return Ok(None),
        Err(error) => return Err(UpkeepError::io("copy", from)(error)),
    }
    // What is hashed is what was written.
    let found = digest(&new, algorithm)?.ok_or(UpkeepError::Lost)?;
    let finish = || {
        File::options().write(true).open(&new)?.sync_all()?;
        std::fs::rename(&new, to)
    };
    finish().map_err(UpkeepError::io("write", to))?;
    Ok(Some(found))
}
