/** Reads ClickHouse's RowBinary, for answers of many numbers: JSON of them takes longer to write and to read than to find them. */
export class RowReader {
  readonly #bytes: Buffer;
  /** All bytes, for who reads many numbers in a loop. */
  readonly view: DataView;
  /** Where the reader stands. */
  position = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Whether there is another row. */
  get hasMore(): boolean {
    return this.position < this.#bytes.length;
  }

  uint8(): number {
    return this.#bytes[this.position++]!;
  }

  uint32(): number {
    this.position += 4;
    return this.view.getUint32(this.position - 4, true);
  }

  /** Exact up to 2^53. */
  uint64(): number {
    this.position += 8;
    return this.view.getUint32(this.position - 8, true) + this.view.getUint32(this.position - 4, true) * 0x1_0000_0000;
  }

  /** A number of 64 bits as 16 hex digits: an id. */
  hex64(): string {
    this.position += 8;
    return this.#bytes
      .readBigUInt64LE(this.position - 8)
      .toString(16)
      .padStart(16, "0");
  }

  float64(): number {
    this.position += 8;
    return this.view.getFloat64(this.position - 8, true);
  }

  /** The length of a string or of an array, whose elements follow it. */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.#bytes[this.position++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
  }

  string(): string {
    const length = this.varint();
    this.position += length;
    return this.#bytes.toString("utf8", this.position - length, this.position);
  }

  /** A map of strings. */
  map(): Record<string, string> {
    const entries: [string, string][] = [];
    for (let left = this.varint(); left > 0; left--) entries.push([this.string(), this.string()]);
    return Object.fromEntries(entries);
  }

  skip(bytes: number): void {
    this.position += bytes;
  }
}
