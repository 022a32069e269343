import { loadavg } from "node:os";
import { type BenchStore, type Figure, openBenchStore } from "./bench-store.ts";
import { calls } from "./calls.ts";
import { flows } from "./flows.ts";
import { metrics } from "./metrics.ts";

/** What is measured, each in a store of its own. */
const subjects: Record<string, (bench: BenchStore) => AsyncGenerator<Figure>> = { metrics, calls, flows };

const pattern = new RegExp(process.argv[2] ?? "");
for (const [name, measure] of Object.entries(subjects)) {
  if (!pattern.test(name)) continue;
  console.log(
    `\n## ${name} (load of the machine ${loadavg()[0]!.toFixed(1)})\n\n| what | goal | found |\n|---|---|---|`,
  );
  await using bench = await openBenchStore();
  for await (const { what, goal, found } of measure(bench)) console.log(`| ${what} | ${goal} | ${found} |`);
}
