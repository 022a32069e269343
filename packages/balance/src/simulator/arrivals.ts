import { exponential, seededRandom } from "./random.ts";
import type { Scenario } from "./scenario.ts";

/** When calls begin and whose they are: all callers together are one stream, and each call belongs to any of them. The last one begins after the end. */
export type Arrivals = { readonly atMs: Float64Array; readonly caller: Int32Array };

let last: { readonly key: string; readonly arrivals: Arrivals } | undefined;

/** The arrivals of a scenario, the same for every algorithm and every scenario of as many calls: they are drawn once for those that run one after the other. */
export function arrivalsOf(scenario: Scenario, seed: number): Arrivals {
  const { callsPerSecond, callers, seconds } = scenario;
  const key = `${callsPerSecond} ${callers} ${seconds} ${seed}`;
  if (last?.key !== key) last = { key, arrivals: draw(scenario, seed) };
  return last.arrivals;
}

function draw({ callsPerSecond, callers, seconds }: Scenario, seed: number): Arrivals {
  const random = seededRandom(seed);
  const endMs = seconds * 1_000;
  // A tenth more than are to be expected, and some more in a short run: beyond it there would be a seed in 10¹² or fewer.
  const most = Math.ceil(callsPerSecond * seconds * 1.1) + 1_000;
  const atMs = new Float64Array(most).fill(Number.POSITIVE_INFINITY);
  const caller = new Int32Array(most);
  for (let call = 0, nowMs = 0; call < most && nowMs < endMs; call++) {
    nowMs += exponential(random(), 1_000 / callsPerSecond);
    atMs[call] = nowMs;
    caller[call] = Math.floor(random() * callers);
  }
  return { atMs, caller };
}
