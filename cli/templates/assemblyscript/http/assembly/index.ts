import { answer } from "./answer";
import {
  ErrorCode,
  Fields,
  IncomingRequest,
  OutgoingBody,
  OutgoingResponse,
  ResponseOutparam,
} from "./bindings/imports/wasi-http-types";
import { Result } from "./bindings/types";
import { write } from "./output";

/** `wasi:http/incoming-handler` */
export namespace incomingHandler {
  export function handle(
    request: IncomingRequest,
    responseOut: ResponseOutparam,
  ): void {
    const path = request.pathWithQuery();
    request.drop();
    const text = answer(path === null ? "/" : path);
    if (text === null) {
      respond(responseOut, 404, "not found\n");
    } else {
      respond(responseOut, 200, text);
    }
  }
}

function respond(
  responseOut: ResponseOutparam,
  status: u16,
  text: string,
): void {
  const headers = new Fields();
  const type = Uint8Array.wrap(String.UTF8.encode("text/plain; charset=utf-8"));
  headers.append("content-type", type);
  const response = new OutgoingResponse(headers);
  response.setStatusCode(status);
  const body = response.body().value;
  ResponseOutparam.set(
    responseOut,
    Result.ok<OutgoingResponse, ErrorCode>(response),
  );
  const stream = body.write().value;
  write(stream, text);
  stream.drop();
  OutgoingBody.finish(body, null);
}
