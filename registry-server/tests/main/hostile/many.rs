//! A thousand hostile connections at once: what they can make the registry hold in memory, measured from outside.

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wkit_artifact::Digest;
use wkit_registry_server::limits::MANIFEST_BYTES_MAX;

use super::http2::{DATA, END_HEADERS, END_STREAM, HEADERS, PREFACE, SETTINGS, frame, headers};
use super::{PATIENCE, address};
use crate::support::{Program, error_code, header, manifest};

const CONNECTIONS: usize = 1_000;

/// The most memory the registry may ever have held, in KiB.
const MEMORY_KIB_MAX: u64 = 768 * 1024;

/// What is sent on the connection of a number.
type Start<'a> = Box<dyn Fn(usize) -> Vec<u8> + 'a>;

fn peak_kib(program: &Program) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.id()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("there is no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// Opens a thousand connections, sends the same on all of them as far as the registry takes it, and reads nothing.
async fn hold(program: &Program, start: impl Fn(usize) -> Vec<u8>) -> Result<Vec<TcpStream>> {
    let mut streams = Vec::new();
    for number in 0..CONNECTIONS {
        let mut stream = TcpStream::connect(address(&program.api.base)).await?;
        let bytes = start(number);
        // A server that takes no more is not waited for.
        let sending = stream.write_all(&bytes);
        let _ = tokio::time::timeout(std::time::Duration::from_millis(200), sending).await;
        streams.push(stream);
    }
    Ok(streams)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_hostile_connections_do_not_use_up_the_memory() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let settings = folder.path().join("registry.toml");
    // One connection more than the attackers', for the one who asks whether it still works.
    std::fs::write(
        &settings,
        "[network]\nconnections-per-address = 2000\n[throttle]\nuploads-per-address = 2000\n",
    )?;
    let program =
        Program::start(&folder.path().join("data"), &["--config", &settings.display().to_string()])?;
    let api = &program.api;
    let blob = vec![7; 16 * 1024 * 1024];
    ensure!(api.push_blob("a", &blob).await?.status() == 201, "the blob was not pushed");
    api.push_blob("a", b"config").await?;
    let mut large = manifest(b"config", &[], None);
    large.resize(MANIFEST_BYTES_MAX, b' ');
    ensure!(api.push_manifest("a", "large", &large).await?.status() == 201, "the manifest was not pushed");
    let blob_path = format!("/v2/a/blobs/{}", Digest::sha256(&blob));

    let mut locations = Vec::new();
    for _ in 0..CONNECTIONS {
        locations.push(header(&api.send(Method::POST, "/v2/a/blobs/uploads/").await?, "location"));
    }
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").into_bytes();
    let many = |path: &str| {
        let mut start = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
        for number in 0..64 {
            start.extend(frame(HEADERS, END_HEADERS | END_STREAM, 2 * number + 1, &headers("GET", path)));
        }
        start
    };
    let base = peak_kib(&program)?;
    let attacks: [(&str, Start<'_>); 9] = [
        (
            "heads that do not end",
            Box::new(|_| [b"GET /v2/ HTTP/1.1\r\nX: ".as_slice(), &vec![b'x'; 250_000]].concat()),
        ),
        (
            "uploads that stop within a block",
            Box::new(|number| {
                let head = format!(
                    "PATCH {} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n",
                    locations[number]
                );
                [head.as_bytes(), &vec![b'x'; 500_000]].concat()
            }),
        ),
        (
            "uploads of single bytes",
            Box::new(|number| {
                let head = format!(
                    "PATCH {} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
                    locations[number]
                );
                [head.as_bytes(), &b"1\r\nx\r\n".repeat(100_000)].concat()
            }),
        ),
        (
            "manifests that stop before their end",
            Box::new(|_| {
                let head = format!(
                    "PUT /v2/a/manifests/x HTTP/1.1\r\nHost: a\r\nContent-Length: {MANIFEST_BYTES_MAX}\r\n\r\n"
                );
                [head.as_bytes(), &vec![b' '; MANIFEST_BYTES_MAX - 1]].concat()
            }),
        ),
        (
            "uploads of HTTP/2 that wait for one another",
            Box::new(|_| {
                let mut start = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
                start.extend(frame(HEADERS, END_HEADERS, 1, &headers("PATCH", &locations[0])));
                start.extend(frame(DATA, 0, 1, &[b'x'; 16 * 1024]).repeat(32));
                start
            }),
        ),
        ("blobs that nobody reads", Box::new(|_| get(&blob_path))),
        ("manifests that nobody reads", Box::new(|_| get("/v2/a/manifests/large"))),
        ("manifests that nobody reads, 64 on each connection", Box::new(|_| many("/v2/a/manifests/large"))),
        ("blobs that nobody reads, 64 on each connection", Box::new(|_| many(&blob_path))),
    ];
    for (name, start) in attacks {
        let streams = hold(&program, start).await?;
        let response =
            tokio::time::timeout(PATIENCE, api.get("/v2/")).await.context("nobody else is served")??;
        ensure!(response.status() == 200, "{name}: the others are answered with {}", response.status());
        // Until everything that was sent has been taken.
        let mut peak = peak_kib(&program)?;
        for _ in 0..20 {
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            let now = peak_kib(&program)?;
            if std::mem::replace(&mut peak, now) == now {
                break;
            }
        }
        eprintln!("{name}: {peak} KiB, before {base} KiB");
        ensure!(peak < MEMORY_KIB_MAX, "{name}: {peak} KiB were held");
        if name.starts_with("manifests that stop") {
            // Others can push small ones, and are told why they cannot push large ones.
            let refused = api.push_manifest("a", "late", &large).await?;
            ensure!(refused.status() == 429, "{name}: a large one was answered with {}", refused.status());
            ensure!(error_code(refused).await? == "TOOMANYREQUESTS", "{name}: another code");
            let small = api.push_manifest("a", "small", &manifest(b"config", &[], None)).await?;
            ensure!(small.status() == 201, "{name}: a small one was answered with {}", small.status());
        }
        drop(streams);
    }
    // It goes on as if nothing had been.
    let mut pulled = api.get("/v2/a/manifests/large").await?;
    for _ in 0..100 {
        if pulled.status() != 429 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        pulled = api.get("/v2/a/manifests/large").await?;
    }
    ensure!(pulled.bytes().await? == large, "the manifest has changed");
    Ok(())
}

#[tokio::test]
async fn few_file_descriptors_are_enough() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "ulimit -n 80; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_wkit-registry"), "serve"]);
    command.args(["--listen", "127.0.0.1:0", "--data"]).arg(folder.path().join("data"));
    let program = Program::spawn(command)?;
    program.api.push_artifact("a", "v1", b"layer").await?;
    let location = header(&program.api.send(Method::POST, "/v2/a/blobs/uploads/").await?, "location");
    let mut streams = Vec::new();
    for _ in 0..60 {
        let mut stream = TcpStream::connect(address(&program.api.base)).await?;
        let head = format!("PATCH {location} HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345");
        stream.write_all(head.as_bytes()).await?;
        streams.push(stream);
    }
    // There are more than are served at once; those that wait are served when others have gone.
    drop(streams.drain(..50));
    let mut last = streams.pop().context("there are some left")?;
    let mut answer = [0; 12];
    tokio::time::timeout(PATIENCE, last.read_exact(&mut answer))
        .await
        .context("the last one is not served")??;
    ensure!(answer.starts_with(b"HTTP/1.1 "), "{answer:?}");
    drop(streams);
    // Until it has seen that the others are gone, there may be none left for a file either.
    let pushed = async {
        while program.api.push_artifact("a", "v2", b"other").await.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, pushed).await.context("it does not go on")?;
    Ok(())
}

#[tokio::test]
async fn accepting_goes_on_after_there_was_no_file_descriptor_left() -> Result<()> {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};

    let folder = tempfile::tempdir()?;
    let program = Program::start(&folder.path().join("data"), &[])?;
    program.api.push_artifact("a", "v1", b"layer").await?;
    // It does not know of this limit, so it goes on accepting until the system has no descriptor for it.
    let open = std::fs::read_dir(format!("/proc/{}/fd", program.id()))?.count() as u64;
    let pid = Pid::from_raw(i32::try_from(program.id())?).context("a process has an id")?;
    prlimit(Some(pid), Resource::Nofile, Rlimit { current: Some(open + 10), maximum: Some(open + 10) })?;
    let mut streams = Vec::new();
    for _ in 0..100 {
        let mut stream = TcpStream::connect(address(&program.api.base)).await?;
        stream.write_all(b"GET /v2/ HTTP/1.1\r\nHost: a\r\n\r\n").await?;
        streams.push(stream);
    }
    let mut answer = [0; 12];
    streams[0].read_exact(&mut answer).await?;
    ensure!(&answer == b"HTTP/1.1 200", "the first one is not served");
    let last = streams.last_mut().context("there is a last one")?;
    let early =
        tokio::time::timeout(std::time::Duration::from_millis(300), last.read_exact(&mut answer)).await;
    ensure!(early.is_err(), "there were descriptors for all of them");
    streams.truncate(1);
    let pushed = tokio::time::timeout(PATIENCE, program.api.push_artifact("a", "v2", b"other")).await?;
    pushed.context("it does not go on")?;
    Ok(())
}
