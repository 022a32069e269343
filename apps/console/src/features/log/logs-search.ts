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
  /** The moment in that range that was jumped to, and is shown in the middle. */
  readonly at?: number;
  readonly service?: string;
  readonly level?: (typeof logLevels)[number];
  readonly host?: string;
  readonly instance?: string;
  readonly request?: string;
  readonly dyed?: true;
  readonly where?: string;
  readonly columns?: readonly LogColumn[];
  /** The line whose details are open, see `linePlace`. */
  readonly line?: string;
  /** Since when new lines do not appear any more, milliseconds since 1970 UTC; absent: they do. Without effect on a range of its own. */
  readonly paused?: number;
}

/** Where a line is found again, as one text for the address. */
export function linePlace({ id, service, instance }: LinePlace): string {
  return [id, service, instance].join("~");
}

/** What a line is found by. */
export interface LinePlace {
  readonly id: string;
  readonly service: string;
  readonly instance: string;
}

/** Reads what `linePlace` wrote; undefined for anything else. */
export function linePlaceFrom(text: string | undefined): LinePlace | undefined {
  const [id = "", service = "", ...instance] = text?.split("~") ?? [];
  return id === "" || service === "" ? undefined : { id, service, instance: instance.join("~") };
}

/** The part of a search by which lines are found: what is left out changes only how they are shown. */
export function questionOf({ columns: _, line: __, paused: ___, at: ____, ...question }: LogsSearch): LogsSearch {
  return question;
}

/** Reads the search parameters of the log page; what does not make sense is left out. */
export function parseLogsSearch(search: Record<string, unknown>): LogsSearch {
  const { from, to, at, range, level, columns, line, paused } = search;
  const isRange =
    Number.isSafeInteger(from) && Number.isSafeInteger(to) && Number(from) > 0 && Number(to) > Number(from);
  const texts = ["service", "host", "instance", "request", "where"] as const;
  const known = Array.isArray(columns) ? logColumns.filter((column) => columns.includes(column)) : undefined;
  return {
    ...(isRange ? { from: from as number, to: to as number } : {}),
    ...(isRange && Number(at) >= Number(from) && Number(at) <= Number(to) ? { at: Number(at) } : {}),
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
    ...(typeof line === "string" && linePlaceFrom(line) !== undefined ? { line: line.slice(0, 1_000) } : {}),
    ...(!isRange && Number.isSafeInteger(paused) && Number(paused) > 0 ? { paused: paused as number } : {}),
  };
}

/** The shown range, milliseconds since 1970 UTC. @param nowMs  where a range that ends now ends */
export function logTimes({ from, to, range, paused }: LogsSearch, nowMs: number): { fromMs: number; toMs: number } {
  if (from !== undefined && to !== undefined) return { fromMs: from, toMs: to };
  const lengthMs = logRanges[range ?? "1h"];
  if (paused !== undefined) return { fromMs: paused - lengthMs, toMs: paused };
  return { fromMs: nowMs - lengthMs, toMs: nowMs + 60_000 };
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
