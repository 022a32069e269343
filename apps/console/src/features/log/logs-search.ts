/** How far back the log page looks, by the name in its address; milliseconds. */
export const logRanges = {
  "5m": 300_000,
  "15m": 900_000,
  "1h": 3_600_000,
  "6h": 21_600_000,
  "24h": 86_400_000,
  "7d": 604_800_000,
} as const;
/** One of `logRanges`. */
export type LogRange = keyof typeof logRanges;

/** Levels that can be asked for, least grave first. */
export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal"] as const;

/** Columns that can be shown beside time, level and text. */
export const logColumns = [
  "service",
  "instance",
  "host",
  "method",
  "caller",
  "peer",
  "source",
  "function",
  "request",
] as const;
/** A column that can be shown. */
export type LogColumn = (typeof logColumns)[number];

/** Columns that are shown unless the address names others. */
export const defaultColumns: readonly LogColumn[] = ["service", "source", "request"];

/** What a link to the log page restores. */
export interface LogsSearch {
  readonly range?: LogRange;
  /** A range of its own, milliseconds since 1970 UTC; both or neither, and then no `range`. */
  readonly from?: number;
  readonly to?: number;
  readonly service?: string;
  readonly level?: (typeof logLevels)[number];
  readonly host?: string;
  readonly instance?: string;
  readonly request?: string;
  readonly dyed?: true;
  readonly where?: string;
  readonly columns?: readonly LogColumn[];
}

/** Reads the search parameters of the log page; what does not make sense is left out. */
export function parseLogsSearch(search: Record<string, unknown>): LogsSearch {
  const { from, to, range, level, columns } = search;
  const isRange =
    Number.isSafeInteger(from) && Number.isSafeInteger(to) && Number(from) > 0 && Number(to) > Number(from);
  const texts = ["service", "host", "instance", "request", "where"] as const;
  const known = Array.isArray(columns) ? logColumns.filter((column) => columns.includes(column)) : undefined;
  return {
    ...(isRange ? { from: from as number, to: to as number } : {}),
    ...(!isRange && typeof range === "string" && Object.hasOwn(logRanges, range) ? { range: range as LogRange } : {}),
    ...Object.fromEntries(
      texts.flatMap((name) => {
        const value = search[name];
        // A request id of digits alone is read as a number.
        const text = typeof value === "number" ? String(value) : value;
        return typeof text === "string" && text !== "" ? [[name, text.slice(0, 4_000)]] : [];
      }),
    ),
    ...(logLevels.some((one) => one === level) ? { level: level as (typeof logLevels)[number] } : {}),
    ...(search.dyed === true ? { dyed: true as const } : {}),
    ...(known !== undefined && known.join() !== defaultColumns.join() ? { columns: known } : {}),
  };
}

/** The shown range, milliseconds since 1970 UTC. @param nowMs  where a range that ends now ends */
export function logTimes({ from, to, range }: LogsSearch, nowMs: number): { fromMs: number; toMs: number } {
  if (from !== undefined && to !== undefined) return { fromMs: from, toMs: to };
  return { fromMs: nowMs - logRanges[range ?? "1h"], toMs: nowMs + 60_000 };
}

const steps = [1, 5, 10, 30, 60, 300, 600, 3_600, 21_600, 86_400];

/** Seconds of one column of the histogram: at most 150 columns. */
export function histogramStep(rangeMs: number): number {
  return steps.find((step) => rangeMs / 1_000 / step <= 150) ?? 86_400;
}

/** An expression with one more condition. */
export function withCondition(where: string | undefined, name: string, value: string): string {
  const condition = `${name} = ${JSON.stringify(value)}`;
  return where === undefined || where.trim() === "" ? condition : `(${where}) and ${condition}`;
}
