//! Progress of transfers, as events: who shows them is no matter of this crate.

/// Receives what happens during a transfer. Every method does nothing by default.
///
/// `what` names the transfer, and is the same text in all events of one transfer.
pub trait Progress: Send + Sync {
    /// A transfer begins. `total_bytes` is how much there is to do, if that is known.
    fn started(&self, what: &str, total_bytes: Option<u64>) {
        let _ = (what, total_bytes);
    }

    /// `bytes` more bytes are done.
    fn advanced(&self, what: &str, bytes: u64) {
        let _ = (what, bytes);
    }

    /// The transfer has ended, well or not. One that is tried again begins again with [`started`](Self::started).
    fn finished(&self, what: &str) {
        let _ = what;
    }
}

/// Shows nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {}

/// Says `finished` when it goes out of scope, so that an error on the way cannot leave a bar standing.
pub(crate) struct Transfer<'a> {
    progress: &'a dyn Progress,
    what: &'a str,
}

impl<'a> Transfer<'a> {
    pub(crate) fn start(progress: &'a dyn Progress, what: &'a str, total_bytes: u64) -> Self {
        progress.started(what, Some(total_bytes));
        Self { progress, what }
    }

    pub(crate) fn advance(&self, bytes: u64) {
        self.progress.advanced(self.what, bytes);
    }
}

impl Drop for Transfer<'_> {
    fn drop(&mut self) {
        self.progress.finished(self.what);
    }
}
