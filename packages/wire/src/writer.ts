import { uninitialized } from "./node-buffer.ts";
import { highHalf, lowHalf, type Uint64 } from "./uint64.ts";
import { writeUtf8 } from "./utf8-write.ts";
import { varint32Size } from "./varint.ts";
import { WireError, WireReason } from "./wire-error.ts";

/** Where a writer starts when nothing is asked for: holds a few hundred small frames' worth of one turn. */
const defaultInitialBytes = 4096;

/** What one writer may hold when nothing is asked for, so that a runaway response cannot take the process with it. */
const defaultMaxBytes = 256 * 1024 * 1024;

const emptyBytes = new Uint8Array(0);

/**
 * A growing byte buffer with protobuf's primitives, made to be used again and again.
 *
 * Many frames are written one after the other into one writer; the owner sends `written()` in one go and calls
 * `reset()`, or takes the memory away with `detach()` when the send is not finished at once. Positions are offsets from
 * the start of the buffer and stay valid when it grows; `bytes` and `view` do not, so read them afresh after a write.
 */
export class Writer {
  /** The buffer; only `[0, position)` has meaning. Replaced when it grows. */
  bytes: Uint8Array;
  /** Over the same memory as `bytes`. */
  view: DataView;
  /** The offset of the next byte to be written. */
  position = 0;
  /** The size beyond which growing throws. */
  readonly maxBytes: number;

  /**
   * @param options.initialBytes  first allocation, default 4,096
   * @param options.maxBytes      the largest buffer it may grow to, default 256 MiB
   */
  constructor(options: { readonly initialBytes?: number; readonly maxBytes?: number } = {}) {
    this.maxBytes = options.maxBytes ?? defaultMaxBytes;
    this.bytes = new Uint8Array(Math.min(options.initialBytes ?? defaultInitialBytes, this.maxBytes));
    this.view = new DataView(this.bytes.buffer);
  }

  /**
   * Make room for `size` more bytes, doubling the buffer when there is none.
   *
   * @throws WireError TooLarge when the buffer would pass `maxBytes`
   */
  ensure(size: number): void {
    if (this.position + size > this.bytes.length) {
      this.#grow(size);
    }
  }

  #grow(size: number): void {
    const needed = this.position + size;
    if (needed > this.maxBytes) {
      throw new WireError(
        WireReason.TooLarge,
        `writing ${size} more bytes after ${this.position} would pass the limit of ${this.maxBytes} bytes`,
      );
    }
    const grown = uninitialized(Math.min(this.maxBytes, Math.max(needed, this.bytes.length * 2, 256)));
    grown.set(this.bytes.subarray(0, this.position));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }

  /** Forget everything written and keep the memory. */
  reset(): void {
    this.position = 0;
  }

  /** Forget what was written from `position` on (an offset taken earlier), for instance a frame whose body failed. */
  truncate(position: number): void {
    if (!(position >= 0 && position <= this.position)) {
      throw new RangeError(`cannot truncate to ${position}: ${this.position} bytes are written`);
    }
    this.position = position;
  }

  /** What was written, as a view that the next write, `reset` or growth invalidates. No copy. */
  written(): Uint8Array {
    return this.bytes.subarray(0, this.position);
  }

  /** What was written, copied. */
  copy(): Uint8Array {
    return Uint8Array.prototype.slice.call(this.bytes, 0, this.position);
  }

  /**
   * Take what was written together with its memory and leave the writer empty; `attach` gives it memory again (it also
   * allocates by itself at the next write).
   */
  detach(): Uint8Array {
    const result = this.written();
    this.bytes = emptyBytes;
    this.view = new DataView(emptyBytes.buffer);
    this.position = 0;
    return result;
  }

  /** Write into this memory from its start on; whatever the writer held is forgotten. */
  attach(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = 0;
  }

  /** One byte, 0…255. */
  byte(value: number): void {
    this.ensure(1);
    this.bytes[this.position++] = value;
  }

  /** A big-endian 32-bit integer. */
  fixed32BigEndian(value: number): void {
    this.ensure(4);
    this.view.setUint32(this.position, value);
    this.position += 4;
  }

  /** A little-endian 32-bit integer, signed or unsigned. */
  fixed32(value: number): void {
    this.ensure(4);
    this.view.setInt32(this.position, value, true);
    this.position += 4;
  }

  /** A little-endian 64-bit integer given as its low and high 32 bits. */
  fixed64(low: number, high: number): void {
    this.ensure(8);
    this.view.setInt32(this.position, low, true);
    this.view.setInt32(this.position + 4, high, true);
    this.position += 8;
  }

  /** A 32-bit floating-point number. */
  float(value: number): void {
    this.ensure(4);
    this.view.setFloat32(this.position, value, true);
    this.position += 4;
  }

  /** A 64-bit floating-point number. */
  double(value: number): void {
    this.ensure(8);
    this.view.setFloat64(this.position, value, true);
    this.position += 8;
  }

  /** An unsigned 32-bit varint: 1…5 bytes. A negative value is taken as its two's complement in 32 bits. */
  uint32(value: number): void {
    this.ensure(5);
    const bytes = this.bytes;
    let position = this.position;
    let rest = value >>> 0;
    while (rest > 0x7f) {
      bytes[position++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[position++] = rest;
    this.position = position;
  }

  /** A signed 32-bit varint: 1…5 bytes, or 10 when negative, as protobuf has it. */
  int32(value: number): void {
    if (value >= 0) {
      this.uint32(value);
    } else {
      this.varint64(value, -1);
    }
  }

  /** A 64-bit varint given as its low and high 32 bits (signed or unsigned): 1…10 bytes. */
  varint64(low: number, high: number): void {
    this.ensure(10);
    const bytes = this.bytes;
    let position = this.position;
    let restLow = low >>> 0;
    let restHigh = high >>> 0;
    while (restHigh !== 0) {
      bytes[position++] = (restLow & 0x7f) | 0x80;
      restLow = ((restLow >>> 7) | (restHigh << 25)) >>> 0;
      restHigh >>>= 7;
    }
    while (restLow > 0x7f) {
      bytes[position++] = (restLow & 0x7f) | 0x80;
      restLow >>>= 7;
    }
    bytes[position++] = restLow;
    this.position = position;
  }

  /** An unsigned 64-bit varint. */
  uint64(value: Uint64): void {
    if (typeof value === "number" && value <= 0x7fff_ffff) {
      this.uint32(value);
    } else {
      this.varint64(lowHalf(value), highHalf(value));
    }
  }

  /** Raw bytes without a length. */
  raw(bytes: Uint8Array): void {
    const length = bytes.length;
    this.ensure(length);
    const target = this.bytes;
    const position = this.position;
    // A loop is quicker than the call into `set` for about this much.
    if (length <= 40) {
      for (let i = 0; i < length; i++) {
        target[position + i] = bytes[i]!;
      }
    } else {
      target.set(bytes, position);
    }
    this.position = position + length;
  }

  /** Bytes with their length as a varint in front. */
  lengthDelimited(bytes: Uint8Array): void {
    this.uint32(bytes.length);
    this.raw(bytes);
  }

  /** Text as UTF-8 with its length as a varint in front. Lone surrogates become U+FFFD. */
  string(text: string): void {
    writeUtf8(this, text);
  }

  /**
   * Begin something whose length is written in front of it and known only afterwards.
   *
   * @param prefixBytes  how many bytes the length will probably take (1…5, default 1). A right guess costs nothing, a wrong one moves the content.
   * @returns            the offset at which the content starts, for `endLengthDelimited`
   */
  beginLengthDelimited(prefixBytes = 1): number {
    this.ensure(prefixBytes);
    this.position += prefixBytes;
    return this.position;
  }

  /**
   * Write the length of what came since `beginLengthDelimited`.
   *
   * @param contentStart  what `beginLengthDelimited` returned
   * @param prefixBytes   what it was given
   * @returns             how many bytes the length took: the best guess for the next one of this kind
   */
  endLengthDelimited(contentStart: number, prefixBytes = 1): number {
    const length = this.position - contentStart;
    const needed = varint32Size(length);
    if (needed !== prefixBytes) {
      if (needed > prefixBytes) {
        this.ensure(needed - prefixBytes);
      }
      const start = contentStart - prefixBytes + needed;
      this.bytes.copyWithin(start, contentStart, this.position);
      this.position = start + length;
    }
    const bytes = this.bytes;
    let at = contentStart - prefixBytes;
    let rest = length;
    while (rest > 0x7f) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[at] = rest;
    return needed;
  }
}
