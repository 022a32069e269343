import { type CallContext, MethodTable } from "@msec/rpc";
import { LogsService } from "../../gen/opentelemetry/proto/collector/logs/v1/logs_service_pb.js";
import { MetricsService } from "../../gen/opentelemetry/proto/collector/metrics/v1/metrics_service_pb.js";
import { TraceService } from "../../gen/opentelemetry/proto/collector/trace/v1/trace_service_pb.js";
import type { Taken } from "../intake-output.ts";
import { otlpLimits as limits } from "../otlp-limits.ts";
import type { OtlpDesk } from "./otlp-desk.ts";
import { signals } from "./signals.ts";

/** What a listener of ours needs to take OTLP over gRPC. */
export function grpcDoor(desk: OtlpDesk): { readonly methods: MethodTable; readonly limits: object } {
  const served = async (context: CallContext, take: () => Taken): Promise<Taken> => {
    try {
      desk.admit(context.metadata);
      // What one message may have at most, since the bytes are gone: the sum is bounded, not exact.
      const taken = take();
      await desk.keep(taken);
      return taken;
    } catch (error) {
      desk.counts.refused++;
      throw error;
    }
  };
  const methods = new MethodTable()
    .add(TraceService, {
      export: async (request, context) =>
        signals["/v1/traces"].answer(await served(context, () => desk.intake.traces(request))),
    })
    .add(MetricsService, {
      export: async (request, context) =>
        signals["/v1/metrics"].answer(await served(context, () => desk.intake.metrics(request))),
    })
    .add(LogsService, {
      export: async (request, context) =>
        signals["/v1/logs"].answer(await served(context, () => desk.intake.logs(request))),
    });
  return {
    methods,
    limits: {
      connections: { max: limits.connections },
      frames: { maxBytes: limits.requestBytes, completeMs: limits.requestMs },
      calls: { maxPerConnection: 64, max: 256, maxBytes: 64 * 1024 * 1024 },
    },
  };
}
