//! What every request goes through on its way to the routes and back.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderValue, Method, Request, Version, header};
use hyper::body::{Body as _, Incoming};
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use tokio::sync::Semaphore;

use super::gate;
use super::incoming::{Counted, WatchedBody};
use super::memory::Memory;
use crate::api_error::{ApiError, Code};
use crate::limits::{ANSWER_MEMORY_MAX, LISTS_AT_ONCE_MAX, MANIFEST_MEMORY_MAX};
use crate::network;
use crate::path::{self, Endpoint};
use crate::peer::Peer;
use crate::registry::Registry;
use crate::routes::RequestBody;
use crate::store::UploadKey;
use crate::throttle::{Client, IdentityRates, Inside, Throttle};

/// What all connections share.
#[derive(Clone)]
pub(super) struct Edge {
    parts: Arc<EdgeParts>,
    router: TowerToHyperService<Router>,
}

struct EdgeParts {
    registry: Registry,
    throttle: Arc<Throttle>,
    stall: Duration,
    answers: Memory,
    manifests: Memory,
    lists: Semaphore,
}

impl Edge {
    /// In front of `router`.
    pub(super) fn new(
        registry: Registry,
        router: Router,
        throttle: Arc<Throttle>,
        network: &network::Settings,
    ) -> Self {
        let parts = EdgeParts {
            registry,
            throttle,
            stall: network.stall(),
            answers: Memory::new(ANSWER_MEMORY_MAX),
            manifests: Memory::new(MANIFEST_MEMORY_MAX),
            lists: Semaphore::new(LISTS_AT_ONCE_MAX),
        };
        Self { parts: Arc::new(parts), router: TowerToHyperService::new(router) }
    }

    /// Answers a request that came by the connection of `peer`.
    pub(super) async fn answer(&self, peer: Peer, request: Request<Incoming>) -> Response {
        let (mut head, body) = request.into_parts();
        let parts = &*self.parts;
        let direct = peer.address.ip();
        let address = parts.throttle.client(direct, &head.headers);
        let secure = peer.secure || parts.throttle.is_forwarded_secure(direct, &head.headers);
        // Of a client behind a proxy, only the address is known.
        let port = if address == direct { peer.address.port() } else { 0 };
        head.extensions.insert(Peer { address: SocketAddr::new(address, port), secure });
        head.extensions.insert(IdentityRates::new(parts.throttle.clone()));
        let kind = Kind::of(&head);
        let entered = parts.enter(Client::of(address), &head, kind);
        let refused = Arc::new(AtomicBool::new(false));
        let body = if body.is_end_stream() {
            Body::empty()
        } else {
            let counted =
                (kind == Kind::Manifest).then(|| Counted::new(parts.manifests.clone(), refused.clone()));
            Body::new(WatchedBody::new(body, parts.stall, counted))
        };
        let _inside = match entered {
            Ok(inside) => inside,
            Err(error) => {
                // Takes it in, so that the client sees the answer.
                drop(RequestBody::new(body));
                return error.into_response();
            }
        };
        let begins = (kind == Kind::Session).then(|| head.uri.path().to_owned());
        let _list = match kind {
            Kind::List => Some(parts.lists.acquire().await),
            _ => None,
        };
        let Ok(mut response) = self.router.call(Request::from_parts(head, body)).await;
        if refused.load(Ordering::Acquire) {
            response = busy("too many large manifests arrive at once").into_response();
        }
        if let Some(path) = begins {
            parts.remember_session(Client::of(address), &path, &response);
        }
        match parts.answers.hold_answer(response).await {
            Some(response) => response,
            None => busy("too many large answers are under way").into_response(),
        }
    }
}

impl EdgeParts {
    /// Lets a request in, and counts it while it is there.
    fn enter(&self, client: Client, head: &Parts, kind: Kind) -> Result<Option<Inside>, ApiError> {
        // What follows on the connection may be part of what was not understood.
        gate::check(head).map_err(|error| match head.version {
            Version::HTTP_2 => error,
            _ => error.header(header::CONNECTION, HeaderValue::from_static("close")),
        })?;
        if kind == Kind::Health {
            return Ok(None);
        }
        self.throttle.admit(client, &head.method, Instant::now())?;
        if !matches!(kind, Kind::Manifest | Kind::Upload | Kind::Session) {
            return Ok(None);
        }
        let uploads = &self.throttle.uploads;
        let inside = uploads.enter(client).ok_or_else(|| {
            busy(&format!("expected at most {} uploads of one client at once", uploads.maximum()))
        })?;
        let sessions = &self.throttle.sessions;
        if kind == Kind::Session && !sessions.admits(client, |upload| self.is_open(upload)) {
            let maximum = sessions.maximum();
            return Err(busy(&format!(
                "expected at most {maximum} open uploads of one client: end or cancel some"
            )));
        }
        Ok(Some(inside))
    }

    fn remember_session(&self, client: Client, path: &str, response: &Response) {
        let id = response.headers().get("docker-upload-uuid").and_then(|id| id.to_str().ok());
        let name = path.strip_prefix("/v2/").and_then(path::parse).and_then(|(name, _)| name.parse().ok());
        if let (Some(id), Some(repository)) = (id, name) {
            let upload = UploadKey { id: id.to_owned(), repository };
            self.throttle.sessions.begun(client, upload, |upload| self.is_open(upload));
        }
    }

    fn is_open(&self, upload: &UploadKey) -> bool {
        self.registry.upload_size(upload).is_ok()
    }
}

/// What a request is about, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Health,
    /// Begins an upload.
    Session,
    /// Sends bytes of an upload.
    Upload,
    /// Pushes a manifest.
    Manifest,
    /// Asks for a list, which may be long.
    List,
    Other,
}

impl Kind {
    fn of(head: &Parts) -> Self {
        let path = head.uri.path();
        if path == "/healthz" {
            return Self::Health;
        }
        // Whatever is done with tokens reads all of them.
        if path == "/v2/_catalog" || path.starts_with("/api/v1/tokens") {
            return Self::List;
        }
        match (path.strip_prefix("/v2/").and_then(path::parse).map(|(_, endpoint)| endpoint), &head.method) {
            (Some(Endpoint::Uploads), &Method::POST) => Self::Session,
            (Some(Endpoint::Upload(_)), &Method::PATCH | &Method::PUT) => Self::Upload,
            (Some(Endpoint::Manifest(_)), &Method::PUT) => Self::Manifest,
            (Some(Endpoint::Tags | Endpoint::Referrers(_)), _) => Self::List,
            _ => Self::Other,
        }
    }
}

/// There is no room for a request at the moment.
pub(super) fn busy(message: &str) -> ApiError {
    ApiError::new(Code::TooManyRequests, message)
}
