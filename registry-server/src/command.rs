//! What can be done with a registry from a command line: the arguments and the work of `wkit-registry` and of
//! `wkit registry`, which are the same. Data goes to the writer that is handed in; nothing else is printed.

mod serve;

use std::io::Write;

pub use serve::ServeArgs;

use crate::server::{RunError, StartError};
use crate::settings::SettingsError;

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Serve a registry until it is interrupted
    Serve(ServeArgs),
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
        }
    }
}
