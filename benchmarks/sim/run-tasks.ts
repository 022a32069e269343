import { algorithms, type Result, rehearse, scenarios, simulate } from "@msec/balance/simulator";

/** One run: positions in `scenarios` and `algorithms`, and the seed. */
export type Task = { readonly scenario: number; readonly algorithm: number; readonly seed: number };

/** From which end of the list a thread takes its tasks: each keeps to algorithms of its own as long as it can, for code that meets fewer of them is quicker. */
export const End = { front: 0, back: 1 } as const;
/** From which end of the list a thread takes its tasks. */
export type End = (typeof End)[keyof typeof End];

/** How many were taken from the front, from the back and in all, when none has been. */
export function noneTaken(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(12));
}

/** With and without asking: they are the same code, and half of the work. */
export function isOurs(algorithm: number): boolean {
  return algorithm >= algorithms.length - 2;
}

/** Rehearses with the algorithms of its end, and runs tasks that no other thread has taken, one after the other, until there are no more. */
export function runTasks(
  tasks: readonly Task[],
  taken: Int32Array,
  end: End,
  done: (task: Task, result: Result) => void,
): void {
  rehearse(algorithms.filter((_, position) => isOurs(position) === (end === End.back)));
  while (Atomics.add(taken, 2, 1) < tasks.length) {
    const step = Atomics.add(taken, end, 1);
    const task = tasks[end === End.front ? step : tasks.length - 1 - step]!;
    const { scenario, algorithm, seed } = task;
    done(task, simulate(scenarios[scenario]!, algorithms[algorithm]!, seed));
  }
}

/** How many tasks of so many some thread has begun. */
export function begunOf(taken: Int32Array, tasks: number): number {
  return Math.min(Atomics.load(taken, 2), tasks);
}
