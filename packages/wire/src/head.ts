import { emptyText, type KnownText } from "./recent-text.ts";
import type { Uint64 } from "./uint64.ts";
import { bigintFromHalves } from "./uint64.ts";
import type { UsualHead } from "./usual-head.ts";

/**
 * Tags (number << 3 | wire type) of the fields of `srpc.CRpcHead`, and of ours from 100 up, which the original skips.
 *
 * Meaning, sizes and limits of each: docs/reference/wire.md (a test compares the two).
 */
export const HeadTag = {
  sequence: (10 << 3) | 0,
  coloring: (20 << 3) | 0,
  color_id: (21 << 3) | 0,
  flow_id: (30 << 3) | 0,
  err: (40 << 3) | 0,
  result: (41 << 3) | 0,
  err_msg: (42 << 3) | 2,
  caller: (50 << 3) | 2,
  method_name: (51 << 3) | 2,
  caller_stack: (60 << 3) | 2,
  traceparent: (100 << 3) | 2,
  timeout_ms: (101 << 3) | 0,
  metadata: (102 << 3) | 2,
  code: (103 << 3) | 0,
  details: (104 << 3) | 2,
  hops: (105 << 3) | 0,
  retry: (106 << 3) | 0,
  cancel: (107 << 3) | 0,
  features: (108 << 3) | 0,
} as const;

/** What a server says it understands, in the first answer on a connection. */
export const HeadFeature = {
  Cancel: 1,
  /** On every answer over UDP, so that no server takes it for a request: the two look alike otherwise. */
  Answer: 2,
} as const;

/** One key with its value; keys may repeat. */
export interface MetadataEntry {
  /** 1…`maxMetadataKeyBytes` bytes of UTF-8. */
  readonly key: string;
  readonly value: Uint8Array;
}

/** What a head may contain; each is refused with `TooLarge` above it. The whole head is bounded by `maxHeadBytes` of the frame. */
export interface HeadLimits {
  /** Bytes of `method_name`. */
  readonly maxMethodBytes: number;
  /** Bytes of `caller`. */
  readonly maxCallerBytes: number;
  /** Entries of `metadata`. */
  readonly maxMetadataEntries: number;
  /** Bytes of one metadata key. */
  readonly maxMetadataKeyBytes: number;
  /** Bytes of all metadata keys and values together. */
  readonly maxMetadataBytes: number;
}

/** Method 512 bytes, caller 256, 64 metadata entries with keys up to 128 bytes and 16 KiB in all. */
export const defaultHeadLimits: HeadLimits = {
  maxMethodBytes: 512,
  maxCallerBytes: 256,
  maxMetadataEntries: 64,
  maxMetadataKeyBytes: 128,
  maxMetadataBytes: 16 * 1024,
};

const noMetadata: readonly MetadataEntry[] = [];

/**
 * A decoded head, of a request or a response. Reusable: `HeadDecoder` resets it first.
 *
 * 64-bit ids that nobody calculates with are kept as two signed 32-bit halves, which cost no allocation.
 */
export class RpcHead {
  /** Whether the head had a sequence; without one nothing can be answered. */
  hasSequence = false;
  /** Matches a response to its request; echoed exactly. */
  sequence: Uint64 = 0;
  /** 1: record the request in full, whatever the level. `undefined` when absent. */
  coloring: number | undefined = undefined;
  hasColorId = false;
  colorIdLow = 0;
  colorIdHigh = 0;
  /** Whether the head had a `flow_id` other than 0. */
  hasFlowId = false;
  flowIdLow = 0;
  flowIdHigh = 0;
  /** The original's framework error, 0 or negative; 0 when absent. */
  err = 0;
  /** The original's business result; 0 when absent. */
  result = 0;
  /** Text of the error; "" when absent. */
  errMsg = "";
  /** Who calls, as it says itself: "Lvl1.Lvl2"; empty when absent. */
  caller: KnownText = emptyText;
  /** Full method name, `package.Service.Method`. */
  method: KnownText = emptyText;
  /** Whether the head had a well-formed traceparent. */
  hasTrace = false;
  /** With `hasTrace`: trace id (16 bytes, never all zero), then the caller's span id (8 bytes). One array for the life of the head: copy what is to be kept. */
  readonly trace = new Uint8Array(24);
  /** Over the same memory as `trace`. */
  readonly traceView = new DataView(this.trace.buffer, this.trace.byteOffset);
  /** The same memory, for who copies it. */
  readonly traceWords = new Int32Array(this.trace.buffer, this.trace.byteOffset, 6);
  /** W3C trace flags, 0…255; bit 0: sampled. */
  traceFlags = 0;
  /** Milliseconds that the caller still waits, 1…2^32-1; 0: no deadline. */
  timeoutMs = 0;
  metadata: readonly MetadataEntry[] = noMetadata;
  /** gRPC's status code of a response; 0 when absent. */
  code = 0;
  /** Machine-readable error details of a response. */
  details: Uint8Array | undefined = undefined;
  /** Services that the request has already been through, 0…2^32-1; 0 from a caller that serves nobody. */
  hops = 0;
  /** 1: the request is part of a repeated call; what is called on its behalf is not repeated again. 0 when absent. */
  retry = 0;
  /** Other than 0: no request, but word that the caller has given up the one with this sequence. 0 when absent. */
  cancel = 0;
  /** What the sender of a response understands: bits of {@link HeadFeature}; 0 when absent. */
  features = 0;
  /** Where the head was recognised as a whole: the bytes of what it has in common with others. */
  usual: UsualHead | undefined = undefined;
  /** Nothing has been set since `reset` but the sequence, by `decodeResponse`. */
  isPlainAnswer = false;

  /** Back to the state of a new one. */
  reset(): void {
    this.hasSequence = false;
    this.sequence = 0;
    this.coloring = undefined;
    this.hasColorId = false;
    this.colorIdLow = 0;
    this.colorIdHigh = 0;
    this.hasFlowId = false;
    this.flowIdLow = 0;
    this.flowIdHigh = 0;
    this.err = 0;
    this.result = 0;
    this.errMsg = "";
    this.caller = emptyText;
    this.method = emptyText;
    this.hasTrace = false;
    this.traceFlags = 0;
    this.timeoutMs = 0;
    this.metadata = noMetadata;
    this.code = 0;
    this.details = undefined;
    this.hops = 0;
    this.retry = 0;
    this.cancel = 0;
    this.features = 0;
    this.usual = undefined;
    this.isPlainAnswer = false;
  }

  /** 16 bytes; `undefined` without a traceparent. A view. */
  get traceId(): Uint8Array | undefined {
    return this.hasTrace ? this.trace.subarray(0, 16) : undefined;
  }

  /** 8 bytes: the caller's span; `undefined` without a traceparent. A view. */
  get spanId(): Uint8Array | undefined {
    return this.hasTrace ? this.trace.subarray(16) : undefined;
  }

  /** The flow id as one integer, 0n when absent. */
  flowId(): bigint {
    return bigintFromHalves(this.flowIdLow, this.flowIdHigh);
  }

  /** Set the flow id to the low 64 bits of the trace id at `ids[at, at + 16)`, as a server does for a request that came without one. */
  setFlowIdFromTrace(ids: Uint8Array, at: number): void {
    this.flowIdHigh = int32BigEndian(ids, at + 8);
    this.flowIdLow = int32BigEndian(ids, at + 12);
    this.hasFlowId = true;
  }
}

/** A big-endian signed 32-bit integer. */
function int32BigEndian(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}
