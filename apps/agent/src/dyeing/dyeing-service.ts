import type { DyeingService } from "@msec/api/agent/v1/dyeing_pb.js";
import { Code, RpcError, type ServiceImplementation } from "@msec/rpc";
import type { LocalConnections } from "../local/registrations.ts";
import type { HeldRules } from "./held-rules.ts";

const WAIT_MAX_MS = 60_000;
const POLLS_MAX = 4;

/** Tells the processes of this host which requests are to be recorded in full; see dyeing.proto. */
export function dyeingService(
  connections: LocalConnections,
  rules: HeldRules,
): ServiceImplementation<typeof DyeingService> {
  return {
    async watchDyeing({ appliedVersion, waitMs }, context) {
      if (waitMs > WAIT_MAX_MS) throw new RpcError(Code.InvalidArgument, `wait_ms ${waitMs} must be 0…${WAIT_MAX_MS}`);
      const connection = connections.of(context.connection);
      if (connection.polls >= POLLS_MAX) {
        throw new RpcError(Code.ResourceExhausted, `${POLLS_MAX} polls of this connection wait already`);
      }
      if (appliedVersion === rules.version && waitMs > 0) {
        connection.polls++;
        try {
          await rules.untilChanged(AbortSignal.any([context.signal, AbortSignal.timeout(waitMs)]));
        } finally {
          connection.polls--;
        }
      }
      return { version: rules.version, rules: rules.active() };
    },
  };
}
