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

/** Where the rows of a request may be. */
export interface FlowPlaces {
  readonly spans: readonly FlowPlace[];
  readonly logs: readonly FlowPlace[];
}

/**
 * Find where rows of a request may be, from the indexes by its id: a question for rows of these places reads a few granules, where one by id alone reads
 * the filter of each. One statement for both: planning is most of its cost.
 *
 * @param flowIds low halves of trace ids, decimal
 * @returns in order of time; empty where there are none
 * @throws StoreUnavailable, TelemetryStoreError
 */
export async function findFlowPlaces(clients: StoreClients, flowIds: readonly string[]): Promise<FlowPlaces> {
  const of = (kind: string, table: string) => `
    SELECT DISTINCT '${kind}' AS kind, toUnixTimestamp(minute) AS second, service FROM ${table}
    WHERE flow_high IN {flowHighs:Array(UInt32)} LIMIT ${pairsMax}`;
  const pairs = await ask<{ kind: keyof FlowPlaces; second: number; service: string }>(
    clients,
    "find a request",
    `SELECT kind, second, service FROM (${of("spans", "span_place")} UNION ALL ${of("logs", "log_place")}) SETTINGS max_threads = 1`,
    { flowHighs: flowIds.map((id) => Number(BigInt(id) >> 32n)) },
  );
  pairs.sort((a, b) => a.second - b.second);
  const places = (of: keyof FlowPlaces) => placesFromMinutes(pairs.filter(({ kind }) => kind === of));
  return { spans: places("spans"), logs: places("logs") };
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
