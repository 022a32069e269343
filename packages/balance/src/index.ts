export { type Balancer, type BalancerOptions, createBalancer } from "./balancer.ts";
export { type Constants, constantRanges, constants, constantsWith } from "./constants.ts";
export type { Finding, Hearsay } from "./hearsay.ts";
export { type Locality, Policy } from "./policy.ts";
export { type CallResult, type Explanation, InstanceState, type Route } from "./route.ts";
export { type PolicyFields, type Settings, settingsFrom } from "./settings.ts";
