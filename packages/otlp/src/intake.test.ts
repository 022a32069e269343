import assert from "node:assert/strict";
import { test } from "node:test";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type Batch, SampleKind } from "@msec/telemetry";
import { ExportLogsServiceRequestSchema } from "../gen/opentelemetry/proto/collector/logs/v1/logs_service_pb.js";
import { ExportMetricsServiceRequestSchema } from "../gen/opentelemetry/proto/collector/metrics/v1/metrics_service_pb.js";
import { ExportTraceServiceRequestSchema } from "../gen/opentelemetry/proto/collector/trace/v1/trace_service_pb.js";
import type { MetricSchema } from "../gen/opentelemetry/proto/metrics/v1/metrics_pb.js";
import type { SpanSchema } from "../gen/opentelemetry/proto/trace/v1/trace_pb.js";
import { Intake } from "./intake.ts";
import { otlpLimits } from "./otlp-limits.ts";
import { requestFromJson, requestFromProtobuf } from "./read-request.ts";
import { reporterOf, serviceName } from "./reporter.ts";

const nowMs = 1_800_000_000_000;
const ns = (ms: number) => BigInt(ms) * 1_000_000n;
const text = (key: string, value: string) => ({ key, value: { value: { case: "stringValue" as const, value } } });
const whole = (key: string, value: bigint) => ({ key, value: { value: { case: "intValue" as const, value } } });
const resource = { attributes: [text("service.name", "checkout"), text("service.instance.id", "c1")] } as never;

function takeSpans(spans: MessageInitShape<typeof SpanSchema>[], intake = new Intake(() => nowMs)) {
  return intake.traces(
    create(ExportTraceServiceRequestSchema, { resourceSpans: [{ resource, scopeSpans: [{ spans }] }] }),
  );
}

function takeMetrics(metrics: MessageInitShape<typeof MetricSchema>[], intake = new Intake(() => nowMs)) {
  return intake.metrics(
    create(ExportMetricsServiceRequestSchema, { resourceMetrics: [{ resource, scopeMetrics: [{ metrics }] }] }),
  );
}

const span = (fields: object): MessageInitShape<typeof SpanSchema> => ({
  traceId: new Uint8Array(16).fill(1),
  spanId: new Uint8Array(8).fill(2),
  name: "work",
  kind: 2,
  startTimeUnixNano: ns(nowMs - 1_000),
  endTimeUnixNano: ns(nowMs - 500),
  ...fields,
});

const samplesOf = ({ samples, strings }: Batch) =>
  samples.value.map((value, i) => [strings[samples.nameRef[i]!], samples.kind[i], value]);

test("names of services take our two-level form", () => {
  assert.equal(serviceName("Flight.web"), "Flight.web");
  assert.equal(serviceName("checkout"), "OTel.checkout");
  assert.equal(serviceName("a.b-c.d"), "OTel.a_b_c_d");
  assert.equal(serviceName(""), "OTel.unknown_service");
  assert.equal(serviceName("7"), "OTel.s_7");
  assert.equal(serviceName("x".repeat(32)), `OTel.${"x".repeat(32)}`);
  // Names that would lose their words stay as many as they were.
  const long = ["a", "b"].map((end) => serviceName(`${"x".repeat(98)}${end}`));
  for (const name of long) assert.match(name, /^OTel\.x{23}_[0-9a-f]{8}$/);
  const chinese = ["订单", "支付", "订单.支付", "web订单"].map(serviceName);
  for (const name of chinese) assert.match(name, /^OTel\.(s|web)_[0-9a-f]{8}$/);
  assert.equal(new Set([...long, ...chinese]).size, 6);
  const attributes = [text("service.namespace", "shop"), text("service.name", "cart-1"), text("host.name", "h")];
  assert.deepEqual(reporterOf({ attributes } as never), { service: "shop.cart_1", instance: "h" });
});

test("what is served and made is a span and counts; what is internal is a span only", () => {
  const taken = takeSpans([
    span({ attributes: [text("http.request.method", "GET"), text("http.route", "/cart/{id}")] }),
    span({
      kind: 3,
      attributes: [
        ...[text("rpc.service", "pay.Pay"), text("rpc.method", "Charge"), text("peer.service", "pay")],
        ...[text("server.address", "10.0.0.1"), whole("server.port", 9_000n), whole("rpc.grpc.status_code", 14n)],
      ],
      status: { code: 2, message: "gone" },
    }),
    span({ kind: 1, name: "inner" }),
  ]);
  assert.equal(taken.rejected, 0);
  assert.equal(taken.batches.length, 1);
  const { service, instance, batch } = taken.batches[0]!;
  assert.deepEqual([service, instance], ["OTel.checkout", "c1"]);
  const { spans, calls, strings } = batch;
  assert.deepEqual(
    spans.methodRef.map((ref) => strings[ref]),
    ["GET /cart/{id}", "pay.Pay.Charge", "inner"],
  );
  assert.deepEqual(spans.side, [1, 2, 1]);
  assert.deepEqual(spans.code, [0, 14, 0]);
  assert.deepEqual(spans.durationUs, [500_000, 500_000, 500_000]);
  assert.equal(strings[spans.peerServiceRef[1]!], "OTel.pay");
  assert.equal(strings[spans.peerInstanceRef[1]!], "10.0.0.1:9000");
  assert.equal(strings[spans.peerServiceRef[2]!], "OTel.checkout");
  assert.equal(strings[spans.messageRef[1]!], "gone");
  assert.deepEqual(calls.count, [1, 1]);
  assert.deepEqual(calls.timeS, [1_799_999_999, 1_799_999_999]);
});

test("spans with impossible ids or times are refused and counted, the others are taken", () => {
  const bad = [
    { traceId: new Uint8Array(16) },
    { traceId: new Uint8Array(15).fill(1) },
    { spanId: new Uint8Array(8) },
    { parentSpanId: new Uint8Array(3) },
    { startTimeUnixNano: 0n },
    { endTimeUnixNano: 2n ** 64n - 1n },
  ];
  const taken = takeSpans([...bad, {}].map(span));
  assert.equal(taken.rejected, bad.length);
  assert.match(taken.why, /trace_id must be 16 bytes/);
  assert.equal(taken.batches[0]?.batch.spans.startUs.length, 1);
  assert.equal(takeSpans([span({ endTimeUnixNano: ns(nowMs - 2_000) })]).batches[0]?.batch.spans.durationUs[0], 0);
});

test("methods without end are counted together", () => {
  const { batches } = takeSpans(
    Array.from({ length: otlpLimits.methods + 5 }, (_, i) => span({ name: `GET /user/${i}` })),
  );
  const batch = batches.at(-1)!.batch;
  const names = batch.calls.methodRef.map((ref) => batch.strings[ref]);
  assert.equal(batch.calls.count[names.indexOf("(other)")], 5);
});

test("cumulative sums become what came in the interval, and begin anew with the program", () => {
  const intake = new Intake(() => nowMs);
  const sum = (startMs: number, ms: number, value: number) =>
    takeMetrics(
      [
        {
          name: "orders",
          data: {
            case: "sum",
            value: {
              isMonotonic: true,
              aggregationTemporality: 2,
              dataPoints: [
                {
                  startTimeUnixNano: ns(startMs),
                  timeUnixNano: ns(ms),
                  value: { case: "asDouble", value },
                  attributes: [text("b", "2"), text("a", "x{1}")],
                },
              ],
            },
          },
        },
      ],
      intake,
    ).batches.flatMap(({ batch }) => samplesOf(batch));
  const name = "usr.orders{a=x_1_,b=2}";
  assert.deepEqual(sum(nowMs - 9_000, nowMs - 8_000, 100), [], "it began before we did: a beginning");
  assert.deepEqual(sum(nowMs - 9_000, nowMs - 7_000, 103), [[name, SampleKind.counter, 3]]);
  assert.deepEqual(sum(nowMs - 9_000, nowMs - 7_000, 103), [], "the same point again");
  assert.deepEqual(sum(nowMs - 6_500, nowMs - 6_000, 2), [[name, SampleKind.counter, 2]], "a new program");
});

test("histograms become count, sum and quantiles; NaN, far times and wrong buckets are refused", () => {
  const point = { startTimeUnixNano: ns(nowMs), timeUnixNano: ns(nowMs) };
  const histogram = (dataPoint: object) => ({
    name: "lat",
    data: {
      case: "histogram" as const,
      value: { aggregationTemporality: 1, dataPoints: [{ ...point, ...dataPoint }] },
    },
  });
  const gauge = (value: number, more: object = {}) => ({
    name: "g",
    data: {
      case: "gauge" as const,
      value: { dataPoints: [{ ...point, value: { case: "asDouble" as const, value }, ...more }] },
    },
  });
  const taken = takeMetrics([
    histogram({ count: 4n, sum: 10, bucketCounts: [0n, 4n, 0n], explicitBounds: [1, 3] }),
    histogram({ count: 4n, bucketCounts: [4n], explicitBounds: [1, 3] }),
    gauge(Number.NaN),
    gauge(1, { timeUnixNano: 1n }),
    gauge(7),
    { name: "from a later version" },
  ]);
  assert.equal(taken.rejected, 4);
  assert.deepEqual(samplesOf(taken.batches[0]!.batch), [
    ["usr.lat.count", 1, 4],
    ["usr.lat.sum", 1, 10],
    ["usr.lat.p50", 2, 2],
    ["usr.lat.p90", 2, 2.8],
    ["usr.lat.p99", 2, 2.98],
    ["usr.g", 2, 7],
  ]);
});

test("an exponential histogram that counts since its program began has the quantiles of the interval, also when its buckets merge", () => {
  const intake = new Intake(() => nowMs);
  const take = (ms: number, point: object, startMs = nowMs - 9_000) => {
    const times = { startTimeUnixNano: ns(startMs), timeUnixNano: ns(ms) };
    const value = { aggregationTemporality: 2, dataPoints: [{ ...times, ...point }] };
    const taken = takeMetrics([{ name: "lat", data: { case: "exponentialHistogram", value } }], intake);
    const samples = new Map(taken.batches.flatMap(({ batch }) => samplesOf(batch)).map(([name, , own]) => [name, own]));
    return { rejected: taken.rejected, p50: samples.get("usr.lat.p50"), count: samples.get("usr.lat.count") };
  };
  const point = (scale: number, offset: number, counts: number[]) => ({
    ...{ scale, count: BigInt(counts.reduce((sum, one) => sum + one, 0)) },
    positive: { offset, bucketCounts: counts.map(BigInt) },
  });
  const nothing = { rejected: 0, p50: undefined, count: undefined };
  assert.deepEqual(take(nowMs - 8_000, point(1, 4, [1_000, 0, 0, 0])), nothing, "it began before we did: a beginning");
  // Scale 1: bucket 4 is 4…5.7, bucket 7 is 11.3…16.
  const { p50, count } = take(nowMs - 7_000, point(1, 4, [1_000, 0, 0, 10]));
  assert.equal(count, 10);
  assert.ok((p50 as number) > 11.3 && (p50 as number) <= 16, `${p50}: not that of the thousand before`);
  // Scale 0: the thousand are in bucket 2 (4…8), the ten in 3 (8…16), four new ones in 6 (64…128).
  const merged = take(nowMs - 6_000, point(0, 2, [1_000, 10, 0, 0, 4]));
  assert.equal(merged.count, 4);
  assert.ok((merged.p50 as number) > 64 && (merged.p50 as number) <= 128, `${merged.p50}`);
  const begun = take(nowMs - 5_000, point(3, 0, [5]), nowMs - 5_500);
  assert.equal(begun.count, 5);
  assert.ok((begun.p50 as number) > 1 && (begun.p50 as number) < 2, "a new program");
  assert.equal(take(nowMs - 4_000, point(-2_000_000_000, 0, [5])).rejected, 1, "no such scale");
});

test("values that make no sense are refused with why, the others of the request are taken", () => {
  const times = { startTimeUnixNano: ns(nowMs), timeUnixNano: ns(nowMs) };
  const sum = (value: number, isMonotonic = true) => ({
    name: "s",
    data: {
      case: "sum" as const,
      value: {
        ...{ isMonotonic, aggregationTemporality: 1 },
        dataPoints: [{ ...times, value: { case: "asDouble" as const, value } }],
      },
    },
  });
  const histogram = (explicitBounds: number[]) => ({
    name: "h",
    data: {
      case: "histogram" as const,
      value: {
        aggregationTemporality: 1,
        dataPoints: [{ ...times, count: 3n, bucketCounts: [1n, 1n, 1n], explicitBounds }],
      },
    },
  });
  const refused: [object, RegExp][] = [
    [sum(-5), /only grows/],
    [sum(1e308), /at most 1e\+100/],
    [sum(Number.NEGATIVE_INFINITY), /finite/],
    [histogram([5, 1]), /must ascend/],
    [histogram([Number.NaN, Number.NaN]), /must ascend/],
  ];
  for (const [metric, why] of refused) {
    const taken = takeMetrics([metric as never, sum(-5, false)]);
    assert.equal(taken.rejected, 1);
    assert.match(taken.why, why);
    assert.deepEqual(
      taken.batches.flatMap(({ batch }) => samplesOf(batch)),
      [["usr.s", SampleKind.counter, -5]],
    );
  }
});

test("programs that name themselves anew each time are kept as one, and said so, until the others have been silent for an hour", () => {
  let clockMs = nowMs;
  const intake = new Intake(() => clockMs);
  const take = (from: number, count: number, service: (n: number) => string) => {
    const resourceLogs = Array.from({ length: count }, (_, i) => ({
      resource: { attributes: [text("service.name", service(from + i)), text("service.instance.id", `i${from + i}`)] },
      scopeLogs: [
        { logRecords: [{ timeUnixNano: ns(clockMs), body: { value: { case: "stringValue" as const, value: "x" } } }] },
      ],
    }));
    return intake.logs(create(ExportLogsServiceRequestSchema, { resourceLogs } as never));
  };
  const names = ({ batches }: { batches: readonly { service: string; instance: string }[] }) =>
    new Set(batches.map(({ service, instance }) => `${service} ${instance}`));
  const one = () => "Bomb.one";
  const first = take(0, otlpLimits.instances, one);
  assert.deepEqual([names(first).size, first.folded], [otlpLimits.instances, ""]);
  const more = take(otlpLimits.instances, 50, one);
  assert.deepEqual([[...names(more)], more.folded], [["Bomb.one (other)"], `Bomb.one i${otlpLimits.instances}`]);
  assert.equal(more.batches[0]?.batch.logs.text.length, 50, "nothing is lost");
  assert.deepEqual([...names(take(7, 1, one))], ["Bomb.one i7"], "one that was known");
  take(0, otlpLimits.services, (n) => `Bomb.s${n}`);
  assert.deepEqual([...names(take(9_999, 1, (n) => `Bomb.s${n}`))], ["OTel.other_services (other)"]);
  clockMs += otlpLimits.heardMs;
  assert.deepEqual([...names(take(otlpLimits.instances, 1, one))], [`Bomb.one i${otlpLimits.instances}`]);
});

test("a million series of one instance are a thousand, and the rest is said to be refused", () => {
  const intake = new Intake(() => nowMs);
  let rejected = 0;
  const names = new Set<unknown>();
  for (let round = 0; round < 3; round++) {
    const dataPoints = Array.from({ length: 2_000 }, (_, i) => ({
      timeUnixNano: ns(nowMs),
      value: { case: "asInt" as const, value: 1n },
      attributes: [text("user", `${round}-${i}`)],
    }));
    const taken = takeMetrics([{ name: "m", data: { case: "gauge", value: { dataPoints } } }], intake);
    rejected += taken.rejected;
    for (const { batch } of taken.batches) for (const [name] of samplesOf(batch)) names.add(name);
  }
  assert.equal(names.size, otlpLimits.series);
  assert.equal(rejected, 6_000 - otlpLimits.series);
});

test("log lines keep severity, request and fields; secrets and what is too long are not kept", () => {
  const attributes = [text("user", "u1"), text("api_key", "hunter2"), text("huge", "x".repeat(100_000))];
  const record = (fields: object) => ({
    timeUnixNano: ns(nowMs),
    severityNumber: 13,
    body: { value: { case: "stringValue" as const, value: "low stock" } },
    attributes,
    traceId: new Uint8Array(16).fill(3),
    spanId: new Uint8Array(8).fill(4),
    ...fields,
  });
  const logRecords = [record({}), record({ severityNumber: 17, timeUnixNano: 0n, traceId: new Uint8Array(16) })];
  const request = create(ExportLogsServiceRequestSchema, { resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] });
  const { logs, strings } = new Intake(() => nowMs).logs(request).batches[0]!.batch;
  assert.deepEqual(logs.level, [13, 17]);
  assert.deepEqual(logs.timeUs, [nowMs * 1_000, nowMs * 1_000]);
  assert.deepEqual(
    [...logs.traceIds],
    [...new Uint8Array(16).fill(3), ...new Uint8Array(16)],
    "a line whose trace id is zeros is outside of requests",
  );
  assert.deepEqual(
    logs.fieldNameRef
      .slice(0, 3)
      .map((ref, i) => [strings[ref], logs.fieldValue[i]!.slice(0, 8), logs.fieldValue[i]!.length]),
    [
      ["user", "u1", 2],
      ["api_key", "***", 3],
      ["huge", "xxxxxxxx", 1_024],
    ],
  );
});

test("every severity is a level: by its number, else by its name as loggers write it", () => {
  const severities: [number: number, text: string, level: number][] = [
    [1, "", 1],
    [4, "", 1],
    [5, "", 5],
    [8, "", 5],
    [9, "", 9],
    [12, "", 9],
    [13, "", 13],
    [16, "", 13],
    [17, "", 17],
    [20, "", 17],
    [21, "", 21],
    [24, "", 21],
    [9, "ERROR", 9],
    [0, "WARN", 13],
    [0, "Warning", 13],
    [0, "critical", 21],
    [0, "", 9],
    [0, "__proto__", 9],
  ];
  const logRecords = severities.map(([severityNumber, severityText]) => ({ severityNumber, severityText }));
  const request = create(ExportLogsServiceRequestSchema, { resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] });
  const { logs } = new Intake(() => nowMs).logs(request).batches[0]!.batch;
  assert.deepEqual(
    logs.level,
    severities.map(([, , level]) => level),
  );
});

test("JSON has ids in hex and numbers as text; what is no request is refused with an error", () => {
  const json = {
    resourceSpans: [
      {
        later: true,
        scopeSpans: [
          { spans: [{ traceId: "ab".repeat(16), spanId: "CD".repeat(8), startTimeUnixNano: "12", kind: 3 }] },
        ],
      },
    ],
  };
  const read = (value: unknown) => requestFromJson(ExportTraceServiceRequestSchema, Buffer.from(JSON.stringify(value)));
  const found = read(json).resourceSpans[0]!.scopeSpans[0]!.spans[0]!;
  assert.equal(Buffer.from(found.traceId).toString("hex"), "ab".repeat(16));
  assert.equal(found.startTimeUnixNano, 12n);
  assert.throws(() => read({ resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: "zz" }] }] }] }), /is no hex id/);
  const half = '{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"half \\ud83d"}]}]}]}';
  const cut = requestFromJson(ExportTraceServiceRequestSchema, Buffer.from(half));
  assert.equal(cut.resourceSpans[0]!.scopeSpans[0]!.spans[0]!.name, "half \ufffd", "a text that was cut within a pair");
  const unquoted = '{"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":1700000000000000001}]}]}]}';
  const exact = requestFromJson(ExportTraceServiceRequestSchema, Buffer.from(unquoted));
  assert.equal(exact.resourceSpans[0]!.scopeSpans[0]!.spans[0]!.startTimeUnixNano, 1_700_000_000_000_000_001n);
  assert.throws(() => read({ resourceSpans: 7 }));
  const bytes = Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f);
  assert.throws(() => requestFromProtobuf(ExportTraceServiceRequestSchema, bytes));
});

test("one line of JSON is a report, whole or not at all", () => {
  const intake = new Intake(() => nowMs);
  const plain = (value: unknown) => intake.plain(Buffer.from(JSON.stringify(value)));
  const { batches } = plain({
    service: "cron",
    counters: { jobs: 2 },
    gauges: { left: 5 },
    text: "done",
    level: "error",
  });
  assert.equal(batches[0]?.service, "OTel.cron");
  assert.deepEqual(samplesOf(batches[0]!.batch), [
    ["usr.jobs", 1, 2],
    ["usr.left", 2, 5],
  ]);
  assert.deepEqual(batches[0]!.batch.logs.level, [17]);
  const named = (level: string) => plain({ service: "cron", text: "x", level }).batches[0]?.batch.logs.level[0];
  assert.deepEqual([named("warn"), named("WARN"), named("Fatal")], [13, 13, 21]);
  assert.throws(() => named("loud"), /level: .*"trace".*"warn".*"fatal"/);
  assert.throws(() => plain({ service: "cron", counters: { jobs: -1 } }), /counters\.jobs/);
  assert.throws(() => plain({ service: "cron", gauge: {} }), /gauge/);
});

test("above the host's rate the share of requests that all of its processes keep is kept, and every failed, dyed and slow span; what is left out is counted", () => {
  let clockMs = nowMs;
  const asked: number[] = [];
  const rate = (spansPerSecond: number) => {
    asked.push(spansPerSecond);
    return { keptShare: 0.25, spansPerSecond: 100 };
  };
  const intake = new Intake(() => clockMs, rate);
  const traceOf = (n: number) => Buffer.from((n * 7919).toString(16).padStart(32, "0"), "hex");
  const take = (count: number, durationMs: number, fields: object = {}) => {
    const spans = Array.from({ length: count }, (_, n) => {
      const startTimeUnixNano = ns(clockMs - 1_000);
      const times = { startTimeUnixNano, endTimeUnixNano: startTimeUnixNano + ns(durationMs) };
      return span({ traceId: traceOf(n + 1), ...times, ...fields });
    });
    const taken = takeSpans(spans, intake);
    const counted = taken.batches.flatMap(({ batch }) => samplesOf(batch));
    const kept = taken.batches.reduce((sum, { batch }) => sum + batch.spans.startUs.length, 0);
    assert.equal(kept + taken.leftOut, count);
    assert.deepEqual(counted, taken.leftOut === 0 ? [] : [["frm.telemetry.left_out_spans", 1, taken.leftOut]]);
    return { kept, positions: taken.batches.flatMap(({ batch }) => [...batch.spans.traceIds]) };
  };
  const first = take(200, 1);
  assert.ok(first.kept > 20 && first.kept < 90, `${first.kept} of 200 kept by a share of a quarter`);
  // Another program's doors, with the same share: the same requests.
  const other = new Intake(() => clockMs, rate);
  const again = takeSpans(
    Array.from({ length: 200 }, (_, n) => span({ traceId: traceOf(n + 1) })),
    other,
  );
  assert.deepEqual(
    again.batches.flatMap(({ batch }) => [...batch.spans.traceIds]),
    first.positions,
  );
  assert.equal(take(20, 1, { status: { code: 2, message: "no" } }).kept, 20, "failed");
  // What is slow is known after a minute.
  clockMs += 60_000;
  assert.equal(take(50, 100).kept, 50, "slow");
  clockMs += 1_000;
  assert.equal(
    take(50, 1, { attributes: [{ key: "msec.dyed", value: { value: { case: "boolValue", value: true } } }] }).kept,
    50,
  );
  assert.equal(take(50, 1).kept, 50, "other spans of dyed requests");
  assert.deepEqual(asked, [0, 0, 0, 50], "once a second, with the spans of the second before");
});
