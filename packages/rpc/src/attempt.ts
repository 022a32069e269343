/** Why a call is attempted once more; the numbers of `msec.telemetry.v1.AttemptReason`. */
export const AttemptReason = {
  /** It is not: the first attempt. */
  First: 0,
  /** The attempt before certainly did nothing. */
  Moved: 1,
  /** The attempt before failed, and the method may run twice. */
  Retry: 2,
  /** The attempt before takes long, and the method may run twice. */
  Hedge: 3,
} as const;

/** One of {@link AttemptReason}. */
export type AttemptReason = (typeof AttemptReason)[keyof typeof AttemptReason];

// What calls really do is below ten; more is somebody's own loop.
const NUMBER_MAX = 63;

/**
 * One attempt of a call as one number, which costs a call nothing to carry: four times its number, plus the reason. 0 is a first attempt.
 *
 * @param number  attempts of the same call before it
 */
export function attemptMark(number: number, reason: AttemptReason): number {
  return Math.min(number, NUMBER_MAX) * 4 + reason;
}

/** How many attempts of the same call were before this one, by its {@link attemptMark}. */
export function attemptNumber(mark: number): number {
  return mark >>> 2;
}
