import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import { Code, isCode } from "@msec/rpc";
import { encodeGrpcMessage } from "../grpc/grpc-status.ts";

// Which code connect-node stands for with each status of a unary Connect call; several share one, then it is the likely one here.
const codeOfStatus: Readonly<Record<number, Code>> = {
  400: Code.InvalidArgument,
  404: Code.Unimplemented,
  405: Code.Unimplemented,
  415: Code.InvalidArgument,
  429: Code.ResourceExhausted,
  501: Code.Unimplemented,
  504: Code.DeadlineExceeded,
  505: Code.Unimplemented,
};

/** The code of an answer that connect-node gave by itself. */
export function codeFromResponse(response: ServerResponse): Code {
  const status = Number(response.getHeader("grpc-status") ?? Number.NaN);
  return isCode(status) && status !== Code.Ok ? status : (codeOfStatus[response.statusCode] ?? Code.InvalidArgument);
}

/** Say that no method is served under a path, in the protocol that the request speaks. */
export function respondUnknownPath(
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse,
  path: string,
): void {
  const message = `no method ${JSON.stringify(path.slice(0, 200))} here`;
  const type = request.headers["content-type"] ?? "";
  request.resume();
  if (type.startsWith("application/grpc")) {
    response.writeHead(200, {
      "content-type": type.slice(0, 100),
      "grpc-status": String(Code.Unimplemented),
      "grpc-message": encodeGrpcMessage(message),
    });
    response.end();
    return;
  }
  const body = JSON.stringify({ code: "unimplemented", message });
  response.writeHead(404, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  response.end(body);
}

const readTypes =
  "application/json, application/proto, application/connect+json, application/connect+proto, application/grpc, application/grpc-web";

/** Say what is wrong with a unary Connect request. */
export function respondBadRequest(
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse,
  message: string,
): void {
  const body = JSON.stringify({ code: "invalid_argument", message });
  response.writeHead(400, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  request.resume();
  response.end(body);
}

/** Say why a request for a method that is served is not read: its verb (405) or its content type (415). */
export function respondUnservedForm(
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse,
  status: 405 | 415,
  hasGet: boolean,
): void {
  const { method, headers } = request;
  const type = JSON.stringify((headers["content-type"] ?? "none").slice(0, 80));
  const body = JSON.stringify({
    code: codeOfStatus[status] === Code.Unimplemented ? "unimplemented" : "invalid_argument",
    message:
      status === 405
        ? `${method} is not served here; POST the request`
        : `content-type ${type} is not read here; send application/json or application/proto, of a streaming method application/connect+json or application/connect+proto`,
  });
  response.writeHead(status, {
    ...(status === 405 ? { allow: hasGet ? "GET, POST" : "POST" } : { "accept-post": readTypes }),
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
  });
  request.resume();
  response.end(method === "HEAD" ? undefined : body);
}
