//! What one run may use up, and the counters that hold it to that.

use std::time::Duration;

use wasmtime::ResourceLimiter;

/// The largest component that [`Runner::load`](crate::Runner::load) accepts unless
/// [`RunnerConfig::component_bytes_max`](crate::RunnerConfig::component_bytes_max) says otherwise: 256 MiB, which is
/// several times the size of a component that carries a whole Python interpreter.
pub const COMPONENT_BYTES_MAX: usize = 256 << 20;

/// The longest call that [`Program::invoke`](crate::Program::invoke) reads, in bytes of WAVE text: 128 KiB, which is
/// also the longest argument that Linux lets a command line have.
pub const CALL_BYTES_MAX: usize = 128 << 10;

/// How many functions an error message lists before it only counts the rest.
pub const FUNCTIONS_LISTED_MAX: usize = 50;

/// What one run may use up. The limits hold for everything that is instantiated for the run together,
/// so that a component of many parts gets no more than a component of one.
///
/// ```
/// use wkit_runtime_runner::Limits;
///
/// let limits = Limits { memory_bytes_max: 16 << 20, ..Limits::default() };
/// assert_eq!(limits.table_elements_max, 1_000_000);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory in bytes, over all memories. Default: 1 GiB.
    ///
    /// A guest that asks for more is told that there is none (`memory.grow` gives -1), as the specification wants it;
    /// most guests then trap, and the trap names this limit.
    pub memory_bytes_max: usize,
    /// Elements over all tables. Default: 1,000,000.
    pub table_elements_max: usize,
    /// Core instances, of which a component has one or more for each of its parts. Default: 10,000.
    pub instances_max: usize,
    /// Wall-clock time from the start of the instantiation to the end of the call. Default: none.
    ///
    /// Needs a runner with [`RunnerConfig::deadlines`](crate::RunnerConfig::deadlines), because the compiled code has
    /// to look at a clock of its own in every loop and at every function's start, which costs up to half the speed.
    pub wall_time_max: Option<Duration>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes_max: 1 << 30,
            table_elements_max: 1_000_000,
            instances_max: 10_000,
            wall_time_max: None,
        }
    }
}

/// What serving may use up; see [`Program::serve`](crate::Program::serve).
///
/// A client is never let in without an end: what it sends is counted, what it is slow to send is waited for only so
/// long, and what it asks for beyond [`ServeLimits::requests_max`] waits its turn or is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServeLimits {
    /// What the instance of each request may use up. Default: that of [`Limits`], but 256 MiB of memory and 30 s.
    ///
    /// The time begins when a request gets its turn and ends when the guest has returned and its response is written. A
    /// guest that has not answered by then is ended and the client gets 504; one that has begun to answer is ended too,
    /// and the connection is closed so that the client sees that the body is not whole.
    pub request: Limits,
    /// The start line and the headers of a request together, in bytes. Default: 64 KiB. More is answered with 431, and
    /// so are more than 100 headers.
    pub head_bytes_max: usize,
    /// How long a client may take to send them, and how long a connection may be idle. Default: 30 s.
    pub head_time_max: Duration,
    /// The body of a request, in bytes. Default: 64 MiB. More is answered with 413: at once if the headers say so,
    /// otherwise when it is read, and if the guest has begun to answer by then, its reading fails.
    pub body_bytes_max: u64,
    /// Requests that are handled at the same time. Default: 128. More of them wait.
    pub requests_max: usize,
    /// How long a request waits for its turn before it is answered with 503. Default: 10 s.
    pub waiting_time_max: Duration,
    /// Connections at the same time. Default: 1,024. More of them wait in the operating system's queue.
    pub connections_max: usize,
    /// How long requests may take to end after the server was told to stop, before they are cut off. Default: 10 s.
    pub stop_time_max: Duration,
}

impl Default for ServeLimits {
    fn default() -> Self {
        Self {
            request: Limits {
                memory_bytes_max: 256 << 20,
                wall_time_max: Some(Duration::from_secs(30)),
                ..Limits::default()
            },
            head_bytes_max: 64 << 10,
            head_time_max: Duration::from_secs(30),
            body_bytes_max: 64 << 20,
            requests_max: 128,
            waiting_time_max: Duration::from_secs(10),
            connections_max: 1024,
            stop_time_max: Duration::from_secs(10),
        }
    }
}

/// The limit that a guest ran into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitReached {
    /// [`Limits::memory_bytes_max`].
    #[error("the guest asked for {asked_bytes} bytes of memory in all, more than its limit of {bytes_max}")]
    Memory {
        /// What the guest would have had, in bytes.
        asked_bytes: usize,
        /// The limit in bytes.
        bytes_max: usize,
    },
    /// [`Limits::table_elements_max`].
    #[error(
        "the guest asked for {asked_elements} table elements in all, more than its limit of {elements_max}"
    )]
    TableElements {
        /// What the guest would have had.
        asked_elements: usize,
        /// The limit.
        elements_max: usize,
    },
    /// [`Limits::instances_max`].
    #[error("the component consists of more core instances than its limit of {instances_max}")]
    Instances {
        /// The limit.
        instances_max: usize,
    },
    /// [`Limits::wall_time_max`].
    #[error("the guest ran longer than its limit of {} ms", .wall_time_max.as_millis())]
    WallTime {
        /// The limit.
        wall_time_max: Duration,
    },
}

/// Counts what a store hands out.
///
/// What is once counted stays counted: memories and tables only grow, and live as long as their store.
#[derive(Debug)]
pub(crate) struct Meter {
    limits: Limits,
    memory_bytes: usize,
    table_elements: usize,
    denied: Option<LimitReached>,
}

impl Meter {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, memory_bytes: 0, table_elements: 0, denied: None }
    }

    /// The last request that was turned down, if there was one.
    pub(crate) fn denied(&self) -> Option<LimitReached> {
        self.denied
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            // The memory's own type forbids it: the engine refuses, and nothing is used.
            return Ok(true);
        }
        let asked_bytes = self.memory_bytes.saturating_add(desired.saturating_sub(current));
        if asked_bytes > self.limits.memory_bytes_max {
            let bytes_max = self.limits.memory_bytes_max;
            self.denied = Some(LimitReached::Memory { asked_bytes, bytes_max });
            return Ok(false);
        }
        self.memory_bytes = asked_bytes;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(true);
        }
        let asked_elements = self.table_elements.saturating_add(desired.saturating_sub(current));
        if asked_elements > self.limits.table_elements_max {
            let elements_max = self.limits.table_elements_max;
            self.denied = Some(LimitReached::TableElements { asked_elements, elements_max });
            return Ok(false);
        }
        self.table_elements = asked_elements;
        Ok(true)
    }

    fn instances(&self) -> usize {
        self.limits.instances_max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meter(memory_bytes_max: usize, table_elements_max: usize) -> Meter {
        Meter::new(Limits { memory_bytes_max, table_elements_max, ..Limits::default() })
    }

    #[test]
    fn memory_is_counted_over_all_memories() {
        let mut meter = meter(100, 0);
        assert!(meter.memory_growing(0, 60, None).unwrap());
        assert!(meter.memory_growing(0, 40, None).unwrap(), "exactly the limit");
        assert_eq!(meter.denied(), None);
        assert!(!meter.memory_growing(40, 41, None).unwrap(), "one past it");
        assert_eq!(meter.denied(), Some(LimitReached::Memory { asked_bytes: 101, bytes_max: 100 }));
    }

    #[test]
    fn tables_are_counted_over_all_tables() {
        let mut meter = meter(0, 10);
        assert!(meter.table_growing(0, 6, None).unwrap());
        assert!(meter.table_growing(0, 4, None).unwrap(), "exactly the limit");
        assert!(!meter.table_growing(4, 5, None).unwrap(), "one past it");
        assert_eq!(
            meter.denied(),
            Some(LimitReached::TableElements { asked_elements: 11, elements_max: 10 })
        );
    }

    #[test]
    fn what_the_type_forbids_is_not_counted() {
        let mut meter = meter(100, 10);
        assert!(meter.memory_growing(0, 80, Some(50)).unwrap());
        assert!(meter.table_growing(0, 8, Some(5)).unwrap());
        assert!(meter.memory_growing(0, 100, None).unwrap());
        assert!(meter.table_growing(0, 10, None).unwrap());
    }

    #[test]
    fn a_huge_request_does_not_overflow_the_counter() {
        let mut meter = meter(usize::MAX - 1, 0);
        assert!(meter.memory_growing(0, 1, None).unwrap());
        assert!(!meter.memory_growing(0, usize::MAX, None).unwrap());
    }
}
