import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Log, systemErrorCode, UserError } from "@msec/process";
import { limitPeers, type PeerLimits } from "@msec/rpc-node";
import { apiPrefix, sendApiError } from "./api.ts";
import { findRefusal } from "./request-guard.ts";
import { setSecurityHeaders } from "./security-headers.ts";
import type { StaticFiles } from "./static-files.ts";

const limits = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 5_000,
};
const maxConnections = 1_024;

/** What the console's listener serves. */
export interface HttpListenerOptions {
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
  /** Names beside the loopback ones and the address itself under which browsers may reach it, lower-case. */
  readonly allowedHosts: readonly string[];
  readonly api: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  readonly files: StaticFiles;
  /** `/metrics`, which sees to itself who may read it. */
  readonly metrics: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  /** What one address may have; default a quarter of all connections. */
  readonly peers?: Pick<PeerLimits, "maxPerPeer" | "sharedPeers">;
  readonly log: Log;
}

/** The console's port. */
export interface HttpListener {
  readonly port: number;
  /** `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Stop accepting, let running requests finish for at most `graceMs`, then cut them. */
  close(graceMs: number): Promise<void>;
}

/**
 * Listen for browsers and the CLI: API, console files and `/healthz` on one port.
 *
 * @throws UserError where the port is taken, privileged or the address is not this machine's
 */
export async function listenHttp(options: HttpListenerOptions): Promise<HttpListener> {
  const urlHost = options.address.includes(":") ? `[${options.address}]` : options.address;
  const allowedHosts = new Set(["localhost", "127.0.0.1", "[::1]", urlHost.toLowerCase(), ...options.allowedHosts]);
  const server = createServer(limits, (request, response) => {
    handle(request, response, options, allowedHosts).catch((error: unknown) => {
      options.log.error(`${request.method} ${request.url?.split("?", 1)[0]} failed`, { error });
      if (!response.headersSent) {
        sendApiError(
          request,
          response,
          500,
          "internal",
          "the server failed because of a defect of its own; see its log",
        );
      } else {
        response.destroy();
      }
    });
  });
  server.maxConnections = maxConnections;
  limitPeers(server, { onNotice: (notice) => options.log.warn(`console: ${notice}`), ...options.peers });
  await listen(server, options.address, options.port);
  const { port } = server.address() as AddressInfo;
  return { port, url: `http://${urlHost}:${port}`, close: (graceMs) => close(server, graceMs) };
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  { api, files, metrics }: HttpListenerOptions,
  allowedHosts: ReadonlySet<string>,
): Promise<void> {
  setSecurityHeaders(response);
  const refusal = findRefusal(request, allowedHosts);
  if (refusal !== undefined) {
    sendApiError(request, response, refusal.status, "permission_denied", refusal.message);
    return;
  }
  const path = (request.url ?? "/").split("?", 1)[0] as string;
  if (path === "/healthz") {
    response.writeHead(200, { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" });
    response.end("ok\n");
  } else if (path === "/metrics") {
    await metrics(request, response);
  } else if (path.startsWith(`${apiPrefix}/`)) {
    await api(request, response);
  } else if (request.method === "GET" || request.method === "HEAD") {
    await files.serve(request, response);
  } else {
    response.writeHead(405, { allow: "GET, HEAD" }).end();
  }
}

async function listen(server: Server, address: string, port: number): Promise<void> {
  try {
    server.listen(port, address);
    await once(server, "listening");
  } catch (error) {
    throw listenError(error, address, port, "listen");
  }
}

/**
 * Say why a port cannot be listened on and what to do.
 *
 * @param key  the configuration key that names the port
 */
export function listenError(error: unknown, address: string, port: number, key: "listen" | "agent_listen"): unknown {
  const where = `${address}:${port}`;
  const flag = `--${key.replace("_", "-")}`;
  switch (systemErrorCode(error)) {
    case "EADDRINUSE":
      return new UserError(`port ${port} on ${address} is in use by another program`, {
        hint: `stop it (ss -ltnp 'sport = :${port}' names it), or choose another port with ${flag} or ${key} in [server] of msec.ini`,
        cause: error,
      });
    case "EACCES":
      return new UserError(`this user may not listen on ${where}`, {
        hint: `choose a port from 1024 up with ${flag}`,
        cause: error,
      });
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return new UserError(`${address} is not an address of this machine`, {
        hint: `choose one that is with ${flag}`,
        cause: error,
      });
    default:
      return error;
  }
}

async function close(server: Server, graceMs: number): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(timer);
}
