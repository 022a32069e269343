import type { Code } from "./code.ts";

/** Which end of a call a record tells of. */
export const CallSide = { Server: "server", Client: "client" } as const;

/** One of {@link CallSide}. */
export type CallSide = (typeof CallSide)[keyof typeof CallSide];

/** What is known of one call when it is over; every call made or served yields exactly one. A fresh object: may be kept. */
export interface CallRecord {
  readonly side: CallSide;
  /** Full name. For a served call to a method that does not exist: "" (a peer must not be able to invent names without end). */
  readonly method: string;
  /** Server: who called (self-declared, "" unknown). Client: which service was called ("" where a bare address was). */
  readonly peerService: string;
  /** The other end, `127.0.0.1:7963` or `unix:…`. */
  readonly peerInstance: string;
  /** 16 bytes. */
  readonly traceId: Uint8Array;
  /** 8 bytes: the span of this record. */
  readonly spanId: Uint8Array;
  /** 8 bytes; all zero at the root of a trace. */
  readonly parentSpanId: Uint8Array;
  /** Wall-clock start in microseconds since 1970 UTC. */
  readonly startUs: number;
  /** Microseconds, monotonic clock. */
  readonly durationUs: number;
  /** Server: microseconds from the read of the socket until the handler ran. Client: until the call was handed to a socket. */
  readonly queueUs: number;
  readonly code: Code;
  /** The error's message, "" on success. */
  readonly message: string;
  /** Bytes of the encoded request body. */
  readonly requestBytes: number;
  /** Bytes of the encoded response body; 0 on failure. */
  readonly responseBytes: number;
  /** Milliseconds that were left when the call began; 0 where it had no deadline. */
  readonly deadlineMs: number;
}

/** Through which telemetry hears of calls. It must be quick and must not throw. */
export interface CallObserver {
  onServerCall(record: CallRecord): void;
  onClientCall(record: CallRecord): void;
}
