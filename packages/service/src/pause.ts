import { Code, currentContext, RpcError } from "@msec/rpc";

/**
 * Waits, unless the work is given up meanwhile: by its signal, or with the request being served.
 *
 * @throws RpcError Canceled
 */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const giveUp = (cause: unknown) =>
    reject(new RpcError(Code.Canceled, "the call was given up before it was repeated", { cause }));
  const onAbort = () => giveUp(signal?.reason);
  const timer = setTimeout(resolve, ms);
  if (signal?.aborted) onAbort();
  signal?.addEventListener("abort", onAbort);
  const unlisten = currentContext()?.onCancel(giveUp);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
    unlisten?.();
  }
}
