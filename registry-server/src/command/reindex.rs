//! `reindex`: makes the metadata store again.

use std::io::Write;

use super::folder_args::{FolderArgs, MetadataArgs, blocking, write_json, write_text};
use super::progress::Bar;
use super::{CommandError, OutputFormat};
use crate::upkeep::reindex::reindex;

/// Arguments of `reindex`.
#[derive(Debug, clap::Args)]
pub struct ReindexArgs {
    #[command(flatten)]
    folder: FolderArgs,

    #[command(flatten)]
    metadata: MetadataArgs,

    /// How to write what was done
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: OutputFormat,
}

/// Makes the metadata store again from the journal.
pub(super) async fn run(args: ReindexArgs, output: &mut (dyn Write + Send)) -> Result<(), CommandError> {
    let config = args.folder.config()?;
    let (url, readers) = (args.metadata.url(&config), args.folder.readers());
    let done = blocking(move || reindex(&config.data, url.as_ref(), readers, &Bar::new())).await?;
    let missing = done.missing.len() as u64 + done.more_missing;
    match args.format {
        OutputFormat::Json => write_json(output, &done)?,
        OutputFormat::Text => {
            let place = done.metadata.display();
            let source = match done.source.as_str() {
                "journal" => "the journal".to_owned(),
                backend => format!("the old `{backend}:` store, with a new journal"),
            };
            let mut lines =
                vec![format!("made `{place}` again from {source}: {} blobs are held", done.blobs)];
            lines.extend(done.missing.iter().map(|digest| format!("missing: the content of `{digest}`")));
            if done.more_missing > 0 {
                lines.push(format!("… and {} more", done.more_missing));
            }
            if let Some(kept) = &done.unreadable {
                lines.push(format!(
                    "note: the journal could not be read to its end; `{}` is a copy",
                    kept.display()
                ));
            }
            write_text(output, &lines)?;
        }
    }
    let hint = "`wkit-registry check` says which repositories hold what is missing, `check --repair` takes the links out";
    if missing == 0 { Ok(()) } else { Err(CommandError::Findings { count: missing, hint }) }
}
