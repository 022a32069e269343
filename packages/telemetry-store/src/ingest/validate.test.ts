import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { batchOf } from "../fixture/batches.ts";
import { InvalidBatch } from "../store-error.ts";
import type { TelemetryBatch } from "./batch.ts";
import { assertBatch } from "./validate.ts";

const good = batchOf({
  spans: [{}, {}],
  calls: [{}, { durationsUs: [1, 2_000] }],
  samples: [{}, {}],
  logs: [{ fields: { a: "b" } }, {}],
});

test("takes a batch whose columns fit together, and one without tables", () => {
  assertBatch(good);
  assertBatch({ strings: [] });
});

/** Every column of every table, with what is wrong in it. */
const wrong: [table: keyof TelemetryBatch, column: string, value: unknown, message: RegExp][] = [
  ["spans", "startUs", [1], /^spans\.\w+ has \d+ values: expected \d+/],
  ["spans", "traceIds", new Uint8Array(31), /^spans\.trace_ids has 31 values: expected 32 \(16 bytes a row\)/],
  ["spans", "spanIds", new Uint8Array(0), /^spans\.span_ids has 0 values/],
  ["spans", "parentSpanIds", new Uint8Array(17), /^spans\.parent_span_ids has 17 values/],
  ["spans", "durationUs", [], /^spans\.duration_us has 0 values: expected 2 \(one value a row\)/],
  ["spans", "side", [1, 3], /^spans\.side\[1\] is 3: expected 1 or 2/],
  ["spans", "methodRef", [0, 99], /^spans\.method_ref\[1\] is 99: expected a position in strings, which has \d+/],
  ["spans", "peerServiceRef", [-1, 0], /^spans\.peer_service_ref\[0\] is -1/],
  ["spans", "peerInstanceRef", [0.5, 0], /^spans\.peer_instance_ref\[0\] is 0\.5/],
  ["spans", "messageRef", [Number.NaN, 0], /^spans\.message_ref\[0\] is NaN/],
  ["spans", "code", [0, 0, 0], /^spans\.code has 3 values/],
  ["spans", "requestBytes", [0], /^spans\.request_bytes/],
  ["spans", "responseBytes", [0], /^spans\.response_bytes/],
  ["spans", "deadlineMs", [0], /^spans\.deadline_ms/],
  ["spans", "queueUs", [0], /^spans\.queue_us/],
  ["spans", "attempt", [0, 0, 0], /^spans\.attempt /],
  ["spans", "attemptReason", [0, 0, 0], /^spans\.attempt_reason/],
  ["spans", "routeVersion", [0, 0, 0], /^spans\.route_version/],
  ["calls", "timeS", [1], /^calls\./],
  ["calls", "side", [0, 1], /^calls\.side\[0\] is 0/],
  ["calls", "methodRef", [0, 2 ** 32], /^calls\.method_ref\[1\]/],
  ["calls", "peerServiceRef", [0], /^calls\.peer_service_ref has 1/],
  ["calls", "peerInstanceRef", [99, 0], /^calls\.peer_instance_ref\[0\]/],
  ["calls", "code", [], /^calls\.code/],
  ["calls", "count", [], /^calls\.count/],
  ["calls", "durationUsSum", [], /^calls\.duration_us_sum/],
  ["calls", "bucketLength", [1, 3], /^calls\.bucket_index has 3 values: expected 4 \(the sum of bucket_length\)/],
  ["calls", "bucketLength", [1, Number.POSITIVE_INFINITY], /^calls\.bucket_length\[1\] is Infinity: expected 0…1024/],
  ["calls", "bucketIndex", [0, 1, 1_024], /^calls\.bucket_index\[2\] is 1024: expected 0…1023/],
  ["calls", "bucketCount", [1], /^calls\.bucket_count/],
  ["samples", "timeS", [1, 2, 3], /^samples\./],
  ["samples", "nameRef", [0, 99], /^samples\.name_ref\[1\]/],
  ["samples", "kind", [1, 0], /^samples\.kind\[1\]/],
  ["samples", "value", [1], /^samples\.value/],
  ["logs", "timeUs", [], /^logs\./],
  ["logs", "traceIds", new Uint8Array(16), /^logs\.trace_ids/],
  ["logs", "spanIds", new Uint8Array(15), /^logs\.span_ids/],
  ["logs", "level", [1], /^logs\.level/],
  ["logs", "methodRef", [99, 0], /^logs\.method_ref\[0\]/],
  ["logs", "text", [""], /^logs\.text/],
  ["logs", "fieldLength", [257, 0], /^logs\.field_length\[0\] is 257: expected 0…256/],
  ["logs", "fieldNameRef", [99], /^logs\.field_name_ref\[0\]/],
  ["logs", "callerRef", [99, 0], /^logs\.caller_ref\[0\]/],
  ["logs", "peerRef", [99, 0], /^logs\.peer_ref\[0\]/],
  ["logs", "sourceRef", [0], /^logs\.source_ref has 1 values: expected 2/],
  ["logs", "functionRef", [99, 0], /^logs\.function_ref\[0\]/],
  ["logs", "dyed", [0], /^logs\.dyed has 1 values: expected 2/],
  ["logs", "fieldValue", [], /^logs\.field_value has 0 values: expected 1/],
];

describe("refuses a batch, naming the column, when", () => {
  for (const [table, column, value, message] of wrong) {
    test(`${table}.${column} is ${JSON.stringify(value)}`, () => {
      const batch = { ...good, [table]: { ...(good[table] as object), [column]: value } };
      assert.throws(
        () => assertBatch(batch),
        (error) => error instanceof InvalidBatch && message.test(error.message),
      );
    });
  }

  test("any column is wrong: the list above has them all", () => {
    const columns = (["spans", "calls", "samples", "logs"] as const).flatMap((table) =>
      Object.keys(good[table]!).map((column) => `${table}.${column}`),
    );
    const listed = new Set(wrong.map(([table, column]) => `${table}.${column}`));
    assert.deepEqual(
      columns.filter((column) => !listed.has(column)),
      [],
    );
  });

  test("it has more rows than a second can have", () => {
    const rows = 200_001;
    const samples = { timeS: new Array(rows).fill(1), nameRef: [], kind: [], value: [] };
    assert.throws(
      () => assertBatch({ strings: [], samples }),
      /^InvalidBatch: samples\.time_s has 200001 rows: at most 200000/,
    );
  });
});
