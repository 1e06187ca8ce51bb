//! How many of something each client has at the moment.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

use super::Client;

/// Counts by client, which are bounded for each. Only clients that have something are in the table, so it is as large
/// as what is counted.
pub(crate) struct Counts {
    maximum: usize,
    counts: Mutex<HashMap<Client, usize>>,
}

/// One that is counted, until it is dropped.
pub(crate) struct Inside {
    counts: Arc<Counts>,
    client: Client,
}

impl Counts {
    /// Counts that go up to `maximum` each.
    pub(crate) fn new(maximum: usize) -> Self {
        Self { maximum, counts: Mutex::new(HashMap::new()) }
    }

    /// How many a client may have.
    pub(crate) fn maximum(&self) -> usize {
        self.maximum
    }

    /// Counts one more of a client; `None` when it has as many as it may have.
    pub(crate) fn enter(self: &Arc<Self>, client: Client) -> Option<Inside> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(client).or_insert(0);
        if *count >= self.maximum {
            return None;
        }
        *count += 1;
        Some(Inside { counts: self.clone(), client })
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let mut counts = self.counts.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut count) = counts.entry(self.client) {
            if *count.get() > 1 {
                *count.get_mut() -= 1;
            } else {
                count.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn up_to_the_maximum_and_again_after_one_has_gone() {
        let counts = Arc::new(Counts::new(2));
        let [one, other] = ["192.0.2.1", "192.0.2.2"].map(|text| Client::of(text.parse().unwrap()));
        let (first, second) = (counts.enter(one), counts.enter(one));
        assert!(first.is_some() && second.is_some());
        assert!(counts.enter(one).is_none());
        assert!(counts.enter(other).is_some());
        drop(first);
        assert!(counts.enter(one).is_some());
        drop(second);
        assert!(counts.counts.lock().unwrap().is_empty(), "nobody is left in the table");
    }
}
