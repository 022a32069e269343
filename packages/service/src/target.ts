import { isServiceName } from "@msec/api/service-name";
import { parseAddressPort } from "@msec/process";
import { Code, RpcError } from "@msec/rpc";
import type { Place } from "./place.ts";

/** Where a call goes: to a service by name, or to one place. */
export type Target = { readonly service: string } | (Place & { readonly service?: undefined });

// sun_path has 108 bytes, the last of which is 0.
const PATH_MAX_BYTES = 107;

/**
 * Reads the text that names what to call, one of:
 *
 * - `Flight.mod_flight`, a service by name
 * - `127.0.0.1:7963`, `[::1]:7963`, `localhost:7963`, over TCP; `127.0.0.1:7963@tcp` is the same
 * - `127.0.0.1:7963@udp`
 * - `127.0.0.1:50051@grpc`, a server that speaks gRPC and nothing of ours
 * - `unix:/run/flight.sock`, a path from the root
 *
 * @throws RpcError InvalidArgument when it is none of them
 */
export function parseTarget(text: string): Target {
  if (isServiceName(text)) return { service: text };
  if (text.startsWith("unix:")) return { path: socketPath(text) };
  const [, at = "", protocol] = /^(.*?)(?:@(tcp|udp|grpc))?$/s.exec(text) ?? [];
  const place = parseAddressPort(at);
  if (place === undefined || place.port === 0) {
    throw invalid(
      `${JSON.stringify(text.slice(0, 300))} is neither a service name (Flight.mod_flight) nor an address with a port ` +
        "(127.0.0.1:7963, [::1]:7963, 127.0.0.1:7963@udp, 127.0.0.1:50051@grpc) nor a unix socket (unix:/run/flight.sock)",
    );
  }
  return protocol === "udp" || protocol === "grpc" ? { ...place, protocol } : place;
}

function socketPath(text: string): string {
  const path = text.slice("unix:".length);
  const bytes = Buffer.byteLength(path);
  if (path.startsWith("/") && bytes <= PATH_MAX_BYTES && !path.includes("\0")) return path;
  const why = bytes > PATH_MAX_BYTES ? `a path of ${bytes} bytes` : JSON.stringify(path);
  throw invalid(
    `a unix socket has a path from the root of at most ${PATH_MAX_BYTES} bytes (unix:/run/flight.sock), found ${why}`,
  );
}

function invalid(message: string): RpcError {
  return new RpcError(Code.InvalidArgument, message, { details: { notSent: true } });
}
