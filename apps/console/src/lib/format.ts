import type { Language } from "./preferences.ts";

const ABSENT = "–";

const units = {
  en: { day: "d", hour: "h", minute: "m", second: "s", gap: "", ago: (text: string) => `${text} ago`, now: "just now" },
  zh: { day: "天", hour: "时", minute: "分", second: "秒", gap: " ", ago: (text: string) => `${text}前`, now: "刚刚" },
} as const;

const numberFormats = new Map<string, Intl.NumberFormat>();

function decimal(value: number, fractionDigits: number): string {
  const key = String(fractionDigits);
  let format = numberFormats.get(key);
  if (format === undefined) {
    // Both languages group by thousands with a comma and use a point.
    format = new Intl.NumberFormat("en", {
      minimumFractionDigits: fractionDigits,
      maximumFractionDigits: fractionDigits,
    });
    numberFormats.set(key, format);
  }
  return format.format(value);
}

/** Three significant digits, at most two of them after the point: 1.23, 12.3, 123, 1,234. */
function threeDigits(value: number): string {
  const size = Math.abs(value);
  if (size >= 99.95) return decimal(value, 0);
  return decimal(value, size >= 9.995 ? 1 : 2);
}

/**
 * How long a call took: `640 µs`, `3.42 ms`, `1.23 s`, `2 m 05 s`; units of SI in both languages.
 *
 * @param us microseconds; negative or not finite gives a dash
 */
export function formatDuration(us: number): string {
  if (!Number.isFinite(us) || us < 0) return ABSENT;
  if (us < 999.5) return `${decimal(us, 0)} µs`;
  if (us < 999_500) return `${threeDigits(us / 1000)} ms`;
  if (us < 59_995_000) return `${threeDigits(us / 1_000_000)} s`;
  const seconds = Math.round(us / 1_000_000);
  return `${Math.floor(seconds / 60)} m ${String(seconds % 60).padStart(2, "0")} s`;
}

/**
 * A span of time for people, in its two greatest units: `3d 4h`, `12m 5s`; `3 天 4 时`, `12 分 5 秒` in Chinese.
 *
 * @param ms milliseconds; negative counts as 0, not finite gives a dash
 */
export function formatElapsed(ms: number, language: Language): string {
  if (!Number.isFinite(ms)) return ABSENT;
  const unit = units[language];
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), unit.day],
    [Math.floor(seconds / 3600) % 24, unit.hour],
    [Math.floor(seconds / 60) % 60, unit.minute],
    [seconds % 60, unit.second],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first === -1) return `0${unit.gap}${unit.second}`;
  return parts
    .slice(first, first + 2)
    .filter(([count], index) => index === 0 || count > 0)
    .map(([count, name]) => `${count}${unit.gap}${name}`)
    .join(" ");
}

/** How long ago something was: `just now` below two seconds, then `12s ago`, `3h 5m ago`; `12 秒前` in Chinese. */
export function formatAge(ms: number, language: Language): string {
  if (!Number.isFinite(ms)) return ABSENT;
  const unit = units[language];
  return ms < 2000 ? unit.now : unit.ago(formatElapsed(ms, language));
}

/** Bytes in binary units: `512 B`, `48.2 MiB`. Not finite or negative gives a dash. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes) || bytes < 0) return ABSENT;
  const names = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let index = 0;
  while (value >= 1023.5 && index < names.length - 1) {
    value /= 1024;
    index++;
  }
  return `${index === 0 ? decimal(value, 0) : threeDigits(value)} ${names[index]}`;
}

/** A rate or a count that may have a fraction: `0`, `0.4`, `12.5`, `1,204`. */
export function formatRate(value: number): string {
  if (!Number.isFinite(value)) return ABSENT;
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 0.05) return "<0.1";
  return size >= 99.95 ? decimal(value, 0) : decimal(value, 1);
}

/** A value on a chart of counts: whole numbers without a fraction, `1,204`, others with one digit, `0.5`. */
export function formatTick(value: number): string {
  return Number.isInteger(value) ? formatCount(value) : formatRate(value);
}

/** A whole number with thousands separators. */
export function formatCount(value: number): string {
  return Number.isFinite(value) ? decimal(value, 0) : ABSENT;
}

/**
 * A part of a whole in percent: `0 %`, `0.02 %`, `12.5 %`. Something that is not nothing never shows as `0 %`.
 *
 * @param ratio 0…1; not finite (nothing of nothing) gives a dash
 */
export function formatPercent(ratio: number): string {
  if (!Number.isFinite(ratio)) return ABSENT;
  const percent = ratio * 100;
  if (percent === 0) return "0 %";
  if (percent < 0.01) return "<0.01 %";
  return `${percent < 1 ? decimal(percent, 2) : percent < 99.95 ? decimal(percent, 1) : decimal(percent, 0)} %`;
}

/**
 * A time of day in the browser's time zone: `14:03:22`, with `milliseconds` `14:03:22.417`.
 *
 * @param ms milliseconds since 1970 UTC
 */
export function formatClock(ms: number, milliseconds = false): string {
  const date = new Date(ms);
  const text = [date.getHours(), date.getMinutes(), date.getSeconds()].map((n) => String(n).padStart(2, "0")).join(":");
  return milliseconds ? `${text}.${String(date.getMilliseconds()).padStart(3, "0")}` : text;
}

/**
 * The browser's time zone, in which all times are shown, as its distance from UTC: `UTC+8`, `UTC−3:30`, `UTC`.
 *
 * @param ms when, milliseconds since 1970 UTC: summer time changes it
 */
export function formatZone(ms: number): string {
  const minutes = -new Date(ms).getTimezoneOffset();
  if (minutes === 0) return "UTC";
  const size = Math.abs(minutes);
  const rest = size % 60 === 0 ? "" : `:${String(size % 60).padStart(2, "0")}`;
  return `UTC${minutes < 0 ? "−" : "+"}${Math.floor(size / 60)}${rest}`;
}

/** A date and time of day in the browser's time zone: `2026-11-22 14:03:22`. */
export function formatDateTime(ms: number): string {
  const date = new Date(ms);
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()]
    .map((n) => String(n).padStart(2, "0"))
    .join("-");
  return `${day} ${formatClock(ms)}`;
}

/**
 * A range of time in the browser's time zone: `2026-11-22 14:03 – 15:03`; the second day is named where it is another.
 *
 * @param fromMs  milliseconds since 1970 UTC, as `toMs`
 * @param seconds whether to say the seconds too; default false
 */
export function formatRange(fromMs: number, toMs: number, seconds = false): string {
  const [from, to] = [formatDateTime(fromMs), formatDateTime(toMs)].map((text) => (seconds ? text : text.slice(0, -3)));
  return `${from} – ${isSameDay(fromMs, toMs) ? to!.slice(11) : to}`;
}

/** Whether two times are on one day of the browser's time zone. */
export function isSameDay(oneMs: number, otherMs: number): boolean {
  return new Date(oneMs).toDateString() === new Date(otherMs).toDateString();
}
