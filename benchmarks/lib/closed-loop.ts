import { performance } from "node:perf_hooks";
import { processSeconds } from "./process-time.ts";
import { quantileUs } from "./quantile.ts";

/** One open connection of a peer's own client. */
export interface Connection<Answer = unknown> {
  /** Makes one echo call, as a user of the peer would; settles with its answer, or when that has been checked. */
  call(): Promise<Answer>;
  /** Throws unless this is the answer; for who needs no waiting for it. An async function around `call` costs a call of ours a tenth of the client's time. */
  check?(answer: Answer): void;
  close(): unknown;
}

/** What one run of a closed loop measured. */
export interface LoopResult {
  callsPerSecond: number;
  p50Us: number;
  p99Us: number;
  /** CPU seconds of the client process during the measurement. */
  clientCpuSeconds: number;
  /** Of the server's process meanwhile; 0 where nobody said which it is. */
  serverCpuSeconds: number;
  calls: number;
  errors: number;
}

const MAX_SAMPLES = 400_000;

/**
 * Keep `outstanding` calls under way on each of `connections` connections for `measureMs`, after `warmupMs` that do not count.
 *
 * @param options.connections 1…1000
 * @param options.outstanding calls under way on each connection, 1…1000
 */
export async function closedLoop<Answer>(options: {
  connect: () => Promise<Connection<Answer>>;
  connections: number;
  outstanding: number;
  warmupMs: number;
  measureMs: number;
  serverPid?: number | undefined;
}): Promise<LoopResult> {
  const connections = await Promise.all(Array.from({ length: options.connections }, () => options.connect()));
  const samples = new Float64Array(MAX_SAMPLES);
  let calls = 0;
  let sample = 0;
  let errors = 0;
  let measuring = false;
  let running = true;

  async function loop(connection: Connection<Answer>): Promise<void> {
    // A call begins when the one before has ended: one look at the clock, which is a fiftieth of what a call of ours takes, is both.
    let start = performance.now();
    while (running) {
      try {
        const answer = await connection.call();
        connection.check?.(answer);
      } catch (error) {
        errors++;
        if (errors > 100) throw error;
      }
      const end = performance.now();
      if (measuring) {
        samples[sample] = end - start;
        sample = sample + 1 < MAX_SAMPLES ? sample + 1 : 0;
        calls++;
      }
      start = end;
    }
  }
  const loops: Promise<void>[] = [];
  for (const connection of connections) {
    for (let i = 0; i < options.outstanding; i++) loops.push(loop(connection));
  }
  await sleep(options.warmupMs);
  const cpu = process.cpuUsage();
  const serverCpu = processSeconds(options.serverPid);
  const start = performance.now();
  measuring = true;
  await sleep(options.measureMs);
  measuring = false;
  const seconds = (performance.now() - start) / 1000;
  const used = process.cpuUsage(cpu);
  const serverCpuSeconds = processSeconds(options.serverPid) - serverCpu;
  running = false;
  await Promise.allSettled(loops);
  for (const connection of connections) await connection.close();

  const sorted = samples.subarray(0, Math.min(calls, MAX_SAMPLES)).sort();
  return {
    callsPerSecond: Math.round(calls / seconds),
    p50Us: quantileUs(sorted, 0.5),
    p99Us: quantileUs(sorted, 0.99),
    clientCpuSeconds: (used.user + used.system) / 1e6,
    serverCpuSeconds,
    calls,
    errors,
  };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
