import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { create } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import { ProcessesService as AgentProcessesService, ProcessSnapshotSchema } from "@msec/api/agent/v1/processes_pb.js";
import { ProcessesService } from "@msec/api/console/v1/processes_pb.js";
import { createClient, RpcError } from "@msec/rpc";
import { dialAgent, enrollAgent, startTestServer, type TestServer } from "../testing/test-server.ts";

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server[Symbol.asyncDispose]());

const waitMs = 20_000;
const snapshotOf = (...programs: string[]) =>
  create(ProcessSnapshotSchema, { total: 300, processes: programs.map((program, pid) => ({ program, pid: pid + 1 })) });

test("an agent is asked when somebody looks, and its answer is what he sees; until then it waits", async () => {
  await using agent = await enrollAgent(server, "looked-at");
  const client = createClient(AgentProcessesService, agent.channel.call);
  const console = server.operator(ProcessesService);
  let isAsked = false;
  const asked = client.watchLookers({ waitMs }).then((answer) => {
    isAsked = true;
    return answer;
  });
  assert.equal((await client.watchLookers({ waitMs: 20 })).isWanted, false);
  assert.equal(isAsked, false);
  const looks = [console.listProcesses({ hostId: agent.hostId }), console.listProcesses({ hostId: agent.hostId })];
  assert.equal((await asked).isWanted, true);
  // From here on the clock stands: the snapshot is as fresh however long this machine takes over it.
  const sinceMs = performance.now();
  const { offsetMs } = server.clock;
  const get = () => offsetMs - (performance.now() - sinceMs);
  Object.defineProperty(server.clock, "offsetMs", { configurable: true, get });
  const next = client.watchLookers({ waitMs, snapshot: snapshotOf("postgres", "node") });
  for (const { snapshot } of await Promise.all(looks)) {
    assert.deepEqual(
      snapshot?.processes.map(({ program }) => program),
      ["postgres", "node"],
    );
    assert.equal(snapshot?.total, 300);
  }
  // A fresh one is shared and not asked for again; who goes on looking has a new one.
  assert.equal((await console.listProcesses({ hostId: agent.hostId })).snapshot?.processes.length, 2);
  Object.defineProperty(server.clock, "offsetMs", { value: offsetMs + 1_500, writable: true });
  const later = console.listProcesses({ hostId: agent.hostId });
  assert.equal((await next).isWanted, true);
  const last = client.watchLookers({ waitMs: 20, snapshot: snapshotOf("redis-server") });
  assert.equal((await later).snapshot?.processes[0]?.program, "redis-server");
  await last;
});

test("what an agent says has a size", async () => {
  await using agent = await enrollAgent(server, "talkative");
  const client = createClient(AgentProcessesService, agent.channel.call);
  await client.watchLookers({ waitMs: 1 });
  const look = server.operator(ProcessesService).listProcesses({ hostId: agent.hostId });
  assert.equal((await client.watchLookers({ waitMs })).isWanted, true);
  const snapshot = snapshotOf(...Array.from({ length: 400 }, () => "x".repeat(10_000)));
  await client.watchLookers({ waitMs: 1, snapshot });
  const { snapshot: seen } = await look;
  assert.equal(seen?.processes.length, 50);
  assert.equal(seen?.processes[0]?.program.length, 80);
});

test("a host that does not exist is not found; one whose agent says nothing is unavailable, with the reason", async () => {
  await using agent = await enrollAgent(server, "silent");
  const look = (hostId: string) => server.operator(ProcessesService).listProcesses({ hostId });
  await assert.rejects(look("nobody"), (error: ConnectError) => /no such host/.test(error.message));
  await assert.rejects(look(agent.hostId), (error: ConnectError) => /agent of silent/.test(error.message));
});

test("who is no enrolled agent learns nothing of who looks", async () => {
  await using stranger = dialAgent(server);
  const client = createClient(AgentProcessesService, stranger.channel.call);
  await assert.rejects(client.watchLookers({ waitMs }), RpcError);
});
