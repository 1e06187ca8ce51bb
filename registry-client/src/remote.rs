//! One registry over HTTP: requests, authorisation, bounded reading, and the transfers of blobs.
//!
//! `oci-client` moves blobs and manifests up; its types do not leave this module. What comes down is read here, because
//! it must have a limit, even the text of an error. So is authorisation done here, because a refusal must say which
//! credentials were tried.

mod authorization;
mod challenge;
mod error;
mod http;
mod token;
mod upload;

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{ACCEPT, HeaderMap, RETRY_AFTER};
use reqwest::{Method, Response, StatusCode};
use url::Url;
use wkit_artifact::{Digest, RegistryHost, RepositoryName, TagOrDigest};

pub(crate) use authorization::{Scope, Sources};
pub use error::{Attempt, Denied, RequestError};
pub(crate) use http::{HttpClients, Tls};

use crate::config::{ConfigError, Retry, Timeouts};
use crate::limits::{ERROR_BODY_BYTES_MAX, MANIFEST_BYTES_MAX};
use authorization::Authorization;

/// What is asked for when a manifest is: every kind there is, so that the registry need not convert.
const MANIFEST_TYPES: &str = "application/vnd.oci.image.manifest.v1+json, \
    application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.docker.distribution.manifest.list.v2+json";

/// A registry, and what has been agreed with it so far.
pub(crate) struct Remote {
    /// As the user wrote it.
    host: RegistryHost,
    /// `scheme://host:port/` that is really asked.
    base: Url,
    clients: HttpClients,
    sources: Sources,
    retry: Retry,
    timeouts: Timeouts,
    granted: Mutex<HashMap<Scope, Authorization>>,
    uploads: Mutex<HashMap<Scope, oci_client::Client>>,
}

/// An answer that has been read whole. The body of an error is cut after [`ERROR_BODY_BYTES_MAX`].
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// A blob on its way down.
pub(crate) struct Download<'a> {
    remote: &'a Remote,
    response: Response,
}

impl Download<'_> {
    /// The next bytes; None at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, RequestError> {
        self.remote.next_chunk(&mut self.response).await
    }
}

/// A request without a body.
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) accept: Option<&'static str>,
    /// What must be permitted; None for what is open to all.
    pub(crate) scope: Option<&'a Scope>,
    /// What is asked for, for messages: "the manifest `1.0.0`".
    pub(crate) what: String,
    /// The most bytes of the answer.
    pub(crate) max_bytes: usize,
}

impl Remote {
    pub(crate) fn new(
        host: RegistryHost,
        plain_http: bool,
        tls: &Tls,
        sources: Sources,
        retry: Retry,
        timeouts: Timeouts,
    ) -> Result<Self, ConfigError> {
        let scheme = if plain_http { "http" } else { "https" };
        // Docker Hub is named `docker.io` and served elsewhere.
        let served =
            if host.host() == "docker.io" { "registry-1.docker.io".to_owned() } else { host.to_string() };
        let base = Url::parse(&format!("{scheme}://{served}/"))
            .map_err(|error| ConfigError::Http { message: error.to_string() })?;
        let clients = HttpClients::new(&host, tls, timeouts)?;
        Ok(Self {
            host,
            base,
            clients,
            sources,
            retry,
            timeouts,
            granted: Mutex::default(),
            uploads: Mutex::default(),
        })
    }

    /// The registry as the user wrote it.
    pub(crate) fn host(&self) -> &RegistryHost {
        &self.host
    }

    /// `scheme://host:port/`.
    pub(crate) fn base(&self) -> &Url {
        &self.base
    }

    /// The URL of a path below the registry. `path` is made of parsed names and needs no escaping but that of a digest's colon.
    pub(crate) fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(path);
        url
    }

    /// Fetches or looks for a manifest; status 404 is an answer like any other.
    pub(crate) async fn manifest(
        &self,
        method: Method,
        repository: &RepositoryName,
        target: &TagOrDigest,
        scope: &Scope,
    ) -> Result<Answer, RequestError> {
        let call = Call {
            method,
            url: self.url(&format!("/v2/{repository}/manifests/{target}")),
            accept: Some(MANIFEST_TYPES),
            scope: Some(scope),
            what: format!("the manifest `{target}`"),
            max_bytes: MANIFEST_BYTES_MAX,
        };
        self.fetch(&call).await
    }

    /// Begins to fetch a blob. Only the registry itself is asked, not the `urls` of a descriptor. The caller checks the
    /// size and the digest while it reads.
    pub(crate) async fn download(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
        scope: &Scope,
    ) -> Result<Download<'_>, RequestError> {
        let call = Call {
            method: Method::GET,
            url: self.url(&format!("/v2/{repository}/blobs/{digest}")),
            accept: None,
            scope: Some(scope),
            what: format!("the blob `{digest}`"),
            max_bytes: 0,
        };
        let response = self.authorized(&call).await?;
        if response.status() == StatusCode::OK {
            return Ok(Download { remote: self, response });
        }
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let answer = Answer { status, headers, body: self.read_start(response).await };
        Err(answer.unexpected(self, &call.what))
    }

    /// Sends a request until there is an answer that is worth having, and reads it. Any status but those of
    /// refused access is returned.
    pub(crate) async fn fetch(&self, call: &Call<'_>) -> Result<Answer, RequestError> {
        let mut attempt = 1;
        loop {
            let last = attempt >= self.retry.attempts();
            let asked = match self.fetch_once(call).await {
                Ok(answer) if !last && is_transient(answer.status) => retry_after(&answer.headers),
                Err(error) if !last && error.is_transient() => None,
                outcome => return outcome,
            };
            tracing::debug!(url = %call.url, attempt, "the request is sent again");
            self.pause(attempt, asked).await;
            attempt += 1;
        }
    }

    /// Waits before a request is sent again.
    pub(crate) async fn pause(&self, attempt: u32, asked: Option<Duration>) {
        tokio::time::sleep(self.retry.delay(attempt, asked)).await;
    }

    /// How many times a transfer is tried.
    pub(crate) fn attempts(&self) -> u32 {
        self.retry.attempts()
    }

    async fn fetch_once(&self, call: &Call<'_>) -> Result<Answer, RequestError> {
        let response = self.authorized(call).await?;
        let status = response.status();
        let headers = response.headers().clone();
        let body = if call.method == Method::HEAD {
            Bytes::new()
        } else if status.is_success() {
            self.read_whole(response, call.max_bytes, &call.what).await?
        } else {
            self.read_start(response).await
        };
        Ok(Answer { status: status.as_u16(), headers, body })
    }

    /// Sends the request once, with `authorization` if there is one.
    async fn send(
        &self,
        call: &Call<'_>,
        authorization: Option<&Authorization>,
    ) -> Result<Response, RequestError> {
        let mut request = self.clients.registry.request(call.method.clone(), call.url.clone());
        if let Some(accept) = call.accept {
            request = request.header(ACCEPT, accept);
        }
        if let Some(authorization) = authorization {
            request = authorization.apply(request);
        }
        self.wait(request).await
    }

    /// Waits for the head of the answer.
    async fn wait(&self, request: reqwest::RequestBuilder) -> Result<Response, RequestError> {
        match tokio::time::timeout(self.timeouts.response, request.send()).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(RequestError::from_reqwest(&self.host, &error)),
            Err(_) => Err(self.timed_out(self.timeouts.response)),
        }
    }

    /// Reads all of the body, which has at most `max_bytes`.
    async fn read_whole(
        &self,
        mut response: Response,
        max_bytes: usize,
        what: &str,
    ) -> Result<Bytes, RequestError> {
        let too_large = || RequestError::TooLarge {
            registry: self.host.clone(),
            what: what.to_owned(),
            max_bytes: max_bytes as u64,
        };
        if response.content_length().is_some_and(|length| length > max_bytes as u64) {
            return Err(too_large());
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = self.next_chunk(&mut response).await? {
            if body.len() + chunk.len() > max_bytes {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    /// Reads the beginning of an error's body. That it cannot be read is not worth an error of its own.
    async fn read_start(&self, mut response: Response) -> Bytes {
        let mut body = BytesMut::new();
        while let Ok(Some(chunk)) = self.next_chunk(&mut response).await {
            body.extend_from_slice(&chunk[..chunk.len().min(ERROR_BODY_BYTES_MAX - body.len())]);
            if body.len() == ERROR_BODY_BYTES_MAX {
                break;
            }
        }
        body.freeze()
    }

    async fn next_chunk(&self, response: &mut Response) -> Result<Option<Bytes>, RequestError> {
        match tokio::time::timeout(self.timeouts.idle, response.chunk()).await {
            Ok(Ok(chunk)) => Ok(chunk),
            Ok(Err(error)) => Err(RequestError::from_reqwest(&self.host, &error)),
            Err(_) => Err(self.timed_out(self.timeouts.idle)),
        }
    }

    fn timed_out(&self, limit: Duration) -> RequestError {
        RequestError::Timeout { registry: self.host.clone(), limit_ms: limit.as_millis() as u64 }
    }
}

impl Answer {
    /// The header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The error that this answer is, because its status is none of those that are good.
    pub(crate) fn unexpected(&self, remote: &Remote, what: &str) -> RequestError {
        RequestError::Status {
            registry: remote.host.clone(),
            what: what.to_owned(),
            status: self.status,
            message: error::message(&self.body),
        }
    }
}

/// Whether the same request may have another answer soon.
fn is_transient(status: u16) -> bool {
    matches!(status, 429 | 500 | 502 | 503 | 504)
}

/// The pause that the registry asks for, if it says it in seconds.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}
