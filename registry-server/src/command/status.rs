//! `status`: how a running registry is.

use std::io::Write;

use super::remote::RemoteArgs;
use super::{CommandError, OutputFormat, bytes, gc, quota, say};
use crate::routes::admin::status::Status;

/// Arguments of `status`.
#[derive(Debug, clap::Args)]
pub struct StatusArgs {
    #[command(flatten)]
    remote: RemoteArgs,

    /// How to write the answer
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = OutputFormat::Text)]
    format: OutputFormat,
}

/// Asks and reports.
pub(super) async fn run(args: StatusArgs, output: &mut (dyn Write + Send)) -> Result<(), CommandError> {
    let status: Status = args.remote.require()?.get("status").await?;
    say(output, args.format, &status, text)
}

/// The report for a person.
fn text(status: &Status) -> String {
    let totals = &status.totals;
    let mut lines = vec![
        format!("version {}, running for {} s", status.version, status.uptime_seconds),
        format!("{} repositories, {} manifests, {} tags", totals.repositories, totals.manifests, totals.tags),
        format!("{} blobs ({})", totals.blobs, bytes(totals.blob_bytes)),
    ];
    if status.read_only {
        lines.push("read-only: content can be pulled only".to_owned());
    }
    if !status.quotas.is_empty() {
        lines.push(format!("quotas:\n{}", quota::text(&status.quotas)));
    }
    match &status.last_garbage {
        Some(report) => lines.push(format!("last collection of garbage:\n{}", gc::text(report))),
        None => lines.push("no collection of garbage since the start".to_owned()),
    }
    if let Some(report) = &status.last_retention {
        lines
            .push(format!("last retention: {} tags and {} manifests removed", report.tags, report.manifests));
    }
    lines.join("\n")
}
