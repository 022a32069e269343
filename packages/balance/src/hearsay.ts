import type { Constants } from "./constants.ts";
import type { Explanation } from "./route.ts";

/** What this caller's own calls showed of one instance, for others on its host; nothing in it was heard from others. */
export type Finding = Explanation & {
  /** Calls that have ended, and times that it was asked, since the instance came into the table; a restart begins at 0. */
  readonly calls: number;
  /** Milliseconds since the last of them. */
  readonly ageMs: number;
  /** Whether its own calls made this caller leave the instance out. */
  readonly leftOut: boolean;
  /** Its latency as a multiple of that of this caller's better instances; 1 is as good as they are, 0 not measured. */
  readonly latencyRatio: number;
  /** Its success as a part of that of this caller's better instances, 0…1. */
  readonly successShare: number;
};

/**
 * What other callers on this host say of one instance, merged. It counts only where this caller has no fresh result of its own, and never fully.
 *
 * @see docs/decisions/0007-agent-local-api.md
 */
export type Hearsay = {
  readonly address: string;
  readonly port: number;
  /** Most of them leave it out. */
  readonly leftOut: boolean;
  /** As in `Finding`; 0: not measured. */
  readonly latencyRatio: number;
  /** As in `Finding`. */
  readonly successShare: number;
  /** Milliseconds since the last call behind it. */
  readonly ageMs: number;
  /** How many callers it comes from. */
  readonly voices: number;
};

/** Hearsay with the time of the last call behind it, on the balancer's clock. */
export type Heard = Hearsay & { readonly atMs: number };

/** Hearsay from a clock of its own, or made up: whatever is not a number within its range says nothing. */
export function heardAt(hearsay: Hearsay, nowMs: number): Heard | undefined {
  const { latencyRatio, successShare, ageMs } = hearsay;
  if (!(ageMs >= 0) || !(latencyRatio >= 0) || !(successShare >= 0 && successShare <= 1)) return undefined;
  return { ...hearsay, atMs: nowMs - ageMs };
}

/**
 * The part of its share that an instance keeps when there is only hearsay of it, `hearsayLeast`…1; it fades with the age of what was heard.
 */
export function hearsayWorth(heard: Heard, nowMs: number, numbers: Constants): number {
  const { hearsayMs, hearsayLeast, latencyBand, latencyPower, successBand, successPower } = numbers;
  const freshness = 1 - (nowMs - heard.atMs) / hearsayMs;
  if (freshness <= 0) return 1;
  const { latencyRatio, successShare } = heard;
  const latency = latencyRatio <= latencyBand ? 1 : (latencyBand / latencyRatio) ** latencyPower;
  const success = successShare >= successBand ? 1 : (successShare / successBand) ** successPower;
  return Math.max(hearsayLeast, latency * success) ** freshness;
}
