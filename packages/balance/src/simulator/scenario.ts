/** What is wrong with an instance for a time; several fields add up. */
export type Fault = {
  /** Nobody listens: calls fail in 0.3 ms, those that were running break. */
  readonly refuses?: true;
  /** Nothing comes back: callers wait for their time-out. */
  readonly silent?: true;
  /** Answers take so much longer, without being work: the network, a lock. */
  readonly extraMs?: number;
  /** Service times are so many times as long. */
  readonly slowness?: number;
  /** This part of the answers is an error, 0…1. */
  readonly errorRatio?: number;
  /** Every call fails after so long, without work. */
  readonly failsInMs?: number;
};

/** A fault of some instances from one moment until another, in seconds of virtual time. */
export type FaultPeriod = {
  readonly instances: readonly number[];
  readonly fromS: number;
  readonly untilS: number;
  readonly fault: Fault;
};

/** One way to break, or not to. */
export type Scenario = {
  /** As given to `--scenario`. */
  readonly id: string;
  readonly title: string;
  /** What happens, in one sentence. */
  readonly about: string;
  readonly seconds: number;
  readonly callers: number;
  /** Of all callers together. */
  readonly callsPerSecond: number;
  /** For each instance how many calls it works on at once; the others queue. */
  readonly workers: readonly number[];
  /** Mean service time of all instances. */
  readonly serviceMs: number;
  /** How often a failed call is repeated at another instance at once. */
  readonly repeats: number;
  readonly faults: readonly FaultPeriod[];
  /** Instances that enter the table only then; the others are in it from the beginning. */
  readonly joins: readonly { readonly instance: number; readonly atS: number }[];
};
