import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { KeepBatches } from "@msec/otlp/listen";
import type { Log } from "@msec/process";
import { Code, RpcError } from "@msec/rpc";
import {
  StoreErrorReason,
  type TelemetryEnvelope,
  type TelemetryStore,
  TelemetryStoreError,
} from "@msec/telemetry-store";

/** The host under which is kept what came to the server itself, whose sender is on no host that we know. */
export const FOREIGN_HOST = "otlp";

/** Requests that wait for the store at once; further ones are to come again. */
const WAITING_MAX = 64;

/** Rows of those requests together: one may have 50,000. */
const WAITING_ROWS_MAX = 200_000;

/**
 * How long a request waits for a store that is away. An exporter waits for its answer for ten seconds unless told otherwise, and OpenTelemetry's over gRPC for JS does not repeat
 * what was refused; the embedded engine's process is back in two.
 */
const PATIENCE_MS = 8_000;
const AGAIN_MS = 200;

/** Between two words of a store that fails at what it is given. */
const SAID_AGAIN_MS = 60_000;

const whyOfReason: Partial<Record<StoreErrorReason, string>> = {
  [StoreErrorReason.Full]: "has no room: its disk is full; report again",
  [StoreErrorReason.Unavailable]: "does not answer; report again",
  [StoreErrorReason.Overloaded]: "has more to do than it can; report again",
};

/** Who hears what, and what differs in tests. */
export interface StoreBatchesOptions {
  readonly onStored: (envelopes: readonly TelemetryEnvelope[]) => void;
  readonly log: Pick<Log, "error">;
  /** Milliseconds; default 8,000. */
  readonly patienceMs?: number;
}

/**
 * Puts what came over OTLP into the store: it is there when the exporter is answered. While the store is away a bounded number of requests waits for it for some seconds.
 *
 * The print of a request is the token of its rows, so that one that comes again after a lost answer, to another process of this server too, changes nothing.
 */
export function storeBatches(
  store: Pick<TelemetryStore, "ingestAll">,
  { onStored, log, patienceMs = PATIENCE_MS }: StoreBatchesOptions,
): KeepBatches {
  let saidMs = Number.NEGATIVE_INFINITY;
  let waiting = 0;
  let waitingRows = 0;
  return async (batches, print) => {
    const rows = batches.reduce((sum, { batch }) => sum + rowsOf(batch), 0);
    if (waiting >= WAITING_MAX || (waiting > 0 && waitingRows + rows > WAITING_ROWS_MAX)) {
      throw new RpcError(Code.Unavailable, "the telemetry store is busy; report again");
    }
    waiting++;
    waitingRows += rows;
    try {
      const envelopes = batches.map(({ service, instance, batch }) => ({
        identity: { host: FOREIGN_HOST, service, instance },
        batch,
      }));
      await ingestPatiently(store, envelopes, print ?? randomUUID(), performance.now() + patienceMs);
      onStored(envelopes);
    } catch (cause) {
      const known = cause instanceof TelemetryStoreError ? whyOfReason[cause.reason] : undefined;
      if (known === undefined && performance.now() - saidMs > SAID_AGAIN_MS) {
        saidMs = performance.now();
        log.error("the telemetry store fails at what came over OTLP", { error: cause });
      }
      const why = known ?? "fails at it, as the server's log says; report again";
      throw new RpcError(Code.Unavailable, `the telemetry store ${why}`, { cause });
    } finally {
      waiting--;
      waitingRows -= rows;
    }
  };
}

async function ingestPatiently(
  store: Pick<TelemetryStore, "ingestAll">,
  envelopes: readonly TelemetryEnvelope[],
  token: string,
  untilMs: number,
): Promise<void> {
  for (;;) {
    try {
      await store.ingestAll(envelopes, token);
      return;
    } catch (error) {
      const isAway = error instanceof TelemetryStoreError && error.reason === StoreErrorReason.Unavailable;
      if (!isAway || performance.now() + AGAIN_MS > untilMs) throw error;
    }
    await delay(AGAIN_MS);
  }
}

function rowsOf({ spans, calls, samples, logs }: TelemetryEnvelope["batch"]): number {
  const tables = [spans?.startUs, calls?.timeS, samples?.timeS, logs?.timeUs];
  return tables.reduce((sum, column) => sum + (column?.length ?? 0), 0);
}
