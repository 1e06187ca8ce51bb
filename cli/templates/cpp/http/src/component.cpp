// Takes a request apart and puts a response together; what is answered is in answer.cpp.
#include "{{name_snake}}_cpp.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <span>
#include <string_view>

#include "answer.h"

namespace http = wasi::http::types;

namespace {

std::span<const uint8_t> Bytes(std::string_view text) {
    return {reinterpret_cast<const uint8_t *>(text.data()), text.size()};
}

http::Fields PlainText() {
    http::Fields fields;
    if (!fields.Append("content-type", Bytes("text/plain; charset=utf-8"))) {
        std::abort();
    }
    return fields;
}

// Writes the body. Whoever asked may be gone: then there is nothing left to do.
void Write(const http::OutgoingBody &body, std::span<const uint8_t> bytes) {
    // The most that one call of a stream takes.
    constexpr std::size_t piece = 4096;
    auto stream = body.Write();
    while (stream && !bytes.empty()) {
        const auto length = std::min(bytes.size(), piece);
        if (!stream->BlockingWriteAndFlush(bytes.first(length))) {
            return;
        }
        bytes = bytes.subspan(length);
    }
}

} // namespace

void exports::wasi::http::incoming_handler::Handle(
    ::wasi::http::types::IncomingRequest &&request,
    ::wasi::http::types::ResponseOutparam &&response_out) {
    const auto path = request.PathWithQuery();
    const auto answer = AnswerTo(path ? path->get_view() : std::string_view());

    ::http::OutgoingResponse response(PlainText());
    auto body = response.Body();
    if (!response.SetStatusCode(answer.status) || !body) {
        std::abort();
    }
    // The response goes out before its body is written.
    ::http::ResponseOutparam::Set(std::move(response_out), std::move(response));
    Write(*body, Bytes(answer.body));
    (void)::http::OutgoingBody::Finish(std::move(*body), std::nullopt);
}
