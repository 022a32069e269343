import { utf8Length } from "./utf8-length.ts";

/** The family of what developers report, beside `sys.` (hosts) and `frm.` (the framework). */
export const USER_PREFIX = "usr.";

/** Longest name with its prefix, in bytes; the original's limit. */
export const METRIC_NAME_MAX_BYTES = 127;

/**
 * What is wrong with the name a developer gave to a metric, as a sentence, or `undefined` when it may be used.
 *
 * A name is 1…123 bytes of UTF-8 (127 with `usr.`), without control characters and without spaces at its ends.
 */
export function metricNameProblem(name: string): string | undefined {
  if (typeof name !== "string") return `a metric name must be a string, found ${typeof name}`;
  if (name === "") return "a metric name must not be empty";
  const bytes = utf8Length(name) + USER_PREFIX.length;
  if (bytes > METRIC_NAME_MAX_BYTES) {
    const allowed = METRIC_NAME_MAX_BYTES - USER_PREFIX.length;
    return `metric name ${JSON.stringify(name.slice(0, 40))}… has ${bytes - USER_PREFIX.length} bytes, at most ${allowed} are allowed`;
  }
  // Category C: control, format, surrogate, unassigned; Z apart from the plain space: other separators.
  if (/[\p{C}\p{Zl}\p{Zp}]/u.test(name))
    return `metric name ${JSON.stringify(name)} has characters that cannot be printed`;
  if (name.trim() !== name) return `metric name ${JSON.stringify(name)} begins or ends with a space`;
  return undefined;
}
