import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { LoopResult } from "../lib/closed-loop.ts";
import { freePort, runClient, startServer } from "../lib/pinned.ts";
import { markedSeconds } from "../lib/process-time.ts";
import { formatSpread, spreadOf } from "../lib/spread.ts";
import { serverOf } from "./peers.ts";
import { type Shape, shapeName } from "./shapes.ts";

/** A server of echo.EchoService.Echo over SRPC, or of its bytes. */
interface SrpcServer {
  readonly name: string;
  readonly command: readonly string[];
  /** It has processes of its own, which it ends itself when it is told to end. */
  readonly endsItself?: true;
  /** Nothing is compiled while it runs. */
  readonly warm?: true;
}

/** How a server is measured. */
export interface LimitsOptions {
  readonly rounds: number;
  readonly warmupMs: number;
  readonly measureMs: number;
  /** A shell's words that start another server; `--port N` is added. */
  readonly otherCommand: string | undefined;
  readonly say: (line: string) => void;
}

/** What a server could do, with microseconds of processor time of a call. */
interface Limit extends LoopResult {
  readonly serverUs: number;
  readonly clientUs: number;
}

interface Pair {
  readonly own: Limit;
  readonly other: Limit;
}

/** In the environment of a server and of what it starts, by which its processes are found. */
const markName = "MSEC_BENCH_SERVER";

/** The shapes that the original was measured in. */
const LIMIT_SHAPES: readonly Shape[] = [
  { connections: 64, outstanding: 1 },
  { connections: 16, outstanding: 16 },
];

const folder = fileURLToPath(new URL("peers/c-srpc", import.meta.url));

/**
 * What servers can do on one processor, each driven by the same client in C, which needs less of the other processor than any of them of theirs:
 * ours, bare `node:net`, an epoll loop in C that writes what it reads, and, where a command is given, another SRPC server.
 *
 * The epoll loop says what the machine can do in any language: figures of another machine mean something only beside it.
 */
export async function printServerLimits(options: LimitsOptions): Promise<void> {
  try {
    execFileSync("make", ["-C", folder, "BUILD=build"], { stdio: ["ignore", "ignore", "pipe"] });
  } catch (error) {
    options.say(`servers alone are left out: they need Debian's gcc and make (${String(error).split("\n")[0]})`);
    return;
  }
  const servers: SrpcServer[] = [
    ...(options.otherCommand === undefined ? [] : [otherServer(options.otherCommand)]),
    { name: "bare node:net", command: serverOf("bare node:net") },
    { name: "epoll in C", command: [`${folder}/build/server`], warm: true },
  ];
  for (const shape of LIMIT_SHAPES) {
    const pairs = new Map<string, Pair[]>();
    for (let round = 1; round <= options.rounds; round++) {
      for (const server of servers) {
        // Ours beside each of them, as everywhere.
        const own = await measure({ name: "msec", command: serverOf("msec") }, shape, options);
        const other = await measure(server, shape, options);
        pairs.set(server.name, [...(pairs.get(server.name) ?? []), { own, other }]);
        options.say(
          `server alone ${shapeName(shape)} round ${round}/${options.rounds} ${server.name}: ${own.callsPerSecond} / ${other.callsPerSecond}`,
        );
      }
    }
    print(shape, pairs);
  }
}

function otherServer(command: string): SrpcServer {
  return {
    name: "other SRPC server",
    command: ["sh", "-c", `exec ${command} "$@"`, "sh"],
    endsItself: true,
    warm: true,
  };
}

async function measure(server: SrpcServer, shape: Shape, options: LimitsOptions): Promise<Limit> {
  const port = String(await freePort());
  const mark = { [markName]: port };
  const started = await startServer(0, [...server.command, "--port", port], mark);
  try {
    const load = ["--connections", String(shape.connections), "--outstanding", String(shape.outstanding)];
    const run = (ms: number) =>
      runClient<LoopResult>(1, [
        `${folder}/build/client`,
        "--port",
        port,
        ...load,
        "--warmup",
        "0",
        "--measure",
        String(ms),
      ]);
    if (options.warmupMs > 0) await run(server.warm ? Math.min(500, options.warmupMs) : options.warmupMs);
    const before = markedSeconds(markName, port);
    const result = await run(options.measureMs);
    const serverUs = ((markedSeconds(markName, port) - before) / result.calls) * 1e6;
    return { ...result, serverUs, clientUs: (result.clientCpuSeconds / result.calls) * 1e6 };
  } finally {
    await (server.endsItself ? started.end() : started.stop());
  }
}

function print(shape: Shape, pairs: ReadonlyMap<string, readonly Pair[]>): void {
  console.log(`\n### Servers alone, a client in C, ${shapeName(shape)}\n`);
  console.log("A processor's time for a call hardly minds what else the machine does; calls/s do.\n");
  console.log(
    "| | calls/s, median (min–max) | p50 / p99, µs | processor for a call, µs: server / client | msec is … times as fast | its server's processor / ours |",
  );
  console.log("|---|---|---|---|---|---|");
  console.log(`| msec ${cells([...pairs.values()].flat().map(({ own }) => own))} | | |`);
  for (const [name, measured] of pairs) {
    const ratio = (pick: (pair: Pair) => number) => formatSpread(spreadOf(measured.map(pick)));
    console.log(
      `| ${name} ${cells(measured.map(({ other }) => other))} | ${ratio(({ own, other }) => own.callsPerSecond / other.callsPerSecond)} ` +
        `| ${ratio(({ own, other }) => other.serverUs / own.serverUs)} |`,
    );
  }
}

function cells(limits: readonly Limit[]): string {
  const text = (pick: (limit: Limit) => number) => formatSpread(spreadOf(limits.map(pick)));
  return (
    `| ${text(({ callsPerSecond }) => callsPerSecond / 1000)} k | ${text(({ p50Us }) => p50Us)} / ${text(({ p99Us }) => p99Us)} ` +
    `| ${text(({ serverUs }) => serverUs)} / ${text(({ clientUs }) => clientUs)}`
  );
}
