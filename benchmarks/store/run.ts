import { loadavg } from "node:os";
import { CommandLine } from "../lib/command-line.ts";
import { formatMachineSpeed, machineSpeed } from "../lib/machine-speed.ts";
import { type BenchStore, type Figure, openBenchStore } from "./bench-store.ts";
import { calls } from "./calls.ts";
import { flows } from "./flows.ts";
import { metrics } from "./metrics.ts";

/** What is measured, each in a store of its own. */
const subjects: Record<string, (bench: BenchStore) => AsyncGenerator<Figure>> = { metrics, calls, flows };

const line = new CommandLine(
  "npm run bench -- store [metrics|calls|flows [spans,…]]",
  `The telemetry store on the embedded engine: samples and calls in, on disk, and the questions of the console's pages. Spans: how
many there are when flows are looked for, ascending; default 1000000.`,
  {},
  { words: 2 },
);
const chosen = line.chosen("the subject", line.words[0] ?? "", Object.entries(subjects), ([name]) => name);
for (const [name, measure] of chosen) {
  console.log(
    `\n## ${name} (load of the machine ${loadavg()[0]!.toFixed(1)})\n\n| what | goal | found |\n|---|---|---|`,
  );
  await using bench = await openBenchStore();
  const before = machineSpeed();
  for await (const { what, goal, found } of measure(bench)) console.log(`| ${what} | ${goal} | ${found} |`);
  const machine = formatMachineSpeed(before, machineSpeed());
  console.log(`| the machine before and after, ms: 20 million rounds of a hash, a copy of 64 MiB | | ${machine} |`);
}
