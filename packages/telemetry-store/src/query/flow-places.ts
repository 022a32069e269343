import type { StoreClients } from "../client.ts";
import { ask } from "./ask.ts";

/** Where rows of some requests may be: of these services, in this time. */
export interface FlowPlace {
  readonly services: readonly string[];
  /** Seconds since 1970 UTC; from <= t < to. */
  readonly fromS: number;
  readonly toS: number;
}

/** Places of one request; those of one that is in more are put together. */
const placesMax = 50;

/** Minutes and services that are read; a request with more is looked for in all of the time between. */
const pairsMax = 10_000;

/**
 * Find where rows of a request may be, from the index by its id: a question for rows of these places reads a few granules, where one by id alone reads
 * the filter of each.
 *
 * @param table   `log_place` or `span_place`
 * @param flowIds low halves of trace ids, decimal
 * @returns in order of time; empty where there are none
 * @throws StoreUnavailable, TelemetryStoreError
 */
export async function findFlowPlaces(
  clients: StoreClients,
  table: "log_place" | "span_place",
  flowIds: readonly string[],
): Promise<FlowPlace[]> {
  const pairs = await ask<{ second: number; service: string }>(
    clients,
    "find a request",
    `SELECT DISTINCT toUnixTimestamp(minute) AS second, service FROM ${table}
     WHERE flow_high IN {flowHighs:Array(UInt32)} ORDER BY second LIMIT ${pairsMax} SETTINGS max_threads = 1`,
    { flowHighs: flowIds.map((id) => Number(BigInt(id) >> 32n)) },
  );
  return placesFromMinutes(pairs);
}

/** Put minutes that follow each other together. @param pairs  in order of time */
export function placesFromMinutes(pairs: readonly { second: number; service: string }[]): FlowPlace[] {
  const places: { services: Set<string>; fromS: number; toS: number }[] = [];
  for (const { second, service } of pairs) {
    const last = places.at(-1);
    if (last !== undefined && (second <= last.toS || places.length === placesMax)) {
      last.toS = second + 60;
      last.services.add(service);
    } else {
      places.push({ services: new Set([service]), fromS: second, toS: second + 60 });
    }
  }
  return places.map(({ services, ...rest }) => ({ ...rest, services: [...services] }));
}

/** The condition that a row is in one of the places, on the columns `service` and `time`. */
export function inPlaces(places: readonly FlowPlace[], time: string): { sql: string; params: Record<string, unknown> } {
  const parts = places.map(
    (_, i) =>
      `(service IN {services${i}:Array(String)} AND ${time} >= fromUnixTimestamp64Second({from${i}S:Int64}, 'UTC')
        AND ${time} < fromUnixTimestamp64Second({to${i}S:Int64}, 'UTC'))`,
  );
  const params = places.flatMap(({ services, fromS, toS }, i) => [
    [`services${i}`, services],
    [`from${i}S`, fromS],
    [`to${i}S`, toS],
  ]);
  return { sql: `(${parts.join(" OR ")})`, params: Object.fromEntries(params) };
}
