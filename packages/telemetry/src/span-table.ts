import type { SpanColumns } from "./batch.ts";
import type { CallRecord } from "./call-record.ts";

/** What one span needs beyond its call record: the references of its strings in the batch at hand. */
export type SpanRow = {
  side: number;
  methodRef: number;
  peerServiceRef: number;
  peerInstanceRef: number;
  messageRef: number;
};

/**
 * The spans of one interval in typed columns that grow by doubling and are used again after each drain, so that recording
 * a call allocates nothing.
 */
export class SpanTable {
  length = 0;
  #capacity = 256;
  #traceIds = new Uint8Array(256 * 16);
  #spanIds = new Uint8Array(256 * 8);
  #parentSpanIds = new Uint8Array(256 * 8);
  #startUs = new Float64Array(256);
  #durationUs = new Uint32Array(256);
  #side = new Uint32Array(256);
  #methodRef = new Uint32Array(256);
  #peerServiceRef = new Uint32Array(256);
  #peerInstanceRef = new Uint32Array(256);
  #code = new Uint32Array(256);
  #messageRef = new Uint32Array(256);
  #requestBytes = new Uint32Array(256);
  #responseBytes = new Uint32Array(256);
  #deadlineMs = new Uint32Array(256);
  #queueUs = new Uint32Array(256);
  // As in the record: number and reason in one.
  #attempt = new Uint32Array(256);
  #routeVersion = new Uint32Array(256);

  /** Adds a row; the identifiers and the row are copied. */
  add(
    ids: { ids: Uint8Array; idsAt: number },
    times: Pick<CallRecord, "startUs" | "deadlineMs" | "queueUs" | "requestBytes" | "responseBytes">,
    way: Pick<CallRecord, "attempt" | "routeVersion">,
    durationUs: number,
    code: number,
    row: SpanRow,
  ): void {
    if (this.length === this.#capacity) this.#grow();
    const at = this.length++;
    copyId(ids.ids, ids.idsAt, this.#traceIds, at * 16, 16);
    copyId(ids.ids, ids.idsAt + 16, this.#spanIds, at * 8, 8);
    copyId(ids.ids, ids.idsAt + 24, this.#parentSpanIds, at * 8, 8);
    this.#startUs[at] = times.startUs;
    this.#durationUs[at] = durationUs;
    this.#side[at] = row.side;
    this.#methodRef[at] = row.methodRef;
    this.#peerServiceRef[at] = row.peerServiceRef;
    this.#peerInstanceRef[at] = row.peerInstanceRef;
    this.#code[at] = code;
    this.#messageRef[at] = row.messageRef;
    this.#requestBytes[at] = times.requestBytes;
    this.#responseBytes[at] = times.responseBytes;
    this.#deadlineMs[at] = times.deadlineMs;
    this.#queueUs[at] = times.queueUs;
    this.#attempt[at] = way.attempt;
    this.#routeVersion[at] = way.routeVersion;
  }

  /** The rows so far as plain columns; the table is empty afterwards. */
  take(): SpanColumns {
    const length = this.length;
    this.length = 0;
    const column = (values: Uint32Array | Float64Array) => plainArray(values, length);
    return {
      traceIds: this.#traceIds.slice(0, length * 16),
      spanIds: this.#spanIds.slice(0, length * 8),
      parentSpanIds: this.#parentSpanIds.slice(0, length * 8),
      startUs: column(this.#startUs),
      durationUs: column(this.#durationUs),
      side: column(this.#side),
      methodRef: column(this.#methodRef),
      peerServiceRef: column(this.#peerServiceRef),
      peerInstanceRef: column(this.#peerInstanceRef),
      code: column(this.#code),
      messageRef: column(this.#messageRef),
      requestBytes: column(this.#requestBytes),
      responseBytes: column(this.#responseBytes),
      deadlineMs: column(this.#deadlineMs),
      queueUs: column(this.#queueUs),
      attempt: plainUnlessZero(this.#attempt, length, (mark) => mark >>> 2),
      attemptReason: plainUnlessZero(this.#attempt, length, (mark) => mark & 3),
      routeVersion: plainUnlessZero(this.#routeVersion, length, (version) => version),
    };
  }

  #grow(): void {
    this.#capacity *= 2;
    const bytes = (old: Uint8Array<ArrayBuffer>) => {
      const grown = new Uint8Array(old.length * 2);
      grown.set(old);
      return grown;
    };
    const numbers = (old: Uint32Array<ArrayBuffer>) => {
      const grown = new Uint32Array(old.length * 2);
      grown.set(old);
      return grown;
    };
    const startUs = new Float64Array(this.#capacity);
    startUs.set(this.#startUs);
    this.#startUs = startUs;
    this.#traceIds = bytes(this.#traceIds);
    this.#spanIds = bytes(this.#spanIds);
    this.#parentSpanIds = bytes(this.#parentSpanIds);
    this.#durationUs = numbers(this.#durationUs);
    this.#side = numbers(this.#side);
    this.#methodRef = numbers(this.#methodRef);
    this.#peerServiceRef = numbers(this.#peerServiceRef);
    this.#peerInstanceRef = numbers(this.#peerInstanceRef);
    this.#code = numbers(this.#code);
    this.#messageRef = numbers(this.#messageRef);
    this.#requestBytes = numbers(this.#requestBytes);
    this.#responseBytes = numbers(this.#responseBytes);
    this.#deadlineMs = numbers(this.#deadlineMs);
    this.#queueUs = numbers(this.#queueUs);
    this.#attempt = numbers(this.#attempt);
    this.#routeVersion = numbers(this.#routeVersion);
  }
}

// A loop: `Array.from` goes through the iterator, at ten times the cost for each element.
function plainArray(values: Uint32Array | Float64Array, length: number): number[] {
  const plain = new Array<number>(length);
  for (let row = 0; row < length; row++) plain[row] = values[row]!;
  return plain;
}

// Nearly every process makes nearly every call once: a column of zeros is a byte a row on the wire for nothing.
function plainUnlessZero(values: Uint32Array, length: number, part: (value: number) => number): number[] {
  let any = 0;
  for (let row = 0; row < length; row++) any |= part(values[row]!);
  return any === 0 ? [] : plainArray(values, length).map(part);
}

// A loop: for 8 and 16 bytes it is several times quicker than `TypedArray.set`, whose call costs more than the copying.
function copyId(from: Uint8Array, fromAt: number, to: Uint8Array, at: number, length: number): void {
  for (let byte = 0; byte < length; byte++) to[at + byte] = from[fromAt + byte]!;
}
