//! Arguments of the commands that work on a data folder as a whole.

use std::io::Write;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use serde::Serialize;

use super::CommandError;
use crate::config::{Config, MetadataUrl};
use crate::settings::Settings;
use crate::upkeep::readers_default;

/// Which registry.
#[derive(Debug, clap::Args)]
pub(super) struct FolderArgs {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// The data folder [default: registry-data]
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,

    /// How many blobs to read at once [default: one for each processor, at most 8]
    #[arg(long, value_name = "NUMBER")]
    jobs: Option<NonZeroUsize>,
}

impl FolderArgs {
    /// The configuration that the file and the arguments give together.
    pub(super) fn config(&self) -> Result<Config, CommandError> {
        let mut config = match &self.config {
            Some(file) => Settings::read(file)?.into_config(),
            None => Config::new(Config::DATA_DEFAULT),
        };
        if let Some(data) = &self.data {
            config.data = data.clone();
        }
        Ok(config)
    }

    /// How many threads read blobs.
    pub(super) fn readers(&self) -> usize {
        self.jobs.map_or_else(readers_default, usize::from)
    }
}

/// The metadata store, for the commands that need one.
#[derive(Debug, clap::Args)]
pub(super) struct MetadataArgs {
    /// The metadata store: `redb:` or `sled:` inside the data folder, or with a path after the colon elsewhere
    #[arg(long, value_name = "URL")]
    metadata: Option<MetadataUrl>,
}

impl MetadataArgs {
    /// What the argument, or else the configuration, says; nothing when neither does.
    pub(super) fn url(&self, config: &Config) -> Option<MetadataUrl> {
        self.metadata.clone().or_else(|| config.metadata.clone())
    }
}

/// Writes lines.
pub(super) fn write_text(output: &mut (dyn Write + Send), lines: &[String]) -> Result<(), CommandError> {
    lines.iter().try_for_each(|line| writeln!(output, "{line}")).map_err(CommandError::Output)
}

/// Writes a value as JSON.
pub(super) fn write_json(
    output: &mut (dyn Write + Send),
    value: &(impl Serialize + ?Sized),
) -> Result<(), CommandError> {
    let text = serde_json::to_string_pretty(value).map_err(|error| CommandError::Output(error.into()))?;
    writeln!(output, "{text}").map_err(CommandError::Output)
}

/// Runs work that reads and writes files on a thread where it may.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, crate::UpkeepError> + Send + 'static,
) -> Result<T, CommandError> {
    let result = tokio::task::spawn_blocking(work).await;
    Ok(result.unwrap_or(Err(crate::UpkeepError::Lost))?)
}
