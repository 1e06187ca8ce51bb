//! `restore`: a new data folder out of a backup.

use std::io::Write;
use std::path::PathBuf;

use super::folder_args::{FolderArgs, MetadataArgs, blocking, write_json, write_text};
use super::progress::Bar;
use super::{CommandError, OutputFormat};
use crate::upkeep::restore::restore;

/// Arguments of `restore`.
#[derive(Debug, clap::Args)]
pub struct RestoreArgs {
    /// The folder of the backup
    #[arg(long, value_name = "FOLDER")]
    from: PathBuf,

    #[command(flatten)]
    folder: FolderArgs,

    #[command(flatten)]
    metadata: MetadataArgs,

    /// How to write what was done
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: OutputFormat,
}

/// Restores a backup into a data folder that is new.
pub(super) async fn run(args: RestoreArgs, output: &mut (dyn Write + Send)) -> Result<(), CommandError> {
    let config = args.folder.config()?;
    let (from, data, readers) = (args.from.clone(), config.data.clone(), args.folder.readers());
    let url = args.metadata.url(&config);
    let restored = blocking(move || restore(&from, &data, url.as_ref(), readers, &Bar::new())).await?;
    match args.format {
        OutputFormat::Json => write_json(output, &restored)?,
        OutputFormat::Text => {
            let mut lines = vec![format!(
                "restored {} blobs, {} manifests, {} tags to `{}`",
                restored.blobs,
                restored.manifests,
                restored.tags,
                config.data.display()
            )];
            lines.extend(restored.missing.iter().map(|digest| format!("missing or damaged: `{digest}`")));
            write_text(output, &lines)?;
        }
    }
    match restored.missing.len() {
        0 => Ok(()),
        count => {
            let hint = "what the backup lacks is not in the new folder; `wkit-registry check` says which repositories hold it";
            Err(CommandError::Findings { count: count as u64, hint })
        }
    }
}
