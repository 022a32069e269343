import type { Socket } from "node:net";
import type { MethodTable, PeerInfo } from "@msec/rpc";
import { HttpJsonServer, type HttpJsonShared } from "./http-json/http-json-server.ts";
import { ListPage } from "./http-json/list-page/list-page.ts";
import type { Http2Connection } from "./http2/http2-connection.ts";
import { WebServer } from "./http2/web-server.ts";

/** What HTTP serves on a listener. */
export interface HttpPartOptions extends Omit<HttpJsonShared, "web" | "listPage"> {
  /** What the listener adds by itself: health, reflection. */
  readonly system: MethodTable<never>;
  readonly listPage: boolean;
  /** `L1.L2`, "" for none. */
  readonly serviceName: string;
}

/**
 * HTTP of every kind on one listener: HTTP+JSON, Connect, gRPC and gRPC-Web.
 *
 * The listener loads this file when the first connection speaks HTTP. Most services are only ever called over SRPC, and Node's HTTP and HTTP/2 with connect-es are 15 MB of each process.
 */
export class HttpPart {
  readonly #http: HttpJsonServer;
  readonly #web: WebServer;

  constructor({ system, listPage, serviceName, ...shared }: HttpPartOptions) {
    const page = listPage ? new ListPage(shared.methods, serviceName) : undefined;
    const { methods, place } = shared;
    this.#web = new WebServer(shared, { methods, place, listPage: page }, methods, system);
    this.#http = new HttpJsonServer({ ...shared, web: this.#web, listPage: page });
  }

  /** Serve HTTP/1.1 on a paused socket; its first bytes have been put back into it. */
  acceptHttp1(socket: Socket, peer: PeerInfo): void {
    this.#http.accept(socket, peer);
  }

  /** The same for HTTP/2. */
  acceptHttp2(socket: Socket, peer: PeerInfo): Http2Connection {
    return this.#web.acceptHttp2(socket, peer);
  }

  /** From now on each answer over HTTP/1.1 is the last of its connection. */
  leave(): void {
    this.#http.leave();
  }

  /** Close connections of HTTP/1.1 that wait for a next request, and stop the checks. */
  close(): void {
    this.#http.close();
  }
}
