//! When manifests were last pulled, for retention rules that ask for it.
//!
//! A pull is noted in memory, which costs it no more than a look into a map, and what was noted is stored from time to
//! time. A crash loses the pulls of the last minute. Without a rule that asks, nothing is noted at all.
//!
//! A registry that has just begun to note pulls knows nothing about those before. So it stores since when it does
//! (`pulls-since`), and whatever is there then counts as pulled at that moment. The same happens when more manifests
//! are pulled within a minute than are noted.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use wkit_artifact::{Digest, RepositoryName};

use super::{Registry, RetentionRule};
use crate::limits::{GARBAGE_MARKS_MAX, PULLS_NOTED_MAX};
use crate::store::{Batch, CommitError, MetadataError, layout};

/// The pulls since the last time they were stored.
pub(super) struct Pulls {
    /// Whether any rule asks for them.
    wanted: bool,
    noted: Mutex<Noted>,
}

#[derive(Default)]
struct Noted {
    count: usize,
    /// More were pulled than could be noted.
    overflowed: bool,
    times: HashMap<RepositoryName, HashMap<Digest, u64>>,
}

impl Pulls {
    pub(super) fn new(rules: &[RetentionRule]) -> Self {
        let wanted = rules.iter().any(|rule| rule.keep_pulled_within_days.is_some());
        Self { wanted, noted: Mutex::default() }
    }
}

impl Registry {
    /// Notes that a manifest is being pulled.
    pub(crate) fn note_pull(&self, repository: &RepositoryName, digest: &Digest) {
        let pulls = &self.parts.pulls;
        if !pulls.wanted {
            return;
        }
        let now_ms = self.parts.clock.now_ms();
        let mut noted = pulls.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(time) = noted.times.get_mut(repository).and_then(|times| times.get_mut(digest)) {
            *time = now_ms;
        } else if noted.count < PULLS_NOTED_MAX {
            noted.count += 1;
            noted.times.entry(repository.clone()).or_default().insert(digest.clone(), now_ms);
        } else {
            noted.overflowed = true;
        }
    }

    /// Stores what was noted.
    ///
    /// # Errors
    ///
    /// When the metadata store fails: what is not stored counts as overflow, so that nothing goes for it.
    pub(crate) async fn store_pulls(&self) -> Result<(), MetadataError> {
        if !self.parts.pulls.wanted || self.is_read_only() {
            return Ok(());
        }
        let noted =
            std::mem::take(&mut *self.parts.pulls.noted.lock().unwrap_or_else(PoisonError::into_inner));
        let result = self.store_noted(noted).await;
        if result.is_err() {
            self.parts.pulls.noted.lock().unwrap_or_else(PoisonError::into_inner).overflowed = true;
        }
        result
    }

    async fn store_noted(&self, noted: Noted) -> Result<(), MetadataError> {
        let mut batch = Batch::default();
        if noted.overflowed || self.metadata().get(&layout::pulls_since()).await?.is_none() {
            batch.set(layout::pulls_since(), layout::time_value(self.parts.clock.now_ms()));
        }
        for (repository, times) in noted.times {
            for (digest, time_ms) in times {
                // A manifest that is gone needs no time.
                if self.metadata().get(&layout::stamp(&repository, &digest)).await?.is_some() {
                    batch.set(layout::pulled(&repository, &digest), layout::time_value(time_ms));
                }
                if batch.writes.len() >= GARBAGE_MARKS_MAX {
                    self.set_without_conditions(std::mem::take(&mut batch)).await?;
                }
            }
        }
        self.set_without_conditions(batch).await
    }

    /// Since when pulls are noted; `None` when they are not.
    pub(super) async fn pulls_since(&self) -> Result<Option<u64>, MetadataError> {
        let value = self.metadata().get(&layout::pulls_since()).await?;
        Ok(value.as_deref().and_then(layout::parse_time_value))
    }

    /// Forgets since when pulls are noted, in a registry that notes none.
    ///
    /// # Errors
    ///
    /// When the metadata store fails.
    pub(crate) async fn forget_unwanted_pulls(&self) -> Result<(), MetadataError> {
        if self.parts.pulls.wanted || self.is_read_only() || self.pulls_since().await?.is_none() {
            return Ok(());
        }
        let mut batch = Batch::default();
        batch.remove(layout::pulls_since());
        self.set_without_conditions(batch).await
    }

    async fn set_without_conditions(&self, batch: Batch) -> Result<(), MetadataError> {
        if batch.writes.is_empty() {
            return Ok(());
        }
        match self.metadata().commit(batch).await {
            // There is no condition that could fail.
            Ok(()) | Err(CommitError::Conflict { .. }) => Ok(()),
            Err(CommitError::Metadata(error)) => Err(error),
        }
    }
}
