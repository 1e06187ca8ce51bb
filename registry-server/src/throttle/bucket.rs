//! Rates: a bucket of requests for each key, which fills again at a steady rate.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Rate;
use crate::limits::THROTTLE_CLIENTS_MAX;

/// The buckets of all keys.
///
/// A bucket is one point in time: when it will be full again (the generic cell rate algorithm). A key that is not here
/// has a full one. There are two tables. The young one is written; when it is full it becomes the old one, and what
/// was old is forgotten, which is in favour of whoever was not seen for long. So memory is bounded, and no request
/// pays for tidying up.
pub(super) struct Buckets<K> {
    /// The time in which one request's worth flows in.
    interval: Duration,
    /// The time in which an empty bucket becomes full, short of one request.
    slack: Duration,
    tables: Mutex<Tables<K>>,
}

struct Tables<K> {
    young: HashMap<K, Instant>,
    old: HashMap<K, Instant>,
    maximum: usize,
}

impl<K: Hash + Eq> Buckets<K> {
    /// Buckets that are all full.
    pub(super) fn new(rate: Rate) -> Self {
        Self::with_maximum(rate, THROTTLE_CLIENTS_MAX)
    }

    fn with_maximum(rate: Rate, maximum: usize) -> Self {
        let interval = Duration::from_secs(1) / rate.per_second.get();
        let slack = interval.saturating_mul(rate.burst.get() - 1);
        Self {
            interval,
            slack,
            tables: Mutex::new(Tables { young: HashMap::new(), old: HashMap::new(), maximum }),
        }
    }

    /// Takes one request out of the bucket of a key.
    ///
    /// # Errors
    ///
    /// How long to wait until there is one in it.
    pub(super) fn take(&self, key: K, now: Instant) -> Result<(), Duration> {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let known = tables.young.get(&key).or_else(|| tables.old.get(&key)).copied();
        let full_at = known.map_or(now, |full_at| full_at.max(now));
        let empty_for = full_at.duration_since(now).saturating_sub(self.slack);
        if !empty_for.is_zero() {
            return Err(empty_for);
        }
        // A time too far away to be held is no limit at all.
        let Some(full_at) = full_at.checked_add(self.interval) else { return Ok(()) };
        if tables.young.len() >= tables.maximum / 2 && !tables.young.contains_key(&key) {
            tables.old = std::mem::take(&mut tables.young);
        }
        tables.young.insert(key, full_at);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(per_second: u32, burst: u32) -> Rate {
        Rate { per_second: per_second.try_into().unwrap(), burst: burst.try_into().unwrap() }
    }

    #[test]
    fn a_burst_then_a_steady_rate() {
        let (buckets, start) = (Buckets::new(rate(10, 3)), Instant::now());
        for _ in 0..3 {
            assert_eq!(buckets.take("a", start), Ok(()));
        }
        assert_eq!(buckets.take("a", start), Err(Duration::from_millis(100)));
        // What is refused costs nothing.
        assert_eq!(buckets.take("a", start + Duration::from_millis(60)), Err(Duration::from_millis(40)));
        assert_eq!(buckets.take("a", start + Duration::from_millis(100)), Ok(()));
        assert_eq!(buckets.take("a", start + Duration::from_millis(100)), Err(Duration::from_millis(100)));
        // A long rest gives the burst again, and no more.
        let later = start + Duration::from_secs(3600);
        for _ in 0..3 {
            assert_eq!(buckets.take("a", later), Ok(()));
        }
        assert!(buckets.take("a", later).is_err());
    }

    #[test]
    fn in_the_long_run_it_is_the_rate() {
        let (buckets, start) = (Buckets::new(rate(7, 1)), Instant::now());
        let admitted = (0..10_000u64)
            .filter(|step| buckets.take(1, start + Duration::from_millis(*step)).is_ok())
            .count();
        assert_eq!(admitted, 70);
    }

    #[test]
    fn the_table_is_bounded_and_forgets_the_oldest() {
        let (buckets, now) = (Buckets::with_maximum(rate(1, 1), 100), Instant::now());
        for key in 0..10_000 {
            assert_eq!(buckets.take(key, now), Ok(()));
            let tables = buckets.tables.lock().unwrap();
            assert!(tables.young.len() + tables.old.len() <= 100);
        }
        assert!(buckets.take(9_999, now).is_err(), "the last one is known");
        assert!(buckets.take(9_960, now).is_err(), "one of the last fifty is known");
        assert_eq!(buckets.take(0, now), Ok(()), "the first one is forgotten");
    }

    #[test]
    fn the_largest_numbers() {
        let (buckets, now) = (Buckets::new(rate(u32::MAX, u32::MAX)), Instant::now());
        assert!((0..1000).all(|_| buckets.take((), now).is_ok()));
        let buckets = Buckets::new(rate(1, u32::MAX));
        assert!((0..1000).all(|_| buckets.take((), now).is_ok()));
    }
}
