import assert from "node:assert/strict";
import { test } from "node:test";
import {
  SampleKind as ApiKind,
  Level as ApiLevel,
  Side as ApiSide,
  BatchSchema,
} from "@msec/api/telemetry/v1/telemetry_pb.js";
import { LOG_LEVELS } from "@msec/process";
import { createRecorder, Level, levelNames, SampleKind, Side } from "@msec/telemetry";
import { compileCodec } from "@msec/wire";
import { ReportBuffer } from "./report-buffer.ts";

const decode = (bytes: Uint8Array) => compileCodec(BatchSchema).decode(bytes, 0, bytes.length);

test("a batch of the recorder is a message of the interface, column for column", () => {
  const recorder = createRecorder({ now: () => 1_800_000_000_000 });
  const ids = {
    ids: Uint8Array.of(...new Uint8Array(16).fill(1), ...new Uint8Array(8).fill(2), ...new Uint8Array(8)),
    idsAt: 0,
  };
  recorder.onServerCall({
    ...ids,
    method: "a.B.c",
    peerService: "A.b",
    peerInstance: "127.0.0.1:5000",
    startUs: 1_800_000_000_000_000.5,
    durationUs: 1_234.5,
    queueUs: 7.25,
    code: 14,
    message: "gone",
    requestBytes: 10,
    responseBytes: 20,
    deadlineMs: 2_999.5,
    attempt: 0,
    routeVersion: 0,
  });
  recorder.count("hits", 3);
  recorder.log(
    Level.info,
    "走",
    { from: "sz" },
    { traceId: ids.ids.slice(0, 16), spanId: ids.ids.slice(16, 24), method: "a.B.c" },
  );
  const buffer = new ReportBuffer(recorder);
  buffer.collect();
  const { strings, spans, calls, samples, logs, droppedRows } = decode(buffer.first()!);
  assert.deepEqual([strings[spans!.methodRef[0]!], strings[spans!.messageRef[0]!]], ["a.B.c", "gone"]);
  assert.deepEqual([spans!.durationUs, spans!.queueUs, spans!.deadlineMs], [[1_235], [7], [2_999]]);
  assert.deepEqual([calls!.count, calls!.durationUsSum, calls!.bucketLength], [[1], [1_235], [1]]);
  assert.deepEqual([strings[samples!.nameRef[0]!], samples!.value], ["usr.hits", [3]]);
  assert.deepEqual([logs!.text, logs!.fieldValue, droppedRows], [["走"], ["sz"], 0n]);
});

test("the numbers of sides, kinds and levels are those of the interface", () => {
  assert.deepEqual([Side.server, Side.client], [ApiSide.SERVER, ApiSide.CLIENT]);
  assert.deepEqual([SampleKind.counter, SampleKind.gauge], [ApiKind.COUNTER, ApiKind.GAUGE]);
  const named = Object.entries(Level).map(([name, level]) => [name.toUpperCase(), level]);
  assert.deepEqual(
    Object.entries(ApiLevel).filter(([name, level]) => typeof level === "number" && name !== "UNSPECIFIED"),
    named,
  );
  // Those of a program's own log are the same names.
  assert.deepEqual(levelNames, LOG_LEVELS);
});

test("while the agent is away the oldest batches give way, and their rows are counted in the next one", () => {
  const recorder = createRecorder({ now: () => 1_800_000_000_000 });
  const buffer = new ReportBuffer(recorder, 3_200);
  for (let round = 0; round < 10; round++) {
    recorder.log(Level.info, `${round}${"x".repeat(900)}`);
    buffer.collect();
  }
  const first = decode(buffer.first()!);
  assert.equal(first.logs!.text[0]![0], "7");
  assert.equal(buffer.length, 3);
  // Each batch after the third tells of the one that it drove out, and of what that one had to tell.
  recorder.log(Level.info, "last");
  buffer.collect();
  let told = 0n;
  let kept = 0n;
  for (let bytes = buffer.first(); bytes !== undefined; bytes = buffer.first()) {
    const batch = decode(bytes);
    told += batch.droppedRows;
    kept += BigInt(batch.logs!.text.length);
    buffer.delivered(bytes);
  }
  assert.equal(told + kept, 11n);
});

test("what was dropped or left out is a metric of the process, each row once", () => {
  const recorder = createRecorder({ now: () => 1_800_000_000_000, limits: { logs: 1, spansPerSecond: 1 } });
  let isDue = false;
  const metrics = { due: () => (isDue ? [] : undefined) };
  const own = { metrics, now: () => 1_800_000_000_000, lostLines: () => 7, refusedConnections: () => 9 };
  const buffer = new ReportBuffer(recorder, undefined, own);
  for (const text of ["kept", "one too many"]) recorder.log(Level.info, text);
  buffer.collect();
  // Its line is lost now; the one that it told of was counted when it was.
  buffer.refused(buffer.first()!);
  const told = () => {
    isDue = true;
    buffer.collect();
    isDue = false;
    const { strings, samples } = decode(buffer.first()!);
    buffer.delivered(buffer.first()!);
    return samples!.nameRef.map((ref, row) => [strings[ref], samples!.value[row]]);
  };
  const counted = (rows: number, lines: number, connections: number, leftOut = 0) => [
    ["frm.telemetry.dropped_rows", rows],
    ["frm.telemetry.left_out_spans", leftOut],
    ["frm.log.dropped_lines", lines],
    ["frm.connections.refused", connections],
  ];
  assert.deepEqual(told(), counted(2, 7, 9));
  assert.deepEqual(told(), counted(0, 0, 0));
  const call = {
    ...{ method: "a.b", peerService: "", peerInstance: "", idsAt: 0, startUs: 1_800_000_000_000_000, durationUs: 5 },
    ...{
      queueUs: 0,
      code: 0,
      message: "",
      requestBytes: 0,
      responseBytes: 0,
      deadlineMs: 0,
      attempt: 0,
      routeVersion: 0,
    },
  };
  for (let number = 1; number <= 100; number++)
    recorder.onServerCall({ ...call, ids: new Uint8Array(32).fill(number) });
  buffer.collect();
  const { spans, calls } = decode(buffer.first()!);
  buffer.delivered(buffer.first()!);
  assert.equal(calls!.count[0], 100);
  assert.ok(spans!.startUs.length < 100);
  assert.deepEqual(told(), counted(0, 0, 0, 100 - spans!.startUs.length));
});

test("a batch that the agent refuses is counted, one that it has is gone", () => {
  const recorder = createRecorder({ now: () => 1_800_000_000_000 });
  const buffer = new ReportBuffer(recorder);
  for (const text of ["refused", "delivered", "kept"]) {
    recorder.log(Level.info, text);
    buffer.collect();
  }
  buffer.refused(buffer.first()!);
  buffer.delivered(buffer.first()!);
  assert.deepEqual(decode(buffer.first()!).logs!.text, ["kept"]);
  recorder.count("x");
  buffer.collect();
  buffer.delivered(buffer.first()!);
  assert.equal(decode(buffer.first()!).droppedRows, 1n);
});
