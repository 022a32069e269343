import type { StoreClients } from "../client.ts";
import { InvalidQuery } from "../store-error.ts";
import { askLogRows } from "./logs-ask.ts";
import { type LogRow, parsePlace, rowSql, tieSql } from "./logs-row.ts";

/** The lines around one. */
export interface LogAroundQuery {
  /** `LogRow.id` */
  readonly id: string;
  readonly service: string;
  readonly instance: string;
  /** Lines on each side, 1…200; default 20. */
  readonly count?: number | undefined;
}

/** How far from the line is looked. */
const aroundUs = 3_600_000_000;

/**
 * Find what one instance wrote before and after a line, in order of time, the line itself among it.
 *
 * @throws InvalidQuery, StoreUnavailable, TelemetryStoreError
 */
export async function findLogsAround(clients: StoreClients, query: LogAroundQuery): Promise<LogRow[]> {
  const { count = 20, service, instance } = query;
  if (!Number.isInteger(count) || count < 1 || count > 200) throw new InvalidQuery(`count ${count} must be 1…200`);
  const { timeUs, tie } = parsePlace(query.id);
  const side = (comparison: "<=" | ">", order: "ASC" | "DESC", limit: number, fromUs: number, toUs: number) =>
    askLogRows(
      clients,
      `SELECT ${rowSql} FROM log_line
       WHERE service = {service:String} AND instance = {instance:String}
         AND time BETWEEN fromUnixTimestamp64Micro({fromUs:Int64}, 'UTC') AND fromUnixTimestamp64Micro({toUs:Int64}, 'UTC')
         AND (toUnixTimestamp64Micro(time), ${tieSql}) ${comparison} ({timeUs:Int64}, {tie:UInt64})
       ORDER BY time ${order}, ${tieSql} ${order} LIMIT {limit:UInt32}`,
      { service, instance, timeUs, tie, limit, fromUs, toUs },
    );
  const [before, after] = await Promise.all([
    side("<=", "DESC", count + 1, timeUs - aroundUs, timeUs),
    side(">", "ASC", count, timeUs, timeUs + aroundUs),
  ]);
  return [...before.reverse(), ...after];
}
