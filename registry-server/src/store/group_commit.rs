//! Group commit: one thread per metadata store takes the batches that wait and makes them durable together, so that
//! many small commits at the same time cost one sync of the disk.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};

use crate::limits::{COMMIT_GROUP_BYTES_MAX, COMMIT_GROUP_MAX, COMMIT_QUEUE_MAX, METADATA_RESERVE_BYTES};
use crate::store::local::free_bytes;
use crate::store::{Batch, CommitError, Condition, MetadataError};

/// How many bytes a backend may need for each byte of a batch: it writes new pages before it lets go of old ones.
const GROWTH: u64 = 3;

/// What a backend does for a group of batches.
pub(crate) trait Engine: Send + 'static {
    /// The backend's name, for messages.
    const NAME: &'static str;

    /// Checks and applies the batches one after another, each seeing the ones before it, and returns when the result
    /// is durable: one answer per batch.
    ///
    /// # Errors
    ///
    /// When the backend fails: no batch of the group is acknowledged then.
    fn commit_group(&mut self, batches: &[Batch]) -> Result<Vec<Result<(), CommitError>>, MetadataError>;
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
    pub(crate) fn start<E: Engine>(engine: E, path: PathBuf) -> std::io::Result<Self> {
        let (sender, receiver) = mpsc::channel(COMMIT_QUEUE_MAX);
        let thread = std::thread::Builder::new()
            .name(format!("commit-{}", E::NAME))
            .spawn(move || run(engine, &path, receiver))?;
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

fn run<E: Engine>(mut engine: E, path: &Path, mut receiver: mpsc::Receiver<Request>) {
    while let Some(first) = receiver.blocking_recv() {
        let (mut batches, mut answers) = (Vec::new(), Vec::new());
        // Without an answer from the system, the backend finds out by itself.
        let room = free_bytes(path).unwrap_or(u64::MAX).saturating_sub(METADATA_RESERVE_BYTES);
        let (mut size_bytes, mut next) = (0, Some(first));
        while let Some(request) = next {
            let size = request.batch.size_bytes();
            if request.batch.adds() && (size_bytes + size) as u64 * GROWTH > room {
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
        let results = catch_unwind(AssertUnwindSafe(|| engine.commit_group(&batches))).unwrap_or_else(|_| {
            Err(MetadataError::Failed { backend: E::NAME, message: "it panicked during a commit".to_owned() })
        });
        match results {
            Ok(results) => {
                for (answer, result) in answers.into_iter().zip(results) {
                    // The client may be gone: the batch is committed all the same.
                    let _ = answer.send(result);
                }
            }
            Err(error) => {
                tracing::error!(backend = E::NAME, batches = batches.len(), %error, "a group of commits failed");
                for answer in answers {
                    let _ = answer.send(Err(error.clone().into()));
                }
            }
        }
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
