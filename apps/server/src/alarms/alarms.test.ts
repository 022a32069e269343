import assert from "node:assert/strict";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { createLog } from "@msec/process";
import { openAlarmSeries } from "@msec/telemetry-store/alarm-series";
import { openServerStore } from "../schema.ts";
import { openAlarms } from "./alarms.ts";
import { parseNetworks } from "./notify/address-guard.ts";
import { createSecretBox } from "./notify/secret-box.ts";

test("notifications that cannot be sent are one line of the log until they can, however often rules are judged meanwhile", async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), "msec-alarms-"));
  await using store = await openServerStore(`sqlite:${join(directory.path, "control.db")}`);
  await store.migrate();
  const to = new PassThrough();
  await using alarms = openAlarms({
    store,
    series: openAlarmSeries({ socket: "/nobody" }),
    secrets: createSecretBox(new Uint8Array(32)),
    readCluster: async () => ({ services: new Set<string>(), instances: [], hosts: [] }),
    notifyAllow: parseNetworks("127.0.0.1")!,
    consoleUrl: "",
    log: createLog({ name: "test", to }),
    now: Date.now,
    elapsed: () => performance.now(),
  });
  await store.db.schema.dropTable("alarm_notification").execute();
  for (let round = 0; round < 3; round++) await alarms.runOnce();
  to.end();
  const lines = (await text(to)).trim().split("\n");
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /notifications of alarms were not sent/);
});
