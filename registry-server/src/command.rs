//! What can be done with a registry from a command line: the arguments and the work of `wkit-registry` and of
//! `wkit registry`, which are the same. Data goes to the writer that is handed in; nothing else is printed.

mod serve;
mod token;
mod user;

use std::io::Write;

pub use serve::ServeArgs;
pub use token::TokenArgs;
pub use user::UserArgs;

use crate::access::HtpasswdError;
use crate::server::{RunError, StartError};
use crate::settings::SettingsError;
use crate::store::OpenError;

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Serve a registry until it is interrupted
    Serve(ServeArgs),
    /// Make, list and revoke API tokens on the data folder of a registry that is not running
    Token(TokenArgs),
    /// Set, list and remove the users of an htpasswd file
    User(UserArgs),
}

/// How a list is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
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
    /// The data folder was not opened.
    #[error(transparent)]
    Open(#[from] OpenError),
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
            Command::Token(args) => token::run(args, output).await,
            Command::User(args) => user::run(args, output),
        }
    }
}
