const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** Seconds of `30s`, `10m`, `2h`, `7d`; `undefined` for anything else. */
export function parseTimeSpan(text: string): number | undefined {
  const match = /^(\d{1,6})([smhd])$/.exec(text);
  return match === null ? undefined : Number(match[1]) * units[match[2]!]!;
}

/** Milliseconds since 1970 UTC of a time span back from now (`10m`) or of a date (`2026-11-22T08:00`); `undefined` for anything else. */
export function parseMoment(text: string, nowMs: number): number | undefined {
  const span = parseTimeSpan(text);
  if (span !== undefined) return nowMs - span * 1_000;
  const ms = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}
