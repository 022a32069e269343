import { parseMoment } from "../../lib/own-range.ts";
import { type LogRange, logRanges } from "../log/logs-search.ts";

/** What a link to the list of requests restores. All conditions but the time are about one call of the request. */
export interface RequestsSearch {
  /** How far back, an hour unless said otherwise; then the list is live. */
  readonly range?: LogRange;
  /** A range of its own, milliseconds since 1970 UTC; both or neither, and then no `range`. */
  readonly from?: number;
  readonly to?: number;
  /** Who recorded the call; absent: any. */
  readonly service?: string;
  readonly method?: string;
  readonly caller?: string;
  /** The instance that called, or its address alone. */
  readonly callerInstance?: string;
  readonly instance?: string;
  readonly host?: string;
  /** Only calls that failed. */
  readonly failed?: true;
  /** Only calls with this gRPC status code. */
  readonly code?: number;
  /** Bounds of the call's duration, milliseconds. */
  readonly min?: number;
  readonly max?: number;
  /** An expression of the log page: only requests with such a line. */
  readonly where?: string;
  /** The slowest calls first; absent: the newest. */
  readonly order?: "slowest";
  /** Since when the list stands still, milliseconds since 1970 UTC; absent: newer requests appear. Only where the list is live. */
  readonly paused?: number;
}

const DEFAULT_RANGE = "1h";

/** Reads the search parameters of the list of requests; what does not make sense is left out. */
export function parseRequestsSearch(search: Record<string, unknown>): RequestsSearch {
  const { range, code } = search;
  const [from, to, paused] = [search.from, search.to, search.paused].map(parseMoment);
  const isRange = from !== undefined && to !== undefined && to > from;
  const hasRange = !isRange && typeof range === "string" && Object.hasOwn(logRanges, range) && range !== DEFAULT_RANGE;
  const isCode = Number.isInteger(code) && Number(code) >= 0 && Number(code) <= 16;
  return {
    ...(isRange ? { from, to } : {}),
    ...(hasRange ? { range: range as LogRange } : {}),
    ...text(search, "service", 256),
    ...text(search, "method", 256),
    ...text(search, "caller", 256),
    ...text(search, "callerInstance", 256),
    ...text(search, "instance", 256),
    ...text(search, "host", 256),
    ...(search.failed === true ? { failed: true as const } : {}),
    ...(isCode ? { code: code as number } : {}),
    ...milliseconds(search, "min"),
    ...milliseconds(search, "max"),
    ...text(search, "where", 4_000),
    ...(search.order === "slowest"
      ? { order: "slowest" as const }
      : !isRange && paused !== undefined
        ? { paused }
        : {}),
  };
}

function text(search: Record<string, unknown>, name: string, maxUnits: number): Record<string, string> {
  const value = search[name];
  return typeof value === "string" && value.trim() !== "" ? { [name]: value.trim().slice(0, maxUnits) } : {};
}

function milliseconds(search: Record<string, unknown>, name: string): Record<string, number> {
  const value = search[name];
  return typeof value === "number" && value > 0 && value <= 4_000_000 ? { [name]: value } : {};
}

/** The searched range, milliseconds since 1970 UTC. @param nowMs the server's clock; a little after it is searched too, for clocks that are ahead */
export function requestTimes(
  { from, to, range, paused }: RequestsSearch,
  nowMs: number,
): { fromMs: number; toMs: number } {
  if (from !== undefined && to !== undefined) return { fromMs: from, toMs: to };
  const lengthMs = logRanges[range ?? DEFAULT_RANGE];
  if (paused !== undefined) return { fromMs: paused - lengthMs, toMs: paused };
  return { fromMs: nowMs - lengthMs, toMs: nowMs + 60_000 };
}

/** The name of the range in its menu. */
export function rangeName({ from, range }: RequestsSearch): LogRange | "own" {
  return from === undefined ? (range ?? DEFAULT_RANGE) : "own";
}

/** Whether anything but the time narrows the list. */
export function isNarrowed(search: RequestsSearch): boolean {
  const { range: _, from: __, to: ___, order: ____, paused: _____, ...conditions } = search;
  return Object.keys(conditions).length > 0;
}
