import { create, toBinary } from "@bufbuild/protobuf";
import { EnvelopeSchema } from "@msec/api/agent/v1/control_pb.js";
import { BatchSchema } from "@msec/api/telemetry/v1/telemetry_pb.js";
import type { Log } from "@msec/process";
import { sleep } from "../control/retry.ts";
import type { Spool } from "../spool/spool.ts";
import { HostMetrics } from "./host-metrics.ts";
import type { HostSample } from "./metrics/host-sample.ts";

const intervalMs = 10_000;

/**
 * Put the host's metrics into the spool every ten seconds of the clock, until the signal aborts. They have no service: they are
 * this host's.
 */
export async function reportMetrics(spool: Pick<Spool, "append">, log: Log, signal: AbortSignal): Promise<void> {
  const metrics = new HostMetrics(log, performance.now());
  for (;;) {
    await sleep(intervalMs - (Date.now() % intervalMs), signal);
    if (signal.aborted) return;
    const timeS = Math.floor(Date.now() / 1000);
    try {
      spool.append(metricsEnvelope(metrics.sample(performance.now()), timeS));
    } catch (error) {
      log.error("the host's metrics cannot be spooled", { error });
    }
  }
}

/**
 * An envelope of one sample for each metric.
 *
 * @param timeS  seconds since 1970 UTC
 */
export function metricsEnvelope(samples: readonly HostSample[], timeS: number): Uint8Array {
  const batch = create(BatchSchema, {
    strings: ["", ...samples.map(({ name }) => name)],
    samples: {
      timeS: samples.map(() => timeS),
      nameRef: samples.map((_, i) => i + 1),
      kind: samples.map(({ kind }) => kind),
      value: samples.map(({ value }) => value),
    },
  });
  return toBinary(EnvelopeSchema, create(EnvelopeSchema, { batch: toBinary(BatchSchema, batch) }));
}
