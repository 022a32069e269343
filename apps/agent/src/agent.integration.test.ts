import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { ProcessState } from "@msec/api/agent/v1/common_pb.js";
import { isAlive, readRunRecord, readRunRecords } from "@msec/process";
import { freePort, waitUntil } from "@msec/process/testing";
import { Code, RpcError } from "@msec/rpc";
import { AgentProcess, endEverything, registeringService, rootOf } from "./testing/agent-process.ts";
import { ControlServer } from "./testing/control-server.ts";
import { installService } from "./testing/service-tree.ts";
import { temporaryDirectory } from "./testing/temporary-directory.ts";

const SERVICE = "Flight.mod_flight";

/** A server, a state directory with a token, and one service installed. */
async function testCluster() {
  const directory = temporaryDirectory();
  const state = directory.path;
  const server = await ControlServer.start();
  const leaveToken = (token: string) => {
    mkdirSync(join(state, "agent"), { recursive: true });
    writeFileSync(join(state, "agent", "enroll.json"), server.enrolment(token));
  };
  leaveToken("first");
  installService(rootOf(state), SERVICE, "service.mjs", registeringService());
  const agents: AgentProcess[] = [];
  return {
    server,
    state,
    leaveToken,
    async startAgent(...flags: string[]) {
      const agent = await AgentProcess.start(state, ...flags);
      agents.push(agent);
      return agent;
    },
    async [Symbol.asyncDispose]() {
      for (const agent of agents) await agent.end("SIGKILL");
      await endEverything(state);
      await server[Symbol.asyncDispose]();
      directory[Symbol.dispose]();
    },
  };
}

const table = (version: bigint, port: number, service = SERVICE) => ({
  service,
  version,
  routes: [{ instanceId: "i1", address: "127.0.0.1", port, weight: 100, hostId: "host1" }],
});

const assignment = (port: number) => ({ instanceId: "i1", service: SERVICE, address: "127.0.0.1", port, run: true });

async function pidAt(port: number): Promise<number | undefined> {
  try {
    let text = "";
    for await (const chunk of connect(port, "127.0.0.1")) text += chunk;
    return Number(text) || undefined;
  } catch {
    return undefined;
  }
}

test("an agent enrols, runs what it is assigned, hands on routes, and tells of its host", async () => {
  await using cluster = await testCluster();
  const { server, state } = cluster;
  const port = await freePort();
  server.setRoutes(1n, [table(1n, port)]);
  server.assign(1n, [assignment(port)]);
  const agent = await cluster.startAgent();
  const { client, channel } = agent.connect();
  await using _channel = channel;

  await client.register({ service: "Flight.traffic", pid: process.pid });
  const routes = await waitUntil("the routes are there", async () => {
    const answer = await client.watchRoutes({ appliedVersion: 0n, waitMs: 1000 });
    return answer.tables.length > 0 ? answer : undefined;
  });
  assert.equal(routes.tables[0]?.routes[0]?.port, port);
  await waitUntil("the instance serves", () => pidAt(port));
  const report = await waitUntil("the server hears that it runs", () =>
    server.reports.find(({ processes }) =>
      processes.some(({ name, state }) => name === SERVICE && state === ProcessState.RUNNING),
    ),
  );
  const instance = report.processes.find(({ name }) => name === SERVICE)!;
  assert.equal(instance.pid, await pidAt(port));
  assert.ok(instance.memoryBytes > 1e6 && instance.startedMs > Date.now() - 60_000);
  assert.equal(instance.listen, `127.0.0.1:${port}`);
  const itself = report.processes.find(({ name }) => name === "agent")!;
  assert.equal(itself.pid, agent.child.pid);
  assert.ok(report.memoryTotalBytes > 0 && report.cpus > 0 && report.agentVersion !== "");

  const status = await client.getStatus({});
  assert.equal(status.connected, true);
  assert.equal(status.hostId, "host1");
  assert.equal(status.routeVersion, 1n);
  assert.equal(existsSync(join(state, "agent", "enroll.json")), false, "the token is used up");
  assert.equal(statSync(join(state, "agent", "identity.json")).mode & 0o777, 0o600);
  assert.equal(statSync(agent.socket).mode & 0o777, 0o600);

  const waiting = client.watchRoutes({ appliedVersion: 1n, waitMs: 20_000 });
  server.setRoutes(2n, [table(1n, port), table(2n, 7965, "Login.mod_user")]);
  const changed = await waiting;
  assert.deepEqual(
    changed.tables.map(({ service }) => service),
    ["Login.mod_user"],
  );

  server.assign(2n, []);
  await waitUntil("the instance is gone", async () => (await pidAt(port)) === undefined);
});

test("an instance that is killed serves again within a second, and the server hears why", async () => {
  await using cluster = await testCluster();
  const { server } = cluster;
  const port = await freePort();
  server.assign(1n, [assignment(port)]);
  await cluster.startAgent();
  const before = await waitUntil("it serves", () => pidAt(port));
  await waitUntil("the server hears that it runs", () =>
    server.reports.at(-1)?.processes.some(({ state, name }) => name === SERVICE && state === ProcessState.RUNNING),
  );
  process.kill(before, "SIGKILL");
  const killedMs = Date.now();
  await waitUntil("it serves again", () => pidAt(port));
  const again = await waitUntil("the server hears of it", () =>
    server.reports.flatMap(({ processes }) => processes).find(({ restarts, pid }) => restarts === 1 && pid > 0),
  );
  assert.ok(again.reason.startsWith("was killed by SIGKILL"));
  // To its start, not to its first answer: how long Node takes to load it on a busy machine is not the agent's doing.
  const downMs = again.startedMs - killedMs;
  assert.ok(downMs < 10_000, `it took ${downMs} ms`);
});

test("an instance of several processes is one instance, and its workers are listed with it", async () => {
  await using cluster = await testCluster();
  const { server, state } = cluster;
  installService(rootOf(state), SERVICE, "service.mjs", registeringService(2));
  const port = await freePort();
  server.assign(1n, [assignment(port)]);
  const agent = await cluster.startAgent();
  const findInstance = () =>
    server.reports.at(-1)?.processes.find(({ name, workers }) => name === SERVICE && workers.length === 2);
  const instance = await waitUntil("the server hears of two workers", findInstance);
  assert.equal(instance.state, ProcessState.RUNNING);
  assert.equal(instance.pid, readRunRecords(state).find(({ role }) => role === "instance")?.pid);
  for (const { pid, memoryBytes } of instance.workers) {
    assert.notEqual(pid, instance.pid);
    assert.ok(memoryBytes > 1e6);
  }
  process.kill(instance.workers[0]!.pid, "SIGKILL");
  await waitUntil("the one that ended is not listed any more", async () => {
    const { client, channel } = agent.connect();
    const { processes } = await client.getStatus({});
    await channel.close();
    return processes.find(({ name }) => name === SERVICE)?.workers.length === 1;
  });
});

test("an agent that is killed leaves its instances running; the next adopts them, with the server dead", async () => {
  await using cluster = await testCluster();
  const { server, state } = cluster;
  const port = await freePort();
  server.setRoutes(7n, [table(7n, port)]);
  server.assign(3n, [assignment(port)]);
  const first = await cluster.startAgent();
  const pid = await waitUntil("it serves", () => pidAt(port));
  await waitUntil("routes are on disk", () => existsSync(join(state, "agent", "routes.json")));
  await server.die();
  await first.end("SIGKILL");
  assert.equal(await pidAt(port), pid, "it goes on without its agent");

  const second = await cluster.startAgent();
  const { client, channel } = second.connect();
  await using _channel = channel;
  const running = await waitUntil("it is adopted", async () =>
    (await client.getStatus({})).processes.find(
      ({ name, state }) => name === SERVICE && state === ProcessState.RUNNING,
    ),
  );
  assert.equal(running.pid, pid);
  assert.equal(running.restarts, 0);
  await client.register({ service: "Flight.traffic", pid: process.pid });
  const routes = await client.watchRoutes({ appliedVersion: 0n, waitMs: 0 });
  assert.equal(routes.version, 7n);
  assert.equal(routes.tables[0]?.routes[0]?.port, port);

  process.kill(pid, "SIGKILL");
  const again = await waitUntil("it is started again", () => pidAt(port));
  assert.notEqual(again, pid);
  const status = await client.getStatus({});
  assert.equal(status.connected, false);
  assert.notEqual(status.connectionError, "");

  await server.listen();
  await waitUntil("it is connected again", async () => (await client.getStatus({})).connected);
});

test("stopping an agent leaves instances running, or stops them when it was told to; a second agent is refused", async () => {
  await using cluster = await testCluster();
  const { server, state } = cluster;
  const port = await freePort();
  server.assign(1n, [assignment(port)]);
  const first = await cluster.startAgent();
  const pid = await waitUntil("it serves", () => pidAt(port));
  await assert.rejects(cluster.startAgent(), {
    message: new RegExp(`agent directory .* is in use by process ${first.child.pid}; stop it first`),
  });
  assert.equal(await first.end("SIGTERM"), 0);
  assert.equal(await pidAt(port), pid);
  assert.equal(readRunRecord(state, "agent"), undefined);

  const second = await cluster.startAgent("--stop-instances");
  assert.equal(await second.end("SIGTERM"), 0);
  assert.equal(await pidAt(port), undefined);
  assert.deepEqual(readRunRecords(state), []);
});

test("telemetry is spooled while the server is away, survives kill -9 with a torn tail, and arrives once, in order", async () => {
  await using cluster = await testCluster();
  const { server, state } = cluster;
  const first = await cluster.startAgent();
  const { client, channel } = first.connect();
  await client.register({ service: "Flight.traffic", pid: process.pid });
  const batch = (text: string) => ({ batch: new TextEncoder().encode(text) });
  const texts = () =>
    server.telemetry.flatMap(({ envelopes }) => envelopes.map((envelope) => Buffer.from(envelope.batch).toString()));

  await waitUntil("it is connected", async () => (await client.getStatus({})).connected);
  // Within 200 ms while the server is there: not each on a busy machine, but then another.
  const direct: string[] = [];
  for (let tookMs = Number.POSITIVE_INFINITY; tookMs >= 200; ) {
    assert.ok(direct.length < 50, "none of fifty arrived within 200 ms");
    const sentAt = performance.now();
    direct.push(`direct ${direct.length}`);
    await client.report(batch(direct.at(-1)!));
    await waitUntil("it arrives", () => texts().length === direct.length);
    tookMs = performance.now() - sentAt;
  }
  assert.equal(server.telemetry[0]?.envelopes[0]?.service, "Flight.traffic");
  assert.equal(server.telemetry[0]?.envelopes[0]?.instance, `pid:${process.pid}`);

  // What the server has is sent again where its answer was lost.
  await waitUntil("it knows that all of it arrived", async () => (await client.getStatus({})).spooledBytes === 0);
  await server.die();
  for (const text of ["one", "two", "three", "torn"]) await client.report(batch(text));
  assert.ok((await client.getStatus({})).spooledBytes > 0);
  await channel.close({ graceMs: 0 });
  await first.end("SIGKILL");
  const spool = join(state, "agent", "spool");
  const newest = readdirSync(spool)
    .sort()
    .map((name) => join(spool, name))
    .findLast((file) => statSync(file).size > 0)!;
  truncateSync(newest, statSync(newest).size - 2);

  await server.listen();
  await cluster.startAgent();
  await waitUntil("the spool arrives", () => texts().length === direct.length + 3);
  assert.deepEqual(texts(), [...direct, "one", "two", "three"]);
  const sequences = server.telemetry.map(({ sequence }) => sequence);
  assert.equal(new Set(sequences).size, sequences.length);
  assert.deepEqual(
    sequences,
    sequences.toSorted((a, b) => Number(a - b)),
  );
});

test("a batch that the server refuses costs only itself", async () => {
  await using cluster = await testCluster();
  const { server } = cluster;
  const agent = await cluster.startAgent();
  const { client, channel } = agent.connect();
  await using _channel = channel;
  await client.register({ service: "Flight.traffic", pid: process.pid });
  const isBad = (bytes: Uint8Array) => Buffer.from(bytes).toString() === "bad";
  server.refuseTelemetry = ({ envelopes }) =>
    envelopes.some(({ batch }) => isBad(batch)) ? new RpcError(Code.InvalidArgument, "not a batch") : undefined;
  await Promise.all(["good", "bad", "fine"].map((text) => client.report({ batch: new TextEncoder().encode(text) })));
  await waitUntil("the others arrive", () => server.telemetry.flatMap(({ envelopes }) => envelopes).length === 2);
  await waitUntil("the spool is empty", async () => (await client.getStatus({})).spooledBytes === 0);
  assert.equal((await client.getStatus({})).droppedBatches, 1n);
});

test("damaged routes are set aside and fetched again", async () => {
  await using cluster = await testCluster();
  const { server, state } = cluster;
  server.setRoutes(4n, [table(4n, 7963)]);
  const first = await cluster.startAgent();
  const file = join(state, "agent", "routes.json");
  await waitUntil("routes are on disk", () => existsSync(file));
  await first.end("SIGKILL");
  writeFileSync(file, readFileSync(file, "utf8").replace("7963", "7964"));
  const second = await cluster.startAgent();
  assert.ok(existsSync(`${file}.damaged`));
  const { client, channel } = second.connect();
  await using _channel = channel;
  await client.register({ service: "Flight.traffic", pid: process.pid });
  const routes = await waitUntil("they are here again", async () => {
    const answer = await client.watchRoutes({ appliedVersion: 0n, waitMs: 1000 });
    return answer.unknown ? undefined : answer;
  });
  assert.equal(routes.tables[0]?.routes[0]?.port, 7963);
});

test("a server that does not know the host any more gets it back with a new token, while instances run on", async () => {
  await using cluster = await testCluster();
  const { server } = cluster;
  const port = await freePort();
  server.setRoutes(9n, [table(9n, port)]);
  server.assign(9n, [assignment(port)]);
  const agent = await cluster.startAgent();
  const pid = await waitUntil("it serves", () => pidAt(port));
  server.hosts.clear();
  server.setRoutes(1n, [table(1n, port)]);
  server.assign(1n, [assignment(port)]);
  cluster.leaveToken("second");
  await waitUntil("it is enrolled again", () => server.hosts.size === 1);
  const { client, channel } = agent.connect();
  await using _channel = channel;
  await waitUntil("the new server's versions hold", async () => (await client.getStatus({})).routeVersion === 1n);
  assert.equal(await pidAt(port), pid);
});

test("an agent without token, with a refused one, or facing another server than the pinned one says what to do", async () => {
  await using cluster = await testCluster();
  const { server, state } = cluster;
  server.tokens.clear();
  const endsWith = async (message: RegExp) => {
    const agent = await cluster.startAgent();
    let errors = "";
    agent.child.stderr!.on("data", (chunk) => {
      errors += chunk;
    });
    await waitUntil("it ends", () => agent.child.exitCode !== null);
    assert.equal(agent.child.exitCode, 1);
    await waitUntil("it says why", () => message.test(errors));
  };
  await endsWith(
    /refused to enrol this host: this token is unknown or used; get a new one on the server's machine \(msec token --host/,
  );

  const other = JSON.stringify({ server: server.address, fingerprint: "0".repeat(64), token: "x" });
  writeFileSync(join(state, "agent", "enroll.json"), other);
  await endsWith(/the server's certificate is not the expected one; get a new one on the server's machine/);
  assert.equal(server.hosts.size, 0);

  writeFileSync(join(state, "agent", "enroll.json"), "");
  await assert.rejects(cluster.startAgent(), /enroll\.json: server: .*; it must be \{"server"/);
  unlinkSync(join(state, "agent", "enroll.json"));
  await assert.rejects(cluster.startAgent(), /this host is not enrolled and there is no enrolment token; get one/);
});

test("what a bad local client sends is refused, and others are served as before", async () => {
  await using cluster = await testCluster();
  const port = await freePort();
  cluster.server.assign(1n, [assignment(port)]);
  const agent = await cluster.startAgent();
  const pid = await waitUntil("it serves", () => pidAt(port));
  const { client, channel } = agent.connect();
  await using _channel = channel;
  const refused = (call: Promise<unknown>, code: Code, message: RegExp) =>
    assert.rejects(call, (error) => error instanceof RpcError && error.code === code && message.test(error.message));
  const whoIs = { service: SERVICE, listen: `127.0.0.1:${port}`, pid, instanceId: "i1" };

  await refused(client.report({ batch: new Uint8Array(1) }), Code.FailedPrecondition, /Register first/);
  await refused(client.register({ service: "x", pid: process.pid }), Code.InvalidArgument, /is not L1\.L2/);
  await refused(client.register({ service: SERVICE, pid: 0 }), Code.InvalidArgument, /no process of this host/);
  await refused(
    client.register({ ...whoIs, pid: process.pid }),
    Code.PermissionDenied,
    /is not the one that this agent started/,
  );
  await refused(client.register({ ...whoIs, instanceId: "i2" }), Code.PermissionDenied, /runs no instance i2/);
  await refused(
    client.register({ ...whoIs, service: "Login.mod_user" }),
    Code.PermissionDenied,
    /runs no instance i1 of/,
  );
  await refused(client.register({ ...whoIs, listen: "127.0.0.1:1" }), Code.InvalidArgument, /is assigned/);

  await client.register({ service: "Flight.traffic", pid: process.pid });
  await client.register({ service: "Flight.traffic", pid: process.pid });
  await refused(
    client.register({ service: "Flight.other", pid: process.pid }),
    Code.FailedPrecondition,
    /is Flight\.traffic/,
  );
  await refused(client.watchRoutes({ waitMs: 60_001 }), Code.InvalidArgument, /wait_ms 60001 must be 0…60000/);
  await refused(client.report({ batch: new Uint8Array(0) }), Code.InvalidArgument, /expected 1…1048576/);
  await refused(client.report({ batch: new Uint8Array(1024 * 1024 + 1) }), Code.InvalidArgument, /expected 1…1048576/);
  const polls = Array.from({ length: 4 }, () =>
    client.watchRoutes({ appliedVersion: 0n, waitMs: 60_000 }).catch(() => {}),
  );
  await refused(client.watchRoutes({ appliedVersion: 0n, waitMs: 60_000 }), Code.ResourceExhausted, /4 polls/);
  const flood: PromiseSettledResult<unknown>[] = [];
  for (let wave = 0; wave < 5; wave++) {
    const reports = Array.from({ length: 10 }, () => client.report({ batch: new Uint8Array(1024 * 1024) }));
    flood.push(...(await Promise.allSettled(reports)));
  }
  assert.ok(
    flood.some(({ status }) => status === "fulfilled"),
    "batches of 1 MiB are taken",
  );
  assert.ok(flood.some((result) => result.status === "rejected" && /4 MiB a second/.test(String(result.reason))));

  const rubbish = connect(agent.socket);
  rubbish.write(Buffer.alloc(100_000, 0xff));
  await new Promise((closed) =>
    rubbish
      .on("close", closed)
      .on("error", () => {})
      .resume(),
  );
  const good = agent.connect();
  await good.client.register({ service: "Login.traffic", pid: process.pid });
  await good.client.report({ batch: new Uint8Array(10) });
  await good.channel.close({ graceMs: 0 });
  assert.ok(isAlive(readRunRecord(cluster.state, "agent")!));
  await channel.close({ graceMs: 0 });
  await Promise.all(polls);
});
