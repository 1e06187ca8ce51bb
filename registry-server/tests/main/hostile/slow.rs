//! Clients that hold a connection and do nothing with it, or next to nothing. The registry has room for one connection
//! here, so whoever comes next is only served when the other has been put out.

use std::future::Future;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wkit_artifact::Digest;

use super::{Answer, PATIENCE, address};
use crate::hostile::http2::{ACK, END_HEADERS, END_STREAM, HEADERS, PING, PREFACE, SETTINGS, frame, headers};
use crate::support::InProcess;

const DROP: Duration = Duration::from_millis(50);

/// A registry with room for one connection, and little patience.
async fn small() -> Result<InProcess> {
    InProcess::start_with(|config| {
        config.network.connections = 1;
        config.network.head_seconds = 1;
        config.network.idle_seconds = 1;
        config.network.stall_seconds = 1;
    })
    .await
}

/// Connects, sends `start`, then the bytes of `drip` one after the other for ever, and checks that somebody else is
/// served.
async fn is_put_out(server: &InProcess, start: Vec<u8>, drip: &'static [u8]) -> Result<()> {
    attack(server, start, move |mut stream: TcpStream| async move {
        for byte in drip.iter().cycle() {
            tokio::time::sleep(DROP).await;
            if stream.write_all(&[*byte]).await.is_err() {
                return;
            }
        }
        // Without a drop, the connection is just held.
        tokio::time::sleep(2 * PATIENCE).await;
        drop(stream);
    })
    .await
}

/// The same with HTTP/2: it answers whether it is still there, and does nothing else.
async fn is_put_out_although_it_is_there(server: &InProcess, start: Vec<u8>) -> Result<()> {
    attack(server, start, |mut stream: TcpStream| async move {
        let mut head = [0; 9];
        while stream.read_exact(&mut head).await.is_ok() {
            let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
            let _ = stream.read_exact(&mut payload).await;
            if (head[3], head[4]) == (PING, 0) {
                let _ = stream.write_all(&frame(PING, ACK, 0, &payload)).await;
            }
        }
    })
    .await
}

async fn attack<F>(server: &InProcess, start: Vec<u8>, go_on: impl FnOnce(TcpStream) -> F) -> Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut stream = TcpStream::connect(address(&server.api.base)).await?;
    stream.write_all(&start).await?;
    let attacking = tokio::spawn(go_on(stream));
    // A connection of its own, after the one of the attack: one that is kept from an earlier request would prove nothing.
    tokio::time::sleep(DROP).await;
    let asking = async {
        let mut next = TcpStream::connect(address(&server.api.base)).await?;
        next.write_all(b"GET /v2/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await?;
        Answer::read(&mut next).await
    };
    let served = tokio::time::timeout(PATIENCE, asking).await;
    attacking.abort();
    let answer = served.context("the client was not put out")??;
    ensure!(answer.status() == 200, "the next one got {answer:?}");
    Ok(())
}

#[tokio::test]
async fn a_head_that_comes_slowly() -> Result<()> {
    let server = small().await?;
    is_put_out(&server, Vec::new(), b"").await?;
    is_put_out(&server, b"G".to_vec(), b"").await?;
    is_put_out(&server, b"P".to_vec(), b"").await?;
    is_put_out(&server, b"PR".to_vec(), b"").await?;
    is_put_out(&server, b"PRI".to_vec(), b"").await?;
    is_put_out(&server, b"PRI * HTTP/2.0\r\n".to_vec(), b"").await?;
    is_put_out(&server, b"GET /v2/ HTTP/1.1\r\nHost: a\r\n".to_vec(), b"").await?;
    is_put_out(&server, b"GET /v2/ HTTP/1.1\r\nHost: a\r\nX: ".to_vec(), b"x").await?;
    server.stop().await
}

#[tokio::test]
async fn a_body_that_comes_slowly() -> Result<()> {
    let server = small().await?;
    let digest = Digest::sha256(b"good");
    for head in [
        format!(
            "POST /v2/a/blobs/uploads/?digest={digest} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n"
        ),
        format!(
            "POST /v2/a/blobs/uploads/?digest={digest} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        ),
        "PUT /v2/a/manifests/v1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n".to_owned(),
        // Nobody wants this one, but it is taken in for a while.
        "PUT /v2/A/manifests/v1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n".to_owned(),
        "PUT /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n".to_owned(),
    ] {
        is_put_out(&server, head.clone().into_bytes(), b"").await.context(head.clone())?;
        is_put_out(&server, head.clone().into_bytes(), b"0").await.context(head)?;
    }
    // Nothing of it is left.
    let uploads = server.folder.path().join("registry/uploads");
    let folder = server.stop_keeping().await?;
    ensure!(std::fs::read_dir(uploads)?.count() == 0, "an upload was left behind");
    drop(folder);
    Ok(())
}

#[tokio::test]
async fn a_client_that_rests() -> Result<()> {
    let server = small().await?;
    is_put_out(&server, b"GET /v2/ HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(), b"").await?;
    let preface = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
    is_put_out_although_it_is_there(&server, preface.clone()).await?;
    is_put_out(&server, preface.clone(), b"").await?;
    let request = frame(HEADERS, END_HEADERS | END_STREAM, 1, &headers("GET", "/v2/"));
    is_put_out_although_it_is_there(&server, [preface, request].concat()).await?;
    server.stop().await
}

#[tokio::test]
async fn a_client_that_does_not_take_its_answer() -> Result<()> {
    let server = small().await?;
    // More than fits into the buffers of two sockets.
    let blob = vec![7; 32 * 1024 * 1024];
    ensure!(server.api.push_blob("a", &blob).await?.status() == 201, "the blob was not pushed");
    let path = format!("/v2/a/blobs/{}", Digest::sha256(&blob));
    is_put_out(&server, format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").into_bytes(), b"").await?;

    // The same with HTTP/2: the connection is alive, but no window is opened for the answer.
    let mut start = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
    start.extend(frame(HEADERS, END_HEADERS | END_STREAM, 1, &headers("GET", &path)));
    is_put_out_although_it_is_there(&server, start).await?;
    server.stop().await
}

#[tokio::test]
async fn a_client_that_reads_slowly_gets_everything() -> Result<()> {
    let server = small().await?;
    let blob: Vec<u8> = (0..8 * 1024 * 1024_u32).map(|number| number as u8).collect();
    ensure!(server.api.push_blob("a", &blob).await?.status() == 201, "the blob was not pushed");
    let mut stream = TcpStream::connect(address(&server.api.base)).await?;
    let request =
        format!("GET /v2/a/blobs/{} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", Digest::sha256(&blob));
    stream.write_all(request.as_bytes()).await?;
    let (mut read, mut part) = (Vec::new(), vec![0; 400_000]);
    loop {
        // Slower than the server, and longer than it waits for a client that does nothing.
        tokio::time::sleep(2 * DROP).await;
        match stream.read(&mut part).await? {
            0 => break,
            found => read.extend_from_slice(&part[..found]),
        }
    }
    ensure!(read.ends_with(&blob), "{} bytes came", read.len());
    server.stop().await
}
