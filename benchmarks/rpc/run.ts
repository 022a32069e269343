import { parseArgs } from "node:util";
import type { LoopResult } from "../lib/closed-loop.ts";
import { freePort, runClient, startServer } from "../lib/pinned.ts";
import { formatSpread, spreadOf } from "../lib/spread.ts";
import { findPeers, OURS, type Peer } from "./peers.ts";
import { SHAPES, type Shape, shapeName } from "./shapes.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    peers: { type: "string", default: "." },
    shapes: { type: "string", default: "." },
    measure: { type: "string", default: "1500" },
    warmup: { type: "string", default: "1000" },
  },
});
const rounds = Number(values.rounds);
const say = (line: string) => process.stderr.write(`${line}\n`);

/** One measurement: a fresh server on one processor, a fresh client on the other. */
async function measure(peer: Peer, shape: Shape): Promise<LoopResult> {
  const port = await freePort();
  const server = await startServer(0, [...peer.server, "--port", String(port)]);
  try {
    const shapeArguments = ["--connections", String(shape.connections), "--outstanding", String(shape.outstanding)];
    const time = ["--warmup", values.warmup, "--measure", values.measure];
    return await runClient<LoopResult>(1, [...peer.client, "--port", String(port), ...shapeArguments, ...time]);
  } finally {
    await server.stop();
  }
}

const peers = findPeers(say).filter((peer) => new RegExp(values.peers).test(peer.name));
const shapes = SHAPES.filter((shape) => new RegExp(values.shapes).test(shapeName(shape)));

for (const shape of shapes) {
  const ours: LoopResult[] = [];
  const results = new Map<string, LoopResult[]>();
  const ratios = new Map<string, number[]>();
  for (let round = 1; round <= rounds; round++) {
    for (const peer of peers) {
      // Ours right beside each peer: the machine drifts between speeds, a pair hardly does.
      const own = await measure(OURS, shape);
      const other = await measure(peer, shape);
      ours.push(own);
      results.set(peer.name, [...(results.get(peer.name) ?? []), other]);
      ratios.set(peer.name, [...(ratios.get(peer.name) ?? []), own.callsPerSecond / other.callsPerSecond]);
      say(`${shapeName(shape)} round ${round}/${rounds} ${peer.name}: ${own.callsPerSecond} / ${other.callsPerSecond}`);
    }
  }
  printShape(shape, ours, results, ratios);
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
