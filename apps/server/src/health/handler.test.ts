import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient, createRouterTransport } from "@connectrpc/connect";
import { HealthProblemKind, HealthService } from "@msec/api/console/v1/health_pb.js";
import type { Log } from "@msec/process";
import { StoreErrorReason, type TelemetryStore, TelemetryStoreError } from "@msec/telemetry-store";
import type { HostState } from "../agents/host-directory.ts";
import { gateStore } from "../telemetry/gated-store.ts";
import { HostClocks } from "../telemetry/host-clocks.ts";
import { createHealthHandler } from "./handler.ts";

test("says what is wrong with the store and the agents' disks, since when, and what to do, until it is over", async () => {
  let room = true;
  const ingest = async () => {
    if (!room) throw new TelemetryStoreError(StoreErrorReason.Full, "no room");
  };
  // The engine itself with a full disk: telemetry/full-disk.integration.test.ts.
  const engine = { ingest, ingestAll: ingest, waitReady: async () => {}, logs: {} } as unknown as TelemetryStore;
  const store = gateStore(engine);
  const telemetry = {
    directory: "/state/telemetry",
    get isOpen() {
      return store.isOpen;
    },
    get full() {
      return store.full;
    },
  };
  const put = () => store.ingest({} as never, {} as never, {} as never);
  let offsetMs = 0;
  const host = { id: "h7", name: "host7", routes: { unsavedS: 0 } } as HostState;
  const quiet = { warn() {}, info() {} } as unknown as Log;
  const clocks = new HostClocks(quiet, Date.now);
  const parts = { telemetry, hosts: { list: () => [host] }, clocks, now: () => Date.now() + offsetMs };
  const transport = createRouterTransport((router) => router.service(HealthService, createHealthHandler(parts)));
  const look = async () => (await createClient(HealthService, transport).getHealth({})).problems;

  assert.deepEqual(await look(), [], "it may still start");
  offsetMs = 61_000;
  assert.deepEqual(
    (await look()).map(({ kind }) => kind),
    [HealthProblemKind.STORE_AWAY],
  );
  await store.waitReady({});
  assert.deepEqual(await look(), []);

  room = false;
  for (let attempt = 0; attempt < 2; attempt++) await assert.rejects(put());
  host.routes!.unsavedS = 7;
  const [full, agent] = await look();
  assert.deepEqual([full?.kind, full?.subject, full?.refused], [HealthProblemKind.STORE_FULL, "/state/telemetry", 2n]);
  assert.ok(full!.sinceMs <= Date.now() + offsetMs && full!.sinceMs > Date.now() + offsetMs - 60_000);
  assert.match(full!.text, /free space on it/);
  assert.deepEqual([agent?.kind, agent?.subject], [HealthProblemKind.AGENT_FULL, "host7"]);

  room = true;
  await put();
  host.routes!.unsavedS = 0;
  assert.deepEqual(await look(), []);

  const heard = (aheadMs: number) =>
    clocks.heard({ ...host, reportedMs: 1_000_000, report: { clockMs: 1_000_000 + aheadMs } } as HostState);
  heard(29_000);
  assert.deepEqual(await look(), []);
  heard(3_660_000);
  clocks.leftOut(host, 12);
  heard(3_660_500);
  const [clock] = await look();
  assert.deepEqual(
    [clock?.kind, clock?.subject, clock?.sinceMs, clock?.aheadMs, clock?.refused],
    [HealthProblemKind.HOST_CLOCK, "host7", 1_000_000, 3_660_500, 12n],
  );
  assert.match(clock!.text, /61 min ahead of the server's.*Set it/);
  heard(-45_000);
  assert.match((await look())[0]!.text, /45 s behind the server's/);
  heard(0);
  assert.deepEqual(await look(), []);
  assert.equal(clocks.leftOutRows, 12);
});
