import { parentPort, workerData } from "node:worker_threads";
import { inputOf, targets } from "./inputs.ts";

/** What the thread that runs the inputs is given. `progress[0]` is the input that it is at, for who watches for hangs. */
export interface FuzzWork {
  readonly target: string;
  readonly seed: number;
  readonly first: number;
  readonly inputs: number;
  readonly progress: Int32Array;
}

/** What it says at its end. */
export interface FuzzEnd {
  readonly done: number;
  /** Index and reason of the input that broke a promise. */
  readonly failed: { readonly index: number; readonly reason: string } | undefined;
  readonly slowestMs: number;
  readonly slowestIndex: number;
}

/** From here on an input is suspected of being slow, in milliseconds. */
const suspectMs = 100;
/** What an input takes it takes each time; what the machine takes, by running something else meanwhile, it does not. */
const repeats = 4;

function work({ target, seed, first, inputs, progress }: FuzzWork): FuzzEnd {
  const { run } = targets[target]!;
  let slowestMs = 0;
  let slowestIndex = first;
  for (let index = first; index < first + inputs; index++) {
    Atomics.store(progress, 0, index);
    const input = inputOf(target, seed, index);
    let ms: number;
    try {
      ms = timeOf(run, input);
      for (let again = 0; again < repeats && ms > suspectMs && ms > slowestMs; again++) {
        ms = Math.min(ms, timeOf(run, input));
      }
    } catch (error) {
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return { done: index - first, failed: { index, reason }, slowestMs, slowestIndex };
    }
    if (ms > slowestMs) {
      slowestMs = ms;
      slowestIndex = index;
    }
  }
  return { done: inputs, failed: undefined, slowestMs, slowestIndex };
}

function timeOf(run: (input: Uint8Array) => void, input: Uint8Array): number {
  const begun = performance.now();
  run(input);
  return performance.now() - begun;
}

if (parentPort) {
  parentPort.postMessage(work(workerData as FuzzWork));
}
