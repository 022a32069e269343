import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { storeClients } from "./client.ts";
import { batchOf } from "./fixture/batches.ts";
import { openTelemetryStore, type TelemetryStore } from "./open-telemetry-store.ts";
import { Across, MetricSplit, Statistic } from "./query/metrics.ts";
import { defaultRetention } from "./retention/retention.ts";
import { type EngineProcess, startEngine } from "./start-engine.ts";

const one = { host: "host-1", service: "Shop.order", instance: "10.0.0.1:7963" };
const two = { host: "host-2", service: "Shop.order", instance: "10.0.0.2:7963" };
const other = { host: "host-3", service: "Shop.stock", instance: "10.0.0.3:7963" };
const hosts = ["host-1", "host-2", "host-3"].map((host) => ({ host, service: "", instance: "" }));
const counter = (name: string, timeS: number, value: number) => ({ name, timeS, value, kind: 1 });
const gauge = (name: string, timeS: number, value: number) => ({ name, timeS, value, kind: 2 });

describe("metrics in the embedded engine", () => {
  let directory: string;
  let engine: EngineProcess;
  let store: TelemetryStore;
  // A whole hour, an hour ago and within the two days of the seconds.
  const hourS = Math.floor(Date.now() / 3_600_000) * 3_600 - 3_600;
  const range = { fromMs: hourS * 1_000, toMs: (hourS + 180) * 1_000, stepS: 60 };

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "msec-metrics-"));
    engine = await startEngine({ dataDir: join(directory, "data"), socket: join(directory, "t.sock") });
    store = openTelemetryStore({ socket: join(directory, "t.sock") });
    await store.waitReady();
    const first = [
      counter("usr.orders", hourS, 3),
      counter("usr.orders", hourS + 59, 4),
      counter("usr.orders", hourS + 120, 5),
      gauge("frm.process.memory_rss_bytes", hourS, 100),
      gauge("frm.process.memory_rss_bytes", hourS + 10, 300),
      gauge("frm.process.cpu_percent", hourS, 10),
    ];
    const second = [
      counter("usr.orders", hourS + 5, 10),
      gauge("frm.process.memory_rss_bytes", hourS + 20, 1_000),
      gauge("frm.process.cpu_percent", hourS + 3, 30),
    ];
    const envelopes = [
      { identity: one, batch: batchOf({ samples: first }) },
      { identity: two, batch: batchOf({ samples: second }) },
      { identity: other, batch: batchOf({ samples: [counter("usr.stock", hourS, 1)] }) },
      ...hosts.map((identity, i) => ({
        identity,
        batch: batchOf({ samples: [gauge("sys.load.1m", hourS, i + 1), gauge("sys.cpu.used_percent", hourS, 10 * i)] }),
      })),
    ];
    await store.ingestAll(envelopes, "a/1");
    // An agent whose answer was lost sends it again.
    await store.ingestAll(envelopes, "a/1");
  });

  after(async () => {
    await store?.close();
    await engine?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  test("adds up counters over time and instances, once for a repeated batch, at each resolution", async () => {
    for (const [stepS, expected] of [
      [10, [13, 0, 0, 0, 0, 4, 0]],
      [60, [17, 0, 5]],
      [3_600, [22]],
    ] as const) {
      const { series } = await store.queryMetrics({ ...range, stepS, service: one.service, names: ["usr.orders"] });
      assert.deepEqual([...series[0]!.values].slice(0, expected.length), expected, `step ${stepS}`);
    }
  });

  test("shows mean, least, greatest and last of a gauge, and adds, averages or splits its instances", async () => {
    const ask = async (options: object) => {
      const names = ["frm.process.memory_rss_bytes"];
      const { series } = await store.queryMetrics({ ...range, service: one.service, names, ...options });
      return series.map(({ host, instance, values }) => [host, instance, ...values]);
    };
    const nan = Number.NaN;
    assert.deepEqual(await ask({}), [["", "", 1_200, nan, nan]]);
    assert.deepEqual(await ask({ across: () => Across.Mean }), [["", "", 600, nan, nan]]);
    assert.deepEqual(await ask({ across: () => Across.Max, statistic: Statistic.Max }), [["", "", 1_000, nan, nan]]);
    assert.deepEqual(await ask({ instance: one.instance, statistic: Statistic.Min }), [["", "", 100, nan, nan]]);
    assert.deepEqual(await ask({ instance: one.instance, statistic: Statistic.Last }), [["", "", 300, nan, nan]]);
    // Who asks for nobody in particular may say so with empty names.
    for (const whose of [{}, { instance: "", host: "" }]) {
      assert.deepEqual(await ask({ split: MetricSplit.Instance, ...whose }), [
        ["host-1", one.instance, 200, nan, nan],
        ["host-2", two.instance, 1_000, nan, nan],
      ]);
    }
    assert.deepEqual(await ask({ split: MetricSplit.Host, host: "host-2" }), [["host-2", "", 1_000, nan, nan]]);
  });

  test("answers for the hosts of a service when asked for what hosts report", async () => {
    const names = ["sys.load.1m"];
    const { series } = await store.queryMetrics({ ...range, service: one.service, names, split: MetricSplit.Host });
    assert.deepEqual(
      series.map(({ host, values }) => [host, values[0]]),
      [
        ["host-1", 1],
        ["host-2", 2],
      ],
    );
    const ofInstance = await store.queryMetrics({ ...range, instance: two.instance, names });
    assert.equal(ofInstance.series[0]?.values[0], 2);
  });

  test("lists attributes by service, instance, host and expression", async () => {
    const list = async (filter: object) =>
      (await store.listAttributes({ fromMs: range.fromMs, toMs: range.toMs, ...filter })).map(({ name }) => name);
    const frm = ["frm.process.cpu_percent", "frm.process.memory_rss_bytes"];
    const sys = ["sys.cpu.used_percent", "sys.load.1m"];
    assert.deepEqual(await list({ service: one.service }), [...frm, ...sys, "usr.orders"]);
    assert.deepEqual(await list({ service: other.service }), [...sys, "usr.stock"]);
    assert.deepEqual(await list({ pattern: "^usr.*$" }), ["usr.orders", "usr.stock"]);
    assert.deepEqual(await list({ host: "host-3", pattern: "^(usr|sys)" }), [...sys, "usr.stock"]);
    assert.deepEqual(await list({ service: "No.such" }), []);
    assert.deepEqual(
      await list({ service: one.service, fromMs: range.fromMs - 7_200_000, toMs: range.fromMs - 3_600_000 }),
      [],
    );
    await assert.rejects(list({ pattern: "^(usr" }), {
      name: "InvalidQuery",
      message: /"\^\(usr" cannot be read: missing \)/,
    });
    const [attribute] = await store.listAttributes({ ...range, pattern: "usr.orders" });
    assert.deepEqual(attribute, { name: "usr.orders", kind: 1, reporters: 2, lastMs: hourS * 1_000 });
    const reporters = await store.listReporters({ ...range, service: one.service });
    assert.deepEqual(
      reporters.map(({ host, instance }) => [host, instance]),
      [
        ["host-1", one.instance],
        ["host-2", two.instance],
      ],
    );
  });

  test("lists every program of which anything is known: metrics, calls made or served, log lines", async () => {
    const at = hourS + 60;
    const web = { host: "host-4", service: "Web.spans", instance: "10.0.0.4:1" };
    const job = { host: "host-5", service: "Web.logs", instance: "plain" };
    const calls = (side: number) => [
      { timeS: at, side, peerService: "Pay.outside", peerInstance: "x:1", durationsUs: [1] },
    ];
    const envelopes = [
      { identity: web, batch: batchOf({ calls: [...calls(1), ...calls(2)] }) },
      { identity: job, batch: batchOf({ logs: [{ timeUs: at * 1e6, text: "done" }] }) },
      // Its calls have no host in the store: they belong to the instance that its metrics name.
      { identity: two, batch: batchOf({ calls: calls(1) }) },
    ];
    await store.ingestAll(envelopes, "programs/1");
    for (const toMs of [(hourS + 600) * 1_000, (hourS + 7_200) * 1_000]) {
      const programs = await store.listPrograms({ fromMs: hourS * 1_000, toMs });
      const named = programs.map(({ service, instance, host }) => [service, instance, host].join(" ")).sort();
      assert.deepEqual(named, [
        `Shop.order ${one.instance} host-1`,
        `Shop.order ${two.instance} host-2`,
        `Shop.stock ${other.instance} host-3`,
        "Web.logs plain host-5",
        "Web.spans 10.0.0.4:1 ",
      ]);
    }
    assert.deepEqual(await store.listPrograms({ fromMs: (hourS - 7_200) * 1_000, toMs: (hourS - 3_600) * 1_000 }), []);
    await assert.rejects(store.listPrograms({ fromMs: 2, toMs: 1 }), { name: "InvalidQuery" });
  });

  test("has the engine add up what are too many points to read, under the same names and by the same rules", async () => {
    const names = Array.from({ length: 60 }, (_, i) => `usr.many.${i}`);
    const fromS = hourS - 86_400;
    const envelopes = Array.from({ length: 7 }, (_, i) => ({
      identity: { host: `many-${i % 2}`, service: "Shop.many", instance: `many:${i}` },
      batch: batchOf({
        samples: names.flatMap((name) =>
          Array.from({ length: 1_440 }, (_, minute) => gauge(name, fromS + minute * 60, i + 1)),
        ),
      }),
    }));
    await store.ingestAll(envelopes, "many/1");
    const ask = async (split: MetricSplit) => {
      const { series } = await store.queryMetrics({
        fromMs: fromS * 1_000,
        toMs: hourS * 1_000,
        stepS: 60,
        service: "Shop.many",
        names,
        split,
        across: (name) => (name === names[1] ? Across.Mean : name === names[2] ? Across.Max : Across.Sum),
      });
      return series.map(({ name, host, instance, values }) => [name, host, instance, ...new Set(values)]);
    };
    const all = await ask(MetricSplit.None);
    assert.equal(all.length, 60);
    assert.deepEqual(all.slice(0, 4), [
      [names[0], "", "", 28],
      [names[1], "", "", 4],
      [names[2], "", "", 7],
      [names[3], "", "", 28],
    ]);
    const byHost = await ask(MetricSplit.Host);
    assert.deepEqual(byHost.slice(2, 4), [
      [names[1], "many-0", "", 4],
      [names[1], "many-1", "", 4],
    ]);
    const byInstance = await ask(MetricSplit.Instance);
    assert.equal(byInstance.length, 420);
    assert.deepEqual(byInstance.slice(-2), [
      [names[59], "many-1", "many:3", 4],
      [names[59], "many-1", "many:5", 6],
    ]);
  });

  test("gives the finest step that reaches back", async () => {
    const old = Date.now() - 20 * 86_400_000;
    const { stepS } = await store.queryMetrics({ fromMs: old, toMs: old + 60_000, stepS: 10, names: ["usr.x"] });
    assert.equal(stepS, 60);
  });

  test("takes hostile questions for what they are", async () => {
    const nasty = "x') OR 1=1 -- \\\u0000{a:String}";
    assert.deepEqual(await store.listAttributes({ ...range, service: nasty, host: nasty, instance: nasty }), []);
    const none = await store.queryMetrics({ ...range, service: nasty, names: [nasty, "sys.x", "a'b"] });
    assert.deepEqual(none.series, []);
    await assert.rejects(store.queryMetrics({ ...range, names: [] }), { name: "InvalidQuery" });
    await assert.rejects(store.queryMetrics({ ...range, names: new Array(61).fill("usr.a") }), {
      name: "InvalidQuery",
    });
    await assert.rejects(store.queryMetrics({ ...range, stepS: 7, names: ["usr.a"] }), { name: "InvalidQuery" });
    await assert.rejects(store.listAttributes({ ...range, pattern: "a".repeat(501) }), { name: "InvalidQuery" });
  });

  test("selects the calls that a service makes, by callee, edge and instance, with four quantiles", async () => {
    const timeS = hourS + 1;
    const durationsUs = Array.from({ length: 1_000 }, (_, i) => 1_000 + i * 100);
    const made = (callee: string) => ({
      timeS,
      side: 2,
      method: "s.m",
      peerService: callee,
      peerInstance: "i",
      durationsUs,
    });
    await store.ingest(one, batchOf({ calls: [made("Login.user"), made("Shop.stock")] }), "c/1");
    await store.ingest(other, batchOf({ calls: [made("Login.user")] }), "c/2");
    for (const stepS of [10, 60, 3_600]) {
      const ask = { ...range, stepS, side: 2 } as const;
      const { series } = await store.queryCalls({ ...ask, caller: one.service, byMethod: true });
      assert.deepEqual(
        series.map(({ service, method, calls }) => [service, method, calls[0]]),
        [
          ["Login.user", "s.m", 1_000],
          ["Shop.stock", "s.m", 1_000],
        ],
      );
      const [curve] = series;
      for (const [quantile, column] of [
        [0.5, "p50Ms"],
        [0.9, "p90Ms"],
        [0.99, "p99Ms"],
        [0.999, "p999Ms"],
      ] as const) {
        const expected = 1 + quantile * 99.9;
        assert.ok(
          Math.abs(curve![column][0]! / expected - 1) < 0.045,
          `${column} ${curve![column][0]} is not near ${expected}`,
        );
      }
      assert.ok(Math.abs(curve!.meanMs[0]! - 50.95) < 0.01);
      const edges = await store.queryCalls({ ...ask, service: "Login.user", byCaller: true, byCallerInstance: true });
      assert.deepEqual(edges.series.map(({ caller, callerInstance }) => [caller, callerInstance]).sort(), [
        [one.service, one.instance],
        [other.service, other.instance],
      ]);
    }
  });

  test("keeps what the retention says: ages by TTL, sizes by dropping the oldest day", async () => {
    const { client } = storeClients({ socket: join(directory, "t.sock") });
    try {
      const nowS = Math.floor(Date.now() / 1_000);
      const days = [5, 4, 0].map((day) => batchOf({ samples: [counter("usr.kept", nowS - day * 86_400, 1)] }));
      for (const [i, batch] of days.entries()) await store.ingest(one, batch, `r/${i}`);
      const before = (await store.readUsage()).find(({ kind }) => kind === "samples")!;
      assert.ok(before.bytes > 0 && before.rows > 0 && before.oldestMs < Date.now() - 4 * 86_400_000);

      const sampleDays = { ...defaultRetention, samples: { days: 10, maxBytes: before.bytes - 1 } };
      const { usage, dropped } = await store.applyRetention(sampleDays);
      assert.ok(dropped.length > 0 && dropped.every((name) => /^s(ample|eries)_/.test(name)), dropped.join());
      assert.ok(usage.find(({ kind }) => kind === "samples")!.bytes < before.bytes);
      const text = await client.query({ query: "SHOW CREATE TABLE series_minute", format: "TabSeparatedRaw" });
      assert.match(await text.text(), /TTL .*toIntervalDay\(10\)/);

      // What is older than is kept does not get in.
      const result = await store.ingest(one, batchOf({ samples: [counter("usr.old", nowS - 11 * 86_400, 1)] }), "r/9");
      assert.deepEqual([result.rows.sample, result.leftOut], [0, 1]);
    } finally {
      await client.close();
    }
  });

  test("deletes the older half of the only day when that alone is too much", async () => {
    const { client, root } = storeClients({ socket: join(directory, "t.sock"), database: "half" });
    await using half = openTelemetryStore({ socket: join(directory, "t.sock"), database: "half" });
    await half.waitReady();
    const dayS = Math.floor(Date.now() / 86_400_000) * 86_400;
    const samples = Array.from({ length: 200 }, (_, i) => counter("usr.many", dayS - 86_400 + i * 60, i));
    await half.ingest(one, batchOf({ samples }), "h/1");
    await half.applyRetention({ ...defaultRetention, samples: { days: 30, maxBytes: 1 } });
    // One table after the other: the largest first.
    await client.command({
      query: "OPTIMIZE TABLE series_minute FINAL",
      clickhouse_settings: { mutations_sync: "2", alter_sync: "2" },
    });
    const rows = async () => {
      const result = await client.query({
        query: "SELECT least((SELECT count() FROM series_sample), (SELECT count() FROM series_minute)) AS n",
        format: "JSONEachRow",
      });
      return Number((await result.json<{ n: string }>())[0]!.n);
    };
    const deadline = Date.now() + 180_000;
    while ((await rows()) === 200 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(await rows(), 100);
    await Promise.all([client.close(), root.close()]);
  });
});
