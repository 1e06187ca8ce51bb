//! What a guest is given. Under empty grants
//!
//! **closed** is
//!
//! - every file and folder of the host: there is no preopen, so there is nothing to open a path from;
//! - the host's environment and arguments: both lists are empty;
//! - the network: no TCP or UDP socket can be made, no address can be bound or reached, no host name can be looked up,
//!   and every outgoing request of `wasi:http` fails with `HTTP-request-denied`;
//! - standard input, which is at its end, and standard output and standard error, which go nowhere;
//! - other processes, signals and the host's threads: WASI has no such interface.
//!
//! **open** stays
//!
//! - the clocks: `wasi:clocks` reads the host's wall clock and monotonic clock, and can wait on them;
//! - random numbers: `wasi:random` draws from the host's generator;
//! - asking to stop: `wasi:cli/exit`, which ends the guest and never the host;
//! - computing: processor time, and memory up to [`Limits`](crate::Limits).
//!
//! What is granted goes to the component as a whole: all components of a composition share it.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use bytes::Bytes;
use wasmtime_wasi::p2::pipe::MemoryInputPipe;
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder};

use crate::Capture;

/// What a guest is given; [`Grants::default`] is nothing at all. The [module](self) lists what is closed then and what
/// stays open.
///
/// ```
/// use wkit_runtime_runner::{Access, Grants};
///
/// let grants = Grants::new()
///     .argument("convert")
///     .argument("--verbose")
///     .env("LANG", "en")
///     .preopen("pictures", "/in", Access::ReadOnly)
///     .inherit_stdio();
/// # drop(grants);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Grants {
    arguments: Vec<String>,
    environment: BTreeMap<String, String>,
    preopens: Vec<Preopen>,
    stdin: Input,
    stdout: Output,
    stderr: Output,
}

/// What a guest may do in a preopen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// List folders and read files; everything that would change something is refused.
    ReadOnly,
    /// Also make, change, rename and remove files and folders.
    ReadWrite,
}

/// Where a guest's standard input comes from.
#[derive(Clone, Debug, Default)]
pub enum Input {
    /// Nowhere: it is at its end from the start.
    #[default]
    Empty,
    /// The standard input of this process. Only one guest at a time should have it.
    Inherit,
    /// These bytes, then the end.
    Bytes(Bytes),
}

/// Where a guest's standard output or standard error goes.
#[derive(Clone, Debug, Default)]
pub enum Output {
    /// Nowhere: the guest writes, nothing is kept.
    #[default]
    Discard,
    /// The stream of the same name of this process.
    Inherit,
    /// Memory of this process, up to a limit.
    Capture(Capture),
}

/// A grant that cannot be given.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// The host folder of a preopen is missing or cannot be opened.
    #[error("cannot open the folder `{}` for the guest's `{guest}`: {source}", .host.display())]
    Folder {
        /// The host folder as it was given.
        host: PathBuf,
        /// The guest path as it was given.
        guest: String,
        /// What the host's file system said.
        source: io::Error,
    },
    /// The host path of a preopen is not a folder.
    #[error("expected a folder for the guest's `{guest}`, found the file `{}`", .host.display())]
    NotAFolder {
        /// The host path as it was given.
        host: PathBuf,
        /// The guest path as it was given.
        guest: String,
    },
    /// Two preopens have the same guest path, so that the guest could only ever see one of them.
    #[error("the guest path `{guest}` is given to two folders, `{}` and `{}`", .first.display(), .second.display())]
    GuestPathTwice {
        /// The guest path.
        guest: String,
        /// The host folder that was granted first.
        first: PathBuf,
        /// The host folder that was granted second.
        second: PathBuf,
    },
    /// A guest path that no guest could name.
    #[error("expected a path such as `/data` as the guest's name of `{}`, found `{guest}`", .host.display())]
    GuestPath {
        /// The host folder.
        host: PathBuf,
        /// The guest path as it was given.
        guest: String,
    },
    /// An environment variable's name is empty or has a `=` or a NUL in it.
    #[error("expected the name of an environment variable, found `{name}`")]
    EnvironmentName {
        /// The name as it was given.
        name: String,
    },
}

#[derive(Clone, Debug)]
struct Preopen {
    host: PathBuf,
    guest: String,
    access: Access,
}

impl Grants {
    /// Nothing at all, the same as [`Grants::default`].
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one argument. By convention the first is the name of the program; nothing is put in for it.
    #[must_use]
    pub fn argument(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds arguments in order, after those that are there.
    #[must_use]
    pub fn arguments(mut self, arguments: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable; a later value replaces an earlier one.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    /// Gives the host folder `host` to the guest as `guest`. The guest reaches everything below it and nothing
    /// beside it: neither `..` nor a symbolic link leads out. The folder is opened when the run starts.
    #[must_use]
    pub fn preopen(mut self, host: impl Into<PathBuf>, guest: impl Into<String>, access: Access) -> Self {
        self.preopens.push(Preopen { host: host.into(), guest: guest.into(), access });
        self
    }

    /// Says where the standard input comes from.
    #[must_use]
    pub fn stdin(mut self, stdin: Input) -> Self {
        self.stdin = stdin;
        self
    }

    /// Says where the standard output goes.
    #[must_use]
    pub fn stdout(mut self, stdout: Output) -> Self {
        self.stdout = stdout;
        self
    }

    /// Says where the standard error goes.
    #[must_use]
    pub fn stderr(mut self, stderr: Output) -> Self {
        self.stderr = stderr;
        self
    }

    /// Gives the guest all three standard streams of this process.
    #[must_use]
    pub fn inherit_stdio(self) -> Self {
        self.stdin(Input::Inherit).stdout(Output::Inherit).stderr(Output::Inherit)
    }

    /// The grants as the WASI host takes them, with every folder opened.
    pub(crate) fn open(&self) -> Result<WasiCtx, GrantError> {
        let mut context = WasiCtx::builder();
        // Said outright, because the builder documents a default that lets sockets be made.
        context.allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false);
        context.args(&self.arguments);
        for (name, value) in &self.environment {
            if name.is_empty() || name.contains(['=', '\0']) {
                return Err(GrantError::EnvironmentName { name: name.clone() });
            }
            context.env(name, value);
        }
        match &self.stdin {
            Input::Empty => {}
            Input::Inherit => {
                context.inherit_stdin();
            }
            Input::Bytes(bytes) => {
                context.stdin(MemoryInputPipe::new(bytes.clone()));
            }
        }
        match &self.stdout {
            Output::Discard => {}
            Output::Inherit => {
                context.inherit_stdout();
            }
            Output::Capture(capture) => {
                context.stdout(capture.clone());
            }
        }
        match &self.stderr {
            Output::Discard => {}
            Output::Inherit => {
                context.inherit_stderr();
            }
            Output::Capture(capture) => {
                context.stderr(capture.clone());
            }
        }
        self.open_folders(&mut context)?;
        Ok(context.build())
    }

    fn open_folders(&self, context: &mut WasiCtxBuilder) -> Result<(), GrantError> {
        for (position, preopen) in self.preopens.iter().enumerate() {
            let Preopen { host, guest, access } = preopen;
            if guest.is_empty() || guest.contains('\0') {
                return Err(GrantError::GuestPath { host: host.clone(), guest: guest.clone() });
            }
            if let Some(first) = self.preopens[..position].iter().find(|earlier| earlier.guest == *guest) {
                return Err(GrantError::GuestPathTwice {
                    guest: guest.clone(),
                    first: first.host.clone(),
                    second: host.clone(),
                });
            }
            let cannot_open =
                |source| GrantError::Folder { host: host.clone(), guest: guest.clone(), source };
            if !std::fs::metadata(host).map_err(cannot_open)?.is_dir() {
                return Err(GrantError::NotAFolder { host: host.clone(), guest: guest.clone() });
            }
            let permissions = match access {
                Access::ReadOnly => FsPerms::ReadOnly,
                Access::ReadWrite => FsPerms::ReadWrite,
            };
            context.preopened_dir(host, guest, permissions).map_err(|error| {
                cannot_open(error.downcast::<io::Error>().unwrap_or_else(|other| {
                    // Opening a folder fails with the file system's own error; this is for completeness.
                    io::Error::other(other.to_string())
                }))
            })?;
        }
        Ok(())
    }
}
