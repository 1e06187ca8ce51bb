//! Removing what nobody can reach: uploads that rest, and content that no repository holds.

use wkit_artifact::Algorithm;

use super::{BlobError, Registry};
use crate::store::layout;

/// What a run of the collector removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Collected {
    /// How many uploads had rested for too long.
    pub(crate) uploads: usize,
    /// How many blobs no repository held.
    pub(crate) blobs: usize,
}

impl Registry {
    /// Removes the uploads that rest for too long and the content without a link, and says how much that was.
    ///
    /// # Errors
    ///
    /// When a store fails; what was removed before stays removed.
    pub(crate) async fn collect_garbage(&self) -> Result<Collected, BlobError> {
        let mut collected = Collected { uploads: self.blobs().expire().await?, blobs: 0 };
        for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
            for shard in 0..=u8::MAX {
                for digest in self.blobs().list(algorithm, shard).await? {
                    // Most content is held: that is seen without a lock.
                    if !self.metadata().scan(layout::any_holder(&digest)).await?.is_empty() {
                        continue;
                    }
                    let _held = self.hold(&digest).await;
                    if self.remove_if_garbage(&digest).await? {
                        collected.blobs += 1;
                    }
                }
            }
        }
        Ok(collected)
    }
}
