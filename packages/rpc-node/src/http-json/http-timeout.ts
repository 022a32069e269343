import type { IncomingHttpHeaders } from "node:http";

const whole = /^[1-9]\d{0,9}$/;

/**
 * How long the caller of an HTTP+JSON request waits, by its header `connect-timeout-ms` (as in Connect) or by `timeout_ms` in the URL's query (as the
 * field of SRPC's head is called); of both the shorter.
 *
 * @returns milliseconds; `Infinity` where it does not say; `undefined` for what is no such number
 */
export function httpTimeoutMs(headers: IncomingHttpHeaders, url: string): number | undefined {
  const header = headers["connect-timeout-ms"];
  const query = url.includes("timeout_ms=")
    ? new URLSearchParams(url.slice(url.indexOf("?") + 1)).get("timeout_ms")
    : null;
  let timeoutMs = Number.POSITIVE_INFINITY;
  for (const text of [header, query]) {
    if (text === undefined || text === null) {
      continue;
    }
    if (!whole.test(text as string)) {
      return undefined;
    }
    timeoutMs = Math.min(timeoutMs, Number(text));
  }
  return timeoutMs;
}
