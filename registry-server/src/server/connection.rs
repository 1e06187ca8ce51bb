//! One connection: TLS or not, HTTP/1 or 2, until it ends, is of no more use, or the server stops.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::response::IntoResponse as _;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;

use super::Phase;
use super::edge::{Edge, busy};
use super::patience::PatientStream;
use super::streams::Streams;
use crate::limits::{HEAD_BYTES_MAX, READ_AHEAD_BYTES_MAX, STREAM_WINDOW_BYTES};
use crate::network;
use crate::peer::Peer;

/// How every connection of HTTP/2 begins (RFC 9113, section 3.4), as far as no request of HTTP/1 does.
const PREFACE: &[u8] = b"PRI";

/// The first byte of a handshake of TLS (RFC 8446, section 5.1).
const TLS_HANDSHAKE: u8 = 0x16;

/// How long to wait before looking again at what a client has sent, when it is too little to tell the protocol.
const SNIFF_PAUSE: Duration = Duration::from_millis(20);

/// What who speaks HTTP where TLS is expected is told.
const HTTP_ON_TLS: &str = "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: 103\r\n\
    Connection: close\r\n\r\n{\"errors\":[{\"code\":\"UNSUPPORTED\",\"message\":\"this port speaks HTTPS, and the request \
    was plain HTTP\"}]}\n";

/// What who has too many connections is told.
const TOO_MANY_CONNECTIONS: &str = "HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\n\
    Content-Length: 90\r\nRetry-After: 1\r\nConnection: close\r\n\r\n{\"errors\":[{\"code\":\"TOOMANYREQUESTS\",\
    \"message\":\"too many connections from one address\"}]}\n";

/// What all connections share.
#[derive(Clone)]
pub(super) struct Connections {
    pub(super) edge: Edge,
    pub(super) network: Arc<network::Settings>,
    pub(super) tls: Option<TlsAcceptor>,
    /// Room for requests of HTTP/2.
    pub(super) streams: Arc<Semaphore>,
    pub(super) phases: watch::Receiver<Phase>,
}

/// The protocols a connection may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Http1,
    Http2,
}

impl Connections {
    /// Serves one connection; when the server stops, up to the end of the requests in flight.
    pub(super) async fn serve(mut self, stream: TcpStream, peer: SocketAddr) {
        // An answer in two small writes would otherwise wait for the client's acknowledgement of the first.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection is gone");
            return;
        }
        let mut phases = self.phases.clone();
        // Until the first request, nothing else watches the time.
        let opened = tokio::select! {
            opened = self.open(&stream) => opened,
            () = reached(&mut phases, Phase::Stopping) => return,
        };
        let Some(opened) = opened else { return };
        match (opened, self.tls.take()) {
            (_, Some(acceptor)) => {
                let handshake = tokio::time::timeout(self.network.handshake(), acceptor.accept(stream));
                let accepted = tokio::select! {
                    accepted = handshake => accepted,
                    () = reached(&mut phases, Phase::Stopping) => return,
                };
                match accepted {
                    Ok(Ok(stream)) => {
                        let protocol = match stream.get_ref().1.alpn_protocol() {
                            Some(b"h2") => Protocol::Http2,
                            _ => Protocol::Http1,
                        };
                        self.speak(stream, Peer { address: peer, secure: true }, protocol).await;
                    }
                    Ok(Err(error)) => tracing::debug!(%error, %peer, "a handshake failed"),
                    Err(_) => tracing::debug!(%peer, "a handshake took too long"),
                }
            }
            (protocol, None) => self.speak(stream, Peer { address: peer, secure: false }, protocol).await,
        }
    }

    /// Waits for the first bytes, which tell the protocol.
    async fn open(&self, stream: &TcpStream) -> Option<Protocol> {
        let maximum = if self.tls.is_some() { self.network.handshake() } else { self.network.head() };
        match tokio::time::timeout(maximum, sniff(stream, self.tls.is_some())).await {
            Ok(Ok(protocol)) => protocol,
            _ => None,
        }
    }

    async fn speak<S>(self, stream: S, peer: Peer, protocol: Protocol)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let Self { edge, network, phases, streams: room, .. } = self;
        let stream = TokioIo::new(PatientStream::new(stream, network.stall()));
        let result = match protocol {
            Protocol::Http1 => {
                let service = service_fn(move |request: Request<Incoming>| {
                    let edge = edge.clone();
                    async move { Ok::<_, Infallible>(edge.answer(peer, request).await) }
                });
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(network.head())
                    .max_buf_size(READ_AHEAD_BYTES_MAX)
                    .max_header_size(HEAD_BYTES_MAX)
                    .serve_connection(stream, service);
                let shutdown = http1::Connection::graceful_shutdown;
                // The timer above ends a connection that rests.
                drive(connection, shutdown, std::future::pending(), network.stall(), phases).await
            }
            Protocol::Http2 => {
                let streams = Streams::new(room);
                let watched = streams.clone();
                let service = service_fn(move |request: Request<Incoming>| {
                    let (edge, stream) = (edge.clone(), streams.begin());
                    async move {
                        Ok::<_, Infallible>(match stream {
                            Some(stream) => edge.answer(peer, request).await.map(|body| stream.watch(body)),
                            None => busy("too many requests are under way").into_response(),
                        })
                    }
                });
                let connection = http2::Builder::new(TokioExecutor::new())
                    .timer(TokioTimer::new())
                    .max_concurrent_streams(network.streams_per_connection)
                    .max_header_list_size(u32::try_from(HEAD_BYTES_MAX).unwrap_or(u32::MAX))
                    .initial_connection_window_size(STREAM_WINDOW_BYTES)
                    .initial_stream_window_size(STREAM_WINDOW_BYTES)
                    .keep_alive_interval(network.idle() / 2)
                    .keep_alive_timeout(network.stall())
                    .serve_connection(stream, service);
                let trouble = async {
                    let trouble = watched.trouble(network.idle(), network.stall()).await;
                    tracing::debug!(?trouble, peer = %peer.address, "a connection is ended");
                };
                drive(connection, http2::Connection::graceful_shutdown, trouble, network.stall() / 4, phases)
                    .await
            }
        };
        if let Err(error) = result {
            tracing::debug!(%error, peer = %peer.address, "a connection ended early");
        }
    }
}

/// Runs a connection to its end. After `trouble`, or when the server stops, requests in flight are finished: in the
/// one case for as long as `grace`, in the other until the server's time is over.
async fn drive<C: Future<Output = hyper::Result<()>>>(
    connection: C,
    shutdown: fn(Pin<&mut C>),
    trouble: impl Future<Output = ()>,
    grace: Duration,
    mut phases: watch::Receiver<Phase>,
) -> hyper::Result<()> {
    let mut over = phases.clone();
    tokio::pin!(connection);
    let troubled = tokio::select! {
        result = connection.as_mut() => return result,
        () = trouble => true,
        () = reached(&mut phases, Phase::Stopping) => false,
    };
    shutdown(connection.as_mut());
    tokio::select! {
        result = connection.as_mut() => result,
        () = tokio::time::sleep(grace), if troubled => Ok(()),
        () = reached(&mut over, Phase::Over) => Ok(()),
    }
}

/// Waits for a phase of the server's life, or the end of it.
async fn reached(phases: &mut watch::Receiver<Phase>, phase: Phase) {
    // Without a sender, the server is gone altogether.
    let _ = phases.wait_for(|now| *now >= phase).await;
}

/// Tells the protocol by the first bytes, which stay where they are; `None` when there is nothing to speak about.
async fn sniff(stream: &TcpStream, tls: bool) -> io::Result<Option<Protocol>> {
    let mut first = [0; PREFACE.len()];
    loop {
        let found = stream.peek(&mut first).await?;
        let first = &first[..found];
        match first.first() {
            None => return Ok(None),
            Some(&TLS_HANDSHAKE) if tls => return Ok(Some(Protocol::Http1)),
            Some(_) if tls => {
                say(stream, HTTP_ON_TLS);
                return Ok(None);
            }
            Some(_) if first == PREFACE => return Ok(Some(Protocol::Http2)),
            Some(_) if !PREFACE.starts_with(first) => return Ok(Some(Protocol::Http1)),
            // `PUT` begins in the same way.
            Some(_) => tokio::time::sleep(SNIFF_PAUSE).await,
        }
    }
}

/// Refuses a connection because its client has too many.
pub(super) fn refuse(stream: &TcpStream, tls: bool) {
    if !tls {
        say(stream, TOO_MANY_CONNECTIONS);
    }
}

/// Says something short, and takes in what has come already: a connection that is closed with something unread takes
/// the answer with it.
fn say(stream: &TcpStream, text: &str) {
    let mut unread = vec![0; HEAD_BYTES_MAX];
    // A client that is gone need not be told.
    let _ = stream.try_write(text.as_bytes());
    let _ = stream.try_read(&mut unread);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_as_long_as_it_says() {
        for text in [HTTP_ON_TLS, TOO_MANY_CONNECTIONS] {
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(
                head.contains(&format!("Content-Length: {}\r\n", body.len())),
                "{} bytes: {text}",
                body.len()
            );
            assert!(
                serde_json::from_str::<serde_json::Value>(body).unwrap()["errors"][0]["code"].is_string()
            );
        }
    }
}
