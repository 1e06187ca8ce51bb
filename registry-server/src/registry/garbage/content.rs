//! Content that no repository holds: a crash can leave it behind, or an older state of the metadata store that was
//! put back.
//!
//! Whoever makes a link holds the lock of the blob's shard shared, so a look for links under the lock alone is the
//! truth, and needs no condition in a batch.

use wkit_artifact::{Algorithm, Digest};

use super::Sweep;
use crate::limits::{GARBAGE_MARKS_MAX, GARBAGE_PAGE_MAX};
use crate::registry::{GarbageError, Registry};
use crate::store::{Batch, layout};

impl Sweep<'_> {
    /// Looks at all content.
    pub(super) async fn content(&mut self) -> Result<(), GarbageError> {
        self.report.orphans = super::Tally::default();
        for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
            for shard in 0..=u8::MAX {
                let mut marks = Batch::default();
                for digest in self.registry.blobs().list(algorithm, shard).await? {
                    // Most content is held: that is seen without a lock.
                    if !self.registry.is_held(&digest).await? {
                        self.orphan(digest, &mut marks).await?;
                    }
                    if marks.writes.len() >= GARBAGE_MARKS_MAX {
                        self.mark(std::mem::take(&mut marks)).await?;
                    }
                }
                self.mark(marks).await?;
            }
        }
        self.forget_stale_marks().await
    }

    async fn orphan(&mut self, digest: Digest, marks: &mut Batch) -> Result<(), GarbageError> {
        self.may_go_on()?;
        let size_bytes = self.registry.blobs().size(&digest).await?.unwrap_or(0);
        let key = layout::orphan(&digest);
        let value = self.registry.metadata().get(&key).await?;
        let Some(marked_ms) = value.as_deref().and_then(layout::parse_time_value) else {
            self.report.orphans.add(size_bytes);
            marks.set(key, layout::time_value(self.now_ms));
            return Ok(());
        };
        self.report.saw_mark(self.now_ms.saturating_sub(marked_ms) / 1_000);
        if !self.is_due(marked_ms) {
            self.report.orphans.add(size_bytes);
        } else if self.dry_run || self.registry.remove_orphan(digest).await? {
            self.report.freed.add(size_bytes);
        }
        Ok(())
    }

    /// Removes the marks of content that is gone, or that a repository holds again.
    async fn forget_stale_marks(&mut self) -> Result<(), GarbageError> {
        let mut after: Option<String> = None;
        loop {
            let scan = layout::orphans_after(after.as_deref(), GARBAGE_PAGE_MAX);
            let marks = self.registry.metadata().scan(scan).await?;
            let ended = marks.len() < GARBAGE_PAGE_MAX;
            let mut batch = Batch::default();
            for (key, _) in marks {
                let Some(digest) = layout::parse_digest(&key) else { continue };
                after = Some(digest.to_string());
                if self.registry.is_held(&digest).await?
                    || self.registry.blobs().size(&digest).await?.is_none()
                {
                    batch.remove(key);
                }
                if batch.writes.len() >= GARBAGE_MARKS_MAX {
                    self.mark(std::mem::take(&mut batch)).await?;
                }
            }
            self.mark(batch).await?;
            if ended {
                return Ok(());
            }
        }
    }
}

impl Registry {
    async fn is_held(&self, digest: &Digest) -> Result<bool, GarbageError> {
        Ok(!self.metadata().scan(layout::any_holder(digest)).await?.is_empty())
    }

    /// Removes content that no repository holds, and says whether it did. Its mark goes with the next look at marks.
    async fn remove_orphan(&self, digest: Digest) -> Result<bool, GarbageError> {
        let registry = self.clone();
        self.to_the_end(async move {
            let _held = registry.hold(&digest).await;
            Ok(registry.remove_if_garbage(&digest).await?)
        })
        .await
    }
}
