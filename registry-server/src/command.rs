//! What can be done with a registry from a command line: the arguments and the work of `wkit-registry` and of
//! `wkit registry`, which are the same. Data goes to the writer that is handed in; nothing else is printed.

mod backup;
mod check;
mod folder_args;
mod gc;
mod progress;
mod quota;
mod read_only;
mod reindex;
mod remote;
mod restore;
mod retention;
mod serve;
mod status;
mod target;
mod token;
mod user;

use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;

pub use backup::BackupArgs;
pub use check::CheckArgs;
pub use quota::QuotaArgs;
pub use read_only::ReadOnlyArgs;
pub use reindex::ReindexArgs;
pub use remote::RemoteError;
pub use restore::RestoreArgs;
pub use serve::ServeArgs;
pub use status::StatusArgs;
pub use target::RunArgs;
pub use token::TokenArgs;
pub use user::UserArgs;

use crate::access::HtpasswdError;
use crate::registry::GarbageError;
use crate::server::{RunError, StartError};
use crate::settings::SettingsError;
use crate::store::{MetadataError, OpenError};
use crate::upkeep::UpkeepError;

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Serve a registry until it is interrupted
    Serve(ServeArgs),
    /// Remove uploads that rest and blobs that no manifest refers to, from a folder or in a running registry
    Gc(RunArgs),
    /// Remove the tags and manifests that the retention rules do not keep, from a folder or in a running registry
    Retention(RunArgs),
    /// Say how much of each quota is used, in a folder or a running registry
    Quota(QuotaArgs),
    /// Let a running registry take changes, or not
    ReadOnly(ReadOnlyArgs),
    /// Say how a running registry is
    Status(StatusArgs),
    /// Make, list and revoke API tokens on the data folder of a registry that is not running
    Token(TokenArgs),
    /// Set, list and remove the users of an htpasswd file
    User(UserArgs),
    /// Check that everything stored is whole, beside a running server or without one, and mend it
    Check(CheckArgs),
    /// Make the metadata store again from the journal, also for another backend
    Reindex(ReindexArgs),
    /// Take a backup of a registry, which may be running
    Backup(BackupArgs),
    /// Make a new data folder out of a backup
    Restore(RestoreArgs),
}

/// How a command writes what it found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum OutputFormat {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
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
    /// The folder cannot be opened.
    #[error("{0}")]
    Open(#[from] OpenError),
    /// There is no such folder.
    #[error(
        "there is no registry in `{}`\nhint: say where its data folder is with `--data`; `wkit-registry serve` makes a new one",
        folder.display()
    )]
    NoFolder {
        /// The folder.
        folder: PathBuf,
    },
    /// A running registry did not do what was asked.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The stores failed at what was asked.
    #[error("{message}")]
    Failed {
        /// What went wrong.
        message: String,
    },
    /// The file of users cannot be used.
    #[error(transparent)]
    Htpasswd(#[from] HtpasswdError),
    /// An argument cannot be used as it is.
    #[error("{message}")]
    Argument {
        /// What was expected, and what was found.
        message: String,
    },
    /// The password cannot be read.
    #[error("the password cannot be read: {0}")]
    Password(std::io::Error),
    /// A token was not made, listed or revoked.
    #[error("{message}")]
    Token {
        /// Why.
        message: String,
    },
    /// The work on the data folder was not done.
    #[error(transparent)]
    Upkeep(#[from] UpkeepError),
    /// Something is not as it should be; the output says what.
    #[error("{count} findings\nhint: {hint}")]
    Findings {
        /// How many.
        count: u64,
        /// What to do next.
        hint: &'static str,
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
            Command::Gc(args) => gc::run(args, output).await,
            Command::Retention(args) => retention::run(args, output).await,
            Command::Quota(args) => quota::run(args, output).await,
            Command::ReadOnly(args) => read_only::run(args, output).await,
            Command::Status(args) => status::run(args, output).await,
            Command::Token(args) => token::run(args, output).await,
            Command::User(args) => user::run(args, output),
            Command::Check(args) => check::run(args, output).await,
            Command::Reindex(args) => reindex::run(args, output).await,
            Command::Backup(args) => backup::run(args, output).await,
            Command::Restore(args) => restore::run(args, output).await,
        }
    }
}

impl From<GarbageError> for CommandError {
    fn from(error: GarbageError) -> Self {
        Self::Failed { message: error.to_string() }
    }
}

impl From<MetadataError> for CommandError {
    fn from(error: MetadataError) -> Self {
        Self::Failed { message: error.to_string() }
    }
}

/// Writes a report, as JSON or as `text` has it.
fn say<T: Serialize>(
    output: &mut (dyn Write + Send),
    format: OutputFormat,
    report: &T,
    text: impl FnOnce(&T) -> String,
) -> Result<(), CommandError> {
    let report = match format {
        OutputFormat::Text => text(report),
        OutputFormat::Json => {
            serde_json::to_string_pretty(report).map_err(|error| CommandError::Output(error.into()))?
        }
    };
    match writeln!(output, "{report}").and_then(|()| output.flush()) {
        // Who reads has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(CommandError::Output),
    }
}

/// A number of bytes for a person.
fn bytes(count: u64) -> String {
    let (mut shift, mut unit) = (0, "B");
    for (next, name) in [(10, "KiB"), (20, "MiB"), (30, "GiB"), (40, "TiB")] {
        if count >> next > 0 {
            (shift, unit) = (next, name);
        }
    }
    if shift == 0 {
        return format!("{count} {unit}");
    }
    let tenths = (u128::from(count) * 10) >> shift;
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pipe whose reader is gone, or a disk that is full.
    struct Broken(std::io::ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_closed_pipe_is_quiet_and_a_full_disk_is_not() {
        use std::io::ErrorKind;

        let write = |kind| say(&mut Broken(kind), OutputFormat::Text, &1, ToString::to_string);
        assert!(write(ErrorKind::BrokenPipe).is_ok());
        assert!(matches!(write(ErrorKind::StorageFull), Err(CommandError::Output(_))));
    }

    #[test]
    fn numbers_of_bytes() {
        for (count, expected) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            (10 << 20, "10.0 MiB"),
            (u64::MAX, "16777215.9 TiB"),
        ] {
            assert_eq!(bytes(count), expected);
        }
    }
}
