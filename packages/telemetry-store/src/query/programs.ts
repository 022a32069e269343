import type { StoreClients } from "../client.ts";
import { keyId, keyIdSql } from "../ingest/key-id.ts";
import { InvalidQuery } from "../store-error.ts";
import { ask } from "./ask.ts";
import { hoursCondition, type Reporter, reportersMax, timeCondition } from "./attributes.ts";
import { CallSide } from "./calls.ts";

/** Which time to look at. */
export interface ProgramsQuery {
  /** Milliseconds since 1970 UTC; from <= t < to, widened to whole minutes, or to whole hours where it is longer than one. */
  readonly fromMs: number;
  readonly toMs: number;
}

const hourMs = 3_600_000;

const samplesByHour = `SELECT service, host, instance, toUnixTimestamp(max(time)) AS last
       FROM sample_hour WHERE ${timeCondition} AND service != '' GROUP BY service, host, instance`;

/** Minutes have numbers in the place of names; the hours around them have the names. */
const samplesByMinute = `SELECT service, host, instance, last FROM (
         SELECT service_id, host_id, instance_id, toUnixTimestamp(max(time)) AS last
         FROM series_minute WHERE ${timeCondition} AND service_id != {nobody:UInt64} GROUP BY service_id, host_id, instance_id
       ) AS heard ANY INNER JOIN (
         SELECT DISTINCT service, host, instance, ${keyIdSql("service")} AS service_id, ${keyIdSql("host")} AS host_id,
           ${keyIdSql("instance")} AS instance_id
         FROM sample_hour WHERE ${hoursCondition}
       ) AS known USING (service_id, host_id, instance_id)`;

/**
 * List the programs of which anything is known: that reported metrics, calls or log lines, whether or not they reported all of them. At most
 * `reportersMax`, those heard last.
 *
 * `lastMs` is the minute, or in a range of more than an hour the hour, of the last metric or call; of a log line it is exact. Of a program
 * that reported only calls no host is known.
 *
 * @throws InvalidQuery (range), StoreUnavailable, TelemetryStoreError
 */
export async function listPrograms(clients: StoreClients, { fromMs, toMs }: ProgramsQuery): Promise<Reporter[]> {
  if (!(fromMs >= 0 && toMs > fromMs && toMs <= 4e12)) {
    throw new InvalidQuery(`from_ms ${fromMs} must be before to_ms ${toMs}, both milliseconds since 1970`);
  }
  const byHour = toMs - fromMs > hourMs;
  const widthMs = byHour ? hourMs : 60_000;
  const rows = await ask<Reporter>(
    clients,
    "list programs",
    `SELECT service, host, instance, max(last) * 1000 AS lastMs FROM (
       ${byHour ? samplesByHour : samplesByMinute}
       UNION ALL
       SELECT if(side = ${CallSide.Server}, callee, caller) AS service, '' AS host,
         if(side = ${CallSide.Server}, callee_instance, caller_instance) AS instance, toUnixTimestamp(max(time)) AS last
       FROM ${byHour ? "call_hour" : "call_minute"} WHERE ${timeCondition} GROUP BY service, instance HAVING service != ''
       UNION ALL
       SELECT service, host, instance, toUnixTimestamp(max(time)) AS last
       FROM log_line WHERE ${timeCondition} AND service != '' GROUP BY service, host, instance
     ) GROUP BY service, host, instance ORDER BY lastMs DESC LIMIT ${reportersMax}`,
    {
      fromS: Math.floor(fromMs / widthMs) * (widthMs / 1_000),
      toS: Math.ceil(toMs / widthMs) * (widthMs / 1_000),
      hourFromS: Math.floor(fromMs / hourMs) * 3_600,
      hourToS: Math.ceil(toMs / hourMs) * 3_600,
      nobody: keyId(""),
    },
  );
  return mergeHostless(rows);
}

/** Calls are counted without a host: they add their time to the instance of that name, where it is known from elsewhere. */
function mergeHostless(rows: readonly Reporter[]): Reporter[] {
  const named = Map.groupBy(
    rows.filter(({ host }) => host !== ""),
    ({ service, instance }) => `${service} ${instance}`,
  );
  return rows.filter((row) => {
    const same = row.host === "" ? named.get(`${row.service} ${row.instance}`) : undefined;
    const [latest] = same ?? [];
    if (latest === undefined) return true;
    latest.lastMs = Math.max(latest.lastMs, row.lastMs);
    return false;
  });
}
