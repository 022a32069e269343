import type { StoreClients } from "../client.ts";
import { InvalidQuery } from "../store-error.ts";
import { ask } from "./ask.ts";
import { CallSide } from "./calls.ts";
import { withNamedEnds } from "./named-ends.ts";
import { getSpanEnds } from "./span-ends.ts";

/** Edges of one answer: those with the most calls. */
export const mapEdgesMax = 1_000;

/** Which edges of the service map to read. */
export interface ServiceMapQuery {
  /** Milliseconds since 1970 UTC; from <= t < to, at most 731 days. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Only edges from or to this service; `Flight` means all of that first level; empty: all. */
  readonly service?: string | undefined;
  /** Only edges with failed calls. */
  readonly failedOnly?: boolean | undefined;
  /** Only edges with at least so many calls a second; default 0. */
  readonly minPerSecond?: number | undefined;
}

/** Who calls whom. */
export interface ServiceMap {
  /** Those with the most calls first, at most `mapEdgesMax`. */
  edges: ServiceMapEdge[];
  /** What was looked at: the range widened to whole steps, and no later than now. */
  fromMs: number;
  toMs: number;
  /** There are more edges than are returned. */
  truncated: boolean;
}

/** All calls of one service to another. */
export interface ServiceMapEdge {
  /** Empty: callers of which nothing is known. */
  caller: string;
  callee: string;
  /** Whose count this is: of the two ends the one that counted more. */
  side: CallSide;
  calls: number;
  failures: number;
  perSecond: number;
  meanMs: number;
  /** Within 4.5 % of the true value, as everything from the histograms. */
  p50Ms: number;
  p99Ms: number;
  /**
   * Whether only spans tell who was at one of the ends: calls and failures are shares then, in the proportion of the newest spans, and the times are those of all calls whose
   * other end was not said.
   */
  fromSpans: boolean;
}

/** An edge as it was counted. */
export type CountedEdge = Omit<ServiceMapEdge, "perSecond">;

const dayMs = 86_400_000;

// The finest table that still has the time, and not too many rows of it: seconds are kept for two days, minutes for thirty.
const sources = [
  { stepS: 1, rangeMs: 15 * 60_000, agoMs: 2 * dayMs, table: "call", histogram: "bucket_index, bucket_count" },
  { stepS: 60, rangeMs: 2 * dayMs, agoMs: 30 * dayMs, table: "call_minute", histogram: "histogram.1, histogram.2" },
] as const;
const hours = { stepS: 3_600, table: "call_hour", histogram: "histogram.1, histogram.2" } as const;

/**
 * Read who calls whom, from counts: exact whatever was sampled. Where callers of a service have no name in its counts, or a service called an address, spans tell who it was.
 *
 * @param nowMs milliseconds since 1970 UTC
 * @throws InvalidQuery (range, rate, name), StoreUnavailable, TelemetryStoreError
 */
export async function getServiceMap(clients: StoreClients, query: ServiceMapQuery, nowMs: number): Promise<ServiceMap> {
  const { fromMs, toMs, service = "", failedOnly = false, minPerSecond = 0 } = query;
  if (!(fromMs >= 0 && toMs > fromMs && toMs <= 4e12)) {
    throw new InvalidQuery(`from_ms ${fromMs} must be before to_ms ${toMs}, both milliseconds since 1970`);
  }
  if (toMs - fromMs > 731 * dayMs) throw new InvalidQuery("from_ms to to_ms is more than 731 days");
  if (!(minPerSecond >= 0 && minPerSecond <= 1e9)) {
    throw new InvalidQuery(`min_per_second ${minPerSecond} must be 0…1000000000`);
  }
  if (service.length > 256) throw new InvalidQuery(`service has ${service.length} characters: at most 256`);
  const source = sources.find((one) => toMs - fromMs <= one.rangeMs && nowMs - fromMs <= one.agoMs) ?? hours;
  const fromS = Math.floor(fromMs / 1_000 / source.stepS) * source.stepS;
  const toS = Math.ceil(toMs / 1_000 / source.stepS) * source.stepS;
  // A minute or hour that is not over yet counts for as long as it has lasted.
  const endS = Math.max(fromS + 1, Math.min(toS, Math.ceil(nowMs / 1_000)));
  const seconds = endS - fromS;
  const minCalls = minPerSecond * seconds;
  const counted = await ask<CountedEdge>(clients, "read the service map", mapQuery(source, query), {
    fromS,
    toS,
    service: service.includes(".") ? service : `${service}.`,
    failedOnly,
    minCalls,
    limit: mapEdgesMax + 1,
  });
  const endsOf = async (side: CallSide) => {
    const services = counted.flatMap(({ caller, callee }) => {
      const [near, far] = side === CallSide.Server ? [callee, caller] : [caller, callee];
      return far === "" && near !== "" ? [near] : [];
    });
    return services.length === 0 ? [] : getSpanEnds(clients, { side, services, fromS, toS: endS, nowS: nowMs / 1_000 });
  };
  const [callers, callees] = await Promise.all([endsOf(CallSide.Server), endsOf(CallSide.Client)]);
  const edges = withNamedEnds(counted, { callers, callees })
    .filter(({ calls, failures }) => calls >= minCalls && (failures > 0 || !failedOnly))
    .sort((a, b) => b.calls - a.calls || compare(a.caller, b.caller) || compare(a.callee, b.callee));
  return {
    edges: edges.slice(0, mapEdgesMax).map((edge) => ({ ...edge, perSecond: edge.calls / seconds })),
    fromMs: fromS * 1_000,
    toMs: endS * 1_000,
    truncated: Math.max(edges.length, counted.length) > mapEdgesMax,
  };
}

/** The condition for edges of a service, or of a first level. */
function touches(service: string | undefined): string {
  if (!service) return "";
  const is = (column: string) =>
    service.includes(".") ? `${column} = {service:String}` : `startsWith(${column}, {service:String})`;
  return `AND (${is("caller")} OR ${is("callee")})`;
}

// The middle of the bucket in which the quantile lies.
const bucketMs = (position: number) => `pow(2, (buckets[${position}] + 0.5) / 8) / 1000`;

const mapQuery = (source: { table: string; histogram: string }, { service }: ServiceMapQuery) => `
  SELECT caller, callee, side, calls, failures, duration / greatest(calls, 1) / 1000 AS meanMs,
    ${bucketMs(1)} AS p50Ms, ${bucketMs(2)} AS p99Ms, false AS fromSpans
  FROM (
    SELECT caller, callee, side, sum(count) AS calls, sumIf(count, code != 0) AS failures, sum(duration_us_sum) AS duration,
      quantilesExactWeightedArray(0.5, 0.99)(${source.histogram}) AS buckets
    FROM ${source.table}
    WHERE time >= toDateTime({fromS:UInt32}, 'UTC') AND time < toDateTime({toS:UInt32}, 'UTC') ${touches(service)}
    GROUP BY caller, callee, side
    ORDER BY calls DESC, side DESC LIMIT 1 BY caller, callee
  )
  WHERE calls > 0 AND (caller = '' OR callee = '' OR calls >= {minCalls:Float64} AND (failures > 0 OR NOT {failedOnly:Bool}))
  ORDER BY calls DESC, caller, callee LIMIT {limit:UInt32}`;

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
