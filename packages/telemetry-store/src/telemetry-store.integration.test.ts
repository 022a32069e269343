import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { batchOf } from "./fixture/batches.ts";
import { openTelemetryStore, type TelemetryStore } from "./open-telemetry-store.ts";
import { type EngineProcess, startEngine } from "./start-engine.ts";

const flight = { host: "host-1", service: "Flight.mod_flight", instance: "127.0.0.1:7963" };
const login = { host: "host-2", service: "Login.mod_user", instance: "127.0.0.1:7965" };
const traffic = { host: "host-1", service: "Flight.traffic", instance: "pid:77" };
const noRows = { span: 0, call: 0, sample: 0, log: 0 };

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
          identity: flight,
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
    });
    assert.deepEqual(flow.logs, [
      {
        timeUs: startUs + 150,
        spanId: "a000000000000002",
        service: "Flight.mod_flight",
        instance: "127.0.0.1:7963",
        level: "info",
        text: "query",
        fields: { from: "深圳", to: "xz" },
      },
    ]);
    assert.deepEqual(await store.getFlow("8448eb211c80319c"), flow);
    assert.deepEqual(await store.getFlow(BigInt("0x8448eb211c80319c").toString()), flow);
    assert.equal(await store.getFlow("f".repeat(32)), undefined);

    const [request] = await store.listRecentRequests({ service: login.service, failedOnly: true, limit: 1 });
    assert.deepEqual(request, {
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
});
