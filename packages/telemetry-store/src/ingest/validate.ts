import { InvalidBatch } from "../store-error.ts";
import type { CallColumns, LogColumns, SampleColumns, SpanColumns, TelemetryBatch } from "./batch.ts";

/** Rows of one table in one batch; a process that has more in a second drops them before. */
export const rowsMax = 200_000;

/** Strings in one batch's dictionary. */
export const stringsMax = 65_536;

/** Highest bucket of a latency histogram; 2^(1023/8) µs are 10^25 years. */
const bucketIndexMax = 1_023;

/** Fields of one log line. */
const fieldsMax = 256;

/**
 * Check that the columns of a batch fit together: lengths, dictionary positions, enumerations. Times and values are
 * not looked at here: a row with an impossible one is left out by the encoder.
 *
 * @throws InvalidBatch naming the column, what was expected and what was found
 */
export function assertBatch(batch: TelemetryBatch): void {
  const strings = batch.strings.length;
  if (strings > stringsMax) throw new InvalidBatch(`strings has ${strings} entries: at most ${stringsMax}`);
  if (batch.spans !== undefined) assertSpans(batch.spans, strings);
  if (batch.calls !== undefined) assertCalls(batch.calls, strings);
  if (batch.samples !== undefined) assertSamples(batch.samples, strings);
  if (batch.logs !== undefined) assertLogs(batch.logs, strings);
}

function assertSpans(spans: SpanColumns, strings: number): void {
  const rows = assertRows("spans.start_us", spans.startUs.length);
  assertLength("spans.trace_ids", spans.traceIds.length, rows * 16, "16 bytes a row");
  assertLength("spans.span_ids", spans.spanIds.length, rows * 8, "8 bytes a row");
  assertLength("spans.parent_span_ids", spans.parentSpanIds.length, rows * 8, "8 bytes a row");
  assertLength("spans.duration_us", spans.durationUs.length, rows);
  assertChoice("spans.side", spans.side, rows);
  assertRefs("spans.method_ref", spans.methodRef, rows, strings);
  assertRefs("spans.peer_service_ref", spans.peerServiceRef, rows, strings);
  assertRefs("spans.peer_instance_ref", spans.peerInstanceRef, rows, strings);
  assertLength("spans.code", spans.code.length, rows);
  assertRefs("spans.message_ref", spans.messageRef, rows, strings);
  assertLength("spans.request_bytes", spans.requestBytes.length, rows);
  assertLength("spans.response_bytes", spans.responseBytes.length, rows);
  assertLength("spans.deadline_ms", spans.deadlineMs.length, rows);
  assertLength("spans.queue_us", spans.queueUs.length, rows);
  assertOptional("spans.attempt", spans.attempt, rows);
  assertOptional("spans.attempt_reason", spans.attemptReason, rows);
  assertOptional("spans.route_version", spans.routeVersion, rows);
}

function assertCalls(calls: CallColumns, strings: number): void {
  const rows = assertRows("calls.time_s", calls.timeS.length);
  assertChoice("calls.side", calls.side, rows);
  assertRefs("calls.method_ref", calls.methodRef, rows, strings);
  assertRefs("calls.peer_service_ref", calls.peerServiceRef, rows, strings);
  assertRefs("calls.peer_instance_ref", calls.peerInstanceRef, rows, strings);
  assertLength("calls.code", calls.code.length, rows);
  assertLength("calls.count", calls.count.length, rows);
  assertLength("calls.duration_us_sum", calls.durationUsSum.length, rows);
  const buckets = assertParts("calls.bucket_length", calls.bucketLength, rows, bucketIndexMax + 1);
  assertLength("calls.bucket_index", calls.bucketIndex.length, buckets, "the sum of bucket_length");
  assertLength("calls.bucket_count", calls.bucketCount.length, buckets, "the sum of bucket_length");
  for (let i = 0; i < buckets; i++) {
    const index = calls.bucketIndex[i]!;
    if (!isPosition(index, bucketIndexMax + 1)) {
      throw new InvalidBatch(`calls.bucket_index[${i}] is ${index}: expected 0…${bucketIndexMax}`);
    }
  }
}

function assertSamples(samples: SampleColumns, strings: number): void {
  const rows = assertRows("samples.time_s", samples.timeS.length);
  assertRefs("samples.name_ref", samples.nameRef, rows, strings);
  assertChoice("samples.kind", samples.kind, rows);
  assertLength("samples.value", samples.value.length, rows);
}

function assertLogs(logs: LogColumns, strings: number): void {
  const rows = assertRows("logs.time_us", logs.timeUs.length);
  assertLength("logs.trace_ids", logs.traceIds.length, rows * 16, "16 bytes a row");
  assertLength("logs.span_ids", logs.spanIds.length, rows * 8, "8 bytes a row");
  assertLength("logs.level", logs.level.length, rows);
  assertRefs("logs.method_ref", logs.methodRef, rows, strings);
  assertLength("logs.text", logs.text.length, rows);
  const fields = assertParts("logs.field_length", logs.fieldLength, rows, fieldsMax);
  assertRefs("logs.field_name_ref", logs.fieldNameRef, fields, strings, "the sum of field_length");
  assertLength("logs.field_value", logs.fieldValue.length, fields, "the sum of field_length");
  assertOptionalRefs("logs.caller_ref", logs.callerRef, rows, strings);
  assertOptionalRefs("logs.peer_ref", logs.peerRef, rows, strings);
  assertOptionalRefs("logs.source_ref", logs.sourceRef, rows, strings);
  assertOptionalRefs("logs.function_ref", logs.functionRef, rows, strings);
  assertOptional("logs.dyed", logs.dyed, rows);
}

function assertRows(column: string, rows: number): number {
  if (rows > rowsMax) throw new InvalidBatch(`${column} has ${rows} rows: at most ${rowsMax}`);
  return rows;
}

function assertLength(column: string, found: number, expected: number, rule = "one value a row"): void {
  if (found === expected) return;
  throw new InvalidBatch(`${column} has ${found} values: expected ${expected} (${rule})`);
}

function assertRefs(column: string, refs: readonly number[], rows: number, strings: number, rule?: string): void {
  assertLength(column, refs.length, rows, rule);
  for (let i = 0; i < rows; i++) {
    const ref = refs[i]!;
    if (!isPosition(ref, strings)) {
      throw new InvalidBatch(`${column}[${i}] is ${ref}: expected a position in strings, which has ${strings}`);
    }
  }
}

/** As `assertLength`; empty where the sender does not know the column. */
function assertOptional(column: string, values: readonly number[] | undefined, rows: number): void {
  if (values !== undefined && values.length > 0) assertLength(column, values.length, rows);
}

/** As `assertRefs`; empty where the sender does not know the column. */
function assertOptionalRefs(column: string, refs: readonly number[] | undefined, rows: number, strings: number): void {
  if (refs !== undefined && refs.length > 0) assertRefs(column, refs, rows, strings);
}

/** Enumerations of two values, 1 and 2. */
function assertChoice(column: string, values: readonly number[], rows: number): void {
  assertLength(column, values.length, rows);
  for (let i = 0; i < rows; i++) {
    if (values[i] !== 1 && values[i] !== 2) {
      throw new InvalidBatch(`${column}[${i}] is ${values[i]}: expected 1 or 2`);
    }
  }
}

/** @returns the sum */
function assertParts(column: string, lengths: readonly number[], rows: number, max: number): number {
  assertLength(column, lengths.length, rows);
  let sum = 0;
  for (let i = 0; i < rows; i++) {
    const length = lengths[i]!;
    if (!isPosition(length, max + 1)) throw new InvalidBatch(`${column}[${i}] is ${length}: expected 0…${max}`);
    sum += length;
  }
  return sum;
}

function isPosition(value: number, length: number): boolean {
  return value >= 0 && value < length && Number.isInteger(value);
}
