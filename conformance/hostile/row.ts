import type { Code } from "@msec/rpc";
import type { Peer } from "./peer.ts";
import type { TargetProcess } from "./target/target-process.ts";

/** What the answer to a row must be. All that is given must hold within `withinMs`. */
export interface Expected {
  /** Codes of the SRPC answers in order of arrival, no more and no fewer. */
  readonly codes?: readonly Code[];
  /** The original's `err` of the first SRPC answer. */
  readonly err?: number;
  /** What the received bytes, as Latin-1 text, match. */
  readonly matches?: RegExp;
  /** Nothing at all is received. */
  readonly silence?: true;
  /** Whether the target closes the connection (`true`), or goes on with it (`false`: a good call on it is then answered). */
  readonly closes: boolean;
  /** Handlers that are entered; default 0. */
  readonly entered?: number;
}

/** One hostile input. */
export interface HostileRow {
  /** `R-nn` of the requirements, and a letter where one has several forms. */
  readonly id: string;
  /** What is done, and why that might hurt. */
  readonly title: string;
  /** What is sent on one raw connection, in one write … */
  readonly sends?: () => Uint8Array | string;
  /** … or piece by piece, `everyMs` apart, until the target closes. */
  readonly drips?: { readonly bytes: () => Uint8Array | string; readonly everyMs: number };
  /** The end of our side follows. */
  readonly ends?: true;
  readonly expects?: Expected;
  /** What one connection's bytes cannot say; fails by throwing. */
  readonly act?: (target: TargetProcess) => Promise<void>;
  /** A look at what came back, beyond `expects`. */
  readonly check?: (peer: Peer) => void;
  /** Milliseconds that it takes at most on a calm machine; default 1_000. */
  readonly withinMs?: number;
  /**
   * It makes the target allocate hundreds of MB, correctly: the C library keeps part of what is freed, so up to 400 MiB may stay resident.
   * What is referred to must be back as after every row.
   */
  readonly isHeavy?: true;
  /**
   * The one target that it runs against: `tight` where it is about a time-out or a maximum that is small there, `default` where once is enough. Without it: the bare
   * listener with its defaults, and the SDK's `serve`.
   */
  readonly only?: "tight" | "default";
}
