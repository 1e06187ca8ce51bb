//! `quota`: how much of each quota is used.

use std::io::Write;

use super::target::{Target, TargetArgs};
use super::{CommandError, OutputFormat, say};
use crate::registry::QuotaReport;
use crate::routes::admin::quota::Quotas;

/// Arguments of `quota`.
#[derive(Debug, clap::Args)]
pub struct QuotaArgs {
    #[command(flatten)]
    target: TargetArgs,

    /// How to write the report
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = OutputFormat::Text)]
    format: OutputFormat,
}

/// Reports how much of each quota is used.
pub(super) async fn run(args: QuotaArgs, output: &mut (dyn Write + Send)) -> Result<(), CommandError> {
    let quotas = match args.target.open().await? {
        Target::Folder(registry) => Quotas { quotas: registry.quota_report().await? },
        Target::Server(remote) => remote.get("quota").await?,
    };
    say(output, args.format, &quotas, |quotas| text(&quotas.quotas))
}

/// The report for a person.
pub(super) fn text(quotas: &[QuotaReport]) -> String {
    if quotas.is_empty() {
        return "there is no quota".to_owned();
    }
    let lines = quotas.iter().map(|quota| {
        let levels = [("bytes", quota.bytes), ("tags", quota.tags), ("repositories", quota.repository_count)];
        let levels = levels.map(|(unit, level)| match level.allowed {
            Some(allowed) => format!("{} of {allowed} {unit}", level.used),
            None => format!("{} {unit}", level.used),
        });
        format!("{}: {}", quota.repositories, levels.join(", "))
    });
    lines.collect::<Vec<_>>().join("\n")
}
