import type { StoreClients } from "../client.ts";
import { InvalidQuery } from "../store-error.ts";
import { askLogs } from "./logs-ask.ts";
import { type LogField, levelName } from "./logs-columns.ts";
import { type CompiledFilter, compileFilter, type LogFilter, timeCondition } from "./logs-filter.ts";

/** Seconds that one column of a histogram may stand for. */
export const histogramSteps: readonly number[] = [1, 5, 10, 30, 60, 300, 600, 3_600, 21_600, 86_400];
const columnsMax = 2_000;

/** Counts of which lines, by time and level. */
export interface LogHistogramQuery extends LogFilter {
  /** One of `histogramSteps`. */
  readonly stepS: number;
}

/** How many lines of each level there were in each interval. */
export interface LogHistogram {
  /** The start of each interval, milliseconds since 1970 UTC; those without lines too. */
  timeMs: number[];
  /** Levels that occur, least grave first, with a count for each interval. */
  levels: { level: string; counts: number[] }[];
  total: number;
}

/**
 * Count lines by time and level.
 *
 * @throws InvalidQuery, InvalidExpression, StoreUnavailable, TelemetryStoreError
 */
export async function countLogs(
  clients: StoreClients,
  query: LogHistogramQuery,
  fields: ReadonlyMap<string, LogField>,
): Promise<LogHistogram> {
  const { stepS } = query;
  if (!histogramSteps.includes(stepS)) {
    throw new InvalidQuery(`step_s ${stepS} must be one of ${histogramSteps.join(", ")}`);
  }
  const filter = compileFilter(query, fields);
  const stepMs = stepS * 1_000;
  const firstMs = Math.floor(query.fromMs / stepMs) * stepMs;
  const columns = Math.ceil((query.toMs - firstMs) / stepMs);
  if (columns > columnsMax) throw new InvalidQuery(`${columns} columns: at most ${columnsMax}; take a longer step`);
  const rows = await askLogs<{ column: number; levelNumber: number; lines: number }>(
    clients,
    stepS % 60 === 0 && filter.isOfMinutes ? minutesQuery(filter) : linesQuery(filter),
    { ...filter.params, fromUs: filter.fromUs, toUs: filter.toUs, stepS, ...wholeMinutes(filter) },
    filter.expression,
  );
  const levels = new Map<string, { order: number; counts: number[] }>();
  let total = 0;
  for (const { column, levelNumber, lines } of rows) {
    const name = levelName(levelNumber);
    const found = levels.get(name) ?? { order: levelNumber, counts: new Array<number>(columns).fill(0) };
    levels.set(name, found);
    const index = column - firstMs / stepMs;
    found.counts[index] = (found.counts[index] ?? 0) + lines;
    total += lines;
  }
  const ordered = [...levels].sort(([, left], [, right]) => left.order - right.order);
  return {
    timeMs: Array.from({ length: columns }, (_, index) => firstMs + index * stepMs),
    levels: ordered.map(([level, { counts }]) => ({ level, counts })),
    total,
  };
}

const linesQuery = ({ sql }: CompiledFilter, more = "") => `
  SELECT intDiv(toUInt32(toDateTime(time)), {stepS:UInt32}) AS column, level AS levelNumber, count() AS lines
  FROM log_line WHERE ${timeCondition} AND (${sql}) ${more}
  GROUP BY column, levelNumber`;

// Whole minutes from their counts, which are a hundredth of the lines; what is before and after them from the lines.
const minutesQuery = (filter: CompiledFilter) => `
  SELECT column, levelNumber, sum(lines) AS lines FROM (
    SELECT intDiv(toUnixTimestamp(time), {stepS:UInt32}) AS column, level AS levelNumber, sum(lines) AS lines FROM log_minute
    WHERE time >= toDateTime({wholeFromS:UInt32}, 'UTC') AND time < toDateTime({wholeToS:UInt32}, 'UTC') AND (${filter.sql})
    GROUP BY column, levelNumber
    UNION ALL
    ${linesQuery(filter, "AND (time < toDateTime({wholeFromS:UInt32}, 'UTC') OR time >= toDateTime({wholeToS:UInt32}, 'UTC'))")}
  )
  GROUP BY column, levelNumber`;

function wholeMinutes({ fromUs, toUs }: CompiledFilter): { wholeFromS: number; wholeToS: number } {
  const wholeFromS = Math.ceil(fromUs / 60e6) * 60;
  return { wholeFromS, wholeToS: Math.max(wholeFromS, Math.floor(toUs / 60e6) * 60) };
}
