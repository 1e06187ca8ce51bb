//! A registry to test against, in this process or as the program, and a client for it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Once;

use anyhow::{Context, Result, ensure};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use wkit_artifact::{Digest, media_type};
use wkit_registry_server::{Config, RunError, Server};

/// A registry in this process, on a folder that goes with it.
pub(crate) struct InProcess {
    pub(crate) api: Api,
    pub(crate) folder: tempfile::TempDir,
    stop: oneshot::Sender<()>,
    running: JoinHandle<Result<(), RunError>>,
}

impl InProcess {
    /// Starts one with the defaults.
    pub(crate) async fn start() -> Result<Self> {
        Self::start_with(|_| ()).await
    }

    /// Starts one after `change` has had a look at its configuration.
    pub(crate) async fn start_with(change: impl FnOnce(&mut Config)) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut config = Config::new(folder.path().join("registry"));
        config.listen = "127.0.0.1:0".parse()?;
        change(&mut config);
        let server = Server::bind(config).await?;
        let api = Api::new(&format!("http://{}", server.local_addr()))?;
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(server.run(async { drop(stopped.await) }));
        Ok(Self { api, folder, stop, running })
    }

    /// Stops it and waits until it has.
    pub(crate) async fn stop(self) -> Result<()> {
        self.stop_keeping().await.map(drop)
    }

    /// Stops it and hands its folder over.
    pub(crate) async fn stop_keeping(self) -> Result<tempfile::TempDir> {
        drop(self.stop);
        self.running.await??;
        Ok(self.folder)
    }
}

/// The program, which is killed at the end if it still runs.
pub(crate) struct Program {
    child: Child,
    pub(crate) api: Api,
}

impl Program {
    /// Starts it on a data folder and waits until it listens.
    pub(crate) fn start(data: &Path, arguments: &[&str]) -> Result<Self> {
        Self::start_with(data, arguments, |_| ())
    }

    /// Starts it after `change` has had a look at its command.
    pub(crate) fn start_with(
        data: &Path,
        arguments: &[&str],
        change: impl FnOnce(&mut Command),
    ) -> Result<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wkit-registry"));
        command.args(["serve", "--data"]).arg(data).args(["--listen", "127.0.0.1:0"]).args(arguments);
        change(&mut command);
        Self::spawn(command)
    }

    /// Starts a command that ends up as the program.
    pub(crate) fn spawn(mut command: Command) -> Result<Self> {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .env("RUST_LOG", "error")
            .env_remove("RUST_BACKTRACE");
        let mut child = command.spawn().with_context(|| format!("could not start {command:?}"))?;
        let mut line = String::new();
        let stdout = child.stdout.take().context("there is no stdout")?;
        let read = BufReader::new(stdout).read_line(&mut line);
        let address = line.strip_prefix("listening on ").and_then(|rest| rest.split(' ').next());
        match (read, address) {
            (Ok(_), Some(address)) => Ok(Self { child, api: Api::new(address)? }),
            _ => {
                let _ = child.kill();
                let status = child.wait()?;
                anyhow::bail!("the program said `{}` and ended with {status}", line.trim_end())
            }
        }
    }

    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has ended.
    pub(crate) fn wait(&mut self) -> Result<ExitStatus> {
        Ok(self.child.wait()?)
    }

    /// Ends it at once, as a crash would.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the program to its end: its exit code, what it said, and what it complained about.
pub(crate) fn run(arguments: &[&str]) -> Result<(Option<i32>, String, String)> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wkit-registry"));
    let output = command.args(arguments).env("RUST_LOG", "error").env_remove("RUST_BACKTRACE").output()?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok((output.status.code(), text(output.stdout), text(output.stderr)))
}

/// A client of one registry.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) base: String,
    client: Client,
}

impl Api {
    fn new(base: &str) -> Result<Self> {
        static PROVIDER: Once = Once::new();
        // The client insists on cryptography, although nothing here is encrypted.
        PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
        Ok(Self { base: base.to_owned(), client: Client::builder().no_proxy().build()? })
    }

    /// A request to a path or, as in `Location`, to a whole URL of this registry.
    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.base) };
        self.client.request(method, url)
    }

    /// Sends a request without a body.
    pub(crate) async fn send(&self, method: Method, path: &str) -> Result<Response> {
        Ok(self.request(method, path).send().await?)
    }

    /// Gets a path.
    pub(crate) async fn get(&self, path: &str) -> Result<Response> {
        self.send(Method::GET, path).await
    }

    /// Pushes a blob with `POST` and `PUT`.
    pub(crate) async fn push_blob(&self, name: &str, content: &[u8]) -> Result<Response> {
        let begun = self.send(Method::POST, &format!("/v2/{name}/blobs/uploads/")).await?;
        ensure!(begun.status() == 202, "an upload was begun with {}", begun.status());
        let location = format!("{}?digest={}", header(&begun, "location"), Digest::sha256(content));
        Ok(self.request(Method::PUT, &location).body(content.to_vec()).send().await?)
    }

    /// Pushes a blob in two chunks.
    pub(crate) async fn push_blob_in_chunks(&self, name: &str, content: &[u8]) -> Result<Response> {
        let mut response = self.send(Method::POST, &format!("/v2/{name}/blobs/uploads/")).await?;
        let mut start = 0;
        for chunk in content.chunks(content.len() / 2 + 1) {
            ensure!(response.status() == 202, "a chunk was answered with {}", response.status());
            let range = format!("{start}-{}", start + chunk.len() - 1);
            start += chunk.len();
            let patch =
                self.request(Method::PATCH, &header(&response, "location")).header("content-range", range);
            response = patch.body(chunk.to_vec()).send().await?;
        }
        ensure!(response.status() == 202, "a chunk was answered with {}", response.status());
        let location = format!("{}?digest={}", header(&response, "location"), Digest::sha256(content));
        self.send(Method::PUT, &location).await
    }

    /// Pushes a manifest.
    pub(crate) async fn push_manifest(
        &self,
        name: &str,
        reference: &str,
        manifest: &[u8],
    ) -> Result<Response> {
        let request = self.request(Method::PUT, &format!("/v2/{name}/manifests/{reference}"));
        Ok(request.header("content-type", media_type::OCI_MANIFEST).body(manifest.to_vec()).send().await?)
    }

    /// Pushes an artifact with one layer under a tag, and returns its manifest's bytes.
    pub(crate) async fn push_artifact(&self, name: &str, tag: &str, layer: &[u8]) -> Result<Vec<u8>> {
        let config = format!("{{\"tag\":\"{tag}\"}}");
        for content in [config.as_bytes(), layer] {
            let pushed = self.push_blob(name, content).await?;
            ensure!(pushed.status() == 201, "a blob was answered with {}", pushed.status());
        }
        let manifest = manifest(config.as_bytes(), &[layer], None);
        let pushed = self.push_manifest(name, tag, &manifest).await?;
        ensure!(pushed.status() == 201, "a manifest was answered with {}", pushed.status());
        Ok(manifest)
    }
}

/// A manifest of these contents.
pub(crate) fn manifest(config: &[u8], layers: &[&[u8]], subject: Option<&Digest>) -> Vec<u8> {
    let descriptor = |media_type: &str, content: &[u8]| json!({ "mediaType": media_type, "digest": Digest::sha256(content).to_string(), "size": content.len() });
    let layers: Vec<Value> = layers.iter().map(|layer| descriptor(media_type::WASM, layer)).collect();
    let mut manifest = json!({
        "schemaVersion": 2,
        "mediaType": media_type::OCI_MANIFEST,
        "config": descriptor(media_type::WASM_CONFIG_V0, config),
        "layers": layers,
    });
    if let Some(subject) = subject {
        manifest["subject"] =
            json!({ "mediaType": media_type::OCI_MANIFEST, "digest": subject.to_string(), "size": 1 });
    }
    manifest.to_string().into_bytes()
}

/// A header of a response as text; empty when it is missing.
pub(crate) fn header(response: &Response, name: &str) -> String {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

/// The error code of a refusal, which must have the form that the OCI distribution specification gives it.
pub(crate) async fn error_code(response: Response) -> Result<String> {
    let text = response.text().await?;
    let body: Value = serde_json::from_str(&text).with_context(|| format!("no JSON: {text}"))?;
    ensure!(body["errors"][0]["message"].is_string(), "an error without a message: {body}");
    Ok(body["errors"][0]["code"].as_str().context("an error without a code")?.to_owned())
}
