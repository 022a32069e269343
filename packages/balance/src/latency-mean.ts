import type { Constants } from "./constants.ts";

/**
 * A moving mean of latencies that one outlier hardly moves and several in a row move fully.
 *
 * A call of more than `outlierFactor` times the mean is cut to that; each further one in a row may count twice as much as the
 * one before. In the other direction `believeAfter` quick answers in a row replace a mean that was far above them.
 */
export class LatencyMean {
  /** Milliseconds; 0 before the first measurement. */
  meanMs = 0;
  /** How many were measured, 0…1000. */
  count = 0;
  /** How many measurements the mean is worth: fewer than were made, for old ones fade; 0…31. */
  evidence = 0;
  #slowInRow = 0;
  #quickInRow = 0;
  #measuredAtMs = 0;

  /** Whether the last answers were far quicker than the mean. */
  get isImproving(): boolean {
    return this.#quickInRow > 0;
  }

  add(durationMs: number, nowMs: number, numbers: Constants): void {
    const step = this.#step(nowMs, numbers);
    this.#measuredAtMs = nowMs;
    this.count = Math.min(this.count + 1, 1_000);
    // A moving mean with step s varies as much as the plain mean of 2/s − 1 values.
    this.evidence = Math.min(this.count, 2 / step - 1);
    if (this.count === 1) {
      this.meanMs = durationMs;
      return;
    }
    const floored = this.meanMs + numbers.latencyFloorMs;
    const isSlow = durationMs > floored * numbers.outlierFactor;
    const isQuick = (durationMs + numbers.latencyFloorMs) * numbers.outlierFactor < floored;
    this.#slowInRow = isSlow ? this.#slowInRow + 1 : 0;
    this.#quickInRow = isQuick ? this.#quickInRow + 1 : 0;
    if (this.#quickInRow >= numbers.believeAfter) {
      this.meanMs = durationMs;
      this.count = 1;
      this.evidence = numbers.believeAfter;
      this.#quickInRow = 0;
      return;
    }
    const highest = floored * numbers.outlierFactor * 2 ** Math.max(0, this.#slowInRow - 1);
    this.meanMs += (Math.min(durationMs, highest) - this.meanMs) * step;
  }

  #step(nowMs: number, { meanStep, meanStepMax, meanDecayMs }: Constants): number {
    const step = Math.max(meanStep, Math.min(1 / (this.count + 1), meanStepMax));
    const age = (nowMs - this.#measuredAtMs) / meanDecayMs;
    // 1 − e⁻ᵃ is less than a: at a usual rate of calls there is no need for an exponential function, which was a tenth of a pick and its end.
    if (age <= step) return step;
    return Math.max(step, Math.min(1 - Math.exp(-age), meanStepMax));
  }
}
