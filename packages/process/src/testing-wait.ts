import { setTimeout as delay } from "node:timers/promises";

/**
 * Wait for a fact that nothing announces: ask again and again until an answer is not `undefined` or false. An error counts as no answer.
 *
 * @param what        what is waited for, for the error
 * @param timeoutMs   default 60_000
 * @throws Error naming what did not come, with the last error of `ask` as its cause
 */
export async function waitUntil<T>(
  what: string,
  ask: () => T | false | undefined | Promise<T | false | undefined>,
  timeoutMs = 60_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  let failure: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
      failure = undefined;
    } catch (error) {
      failure = error;
    }
    if (performance.now() >= deadline) throw new Error(`${what}: not after ${timeoutMs} ms`, { cause: failure });
    await delay(20);
  }
}
