import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Log, systemErrorCode, UserError } from "@msec/process";
import { type Listener, listen, type PeerLimits } from "@msec/rpc-node";
import { Intake } from "../intake.ts";
import type { SpanRate } from "../span-keeper.ts";
import { grpcDoor } from "./grpc-door.ts";
import { createHttpDoor } from "./http-door.ts";
import { type KeepBatches, type OtlpCounts, OtlpDesk } from "./otlp-desk.ts";
import { readToken } from "./read-token.ts";

/** An address and a port. */
export type Place = { readonly address: string; readonly port: number };

/** Where OTLP is taken, and what becomes of it. */
export type OtlpOptions = {
  /** For HTTP, by convention port 4318; `undefined`: none. */
  readonly http: Place | undefined;
  /** For gRPC, by convention port 4317; `undefined`: none. */
  readonly grpc: Place | undefined;
  /** The file of the token that each request must bring; "": none, which only loopback addresses may have. */
  readonly tokenFile: string;
  readonly keep: KeepBatches;
  readonly log: Log;
  /** What one address may have at each door; default a quarter of its connections. */
  readonly peers?: Pick<PeerLimits, "maxPerPeer" | "sharedPeers"> | undefined;
  /** How many spans are kept; default: a rate of its own, see `otlpLimits`. */
  readonly spanRate?: SpanRate;
  /** Milliseconds since 1970 UTC; default `Date.now`. */
  readonly now?: () => number;
};

/** OTLP's doors, open. */
export type OtlpDoors = {
  /** As bound; 0 for none. */
  readonly httpPort: number;
  /** As bound; 0 for none. */
  readonly grpcPort: number;
  readonly counts: Readonly<OtlpCounts>;
  /** Take nothing any more; what is being taken is finished. */
  close(): Promise<void>;
};

/**
 * Take OTLP over HTTP, gRPC or both.
 *
 * @throws UserError for an address beyond this machine without a token, a port that is taken, a token file that cannot be used
 */
export async function listenOtlp(options: OtlpOptions): Promise<OtlpDoors> {
  const { http, grpc, tokenFile, log, peers = {} } = options;
  for (const place of [http, grpc]) {
    if (place !== undefined && tokenFile === "" && !isLoopback(place.address)) {
      throw new UserError(`OTLP on ${place.address} could be reached from other machines, and needs a token`, {
        hint: "name a file with one in otlp_token_file, or listen on 127.0.0.1",
      });
    }
  }
  const isToken = tokenFile === "" ? undefined : readToken(tokenFile);
  const desk = new OtlpDesk(new Intake(options.now ?? Date.now, options.spanRate), options.keep, isToken, log);
  let server: Server | undefined;
  let listener: Listener | undefined;
  const close = async () => {
    await listener?.close({ graceMs: 1_000 });
    if (server !== undefined) await closeServer(server);
  };
  try {
    if (http !== undefined) {
      server = createHttpDoor(desk, log, peers);
      server.listen(http.port, http.address);
      await once(server, "listening");
    }
    if (grpc !== undefined) {
      const onNotice = (notice: string) => log.warn(`OTLP over gRPC: ${notice}`);
      const { sharedPeers } = peers;
      listener = await listen({ ...grpcDoor(desk, peers), ...grpc, sharedPeers, onNotice, serviceName: "msec.otlp" });
    }
  } catch (error) {
    const failed = listener === undefined && server?.listening === true ? grpc : http;
    if (server?.listening === false) server = undefined;
    await close();
    throw placeError(error, failed);
  }
  return {
    httpPort: (server?.address() as AddressInfo | undefined)?.port ?? 0,
    grpcPort: listener?.port ?? 0,
    counts: desk.counts,
    close,
  };
}

/** Whether only this machine reaches an address. */
export function isLoopback(address: string): boolean {
  return address === "localhost" || address === "::1" || /^127(\.\d{1,3}){3}$/.test(address);
}

function placeError(cause: unknown, place: Place | undefined): unknown {
  const code = systemErrorCode(cause);
  if (code !== "EADDRINUSE" && code !== "EACCES" && code !== "EADDRNOTAVAIL") return cause;
  const why = code === "EADDRINUSE" ? "another program has that port" : `the system says ${code}`;
  return new UserError(`OTLP cannot be taken on ${place?.address}:${place?.port}: ${why}`, {
    hint: "set otlp_listen and otlp_grpc_listen in msec.ini to others",
    cause,
  });
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), 1_000);
  await closed;
  clearTimeout(timer);
}
