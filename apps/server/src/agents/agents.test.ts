import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { after, before, describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { create, toBinary } from "@bufbuild/protobuf";
import { ProcessState } from "@msec/api/agent/v1/common_pb.js";
import { RegistryService, ServiceKind } from "@msec/api/console/v1/registry_pb.js";
import { BatchSchema } from "@msec/api/telemetry/v1/telemetry_pb.js";
import { certificateFingerprint, createTlsIdentity, parseAddressPort } from "@msec/process";
import { Code, codeName, RpcError } from "@msec/rpc";
import { dialAgent, enrollAgent, startTestServer, type TestServer } from "../testing/test-server.ts";

const longMs = 20_000;

describe("agents", () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server[Symbol.asyncDispose]());

  const registry = () => server.operator(RegistryService);
  let names = 0;
  /** A service with one instance on the agent's host. */
  const addInstance = async (hostId: string) => {
    const service = `Agents.service_${++names}`;
    await registry().createService({ name: service, kind: ServiceKind.STANDARD, defaultPort: 10_000 + names });
    const { instance } = await registry().addInstance({ service, hostId });
    return { service, id: instance?.id ?? "", port: 10_000 + names };
  };

  describe("enrolment", () => {
    const enroll = (token: string, hostName: string, agent = dialAgent(server)) => ({
      agent,
      done: agent.client.enroll({ token, hostName, address: "10.0.0.2" }),
    });
    const createToken = async (hostName = "") => (await registry().createEnrollToken({ hostName })).token;

    it("tells an operator where agents dial and which certificate they meet there", async () => {
      const { server: where, serverFingerprint } = await registry().createEnrollToken({});
      assert.equal(where, server.server.agents);
      const { address: host = "", port = 0 } = parseAddressPort(where) ?? {};
      const { key, certificate } = createTlsIdentity("probe");
      const socket = connectTls({ host, port, key, cert: certificate, rejectUnauthorized: false });
      await once(socket, "secureConnect");
      assert.equal(certificateFingerprint(socket.getPeerX509Certificate()?.toString() ?? ""), serverFingerprint);
      socket.destroy();
    });

    it("takes a token once, also when two try at the same time", async () => {
      const token = await createToken();
      const tries = [enroll(token, "once-a"), enroll(token, "once-b"), enroll(token, "once-c")];
      const results = await Promise.allSettled(tries.map(({ done }) => done));
      assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1);
      await rejectsWith(enroll(token, "once-d").done, Code.Unauthenticated);
      await Promise.all(tries.map(({ agent }) => agent[Symbol.asyncDispose]()));
    });

    it("refuses a token after fifteen minutes", async () => {
      const token = await createToken();
      server.clock.offsetMs += 15 * 60_000;
      await rejectsWith(enroll(token, "late").done, Code.Unauthenticated, /expired/);
    });

    it("refuses a token that is for another host, and keeps it for that", async () => {
      const token = await createToken("meant");
      await rejectsWith(enroll(token, "other").done, Code.PermissionDenied);
      await enroll(token, "meant").done;
    });

    it("refuses a name that is taken, unless the token was made for it", async () => {
      await using first = await enrollAgent(server, "taken");
      await rejectsWith(enroll(await createToken(), "taken").done, Code.AlreadyExists, /taken/);
      const { id } = await addInstance(first.hostId);
      await registry().setRouting({ instanceIds: [id], inRouting: true });
      await using second = await enrollAgent(server, "taken");
      assert.notEqual(second.hostId, first.hostId);
      await rejectsWith(first.client.reportHost({}), Code.Unauthenticated, /enrol it again/);
      const { assignments } = await second.client.watchAssignment({ appliedVersion: 0n, waitMs: 0 });
      assert.deepEqual(
        assignments.map(({ instanceId }) => instanceId),
        [id],
      );
      const { tables } = await second.client.watchRoutes({ appliedVersion: 0n, waitMs: 0 });
      const route = tables.flatMap((table) => table.routes).find(({ instanceId }) => instanceId === id);
      assert.equal(route?.hostId, second.hostId);
    });

    it("gives one key to one host", async () => {
      await using first = await enrollAgent(server, "key-a");
      await rejectsWith(
        enroll(await createToken(), "key-b", dialAgent(server, first.identity)).done,
        Code.AlreadyExists,
      );
    });

    it("refuses host names and addresses that are none", async () => {
      const token = await createToken();
      await using agent = dialAgent(server);
      for (const hostName of ["", "a b", "-a", "a".repeat(64), "a/../b"]) {
        await rejectsWith(
          agent.client.enroll({ token, hostName, address: "10.0.0.1" }),
          Code.InvalidArgument,
          /host name/,
        );
      }
      await rejectsWith(agent.client.enroll({ token, hostName: "ok", address: "0.0.0.0" }), Code.InvalidArgument);
    });
  });

  it("refuses every method but enrolment to a certificate that belongs to no host", async () => {
    await using stranger = dialAgent(server);
    const { client } = stranger;
    const calls = [
      client.watchRoutes({}),
      client.watchAssignment({}),
      client.reportHost({}),
      client.reportTelemetry({}),
    ];
    for (const call of calls) {
      await rejectsWith(call, Code.Unauthenticated);
    }
  });

  it("closes connections without a certificate, and those without TLS", async () => {
    const { address: host = "", port = 0 } = parseAddressPort(server.server.agents) ?? {};
    const naked = connectTls({ host, port, rejectUnauthorized: false, maxVersion: "TLSv1.3" });
    naked.on("error", () => {}).resume();
    naked.on("secureConnect", () => naked.write("("));
    await once(naked, "close");
    const plain = connectTcp({ host, port });
    // They are told why; what is not read keeps a socket open.
    plain.on("error", () => {}).resume();
    plain.write("GET / HTTP/1.1\r\n\r\n");
    await once(plain, "close");
  });

  it("wakes a waiting agent at a change, long before its wait is over, with that table only", async () => {
    await using agent = await enrollAgent(server, "waits");
    const { id, service, port } = await addInstance(agent.hostId);
    let { version: applied } = await agent.client.watchRoutes({ appliedVersion: 0n, waitMs: 0 });
    for (const inRouting of [true, false, true, false, true]) {
      const request = { appliedVersion: applied, waitMs: longMs };
      const waiting = agent.client
        .watchRoutes(request, { timeoutMs: longMs })
        .then((answer) => ({ answer, atMs: performance.now() }));
      // The question has reached the server when another on the same connection has been answered.
      await agent.client.reportHost({});
      const { routeVersion } = await registry().setRouting({ instanceIds: [id], inRouting });
      const changedMs = performance.now();
      const { answer, atMs } = await waiting;
      assert.ok(atMs - changedMs < longMs / 2, `took ${atMs - changedMs} ms`);
      applied = answer.version;
      assert.deepEqual([applied, answer.replaceAll], [routeVersion, false]);
      assert.deepEqual(
        answer.tables.map((table) => [
          table.service,
          table.version,
          table.routes.map((route) => `${route.address}:${route.port}`),
        ]),
        [[service, routeVersion, inRouting ? [`10.0.0.1:${port}`] : []]],
      );
    }
  });

  it("gives an empty table, not none, where the last instance was taken out", async () => {
    await using agent = await enrollAgent(server, "empties");
    const { id, service } = await addInstance(agent.hostId);
    const into = await registry().setRouting({ instanceIds: [id], inRouting: true });
    await registry().setRouting({ instanceIds: [id], inRouting: false });
    const { tables } = await agent.client.watchRoutes({ appliedVersion: into.routeVersion, waitMs: 0 });
    assert.deepEqual(
      tables.map((table) => [table.service, table.routes]),
      [[service, []]],
    );
  });

  it("answers a wait without news after its time, with the version and no tables", async () => {
    await using agent = await enrollAgent(server, "patient");
    const { version } = await agent.client.watchRoutes({ appliedVersion: 0n, waitMs: 0 });
    const answer = await agent.client.watchRoutes({ appliedVersion: version, waitMs: 30 });
    assert.deepEqual([answer.version, answer.tables], [version, []]);
  });

  it("wakes the agent whose assignment changed, and no other", async () => {
    await using agent = await enrollAgent(server, "assigned");
    await using other = await enrollAgent(server, "unassigned");
    let othersAnswers = 0;
    const others = other.client
      .watchAssignment({ appliedVersion: 0n, waitMs: longMs }, { timeoutMs: longMs })
      .then(() => othersAnswers++);
    const ended = assert.rejects(others);
    await other.client.reportHost({});
    const waiting = agent.client.watchAssignment({ appliedVersion: 0n, waitMs: longMs }, { timeoutMs: longMs });
    await agent.client.reportHost({});
    const { id, service, port } = await addInstance(agent.hostId);
    const { assignments, version } = await waiting;
    assert.ok(version > 0n);
    assert.deepEqual(
      assignments.map((assignment) => [assignment.instanceId, assignment.service, assignment.port, assignment.run]),
      [[id, service, port, true]],
    );
    // What it was told before this answer has come before it as well.
    await other.client.reportHost({});
    assert.equal(othersAnswers, 0);
    await other.channel.close({ graceMs: 0 });
    await ended;
  });

  it("shows what an agent reported and has applied, also after a restart", async () => {
    await using agent = await enrollAgent(server, "reports");
    const { id, service } = await addInstance(agent.hostId);
    const process = {
      name: service,
      instanceId: id,
      state: ProcessState.RUNNING,
      pid: 4711,
      memoryBytes: 1e8,
      restarts: 2,
    };
    await agent.client.reportHost({ processes: [process], load1m: 0.5, cpus: 4, memoryTotalBytes: 8e9 });
    const { routeVersion } = await registry().setRouting({ instanceIds: [id], inRouting: true });
    await agent.client.watchRoutes({ appliedVersion: routeVersion, waitMs: 0 });
    const look = async () => {
      const { hosts } = await registry().listHosts({});
      const host = hosts.find(({ name }) => name === "reports");
      const { service: seen } = await registry().getService({ name: service });
      return { host, process: seen?.instances[0]?.process, reportedMs: seen?.instances[0]?.reportedMs };
    };
    const before = await look();
    assert.deepEqual(
      [before.host?.load1m, before.host?.cpus, before.host?.appliedRouteVersion],
      [0.5, 4, routeVersion],
    );
    assert.deepEqual(
      [before.process?.pid, before.process?.state, before.process?.restarts],
      [4711, ProcessState.RUNNING, 2],
    );
    assert.equal(before.host?.connected, true);
    await server.restart();
    const after = await look();
    assert.deepEqual(after.host, before.host);
    assert.deepEqual(after.process, before.process);
    server.clock.offsetMs += 16_000;
    assert.equal((await look()).host?.connected, false);
  });

  it("notices that an agent went away while it waited", async () => {
    const agent = await enrollAgent(server, "leaves");
    const waiting = agent.client.watchRoutes({ appliedVersion: 1_000n, waitMs: longMs }, { timeoutMs: longMs });
    const failed = assert.rejects(waiting);
    await agent.client.reportHost({});
    server.clock.offsetMs += 1;
    await agent[Symbol.asyncDispose]();
    await failed;
    const isConnected = async () =>
      (await registry().listHosts({})).hosts.find(({ name }) => name === "leaves")?.connected;
    while (await isConnected()) {
      await turn();
    }
  });

  it("holds back agents with newer routes than its own until an operator says what counts", async () => {
    await using agent = await enrollAgent(server, "newer");
    const applied = { appliedVersion: 999_999n, waitMs: 0 };
    const held = await agent.client.watchRoutes(applied);
    assert.deepEqual([held.tables, held.replaceAll], [[], false]);
    assert.ok(server.log.some((line) => line.includes("--replace-routes")));
    await server.restart({ replaceRoutes: true });
    await using again = dialAgent(server, agent.identity);
    const { tables, replaceAll, version } = await again.client.watchRoutes(applied);
    assert.equal(replaceAll, true);
    assert.ok(tables.length > 0 && version < 999_999n);
  });

  it("says that telemetry cannot be stored while its store does not answer", async () => {
    await using agent = await enrollAgent(server, "telemetry");
    const samples = { timeS: [Math.floor(Date.now() / 1000)], nameRef: [1], kind: [1], value: [1] };
    const batch = toBinary(BatchSchema, create(BatchSchema, { strings: ["", "usr.test"], samples }));
    const request = { sequence: 1n, envelopes: [{ service: "A.bc", instance: "pid:1", batch }] };
    await rejectsWith(agent.client.reportTelemetry(request), Code.Unavailable, /telemetry store/);
  });
});

async function rejectsWith(work: Promise<unknown>, code: Code, message = /./): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof RpcError);
    assert.equal(codeName(error.code), codeName(code), error.message);
    assert.match(error.message, message);
    return true;
  });
}
