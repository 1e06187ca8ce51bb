//! Why a journal cannot be used.

use std::io;
use std::path::{Path, PathBuf};

use crate::store::{CommitError, MetadataError};

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// There is none.
    #[error("there is no journal `{}`", path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// It does not begin as a journal does.
    #[error(
        "expected `{}` to begin as a journal; it is damaged\n\
        hint: `wkit-registry check --repair` writes it anew from the metadata store", path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// It is of another version.
    #[error("expected version {expected} of the journal `{}`, found {found}", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// The version that is known.
        expected: u32,
        /// The version found.
        found: u32,
    },
    /// It is another registry's.
    #[error("the journal `{}` belongs to another registry", path.display())]
    Identity {
        /// The file.
        path: PathBuf,
    },
    /// The store lacks more than the journal still has group by group.
    #[error(
        "the metadata store is older than the journal `{}`, which begins with group {journal}; \
        the store ends with {store}\n\
        hint: `wkit-registry reindex` makes the store again from the journal", path.display()
    )]
    StoreBehind {
        /// The journal.
        path: PathBuf,
        /// The last group that the journal begins with.
        journal: u64,
        /// The last group of the store.
        store: u64,
    },
    /// The file system refuses something.
    #[error("could not {action} the journal `{}`: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system reports.
        source: io::Error,
    },
    /// The metadata store cannot be read or written.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// The metadata store does not take what the journal has.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl JournalError {
    pub(super) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { action, path: path.to_owned(), source }
    }
}
