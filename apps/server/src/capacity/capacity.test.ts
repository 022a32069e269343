import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { ProcessSchema, ProcessState } from "@msec/api/agent/v1/common_pb.js";
import { ReloadProgressSchema, ReloadService, ReloadState } from "@msec/api/agent/v1/reload_pb.js";
import {
  CapacityService,
  LoadResource,
  type Operation,
  OperationKind,
  OperationState,
  OperationStep,
} from "@msec/api/console/v1/capacity_pb.js";
import { RegistryService, RouteState, ServiceKind } from "@msec/api/console/v1/registry_pb.js";
import { combineDigests, routeTableDigest } from "@msec/api/routes";
import { createClient as createRpcClient } from "@msec/rpc";
import { dialAgent, enrollAgent, startTestServer, type TestServer } from "../testing/test-server.ts";

type Agent = Awaited<ReturnType<typeof enrollAgent>>;

describe("capacity", () => {
  let server: TestServer;
  let agents: Agent[];
  before(async () => {
    server = await startTestServer();
    agents = [await enrollAgent(server, "one"), await enrollAgent(server, "two")];
    // A host that never said anything has no callers.
    for (const { client } of agents) await client.reportRoutes({});
  });
  after(async () => {
    for (const agent of agents) await agent[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  const registry = () => server.operator(RegistryService);
  const capacity = () => server.operator(CapacityService);
  let ports = 30_000;
  /** A service with instances on the first agent's host, in routing, of which that agent says that they run. */
  const serve = async (count: number, inRouting = true) => {
    const service = `Capacity.service_${ports}`;
    await registry().createService({ name: service, kind: ServiceKind.STANDARD });
    const ids: string[] = [];
    for (let index = 0; index < count; index++) {
      const added = await registry().addInstance({ service, hostId: agents[0]!.hostId, port: ++ports });
      ids.push(added.instance!.id);
    }
    if (inRouting) await registry().setRouting({ instanceIds: ids, inRouting: true });
    await report(ids, { state: ProcessState.RUNNING, pid: 5, answers: true });
    return { service, ids, ports: ids.map((_, index) => ports - count + 1 + index) };
  };
  const report = async (ids: string[], process: object) =>
    await agents[0]!.client.reportHost({
      cpus: 2,
      cpuPercent: 63,
      memoryTotalBytes: 100,
      memoryAvailableBytes: 75,
      diskTotalBytes: 100,
      diskAvailableBytes: 10,
      processes: ids.map((instanceId) =>
        create(ProcessSchema, { instanceId, cpuPercent: 12, memoryBytes: 1e6, ...process }),
      ),
    });
  const use = async (agent: Agent, version: bigint, digest = 0n) =>
    await agent.client.reportRoutes({ appliedVersion: version, usedVersion: version, digest });
  const newest = async () => (await registry().listHosts({})).routeVersion;
  const watchUntil = async (operation: Operation | undefined, holds: (operation: Operation) => boolean) => {
    let seen = operation!;
    while (!holds(seen)) {
      const answer = await capacity().watchOperation({ id: seen.id, revision: seen.revision, waitMs: 10_000 });
      const isOver = seen.state !== OperationState.RUNNING;
      seen = answer.operation!;
      assert.ok(!isOver || holds(seen), `it ended: ${seen.summary}`);
    }
    return seen;
  };

  it("takes an instance out as agents say that nobody calls it any more, and shows how far that is", async () => {
    const {
      ids,
      ports: [port],
    } = await serve(2);
    const started = await capacity().startOperation({ kind: OperationKind.OUT, instanceIds: [ids[0]!] });
    assert.equal(started.operation?.startedBy, "operator");
    const switched = await watchUntil(
      started.operation,
      ({ instances }) => instances[0]?.routeVersion !== 0n && instances[0]?.hosts === 2,
    );
    const version = switched.instances[0]!.routeVersion;
    assert.equal(version, await newest());
    await use(agents[0]!, version);
    const half = await watchUntil(switched, ({ instances }) => instances[0]?.hostsAcknowledged === 1);
    assert.deepEqual(
      half.instances[0]?.waiting.map(({ name, usedRouteVersion }) => [name, usedRouteVersion < version]),
      [["two", true]],
    );
    assert.match(half.summary, new RegExp(`10\\.0\\.0\\.1:${port}: 1 of 2 hosts use version ${version}; two`));
    await use(agents[1]!, version);
    const drains = await watchUntil(half, ({ instances }) => instances[0]?.step === OperationStep.DRAINING);
    await report(ids, { state: ProcessState.RUNNING, pid: 5, inFlight: 3, callsBegun: 10n });
    const three = await watchUntil(drains, ({ instances }) => instances[0]?.inFlight === 3);
    assert.match(three.summary, /3 calls in flight/);
    for (let reports = 0; reports < 2; reports++) {
      server.clock.offsetMs += 1;
      await report(ids, { state: ProcessState.RUNNING, pid: 5, inFlight: 0, callsBegun: 10n });
      if (reports === 0) await watchUntil(three, ({ instances }) => instances[0]?.inFlight === 0);
    }
    const done = await watchUntil(three, ({ state }) => state !== OperationState.RUNNING);
    assert.equal(done.state, OperationState.DONE);
    assert.equal(
      (await capacity().listOperations({ service: switched.instances[0]!.service })).operations[0]?.state,
      OperationState.DONE,
    );
  });

  it("goes on after a restart of the server", async () => {
    const { ids } = await serve(2);
    const { operation } = await capacity().startOperation({ kind: OperationKind.OUT, instanceIds: [ids[1]!] });
    const switched = await watchUntil(
      operation,
      ({ instances }) => instances[0]?.step === OperationStep.CALLERS && instances[0].routeVersion !== 0n,
    );
    await server.restart();
    for (const [index, agent] of agents.entries()) {
      agents[index] = { ...dialAgent(server, agent.identity), hostId: agent.hostId };
    }
    for (const agent of agents) await use(agent, switched.instances[0]!.routeVersion);
    const drains = await watchUntil(switched, ({ instances }) => instances[0]?.step === OperationStep.DRAINING);
    server.clock.offsetMs += 1;
    await report(ids, { state: ProcessState.STOPPED });
    assert.equal(
      (await watchUntil(drains, ({ state }) => state !== OperationState.RUNNING)).state,
      OperationState.DONE,
    );
  });

  it("starts with an order that the agent gets, and fails with the last words of what does not", async () => {
    const { ids } = await serve(1, false);
    await report(ids, { state: ProcessState.STOPPED });
    const { operation } = await capacity().startOperation({ kind: OperationKind.START, instanceIds: ids });
    const starting = await watchUntil(operation, ({ instances }) => instances[0]?.step === OperationStep.STARTING);
    const { assignments } = await agents[0]!.client.watchAssignment({ appliedVersion: 0n, waitMs: 0 });
    const assignment = assignments.find(({ instanceId }) => instanceId === ids[0]);
    assert.deepEqual([assignment?.run, assignment?.generation], [true, 1n]);
    const reason = "exited with status 1; its last output: no such table: flights";
    await report(ids, { state: ProcessState.BACKING_OFF, generation: 1n, reason });
    const failed = await watchUntil(starting, ({ state }) => state !== OperationState.RUNNING);
    assert.deepEqual([failed.state, failed.instances[0]?.reason], [OperationState.FAILED, reason]);
  });

  it("has the agent of the instance's host reload it, and no other, also after a restart of the server", async () => {
    const { ids } = await serve(1);
    const { operation } = await capacity().startOperation({ kind: OperationKind.RELOAD, instanceIds: ids });
    const reloads = (agent: Agent) => createRpcClient(ReloadService, agent.channel.call);
    const { orders } = await reloads(agents[0]!).watchReloads({ waitMs: 10_000 });
    const orderId = orders[0]!.id;
    assert.deepEqual([orders.length, orders[0]?.instanceId], [1, ids[0]]);
    const forged = create(ReloadProgressSchema, { orderId, state: ReloadState.DONE });
    assert.deepEqual((await reloads(agents[1]!).watchReloads({ reloads: [forged] })).orders, [], "not its host");
    await reloads(agents[0]!).watchReloads({ reloads: [{ orderId, workers: 2, workersReady: 1 }] });
    const half = await watchUntil(operation, ({ instances }) => instances[0]?.workersReady === 1);
    assert.match(half.summary, /1 of 2 new workers serve/);
    await server.restart();
    for (const [index, agent] of agents.entries()) {
      agents[index] = { ...dialAgent(server, agent.identity), hostId: agent.hostId };
    }
    const again = await reloads(agents[0]!).watchReloads({ waitMs: 10_000 });
    assert.deepEqual(again.orders, orders, "the same order, which an agent carries out once");
    await reloads(agents[0]!).watchReloads({
      reloads: [{ orderId, workers: 2, workersReady: 2, state: ReloadState.DONE }],
    });
    const done = await watchUntil(half, ({ state }) => state !== OperationState.RUNNING);
    assert.equal(done.state, OperationState.DONE);
    assert.deepEqual((await reloads(agents[0]!).watchReloads({ reloads: [{ orderId }] })).orders, []);
  });

  it("refuses what would leave a service without instances, is not seen to run, or is busy; an operator may force it", async () => {
    const { ids, service } = await serve(1);
    const begin = (kind: OperationKind, more: object = {}) =>
      capacity().startOperation({ kind, instanceIds: ids, ...more });
    for (const kind of [OperationKind.OUT, OperationKind.STOP, OperationKind.RESTART]) {
      await rejectsWith(begin(kind), Code.FailedPrecondition, /would have no instance in routing/);
    }
    const { ids: idle } = await serve(1, false);
    await report(idle, { state: ProcessState.BACKING_OFF, reason: "exited with status 7" });
    await rejectsWith(
      begin(OperationKind.IN, { instanceIds: idle }),
      Code.FailedPrecondition,
      /not seen to run \(exited with status 7\)/,
    );
    const { operation } = await begin(OperationKind.OUT, { force: true });
    await rejectsWith(
      begin(OperationKind.IN),
      Code.FailedPrecondition,
      new RegExp(`running operation ${operation!.id}`),
    );
    const { operations } = await capacity().listOperations({ service, running: true });
    assert.deepEqual(
      operations.map(({ id }) => id),
      [operation!.id],
    );
    assert.equal((await capacity().cancelOperation({ id: operation!.id })).operation?.state, OperationState.CANCELLED);
    await rejectsWith(capacity().cancelOperation({ id: operation!.id }), Code.FailedPrecondition, /ended already/);
    await rejectsWith(begin(OperationKind.UNSPECIFIED), Code.InvalidArgument, /kind 0/);
    await rejectsWith(begin(OperationKind.OUT, { instanceIds: [] }), Code.InvalidArgument, /instance_ids/);
    await rejectsWith(begin(OperationKind.OUT, { instanceIds: ["nobody"] }), Code.NotFound, /nobody/);
    await rejectsWith(begin(OperationKind.OUT, { stepTimeoutMs: 1 }), Code.InvalidArgument, /step_timeout_ms/);
    await rejectsWith(capacity().watchOperation({ id: "nothing" }), Code.NotFound, /nothing/);
  });

  it("shows who has which routes, and sends everything again to who has other ones", async () => {
    const { ids } = await serve(2);
    const version = await newest();
    const everything = await agents[0]!.client.watchRoutes({ appliedVersion: 0n, waitMs: 0 });
    const digest = combineDigests(everything.tables.map(routeTableDigest));
    assert.equal(everything.digest, digest);
    await use(agents[0]!, version, digest);
    await agents[1]!.client.reportRoutes({
      appliedVersion: version,
      usedVersion: version,
      digest: 1n,
      refused: [{ service: "A1.b1", version, reason: "route has port 0" }],
    });
    const look = async () => await capacity().getDistribution({});
    const seen = await look();
    assert.deepEqual([seen.hosts, seen.hostsApplied, seen.hostsUsed, seen.routeVersion], [2, 1, 2, version]);
    assert.deepEqual(
      seen.behind.map(({ name, state }) => [name, state]),
      [["two", RouteState.DIFFERENT]],
    );
    assert.match(seen.behind[0]?.problem ?? "", /refused the table of A1\.b1: route has port 0/);

    const { hostsConnected } = await capacity().pushRoutes({ hostIds: [agents[1]!.hostId] });
    assert.equal(hostsConnected, 1);
    const pushed = await agents[1]!.client.watchRoutes({ appliedVersion: version, waitMs: 10_000 });
    assert.deepEqual([pushed.replaceAll, pushed.tables.length], [true, everything.tables.length]);
    const again = await agents[1]!.client.watchRoutes({ appliedVersion: version, waitMs: 0 });
    assert.deepEqual([again.replaceAll, again.tables.length], [false, 0], "an order is carried out once");
    assert.equal((await agents[1]!.client.watchAssignment({ appliedVersion: 99n, waitMs: 10_000 })).replaceAll, true);

    await registry().setRouting({ instanceIds: [ids[0]!], inRouting: false });
    server.clock.offsetMs += 43_000;
    await use(agents[0]!, version + 1n);
    await use(agents[1]!, version, digest);
    const late = (await look()).behind.find(({ name }) => name === "two");
    assert.equal(late?.state, RouteState.BEHIND);
    const lateS = (Date.now() + server.clock.offsetMs - late!.behindSinceMs) / 1000;
    assert.ok(lateS >= 43 && lateS < 60, `${lateS}`);
  });

  it("answers a change of a large table with the difference, and the digest that it leads to", async () => {
    const { ids } = await serve(10);
    const base = await agents[0]!.client.watchRoutes({ appliedVersion: 0n, waitMs: 0 });
    await registry().setRouting({ instanceIds: [ids[0]!], inRouting: false });
    const { tables, deltas, digest } = await agents[0]!.client.watchRoutes({
      appliedVersion: base.version,
      waitMs: 0,
      acceptsDeltas: true,
    });
    assert.deepEqual(
      [tables.length, deltas.length, deltas[0]?.removed, deltas[0]?.changed.length],
      [0, 1, [ids[0]], 0],
    );
    const whole = await agents[1]!.client.watchRoutes({ appliedVersion: base.version, waitMs: 0 });
    assert.deepEqual([whole.tables[0]?.routes.length, whole.deltas.length, whole.digest], [9, 0, digest]);
  });

  it("shows the load of services and hosts, above a percentage", async () => {
    const { service, ids } = await serve(2);
    await report(ids, { state: ProcessState.RUNNING, pid: 5, inFlight: 4, callsBegun: 1n });
    const find = async (abovePercent: number) =>
      (await capacity().listServiceLoads({ group: "Capacity", abovePercent })).services.find(
        (load) => load.service === service,
      );
    const load = await find(60);
    assert.deepEqual(
      [load?.loadPercent, load?.instances, load?.reporting, load?.inFlight, load?.cpuPercent, load?.memoryBytes],
      [63, 2, 2, 8, 24, 2e6],
    );
    assert.equal(await find(80), undefined);
    const hosts = async (abovePercent: number, resource: LoadResource) =>
      (await capacity().listHostLoads({ abovePercent, resource })).hosts.map(({ host }) => host?.name);
    assert.deepEqual(await hosts(80, LoadResource.DISK), ["one"]);
    assert.deepEqual(await hosts(80, LoadResource.CPU), []);
    assert.deepEqual(await hosts(80, LoadResource.UNSPECIFIED), ["one"]);
    assert.deepEqual(await hosts(20, LoadResource.MEMORY), ["one"]);
    await rejectsWith(capacity().listHostLoads({ abovePercent: Number.NaN }), Code.InvalidArgument, /above_percent/);
  });

  it("leaves silent instances out of the tables and puts them back when they are heard", async () => {
    const { service, ids } = await serve(3);
    const tableOf = async () => {
      const { tables } = await agents[0]!.client.watchRoutes({ appliedVersion: 0n, waitMs: 0 });
      return tables
        .find((table) => table.service === service)
        ?.routes.map(({ instanceId }) => instanceId)
        .sort();
    };
    // Two are heard on, one is not; the clock moves in steps in which the server was there to listen.
    for (let step = 0; step < 16; step++) {
      server.clock.offsetMs += 5_000;
      await report(ids.slice(1), { state: ProcessState.RUNNING, pid: 5 });
      await server.server.tick();
    }
    assert.deepEqual(await tableOf(), ids.slice(1).sort());
    const { service: seen } = await registry().getService({ name: service });
    const silent = seen?.instances.find(({ id }) => id === ids[0]);
    assert.deepEqual([silent?.inRouting, silent?.withheld, (silent?.silentSinceMs ?? 0) > 0], [true, true, true]);
    await report(ids, { state: ProcessState.RUNNING, pid: 5 });
    await server.server.tick();
    assert.deepEqual(await tableOf(), [...ids].sort());
  });
});

async function rejectsWith(work: Promise<unknown>, code: Code, message: RegExp): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof ConnectError);
    assert.equal(Code[error.code], Code[code], error.message);
    assert.match(error.message, message);
    return true;
  });
}
