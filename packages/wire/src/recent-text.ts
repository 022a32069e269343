import { decodeText } from "./text.ts";

/** Text together with the bytes it came as. Immutable and shared: compare with `===`, never change `bytes`. */
export interface KnownText {
  readonly text: string;
  readonly bytes: Uint8Array;
}

const slotCount = 32;

/** The empty text. */
export const emptyText: KnownText = { text: "", bytes: new Uint8Array(0) };

/**
 * Remembers the last few names seen, so that a name which comes again costs a comparison instead of a string.
 *
 * A connection calls the same handful of methods over and over. Comparing 25 bytes takes about 15 ns; decoding them
 * and hashing the new string for the method table about 90 ns. One table of 32 slots, found by length and last
 * bytes, and replaced on a miss: what it can hold is bounded by 32 times the longest name that its owner lets through.
 */
export class RecentText {
  readonly #slots: (KnownText | undefined)[] = new Array(slotCount).fill(undefined);

  /** The text of `bytes[start, end)`; the same object as last time when it is still remembered. Invalid UTF-8 becomes U+FFFD. */
  get(bytes: Uint8Array, start: number, end: number): KnownText {
    const length = end - start;
    if (length === 0) {
      return emptyText;
    }
    const slot = (length * 7 + bytes[end - 1]! + (bytes[start + (length >>> 1)]! << 2)) & (slotCount - 1);
    const known = this.#slots[slot];
    if (known !== undefined && isSame(known.bytes, bytes, start, length)) {
      return known;
    }
    const fresh: KnownText = {
      text: decodeText(bytes, start, end),
      bytes: Uint8Array.prototype.slice.call(bytes, start, end),
    };
    this.#slots[slot] = fresh;
    return fresh;
  }
}

function isSame(known: Uint8Array, bytes: Uint8Array, start: number, length: number): boolean {
  if (known.length !== length) {
    return false;
  }
  // From the end: names of one service differ in their last part.
  for (let i = length - 1; i >= 0; i--) {
    if (known[i] !== bytes[start + i]) {
      return false;
    }
  }
  return true;
}
