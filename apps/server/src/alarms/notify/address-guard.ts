import { type LookupAddress, lookup as resolve } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";

// Addresses that mean this machine, a private network, or nobody: https://www.iana.org/assignments/iana-ipv4-special-registry/
// and its sister for IPv6. IPv4 addresses inside IPv6 ones (::ffff:…) are checked as what they are.
const denied: readonly [network: string, bits: number, family: "ipv4" | "ipv6"][] = [
  ["0.0.0.0", 8, "ipv4"],
  ["10.0.0.0", 8, "ipv4"],
  ["100.64.0.0", 10, "ipv4"],
  ["127.0.0.0", 8, "ipv4"],
  ["169.254.0.0", 16, "ipv4"],
  ["172.16.0.0", 12, "ipv4"],
  ["192.0.0.0", 24, "ipv4"],
  ["192.0.2.0", 24, "ipv4"],
  ["192.168.0.0", 16, "ipv4"],
  ["198.18.0.0", 15, "ipv4"],
  ["198.51.100.0", 24, "ipv4"],
  ["203.0.113.0", 24, "ipv4"],
  ["224.0.0.0", 4, "ipv4"],
  ["240.0.0.0", 4, "ipv4"],
  ["::", 128, "ipv6"],
  ["::1", 128, "ipv6"],
  ["64:ff9b::", 96, "ipv6"],
  ["64:ff9b:1::", 48, "ipv6"],
  ["100::", 64, "ipv6"],
  ["2001::", 32, "ipv6"],
  ["2001:db8::", 32, "ipv6"],
  ["2002::", 16, "ipv6"],
  ["fc00::", 7, "ipv6"],
  ["fe80::", 10, "ipv6"],
  ["fec0::", 10, "ipv6"],
  ["ff00::", 8, "ipv6"],
];

const deniedList = new BlockList();
for (const [network, bits, family] of denied) deniedList.addSubnet(network, bits, family);

/** Where notifications may be sent. */
export interface AddressGuard {
  /** Whether an IP address may be dialled. */
  allows(address: string): boolean;
  /** For sockets: resolves a name and gives only addresses that may be dialled; an error where there is none. */
  readonly lookup: LookupFunction;
  /**
   * The address to dial for a host: itself where it is an address, else resolved.
   *
   * @throws AddressDenied, or what resolving throws
   */
  resolve(host: string): Promise<string>;
}

/** An address that must not be dialled. */
export class AddressDenied extends Error {
  override readonly name = "AddressDenied";
  readonly code = "EADDRESSDENIED";

  constructor(host: string) {
    super(
      `${host} is an address of this machine or of a private network; notify_allow in [server] of msec.ini can allow it`,
    );
  }
}

/**
 * Parse a list of networks: `10.1.0.0/16, 127.0.0.1, fd00::/8`.
 *
 * @returns `undefined` where something else is in it
 */
export function parseNetworks(text: string): BlockList | undefined {
  const list = new BlockList();
  for (const part of text.split(/[\s,]+/).filter((one) => one !== "")) {
    const [network = "", bits, ...rest] = part.split("/");
    const family = isIP(network);
    const max = family === 4 ? 32 : 128;
    const size = bits === undefined ? max : Number(bits);
    if (family === 0 || rest.length > 0 || bits === "" || !Number.isInteger(size) || size < 0 || size > max)
      return undefined;
    list.addSubnet(network, size, family === 4 ? "ipv4" : "ipv6");
  }
  return list;
}

/**
 * Guard against notifications that reach into the inside: addresses of this machine and of private networks are denied unless
 * they are allowed. It is asked with the very address that is dialled, after resolution.
 */
export function createAddressGuard(allowed: BlockList): AddressGuard {
  const allows = (address: string) => {
    const family = isIP(address) === 4 ? "ipv4" : "ipv6";
    return isIP(address) !== 0 && (allowed.check(address, family) || !deniedList.check(address, family));
  };
  const lookup: LookupFunction = (host, options, done) => {
    resolve(host, { ...options, all: true }, (error, found) => {
      if (error !== null) return done(error, "", 0);
      const good = (found as LookupAddress[]).filter(({ address }) => allows(address));
      const [first] = good;
      if (first === undefined) return done(new AddressDenied(host), "", 0);
      // Node asks for all addresses when it may try one after the other.
      if (options.all === true) return done(null, good);
      return done(null, first.address, first.family);
    });
  };
  return {
    allows,
    lookup,
    async resolve(host) {
      if (isIP(host) !== 0) {
        if (!allows(host)) throw new AddressDenied(host);
        return host;
      }
      return await new Promise<string>((done, fail) => {
        lookup(host, { all: false }, (error, address) => (error === null ? done(address as string) : fail(error)));
      });
    },
  };
}
