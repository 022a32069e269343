import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { MethodTable, PeerInfo } from "@msec/rpc";
import { WebHandlers } from "../connect/web-handlers.ts";
import type { RoomShared } from "../connection-room.ts";
import { Http2Json, type Http2JsonOptions } from "../http-json/http2-json.ts";
import { Http2Connection } from "./http2-connection.ts";
import type { Http2Shared, HttpConnection } from "./http2-exchange.ts";
import { MethodLookup } from "./method-lookup.ts";
import { Http2Streams } from "./serve-http2-stream.ts";

/** Connect, gRPC and gRPC-Web of one listener, and HTTP+JSON over HTTP/2: all of HTTP/2, and the requests of HTTP/1.1 whose URL is `/package.Service/Method`. */
export class WebServer {
  readonly #shared: RoomShared;
  readonly #web: WebHandlers;
  readonly #streams: Http2Streams;

  /**
   * @param json    what HTTP/2 serves of HTTP+JSON
   * @param tables  where methods are found, in this order
   */
  constructor(shared: Http2Shared & RoomShared, json: Http2JsonOptions, ...tables: readonly MethodTable<never>[]) {
    this.#shared = shared;
    const methods = new MethodLookup(...tables);
    this.#web = new WebHandlers(shared, methods);
    this.#streams = new Http2Streams(shared, methods, this.#web, new Http2Json(shared, json));
  }

  /** Serve HTTP/2 on a paused socket; its first bytes have been put back into it. */
  acceptHttp2(socket: Socket, peer: PeerInfo): Http2Connection {
    return new Http2Connection(socket, peer, this.#shared, (stream, headers, connection) =>
      this.#streams.serve(stream, headers, connection),
    );
  }

  /** Serve an HTTP/1.1 request, if it is of these protocols. @returns whether it is */
  serveHttp1(request: IncomingMessage, response: ServerResponse, connection: HttpConnection): boolean {
    const accepts = this.#web.accepts(request.url ?? "");
    if (accepts) {
      this.#web.serveHttp1(request, response, connection);
    }
    return accepts;
  }
}
