import { InvalidBatch } from "../store-error.ts";
import { keyId } from "./key-id.ts";

// ClickHouse's columnar format `Native`: a block is the numbers of its columns and rows, then for each column its name, its type and its
// values one after the other. The engine copies them where RowBinary makes it read each value of each row: log lines cost it 2.1 µs
// each as rows and 0.14 µs as columns, samples 1 µs and 0.05 µs, nearly all of it for strings that most rows share.
//
// See https://clickhouse.com/docs/interfaces/formats/Native

/** Flags of a dictionary: "these are all keys" and "forget earlier ones", beside the width of an index. */
const keysOfThisBlock = 0x600;
const sharedDictionaries = 1n;

/** Few bytes of a batch can stand for many in the store; this is where it ends. */
const textMaxBytes = 256 * 1024 * 1024;

/** Up to this many characters a loop over them is quicker than a call into the engine's encoder. */
const loopMaxChars = 24;

/** The strings of a column that has few different ones: each once, and rows name its position. Position 0 is the empty string. */
export class Keys {
  readonly #positions = new Map<string, number>([["", 0]]);
  readonly #keys: string[] = [""];
  /** As far as anybody has asked. */
  readonly #ids: bigint[] = [];

  /** The position of a string. */
  positionOf(key: string): number {
    const known = this.#positions.get(key);
    if (known !== undefined) return known;
    const position = this.#keys.push(key) - 1;
    this.#positions.set(key, position);
    return position;
  }

  /** The numbers that stand for all strings (`keyId`), by position. */
  get ids(): readonly bigint[] {
    for (let position = this.#ids.length; position < this.#keys.length; position++) {
      this.#ids.push(keyId(this.#keys[position]!));
    }
    return this.#ids;
  }

  /** The strings, by position. */
  get keys(): readonly string[] {
    return this.#keys;
  }

  /** A column of a block: name, type and values. */
  column(name: string, positions: Uint32Array): Uint8Array[] {
    return [...header(name, "LowCardinality(String)"), keysVersion, ...this.values(positions)];
  }

  /** A column of the numbers that stand for the strings, as a dictionary too: a byte or two a row instead of eight. The table's column is a plain UInt64. */
  idColumn(name: string, positions: Uint32Array): Uint8Array[] {
    const ids = bytesOf(BigUint64Array.from(this.ids));
    return [...header(name, "LowCardinality(UInt64)"), keysVersion, ...dictionary([ids], this.#keys.length, positions)];
  }

  /** The values alone, as they stand inside of another column. */
  values(positions: Uint32Array): Uint8Array[] {
    // A dictionary for nothing is not written at all.
    if (positions.length === 0) return [];
    return dictionary(this.#keys.map(textBytes), this.#keys.length, positions);
  }
}

/** @param values  of the dictionary, `count` of them, one behind the other */
function dictionary(values: readonly Uint8Array[], count: number, positions: Uint32Array): Uint8Array[] {
  const [width, indexes] =
    count <= 0x100
      ? [0, new Uint8Array(positions)]
      : count <= 0x1_0000
        ? [1, new Uint16Array(positions)]
        : [2, new Uint32Array(positions)];
  return [
    bytesOf(BigUint64Array.of(BigInt(keysOfThisBlock + width), BigInt(count))),
    ...values,
    bytesOf(BigUint64Array.of(BigInt(positions.length))),
    bytesOf(indexes),
  ];
}

/** A column of keys that is filled row by row. */
export class KeyColumn {
  readonly name: string;
  readonly keys = new Keys();
  /** The position of each row's string; longer than there are rows. */
  rows: Uint32Array;

  /** @param rows  room to begin with */
  constructor(name: string, rows: number) {
    this.name = name;
    this.rows = new Uint32Array(rows);
  }

  /** Make room; what is there stays. */
  grow(rows: number): void {
    this.rows = grown(new Uint32Array(rows), this.rows);
  }

  /** The rows `from`…`to` as a column of a block. */
  block(from: number, to: number): Uint8Array[] {
    return this.keys.column(this.name, this.rows.subarray(from, to));
  }
}

/** A piece of a column of texts. */
interface TextChunk {
  /** Bytes of the column before it. */
  readonly begin: number;
  readonly buffer: Buffer;
}

/** Bytes of a piece: large enough to be sent by itself. */
const chunkBytes = 1024 * 1024;

/**
 * A column of different strings, each behind its length.
 *
 * It grows by pieces: what is written is not copied, and a large buffer that is thrown away makes the collector of garbage look at the whole heap.
 */
export class TextColumn {
  readonly #chunks: TextChunk[] = [];
  #buffer: Buffer = Buffer.alloc(0);
  /** Bytes of the column before `#buffer`. */
  #begin = 0;
  /** Bytes written to `#buffer`. */
  #used = 0;

  /** Bytes written. */
  get length(): number {
    return this.#begin + this.#used;
  }

  /** Forget what was written since the column had this length. */
  truncate(length: number): void {
    while (this.#begin > length) {
      this.#chunks.pop();
      const last = this.#chunks.at(-1)!;
      this.#buffer = last.buffer;
      this.#begin = last.begin;
    }
    this.#used = length - this.#begin;
  }

  /** Append a text; what is longer than `maxChars` UTF-16 units is cut. @throws InvalidBatch when there are too many */
  append(text: string, maxChars: number): void {
    const kept = text.length > maxChars ? text.slice(0, maxChars) : text;
    const chars = kept.length;
    // A UTF-16 unit takes at most three bytes of UTF-8.
    if (this.#used + chars * 3 + 5 > this.#buffer.length) this.#addChunk(chars * 3 + 5);
    const buffer = this.#buffer;
    if (chars <= loopMaxChars) {
      const start = this.#used + 1;
      let i = 0;
      for (; i < chars; i++) {
        const code = kept.charCodeAt(i);
        if (code > 0x7f) break;
        buffer[start + i] = code;
      }
      if (i === chars) {
        buffer[start - 1] = chars;
        this.#used = start + chars;
        return;
      }
    }
    // Most texts are ASCII: their length is that of the string, and what it takes is known before.
    const guess = varintBytes(chars);
    const start = this.#used + guess;
    const bytes = buffer.write(kept, start);
    const needed = varintBytes(bytes);
    if (needed !== guess) buffer.copyWithin(this.#used + needed, start, start + bytes);
    let rest = bytes;
    while (rest > 0x7f) {
      buffer[this.#used++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    buffer[this.#used++] = rest;
    this.#used += bytes;
  }

  /** What was written from one length to another; it shares the column's memory. */
  slice(from: number, to: number): Uint8Array[] {
    return this.#chunks.flatMap(({ begin, buffer }, i) => {
      const end = this.#chunks[i + 1]?.begin ?? this.length;
      return begin < to && end > from
        ? [buffer.subarray(Math.max(from, begin) - begin, Math.min(to, end) - begin)]
        : [];
    });
  }

  #addChunk(bytes: number): void {
    const begin = this.length;
    if (begin + bytes > textMaxBytes) {
      throw new InvalidBatch(`the texts take more than ${textMaxBytes} bytes in the store`);
    }
    // A column of few texts takes a small piece: its next one is large.
    const wanted = this.#chunks.length === 0 ? 16_384 : chunkBytes;
    this.#buffer = Buffer.allocUnsafeSlow(Math.max(bytes, wanted));
    this.#begin = begin;
    this.#used = 0;
    this.#chunks.push({ begin, buffer: this.#buffer });
  }
}

/** Positions among keys of a batch's strings, looked up at their first use: a batch uses each of its strings many times. */
export class KeyPositions {
  readonly #keys: Keys;
  readonly #strings: readonly string[];
  readonly #maxChars: number;
  // A plain array: a typed one of this size has memory of its own, which takes longer to get and to give back than all look-ups.
  readonly #known: number[];

  constructor(keys: Keys, strings: readonly string[], maxChars: number) {
    this.#keys = keys;
    this.#strings = strings;
    this.#maxChars = maxChars;
    this.#known = new Array<number>(strings.length).fill(-1);
  }

  /** @param ref  a position in the batch's strings */
  of(ref: number): number {
    const known = this.#known[ref]!;
    if (known !== -1) return known;
    const position = this.#keys.positionOf(this.#strings[ref]!.slice(0, this.#maxChars));
    this.#known[ref] = position;
    return position;
  }
}

/** Stands before the values of `LowCardinality`, or of the column around it. */
export const keysVersion: Uint8Array = bytesOf(BigUint64Array.of(sharedDictionaries));

/** The beginning of a block. */
export function blockHead(columns: number, rows: number): Uint8Array {
  return Buffer.concat([varint(columns), varint(rows)]);
}

/** The beginning of a column: its name and its type. Columns are named, so their order need not be the table's. */
export function header(name: string, type: string): Uint8Array[] {
  return [textBytes(name), textBytes(type)];
}

/** A column of numbers. */
export function numberColumn(name: string, type: string, values: NumberArray): Uint8Array[] {
  return [...header(name, type), bytesOf(values)];
}

/** Arrays of numbers in columns. */
export type NumberArray = Uint8Array | Uint16Array | Uint32Array | Float64Array | BigUint64Array;

/** The bytes of an array. Native is little-endian, as every processor is that the engine runs on. */
export function bytesOf(values: NumberArray): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** Copy a column into a wider one. */
export function grown<Column extends Uint8Array | Uint32Array | Float64Array>(wide: Column, column: Column): Column {
  wide.set(column);
  return wide;
}

/** A string behind its length, as RowBinary and `Native` have it. */
export function textBytes(value: string): Uint8Array {
  const bytes = Buffer.from(value);
  return Buffer.concat([varint(bytes.length), bytes]);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  return value < 0x20_0000 ? 3 : 4;
}
