import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { LoopResult } from "../lib/closed-loop.ts";
import { freePort, runClient, startServer } from "../lib/pinned.ts";
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
    const figures = new Map<string, LoopResult[]>();
    const ratios = new Map<string, number[]>();
    const add = (name: string, result: LoopResult) => figures.set(name, [...(figures.get(name) ?? []), result]);
    for (let round = 1; round <= options.rounds; round++) {
      for (const server of servers) {
        // Ours beside each of them, as everywhere.
        const own = await measure({ name: "msec", command: serverOf("msec") }, shape, options);
        const other = await measure(server, shape, options);
        add("msec", own);
        add(server.name, other);
        ratios.set(server.name, [...(ratios.get(server.name) ?? []), own.callsPerSecond / other.callsPerSecond]);
        options.say(
          `server alone ${shapeName(shape)} round ${round}/${options.rounds} ${server.name}: ${own.callsPerSecond} / ${other.callsPerSecond}`,
        );
      }
    }
    print(shape, figures, ratios, options.measureMs);
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

async function measure(server: SrpcServer, shape: Shape, options: LimitsOptions): Promise<LoopResult> {
  const port = String(await freePort());
  const started = await startServer(0, [...server.command, "--port", port]);
  try {
    const load = ["--connections", String(shape.connections), "--outstanding", String(shape.outstanding)];
    const times = ["--warmup", String(server.warm ? 500 : options.warmupMs), "--measure", String(options.measureMs)];
    return await runClient<LoopResult>(1, [`${folder}/build/client`, "--port", port, ...load, ...times]);
  } finally {
    await (server.endsItself ? started.end() : started.stop());
  }
}

function print(
  shape: Shape,
  figures: Map<string, LoopResult[]>,
  ratios: Map<string, number[]>,
  measureMs: number,
): void {
  console.log(`\n### Servers alone, a client in C, ${shapeName(shape)}\n`);
  console.log("| | calls/s, median (min–max) | p50 / p99, µs | the client's processor | msec is … times as fast |");
  console.log("|---|---|---|---|---|");
  for (const [name, results] of figures) {
    const text = (pick: (result: LoopResult) => number) => formatSpread(spreadOf(results.map(pick)));
    const ratio = ratios.get(name);
    console.log(
      `| ${name} | ${text(({ callsPerSecond }) => callsPerSecond / 1000)} k | ${text(({ p50Us }) => p50Us)} / ${text(({ p99Us }) => p99Us)} ` +
        `| ${text(({ clientCpuSeconds }) => (clientCpuSeconds / measureMs) * 100_000)} % | ${ratio === undefined ? "" : formatSpread(spreadOf(ratio))} |`,
    );
  }
}
