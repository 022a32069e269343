/** A request to stop, as an `AbortSignal`. */
export interface StopSignal {
  /** Aborts at the first SIGTERM or SIGINT; its `reason` is the signal's name. */
  readonly signal: AbortSignal;
  /** Take the handlers off again. */
  [Symbol.dispose](): void;
}

/**
 * Turn SIGTERM and SIGINT into an `AbortSignal`, so that everything that waits can be stopped the same way.
 *
 * @param onSecond  called at each signal after the first: the person is impatient, and the caller decides what that means
 *                  (a daemon usually ends at once). Default: nothing
 */
export function stopSignal(onSecond: (name: NodeJS.Signals) => void = () => {}): StopSignal {
  const controller = new AbortController();
  const listener = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) onSecond(name);
    else controller.abort(name);
  };
  process.on("SIGTERM", listener);
  process.on("SIGINT", listener);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      process.off("SIGTERM", listener);
      process.off("SIGINT", listener);
    },
  };
}
