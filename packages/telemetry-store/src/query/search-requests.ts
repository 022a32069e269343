import type { StoreClients } from "../client.ts";
import { InvalidQuery } from "../store-error.ts";
import { CallSide } from "./calls.ts";
import { askLogs } from "./logs-ask.ts";
import { listDefinedFields } from "./logs-fields.ts";
import { type CompiledFilter, compileFilter } from "./logs-filter.ts";
import { flowIdOf, type RequestSummary, summarizeRequests } from "./request-summary.ts";

/** Requests of one page. */
export const requestsPageMax = 500;

/** In which order requests are found. */
export const RequestOrder = { Newest: "newest", Slowest: "slowest" } as const;
/** In which order requests are found. */
export type RequestOrder = (typeof RequestOrder)[keyof typeof RequestOrder];

/** Which requests: those with a call for which all of this holds. Empty or missing: any. */
export interface SearchRequestsQuery {
  /** When the call began, milliseconds since 1970 UTC; from <= t < to, at most 31 days. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Who recorded the call, served or made; `Flight` means all services of that first level. */
  readonly service?: string | undefined;
  /** An instance of `service`. */
  readonly instance?: string | undefined;
  /** `service` records nothing itself: look at what those who called it recorded. */
  readonly external?: boolean | undefined;
  /** The host that recorded the call. */
  readonly host?: string | undefined;
  readonly method?: string | undefined;
  /** The service that called. */
  readonly caller?: string | undefined;
  /** The instance that called, as it recorded the call itself; without a port any at that address, also one that records nothing. */
  readonly callerInstance?: string | undefined;
  /** gRPC status codes, 0…255, at most 17. */
  readonly codes?: readonly number[] | undefined;
  /** Any code but 0. */
  readonly failedOnly?: boolean | undefined;
  /** Bounds of the duration, microseconds, both included; 0: none. */
  readonly minUs?: number | undefined;
  readonly maxUs?: number | undefined;
  /** Only requests with a log line in the range for which this holds, see `parseExpression`. */
  readonly where?: string | undefined;
  /** Default newest. */
  readonly order?: RequestOrder | undefined;
  /** 1…500; default 50. */
  readonly limit?: number | undefined;
  /** `RequestPage.next` of the page before, with the rest unchanged. */
  readonly after?: string | undefined;
}

/** One page of requests. */
export interface RequestPage {
  requests: FoundRequest[];
  /** Where to go on; empty at the end. */
  next: string;
  /** Milliseconds since 1970 UTC down to which was searched. */
  searchedToMs: number;
}

/** A request and the call in it that was found. */
export interface FoundRequest {
  summary: RequestSummary;
  call: FoundCall;
}

/** One call, as one side recorded it. */
export interface FoundCall {
  service: string;
  instance: string;
  host: string;
  method: string;
  side: CallSide;
  peerService: string;
  peerInstance: string;
  /** Microseconds since 1970 UTC. */
  startUs: number;
  durationUs: number;
  code: number;
}

const minuteUs = 60_000_000;
const rangeMaxMs = 31 * 86_400_000;
// Back from the newest, each sixteen times as long as the one before: what is asked for is nearly always in the first.
const firstWindowUs = 10 * minuteUs;
const windowGrowth = 16;
/** After this long a search stops with what it has and a place to go on from. */
const budgetMs = 4_000;
/** No request is open for longer than this. */
const requestMaxUs = 10 * minuteUs;

/**
 * Find requests with a call that fits, a page at a time.
 *
 * @throws InvalidQuery, InvalidExpression, StoreUnavailable, TelemetryStoreError
 */
export async function searchRequests(clients: StoreClients, query: SearchRequestsQuery): Promise<RequestPage> {
  const search = await compileSearch(clients, query);
  const { rows, next, searchedToUs } =
    query.order === RequestOrder.Slowest ? await findSlowest(clients, search) : await findNewest(clients, search);
  const callOf = new Map(rows.map((row) => [BigInt(row.flowId), row]));
  const requests = (await summarizeRequests(clients, rows)).flatMap((summary) => {
    const row = callOf.get(flowIdOf(summary));
    if (row === undefined) return [];
    const { flowId: _, ...call } = row;
    return { summary, call };
  });
  return { requests, next, searchedToMs: searchedToUs / 1_000 };
}

/** A search made ready for several statements. */
interface Search {
  readonly fromUs: number;
  readonly toUs: number;
  /** Of one span, apart from its time. */
  readonly conditions: readonly string[];
  readonly params: Readonly<Record<string, unknown>>;
  readonly lines: CompiledFilter | undefined;
  readonly limit: number;
  readonly place: Place | undefined;
}

/** The last of a page: microseconds of its start or duration, and its flow id, decimal. */
interface Place {
  readonly value: number;
  readonly flowId: string;
}

interface FoundRow extends FoundCall {
  flowId: string;
}

async function compileSearch(clients: StoreClients, query: SearchRequestsQuery): Promise<Search> {
  const { fromMs, toMs, limit = 50, where = "" } = query;
  if (!(fromMs >= 0 && toMs > fromMs && toMs <= 4e12)) {
    throw new InvalidQuery(`from_ms ${fromMs} must be before to_ms ${toMs}, both milliseconds since 1970`);
  }
  if (toMs - fromMs > rangeMaxMs) throw new InvalidQuery("from_ms to to_ms is more than 31 days");
  if (!Number.isInteger(limit) || limit < 1 || limit > requestsPageMax) {
    throw new InvalidQuery(`limit ${limit} must be 1…${requestsPageMax}`);
  }
  const { conditions, params } = spanConditions(query);
  let lines: CompiledFilter | undefined;
  if (where.trim() !== "") {
    const fields = new Map((await listDefinedFields(clients)).map((field) => [field.name, field]));
    lines = compileFilter({ fromMs, toMs, where }, fields);
  }
  return {
    fromUs: Math.floor(fromMs * 1_000),
    toUs: Math.ceil(toMs * 1_000),
    conditions,
    params,
    lines,
    limit,
    place: query.after ? parsePlace(query.after) : undefined,
  };
}

function spanConditions(query: SearchRequestsQuery) {
  const { external = false, codes = [], minUs = 0, maxUs = 0 } = query;
  const conditions: string[] = [];
  const params: Record<string, unknown> = {};
  const add = (name: keyof SearchRequestsQuery & string, condition: string) => {
    const value = query[name];
    if (value === undefined || value === "") return;
    if (typeof value === "string" && value.length > 256) {
      throw new InvalidQuery(`${name} has ${value.length} characters: at most 256`);
    }
    conditions.push(condition);
    params[name] = value;
  };
  if (external) conditions.push(`side = ${CallSide.Client}`);
  const column = external ? "peer_service" : "service";
  if (query.service?.includes(".")) add("service", `${column} = {service:String}`);
  else add("service", `startsWith(${column}, concat({service:String}, '.'))`);
  add("instance", `${external ? "peer_instance" : "instance"} = {instance:String}`);
  add("host", "host = {host:String}");
  add("method", "method = {method:String}");
  add("caller", `if(side = ${CallSide.Server}, peer_service, service) = {caller:String}`);
  if (query.callerInstance) add("callerInstance", callerInstanceSql(query.caller));
  if (query.failedOnly) conditions.push("code != 0");
  if (codes.length > 0) {
    if (codes.length > 17 || !codes.every((code) => Number.isInteger(code) && code >= 0 && code <= 255)) {
      throw new InvalidQuery(`codes ${codes.slice(0, 20).join(", ")} must be at most 17 numbers of 0…255`);
    }
    conditions.push("code IN {codes:Array(UInt8)}");
    params.codes = codes;
  }
  if (!(minUs >= 0 && maxUs >= 0 && minUs <= 2 ** 32 && maxUs <= 2 ** 32)) {
    throw new InvalidQuery(`min_us ${minUs} and max_us ${maxUs} must be 0…4294967296`);
  }
  if (maxUs > 0 && maxUs < minUs) throw new InvalidQuery(`min_us ${minUs} must not be above max_us ${maxUs}`);
  if (minUs > 0) conditions.push("duration_us >= {minUs:Float64}");
  if (maxUs > 0) conditions.push("duration_us <= {maxUs:Float64}");
  return { conditions, params: { ...params, minUs, maxUs } };
}

/**
 * Calls from one instance. Who served a call knows of its caller the address and a connection's port, so a served call is found by the span of the instance
 * that made it. That one may be on a page of its own, and on a clock of its own: it is looked for as long around as a request lives.
 *
 * @param caller  where known, the spans of this service are looked at alone
 */
function callerInstanceSql(caller: string | undefined): string {
  const isIt = (column: string) =>
    `(${column} = {callerInstance:String} OR startsWith(${column}, concat({callerInstance:String}, ':')))`;
  const made = [
    ...(caller ? ["service = {caller:String}"] : []),
    `side = ${CallSide.Client}`,
    isIt("instance"),
    `start >= ${microseconds("callerFromUs")} AND start < ${microseconds("callerToUs")}`,
  ];
  const served = `${isIt("peer_instance")} OR parent_span_id IN (SELECT span_id FROM span WHERE ${and(made)})`;
  return `if(side = ${CallSide.Server}, ${served}, ${isIt("instance")})`;
}

/** Read `RequestPage.next`. @throws InvalidQuery */
function parsePlace(text: string): Place {
  const match = /^(\d{1,16})_(\d{1,20})$/.exec(text);
  if (match === null || BigInt(match[2]!) > 2n ** 64n - 1n) {
    throw new InvalidQuery(`after ${JSON.stringify(text.slice(0, 60))} must be the next of a page before`);
  }
  return { value: Number(match[1]), flowId: match[2]! };
}

interface Found {
  readonly rows: FoundRow[];
  readonly next: string;
  readonly searchedToUs: number;
}

async function findNewest(clients: StoreClients, search: Search): Promise<Found> {
  const rows: FoundRow[] = [];
  const deadline = performance.now() + budgetMs;
  let place = search.place;
  // The place's own microsecond may hold more.
  let toUs = place === undefined ? search.toUs : Math.min(search.toUs, place.value + 1);
  for (let windowUs = firstWindowUs; toUs > search.fromUs; windowUs *= windowGrowth) {
    const fromUs = Math.max(search.fromUs, toUs - windowUs);
    rows.push(...(await readNewest(clients, search, { fromUs, toUs, place, limit: search.limit - rows.length })));
    const last = rows.at(-1);
    if (rows.length === search.limit && last !== undefined) {
      return { rows, next: `${last.startUs}_${last.flowId}`, searchedToUs: last.startUs };
    }
    toUs = fromUs;
    // Nothing of this microsecond is before it: no flow id is below 0.
    place = { value: fromUs, flowId: "0" };
    if (performance.now() >= deadline) break;
  }
  return { rows, next: toUs > search.fromUs ? `${toUs}_0` : "", searchedToUs: toUs };
}

interface Window {
  readonly fromUs: number;
  readonly toUs: number;
  readonly place: Place | undefined;
  readonly limit: number;
}

const microseconds = (name: string) => `fromUnixTimestamp64Micro({${name}:Int64}, 'UTC')`;

async function readNewest(clients: StoreClients, search: Search, window: Window): Promise<FoundRow[]> {
  const { fromUs, toUs, place, limit } = window;
  const isAfter = `(start < ${microseconds("placeUs")} OR (start = ${microseconds("placeUs")} AND flow_id < {placeFlow:UInt64}))`;
  const range = `start >= ${microseconds("fromUs")} AND start < ${microseconds("toUs")}`;
  const seenToUs = Math.min(search.toUs, (place?.value ?? 0) + requestMaxUs);
  const seen = and([
    `start >= ${microseconds("placeUs")} AND start < ${microseconds("seenToUs")} AND NOT ${isAfter}`,
    ...search.conditions,
  ]);
  const conditions = [range, ...search.conditions, ...linesCondition(search)];
  // Who was on an earlier page by a newer call is not shown again by an older one.
  if (place !== undefined) conditions.push(isAfter, `flow_id NOT IN (SELECT flow_id FROM span WHERE ${seen})`);
  return await askLogs<FoundRow>(
    clients,
    `SELECT ${rowSql} FROM span WHERE ${and(conditions)}
     ORDER BY start DESC, flow_id DESC LIMIT 1 BY flow_id LIMIT {limit:UInt32}`,
    {
      ...paramsOf(search),
      ...{ fromUs, toUs, limit },
      placeUs: place?.value ?? 0,
      placeFlow: place?.flowId ?? "0",
      seenToUs,
      ...callerRange(fromUs, Math.max(toUs, seenToUs)),
    },
    search.lines?.expression,
  );
}

async function findSlowest(clients: StoreClients, search: Search): Promise<Found> {
  const { fromUs, toUs, place, limit } = search;
  const isAfter =
    "(duration_us < {placeUs:Float64} OR (duration_us = {placeUs:Float64} AND flow_id < {placeFlow:UInt64}))";
  const range = `start >= ${microseconds("fromUs")} AND start < ${microseconds("toUs")}`;
  const conditions = [range, ...search.conditions, ...linesCondition(search)];
  if (place !== undefined) {
    const seen = and([range, ...search.conditions, `NOT ${isAfter}`]);
    conditions.push(isAfter, `flow_id NOT IN (SELECT flow_id FROM span WHERE ${seen})`);
  }
  const rows = await askLogs<FoundRow>(
    clients,
    `SELECT ${rowSql} FROM span WHERE ${and(conditions)}
     ORDER BY duration_us DESC, flow_id DESC LIMIT 1 BY flow_id LIMIT {limit:UInt32}`,
    {
      ...paramsOf(search),
      ...{ fromUs, toUs, limit },
      placeUs: place?.value ?? 0,
      placeFlow: place?.flowId ?? "0",
      ...callerRange(fromUs, toUs),
    },
    search.lines?.expression,
  );
  const last = rows.at(-1);
  const next = rows.length === limit && last !== undefined ? `${last.durationUs}_${last.flowId}` : "";
  return { rows, next, searchedToUs: fromUs };
}

const rowSql = `toString(flow_id) AS flowId, toUnixTimestamp64Micro(start) AS startUs, duration_us AS durationUs,
    service, instance, host, method, side, peer_service AS peerService,
    peer_instance AS peerInstance, code`;

const callerRange = (fromUs: number, toUs: number) => ({
  callerFromUs: Math.max(0, fromUs - requestMaxUs),
  callerToUs: toUs + requestMaxUs,
});

const and = (conditions: readonly string[]) => conditions.map((condition) => `(${condition})`).join(" AND ");

function linesCondition({ lines }: Search): string[] {
  if (lines === undefined) return [];
  const range = `time >= ${microseconds("linesFromUs")} AND time < ${microseconds("linesToUs")}`;
  return [`flow_id IN (SELECT flow_id FROM log_line WHERE ${range} AND flow_id != 0 AND (${lines.sql}))`];
}

function paramsOf({ params, lines, toUs }: Search): Record<string, unknown> {
  if (lines === undefined) return { ...params };
  // A call that begins in the range may say something after its end.
  return { ...params, ...lines.params, linesFromUs: lines.fromUs, linesToUs: toUs + requestMaxUs };
}
