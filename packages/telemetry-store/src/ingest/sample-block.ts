import { InvalidBatch } from "../store-error.ts";

/** Rows of one insert; an engine reads it as one block. */
const partRows = 500_000;

/** Rows of one ingest: 26 bytes each here, and as many again while they are written. */
const rowsMax = 8_000_000;

/** `Native` has one flag for "these are all keys" and one for "forget earlier ones", beside the width of an index. */
const keysOfThisBlock = 0x600;
const sharedDictionaries = 1n;

/** A column of few different strings: each once, and for each row its position. Position 0 is the empty string. */
class KeyColumn {
  readonly #positions = new Map<string, number>([["", 0]]);
  readonly keys: string[] = [""];
  rows: Uint32Array;

  constructor(rows: number) {
    this.rows = new Uint32Array(rows);
  }

  /** The position of a string. */
  positionOf(key: string): number {
    const known = this.#positions.get(key);
    if (known !== undefined) return known;
    const position = this.keys.push(key) - 1;
    this.#positions.set(key, position);
    return position;
  }
}

/**
 * Samples on their way into the store, in ClickHouse's columnar format `Native`.
 *
 * A sample is four names and three numbers. Written as rows, the engine reads and hashes the names of each one again: 1 µs of its
 * time a sample, more than everything else together. As columns with a dictionary it is a twentieth.
 *
 * @see https://clickhouse.com/docs/interfaces/formats/Native
 */
export class SampleBlock {
  readonly #names: KeyColumn;
  readonly #services: KeyColumn;
  readonly #hosts: KeyColumn;
  readonly #instances: KeyColumn;
  #times: Uint32Array;
  #kinds: Uint8Array;
  #values: Float64Array;
  #rows = 0;

  /** @param rows  room to begin with */
  constructor(rows = 1_024) {
    this.#names = new KeyColumn(rows);
    this.#services = new KeyColumn(rows);
    this.#hosts = new KeyColumn(rows);
    this.#instances = new KeyColumn(rows);
    this.#times = new Uint32Array(rows);
    this.#kinds = new Uint8Array(rows);
    this.#values = new Float64Array(rows);
  }

  /** Rows written. */
  get rows(): number {
    return this.#rows;
  }

  /** @returns what forgets everything written from now on */
  mark(): () => void {
    const rows = this.#rows;
    return () => {
      this.#rows = rows;
    };
  }

  /** The position of a metric's name, for `add`. */
  name(name: string): number {
    return this.#names.positionOf(name);
  }

  /** The positions of who reports, for `add`. */
  owner(service: string, host: string, instance: string): SampleOwner {
    return {
      service: this.#services.positionOf(service),
      host: this.#hosts.positionOf(host),
      instance: this.#instances.positionOf(instance),
    };
  }

  /**
   * Append a sample.
   *
   * @param timeS  whole seconds since 1970 UTC
   * @throws InvalidBatch when there are more than fit into memory
   */
  add(timeS: number, name: number, owner: SampleOwner, kind: number, value: number): void {
    const row = this.#rows;
    if (row === this.#times.length) this.#grow();
    this.#times[row] = timeS;
    this.#names.rows[row] = name;
    this.#services.rows[row] = owner.service;
    this.#hosts.rows[row] = owner.host;
    this.#instances.rows[row] = owner.instance;
    this.#kinds[row] = kind;
    this.#values[row] = value;
    this.#rows = row + 1;
  }

  /** The rows in blocks, each at most half a million; `[]` where there are none. */
  parts(): Buffer[] {
    const parts: Buffer[] = [];
    for (let from = 0; from < this.#rows; from += partRows) {
      parts.push(this.#block(from, Math.min(this.#rows, from + partRows)));
    }
    return parts;
  }

  #grow(): void {
    const rows = this.#times.length * 2;
    if (rows > rowsMax) throw new InvalidBatch(`more than ${rowsMax / 2} samples at once`);
    const grown = <Column extends Uint8Array | Uint32Array | Float64Array>(wide: Column, column: Column): Column => {
      wide.set(column);
      return wide;
    };
    for (const keys of [this.#names, this.#services, this.#hosts, this.#instances]) {
      keys.rows = grown(new Uint32Array(rows), keys.rows);
    }
    this.#times = grown(new Uint32Array(rows), this.#times);
    this.#kinds = grown(new Uint8Array(rows), this.#kinds);
    this.#values = grown(new Float64Array(rows), this.#values);
  }

  // The columns are named: their order need not be the table's.
  #block(from: number, to: number): Buffer {
    return Buffer.concat([
      varint(7),
      varint(to - from),
      ...header("time", "DateTime('UTC')"),
      bytesOf(this.#times.slice(from, to)),
      ...keyColumn("name", this.#names, from, to),
      ...keyColumn("service", this.#services, from, to),
      ...keyColumn("host", this.#hosts, from, to),
      ...keyColumn("instance", this.#instances, from, to),
      ...header("kind", "UInt8"),
      bytesOf(this.#kinds.slice(from, to)),
      ...header("value", "Float64"),
      bytesOf(this.#values.slice(from, to)),
    ]);
  }
}

/** Who reports, as positions in a block's dictionaries. */
export interface SampleOwner {
  readonly service: number;
  readonly host: number;
  readonly instance: number;
}

function keyColumn(name: string, { keys, rows }: KeyColumn, from: number, to: number): Uint8Array[] {
  const wide = rows.subarray(from, to);
  const [width, indexes] =
    keys.length <= 0x100
      ? [0, Uint8Array.from(wide)]
      : keys.length <= 0x1_0000
        ? [1, Uint16Array.from(wide)]
        : [2, Uint32Array.from(wide)];
  return [
    ...header(name, "LowCardinality(String)"),
    bytesOf(BigUint64Array.of(sharedDictionaries, BigInt(keysOfThisBlock + width), BigInt(keys.length))),
    ...keys.map(text),
    bytesOf(BigUint64Array.of(BigInt(to - from))),
    bytesOf(indexes),
  ];
}

function header(name: string, type: string): Uint8Array[] {
  return [text(name), text(type)];
}

function text(value: string): Uint8Array {
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

// Native is little-endian, as every processor is that the engine runs on.
function bytesOf(values: Uint8Array | Uint16Array | Uint32Array | Float64Array | BigUint64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
