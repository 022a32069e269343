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
  const date = new Date(timeUs / 1_000);
  const two = (value: number) => String(value).padStart(2, "0");
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, "0")}`;
  if (date.toDateString() === new Date(nowMs).toDateString()) return clock;
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock}`;
}
