import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { StoreUnavailable } from "./store-error.ts";

/** How the embedded engine's process is started. */
export interface EngineOptions {
  /** Directory of its data; created where it is missing, for one process at a time. */
  readonly dataDir: string;
  /** Path of its unix socket, at most 107 bytes. */
  readonly socket: string;
  /** Its memory in MiB, 300…4096; default 900, in a container or unit with a limit at most half of that. */
  readonly memoryMiB?: number;
}

/** The command line of the embedded engine's process, for a supervisor of processes. */
export interface EngineCommand {
  file: string;
  args: string[];
}

/** The line that the process prints on stdout when it serves. */
export interface EngineReady {
  ready: true;
  pid: number;
  socket: string;
  /** ClickHouse's version. */
  version: string;
  /** Milliseconds that the start took. */
  startMs: number;
}

/** A running engine. */
export interface EngineProcess extends AsyncDisposable {
  readonly ready: EngineReady;
  readonly process: ChildProcess;
  /** Settles when the process has ended, however it came to. */
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Let it finish what it does (at most five seconds) and wait for its end. */
  stop(): Promise<void>;
}

/**
 * The command that runs the embedded engine. It prints one line of JSON (`EngineReady`) on stdout when it serves, ends
 * on SIGTERM, and, if its stdin is a pipe, when the other end of that closes.
 */
export function engineCommand({ dataDir, socket, memoryMiB }: EngineOptions): EngineCommand {
  const main = fileURLToPath(new URL("./engine/main.ts", import.meta.url));
  const memory = memoryMiB === undefined ? [] : ["--memory-mib", String(memoryMiB)];
  return { file: process.execPath, args: [main, "--data", dataDir, "--socket", socket, ...memory] };
}

/**
 * Start the embedded engine and wait until it serves. It ends with the process that started it.
 *
 * @throws StoreUnavailable with what it said on stderr, when it ends before it serves
 */
export async function startEngine(options: EngineOptions): Promise<EngineProcess> {
  const { file, args } = engineCommand(options);
  const child = spawn(file, args, { stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-4_096);
  });
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
    child.once("error", (error) => {
      said += error.message;
      resolve({ code: null, signal: null });
    });
  });
  const ready = await Promise.race([firstLine(child), exited.then(() => undefined)]);
  if (ready === undefined) throw new StoreUnavailable(`the telemetry store did not start: ${said.trim()}`);
  const stop = async () => {
    child.kill("SIGTERM");
    await exited;
  };
  return { ready, process: child, exited, stop, [Symbol.asyncDispose]: stop };
}

async function firstLine(child: ChildProcess): Promise<EngineReady | undefined> {
  for await (const line of createInterface({ input: child.stdout! })) return JSON.parse(line);
  return undefined;
}
