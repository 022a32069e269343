import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import { Code, type MethodTable, RpcError } from "@msec/rpc";

const hint =
  "POST a JSON body to any path with ?methodName=package.Service.Method; the answer is {ret, errmsg, resultObj}";

const plainQuery = /\?methodName=([\w.]+)(?:&|$)/;

/** The method that the URL of an HTTP+JSON request names, "" for none: as the original, up to the next `&`, anywhere in the query. */
export function methodName(url: string): string {
  const query = url.indexOf("?");
  if (query < 0) {
    return "";
  }
  // The usual form, without the cost of parsing a query.
  const plain = plainQuery.exec(url);
  return plain?.index === query
    ? (plain[1] as string)
    : (new URLSearchParams(url.slice(query + 1)).get("methodName") ?? "");
}

/**
 * Why there is no unary method of this name.
 *
 * @param place  see `HttpJsonShared.place`
 */
export function unknownMethod(name: string, place: string, methods: MethodTable<never>): RpcError {
  let text = `no method ${JSON.stringify(name.slice(0, 200))} ${place}`;
  if (name === "") text = `the URL has no methodName; ${hint}`;
  else if (methods.findStream(name)) {
    text = `${name} is a streaming method, which HTTP+JSON does not carry; call it by gRPC, gRPC-Web or Connect on this port`;
  }
  return new RpcError(Code.Unimplemented, text, { details: { ret: -6, notExecuted: true } });
}

/** The caller's time limit cannot be read. */
export function badTimeout(): RpcError {
  return new RpcError(
    Code.InvalidArgument,
    "the time limit, header connect-timeout-ms or timeout_ms in the URL, is no whole number of milliseconds, 1…9999999999",
    { details: { ret: -5, notExecuted: true } },
  );
}

/** Why a body that has a `content-encoding` is not read; `undefined` where it has none. */
export function encodedBody(headers: IncomingHttpHeaders): RpcError | undefined {
  const encoding = headers["content-encoding"];
  return encoding === undefined || encoding === "identity"
    ? undefined
    : new RpcError(
        Code.InvalidArgument,
        `content-encoding ${JSON.stringify(encoding.slice(0, 40))} is not read here; send the JSON as it is, or call by Connect`,
        { details: { ret: -5, notExecuted: true } },
      );
}

/** Answer a request that is no POST. */
export function refuseMethod(request: IncomingMessage | Http2ServerRequest, response: ServerResponse): void {
  request.resume();
  const body = JSON.stringify({ ret: -3, errmsg: `${request.method} is not served here; ${hint}` });
  response.writeHead(405, {
    allow: "POST",
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(body),
    "msec-code": "Unimplemented",
  });
  response.end(request.method === "HEAD" ? undefined : body);
}
