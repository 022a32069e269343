import { type Batch, durationBucket, type Level, SampleKind, type Side } from "@msec/telemetry";

/** One span to be put down. */
export type SpanFields = {
  readonly traceId: Uint8Array;
  readonly spanId: Uint8Array;
  readonly parentSpanId: Uint8Array;
  readonly startUs: number;
  readonly durationUs: number;
  readonly side: Side;
  readonly method: string;
  readonly peerService: string;
  readonly peerInstance: string;
  readonly code: number;
  readonly message: string;
  readonly requestBytes: number;
  readonly responseBytes: number;
};

/** One call to be counted. */
export type CallFields = Pick<
  SpanFields,
  "startUs" | "durationUs" | "side" | "method" | "peerService" | "peerInstance" | "code"
>;

/** One log line to be put down. */
export type LineFields = {
  readonly timeUs: number;
  readonly level: Level;
  readonly text: string;
  readonly fields: readonly (readonly [string, string])[];
  readonly traceId: Uint8Array;
  readonly spanId: Uint8Array;
};

// A batch may have 1 MiB encoded; a string of our limits has 32 KiB at most, so what is begun below this ends below that.
const FULL_BYTES = 512 * 1024;
const ROW_BYTES = 80;
const CALL_BYTES = 40;
const SAMPLE_BYTES = 20;

type CallCell = {
  readonly fields: CallFields;
  readonly second: number;
  durations: number;
  readonly buckets: Map<number, number>;
  count: number;
};

/** Collects rows of one reporter as a batch. */
export class BatchBuilder {
  readonly #strings = [""];
  readonly #refs = new Map([["", 0]]);
  readonly #traceIds: Uint8Array[] = [];
  readonly #spanIds: Uint8Array[] = [];
  readonly #parentSpanIds: Uint8Array[] = [];
  readonly #logTraceIds: Uint8Array[] = [];
  readonly #logSpanIds: Uint8Array[] = [];
  readonly #cells = new Map<string, CallCell>();
  readonly #samples = new Map<string, number>();
  readonly #batch: Batch = emptyBatch();
  #bytes = 0;

  /** Whether it is time for another batch. */
  get isFull(): boolean {
    return this.#bytes >= FULL_BYTES;
  }

  /** Whether there is nothing in it. */
  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  addSpan(span: SpanFields): void {
    const { spans } = this.#batch;
    this.#traceIds.push(span.traceId);
    this.#spanIds.push(span.spanId);
    this.#parentSpanIds.push(span.parentSpanId);
    spans.startUs.push(span.startUs);
    spans.durationUs.push(span.durationUs);
    spans.side.push(span.side);
    spans.methodRef.push(this.#ref(span.method));
    spans.peerServiceRef.push(this.#ref(span.peerService));
    spans.peerInstanceRef.push(this.#ref(span.peerInstance));
    spans.code.push(span.code);
    spans.messageRef.push(this.#ref(span.message));
    spans.requestBytes.push(span.requestBytes);
    spans.responseBytes.push(span.responseBytes);
    spans.deadlineMs.push(0);
    spans.queueUs.push(0);
    this.#bytes += ROW_BYTES;
  }

  /** Counts a call in the second in which it ended. */
  addCall(fields: CallFields): void {
    const { side, code, method, peerService, peerInstance, durationUs } = fields;
    const second = Math.floor((fields.startUs + durationUs) / 1_000_000);
    const key = JSON.stringify([second, side, code, method, peerService, peerInstance]);
    let cell = this.#cells.get(key);
    if (cell === undefined) {
      cell = { fields, second, durations: 0, buckets: new Map(), count: 0 };
      this.#cells.set(key, cell);
      this.#bytes += CALL_BYTES + key.length;
    }
    const bucket = durationBucket(durationUs);
    cell.count++;
    cell.durations += durationUs;
    if (!cell.buckets.has(bucket)) this.#bytes += 4;
    cell.buckets.set(bucket, (cell.buckets.get(bucket) ?? 0) + 1);
  }

  /** Adds to a counter, or sets a gauge, in a second. */
  addSample(kind: SampleKind, name: string, value: number, second: number): void {
    const { samples } = this.#batch;
    const key = `${second} ${kind} ${name}`;
    const row = this.#samples.get(key);
    if (row !== undefined) {
      samples.value[row] = kind === SampleKind.counter ? samples.value[row]! + value : value;
      return;
    }
    this.#samples.set(key, samples.timeS.length);
    samples.timeS.push(second);
    samples.nameRef.push(this.#ref(name));
    samples.kind.push(kind);
    samples.value.push(value);
    this.#bytes += SAMPLE_BYTES;
  }

  addLine(line: LineFields): void {
    const { logs } = this.#batch;
    logs.timeUs.push(line.timeUs);
    this.#logTraceIds.push(line.traceId);
    this.#logSpanIds.push(line.spanId);
    logs.level.push(line.level);
    logs.text.push(line.text);
    logs.fieldLength.push(line.fields.length);
    for (const [name, value] of line.fields) {
      logs.fieldNameRef.push(this.#ref(name));
      logs.fieldValue.push(value);
      this.#bytes += 4 + value.length * 3;
    }
    for (const column of [logs.methodRef, logs.callerRef, logs.peerRef, logs.sourceRef, logs.functionRef, logs.dyed]) {
      column.push(0);
    }
    this.#bytes += ROW_BYTES + line.text.length * 3;
  }

  /** The batch; the builder is done with. */
  finish(): Batch {
    const { spans, calls, logs } = this.#batch;
    for (const { fields, second, durations, buckets, count } of this.#cells.values()) {
      calls.timeS.push(second);
      calls.side.push(fields.side);
      calls.methodRef.push(this.#ref(fields.method));
      calls.peerServiceRef.push(this.#ref(fields.peerService));
      calls.peerInstanceRef.push(this.#ref(fields.peerInstance));
      calls.code.push(fields.code);
      calls.count.push(count);
      calls.durationUsSum.push(durations);
      calls.bucketLength.push(buckets.size);
      for (const [index, own] of [...buckets].sort(([a], [b]) => a - b)) {
        calls.bucketIndex.push(index);
        calls.bucketCount.push(own);
      }
    }
    spans.traceIds = joined(this.#traceIds, 16);
    spans.spanIds = joined(this.#spanIds, 8);
    spans.parentSpanIds = joined(this.#parentSpanIds, 8);
    logs.traceIds = joined(this.#logTraceIds, 16);
    logs.spanIds = joined(this.#logSpanIds, 8);
    this.#batch.strings = this.#strings;
    return this.#batch;
  }

  #ref(text: string): number {
    const known = this.#refs.get(text);
    if (known !== undefined) return known;
    const ref = this.#strings.push(text) - 1;
    this.#refs.set(text, ref);
    this.#bytes += 3 + text.length * 3;
    return ref;
  }
}

function joined(ids: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(ids.length * length);
  // What is shorter (an absent id) stays zeros.
  for (const [row, id] of ids.entries()) all.set(id.subarray(0, length), row * length);
  return all;
}

function emptyBatch(): Batch {
  return {
    strings: [],
    spans: {
      ...{ traceIds: new Uint8Array(), spanIds: new Uint8Array(), parentSpanIds: new Uint8Array() },
      ...{ startUs: [], durationUs: [], side: [], methodRef: [], peerServiceRef: [], peerInstanceRef: [], code: [] },
      ...{ messageRef: [], requestBytes: [], responseBytes: [], deadlineMs: [], queueUs: [] },
      ...{ attempt: [], attemptReason: [], routeVersion: [] },
    },
    calls: {
      ...{ timeS: [], side: [], methodRef: [], peerServiceRef: [], peerInstanceRef: [], code: [], count: [] },
      ...{ durationUsSum: [], bucketLength: [], bucketIndex: [], bucketCount: [] },
    },
    samples: { timeS: [], nameRef: [], kind: [], value: [] },
    logs: {
      ...{ timeUs: [], traceIds: new Uint8Array(), spanIds: new Uint8Array(), level: [], methodRef: [], text: [] },
      ...{ fieldLength: [], fieldNameRef: [], fieldValue: [], callerRef: [], peerRef: [], sourceRef: [] },
      ...{ functionRef: [], dyed: [] },
    },
    droppedRows: 0n,
  };
}
