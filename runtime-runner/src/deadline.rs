//! Ending a run that takes too long.
//!
//! Compiled code looks at the engine's epoch; when the time is up, one thread moves the epoch on, and the store's
//! callback sees whose time it was. A guest that waits inside a host call does not look at the epoch, so the waiting
//! future is woken as well and can be dropped.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::Notify;
use wasmtime::{Engine, Store, UpdateDeadline};

/// Epochs that no engine reaches: one per nanosecond would take more than a century.
const NEVER: u64 = 1 << 62;

/// Watches over one run; dropping it calls the watch off.
pub(crate) struct Deadline {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    called_off: Mutex<bool>,
    wake: Condvar,
    expired: AtomicBool,
    expiry: Notify,
}

/// What the store's callback fails with; the run's outcome is read from [`Deadline::is_expired`].
#[derive(Debug, thiserror::Error)]
#[error("the time of the run is up")]
struct Expired;

impl Deadline {
    /// Ends what runs in `store` in `after`.
    pub(crate) fn start<T>(store: &mut Store<T>, after: Duration) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let watched = Arc::clone(&shared);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |_| {
            if watched.expired.load(Ordering::Acquire) {
                return Err(Expired.into());
            }
            // Somebody else's time was up.
            Ok(UpdateDeadline::Continue(1))
        });
        let engine = store.engine().clone();
        let watching = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("wkit-deadline".to_owned())
            .spawn(move || watching.watch(&engine, after))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Lets `store` run without an end on an engine whose code looks at the epoch.
    pub(crate) fn never<T>(store: &mut Store<T>) {
        store.set_epoch_deadline(NEVER);
    }

    /// Whether the time is up.
    pub(crate) fn is_expired(&self) -> bool {
        self.shared.expired.load(Ordering::Acquire)
    }

    /// Waits until the time is up.
    pub(crate) async fn expiry(&self) {
        self.shared.expiry.notified().await;
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        *self.shared.called_off.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.shared.wake.notify_one();
        if let Some(thread) = self.thread.take() {
            // It only waits, so it ends at once; it does nothing that could panic.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn watch(&self, engine: &Engine, after: Duration) {
        let called_off = self.called_off.lock().unwrap_or_else(PoisonError::into_inner);
        let (called_off, _) = self
            .wake
            .wait_timeout_while(called_off, after, |called_off| !*called_off)
            .unwrap_or_else(PoisonError::into_inner);
        if *called_off {
            return;
        }
        drop(called_off);
        self.expired.store(true, Ordering::Release);
        engine.increment_epoch();
        self.expiry.notify_one();
    }
}
