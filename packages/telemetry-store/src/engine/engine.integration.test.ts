import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { Agent, type AgentOptions, type IncomingMessage, request } from "node:http";
import { getPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { type ClickHouseClient, createClient } from "@clickhouse/client";
import { type EngineProcess, engineCommand, startEngine } from "../start-engine.ts";

describe("the embedded engine's HTTP interface", () => {
  let directory: string;
  let socket: string;
  let engine: EngineProcess;
  let client: ClickHouseClient;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "msec-engine-"));
    socket = join(directory, "e.sock");
    engine = await startEngine({ dataDir: join(directory, "data"), socket });
    client = clientOf(socket);
    await client.command({ query: "CREATE TABLE pair (id UInt32, name String) ENGINE = MergeTree ORDER BY id" });
  });

  after(async () => {
    await client?.close();
    await engine?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  test("lets everything else go before merges", () => {
    const tasks = `/proc/${engine.ready.pid}/task`;
    const merging = readdirSync(tasks).filter(
      (id) => readFileSync(`${tasks}/${id}/comm`, "utf8").trim() === "MergeMutate",
    );
    assert.ok(merging.length > 0, "the engine calls its threads something else");
    const own = getPriority(engine.ready.pid);
    for (const id of merging) assert.equal(getPriority(Number(id)), Math.min(19, own + 5));
  });

  test("is reached by its owner only", () => {
    assert.equal(statSync(socket).mode & 0o777, 0o600);
  });

  test("answers ClickHouse's own client: ping, command, insert, query, exec, parameters, settings", async () => {
    assert.deepEqual(await client.ping(), { success: true });
    assert.equal((await client.ping({ select: true })).success, true);
    const inserted = await client.insert({
      table: "pair",
      values: [{ id: 1, name: "a'b\\\n" }],
      format: "JSONEachRow",
    });
    assert.equal(inserted.summary?.written_rows, "1");
    const result = await client.query({
      query:
        "SELECT id, name, {text:String} AS text, {list:Array(String)} AS list, getSetting('max_threads') AS threads FROM pair",
      query_params: { text: "it's\t\\N\n", list: ["a'", "深"] },
      clickhouse_settings: { max_threads: 1 },
      query_id: "mine",
      format: "JSONEachRow",
    });
    assert.equal(result.query_id, "mine");
    assert.equal(result.response_headers["x-clickhouse-format"], "JSONEachRow");
    assert.deepEqual(await result.json(), [
      { id: 1, name: "a'b\\\n", text: "it's\t\\N\n", list: ["a'", "深"], threads: 1 },
    ]);
    const { stream } = await client.exec({ query: "SELECT 1 FORMAT CSV" });
    assert.equal(await text(stream), "1\n");
  });

  test("forgets a statement's settings and database after it", async () => {
    const threads = async (settings: Record<string, number>) => {
      const query = "SELECT getSetting('max_block_size') AS size";
      return (await client.query({ query, clickhouse_settings: settings, format: "JSONEachRow" })).json();
    };
    assert.deepEqual(await threads({ max_block_size: 77 }), [{ size: 77 }]);
    for (let i = 0; i < 4; i++) assert.notDeepEqual(await threads({}), [{ size: 77 }]);
    assert.equal((await ask(socket, "POST", "/?database=system", "SELECT count() > 0 FROM tables")).body, "1\n");
    assert.equal((await ask(socket, "POST", "/", "SELECT currentDatabase()")).body, "default\n");
  });

  test("takes RowBinary through exec, and statement and data in one body, and gzip", async () => {
    const row = Buffer.from([7, 0, 0, 0, 2, 0x68, 0x69]);
    const { stream } = await client.exec({
      query: "INSERT INTO pair (id, name) FORMAT RowBinary",
      values: Readable.from([row], { objectMode: false }),
    });
    await text(stream);
    const body = Buffer.concat([Buffer.from("INSERT INTO pair SETTINGS max_threads = 1 FORMAT RowBinary\n"), row]);
    assert.equal((await ask(socket, "POST", "/", body)).status, 200);
    const packed = gzipSync("7,hi\n");
    const query = `/?query=${encodeURIComponent("INSERT INTO pair FORMAT CSV")}`;
    assert.equal((await ask(socket, "POST", query, packed, { "content-encoding": "gzip" })).status, 200);
    assert.equal((await ask(socket, "POST", "/", "INSERT INTO pair VALUES (7, 'hi')")).status, 200);
    assert.equal((await ask(socket, "GET", "/?query=SELECT+count()+FROM+pair+WHERE+id=7")).body, "4\n");
    assert.deepEqual(readdirSync(join(directory, "data", "inbox")), []);
  });

  const refused: [string, string, string, string | Buffer, number, RegExp, Record<string, string>?][] = [
    ["a syntax error", "POST", "/", "SELEC 1", 400, /^Code: 62\. DB::Exception: .*\(SYNTAX_ERROR\) \(version 26/],
    ["an unknown table", "POST", "/", "SELECT * FROM nowhere", 404, /\(UNKNOWN_TABLE\)/],
    ["an unknown setting", "POST", "/?nonsense=1", "SELECT 1", 404, /\(UNKNOWN_SETTING\)/],
    ["a setting's name that is none", "POST", "/?a%27b=1", "SELECT 1", 400, /\(BAD_REQUEST_PARAMETER\)/],
    ["a missing parameter", "POST", "/", "SELECT {missing:String}", 400, /\(UNKNOWN_QUERY_PARAMETER\)/],
    ["a change by GET", "GET", "/?query=DROP+TABLE+pair", "", 500, /\(READONLY\)/],
    ["SET", "POST", "/", "SET max_threads = 1", 501, /\(NOT_IMPLEMENTED\)/],
    ["a session", "POST", "/?session_id=1", "SELECT 1", 501, /\(NOT_IMPLEMENTED\)/],
    ["an empty statement", "POST", "/", "", 400, /Empty query/],
    ["a body that is not gzip", "POST", "/", "SELECT 1", 400, /\(CANNOT_DECOMPRESS\)/, { "content-encoding": "gzip" }],
    ["another encoding", "POST", "/", "SELECT 1", 501, /\(NOT_IMPLEMENTED\)/, { "content-encoding": "br" }],
    ["an unknown path", "GET", "/play", "", 404, /There is no handle \/play/],
    [
      "rows that end early",
      "POST",
      "/?query=INSERT+INTO+pair+FORMAT+RowBinary",
      "\x01\x00",
      500,
      /\(CANNOT_READ_ALL_DATA\)/,
    ],
    [
      "a body of more than 64 MiB",
      "POST",
      "/?query=INSERT+INTO+pair+FORMAT+RowBinary",
      gzipSync(Buffer.alloc(65 * 1024 * 1024)),
      413,
      /\(QUERY_IS_TOO_LARGE\)/,
      { "content-encoding": "gzip" },
    ],
  ];
  for (const [what, method, path, body, status, message, headers] of refused) {
    test(`refuses ${what} with ${status}, and goes on`, async () => {
      const answer = await ask(socket, method, path, body, headers);
      assert.match(answer.body, message);
      assert.equal(answer.status, status);
      if (path !== "/play") assert.match(answer.headers["x-clickhouse-exception-code"] as string, /^\d+$/);
      assert.equal((await ask(socket, "GET", "/ping")).body, "Ok.\n");
    });
  }

  test("answers with nothing of what a question before had got when it failed", async () => {
    const failing = () =>
      client.query({
        query: "SELECT number FROM numbers(1000000)",
        format: "JSONEachRow",
        clickhouse_settings: { max_result_rows: "500000", max_block_size: "65536" },
      });
    // Two questions each: there are two sessions that read.
    await assert.rejects(Promise.all([failing(), failing()]), { code: "396" });
    const answers = await Promise.all(
      [1, 2, 3, 4].map(async (value) => {
        const result = await client.query({ query: `SELECT ${value} AS value`, format: "JSONEachRow" });
        return await result.text();
      }),
    );
    assert.deepEqual(
      answers,
      [1, 2, 3, 4].map((value) => `{"value":${value}}\n`),
    );
  });

  test("answers a small question beside a slow one", async () => {
    let answered = 0;
    // Not each time on a machine that stops for two seconds, but then the next.
    for (let tries = 0; tries < 10 && answered < 5; tries++) {
      let slowDone = false;
      const slow = ask(socket, "POST", "/", "SELECT sleep(2)").then(() => {
        slowDone = true;
      });
      answered = 0;
      while (!slowDone && answered < 5) {
        await ask(socket, "POST", "/", "SELECT 1");
        if (!slowDone && (await isRunning(socket, "SELECT sleep(2)"))) answered++;
      }
      await slow;
    }
    assert.equal(answered, 5);
  });

  test("refuses statements beyond those that it can hold", async () => {
    let answers: Answer[] = [];
    // A busy machine may ask them more slowly than they are answered.
    for (let tries = 0; tries < 10 && !answers.some(({ status }) => status === 503); tries++) {
      answers = await Promise.all(Array.from({ length: 130 }, () => ask(socket, "POST", "/", "SELECT sleep(0.02)")));
    }
    const statuses = new Set(answers.map(({ status }) => status));
    assert.deepEqual([...statuses].sort(), [200, 503]);
    assert.match(answers.find(({ status }) => status === 503)!.body, /\(TOO_MANY_SIMULTANEOUS_QUERIES\)/);
  });

  test("keeps the memory of a question within its share", async () => {
    const answer = await ask(socket, "POST", "/", "SELECT length(groupArray(toString(number))) FROM numbers(50000000)");
    assert.match(answer.body, /MEMORY_LIMIT_EXCEEDED/);
  });

  test("refuses a second process on its data in one line that names the first", async () => {
    const { file, args } = engineCommand({ dataDir: join(directory, "data"), socket: join(directory, "second.sock") });
    const second = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"] });
    const [said, printed] = await Promise.all([text(second.stderr), text(second.stdout), once(second, "exit")]);
    assert.equal(second.exitCode, 1);
    assert.equal(printed, "");
    assert.match(
      said,
      new RegExp(`^telemetry-store: the telemetry data in .* is in use by process ${engine.ready.pid}: .*\n$`),
    );
    assert.equal((await ask(socket, "GET", "/ping")).body, "Ok.\n");
  });
});

describe("the embedded engine's process", () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "msec-engine-"));
  });
  after(() => rm(directory, { recursive: true, force: true }));

  test("says in one line what is wrong with its arguments", async () => {
    const main = engineCommand({ dataDir: directory, socket: "x" }).args[0]!;
    for (const args of [[], ["--data", "a", "--socket", "b", "--memory-mib", "1"], ["--sokcet", "x"]]) {
      const process_ = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "ignore", "pipe"] });
      const [said] = await Promise.all([text(process_.stderr), once(process_, "exit")]);
      assert.equal(process_.exitCode, 1);
      assert.match(said, /^telemetry-store: [^\n]*usage: [^\n]*\n$/);
    }
  });

  test("ends when the other end of its stdin closes, and takes its socket with it", async () => {
    const socket = join(directory, "orphan.sock");
    const engine = await startEngine({ dataDir: join(directory, "orphan"), socket });
    engine.process.stdin?.destroy();
    assert.deepEqual(await engine.exited, { code: 0, signal: null });
    assert.equal(existsSync(socket), false);
  });

  test("finishes what runs when it is told to stop", async () => {
    const socket = join(directory, "stop.sock");
    const engine = await startEngine({ dataDir: join(directory, "stop"), socket });
    let slow!: Promise<Answer>;
    // Once more where a busy machine looks only when it is over.
    for (let isOver = true; isOver; ) {
      isOver = false;
      slow = ask(socket, "POST", "/", "SELECT sleep(1)");
      void slow.then(() => {
        isOver = true;
      });
      while (!isOver && !(await isRunning(socket, "SELECT sleep(1)")));
    }
    const stopped = engine.stop();
    assert.equal((await slow).body, "0\n");
    await stopped;
    assert.deepEqual(await engine.exited, { code: 0, signal: null });
  });

  test("comes back with everything that it acknowledged before kill -9", async () => {
    const socket = join(directory, "killed.sock");
    const options = { dataDir: join(directory, "killed"), socket };
    let acknowledged = 0;
    for (let round = 0; round < 3; round++) {
      const engine = await startEngine(options);
      await ask(socket, "POST", "/", "CREATE TABLE IF NOT EXISTS n (id UInt32) ENGINE = MergeTree ORDER BY id");
      const until = acknowledged + 20;
      try {
        for (;;) {
          const answer = await ask(socket, "POST", `/?query=INSERT+INTO+n+FORMAT+CSV`, `${acknowledged}\n`);
          assert.equal(answer.status, 200);
          acknowledged++;
          if (acknowledged === until) engine.process.kill("SIGKILL");
        }
      } catch (error) {
        assert.match(String((error as NodeJS.ErrnoException).code), /ECONNRESET|ECONNREFUSED|EPIPE/);
      }
      await engine.exited;
    }
    await using _engine = await startEngine(options);
    const { body } = await ask(socket, "POST", "/", "SELECT countDistinct(id) FROM n");
    assert.ok(Number(body) >= acknowledged, `${body} of ${acknowledged}`);
  });
});

function clientOf(socketPath: string): ClickHouseClient {
  const options: AgentOptions & { socketPath: string } = { socketPath, keepAlive: true };
  return createClient({ url: "http://engine", http_agent: new Agent(options) });
}

/** Whether a statement runs in the engine. */
async function isRunning(socketPath: string, sql: string): Promise<boolean> {
  const query = `SELECT count() FROM system.processes WHERE query = '${sql}'`;
  return (await ask(socketPath, "POST", "/", query)).body !== "0\n";
}

interface Answer {
  status: number;
  headers: IncomingMessage["headers"];
  body: string;
}

async function ask(
  socketPath: string,
  method: string,
  path: string,
  body: string | Buffer = "",
  headers: Record<string, string> = {},
): Promise<Answer> {
  const sent = request({ socketPath, method, path, headers });
  sent.end(body);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  return { status: response.statusCode!, headers: response.headers, body: await text(response) };
}
