//! Streams: input is a part of what is baked in or at its end, output goes nowhere.

use std::cell::Cell;

use crate::bindings::exports::wkit::provider::streams::{
    self, Guest, GuestInputStream, GuestOutputStream, InputStreamBorrow, StreamError,
};
use crate::bindings::exports::wkit::provider::{error, poll, stdio};
use crate::bindings::wkit::provider::image;
use crate::{Provider, clock};

/// The most that one read gives: a guest that asks for everything gets it piece by piece.
const READ_BYTES_MAX: u64 = 1024 * 1024;

/// What a writer may write at once.
const WRITE_BYTES_MAX: u64 = 1024 * 1024;

/// No stream fails here, so no error ever comes into being.
pub(crate) struct Error;

impl error::Guest for Provider {
    type Error = Error;
}

impl error::GuestError for Error {
    fn to_debug_string(&self) -> String {
        String::new()
    }
}

/// Something to wait for: the clock, or nothing.
pub(crate) struct Pollable {
    pub(crate) ready_at_ns: u64,
}

impl poll::Guest for Provider {
    type Pollable = Pollable;

    /// Goes on to the first instant that one of them waits for.
    fn poll(pollables: Vec<poll::PollableBorrow<'_>>) -> Vec<u32> {
        let instants: Vec<u64> =
            pollables.iter().map(|pollable| pollable.get::<Pollable>().ready_at_ns).collect();
        let first = instants.iter().copied().min().expect("something is waited for");
        clock::go_on_to(first);
        (0_u32..)
            .zip(&instants)
            .filter(|(_, instant)| **instant <= clock::time())
            .map(|(index, _)| index)
            .collect()
    }
}

impl poll::GuestPollable for Pollable {
    fn ready(&self) -> bool {
        self.ready_at_ns <= clock::time()
    }

    fn block(&self) {
        clock::go_on_to(self.ready_at_ns);
    }
}

fn always_ready() -> poll::Pollable {
    poll::Pollable::new(Pollable { ready_at_ns: 0 })
}

impl Guest for Provider {
    type InputStream = InputStream;
    type OutputStream = OutputStream;
}

/// What is left to read, as offsets in the image.
pub(crate) struct InputStream {
    at: Cell<u64>,
    end: u64,
}

impl InputStream {
    /// A stream of the bytes from `start` to `end`.
    pub(crate) fn new(start: u64, end: u64) -> Self {
        Self { at: Cell::new(start), end }
    }

    /// Moves on by at most `len` bytes and says from where by how much.
    fn advance(&self, len: u64) -> Result<(u64, u64), StreamError> {
        let at = self.at.get();
        if at >= self.end {
            return Err(StreamError::Closed);
        }
        let len = len.min(self.end - at);
        self.at.set(at + len);
        Ok((at, len))
    }
}

impl GuestInputStream for InputStream {
    fn read(&self, len: u64) -> Result<Vec<u8>, StreamError> {
        let (at, len) = self.advance(len.min(READ_BYTES_MAX))?;
        Ok(image::read(at, len))
    }

    fn blocking_read(&self, len: u64) -> Result<Vec<u8>, StreamError> {
        self.read(len)
    }

    fn skip(&self, len: u64) -> Result<u64, StreamError> {
        self.advance(len).map(|(_, len)| len)
    }

    fn blocking_skip(&self, len: u64) -> Result<u64, StreamError> {
        self.skip(len)
    }

    fn subscribe(&self) -> poll::Pollable {
        always_ready()
    }
}

/// Takes everything and keeps nothing.
pub(crate) struct OutputStream;

impl GuestOutputStream for OutputStream {
    fn check_write(&self) -> Result<u64, StreamError> {
        Ok(WRITE_BYTES_MAX)
    }

    fn write(&self, _: Vec<u8>) -> Result<(), StreamError> {
        Ok(())
    }

    fn blocking_write_and_flush(&self, _: Vec<u8>) -> Result<(), StreamError> {
        Ok(())
    }

    fn flush(&self) -> Result<(), StreamError> {
        Ok(())
    }

    fn blocking_flush(&self) -> Result<(), StreamError> {
        Ok(())
    }

    fn subscribe(&self) -> poll::Pollable {
        always_ready()
    }

    fn write_zeroes(&self, _: u64) -> Result<(), StreamError> {
        Ok(())
    }

    fn blocking_write_zeroes_and_flush(&self, _: u64) -> Result<(), StreamError> {
        Ok(())
    }

    fn splice(&self, src: InputStreamBorrow<'_>, len: u64) -> Result<u64, StreamError> {
        src.get::<InputStream>().skip(len)
    }

    fn blocking_splice(&self, src: InputStreamBorrow<'_>, len: u64) -> Result<u64, StreamError> {
        self.splice(src, len)
    }
}

impl stdio::Guest for Provider {
    fn get_stdin() -> streams::InputStream {
        streams::InputStream::new(InputStream::new(0, 0))
    }

    fn get_stdout() -> streams::OutputStream {
        streams::OutputStream::new(OutputStream)
    }

    fn get_stderr() -> streams::OutputStream {
        streams::OutputStream::new(OutputStream)
    }
}
