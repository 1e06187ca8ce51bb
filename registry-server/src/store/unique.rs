//! Ids that nobody can guess and that are never given twice.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// A source of ids of 128 bits. An id is a counter run through two keyed hashes whose keys the operating system's
/// random numbers make anew in every process.
#[derive(Debug)]
pub(crate) struct UniqueIds {
    keys: [RandomState; 2],
    counter: AtomicU64,
}

impl UniqueIds {
    /// A source with keys of its own.
    pub(crate) fn new() -> Self {
        Self { keys: [RandomState::new(), RandomState::new()], counter: AtomicU64::new(0) }
    }

    /// The next id: 32 lower-case hexadecimal digits.
    pub(crate) fn next(&self) -> String {
        let count = self.counter.fetch_add(1, Ordering::Relaxed);
        let [high, low] = &self.keys;
        format!("{:016x}{:016x}", high.hash_one(count), low.hash_one(count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn ids_are_distinct_within_and_between_sources() {
        let (a, b) = (UniqueIds::new(), UniqueIds::new());
        let ids: HashSet<String> = (0..1_000).flat_map(|_| [a.next(), b.next()]).collect();
        assert_eq!(ids.len(), 2_000);
        assert!(ids.iter().all(|id| id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit())));
    }
}
