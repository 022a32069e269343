/** A range of time that somebody chose, milliseconds since 1970 UTC. */
export interface OwnRange {
  readonly from: number;
  readonly until: number;
}

const MIN_MS = 60_000;
/** An answer about calls has room for so many hours. */
const MAX_MS = 200 * 86_400_000;
const DAY_MS = 86_400_000;

// The longest range with each step: at most some 1,500 points, which is what a wide screen has.
const STEPS = [
  { stepS: 1, spanMs: 10 * 60_000, keptMs: 2 * DAY_MS },
  { stepS: 10, spanMs: 3 * 3_600_000, keptMs: 2 * DAY_MS },
  { stepS: 60, spanMs: DAY_MS + 3_600_000, keptMs: 30 * DAY_MS },
  { stepS: 600, spanMs: 10 * DAY_MS, keptMs: 30 * DAY_MS },
] as const;

// The years 2000 to 2100: what is in an address by mistake is mostly 0, seconds, or microseconds.
const EARLIEST_MS = Date.UTC(2000, 0, 1);
const LATEST_MS = Date.UTC(2100, 0, 1);

/** Reads a time of an address, milliseconds since 1970 UTC; undefined for what is none, or not of this century. */
export function parseMoment(value: unknown): number | undefined {
  const isMoment = Number.isSafeInteger(value) && Number(value) >= EARLIEST_MS && Number(value) < LATEST_MS;
  return isMoment ? (value as number) : undefined;
}

/** Reads a chosen range of an address; undefined where there is none, or one that is reversed, shorter than a minute or longer than 200 days. */
export function parseOwnRange(search: Record<string, unknown>): OwnRange | undefined {
  const [from, until] = [parseMoment(search.from), parseMoment(search.until)];
  if (from === undefined || until === undefined) return undefined;
  return until - from >= MIN_MS && until - from <= MAX_MS ? { from, until } : undefined;
}

/**
 * A range somebody pointed at: in whole seconds, at least a minute, at most 200 days, and not in the future.
 *
 * @param nowMs  the server's clock
 */
export function chosenRange(fromMs: number, untilMs: number, nowMs: number): OwnRange {
  const until = Math.ceil(Math.min(Math.max(fromMs, untilMs), nowMs) / 1_000) * 1_000;
  const from = Math.floor(Math.min(fromMs, untilMs) / 1_000) * 1_000;
  return { from: Math.max(Math.min(from, until - MIN_MS), until - MAX_MS, 1), until };
}

/** A range twice as long around the same middle, or up to now. */
export function widerRange({ from, until }: OwnRange, nowMs: number): OwnRange {
  const halfMs = (until - from) / 2;
  const end = Math.min(until + halfMs, nowMs);
  return chosenRange(end - 4 * halfMs, end, nowMs);
}

/** Milliseconds of a range up to now, by the minute: what ends in the future has nothing there yet. @param nowMs the server's clock */
export function pastMs({ from, until }: OwnRange, nowMs: number): number {
  const now = Math.ceil(nowMs / MIN_MS) * MIN_MS;
  return until > now && from < now - MIN_MS ? now - from : until - from;
}

/**
 * Seconds of a step for a chosen range: as fine as there is room for, and as far back as such steps are kept.
 *
 * @param finestS  seconds of the finest step that there is: 1 for calls, 10 for what hosts and processes report
 */
export function ownStepS({ from, until }: OwnRange, nowMs: number, finestS: 1 | 10): number {
  const step = STEPS.find(
    ({ stepS, spanMs, keptMs }) => stepS >= finestS && until - from <= spanMs && from >= nowMs - keptMs,
  );
  return step?.stepS ?? 3_600;
}

/**
 * Milliseconds back to the same time of day some days before, in the browser's time zone: over a change to or from summer time a day has 23 or 25 hours.
 *
 * @param ms    from when
 * @param days  −400…400, below 0 for later
 */
export function daysBeforeMs(ms: number, days: number): number {
  const date = new Date(ms);
  date.setDate(date.getDate() - days);
  return ms - date.getTime();
}
