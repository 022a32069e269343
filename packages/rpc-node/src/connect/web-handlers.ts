import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { Http2ServerRequest, Http2ServerResponse, type ServerHttp2Stream } from "node:http2";
import type { DescMethod } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { createConnectRouter, createContextKey, createContextValues, type HandlerContext } from "@connectrpc/connect";
import {
  compressionBrotli,
  compressionGzip,
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from "@connectrpc/connect-node";
import { type CallServer, Code, RpcError, type ServedMethod, type ServedStream } from "@msec/rpc";
import { parseConnectTimeout, parseGrpcTimeout } from "../grpc/grpc-timeout.ts";
import type { Http2Json } from "../http-json/http2-json.ts";
import { firstHeader } from "../http2/header-metadata.ts";
import type { Http2Exchange, Http2Shared, HttpConnection } from "../http2/http2-exchange.ts";
import { isUnary, type MethodLookup } from "../http2/method-lookup.ts";
import type { ArrivedHeaders } from "../http2/web-call.ts";
import { ConnectCall } from "./connect-call.ts";
import { connectErrorFromRpcError } from "./connect-error.ts";
import { faultOfGet } from "./connect-get.ts";
import { type ConnectFormat, ConnectUnaryCall, connectFormat } from "./connect-unary-call.ts";
import { codeFromResponse, respondBadRequest, respondUnknownPath, respondUnservedForm } from "./web-response.ts";

type NodeRequest = IncomingMessage | Http2ServerRequest;
/** Http2ServerResponse has the same methods; the two declarations only do not fit each other where they are called. */
type NodeResponse = ServerResponse;
type Handler = ReturnType<typeof createConnectRouter>["handlers"][number];

// The form of every URL of these protocols. The original's HTTP+JSON takes any path, but then names the method in the query.
const pathForm = /^\/[\w.]+\/\w+$/;

const callKey = createContextKey<ConnectCall | undefined>(undefined);

/**
 * Connect, gRPC-Web, and what of gRPC is rare (JSON messages), over HTTP/1.1 and HTTP/2: connect-node speaks the protocols, our
 * `CallServer` runs the handlers.
 */
export class WebHandlers {
  readonly #shared: Http2Shared;
  readonly #calls: CallServer;
  readonly #methods: MethodLookup;
  readonly #handlers = new Map<ServedMethod | ServedStream, Handler>();

  constructor(shared: Http2Shared, methods: MethodLookup) {
    this.#shared = shared;
    this.#calls = shared.calls;
    this.#methods = methods;
  }

  /** Whether a request with this URL is for us, not for the original's HTTP+JSON. */
  accepts(url: string): boolean {
    const mark = url.indexOf("?");
    // The usual form of HTTP+JSON is known without a look at the path.
    return !(mark >= 0 && url.includes("methodName=", mark)) && pathForm.test(mark < 0 ? url : url.slice(0, mark));
  }

  /** Serve an HTTP/1.1 request. */
  serveHttp1(request: IncomingMessage, response: ServerResponse, connection: HttpConnection): void {
    ignoreErrors(request, response);
    this.#serve(request, response, request.headers, connection);
  }

  /**
   * Serve an HTTP/2 request.
   *
   * @param json  serves those that are not for us
   */
  serveHttp2(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    connection: HttpConnection,
    json: Http2Json,
  ): Http2Exchange {
    const request = new Http2ServerRequest(stream, headers, {}, []);
    const receivedMs = performance.now();
    const response = new Http2ServerResponse(stream) as unknown as NodeResponse;
    ignoreErrors(request, response);
    const served =
      this.accepts(pathOf(headers)) || isFramed(headers)
        ? this.#serve(request, response, headers, connection)
        : json.serve(request, response, connection);
    return {
      stream,
      get comesSinceMs() {
        return served?.comesSinceMs ?? receivedMs;
      },
      get isIncomplete() {
        return served?.isIncomplete ?? false;
      },
    };
  }

  #serve(
    request: NodeRequest,
    response: NodeResponse,
    headers: IncomingHttpHeaders,
    connection: HttpConnection,
  ): Omit<Http2Exchange, "stream"> | undefined {
    const [path] = splitUrl(request.url);
    const method = this.#methods.find(path);
    if (!method) {
      respondUnknownPath(request, response, path);
      return undefined;
    }
    const arrived: ArrivedHeaders = {
      method: method.name,
      headers,
      connection,
      receivedMs: performance.now(),
      timeoutMs: timeoutOf(headers),
    };
    const format = isUnary(method) && request.method === "POST" ? simpleFormat(headers) : undefined;
    if (format) {
      const call = new ConnectUnaryCall(arrived, request, response, method as ServedMethod, format, this.#shared);
      call.read();
      return call;
    }
    const call = new ConnectCall(arrived, this.#calls, method, this.#shared.limits.frames.maxBytes);
    response.on("close", () => this.#closed(call, response));
    void this.#answer(call, method, request, response);
    return {
      get comesSinceMs() {
        return call.comesSinceMs;
      },
      get isIncomplete() {
        return !call.started && !response.writableEnded && !call.isWaiting;
      },
    };
  }

  async #answer(
    call: ConnectCall,
    method: ServedMethod | ServedStream,
    request: NodeRequest,
    response: NodeResponse,
  ): Promise<void> {
    const fault = request.method === "GET" && hasGet(method) ? faultOfGet(splitUrl(request.url)[1]) : undefined;
    if (fault !== undefined) {
      respondBadRequest(request, response, fault);
      return;
    }
    const values = createContextValues().set(callKey, call);
    try {
      const universal = universalRequestFromNodeRequest(request as never, response as never, undefined, values);
      const body = universal.body as AsyncIterable<Uint8Array>;
      const answer = await this.#handlerOf(method)({ ...universal, body: call.read(body) });
      if (answer.body === undefined && (answer.status === 405 || answer.status === 415)) {
        respondUnservedForm(request, response, answer.status, hasGet(method));
        return;
      }
      await universalResponseToNodeResponse(answer, response as never);
    } catch {
      // The connection broke, or the request is no HTTP that has a URL; there is nobody, or nothing, to answer.
      if (!response.headersSent && response.writable) {
        response.writeHead(400);
      }
      response.end();
    }
  }

  #closed(call: ConnectCall, response: NodeResponse): void {
    call.end();
    if (call.settled) {
      return;
    }
    if (response.writableEnded && !call.started) {
      // connect-node found the request at fault and has said so to the caller; here it is only recorded.
      this.#calls.refuse(call, new RpcError(codeFromResponse(response), "the request could not be read"));
    } else {
      this.#calls.abandon(call, new RpcError(Code.Canceled, "the caller gave the call up"));
    }
  }

  #handlerOf(method: ServedMethod | ServedStream): Handler {
    let handler = this.#handlers.get(method);
    if (!handler) {
      const { maxBytes } = this.#shared.limits.frames;
      const router = createConnectRouter({
        // Their own default is no limit: 400 KB of gzip would be decoded to 400 MB.
        readMaxBytes: maxBytes,
        writeMaxBytes: Math.max(maxBytes * 2, 64 * 1024),
        acceptCompression: [compressionGzip, compressionBrotli],
        requestGate: (context) => {
          const { protocolName, requestMethod, requestHeader, url } = context;
          if (protocolName === "connect") {
            assertPlainStream(requestHeader);
            assertConnectVersion(requestMethod === "GET" ? versionInQuery(url) : requestHeader.get(versionHeader));
          }
          context.values.get(callKey)?.admit();
        },
      });
      router.rpc(method.desc as DescMethod, implementation(method) as never);
      handler = router.handlers[0]!;
      this.#handlers.set(method, handler);
    }
    return handler;
  }
}

const versionHeader = "connect-protocol-version";

/** `connect=v1` of a GET, as the header has it. */
function versionInQuery(url: string): string | null {
  return new URL(url, "http://here").searchParams.get("connect")?.replace(/^v/, "") ?? null;
}

/**
 * The version may be left out, as by curl; another one is a protocol that nobody here speaks.
 *
 * @throws ConnectError InvalidArgument
 * @see https://connectrpc.com/docs/protocol
 */
function assertConnectVersion(version: string | null): void {
  if (version !== null && version !== "1") {
    throw connectErrorFromRpcError(
      new RpcError(
        Code.InvalidArgument,
        `Connect's protocol version ${JSON.stringify(version.slice(0, 20))} is not spoken here: connect-protocol-version must be 1, in a GET connect=v1`,
      ),
    );
  }
}

/**
 * In a stream each message is compressed for itself; one that is compressed as a whole would be read as messages of senseless lengths.
 *
 * @throws ConnectError Unimplemented
 */
function assertPlainStream(headers: Headers): void {
  const encoding = headers.get("content-encoding") ?? "identity";
  if (encoding !== "identity" && headers.get("content-type")?.startsWith("application/connect+")) {
    const message = "a stream has no content-encoding; compress its messages (connect-content-encoding)";
    throw connectErrorFromRpcError(new RpcError(Code.Unimplemented, message));
  }
}

/** Whether a method may be called by GET: what has no effect. */
function hasGet({ desc }: ServedMethod | ServedStream): boolean {
  return desc.methodKind === "unary" && desc.idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS;
}

/** CONNECT has none. */
function pathOf(headers: IncomingHttpHeaders): string {
  return (headers[":path"] as string | undefined) ?? "";
}

function ignore(): void {}

/** Errors of the connection; `close` follows. */
function ignoreErrors(request: NodeRequest, response: NodeResponse): void {
  response.on("error", ignore);
  request.on("error", ignore);
}

/** Whether a request is in a protocol that has no other URLs than `/package.Service/Method`, whatever its own is. */
function isFramed(headers: IncomingHttpHeaders): boolean {
  return /^application\/(grpc|connect)/.test(headers["content-type"] ?? "");
}

/** The format of a call that our own code for unary Connect serves; what is rarer is left to connect-node. */
function simpleFormat(headers: IncomingHttpHeaders): ConnectFormat | undefined {
  const encoding = headers["content-encoding"];
  const timeout = headers["connect-timeout-ms"];
  const version = headers[versionHeader];
  return (version === undefined || version === "1") &&
    (encoding === undefined || encoding === "identity" || encoding === "gzip") &&
    (timeout === undefined || parseConnectTimeout(String(timeout)) !== undefined)
    ? connectFormat(headers["content-type"])
    : undefined;
}

function implementation(method: ServedMethod | ServedStream): unknown {
  if (isUnary(method)) {
    return (request: object, context: HandlerContext) => context.values.get(callKey)!.unary(method, request, context);
  }
  if (method.desc.methodKind === "client_streaming") {
    return async (requests: AsyncIterable<object>, context: HandlerContext) => {
      let response: object = {};
      for await (const fields of context.values.get(callKey)!.stream(method, requests, context)) {
        response = fields;
      }
      return response;
    };
  }
  return (input: unknown, context: HandlerContext) => context.values.get(callKey)!.stream(method, input, context);
}

function splitUrl(url = ""): [path: string, query: string] {
  const mark = url.indexOf("?");
  return mark < 0 ? [url, ""] : [url.slice(0, mark), url.slice(mark + 1)];
}

// A header that is no timeout counts as none here: connect-node refuses the call for it.
function timeoutOf(headers: IncomingHttpHeaders): number {
  const connect = firstHeader(headers, "connect-timeout-ms");
  const grpc = firstHeader(headers, "grpc-timeout");
  const timeoutMs = connect === "" ? parseGrpcTimeout(grpc === "" ? undefined : grpc) : parseConnectTimeout(connect);
  return timeoutMs ?? Number.POSITIVE_INFINITY;
}
