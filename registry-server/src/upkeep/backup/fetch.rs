//! Bringing blobs into a backup.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use wkit_artifact::{Algorithm, Digest};

use super::Taken;
use crate::store::layout;
use crate::store::local::sync_folder;
use crate::upkeep::{UpkeepError, files};

/// Brings blobs into a backup.
pub(super) struct Fetch<'a> {
    pub(super) data: &'a Path,
    pub(super) to: &'a Path,
    pub(super) verify: bool,
    pub(super) taken: &'a Mutex<Taken>,
    pub(super) lost: &'a Mutex<Vec<String>>,
}

impl Fetch<'_> {
    pub(super) fn shard(
        &self,
        algorithm: Algorithm,
        shard: u8,
        blobs: BTreeMap<Digest, Option<u64>>,
    ) -> Result<(), UpkeepError> {
        if blobs.is_empty() {
            return Ok(());
        }
        let folder = layout::shard(self.to, algorithm, shard);
        std::fs::create_dir_all(&folder).map_err(UpkeepError::io("make the folder", &folder))?;
        let mut changed = false;
        for (digest, size_bytes) in blobs {
            changed |= self.blob(&digest, size_bytes)?;
        }
        if changed {
            sync_folder(&folder).map_err(UpkeepError::io("sync", &folder))?;
        }
        Ok(())
    }

    /// Brings one blob, and says whether the folder was changed.
    fn blob(&self, digest: &Digest, size_bytes: Option<u64>) -> Result<bool, UpkeepError> {
        let (from, to) = (layout::blob_file(self.data, digest), layout::blob_file(self.to, digest));
        let found = files::size(&to)?;
        if found.is_some() && (size_bytes.is_none() || found == size_bytes) && self.intact(&to, digest)? {
            self.count(|taken| taken.kept += 1);
            return Ok(false);
        }
        if found.is_some() {
            std::fs::remove_file(&to).map_err(UpkeepError::io("remove", &to))?;
        }
        let linked = match std::fs::hard_link(&from, &to) {
            Ok(()) => true,
            Err(_) if files::size(&from)?.is_none() => {
                self.lose(digest);
                return Ok(found.is_some());
            }
            // Another file system, or one without links.
            Err(_) => false,
        };
        let whole = if linked {
            let same_size = size_bytes.is_none() || files::size(&to)? == size_bytes;
            same_size && self.intact(&to, digest)?
        } else {
            match files::copy(&from, &to, digest.algorithm())? {
                Some(actual) => actual == *digest,
                None => {
                    self.lose(digest);
                    return Ok(found.is_some());
                }
            }
        };
        if whole {
            self.count(|taken| *(if linked { &mut taken.linked } else { &mut taken.copied }) += 1);
        } else {
            std::fs::remove_file(&to).map_err(UpkeepError::io("remove", &to))?;
            self.lose(digest);
        }
        Ok(true)
    }

    /// Whether a file has its digest, as far as that is to be looked at.
    fn intact(&self, path: &Path, digest: &Digest) -> Result<bool, UpkeepError> {
        Ok(!self.verify || files::digest(path, digest.algorithm())?.as_ref() == Some(digest))
    }

    fn count(&self, change: impl FnOnce(&mut Taken)) {
        change(&mut self.taken.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn lose(&self, digest: &Digest) {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).push(digest.to_string());
    }
}
