import { Worker } from "node:worker_threads";
import { keepInput } from "./corpus.ts";
import { inputOf } from "./inputs.ts";
import type { FuzzEnd, FuzzWork } from "./worker.ts";

/** What a run found. */
export interface FuzzReport {
  readonly target: string;
  readonly seed: number;
  readonly inputs: number;
  readonly seconds: number;
  /** Of one input; of a target in a process of its own, the most that this worked without looking at its sockets. */
  readonly slowestMs: number;
  /** More resident at the end than when the first tenth was done. */
  readonly grownBytes: number;
  /** Why it failed; undefined when every promise was kept. */
  readonly failure: string | undefined;
}

const hangMs = 1_000;
/** Twice in a row: a machine that is busy stops for a moment without any fault of an input's. */
const watchMs = 500;
const maxGrowthBytes = 256 * 1024 * 1024;

/** Run inputs `first…first+inputs-1` of a target in a thread of its own. A failing one is kept in the corpus. */
export async function fuzz(target: string, seed: number, inputs: number, first = 0): Promise<FuzzReport> {
  const begun = performance.now();
  const warmUp = await runPart(target, seed, Math.ceil(inputs / 10), first);
  const rss = process.memoryUsage.rss();
  const rest = inputs - Math.ceil(inputs / 10);
  const main =
    warmUp.failure || rest === 0 ? warmUp : await runPart(target, seed, rest, first + Math.ceil(inputs / 10));
  const grownBytes = process.memoryUsage.rss() - rss;
  const memory =
    grownBytes > maxGrowthBytes ? `memory grew by ${Math.round(grownBytes / 1048576)} MiB over the run` : undefined;
  return {
    target,
    seed,
    inputs: warmUp.done + (main === warmUp ? 0 : main.done),
    seconds: (performance.now() - begun) / 1_000,
    slowestMs: Math.max(warmUp.slowestMs, main.slowestMs),
    grownBytes,
    failure: main.failure ?? memory,
  };
}

interface Part {
  readonly done: number;
  readonly slowestMs: number;
  readonly failure: string | undefined;
}

async function runPart(target: string, seed: number, inputs: number, first: number): Promise<Part> {
  const progress = new Int32Array(new SharedArrayBuffer(4));
  const work: FuzzWork = { target, seed, first, inputs, progress };
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: work });
  const { promise: ended, resolve } = Promise.withResolvers<FuzzEnd | Error>();
  worker.on("message", resolve);
  worker.on("error", (error) => resolve(error as Error));
  let seenIndex = -1;
  let since = performance.now();
  const watch = setInterval(() => {
    const index = Atomics.load(progress, 0);
    if (index !== seenIndex) {
      seenIndex = index;
      since = performance.now();
    } else if (performance.now() - since > 10 * hangMs) {
      resolve(new Error("hangs"));
    }
  }, watchMs);
  const end = await ended;
  clearInterval(watch);
  await worker.terminate();
  const at = Atomics.load(progress, 0);
  if (end instanceof Error) {
    return { done: at - first, slowestMs: 0, failure: describe(target, seed, at, String(end.stack ?? end)) };
  }
  if (end.failed) {
    return { ...end, failure: describe(target, seed, end.failed.index, end.failed.reason) };
  }
  if (end.slowestMs > hangMs) {
    return { ...end, failure: describe(target, seed, end.slowestIndex, `took ${Math.round(end.slowestMs)} ms`) };
  }
  return { ...end, failure: undefined };
}

function describe(target: string, seed: number, index: number, reason: string): string {
  const input = inputOf(target, seed, index);
  const path = keepInput(target, input);
  return `input ${index} of seed ${seed}: ${reason}\n${Buffer.from(input).toString("hex")}\nkept in ${path}`;
}
