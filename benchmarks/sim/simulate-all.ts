import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { algorithms, type Result, type Row, type Scenario, scenarios } from "@msec/balance/simulator";
import { begunOf, End, isOurs, noneTaken, runTasks, type Task } from "./run-tasks.ts";

// As commands do, see bin/msec.js.
const compiled = fileURLToPath(new URL("../../node_modules/.cache/node", import.meta.url));

/** All rows of one seed. */
export type SeedRows = { readonly seed: number; readonly rows: readonly Row[] };

/**
 * Runs every algorithm through each of the scenarios for each of the seeds, on all processors at once. The figures do not depend on how many there are.
 *
 * @param onProgress  told now and then how many of all runs have begun
 */
export async function simulateAll(
  chosen: readonly Scenario[],
  seeds: readonly number[],
  onProgress: (begun: number, all: number) => void,
): Promise<SeedRows[]> {
  const tasks = seeds.flatMap((seed) =>
    chosen.flatMap((scenario) =>
      algorithms.map((_, algorithm) => ({ scenario: scenarios.indexOf(scenario), algorithm, seed })),
    ),
  );
  const results = await runAll(tasks, onProgress);
  const resultOf = (task: Task) => results.get(keyOf(task))!;
  return seeds.map((seed) => ({
    seed,
    rows: chosen.map((scenario) => ({
      scenario,
      results: algorithms.map((_, algorithm) => resultOf({ scenario: scenarios.indexOf(scenario), algorithm, seed })),
    })),
  }));
}

async function runAll(
  tasks: readonly Task[],
  onProgress: (begun: number, all: number) => void,
): Promise<Map<string, Result>> {
  // The largest at both ends, so that no processor is left with one of them at last; those of one row, which share what they draw, stay beside each other.
  const smaller = [...tasks].sort((a, b) => sizeOf(b) - sizeOf(a));
  const order = [
    ...smaller.filter((task) => !isOurs(task.algorithm)),
    ...smaller.filter((task) => isOurs(task.algorithm)).reverse(),
  ];
  const results = new Map<string, Result>();
  const take = (task: Task, result: Result) => results.set(keyOf(task), result);
  const taken = noneTaken();
  const helpers = Math.min(availableParallelism(), order.length) - 1;
  const helping = Array.from({ length: helpers }, () => help(order, taken, take));
  // This thread has everything loaded and compiled: it works as well, so one processor does not begin with that again.
  runTasks(order, taken, End.front, (task, result) => {
    take(task, result);
    onProgress(begunOf(taken, order.length), order.length);
  });
  await Promise.all(helping);
  return results;
}

function help(tasks: readonly Task[], taken: Int32Array, take: (task: Task, result: Result) => void): Promise<void> {
  const worker = new Worker(new URL("./simulate-worker.ts", import.meta.url), {
    workerData: { tasks, taken },
    // It need not strip types again, which takes a fifth of a second.
    env: { ...process.env, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? compiled },
  });
  return new Promise((resolve, reject) => {
    worker.on("message", ({ task, result }: { task: Task; result: Result }) => take(task, result));
    worker.once("error", reject);
    worker.once("exit", () => resolve());
  });
}

function sizeOf({ scenario }: Task): number {
  const { seconds, callsPerSecond, callers, workers } = scenarios[scenario]!;
  return seconds * callsPerSecond + callers * workers.length;
}

function keyOf({ scenario, algorithm, seed }: Task): string {
  return `${scenario} ${algorithm} ${seed}`;
}
