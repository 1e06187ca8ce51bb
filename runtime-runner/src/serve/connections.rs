//! Connections: taking them in, speaking HTTP on each, and letting them come to an end.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use wasmtime_wasi_http::WasiBody;

use super::{Phase, ServeError, Server};

/// What hyper's buffer has at least, whatever the limit on a head is.
const BUFFER_BYTES_MIN: usize = 64 << 10;

/// How long the server waits before it tries again to take in a connection when the host has no room for one.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Takes in connections until `stop` is done, then waits for them.
pub(super) async fn serve(
    server: Arc<Server>,
    listener: TcpListener,
    advance: &watch::Sender<Phase>,
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let limits = server.limits;
    let room = Arc::new(Semaphore::new(limits.connections_max.min(Semaphore::MAX_PERMITS)));
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let accepted = async {
            // The semaphore is never closed; without a permit the connection would only be let in too early.
            let permit = Arc::clone(&room).acquire_owned().await.ok();
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            biased;
            () = &mut stop => break,
            accepted = accepted => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let server = Arc::clone(&server);
                connections.spawn(async move {
                    speak(server, stream).await;
                    drop(permit);
                });
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    advance.send_replace(Phase::Stopping);
    let places = limits.requests_max.min(Semaphore::MAX_PERMITS);
    let all_ended = async {
        while connections.join_next().await.is_some() {}
        // Guests may go on after the connection of their client has ended.
        while server.places.available_permits() < places {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let in_time = tokio::time::timeout(limits.stop_time_max, all_ended).await.is_ok();
    let requests = places - server.places.available_permits();
    advance.send_replace(Phase::Ended);
    connections.shutdown().await;
    if in_time || requests == 0 {
        return Ok(());
    }
    Err(ServeError::CutOff { requests, after: limits.stop_time_max })
}

/// Speaks HTTP/1 on one connection until either side closes it.
async fn speak(server: Arc<Server>, stream: TcpStream) {
    // It only makes small answers faster.
    let _ = stream.set_nodelay(true);
    let limits = server.limits;
    let mut phase = server.phase.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let server = Arc::clone(&server);
        async move { Ok::<Response<WasiBody>, Infallible>(server.answer(request).await) }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head_time_max)
            .max_header_size(limits.head_bytes_max)
            .max_buf_size(limits.head_bytes_max.saturating_add(1).max(BUFFER_BYTES_MIN))
            .serve_connection(TokioIo::new(stream), service)
    );
    // What goes wrong on a connection is the client's affair: it went away, was too slow, or does not speak HTTP.
    tokio::select! {
        biased;
        _ = phase.wait_for(|phase| *phase >= Phase::Stopping) => {}
        _ = connection.as_mut() => return,
    }
    Pin::as_mut(&mut connection).graceful_shutdown();
    let _ = connection.await;
}

/// Whether accepting failed because of the connection that would have been accepted.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    )
}
