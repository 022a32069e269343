import type { LoopWatch } from "../loop-lateness.ts";
import { Overload, type OverloadOptions } from "../overload.ts";
import { ServedCall } from "../served-call.ts";

/** A service in virtual time, and what is asked of it. */
export type SimulatedLoad = {
  /** Calls a second, evenly spread unless `random`; may depend on the second. */
  readonly rate: (nowMs: number) => number;
  /** What a handler waits for before it works, in milliseconds: a database, another service. 0: works at once. */
  readonly waitMs: number;
  /** Time of the event loop that a call takes. */
  readonly workMs: number;
  readonly lengthMs: number;
  /** Share of the calls by method; default one method. */
  readonly methods?: Readonly<Record<string, number>>;
  /** Every so many milliseconds, as a mean, the process does not run for `pauseMs`, as a mean. Default never. */
  readonly pauseEveryMs?: number;
  readonly pauseMs?: number;
  readonly seed?: number;
};

/** What became of the calls that came after the first second. */
export type SimulatedResult = {
  readonly asked: number;
  readonly answered: number;
  readonly refused: number;
  /** From arrival to answer, sorted, of all answered calls, the first second included. */
  readonly latenciesMs: readonly number[];
  /** The same for calls that came after the first two seconds. */
  readonly settledMs: readonly number[];
  /** By method, which part was answered. */
  readonly parts: Readonly<Record<string, number>>;
};

const answerMs = 0.01;
const refusalMs = 0.01;
const timerMs = 20;

class SimulatedCall extends ServedCall {
  respond(): number {
    return 0;
  }
  respondError(): void {}
}

/**
 * Run a service whose event loop, calls and clock are simulated, as Node has them: timers that are due, then everything that has arrived, then idle until something happens.
 * Virtual time, so it neither waits nor notices what else the machine does.
 */
export function simulateService(load: SimulatedLoad, options: OverloadOptions | undefined): SimulatedResult {
  const random = randomOf(load.seed ?? 1);
  let nowMs = 1_000;
  const endMs = nowMs + load.lengthMs;
  let idleMs = 0;
  let takenAtMs = nowMs;
  let takenIdleMs = 0;
  let dueMs = Number.POSITIVE_INFINITY;
  let onTurn: (nowMs: number, lateMs: number) => void = () => {};
  const watch: LoopWatch = {
    ask: () => {
      if (dueMs === Number.POSITIVE_INFINITY) dueMs = nowMs + timerMs;
    },
    overdueMs: (now) => Math.max(0, now - dueMs),
    takeBusy() {
      const busy = nowMs === takenAtMs ? 1 : 1 - (idleMs - takenIdleMs) / (nowMs - takenAtMs);
      takenAtMs = nowMs;
      takenIdleMs = idleMs;
      return busy;
    },
    stop() {},
  };
  const overload = new Overload(options ?? { targetMs: 0, maxWaitMs: 0 }, (tell) => {
    onTurn = tell;
    return watch;
  });
  overload.countRunning(() => waiting.length);
  const methods = Object.entries(load.methods ?? { only: 1 });
  const counts = new Map(methods.map(([name]) => [name, { asked: 0, answered: 0 }]));
  const latenciesMs: number[] = [];
  const settledMs: number[] = [];
  let asked = 0;
  let answered = 0;
  let refused = 0;
  let nextMs = nowMs;
  let pauseAtMs = load.pauseEveryMs === undefined ? Number.POSITIVE_INFINITY : nowMs;
  const waiting: { atMs: number; arrivedMs: number; method: string }[] = [];

  const spend = (ms: number) => {
    nowMs += ms;
    if (nowMs < pauseAtMs) return;
    nowMs += -Math.log(1 - random()) * (load.pauseMs ?? 0);
    pauseAtMs = nowMs - Math.log(1 - random()) * load.pauseEveryMs!;
  };
  const answer = (arrivedMs: number, method: string) => {
    spend(load.workMs + answerMs);
    latenciesMs.push(nowMs - arrivedMs);
    if (arrivedMs >= 2_000) {
      answered++;
      counts.get(method)!.answered++;
    }
    if (arrivedMs >= 3_000) settledMs.push(nowMs - arrivedMs);
  };
  const serve = (arrivedMs: number) => {
    const method = pick(methods, random());
    const call = new SimulatedCall({
      method,
      caller: "",
      peer: { address: "", certificate: undefined },
      receivedMs: nowMs,
      deadline: Number.POSITIVE_INFINITY,
      metadata: undefined,
      requestBytes: 0,
      waitingSinceMs: nowMs,
    });
    // Who is refused hangs on these two bytes, which would be other ones in each run.
    call.traceId[14] = Math.floor(random() * 256);
    call.traceId[15] = Math.floor(random() * 256);
    if (arrivedMs >= 2_000) {
      asked++;
      counts.get(method)!.asked++;
    }
    if (overload.admit(call, nowMs)) {
      spend(refusalMs);
      if (arrivedMs >= 2_000) refused++;
    } else if (load.waitMs === 0) {
      answer(arrivedMs, method);
    } else {
      waiting.push({ atMs: nowMs + load.waitMs, arrivedMs, method });
    }
  };
  while (nowMs < endMs) {
    if (nowMs >= dueMs) {
      const lateMs = nowMs - dueMs;
      dueMs = nowMs + timerMs;
      onTurn(nowMs, lateMs);
    }
    const turnMs = nowMs;
    while (waiting.length > 0 && waiting[0]!.atMs <= turnMs) {
      const { arrivedMs, method } = waiting.shift()!;
      answer(arrivedMs, method);
    }
    const pollMs = nowMs;
    while (nextMs <= pollMs) {
      serve(nextMs);
      nextMs += ((load.pauseEveryMs === undefined ? 1 : -Math.log(1 - random())) * 1_000) / load.rate(nextMs);
    }
    const wakeMs = Math.min(nextMs, waiting[0]?.atMs ?? Number.POSITIVE_INFINITY, dueMs);
    if (wakeMs > nowMs) {
      idleMs += wakeMs - nowMs;
      nowMs = wakeMs;
    }
  }
  const parts = Object.fromEntries(Array.from(counts, ([name, count]) => [name, count.answered / count.asked]));
  return { asked, answered, refused, latenciesMs: sorted(latenciesMs), settledMs: sorted(settledMs), parts };
}

function sorted(values: number[]): number[] {
  return values.sort((a, b) => a - b);
}

function pick(shares: readonly (readonly [string, number])[], draw: number): string {
  let left = draw * shares.reduce((sum, [, share]) => sum + share, 0);
  for (const [name, share] of shares) {
    left -= share;
    if (left < 0) return name;
  }
  return shares.at(-1)![0];
}

/** Numbers in 0…1 that are the same for a seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
