import type { Algorithm } from "./algorithm.ts";
import type { FaultPeriod, Scenario } from "./scenario.ts";
import { simulate } from "./simulate.ts";

// Whatever can be wrong, within six seconds of a few hundred calls.
const everything = {
  id: "rehearsal",
  title: "",
  about: "",
  seconds: 6,
  callers: 2,
  callsPerSecond: 200,
  workers: new Array<number>(10).fill(1),
  serviceMs: 35,
  repeats: 0,
  faults: [
    { instances: [0], fromS: 1, untilS: 3, fault: { refuses: true } },
    { instances: [1], fromS: 1, untilS: 3, fault: { silent: true } },
    { instances: [2], fromS: 1, untilS: 3, fault: { extraMs: 500 } },
    { instances: [3], fromS: 1, untilS: 3, fault: { errorRatio: 0.3 } },
    { instances: [4], fromS: 1, untilS: 3, fault: { failsInMs: 1 } },
    { instances: [5], fromS: 1, untilS: 3, fault: { slowness: 10 } },
  ] as readonly FaultPeriod[],
  joins: [{ instance: 9, atS: 2 }],
} satisfies Scenario;

const short: readonly Scenario[] = [
  everything,
  { ...everything, repeats: 2, joins: [] },
  // More instances than are all compared.
  { ...everything, callers: 20, workers: new Array<number>(100).fill(1), joins: [] },
];

/**
 * Lets algorithms meet all that scenarios have, for a moment each.
 *
 * A run of millions of calls is compiled for what it has met so far. What it meets only later (another algorithm, a fault, a call that is repeated) has it compiled
 * again, a dozen times for the busiest functions: with a rehearsal on each thread all scenarios of one seed take 10 % fewer instructions.
 */
export function rehearse(algorithms: readonly Algorithm[]): void {
  for (const scenario of short) for (const algorithm of algorithms) simulate(scenario, algorithm, 0);
}
