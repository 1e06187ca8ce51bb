//! Work on a data folder as a whole, without HTTP: `check` and its repair, `reindex`, `backup`, `restore`.
//!
//! What is in a registry is read from its journal, or from its metadata store when no server runs on it, into a
//! *scratch store*: an embedded metadata store in a temporary folder, with all that is derived. So all of this needs
//! little memory, however many entries there are, and a running server notices nothing of it.

pub(crate) mod backup;
pub(crate) mod check;
mod compare;
mod files;
pub(crate) mod reindex;
pub(crate) mod repair;
pub(crate) mod report;
pub(crate) mod restore;
mod scratch;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub(crate) use files::readers_default;

use crate::store::journal::ReplayError;
use crate::store::{CommitError, JournalError, MetadataError, OpenError};

/// Told how far a long piece of work has come.
pub(crate) trait Progress: Sync {
    /// A step begins that has `total` parts; 0 when that is not known.
    fn step(&self, what: &'static str, total: u64);

    /// So many parts of it are done, in all.
    fn done(&self, parts: u64);
}

/// Why work on a data folder was not done.
#[derive(Debug, thiserror::Error)]
pub enum UpkeepError {
    /// The data folder was not opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There is no data folder.
    #[error(
        "expected a registry's data folder, found no `{}`\nhint: say where the folder is with `--data`", path.display()
    )]
    NoFolder {
        /// The file that should be in it.
        path: PathBuf,
    },
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The journal cannot be replayed.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// A metadata store cannot be read or written.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// A metadata store does not take a change.
    #[error(transparent)]
    Commit(#[from] CommitError),
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
    /// A server runs, and what is asked for needs that none does.
    #[error(
        "a registry is running on the data folder `{}`\nhint: stop it first; `check` without `--repair` \
        and `backup` work beside it", folder.display()
    )]
    Running {
        /// The folder.
        folder: PathBuf,
    },
    /// There is nothing to make the metadata store from.
    #[error(
        "the data folder `{}` has no journal and no metadata store that can be read, and no blob says what a tag names\n\
        hint: restore a backup with `wkit-registry restore`", folder.display()
    )]
    NoSource {
        /// The folder.
        folder: PathBuf,
    },
    /// What should be a backup is none.
    #[error(
        "expected a backup in `{}`: {message}\nhint: name the folder of a backup that `wkit-registry backup` has finished, \
        or for a new one a folder that is empty or not there", folder.display()
    )]
    Backup {
        /// The folder.
        folder: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// The backup would be a part of what it is of.
    #[error(
        "expected a folder outside of the data folder `{}` for the backup, found `{}`\n\
        hint: name another one, best on another disk", data.display(), folder.display()
    )]
    Inside {
        /// The data folder.
        data: PathBuf,
        /// The folder asked for.
        folder: PathBuf,
    },
    /// A folder that should be new has something in it.
    #[error("expected an empty folder or none at `{}`\nhint: name another one, or remove it", folder.display())]
    NotEmpty {
        /// The folder.
        folder: PathBuf,
    },
    /// Content was removed again and again while it was looked for.
    #[error(
        "the registry removes content faster than it can be backed up\nhint: try again when less is going on"
    )]
    TooFast,
    /// A part of the work was lost because of a bug.
    #[error("a thread ended early")]
    Lost,
}

impl UpkeepError {
    /// For `map_err`: an action on a path failed.
    fn io(action: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}
