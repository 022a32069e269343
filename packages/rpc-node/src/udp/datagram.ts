import { createFrameSpan, type FrameLimits, type FrameSpan, FrameState, parseFrame } from "@msec/wire";

/** The most that one datagram of UDP over IPv4 carries: 65,535 bytes less the headers of IP (20) and UDP (8). */
export const maxDatagramBytes = 65_507;

/** Limits of a frame that must fit in a datagram. */
export const datagramLimits: FrameLimits = { maxFrameBytes: maxDatagramBytes, maxHeadBytes: maxDatagramBytes - 10 };

const span = createFrameSpan();

/**
 * The one frame of a datagram; `undefined` where it does not begin with a whole one. What follows it is ignored, as the original does.
 *
 * The span is shared: use it up before the next datagram.
 */
export function parseDatagram(bytes: Uint8Array): FrameSpan | undefined {
  return parseFrame(bytes, 0, bytes.length, span, datagramLimits) === FrameState.Whole ? span : undefined;
}
