//! What a command works on: a folder that no server uses at the moment, or a running registry.

use std::path::PathBuf;

use super::folder_args::{configuration, open_stores};
use super::remote::{Remote, RemoteArgs};
use super::{CommandError, OutputFormat};
use crate::config::MetadataUrl;
use crate::registry::Registry;

/// Arguments that say what a command works on.
#[derive(Debug, clap::Args)]
pub(super) struct TargetArgs {
    /// The configuration file; its rules are those that are used
    #[arg(long, value_name = "FILE", conflicts_with = "server")]
    config: Option<PathBuf>,

    /// The data folder, which no server may be using [default: registry-data]
    #[arg(long, value_name = "FOLDER", conflicts_with = "server")]
    data: Option<PathBuf>,

    /// The metadata store, as for `serve`
    #[arg(long, value_name = "URL", conflicts_with = "server")]
    metadata: Option<MetadataUrl>,

    #[command(flatten)]
    remote: RemoteArgs,
}

/// Arguments of a command that removes something and reports it.
#[derive(Debug, clap::Args)]
pub struct RunArgs {
    #[command(flatten)]
    pub(super) target: TargetArgs,

    /// Say what would be removed and why, and change nothing
    #[arg(long)]
    pub(super) dry_run: bool,

    /// How to write the report
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = OutputFormat::Text)]
    pub(super) format: OutputFormat,
}

/// What a command works on.
pub(super) enum Target {
    /// A folder.
    Folder(Registry),
    /// A registry that runs.
    Server(Remote),
}

impl TargetArgs {
    /// Opens it.
    pub(super) async fn open(self) -> Result<Target, CommandError> {
        if let Some(remote) = self.remote.connect()? {
            return Ok(Target::Server(remote));
        }
        let config = configuration(self.config.as_deref(), self.data, self.metadata)?;
        let stores = open_stores(&config, false).await?;
        Ok(Target::Folder(Registry::new(stores, config.rules())))
    }
}
