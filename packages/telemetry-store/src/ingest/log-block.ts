import { InvalidBatch } from "../store-error.ts";
import type { LogColumns, TelemetryEnvelope } from "./batch.ts";
import {
  blockHead,
  bytesOf,
  grown,
  header,
  KeyColumn,
  KeyPositions,
  keysVersion,
  numberColumn,
  TextColumn,
} from "./native-column.ts";

/** UTF-16 units of a name (method, source, field) that are kept. */
const nameMaxChars = 1_024;

/** UTF-16 units of a line's text or of the value of a field that are kept. */
const textMaxChars = 32_768;

/** One insert: an engine reads it as one block and well below the limit of a request's body. */
const partMaxBytes = 16 * 1024 * 1024;
const partMaxRows = 200_000;

/** Rows of one ingest. */
const rowsMax = 4_000_000;
const fieldsMax = 8 * rowsMax;

/** The times that are taken, microseconds since 1970 UTC, both included; and when the lines arrived, milliseconds. */
export interface LogTimes {
  readonly fromUs: number;
  readonly toUs: number;
  readonly arrivedMs: number;
}

/** A place between two rows. */
interface Place {
  readonly row: number;
  readonly textBytes: number;
  readonly field: number;
  readonly valueBytes: number;
}

const start: Place = { row: 0, textBytes: 0, field: 0, valueBytes: 0 };

/** Log lines on their way into the store, in ClickHouse's columnar format `Native`. */
export class LogBlock {
  // Numbers of 64 bits: the low half, then the high half.
  #time: Uint32Array;
  #traceHigh: Uint32Array;
  #flow: Uint32Array;
  #span: Uint32Array;
  #level: Uint8Array;
  #dyed: Uint8Array;
  readonly #host: KeyColumn;
  readonly #service: KeyColumn;
  readonly #instance: KeyColumn;
  readonly #method: KeyColumn;
  readonly #caller: KeyColumn;
  readonly #peer: KeyColumn;
  readonly #source: KeyColumn;
  readonly #function: KeyColumn;
  readonly #text = new TextColumn();
  /** How many fields there are up to the end of each row. */
  #fieldEnd: Uint32Array;
  readonly #fieldName: KeyColumn;
  readonly #fieldValue = new TextColumn();
  #place = start;
  #arrivedMs = 0;
  /** Where the rows may be cut into parts. */
  #cuts: Place[] = [];

  /**
   * @param room       rows to begin with
   * @param fieldRoom  fields of all rows to begin with
   */
  constructor(room = 0, fieldRoom = 0) {
    const rows = Math.min(rowsMax, room);
    this.#time = new Uint32Array(rows * 2);
    this.#traceHigh = new Uint32Array(rows * 2);
    this.#flow = new Uint32Array(rows * 2);
    this.#span = new Uint32Array(rows * 2);
    this.#level = new Uint8Array(rows);
    this.#dyed = new Uint8Array(rows);
    this.#fieldEnd = new Uint32Array(rows);
    this.#host = new KeyColumn("host", rows);
    this.#service = new KeyColumn("service", rows);
    this.#instance = new KeyColumn("instance", rows);
    this.#method = new KeyColumn("method", rows);
    this.#caller = new KeyColumn("caller", rows);
    this.#peer = new KeyColumn("peer", rows);
    this.#source = new KeyColumn("source", rows);
    this.#function = new KeyColumn("function", rows);
    this.#fieldName = new KeyColumn("", Math.min(fieldsMax, fieldRoom));
  }

  /** Rows written. */
  get rows(): number {
    return this.#place.row;
  }

  /** @returns what forgets everything written from now on */
  mark(): () => void {
    const place = this.#place;
    const cuts = this.#cuts.length;
    return () => this.#rollback(place, cuts);
  }

  #rollback(place: Place, cuts: number): void {
    this.#place = place;
    this.#cuts.length = cuts;
    this.#text.truncate(place.textBytes);
    this.#fieldValue.truncate(place.valueBytes);
  }

  /**
   * Append a batch's lines. Those of impossible times are left out.
   *
   * @param envelope has passed `assertBatch`
   * @returns rows left out
   * @throws InvalidBatch when there are more than fit into memory
   */
  append(logs: LogColumns, { identity, batch }: TelemetryEnvelope, { fromUs, toUs, arrivedMs }: LogTimes): number {
    const from = this.#place.row;
    this.#reserve(from + logs.timeUs.length, this.#place.field + logs.fieldValue.length);
    this.#arrivedMs = arrivedMs;
    const positionsIn = (column: KeyColumn) => new KeyPositions(column.keys, batch.strings, nameMaxChars);
    const methods = positionsIn(this.#method);
    const fieldNames = positionsIn(this.#fieldName);
    // Read four bytes at a time: ids come in network order, the columns have the low half first.
    const traceIds = viewOf(logs.traceIds);
    const spanIds = viewOf(logs.spanIds);
    let row = from;
    let field = this.#place.field;
    let source = 0;
    const kept: number[] = [];
    for (let i = 0; i < logs.timeUs.length; i++) {
      const timeUs = logs.timeUs[i]!;
      const length = logs.fieldLength[i]!;
      const first = source;
      source += length;
      if (!(timeUs >= fromUs && timeUs <= toUs)) continue;
      kept.push(i);
      const high = Math.floor(timeUs / 0x1_0000_0000);
      this.#time[row * 2] = Math.floor(timeUs - high * 0x1_0000_0000);
      this.#time[row * 2 + 1] = high;
      this.#traceHigh[row * 2] = traceIds.getUint32(i * 16 + 4);
      this.#traceHigh[row * 2 + 1] = traceIds.getUint32(i * 16);
      this.#flow[row * 2] = traceIds.getUint32(i * 16 + 12);
      this.#flow[row * 2 + 1] = traceIds.getUint32(i * 16 + 8);
      this.#span[row * 2] = spanIds.getUint32(i * 8 + 4);
      this.#span[row * 2 + 1] = spanIds.getUint32(i * 8);
      this.#level[row] = Math.min(logs.level[i]!, 255);
      this.#dyed[row] = logs.dyed?.[i] === 1 ? 1 : 0;
      this.#method.rows[row] = methods.of(logs.methodRef[i]!);
      this.#text.append(logs.text[i]!, textMaxChars);
      for (let j = first; j < source; j++, field++) {
        this.#fieldName.rows[field] = fieldNames.of(logs.fieldNameRef[j]!);
        this.#fieldValue.append(logs.fieldValue[j]!, textMaxChars);
      }
      this.#fieldEnd[row] = field;
      row++;
      this.#cutIfLarge(row, field);
    }
    this.#place = this.#placeAt(row, field);
    const own = { host: this.#host, service: this.#service, instance: this.#instance };
    for (const name of ["host", "service", "instance"] as const) {
      const position = own[name].keys.positionOf(identity[name].slice(0, nameMaxChars));
      own[name].rows.fill(position, from, row);
    }
    this.#appendRefs(this.#caller, logs.callerRef, batch.strings, kept, from);
    this.#appendRefs(this.#peer, logs.peerRef, batch.strings, kept, from);
    this.#appendRefs(this.#source, logs.sourceRef, batch.strings, kept, from);
    this.#appendRefs(this.#function, logs.functionRef, batch.strings, kept, from);
    return logs.timeUs.length - kept.length;
  }

  /** A column that a sender need not know. */
  #appendRefs(
    column: KeyColumn,
    refs: readonly number[] | undefined,
    strings: readonly string[],
    kept: readonly number[],
    from: number,
  ): void {
    if (refs === undefined || refs.length === 0) {
      column.rows.fill(0, from, from + kept.length);
      return;
    }
    const positions = new KeyPositions(column.keys, strings, nameMaxChars);
    for (let i = 0; i < kept.length; i++) column.rows[from + i] = positions.of(refs[kept[i]!]!);
  }

  #placeAt(row: number, field: number): Place {
    return { row, textBytes: this.#text.length, field, valueBytes: this.#fieldValue.length };
  }

  #cutIfLarge(row: number, field: number): void {
    const last = this.#cuts.at(-1) ?? start;
    const bytes = this.#text.length - last.textBytes + this.#fieldValue.length - last.valueBytes;
    if (bytes >= partMaxBytes || row - last.row >= partMaxRows) this.#cuts.push(this.#placeAt(row, field));
  }

  /** The rows in blocks of whole rows, each in pieces; `[]` where there are none. They share memory with this. */
  parts(): Uint8Array[][] {
    const ends = this.#cuts.at(-1)?.row === this.rows ? this.#cuts : [...this.#cuts, this.#place];
    return ends.map((end, i) => this.#block(ends[i - 1] ?? start, end)).filter((part) => part.length > 0);
  }

  #reserve(rows: number, fields: number): void {
    if (rows > rowsMax || fields > fieldsMax) throw new InvalidBatch(`more than ${rowsMax} log lines at once`);
    if (fields > this.#fieldName.rows.length) this.#fieldName.grow(Math.max(fields, this.#fieldName.rows.length * 2));
    if (rows <= this.#level.length) return;
    const wide = Math.max(rows, this.#level.length * 2);
    this.#time = grown(new Uint32Array(wide * 2), this.#time);
    this.#traceHigh = grown(new Uint32Array(wide * 2), this.#traceHigh);
    this.#flow = grown(new Uint32Array(wide * 2), this.#flow);
    this.#span = grown(new Uint32Array(wide * 2), this.#span);
    this.#level = grown(new Uint8Array(wide), this.#level);
    this.#dyed = grown(new Uint8Array(wide), this.#dyed);
    this.#fieldEnd = grown(new Uint32Array(wide), this.#fieldEnd);
    for (const column of this.#keyColumns) column.grow(wide);
  }

  get #keyColumns(): KeyColumn[] {
    const who = [this.#host, this.#service, this.#instance];
    return [...who, this.#method, this.#caller, this.#peer, this.#source, this.#function];
  }

  #block(from: Place, to: Place): Uint8Array[] {
    const rows = to.row - from.row;
    if (rows === 0) return [];
    const wide = (column: Uint32Array) => column.subarray(from.row * 2, to.row * 2);
    const narrow = (column: Uint8Array) => column.subarray(from.row, to.row);
    const keys = this.#keyColumns;
    return joined([
      blockHead(9 + keys.length, rows),
      ...numberColumn("time", "DateTime64(6, 'UTC')", wide(this.#time)),
      ...numberColumn("trace_high", "UInt64", wide(this.#traceHigh)),
      ...numberColumn("flow_id", "UInt64", wide(this.#flow)),
      ...numberColumn("span_id", "UInt64", wide(this.#span)),
      ...numberColumn("level", "UInt8", narrow(this.#level)),
      ...numberColumn("dyed", "UInt8", narrow(this.#dyed)),
      ...keys.flatMap((column) => column.block(from.row, to.row)),
      ...header("text", "String"),
      ...this.#text.slice(from.textBytes, to.textBytes),
      ...this.#fields(from, to),
      ...numberColumn(
        "arrived",
        "DateTime64(3, 'UTC')",
        new BigUint64Array(rows).fill(BigInt(Math.floor(this.#arrivedMs))),
      ),
    ]);
  }

  /** A map is the ends of its rows, its keys and its values. */
  #fields(from: Place, to: Place): Uint8Array[] {
    const ends = new Uint32Array((to.row - from.row) * 2);
    for (let row = from.row; row < to.row; row++) ends[(row - from.row) * 2] = this.#fieldEnd[row]! - from.field;
    return [
      ...header("fields", "Map(LowCardinality(String), String)"),
      keysVersion,
      bytesOf(ends),
      ...this.#fieldName.keys.values(this.#fieldName.rows.subarray(from.field, to.field)),
      ...this.#fieldValue.slice(from.valueBytes, to.valueBytes),
    ];
  }
}

/** Pieces of fewer bytes are put together. */
const pieceBytes = 65_536;

/** Fewer pieces of the same bytes: each is a write of its own, and what is large need not be copied for it. */
function joined(pieces: readonly Uint8Array[]): Uint8Array[] {
  const found: Uint8Array[] = [];
  let small: Uint8Array[] = [];
  const flush = () => {
    if (small.length > 0) found.push(Buffer.concat(small));
    small = [];
  };
  for (const piece of pieces) {
    if (piece.length < pieceBytes) small.push(piece);
    else {
      flush();
      found.push(piece);
    }
  }
  flush();
  return found;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
