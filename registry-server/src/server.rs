//! The server: opens the stores, accepts connections, stops in order.

mod connection;
mod edge;
pub(crate) mod gate;
mod incoming;
mod memory;
mod patience;
mod streams;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_util::task::TaskTracker;

use crate::access::{Access, AccessError};
use crate::audit::{Audit, AuditError};
use crate::config::Config;
use crate::limits::{
    DESCRIPTORS_RESERVED, GARBAGE_FIRST_AFTER, PULLS_INTERVAL, SHUTDOWN_GRACE_MAX, STREAMS_TOTAL_MAX,
};
use crate::listening::{self, ListeningError};
use crate::network;
use crate::registry::{GarbageError, Registry};
use crate::router::router;
use crate::routes::guard::App;
use crate::store::{self, OpenError};
use crate::throttle::{Client, Throttle};
use crate::tls::{Tls, TlsError};
use connection::Connections;
use edge::Edge;

/// How long to wait after the system gave no connection, for example because all file descriptors are in use.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A registry that listens, and serves as soon as it is [run](Server::run).
pub struct Server {
    listener: TcpListener,
    local_addr: SocketAddr,
    app: App,
    tls: Option<Tls>,
    network: network::Settings,
    throttle: Arc<Throttle>,
}

/// Why a registry did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder was not opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The address may not be listened on like this.
    #[error(transparent)]
    Listening(#[from] ListeningError),
    /// The certificate or its key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Who may do what cannot be decided.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// There is no audit log.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The address cannot be listened on.
    #[error("could not listen on `{address}`: {source}{}", listen_hint(source))]
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

/// What to do about an address that cannot be listened on.
fn listen_hint(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            "\nhint: another program listens there; choose another port with `--listen` (`listen` in the configuration file)"
        }
        std::io::ErrorKind::AddrNotAvailable => {
            "\nhint: this machine does not have the address; `0.0.0.0` or `[::]` stand for all that it has"
        }
        std::io::ErrorKind::PermissionDenied => {
            "\nhint: ports below 1024 need a right of their own; choose another with `--listen`"
        }
        _ => "",
    }
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
        listening::check(&config)?;
        let tls = match config.tls.clone() {
            Some(settings) => Some(Tls::open(settings).await?),
            None => None,
        };
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
        let access = Access::open(&config.access, stores.metadata.clone()).await?;
        let audit = Audit::open(&config.audit)?;
        if config.access.allows_nothing() {
            tracing::warn!("nobody may do anything: `[access]` has no `[[access.rule]]`");
        }
        let registry = Registry::new(stores, config.rules());
        let throttle = Arc::new(Throttle::new(&config.throttle, &config.network));
        let app = App { registry, access, audit };
        tracing::info!(address = %local_addr, data = %config.data.display(), metadata = %url, "listening");
        Ok(Self { listener, local_addr, app, tls, network: config.network, throttle })
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
        let Self { listener, app, tls, network, throttle, .. } = self;
        let registry = app.registry.clone();
        let (phase, phases) = watch::channel(Phase::Serving);
        let connections = TaskTracker::new();
        let collector = tokio::spawn(maintain(registry.clone()));
        let edge = Edge::new(registry.clone(), router(app.clone()), throttle.clone(), &network);
        let acceptor = tls.as_ref().map(Tls::acceptor);
        let reloading = tls.map(|tls| tokio::spawn(tls.watch()));
        let shared = Connections {
            edge,
            network: Arc::new(network),
            tls: acceptor,
            streams: Arc::new(Semaphore::new(STREAMS_TOTAL_MAX)),
            phases,
        };
        let accepting = accept(listener, shared, throttle, connections.clone());
        tokio::select! {
            () = accepting => {}
            () = shutdown => {}
        }
        registry.stop_runs();
        // `accepting` is dropped here, and the listener with it: nothing new comes in.
        if let Some(reloading) = reloading {
            reloading.abort();
        }
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
    connections: Connections,
    throttle: Arc<Throttle>,
    served: TaskTracker,
) {
    let maximum = connections.network.connections.min(descriptors_for_connections());
    let free = Arc::new(Semaphore::new(maximum));
    loop {
        let permit = free.clone().acquire_owned().await.expect("the semaphore is never closed");
        match listener.accept().await {
            Ok((stream, peer)) => {
                let connections = connections.clone();
                let counted = throttle.connections.enter(Client::of(peer.ip()));
                if counted.is_none() && !throttle.trusts(peer.ip()) {
                    connection::refuse(&stream, connections.tls.is_some());
                    continue;
                }
                served.spawn(async move {
                    connections.serve(stream, peer).await;
                    drop((counted, permit));
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// How many connections there may be so that files can still be opened. A connection that reads or writes a blob has
/// a file open as well.
#[cfg(unix)]
fn descriptors_for_connections() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let each = limit.unwrap_or(u64::MAX).saturating_sub(DESCRIPTORS_RESERVED) / 2;
    usize::try_from(each).unwrap_or(usize::MAX).max(1)
}

/// How many connections there may be so that files can still be opened: this system has no such limit.
#[cfg(not(unix))]
fn descriptors_for_connections() -> usize {
    usize::MAX
}

/// Lets the process open as many files as it may at all. Most systems allow few unless a program asks for more.
pub(crate) fn raise_descriptor_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

        let limit = getrlimit(Resource::Nofile);
        let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::debug!(%error, "the number of open files stays as it is");
        }
    }
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
