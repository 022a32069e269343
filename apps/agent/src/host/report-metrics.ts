import { create, toBinary } from "@bufbuild/protobuf";
import { EnvelopeSchema } from "@msec/api/agent/v1/control_pb.js";
import { BatchSchema } from "@msec/api/telemetry/v1/telemetry_pb.js";
import { isOutOfSpace, type Log } from "@msec/process";
import { SampleKind } from "@msec/telemetry";
import { sleep } from "../control/retry.ts";
import type { Spool } from "../spool/spool.ts";
import { HostMetrics } from "./host-metrics.ts";
import type { HostSample } from "./metrics/host-sample.ts";

const intervalMs = 10_000;

/** Where they go, and of whose state they tell. */
export interface MetricsSpool extends Pick<Spool, "append"> {
  readonly state: Pick<Spool, "bytes" | "droppedBatches">;
  /** For how many seconds the agent's files have lacked what it knows, see `LateWrite`. */
  readonly lateS: () => number;
}

/** What this host's own reporting had to drop is a curve of the host, and can be an alarm. */
function spoolSamples(bytes: number, dropped: number, lateS: number): HostSample[] {
  return [
    { name: "sys.agent.unsaved_ms", kind: SampleKind.gauge, value: lateS * 1000 },
    { name: "sys.spool.used_bytes", kind: SampleKind.gauge, value: bytes },
    { name: "sys.spool.dropped_batches", kind: SampleKind.counter, value: dropped },
  ];
}

/**
 * Put the host's metrics into the spool every ten seconds of the clock, until the signal aborts. They have no service: they are
 * this host's.
 */
export async function reportMetrics(spool: MetricsSpool, log: Log, signal: AbortSignal): Promise<void> {
  const metrics = new HostMetrics(log, performance.now());
  let lost = 0;
  let told = 0;
  for (;;) {
    await sleep(intervalMs - (Date.now() % intervalMs), signal);
    if (signal.aborted) return;
    const timeS = Math.floor(Date.now() / 1000);
    const { bytes, droppedBatches } = spool.state;
    const dropped = droppedBatches + lost;
    const samples = [...metrics.sample(performance.now()), ...spoolSamples(bytes, dropped - told, spool.lateS())];
    try {
      spool.append(metricsEnvelope(samples, timeS));
      told = dropped;
    } catch (error) {
      lost++;
      // A full disk has been told of.
      if (!isOutOfSpace(error)) log.error("the host's metrics cannot be spooled", { error });
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
