import { loadavg } from "node:os";
import { CommandLine } from "../lib/command-line.ts";
import { type BenchStore, type Figure, openBenchStore } from "./bench-store.ts";
import { calls } from "./calls.ts";
import { flows } from "./flows.ts";
import { metrics } from "./metrics.ts";

/** What is measured, each in a store of its own. */
const subjects: Record<string, (bench: BenchStore) => AsyncGenerator<Figure>> = { metrics, calls, flows };

const line = new CommandLine(
  "npm run bench -- store [metrics|calls|flows]",
  "The telemetry store on the embedded engine: samples and calls in, on disk, and the questions of the console's pages.",
  {},
  { words: 1 },
);
const chosen = line.chosen("the subject", line.words[0] ?? "", Object.entries(subjects), ([name]) => name);
for (const [name, measure] of chosen) {
  console.log(
    `\n## ${name} (load of the machine ${loadavg()[0]!.toFixed(1)})\n\n| what | goal | found |\n|---|---|---|`,
  );
  await using bench = await openBenchStore();
  for await (const { what, goal, found } of measure(bench)) console.log(`| ${what} | ${goal} | ${found} |`);
}
