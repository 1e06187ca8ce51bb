//! `backup`: a copy of a registry, taken while it runs, without its help.
//!
//! A registry is its journal and its blobs. Blobs never change, so they are linked where the file system can, and
//! copied elsewhere. Content that is gone when it is looked for was removed by the registry, which unlinks first: the
//! journal then says so, and the backup is of that later moment.

mod fetch;
mod journal_copy;

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use super::reindex::held;
use super::scratch::{Entries, Scratch};
use super::{Progress, UpkeepError, files};
use crate::limits::{BACKUP_ROUNDS_MAX, BACKUP_TEXT_BYTES_MAX, FINDINGS_MAX};
use crate::store::local::sync_folder;
use crate::store::{layout, make_private_folder, read_format};
use fetch::Fetch;
use serde::{Deserialize, Serialize};

pub(super) use journal_copy::{Copy, Followed};

/// The version of the form of a backup.
const VERSION: u32 = 1;

/// What `backup.json` says. It is written last, so a folder without it is no backup.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Backup {
    /// The version of the form of a backup.
    pub(crate) version: u32,
    /// The identity of the registry it was taken of.
    pub(crate) identity: String,
    /// The backend of its metadata store.
    pub(crate) metadata: String,
    /// When it was taken, in seconds since 1970.
    pub(crate) taken_unix_seconds: u64,
    /// The name of the copy of the journal.
    pub(crate) journal: String,
    /// The digest of that file.
    pub(crate) journal_digest: String,
    /// The number of the last group in it.
    pub(crate) sequence: u64,
    /// How many blobs there are.
    pub(crate) blobs: u64,
    /// How many bytes they have.
    pub(crate) blob_bytes: u64,
    /// How many links there are.
    pub(crate) links: u64,
    /// How many manifests there are.
    pub(crate) manifests: u64,
    /// How many tags there are.
    pub(crate) tags: u64,
    /// Blobs that repositories hold and that were missing or damaged, the first [`FINDINGS_MAX`] of them.
    pub(crate) missing: Vec<String>,
}

/// A backup, and how it came to be.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Taken {
    /// What is in it.
    #[serde(flatten)]
    pub(crate) backup: Backup,
    /// How many blobs were there from an older backup.
    pub(crate) kept: u64,
    /// How many were linked.
    pub(crate) linked: u64,
    /// How many were copied.
    pub(crate) copied: u64,
    /// How many of an older backup were removed.
    pub(crate) removed: u64,
}

impl Backup {
    /// Reads the description of the backup in a folder; `None` when there is none.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>, UpkeepError> {
        let path = layout::backup_file(folder);
        let file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(UpkeepError::io("open", &path))?,
        };
        let mut text = Vec::new();
        file.take(BACKUP_TEXT_BYTES_MAX + 1)
            .read_to_end(&mut text)
            .map_err(UpkeepError::io("read", &path))?;
        let wrong = |message: String| UpkeepError::Backup { folder: folder.to_owned(), message };
        if text.len() as u64 > BACKUP_TEXT_BYTES_MAX {
            return Err(wrong(format!("expected at most {BACKUP_TEXT_BYTES_MAX} bytes in `backup.json`")));
        }
        let backup: Self =
            serde_json::from_slice(&text).map_err(|error| wrong(format!("`backup.json`: {error}")))?;
        if backup.version != VERSION {
            return Err(wrong(format!(
                "expected version {VERSION} of `backup.json`, found {}",
                backup.version
            )));
        }
        if !layout::is_backup_journal(&backup.journal) {
            return Err(wrong(format!("`backup.json` names the journal `{}`", backup.journal)));
        }
        Ok(Some(backup))
    }
}

/// Whether a folder, which need not be there yet, is the folder `data` or below it.
fn is_inside(folder: &Path, data: &Path) -> bool {
    let Ok(data) = data.canonicalize() else { return false };
    let Ok(folder) = std::path::absolute(folder) else { return false };
    // The nearest folder that is there says where the others would be.
    folder
        .ancestors()
        .find_map(|folder| folder.canonicalize().ok())
        .is_some_and(|folder| folder.starts_with(&data))
}

/// Takes a backup of the registry in `data`, which may be running, to the folder `to`. An older backup there is
/// brought up to date, and stays whole until the new one is.
///
/// # Errors
///
/// When `to` holds something else, or files cannot be read or written.
pub(crate) fn backup(
    data: &Path,
    to: &Path,
    verify: bool,
    readers: usize,
    progress: &dyn Progress,
) -> Result<Taken, UpkeepError> {
    let format = read_format(data)?.ok_or(UpkeepError::NoFolder { path: layout::format_file(data) })?;
    if is_inside(to, data) {
        return Err(UpkeepError::Inside { data: data.to_owned(), folder: to.to_owned() });
    }
    let (_lock, older) = claim(to)?;
    if older.is_some_and(|older| older.identity != format.identity) {
        return Err(wrong(to, "it holds a backup of another registry"));
    }
    let mut journal = Copy::begin(data, to, &format.identity)?;
    let mut scratch = Scratch::new(to)?;
    let (taken, mut missing) = (Mutex::new(Taken::default()), Vec::new());
    rounds(|round| {
        scratch.follow(&mut journal.reader, progress)?;
        progress.step("shards of blobs", files::SHARDS as u64);
        let mut lost = Mutex::new(Vec::new());
        files::each_shard(readers, progress, |algorithm, shard| {
            let fetch = Fetch { data, to, verify: verify && round == 0, taken: &taken, lost: &lost };
            fetch.shard(algorithm, shard, held(&*scratch.engine, algorithm, shard)?)
        })?;
        let lost = std::mem::take(lost.get_mut().unwrap_or_else(PoisonError::into_inner));
        if lost.is_empty() {
            return Ok(true);
        }
        // What the registry removed, it says that it did.
        match journal.follow()? {
            Followed::Nothing => {
                missing = lost;
                return Ok(true);
            }
            Followed::More => {}
            Followed::Anew => scratch = Scratch::new(to)?,
        }
        Ok(false)
    })?;
    let mut taken = taken.into_inner().unwrap_or_else(PoisonError::into_inner);
    missing.sort_unstable();
    missing.truncate(FINDINGS_MAX);
    let (journal, journal_digest, sequence) = journal.finish(to)?;
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    taken.backup = Backup {
        version: VERSION,
        identity: format.identity,
        metadata: format.metadata,
        taken_unix_seconds: since.as_secs(),
        journal,
        journal_digest,
        sequence,
        missing,
        ..Backup::default()
    };
    count(&scratch, to, readers, progress, &mut taken.backup)?;
    write(to, &taken.backup)?;
    taken.removed = prune(&scratch, to, readers, progress, &taken.backup.journal)?;
    Ok(taken)
}

/// Does rounds of work until one says that it was the last.
pub(super) fn rounds(mut work: impl FnMut(usize) -> Result<bool, UpkeepError>) -> Result<(), UpkeepError> {
    for round in 0..BACKUP_ROUNDS_MAX {
        if work(round)? {
            return Ok(());
        }
    }
    Err(UpkeepError::TooFast)
}

/// Makes the folder, or finds what is in it, and takes the lock on it.
fn claim(to: &Path) -> Result<(File, Option<Backup>), UpkeepError> {
    make_private_folder(to).map_err(UpkeepError::io("make the folder", to))?;
    for entry in std::fs::read_dir(to).map_err(UpkeepError::io("list", to))? {
        let name = entry.map_err(UpkeepError::io("list", to))?.file_name();
        let name = name.to_string_lossy();
        let ours = matches!(&*name, "blobs" | "backup.json" | "journal.new" | "lock")
            || layout::is_backup_journal(&name)
            || name.starts_with(".wkit-")
            || name.starts_with(".tmp");
        if !ours {
            return Err(wrong(to, &format!("it holds something else, such as `{name}`")));
        }
        if name.starts_with(".wkit-") {
            // Left behind by a backup that was interrupted.
            let _ = std::fs::remove_dir_all(to.join(&*name));
        }
    }
    let path = layout::lock_file(to);
    let lock = File::options().create(true).truncate(false).write(true).open(&path);
    let lock = lock.map_err(UpkeepError::io("open", &path))?;
    if lock.try_lock().is_err() {
        return Err(wrong(to, "another backup to it is under way"));
    }
    for algorithm in files::ALGORITHMS {
        let folder = layout::blobs(to, algorithm);
        std::fs::create_dir_all(&folder).map_err(UpkeepError::io("make the folder", &folder))?;
    }
    Ok((lock, Backup::read(to)?))
}

fn wrong(folder: &Path, message: &str) -> UpkeepError {
    UpkeepError::Backup { folder: folder.to_owned(), message: message.to_owned() }
}

fn count(
    scratch: &Scratch,
    to: &Path,
    readers: usize,
    progress: &dyn Progress,
    backup: &mut Backup,
) -> Result<(), UpkeepError> {
    for entry in Entries::new(&*scratch.engine) {
        let (key, _) = entry?;
        backup.links += u64::from(layout::parse_blob(&key).is_some());
        backup.manifests += u64::from(layout::parse_manifest(&key).is_some());
        backup.tags += u64::from(layout::parse_tag_key(&key).is_some());
    }
    progress.step("shards of blobs", files::SHARDS as u64);
    let counted = Mutex::new((0, 0));
    files::each_shard(readers, progress, |algorithm, shard| {
        for digest in held(&*scratch.engine, algorithm, shard)?.into_keys() {
            if let Some(size_bytes) = files::size(&layout::blob_file(to, &digest))? {
                let mut counted = counted.lock().unwrap_or_else(PoisonError::into_inner);
                counted.0 += 1;
                counted.1 += size_bytes;
            }
        }
        Ok(())
    })?;
    (backup.blobs, backup.blob_bytes) = counted.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(())
}

/// Writes `backup.json`, durably: from now on, the folder is this backup.
fn write(to: &Path, backup: &Backup) -> Result<(), UpkeepError> {
    let path = layout::backup_file(to);
    let write = || {
        for algorithm in files::ALGORITHMS {
            sync_folder(&layout::blobs(to, algorithm))?;
        }
        let mut file = tempfile::NamedTempFile::new_in(to)?;
        serde_json::to_writer_pretty(&mut file, backup)?;
        file.write_all(b"\n")?;
        file.as_file().sync_all()?;
        file.persist(&path).map_err(|error| error.error)?;
        sync_folder(to)
    };
    write().map_err(UpkeepError::io("write", &path))
}

/// Removes what only an older backup needed, and says how many blobs that were.
fn prune(
    scratch: &Scratch,
    to: &Path,
    readers: usize,
    progress: &dyn Progress,
    journal: &str,
) -> Result<u64, UpkeepError> {
    for entry in std::fs::read_dir(to).map_err(UpkeepError::io("list", to))? {
        let name = entry.map_err(UpkeepError::io("list", to))?.file_name();
        let name = name.to_string_lossy();
        if layout::is_backup_journal(&name) && name != journal {
            let path = to.join(&*name);
            std::fs::remove_file(&path).map_err(UpkeepError::io("remove", &path))?;
        }
    }
    progress.step("shards of blobs", files::SHARDS as u64);
    let removed = Mutex::new(0);
    files::each_shard(readers, progress, |algorithm, shard| {
        let held = held(&*scratch.engine, algorithm, shard)?;
        for digest in files::blobs(to, algorithm, shard)? {
            if !held.contains_key(&digest) {
                let path = layout::blob_file(to, &digest);
                std::fs::remove_file(&path).map_err(UpkeepError::io("remove", &path))?;
                *removed.lock().unwrap_or_else(PoisonError::into_inner) += 1;
            }
        }
        Ok(())
    })?;
    Ok(removed.into_inner().unwrap_or_else(PoisonError::into_inner))
}
