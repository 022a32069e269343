import type { Interceptor } from "@connectrpc/connect";

// The header counts whole seconds and the answer took a while: smaller differences mean nothing.
const TOLERANCE_MS = 2500;

let offsetMs = 0;

/**
 * What to add to this machine's clock to get the server's, from one answer's `Date` header.
 *
 * @param dateHeader   value of the header; anything that is no date gives 0
 * @param receivedMs   this machine's clock when the answer came
 * @returns milliseconds, 0 when both agree within two and a half seconds
 */
export function clockOffset(dateHeader: string | null, receivedMs: number): number {
  const serverMs = dateHeader === null ? Number.NaN : Date.parse(dateHeader);
  if (!Number.isFinite(serverMs)) return 0;
  // The middle of the second that the header names.
  const difference = serverMs + 500 - receivedMs;
  return Math.abs(difference) < TOLERANCE_MS ? 0 : difference;
}

/** Learns the server's clock from its answers. */
export const clockInterceptor: Interceptor = (next) => async (request) => {
  const response = await next(request);
  offsetMs = clockOffset(response.header.get("date"), Date.now());
  return response;
};

/**
 * Milliseconds since 1970 UTC by the server's clock: what is asked of it (the last minute) and what is compared with
 * its times (ages) must not depend on the clock of the machine that the browser runs on.
 */
export function serverNow(): number {
  return Date.now() + offsetMs;
}
