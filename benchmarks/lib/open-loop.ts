import type { Connection, LoopResult } from "./closed-loop.ts";
import { quantileUs } from "./quantile.ts";

/**
 * Make `ratePerSecond` calls a second over the connections in turn, whatever is under way, for `measureMs` after `warmupMs`.
 *
 * Each call is counted from when it was due, not from when this process came to make it, so that a stall shows in the
 * latencies of all the calls that it delayed (no coordinated omission).
 */
export async function openLoop<Answer>(options: {
  connect: () => Promise<Connection<Answer>>;
  connections: number;
  ratePerSecond: number;
  warmupMs: number;
  measureMs: number;
}): Promise<LoopResult> {
  const connections = await Promise.all(Array.from({ length: options.connections }, () => options.connect()));
  const intervalMs = 1000 / options.ratePerSecond;
  const samples = new Float64Array(Math.ceil((options.measureMs / intervalMs) * 1.1) + 1000);
  const begin = performance.now();
  const from = begin + options.warmupMs;
  const until = from + options.measureMs;
  let cpu: NodeJS.CpuUsage | undefined;
  let issued = 0;
  let calls = 0;
  let errors = 0;

  function issue(dueMs: number): void {
    const connection = connections[issued++ % connections.length] as Connection<Answer>;
    connection.call().then(
      (answer) => {
        try {
          connection.check?.(answer);
        } catch {
          errors++;
          return;
        }
        const now = performance.now();
        if (now >= from && now < until) samples[calls++ % samples.length] = now - dueMs;
      },
      () => {
        errors++;
      },
    );
  }
  await new Promise<void>((resolve) => {
    function turn(): void {
      const now = performance.now();
      if (cpu === undefined && now >= from) cpu = process.cpuUsage();
      if (now >= until) {
        resolve();
        return;
      }
      for (let due = begin + issued * intervalMs; due <= now; due = begin + issued * intervalMs) issue(due);
      // Timers have a millisecond's resolution; a turn of the event loop is what reads answers too.
      setImmediate(turn);
    }
    turn();
  });
  const used = process.cpuUsage(cpu);
  const sorted = samples.subarray(0, Math.min(calls, samples.length)).sort();
  return {
    callsPerSecond: Math.round(calls / (options.measureMs / 1000)),
    p50Us: quantileUs(sorted, 0.5),
    p99Us: quantileUs(sorted, 0.99),
    clientCpuSeconds: (used.user + used.system) / 1e6,
    serverCpuSeconds: 0,
    calls,
    errors,
  };
}
