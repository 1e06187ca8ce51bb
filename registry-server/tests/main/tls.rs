//! TLS: certificates made here, the program and its messages, and a new certificate while clients work.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rcgen::{CertificateParams, KeyPair};
use reqwest::{Certificate, Client};
use rustls::pki_types::pem::PemObject as _;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::InProcess;

/// How long a test waits for something that must happen; it is not expected to take that long.
const PATIENCE: Duration = Duration::from_secs(60);

/// A certificate for this machine that is its own authority, and its key, both PEM.
fn pair() -> Result<(String, String)> {
    let key = KeyPair::generate()?;
    let params = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    Ok((params.self_signed(&key)?.pem(), key.serialize_pem()))
}

struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new() -> Result<(Self, String)> {
        let files = Self { folder: tempfile::tempdir()? };
        let (certificate, key) = pair()?;
        files.write(&certificate, &key)?;
        Ok((files, certificate))
    }

    fn write(&self, certificate: &str, key: &str) -> Result<()> {
        for (name, text) in [("cert.pem", certificate), ("key.pem", key)] {
            // As a careful tool does: there is never half a file.
            let new = self.folder.path().join("new");
            std::fs::write(&new, text)?;
            std::fs::rename(&new, self.folder.path().join(name))?;
        }
        Ok(())
    }

    fn settings(&self) -> wkit_registry_server::tls::Settings {
        wkit_registry_server::tls::Settings {
            certificate: self.folder.path().join("cert.pem"),
            key: self.folder.path().join("key.pem"),
        }
    }

    async fn start(&self) -> Result<InProcess> {
        InProcess::start_with(|config| {
            config.tls = Some(self.settings());
            config.network.handshake_seconds = 2;
        })
        .await
    }
}

/// A client that trusts one certificate, and makes a new connection for every request when `once`.
fn client(certificate: &str, once: bool) -> Result<Client> {
    let builder =
        Client::builder().no_proxy().tls_certs_only([Certificate::from_pem(certificate.as_bytes())?]);
    Ok(if once { builder.pool_max_idle_per_host(0) } else { builder }.build()?)
}

/// Connects with one version of TLS and offers HTTP/2.
async fn connect(
    server: &InProcess,
    certificate: &str,
    version: &'static rustls::SupportedProtocolVersion,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(rustls::pki_types::CertificateDer::from_pem_slice(certificate.as_bytes())?)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version])?;
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let stream = TcpStream::connect(server.api.base.trim_start_matches("http://")).await?;
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    Ok(connector.connect("localhost".try_into()?, stream).await?)
}

fn https(server: &InProcess, path: &str) -> String {
    format!("{}{path}", server.api.base.replace("http://127.0.0.1", "https://localhost"))
}

#[tokio::test]
async fn both_versions_of_http_and_nothing_else() -> Result<()> {
    let (files, certificate) = Files::new()?;
    let server = files.start().await?;
    let url = https(&server, "/v2/");
    let response = client(&certificate, true)?.get(&url).send().await?;
    ensure!(
        (response.status().as_u16(), response.version()) == (200, reqwest::Version::HTTP_11),
        "{response:?}"
    );
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut stream = connect(&server, &certificate, version).await?;
        ensure!(stream.get_ref().1.alpn_protocol() == Some(b"h2"), "HTTP/2 was not agreed on");
        // The preface and no settings; the server answers with its own settings first (RFC 9113, section 3.4).
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await?;
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        ensure!(head[3] == 4, "the first frame was {head:?}");
    }

    let address = server.api.base.trim_start_matches("http://");
    for request in
        ["GET /v2/ HTTP/1.1\r\nHost: a\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "nonsense\r\n"]
    {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        tokio::time::timeout(PATIENCE, stream.read_to_string(&mut answer)).await??;
        ensure!(answer.starts_with("HTTP/1.1 400") && answer.contains("this port speaks HTTPS"), "{answer}");
    }
    // A handshake that does not go on ends.
    for start in [b"".as_slice(), b"\x16", b"\x16\x03\x01\x02\x00\x01"] {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(start).await?;
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.context("left open")?;
    }
    server.stop().await
}

/// The files are looked at every other second, so this takes some.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_certificate_while_clients_work() -> Result<()> {
    let (files, old) = Files::new()?;
    let server = files.start().await?;
    let url = https(&server, "/v2/");
    let stop = Arc::new(AtomicBool::new(false));
    // One that keeps its connection, through everything.
    let keeping = tokio::spawn({
        let (client, url, stop) = (client(&old, false)?, url.clone(), stop.clone());
        async move {
            let mut answered = 0;
            while !stop.load(Ordering::Acquire) {
                let status = client.get(&url).send().await?.status();
                ensure!(status == 200, "the connection that is kept: {status}");
                answered += 1;
            }
            anyhow::Ok(answered)
        }
    });

    // A pair that does not fit, one that is nothing at all, and none: the old one is used on.
    let ((new, new_key), (other, _)) = (pair()?, pair()?);
    for (certificate, key) in [(&other, &new_key), (&"nonsense".to_owned(), &new_key), (&new, &String::new())]
    {
        files.write(certificate, key)?;
        tokio::time::sleep(Duration::from_secs(5)).await;
        ensure!(client(&old, true)?.get(&url).send().await?.status() == 200, "a bad pair was taken");
    }
    std::fs::remove_file(files.folder.path().join("cert.pem"))?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    ensure!(client(&old, true)?.get(&url).send().await?.status() == 200, "no pair was taken");

    files.write(&new, &new_key)?;
    let taken = async {
        while client(&new, true)?.get(&url).send().await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(PATIENCE, taken).await.context("the new pair was not taken")??;
    ensure!(client(&old, true)?.get(&url).send().await.is_err(), "the old pair is still used");
    // The connection that was there goes on, although its client knows the old certificate only.
    stop.store(true, Ordering::Release);
    ensure!(keeping.await?? > 0, "nothing was asked");
    server.stop().await
}

#[test]
fn what_is_wrong_with_a_pair_is_said() -> Result<()> {
    let (files, certificate) = Files::new()?;
    let (_, other_key) = pair()?;
    let data = files.folder.path().join("data");
    let serve = || -> Result<String> {
        let settings = files.folder.path().join("registry.toml");
        let text = format!(
            "listen = \"127.0.0.1:0\"\n[tls]\ncertificate = {:?}\nkey = {:?}\n",
            files.settings().certificate,
            files.settings().key
        );
        std::fs::write(&settings, text)?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_wkit-registry"));
        command.args(["serve", "--config"]).arg(&settings).arg("--data").arg(&data);
        let output = command.env_remove("RUST_BACKTRACE").output()?;
        ensure!(output.status.code() == Some(1), "it ended with {}", output.status);
        Ok(String::from_utf8_lossy(&output.stderr).into_owned())
    };
    files.write(&certificate, &other_key)?;
    ensure!(serve()?.contains("is not that of the first certificate"), "{}", serve()?);
    files.write(
        &certificate,
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
    )?;
    ensure!(serve()?.contains("is encrypted"), "{}", serve()?);
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(vec!["localhost".to_owned()])?;
    params.not_after = rcgen::date_time_ymd(2001, 1, 1);
    files.write(&params.self_signed(&key)?.pem(), &key.serialize_pem())?;
    ensure!(serve()?.contains("has expired: it was valid until Jan  1"), "{}", serve()?);
    std::fs::remove_file(files.folder.path().join("key.pem"))?;
    ensure!(serve()?.contains("key.pem` cannot be read"), "{}", serve()?);
    ensure!(!Path::new(&data).exists(), "the folder was touched");
    Ok(())
}
