export { type Balancer, type BalancerOptions, createBalancer } from "./balancer.ts";
export { constants } from "./constants.ts";
export { type CallResult, type Explanation, InstanceState, type Route } from "./route.ts";
