//! `check`: whether what is stored is whole.

use std::io::Write;

use serde::Serialize;

use super::folder_args::{FolderArgs, MetadataArgs, blocking, write_json, write_text};
use super::progress::Bar;
use super::{CommandError, OutputFormat};
use crate::upkeep::check::{CheckOptions, check};
use crate::upkeep::repair::{RepairOptions, repair};
use crate::upkeep::report::{Finding, Report};

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    #[command(flatten)]
    folder: FolderArgs,

    #[command(flatten)]
    metadata: MetadataArgs,

    /// Manifests may refer to content which was not pushed
    #[arg(long)]
    sparse: bool,

    /// Mend what is found; no server may run
    #[arg(long)]
    repair: bool,

    /// Leave links to damaged or missing content, for a push of it to mend them
    #[arg(long, requires = "repair")]
    keep_links: bool,

    /// Remove content that no repository holds
    #[arg(long, requires = "repair")]
    remove_orphans: bool,

    /// How to write what was found
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: OutputFormat,
}

/// What JSON says.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Outcome<'a> {
    sound: bool,
    #[serde(flatten)]
    report: &'a Report,
    repairs: &'a [String],
}

/// Checks, and repairs when asked to; after a repair, what is left is found by another check.
pub(super) async fn run(args: CheckArgs, output: &mut (dyn Write + Send)) -> Result<(), CommandError> {
    let config = args.folder.config()?;
    let url = args.metadata.url(&config).unwrap_or_default();
    let (data, readers, sparse) = (config.data.clone(), args.folder.readers(), args.sparse || config.sparse);
    let mend = args
        .repair
        .then_some(RepairOptions { keep_links: args.keep_links, remove_orphans: args.remove_orphans });
    let (report, repairs) = blocking(move || {
        let (bar, temporary) = (Bar::new(), std::env::temp_dir());
        let options = CheckOptions { readers, sparse, temporary: &temporary };
        let Some(mend) = mend else {
            return Ok((check(&data, &url, options, &bar)?, Vec::new()));
        };
        let (found, repairs) = repair(&data, &url, options, mend, &bar)?;
        let left = if found.findings.is_empty() { found } else { check(&data, &url, options, &bar)? };
        Ok((left, repairs))
    })
    .await?;
    match args.format {
        OutputFormat::Json => {
            let outcome = Outcome { sound: report.wrong() == 0, report: &report, repairs: &repairs };
            write_json(output, &outcome)?;
        }
        OutputFormat::Text => write_text(output, &lines(&report, &repairs))?,
    }
    match report.wrong() {
        0 => Ok(()),
        count => {
            let hint = if args.repair || report.findings.iter().all(Finding::needs_a_push) {
                "what is incomplete becomes whole when it is pushed again; a backup may have it, too"
            } else {
                "stop the registry and mend them with `wkit-registry check --repair`"
            };
            Err(CommandError::Findings { count, hint })
        }
    }
}

fn lines(report: &Report, repairs: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = repairs.iter().map(|done| format!("repaired: {done}")).collect();
    lines.extend(report.findings.iter().map(describe));
    if report.more_findings > 0 {
        lines.push(format!("… and {} more", report.more_findings));
    }
    let Report { blobs, blob_bytes, links, manifests, tags, .. } = report;
    let what =
        format!("{blobs} blobs ({blob_bytes} bytes), {links} links, {manifests} manifests, {tags} tags");
    lines.push(match report.wrong() {
        0 => format!("sound: {what}"),
        count => format!("{count} findings in {what}"),
    });
    if report.beside_a_server {
        lines.push("note: a server is running, so its metadata store was not looked at".to_owned());
    }
    lines
}

fn describe(finding: &Finding) -> String {
    match finding {
        Finding::ContentDamaged { digest, found, repositories } => {
            format!("damaged: `{digest}` has the content of `{found}`; {}", held_by(repositories))
        }
        Finding::ContentMissing { digest, repositories } => {
            format!("missing: the content of `{digest}`; {}", held_by(repositories))
        }
        Finding::ContentOrphaned { digest, size_bytes } => {
            format!("note: `{digest}` ({size_bytes} bytes) is held by no repository")
        }
        Finding::LinkSize { repository, digest, expected, found } => {
            let expected =
                expected.map_or_else(|| "nothing that can be read".to_owned(), |size| size.to_string());
            format!("size: `{repository}` says {expected} of `{digest}`, which has {found} bytes")
        }
        Finding::ManifestDamaged { repository, digest } => {
            format!("damaged: the manifest `{digest}` in `{repository}`")
        }
        Finding::ManifestIncomplete { repository, digest, missing } => {
            format!(
                "incomplete: the manifest `{digest}` in `{repository}` refers to `{}`",
                missing.join("`, `")
            )
        }
        Finding::TagDangling { repository, tag } => {
            format!("dangling: `{repository}:{tag}` names no manifest")
        }
        Finding::IndexWrong { key } => {
            format!("index: the entry `{key}` is not what follows from the others")
        }
        Finding::JournalDiffers { key } => format!("journal: it and the metadata store differ in `{key}`"),
        Finding::JournalDamaged { message } => format!("journal: {message}"),
        Finding::MetadataUnusable { message } => format!("metadata: {message}"),
    }
}

fn held_by(repositories: &[String]) -> String {
    const SHOWN: usize = 5;
    match repositories.len() {
        0 => "no repository holds it".to_owned(),
        count if count <= SHOWN => format!("held by `{}`", repositories.join("`, `")),
        count => format!("held by `{}` and {} more", repositories[..SHOWN].join("`, `"), count - SHOWN),
    }
}
