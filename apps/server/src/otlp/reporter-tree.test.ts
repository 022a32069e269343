import assert from "node:assert/strict";
import { test } from "node:test";
import { ServiceKind } from "@msec/api/console/v1/registry_pb.js";
import type { Reporter } from "@msec/telemetry-store";
import { reportedServices } from "./monitoring-only.ts";
import { ReporterTree } from "./reporter-tree.ts";

const hourMs = 3_600_000;

test("asks the store once for whoever asks, then only for what is new; forgets who is silent for a week", async () => {
  let nowMs = 1_000 * hourMs;
  const asked: number[] = [];
  const reports: Reporter[] = [
    { service: "Nightly.backup", instance: "plain", host: "otlp", lastMs: nowMs - 99 * hourMs },
  ];
  const telemetry = {
    async listPrograms({ fromMs, toMs }: { fromMs: number; toMs: number }) {
      asked.push(Math.round((toMs - fromMs) / 60_000));
      return reports.filter(({ lastMs }) => lastMs >= fromMs).map((report) => ({ ...report }));
    },
  };
  const tree = new ReporterTree(telemetry, () => nowMs);
  const services = async () => (await tree.read()).map(({ service }) => service).sort();
  assert.deepEqual(await Promise.all([services(), services()]), [["Nightly.backup"], ["Nightly.backup"]]);
  assert.deepEqual(asked.splice(0), [7 * 24 * 60 + 1, 11]);

  reports.push({ service: "Shop.web", instance: "web1:1", host: "otlp", lastMs: nowMs });
  assert.deepEqual(await services(), ["Nightly.backup"], "from memory");
  nowMs += 5_000;
  assert.deepEqual(await services(), ["Nightly.backup", "Shop.web"]);
  // On the map they are services with pages, not outsiders.
  assert.deepEqual(await reportedServices(tree), [
    { name: "Nightly.backup", kind: ServiceKind.STANDARD },
    { name: "Shop.web", kind: ServiceKind.STANDARD },
  ]);
  assert.deepEqual(asked.splice(0), [11]);

  nowMs += 100 * hourMs;
  assert.deepEqual(await services(), ["Shop.web"]);
});

test("gives nothing old while the store does not answer, and is right again when it does", async () => {
  let nowMs = 1_000 * hourMs;
  let away = false;
  const report: Reporter = { service: "Shop.web", instance: "web1:1", host: "otlp", lastMs: nowMs };
  const telemetry = {
    async listPrograms() {
      if (away) throw new Error("away");
      return [report];
    },
  };
  const tree = new ReporterTree(telemetry, () => nowMs);
  assert.equal((await tree.read()).length, 1);
  away = true;
  nowMs += 10_000;
  await assert.rejects(tree.read(), /away/);
  away = false;
  assert.equal((await tree.read()).length, 1);
});
