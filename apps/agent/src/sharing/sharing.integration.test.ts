import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { SharingService } from "@msec/api/agent/v1/sharing_pb.js";
import { BatchSchema } from "@msec/api/telemetry/v1/telemetry_pb.js";
import { freePort, waitUntil } from "@msec/process/testing";
import { Code, createClient, RpcError } from "@msec/rpc";
import { compileCodec } from "@msec/wire";
import { AgentProcess } from "../testing/agent-process.ts";
import { ControlServer } from "../testing/control-server.ts";
import { temporaryDirectory } from "../testing/temporary-directory.ts";

const CALLEE = "Test.callee";
const resolved = (name: string) => JSON.stringify(import.meta.resolve(name));

// Serves at MSEC_PORT and says so.
const CALLEE_PROGRAM = `
import { LocalService } from ${resolved("@msec/api/agent/v1/local_pb.js")};
import { serve } from ${resolved("@msec/service")};
const empty = () => ({});
serve(LocalService, { register: empty, watchRoutes: empty, report: empty, getStatus: empty }).ready.then(() => console.log("ready"));
`;

// Begins with the first line of its standard input; calls the callee as often as each line says, and prints what it thinks of each instance then.
const CALLER_PROGRAM = `
import { createInterface } from "node:readline";
import { LocalService } from ${resolved("@msec/api/agent/v1/local_pb.js")};
import { connect } from ${resolved("@msec/service")};
let program, callee;
createInterface(process.stdin).on("line", async (line) => {
  program ??= connect({ onNotice: () => {} });
  callee ??= program.call(LocalService, "${CALLEE}", { timeoutMs: 20_000 });
  for (let call = 0; call < Number(line); call++) await callee.getStatus({});
  console.log(JSON.stringify(program.explain("${CALLEE}")));
});
console.log("loaded");
`;

interface Thought {
  readonly port: number;
  readonly state: string;
  readonly failuresInRow: number;
  readonly reason: string;
}

/** A program under the agent; `ask` writes a line to it and waits for its answer. */
function startProgram(directory: string, text: string, environment: Record<string, string>) {
  const file = join(directory, `${environment.MSEC_SERVICE}.mjs`);
  writeFileSync(file, text);
  const child = spawn(process.execPath, [file], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { PATH: process.env.PATH ?? "", ...environment },
  });
  const lines = createInterface(child.stdout);
  return {
    ready: () => once(lines, "line"),
    async ask(calls: number): Promise<Thought[]> {
      child.stdin.write(`${calls}\n`);
      const [line] = await once(lines, "line");
      return JSON.parse(line) as Thought[];
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

/** How many calls a service made to each instance, by what it reported. */
function callsOf(server: ControlServer, caller: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { service, batch } of server.telemetry.flatMap(({ envelopes }) => envelopes)) {
    if (service !== caller) continue;
    const { calls, strings } = compileCodec(BatchSchema).decode(batch, 0, batch.length);
    for (const [row, ref] of (calls?.peerInstanceRef ?? []).entries()) {
      const instance = strings[ref] ?? "";
      counts.set(instance, (counts.get(instance) ?? 0) + calls!.count[row]!);
    }
  }
  return counts;
}

test("a process that has just started avoids the instance that another one found dead, without a failed call of its own", async () => {
  await using stack = new AsyncDisposableStack();
  const directory = temporaryDirectory();
  stack.defer(() => directory[Symbol.dispose]());
  const server = stack.use(await ControlServer.start());
  mkdirSync(join(directory.path, "agent"), { recursive: true });
  writeFileSync(join(directory.path, "agent", "enroll.json"), server.enrolment("first"));
  const [alive, dead] = [await freePort(), await freePort()];
  const routes = [alive, dead].map((port) => ({ instanceId: `i${port}`, address: "127.0.0.1", port, weight: 100 }));
  server.setRoutes(1n, [{ service: CALLEE, version: 1n, routes }]);
  const agent = await AgentProcess.start(directory.path);
  stack.defer(async () => void (await agent.end("SIGKILL")));
  const surroundings = (name: string) => ({ MSEC_SERVICE: name, MSEC_AGENT: agent.socket });
  const callee = { ...surroundings(CALLEE), MSEC_PORT: String(alive) };
  await stack.use(startProgram(directory.path, CALLEE_PROGRAM, callee)).ready();
  const ofDead = (thoughts: Thought[]) => thoughts.find(({ port }) => port === dead)!;

  // What one found is told for ten seconds. A busy machine may need as many to load a program: the second one's is, when the first one looks.
  const first = stack.use(startProgram(directory.path, CALLER_PROGRAM, surroundings("Test.first")));
  const second = stack.use(startProgram(directory.path, CALLER_PROGRAM, surroundings("Test.second")));
  await Promise.all([first.ready(), second.ready()]);
  const seen = ofDead(await first.ask(20));
  assert.ok(seen.failuresInRow > 0, seen.reason);

  // Nobody announces that the agent has been told; a second process that comes and asks shows it.
  const { client, channel } = agent.connect();
  stack.use(channel);
  const sharing = createClient(SharingService, channel.call);
  await assert.rejects(
    sharing.exchange({}),
    (error) => error instanceof RpcError && error.code === Code.FailedPrecondition,
  );
  await client.register({ service: "Test.watcher", pid: process.pid });
  for (let told = 0; told === 0; ) {
    await new Promise((resolve) => setTimeout(resolve, 260));
    told = (await sharing.exchange({})).services.length;
  }

  const heard = ofDead(await second.ask(50));
  assert.ok(["ejected", "probing"].includes(heard.state), heard.reason);
  // What it asked about is no call; what it called is in its telemetry.
  const called = await waitUntil("its calls are at the server", () => {
    const counts = callsOf(server, "Test.second");
    return [...counts.values()].reduce((sum, count) => sum + count, 0) >= 50 ? counts : undefined;
  });
  assert.deepEqual([...called], [[`127.0.0.1:${alive}`, 50]]);
  assert.equal(callsOf(server, "Test.first").has(`127.0.0.1:${dead}`), true, "the first one had to find out");

  // What is wrong is refused as a whole, and too often is too often.
  await new Promise((resolve) => setTimeout(resolve, 260));
  const poison = {
    address: "127.0.0.1",
    port: alive,
    calls: 1,
    state: "ejected",
    leftOut: true,
    latencyMs: Number.NaN,
  };
  // Written together: however busy the machine is, the second comes at once.
  const refused = await Promise.allSettled([
    sharing.exchange({ services: [{ service: CALLEE, findings: [poison] }] }),
    sharing.exchange({}),
  ]);
  const codes = refused.map((result) => (result.status === "rejected" ? (result.reason as RpcError).code : Code.Ok));
  assert.deepEqual(codes, [Code.InvalidArgument, Code.ResourceExhausted]);
});
