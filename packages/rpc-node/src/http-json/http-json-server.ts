import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import {
  type CallServer,
  Code,
  type MethodTable,
  type PeerInfo,
  parseTraceParent,
  RpcError,
  type ServedMethod,
} from "@msec/rpc";
import type { WebServer } from "../http2/web-server.ts";
import type { ListenerLimits } from "../limits.ts";
import { HttpCall } from "./http-call.ts";
import { isJsonWithinDepth } from "./json-depth.ts";
import type { ListPage } from "./list-page/list-page.ts";
import { discardBody, readBody } from "./read-body.ts";
import { type RequestFault, requestFault } from "./request-fault.ts";

/** What HTTP connections of one listener share. */
export interface HttpJsonShared {
  readonly calls: CallServer;
  readonly methods: MethodTable<never>;
  readonly limits: ListenerLimits;
  /** Serves what comes to the same HTTP server in Connect's or gRPC-Web's shape. */
  readonly web: WebServer;
  /** Answers `GET /list`, if somebody shall. */
  readonly listPage: ListPage | undefined;
  /** Where a message says that there is no such method: `in L1.L2`, or "here". */
  readonly place: string;
}

const maxJsonDepth = 64;
const longNumber = /[":,[\s]-?\d{1000}\d*(?=[",\]}\s.eE])/;
const hint =
  "POST a JSON body to any path with ?methodName=package.Service.Method; the answer is {ret, errmsg, resultObj}";

/**
 * The original's HTTP+JSON on the RPC port: `POST /any?methodName=<full name>`, body the request message as JSON.
 *
 * HTTP itself is Node's own server, which never listens: it is given sockets whose first bytes were HTTP.
 */
export class HttpJsonServer {
  readonly #server: Server;
  readonly #shared: HttpJsonShared;
  readonly #peers = new WeakMap<Socket, PeerInfo>();
  readonly #running = new Set<HttpCall>();
  #leaving = false;

  constructor(shared: HttpJsonShared) {
    this.#shared = shared;
    const { frames, connections, http } = shared.limits;
    const { idleMs, firstByteMs } = connections;
    this.#server = createServer(
      {
        maxHeaderSize: http.maxHeaderBytes,
        headersTimeout: Math.min(Math.max(firstByteMs, 10_000), frames.completeMs),
        requestTimeout: frames.completeMs,
        keepAliveTimeout: idleMs,
        connectionsCheckingInterval: Math.min(1_000, Math.max(20, frames.completeMs / 4)),
        requireHostHeader: false,
      },
      (request, response) => void this.#serve(request, response),
    );
    // Node starts to enforce the timeouts above when a server begins to listen, which this one never does by itself.
    this.#server.emit("listening");
  }

  /** Serve HTTP on a socket; its first bytes have been put back into it. */
  accept(socket: Socket, peer: PeerInfo): void {
    this.#peers.set(socket, peer);
    this.#server.emit("connection", socket);
    // It was paused to hold its first bytes back; Node's HTTP server expects one that flows.
    socket.resume();
  }

  /** Requests that are being answered. */
  get inFlight(): number {
    return this.#running.size;
  }

  /** From now on each answer is the last of its connection. */
  leave(): void {
    this.#leaving = true;
  }

  /** Close connections that wait for a next request, and stop the checks. */
  close(): void {
    this.#server.close(() => {
      // It says that it never listened; that is so.
    });
    this.#server.closeIdleConnections();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const receivedMs = performance.now();
    if (this.#leaving || this.#shared.calls.stopping) {
      response.setHeader("connection", "close");
    }
    const { listPage } = this.#shared;
    const fault = requestFault(request, this.#shared.limits.http.maxHeaders);
    if (fault && !(fault.status === 403 && listPage?.isVisit(request))) {
      refuseForm(request, response, fault);
      return;
    }
    if (listPage?.serve(request, response)) {
      return;
    }
    if (this.#shared.web.serveHttp1(request, response, this.#peerOf(request))) {
      return;
    }
    if (request.method !== "POST") {
      refuseMethod(request, response);
      return;
    }
    const { methods, calls, limits } = this.#shared;
    const name = methodName(request.url ?? "");
    const method = methods.find(name);
    let body = "";
    let failure: RpcError | undefined;
    try {
      body = await readBody(request, limits.frames.maxBytes);
    } catch (thrown) {
      failure = thrown as RpcError;
      await discardBody(request);
      // Of the body more may follow, so nothing else can on this connection.
      response.setHeader("connection", "close");
    }
    const call = this.#arrived(request, response, name, method, receivedMs, body);
    failure ??= (method ? undefined : unknownMethod(name, this.#shared.place)) ?? calls.admit(call);
    if (failure) {
      calls.refuse(call, failure);
      return;
    }
    let message: unknown;
    try {
      message = parseRequest(method!, body);
    } catch (thrown) {
      calls.refuse(call, thrown as RpcError);
      return;
    }
    this.#running.add(call);
    response.on("close", () => {
      if (!response.writableFinished) {
        this.#running.delete(call);
        calls.abandon(call, new RpcError(Code.Canceled, "the caller closed the connection"));
      }
    });
    calls.serve(call, method!, message);
  }

  #peerOf(request: IncomingMessage): PeerInfo {
    return this.#peers.get(request.socket) ?? { address: "unknown", certificate: undefined };
  }

  #arrived(
    request: IncomingMessage,
    response: ServerResponse,
    name: string,
    method: ServedMethod | undefined,
    receivedMs: number,
    body: string,
  ): HttpCall {
    const call = new HttpCall(
      {
        method: name,
        caller: firstHeader(request, "caller").slice(0, 256) || "http.json",
        peer: this.#peerOf(request),
        receivedMs,
        deadline: Number.POSITIVE_INFINITY,
        metadata: undefined,
        requestBytes: body.length,
        hops: readHops(firstHeader(request, "msec-hops")),
      },
      response,
      method,
      this.#shared.limits.unsent.stalledMs,
      (done) => this.#running.delete(done),
    );
    const parent = parseTraceParent(firstHeader(request, "traceparent"));
    if (parent) {
      call.joinTrace(parent.traceId, parent.spanId, parent.sampled);
    }
    return call;
  }
}

function readHops(text: string): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : 0;
}

function firstHeader(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? "";
}

const plainQuery = /\?methodName=([\w.]+)(?:&|$)/;

// As the original: up to the next `&`, anywhere in the query.
function methodName(url: string): string {
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

function unknownMethod(name: string, place: string): RpcError {
  const text =
    name === "" ? `the URL has no methodName; ${hint}` : `no method ${JSON.stringify(name.slice(0, 200))} ${place}`;
  return new RpcError(Code.Unimplemented, text, { details: { ret: -6, notExecuted: true } });
}

function refuseForm(request: IncomingMessage, response: ServerResponse, { status, text }: RequestFault): void {
  request.resume();
  const body = JSON.stringify({ ret: -3, errmsg: text });
  response.writeHead(status, {
    connection: "close",
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(body),
    "msec-code": status === 403 ? "PermissionDenied" : "InvalidArgument",
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

function refuseMethod(request: IncomingMessage, response: ServerResponse): void {
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

/** @throws RpcError InvalidArgument */
function parseRequest(method: ServedMethod, body: string): unknown {
  if (!isJsonWithinDepth(body, maxJsonDepth)) {
    throw badBody(`it is nested deeper than ${maxJsonDepth}`);
  }
  // Reading digits into a 64-bit field takes time that grows with their square: three million of them block the process for over a second.
  if (longNumber.test(body)) {
    throw badBody("it has a number of more than 1,000 digits");
  }
  let json: JsonValue;
  try {
    json = JSON.parse(body);
  } catch (cause) {
    throw badBody(body.trim() === "" ? "it is empty; send {} for a message without fields" : "it is not JSON", cause);
  }
  try {
    return fromJson(method.desc.input, json, { ignoreUnknownFields: true });
  } catch (cause) {
    throw badBody(`it is not a ${method.desc.input.typeName}: ${(cause as Error).message}`, cause);
  }
}

function badBody(text: string, cause?: unknown): RpcError {
  return new RpcError(Code.InvalidArgument, `the body cannot be read: ${text}`, { cause, details: { ret: -5 } });
}
