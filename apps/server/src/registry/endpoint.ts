import { isIP } from "node:net";
import { Code, RpcError } from "@msec/rpc";

const hostName = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;

/** Order of instances wherever they are listed: by address, then by port. */
export function compareEndpoints(
  left: { readonly address: string; readonly port: number },
  right: { readonly address: string; readonly port: number },
): number {
  return left.address < right.address ? -1 : left.address > right.address ? 1 : left.port - right.port;
}

/**
 * Check an address that others are to connect to, and give it in the one form in which it is stored and compared.
 *
 * @param address  IPv4 or IPv6 literal, or a host name
 * @param field    the field's name, for the message
 * @throws RpcError InvalidArgument
 */
export function normalizeAddress(address: string, field: string): string {
  const normal = isIP(address) === 6 ? new URL(`http://[${address}]/`).hostname.slice(1, -1) : address.toLowerCase();
  // What looks like an IPv4 literal and is none (`1.2.3`, `1.2.3.400`) would pass for a host name.
  const isName = hostName.test(normal) && !/^[0-9.]+$/.test(normal);
  if (isIP(normal) === 0 && !isName) {
    throw new RpcError(
      Code.InvalidArgument,
      `${field} ${JSON.stringify(address.slice(0, 80))} must be an IPv4 or IPv6 address or a host name`,
    );
  }
  if (normal === "0.0.0.0" || normal === "::") {
    throw new RpcError(Code.InvalidArgument, `${field} ${normal} means every address; name the one that callers reach`);
  }
  return normal;
}

/**
 * Check a port.
 *
 * @throws RpcError InvalidArgument unless it is 0…65535
 */
export function assertPort(port: number, field: string): void {
  if (port > 65_535) {
    throw new RpcError(Code.InvalidArgument, `${field} ${port} must be 0…65535`);
  }
}
