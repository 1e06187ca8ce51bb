//! `gc`: collecting garbage now.

use std::io::Write;

use reqwest::Method;

use super::target::{RunArgs, Target};
use super::{CommandError, bytes, say};
use crate::registry::GarbageReport;
use crate::routes::admin::RunRequest;

/// Collects garbage and reports it.
pub(super) async fn run(args: RunArgs, output: &mut (dyn Write + Send)) -> Result<(), CommandError> {
    let report: GarbageReport = match args.target.open().await? {
        Target::Folder(registry) => registry.collect_garbage(args.dry_run).await?,
        Target::Server(remote) => {
            remote.send(Method::POST, "garbage", &RunRequest { dry_run: args.dry_run }).await?
        }
    };
    say(output, args.format, &report, text)
}

/// The report for a person.
pub(super) fn text(report: &GarbageReport) -> String {
    let verb = if report.dry_run { "would remove" } else { "removed" };
    let mark = if report.dry_run { "would mark" } else { "marked" };
    let mut lines = vec![
        format!("{verb} {} blobs ({}) from repositories", report.removed.blobs, bytes(report.removed.bytes)),
        format!("{verb} the content of {} blobs ({})", report.freed.blobs, bytes(report.freed.bytes)),
        format!(
            "{mark} {} blobs ({}), which go {} s after this unless something refers to them",
            report.marked.blobs,
            bytes(report.marked.bytes),
            report.grace_seconds
        ),
        format!(
            "{} blobs ({}) were marked before and wait",
            report.waiting.blobs,
            bytes(report.waiting.bytes)
        ),
    ];
    if report.orphans.blobs > 0 {
        let size = bytes(report.orphans.bytes);
        lines.push(format!(
            "the content of {} blobs ({size}) that no repository holds waits",
            report.orphans.blobs
        ));
    }
    if !report.dry_run {
        lines.push(format!("removed {} uploads that had rested for too long", report.uploads));
    }
    if let Some(seconds) = report.oldest_seconds {
        lines.push(format!("the oldest mark was {seconds} s old"));
    }
    for part in &report.repositories {
        lines.push(format!(
            "  {}: {verb} {} ({}), {mark} {} ({}), {} wait ({})",
            part.repository,
            part.removed.blobs,
            bytes(part.removed.bytes),
            part.marked.blobs,
            bytes(part.marked.bytes),
            part.waiting.blobs,
            bytes(part.waiting.bytes)
        ));
    }
    if report.repositories_left_out > 0 {
        lines.push(format!("  and {} repositories with less", report.repositories_left_out));
    }
    for repository in &report.damaged {
        lines.push(format!("`{repository}` was left alone: a manifest of it cannot be read"));
    }
    if report.disk_full {
        lines.push("the disk is full: not everything could be marked".to_owned());
    }
    lines.push(format!("took {} ms", report.took_milliseconds));
    lines.join("\n")
}
