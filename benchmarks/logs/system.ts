import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { nodeFlags } from "@msec/process";
import { processCpuMs } from "./processor-time.ts";

const program = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** A whole system in a directory of its own: server with the embedded store, and the agent of one host, each a process. */
export interface System extends AsyncDisposable {
  /** What programs need in their environment: the agent's socket, and a configuration that keeps lines from INFO on. */
  readonly environment: Readonly<Record<string, string>>;
  /** Ask the console API. */
  ask<Answer>(method: string, request: object): Promise<Answer>;
  /** Milliseconds of processor time, and MiB at most, of each process so far. */
  usage(): Record<"server" | "store" | "agent", { cpuMs: number; peakMiB: number }>;
}

/** Starts it as the launcher does (apps/cli/src/launcher/part.ts). */
export async function startSystem(): Promise<System> {
  const state = mkdtempSync(join(tmpdir(), "msec-bench-logs-"));
  const started: ChildProcess[] = [];
  const stop = async () => {
    for (const child of started.toReversed()) await end(child);
    rmSync(state, { recursive: true, force: true });
  };
  try {
    const config = join(state, "msec.ini");
    writeFileSync(config, "[server]\nlisten=127.0.0.1:0\nagent_listen=127.0.0.1:0\n[agent]\nhost_name=bench-host\n");
    const programConfig = join(state, "program.ini");
    writeFileSync(programConfig, "[LOG]\nLevel=INFO\n");
    const common = ["--state", state, "--config", config, "--ready-json"];
    const server = await start(program("apps/server/src/main.ts"), common);
    started.push(server.child);
    const { console: url } = JSON.parse(server.line) as { console: string };
    const key = readFileSync(join(state, "server/operator.key"), "utf8").trim();
    const ask = async <Answer>(method: string, request: object): Promise<Answer> => {
      const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
      const body = JSON.stringify(request);
      const response = await fetch(`${url}/api/msec.console.v1.${method}`, { method: "POST", headers, body });
      if (!response.ok) throw new Error(`${method}: ${await response.text()}`);
      return (await response.json()) as Answer;
    };
    type Enrolment = { token: string; server: string; serverFingerprint: string };
    const {
      token,
      server: address,
      serverFingerprint: fingerprint,
    } = await ask<Enrolment>("RegistryService/CreateEnrollToken", { hostName: "bench-host" });
    mkdirSync(join(state, "agent"), { recursive: true, mode: 0o700 });
    writeFileSync(join(state, "agent/enroll.json"), JSON.stringify({ server: address, fingerprint, token }), {
      mode: 0o600,
    });
    const agent = await start(program("apps/agent/src/main.ts"), common);
    started.push(agent.child);
    const pids = { server: server.child.pid!, store: await storePid(server.child.pid!), agent: agent.child.pid! };
    const of = (pid: number) => ({
      cpuMs: processCpuMs(pid),
      peakMiB: Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024,
    });
    return {
      environment: { MSEC_AGENT: (JSON.parse(agent.line) as { listen: string }).listen, MSEC_CONFIG: programConfig },
      ask,
      usage: () => ({ server: of(pids.server), store: of(pids.store), agent: of(pids.agent) }),
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The store is the server's only child. */
async function storePid(server: number): Promise<number> {
  for (let turn = 0; turn < 600; turn++) {
    for (const task of readdirSync(`/proc/${server}/task`)) {
      const [child] = readFileSync(`/proc/${server}/task/${task}/children`, "utf8").trim().split(" ");
      if (child) return Number(child);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("the server has not started the telemetry store within a minute");
}

async function start(main: string, args: readonly string[]): Promise<{ child: ChildProcess; line: string }> {
  const child = spawn(process.execPath, [...nodeFlags, main, ...args], {
    stdio: ["ignore", "pipe", process.env.MSEC_BENCH_LOG === undefined ? "ignore" : "inherit"],
    env: { ...process.env, MALLOC_ARENA_MAX: "2" },
  });
  const lines = createInterface(child.stdout!);
  const [line] = (await Promise.race([once(lines, "line"), once(child, "exit").then(() => [])])) as [string?];
  if (line === undefined) throw new Error(`${main} ended; MSEC_BENCH_LOG=1 shows what it said`);
  return { child, line };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  await exit;
}
