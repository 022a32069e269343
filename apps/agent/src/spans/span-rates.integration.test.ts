import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { type Batch, BatchSchema } from "@msec/api/telemetry/v1/telemetry_pb.js";
import { freePort, waitUntil } from "@msec/process/testing";
import { compileCodec } from "@msec/wire";
import { AgentProcess } from "../testing/agent-process.ts";
import { ControlServer } from "../testing/control-server.ts";
import { temporaryDirectory } from "../testing/temporary-directory.ts";

const RATE = 40;
const CALLEE = "Test.callee";
const CALLER = "Test.caller";
const resolved = (name: string) => JSON.stringify(import.meta.resolve(name));

// Ends with its last telemetry handed over.
const CALLEE_PROGRAM = `
import { LocalService } from ${resolved("@msec/api/agent/v1/local_pb.js")};
import { Code, RpcError } from ${resolved("@msec/rpc")};
import { serve } from ${resolved("@msec/service")};
const empty = () => ({});
const register = () => { throw new RpcError(Code.NotFound, "nobody"); };
serve(LocalService, { register, watchRoutes: empty, report: empty, getStatus: empty }).ready.then(() => console.log("ready"));
`;

// For nine seconds about 500 calls a second, one in fifty of which fails.
const CALLER_PROGRAM = `
import { setTimeout as delay } from "node:timers/promises";
import { LocalService } from ${resolved("@msec/api/agent/v1/local_pb.js")};
import { connect } from ${resolved("@msec/service")};
const program = connect({ onNotice: () => {} });
const callee = program.call(LocalService, "127.0.0.1:" + process.env.CALLEE_PORT, { timeoutMs: 20_000 });
for (const endMs = Date.now() + 9_000; Date.now() < endMs; await delay(20)) {
  const calls = Array.from({ length: 10 }, () => callee.getStatus({}));
  if (Math.random() < 0.2) calls.push(callee.register({}));
  await Promise.allSettled(calls);
}
await program.close();
`;

/** One call as one process recorded it. */
type Span = { readonly traceId: string; readonly code: number; readonly second: number };

function reportedBy(server: ControlServer, service: string): { spans: Span[]; calls: number; failures: number } {
  const spans: Span[] = [];
  let [calls, failures] = [0, 0];
  for (const envelope of server.telemetry.flatMap(({ envelopes }) => envelopes)) {
    if (envelope.service !== service) continue;
    const batch: Batch = compileCodec(BatchSchema).decode(envelope.batch, 0, envelope.batch.length);
    for (const [row, count] of (batch.calls?.count ?? []).entries()) {
      calls += count;
      if (batch.calls!.code[row] !== 0) failures += count;
    }
    for (const [row, startUs] of (batch.spans?.startUs ?? []).entries()) {
      const traceId = Buffer.from(batch.spans!.traceIds.subarray(row * 16, row * 16 + 16)).toString("hex");
      spans.push({ traceId, code: batch.spans!.code[row]!, second: Math.floor(startUs / 1e6) });
    }
  }
  return { spans, calls, failures };
}

test("two processes share the host's rate of spans: the same requests in both, and every failed one", async () => {
  await using stack = new AsyncDisposableStack();
  const directory = temporaryDirectory();
  stack.defer(() => directory[Symbol.dispose]());
  const server = stack.use(await ControlServer.start());
  mkdirSync(join(directory.path, "agent"), { recursive: true });
  writeFileSync(join(directory.path, "agent", "enroll.json"), server.enrolment("first"));
  const config = join(directory.path, "msec.ini");
  writeFileSync(config, `[agent]\nspans_per_second = ${RATE}\n`);
  const agent = await AgentProcess.start(directory.path, "--config", config);
  stack.defer(async () => void (await agent.end("SIGKILL")));
  const port = String(await freePort());
  const start = (name: string, text: string, environment: Record<string, string>): ChildProcess => {
    const file = join(directory.path, `${name}.mjs`);
    writeFileSync(file, text);
    const env = { PATH: process.env.PATH ?? "", MSEC_SERVICE: name, MSEC_AGENT: agent.socket, ...environment };
    const child = spawn(process.execPath, [file], { stdio: ["ignore", "pipe", "inherit"], env });
    stack.defer(() => void child.kill("SIGKILL"));
    return child;
  };
  const callee = start(CALLEE, CALLEE_PROGRAM, { MSEC_PORT: port });
  await once(createInterface(callee.stdout!), "line");
  const caller = start(CALLER, CALLER_PROGRAM, { CALLEE_PORT: port });
  assert.deepEqual(await once(caller, "exit"), [0, null]);
  callee.kill("SIGTERM");
  await once(callee, "exit");
  const [made, served] = await waitUntil(
    "all that they recorded is at the server",
    () => {
      const both = [reportedBy(server, CALLER), reportedBy(server, CALLEE)] as const;
      return both[0].calls > 0 && both[0].calls === both[1].calls ? both : undefined;
    },
    60_000,
  );

  for (const { spans, failures } of [made, served]) {
    assert.equal(spans.filter(({ code }) => code !== 0).length, failures);
  }
  // A second to know a rate, one to tell it, one until it holds; the last one is cut short.
  const first = Math.min(...made.spans.map(({ second }) => second)) + 4;
  const last = Math.max(...made.spans.map(({ second }) => second));
  const settled = ({ spans }: { spans: Span[] }) =>
    spans.filter(({ code, second }) => code === 0 && second >= first && second < last);
  const [keptMade, keptServed] = [settled(made), settled(served)];
  const perSecond = Array.from(
    { length: last - first },
    (_, at) => [...keptMade, ...keptServed].filter(({ second }) => second === first + at).length,
  ).sort((a, b) => a - b);
  // The middle one of them: on a machine that stops for a moment another second may hold what was told late. Without a limit about a thousand; three
  // times, for in the minute after the first one slow calls are kept beside the sample, and a busy machine makes calls in bursts.
  const usual = perSecond[Math.floor(perSecond.length / 2)]!;
  assert.ok(keptMade.length > 0 && usual < 3 * RATE, `${perSecond} spans a second of both, of ${made.calls} calls`);
  const inCallee = new Set(keptServed.map(({ traceId }) => traceId));
  const inBoth = keptMade.filter(({ traceId }) => inCallee.has(traceId)).length;
  // Two that decided for themselves would agree on one in twenty-five.
  assert.ok(
    inBoth > Math.min(keptMade.length, keptServed.length) / 2,
    `${inBoth} of ${keptMade.length} and ${keptServed.length} requests are in both`,
  );
});
