//! A clock for guests that compute: it moves the engine's epoch on while requests are handled, so that they let others
//! run and notice when their time is up.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use wasmtime::{Engine, Store, UpdateDeadline};

/// How long a guest computes before others get a turn.
const TICK: Duration = Duration::from_millis(10);

/// Ticks until it is dropped, from a thread of its own: guests may keep every thread of the runtime busy.
pub(crate) struct Ticker {
    shared: Arc<Shared>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// One request that is handled; the ticker rests when there is none.
pub(crate) struct Busy(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    requests: usize,
    ended: bool,
}

/// What a store's callback fails with; the request's end is told from its time.
#[derive(Debug, thiserror::Error)]
#[error("the time of the request is up")]
pub(super) struct Expired;

impl Ticker {
    /// Starts the thread.
    pub(crate) fn start(engine: Engine) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let ticking = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("wkit-ticker".to_owned())
            .spawn(move || ticking.tick(&engine))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Ticks as long as the result lives.
    pub(crate) fn busy(&self) -> Busy {
        self.shared.lock().requests += 1;
        self.shared.changed.notify_one();
        Busy(Arc::clone(&self.shared))
    }
}

/// Lets `store` give way at each tick, and end what runs in it at `deadline`.
pub(super) fn watch<T>(store: &mut Store<T>, deadline: Option<Instant>) {
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |_| {
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(Expired.into());
        }
        Ok(UpdateDeadline::Yield(1))
    });
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.lock().requests -= 1;
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // It only waits, so it ends at once; it does nothing that could panic.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn tick(&self, engine: &Engine) {
        loop {
            let state = self
                .changed
                .wait_while(self.lock(), |state| state.requests == 0 && !state.ended)
                .unwrap_or_else(PoisonError::into_inner);
            let (state, _) = self
                .changed
                .wait_timeout_while(state, TICK, |state| !state.ended)
                .unwrap_or_else(PoisonError::into_inner);
            if state.ended {
                return;
            }
            drop(state);
            engine.increment_epoch();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Counting leaves nothing half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
