//! What a run of the collector found and did.

use serde::{Deserialize, Serialize};

use crate::limits::GARBAGE_REPORT_MAX;

/// How many, and how much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Tally {
    /// How many blobs.
    pub(crate) blobs: u64,
    /// Their sizes together.
    pub(crate) bytes: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, bytes: u64) {
        self.blobs += 1;
        self.bytes += bytes;
    }
}

/// What a run found and did. A dry run has the same report of what a run would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct GarbageReport {
    /// Whether nothing was changed.
    pub(crate) dry_run: bool,
    /// When the run began, in seconds since 1970.
    pub(crate) started_seconds: u64,
    /// How long it took.
    pub(crate) took_milliseconds: u64,
    /// How long garbage is kept after it was found.
    pub(crate) grace_seconds: u64,
    /// How many uploads had rested for too long; a dry run does not look at them.
    pub(crate) uploads: usize,
    /// Blobs that were taken out of a repository.
    pub(crate) removed: Tally,
    /// Content that was removed because no repository holds it any more.
    pub(crate) freed: Tally,
    /// Blobs that nothing refers to since this run.
    pub(crate) marked: Tally,
    /// Blobs that nothing refers to since an earlier run, and that are not due yet.
    pub(crate) waiting: Tally,
    /// Content without a repository that is not due yet.
    pub(crate) orphans: Tally,
    /// The age of the oldest mark that was found, in seconds.
    pub(crate) oldest_seconds: Option<u64>,
    /// Not everything could be marked, because the disk is full.
    pub(crate) disk_full: bool,
    /// The repositories with garbage, most of it first.
    pub(crate) repositories: Vec<RepositoryGarbage>,
    /// How many repositories with garbage are not in the list.
    pub(crate) repositories_left_out: u64,
    /// The repositories that were left alone because a manifest of theirs cannot be read.
    pub(crate) damaged: Vec<String>,
}

/// The garbage of one repository.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct RepositoryGarbage {
    /// Its name.
    pub(crate) repository: String,
    /// What was taken out of it.
    pub(crate) removed: Tally,
    /// What was marked.
    pub(crate) marked: Tally,
    /// What waits.
    pub(crate) waiting: Tally,
}

impl GarbageReport {
    pub(super) fn new(dry_run: bool, started_seconds: u64, grace_seconds: u64) -> Self {
        Self { dry_run, started_seconds, grace_seconds, ..Self::default() }
    }

    /// Whether there is nothing to tell.
    pub(crate) fn is_empty(&self) -> bool {
        let tallies = [self.removed, self.freed, self.marked];
        self.uploads == 0 && self.damaged.is_empty() && tallies.iter().all(|tally| tally.blobs == 0)
    }

    pub(super) fn saw_mark(&mut self, age_seconds: u64) {
        self.oldest_seconds = Some(self.oldest_seconds.unwrap_or(0).max(age_seconds));
    }

    pub(super) fn add(&mut self, found: RepositoryGarbage) {
        for (total, part) in [
            (&mut self.removed, found.removed),
            (&mut self.marked, found.marked),
            (&mut self.waiting, found.waiting),
        ] {
            total.blobs += part.blobs;
            total.bytes += part.bytes;
        }
        if found.removed.blobs + found.marked.blobs + found.waiting.blobs == 0 {
            return;
        }
        // A second walk of the same run adds to what the first one found.
        if let Some(known) = self.repositories.iter_mut().find(|known| known.repository == found.repository) {
            (known.marked, known.waiting) = (found.marked, found.waiting);
            known.removed.blobs += found.removed.blobs;
            known.removed.bytes += found.removed.bytes;
            return;
        }
        let bytes = |garbage: &RepositoryGarbage| {
            garbage.removed.bytes + garbage.marked.bytes + garbage.waiting.bytes
        };
        let place = self.repositories.partition_point(|known| bytes(known) >= bytes(&found));
        self.repositories.insert(place, found);
        if self.repositories.len() > GARBAGE_REPORT_MAX {
            self.repositories.pop();
            self.repositories_left_out += 1;
        }
    }

    pub(super) fn damaged(&mut self, repository: &str) {
        if self.damaged.len() < GARBAGE_REPORT_MAX && !self.damaged.iter().any(|known| known == repository) {
            self.damaged.push(repository.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(repository: String, bytes: u64) -> RepositoryGarbage {
        RepositoryGarbage { repository, removed: Tally { blobs: 1, bytes }, ..RepositoryGarbage::default() }
    }

    #[test]
    fn the_list_of_repositories_at_its_limit_and_one_past() {
        let mut report = GarbageReport::default();
        for number in 0..GARBAGE_REPORT_MAX {
            report.add(found(format!("r{number}"), number as u64 + 1));
        }
        assert_eq!((report.repositories.len(), report.repositories_left_out), (GARBAGE_REPORT_MAX, 0));
        report.add(found("most".to_owned(), 1_000_000));
        assert_eq!((report.repositories.len(), report.repositories_left_out), (GARBAGE_REPORT_MAX, 1));
        assert_eq!(report.repositories.first().unwrap().repository, "most");
        assert_eq!(report.removed.blobs, GARBAGE_REPORT_MAX as u64 + 1);
    }
}
