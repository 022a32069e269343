import { copyBytes } from "./byte-slab.ts";
import { WireError, WireReason } from "./wire-error.ts";

/** Protobuf's wire types. */
export const WireType = {
  Varint: 0,
  Bit64: 1,
  LengthDelimited: 2,
  StartGroup: 3,
  EndGroup: 4,
  Bit32: 5,
} as const;

/** Nesting of messages and groups that is read; deeper input is refused (protobuf's own default). */
export const recursionLimit = 100;

/**
 * Messages (and elements of repeated bytes) that one decoded message may hold, beside one for every 16 of its bytes. Each takes two
 * bytes on the wire and hundreds in memory (320 with eight fields): without a limit a body of 4 MiB would become 700 MB. What has
 * 16 bytes in each on average passes whatever its size.
 */
const freeObjects = 65_536;

const emptyView = new DataView(new ArrayBuffer(0));

/**
 * A cursor over `bytes[position, end)`, made to be pointed at many regions one after the other.
 *
 * No read goes past `end`, even when the buffer has more bytes behind it: those belong to another frame.
 */
export class Reader {
  bytes: Uint8Array = new Uint8Array(0);
  /** Offset of the next byte to be read. */
  position = 0;
  /** Offset behind the last byte that may be read. */
  end = 0;
  /** Low 32 bits of the last `varint64` or `fixed64`, signed. */
  low = 0;
  /** Fields that were kept as unknown since `reset`; the codec counts them against its limit. */
  unknownFields = 0;
  /** Messages, and elements of repeated bytes, that were made since `reset`; the codec counts them against `maxObjects`. */
  objects = 0;
  /** How many there may be: see `freeObjects`. */
  maxObjects = 0;
  /** High 32 bits of the last `varint64` or `fixed64`, signed. */
  high = 0;
  #view: DataView = emptyView;

  /**
   * Point at `bytes[start, end)`.
   *
   * @throws RangeError when the region is not inside `bytes`: a mistake of the caller, never of the bytes' sender
   */
  reset(bytes: Uint8Array, start: number, end: number): void {
    if (!(start >= 0 && start <= end && end <= bytes.length)) {
      throw new RangeError(`region [${start}, ${end}) is not inside a buffer of ${bytes.length} bytes`);
    }
    this.bytes = bytes;
    this.position = start;
    this.end = end;
    this.unknownFields = 0;
    this.objects = 0;
    this.maxObjects = freeObjects + ((end - start) >>> 4);
  }

  /** Over the same memory as `bytes`; made when first needed for a buffer, so that messages without floats never pay for it. */
  view(): DataView {
    const bytes = this.bytes;
    const view = this.#view;
    if (view.buffer === bytes.buffer && view.byteOffset === bytes.byteOffset && view.byteLength === bytes.byteLength) {
      return view;
    }
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return this.#view;
  }

  /** A varint's low 32 bits, unsigned. Up to ten bytes are accepted, as a negative int32 has them. */
  uint32(): number {
    const bytes = this.bytes;
    const end = this.end;
    let position = this.position;
    let result = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (position >= end) {
        throw truncated("a varint");
      }
      const byte = bytes[position++]!;
      if (shift < 35) {
        // At shift 28 only the low four bits have room; `<<` drops the others by itself.
        result |= (byte & 0x7f) << shift;
      }
      if (byte < 0x80) {
        this.position = position;
        return result >>> 0;
      }
    }
    throw overlongVarint();
  }

  /** A 64-bit varint, into `low` and `high`. */
  varint64(): void {
    const bytes = this.bytes;
    const end = this.end;
    let position = this.position;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (position >= end) {
        throw truncated("a varint");
      }
      const byte = bytes[position++]!;
      const bits = byte & 0x7f;
      if (shift < 28) {
        low |= bits << shift;
      } else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else {
        high |= bits << (shift - 32);
      }
      if (byte < 0x80) {
        this.position = position;
        this.low = low;
        this.high = high;
        return;
      }
    }
    throw overlongVarint();
  }

  /**
   * A field's tag: number << 3 | wire type, unsigned.
   *
   * @throws WireError BadTag (number 0, wire type 6 or 7, more than 32 bits)
   */
  tag(): number {
    const start = this.position;
    // Fields 16…2047, all but one of the head's, have tags of two bytes: 333 instead of 545 ns for a request's head.
    if (start + 1 < this.end) {
      const low = this.bytes[start]!;
      const high = this.bytes[start + 1]!;
      if (low > 0x7f && high < 0x80 && high > 0 && (low & 7) <= 5) {
        this.position = start + 2;
        return (low & 0x7f) | (high << 7);
      }
    }
    const tag = this.uint32();
    const size = this.position - start;
    if (tag < 8 || (tag & 7) > 5 || size > 5 || (size === 5 && this.bytes[this.position - 1]! > 0x0f)) {
      throw new WireError(
        WireReason.BadTag,
        `expected a field's tag, found number ${tag >>> 3} with wire type ${tag & 7}`,
      );
    }
    return tag;
  }

  /**
   * The length of what follows; that many bytes are there.
   *
   * @throws WireError BadLength
   */
  length(): number {
    const length = this.uint32();
    if (length > this.end - this.position) {
      throw badLength(length, this.end - this.position);
    }
    return length;
  }

  /** Four bytes, little-endian, as a signed 32-bit integer. */
  sfixed32(): number {
    this.need(4);
    const bytes = this.bytes;
    const at = this.position;
    this.position = at + 4;
    return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
  }

  /** Eight bytes, little-endian, into `low` and `high`. */
  fixed64(): void {
    this.need(8);
    this.low = this.sfixed32();
    this.high = this.sfixed32();
  }

  /** @throws WireError Truncated unless `size` more bytes are there */
  need(size: number): void {
    if (size > this.end - this.position) {
      throw truncated(`a value of ${size} bytes`);
    }
  }

  /**
   * A copy of the next `length` bytes, whose presence was checked (`length()`, `need()`).
   *
   * A copy, because the buffer belongs to a socket and is soon overwritten.
   */
  copyBytes(length: number): Uint8Array<ArrayBuffer> {
    const start = this.position;
    this.position = start + length;
    return copyBytes(this.bytes, start, length);
  }

  /**
   * Pass over a field's value.
   *
   * @param tag    the tag that was read before it
   * @param depth  how many more groups may be nested here
   * @throws WireError when the value is broken, or an end of group without its start
   */
  skip(tag: number, depth: number = recursionLimit): void {
    switch (tag & 7) {
      case WireType.Varint:
        this.varint64();
        return;
      case WireType.Bit64:
        this.need(8);
        this.position += 8;
        return;
      case WireType.LengthDelimited: {
        const length = this.length();
        this.position += length;
        return;
      }
      case WireType.StartGroup:
        this.#skipGroup(tag >>> 3, depth);
        return;
      case WireType.Bit32:
        this.need(4);
        this.position += 4;
        return;
      default:
        throw new WireError(WireReason.BadGroup, `group ${tag >>> 3} ends but was not started`);
    }
  }

  #skipGroup(number: number, depth: number): void {
    if (depth <= 0) {
      throw tooDeep();
    }
    for (;;) {
      if (this.position >= this.end) {
        throw new WireError(WireReason.BadGroup, `group ${number} is not closed`);
      }
      const tag = this.tag();
      if ((tag & 7) === WireType.EndGroup) {
        if (tag >>> 3 !== number) {
          throw new WireError(WireReason.BadGroup, `group ${number} is closed as group ${tag >>> 3}`);
        }
        return;
      }
      this.skip(tag, depth - 1);
    }
  }
}

/** The bytes end inside `what`. */
export function truncated(what: string): WireError {
  return new WireError(WireReason.Truncated, `the bytes end inside ${what}`);
}

/** A varint goes on after ten bytes. */
function overlongVarint(): WireError {
  return new WireError(WireReason.OverlongVarint, "a varint has more than ten bytes");
}

/** A length announces more than encloses it. */
export function badLength(length: number, available: number): WireError {
  return new WireError(WireReason.BadLength, `a length says ${length} bytes, ${available} are left`);
}

/** Nested deeper than `recursionLimit`. */
export function tooDeep(): WireError {
  return new WireError(WireReason.TooDeep, `nested deeper than ${recursionLimit} levels`);
}
