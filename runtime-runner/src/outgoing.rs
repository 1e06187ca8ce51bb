//! What becomes of a guest's outgoing requests: no grant opens the network, so each is refused before anything is
//! looked up or connected.

use std::future::Future;

use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

/// How many writes of a guest to the body of a response wait for the client at most; with one, which is the engine's
/// default, every first write would have to wait.
const BODY_CHUNKS_MAX: usize = 8;

/// The most bytes that one such write has, so that a response holds at most 1 MiB of the host's memory.
const BODY_CHUNK_BYTES_MAX: usize = 128 << 10;

/// Refuses every outgoing request.
pub(crate) struct NoOutgoingRequests;

/// What the engine wants to hear about a request that was sent: the response, and how its transfer ended.
type Sent = (http::Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>);

impl WasiHttpHooks for NoOutgoingRequests {
    fn send_request(
        &mut self,
        _request: http::Request<WasiBody>,
        _options: Option<RequestOptions>,
        _processed: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        Box::new(std::future::ready(Err(Error::HttpRequestDenied)))
    }

    fn p2_outgoing_body_buffer_chunks(&mut self) -> usize {
        BODY_CHUNKS_MAX
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        BODY_CHUNK_BYTES_MAX
    }
}
