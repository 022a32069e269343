import type { ServerHttp2Stream } from "node:http2";
import type { CallServer, PeerInfo } from "@msec/rpc";
import type { ConnectionRoom } from "../connection-room.ts";
import type { ListenerLimits } from "../limits.ts";
import type { ReadTurn } from "../read-turn.ts";

/** What the calls of one HTTP/2 connection share. */
export interface Http2Shared {
  readonly calls: CallServer;
  readonly limits: ListenerLimits;
}

/** One request on an HTTP/2 connection, for the one who looks after the connection. */
export interface Http2Exchange {
  readonly stream: ServerHttp2Stream;
  /** `performance.now()` since when its request may come: when its headers were there, or there was room for it. */
  readonly comesSinceMs: number;
  /** Whether a request that must be whole before its handler runs is not. */
  readonly isIncomplete: boolean;
}

/** What the calls of one connection, of either version of HTTP, have in common. */
export interface HttpConnection {
  readonly peer: PeerInfo;
  readonly room: ConnectionRoom;
  readonly reads: ReadTurn;
}
