/**
 * Makes calls that end at their deadline, each with twice the time of the one before, until one came as far as the test needs: a busy machine
 * may use up a short time before anything was sent.
 */
export async function untilReached(
  fromMs: number,
  call: (timeoutMs: number) => Promise<unknown>,
  isReached: () => boolean,
): Promise<void> {
  for (let timeoutMs = fromMs; timeoutMs < 60_000; timeoutMs *= 2) {
    await call(timeoutMs);
    if (isReached()) return;
  }
  throw new Error("no call came as far within a minute");
}
