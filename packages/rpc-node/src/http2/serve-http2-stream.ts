import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { type CallServer, Code, RpcError, type ServedMethod, type ServedStream } from "@msec/rpc";
import type { WebHandlers } from "../connect/web-handlers.ts";
import { refuseEncoding } from "../grpc/grpc-compression.ts";
import { GrpcStreamCall } from "../grpc/grpc-stream-call.ts";
import { parseGrpcTimeout } from "../grpc/grpc-timeout.ts";
import { GrpcUnaryCall } from "../grpc/grpc-unary-call.ts";
import { RefusedGrpcCall } from "../grpc/refused-grpc-call.ts";
import type { Http2Json } from "../http-json/http2-json.ts";
import { firstHeader } from "./header-metadata.ts";
import type { Http2Exchange, Http2Shared, HttpConnection } from "./http2-exchange.ts";
import { isUnary, type MethodLookup, nameFromPath } from "./method-lookup.ts";
import type { ArrivedHeaders } from "./web-call.ts";

/** Tells what an HTTP/2 request is, and serves it: gRPC, unary Connect and HTTP+JSON with our own code, the rest with connect-node. */
export class Http2Streams {
  readonly #shared: Http2Shared;
  readonly #calls: CallServer;
  readonly #methods: MethodLookup;
  readonly #web: WebHandlers;
  readonly #json: Http2Json;

  constructor(shared: Http2Shared, methods: MethodLookup, web: WebHandlers, json: Http2Json) {
    this.#shared = shared;
    this.#calls = shared.calls;
    this.#methods = methods;
    this.#web = web;
    this.#json = json;
  }

  /** Serve one request. */
  serve(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    connection: HttpConnection,
  ): Http2Exchange | undefined {
    const status = refusedStatus(headers, this.#shared.limits.http.maxHeaderBytes);
    const path = headers[":path"] as string;
    if (status && !(status === 403 && this.#json.isVisit(headers[":method"] as string, path, headers))) {
      stream.respond({ ":status": status }, { endStream: true });
      stream.close(constants.NGHTTP2_NO_ERROR);
      return undefined;
    }
    const type = headers["content-type"];
    if (type === "application/grpc" || (type !== undefined && isGrpcProto(type))) {
      return this.#serveGrpc(stream, headers, connection);
    }
    return this.#web.serveHttp2(stream, headers, connection, this.#json);
  }

  #serveGrpc(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    connection: HttpConnection,
  ): Http2Exchange | undefined {
    if (headers[":method"] !== "POST") {
      stream.respond({ ":status": 405, allow: "POST" }, { endStream: true });
      stream.close(constants.NGHTTP2_NO_ERROR);
      return undefined;
    }
    const path = headers[":path"] as string;
    const method = this.#methods.find(path);
    const timeoutMs = parseGrpcTimeout(headers["grpc-timeout"] as string | undefined);
    const arrived: ArrivedHeaders = {
      method: method ? method.name : nameFromPath(path),
      headers,
      connection,
      receivedMs: performance.now(),
      timeoutMs: timeoutMs ?? Number.POSITIVE_INFINITY,
    };
    const call = this.#callOf(stream, arrived, method);
    const refusal =
      (method ? undefined : unknownPath(path)) ??
      (timeoutMs === undefined ? badTimeout(firstHeader(headers, "grpc-timeout")) : undefined) ??
      refuseEncoding(firstHeader(headers, "grpc-encoding")) ??
      // A unary call asks again when its request is there; the overload's measure is what it has waited for by then.
      (call instanceof GrpcUnaryCall && !this.#calls.stopping ? undefined : this.#calls.admit(call));
    if (refusal) {
      this.#calls.refuse(call, refusal);
    } else if (call instanceof GrpcUnaryCall) {
      call.read();
    } else if (call instanceof GrpcStreamCall) {
      void call.run();
    }
    return call;
  }

  #callOf(
    stream: ServerHttp2Stream,
    arrived: ArrivedHeaders,
    method: ServedMethod | ServedStream | undefined,
  ): GrpcUnaryCall | GrpcStreamCall | RefusedGrpcCall {
    if (!method) {
      return new RefusedGrpcCall(arrived, stream);
    }
    return isUnary(method)
      ? new GrpcUnaryCall(arrived, stream, method, this.#shared)
      : new GrpcStreamCall(arrived, stream, method, this.#shared);
  }
}

/**
 * The status of a request that is refused for its form, as on HTTP/1.1: 431 for too many bytes of headers, 400 where Host names another host than `:authority`, 403 where a
 * browser sends it for a page of another origin. Any page could otherwise call services that only this machine reaches.
 */
function refusedStatus(headers: IncomingHttpHeaders, maxHeaderBytes: number): 400 | 403 | 431 | undefined {
  if (headerBytes(headers) > maxHeaderBytes) {
    return 431;
  }
  const { host, origin } = headers;
  const authority = headers[":authority"] as string | undefined;
  if (host !== undefined && authority !== undefined && host !== authority) {
    return 400;
  }
  const site = headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin" && site !== "none") {
    return 403;
  }
  const own = authority ?? host;
  if (origin !== undefined && (own === undefined || URL.parse(origin)?.host !== URL.parse(`http://${own}`)?.host)) {
    return 403;
  }
  return undefined;
}

// Node tells clients this limit, and enforces only one of its own on their number.
function headerBytes(headers: IncomingHttpHeaders): number {
  let bytes = 0;
  for (const name in headers) {
    // Of values in a list the commas stand for what each would count besides.
    bytes += name.length + String(headers[name]).length;
  }
  return bytes;
}

function isGrpcProto(type: string): boolean {
  return type === "application/grpc+proto" || /^application\/grpc(\+proto)?\s*;/.test(type);
}

/** Nothing is served under this path. */
export function unknownPath(path: string): RpcError {
  return new RpcError(Code.Unimplemented, `no method ${JSON.stringify(path.slice(0, 200))} here`, {
    details: { ret: -6, notExecuted: true },
  });
}

/** The caller's timeout cannot be read. */
export function badTimeout(text: string): RpcError {
  return new RpcError(Code.InvalidArgument, `${JSON.stringify(text.slice(0, 40))} is no timeout`);
}
