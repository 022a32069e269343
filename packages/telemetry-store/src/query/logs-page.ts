import type { StoreClients } from "../client.ts";
import { InvalidQuery } from "../store-error.ts";
import { askLogs } from "./logs-ask.ts";
import type { LogField } from "./logs-columns.ts";
import { type CompiledFilter, compileFilter, type LogFilter, timeCondition } from "./logs-filter.ts";
import { type LogRow, logRow, parsePlace, rowSql, type StoredLogRow, tieSql } from "./logs-row.ts";

/** Lines in one page. */
export const pageMax = 1_000;

/** Which page of lines. */
export interface LogPageQuery extends LogFilter {
  /** 1…1000; default 100. */
  readonly limit?: number | undefined;
  /** `LogPage.next` of the page before; empty: the newest. */
  readonly before?: string | undefined;
}

/** A page of lines, newest first. */
export interface LogPage {
  rows: LogRow[];
  /** Where to go on; empty at the end. */
  next: string;
  /** Milliseconds since 1970 UTC down to which was searched. */
  searchedToMs: number;
}

const minuteUs = 60_000_000;
// Back from the newest, each sixteen times as long as the one before: what is asked for is nearly always in the first, and each is read once.
const firstWindowUs = 15 * minuteUs;
const windowGrowth = 16;

/** After so long a search stops with what it has and a place to go on from. */
const budgetMs = 4_000;

/**
 * Find lines, newest first.
 *
 * @throws InvalidQuery, InvalidExpression, StoreUnavailable, TelemetryStoreError
 */
export async function findLogs(
  clients: StoreClients,
  query: LogPageQuery,
  fields: ReadonlyMap<string, LogField>,
): Promise<LogPage> {
  const { limit = 100 } = query;
  if (!Number.isInteger(limit) || limit < 1 || limit > pageMax) {
    throw new InvalidQuery(`limit ${limit} must be 1…${pageMax}`);
  }
  const filter = compileFilter(query, fields);
  const place = query.before ? parsePlace(query.before) : undefined;
  // The place's own microsecond may hold more lines.
  let toUs = Math.min(filter.toUs, place === undefined ? filter.toUs : place.timeUs + 1);
  let windowUs = isRare(query) && filter.isOfMinutes ? await rareWindowUs(clients, filter, toUs, limit) : firstWindowUs;
  const rows: LogRow[] = [];
  const deadline = performance.now() + budgetMs;
  while (toUs > filter.fromUs) {
    const fromUs = Math.max(filter.fromUs, toUs - windowUs);
    rows.push(...(await readWindow(clients, filter, { fromUs, toUs, place, limit: limit - rows.length })));
    if (rows.length === limit) return { rows, next: rows.at(-1)!.id, searchedToMs: rows.at(-1)!.timeUs / 1_000 };
    toUs = fromUs;
    windowUs *= windowGrowth;
    if (performance.now() >= deadline) break;
  }
  const more = toUs > filter.fromUs;
  // Lines of the microsecond itself are behind the place (their hash is not below 0), those before it are not.
  return { rows, next: more ? `${toUs}_0` : "", searchedToMs: toUs / 1_000 };
}

/** Whether lines like these are likely to be far apart. */
function isRare({ level, dyedOnly }: LogPageQuery): boolean {
  return dyedOnly === true || level === "warn" || level === "error" || level === "fatal";
}

/** Minutes with such lines that are looked at for where a page of them ends. */
const rareMinutesMax = 1_440;

/** How far before `toUs` the oldest line of a page is, by the counts of each minute; to the whole minute. */
async function rareWindowUs(
  clients: StoreClients,
  filter: CompiledFilter,
  toUs: number,
  limit: number,
): Promise<number> {
  const fromS = Math.floor(filter.fromUs / 60e6) * 60;
  const minutes = await askLogs<{ second: number; lines: number }>(
    clients,
    `SELECT toUnixTimestamp(time) AS second, sum(lines) AS lines FROM log_minute
     WHERE time >= toDateTime({fromS:UInt32}, 'UTC') AND time < toDateTime({toS:UInt32}, 'UTC') AND (${filter.sql})
     GROUP BY second ORDER BY second DESC LIMIT {limit:UInt32}`,
    { ...filter.params, fromS, toS: Math.ceil(toUs / 60e6) * 60, limit: rareMinutesMax },
  );
  let found = 0;
  for (const { second, lines } of minutes) {
    // Of the minute in which the search begins only a part counts, and nobody knows how much of it.
    if ((second + 60) * 1e6 <= toUs) found += lines;
    if (found >= limit) return toUs - second * 1e6;
  }
  // All there are, or as far as was looked.
  return minutes.length < rareMinutesMax ? toUs - filter.fromUs : toUs - minutes.at(-1)!.second * 1e6;
}

interface Window {
  readonly fromUs: number;
  readonly toUs: number;
  readonly place: { readonly timeUs: number; readonly tie: string } | undefined;
  readonly limit: number;
}

async function readWindow(clients: StoreClients, filter: CompiledFilter, window: Window): Promise<LogRow[]> {
  const { fromUs, toUs, place, limit } = window;
  const params: Record<string, unknown> = { ...filter.params, fromUs, toUs, limit };
  let after = "";
  if (place !== undefined) {
    after = `AND (time < fromUnixTimestamp64Micro({placeUs:Int64}, 'UTC') OR ${tieSql} < {placeTie:UInt64})`;
    Object.assign(params, { placeUs: place.timeUs, placeTie: place.tie });
  }
  const rows = await askLogs<StoredLogRow>(
    clients,
    `SELECT ${rowSql} FROM log WHERE ${timeCondition} ${after} AND (${filter.sql})
     ORDER BY time DESC, ${tieSql} DESC LIMIT {limit:UInt32}`,
    params,
    filter.expression,
  );
  return rows.map(logRow);
}
