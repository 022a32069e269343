/**
 * What server and agents have to agree on about route tables, beyond the messages: digests, deltas, limits.
 */
export { applyRouteDelta, routeDelta } from "./routes/route-delta.ts";
export {
  combineDigests,
  type RouteFields,
  type RouteTableFields,
  routeDigest,
  routeTableDigest,
  routeTableHeadDigest,
} from "./routes/route-digest.ts";
export { isZone, POLICY_CONSTANTS_MAX, ROUTE_TABLES_MAX, ROUTES_MAX, ZONE_MAX } from "./routes/route-limits.ts";
