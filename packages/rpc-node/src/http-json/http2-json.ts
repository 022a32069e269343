import type { ServerResponse } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import type { MethodTable } from "@msec/rpc";
import type { Http2Exchange, Http2Shared, HttpConnection } from "../http2/http2-exchange.ts";
import type { ArrivedHeaders } from "../http2/web-call.ts";
import { badTimeout, encodedBody, methodName, refuseMethod, unknownMethod } from "./asked-method.ts";
import { httpTimeoutMs } from "./http-timeout.ts";
import { Http2JsonCall, RefusedHttp2JsonCall } from "./http2-json-call.ts";
import type { ListPage } from "./list-page/list-page.ts";

/** What HTTP+JSON over HTTP/2 needs of its listener. */
export interface Http2JsonOptions {
  readonly methods: MethodTable<never>;
  readonly listPage: ListPage | undefined;
  /** See `HttpJsonShared.place`. */
  readonly place: string;
}

/**
 * HTTP+JSON in the original's shape, and its page, over HTTP/2. `HttpJsonServer` is the same for HTTP/1.1.
 */
export class Http2Json {
  readonly #shared: Http2Shared;
  readonly #options: Http2JsonOptions;

  constructor(shared: Http2Shared, options: Http2JsonOptions) {
    this.#shared = shared;
    this.#options = options;
  }

  /** Whether a person follows a link to the page: see `ListPage.isVisit`. */
  isVisit(method: string | undefined, url: string, headers: ArrivedHeaders["headers"]): boolean {
    return this.#options.listPage?.isVisit({ method, url, headers }) ?? false;
  }

  /** Serve a request that is of none of the other protocols. */
  serve(
    request: Http2ServerRequest,
    response: ServerResponse,
    connection: HttpConnection,
  ): Omit<Http2Exchange, "stream"> | undefined {
    if (this.#options.listPage?.serve(request, response)) {
      return undefined;
    }
    if (request.method !== "POST") {
      refuseMethod(request, response);
      return undefined;
    }
    const { headers } = request;
    const url = request.url ?? "";
    const name = methodName(url);
    const method = this.#options.methods.find(name);
    const timeoutMs = httpTimeoutMs(headers, url);
    const arrived: ArrivedHeaders = {
      method: name,
      headers,
      connection,
      receivedMs: performance.now(),
      timeoutMs: timeoutMs ?? Number.POSITIVE_INFINITY,
      defaultCaller: "http.json",
    };
    const refusal =
      (method ? undefined : unknownMethod(name, this.#options.place, this.#options.methods)) ??
      (timeoutMs === undefined ? badTimeout() : undefined) ??
      encodedBody(headers);
    if (method === undefined || refusal) {
      const call = new RefusedHttp2JsonCall(arrived, request, response);
      this.#shared.calls.refuse(call, refusal ?? unknownMethod(name, this.#options.place, this.#options.methods));
      return undefined;
    }
    const call = new Http2JsonCall(arrived, request, response, method, this.#shared);
    call.read();
    return call;
  }
}
