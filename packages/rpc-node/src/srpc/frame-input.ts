import { createFrameSpan, type FrameFault, type FrameLimits, type FrameSpan, FrameState, parseFrame } from "@msec/wire";
import { returnHeld, takeHeld } from "./held-memory.ts";

/** What happens with the frames of a connection. */
export interface FrameHandler {
  /** One whole frame. The bytes are valid only during the call. */
  onFrame(bytes: Uint8Array, span: FrameSpan): void;
  /** The stream cannot be read on. `bytes[start, end)` is what has arrived of the bad frame. */
  onBadFrame(fault: FrameFault, bytes: Uint8Array, start: number, end: number, span: FrameSpan): void;
}

const none = new Uint8Array(0);

/**
 * Cuts a byte stream into frames: every whole frame of a read is handed on before the next read, and only what is left of
 * an incomplete one is copied.
 *
 * Memory follows what has arrived, never what a length field announces, and a connection that waits for no rest of a frame has none.
 */
export class FrameInput {
  /** `performance.now()` of the read in which the oldest incomplete frame began; 0 where none is held. */
  heldSinceMs = 0;
  readonly #handler: FrameHandler;
  readonly #limits: FrameLimits;
  readonly #span = createFrameSpan();
  #held: Uint8Array = none;
  #heldEnd = 0;
  #paused = false;
  #broken = false;

  constructor(handler: FrameHandler, limits: FrameLimits) {
    this.#handler = handler;
    this.#limits = limits;
  }

  /** Bytes that wait for the rest of their frame. */
  get heldBytes(): number {
    return this.#heldEnd;
  }

  /** Take no more of the stream. `use` sees the beginning of the frame that is held, whose head is whole where `span.headEnd <= end`. */
  abandon(use: (bytes: Uint8Array, span: FrameSpan, end: number) => void): void {
    this.#broken = true;
    const [held, end] = [this.#held, this.#heldEnd];
    this.#held = none;
    this.#heldEnd = 0;
    this.heldSinceMs = 0;
    const span = this.#span;
    span.headEnd = Number.POSITIVE_INFINITY;
    parseFrame(held, 0, end, span, this.#limits);
    use(held, span, end);
  }

  /** Hand on no frame until `resume`; what arrives meanwhile is held. The owner also stops reading. */
  pause(): void {
    this.#paused = true;
  }

  /** Hand on what was held, and what comes. */
  resume(nowMs: number): void {
    this.#paused = false;
    if (this.#heldEnd > 0) {
      this.#drainHeld(nowMs);
    }
  }

  /** Take what a read gave. `bytes` may be reused by the caller afterwards. After a bad frame everything is ignored. */
  push(bytes: Uint8Array, length: number, nowMs: number): void {
    if (this.#broken) {
      return;
    }
    if (this.#heldEnd > 0 || this.#paused) {
      this.#hold(bytes, 0, length, nowMs);
      if (!this.#paused) {
        this.#drainHeld(nowMs);
      }
      return;
    }
    const at = this.#split(bytes, length);
    if (at < length && !this.#broken) {
      this.#hold(bytes, at, length, nowMs);
    }
  }

  /** Hand on the whole frames of `bytes[0, end)`. @returns where the rest begins */
  #split(bytes: Uint8Array, end: number): number {
    const span = this.#span;
    let at = 0;
    while (at < end && !this.#paused) {
      const state = parseFrame(bytes, at, end, span, this.#limits);
      if (state === FrameState.Whole) {
        at = span.next;
        this.#handler.onFrame(bytes, span);
      } else if (state === FrameState.NeedMore) {
        return at;
      } else {
        if (this.#awaitsHead(span, end)) {
          return at;
        }
        this.#broken = true;
        this.#handler.onBadFrame(span.fault!, bytes, at, end, span);
        return end;
      }
    }
    return at;
  }

  // A frame that is too large can be refused by its sequence once its head is there; the head itself is within its limit.
  #awaitsHead(span: FrameSpan, end: number): boolean {
    return span.fault === "frame-too-large" && end < span.headEnd;
  }

  #drainHeld(nowMs: number): void {
    const held = this.#held;
    const end = this.#heldEnd;
    // A handler may pause, but never pushes, so `held` stays as it is during the split.
    const at = this.#split(held, end);
    if (at === 0) {
      return;
    }
    this.#heldEnd = end - at;
    if (this.#heldEnd > 0) {
      held.copyWithin(0, at, end);
      this.heldSinceMs = nowMs;
    } else {
      this.heldSinceMs = 0;
      // Not where the handler has abandoned the stream meanwhile.
      if (this.#held === held) {
        this.#held = none;
        returnHeld(held);
      }
    }
  }

  #hold(bytes: Uint8Array, start: number, end: number, nowMs: number): void {
    const length = end - start;
    if (this.#heldEnd === 0) {
      this.heldSinceMs = nowMs;
    }
    const needed = this.#heldEnd + length;
    if (needed > this.#held.length) {
      const held = this.#held;
      const grown = takeHeld(Math.max(needed, held.length * 2));
      if (this.#heldEnd > 0) {
        grown.set(held.subarray(0, this.#heldEnd));
      }
      this.#held = grown;
      if (held.length > 0) {
        returnHeld(held);
      }
    }
    this.#held.set(bytes.subarray(start, end), this.#heldEnd);
    this.#heldEnd = needed;
  }
}
