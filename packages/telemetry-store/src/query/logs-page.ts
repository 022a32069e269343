import type { StoreClients } from "../client.ts";
import { InvalidQuery } from "../store-error.ts";
import { askLogRows, askLogs } from "./logs-ask.ts";
import type { LogField } from "./logs-columns.ts";
import { type CompiledFilter, compileFilter, type LogFilter, timeCondition } from "./logs-filter.ts";
import { isBefore, type LogRow, parsePlace, rowSql, tieSql } from "./logs-row.ts";

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
// Errors of one service, where they are read from the newest on and no further than a page reaches.
const firstErrorsWindowUs = windowGrowth * firstWindowUs;

/** After this long a search stops with what it has and a place to go on from. */
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
  const table = isOfErrors(query) && filter.isOfMinutes ? "log_error" : "log_line";
  let windowUs = query.service?.includes(".") && table === "log_error" ? firstErrorsWindowUs : firstWindowUs;
  if (table === "log_line" && isRare(query) && filter.isOfMinutes) {
    windowUs = await rareWindowUs(clients, filter, toUs, limit);
  }
  const rows: LogRow[] = [];
  const deadline = performance.now() + budgetMs;
  while (toUs > filter.fromUs) {
    const fromUs = Math.max(filter.fromUs, toUs - windowUs);
    const found = await readWindow(clients, filter, { table, fromUs, toUs, place, limit: limit - rows.length });
    rows.push(...found);
    if (rows.length === limit) return { rows, next: rows.at(-1)!.id, searchedToMs: rows.at(-1)!.timeUs / 1_000 };
    toUs = fromUs;
    windowUs = nextWindowUs(windowUs, found.length, limit - rows.length);
    if (performance.now() >= deadline) break;
  }
  const more = toUs > filter.fromUs;
  // Lines of the microsecond itself are behind the place (their hash is not below 0), those before it are not.
  return { rows, next: more ? `${toUs}_0` : "", searchedToMs: toUs / 1_000 };
}

/** A quarter longer than the missing lines take if there are as many as in the window before: what is read beyond a full page is read in vain. */
function nextWindowUs(windowUs: number, found: number, missing: number): number {
  const most = windowUs * windowGrowth;
  return found === 0 ? most : Math.min(most, Math.max(minuteUs, Math.ceil((1.25 * windowUs * missing) / found)));
}

/** Whether they are in the table of errors. */
function isOfErrors({ level }: LogPageQuery): boolean {
  return level === "error" || level === "fatal";
}

/** Whether lines like these are likely to be far apart. */
function isRare({ level, dyedOnly }: LogPageQuery): boolean {
  return dyedOnly === true || level === "warn";
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
  readonly table: "log_line" | "log_error";
  readonly fromUs: number;
  readonly toUs: number;
  readonly place: { readonly timeUs: number; readonly tie: string } | undefined;
  readonly limit: number;
}

async function readWindow(clients: StoreClients, filter: CompiledFilter, window: Window): Promise<LogRow[]> {
  const { table, fromUs, toUs, place, limit } = window;
  // One more than is wanted tells whether lines of the last one's microsecond were left out.
  const params: Record<string, unknown> = { ...filter.params, fromUs, toUs, limit: limit + 1 };
  let after = "";
  if (place !== undefined) {
    after = `AND (time < fromUnixTimestamp64Micro({placeUs:Int64}, 'UTC') OR ${tieSql} < {placeTie:UInt64})`;
    Object.assign(params, { placeUs: place.timeUs, placeTie: place.tie });
  }
  const read = (order: string) =>
    askLogRows(
      clients,
      `SELECT ${rowSql} FROM ${table} WHERE ${timeCondition} ${after} AND (${filter.sql})
       ORDER BY ${order} LIMIT {limit:UInt32}`,
      params,
      filter.expression,
      // What is read of errors is a few granules: a second thread costs more than it reads.
      table === "log_error" ? { max_threads: 1 } : undefined,
    );
  // By the time alone: the columns of the tie are then read of the lines of a page, not of all that fit. It took a third less.
  let rows = await read("time DESC");
  if (rows.length > limit && rows[limit]!.timeUs === rows[limit - 1]!.timeUs)
    rows = await read(`time DESC, ${tieSql} DESC`);
  return rows.sort((a, b) => (isBefore(a, b) ? 1 : -1)).slice(0, limit);
}
