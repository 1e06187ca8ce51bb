//! HTTP/2, with frames made by hand: what no client library would send.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{PATIENCE, Victim};

/// What a connection begins with (RFC 9113, section 3.4), and the kinds and flags of frames (section 6).
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
pub(super) const END_STREAM: u8 = 1;
pub(super) const ACK: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;

/// A frame.
pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A block of headers (RFC 7541): method, scheme, path, authority.
pub(super) fn headers(method: &str, path: &str) -> Vec<u8> {
    let text = |index: u8, value: &str| {
        // A literal without indexing; its length is below 127.
        [&[index, value.len() as u8], value.as_bytes()].concat()
    };
    [text(0x02, method), vec![0x86], text(0x04, path), text(0x01, "a")].concat()
}

/// A header that is not in any table.
fn header(name: &str, value: &str) -> Vec<u8> {
    [&[0, name.len() as u8], name.as_bytes(), &[value.len() as u8], value.as_bytes()].concat()
}

/// Opens a connection and sends frames until the server has had enough, at most `maximum` of them.
async fn flood(victim: &Victim, maximum: usize, mut next: impl FnMut(u32) -> Vec<u8>) -> Result<usize> {
    let mut stream = TcpStream::connect(victim.address()).await?;
    stream.write_all(&[PREFACE, &frame(SETTINGS, 0, 0, &[])].concat()).await?;
    let (mut reading, mut writing) = stream.into_split();
    let reader = tokio::spawn(async move {
        let mut all = Vec::new();
        let _ = reading.read_to_end(&mut all).await;
        all
    });
    let mut sent = 0;
    while sent < maximum {
        let frames = next(u32::try_from(2 * sent + 1)?);
        match tokio::time::timeout(PATIENCE, writing.write_all(&frames)).await {
            Ok(Ok(())) => sent += 1,
            // The server is gone.
            Ok(Err(_)) => break,
            Err(_) => anyhow::bail!("the server neither reads nor closes"),
        }
        if reader.is_finished() {
            break;
        }
        tokio::task::yield_now().await;
    }
    drop(writing);
    tokio::time::timeout(PATIENCE, reader).await.context("the connection was left open")??;
    Ok(sent)
}

#[tokio::test]
async fn requests_that_are_reset_at_once() -> Result<()> {
    let victim = Victim::start().await?;
    let sent = flood(&victim, 200_000, |stream| {
        let request = frame(HEADERS, END_HEADERS | END_STREAM, stream, &headers("GET", "/v2/_catalog"));
        [request, frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes())].concat()
    })
    .await?;
    ensure!(sent < 200_000, "all resets were taken");
    victim.stays_unharmed().await
}

#[tokio::test]
async fn headers_that_never_end() -> Result<()> {
    let victim = Victim::start().await?;
    let mut first = true;
    let sent = flood(&victim, 20_000, |_| {
        let block = header("x-flood", &"x".repeat(100)).repeat(100);
        let kind = if std::mem::take(&mut first) { HEADERS } else { CONTINUATION };
        let block = if kind == HEADERS { [headers("GET", "/v2/"), block].concat() } else { block };
        frame(kind, 0, 1, &block)
    })
    .await?;
    ensure!(sent < 20_000, "all headers were taken");
    victim.stays_unharmed().await
}

#[tokio::test]
async fn frames_that_cost_nothing_to_send() -> Result<()> {
    let victim =
        Victim::start_with(|config| (config.network.idle_seconds, config.network.stall_seconds) = (1, 4))
            .await?;
    let empty = |kind: u8, flags: u8, stream: u32, payload: &'static [u8]| {
        move |_: u32| frame(kind, flags, stream, payload).repeat(100)
    };
    // Whether they are all taken or not: they are not collected anywhere.
    flood(&victim, 500, empty(PING, 0, 0, &[0; 8])).await?;
    flood(&victim, 500, empty(SETTINGS, 0, 0, &[])).await?;
    flood(&victim, 500, empty(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1])).await?;
    flood(&victim, 500, empty(0x42, 0, 0, &[0; 100])).await?;
    flood(&victim, 500, empty(DATA, 0, 1, &[])).await?;
    flood(&victim, 500, empty(CONTINUATION, 0, 1, &[])).await?;
    flood(&victim, 500, empty(GOAWAY, 0, 0, &[0; 8])).await?;
    flood(&victim, 500, empty(HEADERS, END_HEADERS, 0, &[0x82])).await?;
    flood(&victim, 1, |_| vec![0xff; 1 << 20]).await?;
    victim.stays_unharmed().await
}

#[tokio::test]
async fn a_request_that_hides_another_in_its_headers() -> Result<()> {
    let victim = Victim::start().await?;
    for (name, value) in [
        ("transfer-encoding", "chunked"),
        ("connection", "keep-alive"),
        ("x\r\ny", "z"),
        ("x", "y\r\nDELETE /v2/victim/manifests/v1 HTTP/1.1"),
        (":path", "/v2/_catalog"),
        ("content-length", "-1"),
        ("X-Upper", "x"),
    ] {
        let mut stream = TcpStream::connect(victim.address()).await?;
        let block = [headers("PUT", "/v2/victim/manifests/x"), header(name, value)].concat();
        let request = [
            PREFACE,
            &frame(SETTINGS, 0, 0, &[]),
            &frame(HEADERS, END_HEADERS | END_STREAM, 1, &block),
            &frame(GOAWAY, 0, 0, &[0; 8]),
        ]
        .concat();
        stream.write_all(&request).await?;
        let mut all = Vec::new();
        let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut all)).await;
        ensure!(read.is_ok(), "{name}: the connection was left open");
    }
    victim.stays_unharmed().await
}

#[tokio::test]
async fn more_requests_at_once_than_are_allowed() -> Result<()> {
    let victim = Victim::start_with(|config| config.network.streams_per_connection = 4).await?;
    let mut stream = TcpStream::connect(victim.address()).await?;
    stream.write_all(&[PREFACE, &frame(SETTINGS, 0, 0, &[])].concat()).await?;
    // Bodies that do not come keep the requests under way.
    for number in 0..8_u32 {
        let block = headers("PUT", "/v2/victim/manifests/x");
        stream.write_all(&frame(HEADERS, END_HEADERS, 2 * number + 1, &block)).await?;
    }
    let mut refused = Vec::new();
    let reading = async {
        while refused.len() < 4 {
            let mut head = [0; 9];
            stream.read_exact(&mut head).await?;
            let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
            stream.read_exact(&mut payload).await?;
            if head[3] == RST_STREAM {
                // REFUSED_STREAM: it was not begun, and may be sent again.
                ensure!(payload == 7_u32.to_be_bytes(), "{payload:?}");
                refused.push(u32::from_be_bytes([head[5], head[6], head[7], head[8]]));
            }
        }
        Ok(())
    };
    tokio::time::timeout(PATIENCE, reading).await??;
    ensure!(refused == [9, 11, 13, 15], "{refused:?}");
    drop(stream);
    tokio::time::sleep(Duration::from_millis(1)).await;
    victim.stays_unharmed().await
}
