import { fstatSync } from "node:fs";
import { parseArgs } from "node:util";
import { defaultMemoryMiB } from "./memory-limit.ts";
import { DirectoryInUse, serveEngine } from "./serve.ts";

/** Milliseconds that statements have to finish after the order to stop. */
const graceMs = 5_000;

const usage =
  "usage: telemetry-store --data <directory> --socket <path> [--memory-mib <300…4096, default 900, or half of a container's limit>]";

await main();

async function main(): Promise<void> {
  const startMs = performance.now();
  const options = readArguments();
  if (options === undefined) return;
  // Data and socket are their owner's only. For the whole process: the engine's threads make files at any time.
  process.umask(0o077);
  const engine = await serveEngine(options).catch((error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    fail(
      error instanceof DirectoryInUse ? message : `cannot open the telemetry store in ${options.dataDir}: ${message}`,
    );
  });
  if (engine === undefined) return;

  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    const finished = await engine.close(graceMs);
    // process.exit() waits for a statement that runs (measured: 68 s). Every insert that was acknowledged is synced,
    // so an end by signal loses nothing.
    if (!finished) process.kill(process.pid, "SIGKILL");
    process.exit(0);
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  stopWithParent(stop);

  const ready = {
    ready: true,
    pid: process.pid,
    socket: options.socket,
    version: engine.version,
    startMs: Math.round(performance.now() - startMs),
  };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
}

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        data: { type: "string" },
        socket: { type: "string" },
        "memory-mib": { type: "string", default: String(defaultMemoryMiB(process.constrainedMemory())) },
      },
    });
    const memoryMiB = Number(values["memory-mib"]);
    if (!values.data || !values.socket) throw new Error("--data and --socket are needed");
    if (!Number.isInteger(memoryMiB) || memoryMiB < 300 || memoryMiB > 4096) {
      throw new Error(`--memory-mib ${values["memory-mib"]} must be 300…4096`);
    }
    if (Buffer.byteLength(values.socket) > 107) {
      throw new Error(`--socket ${values.socket} is longer than the 107 bytes that a unix socket's path may have`);
    }
    return { dataDir: values.data, socket: values.socket, memoryMiB };
  } catch (error) {
    fail(`${(error as Error).message}; ${usage}`);
  }
}

/** End when the other end of a piped stdin closes, which it does however the parent dies: no orphan holds the data. */
function stopWithParent(stop: () => Promise<void>): void {
  const stdin = fstatSync(0);
  // /dev/null, a file or a terminal has no parent at its other end.
  if (!stdin.isFIFO() && !stdin.isSocket()) return;
  process.stdin.on("end", stop).on("close", stop).on("error", stop).resume();
}

function fail(message: string): undefined {
  process.stderr.write(`telemetry-store: ${message.split("\n", 1)[0]}\n`);
  process.exitCode = 1;
  return undefined;
}
