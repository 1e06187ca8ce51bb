//! `restore`: a new data folder out of a backup.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use wkit_artifact::Algorithm;

use super::backup::Backup;
use super::reindex::held;
use super::{Progress, UpkeepError, files};
use crate::config::MetadataUrl;
use crate::limits::FINDINGS_MAX;
use crate::store::journal::{Journal, JournalReader, replay};
use crate::store::local::sync_folder;
use crate::store::{Format, UniqueIds, layout, mark, open_engine, prepare, write_format};

/// What was restored, and what was not there.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Restored {
    /// How many blobs were copied.
    pub(crate) blobs: u64,
    /// How many manifests there are.
    pub(crate) manifests: u64,
    /// How many tags there are.
    pub(crate) tags: u64,
    /// The blobs that are missing or damaged in the backup, the first [`FINDINGS_MAX`] of them.
    pub(crate) missing: Vec<String>,
}

/// Makes the data folder `data` out of a backup. Every blob is copied, never linked, and its digest checked.
///
/// # Errors
///
/// When there is no whole backup, `data` is not empty, or files cannot be read or written. What was made of `data` by
/// then is no data folder: its `format.json` is written last.
pub(crate) fn restore(
    from: &Path,
    data: &Path,
    url: Option<&MetadataUrl>,
    readers: usize,
    progress: &dyn Progress,
) -> Result<Restored, UpkeepError> {
    let wrong = |message: &str| UpkeepError::Backup { folder: from.to_owned(), message: message.to_owned() };
    let backup =
        Backup::read(from)?.ok_or_else(|| wrong("there is no `backup.json`, so none was finished"))?;
    let copy = from.join(&backup.journal);
    let digest = files::digest(&copy, Algorithm::Sha256)?;
    if digest.map(|digest| digest.to_string()) != Some(backup.journal_digest) {
        return Err(wrong(&format!("`{}` is missing or damaged", backup.journal)));
    }
    if std::fs::read_dir(data).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(UpkeepError::NotEmpty { folder: data.to_owned() });
    }
    let url = match url {
        Some(url) => url.clone(),
        None => format!("{}:", backup.metadata).parse().unwrap_or_default(),
    };
    let metadata = url.path(data);
    if metadata.exists() {
        return Err(UpkeepError::NotEmpty { folder: metadata });
    }
    let lock = prepare(data)?;
    let identity = UniqueIds::new().next();
    let mut engine = open_engine(&url, &metadata)?;
    mark(&mut *engine, identity.clone())?;
    let mut reader = JournalReader::open(&copy)?;
    progress.step("journal", files::size(&copy)?.unwrap_or(0));
    replay(&mut reader, &mut *engine, |read| progress.done(read))?;
    if reader.sequence() != backup.sequence {
        return Err(wrong(&format!("`{}` ends too early", backup.journal)));
    }
    let restored = Restored { manifests: backup.manifests, tags: backup.tags, ..Restored::default() };
    let restored = Mutex::new(restored);
    progress.step("shards of blobs", files::SHARDS as u64);
    files::each_shard(readers, progress, |algorithm, shard| {
        let blobs = held(&*engine, algorithm, shard)?;
        if blobs.is_empty() {
            return Ok(());
        }
        let folder = layout::shard(data, algorithm, shard);
        std::fs::create_dir_all(&folder).map_err(UpkeepError::io("make the folder", &folder))?;
        for digest in blobs.into_keys() {
            let (from, to) = (layout::blob_file(from, &digest), layout::blob_file(data, &digest));
            let copied = files::copy(&from, &to, algorithm)?;
            let mut restored = restored.lock().unwrap_or_else(PoisonError::into_inner);
            if copied.as_ref() == Some(&digest) {
                restored.blobs += 1;
                continue;
            }
            if copied.is_some() {
                std::fs::remove_file(&to).map_err(UpkeepError::io("remove", &to))?;
            }
            if restored.missing.len() < FINDINGS_MAX {
                restored.missing.push(digest.to_string());
            }
        }
        sync_folder(&folder).map_err(UpkeepError::io("sync", &folder))
    })?;
    for algorithm in files::ALGORITHMS {
        let folder = layout::blobs(data, algorithm);
        sync_folder(&folder).map_err(UpkeepError::io("sync", &folder))?;
    }
    // A registry of its own from now on: with the identity of the old one, their stores could be mistaken.
    drop(Journal::make_again(&layout::journal_file(data), &identity, &mut *engine)?);
    drop(engine);
    write_format(data, &Format { layout: layout::VERSION, metadata: url.backend().to_owned(), identity })?;
    drop(lock);
    let mut restored = restored.into_inner().unwrap_or_else(PoisonError::into_inner);
    restored.missing.sort_unstable();
    Ok(restored)
}
