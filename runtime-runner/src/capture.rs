//! A standard output that ends up in memory.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// Collects what a guest writes, up to a limit. Clones share what they collect, so keep one and grant the other:
///
/// ```
/// use wkit_runtime_runner::{Capture, Grants, Output};
///
/// let stdout = Capture::new(64 << 10);
/// let grants = Grants::new().stdout(Output::Capture(stdout.clone()));
/// # drop(grants);
/// assert!(stdout.contents().is_empty());
/// ```
///
/// What goes past the limit is thrown away and the guest is not told, so that it runs as it would elsewhere;
/// [`Capture::is_truncated`] tells the host.
#[derive(Clone, Debug)]
pub struct Capture {
    shared: Arc<Mutex<Collected>>,
    bytes_max: usize,
}

#[derive(Debug, Default)]
struct Collected {
    bytes: BytesMut,
    truncated: bool,
}

impl Capture {
    /// An empty capture that keeps the first `bytes_max` bytes.
    pub fn new(bytes_max: usize) -> Self {
        Self { shared: Arc::default(), bytes_max }
    }

    /// What was written so far.
    pub fn contents(&self) -> Bytes {
        Bytes::copy_from_slice(&self.lock().bytes)
    }

    /// Whether the guest wrote more than was kept.
    pub fn is_truncated(&self) -> bool {
        self.lock().truncated
    }

    fn append(&self, bytes: &[u8]) {
        let mut collected = self.lock();
        let kept = bytes.len().min(self.bytes_max - collected.bytes.len());
        collected.bytes.extend_from_slice(&bytes[..kept]);
        collected.truncated |= kept < bytes.len();
    }

    fn lock(&self) -> MutexGuard<'_, Collected> {
        // Appending leaves nothing half done, so what a panicking thread left behind is whole.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl IsTerminal for Capture {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Capture {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl AsyncWrite for Capture {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.append(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// How much a guest may hand over in one write; it asks again for the rest.
const WRITE_BYTES_MAX: usize = 64 << 10;

impl OutputStream for Capture {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.append(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BYTES_MAX)
    }
}

impl Pollable for Capture {
    /// Always ready: memory does not block.
    fn ready<'a, 'b>(&'a mut self) -> Pin<Box<dyn Future<Output = ()> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(std::future::ready(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_limit_is_kept_whole() {
        let capture = Capture::new(5);
        capture.append(b"abc");
        capture.append(b"de");
        assert_eq!(capture.contents(), "abcde");
        assert!(!capture.is_truncated());
    }

    #[test]
    fn one_byte_past_the_limit_is_dropped_and_told() {
        let capture = Capture::new(5);
        capture.append(b"abc");
        capture.append(b"def");
        capture.append(b"g");
        assert_eq!(capture.contents(), "abcde");
        assert!(capture.is_truncated());
    }
}
