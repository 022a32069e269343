import type { IncomingMessage, ServerResponse } from "node:http";
import { isLoopback } from "@msec/otlp/listen";
import { exposeMetrics, type MetricFamily } from "@msec/otlp/prometheus";
import { isSameToken } from "../session/token.ts";

/** Who may read `/metrics`, and what it says. */
export interface MetricsOptions {
  readonly operatorKey: string;
  /** Whether a connection from this machine needs no key. */
  readonly openToLoopback: boolean;
  readonly families: () => Promise<readonly MetricFamily[]>;
}

/**
 * Answers `GET /metrics`: to the operator's key, and where `metrics_loopback` says so to this machine; to nobody else.
 *
 * A request that a proxy handed on comes from this machine too, for somebody who may not be on it: it needs the key.
 */
export function createMetricsPage(
  options: MetricsOptions,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    if (request.method !== "GET") {
      response.writeHead(405, { allow: "GET" }).end();
      return;
    }
    if (!mayRead(request, options)) {
      response.writeHead(401, { "content-type": "text/plain; charset=utf-8", "www-authenticate": "Bearer" });
      response.end(
        "this needs the operator's key (Authorization: Bearer), or metrics_loopback in [server] of msec.ini\n",
      );
      return;
    }
    const { contentType, text } = exposeMetrics(await options.families(), request.headers.accept);
    response.writeHead(200, { "content-type": contentType, "cache-control": "no-store" });
    response.end(text);
  };
}

function mayRead({ headers, socket }: IncomingMessage, { operatorKey, openToLoopback }: MetricsOptions): boolean {
  if (headers.authorization !== undefined) {
    const key = /^Bearer ([A-Za-z0-9_-]{1,256})$/i.exec(headers.authorization)?.[1];
    return key !== undefined && isSameToken(key, operatorKey);
  }
  const isHandedOn = ["forwarded", "x-forwarded-for", "x-real-ip", "via"].some((name) => headers[name] !== undefined);
  const isPage = headers.origin !== undefined || (headers["sec-fetch-site"] ?? "none") !== "none";
  const address = (socket.remoteAddress ?? "").replace(/^::ffff:/, "");
  return openToLoopback && !isHandedOn && !isPage && isLoopback(address);
}
