import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { Agent, type AgentOptions, createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createClient } from "@clickhouse/client";
import { batchOf } from "./fixture/batches.ts";
import { openTelemetryStore, type TelemetryStore } from "./open-telemetry-store.ts";
import type { RequestPage, SearchRequestsQuery } from "./query/search-requests.ts";
import { type EngineProcess, startEngine } from "./start-engine.ts";

const flight = { host: "host-1", service: "Flight.mod_flight", instance: "127.0.0.1:7963" };
const login = { host: "host-2", service: "Login.mod_user", instance: "127.0.0.1:7965" };
const traffic = { host: "host-1", service: "Flight.traffic", instance: "pid:77" };
const noRows = { span: 0, call: 0, sample: 0, log: 0 };

/** Requests of the last hour, and of clocks that are a little ahead. */
function search(store: TelemetryStore, query: Partial<SearchRequestsQuery>): Promise<RequestPage> {
  return store.searchRequests({ fromMs: Date.now() - 3_600_000, toMs: Date.now() + 600_000, ...query });
}

describe("a telemetry store over the embedded engine", () => {
  let directory: string;
  let engine: EngineProcess;
  let store: TelemetryStore;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "msec-telemetry-"));
    engine = await startEngine({ dataDir: join(directory, "data"), socket: join(directory, "t.sock") });
    store = openTelemetryStore({ socket: join(directory, "t.sock") });
    await store.waitReady();
  });

  after(async () => {
    await store?.close();
    await engine?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  test("gives the whole path of a request by each form of its id", async () => {
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    const startUs = Date.now() * 1_000;
    const hop = { traceId, method: "flight.flight_service.queryFlight" };
    const check = { traceId, method: "user.user_service.checkPassword" };
    const result = await store.ingestAll(
      [
        {
          identity: traffic,
          batch: batchOf({
            spans: [
              { ...hop, spanId: "a000000000000001", side: 2, startUs, durationUs: 9_000, peerService: flight.service },
            ],
          }),
        },
        {
          identity: { ...flight, release: "2026.11.22-1" },
          batch: batchOf({
            spans: [
              { ...hop, spanId: "a000000000000002", parentSpanId: "a000000000000001", startUs: startUs + 100 },
              {
                ...check,
                spanId: "a000000000000003",
                parentSpanId: "a000000000000002",
                side: 2,
                startUs: startUs + 200,
                code: 14,
                message: "connection broke",
                attempt: 1,
                attemptReason: 2,
                routeVersion: 57,
              },
            ],
            logs: [
              {
                traceId,
                spanId: "a000000000000002",
                timeUs: startUs + 150,
                text: "query",
                fields: { from: "深圳", to: "xz" },
              },
            ],
          }),
        },
        {
          identity: login,
          batch: batchOf({
            spans: [
              {
                ...check,
                spanId: "ffffffffffffffff",
                parentSpanId: "a000000000000003",
                startUs: startUs + 300,
                code: 14,
              },
            ],
          }),
        },
      ],
      "host-1/1",
    );
    assert.deepEqual(result, { rows: { ...noRows, span: 4, log: 1 }, leftOut: 0, rejected: [] });

    const flow = await store.getFlow(traceId);
    assert.equal(flow?.requestId, traceId);
    assert.equal(flow.truncated, false);
    assert.deepEqual(
      flow.spans.map(({ service, spanId, parentSpanId, side }) => [service, spanId, parentSpanId, side]),
      [
        ["Flight.traffic", "a000000000000001", "", 2],
        ["Flight.mod_flight", "a000000000000002", "a000000000000001", 1],
        ["Flight.mod_flight", "a000000000000003", "a000000000000002", 2],
        ["Login.mod_user", "ffffffffffffffff", "a000000000000003", 1],
      ],
    );
    assert.deepEqual(flow.spans[2], {
      spanId: "a000000000000003",
      parentSpanId: "a000000000000002",
      side: 2,
      service: "Flight.mod_flight",
      instance: "127.0.0.1:7963",
      host: "host-1",
      method: "user.user_service.checkPassword",
      peerService: "",
      peerInstance: "",
      startUs: startUs + 200,
      durationUs: 1_000,
      code: 14,
      message: "connection broke",
      requestBytes: 120,
      responseBytes: 340,
      deadlineMs: 2_000,
      queueUs: 15,
      attempt: 1,
      attemptReason: 2,
      routeVersion: 57,
      release: "2026.11.22-1",
    });
    assert.deepEqual(
      flow.spans.map(({ attempt, routeVersion, release }) => [attempt, routeVersion, release]),
      [
        [0, 0, ""],
        [0, 0, "2026.11.22-1"],
        [1, 57, "2026.11.22-1"],
        [0, 0, ""],
      ],
    );
    assert.deepEqual(flow.logs, [
      {
        timeUs: startUs + 150,
        spanId: "a000000000000002",
        service: "Flight.mod_flight",
        instance: "127.0.0.1:7963",
        level: "info",
        text: "query",
        fields: { from: "深圳", to: "xz" },
        shiftUs: 0,
      },
    ]);
    assert.deepEqual(await store.getFlow("8448eb211c80319c"), flow);
    assert.deepEqual(await store.getFlow(BigInt("0x8448eb211c80319c").toString()), flow);
    assert.equal(await store.getFlow("f".repeat(32)), undefined);

    const { requests } = await search(store, { service: login.service, failedOnly: true, limit: 1 });
    assert.deepEqual(requests[0]?.summary, {
      requestId: traceId,
      startUs,
      durationUs: 9_000,
      service: "Flight.traffic",
      method: "flight.flight_service.queryFlight",
      services: ["Flight.traffic", "Flight.mod_flight", "Login.mod_user"],
      spans: 4,
      failures: 1,
      code: 0,
    });
  });

  test("finds a request in all hours and services that it passed, and nothing of one whose id begins alike", async () => {
    const high = "00000000000000ab";
    const [one, other] = [`${high}beef000100000001`, `${high}beef000100000002`];
    const startUs = (Date.now() - 3 * 3_600_000) * 1_000;
    for (const [hour, service] of ["Path.a", "Path.b", "Path.a"].entries()) {
      const timeUs = startUs + hour * 3_600_000_000;
      const rows = [one, other].map((traceId, i) => ({
        traceId,
        spanId: `c0000000000000${hour}${i}`,
        startUs: timeUs,
      }));
      const logs = rows.map(({ traceId }) => ({
        traceId,
        timeUs,
        text: `${service} ${hour}`,
        fields: { hour: `${hour}` },
      }));
      await store.ingest({ ...flight, service }, batchOf({ spans: rows, logs }), `path/${hour}`);
    }
    const flow = await store.getFlow("beef000100000001");
    assert.equal(flow?.requestId, one);
    assert.deepEqual(
      flow?.spans.map(({ service, spanId }) => [service, spanId]),
      [
        ["Path.a", "c000000000000000"],
        ["Path.b", "c000000000000010"],
        ["Path.a", "c000000000000020"],
      ],
    );
    assert.deepEqual(
      flow?.logs.map(({ text, fields }) => [text, fields]),
      [
        ["Path.a 0", { hour: "0" }],
        ["Path.b 1", { hour: "1" }],
        ["Path.a 2", { hour: "2" }],
      ],
    );
  });

  test("draws curves of calls with quantiles from merged histograms, zero where nothing was called", async () => {
    const minute = Math.floor(Date.now() / 60_000) * 60 - 600;
    const fast = Array.from({ length: 99 }, (_, i) => 1_000 + i * 10);
    await store.ingest(
      flight,
      batchOf({
        calls: [
          { timeS: minute + 1, method: "f.s.a", durationsUs: fast, peerService: traffic.service },
          { timeS: minute + 2, method: "f.s.a", durationsUs: [80_000], code: 4, peerService: traffic.service },
          { timeS: minute + 125, method: "f.s.b", durationsUs: [5_000, 5_000], peerService: traffic.service },
        ],
      }),
      "host-1/2",
    );
    await store.ingest(
      { ...flight, instance: "127.0.0.1:7964" },
      batchOf({ calls: [{ timeS: minute + 3, method: "f.s.a", durationsUs: [0] }] }),
      "host-1/3",
    );
    await store.ingest(
      traffic,
      batchOf({
        calls: [
          {
            timeS: minute + 1,
            side: 2,
            method: "f.s.a",
            durationsUs: [2_000],
            peerService: flight.service,
            peerInstance: flight.instance,
            code: 14,
          },
        ],
      }),
      "host-1/4",
    );
    const range = { fromMs: minute * 1_000, toMs: (minute + 180) * 1_000, stepS: 60 };

    const whole = await store.queryCalls({ ...range, service: flight.service, side: 1 });
    assert.deepEqual(whole.timeMs, [minute * 1_000, (minute + 60) * 1_000, (minute + 120) * 1_000]);
    assert.equal(whole.series.length, 1);
    const [curve] = whole.series;
    assert.deepEqual(
      [curve?.service, curve?.method, curve?.instance, curve?.calls, curve?.failures],
      [flight.service, "", "", [101, 0, 2], [1, 0, 0]],
    );
    assertNear(curve?.p50Ms[0], 1.48);
    assertNear(curve?.p99Ms[0], 1.98);
    assertNear(curve?.p50Ms[2], 5);
    assert.equal(curve?.p99Ms[1], 0);

    const split = await store.queryCalls({ ...range, service: "", side: 1, byMethod: true, byInstance: true });
    assert.deepEqual(
      split.series.map(({ service, method, instance, calls }) => [service, method, instance, calls]),
      [
        [flight.service, "f.s.a", "127.0.0.1:7963", [100, 0, 0]],
        [flight.service, "f.s.b", "127.0.0.1:7963", [0, 0, 2]],
        [flight.service, "f.s.a", "127.0.0.1:7964", [1, 0, 0]],
      ],
    );

    const seen = await store.queryCalls({ ...range, service: flight.service, side: 2, byInstance: true });
    assert.deepEqual(
      seen.series.map(({ service, instance, calls, failures }) => [service, instance, calls, failures]),
      [[flight.service, flight.instance, [1, 0, 0], [1, 0, 0]]],
    );
    assert.deepEqual((await store.queryCalls({ ...range, service: "No.such", side: 1 })).series, []);
  });

  test("counts a batch once, however often its token comes", async () => {
    const traceId = "11111111111111111111111111111111";
    const timeS = Math.floor(Date.now() / 1_000) - 3_000;
    const batch = batchOf({
      spans: [{ traceId }, { traceId, spanId: "00000000000000bb" }],
      calls: [{ timeS, method: "once" }],
      logs: [{ traceId }],
    });
    const first = await store.ingest(login, batch, "host-9/1");
    // The same request again, as an agent sends it whose answer was lost; another token is another batch.
    assert.deepEqual(await store.ingest(login, batch, "host-9/1"), first);
    const count = async () => {
      const flow = await store.getFlow(traceId);
      const curves = await store.queryCalls({
        service: login.service,
        side: 1,
        fromMs: timeS * 1_000,
        toMs: timeS * 1_000 + 1_000,
        stepS: 1,
      });
      // Added up by the engine at insert: a repeat must not get in there either.
      const byMinute = await store.queryCalls({
        service: login.service,
        side: 1,
        fromMs: timeS * 1_000,
        toMs: timeS * 1_000 + 1_000,
        stepS: 60,
      });
      const calls = [curves, byMinute].map(({ series }) => series[0]?.calls[0]);
      return [flow?.spans.length, flow?.logs.length, ...calls];
    };
    assert.deepEqual(await count(), [2, 1, 1, 1]);
    await store.ingest(login, batch, "host-9/2");
    assert.deepEqual(await count(), [4, 2, 2, 2]);
  });

  test("fills in the tables that a broken-off insert left out, and only those", async () => {
    const traceId = "22222222222222222222222222222222";
    await store.ingest(login, batchOf({ spans: [{ traceId }] }), "host-9/3");
    await store.ingest(login, batchOf({ spans: [{ traceId }], logs: [{ traceId }] }), "host-9/3");
    const flow = await store.getFlow(traceId);
    assert.deepEqual([flow?.spans.length, flow?.logs.length], [1, 1]);
  });

  test("counts a batch of several days and 150,000 rows once as well", async () => {
    const traceId = "33333333333333333333333333333333";
    const nowUs = Date.now() * 1_000;
    const spans = Array.from({ length: 150_000 }, (_, i) => ({
      traceId,
      spanId: i.toString(16).padStart(16, "0"),
      startUs: nowUs - (i % 5) * 86_400e6,
      message: `message ${i % 1_000} ${"x".repeat(200)}`,
    }));
    const batch = batchOf({ spans });
    await store.ingest(login, batch, "host-9/4");
    await store.ingest(login, batch, "host-9/4");
    const [summary] = await countRows(directory);
    assert.equal(summary, 150_000);
    const flow = await store.getFlow(traceId);
    assert.deepEqual([flow?.spans.length, flow?.truncated], [5_000, true]);
  });

  test("leaves out a hostile envelope and rows of impossible times, and stores the rest", async () => {
    const traceId = "44444444444444444444444444444444";
    const good = batchOf({ spans: [{ traceId }] });
    const result = await store.ingestAll(
      [
        { identity: login, batch: { ...good, spans: { ...good.spans!, methodRef: [4_000_000_000] } } },
        { identity: login, batch: { ...good, spans: { ...good.spans!, spanIds: new Uint8Array(7) } } },
        {
          identity: login,
          batch: batchOf({
            spans: [
              { traceId, startUs: Number.NaN },
              { traceId, startUs: Number.POSITIVE_INFINITY },
              { traceId, startUs: -1 },
              { traceId, startUs: 9e15 },
              { traceId, code: 4_000_000_000, message: "'; DROP TABLE span; -- \\\u0000\ud800" },
            ],
            samples: [{ value: Number.NaN }, { value: 2 }],
          }),
        },
        { identity: login, batch: good },
      ],
      "host-9/5",
    );
    assert.deepEqual(result.rows, { ...noRows, span: 2, sample: 1 });
    assert.equal(result.leftOut, 5);
    assert.deepEqual(
      result.rejected.map(({ index }) => index),
      [0, 1],
    );
    assert.match(result.rejected[0]!.message, /^spans\.method_ref\[0\] is 4000000000: expected a position in strings/);
    const flow = await store.getFlow(traceId);
    assert.deepEqual(flow?.spans.map(({ code, message }) => [code, message]).sort(), [
      [0, ""],
      [2, "'; DROP TABLE span; -- \\\u0000\ufffd"],
    ]);
    await assert.rejects(store.ingest(login, { ...good, strings: [] }, "host-9/6"), { name: "InvalidBatch" });
    await assert.rejects(store.ingest(login, good, "a b"), { name: "InvalidBatch" });
  });

  test("takes hostile questions for what they are", async () => {
    const nasty = "x' OR 1=1 -- \\\n\t{a:String}\u0000";
    assert.deepEqual((await search(store, { service: nasty })).requests, []);
    const range = { fromMs: Date.now() - 60_000, toMs: Date.now(), stepS: 1 };
    assert.deepEqual((await store.queryCalls({ ...range, service: nasty, side: 1 })).series, []);
    await assert.rejects(store.getFlow("1 OR 1=1"), { name: "InvalidQuery" });
    await assert.rejects(store.queryCalls({ ...range, stepS: 7, side: 1 }), { name: "InvalidQuery" });
    await assert.rejects(search(store, { limit: 501 }), { name: "InvalidQuery" });
  });

  test("lists the newest requests first, each once", async () => {
    const nowUs = Date.now() * 1_000 + 60_000_000;
    const spans = Array.from({ length: 5 }, (_, i) => [
      { traceId: `5${i}`.padStart(32, "5"), startUs: nowUs + i * 1_000, side: 2, peerService: "Other.one" },
      { traceId: `5${i}`.padStart(32, "5"), startUs: nowUs + i * 1_000, side: 2, code: i === 3 ? 13 : 0 },
    ]).flat();
    await store.ingest({ ...login, service: "Newest.one" }, batchOf({ spans }), "host-9/7");
    const newest = await search(store, { limit: 3 });
    assert.deepEqual(
      newest.requests.map(({ summary: { requestId, spans, failures } }) => [requestId.slice(-2), spans, failures]),
      [
        ["54", 2, 0],
        ["53", 2, 1],
        ["52", 2, 0],
      ],
    );
    assert.equal((await search(store, { service: "Newest.one" })).requests.length, 5);
    assert.equal((await search(store, { service: "Newest.one", failedOnly: true })).requests.length, 1);
  });
});

describe("a telemetry store whose engine dies", () => {
  test("says so at once, and goes on when the engine is back", async () => {
    const directory = await mkdtemp(join(tmpdir(), "msec-telemetry-"));
    const options = { dataDir: join(directory, "data"), socket: join(directory, "t.sock") };
    await using store = openTelemetryStore({ socket: options.socket });
    const traceId = "66666666666666666666666666666666";
    const batch = batchOf({ spans: [{ traceId }] });
    try {
      await assert.rejects(store.getFlow(traceId), { name: "StoreUnavailable", reason: "unavailable" });
      const waiting = store.waitReady();
      const engine = await startEngine(options);
      await waiting;
      await store.ingest(login, batch, "host-1/1");

      engine.process.kill("SIGKILL");
      await engine.exited;
      const startMs = performance.now();
      await assert.rejects(store.ingest(login, batch, "host-1/2"), { name: "StoreUnavailable" });
      await assert.rejects(search(store, {}), { name: "StoreUnavailable" });
      assert.ok(performance.now() - startMs < 25_000);

      await using _back = await startEngine(options);
      // Token 1 may have been lost on the way back to the agent, which then sends it again: dedup outlives the process.
      await store.ingest(login, batch, "host-1/1");
      await store.ingest(login, batch, "host-1/2");
      assert.equal((await store.getFlow(traceId))?.spans.length, 2);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });

  test("gives up on an engine that does not answer in time", async () => {
    const directory = await mkdtemp(join(tmpdir(), "msec-telemetry-"));
    const socket = join(directory, "t.sock");
    const silent = createServer(() => {}).listen(socket);
    await once(silent, "listening");
    await using store = openTelemetryStore({ socket, timeoutMs: 200 });
    await assert.rejects(store.getFlow("1"), { name: "StoreUnavailable" });
    silent.closeAllConnections();
    silent.close();
    await rm(directory, { recursive: true, force: true });
  });
});

function assertNear(found: number | undefined, expected: number): void {
  assert.ok(found !== undefined && Math.abs(found / expected - 1) < 0.045, `${found} is not near ${expected}`);
}

/** Rows of the large batch, counted past the limits of the store's own questions. */
async function countRows(directory: string): Promise<number[]> {
  const client = createClient({
    url: "http://engine",
    database: "msec",
    http_agent: new Agent({ socketPath: join(directory, "t.sock") } as AgentOptions),
  });
  const result = await client.query({
    query: "SELECT count() FROM span WHERE trace_high = {high:UInt64}",
    query_params: { high: "3689348814741910323" },
    format: "JSONCompactEachRow",
  });
  const [row] = await result.json<number[]>();
  await client.close();
  return row!;
}
