// ClickHouse's columnar format `Native`, as `ingest/native-column.ts` writes it: for an answer of many rows of few names the engine writes a third of what it
// writes as rows, and who reads compares numbers in the place of texts. Numbers are read where they lie: a copy of each column would keep the collector of garbage
// busier than the rest.
//
// See https://clickhouse.com/docs/interfaces/formats/Native

const NumberType = { UInt8: 1, UInt32: 4, UInt64: 8, Float64: 16 } as const;
type NumberType = (typeof NumberType)[keyof typeof NumberType];

const widths: Readonly<Record<NumberType, number>> = { 1: 1, 4: 4, 8: 8, 16: 8 };

/** The types that are read, by what they are called up to the time zone of a DateTime. */
const numberTypes: Readonly<Record<string, NumberType | undefined>> = {
  UInt8: NumberType.UInt8,
  UInt32: NumberType.UInt32,
  DateTime: NumberType.UInt32,
  UInt64: NumberType.UInt64,
  Float64: NumberType.Float64,
};

/** A column of numbers; those of 64 bits without what is above 2^53. */
export class NumberColumn {
  readonly #view: DataView;
  readonly #offset: number;
  readonly #type: NumberType;

  constructor(view: DataView, offset: number, type: NumberType) {
    this.#view = view;
    this.#offset = offset;
    this.#type = type;
  }

  at(row: number): number {
    const view = this.#view;
    const offset = this.#offset;
    switch (this.#type) {
      case NumberType.UInt8:
        return view.getUint8(offset + row);
      case NumberType.UInt32:
        return view.getUint32(offset + row * 4, true);
      case NumberType.UInt64:
        return view.getUint32(offset + row * 8, true) + view.getUint32(offset + row * 8 + 4, true) * 0x1_0000_0000;
      case NumberType.Float64:
        return view.getFloat64(offset + row * 8, true);
    }
  }
}

/** A column that says whose a row is; rows of the same follow each other. */
export interface KeyColumn {
  /** The key of a row. */
  keyAt(row: number): string;
  /** The first row from `from` on, before `end`, that has another key; `end` where there is none. */
  endOfRun(from: number, end: number): number;
}

/** A column with few different strings: each once, and rows name its position. */
class NameColumn implements KeyColumn {
  readonly #names: readonly string[];
  readonly #positions: Uint8Array | Uint16Array | Uint32Array;

  constructor(names: readonly string[], positions: Uint8Array | Uint16Array | Uint32Array) {
    this.#names = names;
    this.#positions = positions;
  }

  keyAt(row: number): string {
    return this.#names[this.#positions[row]!]!;
  }

  endOfRun(from: number, end: number): number {
    const positions = this.#positions;
    const position = positions[from];
    let to = from + 1;
    while (to < end && positions[to] === position) to++;
    return to;
  }
}

/** A column of numbers that stand for names (`keyId`); a key is one in decimal digits. */
class IdColumn implements KeyColumn {
  readonly #view: DataView;
  readonly #offset: number;

  constructor(view: DataView, offset: number) {
    this.#view = view;
    this.#offset = offset;
  }

  keyAt(row: number): string {
    return String(this.#view.getBigUint64(this.#offset + row * 8, true));
  }

  endOfRun(from: number, end: number): number {
    const view = this.#view;
    const low = view.getUint32(this.#offset + from * 8, true);
    const high = view.getUint32(this.#offset + from * 8 + 4, true);
    let to = from + 1;
    // In halves: to compare eight bytes at once makes two numbers of each row.
    for (let offset = this.#offset + to * 8; to < end; to++, offset += 8) {
      if (view.getUint32(offset, true) !== low || view.getUint32(offset + 4, true) !== high) break;
    }
    return to;
  }
}

/** Some rows of an answer, column by column. */
export interface NativeBlock {
  /** At least one. */
  readonly rows: number;
  /** Columns of LowCardinality(String), and those of UInt64 that are called `…_id`, by name. */
  readonly keys: ReadonlyMap<string, KeyColumn>;
  /** Columns of numbers, by name. */
  readonly numbers: ReadonlyMap<string, NumberColumn>;
}

/** How wide positions are, by the lowest byte of a dictionary's flags. */
const positionArrays = [Uint8Array, Uint16Array, Uint32Array] as const;

/**
 * Read an answer in `Native`.
 *
 * @param bytes  whole blocks of columns of the types UInt8, UInt32, UInt64, DateTime, Float64 and LowCardinality(String), plain or as what is added up by
 *   SimpleAggregateFunction
 * @throws RangeError for another type
 */
export function* readNative(bytes: Buffer): Generator<NativeBlock> {
  const reader = new NativeReader(bytes);
  while (reader.hasMore) {
    const block = reader.block();
    // The engine says the names of columns once more where nothing was found.
    if (block.rows > 0) yield block;
  }
}

class NativeReader {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  #position = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get hasMore(): boolean {
    return this.#position < this.#bytes.length;
  }

  block(): NativeBlock {
    const columns = this.#varint();
    const rows = this.#varint();
    const keys = new Map<string, KeyColumn>();
    const numbers = new Map<string, NumberColumn>();
    for (let column = 0; column < columns; column++) {
      const name = this.#string();
      const type = this.#string().replace(/^SimpleAggregateFunction\(\w+, (.*)\)$/, "$1");
      if (rows === 0) continue;
      if (type === "LowCardinality(String)") keys.set(name, this.#names(rows));
      else if (type === "UInt64" && name.endsWith("_id")) keys.set(name, this.#ids(rows));
      else numbers.set(name, this.#numbers(numberTypes[type.split("(", 1)[0]!], type, rows));
    }
    return { rows, keys, numbers };
  }

  #numbers(type: NumberType | undefined, name: string, rows: number): NumberColumn {
    if (type === undefined) throw new RangeError(`a column of ${name} is none that is read from Native`);
    const column = new NumberColumn(this.#view, this.#position, type);
    this.#position += rows * widths[type];
    return column;
  }

  #ids(rows: number): KeyColumn {
    const column = new IdColumn(this.#view, this.#position);
    this.#position += rows * 8;
    return column;
  }

  #names(rows: number): KeyColumn {
    // The version of dictionaries, always 1.
    this.#position += 8;
    const flags = this.#uint64();
    const keys = Array.from({ length: this.#uint64() }, () => this.#string());
    const count = this.#uint64();
    const positions = positionArrays[flags & 0xff];
    if (positions === undefined || count !== rows) {
      throw new RangeError(`a dictionary of ${count} rows in a block of ${rows}, with flags ${flags}`);
    }
    const { buffer, byteOffset } = this.#bytes;
    const from = byteOffset + this.#position;
    const length = rows * positions.BYTES_PER_ELEMENT;
    this.#position += length;
    // Wide ones begin at multiples of their width, so they are copied; hardly any block has more than 256 keys.
    if (positions === Uint8Array) return new NameColumn(keys, new Uint8Array(buffer, from, rows));
    return new NameColumn(keys, new positions((buffer as ArrayBuffer).slice(from, from + length)));
  }

  #uint64(): number {
    this.#position += 8;
    return Number(this.#bytes.readBigUInt64LE(this.#position - 8));
  }

  #varint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.#bytes[this.#position++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
  }

  #string(): string {
    const length = this.#varint();
    this.#position += length;
    return this.#bytes.toString("utf8", this.#position - length, this.#position);
  }
}
