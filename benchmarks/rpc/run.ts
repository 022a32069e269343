import type { LoopResult } from "../lib/closed-loop.ts";
import { CommandLine } from "../lib/command-line.ts";
import { freePort, runClient, startServer } from "../lib/pinned.ts";
import { formatSpread, spreadOf } from "../lib/spread.ts";
import { printLatency } from "./latency.ts";
import { findPeers, OURS, PEER_NAMES, type Peer, PROTOCOLS } from "./peers.ts";
import { printServerLimits } from "./server-limits.ts";
import { SHAPES, type Shape, shapeName } from "./shapes.ts";

const line = new CommandLine(
  "npm run bench -- rpc",
  `Echo of a 100-byte string: ours beside each peer, in turn, and the other protocols of our port beside bare servers of
their own libraries. Expressions are regular ones; "none" leaves all out. Needs two processors.`,
  {
    rounds: { about: "how often each pair is measured, 1…100", default: "5" },
    peers: { about: "expression for names of peers", default: "" },
    shapes: { about: "expression for connections × outstanding, such as 64×1 or 64x1", default: "" },
    latency: { about: "on or off: latency at 70 % of what C++ gRPC can do, and of what ours can", default: "on" },
    windows: { about: "how many short windows of latency of each, 1…1000", default: "40" },
    servers: { about: "on or off: servers alone at 64×1 and 16×16, driven by a client in C", default: "on" },
    "srpc-server": { about: "command that starts one more of those servers; --port N is added (benchmarks/README.md)" },
    protocols: { about: "expression for gRPC, Connect, HTTP+JSON; on or off: all or none", default: "on" },
    measure: { about: "milliseconds that count, 100…600000", default: "1500" },
    // V8 compiles on the one processor that a program has here: after one second it still does, ours longer than most peers.
    warmup: { about: "milliseconds before them, 0…600000", default: "3000" },
  },
);
const { values } = line;
const rounds = line.integer("rounds", 1, 100);
line.integer("measure", 100, 600_000);
line.integer("warmup", 0, 600_000);
line.integer("windows", 1, 1000);
for (const name of ["latency", "servers"] as const) {
  if (!["on", "off"].includes(values[name])) line.refuse(`--${name} ${values[name]} must be on or off`);
}
// Before anything is built for them: what is not there to be chosen is said at once.
const shapes = line.chosen("--shapes", values.shapes, SHAPES, shapeName);
const chosenProtocols =
  values.protocols === "on" || values.protocols === "off"
    ? PROTOCOLS.filter(() => values.protocols === "on")
    : line.chosen("--protocols", values.protocols, PROTOCOLS, ({ name }) => name);
const say = (line: string) => process.stderr.write(`${line}\n`);

/** One measurement: a fresh server on one processor, a fresh client on the other. */
async function measure(peer: Peer, shape: Shape): Promise<LoopResult> {
  const port = await freePort();
  const server = await startServer(0, [...peer.server, "--port", String(port)]);
  try {
    const shapeArguments = ["--connections", String(shape.connections), "--outstanding", String(shape.outstanding)];
    const load = [
      "--warmup",
      values.warmup,
      "--measure",
      values.measure,
      // Of C++ gRPC's client we have only what it says itself.
      ...(peer.client[0] === process.execPath ? ["--server-pid", String(server.pid)] : []),
    ];
    return await runClient<LoopResult>(1, [...peer.client, "--port", String(port), ...shapeArguments, ...load]);
  } finally {
    await server.stop();
  }
}

const peers = findPeers(
  line.chosen("--peers", values.peers, PEER_NAMES, (name) => name),
  say,
);

for (const shape of shapes) {
  const ours: LoopResult[] = [];
  const results = new Map<string, LoopResult[]>();
  const ratios = new Map<string, number[]>();
  for (let round = 1; round <= rounds; round++) {
    for (const peer of peers) {
      // Ours right beside each peer: the machine drifts between speeds, a pair hardly does.
      const own = await measure(OURS, shape);
      const other = await measure(peer, shape).catch((error: Error) => {
        say(`${shapeName(shape)}: ${peer.name} cannot: ${error.message.split("\n")[0]}`);
      });
      if (other === undefined) continue;
      ours.push(own);
      results.set(peer.name, [...(results.get(peer.name) ?? []), other]);
      ratios.set(peer.name, [...(ratios.get(peer.name) ?? []), own.callsPerSecond / other.callsPerSecond]);
      say(`${shapeName(shape)} round ${round}/${rounds} ${peer.name}: ${own.callsPerSecond} / ${other.callsPerSecond}`);
    }
  }
  printShape(shape, ours, results, ratios);
}

const cpp = peers.find((peer) => peer.name === "C++ gRPC");
if (cpp !== undefined && values.latency !== "off") {
  await printLatency(cpp, { windows: Number(values.windows), warmupMs: Number(values.warmup), say });
}
if (values.servers !== "off") {
  await printServerLimits({
    rounds,
    warmupMs: Number(values.warmup),
    measureMs: Number(values.measure),
    otherCommand: values["srpc-server"],
    say,
  });
}
if (chosenProtocols.length > 0) await protocolsBesideBare();

/** The other protocols of our port against a bare server of the same library, both driven by that library's client. */
async function protocolsBesideBare(): Promise<void> {
  console.log("\n### Other protocols on our port, against a bare server of the same library (8×8)\n");
  console.log("A processor's time of the server for a call hardly minds what else the machine does; calls/s do.\n");
  console.log(
    "| protocol | ours, calls/s | bare, calls/s | ours / bare | processor of the server for a call, µs: bare / ours | ratio |",
  );
  console.log("|---|---|---|---|---|---|");
  for (const { name, bare } of chosenProtocols) {
    const pairs: { own: number; other: number; ownUs: number; otherUs: number }[] = [];
    for (let round = 1; round <= rounds; round++) {
      const ownPeer = { ...bare, server: OURS.server };
      const shape: Shape = { connections: 8, outstanding: 8 };
      const own = await measure(ownPeer, shape);
      const other = await measure(bare, shape);
      const [ownUs, otherUs] = [serverUs(own), serverUs(other)];
      pairs.push({ own: own.callsPerSecond, other: other.callsPerSecond, ownUs, otherUs });
      say(`${name} round ${round}/${rounds}: ${own.callsPerSecond} / ${other.callsPerSecond}`);
    }
    const text = (pick: (pair: (typeof pairs)[number]) => number) => formatSpread(spreadOf(pairs.map(pick)));
    console.log(
      `| ${name} | ${text(({ own }) => own)} | ${text(({ other }) => other)} | ${text(({ own, other }) => own / other)} ` +
        `| ${text(({ otherUs }) => otherUs)} / ${text(({ ownUs }) => ownUs)} | ${text(({ ownUs, otherUs }) => otherUs / ownUs)} |`,
    );
  }
}

function serverUs({ serverCpuSeconds, calls }: LoopResult): number {
  return (serverCpuSeconds / calls) * 1e6;
}

function printShape(
  shape: Shape,
  ours: LoopResult[],
  results: Map<string, LoopResult[]>,
  ratios: Map<string, number[]>,
): void {
  console.log(`\n### ${shapeName(shape)} (connections × outstanding)\n`);
  console.log("| | calls/s, median (min–max) | p50 / p99, µs | msec is … times as fast |");
  console.log("|---|---|---|---|");
  console.log(row("msec", ours, ""));
  for (const [name, figures] of results) {
    console.log(row(name, figures, formatSpread(spreadOf(ratios.get(name) as number[]))));
  }
}

function row(name: string, figures: LoopResult[], ratio: string): string {
  const rate = spreadOf(figures.map((figure) => figure.callsPerSecond / 1000));
  const p50 = spreadOf(figures.map((figure) => figure.p50Us)).median;
  const p99 = spreadOf(figures.map((figure) => figure.p99Us)).median;
  return `| ${name} | ${formatSpread(rate)} k | ${Math.round(p50)} / ${Math.round(p99)} | ${ratio} |`;
}
