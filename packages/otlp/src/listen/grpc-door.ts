import { hash } from "node:crypto";
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { type CallContext, MethodTable } from "@msec/rpc";
import type { PeerLimits } from "@msec/rpc-node";
import { compileCodec, Writer } from "@msec/wire";
import { LogsService } from "../../gen/opentelemetry/proto/collector/logs/v1/logs_service_pb.js";
import { MetricsService } from "../../gen/opentelemetry/proto/collector/metrics/v1/metrics_service_pb.js";
import { TraceService } from "../../gen/opentelemetry/proto/collector/trace/v1/trace_service_pb.js";
import { otlpLimits as limits } from "../otlp-limits.ts";
import type { OtlpDesk } from "./otlp-desk.ts";
import { type Signal, signals } from "./signals.ts";

/** What a listener of ours needs to take OTLP over gRPC. */
export function grpcDoor(
  desk: OtlpDesk,
  peers: Pick<PeerLimits, "maxPerPeer"> = {},
): { readonly methods: MethodTable; readonly limits: object } {
  const served =
    <Request extends DescMessage>(path: string, signal: Signal<Request>) =>
    async (request: MessageShape<Request>, context: CallContext) => {
      try {
        desk.admit(context.metadata);
        // What one message may have at most, since the bytes are gone: the sum is bounded, not exact.
        return signal.answer(
          await desk.take(`${path}#${printOf(signal.request, request)}`, () => signal.take(desk.intake, request)),
        );
      } catch (error) {
        desk.counts.refused++;
        throw error;
      }
    };
  const methods = new MethodTable()
    .add(TraceService, { export: served("/v1/traces", signals["/v1/traces"]) })
    .add(MetricsService, { export: served("/v1/metrics", signals["/v1/metrics"]) })
    .add(LogsService, { export: served("/v1/logs", signals["/v1/logs"]) });
  return {
    methods,
    limits: {
      connections: {
        max: limits.connections,
        ...(peers.maxPerPeer === undefined ? {} : { maxPerPeer: peers.maxPerPeer }),
      },
      frames: { maxBytes: limits.requestBytes, completeMs: limits.requestMs },
      calls: { maxPerConnection: 64, max: 256, maxBytes: 64 * 1024 * 1024 },
    },
  };
}

/** The same for the same request again: of what we read of it, written in our order. */
function printOf<Request extends DescMessage>(schema: Request, request: MessageShape<Request>): string {
  const writer = new Writer();
  compileCodec(schema).encode(request, writer);
  return hash("sha256", writer.detach(), "base64url");
}
