import { currentContext } from "./call-context.ts";
import { Code } from "./code.ts";
import { RpcError } from "./rpc-error.ts";

/** How {@link parallel} goes about it. */
export interface ParallelOptions {
  /** Gives everything up: nothing more is begun, what runs is told, and the whole fails with its reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * `fail`: the first failure is that of the whole; what runs is told to stop, nothing more is begun. `collect`: all items are gone through, and each
   * has its own result. Default `fail`.
   */
  readonly onError?: "fail" | "collect" | undefined;
}

/**
 * Do something for many items, at most `limit` at a time; results in the order of the items.
 *
 * Each piece of work runs in the context of the request being served, as any code of its handler does, and gets a signal that aborts when
 * another one has failed, when `options.signal` aborts or when the request is given up: hand it to the calls that it makes.
 *
 * @param limit  1…100_000
 * @throws the first failure (unless they are collected); the signal's reason; RangeError for a limit that is none
 *
 * @example
 * const titles = await parallel(ids, 8, (id, { signal }) => books.getTitle({ id }, { signal }));
 */
export function parallel<T, R>(
  items: Iterable<T>,
  limit: number,
  work: (item: T, turn: { readonly index: number; readonly signal: AbortSignal }) => R | Promise<R>,
  options: ParallelOptions & { readonly onError: "collect" },
): Promise<PromiseSettledResult<R>[]>;
export function parallel<T, R>(
  items: Iterable<T>,
  limit: number,
  work: (item: T, turn: { readonly index: number; readonly signal: AbortSignal }) => R | Promise<R>,
  options?: ParallelOptions,
): Promise<R[]>;
export async function parallel<T, R>(
  items: Iterable<T>,
  limit: number,
  work: (item: T, turn: { readonly index: number; readonly signal: AbortSignal }) => R | Promise<R>,
  options: ParallelOptions = {},
): Promise<(R | PromiseSettledResult<R>)[]> {
  if (!Number.isInteger(limit) || limit < 1 || limit > 100_000) {
    throw new RangeError(`limit ${limit} of parallel must be an integer in 1…100000`);
  }
  const collects = options.onError === "collect";
  const stop = new AbortController();
  const failed = Promise.withResolvers<never>();
  // The lanes may all have ended before anybody looks at it.
  failed.promise.catch(() => {});
  const fail = (reason: unknown) => {
    stop.abort(reason);
    failed.reject(reason);
  };
  const unlisten = listen(options.signal, fail);
  const results: (R | PromiseSettledResult<R>)[] = [];
  const rest = items[Symbol.iterator]();
  let begun = 0;
  const lane = async () => {
    while (!stop.signal.aborted) {
      const next = rest.next();
      if (next.done) return;
      const index = begun++;
      try {
        const value = await work(next.value, { index, signal: stop.signal });
        results[index] = collects ? { status: "fulfilled", value } : value;
      } catch (reason) {
        if (!collects) throw reason;
        results[index] = { status: "rejected", reason };
      }
    }
  };
  try {
    const lanes: Promise<void>[] = [];
    for (let i = 0; i < limit; i++) {
      const before = begun;
      lanes.push(lane());
      // No item was left for this one.
      if (begun === before) break;
    }
    for (const one of lanes) one.catch(fail);
    await Promise.race([Promise.all(lanes), failed.promise]);
    stop.signal.throwIfAborted();
    return results;
  } catch (error) {
    stop.abort(error);
    throw error;
  } finally {
    unlisten();
    if (stop.signal.aborted) rest.return?.();
  }
}

function listen(signal: AbortSignal | undefined, fail: (reason: unknown) => void): () => void {
  const onAbort = () =>
    fail(new RpcError(Code.Canceled, "the work was given up before all of it was done", { cause: signal?.reason }));
  if (signal?.aborted) onAbort();
  signal?.addEventListener("abort", onAbort, { once: true });
  const stopListening = currentContext()?.onCancel(fail);
  return () => {
    signal?.removeEventListener("abort", onAbort);
    stopListening?.();
  };
}
