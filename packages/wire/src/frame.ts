import { WireError, WireReason } from "./wire-error.ts";
import type { Writer } from "./writer.ts";

/**
 * The SRPC frame, byte for byte the original's (`spp_rpc/src/rpc/srpc_proto.cpp`):
 *
 * ```
 * 0x28 | u32be head_len | u32be body_len | head | body | 0x29
 * ```
 */
const startByte = 0x28;
const endByte = 0x29;
const headerBytes = 9;

/** Bytes of a frame that are neither head nor body. */
export const frameOverheadBytes = 10;

/** What a peer may make us buffer. */
export interface FrameLimits {
  /** Largest head, 1…2^31-1 bytes. */
  readonly maxHeadBytes: number;
  /** Largest whole frame, markers and lengths included, 11…2^31-1 bytes. */
  readonly maxFrameBytes: number;
}

/** 64 KiB of head, and a 4 MiB body beside the largest head. */
export const defaultFrameLimits: FrameLimits = {
  maxHeadBytes: 64 * 1024,
  maxFrameBytes: 4 * 1024 * 1024 + 64 * 1024 + frameOverheadBytes,
};

/** What `parseFrame` found at the start of the region. */
export const FrameState = {
  /** Nothing is wrong so far, the frame is not complete. */
  NeedMore: 0,
  /** A whole frame; the span says where. */
  Whole: 1,
  /** No frame; the connection cannot be read on, because nothing says where the next one starts. */
  Bad: 2,
} as const;
export type FrameState = (typeof FrameState)[keyof typeof FrameState];

/** Why a region does not start with a frame. */
export const FrameFault = {
  /** The first byte is not 0x28. */
  BadStart: "bad-start",
  /** The head length is 0: no call has an empty head. */
  EmptyHead: "empty-head",
  /** The head length passes `maxHeadBytes`. */
  HeadTooLarge: "head-too-large",
  /** Head and body pass `maxFrameBytes`. The head is acceptable: see `FrameSpan.headStart`. */
  FrameTooLarge: "frame-too-large",
  /** The byte after the body is not 0x29. */
  BadEnd: "bad-end",
} as const;
export type FrameFault = (typeof FrameFault)[keyof typeof FrameFault];

/** The result of `parseFrame`, owned and reused by its caller. All numbers are offsets into the parsed buffer. */
export interface FrameSpan {
  /** First byte of the head. Valid after `Whole`, and after `Bad` with `FrameTooLarge` (as far as it has arrived) and `BadEnd`. */
  headStart: number;
  headEnd: number;
  bodyStart: number;
  bodyEnd: number;
  /** First byte after the frame. */
  next: number;
  /** After `NeedMore`: how many bytes the frame has in all, or 0 while its lengths have not arrived. Never above the limit. */
  frameBytes: number;
  /** After `Bad`: why. */
  fault: FrameFault | undefined;
}

/** A span to parse into. */
export function createFrameSpan(): FrameSpan {
  return { headStart: 0, headEnd: 0, bodyStart: 0, bodyEnd: 0, next: 0, frameBytes: 0, fault: undefined };
}

/**
 * Look for one frame at the start of `bytes[start, end)`. Keeps no state and allocates nothing.
 *
 * Every length is checked against the limits as soon as its four bytes are there, before the caller would buffer for it.
 *
 * @param span  receives where the parts are; untouched fields keep stale values
 */
export function parseFrame(
  bytes: Uint8Array,
  start: number,
  end: number,
  span: FrameSpan,
  limits: FrameLimits = defaultFrameLimits,
): FrameState {
  const available = end - start;
  if (available > 0 && bytes[start] !== startByte) {
    span.fault = FrameFault.BadStart;
    return FrameState.Bad;
  }
  if (available < headerBytes) {
    span.frameBytes = 0;
    return available < 5 ? FrameState.NeedMore : checkHeadLength(readLength(bytes, start + 1), span, limits);
  }
  const headBytes = readLength(bytes, start + 1);
  if (headBytes - 1 >= limits.maxHeadBytes || headBytes === 0) {
    return checkHeadLength(headBytes, span, limits);
  }
  const bodyBytes = readLength(bytes, start + 5);
  const frameBytes = frameOverheadBytes + headBytes + bodyBytes;
  const headStart = start + headerBytes;
  const bodyStart = headStart + headBytes;
  span.headStart = headStart;
  span.headEnd = bodyStart;
  if (frameBytes > limits.maxFrameBytes) {
    span.fault = FrameFault.FrameTooLarge;
    return FrameState.Bad;
  }
  span.frameBytes = frameBytes;
  if (available < frameBytes) {
    return FrameState.NeedMore;
  }
  const bodyEnd = bodyStart + bodyBytes;
  if (bytes[bodyEnd] !== endByte) {
    span.fault = FrameFault.BadEnd;
    return FrameState.Bad;
  }
  span.bodyStart = bodyStart;
  span.bodyEnd = bodyEnd;
  span.next = bodyEnd + 1;
  return FrameState.Whole;
}

/** An unsigned big-endian 32-bit integer; a "negative" length of the original's is a huge one here. */
function readLength(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

function checkHeadLength(headBytes: number, span: FrameSpan, limits: FrameLimits): FrameState {
  if (headBytes === 0) {
    span.fault = FrameFault.EmptyHead;
    return FrameState.Bad;
  }
  if (headBytes > limits.maxHeadBytes) {
    span.fault = FrameFault.HeadTooLarge;
    return FrameState.Bad;
  }
  return FrameState.NeedMore;
}

/** A sentence for a fault, for logs and error messages. */
export function describeFrameFault(fault: FrameFault, limits: FrameLimits = defaultFrameLimits): string {
  switch (fault) {
    case FrameFault.BadStart:
      return "expected a frame to start with byte 0x28";
    case FrameFault.EmptyHead:
      return "a frame's head must not be empty";
    case FrameFault.HeadTooLarge:
      return `the head is larger than frames.maxHeadBytes ${limits.maxHeadBytes}`;
    case FrameFault.FrameTooLarge:
      return `the frame is larger than frames.maxBytes ${limits.maxFrameBytes}`;
    case FrameFault.BadEnd:
      return "expected byte 0x29 after the body";
  }
}

/**
 * Begin a frame: its header is reserved and the head is written next, straight into the writer.
 *
 * @returns the frame's offset, for `endHead`, `endFrame`, and `writer.truncate` when it must be given up
 */
export function beginFrame(writer: Writer): number {
  const frameStart = writer.position;
  writer.ensure(headerBytes);
  writer.bytes[frameStart] = startByte;
  writer.position = frameStart + headerBytes;
  return frameStart;
}

/**
 * The head is written; the body is next.
 *
 * @returns the body's offset, for `endFrame`
 */
export function endHead(writer: Writer, frameStart: number): number {
  writeLength(writer.bytes, frameStart + 1, writer.position - frameStart - headerBytes);
  return writer.position;
}

/**
 * The body is written (it may be empty): patch its length and close the frame.
 *
 * @throws WireError TooLarge when head or frame pass the limits; the frame is then taken back from the writer
 */
export function endFrame(
  writer: Writer,
  frameStart: number,
  bodyStart: number,
  limits: FrameLimits = defaultFrameLimits,
): void {
  const bodyEnd = writer.position;
  const frameBytes = bodyEnd + 1 - frameStart;
  const headBytes = bodyStart - frameStart - headerBytes;
  if (frameBytes > limits.maxFrameBytes || headBytes > limits.maxHeadBytes) {
    writer.truncate(frameStart);
    throw new WireError(
      WireReason.TooLarge,
      headBytes > limits.maxHeadBytes
        ? `the head has ${headBytes} bytes, frames.maxHeadBytes is ${limits.maxHeadBytes}`
        : `the frame has ${frameBytes} bytes, frames.maxBytes is ${limits.maxFrameBytes}`,
    );
  }
  writeLength(writer.bytes, frameStart + 5, bodyEnd - bodyStart);
  writer.ensure(1);
  writer.bytes[bodyEnd] = endByte;
  writer.position = bodyEnd + 1;
}

/** Write a frame whose head and body exist already. Where they do not, `beginFrame` … `endFrame` save the copies. */
export function encodeFrame(
  writer: Writer,
  head: Uint8Array,
  body: Uint8Array,
  limits: FrameLimits = defaultFrameLimits,
): void {
  const frameStart = beginFrame(writer);
  writer.raw(head);
  const bodyStart = endHead(writer, frameStart);
  writer.raw(body);
  endFrame(writer, frameStart, bodyStart, limits);
}

function writeLength(bytes: Uint8Array, at: number, length: number): void {
  bytes[at] = length >>> 24;
  bytes[at + 1] = length >>> 16;
  bytes[at + 2] = length >>> 8;
  bytes[at + 3] = length;
}
