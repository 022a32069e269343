import { InvalidQuery } from "../store-error.ts";
import { levelName } from "./logs-columns.ts";

/** One line of the log. */
export interface LogRow {
  /** Names the line, and is a place to go on from: `<microseconds>_<hash>`. */
  id: string;
  /** Microseconds since 1970 UTC. */
  timeUs: number;
  /** `trace`, `debug`, `info`, `warn`, `error`, `fatal`. */
  level: string;
  service: string;
  host: string;
  instance: string;
  method: string;
  /** The service that called, as far as known. */
  caller: string;
  /** The caller's address, as far as known. */
  peer: string;
  /** `flight.ts:42` */
  source: string;
  function: string;
  /** 32 hex digits; empty outside a request. */
  requestId: string;
  /** 16 hex digits; empty outside a request. */
  spanId: string;
  /** The request was dyed. */
  dyed: boolean;
  text: string;
  fields: Record<string, string>;
}

/** A row as the store gives it: `rowSql`, with numbers of 64 bits in quotes. */
export interface StoredLogRow extends Omit<LogRow, "id" | "timeUs" | "level" | "requestId" | "spanId" | "dyed"> {
  /** These are decimal. */
  time_us: string;
  tie: string;
  trace_high: string;
  flow_id: string;
  span_id: string;
  level: number;
  dyed: number;
}

/** What tells lines of the same microsecond apart, in the same order each time. */
export const tieSql = "cityHash64(host, service, instance, span_id, source, text)";

/**
 * The columns of `StoredLogRow`, as they are: each function in a statement takes longer to plan than to compute here. None of them has the name of a
 * column that it is not, for conditions would mean it then.
 */
export const rowSql = `toUnixTimestamp64Micro(time) AS time_us, ${tieSql} AS tie, level, service, host, instance, method, caller, peer, source, function,
    trace_high, flow_id, span_id, dyed, text, fields`;

const hex64 = (decimal: string) => BigInt(decimal).toString(16).padStart(16, "0");

/** A row for callers. */
export function logRow(stored: StoredLogRow): LogRow {
  const { time_us, tie, trace_high, flow_id, span_id, level, dyed, ...row } = stored;
  return {
    id: `${time_us}_${tie}`,
    timeUs: Number(time_us),
    ...row,
    level: levelName(level),
    requestId: flow_id === "0" ? "" : hex64(trace_high) + hex64(flow_id),
    spanId: span_id === "0" ? "" : hex64(span_id),
    dyed: dyed === 1,
  };
}

/** A place in the order of lines. */
export interface LogPlace {
  readonly timeUs: number;
  /** Of `tieSql`, decimal. */
  readonly tie: string;
}

/** Whether a line is before another one in the order of lines, that of `time` and then `tieSql`. */
export function isBefore(line: LogRow, other: LogRow): boolean {
  if (line.timeUs !== other.timeUs) return line.timeUs < other.timeUs;
  return BigInt(parsePlace(line.id).tie) < BigInt(parsePlace(other.id).tie);
}

/** Read `LogRow.id` or a cursor. @throws InvalidQuery */
export function parsePlace(id: string): LogPlace {
  const match = /^(\d{1,16})_(\d{1,20})$/.exec(id);
  if (match === null || BigInt(match[2]!) > 2n ** 64n - 1n) {
    throw new InvalidQuery(`${JSON.stringify(id.slice(0, 60))} is no id of a line: expected <microseconds>_<number>`);
  }
  return { timeUs: Number(match[1]), tie: match[2]! };
}
