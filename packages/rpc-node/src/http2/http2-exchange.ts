import type { ServerHttp2Stream } from "node:http2";
import type { CallServer } from "@msec/rpc";
import type { ListenerLimits } from "../limits.ts";

/** What the calls of one HTTP/2 connection share. */
export interface Http2Shared {
  readonly calls: CallServer;
  readonly limits: ListenerLimits;
}

/** One request on an HTTP/2 connection, for the one who looks after the connection. */
export interface Http2Exchange {
  readonly stream: ServerHttp2Stream;
  /** `performance.now()` when its headers were there. */
  readonly receivedMs: number;
  /** Whether a request that must be whole before its handler runs is not. */
  readonly isIncomplete: boolean;
}

/** Called for each unary answer that is handed to the connection, with its bytes: what the peer does not take counts against its limit. */
export type CountUnsent = (bytes: number) => void;
