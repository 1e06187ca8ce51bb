//! `retention`: removing now what the retention rules do not keep.

use std::io::Write;

use reqwest::Method;

use super::target::{RunArgs, Target};
use super::{CommandError, say};
use crate::registry::RetentionReport;
use crate::routes::admin::RunRequest;

/// Removes what is not kept and reports it.
pub(super) async fn run(args: RunArgs, output: &mut (dyn Write + Send)) -> Result<(), CommandError> {
    let report: RetentionReport = match args.target.open().await? {
        Target::Folder(registry) => registry.retain(args.dry_run).await?,
        Target::Server(remote) => {
            remote.send(Method::POST, "retention", &RunRequest { dry_run: args.dry_run }).await?
        }
    };
    say(output, args.format, &report, text)
}

/// The report for a person.
fn text(report: &RetentionReport) -> String {
    let verb = if report.dry_run { "would remove" } else { "removed" };
    let mut lines = vec![format!("{verb} {} tags and {} manifests", report.tags, report.manifests)];
    for item in &report.removed {
        let name = match &item.tag {
            Some(tag) => format!("{}:{tag}", item.repository),
            None => format!("{}@{}", item.repository, item.digest),
        };
        lines.push(format!("  {name}: by rule {}, {}", item.rule, item.reason));
    }
    if report.removed_left_out > 0 {
        lines.push(format!("  and {} more", report.removed_left_out));
    }
    for repository in &report.too_large {
        lines.push(format!("`{repository}` was left alone: it has more than a rule looks at"));
    }
    lines.push(format!("took {} ms", report.took_milliseconds));
    lines.join("\n")
}
