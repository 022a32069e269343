import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { batchOf, type SpanRow } from "../fixture/batches.ts";
import { openTelemetryStore, type TelemetryStore } from "../open-telemetry-store.ts";
import { type EngineProcess, startEngine } from "../start-engine.ts";
import type { SearchRequestsQuery } from "./search-requests.ts";

const front = { host: "host-1", service: "Web.front", instance: "10.0.0.1:80" };
const flight = { host: "host-2", service: "Flight.mod_flight", instance: "10.0.0.2:7963" };
const method = "flight.flight_service.queryFlight";
const other = "flight.flight_service.book";
const nowMs = Math.floor(Date.now() / 60_000) * 60_000;
const range = { fromMs: nowMs - 600_000, toMs: nowMs };

const traceOf = (number: number) => number.toString(16).padStart(32, "0");
const hex = (number: number) => number.toString(16).padStart(16, "0");

/** Forty requests, one each ten seconds before `nowMs`; request n takes n ms, each fourth fails, each fifth is a booking. */
const numbers = Array.from({ length: 40 }, (_, index) => index + 1);

describe("requests and the service map over the embedded engine", () => {
  let directory: string;
  let engine: EngineProcess;
  let store: TelemetryStore;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "msec-requests-"));
    engine = await startEngine({ dataDir: join(directory, "data"), socket: join(directory, "t.sock") });
    store = openTelemetryStore({ socket: join(directory, "t.sock") });
    await store.waitReady();
    const spanOf = (number: number): Partial<SpanRow> => ({
      traceId: traceOf(number),
      startUs: (nowMs - number * 10_000) * 1_000,
      durationUs: number * 1_000,
      method: number % 5 === 0 ? other : method,
      code: number % 4 === 0 ? 14 : 0,
    });
    const timeS = nowMs / 1_000 - 30;
    const client = { timeS, side: 2, peerService: flight.service, peerInstance: flight.instance };
    await store.ingestAll(
      [
        {
          identity: front,
          batch: batchOf({
            spans: numbers.flatMap((number) => [
              { ...spanOf(number), spanId: hex(number * 4), side: 2, peerService: flight.service },
            ]),
            calls: [
              { ...client, durationsUs: [1_000, 1_000, 1_000] },
              { ...client, code: 14, durationsUs: [9_000] },
              { timeS, side: 2, peerService: "Store.redis", peerInstance: "10.9.0.1:6379", durationsUs: [200, 200] },
            ],
          }),
        },
        {
          identity: flight,
          batch: batchOf({
            spans: numbers.flatMap((number) => [
              {
                ...spanOf(number),
                spanId: hex(number * 4 + 1),
                parentSpanId: hex(number * 4),
                side: 1,
                peerService: front.service,
                peerInstance: `10.0.0.1:${40_000 + number}`,
              },
              {
                ...spanOf(number),
                code: 0,
                spanId: hex(number * 4 + 2),
                parentSpanId: hex(number * 4 + 1),
                side: 2,
                method: "get",
                durationUs: 100,
                peerService: "Store.redis",
                peerInstance: "10.9.0.1:6379",
              },
            ]),
            calls: [
              { timeS, side: 1, peerService: front.service, durationsUs: [900, 900, 900] },
              { timeS, side: 1, peerService: "", durationsUs: [500] },
            ],
            logs: numbers.map((number) => ({
              traceId: traceOf(number),
              spanId: hex(number * 4 + 1),
              timeUs: (nowMs - number * 10_000) * 1_000 + 10,
              text: "query",
              fields: { uid: String(number % 8) },
            })),
          }),
        },
      ],
      "host-1/1",
    );
  });

  after(async () => {
    await store?.close();
    await engine?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  const search = async (query: Partial<SearchRequestsQuery>) =>
    (await store.searchRequests({ ...range, limit: 500, ...query })).requests.map(({ summary }) =>
      Number.parseInt(summary.requestId, 16),
    );

  test("each condition finds the requests with a call that fits", async () => {
    const cases: [Partial<SearchRequestsQuery>, (number: number) => boolean][] = [
      [{}, () => true],
      [{ service: flight.service }, () => true],
      [{ service: "Flight" }, () => true],
      [{ service: "Fli" }, () => false],
      [{ method: other }, (number) => number % 5 === 0],
      [{ service: flight.service, failedOnly: true }, (number) => number % 4 === 0],
      [{ codes: [14, 5] }, (number) => number % 4 === 0],
      [{ codes: [5] }, () => false],
      [{ caller: front.service, minUs: 10_000, maxUs: 12_000 }, (number) => number >= 10 && number <= 12],
      [{ caller: flight.service, method }, () => false],
      [{ instance: flight.instance, host: flight.host, method: other }, (number) => number % 5 === 0],
      // Who served it knows the caller's address only.
      [{ service: flight.service, callerInstance: front.instance, method: other }, (number) => number % 5 === 0],
      [{ service: flight.service, caller: front.service, callerInstance: front.instance }, () => true],
      [{ service: flight.service, caller: flight.service, callerInstance: front.instance }, () => false],
      [{ service: flight.service, callerInstance: "10.0.0.1" }, () => true],
      [{ callerInstance: "10.0.0.1:8" }, () => false],
      [{ callerInstance: "10.0.0" }, () => false],
      [{ callerInstance: flight.instance, method: "get" }, () => true],
      [{ callerInstance: flight.instance, method: other }, () => false],
      [{ host: front.host, instance: flight.instance }, () => false],
      [{ where: "uid = 3" }, (number) => number % 8 === 3],
      [{ where: "uid = 0", failedOnly: true, minUs: 20_000 }, (number) => number % 8 === 0 && number >= 20],
      [{ service: "Store.redis" }, () => false],
      [{ service: "Store.redis", external: true, instance: "10.9.0.1:6379" }, () => true],
      [{ service: "x' OR 1=1 --" }, () => false],
    ];
    for (const [query, fits] of cases) {
      assert.deepEqual(await search(query), numbers.filter(fits), JSON.stringify(query));
      assert.deepEqual(
        await search({ ...query, order: "slowest", method: query.method ?? (query.external ? "get" : "") }),
        query.external ? (await search(query)).reverse() : numbers.filter(fits).reverse(),
        JSON.stringify(query),
      );
    }
  });

  test("pages go on where the one before ended, without a gap or a repeat, in both orders", async () => {
    for (const order of ["newest", "slowest"] as const) {
      const found: number[] = [];
      let after = "";
      for (let page = 0; page < 40; page++) {
        const { requests, next } = await store.searchRequests({ ...range, order, limit: 7, after });
        found.push(...requests.map(({ summary }) => Number.parseInt(summary.requestId, 16)));
        if (next === "") break;
        after = next;
      }
      assert.deepEqual(found, order === "newest" ? numbers : [...numbers].reverse());
    }
  });

  test("the call that was found stands beside its request", async () => {
    const { requests } = await store.searchRequests({ ...range, service: flight.service, method: other, limit: 1 });
    const [found] = requests;
    assert.equal(found?.call.service, flight.service);
    assert.equal(found?.call.peerService, front.service);
    assert.equal(found?.call.durationUs, 5_000);
    assert.equal(found?.summary.service, front.service);
    assert.equal(found?.summary.spans, 3);
  });

  test("what cannot be asked is refused with its name", async () => {
    for (const [query, message] of [
      [{ limit: 501 }, /limit 501/],
      [{ fromMs: 5, toMs: 5 }, /from_ms 5/],
      [{ fromMs: 1, toMs: 32 * 86_400_000 }, /31 days/],
      [{ minUs: 5, maxUs: 4 }, /min_us 5/],
      [{ codes: [999] }, /codes 999/],
      [{ after: "1; DROP TABLE span" }, /after/],
      [{ host: "h".repeat(257) }, /host has 257/],
      [{ where: "uid = " }, /at character/],
    ] as const) {
      await assert.rejects(store.searchRequests({ ...range, ...query }), { message });
    }
  });

  test("an edge of the map is counted by the end that saw more, with errors, external and nameless callers", async () => {
    const { edges, fromMs, toMs } = await store.getServiceMap({ fromMs: nowMs - 60_000, toMs: nowMs });
    assert.equal(toMs - fromMs, 60_000);
    assert.deepEqual(
      edges.map(({ caller, callee, side, calls, failures }) => [caller, callee, side, calls, failures]),
      [
        [front.service, flight.service, 2, 4, 1],
        [front.service, "Store.redis", 2, 2, 0],
        ["", flight.service, 1, 1, 0],
      ],
    );
    const [first] = edges;
    assert.ok(Math.abs(first!.perSecond - 4 / 60) < 1e-9);
    assert.ok(Math.abs(first!.p99Ms / 9 - 1) < 0.05 && Math.abs(first!.p50Ms - 1) < 0.05, JSON.stringify(first));
  });

  test("the map is the same by seconds, minutes and hours, and narrows by service, errors and rate", async () => {
    const calleesOf = async (query: object) =>
      (await store.getServiceMap({ fromMs: nowMs - 60_000, toMs: nowMs, ...query })).edges.map(({ callee }) => callee);
    const all = [flight.service, "Store.redis", flight.service];
    assert.deepEqual(await calleesOf({ fromMs: nowMs - 3_600_000 }), all);
    assert.deepEqual(await calleesOf({ fromMs: nowMs - 3 * 86_400_000 }), all);
    assert.deepEqual(await calleesOf({ service: "Store.redis" }), ["Store.redis"]);
    assert.deepEqual(await calleesOf({ service: "Flight" }), [flight.service, flight.service]);
    assert.deepEqual(await calleesOf({ failedOnly: true }), [flight.service]);
    assert.deepEqual(await calleesOf({ minPerSecond: 2 / 60 }), [flight.service, "Store.redis"]);
    await assert.rejects(store.getServiceMap({ fromMs: 2, toMs: 1 }), { name: "InvalidQuery" });
    await assert.rejects(store.getServiceMap({ ...range, minPerSecond: -1 }), { name: "InvalidQuery" });
  });

  test("the map knows who called whom from spans where neither end names the other, as OpenTelemetry's seldom do", async () => {
    const web = { host: "host-1", service: "Shop.web", instance: "10.0.1.1:80" };
    const cart = { host: "host-2", service: "Shop.cart", instance: "10.0.1.2:80" };
    const timeS = nowMs / 1_000 - 30;
    const served = numbers.filter((number) => number % 2 === 0);
    const spanOf = (number: number): Partial<SpanRow> => ({
      ...{ traceId: traceOf(1_000 + number), startUs: (timeS * 1_000 + number) * 1_000, peerService: "" },
      code: 0,
    });
    await store.ingestAll(
      [
        {
          identity: web,
          batch: batchOf({
            spans: numbers.map((number) => ({ ...spanOf(number), spanId: hex(9_000 + number), side: 2 })),
            calls: [{ timeS, side: 2, peerService: "", durationsUs: numbers.map(() => 500) }],
          }),
        },
        {
          identity: cart,
          batch: batchOf({
            // Ten more have a caller that no span tells of.
            spans: [...served, ...served.slice(0, 10)].map((number, index) => ({
              ...spanOf(number),
              spanId: hex(9_500 + index),
              parentSpanId: hex(index < served.length ? 9_000 + number : 77_000 + number),
              side: 1,
            })),
            calls: [{ timeS, side: 1, peerService: "", durationsUs: Array.from({ length: 30 }, () => 400) }],
          }),
        },
      ],
      "ends-by-spans",
    );
    const edgesOf = async (query: object) =>
      (await store.getServiceMap({ fromMs: nowMs - 60_000, toMs: nowMs, service: "Shop", ...query })).edges.map(
        ({ caller, callee, calls, fromSpans }) => [caller, callee, calls, fromSpans],
      );
    const all = [
      [web.service, "", 20, false],
      [web.service, cart.service, 20, true],
      ["", cart.service, 10, false],
    ];
    assert.deepEqual(await edgesOf({}), all);
    assert.deepEqual(await edgesOf({ service: cart.service }), [all[1], all[2]]);
    assert.deepEqual(await edgesOf({ minPerSecond: 15 / 60 }), all.slice(0, 2));
    assert.deepEqual(await edgesOf({ failedOnly: true }), []);
  });
});
