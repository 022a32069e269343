import type { StoreClients } from "../client.ts";
import { InvalidQuery } from "../store-error.ts";
import { askLogRows } from "./logs-ask.ts";
import type { LogField } from "./logs-columns.ts";
import { compileFilter, type LogFilter, timeCondition } from "./logs-filter.ts";
import { type LogRow, rowSql, tieSql } from "./logs-row.ts";

/** Which new lines. */
export interface LogTailQuery extends Omit<LogFilter, "fromMs" | "toMs"> {
  /** `LogTail.next` of the answer before; empty: from now on. */
  readonly after?: string | undefined;
  /** 1…1000; default 500. */
  readonly limit?: number | undefined;
}

/** Lines that arrived. */
export interface LogTail {
  /** In order of time. A line may be among those of the next answer again: `id` tells. */
  rows: LogRow[];
  /** What to ask with next. */
  next: string;
  /** There were more than `limit`: the oldest of them are left out. */
  skipped: boolean;
}

/** An insert that began before an earlier one may be seen after it: so far back the next question looks again. */
const overlapMs = 2_000;
/** Lines that are older than this when they arrive (a spool that is emptied) are not followed. */
const lateMs = 600_000;

/**
 * Find lines that arrived since the last question, whatever their own time.
 *
 * @param nowMs  the clock that writes arrivals, milliseconds since 1970 UTC
 * @throws as `findLogs`
 */
export async function tailLogs(
  clients: StoreClients,
  query: LogTailQuery,
  fields: ReadonlyMap<string, LogField>,
  nowMs: number,
): Promise<LogTail> {
  const { limit = 500, after } = query;
  if (!Number.isInteger(limit) || limit < 1 || limit > 1_000) throw new InvalidQuery(`limit ${limit} must be 1…1000`);
  if (after !== undefined && after !== "" && !/^\d{1,15}$/.test(after)) {
    throw new InvalidQuery(`after ${JSON.stringify(after.slice(0, 40))} is not what an earlier answer said`);
  }
  // Never further back than lines are followed at all: a client that slept does not get an hour at once.
  const arrivedMs = after ? Math.max(Number(after) - overlapMs, nowMs - lateMs) : nowMs;
  const filter = compileFilter({ ...query, fromMs: nowMs - lateMs, toMs: nowMs + 3_600_000 }, fields);
  const rows = await askLogRows(
    clients,
    `SELECT ${rowSql} FROM log_line
     WHERE ${timeCondition} AND arrived >= fromUnixTimestamp64Milli({arrivedMs:Int64}, 'UTC') AND (${filter.sql})
     ORDER BY time DESC, ${tieSql} DESC LIMIT {limit:UInt32}`,
    { ...filter.params, fromUs: filter.fromUs, toUs: filter.toUs, arrivedMs, limit: limit + 1 },
    filter.expression,
  );
  return { rows: rows.slice(0, limit).reverse(), next: String(nowMs), skipped: rows.length > limit };
}
