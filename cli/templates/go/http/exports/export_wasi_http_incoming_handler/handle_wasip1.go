// Package export_wasi_http_incoming_handler exports the WIT interface `incoming-handler`: it lets the
// service answer through net/http. The bindings, which `wkit build` makes, call Handle.
package export_wasi_http_incoming_handler

import (
	"errors"
	"io"
	"net/http"

	wit "go.bytecodealliance.org/pkg/wit/types"

	types "example.com/{{name}}/imports/wasi_http_types"
	streams "example.com/{{name}}/imports/wasi_io_streams"
	"example.com/{{name}}/service"
)

// chunkMax is how many bytes WASI takes and gives at once.
const chunkMax = 4096

var handler = service.Handler()

// Handle answers one request.
func Handle(request *types.IncomingRequest, out *types.ResponseOutparam) {
	answer := &response{out: out, header: http.Header{}}
	defer answer.close()
	received, err := newRequest(request)
	if err != nil {
		http.Error(answer, err.Error(), http.StatusBadRequest)
		return
	}
	defer received.Body.Close()
	handler.ServeHTTP(answer, received)
}

// newRequest is the request in the form of net/http.
func newRequest(request *types.IncomingRequest) (*http.Request, error) {
	target := "http://" + request.Authority().SomeOr("localhost") + request.PathWithQuery().SomeOr("/")
	received, err := http.NewRequest(method(request.Method()), target, newBody(request))
	if err != nil {
		return nil, err
	}
	fields := request.Headers()
	defer fields.Drop()
	for _, field := range fields.Entries() {
		received.Header.Add(field.F0, string(field.F1))
	}
	received.RequestURI = received.URL.RequestURI()
	return received, nil
}

func method(method types.Method) string {
	switch method.Tag() {
	case types.Method_Other:
		return method.Other()
	default:
		return methods[method.Tag()]
	}
}

var methods = map[uint8]string{
	types.Method_Get:     http.MethodGet,
	types.Method_Head:    http.MethodHead,
	types.Method_Post:    http.MethodPost,
	types.Method_Put:     http.MethodPut,
	types.Method_Delete:  http.MethodDelete,
	types.Method_Connect: http.MethodConnect,
	types.Method_Options: http.MethodOptions,
	types.Method_Trace:   http.MethodTrace,
	types.Method_Patch:   http.MethodPatch,
}

// body reads what the client sends, while it comes.
type body struct {
	incoming *types.IncomingBody
	stream   *streams.InputStream
}

func newBody(request *types.IncomingRequest) io.ReadCloser {
	incoming := request.Consume()
	if incoming.IsErr() {
		return http.NoBody
	}
	stream := incoming.Ok().Stream()
	if stream.IsErr() {
		incoming.Ok().Drop()
		return http.NoBody
	}
	return &body{incoming: incoming.Ok(), stream: stream.Ok()}
}

func (b *body) Read(buffer []byte) (int, error) {
	if len(buffer) == 0 {
		return 0, nil
	}
	read := b.stream.BlockingRead(uint64(min(len(buffer), chunkMax)))
	if read.IsErr() {
		if read.Err().Tag() == streams.StreamError_Closed {
			return 0, io.EOF
		}
		return 0, errors.New("the request's body broke off")
	}
	return copy(buffer, read.Ok()), nil
}

func (b *body) Close() error {
	// A stream must be gone before its body.
	b.stream.Drop()
	b.incoming.Drop()
	return nil
}

// response is an http.ResponseWriter that sends as it is written.
type response struct {
	out    *types.ResponseOutparam
	header http.Header
	body   *types.OutgoingBody
	stream *streams.OutputStream
}

func (r *response) Header() http.Header { return r.header }

func (r *response) WriteHeader(status int) {
	if r.body != nil {
		return
	}
	fields := types.MakeFields()
	for name, values := range r.header {
		for _, value := range values {
			// A name that WASI forbids, such as Connection, is none of the service's business.
			fields.Append(name, []byte(value))
		}
	}
	outgoing := types.MakeOutgoingResponse(fields)
	outgoing.SetStatusCode(uint16(status))
	r.body = outgoing.Body().Ok()
	r.stream = r.body.Write().Ok()
	types.ResponseOutparamSet(r.out, wit.Ok[*types.OutgoingResponse, types.ErrorCode](outgoing))
}

func (r *response) Write(data []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	for sent := 0; sent < len(data); {
		chunk := data[sent:min(sent+chunkMax, len(data))]
		if r.stream.BlockingWriteAndFlush(chunk).IsErr() {
			return sent, errors.New("the client is gone")
		}
		sent += len(chunk)
	}
	return len(data), nil
}

// close ends the response, which is an empty one if nothing was written.
func (r *response) close() {
	r.WriteHeader(http.StatusOK)
	r.stream.Drop()
	types.OutgoingBodyFinish(r.body, wit.None[*types.Fields]())
}
