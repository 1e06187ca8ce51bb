//! The server: opens the stores, accepts connections, stops in order.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::limits::{
    CONNECTIONS_MAX, GARBAGE_FIRST_AFTER, PULLS_INTERVAL, REQUEST_HEAD_MAX, SHUTDOWN_GRACE_MAX,
};
use crate::registry::{GarbageError, Registry};
use crate::router::router;
use crate::store::{self, OpenError};

/// How long to wait after the system gave no connection, for example because all file descriptors are in use.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How much of a request is read ahead on one connection, in bytes.
const READ_AHEAD_BYTES: usize = 256 * 1024;

/// A registry that listens, and serves as soon as it is [run](Server::run).
pub struct Server {
    listener: TcpListener,
    local_addr: SocketAddr,
    registry: Registry,
}

/// Why a registry did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder was not opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The address cannot be listened on.
    #[error("could not listen on `{address}`: {source}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system reports.
        source: std::io::Error,
    },
}

/// Why a running registry stopped on its own.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Requests were still in flight when the time to stop was over; they were cut off.
    #[error("{connections} connections were cut off after {} s", SHUTDOWN_GRACE_MAX.as_secs())]
    CutOff {
        /// How many.
        connections: usize,
    },
}

impl Server {
    /// Opens the data folder, repairs what a crash left behind, and listens. Clients may connect from now on; they
    /// are served when the server is [run](Server::run).
    ///
    /// # Errors
    ///
    /// When the folder is in use or cannot be opened, or the address cannot be listened on.
    pub async fn bind(config: Config) -> Result<Self, StartError> {
        // The address first: a server that cannot listen should not touch the data.
        let failed = |source| StartError::Listen { address: config.listen, source };
        let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
        let local_addr = listener.local_addr().map_err(failed)?;
        let url = config.metadata.clone().unwrap_or_default();
        let stores = store::open(
            &config.data,
            &url,
            config.blob_bytes_max,
            config.upload_sessions_max,
            config.upload_idle_max,
        )
        .await?;
        tracing::info!(address = %local_addr, data = %config.data.display(), metadata = %url, "listening");
        let registry = Registry::new(stores, config.rules());
        Ok(Self { listener, local_addr, registry })
    }

    /// The address the server listens on, with the port the system chose.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Serves until `shutdown` is done, then finishes the requests in flight.
    ///
    /// # Errors
    ///
    /// When requests did not finish in time and were cut off.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), RunError> {
        let Self { listener, registry, .. } = self;
        let (phase, phases) = watch::channel(Phase::Serving);
        let connections = TaskTracker::new();
        let collector = tokio::spawn(maintain(registry.clone()));
        let accepting = accept(listener, router(registry.clone()), connections.clone(), phases);
        tokio::select! {
            () = accepting => {}
            () = shutdown => {}
        }
        registry.stop_runs();
        // `accepting` is dropped here, and the listener with it: nothing new comes in.
        collector.abort();
        let _ = collector.await;
        if let Err(error) = registry.store_pulls().await {
            tracing::error!(%error, "the times of pulls were not stored");
        }
        phase.send_replace(Phase::Stopping);
        connections.close();
        let finished = tokio::time::timeout(SHUTDOWN_GRACE_MAX, connections.wait()).await;
        let cut_off = connections.len();
        phase.send_replace(Phase::Over);
        connections.wait().await;
        // The lock on the data folder goes with the registry, so nothing may change any more.
        registry.finish().await;
        match finished {
            Ok(()) => Ok(()),
            Err(_) => Err(RunError::CutOff { connections: cut_off }),
        }
    }
}

/// What a connection has to know about the server's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// Requests are served.
    Serving,
    /// Requests in flight are finished.
    Stopping,
    /// The time for that is over.
    Over,
}

/// Accepts connections for ever.
async fn accept(
    listener: TcpListener,
    router: Router,
    connections: TaskTracker,
    phases: watch::Receiver<Phase>,
) {
    let free = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let permit = free.clone().acquire_owned().await.expect("the semaphore is never closed");
        match listener.accept().await {
            Ok((stream, _)) => {
                let (router, phases) = (router.clone(), phases.clone());
                connections.spawn(async move {
                    serve(stream, router, phases).await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Serves one connection; when the server stops, up to the end of the request in flight.
async fn serve(stream: TcpStream, router: Router, mut phases: watch::Receiver<Phase>) {
    // An answer in two small writes would otherwise wait for the client's acknowledgement of the first.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection is gone");
        return;
    }
    // The protocol is told by the first bytes; until then, nothing else watches the time.
    let mut over = phases.clone();
    let mut first = [0];
    tokio::select! {
        first = tokio::time::timeout(REQUEST_HEAD_MAX, stream.peek(&mut first)) => match first {
            Ok(Ok(1..)) => {}
            _ => return,
        },
        () = reached(&mut phases, Phase::Stopping) => return,
    }
    let service = TowerToHyperService::new(router);
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_HEAD_MAX)
        .max_buf_size(READ_AHEAD_BYTES);
    builder.http2().timer(TokioTimer::new());
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let mut stopping = std::pin::pin!(reached(&mut phases, Phase::Stopping));
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = stopping.as_mut() => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                result = connection.as_mut() => result,
                () = reached(&mut over, Phase::Over) => return,
            }
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Waits for a phase of the server's life, or the end of it.
async fn reached(phases: &mut watch::Receiver<Phase>, phase: Phase) {
    // Without a sender, the server is gone altogether.
    let _ = phases.wait_for(|now| *now >= phase).await;
}

/// Removes what is not kept and what nobody can reach, from time to time, and stores when manifests were pulled. The first
/// run is soon after the start, for what a crash left behind, but not while clients wait for the server.
async fn maintain(registry: Registry) {
    let first = async {
        registry.forget_unwanted_pulls().await?;
        registry.store_pulls().await?;
        registry.count_usage().await
    };
    if let Err(error) = first.await {
        tracing::error!(%error, "what the rules need was not counted");
    }
    let mut next = tokio::time::Instant::now() + registry.rules().garbage.interval().min(GARBAGE_FIRST_AFTER);
    loop {
        if tokio::time::Instant::now() >= next {
            if !registry.is_read_only() {
                clean(&registry).await;
            }
            next = tokio::time::Instant::now() + registry.rules().garbage.interval();
        }
        tokio::time::sleep_until(next.min(tokio::time::Instant::now() + PULLS_INTERVAL)).await;
        if let Err(error) = registry.store_pulls().await {
            tracing::error!(%error, "the times of pulls were not stored");
        }
    }
}

async fn clean(registry: &Registry) {
    if !registry.rules().garbage.enabled {
        match registry.expire_uploads().await {
            Ok(0) => {}
            Ok(uploads) => tracing::info!(uploads, "uploads that rested were removed"),
            Err(error) => tracing::error!(%error, "uploads could not be removed"),
        }
        return;
    }
    if !registry.rules().retention.is_empty() {
        match registry.retain(false).await {
            Ok(report) if report.tags + report.manifests == 0 && report.too_large.is_empty() => {}
            Ok(report) => {
                let (tags, manifests) = (report.tags, report.manifests);
                tracing::info!(tags, manifests, too_large = ?report.too_large, "what is not kept was removed");
            }
            // Somebody asked for one, or for no more changes.
            Err(GarbageError::Running | GarbageError::ReadOnly) => {}
            Err(error) => tracing::error!(%error, "what is not kept could not be removed"),
        }
    }
    match registry.collect_garbage(false).await {
        Ok(report) if report.is_empty() => {}
        Ok(report) => {
            tracing::info!(
                uploads = report.uploads,
                blobs = report.removed.blobs,
                bytes_freed = report.freed.bytes,
                marked = report.marked.blobs,
                damaged = ?report.damaged,
                "garbage was collected"
            );
        }
        Err(GarbageError::Running | GarbageError::ReadOnly) => {}
        Err(error) => tracing::error!(%error, "garbage could not be collected"),
    }
}
