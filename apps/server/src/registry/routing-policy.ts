import { create, fromJsonString, type MessageInitShape, toJsonString } from "@bufbuild/protobuf";
import { type RoutingPolicy, RoutingPolicySchema } from "@msec/api/agent/v1/common_pb.js";
import { POLICY_CONSTANTS_MAX } from "@msec/api/routes";
import { constantsWith, Policy } from "@msec/balance";
import { Code, RpcError } from "@msec/rpc";
import type { ServiceRow } from "./store.ts";

const names: readonly string[] = ["", ...Object.values(Policy)];

/** The policy of a service as a field of a message; none where it has the defaults. */
export function policyOf({ policy }: Pick<ServiceRow, "policy">): {
  policy?: MessageInitShape<typeof RoutingPolicySchema>;
} {
  return policy === "" ? {} : { policy: fromJsonString(RoutingPolicySchema, policy, { ignoreUnknownFields: true }) };
}

/**
 * Check a policy against what the routing algorithm knows, and give it as it is stored.
 *
 * @returns "" for the defaults
 * @throws RpcError InvalidArgument, naming the field
 */
export function policyText(policy: RoutingPolicy | undefined): string {
  if (policy === undefined) return "";
  const { name, hashKey, locality, constants } = policy;
  if (!names.includes(name)) {
    throw new RpcError(
      Code.InvalidArgument,
      `policy.name ${JSON.stringify(name.slice(0, 80))} is none; there are ${Object.values(Policy).join(", ")}`,
    );
  }
  if (!/^(metadata:[a-z0-9_.-]{1,64})?$/.test(hashKey)) {
    throw new RpcError(
      Code.InvalidArgument,
      `policy.hash_key ${JSON.stringify(hashKey.slice(0, 80))} must be empty or metadata:<name>, the name in lower case`,
    );
  }
  if (hashKey !== "" && name !== Policy.consistentHash) {
    throw new RpcError(Code.InvalidArgument, `policy.hash_key means something to ${Policy.consistentHash} only`);
  }
  if (Object.keys(constants).length > POLICY_CONSTANTS_MAX) {
    throw new RpcError(
      Code.InvalidArgument,
      `policy.constants has ${Object.keys(constants).length} entries, expected at most ${POLICY_CONSTANTS_MAX}`,
    );
  }
  try {
    constantsWith(constants);
  } catch (error) {
    throw error instanceof RangeError
      ? new RpcError(Code.InvalidArgument, `policy.constants: ${error.message}`)
      : error;
  }
  const isDefault = (name === "" || name === Policy.adaptive) && !locality && Object.keys(constants).length === 0;
  return isDefault
    ? ""
    : toJsonString(RoutingPolicySchema, create(RoutingPolicySchema, { name, hashKey, locality, constants }));
}
