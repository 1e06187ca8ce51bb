//! The time, as it is stored.

use std::time::SystemTime;

/// Where the registry takes the time from.
#[derive(Clone, Debug, Default)]
pub(crate) enum Clock {
    /// The system's clock.
    #[default]
    System,
    /// A clock that a test moves.
    #[cfg(test)]
    Manual(std::sync::Arc<std::sync::atomic::AtomicU64>),
}

impl Clock {
    /// Milliseconds since 1970. A clock that was set back makes marks look younger, which keeps things longer.
    pub(crate) fn now_ms(&self) -> u64 {
        match self {
            Clock::System => {
                let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
                u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
            }
            #[cfg(test)]
            Clock::Manual(time_ms) => time_ms.load(std::sync::atomic::Ordering::SeqCst),
        }
    }
}
