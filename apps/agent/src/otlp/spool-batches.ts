import type { KeepBatches } from "@msec/otlp/listen";
import type { Log } from "@msec/process";
import { batchEnvelope } from "../spool/batch-envelope.ts";
import type { Spool } from "../spool/spool.ts";
import { spoolRefusal } from "../spool/spool-refusal.ts";

/** Puts what came over OTLP into the spool: it is on disk when the exporter is answered. */
export function spoolBatches(spool: Pick<Spool, "append">, log: Log): KeepBatches {
  return (batches) => {
    try {
      for (const { service, instance, batch } of batches) spool.append(batchEnvelope(service, instance, batch));
    } catch (cause) {
      throw spoolRefusal(log, cause);
    }
  };
}
