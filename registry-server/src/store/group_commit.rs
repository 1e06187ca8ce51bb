//! Group commit: one thread per metadata store takes the batches that wait and makes them durable together, so that
//! many small commits at the same time cost one sync of the disk, in which the journal and the store wait together.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};

use crate::limits::{COMMIT_GROUP_BYTES_MAX, COMMIT_GROUP_MAX, COMMIT_QUEUE_MAX, METADATA_RESERVE_BYTES};
use crate::store::journal::{Journal, JournalError};
use crate::store::local::{free_bytes, is_full};
use crate::store::{Batch, CommitError, Condition, Entry, MetadataError, MetadataStore, Scan};

/// How many bytes a backend may need for each byte of a batch: it writes new pages before it lets go of old ones, and the
/// journal has the batch once more.
const GROWTH: u64 = 4;

/// A metadata store at work on the calling thread: what the commit thread, and whoever works on a data folder as a
/// whole, does with it.
pub(crate) trait Engine: Send + Sync + 'static {
    /// The backend's name, for messages.
    fn name(&self) -> &'static str;

    /// The value of `key`.
    ///
    /// # Errors
    ///
    /// When the backend fails.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, MetadataError>;

    /// The entries of a stretch of keys, in the order of their bytes.
    ///
    /// # Errors
    ///
    /// When the backend fails.
    fn scan(&self, scan: &Scan) -> Result<Vec<Entry>, MetadataError>;

    /// Checks and applies the batches one after another, each seeing the ones before it, and returns when the result
    /// is durable: one answer per batch. The batches whose conditions hold go to the `journal` as well, before they
    /// are applied; after a failure it has to be settled.
    ///
    /// # Errors
    ///
    /// When the backend or the journal fails: no batch of the group is acknowledged then.
    fn commit_group(
        &mut self,
        batches: &[Batch],
        journal: Option<&mut Journal>,
    ) -> Result<Vec<Result<(), CommitError>>, MetadataError>;

    /// The same store once more, for another thread to read.
    fn share(&self) -> Box<dyn Engine>;

    /// How much room the disk must have even for a batch that only removes, in bytes.
    fn removal_bytes(&self) -> u64 {
        0
    }

    /// A store that answers many tasks, with this engine on the thread that commits. `path` is where the engine keeps
    /// its data.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    fn into_store(
        self: Box<Self>,
        path: &Path,
        journal: Option<Journal>,
    ) -> Result<Arc<dyn MetadataStore>, MetadataError>;
}

/// Hands batches to the thread that commits them. Dropping it waits for the thread to end.
#[derive(Debug)]
pub(crate) struct Committer {
    /// `None` only while dropping.
    sender: Option<mpsc::Sender<Request>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Request {
    batch: Batch,
    answer: oneshot::Sender<Result<(), CommitError>>,
}

impl Committer {
    /// Starts the thread. `path` is where the engine keeps its data.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub(crate) fn start<E: Engine>(
        engine: E,
        path: PathBuf,
        journal: Option<Journal>,
    ) -> std::io::Result<Self> {
        let (sender, receiver) = mpsc::channel(COMMIT_QUEUE_MAX);
        let thread = std::thread::Builder::new()
            .name(format!("commit-{}", engine.name()))
            .spawn(move || run(engine, &path, journal, receiver))?;
        Ok(Self { sender: Some(sender), thread: Some(thread) })
    }

    /// Commits one batch together with whatever else waits.
    pub(crate) async fn commit(&self, batch: Batch) -> Result<(), CommitError> {
        let (answer, answered) = oneshot::channel();
        let sender = self.sender.as_ref().ok_or(MetadataError::Closed)?;
        sender.send(Request { batch, answer }).await.map_err(|_| MetadataError::Closed)?;
        answered.await.map_err(|_| MetadataError::Closed)?
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        self.sender = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was answered to its clients already.
            let _ = thread.join();
        }
    }
}

fn run<E: Engine>(
    mut engine: E,
    path: &Path,
    mut journal: Option<Journal>,
    mut receiver: mpsc::Receiver<Request>,
) {
    let backend = engine.name();
    while let Some(first) = receiver.blocking_recv() {
        let (mut batches, mut answers) = (Vec::new(), Vec::new());
        // Without an answer from the system, the backend finds out by itself.
        let free = free_bytes(path).unwrap_or(u64::MAX);
        let room = free.saturating_sub(METADATA_RESERVE_BYTES);
        let (mut size_bytes, mut next) = (0, Some(first));
        while let Some(request) = next {
            let size = request.batch.size_bytes();
            let adds = request.batch.adds() && (size_bytes + size) as u64 * GROWTH > room;
            let removes = !request.batch.writes.is_empty() && free < engine.removal_bytes();
            if adds || removes {
                let _ = request.answer.send(Err(MetadataError::Full.into()));
            } else {
                size_bytes += size;
                batches.push(request.batch);
                answers.push(request.answer);
            }
            next = (batches.len() < COMMIT_GROUP_MAX && size_bytes < COMMIT_GROUP_BYTES_MAX)
                .then(|| receiver.try_recv().ok())
                .flatten();
        }
        if batches.is_empty() {
            continue;
        }
        // A backend that panics must not take the registry down: its clients get an error, and the next group
        // finds the backend as it is after that.
        let results = catch_unwind(AssertUnwindSafe(|| commit(&mut engine, journal.as_mut(), &batches)));
        let results = results.unwrap_or_else(|_| {
            Err(MetadataError::Failed { backend, message: "it panicked during a commit".to_owned() })
        });
        match results {
            Ok(results) => {
                for (answer, result) in answers.into_iter().zip(results) {
                    // The client may be gone: the batch is committed all the same.
                    let _ = answer.send(result);
                }
            }
            Err(error) => {
                tracing::error!(backend, batches = batches.len(), %error, "a group of commits failed");
                for answer in answers {
                    let _ = answer.send(Err(error.clone().into()));
                }
            }
        }
    }
}

/// Commits a group to a journal and a store that are the same, and leaves them so if it can.
fn commit(
    engine: &mut impl Engine,
    mut journal: Option<&mut Journal>,
    batches: &[Batch],
) -> Result<Vec<Result<(), CommitError>>, MetadataError> {
    if let Some(journal) = journal.as_deref_mut() {
        journal.settle(engine).map_err(unsettled)?;
    }
    let results = engine.commit_group(batches, journal.as_deref_mut());
    if let Some(journal) = journal {
        // When it cannot be settled now, it is before the next group.
        let kept = if results.is_err() { journal.settle(engine) } else { journal.compact(engine) };
        if let Err(error) = kept {
            tracing::error!(%error, "the journal could not be kept in order");
        }
    }
    results
}

fn unsettled(error: JournalError) -> MetadataError {
    match error {
        JournalError::Metadata(error) | JournalError::Commit(CommitError::Metadata(error)) => error,
        JournalError::Io { source, .. } if is_full(&source) => MetadataError::Full,
        other => MetadataError::Failed { backend: "journal", message: other.to_string() },
    }
}

/// Whether a condition holds for the value a key has now.
pub(crate) fn holds(condition: &Condition, value: Option<&[u8]>) -> bool {
    match condition {
        Condition::Exists => value.is_some(),
        Condition::Absent => value.is_none(),
        Condition::Equals(expected) => value == Some(expected.as_slice()),
    }
}
