import type { SharingService } from "@msec/api/agent/v1/sharing_pb.js";
import { Code, RpcError, type ServiceImplementation } from "@msec/rpc";
import type { LocalConnections } from "../local/registrations.ts";
import { checkedFindings } from "./checked-findings.ts";
import type { SharedFindings } from "./shared-findings.ts";

// Processes exchange once a second; their clocks and a late timer may bring two close together.
const LEAST_PAUSE_MS = 250;

/** What the processes of this host tell each other; see sharing.proto. */
export function sharingService(
  connections: LocalConnections,
  shared: SharedFindings,
): ServiceImplementation<typeof SharingService> {
  return {
    exchange({ services }, context) {
      const connection = connections.of(context.connection);
      const { registration } = connection;
      if (registration === undefined) {
        throw new RpcError(Code.FailedPrecondition, "Register first: a finding belongs to whoever its connection is");
      }
      const nowMs = performance.now();
      if (nowMs - connection.exchangedMs < LEAST_PAUSE_MS) {
        throw new RpcError(Code.ResourceExhausted, "more than four exchanges a second; exchange later");
      }
      connection.exchangedMs = nowMs;
      const checked = checkedFindings(services);
      shared.touch(registration);
      for (const { service, findings } of checked) shared.tell(registration, service, findings);
      return { services: [...shared.hearsay()].map(([service, hearsay]) => ({ service, hearsay })) };
    },
  };
}
