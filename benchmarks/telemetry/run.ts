import { fileURLToPath } from "node:url";
import type { LoopResult } from "../lib/closed-loop.ts";
import { CommandLine } from "../lib/command-line.ts";
import { freePort, runClient, startServer } from "../lib/pinned.ts";
import { formatSpread, spreadOf } from "../lib/spread.ts";
import { countInstructions } from "./counted-instructions.ts";
import { recordCostNs } from "./record-cost.ts";

// What recording costs a server: `npm run bench -- telemetry [--rounds N]`. Goals: at most 15 % of echo throughput at 8×8, 1 µs a call.
const line = new CommandLine(
  "npm run bench -- telemetry",
  "What recording each call costs a server, on and off in turns. Needs two processors.",
  {
    rounds: { about: "how often, 1…1000", default: "5" },
    connections: { about: "connections, 1…10000", default: "8" },
    outstanding: { about: "calls outstanding on each, 1…4096", default: "8" },
    warmup: { about: "milliseconds before what counts, 0…600000", default: "1500" },
    measure: { about: "milliseconds that count, 100…600000", default: "2000" },
  },
);
const { values } = line;
const rounds = line.integer("rounds", 1, 1_000);
line.integer("connections", 1, 10_000);
line.integer("outstanding", 1, 4_096);
line.integer("warmup", 0, 600_000);
line.integer("measure", 100, 600_000);
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

interface Measured {
  readonly callsPerSecond: number;
  /** Of the server in user mode, a call; `undefined` where nobody can count them. */
  readonly instructions: number | undefined;
}

/** One measurement: a fresh server on one processor, a fresh client on the other. */
async function measure(recording: "on" | "off"): Promise<Measured> {
  const port = await freePort();
  const program = [process.execPath, here("recorded-server.ts"), `--recording=${recording}`, "--port", String(port)];
  const server = await startServer(0, program);
  try {
    const shape = ["--connections", values.connections, "--outstanding", values.outstanding];
    const client = [process.execPath, here("../rpc/peers/msec.client.ts"), "--port", String(port), ...shape];
    const run = (warmup: string, measured: string) =>
      runClient<LoopResult>(1, [...client, "--warmup", warmup, "--measure", measured]);
    // The server's code is compiled by then. What follows counts each of its calls, so that instructions can be divided by them.
    await run(values.warmup, "100");
    const { result, count } = await countInstructions(server.pid, () => run("0", values.measure));
    return { callsPerSecond: result.callsPerSecond, instructions: count && count / result.calls };
  } finally {
    await server.stop();
  }
}

console.log(
  `recording one call, processor time: ${formatSpread(recordCostNs(15))} ns, median (minimum–maximum) of 15 rounds\n`,
);
const pairs: { on: Measured; off: Measured }[] = [];
for (let round = 0; round < rounds; round++) {
  // Who is first changes: the machine drifts between speeds, a pair hardly does.
  const first = await measure(round % 2 === 0 ? "on" : "off");
  const second = await measure(round % 2 === 0 ? "off" : "on");
  const pair = round % 2 === 0 ? { on: first, off: second } : { on: second, off: first };
  pairs.push(pair);
  process.stderr.write(`round ${round + 1}/${rounds}: on ${pair.on.callsPerSecond}, off ${pair.off.callsPerSecond}\n`);
}
const kilo = (of: (pair: (typeof pairs)[number]) => number) => formatSpread(spreadOf(pairs.map(of)));
console.log(`echo at ${values.connections}×${values.outstanding}, server of our listener, median (minimum–maximum):\n`);
console.log("| | recording | without | ratio |");
console.log("| - | -: | -: | -: |");
console.log(
  `| thousand calls a second | ${kilo(({ on }) => on.callsPerSecond / 1_000)} | ${kilo(({ off }) => off.callsPerSecond / 1_000)} | ${kilo(({ on, off }) => on.callsPerSecond / off.callsPerSecond)} |`,
);
const counted = pairs.flatMap(({ on, off }) =>
  on.instructions === undefined || off.instructions === undefined ? [] : [[on.instructions, off.instructions] as const],
);
if (counted.length > 0) {
  const column = (of: (pair: readonly [number, number]) => number) => formatSpread(spreadOf(counted.map(of)));
  console.log(
    `| instructions a call, server, user mode | ${column(([on]) => on)} | ${column(([, off]) => off)} | ${column(([on, off]) => on / off)} |`,
  );
}
