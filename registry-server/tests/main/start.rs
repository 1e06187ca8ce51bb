//! Starting, stopping, starting again.

use std::process::Command;

use anyhow::{Context, Result};
use reqwest::Method;
use wkit_registry_server::{Config, Server};

use crate::support::{InProcess, Program, header};

async fn refusal(config: Config) -> Result<String> {
    let Err(error) = Server::bind(config).await else { anyhow::bail!("the server started") };
    Ok(error.to_string())
}

#[tokio::test]
async fn a_folder_has_one_server() -> Result<()> {
    let server = InProcess::start().await?;
    let data = server.folder.path().join("registry");
    let mut config = Config::new(&data);
    config.listen = "127.0.0.1:0".parse()?;
    let message = refusal(config).await?;
    let said =
        format!("another registry is running on the data folder `{}`\nhint: stop it first", data.display());
    assert!(message.starts_with(&said), "{message}");

    let program = Command::new(env!("CARGO_BIN_EXE_wkit-registry"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(&data)
        .env_remove("RUST_BACKTRACE")
        .env("RUST_LOG", "no=such=level")
        .output()?;
    assert_eq!(program.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&program.stderr).contains("`RUST_LOG` cannot be used"));
    assert!(String::from_utf8_lossy(&program.stderr).contains("another registry is running"));
    server.stop().await
}

#[cfg(feature = "sled")]
#[tokio::test]
async fn a_folder_keeps_its_metadata_store() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    let mut program = Program::start(&data, &["--metadata", "sled:"])?;
    program.api.push_artifact("a", "v1", b"layer").await?;
    program.kill()?;

    let mut config = Config::new(&data);
    config.listen = "127.0.0.1:0".parse()?;
    let message = refusal(config.clone()).await?;
    assert!(message.contains("expected the metadata store `sled:`"), "{message}");
    assert!(
        message.contains(&data.display().to_string()) && message.contains("reindex --metadata redb:"),
        "{message}"
    );
    // A store that is not there is not made.
    let other = folder.path().join("other");
    config.metadata = Some(format!("sled:{}", other.display()).parse()?);
    let message = refusal(config.clone()).await?;
    assert!(message.starts_with("there is no metadata store") && !other.exists(), "{message}");
    // Another store of the same kind is no better: by it, every blob would be garbage.
    let elsewhere = folder.path().join("elsewhere");
    drop(Program::start(&elsewhere, &["--metadata", &format!("sled:{}", other.display())])?);
    let message = refusal(config).await?;
    assert!(message.contains("does not belong to the data folder"), "{message}");

    let program = Program::start(&data, &["--metadata", "sled:"])?;
    assert_eq!(program.api.get("/v2/a/manifests/v1").await?.status(), 200);
    Ok(())
}

#[tokio::test]
async fn an_address_in_use_is_named() -> Result<()> {
    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let folder = tempfile::tempdir()?;
    let mut config = Config::new(folder.path().join("data"));
    config.listen = taken.local_addr()?;
    let message = refusal(config).await?;
    assert!(message.starts_with(&format!("could not listen on `{}`", taken.local_addr()?)), "{message}");
    assert!(
        message.contains("hint: another program listens there; choose another port with `--listen`"),
        "{message}"
    );
    assert!(!folder.path().join("data").exists());
    Ok(())
}

#[tokio::test]
async fn a_stopping_server_finishes_what_it_has_begun() -> Result<()> {
    let server = InProcess::start().await?;
    let begun = server.api.send(Method::POST, "/v2/a/blobs/uploads/").await?;
    let (sender, receiver) = tokio::sync::mpsc::channel::<Result<&'static [u8], std::io::Error>>(1);
    let body = futures_util::stream::unfold(receiver, async |mut receiver| {
        receiver.recv().await.map(|part| (part, receiver))
    });
    let digest = wkit_artifact::Digest::sha256(b"0123456789");
    let location = format!("{}?digest={digest}", header(&begun, "location"));
    let put = server.api.request(Method::PUT, &location).body(reqwest::Body::wrap_stream(body)).send();
    let put = tokio::spawn(put);
    sender.send(Ok(b"01234")).await?;
    // The request is under way when its second part is taken.
    sender.send(Ok(b"5678")).await?;
    let data = server.folder.path().join("registry");
    let stopping = tokio::spawn(server.stop_keeping());
    sender.send(Ok(b"9")).await?;
    drop(sender);
    assert_eq!(put.await??.status(), 201);
    let kept = stopping.await??;
    let mut config = Config::new(&data);
    config.listen = "127.0.0.1:0".parse()?;
    let again = Server::bind(config).await.context("the folder is free again")?;
    drop((again, kept));
    Ok(())
}

#[cfg(unix)]
#[tokio::test]
async fn the_program_stops_when_asked_to() -> Result<()> {
    for signal in ["TERM", "INT"] {
        let folder = tempfile::tempdir()?;
        let mut program = Program::start(folder.path(), &["--log-format", "json"])?;
        program.api.push_artifact("a", "v1", b"layer").await?;
        let status = Command::new("kill").args([format!("-{signal}"), program.id().to_string()]).status()?;
        assert!(status.success());
        assert_eq!(program.wait()?.code(), Some(0), "{signal}");
    }
    Ok(())
}
