//! Loads a registry of any make over the distribution API, plain HTTP on one machine, and prints what it took as one
//! line of JSON. `bench/registry/run.sh` runs it against several registries in turn.
//!
//! One thread, so that most of the machine is left to the server; each worker keeps one connection.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use clap::{Args, Parser, Subcommand};
use futures_util::{StreamExt, stream};
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::body::Frame;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use wkit_artifact::{Algorithm, Digest, Hasher, media_type};

/// How long a request may take.
const REQUEST_MAX: Duration = Duration::from_secs(120);

const MIB: u64 = 1024 * 1024;

#[derive(Debug, Parser)]
struct Cli {
    /// Host and port of the registry
    #[arg(long)]
    host: String,
    /// How many workers, each with a connection and one request at a time
    #[arg(long, default_value_t = 16)]
    workers: u64,
    #[command(subcommand)]
    phase: Phase,
}

#[derive(Debug, Subcommand)]
enum Phase {
    /// Push artifacts, each a config, a layer and a manifest with a tag
    Push(Set),
    /// Get manifests of a set by tag, for so many seconds
    Manifests(Reads),
    /// Get layers of a set, for so many seconds
    Blobs(Reads),
    /// Push one large blob, by one streamed PUT or by PATCHes
    Large {
        #[arg(long, default_value_t = 256)]
        mib: u64,
        /// The size of a PATCH; 0 is one PUT
        #[arg(long, default_value_t = 0)]
        chunk_mib: u64,
        /// Another number, another content
        #[arg(long, default_value_t = 0)]
        seed: u64,
    },
    /// List all tags of a set's first repository, eleven times
    Tags(Set),
}

/// Artifacts that are made of their number alone.
#[derive(Clone, Debug, Args)]
struct Set {
    #[arg(long, default_value_t = 1000)]
    count: u64,
    /// The first artifact's number
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Over how many repositories they are spread
    #[arg(long, default_value_t = 1)]
    repositories: u64,
    /// The name of the repositories, before their number
    #[arg(long, default_value = "load")]
    name: String,
    /// The size of a layer, in bytes
    #[arg(long, default_value_t = 50 * 1024)]
    layer: usize,
}

#[derive(Clone, Debug, Args)]
struct Reads {
    #[command(flatten)]
    set: Set,
    #[arg(long, default_value_t = 5)]
    seconds: u64,
}

struct Artifact {
    repository: String,
    tag: String,
    config: Bytes,
    layer: Bytes,
    manifest: Bytes,
}

impl Set {
    fn artifact(&self, number: u64) -> Artifact {
        let layer = noise(number, self.layer);
        let config = Bytes::from(format!("{{\"number\":{number}}}"));
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": media_type::OCI_MANIFEST,
            "config": {
                "mediaType": media_type::OCI_IMAGE_CONFIG,
                "digest": Digest::sha256(&config).to_string(),
                "size": config.len(),
            },
            "layers": [{
                "mediaType": "application/octet-stream",
                "digest": Digest::sha256(&layer).to_string(),
                "size": layer.len(),
            }],
        });
        Artifact {
            repository: self.repository(number),
            tag: format!("v{number}"),
            manifest: manifest.to_string().into(),
            config,
            layer,
        }
    }

    fn repository(&self, number: u64) -> String {
        format!("{}-{}", self.name, number % self.repositories)
    }
}

/// Bytes that no compression makes smaller, other ones for each seed.
fn noise(seed: u64, size: usize) -> Bytes {
    let (mut state, mut bytes) = (seed.wrapping_add(0x9e37_79b9_7f4a_7c15), Vec::with_capacity(size + 8));
    while bytes.len() < size {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bytes.extend_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes());
    }
    bytes.truncate(size);
    bytes.into()
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(run(cli))?;
    println!("{result}");
    Ok(())
}

async fn run(cli: Cli) -> Result<Value> {
    let workers = cli.workers.max(1);
    match cli.phase {
        Phase::Push(set) => {
            let all: Vec<Artifact> =
                (set.first..set.first + set.count).map(|number| set.artifact(number)).collect();
            let all: &'static [Artifact] = all.leak();
            let begun = Instant::now();
            let work = (0..workers).map(|worker| {
                let mine = all.iter().skip(usize::try_from(worker).unwrap_or(0)).step_by(workers as usize);
                push_all(cli.host.clone(), mine)
            });
            finish(begun, work).await
        }
        Phase::Manifests(reads) => {
            let paths = (0..reads.set.count).map(|number| {
                format!(
                    "/v2/{}/manifests/v{}",
                    reads.set.repository(reads.set.first + number),
                    reads.set.first + number
                )
            });
            get_all(&cli.host, workers, paths.collect(), reads.seconds).await
        }
        Phase::Blobs(reads) => {
            let paths = (reads.set.first..reads.set.first + reads.set.count).map(|number| {
                let artifact = reads.set.artifact(number);
                format!("/v2/{}/blobs/{}", artifact.repository, Digest::sha256(&artifact.layer))
            });
            get_all(&cli.host, workers, paths.collect(), reads.seconds).await
        }
        Phase::Large { mib, chunk_mib, seed } => push_large(&cli.host, mib, chunk_mib, seed).await,
        Phase::Tags(set) => list_tags(&cli.host, &set).await,
    }
}

/// Runs the workers to their end, and says how much they did and how long single operations took.
async fn finish(
    begun: Instant,
    work: impl Iterator<Item = impl Future<Output = Result<Vec<Duration>>>>,
) -> Result<Value> {
    let took = futures_util::future::try_join_all(work).await?;
    let seconds = begun.elapsed().as_secs_f64();
    let mut took: Vec<Duration> = took.into_iter().flatten().collect();
    took.sort_unstable();
    let at = |share: f64| {
        let place = (took.len() as f64 * share) as usize;
        took.get(place.min(took.len().saturating_sub(1))).map_or(0.0, |took| took.as_secs_f64() * 1000.0)
    };
    Ok(json!({
        "operations": took.len(), "per_second": took.len() as f64 / seconds, "p50_ms": at(0.5), "p99_ms": at(0.99),
    }))
}

async fn push_all(host: String, artifacts: impl Iterator<Item = &Artifact>) -> Result<Vec<Duration>> {
    let mut client = Client::connect(&host).await?;
    let mut took = Vec::new();
    for artifact in artifacts {
        let begun = Instant::now();
        for blob in [&artifact.config, &artifact.layer] {
            client.push_blob(&artifact.repository, blob).await?;
        }
        let path = format!("/v2/{}/manifests/{}", artifact.repository, artifact.tag);
        let headers = [(header::CONTENT_TYPE, media_type::OCI_MANIFEST.to_owned())];
        client
            .expect(StatusCode::CREATED, Method::PUT, &path, &headers, whole(artifact.manifest.clone()))
            .await?;
        took.push(begun.elapsed());
    }
    Ok(took)
}

async fn get_all(host: &str, workers: u64, paths: Vec<String>, seconds: u64) -> Result<Value> {
    ensure!(!paths.is_empty(), "there is nothing to get");
    let (paths, begun) = (&paths, Instant::now());
    let work = (0..workers).map(|worker| async move {
        let mut client = Client::connect(host).await?;
        let mut took = Vec::new();
        let accept = [(header::ACCEPT, format!("{}, */*", media_type::OCI_MANIFEST))];
        let first = worker as usize * 7919;
        for place in first.. {
            let one = Instant::now();
            if one.duration_since(begun).as_secs() >= seconds {
                break;
            }
            let path = &paths[place % paths.len()];
            client.expect(StatusCode::OK, Method::GET, path, &accept, whole(Bytes::new())).await?;
            took.push(one.elapsed());
        }
        Ok(took)
    });
    finish(begun, work).await
}

async fn push_large(host: &str, mib: u64, chunk_mib: u64, seed: u64) -> Result<Value> {
    // One block of noise, of which every MiB of the blob is a variation: hashing is all that it costs to make.
    let block = noise(seed, MIB as usize);
    let part = move |from: u64, to: u64| {
        let block = block.clone();
        stream::iter((from..to).flat_map(move |place| {
            let mark = Bytes::copy_from_slice(&[seed.to_le_bytes(), place.to_le_bytes()].concat());
            [mark, block.slice(16..64 * 1024)]
                .into_iter()
                .chain((1..16).map({
                    let block = block.clone();
                    move |piece| block.slice(piece * 64 * 1024..(piece + 1) * 64 * 1024)
                }))
                .collect::<Vec<_>>()
        }))
    };
    let mut hasher = Hasher::new(Algorithm::Sha256);
    let mut bytes = part(0, mib);
    while let Some(bytes) = bytes.next().await {
        hasher.update(&bytes);
    }
    let digest = hasher.finish();
    let mut client = Client::connect(host).await?;
    let begun = Instant::now();
    let mut location = client.begin("load-large").await?;
    let body = |from, to| BodyExt::boxed(StreamBody::new(part(from, to).map(|bytes| Ok(Frame::data(bytes)))));
    let length = |mib: u64| (header::CONTENT_LENGTH, (mib * MIB).to_string());
    let mut sent = 0;
    while chunk_mib > 0 && sent < mib {
        let end = (sent + chunk_mib).min(mib);
        let range = format!("{}-{}", sent * MIB, end * MIB - 1);
        let headers = [length(end - sent), (header::CONTENT_RANGE, range)];
        let (answer, _) =
            client.expect(StatusCode::ACCEPTED, Method::PATCH, &location, &headers, body(sent, end)).await?;
        location = client.location(&answer)?;
        sent = end;
    }
    let path = with_digest(&location, &digest);
    client.expect(StatusCode::CREATED, Method::PUT, &path, &[length(mib - sent)], body(sent, mib)).await?;
    let seconds = begun.elapsed().as_secs_f64();
    Ok(json!({ "operations": 1, "mib_per_second": mib as f64 / seconds, "p50_ms": seconds * 1000.0 }))
}

async fn list_tags(host: &str, set: &Set) -> Result<Value> {
    let mut client = Client::connect(host).await?;
    let path = format!("/v2/{}/tags/list", set.repository(0));
    let (begun, mut took, mut tags) = (Instant::now(), Vec::new(), 0);
    for _ in 0..11 {
        let one = Instant::now();
        let (_, body) = client.expect(StatusCode::OK, Method::GET, &path, &[], whole(Bytes::new())).await?;
        took.push(one.elapsed());
        let list: Value = serde_json::from_slice(&body)?;
        tags = list["tags"].as_array().context("the answer holds no tags")?.len();
    }
    let mut result = finish(begun, std::iter::once(async { Ok(took) })).await?;
    result["tags"] = tags.into();
    Ok(result)
}

type Body = BoxBody<Bytes, std::convert::Infallible>;

fn whole(bytes: Bytes) -> Body {
    Full::new(bytes).boxed()
}

fn with_digest(location: &str, digest: &Digest) -> String {
    format!("{location}{}digest={digest}", if location.contains('?') { '&' } else { '?' })
}

/// One connection that is kept.
struct Client {
    host: String,
    sender: SendRequest<Body>,
}

impl Client {
    async fn connect(host: &str) -> Result<Self> {
        let stream = TcpStream::connect(host).await.with_context(|| format!("`{host}` cannot be reached"))?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { host: host.to_owned(), sender })
    }

    async fn expect(
        &mut self,
        expected: StatusCode,
        method: Method,
        path: &str,
        headers: &[(header::HeaderName, String)],
        body: Body,
    ) -> Result<(HeaderMap, Bytes)> {
        let mut request = Request::builder().method(&method).uri(path).header(header::HOST, &self.host);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        self.sender.ready().await?;
        let answer = tokio::time::timeout(REQUEST_MAX, async {
            let response = self.sender.send_request(request.body(body)?).await?;
            let (head, body) = response.into_parts();
            Ok::<_, anyhow::Error>((head, body.collect().await?.to_bytes()))
        });
        let (head, body) = answer.await.with_context(|| format!("{method} {path} took too long"))??;
        if head.status != expected {
            bail!("{method} {path} was answered {}: {}", head.status, String::from_utf8_lossy(&body));
        }
        Ok((head.headers, body))
    }

    async fn begin(&mut self, repository: &str) -> Result<String> {
        let path = format!("/v2/{repository}/blobs/uploads/");
        let (headers, _) =
            self.expect(StatusCode::ACCEPTED, Method::POST, &path, &[], whole(Bytes::new())).await?;
        self.location(&headers)
    }

    /// `Location`, which may name the host.
    fn location(&self, headers: &HeaderMap) -> Result<String> {
        let location = headers.get(header::LOCATION).context("the answer has no Location")?.to_str()?;
        let path =
            location.strip_prefix("http://").and_then(|rest| rest.find('/').map(|start| &rest[start..]));
        Ok(path.unwrap_or(location).to_owned())
    }

    async fn push_blob(&mut self, repository: &str, blob: &Bytes) -> Result<()> {
        let location = self.begin(repository).await?;
        let path = with_digest(&location, &Digest::sha256(blob));
        let headers = [(header::CONTENT_TYPE, "application/octet-stream".to_owned())];
        self.expect(StatusCode::CREATED, Method::PUT, &path, &headers, whole(blob.clone())).await?;
        Ok(())
    }
}
