//! What can be done with a registry from a command line: the arguments and the work of `wkit-registry` and of
//! `wkit registry`, which are the same. Data goes to the writer that is handed in; nothing else is printed.

mod backup;
mod check;
mod folder_args;
mod progress;
mod reindex;
mod restore;
mod serve;

use std::io::Write;

pub use backup::BackupArgs;
pub use check::CheckArgs;
pub use reindex::ReindexArgs;
pub use restore::RestoreArgs;
pub use serve::ServeArgs;

use crate::server::{RunError, StartError};
use crate::settings::SettingsError;
use crate::upkeep::UpkeepError;

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Serve a registry until it is interrupted
    Serve(ServeArgs),
    /// Check that everything stored is whole, beside a running server or without one, and mend it
    Check(CheckArgs),
    /// Make the metadata store again from the journal, also for another backend
    Reindex(ReindexArgs),
    /// Take a backup of a registry, which may be running
    Backup(BackupArgs),
    /// Make a new data folder out of a backup
    Restore(RestoreArgs),
}

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The registry did not start.
    #[error("the registry cannot start: {0}")]
    Start(#[from] StartError),
    /// The registry stopped on its own.
    #[error("the registry stopped: {0}")]
    Run(#[from] RunError),
    /// The work on the data folder was not done.
    #[error(transparent)]
    Upkeep(#[from] UpkeepError),
    /// Something is not as it should be; the output says what.
    #[error("{count} findings")]
    Findings {
        /// How many.
        count: u64,
    },
    /// Signals of the system cannot be waited for.
    #[error("signals cannot be waited for: {0}")]
    Signals(std::io::Error),
    /// The output cannot be written.
    #[error("the output cannot be written: {0}")]
    Output(std::io::Error),
}

impl Command {
    /// Does it. What is asked for goes to `output`.
    ///
    /// # Errors
    ///
    /// When the configuration cannot be used, the registry fails, or the output cannot be written.
    pub async fn run(self, output: &mut (dyn Write + Send)) -> Result<(), CommandError> {
        match self {
            Command::Serve(args) => serve::run(args, output).await,
            Command::Check(args) => check::run(args, output).await,
            Command::Reindex(args) => reindex::run(args, output).await,
            Command::Backup(args) => backup::run(args, output).await,
            Command::Restore(args) => restore::run(args, output).await,
        }
    }
}
