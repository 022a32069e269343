import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient, createRouterTransport } from "@connectrpc/connect";
import { HealthProblemKind, HealthService } from "@msec/api/console/v1/health_pb.js";
import { StoreErrorReason, type TelemetryStore, TelemetryStoreError } from "@msec/telemetry-store";
import type { HostState } from "../agents/host-directory.ts";
import { gateStore } from "../telemetry/gated-store.ts";
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
  const host = { name: "host7", routes: { unsavedS: 0 } } as HostState;
  const parts = { telemetry, hosts: { list: () => [host] }, now: () => Date.now() + offsetMs };
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
});
