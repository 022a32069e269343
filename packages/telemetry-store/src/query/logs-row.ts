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

/** A row as the store gives it. */
export interface StoredLogRow extends Omit<LogRow, "id" | "level" | "dyed"> {
  tie: string;
  levelNumber: number;
  dyedNumber: number;
}

const hexOf = (column: string) => `lower(leftPad(hex(${column}), 16, '0'))`;

/** What tells lines of the same microsecond apart, in the same order each time. */
export const tieSql = "cityHash64(host, service, instance, span_id, source, text)";

/** The columns of `StoredLogRow`. */
export const rowSql = `toUnixTimestamp64Micro(time) AS timeUs, toString(${tieSql}) AS tie, level AS levelNumber,
    service, host, instance, method, caller, peer, source, function,
    if(flow_id = 0, '', concat(${hexOf("trace_high")}, ${hexOf("flow_id")})) AS requestId,
    if(span_id = 0, '', ${hexOf("span_id")}) AS spanId, dyed AS dyedNumber, text, fields`;

/** A row for callers. */
export function logRow({ tie, levelNumber, dyedNumber, ...row }: StoredLogRow): LogRow {
  return { id: `${row.timeUs}_${tie}`, ...row, level: levelName(levelNumber), dyed: dyedNumber === 1 };
}

/** A place in the order of lines. */
export interface LogPlace {
  readonly timeUs: number;
  /** Of `tieSql`, decimal. */
  readonly tie: string;
}

/** Read `LogRow.id` or a cursor. @throws InvalidQuery */
export function parsePlace(id: string): LogPlace {
  const match = /^(\d{1,16})_(\d{1,20})$/.exec(id);
  if (match === null || BigInt(match[2]!) > 2n ** 64n - 1n) {
    throw new InvalidQuery(`${JSON.stringify(id.slice(0, 60))} is no id of a line: expected <microseconds>_<number>`);
  }
  return { timeUs: Number(match[1]), tie: match[2]! };
}
