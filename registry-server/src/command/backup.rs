//! `backup`: a copy of a registry that may be running.

use std::io::Write;
use std::path::PathBuf;

use super::folder_args::{FolderArgs, blocking, write_json, write_text};
use super::progress::Bar;
use super::{CommandError, OutputFormat};
use crate::upkeep::backup::backup;

/// Arguments of `backup`.
#[derive(Debug, clap::Args)]
pub struct BackupArgs {
    #[command(flatten)]
    folder: FolderArgs,

    /// The folder of the backup; an older backup in it is brought up to date
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,

    /// Read every blob of the backup and check its digest
    #[arg(long)]
    verify: bool,

    /// How to write what was done
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: OutputFormat,
}

/// Takes a backup.
pub(super) async fn run(args: BackupArgs, output: &mut (dyn Write + Send)) -> Result<(), CommandError> {
    let (config, readers) = (args.folder.config()?, args.folder.readers());
    let (to, verify) = (args.to.clone(), args.verify);
    let taken = blocking(move || backup(&config.data, &to, verify, readers, &Bar::new())).await?;
    let backup = &taken.backup;
    match args.format {
        OutputFormat::Json => write_json(output, &taken)?,
        OutputFormat::Text => {
            let mut lines = vec![
                format!(
                    "backed up {} blobs ({} bytes), {} links, {} manifests, {} tags to `{}`",
                    backup.blobs,
                    backup.blob_bytes,
                    backup.links,
                    backup.manifests,
                    backup.tags,
                    args.to.display()
                ),
                format!(
                    "{} blobs were there, {} linked, {} copied, {} removed",
                    taken.kept, taken.linked, taken.copied, taken.removed
                ),
            ];
            lines.extend(backup.missing.iter().map(|digest| format!("missing or damaged: `{digest}`")));
            write_text(output, &lines)?;
        }
    }
    match backup.missing.len() {
        0 => Ok(()),
        count => {
            let hint = "`wkit-registry check` says which repositories hold them";
            Err(CommandError::Findings { count: count as u64, hint })
        }
    }
}
