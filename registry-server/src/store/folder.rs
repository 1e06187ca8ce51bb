//! The data folder: opened by one server at a time, and tied to one metadata store.

use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wkit_artifact::Algorithm;

use crate::config::MetadataUrl;
use crate::store::journal::{Journal, JournalError};
use crate::store::local::{LocalLimits, sync_folder};
use crate::store::{
    Batch, BlobStore, BlobStoreError, CommitError, Engine, LocalBlobs, MetadataError, MetadataStore,
    UniqueIds, layout, open_engine,
};

/// Both stores of one data folder, and the lock on it.
pub(crate) struct Stores {
    /// Where blobs are.
    pub(crate) blobs: Arc<dyn BlobStore>,
    /// Where everything else is.
    pub(crate) metadata: Arc<dyn MetadataStore>,
    /// Held as long as the stores are used.
    pub(crate) lock: File,
}

/// Why a data folder was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another server runs on it.
    #[error(
        "another registry is running on the data folder `{}`\n\
        hint: stop it first, or name another folder with `--data`; some commands ask a running registry with `--server`",
        folder.display()
    )]
    Locked {
        /// The folder.
        folder: PathBuf,
    },
    /// The file system refuses something.
    #[error("could not {action} `{}`: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the system reports.
        source: std::io::Error,
    },
    /// `format.json` is not ours.
    #[error("expected `{}` to describe a registry's data folder: {message}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// The folder was made by another version.
    #[error(
        "expected layout {} of the data folder `{}`, found layout {found}\n\
        hint: use the version of wkit that the folder was last used with", layout::VERSION, folder.display()
    )]
    Version {
        /// The folder.
        folder: PathBuf,
        /// The version of the layout found.
        found: u32,
    },
    /// The folder is in use with another backend.
    #[error(
        "expected the metadata store `{expected}:`, which the data folder `{}` has, found `{found}:`\n\
        hint: say `--metadata {expected}:` (`metadata = \"{expected}:\"` in the configuration file), or move the store to \
        the other backend with `wkit-registry reindex --metadata {found}:`", folder.display()
    )]
    Backend {
        /// The folder.
        folder: PathBuf,
        /// The backend in `format.json`.
        expected: String,
        /// The backend asked for.
        found: &'static str,
    },
    /// The metadata store is not the one that belongs to the folder.
    #[error(
        "the metadata store `{}` does not belong to the data folder `{}`\n\
        hint: name the store of this folder with `--metadata`, or make it again with `wkit-registry reindex`",
        metadata.display(), folder.display()
    )]
    Identity {
        /// Where the metadata store is.
        metadata: PathBuf,
        /// The data folder.
        folder: PathBuf,
    },
    /// The metadata store that the folder had is gone.
    #[error(
        "there is no metadata store `{}`, which belongs to the data folder `{}`\n\
        hint: `wkit-registry reindex` makes it again from the journal", metadata.display(), folder.display()
    )]
    Gone {
        /// Where the metadata store should be.
        metadata: PathBuf,
        /// The data folder.
        folder: PathBuf,
    },
    /// The metadata store cannot be opened.
    #[error(
        "could not open the metadata store `{}`: {source}\n\
        hint: if it is damaged, `wkit-registry reindex` makes it again from the journal", path.display()
    )]
    Metadata {
        /// Where it is.
        path: PathBuf,
        /// What is wrong.
        source: MetadataError,
    },
    /// The identity of a new folder cannot be stored.
    #[error("could not mark the metadata store: {0}")]
    Mark(#[from] CommitError),
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The blobs or uploads cannot be read.
    #[error("could not open the blob store: {0}")]
    Blobs(#[from] BlobStoreError),
}

/// What `format.json` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Format {
    /// The version of the layout.
    pub(crate) layout: u32,
    /// The backend of the metadata store.
    pub(crate) metadata: String,
    /// What ties folder, store and journal to each other.
    pub(crate) identity: String,
}

/// A data folder that is held, with its metadata store and journal, which are the same, but without threads.
pub(crate) struct Folder {
    /// Where the metadata store is.
    pub(crate) metadata: PathBuf,
    /// What ties folder, store and journal to each other.
    pub(crate) identity: String,
    /// The metadata store.
    pub(crate) engine: Box<dyn Engine>,
    /// Its journal.
    pub(crate) journal: Journal,
    /// Keeps others off the folder; the last to go.
    pub(crate) lock: File,
}

/// Opens a data folder, or makes a new one, and takes the lock on it.
///
/// # Errors
///
/// As for [`Folder::open`], or when blobs or uploads cannot be read.
pub(crate) async fn open(
    data: &Path,
    url: &MetadataUrl,
    blob_bytes_max: u64,
    sessions_max: usize,
    idle_max: Duration,
) -> Result<Stores, OpenError> {
    let Folder { metadata: path, engine, journal, lock, .. } = Folder::open(data, url)?;
    let blobs = LocalBlobs::open(data, LocalLimits { blob_bytes_max, sessions_max, idle_max })?;
    let failed = |source| OpenError::Metadata { path: path.clone(), source };
    let metadata = engine.into_store(&path, Some(journal)).map_err(failed)?;
    Ok(Stores { blobs: Arc::new(blobs), metadata, lock })
}

impl Folder {
    /// Opens a data folder, or makes a new one, and takes the lock on it.
    ///
    /// A folder and its metadata store carry the same identity. Without this, a server started with the wrong metadata
    /// store would take every blob for garbage.
    ///
    /// # Errors
    ///
    /// When the folder is in use, belongs to another version, backend or metadata store, or cannot be read.
    pub(crate) fn open(data: &Path, url: &MetadataUrl) -> Result<Self, OpenError> {
        let lock = prepare(data)?;
        let path = url.path(data);
        let format = read_format(data)?;
        if let Some(format) = &format {
            check_format(data, format, url)?;
            // Opening it would make an empty one.
            if !path.exists() {
                return Err(OpenError::Gone { metadata: path, folder: data.to_owned() });
            }
        }
        let failed = |source| OpenError::Metadata { path: path.clone(), source };
        let mut engine = open_engine(url, &path).map_err(failed)?;
        let stored = engine.get(&layout::identity()).map_err(failed)?;
        let identity = match (format, stored) {
            (Some(format), Some(stored)) if format.identity.as_bytes() == stored => format.identity,
            // The identity is stored in the metadata first, so a crash in between leaves only this state behind.
            (None, stored) => {
                let identity = match stored {
                    Some(stored) if no_blobs(data) => String::from_utf8_lossy(&stored).into_owned(),
                    None if no_blobs(data) => mark(&mut *engine, UniqueIds::new().next())?,
                    _ => return Err(OpenError::Identity { metadata: path, folder: data.to_owned() }),
                };
                let backend = url.backend().to_owned();
                write_format(
                    data,
                    &Format { layout: layout::VERSION, metadata: backend, identity: identity.clone() },
                )?;
                identity
            }
            _ => return Err(OpenError::Identity { metadata: path, folder: data.to_owned() }),
        };
        let journal = Journal::open(&layout::journal_file(data), &identity, &mut *engine)?;
        Ok(Self { metadata: path, identity, engine, journal, lock })
    }
}

/// Whether a folder is of this version and its store of the kind asked for.
///
/// # Errors
///
/// When it is not.
pub(crate) fn check_format(data: &Path, format: &Format, url: &MetadataUrl) -> Result<(), OpenError> {
    let folder = data.to_owned();
    if format.layout != layout::VERSION {
        return Err(OpenError::Version { folder, found: format.layout });
    }
    if format.metadata != url.backend() {
        return Err(OpenError::Backend { folder, expected: format.metadata.clone(), found: url.backend() });
    }
    Ok(())
}

/// Makes a folder that only its owner may look into, for what is in it holds secrets: hashes of tokens, and the keys that
/// access tokens are signed with. A folder that is there keeps its permissions.
///
/// # Errors
///
/// When it cannot be made.
pub(crate) fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Makes the folders and takes the lock.
///
/// # Errors
///
/// When another holds the lock, or the file system refuses.
pub(crate) fn prepare(data: &Path) -> Result<File, OpenError> {
    let io = |action, path: &Path| {
        let path = path.to_owned();
        move |source| OpenError::Io { action, path, source }
    };
    make_private_folder(data).map_err(io("make the folder", data))?;
    let path = layout::lock_file(data);
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(io("open the file", &path))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(OpenError::Locked { folder: data.to_owned() }),
        Err(TryLockError::Error(source)) => return Err(io("lock the file", &path)(source)),
    }
    let folders = [
        layout::uploads(data),
        layout::blobs(data, Algorithm::Sha256),
        layout::blobs(data, Algorithm::Sha512),
    ];
    for folder in &folders {
        std::fs::create_dir_all(folder).map_err(io("make the folder", folder))?;
    }
    for folder in folders.iter().filter_map(|folder| folder.parent()).chain([data]) {
        sync_folder(folder).map_err(io("sync the folder", folder))?;
    }
    Ok(lock)
}

/// Gives a store an identity.
///
/// # Errors
///
/// When it cannot be stored.
pub(crate) fn mark(engine: &mut dyn Engine, identity: String) -> Result<String, CommitError> {
    let mut batch = Batch::default();
    batch.set(layout::identity(), identity.clone().into_bytes());
    engine.commit_group(&[batch], None)?.into_iter().collect::<Result<(), _>>()?;
    Ok(identity)
}

/// Whether no blob was ever stored: shard folders are made with the first blob in them.
fn no_blobs(data: &Path) -> bool {
    [Algorithm::Sha256, Algorithm::Sha512].into_iter().all(|algorithm| {
        std::fs::read_dir(layout::blobs(data, algorithm)).is_ok_and(|mut entries| entries.next().is_none())
    })
}

/// What `format.json` says, `None` when there is none.
///
/// # Errors
///
/// When it cannot be read, or is not ours.
pub(crate) fn read_format(data: &Path) -> Result<Option<Format>, OpenError> {
    let path = layout::format_file(data);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(OpenError::Io { action: "read the file", path, source }),
    };
    match serde_json::from_str(&text) {
        Ok(format) => Ok(Some(format)),
        Err(error) => Err(OpenError::Format { path, message: error.to_string() }),
    }
}

/// Writes `format.json`, durably.
///
/// # Errors
///
/// When the file system refuses.
pub(crate) fn write_format(data: &Path, format: &Format) -> Result<(), OpenError> {
    let path = layout::format_file(data);
    let write = || {
        let mut file = tempfile::NamedTempFile::new_in(data)?;
        serde_json::to_writer(&mut file, format)?;
        file.write_all(b"\n")?;
        file.as_file().sync_all()?;
        file.persist(&path).map_err(|error| error.error)?;
        sync_folder(data)
    };
    write().map_err(|source| OpenError::Io { action: "write the file", path: path.clone(), source })
}
