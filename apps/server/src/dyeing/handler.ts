import type { ServiceImpl } from "@connectrpc/connect";
import type { DyeingService } from "@msec/api/console/v1/dyeing_pb.js";
import type { HostDirectory } from "../agents/host-directory.ts";
import { callerName, requestOriginKey } from "../session/caller.ts";
import type { DyeRuleRow, DyeRules } from "./rules.ts";

/** `msec.console.v1.DyeingService`. */
export function createDyeingHandler(
  rules: DyeRules,
  hosts: HostDirectory,
  now: () => number,
): ServiceImpl<typeof DyeingService> {
  return {
    async listDyeRules() {
      const connected = hosts.list().filter((host) => hosts.isConnected(host));
      return {
        rules: (await rules.list()).map((rule) => ruleView(rule, now())),
        hostsApplied: connected.filter(({ id }) => rules.isApplied(id)).length,
        hostsConnected: connected.length,
      };
    },

    async createDyeRule({ field, value, service, caller, durationS, note }, context) {
      const createdBy = callerName(context.values.get(requestOriginKey).caller);
      const row = await rules.create({ field, value, service, caller, durationS, note, createdBy });
      return { rule: ruleView(row, now()) };
    },

    async endDyeRule({ id }) {
      await rules.end(id);
      return {};
    },
  };
}

function ruleView(rule: DyeRuleRow, nowMs: number) {
  const { id, field, value, service, caller, note } = rule;
  return {
    ...{ id, field, value, service, caller, note },
    createdMs: rule.created_ms,
    expiresMs: rule.expires_ms,
    createdBy: rule.created_by,
    active: rule.expires_ms > nowMs,
  };
}
