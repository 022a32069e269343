import { create } from "@bufbuild/protobuf";
import { type Batch as BatchMessage, BatchSchema } from "@msec/api/telemetry/v1/telemetry_pb.js";
import { type Batch, type Recorder, SampleKind } from "@msec/telemetry";
import { compileCodec, Writer } from "@msec/wire";
import type { ProcessMetrics, ProcessSample } from "./process-metrics.ts";

/** Bytes of telemetry that wait for an agent that is away; about a minute at 100 KB/s, more at the usual few. */
export const BUFFER_MAX_BYTES = 8 * 1024 * 1024;

/** The largest batch that an agent takes. */
export const BATCH_MAX_BYTES = 1024 * 1024;

type Waiting = {
  readonly bytes: Uint8Array;
  /** With those that it tells were dropped before. */
  readonly rows: number;
  readonly toldRows: number;
};

/** The counter by which the rows that a process had to drop are curves, and alarms, of its own. */
const DROPPED_METRIC = "frm.telemetry.dropped_rows";

/** The same for calls that were counted and became no span: more than the host keeps. */
const LEFT_OUT_METRIC = "frm.telemetry.left_out_spans";

/** The same for lines that its log file could not take. */
const LOST_LINES_METRIC = "frm.log.dropped_lines";

/** The same for connections that were too many, in all or of one peer. */
const REFUSED_METRIC = "frm.connections.refused";

/** What the process reports of itself. */
export type OwnMetrics = {
  readonly metrics: Pick<ProcessMetrics, "due">;
  /** Milliseconds since 1970 UTC. */
  readonly now: () => number;
  /** Lines that its log file could not take, since the start. */
  readonly lostLines: () => number;
  /** Connections that its listener refused, since the start. */
  readonly refusedConnections: () => number;
};

/** Batches on their way to the agent, oldest first; bounded, and what does not fit is counted in a later batch. */
export class ReportBuffer {
  readonly #recorder: Recorder;
  readonly #maxBytes: number;
  readonly #own: OwnMetrics | undefined;
  #waiting: Waiting[] = [];
  #bytes = 0;
  #lostRows = 0;
  /** Rows dropped since the process last reported of itself. */
  #droppedRows = 0;
  #toldLeftOut = 0;
  #toldLostLines = 0;
  #toldRefused = 0;

  /** @param own  what the process reports of itself; missing: nothing */
  constructor(recorder: Recorder, maxBytes = BUFFER_MAX_BYTES, own?: OwnMetrics) {
    this.#recorder = recorder;
    this.#maxBytes = maxBytes;
    this.#own = own;
  }

  /** Batches that wait. */
  get length(): number {
    return this.#waiting.length;
  }

  /** Takes over what was recorded since the last time. */
  collect(): void {
    this.#collectOwn();
    const batch = this.#recorder.drain();
    if (batch === undefined) return;
    this.#droppedRows += Number(batch.droppedRows);
    batch.droppedRows += BigInt(this.#lostRows);
    this.#lostRows = 0;
    this.#add(batch, rowsOf(batch), Number(batch.droppedRows));
  }

  #collectOwn(): void {
    if (this.#own === undefined) return;
    const nowMs = this.#own.now();
    const samples = this.#own.metrics.due(nowMs);
    if (samples === undefined) return;
    const dropped = { name: DROPPED_METRIC, kind: SampleKind.counter, value: this.#droppedRows };
    this.#droppedRows = 0;
    const leftOutSpans = this.#recorder.leftOutSpans();
    const leftOut = { name: LEFT_OUT_METRIC, kind: SampleKind.counter, value: leftOutSpans - this.#toldLeftOut };
    this.#toldLeftOut = leftOutSpans;
    const lostLines = this.#own.lostLines();
    const lost = { name: LOST_LINES_METRIC, kind: SampleKind.counter, value: lostLines - this.#toldLostLines };
    this.#toldLostLines = lostLines;
    const refusedConnections = this.#own.refusedConnections();
    const refused = {
      name: REFUSED_METRIC,
      kind: SampleKind.counter,
      value: refusedConnections - this.#toldRefused,
    };
    this.#toldRefused = refusedConnections;
    const all = [...samples, dropped, leftOut, lost, refused];
    this.#add(batchOfSamples(all, Math.floor(nowMs / 1000)), all.length, 0);
  }

  #add(batch: Batch | BatchMessage, rows: number, toldRows: number): void {
    const writer = new Writer();
    compileCodec(BatchSchema).encode(batch, writer);
    const bytes = writer.detach();
    this.#waiting.push({ bytes, rows, toldRows });
    this.#bytes += bytes.length;
    if (bytes.length > BATCH_MAX_BYTES) this.#lose(this.#waiting.length - 1);
    while (this.#bytes > this.#maxBytes) this.#lose(0);
  }

  /** Calls that the process recorded in the last full second. */
  get callsPerSecond(): number {
    return this.#recorder.callsPerSecond();
  }

  /** The agent divides the host's rate of spans; an older one says nothing. */
  limitSpans({ spansPerSecond, keptShare }: { readonly spansPerSecond: number; readonly keptShare: number }): void {
    if (spansPerSecond > 0) this.#recorder.limitSpans(spansPerSecond, keptShare);
  }

  /** The oldest batch, which stays until `delivered` or `refused`. */
  first(): Uint8Array | undefined {
    return this.#waiting[0]?.bytes;
  }

  /** The agent has the batch. */
  delivered(bytes: Uint8Array): void {
    this.#take(this.#waiting.findIndex((waiting) => waiting.bytes === bytes));
  }

  /** The agent will never take the batch. */
  refused(bytes: Uint8Array): void {
    this.#lose(this.#waiting.findIndex((waiting) => waiting.bytes === bytes));
  }

  #lose(position: number): void {
    const lost = this.#take(position);
    if (lost === undefined) return;
    this.#lostRows += lost.rows;
    this.#droppedRows += lost.rows - lost.toldRows;
  }

  // -1: dropped meanwhile to make room.
  #take(position: number): Waiting | undefined {
    if (position < 0) return undefined;
    const [taken] = this.#waiting.splice(position, 1);
    this.#bytes -= taken!.bytes.length;
    return taken;
  }
}

function rowsOf({ spans, calls, samples, logs, droppedRows }: Batch): number {
  return spans.startUs.length + calls.count.length + samples.value.length + logs.timeUs.length + Number(droppedRows);
}

function batchOfSamples(samples: readonly ProcessSample[], second: number): BatchMessage {
  return create(BatchSchema, {
    strings: ["", ...samples.map(({ name }) => name)],
    samples: {
      timeS: samples.map(() => second),
      nameRef: samples.map((_, i) => i + 1),
      kind: samples.map(({ kind }) => kind),
      value: samples.map(({ value }) => value),
    },
  });
}
