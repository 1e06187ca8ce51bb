//! Answers HTTP requests: `GET /` greets the world, `GET /?name=Ada` greets Ada.

mod answer;

use std::io::Write;

use answer::Answer;
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{
    Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};

struct Component;

wasip2::http::proxy::export!(Component);

impl Guest for Component {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = request.path_with_query().unwrap_or_default();
        send(&answer::answer(&target), out);
    }
}

fn send(answer: &Answer, out: ResponseOutparam) {
    let fields = Fields::new();
    fields
        .append("content-type", b"text/plain; charset=utf-8")
        .expect("the header can be set");
    let response = OutgoingResponse::new(fields);
    response
        .set_status_code(answer.status)
        .expect("the status is one of HTTP");
    let body = response.body().expect("nobody took the body before");
    ResponseOutparam::set(out, Ok(response));

    // From here on the client may have gone away, which is no fault of ours.
    let mut stream = body.write().expect("nobody took the stream before");
    let written = stream.write_all(answer.body.as_bytes());
    drop(stream);
    if written.is_ok() {
        let _ = OutgoingBody::finish(body, None);
    }
}
