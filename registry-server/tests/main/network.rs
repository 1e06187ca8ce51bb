//! Where the registry listens, and how much one client may have.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{InProcess, error_code, header};

fn rates(text: &str) -> wkit_registry_server::throttle::Settings {
    toml::from_str(text).expect("the settings of a test are valid")
}

#[tokio::test]
async fn requests_that_come_too_fast_are_told_when_to_come_again() -> Result<()> {
    let server = InProcess::start_with(|config| {
        config.throttle = rates("address.writes = { per-second = 1, burst = 2 }");
        config.network.trusted_proxies = vec!["127.0.0.1".parse().expect("an address")];
    })
    .await?;
    let post = async |client: &str| {
        let request =
            server.api.request(Method::POST, "/v2/a/blobs/uploads/").header("x-forwarded-for", client);
        anyhow::Ok(request.send().await?)
    };
    ensure!(post("192.0.2.1").await?.status() == 202, "the first was refused");
    ensure!(post("192.0.2.1").await?.status() == 202, "the second was refused");
    let mut refused = post("192.0.2.1").await?;
    if refused.status() == 202 {
        // A second went by between them.
        refused = post("192.0.2.1").await?;
    }
    ensure!(refused.status() == 429, "the third was answered with {}", refused.status());
    let seconds: u64 = header(&refused, "retry-after").parse().context("no time was given")?;
    ensure!(seconds == 1, "{seconds} seconds");
    ensure!(error_code(refused).await? == "TOOMANYREQUESTS", "another code");
    // Others are not held to it: not another client, and not who only reads.
    ensure!(post("192.0.2.2").await?.status() == 202, "another client was refused");
    for _ in 0..20 {
        let read =
            server.api.request(Method::GET, "/v2/").header("x-forwarded-for", "192.0.2.1").send().await?;
        ensure!(read.status() == 200, "a read was answered with {}", read.status());
    }
    server.stop().await
}

#[tokio::test]
async fn who_is_no_trusted_proxy_cannot_speak_for_others() -> Result<()> {
    let server = InProcess::start_with(|config| {
        config.throttle = rates("address.writes = { per-second = 1, burst = 1 }");
    })
    .await?;
    let mut refused = 0;
    for number in 0..20 {
        let request = server.api.request(Method::POST, "/v2/a/blobs/uploads/");
        let sent = request.header("x-forwarded-for", format!("192.0.2.{number}")).send().await?;
        refused += usize::from(sent.status() == 429);
    }
    ensure!(refused > 0, "an address that the client wrote itself was believed");
    server.stop().await
}

#[tokio::test]
async fn connections_of_one_address() -> Result<()> {
    let server = InProcess::start_with(|config| config.network.connections_per_address = 3).await?;
    let address = server.api.base.trim_start_matches("http://").to_owned();
    let request = b"GET /v2/ HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut kept = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(&address).await?;
        stream.write_all(request).await?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await?;
        ensure!(&answer == b"HTTP/1.1 200", "{}", String::from_utf8_lossy(&answer));
        kept.push(stream);
    }
    let mut past = TcpStream::connect(&address).await?;
    let mut answer = String::new();
    past.read_to_string(&mut answer).await?;
    ensure!(answer.starts_with("HTTP/1.1 429") && answer.contains("TOOMANYREQUESTS"), "{answer}");
    kept.pop();
    // The place is free as soon as the server has seen that the client is gone.
    for _ in 0..1_000 {
        let mut stream = TcpStream::connect(&address).await?;
        let _ = stream.write_all(request).await;
        let mut answer = [0; 12];
        if stream.read_exact(&mut answer).await.is_ok() && &answer == b"HTTP/1.1 200" {
            drop((stream, kept));
            return server.stop().await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    anyhow::bail!("the place is never free again")
}

#[tokio::test]
async fn uploads_of_one_client_at_once() -> Result<()> {
    let server = InProcess::start_with(|config| config.throttle.uploads_per_address = 1).await?;
    let begun = server.api.send(Method::POST, "/v2/a/blobs/uploads/").await?;
    let (sender, receiver) = tokio::sync::mpsc::channel::<Result<&'static [u8], std::io::Error>>(1);
    let body = futures_util::stream::unfold(receiver, async |mut receiver| {
        receiver.recv().await.map(|part| (part, receiver))
    });
    let patch =
        server.api.request(Method::PATCH, &header(&begun, "location")).body(reqwest::Body::wrap_stream(body));
    let patching = tokio::spawn(patch.send());
    sender.send(Ok(b"01234")).await?;
    sender.send(Ok(b"56789")).await?;
    // The request is under way when its second part was taken.
    sender.send(Ok(b"01234")).await?;
    let refused = server.api.send(Method::POST, "/v2/b/blobs/uploads/").await?;
    ensure!(refused.status() == 429, "the second upload was answered with {}", refused.status());
    ensure!(error_code(refused).await? == "TOOMANYREQUESTS", "another code");
    drop(sender);
    ensure!(patching.await??.status() == 202, "the first upload was refused");
    ensure!(server.api.send(Method::POST, "/v2/b/blobs/uploads/").await?.status() == 202, "still refused");
    server.stop().await
}

#[tokio::test]
async fn more_connections_than_are_served_at_once_wait() -> Result<()> {
    let server = InProcess::start_with(|config| config.network.connections = 2).await?;
    let address = server.api.base.trim_start_matches("http://").to_owned();
    let asking = (0..40).map(|_| {
        let address = address.clone();
        tokio::spawn(async move {
            let mut stream = TcpStream::connect(address).await?;
            stream.write_all(b"GET /v2/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await?;
            anyhow::Ok(answer)
        })
    });
    for answer in futures_util::future::join_all(asking).await {
        let answer = answer??;
        ensure!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    server.stop().await
}

#[test]
fn other_machines_need_tls_and_a_decision() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let serve = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wkit-registry"));
        command.args(["serve", "--listen", "0.0.0.0:0", "--data"]).arg(folder.path().join("data"));
        let output = command.args(arguments).env_remove("RUST_BACKTRACE").output()?;
        ensure!(output.status.code() == Some(1), "it ended with {}", output.status);
        Ok(String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let message = serve(&[])?;
    ensure!(message.contains("`[tls]`") && message.contains("`--insecure`"), "{message}");
    let message = serve(&["--insecure"])?;
    ensure!(message.contains("`[access]`") && message.contains("anonymous"), "{message}");
    ensure!(!folder.path().join("data").exists(), "the folder was touched");
    Ok(())
}
