/**
 * Position in a trace: W3C trace context as bytes. A `CallContext` is one too.
 *
 * @see https://www.w3.org/TR/trace-context/
 */
export interface TraceParent {
  /** 16 bytes, not all zero. The low 64 bits (bytes 8…15) are the original's `flow_id`. */
  readonly traceId: Uint8Array;
  /** 8 bytes: the span that new spans become children of; all zero where the caller named none. */
  readonly spanId: Uint8Array;
  /** W3C flags bit 0. It goes on as it came, and is set where a request begins: who is behind us then records it too, whatever our own rate keeps. */
  readonly sampled: boolean;
  /** W3C `tracestate` as it came, which goes on unchanged (`traceStateOf`); missing or "": none. */
  readonly traceState?: string | undefined;
}

/** Most characters of a `tracestate` that goes on, and members; the specification asks for these at least. */
const traceStateMax = { characters: 512, members: 32 } as const;

// A key is lower case; a value has no comma, no equals sign and nothing that cannot be printed. Empty members are allowed.
const memberPattern = /^[\t ]*(?:[a-z0-9][a-z0-9_*/@-]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,256})?[\t ]*$/;

/**
 * A `tracestate` header value that may go on: "" for one that is longer or has more members than is promised to go on, or is none. Never cut: half of
 * another system's word is worse than none.
 */
export function traceStateOf(text: string | undefined): string {
  if (text === undefined || text === "" || text.length > traceStateMax.characters) {
    return "";
  }
  const members = text.split(",");
  return members.length <= traceStateMax.members && members.every((member) => memberPattern.test(member)) ? text : "";
}

// Version 00 exactly, lower-case hex as the specification demands; newer versions may add fields behind a dash.
const pattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Parse a `traceparent` header value; `undefined` for anything that the specification says to ignore. */
export function parseTraceParent(text: string): TraceParent | undefined {
  const match = pattern.exec(text);
  if (!match) {
    return undefined;
  }
  const [, version, trace, span, flags, rest] = match;
  if (version === "ff" || (version === "00" && rest !== undefined) || /^0+$/.test(trace!) || /^0+$/.test(span!)) {
    return undefined;
  }
  return {
    traceId: bytesFromHex(trace!),
    spanId: bytesFromHex(span!),
    sampled: (Number.parseInt(flags!, 16) & 1) === 1,
  };
}

/** Format a `traceparent` header value, version 00. */
export function formatTraceParent(parent: TraceParent): string {
  return `00-${hexFromBytes(parent.traceId)}-${hexFromBytes(parent.spanId)}-${parent.sampled ? "01" : "00"}`;
}

/** Lower-case hex of a few bytes. */
export function hexFromBytes(bytes: Uint8Array): string {
  let hex = "";
  for (const byte of bytes) {
    hex += hexPairs[byte];
  }
  return hex;
}

function bytesFromHex(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length >> 1);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  }
  return bytes;
}

const hexPairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** The original's `flow_id` of a trace: its low 64 bits. */
export function flowIdFromTraceId(traceId: Uint8Array): bigint {
  return new DataView(traceId.buffer, traceId.byteOffset, 16).getBigUint64(8);
}

/** The trace that a bare `flow_id` stands for: high half zero. */
export function traceIdFromFlowId(flowId: bigint): Uint8Array {
  const traceId = new Uint8Array(16);
  new DataView(traceId.buffer).setBigUint64(8, flowId);
  return traceId;
}
