import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { type CallServer, type MethodTable, type PeerInfo, parseTraceParent, type ServedMethod } from "@msec/rpc";
import { ConnectionRoom, type RoomShared } from "../connection-room.ts";
import { firstHeader, isRepeat } from "../http2/header-metadata.ts";
import type { HttpConnection } from "../http2/http2-exchange.ts";
import type { WebServer } from "../http2/web-server.ts";
import { ReadTurn } from "../read-turn.ts";
import { badTimeout, methodName, refuseMethod, unknownMethod } from "./asked-method.ts";
import { refuseBroken } from "./broken-request.ts";
import { HttpCall } from "./http-call.ts";
import { httpTimeoutMs } from "./http-timeout.ts";
import type { ListPage } from "./list-page/list-page.ts";
import { PushedRequest } from "./pushed-request.ts";
import { type RequestFault, requestFault } from "./request-fault.ts";

/** What HTTP connections of one listener share. */
export interface HttpJsonShared extends RoomShared {
  readonly calls: CallServer;
  readonly methods: MethodTable<never>;
  /** Serves what comes to the same HTTP server in Connect's or gRPC-Web's shape. */
  readonly web: WebServer;
  /** Answers `GET /list`, if somebody shall. */
  readonly listPage: ListPage | undefined;
  /** Where a message says that there is no such method: `in L1.L2`, or "here". */
  readonly place: string;
}

/**
 * The original's HTTP+JSON on the RPC port: `POST /any?methodName=<full name>`, body the request message as JSON.
 *
 * HTTP itself is Node's own server, which never listens: it is given sockets whose first bytes were HTTP.
 */
export class HttpJsonServer {
  readonly #server: Server<typeof PushedRequest>;
  readonly #shared: HttpJsonShared;
  readonly #connections = new WeakMap<Socket, HttpConnection>();
  #leaving = false;
  #lastAsked: { readonly url: string; readonly name: string; readonly method: ServedMethod } | undefined;

  constructor(shared: HttpJsonShared) {
    this.#shared = shared;
    const { frames, connections, http } = shared.limits;
    this.#server = createServer(
      {
        maxHeaderSize: http.maxHeaderBytes,
        headersTimeout: Math.min(http.headMs, frames.completeMs),
        requestTimeout: frames.completeMs,
        keepAliveTimeout: connections.idleMs,
        connectionsCheckingInterval: Math.min(1_000, Math.max(20, frames.completeMs / 4)),
        requireHostHeader: false,
        IncomingMessage: PushedRequest,
      },
      (request, response) => this.#serve(request, response),
    );
    this.#server.on("clientError", (error, socket) => refuseBroken(error, socket as Socket, shared.limits));
    // Node starts to enforce the timeouts above when a server begins to listen, which this one never does by itself.
    this.#server.emit("listening");
  }

  /** Serve HTTP on a socket; its first bytes have been put back into it. */
  accept(socket: Socket, peer: PeerInfo): void {
    this.#connect(socket, peer);
    this.#server.emit("connection", socket);
    // It was paused to hold its first bytes back; Node's HTTP server expects one that flows.
    socket.resume();
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

  #serve(request: PushedRequest, response: ServerResponse): void {
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
    if (this.#shared.web.serveHttp1(request, response, this.#connectionOf(request.socket))) {
      return;
    }
    if (request.method !== "POST") {
      refuseMethod(request, response);
      return;
    }
    const { url = "", headers } = request;
    const { name, method } = this.#asked(url);
    const timeoutMs = httpTimeoutMs(headers, url);
    const refusal = method
      ? timeoutMs === undefined
        ? badTimeout()
        : undefined
      : unknownMethod(name, this.#shared.place, this.#shared.methods);
    const connection = this.#connectionOf(request.socket);
    const call = new HttpCall(
      {
        method: name,
        caller: firstHeader(headers, "caller").slice(0, 256) || "http.json",
        peer: connection.peer,
        receivedMs,
        deadline: receivedMs + (timeoutMs ?? Number.POSITIVE_INFINITY),
        metadata: undefined,
        requestBytes: 0,
        hops: readHops(firstHeader(headers, "msec-hops")),
        isRetry: isRepeat(headers),
        waitingSinceMs: connection.reads.startMs(),
      },
      request,
      response,
      method,
      refusal,
      connection,
      this.#shared,
    );
    call.dyed = firstHeader(headers, "msec-coloring") === "1";
    const { traceparent } = headers;
    const parent = traceparent === undefined ? undefined : parseTraceParent(firstHeader(headers, "traceparent"));
    if (parent) {
      call.joinTrace(parent.traceId, parent.spanId, parent.sampled);
      // Without the one the other means nothing.
      if (headers.tracestate !== undefined) {
        call.joinTraceState(firstHeader(headers, "tracestate"));
      }
    }
    call.read();
  }

  /** The method that a URL names. Most callers ask for the same again and again: it is compared with the last one first. */
  #asked(url: string): { readonly url: string; readonly name: string; readonly method: ServedMethod | undefined } {
    if (url === this.#lastAsked?.url) {
      return this.#lastAsked;
    }
    const name = methodName(url);
    const asked = { url, name, method: this.#shared.methods.find(name) };
    const { method } = asked;
    if (method) {
      this.#lastAsked = { url, name, method };
    }
    return asked;
  }

  #connectionOf(socket: Socket): HttpConnection {
    return this.#connections.get(socket) ?? this.#connect(socket, { address: "unknown", certificate: undefined });
  }

  #connect(socket: Socket, peer: PeerInfo): HttpConnection {
    const room = new ConnectionRoom(this.#shared, {
      // Requests come in order, so what is behind one that waits is not read at all.
      waits: (isWaiting) => {
        if (isWaiting) {
          socket.pause();
        } else {
          socket.resume();
        }
      },
      overflowed: () => socket.destroy(),
    });
    const connection = { peer, room, reads: new ReadTurn() };
    this.#connections.set(socket, connection);
    return connection;
  }
}

function readHops(text: string): number {
  return text !== "" && /^\d{1,9}$/.test(text) ? Number(text) : 0;
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
