import { Asking } from "./asking.ts";
import { type Constants, constants } from "./constants.ts";
import { Ejection } from "./ejection.ts";
import { type Heard, hearsayWorth } from "./hearsay.ts";
import { LatencyMean } from "./latency-mean.ts";
import type { CallResult, Route } from "./route.ts";

/** What the better half of the instances are like: with what each one is compared. */
export type Peers = {
  /** Mean latency of those below the mean of all; 0 when nothing is known. */
  latencyMs: number;
  /** Mean success ratio of those above the mean of all, 0…1. */
  successRatio: number;
};

// Only read: an instance takes one of its own before it writes.
const neverFailed = new Ejection();
const unmeasured = new LatencyMean();

/** What the result of a call may lead to. */
export type May = {
  /** Failures that are not the transport's may eject. */
  ejectFailing: boolean;
  /** Somebody other than a call may find out if anybody is there. */
  readonly ask: boolean;
};

/**
 * One instance: what calls to it have shown, and the figures by which `pick` chooses, kept ready here so that it computes nothing.
 *
 * Only the balancer changes it.
 */
export class Instance implements Route {
  readonly address: string;
  readonly port: number;
  instanceId: string;
  weight: number;
  hostId: string | undefined;
  zone: string | undefined;

  // Until the first failure and the first answer those that all share: of a thousand instances most callers meet few.
  ejection = neverFailed;
  latency = unmeasured;
  successRatio = 1;
  /** Among those of which something is known; -1 where nothing is and nothing about it changes with time: it is worth what the table says. */
  slot: number;
  /** Whether it has to be judged again; one that is calm stays as it was judged as long as it is as good as the others. */
  isRestless = false;
  /** In the table. */
  position = 0;

  /** Calls that have ended, and answers (or none) to asking; and when the last of them was. */
  finished = 0;
  finishedMs = Number.NEGATIVE_INFINITY;
  /** What others on this host say of it. */
  heard: Heard | undefined;
  /** Calls that have not come back. */
  inFlight = 0;
  /** When the last answer came, or the first of the calls that are out went. */
  progressMs = 0;
  /** From when on calls without progress count as hanging, after `progressMs`. */
  hangMs: number;
  /** 1 / rate: what one call costs in virtual time. */
  cost: number;
  /** Virtual time up to which it has had its calls. */
  tag = 0;
  /** Steps away from the caller, as calls in flight; and their position among those that there are. */
  away = 0;
  tier = 0;
  isSuppressed = false;
  /** Count and time of the balancer's picks when it was last picked. */
  pickedAtCount = 0;
  pickedAtMs = Number.NEGATIVE_INFINITY;
  warmSinceMs: number;
  // Whether the next latency is of a first call, which opens the connection and is compiled on the way: it is not measured.
  #first = true;
  #okInRow = 0;
  // Probes since it was suppressed.
  #probes = 0;
  #asking: Asking | undefined;
  // Whether it is suppressed for its latency alone.
  #isSlow = false;
  // Whether neither latency nor success took anything of its share.
  #isAsGood = true;

  /** @param warmSinceMs  when slow start began; `-Infinity` for none */
  constructor(route: Route, warmSinceMs: number) {
    this.address = route.address;
    this.port = route.port;
    this.instanceId = route.instanceId;
    this.weight = weightOf(route);
    this.hostId = route.hostId;
    this.zone = route.zone;
    this.warmSinceMs = warmSinceMs;
    this.slot = warmSinceMs === Number.NEGATIVE_INFINITY ? -1 : 0;
    this.cost = 100 / this.weight;
    this.hangMs = constants.hangFloorMs;
  }

  /** Takes over what the table says anew; what was learned stays. */
  adopt(route: Route): void {
    this.instanceId = route.instanceId;
    const weight = weightOf(route);
    this.cost *= this.weight / weight;
    this.weight = weight;
    this.hostId = route.hostId;
    this.zone = route.zone;
  }

  start(nowMs: number): void {
    if (this.inFlight++ === 0) this.progressMs = nowMs;
  }

  /** Its ejection, to be written. */
  ownEjection(): Ejection {
    if (this.ejection === neverFailed) this.ejection = new Ejection();
    return this.ejection;
  }

  abandon(): void {
    this.inFlight = Math.max(0, this.inFlight - 1);
  }

  /** @returns whether it was ejected or returned by this */
  finish(result: CallResult, may: May, nowMs: number, numbers: Constants): boolean {
    this.inFlight = Math.max(0, this.inFlight - 1);
    this.progressMs = nowMs;
    this.finishedMs = nowMs;
    this.finished++;
    const isFirst = this.#first;
    this.#first = false;
    // A quick failure says nothing about latency; one that took long (a time-out) does.
    if (!isFirst && result.durationMs >= 0 && (result.ok || result.durationMs > this.latency.meanMs)) {
      if (this.latency === unmeasured) this.latency = new LatencyMean();
      this.latency.add(result.durationMs, nowMs, numbers);
    }
    this.successRatio += numbers.meanStep * ((result.ok ? 1 : 0) - this.successRatio);
    this.#okInRow = result.ok ? this.#okInRow + 1 : 0;
    if (!result.ok) {
      const { transportFailed, durationMs: tookMs } = result;
      const failure = { transportFailed, tookMs, hung: tookMs > this.hangMs, mayAsk: may.ask };
      return this.ownEjection().failed(failure, may.ejectFailing, nowMs, numbers);
    }
    const returned = this.ejection === neverFailed ? undefined : this.ejection.reached(nowMs, numbers);
    if (returned === "gone") this.#startAnew(nowMs);
    return returned !== undefined;
  }

  /**
   * Computes rate and what follows from it.
   *
   * @returns the rate: calls that it should get relative to the others, 1 for an ordinary one
   */
  judge(peers: Peers, nowMs: number, numbers: Constants): number {
    const latencyWorth = this.#latencyWorth(peers, numbers);
    const worth = latencyWorth * this.#successWorth(peers, numbers);
    this.#isSlow = latencyWorth < numbers.suppressBelow;
    if (worth >= numbers.suppressBelow) this.#probes = 0;
    this.isSuppressed = worth < numbers.suppressBelow;
    this.#isAsGood = worth === 1;
    this.hangMs = Math.max(numbers.hangFloorMs, numbers.outlierFactor * this.latency.meanMs);
    return this.takeRate(
      (this.weight / 100) * this.warmth(nowMs, numbers) * Math.max(worth, 1e-6) * this.heardWorth(nowMs, numbers),
    );
  }

  /** Takes a rate, > 0, from the policy. */
  takeRate(rate: number): number {
    this.cost = 1 / rate;
    return rate;
  }

  /**
   * Whether a call should find out if an ejected or suppressed instance is back.
   *
   * @param share  calls to others between two of its own if it were sound: it is not probed more often than that
   */
  wantsProbe(nowMs: number, pickCount: number, share: number, numbers: Constants): boolean {
    const calls = pickCount - this.pickedAtCount;
    const { ejection } = this;
    if (ejection.isOut) return calls >= share && !ejection.isAsked && ejection.wantsProbe(nowMs, numbers);
    if (!this.isSuppressed || this.inFlight > 0) return false;
    const idleMs = nowMs - this.pickedAtMs;
    const { suppressedProbeMs, suppressedProbeCalls, suppressedProbeMinCalls, failingProbeMaxMs, probeMaxMs } = numbers;
    const isImproving = this.#isSlow ? this.latency.isImproving : this.#okInRow > 0;
    const hurry = isImproving ? numbers.suppressedProbeHurry : 1;
    const longestMs = this.#isSlow ? probeMaxMs : failingProbeMaxMs;
    const waitMs = isImproving ? suppressedProbeMs / hurry : Math.min(suppressedProbeMs * 2 ** this.#probes, longestMs);
    return (
      (idleMs >= waitMs && calls * hurry >= Math.max(share, suppressedProbeCalls)) ||
      (idleMs >= probeMaxMs && calls >= Math.max(share, suppressedProbeMinCalls))
    );
  }

  /** A suppressed instance was picked to find out. */
  beginProbe(nowMs: number): void {
    if (this.ejection.isOut) this.ejection.beginProbe(nowMs);
    else this.#probes = Math.min(this.#probes + 1, 30);
  }

  /** Whether to ask now if anybody is there: it is out and its back-off is over, or calls are out and nothing comes back. */
  wantsAsking(nowMs: number, numbers: Constants): boolean {
    if (this.ejection.isOut) return this.ejection.isAsked && this.ejection.wantsProbe(nowMs, numbers);
    if (this.inFlight === 0 || nowMs - this.progressMs < numbers.askAfterMs) return false;
    this.#asking ??= new Asking();
    return this.#asking.isDue(this.progressMs, this.hangMs, nowMs, numbers);
  }

  beginAsking(nowMs: number): void {
    if (this.ejection.isOut) this.ejection.beginProbe(nowMs);
    else this.#asking?.begin(nowMs);
  }

  /** Somebody answered, or nobody did. */
  asked(isThere: boolean, nowMs: number, numbers: Constants): void {
    // One's own finding, as that of a call.
    this.finishedMs = nowMs;
    this.finished++;
    this.#asking?.ended(isThere, nowMs);
    if (!isThere) {
      this.ownEjection().unanswered(nowMs, numbers);
      return;
    }
    if (this.ejection.isOut && this.ejection.answered(nowMs, numbers) === "gone") this.#startAnew(nowMs);
  }

  /** Whether it is worth what the table says, and stays so until something happens to it or the others are better than they are now. */
  mayRest(nowMs: number, numbers: Constants): boolean {
    const isCalm = this.#isAsGood && this.inFlight === 0 && this.heard === undefined && !this.ejection.isOut;
    return isCalm && this.warmth(nowMs, numbers) === 1;
  }

  /** The latency of the others, in ms and above the floor, down to which it is as good as they are; 0 where it was not measured. */
  neededLatencyMs({ latencyFloorMs, latencyBand, latencyDoubt }: Constants): number {
    if (this.latency.count === 0) return 0;
    return (this.latency.meanMs + latencyFloorMs) / (latencyBand * (1 + latencyDoubt / this.latency.evidence));
  }

  /** How far slow start has come, `warmUpFrom`…1. */
  warmth(nowMs: number, { warmUpFrom, warmUpMs }: Constants): number {
    const grown = (nowMs - this.warmSinceMs) / warmUpMs;
    return grown >= 1 ? 1 : warmUpFrom + (1 - warmUpFrom) * Math.max(grown, 0);
  }

  /** Whether its own calls, or asking, tell of it: then nobody else is listened to. */
  isKnown(nowMs: number, { hearsayMs }: Constants): boolean {
    return nowMs - this.finishedMs < hearsayMs;
  }

  /** What hearsay leaves of its share, `hearsayLeast`…1. */
  heardWorth(nowMs: number, numbers: Constants): number {
    return this.heard === undefined || this.isKnown(nowMs, numbers) ? 1 : hearsayWorth(this.heard, nowMs, numbers);
  }

  // A process that is back is another one: what its predecessor's last calls took says nothing about it.
  #startAnew(nowMs: number): void {
    this.warmSinceMs = nowMs;
    this.latency = unmeasured;
    this.#first = true;
    this.successRatio = 1;
  }

  #latencyWorth(peers: Peers, { latencyFloorMs, latencyBand, latencyDoubt, latencyPower }: Constants): number {
    if (this.latency.count === 0) return 1;
    const ratio = (this.latency.meanMs + latencyFloorMs) / (peers.latencyMs + latencyFloorMs);
    const band = latencyBand * (1 + latencyDoubt / this.latency.evidence);
    return ratio <= band ? 1 : (band / ratio) ** latencyPower;
  }

  #successWorth(peers: Peers, { successBand, successPower }: Constants): number {
    const enough = peers.successRatio * successBand;
    return this.successRatio >= enough ? 1 : (this.successRatio / enough) ** successPower;
  }
}

/** The weight that a route counts with: its own, or the default where that is none. */
export function weightOf(route: Route): number {
  return route.weight >= 1 && route.weight <= 10_000 ? route.weight : constants.defaultWeight;
}
