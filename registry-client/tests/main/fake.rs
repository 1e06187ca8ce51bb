//! A small registry in memory, whose every answer a test can replace.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use wkit_artifact::{Digest, Locator, Pack, Packed, media_type};
use wkit_registry_client::{Client, ClientConfig, Mapping, Retry};

/// What the registry saw: enough for rules and for assertions.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Seen {
    pub(crate) fn is(&self, method: &str, part: &str) -> bool {
        self.method == method && self.path.contains(part)
    }

    pub(crate) fn authorization(&self) -> &str {
        self.headers.get("authorization").map_or("", |value| value.to_str().unwrap())
    }
}

type Rule = Box<dyn Fn(&Seen) -> Option<Response> + Send + Sync>;

#[derive(Default)]
struct Inner {
    blobs: Mutex<HashMap<String, Bytes>>,
    manifests: Mutex<BTreeMap<(String, String), (Bytes, String)>>,
    rules: Mutex<Vec<Rule>>,
    seen: Mutex<Vec<Seen>>,
}

/// A registry that listens on this machine until it is dropped.
pub(crate) struct Fake {
    address: SocketAddr,
    inner: Arc<Inner>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Fake {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let inner = Arc::new(Inner::default());
        let router = Router::new().fallback(answer).with_state(Arc::clone(&inner));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, inner, task }
    }

    /// `127.0.0.1:port`.
    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    /// Rules come before the usual answers, the newest first.
    pub(crate) fn rule(&self, rule: impl Fn(&Seen) -> Option<Response> + Send + Sync + 'static) {
        self.inner.rules.lock().unwrap().push(Box::new(rule));
    }

    /// `METHOD path` of everything seen so far, and forgets it.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.seen().iter().map(|seen| format!("{} {}", seen.method, seen.path)).collect()
    }

    /// Everything seen so far, and forgets it.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.inner.seen.lock().unwrap())
    }

    pub(crate) fn put_blob(&self, bytes: &[u8]) -> Digest {
        let digest = Digest::sha256(bytes);
        self.inner.blobs.lock().unwrap().insert(digest.to_string(), Bytes::copy_from_slice(bytes));
        digest
    }

    pub(crate) fn remove_blob(&self, digest: &Digest) {
        self.inner.blobs.lock().unwrap().remove(&digest.to_string());
    }

    pub(crate) fn put_manifest(&self, repository: &str, tag: &str, bytes: &[u8], kind: &str) -> Digest {
        let digest = Digest::sha256(bytes);
        let entry = (Bytes::copy_from_slice(bytes), kind.to_owned());
        let mut manifests = self.inner.manifests.lock().unwrap();
        manifests.insert((repository.to_owned(), digest.to_string()), entry.clone());
        manifests.insert((repository.to_owned(), tag.to_owned()), entry);
        digest
    }

    /// A component of these bytes under a tag.
    pub(crate) fn put_component(&self, repository: &str, tag: &str, component: &[u8]) -> Packed {
        let packed = pack(component);
        self.put_blob(component);
        self.put_blob(&packed.config);
        self.put_manifest(repository, tag, &packed.manifest, media_type::OCI_MANIFEST);
        packed
    }

    /// The reference of a tag here.
    pub(crate) fn locator(&self, repository_and_tag: &str) -> Locator {
        format!("{}/{repository_and_tag}", self.host()).parse().unwrap()
    }

    /// A configuration whose namespace `demo` is here, and which does not wait between attempts.
    pub(crate) fn config(&self, folder: &tempfile::TempDir) -> ClientConfig {
        let mut config = quick(folder);
        let mapping = Mapping {
            registry: self.host().parse().unwrap(),
            prefix: Some(String::new()),
            plain_http: None,
            source: "wkit.toml: registries.demo".to_owned(),
        };
        config.namespaces.insert("demo", mapping);
        config
    }

    pub(crate) fn client(&self, folder: &tempfile::TempDir) -> Client {
        Client::new(self.config(folder)).unwrap()
    }
}

/// A configuration that does not wait between attempts.
pub(crate) fn quick(folder: &tempfile::TempDir) -> ClientConfig {
    let mut config = ClientConfig::new(folder.path().join("cache"));
    config.retry = Retry { attempts: 3, first_delay: Duration::from_millis(1) };
    config
}

pub(crate) fn pack(component: &[u8]) -> Packed {
    Pack::component(Digest::sha256(component), component.len() as u64)
        .exports(["demo:greet/hello@0.1.0"])
        .finish()
        .unwrap()
}

/// An answer with this status and an error of the distribution specification.
pub(crate) fn refuse(status: u16, code: &str, text: &str) -> Response {
    let body = serde_json::json!({ "errors": [{ "code": code, "message": text }] }).to_string();
    (StatusCode::from_u16(status).unwrap(), [("content-type", "application/json")], body).into_response()
}

async fn answer(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let seen = Seen {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body: to_bytes(body, usize::MAX).await.unwrap_or_default(),
    };
    inner.seen.lock().unwrap().push(seen.clone());
    let ruled = inner.rules.lock().unwrap().iter().rev().find_map(|rule| rule(&seen));
    ruled.unwrap_or_else(|| registry(&inner, &seen))
}

fn registry(inner: &Inner, seen: &Seen) -> Response {
    let path = seen.path.strip_prefix("/v2/").unwrap_or_default();
    if let Some((repository, _)) = path.split_once("/blobs/uploads/") {
        return upload(inner, seen, repository);
    }
    if let Some((_, digest)) = path.split_once("/blobs/") {
        let blobs = inner.blobs.lock().unwrap();
        return match blobs.get(digest) {
            Some(bytes) => found(seen, bytes.clone(), "application/octet-stream", digest),
            None => refuse(404, "BLOB_UNKNOWN", "no such blob"),
        };
    }
    if let Some((repository, target)) = path.split_once("/manifests/") {
        let key = (repository.to_owned(), target.to_owned());
        let mut manifests = inner.manifests.lock().unwrap();
        if seen.method == Method::PUT {
            let digest = Digest::sha256(&seen.body).to_string();
            let kind = seen.headers["content-type"].to_str().unwrap().to_owned();
            let entry = (seen.body.clone(), kind);
            manifests.insert((repository.to_owned(), digest.clone()), entry.clone());
            manifests.insert(key, entry);
            let location = format!("/v2/{repository}/manifests/{digest}");
            return (StatusCode::CREATED, [("location", location), ("docker-content-digest", digest)])
                .into_response();
        }
        return match manifests.get(&key) {
            Some((bytes, kind)) => found(seen, bytes.clone(), kind, &Digest::sha256(bytes).to_string()),
            None => refuse(404, "MANIFEST_UNKNOWN", "no such manifest"),
        };
    }
    if let Some((repository, _)) = path.split_once("/tags/list") {
        let manifests = inner.manifests.lock().unwrap();
        let tags: Vec<&str> = manifests
            .keys()
            .filter(|(name, tag)| name == repository && !tag.contains(':'))
            .map(|(_, tag)| tag.as_str())
            .collect();
        if tags.is_empty() {
            return refuse(404, "NAME_UNKNOWN", "no such repository");
        }
        return axum::Json(serde_json::json!({ "name": repository, "tags": tags })).into_response();
    }
    StatusCode::NOT_FOUND.into_response()
}

fn upload(inner: &Inner, seen: &Seen, repository: &str) -> Response {
    if seen.method == Method::POST {
        let location = format!("/v2/{repository}/blobs/uploads/1");
        return (StatusCode::ACCEPTED, [("location", location)]).into_response();
    }
    let digest = Digest::sha256(&seen.body).to_string();
    let wanted = seen.query.replace("%3A", ":");
    if wanted != format!("digest={digest}") {
        return refuse(400, "DIGEST_INVALID", "the content has another digest");
    }
    inner.blobs.lock().unwrap().insert(digest.clone(), seen.body.clone());
    (StatusCode::CREATED, [("location", format!("/v2/{repository}/blobs/{digest}"))]).into_response()
}

fn found(seen: &Seen, bytes: Bytes, kind: &str, digest: &str) -> Response {
    let headers = [
        ("content-type", kind.to_owned()),
        ("content-length", bytes.len().to_string()),
        ("docker-content-digest", digest.to_owned()),
    ];
    let body = if seen.method == Method::HEAD { Body::empty() } else { Body::from(bytes) };
    (headers, body).into_response()
}
