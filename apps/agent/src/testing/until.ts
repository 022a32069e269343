import { setTimeout as delay } from "node:timers/promises";

/**
 * Wait for a fact about the world outside this process; fails with its name when it does not come true.
 *
 * @param timeoutMs  default 30_000
 */
export async function until<T>(
  what: string,
  find: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = 30_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await find();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain until ${what}`);
    await delay(10);
  }
}
