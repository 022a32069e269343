import type { Connection } from "./closed-loop.ts";

/** What one run of an open loop measured. */
export interface OpenLoopResult {
  /** Calls that were due in the time, answered or not. */
  calls: number;
  errors: number;
  /** From when each call was due until it was answered, whole microseconds, ascending; those of errors too. */
  samplesUs: number[];
}

/** How long answers are waited for behind the end. Calls that have none then count as if it had come at that moment. */
const graceMs = 2000;

/**
 * Make `ratePerSecond` calls a second over the connections in turn, whatever is under way, for `measureMs`.
 *
 * Each call is counted from when it was due, not from when this process came to make it, and each one that was due is counted, also where its answer comes later than the end,
 * so that a stall shows in the latencies of all the calls that it delayed (no coordinated omission).
 */
export async function openLoop<Answer>(
  connections: readonly Connection<Answer>[],
  ratePerSecond: number,
  measureMs: number,
): Promise<OpenLoopResult> {
  const intervalMs = 1000 / ratePerSecond;
  const due = Math.floor(measureMs / intervalMs);
  // Filled from the start, so that what was never answered is seen.
  const samples = new Float64Array(due).fill(Number.NaN);
  let issued = 0;
  let ended = 0;
  let errors = 0;
  const begin = performance.now();

  function end(index: number): void {
    samples[index] = performance.now() - begin - index * intervalMs;
    ended++;
  }
  function issue(): void {
    const index = issued++;
    const connection = connections[index % connections.length] as Connection<Answer>;
    connection.call().then(
      (answer) => {
        end(index);
        try {
          connection.check?.(answer);
        } catch {
          errors++;
        }
      },
      () => {
        end(index);
        errors++;
      },
    );
  }
  await new Promise<void>((resolve) => {
    function turn(): void {
      const now = performance.now() - begin;
      while (issued < due && issued * intervalMs <= now) issue();
      if ((issued === due && ended === due) || now > measureMs + graceMs) {
        resolve();
        return;
      }
      // Timers have a millisecond's resolution; a turn of the event loop is what reads answers too.
      setImmediate(turn);
    }
    turn();
  });
  const now = performance.now() - begin;
  for (let index = 0; index < due; index++) {
    if (Number.isNaN(samples[index])) samples[index] = now - index * intervalMs;
  }
  return {
    calls: due,
    errors: errors + due - ended,
    samplesUs: Array.from(samples.sort(), (ms) => Math.round(ms * 1000)),
  };
}
