import { type Batch, SampleKind, Side } from "./batch.ts";
import { type CallCell, emptyCallColumns } from "./call-cell.ts";
import { CallEdges } from "./call-edges.ts";
import type { CallRecord } from "./call-record.ts";
import { Dictionary } from "./dictionary.ts";
import { DURATION_MAX_US } from "./duration-bucket.ts";
import { fieldText } from "./field-text.ts";
import type { Level } from "./level.ts";
import { DEFAULT_LIMITS, type RecorderLimits } from "./limits.ts";
import { type LogContext, type LogFields, LogTable } from "./log-table.ts";
import { SampleTable } from "./sample-table.ts";
import { SpanSampler, tracePosition } from "./span-sampler.ts";
import { type SpanRow, SpanTable } from "./span-table.ts";
import { TracePositions } from "./trace-positions.ts";
import { cutText } from "./utf8-length.ts";

// Encoded bytes of one span: 40 of identifiers and start, and ten varints.
const SPAN_BYTES = 80;

// gRPC's codes are 0…16; a number beyond them (a foreign caller's) counts as Unknown.
const CODE_COUNT = 17;
const CODE_UNKNOWN = 2;

// Dyed requests that are under way at once, and others of which something failed or was slow.
const KEPT_TRACES_MAX = 1_000;

const FOLLOWED_S = 60;

// A wall clock that is corrected a little: lines go on after the last one.
const CLOCK_NOISE_US = 2_000;

/** How to make a recorder. */
export type RecorderOptions = {
  /** Milliseconds since 1970 UTC, `Date.now` in a program; fractions count. */
  readonly now: () => number;
  /** Limits that differ from `DEFAULT_LIMITS`. */
  readonly limits?: Partial<RecorderLimits>;
  /** Called once for each interval in which half of the room for bytes, spans or logs is used: a good time to drain. */
  readonly onHalfFull?: () => void;
  /** Called with a sentence when a metric was refused; once for each sentence, at most 20 times in all. */
  readonly onProblem?: (problem: string) => void;
};

/**
 * Records what a process does, for free use on every call: calls made and served, counters, gauges and log lines.
 *
 * `onServerCall` and `onClientCall` make it a `CallObserver` of `@msec/rpc`. Nothing here waits, throws for bad input, or grows
 * without limit; what does not fit is counted in `droppedRows` of the next batch.
 */
export type Recorder = {
  /** Records a call that this process served. */
  onServerCall(record: CallRecord): void;
  /** Records a call that this process made. */
  onClientCall(record: CallRecord): void;
  /** Adds `n` (default 1) to the counter `usr.<name>`. Values of one second add up. */
  count(name: string, n?: number): void;
  /** Sets the gauge `usr.<name>`. The last value of a second counts. */
  gauge(name: string, value: number): void;
  /** Keeps a log line; `context` is the request that it belongs to. */
  log(level: Level, text: string, fields?: LogFields, context?: LogContext): void;
  /** Keeps every span of a trace from now on, whatever the rate; of the last 1,000 such traces. */
  keepTrace(traceId: Uint8Array): void;
  /**
   * Changes how many successful calls a second become spans, from the next second on.
   *
   * @param perSecond  whole number of at least 1
   * @param share  of all requests, those to keep, the same in all processes of the host, above 0, at most 1; missing: this process finds its own
   */
  limitSpans(perSecond: number, share?: number): void;
  /** Calls of the last full second: the spans that there would be without a limit. */
  callsPerSecond(): number;
  /** Calls since the start that were counted and did not become a span, for there were more than the limit. */
  leftOutSpans(): number;
  /** Everything since the last call as one batch, or `undefined` when there is nothing. */
  drain(): Batch | undefined;
};

/** Makes a recorder. */
export function createRecorder(options: RecorderOptions): Recorder {
  return new ColumnRecorder(options);
}

class ColumnRecorder implements Recorder {
  readonly #now: () => number;
  readonly #limits: RecorderLimits;
  readonly #onHalfFull: (() => void) | undefined;
  readonly #onProblem: ((problem: string) => void) | undefined;
  readonly #problems = new Set<string>();
  readonly #dictionary = new Dictionary();
  readonly #served: CallEdges;
  readonly #made: CallEdges;
  readonly #sampler: SpanSampler;
  readonly #spans = new SpanTable();
  readonly #samples: SampleTable;
  readonly #logs: LogTable;
  // One object for all spans: a new one for each would be the only allocation of recording a call.
  readonly #row: SpanRow = { side: 0, methodRef: 0, peerServiceRef: 0, peerInstanceRef: 0, messageRef: 0 };
  #calls = emptyCallColumns();
  #cells: CallCell[] = [];
  // By their position, which two traces share once in four thousand million.
  readonly #kept = new TracePositions(KEPT_TRACES_MAX);
  // Apart from the dyed ones, which a flood of failures must not drive out.
  #followed = new TracePositions(KEPT_TRACES_MAX);
  #followedBefore = new TracePositions(KEPT_TRACES_MAX);
  #followedSince = 0;
  #dropped = 0;
  #halfFullSaid = false;
  #lastLineUs = 0;
  #leftOut = 0;
  #second = 0;

  constructor(options: RecorderOptions) {
    this.#now = options.now;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#onHalfFull = options.onHalfFull;
    this.#onProblem = options.onProblem;
    this.#served = new CallEdges(Side.server, this.#limits.edges);
    this.#made = new CallEdges(Side.client, this.#limits.edges);
    this.#sampler = new SpanSampler(this.#limits.spansPerSecond);
    this.#samples = new SampleTable(this.#limits.metricNames);
    this.#logs = new LogTable(this.#limits);
  }

  onServerCall(record: CallRecord): void {
    this.#record(this.#served, record);
  }

  onClientCall(record: CallRecord): void {
    this.#record(this.#made, record);
  }

  count(name: string, n = 1): void {
    this.#sample(SampleKind.counter, name, n);
  }

  gauge(name: string, value: number): void {
    this.#sample(SampleKind.gauge, name, value);
  }

  log(level: Level, text: string, fields?: LogFields, context?: LogContext): void {
    if (this.#logs.length >= this.#limits.logs || this.#bytes() >= this.#limits.bytes) {
      this.#dropped++;
      return;
    }
    const line = typeof text === "string" ? text : fieldText(text);
    this.#logs.add({ timeUs: this.#lineTimeUs(), level, text: line, fields, context }, this.#dictionary);
    this.#sayHalfFull();
  }

  keepTrace(traceId: Uint8Array): void {
    this.#kept.add(tracePosition(traceId, 0));
  }

  limitSpans(perSecond: number, share?: number): void {
    this.#sampler.limit(perSecond, share);
  }

  callsPerSecond(): number {
    return this.#sampler.callsBefore(Math.floor(this.#now() / 1_000));
  }

  leftOutSpans(): number {
    return this.#leftOut;
  }

  drain(): Batch | undefined {
    for (const cell of this.#cells) cell.writeTo(this.#calls, this.#dictionary);
    const calls = this.#calls;
    const rows = calls.count.length + this.#spans.length + this.#logs.length + this.#dropped;
    if (rows === 0 && this.#samples.empty) return undefined;
    const batch: Batch = {
      spans: this.#spans.take(),
      calls,
      samples: this.#samples.take(this.#dictionary),
      logs: this.#logs.take(),
      droppedRows: BigInt(this.#dropped),
      // Last: the tables above still add to it.
      strings: this.#dictionary.take(),
    };
    this.#calls = emptyCallColumns();
    this.#cells = [];
    this.#dropped = 0;
    this.#halfFullSaid = false;
    this.#served.trim();
    this.#made.trim();
    return batch;
  }

  /** Lines of one process keep their order, also two of one microsecond; only a clock that was set back further begins anew. */
  #lineTimeUs(): number {
    const timeUs = Math.round(this.#now() * 1_000);
    const backUs = this.#lastLineUs - timeUs;
    this.#lastLineUs = backUs >= 0 && backUs < CLOCK_NOISE_US ? this.#lastLineUs + 1 : timeUs;
    return this.#lastLineUs;
  }

  #record(edges: CallEdges, record: CallRecord): void {
    const durationUs = Math.min(Math.max(Math.round(record.durationUs), 0), DURATION_MAX_US);
    const second = this.#secondOf(record.startUs + durationUs);
    const code = record.code >= 0 && record.code < CODE_COUNT ? record.code : CODE_UNKNOWN;
    const edge = edges.edgeOf(record.method, record.peerService, record.peerInstance);
    const cell = edge.cellOf(code);
    if (cell.count === 0) this.#cells.push(cell);
    else if (cell.second !== second) cell.writeTo(this.#calls, this.#dictionary);
    cell.add(durationUs, second);
    const sampled = this.#sampler.keeps(record.ids, record.idsAt, second, Math.floor(record.startUs / 1_000_000));
    if (!sampled) {
      const isSlow = code === 0 && durationUs >= cell.slow.fromUs && this.#sampler.keepsSlow();
      // What led to it in this process ends after it, and what follows from it comes after it: a failed call alone says little.
      if (code !== 0 || isSlow) this.#follow(record, second);
      else if (!this.#isKept(record)) {
        this.#leftOut++;
        return;
      }
    }
    if (this.#spans.length >= this.#limits.spans || this.#bytes() >= this.#limits.bytes) {
      this.#dropped++;
      return;
    }
    edge.resolveRefs(this.#dictionary);
    const row = this.#row;
    row.side = edge.side;
    row.methodRef = edge.methodRef;
    row.peerServiceRef = edge.peerServiceRef;
    row.peerInstanceRef = edge.peerInstanceRef;
    row.messageRef = code === 0 ? 0 : this.#dictionary.refOf(cutText(record.message, this.#limits.messageUnits));
    this.#spans.add(record, record, record, durationUs, code, row);
    this.#sayHalfFull();
  }

  // For one to two times FOLLOWED_S: longer than a request lasts, and not for ever, so that looking them up costs nothing where nothing fails.
  #follow(record: CallRecord, second: number): void {
    if (second - this.#followedSince >= FOLLOWED_S) {
      this.#followedBefore =
        second - this.#followedSince >= 2 * FOLLOWED_S ? new TracePositions(KEPT_TRACES_MAX) : this.#followed;
      this.#followed = new TracePositions(KEPT_TRACES_MAX);
      this.#followedSince = second;
    }
    this.#followed.add(tracePosition(record.ids, record.idsAt));
  }

  #isKept(record: CallRecord): boolean {
    if (this.#kept.isEmpty && this.#followed.isEmpty && this.#followedBefore.isEmpty) return false;
    const position = tracePosition(record.ids, record.idsAt);
    return this.#kept.has(position) || this.#followed.has(position) || this.#followedBefore.has(position);
  }

  // The second in which a call ended, or the newest one when that was just over: ends are reported out of order by some
  // microseconds, and going back and forth at each turn of a second would begin rows and samples anew each time.
  #secondOf(endUs: number): number {
    const second = Math.floor(endUs / 1_000_000);
    if (second >= this.#second || second < this.#second - 1) this.#second = second;
    return this.#second;
  }

  #sample(kind: SampleKind, name: string, value: number): void {
    const second = Math.floor(this.#now() / 1_000);
    const problem = this.#samples.report(kind, name, value, second, this.#dictionary);
    if (problem === undefined) return;
    this.#dropped++;
    if (this.#problems.size >= 20 || this.#problems.has(problem)) return;
    this.#problems.add(problem);
    this.#onProblem?.(problem);
  }

  #bytes(): number {
    return this.#dictionary.bytes + this.#logs.bytes + this.#spans.length * SPAN_BYTES;
  }

  #sayHalfFull(): void {
    if (this.#halfFullSaid || this.#onHalfFull === undefined) return;
    const { bytes, logs, spans } = this.#limits;
    if (this.#bytes() * 2 < bytes && this.#logs.length * 2 < logs && this.#spans.length * 2 < spans) return;
    this.#halfFullSaid = true;
    this.#onHalfFull();
  }
}
