import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { freePort } from "@msec/process/testing";

const root = join(import.meta.dirname, "../..");

/** A server and an agent of a test's own, as processes, with a state directory that goes with them. */
export interface TestSystem extends AsyncDisposable {
  /** `http://127.0.0.1:…` of the console. */
  readonly console: string;
  readonly ports: { readonly http: number; readonly grpc: number; readonly metrics: number };
  readonly operatorKey: string;
  /** The state directory of both. */
  readonly state: string;
  /** Ask the console API. */
  ask(method: string, request: object): Promise<Record<string, never>>;
}

/** Free ports, for programs that are told theirs. */
export async function freePorts(count: number): Promise<number[]> {
  return await Promise.all(Array.from({ length: count }, freePort));
}

/** Start a program and wait for its first line. @throws what it said when it ends instead */
export async function startProgram(
  args: readonly string[],
  cwd = root,
): Promise<{ child: ChildProcess; lines: string[] }> {
  const child = spawn(process.execPath, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  let errors = "";
  child.stderr.on("data", (chunk) => {
    // The end of it says why.
    errors = `${errors}${chunk}`.slice(-10_000);
    if (process.env.MSEC_TEST_LOG !== undefined) process.stderr.write(chunk);
  });
  const lines: string[] = [];
  const reader = createInterface(child.stdout);
  reader.on("line", (line) => lines.push(line));
  await Promise.race([once(reader, "line"), once(child, "exit")]);
  if (lines.length === 0) throw new Error(`${args[0]} ended: ${errors}`);
  return { child, lines };
}

/** End a program that a test started. */
export async function endProgram(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  await exit;
}

/**
 * Start a server with the embedded store, and an agent that takes OTLP.
 *
 * @param agentKeys   further lines of `[agent]`
 * @param serverKeys  further lines of `[server]`
 */
export async function startSystem(
  agentKeys: readonly string[] = [],
  serverKeys: readonly string[] = [],
): Promise<TestSystem> {
  const state = mkdtempSync(join(tmpdir(), "msec-otel-"));
  const started: ChildProcess[] = [];
  const stop = async () => {
    for (const child of started.toReversed()) await endProgram(child);
    rmSync(state, { recursive: true, force: true });
  };
  try {
    const [http = 0, grpc = 0, metrics = 0] = await freePorts(3);
    const config = join(state, "msec.ini");
    writeFileSync(
      config,
      [
        ...["[server]", "listen=127.0.0.1:0", "agent_listen=127.0.0.1:0", ...serverKeys],
        ...["[agent]", `otlp_listen=127.0.0.1:${http}`, `otlp_grpc_listen=127.0.0.1:${grpc}`],
        ...[`metrics_port=${metrics}`, "host_name=otel-host", ...agentKeys, ""],
      ].join("\n"),
    );
    const server = await startProgram([
      "apps/server/src/main.ts",
      "--state",
      state,
      "--config",
      config,
      "--ready-json",
    ]);
    started.push(server.child);
    const ready = JSON.parse(server.lines[0]!) as { console: string };
    const operatorKey = readFileSync(join(state, "server/operator.key"), "utf8").trim();
    const ask: TestSystem["ask"] = async (method, request) => {
      const response = await fetch(`${ready.console}/api/msec.console.v1.${method}`, {
        method: "POST",
        headers: { authorization: `Bearer ${operatorKey}`, "content-type": "application/json" },
        body: JSON.stringify(request),
      });
      if (!response.ok) throw new Error(`${method}: ${await response.text()}`);
      return (await response.json()) as Record<string, never>;
    };
    const enrolment = await ask("RegistryService/CreateEnrollToken", { hostName: "otel-host" });
    mkdirSync(join(state, "agent"), { recursive: true, mode: 0o700 });
    const { token, server: address, serverFingerprint } = enrolment as unknown as Record<string, string>;
    const text = JSON.stringify({ server: address, fingerprint: serverFingerprint, token });
    writeFileSync(join(state, "agent/enroll.json"), text, { mode: 0o600 });
    const agent = await startProgram(["apps/agent/src/main.ts", "--state", state, "--config", config, "--ready-json"]);
    started.push(agent.child);
    return {
      ...{ console: ready.console, ports: { http, grpc, metrics }, operatorKey, state, ask },
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
