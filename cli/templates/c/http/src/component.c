// Takes a request apart and puts a response together; what is answered is in answer.c.
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "{{name_snake}}.h"

// The most that one call of a stream takes.
static const size_t PIECE = 4096;

static wasi_http_types_own_headers_t plain_text(void) {
    wasi_http_types_own_fields_t fields = wasi_http_types_constructor_fields();
    wasi_http_types_field_name_t name;
    {{name_snake}}_string_set(&name, "content-type");
    const char type[] = "text/plain; charset=utf-8";
    wasi_http_types_field_value_t value = {.ptr = (uint8_t *)type, .len = strlen(type)};
    wasi_http_types_header_error_t error;
    if (!wasi_http_types_method_fields_append(wasi_http_types_borrow_fields(fields), &name, &value,
                                              &error)) {
        abort();
    }
    return fields;
}

// Writes the body and closes it. Whoever asked may be gone: then there is nothing left to do.
static void send(wasi_http_types_own_outgoing_body_t body, const char *text) {
    wasi_io_streams_own_output_stream_t stream;
    if (wasi_http_types_method_outgoing_body_write(wasi_http_types_borrow_outgoing_body(body),
                                                   &stream)) {
        wasi_io_streams_stream_error_t gone;
        bool open = true;
        for (size_t rest = strlen(text); open && rest > 0;) {
            size_t length = rest < PIECE ? rest : PIECE;
            {{name_snake}}_list_u8_t piece = {.ptr = (uint8_t *)text, .len = length};
            open = wasi_io_streams_method_output_stream_blocking_write_and_flush(
                wasi_io_streams_borrow_output_stream(stream), &piece, &gone);
            text += length;
            rest -= length;
        }
        if (!open) {
            wasi_io_streams_stream_error_free(&gone);
        }
        wasi_io_streams_output_stream_drop_own(stream);
    }
    wasi_http_types_error_code_t error;
    if (!wasi_http_types_static_outgoing_body_finish(body, NULL, &error)) {
        wasi_http_types_error_code_free(&error);
    }
}

void exports_wasi_http_incoming_handler_handle(
    exports_wasi_http_incoming_handler_own_incoming_request_t request,
    exports_wasi_http_incoming_handler_own_response_outparam_t response_out) {
    {{name_snake}}_string_t path = {0};
    wasi_http_types_method_incoming_request_path_with_query(
        wasi_http_types_borrow_incoming_request(request), &path);
    struct answer given = answer((const char *)path.ptr, path.len);
    {{name_snake}}_string_free(&path);
    wasi_http_types_incoming_request_drop_own(request);
    if (given.body == NULL) {
        abort();
    }

    wasi_http_types_own_outgoing_response_t response =
        wasi_http_types_constructor_outgoing_response(plain_text());
    wasi_http_types_borrow_outgoing_response_t borrowed =
        wasi_http_types_borrow_outgoing_response(response);
    wasi_http_types_own_outgoing_body_t body;
    if (!wasi_http_types_method_outgoing_response_set_status_code(borrowed, given.status) ||
        !wasi_http_types_method_outgoing_response_body(borrowed, &body)) {
        abort();
    }
    // The response goes out before its body is written.
    wasi_http_types_result_own_outgoing_response_error_code_t result = {.is_err = false,
                                                                        .val = {.ok = response}};
    wasi_http_types_static_response_outparam_set(response_out, &result);
    send(body, given.body);
    free(given.body);
}
