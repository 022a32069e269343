import type { LoadService } from "@msec/api/agent/v1/load_pb.js";
import { Code, RpcError, type ServiceImplementation } from "@msec/rpc";
import type { InstanceSet } from "../supervisor/instance-set.ts";
import type { LocalConnections } from "./registrations.ts";

/** What processes say about their work; see load.proto. @param onLoad  hears of each report, with the instance's id */
export function loadService(
  connections: LocalConnections,
  instances: InstanceSet,
  onLoad: (instanceId: string) => void,
): ServiceImplementation<typeof LoadService> {
  return {
    reportLoad({ inFlight, callsBegun }, context) {
      const { registration } = connections.of(context.connection);
      if (registration === undefined || registration.instanceId === "") {
        throw new RpcError(
          Code.FailedPrecondition,
          "Register as an instance first: only instances have calls in flight",
        );
      }
      instances.find(registration.instanceId)?.reportLoad(registration.pid, { inFlight, callsBegun });
      onLoad(registration.instanceId);
      return {};
    },
  };
}
