import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { ControlService } from "@msec/api/agent/v1/control_pb.js";
import { RegistryService } from "@msec/api/console/v1/registry_pb.js";
import { CallSide, TelemetryService } from "@msec/api/console/v1/telemetry_pb.js";
import { BatchSchema } from "@msec/api/telemetry/v1/telemetry_pb.js";
import { createTlsIdentity, isAlive, parseAddressPort, readRunRecord, waitForRunRecord } from "@msec/process";
import { createClient as createRpcClient } from "@msec/rpc";
import { createChannel } from "@msec/rpc-node";

const main = fileURLToPath(new URL("./main.ts", import.meta.url));
const anyPorts = ["--listen", "127.0.0.1:0", "--agent-listen", "127.0.0.1:0"];
const withoutEngine = ["--telemetry", "http://127.0.0.1:1"];

interface Running {
  child: ChildProcess;
  ready: { console: string; agents: string };
  stderr: () => string;
}

describe("the server program", () => {
  let directory = "";
  before(() => {
    directory = mkdtempSync(join(tmpdir(), "msec-main-"));
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  const run = (state: string, ...args: string[]) => {
    const child = spawn(process.execPath, [main, "--state", state, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    return { child, stderr: () => stderr };
  };
  const start = async (state: string, ...args: string[]): Promise<Running> => {
    const { child, stderr } = run(state, ...anyPorts, "--ready-json", ...args);
    for await (const line of createInterface({ input: child.stdout })) {
      return { child, stderr, ready: JSON.parse(line) };
    }
    throw new Error(stderr());
  };
  const end = async (child: ChildProcess, signal?: NodeJS.Signals) => {
    const ended = child.exitCode === null && child.signalCode === null ? once(child, "close") : undefined;
    if (signal !== undefined) {
      child.kill(signal);
    }
    await ended;
    return child.exitCode;
  };

  it("says in one line when it serves, is on record, and ends cleanly on SIGTERM", async () => {
    const state = join(directory, "life");
    const { child, ready, stderr } = await start(state, ...withoutEngine);
    try {
      assert.deepEqual(Object.keys(ready), ["ready", "console", "agents"]);
      assert.equal(await (await fetch(`${ready.console}/healthz`)).text(), "ok\n");
      const record = await waitForRunRecord(state, "server", AbortSignal.timeout(30_000));
      assert.deepEqual([record.pid, record.role, `http://${record.listen}`], [child.pid, "server", ready.console]);
    } finally {
      assert.equal(await end(child, "SIGTERM"), 0, stderr());
    }
    assert.equal(readRunRecord(state, "server"), undefined);
  });

  it("refuses a state directory in which another server runs, in one line with its pid", async () => {
    const state = join(directory, "twice");
    const { child } = await start(state, ...withoutEngine);
    try {
      const second = run(state, ...anyPorts, ...withoutEngine);
      assert.equal(await end(second.child), 1);
      assert.match(
        second.stderr(),
        new RegExp(`^msec server: [^\\n]*in use by process ${child.pid};[^\\n]*--state[^\\n]*\\n$`),
      );
    } finally {
      await end(child, "SIGTERM");
    }
  });

  for (const flag of ["--listen", "--agent-listen"]) {
    it(`names a port that is taken and what to do (${flag})`, async () => {
      const taken = createServer().listen(0, "127.0.0.1");
      await once(taken, "listening");
      const { port } = taken.address() as { port: number };
      const { child, stderr } = run(join(directory, "taken"), ...anyPorts, ...withoutEngine, flag, `127.0.0.1:${port}`);
      assert.equal(await end(child), 1);
      const last = stderr().trimEnd().split("\n").at(-1) ?? "";
      assert.match(last, new RegExp(`^msec server: port ${port} on 127.0.0.1 is in use .*${flag} `));
      taken.close();
    });
  }

  for (const [name, args, message, status] of [
    ["an unknown flag", ["--lissten"], /--lissten/, 2],
    [
      "a configuration file that is missing",
      ["--config", "/nonexistent/msec.ini"],
      /cannot read \/nonexistent\/msec\.ini/,
      1,
    ],
    [
      "a database that is not there",
      ["--database", "postgres://u:hunter2@127.0.0.1:1/x"],
      /cannot use PostgreSQL at postgres:\/\/u@127/,
      1,
    ],
    ["a state directory that cannot be one", ["--state", "/dev/null/x"], /state directory/, 1],
  ] as const) {
    it(`says in one line what is wrong: ${name}`, async () => {
      const { child, stderr } = run(join(directory, "wrong"), ...anyPorts, ...withoutEngine, ...args);
      assert.equal(await end(child), status);
      assert.match(stderr(), /^msec server: [^\n]+\n$/);
      assert.match(stderr(), message);
      assert.doesNotMatch(stderr(), /hunter2/);
    });
  }

  it("stores what agents report, once, answers from it, and starts its engine again when that dies", {
    timeout: 300_000,
  }, async () => {
    const state = join(directory, "telemetry");
    const { child, ready, stderr } = await start(state);
    try {
      const key = readFileSync(join(state, "server", "operator.key"), "utf8").trim();
      const transport = createConnectTransport({
        baseUrl: `${ready.console}/api`,
        httpVersion: "1.1",
        interceptors: [
          (next) => (request) => {
            request.header.set("authorization", `Bearer ${key}`);
            return next(request);
          },
        ],
      });
      const registry = createClient(RegistryService, transport);
      const telemetry = createClient(TelemetryService, transport);
      const { token } = await registry.createEnrollToken({});
      const identity = createTlsIdentity("agent");
      const tls = { key: identity.key, cert: identity.certificate, verify: () => true };
      await using channel = createChannel(parseAddressPort(ready.agents)!, { tls });
      const agent = createRpcClient(ControlService, channel.call);
      await agent.enroll({ token, hostName: "host", address: "127.0.0.1" });

      const report = (sequence: bigint, traceByte: number) => {
        const batch = createSpanBatch(traceByte);
        const envelopes = [{ service: "Flight.mod_flight", instance: "127.0.0.1:7963", batch }];
        return untilServed(() => agent.reportTelemetry({ sequence, envelopes }, { timeoutMs: 60_000 }));
      };
      await report(1n, 0xa1);
      await report(1n, 0xa1);
      const requestId = "a1".repeat(16);
      const flow = await telemetry.getFlow({ requestId });
      assert.deepEqual(
        flow.spans.map((span) => [span.service, span.instance, span.host, span.method, span.durationUs, span.side]),
        [["Flight.mod_flight", "127.0.0.1:7963", "host", "flight.flight_service.queryFlight", 1_500, CallSide.SERVER]],
      );
      await rejectsWithConnect(telemetry.getFlow({ requestId: "b".repeat(32) }), Code.NotFound);
      await rejectsWithConnect(telemetry.getFlow({ requestId: "nonsense" }), Code.InvalidArgument);
      const range = { fromMs: Date.now() - 60_000, toMs: Date.now(), stepS: 10 };
      await rejectsWithConnect(telemetry.queryCalls({ ...range, side: 0 }), Code.InvalidArgument);
      await telemetry.queryCalls({ ...range, side: CallSide.SERVER });

      // One batch that cannot be read must not hold up what is behind it.
      const garbage = { service: "Flight.broken", instance: "pid:1", batch: Uint8Array.of(0xff, 0xff) };
      const whole = { service: "Flight.mod_flight", instance: "127.0.0.1:7963", batch: createSpanBatch(0xa3) };
      await agent.reportTelemetry({ sequence: 3n, envelopes: [garbage, whole] });
      assert.equal((await telemetry.getFlow({ requestId: "a3".repeat(16) })).spans.length, 1);
      // What it says on standard error may come after an answer over a socket.
      const isSaid = () => /"service":"Flight\.broken".*telemetry batch left out/.test(stderr());
      for (const endMs = performance.now() + 30_000; !isSaid(); await delay(20)) {
        assert.ok(performance.now() < endMs, stderr());
      }

      const before = await waitForRunRecord(state, "telemetry-store", AbortSignal.timeout(30_000));
      process.kill(before.pid, "SIGKILL");
      await waitForRunRecord(state, "telemetry-store", AbortSignal.timeout(120_000), ({ pid }) => pid !== before.pid);
      await report(4n, 0xa2);
      assert.equal((await telemetry.getFlow({ requestId: "a2".repeat(16) })).spans.length, 1);
      assert.equal((await telemetry.getFlow({ requestId })).spans.length, 1, "what was stored before is still there");
      const after = readRunRecord(state, "telemetry-store");
      assert.equal(await end(child, "SIGTERM"), 0, stderr());
      assert.ok(after !== undefined && !isAlive(after), "the engine ends with the server");
    } finally {
      await end(child, "SIGTERM");
    }
  });
});

function createSpanBatch(traceByte: number): Uint8Array {
  const spans = {
    traceIds: new Uint8Array(16).fill(traceByte),
    spanIds: new Uint8Array(8).fill(7),
    parentSpanIds: new Uint8Array(8),
    startUs: [Date.now() * 1_000],
    durationUs: [1_500],
    side: [1],
    methodRef: [1],
    peerServiceRef: [0],
    peerInstanceRef: [0],
    code: [0],
    messageRef: [0],
    requestBytes: [10],
    responseBytes: [20],
    deadlineMs: [0],
    queueUs: [0],
  };
  return toBinary(BatchSchema, create(BatchSchema, { strings: ["", "flight.flight_service.queryFlight"], spans }));
}

/** Until the engine serves, reports are refused; agents repeat them, and so does this. */
async function untilServed<Result>(call: () => Promise<Result>): Promise<Result> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!/telemetry store does not answer/.test(String(error))) {
        throw error;
      }
      await delay(100);
    }
  }
}

async function rejectsWithConnect(work: Promise<unknown>, code: Code): Promise<void> {
  await assert.rejects(work, (error) => error instanceof ConnectError && error.code === code);
}
