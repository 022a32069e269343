import { once } from "node:events";
import { chmodSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Allowance, type Log, prepareSocketPlace, systemErrorCode, UserError } from "@msec/process";
import { ConfigDesk } from "./config-desk.ts";
import { type LocalApiParts, localApi } from "./local-api.ts";
import { localLimits } from "./local-limits.ts";
import { ReportDesk, type ReportDeskParts } from "./report-desk.ts";
import { RouteDesk } from "./route-desk.ts";
import { createLocalHttp, type LocalHttpParts } from "./serve-local-http.ts";
import { openTokenFile } from "./token-file.ts";

/** Where the local API listens. */
export interface LocalHttpPlaces {
  /** The unix socket in the state directory, for this user alone. */
  readonly socket: string;
  /** Another unix socket with a mode of its own; "" for none. */
  readonly extraSocket: string;
  /** 0o600 or 0o660. */
  readonly extraSocketMode: number;
  /** A port of 127.0.0.1; 0 for none. */
  readonly port: number;
  /** The file of the token for that port. */
  readonly token: string;
  /** `<root>/<L1>/<L2>/etc/config.ini` are under it. */
  readonly root: string;
}

/** The parts of the agent that the local API stands on. */
export interface LocalHttpSurroundings
  extends Pick<LocalApiParts, "tables" | "instances" | "status" | "shared">,
    Pick<ReportDeskParts, "spool"> {
  readonly log: Log;
  readonly hostId: () => string;
}

/** The local API, listening. */
export interface LocalHttp {
  /** The loopback port; 0 for none. */
  readonly port: number;
  /** Answer nobody any more, and hand over what was reported. */
  close(): Promise<void>;
}

/**
 * Serve the local API on its unix socket, and on another one and a loopback port where those are wanted.
 *
 * @throws UserError for a socket whose directory is not private, a port that is taken
 * @see docs/decisions/0007-agent-local-api.md for who may ask
 */
export async function listenLocalHttp(places: LocalHttpPlaces, parts: LocalHttpSurroundings): Promise<LocalHttp> {
  const { log, shared, tables, hostId } = parts;
  const config = new ConfigDesk(places.root);
  const routes = new RouteDesk({ tables, shared, hostId, now: () => performance.now() });
  const reports = new ReportDesk({ spool: parts.spool, log, leastLevel: (service) => config.leastLevel(service) });
  const { requests } = localLimits;
  const http: LocalHttpParts = {
    api: localApi({ ...parts, config, routes, reports }),
    allowance: new Allowance(requests, requests * 2, performance.now()),
    log,
  };
  const servers: Server[] = [];
  const closeAll = () => Promise.all(servers.map(close));
  let port = 0;
  try {
    servers.push(await listenUnix(http, places.socket, 0o600, false));
    if (places.extraSocket !== "") {
      servers.push(await listenUnix(http, places.extraSocket, places.extraSocketMode, true));
    }
    if (places.port !== 0) {
      const server = await listenLoopback(http, places, log);
      servers.push(server);
      port = (server.address() as AddressInfo).port;
    }
  } catch (error) {
    await closeAll();
    throw error;
  }
  const timer = setInterval(() => {
    routes.tick();
    reports.tick();
  }, 1_000);
  return {
    port,
    async close() {
      clearInterval(timer);
      await closeAll();
      reports.tick();
    },
  };
}

async function listenUnix(http: LocalHttpParts, path: string, mode: number, isElsewhere: boolean): Promise<Server> {
  prepareSocketPlace(path, { above: isElsewhere });
  const server = createLocalHttp(http, () => ({ port: undefined, isToken: () => false }));
  // Made with no permissions for others, whatever the file system's defaults: between making it and giving it its mode nobody gets in.
  const before = process.umask(0o177);
  try {
    server.listen(path);
  } finally {
    process.umask(before);
  }
  await listening(server, path);
  chmodSync(path, mode);
  return server;
}

async function listenLoopback(http: LocalHttpParts, { port, token }: LocalHttpPlaces, log: Log): Promise<Server> {
  const isToken = await openTokenFile(token, log);
  const server = createLocalHttp(http, () => ({ port: (server.address() as AddressInfo).port, isToken }));
  server.listen(port, "127.0.0.1");
  await listening(server, `port ${port} of 127.0.0.1`);
  return server;
}

async function listening(server: Server, place: string): Promise<void> {
  try {
    await once(server, "listening");
  } catch (cause) {
    const why = systemErrorCode(cause) === "EADDRINUSE" ? "it is taken by another program" : String(cause);
    throw new UserError(`the local API cannot listen on ${place}: ${why}`, {
      hint: "stop that program, or set local_port or local_socket in [agent] of msec.ini to another one",
      cause,
    });
  }
}

async function close(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}
