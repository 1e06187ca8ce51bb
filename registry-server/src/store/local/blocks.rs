//! How large the blocks of transfers are: large ones are fast, but many of them at once would take much memory.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::limits::{TRANSFER_BLOCK_BYTES, TRANSFER_BLOCK_BYTES_MIN, TRANSFER_MEMORY_MAX};

/// How many transfers there are in this process, whose memory they share.
static TRANSFERS: AtomicUsize = AtomicUsize::new(0);

/// A transfer, which holds two blocks at most.
#[derive(Debug)]
pub(super) struct Transfer(());

impl Transfer {
    /// One more.
    pub(super) fn begin() -> Self {
        TRANSFERS.fetch_add(1, Ordering::Relaxed);
        Self(())
    }

    /// How large the next block may be, in bytes.
    pub(super) fn block_bytes(&self) -> usize {
        block_bytes(TRANSFERS.load(Ordering::Relaxed))
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        TRANSFERS.fetch_sub(1, Ordering::Relaxed);
    }
}

fn block_bytes(transfers: usize) -> usize {
    let share = TRANSFER_MEMORY_MAX / 2 / transfers.max(1);
    share.clamp(TRANSFER_BLOCK_BYTES_MIN, TRANSFER_BLOCK_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::limits::{CONNECTIONS_MAX, STREAMS_TOTAL_MAX};

    #[test]
    fn all_blocks_together_fit() {
        for transfers in [0, 1, 16, 128, 129, 1_000, CONNECTIONS_MAX + STREAMS_TOTAL_MAX] {
            let bytes = block_bytes(transfers);
            assert!(2 * bytes * transfers <= TRANSFER_MEMORY_MAX, "{transfers} of {bytes}");
        }
        assert_eq!(block_bytes(128), TRANSFER_BLOCK_BYTES, "so many transfers have the largest blocks");
        assert_eq!(block_bytes(usize::MAX), TRANSFER_BLOCK_BYTES_MIN);
    }
}
