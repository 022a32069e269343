/** A moment, with how exactly it was said; or a range. */
export type SaidTime =
  | { readonly at: number /** Milliseconds on each side that are worth seeing with it. */; readonly aroundMs: number }
  | { readonly from: number; readonly to: number };

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const units: Readonly<Record<string, number>> = { s: 1_000, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS };
const clock =
  /^(?:(?:(\d{4})[-/.])?(\d{1,2})[-/.](\d{1,2})(?:[T\s]+|$))?(?:(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,6}))?)?)?\s*(Z|[+-]\d{2}:?\d{2})?$/i;

/**
 * Read a time as people have it at hand: from a clock, another program's log, a ticket, a timestamp.
 *
 * `14:03`, `14:03:20.417`, `11-22 14:03`, `2026-11-22T14:03:20Z`, `2026-11-22`, seconds, milliseconds or microseconds since 1970, `-15m` or `15m ago`; two of
 * them with ` - `, `~`, `..`, `to` or `至` between are a range. Without a zone it is the browser's; without a day the last day at which that time has been.
 *
 * @param nowMs  milliseconds since 1970 UTC
 * @returns `undefined` for anything else
 */
export function readLogTime(text: string, nowMs: number): SaidTime | undefined {
  const whole = text.trim().replaceAll("：", ":");
  const parts = whole.split(/\s+-\s+|\s*(?:~|–|—|\.\.+|至|\bto\b)\s*/);
  if (parts.length === 2) {
    const from = readMoment(parts[0] ?? "", nowMs);
    const to = readMoment(parts[1] ?? "", nowMs, from?.at);
    return from === undefined || to === undefined || to.at <= from.at ? undefined : { from: from.at, to: to.at };
  }
  const moment = readMoment(whole, nowMs);
  if (moment !== undefined && moment.aroundMs === DAY_MS) return { from: moment.at, to: nextDay(moment.at) };
  return moment;
}

/** @param day  a moment on the day of a time that names none */
function readMoment(text: string, nowMs: number, day?: number): { at: number; aroundMs: number } | undefined {
  const ago = /^-\s*(\d{1,6})\s*([smhd])$|^(\d{1,6})\s*([smhd])\s*(?:ago|前)$/i.exec(text);
  if (ago !== null) {
    const unit = units[(ago[2] ?? ago[4] ?? "s").toLowerCase()] ?? 1_000;
    return { at: Math.floor(nowMs - Number(ago[1] ?? ago[3]) * unit), aroundMs: Math.max(MINUTE_MS, unit / 6) };
  }
  if (/^\d{10}(?:\d{3}|\d{6})?$/.test(text)) {
    return {
      at: Math.floor(Number(text) / { 10: 0.001, 13: 1, 16: 1_000 }[text.length as 10 | 13 | 16]),
      aroundMs: MINUTE_MS,
    };
  }
  const match = clock.exec(text);
  if (match === null || text === "") return undefined;
  const [, year, month, date, hour, minute, second, fraction, zone] = match;
  if (month === undefined && hour === undefined) return undefined;
  const base = new Date(day ?? nowMs);
  const numbers = [
    Number(year ?? base.getFullYear()),
    Number(month ?? base.getMonth() + 1) - 1,
    Number(date ?? base.getDate()),
    Number(hour ?? 0),
    Number(minute ?? 0),
    Number(second ?? 0),
    Number((fraction ?? "").padEnd(3, "0").slice(0, 3)),
  ] as const;
  const isOdd =
    numbers[1] > 11 || numbers[2] < 1 || numbers[2] > 31 || numbers[3] > 24 || numbers[4] > 59 || numbers[5] > 60;
  if (isOdd) return undefined;
  let at = zone === undefined ? new Date(...numbers).getTime() : Date.UTC(...numbers) - zoneMs(zone);
  // Nobody looks for lines of the future: the time of yesterday, the day of last year.
  if (at > nowMs + MINUTE_MS && day === undefined) {
    if (month === undefined && zone === undefined) {
      // The day before may have 23 or 25 hours.
      const [years, months, days, ...time] = numbers;
      at = new Date(years, months, days - 1, ...time).getTime();
    } else if (month === undefined) at -= DAY_MS;
    else if (year === undefined) at = new Date(numbers[0] - 1, ...(numbers.slice(1) as [number])).getTime();
  }
  const aroundMs = hour === undefined ? DAY_MS : second === undefined ? 10 * MINUTE_MS : MINUTE_MS;
  return { at, aroundMs };
}

function zoneMs(zone: string): number {
  const [, sign = "+", hours = "0", minutes = "0"] = /^([+-])(\d{2}):?(\d{2})$/.exec(zone) ?? [];
  return (sign === "-" ? -1 : 1) * (Number(hours) * HOUR_MS + Number(minutes) * MINUTE_MS);
}

function nextDay(ms: number): number {
  const date = new Date(ms);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + 1).getTime();
}

/** A range of its own. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

/**
 * The range before (−1) or after (1) another, of its length.
 *
 * @returns `undefined` for what lies in the future: the lines as they come are there
 */
export function shiftedRange({ from, to }: TimeRange, direction: -1 | 1, nowMs: number): TimeRange | undefined {
  const length = to - from;
  const shifted = { from: from + direction * length, to: to + direction * length };
  if (shifted.from <= 0) return { from: 1, to: Math.max(2, to - length) };
  return shifted.from >= nowMs ? undefined : shifted;
}

/** Three times as long, with the same middle, not beyond now; a week at most, as the named ranges. */
export function widerRange({ from, to }: TimeRange, nowMs: number): TimeRange {
  const length = Math.min((to - from) * 3, Math.max(to - from, 7 * DAY_MS));
  const end = Math.min(Math.max(to, Math.ceil(nowMs)), Math.round((from + to + length) / 2));
  return { from: Math.max(1, end - length), to: end };
}
