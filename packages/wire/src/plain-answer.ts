import { HeadTag } from "./head.ts";

/**
 * The sequence of a head that says nothing but which call it answers, beside what it echoes: color_id, flow_id, caller and method_name, in this order.
 *
 * Nearly all answers have such heads. To pass over what is echoed takes 200 instructions this way, with the parser 600.
 *
 * @returns -1 for any other head
 */
export function sequenceOfPlainAnswer(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < 2 || bytes[start] !== HeadTag.sequence) {
    return -1;
  }
  let at = start + 1;
  let byte = bytes[at++]!;
  let sequence = byte & 0x7f;
  for (let shift = 7; byte > 0x7f; shift += 7) {
    if (shift > 28 || at >= end) {
      return -1;
    }
    byte = bytes[at++]!;
    sequence |= (byte & 0x7f) << shift;
  }
  // The original's sequences have 32 bits; more are for the parser.
  if (at === start + 6 && byte > 0x0f) {
    return -1;
  }
  at = behindVarint(bytes, at, end, HeadTag.color_id);
  at = behindVarint(bytes, at, end, HeadTag.flow_id);
  at = behindName(bytes, at, end, HeadTag.caller);
  at = behindName(bytes, at, end, HeadTag.method_name);
  return at === end ? sequence >>> 0 : -1;
}

function isTag(bytes: Uint8Array, at: number, end: number, tag: number): boolean {
  return at + 2 < end && bytes[at] === ((tag & 0x7f) | 0x80) && bytes[at + 1] === tag >>> 7;
}

/** @returns the offset behind the field; `at` where another one is there, or one that is for the parser to judge */
function behindVarint(bytes: Uint8Array, at: number, end: number, tag: number): number {
  if (!isTag(bytes, at, end, tag)) {
    return at;
  }
  const last = Math.min(end, at + 12);
  for (let next = at + 2; next < last; next++) {
    if (bytes[next]! < 0x80) {
      return next + 1;
    }
  }
  return at;
}

function behindName(bytes: Uint8Array, at: number, end: number, tag: number): number {
  if (!isTag(bytes, at, end, tag)) {
    return at;
  }
  const length = bytes[at + 2]!;
  // Where the bytes end inside it, `at` is not `end`, and the parser says so.
  return length < 0x80 && at + 3 + length <= end ? at + 3 + length : at;
}
