import type { ServiceImpl } from "@connectrpc/connect";
import { CallSide, type TelemetryService } from "@msec/api/console/v1/telemetry_pb.js";
import { Code, RpcError } from "@msec/rpc";
import type { TelemetryStore } from "@msec/telemetry-store";
import { askTelemetry } from "./telemetry-error.ts";

/** `msec.console.v1.TelemetryService`: questions to the telemetry store, which has the same limits and names. */
export function createTelemetryHandler(store: TelemetryStore): ServiceImpl<typeof TelemetryService> {
  return {
    async queryCalls({ $typeName: _, $unknown: __, side, ...query }) {
      if (side !== CallSide.SERVER && side !== CallSide.CLIENT) {
        throw new RpcError(Code.InvalidArgument, `side ${side} must be 1 (server) or 2 (client)`);
      }
      return await askTelemetry(store.queryCalls({ ...query, side }));
    },

    async getFlow({ requestId }) {
      const flow = await askTelemetry(store.getFlow(requestId));
      if (flow === undefined) {
        throw new RpcError(
          Code.NotFound,
          `nothing is known of request ${requestId.slice(0, 80)}; spans arrive a second or two after the request, and are kept for days`,
        );
      }
      return flow;
    },
  };
}
