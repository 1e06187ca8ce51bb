//! Arguments of the commands that work on a data folder as a whole.

use std::io::Write;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{CommandError, OutputFormat, say};
use crate::config::{Config, MetadataUrl};
use crate::settings::{Settings, SettingsError};
use crate::store::{self, Stores, layout};
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
        Ok(configuration(self.config.as_deref(), self.data.clone(), None)?)
    }

    /// How many threads read blobs.
    pub(super) fn readers(&self) -> usize {
        self.jobs.map_or_else(readers_default, usize::from)
    }
}

/// What a configuration file says, and the options that go before it.
pub(super) fn configuration(
    file: Option<&Path>,
    data: Option<PathBuf>,
    metadata: Option<MetadataUrl>,
) -> Result<Config, SettingsError> {
    let mut config = match file {
        Some(file) => Settings::read(file)?.into_config(),
        None => Config::new(Config::DATA_DEFAULT),
    };
    if let Some(data) = data {
        config.data = data;
    }
    config.metadata = metadata.or(config.metadata);
    Ok(config)
}

/// Opens the stores of a folder that is there. A command that looks after a folder must not make a registry of another
/// one by a slip in its name; `fresh` says that an empty folder will do.
pub(super) async fn open_stores(config: &Config, fresh: bool) -> Result<Stores, CommandError> {
    let empty = || std::fs::read_dir(&config.data).is_ok_and(|mut entries| entries.next().is_none());
    if !layout::format_file(&config.data).is_file() && !(fresh && empty()) {
        return Err(CommandError::NoFolder { folder: config.data.clone() });
    }
    let url = config.metadata.clone().unwrap_or_default();
    let (bytes, sessions) = (config.blob_bytes_max, config.upload_sessions_max);
    Ok(store::open(&config.data, &url, bytes, sessions, config.upload_idle_max).await?)
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
    say(output, OutputFormat::Text, &(), |()| lines.join("\n"))
}

/// Writes a value as JSON.
pub(super) fn write_json(
    output: &mut (dyn Write + Send),
    value: &impl Serialize,
) -> Result<(), CommandError> {
    say(output, OutputFormat::Json, value, |_| String::new())
}

/// Runs work that reads and writes files on a thread where it may.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, crate::UpkeepError> + Send + 'static,
) -> Result<T, CommandError> {
    let result = tokio::task::spawn_blocking(work).await;
    Ok(result.unwrap_or(Err(crate::UpkeepError::Lost))?)
}
