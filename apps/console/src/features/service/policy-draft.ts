import type { RoutingPolicy } from "@msec/api/agent/v1/common_pb.js";
import { type Constants, constantRanges, constants, Policy } from "@msec/balance";
import type { TFunction } from "i18next";

/** The name of a constant of the routing algorithm. */
export type ConstantName = keyof Constants;

/** The constants in the order of their table in packages/balance. */
export const constantNames = Object.keys(constants) as ConstantName[];

/** The policies in the order in which they are offered. */
export const policyNames = Object.values(Policy);

/** Where the key of consistent hash comes from. */
export const KeySource = { Caller: "caller", Metadata: "metadata" } as const;
/** Where the key of consistent hash comes from. */
export type KeySource = (typeof KeySource)[keyof typeof KeySource];

/** A routing policy as its form has it. */
export interface PolicyDraft {
  readonly name: Policy;
  readonly keySource: KeySource;
  /** Of `KeySource.Metadata`. */
  readonly metadata: string;
  readonly locality: boolean;
  /** Overrides only. */
  readonly constants: Partial<Record<ConstantName, number>>;
}

const METADATA = "metadata:";

/** What the form begins with. @param policy unset: the defaults */
export function policyDraft(policy: RoutingPolicy | undefined): PolicyDraft {
  const { name = "", hashKey = "", locality = false, constants: overrides = {} } = policy ?? {};
  return {
    name: policyNames.find((one) => one === name) ?? Policy.adaptive,
    keySource: hashKey === "" ? KeySource.Caller : KeySource.Metadata,
    metadata: hashKey.startsWith(METADATA) ? hashKey.slice(METADATA.length) : "",
    locality,
    constants: Object.fromEntries(constantNames.flatMap((one) => (one in overrides ? [[one, overrides[one]]] : []))),
  };
}

/** The policy of a form as the API has it; `undefined`: the defaults. */
export function policyOf(draft: PolicyDraft) {
  const hashed = draft.name === Policy.consistentHash;
  if (draft.name === Policy.adaptive && !draft.locality && Object.keys(draft.constants).length === 0) return undefined;
  return {
    name: draft.name,
    hashKey: hashed && draft.keySource === KeySource.Metadata ? `${METADATA}${draft.metadata}` : "",
    locality: draft.locality,
    constants: draft.constants as Record<string, number>,
  };
}

/** Whether a form says the same as another. */
export function samePolicy(a: PolicyDraft, b: PolicyDraft): boolean {
  const text = (draft: PolicyDraft) =>
    JSON.stringify([policyOf(draft), constantNames.map((one) => draft.constants[one])]);
  return text(a) === text(b);
}

/** The form with one constant overridden. @param value undefined, or its default: not overridden */
export function withConstant(draft: PolicyDraft, name: ConstantName, value: number | undefined): PolicyDraft {
  const { [name]: _, ...rest } = draft.constants;
  return { ...draft, constants: value === undefined || value === constants[name] ? rest : { ...rest, [name]: value } };
}

/** What of a form the server would refuse: constants out of their range, the name of the metadata. */
export function policyFaults(draft: PolicyDraft): readonly (ConstantName | "metadata")[] {
  const wrong = constantNames.filter((name) => {
    const value = draft.constants[name];
    const [least, most] = constantRanges[name];
    return value !== undefined && !(value >= least && value <= most);
  });
  const keyed = draft.name === Policy.consistentHash && draft.keySource === KeySource.Metadata;
  return keyed && !/^[a-z0-9_.-]{1,64}$/.test(draft.metadata) ? ["metadata", ...wrong] : wrong;
}

/** A policy in a few words: `Consistent hash, locality, 2 overridden`. */
export function policySummary(t: TFunction, policy: RoutingPolicy | undefined): string {
  const { name, locality, constants: overrides } = policyDraft(policy);
  const count = Object.keys(overrides).length;
  return [
    t(`policy.${name}`),
    ...(locality ? [t("policy.locality")] : []),
    ...(count > 0 ? [t("policy.overridden", { count })] : []),
  ].join(", ");
}
