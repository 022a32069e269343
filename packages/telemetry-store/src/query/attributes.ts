import { ClickHouseError } from "@clickhouse/client";
import type { StoreClients } from "../client.ts";
import { keyId, keyIdSql } from "../ingest/key-id.ts";
import { InvalidQuery } from "../store-error.ts";
import { ask } from "./ask.ts";

/** Attributes of one answer. */
export const attributesMax = 5_000;

/** Reporters of one answer. */
export const reportersMax = 10_000;

/** Longest regular expression, characters. */
export const patternMaxChars = 500;

/** The family of what hosts report: these belong to a host, not to a service. */
export const hostFamily = "sys.";

/** Whose attributes: what is empty or missing does not matter. */
export interface AttributeFilter {
  /** `Flight.mod_flight`; of its hosts also what they report. Missing: all services and hosts. */
  readonly service?: string | undefined;
  /** `127.0.0.1:7963`. */
  readonly instance?: string | undefined;
  readonly host?: string | undefined;
  /** Milliseconds since 1970 UTC; from <= t < to, widened to whole hours. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** Which attributes to list. */
export interface AttributesQuery extends AttributeFilter {
  /** A regular expression (RE2) that a name matches; empty or missing: any name. */
  readonly pattern?: string | undefined;
}

/** One attribute. */
export interface Attribute {
  name: string;
  /** 1 counter, 2 gauge. */
  kind: number;
  /** How many (host, instance) reported it in the range. */
  reporters: number;
  /** The hour in which it was last reported, milliseconds since 1970 UTC. */
  lastMs: number;
}

/** Who reported anything: a process of a service, or (service and instance empty) a host. */
export interface Reporter {
  service: string;
  host: string;
  instance: string;
  /** The hour of its last report, milliseconds since 1970 UTC. */
  lastMs: number;
}

/**
 * List the attributes that were reported in a range, by name, at most `attributesMax`.
 *
 * @throws InvalidQuery (range, pattern), StoreUnavailable, TelemetryStoreError
 */
export async function listAttributes(clients: StoreClients, query: AttributesQuery): Promise<Attribute[]> {
  const { pattern = "" } = query;
  if (pattern.length > patternMaxChars) {
    throw new InvalidQuery(`the expression has ${pattern.length} characters: at most ${patternMaxChars}`);
  }
  const own = `${reporterCondition(query)} AND NOT startsWith(name, '${hostFamily}')`;
  const sql = `
    SELECT name, any(kind) AS kind, uniqExact(host, instance) AS reporters, toUnixTimestamp(max(time)) * 1000 AS lastMs
    FROM sample_hour
    WHERE ${timeCondition} AND ((${own}) OR (${hostCondition(query)})) ${pattern === "" ? "" : "AND match(name, {pattern:String})"}
    GROUP BY name ORDER BY name LIMIT ${attributesMax}`;
  try {
    return await ask<Attribute>(clients, "list attributes", sql, { ...filterParams(query), pattern });
  } catch (error) {
    // CANNOT_COMPILE_REGEXP.
    if (error instanceof Error && error.cause instanceof ClickHouseError && error.cause.code === "427") {
      throw new InvalidQuery(
        `the expression ${JSON.stringify(pattern)} cannot be read: ${reasonOf(error.cause.message)}`,
      );
    }
    throw error;
  }
}

/**
 * List who reported anything in a range.
 *
 * @throws InvalidQuery (range), StoreUnavailable, TelemetryStoreError
 */
export async function listReporters(clients: StoreClients, query: AttributeFilter): Promise<Reporter[]> {
  return await ask<Reporter>(
    clients,
    "list reporters",
    `SELECT service, host, instance, toUnixTimestamp(max(time)) * 1000 AS lastMs FROM sample_hour
     WHERE ${timeCondition} AND ${reporterCondition(query)}
     GROUP BY service, host, instance ORDER BY service, host, instance LIMIT ${reportersMax}`,
    filterParams(query),
  );
}

/** The time that a question is for: `fromS` up to `toS`, exclusive. */
export const timeCondition = "time >= toDateTime({fromS:UInt32}, 'UTC') AND time < toDateTime({toS:UInt32}, 'UTC')";

/** The condition for what processes report. */
export function reporterCondition({ service, instance, host }: Partial<AttributeFilter>): string {
  return allOf([
    service ? "service = {service:String}" : "",
    host ? "host = {host:String}" : "",
    instance ? "instance = {instance:String}" : "",
  ]);
}

/** The same in a table that has numbers in the place of names (`keyId`). */
export function reporterIdCondition({ service, instance, host }: Partial<AttributeFilter>): string {
  return allOf([
    service ? "service_id = {serviceId:UInt64}" : "",
    host ? "host_id = {hostId:UInt64}" : "",
    instance ? "instance_id = {instanceId:UInt64}" : "",
  ]);
}

/**
 * The condition for what hosts report: that host; else the hosts on which the service, or the instance, has reported. It needs
 * the parameters of `filterParams`.
 */
export function hostCondition(filter: Partial<AttributeFilter>): string {
  const { service, instance, host } = filter;
  const family = `service = '' AND startsWith(name, '${hostFamily}')`;
  if (host) return `${family} AND host = {host:String}`;
  if (!service && !instance) return family;
  return `${family} AND host IN (${hostsOf("host", filter)})`;
}

/** The same in a table that has numbers in the place of names, where names of that family alone are asked for. */
export function hostIdCondition(filter: Partial<AttributeFilter>): string {
  const { service, instance, host } = filter;
  const family = "service_id = {nobodyId:UInt64}";
  if (host) return `${family} AND host_id = {hostId:UInt64}`;
  if (!service && !instance) return family;
  return `${family} AND host_id IN (${hostsOf(keyIdSql("host"), filter)})`;
}

/** The hours of a question: the table that has all names. */
export const hoursCondition =
  "time >= toDateTime({hourFromS:UInt32}, 'UTC') AND time < toDateTime({hourToS:UInt32}, 'UTC')";

function hostsOf(what: string, filter: Partial<AttributeFilter>): string {
  return `SELECT DISTINCT ${what} FROM sample_hour WHERE ${reporterCondition(filter)} AND ${hoursCondition}`;
}

function allOf(conditions: readonly string[]): string {
  return conditions.filter((condition) => condition !== "").join(" AND ") || "1";
}

/**
 * Parameters for the conditions above.
 *
 * @throws InvalidQuery for a range that cannot be one
 */
export function filterParams(filter: AttributeFilter): Record<string, unknown> {
  const { service = "", instance = "", host = "", fromMs, toMs } = filter;
  if (!(fromMs >= 0 && toMs > fromMs && toMs <= 4e12)) {
    throw new InvalidQuery(`from_ms ${fromMs} must be before to_ms ${toMs}, both milliseconds since 1970`);
  }
  const fromS = Math.floor(fromMs / 3_600_000) * 3_600;
  const toS = Math.ceil(toMs / 3_600_000) * 3_600;
  return {
    service,
    instance,
    host,
    serviceId: keyId(service),
    instanceId: keyId(instance),
    hostId: keyId(host),
    nobodyId: keyId(""),
    fromS,
    toS,
    hourFromS: fromS,
    hourToS: toS,
  };
}

// `… error: missing ): (a…: while executing …`
function reasonOf(message: string): string {
  return /error:? ([^.;]{1,120})/i.exec(message)?.[1]?.trim() ?? "see https://github.com/google/re2/wiki/Syntax";
}
