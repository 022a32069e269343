import type { Constants } from "./constants.ts";

/** How a call failed. */
export type Failure = {
  readonly transportFailed: boolean;
  readonly tookMs: number;
  /** Whether it took so long that it hung: each costs its caller a time-out, so fewer are enough. */
  readonly hung: boolean;
  /** Whether somebody other than a call may find out if anybody is there. */
  readonly mayAsk: boolean;
};

/**
 * Whether an instance is left out, until when, and whether a probe is on its way.
 *
 * States: in → out by `failed`; out → probing by `beginProbe` when the back-off is over; probing → in by `reached`, → out with twice the
 * back-off by `failed`, → out again by time when the probe never comes back. What seems dead is asked before any call tries it (`isAsked`), where that
 * can be: then `answered` and `unanswered` take the place of a probe's result, and failures of calls that were on their way say nothing. By hearsay (`rumoured`) in → out as well, until the first result of its own.
 */
export class Ejection {
  isOut = false;
  /** Whether it is out by the word of others alone. */
  isHearsay = false;
  /** Whether it is out and is asked if anybody is there, instead of being tried with calls. */
  isAsked = false;
  /** Failures in a row that a transport had, and of any kind. */
  transportFailures = 0;
  failures = 0;
  untilMs = 0;
  // When a call may try it, where it is asked first.
  #callsFromMs = 0;
  #times = 0;
  // Failures in a row, those that hung twice.
  #weight = 0;
  #probeStartedMs = Number.NEGATIVE_INFINITY;
  #returnedMs = Number.NEGATIVE_INFINITY;
  #doubtedMs = Number.NEGATIVE_INFINITY;

  /**
   * A call failed.
   *
   * @param mayEjectFailing  whether failures that are not the transport's may eject
   * @returns whether it is out now and was not before
   */
  failed(failure: Failure, mayEjectFailing: boolean, nowMs: number, numbers: Constants): boolean {
    if (this.isAsked) return false;
    const { transportFailed, hung } = failure;
    if (this.isHearsay) this.#return();
    this.failures++;
    this.#weight += hung ? 2 : 1;
    this.transportFailures = transportFailed ? this.transportFailures + 1 : 0;
    if (this.isOut) {
      // Calls that were on their way when it was ejected tell nothing new; a probe does.
      if (this.#probeStartedMs > Number.NEGATIVE_INFINITY && nowMs >= this.untilMs) {
        this.#eject(failure, nowMs, numbers);
      }
      return false;
    }
    const isDead = this.transportFailures >= numbers.ejectAfterTransportFailures;
    if (!isDead && !(mayEjectFailing && this.#weight >= numbers.ejectAfterFailures)) return false;
    this.#eject(failure, nowMs, numbers);
    return true;
  }

  /** Nobody answered when it was asked: it is out, and asked again later. */
  unanswered(nowMs: number, numbers: Constants): void {
    this.transportFailures++;
    this.failures++;
    if (this.isHearsay) this.#return();
    this.#eject({ transportFailed: true, tookMs: 0, hung: false, mayAsk: true }, nowMs, numbers);
  }

  /**
   * Somebody answered when it was asked.
   *
   * @returns as `reached`; `undefined` also where its calls hung: then one of them has to find out
   */
  answered(nowMs: number, numbers: Constants): "gone" | "blip" | undefined {
    if (this.isOut && this.transportFailures === 0 && !this.isHearsay) {
      this.cannotBeAsked();
      return undefined;
    }
    return this.reached(nowMs, numbers);
  }

  /** There is no way to ask it: calls find out. */
  cannotBeAsked(): void {
    this.isAsked = false;
    this.untilMs = this.#callsFromMs;
    this.#probeStartedMs = Number.NEGATIVE_INFINITY;
  }

  /**
   * A call succeeded, or at least got an answer of its own.
   *
   * @param ok  whether it succeeded; one that did not ends only the row of transport failures
   * @returns `"gone"` when it is back after a failed probe, `"blip"` when back at the first, `undefined` when it was not out
   */
  reached(nowMs: number, numbers: Constants): "gone" | "blip" | undefined {
    this.transportFailures = 0;
    this.failures = 0;
    this.#weight = 0;
    if (this.isOut) {
      if (this.isHearsay) this.#doubtedMs = nowMs;
      this.#return();
      this.#returnedMs = nowMs;
      return this.#times > 1 ? "gone" : "blip";
    }
    // It has held for a whole slow start: the next ejection begins with a short back-off again.
    if (this.#times > 0 && nowMs - this.#returnedMs >= numbers.warmUpMs) this.#times = 0;
    return undefined;
  }

  /**
   * Others say that they leave it out.
   *
   * @param mayAsk  whether somebody other than a call may find out if they are right; then that happens at once
   * @returns whether it is out now and was not before
   */
  rumoured(mayAsk: boolean, nowMs: number, { hearsayMs, hearsayDoubtMs }: Constants): boolean {
    if (this.isOut || nowMs - this.#doubtedMs < hearsayDoubtMs) return false;
    this.isOut = true;
    this.isHearsay = true;
    this.isAsked = mayAsk;
    this.#callsFromMs = nowMs + hearsayMs;
    this.untilMs = mayAsk ? nowMs : this.#callsFromMs;
    return true;
  }

  /** Others say so no more. @returns whether it is in now and was not before */
  rumourEnded(): boolean {
    if (!this.isHearsay) return false;
    this.#return();
    return true;
  }

  isProbing(nowMs: number, numbers: Constants): boolean {
    return this.isOut && nowMs - this.#probeStartedMs < numbers.probeTimeoutMs;
  }

  /** Whether it is time to find out if the instance is back, by the next call or by asking. */
  wantsProbe(nowMs: number, numbers: Constants): boolean {
    return this.isOut && nowMs >= this.untilMs && !this.isProbing(nowMs, numbers);
  }

  beginProbe(nowMs: number): void {
    this.#probeStartedMs = nowMs;
  }

  #return(): void {
    this.isOut = false;
    this.isHearsay = false;
    this.isAsked = false;
    this.#probeStartedMs = Number.NEGATIVE_INFINITY;
  }

  #eject({ transportFailed, hung, tookMs, mayAsk }: Failure, nowMs: number, numbers: Constants): void {
    const { ejectBaseMs, ejectMaxMs, askMaxMs, probeCostFactor, probeMaxMs } = numbers;
    this.isOut = true;
    this.isAsked = mayAsk && (transportFailed || hung);
    const backOffMs = ejectBaseMs * 2 ** this.#times;
    const callBackOffMs = Math.max(Math.min(backOffMs, ejectMaxMs), Math.min(tookMs * probeCostFactor, probeMaxMs));
    this.#callsFromMs = nowMs + callBackOffMs;
    this.untilMs = this.isAsked ? nowMs + Math.min(backOffMs, askMaxMs) : this.#callsFromMs;
    this.#times = Math.min(this.#times + 1, 30);
    this.#probeStartedMs = Number.NEGATIVE_INFINITY;
  }
}
