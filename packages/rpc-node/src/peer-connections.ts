import { BlockList, isIP } from "node:net";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/**
 * Counts the connections of each peer address, so that one peer cannot take all that a listener has.
 *
 * Not counted are this machine, of which many programs share one address, and the addresses that the owner names: proxies and gateways, behind which there are many
 * peers. An IPv6 peer is its /64, which is the least that networks give to one machine.
 */
export class PeerConnections {
  readonly #max: number;
  readonly #shared: BlockList;
  readonly #counts = new Map<string, number>();

  /**
   * @param max     connections of one peer
   * @param shared  addresses and networks (`10.0.0.5`, `10.1.0.0/16`, `fd00::/8`) that stand for many peers
   * @throws RangeError  one that is neither
   */
  constructor(max: number, shared: readonly string[]) {
    this.#max = max;
    this.#shared = blockListFrom(shared);
  }

  /**
   * One more connection.
   *
   * @param address  of Node; `undefined` where there is none (a unix socket, a peer that has gone already)
   * @returns what to `give` back when it is closed, `undefined` where it is not counted; `false`: the peer has as many as it may
   */
  take(address: string | undefined): string | false | undefined {
    const family = address === undefined ? 0 : isIP(address);
    if (address === undefined || family === 0) {
      return undefined;
    }
    const plain = address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
    const kind = isIP(plain) === 6 ? "ipv6" : "ipv4";
    if (loopback.check(plain, kind) || this.#shared.check(plain, kind)) {
      return undefined;
    }
    const key = kind === "ipv6" ? network64(plain) : plain;
    const count = this.#counts.get(key) ?? 0;
    if (count >= this.#max) {
      return false;
    }
    this.#counts.set(key, count + 1);
    return key;
  }

  /** A connection is closed. @param key  what `take` returned for it */
  give(key: string): void {
    const count = this.#counts.get(key) ?? 0;
    if (count > 1) {
      this.#counts.set(key, count - 1);
    } else {
      this.#counts.delete(key);
    }
  }
}

/** What a peer is told that has as many connections as it may. */
export function tooManyText(address: string | undefined, max: number): string {
  return `${address} has connections.maxPerPeer ${max} connections here already; make more calls on each, or ask the owner for more`;
}

/** What the owner is told of it. */
export function noticeOfTooMany(address: string | undefined, max: number): string {
  return `${address} has its ${max} connections here already (connections.maxPerPeer), further ones are refused; if there are many behind that address, name it in shared_peers`;
}

/** The addresses and networks as Node's own set of them. @throws RangeError  one that is neither */
function blockListFrom(places: readonly string[]): BlockList {
  const list = new BlockList();
  for (const place of places) {
    const [, address = "", bits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(place) ?? [];
    const family = isIP(address);
    const most = family === 6 ? 128 : 32;
    if (family === 0 || Number(bits ?? most) > most) {
      throw new RangeError(
        `sharedPeers ${JSON.stringify(place.slice(0, 80))} is neither an address nor a network (10.0.0.5, 10.1.0.0/16, fd00::/8)`,
      );
    }
    list.addSubnet(address, Number(bits ?? most), family === 6 ? "ipv6" : "ipv4");
  }
  return list;
}

/** The first four groups of an IPv6 address, written out. */
function network64(address: string): string {
  const [front = "", back] = address.replace(/%.*$/, "").split("::");
  const groups = front === "" ? [] : front.split(":");
  if (back !== undefined) {
    const last = back === "" ? 0 : back.split(":").length + (back.includes(".") ? 1 : 0);
    const missing = 8 - groups.length - last;
    groups.push(...Array.from({ length: missing }, () => "0"), ...back.split(":"));
  }
  return groups.slice(0, 4).join(":");
}
