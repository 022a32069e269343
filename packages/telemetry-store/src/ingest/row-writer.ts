import { InvalidBatch } from "../store-error.ts";
import { textBytes } from "./native-column.ts";

/** One insert: an engine reads it in one block and well below the limit of a request's body. */
const partBytes = 16 * 1024 * 1024;

/** Few bytes of a batch can name long strings of its dictionary many times; this is where it ends. */
const writerMaxBytes = 256 * 1024 * 1024;

/** A place between two rows. */
export interface WriterPosition {
  readonly length: number;
  readonly rows: number;
  readonly cuts: number;
}

/**
 * Writes ClickHouse's RowBinary: numbers in little-endian order, strings behind their length in a varint, no
 * separators. Grows as needed.
 *
 * @see https://clickhouse.com/docs/interfaces/formats/RowBinary
 */
export class RowWriter {
  #buffer: Buffer<ArrayBuffer>;
  #view: DataView<ArrayBuffer>;
  #length = 0;
  #rows = 0;
  /** Ends of rows at which the bytes may be cut into parts. */
  #cuts: number[] = [];

  /** @param initialBytes room to begin with; default none, as most inserts are for one table and there is a writer for each */
  constructor(initialBytes = 0) {
    this.#buffer = Buffer.allocUnsafeSlow(initialBytes);
    this.#view = new DataView(this.#buffer.buffer);
  }

  /** Rows written. */
  get rows(): number {
    return this.#rows;
  }

  /** All bytes written; they share the writer's memory. */
  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** The bytes in parts of whole rows, each about `partBytes`; `[]` where there are none. */
  parts(): Buffer[] {
    const ends = this.#cuts.at(-1) === this.#length ? this.#cuts : [...this.#cuts, this.#length];
    return ends.map((end, i) => this.#buffer.subarray(ends[i - 1] ?? 0, end)).filter((part) => part.length > 0);
  }

  /** End a row. */
  endRow(): void {
    this.#rows++;
    if (this.#length - (this.#cuts.at(-1) ?? 0) >= partBytes) this.#cuts.push(this.#length);
  }

  /** Where the writer stands, to come back to with `rollback`. */
  position(): WriterPosition {
    return { length: this.#length, rows: this.#rows, cuts: this.#cuts.length };
  }

  /** @returns what forgets everything written from now on */
  mark(): () => void {
    const position = this.position();
    return () => this.rollback(position);
  }

  /** Forget what was written since. */
  rollback(position: WriterPosition): void {
    this.#length = position.length;
    this.#rows = position.rows;
    this.#cuts.length = position.cuts;
  }

  uint8(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = value;
  }

  uint16(value: number): void {
    this.#reserve(2);
    this.#view.setUint16(this.#length, value, true);
    this.#length += 2;
  }

  uint32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.#length, value, true);
    this.#length += 4;
  }

  /** @param value a whole number, 0…2^53 */
  uint64(value: number): void {
    this.#reserve(8);
    this.#view.setUint32(this.#length, value % 0x1_0000_0000, true);
    this.#view.setUint32(this.#length + 4, value / 0x1_0000_0000, true);
    this.#length += 8;
  }

  float64(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  /** Eight bytes in network order, as ids come, as a UInt64. */
  uint64FromBytes(bytes: Uint8Array, at: number): void {
    this.#reserve(8);
    const buffer = this.#buffer;
    const start = this.#length;
    for (let i = 0; i < 8; i++) buffer[start + i] = bytes[at + 7 - i]!;
    this.#length = start + 8;
  }

  varint(value: number): void {
    this.#reserve(5);
    let rest = value;
    while (rest > 0x7f) {
      this.#buffer[this.#length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#buffer[this.#length++] = rest;
  }

  /** Bytes as they are, for example a string that `encodedString` made. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** A string; what is longer than `maxChars` UTF-16 units is cut. */
  string(text: string, maxChars: number): void {
    const kept = text.length > maxChars ? text.slice(0, maxChars) : text;
    const bytes = Buffer.byteLength(kept);
    this.varint(bytes);
    this.#reserve(bytes);
    this.#length += this.#buffer.write(kept, this.#length, "utf8");
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return;
    if (needed > writerMaxBytes) throw new InvalidBatch(`the rows take more than ${writerMaxBytes} bytes in the store`);
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2 || 65_536));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** A string as RowBinary has it, to be written many times with `raw`. */
export function encodedString(text: string, maxChars: number): Uint8Array {
  return textBytes(text.length > maxChars ? text.slice(0, maxChars) : text);
}
