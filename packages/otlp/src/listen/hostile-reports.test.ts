import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createLog } from "@msec/process";
import type { ReportedBatch } from "../intake-output.ts";
import { listenOtlp, type OtlpDoors } from "./listen-otlp.ts";

// Hostile rows of docs/parity.md (T-01, T-02, T-04) as what a program can send: what is answered, and what is kept of it.

const nowNs = () => String(BigInt(Date.now()) * 1_000_000n);
const resource = (service: string) => ({ attributes: [{ key: "service.name", value: { stringValue: service } }] });
const point = (more: object) => ({ timeUnixNano: nowNs(), asDouble: 1, ...more });
const metric = (data: object, name = "m") =>
  JSON.stringify({
    resourceMetrics: [{ resource: resource("Hostile.one"), scopeMetrics: [{ metrics: [{ name, ...data }] }] }],
  });
const gauge = (more: object, name?: string) => metric({ gauge: { dataPoints: [point(more), point({})] } }, name);
const sum = (more: object) =>
  metric({ sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: [point(more), point({})] } });
const histogram = (more: object) =>
  metric({ histogram: { aggregationTemporality: 1, dataPoints: [{ timeUnixNano: nowNs(), count: "3", ...more }] } });
const exponential = (more: object) =>
  metric({
    exponentialHistogram: { aggregationTemporality: 1, dataPoints: [{ timeUnixNano: nowNs(), count: "1", ...more }] },
  });
const span = (more: object, copies = 1) =>
  JSON.stringify({
    resourceSpans: [
      {
        resource: resource("Hostile.one"),
        scopeSpans: [
          {
            spans: Array.from({ length: copies }, () => ({
              ...{ traceId: "ab".repeat(16), spanId: "cd".repeat(8), name: "x", kind: 2 },
              ...{ startTimeUnixNano: nowNs(), endTimeUnixNano: nowNs(), ...more },
            })),
          },
        ],
      },
    ],
  });
const line = (more: object) =>
  JSON.stringify({
    resourceLogs: [
      { resource: resource("Hostile.one"), scopeLogs: [{ logRecords: [{ timeUnixNano: nowNs(), ...more }] }] },
    ],
  });
const text = (stringValue: string) => line({ body: { stringValue } });
const badUtf8 = Buffer.from(text("bad \u{1}\u{2}")).map((byte) => (byte === 1 ? 0xff : byte));
const nested = (depth: number) => {
  const open = '{"arrayValue":{"values":['.repeat(depth);
  const body = `${open}{"stringValue":"x"}${"]}}".repeat(depth)}`;
  return line({}).replace('"timeUnixNano"', `"body":${body},"timeUnixNano"`);
};

/** What is kept of a request: rows of each kind. */
type Kept = { lines?: number; points?: number; spans?: number };
type Row = readonly [
  id: string,
  what: string,
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  status: number,
  answer: RegExp,
  kept: Kept,
];

const logs = "/v1/logs";
const metrics = "/v1/metrics";
const traces = "/v1/traces";
const report = "/v1/report";
const taken = /^\{\}$/;

const rows: readonly Row[] = [
  ["T-01a", "a line with a forged one in it", logs, text("a\n2026-01-01 FATAL forged"), 200, taken, { lines: 1 }],
  ["T-01b", "escapes, NUL and right-to-left marks", logs, text("\u{1b}[31m\0\u{202e}z"), 200, taken, { lines: 1 }],
  ["T-01c", "a line of 300 KB", logs, text("x".repeat(300_000)), 200, taken, { lines: 1 }],
  ["T-01d", "a line of 5 MB", logs, text("x".repeat(5_000_000)), 413, /send smaller batches/, {}],
  ["T-01e", "half of a pair", logs, text("").replace('""', '"\\ud800"'), 200, taken, { lines: 1 }],
  ["T-01f", "bytes that are no UTF-8", logs, Uint8Array.from(badUtf8), 200, taken, { lines: 1 }],
  ["T-01g", "a body of 90 levels", logs, nested(90), 400, /cannot be read/, {}],
  ["T-01h", "a line without a time", logs, line({ timeUnixNano: "0" }), 200, taken, { lines: 1 }],
  ["T-02a", "a name of 10 KB", metrics, gauge({}, "n".repeat(10_240)), 200, /"2".*is no name/, {}],
  ["T-02b", "no name", metrics, gauge({}, ""), 200, /"2".*is no name/, {}],
  ["T-02c", "NaN", metrics, gauge({ asDouble: "NaN" }), 200, /"1".*NaN, a finite/, { points: 1 }],
  ["T-02d", "infinity", metrics, gauge({ asDouble: "-Infinity" }), 200, /"1".*-Infinity/, { points: 1 }],
  ["T-02e", "1e308", metrics, gauge({ asDouble: 1e308 }), 200, /"1".*at most 1e\+100/, { points: 1 }],
  ["T-02f", "the last nanosecond", metrics, gauge({ timeUnixNano: `${2n ** 64n - 1n}` }), 200, /ahead/, { points: 1 }],
  ["T-02g", "1970", metrics, gauge({ timeUnixNano: "1" }), 200, /in the past/, { points: 1 }],
  ["T-02h", "the year 9999", metrics, gauge({ timeUnixNano: "253402300799000000000" }), 400, /out of range/, {}],
  ["T-02i", "before 1970", metrics, gauge({ timeUnixNano: "-1" }), 400, /out of range/, {}],
  ["T-02j", "a sum that grows by less than nothing", metrics, sum({ asDouble: -5 }), 200, /only grows/, { points: 1 }],
  [
    "T-02k",
    "bounds that do not ascend",
    metrics,
    histogram({ bucketCounts: ["1", "1", "1"], explicitBounds: [5, 1] }),
    200,
    /ascend/,
    {},
  ],
  [
    "T-02l",
    "buckets that are not as many as bounds",
    metrics,
    histogram({ bucketCounts: ["1"], explicitBounds: [5, 9] }),
    200,
    /one element more/,
    {},
  ],
  [
    "T-02m",
    "a scale out of this world",
    metrics,
    exponential({ scale: -2_147_483_648, positive: { offset: 2_147_483_647, bucketCounts: ["1"] } }),
    200,
    /its scale is/,
    {},
  ],
  [
    "T-02n",
    "2,000 buckets",
    metrics,
    exponential({ positive: { bucketCounts: Array(2_000).fill("1") } }),
    200,
    /more than 1000 buckets/,
    {},
  ],
  [
    "T-02o",
    "101 counters",
    report,
    JSON.stringify({
      service: "Hostile.one",
      counters: Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`c${i}`, 1])),
    }),
    400,
    /at most 100 names/,
    {},
  ],
  ["T-02p", "a counter of 1e999", report, '{"service":"Hostile.one","counters":{"a":1e999}}', 400, /counters\.a/, {}],
  ["T-02q", "a path as a service", report, '{"service":"../../etc/passwd","text":"x"}', 200, taken, { lines: 1 }],
  [
    "T-02r",
    "a prototype as a name",
    report,
    '{"service":"A.bb","counters":{"__proto__":1},"text":"x"}',
    200,
    /.*/,
    { lines: 1 },
  ],
  ["T-04a", "a span that is its own parent", traces, span({ parentSpanId: "cd".repeat(8) }), 200, taken, { spans: 1 }],
  ["T-04b", "one id a thousand times", traces, span({}, 1_000), 200, taken, { spans: 1_000 }],
  [
    "T-04c",
    "an end before its start",
    traces,
    span({ endTimeUnixNano: `${BigInt(nowNs()) - 1_000_000_000n}` }),
    200,
    taken,
    { spans: 1 },
  ],
  ["T-04d", "an id of zeros", traces, span({ traceId: "00".repeat(16) }), 200, /not all 0/, {}],
  ["T-04e", "an id of 15 bytes", traces, span({ traceId: "ab".repeat(15) }), 200, /16 bytes/, {}],
  ["T-04f", "an id that is no number", traces, span({ traceId: "zz" }), 400, /no hex id/, {}],
];

describe("hostile reports", () => {
  let doors: OtlpDoors;
  let batches: ReportedBatch[] = [];
  before(async () => {
    doors = await listenOtlp({
      ...{ http: { address: "127.0.0.1", port: 0 }, grpc: undefined, tokenFile: "" },
      keep: (more) => void batches.push(...more),
      log: createLog({ name: "test", level: "fatal" }),
      // Every span: which are sampled is another matter.
      spanRate: () => ({ keptShare: 1, spansPerSecond: 1_000_000 }),
    });
  });
  after(() => doors?.close());

  test("every row has an id of its own", () => assert.equal(new Set(rows.map(([id]) => id)).size, rows.length));

  for (const [id, what, path, body, status, expected, kept] of rows) {
    test(`${id} ${what}`, async () => {
      batches = [];
      const answer = await fetch(`http://127.0.0.1:${doors.httpPort}${path}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
      });
      const said = await answer.text();
      assert.equal(answer.status, status, said.slice(0, 300));
      assert.match(said, expected);
      const count = (of: (batch: ReportedBatch["batch"]) => number) =>
        batches.reduce((all, { batch }) => all + of(batch), 0);
      assert.deepEqual(
        {
          lines: count(({ logs: { text: lines } }) => lines.length),
          points: count(({ samples: { value } }) => value.length),
          spans: count(({ spans: { startUs } }) => startUs.length),
        },
        { lines: 0, points: 0, spans: 0, ...kept },
      );
      for (const { service, batch } of batches) {
        assert.match(service, /^[A-Za-z][A-Za-z0-9_]{1,31}\.[A-Za-z][A-Za-z0-9_]{1,31}$/);
        for (const line of batch.logs.text) assert.ok(line.length <= 8_192 && line.isWellFormed());
      }
    });
  }
});
