import { algorithms, type Result, scenarios, simulate } from "@msec/balance/simulator";

/** One run: positions in `scenarios` and `algorithms`, and the seed. */
export type Task = { readonly scenario: number; readonly algorithm: number; readonly seed: number };

/**
 * Runs tasks that no other thread has taken, one after the other, until there are no more.
 *
 * @param next  one number that the threads share: the first task that nobody has taken
 */
export function runTasks(tasks: readonly Task[], next: Int32Array, done: (task: Task, result: Result) => void): void {
  for (;;) {
    const task = tasks[Atomics.add(next, 0, 1)];
    if (task === undefined) return;
    const { scenario, algorithm, seed } = task;
    done(task, simulate(scenarios[scenario]!, algorithms[algorithm]!, seed));
  }
}
