/**
 * The text of a log field's value: strings, numbers, booleans and bigints as they are, errors as their stack with their causes', anything
 * else as JSON. Never throws: a log line must not fail a request.
 */
export function fieldText(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null) return String(value);
  try {
    if (value instanceof Error) return errorText(value);
    return JSON.stringify(value, (_, inner) => (typeof inner === "bigint" ? String(inner) : inner)) ?? "";
  } catch (error) {
    // A cycle, a toJSON or a stack that throws, a proxy that was revoked.
    return `(not JSON: ${error instanceof Error ? error.message : "unknown error"})`;
  }
}

// Deeper than this a chain of causes is a circle.
const CAUSES_MAX = 5;

function errorText(error: Error, depth = 0): string {
  const own = error.stack ?? String(error);
  if (!(error.cause instanceof Error) || depth === CAUSES_MAX) return own;
  return `${own}\ncaused by: ${errorText(error.cause, depth + 1)}`;
}
