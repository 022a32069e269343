import { type Constants, constantProblem } from "./constants.ts";
import { type Locality, Policy } from "./policy.ts";

/** How the calls of one service are dealt out; may change while they are. */
export type Settings = {
  /** Default `adaptive`. */
  readonly policy?: Policy | undefined;
  /** Where the caller is, to prefer near instances; default: all are equally near. Not with `consistent-hash`. */
  readonly locality?: Locality | undefined;
  /** Numbers of `constants` that differ for this service. */
  readonly constants?: Partial<Constants> | undefined;
};

/** The fields of `msec.agent.v1.RoutingPolicy` that a balancer is set up by. */
export type PolicyFields = {
  /** One of `Policy`; empty: adaptive. */
  readonly name: string;
  readonly locality: boolean;
  readonly constants: Readonly<Record<string, number>>;
};

/** Numbers of one table that are looked at; more are none of ours. */
const constantsMax = 64;

/**
 * What a route table says about its service, as far as it can be used: a caller must not stop because its server is newer, or mistaken.
 *
 * @param here  where the caller is
 * @returns `problems`: what was left out, a sentence each
 */
export function settingsFrom(fields: PolicyFields, here: Locality): { settings: Settings; problems: string[] } {
  const problems: string[] = [];
  const policy = Object.values(Policy).find((name) => name === (fields.name || Policy.adaptive));
  if (policy === undefined)
    problems.push(`there is no policy ${fields.name.slice(0, 80)} here; ${Policy.adaptive} is used`);
  const constants: { -readonly [Name in keyof Constants]?: number } = {};
  for (const [name, value] of Object.entries(fields.constants).slice(0, constantsMax)) {
    const problem = constantProblem(name, value);
    if (problem === undefined) constants[name as keyof Constants] = value;
    else problems.push(`${problem}; it keeps its default`);
  }
  return { settings: { policy, locality: fields.locality ? here : undefined, constants }, problems };
}
