//! How long the registry waits for who is at the other end.
//!
//! A limit on the pause between two bytes alone does not help: a client that sends a byte now and then would hold a
//! connection for ever. A limit on the whole transfer would cut off large blobs. So waiting costs credit, and what is
//! transferred earns it.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use crate::limits::TRANSFER_RATE_MIN;

/// The credit of one direction of one transfer. Time in which nobody waits for the client costs nothing.
pub(super) struct Patience {
    /// The most credit there can be.
    maximum: Duration,
    credit: Duration,
    /// Since when the client is waited for.
    since: Option<Instant>,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    /// Full credit.
    pub(super) fn new(maximum: Duration) -> Self {
        Self { maximum, credit: maximum, since: None, alarm: None }
    }

    /// The client is waited for: ready when the credit is used up.
    pub(super) fn poll_wait(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let deadline = *self.since.get_or_insert_with(Instant::now) + self.credit;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if alarm.deadline() != deadline {
            alarm.as_mut().reset(deadline);
        }
        alarm.as_mut().poll(context)
    }

    /// The client has sent or taken so many bytes.
    pub(super) fn earn(&mut self, bytes: usize) {
        if let Some(since) = self.since.take() {
            self.credit = self.credit.saturating_sub(since.elapsed());
        }
        if self.credit < self.maximum {
            let earned = Duration::from_micros((bytes as u64).saturating_mul(1_000_000) / TRANSFER_RATE_MIN);
            self.credit = self.credit.saturating_add(earned).min(self.maximum);
        }
    }
}

/// A connection whose writes do not wait for ever for the client to read.
pub(super) struct PatientStream<S> {
    stream: S,
    patience: Patience,
}

impl<S> PatientStream<S> {
    /// Wraps a connection.
    pub(super) fn new(stream: S, stall: Duration) -> Self {
        Self { stream, patience: Patience::new(stall) }
    }

    fn settle<T>(
        patience: &mut Patience,
        context: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
        bytes: impl FnOnce(&T) -> usize,
    ) -> Poll<io::Result<T>> {
        match polled {
            Poll::Ready(Ok(done)) => {
                patience.earn(bytes(&done));
                Poll::Ready(Ok(done))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                ready!(patience.poll_wait(context));
                Poll::Ready(Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "the client does not read its answer",
                )))
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for PatientStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for PatientStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let polled = Pin::new(&mut this.stream).poll_write(context, bytes);
        Self::settle(&mut this.patience, context, polled, |written| *written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let polled = Pin::new(&mut this.stream).poll_write_vectored(context, parts);
        Self::settle(&mut this.patience, context, polled, |written| *written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let polled = Pin::new(&mut this.stream).poll_flush(context);
        Self::settle(&mut this.patience, context, polled, |()| 0)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let polled = Pin::new(&mut this.stream).poll_shutdown(context);
        Self::settle(&mut this.patience, context, polled, |()| 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::future::poll_fn;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    const STALL: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn a_drip_uses_the_credit_up() {
        let (mut patience, start) = (Patience::new(STALL), Instant::now());
        let mut drops = 0;
        // A byte every ten seconds.
        while tokio::time::timeout(Duration::from_secs(10), poll_fn(|context| patience.poll_wait(context)))
            .await
            .is_err()
        {
            patience.earn(1);
            drops += 1;
        }
        assert_eq!(drops, 6);
        assert!(start.elapsed() >= STALL && start.elapsed() < STALL + Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_but_steady_transfer_goes_on() {
        let mut patience = Patience::new(STALL);
        for _ in 0..1_000 {
            let second = Duration::from_secs(1);
            assert!(
                tokio::time::timeout(second, poll_fn(|context| patience.poll_wait(context))).await.is_err()
            );
            patience.earn(TRANSFER_RATE_MIN as usize);
        }
        // However much was transferred, there is never more credit than at the beginning.
        patience.earn(1 << 40);
        let start = Instant::now();
        poll_fn(|context| patience.poll_wait(context)).await;
        assert!(start.elapsed() >= STALL && start.elapsed() < STALL + Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_read_is_not_waited_for() {
        let (near, mut far) = tokio::io::duplex(1024);
        let mut stream = PatientStream::new(near, STALL);
        let writing = tokio::spawn(async move { stream.write_all(&vec![7; 10_000]).await });
        let mut some = [0; 2048];
        far.read_exact(&mut some).await.unwrap();
        let error = writing.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
