import type { CallResult } from "../route.ts";

/** What one caller chooses with: functions that do without `this`. Instances are numbers; it knows nothing but what it is told here. */
export type Chooser = {
  /** The table: which instances there are, ascending. */
  update(instances: readonly number[]): void;
  /** The instance for the next call; -1 when all have been tried. */
  pick(tried: ReadonlySet<number> | undefined): number;
  started(instance: number): void;
  finished(instance: number, result: CallResult): void;
  /** What came of asking. */
  asked?(instance: number, isThere: boolean): void;
};

/** Asks an instance whether anybody is there, for algorithms that do; `Chooser.asked` hears the answer. It is a message of its own, and no call of anybody's. */
export type Ask = (instance: number) => void;

/** An algorithm to compare: makes the chooser of one caller. */
export type Algorithm = {
  readonly name: string;
  /** What it is, and where it comes from. */
  readonly about: string;
  readonly create: (now: () => number, random: () => number, ask: Ask) => Chooser;
};
