import type { Server, Socket } from "node:net";
import { HeadDecoder } from "@msec/wire";
import { defaultListenerLimits } from "./limits.ts";
import { noticeOfTooMany, PeerConnections, tooManyText } from "./peer-connections.ts";
import { PortNotices } from "./port-notices.ts";
import { Refusals, refusalOfTooMany } from "./refused-connection.ts";

/** What one address may have at a server of Node's. */
export interface PeerLimits {
  /** Connections of one address at once, 1…1_000_000; default a quarter of the server's `maxConnections`, rounded up. */
  readonly maxPerPeer?: number | undefined;
  /** Addresses and networks behind which there are many peers; see `ListenerOptions.sharedPeers`. */
  readonly sharedPeers?: readonly string[] | undefined;
  /** See `ListenerOptions.onNotice`. */
  readonly onNotice?: ((notice: string) => void) | undefined;
}

/**
 * Give a server of Node's, such as one of `node:http`, the same rule for its peers as `listen` has: nobody takes all connections, proxies that are named and this machine may have any
 * number, and who has too many is told so (HTTP/1.1: 429), and closed in three seconds at most.
 *
 * @param server  with its own listeners for connections set already, and `maxConnections`
 * @throws RangeError  one of `sharedPeers` that is neither address nor network
 */
export function limitPeers(server: Server, { maxPerPeer, sharedPeers, onNotice }: PeerLimits): void {
  const max = maxPerPeer ?? Math.ceil(server.maxConnections / 4);
  const peers = new PeerConnections(max, sharedPeers ?? []);
  const notices = new PortNotices(onNotice ?? (() => {}));
  const { connections, frames } = defaultListenerLimits;
  const refusals = new Refusals({
    heads: new HeadDecoder(),
    frameLimits: { maxFrameBytes: frames.maxBytes, maxHeadBytes: frames.maxHeadBytes },
    waitMs: connections.firstByteMs,
  });
  const accepts = server.listeners("connection") as ((socket: Socket) => void)[];
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    const countedAs = peers.take(socket.remoteAddress);
    if (countedAs === false) {
      notices.say("too-many", noticeOfTooMany(socket.remoteAddress, max));
      refusals.refuse(socket, refusalOfTooMany(tooManyText(socket.remoteAddress, max)));
      return;
    }
    if (countedAs !== undefined) {
      socket.once("close", () => peers.give(countedAs));
    }
    for (const accept of accepts) {
      accept.call(server, socket);
    }
  });
}
