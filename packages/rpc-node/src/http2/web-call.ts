import type { IncomingHttpHeaders } from "node:http";
import { parseTraceParent, ServedCall } from "@msec/rpc";
import { firstHeader, isRepeat, metadataFromHeaders } from "./header-metadata.ts";
import type { HttpConnection } from "./http2-exchange.ts";

/** What is known when the headers of a request are there. */
export interface ArrivedHeaders {
  /** Full name of the method. */
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly connection: HttpConnection;
  /** `performance.now()`. */
  readonly receivedMs: number;
  /** Milliseconds that the caller waits; `Infinity` for no limit. */
  readonly timeoutMs: number;
  /** Who calls where the request does not say; default "". */
  readonly defaultCaller?: string;
}

/** A call whose metadata are HTTP headers: gRPC, gRPC-Web, Connect. */
export abstract class WebCall extends ServedCall {
  readonly #headers: IncomingHttpHeaders;
  #metadata: Readonly<Record<string, string>> | undefined;

  constructor({ method, headers, connection, receivedMs, timeoutMs, defaultCaller = "" }: ArrivedHeaders) {
    super({
      method,
      caller: firstHeader(headers, "caller").slice(0, 256) || defaultCaller,
      peer: connection.peer,
      receivedMs,
      deadline: receivedMs + timeoutMs,
      metadata: undefined,
      requestBytes: 0,
      hops: hopsOf(headers),
      isRetry: isRepeat(headers),
      waitingSinceMs: connection.reads.startMs(),
    });
    this.#headers = headers;
    this.dyed = firstHeader(headers, "msec-coloring") === "1";
    const traceparent = firstHeader(headers, "traceparent");
    const parent = traceparent === "" ? undefined : parseTraceParent(traceparent);
    if (parent) {
      this.joinTrace(parent.traceId, parent.spanId, parent.sampled);
      // Without the one the other means nothing.
      if (headers.tracestate !== undefined) {
        this.joinTraceState(firstHeader(headers, "tracestate"));
      }
    }
  }

  // Few handlers look at it, so it is made when one does.
  override get metadata(): Readonly<Record<string, string>> {
    this.#metadata ??= Object.freeze(metadataFromHeaders(this.#headers));
    return this.#metadata;
  }
}

function hopsOf(headers: IncomingHttpHeaders): number {
  const text = firstHeader(headers, "msec-hops");
  return /^\d{1,4}$/.test(text) ? Number(text) : 0;
}
