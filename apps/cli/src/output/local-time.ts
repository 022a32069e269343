/** Date and time of day in the time zone of this machine, `2026-11-23 01:02:03`. @param ms  milliseconds since 1970 UTC */
export function localTime(ms: number): string {
  const zoneMs = new Date(ms).getTimezoneOffset() * 60_000;
  return new Date(ms - zoneMs).toISOString().slice(0, 19).replace("T", " ");
}
