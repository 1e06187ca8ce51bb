//! `reindex`: makes the metadata store again, from the journal, in the form of any backend.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use wkit_artifact::Digest;

use super::check::open_journal;
use super::scratch::copy_primary;
use super::{Progress, UpkeepError, files};
use crate::config::MetadataUrl;
use crate::limits::FINDINGS_MAX;
use crate::store::journal::{Journal, JournalReader, replay, store_end};
use crate::store::local::sync_folder;
use crate::store::{Batch, Engine, Folder, Format, JournalError, OpenError, layout, mark, open_engine};
use crate::store::{prepare, read_format, write_format};

/// What was made again, and what is not there.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Reindexed {
    /// What the entries came from: `journal`, or the name of the old store's backend.
    pub(crate) source: String,
    /// Where the new store is.
    pub(crate) metadata: PathBuf,
    /// How many blobs repositories hold.
    pub(crate) blobs: u64,
    /// The blobs that repositories hold and that are not there, the first [`FINDINGS_MAX`] of them.
    pub(crate) missing: Vec<String>,
    /// How many more are not there.
    pub(crate) more_missing: u64,
    /// Where the end of the journal was put that could not be read.
    pub(crate) unreadable: Option<PathBuf>,
}

/// Makes the metadata store again, with the backend and in the place that `url` says. The new store takes the place of
/// the old one when it is whole and durable; until then the old one is not touched.
///
/// # Errors
///
/// When a server runs, neither journal nor store can be read, or the new store cannot be written.
pub(crate) fn reindex(
    data: &Path,
    url: Option<&MetadataUrl>,
    readers: usize,
    progress: &dyn Progress,
) -> Result<Reindexed, UpkeepError> {
    let format = read_format(data)?.ok_or(UpkeepError::NoFolder { path: layout::format_file(data) })?;
    if format.layout != layout::VERSION {
        return Err(OpenError::Version { folder: data.to_owned(), found: format.layout }.into());
    }
    let old_url = format!("{}:", format.metadata).parse::<MetadataUrl>().ok();
    let url = url.cloned().or_else(|| old_url.clone()).unwrap_or_default();
    let old_url = if url.backend() == format.metadata { Some(url.clone()) } else { old_url };
    let mut done = Reindexed { metadata: url.path(data), ..Reindexed::default() };

    // As at any start: a torn end is cut, and whoever is behind catches up, so that the journal has everything.
    let old = match old_url.as_ref().map(|old| Folder::open(data, old)) {
        Some(Err(OpenError::Locked { folder })) => return Err(UpkeepError::Running { folder }),
        Some(Ok(folder)) => Some(folder),
        _ => None,
    };
    let (old, lock) = match old {
        Some(Folder { engine, lock, .. }) => (Some(engine), lock),
        None => (None, prepare(data)?),
    };
    let new = layout::new_file(&done.metadata);
    let mut engine = make_new(&url, &new, &format.identity)?;
    let whole = match open_journal(data, &format.identity) {
        Ok(mut reader) => {
            "journal".clone_into(&mut done.source);
            from_journal(data, &mut reader, &mut *engine, old.is_some(), progress, &mut done)?
        }
        Err(UpkeepError::Journal(JournalError::Missing { .. } | JournalError::Damaged { .. })) => false,
        Err(error) => return Err(error),
    };
    if !whole {
        let old = old.or_else(|| readable_store(data, old_url.as_ref(), &format));
        let old = old.ok_or_else(|| UpkeepError::NoSource { folder: data.to_owned() })?;
        old.name().clone_into(&mut done.source);
        drop(engine);
        engine = make_new(&url, &new, &format.identity)?;
        from_store(data, &*old, &mut *engine, &format.identity)?;
    }
    verify(data, &*engine, readers, progress, &mut done)?;
    drop(engine);
    replace(&new, &done.metadata).map_err(UpkeepError::io("replace", &done.metadata))?;
    let now = Format { metadata: url.backend().to_owned(), ..format.clone() };
    if now != format {
        write_format(data, &now)?;
        let before = layout::metadata(data, &format.metadata);
        remove(&before).map_err(UpkeepError::io("remove", &before))?;
    }
    drop(lock);
    Ok(done)
}

/// A new store with the identity of the folder.
fn make_new(url: &MetadataUrl, new: &Path, identity: &str) -> Result<Box<dyn Engine>, UpkeepError> {
    remove(new).map_err(UpkeepError::io("remove", new))?;
    let mut engine = open_engine(url, new)?;
    mark(&mut *engine, identity.to_owned())?;
    Ok(engine)
}

/// Makes store and journal from the old store.
fn from_store(
    data: &Path,
    old: &dyn Engine,
    engine: &mut dyn Engine,
    identity: &str,
) -> Result<(), UpkeepError> {
    copy_primary(old, engine)?;
    // The groups are counted on.
    if let Some(position) = old.get(&layout::journal())? {
        let mut batch = Batch::default();
        batch.set(layout::journal(), position);
        engine.commit_group(&[batch], None)?.into_iter().collect::<Result<(), _>>()?;
    }
    // The old store takes the new journal for a lost one, should this be interrupted, and makes it again.
    Journal::make_again(&layout::journal_file(data), identity, engine)?;
    Ok(())
}

/// The old store, when it is the folder's and can be read although its journal cannot.
fn readable_store(data: &Path, url: Option<&MetadataUrl>, format: &Format) -> Option<Box<dyn Engine>> {
    let path = url?.path(data);
    let engine = path.exists().then(|| open_engine(url?, &path).ok()).flatten()?;
    let identity = engine.get(&layout::identity()).ok()??;
    (identity == format.identity.as_bytes()).then_some(engine)
}

/// Makes the store from the journal; `false` when it cannot be read to its end and there is an `old` store.
fn from_journal(
    data: &Path,
    reader: &mut JournalReader,
    engine: &mut dyn Engine,
    old: bool,
    progress: &dyn Progress,
    done: &mut Reindexed,
) -> Result<bool, UpkeepError> {
    let path = layout::journal_file(data);
    progress.step("journal", files::size(&path)?.unwrap_or(0));
    replay(reader, engine, |read| progress.done(read))?;
    if reader.rest().map_err(UpkeepError::io("read", &path))? > 0 {
        if old {
            return Ok(false);
        }
        // Most likely torn by a crash, and cut off at the next start; but nobody is left to say so.
        let kept = layout::quarantined_journal(data, reader.end());
        let keep = || {
            std::fs::create_dir_all(kept.parent().unwrap_or(data))?;
            std::fs::copy(&path, &kept)
        };
        keep().map_err(UpkeepError::io("write", &kept))?;
        done.unreadable = Some(kept);
    }
    store_end(engine, reader)?;
    Ok(true)
}

/// Looks whether every blob that a repository holds is there.
fn verify(
    data: &Path,
    engine: &dyn Engine,
    readers: usize,
    progress: &dyn Progress,
    done: &mut Reindexed,
) -> Result<(), UpkeepError> {
    progress.step("shards of blobs", files::SHARDS as u64);
    let done = Mutex::new(done);
    files::each_shard(readers, progress, |algorithm, shard| {
        for (digest, size_bytes) in held(engine, algorithm, shard)? {
            let found = files::size(&layout::blob_file(data, &digest))?;
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            done.blobs += 1;
            if found.is_none() || found != size_bytes {
                if done.missing.len() < FINDINGS_MAX {
                    done.missing.push(digest.to_string());
                } else {
                    done.more_missing += 1;
                }
            }
        }
        Ok(())
    })
}

/// The blobs of a shard that repositories hold, with the size that a link says.
pub(super) fn held(
    engine: &dyn Engine,
    algorithm: wkit_artifact::Algorithm,
    shard: u8,
) -> Result<BTreeMap<Digest, Option<u64>>, UpkeepError> {
    let mut blobs = BTreeMap::new();
    for (key, _) in engine.scan(&layout::holders_in_shard(algorithm, shard))? {
        if let Some((digest, repository)) = layout::parse_holder_key(&key)
            && !blobs.contains_key(&digest)
        {
            let link = engine.get(&layout::blob(&repository, &digest))?;
            blobs.insert(digest, link.as_deref().and_then(layout::parse_blob_value));
        }
    }
    Ok(blobs)
}

/// Puts a file or folder in the place of another one, which is not there for a moment when it is a folder.
fn replace(new: &Path, place: &Path) -> io::Result<()> {
    let parent = place.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let old = layout::old_file(place);
    remove(&old)?;
    if new.is_dir() {
        sync_folder(new)?;
    }
    if place.exists() && (place.is_dir() || new.is_dir()) {
        std::fs::rename(place, &old)?;
    }
    std::fs::rename(new, place)?;
    sync_folder(parent)?;
    remove(&old)
}

/// Removes a file or a folder, if it is there.
fn remove(path: &Path) -> io::Result<()> {
    let removed = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
