import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exposeMetrics, type MetricFamily } from "@msec/otlp/prometheus";
import { systemErrorCode, UserError } from "@msec/process";

/** The page for Prometheus, served. */
export interface MetricsDoor {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serve `GET /metrics` on 127.0.0.1.
 *
 * Numbers of this host only, which any user of the machine may read; a web page may not, whose name was made to resolve to 127.0.0.1.
 *
 * @throws UserError where the port is taken
 */
export async function listenMetrics(port: number, families: () => readonly MetricFamily[]): Promise<MetricsDoor> {
  const server = createServer(
    { maxHeaderSize: 8 * 1024, requestTimeout: 5_000, headersTimeout: 5_000, connectionsCheckingInterval: 1_000 },
    (request, response) => {
      const own = (server.address() as AddressInfo).port;
      const { host = "", origin, "sec-fetch-site": site } = request.headers;
      const isOurs = host === `127.0.0.1:${own}` || host.toLowerCase() === `localhost:${own}`;
      if (!isOurs || origin !== undefined || (site !== undefined && site !== "none")) {
        response.writeHead(403, { "content-type": "text/plain" }).end("not for web pages\n");
      } else if (request.url !== "/metrics" || request.method !== "GET") {
        response.writeHead(404, { "content-type": "text/plain" }).end("expected GET /metrics\n");
      } else {
        const { contentType, text } = exposeMetrics(families(), request.headers.accept);
        response.writeHead(200, { "content-type": contentType, "cache-control": "no-store" }).end(text);
      }
    },
  );
  server.maxConnections = 32;
  server.listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch (cause) {
    const why = systemErrorCode(cause) === "EADDRINUSE" ? "another program has it" : String(cause);
    throw new UserError(`port ${port} for Prometheus cannot be opened: ${why}`, {
      hint: "set metrics_port in [agent] of msec.ini to another one",
      cause,
    });
  }
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
