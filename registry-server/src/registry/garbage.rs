//! Removing what nobody can reach: uploads that rest, blobs that no manifest of their repository refers to, and content
//! that no repository holds.
//!
//! # Two phases
//!
//! A blob is pushed before the manifest that refers to it, so one without a manifest may be about to be used. The
//! collector therefore only *marks* such a blob, durably and with the time, and removes it in a later run, when the
//! mark is at least as old as the grace period. Whoever begins to use the blob takes the mark away:
//!
//! - a push of the blob, and a mount to the repository, so that its time begins again;
//! - a `HEAD` that finds it, because a client that was told so will not push it, but a manifest that refers to it;
//! - a push of a manifest that refers to it, in the same batch that stores the manifest and requires the blob.
//!
//! A run reads the marks of a repository first, then all its manifests, then removes each blob that is due and that
//! none of them refers to, in a batch which requires that the mark is still the one that was read. A manifest that
//! was committed before the mark is among those that were read, and one that came later has taken the mark away, so
//! nothing a manifest refers to is removed, whatever the grace period is. A client that goes by what it was told
//! longer than the grace period ago is told at its manifest that the blob is missing, and pushes it again.
//!
//! Manifests are never garbage by themselves: what to keep of them is said by retention rules.
//!
//! Memory is bounded: a run holds one page of links of one repository ([`GARBAGE_PAGE_MAX`]) and one manifest at a
//! time; a repository with several pages has its manifests read once for each.

mod content;
mod report;
mod repository;

use std::time::{Duration, Instant};

use serde::Deserialize;

use super::{GarbageError, Registry};
use crate::limits::{GARBAGE_GRACE_DEFAULT, GARBAGE_INTERVAL_DEFAULT};
use crate::store::{Batch, CommitError, MetadataError};

pub(crate) use report::{GarbageReport, Tally};

/// `[garbage]`: when garbage is collected.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct GarbageRules {
    /// Whether blobs that no manifest refers to are collected from time to time. Uploads expire in any case, and a
    /// collection can be asked for.
    pub enabled: bool,
    /// How many seconds pass between two runs.
    pub interval_seconds: u64,
    /// How many seconds a blob that no manifest refers to is kept after this was found.
    pub grace_seconds: u64,
}

impl Default for GarbageRules {
    fn default() -> Self {
        Self {
            enabled: true,
            interval_seconds: GARBAGE_INTERVAL_DEFAULT.as_secs(),
            grace_seconds: GARBAGE_GRACE_DEFAULT.as_secs(),
        }
    }
}

impl GarbageRules {
    /// How long to wait between two runs; never nothing, so that a run does not follow at once on the last one.
    pub(crate) fn interval(&self) -> Duration {
        Duration::from_secs(self.interval_seconds.max(1))
    }
}

/// One run of the collector.
struct Sweep<'a> {
    registry: &'a Registry,
    now_ms: u64,
    grace_ms: u64,
    dry_run: bool,
    report: GarbageReport,
}

impl Registry {
    /// Collects garbage, or with `dry_run` only says what would happen.
    ///
    /// # Errors
    ///
    /// When a collection or a retention runs already, the registry is read-only, or a store fails; what was removed
    /// before stays removed.
    pub(crate) async fn collect_garbage(&self, dry_run: bool) -> Result<GarbageReport, GarbageError> {
        let _alone = self.parts.maintenance.try_lock().map_err(|_| GarbageError::Running)?;
        if self.is_read_only() && !dry_run {
            return Err(GarbageError::ReadOnly);
        }
        let grace_seconds = self.parts.rules.garbage.grace_seconds;
        let (begun, now_ms) = (Instant::now(), self.parts.clock.now_ms());
        let mut sweep = Sweep {
            registry: self,
            now_ms,
            grace_ms: grace_seconds.saturating_mul(1_000),
            dry_run,
            report: GarbageReport::new(dry_run, now_ms / 1_000, grace_seconds),
        };
        sweep.run().await?;
        let mut report = sweep.report;
        report.took_milliseconds = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        if !dry_run {
            *self.parts.last_garbage.lock().unwrap_or_else(std::sync::PoisonError::into_inner) =
                Some(report.clone());
        }
        Ok(report)
    }

    /// The same on a task of its own, for a request that may go away.
    ///
    /// # Errors
    ///
    /// As above.
    pub(crate) async fn collect_garbage_to_the_end(
        &self,
        dry_run: bool,
    ) -> Result<GarbageReport, GarbageError> {
        let registry = self.clone();
        self.until_stopped(async move { registry.collect_garbage(dry_run).await }).await
    }

    /// Removes only the uploads that rest for too long, and says how many.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub(crate) async fn expire_uploads(&self) -> Result<usize, GarbageError> {
        Ok(self.blobs().expire().await?)
    }

    /// The report of the last run that removed something or could have.
    pub(crate) fn last_garbage(&self) -> Option<GarbageReport> {
        self.parts.last_garbage.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

impl Sweep<'_> {
    async fn run(&mut self) -> Result<(), GarbageError> {
        if !self.dry_run {
            self.report.uploads = self.registry.blobs().expire().await?;
        }
        self.repositories().await?;
        self.content().await?;
        if self.grace_ms == 0 && !self.dry_run {
            // What was marked just now is due already, but only a walk that begins after the mark may remove it.
            self.report.marked = Tally::default();
            self.repositories().await?;
            if self.report.orphans.blobs > 0 {
                self.content().await?;
            }
        }
        Ok(())
    }

    /// Ends the run when the registry has become read-only meanwhile.
    fn may_go_on(&self) -> Result<(), GarbageError> {
        if self.registry.is_read_only() && !self.dry_run { Err(GarbageError::ReadOnly) } else { Ok(()) }
    }

    /// Whether a mark is old enough for what it marks to be removed.
    fn is_due(&self, marked_ms: u64) -> bool {
        self.now_ms.saturating_sub(marked_ms) >= self.grace_ms
    }

    /// Sets or removes marks. A full disk is no reason to stop: what is due can still be removed.
    async fn mark(&mut self, batch: Batch) -> Result<(), GarbageError> {
        if self.dry_run || batch.writes.is_empty() {
            return Ok(());
        }
        self.may_go_on()?;
        match self.registry.metadata().commit(batch).await {
            Ok(()) => Ok(()),
            Err(CommitError::Metadata(MetadataError::Full)) => {
                self.report.disk_full = true;
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }
}
