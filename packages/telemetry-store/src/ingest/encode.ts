import { defaultRetention, type Retention } from "../retention/retention.ts";
import type { CallColumns, SampleColumns, SpanColumns, TelemetryEnvelope } from "./batch.ts";
import { LogBlock } from "./log-block.ts";
import { encodedString, RowWriter } from "./row-writer.ts";
import { SampleBlock } from "./sample-block.ts";
import type { InsertTable } from "./tables.ts";

/** UTF-16 units of a name (service, method, instance) or a failed call's message that are kept. */
const nameMaxChars = 1_024;

/** The times that are taken. What is older than its table keeps would be deleted at once. */
export interface TimeWindow {
  /** Milliseconds since 1970 UTC. */
  nowMs: number;
  /** What is kept; default `defaultRetention`. */
  retention?: Retention;
}

const dayMs = 86_400_000;
/** How far a host's clock may be ahead. */
const aheadMs = 3_600_000;

/** Rows of some envelopes by table: samples and log lines in `Native`, the others in RowBinary. */
export type EncodedTables = Record<"span" | "call", RowWriter> & { sample: SampleBlock; log: LogBlock };

/** One table's rows in parts, each of which is one insert. */
export interface TableInsert {
  readonly table: InsertTable;
  readonly format: "RowBinary" | "Native";
  /** Each in the pieces in which it is sent. */
  readonly parts: readonly (readonly Uint8Array[])[];
}

/** What is to be inserted, in order; parts are the same for the same envelopes. */
export function tableInserts({ span, call, sample, log }: EncodedTables): TableInsert[] {
  const whole = (parts: readonly Buffer[]) => parts.map((part) => [part]);
  return [
    { table: "span", format: "RowBinary", parts: whole(span.parts()) },
    { table: "call", format: "RowBinary", parts: whole(call.parts()) },
    ...sample.inserts().map(({ table, parts }) => ({ table, parts: whole(parts), format: "Native" as const })),
    { table: "log_line", format: "Native", parts: log.parts() },
  ];
}

/** Writers for a new insert of these envelopes, which need not be valid: with room for all rows, so that none is copied to make it. */
export function newTables(envelopes: readonly TelemetryEnvelope[]): EncodedTables {
  let samples = 0;
  let lines = 0;
  let fields = 0;
  for (const { batch } of envelopes) {
    samples += batch.samples?.timeS.length ?? 0;
    lines += batch.logs?.timeUs.length ?? 0;
    fields += batch.logs?.fieldValue.length ?? 0;
  }
  const log = new LogBlock(lines, fields);
  return { span: new RowWriter(), call: new RowWriter(), sample: new SampleBlock(samples), log };
}

/**
 * Append an envelope's rows.
 *
 * Rows whose time or value is impossible (not finite, older than the table keeps, more than an hour ahead) are left out:
 * a host whose clock is wrong must not fill the store with partitions.
 *
 * @param envelope has passed `assertBatch`
 * @returns rows left out
 */
export function encodeEnvelope(tables: EncodedTables, envelope: TelemetryEnvelope, window: TimeWindow): number {
  const { spans, calls, samples, logs } = envelope.batch;
  let left = 0;
  if (spans !== undefined || calls !== undefined) {
    const context = new EncodeContext(envelope);
    if (spans !== undefined) left += encodeSpans(tables.span, spans, context, window);
    if (calls !== undefined) left += encodeCalls(tables.call, calls, context, window);
  }
  if (samples !== undefined) left += encodeSamples(tables.sample, samples, envelope, window);
  if (logs !== undefined) left += tables.log.append(logs, envelope, logTimes(window));
  return left;
}

/** An envelope's strings, encoded at first use: most are used by many rows. */
class EncodeContext {
  readonly host: Uint8Array;
  readonly service: Uint8Array;
  readonly instance: Uint8Array;
  readonly release: Uint8Array;
  readonly #strings: readonly string[];
  readonly #encoded: (Uint8Array | undefined)[];

  constructor({ identity, batch }: TelemetryEnvelope) {
    this.host = encodedString(identity.host, nameMaxChars);
    this.service = encodedString(identity.service, nameMaxChars);
    this.instance = encodedString(identity.instance, nameMaxChars);
    this.release = encodedString(identity.release ?? "", nameMaxChars);
    this.#strings = batch.strings;
    this.#encoded = new Array(batch.strings.length);
  }

  string(ref: number): Uint8Array {
    const known = this.#encoded[ref];
    if (known !== undefined) return known;
    const encoded = encodedString(this.#strings[ref]!, nameMaxChars);
    this.#encoded[ref] = encoded;
    return encoded;
  }
}

// The columns below are written in the order in which tables.ts names them.

function encodeSpans(
  out: RowWriter,
  spans: SpanColumns,
  context: EncodeContext,
  { nowMs, retention = defaultRetention }: TimeWindow,
): number {
  const fromUs = (nowMs - retention.spans.days * dayMs) * 1_000;
  const toUs = (nowMs + aheadMs) * 1_000;
  const rows = spans.startUs.length;
  let left = 0;
  for (let i = 0; i < rows; i++) {
    const startUs = spans.startUs[i]!;
    if (!(startUs >= fromUs && startUs <= toUs)) {
      left++;
      continue;
    }
    out.uint64(Math.floor(startUs));
    out.uint64FromBytes(spans.traceIds, i * 16);
    out.uint64FromBytes(spans.traceIds, i * 16 + 8);
    out.uint64FromBytes(spans.spanIds, i * 8);
    out.uint64FromBytes(spans.parentSpanIds, i * 8);
    out.raw(context.host);
    out.raw(context.service);
    out.raw(context.instance);
    out.uint8(spans.side[i]!);
    out.raw(context.string(spans.methodRef[i]!));
    out.raw(context.string(spans.peerServiceRef[i]!));
    out.raw(context.string(spans.peerInstanceRef[i]!));
    out.uint8(knownCode(spans.code[i]!));
    out.raw(context.string(spans.messageRef[i]!));
    out.uint32(spans.durationUs[i]!);
    out.uint32(spans.queueUs[i]!);
    out.uint32(spans.requestBytes[i]!);
    out.uint32(spans.responseBytes[i]!);
    out.uint32(spans.deadlineMs[i]!);
    out.uint8(Math.min(spans.attempt?.[i] ?? 0, 255));
    out.uint8(Math.min(spans.attemptReason?.[i] ?? 0, 255));
    out.uint32(spans.routeVersion?.[i] ?? 0);
    out.raw(context.release);
    out.endRow();
  }
  return left;
}

function encodeCalls(
  out: RowWriter,
  calls: CallColumns,
  context: EncodeContext,
  { nowMs, retention = defaultRetention }: TimeWindow,
): number {
  const fromS = (nowMs - retention.calls.days * dayMs) / 1_000;
  const toS = (nowMs + aheadMs) / 1_000;
  const rows = calls.timeS.length;
  let left = 0;
  let bucket = 0;
  for (let i = 0; i < rows; i++) {
    const timeS = calls.timeS[i]!;
    const length = calls.bucketLength[i]!;
    const sum = calls.durationUsSum[i]!;
    const first = bucket;
    bucket += length;
    if (!(timeS >= fromS && timeS <= toS && sum >= 0 && sum < Number.POSITIVE_INFINITY)) {
      left++;
      continue;
    }
    const peer = context.string(calls.peerServiceRef[i]!);
    const peerInstance = context.string(calls.peerInstanceRef[i]!);
    const served = calls.side[i] === 1;
    out.uint32(timeS);
    out.uint8(calls.side[i]!);
    out.raw(served ? context.service : peer);
    out.raw(served ? context.instance : peerInstance);
    out.raw(served ? peer : context.service);
    out.raw(served ? peerInstance : context.instance);
    out.raw(context.host);
    out.raw(context.string(calls.methodRef[i]!));
    out.uint8(knownCode(calls.code[i]!));
    out.uint64(calls.count[i]! >>> 0);
    out.float64(sum);
    out.varint(length);
    for (let j = first; j < bucket; j++) out.uint16(calls.bucketIndex[j]!);
    out.varint(length);
    for (let j = first; j < bucket; j++) out.uint32(calls.bucketCount[j]!);
    out.endRow();
  }
  return left;
}

function encodeSamples(
  out: SampleBlock,
  samples: SampleColumns,
  { identity, batch }: TelemetryEnvelope,
  { nowMs, retention = defaultRetention }: TimeWindow,
): number {
  const fromS = (nowMs - retention.samples.days * dayMs) / 1_000;
  const toS = (nowMs + aheadMs) / 1_000;
  const rows = samples.timeS.length;
  const owner = out.owner(identity.service, identity.host, identity.instance);
  // Looked up at the first use of each name: a batch names its metrics many times.
  const series = new Array<number>(batch.strings.length).fill(-1);
  let left = 0;
  for (let i = 0; i < rows; i++) {
    const timeS = samples.timeS[i]!;
    const value = samples.value[i]!;
    if (!(timeS >= fromS && timeS <= toS && Number.isFinite(value))) {
      left++;
      continue;
    }
    const ref = samples.nameRef[i]!;
    if (series[ref] === -1) series[ref] = out.series(owner, batch.strings[ref]!.slice(0, nameMaxChars));
    out.add(timeS, series[ref]!, samples.kind[i]!, value);
  }
  return left;
}

function logTimes({ nowMs, retention = defaultRetention }: TimeWindow) {
  const fromUs = (nowMs - retention.logs.days * dayMs) * 1_000;
  return { fromUs, toUs: (nowMs + aheadMs) * 1_000, arrivedMs: nowMs };
}

/** gRPC has 0…16; whatever else comes is Unknown. */
function knownCode(code: number): number {
  return code >= 0 && code <= 16 ? code : 2;
}
