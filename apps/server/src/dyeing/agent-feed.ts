import type { DyeingService } from "@msec/api/agent/v1/dyeing_pb.js";
import { Code, RpcError, type ServiceImplementation } from "@msec/rpc";
import { callingHost } from "../agents/calling-host.ts";
import type { HostDirectory } from "../agents/host-directory.ts";
import type { DyeRules } from "./rules.ts";

const maxWaitMs = 60_000;

/** `msec.agent.v1.DyeingService`, for agents. The host of a call is the one whose certificate the connection has. */
export function createDyeingFeed(rules: DyeRules, hosts: HostDirectory): ServiceImplementation<typeof DyeingService> {
  return {
    async watchDyeing({ appliedVersion, waitMs }, context) {
      const host = callingHost(hosts, context);
      if (waitMs > maxWaitMs) throw new RpcError(Code.InvalidArgument, `wait_ms ${waitMs} must be 0…${maxWaitMs}`);
      rules.acknowledged(host.id, appliedVersion);
      if (appliedVersion === rules.version) await rules.wait(waitMs, context.signal);
      return {
        version: rules.version,
        rules: rules.active().map((rule) => ({
          ...{ id: rule.id, field: rule.field, value: rule.value, service: rule.service, caller: rule.caller },
          remainingMs: Math.min(rules.remainingMs(rule), 4_294_967_295),
        })),
      };
    },
  };
}
