import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { ExportFormat, LogFieldType, LogService } from "@msec/api/console/v1/logs_pb.js";
import { BatchSchema } from "@msec/api/telemetry/v1/telemetry_pb.js";
import { enrollAgent, startTestServer, type TestServer } from "../testing/test-server.ts";

const range = () => ({ fromMs: Date.now() - 3_600_000, toMs: Date.now() + 60_000 });

describe("the log service over the embedded engine", () => {
  let server: TestServer;
  let sequence = 0n;
  let agent: Awaited<ReturnType<typeof enrollAgent>>;

  before(async () => {
    server = await startTestServer({ telemetry: "embedded" });
    // A launcher makes it; the engine, started again by the server, puts its socket there.
    mkdirSync(join(server.state, "run"), { recursive: true });
    agent = await enrollAgent(server, "log-host");
    const deadline = performance.now() + 120_000;
    sequence++;
    for (;;) {
      try {
        // Under one number: what was stored, but answered too late, is not stored again.
        await report(["=1+1", 'a "quoted", line', "third\nwith two lines"]);
        break;
      } catch (error) {
        // The store starts.
        if (performance.now() > deadline) throw new Error(server.log.join(""), { cause: error });
        await delay(100);
      }
    }
  });

  after(async () => {
    await agent?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  async function write(texts: string[]): Promise<void> {
    sequence++;
    await report(texts);
  }

  async function report(texts: string[]): Promise<void> {
    const rows = texts.length;
    const batch = create(BatchSchema, {
      strings: ["", "uid"],
      logs: {
        timeUs: texts.map((_, index) => (Date.now() - 1_000) * 1_000 + index),
        traceIds: new Uint8Array(16 * rows),
        spanIds: new Uint8Array(8 * rows),
        level: texts.map(() => 9),
        methodRef: texts.map(() => 0),
        text: texts,
        fieldLength: texts.map(() => 1),
        fieldNameRef: texts.map(() => 1),
        fieldValue: texts.map((_, index) => String(index)),
      },
    });
    const envelope = { service: "Log.one", instance: "127.0.0.1:1", batch: toBinary(BatchSchema, batch) };
    await agent.client.reportTelemetry({ sequence, envelopes: [envelope] }, { timeoutMs: 20_000 });
  }

  const logs = () => server.operator(LogService);

  test("finds lines, and says what is wrong with an expression in the language asked for", async () => {
    const { lines } = await logs().findLogs({ filter: { ...range(), where: "uid >= 1" } });
    assert.deepEqual(
      lines.map(({ host, text }) => [host, text.slice(0, 5)]),
      [
        ["log-host", "third"],
        ["log-host", 'a "qu'],
      ],
    );
    const { problem } = await logs().checkExpression({ where: "uid >", language: "zh" });
    assert.deepEqual(
      [problem?.position, problem?.length, problem?.text],
      [5, 1, "第 6 个字符：此处应为值，却是 表达式结尾"],
    );
    assert.equal((await logs().checkExpression({ where: "uid = 1" })).problem, undefined);
    await assert.rejects(logs().findLogs({ filter: { ...range(), where: "uid >" } }), (error) => {
      return error instanceof ConnectError && error.code === Code.InvalidArgument && /character 6/.test(error.message);
    });
    await assert.rejects(logs().findLogs({}), /filter is missing/);
  });

  test("waits for lines that arrive, and gives them as soon as they do", async () => {
    const first = await logs().tailLogs({ filter: { service: "Log.one" } });
    const waiting = logs().tailLogs({
      filter: { service: "Log.one", where: "fresh" },
      after: first.next,
      waitMs: 20_000,
    });
    await write(["fresh"]);
    assert.deepEqual(
      (await waiting).lines.map(({ text }) => text),
      ["fresh"],
    );
    const nothing = await logs().tailLogs({ filter: { where: "never" }, after: first.next, waitMs: 10 });
    assert.deepEqual(nothing.lines, []);
  });

  test("exports JSON lines and CSV whose cells compute nothing", async () => {
    const text = async (format: ExportFormat, limit: number) => {
      const pieces: Uint8Array[] = [];
      const filter = { ...range(), service: "Log.one", where: "not fresh" };
      for await (const { piece } of logs().exportLogs({ filter, format, limit })) pieces.push(piece);
      return Buffer.concat(pieces).toString();
    };
    const json = (await text(ExportFormat.NDJSON, 2))
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      json.map((line) => [line.text, line.fields]),
      [
        ["third\nwith two lines", { uid: "2" }],
        ['a "quoted", line', { uid: "1" }],
      ],
    );
    const csv = await text(ExportFormat.CSV, 0);
    assert.match(csv, /^time,level,service,/);
    assert.match(csv, /,"a ""quoted"", line",/);
    assert.match(csv, /,'=1\+1,/);
    await assert.rejects(text(ExportFormat.UNSPECIFIED, 1), /format 0/);
    await assert.rejects(text(ExportFormat.CSV, 100_001), /limit 100001/);
  });

  test("defines fields and takes them away", async () => {
    await logs().addLogField({ name: "uid", type: LogFieldType.INTEGER });
    const { defined, seen } = await logs().listLogFields({});
    assert.deepEqual(
      defined.map(({ name, type }) => [name, type]),
      [["uid", LogFieldType.INTEGER]],
    );
    assert.equal(seen[0]?.name, "uid");
    await assert.rejects(logs().addLogField({ name: "uid", type: LogFieldType.TEXT }), /defined already/);
    await logs().removeLogField({ name: "uid" });
    assert.deepEqual((await logs().listLogFields({})).defined, []);
  });

  test("counts and shows what is around a line", async () => {
    const { total } = await logs().countLogs({ filter: { ...range(), service: "Log.one" }, stepS: 60 });
    assert.equal(total, 4);
    const { lines } = await logs().findLogs({ filter: { ...range(), where: "quoted" } });
    const around = await logs().findLogsAround({
      id: lines[0]!.id,
      service: "Log.one",
      instance: "127.0.0.1:1",
      count: 1,
    });
    assert.equal(around.lines.length, 3);
  });
});
