//! A clock that only moves when somebody looks at it or waits.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::Provider;
use crate::bindings::exports::wkit::provider::monotonic_clock::Guest;
use crate::bindings::exports::wkit::provider::poll;
use crate::io::Pollable;

const TICK_NS: u64 = 1_000;

static NOW_NS: AtomicU64 = AtomicU64::new(0);

/// The time without a tick.
pub(crate) fn time() -> u64 {
    NOW_NS.load(Relaxed)
}

/// Goes on to an instant, if that is ahead.
pub(crate) fn go_on_to(instant_ns: u64) {
    NOW_NS.store(time().max(instant_ns), Relaxed);
}

impl Guest for Provider {
    fn now() -> u64 {
        go_on_to(time().saturating_add(TICK_NS));
        time()
    }

    fn resolution() -> u64 {
        TICK_NS
    }

    fn get_resolution() -> u64 {
        TICK_NS
    }

    fn subscribe_instant(when: u64) -> poll::Pollable {
        poll::Pollable::new(Pollable { ready_at_ns: when })
    }

    fn subscribe_duration(when: u64) -> poll::Pollable {
        Self::subscribe_instant(time().saturating_add(when))
    }

    fn wait_until(when: u64) {
        go_on_to(when);
    }

    fn wait_for(how_long: u64) {
        go_on_to(time().saturating_add(how_long));
    }
}
