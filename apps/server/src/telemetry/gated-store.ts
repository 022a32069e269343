import { StoreErrorReason, StoreUnavailable, type TelemetryStore, TelemetryStoreError } from "@msec/telemetry-store";

/** A store that can be asked only once its schema is there. */
export interface GatedStore extends TelemetryStore {
  /** Whether `waitReady` has succeeded. */
  readonly isOpen: boolean;
  /** While the last thing that was put into it found its disk full: since when, by `performance.now()`, and how many things were refused since. */
  readonly full: { readonly sinceMs: number; readonly refused: number } | undefined;
}

/**
 * Answer with `StoreUnavailable` until `waitReady` has succeeded once: an engine serves a moment before it has tables, and
 * would fail in a way that looks like a defect.
 *
 * @param onFull  hears that its disk is full, and that there is room again
 */
export function gateStore(store: TelemetryStore, onFull: (isFull: boolean) => void = () => {}): GatedStore {
  let isOpen = false;
  let full: { readonly sinceMs: number; refused: number } | undefined;
  const setFull = (now: boolean) => {
    const wasFull = full !== undefined;
    if (!now) full = undefined;
    else full ??= { sinceMs: performance.now(), refused: 0 };
    if (full !== undefined) full.refused++;
    if (now !== wasFull) onFull(now);
  };
  const noticing =
    <Arguments extends unknown[], Answer>(put: (...args: Arguments) => Promise<Answer>) =>
    async (...args: Arguments): Promise<Answer> => {
      try {
        const answer = await put(...args);
        setFull(false);
        return answer;
      } catch (error) {
        if (error instanceof TelemetryStoreError && error.reason === StoreErrorReason.Full) setFull(true);
        throw error;
      }
    };
  const whenOpen =
    <Arguments extends unknown[], Answer>(ask: (...args: Arguments) => Promise<Answer>) =>
    async (...args: Arguments): Promise<Answer> => {
      if (!isOpen) {
        throw new StoreUnavailable("the telemetry store has not started yet");
      }
      return await ask(...args);
    };
  return {
    get isOpen() {
      return isOpen;
    },
    get full() {
      return full;
    },
    async waitReady(options) {
      await store.waitReady(options);
      isOpen = true;
    },
    ingest: noticing(whenOpen(store.ingest)),
    ingestAll: noticing(whenOpen(store.ingestAll)),
    queryCalls: whenOpen(store.queryCalls),
    queryMetrics: whenOpen(store.queryMetrics),
    listAttributes: whenOpen(store.listAttributes),
    listReporters: whenOpen(store.listReporters),
    listPrograms: whenOpen(store.listPrograms),
    applyRetention: whenOpen(store.applyRetention),
    readUsage: whenOpen(store.readUsage),
    getFlow: whenOpen(store.getFlow),
    searchRequests: whenOpen(store.searchRequests),
    getServiceMap: whenOpen(store.getServiceMap),
    logs: {
      find: whenOpen(store.logs.find),
      tail: whenOpen(store.logs.tail),
      around: whenOpen(store.logs.around),
      count: whenOpen(store.logs.count),
      check: whenOpen(store.logs.check),
      listFields: whenOpen(store.logs.listFields),
      listSeenFields: whenOpen(store.logs.listSeenFields),
      defineField: whenOpen(store.logs.defineField),
      removeField: whenOpen(store.logs.removeField),
    },
    close: () => store.close(),
    [Symbol.asyncDispose]: () => store.close(),
  };
}
