import {
  Fields,
  OutgoingBody,
  OutgoingResponse,
  ResponseOutparam,
} from "wasi:http/types@0.2.12";
import { answer } from "./service.js";

const encoder = new TextEncoder();

// The interface `wasi:http/incoming-handler`.
export const incomingHandler = {
  handle(request, out) {
    const { status, body } = answer(request.pathWithQuery() ?? "/");
    respond(out, status, body);
  },
};

function respond(out, status, text) {
  const headers = Fields.fromList([
    ["content-type", encoder.encode("text/plain; charset=utf-8")],
  ]);
  const response = new OutgoingResponse(headers);
  response.setStatusCode(status);
  const body = response.body();
  ResponseOutparam.set(out, { tag: "ok", val: response });
  const stream = body.write();
  stream.blockingWriteAndFlush(encoder.encode(text));
  // A body can only be finished when its stream has been given up.
  stream[Symbol.dispose]();
  OutgoingBody.finish(body, undefined);
}
