import type { Constants } from "./constants.ts";
import type { Instance, Peers } from "./instance.ts";

/**
 * What the better ones of the instances are like: the mean of those that are no worse than the mean of all.
 *
 * Two passes instead of a median: no sorting, and six bad ones of ten do not become the rule. Those that are left out are not compared with.
 *
 * The figures stand side by side by the slots of the instances: of a thousand most are calm, and nothing but these few bytes of them is looked at.
 */
export class Comparison {
  // NaN where it was not measured, or is left out.
  readonly #latencyMs: number[] = [];
  // NaN where it is left out.
  readonly #successRatio: number[] = [];
  // What the others may be like at most, so that all that are calm are as good.
  #calmLatencyMs = 0;
  #calmSuccessRatio = 1;

  /** Takes notice of what is known of one. */
  note({ slot, ejection, latency, successRatio }: Instance): void {
    this.#latencyMs[slot] = ejection.isOut || latency.count === 0 ? Number.NaN : latency.meanMs;
    this.#successRatio[slot] = ejection.isOut ? Number.NaN : successRatio;
  }

  /**
   * @param known    slots that are in use: the first so many
   * @param unknown  how many others there are: nothing speaks against them
   */
  peers(known: number, unknown: number): Peers {
    const latencies = this.#latencyMs;
    const successes = this.#successRatio;
    let latencySum = 0;
    let measured = 0;
    let successSum = 0;
    let sound = 0;
    for (let slot = 0; slot < known; slot++) {
      // Nothing is below or above NaN.
      if (successes[slot]! >= 0) {
        successSum += successes[slot]!;
        sound++;
      }
      if (latencies[slot]! >= 0) {
        latencySum += latencies[slot]!;
        measured++;
      }
    }
    const successMean = (successSum + unknown) / Math.max(1, sound + unknown);
    return this.#betterThan(known, unknown, latencySum / Math.max(1, measured), successMean);
  }

  #betterThan(known: number, unknown: number, latencyMean: number, successMean: number): Peers {
    const latencies = this.#latencyMs;
    const successes = this.#successRatio;
    // Rounding must not put every one of several equal instances on the wrong side of their mean.
    const slack = 1e-9;
    const latencyMost = latencyMean * (1 + slack);
    const successLeast = successMean - slack;
    let latencySum = 0;
    let quick = 0;
    let successSum = unknown;
    let sound = unknown;
    for (let slot = 0; slot < known; slot++) {
      if (latencies[slot]! <= latencyMost) {
        latencySum += latencies[slot]!;
        quick++;
      }
      if (successes[slot]! >= successLeast) {
        successSum += successes[slot]!;
        sound++;
      }
    }
    return { latencyMs: latencySum / Math.max(1, quick), successRatio: sound === 0 ? 1 : successSum / sound };
  }

  /** This one is calm, as long as the others do not become so much better that it is no more as good as they are. */
  rest(instance: Instance, numbers: Constants): void {
    instance.isRestless = false;
    this.#calmLatencyMs = Math.max(this.#calmLatencyMs, instance.neededLatencyMs(numbers));
    this.#calmSuccessRatio = Math.min(this.#calmSuccessRatio, instance.successRatio);
  }

  /** Whether all that are calm are as good as these. */
  leavesCalm({ latencyMs, successRatio }: Peers, { latencyFloorMs, successBand }: Constants): boolean {
    // Rounding must not leave one calm that is worse.
    const isLatencyFine = this.#calmLatencyMs * (1 + 1e-9) <= latencyMs + latencyFloorMs;
    return isLatencyFine && this.#calmSuccessRatio >= successRatio * successBand;
  }

  /** None is calm. */
  forgetCalm(): void {
    this.#calmLatencyMs = 0;
    this.#calmSuccessRatio = 1;
  }
}
