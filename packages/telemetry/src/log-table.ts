import type { LogColumns } from "./batch.ts";
import type { Dictionary } from "./dictionary.ts";
import { fieldText } from "./field-text.ts";
import type { Level } from "./level.ts";
import type { RecorderLimits } from "./limits.ts";
import { cutText, utf8Length } from "./utf8-length.ts";

/** What is known of a log line beside what it says: the request that it belongs to, and where it was written. */
export type LogContext = {
  readonly traceId?: Uint8Array | undefined;
  readonly spanId?: Uint8Array | undefined;
  readonly method?: string | undefined;
  /** The service that called, and its address. */
  readonly caller?: string | undefined;
  readonly peer?: string | undefined;
  /** `flight.ts:42` */
  readonly source?: string | undefined;
  readonly function?: string | undefined;
  readonly dyed?: boolean | undefined;
};

/** Named values of a log line. Strings, numbers, booleans as they are; errors as their stack; anything else as JSON. */
export type LogFields = { readonly [name: string]: unknown };

// Time, ids, level and references of one row, encoded.
const ROW_BYTES = 56;

// 100 ms: 100,000 lines in one microsecond.
const CLOSE_US = 100_000;

/** The log lines of one interval. */
export class LogTable {
  readonly #limits: RecorderLimits;
  #rows = emptyLogColumns();
  #traceIds: Uint8Array[] = [];
  #spanIds: Uint8Array[] = [];
  #lastUs = 0;

  /** UTF-8 bytes of what the rows hold, dictionary not included. */
  bytes = 0;

  constructor(limits: RecorderLimits) {
    this.#limits = limits;
  }

  get length(): number {
    return this.#rows.timeUs.length;
  }

  /** Adds a line; long texts are cut with a mark, fields beyond the limit are left out. */
  add(
    line: {
      timeUs: number;
      level: Level;
      text: string;
      fields?: LogFields | undefined;
      context?: LogContext | undefined;
    },
    dictionary: Dictionary,
  ): void {
    const rows = this.#rows;
    const { context } = line;
    const text = cutText(line.text, this.#limits.logTextUnits);
    rows.timeUs.push(this.#uniqueTime(line.timeUs));
    rows.level.push(line.level);
    rows.text.push(text);
    rows.methodRef.push(dictionary.refOf(line.context?.method ?? ""));
    this.#traceIds.push(idOf(line.context?.traceId, 16));
    this.#spanIds.push(idOf(line.context?.spanId, 8));
    rows.callerRef.push(dictionary.refOf(context?.caller ?? ""));
    rows.peerRef.push(dictionary.refOf(context?.peer ?? ""));
    rows.sourceRef.push(dictionary.refOf(context?.source ?? ""));
    rows.functionRef.push(dictionary.refOf(context?.function ?? ""));
    rows.dyed.push(context?.dyed === true ? 1 : 0);
    rows.fieldLength.push(this.#addFields(line.fields ?? {}, dictionary));
    this.bytes += ROW_BYTES + utf8Length(text);
  }

  /** The lines so far; the table is empty afterwards. */
  take(): LogColumns {
    const rows = { ...this.#rows, traceIds: joinIds(this.#traceIds, 16), spanIds: joinIds(this.#spanIds, 8) };
    this.#rows = emptyLogColumns();
    this.#traceIds = [];
    this.#spanIds = [];
    this.bytes = 0;
    return rows;
  }

  // Lines of one process keep their order however quickly they follow each other. A clock that was set back is followed.
  #uniqueTime(timeUs: number): number {
    const isClose = timeUs <= this.#lastUs && timeUs > this.#lastUs - CLOSE_US;
    this.#lastUs = isClose ? this.#lastUs + 1 : timeUs;
    return this.#lastUs;
  }

  #addFields(fields: LogFields, dictionary: Dictionary): number {
    let count = 0;
    for (const name of Object.keys(fields)) {
      if (fields[name] === undefined) continue;
      if (count === this.#limits.logFields) break;
      const value = cutText(fieldText(fields[name]), this.#limits.logFieldUnits);
      this.#rows.fieldNameRef.push(dictionary.refOf(name));
      this.#rows.fieldValue.push(value);
      this.bytes += utf8Length(value) + 6;
      count++;
    }
    return count;
  }
}

// Copied at once: the context's arrays may be views of a buffer that is used again.
function idOf(id: Uint8Array | undefined, length: number): Uint8Array {
  return id === undefined ? new Uint8Array(length) : Uint8Array.prototype.slice.call(id, 0, length);
}

function joinIds(ids: Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(ids.length * length);
  for (let row = 0; row < ids.length; row++) joined.set(ids[row]!, row * length);
  return joined;
}

function emptyLogColumns(): LogColumns {
  return {
    timeUs: [],
    traceIds: new Uint8Array(),
    spanIds: new Uint8Array(),
    level: [],
    methodRef: [],
    text: [],
    callerRef: [],
    peerRef: [],
    sourceRef: [],
    functionRef: [],
    dyed: [],
    fieldLength: [],
    fieldNameRef: [],
    fieldValue: [],
  };
}
