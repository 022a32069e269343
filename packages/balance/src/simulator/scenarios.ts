import type { Fault, FaultPeriod, Scenario } from "./scenario.ts";

// Ten instances of four workers can do 4,000 calls/s; they get 1,000 from five callers. A fault lasts from 10 s to 40 s of 60.
const usual = {
  seconds: 60,
  callers: 5,
  callsPerSecond: 1_000,
  workers: same(10, 4),
  serviceMs: 10,
  repeats: 0,
  faults: [],
  joins: [],
} satisfies Omit<Scenario, "id" | "title" | "about">;

/** Every way to break that the balancer is judged by, in the order of the table. */
export const scenarios: readonly Scenario[] = [
  {
    ...usual,
    id: "healthy",
    title: "healthy",
    about: "ten good instances at 70 % of what they can do",
    callsPerSecond: 2_800,
    seconds: 25,
  },
  one("dead", "one dead", "one of ten refuses connections", { refuses: true }),
  one("black-hole", "one black hole", "one of ten swallows calls; callers wait 1 s", { silent: true }),
  one("slow", "one +500 ms", "one of ten answers 500 ms late", { extraMs: 500 }),
  one("errors", "one with 30 % errors", "one of ten fails three of ten calls", { errorRatio: 0.3 }),
  one("fast-fail", "one failing in 1 ms", "one of ten fails every call in 1 ms", { failsInMs: 1 }),
  {
    ...usual,
    id: "flapping",
    title: "flapping every 2 s",
    about: "one of ten is dead for 2 s, alive for 2 s, and so on",
    faults: Array.from({ length: 8 }, (_, turn) => fault([0], 10 + 4 * turn, 12 + 4 * turn, { refuses: true })),
  },
  {
    ...usual,
    id: "six-dead",
    title: "six of ten dead",
    about: "six of ten refuse connections; the others can do 1,600 calls/s and get 1,000",
    faults: [fault([0, 1, 2, 3, 4, 5], 10, 40, { refuses: true })],
  },
  {
    ...usual,
    id: "all-slow",
    title: "all slow",
    about: "all ten take three times as long: 75 % of what they can then do",
    faults: [fault([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 10, 40, { slowness: 3 })],
  },
  {
    ...usual,
    id: "rolling-restart",
    title: "rolling restart",
    about: "each of ten is killed and away for 2 s, one after the other, still in the table",
    faults: Array.from({ length: 10 }, (_, turn) => fault([turn], 10 + 3 * turn, 12 + 3 * turn, { refuses: true })),
  },
  {
    ...usual,
    id: "heterogeneous",
    title: "capacity 1:4",
    about: "five instances of two workers, five of eight, the same weight in the table; 70 % of what they can do",
    callsPerSecond: 3_500,
    seconds: 20,
    workers: [2, 2, 2, 2, 2, 8, 8, 8, 8, 8],
  },
  {
    ...usual,
    id: "cold",
    title: "cold instance",
    about: "a tenth instance joins at 10 s and is ten times as slow for its first 5 s",
    seconds: 30,
    callsPerSecond: 2_000,
    joins: [{ instance: 9, atS: 10 }],
    faults: [fault([9], 0, 15, { slowness: 10 })],
  },
  {
    ...usual,
    id: "thousand",
    title: "1,000 × 500",
    about: "500 callers of 1,000 instances with one worker each at 40 %; ten of them are dead from 7 s to 14 s",
    seconds: 18,
    callers: 500,
    callsPerSecond: 4_000,
    workers: same(1_000, 1),
    serviceMs: 100,
    faults: [fault([0, 100, 200, 300, 400, 500, 600, 700, 800, 900], 7, 14, { refuses: true })],
  },
  {
    ...usual,
    id: "retry-storm",
    title: "retry storm",
    about: "for 5 s four of ten are ten times as slow; callers repeat each failed call up to twice",
    callsPerSecond: 2_000,
    seconds: 40,
    repeats: 2,
    faults: [fault([0, 1, 2, 3], 10, 15, { slowness: 10 })],
  },
];

function one(id: string, title: string, about: string, what: Fault): Scenario {
  return { ...usual, id, title, about, faults: [fault([0], 10, 40, what)] };
}

function fault(instances: readonly number[], fromS: number, untilS: number, what: Fault): FaultPeriod {
  return { instances, fromS, untilS, fault: what };
}

function same(count: number, workers: number): number[] {
  return new Array<number>(count).fill(workers);
}
