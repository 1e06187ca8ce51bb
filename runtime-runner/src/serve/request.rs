//! One request, on an instance of its own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::uri::{Authority, Scheme};
use http::{Request, Response, StatusCode, header};
use hyper::body::{Body, Incoming};
use tokio::sync::{Notify, OwnedSemaphorePermit, oneshot};
use tokio::task::{AbortHandle, JoinHandle};
use wasmtime::component::Accessor;
use wasmtime::{Store, Trap};
use wasmtime_wasi_http::p2::bindings::ProxyPre;
use wasmtime_wasi_http::p2::bindings::http::types::Scheme as P2Scheme;
use wasmtime_wasi_http::p3::Request as P3Request;
use wasmtime_wasi_http::p3::bindings::ServicePre;
use wasmtime_wasi_http::{WasiBody, WasiHttpView};

use super::body::{Counted, Watched, plain};
use super::ticker::{Expired, watch};
use super::{Handler, Phase, RequestFailure, RequestFault, Server};
use crate::limits::Meter;
use crate::outcome::Failure;
use crate::state::State;
use crate::{LimitReached, RunError};

/// How much of a path a report shows, in bytes; paths are ASCII.
const SHOWN_PATH_BYTES_MAX: usize = 200;

/// What a guest answers: a response, or the error code that it gave in place of one.
type Answer = Result<Response<WasiBody>, String>;

/// Where a guest's answer goes.
struct AnswerTo {
    client: oneshot::Sender<Answer>,
    body: Watched,
}

impl AnswerTo {
    fn send(self, answer: Answer) {
        // Nobody listens any longer if the client is gone.
        let _ = self.client.send(answer.map(|response| self.body.watch(response)));
    }
}

/// Why driving a guest ended early.
enum Ended {
    Instantiating(wasmtime::Error),
    Calling(wasmtime::Error),
    OutOfTime,
    /// The server does not wait for it any longer.
    CutOff,
}

/// Ends a guest whose client is gone.
struct EndOnDrop(Option<AbortHandle>);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        if let Some(guest) = self.0.take() {
            guest.abort();
        }
    }
}

impl Server {
    /// What the client gets for `request`.
    pub(super) async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<WasiBody> {
        let Some(authority) = authority(&request) else { return plain(StatusCode::BAD_REQUEST) };
        if request.body().size_hint().lower() > self.limits.body_bytes_max {
            return plain(StatusCode::PAYLOAD_TOO_LARGE);
        }
        let method = request.method().to_string();
        let path = shown_path(&request);
        let report = |fault: RequestFault, status: Option<StatusCode>| {
            let status = status.map(|status| status.as_u16());
            (self.report)(RequestFailure { method: method.clone(), path: path.clone(), status, fault });
        };
        let Some(place) = self.place().await else {
            let fault = RequestFault::Busy {
                requests_max: self.limits.requests_max,
                waiting_time_max: self.limits.waiting_time_max,
            };
            let status = fault.status();
            report(fault, Some(status));
            return plain(status);
        };
        let too_long = Arc::new(Notify::new());
        let request = {
            let (parts, body) = request.into_parts();
            Request::from_parts(parts, Counted::new(body, self.limits.body_bytes_max, Arc::clone(&too_long)))
        };
        let (client, mut answered) = oneshot::channel();
        let mut guest = tokio::spawn(Arc::clone(&self).handle(request, authority, client, place));
        let mut end_on_drop = EndOnDrop(Some(guest.abort_handle()));
        let answer = tokio::select! {
            biased;
            // Dropping the handle ends a guest that cannot make anything of its request.
            () = too_long.notified() => return plain(StatusCode::PAYLOAD_TOO_LARGE),
            answer = &mut answered => answer,
        };
        end_on_drop.0 = None;
        let fault = match answer {
            Ok(Ok(response)) => {
                tokio::spawn(report_later(Arc::clone(&self), guest, method, path));
                return response;
            }
            Ok(Err(code)) => RequestFault::Refused(code),
            // Every other end of the guest drops the sender.
            Err(_) => match (&mut guest).await {
                Ok(Some(fault)) => fault,
                Ok(None) if *self.phase.borrow() == Phase::Ended => {
                    return plain(StatusCode::SERVICE_UNAVAILABLE);
                }
                Ok(None) => RequestFault::NoAnswer,
                Err(_) => return plain(StatusCode::INTERNAL_SERVER_ERROR),
            },
        };
        let status = fault.status();
        report(fault, Some(status));
        plain(status)
    }

    /// A place among the requests that are handled, unless none becomes free in time.
    async fn place(&self) -> Option<OwnedSemaphorePermit> {
        let place = Arc::clone(&self.places).acquire_owned();
        tokio::time::timeout(self.limits.waiting_time_max, place).await.ok()?.ok()
    }

    /// Drives a guest to its end, with its answer on the way; gives what ended it early.
    async fn handle(
        self: Arc<Self>,
        request: Request<Counted>,
        authority: Authority,
        client: oneshot::Sender<Answer>,
        _place: OwnedSemaphorePermit,
    ) -> Option<RequestFault> {
        let limits = self.limits.request;
        let begun = Instant::now();
        let deadline = limits.wall_time_max.and_then(|wall_time_max| begun.checked_add(wall_time_max));
        let wasi = match self.grants.open() {
            Ok(wasi) => wasi,
            Err(error) => return Some(RunError::from(error).into()),
        };
        let mut store = Store::new(&self.program.shared.engine, State::new(wasi, Meter::new(limits)));
        store.limiter(|state| &mut state.meter);
        let _busy = self.ticker.as_ref().map(|ticker| {
            watch(&mut store, deadline);
            ticker.busy()
        });
        let mut phase = self.phase.clone();
        let body = Watched::default();
        let answer = AnswerTo { client, body: body.clone() };
        let ended = tokio::select! {
            biased;
            _ = phase.wait_for(|phase| *phase == Phase::Ended) => Err(Ended::CutOff),
            () = until(deadline) => Err(Ended::OutOfTime),
            ended = self.drive(&mut store, request, authority, answer) => ended,
        };
        let fault = self.judge(&store, ended.err()?);
        body.settle();
        fault
    }

    async fn drive(
        &self,
        store: &mut Store<State>,
        request: Request<Counted>,
        authority: Authority,
        answer: AnswerTo,
    ) -> Result<(), Ended> {
        match &self.handler {
            Handler::P2(handler) => drive_p2(handler, store, request, answer).await,
            Handler::P3(handler) => drive_p3(handler, store, request, authority, answer).await,
        }
    }

    fn judge(&self, store: &Store<State>, ended: Ended) -> Option<RequestFault> {
        let limits = self.limits.request;
        let denied = store.data().meter.denied();
        let error = match ended {
            Ended::CutOff => return None,
            Ended::OutOfTime => return Some(out_of_time(limits.wall_time_max)),
            Ended::Calling(error) | Ended::Instantiating(error) if error.is::<Expired>() => {
                return Some(out_of_time(limits.wall_time_max));
            }
            Ended::Calling(error) => error,
            Ended::Instantiating(error) if error.is::<Trap>() || error.is::<wasmtime_wasi::I32Exit>() => {
                error
            }
            Ended::Instantiating(error) => {
                return Some(RunError::cannot_instantiate(&error, denied, limits).into());
            }
        };
        Some(match Failure::of(&error, denied) {
            Failure::Exited(code) => RequestFault::Exited(code),
            Failure::Trapped(report) => RequestFault::Trapped(report),
        })
    }
}

async fn drive_p2(
    handler: &ProxyPre<State>,
    store: &mut Store<State>,
    request: Request<Counted>,
    answer: AnswerTo,
) -> Result<(), Ended> {
    let proxy = handler.instantiate_async(&mut *store).await.map_err(Ended::Instantiating)?;
    let mut http = store.data_mut().http();
    let request = http.new_incoming_request(P2Scheme::Http, request).map_err(Ended::Calling)?;
    let out = http
        .new_response_outparam_from_callback(move |response| {
            answer.send(response.map_err(|code| format!("`{code:?}`")));
        })
        .map_err(Ended::Calling)?;
    proxy.wasi_http_incoming_handler().call_handle(store, request, out).await.map_err(Ended::Calling)
}

async fn drive_p3(
    handler: &ServicePre<State>,
    store: &mut Store<State>,
    request: Request<Counted>,
    authority: Authority,
    answer: AnswerTo,
) -> Result<(), Ended> {
    let service = handler.instantiate_async(&mut *store).await.map_err(Ended::Instantiating)?;
    let (mut request, transferred) = P3Request::from_http(store.data_mut().http().hooks, request);
    // HTTP/1 has both outside of the request's target.
    request.scheme = Some(Scheme::HTTP);
    request.authority = Some(authority);
    let handled = store.run_concurrent(async |accessor: &Accessor<State>| {
        let response = match service.handle(accessor, request).await? {
            Ok(response) => response,
            Err(code) => {
                answer.send(Err(format!("`{code:?}`")));
                return Ok(());
            }
        };
        let response = accessor.with(|store| response.into_http(store, transferred))?;
        answer.send(Ok(response));
        // The guest's tasks write the body, and may go on after that.
        std::future::poll_fn(|context| accessor.poll_no_interesting_tasks(context)).await;
        Ok(())
    });
    handled.await.and_then(|handled| handled).map_err(Ended::Calling)
}

/// Reports what happens to a guest after it has begun to answer.
async fn report_later(
    server: Arc<Server>,
    guest: JoinHandle<Option<RequestFault>>,
    method: String,
    path: String,
) {
    if let Ok(Some(fault)) = guest.await {
        (server.report)(RequestFailure { method, path, status: None, fault });
    }
}

fn out_of_time(wall_time_max: Option<Duration>) -> RequestFault {
    RequestFault::Stopped(LimitReached::WallTime { wall_time_max: wall_time_max.unwrap_or_default() })
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

/// Whom the request is for: what its target says, or else its `host`; RFC 9112, section 3.2, wants one of them.
fn authority<B>(request: &Request<B>) -> Option<Authority> {
    if let Some(authority) = request.uri().authority() {
        return Some(authority.clone());
    }
    let host = request.headers().get(header::HOST)?;
    Authority::try_from(host.as_bytes()).ok()
}

fn shown_path<B>(request: &Request<B>) -> String {
    let path = request.uri().path_and_query().map_or("", |path| path.as_str());
    match path.char_indices().nth(SHOWN_PATH_BYTES_MAX) {
        Some((end, _)) => format!("{}…", &path[..end]),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(uri: &str, host: Option<&str>) -> Request<()> {
        let mut request = Request::new(());
        *request.uri_mut() = uri.parse().unwrap();
        if let Some(host) = host {
            request.headers_mut().insert(header::HOST, host.parse().unwrap());
        }
        request
    }

    #[test]
    fn the_authority_is_the_target_s_or_the_host_s() {
        let found = |uri: &str, host| authority(&request(uri, host)).map(|authority| authority.to_string());
        assert_eq!(found("/", Some("shop.example:8080")).as_deref(), Some("shop.example:8080"));
        assert_eq!(found("http://a.example/", Some("b.example")).as_deref(), Some("a.example"));
        assert_eq!(found("/", None), None);
        assert_eq!(found("/", Some("no authority")), None);
    }

    #[test]
    fn long_paths_are_cut_at_the_limit() {
        let path = |length: usize| shown_path(&request(&format!("/{}", "a".repeat(length - 1)), None));
        assert_eq!(path(SHOWN_PATH_BYTES_MAX).len(), SHOWN_PATH_BYTES_MAX);
        assert!(path(SHOWN_PATH_BYTES_MAX + 1).ends_with('…'));
    }
}
