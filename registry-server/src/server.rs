//! The server: opens the stores, accepts connections, stops in order.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_util::task::TaskTracker;
use tower::Layer as _;

use crate::access::{Access, AccessError};
use crate::audit::{Audit, AuditError};
use crate::config::Config;
use crate::limits::{CONNECTIONS_MAX, GARBAGE_INTERVAL, REQUEST_HEAD_MAX, SHUTDOWN_GRACE_MAX};
use crate::peer::Peer;
use crate::registry::Registry;
use crate::router::router;
use crate::routes::guard::App;
use crate::store::{self, OpenError};

/// How long to wait after the system gave no connection, for example because all file descriptors are in use.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How much of a request is read ahead on one connection, in bytes.
const READ_AHEAD_BYTES: usize = 256 * 1024;

/// A registry that listens, and serves as soon as it is [run](Server::run).
pub struct Server {
    listener: TcpListener,
    local_addr: SocketAddr,
    app: App,
}

/// Why a registry did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder was not opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Who may do what cannot be decided.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// There is no audit log.
    #[error(transparent)]
    Audit(#[from] AuditError),
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
    /// When the folder is in use or cannot be opened, the address cannot be listened on, or `[access]` or `[audit]`
    /// cannot be had as they are.
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
        let access = Access::open(&config.access, stores.metadata.clone()).await?;
        let audit = Audit::open(&config.audit)?;
        let registry = Registry::new(stores, config.sparse);
        Ok(Self { listener, local_addr, app: App { registry, access, audit } })
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
        let Self { listener, app, .. } = self;
        let (phase, phases) = watch::channel(Phase::Serving);
        let connections = TaskTracker::new();
        let collector = tokio::spawn(collect_garbage(app.registry.clone()));
        let accepting = accept(listener, router(app.clone()), connections.clone(), phases);
        tokio::select! {
            () = accepting => {}
            () = shutdown => {}
        }
        // `accepting` is dropped here, and the listener with it: nothing new comes in.
        collector.abort();
        let _ = collector.await;
        phase.send_replace(Phase::Stopping);
        connections.close();
        let finished = tokio::time::timeout(SHUTDOWN_GRACE_MAX, connections.wait()).await;
        let cut_off = connections.len();
        phase.send_replace(Phase::Over);
        connections.wait().await;
        // The lock on the data folder goes with the registry, so nothing may change any more.
        app.registry.finish().await;
        app.audit.finish().await;
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
            Ok((stream, address)) => {
                let (router, phases) = (router.clone(), phases.clone());
                connections.spawn(async move {
                    serve(stream, Peer { address, secure: false }, router, phases).await;
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
async fn serve(stream: TcpStream, peer: Peer, router: Router, mut phases: watch::Receiver<Phase>) {
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
    let service = TowerToHyperService::new(Extension(peer).layer(router));
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

/// Removes what nobody can reach, once at the start, for what a crash left behind, and then from time to time.
async fn collect_garbage(registry: Registry) {
    loop {
        match registry.collect_garbage().await {
            Ok(collected) if collected == crate::registry::Collected::default() => {}
            Ok(collected) => {
                tracing::info!(uploads = collected.uploads, blobs = collected.blobs, "garbage was removed");
            }
            Err(error) => tracing::error!(%error, "garbage could not be collected"),
        }
        tokio::time::sleep(GARBAGE_INTERVAL).await;
    }
}
