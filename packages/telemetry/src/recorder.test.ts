import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Batch, CallColumns } from "./batch.ts";
import { SampleKind, Side } from "./batch.ts";
import type { CallRecord } from "./call-record.ts";
import { durationBucket } from "./duration-bucket.ts";
import { Level } from "./level.ts";
import { createRecorder, type RecorderOptions } from "./recorder.ts";

const START_S = 1_800_000_000;

// A recorder on a clock that a test moves by hand.
function recorderAt(options: Partial<RecorderOptions> = {}) {
  const clock = { ms: START_S * 1_000 };
  return { clock, recorder: createRecorder({ now: () => clock.ms, ...options }) };
}

let lastTrace = 0;
function traceIdOf(number: number): Uint8Array {
  const id = new Uint8Array(16);
  new DataView(id.buffer).setUint32(12, number);
  id[0] = 0xaa;
  return id;
}

function idsOf(traceId: Uint8Array, parent = 0): Uint8Array {
  return Uint8Array.of(...traceId, 1, 2, 3, 4, 5, 6, 7, 8, ...new Uint8Array(8).fill(parent));
}

function call(changes: Partial<CallRecord> = {}): CallRecord {
  return {
    method: "flight.flight_service.queryFlight",
    peerService: "Flight.traffic",
    peerInstance: "127.0.0.1:41000",
    ids: idsOf(traceIdOf(++lastTrace)),
    idsAt: 0,
    startUs: START_S * 1_000_000,
    durationUs: 1_500,
    queueUs: 20,
    code: 0,
    message: "",
    requestBytes: 40,
    responseBytes: 60,
    deadlineMs: 2_990,
    attempt: 0,
    routeVersion: 0,
    ...changes,
  };
}

// The rows of a table of calls as objects, so that a test reads as what it expects.
function callRows(batch: Batch) {
  const columns: CallColumns = batch.calls;
  let pair = 0;
  return columns.count.map((count, row) => {
    const buckets: [number, number][] = [];
    for (let left = columns.bucketLength[row]!; left > 0; left--, pair++) {
      buckets.push([columns.bucketIndex[pair]!, columns.bucketCount[pair]!]);
    }
    return {
      second: columns.timeS[row]! - START_S,
      side: columns.side[row],
      method: batch.strings[columns.methodRef[row]!],
      peerService: batch.strings[columns.peerServiceRef[row]!],
      peerInstance: batch.strings[columns.peerInstanceRef[row]!],
      code: columns.code[row],
      count,
      durationUsSum: columns.durationUsSum[row],
      buckets,
    };
  });
}

function sampleRows(batch: Batch) {
  const { timeS, nameRef, kind, value } = batch.samples;
  return timeS.map((second, row) => [second - START_S, batch.strings[nameRef[row]!], kind[row], value[row]]);
}

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);

describe("calls", () => {
  test("nothing recorded gives no batch", () => {
    const { recorder } = recorderAt();
    assert.equal(recorder.drain(), undefined);
    recorder.onServerCall(call());
    assert.notEqual(recorder.drain(), undefined);
    assert.equal(recorder.drain(), undefined);
  });

  test("a served call becomes a span with every column", () => {
    const { recorder } = recorderAt();
    const traceId = traceIdOf(77);
    const how = { attempt: 2 * 4 + 1, routeVersion: 57 };
    const record = call({ code: 5, message: "no such flight", ids: idsOf(traceId, 9), ...how });
    recorder.onServerCall(record);
    const { spans, strings } = recorder.drain()!;
    assert.deepEqual([...spans.traceIds], [...traceId]);
    assert.deepEqual([...spans.spanIds], [1, 2, 3, 4, 5, 6, 7, 8]);
    assert.deepEqual([...spans.parentSpanIds], Array(8).fill(9));
    assert.deepEqual(
      { ...spans, traceIds: 0, spanIds: 0, parentSpanIds: 0 },
      {
        traceIds: 0,
        spanIds: 0,
        parentSpanIds: 0,
        startUs: [record.startUs],
        durationUs: [1_500],
        side: [Side.server],
        methodRef: [strings.indexOf(record.method)],
        peerServiceRef: [strings.indexOf("Flight.traffic")],
        peerInstanceRef: [strings.indexOf("127.0.0.1:41000")],
        code: [5],
        messageRef: [strings.indexOf("no such flight")],
        requestBytes: [40],
        responseBytes: [60],
        deadlineMs: [2_990],
        queueUs: [20],
        attempt: [2],
        attemptReason: [1],
        routeVersion: [57],
      },
    );
    assert.equal(strings[0], "");
  });

  test("what is 0 for every call takes no room in a batch", () => {
    const { recorder } = recorderAt();
    recorder.onClientCall(call({ attempt: 3 }));
    const { spans } = recorder.drain()!;
    assert.deepEqual([spans.attempt, spans.attemptReason, spans.routeVersion], [[], [3], []]);
  });

  test("identifiers are copied, so the caller may use its arrays again", () => {
    const { recorder } = recorderAt();
    const record = call({ ids: idsOf(new Uint8Array(16).fill(7)) });
    recorder.onClientCall(record);
    record.ids.fill(0);
    assert.deepEqual([...recorder.drain()!.spans.traceIds], Array(16).fill(7));
  });

  test("calls of one second, method, peer and code are one row with count, sum and histogram", () => {
    const { recorder } = recorderAt();
    for (const durationUs of [100, 100, 3_000])
      recorder.onClientCall(call({ durationUs, peerInstance: "10.0.0.1:7963" }));
    recorder.onClientCall(call({ code: 14, durationUs: 7, peerInstance: "10.0.0.1:7963" }));
    const rows = callRows(recorder.drain()!);
    const shared = {
      second: 0,
      side: Side.client,
      method: "flight.flight_service.queryFlight",
      peerService: "Flight.traffic",
      peerInstance: "10.0.0.1:7963",
    };
    const slow = [durationBucket(3_000), 1];
    assert.deepEqual(rows, [
      { ...shared, code: 0, count: 3, durationUsSum: 3_200, buckets: [[durationBucket(100), 2], slow] },
      { ...shared, code: 14, count: 1, durationUsSum: 7, buckets: [[durationBucket(7), 1]] },
    ]);
  });

  test("a call belongs to the second in which it ended, and a new second begins a new row", () => {
    const { recorder } = recorderAt();
    recorder.onClientCall(call({ startUs: START_S * 1e6 + 999_000, durationUs: 500 }));
    recorder.onClientCall(call({ startUs: START_S * 1e6 + 999_000, durationUs: 1_500 }));
    // Reported late: counted in the newest second instead of opening the old one again.
    recorder.onClientCall(call({ startUs: START_S * 1e6 + 999_000, durationUs: 900 }));
    const rows = callRows(recorder.drain()!);
    assert.deepEqual(
      rows.map(({ second, count }) => [second, count]),
      [
        [0, 1],
        [1, 2],
      ],
    );
  });

  test("served calls are counted by the caller's host: its port is another on each connection", () => {
    const { recorder } = recorderAt();
    for (let port = 40_000; port < 40_100; port++) recorder.onServerCall(call({ peerInstance: `10.0.0.9:${port}` }));
    const batch = recorder.drain()!;
    assert.deepEqual(
      callRows(batch).map((row) => [row.peerInstance, row.count]),
      [["10.0.0.9", 100]],
    );
    assert.equal(new Set(batch.spans.peerInstanceRef).size, 100);
  });

  test("references stay right from batch to batch", () => {
    const { recorder } = recorderAt();
    recorder.onServerCall(call({ method: "a.B.first" }));
    recorder.onServerCall(call({ method: "a.B.second" }));
    recorder.drain();
    recorder.onServerCall(call({ method: "a.B.second" }));
    const batch = recorder.drain()!;
    assert.equal(batch.strings[batch.spans.methodRef[0]!], "a.B.second");
    assert.equal(callRows(batch)[0]?.method, "a.B.second");
    assert.ok(!batch.strings.includes("a.B.first"));
  });

  test("above the span rate counts stay exact and every failed call keeps its span", () => {
    const { recorder } = recorderAt({ limits: { spansPerSecond: 100 } });
    for (let number = 0; number < 5_000; number++) {
      recorder.onServerCall(call(number % 100 === 0 ? { code: 13, message: "broken" } : {}));
    }
    const batch = recorder.drain()!;
    assert.equal(sum(batch.calls.count), 5_000);
    assert.equal(sum(batch.calls.bucketCount), 5_000);
    assert.equal(batch.spans.code.filter((code) => code === 13).length, 50);
    assert.ok(batch.spans.code.length < 700, `${batch.spans.code.length} spans`);
    assert.equal(batch.droppedRows, 0n, "a sample is not a loss");
  });

  test("above the span rate a request of which a call failed keeps what led to it in this process, and what comes after", () => {
    const { recorder } = recorderAt({ limits: { spansPerSecond: 10 } });
    for (let number = 0; number < 1_000; number++) recorder.onServerCall(call());
    recorder.drain();
    const ids = idsOf(traceIdOf(2_000_000));
    recorder.onClientCall(call({ ids, code: 14, message: "refused" }));
    // Called again at another instance, and answered: nothing failed for whoever asked.
    recorder.onClientCall(call({ ids, attempt: 4 }));
    recorder.onServerCall(call({ ids, method: "a.B.asked" }));
    for (let number = 0; number < 100; number++) recorder.onServerCall(call());
    const { spans, strings } = recorder.drain()!;
    const ofIt = spans.side.filter(
      (_, at) =>
        spans.traceIds[at * 16 + 13] === traceIdOf(2_000_000)[13] &&
        spans.traceIds[at * 16 + 15] === traceIdOf(2_000_000)[15],
    );
    assert.deepEqual(ofIt.slice(0, 3), [Side.client, Side.client, Side.server]);
    assert.ok(spans.methodRef.some((ref) => strings[ref] === "a.B.asked"));
    assert.ok(spans.side.length < 20, `${spans.side.length} spans`);
  });

  test("a request that crosses processes of different rates is kept whole where the busiest keeps it, and nowhere with holes above it", () => {
    const front = recorderAt({ limits: { spansPerSecond: 1_000 } }).recorder;
    const middle = recorderAt({ limits: { spansPerSecond: 1_000 } }).recorder;
    const busy = recorderAt({ limits: { spansPerSecond: 1_000 } }).recorder;
    // As an agent divides its host's rate: all, a half, a tenth of the requests.
    middle.limitSpans(500, 0.5);
    busy.limitSpans(100, 0.1);
    for (const recorder of [front, middle, busy]) recorder.drain();
    for (let number = 0; number < 900; number++) {
      const ids = idsOf(traceIdOf(3_000_000 + number * 7));
      for (const recorder of [busy, middle, front]) recorder.onServerCall(call({ ids }));
    }
    const [all, half, tenth] = [front, middle, busy].map((recorder) => {
      const { traceIds, side } = recorder.drain()!.spans;
      return new Set(side.map((_, at) => String(traceIds.subarray(at * 16, at * 16 + 16))));
    });
    assert.equal(all!.size, 900);
    assert.ok(half!.size > 350 && half!.size < 550, `${half!.size}`);
    assert.ok(tenth!.size > 50 && tenth!.size < 140, `${tenth!.size}`);
    for (const id of tenth!) assert.ok(half!.has(id) && all!.has(id));
  });

  test("above the span rate every call of a dyed request keeps its span", () => {
    const { recorder } = recorderAt({ limits: { spansPerSecond: 10 } });
    const dyed = traceIdOf(1_000_000);
    recorder.keepTrace(dyed);
    for (let number = 0; number < 1_000; number++) recorder.onServerCall(call());
    for (let number = 0; number < 20; number++) recorder.onClientCall(call({ ids: idsOf(dyed) }));
    const { spans } = recorder.drain()!;
    assert.equal(spans.side.filter((side) => side === 2).length, 20);
  });

  test("above the span rate every call slower than p99 of its method's last minute keeps its span", () => {
    const { recorder } = recorderAt({ limits: { spansPerSecond: 10 } });
    const minuteUs = 60_000_000;
    const startUs = 30_000_000 * minuteUs;
    const at = (number: number, durationUs: number, offsetUs: number) =>
      recorder.onServerCall(
        call({ ids: idsOf(traceIdOf(number)), startUs: startUs + offsetUs - durationUs, durationUs }),
      );
    for (let number = 0; number < 2_000; number++) at(number, 1_000, 30_000_000);
    recorder.drain();
    // The first second of the next minute ends the one before; from the second after it the bound is there.
    for (let number = 0; number < 2_000; number++) at(number, 1_000, minuteUs + 100_000);
    recorder.drain();
    for (let number = 0; number < 2_000; number++)
      at(number, number % 400 === 399 ? 9_000 : 1_000, minuteUs + 1_100_000);
    const { spans } = recorder.drain()!;
    assert.equal(spans.durationUs.filter((durationUs) => durationUs === 9_000).length, 5);
    assert.ok(spans.durationUs.length < 100, String(spans.durationUs.length));
  });

  test("spans beyond the limit of an interval are dropped and counted, and calls still are not", () => {
    const { recorder } = recorderAt({ limits: { spans: 10 } });
    for (let number = 0; number < 25; number++) recorder.onServerCall(call());
    const batch = recorder.drain()!;
    assert.equal(batch.spans.startUs.length, 10);
    assert.equal(batch.droppedRows, 15n);
    assert.equal(sum(batch.calls.count), 25);
    recorder.onServerCall(call());
    assert.equal(recorder.drain()!.droppedRows, 0n);
  });

  test("a flood of peers and methods is bounded, counted exactly, and over after it ends", () => {
    const { recorder } = recorderAt({ limits: { edges: 50 } });
    for (let number = 0; number < 3_000; number++) {
      recorder.onClientCall(
        call({ peerInstance: `10.0.${number >> 8}.${number & 255}:80`, method: `m.S.${number % 60}` }),
      );
    }
    const flooded = recorder.drain()!;
    assert.equal(sum(flooded.calls.count), 3_000);
    assert.ok(flooded.calls.count.length <= 102, `${flooded.calls.count.length} rows`);
    recorder.onClientCall(call({ peerInstance: "10.9.9.9:80" }));
    assert.equal(callRows(recorder.drain()!)[0]?.peerInstance, "10.9.9.9:80");
  });

  test("odd figures are taken for the nearest sensible ones", () => {
    const { recorder } = recorderAt();
    recorder.onServerCall(call({ durationUs: -5 }));
    recorder.onServerCall(call({ durationUs: 1e12, startUs: START_S * 1e6 - 1e12 }));
    recorder.onServerCall(call({ code: 999 }));
    const batch = recorder.drain()!;
    assert.deepEqual(batch.spans.durationUs, [0, 2 ** 32 - 1, 1_500]);
    assert.equal(batch.spans.code[2], 2);
  });
});

describe("samples", () => {
  test("counters add up, gauges keep the last value, each by the second", () => {
    const { recorder, clock } = recorderAt();
    recorder.count("flight.query");
    recorder.count("flight.query", 4);
    recorder.gauge("queue", 7);
    recorder.gauge("queue", 3);
    clock.ms += 1_000;
    recorder.count("flight.query", 2);
    assert.deepEqual(sampleRows(recorder.drain()!), [
      [0, "usr.flight.query", SampleKind.counter, 5],
      [1, "usr.flight.query", SampleKind.counter, 2],
      [0, "usr.queue", SampleKind.gauge, 3],
    ]);
    recorder.count("flight.query");
    assert.deepEqual(sampleRows(recorder.drain()!), [[1, "usr.flight.query", SampleKind.counter, 1]]);
  });

  test("bad names and values are refused with a sentence, said once, and counted", () => {
    const problems: string[] = [];
    const { recorder } = recorderAt({ onProblem: (problem) => problems.push(problem) });
    recorder.count("");
    recorder.count("");
    recorder.gauge("load", Number.NaN);
    assert.equal(recorder.drain()!.droppedRows, 3n);
    assert.equal(problems.length, 2);
    assert.match(problems[1]!, /"load" was not taken: its value is NaN/);
  });

  test("names without end are refused from the limit on, and known ones go on", () => {
    const problems: string[] = [];
    const { recorder } = recorderAt({ limits: { metricNames: 10 }, onProblem: (problem) => problems.push(problem) });
    for (let user = 0; user < 500; user++) recorder.count(`user.${user}`);
    recorder.count("user.3");
    const batch = recorder.drain()!;
    assert.equal(batch.samples.value.length, 10);
    assert.equal(batch.droppedRows, 490n);
    assert.equal(problems.length, 20);
  });
});

describe("logs", () => {
  test("a line keeps its time, level, request and fields", () => {
    const { recorder, clock } = recorderAt();
    clock.ms += 0.25;
    const request = { traceId: traceIdOf(5), spanId: new Uint8Array(8).fill(3), method: "a.B.c" };
    const context = { ...request, caller: "D.e", peer: "1.2.3.4:5", source: "c.ts:7", function: "query", dyed: true };
    recorder.log(Level.info, "query", { from: "sz", seats: 2, cause: undefined, route: ["sz", "xz"] }, context);
    recorder.log(Level.error, "started");
    const { logs, strings } = recorder.drain()!;
    assert.deepEqual(logs.timeUs, [START_S * 1e6 + 250, START_S * 1e6 + 251], "no two at the same microsecond");
    assert.deepEqual([...logs.traceIds], [...traceIdOf(5), ...new Uint8Array(16)]);
    assert.deepEqual([...logs.spanIds], [...new Uint8Array(8).fill(3), ...new Uint8Array(8)]);
    assert.deepEqual(logs.level, [Level.info, Level.error]);
    assert.deepEqual(logs.text, ["query", "started"]);
    assert.deepEqual(
      logs.methodRef.map((ref) => strings[ref]),
      ["a.B.c", ""],
    );
    for (const [refs, expected] of [
      [logs.callerRef, "D.e"],
      [logs.peerRef, "1.2.3.4:5"],
      [logs.sourceRef, "c.ts:7"],
      [logs.functionRef, "query"],
    ] as const) {
      assert.deepEqual(
        refs.map((ref) => strings[ref]),
        [expected, ""],
      );
    }
    assert.deepEqual(logs.dyed, [1, 0]);
    assert.deepEqual(logs.fieldLength, [3, 0]);
    assert.deepEqual(
      logs.fieldNameRef.map((ref) => strings[ref]),
      ["from", "seats", "route"],
    );
    assert.deepEqual(logs.fieldValue, ["sz", "2", '["sz","xz"]']);
  });

  test("an error is kept with its stack and its causes", () => {
    const { recorder } = recorderAt();
    const error: Error = new Error("query failed", { cause: new TypeError("no such column") });
    recorder.log(Level.error, "broken", { error });
    const [value] = recorder.drain()!.logs.fieldValue;
    assert.match(value!, /^Error: query failed\n +at .*\ncaused by: TypeError: no such column\n +at /s);
  });

  test("long texts and too many fields are cut; values that are not JSON do not throw", () => {
    const { recorder } = recorderAt();
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`field${index}`, index]));
    recorder.log(Level.info, "x".repeat(20_000), { cycle, large: 2n ** 70n, ...many });
    const { logs } = recorder.drain()!;
    assert.equal(logs.text[0]?.length, 8_192 + "…(11808 more)".length);
    assert.equal(logs.fieldLength[0], 32);
    assert.match(logs.fieldValue[0]!, /^\(not JSON: /);
    assert.equal(logs.fieldValue[1], String(2n ** 70n));
  });

  test("lines of one moment keep their order, also while the clock is corrected a little", () => {
    const nowMs = { value: 1_000 };
    const recorder = createRecorder({ now: () => nowMs.value });
    const timesOf = (...moments: number[]) => {
      for (const moment of moments) {
        nowMs.value = moment;
        recorder.log(Level.info, "line");
      }
      return recorder.drain()!.logs.timeUs;
    };
    assert.deepEqual(timesOf(1_000, 1_000, 1_000), [1_000_000, 1_000_001, 1_000_002]);
    assert.deepEqual(timesOf(999, 1_003, 900), [1_000_003, 1_003_000, 900_000]);
  });

  test("lines beyond the bytes of an interval are dropped and counted, after a call to drain early", () => {
    let calls = 0;
    const { recorder } = recorderAt({ limits: { bytes: 10_000 }, onHalfFull: () => calls++ });
    for (let line = 0; line < 50; line++) recorder.log(Level.info, "行".repeat(100));
    const batch = recorder.drain()!;
    assert.equal(batch.logs.text.length + Number(batch.droppedRows), 50);
    assert.ok(batch.logs.text.length < 32);
    assert.equal(calls, 1);
  });
});
