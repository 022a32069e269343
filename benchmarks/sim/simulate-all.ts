import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { algorithms, type Result, type Row, type Scenario, scenarios } from "@msec/balance/simulator";

/** One run: positions in `scenarios` and `algorithms`, and the seed. */
export type Task = { readonly scenario: number; readonly algorithm: number; readonly seed: number };

/** All rows of one seed. */
export type SeedRows = { readonly seed: number; readonly rows: readonly Row[] };

/** Runs every algorithm through each of the scenarios for each of the seeds, on all processors at once. The figures do not depend on how many there are. */
export async function simulateAll(chosen: readonly Scenario[], seeds: readonly number[]): Promise<SeedRows[]> {
  const tasks = seeds.flatMap((seed) =>
    chosen.flatMap((scenario) =>
      algorithms.map((_, algorithm) => ({ scenario: scenarios.indexOf(scenario), algorithm, seed })),
    ),
  );
  const results = await runAll(tasks);
  const resultOf = (task: Task) => results.get(keyOf(task))!;
  return seeds.map((seed) => ({
    seed,
    rows: chosen.map((scenario) => ({
      scenario,
      results: algorithms.map((_, algorithm) => resultOf({ scenario: scenarios.indexOf(scenario), algorithm, seed })),
    })),
  }));
}

async function runAll(tasks: readonly Task[]): Promise<Map<string, Result>> {
  // The largest first, so that no processor is left with one of them at the end.
  const waiting = [...tasks].sort((a, b) => sizeOf(a) - sizeOf(b));
  const results = new Map<string, Result>();
  const count = Math.min(availableParallelism(), tasks.length);
  await Promise.all(Array.from({ length: count }, () => work(waiting, results)));
  return results;
}

async function work(waiting: Task[], results: Map<string, Result>): Promise<void> {
  // A generation of objects that holds the calls of a second: what is in flight is not copied around.
  const worker = new Worker(new URL("./simulate-worker.ts", import.meta.url), {
    resourceLimits: { maxYoungGenerationSizeMb: 64 },
  });
  try {
    for (let task = waiting.pop(); task !== undefined; task = waiting.pop()) {
      results.set(keyOf(task), await ask(worker, task));
    }
  } finally {
    await worker.terminate();
  }
}

function ask(worker: Worker, task: Task): Promise<Result> {
  return new Promise((resolve, reject) => {
    worker.once("message", (result: Result) => {
      worker.off("error", reject);
      resolve(result);
    });
    worker.once("error", reject);
    worker.postMessage(task);
  });
}

function sizeOf({ scenario }: Task): number {
  const { seconds, callsPerSecond, callers, workers } = scenarios[scenario]!;
  return seconds * callsPerSecond + callers * workers.length;
}

function keyOf({ scenario, algorithm, seed }: Task): string {
  return `${scenario} ${algorithm} ${seed}`;
}
