//! Serving a component over HTTP.

mod body;
mod connections;
mod request;
mod ticker;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use wasmtime_wasi_http::p2::bindings::ProxyPre;
use wasmtime_wasi_http::p3::bindings::ServicePre;

use crate::exports::HttpVersion;
use crate::limits::FUNCTIONS_LISTED_MAX;
use crate::serve::ticker::Ticker;
use crate::state::State;
use crate::{GrantError, Grants, LimitReached, Program, RunError, ServeLimits, TrapReport};

/// A component that cannot be served, or a server that did not end well.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The component handles no requests.
    #[error(
        "the component does not handle HTTP requests: it exports neither `wasi:http/incoming-handler` in a version \
         0.2 nor `wasi:http/handler` in a version 0.3{}", found(.exports)
    )]
    NotAHandler {
        /// The interfaces and functions that it exports instead.
        exports: Vec<String>,
        /// Whether it is a command, which [`Program::run`] could run.
        is_command: bool,
    },
    /// The component exports the interface, but its `handle` has another type.
    #[error("the component's handler has another type than this host calls: {message}")]
    HandlerMismatch {
        /// What does not fit, in the engine's words.
        message: String,
    },
    /// The component cannot be run at all.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Requests were still handled at the end of [`ServeLimits::stop_time_max`].
    #[error("{requests} requests were cut off after {} ms", .after.as_millis())]
    CutOff {
        /// How many.
        requests: usize,
        /// How long they were waited for.
        after: Duration,
    },
}

impl ServeError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotAHandler { is_command: true, .. } => {
                Some("it is a command; run it with `wkit run`".to_owned())
            }
            Self::NotAHandler { exports, .. } if !exports.is_empty() => {
                Some("call one of its functions with `wkit run --invoke`".to_owned())
            }
            Self::Run(error) => error.hint(),
            _ => None,
        }
    }
}

impl From<GrantError> for ServeError {
    fn from(error: GrantError) -> Self {
        Self::Run(error.into())
    }
}

/// A request that the component did not handle well. The client is only told the status.
#[derive(Debug)]
pub struct RequestFailure {
    /// The request's method.
    pub method: String,
    /// The request's path with its query, shortened.
    pub path: String,
    /// The status that the client got, or none if the guest had begun to answer by itself.
    pub status: Option<u16>,
    /// What went wrong.
    pub fault: RequestFault,
}

/// What went wrong with a request.
#[derive(Debug, thiserror::Error)]
pub enum RequestFault {
    /// The guest trapped.
    #[error("the guest trapped: {0}")]
    Trapped(TrapReport),
    /// The guest asked to stop, which ends its request only.
    #[error("the guest exited with code {0} in place of answering")]
    Exited(u8),
    /// The guest ran into a limit that ended it.
    #[error(transparent)]
    Stopped(LimitReached),
    /// The guest returned without an answer.
    #[error("the guest returned without an answer")]
    NoAnswer,
    /// The guest answered with one of the error codes of `wasi:http`.
    #[error("the guest answered with the error {0}")]
    Refused(String),
    /// There was no instance for the request.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Every place was taken for longer than [`ServeLimits::waiting_time_max`].
    #[error("{requests_max} requests were handled at the same time for longer than {} ms", .waiting_time_max.as_millis())]
    Busy {
        /// [`ServeLimits::requests_max`].
        requests_max: usize,
        /// [`ServeLimits::waiting_time_max`].
        waiting_time_max: Duration,
    },
}

impl fmt::Display for RequestFailure {
    /// `GET /cart: 500: the guest trapped: …`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: ", self.method, self.path)?;
        match self.status {
            Some(status) => write!(f, "{status}: ")?,
            None => f.write_str("after the answer had begun: ")?,
        }
        write!(f, "{}", self.fault)
    }
}

/// What all requests of one server share.
struct Server {
    program: Program,
    handler: Handler,
    grants: Grants,
    limits: ServeLimits,
    /// One permit for each request that may be handled.
    places: Arc<Semaphore>,
    /// Gives guests that compute their turns; none on an engine whose code does not look at the epoch.
    ticker: Option<Ticker>,
    phase: watch::Receiver<Phase>,
    report: Box<dyn Fn(RequestFailure) + Send + Sync>,
}

/// The component, ready to be instantiated for a request.
enum Handler {
    P2(ProxyPre<State>),
    P3(ServicePre<State>),
}

/// Where a server is in its life; only ever goes forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Serving,
    /// Nothing new is begun.
    Stopping,
    /// What still runs is cut off.
    Ended,
}

impl Program {
    /// Whether [`Program::serve`] has something to serve: an export `wasi:http/incoming-handler` of version 0.2 or
    /// `wasi:http/handler` of version 0.3.
    pub fn is_handler(&self) -> bool {
        self.shared.exports.handler().is_some()
    }

    /// Whether [`Program::serve`] would begin with these grants: the error that it would end with at once, if there is
    /// one. For a server that wants to know before it listens.
    pub fn check_handler(&self, grants: &Grants) -> Result<(), ServeError> {
        self.handler()?;
        // So that a missing folder is an error of the server and not of each request.
        grants.open()?;
        Ok(())
    }

    /// Answers the HTTP/1 requests that come in at `listener` until `stop` is done, then lets those that have begun
    /// come to an end.
    ///
    /// Each request is handled by a fresh instance with the same `grants` and with the limits of `limits.request`;
    /// nothing is kept from one to the next. A request that the component does not handle well is answered with 500, 503
    /// or 504 and told to `report`, and the server goes on. When a client goes away before it is answered, its guest is
    /// ended; one that has begun to answer finds its body closed, and may use up its time.
    ///
    /// Runs on the caller's tokio runtime, best one with several threads. `limits.request.wall_time_max`, which is set
    /// by default, needs a runner with [`RunnerConfig::deadlines`](crate::RunnerConfig::deadlines); without deadlines a
    /// guest that computes keeps its thread until it is done. Dropping the future ends everything.
    pub async fn serve(
        &self,
        listener: TcpListener,
        grants: Grants,
        limits: ServeLimits,
        report: impl Fn(RequestFailure) + Send + Sync + 'static,
        stop: impl Future<Output = ()>,
    ) -> Result<(), ServeError> {
        self.check_handler(&grants)?;
        let handler = self.handler()?;
        let deadlines = self.shared.deadlines;
        if limits.request.wall_time_max.is_some() && !deadlines {
            return Err(RunError::DeadlinesOff.into());
        }
        let ticker = match deadlines {
            true => {
                Some(Ticker::start(self.shared.engine.clone()).map_err(|source| RunError::Host { source })?)
            }
            false => None,
        };
        // A semaphore has an end of its own, far beyond what any host can handle.
        let places = Arc::new(Semaphore::new(limits.requests_max.min(Semaphore::MAX_PERMITS)));
        let (advance, phase) = watch::channel(Phase::Serving);
        let server = Server {
            program: self.clone(),
            handler,
            grants,
            limits,
            places,
            ticker,
            phase,
            report: Box::new(report),
        };
        connections::serve(Arc::new(server), listener, &advance, stop).await
    }

    fn handler(&self) -> Result<Handler, ServeError> {
        let (version, function) = self.shared.exports.handler().ok_or_else(|| ServeError::NotAHandler {
            exports: self.shared.exports.names(),
            is_command: self.is_command(),
        })?;
        if !version.takes(&function.signature) {
            return Err(ServeError::HandlerMismatch { message: function.to_string() });
        }
        let linked = self.shared.linked()?.clone();
        match version {
            HttpVersion::P2 => ProxyPre::new(linked).map(Handler::P2),
            HttpVersion::P3 => ServicePre::new(linked).map(Handler::P3),
        }
        .map_err(|error| ServeError::HandlerMismatch { message: format!("{error:#}") })
    }
}

impl RequestFault {
    /// What the client is told.
    fn status(&self) -> StatusCode {
        match self {
            Self::Stopped(LimitReached::WallTime { .. }) => StatusCode::GATEWAY_TIMEOUT,
            Self::Busy { .. } => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

fn found(exports: &[String]) -> String {
    if exports.is_empty() {
        return ", and nothing else".to_owned();
    }
    let more = exports.len().saturating_sub(FUNCTIONS_LISTED_MAX);
    let listed: Vec<_> =
        exports.iter().take(FUNCTIONS_LISTED_MAX).map(|export| format!("`{export}`")).collect();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("; it exports {}{more}", listed.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_of_exports_are_cut_at_the_limit() {
        assert_eq!(found(&[]), ", and nothing else");
        assert_eq!(found(&["a:b/c".to_owned(), "run".to_owned()]), "; it exports `a:b/c`, `run`");
        assert!(!found(&vec!["x".to_owned(); FUNCTIONS_LISTED_MAX]).contains("more"));
        assert!(found(&vec!["x".to_owned(); FUNCTIONS_LISTED_MAX + 1]).ends_with(" and 1 more"));
    }
}
