import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { DescService } from "@bufbuild/protobuf";
import { type Client, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { nodeFlags, readProcess, TICKS_PER_SECOND } from "@msec/process";

/** The real server as a process of its own, in a temporary state directory. */
export class ServerProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly agents: string;
  readonly #console: string;
  readonly #state: string;

  private constructor(child: ChildProcess, state: string, ready: { console: string; agents: string }) {
    this.child = child;
    this.agents = ready.agents;
    this.#console = ready.console;
    this.#state = state;
  }

  /** A new state directory, for `start` and to be removed by `Symbol.asyncDispose` of what runs on it. */
  static newState(): string {
    return mkdtempSync(join(tmpdir(), "msec-bench-"));
  }

  /** Start one, and wait until it serves. */
  static async start(state: string): Promise<ServerProcess> {
    const main = fileURLToPath(new URL("../../apps/server/src/main.ts", import.meta.url));
    const flags = ["--listen", "127.0.0.1:0", "--agent-listen", "127.0.0.1:0", "--telemetry", "http://127.0.0.1:1"];
    const child = spawn(
      process.execPath,
      [...nodeFlags, main, "--state", state, "--ready-json", "--log-level", "error", ...flags],
      {
        stdio: ["ignore", "pipe", "ignore"],
        env: { ...process.env, MALLOC_ARENA_MAX: "2" },
      },
    );
    const [line] = await once(createInterface(child.stdout), "line");
    return new ServerProcess(child, state, JSON.parse(line));
  }

  /** A client of its API with the operator's key. */
  client<S extends DescService>(service: S): Client<S> {
    const key = readFileSync(join(this.#state, "server", "operator.key"), "utf8").trim();
    const transport = createConnectTransport({
      baseUrl: `${this.#console}/api`,
      httpVersion: "1.1",
      interceptors: [
        (next) => (request) => {
          request.header.set("authorization", `Bearer ${key}`);
          return next(request);
        },
      ],
    });
    return createClient(service, transport);
  }

  /** CPU seconds that it has used. */
  cpuSeconds(): number {
    return (readProcess(this.child.pid ?? 0)?.cpuTicks ?? 0) / TICKS_PER_SECOND;
  }

  /** Resident memory, bytes: now, and the most that it ever had. */
  memoryBytes(): { readonly now: number; readonly peak: number } {
    const status = readFileSync(`/proc/${this.child.pid}/status`, "utf8");
    const bytes = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, "m").exec(status)?.[1] ?? 0) * 1024;
    return { now: bytes("VmRSS"), peak: bytes("VmHWM") };
  }

  /** Stop it and keep its state. */
  async stop(): Promise<void> {
    if (this.child.exitCode === null) {
      this.child.kill("SIGTERM");
      await once(this.child, "exit");
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.#state, { recursive: true, force: true });
  }
}
