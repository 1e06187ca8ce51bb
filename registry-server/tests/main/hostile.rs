//! Clients that mean no good: whatever they send, they are refused in the form of the specification where HTTP allows
//! an answer, nothing of it is stored, and the registry goes on answering everybody else.

mod bodies;
mod framing;
mod http2;
#[cfg(target_os = "linux")]
mod many;
mod names;
mod slow;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wkit_registry_server::Config;

use crate::support::InProcess;

/// How long a test waits for something that must happen; it is not expected to take that long.
const PATIENCE: Duration = Duration::from_secs(60);

/// The manifest that every registry under attack holds, as `victim:v1`.
struct Victim {
    server: InProcess,
    manifest: Vec<u8>,
    before: Contents,
}

/// Everything a registry holds, without what is inside the metadata store's files.
#[derive(Debug, PartialEq, Eq)]
struct Contents {
    files: BTreeMap<PathBuf, u64>,
    lists: Vec<String>,
}

impl Victim {
    async fn start() -> Result<Self> {
        Self::start_with(|_| ()).await
    }

    async fn start_with(change: impl FnOnce(&mut Config)) -> Result<Self> {
        let server = InProcess::start_with(change).await?;
        let manifest = server.api.push_artifact("victim", "v1", b"layer").await?;
        let before = Contents::of(&server).await?;
        Ok(Self { server, manifest, before })
    }

    /// `host:port`.
    fn address(&self) -> &str {
        address(&self.server.api.base)
    }

    /// Sends bytes and returns what comes back until the connection ends.
    async fn raw(&self, request: &[u8]) -> Result<Answer> {
        let mut stream = TcpStream::connect(self.address()).await?;
        // A server that has seen enough closes before everything is sent.
        let _ = stream.write_all(request).await;
        Answer::read(&mut stream).await
    }

    /// Checks that nothing was stored and that the registry goes on.
    async fn stays_unharmed(self) -> Result<()> {
        let after = Contents::of(&self.server).await?;
        ensure!(after == self.before, "something was stored: {:#?}, before {:#?}", after, self.before);
        let pulled = self.server.api.get("/v2/victim/manifests/v1").await?;
        ensure!(pulled.status() == 200, "a pull was answered with {}", pulled.status());
        ensure!(pulled.bytes().await? == self.manifest, "the manifest has changed");
        self.server.stop().await
    }
}

impl Contents {
    async fn of(server: &InProcess) -> Result<Self> {
        let mut files = BTreeMap::new();
        for folder in ["blobs", "uploads"] {
            walk(&server.folder.path().join("registry").join(folder), &mut files)?;
        }
        let mut lists = Vec::new();
        for path in ["/v2/_catalog", "/v2/victim/tags/list"] {
            lists.push(server.api.get(path).await?.text().await?);
        }
        Ok(Self { files, lists })
    }
}

fn walk(folder: &Path, files: &mut BTreeMap<PathBuf, u64>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        match entry.metadata() {
            Ok(found) if found.is_dir() => walk(&entry.path(), files)?,
            Ok(found) => drop(files.insert(entry.path(), found.len())),
            // It was removed a moment ago.
            Err(_) => {}
        }
    }
    Ok(())
}

fn address(base: &str) -> &str {
    base.split_once("//").map_or(base, |(_, address)| address)
}

/// What came back on a connection.
#[derive(Debug)]
struct Answer {
    text: String,
}

impl Answer {
    async fn read(stream: &mut TcpStream) -> Result<Self> {
        let mut bytes = Vec::new();
        // A reset is an end as well.
        let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes))
            .await
            .context("the connection was left open")?;
        Ok(Self { text: String::from_utf8_lossy(&bytes).into_owned() })
    }

    /// How many answers there are.
    fn count(&self) -> usize {
        self.text.matches("HTTP/1.1 ").count()
    }

    /// The status of the first one; 0 when there is none.
    fn status(&self) -> u16 {
        let status = self.text.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
        status.and_then(|status| status.parse().ok()).unwrap_or_default()
    }

    /// The error code of the first one, when it has a body with one.
    fn code(&self) -> Option<String> {
        let (_, body) = self.text.split_once("\r\n\r\n")?;
        let body: Value = serde_json::from_str(body).ok()?;
        Some(body["errors"][0]["code"].as_str()?.to_owned())
    }
}
