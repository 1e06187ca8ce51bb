"""The component: it takes requests from `wasi:http` and sends the service's answers."""

from componentize_py_types import Ok
from wit_world import exports
from wit_world.imports.types import (
    Fields,
    IncomingRequest,
    Method,
    Method_Other,
    OutgoingBody,
    OutgoingResponse,
    ResponseOutparam,
)

from service import answer

# WASI takes no more bytes than this at once.
CHUNK_MAX = 4096


class IncomingHandler(exports.IncomingHandler):
    """The WIT interface `wasi:http/incoming-handler`."""

    def handle(self, request: IncomingRequest, response_out: ResponseOutparam) -> None:
        answered = answer(method_of(request.method()), request.path_with_query() or "/")
        send(response_out, answered.status, answered.body.encode())


def method_of(method: Method) -> str:
    """`GET` of the class `Method_Get`, for instance."""
    if isinstance(method, Method_Other):
        return method.value
    return type(method).__name__.removeprefix("Method_").upper()


def send(response_out: ResponseOutparam, status: int, content: bytes) -> None:
    headers = Fields.from_list(
        [
            ("content-type", b"text/plain; charset=utf-8"),
            ("content-length", str(len(content)).encode()),
        ]
    )
    response = OutgoingResponse(headers)
    response.set_status_code(status)
    body = response.body()
    ResponseOutparam.set(response_out, Ok(response))
    with body.write() as stream:
        for start in range(0, len(content), CHUNK_MAX):
            stream.blocking_write_and_flush(content[start : start + CHUNK_MAX])
    OutgoingBody.finish(body, None)
