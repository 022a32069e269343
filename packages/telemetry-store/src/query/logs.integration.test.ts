import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { closeClients, storeClients } from "../client.ts";
import { batchOf, type LogRow as FixtureRow } from "../fixture/batches.ts";
import { openTelemetryStore, type TelemetryStore } from "../open-telemetry-store.ts";
import { migrate, readMigrations } from "../schema/migrate.ts";
import { type EngineProcess, startEngine } from "../start-engine.ts";
import { InvalidQuery } from "../store-error.ts";
import type { LogPage } from "./logs-page.ts";
import { InvalidExpression } from "./logs-problem.ts";
import { MetricSplit } from "./metric-statistic.ts";

const flight = { host: "host-1", service: "Flight.mod_flight", instance: "127.0.0.1:7963" };
const login = { host: "host-2", service: "Login.mod_user", instance: "127.0.0.1:7965" };
const traceId = "0af7651916cd43dd8448eb211c80319c";
// Ten minutes ago, so that times of tests stay below now.
const startMs = Date.now() - 600_000;
const all = { fromMs: startMs - 1_000, toMs: startMs + 3_600_000 };
let lastBatch = 0;

describe("the log of a telemetry store over the embedded engine", () => {
  let directory: string;
  let engine: EngineProcess;
  let store: TelemetryStore;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "msec-logs-"));
    engine = await startEngine({ dataDir: join(directory, "data"), socket: join(directory, "t.sock") });
    store = openTelemetryStore({ socket: join(directory, "t.sock") });
    await store.waitReady();
    const line = (ms: number, row: Partial<FixtureRow>) => ({ timeUs: (startMs + ms) * 1_000, ...row });
    await write(flight, [
      line(1, {
        text: "query Shenzhen",
        traceId,
        spanId: "a000000000000001",
        fields: { uid: "7", city: "深圳", cost: "1.5" },
      }),
      line(2, {
        text: "no seats left",
        level: 17,
        caller: "Web.front",
        source: "flight.ts:42",
        fields: { uid: "8", cost: "20" },
      }),
      line(3, { text: "Timeout at Login", level: 17, dyed: true, fields: { note: 'it\'s \\ "odd"\n' } }),
      line(4, { text: "verbose", level: 5, traceId, dyed: true }),
    ]);
    await write(login, [
      line(1, {
        text: "checked",
        traceId,
        spanId: "a000000000000003",
        caller: "Flight.mod_flight",
        fields: { uid: "7" },
      }),
      line(5, { text: "fatal", level: 21 }),
    ]);
  });

  after(async () => {
    await store?.close();
    await engine?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  async function write(identity: typeof flight, logs: Partial<FixtureRow>[]): Promise<void> {
    const result = await store.ingest(identity, batchOf({ logs }), `test/${++lastBatch}`);
    assert.equal(result.rows.log, logs.length);
  }

  async function textsWhere(where: string): Promise<string[]> {
    const { rows } = await store.logs.find({ ...all, where, service: "Flight", limit: 100 });
    return rows.map(({ text }) => text);
  }

  test("gives lines newest first with everything that is known of them", async () => {
    const { rows, next } = await store.logs.find({ ...all, limit: 100 });
    assert.deepEqual(rows.map(({ text }) => text).slice(0, 4), [
      "fatal",
      "verbose",
      "Timeout at Login",
      "no seats left",
    ]);
    assert.equal(next, "");
    const [seats] = rows.filter(({ text }) => text === "no seats left");
    assert.deepEqual(
      { ...seats, id: "", timeUs: 0 },
      {
        id: "",
        timeUs: 0,
        level: "error",
        ...flight,
        method: "flight.flight_service.queryFlight",
        caller: "Web.front",
        peer: "",
        source: "flight.ts:42",
        function: "",
        requestId: "",
        spanId: "",
        dyed: false,
        text: "no seats left",
        fields: { uid: "8", cost: "20" },
      },
    );
  });

  test("filters by what every line has", async () => {
    const texts = async (filter: object) => (await store.logs.find({ ...all, ...filter })).rows.map(({ text }) => text);
    assert.deepEqual(await texts({ service: "Login.mod_user" }), ["fatal", "checked"]);
    assert.deepEqual(await texts({ host: "host-1", level: "error" }), ["Timeout at Login", "no seats left"]);
    assert.deepEqual(await texts({ instance: "127.0.0.1:7965", level: "fatal" }), ["fatal"]);
    assert.deepEqual((await texts({ requestId: traceId })).sort(), ["checked", "query Shenzhen", "verbose"]);
    assert.deepEqual(await texts({ dyedOnly: true }), ["verbose", "Timeout at Login"]);
  });

  test("answers expressions, before a field is defined, while it is and after it is removed", async () => {
    const cases: [string, string[]][] = [
      ["timeout", ["Timeout at Login"]],
      ["深圳", ["query Shenzhen"]],
      ["uid = 7 or level > error", ["query Shenzhen"]],
      ["uid >= 7 and cost < 1.6", ["query Shenzhen"]],
      ["not uid exists", ["verbose", "Timeout at Login"]],
      ["uid in (7, 8) caller = Web.front", ["no seats left"]],
      ["cost =~ '^\\d\\d$'", ["no seats left"]],
      ["note = 'it\\'s \\\\ \"odd\"\\n'", ["Timeout at Login"]],
      ["FileLine ~ FLIGHT.ts", ["no seats left"]],
      ["dyed = true and level = debug", ["verbose"]],
    ];
    const check = async () => {
      for (const [where, expected] of cases) assert.deepEqual(await textsWhere(where), expected, where);
    };
    await check();
    await store.logs.defineField({ name: "uid", type: "integer" });
    await store.logs.defineField({ name: "cost", type: "number" });
    await store.logs.defineField({ name: "city", type: "text" });
    assert.deepEqual(
      (await store.logs.listFields()).map(({ name, type }) => [name, type]),
      [
        ["city", "text"],
        ["cost", "number"],
        ["uid", "integer"],
      ].map(([name, type]) => [name, type]),
    );
    await check();
    // A tenth of what it is as text: only a number compares so.
    assert.deepEqual(await textsWhere("cost = 1.50"), ["query Shenzhen"]);
    for (const name of ["uid", "cost", "city"]) await store.logs.removeField(name);
    assert.deepEqual(await store.logs.listFields(), []);
    await check();
  });

  test("refuses fields that cannot be defined", async () => {
    for (const name of ["level", "ReqID", "a b", "`", "x'); DROP TABLE log", "", "a".repeat(49)]) {
      await assert.rejects(store.logs.defineField({ name, type: "text" }), InvalidQuery, name);
    }
    await assert.rejects(store.logs.defineField({ name: "ok", type: "Nullable(Int8)" as never }), InvalidQuery);
    const twice = await Promise.allSettled([1, 2].map(() => store.logs.defineField({ name: "twice", type: "text" })));
    assert.deepEqual(twice.map(({ status }) => status).toSorted(), ["fulfilled", "rejected"], "one after the other");
    await store.logs.removeField("twice");
    await assert.rejects(store.logs.removeField("never"), /not defined/);
  });

  test("tells a pattern that RE2 does not know by its place", async () => {
    await assert.rejects(textsWhere("level = info or cost =~ '(('"), (error) => {
      assert.ok(error instanceof InvalidExpression);
      assert.deepEqual([error.problem.kind, error.problem.position], ["pattern", 24]);
      return true;
    });
    const second = await store.logs.check("cost =~ '^1' and not (text =~ 'a(?=b)')");
    assert.deepEqual([second?.kind, second?.position], ["pattern", 30], "the one that is wrong, not the first");
    assert.equal(await store.logs.check("cost =~ '^1' and text =~ 'a|b'"), undefined);
  });

  test("pages through lines of one microsecond and of long ago, each once", async () => {
    const timeUs = (startMs - 400_000) * 1_000;
    const service = { ...flight, service: "Page.one" };
    await write(
      service,
      Array.from({ length: 25 }, (_, index) => ({ timeUs, text: `same ${index}` })),
    );
    await write(service, [{ timeUs: timeUs - 86_400_000_000, text: "a day before" }]);
    const seen: string[] = [];
    let before = "";
    let pages = 0;
    do {
      const page: LogPage = await store.logs.find({
        fromMs: startMs - 3 * 86_400_000,
        toMs: startMs,
        service: "Page.one",
        limit: 7,
        before,
      });
      seen.push(...page.rows.map(({ text }) => text));
      before = page.next;
      assert.ok(++pages < 10);
    } while (before !== "");
    assert.equal(seen.length, 26);
    assert.equal(new Set(seen).size, 26);
    assert.equal(seen.at(-1), "a day before");
  });

  test("shows what an instance wrote around a line", async () => {
    const { rows } = await store.logs.find({ ...all, where: "'no seats left'" });
    const around = await store.logs.around({
      id: rows[0]!.id,
      service: flight.service,
      instance: flight.instance,
      count: 1,
    });
    assert.deepEqual(
      around.map(({ text }) => text),
      ["query Shenzhen", "no seats left", "Timeout at Login"],
    );
  });

  test("counts lines by time and level", async () => {
    const { timeMs, levels, total } = await store.logs.count({
      ...all,
      toMs: all.fromMs + 120_000,
      stepS: 60,
      service: "Flight",
    });
    assert.equal(timeMs.length >= 2, true);
    assert.deepEqual(
      levels.map(({ level, counts }) => [level, counts.reduce((sum, count) => sum + count, 0)]),
      [
        ["debug", 1],
        ["info", 1],
        ["error", 2],
      ],
    );
    assert.equal(total, 4);
    await assert.rejects(store.logs.count({ ...all, stepS: 7 }), InvalidQuery);
  });

  test("pages and counts from the counts of minutes as from the lines themselves, at ragged ends too", async () => {
    const service = { ...flight, service: "Rare.one" };
    // An error every 1,100 s, in two services' worth of lines, back from the last whole minute.
    const baseMs = Math.floor(startMs / 60_000) * 60_000;
    const times = Array.from({ length: 30 }, (_, index) => baseMs - index * 1_100_000 + 500);
    await write(
      service,
      times.flatMap((ms, index) => [
        { timeUs: ms * 1_000, text: `error ${index}`, level: 17 },
        { timeUs: (ms + 7) * 1_000, text: `info ${index}` },
      ]),
    );
    const range = { fromMs: times.at(-2)!, toMs: times[0]! + 1, service: "Rare.one" };
    // Errors come from their own table, by one service and by all of a first level; lines of lower levels where the counts say that they are.
    for (const [level, of] of [
      ["error", "Rare.one"],
      ["error", "Rare"],
      ["warn", "Rare.one"],
    ]) {
      const seen: string[] = [];
      for (let before = "", pages = 0; pages === 0 || before !== ""; pages++) {
        const page: LogPage = await store.logs.find({ ...range, service: of, level, limit: 4, before });
        seen.push(...page.rows.map(({ text }) => text));
        before = page.next;
        assert.ok(pages < 12);
      }
      assert.deepEqual(
        seen,
        Array.from({ length: 29 }, (_, index) => `error ${index}`),
      );
    }
    // A condition on the host is answered from the lines.
    for (const stepS of [60, 600, 3_600]) {
      const byMinutes = await store.logs.count({ ...range, stepS });
      assert.deepEqual(byMinutes, await store.logs.count({ ...range, stepS, host: "host-1" }));
      assert.equal(byMinutes.total, 29 + 28);
    }
  });

  test("follows lines by their arrival: an older one that comes late is among them", async () => {
    const service = { ...flight, service: "Tail.one" };
    const first = await store.logs.tail({ service: "Tail.one" });
    assert.deepEqual(first.rows, []);
    await write(service, [{ timeUs: Date.now() * 1_000, text: "now" }]);
    await write(service, [{ timeUs: (Date.now() - 300_000) * 1_000, text: "late" }]);
    const second = await store.logs.tail({ service: "Tail.one", after: first.next });
    assert.deepEqual(
      second.rows.map(({ text }) => text),
      ["late", "now"],
    );
    assert.deepEqual(
      (await store.logs.tail({ service: "Tail.one", after: second.next, where: "late" })).skipped,
      false,
    );
    const cut = await store.logs.tail({ service: "Tail.one", after: first.next, limit: 1 });
    assert.deepEqual([cut.rows.map(({ text }) => text), cut.skipped], [["now"], true]);
    await assert.rejects(store.logs.tail({ after: "x" }), InvalidQuery);
  });

  test("names the fields that lines have, the most frequent first", async () => {
    const seen = await store.logs.listSeenFields();
    assert.equal(seen[0]?.name, "uid");
    assert.deepEqual(seen.map(({ name }) => name).sort(), ["city", "cost", "note", "uid"]);
  });

  test("a store of older tables keeps its lines, errors, fields, requests and minutes, once, also where the change is begun again", async () => {
    const address = { socket: join(directory, "t.sock"), database: "older" };
    const minuteS = Math.floor(startMs / 60_000) * 60;
    const clients = storeClients(address);
    const command = (query: string) => clients.client.command({ query });
    await using older = openTelemetryStore(address);
    try {
      const migrations = readMigrations();
      const run = async (from: number, to: number) => {
        for (const { number, statements } of migrations) {
          if (number >= from && number <= to) for (const statement of statements) await command(statement);
        }
      };
      await clients.root.command({ query: "CREATE DATABASE older" });
      await run(1, 8);
      await command("ALTER TABLE log ADD COLUMN f_seat String MATERIALIZED fields['seat'] CODEC(ZSTD(1))");
      await command(`INSERT INTO log (time, trace_high, flow_id, service, level, text, fields)
        VALUES (fromUnixTimestamp64Micro(${startMs * 1_000}, 'UTC'), 170, 187, 'Old.one', 17, 'before', map('seat', '4A'))`);
      await command(`INSERT INTO sample_minute (time, name, service, host, instance, kind, count, sum, min, max, last)
        VALUES (toDateTime(${minuteS}, 'UTC'), 'usr.old', 'Old.one', 'h', 'i', 1, 2, 5, 1, 4, 4)`);
      await command(`INSERT INTO sample_hour (time, name, service, host, instance, kind, count, sum, min, max, last)
        VALUES (toStartOfHour(toDateTime(${minuteS}, 'UTC')), 'usr.old', 'Old.one', 'h', 'i', 1, 2, 5, 1, 4, 4)`);
      await command(`INSERT INTO sample (time, name, service, host, instance, kind, value)
        VALUES (toDateTime(${minuteS} + 20, 'UTC'), 'usr.old', 'Old.one', 'h', 'i', 1, 4)`);
      await run(9, 10);
      await run(12, 12);
      await run(14, 14);
      await command("CREATE TABLE schema_migration (number UInt32, name String) ENGINE = MergeTree ORDER BY number");
      await command("INSERT INTO schema_migration SELECT number, '' FROM numbers(1, 8)");
      assert.deepEqual(await migrate(clients), [9, 10, 11, 12, 13, 14, 15]);
    } finally {
      await closeClients(clients);
    }
    const find = async (more: object) => (await older.logs.find({ ...all, ...more })).rows.map(({ text }) => text);
    assert.deepEqual(await find({}), ["before"]);
    assert.deepEqual(await find({ service: "Old.one", level: "error" }), ["before"]);
    assert.deepEqual(await find({ where: "seat = 4A" }), ["before"]);
    assert.deepEqual(await older.logs.listFields(), [{ name: "seat", type: "text" }]);
    const flow = await older.getFlow("00000000000000aa00000000000000bb");
    assert.deepEqual(
      flow?.logs.map(({ text }) => text),
      ["before"],
    );
    const minute = { fromMs: minuteS * 1_000, toMs: (minuteS + 60) * 1_000, stepS: 60 };
    const curvesOf = async (more: object) => {
      const asked = { ...minute, service: "Old.one", names: ["usr.old"], split: MetricSplit.Instance, ...more };
      return (await older.queryMetrics(asked)).series.map(({ host, instance, values }) => [host, instance, ...values]);
    };
    assert.deepEqual(await curvesOf({ instance: "i" }), [["h", "i", 5]]);
    assert.deepEqual(await curvesOf({ stepS: 10 }), [["h", "i", 0, 0, 4, 0, 0, 0]]);
    const logs = [{ timeUs: startMs * 1_000 + 1, text: "after", level: 17 }];
    await older.ingest({ ...flight, service: "Old.one" }, batchOf({ logs }), "older/1");
    assert.deepEqual(await find({ service: "Old.one", level: "error" }), ["after", "before"]);
  });

  test("keeps hostile texts as one line each, and nothing they say is done", async () => {
    const service = { ...flight, service: "Odd.one" };
    const texts = [
      "a\n2026-11-22 FATAL forged",
      "\u001b[31mred\u0000nul",
      "\ud800",
      "\u202etfel",
      "'); DROP TABLE log; --",
      "x".repeat(40_000),
    ];
    await write(
      service,
      texts.map((text, index) => ({ timeUs: (startMs + index) * 1_000, text })),
    );
    const { rows } = await store.logs.find({ ...all, service: "Odd.one" });
    assert.deepEqual(
      rows
        .map(({ text }) => text.length)
        .sort((a, b) => a - b)
        .at(-1),
      32_768,
    );
    assert.equal(rows.length, texts.length);
    assert.ok(rows.some(({ text }) => text === "a\n2026-11-22 FATAL forged"));
  });
});
