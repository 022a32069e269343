import { localTime } from "../output/local-time.ts";

/** A text without what would act on the terminal: control characters and those that turn the direction of writing are shown as `\x1b`, `\n`, `\u202e`. */
export function harmlessText(text: string): string {
  return text.replace(/[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu, (found) => {
    const named = { "\n": "\\n", "\r": "\\r", "\t": "\\t" }[found];
    if (named !== undefined) return named;
    const code = found.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/** A value of a field: in quotes where it would not stand alone. */
export function fieldValue(value: string): string {
  const harmless = harmlessText(value);
  return /^[^\s"=]+$/.test(harmless)
    ? harmless
    : JSON.stringify(value).replaceAll(/[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu, harmlessText);
}

/** A time of day of this machine with milliseconds, with the date where it is not today's. @param nowMs  milliseconds since 1970 UTC */
export function timeText(timeUs: number, nowMs: number): string {
  const timeMs = Math.floor(timeUs / 1_000);
  const [day, clock] = localTime(timeMs).split(" ");
  const time = `${clock}.${String(timeMs % 1_000).padStart(3, "0")}`;
  return localTime(nowMs).startsWith(`${day} `) ? time : `${day} ${time}`;
}
