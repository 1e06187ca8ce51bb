//! `backup`: a copy of a registry, taken while it runs, without its help.
//!
//! A registry is its journal and its blobs. Blobs never change, so they are linked where the file system can, and
//! copied elsewhere. Content that is gone when it is looked for was removed by the registry, which unlinks first: the
//! journal then says so, and the backup is of that later moment.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use wkit_artifact::{Algorithm, Digest};

use super::reindex::held;
use super::scratch::{Entries, Scratch};
use super::{Progress, UpkeepError, files};
use crate::limits::{BACKUP_ROUNDS_MAX, BACKUP_TEXT_BYTES_MAX, FINDINGS_MAX};
use crate::store::journal::JournalReader;
use crate::store::local::sync_folder;
use crate::store::{JournalError, layout, make_private_folder, read_format};

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
    let (_lock, older) = claim(to)?;
    if older.is_some_and(|older| older.identity != format.identity) {
        return Err(wrong(to, "it holds a backup of another registry"));
    }
    let mut journal = Copy::begin(data, to, &format.identity)?;
    let mut scratch = Scratch::new(to)?;
    let (taken, missing) = (Mutex::new(Taken::default()), Mutex::new(Vec::new()));
    for round in 0.. {
        if round == BACKUP_ROUNDS_MAX {
            return Err(UpkeepError::TooFast);
        }
        scratch.follow(&mut journal.reader, progress)?;
        progress.step("shards of blobs", files::SHARDS as u64);
        let mut lost = Mutex::new(Vec::new());
        files::each_shard(readers, progress, |algorithm, shard| {
            let fetch = Fetch { data, to, verify: verify && round == 0, taken: &taken, lost: &lost };
            fetch.shard(algorithm, shard, held(&*scratch.engine, algorithm, shard)?)
        })?;
        let lost = std::mem::take(lost.get_mut().unwrap_or_else(PoisonError::into_inner));
        if lost.is_empty() {
            break;
        }
        // What the registry removed, it says that it did.
        match journal.follow()? {
            Followed::Nothing => {
                *missing.lock().unwrap_or_else(PoisonError::into_inner) = lost;
                break;
            }
            Followed::More => {}
            Followed::Anew => scratch = Scratch::new(to)?,
        }
    }
    let mut taken = taken.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut missing = missing.into_inner().unwrap_or_else(PoisonError::into_inner);
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

/// The copy of the journal while it is made.
pub(super) struct Copy {
    live: PathBuf,
    path: PathBuf,
    pub(super) reader: JournalReader,
}

/// What a look at the journal of the running registry gave.
pub(super) enum Followed {
    /// There is nothing new.
    Nothing,
    /// There are more groups.
    More,
    /// The journal was written anew: everything has to be read again.
    Anew,
}

impl Copy {
    pub(super) fn begin(data: &Path, to: &Path, identity: &str) -> Result<Self, UpkeepError> {
        let (live, path) = (layout::journal_file(data), layout::new_file(&layout::journal_file(to)));
        copy_from(&live, &path, 0)?;
        let reader = JournalReader::open(&path)?;
        if reader.header().identity != identity {
            return Err(JournalError::Identity { path: live }.into());
        }
        Ok(Self { live, path, reader })
    }

    pub(super) fn follow(&mut self) -> Result<Followed, UpkeepError> {
        let failed = UpkeepError::io("read", &self.path);
        copy_from(&self.live, &self.path, self.reader.end())?;
        // Looked at afterwards: what was copied is of the same file then.
        if JournalReader::open(&self.live)?.header() != self.reader.header() {
            copy_from(&self.live, &self.path, 0)?;
            self.reader = JournalReader::open(&self.path)?;
            return Ok(Followed::Anew);
        }
        let before = self.reader.sequence();
        self.reader.resume().map_err(failed)?;
        let mut look = JournalReader::open(&self.path)?;
        look.skip_like(&self.reader).map_err(UpkeepError::io("read", &self.path))?;
        let more = look.next_group().map_err(UpkeepError::io("read", &self.path))?;
        Ok(if more.is_some_and(|group| group.sequence > before) { Followed::More } else { Followed::Nothing })
    }

    /// Ends the copy with the last whole group, durably; returns name, digest, and the number of that group.
    fn finish(self, to: &Path) -> Result<(String, String, u64), UpkeepError> {
        let (end, sequence) = (self.reader.end(), self.reader.sequence());
        let name = layout::backup_journal_name(sequence);
        let place = to.join(&name);
        let finish = || {
            let file = File::options().write(true).open(&self.path)?;
            file.set_len(end)?;
            file.sync_all()
        };
        finish().map_err(UpkeepError::io("write", &self.path))?;
        let digest = files::digest(&self.path, Algorithm::Sha256)?.ok_or(UpkeepError::Lost)?;
        let renamed = std::fs::rename(&self.path, &place).and_then(|()| sync_folder(to));
        renamed.map_err(UpkeepError::io("write", &place))?;
        Ok((name, digest.to_string(), sequence))
    }
}

/// Copies a file from `offset` on, in place of what the copy has from there.
fn copy_from(from: &Path, to: &Path, offset: u64) -> Result<(), UpkeepError> {
    let copy = || {
        let mut source = File::open(from)?;
        source.seek(SeekFrom::Start(offset))?;
        let mut target = File::options().create(true).truncate(false).write(true).open(to)?;
        target.set_len(offset)?;
        target.seek(SeekFrom::Start(offset))?;
        io::copy(&mut source, &mut target)
    };
    copy().map(drop).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => JournalError::Missing { path: from.to_owned() }.into(),
        _ => UpkeepError::io("copy", from)(error),
    })
}

/// Brings blobs into a backup.
struct Fetch<'a> {
    data: &'a Path,
    to: &'a Path,
    verify: bool,
    taken: &'a Mutex<Taken>,
    lost: &'a Mutex<Vec<String>>,
}

impl Fetch<'_> {
    fn shard(
        &self,
        algorithm: Algorithm,
        shard: u8,
        blobs: std::collections::BTreeMap<Digest, Option<u64>>,
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
