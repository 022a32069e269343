import { randomUUID } from "node:crypto";
import type { KeepBatches } from "@msec/otlp/listen";
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

/**
 * Puts what came over OTLP into the store: it is there when the exporter is answered.
 *
 * A repeat after a lost answer is stored twice: OTLP has no number by which to know it.
 */
export function storeBatches(
  store: Pick<TelemetryStore, "ingestAll">,
  onStored: (envelopes: readonly TelemetryEnvelope[]) => void,
): KeepBatches {
  let waiting = 0;
  return async (batches) => {
    if (waiting >= WAITING_MAX) throw new RpcError(Code.Unavailable, "the telemetry store is busy; report again");
    waiting++;
    try {
      const envelopes = batches.map(({ service, instance, batch }) => ({
        identity: { host: FOREIGN_HOST, service, instance },
        batch,
      }));
      await store.ingestAll(envelopes, randomUUID());
      onStored(envelopes);
    } catch (cause) {
      const isFull = cause instanceof TelemetryStoreError && cause.reason === StoreErrorReason.Full;
      const why = isFull ? "has no room: its disk is full" : "does not answer";
      throw new RpcError(Code.Unavailable, `the telemetry store ${why}; report again`, { cause });
    } finally {
      waiting--;
    }
  };
}
