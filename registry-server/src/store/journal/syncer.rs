//! A thread that syncs the journal while the metadata store syncs its own file, so that the two wait for the disk
//! together.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

/// Syncs one file at a time. Dropping it waits for the thread to end.
#[derive(Debug)]
pub(super) struct Syncer {
    /// `None` only while dropping.
    files: Option<Sender<Arc<File>>>,
    results: Receiver<io::Result<()>>,
    thread: Option<JoinHandle<()>>,
    waiting: bool,
}

impl Syncer {
    /// Starts the thread.
    pub(super) fn start() -> io::Result<Self> {
        let (files, to_sync) = channel::<Arc<File>>();
        let (answer, results) = channel();
        let thread = std::thread::Builder::new().name("sync-journal".to_owned()).spawn(move || {
            for file in to_sync {
                if answer.send(file.sync_data()).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { files: Some(files), results, thread: Some(thread), waiting: false })
    }

    /// Begins to sync what was written to a file.
    pub(super) fn begin(&mut self, file: Arc<File>) {
        // A panic may have come between the last beginning and its end.
        let _ = self.finish();
        self.waiting = self.files.as_ref().is_some_and(|files| files.send(file).is_ok());
    }

    /// Waits for what was begun; at once when nothing was.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.waiting) {
            return self.results.recv().unwrap_or_else(|_| Err(io::Error::other("the thread is gone")));
        }
        Ok(())
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        self.files = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
