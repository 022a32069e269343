import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { BackOff, type Log, removeRunRecord, socketPath, writeRunRecord } from "@msec/process";
import {
  openTelemetryStore,
  type StoreAddress,
  StoreErrorReason,
  startEngine,
  type TelemetryStore,
  TelemetryStoreError,
} from "@msec/telemetry-store";
import { type GatedStore, gateStore } from "./gated-store.ts";
import { STORE_IS_FULL } from "./telemetry-error.ts";

const recordName = "telemetry-store";

/** The telemetry store that this server uses, and its process where it is ours. */
export interface Telemetry extends AsyncDisposable {
  /** Until the store serves, everything asked of it fails with `StoreUnavailable`; agents keep what they have on disk. */
  readonly store: TelemetryStore;
  /** Whether it has answered since this server started. */
  readonly isOpen: boolean;
  /** See `GatedStore.full`. */
  readonly full: GatedStore["full"];
  /** The embedded engine's data; empty where it is another server. */
  readonly directory: string;
  /** Start the engine's process, or look for the foreign server; returns at once. */
  start(): void;
  /** Stop the engine's process and give the connections back. */
  close(): Promise<void>;
}

/** Where the configuration says that telemetry goes. */
export interface TelemetryPlace {
  /** `embedded`, or the URL of a ClickHouse server. */
  readonly telemetry: string;
  /** Name of the cluster that the server belongs to; empty: none. */
  readonly telemetry_cluster: string;
}

/**
 * Where the telemetry store answers.
 *
 * @param state  the state directory
 */
export function telemetryAddress(
  { telemetry, telemetry_cluster: cluster }: TelemetryPlace,
  state: string,
): StoreAddress {
  if (telemetry === "embedded") return { socket: socketPath(state, "telemetry") };
  return { url: telemetry, ...(cluster !== "" && { cluster }) };
}

/**
 * Prepare the telemetry store.
 *
 * @param state  the state directory: `telemetry/` is the embedded engine's data
 */
export function openTelemetry(place: TelemetryPlace, state: string, log: Log): Telemetry {
  const stopping = new AbortController();
  const socket = socketPath(state, "telemetry");
  const store = gateStore(openTelemetryStore(telemetryAddress(place, state)), (isFull) => {
    const where = place.telemetry === "embedded" ? { directory: join(state, "telemetry") } : {};
    if (isFull) log.error(STORE_IS_FULL, where);
    else log.info("the telemetry store has room again", where);
  });
  let running = Promise.resolve();
  const start = () => {
    running =
      place.telemetry === "embedded"
        ? runEngine({ dataDir: join(state, "telemetry"), socket }, state, store, log, stopping.signal)
        : untilReady(store, log, stopping.signal);
  };
  let closing: Promise<void> | undefined;
  const closeAll = async () => {
    stopping.abort();
    await store.close();
    await running;
  };
  const close = () => {
    closing ??= closeAll();
    return closing;
  };
  return {
    store,
    directory: place.telemetry === "embedded" ? join(state, "telemetry") : "",
    get isOpen() {
      return store.isOpen;
    },
    get full() {
      return store.full;
    },
    ...{ start, close, [Symbol.asyncDispose]: close },
  };
}

/** Keep the engine's process running until told to stop. It holds our pipe and ends with us however we end. */
async function runEngine(
  options: { dataDir: string; socket: string },
  state: string,
  store: GatedStore,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const stopped = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  const backOff = new BackOff();
  while (!signal.aborted) {
    const startedMs = performance.now();
    try {
      await runEngineOnce(options, state, store, log, signal, stopped);
    } catch (error) {
      if (!signal.aborted) {
        log.error("telemetry store failed; starting it again", { error });
      }
    }
    await pause(backOff.afterExit(performance.now() - startedMs), signal);
  }
}

/** One life of the engine's process. */
async function runEngineOnce(
  options: { dataDir: string; socket: string },
  state: string,
  store: GatedStore,
  log: Log,
  signal: AbortSignal,
  stopped: Promise<void>,
): Promise<void> {
  await using engine = await startEngine(options);
  const { pid, startMs, version } = engine.ready;
  try {
    writeRunRecord(state, { name: recordName, role: recordName, pid, listen: options.socket });
    if (!store.isOpen) {
      await store.waitReady({ signal });
    }
    log.info(`telemetry store serves after ${startMs} ms`, { pid, version });
    const exit = await Promise.race([engine.exited, stopped]);
    if (exit !== undefined) {
      log.error("telemetry store ended by itself; starting it again", { ...exit });
    }
  } finally {
    await engine.stop();
    removeRunRecord(state, recordName, pid);
  }
}

/** Bring a foreign server's schema up to date as soon as it answers. */
async function untilReady(store: TelemetryStore, log: Log, signal: AbortSignal): Promise<void> {
  const backOff = new BackOff();
  // Whoever just wrote a wrong address into msec.ini looks at the log now.
  let timeoutMs = 5_000;
  while (!signal.aborted) {
    try {
      await store.waitReady({ signal, timeoutMs });
      return;
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      const isDown = error instanceof TelemetryStoreError && error.reason === StoreErrorReason.Unavailable;
      log.error(
        isDown
          ? "the telemetry store does not answer; trying again"
          : "the telemetry store's schema cannot be made; trying again",
        { error },
      );
    }
    timeoutMs = 60_000;
    await pause(backOff.afterExit(0), signal);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (!signal.aborted) {
    await delay(ms, undefined, { signal }).catch(() => {}); // Aborted: the loop ends.
  }
}
