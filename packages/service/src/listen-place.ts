import { networkInterfaces } from "node:os";
import { type ServiceListen, UserError } from "@msec/process";

/** Where a program listens. */
export type ListenPlace = { readonly address: string; readonly port: number };

/**
 * The address and port of the first TCP place of `[SRPC] listen`.
 *
 * A place without a host (`7963/tcp`) is loopback: who serves other machines without an agent names an address or an
 * interface (`eth1:7963/tcp`), or 0.0.0.0 for all of them.
 *
 * @throws UserError  an interface that this machine does not have, or no TCP place at all
 */
export function listenPlace(listens: readonly ServiceListen[]): ListenPlace {
  const tcp = listens.find(({ protocol }) => protocol === "tcp");
  if (tcp === undefined) {
    throw new UserError("[SRPC] listen names no tcp place", { hint: "add one, such as 127.0.0.1:7963/tcp" });
  }
  return { address: addressOf(tcp.host), port: tcp.port };
}

function addressOf(host: string): string {
  if (host === "") return "127.0.0.1";
  // Letters and digits without a dot or colon: the name of an interface, as in the original.
  if (/[.:]/.test(host) || host === "localhost") return host;
  const interfaces = networkInterfaces();
  const found = interfaces[host]?.find(({ family }) => family === "IPv4") ?? interfaces[host]?.[0];
  if (found !== undefined) return found.address;
  throw new UserError(`[SRPC] listen: this machine has no network interface ${JSON.stringify(host)}`, {
    hint: `it has ${Object.keys(interfaces).join(", ")}`,
  });
}
