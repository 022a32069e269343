import { InvalidQuery } from "../store-error.ts";

/** What a question says of time. */
export interface TimeRange {
  /** Milliseconds since 1970 UTC; from <= t < to. Both are widened to whole steps. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Seconds between two points. */
  readonly stepS: number;
}

/** What a question may ask for. */
export interface TimeLimits {
  /** Seconds between two points that may be asked for, ascending. */
  readonly steps: readonly number[];
  /** Points of one curve. */
  readonly pointsMax: number;
  /** Days between the ends. */
  readonly daysMax: number;
}

/** The points of a query. */
export interface TimeAxis {
  fromS: number;
  /** Exclusive. */
  toS: number;
  stepS: number;
  timeMs: number[];
}

const dayMs = 86_400_000;

/**
 * Lay out the points of a query: whole steps since 1970 UTC that cover it.
 *
 * @throws InvalidQuery for a range or step out of its limits
 */
export function timeAxis({ fromMs, toMs, stepS }: TimeRange, { steps, pointsMax, daysMax }: TimeLimits): TimeAxis {
  if (!steps.includes(stepS)) throw new InvalidQuery(`step_s ${stepS} must be one of ${steps.join(", ")}`);
  if (!(fromMs >= 0 && toMs > fromMs && toMs <= 4e12)) {
    throw new InvalidQuery(`from_ms ${fromMs} must be before to_ms ${toMs}, both milliseconds since 1970`);
  }
  if (toMs - fromMs > daysMax * dayMs) {
    throw new InvalidQuery(`to_ms − from_ms ${toMs - fromMs} must be at most ${daysMax} days`);
  }
  const fromS = Math.floor(fromMs / 1_000 / stepS) * stepS;
  const toS = Math.ceil(toMs / 1_000 / stepS) * stepS;
  const points = (toS - fromS) / stepS;
  if (points > pointsMax) {
    throw new InvalidQuery(`step_s ${stepS} gives ${points} points: at most ${pointsMax}; choose a larger step`);
  }
  return { fromS, toS, stepS, timeMs: Array.from({ length: points }, (_, i) => (fromS + i * stepS) * 1_000) };
}
