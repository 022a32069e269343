import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { BatchSchema } from "@msec/api/telemetry/v1/telemetry_pb.js";
import { freePort, waitUntil } from "@msec/process/testing";
import { compileCodec } from "@msec/wire";
import { AgentProcess, rootOf } from "../testing/agent-process.ts";
import { ControlServer } from "../testing/control-server.ts";
import { askLocal, type LocalPlace } from "../testing/local-request.ts";
import { installService } from "../testing/service-tree.ts";
import { temporaryDirectory } from "../testing/temporary-directory.ts";

const SERVICE = "Login.mod_user";

const stack = new AsyncDisposableStack();
let server: ControlServer;
let agent: AgentProcess;
let state: string;
let port: number;
let unix: LocalPlace;
let token: string;
/** In a directory that everybody may enter. */
let sharedSocket: string;

const ask = (method: string, path: string, body?: unknown) => askLocal(unix, method, path, body);
const post = (path: string, body: unknown) => ask("POST", `/v1/${path}`, body);

before(async () => {
  const directory = temporaryDirectory();
  state = directory.path;
  stack.defer(() => directory[Symbol.dispose]());
  server = stack.use(await ControlServer.start());
  mkdirSync(join(state, "agent"), { recursive: true });
  writeFileSync(join(state, "agent", "enroll.json"), server.enrolment("first"));
  installService(rootOf(state), "Flight.web", "web.php", "");
  writeFileSync(join(rootOf(state), "Flight/web/etc/config.ini"), "[LOG]\nLevel=INFO\n[db]\nhost=10.0.0.9\n");
  const entered = temporaryDirectory();
  stack.defer(() => entered[Symbol.dispose]());
  chmodSync(entered.path, 0o755);
  sharedSocket = join(entered.path, "shared.sock");
  port = await freePort();
  writeFileSync(
    join(state, "msec.ini"),
    `[agent]\nlocal_port=${port}\nlocal_socket=${sharedSocket}\nlocal_socket_mode=0660\n`,
  );
  const routes = [1, 2, 3].map((number) => ({
    instanceId: `i${number}`,
    address: "10.0.0.1",
    port: 8000 + number,
    weight: 100,
    zone: `az${number}`,
  }));
  server.setRoutes(5n, [
    { service: SERVICE, version: 5n, routes },
    { service: "Login.empty", version: 4n, routes: [] },
  ]);
  agent = await AgentProcess.start(state, "--config", join(state, "msec.ini"));
  stack.defer(async () => void (await agent.end("SIGKILL")));
  unix = { socketPath: join(state, "run", "local.sock") };
  token = readFileSync(join(state, "agent", "local.token"), "utf8").trim();
  await waitUntil("the routes are there", async () => (await ask("GET", "/v1/services")).body.services.length === 2);
});
after(() => stack.disposeAsync());

test("getroute deals out instances in turn; what updateroute says failed is left out, and the table says why", async () => {
  const lent = [];
  for (let turn = 0; turn < 3; turn++) lent.push((await post("getroute", { service: SERVICE })).body);
  assert.deepEqual(lent.map((route) => route.port).sort(), [8001, 8002, 8003]);
  const { handle, ...first } = lent[0];
  assert.match(handle, /^[A-Za-z0-9_-]{22}$/);
  assert.deepEqual(first, {
    service: SERVICE,
    instanceId: `i${first.port - 8000}`,
    address: "10.0.0.1",
    port: first.port,
    transport: "tcp",
  });
  assert.deepEqual(await post("updateroute", { handle, ok: false, costMs: 3 }), { status: 200, body: {} });
  for (const route of lent.slice(1)) await post("updateroute", { handle: route.handle, ok: true, costMs: 2 });
  const { body } = await ask("GET", `/v1/table?service=${SERVICE}`);
  assert.equal(body.version, 5);
  assert.deepEqual(body.instances[0], {
    instanceId: "i1",
    address: "10.0.0.1",
    port: 8001,
    weight: 100,
    zone: "az1",
    hostId: "",
    transport: "tcp",
  });
  const thought = body.local.find((each: { port: number }) => each.port === first.port);
  assert.match(thought.reason, /^1 transport failure/);
  assert.equal(thought.failuresInRow, 1);
  // The agent's own findings are one voice among the host's processes.
  const caller = await waitUntil("the agent has told what it found", async () => {
    const { callers } = (await ask("GET", `/v1/table?service=${SERVICE}`)).body;
    return callers.length > 0 ? callers[0] : undefined;
  });
  assert.deepEqual([caller.service, caller.instance, caller.pid], ["msec.agent", "local-api", agent.child.pid]);
});

test("the same answers come by the socket for a group and by the loopback port, there with the token", async () => {
  assert.equal(statSync(join(state, "run", "local.sock")).mode & 0o777, 0o600);
  assert.equal(statSync(sharedSocket).mode & 0o777, 0o660);
  assert.equal(statSync(join(state, "agent", "local.token")).mode & 0o777, 0o600);
  const { body } = await askLocal({ socketPath: sharedSocket }, "GET", "/v1/status");
  assert.deepEqual([body.api, body.hostId, body.routeVersion], ["v1", "host1", 5]);
  const tcp = (headers: Record<string, string>, path = "/v1/status") =>
    askLocal({ port }, "GET", path, undefined, headers);
  const authorization = `Bearer ${token}`;
  assert.equal((await tcp({ authorization })).status, 200);
  assert.equal((await tcp({ authorization, host: `localhost:${port}` })).status, 200);
  for (const wrong of [
    {},
    { authorization: `Bearer ${token.slice(1)}A` },
    { authorization: "Bearer" },
    { authorization: token },
  ]) {
    const answer = await tcp(wrong as Record<string, string>);
    assert.deepEqual([answer.status, answer.body.error.code], [401, "Unauthenticated"]);
  }
});

test("another user of the machine is kept out by the sockets' modes and has no token; one of the group is let in", {
  skip: whyNoOtherUser(),
}, async () => {
  const askAs = async (who: { uid: number; gid: number }, ...args: string[]) => {
    try {
      return (await promisify(execFile)("curl", ["-sS", "-m", "60", ...args], who)).stdout;
    } catch (error) {
      return (error as { stderr: string }).stderr;
    }
  };
  const nobody = { uid: 65_534, gid: 65_534 };
  const status = "http://localhost/v1/status";
  assert.match(await askAs(nobody, "--unix-socket", sharedSocket, status), /curl: \(7\)/);
  assert.match(await askAs(nobody, "--unix-socket", join(state, "run", "local.sock"), status), /curl: \(7\)/);
  assert.match(await askAs({ uid: 65_534, gid: 0 }, "--unix-socket", sharedSocket, status), /"api":"v1"/);
  assert.match(await askAs(nobody, `file://${join(state, "agent", "local.token")}`), /curl: \(37\)/);
  assert.match(await askAs(nobody, `http://127.0.0.1:${port}/v1/status`), /Unauthenticated/);
});

/** Why nobody can act here as another user who gets as far as our sockets' own modes; `false` where one can. */
function whyNoOtherUser(): string | false {
  if (process.getuid?.() !== 0) return "only root can act as another user";
  if (spawnSync("curl", ["--version"]).error !== undefined) return "there is no curl on this machine";
  const { error, status } = spawnSync("ls", [tmpdir()], { uid: 65_534, gid: 65_534, stdio: "ignore" });
  return (error !== undefined || status !== 0) && "another user does not get into the temporary directory";
}

test("web pages are refused, be their name made to resolve to 127.0.0.1 or not", async () => {
  const authorization = `Bearer ${token}`;
  for (const headers of [
    { host: `evil.example:${port}` },
    { host: "127.0.0.1" },
    { host: `127.0.0.1.evil.example:${port}` },
    { origin: `http://127.0.0.1:${port}` },
    { origin: "null" },
    { "sec-fetch-site": "same-origin" },
  ]) {
    const answer = await askLocal({ port }, "GET", "/v1/status", undefined, { authorization, ...headers } as Record<
      string,
      string
    >);
    assert.deepEqual([answer.status, answer.body.error.code], [403, "PermissionDenied"], JSON.stringify(headers));
  }
  assert.equal((await askLocal(unix, "GET", "/v1/status", undefined, { origin: "http://localhost" })).status, 403);
  const form = await askLocal(unix, "POST", "/v1/getroute", "service=Login.mod_user", { "content-type": "text/plain" });
  assert.deepEqual([form.status, form.body.error.message], [400, "Content-Type must be application/json"]);
});

test("counters, gauges and log lines arrive in the telemetry of the service that reports them", async () => {
  const samples = [
    { name: "logins", kind: "counter", value: 2 },
    { name: "logins", kind: "counter", value: 3 },
    { name: "temperature", kind: "gauge", value: -4.5 },
  ];
  assert.deepEqual((await post("report", { service: "Flight.web", samples })).body, { taken: 3 });
  const requestId = "0123456789abcdef0123456789abcdef";
  const lines = [
    { level: "info", text: "paid", fields: { amount: 12, token: "hunter2" }, requestId, method: "pay" },
    { level: "WARN", text: "little stock", requestId },
    { level: "debug", text: "below [LOG] Level of its configuration" },
  ];
  assert.deepEqual((await post("log", { service: "Flight.web", lines })).body, { taken: 2, belowLevel: 1 });
  const batches = await waitUntil("both are at the server", () => {
    const decoded = server.telemetry.flatMap(({ envelopes }) =>
      envelopes
        .filter(({ service }) => service === "Flight.web")
        .map(({ instance, batch }) => ({
          instance,
          batch: compileCodec(BatchSchema).decode(batch, 0, batch.length),
        })),
    );
    const hasSamples = decoded.some(({ batch }) => (batch.samples?.nameRef.length ?? 0) > 0);
    return hasSamples && decoded.some(({ batch }) => (batch.logs?.text.length ?? 0) > 0) ? decoded : undefined;
  });
  assert.ok(batches.every(({ instance }) => instance === "local-api"));
  const sums: Record<string, number> = {};
  for (const { batch } of batches) {
    for (const [row, ref] of (batch.samples?.nameRef ?? []).entries()) {
      const name = batch.strings[ref]!;
      sums[name] = (sums[name] ?? 0) + batch.samples!.value[row]!;
    }
  }
  assert.deepEqual(sums, { "usr.logins": 5, "usr.temperature": -4.5 });
  const { logs, strings } = batches.find(({ batch }) => (batch.logs?.text.length ?? 0) > 0)!.batch;
  assert.deepEqual(
    [logs?.text, logs?.level],
    [
      ["paid", "little stock"],
      [9, 13],
    ],
  );
  assert.equal(Buffer.from(logs!.traceIds).toString("hex"), requestId.repeat(2));
  assert.equal(strings[logs!.methodRef[0]!], "pay");
  assert.deepEqual(
    logs!.fieldNameRef.map((ref, row) => [strings[ref], logs!.fieldValue[row]]),
    [
      ["amount", "12"],
      ["token", "[secret]"],
    ],
  );
});

test("a service's configuration is read from its etc/config.ini, anew when it changes", async () => {
  const config = (query: string) => ask("GET", `/v1/config?service=Flight.web${query}`);
  assert.deepEqual((await config("&section=db&key=host")).body, { value: "10.0.0.9" });
  const all = (await config("")).body;
  assert.deepEqual(
    [all.sections.db, all.sections.LOG.Level, all.sections.SRPC.msg_timeout],
    [{ host: "10.0.0.9" }, "INFO", "800"],
  );
  writeFileSync(all.file, "[db]\nhost=10.0.0.10\n");
  assert.deepEqual((await config("&section=db&key=host")).body, { value: "10.0.0.10" });
  assert.equal((await config("&section=db&key=constructor")).status, 404);
  assert.equal((await config("&section=__proto__&key=host")).status, 404);
  assert.equal((await ask("GET", "/v1/config?service=No.such")).status, 404);
  assert.equal((await config("&section=db")).status, 400);
  writeFileSync(all.file, "[SRPC]\nmodul=x\n");
  const broken = await config("&section=db&key=host");
  assert.equal(broken.status, 409);
  assert.match(broken.body.error.message, /config\.ini:2: \[SRPC\] has no key "modul"/);
});

test("what makes no sense is refused with the field's name, and nothing of it is taken", async () => {
  const sample = { name: "x", kind: "gauge", value: 1 };
  const line = { level: "info", text: "x" };
  const cases: [path: string, body: unknown, status: number, message: RegExp][] = [
    ["getroute", { service: "../../etc" }, 400, /^service: expected a service's name/],
    ["getroute", { service: SERVICE, colour: 1 }, 400, /colour/],
    [
      "getroute",
      { service: "Login.mod_usr" },
      404,
      /there is no service Login\.mod_usr; did you mean Login\.mod_user\?/,
    ],
    ["getroute", { service: "Login.empty" }, 503, /has no instance in routing/],
    ["getroute", { service: SERVICE, key: "k".repeat(257) }, 400, /^key/],
    ["updateroute", { handle: "AAAAAAAAAAAAAAAAAAAAAA", ok: true, costMs: 1 }, 404, /not given by this agent/],
    ["updateroute", { handle: "x", ok: true, costMs: -1 }, 400, /^costMs/],
    ["updateroute", '{"handle":"x","ok":true,"costMs":1e999}', 400, /^costMs/],
    ["updateroute", '{"handle":"x","ok":true,"costMs":NaN}', 400, /not JSON/],
    ["updateroute", { handle: "x", ok: "yes", costMs: 1 }, 400, /^ok/],
    ["report", { service: SERVICE, samples: [] }, 400, /^samples/],
    ["report", { service: SERVICE, samples: Array(101).fill(sample) }, 400, /^samples/],
    ["report", { service: SERVICE, samples: [{ ...sample, name: "n".repeat(124) }] }, 400, /has 124 bytes/],
    ["report", { service: SERVICE, samples: [{ ...sample, name: "a\nb" }] }, 400, /cannot be printed/],
    ["report", { service: SERVICE, samples: [{ ...sample, kind: "counter", value: -1 }] }, 400, /counters only grow/],
    [
      "report",
      `{"service":"Login.mod_user","samples":[{"name":"x","kind":"gauge","value":-1e999}]}`,
      400,
      /samples\.?\[0\]\.value/,
    ],
    ["report", { service: SERVICE, instanceId: "i77", samples: [sample] }, 403, /runs no instance i77/],
    ["log", { service: SERVICE, lines: Array(101).fill(line) }, 400, /^lines/],
    ["log", { service: SERVICE, lines: [{ ...line, text: "x".repeat(8_193) }] }, 400, /text/],
    ["log", { service: SERVICE, lines: [{ ...line, level: "loud" }] }, 400, /level/],
    ["log", { service: SERVICE, lines: [{ ...line, fields: { a: { b: 1 } } }] }, 400, /fields/],
    ["log", { service: SERVICE, lines: [{ ...line, requestId: "xyz" }] }, 400, /requestId "xyz" is neither/],
    ["log", { service: SERVICE, lines: [{ ...line, spanId: "0123456789abcdef" }] }, 400, /requestId is missing/],
    [
      "log",
      {
        service: SERVICE,
        lines: [{ ...line, fields: Object.fromEntries(Array.from({ length: 33 }, (_, n) => [n, n])) }],
      },
      400,
      /at most 32 fields/,
    ],
    ["log", "[".repeat(200_000), 400, /not JSON/],
    ["log", Buffer.from([0x22, 0xff, 0x22]).toString("latin1"), 400, /./],
    ["nothing", {}, 404, /there are POST \/v1\/getroute/],
    ["table", {}, 405, /ask GET \/v1\/table/],
  ];
  for (const [path, body, status, message] of cases) {
    const answer = await post(path, body);
    assert.equal(
      answer.status,
      status,
      `${path} ${JSON.stringify(body).slice(0, 100)}: ${JSON.stringify(answer.body)}`,
    );
    assert.match(answer.body.error.message, message);
  }
  assert.equal((await ask("GET", `/v1/table?service=${SERVICE}&service=${SERVICE}`)).status, 400);
});

test("a body, headers, connections beyond the limits are refused, and the agent goes on", async () => {
  const large = await post("log", " ".repeat(300 * 1024));
  assert.deepEqual([large.status, large.body.error.message], [413, "the body has more than 262144 bytes"]);
  const chunked = await askLocal(unix, "POST", "/v1/log", " ".repeat(300 * 1024), { "transfer-encoding": "chunked" });
  assert.equal(chunked.status, 413);
  const path = (unix as { socketPath: string }).socketPath;
  const exchange = (text: string) =>
    new Promise<string>((resolve) => {
      const socket = connect(path);
      let received = "";
      socket.on("data", (chunk) => {
        received += chunk;
      });
      socket.on("close", () => resolve(received)).on("error", () => {});
      socket.write(text);
    });
  assert.match(
    await exchange(`GET /v1/status HTTP/1.1\r\nHost: x\r\nX: ${"y".repeat(9_000)}\r\n\r\n`),
    /^HTTP\/1\.1 431 /,
  );
  assert.match(await exchange("\0\0\0 not http\r\n\r\n"), /^HTTP\/1\.1 400 /);
  assert.match(
    await exchange(
      "POST /v1/log HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    /^HTTP\/1\.1 400 /,
  );
  // More connections than are kept: those beyond are closed without an answer.
  const sockets = Array.from({ length: 300 }, () => connect(path));
  const closed = Promise.withResolvers<void>();
  for (const socket of sockets) socket.on("error", () => {}).once("close", () => closed.resolve());
  await closed.promise;
  for (const socket of sockets) socket.destroy();
  await waitUntil(
    "it answers again",
    async () => (await ask("GET", "/v1/status").catch(() => undefined))?.status === 200,
  );
});

test("an agent does not start with a socket in a directory that others can write", async () => {
  await agent.end("SIGTERM");
  const open = join(state, "open");
  mkdirSync(open);
  chmodSync(open, 0o777);
  const ini = join(state, "msec.ini");
  writeFileSync(ini, `[agent]\nlocal_socket=${open}/x.sock\n`);
  await assert.rejects(AgentProcess.start(state, "--config", ini), /open can be written by other users/);
});
