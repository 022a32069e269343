import { parseAddressPort } from "@msec/process";
import { Code, RpcError } from "@msec/rpc";
import { isServiceName } from "./service-name.ts";

/** Where a call goes: to a service by name, or to one place. */
export type Target =
  | { readonly service: string }
  | { readonly service?: undefined; readonly address: string; readonly port: number };

/**
 * Reads the text that names what to call: `Flight.mod_flight`, or `127.0.0.1:7963`, `[::1]:7963`, `localhost:7963`.
 *
 * @throws RpcError InvalidArgument when it is neither
 */
export function parseTarget(text: string): Target {
  if (isServiceName(text)) return { service: text };
  const place = parseAddressPort(text);
  if (place !== undefined && place.port > 0) return place;
  throw new RpcError(
    Code.InvalidArgument,
    `${JSON.stringify(text)} is neither a service name (Flight.mod_flight) nor an address with a port (127.0.0.1:7963)`,
    { details: { notSent: true } },
  );
}
