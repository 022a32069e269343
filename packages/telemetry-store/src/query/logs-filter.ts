import { InvalidQuery } from "../store-error.ts";
import { type LogField, levelNumbers } from "./logs-columns.ts";
import { type Condition, compileExpression } from "./logs-compile.ts";
import { type Expression, parseExpression } from "./logs-parser.ts";
import { parseRequestId } from "./request-id.ts";

/** Which lines are meant. */
export interface LogFilter {
  /** Milliseconds since 1970 UTC; from <= t < to, at most 400 days. */
  readonly fromMs: number;
  readonly toMs: number;
  /** `Flight.mod_flight`; `Flight` means all services of that first level; empty: any. */
  readonly service?: string | undefined;
  readonly host?: string | undefined;
  readonly instance?: string | undefined;
  /** Any form of a request's id. */
  readonly requestId?: string | undefined;
  /** `error`: lines of this level and graver ones. */
  readonly level?: string | undefined;
  /** Only dyed requests. */
  readonly dyedOnly?: boolean | undefined;
  /** An expression, see `parseExpression`. */
  readonly where?: string | undefined;
}

/** A filter made ready for several statements. */
export interface CompiledFilter extends Condition {
  readonly fromUs: number;
  readonly toUs: number;
  /** Nothing but a service, a level and dyed requests is asked for, which `log_minute` knows as well. */
  readonly isOfMinutes: boolean;
  /** Of the expression, to find what the store complains about. */
  readonly expression: Expression | undefined;
}

const rangeMaxMs = 400 * 86_400_000;
// Years 1970…2200: what DateTime64 holds with microseconds.
const timeMaxMs = 7_258_118_400_000;

/**
 * Check a filter and make it a condition, apart from its times, which `timeCondition` adds.
 *
 * @throws InvalidQuery, InvalidExpression
 */
export function compileFilter(filter: LogFilter, fields: ReadonlyMap<string, LogField>): CompiledFilter {
  const { fromMs, toMs } = filter;
  if (!(fromMs >= 0 && toMs > fromMs && toMs <= timeMaxMs)) {
    throw new InvalidQuery(`from_ms ${fromMs} and to_ms ${toMs} must be milliseconds since 1970, from before to`);
  }
  if (toMs - fromMs > rangeMaxMs) throw new InvalidQuery("from_ms to to_ms is more than 400 days");
  const parts: string[] = [];
  const params: Record<string, unknown> = {};
  const service = named(filter.service, "service");
  if (service !== "") {
    parts.push(service.includes(".") ? "service = {service:String}" : "startsWith(service, {service:String})");
    params.service = service.includes(".") ? service : `${service}.`;
  }
  for (const name of ["host", "instance"] as const) {
    const value = named(filter[name], name);
    if (value === "") continue;
    parts.push(`${name} = {${name}:String}`);
    params[name] = value;
  }
  if (filter.requestId) {
    const { flowIds, traceHigh } = parseRequestId(filter.requestId);
    parts.push("flow_id IN {flowIds:Array(UInt64)}");
    params.flowIds = flowIds.map(BigInt);
    if (traceHigh !== undefined) {
      parts.push("trace_high IN (0, {traceHigh:UInt64})");
      params.traceHigh = traceHigh;
    }
  }
  if (filter.level) {
    parts.push("level >= {level:UInt8}");
    params.level = levelNumber(filter.level);
  }
  if (filter.dyedOnly) parts.push("dyed = 1");
  const expression = parseExpression(filter.where ?? "");
  if (expression !== undefined) {
    const condition = compileExpression(expression, fields);
    parts.push(condition.sql);
    Object.assign(params, condition.params);
  }
  return {
    sql: parts.length === 0 ? "1" : parts.join(" AND "),
    params,
    fromUs: Math.floor(fromMs * 1_000),
    toUs: Math.floor(toMs * 1_000),
    isOfMinutes: !filter.host && !filter.instance && !filter.requestId && expression === undefined,
    expression,
  };
}

/** The condition for times from `fromUs` (included) to `toUs` (not included), parameters of these names. */
export const timeCondition =
  "time >= fromUnixTimestamp64Micro({fromUs:Int64}, 'UTC') AND time < fromUnixTimestamp64Micro({toUs:Int64}, 'UTC')";

function levelNumber(given: string): number {
  const name = given.toLowerCase();
  if (Object.hasOwn(levelNumbers, name)) return levelNumbers[name as keyof typeof levelNumbers];
  throw new InvalidQuery(
    `level ${JSON.stringify(given.slice(0, 40))} must be one of ${Object.keys(levelNumbers).join(", ")}`,
  );
}

function named(value: string | undefined, name: string): string {
  if (value === undefined) return "";
  if (value.length > 256) throw new InvalidQuery(`${name} has ${value.length} characters: at most 256`);
  return value;
}
